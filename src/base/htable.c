// SPDX-License-Identifier: BSD-2-Clause
/* Seeded, growing hash table: see htable.h. */
#include "base/htable.h"

#include <errno.h>
#include <string.h>

#include "base/random.h"

#define PREFETCH_SLOTS 8U
#define MIGRATE_SLOTS 32U   /* moved at each insertion while the table grows */
#define DISCARD_SLOTS 4096U /* given back at once, as the table moves out of them */
#define SPARE_SLOTS 16384U  /* up to so many, what was moved out of is kept for the next time */
#define GROW_TRIES 64U      /* without memory: tried again whenever a 64th of the slots more are used */

static int array_init(struct htable *t, struct htable_array *a, u32 slots)
{
	a->slot = mem_zalloc(t->mem, slots * sizeof(*a->slot));
	if (!a->slot)
		return -ENOMEM;
	a->mask = slots - 1;
	a->shift = (u32)__builtin_clzll(slots) + 1; /* 64 - log2(slots) */
	a->used_count = 0;
	return 0;
}

static void array_fini(struct htable *t, struct htable_array *a)
{
	mem_free(t->mem, a->slot, ((size_t)a->mask + 1) * sizeof(*a->slot));
	a->slot = NULL;
}

static void spare_fini(struct htable *t)
{
	mem_free(t->mem, t->spare, ((size_t)t->cur.mask + 1) * sizeof(*t->spare));
	t->spare = NULL;
}

int htable_init(struct htable *t, struct mem *mem, struct rng *rng, u32 min_slots)
{
	memset(t, 0, sizeof(*t));
	t->mem = mem;
	t->seed[0] = get_random_u64(rng);
	t->seed[1] = get_random_u64(rng);
	return array_init(t, &t->cur, min_slots);
}

void htable_fini(struct htable *t)
{
	assert(t->live_count == 0);
	array_fini(t, &t->cur);
	if (t->old.slot)
		array_fini(t, &t->old);
	spare_fini(t);
}

/* There is an empty slot: the load is kept below one. */
static void array_put(struct htable_array *a, u64 hash, void *obj)
{
	u32 i = (u32)(hash >> a->shift);

	while (a->slot[i & a->mask].hash > HTABLE_DELETED)
		i++;
	a->used_count += a->slot[i & a->mask].hash == HTABLE_EMPTY;
	a->slot[i & a->mask].obj = obj;
	a->slot[i & a->mask].hash = hash;
}

/* The old slots are all empty.  Memory of that size comes and goes by page faults: in a table where much is born and dies,
 * and deleted slots are cleaned away often, that would be a pause each time. */
static void htable_moved(struct htable *t)
{
	if (t->old.mask == t->cur.mask && t->old.mask < SPARE_SLOTS) {
		t->spare = t->old.slot;
		t->old.slot = NULL;
	} else {
		array_fini(t, &t->old);
	}
}

static int next_init(struct htable *t, struct htable_array *next, u32 slots)
{
	if (!t->spare || slots != t->cur.mask + 1) {
		spare_fini(t);
		return array_init(t, next, slots);
	}
	*next = t->cur;
	next->slot = t->spare;
	next->used_count = 0;
	t->spare = NULL;
	return 0;
}

static void htable_migrate(struct htable *t, u32 max_slots)
{
	while (t->old.slot && max_slots--) {
		struct htable_slot *s = &t->old.slot[t->old_next];

		if (s->hash > HTABLE_DELETED)
			array_put(&t->cur, s->hash, s->obj);
		s->hash = HTABLE_EMPTY; /* nobody looks before old_next any more */
		t->old_next++;
		if (t->old_next % DISCARD_SLOTS == 0 && t->old.mask >= SPARE_SLOTS)
			mem_discard(t->mem, s + 1 - DISCARD_SLOTS, DISCARD_SLOTS * sizeof(*s));
		if (t->old_next == t->old.mask + 1)
			htable_moved(t);
	}
}

/* Deleted slots become empty, and each object comes as near to its home as it can.  Behind an empty slot nothing lies
 * that was displaced from before it, so a walk from there puts no object behind the place that it leaves. */
static void array_clean(struct htable_array *a)
{
	u32 first = 0;

	while (a->slot[first].hash != HTABLE_EMPTY)
		first++;
	for (u32 i = first + 1; i <= first + a->mask; i++) {
		struct htable_slot was = a->slot[i & a->mask];

		if (was.hash == HTABLE_EMPTY)
			continue;
		a->slot[i & a->mask] = (struct htable_slot){ HTABLE_EMPTY, NULL };
		a->used_count--;
		if (was.hash > HTABLE_DELETED)
			array_put(a, was.hash, was.obj);
	}
}

/* Many deleted slots: as many again, clean.  Else twice as many.  Without memory: these, cleaned, at one go. */
static void htable_grow(struct htable *t)
{
	u32 slots = t->cur.mask + 1;
	bool twice = t->live_count >= slots / 2;
	struct htable_array next;

	htable_migrate(t, UINT32_MAX);
	if (next_init(t, &next, twice ? slots * 2 : slots)) {
		t->grow_failed_count++;
		if (t->cur.used_count > t->live_count)
			array_clean(&t->cur);
		t->grow_again_at = t->cur.used_count + slots / GROW_TRIES;
		return;
	}
	t->grow_again_at = 0;
	t->grow_count += twice;
	t->old = t->cur;
	t->cur = next;
	t->old_next = 0;
	/* What was displaced around the end first: then no search goes around it. */
	while (t->old.slot && t->old.slot[t->old_next].hash != HTABLE_EMPTY)
		htable_migrate(t, 1);
}

