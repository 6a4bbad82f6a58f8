// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 routes that nobody asked for: of addresses and prefixes, of router advertisements, and what devices do to all.
 *
 * @rfc  4861 6.3.4, 4191 2.3 3.1, 4862 5.5.3
 * @linux net/ipv6/route.c rt6_add_dflt_router, rt6_route_rcv, addrconf_f6i_alloc; net/ipv6/addrconf.c addrconf_prefix_route
 *
 * Reading order: rt6_add_dflt_router(), rt6_route_rcv(), addrconf_prefix_route(), ip6_ins_local_rt(), fib6_purge_dev().
 */
#include <errno.h>
#include <string.h>

#include "ipv6/fib6_internal.h"
#include "ipv6/ndisc.h"

/* ------------------------------------------------------------------ one route of the net's own */

/** own_route_add() - *out: borrowed, in the tree */
static int own_route_add(struct net *net, const struct fib6_config *cfg, struct fib6_info **out)
{
	struct fib6_table *tb = fib6_table_find(net->ipv6->fib, cfg->table);
	struct fib6_info *f;
	u32 told;
	int err = fib6_info_create(net->ipv6->fib, cfg, 0, &f, NULL);

	if (err)
		return err;
	f->tb = tb;
	err = fib6_table_insert(tb, f, cfg->nlflags, &told, NULL);
	if (err) {
		fib6_info_put(f);
		return err;
	}
	*out = f;
	fib6_notify(f, 1, FIB6_EVENT_ROUTE_NEW, 0, told);
	return 0;
}

/** own_route_find() - borrowed, NULL.  @gw NULL: any, or none */
static struct fib6_info *own_route_find(struct net *net, const struct in6_addr *dst, u8 plen,
					const struct net_device *dev, const struct in6_addr *gw, u32 flags, u32 noflags)
{
	struct fib6_info *f = fib6_prefix_first(net->ipv6->fib->main, dst, plen);

	for (; f; f = f->next) {
		if (f->gone || f->dev != dev || (f->flags & flags) != flags || (f->flags & noflags))
			continue;
		if (!gw || (f->has_gateway && ipv6_addr_equal(&f->gateway, gw)))
			return f;
	}
	return NULL;
}

/* ------------------------------------------------------------------ router advertisements */

/** dflt_router_count() - default routes that RAs made through @dev */
static u32 dflt_router_count(const struct net *net, const struct net_device *dev)
{
	static const struct in6_addr any;
	u32 count = 0;

	for (const struct fib6_info *f = fib6_prefix_first(net->ipv6->fib->main, &any, 0); f; f = f->next)
		count += !f->gone && f->dev == dev && (f->flags & RTF_DEFAULT);
	return count;
}

/** is_full() - RAs may not make as many routes as they like; Linux has no such limit */
static bool is_full(struct fib6_state *fs, u32 count, u32 max)
{
	fs->routers_refused += count >= max;
	return count >= max;
}

struct fib6_info *rt6_get_dflt_router(struct net *net, const struct in6_addr *gw, struct net_device *dev)
{
	static const struct in6_addr any;

	return own_route_find(net, &any, 0, dev, gw, RTF_ADDRCONF | RTF_DEFAULT, 0);
}

struct fib6_info *rt6_add_dflt_router(struct net *net, const struct in6_addr *gw, struct net_device *dev, u8 pref,
				      u32 metric, u32 lifetime_s)
{
	struct fib6_config cfg = { .table = RT_TABLE_MAIN,
				   .metric = metric ? metric : IP6_RT_PRIO_USER,
				   .oif = dev->ifindex,
				   .has_gateway = true,
				   .gateway = *gw,
				   .flags = RTF_ADDRCONF | RTF_DEFAULT | RTF_EXPIRES,
				   .expires_s = lifetime_s,
				   .protocol = RTPROT_RA,
				   .type = RTN_UNICAST,
				   .pref = pref,
				   .nlflags = NLM_F_CREATE,
				   .kernel = true };
	struct fib6_info *f;

	if (is_full(net->ipv6->fib, dflt_router_count(net, dev), FIB6_ROUTERS_MAX) || own_route_add(net, &cfg, &f))
		return NULL;
	net->ipv6->fib->had_dflt_router = true;
	return f;
}

