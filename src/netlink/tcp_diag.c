// SPDX-License-Identifier: BSD-2-Clause
/* TCP for ss(8): listeners, connections, requests and what waits in TIME_WAIT.
 *
 * @linux net/ipv4/tcp_diag.c, tcp_abort   see sock_diag(7)
 *
 * Reading order: tcp_diag_dump(), fill_sock(), tcp_diag_get(), tcp_diag_destroy().
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "netlink/inet_diag.h"
#include "socket/netns_sock.h"
#include "tcp/tcp.h"
#include "tcp/tcp_info.h"

#define BOUND_INACTIVE 13 /* TCP_BOUND_INACTIVE: bound, neither listens nor is connected; shown as CLOSE */
#define SCAN_SLOTS 16U    /* of the table of connections at a time */
#define SCAN_RUNS 512U    /* such, before others have their turn */

enum { TIMER_NONE, TIMER_RETRANS, TIMER_KEEPALIVE, TIMER_TIMEWAIT, TIMER_PROBE0 }; /* idiag_timer */

/* ------------------------------------------------------------------ one socket */

static u32 ms_until(const struct net *net, ktime_t when)
{
	return when > net->now ? (u32)((when - net->now) / NSEC_PER_MSEC) : 0;
}

static void fill_timer(struct inet_diag_msg *m, const struct tcp_sock *tp)
{
	const struct net *net = tcp_net_of(tp);

	if (tp->rtx_kind == TCP_RTX_PROBE0) {
		m->idiag_timer = TIMER_PROBE0;
		m->idiag_retrans = tp->probes_out;
		m->idiag_expires = ms_until(net, tp->rtx_when);
	} else if (tp->rtx_kind != TCP_RTX_NONE) {
		m->idiag_timer = TIMER_RETRANS;
		m->idiag_retrans = tp->retransmits;
		m->idiag_expires = ms_until(net, tp->rtx_when);
	} else if (timer_pending(&tp->keepalive_timer)) {
		m->idiag_timer = TIMER_KEEPALIVE;
		m->idiag_retrans = tp->probes_out;
		m->idiag_expires = ms_until(net, tp->keepalive_timer.expires);
	}
}

static void fill_queues(struct inet_diag_msg *m, const struct tcp_sock *tp)
{
	s32 unread = (s32)(tp->rcv_nxt - tp->copied_seq);

	if (tp->listener) {
		m->idiag_rqueue = tp->listener->accept_count;
		m->idiag_wqueue = tp->listener->max_backlog;
		return;
	}
	m->idiag_rqueue = unread > 0 ? (u32)unread : 0;
	m->idiag_wqueue = tp->write_seq - tp->snd_una;
}

static bool put_congestion(const struct nl_target *to, struct nlmsghdr *nlh, const struct diag_request *rq,
			   const struct tcp_sock *tp)
{
	u32 info[8] = { 0 };
	size_t info_bytes;
	int attr;

	if ((rq->ext & (1U << (INET_DIAG_CONG - 1))) && !nla_put_string(to->skb, nlh, INET_DIAG_CONG, tp->ca_ops->name))
		return false;
	if (tp->inet.sk.state >= TCP_TIME_WAIT || !tp->ca_ops->get_info ||
	    !(rq->ext & (1U << (INET_DIAG_VEGASINFO - 1))))
		return true;
	info_bytes = tp->ca_ops->get_info(tp, &attr, info);
	return nla_put(to->skb, nlh, (u16)attr, info, info_bytes);
}

static bool put_tcp(const struct nl_target *to, struct nlmsghdr *nlh, const struct diag_request *rq,
		    const struct tcp_sock *tp)
{
	struct tcp_info info;

	if (rq->ext & (1U << (INET_DIAG_INFO - 1))) {
		tcp_get_info(tp, &info);
		if (!nla_put(to->skb, nlh, INET_DIAG_INFO, &info, sizeof(info)))
			return false;
	}
	return put_congestion(to, nlh, rq, tp);
}

