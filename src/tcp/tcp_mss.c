// SPDX-License-Identifier: BSD-2-Clause
/* How long a segment may be, and finding out more about the path.
 *
 * @rfc 9293 3.7.1, 3.7.5, 6691, 1191, 4821 7, 8899   @linux net/ipv4/tcp_output.c: tcp_sync_mss, tcp_mtu_probe
 */
#include <string.h>

#include "tcp/tcp_output.h"
#include "wire/tcp.h"

#define TCP_HEADER_BYTES 20U
#define MTU_PROBE_GAP_BYTES 8U

/* ------------------------------------------------------------------ path and segment */

/* Payload of a packet of @pmtu octets, but for the options that only some segments have. */
static u32 mtu_to_mss_no_options(const struct tcp_sock *tp, u32 pmtu)
{
	u32 headers = tp->af->net_header_bytes + TCP_HEADER_BYTES, mss = pmtu > headers ? pmtu - headers : 0;

	mss = min_u32(mss, tp->rx_opt.mss_clamp);
	mss = mss > tp->ext_hdr_len ? mss - tp->ext_hdr_len : 0;
	return max_u32(mss, (u32)tcp_sysctl(tp)->min_snd_mss);
}

u32 tcp_mtu_to_mss(const struct tcp_sock *tp, u32 pmtu)
{
	return mtu_to_mss_no_options(tp, pmtu) - (tp->tcp_header_len - TCP_HEADER_BYTES);
}

u32 tcp_mss_to_mtu(const struct tcp_sock *tp, u32 mss)
{
	return mss + tp->tcp_header_len + tp->ext_hdr_len + tp->af->net_header_bytes;
}

/* Never more than half of the largest window that the peer ever gave: else a lost ACK stops us.  @rfc 9293 3.8.6.2.1 */
static u32 bound_to_half_wnd(const struct tcp_sock *tp, u32 mss)
{
	u32 cutoff = tp->max_window > TCP_MSS_DEFAULT ? tp->max_window >> 1 : tp->max_window;

	if (cutoff && mss > cutoff)
		return max_u32(cutoff, 68 - tp->tcp_header_len);
	return mss;
}

u32 tcp_sync_mss(struct tcp_sock *tp, u32 pmtu)
{
	u32 mss;

	if (unlikely(tp->mtup))
		tp->mtup->search_high = min_u32(tp->mtup->search_high, pmtu);
	mss = bound_to_half_wnd(tp, tcp_mtu_to_mss(tp, pmtu));
	tp->pmtu_cookie = pmtu;
	if (unlikely(tp->mtup))
		mss = min_u32(mss, tcp_mtu_to_mss(tp, tp->mtup->search_low));
	tp->mss_cache = mss;
	return mss;
}

/* SACK blocks take room from data, in this segment and only as long as they are sent. */
u32 tcp_current_mss(struct tcp_sock *tp)
{
	u32 mss = tp->mss_cache, mtu = tp->af->mtu(tp), blocks = tp->rx_opt.num_sacks + (tp->rx_opt.dsack ? 1U : 0U),
	    room;

	if (unlikely(mtu != tp->pmtu_cookie))
		mss = tcp_sync_mss(tp, mtu);
	if (unlikely(blocks)) {
		room = TCP_MAX_OPTION_BYTES - (tp->tcp_header_len - TCP_HEADER_BYTES);
		mss -= 4 + min_u32(blocks, (room - 4) / TCPOLEN_SACK_PERBLOCK) * TCPOLEN_SACK_PERBLOCK;
	}
	return mss;
}

u32 tcp_advertise_mss(struct tcp_sock *tp)
{
	struct tcp_route_metrics m;

	tp->af->route_metrics(tp, &m);
	if (m.advmss && m.advmss < tp->advmss)
		tp->advmss = (u16)m.advmss;
	return tp->advmss;
}

/* Whole segments in @goal octets: nearly always as many as the last time, and a division takes as long as all the rest. */
static u32 whole_segs(struct tcp_sock *tp, u32 goal, u32 mss_now)
{
	u32 bytes = tp->goal_segs * mss_now;

	if (unlikely(bytes > goal || goal - bytes >= mss_now))
		tp->goal_segs = (u16)(goal / mss_now);
	return tp->goal_segs;
}

/* A train: at most what the device takes, or half of the peer's window. */
u32 tcp_send_mss(struct tcp_sock *tp, u32 *size_goal, int flags)
{
	u32 mss_now = tcp_current_mss(tp), goal;

	*size_goal = mss_now;
	if ((flags & MSG_OOB) || !tp->gso_max_segs)
		return mss_now;
	goal = bound_to_half_wnd(tp, tp->gso_max_bytes - MAX_TCP_HEADER);
	goal = min_u32(whole_segs(tp, goal, mss_now), tp->gso_max_segs) * mss_now;
	*size_goal = max_u32(goal, mss_now);
	return mss_now;
}

/* ------------------------------------------------------------------ probes.  @rfc 4821 */

void tcp_mtup_init(struct tcp_sock *tp)
{
	if (tcp_sysctl(tp)->mtu_probing > 1)
		tcp_mtup_start(tp);
	else
		tcp_mtup_stop(tp);
}

void tcp_mtup_start(struct tcp_sock *tp)
{
	if (!tp->mtup)
		tp->mtup = mem_alloc(tcp_net_of(tp)->mem, sizeof(*tp->mtup));
	if (!tp->mtup)
		return; /* no probes, then */
	*tp->mtup = (struct tcp_mtup){
		.search_high = tp->rx_opt.mss_clamp + TCP_HEADER_BYTES + tp->af->net_header_bytes,
		.search_low = tcp_mss_to_mtu(tp, (u32)tcp_sysctl(tp)->base_mss),
		.probe_timestamp = tcp_net_of(tp)->now,
	};
	if (tp->pmtu_cookie)
		tp->mtup->search_high = min_u32(tp->mtup->search_high, tp->pmtu_cookie);
}

