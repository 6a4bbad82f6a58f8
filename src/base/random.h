/* SPDX-License-Identifier: BSD-2-Clause */
/* Randomness, handed in: ChaCha20 keystream over a 32-byte key that the embedder or the simulator gives.
 * @rfc 8439 2.3
 */
#ifndef NETHOOD_BASE_RANDOM_H
#define NETHOOD_BASE_RANDOM_H

#include "base/types.h"

#define RNG_KEY_BYTES 32

struct rng {
	u32 state[16];
	u8 block[64];
	u32 used_bytes; /**< of block */
};

void rng_init(struct rng *r, const u8 key[static RNG_KEY_BYTES]);
void get_random_bytes(struct rng *r, void *buf, size_t len_bytes);
u32 get_random_u32(struct rng *r);
u64 get_random_u64(struct rng *r);
/** get_random_u32_below() - uniform in [0, ceil); ceil > 0.  @linux get_random_u32_below */
u32 get_random_u32_below(struct rng *r, u32 ceil);
/** get_random_time() - uniform in [least, most], in whole microseconds; at most an hour apart */
ktime_t get_random_time(struct rng *r, ktime_t least, ktime_t most);

#endif
