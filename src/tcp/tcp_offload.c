// SPDX-License-Identifier: BSD-2-Clause
/* TCP headers of trains: one for each segment that is cut, one for all that came in.
 *
 * @step S13 of S13, from tcp/tcp_offload_ipv4.c, to skb/skb_segment.c
 * @rfc 9293 3.1, 3168 6.1.2
 * @linux net/ipv4/tcp_offload.c
 *
 * Reading order: tcp_gso_segment(); tcp_gro_header(), tcp_gro_follows(), tcp_gro_merge(), tcp_gro_complete().
 */
#include "tcp/tcp_offload.h"

#include <errno.h>

#include "base/csum.h"
#include "wire/tcp.h"

static struct tcphdr *tcp_hdr_of(const struct sk_buff *skb)
{
	return (struct tcphdr *)(void *)skb_transport_header(skb);
}

/* ------------------------------------------------------------------ down */

/* The check holds the sum of the pseudo header, with the length in it that the whole train has: so much less. */
static u32 tcp_pseudo_sum(__be16 check, u32 old_bytes, u32 new_bytes)
{
	return csum_add(csum_sub((__force u16)check, (__force u32)cpu_to_be32(old_bytes)),
			(__force u32)cpu_to_be32(new_bytes));
}

static void tcp_gso_check(struct sk_buff *seg, u32 pseudo_sum, u32 header_bytes)
{
	struct tcphdr *th = tcp_hdr_of(seg);

	th->check = (__force __be16)(u16) ~(__force u16)csum_fold(pseudo_sum);
	if (seg->ip_summed == CHECKSUM_PARTIAL) {
		seg->csum_start = seg->transport_header;
		seg->csum_offset = (u16)offsetof(struct tcphdr, check);
		return;
	}
	th->check = csum_fold(csum_partial(th, header_bytes, seg->csum));
}

/* RFC 3168 6.1.2: CWR is said once; FIN and PSH are about the last octet. */
static void tcp_gso_headers(const struct sk_buff *skb, struct sk_buff *segs, u32 train_bytes)
{
	const struct tcphdr *train = tcp_hdr_of(skb);
	u32 header_bytes = tcp_hdrlen_bytes(train), seq = be32_to_cpu(train->seq);

	for (struct sk_buff *seg = segs; seg; seg = seg->next) {
		struct tcphdr *th = tcp_hdr_of(seg);
		u32 seg_bytes = seg->len - skb_transport_offset(seg);

		th->seq = cpu_to_be32(seq);
		seq += seg_bytes - header_bytes;
		if (seg != segs)
			th->flags &= (u8)(0xffU & ~TCPHDR_CWR);
		if (seg->next)
			th->flags &= (u8) ~(TCPHDR_FIN | TCPHDR_PSH);
		tcp_gso_check(seg, tcp_pseudo_sum(train->check, train_bytes, seg_bytes), header_bytes);
	}
}

int tcp_gso_segment(struct sk_buff *skb, const struct segment_how *how, struct sk_buff **segs)
{
	u32 train_bytes = skb->len, header_bytes;

	if (skb->len <= sizeof(struct tcphdr) || skb->ip_summed != CHECKSUM_PARTIAL)
		return -EINVAL;
	if (!pskb_may_pull(skb, sizeof(struct tcphdr)))
		return -ENOMEM;
	header_bytes = tcp_hdrlen_bytes(tcp_hdr_of(skb));
	if (header_bytes < sizeof(struct tcphdr) || skb->len <= header_bytes)
		return -EINVAL;
	if (!pskb_may_pull(skb, header_bytes))
		return -ENOMEM;
	skb_pull(skb, header_bytes);
	*segs = skb_segment(skb, how);
	if (unlikely(!*segs))
		return -ENOMEM;
	tcp_gso_headers(skb, *segs, train_bytes);
	return 0;
}

/* ------------------------------------------------------------------ up */

#define TCP_GRO_LAST (TCPHDR_FIN | TCPHDR_SYN | TCPHDR_RST | TCPHDR_PSH | TCPHDR_URG) /* nothing follows these */

static struct tcphdr *gro_th(const struct sk_buff *skb)
{
	return (struct tcphdr *)(void *)(skb->data + NAPI_GRO_CB(skb)->transport_offset);
}

