/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes: from addresses to a device and a next hop.
 *
 * @step S5 of S13, from ipv4/ip_output.c   @rfc 1122 3.3.1, 1812 5.2.4   @linux include/net/route.h
 */
#ifndef NETHOOD_IPV4_ROUTE_H
#define NETHOOD_IPV4_ROUTE_H

#include <linux/rtnetlink.h> /* RTN_*, RT_SCOPE_*, RTPROT_*, RT_TABLE_* */
#include <sys/socket.h>      /* AF_INET */

#include "base/types.h"
#include "dev/dst.h"
#include "net.h"
#include "skb/skbuff.h"

struct neighbour;
struct fib_info;

#define FLOWI_FLAG_ANYSRC (1U << 0) /**< the source need not be ours */
#define FLOWI_FLAG_KNOWN_NH (1U << 1)

/** struct flowi4 - what a route is looked up by */
struct flowi4 {
	int oif, iif; /**< ifindex, 0: any */
	__be32 saddr, daddr;
	u8 tos, scope, proto, flags;
	u32 mark;
	__be16 sport, dport;
	u32 uid;
	u32 multipath_hash; /**< 0: computed when a route has several next hops */
};

/** struct rtable - a route as packets carry it */
struct rtable {
	struct dst_entry dst;
	u8 type;      /**< RTN_* */
	u8 gw_family; /**< 0: on link; AF_INET, AF_INET6 */
	bool is_input;
	bool uses_gateway;
	u32 flags; /**< RTCF_* */
	int iif;
	union {
		__be32 gw4;
		u8 gw6[16];
	};
	struct fib_info *fi; /**< metrics; holds a reference; NULL: none */
	u32 pmtu_bytes;      /**< 0: the device's */
	bool mtu_locked;
	/** of an IPv4 gateway, or of the last on-link destination; reference held, checked by key and neigh_alive() */
	struct neighbour *neigh;
	__be32 neigh_key;  /**< its own: so that another one's memory is not looked at */
	__be32 neigh_last; /**< the last one asked for: it is kept when it is asked for again */
};

/**
 * ip_route_output_flow() - route of a packet that starts here
 * @fl4: in: what is known; out: saddr, daddr, oif completed
 * @out: returned; dst_release(&rt->dst) ends it
 * Return: 0, -ENETUNREACH (also: a source that is not ours), -EHOSTUNREACH, -EACCES (prohibit), -EINVAL (blackhole, or a
 * source that nobody can have), -ENODEV, -ENOBUFS.
 */
int __must_check ip_route_output_flow(struct net *net, struct flowi4 *fl4, struct rtable **out);
/** ip_route_input() - route of a packet that came in; sets skb's dst; Return: 0 or -errno, with *reason for the drop */
int __must_check ip_route_input(struct sk_buff *skb, __be32 daddr, __be32 saddr, u8 tos, struct net_device *dev,
				enum skb_drop_reason *reason);
/** rt_is_current() - may a cached route still be used? */
static inline bool rt_is_current(const struct rtable *rt, u32 genid, ktime_t now)
{
	return rt->dst.genid == genid && !(rt->dst.flags & DST_DEAD) && (!rt->dst.expires || now < rt->dst.expires);
}
/** rt_cache_flush() - tables or addresses changed: a new generation */
void rt_cache_flush(struct net *net);
static inline struct rtable *skb_rtable(const struct sk_buff *skb)
{
	return (struct rtable *)(void *)skb_dst(skb); /* dst is its first member */
}
/** ip_neigh_for_gw() - neighbour of the next hop of @skb by route @rt; borrowed until the next quiescent point
 *  @is_v6gw: out: the header cache does not fit.  Return: 0, -ENOBUFS, -EINVAL, -EAFNOSUPPORT: the gateway's family is not there */
int __must_check ip_neigh_for_gw(struct rtable *rt, struct sk_buff *skb, bool *is_v6gw, struct neighbour **out);
/** ip_neigh_prefetch() - a packet to @daddr is about to go, by a route that is not known yet */
void ip_neigh_prefetch(const struct net *net, __be32 daddr);
/** ip_neigh_prefetch_entry() - now it is known, and some time has passed */
void ip_neigh_prefetch_entry(const struct rtable *rt, __be32 daddr);
/** rt_nexthop() - to whom packets to @daddr by @rt go first, unless that is an IPv6 gateway.  @linux rt_nexthop */
static inline __be32 rt_nexthop(const struct rtable *rt, __be32 daddr)
{
	return rt->gw_family == AF_INET ? rt->gw4 : daddr;
}
/** rt_neigh_doubt() - packets to @daddr by @rt do not seem to arrive: neigh_doubt() of the next hop, if it is known */
void rt_neigh_doubt(const struct rtable *rt, __be32 daddr);
u32 ip_dst_mtu(const struct rtable *rt);
/** ip_update_pmtu() - an ICMP "fragmentation needed" for @daddr was believed */
void ip_update_pmtu(struct net *net, __be32 daddr, u32 mtu_bytes, int oif);

#define RTCF_BROADCAST 0x10000000U
#define RTCF_MULTICAST 0x20000000U
#define RTCF_LOCAL 0x80000000U

#endif
