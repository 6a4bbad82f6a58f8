// SPDX-License-Identifier: BSD-2-Clause
/* bind(2) and connect(2) of AF_INET6 sockets, which may turn out to be IPv4's.
 *
 * @step S2 of S13   @rfc 3493 3.7, 5.3   @linux net/ipv6/tcp_ipv6.c: tcp_v6_connect, net/ipv6/af_inet6.c: __inet6_bind
 *
 * Reading order: tcp_v6_connect(), connect_mapped(), tcp_v6_bind().
 *
 * A socket that connects to ::ffff:a.b.c.d has packets of IPv4 from then on: conn.family and af say so.  Its addresses are
 * kept twice, in inet as they are, and mapped in pinet6, where a program asks for them.
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "ipv6/ipv6.h"
#include "net.h"
#include "socket/inet6_sock.h"
#include "tcp/tcp_ipv6.h"
#include "tcp/tcp_output.h"

void tcp_v6_map_addresses(struct tcp_sock *tp)
{
	const struct inet_sock *inet = &tp->inet;
	struct ipv6_pinfo *np = inet->pinet6;

	ipv6_addr_set_v4mapped(inet->saddr, &np->saddr);
	ipv6_addr_set_v4mapped(inet->rcv_saddr, &np->rcv_saddr);
	ipv6_addr_set_v4mapped(inet->daddr, &np->daddr);
}

void tcp_v6_map_child(struct tcp_sock *child, const struct tcp_request_sock *req)
{
	struct ipv6_pinfo *np = child->inet.pinet6;

	tcp_v6_map_addresses(child);
	np->mcast_oif = req->iif;
	np->mcast_hops = req->syn_hop_limit;
}

/* Of which family are the packets of one that is not connected?  That is what it is bound to. */
static void family_of_bound(struct tcp_sock *tp)
{
	const struct ipv6_pinfo *np = inet6_sk(&tp->inet.sk);
	bool v4 = ipv6_addr_v4mapped(&np->rcv_saddr);

	tp->conn.family = v4 ? AF_INET : AF_INET6;
	tp->conn.v6only = np->v6only;
	tp->af = v4 ? &tcp_ipv4_ops : &tcp_ipv6_ops;
	memset(&tp->conn.rcv_saddr, 0, sizeof(tp->conn.rcv_saddr));
	if (v4)
		tp->conn.rcv_saddr.v4 = tp->inet.rcv_saddr;
	else
		tcp_set_in6(&tp->conn.rcv_saddr, &np->rcv_saddr);
}

void tcp_v6_forget_peer(struct tcp_sock *tp)
{
	struct ipv6_pinfo *np = inet6_sk(&tp->inet.sk);
	const struct in6_addr any = { 0 };

	np->daddr = any;
	np->flow_label = (__force __be32)0U;
	if (!tp->inet.bound_addr)
		inet6_reset_saddr(&tp->inet);
	family_of_bound(tp);
}

/* ------------------------------------------------------------------ bind */

static int bind_port(struct tcp_sock *tp, u16 port)
{
	struct inet_sock *inet = &tp->inet;
	struct ipv6_pinfo *np = inet->pinet6;
	bool v6only_before = np->v6only, any = ipv6_addr_any(&np->rcv_saddr);
	int err;

	if (!any && !ipv6_addr_v4mapped(&np->rcv_saddr))
		np->v6only = true; /* who is bound to an address of IPv6 is not asked for any of IPv4 */
	family_of_bound(tp);
	tp->conn.bound_dev_if = inet->sk.bound_dev_if;
	if (port || !inet->bind_address_no_port) {
		err = tcp_get_port(tp, port);
		if (err) {
			np->v6only = v6only_before;
			inet6_reset_saddr(inet);
			family_of_bound(tp);
			return err;
		}
	}
	inet->bound_addr = !any;
	inet->bound_port = port;
	inet->daddr = (__force __be32)0U;
	inet->dport = cpu_to_be16(0);
	inet_dst_set(inet, NULL);
	return 0;
}

int tcp_v6_bind(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct sockaddr_in6 sin6;
	int err = inet6_sockaddr(addr, len_bytes, &sin6);
	u16 port;

	if (err)
		return err;
	if (ipv6_addr_is_multicast(&sin6.sin6_addr))
		return -EINVAL;
	port = be16_to_cpu((__force __be16)sin6.sin6_port);
	if (tcp_port_is_privileged(sk, port))
		return -EACCES;
	if (sk->state != TCP_CLOSE || inet_sk(sk)->num)
		return -EINVAL;
	err = ipv6_bind_address(sk, &sin6);
	return err ? err : bind_port(tcp_sk(sk), port);
}

/* ------------------------------------------------------------------ connect */

/* RFC 4007: an address that means something on its link only wants the link.  Return: 0, -EINVAL */
static int connect_link(struct sock *sk, const struct sockaddr_in6 *sin6)
{
	if (!ipv6_addr_is_linklocal(&sin6->sin6_addr))
		return 0;
	if (sin6->sin6_scope_id) {
		if (sk->bound_dev_if && sk->bound_dev_if != (int)sin6->sin6_scope_id)
			return -EINVAL;
		sk->bound_dev_if = (int)sin6->sin6_scope_id;
	}
	return sk->bound_dev_if ? 0 : -EINVAL;
}

