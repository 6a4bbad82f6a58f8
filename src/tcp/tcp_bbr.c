// SPDX-License-Identifier: BSD-2-Clause
/* BBR, version 1: send at the rate that the path delivers, with no more in flight than that rate needs.
 *
 * @step S3 of S13   (draft-cardwell-iccrg-bbr-congestion-control-00)   @linux net/ipv4/tcp_bbr.c
 *
 * The model of the path is two numbers: the highest delivery rate of the last ten round trips, and the shortest round
 * trip of the last ten seconds.  They cannot be seen at the same time, so the modes take turns:
 *   STARTUP    doubles the rate each round trip until it finds no more
 *   DRAIN      empties the queue that STARTUP left
 *   PROBE_BW   eight round trips: one faster, one slower (to drain what that one queued), six at the rate itself
 *   PROBE_RTT  when no shorter round trip was seen for ten seconds: nearly nothing in flight for a moment
 * Beside these: a path with a policer, which passes bursts and drops what is above its rate, is sampled over longer times
 * (lt_), and ACKs that come in heaps earn the window more room (extra_acked).
 *
 * Rates are segments per microsecond, times 2^24; gains are times 256.  Reading order: bbr_cong_control(), from below.
 */
#include <linux/inet_diag.h>

#include "net.h"
#include "tcp/tcp.h"

#define BW_SCALE 24
#define BBR_UNIT 256U
#define BBR_HIGH_GAIN (BBR_UNIT * 2885U / 1000U + 1U) /* 2 / ln 2: the least that doubles the rate each round trip */
#define BBR_DRAIN_GAIN (BBR_UNIT * 1000U / 2885U)     /* what undoes it in one */
#define BBR_CWND_GAIN (BBR_UNIT * 2U)                 /* room for ACKs that are delayed or merged */
#define BBR_PACING_PERCENT 99U                        /* a little less than the path: so that queues end */
#define BBR_BW_ROUNDS 10U
#define BBR_CYCLE_PHASES 8U
#define BBR_FULL_BW_NUM 5U /* STARTUP ends when the rate did not grow by a quarter ... */
#define BBR_FULL_BW_DEN 4U
#define BBR_FULL_BW_ROUNDS 3U /* ... in this many round trips */
#define BBR_MIN_CWND 4U
#define BBR_MIN_RTT_MS 10000
#define BBR_PROBE_RTT_MS 200U
#define BBR_MIN_TSO_RATE 1200000U /* bits per second: below, one segment at a time */
#define BBR_MAX_TSO_SEGS 127U
#define BBR_MAX_TSO_BYTES (65535U - MAX_TCP_HEADER)
#define BBR_EXTRA_ROUNDS 5U
#define BBR_EXTRA_MAX_US 100000U
#define BBR_EPOCH_MAX_ACKED (1U << 20)
#define BBR_LT_MIN_ROUNDS 4U
#define BBR_LT_LOSS_THRESH 50U /* of 256: a fifth */
#define BBR_LT_BW_RATIO 8U     /* two intervals are the same rate if they differ by an eighth, ... */
#define BBR_LT_BW_DIFF 500U    /* ... or by so many bytes per second */
#define BBR_LT_MAX_ROUNDS 48U
#define BBR_MAX_CWND (1U << 30)

enum bbr_mode { BBR_STARTUP, BBR_DRAIN, BBR_PROBE_BW, BBR_PROBE_RTT };

