// SPDX-License-Identifier: BSD-2-Clause
/* What routers told about single destinations: path MTUs, and better routers.  For a while, and not more than so many.
 *
 * @rfc  8201 4 5.3, 4861 8.3
 * @linux net/ipv6/route.c rt6_exception
 *
 * Reading order: ip6_update_pmtu(), rt6_do_redirect(), rt6_exception_route().
 */
#include <errno.h>
#include <string.h>

#include "ipv6/fib6_internal.h"
#include "ipv6/ndisc.h"
#include "neigh/neighbour.h"

/* ------------------------------------------------------------------ the table */

struct exception_key {
	const struct fib6_info *f;
	const struct in6_addr *daddr;
};

static u64 exception_hash(const struct rt6_state *rs, const struct in6_addr *daddr)
{
	return htable_hash_bytes(&rs->exceptions, daddr, sizeof(*daddr));
}

static bool exception_match(const void *obj, const void *key)
{
	const struct rt6_exception *ex = obj;
	const struct exception_key *k = key;

	return ex->f == k->f && ipv6_addr_equal(&ex->daddr, k->daddr);
}

static void exception_forget_rt(struct rt6_exception *ex)
{
	if (!ex->rt)
		return;
	ex->rt->dst.flags |= DST_DEAD; /* those who hold it look again */
	dst_release(&ex->rt->dst);
	ex->rt = NULL;
}

static void exception_remove(struct net *net, struct rt6_exception *ex)
{
	struct rt6_state *rs = net->ipv6->route;

	htable_remove(&rs->exceptions, exception_hash(rs, &ex->daddr), ex);
	list_del_init(&ex->node);
	exception_forget_rt(ex);
	mem_free(net->mem, ex, sizeof(*ex));
}

static bool exception_is_over(const struct net *net, const struct rt6_exception *ex)
{
	if (ex->is_redirect)
		return net->now - ex->used >= (ktime_t)net->ipv6->route_gc_timeout_s * NSEC_PER_SEC;
	return net->now >= ex->expires;
}

struct rt6_exception *rt6_exception_lookup(const struct net *net, const struct fib6_info *f,
					   const struct in6_addr *daddr)
{
	const struct rt6_state *rs = net->ipv6->route;
	const struct exception_key key = { f, daddr };

	return htable_lookup(&rs->exceptions, exception_hash(rs, daddr), exception_match, &key);
}

static struct rt6_exception *exception_find(struct net *net, struct fib6_info *f, const struct in6_addr *daddr)
{
	struct rt6_exception *ex = rt6_exception_lookup(net, f, daddr);

	if (!ex || !exception_is_over(net, ex))
		return ex;
	exception_remove(net, ex);
	return NULL;
}

/** exception_get() - found or made; NULL: no memory */
static struct rt6_exception *exception_get(struct net *net, struct fib6_info *f, const struct in6_addr *daddr)
{
	struct rt6_state *rs = net->ipv6->route;
	struct rt6_exception *ex = exception_find(net, f, daddr);

	if (ex) {
		list_move_tail(&ex->node, &rs->exception_list);
		return ex;
	}
	if (rs->exceptions.live_count >= RT6_EXCEPTIONS_MAX) {
		exception_remove(net, list_first_entry(&rs->exception_list, struct rt6_exception, node));
		rs->exceptions_evicted++;
	}
	ex = mem_zalloc(net->mem, sizeof(*ex));
	if (!ex)
		return NULL;
	ex->f = f;
	ex->daddr = *daddr;
	if (htable_insert(&rs->exceptions, exception_hash(rs, daddr), ex)) {
		mem_free(net->mem, ex, sizeof(*ex));
		return NULL;
	}
	list_add_tail(&ex->node, &rs->exception_list);
	f->has_exceptions = true;
	fib6_gc_arm(net->ipv6->fib);
	return ex;
}

