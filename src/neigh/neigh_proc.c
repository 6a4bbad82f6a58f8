// SPDX-License-Identifier: BSD-2-Clause
/* /proc/net/stat/arp_cache: what a table has counted.
 *
 * @linux neigh_stat_seq_show
 *
 * The kernel writes a row for each processor; a net is one thread, so there is one.
 */
#include "neigh/neigh_proc.h"

void neigh_stat_seq_show(struct seq_file *m, const struct neigh_table *tbl)
{
	const struct neigh_statistics *st = &tbl->stats;

	seq_puts(m, "entries  allocs   destroys hash_grows lookups  hits     res_failed rcv_probes_mcast "
		    "rcv_probes_ucast periodic_gc_runs forced_gc_runs unresolved_discards table_fulls\n");
	seq_printf(m, "%08x %08llx %08llx %08llx   %08llx %08llx %08llx   %08llx         ", tbl->entries_count,
		   (unsigned long long)st->allocs, (unsigned long long)st->destroys, (unsigned long long)st->hash_grows,
		   (unsigned long long)st->lookups, (unsigned long long)st->hits, (unsigned long long)st->res_failed,
		   (unsigned long long)st->rcv_probes_mcast);
	seq_printf(m, "%08llx         %08llx         %08llx       %08llx            %08llx\n",
		   (unsigned long long)st->rcv_probes_ucast, (unsigned long long)st->periodic_gc_runs,
		   (unsigned long long)st->forced_gc_runs, (unsigned long long)st->unres_discards,
		   (unsigned long long)st->table_fulls);
}
