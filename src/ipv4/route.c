// SPDX-License-Identifier: BSD-2-Clause
/* Output routes: from a flow to what its packets carry, an rtable.
 *
 * @step S5 of S13, from udp/, raw/, ipv4/icmp.c; to ipv4/ip_output.c
 * @rfc  1122 3.3.1, 3.3.4, 3.3.6
 * @linux net/ipv4/route.c
 *
 * An rtable belongs to a next hop, not to a destination: all flows through it share one, which the next hop keeps
 * until the generation (net->ipv4->rt_genid) changes.  Sockets keep theirs the same way: rt_is_current() decides.
 *
 * The last routes are kept in a small table, by flow: sockets that come and go, and datagrams to a few hosts, cost one
 * comparison.  Every change of tables, addresses, rules or parameters empties it.
 *
 * Reading order: ip_route_output_flow(), choose_output(), make_output(), ip_neigh_for_gw().
 */
#include <errno.h>
#include <linux/icmp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/byteorder.h"
#include "dev/lwtunnel.h"
#include "ipv4/arp.h"
#include "ipv4/icmp.h"
#include "ipv4/igmp.h"
#include "ipv4/ip.h"
#include "ipv4/route_internal.h"

#define IP_MAX_MTU 0xFFFFU
#define MTU_LOCKED_VIA_GATEWAY 576U
#define LOOPBACK_ADDR 0x7f000001U

/* ------------------------------------------------------------------ rtable */

static int discard_out(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	(void)net;
	(void)sk;
	kfree_skb_reason(skb, SKB_DROP_REASON_IP_OUTNOROUTES);
	return -EINVAL;
}

static int discard_in(struct sk_buff *skb)
{
	kfree_skb_reason(skb, SKB_DROP_REASON_IP_INNOROUTES);
	return 0;
}

static void rt_destroy(struct dst_entry *dst)
{
	struct rtable *rt = container_of(dst, struct rtable, dst);
	struct net_device *dev = dst->dev;

	if (rt->neigh)
		neigh_release(rt->neigh);
	lwtstate_put(rt->dst.lwtstate);
	if (rt->fi)
		fib_info_put(rt->fi);
	mem_free(dev->net->mem, rt, sizeof(*rt));
	dev_put(dev);
}

static struct dst_entry *rt_check(struct dst_entry *dst, u32 cookie)
{
	const struct rtable *rt = container_of(dst, struct rtable, dst);
	const struct net *net = dst->dev->net;

	(void)cookie;
	return rt_is_current(rt, net->ipv4->rt_genid, net->now) ? dst : NULL;
}

static void rt_link_failure(struct sk_buff *skb)
{
	struct rtable *rt = skb_rtable(skb);

	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	if (rt && rt->pmtu_bytes)
		rt->dst.flags |= DST_DEAD;
}

/** neigh_for_gw6() - RFC 8950: IPv4 by an IPv6 neighbour; @out: borrowed */
static int neigh_for_gw6(const struct rtable *rt, struct neighbour **out)
{
	struct neigh_table *nd = rt->dst.dev->net->neigh->table[NEIGH_ND_TABLE];

	return nd ? neigh_find_create(nd, rt->gw6, rt->dst.dev, out) : -EAFNOSUPPORT;
}

static struct neighbour *rt_neigh_lookup(struct dst_entry *dst, struct sk_buff *skb, const void *daddr)
{
	const struct rtable *rt = container_of(dst, struct rtable, dst);
	struct neighbour *n;
	__be32 key;

	if (rt->gw_family == AF_INET6)
		return neigh_for_gw6(rt, &n) ? NULL : neigh_get(n);
	if (rt->gw_family == AF_INET)
		key = rt->gw4;
	else if (daddr)
		key = get_unaligned_be32(daddr);
	else if (skb)
		key = ip_hdr(skb)->daddr;
	else
		return NULL;
	return ipv4_neigh_find_create(dst->dev, key, &n) ? NULL : neigh_get(n);
}

static u32 rt_mtu(const struct dst_entry *dst)
{
	return ip_dst_mtu(container_of(dst, struct rtable, dst));
}

