// SPDX-License-Identifier: BSD-2-Clause
/* A segment for a connection: is it acceptable, and what does it change?
 *
 * @rfc 9293 3.10.7, 5961, 7323 5, 1337   @linux net/ipv4/tcp_input.c
 *
 * Reading order: tcp_rcv_established(), tcp_rcv_state_process(), tcp_validate_incoming(), tcp_rcv_synsent(), tcp_fin(),
 * tcp_reset().
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/byteorder.h"
#include "tcp/tcp_output.h"
#include "wire/tcp.h"

static const struct tcphdr *tcp_hdr(const struct sk_buff *skb)
{
	return (const struct tcphdr *)(const void *)skb_transport_header(skb);
}

/* ------------------------------------------------------------------ answers to what is not acceptable */

/* One answer per connection and interval, so that two ends that disagree do not shout at each other.  Data is let through:
 * who sends it lost our ACK. */
bool tcp_oow_rate_limited(struct net *net, const struct sk_buff *skb, u64 *counter, ktime_t *last)
{
	ktime_t interval = (ktime_t)net->tcp->sysctl.invalid_ratelimit_ms * NSEC_PER_MSEC;

	if (TCP_SKB_CB(skb)->seq != TCP_SKB_CB(skb)->end_seq && !(TCP_SKB_CB(skb)->flags & TCPHDR_SYN))
		return false;
	if (*last && net->now - *last >= 0 && net->now - *last < interval) {
		(*counter)++;
		return true;
	}
	*last = net->now ? net->now : 1;
	return false;
}

/* RFC 5961 7: of one connection as above, and of the whole net, with a random share that nobody can count. */
void tcp_send_challenge_ack(struct tcp_sock *tp)
{
	struct net *net = tcp_net_of(tp);
	struct tcp_net *tn = net->tcp;
	ktime_t interval = (ktime_t)tn->sysctl.invalid_ratelimit_ms * NSEC_PER_MSEC, *last = &tp->last_oow_ack_time;
	u32 limit = (u32)tn->sysctl.challenge_ack_limit, half = (limit + 1) / 2;

	if (*last && net->now - *last < interval) {
		TCP_INC(net, TCPACKSkippedChallenge);
		return;
	}
	*last = net->now ? net->now : 1;
	if (limit != INT32_MAX) {
		if (net->now / NSEC_PER_SEC != tn->challenge_window) {
			tn->challenge_window = net->now / NSEC_PER_SEC;
			tn->challenge_left = half + get_random_u32_below(&net->rng, limit ? limit : 1);
		}
		if (!tn->challenge_left)
			return;
		tn->challenge_left--;
	}
	TCP_INC(net, TCPChallengeACK);
	tcp_send_ack(tp);
}

static void tcp_send_dupack(struct tcp_sock *tp, const struct sk_buff *skb)
{
	if (TCP_SKB_CB(skb)->end_seq != TCP_SKB_CB(skb)->seq && before(TCP_SKB_CB(skb)->seq, tp->rcv_nxt)) {
		TCP_INC(tcp_net_of(tp), DelayedACKLost);
		tcp_enter_quickack_mode(tp, TCP_MAX_QUICKACKS);
		if (tcp_is_sack(tp) && tcp_sysctl(tp)->dsack) {
			u32 end_seq = TCP_SKB_CB(skb)->end_seq;

			if (after(end_seq, tp->rcv_nxt))
				end_seq = tp->rcv_nxt;
			tcp_dsack_set(tp, TCP_SKB_CB(skb)->seq, end_seq);
		}
	}
	tcp_send_ack(tp);
}

void tcp_reset(struct tcp_sock *tp, struct sk_buff *skb)
{
	int err = ECONNRESET;

	(void)skb;
	switch (tcp_sock_of(tp)->state) {
	case TCP_SYN_SENT:
		err = ECONNREFUSED;
		break;
	case TCP_CLOSE_WAIT:
		err = EPIPE;
		break;
	case TCP_CLOSE:
		return;
	default:
		break;
	}
	tcp_done_with_error(tp, err);
}

/* ------------------------------------------------------------------ PAWS.  @rfc 7323 5 */

