// SPDX-License-Identifier: BSD-2-Clause
/* Notifications for a listener that lags: one about a neighbour takes the place of the one before it.
 *
 * @rfc none   @linux none: there each change is told until the buffer is full, then none
 *
 * A listener lags when more than half of its buffer waits to be read.  From then on, what waits about one neighbour is
 * its last change, so that what a listener can lose is bounded by the number of neighbours, not of changes.  One that
 * keeps up hears each change, as in Linux.
 *
 * A listener that lost something asks for a dump, as it must in Linux.  What then still waits from before the loss goes:
 * read after the dump was asked for, it would bring back what the dump no longer shows.
 */
#include <linux/rtnetlink.h>
#include <string.h>

#include "netlink/netlink_internal.h"

#define NEWS_MIN_SLOTS 8

static bool netlink_lags(const struct netlink_sock *nlk)
{
	return nlk->sk.rmem_alloc_bytes > nlk->sk.rcvbuf_bytes / 2;
}

static bool same_subject(const void *obj, const void *key)
{
	const struct sk_buff *skb = obj;

	return memcmp(&NETLINK_CB(skb)->subject, key, sizeof(struct nl_subject)) == 0;
}

void netlink_news_init(struct netlink_sock *nlk)
{
	struct net *net = nlk->sk.net;

	htable_init(&nlk->news, net->mem, &net->rng, NEWS_MIN_SLOTS);
}

void netlink_news_read(struct netlink_sock *nlk, struct sk_buff *skb)
{
	struct netlink_skb_parms *parms = NETLINK_CB(skb);

	if (parms->news_hash)
		htable_remove(&nlk->news, parms->news_hash, skb);
	parms->news_hash = 0;
}

static void news_drop(struct netlink_sock *nlk, struct sk_buff *skb)
{
	netlink_news_read(nlk, skb);
	__skb_unlink(skb, &nlk->sk.receive_queue);
	kfree_skb_reason(skb, SKB_DROP_REASON_NETLINK_SUPERSEDED);
}

void netlink_news_supersede(struct netlink_sock *nlk, struct sk_buff *skb)
{
	struct netlink_skb_parms *parms = NETLINK_CB(skb);
	struct sk_buff *older;

	parms->news_hash = 0;
	if (likely(!parms->subject.family || !netlink_lags(nlk)))
		return;
	parms->news_hash = htable_hash_bytes(&nlk->news, &parms->subject, sizeof(parms->subject));
	older = htable_lookup(&nlk->news, parms->news_hash, same_subject, &parms->subject);
	if (older)
		news_drop(nlk, older);
	if (htable_insert(&nlk->news, parms->news_hash, skb))
		parms->news_hash = 0; /* no memory: all goes on as without the table */
}

/* Which notifications a dump makes superfluous. */
static u32 group_of_dump(u16 type)
{
	static const struct {
		u16 type;
		u32 group;
	} rows[] = {
		{ RTM_GETLINK, RTNLGRP_LINK },        { RTM_GETADDR, RTNLGRP_IPV4_IFADDR },
		{ RTM_GETROUTE, RTNLGRP_IPV4_ROUTE }, { RTM_GETNEIGH, RTNLGRP_NEIGH },
		{ RTM_GETRULE, RTNLGRP_IPV4_RULE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].type == type)
			return rows[i].group;
	}
	return RTNLGRP_NONE;
}

void netlink_news_resync(struct netlink_sock *nlk, u16 dump_type)
{
	struct sk_buff_head *queue = &nlk->sk.receive_queue;
	struct sk_buff *const end = (struct sk_buff *)(void *)queue, *skb, *next;
	u32 group = group_of_dump(dump_type);

	if (!(nlk->flags & NETLINK_F_CONGESTED))
		return;
	nlk->flags &= ~(u32)NETLINK_F_CONGESTED;
	for (skb = queue->next; skb != end && group; skb = next) {
		next = skb->next;
		if (NETLINK_CB(skb)->group == group)
			news_drop(nlk, skb);
	}
}

static void news_forget(void *ctx, void *obj)
{
	netlink_news_read(ctx, obj);
}

void netlink_news_fini(struct netlink_sock *nlk)
{
	(void)htable_scan(&nlk->news, 0, UINT32_MAX, news_forget, nlk);
	htable_fini(&nlk->news);
}
