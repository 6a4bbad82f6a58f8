/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 forwarding information base: tables, rules, next hops, metrics.
 *
 * @rfc 4291, 4191   @linux include/net/ip6_fib.h, net/ipv6/ip6_fib.c, fib6_rules.c
 */
#ifndef NETHOOD_IPV6_IP6_FIB_H
#define NETHOOD_IPV6_IP6_FIB_H

#include <linux/rtnetlink.h>

#include "base/list.h"
#include "base/rcu.h"
#include "base/types.h"
#include "dev/netdevice.h"
#include "ipv6/ip6_route.h"
#include "net.h"

#define IP6_RT_PRIO_USER 1024U
#define IP6_RT_PRIO_ADDRCONF 256U
#define FIB6_MAX_NEXTHOPS 256

/** struct fib6_config - a route as somebody asks for it: RTM_NEWROUTE decoded, or made by addrconf and RAs */
struct fib6_config {
	u32 table;  /**< RT_TABLE_*; 0: main */
	u32 metric; /**< 0: IP6_RT_PRIO_USER */
	u8 dst_len, src_len, protocol, type /* RTN_* */, pref /* ICMPV6_ROUTER_PREF_* */;
	struct in6_addr dst, src, prefsrc, gateway;
	bool has_gateway;
	int oif;
	u32 flags;             /**< RTF_* : RTF_ADDRCONF, RTF_DEFAULT, RTF_PREFIX_RT ... */
	u32 nh_flags;          /**< RTNH_F_* */
	u32 expires_s;         /**< 0: never */
	u32 metrics[RTAX_MAX]; /**< index RTAX_x - 1 */
	u32 metrics_set, metrics_lock;
	struct fib_encap6 {
		u16 type, bytes;
		const void *data; /**< borrowed; NULL: no tunnel */
	} encap;
	u32 nh_count; /**< > 0: multipath */
	struct fib6_config_nh {
		int oif;
		bool has_gateway;
		struct in6_addr gateway;
		u32 flags, weight;
		struct fib_encap6 encap;
	} * nh;
	u32 nlflags; /**< NLM_F_CREATE, EXCL, REPLACE, APPEND */
	u32 portid;
	bool kernel; /**< made by the net itself: no limits of users apply */
};

int fib6_init(struct net *net);
void fib6_exit(struct net *net);
/** ip6_route_add() / ip6_route_del() - all or nothing; *errmsg: the kernel's text, static, or NULL.  Return: 0, -errno as the kernel's */
int ip6_route_add(struct net *net, const struct fib6_config *cfg, const char **errmsg);
int ip6_route_del(struct net *net, const struct fib6_config *cfg, const char **errmsg);
/** addrconf_prefix_route() - on-link route of a prefix, by RTPROT_KERNEL; expires_s 0: never.  Return: 0, -errno */
int addrconf_prefix_route(const struct in6_addr *pfx, u8 plen, u32 metric, struct net_device *dev, u32 expires_s,
			  u32 flags);
/** addrconf_get_prefix_route() - that route; borrowed, NULL.  @flags: RTF_* it must have, @noflags: must not */
struct fib6_info *addrconf_get_prefix_route(const struct in6_addr *pfx, u8 plen, const struct net_device *dev,
					    u32 flags, u32 noflags);
void fib6_set_expires(struct fib6_info *rt, u32 expires_s); /* 0: never */
/** fib6_set_metric() - RTAX_*; without memory it stays as it is */
void fib6_set_metric(struct fib6_info *rt, u32 rtax, u32 value);
int ip6_del_rt(struct net *net, struct fib6_info *rt); /* borrowed; notified */
u32 fib6_metric(const struct fib6_info *rt);
bool fib6_is_over(const struct fib6_info *rt); /* its time is */
/** fib6_purge_dev() - every route of @dev goes (down, or unregistered); addresses' local routes too if @all */
void fib6_purge_dev(struct net_device *dev, bool all);
void fib6_dev_link_change(struct net_device *dev); /**< up, carrier: RTNH_F_DEAD, RTNH_F_LINKDOWN; multipath again */
void fib6_mtu_change(struct net_device *dev, u32 mtu);

