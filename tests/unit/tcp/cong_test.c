// SPDX-License-Identifier: BSD-2-Clause
/* Who may choose which algorithm, Reno, and a window that is not used. */
#include "bottleneck.h"

#include <errno.h>

/* ------------------------------------------------------------------ choosing */

#define KEY(name) "net.ipv4.tcp_" name

struct sysctl_row {
	const char *what, *key, *value;
	int err;
	const char *now, *allowed; /* congestion_control, allowed_congestion_control after that */
};

/* One after the other, on one net; answers are the kernel's. */
static const struct sysctl_row sysctl_rows[] = {
	{ "CUBIC is the default, Reno is everybody's", NULL, NULL, 0, "cubic", "reno cubic" },
	{ "another default", KEY("congestion_control"), "reno\n", 0, "reno", "reno cubic" },
	{ "the default is everybody's", KEY("congestion_control"), "bbr", 0, "bbr", "reno cubic bbr" },
	{ "unknown", KEY("congestion_control"), "vegas", -ENOENT, "bbr", "reno cubic bbr" },
	{ "a part of a name is none", KEY("congestion_control"), "cub", -ENOENT, "bbr", "reno cubic bbr" },
	{ "more than a name is none", KEY("congestion_control"), "cubic reno", -ENOENT, "bbr", "reno cubic bbr" },
	{ "blanks are part of the name", KEY("congestion_control"), " cubic", -ENOENT, "bbr", "reno cubic bbr" },
	{ "an empty line is no name", KEY("congestion_control"), "\n", -ENOENT, "bbr", "reno cubic bbr" },
	{ "fewer for everybody; the default stays", KEY("allowed_congestion_control"), "reno", 0, "bbr", "reno" },
	{ "in any order", KEY("allowed_congestion_control"), "cubic reno\n", 0, "bbr", "reno cubic" },
	{ "one unknown: all stays", KEY("allowed_congestion_control"), "bbr vegas", -ENOENT, "bbr", "reno cubic" },
	{ "commas do not part names", KEY("allowed_congestion_control"), "reno,bbr", -ENOENT, "bbr", "reno cubic" },
	{ "twice is once", KEY("allowed_congestion_control"), "bbr reno bbr", 0, "bbr", "reno bbr" },
	{ "what comes on the next line does not count", KEY("allowed_congestion_control"), "cubic\nx", 0, "bbr",
	  "cubic" },
	{ "a blank in front ends the list", KEY("allowed_congestion_control"), " reno cubic", 0, "bbr", "" },
	{ "two blanks end it as well", KEY("allowed_congestion_control"), "reno  cubic", 0, "bbr", "reno" },
	{ "nothing for anybody", KEY("allowed_congestion_control"), "\n", 0, "bbr", "" },
	{ "what there is cannot be changed", KEY("available_congestion_control"), "reno", -EACCES, "bbr", "" },
};

static void assert_key(struct model *m, const char *what, const char *key, const char *want)
{
	char buf[64];

	if (sysctl_get(&m->net.sysctl, key, buf, sizeof(buf)) != (int)strlen(want) || strcmp(buf, want) != 0)
		fail_msg("%s: %s is \"%s\"", what, key, buf);
}

static void test_sysctls(void **state)
{
	struct model m;
	char tiny[8];

	(void)state;
	model_init(&m, &tcp_reno);
	for (u32 i = 0; i < ARRAY_SIZE(sysctl_rows); i++) {
		const struct sysctl_row *r = &sysctl_rows[i];

		if (r->key && sysctl_set(&m.net.sysctl, r->key, r->value) != r->err)
			fail_msg("%s", r->what);
		assert_key(&m, r->what, KEY("congestion_control"), r->now);
		assert_key(&m, r->what, KEY("allowed_congestion_control"), r->allowed);
		assert_key(&m, r->what, KEY("available_congestion_control"), "reno cubic bbr");
	}
	assert_int_equal(sysctl_get(&m.net.sysctl, KEY("available_congestion_control"), tiny, sizeof(tiny)), -ENOSPC);
	assert_int_equal(sysctl_get(&m.net.sysctl, KEY("available_congestion_control"), tiny, 0), -ENOSPC);
	model_fini(&m);
}

