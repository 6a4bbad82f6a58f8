/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of neigh/ know of each other.  Nobody else includes this. */
#ifndef NETHOOD_NEIGH_INTERNAL_H
#define NETHOOD_NEIGH_INTERNAL_H

#include "neigh/neigh_check.h"
#include "neigh/neigh_history.h"
#include "neigh/neighbour.h"

/** neigh_event.c: the NUD machine at work */
void neigh_timer_handler(struct timer *t);
void neigh_connect(struct neighbour *n);
void neigh_suspect(struct neighbour *n);
/** neigh_add_timer() - keeps a reference while the timer is armed */
void neigh_add_timer(struct neighbour *n, ktime_t expires);
/** neigh_del_timer() - and gives it back; @n must be held by somebody else too */
void neigh_del_timer(struct neighbour *n);
/** neigh_invalidate() - an error report for each packet that waits */
void neigh_invalidate(struct neighbour *n);
void neigh_notify(struct neighbour *n, enum neigh_event event, u32 portid);

/** neigh_queue.c: packets that wait */
void neigh_queue_tail(struct neighbour *n, struct sk_buff *skb);
void neigh_queue_purge(struct neighbour *n, enum skb_drop_reason reason);
/** neigh_queue_flush() - send all that waits, in order, each through its route's current neighbour */
void neigh_queue_flush(struct neighbour *n);
/** neigh_queue_steal() - what waited, for the caller; n has no queue then */
void neigh_queue_steal(struct neighbour *n, struct sk_buff_head *list);

/** neigh_output.c */
void neigh_hh_init(struct neighbour *n);

/** neigh_gc.c: who may stay when there is no room */
/** neigh_gc_make_room() - may @n, which was just constructed, be one more?  Collects when thresholds say so */
bool neigh_gc_make_room(struct neigh_table *tbl, const struct neighbour *n);
void neigh_gc_init(struct neigh_table *tbl);
void neigh_gc_fini(struct neigh_table *tbl);
/** neigh_gc_update_list() - its state or flags have changed: is it worth more, or less? */
void neigh_gc_update_list(struct neighbour *n);
/** neigh_gc_classify() - what @n is worth now */
enum neigh_gc_class neigh_gc_classify(const struct neighbour *n);
/** neigh_gc_set_group() - @hash of who asks, and for what */
void neigh_gc_set_group(struct neighbour *n, u32 hash);
/** neigh_gc_touch() - a packet of ours goes there */
void neigh_gc_touch(struct neighbour *n);
void neigh_gc_timer_handler(struct timer *t);
/** neigh_gc_schedule() - old entries are looked for after the table's interval, from now on */
void neigh_gc_schedule(struct neigh_table *tbl);

/** neighbour.c: the two phases of deletion */
/** neigh_mark_dead() - unlink from hash and lists, stop the timer, tell listeners, drop what waits */
void neigh_mark_dead(struct neighbour *n);

/** neigh_flush.c: the entries of a device go */
void neigh_flush_init(struct neigh_table *tbl);
/** neigh_flush_begin() - @dev is new: the entries that are to come are its first generation */
void neigh_flush_begin(struct neigh_table *tbl, struct net_device *dev);
/** neigh_flush_finish() - all that was left for later, now */
void neigh_flush_finish(struct neigh_table *tbl);
/** neigh_bury() - if @n is gone for all but the table, for the table as well.  Return: it is dead; it lives on as long as it is held */
bool neigh_bury(struct neighbour *n);

/** neigh_managed.c: neighbours that are kept resolved */
void neigh_managed_init(struct neigh_table *tbl);
void neigh_managed_fini(struct neigh_table *tbl);
/** neigh_managed_set() - from now on, or no more; NTF_EXT_MANAGED says so.  Return: 0, -ENOBUFS: nothing changed */
int __must_check neigh_managed_set(struct neighbour *n, bool managed);
/** neigh_managed_end() - @n dies; its flags stay, for those who are told */
void neigh_managed_end(struct neighbour *n);

/** pneigh.c: proxies */
void pneigh_table_init(struct neigh_table *tbl);
void pneigh_table_flush(struct neigh_table *tbl); /* those of all devices */
void pneigh_table_fini(struct neigh_table *tbl);  /* nothing waits, and readers are gone */
void pneigh_ifdown(struct neigh_table *tbl, struct net_device *dev);
void pneigh_carrier_down(struct neigh_table *tbl, struct net_device *dev);

/** neigh_parms.c */
void neigh_parms_init(struct neigh_table *tbl);
void neigh_parms_fini(struct neigh_table *tbl);
void neigh_parms_rand_reach_time(struct neigh_table *tbl);

/* As neigh_hash_u32(), for keys of any length. */
static inline u64 neigh_hash(const struct neigh_table *tbl, const void *key, u32 generation)
{
	if (tbl->key_len == 4) {
		u32 addr;

		memcpy(&addr, key, sizeof(addr));
		return neigh_hash_u32(tbl, addr, generation);
	}
	return htable_hash_bytes(&tbl->hash, key, tbl->key_len) + (u64)generation * 0x9e3779b97f4a7c15ULL;
}

#endif
