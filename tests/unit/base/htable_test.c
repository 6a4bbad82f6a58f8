// SPDX-License-Identifier: BSD-2-Clause
/* The hash table against an array of flags, through growth, cleaning and lack of memory; and walks during all that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/htable.h"
#include "base/random.h"

#define OBJECTS 5000

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
	assert_int_equal(htable_init(&w->t, &w->mem, &w->rng, 8), 0);
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

		assert_true(h > HTABLE_DELETED && h != last);
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

		assert_true(hash > HTABLE_DELETED && hash == htable_hash_bytes(&w.t, key, len));
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
		cmocka_unit_test(without_memory_it_is_asked_for_seldom),
		cmocka_unit_test(without_memory_what_was_removed_takes_no_place),
		cmocka_unit_test(where_much_comes_and_goes_memory_is_asked_for_once),
		cmocka_unit_test(a_million_objects_lie_where_they_belong),
		cmocka_unit_test(exact_hashes_do_not_collide),
		cmocka_unit_test(keys_that_differ_have_different_hashes),
		cmocka_unit_test(hashes_of_like_keys_spread_over_the_table),
		cmocka_unit_test(what_lies_around_the_end_is_found_while_the_table_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
