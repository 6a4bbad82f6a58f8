// SPDX-License-Identifier: BSD-2-Clause
/* S3: from the write queue to segments.
 *
 * @step S3 of S13, from tcp/tcp.c, to tcp/tcp_ipv4.c
 * @rfc 9293 3.7.4, 3.8.6, 7323 3.2, 3168 6.1, 2861   @linux net/ipv4/tcp_output.c
 *
 * Reading order: tcp_write_xmit() and the questions that it asks (window, Nagle, pacing, small queues, is it worth to wait
 * for more), tcp_transmit_skb(), what a segment that left leaves behind.
 * tcp_fragment.c cuts, tcp_mss.c says how long, tcp_retransmit.c sends again, tcp_send.c makes segments without data.
 */
#include <string.h>

#include "base/byteorder.h"
#include "dev/netdevice.h"
#include "tcp/tcp_output.h"
#include "wire/tcp.h"

#define INET_ECN_MASK 3U
#define INET_ECN_ECT_0 2U

/* ------------------------------------------------------------------ header */

/* Options of a segment that is no SYN. */
static void established_options(const struct tcp_sock *tp, struct tcp_out_options *opts)
{
	u32 room = TCP_MAX_OPTION_BYTES, blocks = tp->rx_opt.num_sacks + (tp->rx_opt.dsack ? 1U : 0U);

	*opts = (struct tcp_out_options){ .has_ts = tp->rx_opt.tstamp_ok };
	if (opts->has_ts) {
		room -= TCPOLEN_TSTAMP_ALIGNED;
		opts->tsval = tcp_time_stamp(tp);
		opts->tsecr = tp->rx_opt.ts_recent;
	}
	if (unlikely(blocks)) {
		u32 most = (room - 4) / TCPOLEN_SACK_PERBLOCK;

		opts->num_sacks = (u8)min_u32(blocks, most);
		opts->dsack = tp->rx_opt.dsack ? tp->holes->duplicate_sack : NULL;
		opts->sacks = tp->holes->selective_acks;
	}
}

static void syn_options(struct tcp_sock *tp, const struct sk_buff *skb, struct tcp_out_options *opts)
{
	const struct tcp_sysctls *sysctl = tcp_sysctl(tp);
	bool answer = TCP_SKB_CB(skb)->flags &
		      TCPHDR_ACK; /* of a simultaneous open: what the peer did not offer is not said */

	*opts = (struct tcp_out_options){ .mss = (u16)tcp_advertise_mss(tp) };
	opts->has_ts = answer ? tp->rx_opt.tstamp_ok : sysctl->timestamps != 0;
	opts->sack_perm = answer ? tp->rx_opt.sack_ok : sysctl->sack != 0;
	opts->has_wscale = answer ? tp->rx_opt.wscale_ok : sysctl->window_scaling != 0;
	opts->wscale = tp->rx_opt.rcv_wscale;
	if (opts->has_ts) {
		opts->tsval = tcp_time_stamp(tp);
		opts->tsecr = tp->rx_opt.ts_recent;
	}
	if (!answer && tp->fastopen_req)
		opts->fastopen = tcp_fastopen_syn_option(tp);
}

static void tcp_set_urg(const struct tcp_sock *tp, const struct tcp_skb_cb *tcb, struct tcphdr *th)
{
	if (!tp->urg_sent || !before(tcb->seq, tp->snd_up))
		return;
	if (before(tp->snd_up, tcb->seq + 0x10000)) {
		th->urg_ptr = cpu_to_be16((u16)(tp->snd_up - tcb->seq));
		th->flags |= TCPHDR_URG;
	} else if (after(tcb->seq + 0xffff, tp->snd_nxt)) {
		th->urg_ptr = cpu_to_be16(0xffff);
		th->flags |= TCPHDR_URG;
	}
}

