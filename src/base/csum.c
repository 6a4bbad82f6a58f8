// SPDX-License-Identifier: BSD-2-Clause
/* The Internet checksum, as fast as memory gives the octets: in words here, and in what vectors the processor has.
 *
 * @rfc 1071 2 C: a sum of wider words folds to the same result, so eight octets are added at a time, with AVX2
 * thirty-two, with AVX-512 sixty-four.
 */
#include "base/csum.h"

#include <string.h>

#include "base/csum_ways.h"

/* Shorter ones are not worth the setting up of vectors. */
#define CSUM_VECTOR_MIN_BYTES 96U
/* Shorter ones are not worth a call of memcpy(): words that it just wrote are slow to read. */
#define CSUM_CALL_MIN_BYTES 192U

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

/* The last octets, one to seven of a buffer of eight at least, in their places of a word that begins with them. */
static inline u64 last_octets(u64 word, size_t len_bytes)
{
	size_t bits = 64 - 8 * len_bytes;

	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? word >> bits : word << bits;
}

/* Carries are counted beside: an add and an add-with-carry for each word.  @len_bytes is 8 at least.  @copy: to @to as well */
static inline __attribute__((always_inline)) u32 sum_words(const u8 *p, u8 *to, size_t len_bytes, u64 sum, bool copy)
{
	const u8 *words_end = p + (len_bytes & ~(size_t)7);
	u64 w, carries = 0;

	len_bytes &= 7;
	do {
		memcpy(&w, p, sizeof(w));
		p += sizeof(w);
		sum += w;
		carries += sum < w;
		if (copy)
			to = mempcpy(to, &w, sizeof(w));
	} while (p != words_end);
	if (len_bytes) {
		memcpy(&w, p + len_bytes - sizeof(w), sizeof(w));
		if (copy)
			memcpy(to + len_bytes - sizeof(w), &w, sizeof(w));
		w = last_octets(w, len_bytes);
		sum += w;
		carries += sum < w;
	}
	return csum_fold64(csum_add64(sum, carries));
}

u32 csum_words(const void *buf, size_t len_bytes, u32 sum)
{
	if (unlikely(len_bytes < sizeof(u64)))
		return csum_fold64(sum + sum_tail(buf, NULL, len_bytes));
	return sum_words(buf, NULL, len_bytes, sum, false);
}

static __noinline u32 words_copy_long(const void *src, void *dst, size_t len_bytes, u32 sum)
{
	memcpy(dst, src, len_bytes);
	return csum_words(dst, len_bytes, sum);
}

u32 csum_words_copy(const void *src, void *dst, size_t len_bytes, u32 sum)
{
	if (unlikely(len_bytes < sizeof(u64)))
		return csum_fold64(sum + sum_tail(src, dst, len_bytes));
	if (len_bytes < CSUM_CALL_MIN_BYTES)
		return sum_words(src, dst, len_bytes, sum, true);
	return words_copy_long(src, dst, len_bytes, sum);
}

u32 csum_partial(const void *buf, size_t len_bytes, u32 sum)
{
	if (len_bytes >= CSUM_VECTOR_MIN_BYTES) {
		if (csum_has_avx512())
			return csum_avx512(buf, len_bytes, sum);
		if (csum_has_avx2())
			return csum_avx2(buf, len_bytes, sum);
	}
	return csum_words(buf, len_bytes, sum);
}

u32 csum_partial_copy(const void *src, void *dst, size_t len_bytes, u32 sum)
{
	if (len_bytes >= CSUM_VECTOR_MIN_BYTES) {
		if (csum_has_avx512())
			return csum_avx512_copy(src, dst, len_bytes, sum);
		if (csum_has_avx2())
			return csum_avx2_copy(src, dst, len_bytes, sum);
	}
	return csum_words_copy(src, dst, len_bytes, sum);
}
