// SPDX-License-Identifier: BSD-2-Clause
/* What one ACK tells of the path's rate. */
#include "bottleneck.h"

#define US NSEC_PER_USEC

/* A flight of segments that left and came back at chosen times; the last ACK makes the sample. */
struct row {
	const char *what;
	u32 count;
	u32 sent_us[4], acked_us[4];
	u32 min_rtt_us;
	s32 delivered; /* of the sample */
	s64 interval_us;
};

static const struct row rows[] = {
	{ "the first segment: itself in its round trip", 1, { 0 }, { 1000 }, 1000, 1, 1000 },
	{ "a train: what was delivered in a round trip", 4, { 0, 0, 0, 0 }, { 1000, 1100, 1200, 1300 }, 1000, 4, 1300 },
	{ "ACKs in a heap: the time of sending counts",
	  4,
	  { 0, 400, 800, 1200 },
	  { 1300, 1300, 1300, 1300 },
	  100,
	  4,
	  1300 },
	{ "sent in a heap, acked slowly: the time of the ACKs counts",
	  3,
	  { 0, 0, 0 },
	  { 500, 2500, 4500 },
	  500,
	  3,
	  4500 },
	{ "sent slowly: no faster than that", 2, { 0, 5000 }, { 5100, 5101 }, 100, 2, 5101 },
	{ "shorter than the path can be: no sample", 1, { 0 }, { 400 }, 500, 1, -1 },
	{ "in no time at all: no sample", 1, { 0 }, { 0 }, 0, 1, -1 },
};

static void sample_of(struct model *m, const struct row *r, struct rate_sample *rs)
{
	struct tcp_sock *tp = &m->tp;
	ktime_t begin = m->net.now;
	u32 sent = 0, acked = 0;

	minmax_reset(&tp->rtt_min, 0, r->min_rtt_us);
	while (acked < r->count) {
		bool is_send = sent < r->count && r->sent_us[sent] < r->acked_us[acked];

		is_send |= sent == acked;
		m->net.now = begin + (is_send ? r->sent_us[sent] : r->acked_us[acked]) * US;
		if (is_send) {
			m->pkt[sent].skb.tstamp = m->net.now;
			TCP_SKB_CB(&m->pkt[sent].skb)->end_seq = (sent + 1) * MODEL_MSS;
			tcp_rate_skb_sent(tp, &m->pkt[sent++].skb);
			tp->packets_out++;
			continue;
		}
		memset(rs, 0, sizeof(*rs));
		tcp_rate_skb_delivered(tp, &m->pkt[acked++].skb, rs);
		tp->packets_out--;
		tp->delivered++;
		tcp_rate_gen(tp, 1, 0, false, rs);
	}
}

static void test_rows(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rate_sample rs;
		struct model m;

		model_init(&m, &tcp_reno);
		sample_of(&m, &rows[i], &rs);
		if (rs.delivered != rows[i].delivered || rs.interval_us != rows[i].interval_us)
			fail_msg("%s: %d in %lld us", rows[i].what, rs.delivered, (long long)rs.interval_us);
		model_fini(&m);
	}
}

static struct sk_buff *send_at(struct model *m, u32 i)
{
	struct sk_buff *skb = &m->pkt[i].skb;

	skb->tstamp = m->net.now;
	TCP_SKB_CB(skb)->end_seq = (i + 1) * MODEL_MSS;
	tcp_rate_skb_sent(&m->tp, skb);
	m->tp.packets_out++;
	return skb;
}

/* A segment that was SACKed is told of once; after reneging nothing is. */
static void test_sack(void **state)
{
	struct rate_sample rs = { 0 };
	struct sk_buff *skb;
	struct model m;

	(void)state;
	model_init(&m, &tcp_reno);
	skb = send_at(&m, 0);
	minmax_reset(&m.tp.rtt_min, 0, 100);
	m.net.now += 1000 * US;
	TCP_SKB_CB(skb)->sacked |= TCPCB_SACKED_ACKED;
	tcp_rate_skb_delivered(&m.tp, skb, &rs);
	m.tp.delivered++;
	tcp_rate_gen(&m.tp, 1, 2, false, &rs);
	assert_int_equal(rs.delivered, 1);
	assert_int_equal(rs.losses, 2);
	assert_int_equal(rs.acked_sacked, 1);
	memset(&rs, 0, sizeof(rs));
	tcp_rate_skb_delivered(&m.tp, skb, &rs);
	tcp_rate_gen(&m.tp, 0, 0, false, &rs);
	assert_int_equal(rs.delivered, -1);
	assert_int_equal(rs.interval_us, -1);

	skb = send_at(&m, 1);
	m.net.now += 1000 * US;
	memset(&rs, 0, sizeof(rs));
	tcp_rate_skb_delivered(&m.tp, skb, &rs);
	tcp_rate_gen(&m.tp, 1, 0, true, &rs);
	assert_int_equal(rs.interval_us, -1);
	model_fini(&m);
}

