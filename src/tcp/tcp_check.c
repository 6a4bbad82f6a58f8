// SPDX-License-Identifier: BSD-2-Clause
/* What always holds of connections, between two events: for the simulator, for fuzzers and for those who debug. */
#include "net.h"
#include "tcp/tcp.h"

#define TCP_MAX_OVERRUN 65536U /* one segment, as GRO makes them, may begin within the window and end beyond it */
#define SYNCHRONIZED \
	(TCPF_ESTABLISHED | TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2 | TCPF_CLOSE_WAIT | TCPF_CLOSING | TCPF_LAST_ACK)

/* TIME_WAIT and requests are no sockets: one that goes there is closed, one that comes from there begins in SYN_RECV. */
static const u16 next_states[TCP_MAX_STATES] = {
	[TCP_CLOSE] = TCPF_SYN_SENT | TCPF_LISTEN | TCPF_SYN_RECV,
	[TCP_LISTEN] = TCPF_CLOSE,
	[TCP_SYN_SENT] = TCPF_ESTABLISHED | TCPF_SYN_RECV | TCPF_CLOSE,
	[TCP_SYN_RECV] = TCPF_ESTABLISHED | TCPF_FIN_WAIT1 | TCPF_CLOSE_WAIT | TCPF_CLOSE,
	[TCP_ESTABLISHED] = TCPF_FIN_WAIT1 | TCPF_CLOSE_WAIT | TCPF_CLOSE,
	[TCP_FIN_WAIT1] = TCPF_FIN_WAIT2 | TCPF_CLOSING | TCPF_CLOSE,
	[TCP_FIN_WAIT2] = TCPF_CLOSE,
	[TCP_CLOSE_WAIT] = TCPF_LAST_ACK | TCPF_CLOSE,
	[TCP_CLOSING] = TCPF_CLOSE,
	[TCP_LAST_ACK] = TCPF_CLOSE,
};

bool tcp_may_become(u8 old, enum tcp_state state)
{
	return next_states[old] & TCPF(state);
}

static const char *check_sequences(const struct tcp_sock *tp)
{
	HOLDS(!after(tp->snd_una, tp->snd_nxt), "what is acked was sent");
	HOLDS(!after(tp->snd_nxt, tp->write_seq), "what is sent was written");
	HOLDS(!after(tp->copied_seq, tp->rcv_nxt + 1), "what is read was received");
	HOLDS(!after(tp->rcv_wup, tp->rcv_nxt), "a window was told of what had come");
	HOLDS(!after(tp->rcv_nxt, tp->rcv_wup + tp->rcv_wnd + TCP_MAX_OVERRUN), "what is received was offered");
	return NULL;
}

/** struct scoreboard - the retransmission queue, counted again */
struct scoreboard {
	u32 packets, sacked, lost, retrans;
};

static const char *count_again(const struct tcp_sock *tp, struct scoreboard *s, u64 *bytes)
{
	const struct sk_buff *prev = NULL;

	for (const struct sk_buff *skb = tcp_skb_first(&tp->rtx_queue); skb; skb = tcp_skb_next(&tp->rtx_queue, skb)) {
		const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

		HOLDS(!prev || TCP_SKB_CB(prev)->end_seq == tcb->seq, "what was sent lies in the queue without a hole");
		HOLDS(tcp_skb_pcount(skb) >= 1, "a segment is one at least");
		HOLDS(!(tcb->sacked & TCPCB_SACKED_ACKED) || !(tcb->sacked & TCPCB_LOST), "what arrived is not lost");
		s->packets += tcp_skb_pcount(skb);
		s->sacked += tcb->sacked & TCPCB_SACKED_ACKED ? tcp_skb_pcount(skb) : 0;
		s->lost += tcb->sacked & TCPCB_LOST ? tcp_skb_pcount(skb) : 0;
		s->retrans += tcb->sacked & TCPCB_SACKED_RETRANS ? tcp_skb_pcount(skb) : 0;
		*bytes += skb->truesize;
		prev = skb;
	}
	return NULL;
}

static const char *check_scoreboard(const struct tcp_sock *tp)
{
	const void *end = &tp->write_queue;
	struct scoreboard s = { .packets = 0 };
	u64 bytes = 0;
	const char *broken = count_again(tp, &s, &bytes);

	if (broken)
		return broken;
	HOLDS(s.packets == tp->packets_out, "the segments in flight are counted");
	HOLDS(tcp_is_reno(tp) || s.sacked == tp->sacked_out, "those that arrived are counted");
	HOLDS(s.lost == tp->lost_out, "those that are lost are counted");
	HOLDS(s.retrans == tp->retrans_out, "those that were sent again are counted");
	HOLDS(tp->sacked_out + tp->lost_out <= tp->packets_out, "none arrived and was lost");
	for (const struct sk_buff *skb = tp->write_queue.next; skb != end; skb = skb->next)
		bytes += skb->truesize;
	HOLDS(bytes == tp->wmem_queued_bytes, "the memory of the queues is counted");
	return NULL;
}

