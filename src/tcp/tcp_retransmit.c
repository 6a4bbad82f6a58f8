// SPDX-License-Identifier: BSD-2-Clause
/* Sending again: what is lost, and the probe of the tail.
 *
 * @step S3 of S13   @rfc 6298 5.4, 6675 5, 8985 7   @linux net/ipv4/tcp_output.c: tcp_retransmit_skb
 *
 * Reading order: tcp_xmit_retransmit_queue(), tcp_retransmit_skb(), tcp_schedule_loss_probe(), tcp_send_loss_probe().
 */
#include "base/byteorder.h"
#include "tcp/tcp_output.h"
#include "wire/tcp.h"

/* A clone is still in a queue below: it has not even been lost yet. */
static bool skb_still_in_host_queue(struct tcp_sock *tp, const struct sk_buff *skb)
{
	if (!(skb->cloned && skb_shinfo(skb)->dataref - skb_shinfo(skb)->nohdr_count > 0))
		return false;
	tp->tsq_throttled = true;
	TCP_INC(tcp_net_of(tp), TCPSpuriousRtxHostQueues);
	return true;
}

/* ------------------------------------------------------------------ small neighbours become one */

static bool may_collapse(const struct tcp_sock *tp, const struct sk_buff *skb)
{
	u8 sacked = TCP_SKB_CB(skb)->sacked;

	return tcp_skb_pcount(skb) == 1 && skb->len && !(sacked & TCPCB_SACKED_ACKED) &&
	       !(TCP_SKB_CB(skb)->flags & TCPHDR_SYN) && tp->rtx_queue.list.qlen > 1;
}

static void collapse_counts(struct tcp_sock *tp, struct sk_buff *skb, const struct sk_buff *next)
{
	u8 sacked = TCP_SKB_CB(next)->sacked;

	TCP_SKB_CB(skb)->end_seq = TCP_SKB_CB(next)->end_seq;
	TCP_SKB_CB(skb)->flags |= TCP_SKB_CB(next)->flags;
	TCP_SKB_CB(skb)->eor = TCP_SKB_CB(next)->eor;
	TCP_SKB_CB(skb)->sacked |= sacked & TCPCB_EVER_RETRANS;
	tp->packets_out--;
	if (sacked & TCPCB_LOST)
		tp->lost_out--;
	if (sacked & TCPCB_SACKED_RETRANS)
		tp->retrans_out--;
	if (tcp_is_reno(tp) && tp->sacked_out)
		tp->sacked_out--;
}

static void tcp_retrans_try_collapse(struct tcp_sock *tp, struct sk_buff *skb, u32 space)
{
	struct sk_buff *next;

	if (!tcp_sysctl(tp)->retrans_collapse || (TCP_SKB_CB(skb)->flags & TCPHDR_SYN))
		return;
	while ((next = tcp_skb_next(&tp->rtx_queue, skb))) {
		if (TCP_SKB_CB(skb)->eor || !may_collapse(tp, next) || space < skb->len + next->len ||
		    after(TCP_SKB_CB(next)->end_seq, tcp_wnd_end(tp)) || !tcp_skb_collapse(skb, next))
			return;
		tcp_wmem_grow(tp, skb, next->len);
		collapse_counts(tp, skb, next);
		tcp_rtx_queue_unlink_and_free(tp, next);
	}
}

/* ------------------------------------------------------------------ one segment again */

/* As much of @skb as may go now is in @skb.  Return: 0, -errno */
static int cut_to_size(struct tcp_sock *tp, struct sk_buff *skb, u32 segs, u32 cur_mss)
{
	u32 room = tcp_wnd_end(tp) - TCP_SKB_CB(skb)->seq, len = cur_mss * segs;
	u32 old_pcount = tcp_skb_pcount(skb);

	/* The peer's window shrank: only the first segment goes, to see whether it opens. */
	if (!before(TCP_SKB_CB(skb)->seq, tcp_wnd_end(tp))) {
		if (TCP_SKB_CB(skb)->seq != tp->snd_una)
			return -EAGAIN;
		room = cur_mss;
	}
	if (len > room) {
		len = room - room % cur_mss;
		if (!len)
			len = room;
	}
	if (skb->len > len)
		return tcp_fragment(tp, true, skb, len, cur_mss);
	if (tcp_skb_unclone(skb))
		return -ENOMEM;
	if (skb->len > cur_mss || old_pcount > 1) {
		s32 diff = (s32)old_pcount - (s32)tcp_set_skb_tso_segs(skb, cur_mss);

		if (diff)
			tcp_adjust_pcount(tp, skb, diff);
	}
	if (skb->len < min_u32(cur_mss, room))
		tcp_retrans_try_collapse(tp, skb, min_u32(cur_mss, room));
	return 0;
}

