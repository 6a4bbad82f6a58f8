// SPDX-License-Identifier: BSD-2-Clause
/* Timers of a connection: retransmission, probes of a closed window, delayed ACKs, keep-alive.
 *
 * @rfc 6298 5, 9293 3.8.1, 3.8.3, 3.8.4, 3.8.6.1, 1122 4.2.3   @linux net/ipv4/tcp_timer.c
 *
 * Reading order: tcp_reset_xmit_timer(), tcp_rtx_timer(), tcp_retransmit_timer(), tcp_write_timeout(), tcp_probe_timer(),
 * tcp_delack_timer(), tcp_keepalive_timer().
 *
 * One timer serves retransmission, tail loss probe, reordering and window probe: never are two of them wanted at a time.
 * A timer holds no reference: tcp_done() stops all of them.
 *
 * The two that nearly every segment sets or stops, rtx_timer and delack_timer, stay in the wheel where they are when what
 * they wait for is put off or comes true: rtx_when and ack.timeout say when it is due, rtx_kind and TCP_ACK_TIMER whether.
 * One that fires too early for that is armed once more; one that fires for nothing does nothing.
 */
#include "tcp/tcp.h"

#define ORPHAN_RETRIES_ALIVE 8

/* ------------------------------------------------------------------ arming */

/* In the wheel for @when, or earlier. */
static void timer_not_after(struct net *net, struct timer *t, ktime_t when)
{
	if (!timer_pending(t) || t->expires > when)
		mod_timer(net->timers, t, when);
}

/* @t fired.  Return: was it too early? */
static bool timer_was_early(struct net *net, struct timer *t, ktime_t when)
{
	if (net->now < when)
		mod_timer(net->timers, t, when);
	return net->now < when;
}

void tcp_reset_xmit_timer(struct tcp_sock *tp, enum tcp_rtx_kind kind, ktime_t after)
{
	struct net *net = tcp_net_of(tp);
	ktime_t rto_max = tcp_rto_max(tp);

	if (after > rto_max)
		after = rto_max;
	if (after < 0)
		after = 0;
	/* what is paced leaves later than it was sent */
	if (kind != TCP_RTX_REO_TIMEOUT && tp->wstamp > net->now)
		after += tp->wstamp - net->now;
	tp->rtx_kind = (u8)kind;
	tp->rtx_when = net->now + after;
	timer_not_after(net, &tp->rtx_timer, tp->rtx_when);
}

void tcp_set_delack_timer(struct tcp_sock *tp, ktime_t when)
{
	tp->ack.pending |= TCP_ACK_SCHED | TCP_ACK_TIMER;
	tp->ack.timeout = when;
	timer_not_after(tcp_net_of(tp), &tp->delack_timer, when);
}

void tcp_reset_delack_timer(struct tcp_sock *tp, ktime_t after)
{
	ktime_t when = tcp_net_of(tp)->now + after;

	/* an ACK that is due earlier is not put off */
	if (!(tp->ack.pending & TCP_ACK_TIMER) || tp->ack.timeout >= when)
		tcp_set_delack_timer(tp, when);
}

void tcp_reset_keepalive_timer(struct tcp_sock *tp, ktime_t after)
{
	mod_timer(tcp_net_of(tp)->timers, &tp->keepalive_timer, tcp_net_of(tp)->now + after);
}

static void tcp_delete_keepalive_timer(struct tcp_sock *tp)
{
	timer_delete(tcp_net_of(tp)->timers, &tp->keepalive_timer);
}

void tcp_clear_xmit_timers(struct tcp_sock *tp)
{
	tcp_clear_rtx_timer(tp);
	tcp_clear_delack_timer(tp);
	tcp_delete_keepalive_timer(tp);
	timer_delete(tcp_net_of(tp)->timers, &tp->rtx_timer);
	timer_delete(tcp_net_of(tp)->timers, &tp->delack_timer);
	timer_delete(tcp_net_of(tp)->timers, &tp->pacing_timer);
}

/* ------------------------------------------------------------------ giving up */

/* The peer does not answer: what ICMP last said of that is the reason, if it said something. */
static void tcp_write_err(struct tcp_sock *tp)
{
	int soft = tcp_sock_of(tp)->err_soft;

	TCP_INC(tcp_net_of(tp), TCPAbortOnTimeout);
	tcp_done_with_error(tp, soft ? soft : ETIMEDOUT);
}

static int tcp_orphan_retries(const struct tcp_sock *tp, bool alive)
{
	int retries = tcp_sysctl(tp)->orphan_retries;

	if (tcp_sock_of(tp)->err_soft && !alive)
		return 0;
	return !retries && alive ? ORPHAN_RETRIES_ALIVE : retries;
}

