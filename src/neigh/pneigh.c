// SPDX-License-Identifier: BSD-2-Clause
/* Proxies: addresses that we answer for, though they are not ours, and the answers that wait for their time.
 *
 * @step beside S8: receive, from ipv4/arp.c
 * @rfc 1027, 4861 7.2.8
 * @linux pneigh_lookup, pneigh_create, pneigh_delete, pneigh_enqueue, neigh_proxy_process
 *
 * Reading order: pneigh_lookup(), pneigh_create(), pneigh_delete(), pneigh_ifdown(), pneigh_enqueue().
 *
 * A proxy is found by its address and its device, or by its address alone (the hash has device 0 then).  Each is on
 * the list of its device's parameters, so that a device takes its own with it and looks at no other's.
 *
 * A question that waits has a timer of its own: any number may wait, and none is looked at before its time.  Linux
 * walks the whole queue whenever one is due.
 */
#include "neigh/pneigh.h"

#include <errno.h>

#include "neigh/neigh_internal.h"

#define PNEIGH_HASH_MIN_SLOTS 8
#define PNEIGH_MAX (1U << 20)
#define PROXY_QUEUE_TABLE_BYTES (4U << 20) /* of truesize, on all devices together */

/* ------------------------------------------------------------------ the table */

struct pneigh_key {
	const void *key;
	const struct net_device *dev;
	u8 key_len;
};

static bool pneigh_match(const void *obj, const void *key)
{
	const struct pneigh_entry *pn = obj;
	const struct pneigh_key *k = key;

	return pn->dev == k->dev && memcmp(pn->key, k->key, k->key_len) == 0;
}

static u64 pneigh_hash(const struct neigh_table *tbl, const void *key, const struct net_device *dev)
{
	u32 ifindex = dev ? (u32)dev->ifindex : 0;
	u8 bytes[NEIGH_KEY_MAX + sizeof(ifindex)];
	u32 addr;

	if (tbl->key_len == sizeof(addr)) {
		memcpy(&addr, key, sizeof(addr));
		return htable_hash_exact64(&tbl->phash, ((u64)ifindex + 2) << 32 | addr);
	}
	memcpy(bytes, key, tbl->key_len);
	memcpy(bytes + tbl->key_len, &ifindex, sizeof(ifindex));
	return htable_hash_bytes(&tbl->phash, bytes, tbl->key_len + sizeof(ifindex));
}

static struct pneigh_entry *pneigh_find_exact(const struct neigh_table *tbl, const void *key,
					      const struct net_device *dev)
{
	const struct pneigh_key k = { key, dev, tbl->key_len };

	return htable_lookup(&tbl->phash, pneigh_hash(tbl, key, dev), pneigh_match, &k);
}

struct pneigh_entry *pneigh_lookup(const struct neigh_table *tbl, const void *key, const struct net_device *dev)
{
	struct pneigh_entry *any;

	if (!tbl->phash.live_count)
		return NULL;
	/* Of two the newer one is found, which is the one for all devices: beside it none is made for a single one. */
	any = pneigh_find_exact(tbl, key, NULL);
	return any || !dev ? any : pneigh_find_exact(tbl, key, dev);
}

static struct neigh_parms *pneigh_parms(struct neigh_table *tbl, const struct net_device *dev)
{
	return dev ? dev->neigh_parms[tbl->index] : &tbl->parms;
}

static void pneigh_configure(struct pneigh_entry *pn, const struct pneigh_config *config)
{
	pn->flags = config->flags;
	pn->permanent = config->permanent;
	if (config->protocol)
		pn->protocol = config->protocol;
}

static struct pneigh_entry *pneigh_alloc(struct neigh_table *tbl, const void *key, struct net_device *dev)
{
	struct pneigh_entry *pn = kmem_cache_alloc(&tbl->pneigh_cache);

	if (!pn)
		return NULL;
	memset(pn, 0, sizeof(*pn));
	memcpy(pn->key, key, tbl->key_len);
	pn->tbl = tbl;
	pn->dev = dev;
	INIT_LIST_HEAD(&pn->list);
	return pn;
}

