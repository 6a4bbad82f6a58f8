// SPDX-License-Identifier: BSD-2-Clause
/* CUBIC against RFC 9438's formulas, in floating point; HyStart++ against RFC 9406's rows. */
#include "bottleneck.h"

#include <math.h>

#define C 0.4
#define BETA 0.7

/* ------------------------------------------------------------------ the curve */

struct curve_row {
	const char *what;
	u32 cwnd; /* at the loss */
	u32 rtt_ms;
	u32 seconds;
	double tolerance; /* of a whole */
};

static const struct curve_row curve_rows[] = {
	{ "100 segments, 100 ms", 100, 100, 12, 0.04 },   { "1000 segments, 100 ms", 1000, 100, 20, 0.03 },
	{ "1000 segments, 20 ms", 1000, 20, 15, 0.03 },   { "10000 segments, 100 ms", 10000, 100, 30, 0.03 },
	{ "2000 segments, 300 ms", 2000, 300, 25, 0.05 },
};

/* One loss, then CUBIC's window, or Reno's where that is larger (4.3).  @t: since the end of the recovery. */
static double formula(const struct curve_row *r, double cwnd, double t)
{
	double w_max = r->cwnd, k = cbrt((w_max - cwnd) / C), cubic = C * pow(t - k, 3) + w_max;
	double rtts = t * 1000 / r->rtt_ms, reno = cwnd + 9.0 / 17 * rtts;

	if (reno > w_max)
		reno = w_max + rtts - (w_max - cwnd) * 17 / 9;
	return cubic > reno ? cubic : reno;
}

static void test_curve(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(curve_rows); i++) {
		const struct curve_row *r = &curve_rows[i];
		double start, worst = 0;
		struct model m;
		ktime_t began;

		model_init(&m, &tcp_cubic);
		m.rtt = r->rtt_ms * NSEC_PER_MSEC;
		m.tp.snd_cwnd = m.tp.snd_ssthresh = r->cwnd;
		m.tp.reordering = 3;
		model_run_for(&m, m.rtt / 2);
		m.drop_next = true;
		while (m.tp.ca_state != TCP_CA_Recovery)
			model_run_for(&m, NSEC_PER_MSEC);
		while (m.tp.ca_state == TCP_CA_Recovery)
			model_run_for(&m, NSEC_PER_MSEC);
		start = m.tp.snd_cwnd;
		assert_in_range(m.tp.snd_cwnd, r->cwnd * 68 / 100, r->cwnd * 73 / 100 + 1);
		began = m.net.now;
		for (u32 tick = 0; tick < r->seconds * 10; tick++) {
			double t, want;

			model_run_for(&m, 100 * NSEC_PER_MSEC);
			t = (double)(m.net.now - began) / 1e9;
			want = formula(r, start, t);
			worst = fmax(worst, fabs(m.tp.snd_cwnd - want) / want);
			if (fabs(m.tp.snd_cwnd - want) > want * r->tolerance + 1)
				fail_msg("%s: after %.1f s %u, should be %.1f", r->what, t, m.tp.snd_cwnd, want);
		}
		assert_true(m.tp.snd_cwnd > r->cwnd);
		model_fini(&m);
	}
}

/* ------------------------------------------------------------------ one step at a time */

struct loss_row {
	const char *what;
	u32 first, second; /* windows at two losses */
	u32 ssthresh;      /* after the second */
	double plateau;    /* of what follows: where the curve is flat */
};

static const struct loss_row loss_rows[] = {
	{ "more than last time: that is the plateau", 100, 200, 140, 200 },
	{ "less than last time: it leaves room for newcomers", 200, 100, 70, 85 },
	{ "same again", 100, 100, 70, 100 },
	{ "two segments are the least", 2, 2, 2, 2 },
};

