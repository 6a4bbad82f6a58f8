// SPDX-License-Identifier: BSD-2-Clause
/* Longest prefix match: a multibit trie of six bits a level, without the levels at which nothing branches.
 *
 * @step S5 of S13, from ipv6/fib6_table.c
 * @linux net/ipv6/ip6_fib.c (its work, not its data structure)
 *
 * A node at depth d looks at bits 6d..6d+5 of the key.  All that hangs on it agrees in the bits before.  It holds the
 * prefixes of lengths 6d+1..6d+6 and its children, in one array without holes: three bitmaps say what is there,
 * counting the ones before a bit says where.  A child is a node of any greater depth or, if it would lead to one prefix
 * only, that prefix's leaf: so there are nodes only where something branches, however long prefixes are.
 *
 * Nodes do not say which bits they skip.  A lookup goes down without looking at those, and finds out at the end by
 * comparing with the key in the leaf, which it has to read anyhow.  If they differ, an upper node has the answer.
 *
 * Reading order: fib6_trie_lookup(), node_best(), fib6_trie_set(), node_with(), fib6_trie_clear(), fib6_trie_walk().
 * Rule: a published node's bitmaps never change; its slots change by single stores.
 */
#include "ipv6/fib6_trie.h"

#include <errno.h>
#include <string.h>

#define STRIDE 6U
#define FANOUT (1U << STRIDE)
#define MAX_DEPTH 22U /* 22 * 6 >= 128 */

/* What a slot is; the bit of its bitmap */
enum node_kind {
	NODE_CHILD, /* the six bits: a node, or a leaf of a longer prefix */
	NODE_SHORT, /* prefix of 1..5 of the six bits: 1 << length | the bits */
	NODE_FULL,  /* prefix of all six bits: the bits */
	NODE_KINDS
};

struct fib6_node {
	struct rcu_head rcu;
	struct mem *mem;
	u64 bits[NODE_KINDS];
	u32 depth;
	void *slot[];
};

/* Short prefixes that cover a chunk, by the chunk without its lowest bit: a path in a binary heap */
#define PATH1(i) \
	(1ULL << (32 + (i)) | 1ULL << (16 + (i) / 2) | 1ULL << (8 + (i) / 4) | 1ULL << (4 + (i) / 8) | \
	 1ULL << (2 + (i) / 16))
#define PATH4(i) PATH1(i), PATH1((i) + 1), PATH1((i) + 2), PATH1((i) + 3)
static const u64 short_path[FANOUT / 2] = { PATH4(0),  PATH4(4),  PATH4(8),  PATH4(12),
					    PATH4(16), PATH4(20), PATH4(24), PATH4(28) };

/** popcount64_as() - @hw: the processor has an instruction for it, and the caller is compiled for that one */
static inline __attribute__((always_inline)) u32 popcount64_as(u64 x, bool hw)
{
	if (hw)
		return (u32)__builtin_popcountll(x);
	x -= (x >> 1) & 0x5555555555555555ULL;
	x = (x & 0x3333333333333333ULL) + ((x >> 2) & 0x3333333333333333ULL);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (u32)((x * 0x0101010101010101ULL) >> 56);
}

static inline u32 popcount64(u64 x)
{
	return popcount64_as(x, false);
}

/** chunk_of() - bits 6 * depth .. 6 * depth + 5; behind the end of the key: zeros */
static inline u32 chunk_of(const struct fib6_key *key, u32 depth)
{
	u32 at = depth * STRIDE;

	if (likely(at <= 64 - STRIDE))
		return (u32)(key->hi >> (64 - STRIDE - at)) & (FANOUT - 1);
	if (at < 64)
		return (u32)(key->hi << (at + STRIDE - 64) | key->lo >> (128 - STRIDE - at)) & (FANOUT - 1);
	return (u32)((key->lo << (at - 64)) >> (64 - STRIDE));
}

/** depth_of() - of the node that holds prefixes of this length; @plen > 0 */
static inline u32 depth_of(u32 plen)
{
	return (plen - 1) / STRIDE;
}

/* ------------------------------------------------------------------ what a pointer in the trie is */

static inline bool is_leaf(const void *p)
{
	return (uintptr_t)p & 1;
}

static inline struct fib6_leaf *as_leaf(const void *p)
{
	return (struct fib6_leaf *)((uintptr_t)p & ~(uintptr_t)1);
}

