/* SPDX-License-Identifier: BSD-2-Clause */
/* Forwarding information base: tables, rules, next hops, metrics.
 *
 * @rfc 1812 5.2.4   @linux include/net/ip_fib.h, net/ipv4/fib_trie.c, fib_semantics.c, fib_rules.c, fib_frontend.c
 */
#ifndef NETHOOD_IPV4_IP_FIB_H
#define NETHOOD_IPV4_IP_FIB_H

#include <linux/rtnetlink.h>

#include "base/list.h"
#include "base/rcu.h"
#include "base/types.h"
#include "dev/netdevice.h"
#include "ipv4/route.h"
#include "net.h"

#define FIB_MAX_NEXTHOPS 256

struct in_ifaddr;

/** struct fib_nh - one next hop */
struct fib_nh {
	struct net_device *dev; /**< reference; NULL for unreachable and the like */
	int oif;
	u8 gw_family; /**< 0, AF_INET, AF_INET6 */
	u8 scope;
	u32 flags;  /**< RTNH_F_* */
	u32 weight; /**< rtnh_hops + 1 */
	union {
		__be32 gw4;
		u8 gw6[16];
	};
	u32 upper_bound; /**< of the hash, for multipath */
	__be32 saddr;    /**< cached source for this hop, with its generation */
	u32 saddr_genid;
	struct lwtunnel_state *lwtstate; /**< holds a reference; NULL: no tunnel */
	struct rtable *rth_output;       /**< cached route of this hop; reference */
	struct rtable *rth_input;
};

/** struct fib_encap - a tunnel as somebody asks for it: dev/lwtunnel.h */
struct fib_encap {
	u16 type;         /**< LWTUNNEL_ENCAP_* */
	u16 bytes;        /**< of data */
	const void *data; /**< borrowed; NULL: no tunnel */
};

/** struct fib_info - what several routes share: next hops, metrics, protocol, preferred source; counted */
struct fib_info {
	struct net *net;
	u64 hash;                   /**< in net->ipv4->fib->info_hash */
	struct list_head info_node; /**< all of the net */
	u32 refcnt;                 /**< rtables, and one for all routes */
	u32 treeref;                /**< routes */
	u8 protocol, scope, type;
	u8 dead;
	u8 plain; /**< one next hop that is up and has carrier, and no error: any flow in scope may take it */
	u32 flags, priority, tb_id;
	__be32 prefsrc;
	u32 metrics[RTAX_MAX]; /**< index RTAX_x - 1 */
	u32 metrics_lock;
	struct rcu_head rcu;
	u32 nhs;
	struct fib_nh nh[];
};

/** struct fib_config - a route as somebody asks for it: RTM_NEWROUTE decoded, or made by devinet */
struct fib_config {
	u8 dst_len, tos, protocol, scope, type, gw_family;
	u32 table;
	__be32 dst, gw4, prefsrc;
	u8 gw6[16];
	int oif;
	u32 flags; /**< RTNH_F_* */
	u32 priority;
	u32 metrics[RTAX_MAX];
	u32 metrics_set;  /**< bit RTAX_x - 1 */
	u32 metrics_lock; /**< bit RTAX_x, as in RTAX_LOCK */
	struct fib_encap encap;
	u32 nh_count; /**< > 0: multipath, nh[] below; else gw4/oif */
	struct fib_config_nh {
		int oif;
		u8 gw_family;
		__be32 gw4;
		u8 gw6[16];
		u32 flags, weight;
		struct fib_encap encap;
	} * nh;
	u32 nlflags; /**< NLM_F_CREATE, EXCL, REPLACE, APPEND */
	u32 portid;  /**< who asked, for the notification */
};

struct fib_result {
	__be32 prefix;
	u8 prefixlen, type, scope, nh_sel, tos;
	u32 tclassid, table_id;
	struct fib_info *fi; /**< borrowed */
};

/** fib_info_hold() / fib_info_put() - for what outlives a lookup */
static inline struct fib_info *fib_info_hold(struct fib_info *fi)
{
	fi->refcnt++;
	return fi;
}
void fib_info_put(struct fib_info *fi);
static inline struct fib_nh *fib_res_nh(const struct fib_result *res)
{
	return &res->fi->nh[res->nh_sel];
}