static const struct dst_ops ipv4_dst_ops = {
	.family = AF_INET,
	.neigh_lookup = rt_neigh_lookup,
	.check = rt_check,
	.link_failure = rt_link_failure,
	.mtu = rt_mtu,
	.destroy = rt_destroy,
};

struct rtable *rt_create(struct net_device *dev, u8 type, u32 flags)
{
	struct rtable *rt = mem_zalloc(dev->net->mem, sizeof(*rt));

	if (!rt)
		return NULL;
	rt->dst.dev = dev_hold(dev);
	rt->dst.ops = &ipv4_dst_ops;
	rt->dst.refcnt = 1;
	rt->dst.genid = dev->net->ipv4->rt_genid;
	rt->dst.output = discard_out;
	rt->dst.input = discard_in;
	rt->type = type;
	rt->flags = flags;
	return rt;
}

void rt_set_nexthop(struct rtable *rt, const struct fib_result *res)
{
	const struct fib_nh *nh = fib_res_nh(res);

	/* a gateway that is an address of our own is none: its scope is then wider than a link's */
	if (nh->gw_family && nh->scope == RT_SCOPE_LINK) {
		rt->gw_family = nh->gw_family;
		memcpy(rt->gw6, nh->gw6, sizeof(rt->gw6));
		rt->uses_gateway = true;
	}
	rt->dst.lwtstate = lwtstate_get(nh->lwtstate);
	lwtunnel_set_redirect(&rt->dst);
	rt->fi = fib_info_hold(res->fi);
}

void rt_cache_put(struct rtable **slot, struct rtable *rt)
{
	struct rtable *old = *slot;

	dst_get(&rt->dst);
	rcu_assign_pointer(*slot, rt);
	if (old)
		dst_release(&old->dst);
}

void rt_flush_nh(struct fib_nh *nh)
{
	struct rtable **slots[] = { &nh->rth_output, &nh->rth_input };

	for (size_t i = 0; i < ARRAY_SIZE(slots); i++) {
		struct rtable *rt = *slots[i];

		if (!rt)
			continue;
		rcu_assign_pointer(*slots[i], (struct rtable *)NULL);
		dst_release(&rt->dst);
	}
}

/** route_mtu() - what the path, the route or the device says, in this order */
static u32 route_mtu(const struct rtable *rt)
{
	const struct net_device *dev = rt->dst.dev;
	u32 mtu = rt->pmtu_bytes;

	if (mtu && (!rt->dst.expires || dev->net->now < rt->dst.expires))
		return mtu;
	mtu = rt->fi ? rt->fi->metrics[RTAX_MTU - 1] : 0;
	if (mtu)
		return mtu;
	mtu = min_u32(dev->mtu, IP_MAX_MTU);
	if (rt->uses_gateway && rt->fi && (rt->fi->metrics_lock >> RTAX_MTU & 1))
		mtu = min_u32(mtu, MTU_LOCKED_VIA_GATEWAY);
	return mtu;
}

u32 ip_dst_mtu(const struct rtable *rt)
{
	return lwtunnel_mtu(rt->dst.lwtstate, route_mtu(rt));
}

/* ------------------------------------------------------------------ output */

/** struct out_route - what the choice came to */
struct out_route {
	struct net_device *dev;
	struct fib_result res; /* fi NULL: no route was needed */
	u32 flags;             /* RTCF_* */
	u8 type;
	int orig_oif;
};

/** our_dev() - device of an address of ours, NULL: not ours.  @linux __ip_dev_find */
static struct net_device *our_dev(struct net *net, __be32 addr)
{
	const struct in_ifaddr *ifa = inet_lookup_ifaddr(net, addr);
	struct flowi4 fl4 = { .daddr = addr };
	struct fib_result res;

	if (ifa)
		return ifa->ifa_dev->dev;
	/* the rest of 127/8, and what somebody routed to us */
	if (!net->ipv4->fib->local || fib_table_lookup(net->ipv4->fib->local, &fl4, &res, 0) || res.type != RTN_LOCAL)
		return NULL;
	return fib_res_nh(&res)->dev;
}

