// SPDX-License-Identifier: BSD-2-Clause
/* Extension headers: hop-by-hop and destination options, routing headers.
 *
 * @step receive path, from ipv6/ip6_input.c; S4 of S13, from ipv6/ip6_output.c
 * @rfc 8200 4, 7045, 5095, 2711, 2675
 * @linux net/ipv6/exthdrs.c
 *
 * Reading order: ipv6_parse_hopopts(), ip6_parse_tlv(); ipv6_rthdr_rcv(); ipv6_push_nfrag_opts().
 * How many options, and octets of them, a packet may have is limited: each costs time, and none is needed by many.
 */
#include <errno.h>

#include "ipv6/addrconf.h"
#include "ipv6/icmpv6.h"
#include "ipv6/ipv6.h"
#include "ipv6/protocol.h"
#include "wire/icmp6.h"

#define IPV6_TLV_PAD1 0
#define IPV6_TLV_PADN 1
#define IPV6_TLV_ROUTERALERT 5
#define IPV6_TLV_CALIPSO 7 /* RFC 5570: a security label */
#define IPV6_TLV_JUMBO 194
#define PADDING_MAX_BYTES 7U /* between two options: more aligns nothing */

/* ------------------------------------------------------------------ options */

static bool tlv_drop(struct sk_buff *skb)
{
	kfree_skb_reason(skb, SKB_DROP_REASON_IPV6_BAD_EXTHDR);
	return false;
}

/* RFC 8200 4.2: the two high bits of an option say what one does who does not know it.  Return: false: dropped */
static bool tlv_unknown(struct sk_buff *skb, u32 offset_bytes, bool silently)
{
	u8 action = skb_network_header(skb)[offset_bytes] >> 6;

	if (silently)
		return tlv_drop(skb);
	if (action == 0)
		return true;
	if (action == 1 || (action == 3 && ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr)))
		return tlv_drop(skb);
	icmpv6_param_prob(skb, ICMPV6_UNK_OPTION, offset_bytes, SKB_DROP_REASON_IPV6_BAD_EXTHDR);
	return false;
}

static bool hop_router_alert(struct sk_buff *skb, u32 offset_bytes)
{
	const u8 *opt = skb_network_header(skb) + offset_bytes;

	if (opt[1] != 2)
		return tlv_drop(skb);
	IP6CB(skb)->flags |= IP6SKB_ROUTERALERT;
	return true;
}

/* RFC 2675 3: the length of a payload that does not fit into 16 bits. */
static bool hop_jumbo(struct sk_buff *skb, u32 offset_bytes)
{
	const u8 *opt = skb_network_header(skb) + offset_bytes;
	u32 payload_bytes;

	if (opt[1] != 4 || (offset_bytes & 3) != 2)
		return tlv_drop(skb);
	payload_bytes = be32_to_cpu(get_unaligned_be32(opt + 2));
	if (payload_bytes <= IPV6_MAXPLEN) {
		icmpv6_param_prob(skb, ICMPV6_HDR_FIELD, offset_bytes + 2, SKB_DROP_REASON_IPV6_BAD_EXTHDR);
		return false;
	}
	if (ipv6_hdr(skb)->payload_len) {
		icmpv6_param_prob(skb, ICMPV6_HDR_FIELD, offset_bytes, SKB_DROP_REASON_IPV6_BAD_EXTHDR);
		return false;
	}
	if (payload_bytes > skb->len - IPV6_HEADER_BYTES) {
		kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_SMALL);
		return false;
	}
	if (pskb_trim(skb, payload_bytes + IPV6_HEADER_BYTES)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return false;
	}
	IP6CB(skb)->flags |= IP6SKB_JUMBOGRAM;
	return true;
}

