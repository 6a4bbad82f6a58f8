/* SPDX-License-Identifier: BSD-2-Clause */
/* Words that every file of nethood uses: integers, time, attributes.
 *
 * Octets on the wire are __be16, __be32, __be64; base/byteorder.h is the only crossing.
 */
#ifndef NETHOOD_BASE_TYPES_H
#define NETHOOD_BASE_TYPES_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#ifdef __CHECKER__
#define nh_bitwise __attribute__((bitwise))
#define __force __attribute__((force))
#else
#define nh_bitwise
#ifndef __force
#define __force
#endif
#endif

/* linux/types.h has the same typedefs; a repeated identical typedef is legal, so both may be included. */
#include <linux/types.h>

/** ktime_t - a point in time or a duration, in nanoseconds; the zero of points is the caller's */
typedef s64 ktime_t;

#define NSEC_PER_USEC 1000LL
#define NSEC_PER_MSEC 1000000LL
#define NSEC_PER_SEC 1000000000LL
#define KTIME_MAX INT64_MAX

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define __must_check __attribute__((warn_unused_result))
#define __noinline __attribute__((noinline))
#define __cold __attribute__((cold))
#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define __fallthrough __attribute__((fallthrough))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define ALIGN_UP(x, a) (((x) + (a)-1) & ~((a)-1)) /* a: a power of two */

/** HOLDS() - a sentence that is meant to be true; the function that uses it returns it when it is not */
#define HOLDS(condition, sentence) \
	do { \
		if (unlikely(!(condition))) \
			return sentence; \
	} while (0)

static inline u32 min_u32(u32 a, u32 b)
{
	return a < b ? a : b;
}

static inline u32 max_u32(u32 a, u32 b)
{
	return a > b ? a : b;
}

static inline s64 min_s64(s64 a, s64 b)
{
	return a < b ? a : b;
}
static inline size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

#endif
