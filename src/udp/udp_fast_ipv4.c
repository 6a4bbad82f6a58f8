// SPDX-License-Identifier: BSD-2-Clause
/* UDP over IPv4, outwards, when nothing but the data differs from the datagram before.
 *
 * @step S2, S3 of S13, from udp/udp_output_ipv4.c, to ipv4/ip_output.c
 * @rfc 768, 791, 1071 (sums of parts add up)
 *
 * A connected socket keeps both headers ready; a datagram changes length, identification and the two sums.  Whatever
 * else they are made from, and all that keeps a socket from sending so (a cork, segments, no checksums), changes
 * inet->out_genid, the route, or one of the values that udp_sendmsg() compares.
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "base/csum.h"
#include "dev/netdevice.h"
#include "ipv4/ip.h"
#include "ipv4/ip_fib.h"
#include "ipv4/netns_ipv4.h"
#include "net.h"
#include "udp/udp.h"
#include "wire/ip.h"
#include "wire/udp.h"

#define IP_HEADER_BYTES 20U
#define HEADERS_BYTES (IP_HEADER_BYTES + UDP_HEADER_BYTES)

bool udp_template_make(struct udp_sock *up, const struct rtable *rt)
{
	const struct inet_sock *inet = &up->inet;
	const struct net_device *dev = rt->dst.dev;
	u32 mtu = ip_dst_mtu(rt);
	struct iphdr iph = {
		.version = IPVERSION,
		.ihl = 5,
		.tos = inet->tos,
		.ttl = ip_sk_ttl(inet, rt),
		.frag_off = ip_sk_df(inet, rt, 0) ? CONST_BE16(IP_DF) : CONST_BE16(0),
		.protocol = IPPROTO_UDP,
		.saddr = inet->saddr,
		.daddr = inet->daddr,
	};

	up->tmpl.rt = NULL;
	if (inet->sk.state != INET_TCP_ESTABLISHED || up->cork.skb || up->corkflag || up->gso_bytes ||
	    (inet->sk.flags & (SOCK_F_DONTROUTE | SOCK_F_NO_CHECK)) || (inet->sk.tsflags & SOCK_TX_RECORD_MASK))
		return false;
	if ((rt->type != RTN_UNICAST && rt->type != RTN_LOCAL) || inet->pmtudisc >= IP_PMTUDISC_PROBE || inet->opt ||
	    mtu < HEADERS_BYTES)
		return false;
	up->tmpl = (struct udp_template){
		.rt = rt,
		.out_genid = inet->out_genid,
		.dev_mtu_bytes = dev->mtu,
		.default_ttl = ip_default_ttl(inet->sk.net),
		.headroom_bytes = LL_RESERVED_SPACE(dev) + HEADERS_BYTES,
		.payload_max_bytes = mtu - HEADERS_BYTES,
		.ip_sum = csum_partial(&iph, sizeof(iph), 0),
		.udp_sum = csum_add(csum_tcpudp_nofold(inet->saddr, inet->daddr, 0, IPPROTO_UDP, 0),
				    (u32)(__force u16)inet->sport + (__force u16)inet->dport),
		.csum_offload = dev->features & NETIF_F_HW_CSUM,
		.ignore_df = ip_sk_ignore_df(inet),
	};
	memcpy(up->tmpl.iph, &iph, sizeof(iph));
	return true;
}

/* The payload stands at @skb's data; returns with both headers before it. */
static inline void put_headers(struct udp_sock *up, struct sk_buff *skb, u32 len_bytes, bool summed, u32 payload_sum)
{
	const struct udp_template *t = &up->tmpl;
	u8 *data = skb->data - HEADERS_BYTES;
	struct iphdr *iph = (struct iphdr *)(void *)data;
	struct udphdr *uh = (struct udphdr *)(void *)(data + IP_HEADER_BYTES);
	__be16 udp_len = cpu_to_be16((u16)(len_bytes + UDP_HEADER_BYTES));
	__be16 tot_len = cpu_to_be16((u16)(len_bytes + HEADERS_BYTES));
	__be16 id = cpu_to_be16(up->inet.ident++);
	u32 sum;

	memcpy(iph, t->iph, sizeof(t->iph));
	iph->tot_len = tot_len;
	iph->id = id;
	iph->check = csum_fold(csum_add(t->ip_sum, (u32)(__force u16)tot_len + (__force u16)id));
	uh->source = up->inet.sport;
	uh->dest = up->inet.dport;
	uh->len = udp_len;
	skb->data = data;
	skb->len += HEADERS_BYTES;
	skb->network_header = (u16)(data - skb->head);
	skb->transport_header = (u16)(skb->network_header + IP_HEADER_BYTES);
	if (!summed) {
		sum = csum_tcpudp_nofold(up->inet.saddr, up->inet.daddr, len_bytes + UDP_HEADER_BYTES, IPPROTO_UDP, 0);
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

int udp_send_ready(struct udp_sock *up, struct rtable *rt, const struct iovec *iov, u32 len_bytes)
{
	const struct udp_template *t = &up->tmpl;
	struct sock *sk = udp_sock_of(up);
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
	skb->ignore_df = t->ignore_df;
	skb_dst_set_noref(skb, &rt->dst);
	return ip_send_ready(net, sk, skb);
}