/* An orphan that holds memory, or is one of too many, goes.  @do_reset: it told the peer something that it cannot keep */
static bool tcp_out_of_resources(struct tcp_sock *tp, bool do_reset)
{
	struct net *net = tcp_net_of(tp);
	ktime_t idle = net->now - tp->lsndtime;
	u32 shift = 0;

	if (idle > 2 * tcp_rto_max(tp) || !do_reset)
		shift++;
	if (tcp_sock_of(tp)->err_soft)
		shift++;
	if (!tcp_too_many_orphans(tp, shift))
		return false;
	if (idle <= TCP_TIMEWAIT_LEN || (!tp->snd_wnd && !tp->packets_out))
		do_reset = true;
	if (do_reset)
		tcp_send_active_reset(tp);
	tcp_done(tp);
	TCP_INC(net, TCPAbortOnMemory);
	return true;
}

/* How long @boundary retransmissions take if the timeout begins at @rto_base. */
static ktime_t model_timeout(const struct tcp_sock *tp, u32 boundary, ktime_t rto_base)
{
	ktime_t rto_max = tcp_rto_max(tp), sum = 0, rto = rto_base;

	for (u32 i = 0; i <= boundary; i++) {
		sum += rto < rto_max ? rto : rto_max;
		if (rto < rto_max)
			rto *= 2;
	}
	return sum;
}

/* RFC 1122 4.2.3.5: R1 and R2, as times.  @timeout: 0: what @boundary retransmissions take */
static bool retransmits_timed_out(const struct tcp_sock *tp, u32 boundary, ktime_t timeout)
{
	const struct sk_buff *first = tcp_skb_first(&tp->rtx_queue);
	bool syn = TCPF(tcp_sock_of(tp)->state) & (TCPF_SYN_SENT | TCPF_SYN_RECV);
	ktime_t start = tp->retrans_stamp;

	if (!tp->retransmits)
		return false;
	if (!start && first)
		start = first->tstamp;
	if (!timeout)
		timeout = model_timeout(tp, boundary, syn ? TCP_TIMEOUT_INIT : TCP_RTO_MIN);
	return tcp_net_of(tp)->now - start >= timeout;
}

static ktime_t user_timeout(const struct tcp_sock *tp)
{
	return (ktime_t)tp->opts->user_timeout_ms * NSEC_PER_MSEC;
}

/* Perhaps large packets vanish on the way: look for a size that does not.  @rfc 4821 7.7 */
static void tcp_mtu_probing(struct tcp_sock *tp)
{
	const struct tcp_sysctls *sysctl = tcp_sysctl(tp);
	u32 mss;

	if (!sysctl->mtu_probing)
		return;
	if (!tp->mtup) {
		tcp_mtup_start(tp);
	} else {
		mss = tcp_mtu_to_mss(tp, tp->mtup->search_low) >> 1;
		mss = min_u32((u32)sysctl->base_mss, mss);
		mss = max_u32(mss, (u32)sysctl->mtu_probe_floor);
		mss = max_u32(mss, (u32)sysctl->min_snd_mss);
		tp->mtup->search_low = tcp_mss_to_mtu(tp, mss);
	}
	tcp_sync_mss(tp, tp->pmtu_cookie);
}

static bool syn_timed_out(struct tcp_sock *tp)
{
	int retries = tp->syn_retries ? tp->syn_retries : tcp_sysctl(tp)->syn_retries;

	if (tp->retransmits)
		tp->af->negative_advice(tp);
	return retransmits_timed_out(tp, (u32)retries, 0);
}

/* Perhaps it is one of several paths that is bad: another label may lead by another one.  @linux sk_rethink_txhash */
static void rethink_txhash(struct tcp_sock *tp)
{
	if (sock_flag(tcp_sock_of(tp), SOCK_F_NO_TXREHASH))
		return;
	if (tp->txhash)
		tcp_set_txhash(tp);
	tp->timeout_rehash++;
	TCP_INC(tcp_net_of(tp), TcpTimeoutRehash);
}