/** exception_told() - the news outlives the routes of packets: those who hold one look again */
static void exception_told(struct net *net, struct rt6_exception *ex)
{
	exception_forget_rt(ex);
	if (ex->f->rt)
		ex->f->rt->dst.flags |= DST_DEAD;
	if (net->ipv6->route->input_used)
		rt6_input_cache_flush(net->ipv6->route);
}

static struct rt6_info *exception_make_rt(struct rt6_exception *ex)
{
	struct rt6_info *rt = rt6_create(ex->f);

	if (!rt)
		return NULL;
	rt->flags |= RTF_CACHE | (ex->pmtu_bytes ? RTF_MODIFIED : 0);
	if (ex->is_redirect) {
		rt->flags = (rt->flags & ~(u32)RTF_GATEWAY) | RTF_DYNAMIC | (ex->uses_gateway ? RTF_GATEWAY : 0);
		rt->uses_gateway = ex->uses_gateway;
		rt->gateway = ex->gateway;
	}
	if (ex->pmtu_bytes) {
		rt->pmtu_bytes = ex->pmtu_bytes;
		rt->flags |= RTF_EXPIRES;
		if (!rt->dst.expires || rt->dst.expires > ex->expires)
			rt->dst.expires = ex->expires;
	}
	return rt;
}

struct rt6_info *rt6_exception_route(struct net *net, struct fib6_info *f, const struct in6_addr *daddr)
{
	struct rt6_exception *ex = exception_find(net, f, daddr);

	if (!ex)
		return NULL;
	if (ex->is_redirect) {
		ex->used = net->now;
		if (ex->pmtu_bytes && net->now >= ex->expires) {
			ex->pmtu_bytes = 0;
			exception_forget_rt(ex);
		}
	}
	if (ex->rt && rt6_is_current(ex->rt, net->ipv6->rt_genid, net->now))
		return ex->rt;
	exception_forget_rt(ex);
	ex->rt = exception_make_rt(ex);
	return ex->rt;
}

void rt6_exceptions_flush(struct fib6_info *f)
{
	struct net *net = f->dev->net;
	struct rt6_exception *ex, *tmp;

	if (!f->has_exceptions)
		return;
	list_for_each_entry_safe(ex, tmp, &net->ipv6->route->exception_list, node) {
		if (ex->f == f)
			exception_remove(net, ex);
	}
	f->has_exceptions = false;
}

int rt6_exception_del(struct net *net, const struct fib6_config *cfg)
{
	struct rt6_exception *ex, *tmp;
	bool any = false;

	list_for_each_entry_safe(ex, tmp, &net->ipv6->route->exception_list, node) {
		if (cfg->dst_len != 128 || !ipv6_addr_equal(&ex->daddr, &cfg->dst) ||
		    (cfg->oif && ex->f->dev->ifindex != cfg->oif))
			continue;
		exception_told(net, ex);
		exception_remove(net, ex);
		any = true;
	}
	return any ? 0 : -ESRCH;
}

void rt6_exception_failed(struct rt6_info *rt, const struct in6_addr *daddr)
{
	struct net *net = rt->dst.dev->net;
	struct rt6_exception *ex = rt->from ? exception_find(net, rt->from, daddr) : NULL;

	if (!ex || ex->rt != rt)
		return;
	exception_told(net, ex);
	exception_remove(net, ex);
}

/** router_no_more() - who was recommended says that it is none */
static bool router_no_more(const struct net *net, const struct rt6_exception *ex)
{
	struct neigh_table *nd = net->neigh->table[NEIGH_ND_TABLE];
	const struct neighbour *n;

	if (!ex->uses_gateway || !nd)
		return false;
	n = neigh_find(nd, &ex->gateway, ex->f->dev);
	return !n || !(n->flags & NTF_ROUTER);
}

