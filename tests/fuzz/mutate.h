/* SPDX-License-Identifier: BSD-2-Clause */
/* What inputs of steps begin with. */
#ifndef NETHOOD_FUZZ_MUTATE_H
#define NETHOOD_FUZZ_MUTATE_H

#include "base/types.h"

#define FUZZ_CONFIG_BYTES 1U /* at the beginning: which world */
#define FUZZ_KINDS_MAX 16U   /* of steps */

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t room, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const u8 *a, size_t a_bytes, const u8 *b, size_t b_bytes, u8 *out, size_t room,
				 unsigned int seed);

#endif
