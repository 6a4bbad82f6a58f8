/* SPDX-License-Identifier: BSD-2-Clause */
/* The trace hash: 64 bits over all that a net did, the same on every machine.
 *
 * Two words are mixed by one multiplication to 128 bits whose halves are folded.  It tells runs apart; it keeps no
 * secrets, and does not resist someone who looks for two runs with the same hash.
 */
#ifndef NETHOOD_RECORD_HASH_H
#define NETHOOD_RECORD_HASH_H

#include <string.h>

#include "base/types.h"

#define REC_K0 0x9e3779b97f4a7c15ULL
#define REC_K1 0xbf58476d1ce4e5b9ULL
#define REC_K2 0x94d049bb133111ebULL
#define REC_HASH_BLOCK 1024U

static inline u64 rec_mix(u64 a, u64 b)
{
	unsigned __int128 r = (unsigned __int128)a * b;

	return (u64)r ^ (u64)(r >> 64);
}

static inline u64 rec_le64(const u8 *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

static inline u64 rec_le32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap32(v);
#endif
	return v;
}

/** rec_hash() - of @len_bytes octets, continuing @seed */
static inline u64 rec_hash(u64 seed, const void *data, size_t len_bytes)
{
	const u8 *p = data;
	size_t left = len_bytes;
	u64 a = 0, b = 0, seed2 = seed + REC_K2; /* not zero: a product with it would forget the other factor */

	seed ^= REC_K0;
	if (left > 128) { /* four chains at once: one waits for its multiplication */
		u64 seed3 = seed + REC_K1, seed4 = seed2 + REC_K0;

		while (left > 64) {
			seed = rec_mix(rec_le64(p) ^ REC_K1, rec_le64(p + 8) ^ seed);
			seed2 = rec_mix(rec_le64(p + 16) ^ REC_K2, rec_le64(p + 24) ^ seed2);
			seed3 = rec_mix(rec_le64(p + 32) ^ REC_K0, rec_le64(p + 40) ^ seed3);
			seed4 = rec_mix(rec_le64(p + 48) ^ REC_K1, rec_le64(p + 56) ^ seed4);
			p += 64;
			left -= 64;
		}
		seed = rec_mix(seed ^ REC_K2, seed3);
		seed2 = rec_mix(seed2 ^ REC_K2, seed4);
	}
	while (left > 32) {
		seed = rec_mix(rec_le64(p) ^ REC_K1, rec_le64(p + 8) ^ seed);
		seed2 = rec_mix(rec_le64(p + 16) ^ REC_K2, rec_le64(p + 24) ^ seed2);
		p += 32;
		left -= 32;
	}
	if (left > 16) {
		seed = rec_mix(rec_le64(p) ^ REC_K1, rec_le64(p + 8) ^ seed);
		p += 16;
		left -= 16;
	}
	if (left >= 8) {
		a = rec_le64(p);
		b = rec_le64(p + left - 8);
	} else if (left >= 4) {
		a = rec_le32(p);
		b = rec_le32(p + left - 4);
	} else if (left) {
		a = (u64)p[0] << 16 | (u64)p[left / 2] << 8 | p[left - 1];
	}
	return rec_mix(REC_K1 ^ len_bytes ^ seed2, rec_mix(a ^ REC_K1, b ^ seed));
}

#endif
