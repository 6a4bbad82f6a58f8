/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc tells of a neighbour table. */
#ifndef NETHOOD_NEIGH_NEIGH_PROC_H
#define NETHOOD_NEIGH_NEIGH_PROC_H

#include "base/seq_file.h"
#include "neigh/neighbour.h"

/** neigh_stat_seq_show() - /proc/net/stat/arp_cache */
void neigh_stat_seq_show(struct seq_file *m, const struct neigh_table *tbl);

#endif
