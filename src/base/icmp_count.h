/* SPDX-License-Identifier: BSD-2-Clause */
/* How many messages of each ICMP type there were.  Of 256 types a host meets a few: the others take no memory. */
#ifndef NETHOOD_BASE_ICMP_COUNT_H
#define NETHOOD_BASE_ICMP_COUNT_H

#include "base/types.h"

struct mem;

#define ICMP_TYPES 256U
#define ICMP_COUNT_GROUP 16U /**< types that get their memory together */

/** struct icmp_count - NULL: none of that group was seen */
struct icmp_count {
	u64 *group[ICMP_TYPES / ICMP_COUNT_GROUP];
};

/** icmp_count_add() - one more; without memory it is not counted */
void icmp_count_add(struct icmp_count *c, struct mem *mem, u8 type);
void icmp_count_fini(struct icmp_count *c, struct mem *mem);

static inline u64 icmp_count_of(const struct icmp_count *c, u32 type)
{
	const u64 *group = c->group[type / ICMP_COUNT_GROUP];

	return group ? group[type % ICMP_COUNT_GROUP] : 0;
}

#endif