static inline void *far_leaf(const struct fib6_leaf *leaf)
{
	return (void *)((uintptr_t)leaf | 1);
}

static inline bool node_has(const struct fib6_node *n, enum node_kind kind, u32 bit)
{
	return (n->bits[kind] >> bit) & 1;
}

static u32 node_pos(const struct fib6_node *n, enum node_kind kind, u32 bit)
{
	u32 pos = popcount64(n->bits[kind] & ((1ULL << bit) - 1));

	for (u32 k = 0; k < (u32)kind; k++)
		pos += popcount64(n->bits[k]);
	return pos;
}

static u32 node_count(const struct fib6_node *n)
{
	return popcount64(n->bits[NODE_SHORT]) + popcount64(n->bits[NODE_FULL]) + popcount64(n->bits[NODE_CHILD]);
}

static size_t node_bytes(const struct fib6_node *n)
{
	return sizeof(*n) + node_count(n) * sizeof(void *);
}

/** sample_leaf() - some leaf at or below @p: it has the bits that nodes skip */
static const struct fib6_leaf *sample_leaf(const void *p)
{
	while (!is_leaf(p)) {
		const struct fib6_node *n = p;

		if (!n->bits[NODE_CHILD])
			return n->slot[0];
		p = n->slot[0];
	}
	return as_leaf(p);
}

/* ------------------------------------------------------------------ lookup */

/** node_best() - longest prefix of this node that covers @chunk; NULL: none */
static inline __attribute__((always_inline)) struct fib6_leaf *node_best(const struct fib6_node *n, u32 chunk, bool hw)
{
	u64 shorts = n->bits[NODE_SHORT], full = n->bits[NODE_FULL], covering;
	u32 pos = popcount64_as(n->bits[NODE_CHILD], hw), top;

	if (likely((full >> chunk) & 1)) {
		pos += popcount64_as(shorts, hw) + popcount64_as(full & ((1ULL << chunk) - 1), hw);
		return rcu_dereference(n->slot[pos]);
	}
	covering = shorts & short_path[chunk >> 1];
	if (!covering)
		return NULL;
	top = 63U - (u32)__builtin_clzll(covering);
	pos += popcount64_as(shorts & ((1ULL << top) - 1), hw);
	return rcu_dereference(n->slot[pos]);
}

/** lookup_as() - down to the end, then up to the first leaf that does cover the key */
static inline __attribute__((always_inline)) struct fib6_leaf *lookup_as(const struct fib6_trie *t,
									 const struct fib6_key *key, bool hw)
{
	const struct fib6_node *path[MAX_DEPTH];
	const void *p = rcu_dereference(t->root);
	struct fib6_leaf *leaf;
	u32 path_len = 0;

	while (p && !is_leaf(p)) {
		const struct fib6_node *n = p;
		u32 chunk = chunk_of(key, n->depth);

		if ((n->bits[NODE_SHORT] & short_path[chunk >> 1]) || node_has(n, NODE_FULL, chunk))
			path[path_len++] = n;
		if (!node_has(n, NODE_CHILD, chunk)) {
			p = NULL;
			break;
		}
		p = rcu_dereference(n->slot[popcount64_as(n->bits[NODE_CHILD] & ((1ULL << chunk) - 1), hw)]);
	}
	if (p && likely(fib6_leaf_covers(as_leaf(p), key)))
		return as_leaf(p);
	while (path_len-- > 0) {
		leaf = node_best(path[path_len], chunk_of(key, path[path_len]->depth), hw);
		if (likely(fib6_leaf_covers(leaf, key)))
			return leaf;
	}
	return rcu_dereference(t->dflt);
}

#ifdef __x86_64__
__attribute__((target("popcnt"))) static struct fib6_leaf *lookup_popcnt(const struct fib6_trie *t,
									 const struct fib6_key *key)
{
	return lookup_as(t, key, true);
}

static bool have_popcnt(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("popcnt");
}
#else
static struct fib6_leaf *lookup_popcnt(const struct fib6_trie *t, const struct fib6_key *key)
{
	return lookup_as(t, key, false);
}

static bool have_popcnt(void)
{
	return false;
}
#endif

struct fib6_leaf *fib6_trie_lookup(const struct fib6_trie *t, const struct fib6_key *key)
{
	return likely(t->have_popcnt) ? lookup_popcnt(t, key) : lookup_as(t, key, false);
}

