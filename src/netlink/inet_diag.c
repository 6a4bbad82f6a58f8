// SPDX-License-Identifier: BSD-2-Clause
/* What is common to all sockets that ss(8) lists, and those of UDP and raw.
 *
 * @linux net/ipv4/inet_diag.c, udp_diag.c, raw_diag.c   see sock_diag(7)
 *
 * Reading order: diag_wants(), diag_put_common(), sockets_dump().
 * A socket has no inode: its number is its cookie, as in /proc/net.
 */
#include "netlink/inet_diag.h"

#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "raw/raw.h"
#include "tcp/tcp_states.h"
#include "raw/raw_ipv6.h"
#include "socket/inet6_sock.h"
#include "socket/netns_sock.h"
#include "udp/udp.h"
#include "udp/udp6.h"

static bool wants_ext(const struct diag_request *rq, u32 attr)
{
	return rq->ext & (1U << (attr - 1));
}

/* ------------------------------------------------------------------ filter */

static void addresses_of(const struct inet_sock *inet, struct diag_entry *e)
{
	if (inet->pinet6) {
		memcpy(e->saddr, &inet->pinet6->rcv_saddr, sizeof(e->saddr));
		memcpy(e->daddr, &inet->pinet6->daddr, sizeof(e->daddr));
		return;
	}
	memset(e->saddr, 0, sizeof(e->saddr));
	memset(e->daddr, 0, sizeof(e->daddr));
	e->saddr[0] = inet->rcv_saddr;
	e->daddr[0] = inet->daddr;
}

void diag_entry_of(const struct inet_sock *inet, struct diag_entry *e)
{
	e->family = (u8)inet->sk.family;
	e->sport = inet->num;
	e->dport = be16_to_cpu(inet->dport);
	addresses_of(inet, e);
	e->ifindex = inet->sk.bound_dev_if;
	e->mark = inet->sk.mark;
	e->autobound = !inet->bound_port;
}

bool diag_wants(const struct diag_request *rq, u8 state, const struct diag_entry *e)
{
	u16 sport = be16_to_cpu((__force __be16)rq->id.idiag_sport),
	    dport = be16_to_cpu((__force __be16)rq->id.idiag_dport);

	if (!(rq->states & (1U << state)))
		return false;
	if ((sport && sport != e->sport) || (dport && dport != e->dport))
		return false;
	return !rq->bytecode || inet_diag_bc_run(nla_data(rq->bytecode), nla_len(rq->bytecode), e);
}

bool diag_cookie_ok(const struct diag_request *rq, u64 cookie)
{
	const u32 *want = rq->id.idiag_cookie;

	if (want[0] == INET_DIAG_NOCOOKIE && want[1] == INET_DIAG_NOCOOKIE)
		return true;
	return want[0] == (u32)cookie && want[1] == (u32)(cookie >> 32);
}

/* ------------------------------------------------------------------ messages */

struct nlmsghdr *diag_put(const struct nl_target *to, const struct diag_entry *e, u8 state, u64 cookie)
{
	struct nlmsghdr *nlh =
		nlmsg_put(to->skb, to->portid, to->seq, to->type, to->flags, sizeof(struct inet_diag_msg));
	struct inet_diag_msg *m;

	if (!nlh)
		return NULL;
	m = diag_msg(nlh);
	m->idiag_family = e->family;
	m->idiag_state = state;
	m->id.idiag_sport = cpu_to_be16(e->sport);
	m->id.idiag_dport = cpu_to_be16(e->dport);
	memcpy(m->id.idiag_src, e->saddr, sizeof(e->saddr));
	memcpy(m->id.idiag_dst, e->daddr, sizeof(e->daddr));
	m->id.idiag_if = (u32)e->ifindex;
	m->id.idiag_cookie[0] = (u32)cookie;
	m->id.idiag_cookie[1] = (u32)(cookie >> 32);
	return nlh;
}

static bool put_sockopt(const struct nl_target *to, struct nlmsghdr *nlh, const struct inet_sock *inet, bool is_tcp)
{
	struct inet_diag_sockopt opt = {
		.recverr = inet->recverr,
		.is_icsk = is_tcp,
		.freebind = inet->freebind,
		.hdrincl = inet->hdrincl,
		.mc_loop = inet->mc_loop,
		.transparent = inet->transparent,
		.mc_all = inet->mc_all,
		.nodefrag = inet->nodefrag,
		.bind_address_no_port = inet->bind_address_no_port,
		.recverr_rfc4884 = inet->recverr_rfc4884,
	};

	return nla_put(to->skb, nlh, INET_DIAG_SOCKOPT, &opt, sizeof(opt));
}

