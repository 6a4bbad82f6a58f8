// SPDX-License-Identifier: BSD-2-Clause
/* The window after each ACK: may it grow, is it used at all, how fast do we pace; and the windowed minimum.
 *
 * @step S3 of S13   @rfc 5681 3.1, 7661   @linux net/ipv4/tcp_input.c, tcp_output.c, lib/win_minmax.c
 *
 * Reading order: tcp_cong_control(), tcp_update_pacing_rate(), tcp_cwnd_validate(), minmax.
 */
#include "net.h"
#include "tcp/tcp.h"

/* ------------------------------------------------------------------ after an ACK */

/* Where reordering is usual, SACKs are as good as ACKs: waiting for the hole to close would starve the window. */
static bool tcp_may_raise_cwnd(const struct tcp_sock *tp, int flag)
{
	if (tp->reordering > (u32)tcp_sysctl(tp)->reordering)
		return flag & FLAG_FORWARD_PROGRESS;
	return flag & FLAG_DATA_ACKED;
}

void tcp_cong_control(struct tcp_sock *tp, u32 ack, u32 acked_sacked, int flag, const struct rate_sample *rs)
{
	const struct tcp_congestion_ops *ca = tp->ca_ops;

	if (ca->cong_control) {
		ca->cong_control(tp, ack, flag, rs);
		return;
	}
	if (tcp_in_cwnd_reduction(tp)) {
		tcp_cwnd_reduction(tp, acked_sacked, rs->losses, flag);
	} else if (tcp_may_raise_cwnd(tp, flag)) {
		ca->cong_avoid(tp, ack, acked_sacked);
		tp->snd_cwnd_stamp = tcp_net_of(tp)->now;
	}
	tcp_update_pacing_rate(tp);
}

/* A window per round trip, and a part more, that pacing is never what holds the window back.  srtt_us is eight round
 * trips. */
void tcp_update_pacing_rate(struct tcp_sock *tp)
{
	const struct tcp_sysctls *s = tcp_sysctl(tp);
	u64 cwnd = max_u32(tp->snd_cwnd, tp->packets_out);
	u64 percent = (u64)(tp->snd_cwnd < tp->snd_ssthresh / 2 ? s->pacing_ss_ratio : s->pacing_ca_ratio);

	if (unlikely(__builtin_mul_overflow(cwnd * tp->mss_cache,
					    percent * (u64)(NSEC_PER_SEC / NSEC_PER_USEC / 100 * 8), &tp->pacing_rate)))
		tp->pacing_rate = UINT64_MAX;
	tp->pacing_rate_by_srtt = true;
}

/* Most ACKs are not asked for it, and a division takes as long as all the rest of tcp_update_pacing_rate(). */
u64 tcp_pacing_rate(const struct tcp_sock *tp)
{
	u64 rate = tp->pacing_rate, max = tp->inet.sk.max_pacing_rate;

	if (!tp->pacing_rate_by_srtt)
		return rate;
	if (likely(tp->srtt_us))
		rate /= tp->srtt_us;
	return rate < max ? rate : max;
}

/* ------------------------------------------------------------------ a window that is not used says nothing.  @rfc 7661 */

/* In slow start the window may grow to twice what was really in flight. */
bool tcp_is_cwnd_limited(const struct tcp_sock *tp)
{
	if (tp->is_cwnd_limited)
		return true;
	return tcp_in_slow_start(tp) && tp->snd_cwnd < 2ULL * tp->max_packets_out;
}

/* The program has not filled the window for a timeout's length: half way back to what it used.  @rfc 7661 4.4 */
static void tcp_cwnd_application_limited(struct tcp_sock *tp)
{
	struct tcp_route_metrics m = { 0 };
	u32 used;

	/* One who waits for room would send more. */
	if (tp->ca_state == TCP_CA_Open && tcp_stream_memory_free(tp)) {
		if (tp->af)
			tp->af->route_metrics(tp, &m);
		used = max_u32(tp->snd_cwnd_used, tcp_route_init_cwnd(&m));
		if (used < tp->snd_cwnd) {
			tp->snd_ssthresh = tcp_current_ssthresh(tp);
			tp->snd_cwnd = used + (tp->snd_cwnd - used) / 2;
		}
		tp->snd_cwnd_used = 0;
	}
	tp->snd_cwnd_stamp = tcp_net_of(tp)->now;
}

