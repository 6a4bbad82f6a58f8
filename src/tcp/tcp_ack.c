// SPDX-License-Identifier: BSD-2-Clause
/* What an ACK says: what arrived, how long it took, how much more may go.
 *
 * @rfc 9293 3.10.7.4, 6298, 5961 5.2, 7323 4   @linux net/ipv4/tcp_input.c: tcp_ack
 *
 * Reading order: tcp_ack(), tcp_ack_update_window(), tcp_clean_rtx_queue(), tcp_ack_update_rtt(), tcp_rtt_estimator().
 */
#include <string.h>

#include "base/byteorder.h"
#include "tcp/tcp_output.h"
#include "wire/tcp.h"

void tcp_count_delivered(struct tcp_sock *tp, u32 pcount, bool ece_ack)
{
	tp->delivered += pcount;
	if (ece_ack)
		tp->delivered_ce += pcount;
}

/* ------------------------------------------------------------------ round trip.  @rfc 6298 2 */

/* Jacobson and Karels; the mean deviation is the largest of a round trip, so that a quiet moment does not fool us. */
static void tcp_rtt_estimator(struct tcp_sock *tp, s64 mrtt_us)
{
	u32 rto_min_us = (u32)(tp->rto_min / NSEC_PER_USEC), srtt = tp->srtt_us;
	s64 m = mrtt_us;

	if (!srtt) {
		tp->srtt_us = (u32)(m << 3);
		tp->mdev_us = (u32)(m << 1);
		tp->rttvar_us = max_u32(tp->mdev_us, rto_min_us);
		tp->mdev_max_us = tp->rttvar_us;
		tp->rtt_seq = tp->snd_nxt;
	} else {
		m -= srtt >> 3;
		srtt = (u32)(srtt + m);
		if (m < 0) {
			/* shorter than thought: no reason to think that the path is unsteady, so it counts less */
			m = -m;
			m -= tp->mdev_us >> 2;
			if (m > 0)
				m >>= 3;
		} else {
			m -= tp->mdev_us >> 2;
		}
		tp->mdev_us = (u32)(tp->mdev_us + m);
		if (tp->mdev_us > tp->mdev_max_us) {
			tp->mdev_max_us = tp->mdev_us;
			if (tp->mdev_max_us > tp->rttvar_us)
				tp->rttvar_us = tp->mdev_max_us;
		}
		if (after(tp->snd_una, tp->rtt_seq)) {
			if (tp->mdev_max_us < tp->rttvar_us)
				tp->rttvar_us -= (tp->rttvar_us - tp->mdev_max_us) >> 2;
			tp->rtt_seq = tp->snd_nxt;
			tp->mdev_max_us = rto_min_us;
		}
		tp->srtt_us = srtt;
	}
	tp->srtt_us = max_u32(1, tp->srtt_us);
}

void tcp_set_rto(struct tcp_sock *tp)
{
	ktime_t rto_max = tcp_rto_max(tp);

	tp->rto = tcp_rto_of_rtt(tp);
	if (tp->rto > rto_max)
		tp->rto = rto_max;
}

static void tcp_update_rtt_min(struct tcp_sock *tp, u32 rtt_us, int flag)
{
	u32 window_ms = (u32)tcp_sysctl(tp)->min_rtt_wlen_s * 1000;

	/* a delayed ACK says nothing of the path if we know better */
	if ((flag & FLAG_ACK_MAYBE_DELAYED) && rtt_us > tcp_min_rtt_us(tp))
		return;
	minmax_running_min(&tp->rtt_min, window_ms, (u32)(tcp_net_of(tp)->now / NSEC_PER_MSEC), rtt_us ? rtt_us : 1);
}

/* Return: was there a sample? */
static bool tcp_ack_update_rtt(struct tcp_sock *tp, int flag, s64 seq_rtt_us, s64 sack_rtt_us, s64 ca_rtt_us,
			       struct rate_sample *rs)
{
	/* RFC 6298 3, Karn: nothing that was sent twice, unless a timestamp tells the two apart */
	if (seq_rtt_us < 0)
		seq_rtt_us = sack_rtt_us;
	if (seq_rtt_us < 0 && tp->rx_opt.saw_tstamp && tp->rx_opt.rcv_tsecr && (flag & FLAG_ACKED)) {
		s32 delta_ms = (s32)(tcp_clock_ms(tcp_net_of(tp)) - tp->rx_opt.rcv_tsecr);

		if (delta_ms >= 0 && delta_ms < INT32_MAX / 1000)
			seq_rtt_us = ca_rtt_us = delta_ms ? (s64)delta_ms * 1000 : 1;
	}
	rs->rtt_us = ca_rtt_us;
	if (seq_rtt_us < 0)
		return false;
	tcp_update_rtt_min(tp, (u32)min_s64(ca_rtt_us < 0 ? seq_rtt_us : ca_rtt_us, UINT32_MAX), flag);
	tcp_rtt_estimator(tp, seq_rtt_us);
	tcp_set_rto(tp);
	tp->backoff = 0;
	return true;
}

