// SPDX-License-Identifier: BSD-2-Clause
/* Octets from the peer: in order to the program, out of order into a tree until the hole is filled.
 *
 * @rfc 9293 3.10.7.4, 2018 3-4, 2883 4, 5681 4.2, 3168 6.1.3   @linux net/ipv4/tcp_input.c: tcp_data_queue
 *
 * Reading order: tcp_data_queue(), tcp_queue_rcv(), data_queue_ofo(), tcp_ofo_queue(), tcp_event_data_recv(),
 * tcp_ack_snd_check(), tcp_prune_queue().
 */
#include <string.h>
#include <sys/epoll.h>

#include "base/byteorder.h"
#include "tcp/tcp_output.h"
#include "wire/tcp.h"

#define INET_ECN_CE 3U
#define SMALL_SEGMENT_BYTES 128U
#define COLLAPSE_BYTES 16384U
#define SKB_OVERHEAD 320U

static const struct tcphdr *tcp_hdr(const struct sk_buff *skb)
{
	return (const struct tcphdr *)(const void *)skb_transport_header(skb);
}

/* ------------------------------------------------------------------ ACKs: how soon.  @rfc 5681 4.2 */

static void incr_quickack(struct tcp_sock *tp, u32 max_quickacks)
{
	u32 quickacks = tp->ack.rcv_mss ? tp->rcv_wnd / (2U * tp->ack.rcv_mss) : 0;

	if (!quickacks)
		quickacks = 2;
	quickacks = min_u32(quickacks, max_quickacks);
	if (quickacks > tp->ack.quick)
		tp->ack.quick = (u8)quickacks;
}

void tcp_enter_quickack_mode(struct tcp_sock *tp, u32 max_quickacks)
{
	incr_quickack(tp, max_quickacks);
	tp->ack.pingpong = 0;
	tp->ack.ato = TCP_ATO_MIN;
}

static bool tcp_in_quickack_mode(const struct tcp_sock *tp)
{
	return tp->quickack_always || (tp->ack.quick && !tcp_in_pingpong(tp));
}

void tcp_ack_snd_check(struct tcp_sock *tp)
{
	bool two_segments;

	if (!(tp->ack.pending & TCP_ACK_SCHED))
		return;
	/* RFC 9293 3.8.6.3: every second full segment, if the program reads or the window can move */
	two_segments =
		tp->rcv_nxt - tp->rcv_wup > tp->ack.rcv_mss &&
		(tp->rcv_nxt - tp->copied_seq < tcp_sock_of(tp)->rcvlowat || __tcp_select_window(tp) >= tp->rcv_wnd);
	if (two_segments || tcp_in_quickack_mode(tp) || (tp->ack.pending & TCP_ACK_NOW) ||
	    !tcp_skb_tree_empty(&tp->holes->out_of_order_queue))
		tcp_send_ack(tp);
	else
		tcp_send_delayed_ack(tp);
}

/* ------------------------------------------------------------------ ECN.  @rfc 3168 6.1.3 */

static void tcp_ecn_check_ce(struct tcp_sock *tp, const struct sk_buff *skb)
{
	if (!(tp->ecn_flags & TCP_ECN_OK))
		return;
	switch (TCP_SKB_CB(skb)->ip_dsfield & 3U) {
	case 0: /* a retransmission of one who marks all else: something was lost */
		if (tp->ecn_flags & TCP_ECN_SEEN)
			tcp_enter_quickack_mode(tp, 2);
		break;
	case INET_ECN_CE:
		tcp_ca_event(tp, CA_EVENT_ECN_IS_CE);
		if (!(tp->ecn_flags & TCP_ECN_DEMAND_CWR)) {
			tcp_enter_quickack_mode(tp, 2);
			tp->ecn_flags |= TCP_ECN_DEMAND_CWR;
		}
		tp->ecn_flags |= TCP_ECN_SEEN;
		break;
	default:
		tcp_ca_event(tp, CA_EVENT_ECN_NO_CE);
		tp->ecn_flags |= TCP_ECN_SEEN;
		break;
	}
}

