// SPDX-License-Identifier: BSD-2-Clause
/* CUBIC, the default, and HyStart++, which ends its first slow start before the queue overflows.
 *
 * @step S3 of S13   @rfc 9438, 9406   @linux net/ipv4/tcp_cubic.c (counters; the rest is the RFCs')
 *
 * Windows are in segments, times since the epoch in milliseconds, everything is an integer.  Where RFC 9438 has a
 * fraction of a segment for each ACK, we say after how many ACKed segments the window grows by one.
 * HyStart++ has no limit of 8 segments per ACK (RFC 9406 4.2, L): where ACKs are merged before they come to us, one ACK
 * stands for a whole train, and such a limit would make slow start linear.
 *
 * Reading order: the curve, cong_avoid(), HyStart++, losses and undoing them.
 */
#include "net.h"
#include "tcp/tcp.h"

/* RFC 9438 5: C = 0.4 segments per second cubed, beta = 0.7, alpha = 3 * (1 - beta) / (1 + beta) = 9 / 17 */
#define CUBIC_C_NUM 2U
#define CUBIC_C_DEN 5U
#define CUBIC_BETA_NUM 7U
#define CUBIC_BETA_DEN 10U
#define CUBIC_ALPHA_NUM 9U
#define CUBIC_ALPHA_DEN 17U
#define CUBIC_MAX_MS (1U << 20) /**< far beyond any plateau; its cube times C fits in 64 bits */
#define MS3_PER_S3 1000000000ULL
#define CUBIC_IDLE_CNT 100U /**< at the plateau: at most this many windows for one segment */
#define CUBIC_MAX_CWND (1U << 30)

/* RFC 9406 4.3 */
#define HYSTART_MIN_RTT_THRESH_US 4000U
#define HYSTART_MAX_RTT_THRESH_US 16000U
#define HYSTART_MIN_RTT_DIVISOR 8U
#define HYSTART_N_RTT_SAMPLE 8U
#define HYSTART_CSS_GROWTH_DIVISOR 4U
#define HYSTART_CSS_ROUNDS 5U
#define RTT_NONE UINT32_MAX

/** struct cubic_epoch - one congestion avoidance stage: what a loss that was none gives back */
struct cubic_epoch {
	ktime_t start; /**< 0: it begins with the next ACK */
	u32 w_max;     /**< window before the last loss, reduced by fast convergence */
	u32 plateau;   /**< the curve's */
	u32 k_ms;      /**< from start to the plateau */
	u32 w_prior;   /**< window before the last loss, as it was */
	u32 w_est;     /**< Reno's window, had it begun where we did */
	u32 est_cnt;   /**< segments acked that are not in w_est yet, times alpha's numerator */
};

struct cubic {
	struct cubic_epoch epoch, before_loss;
	u32 round_end; /**< snd_nxt when the round began */
	u32 last_min_rtt_us, curr_min_rtt_us;
	u32 css_baseline_us; /**< RTT_NONE: not in conservative slow start */
	u8 samples_count, css_rounds;
};
static_assert(sizeof(struct cubic) <= TCP_CA_PRIV_WORDS * sizeof(u64), "fits ca_priv");

static struct cubic *cubic_of(struct tcp_sock *tp)
{
	return (struct cubic *)(void *)tp->ca_priv;
}

/* ------------------------------------------------------------------ the curve.  @rfc 9438 4.2 */

/* Largest x with x^3 <= a, bit by bit from above. */
static u32 cube_root(u64 a)
{
	u64 x = 0;

	for (int shift = 63; shift >= 0; shift -= 3) {
		u64 step;

		x *= 2;
		step = 3 * x * (x + 1) + 1;
		if ((a >> shift) >= step) {
			a -= step << shift;
			x++;
		}
	}
	return (u32)x;
}

static u64 cubic_ms_cubed(u64 ms)
{
	return ms * ms * ms;
}

/* C * (t - K)^3 + plateau */
static u32 cubic_window(const struct cubic_epoch *e, u64 t_ms)
{
	u64 off_ms = t_ms < e->k_ms ? e->k_ms - t_ms : t_ms - e->k_ms, delta;

	if (off_ms > CUBIC_MAX_MS)
		off_ms = CUBIC_MAX_MS;
	delta = cubic_ms_cubed(off_ms) * CUBIC_C_NUM / (CUBIC_C_DEN * MS3_PER_S3);
	if (t_ms < e->k_ms)
		return delta < e->plateau ? e->plateau - (u32)delta : 0;
	return (u32)(delta + e->plateau < CUBIC_MAX_CWND ? delta + e->plateau : CUBIC_MAX_CWND);
}