/* RFC 3168 6.1: new data may be marked on its way, what is sent again and bare ACKs may not. */
static void tcp_ecn_send(struct tcp_sock *tp, struct sk_buff *skb, struct tcphdr *th)
{
	struct inet_sock *inet = &tp->inet;
	u8 ect = 0;

	if (!(tp->ecn_flags & TCP_ECN_OK))
		return;
	if (skb->len != tcp_hdrlen_bytes(th) && !before(TCP_SKB_CB(skb)->seq, tp->snd_nxt)) {
		ect = INET_ECN_ECT_0;
		if (tp->ecn_flags & TCP_ECN_QUEUE_CWR) {
			tp->ecn_flags &= (u8)~TCP_ECN_QUEUE_CWR;
			th->flags |= TCPHDR_CWR;
			skb_shinfo(skb)->gso_type |= SKB_GSO_TCP_ECN;
		}
	}
	inet->tos = (u8)((inet->tos & ~INET_ECN_MASK) | ect);
	if (tp->ecn_flags & TCP_ECN_DEMAND_CWR)
		th->flags |= TCPHDR_ECE;
}

static u16 window_field(struct tcp_sock *tp, const struct tcp_skb_cb *tcb)
{
	if (unlikely(tcb->flags & TCPHDR_SYN)) /* RFC 7323 2.2: never scaled */
		return (u16)min_u32(tp->rcv_wnd, 65535);
	return (u16)tcp_select_window(tp);
}

static void tcp_build_header(struct tcp_sock *tp, struct sk_buff *skb)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_out_options opts;
	u8 written[TCP_MAX_OPTION_BYTES];
	u32 option_bytes;
	struct tcphdr *th;

	if (unlikely(tcb->flags & TCPHDR_SYN))
		syn_options(tp, skb, &opts);
	else
		established_options(tp, &opts);
	option_bytes = tcp_options_write(written, &opts);
	th = skb_push(skb, (u32)sizeof(*th) + option_bytes);
	skb_reset_transport_header(skb);
	th->source = tp->inet.sport;
	th->dest = tp->inet.dport;
	th->seq = cpu_to_be32(tcb->seq);
	th->ack_seq = cpu_to_be32(tcb->flags & TCPHDR_ACK ? tp->rcv_nxt : 0);
	th->doff_res = (u8)((sizeof(*th) + option_bytes) / 4 << 4);
	th->flags = tcb->flags;
	th->window = cpu_to_be16(window_field(tp, tcb));
	th->check = 0;
	th->urg_ptr = 0;
	memcpy(th + 1, written, option_bytes);
	tcp_set_urg(tp, tcb, th);
	if (likely(!(tcb->flags & TCPHDR_SYN)))
		tcp_ecn_send(tp, skb, th);
}

/* ------------------------------------------------------------------ one segment */

/* Our device and its queue are done with it: more may go. */
static void tcp_wfree(struct sk_buff *skb)
{
	struct sock *sk = skb->sk;
	struct tcp_sock *tp = tcp_sk(sk);

	if (unlikely(tp->tsq_throttled) && sk->refcnt && !tp->in_xmit) {
		tp->tsq_throttled = false;
		mod_timer(sk->net->timers, &tp->pacing_timer, sk->net->now);
	}
	sock_wmem_uncharge(skb);
}

static void skb_own(struct sk_buff *skb, struct tcp_sock *tp)
{
	struct sock *sk = tcp_sock_of(tp);

	skb->sk = sk;
	skb->destructor = tcp_wfree;
	sk->wmem_alloc_bytes += skb->truesize;
	skb->priority = sk->priority;
	skb->mark = sk->mark;
	skb->hash = sk->rxhash;
}

/* The ACK went: nothing is owed to the peer. */
static void tcp_event_ack_sent(struct tcp_sock *tp)
{
	tp->rx_opt.dsack = false; /* RFC 2883 4: a duplicate is told of once */
	if (tp->ack.quick)
		tp->ack.quick--;
	tcp_clear_delack_timer(tp);
}

