// SPDX-License-Identifier: BSD-2-Clause
/* The scoreboard: what SACK blocks, or duplicate ACKs, say of each segment in flight.
 *
 * @rfc 2018 5, 2883 4, 6675 4   @linux net/ipv4/tcp_input.c: tcp_sacktag_write_queue
 *
 * Reading order: tcp_sacktag_write_queue(), sacktag_block(), sacktag_one().
 *
 * A segment is in flight, SACKED_ACKED (it arrived), LOST, or LOST and SACKED_RETRANS (sent again).  The counters of struct
 * tcp_sock are the sums over the queue: tcp_check() counts again.
 */
#include <string.h>

#include "base/byteorder.h"
#include "tcp/tcp_output.h"
#include "wire/tcp.h"

void tcp_verify_left_out(const struct tcp_sock *tp)
{
	assert(tcp_left_out(tp) <= tp->packets_out || tcp_is_reno(tp));
}

static u32 highest_sack_seq(const struct tcp_sock *tp)
{
	return tp->sacked_out ? tp->highest_sack_seq : tp->snd_una;
}

/* ------------------------------------------------------------------ lost */

static void notify_skb_loss(struct tcp_sock *tp, const struct sk_buff *skb)
{
	tp->lost += tcp_skb_pcount(skb);
}

void tcp_mark_skb_lost(struct tcp_sock *tp, struct sk_buff *skb)
{
	u8 *sacked = &TCP_SKB_CB(skb)->sacked;

	if (*sacked & TCPCB_SACKED_ACKED)
		return;
	if (tp->retransmit_skb_hint && before(TCP_SKB_CB(skb)->seq, TCP_SKB_CB(tp->retransmit_skb_hint)->seq))
		tp->retransmit_skb_hint = skb;
	if (!(*sacked & TCPCB_LOST)) {
		tp->lost_out += tcp_skb_pcount(skb);
		*sacked |= TCPCB_LOST;
		notify_skb_loss(tp, skb);
	} else if (*sacked & TCPCB_SACKED_RETRANS) { /* what was sent again is lost, too */
		*sacked &= (u8)~TCPCB_SACKED_RETRANS;
		tp->retrans_out -= tcp_skb_pcount(skb);
		TCP_ADD(tcp_net_of(tp), TCPLostRetransmit, tcp_skb_pcount(skb));
		notify_skb_loss(tp, skb);
	}
}

/* ------------------------------------------------------------------ reordering.  @rfc 4653, 8985 3.3 */

void tcp_check_sack_reordering(struct tcp_sock *tp, u32 low_seq, int ts)
{
	u32 fack = highest_sack_seq(tp), mss = tp->mss_cache, metric;

	if (!before(low_seq, fack))
		return;
	metric = fack - low_seq;
	if (metric > (u64)tp->reordering * mss && mss)
		tp->reordering = min_u32((metric + mss - 1) / mss, (u32)tcp_sysctl(tp)->max_reordering);
	tp->reord_seen++;
	if (ts)
		TCP_INC(tcp_net_of(tp), TCPTSReorder);
	else
		TCP_INC(tcp_net_of(tp), TCPSACKReorder);
}

/* ------------------------------------------------------------------ without SACK.  @rfc 6582 */

/* More arrived than can be missing: the duplicates came of packets that overtook each other. */
static void tcp_check_reno_reordering(struct tcp_sock *tp, u32 addend)
{
	u32 holes = max_u32(tp->lost_out, 1);

	holes = min_u32(holes, tp->packets_out);
	if (tp->sacked_out + holes <= tp->packets_out)
		return;
	tp->sacked_out = tp->packets_out - holes;
	tp->reordering = min_u32(tp->packets_out + addend, (u32)tcp_sysctl(tp)->max_reordering);
	tp->reord_seen++;
	TCP_INC(tcp_net_of(tp), TCPRenoReorder);
}

void tcp_add_reno_sack(struct tcp_sock *tp, u32 num_dupack, bool ece_ack)
{
	u32 prior = tp->sacked_out;

	if (!num_dupack)
		return;
	tp->sacked_out += num_dupack;
	tcp_check_reno_reordering(tp, 0);
	if (tp->sacked_out > prior)
		tcp_count_delivered(tp, tp->sacked_out - prior, ece_ack);
}

void tcp_remove_reno_sacks(struct tcp_sock *tp, u32 acked, bool ece_ack)
{
	if (acked) {
		/* one ACK stands for what was missing, the rest for what duplicates had told of */
		tcp_count_delivered(tp, acked > tp->sacked_out + 1 ? acked - tp->sacked_out : 1, ece_ack);
		tp->sacked_out = acked - 1 >= tp->sacked_out ? 0 : tp->sacked_out - (acked - 1);
	}
	tcp_check_reno_reordering(tp, acked);
}