static void tcp_ecn_accept_cwr(struct tcp_sock *tp, const struct sk_buff *skb)
{
	if (!(TCP_SKB_CB(skb)->flags & TCPHDR_CWR))
		return;
	tp->ecn_flags &= (u8)~TCP_ECN_DEMAND_CWR;
	if (TCP_SKB_CB(skb)->seq != TCP_SKB_CB(skb)->end_seq)
		tp->ack.pending |= TCP_ACK_NOW;
}

/* ------------------------------------------------------------------ data came */

static void tcp_event_data_recv(struct tcp_sock *tp, struct sk_buff *skb)
{
	ktime_t now = tcp_net_of(tp)->now, m;

	tp->ack.pending |= TCP_ACK_SCHED;
	tcp_measure_rcv_mss(tp, skb);
	tcp_rcv_rtt_measure(tp);
	if (!tp->ack.ato) {
		/* the first data: the peer is in slow start, and waits for our ACKs */
		incr_quickack(tp, TCP_MAX_QUICKACKS);
		tp->ack.ato = TCP_ATO_MIN;
	} else {
		m = now - tp->ack.lrcvtime;
		if (m <= TCP_ATO_MIN / 2) {
			tp->ack.ato = tp->ack.ato / 2 + TCP_ATO_MIN / 2;
		} else if (m < tp->ack.ato) {
			tp->ack.ato = tp->ack.ato / 2 + m;
			if (tp->ack.ato > tp->rto)
				tp->ack.ato = tp->rto;
		} else if (m > tp->rto) {
			/* after so long a silence the peer begins slowly again */
			incr_quickack(tp, TCP_MAX_QUICKACKS);
		}
	}
	tp->ack.lrcvtime = now;
	tcp_ecn_check_ce(tp, skb);
	if (skb->len >= SMALL_SEGMENT_BYTES)
		tcp_grow_window(tp, skb);
}

void tcp_data_ready(struct tcp_sock *tp)
{
	struct sock *sk = tcp_sock_of(tp);
	u32 avail = tp->rcv_nxt - tp->copied_seq;

	if (sock_flag(sk, SOCK_F_DEAD))
		return;
	if (avail >= sk->rcvlowat || (sk->shutdown & RCV_SHUTDOWN) || tcp_receive_window(tp) <= tp->ack.rcv_mss)
		sk_wake(sk, EPOLLIN);
}

/* ------------------------------------------------------------------ what is missing */

#define NO_SKB ((struct sk_buff *)(uintptr_t)&tcp_no_holes.out_of_order_queue.list)
const struct tcp_holes tcp_no_holes = { .out_of_order_queue.list = { .next = NO_SKB, .prev = NO_SKB } };

struct tcp_holes *tcp_holes_get(struct tcp_sock *tp)
{
	struct tcp_holes *holes = tp->holes;

	if (likely(holes != &tcp_no_holes))
		return holes;
	holes = kmem_cache_alloc(&tcp_net_of(tp)->tcp->holes_cache);
	if (!holes)
		return NULL;
	memset(holes, 0, sizeof(*holes));
	tcp_skb_tree_init(&holes->out_of_order_queue);
	tp->holes = holes;
	return holes;
}

void tcp_holes_put(struct tcp_sock *tp)
{
	struct tcp_holes *holes = tp->holes;

	assert(tcp_skb_tree_empty(&holes->out_of_order_queue));
	if (holes == &tcp_no_holes)
		return;
	tp->rx_opt.num_sacks = 0;
	tp->rx_opt.dsack = false;
	tcp_holes_none(tp);
	kmem_cache_free(&tcp_net_of(tp)->tcp->holes_cache, holes);
}

/* ------------------------------------------------------------------ DSACK.  @rfc 2883 */

void tcp_dsack_set(struct tcp_sock *tp, u32 seq, u32 end_seq)
{
	struct tcp_holes *holes;

	if (!tcp_is_sack(tp) || !tcp_sysctl(tp)->dsack)
		return;
	holes = tcp_holes_get(tp);
	if (!holes)
		return; /* the peer may hear of the next one */
	if (before(seq, tp->rcv_nxt))
		TCP_INC(tcp_net_of(tp), TCPDSACKOldSent);
	else
		TCP_INC(tcp_net_of(tp), TCPDSACKOfoSent);
	tp->rx_opt.dsack = true;
	holes->duplicate_sack[0] = (struct tcp_sack_block){ seq, end_seq };
}

