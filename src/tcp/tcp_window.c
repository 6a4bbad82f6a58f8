// SPDX-License-Identifier: BSD-2-Clause
/* What we let the peer send: window, silly-window avoidance, receive buffer that grows with the path.
 *
 * @rfc 9293 3.8.6.2.2, 1122 4.2.3.3, 7323 2   @linux net/ipv4/tcp_output.c: __tcp_select_window,
 * net/ipv4/tcp_input.c: tcp_rcv_space_adjust
 *
 * Reading order: tcp_select_initial_window(), tcp_select_window(), tcp_grow_window(), tcp_rcv_space_adjust().
 *
 * rcv_wnd is what was promised up to rcv_wup; the promise is never taken back.  rcv_ssthresh keeps the window small
 * until the peer has shown that its segments carry much for the memory that they take.
 */
#include <limits.h>

#include "socket/netns_sock.h"
#include "tcp/tcp.h"
#include "wire/tcp.h"

#define SCALING_RATIO_HALF 128U

static u32 rounddown_u32(u32 x, u32 unit)
{
	return unit ? x - x % unit : x;
}

/* ------------------------------------------------------------------ at the beginning */

void tcp_select_initial_window(const struct tcp_sock *tp, u32 space, u32 mss, u32 *rcv_wnd, u32 *window_clamp,
			       bool wscale_ok, u8 *rcv_wscale, u32 init_rcv_wnd)
{
	const struct tcp_sysctls *sysctl = tcp_sysctl(tp);

	if (!*window_clamp)
		*window_clamp = 65535U << TCP_MAX_WSCALE;
	space = min_u32(*window_clamp, space);
	if (space > mss)
		space = rounddown_u32(space, mss);
	/* Some take a window for signed as long as none was scaled. */
	*rcv_wnd = sysctl->workaround_signed_windows ? min_u32(space, TCP_MAX_WINDOW) : space;
	if (init_rcv_wnd)
		*rcv_wnd = min_u32(*rcv_wnd, (u32)min_size((u64)init_rcv_wnd * mss, UINT32_MAX));
	*rcv_wscale = 0;
	if (wscale_ok) {
		space = max_u32(space, (u32)sysctl->rmem_bytes[2]);
		space = max_u32(space, (u32)tcp_sock_of(tp)->net->sock->rmem_max);
		space = min_u32(space, *window_clamp);
		while (*rcv_wscale < TCP_MAX_WSCALE && (space >> *rcv_wscale) > 65535)
			(*rcv_wscale)++;
	}
	*window_clamp = min_u32(65535U << *rcv_wscale, *window_clamp);
}

void tcp_init_buffer_space(struct tcp_sock *tp)
{
	u32 app_win = (u32)tcp_sysctl(tp)->app_win, max_win;

	tp->rcvq_space.time = tcp_net_of(tp)->now;
	tp->rcvq_space.seq = tp->copied_seq;
	tp->rcvq_space.space = min_u32(tp->rcv_wnd, TCP_INIT_CWND * (u32)tp->advmss);
	if (!sock_flag(tcp_sock_of(tp), SOCK_F_SNDBUF_LOCK))
		tcp_sndbuf_expand(tp);
	max_win = tcp_full_space(tp);
	if (tp->window_clamp >= max_win) {
		tp->window_clamp = max_win;
		if (app_win < 32 && max_win > 4U * tp->advmss)
			tp->window_clamp = max_u32(max_win - (max_win >> app_win), 4U * tp->advmss);
	}
	if (app_win < 32 && tp->window_clamp > 2U * tp->advmss && tp->window_clamp + tp->advmss > max_win)
		tp->window_clamp = max_u32(2U * tp->advmss, max_win - tp->advmss);
	tp->rcv_ssthresh = min_u32(tp->rcv_ssthresh, tp->window_clamp);
	tp->snd_cwnd_stamp = tcp_net_of(tp)->now;
}