/* ------------------------------------------------------------------ blocks of an ACK */

/* Return: number of blocks; those with octets of the connection's past or future are judged later */
static u32 sack_blocks(const struct sk_buff *skb, struct tcp_sack_block out[static TCP_NUM_SACKS])
{
	const struct tcphdr *th = (const struct tcphdr *)(const void *)skb_transport_header(skb);
	const u8 *o = (const u8 *)(th + 1), *end = (const u8 *)th + tcp_hdrlen_bytes(th);
	u32 count = 0;

	while (o < end && *o != TCPOPT_EOL) {
		if (*o == TCPOPT_NOP) {
			o++;
			continue;
		}
		if (end - o < 2 || o[1] < 2 || o[1] > end - o)
			break;
		if (*o == TCPOPT_SACK && o[1] >= 10 && (o[1] - 2U) % TCPOLEN_SACK_PERBLOCK == 0) {
			count = min_u32((o[1] - 2U) / TCPOLEN_SACK_PERBLOCK, TCP_NUM_SACKS);
			for (u32 i = 0; i < count; i++)
				out[i] = (struct tcp_sack_block){ be32_to_cpu(get_unaligned_be32(o + 2 + 8 * i)),
								  be32_to_cpu(get_unaligned_be32(o + 6 + 8 * i)) };
		}
		o += o[1];
	}
	return count;
}

/* RFC 2018 4: a block may not lie outside of what was sent; a duplicate's may be old, as long as undo can make use of it. */
static bool tcp_is_sackblock_valid(const struct tcp_sock *tp, bool is_dsack, u32 start_seq, u32 end_seq)
{
	if (after(end_seq, tp->snd_nxt) || !before(start_seq, end_seq) || !before(start_seq, tp->snd_nxt))
		return false;
	if (after(start_seq, tp->snd_una))
		return true;
	if (!is_dsack || !tp->undo_marker)
		return false;
	if (after(end_seq, tp->snd_una))
		return false;
	if (!before(start_seq, tp->undo_marker))
		return true;
	return after(end_seq, tp->undo_marker) && !before(start_seq, end_seq - tp->max_window);
}

/* Something arrived twice.  @rfc 2883, 3708 */
static void dsack_seen(struct tcp_sock *tp, const struct tcp_sack_block *block, u32 prior_snd_una,
		       struct tcp_sacktag_state *state)
{
	u32 seq_len = block->end_seq - block->start_seq, dup_segs = 1;

	if (seq_len > tp->max_window)
		return;
	if (seq_len > tp->mss_cache)
		dup_segs = (seq_len + tp->mss_cache - 1) / tp->mss_cache;
	else if (tp->tlp_high_seq && tp->tlp_high_seq == block->end_seq)
		state->flag |= FLAG_DSACK_TLP;
	tp->dsack_dups += dup_segs;
	/* more than was ever sent again: the network duplicates */
	if (tp->dsack_dups > tp->total_retrans) {
		TCP_INC(tcp_net_of(tp), TCPDSACKIgnoredDubious);
		return;
	}
	tp->rx_opt.sack_ok = true;
	if (tp->reord_seen && !(state->flag & FLAG_DSACK_TLP))
		tp->rack.dsack_seen = true;
	state->flag |= FLAG_DSACKING_ACK;
	state->sack_delivered += dup_segs;
	if (tp->undo_marker && tp->undo_retrans > 0 && !after(block->end_seq, prior_snd_una) &&
	    after(block->end_seq, tp->undo_marker))
		tp->undo_retrans = (s32)dup_segs > tp->undo_retrans ? 0 : tp->undo_retrans - (s32)dup_segs;
}

/* Is the first block of a duplicate?  @rfc 2883 4 */
static bool tcp_check_dsack(struct tcp_sock *tp, const struct sk_buff *skb, const struct tcp_sack_block *blocks,
			    u32 count, u32 prior_snd_una, struct tcp_sacktag_state *state)
{
	if (before(blocks[0].start_seq, TCP_SKB_CB(skb)->ack_seq)) {
		TCP_INC(tcp_net_of(tp), TCPDSACKRecv);
	} else if (count > 1 && !after(blocks[0].end_seq, blocks[1].end_seq) &&
		   !before(blocks[0].start_seq, blocks[1].start_seq)) {
		TCP_INC(tcp_net_of(tp), TCPDSACKOfoRecv);
	} else {
		return false;
	}
	TCP_INC(tcp_net_of(tp), TCPDSACKRecvSegs);
	dsack_seen(tp, &blocks[0], prior_snd_una, state);
	return true;
}

/* ------------------------------------------------------------------ one segment */

