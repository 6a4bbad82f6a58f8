/* SPDX-License-Identifier: BSD-2-Clause */
/* What always holds of neighbours, as code: for the simulator, for fuzzers and for those who debug. */
#ifndef NETHOOD_NEIGH_CHECK_H
#define NETHOOD_NEIGH_CHECK_H

struct neighbour;
struct neigh_table;

/** neigh_check() - Return: the first sentence that does not hold of @n (static), NULL: all do.  O(1) and its queue */
const char *neigh_check(const struct neighbour *n);
/** neigh_check_changed() - @n has changed, and all that comes with it: if the net wants it, look at @n once */
void neigh_check_changed(const struct neighbour *n);
/** neigh_table_check() - of all entries, lists and counts; O(table) */
const char *neigh_table_check(struct neigh_table *tbl);

#endif
