// SPDX-License-Identifier: BSD-2-Clause
/* Segments that carry no data of the program: SYN, ACK, FIN, RST, probes.
 *
 * @step S3 of S13   @rfc 9293 3.5, 3.6, 3.8.4, 3.8.6.1   @linux net/ipv4/tcp_output.c
 *
 * Reading order: tcp_connect(), tcp_send_ack(), tcp_send_fin(), tcp_send_active_reset(), tcp_write_wakeup().
 */
#include <string.h>

#include "dev/netdevice.h"
#include "tcp/tcp_output.h"
#include "wire/tcp.h"

/* A segment of its own, in no queue.  NULL: no memory */
static struct sk_buff *make_segment(struct tcp_sock *tp, u32 seq, u8 flags)
{
	struct sk_buff *skb = alloc_skb(tcp_net_of(tp)->skb_pool, MAX_TCP_HEADER);

	if (!skb)
		return NULL;
	skb_reserve(skb, MAX_TCP_HEADER);
	skb->ip_summed = CHECKSUM_PARTIAL;
	*TCP_SKB_CB(skb) = (struct tcp_skb_cb){ .seq = seq, .end_seq = seq, .flags = flags, .gso_segs = 1 };
	return skb;
}

/* What is out of the window cannot be wrong: an octet that was acked already, or the next one. */
static u32 tcp_acceptable_seq(const struct tcp_sock *tp)
{
	if (!before(tcp_wnd_end(tp), tp->snd_nxt) ||
	    (tp->rx_opt.wscale_ok && tp->snd_nxt - tcp_wnd_end(tp) < (1U << tp->rx_opt.rcv_wscale)))
		return tp->snd_nxt;
	return tcp_wnd_end(tp);
}

/* ------------------------------------------------------------------ SYN */

static void tcp_connect_init(struct tcp_sock *tp)
{
	const struct tcp_sysctls *sysctl = tcp_sysctl(tp);
	struct sock *sk = tcp_sock_of(tp);
	struct tcp_route_metrics m;
	u8 rcv_wscale;

	tp->tcp_header_len = (u16)(sizeof(struct tcphdr) + (sysctl->timestamps ? TCPOLEN_TSTAMP_ALIGNED : 0));
	if (tp->rx_opt.user_mss)
		tp->rx_opt.mss_clamp = tp->rx_opt.user_mss;
	tp->max_window = 0;
	tcp_mtup_init(tp);
	tcp_sync_mss(tp, tp->af->mtu(tp));
	tp->af->route_metrics(tp, &m);
	if (!tp->window_clamp)
		tp->window_clamp = tcp_route_metric(&m, RTAX_WINDOW);
	tcp_route_settings(tp, &m);
	tp->advmss = (u16)m.advmss;
	if (tp->rx_opt.user_mss && tp->rx_opt.user_mss < tp->advmss)
		tp->advmss = tp->rx_opt.user_mss;
	tcp_initialize_rcv_mss(tp);
	if (sock_flag(sk, SOCK_F_RCVBUF_LOCK) && (tp->window_clamp > tcp_full_space(tp) || !tp->window_clamp))
		tp->window_clamp = tcp_full_space(tp);
	tcp_select_initial_window(tp, tcp_full_space(tp),
				  tp->advmss - (tp->rx_opt.ts_recent_stamp ? tp->tcp_header_len - 20U : 0),
				  &tp->rcv_wnd, &tp->window_clamp, sysctl->window_scaling != 0, &rcv_wscale,
				  tcp_route_metric(&m, RTAX_INITRWND));
	tp->rx_opt.rcv_wscale = rcv_wscale;
	tp->rcv_ssthresh = tp->rcv_wnd;
	sk->err = 0;
	tp->snd_wnd = 0;
	tp->snd_wl1 = 0;
	tp->snd_una = tp->snd_sml = tp->snd_up = tp->snd_nxt = tp->write_seq;
	tp->rcv_nxt = 0;
	tp->rcv_wup = tp->rcv_nxt;
	tp->copied_seq = tp->rcv_nxt;
	tp->rto = TCP_TIMEOUT_INIT;
	tp->retransmits = 0;
	tcp_clear_retrans(tp);
	tp->rx_opt.wscale_ok = false;
}

static bool tcp_wants_ecn(struct tcp_sock *tp)
{
	struct tcp_route_metrics m;

	if (tcp_sysctl(tp)->ecn == 1 || tp->ca_ops->needs_ecn)
		return true;
	tp->af->route_metrics(tp, &m);
	return tcp_route_metric(&m, RTAX_FEATURES) & RTAX_FEATURE_ECN;
}

