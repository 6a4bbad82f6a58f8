// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 output routes: what a packet that starts here gets, its source included.
 *
 * @step S5 of S13, from ipv6/ip6_output.c
 * @rfc  4191, 6724 2, 4861 5
 * @linux net/ipv6/route.c ip6_route_output_flags, net/ipv6/ip6_output.c ip6_dst_lookup
 *
 * A route is looked up in the FIB and made into an rt6_info, which the FIB's route keeps until the generation
 * (net->ipv6->rt_genid) changes: all packets by it take a reference to the same.  Sockets keep theirs the same way.
 *
 * Reading order: ip6_route_output_flow(), ip6_route_output(), rt6_of(), ip6_neigh_for_gw().
 */
#include <errno.h>
#include <linux/icmpv6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/byteorder.h"
#include "dev/lwtunnel.h"
#include "ipv6/fib6_internal.h"
#include "ipv6/icmpv6.h"
#include "ipv6/ipv6.h"
#include "ipv6/ndisc.h"
#include "neigh/neighbour.h"

#define IP6_MAX_MTU 65575U /* 65535 octets behind the header */
#define LOOPBACK_IFINDEX 1

/* ------------------------------------------------------------------ what is refused */

/** refuse() - a packet that came in, or that starts here, and no route wants.  @rfc 4443 3.1 */
static void refuse(struct sk_buff *skb, bool out)
{
	const struct rt6_info *rt = skb_rt6_info(skb);
	struct net *net = rt->dst.dev->net;
	struct inet6_dev *idev = in6_dev_get_rcu(skb->dev && !out ? skb->dev : rt->dst.dev);
	u8 code = rt->dst.error == -EACCES ? ICMPV6_ADM_PROHIBITED : ICMPV6_NOROUTE;

	if (rt->type == RTN_BLACKHOLE) { /* not a word */
		kfree_skb_reason(skb, out ? SKB_DROP_REASON_IP_OUTNOROUTES : SKB_DROP_REASON_IP_INNOROUTES);
		return;
	}
	if (out)
		IP6_INC(net, idev, out_no_routes);
	else if (ipv6_addr_any(&ipv6_hdr(skb)->daddr))
		IP6_INC(net, idev, in_addr_errors);
	else
		IP6_INC(net, idev, in_no_routes);
	if (!skb->dev)
		skb->dev = rt->dst.dev;
	icmpv6_send(skb, ICMPV6_DEST_UNREACH, code, 0);
	kfree_skb_reason(skb, out ? SKB_DROP_REASON_IP_OUTNOROUTES : SKB_DROP_REASON_IP_INNOROUTES);
}

static int refuse_in(struct sk_buff *skb)
{
	refuse(skb, false);
	return 0;
}

static int refuse_out(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	int err = skb_dst(skb)->error;

	(void)net;
	(void)sk;
	refuse(skb, true);
	return err ? err : -ENETUNREACH;
}

/* ------------------------------------------------------------------ rt6_info */

static void rt6_destroy(struct dst_entry *dst)
{
	struct rt6_info *rt = container_of(dst, struct rt6_info, dst);
	struct net_device *dev = dst->dev;
	struct net *net = dev->net;

	if (rt->neigh)
		neigh_release(rt->neigh);
	lwtstate_put(rt->dst.lwtstate);
	if (rt->from)
		fib6_info_put(rt->from);
	if (net->ipv6->route)
		net->ipv6->route->rt_count--;
	mem_free(net->mem, rt, sizeof(*rt));
	dev_put(dev);
}

static struct dst_entry *rt6_check(struct dst_entry *dst, u32 cookie)
{
	const struct rt6_info *rt = container_of(dst, struct rt6_info, dst);
	const struct net *net = dst->dev->net;

	(void)cookie;
	return rt6_is_current(rt, net->ipv6->rt_genid, net->now) ? dst : NULL;
}

static void rt6_link_failure(struct sk_buff *skb)
{
	struct rt6_info *rt = skb_rt6_info(skb);

	icmpv6_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0);
	if (!rt)
		return;
	if (rt->flags & RTF_CACHE) /* what was told of this destination is no good */
		rt6_exception_failed(rt, &ipv6_hdr(skb)->daddr);
	else if (rt->uses_gateway) /* perhaps there is another router */
		rt->dst.flags |= DST_DEAD;
}

static struct neighbour *rt6_neigh_lookup(struct dst_entry *dst, struct sk_buff *skb, const void *daddr)
{
	const struct rt6_info *rt = container_of(dst, struct rt6_info, dst);
	struct in6_addr key;
	struct neighbour *n;

