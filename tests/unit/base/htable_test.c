// SPDX-License-Identifier: BSD-2-Clause
/* The hash table against an array of flags, through growth and lack of memory; walks during all that; and how much of it an
 * insertion may do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/htable.h"
#include "base/random.h"

#define OBJECTS 5000
#define LONGEST_RUN 400U /* of slots without a gap, with a million objects: what a search and a removal look at */

struct object {
	u64 key;
	bool in, walked;
	u32 seen;
};

struct world {
	struct mem mem;
	struct rng rng;
	struct htable t;
	struct object o[OBJECTS];
	bool exact, no_memory;
};

static bool match(const void *obj, const void *key)
{
	return ((const struct object *)obj)->key == *(const u64 *)key;
}

static u64 hash_of(struct world *w, u64 key)
{
	return w->exact ? htable_hash_exact64(&w->t, key) : htable_hash_bytes(&w->t, &key, sizeof(key));
}

static struct object *find(struct world *w, u64 key)
{
	return htable_lookup(&w->t, hash_of(w, key), w->exact ? NULL : match, &key);
}

static bool fail_if_told(void *ctx, const char *site, size_t size_bytes)
{
	(void)site;
	(void)size_bytes;
	return ((struct world *)ctx)->no_memory;
}

static void world_init(struct world *w, u8 seed)
{
	const u8 key[RNG_KEY_BYTES] = { seed };

	memset(w, 0, sizeof(*w));
	w->mem = (struct mem){ .ops = &mem_libc_ops, .fail = fail_if_told, .fail_ctx = w };
	rng_init(&w->rng, key);
	w->exact = seed & 1;
	htable_init(&w->t, &w->mem, &w->rng, 8);
	for (u64 i = 0; i < OBJECTS; i++)
		w->o[i].key = i + 2;
}

static void world_fini(struct world *w)
{
	for (int i = 0; i < OBJECTS; i++) {
		if (w->o[i].in)
			assert_true(htable_remove(&w->t, hash_of(w, w->o[i].key), &w->o[i]));
	}
	htable_fini(&w->t);
	assert_int_equal(w->mem.live_bytes, 0);
}

static void toggle(struct world *w, struct object *o)
{
	u64 hash = hash_of(w, o->key);

	assert_ptr_equal(find(w, o->key), o->in ? o : NULL);
	if (o->in) {
		assert_true(htable_remove(&w->t, hash, o));
		assert_false(htable_remove(&w->t, hash, o));
		o->in = false;
		o->walked = false; /* was not there all the time */
	} else if (htable_insert(&w->t, hash, o) == 0) {
		o->in = true;
	} else {
		assert_true(w->no_memory);
	}
}

static void it_holds_what_was_put_in(void **state)
{
	(void)state;
	for (u8 seed = 0; seed < 6; seed++) {
		static struct world w;

		world_init(&w, seed);
		for (int i = 0; i < 60000; i++) {
			u32 range = i % 20000 < 10000 ? OBJECTS : 50;

			w.no_memory = seed >= 4 && i % 3000 > 1500;
			toggle(&w, &w.o[get_random_u32_below(&w.rng, range)]);
		}
		for (int i = 0; i < OBJECTS; i++)
			assert_ptr_equal(find(&w, w.o[i].key), w.o[i].in ? &w.o[i] : NULL);
		if (seed < 4)
			assert_true(w.t.grow_count > 5);
		world_fini(&w);
	}
}

static void see(void *ctx, void *obj)
{
	(void)ctx;
	((struct object *)obj)->seen++;
}