/* Return: does the range touch the block, which covers both then? */
static bool sack_extend(struct tcp_sack_block *block, u32 seq, u32 end_seq)
{
	if (after(seq, block->end_seq) || after(block->start_seq, end_seq))
		return false;
	if (before(seq, block->start_seq))
		block->start_seq = seq;
	if (after(end_seq, block->end_seq))
		block->end_seq = end_seq;
	return true;
}

static void dsack_extend(struct tcp_sock *tp, u32 seq, u32 end_seq)
{
	if (!tp->rx_opt.dsack)
		tcp_dsack_set(tp, seq, end_seq);
	else
		sack_extend(tp->holes->duplicate_sack, seq, end_seq);
}

/* ------------------------------------------------------------------ SACK blocks: the newest first.  @rfc 2018 4 */

static void sack_drop(struct tcp_sock *tp, u32 at)
{
	memmove(&tp->holes->selective_acks[at], &tp->holes->selective_acks[at + 1],
		(tp->rx_opt.num_sacks - at - 1U) * sizeof(tp->holes->selective_acks[0]));
	tp->rx_opt.num_sacks--;
}

static void sack_new_ofo_skb(struct tcp_sock *tp, u32 seq, u32 end_seq)
{
	struct tcp_sack_block fresh = { seq, end_seq };

	/* blocks that it touches are one with it */
	for (u32 i = 0; i < tp->rx_opt.num_sacks;) {
		if (sack_extend(&tp->holes->selective_acks[i], fresh.start_seq, fresh.end_seq)) {
			fresh = tp->holes->selective_acks[i];
			sack_drop(tp, i);
			i = 0;
		} else {
			i++;
		}
	}
	if (tp->rx_opt.num_sacks == TCP_NUM_SACKS)
		sack_drop(tp, TCP_NUM_SACKS - 1);
	memmove(&tp->holes->selective_acks[1], &tp->holes->selective_acks[0], tp->rx_opt.num_sacks * sizeof(fresh));
	tp->holes->selective_acks[0] = fresh;
	tp->rx_opt.num_sacks++;
}

static void sack_remove(struct tcp_sock *tp)
{
	if (tcp_skb_tree_empty(&tp->holes->out_of_order_queue)) {
		tp->rx_opt.num_sacks = 0;
		return;
	}
	for (u32 i = 0; i < tp->rx_opt.num_sacks;) {
		if (!before(tp->rcv_nxt, tp->holes->selective_acks[i].start_seq))
			sack_drop(tp, i);
		else
			i++;
	}
}

/* ------------------------------------------------------------------ in order */

static void tcp_rcv_nxt_update(struct tcp_sock *tp, u32 seq)
{
	tp->bytes_received += seq - tp->rcv_nxt;
	tp->rcv_nxt = seq;
}

/* Short segments share one buffer: each alone would take far more memory than it carries.  Return: @from is in @to, and ended */
static bool tcp_try_coalesce(struct tcp_sock *tp, struct sk_buff *to, struct sk_buff *from)
{
	if (TCP_SKB_CB(from)->seq != TCP_SKB_CB(to)->end_seq || to->cloned || from->len > skb_tailroom(to) ||
	    skb_shinfo(to)->nr_frags || skb_shinfo(to)->frag_list || (TCP_SKB_CB(to)->flags & TCPHDR_FIN))
		return false;
	if (skb_copy_bits(from, 0, skb_put(to, from->len), from->len))
		return false;
	TCP_SKB_CB(to)->end_seq = TCP_SKB_CB(from)->end_seq;
	TCP_SKB_CB(to)->ack_seq = TCP_SKB_CB(from)->ack_seq;
	TCP_SKB_CB(to)->flags |= TCP_SKB_CB(from)->flags;
	to->tstamp = from->tstamp;
	TCP_INC(tcp_net_of(tp), TCPRcvCoalesce);
	consume_skb(from);
	return true;
}

