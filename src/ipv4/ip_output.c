// SPDX-License-Identifier: BSD-2-Clause
/* The IPv4 way down.
 *
 * @step S4 of S13, from udp/ raw/, to neigh/neighbour.c
 * @rfc 791, 1122 3.2.1, 6864
 * @linux net/ipv4/ip_output.c
 *
 * Reading order: ip_push_header(), ip_send_skb(), ip_local_out(), ip_output(), ip_finish_output(),
 * ip_finish_output2().
 */
#include <errno.h>
#include <linux/if_ether.h>

#include "ipv4/icmp.h"
#include "ipv4/ip.h"
#include "ipv4/ip_fib.h"
#include "neigh/neighbour.h"
#include "netfilter/netfilter.h"
#include "wire/icmp.h"

/* ------------------------------------------------------------------ identification */

/* RFC 6864: only what may be fragmented needs a number; an atomic datagram carries zero. */
void ip_select_ident(struct net *net, struct iphdr *iph, const struct sk_buff *skb, u32 segs)
{
	if ((iph->frag_off & CONST_BE16(IP_DF)) && !skb->ignore_df)
		iph->id = 0;
	else
		iph->id = cpu_to_be16(ip_ident_next(net, iph->daddr, iph->saddr, iph->protocol, segs));
}

/* ------------------------------------------------------------------ header */

static u8 ip_ttl_of(const struct net *net, const struct rtable *rt, const struct ipcm_cookie *ipc)
{
	u32 hoplimit = rt->fi ? rt->fi->metrics[RTAX_HOPLIMIT - 1] : 0;

	if (ipc->ttl >= 0)
		return (u8)ipc->ttl;
	return (u8)(hoplimit ? hoplimit : (u32)net->ipv4->ip_default_ttl);
}

void ip_push_header(struct net *net, struct sk_buff *skb, const struct rtable *rt, const struct flowi4 *fl4,
		    const struct ipcm_cookie *ipc)
{
	u32 optlen = ipc->opt ? ipc->opt->optlen : 0;
	struct iphdr *iph = skb_push(skb, (u32)sizeof(*iph) + optlen);

	skb_reset_network_header(skb);
	iph->version = IPVERSION;
	iph->ihl = (5 + optlen / 4) & 0xf;
	iph->tos = ipc->tos >= 0 ? (u8)ipc->tos : fl4->tos;
	iph->frag_off = ipc->df ? CONST_BE16(IP_DF) : 0;
	iph->ttl = ip_ttl_of(net, rt, ipc);
	iph->protocol = ipc->protocol;
	iph->saddr = fl4->saddr;
	iph->daddr = ipc->opt && ipc->opt->faddr ? ipc->opt->faddr : fl4->daddr;
	skb->ignore_df = ipc->ignore_df;
	skb->priority = ipc->priority;
	skb->mark = ipc->mark;
	if (unlikely(optlen))
		ip_options_build(skb, ipc->opt, fl4->daddr, rt);
	ip_select_ident(net, iph, skb, 1);
}

/* ------------------------------------------------------------------ down */

static int dst_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return skb_dst(skb)->output(net, sk, skb);
}

int ip_local_out(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct iphdr *iph = ip_hdr(skb);

	TRACE_STEP(4, skb);
	iph->tot_len = cpu_to_be16((u16)skb->len);
	ip_send_check(iph);
	skb->protocol = CONST_BE16(ETH_P_IP);
	return nf_hook(NFPROTO_IPV4, NF_INET_LOCAL_OUT, net, sk, skb, NULL, skb_dst(skb)->dev, dst_output);
}

int ip_send_skb(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	int err;

	net->ipv4->stats.out_requests++;
	err = ip_local_out(net, sk, skb);
	if (likely(!err))
		return 0;
	if (err > 0)
		err = net_xmit_errno(err);
	if (err)
		net->ipv4->stats.out_discards++;
	return err;
}