/* One option that is no padding.  Return: false: dropped */
static bool tlv_option(struct sk_buff *skb, u32 offset_bytes, bool hop, bool silently)
{
	u8 type = skb_network_header(skb)[offset_bytes];

	if (hop) {
		switch (type) {
		case IPV6_TLV_ROUTERALERT:
			return hop_router_alert(skb, offset_bytes);
		case IPV6_TLV_JUMBO:
			return hop_jumbo(skb, offset_bytes);
		case IPV6_TLV_CALIPSO:
			return tlv_drop(skb); /* nobody here may see what is labelled */
		default:
			break;
		}
	}
	return tlv_unknown(skb, offset_bytes, silently);
}

/* RFC 4942 2.1.9.5: padding of more octets than align, or that are not zero, is a hidden channel. */
static bool padding_is_sane(const u8 *opt, u32 bytes)
{
	for (u32 i = 2; i < bytes; i++) {
		if (opt[i])
			return false;
	}
	return true;
}

/**
 * ip6_parse_tlv() - the options of a header at the transport header, which is linear
 * @max_count: options but for padding; negative: the same, and none that is not known
 * Return: false: dropped (@skb taken)
 */
static bool ip6_parse_tlv(struct sk_buff *skb, bool hop, int max_count)
{
	u32 offset = (u32)(skb_transport_header(skb) - skb_network_header(skb)), end, bytes, padding = 0, count = 0;
	bool silently = max_count < 0;
	u32 max = silently ? 0U - (u32)max_count : (u32)max_count;

	end = offset + ipv6_optlen((const struct ipv6_opt_hdr *)(const void *)skb_transport_header(skb));
	for (offset += 2; offset < end; offset += bytes) {
		const u8 *opt = skb_network_header(skb) + offset;

		if (opt[0] == IPV6_TLV_PAD1) {
			bytes = 1;
			if (++padding > PADDING_MAX_BYTES)
				return tlv_drop(skb);
			continue;
		}
		if (end - offset < 2 || opt[1] + 2U > end - offset)
			return tlv_drop(skb);
		bytes = opt[1] + 2U;
		if (opt[0] == IPV6_TLV_PADN) {
			padding += bytes;
			if (padding > PADDING_MAX_BYTES || !padding_is_sane(opt, bytes))
				return tlv_drop(skb);
			continue;
		}
		if (++count > max)
			return tlv_drop(skb);
		if (!tlv_option(skb, offset, hop, silently))
			return false;
		padding = 0;
	}
	return true;
}

/* The whole of a header at the transport header becomes linear.  Return: its length, 0: it is not all there */
static u32 exthdr_pull(struct sk_buff *skb)
{
	u32 offset = skb_transport_offset(skb), bytes;

	if (!pskb_may_pull(skb, offset + 8))
		return 0;
	bytes = ipv6_optlen((const struct ipv6_opt_hdr *)(const void *)skb_transport_header(skb));
	return pskb_may_pull(skb, offset + bytes) ? bytes : 0;
}

static bool exthdr_bad(struct sk_buff *skb)
{
	kfree_skb_reason(skb, SKB_DROP_REASON_IPV6_BAD_EXTHDR);
	return false;
}

bool ipv6_parse_hopopts(struct sk_buff *skb)
{
	struct net *net = skb->dev->net;
	struct inet6_dev *idev = in6_dev_get_rcu(skb->dev);
	u32 bytes = exthdr_pull(skb);

	if (!bytes || (s64)bytes > net->ipv6->max_hbh_length) {
		IP6_INC(net, idev, in_hdr_errors);
		return exthdr_bad(skb);
	}
	IP6CB(skb)->hop = IPV6_HEADER_BYTES;
	if (!ip6_parse_tlv(skb, true, net->ipv6->max_hbh_opts_number)) {
		IP6_INC(net, idev, in_hdr_errors);
		return false;
	}
	skb->transport_header = (u16)(skb->transport_header + bytes);
	IP6CB(skb)->nhoff = IPV6_HEADER_BYTES;
	return true;
}

/* ------------------------------------------------------------------ headers of the walk */

static u32 header_offset(const struct sk_buff *skb)
{
	return (u32)(skb_transport_header(skb) - skb_network_header(skb));
}