void fib6_set_metric(struct fib6_info *rt, u32 rtax, u32 value)
{
	if (!rt->more)
		rt->more = mem_zalloc(rt->dev->net->mem, sizeof(*rt->more));
	if (rt->more)
		rt->more->metrics[rtax - 1] = value;
}

/* Return: is it another one than before? */
static bool set_pref(struct fib6_info *rt, u8 pref)
{
	if (rt->pref == pref)
		return false;
	rt->pref = pref;
	fib6_changed(rt->tb->fs);
	return true;
}

void rt6_set_ra_route(struct fib6_info *rt, u8 pref, u32 lifetime_s, u8 hop_limit)
{
	(void)set_pref(rt, pref);
	fib6_set_expires(rt, lifetime_s);
	if (hop_limit)
		fib6_set_metric(rt, RTAX_HOPLIMIT, hop_limit);
}

/* As Linux: the news say what else there was before. */
void rt6_set_dflt_router(struct fib6_info *rt, u8 pref, u32 lifetime_s, u8 hop_limit)
{
	if (set_pref(rt, pref))
		fib6_notify(rt, 1, FIB6_EVENT_ROUTE_REPLACE, 0, NLM_F_REPLACE);
	rt6_set_ra_route(rt, pref, lifetime_s, hop_limit);
}

static int is_dflt_router(struct fib6_info *f, void *ctx)
{
	const struct inet6_dev *idev = in6_dev_get_rcu(f->dev);

	(void)ctx;
	return (f->flags & RTF_DEFAULT) && (!idev || IN6_DEV_CONF(idev, ACCEPT_RA) != 2);
}

/* As Linux: nobody looks for what is left of an earlier purge, nor for a default route that only an option made. */
void rt6_purge_dflt_routers(struct net *net)
{
	if (!net->ipv6->fib->had_dflt_router)
		return;
	net->ipv6->fib->had_dflt_router = false;
	fib6_clean_all(net->ipv6->fib, is_dflt_router, NULL);
}

static int add_ra_route(struct net *net, struct net_device *dev, const struct in6_addr *prefix, u8 prefix_len, u8 pref,
			u32 lifetime_s, const struct in6_addr *gw)
{
	struct fib6_config cfg = { .table = RT_TABLE_MAIN,
				   .metric = IP6_RT_PRIO_USER,
				   .dst = *prefix,
				   .dst_len = prefix_len,
				   .oif = dev->ifindex,
				   .has_gateway = true,
				   .gateway = *gw,
				   .flags = RTF_ADDRCONF | RTF_ROUTEINFO | (prefix_len ? 0 : RTF_DEFAULT),
				   .protocol = RTPROT_RA,
				   .type = RTN_UNICAST,
				   .pref = pref,
				   .nlflags = NLM_F_CREATE,
				   .kernel = true };
	struct fib6_info *f;
	int err;

	if (is_full(net->ipv6->fib, net->ipv6->fib->ra_routes, FIB6_RA_ROUTES_MAX))
		return -ENOBUFS;
	err = own_route_add(net, &cfg, &f);
	if (!err) /* as Linux: listeners do not hear of the end */
		fib6_set_expires(f, lifetime_s == INFINITY_LIFE_TIME ? 0 : lifetime_s);
	return err;
}

