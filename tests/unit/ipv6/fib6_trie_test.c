// SPDX-License-Identifier: BSD-2-Clause
/* fib6_trie.c against a list of prefixes that is searched from end to end. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ipv6/fib6_trie.h"

#define NAIVE_MAX 1024
#define LARGE 4000U

struct world {
	struct mem mem;
	struct rcu rcu;
	struct fib6_trie trie;
	struct fib6_leaf *leaf[LARGE]; /* the list */
	u32 count;
	u64 seed;
	u32 calls, fail_at; /* allocation number fail_at fails; 0: none */
};

static bool fail_nth(void *ctx, const char *site, size_t size_bytes)
{
	struct world *w = ctx;

	(void)site;
	(void)size_bytes;
	return ++w->calls == w->fail_at;
}

static struct world *world_create(void)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->mem.ops = &mem_libc_ops;
	w->mem.fail = fail_nth;
	w->mem.fail_ctx = w;
	rcu_init(&w->rcu);
	fib6_trie_init(&w->trie, &w->mem, &w->rcu);
	w->seed = 0x9e3779b97f4a7c15ULL;
	return w;
}

static void world_destroy(struct world *w)
{
	fib6_trie_fini(&w->trie);
	rcu_fini(&w->rcu);
	assert_int_equal(w->mem.live_bytes, 0);
	while (w->count)
		free(w->leaf[--w->count]);
	free(w);
}

static u32 rnd(struct world *w)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return (u32)(w->seed >> 16);
}

/* addresses that collide, so that prefixes nest: few bits are ever set, of @spread places */
static struct fib6_key rnd_key(struct world *w, u32 spread)
{
	static const u8 bit[] = { 0,  1,  2,  15, 16, 17, 31, 33, 47,  48,  58,  59,  60,
				  61, 62, 63, 64, 65, 66, 67, 71, 100, 119, 125, 126, 127 };
	struct fib6_key k = { 0, 0 };

	for (u32 i = 0; i < 4; i++) {
		u32 b = bit[rnd(w) % min_u32(spread, ARRAY_SIZE(bit))];

		if (b < 64)
			k.hi |= 1ULL << (63 - b);
		else
			k.lo |= 1ULL << (127 - b);
	}
	return k;
}

static struct fib6_leaf *rnd_leaf(struct world *w, u32 spread)
{
	struct fib6_leaf *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	l->plen = (u8)(rnd(w) % 129);
	l->key = fib6_key_masked(rnd_key(w, spread), l->plen);
	return l;
}

static int list_find(const struct world *w, const struct fib6_key *key, u32 plen)
{
	for (u32 i = 0; i < w->count; i++) {
		if (w->leaf[i]->plen == plen && fib6_key_diff(&w->leaf[i]->key, key) == 128)
			return (int)i;
	}
	return -1;
}

static struct fib6_leaf *list_lookup(const struct world *w, const struct fib6_key *key, u32 max)
{
	struct fib6_leaf *best = NULL;

	for (u32 i = 0; i < w->count; i++) {
		struct fib6_leaf *l = w->leaf[i];

		if (l->plen <= max && fib6_key_diff(&l->key, key) >= l->plen && (!best || l->plen > best->plen))
			best = l;
	}
	return best;
}

static void add(struct world *w, struct fib6_leaf *l)
{
	int i = list_find(w, &l->key, l->plen);

	assert_int_equal(fib6_trie_set(&w->trie, l), 0);
	if (i >= 0) {
		rcu_quiescent(&w->rcu);
		free(w->leaf[i]);
		w->leaf[i] = l;
	} else {
		w->leaf[w->count++] = l;
	}
	assert_int_equal(w->trie.prefix_count, w->count);
}

static void del(struct world *w, u32 i)
{
	assert_int_equal(fib6_trie_clear(&w->trie, w->leaf[i]), 0);
	assert_null(fib6_trie_find(&w->trie, &w->leaf[i]->key, w->leaf[i]->plen));
	rcu_quiescent(&w->rcu);
	free(w->leaf[i]);
	w->leaf[i] = w->leaf[--w->count];
	assert_int_equal(w->trie.prefix_count, w->count);
}

