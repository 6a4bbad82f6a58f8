/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers as they stand on the wire, and sums of them: by another hand than the stack's.  @rfc 1071 */
#ifndef NETHOOD_SIM_OCTETS_H
#define NETHOOD_SIM_OCTETS_H

#include "base/types.h"

static inline u32 get16(const u8 *p)
{
	return (u32)p[0] << 8 | p[1];
}
static inline u32 get32(const u8 *p)
{
	return get16(p) << 16 | get16(p + 2);
}
static inline void put16(u8 *p, u32 value)
{
	p[0] = (u8)(value >> 8);
	p[1] = (u8)value;
}
static inline void put32(u8 *p, u32 value)
{
	put16(p, value >> 16);
	put16(p + 2, value);
}
/** sum16() - @sum, and these; an odd octet is the first of two.  Return: at most 0xffff */
static inline u32 sum16(u32 sum, const u8 *p, u32 len_bytes)
{
	for (; len_bytes > 1; p += 2, len_bytes -= 2)
		sum += get16(p);
	if (len_bytes)
		sum += (u32)p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

#endif
