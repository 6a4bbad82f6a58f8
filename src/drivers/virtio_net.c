// SPDX-License-Identifier: BSD-2-Clause
/* The header before a frame that says what was left to the other side: checksums, trains.
 *
 * @step S13 of S13, to drivers/tap.c, drivers/packet.c; receive path, to dev/gro.c
 * @rfc 9293 3.1, 768, 3168 6.1.2
 * @linux include/linux/virtio_net.h: virtio_net_hdr_from_skb virtio_net_hdr_to_skb
 *
 * Its integers are in the machine's own byte order.  Going down nothing can be wrong: the stack made it.  Coming up
 * each field is checked against the frame: what would go up as a train is one, in all that the layers above rely on.
 */
#include "drivers/virtio_net.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include "dev/gso.h"
#include "wire/ip.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"
#include "wire/udp.h"

/* ------------------------------------------------------------------ down */

static u8 hdr_gso_type(u16 gso_type)
{
	u8 type = gso_type & SKB_GSO_TCPV4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;

	if (gso_type & SKB_GSO_UDP_L4)
		return VIRTIO_NET_HDR_GSO_UDP_L4;
	return gso_type & SKB_GSO_TCP_ECN ? type | VIRTIO_NET_HDR_GSO_ECN : type;
}

void virtio_net_hdr_from_skb(const struct sk_buff *skb, struct virtio_net_hdr *hdr)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);

	*hdr = (struct virtio_net_hdr){ .flags = 0 };
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return;
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = (__force __virtio16)(skb->csum_start - (skb->data - skb->head));
	hdr->csum_offset = (__force __virtio16)skb->csum_offset;
	if (!shinfo->gso_size)
		return;
	hdr->gso_type = hdr_gso_type(shinfo->gso_type);
	hdr->gso_size = (__force __virtio16)shinfo->gso_size;
	hdr->hdr_len = (__force __virtio16)(skb_gso_mac_seglen(skb) - shinfo->gso_size);
}

/* ------------------------------------------------------------------ up */

/** struct transport - where the protocol above IP begins in a frame, which is no fragment */
struct transport {
	__be16 type; /* ethertype */
	u8 protocol;
	u32 offset;    /* from the Ethernet header */
	u32 len_bytes; /* of the frame, by the IP header */
};

static bool ipv4_transport(const u8 *data, u32 linear, struct transport *t)
{
	const struct iphdr *iph = ip_check(data, linear);

	if (!iph || ip_is_fragment(iph))
		return false;
	t->protocol = iph->protocol;
	t->offset = ETH_HLEN + ip_hdrlen_bytes(iph);
	t->len_bytes = ETH_HLEN + be16_to_cpu(iph->tot_len);
	return true;
}

static bool ipv6_transport(const u8 *data, u32 linear, struct transport *t)
{
	const struct ipv6hdr *hdr = (const struct ipv6hdr *)(const void *)data;
	u16 frag_off;
	int offset;

	if (linear < IPV6_HEADER_BYTES || be32_to_cpu(hdr->ver_tc_flow) >> 28 != 6)
		return false;
	t->protocol = hdr->nexthdr;
	offset = ipv6_skip_exthdr(data, linear, IPV6_HEADER_BYTES, &t->protocol, &frag_off);
	if (offset < 0 || frag_off)
		return false;
	t->offset = ETH_HLEN + (u32)offset;
	t->len_bytes = ETH_HLEN + IPV6_HEADER_BYTES + be16_to_cpu(hdr->payload_len);
	return true;
}

/* @data: the packet of that @type, of which @linear octets can be seen */
static bool packet_transport(__be16 type, const u8 *data, u32 linear, struct transport *t)
{
	t->type = type;
	if (type == CONST_BE16(ETH_P_IP))
		return ipv4_transport(data, linear, t);
	return type == CONST_BE16(ETH_P_IPV6) && ipv6_transport(data, linear, t);
}

static bool find_transport(const struct sk_buff *skb, struct transport *t)
{
	return packet_transport(get_unaligned_be16(skb->data + offsetof(struct ethhdr, h_proto)), skb->data + ETH_HLEN,
				skb_headlen(skb) - ETH_HLEN, t);
}

