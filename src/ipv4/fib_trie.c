// SPDX-License-Identifier: BSD-2-Clause
/* Longest prefix match: a multibit trie of six bits a level, compressed by bitmaps (base/multibit.h).
 *
 * @step S5 of S13, from ipv4/fib_table.c
 * @rfc  1812 5.2.4.3
 * @linux net/ipv4/fib_trie.c (its work, not its data structure)
 *
 * A node at depth d covers bits 6d..6d+5 of the key.  It holds the prefixes of lengths 6d+1..6d+6 and its children,
 * all in one array without holes: three bitmaps say what is there, counting the ones before a bit says where.  So a
 * prefix costs one pointer and a few bits, and a change copies one node: at most 1.6 KiB, whatever the table's size.
 * The longest match inside a node is the highest of at most six bits, found without a loop.
 *
 * A large table gets a direct table to the nodes of depth 3: prefixes of 19..24 bits, nearly all of a real table, are
 * then found with one step.  It is filled by the way, a block at each change, and an empty slot only means "descend".
 *
 * Reading order: fib_trie_lookup(), node_best(), fib_trie_set(), node_with(), fib_trie_walk().
 * Rule: a published node's bitmaps never change; its slots change by single stores.
 */
#include "ipv4/fib_trie.h"

#include <errno.h>
#include <string.h>

#include "base/multibit.h"

#define MAX_DEPTH 6U /* 6 * 6 >= 32 */
#define DIRECT_DEPTH 3U
#define DIRECT_SLOTS (1U << FIB_DIRECT_BITS)

static_assert(DIRECT_DEPTH * STRIDE == FIB_DIRECT_BITS, "the direct table points at nodes of one depth");

/** struct fib_node - lives in slots: child or direct pointers lead to it, never from it */
struct fib_node {
	struct rcu_head rcu;
	struct mem *mem;
	struct node_map map;
	void *slot[];
};

struct fib_direct {
	struct rcu_head rcu;
	struct mem *mem;
	struct fib_node *node[DIRECT_SLOTS];
};

static inline u32 chunk_of(u32 key, u32 depth)
{
	return (key << (depth * STRIDE)) >> (FIB_KEY_BITS - STRIDE);
}

static size_t node_bytes(const struct fib_node *n)
{
	return sizeof(*n) + map_count(&n->map) * sizeof(void *);
}

static inline __attribute__((always_inline)) struct fib_node *node_child_as(const struct fib_node *n, u32 chunk,
									    bool hw)
{
	return rcu_dereference(n->slot[map_child(&n->map, chunk, hw)]);
}

static inline struct fib_node *node_child(const struct fib_node *n, u32 chunk)
{
	return node_child_as(n, chunk, false);
}

/* ------------------------------------------------------------------ lookup */

/** node_best() - longest prefix of this node that covers @chunk; *len: its bits in this node, 0: none */
static inline __attribute__((always_inline)) void *node_best(const struct fib_node *n, u32 chunk, bool hw, u32 *len)
{
	u32 pos = map_best(&n->map, chunk, hw, len);

	return *len ? rcu_dereference(n->slot[pos]) : NULL;
}

/** node_best_max() - same among prefixes of at most @max bits in this node; passes over cleared leaves */
static void *node_best_max(const struct fib_node *n, u32 chunk, u32 max, u32 *len)
{
	for (u32 l = min_u32(max, STRIDE); l > 0; l--) {
		enum node_kind kind;
		u32 bit = prefix_bit(chunk, l, &kind);
		void *leaf;

		if (!map_has(&n->map, kind, bit))
			continue;
		leaf = rcu_dereference(n->slot[map_pos(&n->map, kind, bit)]);
		if (leaf) {
			*len = l;
			return leaf;
		}
	}
	return NULL;
}

