// SPDX-License-Identifier: BSD-2-Clause
/* SipHash-2-4, from the paper of Aumasson and Bernstein. */
#include "base/hash.h"

#include <string.h>

#include "base/random.h"

void siphash_key_init(siphash_key_t *key, struct rng *rng)
{
	key->key[0] = get_random_u64(rng);
	key->key[1] = get_random_u64(rng);
}

static inline u64 rotl64(u64 x, unsigned b)
{
	return x << b | x >> (64 - b);
}

static inline void sip_round(u64 v[4])
{
	v[0] += v[1];
	v[1] = rotl64(v[1], 13) ^ v[0];
	v[0] = rotl64(v[0], 32);
	v[2] += v[3];
	v[3] = rotl64(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl64(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl64(v[1], 17) ^ v[2];
	v[2] = rotl64(v[2], 32);
}

static inline void sip_word(u64 v[4], u64 m)
{
	v[3] ^= m;
	sip_round(v);
	sip_round(v);
	v[0] ^= m;
}

static inline u64 load_le64(const u8 *p)
{
	u64 x = 0;

	for (int i = 7; i >= 0; i--)
		x = x << 8 | p[i];
	return x;
}

u64 siphash(const void *data, size_t len_bytes, const siphash_key_t *key)
{
	u64 v[4] = { key->key[0] ^ 0x736f6d6570736575ULL, key->key[1] ^ 0x646f72616e646f6dULL,
		     key->key[0] ^ 0x6c7967656e657261ULL, key->key[1] ^ 0x7465646279746573ULL };
	const u8 *p = data;
	u64 last = (u64)len_bytes << 56;
	size_t left = len_bytes;

	for (; left >= 8; left -= 8, p += 8)
		sip_word(v, load_le64(p));
	for (size_t i = 0; i < left; i++)
		last |= (u64)p[i] << (8 * i);
	sip_word(v, last);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