static bool tcp_paws_check(const struct tcp_sock *tp, s32 paws_win)
{
	const struct tcp_options_received *o = &tp->rx_opt;

	if ((s32)(o->ts_recent - o->rcv_tsval) <= paws_win)
		return true;
	if (tcp_net_of(tp)->now >= o->ts_recent_stamp + TCP_PAWS_24DAYS)
		return true;
	return !o->ts_recent; /* some send zeros until the connection stands */
}

/* A bare ACK that only was overtaken is no stranger. */
static bool tcp_disordered_ack(const struct tcp_sock *tp, const struct sk_buff *skb)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	s64 replay_ms = min_s64(tp->rto * 1024 / NSEC_PER_SEC, 1024) + 1;

	return (tcp_hdr(skb)->flags & (TCPHDR_ACK | TCPHDR_SYN | TCPHDR_FIN)) == TCPHDR_ACK &&
	       tcb->seq == tcb->end_seq && tcb->seq == tp->rcv_nxt && tcb->ack_seq == tp->snd_una &&
	       (s32)(tp->rx_opt.ts_recent - tp->rx_opt.rcv_tsval) <= (s32)replay_ms;
}

static bool tcp_paws_discard(const struct tcp_sock *tp, const struct sk_buff *skb)
{
	return !tcp_paws_check(tp, TCP_PAWS_WINDOW) && !tcp_disordered_ack(tp, skb);
}

/* ------------------------------------------------------------------ acceptable?  @rfc 9293 3.10.7.4, 5961 3.2, 4.2 */

/* The last reason that was good may be a FIN of the peer: its RST comes after it. */
static bool tcp_reset_check(const struct tcp_sock *tp, const struct sk_buff *skb)
{
	return TCP_SKB_CB(skb)->seq == tp->rcv_nxt - 1 &&
	       (TCPF(tcp_sock_of(tp)->state) & (TCPF_CLOSE_WAIT | TCPF_LAST_ACK | TCPF_CLOSING));
}

static enum skb_drop_reason tcp_sequence(const struct tcp_sock *tp, u32 seq, u32 end_seq)
{
	if (before(end_seq, tp->rcv_wup))
		return SKB_DROP_REASON_TCP_OLD_SEQUENCE;
	if (after(seq, tp->rcv_nxt + tcp_receive_window(tp)))
		return SKB_DROP_REASON_TCP_INVALID_SEQUENCE;
	return SKB_NOT_DROPPED_YET;
}

/* RFC 5961 3.2: exactly what is next, or the edge of what SACK told of. */
static bool rst_is_exact(const struct tcp_sock *tp, const struct sk_buff *skb)
{
	u32 seq = TCP_SKB_CB(skb)->seq, max_sack;

	if (seq == tp->rcv_nxt || tcp_reset_check(tp, skb))
		return true;
	if (!tcp_is_sack(tp) || !tp->rx_opt.num_sacks)
		return false;
	max_sack = tp->holes->selective_acks[0].end_seq;
	for (u32 i = 1; i < tp->rx_opt.num_sacks; i++) {
		if (after(tp->holes->selective_acks[i].end_seq, max_sack))
			max_sack = tp->holes->selective_acks[i].end_seq;
	}
	return seq == max_sack;
}

static void out_of_window(struct tcp_sock *tp, struct sk_buff *skb, enum skb_drop_reason reason)
{
	const struct tcphdr *th = tcp_hdr(skb);
	struct net *net = tcp_net_of(tp);

	if (!(th->flags & TCPHDR_RST)) {
		if (th->flags & TCPHDR_SYN)
			goto syn_challenge;
		if (!tcp_oow_rate_limited(net, skb, &net->tcp->mib.TCPACKSkippedSeq, &tp->last_oow_ack_time))
			tcp_send_dupack(tp, skb);
	} else if (tcp_reset_check(tp, skb)) {
		tcp_reset(tp, skb);
		reason = SKB_DROP_REASON_TCP_RESET;
	}
	kfree_skb_reason(skb, reason);
	return;
syn_challenge:
	TCP_INC(net, TCPSYNChallenge);
	tcp_send_challenge_ack(tp);
	kfree_skb_reason(skb, SKB_DROP_REASON_TCP_INVALID_SYN);
}

