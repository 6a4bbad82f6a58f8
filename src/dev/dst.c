// SPDX-License-Identifier: BSD-2-Clause
/* dst_entry: end of a route's references.  @linux net/core/dst.c */
#include "dev/dst.h"

#include "dev/dev_internal.h"

static void dst_destroy_rcu(struct rcu_head *head)
{
	struct dst_entry *dst = container_of(head, struct dst_entry, rcu);

	dst->ops->destroy(dst);
}

void dst_release(struct dst_entry *dst)
{
	if (!dst)
		return;
	assert(dst->refcnt > 0);
	if (--dst->refcnt == 0)
		rcu_defer_free(&dst->dev->net->rcu, &dst->rcu, dst_destroy_rcu);
}

static void skb_dst_hold(struct dst_entry *dst)
{
	dst_get(dst);
}

const struct skb_dst_ops dst_skb_ops = {
	.hold = skb_dst_hold,
	.release = dst_release,
};