static void tcp_event_data_sent(struct tcp_sock *tp)
{
	ktime_t now = tcp_net_of(tp)->now;

	if (!tcp_packets_in_flight(tp))
		tcp_ca_event(tp, CA_EVENT_TX_START);
	tp->lsndtime = now;
	/* an answer within the time that an ACK would have waited: this is a conversation */
	if (now - tp->ack.lrcvtime < tp->ack.ato && tp->ack.pingpong < 255)
		tp->ack.pingpong++;
}

static void gso_setup(const struct tcp_af_ops *af, struct sk_buff *skb)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	u16 segs = (u16)tcp_skb_pcount(skb);

	shinfo->gso_segs = segs;
	shinfo->gso_size = segs > 1 ? (u16)tcp_skb_mss(skb) : 0;
	shinfo->gso_type = segs > 1 ? af->gso_type : 0;
}

/* @skb (taken): a clone of a queued segment, or one of its own, data at the payload.  Return: 0, -errno, NET_XMIT_* */
int tcp_transmit_made(struct tcp_sock *tp, struct sk_buff *skb)
{
	const struct tcp_skb_cb tcb = *TCP_SKB_CB(skb);
	struct net *net = tcp_net_of(tp);
	u32 payload_bytes = skb->len;
	int err;

	TRACE_STEP(3, skb);
	skb->tstamp = 0;
	gso_setup(tp->af, skb);
	skb_own(skb, tp);
	tcp_build_header(tp, skb);
	tp->af->send_check(tp, skb);
	if (likely(tcb.flags & TCPHDR_ACK))
		tcp_event_ack_sent(tp);
	if (payload_bytes) {
		tcp_event_data_sent(tp);
		tp->data_segs_out += tcb.gso_segs;
		tp->bytes_sent += payload_bytes;
	}
	tp->segs_out += tcb.gso_segs;
	TCP_ADD(net, OutSegs, tcb.gso_segs);
	memset(skb->cb, 0, sizeof(skb->cb));
	skb->dst_pending_confirm = tp->dst_pending_confirm;
	tp->dst_pending_confirm = false;
	tp->in_xmit = true;
	err = tp->af->queue_xmit(tp, skb);
	tp->in_xmit = false;
	return err;
}

static void after_send(struct tcp_sock *tp, struct sk_buff *skb)
{
	ktime_t now = tcp_net_of(tp)->now;
	u64 rate = tp->pacing_status ? tcp_pacing_rate(tp) : 0;

	skb->tstamp = now;
	if (unlikely(rate) && rate != ~0ULL && tp->data_segs_out >= TCP_INIT_CWND) {
		ktime_t len_ns = (ktime_t)((u64)skb->len * (u64)NSEC_PER_SEC / rate), begin = now;

		/* Our clock stood still while this segment waited for its time: what was due meanwhile is not lost.
		 * Who had nothing to send may hurry a little. */
		if (tp->pacing_waits)
			begin = tp->wstamp < now - TCP_PACING_LATE_MAX ? now - TCP_PACING_LATE_MAX : tp->wstamp;
		else if (tp->wstamp && now > tp->wstamp)
			len_ns -= min_s64(len_ns / 2, now - tp->wstamp);
		else if (tp->wstamp)
			begin = tp->wstamp;
		tp->wstamp = begin + len_ns;
		tp->pacing_waits = tp->pacing_waits && tp->wstamp <= now;
	}
	list_del_init(&skb->by_time);
	list_add_tail(&skb->by_time, &tp->tsorted_sent);
	tcp_rate_skb_sent(tp, skb);
}

