// SPDX-License-Identifier: BSD-2-Clause
/* fib_trie.c against a list of prefixes that is searched from end to end. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ipv4/fib_trie.h"

#define NAIVE_MAX 2048

struct naive {
	u32 key[NAIVE_MAX], plen[NAIVE_MAX];
	void *leaf[NAIVE_MAX];
	u32 count;
};

struct world {
	struct mem mem;
	struct rcu rcu;
	struct fib_trie trie;
	struct naive naive;
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
	fib_trie_init(&w->trie, &w->mem, &w->rcu);
	w->seed = 0x9e3779b97f4a7c15ULL;
	return w;
}

static void world_destroy(struct world *w)
{
	fib_trie_fini(&w->trie);
	rcu_fini(&w->rcu);
	assert_int_equal(w->mem.live_bytes, 0);
	free(w);
}

static u32 rnd(struct world *w)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return (u32)(w->seed >> 16);
}

/* keys that collide, so that prefixes nest: few distinct octets, all lengths */
static void rnd_prefix(struct world *w, u32 *key, u32 *plen)
{
	u32 r = rnd(w);

	*plen = rnd(w) % 33;
	*key = ((r & 3) << 30 | (r >> 2 & 3) << 22 | (r >> 4 & 7) << 17 | (r >> 7 & 3) << 12 | (r >> 9 & 7) << 6 |
		(r >> 12 & 3));
	*key &= fib_mask(*plen);
}

static int naive_find(const struct naive *n, u32 key, u32 plen)
{
	for (u32 i = 0; i < n->count; i++) {
		if (n->key[i] == key && n->plen[i] == plen)
			return (int)i;
	}
	return -1;
}

static void *naive_lookup(const struct naive *n, u32 key, u32 max, u32 *plen)
{
	void *leaf = NULL;

	*plen = 0;
	for (u32 i = 0; i < n->count; i++) {
		if (n->plen[i] <= max && (key & fib_mask(n->plen[i])) == n->key[i] && (!leaf || n->plen[i] > *plen)) {
			leaf = n->leaf[i];
			*plen = n->plen[i];
		}
	}
	return leaf;
}

static void naive_set(struct naive *n, u32 key, u32 plen, void *leaf)
{
	int i = naive_find(n, key, plen);

	if (i < 0) {
		assert_true(n->count < NAIVE_MAX);
		i = (int)n->count++;
	}
	n->key[i] = key;
	n->plen[i] = plen;
	n->leaf[i] = leaf;
}

static void naive_clear(struct naive *n, int i)
{
	n->count--;
	n->key[i] = n->key[n->count];
	n->plen[i] = n->plen[n->count];
	n->leaf[i] = n->leaf[n->count];
}

static void check_lookup(struct world *w, u32 addr)
{
	u32 plen, plen_naive, max = rnd(w) % 33;
	void *leaf = fib_trie_lookup(&w->trie, addr, &plen), *want = naive_lookup(&w->naive, addr, 32, &plen_naive);

	assert_ptr_equal(leaf, want);
	assert_true(!leaf || fib_trie_may_cover(&w->trie, addr));
	if (leaf)
		assert_int_equal(plen, plen_naive);
	leaf = fib_trie_lookup_max(&w->trie, addr, max, &plen);
	want = naive_lookup(&w->naive, addr, max, &plen_naive);
	assert_ptr_equal(leaf, want);
	if (leaf)
		assert_int_equal(plen, plen_naive);
}

struct walked {
	u32 count, last_key, last_plen;
	const struct naive *naive;
};

static int walked_one(void *ctx, u32 key, u32 plen, void *leaf)
{
	struct walked *s = ctx;
	int i = naive_find(s->naive, key, plen);

	assert_true(i >= 0);
	assert_ptr_equal(leaf, s->naive->leaf[i]);
	if (s->count)
		assert_true(key > s->last_key || (key == s->last_key && plen < s->last_plen));
	s->count++;
	s->last_key = key;
	s->last_plen = plen;
	return 0;
}

