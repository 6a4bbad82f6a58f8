// SPDX-License-Identifier: BSD-2-Clause
/* Segments for connections that are not sockets yet, or not any more: requests and TIME_WAITs; the birth of a socket.
 *
 * @rfc 9293 3.10.7, 7323 5, 5961, 1337, 6191   @linux net/ipv4/tcp_minisocks.c
 *
 * Reading order: tcp_check_req(), tcp_syn_recv_sock(), tcp_create_openreq_child(), tcp_child_process(); tcp_time_wait(),
 * tcp_timewait_state_process().
 */
#include <errno.h>
#include <string.h>

#include "net.h"
#include "socket/inet6_sock.h"
#include "tcp/tcp_conn.h"

/* ------------------------------------------------------------------ old timestamps */

static bool paws_ok(const struct net *net, const struct tcp_options_received *rx_opt)
{
	if ((s32)(rx_opt->ts_recent - rx_opt->rcv_tsval) <= 0)
		return true;
	if (net->now >= rx_opt->ts_recent_stamp + TCP_PAWS_24DAYS)
		return true;
	/* some say 0 in their SYN, and begin to count later */
	return !rx_opt->ts_recent;
}

/* A host that was rebooted has lost its clock: after a minute its resets are believed. */
bool tcp_paws_reject(const struct net *net, const struct tcp_options_received *rx_opt, bool rst)
{
	if (paws_ok(net, rx_opt))
		return false;
	return !rst || net->now < rx_opt->ts_recent_stamp + TCP_PAWS_MSL;
}

/* ------------------------------------------------------------------ a segment for a request */

/* what a segment says to a request */
struct req_segment {
	struct tcp_options_received opt;
	u32 seq, end_seq;
	u8 flags;
	bool paws_reject, tsecr_reject;
};

static void req_segment_read(const struct tcp_request_sock *req, const struct sk_buff *skb, bool fastopen,
			     struct req_segment *seg)
{
	const struct net *net = tcp_req_net(req);

	*seg = (struct req_segment){ .seq = TCP_SKB_CB(skb)->seq, .end_seq = TCP_SKB_CB(skb)->end_seq };
	seg->flags = tcp_hdr(skb)->flags & (TCPHDR_RST | TCPHDR_SYN | TCPHDR_ACK);
	tcp_parse_options(net, skb, &seg->opt, false, NULL);
	if (!seg->opt.saw_tstamp)
		return;
	seg->opt.ts_recent = req->ts_recent;
	seg->opt.ts_recent_stamp = net->now - tcp_request_timeout(req); /* no better estimate is kept */
	if (seg->opt.rcv_tsecr && req->tstamp_ok && !fastopen)
		seg->tsecr_reject = !between(seg->opt.rcv_tsecr, req->snt_tsval_first, req->snt_tsval_last);
	seg->paws_reject = tcp_paws_reject(net, &seg->opt, seg->flags & TCPHDR_RST);
}

/* The SYN again: our answer was lost. */
static void syn_again(struct tcp_request_sock *req, const struct sk_buff *skb, bool fastopen)
{
	struct net *net = tcp_req_net(req);

	if (tcp_oow_rate_limited(net, skb, &net->tcp->mib.TCPACKSkippedSynRecv, &req->last_oow_ack_time))
		return;
	if (tcp_rtx_synack(req) || fastopen)
		return;
	mod_timer(net->timers, &req->timer, net->now + tcp_request_timeout(req));
}

static void request_ack(struct tcp_request_sock *req, struct sk_buff *skb)
{
	struct net *net = tcp_req_net(req);
	struct tcp_reply reply = {
		.flags = TCPHDR_ACK,
		.seq = req->fastopen_sk ? req->fastopen_sk->snd_nxt : req->snt_isn + 1,
		.ack = req->rcv_nxt,
		.window = min_u32(req->rcv_wnd, 65535) >> req->rcv_wscale,
		.has_ts = req->tstamp_ok,
		.tsval = tcp_clock_ms(net) + req->ts_off,
		.tsecr = req->ts_recent,
		.tos = req->listener->inet.tos,
		.mark = req->mark,
	};

	req->af->send_reply(net, skb, &reply);
}

