// SPDX-License-Identifier: BSD-2-Clause
/* ICMPv6, down: errors told, and how every message leaves.
 *
 * @step beside S4   @rfc 4443 2.2 2.3 2.4 3
 * @linux icmp6_send, icmpv6_push_pending_frames
 *
 * Reading order: icmpv6_send(), icmpv6_may_complain(), icmpv6_error_route(), icmpv6_out_push(), icmpv6_push().
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/ipv6_route.h>

#include "ipv6/icmp_internal.h"
#include "ipv6/ipv6.h"

/* ------------------------------------------------------------------ every message */

void icmpv6_out_count(struct net *net, struct inet6_dev *idev, u8 type)
{
	ICMP6_INC_TYPE(net, idev, out_type, type);
	ICMP6_INC(net, idev, out_msgs);
}

/** icmpv6_complete() - checksum and IPv6 header; @skb taken if that fails */
static int icmpv6_complete(struct net *net, struct sk_buff *skb, const struct flowi6 *fl6, int tclass, int hlimit)
{
	struct icmp6hdr *icmph = (struct icmp6hdr *)(void *)skb->data;
	u32 sum = csum_ipv6_magic_sum(&fl6->saddr, &fl6->daddr, skb->len, IPPROTO_ICMPV6);
	int err;

	icmph->icmp6_cksum = 0;
	icmph->icmp6_cksum = csum_fold(skb_checksum(skb, 0, skb->len, sum));
	skb_reset_transport_header(skb);
	err = ip6_push_header(net, skb, fl6, IPPROTO_ICMPV6, tclass, hlimit, NULL);
	if (err) {
		ICMP6_INC(net, in6_dev_get_rcu(skb_dst(skb)->dev), out_errors);
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
	}
	return err;
}

int icmpv6_push(struct net *net, struct sock *sk, struct sk_buff *skb, const struct flowi6 *fl6, int tclass, int hlimit)
{
	int err;

	icmpv6_out_count(net, in6_dev_get_rcu(skb_dst(skb)->dev), *skb->data);
	err = icmpv6_complete(net, skb, fl6, tclass, hlimit);
	return err ? err : ip6_send_skb(net, sk, skb);
}

void icmpv6_push_nd(struct net *net, struct sk_buff *skb, const struct flowi6 *fl6, int tclass, int hlimit)
{
	struct inet6_dev *idev = in6_dev_get_rcu(skb_dst(skb)->dev);
	u8 type = *skb->data;

	if (!icmpv6_complete(net, skb, fl6, tclass, hlimit) && !ip6_local_out(net, NULL, skb))
		icmpv6_out_count(net, idev, type);
}

static struct sk_buff *icmpv6_build(struct net *net, const struct icmpv6_out *out, const struct rt6_info *rt)
{
	u32 headroom = LL_RESERVED_SPACE(rt->dst.dev) + IPV6_HEADER_BYTES;
	struct sk_buff *skb = alloc_skb(net->skb_pool, headroom + (u32)sizeof(out->hdr) + out->data_bytes);
	struct icmp6hdr *icmph;
	int err;

	if (!skb)
		return NULL;
	skb_reserve(skb, headroom);
	skb->ignore_df = 1; /* a long answer goes in fragments, as the question came */
	icmph = skb_put(skb, (u32)sizeof(out->hdr) + out->data_bytes);
	*icmph = out->hdr;
	if (out->quote)
		err = skb_copy_quote(out->data, icmph + 1, out->data_bytes);
	else
		err = skb_copy_bits(out->data, (u32)sizeof(out->hdr), icmph + 1, out->data_bytes);
	if (!err)
		return skb;
	kfree_skb_reason(skb, SKB_DROP_REASON_HDR_TRUNC);
	return NULL;
}

void icmpv6_out_push(struct net *net, const struct icmpv6_out *out, struct rt6_info *rt)
{
	struct sk_buff *skb = icmpv6_build(net, out, rt);

	if (!skb) {
		ICMP6_INC(net, in6_dev_get_rcu(rt->dst.dev), out_errors);
		dst_release(&rt->dst);
		return;
	}
	skb_dst_set(skb, &rt->dst);
	skb->mark = out->fl6.mark;
	(void)icmpv6_push(net, NULL, skb, &out->fl6, out->tclass, -1);
}

/* ------------------------------------------------------------------ errors */

/* RFC 4443 2.4 (e.1): an error about an error never ends.  A later fragment does not say what it is about. */
static bool icmpv6_is_ineligible(const struct sk_buff *skb_in)
{
	const u8 *data = skb_network_header(skb_in);
	u32 len = (u32)(skb_tail_pointer(skb_in) - data);
	u8 nexthdr = ipv6_hdr(skb_in)->nexthdr;
	u16 frag_off;
	int at = ipv6_skip_exthdr(data, len, IPV6_HEADER_BYTES, &nexthdr, &frag_off);

	if (at < 0 || nexthdr != IPPROTO_ICMPV6 || (frag_off & IP6_OFFSET))
		return false;
	return (u32)at >= len ? !frag_off : icmpv6_is_err(data[at]) || data[at] == NDISC_REDIRECT; /* (e.1), (e.2) */
}

/* RFC 8200 4.2: 10: of an option that nobody knows, the sender of a multicast hears as well. */
static bool icmpv6_option_asks(const struct sk_buff *skb_in, u32 at_bytes)
{
	const u8 *option = skb_network_header(skb_in) + at_bytes;

	return option < skb_tail_pointer(skb_in) && (*option & 0xc0) == 0x80;
}