static void count_retransmission(struct tcp_sock *tp, struct sk_buff *skb)
{
	u32 segs = tcp_skb_pcount(skb);

	TCP_ADD(tcp_net_of(tp), RetransSegs, segs);
	if (TCP_SKB_CB(skb)->flags & TCPHDR_SYN)
		TCP_INC(tcp_net_of(tp), TCPSynRetrans);
	tp->total_retrans += segs;
	tp->bytes_retrans += skb->len;
}

/* RFC 3168 6.1.1.1: the peer may not like it: ask without ECN. */
static void ecn_clear_syn(struct tcp_sock *tp, struct sk_buff *skb)
{
	u8 *flags = &TCP_SKB_CB(skb)->flags;

	if (tcp_sysctl(tp)->ecn_fallback && (*flags & (TCPHDR_SYN | TCPHDR_ACK)) == TCPHDR_SYN)
		*flags &= (u8) ~(TCPHDR_ECE | TCPHDR_CWR);
}

static int __tcp_retransmit_skb(struct tcp_sock *tp, struct sk_buff *skb, u32 segs)
{
	u32 cur_mss, acked;
	int err;

	if (tcp_mtup_probe_size(tp))
		tp->mtup->probe_size = 0;
	if (skb_still_in_host_queue(tp, skb))
		return -EBUSY;
	if (before(TCP_SKB_CB(skb)->seq, tp->snd_una) && !(TCP_SKB_CB(skb)->flags & TCPHDR_SYN)) {
		acked = tp->snd_una - TCP_SKB_CB(skb)->seq;
		if (acked > skb->len) /* as much: a FIN is left, which was put to octets that had left already */
			return -EINVAL;
		if (tcp_trim_head(tp, skb, acked))
			return -ENOMEM;
	}
	if (tp->af->rebuild_header(tp))
		return -EHOSTUNREACH;
	cur_mss = tcp_current_mss(tp);
	err = cut_to_size(tp, skb, segs, cur_mss);
	if (err)
		return err;
	ecn_clear_syn(tp, skb);
	count_retransmission(tp, skb);
	err = tcp_transmit_skb(tp, skb);
	if (err)
		TCP_ADD(tcp_net_of(tp), TCPRetransFail, tcp_skb_pcount(skb));
	TCP_SKB_CB(skb)->sacked |= TCPCB_EVER_RETRANS;
	return err == -EBUSY ? -EBUSY : err < 0 ? 1 : 0;
}

/* Return: 0, positive: our own queues or memory did not take it, -errno: it cannot go now */
int tcp_retransmit_skb(struct tcp_sock *tp, struct sk_buff *skb, u32 segs)
{
	int err;

	if (!skb)
		return -EINVAL;
	err = __tcp_retransmit_skb(tp, skb, segs);
	if (!err) {
		if (!(TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_RETRANS))
			tp->retrans_out += tcp_skb_pcount(skb);
		TCP_SKB_CB(skb)->sacked |= TCPCB_RETRANS;
		if (!tp->retrans_stamp)
			tp->retrans_stamp = skb->tstamp;
	}
	if (tp->undo_retrans < 0)
		tp->undo_retrans = 0;
	tp->undo_retrans += (s32)tcp_skb_pcount(skb);
	return err;
}

static u64 *retransmit_counter(struct tcp_sock *tp)
{
	struct tcp_mib *mib = &tcp_net_of(tp)->tcp->mib;

	return tp->ca_state == TCP_CA_Loss ? &mib->TCPSlowStartRetrans : &mib->TCPFastRetrans;
}

