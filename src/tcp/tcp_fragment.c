// SPDX-License-Identifier: BSD-2-Clause
/* Segments of the two queues: made, cut, trimmed, joined.
 *
 * @step S3 of S13   @linux net/ipv4/tcp_output.c: tcp_fragment, tcp_trim_head
 *
 * A queued segment has its octets in fragments, but for a few that fitted the head behind the room where its clones put their
 * headers.  Clones share head and fragments, so both are copied before they are changed (tcp_skb_unclone()).
 */
#include <string.h>

#include "tcp/tcp_output.h"
#include "wire/tcp.h"

#define TCP_TRAIN_TRUESIZE (65536U + 512U) /* of the largest train, with what a packet takes beside its octets */

struct sk_buff *tcp_stream_alloc_skb(struct tcp_sock *tp)
{
	struct sk_buff *skb = alloc_skb(tcp_net_of(tp)->skb_pool, MAX_TCP_HEADER);

	if (!skb)
		return NULL;
	skb_reserve(skb, MAX_TCP_HEADER);
	skb_header_release(skb);
	INIT_LIST_HEAD(&skb->by_time);
	skb->ip_summed = CHECKSUM_PARTIAL;
	tcp_wmem_charge(tp, skb);
	return skb;
}

/* Last of the write queue, still without octets. */
void tcp_skb_entail(struct tcp_sock *tp, struct sk_buff *skb)
{
	*TCP_SKB_CB(skb) = (struct tcp_skb_cb){
		.seq = tp->write_seq, .end_seq = tp->write_seq, .flags = TCPHDR_ACK, .gso_segs = 1
	};
	__skb_queue_tail(&tp->write_queue, skb);
	if (tp->nonagle & TCP_NAGLE_PUSH)
		tp->nonagle &= (u8)~TCP_NAGLE_PUSH;
}

int tcp_skb_unclone(struct sk_buff *skb)
{
	return skb->cloned && skb_shinfo(skb)->dataref > 1 ? pskb_expand_head(skb, 0, 0) : 0;
}

/* ------------------------------------------------------------------ cut */

/* Of the octets in the head of @skb those from @len_bytes on go to that of @to, which is as long. */
static void split_head(struct sk_buff *skb, struct sk_buff *to, u32 len_bytes)
{
	u32 head_bytes = skb_headlen(skb);

	if (len_bytes >= head_bytes)
		return;
	memcpy(skb_put(to, head_bytes - len_bytes), skb->data + len_bytes, head_bytes - len_bytes);
	skb->tail -= head_bytes - len_bytes;
}

/* The octets from @len_bytes on go to @to, which is empty; head and fragments are private. */
static void skb_split(struct sk_buff *skb, struct sk_buff *to, u32 len_bytes)
{
	struct skb_shared_info *from = skb_shinfo(skb), *rest = skb_shinfo(to);
	u32 pos = skb_headlen(skb), kept = 0, rest_bytes = skb->len - len_bytes;

	split_head(skb, to, len_bytes);

	for (u32 i = 0; i < from->nr_frags; i++) {
		skb_frag_t *f = &from->frags[i];
		u32 end = pos + f->len_bytes;

		if (end > len_bytes) {
			skb_frag_t *r = &rest->frags[rest->nr_frags++];

			*r = *f;
			if (pos < len_bytes) { /* on both sides */
				r->page->refcnt++;
				r->offset_bytes += len_bytes - pos;
				r->len_bytes -= len_bytes - pos;
				f->len_bytes = len_bytes - pos;
				kept++;
			}
		} else {
			kept++;
		}
		pos = end;
	}
	from->nr_frags = (u8)kept;
	to->data_len = rest_bytes - to->len;
	to->len = rest_bytes;
	skb->data_len -= to->data_len;
	skb->len = len_bytes;
}

void tcp_adjust_pcount(struct tcp_sock *tp, const struct sk_buff *skb, s32 decr)
{
	u8 sacked = TCP_SKB_CB(skb)->sacked;

	tp->packets_out -= (u32)decr;
	if (sacked & TCPCB_SACKED_ACKED)
		tp->sacked_out -= (u32)decr;
	if (sacked & TCPCB_SACKED_RETRANS)
		tp->retrans_out -= (u32)decr;
	if (sacked & TCPCB_LOST)
		tp->lost_out -= (u32)decr;
	if (tcp_is_reno(tp) && decr > 0) /* no segment of its own: the count follows the queue */
		tp->sacked_out -= min_u32(tp->sacked_out, (u32)decr);
	tcp_verify_left_out(tp);
}

/* The octet whose time is asked for lies in one of the two.  @linux tcp_fragment_tstamp */
static void split_tstamp(struct sk_buff *skb, struct sk_buff *rest)
{
	struct skb_shared_info *from = skb_shinfo(skb), *to = skb_shinfo(rest);

	if (before(from->tskey, TCP_SKB_CB(rest)->seq)) {
		TCP_SKB_CB(rest)->txstamp_ack = 0;
		return;
	}
	to->tx_flags = from->tx_flags;
	to->tskey = from->tskey;
	from->tx_flags = 0;
	TCP_SKB_CB(skb)->txstamp_ack = 0;
}

/* What the two parts inherit: only the last has FIN and PSH, both have the state of the scoreboard. */
static void split_cb(struct sk_buff *skb, struct sk_buff *rest, u32 len_bytes)
{
	struct tcp_skb_cb *a = TCP_SKB_CB(skb), *b = TCP_SKB_CB(rest);

	*b = *a;
	b->seq = a->seq + len_bytes;
	a->end_seq = b->seq;
	a->flags &= (u8) ~(TCPHDR_FIN | TCPHDR_PSH);
	a->eor = 0;
	b->flags &= (u8)~TCPHDR_CWR;
	rest->tstamp = skb->tstamp;
	a->zc_ends = 0;
	if (unlikely(skb_shinfo(skb)->tx_flags || a->txstamp_ack))
		split_tstamp(skb, rest);
}

