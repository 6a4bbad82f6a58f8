// SPDX-License-Identifier: BSD-2-Clause
/* To whom a segment belongs, whatever its addresses are.
 *
 * @step receive path, from tcp/tcp_ipv4.c tcp_ipv6.c, to tcp/tcp_input.c   @rfc 9293 3.10.7   @linux net/ipv4/tcp_ipv4.c
 *
 * Reading order: tcp_deliver(), deliver_to_*(), tcp_send_reset().
 */
#include "tcp/tcp_deliver.h"

#include <errno.h>

#include "net.h"
#include "socket/filter.h"

/* ------------------------------------------------------------------ nobody's */

/* RFC 9293 3.10.7.1: a reset that the sender will believe. */
void tcp_send_reset(struct net *net, struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	const struct tcp_af_ops *af = tcp_skb_af(skb);
	struct tcp_reply reply = { .flags = TCPHDR_RST };

	if ((th->flags & TCPHDR_RST) || !af->is_unicast(skb))
		return;
	if (th->flags & TCPHDR_ACK) {
		reply.seq = be32_to_cpu(th->ack_seq);
	} else {
		reply.flags |= TCPHDR_ACK;
		reply.ack = TCP_SKB_CB(skb)->end_seq;
	}
	af->send_reply(net, skb, &reply);
}

/* ------------------------------------------------------------------ whose is it? */

static void nobody_wants(struct net *net, struct sk_buff *skb)
{
	tcp_send_reset(net, skb);
	kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
}

/* A filter, or a hop count that is too low: the program does not want to hear of it. */
static bool socket_refuses(struct sock *sk, struct sk_buff *skb)
{
	u32 keep;

	if (unlikely(tcp_sk(sk)->reads_header) && tcp_skb_af(skb)->too_far(tcp_sk(sk), skb)) {
		TCP_INC(sk->net, TCPMinTTLDrop);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_MINTTL);
		return true;
	}
	if (likely(!sk->filter))
		return false;
	keep = skb->len;
	if (sk_filter_run(sk, skb, tcp_hdrlen_bytes(tcp_hdr(skb)))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_FILTER);
		return true;
	}
	TCP_SKB_CB(skb)->end_seq -= keep - skb->len;
	return false;
}

static void deliver_to_sock(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct sock *sk = tcp_sock_of(tp);
	struct net *net = sk->net;
	enum skb_drop_reason reason;

	if (socket_refuses(sk, skb))
		return;
	sock_hold(sk);
	tcp_segs_in(tp, skb);
	if (likely(sk->state == TCP_ESTABLISHED)) {
		tcp_rcv_established(tp, skb);
	} else {
		reason = tcp_rcv_state_process(tp, skb);
		if (reason) {
			tcp_send_reset(net, skb);
			kfree_skb_reason(skb, reason);
		}
	}
	sock_put(sk);
}

static void deliver_to_request(struct net *net, struct tcp_request_sock *req, struct sk_buff *skb)
{
	enum skb_drop_reason reason = SKB_NOT_DROPPED_YET;
	struct tcp_sock *listener = req->listener, *child;
	struct sock *hold = sock_hold(tcp_sock_of(listener));

	if (!socket_refuses(hold, skb)) {
		child = tcp_check_req(req, skb, false, &reason);
		if (!child) {
			kfree_skb_reason(skb, reason ? reason : SKB_DROP_REASON_NO_SOCKET);
		} else if (child == listener) {
			tcp_send_reset(net, skb);
			kfree_skb_reason(skb, reason ? reason : SKB_DROP_REASON_TCP_INVALID_ACK_SEQUENCE);
		} else {
			tcp_child_process(child, skb);
		}
	}
	sock_put(hold);
}

/* An ACK may be of a SYN-ACK that only its cookie remembers. */
static void ack_for_listener(struct net *net, struct tcp_sock *listener, struct sk_buff *skb,
			     const struct ip_options *opt)
{
	enum skb_drop_reason reason = SKB_NOT_DROPPED_YET;
	struct tcp_sock *child = tcp_cookie_check(listener, skb, opt, &reason);

	if (child) {
		tcp_child_process(child, skb);
		return;
	}
	if (reason != SKB_DROP_REASON_TCP_LISTEN_OVERFLOW) /* else it is as if it were lost */
		tcp_send_reset(net, skb);
	kfree_skb_reason(skb, reason ? reason : SKB_DROP_REASON_TCP_FLAGS);
}

