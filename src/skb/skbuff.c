// SPDX-License-Identifier: BSD-2-Clause
/* sk_buff: birth, clones, copies, death.
 *
 * @linux net/core/skbuff.c
 *
 * Reading order: alloc_skb_at(), skb_clone(), pskb_expand_head(), then the two ways to end: consume_skb(),
 * kfree_skb_reason_at().
 */
#include "skb/skbuff.h"

#include <errno.h>
#include <sys/select.h> /* struct timespec, which the next one wants */

#include <linux/errqueue.h>

#include "skb/skb_internal.h"

/* ------------------------------------------------------------------ birth */

void skb_head_setup(struct sk_buff *skb, u8 *head, u32 head_bytes)
{
	struct skb_shared_info *shinfo;

	skb->head = head;
	skb->end = head_bytes - SKB_SHINFO_BYTES;
	shinfo = skb_shinfo(skb);
	memset(shinfo, 0, offsetof(struct skb_shared_info, frags));
	shinfo->dataref = 1;
	shinfo->head_bytes = head_bytes;
}

/* Line by line: for a whole structure compilers choose an instruction that takes longer to start than to work. */
static inline void clear_lines(struct sk_buff *skb)
{
	u8 *p = (u8 *)skb;

	static_assert(offsetof(struct sk_buff, rb) <= 3 * 64, "three cache lines");
	memset(p, 0, 64);
	memset(p + 64, 0, 64);
	memset(p + 128, 0, 64);
}

static void skb_counted(struct skb_pool *pool)
{
	pool->stats.allocated++;
	pool->stats.live++;
}

static inline struct sk_buff *skb_made(struct skb_pool *pool, struct sk_buff *skb, u8 *head, u32 head_bytes)
{
	clear_lines(skb);
	skb->pool = pool;
	skb->refcnt = 1;
	skb->mac_header = skb->network_header = skb->transport_header = SKB_HEADER_UNSET;
	skb_head_setup(skb, head, head_bytes);
	skb->data = head;
	skb->truesize = SKB_OVERHEAD_BYTES + head_bytes;
	skb->id = ++pool->next_id;
	skb_counted(pool);
	return skb;
}

static __noinline struct sk_buff *alloc_skb_slow(struct skb_pool *pool, u32 head_bytes, const char *site)
{
	struct sk_buff *skb;
	u8 *head;

	skb = kmem_cache_alloc_at(&pool->priv->skbs, site);
	if (unlikely(!skb))
		return NULL;
	head = skb_head_alloc(pool, head_bytes, site);
	if (unlikely(!head)) {
		kmem_cache_free(&pool->priv->skbs, skb);
		return NULL;
	}
	return skb_made(pool, skb, head, head_bytes);
}

/* Nearly always both lie ready, and nobody is to be asked whether they may be had: then nobody is called. */
struct sk_buff *alloc_skb_at(struct skb_pool *pool, u32 size_bytes, const char *site)
{
	struct kmem_cache *skbs = &pool->priv->skbs, *heads;
	u32 head_bytes;

	if (unlikely(size_bytes > SKB_MAX_ALLOC_BYTES))
		return NULL;
	head_bytes = skb_head_bytes(size_bytes);
	heads = head_cache(pool, head_bytes);
	if (unlikely(!heads) || !kmem_cache_is_ready(heads) || !kmem_cache_is_ready(skbs))
		return alloc_skb_slow(pool, head_bytes, site);
	return skb_made(pool, kmem_cache_take(skbs), kmem_cache_take(heads), head_bytes);
}

/* ------------------------------------------------------------------ clones and copies */

struct sk_buff *skb_clone(struct sk_buff *skb)
{
	struct sk_buff *clone = kmem_cache_alloc(&skb->pool->priv->skbs);

	if (!clone)
		return NULL;
	memcpy(clone, skb, offsetof(struct sk_buff, rb));
	clone->nohdr = 0;
	clone->next = clone->prev = NULL;
	clone->sk = NULL;
	clone->destructor = NULL;
	clone->refcnt = 1;
	skb_dst_copy(clone, skb);
	skb_shinfo(skb)->dataref++;
	skb->cloned = clone->cloned = 1;
	skb_counted(skb->pool);
	return clone;
}