/* After sending: was the window what stopped us?  The answer holds for the window's worth that was sent with it. */
void tcp_cwnd_validate(struct tcp_sock *tp, bool is_cwnd_limited)
{
	ktime_t now = tcp_net_of(tp)->now;

	if (!before(tp->snd_una, tp->cwnd_usage_seq) || is_cwnd_limited ||
	    (!tp->is_cwnd_limited && tp->packets_out > tp->max_packets_out)) {
		tp->is_cwnd_limited = is_cwnd_limited;
		tp->max_packets_out = tp->packets_out;
		tp->cwnd_usage_seq = tp->snd_nxt;
	}
	if (tcp_is_cwnd_limited(tp)) {
		tp->snd_cwnd_used = 0;
		tp->snd_cwnd_stamp = now;
		return;
	}
	tp->snd_cwnd_used = max_u32(tp->snd_cwnd_used, tp->packets_out);
	if (tcp_sysctl(tp)->slow_start_after_idle && now - tp->snd_cwnd_stamp >= tp->rto && !tp->ca_ops->cong_control)
		tcp_cwnd_application_limited(tp);
}

/* ------------------------------------------------------------------ the best value of a time window
 *
 * Kathleen Nichols' filter: s[0] is the best of the window, s[1] the best since s[0], s[2] the best since s[1]; so when
 * s[0] becomes too old there is one to take its place, without keeping all of them.
 */

u32 minmax_reset(struct minmax *m, u32 t_ms, u32 meas)
{
	/* not one from the other: what was just written in parts is slow to read */
	for (u32 i = 0; i < ARRAY_SIZE(m->s); i++) {
		m->s[i].t_ms = t_ms;
		m->s[i].v = meas;
	}
	return meas;
}

/* No new best: drop what is too old, and let a choice for later be one of a later part of the window. */
static u32 minmax_age(struct minmax *m, u32 win, const struct minmax_sample *now)
{
	u32 age = now->t_ms - m->s[0].t_ms;

	if (unlikely(age > win)) {
		m->s[0] = m->s[1];
		m->s[1] = m->s[2];
		m->s[2] = *now;
		if (unlikely(now->t_ms - m->s[0].t_ms > win)) {
			m->s[0] = m->s[1];
			m->s[1] = m->s[2];
		}
	} else if (unlikely(m->s[1].t_ms == m->s[0].t_ms) && age > win / 4) {
		m->s[1] = m->s[2] = *now;
	} else if (unlikely(m->s[2].t_ms == m->s[1].t_ms) && age > win / 2) {
		m->s[2] = *now;
	}
	return m->s[0].v;
}

u32 minmax_running_min(struct minmax *m, u32 win_ms, u32 t_ms, u32 meas)
{
	const struct minmax_sample now = { .t_ms = t_ms, .v = meas };

	if (unlikely(meas <= m->s[0].v) || unlikely(t_ms - m->s[2].t_ms > win_ms))
		return minmax_reset(m, t_ms, meas);
	if (unlikely(meas <= m->s[1].v))
		m->s[1] = m->s[2] = now;
	else if (unlikely(meas <= m->s[2].v))
		m->s[2] = now;
	return minmax_age(m, win_ms, &now);
}

u32 minmax_running_max(struct minmax *m, u32 win, u32 t, u32 meas)
{
	const struct minmax_sample now = { .t_ms = t, .v = meas };

	if (unlikely(meas >= m->s[0].v) || unlikely(t - m->s[2].t_ms > win))
		return minmax_reset(m, t, meas);
	if (unlikely(meas >= m->s[1].v))
		m->s[1] = m->s[2] = now;
	else if (unlikely(meas >= m->s[2].v))
		m->s[2] = now;
	return minmax_age(m, win, &now);
}