/* The peer's segments are at least so long, until we see better. */
void tcp_initialize_rcv_mss(struct tcp_sock *tp)
{
	u32 hint = min_u32(tp->advmss, tp->mss_cache);

	hint = min_u32(hint, tp->rcv_wnd / 2);
	hint = min_u32(hint, TCP_MSS_DEFAULT);
	tp->ack.rcv_mss = (u16)max_u32(hint, TCP_MIN_MSS);
}

/* ------------------------------------------------------------------ window of the next segment */

/* Multiples of what scaling can say: a promise is never less than what is understood. */
static u32 window_scaled(const struct tcp_sock *tp, u32 free_space)
{
	u32 window = free_space;

	if (tp->rx_opt.rcv_wscale)
		return ALIGN_UP(window, 1U << tp->rx_opt.rcv_wscale);
	return window;
}

u32 __tcp_select_window(struct tcp_sock *tp)
{
	u32 mss = tp->ack.rcv_mss, free_space = tcp_space(tp), allowed = tcp_full_space(tp), window;
	u32 full_space = min_u32(tp->window_clamp, allowed);

	if (unlikely(mss > full_space)) {
		mss = full_space;
		if (!mss)
			return 0;
	}
	/* Less than half free: tighten.  Less than a segment, or a sixteenth of it all: close. */
	if (free_space < full_space / 2) {
		tp->ack.quick = 0;
		if (tcp_under_memory_pressure(tp))
			tp->rcv_ssthresh = min_u32(tp->rcv_ssthresh, 4U * tp->advmss);
		free_space = rounddown_u32(free_space, 1U << tp->rx_opt.rcv_wscale);
		if (free_space < allowed / 16 || free_space < mss)
			return 0;
	}
	free_space = min_u32(free_space, tp->rcv_ssthresh);
	if (tp->rx_opt.rcv_wscale)
		return window_scaled(tp, free_space);
	/* RFC 9293 3.8.6.2.2: by whole segments, and only if there is a segment to gain */
	window = tp->rcv_wnd;
	if (window <= free_space - mss || window > free_space)
		window = rounddown_u32(free_space, mss);
	else if (mss == full_space && free_space > window + full_space / 2)
		window = free_space;
	return window;
}

u32 tcp_select_window(struct tcp_sock *tp)
{
	struct net *net = tcp_net_of(tp);
	u32 old_win = tp->rcv_wnd, cur_win = tcp_receive_window(tp), new_win;

	/* Dropped for want of memory, and not one octet waits to be read: the peer shall wait. */
	new_win = __tcp_select_window(tp);
	if (new_win < cur_win) {
		/* RFC 7323 2.4: never take a promise back, as far as scaling lets us say so */
		if (!new_win)
			TCP_INC(net, TCPWantZeroWindowAdv);
		new_win = ALIGN_UP(cur_win, 1U << tp->rx_opt.rcv_wscale);
	}
	tp->rcv_wnd = new_win;
	tp->rcv_wup = tp->rcv_nxt;
	if (!tp->rx_opt.rcv_wscale && tcp_sysctl(tp)->workaround_signed_windows)
		new_win = min_u32(new_win, TCP_MAX_WINDOW);
	else
		new_win = min_u32(new_win, 65535U << tp->rx_opt.rcv_wscale);
	new_win >>= tp->rx_opt.rcv_wscale;
	if (!new_win && old_win)
		TCP_INC(net, TCPToZeroWindowAdv);
	else if (new_win && !old_win)
		TCP_INC(net, TCPFromZeroWindowAdv);
	return new_win;
}

/* ------------------------------------------------------------------ how long the peer's segments are */

