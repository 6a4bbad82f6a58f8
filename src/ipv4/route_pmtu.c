// SPDX-License-Identifier: BSD-2-Clause
/* Path MTUs that routers told us: per destination, for a while, and not more than so many.
 *
 * @rfc  1191, 1981 note on attacks, 8899
 * @linux net/ipv4/route.c fib_nh_exception
 *
 * Reading order: ip_update_pmtu(), rt_exception_find().
 */
#include <errno.h>

#include "ipv4/route_internal.h"

static u64 exception_hash(const struct route_state *rs, __be32 daddr)
{
	return htable_hash_bytes(&rs->exceptions, &daddr, sizeof(daddr));
}

static bool exception_match(const void *obj, const void *key)
{
	return ((const struct rt_exception *)obj)->daddr == *(const __be32 *)key;
}

static void exception_remove(struct net *net, struct route_state *rs, struct rt_exception *ex)
{
	htable_remove(&rs->exceptions, exception_hash(rs, ex->daddr), ex);
	list_del_init(&ex->node);
	if (ex->rt)
		dst_release(&ex->rt->dst);
	mem_free(net->mem, ex, sizeof(*ex));
}

struct rt_exception *rt_exception_find(struct net *net, __be32 daddr)
{
	struct route_state *rs = net->ipv4->route;
	struct rt_exception *ex = htable_lookup(&rs->exceptions, exception_hash(rs, daddr), exception_match, &daddr);

	if (!ex || net->now < ex->expires)
		return ex;
	exception_remove(net, rs, ex);
	return NULL;
}

static struct rt_exception *exception_create(struct net *net, __be32 daddr)
{
	struct route_state *rs = net->ipv4->route;
	struct rt_exception *ex;

	if (rs->exceptions.live_count >= RT_EXCEPTIONS_MAX) {
		exception_remove(net, rs, list_first_entry(&rs->exception_list, struct rt_exception, node));
		rs->exceptions_evicted++;
	}
	ex = mem_zalloc(net->mem, sizeof(*ex));
	if (!ex)
		return NULL;
	ex->daddr = daddr;
	if (htable_insert(&rs->exceptions, exception_hash(rs, daddr), ex)) {
		mem_free(net->mem, ex, sizeof(*ex));
		return NULL;
	}
	list_add_tail(&ex->node, &rs->exception_list);
	return ex;
}

/** exception_set() - the news outlives its route's rtables: those who hold one look again */
static void exception_set(struct net *net, struct rt_exception *ex, u32 mtu_bytes, bool locked)
{
	struct route_state *rs = net->ipv4->route;

	ex->pmtu_bytes = mtu_bytes;
	ex->mtu_locked = locked;
	ex->expires = net->now + net->ipv4->route_mtu_expires;
	list_move_tail(&ex->node, &rs->exception_list);
	if (ex->rt) {
		ex->rt->dst.flags |= DST_DEAD;
		dst_release(&ex->rt->dst);
		ex->rt = NULL;
	}
}

void ip_update_pmtu(struct net *net, __be32 daddr, u32 mtu_bytes, int oif)
{
	struct flowi4 fl4 = { .daddr = daddr, .oif = oif };
	u32 min_bytes = (u32)net->ipv4->route_min_pmtu_bytes, old_bytes;
	struct rt_exception *ex;
	struct rtable *rt;
	bool locked = false;

	if (ip_route_output_flow(net, &fl4, &rt))
		return;
	old_bytes = ip_dst_mtu(rt);
	if (rt->type != RTN_UNICAST || old_bytes < mtu_bytes || (rt->fi && (rt->fi->metrics_lock >> RTAX_MTU & 1)))
		goto out;
	if (mtu_bytes < min_bytes) { /* too small to be believed: fragment instead */
		locked = true;
		mtu_bytes = min_u32(old_bytes, min_bytes);
	}
	ex = rt_exception_find(net, daddr);
	if (ex && ex->pmtu_bytes == mtu_bytes && ex->mtu_locked == locked &&
	    net->now < ex->expires - net->ipv4->route_mtu_expires / 2)
		goto out;
	if (!ex)
		ex = exception_create(net, daddr);
	if (!ex)
		goto out;
	exception_set(net, ex, mtu_bytes, locked);
	rt->dst.flags |= DST_DEAD;
out:
	dst_release(&rt->dst);
}

void rt_flush_dev(struct net *net, const struct net_device *dev)
{
	struct rt_exception *ex;

	list_for_each_entry(ex, &net->ipv4->route->exception_list, node) {
		struct rtable *rt = ex->rt;

		if (!rt || rt->dst.dev != dev)
			continue;
		ex->rt = NULL;
		dst_release(&rt->dst);
	}
}

void rt_pmtu_init(struct net *net, struct route_state *rs)
{
	INIT_LIST_HEAD(&rs->exception_list);
	htable_init(&rs->exceptions, net->mem, &net->rng, 8);
}

void rt_pmtu_exit(struct net *net, struct route_state *rs)
{
	while (!list_empty(&rs->exception_list))
		exception_remove(net, rs, list_first_entry(&rs->exception_list, struct rt_exception, node));
	htable_fini(&rs->exceptions);
}
