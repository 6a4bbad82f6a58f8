// SPDX-License-Identifier: BSD-2-Clause
/* What sockets of the Internet families share.  @linux net/ipv4/af_inet.c */
#include "socket/inet_sock.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "socket/inet6_sock.h"

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

/* ------------------------------------------------------------------ conflicts of addresses */

static bool ipv4_rcv_saddr_equal(const struct sock *a, const struct sock *b, bool match_wildcard)
{
	__be32 x = inet_sk(a)->rcv_saddr, y = inet_sk(b)->rcv_saddr;

	return x == y || (match_wildcard && (!x || !y));
}

/* :: of one socket is every address of the other, but those of IPv4 if it does not want them. */
static bool any_matches(const struct in6_addr *addr, bool v6only, u32 other_type)
{
	return ipv6_addr_any(addr) && !(v6only && other_type == IPV6_ADDR_MAPPED);
}

bool inet_rcv_saddr_equal(const struct sock *a, const struct sock *b, bool match_wildcard)
{
	const struct ipv6_pinfo *np_a = inet6_sk(a), *np_b = inet6_sk(b);
	u32 type_a, type_b;

	if (!np_a)
		return !(np_b && np_b->v6only) && ipv4_rcv_saddr_equal(a, b, match_wildcard);
	type_a = ipv6_addr_type(&np_a->rcv_saddr);
	type_b = np_b ? ipv6_addr_type(&np_b->rcv_saddr) : IPV6_ADDR_MAPPED;
	if (type_a == IPV6_ADDR_MAPPED && type_b == IPV6_ADDR_MAPPED)
		return !(np_b && np_b->v6only) && ipv4_rcv_saddr_equal(a, b, match_wildcard);
	if (type_a == IPV6_ADDR_ANY && type_b == IPV6_ADDR_ANY)
		return true;
	if (match_wildcard && ((np_b && any_matches(&np_b->rcv_saddr, np_b->v6only, type_a)) ||
			       any_matches(&np_a->rcv_saddr, np_a->v6only, type_b)))
		return true;
	return np_b && ipv6_addr_equal(&np_a->rcv_saddr, &np_b->rcv_saddr);
}