struct choose_row {
	const char *what, *allowed, *before, *name;
	bool admin;
	int err;
};

static const struct choose_row choose_rows[] = {
	{ "what is allowed", "reno cubic", "reno", "cubic", false, 0 },
	{ "what is not", "reno", "reno", "cubic", false, -EPERM },
	{ "an administrator may", "reno", "reno", "cubic", true, 0 },
	{ "what it has already", "reno", "bbr", "bbr", false, 0 },
	{ "unknown", "reno", "reno", "vegas", false, -ENOENT },
	{ "unknown, to an administrator", "reno", "reno", "vegas", true, -ENOENT },
	{ "no name", "reno", "reno", "", true, -ENOENT },
};

static void test_choose(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(choose_rows); i++) {
		const struct choose_row *r = &choose_rows[i];
		struct model m;

		model_init(&m, tcp_ca_find(r->before));
		assert_int_equal(sysctl_set(&m.net.sysctl, KEY("allowed_congestion_control"), r->allowed), 0);
		if (tcp_set_congestion_control(&m.tp, r->name, r->admin) != r->err)
			fail_msg("%s", r->what);
		assert_string_equal(m.tp.ca_ops->name, r->err ? r->before : r->name);
		assert_int_equal(m.tp.ca_setsockopt, !r->err);
		model_fini(&m);
	}
}

/* A choice before the connection begins is kept, and begins with it; a new connection has the net's default. */
static void test_assign(void **state)
{
	struct model m;

	(void)state;
	model_init(&m, &tcp_reno);
	tcp_ca_assign(&m.tp);
	assert_ptr_equal(m.tp.ca_ops, &tcp_cubic);
	assert_false(m.tp.ca_initialized);
	assert_int_equal(tcp_set_congestion_control(&m.tp, "bbr", true), 0);
	assert_false(m.tp.ca_initialized);
	assert_int_equal(m.tp.pacing_status, 0);
	tcp_ca_assign(&m.tp);
	assert_ptr_equal(m.tp.ca_ops, &tcp_bbr);
	tcp_ca_start(&m.tp);
	assert_int_equal(m.tp.pacing_status, 1);
	model_fini(&m);
}

/* In the middle of a transfer, from each to each: it goes on. */
static void test_switch(void **state)
{
	static const char *const names[] = { "bbr", "reno", "cubic", "bbr", "cubic", "reno", "bbr" };
	struct model m;

	(void)state;
	model_init(&m, &tcp_cubic);
	m.rate = 1250000;
	m.buffer_pkts = 60;
	model_run_for(&m, 5 * NSEC_PER_SEC);
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		u64 before = m.delivered;

		assert_int_equal(tcp_set_congestion_control(&m.tp, names[i], true), 0);
		model_run_for(&m, 5 * NSEC_PER_SEC);
		if ((m.delivered - before) * MODEL_MSS < 5 * 1250000 * 8 / 10)
			fail_msg("%s: only %llu segments", names[i], (unsigned long long)(m.delivered - before));
	}
	model_fini(&m);
}

/* ------------------------------------------------------------------ growing */

struct grow_row {
	const char *what;
	u32 cwnd, ssthresh, cnt, clamp, acked;
	u32 cwnd_after, cnt_after;
};

static const struct grow_row grow_rows[] = {
	{ "slow start: one for one", 10, 1000, 0, 9999, 3, 13, 0 },
	{ "slow start ends at the threshold, the rest is for congestion avoidance", 10, 12, 0, 9999, 14, 13, 0 },
	{ "at the threshold one for each window", 12, 12, 0, 9999, 5, 12, 5 },
	{ "a window's worth: one more", 12, 12, 7, 9999, 5, 13, 0 },
	{ "many windows in one ACK", 4, 4, 0, 9999, 13, 7, 1 },
	{ "what was counted for a larger window is one segment", 4, 4, 9, 9999, 1, 5, 1 },
	{ "the clamp holds", 10, 1000, 0, 11, 5, 11, 0 },
	{ "the clamp holds in congestion avoidance", 10, 10, 9, 10, 1, 10, 0 },
	{ "an ACK of more than there can be", 10, 20, 0, 1000, UINT32_MAX, 1000, 5 },
	{ "a window that cannot grow", UINT32_MAX, 2, 0, UINT32_MAX, 5, UINT32_MAX, 5 },
};