static void deliver_to_listener(struct tcp_sock *listener, struct sk_buff *skb, u32 isn, const struct ip_options *opt)
{
	struct sock *hold = sock_hold(tcp_sock_of(listener));
	u8 flags = tcp_hdr(skb)->flags;
	enum skb_drop_reason reason;

	if (socket_refuses(hold, skb)) {
		sock_put(hold);
		return;
	}
	if (flags & TCPHDR_RST) {
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_RESET);
	} else if (flags & TCPHDR_ACK) {
		ack_for_listener(hold->net, listener, skb, opt);
	} else if ((flags & (TCPHDR_SYN | TCPHDR_FIN)) != TCPHDR_SYN || !tcp_skb_af(skb)->is_unicast(skb)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_FLAGS);
	} else {
		reason = tcp_conn_request(listener, skb, isn, opt);
		if (reason)
			kfree_skb_reason(skb, reason);
		else
			consume_skb(skb);
	}
	sock_put(hold);
}

static void timewait_ack(struct net *net, const struct tcp_timewait_sock *tw, struct sk_buff *skb)
{
	struct tcp_reply reply = { .flags = TCPHDR_ACK,
				   .tw = tw,
				   .seq = tw->snd_nxt,
				   .ack = tw->rcv_nxt,
				   .window = tw->rcv_wnd >> tw->rcv_wscale,
				   .tos = tw->tos,
				   .mark = tw->mark,
				   .has_ts = tw->ts_recent_stamp != 0,
				   .tsval = tcp_clock_ms(net) + tw->ts_offset,
				   .tsecr = tw->ts_recent };

	tcp_skb_af(skb)->send_reply(net, skb, &reply);
}

static void deliver_to_timewait(struct net *net, struct tcp_timewait_sock *tw, struct sk_buff *skb,
				const struct tcp_conn *key, const struct ip_options *opt)
{
	enum skb_drop_reason reason = SKB_NOT_DROPPED_YET;
	struct tcp_sock *listener;
	u32 isn = 0;

	switch (tcp_timewait_state_process(tw, skb, &isn, &reason)) {
	case TCP_TW_SYN:
		listener = tcp_listener_lookup(net, key);
		if (listener) {
			tcp_timewait_kill(tw);
			deliver_to_listener(listener, skb, isn, opt);
			return;
		}
		__fallthrough;
	case TCP_TW_ACK:
		timewait_ack(net, tw, skb);
		break;
	case TCP_TW_RST:
		tcp_send_reset(net, skb);
		tcp_timewait_kill(tw);
		break;
	default:
		break;
	}
	if (reason)
		kfree_skb_reason(skb, reason);
	else
		consume_skb(skb);
}

/* Of several workers another one may have the connection, whoever listens; or a listener, if there is none here.
 * Return: true: @skb was taken */
static __cold bool pass_on(struct net *net, const struct tcp_sock *listener, struct sk_buff *skb,
			   const struct tcp_conn *key)
{
	bool is_syn = (tcp_hdr(skb)->flags & (TCPHDR_SYN | TCPHDR_ACK | TCPHDR_RST)) == TCPHDR_SYN;

	if (is_syn && listener)
		return false;
	return net_skb_pass(net, is_syn ? NET_PORTS_TCP_LISTEN : NET_PORTS_TCP, key->num, skb);
}

void tcp_deliver(struct sk_buff *skb, struct tcp_conn *key, const struct ip_options *opt)
{
	struct net *net = skb->pool->net;
	struct tcp_sock *listener;
	struct tcp_conn *c;

	tcp_conn_hash(net, key);
	c = tcp_ehash_lookup(net, key);
	if (likely(c && c->kind == TCP_CONN_SOCK)) {
		deliver_to_sock(container_of(c, struct tcp_sock, conn), skb);
	} else if (c && c->kind == TCP_CONN_REQUEST) {
		deliver_to_request(net, container_of(c, struct tcp_request_sock, conn), skb);
	} else if (c) {
		deliver_to_timewait(net, container_of(c, struct tcp_timewait_sock, conn), skb, key, opt);
	} else {
		listener = tcp_listener_lookup(net, key);
		if (unlikely(net->worker) && pass_on(net, listener, skb, key))
			return;
		if (listener)
			deliver_to_listener(listener, skb, 0, opt);
		else
			nobody_wants(net, skb);
	}
}