static bool put_v6(const struct nl_target *to, struct nlmsghdr *nlh, const struct diag_request *rq,
		   const struct inet_sock *inet)
{
	const struct ipv6_pinfo *np = inet->pinet6;

	if (wants_ext(rq, INET_DIAG_TCLASS) && !nla_put_u8(to->skb, nlh, INET_DIAG_TCLASS, np->tclass))
		return false;
	if (inet->sk.state != TCP_LISTEN && inet->sk.state != TCP_CLOSE)
		return true;
	return nla_put_u8(to->skb, nlh, INET_DIAG_SKV6ONLY, np->v6only);
}

bool diag_put_common(const struct nl_target *to, struct nlmsghdr *nlh, const struct diag_request *rq,
		     const struct inet_sock *inet, bool is_tcp)
{
	struct inet_diag_msg *m = diag_msg(nlh);

	m->idiag_uid = inet->sk.portid_uid;
	m->idiag_inode = (u32)inet->sk.cookie;
	if (!nla_put_u8(to->skb, nlh, INET_DIAG_SHUTDOWN, inet->sk.shutdown))
		return false;
	if (inet->pinet6 && !put_v6(to, nlh, rq, inet))
		return false;
	if (wants_ext(rq, INET_DIAG_TOS) && !nla_put_u8(to->skb, nlh, INET_DIAG_TOS, inet->tos))
		return false;
	if (rq->admin && !nla_put_u32(to->skb, nlh, INET_DIAG_MARK, inet->sk.mark))
		return false;
	if (wants_ext(rq, INET_DIAG_TCLASS) && !nla_put_u32(to->skb, nlh, INET_DIAG_CLASS_ID, inet->sk.priority))
		return false;
	return put_sockopt(to, nlh, inet, is_tcp);
}

bool diag_put_meminfo(const struct nl_target *to, struct nlmsghdr *nlh, const struct diag_request *rq,
		      const struct sock *sk)
{
	u32 mem[SK_MEMINFO_VARS];

	sock_meminfo(sk, mem);
	if (wants_ext(rq, INET_DIAG_MEMINFO)) {
		struct inet_diag_meminfo info = {
			.idiag_rmem = mem[SK_MEMINFO_RMEM_ALLOC],
			.idiag_wmem = mem[SK_MEMINFO_WMEM_QUEUED],
			.idiag_fmem = mem[SK_MEMINFO_FWD_ALLOC],
			.idiag_tmem = mem[SK_MEMINFO_WMEM_ALLOC],
		};

		if (!nla_put(to->skb, nlh, INET_DIAG_MEMINFO, &info, sizeof(info)))
			return false;
	}
	return !wants_ext(rq, INET_DIAG_SKMEMINFO) || nla_put(to->skb, nlh, INET_DIAG_SKMEMINFO, mem, sizeof(mem));
}

/* ------------------------------------------------------------------ UDP and raw */

static bool fill_datagram(const struct nl_target *to, const struct diag_request *rq, const struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct diag_entry e;
	struct nlmsghdr *nlh;

	diag_entry_of(inet, &e);
	nlh = diag_put(to, &e, sk->state, sk->cookie);
	if (!nlh)
		return false;
	diag_msg(nlh)->idiag_rqueue = sk->rmem_alloc_bytes;
	diag_msg(nlh)->idiag_wqueue = sk->wmem_alloc_bytes;
	if (!diag_put_common(to, nlh, rq, inet, false) || !diag_put_meminfo(to, nlh, rq, sk))
		return false;
	if (rq->protocol == IPPROTO_RAW && !nla_put_u8(to->skb, nlh, INET_DIAG_PROTOCOL, (u8)inet->num))
		return false;
	nlmsg_end(to->skb, nlh);
	return true;
}

static bool listed(const struct sock *sk, const struct proto *prot, const struct diag_request *rq)
{
	struct diag_entry e;

	if (sk->prot != prot || !inet_sk(sk)->num)
		return false;
	diag_entry_of(inet_sk(sk), &e);
	return diag_wants(rq, sk->state, &e);
}

/* Sockets stand in the order of their cookies: args[0] is that of the last one that was told. */
static int sockets_dump(struct sk_buff *skb, struct netlink_callback *cb, const struct diag_request *rq,
			const struct proto *prot)
{
	const struct nl_target to = diag_target(skb, cb, rq);
	const struct sock *sk;

	list_for_each_entry(sk, &rq->net->sock->sockets, net_node) {
		if (sk->cookie <= cb->args[0] || !listed(sk, prot, rq))
			continue;
		if (!fill_datagram(&to, rq, sk))
			return 1;
		cb->args[0] = sk->cookie;
	}
	return 0;
}