void tcp_synack_rtt_meas(struct tcp_sock *tp, const struct tcp_request_sock *req)
{
	struct rate_sample rs;
	s64 rtt_us = -1;

	if (req && !req->num_retrans && req->snt_synack)
		rtt_us = (tcp_net_of(tp)->now - req->snt_synack) / NSEC_PER_USEC;
	tcp_ack_update_rtt(tp, FLAG_SYN_ACKED, rtt_us, -1, rtt_us, &rs);
}

void tcp_rearm_rto(struct tcp_sock *tp)
{
	ktime_t rto = tp->rto;

	if (tp->fastopen_rsk) /* its SYN-ACK has a timer of its own */
		return;
	if (!tp->packets_out) {
		tcp_clear_rtx_timer(tp);
		return;
	}
	/* a short timer went off or is off: the long one counts from when the first segment left */
	if (tp->rtx_kind == TCP_RTX_REO_TIMEOUT || tp->rtx_kind == TCP_RTX_LOSS_PROBE || tp->rtx_kind == TCP_RTX_NONE) {
		rto = tcp_skb_first(&tp->rtx_queue)->tstamp + tp->rto - tcp_net_of(tp)->now;
		if (rto < 1)
			rto = 1;
	}
	tcp_reset_xmit_timer(tp, TCP_RTX_RETRANS, rto);
}

/* ------------------------------------------------------------------ window.  @rfc 9293 3.10.7.4, 5661 */

static bool tcp_may_update_window(const struct tcp_sock *tp, u32 ack, u32 ack_seq, u32 nwin)
{
	return after(ack, tp->snd_una) || after(ack_seq, tp->snd_wl1) ||
	       (ack_seq == tp->snd_wl1 && (nwin > tp->snd_wnd || !nwin));
}

static void tcp_snd_una_update(struct tcp_sock *tp, u32 ack)
{
	tp->bytes_acked += ack - tp->snd_una;
	tp->snd_una = ack;
}

static int tcp_ack_update_window(struct tcp_sock *tp, const struct sk_buff *skb, u32 ack, u32 ack_seq)
{
	const struct tcphdr *th = (const struct tcphdr *)(const void *)skb_transport_header(skb);
	u32 nwin = be16_to_cpu(th->window);
	int flag = 0;

	if (!(th->flags & TCPHDR_SYN))
		nwin <<= tp->rx_opt.snd_wscale;
	if (tcp_may_update_window(tp, ack, ack_seq, nwin)) {
		flag |= FLAG_WIN_UPDATE;
		tp->snd_wl1 = ack_seq;
		if (tp->snd_wnd != nwin) {
			tp->snd_wnd = nwin;
			if (nwin > tp->max_window) {
				tp->max_window = nwin;
				tcp_sync_mss(tp, tp->pmtu_cookie);
			}
		}
	}
	tcp_snd_una_update(tp, ack);
	return flag;
}

/* The window opened, or is still closed.  @rfc 9293 3.8.6.1 */
static void tcp_ack_probe(struct tcp_sock *tp)
{
	const struct sk_buff *head = tcp_send_head(tp);
	ktime_t when;

	if (!head)
		return;
	if (!after(TCP_SKB_CB(head)->end_seq, tcp_wnd_end(tp))) {
		tp->backoff = 0;
		tp->probes_tstamp = 0;
		if (tp->rtx_kind == TCP_RTX_PROBE0)
			tcp_clear_rtx_timer(tp);
		/* the data itself goes at the end of the input: tcp_data_snd_check() */
	} else {
		when = tcp_probe0_when(tp, tcp_rto_max(tp));
		if (tp->opts->user_timeout_ms && tp->probes_tstamp) {
			ktime_t left = tp->probes_tstamp + (ktime_t)tp->opts->user_timeout_ms * NSEC_PER_MSEC -
				       tcp_net_of(tp)->now;

			if (left < when)
				when = left > NSEC_PER_MSEC ? left : NSEC_PER_MSEC;
		}
		tcp_reset_xmit_timer(tp, TCP_RTX_PROBE0, when);
	}
}