static void check_walk(struct world *w)
{
	struct walked all = { .naive = &w->naive }, part = { .naive = &w->naive };
	u32 key, plen, later = 0;

	assert_int_equal(fib_trie_walk(&w->trie, 0, 32, walked_one, &all), 0);
	assert_int_equal(all.count, w->naive.count);
	assert_int_equal(w->trie.prefix_count, w->naive.count);
	rnd_prefix(w, &key, &plen);
	for (u32 i = 0; i < w->naive.count; i++)
		later += w->naive.key[i] > key || (w->naive.key[i] == key && w->naive.plen[i] <= plen);
	assert_int_equal(fib_trie_walk(&w->trie, key, plen, walked_one, &part), 0);
	assert_int_equal(part.count, later);
}

/* one random change; an allocation may fail on the way: then nothing may have changed */
static void change(struct world *w)
{
	u32 key, plen;
	int i;

	rnd_prefix(w, &key, &plen);
	if (w->naive.count && rnd(w) % 1024 < w->naive.count) { /* one that is there: more often the more there are */
		u32 k = rnd(w) % w->naive.count;

		key = w->naive.key[k];
		plen = w->naive.plen[k];
	}
	i = naive_find(&w->naive, key, plen);
	if (i >= 0 && rnd(w) % 4) {
		fib_trie_clear(&w->trie, key, plen);
		naive_clear(&w->naive, i);
	} else {
		void *leaf = (void *)(uintptr_t)(rnd(w) | 1U);
		u64 failed = w->mem.failed_count;
		int err = fib_trie_set(&w->trie, key, plen, leaf);

		assert_true(err == 0 || (err == -ENOMEM && w->mem.failed_count > failed && i < 0));
		if (!err)
			naive_set(&w->naive, key, plen, leaf);
	}
	i = naive_find(&w->naive, key, plen);
	assert_ptr_equal(fib_trie_find(&w->trie, key, plen), i >= 0 ? w->naive.leaf[i] : NULL);
}

static void as_naive(struct world *w, u32 rounds, bool failing)
{
	u32 key, plen;

	for (u32 i = 0; i < rounds; i++) {
		if (failing) {
			w->calls = 0;
			w->fail_at = rnd(w) % 6;
		}
		change(w);
		w->fail_at = 0;
		for (u32 k = 0; k < 8; k++) {
			rnd_prefix(w, &key, &plen);
			check_lookup(w, key | (rnd(w) & ~fib_mask(plen)));
		}
		if (i % 64 == 0) {
			rcu_quiescent(&w->rcu);
			check_walk(w);
		}
	}
	while (w->naive.count) {
		fib_trie_clear(&w->trie, w->naive.key[0], w->naive.plen[0]);
		naive_clear(&w->naive, 0);
	}
	rcu_quiescent(&w->rcu);
	assert_int_equal(w->trie.prefix_count, 0);
	assert_false(fib_trie_may_cover(&w->trie, 0));
}

static void test_random_changes(void **state)
{
	struct world *w = world_create();

	(void)state;
	as_naive(w, 8000, false);
	assert_null(w->trie.root); /* emptied tries give all nodes back */
	world_destroy(w);
}

static void test_random_changes_without_memory(void **state)
{
	struct world *w = world_create();

	(void)state;
	as_naive(w, 8000, true);
	world_destroy(w);
}

static int count_one(void *ctx, u32 key, u32 plen, void *leaf)
{
	(void)key;
	(void)plen;
	(void)leaf;
	++*(u32 *)ctx;
	return 0;
}

