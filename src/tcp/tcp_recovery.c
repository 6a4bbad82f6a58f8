// SPDX-License-Identifier: BSD-2-Clause
/* Loss: found out (RACK), repaired (PRR), and taken back when there was none.
 *
 * @rfc 8985 6, 6937, 6675, 6582, 5682, 3522, 4015   @linux net/ipv4/tcp_recovery.c, tcp_input.c: tcp_fastretrans_alert
 *
 * Reading order: tcp_fastretrans_alert(), the undo functions, tcp_enter_loss(), tcp_enter_recovery(), RACK, PRR.
 *
 * Open: nothing is wrong.  Disorder: the peer tells of holes.  CWR: congestion was reported (ECN, our own queue).
 * Recovery: something is lost, and repaired within a round trip.  Loss: the timer had to say so.
 */
#include <string.h>

#include "tcp/tcp_output.h"
#include "wire/tcp.h"

#define RACK_RECOVERY_NO_DUPTHRESH 4
#define RACK_RECOVERY_STATIC_REO_WND 2
#define RACK_REO_WND_PERSIST 16
#define RENEGING_DELAY_MIN (10 * NSEC_PER_MSEC)

static void ecn_queue_cwr(struct tcp_sock *tp)
{
	if (tp->ecn_flags & TCP_ECN_OK)
		tp->ecn_flags |= TCP_ECN_QUEUE_CWR;
}

static void init_undo(struct tcp_sock *tp)
{
	tp->undo_marker = tp->snd_una;
	tp->undo_retrans = tp->retrans_out ? (s32)tp->retrans_out : -1;
}

void tcp_clear_retrans(struct tcp_sock *tp)
{
	tp->retrans_out = 0;
	tp->lost_out = 0;
	tp->undo_marker = 0;
	tp->undo_retrans = -1;
	tp->sacked_out = 0;
}

/* Is something of what was sent again still in flight, or not yet acked for good? */
static bool any_retrans_done(const struct tcp_sock *tp)
{
	const struct sk_buff *first = tcp_skb_first(&tp->rtx_queue);

	return tp->retrans_out || (first && (TCP_SKB_CB(first)->sacked & TCPCB_EVER_RETRANS));
}

static void retrans_stamp_cleanup(struct tcp_sock *tp)
{
	if (!any_retrans_done(tp))
		tp->retrans_stamp = 0;
}

/* ------------------------------------------------------------------ PRR.  @rfc 6937 */

static void tcp_init_cwnd_reduction(struct tcp_sock *tp)
{
	tp->high_seq = tp->snd_nxt;
	tp->tlp_high_seq = 0;
	tp->snd_cwnd_cnt = 0;
	tp->prior_cwnd = tp->snd_cwnd;
	tp->prr_delivered = 0;
	tp->prr_out = 0;
	tp->snd_ssthresh = tp->ca_ops->ssthresh(tp);
	ecn_queue_cwr(tp);
}

void tcp_cwnd_reduction(struct tcp_sock *tp, u32 newly_acked_sacked, u32 newly_lost, int flag)
{
	s32 delta = (s32)(tp->snd_ssthresh - tcp_packets_in_flight(tp)), sndcnt;

	if (!newly_acked_sacked || !tp->prior_cwnd)
		return;
	tp->prr_delivered += newly_acked_sacked;
	if (delta < 0) {
		u64 dividend = (u64)tp->snd_ssthresh * tp->prr_delivered + tp->prior_cwnd - 1;

		sndcnt = (s32)((s64)(dividend / tp->prior_cwnd) - (s64)tp->prr_out);
	} else {
		sndcnt = (s32)(tp->prr_delivered - tp->prr_out);
		if (sndcnt < (s32)newly_acked_sacked)
			sndcnt = (s32)newly_acked_sacked;
		if ((flag & FLAG_SND_UNA_ADVANCED) && !newly_lost)
			sndcnt++;
		if (sndcnt > delta)
			sndcnt = delta;
	}
	/* the first retransmission goes at once */
	if (sndcnt < (tp->prr_out ? 0 : 1))
		sndcnt = tp->prr_out ? 0 : 1;
	tp->snd_cwnd = tcp_packets_in_flight(tp) + (u32)sndcnt;
}

