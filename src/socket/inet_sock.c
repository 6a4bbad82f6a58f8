// SPDX-License-Identifier: BSD-2-Clause
/* What sockets of the Internet families share.  @linux net/ipv4/af_inet.c */
#include "socket/inet_sock.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

void inet_sock_init(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);

	inet->uc_ttl = -1;
	inet->mc_ttl = 1;
	inet->mc_loop = true;
	inet->mc_all = true;
	inet->pmtudisc = ip_pmtudisc_default(sk->net);
}

void inet_sock_clone(struct sock *sk, const struct sock *parent)
{
	struct inet_sock *inet = inet_sk(sk);

	memcpy((u8 *)inet + sizeof(*sk), (const u8 *)inet_sk(parent) + sizeof(*sk), sizeof(*inet) - sizeof(*sk));
	inet->dst = NULL;
	inet->opt = NULL;
	inet->memberships = NULL;
	inet->memberships_count = 0;
	inet->saddr = inet->daddr = inet->rcv_saddr = (__force __be32)0U;
	inet->sport = inet->dport = (__force __be16)0U;
	inet->num = 0;
	inet->bound_addr = inet->bound_port = false;
	inet->out_genid = 0;
}

void inet_sock_destroy(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);

	ip_mc_drop_socket(sk);
	inet_dst_set(inet, NULL);
	ip_options_drop(inet);
}

void inet_route_changed(struct sock *sk)
{
	inet_dst_set(inet_sk(sk), NULL);
}

int inet_shutdown(struct sock *sk, int how)
{
	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	/* SHUT_RD, WR, RDWR are 0, 1, 2; the bits of sk->shutdown 1, 2, 3 */
	sk->shutdown |= (u8)(how + 1);
	sk_wake(sk, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
	return sk->state == INET_TCP_CLOSE ? -ENOTCONN : 0;
}

int inet_getname(struct sock *sk, struct sockaddr_storage *addr, bool peer)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct sockaddr_in sin = { .sin_family = AF_INET };

	if (peer && (!inet->dport || sk->state == INET_TCP_CLOSE || sk->state == INET_TCP_SYN_SENT))
		return -ENOTCONN;
	sin.sin_port = (__force u16)(peer ? inet->dport : inet->sport);
	if (peer)
		sin.sin_addr.s_addr = (__force u32)inet->daddr;
	else
		sin.sin_addr.s_addr = (__force u32)(inet->rcv_saddr ? inet->rcv_saddr : inet->saddr);
	memcpy(addr, &sin, sizeof(sin));
	return sizeof(sin);
}