/* What a segment carries for the memory that it takes; one of usual size is taken for half at least. */
static void update_scaling_ratio(struct tcp_sock *tp, const struct sk_buff *skb)
{
	u64 ratio = ((u64)skb->len << 8) / skb->truesize;
	u8 old = tp->scaling_ratio;

	if (skb->len >= TCP_MSS_DEFAULT && ratio < SCALING_RATIO_HALF)
		ratio = SCALING_RATIO_HALF;
	tp->scaling_ratio = (u8)(ratio > 255 ? 255 : ratio ? ratio : 1);
	if (old != tp->scaling_ratio)
		tp->window_clamp = min_u32(tcp_full_space(tp), 65535U << tp->rx_opt.rcv_wscale);
}

void tcp_measure_rcv_mss(struct tcp_sock *tp, const struct sk_buff *skb)
{
	u32 last_seg_size = tp->ack.last_seg_size, len_bytes;

	tp->ack.last_seg_size = 0;
	len_bytes = skb_shinfo(skb)->gso_size ? skb_shinfo(skb)->gso_size : skb->len;
	if (len_bytes >= tp->ack.rcv_mss) {
		/* what a segment carries for the memory that it takes: of the largest ones, for they make the most of it */
		if (unlikely(len_bytes != tp->ack.rcv_mss)) {
			update_scaling_ratio(tp, skb);
		}
		tp->ack.rcv_mss = (u16)min_u32(len_bytes, tp->advmss);
		return;
	}
	/* A short one: two of the same length in a row with PSH are the peer's longest, perhaps. */
	if (len_bytes >= TCP_MSS_DEFAULT) {
		tp->ack.last_seg_size = (u16)len_bytes;
		if (len_bytes == last_seg_size) {
			tp->ack.rcv_mss = (u16)len_bytes;
			return;
		}
	}
	if (tp->ack.pending & TCP_ACK_PUSHED)
		tp->ack.pending |= TCP_ACK_PUSHED2;
	tp->ack.pending |= TCP_ACK_PUSHED;
}

/* ------------------------------------------------------------------ a window that opens as segments come */

static u32 truesize_adjust(const struct tcp_sock *tp, u32 bytes)
{
	return tcp_win_from_space(tp, bytes) * 2 / 3;
}

/* Small segments in large buffers: the window may still grow while there is much room. */
static u32 grow_a_little(const struct tcp_sock *tp, const struct sk_buff *skb)
{
	u32 truesize = tcp_win_from_space(tp, skb->truesize) >> 1,
	    window = tcp_win_from_space(tp, (u32)tcp_sysctl(tp)->rmem_bytes[2]) >> 1;

	while (tp->rcv_ssthresh <= window) {
		if (truesize <= skb->len)
			return 2U * tp->ack.rcv_mss;
		truesize >>= 1;
		window >>= 1;
	}
	return 0;
}

void tcp_grow_window(struct tcp_sock *tp, const struct sk_buff *skb)
{
	s32 room = (s32)min_u32(tp->window_clamp, tcp_space(tp)) - (s32)tp->rcv_ssthresh;
	u32 incr;

	if (room <= 0 || tcp_under_memory_pressure(tp))
		return;
	incr = truesize_adjust(tp, skb->truesize) <= skb->len ? 2U * tp->advmss : grow_a_little(tp, skb);
	if (!incr)
		return;
	incr = max_u32(incr, 2 * skb->len);
	tp->rcv_ssthresh += min_u32((u32)room, incr);
	tp->ack.quick |= 1;
}

/* More came than there is room for: a larger buffer if that is allowed, else a smaller window. */
void tcp_clamp_window(struct tcp_sock *tp)
{
	struct sock *sk = tcp_sock_of(tp);
	u32 rmem_max = (u32)tcp_sysctl(tp)->rmem_bytes[2];

	tp->ack.quick = 0;
	if (sk->rcvbuf_bytes < rmem_max && !sock_flag(sk, SOCK_F_RCVBUF_LOCK) && !tcp_under_memory_pressure(tp))
		sk->rcvbuf_bytes = min_u32(sk->rmem_alloc_bytes, rmem_max);
	if (sk->rmem_alloc_bytes > sk->rcvbuf_bytes)
		tp->rcv_ssthresh = min_u32(tp->window_clamp, 2U * tp->advmss);
}

