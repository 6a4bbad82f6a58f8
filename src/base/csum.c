// SPDX-License-Identifier: BSD-2-Clause
/* The Internet checksum, as fast as memory gives the octets.
 *
 * @rfc 1071 2 C: a sum of wider words folds to the same result, so eight octets are added at a time, and where the
 * processor has AVX2, thirty-two.  No carry has to be caught on the way: see sum_words().
 */
#include "base/csum.h"

#include <string.h>
#if defined(__x86_64__) && !defined(__CHECKER__) /* sparse does not know the vector types */
#define CSUM_AVX2 1
#include <immintrin.h>
#else
#define CSUM_AVX2 0
#endif

#define CSUM_VECTOR_MIN_BYTES 192U
/* Shorter ones are not worth a call of memcpy(): words that it just wrote are slow to read. */
#define CSUM_CALL_MIN_BYTES 192U

static inline u64 add_carry(u64 sum, u64 word)
{
	sum += word;
	return sum + (sum < word);
}

/* The last octets, fewer than eight, as words at even places; none is touched that is not ours.  @to: copy there, or NULL. */
static inline __attribute__((always_inline)) u64 sum_tail(const u8 *p, u8 *to, size_t len_bytes)
{
	u64 sum = 0;
	u8 last[2] = { 0, 0 };
	u32 x4;
	u16 x2;

	if (len_bytes & 4) {
		memcpy(&x4, p, sizeof(x4));
		sum = x4;
		p += sizeof(x4);
		to = to ? mempcpy(to, &x4, sizeof(x4)) : NULL;
	}
	if (len_bytes & 2) {
		memcpy(&x2, p, sizeof(x2));
		sum += x2;
		p += sizeof(x2);
		to = to ? mempcpy(to, &x2, sizeof(x2)) : NULL;
	}
	if (len_bytes & 1) {
		last[0] = *p;
		memcpy(&x2, last, sizeof(x2));
		sum += x2;
		if (to)
			*to = *p;
	}
	return sum;
}

/* Of each word the whole is added up in all, wrapping, and the upper half in high.  The sum of the lower halves is then
 * all - (high << 32), exactly, since it is below 2^64 for buffers below 2^33 octets: no carry has to be caught on the way.
 * @to: copy there, or NULL */
static inline __attribute__((always_inline)) u64 sum_words(const u8 *p, u8 *to, size_t len_bytes, u64 sum)
{
	u64 all = 0, high = 0, all2 = 0, high2 = 0, w, w2;

	for (; len_bytes >= 16; len_bytes -= 16, p += 16) {
		memcpy(&w, p, 8);
		memcpy(&w2, p + 8, 8);
		all += w;
		high += w >> 32;
		all2 += w2;
		high2 += w2 >> 32;
		if (to)
			to = mempcpy(mempcpy(to, &w, 8), &w2, 8);
	}
	if (len_bytes >= 8) {
		memcpy(&w, p, 8);
		all += w;
		high += w >> 32;
		p += 8;
		len_bytes -= 8;
		to = to ? mempcpy(to, &w, 8) : NULL;
	}
	high += high2;
	all += all2 - (high << 32);
	return add_carry(sum, all + high + sum_tail(p, to, len_bytes));
}

#if CSUM_AVX2
#define AVX2 __attribute__((target("avx2")))

/* As sum_words(), four words at a time. */
struct sum256 {
	__m256i all, high;
};

AVX2 static inline __attribute__((always_inline)) void sum256_add(struct sum256 *s, __m256i v)
{
	s->all = _mm256_add_epi64(s->all, v);
	s->high = _mm256_add_epi64(s->high, _mm256_srli_epi64(v, 32));
}

/* No carry is lost: a lane is below 2^61 for buffers below 2^33 octets. */
AVX2 static inline __attribute__((always_inline)) u64 sum256_total(const struct sum256 *a, const struct sum256 *b)
{
	__m256i high = _mm256_add_epi64(a->high, b->high);
	__m256i low = _mm256_sub_epi64(_mm256_add_epi64(a->all, b->all), _mm256_slli_epi64(high, 32));
	__m256i both = _mm256_add_epi64(low, high);
	__m128i half = _mm_add_epi64(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));

	return (u64)_mm_cvtsi128_si64(half) + (u64)_mm_extract_epi64(half, 1);
}

AVX2 static inline __attribute__((always_inline)) __m256i load256(const u8 *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

AVX2 static inline __attribute__((always_inline)) void store256(u8 *p, __m256i v)
{
	_mm256_storeu_si256((__m256i *)(void *)p, v);
}

/* The last octets, fewer than 32 and even, of a buffer that has more before them. */
AVX2 static inline __attribute__((always_inline)) __m256i load256_last(const u8 *end, size_t len_bytes)
{
	static const u8 mask[64] = { [32 ... 63] = 0xff };

	return _mm256_and_si256(load256(end - 32), load256(mask + len_bytes));
}

/* @len_bytes is 64 at least.  @to: where to copy to, or NULL. */
AVX2 static inline __attribute__((always_inline)) u64 sum_vectors(const u8 *p, u8 *to, size_t len_bytes, u64 sum)
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
		sum += sum_tail(p + len_bytes - 1, NULL, 1);
	if (len_bytes >= 32) {
		sum256_add(&a, load256(p));
		p += 32;
		len_bytes -= 32;
	}
	len_bytes &= ~(size_t)1;
	if (len_bytes)
		sum256_add(&b, load256_last(p + len_bytes, len_bytes));
	return add_carry(sum, sum256_total(&a, &b));
}

/* Is the buffer long enough to pay for the question, and has the processor vectors? */
static inline bool use_vectors(size_t len_bytes)
{
	return len_bytes >= CSUM_VECTOR_MIN_BYTES && __builtin_cpu_supports("avx2");
}

AVX2 static u64 sum_avx2(const u8 *p, size_t len_bytes, u64 sum)
{
	return sum_vectors(p, NULL, len_bytes, sum);
}

AVX2 static u64 sum_copy_avx2(const u8 *p, u8 *to, size_t len_bytes, u64 sum)
{
	return sum_vectors(p, to, len_bytes, sum);
}
#endif

static u32 fold64(u64 sum)
{
	sum = (sum & 0xffffffffU) + (sum >> 32);
	return (u32)sum + (u32)(sum >> 32);
}

u32 csum_partial(const void *buf, size_t len_bytes, u32 sum)
{
#if CSUM_AVX2
	if (use_vectors(len_bytes))
		return fold64(sum_avx2(buf, len_bytes, sum));
#endif
	return fold64(sum_words(buf, NULL, len_bytes, sum));
}

u32 csum_partial_copy(const void *src, void *dst, size_t len_bytes, u32 sum)
{
	if (len_bytes < sizeof(u64))
		return fold64(sum + sum_tail(src, dst, len_bytes));
#if CSUM_AVX2
	if (use_vectors(len_bytes))
		return fold64(sum_copy_avx2(src, dst, len_bytes, sum));
#endif
	if (len_bytes < CSUM_CALL_MIN_BYTES)
		return fold64(sum_words(src, dst, len_bytes, sum));
	memcpy(dst, src, len_bytes);
	return fold64(sum_words(dst, NULL, len_bytes, sum));
}
