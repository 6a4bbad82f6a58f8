/* SPDX-License-Identifier: BSD-2-Clause */
/* The only crossing between host integers and octets on the wire.
 *
 * glibc's htons() and UAPI's __cpu_to_be16() make sparse complain where nothing is wrong, so they are not used.
 */
#ifndef NETHOOD_BASE_BYTEORDER_H
#define NETHOOD_BASE_BYTEORDER_H

#include <string.h>

#include "base/types.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define nh_swab16(x) __builtin_bswap16(x)
#define nh_swab32(x) __builtin_bswap32(x)
#define nh_swab64(x) __builtin_bswap64(x)
#else
#define nh_swab16(x) (x)
#define nh_swab32(x) (x)
#define nh_swab64(x) (x)
#endif

static inline __be16 cpu_to_be16(u16 x)
{
	return (__force __be16)nh_swab16(x);
}

static inline __be32 cpu_to_be32(u32 x)
{
	return (__force __be32)nh_swab32(x);
}

static inline __be64 cpu_to_be64(u64 x)
{
	return (__force __be64)nh_swab64(x);
}

static inline u16 be16_to_cpu(__be16 x)
{
	return nh_swab16((__force u16)x);
}

static inline u32 be32_to_cpu(__be32 x)
{
	return nh_swab32((__force u32)x);
}

static inline u64 be64_to_cpu(__be64 x)
{
	return nh_swab64((__force u64)x);
}

/* Constants for tables and case labels, where a function call is not allowed. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CONST_BE16(x) ((__force __be16)(u16)((((x)&0xffU) << 8) | (((x) >> 8) & 0xffU)))
#define CONST_BE32(x) \
	((__force __be32)(u32)((((x)&0xffU) << 24) | (((x)&0xff00U) << 8) | (((x) >> 8) & 0xff00U) | \
			       (((x) >> 24) & 0xffU)))
#else
#define CONST_BE16(x) ((__force __be16)(u16)(x))
#define CONST_BE32(x) ((__force __be32)(u32)(x))
#endif

/* Octets at any alignment. */
static inline __be16 get_unaligned_be16(const void *p)
{
	__be16 x;

	memcpy(&x, p, sizeof(x));
	return x;
}

static inline __be32 get_unaligned_be32(const void *p)
{
	__be32 x;

	memcpy(&x, p, sizeof(x));
	return x;
}

static inline void put_unaligned_be16(__be16 x, void *p)
{
	memcpy(p, &x, sizeof(x));
}

static inline void put_unaligned_be32(__be32 x, void *p)
{
	memcpy(p, &x, sizeof(x));
}

#endif
