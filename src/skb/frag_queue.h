/* SPDX-License-Identifier: BSD-2-Clause */
/* The fragments of one datagram, while it is put together: what both families do alike.
 *
 * @rfc 815, 5722, 3168 5.3   @linux include/net/inet_frag.h
 *
 * A queue has one bit for each eight octets that it holds.  So a fragment is new (no bit set), a duplicate (all set) or
 * an overlap (some set: then nothing of the datagram can be trusted) by looking at its own bits only, whatever the
 * order in which fragments come; they are sorted once, at the end.
 */
#ifndef NETHOOD_SKB_FRAG_QUEUE_H
#define NETHOOD_SKB_FRAG_QUEUE_H

#include "base/types.h"
#include "skb/skbuff.h"

#define FRAG_QUEUE_MAX_BYTES 65535U
#define FRAG_QUEUE_UNITS ((FRAG_QUEUE_MAX_BYTES + 7) / 8)

struct frag_queue {
	struct sk_buff *first, *last; /**< in order of arrival */
	u32 len_bytes;                /**< of the payload, as far as known */
	u32 meat_bytes;               /**< that are here */
	u32 max_bytes;                /**< largest packet that brought one */
	u8 ecn;                       /**< bit n: a fragment with ECN field n */
	bool last_in, first_in;
	u64 present[FRAG_QUEUE_UNITS / 64 + 1];
};

/** struct frag_cb - skb->cb of a fragment that waits */
struct frag_cb {
	u8 of_family[40]; /**< IPCB(), IP6CB() stay what they are */
	u32 offset_bytes, len_bytes;
};
#define FRAG_CB(skb) ((struct frag_cb *)(void *)((skb)->cb))
static_assert(sizeof(struct frag_cb) <= sizeof(((struct sk_buff *)0)->cb), "it lies in cb");

/** frag_queue_learn_end() - where the datagram ends, by what a fragment says.  Return: false when it contradicts the others */
bool frag_queue_learn_end(struct frag_queue *q, bool more, u32 end_bytes);

enum frag_fit { FRAG_NEW, FRAG_DUPLICATE, FRAG_OVERLAP };
/** frag_queue_mark() - what of it is new; noted if all is */
enum frag_fit frag_queue_mark(struct frag_queue *q, u32 offset_bytes, u32 end_bytes);
/** frag_queue_append() - @skb (taken): data at its part of the payload; @packet_bytes: what brought it */
void frag_queue_append(struct frag_queue *q, struct sk_buff *skb, u32 offset_bytes, u32 packet_bytes, u8 tos);
static inline bool frag_queue_complete(const struct frag_queue *q)
{
	return q->first_in && q->last_in && q->meat_bytes == q->len_bytes;
}
/** frag_queue_at_zero() - the first fragment; borrowed, NULL: it has not come */
struct sk_buff *frag_queue_at_zero(const struct frag_queue *q);
/** frag_queue_sort() - by offset */
void frag_queue_sort(struct frag_queue *q);
/** frag_queue_ecn() - the mark of the whole.  Return: false: such that speak ECN and such that do not are no datagram */
bool frag_queue_ecn(const struct frag_queue *q, u8 *ecn);
/** frag_queue_join() - those behind the first one, sorted, become its frag_list.  Return: it; the queue is empty */
struct sk_buff *frag_queue_join(struct frag_queue *q);
/** frag_queue_purge() - nothing of it will be delivered */
void frag_queue_purge(struct frag_queue *q, enum skb_drop_reason reason);

#endif
