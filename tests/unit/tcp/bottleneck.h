/* SPDX-License-Identifier: BSD-2-Clause */
/* One sender, one queue, one round trip: a path for algorithms of congestion control.
 *
 * The sender is a bare struct tcp_sock that always has something to send.  Segments wait in a queue that serves them at
 * a rate and drops what does not fit; the rest of the path is a delay.  Each segment that arrives is acked.  One that is
 * lost is noticed when three later ones were acked, and not sent again: the next ones are as good.
 */
#ifndef NETHOOD_TEST_BOTTLENECK_H
#define NETHOOD_TEST_BOTTLENECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net.h"
#include "tcp/tcp.h"

#define MODEL_RING 65536U
#define MODEL_MSS 1448U
#define MODEL_DUPTHRESH 3U

struct model_pkt {
	struct sk_buff skb;
	ktime_t acked_at; /* 0: it was dropped */
	bool gone;        /* acked, or known to be lost */
};

struct model {
	struct net net;
	struct tcp_net tn;
	struct tcp_sock tp;
	struct model_pkt *pkt;
	u64 first, next; /* of pkt[], as a ring: first is the oldest in flight */

	/* the path */
	u64 rate; /* bytes per second that the queue serves; 0: no queue */
	ktime_t rtt;
	u32 buffer_pkts;
	u64 policer_rate; /* bytes per second that a policer before the queue lets through; 0: none */
	double policer_tokens, policer_burst;
	ktime_t policer_at, queue_free_at;
	bool drop_next;
	u32 loss_per_mille; /* at random */
	ktime_t idle_until; /* the program has nothing to send before that */

	u32 lost_seq; /* of the newest that is known to be lost */

	/* what was seen */
	u64 sent, dropped, delivered;
	u32 queue_max_pkts;
	double queue_sum;
};

static inline void model_init(struct model *m, const struct tcp_congestion_ops *ca)
{
	const u8 key[RNG_KEY_BYTES] = { 7 };

	memset(m, 0, sizeof(*m));
	m->net.now = 1000 * NSEC_PER_SEC;
	m->net.tcp = &m->tn;
	rng_init(&m->net.rng, key);
	sysctl_root_init(&m->net.sysctl);
	tcp_sysctl_init(&m->net);
	tcp_ca_sysctl_init(&m->net);
	m->pkt = calloc(MODEL_RING, sizeof(*m->pkt));
	assert_non_null(m->pkt);
	m->tp.inet.sk.net = &m->net;
	m->tp.inet.sk.max_pacing_rate = UINT64_MAX;
	m->tp.inet.sk.sndbuf_bytes = 1U << 30;
	tcp_holes_none(&m->tp);
	tcp_opts_none(&m->tp);
	m->tp.snd_cwnd = TCP_INIT_CWND;
	m->tp.snd_ssthresh = TCP_INFINITE_SSTHRESH;
	m->tp.snd_cwnd_clamp = UINT32_MAX;
	m->tp.mss_cache = MODEL_MSS;
	m->tp.pacing_rate = UINT64_MAX;
	m->tp.pacing_shift = 10;
	m->tp.reordering = MODEL_DUPTHRESH;
	m->tp.rto = NSEC_PER_SEC;
	m->tp.lsndtime = m->net.now;
	minmax_reset(&m->tp.rtt_min, tcp_clock_ms(&m->net), UINT32_MAX);
	m->tp.ca_ops = ca;
	m->rtt = 40 * NSEC_PER_MSEC;
	m->buffer_pkts = UINT32_MAX;
	tcp_ca_start(&m->tp);
}

static inline void model_fini(struct model *m)
{
	tcp_ca_release(&m->tp);
	tcp_ca_sysctl_exit(&m->net);
	tcp_sysctl_exit(&m->net);
	free(m->pkt);
}

static inline struct model_pkt *model_pkt(struct model *m, u64 i)
{
	return &m->pkt[i % MODEL_RING];
}

/* ------------------------------------------------------------------ the path */

static inline bool model_policer_drops(struct model *m, u32 bytes)
{
	if (!m->policer_rate)
		return false;
	m->policer_tokens += (double)(m->net.now - m->policer_at) * (double)m->policer_rate / 1e9;
	if (m->policer_tokens > m->policer_burst)
		m->policer_tokens = m->policer_burst;
	m->policer_at = m->net.now;
	if (m->policer_tokens < bytes)
		return true;
	m->policer_tokens -= bytes;
	return false;
}