/* What may be written to before the network header, and a neighbour on the way. */
static int ip_finish_output2(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct rtable *rt = skb_rtable(skb);
	struct ipstats *stats = &net->ipv4->stats;
	u32 headroom = LL_RESERVED_SPACE(rt->dst.dev);
	struct neighbour *n;
	bool is_v6gw = false;
	int err;

	(void)sk;
	TRACE_STEP(4, skb);
	stats->out_transmits++;
	stats->out_octets += skb->len;
	if (unlikely(rt->type == RTN_MULTICAST))
		stats->out_mcast_pkts++;
	else if (unlikely(rt->type == RTN_BROADCAST))
		stats->out_bcast_pkts++;
	if (headroom < HH_DATA_MOD)
		headroom = HH_DATA_MOD;
	if (unlikely(skb_headroom(skb) < headroom) && pskb_expand_head(skb, ALIGN_UP(headroom, 32U), 0)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return -ENOMEM;
	}
	err = ip_neigh_for_gw(rt, skb, &is_v6gw, &n);
	if (unlikely(err)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_CREATEFAIL);
		return err;
	}
	if (skb->dst_pending_confirm) {
		neigh_confirm(n);
		skb->dst_pending_confirm = 0;
	}
	return neigh_output(n, skb, is_v6gw);
}

/* DF: whoever sent it wants to know. */
static int ip_fragment(struct net *net, struct sock *sk, struct sk_buff *skb, u32 mtu)
{
	bool df = ip_hdr(skb)->frag_off & CONST_BE16(IP_DF);

	if (!df || skb->ignore_df)
		return ip_do_fragment(net, sk, skb, ip_finish_output2);
	net->ipv4->stats.frag_fails++;
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu);
	kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_BIG);
	return -EMSGSIZE;
}

static int ip_finish_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	u32 mtu = ip_dst_mtu(skb_rtable(skb));

	if (unlikely(skb->len > mtu || IPCB(skb)->frag_max_size) && !skb_is_gso(skb))
		return ip_fragment(net, sk, skb, mtu);
	return ip_finish_output2(net, sk, skb);
}

int ip_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct net_device *dev = skb_dst(skb)->dev;

	TRACE_STEP(4, skb);
	skb->dev = dev;
	skb->protocol = CONST_BE16(ETH_P_IP);
	return nf_hook(NFPROTO_IPV4, NF_INET_POST_ROUTING, net, sk, skb, NULL, dev, ip_finish_output);
}

/* ------------------------------------------------------------------ to many */

static int ip_mc_finish_loopback(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	(void)net;
	(void)sk;
	skb_reset_mac_header(skb);
	skb->pkt_type = PACKET_LOOPBACK;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb_dst_drop(skb); /* it comes in again, and finds its way anew */
	return netif_rx(skb);
}

/* We are among those that a multicast or broadcast is for. */
static void ip_mc_loopback(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *copy = skb_clone(skb);

	if (!copy)
		return;
	(void)nf_hook(NFPROTO_IPV4, NF_INET_POST_ROUTING, net, sk, copy, NULL, copy->dev, ip_mc_finish_loopback);
}

int ip_mc_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct rtable *rt = skb_rtable(skb);

	TRACE_STEP(4, skb);
	skb->dev = rt->dst.dev;
	skb->protocol = CONST_BE16(ETH_P_IP);
	if (rt->flags & RTCF_MULTICAST) {
		if ((rt->flags & RTCF_LOCAL) && !(IPCB(skb)->flags & IPSKB_NO_MC_LOOP))
			ip_mc_loopback(net, sk, skb);
		if (ip_hdr(skb)->ttl == 0) { /* RFC 1112 6.1: not beyond this host */
			consume_skb(skb);
			return 0;
		}
	}
	if (rt->flags & RTCF_BROADCAST)
		ip_mc_loopback(net, sk, skb);
	return nf_hook(NFPROTO_IPV4, NF_INET_POST_ROUTING, net, sk, skb, NULL, skb->dev, ip_finish_output);
}

/* ------------------------------------------------------------------ fragments */

