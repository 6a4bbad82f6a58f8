/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of IPv6's FIB and routes share among themselves; others include ip6_fib.h and ip6_route.h. */
#ifndef NETHOOD_IPV6_FIB6_INTERNAL_H
#define NETHOOD_IPV6_FIB6_INTERNAL_H

#include "base/htable.h"
#include "base/notifier.h"
#include "base/timer.h"
#include "ipv6/addrconf.h"
#include "ipv6/fib6_trie.h"
#include "ipv6/ip6_fib.h"
#include "ipv6/ip6_route.h"
#include "ipv6/netns_ipv6.h"

#define FIB6_ROUTERS_MAX 16U    /**< default routes of RAs, per device */
#define FIB6_RA_ROUTES_MAX 256U /**< of their route information, per net */

/* how routes are looked up */
#define RT6_LOOKUP_F_IFACE (1U << 0)            /**< the device that was named, or none */
#define RT6_LOOKUP_F_REACHABLE (1U << 1)        /**< rather not by a router that does not answer.  @rfc 4191 3.2 */
#define RT6_LOOKUP_F_IGNORE_LINKSTATE (1U << 2) /**< as if no device asked to ignore routes without carrier */

/** struct fib6_more - what most routes do not have */
struct fib6_more {
	struct in6_addr src; /**< source-specific; see src_len */
	struct in6_addr prefsrc;
	u8 src_len;
	u32 metrics[RTAX_MAX]; /**< index RTAX_x - 1 */
	u32 metrics_lock;
};

/**
 * struct fib6_info - one route with one next hop; counted: the tree, packets' routes and addresses have references
 *
 * The routes of a prefix are a chain in the order in which they are tried: source-specific ones first, then by metric.
 * Several next hops are several of these, side by side: siblings.
 */
struct fib6_info {
	struct fib6_leaf leaf; /**< first */
	struct fib6_info *next;
	struct fib6_table *tb;
	struct fib6_more *more;          /**< NULL: nothing of it */
	struct net_device *dev;          /**< reference; the loopback device of what is refused */
	struct lwtunnel_state *lwtstate; /**< reference; NULL: no tunnel */
	struct rt6_info *rt;             /**< what packets by it get; reference; NULL: none yet */
	struct in6_addr gateway;
	ktime_t expires; /**< 0: never */
	u32 metric;
	u32 flags; /**< RTF_* without the preference */
	u32 refcnt;
	u32 upper_bound; /**< of the hash, among siblings; UINT32_MAX: never chosen */
	u16 weight;
	u16 nsiblings; /**< others beside it */
	u16 rr_index;  /**< of a first one: where the round robin stands (profile strict) */
	u8 type, protocol, pref;
	u8 nh_flags; /**< RTNH_F_* */
	u8 has_gateway : 1;
	u8 in_tree : 1;
	u8 gone : 1; /**< removed, but for memory to do it: counts as absent everywhere */
	u8 has_exceptions : 1;
	u32 probed_s; /**< when its router was asked whether it lives again.  @rfc 4191 3.5 */
	struct rcu_head rcu;
};

/** struct fib6_table - one routing table; lives as long as its net */
struct fib6_table {
	struct fib6_table *next; /**< in the order of listings: id & 255, then newest first */
	struct fib6_state *fs;
	u32 id;
	u32 route_count;
	u32 src_count; /**< source-specific ones */
	struct fib6_trie trie;
};

struct fib6_rule {
	struct fib6_rule *next;
	struct fib6_rule *target; /**< of a goto; NULL: unresolved */
	struct fib6_table *table; /**< NULL: does not exist yet */
	struct mem *mem;
	struct rcu_head rcu;
	struct fib6_rule_config cfg;
};

