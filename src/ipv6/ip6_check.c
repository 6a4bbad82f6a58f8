// SPDX-License-Identifier: BSD-2-Clause
/* What always holds of IPv6's routes, and of what routers tell; addresses are looked at in addrconf_check.c.
 *
 * Reading order: ip6_check(), tables_check(), chain_check(), route_check(), exceptions_check().
 */
#include "ipv6/ip6_check.h"

#include "ipv6/fib6_internal.h"

/** struct fib6_sum - what the routes of all tables come to, beside what the net counts */
struct fib6_sum {
	const struct fib6_table *tb;
	const char *broken;
	u32 routes, from_source; /**< of this table */
	u32 all_routes, expiring, gone, by_option;
};

/* ------------------------------------------------------------------ routes */

static const char *route_check(const struct fib6_table *tb, const struct fib6_info *f)
{
	HOLDS(f->in_tree && f->tb == tb, "a route in a table knows it");
	HOLDS(f->refcnt >= 1 && f->dev, "a route in a table is held, and has a device");
	HOLDS(!f->expires == !(f->flags & RTF_EXPIRES), "a route that ends says so");
	HOLDS(!f->rt || f->rt->from == f, "what packets by a route get is made of it");
	HOLDS(!f->gone || (!f->nsiblings && !f->rt && !f->has_exceptions), "a route that is gone leads nobody");
	return NULL;
}

/** group_check() - @first and its siblings: together, counted, each with a share of the hash */
static const char *group_check(const struct fib6_info *first)
{
	const struct fib6_info *f = first;
	u32 bound = 0;

	HOLDS(fib6_group_first(first) == first, "next hops of one route stand side by side");
	for (u32 i = 0; i <= first->nsiblings; i++, f = f->next) {
		HOLDS(f && (f == first || fib6_same_group(f, first)) && f->nsiblings == first->nsiblings,
		      "next hops of one route are counted by each of them");
		HOLDS(!first->nsiblings || f->upper_bound >= bound, "shares of the hash do not overlap");
		bound = first->nsiblings && f->upper_bound != UINT32_MAX ? f->upper_bound : bound;
	}
	HOLDS(!f || !fib6_same_group(f, first), "next hops of one route are all its siblings");
	return NULL;
}

static const char *chain_check(const struct fib6_table *tb, const struct fib6_info *first)
{
	const struct fib6_info *prev = NULL;

	for (const struct fib6_info *f = first; f; prev = f, f = f->next) {
		const char *broken = route_check(tb, f);

		HOLDS(f->leaf.plen == first->leaf.plen && !memcmp(&f->leaf.key, &first->leaf.key, sizeof(f->leaf.key)),
		      "the routes of a prefix are of it");
		HOLDS(!prev || fib6_rank_cmp(prev, f) <= 0, "the routes of a prefix are in order");
		if (!broken && !f->gone && !(prev && fib6_same_group(prev, f)))
			broken = group_check(f);
		if (unlikely(broken))
			return broken;
	}
	return NULL;
}

static void route_sum(struct fib6_sum *sum, const struct fib6_info *f)
{
	sum->routes++;
	sum->from_source += fib6_src_len(f) != 0;
	sum->expiring += f->expires != 0;
	sum->gone += f->gone;
	sum->by_option += (f->flags & RTF_ROUTEINFO) != 0;
}

static int prefix_check(void *ctx, struct fib6_leaf *leaf)
{
	struct fib6_sum *sum = ctx;
	const struct fib6_info *first = container_of(leaf, struct fib6_info, leaf);

	sum->broken = chain_check(sum->tb, first);
	for (const struct fib6_info *f = first; f && !sum->broken; f = f->next)
		route_sum(sum, f);
	return sum->broken != NULL;
}

static const char *table_check(const struct fib6_table *tb, struct fib6_sum *sum)
{
	sum->tb = tb;
	sum->routes = sum->from_source = 0;
	(void)fib6_trie_walk(&tb->trie, NULL, 0, prefix_check, sum);
	if (sum->broken)
		return sum->broken;
	HOLDS(sum->routes == tb->route_count, "a table counts its routes");
	HOLDS(sum->from_source == tb->src_count, "a table counts those that ask for a source");
	sum->all_routes += sum->routes;
	return NULL;
}