/* Its options are parsed, its sequence numbers are of the window, and it is neither RST nor SYN.  Return: false: it ended
 * here, and was answered if that is due.  @syn_inerr: a SYN is an error (it is not, on the way to ESTABLISHED) */
static bool tcp_validate_incoming(struct tcp_sock *tp, struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	struct net *net = tcp_net_of(tp);
	enum skb_drop_reason reason;

	tcp_parse_options(net, skb, &tp->rx_opt, true, NULL);
	if (tp->rx_opt.saw_tstamp) {
		if (tp->rx_opt.rcv_tsecr)
			tp->rx_opt.rcv_tsecr -= tp->tsoffset;
		if (!(th->flags & TCPHDR_RST) && unlikely(tcp_paws_discard(tp, skb))) {
			if (!(th->flags & TCPHDR_SYN)) {
				TCP_INC(net, PAWSEstab);
				if (!tcp_oow_rate_limited(net, skb, &net->tcp->mib.TCPACKSkippedPAWS,
							  &tp->last_oow_ack_time))
					tcp_send_dupack(tp, skb);
				kfree_skb_reason(skb, SKB_DROP_REASON_TCP_RFC7323_PAWS);
				return false;
			}
		}
	}
	reason = tcp_sequence(tp, TCP_SKB_CB(skb)->seq, TCP_SKB_CB(skb)->end_seq);
	if (unlikely(reason)) {
		out_of_window(tp, skb, reason);
		return false;
	}
	if (unlikely(th->flags & TCPHDR_RST)) {
		if (rst_is_exact(tp, skb)) {
			tcp_reset(tp, skb);
			kfree_skb_reason(skb, SKB_DROP_REASON_TCP_RESET);
		} else {
			tcp_send_challenge_ack(tp);
			kfree_skb_reason(skb, SKB_DROP_REASON_TCP_RESET);
		}
		return false;
	}
	/* RFC 5961 4.2; but a SYN of one that opened at the same time is answered below */
	if (unlikely(th->flags & TCPHDR_SYN)) {
		if (tcp_sock_of(tp)->state == TCP_SYN_RECV && (th->flags & TCPHDR_ACK) &&
		    TCP_SKB_CB(skb)->seq + 1 == TCP_SKB_CB(skb)->end_seq && TCP_SKB_CB(skb)->seq + 1 == tp->rcv_nxt &&
		    TCP_SKB_CB(skb)->ack_seq == tp->snd_nxt)
			return true;
		TCP_INC(net, TCPSYNChallenge);
		tcp_send_challenge_ack(tp);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_INVALID_SYN);
		return false;
	}
	return true;
}

/* ------------------------------------------------------------------ ESTABLISHED */

/* Only ACK, and perhaps data that is next: nothing else to look at. */
static bool is_simple(const struct tcp_sock *tp, const struct tcphdr *th)
{
	return (th->flags & (TCPHDR_FIN | TCPHDR_SYN | TCPHDR_RST | TCPHDR_URG)) == 0 && !tp->urg_data;
}

void tcp_rcv_established(struct tcp_sock *tp, struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	int acked;

	if (unlikely(!(th->flags & (TCPHDR_ACK | TCPHDR_RST | TCPHDR_SYN)))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_FLAGS);
		return;
	}
	if (!tcp_validate_incoming(tp, skb))
		return;
	acked = tcp_ack(tp, skb, FLAG_SLOWPATH | FLAG_UPDATE_TS_RECENT);
	if (unlikely(acked < 0)) {
		if (acked == -SKB_DROP_REASON_TCP_ACK_UNSENT_DATA)
			tcp_send_challenge_ack(tp);
		kfree_skb_reason(skb, (enum skb_drop_reason) - acked);
		return;
	}
	tcp_rcv_rtt_measure_ts(tp, skb);
	if (unlikely(!is_simple(tp, th)))
		tcp_urg(tp, skb, th);
	tcp_data_queue(tp, skb);
	tcp_data_snd_check(tp);
	tcp_ack_snd_check(tp);
}