static u32 gro_payload_bytes(const struct sk_buff *skb)
{
	return skb->len - NAPI_GRO_CB(skb)->payload_offset;
}

bool tcp_gro_may_lead(const struct sk_buff *skb)
{
	return !NAPI_GRO_CB(skb)->flush && gro_payload_bytes(skb) && skb->len < GRO_MAX_LEN_BYTES &&
	       !(gro_th(skb)->flags & TCP_GRO_LAST);
}

bool tcp_gro_header(const struct gro_node *gro, struct sk_buff *skb, u32 addr_hash)
{
	struct napi_gro_cb *cb = NAPI_GRO_CB(skb);
	const struct tcphdr *th = gro_th(skb);
	u32 linear = skb_headlen(skb) - cb->transport_offset, ports;

	if (linear < sizeof(*th) || tcp_hdrlen_bytes(th) < sizeof(*th) || linear < tcp_hdrlen_bytes(th))
		return false;
	memcpy(&ports, th, sizeof(ports));
	cb->payload_offset = (u16)(cb->transport_offset + tcp_hdrlen_bytes(th));
	if (!gro->used && !tcp_gro_may_lead(skb))
		return false; /* nothing that it could follow, and nothing will follow it */
	cb->hash = (addr_hash ^ ports) * 0x9e3779b1U;
	cb->hash ^= cb->hash >> 15;
	return true;
}

bool tcp_gro_same_ports(const struct sk_buff *p, const struct sk_buff *skb)
{
	return gro_th(p)->source == gro_th(skb)->source && gro_th(p)->dest == gro_th(skb)->dest;
}

static bool same_options(const struct tcphdr *a, const struct tcphdr *b)
{
	return !memcmp(a + 1, b + 1, tcp_hdrlen_bytes(a) - sizeof(*a));
}

bool tcp_gro_follows(const struct sk_buff *p, const struct sk_buff *skb)
{
	const struct tcphdr *a = gro_th(p), *b = gro_th(skb);
	u32 bytes = gro_payload_bytes(skb);

	if (NAPI_GRO_CB(skb)->flush || !bytes || bytes > NAPI_GRO_CB(p)->mss_bytes ||
	    p->len + bytes > GRO_MAX_LEN_BYTES)
		return false;
	if (b->flags & (TCPHDR_CWR | TCPHDR_SYN | TCPHDR_RST | TCPHDR_URG))
		return false;
	if (((a->flags ^ b->flags) & ~(TCPHDR_CWR | TCPHDR_FIN | TCPHDR_PSH)) || a->doff_res != b->doff_res)
		return false;
	if (a->ack_seq != b->ack_seq || a->window != b->window || a->urg_ptr != b->urg_ptr)
		return false;
	return be32_to_cpu(a->seq) + gro_payload_bytes(p) == be32_to_cpu(b->seq) && same_options(a, b);
}

void tcp_gro_merge(struct gro_node *gro, struct sk_buff *p, struct sk_buff *skb)
{
	u32 flags = gro_th(skb)->flags, bytes = gro_payload_bytes(skb);

	gro_th(p)->flags |= flags & (TCPHDR_FIN | TCPHDR_PSH);
	gro_merge(p, skb);
	if (bytes < NAPI_GRO_CB(p)->mss_bytes || (flags & TCP_GRO_LAST))
		gro_complete(gro, p);
}

/* The sum of all was good, packet by packet: what is in the header now is a sum that was only begun. */
void tcp_gro_complete(struct sk_buff *skb, u32 pseudo_sum, u16 gso_type)
{
	const struct napi_gro_cb *cb = NAPI_GRO_CB(skb);
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct tcphdr *th = tcp_hdr_of(skb);

	th->check = (__force __be16)(u16) ~(__force u16)csum_fold(pseudo_sum);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb->transport_header;
	skb->csum_offset = (u16)offsetof(struct tcphdr, check);
	shinfo->gso_size = cb->mss_bytes;
	shinfo->gso_segs = cb->count;
	shinfo->gso_type = gso_type;
	if (th->flags & TCPHDR_CWR)
		shinfo->gso_type |= SKB_GSO_TCP_ECN;
	if (cb->fixed_id)
		shinfo->gso_type |= SKB_GSO_TCP_FIXEDID;
}