/* Is a sum begun there TCP's or UDP's?  Only they know what to make of it. */
static bool is_transport_sum(const struct sk_buff *skb, u32 start, u32 offset)
{
	struct transport t;

	if (!find_transport(skb, &t) || t.offset != start)
		return false;
	return (t.protocol == IPPROTO_TCP && offset == offsetof(struct tcphdr, check)) ||
	       (t.protocol == IPPROTO_UDP && offset == offsetof(struct udphdr, check));
}

static void set_begun_sum(struct sk_buff *skb, u32 start, u32 offset)
{
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = (u16)(skb_headroom(skb) + start);
	skb->csum_offset = (u16)offset;
}

static int sum_to_skb(struct sk_buff *skb, const struct virtio_net_hdr *hdr)
{
	u32 start = (__force u16)hdr->csum_start, offset = (__force u16)hdr->csum_offset;

	if (!(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)) {
		if (hdr->flags & VIRTIO_NET_HDR_F_DATA_VALID)
			skb->ip_summed = CHECKSUM_UNNECESSARY;
		return 0;
	}
	if (start < ETH_HLEN || start + offset + sizeof(__be16) > skb_headlen(skb))
		return -EINVAL;
	set_begun_sum(skb, start, offset);
	return is_transport_sum(skb, start, offset) ? 0 : skb_checksum_help(skb);
}

/* Of the pseudo header, which a sum is begun with. */
static u32 pseudo_sum(const u8 *data, const struct transport *t)
{
	u32 len_bytes = t->len_bytes - t->offset;

	if (t->type == CONST_BE16(ETH_P_IP)) {
		const struct iphdr *iph = (const struct iphdr *)(const void *)data;

		return csum_tcpudp_nofold(iph->saddr, iph->daddr, len_bytes, t->protocol, 0);
	} else {
		const struct ipv6hdr *hdr = (const struct ipv6hdr *)(const void *)data;

		return csum_ipv6_magic_sum(&hdr->saddr, &hdr->daddr, len_bytes, t->protocol);
	}
}

/* What there is of trains.  @csum_offset: from the transport header */
static const struct train_type {
	u8 hdr_type, protocol;
	__be16 type;
	u16 gso_type, csum_offset;
} train_types[] = {
	{ VIRTIO_NET_HDR_GSO_TCPV4, IPPROTO_TCP, CONST_BE16(ETH_P_IP), SKB_GSO_TCPV4, offsetof(struct tcphdr, check) },
	{ VIRTIO_NET_HDR_GSO_TCPV6, IPPROTO_TCP, CONST_BE16(ETH_P_IPV6), SKB_GSO_TCPV6,
	  offsetof(struct tcphdr, check) },
	{ VIRTIO_NET_HDR_GSO_UDP_L4, IPPROTO_UDP, CONST_BE16(ETH_P_IP), SKB_GSO_UDP_L4,
	  offsetof(struct udphdr, check) },
	{ VIRTIO_NET_HDR_GSO_UDP_L4, IPPROTO_UDP, CONST_BE16(ETH_P_IPV6), SKB_GSO_UDP_L4,
	  offsetof(struct udphdr, check) },
};

/* Return: what the header calls it, if the frame is that; else NULL */
static const struct train_type *train_type_of(u8 hdr_type, const struct transport *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(train_types); i++) {
		const struct train_type *known = &train_types[i];

		if (known->hdr_type == (hdr_type & ~VIRTIO_NET_HDR_GSO_ECN) && known->type == t->type &&
		    known->protocol == t->protocol)
			return known;
	}
	return NULL;
}

/* Return: length of all headers; 0: they are not all there */
static u32 train_header_bytes(const struct sk_buff *skb, const struct transport *t)
{
	u32 linear = skb_headlen(skb), bytes;
	const struct udphdr *uh;

	if (t->protocol == IPPROTO_UDP) {
		uh = udp_check(skb->data + t->offset, linear - t->offset, skb->len - t->offset);
		return uh && be16_to_cpu(uh->len) == skb->len - t->offset ? t->offset + (u32)sizeof(*uh) : 0;
	}
	if (linear - t->offset < sizeof(struct tcphdr))
		return 0;
	bytes = tcp_hdrlen_bytes((const struct tcphdr *)(const void *)(skb->data + t->offset));
	return bytes < sizeof(struct tcphdr) || linear - t->offset < bytes ? 0 : t->offset + bytes;
}

