/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the FIB share among themselves; others include ip_fib.h.  @linux net/ipv4/fib_lookup.h */
#ifndef NETHOOD_IPV4_FIB_LOOKUP_H
#define NETHOOD_IPV4_FIB_LOOKUP_H

#include "base/htable.h"
#include "base/notifier.h"
#include "base/timer.h"
#include "ipv4/fib_trie.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip_fib.h"
#include "ipv4/netns_ipv4.h"

#define FIB_LOOKUP_IGNORE_LINKSTATE (1U << 0) /**< as if no device asked to ignore routes without carrier */
#define LOOPBACK_IFINDEX 1                    /**< iif of what starts here */

/** struct fib_alias - one of several routes of a prefix.  A lone one with tos 0 needs none: its leaf is the fib_info */
struct fib_alias {
	struct fib_alias *next; /**< tos descending, then priority ascending */
	struct fib_info *fi;
	struct mem *mem;
	struct rcu_head rcu;
	u8 tos;
};

/** struct fib_table - one routing table; lives as long as its net */
struct fib_table {
	struct fib_table *next; /**< in the order of listings: id & 255, then newest first */
	u32 id;
	u32 route_count;
	struct fib_trie trie;
};

struct fib_rule {
	struct fib_rule *next;
	struct fib_rule *target; /**< of a goto; NULL: unresolved */
	struct fib_table *table; /**< NULL: does not exist yet */
	struct mem *mem;
	struct rcu_head rcu;
	struct fib_rule_config cfg;
};

/** struct fib_state - net->ipv4->fib */
struct fib_state {
	struct net *net;
	struct fib_table *tables, *local, *main, *dflt; /**< the last three: NULL until they have a route */
	struct fib_rule *rules;
	bool custom_rules; /**< the three rules that a net starts with were changed, ever */

	struct htable info_hash;
	struct list_head infos;
	u32 info_count;
	u32 seq;        /**< of all changes */
	u32 addr_genid; /**< of the addresses: saddr in fib_nh */
	u64 hash_seed;  /**< of multipath selection */

	struct net_device *loopback; /**< NULL: none */
	struct notifier_block netdev_nb, inetaddr_nb;

	/* removal of dead routes, in bounded steps */
	struct timer flush_timer;
	u32 flush_table_id;
	u32 flush_key, flush_plen;
	u64 flushed_count;
};

static inline int fib_error(const char **errmsg, const char *text, int err)
{
	if (errmsg)
		*errmsg = text;
	return err;
}

/* ---- fib_table.c */
struct fib_table *fib_table_find(const struct fib_state *fs, u32 id);
int fib_table_create(struct fib_state *fs, u32 id, struct fib_table **out);
/** fib_table_lookup() - Return: 0, -EAGAIN (no route, or throw), or the error of an unreachable, prohibit or blackhole route */
int fib_table_lookup(const struct fib_table *tb, const struct flowi4 *fl4, struct fib_result *res, u32 flags);
int fib_table_insert(struct fib_state *fs, struct fib_table *tb, const struct fib_config *cfg, const char **errmsg);
int fib_table_delete(struct fib_state *fs, struct fib_table *tb, const struct fib_config *cfg);
/** fib_flush() - remove the routes whose fib_info is dead: now if they are few, else in steps; they are invisible at once */
void fib_flush(struct fib_state *fs);
void fib_flush_timer(struct timer *t);
void fib_tables_free(struct fib_state *fs);

/* ---- fib_semantics.c */
/** struct fib_prop - what follows from the type of a route */
struct fib_prop {
	int error;
	u8 scope;
};
extern const struct fib_prop fib_props[RTN_MAX + 1];
/** fib_create_info() - next hops and attributes of @cfg, checked, shared if others have the same; *out: returned, a route's reference */
int fib_create_info(struct fib_state *fs, const struct fib_config *cfg, struct fib_info **out, const char **errmsg);
void fib_release_info(struct fib_info *fi); /* a route's reference */
/** fib_config_matches() - does a request to delete mean this route's fib_info? */
bool fib_config_matches(const struct fib_config *cfg, const struct fib_info *fi);
__be32 fib_result_prefsrc(struct fib_state *fs, struct fib_result *res);
bool fib_nh_usable(const struct fib_nh *nh, const struct flowi4 *fl4, u32 flags);

/* ---- fib_nexthop.c */
int fib_check_nh(struct fib_state *fs, struct fib_nh *nh, u32 table, u8 scope, const char **errmsg);
/** fib_sync_down_dev() - @event: NETDEV_DOWN, UNREGISTER or CHANGE (carrier lost); @force: local routes too.  Return: dead fib_infos */
u32 fib_sync_down_dev(struct fib_state *fs, struct net_device *dev, unsigned long event, bool force);
u32 fib_sync_down_addr(struct fib_state *fs, __be32 local);
u32 fib_sync_up(struct fib_state *fs, struct net_device *dev, u32 nh_flags);
void fib_rebalance(struct fib_info *fi);
bool fib_info_uses_dev(const struct fib_info *fi, const struct net_device *dev);

/* ---- fib_rules.c */
/** fib_lookup_as() - fib_lookup() with FIB_LOOKUP_* */
int fib_lookup_as(struct net *net, const struct flowi4 *fl4, struct fib_result *res, u32 flags);
int fib_rules_init(struct fib_state *fs);
void fib_rules_exit(struct fib_state *fs);
/** fib_rules_table_added() - rules that name it find it from now on */
void fib_rules_table_added(struct fib_state *fs, struct fib_table *tb);

/* ---- fib_frontend.c */
void fib_notify_route(struct fib_state *fs, unsigned long event, const struct fib_config *cfg,
		      const struct fib_route_view *view);
u32 inet_addr_type_table(struct net *net, __be32 addr, u32 table_id);

/* ---- route.c */
int ip_rt_init(struct net *net);
void ip_rt_exit(struct net *net);
void rt_flush_nh(struct fib_nh *nh); /**< give back what it caches */
/** rt_flush_dev() - give back all that is kept of routes through a device that goes */
void rt_flush_dev(struct net *net, const struct net_device *dev);

#endif