/** struct fib6_state - net->ipv6->fib */
struct fib6_state {
	struct net *net;
	struct fib6_table *tables, *local, *main;
	struct fib6_rule *rules;
	bool custom_rules; /**< the two rules that a net starts with were changed, ever */
	u32 seq;           /**< of all changes */
	u64 hash_seed;     /**< of multipath selection */
	u32 expiring_count, gone_count, route_count, alloc_count;
	u32 ra_routes;               /**< made by route information of RAs */
	bool had_dflt_router;        /**< an RA made one since they were purged */
	struct timer gc_timer;       /**< routes whose time is over, and what could not be removed at once */
	struct net_device *loopback; /**< NULL: none */
	struct notifier_block netdev_nb;
	u64 routers_refused; /**< by FIB6_ROUTERS_MAX */
};

/** struct fib6_result - what a lookup found */
struct fib6_result {
	struct fib6_info *f; /**< borrowed */
	u32 table_id;
};

static inline int fib6_error(const char **errmsg, const char *text, int err)
{
	if (errmsg)
		*errmsg = text;
	return err;
}
/** fib6_type_error() - what packets by a route of this type are told; 0: nothing, they are sent */
static inline int fib6_type_error(u8 type)
{
	switch (type) {
	case RTN_BLACKHOLE:
		return -22; /* EINVAL */
	case RTN_PROHIBIT:
		return -13; /* EACCES */
	case RTN_THROW:
		return -11; /* EAGAIN */
	case RTN_UNREACHABLE:
		return -113; /* EHOSTUNREACH */
	default:
		return 0;
	}
}
static inline const struct in6_addr *fib6_prefsrc(const struct fib6_info *f)
{
	return f->more && !ipv6_addr_any(&f->more->prefsrc) ? &f->more->prefsrc : NULL;
}
static inline u8 fib6_src_len(const struct fib6_info *f)
{
	return f->more ? f->more->src_len : 0;
}
/** fib6_qualifies_for_ecmp() - may it be one of several next hops? */
static inline bool fib6_qualifies_for_ecmp(const struct fib6_info *f)
{
	return f->has_gateway && !(f->flags & (RTF_ADDRCONF | RTF_DYNAMIC));
}
static inline bool fib6_expired(const struct fib6_info *f, ktime_t now)
{
	return f->expires && now >= f->expires;
}
static inline struct fib6_info *fib6_info_hold(struct fib6_info *f)
{
	f->refcnt++;
	return f;
}
void fib6_info_put(struct fib6_info *f);

/* ---- fib6_info.c: from a request to a route */
/** fib6_info_create() - checked; the i-th next hop of @cfg.  *out: returned, not in the tree.  Return: 0, -errno */
int fib6_info_create(struct fib6_state *fs, const struct fib6_config *cfg, u32 i, struct fib6_info **out,
		     const char **errmsg);
/** fib6_config_check() - what can be said of a request before its next hops.  Return: 0, -errno */
int fib6_config_check(const struct fib6_config *cfg, const char **errmsg);
/** fib6_check_gateway() - neigh_table.check_gateway of Neighbour Discovery.  @rfc 8950 */
int fib6_check_gateway(struct net *net, const void *key, u32 table, bool onlink, struct net_device **dev,
		       const char **errmsg);
void fib6_route_view(const struct fib6_info *first, u32 nh_count, struct fib6_route_view *out);

/* ---- ip6_fib.c: tables */
struct fib6_table *fib6_table_find(const struct fib6_state *fs, u32 id);
int fib6_table_create(struct fib6_state *fs, u32 id, struct fib6_table **out);
/**
 * fib6_table_insert()
 * @f:    reference taken if it succeeds
 * @told: NLM_F_* of what came of it, for those who are told: REPLACE; CREATE, with EXCL if no other route has its
 *        prefix and metric
 * Return: 0, -EEXIST, -ENOENT, -ENOBUFS
 */
