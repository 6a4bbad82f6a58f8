// SPDX-License-Identifier: BSD-2-Clause
/* Input routes: what becomes of a packet that came in.
 *
 * @rfc  1122 3.2.1.3, 1812 5.2.4 5.3.7 5.3.8
 * @linux net/ipv4/route.c ip_route_input_noref
 *
 * The last routes are kept in a small table, by addresses and device: a packet of a flow costs one comparison.  Every
 * change of tables, addresses, rules or parameters empties it.
 *
 * Reading order: ip_route_input(), route_unicast(), input_local(), input_forward(), ip_error().
 */
#include <errno.h>
#include <linux/icmp.h>
#include <netinet/in.h>
#include <string.h>

#include "base/byteorder.h"
#include "ipv4/icmp.h"
#include "ipv4/igmp.h"
#include "ipv4/ip.h"
#include "ipv4/route_internal.h"

/** struct in_route - one packet on its way to its route */
struct in_route {
	struct net *net;
	struct sk_buff *skb;
	struct net_device *dev;
	const struct in_device *in_dev;
	__be32 daddr, saddr;
	u8 tos;
	bool cacheable;
	enum skb_drop_reason reason;
	struct fib_result res;
};

/* ------------------------------------------------------------------ the small table */

static struct rt_input_slot *input_slot(struct route_state *rs, __be32 daddr, __be32 saddr, int iif)
{
	u64 h = ((u64)(__force u32)daddr << 32 | (__force u32)saddr) * 0x9e3779b97f4a7c15ULL ^ (u64)(u32)iif << 50;

	return &rs->input[(h >> 56) % RT_INPUT_CACHE_SLOTS];
}

void rt_input_cache_flush(struct route_state *rs)
{
	for (u32 i = 0; rs->input_used && i < RT_INPUT_CACHE_SLOTS; i++) {
		struct rtable *rt = rs->input[i].rt;

		rs->input[i].rt = NULL;
		if (rt)
			dst_release(&rt->dst);
	}
	rs->input_used = false;
}

static void input_remember(const struct in_route *in, struct rtable *rt)
{
	struct route_state *rs = in->net->ipv4->route;
	struct rt_input_slot *s;

	if (in->net->ipv4->fib->custom_rules || in->skb->mark)
		return;
	if (!rs->input)
		rs->input = mem_zalloc(in->net->mem, RT_INPUT_CACHE_SLOTS * sizeof(*rs->input));
	if (!rs->input)
		return;
	s = input_slot(rs, in->daddr, in->saddr, in->dev->ifindex);
	s->daddr = in->daddr;
	s->saddr = in->saddr;
	s->iif = in->dev->ifindex;
	s->tos = in->tos;
	s->genid = in->net->ipv4->rt_genid;
	rt_cache_put(&s->rt, rt);
	rs->input_used = true;
}

/* ------------------------------------------------------------------ refusals */

static const u8 *octets(const __be32 *addr)
{
	return (const u8 *)addr;
}

static void log_martian(const struct in_route *in, const char *what)
{
	const u8 *d = octets(&in->daddr), *s = octets(&in->saddr);

	if (!IN_DEV_ORCONF(in->in_dev, LOG_MARTIANS) || !ratelimit(&in->net->ipv4->route->martian_limit, in->net->now))
		return;
	net_log(in->net, "IPv4: martian %s %u.%u.%u.%u from %u.%u.%u.%u, on dev %s", what, d[0], d[1], d[2], d[3], s[0],
		s[1], s[2], s[3], in->dev->name);
}

static int martian_source(struct in_route *in, enum skb_drop_reason reason)
{
	in->reason = reason;
	log_martian(in, "source");
	return -EINVAL;
}

static int martian_destination(struct in_route *in, enum skb_drop_reason reason)
{
	in->reason = reason;
	log_martian(in, "destination");
	return -EINVAL;
}