static void tcp_end_cwnd_reduction(struct tcp_sock *tp)
{
	if (tp->ca_ops->cong_control)
		return;
	if (tp->snd_ssthresh < TCP_INFINITE_SSTHRESH && (tp->ca_state == TCP_CA_CWR || tp->undo_marker)) {
		tp->snd_cwnd = tp->snd_ssthresh;
		tp->snd_cwnd_stamp = tcp_net_of(tp)->now;
	}
	tcp_ca_event(tp, CA_EVENT_COMPLETE_CWR);
}

/* Congestion without loss.  @rfc 3168 6.1.2 */
void tcp_enter_cwr(struct tcp_sock *tp)
{
	tp->prior_ssthresh = 0;
	if (tp->ca_state >= TCP_CA_CWR)
		return;
	tp->undo_marker = 0;
	tcp_init_cwnd_reduction(tp);
	tcp_set_ca_state(tp, TCP_CA_CWR);
}

static void tcp_try_keep_open(struct tcp_sock *tp)
{
	enum tcp_ca_state state = tcp_left_out(tp) || any_retrans_done(tp) ? TCP_CA_Disorder : TCP_CA_Open;

	if (tp->ca_state != state) {
		tcp_set_ca_state(tp, state);
		tp->high_seq = tp->snd_nxt;
	}
}

static void tcp_try_to_open(struct tcp_sock *tp, int flag)
{
	tcp_verify_left_out(tp);
	retrans_stamp_cleanup(tp);
	if (flag & FLAG_ECE)
		tcp_enter_cwr(tp);
	if (tp->ca_state != TCP_CA_CWR)
		tcp_try_keep_open(tp);
}

/* ------------------------------------------------------------------ it was no loss: undo.  @rfc 3522, 4015, 3708 */

/* The ACK answers to the first transmission: its timestamp is older than the second. */
static bool tcp_packet_delayed(const struct tcp_sock *tp)
{
	u32 sent_again = (u32)(tp->retrans_stamp / NSEC_PER_MSEC); /* rcv_tsecr is without our offset, too */

	return tp->retrans_stamp && tp->rx_opt.saw_tstamp && tp->rx_opt.rcv_tsecr &&
	       before(tp->rx_opt.rcv_tsecr, sent_again);
}

static bool tcp_may_undo(const struct tcp_sock *tp)
{
	return tp->undo_marker && (!tp->undo_retrans || tcp_packet_delayed(tp));
}

static void unmark_all_lost(struct tcp_sock *tp)
{
	for (struct sk_buff *skb = tcp_skb_first(&tp->rtx_queue); skb; skb = tcp_skb_next(&tp->rtx_queue, skb))
		TCP_SKB_CB(skb)->sacked &= (u8)~TCPCB_LOST;
	tp->lost_out = 0;
	tp->retransmit_skb_hint = NULL;
}

static void tcp_undo_cwnd_reduction(struct tcp_sock *tp, bool unmark_loss)
{
	if (unmark_loss)
		unmark_all_lost(tp);
	if (tp->prior_ssthresh) {
		tp->snd_cwnd = tp->ca_ops->undo_cwnd(tp);
		if (tp->prior_ssthresh > tp->snd_ssthresh) {
			tp->snd_ssthresh = tp->prior_ssthresh;
			tp->ecn_flags &= (u8)~TCP_ECN_QUEUE_CWR;
		}
	}
	tp->snd_cwnd_stamp = tcp_net_of(tp)->now;
	tp->undo_marker = 0;
	tp->rack.advanced = true;
}