/** node_best_max() - longest prefix of this node that covers @chunk and has at most @max of its bits; NULL: none */
static struct fib6_leaf *node_best_max(const struct fib6_node *n, u32 chunk, u32 max)
{
	for (u32 l = min_u32(max, STRIDE); l > 0; l--) {
		enum node_kind kind = l == STRIDE ? NODE_FULL : NODE_SHORT;
		u32 bit = l == STRIDE ? chunk : 1U << l | chunk >> (STRIDE - l);

		if (node_has(n, kind, bit))
			return rcu_dereference(n->slot[node_pos(n, kind, bit)]);
	}
	return NULL;
}

struct fib6_leaf *fib6_trie_lookup_max(const struct fib6_trie *t, const struct fib6_key *key, u32 max)
{
	struct fib6_leaf *found[MAX_DEPTH + 1], *leaf;
	const void *p = rcu_dereference(t->root);
	u32 count = 0;

	while (p && !is_leaf(p)) {
		const struct fib6_node *n = p;
		u32 chunk = chunk_of(key, n->depth);

		if (n->depth * STRIDE >= max)
			break;
		leaf = node_best_max(n, chunk, max - n->depth * STRIDE);
		if (leaf)
			found[count++] = leaf;
		p = node_has(n, NODE_CHILD, chunk) ? rcu_dereference(n->slot[node_pos(n, NODE_CHILD, chunk)]) : NULL;
	}
	if (p && is_leaf(p) && as_leaf(p)->plen <= max)
		found[count++] = as_leaf(p);
	while (count-- > 0) {
		if (fib6_leaf_covers(found[count], key))
			return found[count];
	}
	return rcu_dereference(t->dflt);
}

/* ------------------------------------------------------------------ where a prefix lives */

/** struct place - the way to a prefix: the pointers that lead to it, from the root on */
struct place {
	struct fib6_node *path[MAX_DEPTH];
	u32 path_len;
	void **link;  /* &t->root, or the slot of the last node of the path, that holds: */
	void *at;     /* NULL: the trie is empty, or the last node has nothing there */
	bool in_node; /* the last node is the one for prefixes of this length: at is a leaf of its own */
};

/* A slot of a node for a prefix, whose node's depth is not less than this node's */
static void slot_of(const struct fib6_node *n, const struct fib6_key *key, u32 plen, enum node_kind *kind, u32 *bit)
{
	u32 rel = plen - n->depth * STRIDE, chunk = chunk_of(key, n->depth);

	*kind = rel > STRIDE ? NODE_CHILD : rel == STRIDE ? NODE_FULL : NODE_SHORT;
	*bit = *kind == NODE_SHORT ? 1U << rel | chunk >> (STRIDE - rel) : chunk;
}

/**
 * place_find() - go down as long as nodes agree with the prefix; @plen > 0
 * @agree: bits that the key has in common with what the trie has there
 */
static void place_find(struct fib6_trie *t, const struct fib6_key *key, u32 plen, u32 agree, struct place *p)
{
	p->path_len = 0;
	p->link = &t->root;
	p->at = t->root;
	p->in_node = false;
	while (p->at && !is_leaf(p->at)) {
		struct fib6_node *n = p->at;
		enum node_kind kind;
		u32 bit;

		if (n->depth > depth_of(plen) || n->depth * STRIDE > agree)
			return;
		p->path[p->path_len++] = n;
		slot_of(n, key, plen, &kind, &bit);
		p->link = node_has(n, kind, bit) ? &n->slot[node_pos(n, kind, bit)] : NULL;
		p->at = p->link ? *p->link : NULL;
		p->in_node = kind != NODE_CHILD;
		if (p->in_node)
			return;
	}
}

/** closest() - the leaf that has most bits in common with @key; NULL: the trie is empty */
static const struct fib6_leaf *closest(const struct fib6_trie *t, const struct fib6_key *key)
{
	const void *p = t->root;

	while (p && !is_leaf(p)) {
		const struct fib6_node *n = p;
		u32 chunk = chunk_of(key, n->depth);

		if (!node_has(n, NODE_CHILD, chunk))
			break;
		p = n->slot[node_pos(n, NODE_CHILD, chunk)];
	}
	return p ? sample_leaf(p) : NULL;
}

struct fib6_leaf *fib6_trie_find(const struct fib6_trie *t, const struct fib6_key *key, u32 plen)
{
	const void *p = t->root;
	const struct fib6_leaf *leaf;