/** check_source_route() - fib_validate_source() with the reason for a refusal */
static int check_source_route(struct in_route *in, __be32 dst, int oif)
{
	u32 itag;
	int err;

	if ((in->dev->flags & IFF_LOOPBACK) || in->skb->pkt_type == PACKET_LOOPBACK) /* what we sent ourselves */
		return 0;
	err = fib_validate_source(in->skb, in->saddr, dst, in->tos, oif, in->dev, &itag);

	if (err == -EXDEV) {
		in->reason = SKB_DROP_REASON_IP_RPFILTER;
		log_martian(in, "source");
	} else if (err < 0) {
		(void)martian_source(in, SKB_DROP_REASON_IP_LOCAL_SOURCE);
	}
	return err;
}

static void tell_unreachable(struct sk_buff *skb, bool forwards, int code)
{
	if (forwards && ip_error_allow(skb->dev->net, ip_hdr(skb)->saddr))
		icmp_send(skb, ICMP_DEST_UNREACH, code, 0);
}

/** ip_error() - dst.input of what cannot be routed: a router says so.  @rfc 1812 4.3.3.1 */
static int ip_error(struct sk_buff *skb)
{
	const struct in_device *in_dev = in_dev_get_rcu(skb->dev);
	struct ipstats *stats = &skb->dev->net->ipv4->stats;
	bool forwards = in_dev && IN_DEV_CONF_GET(in_dev, FORWARDING);
	enum skb_drop_reason reason = SKB_DROP_REASON_IP_INADDRERRORS;

	switch (skb_dst(skb)->error) {
	case -ENETUNREACH:
		stats->in_no_routes++;
		reason = SKB_DROP_REASON_IP_INNOROUTES;
		tell_unreachable(skb, forwards, ICMP_NET_UNREACH);
		break;
	case -EHOSTUNREACH:
		tell_unreachable(skb, forwards, ICMP_HOST_UNREACH);
		stats->in_addr_errors += !forwards;
		break;
	case -EACCES:
		tell_unreachable(skb, forwards, ICMP_PKT_FILTERED);
		break;
	default:
		break;
	}
	kfree_skb_reason(skb, reason);
	return 0;
}

/* ------------------------------------------------------------------ ends of the way */

static struct net_device *local_dev(const struct in_route *in)
{
	struct net_device *lo = in->net->ipv4->fib->loopback;

	return lo ? lo : in->dev;
}

/** finish() - @rt taken: the packet's now */
static int finish(struct in_route *in, struct rtable *rt)
{
	if (in->cacheable)
		input_remember(in, rt);
	skb_dst_set(in->skb, &rt->dst);
	return 0;
}

/** unroutable() - not dropped here: ip_error() has to see it */
static int unroutable(struct in_route *in, int error)
{
	struct rtable *rt = rt_create(local_dev(in), RTN_UNREACHABLE, 0);

	if (!rt) {
		in->reason = SKB_DROP_REASON_NOMEM;
		return -ENOBUFS;
	}
	rt->is_input = true;
	rt->iif = in->dev->ifindex;
	rt->dst.error = (s16)error;
	rt->dst.input = ip_error;
	in->cacheable = false;
	return finish(in, rt);
}

/** input_local() - for us: RTN_LOCAL, RTN_BROADCAST, RTN_MULTICAST.  @nh: keeps the rtable, NULL: nobody */
static int input_local(struct in_route *in, u8 type, u32 flags, struct fib_nh *nh)
{
	struct rtable *rt = nh ? rt_cached(in->net, &nh->rth_input) : NULL;

	if (rt && rt->type == type) {
		dst_get(&rt->dst);
		return finish(in, rt);
	}
	rt = rt_create(local_dev(in), type, flags | RTCF_LOCAL);
	if (!rt) {
		in->reason = SKB_DROP_REASON_NOMEM;
		return -ENOBUFS;
	}
	rt->is_input = true;
	rt->dst.input = ip_local_deliver;
	if (nh)
		rt_cache_put(&nh->rth_input, rt);
	else
		rt->iif = in->dev->ifindex;
	return finish(in, rt);
}