int fib6_table_insert(struct fib6_table *tb, struct fib6_info *f, u32 nlflags, u32 *told, const char **errmsg);
/** fib6_table_remove() - out of the tree, which gives its reference back */
void fib6_table_remove(struct fib6_info *f);
/** fib6_prefix_first() - first route of exactly this prefix; NULL: none */
struct fib6_info *fib6_prefix_first(const struct fib6_table *tb, const struct in6_addr *dst, u8 plen);
/** fib6_rank_cmp() - order of two routes of one prefix, without that of their coming */
int fib6_rank_cmp(const struct fib6_info *a, const struct fib6_info *b);
/** fib6_same_group() - are they next hops of one route? */
bool fib6_same_group(const struct fib6_info *a, const struct fib6_info *b);
/** fib6_group_first() - the first of @f and its siblings in their chain */
struct fib6_info *fib6_group_first(const struct fib6_info *f);
#define FIB6_CLEAN_ONE 1   /**< it goes, and is told of */
#define FIB6_CLEAN_GROUP 2 /**< with its siblings */
#define FIB6_CLEAN_QUIET 4 /**< beside one of these: nobody is told */
/** fib6_clean_all() - each route of each table; fn: 0: it stays, FIB6_CLEAN_* */
void fib6_clean_all(struct fib6_state *fs, int (*fn)(struct fib6_info *f, void *ctx), void *ctx);
void fib6_changed(struct fib6_state *fs);
void fib6_notify(struct fib6_info *f, u32 nh_count, unsigned long event, u32 portid, u32 nlflags);
/** fib6_gc_arm() - something will be to do */
void fib6_gc_arm(struct fib6_state *fs);

/* ---- fib6_select.c: which route of a prefix */
/** fib6_table_lookup() - Return: 0, -EAGAIN (no route, or throw) */
int fib6_table_lookup(const struct fib6_table *tb, const struct flowi6 *fl6, int oif, u32 strict,
		      struct fib6_result *res);
/** fib6_select_path() - one of several next hops, by hash */
void fib6_select_path(struct net *net, struct fib6_result *res, struct flowi6 *fl6, int oif, u32 strict);
void fib6_rebalance(struct fib6_info *first);
u32 fib6_lookup_flags(const struct net *net);
/** fib6_ignored() - its device has no carrier, and such routes are not to be used: ignore_routes_with_linkdown */
bool fib6_ignored(const struct fib6_info *f);
/** fib6_covering() - first of the routes to prefixes that cover @daddr, longest first, that @suits; borrowed, NULL */
enum fib6_suits { FIB6_GO_ON, FIB6_SUITS, FIB6_NOTHING };
typedef enum fib6_suits fib6_suits_fn(struct fib6_info *f, void *ctx);
struct fib6_info *fib6_covering(const struct fib6_table *tb, const struct in6_addr *daddr, fib6_suits_fn *suits,
				void *ctx);

/* ---- route_sysctl.c */
void rt6_sysctl_init(struct net *net);
void rt6_sysctl_exit(struct net *net);

/* ---- fib6_rules.c */
/** fib6_lookup() - rules, then tables.  Return: 0 with res->f (which may be one that refuses), -ENETUNREACH, -EACCES, -EINVAL */
int fib6_lookup(struct net *net, const struct flowi6 *fl6, int oif, u32 strict, struct fib6_result *res);
int fib6_rules_init(struct fib6_state *fs);
void fib6_rules_exit(struct fib6_state *fs);
void fib6_rules_table_added(struct fib6_state *fs, struct fib6_table *tb);

/* ---- route_exception.c: path MTUs and redirects */
/** struct rt6_exception - a destination whose path differs from what its route says: narrower, or by another router */
struct rt6_exception {
	struct list_head node; /**< of rt6_state.exception_list, the least recently set first */
	struct fib6_info *f;   /**< borrowed: they go with it */
	struct in6_addr daddr, gateway;
	bool is_redirect, uses_gateway; /**< the latter of a redirect only */
	u32 pmtu_bytes;                 /**< 0: as the route says */
	ktime_t expires;                /**< of pmtu_bytes */
	ktime_t used;                   /**< of a redirect: one that nobody uses goes */
	struct rt6_info *rt;            /**< reference; NULL: not asked for yet */
};