static enum skb_drop_reason out_of_window(struct tcp_request_sock *req, struct sk_buff *skb,
					  const struct req_segment *seg)
{
	struct net *net = tcp_req_net(req);

	if (!(seg->flags & TCPHDR_RST) &&
	    !tcp_oow_rate_limited(net, skb, &net->tcp->mib.TCPACKSkippedSynRecv, &req->last_oow_ack_time))
		request_ack(req, skb);
	if (seg->paws_reject) {
		TCP_INC(net, PAWSEstab);
		return SKB_DROP_REASON_TCP_RFC7323_PAWS;
	}
	if (seg->tsecr_reject) {
		TCP_INC(net, TSEcrRejected);
		return SKB_DROP_REASON_TCP_RFC7323_TSECR;
	}
	return SKB_DROP_REASON_TCP_OVERWINDOW;
}

/* @skb ends the request: a SYN in its window, a reset, or an ACK that nobody takes (tcp_abort_on_overflow). */
static void embryonic_reset(struct tcp_request_sock *req, struct sk_buff *skb, const struct req_segment *seg,
			    bool fastopen)
{
	struct net *net = tcp_req_net(req);

	if (!(seg->flags & TCPHDR_RST)) {
		tcp_send_reset(net, skb);
	} else if (fastopen) {
		struct tcp_sock *child = req->fastopen_sk;

		tcp_fastopen_remove(child, true);
		tcp_reset(child, skb);
		return;
	}
	if (fastopen)
		return;
	tcp_request_drop(req);
	TCP_INC(net, EmbryonicRsts);
}

/* RFC 9293 3.10.7.4 of a request: is it to be answered, or does it end it?  Return: false: it goes on to the ACK */
static bool req_refused(struct tcp_request_sock *req, struct sk_buff *skb, struct req_segment *seg, bool fastopen,
			enum skb_drop_reason *reason)
{
	u32 window = min_u32(req->rcv_wnd, 65535);

	if (seg->paws_reject || seg->tsecr_reject ||
	    !tcp_in_window(seg->seq, seg->end_seq, req->rcv_nxt, req->rcv_nxt + window)) {
		*reason = out_of_window(req, skb, seg);
		return true;
	}
	if (seg->opt.saw_tstamp && !after(seg->seq, req->rcv_nxt))
		req->ts_recent = seg->opt.rcv_tsval;
	if (seg->seq == req->rcv_isn)
		seg->flags &= (u8)~TCPHDR_SYN; /* it lies before the window, and is cut off */
	if ((seg->flags & TCPHDR_RST) &&
	    seg->seq != req->rcv_nxt) { /* RFC 5961 3.2: only exactly the next one counts */
		*reason = SKB_DROP_REASON_TCP_RESET;
		return true;
	}
	if (seg->flags & (TCPHDR_RST | TCPHDR_SYN)) {
		TCP_INC(tcp_req_net(req), AttemptFails);
		*reason = seg->flags & TCPHDR_RST ? SKB_DROP_REASON_TCP_RESET : SKB_DROP_REASON_TCP_INVALID_SYN;
		embryonic_reset(req, skb, seg, fastopen);
		return true;
	}
	*reason = SKB_DROP_REASON_TCP_FLAGS;
	return !(seg->flags & TCPHDR_ACK);
}

struct tcp_sock *tcp_check_req(struct tcp_request_sock *req, struct sk_buff *skb, bool fastopen,
			       enum skb_drop_reason *reason)
{
	struct tcp_sock *listener = req->listener, *child;
	struct net *net = tcp_req_net(req);
	struct tcp_route_metrics m;
	struct req_segment seg;

