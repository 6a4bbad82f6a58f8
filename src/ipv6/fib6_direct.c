// SPDX-License-Identifier: BSD-2-Clause
/* The direct way of a large trie: from 30 bits of an address to the bucket or node that has what is longer.
 *
 * It is kept up as the trie changes: after a change the way of that key is looked for anew, and nodes that come or go
 * tell of their children.  When half of its slots are in use a table of twice the size takes its place, empty, and the
 * slots move a few at each change: no change takes long, and what is missing is found from the root.
 *
 * Reading order: fib6_direct_change(), direct_target(), direct_copy(), fib6_direct_node().
 */
#include "ipv6/fib6_node.h"

static void direct_remove(struct fib6_direct *d, u64 hi)
{
	u64 *slot = d ? direct_find(d, direct_hash(hi)) : NULL;

	if (slot) {
		rcu_assign_pointer(*slot, 0);
		d->count--;
	}
}

/** direct_put() - for @hi, @p; without room it is not there */
static void direct_put(struct fib6_direct *d, u64 hi, const void *p)
{
	u64 hash = direct_hash(hi), *slot = direct_find(d, hash), *group = direct_group(d, hash);

	for (u32 i = 0; i < DIRECT_WAYS && !slot; i++) {
		u64 *free = &group[((hash >> 28) + i) % DIRECT_WAYS];

		if (!*free) {
			slot = free;
			d->count++;
		}
	}
	if (slot)
		rcu_assign_pointer(*slot, direct_tag(hash) << TAG_SHIFT | (u64)(uintptr_t)p);
}

static void direct_free_rcu(struct rcu_head *head)
{
	struct fib6_direct *d = container_of(head, struct fib6_direct, rcu);

	mem_free(d->mem, d, sizeof(*d) + (d->group_mask + 1) * DIRECT_WAYS * sizeof(u64));
}

/** direct_copy() - some more of what the smaller table had */
static void direct_copy(struct fib6_trie *t, struct fib6_direct *d)
{
	struct fib6_direct *older = d->older;
	u32 slots = (older->group_mask + 1) * DIRECT_WAYS, stop = min_u32(d->copied + DIRECT_COPY, slots);

	for (; d->copied < stop; d->copied++) {
		const void *p = (void *)(uintptr_t)(older->slot[d->copied] & ((1ULL << TAG_SHIFT) - 1));
		u64 hi;

		if (!p)
			continue;
		if (is_bucket(p))
			hi = as_bucket(p)->entry[0].leaf->key.hi;
		else
			hi = ((const struct fib6_node *)p)->key.hi;
		if (!direct_find(d, direct_hash(hi)))
			direct_put(d, hi, p);
	}
	if (d->copied == slots) {
		d->older = NULL;
		rcu_defer_free(t->rcu, &older->rcu, direct_free_rcu);
	}
}

/** direct_grow() - Return: the larger table, empty; the old one: no memory for that.  Then the trie is slower, not wrong */
static struct fib6_direct *direct_grow(struct fib6_trie *t, struct fib6_direct *old)
{
	u32 groups = old ? (old->group_mask + 1) * 2 : DIRECT_MIN_GROUPS;
	struct fib6_direct *d = mem_zalloc(t->mem, sizeof(*d) + groups * DIRECT_WAYS * sizeof(u64));

	if (!d)
		return old;
	d->mem = t->mem;
	d->group_mask = groups - 1;
	d->older = old;
	rcu_assign_pointer(t->direct, d);
	return d;
}

static void direct_drop(struct fib6_trie *t)
{
	struct fib6_direct *d = t->direct;

	rcu_assign_pointer(t->direct, (struct fib6_direct *)NULL);
	if (d->older)
		rcu_defer_free(t->rcu, &d->older->rcu, direct_free_rcu);
	rcu_defer_free(t->rcu, &d->rcu, direct_free_rcu);
}

/** direct_target() - what has all prefixes of more than 30 bits that begin as @key does, and no others; NULL: nothing */
static const void *direct_target(const struct fib6_trie *t, const struct fib6_key *key)
{
	const void *p = t->root;
	u32 above = 0; /* depth of the node that p hangs on */

	while (p && !is_bucket(p)) {
		const struct fib6_node *n = p;

		if (!node_agrees(n, key))
			return n->depth >= DIRECT_DEPTH && !((n->key.hi ^ key->hi) >> (WORD_BITS - DIRECT_BITS)) ? p
														 : NULL;
		if (n->depth >= DIRECT_DEPTH)
			return p;
		above = n->depth;
		p = child_of(n, chunk_of(key, n->depth));
	}
	return above == DIRECT_DEPTH - 1 ? p : NULL;
}

void fib6_direct_change(struct fib6_trie *t, const struct fib6_key *key)
{
	struct fib6_direct *d = t->direct;
	const void *p;

	if (d && t->prefix_count < DIRECT_DROP_COUNT) {
		direct_drop(t);
		return;
	}
	if (d ? !d->older && d->count > (d->group_mask + 1) * DIRECT_WAYS / 2 : t->prefix_count >= DIRECT_GROW_COUNT)
		d = direct_grow(t, d);
	if (!d)
		return;
	direct_remove(d->older, key->hi);
	p = direct_target(t, key);
	if (p && !((u64)(uintptr_t)p >> TAG_SHIFT))
		direct_put(d, key->hi, p);
	else
		direct_remove(d, key->hi);
	if (d->older)
		direct_copy(t, d);
}

void fib6_direct_node(struct fib6_trie *t, const struct fib6_node *n, bool is_new)
{
	struct fib6_direct *d = t->direct;

	if (!d || n->depth != DIRECT_DEPTH - 1)
		return;
	for (u32 chunk = 0; chunk < FANOUT; chunk++) {
		u32 at = WORD_BITS - DIRECT_BITS;
		u64 hi = (n->key.hi & ~((1ULL << (at + STRIDE)) - 1)) | (u64)chunk << at;
		const void *p = child_of(n, chunk);

		if (!map_has(&n->map, NODE_CHILD, chunk))
			continue;
		direct_remove(d->older, hi);
		if (is_new && p && !((u64)(uintptr_t)p >> TAG_SHIFT))
			direct_put(d, hi, p);
		else
			direct_remove(d, hi);
	}
}

void fib6_direct_free(struct fib6_direct *d)
{
	if (d && d->older)
		direct_free_rcu(&d->older->rcu);
	if (d)
		direct_free_rcu(&d->rcu);
}
