// SPDX-License-Identifier: BSD-2-Clause
/* UDP over IPv4, inwards.
 *
 * @rfc 768, 1122 4.1   @linux net/ipv4/udp.c: udp_rcv, udp_err
 *
 * Reading order: udp_rcv(), deliver_unicast(), deliver_multi(), udp_err().
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "ipv4/icmp.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip.h"
#include "ipv4/protocol.h"
#include "ipv4/route.h"
#include "net.h"
#include "socket/inet6_sock.h"
#include "udp/udp.h"
#include "base/csum.h"
#include "wire/icmp.h"
#include "wire/ip.h"
#include "wire/udp.h"

#define DELIVER_BATCH 32U

static const struct iphdr *ip_header(const struct sk_buff *skb)
{
	return (const struct iphdr *)(const void *)skb_network_header(skb);
}

static const struct udphdr *udp_header_of(const struct sk_buff *skb)
{
	return (const struct udphdr *)(const void *)skb_transport_header(skb);
}

/* ------------------------------------------------------------------ is it a datagram? */

static int bad_datagram(struct sk_buff *skb, u64 *counter, enum skb_drop_reason reason)
{
	struct udp_mib *mib = &skb->pool->net->udp->mib;

	mib->in_errors++;
	if (counter)
		(*counter)++;
	kfree_skb_reason(skb, reason);
	return 0;
}

/* A sum of zero says that there is none.  @rfc 768, 1122 4.1.3.4 */
static bool csum_ok(const struct sk_buff *skb, const struct udphdr *uh)
{
	const struct iphdr *iph = ip_header(skb);
	u32 sum;

	if (!uh->check || skb->ip_summed == CHECKSUM_UNNECESSARY || skb->ip_summed == CHECKSUM_PARTIAL)
		return true;
	sum = skb_checksum_from(skb, 0);
	return !csum_tcpudp_magic(iph->saddr, iph->daddr, skb->len, IPPROTO_UDP, sum);
}

/* Data at the UDP header.  Return: true: whole, of the right length, and with the right sum; else it is gone */
static bool datagram_check(struct sk_buff *skb)
{
	struct udp_mib *mib = &skb->pool->net->udp->mib;
	u32 len_bytes;

	if (!pskb_may_pull(skb, UDP_HEADER_BYTES)) {
		bad_datagram(skb, NULL, SKB_DROP_REASON_PKT_TOO_SMALL);
		return false;
	}
	len_bytes = be16_to_cpu(udp_header_of(skb)->len);
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
		bad_datagram(skb, &mib->in_csum_errors, SKB_DROP_REASON_UDP_CSUM);
		return false;
	}
	return true;
}

/* ------------------------------------------------------------------ to whom? */

static int deliver_to(struct sock *sk, struct sk_buff *skb)
{
	ip_pktinfo_prepare(sk, skb);
	udp_queue_rcv(sk, skb);
	return 0;
}

static int deliver_unicast(struct sk_buff *skb)
{
	const struct udphdr *uh = udp_header_of(skb);
	const struct iphdr *iph = ip_header(skb);
	struct net *net = skb->pool->net;
	struct sock *sk = udp_lookup(net, iph->saddr, uh->source, iph->daddr, uh->dest, skb->skb_iif);

	if (sk)
		return deliver_to(sk, skb);
	if (net_skb_pass(net, NET_PORTS_UDP, be16_to_cpu(uh->dest), skb))
		return 0;
	net->udp->mib.no_ports++;
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
	return 0;
}

static bool wants_multi(const struct sock *sk, const struct sk_buff *skb)
{
	const struct udphdr *uh = udp_header_of(skb);
	const struct inet_sock *inet = inet_sk(sk);
	const struct iphdr *iph = ip_header(skb);

	if (inet->daddr && inet->daddr != iph->saddr)
		return false;
	if (inet->dport && inet->dport != uh->source)
		return false;
	if (inet->rcv_saddr && inet->rcv_saddr != iph->daddr)
		return false;
	if (sk->bound_dev_if && sk->bound_dev_if != skb->skb_iif)
		return false;
	if (ipv6_only_sock(sk))
		return false;
	return ip_mc_sf_allow(sk, iph->daddr, iph->saddr, skb->skb_iif);
}

/* Everybody but the last gets a copy of the head, for its filter may cut it. */
static void deliver_clones(struct sk_buff *skb, struct sock **sks, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		struct sk_buff *clone = skb_clone(skb);

		if (clone) {
			deliver_to(sks[i], clone);
		} else {
			sks[i]->drops++;
			sks[i]->net->udp->mib.rcvbuf_errors++;
			sks[i]->net->udp->mib.in_errors++;
		}
		sock_put(sks[i]);
	}
}

/*
 * A socket's owner may close sockets when it is told of a packet, so those who want it are collected first.
 * More than a batch of them are served in rounds: each round skips those that had theirs.
 */
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
		net->udp->mib.ignored_multi++;
		kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
	}
	return 0;
}

static int udp_rcv(struct sk_buff *skb)
{
	const struct rtable *rt;

	skb_reset_transport_header(skb);
	if (!datagram_check(skb))
		return 0;
	rt = skb_rtable(skb);
	if (unlikely(rt && (rt->flags & (RTCF_BROADCAST | RTCF_MULTICAST))))
		return deliver_multi(skb);
	return deliver_unicast(skb);
}

/* ------------------------------------------------------------------ what ICMP says of datagrams we sent */

static int udp_err(struct sk_buff *skb, u32 info)
{
	const struct iphdr *quoted = (const struct iphdr *)(const void *)skb->data;
	u8 *transport = skb->data + quoted->ihl * 4U;
	const struct udphdr *uh = (const struct udphdr *)(const void *)transport;
	struct ip_icmp_verdict v;
	struct sock *sk;

	sk = udp_lookup(skb->pool->net, quoted->daddr, uh->dest, quoted->saddr, uh->source, skb->skb_iif);
	if (!sk)
		return -ENOENT;
	v = ip_icmp_verdict(inet_sk(sk), skb, info);
	if (!v.err)
		return 0;
	if (inet_sk(sk)->recverr)
		ip_icmp_error(sk, skb, v.err, uh->dest, info, transport + UDP_HEADER_BYTES);
	else if (!v.hard || sk->state != INET_TCP_ESTABLISHED)
		return 0;
	sk_set_err(sk, v.err);
	return 0;
}

const struct net_protocol udp_protocol = {
	.handler = udp_rcv,
	.err_handler = udp_err,
};