/* All that is marked lost and not sent again yet, as far as the window allows. */
void tcp_xmit_retransmit_queue(struct tcp_sock *tp)
{
	struct sk_buff *skb = tp->retransmit_skb_hint ? tp->retransmit_skb_hint : tcp_skb_first(&tp->rtx_queue), *next;
	bool rearm = false;

	for (; skb && tp->packets_out; skb = next) {
		u32 in_flight = tcp_packets_in_flight(tp);
		u8 sacked = TCP_SKB_CB(skb)->sacked;

		if (tcp_pacing_check(tp))
			break;
		if (in_flight >= tp->snd_cwnd || tp->retrans_out >= tp->lost_out)
			break;
		next = tcp_skb_next(&tp->rtx_queue, skb);
		if (!(sacked & TCPCB_LOST) || (sacked & (TCPCB_SACKED_ACKED | TCPCB_SACKED_RETRANS)))
			continue;
		tp->retransmit_skb_hint = skb;
		if (tcp_small_queue_check(tp, skb, 1) || tcp_retransmit_skb(tp, skb, tp->snd_cwnd - in_flight))
			break;
		*retransmit_counter(tp) += tcp_skb_pcount(skb);
		if (tcp_in_cwnd_reduction(tp))
			tp->prr_out += tcp_skb_pcount(skb);
		if (skb == tcp_skb_first(&tp->rtx_queue) && tp->rtx_kind != TCP_RTX_REO_TIMEOUT)
			rearm = true;
		next = tcp_skb_next(&tp->rtx_queue, skb); /* it may have been cut, or have taken in its neighbours */
	}
	if (rearm)
		tcp_reset_xmit_timer(tp, TCP_RTX_RETRANS, tp->rto);
}

void tcp_rtx_queue_unlink_and_free(struct tcp_sock *tp, struct sk_buff *skb)
{
	if (tp->retransmit_skb_hint == skb)
		tp->retransmit_skb_hint = NULL;
	list_del_init(&skb->by_time);
	tcp_skb_remove(&tp->rtx_queue, skb);
	tcp_wmem_free_skb(tp, skb);
}

/* ------------------------------------------------------------------ tail loss probe.  @rfc 8985 7 */

bool tcp_schedule_loss_probe(struct tcp_sock *tp, bool advancing_rto)
{
	int early_retrans = tcp_sysctl(tp)->early_retrans;
	ktime_t timeout, rto_left = tp->rto;

	if ((early_retrans != 3 && early_retrans != 4) || !tp->packets_out || !tcp_is_sack(tp) ||
	    (tp->ca_state != TCP_CA_Open && tp->ca_state != TCP_CA_CWR) || tp->fastopen_rsk)
		return false;
	if (tp->srtt_us) {
		timeout = (ktime_t)(tp->srtt_us >> 2) * NSEC_PER_USEC; /* two round trips */
		/* one segment alone: the peer may wait with its ACK */
		timeout += tp->packets_out == 1 ? tp->rto_min : TCP_TIMEOUT_MIN;
	} else {
		timeout = TCP_TIMEOUT_INIT;
	}
	if (!advancing_rto)
		rto_left = tcp_skb_first(&tp->rtx_queue)->tstamp + tp->rto - tcp_net_of(tp)->now;
	if (rto_left > 0 && rto_left < timeout)
		timeout = rto_left;
	tcp_reset_xmit_timer(tp, TCP_RTX_LOSS_PROBE, timeout);
	return true;
}

/* The last segment once more.  Return: did it go? */
static bool probe_with_the_last(struct tcp_sock *tp, u32 mss)
{
	struct sk_buff *skb = tcp_skb_last(&tp->rtx_queue);
	u32 pcount;

	if (!skb || skb_still_in_host_queue(tp, skb))
		return false;
	pcount = tcp_skb_pcount(skb);
	if (pcount > 1 && skb->len > (pcount - 1) * mss) {
		if (tcp_fragment(tp, true, skb, (pcount - 1) * mss, mss))
			return false;
		skb = tcp_skb_last(&tp->rtx_queue);
	}
	if (__tcp_retransmit_skb(tp, skb, 1))
		return false;
	tp->tlp_retrans = true;
	return true;
}

void tcp_send_loss_probe(struct tcp_sock *tp)
{
	u32 mss = tcp_current_mss(tp), before_out = tp->packets_out;
	const struct sk_buff *skb = tcp_send_head(tp);
	bool sent = false;

	if (!tp->tlp_high_seq) { /* else one is on its way */
		tp->tlp_retrans = false;
		if (skb && !after(TCP_SKB_CB(skb)->seq + min_u32(skb->len, mss), tcp_wnd_end(tp))) {
			tcp_write_xmit(tp, mss, tp->nonagle, 2);
			sent = tp->packets_out > before_out;
		} else {
			sent = probe_with_the_last(tp, mss);
		}
	}
	if (sent) {
		tp->tlp_high_seq = tp->snd_nxt;
		TCP_INC(tcp_net_of(tp), TCPLossProbes);
	}
	tcp_rearm_rto(tp);
}
