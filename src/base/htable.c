// SPDX-License-Identifier: BSD-2-Clause
/* Seeded, growing hash table: see htable.h. */
#include "base/htable.h"

#include <errno.h>
#include <string.h>

#include "base/random.h"

#define PREFETCH_SLOTS 8U
#define MIGRATE_SLOTS 32U        /* moved at each insertion while the table grows */
#define BLOCK_SLOTS 256U         /* cleared at once, where the table grows: a page */
#define DISCARD_SLOTS 1024U      /* given back at once, as the table moves out of them: a few pages, and one call */
#define DISCARD_FROM_SLOTS 8192U /* smaller arrays are freed as fast */
#define GROW_TRIES 64U           /* without memory: tried again whenever a 64th of the slots more are used */

static size_t array_bytes(u32 slots)
{
	return slots * sizeof(struct htable_slot);
}

static void array_setup(struct htable_array *a, struct htable_slot *slot, u32 slots)
{
	a->slot = slot;
	a->mask = slots - 1;
	a->shift = (u32)__builtin_clzll(slots) + 1; /* 64 - log2(slots) */
	a->used_count = 0;
}

static void array_fini(struct htable *t, struct htable_array *a)
{
	mem_free(t->mem, a->slot, array_bytes(a->mask + 1));
	a->slot = NULL;
}

static size_t ready_bytes(u32 slots)
{
	return (slots / BLOCK_SLOTS / 64 + 1) * sizeof(u64);
}

static void ready_fini(struct htable *t)
{
	mem_free(t->mem, t->ready, ready_bytes(t->cur.mask + 1));
	t->ready = NULL;
}

/* What all tables have in which nothing was ever put: most of an idle host's. */
static const struct htable_slot no_slots[2];

static bool has_no_slots(const struct htable *t)
{
	return t->cur.slot == no_slots;
}

void htable_init(struct htable *t, struct mem *mem, struct rng *rng, u32 min_slots)
{
	memset(t, 0, sizeof(*t));
	t->mem = mem;
	t->seed[0] = get_random_u64(rng);
	t->seed[1] = get_random_u64(rng);
	t->min_slots = min_slots;
	array_setup(&t->cur, (struct htable_slot *)(uintptr_t)no_slots, ARRAY_SIZE(no_slots)); /* nobody writes there */
}

void htable_fini(struct htable *t)
{
	assert(t->live_count == 0);
	if (t->old.slot) {
		array_fini(t, &t->old);
		ready_fini(t);
	}
	if (!has_no_slots(t))
		array_fini(t, &t->cur);
}

/* ------------------------------------------------------------------ memory that nobody cleared */

/* Can there be anything in, or displaced from, slot @i of cur? */
static bool slot_is_ready(const u64 *ready, u32 i)
{
	u32 block = i / BLOCK_SLOTS;

	return !ready || (ready[block / 64] >> block % 64 & 1);
}

static void slot_make_ready(struct htable *t, u32 i)
{
	u32 block = i / BLOCK_SLOTS, slots = t->cur.mask + 1;

	if (slot_is_ready(t->ready, i))
		return;
	memset(&t->cur.slot[block * BLOCK_SLOTS], 0, array_bytes(slots < BLOCK_SLOTS ? slots : BLOCK_SLOTS));
	t->ready[block / 64] |= 1ULL << block % 64;
}

/* ------------------------------------------------------------------ growth */

/* There is an empty slot: the load is kept below one.  The slot behind is made ready too: it may end a search. */
static void cur_put(struct htable *t, u64 hash, void *obj)
{
	struct htable_array *a = &t->cur;
	u32 i = (u32)(hash >> a->shift);

	slot_make_ready(t, i);
	while (a->slot[i].hash != HTABLE_EMPTY) {
		i = (i + 1) & a->mask;
		slot_make_ready(t, i);
	}
	a->slot[i] = (struct htable_slot){ hash, obj };
	a->used_count++;
	slot_make_ready(t, (i + 1) & a->mask);
}