	req_segment_read(req, skb, fastopen, &seg);
	if (seg.seq == req->rcv_isn && seg.flags == TCPHDR_SYN && !seg.paws_reject) {
		syn_again(req, skb, fastopen);
		*reason = SKB_DROP_REASON_TCP_OLD_SEQUENCE;
		return NULL;
	}
	/* RFC 9293 3.5.2: the ACK of a SYN-ACK that was not sent is reset, and the request stays */
	if ((seg.flags & TCPHDR_ACK) && !fastopen && TCP_SKB_CB(skb)->ack_seq != req->snt_isn + 1)
		return listener;
	if (req_refused(req, skb, &seg, fastopen, reason))
		return NULL;
	if (fastopen)
		return req->fastopen_sk;
	if (req->num_timeout < listener->listener->defer_accept && seg.end_seq == req->rcv_isn + 1) {
		req->acked = true;
		TCP_INC(net, TCPDeferAcceptDrop);
		*reason = SKB_DROP_REASON_TCP_FLAGS;
		return NULL;
	}
	child = tcp_syn_recv_sock(listener, skb, req);
	if (!child) {
		*reason = SKB_DROP_REASON_TCP_LISTEN_OVERFLOW;
		if (net->tcp->sysctl.abort_on_overflow)
			embryonic_reset(req, skb, &seg, false);
		else
			req->acked = true;
		return NULL;
	}
	tcp_request_unlink(req);
	child->af->route_metrics(child, &m);
	tcp_route_settings(child, &m);
	tcp_synack_rtt_meas(child, req);
	tcp_accept_queue_add(req, child);
	return child;
}

/* ------------------------------------------------------------------ the birth of a socket */

/* What setsockopt() said to the listener. */
static void child_options(struct tcp_sock *child, const struct tcp_sock *listener)
{
	child->nonagle = listener->nonagle;
	tcp_opts_share(child, listener);
	child->syn_retries = listener->syn_retries;
	child->rto_min = listener->rto_min;
	child->fastopen_no_cookie = listener->fastopen_no_cookie;
	child->thin_lto = listener->thin_lto;
	child->reads_header = listener->reads_header;
	child->recvmsg_inq = listener->recvmsg_inq;
	child->rx_opt.user_mss = listener->rx_opt.user_mss;
	child->scaling_ratio = listener->scaling_ratio;
	if (listener->ca_setsockopt) {
		child->ca_ops = listener->ca_ops;
		child->ca_setsockopt = true;
	}
}

static void child_negotiated(struct tcp_sock *child, const struct tcp_request_sock *req, const struct sk_buff *skb)
{
	struct tcp_options_received *rx_opt = &child->rx_opt;
	ktime_t now = tcp_net_of(child)->now;

	child->window_clamp = req->window_clamp;
	child->rcv_ssthresh = req->rcv_wnd;
	child->rcv_wnd = req->rcv_wnd;
	rx_opt->mss_clamp = req->mss;
	rx_opt->sack_ok = req->sack_ok;
	rx_opt->wscale_ok = req->wscale_ok;
	rx_opt->snd_wscale = req->wscale_ok ? req->snd_wscale : 0;
	rx_opt->rcv_wscale = req->wscale_ok ? req->rcv_wscale : 0;
	if (!req->wscale_ok)
		child->window_clamp = min_u32(child->window_clamp, 65535);
	child->snd_wnd = (u32)be16_to_cpu(tcp_hdr(skb)->window) << rx_opt->snd_wscale;
	child->max_window = child->snd_wnd;
	child->tcp_header_len = sizeof(struct tcphdr);
	rx_opt->tstamp_ok = req->tstamp_ok;
	rx_opt->ts_recent_stamp = 0;
	child->tsoffset = req->ts_off;
	if (req->tstamp_ok) {
		rx_opt->ts_recent = req->ts_recent;
		rx_opt->ts_recent_stamp = now ? now : 1;
		child->tcp_header_len = sizeof(struct tcphdr) + TCPOLEN_TSTAMP_ALIGNED;
	}
	child->ecn_flags = req->ecn_ok ? TCP_ECN_OK : 0;
}