int tcp_connect(struct tcp_sock *tp)
{
	struct sk_buff *skb;
	int err;

	if (tp->af->rebuild_header(tp))
		return -EHOSTUNREACH;
	tcp_connect_init(tp);
	skb = tcp_stream_alloc_skb(tp);
	if (!skb)
		return -ENOBUFS;
	*TCP_SKB_CB(skb) = (struct tcp_skb_cb){
		.seq = tp->write_seq, .end_seq = tp->write_seq + 1, .flags = TCPHDR_SYN, .gso_segs = 1
	};
	if (tcp_wants_ecn(tp)) { /* RFC 3168 6.1.1 */
		TCP_SKB_CB(skb)->flags |= TCPHDR_ECE | TCPHDR_CWR;
		tp->ecn_flags = TCP_ECN_OK;
	}
	tp->write_seq++;
	tp->retrans_stamp = tcp_net_of(tp)->now;
	tcp_skb_append(&tp->rtx_queue, skb);
	tp->packets_out++;
	err = tp->fastopen_req ? tcp_send_syn_data(tp, skb) : tcp_transmit_skb(tp, skb);
	if (err == -ECONNREFUSED)
		return err;
	/* another failure is like a loss: the timer sends it again */
	tp->snd_nxt = tp->write_seq;
	tp->pushed_seq = tp->write_seq;
	TCP_INC(tcp_net_of(tp), ActiveOpens);
	tcp_reset_xmit_timer(tp, TCP_RTX_RETRANS, tp->rto);
	return 0;
}

/* SYN for SYN: both opened at once.  @rfc 9293 3.5, figure 8 */
int tcp_send_synack(struct tcp_sock *tp)
{
	struct sk_buff *skb = tcp_skb_first(&tp->rtx_queue);

	if (!skb || !(TCP_SKB_CB(skb)->flags & TCPHDR_SYN))
		return -EFAULT;
	TCP_SKB_CB(skb)->flags |= TCPHDR_ACK;
	if (!(tp->ecn_flags & TCP_ECN_OK))
		TCP_SKB_CB(skb)->flags &= (u8) ~(TCPHDR_ECE | TCPHDR_CWR);
	else
		TCP_SKB_CB(skb)->flags &= (u8)~TCPHDR_CWR;
	return tcp_transmit_skb(tp, skb);
}

/* ------------------------------------------------------------------ ACK */

void tcp_send_ack(struct tcp_sock *tp)
{
	struct sk_buff *skb;

	if (tcp_sock_of(tp)->state == TCP_CLOSE)
		return;
	skb = make_segment(tp, tcp_acceptable_seq(tp), TCPHDR_ACK);
	if (unlikely(!skb)) {
		tcp_set_delack_timer(tp, tcp_net_of(tp)->now + tcp_delack_max(tp));
		return;
	}
	(void)tcp_transmit_made(tp, skb);
}

/* How long?  As the peer's own rhythm says, but never so long that it times out. */
void tcp_send_delayed_ack(struct tcp_sock *tp)
{
	ktime_t ato = tp->ack.ato, now = tcp_net_of(tp)->now, expires, most;

	if (ato > TCP_DELACK_MIN) {
		if (tp->ack.pingpong >= tcp_sysctl(tp)->pingpong_thresh || (tp->ack.pending & TCP_ACK_PUSHED))
			most = TCP_DELACK_MAX;
		else
			most = NSEC_PER_SEC / 2;
		if (tp->srtt_us) {
			ktime_t rtt = (ktime_t)(tp->srtt_us >> 3) * NSEC_PER_USEC;

			if (rtt < TCP_DELACK_MIN)
				rtt = TCP_DELACK_MIN;
			if (rtt < most)
				most = rtt;
		}
		if (ato > most)
			ato = most;
	}
	if (ato > tcp_delack_max(tp))
		ato = tcp_delack_max(tp);
	expires = now + ato;
	if (tp->ack.pending & TCP_ACK_TIMER) {
		/* it is nearly due: now */
		if (tp->ack.timeout <= now + (ato >> 2)) {
			tcp_send_ack(tp);
			return;
		}
		if (expires > tp->ack.timeout)
			expires = tp->ack.timeout;
	}
	tcp_set_delack_timer(tp, expires);
}

/* ------------------------------------------------------------------ FIN, RST */

