/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 routes: from addresses to a device and a next hop.
 *
 * @step S5 of S13, from ipv6/ip6_output.c   @rfc 4191, 4861 5, 8201   @linux include/net/ip6_route.h, net/ipv6/route.c
 */
#ifndef NETHOOD_IPV6_IP6_ROUTE_H
#define NETHOOD_IPV6_IP6_ROUTE_H

#include <linux/rtnetlink.h> /* RTN_*, RTPROT_*, RT_TABLE_* */

#include "base/types.h"
#include "dev/dst.h"
#include "ipv6/netns_ipv6.h"
#include "net.h"
#include "skb/skbuff.h"
#include "wire/ipv6.h"

struct neighbour;
struct fib6_info;
struct in6_rtmsg;

/* RTF_* of linux/ipv6_route.h, letter for letter: it cannot be included everywhere */
#define RTF_UP 0x0001
#define RTF_GATEWAY 0x0002
#define RTF_HOST 0x0004
#define RTF_DYNAMIC 0x0010  /**< by a redirect */
#define RTF_MODIFIED 0x0020 /**< its MTU was told */
#define RTF_REJECT 0x0200
#define RTF_DEFAULT 0x00010000  /**< a default route of an RA */
#define RTF_ADDRCONF 0x00040000 /**< of an RA */
#define RTF_PREFIX_RT 0x00080000
#define RTF_ANYCAST 0x00100000
#define RTF_NONEXTHOP 0x00200000
#define RTF_EXPIRES 0x00400000
#define RTF_ROUTEINFO 0x00800000 /**< of an RA's route information */
#define RTF_CACHE 0x01000000     /**< of one destination */
#define RTF_PREF(pref) ((pref) << 27)
#define RTF_PREF_MASK 0x18000000
#define RTF_LOCAL 0x80000000

#ifndef FLOWI_FLAG_ANYSRC
#define FLOWI_FLAG_ANYSRC (1U << 0) /**< the source need not be ours */
#define FLOWI_FLAG_KNOWN_NH (1U << 1)
#endif
/* what a socket says about labels by hash; neither: as net.ipv6.auto_flowlabels has it */
#define FLOWI6_FLAG_AUTOLABEL (1U << 6)
#define FLOWI6_FLAG_NO_AUTOLABEL (1U << 7)

/** struct flowi6 - what a route is looked up by */
struct flowi6 {
	int oif, iif; /**< ifindex, 0: any */
	struct in6_addr saddr, daddr;
	__be32 flowlabel; /**< traffic class and label, as ip6_flowinfo() */
	u8 proto, flags;
	bool strict_oif; /**< SO_BINDTODEVICE, sin6_scope_id: no other device will do.  @linux RT6_LOOKUP_F_IFACE */
	u8 src_prefs;    /**< IPV6_PREFER_SRC_* low bits */
	u32 mark, uid;
	__be16 sport, dport; /**< ICMPv6: type, code */
	u32 multipath_hash;  /**< 0: computed when a route has several next hops */
};

/** struct rt6_info - a route as packets carry it */
struct rt6_info {
	struct dst_entry dst; /**< first */
	u8 type;              /**< RTN_* */
	bool uses_gateway;
	bool is_input;
	u32 flags; /**< RTF_* of linux/ipv6_route.h: RTF_LOCAL, RTF_ANYCAST, RTF_GATEWAY, RTF_CACHE ... */
	int iif;
	struct in6_addr gateway; /**< next hop if uses_gateway */
	struct in6_addr prefsrc; /**< any: none */
	struct fib6_info *from;  /**< metrics; reference; NULL: none */
	u32 pmtu_bytes;          /**< of the path, 0: the device's */
	struct neighbour
		*neigh; /**< of the gateway or the last destination; reference, checked by key and neigh_alive() */
};

static inline struct rt6_info *skb_rt6_info(const struct sk_buff *skb)
{
	return (struct rt6_info *)(void *)skb_dst(skb);
}

/**
 * ip6_route_output_flow() - route of a packet that starts here, and its source address
 * @fl6: in: what is known; out: saddr (unless it was given), oif completed
 * @out: returned; dst_release(&rt->dst) ends it
 * @linux ip6_dst_lookup_flow
 * Return: 0, -ENETUNREACH, -EHOSTUNREACH, -EACCES (prohibit), -EINVAL (blackhole), -ENODEV, -EADDRNOTAVAIL, -ENOBUFS.
 */
int __must_check ip6_route_output_flow(struct net *net, struct flowi6 *fl6, struct rt6_info **out);
/** ip6_route_output() - as ip6_route_output_flow(), but no source is chosen, and rt->dst.error is left to the caller
 *  Return: 0, -ENOBUFS */
int __must_check ip6_route_output(struct net *net, struct flowi6 *fl6, struct rt6_info **out);
/** ip6_route_get_saddr() - the source that the route prefers, or that RFC 6724 chooses.  Return: 0, -EADDRNOTAVAIL */
int ip6_route_get_saddr(struct net *net, const struct rt6_info *rt, const struct in6_addr *daddr, u32 prefs,
			struct in6_addr *out);
/** ip6_route_input() - route of a packet that came in, into skb's dst: input is ip6_input, ip6_mc_input, ip6_forward, or
 *  what drops it with an ICMPv6 error.  Return: 0, -errno with *reason */
