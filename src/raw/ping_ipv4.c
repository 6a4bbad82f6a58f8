// SPDX-License-Identifier: BSD-2-Clause
/* Ping sockets over IPv4.
 *
 * @step S2 of S13, to ipv4/ip_output.c   @rfc 792, 1122 3.2.2.6   @linux net/ipv4/ping.c
 *
 * Reading order: ping_sendmsg(), ping_rcv(), ping_err().
 */
#include <errno.h>
#include <linux/sockios.h>
#include <string.h>

#include "base/byteorder.h"
#include "ipv4/icmp.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip.h"
#include "net.h"
#include "raw/ping.h"
#include "raw/raw.h"
#include "raw/raw_dest_ipv4.h"
#include "base/csum.h"
#include "wire/icmp.h"
#include "wire/ip.h"

#define ICMP_HEADER_BYTES 8U

int ping_net_init(struct net *net)
{
	struct ping_net *pn = mem_alloc(net->mem, sizeof(*pn));

	if (!pn)
		return -ENOMEM;
	for (u32 i = 0; i < PING_SLOTS; i++)
		INIT_LIST_HEAD(&pn->by_ident[i]);
	pn->hashed_count = 0;
	net->ping = pn;
	return 0;
}

void ping_net_exit(struct net *net)
{
	if (!net->ping)
		return;
	assert(!net->ping->hashed_count);
	mem_free(net->mem, net->ping, sizeof(*net->ping));
	net->ping = NULL;
}

/* ------------------------------------------------------------------ identifiers */

struct list_head *ping_socks(struct net *net, u16 ident)
{
	return &net->ping->by_ident[ident % PING_SLOTS];
}

static bool ident_in_use(struct net *net, const struct sock *sk, u16 ident)
{
	struct ping_sock *other;

	list_for_each_entry(other, ping_socks(net, ident), node) {
		const struct sock *osk = &other->inet.sk;

		if (osk != sk && other->inet.num == ident && !(osk->flags & sk->flags & SOCK_F_REUSEADDR))
			return true;
	}
	return false;
}

int ping_get_ident(struct sock *sk, u16 ident)
{
	struct ping_sock *ping = ping_sk(sk);
	struct net *net = sk->net;

	if (ident && ident_in_use(net, sk, ident))
		return -EADDRINUSE;
	if (!ident) {
		u32 first = get_random_u32(&net->rng);

		for (u32 i = 0; i < 0x10000 && !ident; i++) {
			u16 candidate = (u16)(first + i);

			if (candidate && !ident_in_use(net, sk, candidate))
				ident = candidate;
		}
		if (!ident)
			return -EADDRINUSE;
	}
	ping->inet.num = ident;
	ping->inet.sport = cpu_to_be16(ident);
	list_add(&ping->node, ping_socks(net, ident));
	net->ping->hashed_count++;
	(void)net_port_claim(net, NET_PORTS_PING, ident, true); /* others may have it as well: all hear the answers */
	return 0;
}

static bool ident_has_socks(struct net *net, u16 ident)
{
	const struct ping_sock *ping;

	list_for_each_entry(ping, ping_socks(net, ident), node) {
		if (ping->inet.num == ident)
			return true;
	}
	return false;
}

void ping_unhash(struct sock *sk)
{
	struct ping_sock *ping = ping_sk(sk);

	if (!ping->inet.num)
		return;
	list_del_init(&ping->node);
	sk->net->ping->hashed_count--;
	if (!ident_has_socks(sk->net, ping->inet.num))
		net_port_release(sk->net, NET_PORTS_PING, ping->inet.num);
	ping->inet.num = 0;
	ping->inet.sport = cpu_to_be16(0);
}

static struct sock *ping_lookup(struct net *net, __be32 local, u16 ident, int dif)
{
	struct ping_sock *ping;

	list_for_each_entry(ping, ping_socks(net, ident), node) {
		struct sock *sk = &ping->inet.sk;

		if (ping->inet.num == ident && !ping->inet.pinet6 &&
		    (!ping->inet.rcv_saddr || ping->inet.rcv_saddr == local) &&
		    (!sk->bound_dev_if || sk->bound_dev_if == dif))
			return sk;
	}
	return NULL;
}

/* ------------------------------------------------------------------ life */

static int ping_init_sock(struct sock *sk)
{
	inet_sock_init(sk);
	sk->flags |= SOCK_F_REUSEADDR; /* as Linux: several may use one identifier */
	INIT_LIST_HEAD(&ping_sk(sk)->node);
	return 0;
}

static void ping_destroy_sock(struct sock *sk)
{
	ping_unhash(sk);
	inet_sock_destroy(sk);
}

static int ping_bind(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct inet_sock *inet = inet_sk(sk);
	const struct sockaddr_in *sin;
	bool multi;
	__be32 ip;
	int err;

	err = ip_bind_check(addr, len_bytes, &sin);
	if (err)
		return err;
	ip = (__force __be32)sin->sin_addr.s_addr;
	err = ip_bind_address(inet, ip, &multi);
	if (err || multi)
		return -EADDRNOTAVAIL;
	if (inet->num)
		return -EINVAL;
	err = ping_get_ident(sk, be16_to_cpu((__force __be16)sin->sin_port));
	if (err)
		return err;
	inet->rcv_saddr = inet->saddr = ip;
	inet->bound_addr = ip;
	inet->bound_port = sin->sin_port;
	inet->daddr = (__force __be32)0U;
	inet->dport = cpu_to_be16(0);
	inet_dst_set(inet, NULL);
	return 0;
}

