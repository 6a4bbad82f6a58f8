// SPDX-License-Identifier: BSD-2-Clause
/* What of IPv6 is not there yet: weak, so that the real one wins.  Goes when IPv6 is whole. */
#include <errno.h>

#include "ipv6/netns_ipv6.h"
#include "ipv6/protocol.h"
#include "ipv6/addrconf.h"
#include "ipv6/ip6_route.h"
#include "ipv6/ip6_fib.h"
#include "ipv6/ipv6.h"
#include "ipv6/ndisc.h"
#include "ipv6/icmpv6.h"
#include "ipv6/mcast.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"
#define __pending __attribute__((weak))

__pending int ip6_route_output_flow(struct net *net, struct flowi6 *fl6, struct rt6_info **out)
{
	return -EAFNOSUPPORT;
}
__pending int ip6_route_input(struct sk_buff *skb, enum skb_drop_reason *reason)
{
	return -EAFNOSUPPORT;
}
__pending void rt6_cache_flush(struct net *net)
{
}
__pending int ip6_neigh_for_gw(struct rt6_info *rt, const struct in6_addr *daddr, struct neighbour **out)
{
	return -EAFNOSUPPORT;
}
__pending void rt6_neigh_doubt(const struct rt6_info *rt, const struct in6_addr *daddr)
{
}
__pending u32 ip6_dst_mtu(const struct rt6_info *rt)
{
	return 0;
}
__pending u32 ip6_dst_hoplimit(const struct rt6_info *rt)
{
	return 0;
}
__pending u32 ip6_dst_metric(const struct rt6_info *rt, int rtax)
{
	return 0;
}
__pending void ip6_update_pmtu(struct net *net, const struct in6_addr *daddr, const struct in6_addr *saddr,
			       u32 mtu_bytes, int oif, u32 mark)
{
}
__pending void rt6_do_redirect(struct net_device *dev, const struct in6_addr *router, const struct in6_addr *dest,
			       const struct in6_addr *target, bool on_link, const u8 *lladdr)
{
}
__pending struct fib6_info *rt6_get_dflt_router(struct net *net, const struct in6_addr *gw, struct net_device *dev)
{
	return NULL;
}
__pending struct fib6_info *rt6_add_dflt_router(struct net *net, const struct in6_addr *gw, struct net_device *dev,
						u8 pref, u32 metric, u32 lifetime_s)
{
	return NULL;
}
__pending void rt6_set_ra_route(struct fib6_info *rt, u8 pref, u32 lifetime_s, u8 hop_limit)
{
}
__pending void rt6_purge_dflt_routers(struct net *net)
{
}
__pending int rt6_route_rcv(struct net_device *dev, const struct in6_addr *prefix, u8 prefix_len, u8 pref,
			    u32 lifetime_s, const struct in6_addr *gw)
{
	return -EAFNOSUPPORT;
}
__pending void rt6_clean_tohost(struct net *net, const struct in6_addr *gw)
{
}
__pending int ip6_ins_local_rt(struct net *net, struct net_device *dev, const struct in6_addr *addr, bool anycast,
			       struct fib6_info **out)
{
	return -EAFNOSUPPORT;
}
__pending void ip6_del_local_rt(struct net *net, struct fib6_info *rt)
{
}
__pending int fib6_init(struct net *net)
{
	return 0;
}
__pending void fib6_exit(struct net *net)
{
}
__pending int ip6_route_add(struct net *net, const struct fib6_config *cfg, const char **errmsg)
{
	return -EAFNOSUPPORT;
}
__pending int ip6_route_del(struct net *net, const struct fib6_config *cfg, const char **errmsg)
{
	return -EAFNOSUPPORT;
}
__pending int addrconf_prefix_route(const struct in6_addr *pfx, u8 plen, u32 metric, struct net_device *dev,
				    u32 expires_s, u32 flags)
{
	return -EAFNOSUPPORT;
}
__pending struct fib6_info *addrconf_get_prefix_route(const struct in6_addr *pfx, u8 plen, const struct net_device *dev,
						      u32 flags, u32 noflags)
{
	return NULL;
}
__pending void fib6_set_expires(struct fib6_info *rt, u32 expires_s)
{
}
__pending u32 fib6_metric(const struct fib6_info *rt)
{
	return 0;
}
__pending int ip6_del_rt(struct net *net, struct fib6_info *rt)
{
	return -EAFNOSUPPORT;
}
__pending void fib6_purge_dev(struct net_device *dev, bool all)
{
}
__pending void fib6_dev_link_change(struct net_device *dev)
{
}
__pending void fib6_mtu_change(struct net_device *dev, u32 mtu)
{
}
__pending int fib6_dump(struct net *net, struct fib6_dump_cursor *cursor, u32 only_table, bool exceptions,
			int (*fn)(void *ctx, const struct fib6_route_view *r), void *ctx)
{
	return -EAFNOSUPPORT;
}
__pending void ip6_route_view(const struct rt6_info *rt, struct fib6_route_view *out, struct fib6_nh_view *nh)
{
}
__pending u32 fib6_seq(const struct net *net)
{
	return 0;
}
__pending bool fib6_table_exists(const struct net *net, u32 id)
{
	return 0;
}
__pending int fib6_rule_add(struct net *net, const struct fib6_rule_config *cfg, u32 nlflags, u32 portid,
			    const char **errmsg)
{
	return -EAFNOSUPPORT;
}
__pending int fib6_rule_del(struct net *net, const struct fib6_rule_config *cfg, u32 portid, const char **errmsg)
{
	return -EAFNOSUPPORT;
}
__pending int fib6_rule_dump(struct net *net, u32 *skip, int (*fn)(void *ctx, const struct fib6_rule_config *r),
			     void *ctx)
{
	return -EAFNOSUPPORT;
}
__pending int ip6_flowlabel_init(struct net *net)
{
	return 0;
}
__pending void ip6_flowlabel_exit(struct net *net)
{
}