static void a_walk_sees_each_object_once_while_others_come_and_go(void **state)
{
	(void)state;
	for (u8 seed = 0; seed < 8; seed++) {
		static struct world w;
		u64 cursor = 0;

		world_init(&w, seed);
		for (int i = 0; i < OBJECTS / 4; i++)
			toggle(&w, &w.o[i * 4]);
		for (int i = 0; i < OBJECTS; i++)
			w.o[i].walked = w.o[i].in;
		do {
			cursor = htable_scan(&w.t, cursor, 1 + get_random_u32_below(&w.rng, 40), see, NULL);
			for (int i = 0; i < 100; i++) {
				struct object *o = &w.o[get_random_u32_below(&w.rng, OBJECTS)];

				if (!o->in || get_random_u32_below(&w.rng, 8) == 0)
					toggle(&w, o);
			}
		} while (cursor);
		for (int i = 0; i < OBJECTS; i++) {
			if (w.o[i].walked)
				assert_int_equal(w.o[i].seen, 1);
		}
		world_fini(&w);
	}
}

static void remove_it(void *ctx, void *obj)
{
	struct world *w = ctx;

	toggle(w, obj);
}

static void a_walk_may_remove_what_it_sees(void **state)
{
	static struct world w;
	u64 cursor = 0;

	(void)state;
	world_init(&w, 1);
	for (int i = 0; i < OBJECTS; i++)
		toggle(&w, &w.o[i]);
	do {
		cursor = htable_scan(&w.t, cursor, 64, remove_it, &w);
	} while (cursor);
	assert_int_equal(w.t.live_count, 0);
	world_fini(&w);
}

static void see_and_remove_some(void *ctx, void *obj)
{
	struct world *w = ctx;
	struct object *o = obj;

	o->seen++;
	if (o->key & 1)
		assert_true(htable_remove(&w->t, o->key, o));
}

/* At any moment of growth, and around the end, where some are displaced to the beginning. */
static void a_walk_that_removes_some_sees_each_once(void **state)
{
	static const u32 runs[] = { 1, 7, 64, UINT32_MAX };
	static struct world w;

	(void)state;
	for (u32 count = 1; count < 480; count++) {
		u64 cursor = 0;

		world_init(&w, 1);
		for (u32 i = 0; i < count; i++) {
			w.o[i].key = i % 8 == 7 ? UINT64_MAX - i / 8 : htable_hash_exact64(&w.t, i + 2);
			assert_int_equal(htable_insert(&w.t, w.o[i].key, &w.o[i]), 0);
		}
		do {
			cursor = htable_scan(&w.t, cursor, runs[count % ARRAY_SIZE(runs)], see_and_remove_some, &w);
		} while (cursor);
		for (u32 i = 0; i < count; i++) {
			assert_int_equal(w.o[i].seen, 1);
			assert_int_equal(htable_remove(&w.t, w.o[i].key, &w.o[i]), !(w.o[i].key & 1));
		}
		world_fini(&w);
	}
}

static void without_memory_it_is_asked_for_seldom(void **state)
{
	static u8 object[4096];
	static struct world w;
	u32 count = 0;

	(void)state;
	world_init(&w, 1);
	while (count < sizeof(object) && !htable_insert(&w.t, htable_hash_exact64(&w.t, count + 2), &object[count])) {
		count++;
		w.no_memory = w.t.cur.mask + 1 == 2048;
	}
	assert_int_equal(count, 2047); /* one slot always stays empty */
	assert_in_range(w.t.grow_failed_count, 2, 16);
	w.no_memory = false;
	assert_int_equal(htable_insert(&w.t, htable_hash_exact64(&w.t, count + 2), &object[count]), 0);
	assert_int_equal(w.t.cur.mask + 1, 4096);
	for (u32 i = 0; i <= count; i++)
		assert_true(htable_remove(&w.t, htable_hash_exact64(&w.t, i + 2), &object[i]));
	world_fini(&w);
}