/* The queue keeps @skb, the device gets a clone; the header goes where only the clone has something. */
int tcp_transmit_skb(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct sk_buff *clone;
	int err;

	assert(TCP_SKB_CB(skb)->gso_segs);
	clone = skb_clone(skb);
	if (!clone)
		return -ENOBUFS;
	/* An earlier clone is still on its way down, with its header in that place. */
	if (unlikely(skb_header_cloned(clone)) && pskb_expand_head(clone, 0, 0)) {
		consume_skb(clone);
		return -ENOBUFS;
	}
	err = tcp_transmit_made(tp, clone);
	if (unlikely(err > 0)) { /* our own queue is full: that is congestion */
		tcp_enter_cwr(tp);
		err = net_xmit_errno(err);
	}
	if (!err)
		after_send(tp, skb);
	return err;
}

/* ------------------------------------------------------------------ what the time is spent with */

static void chrono_switch(struct tcp_sock *tp, u8 type)
{
	u32 now_ms = tcp_clock_ms(tcp_net_of(tp));

	if (tp->chrono_type > TCP_CHRONO_UNSPEC)
		tp->chrono_ms[tp->chrono_type - 1] += now_ms - tp->chrono_start_ms;
	tp->chrono_start_ms = now_ms;
	tp->chrono_type = type;
}

void tcp_chrono_start(struct tcp_sock *tp, u8 type)
{
	if (type > tp->chrono_type)
		chrono_switch(tp, type);
}

void tcp_chrono_stop(struct tcp_sock *tp, u8 type)
{
	bool queued = !tcp_skb_tree_empty(&tp->rtx_queue) || tcp_send_head(tp);

	if (!queued)
		chrono_switch(tp, TCP_CHRONO_UNSPEC);
	else if (type == tp->chrono_type)
		chrono_switch(tp, TCP_CHRONO_BUSY);
}

/* ------------------------------------------------------------------ may it go? */

bool tcp_pacing_check(struct tcp_sock *tp)
{
	struct net *net = tcp_net_of(tp);

	if (!tp->pacing_status || tp->wstamp <= net->now)
		return false;
	mod_timer(net->timers, &tp->pacing_timer, tp->wstamp);
	tp->pacing_waits = true;
	return true;
}

/* Pacing says that it is time, or our queue below has room. */
void tcp_pacing_kick(struct timer *t)
{
	struct tcp_sock *tp = container_of(t, struct tcp_sock, pacing_timer);

	if (TCPF(tcp_sock_of(tp)->state) &
	    (TCPF_ESTABLISHED | TCPF_FIN_WAIT1 | TCPF_CLOSING | TCPF_CLOSE_WAIT | TCPF_LAST_ACK)) {
		if (tp->lost_out > tp->retrans_out && tp->snd_cwnd > tcp_packets_in_flight(tp))
			tcp_xmit_retransmit_queue(tp);
		tcp_write_xmit(tp, tcp_current_mss(tp), tp->nonagle, 0);
	}
	if (tp->wstamp <= tcp_net_of(tp)->now)
		tp->pacing_waits = false; /* something else held it */
}

/* No more than about two trains, or a millisecond, lie in the queues below us: what waits there cannot be changed. */
bool tcp_small_queue_check(struct tcp_sock *tp, const struct sk_buff *skb, u32 factor)
{
	struct sock *sk = tcp_sock_of(tp);
	u64 least = 2ULL * skb->truesize, limit, rate;

	if (likely(sk->wmem_alloc_bytes <= least && least <= (u64)tcp_sysctl(tp)->limit_output_bytes))
		return false;
	rate = tcp_pacing_rate(tp);
	limit = rate == ~0ULL ? UINT32_MAX : rate >> tp->pacing_shift;
	if (limit < least)
		limit = least;
	if (!tp->pacing_status && limit > (u64)tcp_sysctl(tp)->limit_output_bytes)
		limit = (u64)tcp_sysctl(tp)->limit_output_bytes;
	limit <<= factor;
	if (sk->wmem_alloc_bytes <= limit)
		return false;
	/* with nothing acked yet there is no other clock: one train may always be below */
	if (tcp_skb_tree_empty(&tp->rtx_queue))
		return false;
	tp->tsq_throttled = true;
	return true;
}

