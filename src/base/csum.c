// SPDX-License-Identifier: BSD-2-Clause
/* The Internet checksum, as fast as memory gives the octets.
 *
 * @rfc 1071 2 C: a sum of wider words folds to the same result, so eight octets are added at a time, and carries are
 * added back.  Where the processor has AVX2 long buffers go by 32-octet vectors: 32-bit lanes summed into 64-bit ones
 * never overflow for buffers below 2^35 octets.
 */
#include "base/csum.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define CSUM_VECTOR_MIN_BYTES 256U

static inline u64 add_carry(u64 sum, u64 word)
{
	sum += word;
	return sum + (sum < word);
}

static inline u64 load64(const u8 *p)
{
	u64 x;

	memcpy(&x, p, sizeof(x));
	return x;
}

/* The last octets, fewer than eight, in a word of zeros. */
static inline u64 load_tail(const u8 *p, size_t len_bytes)
{
	u64 x = 0;

	memcpy(&x, p, len_bytes);
	return x;
}

static u64 sum_words(const u8 *p, size_t len_bytes, u64 sum)
{
	u64 other = 0;

	for (; len_bytes >= 32; len_bytes -= 32, p += 32) {
		sum = add_carry(sum, load64(p));
		other = add_carry(other, load64(p + 8));
		sum = add_carry(sum, load64(p + 16));
		other = add_carry(other, load64(p + 24));
	}
	sum = add_carry(sum, other);
	for (; len_bytes >= 8; len_bytes -= 8, p += 8)
		sum = add_carry(sum, load64(p));
	return len_bytes ? add_carry(sum, load_tail(p, len_bytes)) : sum;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static u64 sum_vectors(const u8 *p, size_t len_bytes, u64 sum)
{
	const __m256i low = _mm256_set1_epi64x(0xffffffffLL);
	__m256i acc[4] = { _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256() };
	u64 lanes[4];

	for (; len_bytes >= 64; len_bytes -= 64, p += 64) {
		__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
		__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));

		acc[0] = _mm256_add_epi64(acc[0], _mm256_and_si256(a, low));
		acc[1] = _mm256_add_epi64(acc[1], _mm256_srli_epi64(a, 32));
		acc[2] = _mm256_add_epi64(acc[2], _mm256_and_si256(b, low));
		acc[3] = _mm256_add_epi64(acc[3], _mm256_srli_epi64(b, 32));
	}
	acc[0] = _mm256_add_epi64(_mm256_add_epi64(acc[0], acc[1]), _mm256_add_epi64(acc[2], acc[3]));
	_mm256_storeu_si256((__m256i *)(void *)lanes, acc[0]);
	for (int i = 0; i < 4; i++)
		sum = add_carry(sum, lanes[i]);
	return sum_words(p, len_bytes, sum);
}
#endif

static u64 sum_any(const u8 *p, size_t len_bytes, u64 sum)
{
#if defined(__x86_64__)
	if (len_bytes >= CSUM_VECTOR_MIN_BYTES && __builtin_cpu_supports("avx2"))
		return sum_vectors(p, len_bytes, sum);
#endif
	return sum_words(p, len_bytes, sum);
}

static u32 fold64(u64 sum)
{
	sum = (sum & 0xffffffffU) + (sum >> 32);
	return (u32)sum + (u32)(sum >> 32);
}

u32 csum_partial(const void *buf, size_t len_bytes, u32 sum)
{
	return fold64(sum_any(buf, len_bytes, sum));
}

/* In pieces that the nearest cache holds: the octets are fetched once. */
u32 csum_partial_copy(const void *src, void *dst, size_t len_bytes, u32 sum)
{
	const u8 *from = src;
	u8 *to = dst;
	u64 acc = sum;

	while (len_bytes) {
		size_t n = min_size(len_bytes, 8192);

		memcpy(to, from, n);
		acc = sum_any(to, n, fold64(acc));
		from += n;
		to += n;
		len_bytes -= n;
	}
	return fold64(acc);
}
