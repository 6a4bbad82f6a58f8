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

#include "dev/gso.h"
#include "dev/lwtunnel.h"
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
	if (unlikely(rt->type == RTN_MULTICAST))
		return 1; /* RFC 1112 6.1: not beyond this link, unless somebody says so */
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
	iph->daddr = fl4->daddr;
	skb->ignore_df |= ipc->ignore_df;
	skb->priority = ipc->sockc.priority;
	skb->mark = ipc->sockc.mark;
	IPCB(skb)->flags |= ipc->skb_flags;
	if (unlikely(optlen)) {
		if (ipc->opt->srr)
			iph->daddr = ipc->opt->faddr;
		ip_options_build(skb, ipc->opt, fl4->daddr);
	}
	if (likely(ipc->ident))
		iph->id = cpu_to_be16((*ipc->ident)++);
	else
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
	net->ipv4->stats.out_requests++;
	iph->tot_len = cpu_to_be16((u16)skb->len);
	ip_send_check(iph);
	skb->protocol = CONST_BE16(ETH_P_IP);
	return nf_hook(NFPROTO_IPV4, NF_INET_LOCAL_OUT, net, sk, skb, NULL, skb_dst(skb)->dev, dst_output);
}

/* What a sender hears of NET_XMIT_*. */
static int ip_sent(struct net *net, int err)
{
	if (likely(!err))
		return 0;
	if (err > 0)
		err = net_xmit_errno(err);
	if (err)
		net->ipv4->stats.out_discards++;
	return err;
}

int ip_send_skb(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return ip_sent(net, ip_local_out(net, sk, skb));
}

static void ip_count_out(struct ipstats *stats, const struct rtable *rt, const struct sk_buff *skb)
{
	stats->out_transmits++;
	stats->out_octets += skb->len;
	if (unlikely(rt->type == RTN_MULTICAST)) {
		stats->out_mcast_pkts++;
		stats->out_mcast_octets += skb->len;
	} else if (unlikely(rt->type == RTN_BROADCAST)) {
		stats->out_bcast_pkts++;
		stats->out_bcast_octets += skb->len;
	}
}

/* The route's neighbour if it is the right one beyond doubt; NULL: ip_neigh_for_gw() knows. */
static inline struct neighbour *neigh_cached(const struct rtable *rt, const struct sk_buff *skb)
{
	struct neighbour *n = rt->neigh;
	__be32 key = rt->gw_family == AF_INET ? rt->gw4 : ip_hdr(skb)->daddr;

	if (likely(n && rt->neigh_key == key && neigh_alive(n, NEIGH_ARP_TABLE) && rt->gw_family != AF_INET6 &&
		   !skb->pool->tracer))
		return n;
	return NULL;
}

/* Room for the link-layer header, and a neighbour on the way. */
static int ip_finish_output2(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct rtable *rt = skb_rtable(skb);
	u32 headroom = LL_RESERVED_SPACE(rt->dst.dev);
	struct neighbour *n;
	bool is_v6gw = false;
	int err;

	(void)sk;
	TRACE_STEP(4, skb);
	ip_count_out(&net->ipv4->stats, rt, skb);
	if (headroom < HH_DATA_MOD)
		headroom = HH_DATA_MOD;
	if (unlikely(skb_headroom(skb) < headroom) && pskb_expand_head(skb, ALIGN_UP(headroom, 32U), 0)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return -ENOMEM;
	}
	if (unlikely(rt->dst.lwtstate)) {
		err = lwtunnel_xmit(skb);
		if (err != LWTUNNEL_XMIT_CONTINUE)
			return err;
	}
	n = neigh_cached(rt, skb);
	err = likely(n) ? 0 : ip_neigh_for_gw(rt, skb, &is_v6gw, &n);
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

u32 ip_skb_mtu(const struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);
	u32 dev_mtu = lwtunnel_mtu(rt->dst.lwtstate, min_u32(rt->dst.dev->mtu, IP_MAX_LEN_BYTES)), metric;

	if (likely(!(IPCB(skb)->flags & (IPSKB_FORWARDED | IPSKB_DEV_MTU))))
		return ip_dst_mtu(rt);
	if (!(IPCB(skb)->flags & IPSKB_FORWARDED))
		return dev_mtu;
	/* What somebody told us about a path counts for others only if the administrator trusts it. */
	if (rt->dst.dev->net->ipv4->ip_forward_use_pmtu)
		return ip_dst_mtu(rt);
	metric = rt->fi ? rt->fi->metrics[RTAX_MTU - 1] : 0;
	return metric ? lwtunnel_mtu(rt->dst.lwtstate, metric) : dev_mtu;
}