/* Return: when its ACK comes; 0: never */
static inline ktime_t model_carry(struct model *m, u32 bytes)
{
	ktime_t serve = m->rate ? (ktime_t)((u64)bytes * (u64)NSEC_PER_SEC / m->rate) : 0;
	ktime_t wait = m->queue_free_at > m->net.now ? m->queue_free_at - m->net.now : 0;
	u32 queued = serve ? (u32)(wait / serve) : 0;

	if (m->drop_next || get_random_u32_below(&m->net.rng, 1000) < m->loss_per_mille || queued >= m->buffer_pkts ||
	    model_policer_drops(m, bytes)) {
		m->drop_next = false;
		m->dropped++;
		return 0;
	}
	m->queue_max_pkts = max_u32(m->queue_max_pkts, queued);
	m->queue_sum += queued;
	m->queue_free_at = m->net.now + wait + serve;
	return m->queue_free_at + m->rtt;
}

/* ------------------------------------------------------------------ the sender */

static inline void model_send_one(struct model *m)
{
	struct tcp_sock *tp = &m->tp;
	struct model_pkt *p = model_pkt(m, m->next);

	assert_true(m->next - m->first < MODEL_RING);
	memset(p, 0, sizeof(*p));
	if (!tp->packets_out)
		tcp_ca_event(tp, CA_EVENT_TX_START);
	tp->lsndtime = m->net.now;
	TCP_SKB_CB(&p->skb)->seq = tp->snd_nxt;
	tp->snd_nxt += MODEL_MSS;
	TCP_SKB_CB(&p->skb)->end_seq = tp->snd_nxt;
	p->skb.tstamp = m->net.now;
	p->acked_at = model_carry(m, MODEL_MSS);
	tcp_rate_skb_sent(tp, &p->skb);
	tp->packets_out++;
	if (tp->ca_state == TCP_CA_Recovery)
		tp->prr_out++;
	m->next++;
	m->sent++;
	if (tp->pacing_status && tp->pacing_rate)
		tp->wstamp = m->net.now + (ktime_t)(MODEL_MSS * (u64)NSEC_PER_SEC / tp->pacing_rate);
}

static inline bool model_may_send(const struct model *m)
{
	return m->tp.packets_out < m->tp.snd_cwnd && m->net.now >= m->idle_until;
}

static inline void model_send(struct model *m)
{
	struct tcp_sock *tp = &m->tp;
	bool is_paced = false;

	tp->write_seq = tp->snd_nxt + (m->net.now >= m->idle_until ? 100 * MODEL_MSS : 0);
	while (model_may_send(m)) {
		is_paced = tp->pacing_status && tp->wstamp > m->net.now;
		if (is_paced)
			break;
		model_send_one(m);
	}
	tp->write_seq = tp->snd_nxt + (m->net.now >= m->idle_until ? 100 * MODEL_MSS : 0);
	tcp_cwnd_validate(tp, tp->packets_out >= tp->snd_cwnd);
	if (m->net.now < m->idle_until)
		tcp_rate_check_app_limited(tp);
}

/* All that is known to be lost, @below excluded. */
static inline u32 model_mark_lost(struct model *m, u64 below)
{
	u32 lost = 0;

	for (u64 i = m->first; i < below; i++) {
		struct model_pkt *p = model_pkt(m, i);

		if (p->gone || p->acked_at)
			continue;
		p->gone = true;
		m->tp.packets_out--;
		m->tp.lost++;
		m->lost_seq = TCP_SKB_CB(&p->skb)->seq;
		lost++;
	}
	return lost;
}

static inline void model_advance(struct model *m)
{
	while (m->first < m->next && model_pkt(m, m->first)->gone)
		m->first++;
	m->tp.snd_una = m->first < m->next ? TCP_SKB_CB(&model_pkt(m, m->first)->skb)->seq : m->tp.snd_nxt;
}

static inline void model_rtt(struct model *m, u32 rtt_us)
{
	struct tcp_sock *tp = &m->tp;

	tp->srtt_us = tp->srtt_us ? tp->srtt_us - (tp->srtt_us >> 3) + rtt_us : rtt_us << 3;
	minmax_running_min(&tp->rtt_min, 300000, tcp_clock_ms(&m->net), rtt_us);
}