/* The family's consent comes last: it need not be taken back. */
static int pneigh_link(struct neigh_table *tbl, struct pneigh_entry *pn, struct neigh_parms *p)
{
	u64 hash = pneigh_hash(tbl, pn->key, pn->dev);

	if (htable_insert(&tbl->phash, hash, pn))
		return -ENOBUFS;
	if (tbl->pconstructor && tbl->pconstructor(tbl->net, pn->key, pn->dev)) {
		htable_remove(&tbl->phash, hash, pn);
		return -ENOBUFS;
	}
	if (pn->dev)
		dev_hold(pn->dev);
	list_add_tail(&pn->list, &p->proxies);
	tbl->genid++;
	return 0;
}

int pneigh_create(struct neigh_table *tbl, const void *key, struct net_device *dev, const struct pneigh_config *config)
{
	struct neigh_parms *p = pneigh_parms(tbl, dev);
	struct pneigh_entry *pn = pneigh_lookup(tbl, key, dev);
	int err;

	if (pn) {
		pneigh_configure(pn, config);
		tbl->genid++;
		return 0;
	}
	if (!p) /* the family is not on this device */
		return -ENOBUFS;
	if (tbl->phash.live_count >= tbl->pneigh_max) {
		tbl->stats.pneigh_fulls++;
		return -ENOBUFS;
	}
	pn = pneigh_alloc(tbl, key, dev);
	if (!pn)
		return -ENOBUFS;
	pneigh_configure(pn, config);
	err = pneigh_link(tbl, pn, p);
	if (err)
		kmem_cache_free(&tbl->pneigh_cache, pn);
	return err;
}

static void pneigh_free_rcu(struct rcu_head *head)
{
	struct pneigh_entry *pn = container_of(head, struct pneigh_entry, rcu);

	kmem_cache_free(&pn->tbl->pneigh_cache, pn);
}

static void pneigh_destroy(struct neigh_table *tbl, struct pneigh_entry *pn)
{
	htable_remove(&tbl->phash, pneigh_hash(tbl, pn->key, pn->dev), pn);
	list_del_init(&pn->list);
	tbl->genid++;
	if (tbl->pdestructor)
		tbl->pdestructor(tbl->net, pn->key, pn->dev);
	if (pn->dev)
		dev_put(pn->dev);
	rcu_defer_free(&tbl->net->rcu, &pn->rcu, pneigh_free_rcu);
}

int pneigh_delete(struct neigh_table *tbl, const void *key, const struct net_device *dev)
{
	struct pneigh_entry *pn = pneigh_find_exact(tbl, key, dev);

	if (!pn)
		return -ENOENT;
	pneigh_destroy(tbl, pn);
	return 0;
}

struct pneigh_walk {
	void (*fn)(void *ctx, struct pneigh_entry *pn);
	void *ctx;
};

static void pneigh_scan_one(void *ctx, void *obj)
{
	const struct pneigh_walk *walk = ctx;

	walk->fn(walk->ctx, obj);
}

u64 pneigh_scan(struct neigh_table *tbl, u64 cursor, u32 max_slots, void (*fn)(void *ctx, struct pneigh_entry *pn),
		void *ctx)
{
	struct pneigh_walk walk = { fn, ctx };

	return htable_scan(&tbl->phash, cursor, max_slots, pneigh_scan_one, &walk);
}

/* ------------------------------------------------------------------ answers that wait */

/** struct pneigh_wait - in skb->cb */
struct pneigh_wait {
	struct timer timer;
	struct neigh_table *tbl;
};
static_assert(sizeof(struct pneigh_wait) <= sizeof(((struct sk_buff *)0)->cb), "fits into skb->cb");

static struct pneigh_wait *pneigh_wait_of(struct sk_buff *skb)
{
	return (struct pneigh_wait *)(void *)skb->cb;
}

static struct sk_buff *pneigh_wait_skb(struct pneigh_wait *w)
{
	return (struct sk_buff *)(void *)((u8 *)w - offsetof(struct sk_buff, cb));
}

static struct sk_buff_head *pneigh_queue_of(const struct neigh_table *tbl, const struct sk_buff *skb)
{
	return &skb->dev->neigh_parms[tbl->index]->proxy_queue;
}

/* The queue's reference on the device is the caller's now. */
static void pneigh_dequeue(struct neigh_table *tbl, struct sk_buff *skb)
{
	__skb_unlink(skb, pneigh_queue_of(tbl, skb));
	tbl->proxy_queued_count--;
	tbl->proxy_queued_bytes -= skb->truesize;
}