/* the table grows its direct part, is changed while that is filled, and drops it again */
static void test_direct_table(void **state)
{
	struct world *w = world_create();
	u32 count = FIB_DIRECT_GROW_COUNT + 2000, plen, walked = 0;

	(void)state;
	assert_int_equal(fib_trie_set(&w->trie, 0, 0, w), 0);
	for (u32 i = 0; i < count; i++) {
		u32 key = (i * 2654435761U) & fib_mask(24);

		assert_int_equal(fib_trie_set(&w->trie, key, 24, (void *)(uintptr_t)(key | 2)), 0);
		if (i % 4096 == 0)
			rcu_quiescent(&w->rcu);
	}
	assert_non_null(w->trie.direct);
	assert_int_equal(fib_trie_walk(&w->trie, 0, 32, count_one, &walked), 0);
	assert_int_equal(walked, w->trie.prefix_count);
	for (u32 i = 0; i < count; i++) {
		u32 key = (i * 2654435761U) & fib_mask(24);

		assert_ptr_equal(fib_trie_lookup(&w->trie, key | 77, &plen), (void *)(uintptr_t)(key | 2));
		assert_int_equal(plen, 24);
	}
	/* each change is seen at once, in filled and unfilled parts */
	for (u32 i = 0; i < count; i++) {
		u32 key = (i * 2654435761U) & fib_mask(24);

		if (!fib_trie_find(&w->trie, key, 24))
			continue;
		if (i % 3 == 0) {
			assert_int_equal(fib_trie_set(&w->trie, key | 64, 26, w), 0);
			assert_ptr_equal(fib_trie_lookup(&w->trie, key | 65, &plen), w);
			assert_int_equal(plen, 26);
			fib_trie_clear(&w->trie, key | 64, 26);
		}
		fib_trie_clear(&w->trie, key, 24);
		assert_ptr_equal(fib_trie_lookup(&w->trie, key | 65, &plen), w);
		assert_int_equal(plen, 0);
		if (i % 4096 == 0)
			rcu_quiescent(&w->rcu);
	}
	assert_null(w->trie.direct);
	fib_trie_clear(&w->trie, 0, 0);
	assert_null(w->trie.root);
	world_destroy(w);
}

/* literal rows: who wins at an address */
static void test_longest_wins(void **state)
{
	static const struct {
		const char *what;
		u32 key, plen;
	} put[] = {
		{ "default", 0, 0 },
		{ "half the world", 0x80000000, 1 },
		{ "a class A", 0x0a000000, 8 },
		{ "same address, longer", 0x0a000000, 24 },
		{ "a subnet", 0x0a4d0000, 16 },
		{ "a host", 0x0a4d0001, 32 },
		{ "a point-to-point pair", 0x0a4d0002, 31 },
	};
	static const struct {
		const char *what;
		u32 addr;
		int wins; /* index into put */
	} row[] = {
		{ "nothing more specific: default", 0x01020304, 0 },
		{ "upper half", 0xfffffffe, 1 },
		{ "class A outside the subnets", 0x0aff0001, 2 },
		{ "the longer at the same address", 0x0a0000ff, 3 },
		{ "the next block is the class A's again", 0x0a000100, 2 },
		{ "subnet", 0x0a4dffff, 4 },
		{ "host", 0x0a4d0001, 5 },
		{ "its pair", 0x0a4d0003, 6 },
		{ "the subnet's own address", 0x0a4d0000, 4 },
	};
	struct world *w = world_create();
	u32 plen;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(put); i++)
		assert_int_equal(fib_trie_set(&w->trie, put[i].key, put[i].plen, (void *)(uintptr_t)put[i].what), 0);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		assert_string_equal((const char *)fib_trie_lookup(&w->trie, row[i].addr, &plen), put[row[i].wins].what);
		assert_int_equal(plen, put[row[i].wins].plen);
	}
	/* an empty table and a small one stay small */
	assert_true(w->mem.live_bytes < 1536);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longest_wins),
		cmocka_unit_test(test_random_changes),
		cmocka_unit_test(test_random_changes_without_memory),
		cmocka_unit_test(test_direct_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