	if (rt->uses_gateway)
		key = rt->gateway;
	else if (daddr)
		memcpy(&key, daddr, sizeof(key));
	else if (skb)
		key = ipv6_hdr(skb)->daddr;
	else
		return NULL;
	return ipv6_neigh_find_create(dst->dev, &key, &n) ? NULL : neigh_get(n);
}

static u32 rt6_mtu(const struct dst_entry *dst)
{
	return ip6_dst_mtu(container_of(dst, struct rt6_info, dst));
}

static const struct dst_ops ipv6_dst_ops = {
	.family = AF_INET6,
	.neigh_lookup = rt6_neigh_lookup,
	.check = rt6_check,
	.link_failure = rt6_link_failure,
	.mtu = rt6_mtu,
	.destroy = rt6_destroy,
};

static struct rt6_info *rt6_alloc(struct net_device *dev, u8 type, u32 flags)
{
	struct net *net = dev->net;
	struct rt6_info *rt = mem_zalloc(net->mem, sizeof(*rt));

	if (!rt)
		return NULL;
	rt->dst.dev = dev_hold(dev);
	rt->dst.ops = &ipv6_dst_ops;
	rt->dst.refcnt = 1;
	rt->dst.genid = net->ipv6->rt_genid;
	rt->dst.output = refuse_out;
	rt->dst.input = refuse_in;
	rt->type = type;
	rt->flags = flags;
	net->ipv6->route->rt_count++;
	return rt;
}

struct rt6_info *rt6_refusal(struct net *net, int error)
{
	struct net_device *dev = net->ipv6->fib->loopback;
	struct rt6_info *rt = dev ? rt6_alloc(dev, RTN_UNREACHABLE, RTF_REJECT | RTF_NONEXTHOP) : NULL;

	if (rt)
		rt->dst.error = (s16)error;
	return rt;
}

/** rt6_dev() - of packets by @f: what is ours comes back by the loopback device */
static struct net_device *rt6_dev(const struct fib6_info *f)
{
	struct net_device *lo = f->tb->fs->loopback;

	return (f->flags & (RTF_LOCAL | RTF_ANYCAST)) && lo ? lo : f->dev;
}

struct rt6_info *rt6_create(struct fib6_info *f)
{
	struct rt6_info *rt = rt6_alloc(rt6_dev(f), f->type, f->flags);
	struct in6_addr dst;

	if (!rt)
		return NULL;
	rt->from = fib6_info_hold(f);
	rt->dst.expires = f->expires;
	if (fib6_prefsrc(f))
		rt->prefsrc = *fib6_prefsrc(f);
	if (f->flags & RTF_REJECT) {
		rt->dst.error = (s16)fib6_type_error(f->type);
		return rt;
	}
	fib6_key_addr(&f->leaf.key, &dst);
	rt->dst.output = ip6_output;
	rt->dst.input = f->flags & (RTF_LOCAL | RTF_ANYCAST) ? ip6_input
			: ipv6_addr_is_multicast(&dst)       ? ip6_mc_input
							     : ip6_forward;
	if (f->has_gateway) {
		rt->uses_gateway = true;
		rt->gateway = f->gateway;
	}
	rt->dst.lwtstate = lwtstate_get(f->lwtstate);
	lwtunnel_set_redirect(&rt->dst);
	return rt;
}

static inline bool rt6_current(const struct net *net, const struct rt6_info *rt)
{
	return rt && likely(rt6_is_current(rt, net->ipv6->rt_genid, net->now));
}

static struct rt6_info *rt6_hold(struct rt6_info *rt)
{
	dst_get(&rt->dst);
	return rt;
}

/** rt6_make() - a new one, which @f keeps; returned; NULL: no memory */
static struct rt6_info *rt6_make(struct fib6_info *f)
{
	struct rt6_info *rt = rt6_create(f);

	if (!rt)
		return NULL;
	rt6_flush_nh(f);
	rcu_assign_pointer(f->rt, rt6_hold(rt));
	return rt;
}

struct rt6_info *rt6_of(struct fib6_info *f, const struct in6_addr *daddr)
{
	struct net *net = f->dev->net;
	struct rt6_info *rt;

	if (unlikely(f->has_exceptions)) {
		rt = rt6_exception_route(net, f, daddr);
		if (rt)
			return rt6_hold(rt);
	}
	rt = rcu_dereference(f->rt);
	return likely(rt6_current(net, rt)) ? rt6_hold(rt) : rt6_make(f);
}

void rt6_flush_nh(struct fib6_info *f)
{
	struct rt6_info *rt = f->rt;

	if (!rt)
		return;
	rcu_assign_pointer(f->rt, (struct rt6_info *)NULL);
	dst_release(&rt->dst);
}

/* ------------------------------------------------------------------ metrics */

