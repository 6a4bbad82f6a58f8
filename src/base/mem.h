/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory, handed in: every allocation of the library goes through a struct mem.
 *
 * The one that embeds a net supplies the allocator; tests supply one that fails at a chosen call.
 * Each call site is named (function and line), so a failure hook can drive every single one.
 */
#ifndef NETHOOD_BASE_MEM_H
#define NETHOOD_BASE_MEM_H

#include "base/types.h"

/* With the address sanitizer each object of a slab is poisoned while it is free. */
#ifdef __SANITIZE_ADDRESS__
#define NETHOOD_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NETHOOD_ASAN 1
#endif
#endif
#ifndef NETHOOD_ASAN
#define NETHOOD_ASAN 0
#endif

/** struct mem_ops - where memory comes from; like malloc(3), calloc(3), free(3) */
struct mem_ops {
	void *(*alloc)(void *ctx, size_t size_bytes);  /**< uninitialised, or NULL */
	void *(*zalloc)(void *ctx, size_t size_bytes); /**< zeroed (lazily if the system can), or NULL */
	void (*free)(void *ctx, void *p, size_t size_bytes);
	/** these bytes of a larger piece are needed no more: they may become zeros; a hint, and may be NULL */
	void (*discard)(void *ctx, void *p, size_t size_bytes);
};

/** mem_fail_fn - asked before each allocation; true: this one fails */
typedef bool (*mem_fail_fn)(void *ctx, const char *site, size_t size_bytes);

/** struct mem - one accounted heap; a net owns one */
struct mem {
	const struct mem_ops *ops;
	void *ctx;
	mem_fail_fn fail; /**< NULL: never */
	void *fail_ctx;
	size_t live_bytes; /**< allocated and not yet freed */
	size_t peak_bytes;
	u64 failed_count; /**< allocations that returned NULL */
};

#define MEM_SITE_STR2(x) #x
#define MEM_SITE_STR(x) MEM_SITE_STR2(x)
#define MEM_SITE __FILE__ ":" MEM_SITE_STR(__LINE__)

/** mem_alloc() - @size_bytes uninitialised bytes, aligned for anything; returned; NULL when there are none */
#define mem_alloc(mem, size_bytes) mem_alloc_at(mem, size_bytes, MEM_SITE)
/** mem_zalloc() - same, zeroed */
#define mem_zalloc(mem, size_bytes) mem_zalloc_at(mem, size_bytes, MEM_SITE)

void *mem_alloc_at(struct mem *mem, size_t size_bytes, const char *site);
void *mem_zalloc_at(struct mem *mem, size_t size_bytes, const char *site);
/** mem_free() - give back what mem_alloc() returned; @size_bytes as then; @p may be NULL */
void mem_free(struct mem *mem, void *p, size_t size_bytes);

/** mem_discard() - the contents of a part of something allocated are not needed: so that its end is no long work */
static inline void mem_discard(struct mem *mem, void *p, size_t size_bytes)
{
	if (mem->ops->discard)
		mem->ops->discard(mem->ctx, p, size_bytes);
}

/**
 * struct kmem_cache - slab of objects of one size: LIFO free list over chunks, no per-object header
 *
 * Chunks go back to @mem only at kmem_cache_fini(), which asserts that no object is live.
 */
struct kmem_cache {
	struct mem *mem;
	const char *name;
	u32 object_bytes; /**< rounded up to align_bytes */
	u32 align_bytes;
	u32 chunk_objects;
	void *free_list;
	void *chunks;
	u32 live_count;
	u32 total_count;
};

void kmem_cache_init(struct kmem_cache *c, struct mem *mem, const char *name, u32 object_bytes, u32 align);
void kmem_cache_fini(struct kmem_cache *c);
#define kmem_cache_alloc(c) kmem_cache_alloc_at(c, MEM_SITE)
void *kmem_cache_alloc_slow(struct kmem_cache *c, const char *site);
void kmem_cache_free_slow(struct kmem_cache *c, void *object);

/** kmem_cache_is_ready() - does an object lie ready, and is nobody to be asked whether it may be had? */
static inline bool kmem_cache_is_ready(const struct kmem_cache *c)
{
	return !NETHOOD_ASAN && likely(c->free_list && !c->mem->fail);
}

/** kmem_cache_take() - that object; returned, uninitialised */
static inline void *kmem_cache_take(struct kmem_cache *c)
{
	void **object = (void **)c->free_list;

	c->free_list = *object;
	c->live_count++;
	return object;
}

/** kmem_cache_alloc_at() - one uninitialised object; returned; NULL when there is no memory, or the hook says so */
static inline void *kmem_cache_alloc_at(struct kmem_cache *c, const char *site)
{
	return kmem_cache_is_ready(c) ? kmem_cache_take(c) : kmem_cache_alloc_slow(c, site);
}

static inline void kmem_cache_free(struct kmem_cache *c, void *object)
{
	if (NETHOOD_ASAN) {
		kmem_cache_free_slow(c, object);
		return;
	}
	*(void **)object = c->free_list;
	c->free_list = object;
	c->live_count--;
}

/* malloc(3) and friends; what is large comes from mmap(2), zeroed as it is touched */
extern const struct mem_ops mem_libc_ops;
void *mem_libc_alloc(void *ctx, size_t size_bytes);
void *mem_libc_zalloc(void *ctx, size_t size_bytes);
void mem_libc_free(void *ctx, void *p, size_t size_bytes);
void mem_libc_discard(void *ctx, void *p, size_t size_bytes);

#endif
