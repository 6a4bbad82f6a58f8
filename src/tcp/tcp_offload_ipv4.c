// SPDX-License-Identifier: BSD-2-Clause
/* Trains of TCP over IPv4.
 *
 * @step S13 of S13, from ipv4/ip_offload.c, to tcp/tcp_offload.c
 * @linux net/ipv4/tcp_offload.c: tcp4_gso_segment tcp4_gro_receive tcp4_gro_complete
 *
 * A checksum is looked at only when the packet is about to be held: of one that goes up at once it is TCP's business.
 */
#include "tcp/tcp_offload_ipv4.h"

#include <errno.h>
#include <netinet/in.h>

#include "base/csum.h"
#include "tcp/tcp_offload.h"
#include "wire/ip.h"
#include "wire/tcp.h"

static int tcp4_gso_segment(struct sk_buff *skb, const struct segment_how *how, struct sk_buff **segs)
{
	if (!(skb_shinfo(skb)->gso_type & SKB_GSO_TCPV4))
		return -EINVAL;
	return tcp_gso_segment(skb, how, segs);
}

static const struct iphdr *gro_iph(const struct sk_buff *skb)
{
	return (const struct iphdr *)(const void *)skb->data;
}

/* Are the checksums right?  Then nobody need look at TCP's again. */
static bool tcp4_gro_checksum(struct sk_buff *skb)
{
	const struct iphdr *iph = gro_iph(skb);
	u32 offset = NAPI_GRO_CB(skb)->transport_offset, bytes = skb->len - offset;

	if (ip_fast_csum(iph))
		return false;
	if (skb->ip_summed == CHECKSUM_UNNECESSARY || skb->ip_summed == CHECKSUM_PARTIAL)
		return true;
	if (csum_tcpudp_magic(iph->saddr, iph->daddr, bytes, IPPROTO_TCP, skb_checksum_from(skb, offset)))
		return false;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	return true;
}

static enum gro_result tcp4_gro_receive(struct gro_node *gro, struct sk_buff *skb)
{
	const struct iphdr *iph = gro_iph(skb);
	struct sk_buff *p;
	bool fixed_id;

	if (!tcp_gro_header(gro, skb, (__force u32)iph->saddr ^ (__force u32)iph->daddr))
		return GRO_NORMAL;
	p = gro_lookup(gro, NAPI_GRO_CB(skb)->hash);
	if (p && inet_gro_same_flow(p, skb) && tcp_gro_same_ports(p, skb) && tcp_gro_follows(p, skb) &&
	    inet_gro_follows(p, skb, &fixed_id) && gro_same_link(p, skb)) {
		if (!tcp4_gro_checksum(skb))
			return GRO_NORMAL; /* it counts for nothing: the next one may follow all the same */
		NAPI_GRO_CB(p)->fixed_id = fixed_id;
		tcp_gro_merge(gro, p, skb);
		return GRO_MERGED;
	}
	if (p)
		gro_complete(gro, p);
	if (!tcp_gro_may_lead(skb) || !tcp4_gro_checksum(skb))
		return GRO_NORMAL;
	NAPI_GRO_CB(skb)->mss_bytes = (u16)(skb->len - NAPI_GRO_CB(skb)->payload_offset);
	gro_hold(gro, skb);
	return GRO_HELD;
}

static void tcp4_gro_complete(struct sk_buff *skb)
{
	const struct iphdr *iph = gro_iph(skb);
	u32 bytes = skb->len - skb_transport_offset(skb);

	tcp_gro_complete(skb, csum_tcpudp_nofold(iph->saddr, iph->daddr, bytes, IPPROTO_TCP, 0), SKB_GSO_TCPV4);
}

const struct net_offload tcpv4_offload = {
	.gso_segment = tcp4_gso_segment,
	.gro_receive = tcp4_gro_receive,
	.gro_complete = tcp4_gro_complete,
};