/* ------------------------------------------------------------------ what is acked leaves the queue */

/** struct cleaned - one run of tcp_clean_rtx_queue() */
struct cleaned {
	ktime_t first_ackt, last_ackt; /**< when the first and last of what was sent only once left */
	u32 pkts_acked, prior_sacked, reord, last_in_flight, prior_snd_una;
	int flag;
	bool fully_acked, ece_ack;
	struct tcp_sacktag_state *sack;
};

/* A part of a train is acked.  Return: how many segments of it */
static u32 tcp_tso_acked(struct tcp_sock *tp, struct sk_buff *skb)
{
	u32 pcount = tcp_skb_pcount(skb);

	if (tcp_trim_head(tp, skb, tp->snd_una - TCP_SKB_CB(skb)->seq))
		return 0;
	return pcount - tcp_skb_pcount(skb);
}

static void account_acked(struct tcp_sock *tp, struct sk_buff *skb, u32 acked_pcount, u32 seq, u32 end_seq,
			  struct cleaned *c)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

	if (tcb->sacked & TCPCB_RETRANS) {
		if (tcb->sacked & TCPCB_SACKED_RETRANS)
			tp->retrans_out -= acked_pcount;
		c->flag |= FLAG_RETRANS_DATA_ACKED;
	} else if (!(tcb->sacked & TCPCB_SACKED_ACKED)) {
		c->last_ackt = skb->tstamp;
		if (!c->first_ackt)
			c->first_ackt = c->last_ackt;
		if (before(seq, c->reord))
			c->reord = seq;
		if (!after(end_seq, tp->high_seq))
			c->flag |= FLAG_ORIG_SACK_ACKED;
	}
	if (tcb->sacked & TCPCB_SACKED_ACKED) {
		tp->sacked_out -= acked_pcount;
	} else if (tcp_is_sack(tp)) {
		tcp_count_delivered(tp, acked_pcount, c->ece_ack);
		tcp_rack_advance(tp, tcb->sacked, end_seq, skb->tstamp);
	}
	if (tcb->sacked & TCPCB_LOST)
		tp->lost_out -= acked_pcount;
	tp->packets_out -= acked_pcount;
	c->pkts_acked += acked_pcount;
	tcp_rate_skb_delivered(tp, skb, c->sack->rate);
	if (likely(!(tcb->flags & TCPHDR_SYN))) {
		c->flag |= FLAG_DATA_ACKED;
	} else {
		c->flag |= FLAG_SYN_ACKED;
		tp->retrans_stamp = 0;
	}
}

static void remove_acked(struct tcp_sock *tp, struct cleaned *c)
{
	struct sk_buff *skb, *next;

	for (skb = tcp_skb_first(&tp->rtx_queue); skb; skb = next) {
		u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq, acked_pcount = tcp_skb_pcount(skb);

		if (unlikely(TCP_SKB_CB(skb)->txstamp_ack))
			tcp_news_acked(tp, skb, c->prior_snd_una);
		if (after(end_seq, tp->snd_una)) {
			if (acked_pcount == 1 || !after(tp->snd_una, seq))
				break;
			acked_pcount = tcp_tso_acked(tp, skb);
			if (!acked_pcount)
				break;
			end_seq = tp->snd_una;
			c->fully_acked = false;
		}
		account_acked(tp, skb, acked_pcount, seq, end_seq, c);
		if (!c->fully_acked)
			break;
		if (unlikely(TCP_SKB_CB(skb)->zc_ends))
			tcp_zerocopy_ended(tp, TCP_SKB_CB(skb)->zc_ends);
		next = tcp_skb_next(&tp->rtx_queue, skb);
		tcp_rtx_queue_unlink_and_free(tp, skb);
	}
	skb = tcp_skb_first(&tp->rtx_queue);
	if (!skb)
		tcp_chrono_stop(tp, TCP_CHRONO_BUSY);
	else if (TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_ACKED)
		c->flag |= FLAG_SACK_RENEGING;
}