void tcp_send_fin(struct tcp_sock *tp)
{
	struct sk_buff *skb, *tail = skb_peek_tail(&tp->write_queue);

	/* rides on the last data that waits; without memory also on data that left already: its next copy has it */
	if (!tail && tcp_under_memory_pressure(tp))
		tail = tcp_skb_last(&tp->rtx_queue);
	if (!tail) {
		skb = tcp_stream_alloc_skb(tp);
		if (likely(skb))
			tcp_skb_entail(tp, skb);
		tail = skb ? skb : tcp_skb_last(&tp->rtx_queue);
	}
	if (unlikely(!tail)) { /* nothing that it could ride on: later, or the connection would hang for ever */
		tp->fin_due = true;
		tcp_reset_xmit_timer(tp, TCP_RTX_PROBE0, TCP_RESOURCE_PROBE_INTERVAL);
		return;
	}
	TCP_SKB_CB(tail)->flags |= TCPHDR_FIN;
	TCP_SKB_CB(tail)->end_seq++;
	tp->write_seq++;
	if (!tcp_send_head(tp)) { /* it rides on what left already */
		tp->snd_nxt++;
		return;
	}
	__tcp_push_pending_frames(tp, tcp_current_mss(tp), TCP_NAGLE_OFF);
}

void tcp_send_active_reset(struct tcp_sock *tp)
{
	struct net *net = tcp_net_of(tp);
	struct sk_buff *skb;

	TCP_INC(net, OutRsts);
	skb = make_segment(tp, tcp_acceptable_seq(tp), TCPHDR_ACK | TCPHDR_RST);
	if (!skb || tcp_transmit_made(tp, skb))
		TCP_INC(net, TCPAbortFailed);
}

/* ------------------------------------------------------------------ probes */

/* An octet that was acked long ago, or none: whoever gets it must answer.  @rfc 9293 3.8.4 */
static int tcp_xmit_probe_skb(struct tcp_sock *tp, bool urgent, u64 *counter)
{
	struct sk_buff *skb = make_segment(tp, tp->snd_una - !urgent, TCPHDR_ACK);
	int err;

	if (!skb)
		return -1;
	(*counter)++;
	err = tcp_transmit_made(tp, skb);
	return err > 0 ? net_xmit_errno(err) != 0 : err;
}

int tcp_write_wakeup(struct tcp_sock *tp)
{
	struct sk_buff *skb = tcp_send_head(tp);
	u32 mss, seg_size;

	if (tcp_sock_of(tp)->state == TCP_CLOSE)
		return -1;
	if (skb && before(TCP_SKB_CB(skb)->seq, tcp_wnd_end(tp))) {
		/* there is room for a part: data is the best probe */
		mss = tcp_current_mss(tp);
		seg_size = min_u32(tcp_wnd_end(tp) - TCP_SKB_CB(skb)->seq, mss);
		if (before(tp->pushed_seq, TCP_SKB_CB(skb)->end_seq))
			tp->pushed_seq = TCP_SKB_CB(skb)->end_seq;
		if (seg_size < skb->len) {
			TCP_SKB_CB(skb)->flags |= TCPHDR_PSH;
			if (tcp_fragment(tp, false, skb, seg_size, mss))
				return -1;
		}
		tcp_set_skb_tso_segs(skb, mss);
		TCP_SKB_CB(skb)->flags |= TCPHDR_PSH;
		if (tcp_transmit_skb(tp, skb))
			return 1;
		tcp_event_new_data_sent(tp, skb);
		return 0;
	}
	if (tcp_urg_mode(tp) && between(tp->snd_up, tp->snd_una + 1, tp->snd_una + 0xffff))
		(void)tcp_xmit_probe_skb(tp, true, &tcp_net_of(tp)->tcp->mib.TCPWinProbe);
	return tcp_xmit_probe_skb(tp, false, &tcp_net_of(tp)->tcp->mib.TCPWinProbe);
}

void tcp_send_probe0(struct tcp_sock *tp)
{
	int err = tcp_write_wakeup(tp);
	ktime_t timeout;

	if (tp->packets_out || !tcp_send_head(tp)) {
		tp->probes_out = 0;
		tp->backoff = 0;
		tp->probes_tstamp = 0;
		return;
	}
	tp->probes_out++;
	if (err <= 0) {
		if (tp->backoff < tcp_sysctl(tp)->retries2)
			tp->backoff++;
		timeout = tcp_probe0_when(tp, tcp_rto_max(tp));
	} else {
		timeout = TCP_RESOURCE_PROBE_INTERVAL;
	}
	tcp_reset_xmit_timer(tp, TCP_RTX_PROBE0, timeout);
}