static u32 tcp_cwnd_test(const struct tcp_sock *tp)
{
	u32 in_flight = tcp_packets_in_flight(tp), cwnd = tp->snd_cwnd;

	if (in_flight >= cwnd)
		return 0;
	/* not all at once, so that the next ACK finds something to send */
	return min_u32(max_u32(cwnd >> 1, 1), cwnd - in_flight);
}

static bool tcp_snd_wnd_test(const struct tcp_sock *tp, const struct sk_buff *skb, u32 cur_mss)
{
	u32 end_seq = TCP_SKB_CB(skb)->end_seq;

	if (skb->len > cur_mss)
		end_seq = TCP_SKB_CB(skb)->seq + cur_mss;
	return !after(end_seq, tcp_wnd_end(tp));
}

/* Nagle's rule as Minshall mended it: one short segment at a time may be on its way.  @rfc 9293 3.7.4 */
static bool tcp_nagle_check(bool partial, const struct tcp_sock *tp, int nonagle)
{
	bool short_one_in_flight = after(tp->snd_sml, tp->snd_una) && !after(tp->snd_sml, tp->snd_nxt);

	return partial && ((nonagle & TCP_NAGLE_CORK) || (!nonagle && tp->packets_out && short_one_in_flight));
}

static bool tcp_nagle_test(const struct tcp_sock *tp, const struct sk_buff *skb, u32 cur_mss, int nonagle)
{
	if (nonagle & TCP_NAGLE_PUSH)
		return true;
	if (tcp_urg_mode(tp) || (TCP_SKB_CB(skb)->flags & TCPHDR_FIN))
		return true;
	return !tcp_nagle_check(skb->len < cur_mss, tp, nonagle);
}

/* Segments of one train: about a millisecond of the rate, but more when the peer is so near that it does not matter. */
static u32 tcp_tso_segs(const struct tcp_sock *tp, u32 mss_now)
{
	const struct tcp_sysctls *sysctl = tcp_sysctl(tp);
	u32 min_tso = tp->ca_ops->min_tso_segs ? tp->ca_ops->min_tso_segs((struct tcp_sock *)(uintptr_t)tp)
					       : (u32)sysctl->min_tso_segs;
	u32 r = tcp_min_rtt_us(tp) >> sysctl->tso_rtt_log;
	u64 rate = tcp_pacing_rate(tp), bytes = rate == ~0ULL ? tp->gso_max_bytes : rate >> tp->pacing_shift;

	if (r < 32)
		bytes += tp->gso_max_bytes >> r;
	if (bytes > tp->gso_max_bytes)
		bytes = tp->gso_max_bytes;
	return min_u32(max_u32((u32)bytes / mss_now, min_tso), tp->gso_max_segs ? tp->gso_max_segs : 1);
}

/* Send less than could be sent now, or wait for more?  Only while ACKs are coming that will call us again. */
static bool tcp_tso_should_defer(const struct tcp_sock *tp, const struct sk_buff *skb, u32 max_segs, bool *cwnd_limited,
				 bool *rwnd_limited)
{
	u32 send_win = tcp_wnd_end(tp) - TCP_SKB_CB(skb)->seq, cong_win, limit, divisor, chunk;
	const struct sk_buff *head = tcp_skb_first(&tp->rtx_queue);
	ktime_t now = tcp_net_of(tp)->now;

	if (tp->ca_state >= TCP_CA_Recovery || tcp_packets_in_flight(tp) == 0)
		return false;
	/* ACKs that come in clumps would let the queue run dry */
	if (now - tp->lsndtime > NSEC_PER_MSEC)
		return false;
	cong_win = (tp->snd_cwnd - tcp_packets_in_flight(tp)) * tp->mss_cache;
	limit = min_u32(send_win, cong_win);
	if (limit >= max_segs * tp->mss_cache)
		return false;
	if (skb != skb_peek_tail(&tp->write_queue) && limit >= skb->len)
		return false;
	divisor = (u32)tcp_sysctl(tp)->tso_win_divisor;
	if (divisor) {
		chunk = min_u32(tp->snd_wnd, tp->snd_cwnd * tp->mss_cache) / divisor;
		if (limit >= chunk)
			return false;
	} else if (limit > 3 * tp->mss_cache) {
		return false;
	}
	/* the next ACK is not due for half a round trip yet: too long to wait */
	if (!head || now - head->tstamp < (ktime_t)(tp->srtt_us >> 4) * NSEC_PER_USEC)
		return false;
	if (cong_win < send_win && cong_win <= skb->len) {
		*cwnd_limited = true;
		return true;
	}
	if (send_win <= cong_win && send_win <= skb->len) {
		*rwnd_limited = true;
		return true;
	}
	return !(TCP_SKB_CB(skb)->flags & TCPHDR_FIN) && !TCP_SKB_CB(skb)->eor;
}