int __must_check ip6_route_input(struct sk_buff *skb, enum skb_drop_reason *reason);
/** icmp6_dst_alloc() - straight to @daddr on @dev, whatever the routes say: for ND and MLD; ipv6/icmp6_dst.c.
 *  Return: returned; NULL: no memory.  @linux icmp6_dst_alloc */
struct rt6_info *icmp6_dst_alloc(struct net_device *dev, const struct in6_addr *daddr);
/** rt6_is_current() - may a cached route still be used? */
static inline bool rt6_is_current(const struct rt6_info *rt, u32 genid, ktime_t now)
{
	return rt->dst.genid == genid && !(rt->dst.flags & DST_DEAD) && (!rt->dst.expires || now < rt->dst.expires);
}
void rt6_cache_flush(struct net *net); /**< a new generation */
static inline const struct in6_addr *rt6_nexthop(const struct rt6_info *rt, const struct in6_addr *daddr)
{
	return rt->uses_gateway ? &rt->gateway : daddr;
}
/** ip6_neigh_for_gw() - neighbour of the next hop of @daddr by @rt; borrowed.  Return: 0, -ENOBUFS, -EINVAL */
int __must_check ip6_neigh_for_gw(struct rt6_info *rt, const struct in6_addr *daddr, struct neighbour **out);
void rt6_neigh_doubt(const struct rt6_info *rt, const struct in6_addr *daddr);
u32 ip6_dst_mtu(const struct rt6_info *rt);
u32 ip6_dst_hoplimit(const struct rt6_info *rt);
/** ip6_dst_metrics() - by RTAX_* - 1, 0: not set; borrowed, NULL: none is */
const u32 *ip6_dst_metrics(const struct rt6_info *rt);
/** ip6_dst_metric() - RTAX_* of the route, 0: not set */
u32 ip6_dst_metric(const struct rt6_info *rt, int rtax);
/** ip6_update_pmtu() - an ICMPv6 "packet too big" for @daddr was believed.  @rfc 8201 4 */
void ip6_update_pmtu(struct net *net, const struct in6_addr *daddr, const struct in6_addr *saddr, u32 mtu_bytes,
		     int oif, u32 mark);
/** rt6_do_redirect() - a redirect from @gateway (checked by ndisc.c): packets to @dest go to @target; @on_link: it is the
 *  destination itself.  @lladdr NULL: not told.  @rfc 4861 8.3 */
void rt6_do_redirect(struct net_device *dev, const struct in6_addr *router, const struct in6_addr *dest,
		     const struct in6_addr *target, bool on_link, const u8 *lladdr);

/* ---- routes that RAs and addresses make: ipv6/route.c */
/** rt6_get_dflt_router() - the default route by @gw on @dev that an RA made; borrowed, NULL */
struct fib6_info *rt6_get_dflt_router(struct net *net, const struct in6_addr *gw, struct net_device *dev);
/** rt6_add_dflt_router() - @pref: ICMPV6_ROUTER_PREF_*.  Return: NULL: no memory, or too many routers (D-row) */
struct fib6_info *rt6_add_dflt_router(struct net *net, const struct in6_addr *gw, struct net_device *dev, u8 pref,
				      u32 metric, u32 lifetime_s);
/** rt6_set_ra_route() - lifetime, preference, hop limit of an RA's route (0: not told) */
void rt6_set_ra_route(struct fib6_info *rt, u8 pref, u32 lifetime_s, u8 hop_limit);
/** rt6_set_dflt_router() - the same of a default router; a new preference is told */
void rt6_set_dflt_router(struct fib6_info *rt, u8 pref, u32 lifetime_s, u8 hop_limit);
/** rt6_purge_dflt_routers() - those that RAs made: we forward from now on */
void rt6_purge_dflt_routers(struct net *net);
/** rt6_route_rcv() - a route information option.  @rfc 4191 2.3.  Return: 0, -EINVAL, -ENOBUFS */
int rt6_route_rcv(struct net_device *dev, const struct in6_addr *prefix, u8 prefix_len, u8 pref, u32 lifetime_s,
		  const struct in6_addr *gw);
/** rt6_remove_prefsrc() - routes by @dev do not prefer @addr any more: it is not ours */
void rt6_remove_prefsrc(const struct net_device *dev, const struct in6_addr *addr);
/** rt6_exceptions_age() - those whose time is over go, and redirects to who is no router; Return: how many are left */
u32 rt6_exceptions_age(struct net *net);
/** rt6_clean_tohost() - @gw is no router any more: default routes of RAs by it go, and what redirects recommended it */
void rt6_clean_tohost(struct net *net, const struct in6_addr *gw);
/** rt6_mtu_change(), rt6_multipath_rebalance() ... are ip6_fib.h's */
/** addrconf_f6i_alloc() - local (RTN_LOCAL or RTN_ANYCAST) route of an address; in the local table when it returns; reference */
int ip6_ins_local_rt(struct net *net, struct net_device *dev, const struct in6_addr *addr, bool anycast,
		     struct fib6_info **out);
void ip6_del_local_rt(struct net *net, struct fib6_info *rt); /* reference taken */

#endif
