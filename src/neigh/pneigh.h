/* SPDX-License-Identifier: BSD-2-Clause */
/* Proxies: addresses that we answer for, though they are not ours, and the answers that wait for their time.
 *
 * @step beside S8: receive
 * @rfc 1027, 4861 7.2.8
 * @linux struct pneigh_entry, pneigh_lookup, pneigh_enqueue
 */
#ifndef NETHOOD_NEIGH_PNEIGH_H
#define NETHOOD_NEIGH_PNEIGH_H

#include "neigh/neighbour.h"

/** struct pneigh_entry - one address, on one device or on all of them */
struct pneigh_entry {
	struct net_device *dev; /**< holds a reference; NULL: any device */
	struct neigh_table *tbl;
	struct list_head list; /**< of neigh_parms.proxies: the device's, or the table's */
	struct rcu_head rcu;
	u8 flags;       /**< NTF_* as they were given */
	u8 protocol;    /**< RTPROT_* of its originator */
	bool permanent; /**< stays when the carrier goes */
	u8 key[] __attribute__((aligned(4)));
};

/** struct pneigh_config - what may be said of a proxy */
struct pneigh_config {
	u8 flags;    /**< NTF_* */
	u8 protocol; /**< 0: as it is */
	bool permanent;
};

/**
 * pneigh_lookup() - the proxy of @key on @dev: its own, or that of all devices
 * @dev: NULL: only that of all devices
 * Return: borrowed (proxies have no reference count), NULL: none.  @linux pneigh_lookup
 */
struct pneigh_entry *pneigh_lookup(const struct neigh_table *tbl, const void *key, const struct net_device *dev);
/**
 * pneigh_create() - make a proxy, or change the one that pneigh_lookup() finds
 * @dev: NULL: all devices
 * Return: 0, -ENOBUFS (no memory, too many of them, or the family refuses), -EINVAL (the device is going): nothing
 * changed then.  @linux pneigh_create
 */
int __must_check pneigh_create(struct neigh_table *tbl, const void *key, struct net_device *dev,
			       const struct pneigh_config *config);
/** pneigh_delete() - exactly this one; @dev NULL: that of all devices.  Return: 0, -ENOENT */
int pneigh_delete(struct neigh_table *tbl, const void *key, const struct net_device *dev);
/** pneigh_scan() - walk that survives changes between calls: see htable_scan() */
u64 pneigh_scan(struct neigh_table *tbl, u64 cursor, u32 max_slots, void (*fn)(void *ctx, struct pneigh_entry *pn),
		void *ctx);

/**
 * pneigh_enqueue() - give @skb (taken) to tbl->proxy_redo() after a random part of @p's proxy_delay
 *
 * Everybody who proxies for an address hears a question at the same time: they must not answer at the same time.
 * It is dropped when too many wait, when the device goes down, and when the carrier goes.
 */
void pneigh_enqueue(struct neigh_table *tbl, struct neigh_parms *p, struct sk_buff *skb);

#endif