/** check_source() - a source that was asked for.  Return: 1: @o is complete, 0: go on, -EINVAL, -ENETUNREACH (not ours) */
static int check_source(struct net *net, struct flowi4 *fl4, struct out_route *o)
{
	if (ipv4_is_multicast(fl4->saddr) || ipv4_is_lbcast(fl4->saddr) || ipv4_is_zeronet(fl4->saddr))
		return -EINVAL;
	/* where to send a multicast without a device said: where its source lives */
	if (!fl4->oif && (ipv4_is_multicast(fl4->daddr) || ipv4_is_lbcast(fl4->daddr))) {
		o->dev = our_dev(net, fl4->saddr);
		if (!o->dev)
			return -ENETUNREACH;
		fl4->oif = o->dev->ifindex;
		return 1;
	}
	if (!(fl4->flags & FLOWI_FLAG_ANYSRC) && !our_dev(net, fl4->saddr))
		return -ENETUNREACH;
	return 0;
}

static bool is_local_multicast(__be32 addr)
{
	return (be32_to_cpu(addr) & 0xffffff00U) == 0xe0000000U;
}

/** check_oif() - a device that was asked for.  Return: 1: @o is complete, 0: go on, -errno */
static int check_oif(struct net *net, struct flowi4 *fl4, struct out_route *o)
{
	o->dev = dev_find_by_index(net, fl4->oif);
	if (!o->dev)
		return -ENODEV;
	if (!(o->dev->flags & IFF_UP) || !in_dev_get_rcu(o->dev))
		return -ENETUNREACH;
	if (is_local_multicast(fl4->daddr) || ipv4_is_lbcast(fl4->daddr) || fl4->proto == IPPROTO_IGMP) {
		if (!fl4->saddr)
			fl4->saddr = inet_select_addr(o->dev, cpu_to_be32(0), RT_SCOPE_LINK);
		return 1;
	}
	if (!fl4->saddr && ipv4_is_multicast(fl4->daddr))
		fl4->saddr = inet_select_addr(o->dev, cpu_to_be32(0), fl4->scope);
	else if (!fl4->saddr && !fl4->daddr)
		fl4->saddr = inet_select_addr(o->dev, cpu_to_be32(0), RT_SCOPE_HOST);
	return 0;
}

/** to_ourselves() - the loopback device takes it */
static int to_ourselves(struct net *net, struct flowi4 *fl4, struct out_route *o)
{
	o->dev = net->ipv4->fib->loopback;
	if (!o->dev)
		return -ENODEV;
	o->type = RTN_LOCAL;
	o->flags |= RTCF_LOCAL;
	fl4->oif = o->dev->ifindex;
	return 0;
}

static int lookup_output(struct net *net, struct flowi4 *fl4, struct out_route *o)
{
	int err = fib_lookup(net, fl4, &o->res);

	if (err) {
		o->res.fi = NULL;
		if (!fl4->oif)
			return err;
		/* told to use this device, and no route says how: the destination is believed to be on its link */
		if (!fl4->saddr)
			fl4->saddr = inet_select_addr(o->dev, cpu_to_be32(0), RT_SCOPE_LINK);
		return 0;
	}
	if (o->res.type == RTN_LOCAL) {
		if (!fl4->saddr)
			fl4->saddr = o->res.fi->prefsrc ? o->res.fi->prefsrc : fl4->daddr;
		return to_ourselves(net, fl4, o);
	}
	fib_select_path(net, &o->res, fl4, NULL);
	if (!fl4->saddr)
		fl4->saddr = fib_result_prefsrc(net->ipv4->fib, &o->res);
	o->type = o->res.type;
	o->dev = fib_res_nh(&o->res)->dev;
	fl4->oif = o->dev->ifindex;
	return 0;
}

/** choose_output() - source, device, type.  Return: 0, -errno of ip_route_output_flow() */
static int choose_output(struct net *net, struct flowi4 *fl4, struct out_route *o)
{
	int err;

	if (fl4->saddr) {
		err = check_source(net, fl4, o);
		if (err)
			return err < 0 ? err : 0;
	}
	if (fl4->oif) {
		err = check_oif(net, fl4, o);
		if (err)
			return err < 0 ? err : 0;
	}
	if (!fl4->daddr) {
		fl4->daddr = fl4->saddr;
		if (!fl4->daddr)
			fl4->daddr = fl4->saddr = cpu_to_be32(LOOPBACK_ADDR);
		return to_ourselves(net, fl4, o);
	}
	return lookup_output(net, fl4, o);
}