/* The probe of a larger size arrived.  @rfc 4821 7.6.1 */
static void mtup_probe_success(struct tcp_sock *tp)
{
	u64 cwnd = (u64)tp->snd_cwnd * tcp_mss_to_mtu(tp, tp->mss_cache) / tp->mtup->probe_size;

	/* as many octets as before, in fewer segments */
	tp->snd_cwnd = max_u32(1, (u32)cwnd);
	tp->snd_cwnd_cnt = 0;
	tp->snd_cwnd_stamp = tcp_net_of(tp)->now;
	tp->snd_ssthresh = tcp_current_ssthresh(tp);
	tp->mtup->search_low = tp->mtup->probe_size;
	tp->mtup->probe_size = 0;
	tcp_sync_mss(tp, tp->pmtu_cookie);
	TCP_INC(tcp_net_of(tp), TCPMTUPSuccess);
}

static void data_was_acked(struct tcp_sock *tp, u32 prior_fack, struct cleaned *c)
{
	c->flag |= FLAG_SET_XMIT_TIMER;
	if (tcp_mtup_probe_size(tp) && !after(tp->mtup->probe_seq_end, tp->snd_una))
		mtup_probe_success(tp);
	if (tcp_is_reno(tp)) {
		tcp_remove_reno_sacks(tp, c->pkts_acked, c->ece_ack);
		/* without SACK nobody can tell which transmission was acked */
		if (c->flag & FLAG_RETRANS_DATA_ACKED)
			c->flag &= ~FLAG_ORIG_SACK_ACKED;
	} else if (before(c->reord, prior_fack)) {
		tcp_check_sack_reordering(tp, c->reord, 0);
	}
}

static s64 us_since(const struct tcp_sock *tp, ktime_t then)
{
	return (tcp_net_of(tp)->now - then) / NSEC_PER_USEC;
}

static int tcp_clean_rtx_queue(struct tcp_sock *tp, u32 prior_fack, u32 prior_snd_una, struct tcp_sacktag_state *sack,
			       bool ece_ack)
{
	struct cleaned c = { .fully_acked = true,
			     .sack = sack,
			     .reord = tp->snd_nxt,
			     .prior_sacked = tp->sacked_out,
			     .prior_snd_una = prior_snd_una,
			     .ece_ack = ece_ack };
	s64 seq_rtt_us = -1, sack_rtt_us = -1, ca_rtt_us = -1;
	u32 prior_delivered = tp->delivered;
	const struct sk_buff *first;
	bool rtt_update;

	remove_acked(tp, &c);
	if (tp->urg_sent && between(tp->snd_up, prior_snd_una, tp->snd_una))
		tp->snd_up = tp->snd_una;
	if (c.first_ackt && !(c.flag & FLAG_RETRANS_DATA_ACKED)) {
		seq_rtt_us = us_since(tp, c.first_ackt);
		ca_rtt_us = c.last_ackt == c.first_ackt ? seq_rtt_us : us_since(tp, c.last_ackt);
		if (c.pkts_acked == 1 && c.fully_acked && !c.prior_sacked &&
		    tp->snd_una - prior_snd_una < tp->mss_cache && prior_delivered + 1 == tp->delivered &&
		    !(c.flag & (FLAG_CA_ALERT | FLAG_SYN_ACKED)))
			c.flag |= FLAG_ACK_MAYBE_DELAYED;
	}
	if (sack->first_sackt) {
		sack_rtt_us = us_since(tp, sack->first_sackt);
		ca_rtt_us = us_since(tp, sack->last_sackt);
	}
	rtt_update = tcp_ack_update_rtt(tp, c.flag, seq_rtt_us, sack_rtt_us, ca_rtt_us, sack->rate);
	first = tcp_skb_first(&tp->rtx_queue);
	if (c.flag & FLAG_ACKED)
		data_was_acked(tp, prior_fack, &c);
	else if (first && rtt_update && sack_rtt_us >= 0 && sack_rtt_us > us_since(tp, first->tstamp))
		c.flag |= FLAG_SET_XMIT_TIMER; /* it left after what SACK told of: the timer was of a time before */
	if (tp->ca_ops->pkts_acked) {
		struct ack_sample sample = { .pkts_acked = c.pkts_acked,
					     .rtt_us = (s32)min_s64(ca_rtt_us, INT32_MAX),
					     .in_flight = tcp_packets_in_flight(tp) };

		tp->ca_ops->pkts_acked(tp, &sample);
	}
	return c.flag;
}

/* ------------------------------------------------------------------ timestamps.  @rfc 7323 4.3 */

static void tcp_store_ts_recent(struct tcp_sock *tp)
{
	tp->rx_opt.ts_recent = tp->rx_opt.rcv_tsval;
	tp->rx_opt.ts_recent_stamp = tcp_net_of(tp)->now ? tcp_net_of(tp)->now : 1;
}

