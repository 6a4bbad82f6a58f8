/* SPDX-License-Identifier: BSD-2-Clause */
/* Keyed hashes: SipHash-2-4 (Aumasson, Bernstein 2012), for whatever a peer must not be able to predict. */
#ifndef NETHOOD_BASE_HASH_H
#define NETHOOD_BASE_HASH_H

#include "base/types.h"

struct rng;
typedef struct {
	u64 key[2];
} siphash_key_t;

void siphash_key_init(siphash_key_t *key, struct rng *rng);
u64 siphash(const void *data, size_t len_bytes, const siphash_key_t *key);

#endif