/* All that was in flight when it began is acked. */
static bool tcp_try_undo_recovery(struct tcp_sock *tp)
{
	struct net *net = tcp_net_of(tp);

	if (tcp_may_undo(tp)) {
		bool was_loss = tp->ca_state == TCP_CA_Loss;

		tcp_undo_cwnd_reduction(tp, false);
		if (was_loss)
			TCP_INC(net, TCPLossUndo);
		else
			TCP_INC(net, TCPFullUndo);
	} else if (tp->rack.reo_wnd_persist) {
		tp->rack.reo_wnd_persist--;
	}
	if (tp->snd_una == tp->high_seq && tcp_is_reno(tp)) {
		/* RFC 6582 5: duplicates of the recovery itself must not begin another one */
		retrans_stamp_cleanup(tp);
		return true;
	}
	tcp_set_ca_state(tp, TCP_CA_Open);
	tp->is_sack_reneg = false;
	return false;
}

static bool tcp_try_undo_dsack(struct tcp_sock *tp)
{
	if (!tp->undo_marker || tp->undo_retrans)
		return false;
	tp->rack.reo_wnd_persist = (u8)min_u32(RACK_REO_WND_PERSIST, tp->rack.reo_wnd_persist + 1U);
	TCP_INC(tcp_net_of(tp), TCPDSACKUndo);
	tcp_undo_cwnd_reduction(tp, false);
	return true;
}

static bool tcp_try_undo_loss(struct tcp_sock *tp, bool frto_undo)
{
	struct net *net = tcp_net_of(tp);

	if (!frto_undo && !tcp_may_undo(tp))
		return false;
	tcp_undo_cwnd_reduction(tp, true);
	TCP_INC(net, TCPLossUndo);
	if (frto_undo)
		TCP_INC(net, TCPSpuriousRTOs);
	tp->retransmits = 0;
	if (frto_undo || tcp_is_sack(tp)) {
		tcp_set_ca_state(tp, TCP_CA_Open);
		tp->is_sack_reneg = false;
	}
	return true;
}

static bool tcp_try_undo_partial(struct tcp_sock *tp, u32 prior_snd_una)
{
	if (!tp->undo_marker || !tcp_packet_delayed(tp))
		return false;
	/* what we took for lost was only late */
	tcp_check_sack_reordering(tp, prior_snd_una, 1);
	if (tp->retrans_out)
		return true; /* what is in flight twice drains first */
	retrans_stamp_cleanup(tp);
	TCP_INC(tcp_net_of(tp), TCPPartialUndo);
	tcp_undo_cwnd_reduction(tp, true);
	tcp_try_keep_open(tp);
	return true;
}

/* ------------------------------------------------------------------ RACK.  @rfc 8985 6.2 */

static bool rack_sent_after(ktime_t t1, ktime_t t2, u32 seq1, u32 seq2)
{
	return t1 > t2 || (t1 == t2 && after(seq1, seq2));
}

void tcp_rack_advance(struct tcp_sock *tp, u8 sacked, u32 end_seq, ktime_t xmit_time)
{
	u64 rtt_us = (u64)(tcp_net_of(tp)->now - xmit_time) / NSEC_PER_USEC;

	/* faster than any round trip: the ACK is of the first transmission */
	if ((sacked & TCPCB_RETRANS) && rtt_us < tcp_min_rtt_us(tp))
		return;
	tp->rack.advanced = true;
	tp->rack.rtt_us = (u32)min_size(rtt_us, UINT32_MAX);
	if (rack_sent_after(xmit_time, tp->rack.mstamp, end_seq, tp->rack.end_seq)) {
		tp->rack.mstamp = xmit_time;
		tp->rack.end_seq = end_seq;
	}
}