/* ------------------------------------------------------------------ the beginning */

void tcp_segs_in(struct tcp_sock *tp, const struct sk_buff *skb)
{
	u32 segs = max_u32(1, skb_shinfo(skb)->gso_segs);

	tp->segs_in += segs;
	if (skb->len > tcp_hdrlen_bytes(tcp_hdr(skb)))
		tp->data_segs_in += segs;
}

static void tcp_ecn_rcv_syn(struct tcp_sock *tp, const struct tcphdr *th)
{
	if ((tp->ecn_flags & TCP_ECN_OK) && (th->flags & (TCPHDR_ECE | TCPHDR_CWR)) != (TCPHDR_ECE | TCPHDR_CWR))
		tp->ecn_flags &= (u8)~TCP_ECN_OK;
}

static void tcp_ecn_rcv_synack(struct tcp_sock *tp, const struct tcphdr *th)
{
	if ((tp->ecn_flags & TCP_ECN_OK) && (!(th->flags & TCPHDR_ECE) || (th->flags & TCPHDR_CWR)))
		tp->ecn_flags &= (u8)~TCP_ECN_OK;
}

u32 tcp_route_init_cwnd(const struct tcp_route_metrics *m)
{
	u32 cwnd = tcp_route_metric(m, RTAX_INITCWND);

	return cwnd ? cwnd : TCP_INIT_CWND;
}

u32 tcp_init_cwnd(const struct tcp_sock *tp)
{
	struct tcp_route_metrics m;

	tp->af->route_metrics((struct tcp_sock *)(uintptr_t)tp, &m);
	return tcp_route_init_cwnd(&m);
}

void tcp_route_settings(struct tcp_sock *tp, const struct tcp_route_metrics *m)
{
	u32 rto_min_ms = tcp_route_metric(m, RTAX_RTO_MIN);

	if (rto_min_ms)
		tp->rto_min = (ktime_t)rto_min_ms * NSEC_PER_MSEC;
	tp->quickack_always = tcp_route_metric(m, RTAX_QUICKACK);
}

void tcp_init_transfer(struct tcp_sock *tp)
{
	struct tcp_route_metrics m;
	u32 reordering;

	(void)tp->af->rebuild_header(tp);
	tcp_mtup_init(tp);
	tp->af->route_metrics(tp, &m);
	tp->gso_max_bytes = m.gso_max_bytes;
	tp->gso_max_segs = (u16)min_u32(m.gso_max_segs, UINT16_MAX);
	reordering = tcp_route_metric(&m, RTAX_REORDERING);
	if (reordering)
		tp->reordering = reordering;
	/* RFC 6298 5.7: a handshake that lost something begins with one segment */
	if (tp->total_retrans > 1 && tp->undo_marker)
		tp->snd_cwnd = 1;
	else
		tp->snd_cwnd = tcp_route_init_cwnd(&m);
	tp->snd_cwnd_stamp = tcp_net_of(tp)->now;
	tcp_ca_start(tp);
	tcp_init_buffer_space(tp);
}

/* ESTABLISHED, by our SYN. */
static void tcp_finish_connect(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct sock *sk = tcp_sock_of(tp);

	tcp_set_state(tp, TCP_ESTABLISHED);
	tp->rcv_tstamp = tcp_net_of(tp)->now;
	if (skb)
		sk->rxhash = skb->hash;
	tp->lsndtime = tcp_net_of(tp)->now;
	tcp_init_transfer(tp);
	if (sock_flag(sk, SOCK_F_KEEPALIVE))
		tcp_reset_keepalive_timer(tp, tcp_keepalive_time_when(tp));
}