/* As many as fit come and go: what went takes no place from those that come. */
static void without_memory_what_was_removed_takes_no_place(void **state)
{
	(void)state;
	for (u32 slots = 8; slots <= 1024; slots *= 2) {
		static struct world w;
		u32 refused = 0;

		world_init(&w, 1);
		for (u32 i = 0; w.t.cur.mask + 1 < slots || w.t.old.slot; i++)
			toggle(&w, &w.o[i]);
		w.no_memory = true;
		for (u32 i = 0; i < 200 * slots; i++) {
			u32 full = w.t.live_count == slots - 1; /* one slot always stays empty */
			u32 before = w.t.live_count;
			struct object *o = &w.o[get_random_u32_below(&w.rng, slots * 2)];
			bool was = o->in;

			toggle(&w, o);
			assert_int_equal(w.t.live_count, was ? before - 1 : before + 1 - full);
			refused += full && !was;
		}
		assert_true(refused && w.t.grow_failed_count);
		for (u32 i = 0; i < OBJECTS; i++)
			assert_ptr_equal(find(&w, w.o[i].key), w.o[i].in ? &w.o[i] : NULL);
		world_fini(&w);
	}
}

static bool count_it(void *ctx, const char *site, size_t size_bytes)
{
	(void)site;
	(void)size_bytes;
	++*(u32 *)ctx;
	return false;
}

static void where_much_comes_and_goes_memory_is_asked_for_once(void **state)
{
	static u64 object[1000];
	u32 allocs = 0, before = 0;
	struct world w;

	(void)state;
	world_init(&w, 9);
	w.mem.fail = count_it;
	w.mem.fail_ctx = &allocs;
	for (u32 i = 0; i < 200000; i++) {
		u64 *o = &object[i % ARRAY_SIZE(object)];

		if (i == 20000)
			before = allocs;
		if (*o)
			assert_true(htable_remove(&w.t, *o, o));
		*o = htable_hash_exact64(&w.t, i + 2);
		assert_int_equal(htable_insert(&w.t, *o, o), 0);
	}
	assert_int_equal(allocs, before);
	for (u32 i = 0; i < ARRAY_SIZE(object); i++)
		assert_true(htable_remove(&w.t, object[i], &object[i]));
	memset(object, 0, sizeof(object));
	world_fini(&w);
}

/* What an array must be for every search to end where it should.  Return: the length of its longest run without a gap */
static u32 check_array(const struct htable_array *a, u32 first, const u64 *ready)
{
	u32 run = 0, longest = 0;

	for (u32 i = first; i <= a->mask; i++) {
		bool clear = ready && !(ready[i / 256 / 64] >> i / 256 % 64 & 1);
		u64 hash = clear ? HTABLE_EMPTY : a->slot[i].hash;

		run = hash == HTABLE_EMPTY ? 0 : run + 1;
		longest = max_u32(longest, run);
		for (u32 at = i; hash != HTABLE_EMPTY && at != max_u32((u32)(hash >> a->shift), first);) {
			at = (at - 1) & a->mask;
			assert_true(a->slot[at].hash != HTABLE_EMPTY);
		}
	}
	return longest;
}

static void what_is_removed_leaves_no_trace(void **state)
{
	(void)state;
	for (u8 seed = 0; seed < 4; seed++) {
		static struct world w;

		world_init(&w, seed);
		for (int i = 0; i < 60000; i++) {
			toggle(&w, &w.o[get_random_u32_below(&w.rng, i % 20000 < 10000 ? OBJECTS : 50)]);
			if (i % 50)
				continue;
			check_array(&w.t.cur, 0, w.t.ready);
			if (w.t.old.slot)
				check_array(&w.t.old, w.t.old_next, NULL);
		}
		world_fini(&w);
	}
}

/** struct steps - what an insertion did */
struct steps {
	u32 moved, cleared, discarded_pages, zeroed_bytes;
	bool began; /**< to grow: with the run of slots at the beginning */
};

static struct steps done; /* since it was last cleared, by the allocator */

static void *count_zalloc(void *ctx, size_t size_bytes)
{
	done.zeroed_bytes += (u32)size_bytes;
	return mem_libc_zalloc(ctx, size_bytes);
}