static void sacked_first_time(struct tcp_sock *tp, struct sk_buff *skb, struct tcp_sacktag_state *state)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	u32 pcount = tcp_skb_pcount(skb);

	tcp_rack_advance(tp, tcb->sacked, tcb->end_seq, skb->tstamp);
	if (tcb->sacked & TCPCB_SACKED_RETRANS) {
		/* the copy may have arrived, or the first one after all: either way it is not lost */
		if (tcb->sacked & TCPCB_LOST) {
			tcb->sacked &= (u8) ~(TCPCB_LOST | TCPCB_SACKED_RETRANS);
			tp->lost_out -= pcount;
			tp->retrans_out -= pcount;
		}
	} else {
		if (!(tcb->sacked & TCPCB_RETRANS)) {
			if (before(tcb->seq, highest_sack_seq(tp)) && before(tcb->seq, state->reord))
				state->reord = tcb->seq;
			if (!after(tcb->end_seq, tp->high_seq))
				state->flag |= FLAG_ORIG_SACK_ACKED;
			if (!state->first_sackt)
				state->first_sackt = skb->tstamp;
			state->last_sackt = skb->tstamp;
		}
		if (tcb->sacked & TCPCB_LOST) {
			tcb->sacked &= (u8)~TCPCB_LOST;
			tp->lost_out -= pcount;
		}
	}
	if (!tp->sacked_out || after(tcb->end_seq, tp->highest_sack_seq))
		tp->highest_sack_seq = tcb->end_seq;
	tcb->sacked |= TCPCB_SACKED_ACKED;
	state->flag |= FLAG_DATA_SACKED;
	tp->sacked_out += pcount;
	state->sack_delivered += pcount;
	tcp_rate_skb_delivered(tp, skb, state->rate);
	list_del_init(&skb->by_time);
}

static void sacktag_one(struct tcp_sock *tp, struct sk_buff *skb, bool dup_sack, struct tcp_sacktag_state *state)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	s32 pcount = (s32)tcp_skb_pcount(skb);

	if (dup_sack && (tcb->sacked & TCPCB_RETRANS)) {
		if (tp->undo_marker && tp->undo_retrans > 0 && after(tcb->end_seq, tp->undo_marker))
			tp->undo_retrans = pcount > tp->undo_retrans ? 0 : tp->undo_retrans - pcount;
		if ((tcb->sacked & TCPCB_SACKED_ACKED) && before(tcb->seq, state->reord))
			state->reord = tcb->seq;
	}
	if (!after(tcb->end_seq, tp->snd_una))
		return;
	if (!(tcb->sacked & TCPCB_SACKED_ACKED))
		sacked_first_time(tp, skb, state);
	if (dup_sack && (tcb->sacked & TCPCB_SACKED_RETRANS)) {
		tcb->sacked &= (u8)~TCPCB_SACKED_RETRANS;
		tp->retrans_out -= (u32)pcount;
	}
}

/* ------------------------------------------------------------------ one block */

/* Cut @skb so that a part lies in the block, or not: whole segments only, for that is what was sent.
 * Return: length of the part before the cut; 0: there is nothing to cut */
static u32 cut_at(const struct sk_buff *skb, const struct tcp_sack_block *block)
{
	u32 mss = tcp_skb_mss(skb), len;

	if (after(block->start_seq, TCP_SKB_CB(skb)->seq)) /* the block begins within */
		len = (block->start_seq - TCP_SKB_CB(skb)->seq + mss - 1) / mss * mss;
	else /* it ends within */
		len = (block->end_seq - TCP_SKB_CB(skb)->seq) / mss * mss;
	return len < skb->len ? len : 0;
}

static bool in_block(const struct sk_buff *skb, const struct tcp_sack_block *block)
{
	return !before(TCP_SKB_CB(skb)->seq, block->start_seq) && !after(TCP_SKB_CB(skb)->end_seq, block->end_seq);
}

/* @from_seq: what lies wholly before it is known */
static void sacktag_block(struct tcp_sock *tp, const struct tcp_sack_block *block, u32 from_seq, bool dup_sack,
			  struct tcp_sacktag_state *state)
{
	struct sk_buff *skb = tcp_skb_find(&tp->rtx_queue, from_seq);

	if (!skb)
		skb = tcp_skb_first(&tp->rtx_queue);
	while (skb && before(TCP_SKB_CB(skb)->seq, block->end_seq)) {
		u32 len;

		if (!after(TCP_SKB_CB(skb)->end_seq, from_seq)) {
			skb = tcp_skb_next(&tp->rtx_queue, skb);
			continue;
		}
		if (!in_block(skb, block)) {
			len = tcp_skb_pcount(skb) > 1 ? cut_at(skb, block) : 0;
			if (!len || tcp_fragment(tp, true, skb, len, tcp_skb_mss(skb))) {
				skb = tcp_skb_next(&tp->rtx_queue, skb);
				continue;
			}
			if (!in_block(skb, block)) {
				skb = tcp_skb_next(&tp->rtx_queue, skb);
				continue;
			}
		}
		sacktag_one(tp, skb, dup_sack, state);
		skb = tcp_skb_next(&tp->rtx_queue, skb);
	}
}