static int exthdr_passed(struct sk_buff *skb, u32 offset_bytes, u32 bytes)
{
	IP6CB(skb)->nhoff = (u16)offset_bytes;
	skb_postpull_rcsum(skb, skb->data, bytes);
	skb_pull(skb, bytes);
	skb_reset_transport_header(skb);
	return INET6_PROTO_NEXT;
}

static int ipv6_destopt_rcv(struct sk_buff *skb)
{
	struct net *net = skb->dev->net;
	struct inet6_dev *idev = in6_dev_get_rcu(skb->dev);
	u32 bytes, offset;

	skb_reset_transport_header(skb);
	bytes = exthdr_pull(skb);
	if (!bytes || (s64)bytes > net->ipv6->max_dst_opts_length) {
		IP6_INC(net, idev, in_hdr_errors);
		exthdr_bad(skb);
		return INET6_PROTO_ENDED;
	}
	offset = header_offset(skb);
	IP6CB(skb)->dst1 = (u16)offset;
	if (!ip6_parse_tlv(skb, false, net->ipv6->max_dst_opts_number)) {
		IP6_INC(net, idev, in_hdr_errors);
		return INET6_PROTO_ENDED;
	}
	return exthdr_passed(skb, offset, bytes);
}

static int rthdr_drop(struct sk_buff *skb, enum skb_drop_reason reason)
{
	kfree_skb_reason(skb, reason);
	return INET6_PROTO_ENDED;
}

/* RFC 8200 4.4: a type that is not known is passed over when nothing of it is left.  All that would send a packet on, type 0
 * above all, is refused (RFC 5095); segment routing (3, 4) is off. */
static int ipv6_rthdr_rcv(struct sk_buff *skb)
{
	struct net *net = skb->dev->net;
	struct inet6_dev *idev = in6_dev_get_rcu(skb->dev);
	const struct ipv6_rt_hdr *hdr;
	u32 bytes, offset;

	skb_reset_transport_header(skb);
	bytes = exthdr_pull(skb);
	if (!bytes) {
		IP6_INC(net, idev, in_hdr_errors);
		return rthdr_drop(skb, SKB_DROP_REASON_IPV6_BAD_EXTHDR);
	}
	if (ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr) || skb->pkt_type != PACKET_HOST) {
		IP6_INC(net, idev, in_addr_errors);
		return rthdr_drop(skb, SKB_DROP_REASON_IP_INVALID_DEST);
	}
	hdr = (const struct ipv6_rt_hdr *)(const void *)skb_transport_header(skb);
	offset = header_offset(skb);
	if (hdr->type == 3 || hdr->type == 4)
		return rthdr_drop(skb, SKB_DROP_REASON_IPV6_BAD_EXTHDR);
	if (hdr->segments_left) {
		IP6_INC(net, idev, in_hdr_errors);
		icmpv6_param_prob(skb, ICMPV6_HDR_FIELD, offset + (u32)offsetof(struct ipv6_rt_hdr, type),
				  SKB_DROP_REASON_IPV6_BAD_EXTHDR);
		return INET6_PROTO_ENDED;
	}
	IP6CB(skb)->srcrt = (u16)offset;
	IP6CB(skb)->dst0 = IP6CB(skb)->dst1;
	IP6CB(skb)->dst1 = 0;
	return exthdr_passed(skb, offset, bytes);
}

/* RFC 8200 4.7: nothing follows, whatever is there. */
static int ipv6_nodata_rcv(struct sk_buff *skb)
{
	consume_skb(skb);
	return 0;
}

static const struct inet6_protocol rthdr_protocol = { .handler = ipv6_rthdr_rcv, .flags = INET6_PROTO_NOPOLICY };
static const struct inet6_protocol destopt_protocol = { .handler = ipv6_destopt_rcv, .flags = INET6_PROTO_NOPOLICY };
static const struct inet6_protocol nodata_protocol = { .handler = ipv6_nodata_rcv, .flags = INET6_PROTO_NOPOLICY };