static void count_discard(void *ctx, void *p, size_t size_bytes)
{
	done.discarded_pages += (u32)size_bytes / 4096;
	memset(p, 0, size_bytes); /* as the system may */
	(void)ctx;
}

static u32 cleared_blocks(const struct htable *t)
{
	u32 count = 0;

	for (u32 i = 0; t->ready && i < (t->cur.mask + 1) / 256 / 64 + 1; i++)
		count += (u32)__builtin_popcountll(t->ready[i]);
	return count;
}

static struct steps insert_and_count(struct htable *t, u64 key, void *object)
{
	const struct htable_slot *cur = t->cur.slot;
	u32 old_next = t->old_next, blocks = cleared_blocks(t);
	bool moved = t->old.slot;

	memset(&done, 0, sizeof(done));
	assert_int_equal(htable_insert(t, htable_hash_exact64(t, key), object), 0);
	done.began = t->cur.slot != cur;
	if (done.began)
		old_next = blocks = 0;
	else if (moved && !t->old.slot)
		return done; /* the rest was moved, and that is less */
	done.moved = t->old_next - old_next;
	done.cleared = cleared_blocks(t) - blocks;
	return done;
}

/* At any size; the allocator clears nothing but the bits for what was cleared. */
static void an_insertion_makes_few_steps_while_the_table_grows(void **state)
{
	static const struct mem_ops ops = { mem_libc_alloc, count_zalloc, mem_libc_free, count_discard };
	static u8 object[1 << 20];
	static struct world w;
	u32 longest = 0;

	(void)state;
	world_init(&w, 1);
	w.mem.ops = &ops;
	for (u32 i = 0; i < sizeof(object); i++) {
		struct steps s = insert_and_count(&w.t, i + 2, &object[i]);

		assert_in_range(s.moved, 0, s.began ? LONGEST_RUN : 32);
		assert_in_range(s.cleared, 0, 3);
		assert_in_range(s.discarded_pages, 0, 4);
		assert_in_range(s.zeroed_bytes, 0,
				i ? (w.t.cur.mask + 1) / 2048 + 8 : 128); /* eight slots to begin with */
		if (i % 50000 == 0)
			longest = max_u32(longest, check_array(&w.t.cur, 0, w.t.ready));
	}
	assert_in_range(longest, 20, LONGEST_RUN);
	for (u32 i = 0; i < sizeof(object); i++)
		assert_true(htable_remove(&w.t, htable_hash_exact64(&w.t, i + 2), &object[i]));
	world_fini(&w);
}

/* As many as the table has: nothing is moved, no memory is asked for or cleared. */
static void where_one_comes_for_one_that_goes_an_insertion_is_one_step(void **state)
{
	static const struct mem_ops ops = { NULL, NULL, mem_libc_free, NULL };
	static u8 object[1000];
	static struct world w;
	const struct htable_slot *slot;

	(void)state;
	world_init(&w, 1);
	for (u32 i = 0; i < ARRAY_SIZE(object); i++)
		assert_int_equal(htable_insert(&w.t, htable_hash_exact64(&w.t, i + 2), &object[i]), 0);
	slot = w.t.cur.slot;
	w.mem.ops = &ops;
	for (u32 i = ARRAY_SIZE(object); i < 300000; i++) {
		assert_true(htable_remove(&w.t, htable_hash_exact64(&w.t, i - 998), &object[i % 1000]));
		assert_int_equal(htable_insert(&w.t, htable_hash_exact64(&w.t, i + 2), &object[i % 1000]), 0);
		assert_true(w.t.cur.slot == slot && !w.t.old.slot);
	}
	assert_in_range(check_array(&w.t.cur, 0, NULL), 2, LONGEST_RUN);
	for (u32 i = 300000 - ARRAY_SIZE(object); i < 300000; i++)
		assert_true(htable_remove(&w.t, htable_hash_exact64(&w.t, i + 2), &object[i % 1000]));
	world_fini(&w);
}