static u32 rack_reo_wnd_us(const struct tcp_sock *tp)
{
	if (!tp->reord_seen) {
		if (tp->ca_state >= TCP_CA_Recovery)
			return 0;
		if (tp->sacked_out >= tp->reordering && !(tcp_sysctl(tp)->recovery & RACK_RECOVERY_NO_DUPTHRESH))
			return 0;
	}
	return (u32)min_size((u64)(tcp_min_rtt_us(tp) >> 2) * tp->rack.reo_wnd_steps, tp->srtt_us >> 3);
}

/* Time until @skb is to be taken for lost; 0 and less: now. */
static s64 rack_skb_timeout_us(const struct tcp_sock *tp, const struct sk_buff *skb, u32 reo_wnd_us)
{
	return (s64)tp->rack.rtt_us + reo_wnd_us - (tcp_net_of(tp)->now - skb->tstamp) / NSEC_PER_USEC;
}

/* Sent before something that arrived, and long enough ago.  Return: microseconds until the next may be; 0: there is none */
static u32 rack_detect_loss(struct tcp_sock *tp)
{
	u32 reo_wnd_us = rack_reo_wnd_us(tp), timeout_us = 0;
	struct sk_buff *skb, *next;

	list_for_each_entry_safe(skb, next, &tp->tsorted_sent, by_time) {
		u8 sacked = TCP_SKB_CB(skb)->sacked;
		s64 left_us;

		if ((sacked & TCPCB_LOST) && !(sacked & TCPCB_SACKED_RETRANS))
			continue;
		if (!rack_sent_after(tp->rack.mstamp, skb->tstamp, tp->rack.end_seq, TCP_SKB_CB(skb)->end_seq))
			break;
		left_us = rack_skb_timeout_us(tp, skb, reo_wnd_us);
		if (left_us <= 0) {
			tcp_mark_skb_lost(tp, skb);
			list_del_init(&skb->by_time);
		} else {
			timeout_us = max_u32(timeout_us, (u32)min_s64(left_us, INT32_MAX));
		}
	}
	return timeout_us;
}

/* Return: was the reordering timer armed? */
static bool tcp_rack_mark_lost(struct tcp_sock *tp)
{
	u32 timeout_us;

	if (!tp->rack.advanced)
		return false;
	tp->rack.advanced = false;
	timeout_us = rack_detect_loss(tp);
	if (timeout_us)
		tcp_reset_xmit_timer(tp, TCP_RTX_REO_TIMEOUT, timeout_us * NSEC_PER_USEC + TCP_TIMEOUT_MIN);
	return timeout_us;
}

void tcp_rack_reo_timeout(struct tcp_sock *tp)
{
	u32 prior_inflight = tcp_packets_in_flight(tp), lost = tp->lost;

	(void)rack_detect_loss(tp);
	if (prior_inflight != tcp_packets_in_flight(tp)) {
		if (tp->ca_state != TCP_CA_Recovery) {
			tcp_enter_recovery(tp, false);
			if (!tp->ca_ops->cong_control)
				tcp_cwnd_reduction(tp, 1, tp->lost - lost, 0);
		}
		tcp_xmit_retransmit_queue(tp);
	}
	if (tp->rtx_kind != TCP_RTX_RETRANS)
		tcp_rearm_rto(tp);
}

/* RFC 8985 6.2.4: duplicates show that the window is too small, a time without them lets it shrink. */
void tcp_rack_update_reo_wnd(struct tcp_sock *tp, struct rate_sample *rs)
{
	if ((tcp_sysctl(tp)->recovery & RACK_RECOVERY_STATIC_REO_WND) || !rs->prior_delivered)
		return;
	if (before(rs->prior_delivered, tp->rack.last_delivered))
		tp->rack.dsack_seen = false;
	if (tp->rack.dsack_seen) {
		tp->rack.reo_wnd_steps = (u8)min_u32(255, tp->rack.reo_wnd_steps + 1U);
		tp->rack.dsack_seen = false;
		tp->rack.last_delivered = tp->delivered;
		tp->rack.reo_wnd_persist = RACK_REO_WND_PERSIST;
	} else if (!tp->rack.reo_wnd_persist) {
		tp->rack.reo_wnd_steps = 1;
	}
}