void skb_move_owner(struct sk_buff *to, struct sk_buff *from)
{
	u32 truesize = to->truesize;

	skb_shinfo(to)->tx_flags = skb_shinfo(from)->tx_flags;
	skb_shinfo(to)->tskey = skb_shinfo(from)->tskey;
	skb_shinfo(from)->tx_flags = 0;
	if (!from->destructor)
		return;
	to->sk = from->sk;
	to->destructor = from->destructor;
	to->truesize = from->truesize;
	from->sk = NULL;
	from->destructor = NULL;
	from->truesize = truesize;
}

void skb_tx_timestamp_slow(struct sk_buff *skb, u8 place, int ifindex)
{
	skb_shinfo(skb)->tx_flags &= (u8)~place;
	if (skb->sk)
		skb->pool->tstamp_tx(skb->sk, skb, ifindex,
				     place == SKBTX_SCHED_TSTAMP ? SCM_TSTAMP_SCHED : SCM_TSTAMP_SND);
}

void skb_copy_header(struct sk_buff *to, const struct sk_buff *from, s32 shift)
{
	to->dev = from->dev;
	skb_dst_copy(to, from);
	to->protocol = from->protocol;
	to->pkt_type = from->pkt_type;
	to->ip_summed = from->ip_summed;
	to->dst_pending_confirm = from->dst_pending_confirm;
	to->ignore_df = from->ignore_df;
	to->queue_mapping = from->queue_mapping;
	to->hash = from->hash;
	to->priority = from->priority;
	to->mark = from->mark;
	to->csum = from->csum;
	to->skb_iif = from->skb_iif;
	to->tstamp = from->tstamp;
	to->id = from->id;
	memcpy(to->cb, from->cb, sizeof(to->cb));
	to->mac_header = from->mac_header;
	to->network_header = from->network_header;
	to->transport_header = from->transport_header;
	skb_headers_move(to, shift);
}

struct sk_buff *skb_copy_expand(const struct sk_buff *skb, u32 headroom, u32 tailroom)
{
	struct sk_buff *copy = alloc_skb(skb->pool, headroom + skb->len + tailroom);
	s32 shift = (s32)headroom - (s32)skb_headroom(skb);
	u32 above = headroom < skb_headroom(skb) ? headroom : skb_headroom(skb);

	if (!copy)
		return NULL;
	skb_reserve(copy, headroom);
	memcpy(copy->data - above, skb->data - above, above); /* headers of lower layers */
	if (skb_copy_bits(skb, 0, skb_put(copy, skb->len), skb->len)) {
		kfree_skb_reason(copy, SKB_DROP_REASON_NOMEM);
		return NULL;
	}
	skb_copy_header(copy, skb, shift);
	skb_shinfo(copy)->gso_size = skb_shinfo(skb)->gso_size;
	skb_shinfo(copy)->gso_segs = skb_shinfo(skb)->gso_segs;
	skb_shinfo(copy)->gso_type = skb_shinfo(skb)->gso_type;
	return copy;
}

/* A header that the copy has no room for is not there any more. */
static u16 header_moved(u16 header, s32 shift)
{
	s32 moved = (s32)header + shift;

	return header == SKB_HEADER_UNSET || moved < 0 || moved >= (s32)SKB_HEADER_UNSET ? SKB_HEADER_UNSET
											 : (u16)moved;
}

void skb_headers_move(struct sk_buff *skb, s32 shift)
{
	skb->mac_header = header_moved(skb->mac_header, shift);
	skb->network_header = header_moved(skb->network_header, shift);
	skb->transport_header = header_moved(skb->transport_header, shift);
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		skb->csum_start = (u16)(skb->csum_start + shift);
}

/* The new head shares the fragments with the old one, which may live on in a clone. */
static void shinfo_share(struct skb_shared_info *to, const struct skb_shared_info *from)
{
	u32 head_bytes = to->head_bytes;

	memcpy(to, from, offsetof(struct skb_shared_info, frags) + from->nr_frags * sizeof(skb_frag_t));
	to->dataref = 1;
	to->nohdr_count = 0;
	to->head_bytes = head_bytes;
	for (u32 i = 0; i < to->nr_frags; i++)
		to->frags[i].page->refcnt++;
	for (struct sk_buff *f = to->frag_list; f; f = f->next)
		skb_get(f);
}

