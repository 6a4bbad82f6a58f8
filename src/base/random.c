// SPDX-License-Identifier: BSD-2-Clause
/* ChaCha20 keystream.  @rfc 8439 2.1-2.3 */
#include "base/random.h"

#include <string.h>

static inline u32 rotl32(u32 x, unsigned b)
{
	return x << b | x >> (32 - b);
}

static inline void quarter_round(u32 x[16], int a, int b, int c, int d)
{
	x[a] += x[b];
	x[d] = rotl32(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotl32(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotl32(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotl32(x[b] ^ x[c], 7);
}

static void put_le32(u8 *p, u32 x)
{
	for (int i = 0; i < 4; i++)
		p[i] = (u8)(x >> (8 * i));
}

static u32 get_le32(const u8 *p)
{
	return (u32)p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

static void chacha20_block(const u32 state[16], u8 out[static 64])
{
	u32 x[16];

	memcpy(x, state, sizeof(x));
	for (int i = 0; i < 10; i++) {
		quarter_round(x, 0, 4, 8, 12);
		quarter_round(x, 1, 5, 9, 13);
		quarter_round(x, 2, 6, 10, 14);
		quarter_round(x, 3, 7, 11, 15);
		quarter_round(x, 0, 5, 10, 15);
		quarter_round(x, 1, 6, 11, 12);
		quarter_round(x, 2, 7, 8, 13);
		quarter_round(x, 3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		put_le32(out + 4 * i, x[i] + state[i]);
}

void rng_init(struct rng *r, const u8 key[static RNG_KEY_BYTES])
{
	static const u32 constants[4] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memset(r, 0, sizeof(*r));
	memcpy(r->state, constants, sizeof(constants));
	for (int i = 0; i < 8; i++)
		r->state[4 + i] = get_le32(key + 4 * i);
	r->used_bytes = sizeof(r->block);
}

static void rng_refill(struct rng *r)
{
	chacha20_block(r->state, r->block);
	if (++r->state[12] == 0)
		r->state[13]++;
	r->used_bytes = 0;
}

void get_random_bytes(struct rng *r, void *buf, size_t len_bytes)
{
	u8 *p = buf;

	while (len_bytes) {
		size_t n;

		if (r->used_bytes == sizeof(r->block))
			rng_refill(r);
		n = min_size(len_bytes, sizeof(r->block) - r->used_bytes);
		memcpy(p, r->block + r->used_bytes, n);
		memset(r->block + r->used_bytes, 0, n); /* what was given out can not be read back */
		r->used_bytes += (u32)n;
		p += n;
		len_bytes -= n;
	}
}

u32 get_random_u32(struct rng *r)
{
	u8 b[4];

	if (likely(r->used_bytes <= sizeof(r->block) - sizeof(b))) { /* the same in fewer steps */
		memcpy(b, r->block + r->used_bytes, sizeof(b));
		memset(r->block + r->used_bytes, 0, sizeof(b));
		r->used_bytes += (u32)sizeof(b);
	} else {
		get_random_bytes(r, b, sizeof(b));
	}
	return get_le32(b);
}

u64 get_random_u64(struct rng *r)
{
	u64 low = get_random_u32(r);

	return (u64)get_random_u32(r) << 32 | low;
}

/* Lemire's multiplication, with rejection so that every value is equally likely. */
u32 get_random_u32_below(struct rng *r, u32 ceil)
{
	u64 m = (u64)get_random_u32(r) * ceil;

	if (unlikely((u32)m < ceil)) { /* else it is not below the threshold either, and the division is saved */
		u32 threshold = -ceil % ceil;

		while ((u32)m < threshold)
			m = (u64)get_random_u32(r) * ceil;
	}
	return (u32)(m >> 32);
}

ktime_t get_random_time(struct rng *r, ktime_t least, ktime_t most)
{
	return least + (ktime_t)get_random_u32_below(r, (u32)((most - least) / NSEC_PER_USEC) + 1) * NSEC_PER_USEC;
}
