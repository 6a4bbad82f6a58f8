// SPDX-License-Identifier: BSD-2-Clause
/* UDP over IPv6, inwards.
 *
 * @rfc 768, 8200 8.1, 6935   @linux net/ipv6/udp.c: udpv6_rcv, udpv6_err
 *
 * Reading order: udpv6_rcv(), deliver_unicast(), deliver_multi(), udpv6_err().
 */
#include <errno.h>
#include <string.h>

#include "base/csum.h"
#include "ipv6/icmpv6.h"
#include "ipv6/ipv6.h"
#include "ipv6/protocol.h"
#include "udp/udp6.h"
#include "wire/icmp6.h"
#include "wire/udp.h"

#define DELIVER_BATCH 32U

static const struct udphdr *udp_header_of(const struct sk_buff *skb)
{
	return (const struct udphdr *)(const void *)skb_transport_header(skb);
}

/* ------------------------------------------------------------------ is it a datagram? */

static int bad_datagram(struct sk_buff *skb, u64 *counter, enum skb_drop_reason reason)
{
	struct udp_mib *mib = &skb->pool->net->udp->mib6;

	mib->in_errors++;
	if (counter)
		(*counter)++;
	kfree_skb_reason(skb, reason);
	return 0;
}

static int bad_csum(struct sk_buff *skb)
{
	return bad_datagram(skb, &skb->pool->net->udp->mib6.in_csum_errors, SKB_DROP_REASON_UDP_CSUM);
}

static bool csum_ok(const struct sk_buff *skb, const struct udphdr *uh)
{
	const struct ipv6hdr *hdr = ipv6_hdr(skb);
	u32 sum;

	if (!uh->check || skb->ip_summed == CHECKSUM_UNNECESSARY || skb->ip_summed == CHECKSUM_PARTIAL)
		return true;
	sum = skb_checksum_from(skb, 0);
	return !csum_fold(csum_add(sum, csum_ipv6_magic_sum(&hdr->saddr, &hdr->daddr, skb->len, IPPROTO_UDP)));
}

/* Data at the UDP header.  Return: true: whole, of the right length, and with no wrong sum; else it is gone */
static bool datagram_check(struct sk_buff *skb)
{
	u32 len_bytes;

	if (!pskb_may_pull(skb, UDP_HEADER_BYTES)) {
		bad_datagram(skb, NULL, SKB_DROP_REASON_PKT_TOO_SMALL);
		return false;
	}
	len_bytes = be16_to_cpu(udp_header_of(skb)->len);
	if (!len_bytes && (IP6CB(skb)->flags & IP6SKB_JUMBOGRAM))
		len_bytes = skb->len; /* RFC 2675 4 */
	if (len_bytes > skb->len || len_bytes < UDP_HEADER_BYTES) {
		bad_datagram(skb, NULL, SKB_DROP_REASON_PKT_TOO_SMALL);
		return false;
	}
	if (len_bytes < skb->len) {
		if (pskb_trim(skb, len_bytes)) {
			bad_datagram(skb, NULL, SKB_DROP_REASON_NOMEM);
			return false;
		}
	}
	if (!csum_ok(skb, udp_header_of(skb))) {
		bad_csum(skb);
		return false;
	}
	return true;
}

/* ------------------------------------------------------------------ to whom? */

static int deliver_to(struct sock *sk, struct sk_buff *skb)
{
	if (unlikely(inet6_sk(sk)->min_hopcount > ipv6_hdr(skb)->hop_limit))
		return bad_datagram(skb, NULL, SKB_DROP_REASON_IP_TTL_EXPIRED);
	ipv6_pktinfo_prepare(sk, skb);
	udp_queue_rcv(sk, skb);
	return 0;
}

/* RFC 6935: without a sum it is for those alone who said that they do without. */
static int deliver_unicast(struct sk_buff *skb)
{
	const struct udphdr *uh = udp_header_of(skb);
	const struct ipv6hdr *hdr = ipv6_hdr(skb);
	struct net *net = skb->pool->net;
	struct sock *sk = udp6_lookup(net, &hdr->saddr, uh->source, &hdr->daddr, uh->dest, skb->skb_iif);

	if (unlikely(!sk) && net_skb_pass(net, NET_PORTS_UDP, be16_to_cpu(uh->dest), skb))
		return 0;
	if (unlikely(!uh->check && !(sk && udp_sk(sk)->no_check6_rx)))
		return bad_csum(skb);
	if (likely(sk))
		return deliver_to(sk, skb);
	net->udp->mib6.no_ports++;
	icmpv6_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH, 0);
	kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
	return 0;
}

