/* SPDX-License-Identifier: BSD-2-Clause */
/* Arrays that grow.  A simulator without memory has nothing to say, and ends. */
#ifndef NETHOOD_SIM_GROW_H
#define NETHOOD_SIM_GROW_H

#include <stdlib.h>

#include "base/types.h"

/** sim_grow() - @items, of @each_bytes: room for twice as many as there is for now, in *@room; for @first at first */
static inline void *sim_grow(void *items, u32 *room, u32 first, size_t each_bytes)
{
	*room = *room ? 2 * *room : first;
	items = realloc(items, *room * each_bytes);
	if (!items)
		abort();
	return items;
}

#endif