void tcp_queue_rcv(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct sk_buff_head *queue = &tcp_sock_of(tp)->receive_queue;
	struct sk_buff *tail = skb_peek_tail(queue);

	tcp_rcv_nxt_update(tp, TCP_SKB_CB(skb)->end_seq);
	if (tail && tcp_try_coalesce(tp, tail, skb))
		return;
	__skb_queue_tail(queue, skb);
	tcp_set_owner_r(skb, tp);
}

static bool tcp_try_rmem_schedule(struct tcp_sock *tp, const struct sk_buff *skb)
{
	struct sock *sk = tcp_sock_of(tp);

	if (likely(sk->rmem_alloc_bytes <= sk->rcvbuf_bytes && tcp_rmem_schedule(tp, skb->truesize)))
		return true;
	return tcp_prune_queue(tp, skb) >= 0 && tcp_rmem_schedule(tp, skb->truesize);
}

/* What waited out of order, and is next by now. */
static void tcp_ofo_queue(struct tcp_sock *tp)
{
	u32 dsack_high = tp->rcv_nxt;
	struct sk_buff *skb;

	while ((skb = tcp_skb_first(&tp->holes->out_of_order_queue)) && !after(TCP_SKB_CB(skb)->seq, tp->rcv_nxt)) {
		u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq;
		bool fin = TCP_SKB_CB(skb)->flags & TCPHDR_FIN;

		if (before(seq, dsack_high)) {
			u32 dsack = dsack_high;

			if (before(end_seq, dsack_high))
				dsack_high = end_seq;
			dsack_extend(tp, seq, dsack);
		}
		tcp_skb_remove(&tp->holes->out_of_order_queue, skb);
		skb_orphan(skb);
		if (!after(end_seq, tp->rcv_nxt)) {
			kfree_skb_reason(skb, SKB_DROP_REASON_TCP_OLD_DATA);
			continue;
		}
		tcp_queue_rcv(tp, skb);
		if (fin) {
			tcp_fin(tp);
			return;
		}
	}
}

/* @skb (taken) has something that is next. */
static void queue_in_order(struct tcp_sock *tp, struct sk_buff *skb)
{
	bool fin = TCP_SKB_CB(skb)->flags & TCPHDR_FIN;

	if (unlikely(!tcp_try_rmem_schedule(tp, skb))) {
		TCP_INC(tcp_net_of(tp), TCPRcvQDrop);
		tp->ack.pending |= TCP_ACK_SCHED | TCP_ACK_NOW;
		tcp_data_ready(tp);
		kfree_skb_reason(skb, SKB_DROP_REASON_PROTO_MEM);
		return;
	}
	if (skb->len)
		tcp_event_data_recv(tp, skb);
	tcp_queue_rcv(tp, skb);
	if (fin)
		tcp_fin(tp);
	if (!tcp_skb_tree_empty(&tp->holes->out_of_order_queue)) {
		tcp_ofo_queue(tp);
		/* RFC 5681 4.2: a hole that is filled is acked at once */
		if (tcp_skb_tree_empty(&tp->holes->out_of_order_queue))
			tp->ack.pending |= TCP_ACK_NOW;
	}
	if (tp->rx_opt.num_sacks)
		sack_remove(tp);
	tcp_data_ready(tp);
}

/* ------------------------------------------------------------------ out of order */

/* @skb covers what those behind it have: they go.  What one of them has beyond @skb stays. */
static void ofo_merge_right(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct sk_buff *next;
	u32 end_seq = TCP_SKB_CB(skb)->end_seq;

	while ((next = tcp_skb_next(&tp->holes->out_of_order_queue, skb)) && after(end_seq, TCP_SKB_CB(next)->seq)) {
		if (before(end_seq, TCP_SKB_CB(next)->end_seq)) {
			dsack_extend(tp, TCP_SKB_CB(next)->seq, end_seq);
			break;
		}
		dsack_extend(tp, TCP_SKB_CB(next)->seq, TCP_SKB_CB(next)->end_seq);
		tcp_skb_remove(&tp->holes->out_of_order_queue, next);
		TCP_INC(tcp_net_of(tp), TCPOFOMerge);
		kfree_skb_reason(next, SKB_DROP_REASON_TCP_OFOMERGE);
	}
}