/* RFC 3168 6.1.2: one with CWR in it has it in its first segment, whatever the header says of ECN. */
static u16 train_gso_type(const struct sk_buff *skb, const struct transport *t, const struct train_type *type)
{
	const struct tcphdr *th = (const struct tcphdr *)(const void *)(skb->data + t->offset);

	return type->gso_type | (t->protocol == IPPROTO_TCP && (th->flags & TCPHDR_CWR) ? SKB_GSO_TCP_ECN : 0);
}

/* Whoever made a train of what came, and looked at each sum, says that it is good: what is sent on needs one that was begun. */
static void begin_good_sum(struct sk_buff *skb, const struct transport *t, const struct train_type *type)
{
	u32 sum = pseudo_sum(skb->data + ETH_HLEN, t);

	put_unaligned_be16((__force __be16)(u16) ~(__force u16)csum_fold(sum),
			   skb->data + t->offset + type->csum_offset);
	set_begun_sum(skb, t->offset, type->csum_offset);
}

/* Is the sum of a train begun where it should be, or known to be good? */
static bool train_sum_fits(const struct virtio_net_hdr *hdr, const struct transport *t, const struct train_type *type)
{
	if (!(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return hdr->flags & VIRTIO_NET_HDR_F_DATA_VALID;
	return (__force u16)hdr->csum_start == t->offset && (__force u16)hdr->csum_offset == type->csum_offset;
}

static int train_to_skb(struct sk_buff *skb, const struct virtio_net_hdr *hdr)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	u32 gso_size = (__force u16)hdr->gso_size, header_bytes, segs;
	const struct train_type *type;
	struct transport t;

	if (!gso_size || !find_transport(skb, &t) || t.len_bytes != skb->len)
		return -EINVAL;
	type = train_type_of(hdr->gso_type, &t);
	if (!type || !train_sum_fits(hdr, &t, type))
		return -EINVAL;
	header_bytes = train_header_bytes(skb, &t);
	if (!header_bytes || skb->len <= header_bytes)
		return -EINVAL;
	segs = (skb->len - header_bytes + gso_size - 1) / gso_size;
	if (t.protocol == IPPROTO_UDP && segs > UDP_MAX_SEGMENTS)
		return -EINVAL;
	skb->network_header = (u16)(skb_headroom(skb) + ETH_HLEN);
	skb_set_transport_header(skb, t.offset);
	if (segs > 1) {
		shinfo->gso_size = (u16)gso_size;
		shinfo->gso_segs = (u16)segs;
		shinfo->gso_type = train_gso_type(skb, &t, type);
	}
	if (hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		return sum_to_skb(skb, hdr);
	begin_good_sum(skb, &t, type);
	return 0;
}

int virtio_net_hdr_to_skb(struct sk_buff *skb, const struct virtio_net_hdr *hdr)
{
	if ((__force u16)hdr->hdr_len > skb->len || skb_headlen(skb) < ETH_HLEN)
		return -EINVAL;
	return hdr->gso_type == VIRTIO_NET_HDR_GSO_NONE ? sum_to_skb(skb, hdr) : train_to_skb(skb, hdr);
}

/* ------------------------------------------------------------------ where nothing is said */

void skb_find_begun_sum(struct sk_buff *skb)
{
	struct transport t;
	u32 offset, start;
	__be16 sum;

	if (!packet_transport(skb->protocol, skb->data, skb_headlen(skb), &t))
		return;
	if (t.protocol != IPPROTO_TCP && t.protocol != IPPROTO_UDP)
		return;
	offset = t.protocol == IPPROTO_TCP ? offsetof(struct tcphdr, check) : offsetof(struct udphdr, check);
	start = t.offset - ETH_HLEN;
	if (t.len_bytes < t.offset || start + offset + sizeof(sum) > skb_headlen(skb))
		return;
	sum = get_unaligned_be16(skb->data + start + offset);
	if (((__force u16)sum ^ (__force u16)csum_fold(pseudo_sum(skb->data, &t))) != 0xffff)
		return;
	set_begun_sum(skb, start, offset);
}