void *fib_trie_lookup_max(const struct fib_trie *t, u32 key, u32 max, u32 *plen)
{
	const struct fib_node *path[MAX_DEPTH], *n = rcu_dereference(t->root);
	u32 depth = 0, len;
	void *leaf;

	while (n && depth * STRIDE < max) {
		u32 chunk = chunk_of(key, depth);

		path[depth++] = n;
		if (!map_has(&n->map, NODE_CHILD, chunk))
			break;
		n = node_child(n, chunk);
	}
	while (depth-- > 0) {
		leaf = node_best_max(path[depth], chunk_of(key, depth), max - depth * STRIDE, &len);
		if (leaf) {
			*plen = depth * STRIDE + len;
			return leaf;
		}
	}
	*plen = 0;
	return rcu_dereference(t->dflt);
}

/** lookup_walk() - without the direct table: remember the last node with a match, and open its leaf at the end */
static inline __attribute__((always_inline)) void *lookup_walk(const struct fib_trie *t, u32 key, bool hw, u32 *plen)
{
	const struct fib_node *n = rcu_dereference(t->root), *best = NULL;
	u32 depth, best_depth = 0, len;
	void *leaf;

	for (depth = 0; n; depth++) {
		u32 chunk = chunk_of(key, depth);

		if (map_covers(&n->map, chunk)) {
			best = n;
			best_depth = depth;
		}
		if (!map_has(&n->map, NODE_CHILD, chunk))
			break;
		n = node_child_as(n, chunk, hw);
	}
	if (!best) {
		*plen = 0;
		return rcu_dereference(t->dflt);
	}
	leaf = node_best(best, chunk_of(key, best_depth), hw, &len);
	if (unlikely(!leaf)) /* cleared when memory for a smaller node was missing */
		return fib_trie_lookup_max(t, key, FIB_KEY_BITS, plen);
	*plen = best_depth * STRIDE + len;
	return leaf;
}

/** lookup_as() - one step, if the node of depth 3 has the answer: for most addresses of a large table */
static inline __attribute__((always_inline)) void *lookup_as(const struct fib_trie *t, u32 key, bool hw, u32 *plen)
{
	const struct fib_direct *direct = rcu_dereference(t->direct);
	const struct fib_node *n = direct ? rcu_dereference(direct->node[key >> (FIB_KEY_BITS - FIB_DIRECT_BITS)])
					  : NULL;
	u32 chunk = chunk_of(key, DIRECT_DEPTH), len;
	void *leaf;

	if (n && likely(!map_has(&n->map, NODE_CHILD, chunk))) {
		leaf = node_best(n, chunk, hw, &len);
		if (likely(leaf)) {
			*plen = FIB_DIRECT_BITS + len;
			return leaf;
		}
	}
	return lookup_walk(t, key, hw, plen);
}

POPCNT static void *lookup_popcnt(const struct fib_trie *t, u32 key, u32 *plen)
{
	return lookup_as(t, key, true, plen);
}

void *fib_trie_lookup(const struct fib_trie *t, u32 key, u32 *plen)
{
	return likely(t->have_popcnt) ? lookup_popcnt(t, key, plen) : lookup_as(t, key, false, plen);
}

/* ------------------------------------------------------------------ where a prefix lives */

struct place {
	struct fib_node *n; /* node that has, or would have, the prefix; NULL: not there yet */
	enum node_kind kind;
	u32 bit, depth; /* depth of n */
	struct fib_node *path[MAX_DEPTH];
	u32 path_len; /* existing nodes on the way, n included if it exists */
};

/** place_find() - @plen > 0 */
static void place_find(const struct fib_trie *t, u32 key, u32 plen, struct place *p)
{
	struct fib_node *n = t->root;
	u32 rel, chunk;

	p->depth = (plen - 1) / STRIDE;
	rel = plen - p->depth * STRIDE;
	chunk = chunk_of(key, p->depth);
	p->bit = prefix_bit(chunk, rel, &p->kind);
	p->n = NULL;
	p->path_len = 0;
	for (u32 d = 0; n; d++) {
		p->path[p->path_len++] = n;
		if (d == p->depth) {
			p->n = n;
			return;
		}
		n = map_has(&n->map, NODE_CHILD, chunk_of(key, d)) ? node_child(n, chunk_of(key, d)) : NULL;
	}
}