static void pneigh_timer_handler(struct timer *t)
{
	struct pneigh_wait *w = container_of(t, struct pneigh_wait, timer);
	struct sk_buff *skb = pneigh_wait_skb(w);
	struct net_device *dev = skb->dev;
	struct neigh_table *tbl = w->tbl;

	pneigh_dequeue(tbl, skb);
	tbl->proxy_redo(skb);
	dev_put(dev);
}

static ktime_t pneigh_random_delay(struct net *net, ktime_t max)
{
	return max > 0 ? (ktime_t)(get_random_u64(&net->rng) % (u64)max) : 0;
}

/* As in Linux one more may wait than proxy_qlen says. */
static bool pneigh_queue_is_full(const struct neigh_table *tbl, const struct neigh_parms *p, u32 more_bytes)
{
	return p->proxy_queue.qlen > (u32)NEIGH_VAR(p, PROXY_QLEN) ||
	       tbl->proxy_queued_bytes + more_bytes > PROXY_QUEUE_TABLE_BYTES;
}

void pneigh_enqueue(struct neigh_table *tbl, struct neigh_parms *p, struct sk_buff *skb)
{
	struct pneigh_wait *w = pneigh_wait_of(skb);
	struct net *net = tbl->net;

	if (pneigh_queue_is_full(tbl, p, skb->truesize)) {
		tbl->stats.proxy_discards++;
		kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_PROXY_QUEUEFULL);
		return;
	}
	skb_dst_drop(skb); /* routes may change while it waits */
	dev_hold(skb->dev);
	__skb_queue_tail(&p->proxy_queue, skb);
	tbl->proxy_queued_count++;
	tbl->proxy_queued_bytes += skb->truesize;
	w->tbl = tbl;
	timer_setup(&w->timer, pneigh_timer_handler);
	mod_timer(net->timers, &w->timer, net->now + pneigh_random_delay(net, NEIGH_VAR(p, PROXY_DELAY)));
}

static void pneigh_queue_purge(struct neigh_table *tbl, struct neigh_parms *p, enum skb_drop_reason reason)
{
	struct sk_buff *skb;

	while ((skb = skb_peek(&p->proxy_queue))) {
		struct net_device *dev = skb->dev;

		timer_delete(tbl->net->timers, &pneigh_wait_of(skb)->timer);
		pneigh_dequeue(tbl, skb);
		kfree_skb_reason(skb, reason);
		dev_put(dev);
	}
}

/* ------------------------------------------------------------------ devices, life */

static void pneigh_flush(struct neigh_table *tbl, struct neigh_parms *p, bool keep_permanent)
{
	struct pneigh_entry *pn, *next;

	list_for_each_entry_safe(pn, next, &p->proxies, list) {
		if (!keep_permanent || !pn->permanent)
			pneigh_destroy(tbl, pn);
	}
}

void pneigh_ifdown(struct neigh_table *tbl, struct net_device *dev)
{
	struct neigh_parms *p = pneigh_parms(tbl, dev);

	if (!p)
		return;
	pneigh_flush(tbl, p, false);
	pneigh_queue_purge(tbl, p, SKB_DROP_REASON_DEV_DOWN);
}

void pneigh_carrier_down(struct neigh_table *tbl, struct net_device *dev)
{
	struct neigh_parms *p = pneigh_parms(tbl, dev);

	if (!p)
		return;
	pneigh_flush(tbl, p, true);
	pneigh_queue_purge(tbl, p, SKB_DROP_REASON_NO_CARRIER);
}

void pneigh_table_init(struct neigh_table *tbl)
{
	htable_init(&tbl->phash, tbl->net->mem, &tbl->net->rng, PNEIGH_HASH_MIN_SLOTS);
	kmem_cache_init(&tbl->pneigh_cache, tbl->net->mem, "pneigh",
			ALIGN_UP((u32)sizeof(struct pneigh_entry) + tbl->key_len, 8U), 8);
	tbl->pneigh_max = PNEIGH_MAX;
}

void pneigh_table_flush(struct neigh_table *tbl)
{
	pneigh_flush(tbl, &tbl->parms, false);
}

void pneigh_table_fini(struct neigh_table *tbl)
{
	assert(!tbl->proxy_queued_count && !tbl->proxy_queued_bytes);
	kmem_cache_fini(&tbl->pneigh_cache);
	htable_fini(&tbl->phash);
}
