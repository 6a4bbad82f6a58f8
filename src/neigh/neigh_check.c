// SPDX-License-Identifier: BSD-2-Clause
/* What always holds of neighbours, between two events.
 *
 * @rfc 4861 7.3.3   @linux none: Linux breaks some of these, and they are rows of docs/DIFFERENCES.md
 */
#include "neigh/neigh_check.h"

#include "neigh/neigh_internal.h"

static const char *check_timer(const struct neighbour *n)
{
	bool armed = timer_pending(&n->timer), timed = n->nud_state & NUD_IN_TIMER;

	HOLDS(n->refcnt >= 1U + armed, "the table holds an entry, and its timer while it is armed");
	HOLDS(!armed || timed, "a timer is armed in INCOMPLETE, REACHABLE, DELAY and PROBE only");
	HOLDS(armed || !timed, "an entry in INCOMPLETE, REACHABLE, DELAY or PROBE has a timer");
	return NULL;
}

static const char *check_queue(const struct neighbour *n)
{
	const struct neigh_queue *q = neigh_queue_of(n);
	u32 bytes = 0, count = 0;

	if (!q)
		return NULL;
	HOLDS(n->nud_state == NUD_INCOMPLETE, "packets wait for an INCOMPLETE entry only");
	for (const struct sk_buff *skb = q->arp_queue.next; skb != (const void *)&q->arp_queue; skb = skb->next) {
		bytes += skb->truesize;
		count++;
	}
	HOLDS(count > 0, "a queue without packets is none");
	HOLDS(bytes == q->arp_queue_len_bytes, "the bytes of a queue are those of its packets");
	return NULL;
}

static const char *check_address(const struct neighbour *n)
{
	const struct neigh_ops *ops = neigh_ops_of(n);

	HOLDS(n->way != NEIGH_WAY_KNOWN || ops->output == ops->connected_output || (n->nud_state & NUD_CONNECTED),
	      "only a CONNECTED entry sends without asking");
	HOLDS(n->way != NEIGH_WAY_NOWHERE || n->nud_state == NUD_NONE, "an entry that lives leads somewhere");
	HOLDS(!n->hh_len || n->dev->addr_len != ETH_ALEN ||
		      memcmp(n->hh_data + HH_DATA_MOD - n->hh_len, n->ha, ETH_ALEN) == 0,
	      "a ready header goes to the entry's address");
	return NULL;
}

static const char *check_times(const struct neighbour *n)
{
	ktime_t now = n->tbl->net->now;

	HOLDS(n->confirmed <= now && n->used <= now && n->updated <= now, "nothing was done in the future");
	return NULL;
}

static const char *check_collection(const struct neighbour *n)
{
	HOLDS((enum neigh_gc_class)n->gc_class == neigh_gc_classify(n), "an entry is on the list of what it is worth");
	HOLDS((n->gc_class == NEIGH_GC_EXEMPT) == list_empty(&n->gc_list), "an entry on a list may be collected");
	HOLDS(!(n->flags_ext & NTF_EXT_MANAGED) || !(n->nud_state & NUD_PERMANENT),
	      "a permanent entry needs nobody to keep it resolved");
	return NULL;
}

const char *neigh_check(const struct neighbour *n)
{
	static const char *(*const checks[])(const struct neighbour *n) = { check_timer, check_queue, check_address,
									    check_times, check_collection };

	HOLDS(!n->dead, "an entry in the table is alive");
	HOLDS(!list_empty(&n->dev_list), "an entry in the table is in its device's list");
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		const char *broken = checks[i](n);

		if (unlikely(broken))
			return broken;
	}
	return NULL;
}

static const char *check_dead(const struct neighbour *n)
{
	HOLDS(!timer_pending(&n->timer), "an entry that is dead has no timer");
	HOLDS(!n->has_queue, "nothing waits for an entry that is dead");
	HOLDS(list_empty(&n->gc_list), "an entry that is dead is on no list");
	HOLDS(n->way == NEIGH_WAY_NOWHERE && !n->hh_len, "an entry that is dead sends nothing");
	return NULL;
}

void neigh_check_changed(const struct neighbour *n)
{
	struct neigh_net *nn = n->tbl->net->neigh;

	if (likely(!nn->looks_at_changes) || nn->broken)
		return;
	nn->broken = n->dead ? check_dead(n) : neigh_check(n);
}

/* ------------------------------------------------------------------ tables */

/** struct table_sum - what the entries of a table come to */
struct table_sum {
	struct neigh_table *tbl;
	const char *broken;
	u32 live_count, gc_count, unresolved_count, managed_count, queued_bytes;
};

static void sum_entry(void *ctx, void *obj)
{
	struct table_sum *sum = ctx;
	const struct neighbour *n = obj;

	if (sum->broken)
		return;
	sum->broken = neigh_check(n);
	if (!sum->broken && neigh_alive(n, sum->tbl->index) && neigh_find(sum->tbl, n->primary_key, n->dev) != n)
		sum->broken = "an entry is found by its key, and is the only one with it";
	sum->live_count++;
	sum->gc_count += n->gc_class != NEIGH_GC_EXEMPT;
	sum->unresolved_count += n->gc_class == NEIGH_GC_UNRESOLVED;
	sum->managed_count += (n->flags_ext & NTF_EXT_MANAGED) != 0;
	sum->queued_bytes += n->has_queue ? n->queue->arp_queue_len_bytes : 0;
}

static const char *check_parms(const struct neigh_table *tbl)
{
	const struct neigh_parms *p;

	list_for_each_entry(p, &tbl->parms_list, list) {
		/* not compared with its base: that may be a new default already, and the next draw is at most 300 s away */
		HOLDS(p->reachable_time >= 0, "a reachable time is not negative");
	}
	return NULL;
}

const char *neigh_table_check(struct neigh_table *tbl)
{
	struct neigh_statistics stats = tbl->stats; /* to look is no look-up */
	struct table_sum sum = { .tbl = tbl };

	(void)htable_scan(&tbl->hash, 0, UINT32_MAX, sum_entry, &sum);
	tbl->stats = stats;
	if (sum.broken)
		return sum.broken;
	HOLDS(sum.live_count == tbl->hash.live_count, "the table counts its entries");
	HOLDS(sum.live_count <= tbl->entries_count, "an entry in the table was made");
	HOLDS(tbl->entries_count == (u32)(stats.allocs - stats.destroys), "made and not destroyed: it exists");
	HOLDS(sum.gc_count == tbl->gc_entries_count, "the entries that may be collected are counted");
	HOLDS(sum.unresolved_count == tbl->gc_unresolved_count, "the unresolved entries are counted");
	HOLDS(sum.managed_count == tbl->managed.live_count, "the managed entries are those with the flag");
	HOLDS(sum.queued_bytes == tbl->queued_bytes, "the bytes of all queues are those of each");
	return check_parms(tbl);
}