static void htable_migrate(struct htable *t, u32 max_slots)
{
	while (t->old.slot && max_slots--) {
		struct htable_slot *s = &t->old.slot[t->old_next];

		slot_make_ready(t, t->old_next * 2); /* all are, when all have been moved */
		if (s->hash != HTABLE_EMPTY)
			cur_put(t, s->hash, s->obj);
		s->hash = HTABLE_EMPTY; /* nobody looks before old_next any more */
		t->old_next++;
		if (t->old_next % DISCARD_SLOTS == 0 && t->old.mask + 1 >= DISCARD_FROM_SLOTS)
			mem_discard(t->mem, s + 1 - DISCARD_SLOTS, array_bytes(DISCARD_SLOTS));
		if (t->old_next == t->old.mask + 1) {
			array_fini(t, &t->old);
			ready_fini(t);
		}
	}
}

static void htable_grow(struct htable *t)
{
	u32 slots = t->cur.mask + 1;
	struct htable_slot *slot = mem_alloc(t->mem, array_bytes(slots * 2));
	u64 *ready = mem_zalloc(t->mem, ready_bytes(slots * 2));

	assert(!t->old.slot); /* it was moved long before as many came again */
	if (!slot || !ready) {
		mem_free(t->mem, slot, array_bytes(slots * 2));
		mem_free(t->mem, ready, ready_bytes(slots * 2));
		t->grow_failed_count++;
		t->grow_again_at = t->cur.used_count + slots / GROW_TRIES;
		return;
	}
	t->grow_again_at = 0;
	t->grow_count++;
	t->old = t->cur;
	array_setup(&t->cur, slot, slots * 2);
	t->ready = ready;
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
	while (a->slot[i].hash != HTABLE_EMPTY) {
		if (i++ == a->mask)
			return false; /* around the end all has been moved already */
	}
	a->used_count++;
	a->slot[i] = (struct htable_slot){ hash, obj };
	return true;
}

/* The first object comes. */
static bool htable_begin(struct htable *t)
{
	struct htable_slot *slot = mem_zalloc(t->mem, array_bytes(t->min_slots));

	t->grow_failed_count += !slot;
	if (slot)
		array_setup(&t->cur, slot, t->min_slots);
	return slot;
}

int htable_insert(struct htable *t, u64 hash, void *obj)
{
	if (unlikely(has_no_slots(t)) && !htable_begin(t))
		return -ENOMEM;
	htable_migrate(t, MIGRATE_SLOTS);
	if (htable_should_grow(t))
		htable_grow(t);
	if (t->cur.used_count == t->cur.mask)
		return -ENOMEM; /* one slot always stays empty: it ends each search */
	if (likely(!old_put(t, hash, obj)))
		cur_put(t, hash, obj);
	t->live_count++;
	return 0;
}

/* ------------------------------------------------------------------ one that is there */

void *htable_lookup_growing(const struct htable *t, u64 hash, htable_match_fn match, const void *key)
{
	u32 home = (u32)(hash >> t->cur.shift);
	void *obj = slot_is_ready(t->ready, home) ? htable_array_lookup(&t->cur, hash, match, key, home) : NULL;

	/* What was displaced from slots that were moved lies behind them. */
	return obj ? obj : htable_array_lookup(&t->old, hash, match, key, max_u32(home / 2, t->old_next));
}

/** struct place - of an object */
struct place {
	struct htable_array *array; /**< NULL: it is not in the table */
	u32 i;
};

static bool array_find(struct htable_array *a, u64 hash, const void *obj, u32 first, struct place *out)
{
	for (u32 i = first;; i++) {
		const struct htable_slot *s = &a->slot[i & a->mask];

		if (s->hash == HTABLE_EMPTY)
			return false;
		if (s->hash == hash && s->obj == obj) {
			*out = (struct place){ a, i & a->mask };
			return true;
		}
	}
}

static struct place htable_find(struct htable *t, u64 hash, const void *obj)
{
	struct place found = { NULL, 0 };
	u32 home = (u32)(hash >> t->cur.shift);

	if (slot_is_ready(t->ready, home) && array_find(&t->cur, hash, obj, home, &found))
		return found;
	if (t->old.slot)
		(void)array_find(&t->old, hash, obj, max_u32(home / 2, t->old_next), &found);
	return found;
}