	if (plen == 0)
		return t->dflt;
	while (p && !is_leaf(p)) {
		const struct fib6_node *n = p;
		enum node_kind kind;
		u32 bit;

		if (n->depth > depth_of(plen))
			return NULL;
		slot_of(n, key, plen, &kind, &bit);
		if (!node_has(n, kind, bit))
			return NULL;
		p = n->slot[node_pos(n, kind, bit)];
		if (kind != NODE_CHILD)
			break;
	}
	leaf = as_leaf(p);
	return leaf && leaf->plen == plen && fib6_key_diff(&leaf->key, key) == 128 ? as_leaf(p) : NULL;
}

/* ------------------------------------------------------------------ change */

static void node_free_rcu(struct rcu_head *head)
{
	struct fib6_node *n = container_of(head, struct fib6_node, rcu);

	mem_free(n->mem, n, node_bytes(n));
}

static struct fib6_node *node_alloc(struct fib6_trie *t, u32 depth, u32 count)
{
	struct fib6_node *n = mem_alloc(t->mem, sizeof(*n) + count * sizeof(void *));

	if (!n)
		return NULL;
	n->mem = t->mem;
	n->depth = depth;
	memset(n->bits, 0, sizeof(n->bits));
	return n;
}

/** node_with() - copy of @old that has one slot more; returned; NULL: no memory */
static struct fib6_node *node_with(struct fib6_trie *t, const struct fib6_node *old, enum node_kind kind, u32 bit,
				   void *value)
{
	u32 count = node_count(old), pos = node_pos(old, kind, bit);
	struct fib6_node *n = node_alloc(t, old->depth, count + 1);

	if (!n)
		return NULL;
	memcpy(n->bits, old->bits, sizeof(n->bits));
	n->bits[kind] |= 1ULL << bit;
	memcpy(n->slot, old->slot, pos * sizeof(void *));
	n->slot[pos] = value;
	memcpy(n->slot + pos + 1, old->slot + pos, (count - pos) * sizeof(void *));
	return n;
}

/** node_without() - copy of @old that lacks one slot; returned; NULL: no memory */
static struct fib6_node *node_without(struct fib6_trie *t, const struct fib6_node *old, enum node_kind kind, u32 bit)
{
	u32 count = node_count(old), pos = node_pos(old, kind, bit);
	struct fib6_node *n = node_alloc(t, old->depth, count - 1);

	if (!n)
		return NULL;
	memcpy(n->bits, old->bits, sizeof(n->bits));
	n->bits[kind] &= ~(1ULL << bit);
	memcpy(n->slot, old->slot, pos * sizeof(void *));
	memcpy(n->slot + pos, old->slot + pos + 1, (count - pos - 1) * sizeof(void *));
	return n;
}

/** node_fork() - a node with two slots: @other, which is all that was there, and @leaf; returned; NULL: no memory */
static struct fib6_node *node_fork(struct fib6_trie *t, void *other, const struct fib6_leaf *leaf)
{
	const struct fib6_leaf *sample = sample_leaf(other);
	u32 diff = fib6_key_diff(&sample->key, &leaf->key);
	u32 depth = min_u32(depth_of(leaf->plen), diff / STRIDE), other_bit, leaf_bit, first;
	enum node_kind other_kind = NODE_CHILD, leaf_kind;
	struct fib6_node *n;

	if (is_leaf(other))
		depth = min_u32(depth, depth_of(sample->plen));
	n = node_alloc(t, depth, 2);
	if (!n)
		return NULL;
	slot_of(n, &leaf->key, leaf->plen, &leaf_kind, &leaf_bit);
	other_bit = chunk_of(&sample->key, depth);
	if (is_leaf(other))
		slot_of(n, &sample->key, sample->plen, &other_kind, &other_bit);
	n->bits[leaf_kind] |= 1ULL << leaf_bit;
	n->bits[other_kind] |= 1ULL << other_bit;
	first = node_pos(n, leaf_kind, leaf_bit);
	n->slot[first] = leaf_kind == NODE_CHILD ? far_leaf(leaf) : (void *)(uintptr_t)leaf;
	n->slot[!first] = other_kind == NODE_CHILD ? other : as_leaf(other);
	return n;
}

