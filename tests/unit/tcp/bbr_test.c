// SPDX-License-Identifier: BSD-2-Clause
/* BBR on paths: it finds their rate, keeps their queue short, looks at the round trip, and bears policers and losses. */
#include "bottleneck.h"

#include <linux/inet_diag.h>

#define MBIT 125000ULL

struct path_row {
	const char *what;
	u64 rate;
	u32 rtt_ms, buffer_pkts;
	u32 least_percent; /* of the rate, from the third second on */
};

static const struct path_row path_rows[] = {
	{ "100 Mbit/s, 40 ms", 100 * MBIT, 40, 3000, 95 },
	{ "100 Mbit/s, 40 ms, a queue of half a round trip", 100 * MBIT, 40, 170, 93 },
	{ "1 Gbit/s, 10 ms", 1000 * MBIT, 10, 5000, 95 },
	{ "10 Mbit/s, 200 ms", 10 * MBIT, 200, 1000, 90 },
	{ "1 Mbit/s, 20 ms", MBIT, 20, 50, 95 },
	{ "64 kbit/s, 100 ms", MBIT / 16, 100, 20, 85 },
};

static void path_init(struct model *m, const struct path_row *r)
{
	model_init(m, &tcp_bbr);
	m->rate = r->rate;
	m->rtt = r->rtt_ms * NSEC_PER_MSEC;
	m->buffer_pkts = r->buffer_pkts;
}

static void info_of(const struct model *m, struct tcp_bbr_info *out)
{
	union tcp_cc_info info;
	int attr;

	assert_int_equal(tcp_bbr.get_info(&m->tp, &attr, &info), sizeof(info.bbr));
	assert_int_equal(attr, INET_DIAG_BBRINFO);
	*out = info.bbr;
}

static void test_paths(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(path_rows); i++) {
		const struct path_row *r = &path_rows[i];
		struct tcp_bbr_info info;
		struct model m;
		u64 before, percent, serve_us = MODEL_MSS * 1000000ULL / r->rate, rtt_us = r->rtt_ms * 1000U + serve_us;

		path_init(&m, r);
		model_run_for(&m, 3 * NSEC_PER_SEC);
		before = m.delivered;
		model_run_for(&m, 30 * NSEC_PER_SEC);
		percent = (m.delivered - before) * MODEL_MSS * 100 / (r->rate * 30);
		info_of(&m, &info);
		if (percent < r->least_percent || percent > 100)
			fail_msg("%s: %llu %% of the rate", r->what, (unsigned long long)percent);
		if (info.bbr_bw_lo < r->rate * 95 / 100 || info.bbr_bw_lo > r->rate * 102 / 100 || info.bbr_bw_hi)
			fail_msg("%s: believes in %u bytes per second", r->what, info.bbr_bw_lo);
		if (info.bbr_min_rtt < rtt_us - 1 || info.bbr_min_rtt > rtt_us * 11 / 10 + 4 * serve_us)
			fail_msg("%s: believes in %u us", r->what, info.bbr_min_rtt);
		model_fini(&m);
	}
}

/* On 100 Mbit/s and 40 ms the mean queue is a small part of the path, where a window alone would fill all of it. */
static void test_queue(void **state)
{
	const u32 bdp = (u32)(100 * MBIT * 40 / 1000 / MODEL_MSS);
	struct model m;
	double mean;
	u64 sent;

	(void)state;
	path_init(&m, &path_rows[0]);
	model_run_for(&m, 3 * NSEC_PER_SEC);
	m.queue_sum = 0;
	m.queue_max_pkts = 0;
	sent = m.sent;
	model_run_for(&m, 30 * NSEC_PER_SEC);
	mean = m.queue_sum / (double)(m.sent - sent);
	assert_true(mean < bdp * 0.1);
	assert_true(m.queue_max_pkts < bdp * 4 / 10);
	assert_int_equal(m.dropped, 0);
	model_fini(&m);
}

/* Every ten seconds nearly nothing is in flight, for 200 ms; then the window is what it was. */
static void test_probe_rtt(void **state)
{
	ktime_t began[8] = { 0 }, ended[8] = { 0 };
	u32 count = 0, cwnd_before = 0;
	bool is_low = false;
	struct model m;

	(void)state;
	path_init(&m, &path_rows[0]);
	for (u32 ms = 0; ms < 62000; ms++) {
		u32 cwnd = m.tp.snd_cwnd;

		model_run_for(&m, NSEC_PER_MSEC);
		if (m.tp.snd_cwnd <= 4 && !is_low && count < ARRAY_SIZE(began)) {
			is_low = true;
			began[count] = m.net.now;
			cwnd_before = cwnd;
		} else if (m.tp.snd_cwnd > 4 && is_low) {
			is_low = false;
			ended[count++] = m.net.now;
			assert_true(m.tp.snd_cwnd >= cwnd_before * 9 / 10); /* but for what is the phase's */
		}
	}
	assert_in_range(count, 5, 6);
	for (u32 i = 0; i < count; i++) {
		assert_in_range((ended[i] - began[i]) / NSEC_PER_MSEC, 200, 330); /* with the drain before it */
		if (i)
			assert_in_range((began[i] - ended[i - 1]) / NSEC_PER_MSEC, 9900, 10100);
	}
	model_fini(&m);
}