static int ping_disconnect(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);

	sk->state = INET_TCP_CLOSE;
	inet->daddr = (__force __be32)0U;
	inet->dport = cpu_to_be16(0);
	if (!inet->bound_addr)
		inet->rcv_saddr = inet->saddr = (__force __be32)0U;
	if (!inet->bound_port)
		ping_unhash(sk);
	inet_dst_set(inet, NULL);
	return 0;
}

static int ping_connect(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	if (len_bytes < sizeof(addr->sa_family))
		return -EINVAL;
	if (addr->sa_family == AF_UNSPEC)
		return ping_disconnect(sk);
	if (!inet_sk(sk)->num && ping_get_ident(sk, 0))
		return -EAGAIN;
	return ip_datagram_connect(inet_sk(sk), addr, len_bytes);
}

/* ------------------------------------------------------------------ out */

static int ping_send(struct sock *sk, const struct msghdr *msg, u32 len_bytes, struct raw_dest *d)
{
	const struct inet_sock *inet = inet_sk(sk);
	u32 header_bytes = IP_HEADER_BYTES + (d->ipc.opt ? d->ipc.opt->optlen : 0);
	struct icmphdr *icmp;
	struct sk_buff *skb;
	int err;

	if (header_bytes + len_bytes > (ip_sk_ignore_df(inet) ? IP_MAX_PACKET_BYTES : ip_sk_mtu(inet, d->rt))) {
		ip_local_error(sk, EMSGSIZE, d->fl4.daddr, inet->dport, ip_sk_mtu(inet, d->rt));
		return -EMSGSIZE;
	}
	err = raw_alloc(sk, msg, header_bytes, len_bytes, d, &skb);
	if (err)
		return err;
	icmp = (struct icmphdr *)(void *)skb->data;
	icmp->un.echo.id = inet->sport;
	icmp->checksum = 0;
	icmp->checksum = csum_fold(csum_partial(skb->data, skb->len, 0));
	return raw_push(sk, skb, d);
}

static ssize_t ping_sendmsg(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags)
{
	struct raw_dest d;
	u8 type_code[2];
	int err;

	if (!inet_sk(sk)->num && ping_get_ident(sk, 0))
		return -EAGAIN;
	if (len_bytes > IP_MAX_PACKET_BYTES)
		return -EMSGSIZE;
	if (len_bytes < ICMP_HEADER_BYTES)
		return -EINVAL;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = memcpy_from_iov(type_code, msg->msg_iov, msg->msg_iovlen, 0, sizeof(type_code));
	if (err)
		return err;
	if (type_code[0] != ICMP_ECHO || type_code[1])
		return -EINVAL;
	err = raw_dest_find(sk, msg, flags, false, &d);
	if (err)
		return err;
	if (!(flags & MSG_PROBE))
		err = ping_send(sk, msg, (u32)len_bytes, &d);
	dst_release(&d.rt->dst);
	return err ? err : (ssize_t)len_bytes;
}

/* ------------------------------------------------------------------ in */

bool ping_rcv(struct sk_buff *skb)
{
	const struct iphdr *iph = (const struct iphdr *)(const void *)skb_network_header(skb);
	const struct icmphdr *icmp = (const struct icmphdr *)(const void *)skb_transport_header(skb);
	struct sk_buff *clone;
	struct sock *sk;

	sk = ping_lookup(skb->pool->net, iph->daddr, be16_to_cpu(icmp->un.echo.id), skb->skb_iif);
	if (!sk)
		return false;
	clone = skb_clone(skb);
	if (!clone) {
		sk->drops++;
		return true;
	}
	if (clone->data != skb_transport_header(clone))
		skb_push(clone, (u32)(clone->data - skb_transport_header(clone)));
	ip_pktinfo_prepare(sk, clone);
	sock_queue_rcv_skb(sk, clone);
	return true;
}

void ping_err(struct sk_buff *skb, u32 info)
{
	const struct iphdr *quoted = (const struct iphdr *)(const void *)skb->data;
	u8 *transport = skb->data + quoted->ihl * 4U;
	const struct icmphdr *icmp = (const struct icmphdr *)(const void *)transport;
	struct ip_icmp_verdict v;
	struct sock *sk;

	if (icmp->type != ICMP_ECHO)
		return;
	sk = ping_lookup(skb->pool->net, quoted->saddr, be16_to_cpu(icmp->un.echo.id), skb->skb_iif);
	if (!sk)
		return;
	v = ip_icmp_verdict(inet_sk(sk), skb, info);
	if (!v.err)
		return;
	if (inet_sk(sk)->recverr)
		ip_icmp_error(sk, skb, v.err, cpu_to_be16(0), info, transport);
	else if (!v.hard || sk->state != INET_TCP_ESTABLISHED)
		return;
	sk_set_err(sk, v.err);
}

const struct proto ping_prot = {
	.name = "PING",
	.obj_bytes = sizeof(struct ping_sock),
	.init = ping_init_sock,
	.destroy = ping_destroy_sock,
	.bind = ping_bind,
	.connect = ping_connect,
	.disconnect = ping_disconnect,
	.sendmsg = ping_sendmsg,
	.recvmsg = raw_recvmsg, /* the same, but for where data begins */
	.shutdown = inet_shutdown,
	.route_changed = inet_route_changed,
	.getname = inet_getname,
	.setsockopt = ip_setsockopt,
	.getsockopt = ip_getsockopt,
	.ioctl = raw_ioctl,
};
