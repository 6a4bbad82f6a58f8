/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of tables, listeners, requests and TIME_WAIT know of each other. */
#ifndef NETHOOD_TCP_TCP_CONN_H
#define NETHOOD_TCP_TCP_CONN_H

#include "base/byteorder.h"
#include "tcp/tcp.h"
#include "wire/tcp.h"

/** struct tcp_listen_slot - those who listen on one address and port: on several devices, or by SO_REUSEPORT */
struct tcp_listen_slot {
	u64 hash;
	union tcp_addr addr;
	u16 port;
	u8 family;
	u32 count;
	struct list_head listeners; /**< struct tcp_listener, by port_node */
	struct tcp_sock *only;      /**< the one that listens, if count is 1 */
};

static inline struct tcp_request_sock *tcp_reqsk(struct tcp_conn *c)
{
	return (struct tcp_request_sock *)(void *)c; /* conn is its first member */
}
static inline struct tcp_timewait_sock *tcp_twsk(struct tcp_conn *c)
{
	return (struct tcp_timewait_sock *)(void *)c; /* same */
}
static inline struct net *tcp_req_net(const struct tcp_request_sock *req)
{
	return tcp_net_of(req->listener);
}
static inline struct tcphdr *tcp_hdr(const struct sk_buff *skb)
{
	return (struct tcphdr *)(void *)skb_transport_header(skb);
}

/** tcp_skb_af() - of whose addresses a segment that came is */
static inline const struct tcp_af_ops *tcp_skb_af(const struct sk_buff *skb)
{
	if (skb_network_header(skb)[0] >> 4 == 6)
		return &tcp_ipv6_ops;
	return &tcp_ipv4_ops;
}

static inline u32 tcp_addr_bytes(u8 family)
{
	return family == AF_INET ? 4 : 16;
}
static inline bool tcp_addr_equal(u8 family, const union tcp_addr *a, const union tcp_addr *b)
{
	return family == AF_INET ? a->v4 == b->v4 : !memcmp(a->v6, b->v6, sizeof(a->v6));
}
static inline bool tcp_addr_any(u8 family, const union tcp_addr *a)
{
	static const union tcp_addr any;

	return tcp_addr_equal(family, a, &any);
}

/** tcp_accept_queue_full() - @linux sk_acceptq_is_full: one more than was asked for fits */
static inline bool tcp_accept_queue_full(const struct tcp_listener *l)
{
	return l->accept_count > l->max_backlog;
}

/** tcp_in_window() - does a segment touch [@win, @end_win]?  @rfc 9293 3.4 */
static inline bool tcp_in_window(u32 seq, u32 end_seq, u32 win, u32 end_win)
{
	if (seq == win)
		return true;
	if (after(end_seq, win) && before(seq, end_win))
		return true;
	return seq == end_win && seq == end_seq;
}
/** tcp_paws_reject() - is the timestamp of @rx_opt too old?  @rfc 7323 5.3; @rst: a RST after more than a minute is obeyed */
bool tcp_paws_reject(const struct net *net, const struct tcp_options_received *rx_opt, bool rst);

/* ---- tcp_port.c */
/** tcp_bind_timewait() - @tw has the port that @tp has */
void tcp_bind_timewait(const struct tcp_sock *tp, struct tcp_timewait_sock *tw);
void tcp_unbind_timewait(struct net *net, struct tcp_timewait_sock *tw);

/* ---- tcp_timewait.c */
/** tcp_timewait_create() - what stays of @tp: in the table in its place, on its port.  Return: NULL: too many, or no memory */
struct tcp_timewait_sock *tcp_timewait_create(struct tcp_sock *tp, enum tcp_state substate);
/** tcp_timewait_schedule() - it goes @after from now */
void tcp_timewait_schedule(struct tcp_timewait_sock *tw, ktime_t after);

/* ---- tcp_request.c */
/** tcp_request_alloc() - for the SYN (or, with a cookie, the ACK) in @skb; returned, in no table; NULL: no memory */
struct tcp_request_sock *tcp_request_alloc(struct tcp_sock *listener, const struct sk_buff *skb);
/** tcp_request_window() - the window that @req offers */
void tcp_request_window(struct tcp_request_sock *req, const struct tcp_route_metrics *m);
/** tcp_request_unlink() - @req waits for the handshake no more: out of the listener, out of the table, timer off */
void tcp_request_unlink(struct tcp_request_sock *req);
/** tcp_request_timeout() - when its SYN-ACK is due again */
ktime_t tcp_request_timeout(const struct tcp_request_sock *req);
/** tcp_accept_queue_add() - @child of @req can be accepted */
void tcp_accept_queue_add(struct tcp_request_sock *req, struct tcp_sock *child);
/** tcp_send_synack_skb() - a SYN-ACK of @req leaves.  Return: 0, -errno */
int tcp_send_req_synack(struct tcp_request_sock *req, const struct tcp_fastopen_cookie *foc);

/* ---- tcp_listen.c */
/** tcp_forget_child() - a connection that nobody accepts: the peer is told */
void tcp_forget_child(struct tcp_sock *child);

/* ---- tcp_fastopen.c */
/** tcp_fastopen_add_skb() - data of a SYN or SYN-ACK, @skb borrowed, is next to be read */
void tcp_fastopen_add_skb(struct tcp_sock *tp, struct sk_buff *skb);
void tcp_fastopen_listen_start(struct tcp_sock *listener, int backlog);

#endif