/* Into the tree; @skb (taken) ends if all of it is there.  Return: it stayed */
static bool ofo_insert(struct tcp_sock *tp, struct sk_buff *skb)
{
	u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq;
	struct sk_buff *prev = tcp_skb_find(&tp->holes->out_of_order_queue, seq);

	if (prev && before(seq, TCP_SKB_CB(prev)->end_seq)) {
		if (!after(end_seq, TCP_SKB_CB(prev)->end_seq)) {
			TCP_INC(tcp_net_of(tp), TCPOFOMerge);
			tcp_dsack_set(tp, seq, end_seq);
			kfree_skb_reason(skb, SKB_DROP_REASON_TCP_OFOMERGE);
			return false;
		}
		if (seq == TCP_SKB_CB(prev)->seq) { /* the same, and more */
			dsack_extend(tp, seq, TCP_SKB_CB(prev)->end_seq);
			tcp_skb_replace(&tp->holes->out_of_order_queue, prev, skb);
			TCP_INC(tcp_net_of(tp), TCPOFOMerge);
			kfree_skb_reason(prev, SKB_DROP_REASON_TCP_OFOMERGE);
			ofo_merge_right(tp, skb);
			return true;
		}
		tcp_dsack_set(tp, seq, TCP_SKB_CB(prev)->end_seq);
	}
	tcp_skb_insert_after(&tp->holes->out_of_order_queue, prev, skb);
	ofo_merge_right(tp, skb);
	return true;
}

static void data_queue_ofo(struct tcp_sock *tp, struct sk_buff *skb)
{
	u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq;

	tcp_ecn_check_ce(tp, skb);
	tp->ack.pending |= TCP_ACK_SCHED;
	if (unlikely(!tcp_try_rmem_schedule(tp, skb) || !tcp_holes_get(tp))) {
		TCP_INC(tcp_net_of(tp), TCPOFODrop);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_OFO_DROP);
		return;
	}
	tp->rcv_ooopack += max_u32(1, skb_shinfo(skb)->gso_segs);
	TCP_INC(tcp_net_of(tp), TCPOFOQueue);
	if (ofo_insert(tp, skb)) {
		if (tcp_is_sack(tp))
			tcp_grow_window(tp, skb);
		tcp_set_owner_r(skb, tp);
	}
	if (tcp_is_sack(tp))
		sack_new_ofo_skb(tp, seq, end_seq);
}

u32 tcp_ofo_bytes(const struct sock *sk)
{
	const struct sk_buff_head *list = &tcp_sk(sk)->holes->out_of_order_queue.list;
	u32 bytes = 0;

	for (const struct sk_buff *skb = list->next; skb != (const void *)list; skb = skb->next)
		bytes += skb->truesize;
	return bytes;
}

void tcp_ofo_purge(struct tcp_sock *tp)
{
	struct sk_buff *skb;

	while ((skb = tcp_skb_first(&tp->holes->out_of_order_queue))) {
		tcp_skb_remove(&tp->holes->out_of_order_queue, skb);
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_CLOSE);
	}
	tp->rx_opt.num_sacks = 0;
}

/* ------------------------------------------------------------------ where does it belong? */

static void drop_and_ack(struct tcp_sock *tp, struct sk_buff *skb, enum skb_drop_reason reason)
{
	tcp_enter_quickack_mode(tp, TCP_MAX_QUICKACKS);
	tp->ack.pending |= TCP_ACK_SCHED;
	kfree_skb_reason(skb, reason);
}