static void child_sequence(struct tcp_sock *child, const struct tcp_request_sock *req)
{
	ktime_t now = tcp_net_of(child)->now;

	child->rcv_nxt = child->rcv_wup = child->copied_seq = req->rcv_isn + 1;
	child->snd_nxt = child->snd_una = child->snd_sml = child->snd_up = req->snt_isn + 1;
	child->write_seq = child->pushed_seq = req->snt_isn + 1;
	child->snd_wl1 = req->rcv_isn;
	child->segs_in = 1;
	child->ack.lrcvtime = now;
	child->lsndtime = now;
	child->total_retrans = req->num_retrans;
	if (!req->num_timeout)
		return;
	/* the handshake lost something: as a connection that began with timeouts */
	child->total_rto = req->num_timeout;
	child->undo_marker = req->snt_isn;
	child->total_rto_recoveries = 1;
	if (req->snt_synack)
		child->total_rto_time_ms = (u32)((now - req->snt_synack) / NSEC_PER_MSEC);
}

static struct tcp_sock *tcp_create_openreq_child(struct tcp_sock *listener, struct tcp_request_sock *req,
						 struct sk_buff *skb)
{
	struct sock *sk = sock_clone(tcp_sock_of(listener));
	struct tcp_sock *child = tcp_sk(sk);
	u32 sndbuf_bytes, rcvbuf_bytes;

	if (!sk)
		return NULL;
	inet_sock_clone(sk, tcp_sock_of(listener));
	if (sk->family == AF_INET6 && inet6_sock_clone(sk, tcp_sock_of(listener))) {
		sock_put(sk);
		return NULL;
	}
	sndbuf_bytes = sk->sndbuf_bytes;
	rcvbuf_bytes = sk->rcvbuf_bytes;
	tcp_init_sock(child);
	sk->sndbuf_bytes = sndbuf_bytes;
	sk->rcvbuf_bytes = rcvbuf_bytes;
	child->af = req->af;
	sk->state = TCP_SYN_RECV;
	sk->mark = req->mark;
	child->conn = req->conn;
	child->conn.kind = TCP_CONN_SOCK;
	child->conn.hash = 0;
	child_options(child, listener);
	child_negotiated(child, req, skb);
	child_sequence(child, req);
	if (skb->len >= TCP_MSS_DEFAULT + child->tcp_header_len)
		child->ack.last_seg_size = (u16)(skb->len - child->tcp_header_len);
	return child;
}

/* Ports and the table: then segments find it.  Return: 0, -ENOMEM, -EADDRNOTAVAIL: there is such a connection */
static int child_enter(struct tcp_sock *listener, struct tcp_sock *child, struct tcp_request_sock *req)
{
	struct net *net = tcp_net_of(child);
	int err = tcp_inherit_port(listener, child);

	if (err)
		return err;
	if (!req->conn.hash)
		return tcp_ehash_insert(net, &child->conn);
	tcp_ehash_replace(net, &req->conn, &child->conn);
	return 0;
}

/* Addresses and a route.  One of a listener of both families has IPv4's twice. */
static int child_begin(struct tcp_sock *child, struct tcp_request_sock *req)
{
	int err = child->af->child_route(child, req);

	if (child->conn.family == AF_INET && child->conn.sk_family == AF_INET6)
		tcp_v6_map_child(child, req);
	return err;
}

struct tcp_sock *tcp_syn_recv_sock(struct tcp_sock *listener, struct sk_buff *skb, struct tcp_request_sock *req)
{
	struct net *net = tcp_net_of(listener);
	struct tcp_sock *child;

	if (tcp_accept_queue_full(listener->listener)) {
		TCP_INC(net, ListenOverflows);
		goto drop;
	}
	child = tcp_create_openreq_child(listener, req, skb);
	if (!child)
		goto drop;
	if (child_begin(child, req) || child_enter(listener, child, req)) {
		tcp_set_state(child, TCP_CLOSE); /* nobody knows of it: not a word */
		tcp_forget_child(child);
		goto drop;
	}
	child->advmss = req->advmss;
	tcp_mtup_init(child);
	tcp_sync_mss(child, child->af->mtu(child));
	tcp_initialize_rcv_mss(child);
	if (sock_flag(tcp_sock_of(child), SOCK_F_KEEPALIVE))
		tcp_reset_keepalive_timer(child, tcp_keepalive_time_when(child));
	child->saved_syn = req->saved_syn;
	child->saved_syn_bytes = req->saved_syn_bytes;
	req->saved_syn = NULL;
	TCP_INC(net, PassiveOpens);
	return child;
drop:
	TCP_INC(net, ListenDrops);
	tcp_sock_of(listener)->drops++;
	return NULL;
}