/* Of one ACK for several segments the one that was sent last counts, retransmissions included. */
static void test_newest(void **state)
{
	struct rate_sample rs = { 0 };
	struct sk_buff *a, *b;
	struct model m;

	(void)state;
	model_init(&m, &tcp_reno);
	a = send_at(&m, 0);
	m.net.now += 10 * US;
	b = send_at(&m, 1);
	m.net.now += 1000 * US;
	a->tstamp = m.net.now; /* again */
	TCP_SKB_CB(a)->sacked |= TCPCB_RETRANS;
	m.net.now += 1000 * US;
	tcp_rate_skb_delivered(&m.tp, a, &rs);
	assert_true(rs.is_retrans);
	assert_int_equal(rs.last_end_seq, MODEL_MSS);
	tcp_rate_skb_delivered(&m.tp, b, &rs);
	assert_true(rs.is_retrans);
	assert_int_equal(m.tp.first_tx_mstamp, a->tstamp);
	model_fini(&m);
}

struct limited_row {
	const char *what;
	u32 unsent_bytes, below_bytes, packets_out, cwnd, lost_out, retrans_out;
	bool is_limited;
};

static const struct limited_row limited_rows[] = {
	{ "nothing to send, room in the window: the program is the limit", 0, 0, 3, 10, 0, 0, true },
	{ "less than a segment is nothing", MODEL_MSS - 1, 0, 3, 10, 0, 0, true },
	{ "a segment waits: it is not", MODEL_MSS, 0, 3, 10, 0, 0, false },
	{ "something is on its way down: it is not", 0, 1, 3, 10, 0, 0, false },
	{ "the window is full: it is not", 0, 0, 10, 10, 0, 0, false },
	{ "something lost is to be sent again: it is not", 0, 0, 5, 10, 2, 1, false },
	{ "all that was lost is sent again: it is", 0, 0, 5, 10, 2, 2, true },
};

static void test_app_limited(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(limited_rows); i++) {
		const struct limited_row *r = &limited_rows[i];
		struct model m;

		model_init(&m, &tcp_reno);
		m.tp.write_seq = m.tp.snd_nxt + r->unsent_bytes;
		m.tp.inet.sk.wmem_alloc_bytes = r->below_bytes;
		m.tp.packets_out = r->packets_out;
		m.tp.snd_cwnd = r->cwnd;
		m.tp.lost_out = r->lost_out;
		m.tp.retrans_out = r->retrans_out;
		tcp_rate_check_app_limited(&m.tp);
		if (!!m.tp.app_limited != r->is_limited)
			fail_msg("%s", r->what);
		model_fini(&m);
	}
}

/* The mark stays on what was in flight, and goes with it; a low rate of a lazy program does not replace a high one. */
static void test_app_limited_ends(void **state)
{
	struct rate_sample rs = { 0 };
	struct sk_buff *skb;
	struct model m;

	(void)state;
	model_init(&m, &tcp_reno);
	minmax_reset(&m.tp.rtt_min, 0, 100);
	m.tp.rate_delivered = 100;
	m.tp.rate_interval_us = 1000;
	m.tp.app_limited = m.tp.delivered + 1;
	skb = send_at(&m, 0);
	m.net.now += 1000 * US;
	tcp_rate_skb_delivered(&m.tp, skb, &rs);
	m.tp.delivered++;
	tcp_rate_gen(&m.tp, 1, 0, false, &rs);
	assert_true(rs.is_app_limited);
	assert_int_equal(m.tp.rate_delivered, 100);
	assert_true(m.tp.app_limited != 0);
	m.tp.delivered++;
	tcp_rate_gen(&m.tp, 1, 0, false, &rs);
	assert_int_equal(m.tp.app_limited, 0);
	model_fini(&m);
}

/* On a path of 20 Mbit/s the samples say 20 Mbit/s, whatever the window. */
static void test_path(void **state)
{
	struct model m;
	u64 rate;

	(void)state;
	model_init(&m, &tcp_cubic);
	m.rate = 2500000;
	m.buffer_pkts = 200;
	model_run_for(&m, 10 * NSEC_PER_SEC);
	rate = (u64)m.tp.rate_delivered * MODEL_MSS * 1000000 / m.tp.rate_interval_us;
	assert_in_range(rate, 2450000, 2550000);
	model_fini(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_sack),
		cmocka_unit_test(test_newest),
		cmocka_unit_test(test_app_limited),
		cmocka_unit_test(test_app_limited_ends),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