void tcp_data_queue(struct tcp_sock *tp, struct sk_buff *skb)
{
	u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq;

	if (seq == end_seq) {
		consume_skb(skb);
		return;
	}
	skb_dst_drop(skb);
	skb_pull(skb, tcp_hdrlen_bytes(tcp_hdr(skb)));
	tp->rx_opt.dsack = false;
	tcp_ecn_accept_cwr(tp, skb);
	if (seq == tp->rcv_nxt) {
		if (unlikely(!tcp_receive_window(tp))) {
			TCP_INC(tcp_net_of(tp), TCPZeroWindowDrop);
			drop_and_ack(tp, skb, SKB_DROP_REASON_TCP_ZEROWINDOW);
			return;
		}
		queue_in_order(tp, skb);
	} else if (!after(end_seq, tp->rcv_nxt)) {
		/* it came before: our ACK got lost, or was late */
		TCP_INC(tcp_net_of(tp), DelayedACKLost);
		tcp_dsack_set(tp, seq, end_seq);
		drop_and_ack(tp, skb, SKB_DROP_REASON_TCP_OLD_DATA);
	} else if (!before(seq, tp->rcv_nxt + tcp_receive_window(tp))) {
		drop_and_ack(tp, skb, SKB_DROP_REASON_TCP_OVERWINDOW);
	} else if (before(seq, tp->rcv_nxt)) {
		tcp_dsack_set(tp, seq, tp->rcv_nxt);
		if (!tcp_receive_window(tp)) {
			TCP_INC(tcp_net_of(tp), TCPZeroWindowDrop);
			drop_and_ack(tp, skb, SKB_DROP_REASON_TCP_ZEROWINDOW);
			return;
		}
		queue_in_order(tp, skb);
	} else {
		data_queue_ofo(tp, skb);
	}
}

/* ------------------------------------------------------------------ less memory */

static bool worth_collapsing(const struct sk_buff *skb)
{
	return skb->len + SKB_OVERHEAD < skb->truesize / 2 && !(TCP_SKB_CB(skb)->flags & (TCPHDR_SYN | TCPHDR_FIN));
}

/* Segments from @first on that carry little for what they take, in one buffer.  Return: the next to look at */
static struct sk_buff *collapse_run(struct tcp_sock *tp, struct sk_buff *first)
{
	struct sk_buff_head *queue = &tcp_sock_of(tp)->receive_queue;
	struct sk_buff *end = (struct sk_buff *)(void *)queue, *skb = first, *one;
	u32 bytes = 0, count = 0;

	while (skb != end && worth_collapsing(skb) && bytes + skb->len <= COLLAPSE_BYTES &&
	       (skb == first || TCP_SKB_CB(skb)->seq == TCP_SKB_CB(skb->prev)->end_seq)) {
		bytes += skb->len;
		count++;
		skb = skb->next;
	}
	if (count < 2)
		return first->next;
	one = alloc_skb(tcp_net_of(tp)->skb_pool, bytes);
	if (!one)
		return end;
	*TCP_SKB_CB(one) = *TCP_SKB_CB(first);
	__skb_insert(one, first->prev, first, queue);
	for (skb = first; count--; TCP_INC(tcp_net_of(tp), TCPRcvCollapsed)) {
		struct sk_buff *next = skb->next;

		(void)!skb_copy_bits(skb, 0, skb_put(one, skb->len), skb->len); /* the range is the packet */
		TCP_SKB_CB(one)->end_seq = TCP_SKB_CB(skb)->end_seq;
		one->tstamp = skb->tstamp;
		__skb_unlink(skb, queue);
		consume_skb(skb);
		skb = next;
	}
	tcp_set_owner_r(one, tp);
	return one->next;
}

static void collapse_queue(struct tcp_sock *tp)
{
	struct sk_buff *end = (struct sk_buff *)(void *)&tcp_sock_of(tp)->receive_queue, *skb = end->next;

	while (skb != end)
		skb = collapse_run(tp, skb);
}

