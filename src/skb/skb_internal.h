/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of skb/ know of each other. */
#ifndef NETHOOD_SKB_INTERNAL_H
#define NETHOOD_SKB_INTERNAL_H

#include "skb/skbuff.h"

#define SKB_SHINFO_BYTES 320U     /* what Linux counts for skb_shared_info */
#define SKB_OVERHEAD_BYTES 256U   /* and for sk_buff */
#define SKB_SMALL_HEAD_BYTES 576U /* its smallest head buffer */
static_assert(sizeof(struct skb_shared_info) <= SKB_SHINFO_BYTES, "truesize is the truth");
static_assert(sizeof(struct sk_buff) <= SKB_OVERHEAD_BYTES, "truesize is the truth");

/** Sizes of head buffers: 576, 1024, 2048, 4096, 8192; larger powers of two come from the heap */
#define SKB_HEAD_CLASSES 5

/** struct skb_drop_sites - rows in order of first appearance; most nets know a few places */
struct skb_drop_sites {
	struct skb_drop_site *row; /**< NULL: nothing was dropped yet */
	u16 *row_at;               /**< by hash of place and reason: row + 1, 0: none; twice as many as rows */
	u32 count, room;           /**< rows; @room is a power of two */
};

struct skb_pool_private {
	struct kmem_cache skbs;
	struct kmem_cache heads[SKB_HEAD_CLASSES];
	u32 live_pages;
	struct skb_drop_sites sites;
	u64 sites_missed; /**< drops at places that found no row */
};

/** skb_head_bytes() - of the buffer for @size_bytes of data */
static inline u32 skb_head_bytes(u32 size_bytes)
{
	u32 want = ALIGN_UP(size_bytes, 64U) + SKB_SHINFO_BYTES;

	return want <= SKB_SMALL_HEAD_BYTES ? SKB_SMALL_HEAD_BYTES : 1U << (32 - __builtin_clz(want - 1));
}

/** head_cache() - where buffers of @head_bytes come from; NULL: the heap */
static inline struct kmem_cache *head_cache(struct skb_pool *pool, u32 head_bytes)
{
	u32 i = head_bytes == SKB_SMALL_HEAD_BYTES ? 0 : (u32)__builtin_ctz(head_bytes) - 9;

	return i < SKB_HEAD_CLASSES ? &pool->priv->heads[i] : NULL;
}

static inline u8 *skb_head_alloc(struct skb_pool *pool, u32 head_bytes, const char *site)
{
	struct kmem_cache *cache = head_cache(pool, head_bytes);

	if (cache)
		return (u8 *)kmem_cache_alloc_at(cache, site);
	return (u8 *)mem_alloc_at(pool->mem, head_bytes, site);
}

static inline void skb_head_free(struct skb_pool *pool, u8 *head, u32 head_bytes)
{
	struct kmem_cache *cache = head_cache(pool, head_bytes);

	if (cache)
		kmem_cache_free(cache, head);
	else
		mem_free(pool->mem, head, head_bytes);
}

/** skb_head_setup() - shared info of a new head buffer */
void skb_head_setup(struct sk_buff *skb, u8 *head, u32 head_bytes);
/** skb_release_data() - give up the share of head and fragments */
void skb_release_data(struct sk_buff *skb);
/** skb_copy_header() - everything but data, lists, owner and accounting; the offsets move by @shift */
void skb_copy_header(struct sk_buff *to, const struct sk_buff *from, s32 shift);
void skb_count_drop(struct skb_pool *pool, const struct skb_trace_point *at, enum skb_drop_reason reason);

/** skb_walk() - every piece of a range, in order; @fn non-zero stops.  Return: 0, what @fn said, -EFAULT: range outside */
typedef int (*skb_walk_fn)(void *ctx, u8 *p, u32 len_bytes);
int skb_walk(const struct sk_buff *skb, u32 offset_bytes, u32 len_bytes, skb_walk_fn fn, void *ctx);

#endif