/* Return: the connection is over */
static bool tcp_write_timeout(struct tcp_sock *tp)
{
	struct sock *sk = tcp_sock_of(tp);
	bool expired;
	int retries;

	if (TCPF(sk->state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)) {
		expired = syn_timed_out(tp);
		if (!expired && tp->opts->user_timeout_ms)
			expired = retransmits_timed_out(tp, 0, user_timeout(tp));
	} else {
		if (retransmits_timed_out(tp, (u32)tcp_sysctl(tp)->retries1, 0)) {
			tcp_mtu_probing(tp);
			tp->af->negative_advice(tp);
		}
		retries = tcp_sysctl(tp)->retries2;
		if (sock_flag(sk, SOCK_F_DEAD)) {
			bool alive = tp->rto < tcp_rto_max(tp);

			retries = tcp_orphan_retries(tp, alive);
			if (tcp_out_of_resources(tp, alive || !retransmits_timed_out(tp, (u32)retries, 0)))
				return true;
		}
		expired = retransmits_timed_out(tp, (u32)retries, user_timeout(tp));
	}
	tcp_fastopen_active_detect_blackhole(tp, expired);
	if (expired)
		tcp_write_err(tp);
	else
		rethink_txhash(tp);
	return expired;
}

/* ------------------------------------------------------------------ retransmission */

static void count_timeout(struct tcp_sock *tp)
{
	struct net *net = tcp_net_of(tp);

	TCP_INC(net, TCPTimeouts);
	if (tp->retransmits)
		return;
	if (tp->ca_state == TCP_CA_Recovery && tcp_is_sack(tp))
		TCP_INC(net, TCPSackRecoveryFail);
	else if (tp->ca_state == TCP_CA_Recovery)
		TCP_INC(net, TCPRenoRecoveryFail);
	else if (tp->ca_state == TCP_CA_Loss)
		TCP_INC(net, TCPLossFailures);
	else if ((tp->ca_state == TCP_CA_Disorder || tp->sacked_out) && tcp_is_sack(tp))
		TCP_INC(net, TCPSackFailures);
	else if (tp->ca_state == TCP_CA_Disorder || tp->sacked_out)
		TCP_INC(net, TCPRenoFailures);
}

static ktime_t clamp_rto_to_user_timeout(const struct tcp_sock *tp)
{
	ktime_t remaining;

	if (!tp->opts->user_timeout_ms || !tp->retrans_stamp)
		return tp->rto;
	remaining = tp->retrans_stamp + user_timeout(tp) - tcp_net_of(tp)->now;
	if (remaining <= 0)
		return NSEC_PER_MSEC; /* the next one is the last */
	return tp->rto < remaining ? tp->rto : remaining;
}

/* RFC 6298 5.5, but for streams so thin that doubling would be all that they feel, and for the first SYNs. */
static void rto_backoff(struct tcp_sock *tp)
{
	const struct tcp_sysctls *sysctl = tcp_sysctl(tp);
	u8 state = tcp_sock_of(tp)->state;
	bool thin = tp->packets_out < 4 && !tcp_in_initial_slowstart(tp);

	if (state == TCP_ESTABLISHED && (tp->thin_lto || sysctl->thin_linear_timeouts) && thin &&
	    tp->retransmits <= 6) {
		tp->backoff = 0;
		tcp_set_rto(tp);
	} else if (state != TCP_SYN_SENT || tp->backoff > sysctl->syn_linear_timeouts) {
		tp->rto = tp->rto * 2 < tcp_rto_max(tp) ? tp->rto * 2 : tcp_rto_max(tp);
	}
}

/* The peer took back the window that it gave: what is in flight is kept alive like a probe. */
static bool window_was_withdrawn(const struct tcp_sock *tp)
{
	const struct sock *sk = tcp_sock_of(tp);

	return !tp->snd_wnd && !sock_flag(sk, SOCK_F_DEAD) && !(TCPF(sk->state) & (TCPF_SYN_SENT | TCPF_SYN_RECV));
}

static void count_retransmit(struct tcp_sock *tp)
{
	if (!tp->retransmits) {
		tp->total_rto_recoveries++;
		tp->rto_stamp = tcp_net_of(tp)->now;
	}
	tp->total_rto++;
	tp->retransmits++;
}

static void tcp_retransmit_timer(struct tcp_sock *tp)
{
	struct net *net = tcp_net_of(tp);

	if (tp->fastopen_rsk) {
		if (!tcp_fastopen_synack_timer(tp))
			tcp_write_err(tp);
		return;
	}
	if (!tp->packets_out)
		return;
	tp->tlp_high_seq = 0;
	if (window_was_withdrawn(tp)) {
		if (net->now - tp->rcv_tstamp > tcp_rto_max(tp)) {
			tcp_write_err(tp);
			return;
		}
		tcp_enter_loss(tp);
		(void)tcp_retransmit_skb(tp, tcp_skb_first(&tp->rtx_queue), 1);
	} else {
		if (tcp_write_timeout(tp))
			return;
		count_timeout(tp);
		tcp_enter_loss(tp);
		count_retransmit(tp);
		if (tcp_retransmit_skb(tp, tcp_skb_first(&tp->rtx_queue), 1) > 0) {
			/* our own queues are full: no sign of the path */
			tcp_reset_xmit_timer(tp, TCP_RTX_RETRANS, TCP_RESOURCE_PROBE_INTERVAL);
			return;
		}
		tp->backoff++;
	}
	rto_backoff(tp);
	tcp_reset_xmit_timer(tp, TCP_RTX_RETRANS, clamp_rto_to_user_timeout(tp));
	if (retransmits_timed_out(tp, (u32)tcp_sysctl(tp)->retries1 + 1, 0))
		tp->af->negative_advice(tp);
}

