// SPDX-License-Identifier: BSD-2-Clause
/* Neighbour tables: beginning, end and walks.
 *
 * @linux neigh_table_init, neigh_table_clear
 */
#include <errno.h>

#include "neigh/neigh_internal.h"

#define NEIGH_HASH_MIN_SLOTS 8

int neigh_net_init(struct net *net)
{
	struct neigh_net *nn = mem_alloc(net->mem, sizeof(*nn));
	int err;

	if (!nn)
		return -ENOMEM;
	memset(nn, 0, sizeof(*nn));
	notifier_chain_init(&nn->chain);
	net->neigh = nn;
	err = neigh_histories_init(net);
	if (err) {
		mem_free(net->mem, nn, sizeof(*nn));
		net->neigh = NULL;
	}
	return err;
}

void neigh_net_exit(struct net *net)
{
	neigh_histories_exit(net);
	mem_free(net->mem, net->neigh, sizeof(*net->neigh));
	net->neigh = NULL;
}

void neigh_table_init(struct net *net, struct neigh_table *tbl)
{
	u32 entry_bytes =
		max_u32((u32)offsetof(struct neighbour, primary_key) + tbl->key_len, sizeof(struct neighbour));

	tbl->net = net;
	htable_init(&tbl->hash, net->mem, &net->rng, NEIGH_HASH_MIN_SLOTS);
	neigh_managed_init(tbl);
	pneigh_table_init(tbl);
	kmem_cache_init(&tbl->cache, net->mem, tbl->id, ALIGN_UP(entry_bytes, 8U), 8);
	kmem_cache_init(&tbl->queue_cache, net->mem, "arp_queue", sizeof(struct neigh_queue), 8);
	neigh_gc_init(tbl);
	neigh_flush_init(tbl);
	tbl->gc_thresh1 = 128;
	tbl->gc_thresh2 = 512;
	tbl->gc_thresh3 = 1024;
	tbl->gc_interval = 30 * NSEC_PER_SEC;
	tbl->last_flush = tbl->last_rand = net->now;
	ratelimit_init(&tbl->overflow_ratelimit, 5 * NSEC_PER_SEC, 10);
	neigh_parms_init(tbl);
	timer_setup(&tbl->gc_timer, neigh_gc_timer_handler);
	neigh_gc_schedule(tbl);
	net->neigh->table[tbl->index] = tbl;
}

void neigh_table_clear(struct neigh_table *tbl)
{
	timer_delete(tbl->net->timers, &tbl->gc_timer);
	neigh_flush_finish(tbl);
	neigh_managed_fini(tbl);
	pneigh_table_flush(tbl);
	rcu_quiescent(&tbl->net->rcu);
	assert(tbl->entries_count == 0);
	pneigh_table_fini(tbl);
	neigh_parms_fini(tbl);
	kmem_cache_fini(&tbl->queue_cache);
	kmem_cache_fini(&tbl->cache);
	neigh_gc_fini(tbl);
	htable_fini(&tbl->hash);
	tbl->net->neigh->table[tbl->index] = NULL;
}

struct neigh_scan {
	void (*fn)(void *ctx, struct neighbour *n);
	void *ctx;
};

static void neigh_scan_one(void *ctx, void *obj)
{
	const struct neigh_scan *scan = ctx;
	struct neighbour *n = obj;

	if (likely(neigh_alive(n, n->tbl->index)))
		scan->fn(scan->ctx, n);
}

u64 neigh_table_scan(struct neigh_table *tbl, u64 cursor, u32 max_slots, void (*fn)(void *ctx, struct neighbour *n),
		     void *ctx)
{
	struct neigh_scan scan = { fn, ctx };

	return htable_scan(&tbl->hash, cursor, max_slots, neigh_scan_one, &scan);
}