static bool wants_multi(const struct sock *sk, const struct sk_buff *skb)
{
	const struct udphdr *uh = udp_header_of(skb);
	const struct inet_sock *inet = inet_sk(sk);
	const struct ipv6_pinfo *np = inet->pinet6;
	const struct ipv6hdr *hdr = ipv6_hdr(skb);

	if (!np || (!uh->check && !udp_sk(sk)->no_check6_rx))
		return false;
	if (inet->dport && (inet->dport != uh->source || !ipv6_addr_equal(&np->daddr, &hdr->saddr)))
		return false;
	if (!ipv6_addr_any(&np->rcv_saddr) && !ipv6_addr_equal(&np->rcv_saddr, &hdr->daddr))
		return false;
	if (sk->bound_dev_if && sk->bound_dev_if != skb->skb_iif)
		return false;
	return inet6_mc_check(sk, &hdr->daddr, &hdr->saddr, skb->skb_iif);
}

static void deliver_clones(struct sk_buff *skb, struct sock **sks, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		struct sk_buff *clone = skb_clone(skb);

		if (clone) {
			deliver_to(sks[i], clone);
		} else {
			sks[i]->drops++;
			sks[i]->net->udp->mib6.rcvbuf_errors++;
			sks[i]->net->udp->mib6.in_errors++;
		}
		sock_put(sks[i]);
	}
}

/* In rounds, as IPv4's: an owner may close sockets when he is told of a packet. */
static int deliver_multi(struct sk_buff *skb)
{
	struct net *net = skb->pool->net;
	struct list_head *socks = udp_port_socks(net, be16_to_cpu(udp_header_of(skb)->dest));
	struct sock *sks[DELIVER_BATCH];
	u32 count, done = 0;

	net_skb_copy(net, NET_PORTS_UDP, be16_to_cpu(udp_header_of(skb)->dest), skb);
	do {
		u32 seen = 0;
		struct udp_sock *up;

		count = 0;
		if (!socks)
			break;
		list_for_each_entry(up, socks, port_node) {
			if (!wants_multi(udp_sock_of(up), skb) || seen++ < done)
				continue;
			sks[count++] = sock_hold(udp_sock_of(up));
			if (count == DELIVER_BATCH)
				break;
		}
		deliver_clones(skb, sks, count);
		done += count;
	} while (count == DELIVER_BATCH);
	if (done) {
		consume_skb(skb);
	} else {
		net->udp->mib6.ignored_multi++;
		kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
	}
	return 0;
}

static int udpv6_rcv(struct sk_buff *skb)
{
	skb_reset_transport_header(skb);
	if (!datagram_check(skb))
		return 0;
	if (unlikely(ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr)))
		return deliver_multi(skb);
	return deliver_unicast(skb);
}

/* ------------------------------------------------------------------ what ICMPv6 says of datagrams we sent */

static int udpv6_err(struct sk_buff *skb, u8 type, u8 code, u32 offset, u32 info)
{
	const struct ipv6hdr *quoted = (const struct ipv6hdr *)(const void *)skb->data;
	struct ipv6_icmp_verdict v;
	struct udphdr uh;
	struct sock *sk;

	if (skb_copy_bits(skb, offset, &uh, sizeof(uh)))
		return -ENOENT;
	sk = udp6_lookup(skb->pool->net, &quoted->daddr, uh.dest, &quoted->saddr, uh.source, skb->skb_iif);
	if (!sk)
		return -ENOENT;
	if (type == NDISC_REDIRECT) /* as Linux: only of one that is bound to the device */
		return sk->bound_dev_if == skb->skb_iif ? 0 : -EPERM;
	v = ipv6_icmp_verdict(inet_sk(sk), skb, type, code, info);
	if (!v.err)
		return 0;
	if (inet6_sk(sk)->recverr)
		ipv6_icmp_error(sk, skb, v.err, uh.dest, type, code, info, skb->data + offset + UDP_HEADER_BYTES);
	else if (!v.hard || sk->state != INET_TCP_ESTABLISHED)
		return 0;
	sk_set_err(sk, v.err);
	return 0;
}

const struct inet6_protocol udpv6_protocol = {
	.handler = udpv6_rcv,
	.err_handler = udpv6_err,
	.flags = INET6_PROTO_FINAL | INET6_PROTO_NOPOLICY,
};