/* @inactive: only bound; it has no connection to tell of. */
static bool fill_sock(const struct nl_target *to, const struct diag_request *rq, const struct tcp_sock *tp,
		      bool inactive)
{
	const struct sock *sk = &tp->inet.sk;
	struct diag_entry e;
	struct nlmsghdr *nlh;

	diag_entry_of(&tp->inet, &e);
	nlh = diag_put(to, &e, sk->state, sk->cookie);
	if (!nlh)
		return false;
	fill_timer(diag_msg(nlh), tp);
	fill_queues(diag_msg(nlh), tp);
	if (!diag_put_common(to, nlh, rq, &tp->inet, true) || !diag_put_meminfo(to, nlh, rq, sk))
		return false;
	if (!inactive && !put_tcp(to, nlh, rq, tp))
		return false;
	nlmsg_end(to->skb, nlh);
	return true;
}

/* As its program sees it: of a socket of both families IPv4's is ::ffff:a.b.c.d. */
static void put_addr(const struct tcp_conn *c, const union tcp_addr *a, __be32 out[static 4])
{
	memset(out, 0, 4 * sizeof(out[0]));
	if (c->family == AF_INET6) {
		memcpy(out, a->v6, sizeof(a->v6));
	} else if (c->sk_family == AF_INET6) {
		out[2] = CONST_BE32(0xffffU);
		out[3] = a->v4;
	} else {
		out[0] = a->v4;
	}
}

static void entry_of_conn(const struct tcp_conn *c, u32 mark, struct diag_entry *e)
{
	e->family = c->sk_family;
	e->sport = c->num;
	e->dport = be16_to_cpu(c->dport);
	put_addr(c, &c->rcv_saddr, e->saddr);
	put_addr(c, &c->daddr, e->daddr);
	e->ifindex = c->bound_dev_if;
	e->mark = mark;
	e->autobound = true; /* of one that has no socket nobody remembers */
}

/* A request and a TIME_WAIT have no socket, and so no number: the hash of their addresses tells one from another. */
static bool fill_mini(const struct nl_target *to, const struct diag_request *rq, const struct tcp_conn *c, u8 state,
		      u32 mark, u8 timer, u8 retrans, const struct timer *t)
{
	struct diag_entry e;
	struct nlmsghdr *nlh;

	entry_of_conn(c, mark, &e);
	nlh = diag_put(to, &e, state, c->hash);
	if (!nlh)
		return false;
	diag_msg(nlh)->idiag_timer = timer;
	diag_msg(nlh)->idiag_retrans = retrans;
	diag_msg(nlh)->idiag_expires = ms_until(rq->net, t->expires);
	if (rq->admin && !nla_put_u32(to->skb, nlh, INET_DIAG_MARK, mark))
		return false;
	nlmsg_end(to->skb, nlh);
	return true;
}

static struct tcp_sock *sock_of(const struct tcp_conn *c)
{
	return container_of(c, struct tcp_sock, conn);
}
static struct tcp_request_sock *request_of(const struct tcp_conn *c)
{
	return container_of(c, struct tcp_request_sock, conn);
}
static struct tcp_timewait_sock *timewait_of(const struct tcp_conn *c)
{
	return container_of(c, struct tcp_timewait_sock, conn);
}

static u8 conn_state(const struct tcp_conn *c)
{
	switch (c->kind) {
	case TCP_CONN_SOCK:
		return sock_of(c)->inet.sk.state;
	case TCP_CONN_REQUEST:
		return TCP_SYN_RECV;
	default:
		return timewait_of(c)->substate;
	}
}

