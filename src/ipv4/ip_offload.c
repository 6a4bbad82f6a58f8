// SPDX-License-Identifier: BSD-2-Clause
/* IPv4 headers of trains: one for each packet that is cut, one for all that came in.
 *
 * @step S13 of S13, from dev/gso.c; receive path, from dev/gro.c; to net_offload
 * @rfc 791, 6864 4
 * @linux net/ipv4/af_inet.c: inet_gso_segment inet_gro_receive inet_gro_complete
 *
 * Reading order: inet_gso_segment(); inet_gro_receive(), inet_gro_complete().
 */
#include <errno.h>
#include <linux/if_ether.h>

#include "dev/netdevice.h"
#include "ipv4/ip.h"
#include "ipv4/protocol.h"

/* ------------------------------------------------------------------ who knows trains */

int inet_add_offload(struct net *net, const struct net_offload *ops, u8 protocol)
{
	struct netns_ipv4 *ipv4 = net->ipv4;
	int err;

	if (ipv4->offload_count == MAX_INET_OFFLOADS)
		return -ENOSPC;
	err = ops->gro_receive ? gro_add_protocol(net, CONST_BE16(ETH_P_IP), offsetof(struct iphdr, protocol), protocol)
			       : 0;
	if (err)
		return err;
	ipv4->offload_protocol[ipv4->offload_count] = protocol;
	ipv4->offloads[ipv4->offload_count++] = ops;
	return 0;
}

void inet_del_offload(struct net *net, u8 protocol)
{
	struct netns_ipv4 *ipv4 = net->ipv4;
	u32 kept = 0;

	gro_del_protocol(net, CONST_BE16(ETH_P_IP), protocol);
	for (u32 i = 0; i < ipv4->offload_count; i++) {
		if (ipv4->offload_protocol[i] == protocol)
			continue;
		ipv4->offload_protocol[kept] = ipv4->offload_protocol[i];
		ipv4->offloads[kept++] = ipv4->offloads[i];
	}
	ipv4->offload_count = kept;
}

static inline const struct net_offload *inet_offload(const struct net *net, u8 protocol)
{
	const struct netns_ipv4 *ipv4 = net->ipv4;

	for (u32 i = 0; i < ipv4->offload_count; i++) {
		if (ipv4->offload_protocol[i] == protocol)
			return ipv4->offloads[i];
	}
	return NULL;
}

/* ------------------------------------------------------------------ down */

/* RFC 6864: the packets of a train have consecutive identifications, as if each had been sent by itself. */
static void inet_gso_headers(const struct sk_buff *skb, struct sk_buff *segs)
{
	u16 id = be16_to_cpu(ip_hdr(skb)->id);
	bool fixed_id = skb_shinfo(skb)->gso_type & SKB_GSO_TCP_FIXEDID;

	for (struct sk_buff *seg = segs; seg; seg = seg->next) {
		struct iphdr *iph = ip_hdr(seg);

		iph->id = cpu_to_be16(id);
		iph->tot_len = cpu_to_be16((u16)(seg->len - skb_network_offset(seg)));
		ip_send_check(iph);
		if (!fixed_id)
			id++;
	}
}

static int inet_gso_segment(struct sk_buff *skb, const struct segment_how *how, struct sk_buff **segs)
{
	const struct net_offload *ops;
	const struct iphdr *iph;
	int err;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return skb->len < sizeof(*iph) ? -EINVAL : -ENOMEM;
	iph = ip_hdr(skb);
	if (iph->version != IPVERSION || iph->ihl < 5 || ip_is_fragment(iph) || skb->len < ip_hdrlen_bytes(iph))
		return -EINVAL;
	ops = inet_offload(skb->dev->net, iph->protocol);
	if (!ops || !ops->gso_segment)
		return -EPROTONOSUPPORT;
	if (!pskb_may_pull(skb, ip_hdrlen_bytes(iph)))
		return -ENOMEM;
	skb_pull(skb, ip_hdrlen_bytes(ip_hdr(skb)));
	skb_reset_transport_header(skb);
	err = ops->gso_segment(skb, how, segs);
	if (!err)
		inet_gso_headers(skb, *segs);
	return err;
}

/* ------------------------------------------------------------------ up */

/* Plain headers only: with options, in pieces or with padding a packet goes its way.  So does a train that came as one.
 * Checksums are the protocol's to look at, once it wants the packet: of one that goes up at once they are ip_rcv()'s. */
static enum gro_result inet_gro_receive(struct gro_node *gro, struct sk_buff *skb)
{
	const struct iphdr *iph = (const struct iphdr *)(const void *)skb->data;
	struct napi_gro_cb *cb = NAPI_GRO_CB(skb);
	const struct net_offload *ops;

	if (unlikely(skb_headlen(skb) < sizeof(*iph)))
		return GRO_NORMAL;
	ops = inet_offload(skb->dev->net, iph->protocol);
	if (!ops || !ops->gro_receive)
		return GRO_NORMAL;
	if (iph->version != IPVERSION || iph->ihl != 5 || ip_is_fragment(iph))
		return GRO_NORMAL;
	*cb = (struct napi_gro_cb){
		.transport_offset = sizeof(*iph),
		.flush = be16_to_cpu(iph->tot_len) != skb->len || skb_is_gso(skb),
	};
	return ops->gro_receive(gro, skb);
}

static const struct iphdr *gro_iph(const struct sk_buff *skb)
{
	return (const struct iphdr *)(const void *)skb->data;
}

bool inet_gro_same_flow(const struct sk_buff *p, const struct sk_buff *skb)
{
	const struct iphdr *a = gro_iph(p), *b = gro_iph(skb);

	return a->saddr == b->saddr && a->daddr == b->daddr && a->protocol == b->protocol;
}

bool inet_gro_follows(const struct sk_buff *p, const struct sk_buff *skb, bool *fixed_id)
{
	const struct iphdr *a = gro_iph(p), *b = gro_iph(skb);
	u16 step = (u16)(be16_to_cpu(b->id) - be16_to_cpu(a->id)), count = NAPI_GRO_CB(p)->count;

	if (a->ttl != b->ttl || a->tos != b->tos || a->frag_off != b->frag_off)
		return false;
	*fixed_id = count == 1 ? !step : NAPI_GRO_CB(p)->fixed_id;
	if (*fixed_id)
		return !step && (a->frag_off & CONST_BE16(IP_DF)); /* RFC 6864: else it tells fragments apart */
	return step == count;
}

static void inet_gro_complete(struct sk_buff *skb)
{
	struct iphdr *iph = (struct iphdr *)(void *)skb->data;

	iph->tot_len = cpu_to_be16((u16)skb->len);
	ip_send_check(iph);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, NAPI_GRO_CB(skb)->transport_offset);
	inet_offload(skb->dev->net, iph->protocol)->gro_complete(skb);
}

const struct packet_offload ip_packet_offload = {
	.type = CONST_BE16(ETH_P_IP),
	.gso_segment = inet_gso_segment,
	.gro_receive = inet_gro_receive,
	.gro_complete = inet_gro_complete,
};