/* What an earlier ACK told already need not be walked again: peers repeat their blocks.  Return: where something new begins */
static u32 known_until(const struct tcp_sock *tp, const struct tcp_sack_block *block)
{
	for (u32 i = 0; i < TCP_NUM_SACKS; i++) {
		const struct tcp_sack_block *known = &tp->holes->recv_sack_cache[i];

		if (!before(block->start_seq, known->start_seq) && before(block->start_seq, known->end_seq))
			return known->end_seq;
	}
	return block->start_seq;
}

/* Without memory all is walked again. */
static void remember_blocks(struct tcp_sock *tp, const struct tcp_sack_block *blocks, u32 count)
{
	struct tcp_holes *holes = tcp_holes_get(tp);

	if (!holes)
		return;
	memset(holes->recv_sack_cache, 0, sizeof(holes->recv_sack_cache));
	memcpy(holes->recv_sack_cache, blocks, count * sizeof(blocks[0]));
}

void tcp_sack_cache_clear(struct tcp_sock *tp)
{
	if (tp->holes != &tcp_no_holes)
		memset(tp->holes->recv_sack_cache, 0, sizeof(tp->holes->recv_sack_cache));
}

static void sort_blocks(struct tcp_sack_block *blocks, u32 count)
{
	for (u32 i = 1; i < count; i++) {
		for (u32 j = i; j && before(blocks[j].start_seq, blocks[j - 1].start_seq); j--) {
			struct tcp_sack_block swap = blocks[j];

			blocks[j] = blocks[j - 1];
			blocks[j - 1] = swap;
		}
	}
}

/* Those that are right; the duplicate's is tagged at once.  Return: how many are left */
static u32 judge_blocks(struct tcp_sock *tp, struct tcp_sack_block *blocks, u32 count, bool dsack,
			struct tcp_sacktag_state *state)
{
	struct net *net = tcp_net_of(tp);
	u32 used = 0;

	for (u32 i = 0; i < count; i++) {
		bool dup_sack = dsack && !i;

		if (tcp_is_sackblock_valid(tp, dup_sack, blocks[i].start_seq, blocks[i].end_seq)) {
			if (dup_sack)
				sacktag_block(tp, &blocks[i], blocks[i].start_seq, true, state);
			else
				blocks[used++] = blocks[i];
		} else if (dup_sack) {
			if (!tp->undo_marker)
				TCP_INC(net, TCPDSACKIgnoredNoUndo);
			else
				TCP_INC(net, TCPDSACKIgnoredOld);
		} else {
			/* one that was acked meanwhile is no error */
			if (TCP_SKB_CB(tcp_skb_first(&tp->rtx_queue))->seq != tp->snd_una ||
			    after(blocks[i].end_seq, tp->snd_una))
				TCP_INC(net, TCPSACKDiscard);
		}
	}
	return used;
}

int tcp_sacktag_write_queue(struct tcp_sock *tp, const struct sk_buff *ack_skb, u32 prior_snd_una,
			    struct tcp_sacktag_state *state)
{
	struct tcp_sack_block blocks[TCP_NUM_SACKS];
	u32 count = sack_blocks(ack_skb, blocks);
	bool dsack;

	state->flag = 0;
	state->reord = tp->snd_nxt;
	if (!count)
		return 0;
	if (!tp->sacked_out) {
		tp->highest_sack_seq = tp->snd_una;
		tcp_sack_cache_clear(tp);
	}
	dsack = tcp_check_dsack(tp, ack_skb, blocks, count, prior_snd_una, state);
	/* too old to be told from one of the sequence space's next turn */
	if (before(TCP_SKB_CB(ack_skb)->ack_seq, prior_snd_una - tp->max_window))
		return 0;
	if (tp->packets_out) {
		count = judge_blocks(tp, blocks, count, dsack, state);
		sort_blocks(blocks, count);
		for (u32 i = 0; i < count; i++) {
			u32 from_seq = known_until(tp, &blocks[i]);

			if (before(from_seq, blocks[i].end_seq))
				sacktag_block(tp, &blocks[i], from_seq, false, state);
		}
		remember_blocks(tp, blocks, count);
		if (tp->ca_state != TCP_CA_Loss || tp->undo_marker)
			tcp_check_sack_reordering(tp, state->reord, 0);
	}
	tcp_verify_left_out(tp);
	return state->flag;
}