/* RFC 6582: without SACK the first segment is the one that is missing. */
static void tcp_newreno_mark_lost(struct tcp_sock *tp, bool snd_una_advanced)
{
	struct sk_buff *skb = tcp_skb_first(&tp->rtx_queue);
	u32 mss;

	if (!((tp->ca_state < TCP_CA_Recovery && tp->sacked_out >= tp->reordering) ||
	      (tp->ca_state == TCP_CA_Recovery && snd_una_advanced)))
		return;
	if (TCP_SKB_CB(skb)->sacked & TCPCB_LOST)
		return;
	mss = tcp_skb_mss(skb);
	if (tcp_skb_pcount(skb) > 1 && skb->len > mss && tcp_fragment(tp, true, skb, mss, mss))
		return;
	tcp_mark_skb_lost(tp, skb);
}

static void tcp_identify_packet_loss(struct tcp_sock *tp, int *ack_flag)
{
	u32 prior_retrans = tp->retrans_out;

	if (tcp_skb_tree_empty(&tp->rtx_queue))
		return;
	if (tcp_is_reno(tp)) {
		tcp_newreno_mark_lost(tp, *ack_flag & FLAG_SND_UNA_ADVANCED);
		return;
	}
	if (tcp_rack_mark_lost(tp))
		*ack_flag &= ~FLAG_SET_XMIT_TIMER;
	if (prior_retrans > tp->retrans_out)
		*ack_flag |= FLAG_LOST_RETRANS;
}

/* ------------------------------------------------------------------ after a silence.  @rfc 7661, 2861, 5681 4.1 */

/* Halved for each timeout that has passed, for nobody knows the path any more. */
static void tcp_cwnd_restart(struct tcp_sock *tp, ktime_t delta)
{
	u32 restart = min_u32(tcp_init_cwnd(tp), tp->snd_cwnd), cwnd = tp->snd_cwnd;

	tcp_ca_event(tp, CA_EVENT_CWND_RESTART);
	tp->snd_ssthresh = tcp_current_ssthresh(tp);
	while ((delta -= tp->rto) > 0 && cwnd > restart)
		cwnd >>= 1;
	tp->snd_cwnd = max_u32(cwnd, restart);
	tp->snd_cwnd_stamp = tcp_net_of(tp)->now;
	tp->snd_cwnd_used = 0;
}

void tcp_slow_start_after_idle(struct tcp_sock *tp)
{
	ktime_t idle = tcp_net_of(tp)->now - tp->lsndtime;

	if (tcp_sysctl(tp)->slow_start_after_idle && !tp->ca_ops->cong_control && idle > tp->rto)
		tcp_cwnd_restart(tp, idle);
}

/* ------------------------------------------------------------------ Loss: the timer says so.  @rfc 6298 5, 5682 */

/* The peer took back what it had told by SACK, or nothing is known: all is lost, but what RACK knows to be too young. */
static void tcp_timeout_mark_lost(struct tcp_sock *tp)
{
	struct sk_buff *head = tcp_skb_first(&tp->rtx_queue);
	bool is_reneg = head && (TCP_SKB_CB(head)->sacked & TCPCB_SACKED_ACKED);

	if (is_reneg) {
		TCP_INC(tcp_net_of(tp), TCPSACKReneging);
		tp->sacked_out = 0;
		tp->is_sack_reneg = true;
		tcp_sack_cache_clear(tp);
	} else if (tcp_is_reno(tp)) {
		tcp_reset_reno_sack(tp);
	}
	for (struct sk_buff *skb = head; skb; skb = tcp_skb_next(&tp->rtx_queue, skb)) {
		if (is_reneg)
			TCP_SKB_CB(skb)->sacked &= (u8)~TCPCB_SACKED_ACKED;
		else if (tcp_is_sack(tp) && skb != head && rack_skb_timeout_us(tp, skb, 0) > 0)
			continue;
		tcp_mark_skb_lost(tp, skb);
	}
	tp->retransmit_skb_hint = NULL;
	tcp_verify_left_out(tp);
}