/* The farthest from being of use go first: an eighth of the buffer at a time.  Return: something went */
static bool prune_ofo_queue(struct tcp_sock *tp, const struct sk_buff *in_skb)
{
	struct sock *sk = tcp_sock_of(tp);
	bool pruned = false;
	struct sk_buff *skb;
	s64 goal = sk->rcvbuf_bytes >> 3;

	while ((skb = tcp_skb_last(&tp->holes->out_of_order_queue))) {
		if (in_skb && after(TCP_SKB_CB(in_skb)->seq, TCP_SKB_CB(skb)->seq))
			break; /* what comes is farther away than what is here */
		goal -= skb->truesize;
		tcp_skb_remove(&tp->holes->out_of_order_queue, skb);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_OFO_QUEUE_PRUNE);
		pruned = true;
		if (goal <= 0) {
			if (sk->rmem_alloc_bytes <= sk->rcvbuf_bytes && !tcp_under_memory_pressure(tp))
				break;
			goal = sk->rcvbuf_bytes >> 3;
		}
	}
	if (pruned) {
		TCP_INC(tcp_net_of(tp), OfoPruned);
		tp->rx_opt.num_sacks = 0; /* RFC 2018 8: what was told may be taken back */
	}
	return pruned;
}

int tcp_prune_queue(struct tcp_sock *tp, const struct sk_buff *in_skb)
{
	struct sock *sk = tcp_sock_of(tp);

	TCP_INC(tcp_net_of(tp), PruneCalled);
	if (sk->rmem_alloc_bytes >= sk->rcvbuf_bytes)
		tcp_clamp_window(tp);
	else if (tcp_under_memory_pressure(tp))
		tp->rcv_ssthresh = min_u32(tp->rcv_ssthresh, 4U * tp->advmss);
	if (sk->rmem_alloc_bytes <= sk->rcvbuf_bytes)
		return 0;
	collapse_queue(tp);
	if (sk->rmem_alloc_bytes <= sk->rcvbuf_bytes)
		return 0;
	prune_ofo_queue(tp, in_skb);
	if (sk->rmem_alloc_bytes <= sk->rcvbuf_bytes)
		return 0;
	TCP_INC(tcp_net_of(tp), RcvPruned);
	return -1;
}

/* ------------------------------------------------------------------ urgent data.  @rfc 9293 3.8.5, 6093 */

static void tcp_check_urg(struct tcp_sock *tp, const struct sk_buff *skb, const struct tcphdr *th)
{
	struct sk_buff *first = skb_peek(&tcp_sock_of(tp)->receive_queue);
	u32 ptr = be16_to_cpu(th->urg_ptr);

	if (ptr && !tcp_sysctl(tp)->stdurg)
		ptr--; /* it points behind the octet, as everybody but RFC 1122 has it */
	ptr += TCP_SKB_CB(skb)->seq;
	if (after(tp->copied_seq, ptr) || before(ptr, tp->rcv_nxt))
		return;
	if (tp->urg_data && !after(ptr, tp->urg_seq))
		return;
	sk_wake(tcp_sock_of(tp), EPOLLPRI);
	/* the last one was never read, and stands alone before the data: it is gone */
	if (tp->urg_seq == tp->copied_seq && tp->urg_data && !sock_flag(tcp_sock_of(tp), SOCK_F_OOBINLINE) &&
	    tp->copied_seq != tp->rcv_nxt) {
		tp->copied_seq++;
		if (first && !before(tp->copied_seq, TCP_SKB_CB(first)->end_seq)) {
			__skb_unlink(first, &tcp_sock_of(tp)->receive_queue);
			consume_skb(first);
		}
	}
	tp->urg_data = TCP_URG_NOTYET;
	tp->urg_seq = ptr;
}

void tcp_urg(struct tcp_sock *tp, struct sk_buff *skb, const struct tcphdr *th)
{
	u32 offset;
	u8 octet;

	if (unlikely(th->flags & TCPHDR_URG))
		tcp_check_urg(tp, skb, th);
	if (likely(tp->urg_data != TCP_URG_NOTYET))
		return;
	offset = tp->urg_seq - TCP_SKB_CB(skb)->seq + tcp_hdrlen_bytes(th) - (th->flags & TCPHDR_SYN ? 1U : 0U);
	if (offset < skb->len && !skb_copy_bits(skb, offset, &octet, 1)) {
		tp->urg_data = (u16)(TCP_URG_VALID | octet);
		sk_wake(tcp_sock_of(tp), EPOLLIN | EPOLLPRI);
	}
}