void tcp_mtup_stop(struct tcp_sock *tp)
{
	if (tp->mtup)
		mem_free(tcp_net_of(tp)->mem, tp->mtup, sizeof(*tp->mtup));
	tp->mtup = NULL;
}

/* A long time without change: the path may be another by now. */
static void check_reprobe(struct tcp_sock *tp)
{
	ktime_t now = tcp_net_of(tp)->now;

	if (now - tp->mtup->probe_timestamp < tcp_sysctl(tp)->probe_interval_s * NSEC_PER_SEC)
		return;
	tp->mtup->probe_size = 0;
	tp->mtup->search_high = tp->rx_opt.mss_clamp + TCP_HEADER_BYTES + tp->af->net_header_bytes;
	tp->mtup->search_low = tcp_mss_to_mtu(tp, tp->mss_cache);
	tp->mtup->probe_timestamp = now;
}

/* May the first segments be joined to one of @len_bytes? */
static bool can_join(const struct tcp_sock *tp, u32 len_bytes)
{
	for (const struct sk_buff *skb = tcp_send_head(tp);
	     skb && skb != (const struct sk_buff *)(const void *)&tp->write_queue; skb = skb->next) {
		if (len_bytes <= skb->len)
			return true;
		if (TCP_SKB_CB(skb)->eor)
			return false;
		len_bytes -= skb->len;
	}
	return false;
}

/* The first @probe_bytes of the write queue as one segment, first in the queue. */
static struct sk_buff *probe_build(struct tcp_sock *tp, u32 probe_bytes)
{
	struct sk_buff *probe = tcp_stream_alloc_skb(tp), *first = tcp_send_head(tp);

	if (!probe)
		return NULL;
	*TCP_SKB_CB(probe) = (struct tcp_skb_cb){
		.seq = TCP_SKB_CB(first)->seq, .end_seq = TCP_SKB_CB(first)->seq, .flags = TCPHDR_ACK, .gso_segs = 1
	};
	while (probe->len < probe_bytes) {
		struct sk_buff *skb = tcp_send_head(tp);
		u32 want = probe_bytes - probe->len;

		if ((skb->len > want && tcp_fragment(tp, false, skb, want, tp->mss_cache)) ||
		    !tcp_skb_collapse(probe, skb))
			break;
		TCP_SKB_CB(probe)->end_seq = TCP_SKB_CB(skb)->end_seq;
		TCP_SKB_CB(probe)->flags |= TCP_SKB_CB(skb)->flags;
		TCP_SKB_CB(probe)->eor = TCP_SKB_CB(skb)->eor;
		tcp_wmem_grow(tp, probe, skb->len);
		__skb_unlink(skb, &tp->write_queue);
		tcp_wmem_free_skb(tp, skb);
	}
	if (!probe->len) {
		tcp_wmem_free_skb(tp, probe);
		return NULL;
	}
	__skb_queue_head(&tp->write_queue, probe);
	return probe->len == probe_bytes ? probe : NULL;
}

static int probe_send(struct tcp_sock *tp, u32 probe_bytes)
{
	struct sk_buff *skb = probe_build(tp, probe_bytes);

	if (!skb)
		return -1;
	TCP_SKB_CB(skb)->gso_segs = 1;
	TCP_SKB_CB(skb)->gso_size = 0;
	if (tcp_transmit_skb(tp, skb))
		return -1;
	tp->snd_cwnd--; /* what is lost of it says nothing of congestion */
	tcp_event_new_data_sent(tp, skb);
	tp->mtup->probe_size = tcp_mss_to_mtu(tp, skb->len);
	tp->mtup->probe_seq_start = TCP_SKB_CB(skb)->seq;
	tp->mtup->probe_seq_end = TCP_SKB_CB(skb)->end_seq;
	return 1;
}

int tcp_mtu_probe(struct tcp_sock *tp)
{
	u32 mss_now, probe_bytes, needed, interval;

	if (likely(!tp->mtup || tp->mtup->probe_size || tp->ca_state != TCP_CA_Open || tp->snd_cwnd < 11 ||
		   tp->rx_opt.num_sacks || tp->rx_opt.dsack))
		return -1;
	mss_now = tcp_current_mss(tp);
	probe_bytes = tcp_mtu_to_mss(tp, (tp->mtup->search_high + tp->mtup->search_low) >> 1);
	needed = probe_bytes + (tp->reordering + 1) * tp->mss_cache;
	interval = tp->mtup->search_high - tp->mtup->search_low;
	if (probe_bytes > tcp_mtu_to_mss(tp, tp->mtup->search_high) ||
	    interval < (u32)tcp_sysctl(tp)->probe_threshold) {
		check_reprobe(tp);
		return -1;
	}
	if (tp->write_seq - tp->snd_nxt < needed || tp->snd_wnd < needed)
		return -1;
	if (after(tp->snd_nxt + needed, tcp_wnd_end(tp)))
		return 0;
	if (tcp_packets_in_flight(tp) + 2 > tp->snd_cwnd)
		return tcp_packets_in_flight(tp) ? 0 : -1;
	if (probe_bytes <= mss_now + MTU_PROBE_GAP_BYTES || !can_join(tp, probe_bytes))
		return -1;
	return probe_send(tp, probe_bytes);
}
