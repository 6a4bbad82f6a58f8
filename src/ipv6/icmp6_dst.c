// SPDX-License-Identifier: BSD-2-Clause
/* The way of what Neighbour Discovery and MLD send: straight to the link, whatever the routes say.
 *
 * @step beside S5, from ipv6/ndisc_send.c, ipv6/mcast.c   @linux icmp6_dst_alloc
 */
#include <errno.h>
#include <linux/icmpv6.h>
#include <linux/ipv6_route.h>

#include "ipv6/icmpv6.h"
#include "ipv6/ip6_route.h"
#include "ipv6/ipv6.h"
#include "ipv6/ndisc.h"
#include "neigh/neighbour.h"

static struct neighbour *icmp6_neigh_lookup(struct dst_entry *dst, struct sk_buff *skb, const void *daddr)
{
	struct neighbour *n;

	if (!daddr)
		daddr = &ipv6_hdr(skb)->daddr;
	return ipv6_neigh_find_create(dst->dev, daddr, &n) ? NULL : neigh_get(n);
}

static struct dst_entry *icmp6_dst_check(struct dst_entry *dst, u32 cookie)
{
	(void)cookie;
	return dst;
}

static u32 icmp6_dst_mtu(const struct dst_entry *dst)
{
	return dst->dev->mtu;
}

static void icmp6_dst_destroy(struct dst_entry *dst)
{
	struct rt6_info *rt = container_of(dst, struct rt6_info, dst);
	struct net_device *dev = dst->dev;

	if (rt->neigh)
		neigh_release(rt->neigh);
	mem_free(dev->net->mem, rt, sizeof(*rt));
	dev_put(dev);
}

/* As Linux: who answers somebody that cannot be found hears of it himself. */
static void icmp6_link_failure(struct sk_buff *skb)
{
	icmpv6_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0);
}

static const struct dst_ops icmp6_dst_ops = {
	.family = AF_INET6,
	.neigh_lookup = icmp6_neigh_lookup,
	.check = icmp6_dst_check,
	.mtu = icmp6_dst_mtu,
	.link_failure = icmp6_link_failure,
	.destroy = icmp6_dst_destroy,
};

struct rt6_info *icmp6_dst_alloc(struct net_device *dev, const struct in6_addr *daddr)
{
	struct rt6_info *rt = mem_zalloc(dev->net->mem, sizeof(*rt));

	if (!rt)
		return NULL;
	rt->dst.dev = dev_hold(dev);
	rt->dst.ops = &icmp6_dst_ops;
	rt->dst.output = ip6_output;
	rt->dst.refcnt = 1;
	rt->dst.flags = DST_HOST;
	rt->dst.genid = dev->net->ipv6->rt_genid;
	rt->type = ipv6_addr_is_multicast(daddr) ? RTN_MULTICAST : RTN_UNICAST;
	return rt;
}