/* ------------------------------------------------------------------ a window that is closed.  @rfc 9293 3.8.6.1 */

ktime_t tcp_probe0_when(const struct tcp_sock *tp, ktime_t max_when)
{
	ktime_t base = tp->rto > TCP_RTO_MIN ? tp->rto : TCP_RTO_MIN, when;
	u32 backoff = min_u32(tp->backoff, 10);

	when = base << backoff;
	return when < max_when ? when : max_when;
}

static void tcp_probe_timer(struct tcp_sock *tp)
{
	struct sock *sk = tcp_sock_of(tp);
	struct net *net = tcp_net_of(tp);
	int max_probes = tcp_sysctl(tp)->retries2;

	if (unlikely(tp->fin_due)) {
		tp->fin_due = false;
		tcp_send_fin(tp);
		return;
	}
	if (tp->packets_out || !tcp_send_head(tp)) {
		tp->probes_out = 0;
		tp->probes_tstamp = 0;
		tcp_write_space(tp); /* what a program wrote found no memory: it may try again */
		return;
	}
	/* A peer that answers may keep its window closed for ever, but not longer than the program likes. */
	if (!tp->probes_tstamp)
		tp->probes_tstamp = net->now;
	else if (tp->opts->user_timeout_ms && net->now - tp->probes_tstamp >= user_timeout(tp))
		goto abort;
	if (sock_flag(sk, SOCK_F_DEAD)) {
		bool alive = tcp_probe0_when(tp, tcp_rto_max(tp)) < tcp_rto_max(tp);

		max_probes = tcp_orphan_retries(tp, alive);
		if (!alive && tp->backoff >= max_probes)
			goto abort;
		if (tcp_out_of_resources(tp, true))
			return;
	}
	if (tp->probes_out >= max_probes)
		goto abort;
	tcp_send_probe0(tp);
	return;
abort:
	tcp_write_err(tp);
}

static void tcp_rtx_timer(struct timer *t)
{
	struct tcp_sock *tp = container_of(t, struct tcp_sock, rtx_timer);
	struct sock *sk = tcp_sock_of(tp);
	u8 kind = tp->rtx_kind;

	if (kind == TCP_RTX_NONE || timer_was_early(sk->net, t, tp->rtx_when))
		return;
	sock_hold(sk);
	tp->rtx_kind = TCP_RTX_NONE;
	switch (kind) {
	case TCP_RTX_REO_TIMEOUT:
		tcp_rack_reo_timeout(tp);
		break;
	case TCP_RTX_LOSS_PROBE:
		tcp_send_loss_probe(tp);
		break;
	case TCP_RTX_RETRANS:
		tcp_retransmit_timer(tp);
		break;
	case TCP_RTX_PROBE0:
		tcp_probe_timer(tp);
		break;
	default:
		break;
	}
	sock_put(sk);
}

/* ------------------------------------------------------------------ delayed ACK.  @rfc 1122 4.2.3.2 */

static void tcp_delack_timer(struct timer *t)
{
	struct tcp_sock *tp = container_of(t, struct tcp_sock, delack_timer);

	if ((TCPF(tcp_sock_of(tp)->state) & (TCPF_CLOSE | TCPF_LISTEN)) || !(tp->ack.pending & TCP_ACK_TIMER) ||
	    timer_was_early(tcp_net_of(tp), t, tp->ack.timeout))
		return;
	tp->ack.pending &= (u8)~TCP_ACK_TIMER;
	if (!(tp->ack.pending & TCP_ACK_SCHED))
		return;
	if (tp->ack.pingpong < tcp_sysctl(tp)->pingpong_thresh) {
		/* the prediction was too short: nothing came that the ACK could ride on */
		tp->ack.ato = tp->ack.ato * 2 < tp->rto ? tp->ack.ato * 2 : tp->rto;
	} else {
		tp->ack.pingpong = 0;
		tp->ack.ato = TCP_ATO_MIN;
	}
	TCP_INC(tcp_net_of(tp), DelayedACKs);
	tcp_send_ack(tp);
}