/** struct ip_frag_state - one datagram while it is cut */
struct ip_frag_state {
	struct net *net;
	struct sk_buff *skb;
	u32 hlen, room_bytes; /**< header; payload bytes of a whole fragment */
	u32 pos, left_bytes;  /**< payload */
	u32 offset_bytes;     /**< of the datagram itself, if it is a fragment already */
	bool more, df;
};

static void ip_frag_copy_metadata(struct sk_buff *to, const struct sk_buff *from)
{
	to->dev = from->dev;
	to->protocol = from->protocol;
	to->pkt_type = from->pkt_type;
	to->priority = from->priority;
	to->mark = from->mark;
	to->id = from->id;
	skb_dst_copy(to, from);
	memcpy(to->cb, from->cb, sizeof(to->cb));
	IPCB(to)->frag_max_size = 0;
}

static struct sk_buff *ip_frag_next(struct ip_frag_state *s)
{
	u32 headroom = ALIGN_UP(LL_RESERVED_SPACE(s->skb->dev), (u32)HH_DATA_MOD);
	u32 len = min_u32(s->left_bytes, s->room_bytes);
	struct sk_buff *frag;
	struct iphdr *iph;

	if (len < s->left_bytes)
		len &= ~7U;
	frag = alloc_skb(s->skb->pool, headroom + s->hlen + len);
	if (!frag)
		return NULL;
	skb_reserve(frag, headroom);
	skb_reset_network_header(frag);
	iph = skb_put(frag, s->hlen + len);
	skb_set_transport_header(frag, s->hlen);
	ip_frag_copy_metadata(frag, s->skb);
	if (skb_copy_bits(s->skb, 0, iph, s->hlen) || skb_copy_bits(s->skb, s->hlen + s->pos, (u8 *)iph + s->hlen, len)) {
		kfree_skb_reason(frag, SKB_DROP_REASON_HDR_TRUNC);
		return NULL;
	}
	if (s->pos && s->hlen > sizeof(*iph))
		ip_options_fragment(iph);
	iph->frag_off = cpu_to_be16((u16)((s->offset_bytes + s->pos) >> 3));
	if (s->df)
		iph->frag_off |= CONST_BE16(IP_DF);
	s->pos += len;
	s->left_bytes -= len;
	if (s->left_bytes || s->more)
		iph->frag_off |= CONST_BE16(IP_MF);
	iph->tot_len = cpu_to_be16((u16)(s->hlen + len));
	ip_send_check(iph);
	return frag;
}

static int ip_frag_all(struct ip_frag_state *s, struct sock *sk, int (*output)(struct net *, struct sock *, struct sk_buff *))
{
	struct sk_buff *frag;
	int err = 0;

	while (s->left_bytes && !err) {
		frag = ip_frag_next(s);
		if (!frag)
			return -ENOMEM;
		s->net->ipv4->stats.frag_creates++;
		err = output(s->net, sk, frag);
	}
	return err;
}

int ip_do_fragment(struct net *net, struct sock *sk, struct sk_buff *skb,
		   int (*output)(struct net *, struct sock *, struct sk_buff *))
{
	u32 mtu = ip_dst_mtu(skb_rtable(skb));
	struct ip_frag_state s = { .net = net, .skb = skb };
	u32 seen = IPCB(skb)->frag_max_size;
	int err = skb_checksum_help(skb);
	const struct iphdr *iph = ip_hdr(skb);

	if (seen && seen < mtu)
		mtu = seen; /* somebody on the way could not take more */
	s.hlen = ip_hdrlen_bytes(iph);
	s.left_bytes = skb->len - s.hlen;
	s.offset_bytes = (u32)(be16_to_cpu(iph->frag_off) & IP_OFFSET) << 3;
	s.more = iph->frag_off & CONST_BE16(IP_MF);
	s.df = iph->frag_off & CONST_BE16(IP_DF);
	s.room_bytes = mtu > s.hlen + 8 ? mtu - s.hlen : 8;
	if (!err)
		err = ip_frag_all(&s, sk, output);
	if (err) {
		net->ipv4->stats.frag_fails++;
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return err;
	}
	net->ipv4->stats.frag_oks++;
	consume_skb(skb);
	return 0;
}