int ipv6_exthdrs_init(struct net *net)
{
	int err = inet6_add_protocol(net, &rthdr_protocol, NEXTHDR_ROUTING);

	if (err)
		return err;
	err = inet6_add_protocol(net, &destopt_protocol, NEXTHDR_DEST);
	if (err)
		goto err_routing;
	err = inet6_add_protocol(net, &nodata_protocol, NEXTHDR_NONE);
	if (err)
		goto err_dest;
	return 0;

err_dest:
	inet6_del_protocol(net, NEXTHDR_DEST);
err_routing:
	inet6_del_protocol(net, NEXTHDR_ROUTING);
	return err;
}

void ipv6_exthdrs_exit(struct net *net)
{
	inet6_del_protocol(net, NEXTHDR_NONE);
	inet6_del_protocol(net, NEXTHDR_DEST);
	inet6_del_protocol(net, NEXTHDR_ROUTING);
}

/* ------------------------------------------------------------------ down */

static void push_exthdr(struct sk_buff *skb, const void *hdr, u8 *proto)
{
	u32 bytes = ipv6_optlen(hdr);
	u8 *to = skb_push(skb, bytes);

	memcpy(to, hdr, bytes);
	to[0] = *proto;
}

/* Its addresses move on by one: the packet goes to the first, and its destination stands last. */
static void push_rthdr(struct sk_buff *skb, const struct ipv6_rt_hdr *rth, u8 *proto, struct in6_addr *daddr)
{
	u32 bytes = ipv6_optlen((const struct ipv6_opt_hdr *)(const void *)rth);
	u32 hops = rth->hdrlen / 2;
	struct in6_addr first;
	u8 *addrs;

	push_exthdr(skb, rth, proto);
	*proto = NEXTHDR_ROUTING;
	if (!hops || !rth->segments_left)
		return;
	addrs = skb->data + (bytes - hops * 16);
	memcpy(&first, addrs, sizeof(first));
	memmove(addrs, addrs + 16, (hops - 1) * 16UL);
	memcpy(addrs + (hops - 1) * 16UL, daddr, sizeof(*daddr));
	*daddr = first;
}

void ipv6_push_nfrag_opts(struct sk_buff *skb, const struct ipv6_txoptions *opt, u8 *proto, struct in6_addr *daddr)
{
	if (opt->srcrt) {
		push_rthdr(skb, opt->srcrt, proto, daddr);
		if (opt->dst0opt) { /* RFC 3542 9.1: it is for each hop of a routing header */
			push_exthdr(skb, opt->dst0opt, proto);
			*proto = NEXTHDR_DEST;
		}
	}
	if (opt->hopopt) {
		push_exthdr(skb, opt->hopopt, proto);
		*proto = NEXTHDR_HOP;
	}
}

void ipv6_push_frag_opts(struct sk_buff *skb, const struct ipv6_txoptions *opt, u8 *proto)
{
	if (!opt->dst1opt)
		return;
	push_exthdr(skb, opt->dst1opt, proto);
	*proto = NEXTHDR_DEST;
}

int ip6_find_1stfragopt(struct sk_buff *skb, u8 **nexthdr)
{
	u32 offset = IPV6_HEADER_BYTES;
	u8 *base = skb_network_header(skb);
	u32 linear_bytes = (u32)(skb_tail_pointer(skb) - base);
	bool routing = false;
	u8 *h;

	*nexthdr = &ipv6_hdr(skb)->nexthdr;
	while (offset <= IPV6_MAXPLEN) {
		if (**nexthdr != NEXTHDR_HOP && **nexthdr != NEXTHDR_ROUTING && **nexthdr != NEXTHDR_DEST)
			return (int)offset;
		if (**nexthdr == NEXTHDR_DEST && routing)
			return (int)offset; /* for the last hop only: it may be cut off */
		routing |= **nexthdr == NEXTHDR_ROUTING;
		if (offset + sizeof(struct ipv6_opt_hdr) > linear_bytes)
			return -EINVAL;
		h = base + offset;
		offset += ipv6_optlen((const struct ipv6_opt_hdr *)(const void *)h);
		*nexthdr = h;
	}
	return -EINVAL;
}