static bool fill_conn(const struct nl_target *to, const struct diag_request *rq, const struct tcp_conn *c)
{
	const struct tcp_timewait_sock *tw;
	const struct tcp_request_sock *req;

	switch (c->kind) {
	case TCP_CONN_SOCK:
		return fill_sock(to, rq, sock_of(c), false);
	case TCP_CONN_REQUEST:
		req = request_of(c);
		return fill_mini(to, rq, c, TCP_SYN_RECV, req->mark, TIMER_RETRANS, req->num_retrans, &req->timer);
	default:
		tw = timewait_of(c);
		return fill_mini(to, rq, c, tw->substate, tw->mark, TIMER_TIMEWAIT, 0, &tw->timer);
	}
}

static bool conn_wanted(const struct diag_request *rq, const struct tcp_conn *c)
{
	struct diag_entry e;

	if (c->sk_family != rq->family)
		return false;
	if (c->kind == TCP_CONN_SOCK)
		diag_entry_of(&sock_of(c)->inet, &e);
	else
		entry_of_conn(c, c->kind == TCP_CONN_REQUEST ? request_of(c)->mark : timewait_of(c)->mark, &e);
	return diag_wants(rq, conn_state(c), &e);
}

/* ------------------------------------------------------------------ all of them */

/* Where a dump is: listeners and bound sockets first, by cookie; then the table of connections, by its cursor. */
enum { AT_PHASE, AT_CURSOR, AT_SKIP }; /* cb->args */
enum { PHASE_SOCKETS, PHASE_CONNECTIONS };

static bool is_inactive(const struct sock *sk)
{
	return sk->state == TCP_CLOSE && inet_sk(sk)->num;
}

static bool socket_wanted(const struct diag_request *rq, const struct sock *sk)
{
	struct diag_entry e;

	if (sk->type != SOCK_STREAM || sk->family != rq->family || (sk->state != TCP_LISTEN && !is_inactive(sk)))
		return false;
	diag_entry_of(inet_sk(sk), &e);
	return diag_wants(rq, sk->state == TCP_LISTEN ? TCP_LISTEN : BOUND_INACTIVE, &e);
}

static int sockets_dump(struct sk_buff *skb, struct netlink_callback *cb, const struct diag_request *rq)
{
	const struct nl_target to = diag_target(skb, cb, rq);
	const struct sock *sk;

	if (!(rq->states & (TCPF_LISTEN | 1U << BOUND_INACTIVE)))
		return 0;
	list_for_each_entry(sk, &rq->net->sock->sockets, net_node) {
		if (sk->cookie <= cb->args[AT_CURSOR] || !socket_wanted(rq, sk))
			continue;
		if (!fill_sock(&to, rq, tcp_sk(sk), sk->state != TCP_LISTEN))
			return 1;
		cb->args[AT_CURSOR] = sk->cookie;
	}
	return 0;
}

struct conn_scan {
	struct nl_target to;
	const struct diag_request *rq;
	u64 skip, told; /* of the objects of one run: these were told in the piece before; these now */
	bool full;
};

static void scan_conn(void *ctx, void *obj)
{
	struct conn_scan *scan = ctx;
	const struct tcp_conn *c = obj;

	if (scan->full || !conn_wanted(scan->rq, c))
		return;
	if (scan->told >= scan->skip && !fill_conn(&scan->to, scan->rq, c))
		scan->full = true;
	else
		scan->told++;
}

/* A run that does not fit begins again in the next piece, without those that were told. */
static int connections_dump(struct sk_buff *skb, struct netlink_callback *cb, const struct diag_request *rq)
{
	struct conn_scan scan = { .to = diag_target(skb, cb, rq), .rq = rq };

	for (u32 runs = 0; runs < SCAN_RUNS; runs++) {
		u64 next;

		scan.skip = cb->args[AT_SKIP];
		scan.told = 0;
		next = htable_scan(&rq->net->tcp->ehash, cb->args[AT_CURSOR], SCAN_SLOTS, scan_conn, &scan);
		cb->args[AT_SKIP] = scan.full ? scan.told : 0;
		if (scan.full)
			return 1;
		if (!next)
			return 0;
		cb->args[AT_CURSOR] = next;
	}
	cb->pause = true;
	return 1;
}