const u32 *ip6_dst_metrics(const struct rt6_info *rt)
{
	return rt->from && rt->from->more ? rt->from->more->metrics : NULL;
}

u32 ip6_dst_metric(const struct rt6_info *rt, int rtax)
{
	const u32 *metrics = ip6_dst_metrics(rt);

	return metrics ? metrics[rtax - 1] : 0;
}

/** route_mtu() - what the path, the route or the device says, in this order */
static u32 route_mtu(const struct rt6_info *rt)
{
	const struct net_device *dev = rt->dst.dev;
	const struct inet6_dev *idev;
	u32 mtu = rt->pmtu_bytes;

	if (mtu && (!rt->dst.expires || dev->net->now < rt->dst.expires))
		return mtu;
	mtu = ip6_dst_metric(rt, RTAX_MTU);
	if (mtu)
		return mtu;
	idev = in6_dev_get_rcu(dev);
	mtu = idev && IN6_DEV_CONF(idev, MTU6) >= (int)IPV6_MIN_MTU ? (u32)IN6_DEV_CONF(idev, MTU6) : dev->mtu;
	return min_u32(min_u32(mtu, dev->mtu), IP6_MAX_MTU);
}

u32 ip6_dst_mtu(const struct rt6_info *rt)
{
	return lwtunnel_mtu(rt->dst.lwtstate, route_mtu(rt));
}

u32 ip6_dst_hoplimit(const struct rt6_info *rt)
{
	u32 hops = ip6_dst_metric(rt, RTAX_HOPLIMIT);
	const struct inet6_dev *idev;

	if (hops)
		return hops;
	idev = in6_dev_get_rcu(rt->dst.dev);
	return (u32)(idev ? IN6_DEV_CONF(idev, HOPLIMIT)
			  : rt->dst.dev->net->ipv6->devconf_all->data[IPV6_DEVCONF_HOPLIMIT]);
}

/* ------------------------------------------------------------------ output */

static u32 output_flags(const struct flowi6 *fl6)
{
	bool strict = fl6->strict_oif || rt6_need_strict(&fl6->daddr) || (fl6->oif && ipv6_addr_any(&fl6->saddr));

	return strict ? RT6_LOOKUP_F_IFACE : 0;
}

int ip6_route_output(struct net *net, struct flowi6 *fl6, struct rt6_info **out)
{
	u32 strict = output_flags(fl6) | fib6_lookup_flags(net);
	struct fib6_result res;
	int err;

	net->ipv6->route->output_lookups++;
	if (!fl6->iif)
		fl6->iif = LOOPBACK_IFINDEX;
	err = fib6_lookup(net, fl6, fl6->oif, strict, &res);
	if (unlikely(err)) {
		*out = rt6_refusal(net, err);
		return *out ? 0 : -ENOBUFS;
	}
	fib6_select_path(net, &res, fl6, fl6->oif, strict);
	*out = rt6_of(res.f, &fl6->daddr);
	return *out ? 0 : -ENOBUFS;
}

int ip6_route_get_saddr(struct net *net, const struct rt6_info *rt, const struct in6_addr *daddr, u32 prefs,
			struct in6_addr *out)
{
	if (ipv6_addr_any(&rt->prefsrc))
		return ipv6_dev_get_saddr(net, rt->from ? rt->from->dev : NULL, daddr, prefs, out);
	*out = rt->prefsrc;
	return 0;
}

static int choose_source(struct net *net, struct flowi6 *fl6, const struct rt6_info *rt)
{
	return ip6_route_get_saddr(net, rt, &fl6->daddr, fl6->src_prefs, &fl6->saddr);
}

/** output_again() - no route but, perhaps, one for the source that this packet would have; who would have none, says so */
static int output_again(struct net *net, struct flowi6 *fl6, struct rt6_info **rt)
{
	bool strict_oif = fl6->strict_oif;
	int err = ipv6_dev_get_saddr(net, NULL, &fl6->daddr, fl6->src_prefs, &fl6->saddr);

	if (err)
		return err;
	if (!net->ipv6->fib->main->src_count && !net->ipv6->fib->custom_rules)
		return (*rt)->dst.error;
	dst_release(&(*rt)->dst);
	fl6->strict_oif = fl6->oif != 0; /* as it was without a source */
	err = ip6_route_output(net, fl6, rt);
	fl6->strict_oif = strict_oif;
	return err;
}