/* A program that pauses shows the round trip by that: no probe is needed after it. */
static void test_idle(void **state)
{
	struct tcp_bbr_info info;
	struct model m;
	u64 before;

	(void)state;
	path_init(&m, &path_rows[0]);
	model_run_for(&m, 5 * NSEC_PER_SEC);
	m.idle_until = m.net.now + 20 * NSEC_PER_SEC;
	model_run_for(&m, 20 * NSEC_PER_SEC);
	assert_true(m.tp.app_limited != 0);
	before = m.delivered;
	model_run_for(&m, NSEC_PER_SEC);
	assert_true((m.delivered - before) * MODEL_MSS > 100 * MBIT * 85 / 100);
	info_of(&m, &info);
	assert_in_range(info.bbr_bw_lo, 95 * MBIT, 102 * MBIT);
	assert_int_equal(m.dropped, 0);
	model_fini(&m);
}

/* The rate that the path has now: down within the ten round trips of the filter, up by probing. */
static void test_rate_changes(void **state)
{
	struct tcp_bbr_info info;
	struct model m;

	(void)state;
	path_init(&m, &path_rows[0]);
	model_run_for(&m, 5 * NSEC_PER_SEC);
	m.rate = 25 * MBIT;
	model_run_for(&m, 8 * NSEC_PER_SEC);
	info_of(&m, &info);
	assert_in_range(info.bbr_bw_lo, 24 * MBIT, 26 * MBIT);
	m.rate = 100 * MBIT;
	model_run_for(&m, 8 * NSEC_PER_SEC);
	info_of(&m, &info);
	assert_in_range(info.bbr_bw_lo, 95 * MBIT, 102 * MBIT);
	model_fini(&m);
}

/* A policer lets 10 Mbit/s through and drops the rest: after a while BBR sends what passes, and loses little. */
static void test_policer(void **state)
{
	struct tcp_bbr_info info;
	struct model m;
	u64 sent, dropped, delivered;

	(void)state;
	path_init(&m, &path_rows[0]);
	m.policer_rate = 10 * MBIT;
	m.policer_burst = 50000;
	m.policer_at = m.net.now;
	model_run_for(&m, 6 * NSEC_PER_SEC);
	sent = m.sent;
	dropped = m.dropped;
	delivered = m.delivered;
	info_of(&m, &info);
	assert_in_range(info.bbr_bw_lo, 8 * MBIT, 12 * MBIT);
	model_run_for(&m, 2 * NSEC_PER_SEC);
	assert_true((m.dropped - dropped) * 100 < (m.sent - sent) * 12);
	assert_true((m.delivered - delivered) * MODEL_MSS > 2 * 10 * MBIT * 85 / 100);
	/* It is gone: within 48 round trips and some more the whole path is used. */
	m.policer_rate = 0;
	model_run_for(&m, 8 * NSEC_PER_SEC);
	info_of(&m, &info);
	assert_in_range(info.bbr_bw_lo, 95 * MBIT, 102 * MBIT);
	model_fini(&m);
}

/* One segment in a hundred is lost at random: Reno has a twentieth of the path, BBR nearly all. */
static void test_random_loss(void **state)
{
	u64 share[2];

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		struct model m;

		model_init(&m, i ? &tcp_bbr : &tcp_reno);
		m.rate = 100 * MBIT;
		m.buffer_pkts = 1000;
		m.loss_per_mille = 10;
		model_run_for(&m, 30 * NSEC_PER_SEC);
		share[i] = m.delivered * MODEL_MSS * 100 / (100 * MBIT * 30);
		model_fini(&m);
	}
	assert_true(share[0] < 10);
	assert_true(share[1] > 90);
}

/* All is lost for a second: a timeout, and afterwards the path is used again. */
static void test_blackout(void **state)
{
	struct model m;
	u64 before;

	(void)state;
	path_init(&m, &path_rows[0]);
	model_run_for(&m, 5 * NSEC_PER_SEC);
	m.buffer_pkts = 0;
	model_run_for(&m, NSEC_PER_SEC);
	m.buffer_pkts = 3000;
	model_run_for(&m, 3 * NSEC_PER_SEC);
	before = m.delivered;
	model_run_for(&m, 5 * NSEC_PER_SEC);
	assert_true((m.delivered - before) * MODEL_MSS > 5 * 100 * MBIT * 90 / 100);
	model_fini(&m);
}