void tcp_enter_loss(struct tcp_sock *tp)
{
	bool new_recovery = tp->ca_state < TCP_CA_Recovery;
	u32 reordering = (u32)tcp_sysctl(tp)->reordering;

	tcp_timeout_mark_lost(tp);
	/* once per window of data, not once per timeout */
	if (tp->ca_state <= TCP_CA_Disorder || !after(tp->high_seq, tp->snd_una) ||
	    (tp->ca_state == TCP_CA_Loss && !tp->retransmits)) {
		tp->prior_ssthresh = tcp_current_ssthresh(tp);
		tp->prior_cwnd = tp->snd_cwnd;
		tp->snd_ssthresh = tp->ca_ops->ssthresh(tp);
		tcp_ca_event(tp, CA_EVENT_LOSS);
		init_undo(tp);
	}
	tp->snd_cwnd = tcp_packets_in_flight(tp) + 1;
	tp->snd_cwnd_cnt = 0;
	tp->snd_cwnd_stamp = tcp_net_of(tp)->now;
	if (tp->ca_state <= TCP_CA_Disorder && tp->sacked_out >= reordering)
		tp->reordering = min_u32(tp->reordering, reordering);
	tcp_set_ca_state(tp, TCP_CA_Loss);
	tp->high_seq = tp->snd_nxt;
	tp->tlp_high_seq = 0;
	ecn_queue_cwr(tp);
	/* F-RTO: the next ACKs tell whether it was a loss; not while the timer fires again and again */
	tp->frto = tcp_sysctl(tp)->frto && (new_recovery || tp->retransmits) && !tcp_mtup_probe_size(tp);
}

static void tcp_process_loss(struct tcp_sock *tp, int flag, u32 num_dupack, int *rexmit)
{
	bool recovered = !before(tp->snd_una, tp->high_seq);

	if ((flag & FLAG_SND_UNA_ADVANCED) && tcp_try_undo_loss(tp, false))
		return;
	if (tp->frto) { /* RFC 5682 2.1, 3.1 */
		if ((flag & FLAG_ORIG_SACK_ACKED) && tcp_try_undo_loss(tp, true))
			return;
		if (after(tp->snd_nxt, tp->high_seq)) {
			if ((flag & FLAG_DATA_SACKED) || num_dupack)
				tp->frto = false;
		} else if ((flag & FLAG_SND_UNA_ADVANCED) && !recovered) {
			tp->high_seq = tp->snd_nxt;
			/* new data instead of old: the answer to it tells */
			if (tcp_send_head(tp) && after(tcp_wnd_end(tp), tp->snd_nxt)) {
				*rexmit = REXMIT_NEW;
				return;
			}
			tp->frto = false;
		}
	}
	if (recovered) {
		tcp_try_undo_recovery(tp);
		return;
	}
	if (tcp_is_reno(tp)) {
		if (after(tp->snd_nxt, tp->high_seq) && num_dupack)
			tcp_add_reno_sack(tp, num_dupack, flag & FLAG_ECE);
		else if (flag & FLAG_SND_UNA_ADVANCED)
			tcp_reset_reno_sack(tp);
	}
	*rexmit = REXMIT_LOST;
}

/* ------------------------------------------------------------------ Recovery */

void tcp_enter_recovery(struct tcp_sock *tp, bool ece_ack)
{
	if (tcp_is_reno(tp))
		TCP_INC(tcp_net_of(tp), TCPRenoRecovery);
	else
		TCP_INC(tcp_net_of(tp), TCPSackRecovery);
	tp->retrans_stamp = any_retrans_done(tp) ? tp->retrans_stamp : 0;
	tp->prior_ssthresh = 0;
	init_undo(tp);
	if (!tcp_in_cwnd_reduction(tp)) {
		if (!ece_ack)
			tp->prior_ssthresh = tcp_current_ssthresh(tp);
		tcp_init_cwnd_reduction(tp);
	}
	tp->high_seq = tp->snd_nxt;
	tcp_set_ca_state(tp, TCP_CA_Recovery);
}