/* ------------------------------------------------------------------ the loop */

/* It left: from the write queue to the retransmission queue.  Return: from now on the timer counts for it */
static bool new_data_sent(struct tcp_sock *tp, struct sk_buff *skb)
{
	bool first = !tp->packets_out || tp->rtx_kind == TCP_RTX_LOSS_PROBE;

	tp->snd_nxt = TCP_SKB_CB(skb)->end_seq;
	__skb_unlink(skb, &tp->write_queue);
	tcp_skb_append(&tp->rtx_queue, skb);
	tp->packets_out += tcp_skb_pcount(skb);
	TCP_ADD(tcp_net_of(tp), TCPOrigDataSent, tcp_skb_pcount(skb));
	return first;
}

void tcp_event_new_data_sent(struct tcp_sock *tp, struct sk_buff *skb)
{
	if (new_data_sent(tp, skb))
		tcp_rearm_rto(tp);
}

/* How much of a train goes: what fits the windows, in whole segments unless it is the end. */
static u32 tcp_mss_split_point(const struct tcp_sock *tp, const struct sk_buff *skb, u32 mss_now, u32 max_segs,
			       int nonagle)
{
	u32 window = tcp_wnd_end(tp) - TCP_SKB_CB(skb)->seq, max_len = mss_now * max_segs, needed, partial;

	if (max_len <= window && skb != skb_peek_tail(&tp->write_queue))
		return max_len;
	needed = min_u32(skb->len, window);
	if (max_len <= needed)
		return max_len;
	partial = needed % mss_now;
	/* the rest waits if Nagle says so: it is not sent as part of a train either */
	if (tcp_nagle_check(partial != 0, tp, nonagle))
		return needed - partial;
	return needed;
}

static void tcp_minshall_update(struct tcp_sock *tp, u32 mss_now, const struct sk_buff *skb)
{
	if (skb->len < tcp_skb_pcount(skb) * mss_now)
		tp->snd_sml = TCP_SKB_CB(skb)->end_seq;
}

u32 tcp_set_skb_tso_segs(struct sk_buff *skb, u32 mss_now)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

	if (skb->len <= mss_now) {
		tcb->gso_segs = 1;
		tcb->gso_size = 0;
		return 1;
	}
	tcb->gso_size = (u16)mss_now;
	tcb->gso_segs = (u16)((skb->len + mss_now - 1) / mss_now);
	return tcb->gso_segs;
}

/** struct xmit - one run of tcp_write_xmit() */
struct xmit {
	u32 mss_now, sent_pkts;
	u32 max_segs; /* of one train; 0: not asked for yet */
	int nonagle, push_one;
	bool cwnd_limited, rwnd_limited;
	bool rearm; /* the timer counts for what was sent */
};