static inline void model_recovery(struct model *m, u32 lost)
{
	struct tcp_sock *tp = &m->tp;

	if (tp->ca_state == TCP_CA_Recovery && !before(tp->snd_una, tp->high_seq)) {
		if (!tp->ca_ops->cong_control)
			tp->snd_cwnd = tp->snd_ssthresh;
		tcp_set_ca_state(tp, TCP_CA_Open);
	}
	if (tp->ca_state == TCP_CA_Loss && !before(tp->snd_una, tp->high_seq))
		tcp_set_ca_state(tp, TCP_CA_Open);
	/* what was sent before the last reduction is part of that one */
	if (!lost || tp->ca_state >= TCP_CA_Recovery || before(m->lost_seq, tp->high_seq))
		return;
	tp->high_seq = tp->snd_nxt;
	tp->prior_cwnd = tp->snd_cwnd;
	tp->prr_delivered = tp->prr_out = 0;
	tp->snd_ssthresh = tp->ca_ops->ssthresh(tp);
	tcp_set_ca_state(tp, TCP_CA_Recovery);
}

static inline void model_ack(struct model *m, u64 i)
{
	struct tcp_sock *tp = &m->tp;
	struct model_pkt *p = model_pkt(m, i);
	u32 rtt_us = (u32)((m->net.now - p->skb.tstamp) / NSEC_PER_USEC), in_flight = tp->packets_out, lost;
	struct ack_sample sample = { .pkts_acked = 1, .rtt_us = (s32)rtt_us, .in_flight = in_flight };
	struct rate_sample rs = { .prior_in_flight = in_flight, .rtt_us = rtt_us };

	model_rtt(m, rtt_us);
	tcp_rate_skb_delivered(tp, &p->skb, &rs);
	p->gone = true;
	tp->packets_out--;
	tp->delivered++;
	m->delivered++;
	lost = model_mark_lost(m, i > m->first + MODEL_DUPTHRESH ? i - MODEL_DUPTHRESH : m->first);
	model_advance(m);
	if (tp->ca_ops->pkts_acked)
		tp->ca_ops->pkts_acked(tp, &sample);
	model_recovery(m, lost);
	tcp_rate_gen(tp, 1, lost, false, &rs);
	tcp_cong_control(tp, tp->snd_una, 1, FLAG_DATA_ACKED | FLAG_SND_UNA_ADVANCED, &rs);
}

/* Nothing comes back any more. */
static inline void model_timeout(struct model *m)
{
	struct tcp_sock *tp = &m->tp;

	m->net.now += tp->rto;
	tp->prior_cwnd = tp->snd_cwnd;
	tp->snd_ssthresh = tp->ca_ops->ssthresh(tp);
	model_mark_lost(m, m->next);
	model_advance(m);
	tp->high_seq = tp->snd_nxt;
	tcp_set_ca_state(tp, TCP_CA_Loss);
	tp->snd_cwnd = 1;
	tp->snd_cwnd_cnt = 0;
}

/* Return: which one is acked next, m->next: none */
static inline u64 model_next_ack(struct model *m, u64 from)
{
	while (from < m->next && (model_pkt(m, from)->gone || !model_pkt(m, from)->acked_at))
		from++;
	return from;
}

/* The model's clock goes to @until. */
static inline void model_run(struct model *m, ktime_t until)
{
	u64 i = m->first;

	while (m->net.now < until) {
		ktime_t event = until;

		model_send(m);
		i = model_next_ack(m, i < m->first ? m->first : i);
		if (i < m->next)
			event = min_s64(event, model_pkt(m, i)->acked_at);
		else if (m->tp.packets_out && !model_may_send(m)) {
			model_timeout(m);
			continue;
		}
		if (model_may_send(m))
			event = min_s64(event, m->tp.wstamp);
		else if (m->net.now < m->idle_until)
			event = min_s64(event, m->idle_until);
		m->net.now = event;
		if (i < m->next && model_pkt(m, i)->acked_at <= event)
			model_ack(m, i);
	}
}

static inline void model_run_for(struct model *m, ktime_t time)
{
	model_run(m, m->net.now + time);
}

#endif
