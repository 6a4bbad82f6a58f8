// SPDX-License-Identifier: BSD-2-Clause
/* The queue of segments that is a list and a tree. */
#include "tcp/tcp_skb.h"

static struct sk_buff *skb_of(struct rb_node *node)
{
	return rb_entry(node, struct sk_buff, rb);
}

/* Next to @prev there is a free place: after it, or, if somebody is there, before the one that followed. */
void tcp_skb_insert_after(struct tcp_skb_tree *t, struct sk_buff *prev, struct sk_buff *skb)
{
	struct sk_buff *next = prev ? tcp_skb_next(t, prev) : tcp_skb_first(t);

	if (prev && !prev->rb.child[1])
		rb_insert(&t->root, &skb->rb, &prev->rb, 1);
	else
		rb_insert(&t->root, &skb->rb, next ? &next->rb : NULL, 0);
	if (prev)
		__skb_insert(skb, prev, prev->next, &t->list);
	else
		__skb_queue_head(&t->list, skb);
}

void tcp_skb_remove(struct tcp_skb_tree *t, struct sk_buff *skb)
{
	rb_erase(&t->root, &skb->rb);
	__skb_unlink(skb, &t->list);
}

void tcp_skb_replace(struct tcp_skb_tree *t, struct sk_buff *old, struct sk_buff *new_)
{
	struct sk_buff *prev = old->prev;

	rb_replace(&t->root, &old->rb, &new_->rb);
	__skb_unlink(old, &t->list);
	__skb_insert(new_, prev, prev->next, &t->list);
}

struct sk_buff *tcp_skb_find(const struct tcp_skb_tree *t, u32 seq)
{
	struct rb_node *node = t->root.node;
	struct sk_buff *found = NULL;

	while (node) {
		struct sk_buff *skb = skb_of(node);
		bool begins_after = (s32)(TCP_SKB_CB(skb)->seq - seq) > 0;

		if (!begins_after)
			found = skb;
		node = node->child[!begins_after];
	}
	return found;
}