/** replace_last() - @n takes the place of the last node of the path */
static void replace_last(struct fib6_trie *t, const struct place *p, const struct fib6_key *key, void *n)
{
	struct fib6_node *old = p->path[p->path_len - 1];

	if (p->path_len == 1) {
		rcu_assign_pointer(t->root, n);
	} else {
		struct fib6_node *above = p->path[p->path_len - 2];

		rcu_assign_pointer(above->slot[node_pos(above, NODE_CHILD, chunk_of(key, above->depth))], n);
	}
	rcu_defer_free(t->rcu, &old->rcu, node_free_rcu);
}

static int insert(struct fib6_trie *t, struct fib6_leaf *leaf, const struct place *p)
{
	const struct fib6_node *last;
	struct fib6_node *n;
	enum node_kind kind;
	u32 bit;

	if (p->at) { /* something else is where it belongs: both hang on a node that tells them apart */
		n = node_fork(t, p->at, leaf);
		if (n)
			rcu_assign_pointer(*p->link, (void *)n);
		return n ? 0 : -ENOMEM;
	}
	if (!p->path_len) {
		rcu_assign_pointer(t->root, far_leaf(leaf));
		return 0;
	}
	last = p->path[p->path_len - 1];
	slot_of(last, &leaf->key, leaf->plen, &kind, &bit);
	n = node_with(t, last, kind, bit, kind == NODE_CHILD ? far_leaf(leaf) : (void *)leaf);
	if (!n)
		return -ENOMEM;
	replace_last(t, p, &leaf->key, n);
	return 0;
}

int fib6_trie_set(struct fib6_trie *t, struct fib6_leaf *leaf)
{
	const struct fib6_leaf *old;
	struct place p;
	int err;

	if (leaf->plen == 0) {
		t->prefix_count += !t->dflt;
		rcu_assign_pointer(t->dflt, leaf);
		return 0;
	}
	old = closest(t, &leaf->key);
	place_find(t, &leaf->key, leaf->plen, old ? fib6_key_diff(&old->key, &leaf->key) : 0, &p);
	old = p.at && (p.in_node || is_leaf(p.at)) ? as_leaf(p.at) : NULL;
	if (old && old->plen == leaf->plen && fib6_key_diff(&old->key, &leaf->key) == FIB6_KEY_BITS) {
		rcu_assign_pointer(*p.link, p.in_node ? (void *)leaf : far_leaf(leaf));
		return 0;
	}
	err = insert(t, leaf, &p);
	t->prefix_count += !err;
	return err;
}

int fib6_trie_clear(struct fib6_trie *t, const struct fib6_leaf *leaf)
{
	struct fib6_node *last, *n;
	enum node_kind kind;
	struct place p;
	u32 bit, pos;

	if (leaf->plen == 0) {
		rcu_assign_pointer(t->dflt, (struct fib6_leaf *)NULL);
		t->prefix_count--;
		return 0;
	}
	place_find(t, &leaf->key, leaf->plen, FIB6_KEY_BITS, &p);
	assert(as_leaf(p.at) == leaf); /* only what is there is cleared */
	if (!p.path_len) {
		rcu_assign_pointer(t->root, NULL);
		t->prefix_count--;
		return 0;
	}
	last = p.path[p.path_len - 1];
	slot_of(last, &leaf->key, leaf->plen, &kind, &bit);
	if (node_count(last) == 2) { /* the other one needs no node any more */
		void *other;

		pos = !node_pos(last, kind, bit);
		other = last->slot[pos];
		replace_last(t, &p, &leaf->key, pos < popcount64(last->bits[NODE_CHILD]) ? other : far_leaf(other));
	} else {
		n = node_without(t, last, kind, bit);
		if (!n)
			return -ENOMEM;
		replace_last(t, &p, &leaf->key, n);
	}
	t->prefix_count--;
	return 0;
}

/* ------------------------------------------------------------------ walk */

struct walk {
	fib6_trie_fn fn;
	void *ctx;
	const struct fib6_key *from; /* NULL: from the begin */
	u32 from_plen;
};

/** walk_emit() - @leaf, unless it comes before the prefix that the walk begins with */
static int walk_emit(const struct walk *w, struct fib6_leaf *leaf)
{
	u32 diff;

	if (w->from) {
		diff = fib6_key_diff(&leaf->key, w->from);
		if (diff >= w->from_plen && leaf->plen > w->from_plen)
			return 0; /* it lies in it */
		if (diff < leaf->plen &&
		    (leaf->key.hi < w->from->hi || (leaf->key.hi == w->from->hi && leaf->key.lo < w->from->lo)))
			return 0;
	}
	return w->fn(w->ctx, leaf);
}