static int input_broadcast(struct in_route *in)
{
	if (in->skb->protocol != cpu_to_be16(ETH_P_IP)) {
		in->reason = SKB_DROP_REASON_INVALID_PROTO;
		return -EINVAL;
	}
	if (!ipv4_is_zeronet(in->saddr)) {
		int err = check_source_route(in, cpu_to_be32(0), 0);

		if (err < 0)
			return err;
	}
	return input_local(in, RTN_BROADCAST, RTCF_BROADCAST, NULL);
}

static int input_multicast(struct in_route *in)
{
	const struct iphdr *iph = ip_hdr(in->skb);
	int err;

	if (iph->protocol != IPPROTO_IGMP && !ip_check_mc(in->in_dev, in->daddr)) {
		in->reason = SKB_DROP_REASON_IP_INADDRERRORS;
		return -EINVAL;
	}
	if (ipv4_is_multicast(in->saddr) || ipv4_is_lbcast(in->saddr) || in->skb->protocol != cpu_to_be16(ETH_P_IP)) {
		in->reason = SKB_DROP_REASON_IP_INVALID_SOURCE;
		return -EINVAL;
	}
	if (ipv4_is_loopback(in->saddr) && !(in->dev->flags & IFF_LOOPBACK) &&
	    !IN_DEV_ORCONF(in->in_dev, ROUTE_LOCALNET)) {
		in->reason = SKB_DROP_REASON_IP_LOCALNET;
		return -EINVAL;
	}
	if (ipv4_is_zeronet(in->saddr)) {
		/* without an address one may only speak on the link */
		if ((be32_to_cpu(in->daddr) & 0xffffff00U) != 0xe0000000U && iph->protocol != IPPROTO_IGMP) {
			in->reason = SKB_DROP_REASON_IP_INVALID_SOURCE;
			return -EINVAL;
		}
	} else {
		err = check_source_route(in, cpu_to_be32(0), 0);
		if (err < 0)
			return err;
	}
	if (iph->protocol == IPPROTO_IGMP) /* which is let in without a membership */
		in->cacheable = false;
	return input_local(in, RTN_MULTICAST, RTCF_MULTICAST, NULL);
}

static int input_forward(struct in_route *in, struct flowi4 *fl4)
{
	struct fib_nh *nh;
	struct rtable *rt;
	int err;

	if (in->res.fi->nhs > 1) {
		const struct net *net = in->net;

		if (net->ipv4->fib_multipath_hash_policy != 0)
			in->cacheable = false;
		fl4->oif = 0;
		fib_select_path(in->net, &in->res, fl4, in->skb);
	}
	nh = fib_res_nh(&in->res);
	if (!nh->dev || !in_dev_get_rcu(nh->dev)) {
		in->reason = SKB_DROP_REASON_IP_INADDRERRORS;
		return -EINVAL;
	}
	err = check_source_route(in, in->daddr, nh->dev->ifindex);
	if (err < 0)
		return err;
	rt = rt_cached(in->net, &nh->rth_input);
	if (rt) {
		dst_get(&rt->dst);
		return finish(in, rt);
	}
	rt = rt_create(nh->dev, in->res.type, 0);
	if (!rt) {
		in->reason = SKB_DROP_REASON_NOMEM;
		return -ENOBUFS;
	}
	rt->is_input = true;
	rt->dst.input = ip_forward;
	rt->dst.output = ip_output;
	rt_set_nexthop(rt, &in->res);
	rt_cache_put(&nh->rth_input, rt);
	return finish(in, rt);
}

/* ------------------------------------------------------------------ the way */