static inline void **place_slot(const struct place *p)
{
	if (!p->n || !map_has(&p->n->map, p->kind, p->bit))
		return NULL;
	return &p->n->slot[map_pos(&p->n->map, p->kind, p->bit)];
}

void *fib_trie_find(const struct fib_trie *t, u32 key, u32 plen)
{
	struct place p;
	void **slot;

	if (plen == 0)
		return t->dflt;
	place_find(t, key, plen, &p);
	slot = place_slot(&p);
	return slot ? *slot : NULL;
}

/* ------------------------------------------------------------------ change */

static void node_free_rcu(struct rcu_head *head)
{
	struct fib_node *n = container_of(head, struct fib_node, rcu);

	mem_free(n->mem, n, node_bytes(n));
}

static void direct_free_rcu(struct rcu_head *head)
{
	struct fib_direct *d = container_of(head, struct fib_direct, rcu);

	mem_free(d->mem, d, sizeof(*d));
}

/** node_with() - copy of @old (NULL: empty) that has one slot more; returned; NULL: no memory */
static struct fib_node *node_with(struct fib_trie *t, const struct fib_node *old, enum node_kind kind, u32 bit,
				  void *value)
{
	u32 count = old ? map_count(&old->map) : 0;
	u32 pos = old ? map_pos(&old->map, kind, bit) : 0;
	struct fib_node *n = mem_alloc(t->mem, sizeof(*n) + (count + 1) * sizeof(void *));

	if (!n)
		return NULL;
	n->mem = t->mem;
	n->map = old ? old->map : (struct node_map){ { 0 } };
	n->map.bits[kind] |= 1ULL << bit;
	n->slot[pos] = value;
	if (old) {
		memcpy(n->slot, old->slot, pos * sizeof(void *));
		memcpy(n->slot + pos + 1, old->slot + pos, (count - pos) * sizeof(void *));
	}
	return n;
}

/** node_without() - copy of @old that lacks one slot; returned; NULL: no memory */
static struct fib_node *node_without(struct fib_trie *t, const struct fib_node *old, enum node_kind kind, u32 bit)
{
	u32 count = map_count(&old->map), pos = map_pos(&old->map, kind, bit);
	struct fib_node *n = mem_alloc(t->mem, sizeof(*n) + (count - 1) * sizeof(void *));

	if (!n)
		return NULL;
	n->mem = t->mem;
	n->map = old->map;
	n->map.bits[kind] &= ~(1ULL << bit);
	memcpy(n->slot, old->slot, pos * sizeof(void *));
	memcpy(n->slot + pos, old->slot + pos + 1, (count - pos - 1) * sizeof(void *));
	return n;
}

/** publish() - put @n (NULL: nothing) where the node of @depth on the way to @key hangs; its parent has the slot */
static void publish(struct fib_trie *t, u32 key, u32 depth, struct fib_node *parent, struct fib_node *n)
{
	if (depth == 0) {
		rcu_assign_pointer(t->root, n);
	} else if (n) {
		u32 pos = map_pos(&parent->map, NODE_CHILD, chunk_of(key, depth - 1));

		rcu_assign_pointer(parent->slot[pos], (void *)n);
	}
	if (depth == DIRECT_DEPTH && t->direct)
		rcu_assign_pointer(t->direct->node[key >> (FIB_KEY_BITS - FIB_DIRECT_BITS)], n);
}