int pskb_expand_head(struct sk_buff *skb, u32 more_headroom, u32 more_tailroom)
{
	u32 size_bytes = skb->end + more_headroom + more_tailroom;
	u32 head_bytes = skb_head_bytes(size_bytes);
	u32 data_offset = skb_headroom(skb);
	u32 old_bytes = skb_shinfo(skb)->head_bytes;
	struct sk_buff old = *skb;
	u8 *head;

	if (size_bytes > SKB_MAX_ALLOC_BYTES)
		return -ENOMEM;
	head = skb_head_alloc(skb->pool, head_bytes, MEM_SITE);
	if (!head)
		return -ENOMEM;
	memcpy(head + more_headroom, skb->head, skb->tail);
	skb_head_setup(skb, head, head_bytes);
	shinfo_share(skb_shinfo(skb), skb_shinfo(&old));
	skb->data = head + data_offset + more_headroom;
	skb->tail += more_headroom;
	skb_headers_move(skb, (s32)more_headroom);
	skb->cloned = 0;
	if (skb->nohdr)
		skb_shinfo(skb)->nohdr_count = 1;
	skb_release_data(&old);
	if (!skb->destructor) /* an owner was charged what it was charged */
		skb->truesize += head_bytes - old_bytes;
	return 0;
}

int skb_cow_head(struct sk_buff *skb, u32 headroom)
{
	u32 have = skb_headroom(skb);

	if (likely(!skb_header_cloned(skb) && headroom <= have))
		return 0;
	return pskb_expand_head(skb, headroom > have ? ALIGN_UP(headroom - have, 32U) : 0, 0);
}

/* ------------------------------------------------------------------ death */

void skb_orphan(struct sk_buff *skb)
{
	if (skb->destructor) {
		skb->destructor(skb);
		skb->destructor = NULL;
	}
	skb->sk = NULL;
}

static void shinfo_release(struct skb_shared_info *shinfo)
{
	struct sk_buff *f = shinfo->frag_list;

	for (u32 i = 0; i < shinfo->nr_frags; i++)
		skb_page_put(shinfo->frags[i].page);
	while (f) {
		struct sk_buff *next = f->next;

		consume_skb(f);
		f = next;
	}
}

void skb_release_data(struct sk_buff *skb)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (unlikely(skb->nohdr))
		shinfo->nohdr_count--;
	if (--shinfo->dataref)
		return;
	if (unlikely(shinfo->nr_frags || shinfo->frag_list))
		shinfo_release(shinfo);
	skb_head_free(skb->pool, skb->head, shinfo->head_bytes);
}

static inline __attribute__((always_inline)) void skb_free(struct sk_buff *skb)
{
	struct skb_pool *pool = skb->pool;

	skb_dst_drop(skb);
	if (skb->destructor)
		skb->destructor(skb);
	skb_release_data(skb);
	pool->stats.live--;
	kmem_cache_free(&pool->priv->skbs, skb);
}

void consume_skb(struct sk_buff *skb)
{
	if (!skb || --skb->refcnt)
		return;
	skb->pool->stats.consumed++;
	skb_free(skb);
}

void kfree_skb_reason_at(struct sk_buff *skb, enum skb_drop_reason reason, const struct skb_trace_point *at)
{
	if (!skb || --skb->refcnt)
		return;
	skb_count_drop(skb->pool, at, reason);
	if (unlikely(skb->pool->tracer))
		skb->pool->tracer->drop(skb->pool->tracer->ctx, at, skb, reason);
	skb_free(skb);
}

void skb_trace_hop(const struct skb_trace_point *at, const struct sk_buff *skb)
{
	skb->pool->tracer->hop(skb->pool->tracer->ctx, at, skb);
}

/* ------------------------------------------------------------------ queues */

void skb_queue_purge_reason(struct sk_buff_head *q, enum skb_drop_reason reason)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(q)))
		kfree_skb_reason(skb, reason);
}