/* @rfc 7323 4.3, 5.3 */
static void tcp_replace_ts_recent(struct tcp_sock *tp, u32 seq)
{
	/* only of a segment that spans what was acked last; and never an older one, unless ours is from another age */
	if (!tp->rx_opt.saw_tstamp || after(seq, tp->rcv_wup))
		return;
	if ((s32)(tp->rx_opt.ts_recent - tp->rx_opt.rcv_tsval) <= 0 ||
	    tcp_net_of(tp)->now - tp->rx_opt.ts_recent_stamp >= TCP_PAWS_24DAYS)
		tcp_store_ts_recent(tp);
}

/* ------------------------------------------------------------------ the whole */

static void tcp_xmit_recovery(struct tcp_sock *tp, int rexmit)
{
	if (rexmit == REXMIT_NONE || tcp_sock_of(tp)->state == TCP_SYN_SENT)
		return;
	if (rexmit == REXMIT_NEW) {
		__tcp_push_pending_frames(tp, tcp_current_mss(tp), TCP_NAGLE_OFF);
		if (after(tp->snd_nxt, tp->high_seq))
			return;
		tp->frto = false;
	}
	tcp_xmit_retransmit_queue(tp);
}

static u32 tcp_newly_delivered(struct tcp_sock *tp, u32 prior_delivered, int flag)
{
	u32 delivered = tp->delivered - prior_delivered;

	TCP_ADD(tcp_net_of(tp), TCPDelivered, delivered);
	if (flag & FLAG_ECE)
		TCP_ADD(tcp_net_of(tp), TCPDeliveredCE, delivered);
	return delivered;
}

static bool ecn_echo(const struct tcp_sock *tp, const struct sk_buff *skb)
{
	u8 flags = TCP_SKB_CB(skb)->flags;

	return (flags & TCPHDR_ECE) && !(flags & TCPHDR_SYN) && (tp->ecn_flags & TCP_ECN_OK);
}

/* Return: 0: it may be looked at, else what tcp_ack() returns.  @rfc 5961 5.2 */
static int ack_range_check(struct tcp_sock *tp, const struct sk_buff *skb, int flag)
{
	u32 ack = TCP_SKB_CB(skb)->ack_seq;

	if (before(ack, tp->snd_una)) {
		u32 max_window = (u32)min_size(tp->max_window, tp->bytes_acked);

		if (before(ack, tp->snd_una - max_window)) {
			if (!(flag & FLAG_NO_CHALLENGE_ACK))
				tcp_send_challenge_ack(tp);
			return -SKB_DROP_REASON_TCP_TOO_OLD_ACK;
		}
		return 0;
	}
	return after(ack, tp->snd_nxt) ? -SKB_DROP_REASON_TCP_ACK_UNSENT_DATA : 0;
}

/* An ACK that was overtaken: only its SACK blocks may be news. */
static int old_ack(struct tcp_sock *tp, const struct sk_buff *skb, struct tcp_sacktag_state *sack, u32 prior_delivered)
{
	int flag = 0, rexmit = REXMIT_NONE;

	if (tp->rx_opt.saw_sack && tcp_is_sack(tp)) {
		flag |= tcp_sacktag_write_queue(tp, skb, tp->snd_una, sack);
		tcp_count_delivered(tp, sack->sack_delivered, false);
		tcp_fastretrans_alert(tp, tp->snd_una, 0, &flag, &rexmit);
		tcp_newly_delivered(tp, prior_delivered, flag);
		tcp_xmit_recovery(tp, rexmit);
	}
	return 0;
}

static int nothing_was_in_flight(struct tcp_sock *tp, u32 prior_snd_una, u32 prior_delivered, int flag, u32 ack)
{
	int rexmit = REXMIT_NONE;

	if (flag & FLAG_DSACKING_ACK) {
		tcp_fastretrans_alert(tp, prior_snd_una, 0, &flag, &rexmit);
		tcp_newly_delivered(tp, prior_delivered, flag);
	}
	/* an ACK of what we never sent data for: an answer to a probe, or a new window */
	tcp_ack_probe(tp);
	if (tp->tlp_high_seq)
		tcp_process_tlp_ack(tp, ack, flag);
	return 1;
}

static bool tcp_ack_is_dubious(const struct tcp_sock *tp, int flag)
{
	return !(flag & FLAG_NOT_DUP) || (flag & FLAG_CA_ALERT) || tp->ca_state != TCP_CA_Open;
}