/** direct_fill() - the next block of 64 slots: the children of one node of depth 2 */
static void direct_fill(struct fib_trie *t)
{
	u32 key = t->direct_next << (FIB_KEY_BITS - FIB_DIRECT_BITS + STRIDE);
	const struct fib_node *n = t->root;

	for (u32 d = 0; n && d + 1 < DIRECT_DEPTH; d++)
		n = map_has(&n->map, NODE_CHILD, chunk_of(key, d)) ? node_child(n, chunk_of(key, d)) : NULL;
	for (u32 c = 0; n && c < FANOUT; c++) {
		if (map_has(&n->map, NODE_CHILD, c))
			rcu_assign_pointer(t->direct->node[t->direct_next * FANOUT + c], node_child(n, c));
	}
	t->direct_next++;
}

/** direct_adjust() - grow, fill a block, or drop.  Without memory the trie is slower, not wrong */
static void direct_adjust(struct fib_trie *t)
{
	struct fib_direct *d = t->direct;

	if (!d && t->prefix_count >= FIB_DIRECT_GROW_COUNT) {
		d = mem_zalloc(t->mem, sizeof(*d));
		if (!d)
			return;
		d->mem = t->mem;
		t->direct_next = 0;
		rcu_assign_pointer(t->direct, d);
	} else if (d && t->prefix_count < FIB_DIRECT_DROP_COUNT) {
		rcu_assign_pointer(t->direct, (struct fib_direct *)NULL);
		rcu_defer_free(t->rcu, &d->rcu, direct_free_rcu);
		return;
	}
	if (d && t->direct_next < DIRECT_SLOTS / FANOUT)
		direct_fill(t);
}

/** chain_free() - nodes that were never published: each has one slot, the last one's is the leaf */
static void chain_free(struct fib_trie *t, struct fib_node *n)
{
	while (n) {
		struct fib_node *next = n->map.bits[NODE_CHILD] ? n->slot[0] : NULL;

		mem_free(t->mem, n, node_bytes(n));
		n = next;
	}
}

/** chain_build() - new nodes from the prefix up to below the last existing one; NULL: no memory, nothing built */
static struct fib_node *chain_build(struct fib_trie *t, u32 key, const struct place *p, void *leaf)
{
	struct fib_node *n = node_with(t, NULL, p->kind, p->bit, leaf), *above;

	for (u32 d = p->depth; n && d > p->path_len; d--) {
		above = node_with(t, NULL, NODE_CHILD, chunk_of(key, d - 1), n);
		if (!above)
			chain_free(t, n);
		n = above;
	}
	return n;
}

/** insert_below() - the prefix's node does not exist: hang a chain of new ones under the last that does */
static int insert_below(struct fib_trie *t, u32 key, const struct place *p, void *leaf)
{
	struct fib_node *chain = chain_build(t, key, p, leaf), *last, *copy, *n;
	u32 depth = p->path_len;

	if (!chain)
		return -ENOMEM;
	if (depth == 0) {
		publish(t, key, 0, NULL, chain);
	} else {
		last = p->path[depth - 1];
		copy = node_with(t, last, NODE_CHILD, chunk_of(key, depth - 1), chain);
		if (!copy) {
			chain_free(t, chain);
			return -ENOMEM;
		}
		publish(t, key, depth - 1, depth > 1 ? p->path[depth - 2] : NULL, copy);
		rcu_defer_free(t->rcu, &last->rcu, node_free_rcu);
	}
	for (n = chain; t->direct && n && depth <= DIRECT_DEPTH; depth++) {
		if (depth == DIRECT_DEPTH)
			rcu_assign_pointer(t->direct->node[key >> (FIB_KEY_BITS - FIB_DIRECT_BITS)], n);
		n = n->map.bits[NODE_CHILD] ? n->slot[0] : NULL;
	}
	return 0;
}

static int insert(struct fib_trie *t, u32 key, const struct place *p, void *leaf)
{
	struct fib_node *copy;

	if (!p->n)
		return insert_below(t, key, p, leaf);
	copy = node_with(t, p->n, p->kind, p->bit, leaf);
	if (!copy)
		return -ENOMEM;
	publish(t, key, p->depth, p->depth ? p->path[p->depth - 1] : NULL, copy);
	rcu_defer_free(t->rcu, &p->n->rcu, node_free_rcu);
	return 0;
}