/* The SYN's timestamps and scaling are agreed upon. */
static void agreed_options(struct tcp_sock *tp)
{
	if (!tp->rx_opt.wscale_ok) {
		tp->rx_opt.snd_wscale = tp->rx_opt.rcv_wscale = 0;
		tp->window_clamp = min_u32(tp->window_clamp, 65535U);
	}
	if (tp->rx_opt.saw_tstamp) {
		tp->rx_opt.tstamp_ok = true;
		tp->tcp_header_len = sizeof(struct tcphdr) + TCPOLEN_TSTAMP_ALIGNED;
		tp->advmss = (u16)(tp->advmss - TCPOLEN_TSTAMP_ALIGNED);
		tp->rx_opt.ts_recent = tp->rx_opt.rcv_tsval;
		tp->rx_opt.ts_recent_stamp = tcp_net_of(tp)->now ? tcp_net_of(tp)->now : 1;
	} else {
		tp->tcp_header_len = sizeof(struct tcphdr);
	}
}

/* Is the ACK of our SYN one, and not of a connection before?  Return: SKB_NOT_DROPPED_YET, or why to reset */
static enum skb_drop_reason synsent_ack_check(struct tcp_sock *tp, const struct sk_buff *skb)
{
	if (!after(TCP_SKB_CB(skb)->ack_seq, tp->snd_una) || after(TCP_SKB_CB(skb)->ack_seq, tp->snd_nxt)) {
		/* the peer thinks that an old connection stands: our RST ends it, and the SYN goes again soon */
		if (!tp->retransmits)
			tcp_reset_xmit_timer(tp, TCP_RTX_RETRANS, TCP_TIMEOUT_MIN);
		return SKB_DROP_REASON_TCP_INVALID_ACK_SEQUENCE;
	}
	if (tp->rx_opt.saw_tstamp && tp->rx_opt.rcv_tsecr &&
	    !between(tp->rx_opt.rcv_tsecr, (u32)(tp->retrans_stamp / NSEC_PER_MSEC), tcp_clock_ms(tcp_net_of(tp)))) {
		TCP_INC(tcp_net_of(tp), PAWSActive);
		return SKB_DROP_REASON_TCP_RFC7323_PAWS;
	}
	return SKB_NOT_DROPPED_YET;
}

static void synack_received(struct tcp_sock *tp, struct sk_buff *skb, struct tcp_fastopen_cookie *foc)
{
	const struct tcphdr *th = tcp_hdr(skb);
	struct sock *sk = tcp_sock_of(tp);
	bool fastopen_fail;

	tcp_ecn_rcv_synack(tp, th);
	tp->snd_wl1 = TCP_SKB_CB(skb)->seq;
	(void)tcp_ack(tp, skb, FLAG_SLOWPATH);
	tp->rcv_nxt = TCP_SKB_CB(skb)->seq + 1;
	tp->rcv_wup = tp->rcv_nxt;
	tp->snd_wnd = be16_to_cpu(th->window); /* RFC 7323 2.2: never scaled */
	agreed_options(tp);
	tcp_sync_mss(tp, tp->pmtu_cookie);
	tcp_initialize_rcv_mss(tp);
	tp->copied_seq = tp->rcv_nxt;
	tcp_finish_connect(tp, skb);
	fastopen_fail = (tp->syn_fastopen || tp->syn_data) && tcp_fastopen_synack(tp, skb, foc);
	sk_wake(sk, EPOLLOUT);
	if (fastopen_fail) {
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_FASTOPEN);
		return;
	}
	if (tcp_send_head(tp) || tp->opts->defer_accept || tcp_in_pingpong(tp)) {
		/* our own data says the same in a moment */
		tp->ack.pending |= TCP_ACK_SCHED;
		tcp_enter_quickack_mode(tp, TCP_MAX_QUICKACKS);
		tcp_reset_delack_timer(tp, TCP_DELACK_MAX);
		consume_skb(skb);
		tcp_data_snd_check(tp);
		return;
	}
	tcp_send_ack(tp);
	consume_skb(skb);
}

