// SPDX-License-Identifier: BSD-2-Clause
/* Collection: who has to go when a table is full, or when time has passed.
 *
 * @step beside S7   @rfc 4861 5.3, 6583 5-7   @linux neigh_forced_gc, neigh_periodic_work
 *
 * Entries that may be collected are on one of three lists, by what they are worth:
 *   UNRESOLVED  asked for and not answered: a sweep makes any number of them.  They have a budget of their own, shared
 *               fairly among groups (who asks, for which prefix): the largest group gives up its oldest.
 *   PASSIVE     learned from others' questions, and never used by us: a spoofer makes any number of them.  And NOARP
 *               ones, which cost nothing to make anew: a sweep of IPv6 has a solicited-node group for each question.
 *   ACTIVE      used or confirmed: these go last, and never while they are in use.
 * So what strangers make pushes out what strangers made.  Making room looks at a bounded number of entries.
 *
 * gc_thresh1, 2 and 3 mean what they mean in Linux, for this net.  PERMANENT and externally learned or validated
 * entries, and those of loopback devices, are on no list.  In the profile strict gc_interval means what it says, and old
 * entries go however few there are.
 */
#include "neigh/neigh_internal.h"

#define GC_FLUSH_PAUSE_NS (5 * NSEC_PER_SEC) /* between two collections that only gc_thresh2 asks for */
#define GC_PAUSE_MIN_NS NSEC_PER_SEC         /* whatever gc_interval says */
#define GC_PAUSE_LEAST_NS NSEC_PER_MSEC      /* and base_reachable_time, which may be 0: time goes on */
#define GC_RUN_SLOTS 512U                    /* of the hash, that one look for old entries takes in */
#define GC_RUN_PAUSE_NS 1                    /* not in this turn */
#define GC_MAX_SCAN 16U                      /* entries of one list that making room looks at */
#define GC_UNRESOLVED_SHARE 4U               /* unresolved entries: a quarter of gc_thresh3 */

static bool neigh_gc_exempt(const struct neighbour *n)
{
	return n->exempt_from_gc || n->dead || (n->nud_state & NUD_PERMANENT) || (n->flags & NTF_EXT_LEARNED) ||
	       (n->flags_ext & NEIGH_EXT_VALIDATED);
}

enum neigh_gc_class neigh_gc_classify(const struct neighbour *n)
{
	if (neigh_gc_exempt(n))
		return NEIGH_GC_EXEMPT;
	if (!(n->nud_state & NUD_VALID))
		return NEIGH_GC_UNRESOLVED;
	if ((n->nud_state == NUD_STALE && !n->was_used) || (n->nud_state & NUD_NOARP))
		return NEIGH_GC_PASSIVE;
	return NEIGH_GC_ACTIVE;
}

static struct neigh_gc_group *gc_group_at(struct neigh_table *tbl, u32 i)
{
	return i ? &tbl->gc_group[i - 1] : &tbl->gc_first_group;
}

static void gc_group_init(struct neigh_gc_group *group)
{
	INIT_LIST_HEAD(&group->list);
	group->count = 0;
}

/* Are there others than the first?  A host that asks for nobody has none. */
static bool gc_groups_make(struct neigh_table *tbl)
{
	if (tbl->gc_group)
		return true;
	tbl->gc_group = mem_alloc(tbl->net->mem, (NEIGH_GC_GROUPS - 1) * sizeof(*tbl->gc_group));
	for (u32 i = 0; tbl->gc_group && i < NEIGH_GC_GROUPS - 1; i++)
		gc_group_init(&tbl->gc_group[i]);
	return tbl->gc_group;
}

static struct list_head *neigh_gc_list_of(struct neigh_table *tbl, const struct neighbour *n)
{
	if (n->gc_class == NEIGH_GC_UNRESOLVED)
		return &gc_group_at(tbl, n->gc_group)->list;
	return n->gc_class == NEIGH_GC_PASSIVE ? &tbl->gc_passive : &tbl->gc_active;
}