void tcp_child_process(struct tcp_sock *child, struct sk_buff *skb)
{
	struct net *net = tcp_net_of(child);
	enum skb_drop_reason reason;

	tcp_segs_in(child, skb);
	if (child->reads_header)
		(void)tcp_skb_af(skb)->too_far(child, skb); /* the listener was asked whether it is */
	reason = tcp_rcv_state_process(child, skb);

	if (!reason)
		return;
	tcp_send_reset(net, skb);
	kfree_skb_reason(skb, reason);
}

/* ------------------------------------------------------------------ TIME_WAIT */

void tcp_time_wait(struct tcp_sock *tp, enum tcp_state substate, ktime_t after)
{
	struct net *net = tcp_net_of(tp);
	struct tcp_timewait_sock *tw = tcp_timewait_create(tp, substate);
	ktime_t least = tp->rto * 7 / 2; /* our last ACK may be lost as often as any */

	if (!tw) {
		/* too many of them, or no memory: the connection is forgotten, which RFC 9293 does not like */
		TCP_INC(net, TCPTimeWaitOverflow);
		tcp_done(tp);
		return;
	}
	if (after < least)
		after = least;
	if (substate == TCP_TIME_WAIT)
		after = TCP_TIMEWAIT_LEN;
	tcp_timewait_schedule(tw, after);
	if (after <= 4 * NSEC_PER_SEC)
		TCP_INC(net, TWKilled);
	else
		TCP_INC(net, TW);
	tcp_done(tp);
}

/* what a segment says to a TIME_WAIT */
struct tw_segment {
	const struct tcphdr *th;
	struct tcp_options_received opt;
	u32 seq, end_seq;
	bool paws_reject;
};

static void tw_segment_read(const struct tcp_timewait_sock *tw, const struct sk_buff *skb, struct tw_segment *seg)
{
	*seg = (struct tw_segment){ .th = tcp_hdr(skb),
				    .seq = TCP_SKB_CB(skb)->seq,
				    .end_seq = TCP_SKB_CB(skb)->end_seq };
	if (!tw->ts_recent_stamp)
		return;
	tcp_parse_options(tw->net, skb, &seg->opt, false, NULL);
	if (!seg->opt.saw_tstamp)
		return;
	seg->opt.ts_recent = tw->ts_recent;
	seg->opt.ts_recent_stamp = tw->ts_recent_stamp;
	seg->paws_reject = tcp_paws_reject(tw->net, &seg->opt, seg->th->flags & TCPHDR_RST);
}

static void tw_stamp(struct tcp_timewait_sock *tw, const struct tw_segment *seg)
{
	if (!seg->opt.saw_tstamp)
		return;
	tw->ts_recent = seg->opt.rcv_tsval;
	tw->ts_recent_stamp = tw->net->now;
}

static enum tcp_tw_status tw_ack(struct tcp_timewait_sock *tw, const struct sk_buff *skb, u64 *counter)
{
	return tcp_oow_rate_limited(tw->net, skb, counter, &tw->last_oow_ack_time) ? TCP_TW_SUCCESS : TCP_TW_ACK;
}

