// SPDX-License-Identifier: BSD-2-Clause
/* Raw sockets over IPv6: life, options, and what comes in.
 *
 * @rfc 3542 3   @linux raw(7), net/ipv6/raw.c
 *
 * Reading order: raw6_deliver(), raw6_icmp_error(), rawv6_recvmsg().
 */
#include <errno.h>
#include <string.h>

#include "base/csum.h"
#include "ipv6/icmpv6.h"
#include "ipv6/protocol.h"
#include "raw/raw.h"
#include "raw/raw_ipv6.h"

#define DELIVER_BATCH 32U
#define ICMPV6_FILTER_OPTION 1 /* linux/icmpv6.h: ICMPV6_FILTER, of SOL_ICMPV6 */
#define IPV6_CHECKSUM_OPTION 7
#define IPV6_HDRINCL_OPTION 36
#define SOL_ICMPV6_LEVEL 58

static struct raw6_sock *raw6_sk(const struct sock *sk)
{
	return (struct raw6_sock *)(void *)sk;
}

static int rawv6_init_sock(struct sock *sk)
{
	struct raw6_sock *raw = raw6_sk(sk);

	inet_sock_init(sk);
	INIT_LIST_HEAD(&raw->node);
	sk->flags |= SOCK_F_REUSEADDR;
	raw->inet.num = sk->protocol;
	raw->inet.sport = cpu_to_be16(sk->protocol);
	raw->inet.hdrincl = sk->protocol == IPPROTO_RAW;
	raw->checksum_offset = sk->protocol == IPPROTO_ICMPV6 ? 2 : -1;
	if (inet6_sock_init(sk))
		return -ENOBUFS;
	list_add_tail(&raw->node, &sk->net->raw->slot6[raw->inet.num % RAW_SLOTS]);
	sk->net->raw->hashed_count++;
	return 0;
}

static void rawv6_destroy_sock(struct sock *sk)
{
	if (!list_empty(&raw6_sk(sk)->node)) {
		list_del_init(&raw6_sk(sk)->node);
		sk->net->raw->hashed_count--;
	}
	inet6_sock_destroy(sk);
	inet_sock_destroy(sk);
}

static int rawv6_bind(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct inet_sock *inet = inet_sk(sk);
	struct sockaddr_in6 sin6;
	int err = inet6_sockaddr(addr, len_bytes, &sin6);

	if (err)
		return -EINVAL;
	if (ipv6_addr_v4mapped(&sin6.sin6_addr))
		return -EADDRNOTAVAIL;
	if (sk->state != INET_TCP_CLOSE)
		return -EINVAL;
	err = ipv6_bind_address(sk, &sin6);
	if (err)
		return err;
	inet->bound_addr = !ipv6_addr_any(&sin6.sin6_addr);
	inet_dst_set(inet, NULL);
	return 0;
}

static int rawv6_disconnect(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);

	sk->state = INET_TCP_CLOSE;
	inet->daddr = (__force __be32)0U;
	inet->dport = cpu_to_be16(0);
	memset(&inet->pinet6->daddr, 0, sizeof(inet->pinet6->daddr));
	if (!inet->bound_addr)
		inet6_reset_saddr(inet);
	inet_dst_set(inet, NULL);
	return 0;
}

static int rawv6_connect(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct sockaddr_in6 sin6;

	if (len_bytes < sizeof(addr->sa_family))
		return -EINVAL;
	if (addr->sa_family == AF_UNSPEC)
		return rawv6_disconnect(sk);
	if (inet6_sockaddr(addr, len_bytes, &sin6))
		return addr->sa_family == AF_INET6 ? -EINVAL : -EAFNOSUPPORT;
	return ipv6_datagram_connect(inet_sk(sk), addr, len_bytes);
}

/* ------------------------------------------------------------------ in */

static bool raw6_match(const struct sock *sk, const struct in6_addr *saddr, const struct in6_addr *daddr, int dif)
{
	const struct ipv6_pinfo *np = inet6_sk(sk);

	if (!ipv6_addr_any(&np->daddr) && !ipv6_addr_equal(&np->daddr, saddr))
		return false;
	if (sk->bound_dev_if && sk->bound_dev_if != dif)
		return false;
	if (!ipv6_addr_any(&np->rcv_saddr) && !ipv6_addr_equal(&np->rcv_saddr, daddr))
		return ipv6_addr_is_multicast(daddr) && inet6_mc_check(sk, daddr, saddr, dif);
	return !ipv6_addr_is_multicast(daddr) || inet6_mc_check(sk, daddr, saddr, dif);
}

static bool icmp6_filtered(const struct sock *sk, const struct sk_buff *skb)
{
	u8 type;

	if (skb_copy_bits(skb, 0, &type, 1))
		return true;
	return raw6_sk(sk)->icmp6_filter[type >> 5] & (1U << (type & 31));
}