/* Is there a reason to leave @skb where it is?  If not, it is as long as it may go now. */
static bool must_wait(struct tcp_sock *tp, struct sk_buff *skb, struct xmit *x)
{
	u32 tso_segs = tcp_set_skb_tso_segs(skb, x->mss_now), quota = tcp_cwnd_test(tp), limit = x->mss_now;

	if (!quota) {
		if (x->push_one != 2) {
			x->cwnd_limited = true;
			return true;
		}
		quota = 1; /* a loss probe goes whatever the window says */
	}
	if (unlikely(!tcp_snd_wnd_test(tp, skb, x->mss_now))) {
		x->rwnd_limited = true;
		return true;
	}
	if (tso_segs == 1) {
		if (!tcp_nagle_test(tp, skb, x->mss_now,
				    skb == skb_peek_tail(&tp->write_queue) ? x->nonagle : TCP_NAGLE_PUSH))
			return true;
	} else {
		if (!x->max_segs)
			x->max_segs = tcp_tso_segs(tp, x->mss_now);
		quota = min_u32(quota, x->max_segs);
		if (!x->push_one && tcp_tso_should_defer(tp, skb, x->max_segs, &x->cwnd_limited, &x->rwnd_limited))
			return true;
		if (!tcp_urg_mode(tp))
			limit = tcp_mss_split_point(tp, skb, x->mss_now, quota, x->nonagle);
	}
	if (skb->len > limit && tcp_fragment(tp, false, skb, limit, x->mss_now))
		return true;
	/* a FIN, or a segment whose part before the cut was emptied by Nagle, is not data that can wait for more */
	return (!skb->len && !(TCP_SKB_CB(skb)->flags & TCPHDR_FIN)) || tcp_small_queue_check(tp, skb, 0);
}

static void chrono_set(struct tcp_sock *tp, bool rwnd_limited)
{
	if (rwnd_limited)
		tcp_chrono_start(tp, TCP_CHRONO_RWND_LIMITED);
	else
		tcp_chrono_stop(tp, TCP_CHRONO_RWND_LIMITED);
}

bool tcp_write_xmit(struct tcp_sock *tp, u32 mss_now, int nonagle, int push_one)
{
	struct xmit x = { .mss_now = mss_now, .nonagle = nonagle, .push_one = push_one };
	struct sk_buff *skb;

	if (!push_one) {
		int probed = tcp_mtu_probe(tp);

		if (!probed)
			return false;
		if (probed > 0)
			x.sent_pkts = 1;
	}
	while ((skb = tcp_send_head(tp))) {
		if (tcp_pacing_check(tp) || must_wait(tp, skb, &x))
			break;
		tcp_set_skb_tso_segs(skb, mss_now);
		if (unlikely(tcp_transmit_skb(tp, skb)))
			break;
		x.rearm |= new_data_sent(tp, skb);
		tcp_minshall_update(tp, mss_now, skb);
		x.sent_pkts += tcp_skb_pcount(skb);
		if (push_one)
			break;
	}
	chrono_set(tp, x.rwnd_limited);
	x.cwnd_limited |= tcp_packets_in_flight(tp) >= tp->snd_cwnd;
	if (x.sent_pkts || x.cwnd_limited)
		tcp_cwnd_validate(tp, x.cwnd_limited);
	if (!x.sent_pkts)
		return !tp->packets_out && tcp_send_head(tp);
	if (tcp_in_cwnd_reduction(tp))
		tp->prr_out += x.sent_pkts;
	if ((push_one == 2 || !tcp_schedule_loss_probe(tp, false)) && x.rearm)
		tcp_rearm_rto(tp);
	return false;
}

void __tcp_push_pending_frames(struct tcp_sock *tp, u32 cur_mss, int nonagle)
{
	if (unlikely(tcp_sock_of(tp)->state == TCP_CLOSE))
		return;
	if (tcp_write_xmit(tp, cur_mss, nonagle, 0))
		tcp_check_probe_timer(tp);
}

void tcp_push_one(struct tcp_sock *tp, u32 mss_now)
{
	assert(tcp_send_head(tp));
	tcp_write_xmit(tp, mss_now, TCP_NAGLE_PUSH, 1);
}
