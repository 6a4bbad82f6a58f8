/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments in queues: what TCP notes of each, and the queue that is also a tree.  @linux include/net/tcp.h */
#ifndef NETHOOD_TCP_TCP_SKB_H
#define NETHOOD_TCP_TCP_SKB_H

#include "base/rbtree.h"
#include "base/types.h"
#include "skb/skbuff.h"

/** struct tcp_skb_cb - skb->cb while TCP has the segment */
struct tcp_skb_cb {
	u32 seq;     /**< of the first octet */
	u32 end_seq; /**< seq + SYN + FIN + payload */
	union {
		struct { /* in the write or retransmission queue */
			u16 gso_segs, gso_size;
		};
		u32 ack_seq; /**< received: acknowledgment number */
	};
	u8 flags;      /**< TCPHDR_* */
	u8 sacked;     /**< TCPCB_*: state for the scoreboard */
	u8 ip_dsfield; /**< received: TOS */
	u8 eor : 1;    /**< MSG_EOR: nothing may be appended */
	u8 has_rxtstamp : 1;
	u8 txstamp_ack : 1; /**< SOF_TIMESTAMPING_TX_ACK: the time when the octet tskey is acknowledged */
	/* sent: state of the connection when it left.  @linux tcp_rate.c */
	u32 delivered, delivered_ce;
	ktime_t first_tx_mstamp, delivered_mstamp;
	u8 is_app_limited : 1;
	u16 zc_ends; /**< so many calls with MSG_ZEROCOPY have their last octet here */
};
#define TCP_SKB_CB(skb) ((struct tcp_skb_cb *)(void *)((skb)->cb))
static_assert(sizeof(struct tcp_skb_cb) <= 48, "cb has 48 octets");

#define TCPCB_SACKED_ACKED 0x01U   /**< SACK says that it arrived */
#define TCPCB_SACKED_RETRANS 0x02U /**< sent again */
#define TCPCB_LOST 0x04U
#define TCPCB_TAGBITS 0x07U
#define TCPCB_EVER_RETRANS 0x80U /**< sent again at some time */
#define TCPCB_RETRANS (TCPCB_SACKED_RETRANS | TCPCB_EVER_RETRANS)

/** struct tcp_skb_tree - segments in order of seq: a list to walk, a tree to find one */
struct tcp_skb_tree {
	struct sk_buff_head list;
	struct rb_root root;
};

static inline void tcp_skb_tree_init(struct tcp_skb_tree *t)
{
	__skb_queue_head_init(&t->list);
	t->root.node = NULL;
}
static inline struct sk_buff *tcp_skb_first(const struct tcp_skb_tree *t)
{
	return skb_peek(&t->list);
}
static inline struct sk_buff *tcp_skb_last(const struct tcp_skb_tree *t)
{
	return skb_peek_tail(&t->list);
}
/** tcp_skb_next() - the one after @skb; NULL: it is the last */
static inline struct sk_buff *tcp_skb_next(const struct tcp_skb_tree *t, const struct sk_buff *skb)
{
	return skb->next == (const struct sk_buff *)(const void *)&t->list ? NULL : skb->next;
}
static inline struct sk_buff *tcp_skb_prev(const struct tcp_skb_tree *t, const struct sk_buff *skb)
{
	return skb->prev == (const struct sk_buff *)(const void *)&t->list ? NULL : skb->prev;
}
static inline bool tcp_skb_tree_empty(const struct tcp_skb_tree *t)
{
	return skb_queue_empty(&t->list);
}
/** tcp_skb_insert_after() - @skb comes after @prev; NULL: first */
void tcp_skb_insert_after(struct tcp_skb_tree *t, struct sk_buff *prev, struct sk_buff *skb);
static inline void tcp_skb_append(struct tcp_skb_tree *t, struct sk_buff *skb)
{
	tcp_skb_insert_after(t, tcp_skb_last(t), skb);
}
void tcp_skb_remove(struct tcp_skb_tree *t, struct sk_buff *skb);
/** tcp_skb_replace() - @new_ stands where @old stood */
void tcp_skb_replace(struct tcp_skb_tree *t, struct sk_buff *old, struct sk_buff *new_);
/** tcp_skb_find() - the last one that begins at or before @seq; NULL: all begin after it */
struct sk_buff *tcp_skb_find(const struct tcp_skb_tree *t, u32 seq);

static inline u32 tcp_skb_pcount(const struct sk_buff *skb)
{
	return TCP_SKB_CB(skb)->gso_segs;
}
static inline u32 tcp_skb_mss(const struct sk_buff *skb)
{
	return TCP_SKB_CB(skb)->gso_size;
}

#endif