/* the order of listings: an inner prefix before the outer one */
static int by_walk(const void *x, const void *y)
{
	const struct fib6_leaf *a = *(struct fib6_leaf *const *)x, *b = *(struct fib6_leaf *const *)y;

	if (fib6_key_diff(&a->key, &b->key) >= min_u32(a->plen, b->plen))
		return (a->plen < b->plen) - (a->plen > b->plen);
	if (a->key.hi != b->key.hi)
		return a->key.hi < b->key.hi ? -1 : 1;
	return a->key.lo < b->key.lo ? -1 : 1;
}

struct seen {
	struct fib6_leaf *leaf[NAIVE_MAX];
	u32 count, stop_at;
};

static int see(void *ctx, struct fib6_leaf *leaf)
{
	struct seen *s = ctx;

	assert_true(s->count < NAIVE_MAX);
	s->leaf[s->count++] = leaf;
	return s->count == s->stop_at ? 7 : 0;
}

static void check_walk(struct world *w)
{
	struct fib6_leaf *sorted[NAIVE_MAX];
	struct seen s = { 0 };
	u32 from;

	memcpy(sorted, w->leaf, w->count * sizeof(*sorted));
	qsort(sorted, w->count, sizeof(*sorted), by_walk);
	assert_int_equal(fib6_trie_walk(&w->trie, NULL, 0, see, &s), 0);
	assert_int_equal(s.count, w->count);
	assert_memory_equal(s.leaf, sorted, w->count * sizeof(*sorted));
	if (!w->count)
		return;
	from = rnd(w) % w->count;
	s = (struct seen){ .stop_at = 3 };
	assert_int_equal(fib6_trie_walk(&w->trie, &sorted[from]->key, sorted[from]->plen, see, &s),
			 w->count - from >= 3 ? 7 : 0);
	assert_int_equal(s.count, min_u32(w->count - from, 3));
	assert_memory_equal(s.leaf, &sorted[from], s.count * sizeof(*sorted));
}

/* a walk may begin with a prefix that is not there any more */
static void check_walk_from_nothing(struct world *w)
{
	struct fib6_leaf *from = rnd_leaf(w, 40);
	struct seen s = { 0 };
	u32 behind = 0;

	for (u32 i = 0; i < w->count; i++)
		behind += by_walk(&w->leaf[i], &from) >= 0;
	assert_int_equal(fib6_trie_walk(&w->trie, &from->key, from->plen, see, &s), 0);
	assert_int_equal(s.count, behind);
	free(from);
}

static void check_lookup(struct world *w, u32 spread)
{
	for (u32 i = 0; i < 200; i++) {
		struct fib6_key k = rnd_key(w, spread);
		u32 max = rnd(w) % 129;

		assert_ptr_equal(fib6_trie_lookup(&w->trie, &k), list_lookup(w, &k, 128));
		assert_ptr_equal(fib6_trie_lookup_max(&w->trie, &k, max), list_lookup(w, &k, max));
	}
	for (u32 i = 0; i < w->count; i++)
		assert_ptr_equal(fib6_trie_find(&w->trie, &w->leaf[i]->key, w->leaf[i]->plen), w->leaf[i]);
}

static void finds_what_a_list_finds(void **state)
{
	static const u32 spreads[] = { 3, 8, 16, 40 };
	struct world *w = world_create();

	(void)state;
	for (u32 round = 0; round < 24; round++) {
		u32 spread = spreads[round % ARRAY_SIZE(spreads)], ops = 40 + rnd(w) % 200;

		for (u32 i = 0; i < ops; i++) {
			if (w->count && (w->count >= NAIVE_MAX - 1 || rnd(w) % 5 < (round % 8 < 5 ? 1U : 4U)))
				del(w, rnd(w) % w->count);
			else
				add(w, rnd_leaf(w, spread));
		}
		check_lookup(w, spread);
		check_walk(w);
		check_walk_from_nothing(w);
	}
	while (w->count)
		del(w, w->count - 1);
	assert_null(w->trie.root);
	world_destroy(w);
}

