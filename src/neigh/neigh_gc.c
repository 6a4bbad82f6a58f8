// SPDX-License-Identifier: BSD-2-Clause
/* Collection: who has to go when a table is full, or when time has passed.
 *
 * @step beside S7   @rfc 4861 5.3, 6583   @linux neigh_forced_gc, neigh_periodic_work
 *
 * Entries that may be collected are on tbl->gc_list, oldest first.  PERMANENT and externally learned or validated
 * ones are not, nor are those of loopback devices.  gc_thresh1, 2 and 3 mean what they mean in Linux, for this net.
 */
#include "neigh/neigh_internal.h"

#define GC_FLUSH_PAUSE_NS (5 * NSEC_PER_SEC) /* between two collections that only gc_thresh2 asks for */
#define GC_MAX_SCAN 2048U                    /* entries that one forced collection looks at */

static bool neigh_gc_exempt(const struct neighbour *n)
{
	return n->exempt_from_gc || n->dead || (n->nud_state & NUD_PERMANENT) || (n->flags & NTF_EXT_LEARNED) ||
	       (n->flags_ext & NEIGH_EXT_VALIDATED);
}

void neigh_gc_update_list(struct neighbour *n)
{
	bool on_list = !list_empty(&n->gc_list);
	bool want = !neigh_gc_exempt(n);

	if (want == on_list)
		return;
	if (want) {
		list_add_tail(&n->gc_list, &n->tbl->gc_list);
		n->tbl->gc_entries_count++;
	} else {
		list_del_init(&n->gc_list);
		n->tbl->gc_entries_count--;
	}
}

static bool neigh_gc_may_force(const struct neighbour *n)
{
	if (n->refcnt != 1)
		return false;
	return (n->nud_state & (NUD_FAILED | NUD_NOARP)) || n->tbl->net->now > n->updated + GC_FLUSH_PAUSE_NS;
}

static u32 neigh_forced_gc(struct neigh_table *tbl)
{
	u32 want = tbl->gc_entries_count > tbl->gc_thresh2 ? tbl->gc_entries_count - tbl->gc_thresh2 : 1;
	struct neighbour *n, *next;
	u32 removed = 0, scanned = 0;

	tbl->stats.forced_gc_runs++;
	list_for_each_entry_safe(n, next, &tbl->gc_list, gc_list) {
		if (n->dead || removed >= want || scanned++ >= GC_MAX_SCAN)
			break; /* dead: a listener was told of the last one and deleted this one */
		if (neigh_gc_may_force(n)) {
			neigh_mark_dead(n, 0);
			removed++;
		}
	}
	tbl->last_flush = tbl->net->now;
	return removed;
}

bool neigh_gc_make_room(struct neigh_table *tbl, bool exempt)
{
	u32 entries = tbl->gc_entries_count;

	if (exempt || entries < tbl->gc_thresh2)
		return true;
	if (entries < tbl->gc_thresh3 && tbl->net->now <= tbl->last_flush + GC_FLUSH_PAUSE_NS)
		return true;
	if (neigh_forced_gc(tbl) || entries < tbl->gc_thresh3)
		return true;
	tbl->stats.table_fulls++;
	if (ratelimit(&tbl->overflow_ratelimit, tbl->net->now))
		net_log(tbl->net, "neighbour: %s: neighbor table overflow!", tbl->id);
	return false;
}

static bool neigh_gc_unused(const struct neighbour *n)
{
	ktime_t used = n->used > n->confirmed ? n->used : n->confirmed;

	if (n->refcnt != 1 || (n->nud_state & NUD_IN_TIMER))
		return false;
	return n->nud_state == NUD_FAILED || n->tbl->net->now > used + NEIGH_VAR(neigh_parms_of(n), GC_STALETIME);
}

void neigh_gc_timer_handler(struct timer *t)
{
	struct neigh_table *tbl = container_of(t, struct neigh_table, gc_timer);
	struct neighbour *n, *next;

	tbl->stats.periodic_gc_runs++;
	neigh_parms_rand_reach_time(tbl);
	if (tbl->gc_entries_count >= tbl->gc_thresh1) {
		list_for_each_entry_safe(n, next, &tbl->gc_list, gc_list) {
			if (n->dead)
				break; /* a listener was told of the last one and deleted this one */
			if (neigh_gc_unused(n))
				neigh_mark_dead(n, 0);
		}
	}
	mod_timer(tbl->net->timers, t, tbl->net->now + NEIGH_VAR(&tbl->parms, BASE_REACHABLE_TIME) / 2);
}
