// SPDX-License-Identifier: BSD-2-Clause
/* The Internet checksum by AVX2: thirty-two octets at a time.
 *
 * @rfc 1071 2 C
 */
#include "base/csum_ways.h"

#if CSUM_X86
#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Of each word the whole is added up in all, wrapping, and the upper half in high.  The sum of the lower halves is then
 * all - (high << 32), exactly, since it is below 2^64 for buffers below 2^33 octets: no carry has to be caught on the way. */
struct sum256 {
	__m256i all, high;
};

AVX2 ALWAYS_INLINE void sum256_add(struct sum256 *s, __m256i v)
{
	s->all = _mm256_add_epi64(s->all, v);
	s->high = _mm256_add_epi64(s->high, _mm256_srli_epi64(v, 32));
}

/* No carry is lost: a lane is below 2^61 for buffers below 2^33 octets. */
AVX2 ALWAYS_INLINE u64 sum256_total(const struct sum256 *a, const struct sum256 *b)
{
	__m256i high = _mm256_add_epi64(a->high, b->high);
	__m256i low = _mm256_sub_epi64(_mm256_add_epi64(a->all, b->all), _mm256_slli_epi64(high, 32));
	__m256i both = _mm256_add_epi64(low, high);
	__m128i half = _mm_add_epi64(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));

	return (u64)_mm_cvtsi128_si64(half) + (u64)_mm_extract_epi64(half, 1);
}

AVX2 ALWAYS_INLINE __m256i load256(const u8 *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

AVX2 ALWAYS_INLINE void store256(u8 *p, __m256i v)
{
	_mm256_storeu_si256((__m256i *)(void *)p, v);
}

/* The last octets, fewer than 32 and even, of a buffer that has more before them. */
AVX2 ALWAYS_INLINE __m256i load256_last(const u8 *end, size_t len_bytes)
{
	static const u8 mask[64] = { [32 ... 63] = 0xff };

	return _mm256_and_si256(load256(end - 32), load256(mask + len_bytes));
}

/* @len_bytes is 64 at least.  @to: where to copy to, or NULL. */
AVX2 ALWAYS_INLINE u64 sum_vectors(const u8 *p, u8 *to, size_t len_bytes, u64 sum)
{
	struct sum256 a = { _mm256_setzero_si256(), _mm256_setzero_si256() }, b = a;

	if (to)
		memcpy(to + (len_bytes & ~(size_t)63), p + (len_bytes & ~(size_t)63), len_bytes & 63);
	for (; len_bytes >= 64; len_bytes -= 64, p += 64) {
		__m256i v = load256(p), w = load256(p + 32);

		sum256_add(&a, v);
		sum256_add(&b, w);
		if (to) {
			store256(to, v);
			store256(to + 32, w);
			to += 64;
		}
	}
	if (len_bytes & 1)
		sum += p[len_bytes - 1];
	if (len_bytes >= 32) {
		sum256_add(&a, load256(p));
		p += 32;
		len_bytes -= 32;
	}
	len_bytes &= ~(size_t)1;
	if (len_bytes)
		sum256_add(&b, load256_last(p + len_bytes, len_bytes));
	return csum_add64(sum, sum256_total(&a, &b));
}

AVX2 u32 csum_avx2(const void *buf, size_t len_bytes, u32 sum)
{
	return csum_fold64(sum_vectors(buf, NULL, len_bytes, sum));
}

AVX2 u32 csum_avx2_copy(const void *src, void *dst, size_t len_bytes, u32 sum)
{
	return csum_fold64(sum_vectors(src, dst, len_bytes, sum));
}
#endif
