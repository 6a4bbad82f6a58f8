// SPDX-License-Identifier: BSD-2-Clause
/* Counters by ICMP type, made when they are needed: see icmp_count.h. */
#include "base/icmp_count.h"

#include "base/mem.h"

#define GROUP_BYTES (ICMP_COUNT_GROUP * sizeof(u64))

void icmp_count_add(struct icmp_count *c, struct mem *mem, u8 type)
{
	u64 **group = &c->group[type / ICMP_COUNT_GROUP];

	if (!*group)
		*group = mem_zalloc(mem, GROUP_BYTES);
	if (*group)
		(*group)[type % ICMP_COUNT_GROUP]++;
}

void icmp_count_fini(struct icmp_count *c, struct mem *mem)
{
	for (u32 i = 0; i < ARRAY_SIZE(c->group); i++) {
		mem_free(mem, c->group[i], GROUP_BYTES);
		c->group[i] = NULL;
	}
}
