/* SPDX-License-Identifier: BSD-2-Clause */
/* dst_entry: the part of a route that every family shares.  @linux include/net/dst.h */
#ifndef NETHOOD_DEV_DST_H
#define NETHOOD_DEV_DST_H

#include "base/rcu.h"
#include "base/types.h"
#include "skb/skbuff.h"

struct lwtunnel_state;
struct neighbour;
struct dst_entry;

struct dst_ops {
	u16 family;
	/** the neighbour on the way to @daddr (NULL: that of @skb); returned, or NULL.  @linux dst_neigh_lookup */
	struct neighbour *(*neigh_lookup)(struct dst_entry *dst, struct sk_buff *skb, const void *daddr);
	/** is a route of an older generation still right?  NULL: look up again */
	struct dst_entry *(*check)(struct dst_entry *dst, u32 cookie);
	void (*link_failure)(
		struct sk_buff *skb); /**< the neighbour did not answer: tell the sender; skb is borrowed */
	u32 (*mtu)(const struct dst_entry *dst);
	void (*destroy)(struct dst_entry *dst);
};

struct dst_entry {
	struct net_device *dev; /**< holds a reference */
	const struct dst_ops *ops;
	int (*input)(struct sk_buff *skb);                                    /**< skb taken */
	int (*output)(struct net *net, struct sock *sk, struct sk_buff *skb); /**< skb taken */
	u32 refcnt;
	u16 flags;       /**< DST_* */
	s16 error;       /**< -errno for unreachable, prohibit, blackhole routes */
	ktime_t expires; /**< 0: never */
	struct lwtunnel_state
		*lwtstate; /**< holds a reference; NULL: no tunnel.  What input and output were without it: */
	int (*orig_input)(struct sk_buff *skb);
	int (*orig_output)(struct net *net, struct sock *sk, struct sk_buff *skb);
	u32 genid; /**< generation of the routing tables that it was made from */
	struct rcu_head rcu;
};

#define DST_HOST 0x0001
#define DST_NOCOUNT 0x0002
#define DST_DEAD 0x0004 /**< its device is going: look up again */

static inline struct dst_entry *dst_get(struct dst_entry *dst)
{
	dst->refcnt++;
	return dst;
}
/** dst_release() - give back a reference; the last one frees it after a grace period; @dst may be NULL */
void dst_release(struct dst_entry *dst);

/** skb_dst_set() - @dst: reference taken */
static inline void skb_dst_set(struct sk_buff *skb, struct dst_entry *dst)
{
	skb_dst_drop(skb);
	skb->_dst = dst;
}
/** skb_dst_set_noref() - @dst borrowed: right until the next quiescent point; skb_dst_force() before queueing */
static inline void skb_dst_set_noref(struct sk_buff *skb, struct dst_entry *dst)
{
	skb_dst_drop(skb);
	skb->_dst = (struct dst_entry *)((uintptr_t)dst | SKB_DST_NOREF);
}
/** skb_dst_force() - whoever queues an skb beyond this poll calls this first.  @linux skb_dst_force */
static inline void skb_dst_force(struct sk_buff *skb)
{
	if ((uintptr_t)skb->_dst & SKB_DST_NOREF)
		skb->_dst = dst_get(skb_dst(skb));
}

#endif