static int tcp_diag_dump(struct sk_buff *skb, struct netlink_callback *cb, const struct diag_request *rq)
{
	if (cb->args[AT_PHASE] == PHASE_SOCKETS) {
		if (sockets_dump(skb, cb, rq))
			return 1;
		cb->args[AT_PHASE] = PHASE_CONNECTIONS;
		cb->args[AT_CURSOR] = 0;
	}
	return connections_dump(skb, cb, rq);
}

/* ------------------------------------------------------------------ one of them */

static const u8 mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

/* ::ffff:a.b.c.d is asked for as a.b.c.d, whose packets it has. */
static void key_addrs(const struct diag_request *rq, struct tcp_conn *key)
{
	const __be32 *src = rq->id.idiag_src, *dst = rq->id.idiag_dst;
	u32 at = 0;

	if (key->family == AF_INET6 && !memcmp(src, mapped_prefix, sizeof(mapped_prefix)) &&
	    !memcmp(dst, mapped_prefix, sizeof(mapped_prefix))) {
		key->family = AF_INET;
		at = 3;
	}
	if (key->family == AF_INET) {
		key->daddr.v4 = dst[at];
		key->rcv_saddr.v4 = src[at];
	} else {
		memcpy(key->daddr.v6, dst, sizeof(key->daddr.v6));
		memcpy(key->rcv_saddr.v6, src, sizeof(key->rcv_saddr.v6));
	}
}

/* A connection with these addresses; else who listens there.  NULL: nobody. */
static struct tcp_conn *conn_find(const struct diag_request *rq)
{
	struct tcp_conn key = {
		.family = rq->family,
		.num = be16_to_cpu((__force __be16)rq->id.idiag_sport),
		.dport = (__force __be16)rq->id.idiag_dport,
		.bound_dev_if = (int)rq->id.idiag_if,
	};
	struct tcp_sock *listener;
	struct tcp_conn *c;

	key_addrs(rq, &key);
	tcp_conn_hash(rq->net, &key);
	c = tcp_ehash_lookup(rq->net, &key);
	if (!c) {
		listener = tcp_listener_lookup(rq->net, &key);
		c = listener ? &listener->conn : NULL;
	}
	if (!c || !diag_cookie_ok(rq, c->kind == TCP_CONN_SOCK ? sock_of(c)->inet.sk.cookie : c->hash))
		return NULL;
	return c;
}

static int tcp_diag_get(const struct nl_target *to, const struct diag_request *rq)
{
	const struct tcp_conn *c = conn_find(rq);

	if (!c)
		return -ENOENT;
	return fill_conn(to, rq, c) ? 0 : -EMSGSIZE;
}

static bool needs_reset(u8 state)
{
	return TCPF(state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT | TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2 | TCPF_SYN_RECV);
}

/* @linux tcp_abort */
static void abort_sock(struct tcp_sock *tp)
{
	struct sock *sk = sock_hold(&tp->inet.sk); /* whoever is told may close it */

	if (sk->state == TCP_LISTEN) {
		tcp_set_state(tp, TCP_CLOSE);
		tcp_listen_stop(tp);
	}
	if (needs_reset(sk->state))
		tcp_send_active_reset(tp);
	tcp_done_with_error(tp, ECONNABORTED);
	sock_put(sk);
}

static int tcp_diag_destroy(const struct diag_request *rq)
{
	struct tcp_conn *c = conn_find(rq);

	if (!c)
		return -ENOENT;
	switch (c->kind) {
	case TCP_CONN_SOCK:
		abort_sock(sock_of(c));
		return 0;
	case TCP_CONN_REQUEST:
		tcp_request_drop(request_of(c));
		return 0;
	default:
		tcp_timewait_kill(timewait_of(c));
		return 0;
	}
}

const struct diag_handler tcp_diag_handler = { IPPROTO_TCP, tcp_diag_dump, tcp_diag_get, tcp_diag_destroy };