static void test_grow(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(grow_rows); i++) {
		const struct grow_row *r = &grow_rows[i];
		struct model m;

		model_init(&m, &tcp_reno);
		m.tp.snd_cwnd = r->cwnd;
		m.tp.snd_ssthresh = r->ssthresh;
		m.tp.snd_cwnd_cnt = r->cnt;
		m.tp.snd_cwnd_clamp = r->clamp;
		m.tp.is_cwnd_limited = true;
		tcp_reno.cong_avoid(&m.tp, 0, r->acked);
		if (m.tp.snd_cwnd != r->cwnd_after || m.tp.snd_cwnd_cnt != r->cnt_after)
			fail_msg("%s: %u, %u counted", r->what, m.tp.snd_cwnd, m.tp.snd_cwnd_cnt);
		model_fini(&m);
	}
}

static void test_no_division_by_zero(void **state)
{
	struct model m;

	(void)state;
	model_init(&m, &tcp_reno);
	m.tp.snd_cwnd = 0;
	m.tp.snd_ssthresh = 0;
	tcp_cong_avoid_ai(&m.tp, 0, 1);
	assert_int_equal(m.tp.snd_cwnd, 1);
	assert_int_equal(tcp_reno_ssthresh(&m.tp), 2);
	model_fini(&m);
}

enum flags_means { AVOID, NOTHING, REDUCE };
struct flag_row {
	const char *what;
	int flag;
	u32 reordering;
	enum tcp_ca_state state;
	enum flags_means means;
};

static const struct flag_row flag_rows[] = {
	{ "new data was acked: grow", FLAG_DATA_ACKED, 3, TCP_CA_Open, AVOID },
	{ "a SACK alone is no reason", FLAG_DATA_SACKED, 3, TCP_CA_Disorder, NOTHING },
	{ "unless the path reorders", FLAG_DATA_SACKED, 4, TCP_CA_Disorder, AVOID },
	{ "a window update is none at all", FLAG_WIN_UPDATE, 300, TCP_CA_Open, NOTHING },
	{ "after a timeout slow start goes on", FLAG_DATA_ACKED, 3, TCP_CA_Loss, AVOID },
	{ "recovery reduces", FLAG_DATA_ACKED, 3, TCP_CA_Recovery, REDUCE },
	{ "so does ECN's", FLAG_DATA_ACKED, 300, TCP_CA_CWR, REDUCE },
};

static void test_cong_control(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(flag_rows); i++) {
		const struct rate_sample rs = { .acked_sacked = 1 };
		const struct flag_row *r = &flag_rows[i];
		enum flags_means seen;
		struct model m;

		model_init(&m, &tcp_reno);
		m.tp.ca_state = (u8)r->state;
		m.tp.reordering = r->reordering;
		m.tp.is_cwnd_limited = true;
		m.tp.packets_out = m.tp.prior_cwnd = 20;
		m.tp.snd_cwnd = 20;
		m.tp.snd_ssthresh = r->means == REDUCE ? 10 : 1000;
		tcp_cong_control(&m.tp, 0, 1, r->flag, &rs);
		seen = m.tp.prr_delivered ? REDUCE : m.tp.snd_cwnd == 21 ? AVOID : NOTHING;
		if (seen != r->means)
			fail_msg("%s", r->what);
		model_fini(&m);
	}
}

/* ------------------------------------------------------------------ a window that is not used */