/** classify_output() - what the addresses say, whatever the route said.  Return: may the next hop keep the rtable? */
static int classify_output(const struct flowi4 *fl4, struct out_route *o, bool *cacheable)
{
	const struct in_device *in_dev = in_dev_get_rcu(o->dev);

	*cacheable = true;
	if (!in_dev)
		return -EINVAL;
	if (ipv4_is_loopback(fl4->saddr) && !(o->dev->flags & IFF_LOOPBACK) && !IN_DEV_ORCONF(in_dev, ROUTE_LOCALNET))
		return -EINVAL;
	if (ipv4_is_lbcast(fl4->daddr))
		o->type = RTN_BROADCAST;
	else if (ipv4_is_multicast(fl4->daddr))
		o->type = RTN_MULTICAST;
	else if (ipv4_is_zeronet(fl4->daddr))
		return -EINVAL;
	if (o->dev->flags & IFF_LOOPBACK)
		o->flags |= RTCF_LOCAL;
	if (o->type == RTN_BROADCAST) {
		o->flags |= RTCF_BROADCAST | RTCF_LOCAL;
		o->res.fi = NULL;
	} else if (o->type == RTN_MULTICAST) {
		o->flags |= RTCF_MULTICAST | RTCF_LOCAL;
		if (fl4->proto != IPPROTO_IGMP && !ip_check_mc(in_dev, fl4->daddr))
			o->flags &= ~RTCF_LOCAL;
		*cacheable = false;
		/* a default route says nothing about the gateway of a group */
		if (o->res.fi && o->res.prefixlen < 4)
			o->res.fi = NULL;
	} else if (o->type == RTN_LOCAL && o->orig_oif && o->orig_oif != o->dev->ifindex) {
		*cacheable = false;
	}
	return 0;
}

/** make_output() - returned; NULL: no memory */
static struct rtable *make_output(const struct out_route *o)
{
	struct rtable *rt = rt_create(o->dev, o->type, o->flags);

	if (!rt)
		return NULL;
	rt->iif = o->orig_oif;
	rt->dst.output = ip_output;
	if (o->flags & RTCF_LOCAL)
		rt->dst.input = ip_local_deliver;
	/* what is for us as well comes back by a copy, unless the device brings it back anyway */
	if ((o->flags & RTCF_LOCAL) && (o->flags & (RTCF_BROADCAST | RTCF_MULTICAST)) &&
	    !(o->dev->flags & IFF_LOOPBACK))
		rt->dst.output = ip_mc_output;
	if (o->res.fi && o->res.fi->nhs)
		rt_set_nexthop(rt, &o->res);
	return rt;
}

/** output_of_exception() - the route of a destination with a path MTU of its own; returned; NULL: as the others */
static struct rtable *output_of_exception(struct net *net, const struct flowi4 *fl4, const struct out_route *o)
{
	struct rt_exception *ex = rt_exception_find(net, fl4->daddr);
	struct rtable *rt;

	if (!ex)
		return NULL;
	rt = rt_cached(net, &ex->rt);
	if (rt && rt->dst.dev == o->dev)
		return container_of(dst_get(&rt->dst), struct rtable, dst);
	rt = make_output(o);
	if (!rt)
		return NULL;
	rt->pmtu_bytes = ex->pmtu_bytes;
	rt->mtu_locked = ex->mtu_locked;
	rt->dst.expires = ex->expires;
	rt_cache_put(&ex->rt, rt);
	return rt;
}

static int output_route(struct net *net, const struct flowi4 *fl4, struct out_route *o, struct rtable **out)
{
	struct fib_nh *nh;
	struct rtable *rt;
	bool cacheable;
	int err = classify_output(fl4, o, &cacheable);

	if (err)
		return err;
	if (unlikely(net->ipv4->route->exceptions.live_count) && o->type == RTN_UNICAST) {
		*out = output_of_exception(net, fl4, o);
		if (*out)
			return 0;
	}
	nh = cacheable && o->res.fi && o->res.fi->nhs ? fib_res_nh(&o->res) : NULL;
	rt = nh ? rt_cached(net, &nh->rth_output) : NULL;
	if (likely(rt)) {
		dst_get(&rt->dst);
		*out = rt;
		return 0;
	}
	rt = make_output(o);
	if (!rt)
		return -ENOBUFS;
	if (nh)
		rt_cache_put(&nh->rth_output, rt);
	*out = rt;
	return 0;
}