/* At a load of 4/5; if there was no memory then, some more times on the way to the last slot, not at each insertion. */
static bool htable_should_grow(const struct htable *t)
{
	u32 slots = t->cur.mask + 1, used = t->cur.used_count + 1;

	return (u64)used * 5 > (u64)slots * 4 && (used > t->grow_again_at || used == slots);
}

/* Where the table is not moved from yet a newcomer goes to its old place, and is moved in its turn: so the memory of the
 * new slots is touched from its beginning to its end, and never much of it at once. */
static bool old_put(struct htable *t, u64 hash, void *obj)
{
	struct htable_array *a = &t->old;
	u32 i = (u32)(hash >> a->shift);

	if (!a->slot || i < t->old_next || (u64)a->used_count * 8 > (u64)a->mask * 7)
		return false;
	while (a->slot[i].hash > HTABLE_DELETED) {
		if (i++ == a->mask)
			return false; /* around the end all has been moved already */
	}
	a->used_count += a->slot[i].hash == HTABLE_EMPTY;
	a->slot[i] = (struct htable_slot){ hash, obj };
	return true;
}

int htable_insert(struct htable *t, u64 hash, void *obj)
{
	htable_migrate(t, MIGRATE_SLOTS);
	if (htable_should_grow(t))
		htable_grow(t);
	if (t->cur.used_count + 1 >= t->cur.mask + 1)
		return -ENOMEM; /* one slot always stays empty: it ends each search */
	if (likely(!old_put(t, hash, obj)))
		array_put(&t->cur, hash, obj);
	t->live_count++;
	return 0;
}

/* A deleted slot before an empty one serves no search: it, and those before it, become empty again. */
static void array_clean_back(struct htable_array *a, u32 i)
{
	if (a->slot[(i + 1) & a->mask].hash != HTABLE_EMPTY)
		return;
	while (a->slot[i & a->mask].hash == HTABLE_DELETED) {
		a->slot[i & a->mask].hash = HTABLE_EMPTY;
		a->used_count--;
		i--;
	}
}

static bool array_remove(struct htable_array *a, u64 hash, const void *obj, u32 first)
{
	for (u32 i = max_u32((u32)(hash >> a->shift), first);; i++) {
		struct htable_slot *s = &a->slot[i & a->mask];

		if (s->hash == HTABLE_EMPTY)
			return false;
		if (s->hash != hash || s->obj != obj)
			continue;
		s->hash = HTABLE_DELETED;
		s->obj = NULL;
		array_clean_back(a, i);
		return true;
	}
}

bool htable_remove(struct htable *t, u64 hash, const void *obj)
{
	bool found = array_remove(&t->cur, hash, obj, 0) ||
		     (t->old.slot && array_remove(&t->old, hash, obj, t->old_next));

	t->live_count -= found;
	return found;
}

static bool array_replace(struct htable_array *a, u64 hash, const void *old, void *new_, u32 first)
{
	for (u32 i = max_u32((u32)(hash >> a->shift), first);; i++) {
		struct htable_slot *s = &a->slot[i & a->mask];

		if (s->hash == HTABLE_EMPTY)
			return false;
		if (s->hash == hash && s->obj == old) {
			s->obj = new_;
			return true;
		}
	}
}

void htable_replace(struct htable *t, u64 hash, const void *old, void *new_)
{
	bool found = array_replace(&t->cur, hash, old, new_, 0) ||
		     (t->old.slot && array_replace(&t->old, hash, old, new_, t->old_next));

	assert(found);
}

/* Objects come in an order that no cache foresees, but their slots do not. */
static void prefetch_object(const struct htable_array *a, u32 i)
{
	uintptr_t obj =
		(uintptr_t)a->slot[i & a->mask].obj; /* of an empty slot: to prefetch from nowhere does nothing */

	__builtin_prefetch((const void *)obj);
	__builtin_prefetch((const void *)(obj + 64));
	__builtin_prefetch((const void *)(obj + 128));
}

/* Objects with @from <= hash <= @last.  They lie between the home of @from and the first empty slot behind that of @last. */
static void array_scan(const struct htable_array *a, u32 first, u64 from, u64 last, void (*fn)(void *ctx, void *obj),
		       void *ctx)
{
	u32 i = max_u32((u32)(from >> a->shift), first);
	u32 home_last = (u32)(last >> a->shift);
	u32 end = i + a->mask + 1; /* once around at most */

	for (; i != end; i++) {
		struct htable_slot s = a->slot[i & a->mask];

		prefetch_object(a, i + PREFETCH_SLOTS);
		if (i > home_last && s.hash == HTABLE_EMPTY)
			return;
		if (s.hash > HTABLE_DELETED && s.hash >= from && s.hash <= last)
			fn(ctx, s.obj);
	}
}

u64 htable_scan(struct htable *t, u64 cursor, u32 max_slots, void (*fn)(void *ctx, void *obj), void *ctx)
{
	u32 slots = t->cur.mask + 1;
	u64 span = max_slots >= slots ? UINT64_MAX : (u64)max_slots << t->cur.shift;
	u64 last = cursor > UINT64_MAX - span ? UINT64_MAX : cursor + span - 1;
	struct htable_array cur = t->cur;

	if (span == UINT64_MAX)
		last = UINT64_MAX;
	array_scan(&cur, 0, cursor, last, fn, ctx);
	if (t->old.slot)
		array_scan(&t->old, t->old_next, cursor, last, fn, ctx);
	return last == UINT64_MAX ? 0 : last + 1;
}