static int answer(const struct nl_target *to, const struct diag_request *rq, const struct sock *sk)
{
	if (!sk)
		return -ENOENT;
	if (!diag_cookie_ok(rq, sk->cookie))
		return -ESTALE;
	return fill_datagram(to, rq, sk) ? 0 : -EMSGSIZE;
}

static int end(const struct diag_request *rq, struct sock *sk)
{
	if (!sk || !diag_cookie_ok(rq, sk->cookie))
		return -ENOENT;
	sock_hold(sk); /* whoever is told may close it */
	sk_set_err(sk, ECONNABORTED);
	sk->prot->disconnect(sk);
	sock_put(sk);
	return 0;
}

static struct sock *udp6_of(const struct diag_request *rq, bool reverse)
{
	const struct inet_diag_sockid *id = &rq->id;
	__be16 sport = (__force __be16)id->idiag_sport, dport = (__force __be16)id->idiag_dport;
	struct in6_addr src, dst;

	memcpy(&src, id->idiag_src, sizeof(src));
	memcpy(&dst, id->idiag_dst, sizeof(dst));
	if (reverse)
		return udp6_lookup(rq->net, &dst, dport, &src, sport, (int)id->idiag_if);
	return udp6_lookup(rq->net, &src, sport, &dst, dport, (int)id->idiag_if);
}

/* As a datagram from idiag_src to idiag_dst would find it; who ends one says it the other way round.  So does Linux. */
static struct sock *udp_of(const struct diag_request *rq, bool reverse)
{
	const struct inet_diag_sockid *id = &rq->id;
	__be32 src = (__force __be32)id->idiag_src[0], dst = (__force __be32)id->idiag_dst[0];
	__be16 sport = (__force __be16)id->idiag_sport, dport = (__force __be16)id->idiag_dport;

	if (rq->family == AF_INET6)
		return udp6_of(rq, reverse);
	if (reverse)
		return udp_lookup(rq->net, dst, dport, src, sport, (int)id->idiag_if);
	return udp_lookup(rq->net, src, sport, dst, dport, (int)id->idiag_if);
}

static const struct proto *udp_prot_of(const struct diag_request *rq)
{
	if (rq->family == AF_INET6)
		return &udpv6_prot;
	(void)rq; /* without IPv6 */
	return &udp_prot;
}

static int udp_diag_dump(struct sk_buff *skb, struct netlink_callback *cb, const struct diag_request *rq)
{
	return sockets_dump(skb, cb, rq, udp_prot_of(rq));
}

static int udp_diag_get(const struct nl_target *to, const struct diag_request *rq)
{
	return answer(to, rq, udp_of(rq, false));
}

static int udp_diag_destroy(const struct diag_request *rq)
{
	return end(rq, udp_of(rq, true));
}

const struct diag_handler udp_diag_handler = { IPPROTO_UDP, udp_diag_dump, udp_diag_get, udp_diag_destroy };

static const struct proto *raw_prot_of(const struct diag_request *rq)
{
	if (rq->family == AF_INET6)
		return &rawv6_prot;
	(void)rq;
	return &raw_prot;
}

/* Is it any address, or the one that was asked for? */
static bool addr_fits(const struct diag_request *rq, const void *own, const void *asked)
{
	static const u8 any[16];
	size_t addr_bytes = rq->family == AF_INET6 ? 16 : 4;

	return !memcmp(own, any, addr_bytes) || !memcmp(own, asked, addr_bytes);
}

static struct sock *raw_of(const struct diag_request *rq)
{
	const struct inet_diag_sockid *id = &rq->id;
	struct diag_entry e;
	struct sock *sk;

	list_for_each_entry(sk, &rq->net->sock->sockets, net_node) {
		const struct inet_sock *inet = inet_sk(sk);

		if (sk->prot != raw_prot_of(rq) || inet->num != rq->raw_protocol || !diag_cookie_ok(rq, sk->cookie))
			continue;
		diag_entry_of(inet, &e);
		if (!addr_fits(rq, e.daddr, id->idiag_dst) || !addr_fits(rq, e.saddr, id->idiag_src) ||
		    (sk->bound_dev_if && sk->bound_dev_if != (int)id->idiag_if))
			continue;
		return sk;
	}
	return NULL;
}

static int raw_diag_dump(struct sk_buff *skb, struct netlink_callback *cb, const struct diag_request *rq)
{
	return sockets_dump(skb, cb, rq, raw_prot_of(rq));
}

static int raw_diag_get(const struct nl_target *to, const struct diag_request *rq)
{
	return answer(to, rq, raw_of(rq));
}

static int raw_diag_destroy(const struct diag_request *rq)
{
	return end(rq, raw_of(rq));
}

const struct diag_handler raw_diag_handler = { IPPROTO_RAW, raw_diag_dump, raw_diag_get, raw_diag_destroy };
