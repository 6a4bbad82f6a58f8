/* SPDX-License-Identifier: BSD-2-Clause */
/* A test's own table in the place of Neighbour Discovery's, for a while: of one device. */
#ifndef NETHOOD_TESTS_ND_SLOT_H
#define NETHOOD_TESTS_ND_SLOT_H

#include "neigh/neighbour.h"

struct nd_slot {
	struct neigh_table *tbl;
	struct neigh_parms *parms;
};

static inline struct nd_slot nd_slot_take(struct net_device *dev)
{
	struct nd_slot slot = { dev->net->neigh->table[NEIGH_ND_TABLE], dev->neigh_parms[NEIGH_ND_TABLE] };

	dev->neigh_parms[NEIGH_ND_TABLE] = NULL;
	return slot;
}
/* The test's table was cleared. */
static inline void nd_slot_give_back(struct nd_slot slot, struct net_device *dev)
{
	dev->net->neigh->table[NEIGH_ND_TABLE] = slot.tbl;
	dev->neigh_parms[NEIGH_ND_TABLE] = slot.parms;
}

#endif