/* The path took less than the probe: that is all that is wrong.  @rfc 4821 7.6.2 */
static bool mtup_probe_failed(struct tcp_sock *tp)
{
	if (tp->ca_state >= TCP_CA_CWR || !tcp_mtup_probe_size(tp) || tp->snd_una != tp->mtup->probe_seq_start)
		return false;
	tp->mtup->search_high = tp->mtup->probe_size - 1;
	tp->mtup->probe_size = 0;
	TCP_INC(tcp_net_of(tp), TCPMTUPFail);
	tp->snd_cwnd++;
	tcp_simple_retransmit(tp);
	return true;
}

/* Segments that no longer fit the path go again, in smaller ones; no sign of congestion.  @rfc 1191 6.4 */
void tcp_simple_retransmit(struct tcp_sock *tp)
{
	u32 mss = tcp_current_mss(tp);

	for (struct sk_buff *skb = tcp_skb_first(&tp->rtx_queue); skb; skb = tcp_skb_next(&tp->rtx_queue, skb)) {
		u32 size = tcp_skb_pcount(skb) > 1 ? tcp_skb_mss(skb) : skb->len;

		if (size > mss)
			tcp_mark_skb_lost(tp, skb);
	}
	tp->retransmit_skb_hint = NULL;
	if (!tp->lost_out)
		return;
	if (tcp_is_reno(tp))
		tp->sacked_out = min_u32(tp->sacked_out, tp->packets_out - tp->lost_out);
	if (tp->ca_state != TCP_CA_Loss) {
		tp->high_seq = tp->snd_nxt;
		tp->snd_ssthresh = tcp_current_ssthresh(tp);
		tp->prior_ssthresh = 0;
		tp->undo_marker = 0;
		tcp_set_ca_state(tp, TCP_CA_Loss);
	}
	tcp_xmit_retransmit_queue(tp);
}

/* The first segment was told to have arrived, but is not acked: has the peer thrown it away?  Wait a little, and see. */
static bool tcp_check_sack_reneging(struct tcp_sock *tp, int *ack_flag)
{
	ktime_t delay;

	if (!(*ack_flag & FLAG_SACK_RENEGING) || !(*ack_flag & FLAG_SND_UNA_ADVANCED))
		return false;
	delay = (ktime_t)(tp->srtt_us >> 4) * NSEC_PER_USEC;
	tcp_reset_xmit_timer(tp, TCP_RTX_RETRANS, delay > RENEGING_DELAY_MIN ? delay : RENEGING_DELAY_MIN);
	*ack_flag &= ~FLAG_SET_XMIT_TIMER;
	return true;
}

/* What was in flight when the state began is acked.  Return: the state holds on */
static bool state_is_over(struct tcp_sock *tp)
{
	if (tp->ca_state == TCP_CA_Open) {
		tp->retrans_stamp = 0;
	} else if (!before(tp->snd_una, tp->high_seq)) {
		if (tp->ca_state == TCP_CA_CWR) {
			/* one more, so that the halving is complete */
			if (tp->snd_una != tp->high_seq) {
				tcp_end_cwnd_reduction(tp);
				tcp_set_ca_state(tp, TCP_CA_Open);
			}
		} else if (tp->ca_state == TCP_CA_Recovery) {
			if (tcp_is_reno(tp))
				tcp_reset_reno_sack(tp);
			if (tcp_try_undo_recovery(tp))
				return true;
			tcp_end_cwnd_reduction(tp);
		}
	}
	return false;
}