/** walk_ends() - prefixes of @n whose last chunk is @chunk, the longest first */
static int walk_ends(const struct walk *w, const struct fib6_node *n, u32 chunk)
{
	int err = 0;

	for (u32 l = STRIDE; l > 0 && !err; l--) {
		enum node_kind kind = l == STRIDE ? NODE_FULL : NODE_SHORT;
		u32 bit = l == STRIDE ? chunk : 1U << l | chunk >> (STRIDE - l);
		u32 rest = (1U << (STRIDE - l)) - 1;

		if ((chunk & rest) != rest)
			break;
		if (node_has(n, kind, bit))
			err = walk_emit(w, rcu_dereference(n->slot[node_pos(n, kind, bit)]));
	}
	return err;
}

/** walk_first_chunk() - where in @n the walk begins */
static u32 walk_first_chunk(const struct walk *w, const struct fib6_node *n)
{
	const struct fib6_leaf *sample;
	u32 diff;

	if (!w->from)
		return 0;
	sample = sample_leaf(n);
	diff = fib6_key_diff(&sample->key, w->from);
	if (diff >= n->depth * STRIDE)
		return chunk_of(w->from, n->depth);
	/* all of it lies before, or behind */
	return sample->key.hi < w->from->hi || (sample->key.hi == w->from->hi && sample->key.lo < w->from->lo)
		       ? FANOUT - 1
		       : 0;
}

int fib6_trie_walk(const struct fib6_trie *t, const struct fib6_key *key, u32 plen, fib6_trie_fn fn, void *ctx)
{
	struct walk w = { .fn = fn, .ctx = ctx, .from = key, .from_plen = plen };
	const struct fib6_node *node[MAX_DEPTH];
	u32 chunk[MAX_DEPTH], depth = 0;
	void *p = rcu_dereference(t->root);
	struct fib6_leaf *dflt;
	int err = 0;

	if (p && is_leaf(p)) {
		err = walk_emit(&w, as_leaf(p));
	} else if (p) {
		node[0] = p;
		chunk[0] = walk_first_chunk(&w, node[0]);
		for (;;) {
			const struct fib6_node *n = node[depth];
			u32 c = chunk[depth];

			p = node_has(n, NODE_CHILD, c) ? rcu_dereference(n->slot[node_pos(n, NODE_CHILD, c)]) : NULL;
			if (p && !is_leaf(p)) {
				node[++depth] = p;
				chunk[depth] = walk_first_chunk(&w, node[depth]);
				continue;
			}
			if (p)
				err = walk_emit(&w, as_leaf(p));
			if (!err)
				err = walk_ends(&w, n, c);
			while (!err && ++chunk[depth] >= FANOUT && depth > 0) {
				depth--;
				err = walk_ends(&w, node[depth], chunk[depth]);
			}
			if (err || chunk[depth] >= FANOUT)
				break;
		}
	}
	dflt = rcu_dereference(t->dflt);
	return !err && dflt ? walk_emit(&w, dflt) : err;
}

/* ------------------------------------------------------------------ life */

void fib6_trie_init(struct fib6_trie *t, struct mem *mem, struct rcu *rcu)
{
	memset(t, 0, sizeof(*t));
	t->mem = mem;
	t->rcu = rcu;
	t->have_popcnt = have_popcnt();
}

/** next_node_child() - index of a child from @from on that is a node; the number of children: none */
static u32 next_node_child(const struct fib6_node *n, u32 from)
{
	u32 count = popcount64(n->bits[NODE_CHILD]);

	while (from < count && is_leaf(n->slot[from]))
		from++;
	return from;
}

void fib6_trie_fini(struct fib6_trie *t)
{
	struct fib6_node *node[MAX_DEPTH];
	u32 next[MAX_DEPTH] = { 0 }, depth = 0;

	if (t->root && !is_leaf(t->root)) {
		node[0] = t->root;
		for (;;) {
			struct fib6_node *n = node[depth];
			u32 i = next_node_child(n, next[depth]);

			if (i < popcount64(n->bits[NODE_CHILD])) {
				next[depth] = i + 1;
				node[++depth] = n->slot[i];
				next[depth] = 0;
				continue;
			}
			mem_free(t->mem, n, node_bytes(n));
			if (depth-- == 0)
				break;
		}
	}
	memset(t, 0, sizeof(*t));
}
