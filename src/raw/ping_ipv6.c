// SPDX-License-Identifier: BSD-2-Clause
/* Ping sockets over IPv6.
 *
 * @step S2 of S13, to ipv6/ip6_output.c   @rfc 4443 4   @linux net/ipv6/ping.c
 *
 * Reading order: pingv6_sendmsg(), pingv6_rcv(), pingv6_err().
 */
#include <errno.h>
#include <string.h>

#include "base/csum.h"
#include "raw/ping.h"
#include "raw/raw.h"
#include "raw/raw_ipv6.h"
#include "wire/icmp6.h"

static struct sock *pingv6_lookup(struct net *net, const struct in6_addr *local, u16 ident, int dif)
{
	struct ping_sock *ping;

	list_for_each_entry(ping, ping_socks(net, ident), node) {
		const struct ipv6_pinfo *np = ping->inet.pinet6;
		struct sock *sk = &ping->inet.sk;

		if (ping->inet.num == ident && np &&
		    (ipv6_addr_any(&np->rcv_saddr) || ipv6_addr_equal(&np->rcv_saddr, local)) &&
		    (!sk->bound_dev_if || sk->bound_dev_if == dif))
			return sk;
	}
	return NULL;
}

/* ------------------------------------------------------------------ life */

static int pingv6_init_sock(struct sock *sk)
{
	inet_sock_init(sk);
	sk->flags |= SOCK_F_REUSEADDR; /* as Linux: several may use one identifier */
	INIT_LIST_HEAD(&ping_sk(sk)->node);
	if (inet6_sock_init(sk))
		return -ENOBUFS;
	inet6_sk(sk)->v6only = true;
	return 0;
}

static void pingv6_destroy_sock(struct sock *sk)
{
	ping_unhash(sk);
	inet6_sock_destroy(sk);
	inet_sock_destroy(sk);
}

static int pingv6_bind(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct inet_sock *inet = inet_sk(sk);
	struct sockaddr_in6 sin6;
	int err = inet6_sockaddr(addr, len_bytes, &sin6);

	if (err)
		return err;
	if (ipv6_addr_v4mapped(&sin6.sin6_addr) || ipv6_addr_is_multicast(&sin6.sin6_addr))
		return -EADDRNOTAVAIL;
	if (inet->num)
		return -EINVAL;
	err = ipv6_bind_address(sk, &sin6);
	if (err)
		return err;
	err = ping_get_ident(sk, be16_to_cpu((__force __be16)sin6.sin6_port));
	if (err) {
		inet6_reset_saddr(inet);
		return err;
	}
	inet->bound_addr = !ipv6_addr_any(&sin6.sin6_addr);
	inet->bound_port = sin6.sin6_port;
	inet_dst_set(inet, NULL);
	return 0;
}

static int pingv6_disconnect(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);

	sk->state = INET_TCP_CLOSE;
	inet->daddr = (__force __be32)0U;
	inet->dport = cpu_to_be16(0);
	memset(&inet->pinet6->daddr, 0, sizeof(inet->pinet6->daddr));
	if (!inet->bound_addr)
		inet6_reset_saddr(inet);
	if (!inet->bound_port)
		ping_unhash(sk);
	inet_dst_set(inet, NULL);
	return 0;
}

static int pingv6_connect(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct sockaddr_in6 sin6;

	if (len_bytes < sizeof(addr->sa_family))
		return -EINVAL;
	if (addr->sa_family == AF_UNSPEC)
		return pingv6_disconnect(sk);
	if (inet6_sockaddr(addr, len_bytes, &sin6))
		return addr->sa_family == AF_INET6 ? -EINVAL : -EAFNOSUPPORT;
	if (ipv6_addr_v4mapped(&sin6.sin6_addr))
		return -EAFNOSUPPORT;
	if (!inet_sk(sk)->num && ping_get_ident(sk, 0))
		return -EAGAIN;
	return ipv6_datagram_connect(inet_sk(sk), addr, len_bytes);
}

/* ------------------------------------------------------------------ out */

