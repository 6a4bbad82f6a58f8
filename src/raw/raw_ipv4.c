// SPDX-License-Identifier: BSD-2-Clause
/* Raw sockets over IPv4: life, and what comes in.
 *
 * @linux raw(7), net/ipv4/raw.c
 *
 * Reading order: raw_deliver(), raw_icmp_error().
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "ipv4/icmp.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip.h"
#include "ipv4/protocol.h"
#include "net.h"
#include "raw/raw.h"
#include "wire/icmp.h"
#include "wire/ip.h"

#define DELIVER_BATCH 32U

static int raw_init_sock(struct sock *sk)
{
	struct raw_sock *raw = raw_sk(sk);

	inet_sock_init(sk);
	sk->flags |= SOCK_F_REUSEADDR; /* as Linux: nothing here conflicts */
	raw->inet.num = sk->protocol;
	raw->inet.sport = cpu_to_be16(sk->protocol); /* Linux shows it so in getsockname() */
	raw->inet.hdrincl = sk->protocol == IPPROTO_RAW;
	list_add_tail(&raw->node, &sk->net->raw->slot[raw->inet.num % RAW_SLOTS]);
	sk->net->raw->hashed_count++;
	return 0;
}

static void raw_destroy_sock(struct sock *sk)
{
	list_del_init(&raw_sk(sk)->node);
	sk->net->raw->hashed_count--;
	inet_sock_destroy(sk);
}

static int raw_bind(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct inet_sock *inet = inet_sk(sk);
	struct sockaddr_in sin;
	bool multi;
	__be32 ip;
	int err;

	if (sk->state != INET_TCP_CLOSE || len_bytes < sizeof(sin))
		return -EINVAL;
	memcpy(&sin, addr, sizeof(sin));
	ip = (__force __be32)sin.sin_addr.s_addr;
	err = ip_bind_address(inet, ip, &multi);
	if (err)
		return err;
	inet->rcv_saddr = ip;
	inet->saddr = multi ? (__force __be32)0U : ip;
	inet->bound_addr = true;
	inet_dst_set(inet, NULL);
	return 0;
}

static int raw_disconnect(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);

	sk->state = INET_TCP_CLOSE;
	inet->daddr = (__force __be32)0U;
	inet->dport = cpu_to_be16(0);
	if (!inet->bound_addr)
		inet->rcv_saddr = inet->saddr = (__force __be32)0U;
	inet_dst_set(inet, NULL);
	return 0;
}

static int raw_connect(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	if (len_bytes < sizeof(addr->sa_family))
		return -EINVAL;
	if (addr->sa_family == AF_UNSPEC)
		return raw_disconnect(sk);
	return ip_datagram_connect(inet_sk(sk), addr, len_bytes);
}

/* ------------------------------------------------------------------ in */

/* Does the socket want what @saddr sent to @daddr on @dif? */
static bool raw_match(const struct sock *sk, __be32 saddr, __be32 daddr, int dif)
{
	const struct inet_sock *inet = inet_sk(sk);

	return (!inet->daddr || inet->daddr == saddr) && (!inet->rcv_saddr || inet->rcv_saddr == daddr) &&
	       (!sk->bound_dev_if || sk->bound_dev_if == dif);
}

static bool icmp_filtered(const struct sock *sk, const struct sk_buff *skb)
{
	u8 type;

	if (skb_copy_bits(skb, skb_transport_offset(skb), &type, 1))
		return true;
	return type < 32 && (raw_sk(sk)->icmp_filter & (1U << type));
}

static void deliver_to(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *clone = skb_clone(skb);
	u32 back_bytes;

	if (!clone) {
		sk->drops++;
		return;
	}
	back_bytes = (u32)(clone->data - skb_network_header(clone));
	skb_push(clone, back_bytes); /* raw sockets read from the IP header on */
	ip_pktinfo_prepare(sk, clone);
	sock_queue_rcv_skb(sk, clone);
}

