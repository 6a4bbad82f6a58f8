// SPDX-License-Identifier: BSD-2-Clause
/* How fast does the path deliver?  One sample for each ACK.
 *
 * @step S3 of S13   @rfc draft-cheng-iccrg-delivery-rate-estimation   @linux net/ipv4/tcp_rate.c
 *
 * A segment remembers, when it leaves, how much had been delivered by then and when.  When it is acked, what was
 * delivered since, over the time since, is the rate of its flight.  Of two times, how long the flight took to be sent and
 * how long to be acked, the longer one counts: ACKs that come in a heap must not look like a fast path.
 *
 * Reading order: tcp_rate_skb_sent(), tcp_rate_skb_delivered(), tcp_rate_gen().
 */
#include "net.h"
#include "tcp/tcp.h"

/* Called before @skb counts in packets_out. */
void tcp_rate_skb_sent(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	/* First after idleness: the pause is no part of a flight. */
	if (!tp->packets_out) {
		tp->first_tx_mstamp = skb->tstamp;
		tp->delivered_mstamp = skb->tstamp;
	}
	cb->first_tx_mstamp = tp->first_tx_mstamp;
	cb->delivered_mstamp = tp->delivered_mstamp;
	cb->delivered = tp->delivered;
	cb->delivered_ce = tp->delivered_ce;
	cb->is_app_limited = tp->app_limited != 0;
}

/* Was @skb sent later than what the sample is made of so far? */
static bool is_newest(const struct tcp_sock *tp, const struct sk_buff *skb, const struct rate_sample *rs)
{
	if (!rs->prior_mstamp || skb->tstamp > tp->first_tx_mstamp)
		return true;
	return skb->tstamp == tp->first_tx_mstamp && after(TCP_SKB_CB(skb)->end_seq, rs->last_end_seq);
}

static u32 elapsed_us(ktime_t later, ktime_t earlier)
{
	u64 us;

	if (later <= earlier) /* mostly one segment alone: not a division for it */
		return 0;
	us = (u64)(later - earlier) / (u64)NSEC_PER_USEC;
	return us > INT32_MAX ? INT32_MAX : (u32)us;
}

void tcp_rate_skb_delivered(struct tcp_sock *tp, struct sk_buff *skb, struct rate_sample *rs)
{
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	if (!cb->delivered_mstamp) /* told of already */
		return;
	if (is_newest(tp, skb, rs)) {
		rs->prior_delivered = cb->delivered;
		rs->prior_delivered_ce = cb->delivered_ce;
		rs->prior_mstamp = cb->delivered_mstamp;
		rs->is_app_limited = cb->is_app_limited;
		rs->is_retrans = cb->sacked & TCPCB_RETRANS;
		rs->last_end_seq = cb->end_seq;
		tp->first_tx_mstamp = skb->tstamp;
		rs->snd_interval_us = elapsed_us(skb->tstamp, cb->first_tx_mstamp);
	}
	/* SACKed now, acked later: only once. */
	if (cb->sacked & TCPCB_SACKED_ACKED)
		cb->delivered_mstamp = 0;
}

void tcp_rate_gen(struct tcp_sock *tp, u32 delivered, u32 lost, bool is_sack_reneg, struct rate_sample *rs)
{
	/* What was sent while the program had nothing more was delivered: from here on, the path is the limit again. */
	if (tp->app_limited && after(tp->delivered, tp->app_limited))
		tp->app_limited = 0;
	if (delivered)
		tp->delivered_mstamp = tcp_net_of(tp)->now;
	rs->acked_sacked = delivered;
	rs->losses = lost;
	/* After reneging nobody knows what is delivered. */
	if (!rs->prior_mstamp || is_sack_reneg) {
		rs->delivered = -1;
		rs->interval_us = -1;
		return;
	}
	rs->delivered = (s32)(tp->delivered - rs->prior_delivered);
	rs->delivered_ce = (s32)(tp->delivered_ce - rs->prior_delivered_ce);
	rs->rcv_interval_us = elapsed_us(tp->delivered_mstamp, rs->prior_mstamp);
	rs->interval_us = max_u32(rs->snd_interval_us, rs->rcv_interval_us);
	/* Shorter than the path can be: a retransmission that was none, whose time is not to be trusted. */
	if (rs->interval_us <= 0 || rs->interval_us < tcp_min_rtt_us(tp)) {
		rs->interval_us = -1;
		return;
	}
	/* An idle program's low rates are not the path's, unless they are higher than what was known. */
	if (!rs->is_app_limited ||
	    (u64)rs->delivered * tp->rate_interval_us >= tp->rate_delivered * (u64)rs->interval_us) {
		tp->rate_delivered = (u32)rs->delivered;
		tp->rate_interval_us = (u32)rs->interval_us;
		tp->rate_app_limited = rs->is_app_limited;
	}
}

/* Called when a program has given less than it might: nothing waits here or below, the window has room, and nothing lost
 * is to be sent again. */
void tcp_rate_check_app_limited(struct tcp_sock *tp)
{
	u32 in_flight = tcp_packets_in_flight(tp);

	if (tp->write_seq - tp->snd_nxt < tp->mss_cache && !tp->inet.sk.wmem_alloc_bytes && in_flight < tp->snd_cwnd &&
	    tp->lost_out <= tp->retrans_out) {
		u32 until = tp->delivered + in_flight;

		tp->app_limited = until ? until : 1;
	}
}