static int read_ack(struct tcp_sock *tp, const struct sk_buff *skb, int flag, struct tcp_sacktag_state *sack)
{
	u32 ack = TCP_SKB_CB(skb)->ack_seq, prior_snd_una = tp->snd_una, ca_flags = CA_ACK_SLOWPATH;

	if (TCP_SKB_CB(skb)->seq != TCP_SKB_CB(skb)->end_seq)
		flag |= FLAG_DATA;
	else
		TCP_INC(tcp_net_of(tp), TCPPureAcks);
	flag |= tcp_ack_update_window(tp, skb, ack, TCP_SKB_CB(skb)->seq);
	if (unlikely(tp->rx_opt.saw_sack && tcp_is_sack(tp))) {
		flag |= tcp_sacktag_write_queue(tp, skb, prior_snd_una, sack);
		tcp_count_delivered(tp, sack->sack_delivered, ecn_echo(tp, skb));
	}
	if (ecn_echo(tp, skb)) {
		flag |= FLAG_ECE;
		ca_flags |= CA_ACK_ECE;
	}
	if (flag & FLAG_WIN_UPDATE)
		ca_flags |= CA_ACK_WIN_UPDATE;
	if (tp->ca_ops->in_ack_event)
		tp->ca_ops->in_ack_event(tp, ca_flags);
	return flag;
}

int tcp_ack(struct tcp_sock *tp, const struct sk_buff *skb, int flag)
{
	u32 prior_snd_una = tp->snd_una, prior_packets = tp->packets_out, prior_delivered = tp->delivered;
	u32 prior_lost = tp->lost, ack = TCP_SKB_CB(skb)->ack_seq, num_dupack = 0, delivered, lost;
	u32 prior_fack = tp->sacked_out ? tp->highest_sack_seq : tp->snd_una;
	struct rate_sample rs = { .prior_delivered = 0 };
	struct tcp_sacktag_state sack = { .rate = &rs };
	bool is_sack_reneg = tp->is_sack_reneg;
	int rexmit = REXMIT_NONE, err = ack_range_check(tp, skb, flag);

	if (err)
		return err;
	if (before(ack, prior_snd_una))
		return old_ack(tp, skb, &sack, prior_delivered);
	if (after(ack, prior_snd_una)) {
		flag |= FLAG_SND_UNA_ADVANCED;
		tp->retransmits = 0;
	}
	rs.prior_in_flight = tcp_packets_in_flight(tp);
	if (flag & FLAG_UPDATE_TS_RECENT)
		tcp_replace_ts_recent(tp, TCP_SKB_CB(skb)->seq);
	flag = read_ack(tp, skb, flag, &sack);
	tcp_sock_of(tp)->err_soft = 0;
	tp->probes_out = 0;
	tp->rcv_tstamp = tcp_net_of(tp)->now;
	if (!prior_packets)
		return nothing_was_in_flight(tp, prior_snd_una, prior_delivered, flag, ack);
	flag |= tcp_clean_rtx_queue(tp, prior_fack, prior_snd_una, &sack, flag & FLAG_ECE);
	tcp_rack_update_reo_wnd(tp, &rs);
	if (tp->tlp_high_seq)
		tcp_process_tlp_ack(tp, ack, flag);
	if (tcp_ack_is_dubious(tp, flag)) {
		if (!(flag & (FLAG_SND_UNA_ADVANCED | FLAG_NOT_DUP | FLAG_DSACKING_ACK)))
			num_dupack = max_u32(1, skb_shinfo(skb)->gso_segs);
		tcp_fastretrans_alert(tp, prior_snd_una, num_dupack, &flag, &rexmit);
	}
	if ((flag & FLAG_SET_XMIT_TIMER) && !tcp_schedule_loss_probe(tp, true))
		tcp_rearm_rto(tp);
	if ((flag & FLAG_FORWARD_PROGRESS) || !(flag & FLAG_NOT_DUP))
		tp->dst_pending_confirm = true; /* RFC 4861 7.3.1: who acks is alive; the next segment says so below */
	delivered = tcp_newly_delivered(tp, prior_delivered, flag);
	lost = tp->lost - prior_lost;
	rs.is_ack_delayed = flag & FLAG_ACK_MAYBE_DELAYED;
	tcp_rate_gen(tp, delivered, lost, is_sack_reneg, &rs);
	tcp_cong_control(tp, ack, delivered, flag, &rs);
	tcp_xmit_recovery(tp, rexmit);
	return 1;
}
