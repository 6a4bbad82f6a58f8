// SPDX-License-Identifier: BSD-2-Clause
/* Trains of UDP datagrams: a header for each one that is cut.
 *
 * @step S13 of S13, from ipv4/ip_offload.c ipv6/ip6_offload.c, to skb/skb_segment.c
 * @rfc 768
 * @linux net/ipv4/udp_offload.c: __udp_gso_segment
 *
 * Nobody here makes such trains: they come from a driver whose other side has them, and are cut before they go up.
 */
#include "udp/udp_offload.h"

#include <errno.h>

#include "base/csum.h"
#include "wire/udp.h"

static struct udphdr *udp_hdr_of(const struct sk_buff *skb)
{
	return (struct udphdr *)(void *)skb_transport_header(skb);
}

/* The check of the train holds the sum of a pseudo header, with the length of all in it. */
static void udp_gso_header(struct sk_buff *seg, __be16 train_check, __be16 train_len)
{
	struct udphdr *uh = udp_hdr_of(seg);
	u32 sum;
	__be16 check;

	uh->len = cpu_to_be16((u16)(seg->len - skb_transport_offset(seg)));
	sum = csum_add(csum_sub((__force u16)train_check, (__force u16)train_len), (__force u16)uh->len);
	uh->check = (__force __be16)(u16) ~(__force u16)csum_fold(sum);
	if (seg->ip_summed == CHECKSUM_PARTIAL) {
		seg->csum_start = seg->transport_header;
		seg->csum_offset = (u16)offsetof(struct udphdr, check);
		return;
	}
	check = csum_fold(csum_partial(uh, sizeof(*uh), seg->csum));
	uh->check = check ? check : CONST_BE16(0xffff);
}

static int udp_gso_segment(struct sk_buff *skb, const struct segment_how *how, struct sk_buff **segs)
{
	struct udphdr uh;

	if (!(skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4) || skb->ip_summed != CHECKSUM_PARTIAL ||
	    skb->len <= sizeof(uh))
		return -EINVAL;
	if (!pskb_may_pull(skb, sizeof(uh)))
		return -ENOMEM;
	memcpy(&uh, skb->data, sizeof(uh));
	skb_pull(skb, sizeof(uh));
	*segs = skb_segment(skb, how);
	if (unlikely(!*segs))
		return -ENOMEM;
	for (struct sk_buff *seg = *segs; seg; seg = seg->next)
		udp_gso_header(seg, uh.check, uh.len);
	return 0;
}

const struct net_offload udp_offload = { .gso_segment = udp_gso_segment };