static void test_cwnd_limited(void **state)
{
	struct tcp_sock *tp;
	struct model m;

	(void)state;
	model_init(&m, &tcp_reno);
	tp = &m.tp;
	tp->snd_cwnd = 20;
	tp->max_packets_out = 10;
	assert_false(tcp_is_cwnd_limited(tp)); /* in slow start: not yet twice what was in flight */
	tp->max_packets_out = 11;
	assert_true(tcp_is_cwnd_limited(tp));
	tp->snd_ssthresh = 20;
	assert_false(tcp_is_cwnd_limited(tp));
	tp->is_cwnd_limited = true;
	assert_true(tcp_is_cwnd_limited(tp));

	/* Once limited, for all that was sent by then. */
	tp->packets_out = 20;
	tp->snd_nxt = 1000;
	tcp_cwnd_validate(tp, true);
	tp->packets_out = 5;
	tp->snd_una = 999;
	tcp_cwnd_validate(tp, false);
	assert_true(tp->is_cwnd_limited);
	tp->snd_una = 1000;
	tcp_cwnd_validate(tp, false);
	assert_false(tp->is_cwnd_limited);
	assert_int_equal(tp->max_packets_out, 5);
	/* Not limited, and more in flight than before. */
	tp->snd_nxt = 2000;
	tp->cwnd_usage_seq = 3000;
	tp->packets_out = 6;
	tcp_cwnd_validate(tp, false);
	assert_int_equal(tp->max_packets_out, 6);
	assert_int_equal(tp->cwnd_usage_seq, 2000);
	model_fini(&m);
}

struct idle_row {
	const char *what;
	u32 cwnd, ssthresh, used, idle_ms;
	bool after_idle, no_room, is_bbr;
	enum tcp_ca_state state;
	u32 cwnd_after, ssthresh_after;
};

static const struct idle_row idle_rows[] = {
	{ "half way back to what was used", 100, 50, 20, 1000, true, false, false, TCP_CA_Open, 60, 75 },
	{ "a higher threshold is kept", 100, 90, 20, 1000, true, false, false, TCP_CA_Open, 60, 90 },
	{ "never below the initial window", 30, 10, 2, 1000, true, false, false, TCP_CA_Open, 20, 22 },
	{ "not before a timeout's time", 100, 50, 20, 999, true, false, false, TCP_CA_Open, 100, 50 },
	{ "the sysctl says no", 100, 50, 20, 5000, false, false, false, TCP_CA_Open, 100, 50 },
	{ "the socket had no room: the program would send more", 100, 50, 20, 5000, true, true, false, TCP_CA_Open, 100,
	  50 },
	{ "not while something is lost", 100, 50, 20, 5000, true, false, false, TCP_CA_Recovery, 100, 50 },
	{ "BBR knows better", 100, 50, 20, 5000, true, false, true, TCP_CA_Open, 100, 50 },
};

static void test_application_limited(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(idle_rows); i++) {
		const struct idle_row *r = &idle_rows[i];
		struct model m;

		model_init(&m, r->is_bbr ? &tcp_bbr : &tcp_reno);
		m.tn.sysctl.slow_start_after_idle = r->after_idle;
		m.tp.snd_cwnd = r->cwnd;
		m.tp.snd_ssthresh = r->ssthresh;
		m.tp.packets_out = r->used;
		m.tp.ca_state = (u8)r->state;
		m.tp.snd_cwnd_stamp = m.net.now;
		m.net.now += r->idle_ms * NSEC_PER_MSEC;
		if (r->no_room)
			m.tp.wmem_queued_bytes = m.tp.inet.sk.sndbuf_bytes;
		tcp_cwnd_validate(&m.tp, false);
		if (m.tp.snd_cwnd != r->cwnd_after || m.tp.snd_ssthresh != r->ssthresh_after)
			fail_msg("%s: %u, threshold %u", r->what, m.tp.snd_cwnd, m.tp.snd_ssthresh);
		model_fini(&m);
	}
}

struct pacing_row {
	const char *what;
	u32 cwnd, ssthresh, packets_out, srtt_us, mss;
	u64 max, rate;
};

