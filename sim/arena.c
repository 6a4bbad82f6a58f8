// SPDX-License-Identifier: BSD-2-Clause
/* An arena: a pointer that moves up, a list of free pieces for each size, and saves in blocks of 64 octets.
 *
 * The arena's own lists lie inside of it: they are put back with everything else.
 */
#include "arena.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

#if NETHOOD_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_UNPOISON_MEMORY_REGION(addr, size) ((void)0)
#endif

#define BLOCK_BYTES 64U
#define STRIDE_BYTES 512U /* that are looked at in one go; the arena's size is a multiple */
#define ALIGN_BYTES 16U
#define SMALL_BYTES 8192U /* pieces up to here have a list for each size; larger ones share one */

struct piece {
	struct piece *next;
	size_t size_bytes;
};

/** struct arena_head - the first octets of the arena */
struct arena_head {
	size_t used_bytes;
	struct piece *small[SMALL_BYTES / ALIGN_BYTES + 1];
	struct piece *large;
};

struct arena {
	u8 *mem, *base; /**< @base: a copy */
	size_t size_bytes, base_bytes;
	size_t touched_bytes; /**< used at the most: behind it nobody has written */
};

struct arena_save {
	u32 count;
	struct block {
		u32 number;
		u8 data[BLOCK_BYTES];
	} block[];
};

static struct arena_head *head_of(const struct arena *a)
{
	return (struct arena_head *)(void *)a->mem;
}

/* ------------------------------------------------------------------ allocation */

static struct piece **list_for(struct arena_head *h, size_t size_bytes)
{
	struct piece **at = &h->large;

	if (size_bytes <= SMALL_BYTES)
		return &h->small[size_bytes / ALIGN_BYTES];
	while (*at && (*at)->size_bytes != size_bytes)
		at = &(*at)->next;
	return at;
}

static void *arena_alloc(void *ctx, size_t size_bytes)
{
	struct arena *a = ctx;
	struct arena_head *h = head_of(a);
	size_t need_bytes = ALIGN_UP(size_bytes ? size_bytes : 1, ALIGN_BYTES);
	struct piece **at = list_for(h, need_bytes), *p = *at;

	if (p) {
		*at = p->next;
		return p;
	}
	if (need_bytes > a->size_bytes - h->used_bytes)
		return NULL;
	p = (struct piece *)(void *)(a->mem + h->used_bytes);
	h->used_bytes += need_bytes;
	if (h->used_bytes > a->touched_bytes)
		a->touched_bytes = h->used_bytes;
	return p;
}

static void *arena_zalloc(void *ctx, size_t size_bytes)
{
	void *p = arena_alloc(ctx, size_bytes);

	return p ? memset(p, 0, size_bytes) : NULL;
}

static void arena_free(void *ctx, void *mem, size_t size_bytes)
{
	struct arena_head *h = head_of(ctx);
	size_t have_bytes = ALIGN_UP(size_bytes ? size_bytes : 1, ALIGN_BYTES);
	struct piece **at, *p = mem;

	if (!p)
		return;
	ASAN_UNPOISON_MEMORY_REGION(mem, size_bytes);
	at = have_bytes <= SMALL_BYTES ? list_for(h, have_bytes) : &h->large;
	p->size_bytes = have_bytes;
	p->next = *at;
	*at = p;
}

struct nethood_allocator arena_allocator(struct arena *a)
{
	return (struct nethood_allocator){ .alloc = arena_alloc, .zalloc = arena_zalloc, .free = arena_free, .ctx = a };
}

/* ------------------------------------------------------------------ saves */

void arena_base(struct arena *a)
{
	ASAN_UNPOISON_MEMORY_REGION(a->mem, a->size_bytes);
	a->base_bytes = a->touched_bytes;
	memcpy(a->base, a->mem, a->base_bytes);
}

/** next_changed() - the first octet of a block that is not as in the base, from @at on; SIZE_MAX: there is none */
static size_t next_changed(const struct arena *a, size_t at)
{
	for (; at < a->touched_bytes; at += BLOCK_BYTES) {
		while (at % STRIDE_BYTES == 0 && at < a->touched_bytes &&
		       !memcmp(a->mem + at, a->base + at, STRIDE_BYTES))
			at += STRIDE_BYTES;
		if (at < a->touched_bytes && memcmp(a->mem + at, a->base + at, BLOCK_BYTES) != 0)
			return at;
	}
	return SIZE_MAX;
}

struct arena_save *arena_save(struct arena *a)
{
	struct arena_save *s;
	u32 count = 0;

	ASAN_UNPOISON_MEMORY_REGION(a->mem, a->touched_bytes);
	for (size_t at = next_changed(a, 0); at != SIZE_MAX; at = next_changed(a, at + BLOCK_BYTES))
		count++;
	s = malloc(sizeof(*s) + count * sizeof(s->block[0]));
	if (!s)
		abort();
	s->count = 0;
	for (size_t at = next_changed(a, 0); at != SIZE_MAX; at = next_changed(a, at + BLOCK_BYTES)) {
		s->block[s->count].number = (u32)(at / BLOCK_BYTES);
		memcpy(s->block[s->count++].data, a->mem + at, BLOCK_BYTES);
	}
	return s;
}

/* What lies behind the base is zero in it: nobody had written there.  Most blocks are as in the base, and to look is
 * faster than to write. */
void arena_restore(struct arena *a, const struct arena_save *s)
{
	ASAN_UNPOISON_MEMORY_REGION(a->mem, a->touched_bytes);
	for (size_t at = next_changed(a, 0); at != SIZE_MAX; at = next_changed(a, at + BLOCK_BYTES))
		memcpy(a->mem + at, a->base + at, BLOCK_BYTES);
	for (u32 i = 0; s && i < s->count; i++)
		memcpy(a->mem + (size_t)s->block[i].number * BLOCK_BYTES, s->block[i].data, BLOCK_BYTES);
}

/* ------------------------------------------------------------------ life */

static u8 *map(size_t size_bytes)
{
	void *p = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

struct arena *arena_create(size_t size_bytes)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (!a)
		abort();
	a->size_bytes = ALIGN_UP(size_bytes, STRIDE_BYTES);
	a->mem = map(a->size_bytes);
	a->base = map(a->size_bytes);
	a->touched_bytes = head_of(a)->used_bytes = ALIGN_UP(sizeof(struct arena_head), ALIGN_BYTES);
	return a;
}

void arena_destroy(struct arena *a)
{
	ASAN_UNPOISON_MEMORY_REGION(a->mem, a->size_bytes);
	(void)munmap(a->mem, a->size_bytes);
	(void)munmap(a->base, a->size_bytes);
	free(a);
}

size_t arena_used_bytes(const struct arena *a)
{
	return a->touched_bytes;
}

size_t arena_save_bytes(const struct arena_save *s)
{
	return sizeof(*s) + s->count * sizeof(s->block[0]);
}
