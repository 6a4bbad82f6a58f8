// SPDX-License-Identifier: BSD-2-Clause
/* Packets for others: one hop on.
 *
 * @step S4 of S13, from ipv4/ip_input.c   @rfc 1812 5.2   @linux net/ipv4/ip_forward.c
 */
#include <errno.h>

#include "dev/gso.h"
#include "ipv4/icmp.h"
#include "ipv4/ip.h"
#include "ipv4/ip_fib.h"
#include "netfilter/netfilter.h"
#include "wire/icmp.h"

static int ip_forward_finish(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	if (unlikely(IPCB(skb)->opt.optlen))
		ip_options_forward(skb);
	return skb_dst(skb)->output(net, sk, skb);
}

static int ip_forward_drop(struct sk_buff *skb, enum skb_drop_reason reason)
{
	kfree_skb_reason(skb, reason);
	return NET_RX_DROP;
}

static bool ip_forward_too_big(const struct sk_buff *skb, u32 mtu)
{
	if (likely(skb->len <= mtu) || !(ip_hdr(skb)->frag_off & CONST_BE16(IP_DF)))
		return false;
	if (IPCB(skb)->frag_max_size > mtu)
		return true; /* one of the fragments that it came in was */
	return !skb->ignore_df && !(skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

/* tc-prio(8): which band of pfifo_fast, by the TOS bits of RFC 1349. */
static u32 rt_tos2priority(u8 tos)
{
	static const u8 by_tos[4] = { 0 /* best effort */, 2 /* bulk */, 6 /* interactive */, 4 /* both */ };

	return by_tos[(tos >> 3) & 3];
}

int ip_forward(struct sk_buff *skb)
{
	struct rtable *rt = skb_rtable(skb);
	struct net_device *dev = rt->dst.dev;
	struct net *net = dev->net;
	u32 mtu;

	if (skb->pkt_type != PACKET_HOST) /* RFC 1812 5.3.4: never what came by link-layer broadcast */
		return ip_forward_drop(skb, SKB_DROP_REASON_UNICAST_IN_L2_MULTICAST);
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE; /* the time to live changes under it */
	if (ip_hdr(skb)->ttl <= 1) {
		net->ipv4->stats.in_hdr_errors++;
		icmp_send(skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
		return ip_forward_drop(skb, SKB_DROP_REASON_IP_TTL_EXPIRED);
	}
	if (unlikely(IPCB(skb)->opt.is_strictroute) &&
	    rt->uses_gateway) { /* RFC 791: the next station has to be a neighbour */
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_SR_FAILED, 0);
		return ip_forward_drop(skb, SKB_DROP_REASON_IP_OPTIONS);
	}
	net->ipv4->stats.forw_datagrams++;
	IPCB(skb)->flags |= IPSKB_FORWARDED;
	mtu = ip_skb_mtu(skb);
	if (ip_forward_too_big(skb, mtu)) {
		net->ipv4->stats.frag_fails++;
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu);
		return ip_forward_drop(skb, SKB_DROP_REASON_PKT_TOO_BIG);
	}
	if (skb_cow_head(skb, LL_RESERVED_SPACE(dev))) {
		net->ipv4->stats.out_discards++;
		return ip_forward_drop(skb, SKB_DROP_REASON_NOMEM);
	}
	ip_decrease_ttl(ip_hdr(skb));
	if (net->ipv4->ip_forward_update_priority)
		skb->priority = rt_tos2priority(ip_hdr(skb)->tos);
	return nf_hook(NFPROTO_IPV4, NF_INET_FORWARD, net, NULL, skb, skb->dev, dev, ip_forward_finish);
}