/** struct fib6_nh_view - one next hop for listings and notifications; all borrowed */
struct fib6_nh_view {
	struct net_device *dev; /**< NULL: none */
	bool has_gateway;
	struct in6_addr gateway;
	u32 flags /* RTNH_F_* */, weight;
	struct lwtunnel_state *lwtstate;
};
/** struct fib6_route_view - one route for listings and notifications; all borrowed */
struct fib6_route_view {
	u32 table_id, metric;
	struct in6_addr dst, src, prefsrc;
	u8 dst_len, src_len, type, protocol, pref;
	u32 flags;     /**< RTF_* */
	u32 rtm_flags; /**< RTM_F_* */
	s32 error;     /**< -errno of RTA_CACHEINFO */
	bool expires;
	s64 expires_s;
	u32 refcnt;
	const u32 *metrics; /**< index RTAX_x - 1; NULL: none */
	u32 metrics_lock;
	u32 path_metrics[RTAX_MAX];     /**< what metrics points at, if the path has an MTU of its own */
	u32 nh_count;                   /**< at least 1 */
	struct fib6_nh_view nh;         /**< the first */
	const struct fib6_info *nh_pos; /**< for fib6_view_next_nh() */
};
/** fib6_view_next_nh() - r->nh becomes the next of nh_count; to be called nh_count - 1 times */
void fib6_view_next_nh(struct fib6_route_view *r);
/** struct fib6_dump_cursor - zeroed: the first route */
struct fib6_dump_cursor {
	struct in6_addr addr;
	u32 table_id;
	u32 plen_plus_1; /**< 0: the table's begin */
	u32 skip;        /**< routes of this prefix that were shown */
};
/**
 * fib6_dump() - routes from @cursor on, in the kernel's order; routes may come and go between calls
 * @only_table: 0: all tables
 * @exceptions: path MTUs and redirects instead: `ip -6 route show cache`
 * @fn: non-zero stops the dump; its route is the first one of the next call with the same cursor
 * Return: 0 at the end, 1: stopped
 */
int fib6_dump(struct net *net, struct fib6_dump_cursor *cursor, u32 only_table, bool exceptions,
	      int (*fn)(void *ctx, const struct fib6_route_view *r), void *ctx);
/** ip6_route_view() - of a route that a packet has: RTM_GETROUTE.  @rt: borrowed */
void ip6_route_view(const struct rt6_info *rt, struct fib6_route_view *out);
/** ip6_route_fib_view() - of the route in the FIB that it was made from, with all next hops; false: there is none */
bool ip6_route_fib_view(const struct rt6_info *rt, struct fib6_route_view *out);
u32 fib6_seq(const struct net *net); /* changes with every change */
bool fib6_table_exists(const struct net *net, u32 id);

/* rules: ipv6/fib6_rules.c */
struct fib6_rule_config {
	u32 pref, table, mark, mask, flags, target, suppress_prefixlen;
	u8 action, src_len, dst_len, tos, ip_proto, protocol;
	struct in6_addr src, dst;
	char iifname[IFNAMSIZ], oifname[IFNAMSIZ];
	bool pref_set, suppress_set, invert;
	u16 sport_range[2], dport_range[2];
};
int fib6_rule_add(struct net *net, const struct fib6_rule_config *cfg, u32 nlflags, u32 portid, const char **errmsg);
int fib6_rule_del(struct net *net, const struct fib6_rule_config *cfg, u32 portid, const char **errmsg);
int fib6_rule_dump(struct net *net, u32 *skip, int (*fn)(void *ctx, const struct fib6_rule_config *r), void *ctx);

/** what fib6_chain is told */
enum {
	FIB6_EVENT_ROUTE_NEW = 1,
	FIB6_EVENT_ROUTE_REPLACE,
	FIB6_EVENT_ROUTE_DEL,
	FIB6_EVENT_RULE_NEW,
	FIB6_EVENT_RULE_DEL
};
struct fib6_notifier_info {
	struct net *net;
	u32 portid, nlflags;
	const struct fib6_route_view *route;
	const struct fib6_rule_config *rule;
};

#endif