struct bbr {
	ktime_t cycle_start;     /**< of this phase of PROBE_BW */
	ktime_t ack_epoch_start; /**< of what ack_epoch_acked counts */
	struct minmax bw;        /**< highest rate; its time is round_count */
	u32 min_rtt_us;          /**< UINT32_MAX: not known */
	u32 min_rtt_stamp_ms, probe_rtt_done_ms;
	u32 round_count;
	u32 next_round_delivered; /**< the round ends when something is acked that left after so much was delivered */
	u32 full_bw;
	u32 prior_cwnd; /**< to go back to after recovery or PROBE_RTT */
	u32 ack_epoch_acked;
	u32 lt_bw, lt_last_delivered, lt_last_stamp_ms, lt_last_lost;
	u16 extra_acked[2]; /**< most segments beyond the rate, in this and the last BBR_EXTRA_ROUNDS */
	u16 pacing_gain, cwnd_gain;
	u32 mode : 2, prev_ca_state : 3, packet_conservation : 1, round_start : 1, idle_restart : 1;
	u32 probe_rtt_timed : 1, probe_rtt_round_done : 1, has_seen_rtt : 1, full_bw_reached : 1, full_bw_count : 2;
	u32 cycle_index : 3, lt_is_sampling : 1, lt_use_bw : 1, lt_rounds : 6, extra_index : 1, extra_rounds : 3;
};
static_assert(sizeof(struct bbr) <= TCP_CA_PRIV_WORDS * sizeof(u64), "fits ca_priv");

static const u16 cycle_gains[BBR_CYCLE_PHASES] = { BBR_UNIT * 5 / 4, BBR_UNIT * 3 / 4, BBR_UNIT, BBR_UNIT,
						   BBR_UNIT,         BBR_UNIT,         BBR_UNIT, BBR_UNIT };

static struct bbr *bbr_of(struct tcp_sock *tp)
{
	return (struct bbr *)(void *)tp->ca_priv;
}

static u32 now_ms(const struct tcp_sock *tp)
{
	return tcp_clock_ms(tcp_net_of(tp));
}

