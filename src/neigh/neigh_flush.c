// SPDX-License-Identifier: BSD-2-Clause
/* Flushes: a device loses its entries, few or a million of them.
 *
 * @step beside S7   @linux neigh_flush_dev, neigh_ifdown, neigh_changeaddr, neigh_carrier_down
 *
 * Few go at once, and all at Linux's default thresholds are few.  Of many, the first run goes at once; for the others
 * the device begins a new generation: an entry of an older one is found by no look-up, walk or route from that moment
 * on, and is buried some turns later, when listeners are told of it.  So a flush takes effect at once, at any size, and
 * makes no pause.
 *
 * When the carrier is lost permanent entries stay, so no new generation begins: the others go run by run.  Linux, too,
 * looks after a lost carrier some time later.
 */
#include "neigh/neigh_internal.h"

#define FLUSH_RUN 256U /* entries that are looked at in one turn */
#define FLUSH_FEW 1024U
#define FLUSH_PAUSE_NS 1    /* not in this turn */
#define FIRST_GENERATION 2U /* neigh_hash_u32() wants more than none */
#define LAST_GENERATION 0xfffffff0U

/* ------------------------------------------------------------------ generations */

static bool generation_in_use(struct neigh_table *tbl, u32 generation)
{
	struct net_device *dev;

	for_each_netdev(tbl->net, dev) {
		if (dev->neigh_generation[tbl->index] == generation)
			return true;
	}
	return false;
}

void neigh_flush_begin(struct neigh_table *tbl, struct net_device *dev)
{
	do {
		tbl->last_generation = tbl->last_generation < LAST_GENERATION ? tbl->last_generation + 1
									      : FIRST_GENERATION;
	} while (unlikely(generation_in_use(tbl, tbl->last_generation)));
	dev->neigh_generation[tbl->index] = tbl->last_generation;
}

bool neigh_bury(struct neighbour *n)
{
	struct neigh_table *tbl = n->tbl;
	struct neigh_cause before;

	if (likely(neigh_alive(n, tbl->index)))
		return false;
	if (n->dead)
		return true;
	before = neigh_because(tbl->net, NEIGH_CAUSE_DEVICE, (u64)n->dev->ifindex);
	neigh_mark_dead(n);
	neigh_because_again(tbl->net, before);
	return true;
}

/* ------------------------------------------------------------------ runs */

static bool survives_carrier(const struct neighbour *n)
{
	return (n->nud_state & NUD_PERMANENT) || (n->flags_ext & NEIGH_EXT_VALIDATED);
}

/* Each deletion tells listeners, and they may delete other entries: no pointer to a next one is kept. */
static void flush_run(struct neigh_table *tbl, struct list_head *todo, bool keep_permanent, u32 max)
{
	struct neigh_cause before = neigh_because(tbl->net, NEIGH_CAUSE_DEVICE, 0);

	while (max-- && !list_empty(todo)) {
		struct neighbour *n = list_first_entry(todo, struct neighbour, dev_list);

		(void)neigh_because(tbl->net, NEIGH_CAUSE_DEVICE, (u64)n->dev->ifindex);
		if (keep_permanent && neigh_alive(n, tbl->index) && survives_carrier(n))
			list_move_tail(&n->dev_list, &n->dev->neigh_list[tbl->index]);
		else
			neigh_mark_dead(n);
	}
	neigh_because_again(tbl->net, before);
}

/* What waits is either of an older generation, or of a device that lost its carrier. */
static void flush_run_later(struct neigh_table *tbl)
{
	flush_run(tbl, &tbl->flush_list, true, FLUSH_RUN);
	if (!list_empty(&tbl->flush_list))
		mod_timer(tbl->net->timers, &tbl->flush_timer, tbl->net->now + FLUSH_PAUSE_NS);
}

static void neigh_flush_timer_handler(struct timer *t)
{
	flush_run_later(container_of(t, struct neigh_table, flush_timer));
}

static bool are_few(const struct list_head *entries)
{
	u32 count = 0;

	for (const struct list_head *pos = entries->next; pos != entries; pos = pos->next) {
		if (++count > FLUSH_FEW)
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------ doors */

static void neigh_flush_dev(struct neigh_table *tbl, struct net_device *dev, bool keep_permanent)
{
	struct list_head *entries = &dev->neigh_list[tbl->index];
	struct list_head todo;

	if (list_empty(&tbl->flush_list) && are_few(entries)) {
		INIT_LIST_HEAD(&todo);
		list_splice_tail_init(entries, &todo);
		flush_run(tbl, &todo, keep_permanent, UINT32_MAX);
		return;
	}
	if (!keep_permanent)
		neigh_flush_begin(tbl, dev);
	list_splice_tail_init(entries, &tbl->flush_list);
	flush_run_later(tbl);
}

void neigh_changeaddr(struct neigh_table *tbl, struct net_device *dev)
{
	neigh_flush_dev(tbl, dev, false);
}

void neigh_ifdown(struct neigh_table *tbl, struct net_device *dev)
{
	neigh_flush_dev(tbl, dev, false);
	pneigh_ifdown(tbl, dev);
}

void neigh_carrier_down(struct neigh_table *tbl, struct net_device *dev)
{
	neigh_flush_dev(tbl, dev, true);
	pneigh_carrier_down(tbl, dev);
}

/* ------------------------------------------------------------------ life */

void neigh_flush_init(struct neigh_table *tbl)
{
	INIT_LIST_HEAD(&tbl->flush_list);
	timer_setup(&tbl->flush_timer, neigh_flush_timer_handler);
	tbl->last_generation = FIRST_GENERATION - 1;
}

void neigh_flush_finish(struct neigh_table *tbl)
{
	timer_delete(tbl->net->timers, &tbl->flush_timer);
	flush_run(tbl, &tbl->flush_list, true, UINT32_MAX);
}