/* CVE-2019-11478: a peer must not make us cut our whole buffer into crumbs.  What counts is what it holds: a program that fills up
 * the last train each time a part of it has left has far more there than the buffer is meant for.  Linux compares with the buffer
 * alone, and retransmits what such a program's peer has by SACK. */
static bool is_in_crumbs(const struct tcp_sock *tp)
{
	u32 holds = max_u32(tcp_sock_of(tp)->sndbuf_bytes, tp->write_seq - tp->snd_una);

	return (tp->wmem_queued_bytes >> 1) > holds + 2 * TCP_TRAIN_TRUESIZE;
}

int tcp_fragment(struct tcp_sock *tp, bool in_rtx_queue, struct sk_buff *skb, u32 len_bytes, u32 mss_now)
{
	struct sk_buff *rest;
	u32 old_pcount = tcp_skb_pcount(skb), share;
	s32 diff;

	assert(len_bytes && len_bytes < skb->len);
	if (unlikely(in_rtx_queue && is_in_crumbs(tp) && skb != tcp_skb_first(&tp->rtx_queue) &&
		     skb != tcp_skb_last(&tp->rtx_queue))) {
		TCP_INC(tcp_net_of(tp), TCPWqueueTooBig);
		return -ENOMEM;
	}
	if (tcp_skb_unclone(skb))
		return -ENOMEM;
	rest = tcp_stream_alloc_skb(tp);
	if (!rest)
		return -ENOMEM;
	share = (u32)((u64)(skb->truesize - rest->truesize) * (skb->len - len_bytes) / skb->len);
	if (skb->truesize > rest->truesize) {
		tcp_wmem_grow(tp, rest, share);
		tcp_wmem_shrink(tp, skb, share);
	}
	split_cb(skb, rest, len_bytes);
	skb_split(skb, rest, len_bytes);
	tcp_set_skb_tso_segs(skb, mss_now);
	tcp_set_skb_tso_segs(rest, mss_now);
	if (!in_rtx_queue) {
		__skb_insert(rest, skb, skb->next, &tp->write_queue);
		return 0;
	}
	diff = (s32)(old_pcount - tcp_skb_pcount(skb) - tcp_skb_pcount(rest));
	if (diff)
		tcp_adjust_pcount(tp, skb, diff);
	tcp_skb_insert_after(&tp->rtx_queue, skb, rest);
	if (!list_empty(&skb->by_time))
		list_add(&rest->by_time, &skb->by_time);
	return 0;
}

/* ------------------------------------------------------------------ trimmed */

/* The others move up: headers before them stay where they are aligned. */
static void trim_octets_of_head(struct sk_buff *skb, u32 len_bytes)
{
	memmove(skb->data, skb->data + len_bytes, skb_headlen(skb) - len_bytes);
	skb->tail -= len_bytes;
	skb->len -= len_bytes;
}

int tcp_trim_head(struct tcp_sock *tp, struct sk_buff *skb, u32 len_bytes)
{
	struct skb_shared_info *shinfo;
	u32 head_bytes = min_u32(len_bytes, skb_headlen(skb)), left = len_bytes - head_bytes, kept = 0;

	if (tcp_skb_unclone(skb))
		return -ENOMEM;
	shinfo = skb_shinfo(skb);
	trim_octets_of_head(skb, head_bytes);
	skb->len -= left;
	skb->data_len -= left;
	for (u32 i = 0; i < shinfo->nr_frags; i++) {
		skb_frag_t f = shinfo->frags[i];
		u32 cut = min_u32(left, f.len_bytes);

		left -= cut;
		if (cut == f.len_bytes) {
			skb_page_put(f.page);
			continue;
		}
		f.offset_bytes += cut;
		f.len_bytes -= cut;
		shinfo->frags[kept++] = f;
	}
	shinfo->nr_frags = (u8)kept;
	TCP_SKB_CB(skb)->seq += len_bytes;
	tcp_wmem_shrink(tp, skb, min_u32(len_bytes, skb->truesize - 1));
	if (tcp_skb_pcount(skb) > 1)
		tcp_set_skb_tso_segs(skb, tcp_skb_mss(skb));
	return 0;
}

/* ------------------------------------------------------------------ joined */

bool tcp_skb_collapse(struct sk_buff *to, struct sk_buff *from)
{
	struct skb_shared_info *a = skb_shinfo(to), *b = skb_shinfo(from);
	u32 head_bytes = skb_headlen(from);

	if (a->nr_frags + b->nr_frags + 1 > MAX_SKB_FRAGS || tcp_skb_unclone(to))
		return false;
	if (head_bytes && !tcp_skb_append_copy(to->pool->net, to, from->data, head_bytes))
		return false;
	a = skb_shinfo(to);
	for (u32 i = 0; i < b->nr_frags; i++) {
		a->frags[a->nr_frags] = b->frags[i];
		a->frags[a->nr_frags++].page->refcnt++;
	}
	to->len += from->data_len;
	to->data_len += from->data_len;
	TCP_SKB_CB(to)->zc_ends = (u16)(TCP_SKB_CB(to)->zc_ends + TCP_SKB_CB(from)->zc_ends);
	if (unlikely(b->tx_flags ||
		     TCP_SKB_CB(from)->txstamp_ack)) { /* of two the later; @linux tcp_skb_collapse_tstamp */
		a->tx_flags |= b->tx_flags;
		a->tskey = b->tskey;
		TCP_SKB_CB(to)->txstamp_ack |= TCP_SKB_CB(from)->txstamp_ack;
	}
	return true;
}