/* ------------------------------------------------------------------ the small table */

static struct rt_output_key output_key(const struct flowi4 *fl4)
{
	return (struct rt_output_key){ .daddr = fl4->daddr,
				       .saddr = fl4->saddr,
				       .oif = fl4->oif,
				       .tos = fl4->tos,
				       .scope = fl4->scope,
				       .flags = fl4->flags };
}

static struct rt_output_slot *output_slot(const struct route_state *rs, const struct rt_output_key *key)
{
	u64 addrs = (u64)(__force u32)key->daddr << 32 | (__force u32)key->saddr;

	return &rs->output[(addrs * 0x9e3779b97f4a7c15ULL >> 56) % RT_OUTPUT_CACHE_SLOTS];
}

/* IGMP has a way of its own, and rules may look at whatever they like. */
static bool output_is_kept(const struct net *net, const struct flowi4 *fl4)
{
	return !net->ipv4->fib->custom_rules && !net->ipv4->route->exceptions.live_count && fl4->proto != IPPROTO_IGMP;
}

/* Return: returned, with @fl4 completed; NULL: it is not there */
static struct rtable *output_remembered(struct net *net, struct flowi4 *fl4)
{
	const struct rt_output_key key = output_key(fl4);
	struct route_state *rs = net->ipv4->route;
	const struct rt_output_slot *s;
	struct rtable *rt;

	if (!rs->output_used || !output_is_kept(net, fl4))
		return NULL;
	s = output_slot(rs, &key);
	rt = rt_cached(net, &s->rt);
	if (!rt || memcmp(&s->key, &key, sizeof(key)) != 0)
		return NULL;
	rs->output_hits++;
	fl4->daddr = s->daddr;
	fl4->saddr = s->saddr;
	fl4->oif = s->oif;
	dst_get(&rt->dst);
	return rt;
}

/* Only what a next hop keeps, too, and is not chosen by chance among several. */
static void output_remember(struct net *net, const struct rt_output_key *key, const struct flowi4 *fl4,
			    struct rtable *rt)
{
	struct route_state *rs = net->ipv4->route;
	struct rt_output_slot *s;

	if (!rt->fi || rt->fi->nhs != 1 || rt->fi->nh[0].rth_output != rt || !output_is_kept(net, fl4))
		return;
	if (!rs->output)
		rs->output = mem_zalloc(net->mem, RT_OUTPUT_CACHE_SLOTS * sizeof(*rs->output));
	if (!rs->output)
		return;
	s = output_slot(rs, key);
	s->key = *key;
	s->daddr = fl4->daddr;
	s->saddr = fl4->saddr;
	s->oif = fl4->oif;
	rt_cache_put(&s->rt, rt);
	rs->output_used = true;
}

static void output_cache_flush(struct route_state *rs)
{
	for (u32 i = 0; rs->output_used && i < RT_OUTPUT_CACHE_SLOTS; i++) {
		struct rtable *rt = rs->output[i].rt;

		rs->output[i].rt = NULL;
		if (rt)
			dst_release(&rt->dst);
	}
	rs->output_used = false;
}

int ip_route_output_flow(struct net *net, struct flowi4 *fl4, struct rtable **out)
{
	struct out_route o = { .type = RTN_UNICAST, .orig_oif = fl4->oif };
	struct rt_output_key key;
	int err;

	net->ipv4->route->output_lookups++;
	fl4->tos &= IPTOS_RT_MASK;
	if (!fl4->iif)
		fl4->iif = LOOPBACK_IFINDEX;
	*out = output_remembered(net, fl4);
	if (*out)
		return 0;
	key = output_key(fl4);
	err = choose_output(net, fl4, &o);
	if (err)
		return err;
	err = output_route(net, fl4, &o, out);
	if (!err)
		output_remember(net, &key, fl4, *out);
	return err;
}