/* ------------------------------------------------------------------ a buffer that grows with the path */

static void rcv_rtt_update(struct tcp_sock *tp, u32 sample_us, bool least)
{
	u32 old = tp->rcv_rtt_est.rtt_us, fresh = sample_us ? sample_us : 1;

	if (!old) {
		tp->rcv_rtt_est.rtt_us = fresh << 3;
		return;
	}
	if (least)
		tp->rcv_rtt_est.rtt_us = min_u32(old, fresh << 3);
	else
		tp->rcv_rtt_est.rtt_us = old - (old >> 3) + fresh;
}

/* A window's worth of octets takes a round trip at least. */
void tcp_rcv_rtt_measure(struct tcp_sock *tp)
{
	ktime_t now = tcp_net_of(tp)->now;

	if (tp->rcv_rtt_est.time) {
		if (before(tp->rcv_nxt, tp->rcv_rtt_est.seq))
			return;
		rcv_rtt_update(tp, (u32)min_s64((now - tp->rcv_rtt_est.time) / NSEC_PER_USEC, INT_MAX / 8), true);
	}
	tp->rcv_rtt_est.seq = tp->rcv_nxt + tp->rcv_wnd;
	tp->rcv_rtt_est.time = now;
}

void tcp_rcv_rtt_measure_ts(struct tcp_sock *tp, const struct sk_buff *skb)
{
	u32 delta_ms;

	if (!tp->rx_opt.tstamp_ok || tp->rx_opt.rcv_tsecr == tp->rcv_rtt_last_tsecr)
		return;
	tp->rcv_rtt_last_tsecr = tp->rx_opt.rcv_tsecr;
	if (TCP_SKB_CB(skb)->end_seq - TCP_SKB_CB(skb)->seq < tp->ack.rcv_mss)
		return;
	delta_ms = tcp_clock_ms(tcp_net_of(tp)) - tp->rx_opt.rcv_tsecr;
	if (delta_ms < INT_MAX / (8 * 1000))
		rcv_rtt_update(tp, delta_ms ? delta_ms * 1000 : 1, false);
}

static void rcvbuf_grow(struct tcp_sock *tp, u32 copied)
{
	struct sock *sk = tcp_sock_of(tp);
	u64 want = ((u64)copied << 1) + 16ULL * tp->advmss, grow;
	u32 rcvbuf;

	if (!tcp_sysctl(tp)->moderate_rcvbuf || sock_flag(sk, SOCK_F_RCVBUF_LOCK))
		return;
	/* as fast as the sender's window may have grown meanwhile */
	grow = want * (copied - tp->rcvq_space.space);
	want += (grow / (tp->rcvq_space.space ? tp->rcvq_space.space : 1)) << 1;
	want = (want << 8) / tp->scaling_ratio;
	rcvbuf = (u32)(want < (u64)tcp_sysctl(tp)->rmem_bytes[2] ? want : (u64)tcp_sysctl(tp)->rmem_bytes[2]);
	if (rcvbuf > sk->rcvbuf_bytes) {
		sk->rcvbuf_bytes = rcvbuf;
		tp->window_clamp = tcp_full_space(tp);
	}
}

/* Once in a round trip, when the program read: twice what it took in that time shall fit. */
void tcp_rcv_space_adjust(struct tcp_sock *tp)
{
	ktime_t now = tcp_net_of(tp)->now, elapsed = now - tp->rcvq_space.time;
	u32 copied;

	if (!tp->rcv_rtt_est.rtt_us || elapsed / NSEC_PER_USEC < (tp->rcv_rtt_est.rtt_us >> 3))
		return;
	copied = tp->copied_seq - tp->rcvq_space.seq;
	if (copied > tp->rcvq_space.space) {
		rcvbuf_grow(tp, copied);
		tp->rcvq_space.space = copied;
	}
	tp->rcvq_space.seq = tp->copied_seq;
	tp->rcvq_space.time = now;
}
