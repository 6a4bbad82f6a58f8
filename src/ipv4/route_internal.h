/* SPDX-License-Identifier: BSD-2-Clause */
/* What route.c, route_input.c and route_pmtu.c share. */
#ifndef NETHOOD_IPV4_ROUTE_INTERNAL_H
#define NETHOOD_IPV4_ROUTE_INTERNAL_H

#include "base/htable.h"
#include "base/ratelimit.h"
#include "ipv4/fib_lookup.h"
#include "ipv4/route.h"

#define IPTOS_RT_MASK 0xfcU /**< of the TOS, what routes are chosen by: all but ECN */
#define RT_INPUT_CACHE_SLOTS 64U
#define RT_OUTPUT_CACHE_SLOTS 64U
#define RT_EXCEPTIONS_MAX 4096U

/** struct rt_input_slot - the route of the last packet with this key */
struct rt_input_slot {
	__be32 daddr, saddr;
	int iif;
	u32 genid;
	u8 tos;
	struct rtable *rt; /**< reference; NULL: empty */
};

/** struct rt_output_key - all that an output route depends on while there are no rules but the three; without holes */
struct rt_output_key {
	__be32 daddr, saddr;
	int oif;
	u8 tos, scope, flags, unused;
};

/** struct rt_output_slot - the route of the last flow with this key */
struct rt_output_slot {
	struct rt_output_key key;
	__be32 daddr, saddr; /**< as the flow had them then */
	int oif;
	struct rtable *rt; /**< reference; NULL: empty */
};

/** struct rt_exception - a destination whose path is narrower than its route says */
struct rt_exception {
	struct list_head node; /**< of route_state.exception_list, oldest first */
	__be32 daddr;
	u32 pmtu_bytes;
	bool mtu_locked;
	ktime_t expires;
	struct rtable *rt; /**< its route; reference; NULL: not asked for yet */
};

/** struct route_state - net->ipv4->route */
struct route_state {
	struct rt_input_slot *input; /**< NULL until a packet comes in */
	bool input_used;
	struct rt_output_slot *output; /**< NULL until a route is found */
	bool output_used;
	u32 neigh_generation;     /**< of the device of the last packet to one on the link: ip_neigh_prefetch() */
	struct htable exceptions; /**< destination -> rt_exception */
	struct list_head exception_list;
	struct ratelimit_state martian_limit;
	u64 input_hits, input_misses, output_hits, output_lookups, exceptions_evicted;
};

/** rt_create() - returned; NULL: no memory.  @dev gets a reference */
struct rtable *rt_create(struct net_device *dev, u8 type, u32 flags);
/** rt_set_nexthop() - gateway and metrics of the chosen next hop; takes a reference on its fib_info */
void rt_set_nexthop(struct rtable *rt, const struct fib_result *res);
/** rt_cached() - what a next hop keeps, if it is still right; borrowed */
static inline struct rtable *rt_cached(const struct net *net, struct rtable *const *slot)
{
	struct rtable *rt = rcu_dereference(*slot);

	return rt && likely(rt_is_current(rt, net->ipv4->rt_genid, net->now)) ? rt : NULL;
}
/** rt_cache_put() - @rt: borrowed, the slot takes its own reference */
void rt_cache_put(struct rtable **slot, struct rtable *rt);

/* ---- route_input.c */
void rt_input_cache_flush(struct route_state *rs);

/* ---- route_pmtu.c */
void rt_pmtu_init(struct net *net, struct route_state *rs);
void rt_pmtu_exit(struct net *net, struct route_state *rs);
/** rt_exception_find() - borrowed; NULL: none that is still valid */
struct rt_exception *rt_exception_find(struct net *net, __be32 daddr);

#endif
