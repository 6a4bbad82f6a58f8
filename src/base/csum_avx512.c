// SPDX-License-Identifier: BSD-2-Clause
/* The Internet checksum by AVX-512: sixty-four octets at a time, and the last ones by a mask.
 *
 * @rfc 1071 2 C
 *
 * One instruction adds two words to a lane of 32 bits, but takes them as signed.  So the upper bit of each word is turned
 * over, which makes it smaller by 2^15, and what is missing then is added in the end.
 */
#include "base/csum_ways.h"

#if CSUM_X86
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512bw,avx512vnni")))
#define ALWAYS_INLINE static inline __attribute__((always_inline))
/* The compiler does not think about it: else it makes constants again and again, and moves sums to and fro. */
#define AS_IT_IS(where, x) __asm__("" : "+" where(x))

#define VECTOR_BYTES 64U
/* All lanes of a chunk fit into one. */
#define CHUNK_BYTES 65536U
static_assert((CHUNK_BYTES + VECTOR_BYTES) / 2 * 0x8000ULL <= INT32_MAX, "a chunk is not too long");

struct octets {
	const u8 *p;
	u8 *to; /**< where to copy to, or NULL */
};

AVX512 ALWAYS_INLINE __m512i take_vector(struct octets *o)
{
	__m512i v = _mm512_loadu_si512(o->p);

	o->p += VECTOR_BYTES;
	if (o->to) {
		_mm512_storeu_si512(o->to, v);
		o->to += VECTOR_BYTES;
	}
	return v;
}

/* Fewer than a vector; what is not ours is neither read nor written. */
AVX512 ALWAYS_INLINE __m512i take_last(const struct octets *o, size_t len_bytes)
{
	__mmask64 mask = ((u64)1 << len_bytes) - 1;
	__m512i v = _mm512_maskz_loadu_epi8(mask, o->p);

	if (o->to)
		_mm512_mask_storeu_epi8(o->to, mask, v);
	return v;
}

AVX512 ALWAYS_INLINE s32 lanes_total(__m512i lanes)
{
	__m256i y = _mm256_add_epi32(_mm512_castsi512_si256(lanes), _mm512_extracti64x4_epi64(lanes, 1));
	__m128i x = _mm_add_epi32(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1));

	x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4e));
	x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0xb1));
	return _mm_cvtsi128_si32(x);
}

/* The sum, which no carry leaves. */
AVX512 ALWAYS_INLINE u64 sum_chunk(struct octets o, size_t len_bytes)
{
	static const s32 constants[] = { (s32)0x80008000, 0x00010001 };
	const s32 *from = constants;
	__m512i a = _mm512_setzero_si512(), b = a, c = a, d = a, turn, one;
	u64 missing = (len_bytes / VECTOR_BYTES + 1) * (VECTOR_BYTES / 2) << 15;

#define ADD(lanes, v) ((lanes) = _mm512_dpwssd_epi32(lanes, _mm512_xor_si512(v, turn), one))
	AS_IT_IS("r", from);
	turn = _mm512_set1_epi32(from[0]);
	one = _mm512_set1_epi32(from[1]);
	for (; len_bytes >= 4 * VECTOR_BYTES; len_bytes -= 4 * VECTOR_BYTES) {
		ADD(a, take_vector(&o));
		ADD(b, take_vector(&o));
		ADD(c, take_vector(&o));
		ADD(d, take_vector(&o));
		AS_IT_IS("v", a);
		AS_IT_IS("v", b);
		AS_IT_IS("v", c);
		AS_IT_IS("v", d);
	}
	if (len_bytes & (2 * VECTOR_BYTES)) {
		ADD(a, take_vector(&o));
		ADD(b, take_vector(&o));
	}
	if (len_bytes & VECTOR_BYTES)
		ADD(c, take_vector(&o));
	ADD(d, take_last(&o, len_bytes % VECTOR_BYTES));
#undef ADD
	return missing + (u64)lanes_total(_mm512_add_epi32(_mm512_add_epi32(a, b), _mm512_add_epi32(c, d)));
}

/* Apart, so that others do not pay for it. */
__attribute__((noinline, cold)) static u32 sum_chunks(const u8 *p, u8 *to, size_t len_bytes, u32 sum)
{
	while (len_bytes) {
		size_t n = len_bytes < CHUNK_BYTES ? len_bytes : CHUNK_BYTES;

		sum = to ? csum_avx512_copy(p, to, n, sum) : csum_avx512(p, n, sum);
		p += n;
		to = to ? to + n : NULL;
		len_bytes -= n;
	}
	return sum;
}

AVX512 u32 csum_avx512(const void *buf, size_t len_bytes, u32 sum)
{
	if (len_bytes > CHUNK_BYTES)
		return sum_chunks(buf, NULL, len_bytes, sum);
	return csum_fold64(sum + sum_chunk((struct octets){ buf, NULL }, len_bytes));
}

AVX512 u32 csum_avx512_copy(const void *src, void *dst, size_t len_bytes, u32 sum)
{
	if (len_bytes > CHUNK_BYTES)
		return sum_chunks(src, dst, len_bytes, sum);
	return csum_fold64(sum + sum_chunk((struct octets){ src, dst }, len_bytes));
}
#endif