static void epoch_begin(struct cubic_epoch *e, u32 cwnd, ktime_t now)
{
	e->start = now;
	e->w_est = cwnd;
	e->est_cnt = 0;
	if (e->w_max <= cwnd) {
		e->k_ms = 0;
		e->plateau = cwnd;
		return;
	}
	e->plateau = e->w_max;
	e->k_ms = cube_root((u64)(min_u32(e->w_max, CUBIC_MAX_CWND) - cwnd) * MS3_PER_S3 / CUBIC_C_NUM * CUBIC_C_DEN);
}

/* Reno's window with our beta: alpha segments per window, and one when it is where it was before the loss.  @rfc 9438 4.3 */
static void reno_estimate(struct cubic_epoch *e, u32 cwnd, u32 acked)
{
	bool was_there = e->w_est >= e->w_prior;
	u64 cnt = e->est_cnt + (u64)acked * (was_there ? CUBIC_ALPHA_DEN : CUBIC_ALPHA_NUM);
	u64 per_segment = (u64)cwnd * CUBIC_ALPHA_DEN, grow = cnt / per_segment;

	e->w_est = (u32)(e->w_est + grow < CUBIC_MAX_CWND ? e->w_est + grow : CUBIC_MAX_CWND);
	cnt -= grow * per_segment;
	e->est_cnt = cnt < UINT32_MAX ? (u32)cnt : UINT32_MAX;
}

/* Return: after how many ACKed segments the window grows by one.  @rfc 9438 4.2, 4.4, 4.5 */
static u32 cubic_update(struct tcp_sock *tp, u32 acked)
{
	struct cubic_epoch *e = &cubic_of(tp)->epoch;
	u32 cwnd = max_u32(tp->snd_cwnd, 1), target, cnt;
	ktime_t now = tcp_net_of(tp)->now;
	u64 t_ms;

	if (!e->start)
		epoch_begin(e, cwnd, now ? now : 1);
	reno_estimate(e, cwnd, acked);
	t_ms = now > e->start ? (u64)(now - e->start) / (u64)NSEC_PER_MSEC : 0;
	/* Where the curve will be when what we send now is acked; srtt_us is eight round trips. */
	target = cubic_window(e, t_ms + tp->srtt_us / 8000);
	target = min_u32(target, (u32)min_s64((s64)cwnd + cwnd / 2, CUBIC_MAX_CWND));
	cnt = target > cwnd                        ? cwnd / (target - cwnd)
	      : cwnd < UINT32_MAX / CUBIC_IDLE_CNT ? cwnd * CUBIC_IDLE_CNT
						   : cwnd;
	if (cubic_window(e, t_ms) < e->w_est && e->w_est > cwnd)
		cnt = min_u32(cnt, cwnd / (e->w_est - cwnd));
	return max_u32(cnt, 2); /* never faster than half of slow start */
}

/* ------------------------------------------------------------------ HyStart++.  @rfc 9406 4.2 */

static void hystart_reset(struct cubic *ca)
{
	ca->last_min_rtt_us = ca->curr_min_rtt_us = ca->css_baseline_us = RTT_NONE;
	ca->samples_count = ca->css_rounds = 0;
}

static void hystart_exit(struct tcp_sock *tp)
{
	struct net *net = tcp_net_of(tp);

	TCP_INC(net, TCPHystartDelayDetect);
	TCP_ADD(net, TCPHystartDelayCwnd, tp->snd_cwnd);
	tp->snd_ssthresh = tp->snd_cwnd;
}

/* All that was in flight when the round began is acked: the next one. */
static void hystart_round(struct tcp_sock *tp, struct cubic *ca)
{
	ca->round_end = tp->snd_nxt;
	ca->last_min_rtt_us = ca->curr_min_rtt_us;
	ca->curr_min_rtt_us = RTT_NONE;
	ca->samples_count = 0;
	if (ca->css_baseline_us != RTT_NONE && ++ca->css_rounds >= HYSTART_CSS_ROUNDS)
		hystart_exit(tp);
}

static void hystart_sample(struct cubic *ca, u32 rtt_us)
{
	u32 thresh_us;

	ca->curr_min_rtt_us = min_u32(ca->curr_min_rtt_us, rtt_us);
	if (ca->samples_count < HYSTART_N_RTT_SAMPLE)
		ca->samples_count++;
	if (ca->samples_count < HYSTART_N_RTT_SAMPLE)
		return;
	if (ca->css_baseline_us != RTT_NONE) {
		/* The delay has gone: it was not our queue.  On with slow start. */
		if (ca->curr_min_rtt_us < ca->css_baseline_us) {
			ca->css_baseline_us = RTT_NONE;
			ca->css_rounds = 0;
		}
		return;
	}
	if (ca->last_min_rtt_us == RTT_NONE)
		return;
	thresh_us = max_u32(HYSTART_MIN_RTT_THRESH_US,
			    min_u32(ca->last_min_rtt_us / HYSTART_MIN_RTT_DIVISOR, HYSTART_MAX_RTT_THRESH_US));
	if (ca->curr_min_rtt_us >= (u64)ca->last_min_rtt_us + thresh_us) {
		ca->css_baseline_us = ca->curr_min_rtt_us;
		ca->css_rounds = 0;
	}
}

