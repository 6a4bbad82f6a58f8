// SPDX-License-Identifier: BSD-2-Clause
/* The Internet checksum, as fast as memory gives the octets: in words here, and in what vectors the processor has.
 *
 * @rfc 1071 2 C: a sum of wider words folds to the same result, so eight octets are added at a time, with AVX2
 * thirty-two, with AVX-512 sixty-four.  No carry has to be caught on the way: see sum_words().
 */
#include "base/csum.h"

#include <string.h>

#include "base/csum_ways.h"

/* Shorter ones are not worth the setting up of vectors. */
#define CSUM_VECTOR_MIN_BYTES 192U
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
	return csum_add64(sum, all + high + sum_tail(p, to, len_bytes));
}

u32 csum_words(const void *buf, size_t len_bytes, u32 sum)
{
	return csum_fold64(sum_words(buf, NULL, len_bytes, sum));
}

u32 csum_words_copy(const void *src, void *dst, size_t len_bytes, u32 sum)
{
	if (len_bytes < sizeof(u64))
		return csum_fold64(sum + sum_tail(src, dst, len_bytes));
	if (len_bytes < CSUM_CALL_MIN_BYTES)
		return csum_fold64(sum_words(src, dst, len_bytes, sum));
	memcpy(dst, src, len_bytes);
	return csum_words(dst, len_bytes, sum);
}

u32 csum_partial(const void *buf, size_t len_bytes, u32 sum)
{
	if (len_bytes >= CSUM_VECTOR_MIN_BYTES) {
		if (csum_has_avx512())
			return csum_avx512(buf, len_bytes, sum);
		if (csum_has_avx2())
			return csum_avx2(buf, len_bytes, sum);
	}
	return csum_fold64(sum_words(buf, NULL, len_bytes, sum));
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