/** check_addresses() - what no packet on a wire may carry.  Return: 0, 1: a broadcast, -EINVAL */
static int check_addresses(struct in_route *in)
{
	bool localnet = IN_DEV_ORCONF(in->in_dev, ROUTE_LOCALNET) || (in->dev->flags & IFF_LOOPBACK);

	if (ipv4_is_multicast(in->saddr) || ipv4_is_lbcast(in->saddr))
		return martian_source(in, SKB_DROP_REASON_IP_INVALID_SOURCE);
	if (ipv4_is_lbcast(in->daddr) || (!in->saddr && !in->daddr))
		return 1;
	if (ipv4_is_zeronet(in->saddr))
		return martian_source(in, SKB_DROP_REASON_IP_INVALID_SOURCE);
	if (ipv4_is_zeronet(in->daddr))
		return martian_destination(in, SKB_DROP_REASON_IP_INVALID_DEST);
	if (ipv4_is_loopback(in->daddr) && !localnet)
		return martian_destination(in, SKB_DROP_REASON_IP_LOCALNET);
	if (ipv4_is_loopback(in->saddr) && !localnet)
		return martian_source(in, SKB_DROP_REASON_IP_LOCALNET);
	return 0;
}

static int route_unicast(struct in_route *in)
{
	const struct iphdr *iph = ip_hdr(in->skb);
	struct flowi4 fl4 = {
		.iif = in->dev->ifindex, .daddr = in->daddr, .saddr = in->saddr, .tos = in->tos, .mark = in->skb->mark
	};
	bool forwards = IN_DEV_CONF_GET(in->in_dev, FORWARDING);
	int err = check_addresses(in);

	if (err)
		return err < 0 ? err : input_broadcast(in);
	if (in->net->ipv4->fib->custom_rules && in->skb->protocol == cpu_to_be16(ETH_P_IP))
		fl4.proto = iph->protocol;
	err = fib_lookup(in->net, &fl4, &in->res);
	if (err)
		return unroutable(in, forwards ? err : -EHOSTUNREACH);
	if (in->res.type == RTN_BROADCAST)
		return input_broadcast(in);
	if (in->res.type == RTN_LOCAL) {
		err = check_source_route(in, in->daddr, 0);
		return err < 0 ? err : input_local(in, RTN_LOCAL, 0, fib_res_nh(&in->res));
	}
	if (!forwards)
		return unroutable(in, -EHOSTUNREACH);
	if (in->res.type != RTN_UNICAST)
		return martian_destination(in, SKB_DROP_REASON_IP_INVALID_DEST);
	return input_forward(in, &fl4);
}

static __noinline int route_slow(struct sk_buff *skb, __be32 daddr, __be32 saddr, u8 tos, struct net_device *dev,
				 enum skb_drop_reason *reason)
{
	struct in_route in = { .net = dev->net,
			       .skb = skb,
			       .dev = dev,
			       .in_dev = in_dev_get_rcu(dev),
			       .daddr = daddr,
			       .saddr = saddr,
			       .tos = tos,
			       .cacheable = skb->pkt_type != PACKET_LOOPBACK };
	int err = -EINVAL;

	dev->net->ipv4->route->input_misses++;
	if (!in.in_dev)
		in.reason = SKB_DROP_REASON_IP_INADDRERRORS;
	else
		err = ipv4_is_multicast(daddr) ? input_multicast(&in) : route_unicast(&in);
	if (err)
		*reason = in.reason;
	return err;
}

int ip_route_input(struct sk_buff *skb, __be32 daddr, __be32 saddr, u8 tos, struct net_device *dev,
		   enum skb_drop_reason *reason)
{
	struct net *net = dev->net;
	struct route_state *rs = net->ipv4->route;

	TRACE_STEP(0, skb);
	tos &= IPTOS_RT_MASK;
	if (likely(rs->input_used && !skb->mark)) {
		const struct rt_input_slot *s = input_slot(rs, daddr, saddr, dev->ifindex);

		if (s->rt && s->daddr == daddr && s->saddr == saddr && s->iif == dev->ifindex && s->tos == tos &&
		    rt_is_current(s->rt, net->ipv4->rt_genid, net->now)) {
			rs->input_hits++;
			skb_dst_set_noref(skb, &s->rt->dst);
			return 0;
		}
	}
	return route_slow(skb, daddr, saddr, tos, dev, reason);
}