/* The peer has not closed yet, and nobody here reads what it sends. */
static enum tcp_tw_status fin_wait2_process(struct tcp_timewait_sock *tw, const struct sk_buff *skb,
					    const struct tw_segment *seg, enum skb_drop_reason *reason)
{
	u8 flags = seg->th->flags;

	*reason = SKB_DROP_REASON_TCP_CLOSE;
	if (seg->paws_reject || !tcp_in_window(seg->seq, seg->end_seq, tw->rcv_nxt, tw->rcv_nxt + tw->rcv_wnd))
		return tw_ack(tw, skb, &tw->net->tcp->mib.TCPACKSkippedFinWait2);
	if (flags & TCPHDR_RST) {
		*reason = SKB_DROP_REASON_TCP_RESET;
		tcp_timewait_kill(tw);
		return TCP_TW_SUCCESS;
	}
	if ((flags & TCPHDR_SYN) && !before(seg->seq, tw->rcv_nxt))
		return TCP_TW_RST;
	if (!(flags & TCPHDR_ACK) || !after(seg->end_seq, tw->rcv_nxt) || seg->end_seq == seg->seq)
		return TCP_TW_SUCCESS;
	if (!(flags & TCPHDR_FIN) || seg->end_seq != tw->rcv_nxt + 1)
		return TCP_TW_RST; /* data */
	tw->substate = TCP_TIME_WAIT;
	tw->rcv_nxt = seg->end_seq;
	tw->began = tw->net->now;
	tw_stamp(tw, seg);
	tcp_timewait_schedule(tw, TCP_TIMEWAIT_LEN);
	return TCP_TW_ACK;
}

/* A bare ACK keeps it, a reset at this very place ends it, unless RFC 1337 is heeded. */
static void tw_in_sequence(struct tcp_timewait_sock *tw, const struct tw_segment *seg)
{
	if (seg->th->flags & TCPHDR_RST) {
		if (!tw->net->tcp->sysctl.rfc1337) {
			tcp_timewait_kill(tw);
			return;
		}
	} else {
		tcp_timewait_schedule(tw, TCP_TIMEWAIT_LEN);
	}
	tw_stamp(tw, seg);
}

/* RFC 9293 3.10.7.4, 6191: is it a SYN that cannot be an old one? */
static bool tw_new_syn(const struct tcp_timewait_sock *tw, const struct tw_segment *seg)
{
	if ((seg->th->flags & (TCPHDR_SYN | TCPHDR_RST | TCPHDR_ACK)) != TCPHDR_SYN || seg->paws_reject)
		return false;
	return after(seg->seq, tw->rcv_nxt) || (seg->opt.saw_tstamp && (s32)(tw->ts_recent - seg->opt.rcv_tsval) < 0);
}

enum tcp_tw_status tcp_timewait_state_process(struct tcp_timewait_sock *tw, struct sk_buff *skb, u32 *isn,
					      enum skb_drop_reason *reason)
{
	struct tcp_net *tn = tw->net->tcp;
	struct tw_segment seg;

	tw_segment_read(tw, skb, &seg);
	if (tw->substate == TCP_FIN_WAIT2)
		return fin_wait2_process(tw, skb, &seg, reason);
	*reason = SKB_DROP_REASON_TCP_CLOSE;
	if (!seg.paws_reject && seg.seq == tw->rcv_nxt && (seg.seq == seg.end_seq || (seg.th->flags & TCPHDR_RST))) {
		tw_in_sequence(tw, &seg);
		return TCP_TW_SUCCESS;
	}
	if (tw_new_syn(tw, &seg)) {
		*isn = tw->snd_nxt + 65535 + 2;
		if (!*isn)
			*isn = 1;
		return TCP_TW_SYN;
	}
	if (seg.paws_reject) {
		tn->mib.PAWSTimewait++;
		*reason = SKB_DROP_REASON_TCP_RFC7323_TW_PAWS;
	}
	if (seg.th->flags & TCPHDR_RST)
		return TCP_TW_SUCCESS;
	/* A SYN without ACK may be a new one whose number is smaller by chance: it does not keep the old one alive. */
	if (seg.paws_reject || (seg.th->flags & TCPHDR_ACK))
		tcp_timewait_schedule(tw, TCP_TIMEWAIT_LEN);
	return tw_ack(tw, skb, &tn->mib.TCPACKSkippedTimeWait);
}