/* RFC 4443 2.4 (e): about which packets an error may never be sent. */
static bool icmpv6_may_complain(const struct sk_buff *skb_in, u8 type, u8 code, u32 info)
{
	const struct ipv6hdr *hdr = ipv6_hdr(skb_in);

	if (skb_network_header(skb_in) + sizeof(*hdr) > skb_tail_pointer(skb_in) || !skb_in->dev)
		return false;
	if (ipv6_addr_any(&hdr->saddr) || ipv6_addr_is_multicast(&hdr->saddr))
		return false;
	if ((ipv6_addr_is_multicast(&hdr->daddr) || skb_in->pkt_type != PACKET_HOST) && type != ICMPV6_PKT_TOOBIG &&
	    !(type == ICMPV6_PARAMPROB && code == ICMPV6_UNK_OPTION && icmpv6_option_asks(skb_in, info)))
		return false;
	return !icmpv6_is_ineligible(skb_in);
}

/* RFC 4443 2.2: the address that the packet was sent to, if it is ours. */
static bool icmpv6_was_for_us(struct net *net, const struct sk_buff *skb_in)
{
	const struct in6_addr *daddr = &ipv6_hdr(skb_in)->daddr;

	if (ipv6_addr_is_multicast(daddr) || skb_in->pkt_type != PACKET_HOST)
		return false;
	return ipv6_chk_addr(net, daddr, skb_in->dev) || ipv6_chk_acast_addr(net, skb_in->dev, daddr);
}

/* Of a router: that which the sender knows it by, on the device that the packet came by. */
static void icmpv6_router_source(struct net *net, const struct sk_buff *skb_in, const struct rt6_info *rt,
				 struct flowi6 *fl6)
{
	const struct net_device *in_dev = dev_find_by_index(net, IP6CB(skb_in)->iif);
	struct in6_addr saddr;

	if (in_dev && ipv6_addr_any(&rt->prefsrc) && !ipv6_dev_get_saddr(net, in_dev, &fl6->daddr, 0, &saddr))
		fl6->saddr = saddr;
}

/* Return: returned; NULL: there is no way back, or nobody who could be told */
static struct rt6_info *icmpv6_error_route(struct net *net, const struct sk_buff *skb_in, struct flowi6 *fl6, u8 type)
{
	bool ours = icmpv6_was_for_us(net, skb_in);
	struct rt6_info *rt;
	int err;

	if (ours)
		fl6->saddr = ipv6_hdr(skb_in)->daddr;
	err = ip6_route_output_flow(net, fl6, &rt);
	if (err) {
		if (err != -EADDRNOTAVAIL) /* there is a way, but no address of ours for it yet */
			icmpv6_xrlim_no_route(net, type);
		return NULL;
	}
	if ((rt->flags & RTF_ANYCAST) && !net->ipv6->icmp_error_anycast_as_unicast) {
		dst_release(&rt->dst); /* RFC 4443 2.4 (e.6): many hosts have that address */
		return NULL;
	}
	if (!ours)
		icmpv6_router_source(net, skb_in, rt, fl6);
	return rt;
}

static struct flowi6 icmpv6_error_flow(const struct sk_buff *skb_in, u8 type, u8 code)
{
	const struct ipv6hdr *hdr = ipv6_hdr(skb_in);
	struct flowi6 fl6 = {
		.daddr = hdr->saddr, .proto = IPPROTO_ICMPV6, .sport = cpu_to_be16(type), .dport = cpu_to_be16(code)
	};

	if (ipv6_addr_is_linklocal(&hdr->saddr))
		fl6.oif = skb_in->dev->ifindex;
	if (skb_in->pool->net->ipv6->fwmark_reflect)
		fl6.mark = skb_in->mark;
	return fl6;
}

void icmpv6_send(struct sk_buff *skb_in, u8 type, u8 code, u32 info)
{
	struct net *net = skb_in->pool->net;
	struct icmpv6_out out = { .hdr = { .icmp6_type = type, .icmp6_code = code, .un.data = cpu_to_be32(info) },
				  .data = skb_in,
				  .quote = true };
	struct rt6_info *rt;
	u32 have;

	if (!icmpv6_may_complain(skb_in, type, code, info))
		return;
	if (!(skb_in->dev->flags & IFF_LOOPBACK) && !icmpv6_global_allow(net, type))
		return;
	out.fl6 = icmpv6_error_flow(skb_in, type, code);
	rt = icmpv6_error_route(net, skb_in, &out.fl6, type);
	if (!rt)
		return;
	if (!icmpv6_xrlim_allow(net, rt, type, &out.fl6.daddr)) {
		dst_release(&rt->dst);
		return;
	}
	icmpv6_global_consume(net, type);
	have = skb_in->len + (u32)(skb_in->data - skb_network_header(skb_in));
	out.data_bytes = min_u32(have, IPV6_MIN_MTU - IPV6_HEADER_BYTES - (u32)sizeof(out.hdr));
	icmpv6_out_push(net, &out, rt);
}

void icmpv6_param_prob(struct sk_buff *skb, u8 code, u32 pos_bytes, enum skb_drop_reason reason)
{
	icmpv6_send(skb, ICMPV6_PARAMPROB, code, pos_bytes);
	kfree_skb_reason(skb, reason);
}