u32 rt6_exceptions_age(struct net *net)
{
	struct rt6_state *rs = net->ipv6->route;
	struct rt6_exception *ex, *tmp;

	list_for_each_entry_safe(ex, tmp, &rs->exception_list, node) {
		if (exception_is_over(net, ex) || router_no_more(net, ex))
			exception_remove(net, ex);
	}
	return rs->exceptions.live_count;
}

void rt6_exceptions_clean_tohost(struct net *net, const struct in6_addr *gw)
{
	struct rt6_exception *ex, *tmp;

	list_for_each_entry_safe(ex, tmp, &net->ipv6->route->exception_list, node) {
		if (ex->uses_gateway && ipv6_addr_equal(&ex->gateway, gw))
			exception_remove(net, ex);
	}
}

void rt6_exceptions_mtu(struct net_device *dev, u32 old_mtu, u32 mtu)
{
	struct net *net = dev->net;
	struct rt6_exception *ex;

	/* a path that was as wide as the device becomes wider with it; a path cannot be wider than the device.  @rfc 8201 4 */
	list_for_each_entry(ex, &net->ipv6->route->exception_list, node) {
		if (ex->f->dev != dev || !ex->pmtu_bytes || (ex->pmtu_bytes < mtu && ex->pmtu_bytes != old_mtu))
			continue;
		ex->pmtu_bytes = mtu;
		exception_forget_rt(ex);
	}
}

/* ------------------------------------------------------------------ path MTU */

/* A route's MTU that is locked is none the less: a narrower path has to be learned, since nobody on it cuts packets. */
void ip6_update_pmtu(struct net *net, const struct in6_addr *daddr, const struct in6_addr *saddr, u32 mtu_bytes,
		     int oif, u32 mark)
{
	struct flowi6 fl6 = { .daddr = *daddr, .oif = oif, .mark = mark };
	struct rt6_exception *ex;
	struct rt6_info *rt;

	if (saddr)
		fl6.saddr = *saddr;
	if (mtu_bytes < IPV6_MIN_MTU || ip6_route_output(net, &fl6, &rt)) /* @rfc 8201 4: never below */
		return;
	if (rt->dst.error || !rt->from || (rt->flags & (RTF_LOCAL | RTF_REJECT)) || mtu_bytes >= ip6_dst_mtu(rt))
		goto out;
	ex = exception_get(net, rt->from, daddr);
	if (!ex)
		goto out;
	ex->pmtu_bytes = mtu_bytes;
	ex->expires = net->now + (ktime_t)net->ipv6->route_mtu_expires_s * NSEC_PER_SEC;
	rt->dst.flags |= DST_DEAD;
	exception_told(net, ex);
out:
	dst_release(&rt->dst);
}

/* ------------------------------------------------------------------ redirect */

static bool accepts_redirects(const struct net_device *dev)
{
	const struct inet6_dev *idev = in6_dev_get_rcu(dev);

	return idev && !IN6_DEV_CONF(idev, FORWARDING) && IN6_DEV_CONF(idev, ACCEPT_REDIRECTS);
}

/** struct redirection - who says that packets to whom go elsewhere */
struct redirection {
	struct net_device *dev;
	const struct in6_addr *router, *dest;
};

/** leads_by() - do packets go by the router now, by itself or since another redirect?  Behind a refusal nothing does */
static enum fib6_suits leads_by(struct fib6_info *f, void *ctx)
{
	const struct redirection *r = ctx;
	const struct rt6_exception *ex;

	if (f->expires && f->expires <= r->dev->net->now)
		return FIB6_GO_ON;
	if (f->flags & RTF_REJECT)
		return FIB6_NOTHING;
	if (f->dev != r->dev)
		return FIB6_GO_ON;
	if (f->has_gateway && ipv6_addr_equal(&f->gateway, r->router))
		return FIB6_SUITS;
	ex = f->has_exceptions ? exception_find(r->dev->net, f, r->dest) : NULL;
	return ex && ex->is_redirect && ex->uses_gateway && ipv6_addr_equal(&ex->gateway, r->router) ? FIB6_SUITS
												     : FIB6_GO_ON;
}