/* ------------------------------------------------------------------ keep-alive, and the end of FIN_WAIT2 */

ktime_t tcp_keepalive_time_when(const struct tcp_sock *tp)
{
	return (tp->opts->keepalive_time_s ? tp->opts->keepalive_time_s : tcp_sysctl(tp)->keepalive_time_s) *
	       NSEC_PER_SEC;
}

static ktime_t keepalive_intvl_when(const struct tcp_sock *tp)
{
	return (tp->opts->keepalive_intvl_s ? tp->opts->keepalive_intvl_s : tcp_sysctl(tp)->keepalive_intvl_s) *
	       NSEC_PER_SEC;
}

static int keepalive_probes(const struct tcp_sock *tp)
{
	return tp->opts->keepalive_probes ? tp->opts->keepalive_probes : tcp_sysctl(tp)->keepalive_probes;
}

/* FIN_WAIT2 of an orphan lasts so long; never less than the path needs. */
ktime_t tcp_fin_time(const struct tcp_sock *tp)
{
	ktime_t timeout = (tp->opts->linger2_s ? tp->opts->linger2_s : tcp_sysctl(tp)->fin_timeout_s) * NSEC_PER_SEC;
	ktime_t least = (tp->rto << 2) - (tp->rto >> 1);

	return timeout < least ? least : timeout;
}

void tcp_set_keepalive(struct tcp_sock *tp, bool on)
{
	if (TCPF(tcp_sock_of(tp)->state) & (TCPF_CLOSE | TCPF_LISTEN))
		return;
	if (on && !timer_pending(&tp->keepalive_timer))
		tcp_reset_keepalive_timer(tp, tcp_keepalive_time_when(tp));
	else if (!on)
		tcp_delete_keepalive_timer(tp);
}

static void fin_wait2_over(struct tcp_sock *tp)
{
	ktime_t left = tcp_fin_time(tp) - TCP_TIMEWAIT_LEN;

	if (tp->opts->linger2_s >= 0 && left > 0) {
		tcp_time_wait(tp, TCP_FIN_WAIT2, left);
		return;
	}
	tcp_send_active_reset(tp);
	tcp_done(tp);
}

static ktime_t since_last_sign_of_life(const struct tcp_sock *tp)
{
	ktime_t last = tp->rcv_tstamp > tp->ack.lrcvtime ? tp->rcv_tstamp : tp->ack.lrcvtime;

	return tcp_net_of(tp)->now - last;
}

static bool peer_is_gone(const struct tcp_sock *tp, ktime_t silent)
{
	if (tp->opts->user_timeout_ms)
		return silent >= user_timeout(tp) && tp->probes_out > 0;
	return tp->probes_out >= keepalive_probes(tp);
}

static void keepalive(struct tcp_sock *tp)
{
	ktime_t next = tcp_keepalive_time_when(tp), silent;

	if (!tp->packets_out && !tcp_send_head(tp)) { /* else the peer is asked anyway */
		silent = since_last_sign_of_life(tp);
		if (silent < next) {
			next -= silent;
		} else if (peer_is_gone(tp, silent)) {
			tcp_send_active_reset(tp);
			tcp_write_err(tp);
			return;
		} else if (tcp_write_wakeup(tp) <= 0) {
			TCP_INC(tcp_net_of(tp), TCPKeepAlive);
			tp->probes_out++;
			next = keepalive_intvl_when(tp);
		} else {
			next = TCP_RESOURCE_PROBE_INTERVAL;
		}
	}
	tcp_reset_keepalive_timer(tp, next);
}

static void tcp_keepalive_timer(struct timer *t)
{
	struct tcp_sock *tp = container_of(t, struct tcp_sock, keepalive_timer);
	struct sock *sk = sock_hold(tcp_sock_of(tp));

	if (sk->state == TCP_FIN_WAIT2 && sock_flag(sk, SOCK_F_DEAD))
		fin_wait2_over(tp);
	else if (sock_flag(sk, SOCK_F_KEEPALIVE) && !(TCPF(sk->state) & (TCPF_CLOSE | TCPF_SYN_SENT | TCPF_LISTEN)))
		keepalive(tp);
	sock_put(sk);
}

void tcp_init_xmit_timers(struct tcp_sock *tp)
{
	timer_setup(&tp->rtx_timer, tcp_rtx_timer);
	timer_setup(&tp->delack_timer, tcp_delack_timer);
	timer_setup(&tp->keepalive_timer, tcp_keepalive_timer);
	timer_setup(&tp->pacing_timer, tcp_pacing_kick);
}