static void neigh_gc_unlink(struct neighbour *n)
{
	struct neigh_table *tbl = n->tbl;

	if (n->gc_class == NEIGH_GC_EXEMPT)
		return;
	list_del_init(&n->gc_list);
	tbl->gc_entries_count--;
	if (n->gc_class == NEIGH_GC_UNRESOLVED) {
		tbl->gc_unresolved_count--;
		gc_group_at(tbl, n->gc_group)->count--;
	}
	n->gc_class = NEIGH_GC_EXEMPT & 3U;
}

static void neigh_gc_link(struct neighbour *n, enum neigh_gc_class class, u8 group)
{
	struct neigh_table *tbl = n->tbl;

	n->gc_class = (unsigned)class & 3U;
	n->gc_group = group;
	if (class == NEIGH_GC_EXEMPT)
		return;
	list_add_tail(&n->gc_list, neigh_gc_list_of(tbl, n));
	tbl->gc_entries_count++;
	if (class == NEIGH_GC_UNRESOLVED) {
		tbl->gc_unresolved_count++;
		gc_group_at(tbl, group)->count++;
	}
}

void neigh_gc_update_list(struct neighbour *n)
{
	enum neigh_gc_class class = neigh_gc_classify(n);

	if (class == (enum neigh_gc_class)n->gc_class)
		return;
	neigh_gc_unlink(n);
	neigh_gc_link(n, class, 0);
}

void neigh_gc_set_group(struct neighbour *n, u32 hash)
{
	u8 group = (u8)(hash % NEIGH_GC_GROUPS);

	if (n->gc_class != NEIGH_GC_UNRESOLVED || n->gc_group == group)
		return;
	if (group && !gc_groups_make(n->tbl))
		return; /* the budget is kept all the same, and not shared as fairly */
	neigh_gc_unlink(n);
	neigh_gc_link(n, NEIGH_GC_UNRESOLVED, group);
}

void neigh_gc_touch(struct neighbour *n)
{
	n->was_used = 1;
	neigh_gc_update_list(n);
	if (n->gc_class == NEIGH_GC_ACTIVE)
		list_move_tail(&n->gc_list, &n->tbl->gc_active);
}

/* ------------------------------------------------------------------ making room */

/* Nobody but the table, and the timer while it runs, holds it. */
static bool neigh_gc_unheld(const struct neighbour *n)
{
	return n->refcnt == 1U + timer_pending(&n->timer);
}

static bool neigh_gc_evict_from(struct net *net, struct list_head *list)
{
	struct neigh_cause before;
	struct neighbour *n;
	u32 scanned = 0;

	list_for_each_entry(n, list, gc_list) {
		if (scanned++ >= GC_MAX_SCAN)
			return false;
		if (neigh_alive(n, n->tbl->index) &&
		    (!neigh_gc_unheld(n) || (n->nud_state & (NUD_REACHABLE | NUD_DELAY | NUD_PROBE))))
			continue;
		before = neigh_because(net, NEIGH_CAUSE_GC, 0);
		neigh_mark_dead(n);
		neigh_because_again(net, before);
		return true;
	}
	return false;
}

static bool neigh_gc_evict_unresolved(struct neigh_table *tbl)
{
	struct neigh_gc_group *largest = &tbl->gc_first_group;

	for (u32 i = 0; tbl->gc_group && i < NEIGH_GC_GROUPS - 1; i++) {
		if (tbl->gc_group[i].count > largest->count)
			largest = &tbl->gc_group[i];
	}
	return largest->count && neigh_gc_evict_from(tbl->net, &largest->list);
}

static bool neigh_gc_evict(struct neigh_table *tbl)
{
	tbl->stats.forced_gc_runs++;
	return neigh_gc_evict_from(tbl->net, &tbl->gc_passive) || neigh_gc_evict_unresolved(tbl) ||
	       neigh_gc_evict_from(tbl->net, &tbl->gc_active);
}

/* Above gc_thresh2 old entries go, a few at each birth, so that gc_thresh3 is seldom reached. */
static void neigh_gc_above_thresh2(struct neigh_table *tbl)
{
	struct neighbour *oldest;

	if (tbl->net->now <= tbl->last_flush + GC_FLUSH_PAUSE_NS)
		return;
	if (!list_empty(&tbl->gc_passive)) {
		oldest = list_first_entry(&tbl->gc_passive, struct neighbour, gc_list);
		if (tbl->net->now > oldest->updated + GC_FLUSH_PAUSE_NS &&
		    neigh_gc_evict_from(tbl->net, &tbl->gc_passive))
			return;
	}
	tbl->last_flush = tbl->net->now;
}