/** redirected_route() - which the redirect is about; borrowed, NULL.  As Linux: also one behind a better route */
static struct fib6_info *redirected_route(struct redirection *r)
{
	struct net *net = r->dev->net;
	struct flowi6 fl6 = { .daddr = *r->dest, .oif = r->dev->ifindex, .strict_oif = true };
	const struct fib6_table *tb;
	struct fib6_result res;

	if (fib6_lookup(net, &fl6, fl6.oif, RT6_LOOKUP_F_IFACE, &res))
		return NULL;
	tb = fib6_table_find(net->ipv6->fib, res.table_id == RT_TABLE_LOCAL ? RT_TABLE_MAIN : res.table_id);
	return tb ? fib6_covering(tb, r->dest, leads_by, r) : NULL;
}

void rt6_do_redirect(struct net_device *dev, const struct in6_addr *router, const struct in6_addr *dest,
		     const struct in6_addr *target, bool on_link, const u8 *lladdr)
{
	u32 flags = NEIGH_UPDATE_F_WEAK_OVERRIDE | NEIGH_UPDATE_F_OVERRIDE;
	struct redirection r = { dev, router, dest };
	struct fib6_info *f = accepts_redirects(dev) ? redirected_route(&r) : NULL;
	struct rt6_exception *ex;
	struct neighbour *n;

	if (!f)
		return;
	n = neigh_find(dev->net->neigh->table[NEIGH_ND_TABLE], router, dev);
	if (n) /* he has just been heard, as one who is in use */
		neigh_confirm(n);
	if (!on_link)
		flags |= NEIGH_UPDATE_F_OVERRIDE_ISROUTER | NEIGH_UPDATE_F_ISROUTER;
	if (ipv6_neigh_find_create(dev, target, &n))
		return;
	(void)neigh_update(n, lladdr, NUD_STALE, flags, 0, NULL);
	ex = exception_get(dev->net, f, dest);
	if (!ex)
		return;
	ex->is_redirect = true;
	ex->uses_gateway = !on_link;
	ex->gateway = *target;
	ex->used = dev->net->now;
	exception_told(dev->net, ex);
}

/* ------------------------------------------------------------------ listing */

int rt6_exceptions_dump(struct net *net, struct fib6_dump_cursor *cursor,
			int (*fn)(void *ctx, const struct fib6_route_view *r), void *ctx)
{
	struct rt6_exception *ex, *tmp;
	u32 index = 0;

	list_for_each_entry_safe(ex, tmp, &net->ipv6->route->exception_list, node) {
		struct fib6_route_view view;
		struct rt6_info *rt;

		if (index++ < cursor->skip || exception_is_over(net, ex))
			continue;
		rt = ex->rt ? ex->rt : exception_make_rt(ex);
		if (!rt)
			continue;
		ex->rt = rt;
		ip6_route_view(rt, &view);
		view.dst = ex->daddr;
		view.dst_len = 128;
		view.expires = ex->pmtu_bytes;
		view.expires_s = (ex->expires - net->now) / NSEC_PER_SEC;
		if (fn(ctx, &view))
			return 1;
		cursor->skip = index;
	}
	return 0;
}

/* ------------------------------------------------------------------ life */

void rt6_exceptions_init(struct net *net, struct rt6_state *rs)
{
	INIT_LIST_HEAD(&rs->exception_list);
	htable_init(&rs->exceptions, net->mem, &net->rng, 8);
}

void rt6_exceptions_drop(struct net *net)
{
	struct rt6_state *rs = net->ipv6->route;

	while (!list_empty(&rs->exception_list))
		exception_remove(net, list_first_entry(&rs->exception_list, struct rt6_exception, node));
}

void rt6_exceptions_exit(struct net *net, struct rt6_state *rs)
{
	rt6_exceptions_drop(net);
	htable_fini(&rs->exceptions);
}