/* DF: whoever sent it wants to know. */
static int ip_fragment(struct net *net, struct sock *sk, struct sk_buff *skb, u32 mtu)
{
	bool df = ip_hdr(skb)->frag_off & CONST_BE16(IP_DF);

	if (!df || (skb->ignore_df && IPCB(skb)->frag_max_size <= mtu))
		return ip_do_fragment(net, sk, skb, ip_finish_output2);
	net->ipv4->stats.frag_fails++;
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu);
	kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_BIG);
	return -EMSGSIZE;
}

/* A train whose packets are too long for the way is cut here, and each goes on by itself. */
static int ip_finish_output_gso(struct net *net, struct sock *sk, struct sk_buff *skb, u32 mtu)
{
	struct sk_buff *segs, *seg;
	int err, first_err = 0;

	if (skb_gso_validate_network_len(skb, mtu))
		return ip_finish_output2(net, sk, skb);
	err = skb_gso_segment(skb, skb->dev->features, &segs);
	if (err) {
		kfree_skb_reason(skb, err == -ENOMEM ? SKB_DROP_REASON_NOMEM : SKB_DROP_REASON_SKB_GSO_SEG);
		return -ENOMEM;
	}
	consume_skb(skb);
	while ((seg = skb_chain_pop(&segs)) != NULL) {
		err = ip_fragment(net, sk, seg, mtu);
		if (err && !first_err)
			first_err = err;
	}
	return first_err;
}

static int ip_finish_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	u32 mtu = ip_skb_mtu(skb);

	if (unlikely(skb->len > mtu || IPCB(skb)->frag_max_size))
		return skb_is_gso(skb) ? ip_finish_output_gso(net, sk, skb, mtu) : ip_fragment(net, sk, skb, mtu);
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

/* Nobody looks between here and ip_finish_output2(), and no other output is asked for. */
static inline bool way_is_plain(const struct net *net, const struct sk_buff *skb)
{
	struct nf_hook_entries *const *hooks = net->nf->hooks[NF_FAMILY_IPV4];

	return skb_dst(skb)->output == ip_output && !hooks[NF_INET_LOCAL_OUT] && !hooks[NF_INET_POST_ROUTING] &&
	       !skb->pool->tracer;
}

int ip_local_out_ready(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	net->ipv4->stats.out_requests++;
	skb->protocol = CONST_BE16(ETH_P_IP);
	if (likely(way_is_plain(net, skb))) {
		skb->dev = skb_dst(skb)->dev;
		return ip_finish_output2(net, sk, skb);
	}
	TRACE_STEP(4, skb);
	return nf_hook(NFPROTO_IPV4, NF_INET_LOCAL_OUT, net, sk, skb, NULL, skb_dst(skb)->dev, dst_output);
}

int ip_send_ready(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return ip_sent(net, ip_local_out_ready(net, sk, skb));
}

/* ------------------------------------------------------------------ to many */

static int ip_mc_finish_loopback(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	(void)net;
	(void)sk;
	skb_reset_mac_header(skb);
	skb->pkt_type = PACKET_LOOPBACK;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb_dst_force(
		skb); /* the way it goes up is that of the original: as from outside, our own source would be a lie */
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
	to->ignore_df = from->ignore_df;
	skb_dst_drop(to);
	skb_dst_copy(to, from);
	memcpy(to->cb, from->cb, sizeof(to->cb));
	IPCB(to)->frag_max_size = 0;
}