int rt6_route_rcv(struct net_device *dev, const struct in6_addr *prefix, u8 prefix_len, u8 pref, u32 lifetime_s,
		  const struct in6_addr *gw)
{
	struct net *net = dev->net;
	struct in6_addr p;
	struct fib6_info *f;

	if (prefix_len > 128 || (pref != ICMPV6_ROUTER_PREF_LOW && pref != ICMPV6_ROUTER_PREF_MEDIUM &&
				 pref != ICMPV6_ROUTER_PREF_HIGH)) /* @rfc 4191 2.3: the reserved value: ignore */
		return -EINVAL;
	ipv6_addr_prefix(&p, prefix, prefix_len);
	f = prefix_len ? own_route_find(net, &p, prefix_len, dev, gw, RTF_ADDRCONF | RTF_ROUTEINFO, 0)
		       : rt6_get_dflt_router(net, gw, dev);
	if (f && !lifetime_s)
		return ip6_del_rt(net, f);
	if (!f)
		return lifetime_s ? add_ra_route(net, dev, &p, prefix_len, pref, lifetime_s, gw) : 0;
	rt6_set_ra_route(f, pref, lifetime_s == INFINITY_LIFE_TIME ? 0 : lifetime_s, 0);
	return 0;
}

static int is_by_router(struct fib6_info *f, void *ctx)
{
	const u32 flags = RTF_ADDRCONF | RTF_DEFAULT | RTF_GATEWAY;
	const struct in6_addr *gw = ctx;

	return (f->flags & flags) == flags && ipv6_addr_equal(&f->gateway, gw);
}

void rt6_clean_tohost(struct net *net, const struct in6_addr *gw)
{
	struct in6_addr key = *gw;

	fib6_clean_all(net->ipv6->fib, is_by_router, &key);
	rt6_exceptions_clean_tohost(net, gw);
}

/* ------------------------------------------------------------------ prefixes and addresses */

int addrconf_prefix_route(const struct in6_addr *pfx, u8 plen, u32 metric, struct net_device *dev, u32 expires_s,
			  u32 flags)
{
	struct fib6_config cfg = { .table = RT_TABLE_MAIN,
				   .metric = metric ? metric : IP6_RT_PRIO_ADDRCONF,
				   .dst = *pfx,
				   .dst_len = plen,
				   .oif = dev->ifindex,
				   .flags = flags,
				   .expires_s = expires_s == INFINITY_LIFE_TIME ? 0 : expires_s,
				   .protocol = RTPROT_KERNEL,
				   .type = RTN_UNICAST,
				   .nlflags = NLM_F_CREATE,
				   .kernel = true };
	struct fib6_info *f;

	return own_route_add(dev->net, &cfg, &f);
}

struct fib6_info *addrconf_get_prefix_route(const struct in6_addr *pfx, u8 plen, const struct net_device *dev,
					    u32 flags, u32 noflags)
{
	return own_route_find(dev->net, pfx, plen, dev, NULL, flags, noflags | RTF_GATEWAY);
}

int ip6_ins_local_rt(struct net *net, struct net_device *dev, const struct in6_addr *addr, bool anycast,
		     struct fib6_info **out)
{
	struct fib6_config cfg = { .table = RT_TABLE_LOCAL,
				   .dst = *addr,
				   .dst_len = 128,
				   .oif = dev->ifindex,
				   .flags = RTF_NONEXTHOP,
				   .protocol = RTPROT_KERNEL,
				   .type = anycast ? RTN_ANYCAST : RTN_LOCAL,
				   .nlflags = NLM_F_CREATE,
				   .kernel = true };
	int err = own_route_add(net, &cfg, out);

	if (!err)
		fib6_info_hold(*out);
	return err;
}

void ip6_del_local_rt(struct net *net, struct fib6_info *rt)
{
	(void)ip6_del_rt(net, rt); /* -ENOENT: its device took it along */
	fib6_info_put(rt);
}

u32 fib6_metric(const struct fib6_info *rt)
{
	return rt->metric;
}

bool fib6_is_over(const struct fib6_info *rt)
{
	return fib6_expired(rt, rt->dev->net->now);
}

/* ------------------------------------------------------------------ devices */

struct dev_change {
	struct net_device *dev;
	bool local_too;
	u32 mtu;
};

/** group_is_dead() - do all next hops of a route lead through @dev, or through others that are dead? */
static bool group_is_dead(const struct fib6_info *f, const struct net_device *dev)
{
	const struct fib6_info *x = fib6_group_first(f);

	for (u32 i = 0; i <= f->nsiblings; i++, x = x->next) {
		if (x->dev != dev && !(x->nh_flags & RTNH_F_DEAD))
			return false;
	}
	return true;
}