static const char *tables_check(const struct fib6_state *fs)
{
	struct fib6_sum sum = { .broken = NULL };

	for (const struct fib6_table *tb = fs->tables; tb; tb = tb->next) {
		const char *broken = table_check(tb, &sum);

		if (unlikely(broken))
			return broken;
	}
	HOLDS(sum.all_routes == fs->route_count, "the routes of all tables are counted");
	HOLDS(sum.all_routes <= fs->alloc_count, "a route in a table exists");
	HOLDS(sum.expiring == fs->expiring_count, "the routes that end are counted");
	HOLDS(sum.gone == fs->gone_count, "the routes that could not go yet are counted");
	HOLDS(sum.by_option == fs->ra_routes, "the routes that routers told of are counted");
	HOLDS(!(sum.expiring + sum.gone) || timer_pending(&fs->gc_timer), "what is over will be collected");
	return NULL;
}

/* ------------------------------------------------------------------ what routers may make a host keep */

struct ra_sum {
	const struct net_device *dev;
	u32 routers, prefixes, routes;
};

static int ra_prefix_sum(void *ctx, struct fib6_leaf *leaf)
{
	struct ra_sum *sum = ctx;

	for (const struct fib6_info *f = container_of(leaf, struct fib6_info, leaf); f; f = f->next) {
		u32 flags = f->flags & (RTF_ADDRCONF | RTF_DEFAULT | RTF_PREFIX_RT | RTF_ROUTEINFO);

		if (f->gone || f->dev != sum->dev)
			continue;
		sum->routers += f->protocol == RTPROT_RA && flags == (RTF_ADDRCONF | RTF_DEFAULT);
		sum->routes += f->protocol == RTPROT_RA && (flags & RTF_ROUTEINFO);
		sum->prefixes += f->protocol == RTPROT_KERNEL && flags == (RTF_ADDRCONF | RTF_PREFIX_RT);
	}
	return 0;
}

static const char *ra_check(struct net *net)
{
	const struct net_device *dev;
	u32 routes = 0;

	for_each_netdev(net, dev) {
		struct ra_sum sum = { .dev = dev };

		(void)fib6_trie_walk(&net->ipv6->fib->main->trie, NULL, 0, ra_prefix_sum, &sum);
		HOLDS(sum.routers <= FIB6_ROUTERS_MAX, "a device has not too many default routers");
		HOLDS(sum.prefixes <= RA_PREFIXES_MAX, "a device has not too many prefixes of routers");
		routes += sum.routes;
	}
	HOLDS(routes <= FIB6_RA_ROUTES_MAX, "routers do not tell of too many routes");
	return NULL;
}

/* ------------------------------------------------------------------ single destinations */

static const char *exceptions_check(const struct net *net)
{
	const struct rt6_state *rs = net->ipv6->route;
	const struct rt6_exception *ex;
	u32 count = 0;

	list_for_each_entry(ex, &rs->exception_list, node) {
		HOLDS(ex->f->in_tree && !ex->f->gone && ex->f->has_exceptions, "what is told goes with its route");
		HOLDS(rt6_exception_lookup(net, ex->f, &ex->daddr) == ex, "what is told of a destination is found");
		HOLDS(ex->is_redirect || !ex->uses_gateway, "only a redirect names another router");
		HOLDS(ex->is_redirect || ex->pmtu_bytes >= IPV6_MIN_MTU, "what is told is a router, or an MTU");
		HOLDS(!ex->pmtu_bytes || ex->pmtu_bytes >= IPV6_MIN_MTU, "no path is narrower than a link may be");
		HOLDS(!ex->rt || ex->rt->from == ex->f, "what packets get is made of the route, and of what is told");
		count++;
	}
	HOLDS(count == rs->exceptions.live_count && count <= RT6_EXCEPTIONS_MAX,
	      "what is told of destinations is counted, and bounded");
	HOLDS(!count || timer_pending(&net->ipv6->fib->gc_timer), "what is told will be forgotten");
	return NULL;
}

/* ------------------------------------------------------------------ all */

const char *ip6_check(struct net *net)
{
	const char *broken = addrconf_check(net);

	if (!broken)
		broken = tables_check(net->ipv6->fib);
	if (!broken)
		broken = ra_check(net);
	if (!broken)
		broken = exceptions_check(net);
	return broken ? broken : ipv6_frag_check(net);
}