static int ping_send(struct sock *sk, const struct msghdr *msg, u32 len_bytes, struct raw6_dest *d)
{
	u32 header_bytes = IPV6_HEADER_BYTES + ipv6_txoptions_bytes(d->ipc.opt), sum;
	struct icmp6hdr *icmp;
	struct sk_buff *skb;
	int err = ipv6_size_check(sk, d->rt, &d->fl6, &d->ipc, header_bytes, header_bytes + len_bytes);

	if (err)
		return err;
	err = raw6_alloc(sk, msg, header_bytes, len_bytes, d, &skb);
	if (err)
		return err;
	icmp = (struct icmp6hdr *)(void *)skb->data;
	icmp->un.echo.id = inet_sk(sk)->sport;
	icmp->icmp6_cksum = 0;
	sum = csum_ipv6_magic_sum(&d->fl6.saddr, &d->fl6.daddr, skb->len, IPPROTO_ICMPV6);
	icmp->icmp6_cksum = csum_fold(csum_partial(skb->data, skb->len, sum));
	return raw6_push(sk, skb, d);
}

static ssize_t pingv6_sendmsg(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags)
{
	struct raw6_dest d;
	u8 type_code[2];
	int err;

	if (!inet_sk(sk)->num && ping_get_ident(sk, 0))
		return -EAGAIN;
	if (len_bytes > IPV6_MAXPLEN)
		return -EMSGSIZE;
	if (len_bytes < sizeof(struct icmp6hdr))
		return -EINVAL;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = memcpy_from_iov(type_code, msg->msg_iov, msg->msg_iovlen, 0, sizeof(type_code));
	if (err)
		return err;
	if (type_code[0] != ICMPV6_ECHO_REQUEST || type_code[1])
		return -EINVAL;
	err = raw6_dest_find(sk, msg, flags, &d);
	if (!err && !(flags & MSG_PROBE))
		err = ping_send(sk, msg, (u32)len_bytes, &d);
	raw6_dest_end(sk, &d);
	return err ? err : (ssize_t)len_bytes;
}

/* ------------------------------------------------------------------ in */

bool pingv6_rcv(struct sk_buff *skb)
{
	const struct icmp6hdr *icmp = (const struct icmp6hdr *)(const void *)skb_transport_header(skb);
	struct sk_buff *clone;
	struct sock *sk =
		pingv6_lookup(skb->pool->net, &ipv6_hdr(skb)->daddr, be16_to_cpu(icmp->un.echo.id), skb->skb_iif);

	if (!sk)
		return false;
	clone = skb_clone(skb);
	if (!clone) {
		sk->drops++;
		return true;
	}
	if (clone->data != skb_transport_header(clone))
		skb_push(clone, (u32)(clone->data - skb_transport_header(clone)));
	ipv6_pktinfo_prepare(sk, clone);
	sock_queue_rcv_skb(sk, clone);
	return true;
}

void pingv6_err(struct sk_buff *skb, u8 type, u8 code, u32 offset, u32 info)
{
	const struct ipv6hdr *quoted = (const struct ipv6hdr *)(const void *)skb->data;
	struct ipv6_icmp_verdict v;
	struct icmp6hdr icmp;
	struct sock *sk;

	if (skb_copy_bits(skb, offset, &icmp, sizeof(icmp)))
		return;
	sk = pingv6_lookup(skb->pool->net, &quoted->saddr, be16_to_cpu(icmp.un.echo.id), skb->skb_iif);
	if (!sk)
		return;
	v = ipv6_icmp_verdict(inet_sk(sk), skb, type, code, info);
	if (!v.err)
		return;
	if (inet6_sk(sk)->recverr)
		ipv6_icmp_error(sk, skb, v.err, cpu_to_be16(0), type, code, info, skb->data + offset);
	else if (!v.hard || sk->state != INET_TCP_ESTABLISHED)
		return;
	sk_set_err(sk, v.err);
}

const struct proto pingv6_prot = {
	.name = "PINGv6",
	.obj_bytes = sizeof(struct ping_sock),
	.init = pingv6_init_sock,
	.destroy = pingv6_destroy_sock,
	.bind = pingv6_bind,
	.connect = pingv6_connect,
	.disconnect = pingv6_disconnect,
	.sendmsg = pingv6_sendmsg,
	.recvmsg = rawv6_recvmsg, /* the same: both begin behind the IPv6 header */
	.shutdown = inet_shutdown,
	.route_changed = inet_route_changed,
	.getname = inet6_getname,
	.setsockopt = ipv6_setsockopt,
	.getsockopt = ipv6_getsockopt,
	.ioctl = raw_ioctl,
};