/* The window after K seconds on a path without round trips. */
static void test_losses(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(loss_rows); i++) {
		const struct loss_row *r = &loss_rows[i];
		u32 k_ms = (u32)(cbrt((r->plateau - r->ssthresh) / C) * 1000);
		struct tcp_sock *tp;
		struct model m;

		model_init(&m, &tcp_cubic);
		tp = &m.tp;
		tp->snd_cwnd = r->first;
		tcp_cubic.ssthresh(tp);
		tp->snd_cwnd = r->second;
		tp->snd_ssthresh = tcp_cubic.ssthresh(tp);
		if (tp->snd_ssthresh != r->ssthresh)
			fail_msg("%s: threshold %u", r->what, tp->snd_ssthresh);
		tp->snd_cwnd = tp->snd_ssthresh;
		tp->is_cwnd_limited = true;
		for (u32 ms = 0; ms <= k_ms; ms++, m.net.now += NSEC_PER_MSEC) {
			if (ms % 2)
				tcp_cubic.cong_avoid(tp, 0, 1);
			if (ms < k_ms / 2 && tp->snd_cwnd > r->plateau)
				fail_msg("%s: %u after %u ms", r->what, tp->snd_cwnd, ms);
		}
		if (r->plateau > 20 && fabs(tp->snd_cwnd - r->plateau) > r->plateau * 0.06)
			fail_msg("%s: plateau %u", r->what, tp->snd_cwnd);
		model_fini(&m);
	}
}

/* After a timeout the next stage begins flat, where slow start ended.  @rfc 9438 4.8 */
static void test_timeout(void **state)
{
	struct tcp_sock *tp;
	struct model m;

	(void)state;
	model_init(&m, &tcp_cubic);
	tp = &m.tp;
	tp->snd_cwnd = 1000;
	tp->snd_ssthresh = tcp_cubic.ssthresh(tp);
	assert_int_equal(tp->snd_ssthresh, 700);
	tcp_set_ca_state(tp, TCP_CA_Loss);
	tp->snd_cwnd = 1;
	tp->is_cwnd_limited = true;
	tcp_cubic.cong_avoid(tp, 0, 699);
	assert_int_equal(tp->snd_cwnd, 700);
	for (u32 n = 0; n < 1000; n++) { /* in a second: the concave half would be at its middle */
		tcp_cubic.cong_avoid(tp, 0, 1);
		m.net.now += NSEC_PER_MSEC;
	}
	assert_in_range(tp->snd_cwnd, 700, 702);
	model_fini(&m);
}

/* A loss that was none: the stage goes on.  @rfc 9438 4.9.2 */
static void test_undo(void **state)
{
	u64 before[TCP_CA_PRIV_WORDS];
	struct tcp_sock *tp;
	struct model m;

	(void)state;
	model_init(&m, &tcp_cubic);
	tp = &m.tp;
	tp->snd_cwnd = 1000;
	tp->snd_ssthresh = tcp_cubic.ssthresh(tp);
	tp->snd_cwnd = 700;
	tp->is_cwnd_limited = true;
	for (u32 n = 0; n < 3000; n++, m.net.now += NSEC_PER_MSEC)
		tcp_cubic.cong_avoid(tp, 0, 7);
	/* the stage is the first part of the state */
	memcpy(before, tp->ca_priv, 32);
	tp->prior_cwnd = tp->snd_cwnd;
	tcp_cubic.ssthresh(tp);
	assert_memory_not_equal(before, tp->ca_priv, 32);
	tcp_set_ca_state(tp, TCP_CA_Loss);
	tp->snd_cwnd = 1;
	tp->snd_cwnd = tcp_cubic.undo_cwnd(tp);
	assert_int_equal(tp->snd_cwnd, tp->prior_cwnd);
	assert_memory_equal(before, tp->ca_priv, 32);
	model_fini(&m);
}

/* The program pauses for a minute: the window that was right before the pause is not shot up by the clock. */
static void test_idle(void **state)
{
	u32 before, burst;
	struct model m;

	(void)state;
	model_init(&m, &tcp_cubic);
	m.tn.sysctl.slow_start_after_idle = 0;
	m.rtt = 100 * NSEC_PER_MSEC;
	m.tp.snd_cwnd = m.tp.snd_ssthresh = 200;
	model_run_for(&m, NSEC_PER_SEC);
	m.drop_next = true;
	model_run_for(&m, 3 * NSEC_PER_SEC);
	before = m.tp.snd_cwnd;
	m.idle_until = m.net.now + 60 * NSEC_PER_SEC;
	model_run_for(&m, 60 * NSEC_PER_SEC);
	model_run_for(&m, NSEC_PER_SEC);
	burst = m.tp.snd_cwnd;
	assert_in_range(burst, before, before + 15); /* a minute of the curve would be 50000 */
	model_fini(&m);
}