/* Return: nothing more is to be done */
static bool in_recovery(struct tcp_sock *tp, u32 prior_snd_una, u32 num_dupack, int *ack_flag)
{
	if (!(*ack_flag & FLAG_SND_UNA_ADVANCED)) {
		if (tcp_is_reno(tp))
			tcp_add_reno_sack(tp, num_dupack, *ack_flag & FLAG_ECE);
	} else if (tcp_try_undo_partial(tp, prior_snd_una)) {
		return true;
	}
	if (tcp_try_undo_dsack(tp))
		tcp_try_to_open(tp, *ack_flag);
	tcp_identify_packet_loss(tp, ack_flag);
	if (tp->ca_state == TCP_CA_Recovery)
		return false;
	if (!tp->lost_out)
		return true;
	tcp_enter_recovery(tp, *ack_flag & FLAG_ECE);
	return false;
}

static bool in_loss(struct tcp_sock *tp, u32 num_dupack, int *ack_flag, int *rexmit)
{
	tcp_process_loss(tp, *ack_flag, num_dupack, rexmit);
	tcp_identify_packet_loss(tp, ack_flag);
	return !(tp->ca_state == TCP_CA_Open || (*ack_flag & FLAG_LOST_RETRANS));
}

/* An ACK that is not what it should be if all were well.  @rexmit: what is to be sent when the window is known */
void tcp_fastretrans_alert(struct tcp_sock *tp, u32 prior_snd_una, u32 num_dupack, int *ack_flag, int *rexmit)
{
	if (!tp->packets_out)
		tp->sacked_out = 0;
	if (*ack_flag & FLAG_ECE)
		tp->prior_ssthresh = 0; /* congestion was told of: it is not undone */
	if (tcp_check_sack_reneging(tp, ack_flag))
		return;
	tcp_verify_left_out(tp);
	if (state_is_over(tp))
		return;
	if (tp->ca_state == TCP_CA_Recovery) {
		if (!in_recovery(tp, prior_snd_una, num_dupack, ack_flag))
			*rexmit = REXMIT_LOST;
		return;
	}
	if (tp->ca_state == TCP_CA_Loss && in_loss(tp, num_dupack, ack_flag, rexmit))
		return;
	if (tcp_is_reno(tp)) {
		if (*ack_flag & FLAG_SND_UNA_ADVANCED)
			tcp_reset_reno_sack(tp);
		tcp_add_reno_sack(tp, num_dupack, *ack_flag & FLAG_ECE);
	}
	if (tp->ca_state <= TCP_CA_Disorder)
		tcp_try_undo_dsack(tp);
	tcp_identify_packet_loss(tp, ack_flag);
	if (!tp->lost_out) {
		tcp_try_to_open(tp, *ack_flag);
		return;
	}
	if (mtup_probe_failed(tp))
		return;
	tcp_enter_recovery(tp, *ack_flag & FLAG_ECE);
	*rexmit = REXMIT_LOST;
}

/* ------------------------------------------------------------------ tail loss probe: what came of it.  @rfc 8985 7.4 */

void tcp_process_tlp_ack(struct tcp_sock *tp, u32 ack, int flag)
{
	if (before(ack, tp->tlp_high_seq))
		return;
	if (!tp->tlp_retrans || (flag & FLAG_DSACK_TLP)) {
		tp->tlp_high_seq = 0; /* new data, or it had arrived before: no loss */
	} else if (after(ack, tp->tlp_high_seq)) {
		/* the probe repaired it, and nobody has slowed down for that */
		tcp_init_cwnd_reduction(tp);
		tcp_set_ca_state(tp, TCP_CA_CWR);
		tcp_end_cwnd_reduction(tp);
		tcp_try_keep_open(tp);
		TCP_INC(tcp_net_of(tp), TCPLossProbeRecovery);
	} else if (!(flag & (FLAG_SND_UNA_ADVANCED | FLAG_NOT_DUP | FLAG_DATA_SACKED))) {
		tp->tlp_high_seq = 0; /* both arrived */
	}
}