static void cubic_pkts_acked(struct tcp_sock *tp, const struct ack_sample *sample)
{
	struct cubic *ca = cubic_of(tp);

	if (sample->rtt_us > 0 && tcp_in_slow_start(tp) && tcp_in_initial_slowstart(tp))
		hystart_sample(ca, (u32)sample->rtt_us);
}

/* Conservative slow start: a quarter of the growth. */
static void css_grow(struct tcp_sock *tp, u32 acked)
{
	u64 cnt = (u64)tp->snd_cwnd_cnt + acked;

	tp->snd_cwnd_cnt = (u32)(cnt % HYSTART_CSS_GROWTH_DIVISOR);
	tcp_slow_start(tp, (u32)(cnt / HYSTART_CSS_GROWTH_DIVISOR));
}

/* ------------------------------------------------------------------ after an ACK */

static void cubic_cong_avoid(struct tcp_sock *tp, u32 ack, u32 acked)
{
	struct cubic *ca = cubic_of(tp);

	if (tcp_in_initial_slowstart(tp) && !before(ack, ca->round_end))
		hystart_round(tp, ca);
	if (!tcp_is_cwnd_limited(tp))
		return;
	if (tcp_in_slow_start(tp)) {
		if (tcp_in_initial_slowstart(tp) && ca->css_baseline_us != RTT_NONE) {
			css_grow(tp, acked);
			return;
		}
		acked = tcp_slow_start(tp, acked);
		if (!acked)
			return;
	}
	tcp_cong_avoid_ai(tp, cubic_update(tp, acked), acked);
}

/* ------------------------------------------------------------------ losses.  @rfc 9438 4.6 to 4.9 */

static u32 cubic_ssthresh(struct tcp_sock *tp)
{
	struct cubic *ca = cubic_of(tp);
	u32 cwnd = min_u32(tp->snd_cwnd, CUBIC_MAX_CWND);

	ca->before_loss = ca->epoch;
	ca->epoch.start = 0;
	ca->epoch.w_prior = cwnd;
	/* Fast convergence: who is below its last maximum leaves room for newcomers. */
	if (cwnd < ca->epoch.w_max)
		cwnd = (u32)((u64)cwnd * (CUBIC_BETA_DEN + CUBIC_BETA_NUM) / (2 * CUBIC_BETA_DEN));
	ca->epoch.w_max = cwnd;
	return max_u32((u32)((u64)ca->epoch.w_prior * CUBIC_BETA_NUM / CUBIC_BETA_DEN), 2);
}

static void cubic_set_state(struct tcp_sock *tp, enum tcp_ca_state state)
{
	struct cubic *ca = cubic_of(tp);

	if (state != TCP_CA_Loss || tp->ca_state == TCP_CA_Loss)
		return;
	/* After a timeout the curve begins where slow start ends: K = 0.  @rfc 9438 4.8 */
	ca->epoch.start = 0;
	ca->epoch.w_max = 0;
	hystart_reset(ca);
}

/* The loss was none: the stage goes on as if nothing had been.  @rfc 9438 4.9.2 */
static u32 cubic_undo_cwnd(struct tcp_sock *tp)
{
	struct cubic *ca = cubic_of(tp);

	ca->epoch = ca->before_loss;
	return tcp_reno_undo_cwnd(tp);
}

/* The curve does not go on while nothing is sent: move its beginning.  lsndtime is of the last segment before the pause.
 * @rfc 9438 5.8 */
static void cubic_cwnd_event(struct tcp_sock *tp, enum tcp_ca_event event)
{
	struct cubic_epoch *e = &cubic_of(tp)->epoch;
	ktime_t now = tcp_net_of(tp)->now, idle = now - tp->lsndtime;

	if (event != CA_EVENT_TX_START || !e->start || idle <= 0)
		return;
	e->start = min_s64(e->start + idle, now ? now : 1);
}

static void cubic_init(struct tcp_sock *tp)
{
	struct cubic *ca = cubic_of(tp);

	*ca = (struct cubic){ 0 };
	hystart_reset(ca);
	ca->round_end = tp->snd_nxt;
}

const struct tcp_congestion_ops tcp_cubic = {
	.name = "cubic",
	.init = cubic_init,
	.ssthresh = cubic_ssthresh,
	.cong_avoid = cubic_cong_avoid,
	.set_state = cubic_set_state,
	.cwnd_event = cubic_cwnd_event,
	.pkts_acked = cubic_pkts_acked,
	.undo_cwnd = cubic_undo_cwnd,
};