static void without_memory_nothing_changes(void **state)
{
	struct world *w = world_create();
	u32 refused_sets = 0, refused_clears = 0;

	(void)state;
	for (u32 i = 0; i < 4000; i++) {
		struct fib6_leaf *l;

		w->calls = 0;
		w->fail_at = rnd(w) % 2;
		if (w->count && (rnd(w) % 3 == 0 || w->count > NAIVE_MAX - 2)) {
			u32 k = rnd(w) % w->count;

			if (fib6_trie_clear(&w->trie, w->leaf[k])) {
				refused_clears++;
				assert_ptr_equal(fib6_trie_find(&w->trie, &w->leaf[k]->key, w->leaf[k]->plen),
						 w->leaf[k]);
			} else {
				rcu_quiescent(&w->rcu);
				free(w->leaf[k]);
				w->leaf[k] = w->leaf[--w->count];
			}
		} else {
			l = rnd_leaf(w, 16);
			if (list_find(w, &l->key, l->plen) >= 0) {
				free(l);
			} else if (fib6_trie_set(&w->trie, l)) {
				refused_sets++;
				free(l);
			} else {
				w->leaf[w->count++] = l;
			}
		}
		w->fail_at = 0;
		assert_int_equal(w->trie.prefix_count, w->count);
		if (i % 64 == 0)
			check_lookup(w, 16);
	}
	assert_true(refused_sets > 100 && refused_clears > 10);
	check_walk(w);
	world_destroy(w);
}

static void a_leaf_alone_takes_little(void **state)
{
	struct world *w = world_create();
	struct in6_addr a = { { { 0x20, 1, 0xd, 0xb8, [15] = 1 } } };
	struct fib6_key k = fib6_key_of(&a);
	struct fib6_leaf *l = calloc(1, sizeof(*l));

	(void)state;
	assert_non_null(l);
	l->plen = 128;
	l->key = k;
	add(w, l);
	assert_in_range(w->mem.live_bytes, 1, 100);
	assert_ptr_equal(fib6_trie_lookup(&w->trie, &k), l);
	k.lo++;
	assert_null(fib6_trie_lookup(&w->trie, &k));
	world_destroy(w);
}

/* ---- large enough for the direct way */

#define BYTES_PER_PREFIX 100U

/* What a table has: allotments of 29 to 32 bits, and what their holders announce. */
static struct fib6_leaf *large_leaf(struct world *w)
{
	struct fib6_leaf *l = calloc(1, sizeof(*l));
	u64 hi = 0x2000000000000000ULL | (u64)(rnd(w) % 600) << 35 | (u64)(rnd(w) & 0x7ffff) << 16 | rnd(w) % 4;

	assert_non_null(l);
	l->plen = (u8)(rnd(w) % 8 ? 36 + rnd(w) % 13 : 20 + rnd(w) % 109);
	l->key = fib6_key_masked((struct fib6_key){ hi, rnd(w) % 4 }, l->plen);
	return l;
}

static void check_large(struct world *w)
{
	for (u32 i = 0; i < 300; i++) {
		struct fib6_key k = w->leaf[rnd(w) % w->count]->key;

		k.hi ^= rnd(w) % 4 ? rnd(w) & 0xffff : (u64)rnd(w) << (rnd(w) % 30);
		assert_ptr_equal(fib6_trie_lookup(&w->trie, &k), list_lookup(w, &k, 128));
	}
}

static void change_large(struct world *w, bool grow)
{
	struct fib6_leaf *l;
	u32 i;

	w->calls = 0;
	w->fail_at = rnd(w) % 16 ? 0 : 1 + rnd(w) % 3; /* now and then there is no memory, for a larger table as well */
	if (grow) {
		l = large_leaf(w);
		if (list_find(w, &l->key, l->plen) < 0 && !fib6_trie_set(&w->trie, l))
			w->leaf[w->count++] = l;
		else
			free(l);
	} else {
		i = rnd(w) % w->count;
		if (!fib6_trie_clear(&w->trie, w->leaf[i])) {
			rcu_quiescent(&w->rcu);
			free(w->leaf[i]);
			w->leaf[i] = w->leaf[--w->count];
		}
	}
	w->fail_at = 0;
}

static void a_large_table_has_a_direct_way(void **state)
{
	struct world *w = world_create();

	(void)state;
	for (u32 i = 0; w->count < LARGE; i++) {
		change_large(w, rnd(w) % 8);
		if (i % 256 == 0 && w->count)
			check_large(w);
	}
	assert_non_null(w->trie.direct);
	rcu_quiescent(&w->rcu);
	assert_true(w->mem.live_bytes < LARGE * BYTES_PER_PREFIX);
	for (u32 i = 0; w->count > 40; i++) {
		change_large(w, rnd(w) % 8 == 0);
		if (i % 256 == 0)
			check_large(w);
	}
	assert_null(w->trie.direct);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_a_list_finds),
		cmocka_unit_test(without_memory_nothing_changes),
		cmocka_unit_test(a_leaf_alone_takes_little),
		cmocka_unit_test(a_large_table_has_a_direct_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
