// SPDX-License-Identifier: BSD-2-Clause
/* Trains of TCP over IPv6.
 *
 * @step S13 of S13, from ipv6/ip6_offload.c, to tcp/tcp_offload.c
 * @linux net/ipv6/tcpv6_offload.c: tcp6_gso_segment tcp6_gro_receive tcp6_gro_complete
 *
 * A checksum is looked at only when the packet is about to be held: of one that goes up at once it is TCP's business.
 */
#include "tcp/tcp_offload_ipv6.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/csum.h"
#include "tcp/tcp_offload.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"

static int tcp6_gso_segment(struct sk_buff *skb, const struct segment_how *how, struct sk_buff **segs)
{
	if (!(skb_shinfo(skb)->gso_type & SKB_GSO_TCPV6))
		return -EINVAL;
	return tcp_gso_segment(skb, how, segs);
}

static const struct ipv6hdr *gro_hdr(const struct sk_buff *skb)
{
	return (const struct ipv6hdr *)(const void *)skb->data;
}

/* Is the checksum right?  Then nobody need look again. */
static bool tcp6_gro_checksum(struct sk_buff *skb)
{
	const struct ipv6hdr *hdr = gro_hdr(skb);
	u32 offset = NAPI_GRO_CB(skb)->transport_offset, bytes = skb->len - offset;

	if (skb->ip_summed == CHECKSUM_UNNECESSARY || skb->ip_summed == CHECKSUM_PARTIAL)
		return true;
	if (csum_fold(csum_add(csum_ipv6_magic_sum(&hdr->saddr, &hdr->daddr, bytes, IPPROTO_TCP),
			       skb_checksum_from(skb, offset))))
		return false;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	return true;
}

static u32 addr_hash(const struct ipv6hdr *hdr)
{
	u64 w[4], hash;

	memcpy(w, &hdr->saddr, sizeof(w));
	/* what differs is often in the same place of both */
	hash = w[0] ^ (w[1] << 13 | w[1] >> 51) ^ (w[2] << 29 | w[2] >> 35) ^ (w[3] << 43 | w[3] >> 21);
	return (u32)hash ^ (u32)(hash >> 32);
}

static enum gro_result tcp6_gro_receive(struct gro_node *gro, struct sk_buff *skb)
{
	const struct ipv6hdr *hdr = gro_hdr(skb);
	struct sk_buff *p;

	if (!tcp_gro_header(gro, skb, addr_hash(hdr)))
		return GRO_NORMAL;
	p = gro_lookup(gro, NAPI_GRO_CB(skb)->hash);
	if (p && inet6_gro_same_flow(p, skb) && tcp_gro_same_ports(p, skb) && tcp_gro_follows(p, skb) &&
	    inet6_gro_follows(p, skb) && gro_same_link(p, skb)) {
		if (!tcp6_gro_checksum(skb))
			return GRO_NORMAL; /* it counts for nothing: the next one may follow all the same */
		tcp_gro_merge(gro, p, skb);
		return GRO_MERGED;
	}
	if (p)
		gro_complete(gro, p);
	if (!tcp_gro_may_lead(skb) || !tcp6_gro_checksum(skb))
		return GRO_NORMAL;
	NAPI_GRO_CB(skb)->mss_bytes = (u16)(skb->len - NAPI_GRO_CB(skb)->payload_offset);
	gro_hold(gro, skb);
	return GRO_HELD;
}

static void tcp6_gro_complete(struct sk_buff *skb)
{
	const struct ipv6hdr *hdr = gro_hdr(skb);
	u32 bytes = skb->len - skb_transport_offset(skb);

	tcp_gro_complete(skb, csum_ipv6_magic_sum(&hdr->saddr, &hdr->daddr, bytes, IPPROTO_TCP), SKB_GSO_TCPV6);
}

const struct net_offload tcpv6_offload = {
	.gso_segment = tcp6_gso_segment,
	.gro_receive = tcp6_gro_receive,
	.gro_complete = tcp6_gro_complete,
};
