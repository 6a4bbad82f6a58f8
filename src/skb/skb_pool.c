// SPDX-License-Identifier: BSD-2-Clause
/* Where skbs come from and go to: caches, pages, and the ledger.
 *
 * Head buffers come in Linux's sizes, so that truesize, by which queues are limited, means the same here and there.
 */
#include <errno.h>

#include "skb/skb_internal.h"

u32 skb_truesize(u32 size_bytes)
{
	return SKB_OVERHEAD_BYTES + skb_head_bytes(size_bytes);
}

int skb_pool_create(struct mem *mem, struct net *net, struct skb_pool **out)
{
	struct skb_pool *pool = mem_zalloc(mem, sizeof(*pool));
	struct skb_pool_private *priv;

	if (!pool)
		return -ENOMEM;
	priv = mem_zalloc(mem, sizeof(*priv));
	if (!priv) {
		mem_free(mem, pool, sizeof(*pool));
		return -ENOMEM;
	}
	pool->mem = mem;
	pool->net = net;
	pool->priv = priv;
	kmem_cache_init(&priv->skbs, mem, "skbuff", sizeof(struct sk_buff), 64);
	for (u32 i = 0; i < SKB_HEAD_CLASSES; i++)
		kmem_cache_init(&priv->heads[i], mem, "skbuff_head", i ? 512U << i : SKB_SMALL_HEAD_BYTES, 64);
	*out = pool;
	return 0;
}

static size_t drop_sites_bytes(const struct skb_drop_sites *sites)
{
	return sites->room * (sizeof(*sites->row) + 2 * sizeof(*sites->row_at));
}

static void drop_sites_free(struct mem *mem, struct skb_drop_sites *sites)
{
	mem_free(mem, sites->row, drop_sites_bytes(sites));
}

static u64 skb_stats_dropped(const struct skb_stats *s)
{
	u64 sum = 0;

	for (u32 i = 0; i < SKB_DROP_REASON_MAX; i++)
		sum += s->dropped[i];
	return sum;
}

void skb_pool_destroy(struct skb_pool *pool)
{
	struct skb_pool_private *priv = pool->priv;

	assert(pool->stats.live == 0);
	assert(pool->stats.allocated == pool->stats.consumed + skb_stats_dropped(&pool->stats));
	assert(priv->live_pages == 0);
	for (u32 i = 0; i < SKB_HEAD_CLASSES; i++)
		kmem_cache_fini(&priv->heads[i]);
	kmem_cache_fini(&priv->skbs);
	drop_sites_free(pool->mem, &priv->sites);
	mem_free(pool->mem, priv, sizeof(*priv));
	mem_free(pool->mem, pool, sizeof(*pool));
}

/* ------------------------------------------------------------------ pages */

struct skb_page *skb_page_alloc(struct skb_pool *pool, u32 size_bytes)
{
	struct skb_page *page = mem_alloc(pool->mem, sizeof(*page) + size_bytes);

	if (!page)
		return NULL;
	*page = (struct skb_page){ .refcnt = 1, .size_bytes = size_bytes, .data = (u8 *)(page + 1), .pool = pool };
	pool->priv->live_pages++;
	return page;
}

void skb_page_wrap(struct skb_page *page, struct skb_pool *pool, const void *data, u32 size_bytes,
		   void (*unwrapped)(struct skb_page *page))
{
	*page = (struct skb_page){ .refcnt = 1,
				   .size_bytes = size_bytes,
				   .data = (u8 *)(uintptr_t)data,
				   .pool = pool,
				   .unwrapped = unwrapped };
	pool->priv->live_pages++;
}

void skb_page_put(struct skb_page *page)
{
	if (--page->refcnt)
		return;
	page->pool->priv->live_pages--;
	if (page->unwrapped)
		page->unwrapped(page);
	else
		mem_free(page->pool->mem, page, sizeof(*page) + page->size_bytes);
}

/* ------------------------------------------------------------------ drops by place */

/* Where in row_at the row of a place and a reason is, or would be. */
static u16 *drop_site_at(const struct skb_drop_sites *sites, const char *func, enum skb_drop_reason reason)
{
	u64 hash = ((u64)(uintptr_t)func ^ (u64)reason << 48) * 0x9e3779b97f4a7c15ULL;
	u32 mask = 2 * sites->room - 1, i = (u32)(hash >> 32) & mask;

	for (; sites->row_at[i]; i = (i + 1) & mask) { /* at most half are taken */
		const struct skb_drop_site *site = &sites->row[sites->row_at[i] - 1];

		if (site->func == func && site->reason == reason)
			break;
	}
	return &sites->row_at[i];
}

/* Twice the room.  Return: false: there are SKB_DROP_SITES, or there is no memory; nothing has changed */
static bool drop_sites_grow(struct mem *mem, struct skb_drop_sites *sites)
{
	struct skb_drop_sites more = { .count = sites->count, .room = sites->room ? 2 * sites->room : 8 };

	if (sites->room == SKB_DROP_SITES)
		return false;
	more.row = mem_alloc(mem, drop_sites_bytes(&more));
	if (!more.row)
		return false;
	more.row_at = (u16 *)(void *)(more.row + more.room);
	memset(more.row_at, 0, 2 * more.room * sizeof(*more.row_at));
	for (u32 i = 0; i < more.count; i++) {
		more.row[i] = sites->row[i];
		*drop_site_at(&more, more.row[i].func, more.row[i].reason) = (u16)(i + 1);
	}
	drop_sites_free(mem, sites);
	*sites = more;
	return true;
}

/* The row of a place and a reason, a new one if there is none yet; NULL: all are taken, or no memory. */
static struct skb_drop_site *drop_site(struct skb_pool *pool, const char *func, enum skb_drop_reason reason)
{
	struct skb_drop_sites *sites = &pool->priv->sites;

	if (likely(sites->room)) {
		u16 row = *drop_site_at(sites, func, reason);

		if (likely(row))
			return &sites->row[row - 1];
	}
	if (sites->count == sites->room && !drop_sites_grow(pool->mem, sites))
		return NULL;
	sites->row[sites->count] = (struct skb_drop_site){ .func = func, .reason = reason };
	*drop_site_at(sites, func, reason) = (u16)(sites->count + 1);
	return &sites->row[sites->count++];
}

void skb_count_drop(struct skb_pool *pool, const struct skb_trace_point *at, enum skb_drop_reason reason)
{
	struct skb_drop_site *site = drop_site(pool, at->func, reason);

	pool->stats.dropped[reason]++;
	if (site)
		site->count++;
	else
		pool->priv->sites_missed++;
}

const struct skb_drop_site *skb_drop_sites(const struct skb_pool *pool, u32 *count)
{
	*count = pool->priv->sites.count;
	return pool->priv->sites.row;
}

u64 skb_drop_sites_missed(const struct skb_pool *pool)
{
	return pool->priv->sites_missed;
}