/* A route to the peer, and the address that it gives us. */
static int connect_route(struct tcp_sock *tp, const struct sockaddr_in6 *sin6)
{
	struct inet_sock *inet = &tp->inet;
	struct ipv6_pinfo *np = inet->pinet6;
	struct rt6_info *rt;
	struct flowi6 fl6;
	int err;

	np->daddr = sin6->sin6_addr;
	inet->dport = (__force __be16)sin6->sin6_port;
	if (np->sndflow && ipv6_fl_check(&inet->sk, (__force __be32)sin6->sin6_flowinfo))
		return -EINVAL;
	if (np->sndflow)
		np->flow_label = (__force __be32)sin6->sin6_flowinfo & CONST_BE32(IPV6_FLOWINFO_MASK);
	ipv6_connected_flow(inet, &fl6);
	err = ip6_route_output_flow(tcp_net_of(tp), &fl6, &rt);
	if (err) {
		if (err == -ENETUNREACH)
			tcp_net_of(tp)->ipv6->stats.out_no_routes++;
		return err;
	}
	if (ipv6_addr_any(&np->saddr))
		np->saddr = fl6.saddr;
	if (ipv6_addr_any(&np->rcv_saddr))
		np->rcv_saddr = np->saddr;
	inet->saddr = inet->rcv_saddr = inet->daddr = LOOPBACK4_IPV6;
	inet_dst_set(inet, &rt->dst);
	tcp_set_in6(&tp->conn.daddr, &np->daddr);
	tcp_set_in6(&tp->conn.rcv_saddr, &np->rcv_saddr);
	tp->conn.family = AF_INET6;
	tp->conn.dport = inet->dport;
	tp->conn.bound_dev_if = tcp_sock_of(tp)->bound_dev_if;
	return 0;
}

static void connect_failed(struct tcp_sock *tp)
{
	tcp_set_state(tp, TCP_CLOSE);
	tcp_clear_xmit_timers(tp);
	tcp_write_queue_purge(tp);
	tp->inet.daddr = (__force __be32)0U;
	tp->inet.dport = cpu_to_be16(0);
	tcp_v6_forget_peer(tp);
	inet_dst_set(&tp->inet, NULL);
}

/* Its addresses are IPv4's from here on, as are its packets; a program sees them as ::ffff:a.b.c.d. */
static int connect_mapped(struct tcp_sock *tp, const struct sockaddr_in6 *sin6)
{
	const struct ipv6_pinfo *np = inet6_sk(&tp->inet.sk);
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = sin6->sin6_port,
				   .sin_addr.s_addr = (__force u32)ipv6_mapped_v4(&sin6->sin6_addr) };
	int err;

	if (np->v6only || (!ipv6_addr_any(&np->rcv_saddr) && !ipv6_addr_v4mapped(&np->rcv_saddr)))
		return -ENETUNREACH;
	tp->af = &tcp_ipv4_ops;
	tp->conn.family = AF_INET;
	err = tcp_v4_connect(tcp_sock_of(tp), (const struct sockaddr *)(const void *)&sin, sizeof(sin));
	if (err && err != -EINPROGRESS)
		tcp_v6_forget_peer(tp);
	else
		tcp_v6_map_addresses(tp);
	return err;
}

static int connect_begin(struct tcp_sock *tp)
{
	struct ipv6_pinfo *np = inet6_sk(&tp->inet.sk);
	struct net *net = tcp_net_of(tp);
	int err;

	tp->write_seq = 0;
	tp->rx_opt.mss_clamp = tp->af->mss_default;
	tp->ext_hdr_len = np->opt ? np->opt->opt_flen + np->opt->opt_nflen : 0;
	tcp_set_state(tp, TCP_SYN_SENT);
	err = tcp_hash_connect(tp);
	if (err)
		return err;
	tcp_set_txhash(tp);
	if (!tp->write_seq) /* else a TIME_WAIT gave it */
		tp->write_seq = tcp_secure_seq(net, &tp->conn);
	tp->tsoffset = tcp_secure_ts_off(net, &tp->conn);
	if (tcp_fastopen_defer_connect(tp, &err))
		return 0;
	err = err ? err : tcp_connect(tp);
	return err ? err : -EINPROGRESS;
}

/* Of :: connect(2) makes this very host. */
static void connect_any(const struct ipv6_pinfo *np, struct in6_addr *addr)
{
	if (!ipv6_addr_any(addr))
		return;
	if (ipv6_addr_v4mapped(&np->rcv_saddr))
		ipv6_addr_set_v4mapped(CONST_BE32(0x7f000001U), addr);
	else
		*addr = in6addr_loopback;
}

int tcp_v6_connect(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct ipv6_pinfo *np = inet6_sk(sk);
	struct sockaddr_in6 sin6;
	int err = inet6_sockaddr(addr, len_bytes, &sin6);

	if (err)
		return err;
	connect_any(np, &sin6.sin6_addr);
	if (ipv6_addr_is_multicast(&sin6.sin6_addr))
		return -ENETUNREACH;
	err = connect_link(sk, &sin6);
	if (err)
		return err;
	if (ipv6_addr_v4mapped(&sin6.sin6_addr))
		return connect_mapped(tp, &sin6);
	if (ipv6_addr_v4mapped(&np->rcv_saddr))
		return -EAFNOSUPPORT; /* what is bound to IPv4 has no address to talk from */
	err = connect_route(tp, &sin6);
	if (!err)
		err = connect_begin(tp);
	if (err && err != -EINPROGRESS)
		connect_failed(tp);
	return err;
}

void tcp_v6_options_changed(struct tcp_sock *tp)
{
	const struct ipv6_pinfo *np = inet6_sk(&tp->inet.sk);

	tp->conn.v6only = np->v6only;
	if ((TCPF(tp->inet.sk.state) & (TCPF_CLOSE | TCPF_LISTEN)) || tp->conn.family != AF_INET6)
		return; /* connect(2) and accept(2) look themselves */
	tp->ext_hdr_len = np->opt ? np->opt->opt_flen + np->opt->opt_nflen : 0;
	tcp_sync_mss(tp, tp->pmtu_cookie);
}
