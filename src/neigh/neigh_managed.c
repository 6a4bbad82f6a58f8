// SPDX-License-Identifier: BSD-2-Clause
/* Managed neighbours (NTF_MANAGED): kept resolved though nobody sends to them.
 *
 * @step beside S8   @rfc none   @linux neigh_managed_work
 *
 * Every interval_probe_time of the table each of them is used once, as by a packet: one that is stale is probed, one
 * that failed is asked for anew.  The table of them is walked in runs of some slots, spread over the interval, so that
 * any number of them makes no pause.
 */
#include <errno.h>

#include "neigh/neigh_internal.h"

#define MANAGED_RUN_SLOTS 256U
#define MANAGED_PAUSE_MIN_NS NSEC_PER_MSEC
#define MANAGED_HASH_MIN_SLOTS 8

static u64 managed_hash(const struct neigh_table *tbl, const struct neighbour *n)
{
	return htable_hash_exact64(&tbl->managed, (u64)(uintptr_t)n);
}

static ktime_t managed_pause(const struct neigh_table *tbl)
{
	ktime_t pause = NEIGH_VAR(&tbl->parms, INTERVAL_PROBE_TIME);
	u32 slots = tbl->managed.cur.mask + 1;

	if (slots > MANAGED_RUN_SLOTS)
		pause /= (ktime_t)(slots / MANAGED_RUN_SLOTS);
	return pause < MANAGED_PAUSE_MIN_NS ? MANAGED_PAUSE_MIN_NS : pause;
}

static void managed_use(void *ctx, void *obj)
{
	(void)ctx;
	if (!neigh_bury(obj))
		neigh_use(obj);
}

static void neigh_managed_timer_handler(struct timer *t)
{
	struct neigh_table *tbl = container_of(t, struct neigh_table, managed_timer);

	tbl->managed_cursor = htable_scan(&tbl->managed, tbl->managed_cursor, MANAGED_RUN_SLOTS, managed_use, NULL);
	if (tbl->managed.live_count)
		mod_timer(tbl->net->timers, t, tbl->net->now + managed_pause(tbl));
}

static int managed_begin(struct neighbour *n)
{
	struct neigh_table *tbl = n->tbl;

	if (htable_insert(&tbl->managed, managed_hash(tbl, n), n))
		return -ENOBUFS;
	n->flags_ext |= NTF_EXT_MANAGED;
	if (!timer_pending(&tbl->managed_timer))
		mod_timer(tbl->net->timers, &tbl->managed_timer, tbl->net->now + managed_pause(tbl));
	return 0;
}

void neigh_managed_end(struct neighbour *n)
{
	if (n->flags_ext & NTF_EXT_MANAGED)
		htable_remove(&n->tbl->managed, managed_hash(n->tbl, n), n);
}

int neigh_managed_set(struct neighbour *n, bool managed)
{
	if (managed)
		return n->flags_ext & NTF_EXT_MANAGED ? 0 : managed_begin(n);
	neigh_managed_end(n);
	n->flags_ext &= (u8)~NTF_EXT_MANAGED;
	return 0;
}

void neigh_managed_init(struct neigh_table *tbl)
{
	timer_setup(&tbl->managed_timer, neigh_managed_timer_handler);
	htable_init(&tbl->managed, tbl->net->mem, &tbl->net->rng, MANAGED_HASH_MIN_SLOTS);
}

void neigh_managed_fini(struct neigh_table *tbl)
{
	timer_delete(tbl->net->timers, &tbl->managed_timer);
	htable_fini(&tbl->managed);
}