/* ------------------------------------------------------------------ values that only an enemy has */

static void test_extremes(void **state)
{
	static const u32 values[] = { 0, 1, 2, 3, 1000, 1U << 30, (1U << 30) + 1, INT32_MAX, UINT32_MAX };
	static const s64 times[] = {
		0, 1, NSEC_PER_MSEC, NSEC_PER_SEC, 86400 * NSEC_PER_SEC, 100LL * 365 * 86400 * NSEC_PER_SEC
	};
	u32 count = ARRAY_SIZE(values);

	(void)state;
	for (u32 i = 0; i < count * count * count; i++) {
		u32 cwnd = values[i % count], after_loss = values[i / count % count], acked = values[i / count / count];
		struct tcp_sock *tp;
		struct model m;

		model_init(&m, &tcp_cubic);
		tp = &m.tp;
		tp->is_cwnd_limited = true;
		tp->snd_cwnd = cwnd;
		tp->snd_ssthresh = tcp_cubic.ssthresh(tp);
		assert_true(tp->snd_ssthresh >= 2);
		tp->snd_cwnd = after_loss;
		for (u32 t = 0; t < ARRAY_SIZE(times); t++) {
			m.net.now += times[t];
			tp->srtt_us = values[t];
			tcp_cubic.cong_avoid(tp, i * 7, acked);
			tcp_ca_event(tp, CA_EVENT_TX_START);
			assert_true(tp->snd_cwnd >= min_u32(after_loss, 1));
		}
		tcp_set_ca_state(tp, TCP_CA_Loss);
		tcp_cubic.cong_avoid(tp, 0, acked);
		model_fini(&m);
	}
}

/* ------------------------------------------------------------------ HyStart++ */

struct hystart_row {
	const char *what;
	u32 rounds;
	u32 rtt_us[12]; /* of each round; 8 samples of each */
	bool too_few;   /* only seven */
	u64 detected;
	u32 cwnd; /* from 10, with 8 ACKs each round */
};

static const struct hystart_row hystart_rows[] = {
	{ "no delay: slow start", 4, { 10000, 10000, 10000, 10000 }, false, 0, 42 },
	{ "less than 4 ms more is nothing", 4, { 10000, 13999, 17900, 21800 }, false, 0, 42 },
	{ "a long path: an eighth more is nothing", 3, { 80000, 89999, 99000 }, false, 0, 34 },
	{ "4 ms more: a quarter of the growth", 4, { 10000, 14000, 14000, 14000 }, false, 0, 10 + 8 + 7 + 2 + 2 },
	{ "seven samples say nothing", 4, { 10000, 14000, 14000, 14000 }, true, 0, 10 + 28 },
	{ "a very long path: 16 ms are enough", 2, { 800000, 816000 }, false, 0, 10 + 8 + 7 },
	{ "the delay has gone: on with slow start",
	  5,
	  { 10000, 14000, 10000, 10000, 10000 },
	  false,
	  0,
	  10 + 8 + 7 + 2 + 1 + 16 },
	{ "five rounds of it: slow start is over",
	  7,
	  { 10000, 14000, 14000, 14000, 14000, 14000, 14000 },
	  false,
	  1,
	  10 + 8 + 7 + 8 },
};

