// SPDX-License-Identifier: BSD-2-Clause
/* UDP sockets over IPv4: life, bind, connect.
 *
 * @step S2 of S13   @rfc 768, 1122 4.1.3.5   @linux net/ipv4/udp.c
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "ipv4/netns_ipv4.h"
#include "net.h"
#include "udp/udp.h"

static int udp_init_sock(struct sock *sk)
{
	struct udp_sock *up = udp_sk(sk);

	inet_sock_init(sk);
	sk->protocol = IPPROTO_UDP;
	INIT_LIST_HEAD(&up->port_node);
	INIT_LIST_HEAD(&up->addr_node);
	INIT_LIST_HEAD(&up->conn_node);
	return 0;
}

static void udp_destroy_sock(struct sock *sk)
{
	udp_flush_pending(sk);
	udp_unhash(sk);
	inet_sock_destroy(sk);
}

void udp_port_range(const struct sock *sk, u16 range[static 2])
{
	const struct inet_sock *inet = inet_sk(sk);
	u16 lo = (u16)sk->net->ipv4->ip_local_port_range[0], hi = (u16)sk->net->ipv4->ip_local_port_range[1];

	if (inet->local_port_range[0] > lo && inet->local_port_range[0] <= hi)
		lo = inet->local_port_range[0];
	if (inet->local_port_range[1] && inet->local_port_range[1] < hi && inet->local_port_range[1] >= lo)
		hi = inet->local_port_range[1];
	range[0] = lo;
	range[1] = hi;
}

bool udp_port_denied(const struct sock *sk, u16 port)
{
	return port && port < sk->net->ipv4->ip_unprivileged_port_start && !sk->admin;
}

int udp_autobind(struct sock *sk)
{
	u16 range[2];

	if (inet_sk(sk)->num)
		return 0;
	udp_port_range(sk, range);
	return udp_get_port(sk, 0, range);
}

static int udp_bind(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct inet_sock *inet = inet_sk(sk);
	const struct sockaddr_in *sin;
	__be32 ip;
	u16 port, range[2];
	bool multi;
	int err;

	err = ip_bind_check(addr, len_bytes, &sin);
	if (err)
		return err;
	ip = (__force __be32)sin->sin_addr.s_addr;
	err = ip_bind_address(inet, ip, &multi);
	if (err)
		return err;
	port = be16_to_cpu((__force __be16)sin->sin_port);
	if (udp_port_denied(sk, port))
		return -EACCES;
	if (sk->state != INET_TCP_CLOSE || inet->num)
		return -EINVAL;
	inet->rcv_saddr = ip;
	inet->saddr = multi ? (__force __be32)0U : ip;
	if (port || !inet->bind_address_no_port) {
		udp_port_range(sk, range);
		err = udp_get_port(sk, port, range);
		if (err) {
			inet->rcv_saddr = inet->saddr = (__force __be32)0U;
			return err;
		}
	}
	inet->bound_addr = ip;
	inet->bound_port = port;
	inet->daddr = (__force __be32)0U;
	inet->dport = cpu_to_be16(0);
	inet_dst_set(inet, NULL);
	return 0;
}

/* The addresses of @inet are new: find it there.  Without memory for that, all is as it was. */
static int rehash_or_restore(struct inet_sock *inet, const struct inet_sock *before)
{
	int err = udp_rehash(&inet->sk);

	if (!err)
		return 0;
	inet->saddr = before->saddr;
	inet->rcv_saddr = before->rcv_saddr;
	inet->daddr = before->daddr;
	inet->dport = before->dport;
	inet->sk.state = before->sk.state;
	return err;
}

static int udp_disconnect(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk), before = *inet;

	inet_dst_set(inet, NULL);
	sk->state = INET_TCP_CLOSE;
	inet->daddr = (__force __be32)0U;
	inet->dport = cpu_to_be16(0);
	if (!inet->bound_addr)
		inet->rcv_saddr = inet->saddr = (__force __be32)0U;
	if (inet->bound_port)
		return rehash_or_restore(inet, &before);
	udp_unhash(sk);
	return 0;
}

static int udp_connect(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct inet_sock *inet = inet_sk(sk), before;
	int err;

	if (len_bytes < sizeof(addr->sa_family))
		return -EINVAL;
	if (addr->sa_family == AF_UNSPEC)
		return udp_disconnect(sk);
	if (udp_autobind(sk))
		return -EAGAIN;
	before = *inet;
	err = ip_datagram_connect(inet, addr, len_bytes);
	if (err)
		return err;
	err = rehash_or_restore(inet, &before);
	if (err)
		inet_dst_set(inet, NULL);
	return err;
}

const struct proto udp_prot = {
	.name = "UDP",
	.obj_bytes = sizeof(struct udp_sock),
	.init = udp_init_sock,
	.destroy = udp_destroy_sock,
	.bind = udp_bind,
	.connect = udp_connect,
	.disconnect = udp_disconnect,
	.sendmsg = udp_sendmsg,
	.recvmsg = udp_recvmsg,
	.recv_borrow = udp_recv_borrow,
	.shutdown = inet_shutdown,
	.route_changed = inet_route_changed,
	.getname = inet_getname,
	.setsockopt = udp_setsockopt,
	.getsockopt = udp_getsockopt,
	.ioctl = udp_ioctl,
	.may_peek_off = true,
};