/* RFC 3542 3.1: a socket that asked for sums gets none that is wrong; of ICMPv6 every socket. */
static bool checksum_ok(const struct sock *sk, struct sk_buff *skb)
{
	const struct ipv6hdr *hdr = ipv6_hdr(skb);
	u32 sum;

	if (raw6_sk(sk)->checksum_offset < 0 || skb->ip_summed == CHECKSUM_UNNECESSARY ||
	    skb->ip_summed == CHECKSUM_PARTIAL)
		return true;
	sum = csum_ipv6_magic_sum(&hdr->saddr, &hdr->daddr, skb->len, (u8)sk->protocol);
	return !csum_fold(csum_add(sum, skb_checksum_from(skb, 0)));
}

/* They read from the transport header on, not from IPv6's (RFC 3542 3); with IPV6_HDRINCL from that. */
static void deliver_to(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *clone = skb_clone(skb);

	if (!clone) {
		sk->drops++;
		return;
	}
	if (!checksum_ok(sk, clone)) {
		sk->drops++;
		kfree_skb_reason(clone, SKB_DROP_REASON_SKB_CSUM);
		return;
	}
	if (inet_sk(sk)->hdrincl)
		skb_push(clone, (u32)(clone->data - skb_network_header(clone)));
	ipv6_pktinfo_prepare(sk, clone);
	sock_queue_rcv_skb(sk, clone);
}

/* Up to a batch of the sockets that want a packet, each held: one's owner may close others when he is told. */
static u32 collect(struct net *net, u8 protocol, const struct in6_addr *saddr, const struct in6_addr *daddr, int dif,
		   u32 skip, struct sock **sks)
{
	struct list_head *head = &net->raw->slot6[protocol % RAW_SLOTS];
	struct raw6_sock *raw;
	u32 count = 0;

	list_for_each_entry(raw, head, node) {
		if (raw->inet.num != protocol || !raw6_match(&raw->inet.sk, saddr, daddr, dif))
			continue;
		if (skip) {
			skip--;
			continue;
		}
		sks[count++] = sock_hold(&raw->inet.sk);
		if (count == DELIVER_BATCH)
			break;
	}
	return count;
}

static __noinline bool deliver_to_slot(struct sk_buff *skb, u8 nexthdr)
{
	const struct ipv6hdr *hdr = ipv6_hdr(skb);
	struct net *net = skb->pool->net;
	struct sock *sks[DELIVER_BATCH];
	u32 count, done = 0;

	do {
		count = collect(net, nexthdr, &hdr->saddr, &hdr->daddr, skb->skb_iif, done, sks);
		for (u32 i = 0; i < count; i++) {
			if (nexthdr != IPPROTO_ICMPV6 || !icmp6_filtered(sks[i], skb))
				deliver_to(sks[i], skb);
			sock_put(sks[i]);
		}
		done += count;
	} while (count == DELIVER_BATCH);
	return done;
}

static bool raw6_deliver(struct sk_buff *skb, u8 nexthdr)
{
	if (likely(list_empty(&skb->pool->net->raw->slot6[nexthdr % RAW_SLOTS])))
		return false;
	return deliver_to_slot(skb, nexthdr);
}

static void raw6_err(struct sock *sk, struct sk_buff *skb, u8 type, u8 code, u32 offset, u32 info)
{
	struct inet_sock *inet = inet_sk(sk);
	bool recverr = inet->pinet6->recverr;
	struct ipv6_icmp_verdict v;

	if (!recverr && sk->state != INET_TCP_ESTABLISHED)
		return;
	v = ipv6_icmp_verdict(inet, skb, type, code, info);
	if (!v.err)
		return;
	if (recverr)
		ipv6_icmp_error(sk, skb, v.err, cpu_to_be16(0), type, code, info,
				skb->data + (inet->hdrincl ? 0 : offset));
	if (recverr || v.hard)
		sk_set_err(sk, v.err);
}

static void raw6_icmp_error(struct sk_buff *skb, u8 nexthdr, u8 type, u8 code, u32 offset, u32 info)
{
	const struct ipv6hdr *quoted = (const struct ipv6hdr *)(const void *)skb->data;
	const struct in6_addr peer = quoted->daddr, local = quoted->saddr;
	struct sock *sks[DELIVER_BATCH];
	u32 count, done = 0;

	do {
		count = collect(skb->pool->net, nexthdr, &peer, &local, skb->skb_iif, done, sks);
		for (u32 i = 0; i < count; i++) {
			raw6_err(sks[i], skb, type, code, offset, info);
			sock_put(sks[i]);
		}
		done += count;
	} while (count == DELIVER_BATCH);
}

const struct raw6_ops raw_ipv6_ops = {
	.deliver = raw6_deliver,
	.icmp_error = raw6_icmp_error,
};

/* ------------------------------------------------------------------ out of the queue */