/** blocks_of() - those of 64 blocks of addresses that a prefix covers, or lies in */
static u64 blocks_of(u32 key, u32 plen)
{
	u32 count = plen < STRIDE ? 1U << (STRIDE - plen) : 1;

	return (count == FANOUT ? ~0ULL : (1ULL << count) - 1) << chunk_of(key, 0);
}

int fib_trie_set(struct fib_trie *t, u32 key, u32 plen, void *leaf)
{
	struct place p;
	void **slot;
	bool is_new = true;
	int err;

	if (plen == 0) {
		is_new = !t->dflt;
		rcu_assign_pointer(t->dflt, leaf);
	} else {
		place_find(t, key, plen, &p);
		slot = place_slot(&p);
		if (slot) {
			is_new = !*slot;
			rcu_assign_pointer(*slot, leaf);
		} else {
			err = insert(t, key, &p, leaf);
			if (err)
				return err;
		}
	}
	t->blocks |= blocks_of(key, plen);
	if (is_new)
		t->prefix_count++;
	direct_adjust(t);
	return 0;
}

/** prune() - unhang the last node of the path, now empty, and those above that it leaves empty */
static void prune(struct fib_trie *t, u32 key, const struct place *p)
{
	u32 depth = p->depth, top;
	struct fib_node *copy = NULL;

	for (top = depth; top > 0 && map_count(&p->path[top - 1]->map) == 1;)
		top--;
	if (top > 0) {
		copy = node_without(t, p->path[top - 1], NODE_CHILD, chunk_of(key, top - 1));
		if (!copy) { /* the empty leaf stays in its place */
			u32 pos = map_pos(&p->n->map, p->kind, p->bit);

			rcu_assign_pointer(p->n->slot[pos], NULL);
			return;
		}
		publish(t, key, top - 1, top > 1 ? p->path[top - 2] : NULL, copy);
		top--;
	} else {
		rcu_assign_pointer(t->root, (struct fib_node *)NULL);
	}
	if (t->direct && depth >= DIRECT_DEPTH && (copy ? top + 1 : 0) <= DIRECT_DEPTH)
		rcu_assign_pointer(t->direct->node[key >> (FIB_KEY_BITS - FIB_DIRECT_BITS)], (struct fib_node *)NULL);
	for (u32 d = top; d <= depth; d++)
		rcu_defer_free(t->rcu, &p->path[d]->rcu, node_free_rcu);
}

void fib_trie_clear(struct fib_trie *t, u32 key, u32 plen)
{
	struct place p;
	struct fib_node *copy;

	if (plen == 0) {
		rcu_assign_pointer(t->dflt, NULL);
	} else {
		place_find(t, key, plen, &p);
		assert(p.n); /* only what is there is cleared */
		if (map_count(&p.n->map) == 1) {
			prune(t, key, &p);
		} else if ((copy = node_without(t, p.n, p.kind, p.bit))) {
			publish(t, key, p.depth, p.depth ? p.path[p.depth - 1] : NULL, copy);
			rcu_defer_free(t->rcu, &p.n->rcu, node_free_rcu);
		} else {
			rcu_assign_pointer(*place_slot(&p), NULL);
		}
	}
	if (--t->prefix_count == 0)
		t->blocks = 0;
	direct_adjust(t);
}

/* ------------------------------------------------------------------ walk */

struct walk {
	fib_trie_fn fn;
	void *ctx;
	u32 from_key, from_plen;
	/* prefixes met on the way down whose address is the one that comes next, shorter first */
	u32 wait_count;
	u32 wait_plen[FIB_KEY_BITS + 1];
	void *wait_leaf[FIB_KEY_BITS + 1];
};