int ip6_route_output_flow(struct net *net, struct flowi6 *fl6, struct rt6_info **out)
{
	struct rt6_info *rt;
	int err = ip6_route_output(net, fl6, &rt);

	if (err)
		return err;
	if (ipv6_addr_any(&fl6->saddr))
		err = unlikely(rt->dst.error) ? output_again(net, fl6, &rt) : choose_source(net, fl6, rt);
	if (err == -ENOBUFS)
		return err;
	if (!err)
		err = rt->dst.error;
	if (!err && ipv6_addr_v4mapped(&fl6->saddr) && !ipv6_addr_v4mapped(&fl6->daddr))
		err = -EAFNOSUPPORT;
	if (err) {
		dst_release(&rt->dst);
		return err;
	}
	if (!fl6->oif)
		fl6->oif = rt->dst.dev->ifindex;
	*out = rt;
	return 0;
}

void ip6_route_view(const struct rt6_info *rt, struct fib6_route_view *out)
{
	const struct fib6_info *f = rt->from;
	struct net *net = rt->dst.dev->net;

	if (f) {
		fib6_route_view(f, 1, out);
	} else {
		memset(out, 0, sizeof(*out));
		out->metric = UINT32_MAX;
		out->nh_count = 1;
	}
	out->type = rt->type;
	if (rt->flags & RTF_DYNAMIC) { /* by a redirect, whatever the route was worth */
		out->pref = ICMPV6_ROUTER_PREF_MEDIUM;
		out->flags &= ~(u32)RTF_PREF_MASK;
	}
	out->flags = rt->flags | (out->flags & RTF_PREF_MASK);
	out->error = rt->dst.error;
	out->expires = rt->dst.expires;
	out->expires_s = rt->dst.expires ? (rt->dst.expires - net->now) / NSEC_PER_SEC : 0;
	out->nh.dev = rt->dst.dev;
	out->nh.flags = 0; /* as Linux: they are the route's in the table */
	out->nh.has_gateway = rt->uses_gateway;
	out->nh.gateway = rt->gateway;
	out->nh.lwtstate = rt->dst.lwtstate;
	if (rt->flags & RTF_CACHE)
		out->rtm_flags |= RTM_F_CLONED;
	if (rt->pmtu_bytes) {
		if (out->metrics)
			memcpy(out->path_metrics, out->metrics, sizeof(out->path_metrics));
		out->path_metrics[RTAX_MTU - 1] = rt->pmtu_bytes;
		out->metrics = out->path_metrics;
	}
}

bool ip6_route_fib_view(const struct rt6_info *rt, struct fib6_route_view *out)
{
	const struct fib6_info *f = rt->from;

	if (!f || !f->in_tree)
		return false;
	fib6_route_view(f, f->nsiblings + 1U, out);
	return true;
}

/* ------------------------------------------------------------------ the neighbour on the way */

int ip6_neigh_for_gw(struct rt6_info *rt, const struct in6_addr *daddr, struct neighbour **out)
{
	const struct in6_addr *key = rt6_nexthop(rt, daddr);
	struct neighbour *n = rt->neigh;
	int err;

	if (likely(n && neigh_alive(n, NEIGH_ND_TABLE) && memcmp(n->primary_key, key, sizeof(*key)) == 0)) {
		*out = n;
		return 0;
	}
	err = ipv6_neigh_find_create(rt->dst.dev, key, &n);
	if (unlikely(err))
		return err;
	neigh_get(n);
	if (rt->neigh)
		neigh_release(rt->neigh);
	rt->neigh = n;
	*out = n;
	return 0;
}

void rt6_neigh_doubt(const struct rt6_info *rt, const struct in6_addr *daddr)
{
	struct neigh_table *nd = rt->dst.dev->net->neigh->table[NEIGH_ND_TABLE];
	struct neighbour *n = nd ? neigh_find(nd, rt6_nexthop(rt, daddr), rt->dst.dev) : NULL;

	if (n)
		neigh_doubt(n);
}

/* ------------------------------------------------------------------ life */

void rt6_cache_flush(struct net *net)
{
	struct rt6_state *rs = net->ipv6->route;

	net->ipv6->rt_genid++;
	if (rs && rs->input_used)
		rt6_input_cache_flush(rs);
}

int ip6_rt_init(struct net *net)
{
	struct rt6_state *rs = mem_zalloc(net->mem, sizeof(*rs));

	if (!rs)
		return -ENOMEM;
	rt6_exceptions_init(net, rs);
	net->ipv6->route = rs;
	rt6_sysctl_init(net);
	return 0;
}

void ip6_rt_exit(struct net *net)
{
	struct rt6_state *rs = net->ipv6->route;

	rt6_sysctl_exit(net);
	rt6_input_cache_flush(rs);
	mem_free(net->mem, rs->input, rs->input_slots * sizeof(*rs->input));
	rt6_exceptions_exit(net, rs);
	net->ipv6->route = NULL;
	mem_free(net->mem, rs, sizeof(*rs));
}