/* ------------------------------------------------------------------ parts */

struct tso_row {
	const char *what;
	u64 pacing_rate;
	u32 segs;
};

static const struct tso_row tso_rows[] = {
	{ "below 1.2 Mbit/s one at a time", 149999, 1 },
	{ "from there on two", 150000, 2 },
	{ "fast: no more than two are a must", 1250000000, 2 },
};

static void test_min_tso(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(tso_rows); i++) {
		struct model m;

		model_init(&m, &tcp_bbr);
		m.tp.pacing_rate = tso_rows[i].pacing_rate;
		if (tcp_bbr.min_tso_segs(&m.tp) != tso_rows[i].segs)
			fail_msg("%s", tso_rows[i].what);
		assert_int_equal(tcp_bbr.sndbuf_expand(&m.tp), 3);
		model_fini(&m);
	}
}

/* The first rate is the initial window in the handshake's round trip times 2.89, a little less. */
static void test_first_rate(void **state)
{
	struct tcp_bbr_info info;
	struct model m;

	(void)state;
	model_init(&m, &tcp_reno);
	m.tp.srtt_us = 8 * 40000;
	assert_int_equal(tcp_set_congestion_control(&m.tp, "bbr", true), 0);
	assert_in_range(m.tp.pacing_rate, 10 * MODEL_MSS * 25 * 280 / 100, 10 * MODEL_MSS * 25 * 289 / 100);
	info_of(&m, &info);
	assert_int_equal(info.bbr_pacing_gain, 739);
	assert_int_equal(info.bbr_cwnd_gain, 739);
	assert_int_equal(info.bbr_bw_lo, 0);
	assert_int_equal(info.bbr_min_rtt, UINT32_MAX);
	m.tp.inet.sk.max_pacing_rate = 1000;
	tcp_bbr.init(&m.tp);
	assert_int_equal(m.tp.pacing_rate, 1000);
	model_fini(&m);
}

/* What no honest path does: no overflow, no division by zero, and a window of at least one. */
static void test_extremes(void **state)
{
	static const s64 values[] = { -1, 0, 1, 7, 1000, UINT16_MAX, INT32_MAX, UINT32_MAX, 1LL << 40 };
	u64 seed = 3;

	(void)state;
	for (u32 i = 0; i < 200; i++) {
		struct model m;

		model_init(&m, &tcp_bbr);
		for (u32 n = 0; n < 400; n++) {
			struct rate_sample rs = { 0 };
			s64 v[10];

			for (u32 k = 0; k < 10; k++) {
				seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
				v[k] = values[(seed >> 33) % ARRAY_SIZE(values)];
			}
			m.net.now += v[0] & 0x3ffffffff;
			m.tp.delivered_mstamp = m.net.now;
			m.tp.delivered += (u32)v[1];
			m.tp.packets_out = (u32)v[2] & 0x3fffffff;
			m.tp.srtt_us = (u32)v[3];
			m.tp.lost += (u32)v[4] & 1023;
			m.tp.mss_cache = n % 7 ? 1448 : (u32)v[5] & 65535;
			m.tp.ca_state = (u8)(v[6] & 3);
			rs.delivered = (s32)v[7];
			rs.interval_us = v[8] > INT32_MAX ? INT32_MAX : v[8];
			rs.rtt_us = v[9];
			rs.prior_delivered = m.tp.delivered - ((u32)v[3] & 3);
			rs.acked_sacked = (u32)v[4] & 0x3fffffff;
			rs.losses = (u32)v[2];
			rs.prior_in_flight = (u32)v[1];
			rs.is_app_limited = n & 1;
			tcp_bbr.cong_control(&m.tp, 0, 0, &rs);
			if (n % 11 == 0)
				tcp_set_ca_state(&m.tp, (enum tcp_ca_state)(n % 5));
			if (n % 13 == 0)
				tcp_ca_event(&m.tp, CA_EVENT_TX_START);
			assert_true(m.tp.snd_cwnd >= 1);
		}
		model_fini(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),        cmocka_unit_test(test_queue),
		cmocka_unit_test(test_probe_rtt),    cmocka_unit_test(test_idle),
		cmocka_unit_test(test_rate_changes), cmocka_unit_test(test_policer),
		cmocka_unit_test(test_random_loss),  cmocka_unit_test(test_blackout),
		cmocka_unit_test(test_min_tso),      cmocka_unit_test(test_first_rate),
		cmocka_unit_test(test_extremes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
