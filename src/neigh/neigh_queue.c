// SPDX-License-Identifier: BSD-2-Clause
/* arp_queue: packets that wait for an address.
 *
 * @step S7 of S13   @rfc 1122 2.3.2.2, 4861 7.2.2   @linux arp_queue of struct neighbour
 *
 * Only an INCOMPLETE entry has a queue.  Its limit is in bytes of truesize; when a packet does not fit, the oldest
 * ones go, and the new one always stays: it is the one that somebody still waits for.  All queues of a table together
 * have a limit too, which Linux has not: a sweep with large packets fills no memory.
 */
#include "neigh/neigh_internal.h"

#define NEIGH_TABLE_QUEUE_BYTES (4U << 20)

static struct neigh_queue *neigh_queue_get(struct neighbour *n)
{
	struct neigh_queue *q = neigh_queue_of(n);

	if (q)
		return q;
	q = kmem_cache_alloc(&n->tbl->queue_cache);
	if (!q)
		return NULL;
	__skb_queue_head_init(&q->arp_queue);
	q->arp_queue_len_bytes = 0;
	n->hh_len = 0; /* the queue takes its place */
	n->queue = q;
	n->has_queue = 1;
	return q;
}

static bool neigh_queue_is_full(const struct neigh_table *tbl, const struct neigh_queue *q, u32 more_bytes,
				u32 limit_bytes)
{
	return q->arp_queue_len_bytes + more_bytes > limit_bytes ||
	       tbl->queued_bytes + more_bytes > NEIGH_TABLE_QUEUE_BYTES;
}

void neigh_queue_tail(struct neighbour *n, struct sk_buff *skb)
{
	u32 limit_bytes = (u32)NEIGH_VAR(neigh_parms_of(n), QUEUE_LEN_BYTES);
	struct neigh_queue *q = neigh_queue_get(n);
	struct sk_buff *oldest;

	if (!q) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return;
	}
	while (neigh_queue_is_full(n->tbl, q, skb->truesize, limit_bytes) && (oldest = __skb_dequeue(&q->arp_queue))) {
		q->arp_queue_len_bytes -= oldest->truesize;
		n->tbl->queued_bytes -= oldest->truesize;
		n->tbl->stats.unres_discards++;
		kfree_skb_reason(oldest, SKB_DROP_REASON_NEIGH_QUEUEFULL);
	}
	skb_dst_force(skb);
	__skb_queue_tail(&q->arp_queue, skb);
	q->arp_queue_len_bytes += skb->truesize;
	n->tbl->queued_bytes += skb->truesize;
	n->tbl->queued_peak_bytes = max_u32(n->tbl->queued_peak_bytes, n->tbl->queued_bytes);
}

void neigh_queue_steal(struct neighbour *n, struct sk_buff_head *list)
{
	struct neigh_queue *q = neigh_queue_of(n);
	struct sk_buff *skb;

	__skb_queue_head_init(list);
	if (!q)
		return;
	n->has_queue = 0;
	n->tbl->queued_bytes -= q->arp_queue_len_bytes;
	while ((skb = __skb_dequeue(&q->arp_queue)))
		__skb_queue_tail(list, skb);
	kmem_cache_free(&n->tbl->queue_cache, q);
}

void neigh_queue_purge(struct neighbour *n, enum skb_drop_reason reason)
{
	struct sk_buff_head waiting;

	neigh_queue_steal(n, &waiting);
	skb_queue_purge_reason(&waiting, reason);
}

/* The route may lead to another neighbour by now: ask it again. */
static void neigh_queue_send(struct neighbour *n, struct sk_buff *skb)
{
	struct dst_entry *dst = skb_dst(skb);
	struct neighbour *n1 = NULL;

	if (dst && dst->ops->neigh_lookup && !(dst->flags & DST_DEAD))
		n1 = dst->ops->neigh_lookup(dst, skb, NULL);
	if (!n1)
		n1 = neigh_get(n);
	(void)neigh_output_of(n1)(n1, skb);
	neigh_release(n1);
}

void neigh_queue_flush(struct neighbour *n)
{
	struct sk_buff_head waiting;
	struct sk_buff *skb;

	neigh_queue_steal(n, &waiting);
	while ((skb = __skb_dequeue(&waiting)))
		neigh_queue_send(n, skb);
}