static const struct pacing_row pacing_rows[] = {
	{ "slow start: twice the window per round trip", 10, 1000, 0, 10000, 1000, ~0ULL, 2000000 },
	{ "near the threshold: 1.2 times", 10, 19, 0, 10000, 1000, ~0ULL, 1200000 },
	{ "more in flight than the window", 10, 10, 20, 10000, 1000, ~0ULL, 2400000 },
	{ "SO_MAX_PACING_RATE", 10, 1000, 0, 10000, 1000, 500000, 500000 },
	{ "no round trip yet: as if it were an eighth of a microsecond", 10, 1000, 0, 0, 1000, ~0ULL, 160000000000ULL },
	{ "all that fits", UINT32_MAX, UINT32_MAX, 0, 0, UINT32_MAX, ~0ULL, UINT64_MAX },
};

static void test_pacing(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(pacing_rows); i++) {
		const struct pacing_row *r = &pacing_rows[i];
		struct model m;

		model_init(&m, &tcp_reno);
		m.tp.snd_cwnd = r->cwnd;
		m.tp.snd_ssthresh = r->ssthresh;
		m.tp.packets_out = r->packets_out;
		m.tp.srtt_us = r->srtt_us * 8;
		m.tp.mss_cache = r->mss;
		m.tp.inet.sk.max_pacing_rate = r->max;
		tcp_update_pacing_rate(&m.tp);
		if (tcp_pacing_rate(&m.tp) != r->rate)
			fail_msg("%s: %llu", r->what, (unsigned long long)tcp_pacing_rate(&m.tp));
		model_fini(&m);
	}
}

/* ------------------------------------------------------------------ Reno on a path */

/* Half after a loss, one segment more per round trip, and so on: the saw that Reno is known for. */
static void test_reno_saw(void **state)
{
	u32 peak = 0, last_cwnd, saws = 0;
	ktime_t began = 0;
	struct model m;

	(void)state;
	model_init(&m, &tcp_reno);
	m.rtt = 100 * NSEC_PER_MSEC;
	m.tp.snd_ssthresh = 100;
	model_run_for(&m, 5 * NSEC_PER_SEC);
	for (u32 i = 0; i < 4; i++) {
		m.drop_next = true;
		last_cwnd = m.tp.snd_cwnd;
		model_run_for(&m, 500 * NSEC_PER_MSEC);
		assert_int_equal(m.tp.ca_state, TCP_CA_Open);
		/* the window grew for one round trip before the loss was seen, and for up to four after */
		assert_in_range(m.tp.snd_cwnd, last_cwnd / 2, last_cwnd / 2 + 5);
		peak = m.tp.snd_cwnd;
		began = m.net.now;
		model_run_for(&m, 4 * NSEC_PER_SEC);
		assert_in_range(m.tp.snd_cwnd - peak, (u64)((m.net.now - began) / m.rtt) - 2,
				(u64)((m.net.now - began) / m.rtt));
		saws++;
	}
	assert_int_equal(saws, 4);
	model_fini(&m);
}

/* A queue of one bandwidth-delay product: the path is never idle. */
static void test_reno_path(void **state)
{
	struct model m;
	u64 before;

	(void)state;
	model_init(&m, &tcp_reno);
	m.rate = 1250000;
	m.buffer_pkts = 35;
	model_run_for(&m, 20 * NSEC_PER_SEC);
	before = m.delivered;
	model_run_for(&m, 60 * NSEC_PER_SEC);
	assert_true((m.delivered - before) * MODEL_MSS > 60ULL * 1250000 * 98 / 100);
	assert_true(m.dropped > 5);
	model_fini(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sysctls),
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_assign),
		cmocka_unit_test(test_switch),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_no_division_by_zero),
		cmocka_unit_test(test_cong_control),
		cmocka_unit_test(test_cwnd_limited),
		cmocka_unit_test(test_application_limited),
		cmocka_unit_test(test_pacing),
		cmocka_unit_test(test_reno_saw),
		cmocka_unit_test(test_reno_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