static void test_hystart_rows(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(hystart_rows); i++) {
		const struct hystart_row *r = &hystart_rows[i];
		struct tcp_sock *tp;
		struct model m;

		model_init(&m, &tcp_cubic);
		tp = &m.tp;
		tp->is_cwnd_limited = true;
		tp->snd_nxt = 8;
		tcp_ca_start(tp);
		for (u32 round = 0; round < r->rounds; round++) {
			for (u32 n = r->too_few; n < 8; n++) {
				struct ack_sample sample = { .pkts_acked = 1,
							     .rtt_us = (s32)r->rtt_us[round] + (s32)n };

				tp->snd_una++;
				tp->snd_nxt++;
				if (n == 7) {
					tp->snd_una = (round + 1) * 8;
					tp->snd_nxt = (round + 2) * 8;
				}
				tcp_cubic.pkts_acked(tp, &sample);
				tcp_cubic.cong_avoid(tp, tp->snd_una, 1);
			}
		}
		if (m.tn.mib.TCPHystartDelayDetect != r->detected || tp->snd_cwnd != r->cwnd)
			fail_msg("%s: %u, detected %u, threshold %u", r->what, tp->snd_cwnd,
				 (u32)m.tn.mib.TCPHystartDelayDetect, tp->snd_ssthresh);
		if (r->detected)
			assert_int_equal(m.tn.mib.TCPHystartDelayCwnd, tp->snd_ssthresh);
		model_fini(&m);
	}
}

struct leave_row {
	const char *what;
	u64 rate;
	u32 rtt_ms;
};

static const struct leave_row leave_rows[] = {
	{ "10 Mbit/s, 40 ms", 1250000, 40 },
	{ "100 Mbit/s, 40 ms", 12500000, 40 },
	{ "20 Mbit/s, 200 ms", 2500000, 200 },
};

/* Until slow start is over. */
static void run_slow_start(struct model *m, const struct leave_row *r, const struct tcp_congestion_ops *ca,
			   u64 buffer_pkts)
{
	model_init(m, ca);
	m->rate = r->rate;
	m->rtt = r->rtt_ms * NSEC_PER_MSEC;
	m->buffer_pkts = (u32)buffer_pkts;
	while (m->tp.snd_ssthresh == TCP_INFINITE_SSTHRESH && m->net.now < 1030 * NSEC_PER_SEC)
		model_run_for(m, NSEC_PER_MSEC);
}

/* Five rounds of conservative slow start make the window three times as large: a queue that holds that loses nothing, and
 * one that does not loses less than half of what plain slow start would. */
static void test_hystart_path(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(leave_rows); i++) {
		const struct leave_row *r = &leave_rows[i];
		u64 bdp = r->rate * r->rtt_ms / 1000 / MODEL_MSS;
		struct model m, shallow, plain;

		run_slow_start(&m, r, &tcp_cubic, 10 * bdp);
		run_slow_start(&shallow, r, &tcp_cubic, 2 * bdp);
		run_slow_start(&plain, r, &tcp_reno, 2 * bdp);
		if (m.dropped || m.tn.mib.TCPHystartDelayDetect != 1 || m.tp.snd_cwnd < bdp || m.tp.snd_cwnd > 10 * bdp)
			fail_msg("%s: %llu dropped, window %u of %llu", r->what, (unsigned long long)m.dropped,
				 m.tp.snd_cwnd, (unsigned long long)bdp);
		if (shallow.dropped * 2 > plain.dropped)
			fail_msg("%s: %llu dropped, without it %llu", r->what, (unsigned long long)shallow.dropped,
				 (unsigned long long)plain.dropped);
		model_fini(&m);
		model_fini(&shallow);
		model_fini(&plain);
	}
}

/* ------------------------------------------------------------------ a path */

static void test_path(void **state)
{
	struct model m;
	u64 before;

	(void)state;
	model_init(&m, &tcp_cubic);
	m.rate = 12500000;
	m.buffer_pkts = 345;
	model_run_for(&m, 20 * NSEC_PER_SEC);
	before = m.delivered;
	model_run_for(&m, 100 * NSEC_PER_SEC);
	assert_true((m.delivered - before) * MODEL_MSS > 100ULL * 12500000 * 98 / 100);
	assert_true(m.dropped > 3);
	model_fini(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_curve),        cmocka_unit_test(test_losses),
		cmocka_unit_test(test_timeout),      cmocka_unit_test(test_undo),
		cmocka_unit_test(test_idle),         cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_hystart_rows), cmocka_unit_test(test_hystart_path),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