static void put_message(struct sock *sk, const struct sk_buff *skb, struct msghdr *msg)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_addr = ipv6_hdr(skb)->saddr };
	struct cmsg_out out;

	sin6.sin6_scope_id = ipv6_iface_scope_id(&sin6.sin6_addr, skb->skb_iif);
	msg_put_name(msg, &sin6, sizeof(sin6));
	cmsg_out_begin(&out, msg);
	sock_recv_cmsgs(sk, skb, &out);
	ipv6_cmsg_recv(sk, skb, &out);
	cmsg_out_end(&out, msg);
}

ssize_t rawv6_recvmsg(struct sock *sk, struct msghdr *msg, size_t len_bytes, int flags)
{
	struct sk_buff *skb;
	u32 copied;
	int err;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (flags & MSG_ERRQUEUE)
		return ipv6_recv_error(sk, msg, len_bytes);
	err = skb_recv_datagram(sk, flags, &skb);
	if (err)
		return err;
	copied = (u32)min_size(len_bytes, skb->len);
	if (copied < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	err = skb_copy_datagram_iov(skb, 0, msg->msg_iov, msg->msg_iovlen, copied);
	if (!err) {
		put_message(sk, skb, msg);
		err = (int)(flags & MSG_TRUNC ? skb->len : copied);
	}
	if (!(flags & MSG_PEEK))
		consume_skb(skb);
	return err;
}

/* ------------------------------------------------------------------ options */

static int set_icmp6_filter(struct sock *sk, int name, const void *value, socklen_t len_bytes)
{
	if (inet_sk(sk)->num != IPPROTO_ICMPV6)
		return -EOPNOTSUPP;
	if (name != ICMPV6_FILTER_OPTION)
		return -ENOPROTOOPT;
	memcpy(raw6_sk(sk)->icmp6_filter, value, min_size(len_bytes, sizeof(raw6_sk(sk)->icmp6_filter)));
	return 0;
}

/* ICMPv6 has its sum always, and where it is (RFC 3542 3.1). */
static int set_checksum(struct sock *sk, int level, int value)
{
	if (inet_sk(sk)->num == IPPROTO_ICMPV6 && level == IPPROTO_IPV6)
		return -EINVAL;
	if (value > 0 && (value & 1))
		return -EINVAL;
	raw6_sk(sk)->checksum_offset = value < 0 ? -1 : value;
	return 0;
}

static int rawv6_setsockopt(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes)
{
	int number;

	if (level == SOL_ICMPV6_LEVEL)
		return set_icmp6_filter(sk, name, value, len_bytes);
	if (level != SOL_RAW && (level != SOL_IPV6 || (name != IPV6_CHECKSUM_OPTION && name != IPV6_HDRINCL_OPTION)))
		return ipv6_setsockopt(sk, level, name, value, len_bytes);
	if (len_bytes < sizeof(number))
		return -EINVAL;
	memcpy(&number, value, sizeof(number));
	if (name == IPV6_CHECKSUM_OPTION)
		return set_checksum(sk, level, number);
	if (name != IPV6_HDRINCL_OPTION)
		return -ENOPROTOOPT;
	inet_sk(sk)->hdrincl = number;
	return 0;
}

static int get_bytes(const void *from, size_t bytes, void *value, socklen_t *len_bytes)
{
	*len_bytes = min_u32(*len_bytes, (u32)bytes);
	memcpy(value, from, *len_bytes);
	return 0;
}

static int rawv6_getsockopt(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes)
{
	const struct raw6_sock *raw = raw6_sk(sk);
	int number;

	if (level == SOL_ICMPV6_LEVEL) {
		if (raw->inet.num != IPPROTO_ICMPV6)
			return -EOPNOTSUPP;
		return name == ICMPV6_FILTER_OPTION
			       ? get_bytes(raw->icmp6_filter, sizeof(raw->icmp6_filter), value, len_bytes)
			       : -ENOPROTOOPT;
	}
	if (level != SOL_RAW && (level != SOL_IPV6 || (name != IPV6_CHECKSUM_OPTION && name != IPV6_HDRINCL_OPTION)))
		return ipv6_getsockopt(sk, level, name, value, len_bytes);
	if (name == IPV6_CHECKSUM_OPTION)
		number = raw->checksum_offset;
	else if (name == IPV6_HDRINCL_OPTION)
		number = raw->inet.hdrincl;
	else
		return -ENOPROTOOPT;
	return get_bytes(&number, sizeof(number), value, len_bytes);
}

const struct proto rawv6_prot = {
	.name = "RAWv6",
	.obj_bytes = sizeof(struct raw6_sock),
	.init = rawv6_init_sock,
	.destroy = rawv6_destroy_sock,
	.bind = rawv6_bind,
	.connect = rawv6_connect,
	.disconnect = rawv6_disconnect,
	.sendmsg = rawv6_sendmsg,
	.recvmsg = rawv6_recvmsg,
	.shutdown = inet_shutdown,
	.route_changed = inet_route_changed,
	.getname = inet6_getname,
	.setsockopt = rawv6_setsockopt,
	.getsockopt = rawv6_getsockopt,
	.ioctl = raw_ioctl,
};