/* ------------------------------------------------------------------ the neighbour on the way */

/* Most go by the same device as the one before: of another the guess is wrong, and does no harm. */
void ip_neigh_prefetch(const struct net *net, __be32 daddr)
{
	neigh_prefetch(net->neigh->table[NEIGH_ARP_TABLE], &daddr, net->ipv4->route->neigh_generation);
}

void ip_neigh_prefetch_entry(const struct rtable *rt, __be32 daddr)
{
	const struct net_device *dev = rt->dst.dev;
	u32 generation = dev->neigh_generation[NEIGH_ARP_TABLE];

	if (rt->gw_family || rt->neigh_key == daddr)
		return;
	dev->net->ipv4->route->neigh_generation = generation;
	neigh_prefetch_entry(dev->net->neigh->table[NEIGH_ARP_TABLE], &daddr, generation);
}

int ip_neigh_for_gw(struct rtable *rt, struct sk_buff *skb, bool *is_v6gw, struct neighbour **out)
{
	struct net_device *dev = rt->dst.dev;
	struct neighbour *n = rt->neigh;
	__be32 key;
	int err;

	TRACE_STEP(7, skb);
	*is_v6gw = false;
	if (unlikely(rt->gw_family == AF_INET6)) {
		*is_v6gw = true;
		return neigh_for_gw6(rt, out);
	}
	key = rt->gw_family ? rt->gw4 : ip_hdr(skb)->daddr;
	if (dev->flags & (IFF_LOOPBACK | IFF_POINTOPOINT)) /* one entry serves all */
		key = cpu_to_be32(0);
	if (likely(n && rt->neigh_key == key && neigh_alive(n, NEIGH_ARP_TABLE))) {
		*out = n;
		return 0;
	}
	err = ipv4_neigh_find_create(dev, key, &n);
	if (unlikely(err))
		return err;
	*out = n;
	if (rt->neigh_last != key) {
		rt->neigh_last = key;
		return 0;
	}
	neigh_get(n);
	if (rt->neigh)
		neigh_release(rt->neigh);
	rt->neigh = n;
	rt->neigh_key = key;
	return 0;
}

void rt_neigh_doubt(const struct rtable *rt, __be32 daddr)
{
	struct net_device *dev = rt->dst.dev;
	struct neigh_table *tbl = dev->net->neigh->table[rt->gw_family == AF_INET6 ? NEIGH_ND_TABLE : NEIGH_ARP_TABLE];
	__be32 hop = dev->flags & (IFF_LOOPBACK | IFF_POINTOPOINT) ? cpu_to_be32(0) : rt_nexthop(rt, daddr);
	struct neighbour *n = tbl ? neigh_find(tbl, rt->gw_family == AF_INET6 ? rt->gw6 : (void *)&hop, dev) : NULL;

	if (n)
		neigh_doubt(n);
}

/* ------------------------------------------------------------------ life */

void rt_cache_flush(struct net *net)
{
	struct route_state *rs = net->ipv4->route;

	net->ipv4->rt_genid++;
	if (!rs)
		return;
	rt_input_cache_flush(rs);
	output_cache_flush(rs);
}

int ip_rt_init(struct net *net)
{
	struct route_state *rs = mem_zalloc(net->mem, sizeof(*rs));

	if (!rs)
		return -ENOMEM;
	rt_pmtu_init(net, rs);
	ratelimit_init(&rs->martian_limit, 5 * NSEC_PER_SEC, 10);
	net->ipv4->route = rs;
	return 0;
}

void ip_rt_exit(struct net *net)
{
	struct route_state *rs = net->ipv4->route;

	rt_input_cache_flush(rs);
	output_cache_flush(rs);
	mem_free(net->mem, rs->input, RT_INPUT_CACHE_SLOTS * sizeof(*rs->input));
	mem_free(net->mem, rs->output, RT_OUTPUT_CACHE_SLOTS * sizeof(*rs->output));
	rt_pmtu_exit(net, rs);
	net->ipv4->route = NULL;
	mem_free(net->mem, rs, sizeof(*rs));
}
