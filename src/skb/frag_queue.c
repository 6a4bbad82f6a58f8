// SPDX-License-Identifier: BSD-2-Clause
/* The fragments of one datagram: see frag_queue.h.  @rfc 815, 5722, 3168 5.3   @linux net/ipv4/inet_fragment.c */
#include "skb/frag_queue.h"

/* ------------------------------------------------------------------ one more */

/* Of the 64 units of word @word, those from @first to @last. */
static u64 unit_mask(u32 word, u32 first, u32 last)
{
	u64 mask = ~0ULL;

	if (word == first / 64)
		mask &= ~0ULL << (first % 64);
	if (word == last / 64)
		mask &= ~0ULL >> (63 - last % 64);
	return mask;
}

enum frag_fit frag_queue_mark(struct frag_queue *q, u32 offset_bytes, u32 end_bytes)
{
	u32 first = offset_bytes / 8, last = (end_bytes - 1) / 8;
	u64 here = 0, missing = 0;

	for (u32 w = first / 64; w <= last / 64; w++) {
		u64 mask = unit_mask(w, first, last);

		here |= q->present[w] & mask;
		missing |= ~q->present[w] & mask;
	}
	if (here)
		return missing ? FRAG_OVERLAP : FRAG_DUPLICATE;
	for (u32 w = first / 64; w <= last / 64; w++)
		q->present[w] |= unit_mask(w, first, last);
	return FRAG_NEW;
}

bool frag_queue_learn_end(struct frag_queue *q, bool more, u32 end_bytes)
{
	if (!more) {
		if (end_bytes < q->len_bytes || (q->last_in && end_bytes != q->len_bytes))
			return false;
		q->last_in = true;
		q->len_bytes = end_bytes;
		return true;
	}
	if (end_bytes > q->len_bytes) {
		if (q->last_in)
			return false;
		q->len_bytes = end_bytes;
	}
	return true;
}

void frag_queue_append(struct frag_queue *q, struct sk_buff *skb, u32 offset_bytes, u32 packet_bytes, u8 tos)
{
	FRAG_CB(skb)->offset_bytes = offset_bytes;
	FRAG_CB(skb)->len_bytes = skb->len;
	skb->next = NULL;
	if (q->last)
		q->last->next = skb;
	else
		q->first = skb;
	q->last = skb;
	q->meat_bytes += skb->len;
	q->first_in |= offset_bytes == 0;
	q->ecn |= (u8)(1U << (tos & 3));
	q->max_bytes = max_u32(q->max_bytes, packet_bytes);
}

struct sk_buff *frag_queue_at_zero(const struct frag_queue *q)
{
	struct sk_buff *skb = q->first;

	while (skb && FRAG_CB(skb)->offset_bytes)
		skb = skb->next;
	return skb;
}

void frag_queue_purge(struct frag_queue *q, enum skb_drop_reason reason)
{
	struct sk_buff *skb = q->first;

	while (skb) {
		struct sk_buff *next = skb->next;

		skb->next = NULL;
		kfree_skb_reason(skb, reason);
		skb = next;
	}
	q->first = q->last = NULL;
}

/* ------------------------------------------------------------------ the whole again */

static struct sk_buff *merge_by_offset(struct sk_buff *a, struct sk_buff *b)
{
	struct sk_buff *head = NULL, **tail = &head;

	while (a && b) {
		struct sk_buff **from = FRAG_CB(a)->offset_bytes <= FRAG_CB(b)->offset_bytes ? &a : &b;

		*tail = *from;
		tail = &(*from)->next;
		*from = (*from)->next;
	}
	*tail = a ? a : b;
	return head;
}

/* Bottom-up merge sort: fragments that came in order cost one comparison each. */
static struct sk_buff *sort_by_offset(struct sk_buff *list)
{
	struct sk_buff *runs[16] = { NULL };
	struct sk_buff *sorted = NULL;
	u32 i;

	while (list) {
		struct sk_buff *run = list;

		list = list->next;
		run->next = NULL;
		for (i = 0; i < ARRAY_SIZE(runs) - 1 && runs[i]; i++) {
			run = merge_by_offset(runs[i], run);
			runs[i] = NULL;
		}
		runs[i] = runs[i] ? merge_by_offset(runs[i], run) : run;
	}
	for (i = 0; i < ARRAY_SIZE(runs); i++)
		sorted = merge_by_offset(runs[i], sorted);
	return sorted;
}

/* RFC 3168 5.3: congestion marks survive; fragments that speak ECN and such that do not are no datagram. */
bool frag_queue_ecn(const struct frag_queue *q, u8 *ecn)
{
	const u8 not_ect = 1U << 0, ce = 1U << 3;

	if ((q->ecn & not_ect) && q->ecn != not_ect)
		return false;
	*ecn = q->ecn & ce ? 3 : 0;
	return true;
}

void frag_queue_sort(struct frag_queue *q)
{
	q->first = sort_by_offset(q->first);
}

struct sk_buff *frag_queue_join(struct frag_queue *q)
{
	struct sk_buff *head = q->first, *rest = head->next;

	head->next = NULL;
	skb_shinfo(head)->frag_list = rest;
	for (struct sk_buff *f = rest; f; f = f->next) {
		head->len += f->len;
		head->data_len += f->len;
		head->truesize += f->truesize;
		f->dev = NULL;
	}
	head->ip_summed = CHECKSUM_NONE;
	q->first = q->last = NULL;
	return head;
}