/** fib_net_init() - FIB and routes of a net: after devinet_init().  fib_net_exit() runs before devinet_exit() */
int fib_net_init(struct net *net);
void fib_net_exit(struct net *net);
/** fib_lookup() - rules, then tables.  Return: 0, -ENETUNREACH, -EHOSTUNREACH, -EACCES, -EINVAL; res borrowed */
int fib_lookup(struct net *net, const struct flowi4 *fl4, struct fib_result *res);
/** fib_select_path() - choose among several next hops by hash; sets res->nh_sel */
void fib_select_path(struct net *net, struct fib_result *res, struct flowi4 *fl4, const struct sk_buff *skb);
/** fib_route_add() / fib_route_del() - all or nothing; *errmsg: the kernel's text, static, or NULL.  Return: 0, -errno as the kernel's */
int fib_route_add(struct net *net, const struct fib_config *cfg, const char **errmsg);
int fib_route_del(struct net *net, const struct fib_config *cfg, const char **errmsg);

/** struct fib_route_view - one route for listings and notifications; all borrowed */
struct fib_route_view {
	u32 table_id;
	__be32 dst;
	u8 dst_len, tos, type;
	u32 flags; /**< RTM_F_* */
	const struct fib_info *fi;
};
/**
 * fib_route_dump() - routes from @cursor (zeroed: the first) on, in the kernel's order
 * @only_table: 0: all tables
 * @fn: non-zero stops the dump; its route is the first one of the next call with the same cursor
 * Return: 0 at the end, 1: stopped.  Routes may come and go between calls.
 */
struct fib_dump_cursor {
	u32 table_id;
	u64 pos[2]; /**< address; 1 + prefix length, 0: the table's begin */
	u32 skip;   /**< routes of this prefix that were shown */
};
int fib_route_dump(struct net *net, struct fib_dump_cursor *cursor, u32 only_table,
		   int (*fn)(void *ctx, const struct fib_route_view *r), void *ctx);
/** fib_table_exists() - has anybody put a route into table @id? */
bool fib_table_exists(const struct net *net, u32 id);
u32 fib_seq(const struct net *net); /* changes with every change */

/* rules */
struct fib_rule_config {
	u32 pref, table, mark, mask, flags, target, suppress_prefixlen;
	u8 action, src_len, dst_len, tos, ip_proto, protocol;
	__be32 src, dst;
	char iifname[IFNAMSIZ], oifname[IFNAMSIZ];
	bool pref_set, suppress_set, invert;
	u16 sport_range[2], dport_range[2];
};
int fib_rule_add(struct net *net, const struct fib_rule_config *cfg, u32 nlflags, u32 portid, const char **errmsg);
int fib_rule_del(struct net *net, const struct fib_rule_config *cfg, u32 portid, const char **errmsg);
int fib_rule_dump(struct net *net, u32 *skip, int (*fn)(void *ctx, const struct fib_rule_config *r), void *ctx);

/** what fib_chain is told; data is struct fib_notifier_info */
enum {
	FIB_EVENT_ENTRY_ADD = 1,
	FIB_EVENT_ENTRY_REPLACE,
	FIB_EVENT_ENTRY_APPEND,
	FIB_EVENT_ENTRY_DEL,
	FIB_EVENT_RULE_ADD,
	FIB_EVENT_RULE_DEL
};
struct fib_notifier_info {
	struct net *net;
	u32 portid, nlflags;
	const struct fib_route_view *route;
	const struct fib_rule_config *rule;
};

/** fib_add_ifaddr() - the routes that an address of a device (in its list) calls for.  Return: 0, -ENOBUFS: none was made */
int fib_add_ifaddr(struct in_ifaddr *ifa);
/**
 * fib_del_ifaddr() - remove those that no other address of the device calls for
 * @ifa: no more in the list, or about to get another primary
 * @prim: whose address they prefer as source: @ifa itself, or its primary
 */
void fib_del_ifaddr(struct in_ifaddr *ifa, const struct in_ifaddr *prim);

/** fib_compute_spec_dst() - source address to answer a packet with.  @linux fib_compute_spec_dst */
__be32 fib_compute_spec_dst(const struct sk_buff *skb);
/** fib_validate_source() - rp_filter, martians.  Return: 0 or 1 (redirect would help), -errno.  @linux fib_validate_source */
int fib_validate_source(struct sk_buff *skb, __be32 src, __be32 dst, u8 tos, int oif, struct net_device *dev,
			u32 *itag);

#endif
