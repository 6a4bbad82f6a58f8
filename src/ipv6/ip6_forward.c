// SPDX-License-Identifier: BSD-2-Clause
/* Packets for others: one hop on.
 *
 * @step S4 of S13, from ipv6/ip6_input.c   @rfc 8200, 4861 8.2, 4443 3.2 3.3, 4291 2.5.6
 * @linux net/ipv6/ip6_output.c: ip6_forward
 */
#include <errno.h>

#include "dev/gso.h"
#include "ipv6/addrconf.h"
#include "ipv6/icmpv6.h"
#include "ipv6/ipv6.h"
#include "ipv6/ndisc.h"
#include "neigh/neighbour.h"
#include "neigh/pneigh.h"
#include "netfilter/netfilter.h"
#include "wire/icmp6.h"

static int ip6_forward_finish(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return skb_dst(skb)->output(net, sk, skb);
}

static int ip6_forward_drop(struct sk_buff *skb, enum skb_drop_reason reason)
{
	kfree_skb_reason(skb, reason);
	return -EINVAL;
}

static bool ip6_forward_too_big(const struct sk_buff *skb, u32 mtu)
{
	if (likely(skb->len <= mtu))
		return false;
	if (IP6CB(skb)->frag_max_size > mtu)
		return true; /* one of the fragments that it came in was */
	return !skb->ignore_df && !(skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

/* RFC 4389, proxy_ndp: is it for one whom we speak for, but about the link itself?  Then it is for us.
 * Return: true: deliver here; false: on, or not: *drop */
static bool ip6_forward_proxy_check(struct sk_buff *skb, bool *drop)
{
	const struct ipv6hdr *hdr = ipv6_hdr(skb);
	u8 nexthdr = hdr->nexthdr, type;
	u16 frag_off;
	int offset = ipv6_skip_exthdr(skb->data, skb_headlen(skb), IPV6_HEADER_BYTES, &nexthdr, &frag_off);

	if (offset < 0)
		return false;
	if (nexthdr == NEXTHDR_ICMP && !(frag_off & IP6_OFFSET) &&
	    !skb_copy_bits(skb, (u32)offset, &type, sizeof(type)) && type >= NDISC_ROUTER_SOLICITATION &&
	    type <= NDISC_REDIRECT)
		return true;
	if (ipv6_addr_is_linklocal(&hdr->daddr))
		*drop = true; /* nobody can be reached by it from elsewhere */
	return false;
}

static bool ip6_forward_is_proxied(const struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	struct net *net = dev->net;

	if (likely(!IPV6_DEVCONF_ALL(net, PROXY_NDP)))
		return false;
	return pneigh_lookup(net->neigh->table[NEIGH_ND_TABLE], &ipv6_hdr(skb)->daddr, dev);
}

/* RFC 4861 8.2: who could have sent it to the next hop himself is told.  It goes on all the same. */
static bool ip6_forward_redirects(const struct sk_buff *skb)
{
	const struct rt6_info *rt = skb_rt6_info(skb);

	return skb->dev == rt->dst.dev && !IP6CB(skb)->srcrt && !rt->dst.lwtstate;
}

/* RFC 4291 2.5.6 and 2.7: sources that no router carries.  Return: does it go on? */
static bool ip6_forward_source(struct sk_buff *skb)
{
	u32 type = ipv6_addr_type(&ipv6_hdr(skb)->saddr);

	if (type == IPV6_ADDR_ANY || (type & (IPV6_ADDR_MULTICAST | IPV6_ADDR_LOOPBACK)))
		return false;
	if (type & IPV6_ADDR_LINKLOCAL) {
		icmpv6_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_NOT_NEIGHBOUR, 0);
		return false;
	}
	return true;
}

/* Return: 0, or why it does not go on */
static enum skb_drop_reason ip6_forward_check(struct net *net, struct sk_buff *skb, struct inet6_dev *idev)
{
	if (!IPV6_DEVCONF_ALL(net, FORWARDING) && !(idev && IN6_DEV_CONF(idev, FORCE_FORWARDING))) {
		IP6_INC(net, idev, in_addr_errors);
		return SKB_DROP_REASON_IP_INADDRERRORS;
	}
	if (skb->pkt_type != PACKET_HOST)
		return SKB_DROP_REASON_UNICAST_IN_L2_MULTICAST;
	if (ipv6_hdr(skb)->hop_limit <= 1) {
		icmpv6_send(skb, ICMPV6_TIME_EXCEED, ICMPV6_EXC_HOPLIMIT, 0);
		IP6_INC(net, idev, in_hdr_errors);
		return SKB_DROP_REASON_IP_TTL_EXPIRED;
	}
	return 0;
}

static int ip6_forward_send(struct net *net, struct sk_buff *skb, struct inet6_dev *idev)
{
	struct net_device *dev = skb_dst(skb)->dev;
	u32 mtu = max_u32(ip6_skb_mtu(skb), IPV6_MIN_MTU);

	IP6_INC(net, in6_dev_get_rcu(dev), out_forw_datagrams);
	if (ip6_forward_too_big(skb, mtu)) {
		icmpv6_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
		IP6_INC(net, idev, in_too_big_errors);
		IP6_INC(net, in6_dev_get_rcu(dev), frag_fails);
		return ip6_forward_drop(skb, SKB_DROP_REASON_PKT_TOO_BIG);
	}
	if (skb_cow_head(skb, LL_RESERVED_SPACE(dev))) {
		IP6_INC(net, in6_dev_get_rcu(dev), out_discards);
		return ip6_forward_drop(skb, SKB_DROP_REASON_NOMEM);
	}
	ipv6_hdr(skb)->hop_limit--;
	IP6CB(skb)->flags |= IP6SKB_FORWARDED;
	return nf_hook(NFPROTO_IPV6, NF_INET_FORWARD, net, NULL, skb, skb->dev, dev, ip6_forward_finish);
}

int ip6_forward(struct sk_buff *skb)
{
	struct net *net = skb->dev->net;
	struct inet6_dev *idev = in6_dev_get_rcu(skb->dev);
	enum skb_drop_reason reason = ip6_forward_check(net, skb, idev);
	bool drop = false;

	if (reason)
		return ip6_forward_drop(skb, reason);
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE; /* the hop limit changes under it */
	if (unlikely(ip6_forward_is_proxied(skb))) {
		if (ip6_forward_proxy_check(skb, &drop))
			return ip6_input(skb);
		if (drop) {
			icmpv6_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0);
			IP6_INC(net, idev, in_discards);
			return ip6_forward_drop(skb, SKB_DROP_REASON_IP_INVALID_DEST);
		}
	}
	if (ip6_forward_redirects(skb)) {
		ndisc_send_redirect(skb, rt6_nexthop(skb_rt6_info(skb), &ipv6_hdr(skb)->daddr));
	} else if (!ip6_forward_source(skb)) {
		IP6_INC(net, idev, in_addr_errors);
		return ip6_forward_drop(skb, SKB_DROP_REASON_IP_INVALID_SOURCE);
	}
	return ip6_forward_send(net, skb, idev);
}
