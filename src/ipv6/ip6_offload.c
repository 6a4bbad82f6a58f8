// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 headers of trains: one for each packet that is cut, one for all that came in.
 *
 * @step S13 of S13, from dev/gso.c; receive path, from dev/gro.c; to net_offload
 * @rfc 8200
 * @linux net/ipv6/ip6_offload.c
 *
 * Reading order: ipv6_gso_segment(); ipv6_gro_receive(), ipv6_gro_complete().
 */
#include <errno.h>
#include <linux/if_ether.h>

#include "dev/netdevice.h"
#include "ipv6/ipv6.h"
#include "ipv6/protocol.h"

/* ------------------------------------------------------------------ who knows trains */

int inet6_add_offload(struct net *net, const struct net_offload *ops, u8 protocol)
{
	struct netns_ipv6 *ipv6 = net->ipv6;
	int err;

	if (ipv6->offload_count == MAX_INET6_OFFLOADS)
		return -ENOSPC;
	err = ops->gro_receive
		      ? gro_add_protocol(net, CONST_BE16(ETH_P_IPV6), offsetof(struct ipv6hdr, nexthdr), protocol)
		      : 0;
	if (err)
		return err;
	ipv6->offload_protocol[ipv6->offload_count] = protocol;
	ipv6->offloads[ipv6->offload_count++] = ops;
	return 0;
}

void inet6_del_offload(struct net *net, u8 protocol)
{
	struct netns_ipv6 *ipv6 = net->ipv6;
	u32 kept = 0;

	gro_del_protocol(net, CONST_BE16(ETH_P_IPV6), protocol);
	for (u32 i = 0; i < ipv6->offload_count; i++) {
		if (ipv6->offload_protocol[i] == protocol)
			continue;
		ipv6->offload_protocol[kept] = ipv6->offload_protocol[i];
		ipv6->offloads[kept++] = ipv6->offloads[i];
	}
	ipv6->offload_count = kept;
}

static inline const struct net_offload *inet6_offload(const struct net *net, u8 protocol)
{
	const struct netns_ipv6 *ipv6 = net->ipv6;

	for (u32 i = 0; i < ipv6->offload_count; i++) {
		if (ipv6->offload_protocol[i] == protocol)
			return ipv6->offloads[i];
	}
	return NULL;
}

/* ------------------------------------------------------------------ down */

/* Extension headers that every packet of a train carries.  Return: offset of the protocol, -EINVAL */
static int gso_transport_offset(struct sk_buff *skb, u8 *nexthdr)
{
	u16 frag_off;
	int offset;

	*nexthdr = ipv6_hdr(skb)->nexthdr;
	offset = ipv6_skip_exthdr(skb->data, skb_headlen(skb), IPV6_HEADER_BYTES, nexthdr, &frag_off);
	return offset < 0 || frag_off ? -EINVAL : offset;
}

static int ipv6_gso_segment(struct sk_buff *skb, const struct segment_how *how, struct sk_buff **segs)
{
	const struct net_offload *ops;
	u8 nexthdr;
	int offset, err;

	if (!pskb_may_pull(skb, IPV6_HEADER_BYTES))
		return skb->len < IPV6_HEADER_BYTES ? -EINVAL : -ENOMEM;
	if (be32_to_cpu(ipv6_hdr(skb)->ver_tc_flow) >> 28 != 6)
		return -EINVAL;
	offset = gso_transport_offset(skb, &nexthdr);
	if (offset < 0)
		return offset;
	ops = inet6_offload(skb->dev->net, nexthdr);
	if (!ops || !ops->gso_segment)
		return -EPROTONOSUPPORT;
	skb_pull(skb, (u32)offset);
	skb_reset_transport_header(skb);
	err = ops->gso_segment(skb, how, segs);
	if (err)
		return err;
	for (struct sk_buff *seg = *segs; seg; seg = seg->next)
		ipv6_hdr(seg)->payload_len = cpu_to_be16((u16)(seg->len - skb_network_offset(seg) - IPV6_HEADER_BYTES));
	return 0;
}

/* ------------------------------------------------------------------ up */

static const struct ipv6hdr *gro_ipv6(const struct sk_buff *skb)
{
	return (const struct ipv6hdr *)(const void *)skb->data;
}

/* Plain headers only: with extensions or padding a packet goes its way.  So does a train that came as one. */
static enum gro_result ipv6_gro_receive(struct gro_node *gro, struct sk_buff *skb)
{
	const struct ipv6hdr *hdr = gro_ipv6(skb);
	struct napi_gro_cb *cb = NAPI_GRO_CB(skb);
	const struct net_offload *ops;

	if (unlikely(skb_headlen(skb) < sizeof(*hdr)))
		return GRO_NORMAL;
	ops = inet6_offload(skb->dev->net, hdr->nexthdr);
	if (!ops || !ops->gro_receive || be32_to_cpu(hdr->ver_tc_flow) >> 28 != 6)
		return GRO_NORMAL;
	*cb = (struct napi_gro_cb){
		.transport_offset = sizeof(*hdr),
		.flush = be16_to_cpu(hdr->payload_len) + IPV6_HEADER_BYTES != skb->len || skb_is_gso(skb),
	};
	return ops->gro_receive(gro, skb);
}

bool inet6_gro_same_flow(const struct sk_buff *p, const struct sk_buff *skb)
{
	const struct ipv6hdr *a = gro_ipv6(p), *b = gro_ipv6(skb);

	return ipv6_addr_equal(&a->saddr, &b->saddr) && ipv6_addr_equal(&a->daddr, &b->daddr) &&
	       a->nexthdr == b->nexthdr && ip6_flowlabel(a) == ip6_flowlabel(b);
}

bool inet6_gro_follows(const struct sk_buff *p, const struct sk_buff *skb)
{
	const struct ipv6hdr *a = gro_ipv6(p), *b = gro_ipv6(skb);

	return a->ver_tc_flow == b->ver_tc_flow && a->hop_limit == b->hop_limit;
}

static void ipv6_gro_complete(struct sk_buff *skb)
{
	struct ipv6hdr *hdr = (struct ipv6hdr *)(void *)skb->data;

	hdr->payload_len = cpu_to_be16((u16)(skb->len - IPV6_HEADER_BYTES));
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, NAPI_GRO_CB(skb)->transport_offset);
	inet6_offload(skb->dev->net, hdr->nexthdr)->gro_complete(skb);
}

const struct packet_offload ipv6_packet_offload = {
	.type = CONST_BE16(ETH_P_IPV6),
	.gso_segment = ipv6_gso_segment,
	.gro_receive = ipv6_gro_receive,
	.gro_complete = ipv6_gro_complete,
};
