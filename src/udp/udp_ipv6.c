// SPDX-License-Identifier: BSD-2-Clause
/* UDP sockets over IPv6: life, bind, connect.
 *
 * @step S2 of S13   @rfc 768, 3493 3.7   @linux net/ipv6/udp.c
 */
#include <errno.h>
#include <string.h>

#include "ipv6/ipv6.h"
#include "udp/udp6.h"

#define UDP_CORK_OPTION 1

static int udpv6_init_sock(struct sock *sk)
{
	struct udp_sock *up = udp_sk(sk);

	inet_sock_init(sk);
	sk->protocol = IPPROTO_UDP;
	INIT_LIST_HEAD(&up->port_node);
	INIT_LIST_HEAD(&up->addr_node);
	INIT_LIST_HEAD(&up->conn_node);
	return inet6_sock_init(sk);
}

static void udpv6_destroy_sock(struct sock *sk)
{
	udpv6_flush_pending(sk);
	udp_flush_pending(sk);
	udp_unhash(sk);
	inet6_sock_destroy(sk);
	inet_sock_destroy(sk);
}

static int bind_port(struct sock *sk, u16 port)
{
	u16 range[2];

	if (!port && inet_sk(sk)->bind_address_no_port)
		return 0;
	udp_port_range(sk, range);
	return udp_get_port(sk, port, range);
}

/* Who is bound to one address of IPv6 wants nothing of IPv4. */
static int udpv6_bind(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct inet_sock *inet = inet_sk(sk);
	struct ipv6_pinfo *np = inet->pinet6;
	const int bound_dev_if = sk->bound_dev_if;
	const bool v6only = np->v6only;
	struct sockaddr_in6 sin6;
	u16 port;
	u32 type;
	int err = inet6_sockaddr(addr, len_bytes, &sin6);

	if (err)
		return err;
	port = be16_to_cpu((__force __be16)sin6.sin6_port);
	type = ipv6_addr_type(&sin6.sin6_addr);
	if (udp_port_denied(sk, port))
		return -EACCES;
	if (sk->state != INET_TCP_CLOSE || inet->num)
		return -EINVAL;
	err = ipv6_bind_address(sk, &sin6);
	if (err) {
		sk->bound_dev_if = bound_dev_if;
		return err;
	}
	if (type != IPV6_ADDR_ANY && type != IPV6_ADDR_MAPPED)
		np->v6only = true;
	err = bind_port(sk, port);
	if (err) {
		np->v6only = v6only;
		inet6_reset_saddr(inet);
		return err;
	}
	inet->bound_addr = type != IPV6_ADDR_ANY;
	inet->bound_port = port;
	inet->daddr = (__force __be32)0U;
	inet->dport = cpu_to_be16(0);
	memset(&np->daddr, 0, sizeof(np->daddr));
	inet_dst_set(inet, NULL);
	return 0;
}

/** struct names_before - what connect() changes, to be put back */
struct names_before {
	__be32 saddr, rcv_saddr, daddr;
	__be16 dport;
	u8 state;
	struct in6_addr saddr6, rcv_saddr6, daddr6;
};

static struct names_before names_of(const struct inet_sock *inet)
{
	const struct ipv6_pinfo *np = inet->pinet6;

	return (struct names_before){ inet->saddr,    inet->rcv_saddr, inet->daddr,   inet->dport,
				      inet->sk.state, np->saddr,       np->rcv_saddr, np->daddr };
}

/* The addresses of @inet are new: find it there.  Without memory for that, all is as it was. */
static int rehash_or_restore(struct inet_sock *inet, const struct names_before *b)
{
	struct ipv6_pinfo *np = inet->pinet6;
	int err = udp_rehash(&inet->sk);

	if (!err)
		return 0;
	inet->saddr = b->saddr;
	inet->rcv_saddr = b->rcv_saddr;
	inet->daddr = b->daddr;
	inet->dport = b->dport;
	inet->sk.state = b->state;
	np->saddr = b->saddr6;
	np->rcv_saddr = b->rcv_saddr6;
	np->daddr = b->daddr6;
	inet_dst_set(inet, NULL);
	return err;
}

static int udpv6_disconnect(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);
	const struct names_before before = names_of(inet);

	inet_dst_set(inet, NULL);
	sk->state = INET_TCP_CLOSE;
	inet->daddr = (__force __be32)0U;
	inet->dport = cpu_to_be16(0);
	memset(&inet->pinet6->daddr, 0, sizeof(inet->pinet6->daddr));
	if (!inet->bound_addr)
		inet6_reset_saddr(inet);
	if (inet->bound_port)
		return rehash_or_restore(inet, &before);
	udp_unhash(sk);
	return 0;
}

static int udpv6_connect(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct inet_sock *inet = inet_sk(sk);
	struct names_before before;
	int err;

	if (len_bytes < sizeof(addr->sa_family))
		return -EINVAL;
	if (addr->sa_family == AF_UNSPEC)
		return udpv6_disconnect(sk);
	if (udp_autobind(sk))
		return -EAGAIN;
	before = names_of(inet);
	err = ipv6_datagram_connect(inet, addr, len_bytes);
	return err ? err : rehash_or_restore(inet, &before);
}

static int udpv6_setsockopt(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes)
{
	int err;

	if (level == SOL_IPV6 && name == IPV6_ADDRFORM && udp6_sk(sk)->cork.skb) /* what is pending goes by IPv6 */
		return -EBUSY;
	if (level != IPPROTO_UDP)
		return ipv6_setsockopt(sk, level, name, value, len_bytes);
	err = udp_setsockopt(sk, level, name, value, len_bytes);
	return !err && name == UDP_CORK_OPTION && !udp_sk(sk)->corkflag ? udpv6_push_pending(sk) : err;
}

static int udpv6_getsockopt(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes)
{
	return level == IPPROTO_UDP ? udp_getsockopt(sk, level, name, value, len_bytes)
				    : ipv6_getsockopt(sk, level, name, value, len_bytes);
}

const struct proto udpv6_prot = {
	.name = "UDPv6",
	.as_ipv4 = &udp_prot,
	.obj_bytes = sizeof(struct udp6_sock),
	.init = udpv6_init_sock,
	.destroy = udpv6_destroy_sock,
	.bind = udpv6_bind,
	.connect = udpv6_connect,
	.disconnect = udpv6_disconnect,
	.sendmsg = udpv6_sendmsg,
	.recvmsg = udp_recvmsg,
	.recv_borrow = udp_recv_borrow,
	.shutdown = inet_shutdown,
	.route_changed = inet_route_changed,
	.getname = inet6_getname,
	.setsockopt = udpv6_setsockopt,
	.getsockopt = udpv6_getsockopt,
	.ioctl = udp_ioctl,
	.may_peek_off = true,
};
