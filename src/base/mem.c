// SPDX-License-Identifier: BSD-2-Clause
/* Memory, handed in, and slabs over it: see mem.h. */
#include "base/mem.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#if NETHOOD_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define LARGE_BYTES (1U << 20)
#define CACHE_FIRST_BYTES 512U /* what an idle host has is little */
#define CACHE_CHUNK_BYTES 4096U
#define CACHE_CHUNK_MAX_BYTES 65536U

static bool mem_must_fail(struct mem *mem, const char *site, size_t size_bytes)
{
	if (likely(!mem->fail) || !mem->fail(mem->fail_ctx, site, size_bytes))
		return false;
	mem->failed_count++;
	return true;
}

static void *mem_account(struct mem *mem, void *p, size_t size_bytes)
{
	if (!p) {
		mem->failed_count++;
		return NULL;
	}
	mem->live_bytes += size_bytes;
	if (mem->live_bytes > mem->peak_bytes)
		mem->peak_bytes = mem->live_bytes;
	return p;
}

void *mem_alloc_at(struct mem *mem, size_t size_bytes, const char *site)
{
	if (mem_must_fail(mem, site, size_bytes))
		return NULL;
	return mem_account(mem, mem->ops->alloc(mem->ctx, size_bytes), size_bytes);
}

void *mem_zalloc_at(struct mem *mem, size_t size_bytes, const char *site)
{
	if (mem_must_fail(mem, site, size_bytes))
		return NULL;
	return mem_account(mem, mem->ops->zalloc(mem->ctx, size_bytes), size_bytes);
}

void mem_free(struct mem *mem, void *p, size_t size_bytes)
{
	if (!p)
		return;
	mem->live_bytes -= size_bytes;
	mem->ops->free(mem->ctx, p, size_bytes);
}

/* malloc(3) keeps pieces of any size for later, and clears them when they are asked for: a pause, if they are large. */
static void *map_large(size_t size_bytes)
{
	void *p = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void *mem_libc_alloc(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return size_bytes >= LARGE_BYTES ? map_large(size_bytes) : malloc(size_bytes);
}

void *mem_libc_zalloc(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return size_bytes >= LARGE_BYTES ? map_large(size_bytes) : calloc(1, size_bytes);
}

void mem_libc_free(void *ctx, void *p, size_t size_bytes)
{
	(void)ctx;
	if (size_bytes >= LARGE_BYTES)
		munmap(p, size_bytes);
	else
		free(p);
}

/* Of what is large only: elsewhere the pages are shared with others. */
void mem_libc_discard(void *ctx, void *p, size_t size_bytes)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ALIGN_UP((uintptr_t)p, page), to = ((uintptr_t)p + size_bytes) / page * page;

	(void)ctx;
	if (from < to)
		(void)madvise((void *)from, to - from, MADV_DONTNEED); /* a hint: nobody misses it */
}

const struct mem_ops mem_libc_ops = { mem_libc_alloc, mem_libc_zalloc, mem_libc_free, mem_libc_discard };

/* ------------------------------------------------------------------ slabs */

/** struct chunk - header of a piece of memory that objects are cut from */
struct chunk {
	struct chunk *next;
	u32 size_bytes;
	u32 uncut_at; /**< offset of what no object was cut from yet, and nobody touched; of the newest chunk only */
};

void kmem_cache_init(struct kmem_cache *c, struct mem *mem, const char *name, u32 object_bytes, u32 align)
{
	*c = (struct kmem_cache){ .mem = mem, .name = name };
	c->align_bytes = max_u32(align, (u32)sizeof(void *));
	c->object_bytes = ALIGN_UP(max_u32(object_bytes, 1), c->align_bytes);
	c->chunk_objects = max_u32(CACHE_FIRST_BYTES / c->object_bytes, 1);
}

void kmem_cache_fini(struct kmem_cache *c)
{
	struct chunk *chunk = c->chunks;

	assert(c->live_count == 0);
	while (chunk) {
		struct chunk *next = chunk->next;

		ASAN_UNPOISON_MEMORY_REGION(chunk, chunk->size_bytes);
		mem_free(c->mem, chunk, chunk->size_bytes);
		chunk = next;
	}
	c->chunks = NULL;
	c->free_list = NULL;
}

/* Chunks grow with the cache: few calls for large tables, little waste for small ones. */
static bool cache_add_chunk(struct kmem_cache *c, const char *site)
{
	size_t size_bytes = sizeof(struct chunk) + c->align_bytes + (size_t)c->chunk_objects * c->object_bytes;
	struct chunk *chunk = mem_alloc_at(c->mem, size_bytes, site);

	if (!chunk)
		return false;
	chunk->size_bytes = (u32)size_bytes;
	chunk->uncut_at = (u32)(ALIGN_UP((uintptr_t)(chunk + 1), (uintptr_t)c->align_bytes) - (uintptr_t)chunk);
	chunk->next = c->chunks;
	c->chunks = chunk;
	ASAN_POISON_MEMORY_REGION(chunk + 1, size_bytes - sizeof(*chunk));
	c->total_count += c->chunk_objects;
	if (size_bytes < CACHE_CHUNK_BYTES / 2 ||
	    (c->chunk_objects < c->total_count / 4 && size_bytes < CACHE_CHUNK_MAX_BYTES / 2))
		c->chunk_objects *= 2;
	return true;
}

/* One that was never used.  Each is cut when it is asked for: a fresh chunk is as many fresh pages, and no call touches
 * more of them than its object lies in.  Return: NULL: the newest chunk has none left */
static void *chunk_cut(const struct kmem_cache *c)
{
	struct chunk *chunk = c->chunks;
	void *object;

	if (!chunk || chunk->uncut_at + c->object_bytes > chunk->size_bytes)
		return NULL;
	object = (u8 *)chunk + chunk->uncut_at;
	chunk->uncut_at += c->object_bytes;
	ASAN_UNPOISON_MEMORY_REGION(object, c->object_bytes);
	return object;
}

static void *cache_pop(struct kmem_cache *c)
{
	void **object = c->free_list;

	if (!object)
		return NULL;
	ASAN_UNPOISON_MEMORY_REGION(object, c->object_bytes);
	c->free_list = *object;
	return object;
}

void *kmem_cache_alloc_slow(struct kmem_cache *c, const char *site)
{
	void *object;

	if (unlikely(c->mem->fail) && mem_must_fail(c->mem, site, c->object_bytes))
		return NULL;
	object = cache_pop(c) ?: chunk_cut(c);
	if (!object && cache_add_chunk(c, site))
		object = chunk_cut(c);
	if (!object)
		return NULL;
	c->live_count++;
	return object;
}

void kmem_cache_free_slow(struct kmem_cache *c, void *object)
{
	*(void **)object = c->free_list;
	c->free_list = object;
	c->live_count--;
	ASAN_POISON_MEMORY_REGION(object, c->object_bytes);
}