/** struct rt6_input_slot - the route of the last packet with this key */
struct rt6_input_slot {
	struct in6_addr daddr, saddr;
	int iif;
	__be32 flowinfo;     /**< meaningful with one_flow */
	bool one_flow;       /**< there were several next hops, and the label chose */
	struct rt6_info *rt; /**< reference; NULL: empty */
};
#define RT6_INPUT_CACHE_SLOTS 64U
#define RT6_INPUT_CACHE_FIRST 16U     /**< as many for a host that hears little ... */
#define RT6_INPUT_CACHE_EVICTED 1024U /**< ... until so many had to give way */
#define RT6_EXCEPTIONS_MAX 4096U

/** struct rt6_state - net->ipv6->route */
struct rt6_state {
	struct rt6_input_slot *input; /**< NULL until a packet comes in */
	u32 input_slots, input_evicted;
	bool input_used;
	struct htable exceptions; /**< (route, destination) -> rt6_exception */
	struct list_head exception_list;
	u64 input_hits, input_misses, output_lookups, exceptions_evicted;
	u32 rt_count; /**< rt6_info that live */
};
void rt6_exceptions_init(struct net *net, struct rt6_state *rs);
void rt6_exceptions_exit(struct net *net, struct rt6_state *rs);
/** rt6_exception_lookup() - also one whose time is over; borrowed, NULL: none */
struct rt6_exception *rt6_exception_lookup(const struct net *net, const struct fib6_info *f,
					   const struct in6_addr *daddr);
/** rt6_exception_route() - borrowed; NULL: none that is still valid, or no memory */
struct rt6_info *rt6_exception_route(struct net *net, struct fib6_info *f, const struct in6_addr *daddr);
void rt6_exceptions_flush(struct fib6_info *f);
void rt6_exceptions_drop(struct net *net); /* all of them */
/** rt6_exception_del() - what is told of cfg->dst goes.  Return: 0, -ESRCH */
int rt6_exception_del(struct net *net, const struct fib6_config *cfg);
/** rt6_exception_failed() - nobody answers on the way that was told for @daddr: the route counts again */
void rt6_exception_failed(struct rt6_info *rt, const struct in6_addr *daddr);
/** rt6_exceptions_clean_tohost() - what redirects recommended @gw goes */
void rt6_exceptions_clean_tohost(struct net *net, const struct in6_addr *gw);
int rt6_exceptions_dump(struct net *net, struct fib6_dump_cursor *cursor,
			int (*fn)(void *ctx, const struct fib6_route_view *r), void *ctx);
/** rt6_exceptions_mtu() - the device's MTU has changed */
void rt6_exceptions_mtu(struct net_device *dev, u32 old_mtu, u32 mtu);

/* ---- route.c */
int ip6_rt_init(struct net *net);
void ip6_rt_exit(struct net *net);
/** rt6_create() - @f: route that it is made from; returned, not kept by it.  NULL: no memory */
struct rt6_info *rt6_create(struct fib6_info *f);
/** rt6_of() - route that packets to @daddr by @f take; returned; NULL: no memory */
struct rt6_info *rt6_of(struct fib6_info *f, const struct in6_addr *daddr);
/** rt6_refusal() - what is told "unreachable"; returned; NULL: no memory, or no loopback device */
struct rt6_info *rt6_refusal(struct net *net, int error);
void rt6_flush_nh(struct fib6_info *f); /* give back what it caches */
void rt6_input_cache_flush(struct rt6_state *rs);
/** rt6_need_strict() - is the device part of what @daddr means? */
static inline bool rt6_need_strict(const struct in6_addr *daddr)
{
	return ipv6_addr_is_multicast(daddr) || ipv6_addr_is_linklocal(daddr) || ipv6_addr_loopback(daddr);
}

#endif