/* RFC 9293 3.5: SYN for SYN.  Its data, if it has any, will come again. */
static void simultaneous_open(struct tcp_sock *tp, struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);

	tcp_set_state(tp, TCP_SYN_RECV);
	if (tp->rx_opt.saw_tstamp) {
		tp->rx_opt.tstamp_ok = true;
		tp->rx_opt.ts_recent = tp->rx_opt.rcv_tsval;
		tp->rx_opt.ts_recent_stamp = tcp_net_of(tp)->now ? tcp_net_of(tp)->now : 1;
		tp->tcp_header_len = sizeof(struct tcphdr) + TCPOLEN_TSTAMP_ALIGNED;
	} else {
		tp->tcp_header_len = sizeof(struct tcphdr);
	}
	tp->rcv_nxt = TCP_SKB_CB(skb)->seq + 1;
	tp->copied_seq = tp->rcv_nxt;
	tp->rcv_wup = tp->rcv_nxt;
	tp->snd_wnd = be16_to_cpu(th->window);
	tp->snd_wl1 = TCP_SKB_CB(skb)->seq;
	tp->max_window = tp->snd_wnd;
	tcp_ecn_rcv_syn(tp, th);
	tcp_sync_mss(tp, tp->pmtu_cookie);
	tcp_initialize_rcv_mss(tp);
	(void)tcp_send_synack(tp);
	consume_skb(skb);
}

/* @skb taken unless a reset is to be sent.  Return: SKB_NOT_DROPPED_YET, or why */
static enum skb_drop_reason tcp_rcv_synsent(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct tcp_fastopen_cookie foc = { .len = -1 };
	const struct tcphdr *th = tcp_hdr(skb);
	u16 saved_clamp = tp->rx_opt.mss_clamp;
	enum skb_drop_reason reason;

	tcp_parse_options(tcp_net_of(tp), skb, &tp->rx_opt, false, &foc);
	if (tp->rx_opt.saw_tstamp && tp->rx_opt.rcv_tsecr)
		tp->rx_opt.rcv_tsecr -= tp->tsoffset;
	if (th->flags & TCPHDR_ACK) {
		reason = synsent_ack_check(tp, skb);
		if (reason)
			goto refuse;
		if (th->flags & TCPHDR_RST) {
			tcp_reset(tp, skb);
			kfree_skb_reason(skb, SKB_DROP_REASON_TCP_RESET);
			return SKB_NOT_DROPPED_YET;
		}
		if (!(th->flags & TCPHDR_SYN)) {
			reason = SKB_DROP_REASON_TCP_FLAGS;
			goto forget;
		}
		synack_received(tp, skb, &foc);
		return SKB_NOT_DROPPED_YET;
	}
	reason = th->flags & TCPHDR_RST ? SKB_DROP_REASON_TCP_RESET : SKB_DROP_REASON_TCP_FLAGS;
	if ((th->flags & TCPHDR_RST) || !(th->flags & TCPHDR_SYN))
		goto forget;
	simultaneous_open(tp, skb);
	return SKB_NOT_DROPPED_YET;

forget:
	tp->rx_opt.mss_clamp = saved_clamp;
	tp->rx_opt.sack_ok = tp->rx_opt.wscale_ok = false;
	kfree_skb_reason(skb, reason);
	return SKB_NOT_DROPPED_YET;
refuse:
	tp->rx_opt.mss_clamp = saved_clamp;
	return reason;
}

/* ------------------------------------------------------------------ the end */

void tcp_fin(struct tcp_sock *tp)
{
	struct sock *sk = tcp_sock_of(tp);

	tp->ack.pending |= TCP_ACK_SCHED;
	sk->shutdown |= RCV_SHUTDOWN;
	tp->fin_received = true;
	tcp_ofo_purge(tp); /* now: an ACK of the FIN tells of no holes */
	switch (sk->state) {
	case TCP_SYN_RECV:
	case TCP_ESTABLISHED:
		tcp_set_state(tp, TCP_CLOSE_WAIT);
		tp->ack.pingpong = (u8)tcp_sysctl(tp)->pingpong_thresh;
		break;
	case TCP_FIN_WAIT1: /* both close at once */
		tcp_send_ack(tp);
		tcp_set_state(tp, TCP_CLOSING);
		break;
	case TCP_FIN_WAIT2:
		tcp_send_ack(tp);
		sk_wake(sk, EPOLLIN | EPOLLRDHUP | EPOLLHUP);
		tcp_time_wait(tp, TCP_TIME_WAIT, 0);
		return;
	default: /* CLOSE_WAIT, CLOSING, LAST_ACK: again */
		break;
	}
	sk_wake(sk, EPOLLIN | EPOLLRDHUP);
}