static u64 mul_sat(u64 a, u64 b)
{
	u64 product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* ------------------------------------------------------------------ the model, in other units */

static u32 bw_of(u64 segments, u64 interval_us)
{
	u64 bw = (segments << BW_SCALE) / interval_us;

	return bw < UINT32_MAX ? (u32)bw : UINT32_MAX;
}

static u32 bbr_max_bw(const struct bbr *bbr)
{
	return bbr->bw.s[0].v;
}

static u32 bbr_bw(const struct bbr *bbr)
{
	return bbr->lt_use_bw ? bbr->lt_bw : bbr_max_bw(bbr);
}

static u64 rate_bytes_per_second(const struct tcp_sock *tp, u64 bw, u32 gain, u32 percent)
{
	u64 rate = mul_sat(mul_sat(bw, tp->mss_cache), gain) / BBR_UNIT;

	return mul_sat(rate, (u64)(NSEC_PER_SEC / NSEC_PER_USEC) / 100 * percent) >> BW_SCALE;
}

static u64 pacing_rate_of(const struct tcp_sock *tp, u64 bw, u32 gain)
{
	u64 rate = rate_bytes_per_second(tp, bw, gain, BBR_PACING_PERCENT), max = tp->inet.sk.max_pacing_rate;

	return rate < max ? rate : max;
}

/* Before there is a model: the window in one round trip, or in a millisecond. */
static void bbr_init_pacing_rate(struct tcp_sock *tp)
{
	struct bbr *bbr = bbr_of(tp);
	u32 rtt_us = 1000;

	if (tp->srtt_us) {
		rtt_us = max_u32(tp->srtt_us >> 3, 1);
		bbr->has_seen_rtt = 1;
	}
	tp->pacing_rate_by_srtt = false;
	tp->pacing_rate = pacing_rate_of(tp, bw_of(tp->snd_cwnd, rtt_us), BBR_HIGH_GAIN);
}

/* In STARTUP a slow sample is no reason to become slower. */
static void bbr_set_pacing_rate(struct tcp_sock *tp, u32 bw, u32 gain)
{
	struct bbr *bbr = bbr_of(tp);
	u64 rate = pacing_rate_of(tp, bw, gain);

	if (unlikely(!bbr->has_seen_rtt && tp->srtt_us))
		bbr_init_pacing_rate(tp);
	if (bbr->full_bw_reached || rate > tp->pacing_rate)
		tp->pacing_rate = rate;
}

static u32 bbr_min_tso_segs(struct tcp_sock *tp)
{
	return tp->pacing_rate < BBR_MIN_TSO_RATE / 8 ? 1 : 2;
}

static u32 bbr_tso_segs_goal(struct tcp_sock *tp)
{
	u64 bytes = tp->pacing_rate >> (tp->pacing_shift & 63);
	u32 segs = min_u32(bytes < BBR_MAX_TSO_BYTES ? (u32)bytes : BBR_MAX_TSO_BYTES, BBR_MAX_TSO_BYTES) /
		   max_u32(tp->mss_cache, 1);

	return min_u32(max_u32(segs, bbr_min_tso_segs(tp)), BBR_MAX_TSO_SEGS);
}

/* Rate times round trip. */
static u32 bbr_bdp(const struct bbr *bbr, u32 bw, u32 gain)
{
	u64 w;

	if (unlikely(bbr->min_rtt_us == UINT32_MAX))
		return TCP_INIT_CWND;
	w = mul_sat(((u64)bw * bbr->min_rtt_us) / BBR_UNIT, gain) >> BW_SCALE;
	return (u32)(w < BBR_MAX_CWND ? w + 1 : BBR_MAX_CWND);
}

/* Trains and delayed ACKs need room beside: three trains (one being made, one in our queues, one at the receiver), an even
 * number, and two more while we look for a higher rate on a path where that is nothing. */
static u32 bbr_quantize(struct tcp_sock *tp, u32 cwnd)
{
	const struct bbr *bbr = bbr_of(tp);

	cwnd += 3 * bbr_tso_segs_goal(tp);
	cwnd = (cwnd + 1) & ~1U;
	return bbr->mode == BBR_PROBE_BW && !bbr->cycle_index ? cwnd + 2 : cwnd;
}

static u32 bbr_inflight(struct tcp_sock *tp, u32 bw, u32 gain)
{
	return bbr_quantize(tp, bbr_bdp(bbr_of(tp), bw, gain));
}

/* ------------------------------------------------------------------ modes */

static void bbr_save_cwnd(struct tcp_sock *tp)
{
	struct bbr *bbr = bbr_of(tp);

	if (bbr->prev_ca_state < TCP_CA_Recovery && bbr->mode != BBR_PROBE_RTT)
		bbr->prior_cwnd = tp->snd_cwnd;
	else /* it has been cut already */
		bbr->prior_cwnd = max_u32(bbr->prior_cwnd, tp->snd_cwnd);
}

static void bbr_next_phase(struct tcp_sock *tp)
{
	struct bbr *bbr = bbr_of(tp);

	bbr->cycle_index = (bbr->cycle_index + 1U) % BBR_CYCLE_PHASES;
	bbr->cycle_start = tp->delivered_mstamp;
}

/* Begins anywhere but in the phase that drains: connections that share a path must not all probe at once. */
static void bbr_enter_probe_bw(struct tcp_sock *tp)
{
	struct bbr *bbr = bbr_of(tp);

	bbr->mode = BBR_PROBE_BW;
	bbr->cycle_index = (BBR_CYCLE_PHASES - 1U - get_random_u32_below(&tcp_net_of(tp)->rng, BBR_CYCLE_PHASES - 1U)) &
			   7U;
	bbr_next_phase(tp);
}

static void bbr_leave_probe_rtt(struct tcp_sock *tp)
{
	struct bbr *bbr = bbr_of(tp);

	if (bbr->full_bw_reached)
		bbr_enter_probe_bw(tp);
	else
		bbr->mode = BBR_STARTUP;
}

static bool bbr_phase_is_over(struct tcp_sock *tp, const struct rate_sample *rs)
{
	const struct bbr *bbr = bbr_of(tp);
	bool is_full_length = tp->delivered_mstamp - bbr->cycle_start > bbr->min_rtt_us * NSEC_PER_USEC;

	if (bbr->pacing_gain == BBR_UNIT)
		return is_full_length;
	/* Faster until the queue has what that makes, or cannot hold it. */
	if (bbr->pacing_gain > BBR_UNIT)
		return is_full_length &&
		       (rs->losses || rs->prior_in_flight >= bbr_inflight(tp, bbr_max_bw(bbr), bbr->pacing_gain));
	/* Slower until the queue is gone. */
	return is_full_length || rs->prior_in_flight <= bbr_inflight(tp, bbr_max_bw(bbr), BBR_UNIT);
}

static void bbr_update_phase(struct tcp_sock *tp, const struct rate_sample *rs)
{
	if (bbr_of(tp)->mode == BBR_PROBE_BW && bbr_phase_is_over(tp, rs))
		bbr_next_phase(tp);
}

/* Has STARTUP found the path's rate? */
static void bbr_check_full_bw(struct bbr *bbr, const struct rate_sample *rs)
{
	if (bbr->full_bw_reached || !bbr->round_start || rs->is_app_limited)
		return;
	if (bbr_max_bw(bbr) >= (u64)bbr->full_bw * BBR_FULL_BW_NUM / BBR_FULL_BW_DEN) {
		bbr->full_bw = bbr_max_bw(bbr);
		bbr->full_bw_count = 0;
		return;
	}
	bbr->full_bw_count = (bbr->full_bw_count + 1U) & 3U;
	bbr->full_bw_reached = bbr->full_bw_count >= BBR_FULL_BW_ROUNDS;
}

static void bbr_check_drain(struct tcp_sock *tp)
{
	struct bbr *bbr = bbr_of(tp);

	if (bbr->mode == BBR_STARTUP && bbr->full_bw_reached) {
		bbr->mode = BBR_DRAIN;
		tp->snd_ssthresh = bbr_inflight(tp, bbr_max_bw(bbr), BBR_UNIT);
	}
	if (bbr->mode == BBR_DRAIN && tcp_packets_in_flight(tp) <= bbr_inflight(tp, bbr_max_bw(bbr), BBR_UNIT))
		bbr_enter_probe_bw(tp);
}

/* ------------------------------------------------------------------ a policer: the rate over a longer time */

static void bbr_lt_interval_begin(struct tcp_sock *tp)
{
	struct bbr *bbr = bbr_of(tp);

	bbr->lt_last_stamp_ms = now_ms(tp);
	bbr->lt_last_delivered = tp->delivered;
	bbr->lt_last_lost = tp->lost;
	bbr->lt_rounds = 0;
}

static void bbr_lt_reset(struct tcp_sock *tp)
{
	struct bbr *bbr = bbr_of(tp);

	bbr->lt_bw = 0;
	bbr->lt_use_bw = 0;
	bbr->lt_is_sampling = 0;
	bbr_lt_interval_begin(tp);
}

/* Two intervals with many losses and the same rate: that is what the policer lets through. */
static void bbr_lt_interval_done(struct tcp_sock *tp, u32 bw)
{
	struct bbr *bbr = bbr_of(tp);
	u32 diff = bw > bbr->lt_bw ? bw - bbr->lt_bw : bbr->lt_bw - bw;

	if (bbr->lt_bw && (diff <= bbr->lt_bw / BBR_LT_BW_RATIO ||
			   rate_bytes_per_second(tp, diff, BBR_UNIT, 100) <= BBR_LT_BW_DIFF)) {
		bbr->lt_bw = (u32)(((u64)bw + bbr->lt_bw) / 2);
		bbr->lt_use_bw = 1;
		bbr->pacing_gain = BBR_UNIT;
		bbr->lt_rounds = 0;
		return;
	}
	bbr->lt_bw = bw;
	bbr_lt_interval_begin(tp);
}

/* The interval ends with a loss: there the policer's bucket is empty, as it was when it began. */
static void bbr_lt_interval_end(struct tcp_sock *tp, const struct rate_sample *rs)
{
	const struct bbr *bbr = bbr_of(tp);
	u32 lost = tp->lost - bbr->lt_last_lost, delivered = tp->delivered - bbr->lt_last_delivered;
	u32 elapsed_ms = now_ms(tp) - bbr->lt_last_stamp_ms;

	if (!rs->losses || !delivered || (u64)lost * 256 < (u64)delivered * BBR_LT_LOSS_THRESH || !elapsed_ms)
		return;
	if (elapsed_ms > INT32_MAX / 1000) {
		bbr_lt_reset(tp);
		return;
	}
	bbr_lt_interval_done(tp, bw_of(delivered, elapsed_ms * 1000ULL));
}

static void bbr_lt_sample(struct tcp_sock *tp, const struct rate_sample *rs)
{
	struct bbr *bbr = bbr_of(tp);

	if (bbr->lt_use_bw) {
		if (bbr->mode == BBR_PROBE_BW)
			bbr->lt_rounds = (bbr->lt_rounds + bbr->round_start) & 63U;
		if (bbr->lt_rounds >= BBR_LT_MAX_ROUNDS) { /* perhaps it is gone */
			bbr_lt_reset(tp);
			bbr_enter_probe_bw(tp);
		}
		return;
	}
	if (!bbr->lt_is_sampling) {
		if (!rs->losses)
			return;
		bbr_lt_interval_begin(tp);
		bbr->lt_is_sampling = 1;
	}
	if (rs->is_app_limited) {
		bbr_lt_reset(tp);
		return;
	}
	bbr->lt_rounds = (bbr->lt_rounds + bbr->round_start) & 63U;
	if (bbr->lt_rounds > 4 * BBR_LT_MIN_ROUNDS)
		bbr_lt_reset(tp);
	else if (bbr->lt_rounds >= BBR_LT_MIN_ROUNDS)
		bbr_lt_interval_end(tp, rs);
}

/* ------------------------------------------------------------------ the model, from each ACK */

static void bbr_update_bw(struct tcp_sock *tp, const struct rate_sample *rs)
{
	struct bbr *bbr = bbr_of(tp);
	u32 bw;

	bbr->round_start = 0;
	if (rs->delivered < 0 || rs->interval_us <= 0)
		return;
	if (!before(rs->prior_delivered, bbr->next_round_delivered)) {
		bbr->next_round_delivered = tp->delivered;
		bbr->round_count++;
		bbr->round_start = 1;
		bbr->packet_conservation = 0;
	}
	bbr_lt_sample(tp, rs);
	/* A program that sends little shows a low rate, but not a low path. */
	bw = bw_of((u64)rs->delivered, (u64)rs->interval_us);
	if (!rs->is_app_limited || bw >= bbr_max_bw(bbr))
		minmax_running_max(&bbr->bw, BBR_BW_ROUNDS, bbr->round_count, bw);
}

/* How many segments more than the rate says were acked in one go? */
static void bbr_update_extra_acked(struct tcp_sock *tp, const struct rate_sample *rs)
{
	struct bbr *bbr = bbr_of(tp);
	u64 expected, acked;
	s64 epoch_us;

	if (!rs->acked_sacked || rs->delivered < 0 || rs->interval_us <= 0)
		return;
	if (bbr->round_start && bbr->extra_rounds + 1U < BBR_EXTRA_ROUNDS) {
		bbr->extra_rounds = (bbr->extra_rounds + 1U) & 7U;
	} else if (bbr->round_start) {
		bbr->extra_rounds = 0;
		bbr->extra_index ^= 1U;
		bbr->extra_acked[bbr->extra_index] = 0;
	}
	epoch_us = min_s64((tp->delivered_mstamp - bbr->ack_epoch_start) / NSEC_PER_USEC, INT32_MAX);
	expected = epoch_us < 0 ? 0 : ((u64)bbr_bw(bbr) * (u64)epoch_us) >> BW_SCALE;
	/* No faster than the rate: a new heap begins. */
	if (bbr->ack_epoch_acked <= expected || (u64)bbr->ack_epoch_acked + rs->acked_sacked >= BBR_EPOCH_MAX_ACKED) {
		bbr->ack_epoch_acked = 0;
		bbr->ack_epoch_start = tp->delivered_mstamp;
		expected = 0;
	}
	acked = (u64)bbr->ack_epoch_acked + rs->acked_sacked;
	bbr->ack_epoch_acked = acked < BBR_EPOCH_MAX_ACKED ? (u32)acked : BBR_EPOCH_MAX_ACKED;
	acked = bbr->ack_epoch_acked > expected ? bbr->ack_epoch_acked - expected : 0;
	acked = min_u32((u32)acked, min_u32(tp->snd_cwnd, UINT16_MAX));
	if (acked > bbr->extra_acked[bbr->extra_index])
		bbr->extra_acked[bbr->extra_index] = (u16)acked;
}

static u32 bbr_extra_cwnd(const struct bbr *bbr)
{
	u64 most = ((u64)bbr_bw(bbr) * BBR_EXTRA_MAX_US) >> BW_SCALE;
	u32 extra = max_u32(bbr->extra_acked[0], bbr->extra_acked[1]);

	if (!bbr->full_bw_reached)
		return 0;
	return extra < most ? extra : (u32)most;
}

/* Return: was PROBE_RTT long enough?  Then it is over. */
static bool bbr_check_probe_rtt_done(struct tcp_sock *tp)
{
	struct bbr *bbr = bbr_of(tp);

	if (!bbr->probe_rtt_timed || !after(now_ms(tp), bbr->probe_rtt_done_ms))
		return false;
	bbr->min_rtt_stamp_ms = now_ms(tp);
	tp->snd_cwnd = max_u32(tp->snd_cwnd, bbr->prior_cwnd);
	bbr_leave_probe_rtt(tp);
	return true;
}

static void bbr_probe_rtt(struct tcp_sock *tp)
{
	struct bbr *bbr = bbr_of(tp);
	u32 until = tp->delivered + tcp_packets_in_flight(tp);

	tp->app_limited = until ? until : 1; /* such low rates are our own doing */
	if (!bbr->probe_rtt_timed) {
		if (tcp_packets_in_flight(tp) > BBR_MIN_CWND)
			return;
		bbr->probe_rtt_timed = 1;
		bbr->probe_rtt_done_ms = now_ms(tp) + BBR_PROBE_RTT_MS;
		bbr->probe_rtt_round_done = 0;
		bbr->next_round_delivered = tp->delivered;
		return;
	}
	if (bbr->round_start)
		bbr->probe_rtt_round_done = 1;
	if (bbr->probe_rtt_round_done)
		bbr_check_probe_rtt_done(tp);
}

static void bbr_update_min_rtt(struct tcp_sock *tp, const struct rate_sample *rs)
{
	struct bbr *bbr = bbr_of(tp);
	u32 now = now_ms(tp);
	bool is_expired = after(now, bbr->min_rtt_stamp_ms + BBR_MIN_RTT_MS);

	if (rs->rtt_us >= 0 && (rs->rtt_us < bbr->min_rtt_us || (is_expired && !rs->is_ack_delayed))) {
		bbr->min_rtt_us = rs->rtt_us < UINT32_MAX ? max_u32((u32)rs->rtt_us, 1) : UINT32_MAX - 1;
		bbr->min_rtt_stamp_ms = now;
	}
	/* A program that paused has emptied the queue already. */
	if (is_expired && !bbr->idle_restart && bbr->mode != BBR_PROBE_RTT) {
		bbr_save_cwnd(tp);
		bbr->mode = BBR_PROBE_RTT;
		bbr->probe_rtt_timed = 0;
	}
	if (bbr->mode == BBR_PROBE_RTT)
		bbr_probe_rtt(tp);
	if (rs->delivered > 0)
		bbr->idle_restart = 0;
}

static void bbr_update_gains(struct bbr *bbr)
{
	switch ((enum bbr_mode)bbr->mode) {
	case BBR_STARTUP:
		bbr->pacing_gain = BBR_HIGH_GAIN;
		bbr->cwnd_gain = BBR_HIGH_GAIN;
		break;
	case BBR_DRAIN:
		bbr->pacing_gain = BBR_DRAIN_GAIN;
		bbr->cwnd_gain = BBR_HIGH_GAIN;
		break;
	case BBR_PROBE_BW:
		bbr->pacing_gain = bbr->lt_use_bw ? BBR_UNIT : cycle_gains[bbr->cycle_index];
		bbr->cwnd_gain = BBR_CWND_GAIN;
		break;
	case BBR_PROBE_RTT:
		bbr->pacing_gain = BBR_UNIT;
		bbr->cwnd_gain = BBR_UNIT;
		break;
	}
}

/* ------------------------------------------------------------------ window */

/* In the first round trip of recovery what is acked may be sent, no more.  Return: is that so now? */
static bool bbr_recover_or_restore(struct tcp_sock *tp, const struct rate_sample *rs, u32 acked, u32 *cwnd)
{
	struct bbr *bbr = bbr_of(tp);
	u32 in_flight = tcp_packets_in_flight(tp);

	*cwnd = tp->snd_cwnd;
	if (rs->losses)
		*cwnd = *cwnd > rs->losses ? *cwnd - rs->losses : 1;
	if (tp->ca_state == TCP_CA_Recovery && bbr->prev_ca_state != TCP_CA_Recovery) {
		bbr->packet_conservation = 1;
		bbr->next_round_delivered = tp->delivered;
		*cwnd = in_flight + acked;
	} else if (bbr->prev_ca_state >= TCP_CA_Recovery && tp->ca_state < TCP_CA_Recovery) {
		*cwnd = max_u32(*cwnd, bbr->prior_cwnd);
		bbr->packet_conservation = 0;
	}
	bbr->prev_ca_state = tp->ca_state & 7U;
	if (bbr->packet_conservation)
		*cwnd = max_u32(*cwnd, in_flight + acked);
	return bbr->packet_conservation;
}

static void bbr_set_cwnd(struct tcp_sock *tp, const struct rate_sample *rs)
{
	struct bbr *bbr = bbr_of(tp);
	u32 acked = rs->acked_sacked, cwnd = tp->snd_cwnd, target;

	if (acked && !bbr_recover_or_restore(tp, rs, acked, &cwnd)) {
		target = bbr_quantize(tp, bbr_bdp(bbr, bbr_bw(bbr), bbr->cwnd_gain) + bbr_extra_cwnd(bbr));
		if (bbr->full_bw_reached)
			cwnd = min_u32(cwnd + acked, target);
		else if (cwnd < target || tp->delivered < TCP_INIT_CWND)
			cwnd = min_u32(cwnd + acked, BBR_MAX_CWND);
		cwnd = max_u32(cwnd, BBR_MIN_CWND);
	}
	tp->snd_cwnd = min_u32(cwnd, tp->snd_cwnd_clamp);
	if (bbr->mode == BBR_PROBE_RTT)
		tp->snd_cwnd = min_u32(tp->snd_cwnd, BBR_MIN_CWND);
}

static void bbr_cong_control(struct tcp_sock *tp, u32 ack, int flag, const struct rate_sample *rs)
{
	struct bbr *bbr = bbr_of(tp);

	(void)ack;
	(void)flag;
	bbr_update_bw(tp, rs);
	bbr_update_extra_acked(tp, rs);
	bbr_update_phase(tp, rs);
	bbr_check_full_bw(bbr, rs);
	bbr_check_drain(tp);
	bbr_update_min_rtt(tp, rs);
	bbr_update_gains(bbr);
	bbr_set_pacing_rate(tp, bbr_bw(bbr), bbr->pacing_gain);
	bbr_set_cwnd(tp, rs);
}

/* ------------------------------------------------------------------ what else TCP tells and asks */

static void bbr_init(struct tcp_sock *tp)
{
	struct bbr *bbr = bbr_of(tp);
	ktime_t now = tcp_net_of(tp)->now;

	*bbr = (struct bbr){
		.min_rtt_us = tcp_min_rtt_us(tp),
		.min_rtt_stamp_ms = now_ms(tp),
		.next_round_delivered = tp->delivered,
		.ack_epoch_start = now,
		.mode = BBR_STARTUP,
	};
	tp->snd_ssthresh = TCP_INFINITE_SSTHRESH;
	bbr_lt_reset(tp);
	bbr_update_gains(bbr);
	bbr_init_pacing_rate(tp);
	tp->pacing_status = 1;
}

/* BBR has no threshold; but a loss is the moment to keep the window. */
static u32 bbr_ssthresh(struct tcp_sock *tp)
{
	bbr_save_cwnd(tp);
	return tp->snd_ssthresh;
}

static u32 bbr_undo_cwnd(struct tcp_sock *tp)
{
	struct bbr *bbr = bbr_of(tp);

	bbr->full_bw = 0; /* what looked like a full pipe was perhaps a delay */
	bbr->full_bw_count = 0;
	bbr_lt_reset(tp);
	return tp->snd_cwnd;
}

static void bbr_set_state(struct tcp_sock *tp, enum tcp_ca_state state)
{
	const struct rate_sample lost = { .losses = 1 };
	struct bbr *bbr = bbr_of(tp);

	if (state != TCP_CA_Loss)
		return;
	bbr->prev_ca_state = TCP_CA_Loss;
	bbr->full_bw = 0;
	bbr->round_start = 1; /* a timeout is the end of a round */
	bbr_lt_sample(tp, &lost);
}

/* The queue is empty after a pause: at the rate itself, not faster, or the first train makes a new one. */
static void bbr_cwnd_event(struct tcp_sock *tp, enum tcp_ca_event event)
{
	struct bbr *bbr = bbr_of(tp);

	if (event != CA_EVENT_TX_START || !tp->app_limited)
		return;
	bbr->idle_restart = 1;
	bbr->ack_epoch_start = tcp_net_of(tp)->now;
	bbr->ack_epoch_acked = 0;
	if (bbr->mode == BBR_PROBE_BW)
		bbr_set_pacing_rate(tp, bbr_bw(bbr), BBR_UNIT);
	else if (bbr->mode == BBR_PROBE_RTT)
		bbr_check_probe_rtt_done(tp);
}

/* Room in the socket for the window, what is being sent again, and what the program writes meanwhile. */
static u32 bbr_sndbuf_expand(struct tcp_sock *tp)
{
	(void)tp;
	return 3;
}

static size_t bbr_get_info(const struct tcp_sock *tp, int *attr, void *info)
{
	const struct bbr *bbr = (const struct bbr *)(const void *)tp->ca_priv;
	union tcp_cc_info *out = info;
	u64 bw = rate_bytes_per_second(tp, bbr_bw(bbr), BBR_UNIT, 100);

	memset(&out->bbr, 0, sizeof(out->bbr));
	out->bbr.bbr_bw_lo = (u32)bw;
	out->bbr.bbr_bw_hi = (u32)(bw >> 32);
	out->bbr.bbr_min_rtt = bbr->min_rtt_us;
	out->bbr.bbr_pacing_gain = bbr->pacing_gain;
	out->bbr.bbr_cwnd_gain = bbr->cwnd_gain;
	*attr = INET_DIAG_BBRINFO;
	return sizeof(out->bbr);
}

const struct tcp_congestion_ops tcp_bbr = {
	.name = "bbr",
	.init = bbr_init,
	.ssthresh = bbr_ssthresh,
	.set_state = bbr_set_state,
	.cwnd_event = bbr_cwnd_event,
	.undo_cwnd = bbr_undo_cwnd,
	.cong_control = bbr_cong_control,
	.min_tso_segs = bbr_min_tso_segs,
	.sndbuf_expand = bbr_sndbuf_expand,
	.get_info = bbr_get_info,
};