/** dev_went() - what is left of a route with several next hops lives on; one of which nothing is left goes as a whole */
static int dev_went(struct fib6_info *f, void *ctx)
{
	const struct dev_change *c = ctx;
	int quiet = c->dev->net->ipv6->route_skip_notify_on_dev_down ? FIB6_CLEAN_QUIET : 0;

	if (f->dev != c->dev)
		return 0;
	if (!c->local_too && (f->flags & (RTF_LOCAL | RTF_ANYCAST)))
		return 0;
	if (!f->nsiblings || c->dev->state & __LINK_STATE_UNREGISTERING)
		return FIB6_CLEAN_ONE | quiet;
	if (group_is_dead(f, c->dev))
		return FIB6_CLEAN_GROUP | quiet;
	f->nh_flags |= RTNH_F_DEAD | RTNH_F_LINKDOWN;
	rt6_flush_nh(f);
	fib6_rebalance(fib6_group_first(f));
	return 0;
}

void fib6_purge_dev(struct net_device *dev, bool all)
{
	struct fib6_state *fs = dev->net->ipv6->fib;
	struct dev_change c = { .dev = dev, .local_too = all };

	if (!fs)
		return;
	fib6_clean_all(fs, dev_went, &c);
	fib6_changed(fs);
}

static int link_changed(struct fib6_info *f, void *ctx)
{
	const struct dev_change *c = ctx;
	u8 flags;

	if (f->dev != c->dev || (f->dev->flags & IFF_LOOPBACK) || (f->flags & (RTF_LOCAL | RTF_ANYCAST)))
		return 0;
	flags = f->nh_flags & (u8) ~(RTNH_F_DEAD | RTNH_F_LINKDOWN);
	if (!netif_carrier_ok(f->dev))
		flags |= RTNH_F_LINKDOWN;
	if (!(f->dev->flags & IFF_UP))
		flags |= RTNH_F_DEAD | RTNH_F_LINKDOWN;
	if (flags == f->nh_flags)
		return 0;
	f->nh_flags = flags;
	if (f->nsiblings)
		fib6_rebalance(fib6_group_first(f));
	return 0;
}

void fib6_dev_link_change(struct net_device *dev)
{
	struct fib6_state *fs = dev->net->ipv6->fib;
	struct dev_change c = { .dev = dev };

	fib6_clean_all(fs, link_changed, &c);
	fib6_changed(fs);
}

static int mtu_changed(struct fib6_info *f, void *ctx)
{
	const struct dev_change *c = ctx;

	/* a route's own MTU follows its device, if it is not locked */
	if (f->dev == c->dev && f->more && f->more->metrics[RTAX_MTU - 1] && !(f->more->metrics_lock >> RTAX_MTU & 1) &&
	    f->more->metrics[RTAX_MTU - 1] > c->mtu)
		f->more->metrics[RTAX_MTU - 1] = c->mtu;
	return 0;
}

struct lost_address {
	const struct net_device *dev;
	const struct in6_addr *addr;
};

static int forget_prefsrc(struct fib6_info *f, void *ctx)
{
	const struct lost_address *lost = ctx;

	if (f->more && f->dev == lost->dev && ipv6_addr_equal(&f->more->prefsrc, lost->addr))
		f->more->prefsrc = in6addr_any;
	return 0;
}

void rt6_remove_prefsrc(const struct net_device *dev, const struct in6_addr *addr)
{
	struct lost_address lost = { dev, addr };

	fib6_clean_all(dev->net->ipv6->fib, forget_prefsrc, &lost);
}

void fib6_mtu_change(struct net_device *dev, u32 mtu)
{
	struct dev_change c = { .dev = dev, .mtu = mtu };

	fib6_clean_all(dev->net->ipv6->fib, mtu_changed, &c);
	rt6_exceptions_mtu(dev, mtu, mtu);
	fib6_changed(dev->net->ipv6->fib);
}