/** walk_emit() - what waits at @key, longest first */
static int walk_emit(struct walk *w, u32 key)
{
	int err = 0;

	while (w->wait_count && !err) {
		u32 plen = w->wait_plen[--w->wait_count];

		if (key > w->from_key || (key == w->from_key && plen <= w->from_plen))
			err = w->fn(w->ctx, key, plen, w->wait_leaf[w->wait_count]);
	}
	w->wait_count = 0;
	return err;
}

/** walk_starts() - prefixes of @n that begin at @chunk join those that wait */
static void walk_starts(struct walk *w, const struct fib_node *n, u32 depth, u32 chunk)
{
	for (u32 l = 1; l <= STRIDE; l++) {
		enum node_kind kind;
		u32 bit = prefix_bit(chunk, l, &kind);
		void *leaf;

		if ((chunk & ((1U << (STRIDE - l)) - 1)) || !map_has(&n->map, kind, bit))
			continue;
		leaf = rcu_dereference(n->slot[map_pos(&n->map, kind, bit)]);
		if (!leaf)
			continue;
		w->wait_plen[w->wait_count] = depth * STRIDE + l;
		w->wait_leaf[w->wait_count++] = leaf;
	}
}

int fib_trie_walk(const struct fib_trie *t, u32 key, u32 plen, fib_trie_fn fn, void *ctx)
{
	struct walk w = { .fn = fn, .ctx = ctx, .from_key = key, .from_plen = plen };
	const struct fib_node *node[MAX_DEPTH] = { rcu_dereference(t->root) };
	u32 chunk[MAX_DEPTH] = { chunk_of(key, 0) }, at = key & fib_mask(STRIDE), depth = 0;
	int err = 0;

	if (t->dflt && at == 0) {
		w.wait_leaf[w.wait_count++] = t->dflt; /* its length is 0 */
	}
	if (!node[0])
		return walk_emit(&w, 0);
	while (!err) {
		const struct fib_node *n = node[depth];

		at = (at & fib_mask(depth * STRIDE)) |
		     (u32)(((u64)chunk[depth] << (FIB_KEY_BITS + 32 - STRIDE)) >> (32 + depth * STRIDE));
		walk_starts(&w, n, depth, chunk[depth]);
		if (depth + 1 < MAX_DEPTH && map_has(&n->map, NODE_CHILD, chunk[depth])) {
			node[depth + 1] = node_child(n, chunk[depth]);
			depth++;
			/* begin inside the child where the walk begins, if it begins there */
			chunk[depth] = (key & fib_mask(depth * STRIDE)) == at ? chunk_of(key, depth) : 0;
			if (chunk[depth])
				w.wait_count = 0; /* what waited lies before @key */
			continue;
		}
		err = walk_emit(&w, at);
		while (++chunk[depth] == FANOUT) {
			if (depth-- == 0)
				return err;
		}
	}
	return err;
}

/* ------------------------------------------------------------------ life */

void fib_trie_init(struct fib_trie *t, struct mem *mem, struct rcu *rcu)
{
	memset(t, 0, sizeof(*t));
	t->mem = mem;
	t->rcu = rcu;
	t->have_popcnt = have_popcnt();
}

void fib_trie_fini(struct fib_trie *t)
{
	struct fib_node *node[MAX_DEPTH];
	u32 left[MAX_DEPTH], depth = 0;

	node[0] = t->root;
	left[0] = t->root ? popcount64(t->root->map.bits[NODE_CHILD]) : 0;
	while (node[0]) {
		struct fib_node *n = node[depth], *child;

		if (left[depth]) {
			child = n->slot[--left[depth]];
			node[++depth] = child;
			left[depth] = popcount64(child->map.bits[NODE_CHILD]);
			continue;
		}
		mem_free(t->mem, n, node_bytes(n));
		if (depth-- == 0)
			break;
	}
	if (t->direct)
		mem_free(t->mem, t->direct, sizeof(*t->direct));
	memset(t, 0, sizeof(*t));
}