/* The header of the piece at s->pos, which is a copy of the datagram's. */
static void ip_frag_header(const struct ip_frag_state *s, struct iphdr *iph, u32 payload_bytes)
{
	if (s->pos && s->hlen > sizeof(*iph) &&
	    !s->offset_bytes) /* what is not the first fragment has been through this */
		ip_options_fragment(iph);
	iph->frag_off = cpu_to_be16((u16)((s->offset_bytes + s->pos) >> 3));
	if (s->df)
		iph->frag_off |= CONST_BE16(IP_DF);
	if (payload_bytes < s->left_bytes || s->more)
		iph->frag_off |= CONST_BE16(IP_MF);
	iph->tot_len = cpu_to_be16((u16)(s->hlen + payload_bytes));
	ip_send_check(iph);
}

/* Return: returned, or NULL with *err */
static struct sk_buff *ip_frag_next(struct ip_frag_state *s, int *err)
{
	u32 headroom = ALIGN_UP(LL_RESERVED_SPACE(s->skb->dev), (u32)HH_DATA_MOD);
	u32 len = min_u32(s->left_bytes, s->room_bytes);
	struct sk_buff *frag;
	u8 *data;

	if (len < s->left_bytes)
		len &= ~7U;
	*err = -ENOMEM;
	frag = alloc_skb(s->skb->pool, headroom + s->hlen + len);
	if (!frag)
		return NULL;
	skb_reserve(frag, headroom);
	skb_reset_network_header(frag);
	skb_set_transport_header(frag, s->hlen);
	data = skb_put(frag, s->hlen + len);
	ip_frag_copy_metadata(frag, s->skb);
	*err = skb_copy_bits(s->skb, 0, data, s->hlen);
	if (!*err)
		*err = skb_copy_bits(s->skb, s->hlen + s->pos, data + s->hlen, len);
	if (*err) {
		kfree_skb_reason(frag, SKB_DROP_REASON_HDR_TRUNC);
		return NULL;
	}
	ip_frag_header(s, ip_hdr(frag), len);
	if (unlikely(skb_shinfo(s->skb)->tx_flags)) /* the first tells the time */
		skb_move_owner(frag, s->skb);
	s->pos += len;
	s->left_bytes -= len;
	return frag;
}

static int ip_frag_slow(struct ip_frag_state *s, struct sock *sk,
			int (*output)(struct net *, struct sock *, struct sk_buff *))
{
	struct sk_buff *frag;
	int err = 0;

	while (s->left_bytes) {
		frag = ip_frag_next(s, &err);
		if (!frag)
			break;
		err = output(s->net, sk, frag);
		if (err)
			break;
		s->net->ipv4->stats.frag_creates++;
	}
	if (!err) {
		consume_skb(s->skb);
		return 0;
	}
	kfree_skb_reason(s->skb, err == -ENOMEM ? SKB_DROP_REASON_NOMEM : SKB_DROP_REASON_NOT_WHOLE);
	return err;
}

/* ---- a datagram that lies in pieces of the right size already: as it was put together, so it is taken apart */

static u32 ip_frag_first_bytes(const struct sk_buff *skb)
{
	u32 len = skb->len;

	for (const struct sk_buff *f = skb_shinfo(skb)->frag_list; f; f = f->next)
		len -= f->len;
	return len;
}

static bool ip_frag_fits(const struct ip_frag_state *s)
{
	const struct sk_buff *skb = s->skb;
	u32 first_bytes, headroom = s->hlen + LL_RESERVED_SPACE(skb->dev);

	if (!skb_shinfo(skb)->frag_list || s->offset_bytes || s->more || (skb->cloned && skb_shinfo(skb)->dataref > 1))
		return false;
	first_bytes = ip_frag_first_bytes(skb);
	if (first_bytes < s->hlen || first_bytes - s->hlen > s->room_bytes || ((first_bytes - s->hlen) & 7))
		return false;
	for (const struct sk_buff *f = skb_shinfo(skb)->frag_list; f; f = f->next) {
		if (f->len > s->room_bytes || ((f->len & 7) && f->next) || skb_headroom(f) < headroom)
			return false;
		if (f->refcnt != 1 || (f->cloned && skb_shinfo(f)->dataref > 1))
			return false;
	}
	return true;
}

