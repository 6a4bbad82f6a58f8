// SPDX-License-Identifier: BSD-2-Clause
/* A tree that is told each place stays balanced, whatever comes and goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "base/rbtree.h"

#define ITEMS 300U
#define STEPS 20000U

struct item {
	struct rb_node node;
	u32 key;
	bool in;
};

static void insert(struct rb_root *root, struct item *item)
{
	struct rb_node *parent = NULL, *at = root->node;
	int side = 0;

	while (at) {
		parent = at;
		side = rb_entry(at, struct item, node)->key < item->key;
		at = at->child[side];
	}
	rb_insert(root, &item->node, parent, side);
	item->in = true;
}

static u32 last_key, seen;

static void walk(const struct rb_node *n)
{
	if (!n)
		return;
	walk(n->child[0]);
	assert_true(!seen || rb_entry(n, struct item, node)->key > last_key);
	last_key = rb_entry(n, struct item, node)->key;
	seen++;
	walk(n->child[1]);
}

static void check(const struct rb_root *root, u32 count)
{
	u32 found;

	assert_null(rb_check(root, &found));
	assert_int_equal(found, count);
	seen = 0;
	walk(root->node);
	assert_int_equal(seen, count);
}

static void what_comes_and_goes_leaves_a_balanced_tree_in_order(void **state)
{
	static const u8 key[RNG_KEY_BYTES] = { 7 };
	struct item items[ITEMS], other;
	struct rb_root root = { NULL };
	struct rng rng;
	u32 count = 0;

	(void)state;
	rng_init(&rng, key);
	for (u32 i = 0; i < ITEMS; i++)
		items[i] = (struct item){ .key = i };
	for (u32 step = 0; step < STEPS; step++) {
		struct item *item = &items[get_random_u32_below(&rng, step / 100 % 2 ? ITEMS : ITEMS / 20)];

		if (!item->in) {
			insert(&root, item);
			count++;
		} else if (get_random_u32_below(&rng, 4)) {
			rb_erase(&root, &item->node);
			item->in = false;
			count--;
		} else {
			other.key = item->key;
			rb_replace(&root, &item->node, &other.node);
			check(&root, count);
			rb_replace(&root, &other.node, &item->node);
		}
		check(&root, count);
	}
}

static void a_row_that_comes_at_one_end_and_goes_at_the_other(void **state)
{
	static struct item items[4096];
	struct rb_root root = { NULL };
	u32 gone = 0, found;

	(void)state;
	for (u32 i = 0; i < 4096; i++) {
		items[i].key = i;
		insert(&root, &items[i]);
		if (i % 3)
			rb_erase(&root, &items[gone++].node);
		assert_null(rb_check(&root, &found));
	}
	while (gone < 4096)
		rb_erase(&root, &items[gone++].node);
	assert_null(root.node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_and_goes_leaves_a_balanced_tree_in_order),
		cmocka_unit_test(a_row_that_comes_at_one_end_and_goes_at_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