/* Those behind move up, as far as their homes allow: between an object and its home there is never an empty slot. */
static void array_empty_slot(struct htable_array *a, u32 gap)
{
	for (u32 i = gap + 1;; i++) {
		const struct htable_slot *s = &a->slot[i & a->mask];

		if (s->hash == HTABLE_EMPTY)
			break;
		if (((i - (u32)(s->hash >> a->shift)) & a->mask) >=
		    i - gap) { /* displaced from there, or from before */
			a->slot[gap & a->mask] = *s;
			gap = i;
		}
	}
	a->slot[gap & a->mask] = (struct htable_slot){ HTABLE_EMPTY, NULL };
	a->used_count--;
}

bool htable_remove(struct htable *t, u64 hash, const void *obj)
{
	struct place found = htable_find(t, hash, obj);

	if (!found.array)
		return false;
	array_empty_slot(found.array, found.i);
	t->live_count--;
	return true;
}

void htable_replace(struct htable *t, u64 hash, const void *old, void *new_)
{
	struct place found = htable_find(t, hash, old);

	assert(found.array);
	found.array->slot[found.i].obj = new_;
}

/* ------------------------------------------------------------------ walks */

/* Objects come in an order that no cache foresees, but their slots do not. */
static void prefetch_object(const struct htable_array *a, u32 i)
{
	uintptr_t obj =
		(uintptr_t)a->slot[i & a->mask].obj; /* of an empty slot: to prefetch from nowhere does nothing */

	__builtin_prefetch((const void *)obj);
	__builtin_prefetch((const void *)(obj + 64));
	__builtin_prefetch((const void *)(obj + 128));
}

/** struct array_walk - one array's part of a walk: objects with @from <= hash <= @last, from slot @first on */
struct array_walk {
	const struct htable_array *array;
	const u64 *ready; /**< NULL: all is */
	u32 first;
	u64 from, last;
};

/* Is it one of the walk's, met at slot @i?  @i goes on around the end: what was displaced around it is met there, and not
 * at the beginning. */
static bool walk_takes(const struct array_walk *w, const struct htable_slot *s, u32 i)
{
	u32 home = (u32)(s->hash >> w->array->shift);

	return s->hash >= w->from && s->hash <= w->last && i - ((i - home) & w->array->mask) == home;
}

/* They lie between the home of @from and the first empty slot behind that of @last.  Where one is removed those behind it
 * move up: the slot is looked at again. */
static void array_scan(const struct array_walk *w, void (*fn)(void *ctx, void *obj), void *ctx)
{
	const struct htable_array *a = w->array;
	u32 i = max_u32((u32)(w->from >> a->shift), w->first);
	u32 home_last = (u32)(w->last >> a->shift);

	for (;;) {
		const struct htable_slot *at = &a->slot[i & a->mask];
		bool ready = slot_is_ready(w->ready, i & a->mask);
		struct htable_slot s = ready ? *at : (struct htable_slot){ HTABLE_EMPTY, NULL };

		if (s.hash == HTABLE_EMPTY && i > home_last)
			return;
		if (!w->ready)
			prefetch_object(a, i + PREFETCH_SLOTS);
		if (s.hash != HTABLE_EMPTY && walk_takes(w, &s, i))
			fn(ctx, s.obj);
		i += !ready || (at->hash == s.hash && at->obj == s.obj);
	}
}

u64 htable_scan(struct htable *t, u64 cursor, u32 max_slots, void (*fn)(void *ctx, void *obj), void *ctx)
{
	u32 slots = t->cur.mask + 1;
	u64 span = max_slots >= slots ? UINT64_MAX : (u64)max_slots << t->cur.shift;
	u64 last = cursor > UINT64_MAX - span ? UINT64_MAX : cursor + span - 1;
	struct array_walk cur = { &t->cur, t->ready, 0, cursor, span == UINT64_MAX ? UINT64_MAX : last };
	struct array_walk old = { &t->old, NULL, t->old_next, cursor, cur.last };

	array_scan(&cur, fn, ctx);
	if (t->old.slot)
		array_scan(&old, fn, ctx);
	return cur.last == UINT64_MAX ? 0 : cur.last + 1;
}
