// SPDX-License-Identifier: BSD-2-Clause
/* UDP over IPv6, outwards, when nothing but the data differs from the datagram before.
 *
 * @step S2, S3 of S13, from udp/udp_output_ipv6.c, to ipv6/ip6_output.c
 * @rfc 768, 8200, 1071 (sums of parts add up)
 *
 * A connected socket keeps both headers ready; a datagram changes two lengths and the sum.  Whatever else they are made
 * from changes inet->out_genid, the route, or the device's MTU.
 */
#include <errno.h>
#include <string.h>

#include "base/csum.h"
#include "dev/netdevice.h"
#include "ipv6/ipv6.h"
#include "udp/udp6.h"
#include "wire/udp.h"

#define HEADERS_BYTES (IPV6_HEADER_BYTES + UDP_HEADER_BYTES)

/* What would have to be asked of each datagram. */
static bool is_special(const struct udp6_sock *up, const struct rt6_info *rt)
{
	const struct sock *sk = &up->udp.inet.sk;
	const struct ipv6_pinfo *np = up->udp.inet.pinet6;

	return sk->state != INET_TCP_ESTABLISHED || up->cork.skb || up->udp.corkflag || up->udp.gso_bytes ||
	       up->udp.no_check6_tx || sock_flag(sk, SOCK_F_DONTROUTE) || np->opt || np->frag_size ||
	       np->pmtudisc >= IPV6_PMTUDISC_PROBE || (rt->type != RTN_UNICAST && rt->type != RTN_LOCAL) ||
	       ipv6_addr_is_multicast(&np->daddr) || (sk->tsflags & SOCK_TX_RECORD_MASK);
}

bool udp6_template_make(struct udp6_sock *up, const struct rt6_info *rt)
{
	const struct inet_sock *inet = &up->udp.inet;
	const struct ipv6_pinfo *np = inet->pinet6;
	const struct net_device *dev = rt->dst.dev;
	u32 mtu = ip6_dst_mtu(rt);
	struct flowi6 fl6;

	up->tmpl.rt = NULL;
	if (is_special(up, rt) || mtu < IPV6_MIN_MTU)
		return false;
	ipv6_connected_flow(inet, &fl6);
	up->tmpl = (struct udp6_template){
		.rt = rt,
		.out_genid = inet->out_genid,
		.dev_mtu_bytes = dev->mtu,
		.headroom_bytes = LL_RESERVED_SPACE(dev) + HEADERS_BYTES,
		.payload_max_bytes = mtu - HEADERS_BYTES,
		.udp_sum = csum_add(csum_ipv6_magic_sum(&np->saddr, &np->daddr, 0, IPPROTO_UDP),
				    (u32)(__force u16)inet->sport + (__force u16)inet->dport),
		.csum_offload = dev->features & NETIF_F_HW_CSUM,
		.hdr = { .ver_tc_flow = ip6_flow_word(np->tclass, ip6_output_label(inet->sk.net, &fl6)),
			 .nexthdr = NEXTHDR_UDP,
			 .hop_limit = (u8)(np->hop_limit >= 0 ? (u32)np->hop_limit : ip6_dst_hoplimit(rt)),
			 .saddr = np->saddr,
			 .daddr = np->daddr },
	};
	return true;
}

/* The payload stands at @skb's data; returns with both headers before it. */
static inline void put_headers(struct udp6_sock *up, struct sk_buff *skb, u32 len_bytes, bool summed, u32 payload_sum)
{
	const struct udp6_template *t = &up->tmpl;
	u8 *data = skb->data - HEADERS_BYTES;
	struct ipv6hdr *hdr = (struct ipv6hdr *)(void *)data;
	struct udphdr *uh = (struct udphdr *)(void *)(data + IPV6_HEADER_BYTES);
	__be16 udp_len = cpu_to_be16((u16)(len_bytes + UDP_HEADER_BYTES));
	u32 sum;

	memcpy(hdr, &t->hdr, sizeof(t->hdr));
	hdr->payload_len = udp_len;
	uh->source = up->udp.inet.sport;
	uh->dest = up->udp.inet.dport;
	uh->len = udp_len;
	skb->data = data;
	skb->len += HEADERS_BYTES;
	skb->network_header = (u16)(data - skb->head);
	skb->transport_header = (u16)(skb->network_header + IPV6_HEADER_BYTES);
	/* the length is summed twice: in the pseudo header, where it is the low half of 32 bits, and in the header */
	if (!summed) {
		sum = csum_ipv6_magic_sum(&t->hdr.saddr, &t->hdr.daddr, len_bytes + UDP_HEADER_BYTES, IPPROTO_UDP);
		uh->check = (__force __be16)(u16) ~(__force u16)csum_fold(sum);
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb->transport_header;
		skb->csum_offset = (u16)offsetof(struct udphdr, check);
		return;
	}
	uh->check = csum_fold(csum_add(csum_add(payload_sum, t->udp_sum), 2U * (__force u16)udp_len));
	if (!uh->check)
		uh->check = cpu_to_be16(0xffff);
}

int udp6_send_ready(struct udp6_sock *up, struct rt6_info *rt, const struct iovec *iov, u32 len_bytes)
{
	const struct udp6_template *t = &up->tmpl;
	struct sock *sk = udp_sock_of(&up->udp);
	struct net *net = sk->net;
	struct sk_buff *skb;
	bool summed = len_bytes <= UDP_SHORT_BYTES || !t->csum_offload;
	u32 sum = 0;
	int err = sock_may_send(sk);

	if (unlikely(err))
		return err;
	skb = alloc_skb(net->skb_pool, t->headroom_bytes + len_bytes);
	if (unlikely(!skb))
		return -ENOBUFS;
	TRACE_STEP(1, skb);
	TRACE_STEP(2, skb);
	skb->sk = sk;
	skb->destructor = sock_wfree;
	sk->wmem_alloc_bytes += skb->truesize;
	skb->data += t->headroom_bytes;
	skb->tail += t->headroom_bytes + len_bytes;
	skb->len = len_bytes;
	if (likely(summed))
		sum = csum_partial_copy(iov->iov_base, skb->data, len_bytes, 0);
	else
		memcpy(skb->data, iov->iov_base, len_bytes);
	TRACE_STEP(3, skb);
	put_headers(up, skb, len_bytes, summed, sum);
	skb->priority = sk->priority;
	skb->mark = sk->mark;
	skb->ignore_df = 1;
	skb_dst_set_noref(skb, &rt->dst);
	return ip6_send_ready(net, sk, skb);
}
