/* SPDX-License-Identifier: BSD-2-Clause */
/* What simulated programs fill their datagrams with: octets that say of which datagram they are, and where in it. */
#ifndef NETHOOD_SIM_PATTERN_H
#define NETHOOD_SIM_PATTERN_H

#include "base/types.h"

static inline u8 pattern_octet(u32 id, u32 i)
{
	return (u8)((id * 0x9e3779b9U >> 16) + i * 7);
}

/** pattern_fill() - @data of datagram @id, from octet @from (behind its header) to its end */
static inline void pattern_fill(u8 *data, u32 from, u32 len_bytes, u32 id)
{
	for (u32 i = from; i < len_bytes; i++)
		data[i] = pattern_octet(id, i);
}

/** pattern_holds() - Return: are these the octets of datagram @id? */
static inline bool pattern_holds(const u8 *data, u32 from, u32 len_bytes, u32 id)
{
	for (u32 i = from; i < len_bytes; i++) {
		if (data[i] != pattern_octet(id, i))
			return false;
	}
	return true;
}

#endif