static void ip_frag_detach(struct sk_buff *skb, struct sk_buff **rest)
{
	*rest = skb_shinfo(skb)->frag_list;
	skb_shinfo(skb)->frag_list = NULL;
	for (const struct sk_buff *f = *rest; f; f = f->next) {
		skb->len -= f->len;
		skb->data_len -= f->len;
		skb->truesize -= f->truesize;
	}
	IPCB(skb)->frag_max_size = 0;
}

/* The next piece gets its header from @skb, which is still here. */
static void ip_frag_take_header(struct ip_frag_state *s, const struct sk_buff *skb, struct sk_buff *f)
{
	u32 payload_bytes = f->len;

	skb_reset_transport_header(f);
	memcpy(skb_push(f, s->hlen), skb_network_header(skb), s->hlen);
	skb_reset_network_header(f);
	ip_frag_copy_metadata(f, skb);
	ip_frag_header(s, ip_hdr(f), payload_bytes);
}

static int ip_frag_fast(struct ip_frag_state *s, struct sock *sk,
			int (*output)(struct net *, struct sock *, struct sk_buff *))
{
	struct sk_buff *skb = s->skb, *rest, *f;
	u32 bytes;
	int err;

	ip_frag_detach(skb, &rest);
	while (rest) {
		f = rest;
		rest = f->next;
		f->next = NULL;
		bytes = skb->len - s->hlen;
		if (!s->pos)
			ip_frag_header(s, ip_hdr(skb), bytes);
		s->pos += bytes;
		s->left_bytes -= bytes;
		ip_frag_take_header(s, skb, f);
		err = output(s->net, sk, skb);
		skb = f;
		if (err)
			goto err_rest;
		s->net->ipv4->stats.frag_creates++;
	}
	err = output(s->net, sk, skb);
	if (!err)
		s->net->ipv4->stats.frag_creates++;
	return err;

err_rest:
	while (skb) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOT_WHOLE);
		skb = rest;
		if (rest)
			rest = rest->next;
	}
	return err;
}

int ip_do_fragment(struct net *net, struct sock *sk, struct sk_buff *skb,
		   int (*output)(struct net *, struct sock *, struct sk_buff *))
{
	u32 mtu = ip_skb_mtu(skb);
	struct ip_frag_state s = { .net = net, .skb = skb };
	u32 seen = IPCB(skb)->frag_max_size;
	const struct iphdr *iph;
	int err = skb_checksum_help(skb);

	if (err) {
		net->ipv4->stats.frag_fails++;
		kfree_skb_reason(skb, err == -ENOMEM ? SKB_DROP_REASON_NOMEM : SKB_DROP_REASON_SKB_CSUM);
		return err;
	}
	if (seen && seen < mtu)
		mtu = seen; /* somebody on the way could not take more */
	iph = ip_hdr(skb);
	s.hlen = ip_hdrlen_bytes(iph);
	s.left_bytes = skb->len - s.hlen;
	s.offset_bytes = (u32)(be16_to_cpu(iph->frag_off) & IP_OFFSET) << 3;
	s.more = iph->frag_off & CONST_BE16(IP_MF);
	s.df = IPCB(skb)->flags & IPSKB_FRAG_PMTU;
	s.room_bytes = mtu > s.hlen + 8 ? mtu - s.hlen : 8;
	err = ip_frag_fits(&s) ? ip_frag_fast(&s, sk, output) : ip_frag_slow(&s, sk, output);
	if (err)
		net->ipv4->stats.frag_fails++;
	else
		net->ipv4->stats.frag_oks++;
	return err;
}