static void syn_recv_acked(struct tcp_sock *tp, const struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	struct sock *sk = tcp_sock_of(tp);
	struct tcp_route_metrics m;

	tp->delivered++;
	tp->af->route_metrics(tp, &m);
	tcp_route_settings(tp, &m);
	if (!tp->srtt_us)
		tcp_synack_rtt_meas(tp, tp->fastopen_rsk);
	if (tp->fastopen_rsk) {
		tcp_fastopen_remove(tp, false);
		tcp_rearm_rto(tp);
	} else {
		tcp_init_transfer(tp);
		tp->copied_seq = tp->rcv_nxt;
	}
	tcp_set_state(tp, TCP_ESTABLISHED);
	sk_wake(sk, EPOLLOUT);
	tp->snd_una = TCP_SKB_CB(skb)->ack_seq;
	tp->snd_wnd = (u32)be16_to_cpu(th->window) << tp->rx_opt.snd_wscale;
	tp->snd_wl1 = TCP_SKB_CB(skb)->seq;
	if (tp->rx_opt.tstamp_ok)
		tp->advmss = (u16)(tp->advmss - TCPOLEN_TSTAMP_ALIGNED);
	tp->lsndtime = tcp_net_of(tp)->now;
	tcp_initialize_rcv_mss(tp);
	if (sk->shutdown & SEND_SHUTDOWN) { /* it was shut down before it stood */
		tcp_set_state(tp, TCP_FIN_WAIT1);
		tcp_send_fin(tp);
	}
}

enum after_ack { GO_ON, OVER, OVER_WITH_RESET };

/* Our FIN is acked. */
static enum after_ack fin_wait1_acked(struct tcp_sock *tp, const struct sk_buff *skb)
{
	struct sock *sk = tcp_sock_of(tp);
	ktime_t left;

	if (tp->snd_una != tp->write_seq)
		return GO_ON;
	tcp_set_state(tp, TCP_FIN_WAIT2);
	sk->shutdown |= SEND_SHUTDOWN;
	tp->dst_pending_confirm = true;
	if (!sock_flag(sk, SOCK_F_DEAD)) {
		sk_wake(sk, EPOLLOUT | EPOLLHUP);
		return GO_ON;
	}
	/* data for a program that is gone, or one that would not wait for the peer's FIN */
	if (tp->opts->linger2_s < 0 ||
	    (TCP_SKB_CB(skb)->end_seq != TCP_SKB_CB(skb)->seq &&
	     after(TCP_SKB_CB(skb)->end_seq - ((TCP_SKB_CB(skb)->flags & TCPHDR_FIN) != 0), tp->rcv_nxt))) {
		TCP_INC(tcp_net_of(tp), TCPAbortOnData);
		tcp_done(tp);
		return OVER_WITH_RESET;
	}
	left = tcp_fin_time(tp);
	if (left > TCP_TIMEWAIT_LEN) {
		tcp_reset_keepalive_timer(tp, left - TCP_TIMEWAIT_LEN);
	} else if (TCP_SKB_CB(skb)->flags & TCPHDR_FIN) {
		tcp_reset_keepalive_timer(tp, left); /* the FIN is in this very segment */
	} else {
		tcp_time_wait(tp, TCP_FIN_WAIT2, left);
		return OVER;
	}
	return GO_ON;
}

static enum after_ack closing_acked(struct tcp_sock *tp, const struct sk_buff *skb)
{
	switch (tcp_sock_of(tp)->state) {
	case TCP_FIN_WAIT1:
		return fin_wait1_acked(tp, skb);
	case TCP_CLOSING:
		if (tp->snd_una != tp->write_seq)
			return GO_ON;
		tcp_time_wait(tp, TCP_TIME_WAIT, 0);
		return OVER;
	case TCP_LAST_ACK:
		if (tp->snd_una != tp->write_seq)
			return GO_ON;
		tcp_done(tp);
		return OVER;
	default:
		return GO_ON;
	}
}