static void a_million_objects_lie_where_they_belong(void **state)
{
	static u8 object[1 << 20];
	static struct world w;

	(void)state;
	world_init(&w, 1);
	for (u32 i = 0; i < sizeof(object); i++)
		assert_int_equal(htable_insert(&w.t, htable_hash_exact64(&w.t, i + 2), &object[i]), 0);
	assert_int_equal(w.t.cur.mask + 1, 1U << 21); /* of 8 slots, doubled 18 times */
	assert_int_equal(w.t.grow_count, 18);
	for (u32 i = 0; i < sizeof(object); i++)
		assert_true(htable_remove(&w.t, htable_hash_exact64(&w.t, i + 2), &object[i]));
	world_fini(&w);
}

static void exact_hashes_do_not_collide(void **state)
{
	static struct world w;
	u64 last = 0;

	(void)state;
	world_init(&w, 3);
	for (u64 k = 2; k < 100000; k++) {
		u64 h = htable_hash_exact64(&w.t, k);

		assert_true(h != HTABLE_EMPTY && h != last);
		last = h;
	}
	world_fini(&w);
}

/* Of any length: each bit counts, and so does the length. */
static void keys_that_differ_have_different_hashes(void **state)
{
	static struct world w;
	u8 key[41] = { 0 };

	(void)state;
	world_init(&w, 3);
	for (u32 len = 1; len <= 40; len++) {
		u64 hash = htable_hash_bytes(&w.t, key, len);

		assert_true(hash != HTABLE_EMPTY && hash == htable_hash_bytes(&w.t, key, len));
		assert_true(hash != htable_hash_bytes(&w.t, key, len + 1));
		for (u32 bit = 0; bit < len * 8; bit++) {
			key[bit / 8] ^= (u8)(1U << bit % 8);
			assert_true(hash != htable_hash_bytes(&w.t, key, len));
			key[bit / 8] ^= (u8)(1U << bit % 8);
		}
	}
	world_fini(&w);
}

/* Neighbours by number, and what differs in its first or its last octets only. */
static void hashes_of_like_keys_spread_over_the_table(void **state)
{
	static struct world w;

	(void)state;
	world_init(&w, 3);
	for (u32 at = 0; at <= 32; at++) {
		u32 homes[256] = { 0 };

		for (u32 i = 0; i < 256 * 64; i++) {
			u8 key[36] = { 0 };

			memcpy(key + at, &i, sizeof(i));
			homes[htable_hash_bytes(&w.t, key, sizeof(key)) >> 56]++;
		}
		for (u32 i = 0; i < 256; i++)
			assert_in_range(homes[i], 16, 128);
	}
	world_fini(&w);
}

#define SUBNET 10000U
#define SUBNET_BITS 14U

/* Steps of a look-up on average, in a table of SUBNET addresses @apart from each other. */
static double steps_each(const struct htable *t, u32 apart, bool big_endian)
{
	u8 used[1U << SUBNET_BITS] = { 0 };
	u32 steps = 0;

	for (u32 i = 0; i < SUBNET; i++) {
		u32 addr = 0x0a000001U + i * apart;
		u64 key = 2ULL << 32 | (big_endian ? __builtin_bswap32(addr) : addr);
		u32 at = (u32)(htable_hash_exact64(t, key) >> (64 - SUBNET_BITS));

		for (steps++; used[at]; steps++)
			at = (at + 1) % (1U << SUBNET_BITS);
		used[at] = true;
	}
	return (double)steps / SUBNET;
}