bool neigh_gc_make_room(struct neigh_table *tbl, const struct neighbour *n)
{
	if (n->exempt_from_gc)
		return true;
	if (!(n->nud_state & NUD_VALID) &&
	    tbl->gc_unresolved_count >= max_u32(tbl->gc_thresh3 / GC_UNRESOLVED_SHARE, 1))
		(void)neigh_gc_evict_unresolved(tbl);
	if (tbl->gc_entries_count >= tbl->gc_thresh2)
		neigh_gc_above_thresh2(tbl);
	if (tbl->gc_entries_count < tbl->gc_thresh3 || neigh_gc_evict(tbl))
		return true;
	tbl->stats.table_fulls++;
	if (ratelimit(&tbl->overflow_ratelimit, tbl->net->now))
		net_log(tbl->net, "neighbour: %s: neighbor table overflow!", tbl->id);
	return false;
}

/* ------------------------------------------------------------------ time passes */

static bool neigh_gc_unused(const struct neighbour *n)
{
	ktime_t used = n->used > n->confirmed ? n->used : n->confirmed;

	if (!neigh_gc_unheld(n) || (n->nud_state & NUD_IN_TIMER))
		return false;
	return n->nud_state == NUD_FAILED || n->tbl->net->now > used + NEIGH_VAR(neigh_parms_of(n), GC_STALETIME);
}

static void neigh_gc_age(void *ctx, void *obj)
{
	struct neighbour *n = obj;

	(void)ctx;
	if (!neigh_bury(n) && n->gc_class != NEIGH_GC_EXEMPT && neigh_gc_unused(n))
		neigh_mark_dead(n);
}

void neigh_gc_schedule(struct neigh_table *tbl)
{
	ktime_t pause = NEIGH_VAR(&tbl->parms, BASE_REACHABLE_TIME) / 2;

	if (tbl->gc_cursor)
		pause = GC_RUN_PAUSE_NS;
	else if (tbl->net->profile == NET_PROFILE_STRICT)
		pause = tbl->gc_interval < GC_PAUSE_MIN_NS ? GC_PAUSE_MIN_NS : tbl->gc_interval;
	else if (pause < GC_PAUSE_LEAST_NS)
		pause = GC_PAUSE_LEAST_NS;
	mod_timer(tbl->net->timers, &tbl->gc_timer, tbl->net->now + pause);
}

/* The table is walked in runs of slots, one a turn: any number of entries makes no pause. */
void neigh_gc_timer_handler(struct timer *t)
{
	struct neigh_table *tbl = container_of(t, struct neigh_table, gc_timer);
	struct neigh_cause before = neigh_because(tbl->net, NEIGH_CAUSE_GC, 0);
	bool wanted = tbl->gc_entries_count >= tbl->gc_thresh1 || tbl->net->profile == NET_PROFILE_STRICT;

	if (!tbl->gc_cursor) {
		tbl->stats.periodic_gc_runs++;
		neigh_parms_rand_reach_time(tbl);
	}
	if (wanted || tbl->gc_cursor)
		tbl->gc_cursor = htable_scan(&tbl->hash, tbl->gc_cursor, GC_RUN_SLOTS, neigh_gc_age, NULL);
	neigh_gc_schedule(tbl);
	neigh_because_again(tbl->net, before);
}

void neigh_gc_init(struct neigh_table *tbl)
{
	INIT_LIST_HEAD(&tbl->gc_passive);
	INIT_LIST_HEAD(&tbl->gc_active);
	gc_group_init(&tbl->gc_first_group);
}

void neigh_gc_fini(struct neigh_table *tbl)
{
	mem_free(tbl->net->mem, tbl->gc_group, (NEIGH_GC_GROUPS - 1) * sizeof(*tbl->gc_group));
	tbl->gc_group = NULL;
}