/* Data in a state in which nobody reads it any more.  @rfc 9293 3.6, 1122 4.2.2.13.  Return: false: it was reset */
static bool data_may_come(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct sock *sk = tcp_sock_of(tp);
	u32 fin = (TCP_SKB_CB(skb)->flags & TCPHDR_FIN) != 0;

	if (!(TCPF(sk->state) & (TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2)) || !(sk->shutdown & RCV_SHUTDOWN))
		return true;
	if (TCP_SKB_CB(skb)->end_seq == TCP_SKB_CB(skb)->seq || !after(TCP_SKB_CB(skb)->end_seq - fin, tp->rcv_nxt))
		return true;
	TCP_INC(tcp_net_of(tp), TCPAbortOnData);
	tcp_reset(tp, skb);
	return false;
}

/* With Fast Open a segment must please the request first.  Return: false: it did not, and is gone */
static bool fastopen_check(struct tcp_sock *tp, struct sk_buff *skb)
{
	enum skb_drop_reason reason = SKB_DROP_REASON_TCP_FASTOPEN;

	if (tcp_check_req(tp->fastopen_rsk, skb, true, &reason))
		return true;
	kfree_skb_reason(skb, reason);
	return false;
}

static enum skb_drop_reason after_syn(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct sock *sk = tcp_sock_of(tp);
	enum after_ack next = GO_ON;
	int acked;

	if (tp->fastopen_rsk && !fastopen_check(tp, skb))
		return SKB_NOT_DROPPED_YET;
	if (!(tcp_hdr(skb)->flags & (TCPHDR_ACK | TCPHDR_RST | TCPHDR_SYN))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_FLAGS);
		return SKB_NOT_DROPPED_YET;
	}
	if (!tcp_validate_incoming(tp, skb))
		return SKB_NOT_DROPPED_YET;
	acked = tcp_ack(tp, skb, FLAG_SLOWPATH | FLAG_UPDATE_TS_RECENT | FLAG_NO_CHALLENGE_ACK);
	if (acked <= 0) {
		if (sk->state == TCP_SYN_RECV) /* an ACK of something else: RFC 9293 3.10.7.4, reset */
			return acked ? (enum skb_drop_reason) - acked : SKB_DROP_REASON_TCP_OLD_ACK;
		if (acked < 0) {
			tcp_send_challenge_ack(tp);
			kfree_skb_reason(skb, (enum skb_drop_reason) - acked);
			return SKB_NOT_DROPPED_YET;
		}
	}
	if (sk->state == TCP_SYN_RECV)
		syn_recv_acked(tp, skb);
	else
		next = closing_acked(tp, skb);
	if (next == OVER_WITH_RESET)
		return SKB_DROP_REASON_TCP_ABORT_ON_DATA;
	if (next == OVER) {
		consume_skb(skb);
		return SKB_NOT_DROPPED_YET;
	}
	tcp_urg(tp, skb, tcp_hdr(skb));
	if (!data_may_come(tp, skb))
		return SKB_DROP_REASON_TCP_ABORT_ON_DATA;
	if (TCPF(sk->state) & (TCPF_CLOSE_WAIT | TCPF_CLOSING | TCPF_LAST_ACK)) {
		if (before(TCP_SKB_CB(skb)->seq, tp->rcv_nxt))
			tcp_data_queue(tp, skb); /* an old one: acked once more */
		else
			consume_skb(skb);
	} else {
		tcp_data_queue(tp, skb);
	}
	if (sk->state != TCP_CLOSE) {
		tcp_data_snd_check(tp);
		tcp_ack_snd_check(tp);
	}
	return SKB_NOT_DROPPED_YET;
}

enum skb_drop_reason tcp_rcv_state_process(struct tcp_sock *tp, struct sk_buff *skb)
{
	enum skb_drop_reason reason;

	switch (tcp_sock_of(tp)->state) {
	case TCP_CLOSE:
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_CLOSE);
		return SKB_NOT_DROPPED_YET;
	case TCP_SYN_SENT:
		tp->rx_opt.saw_tstamp = false;
		reason = tcp_rcv_synsent(tp, skb);
		return reason;
	default:
		return after_syn(tp, skb);
	}
}