/* Drawn ones would take 1.78 at this load. */
static void addresses_however_far_apart_lie_as_if_drawn(void **state)
{
	static const u32 apart[] = { 1, 2, 4, 256, 65536, 2654435761U };
	static struct world w;

	(void)state;
	for (u32 seed = 1; seed < 60; seed++) {
		world_init(&w, (u8)seed);
		for (u32 i = 0; i < 2 * ARRAY_SIZE(apart); i++) {
			double steps = steps_each(&w.t, apart[i / 2], i & 1);

			if (steps > 2)
				fail_msg("seed %u, %u apart: %f steps a look-up", seed, apart[i / 2], steps);
		}
		world_fini(&w);
	}
}

/* All at the end of the table: they are displaced around it, and the table grows under them. */
static void what_lies_around_the_end_is_found_while_the_table_grows(void **state)
{
	static struct world w;

	(void)state;
	for (u32 at_end = 1; at_end < 100; at_end++) {
		world_init(&w, 1);
		for (u32 i = 0; i < 400; i++) {
			u64 hash = i < at_end ? UINT64_MAX - i : (u64)i << 54 | i;

			w.o[i].key = hash;
			assert_int_equal(htable_insert(&w.t, hash, &w.o[i]), 0);
			for (u32 j = 0; j <= i; j++)
				assert_ptr_equal(htable_lookup(&w.t, w.o[j].key, NULL, NULL), &w.o[j]);
		}
		for (u32 i = 0; i < 400; i++)
			assert_true(htable_remove(&w.t, w.o[i].key, &w.o[i]));
		world_fini(&w);
	}
}

/* Also in the middle of growth, and among others with the same hash. */
static void one_stands_where_another_stood(void **state)
{
	static struct object twin[OBJECTS];
	static struct world w;

	(void)state;
	for (u8 seed = 1; seed < 3; seed++) {
		world_init(&w, seed);
		for (int i = 0; i < OBJECTS; i++) {
			toggle(&w, &w.o[i]);
			twin[i] = w.o[i];
			htable_replace(&w.t, hash_of(&w, w.o[i].key), &w.o[i], &twin[i]);
			assert_ptr_equal(find(&w, w.o[i].key), &twin[i]);
			htable_replace(&w.t, hash_of(&w, w.o[i / 2].key), &twin[i / 2], &w.o[i / 2]);
			assert_ptr_equal(find(&w, w.o[i / 2].key), &w.o[i / 2]);
			htable_replace(&w.t, hash_of(&w, w.o[i / 2].key), &w.o[i / 2], &twin[i / 2]);
		}
		assert_int_equal(w.t.live_count, OBJECTS);
		for (int i = 0; i < OBJECTS; i++)
			htable_replace(&w.t, hash_of(&w, w.o[i].key), &twin[i], &w.o[i]);
		world_fini(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_holds_what_was_put_in),
		cmocka_unit_test(one_stands_where_another_stood),
		cmocka_unit_test(a_walk_sees_each_object_once_while_others_come_and_go),
		cmocka_unit_test(a_walk_may_remove_what_it_sees),
		cmocka_unit_test(a_walk_that_removes_some_sees_each_once),
		cmocka_unit_test(without_memory_it_is_asked_for_seldom),
		cmocka_unit_test(without_memory_what_was_removed_takes_no_place),
		cmocka_unit_test(where_much_comes_and_goes_memory_is_asked_for_once),
		cmocka_unit_test(what_is_removed_leaves_no_trace),
		cmocka_unit_test(an_insertion_makes_few_steps_while_the_table_grows),
		cmocka_unit_test(where_one_comes_for_one_that_goes_an_insertion_is_one_step),
		cmocka_unit_test(a_million_objects_lie_where_they_belong),
		cmocka_unit_test(exact_hashes_do_not_collide),
		cmocka_unit_test(keys_that_differ_have_different_hashes),
		cmocka_unit_test(hashes_of_like_keys_spread_over_the_table),
		cmocka_unit_test(addresses_however_far_apart_lie_as_if_drawn),
		cmocka_unit_test(what_lies_around_the_end_is_found_while_the_table_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
