/* SPDX-License-Identifier: BSD-2-Clause */
/* The ways to do what csum.h asks for, of which csum.c takes the best that the processor has. */
#ifndef NETHOOD_BASE_CSUM_WAYS_H
#define NETHOOD_BASE_CSUM_WAYS_H

#include "base/types.h"

#if defined(__x86_64__) && !defined(__CHECKER__) /* sparse does not know the vector types */
#define CSUM_X86 1
#else
#define CSUM_X86 0
#endif

/** CSUM_AVX2_MIN_BYTES - shorter ones are not for csum_avx2() */
#define CSUM_AVX2_MIN_BYTES 64U

static inline bool csum_has_avx2(void)
{
	return CSUM_X86 && __builtin_cpu_supports("avx2");
}

static inline bool csum_has_avx512(void)
{
	return CSUM_X86 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni");
}

static inline u64 csum_add64(u64 sum, u64 word)
{
	sum += word;
	return sum + (sum < word);
}

static inline u32 csum_fold64(u64 sum)
{
	sum = (sum & 0xffffffffU) + (sum >> 32);
	return (u32)sum + (u32)(sum >> 32);
}

u32 csum_words(const void *buf, size_t len_bytes, u32 sum);
u32 csum_words_copy(const void *src, void *dst, size_t len_bytes, u32 sum);
u32 csum_avx2(const void *buf, size_t len_bytes, u32 sum);
u32 csum_avx2_copy(const void *src, void *dst, size_t len_bytes, u32 sum);
u32 csum_avx512(const void *buf, size_t len_bytes, u32 sum);
u32 csum_avx512_copy(const void *src, void *dst, size_t len_bytes, u32 sum);

#endif