/* Up to a batch of the sockets that want a packet, each held: one's owner may close others when he is told. */
static u32 collect(struct net *net, u8 protocol, __be32 saddr, __be32 daddr, int dif, u32 skip, struct sock **sks)
{
	struct list_head *head = &net->raw->slot[protocol % RAW_SLOTS];
	struct raw_sock *raw;
	u32 count = 0;

	list_for_each_entry(raw, head, node) {
		struct sock *sk = &raw->inet.sk;

		if (raw->inet.num != protocol || !raw_match(sk, saddr, daddr, dif) ||
		    !ip_mc_sf_allow(sk, daddr, saddr, dif))
			continue;
		if (skip) {
			skip--;
			continue;
		}
		sks[count++] = sock_hold(sk);
		if (count == DELIVER_BATCH)
			break;
	}
	return count;
}

static __noinline bool deliver_to_slot(struct sk_buff *skb, u8 protocol)
{
	const struct iphdr *iph = (const struct iphdr *)(const void *)skb_network_header(skb);
	struct net *net = skb->pool->net;
	struct sock *sks[DELIVER_BATCH];
	u32 count, done = 0;

	do {
		count = collect(net, protocol, iph->saddr, iph->daddr, skb->skb_iif, done, sks);
		for (u32 i = 0; i < count; i++) {
			if (protocol != IPPROTO_ICMP || !icmp_filtered(sks[i], skb))
				deliver_to(sks[i], skb);
			sock_put(sks[i]);
		}
		done += count;
	} while (count == DELIVER_BATCH);
	return done;
}

static bool raw_deliver(struct sk_buff *skb, u8 protocol)
{
	if (likely(list_empty(&skb->pool->net->raw->slot[protocol % RAW_SLOTS])))
		return false;
	return deliver_to_slot(skb, protocol);
}

static void raw_err(struct sock *sk, struct sk_buff *skb, u32 info)
{
	const struct iphdr *quoted = (const struct iphdr *)(const void *)skb->data;
	struct inet_sock *inet = inet_sk(sk);
	struct ip_icmp_verdict v;
	u8 *payload;

	if (!inet->recverr && sk->state != INET_TCP_ESTABLISHED)
		return;
	v = ip_icmp_verdict(inet, skb, info);
	if (!v.err)
		return;
	if (inet->recverr) {
		payload = skb->data + (inet->hdrincl ? 0 : quoted->ihl * 4U);
		ip_icmp_error(sk, skb, v.err, cpu_to_be16(0), info, payload);
	}
	if (inet->recverr || v.hard)
		sk_set_err(sk, v.err);
}

static void raw_icmp_error(struct sk_buff *skb, u8 protocol, u32 info)
{
	const struct iphdr *quoted = (const struct iphdr *)(const void *)skb->data;
	__be32 peer = quoted->daddr, local = quoted->saddr;
	struct sock *sks[DELIVER_BATCH];
	u32 count, done = 0;

	do {
		count = collect(skb->pool->net, protocol, peer, local, skb->skb_iif, done, sks);
		for (u32 i = 0; i < count; i++) {
			raw_err(sks[i], skb, info);
			sock_put(sks[i]);
		}
		done += count;
	} while (count == DELIVER_BATCH);
}

const struct raw_ops raw_ipv4_ops = {
	.deliver = raw_deliver,
	.icmp_error = raw_icmp_error,
};

const struct proto raw_prot = {
	.name = "RAW",
	.obj_bytes = sizeof(struct raw_sock),
	.init = raw_init_sock,
	.destroy = raw_destroy_sock,
	.bind = raw_bind,
	.connect = raw_connect,
	.disconnect = raw_disconnect,
	.sendmsg = raw_sendmsg,
	.recvmsg = raw_recvmsg,
	.shutdown = inet_shutdown,
	.route_changed = inet_route_changed,
	.getname = inet_getname,
	.setsockopt = raw_setsockopt,
	.getsockopt = raw_getsockopt,
	.ioctl = raw_ioctl,
};