static const char *check_ofo(const struct tcp_sock *tp)
{
	const struct sk_buff *prev = NULL;
	u32 count;

	HOLDS(!rb_check(&tp->holes->out_of_order_queue.root, &count) &&
		      count == tp->holes->out_of_order_queue.list.qlen,
	      "the tree of what is out of order is one, and complete");
	for (const struct sk_buff *skb = tcp_skb_first(&tp->holes->out_of_order_queue); skb;
	     skb = tcp_skb_next(&tp->holes->out_of_order_queue, skb)) {
		HOLDS(after(TCP_SKB_CB(skb)->seq, tp->rcv_nxt), "what is out of order has a hole before it");
		HOLDS(!prev || after(TCP_SKB_CB(skb)->seq, TCP_SKB_CB(prev)->seq), "what is out of order is sorted");
		prev = skb;
	}
	return NULL;
}

/* No stall is silent: who waits for something has a timer. */
static const char *check_timers(const struct tcp_sock *tp)
{
	u8 state = tcp_sock_of(tp)->state;

	bool waits = tp->rtx_kind != TCP_RTX_NONE;

	HOLDS(!waits || (timer_pending(&tp->rtx_timer) && tp->rtx_timer.expires <= tp->rtx_when),
	      "what is waited for has its timer");
	HOLDS(!(tp->ack.pending & TCP_ACK_TIMER) ||
		      (timer_pending(&tp->delack_timer) && tp->delack_timer.expires <= tp->ack.timeout),
	      "so has an ACK");
	if (TCPF(state) & (TCPF_CLOSE | TCPF_LISTEN)) {
		HOLDS(!timer_pending(&tp->rtx_timer) && !timer_pending(&tp->delack_timer),
		      "what is closed has no timer");
		return NULL;
	}
	HOLDS(!(TCPF(state) & SYNCHRONIZED) || !(tp->ack.pending & TCP_ACK_SCHED) || (tp->ack.pending & TCP_ACK_TIMER),
	      "an ACK that is owed has a timer");
	HOLDS(!tp->fin_due || waits, "a FIN that found no memory is tried again");
	HOLDS(!tp->packets_out || waits || tp->fastopen_rsk, "what is in flight is waited for with a timer");
	HOLDS(tp->packets_out || skb_queue_empty(&tp->write_queue) || waits || timer_pending(&tp->pacing_timer) ||
		      tp->tsq_throttled || !(TCPF(state) & SYNCHRONIZED) || (tp->nonagle & TCP_NAGLE_CORK),
	      "what may not be sent is probed for");
	return NULL;
}

const char *tcp_check(const struct tcp_sock *tp)
{
	u8 state = tcp_sock_of(tp)->state;
	const char *broken = NULL;

	HOLDS(tp->snd_cwnd >= 1, "the window is one segment at least");
	HOLDS(tp->rto > 0 && tp->rto <= TCP_RTO_MAX, "a timeout is some time, and two minutes at most");
	HOLDS(tp->snd_ssthresh >= 2 || !(TCPF(state) & SYNCHRONIZED), "slow start ends at two segments at least");
	HOLDS(!(TCPF(state) & SYNCHRONIZED) || tp->conn.hash, "a connection is in the table");
	HOLDS(!(TCPF(state) & (TCPF_CLOSE | TCPF_LISTEN)) || !tp->conn.hash, "what is no connection is not");
	if (TCPF(state) & SYNCHRONIZED)
		broken = check_sequences(tp);
	if (!broken)
		broken = check_scoreboard(tp);
	if (!broken)
		broken = check_ofo(tp);
	return broken ? broken : check_timers(tp);
}

static const char *check_all(const struct list_head *orphans, const struct net *net)
{
	const struct sock *sk;
	u32 count = 0;

	list_for_each_entry(sk, orphans, net_node) {
		const char *broken = tcp_check(tcp_sk(sk));

		if (broken)
			return broken;
		HOLDS(sock_flag(sk, SOCK_F_DEAD), "an orphan has no program");
		count++;
	}
	HOLDS(count == net->tcp->orphan_count, "the orphans are counted");
	return NULL;
}

const char *tcp_net_check(const struct net *net)
{
	return net->tcp->broken ? net->tcp->broken : check_all(&net->tcp->orphans, net);
}
