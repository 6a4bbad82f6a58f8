// SPDX-License-Identifier: BSD-2-Clause
/* Longest prefix match: a multibit trie of six bits a level down to buckets of a dozen prefixes.
 *
 * @step S5 of S13, from ipv6/ip6_fib.c
 * @linux net/ipv6/ip6_fib.c (its work, not its data structure)
 *
 * A node (base/multibit.h) at depth d looks at bits 6d..6d+5 of the key; all that hangs on it agrees in the bits
 * before.  Children are nodes of any greater depth, or buckets.  A bucket has up to twelve prefixes of whatever
 * lengths, the longest first, each with the bits that make it: the table is cut where few prefixes are left, so a
 * lookup ends after the nodes where many branch, which are few and warm, and one look at two lines of memory.  It does
 * not read the leaf it finds.
 *
 * A lookup goes down without looking at the bits that nodes skip.  A bucket's entries have all their bits and so do not
 * mind; a node that may have the answer, because the bucket has none, compares its own first.
 *
 * Buckets keep the upper or the lower 64 bits of their prefixes.  Lower ones are where all upper ones are the same; in
 * the others a prefix of more than 64 bits has to be compared with its leaf.
 *
 * A bucket that is full bursts into a node with buckets; a node that has little below it becomes a bucket again, and one
 * with a single child goes.  So memory is bounded by the number of prefixes: 100 octets for each.
 *
 * A large table has a direct way to what lies below 30 bits (fib6_direct.c), so that most lookups are of a bucket alone.
 *
 * Reading order: fib6_trie_lookup(), bucket_lookup(), fib6_trie_set(), burst(), fib6_trie_clear(), shrink(),
 * fib6_trie_walk().
 * Rule: published nodes' bitmaps and buckets' prefixes never change; slots and leaves change by single stores.
 */
#include "ipv6/fib6_node.h"

#include <errno.h>
#include <string.h>

/* ------------------------------------------------------------------ lookup */

/** bucket_lookup_rare() - halves that do not decide */
static struct fib6_leaf *bucket_lookup_rare(const struct fib6_bucket *b, const struct fib6_key *key, u32 from)
{
	u64 bits = b->lower ? key->lo : key->hi;

	for (u32 i = from; i < b->count; i++) {
		struct fib6_leaf *leaf;

		if ((b->entry[i].bits ^ bits) >> b->shift[i])
			continue;
		leaf = rcu_dereference(b->entry[i].leaf);
		if (fib6_leaf_covers(leaf, key))
			return leaf;
		if (b->lower)
			return NULL; /* the upper half is another one, for all */
	}
	return NULL;
}

/** bucket_lookup() - the longest prefix that covers @key; NULL: none */
static inline __attribute__((always_inline)) struct fib6_leaf *bucket_lookup(const struct fib6_bucket *b,
									     const struct fib6_key *key)
{
	u32 count = b->count;

	if (unlikely(b->lower))
		return bucket_lookup_rare(b, key, 0);
	for (u32 i = 0; i < count; i++) {
		if ((b->entry[i].bits ^ key->hi) >> b->shift[i])
			continue;
		if (unlikely(i < b->long_count))
			return bucket_lookup_rare(b, key, i);
		return rcu_dereference(b->entry[i].leaf);
	}
	return NULL;
}

/** lookup_from() - from @p down to the end, then up to the first node that does cover the key; NULL: none */
static inline __attribute__((always_inline)) struct fib6_leaf *lookup_from(const void *p, const struct fib6_key *key,
									   bool hw)
{
	const struct fib6_node *path[MAX_DEPTH];
	struct fib6_leaf *leaf;
	u32 path_len = 0, len;

	while (p && !is_bucket(p)) {
		const struct fib6_node *n = p;
		u32 chunk = chunk_of(key, n->depth);

		if (map_covers(&n->map, chunk))
			path[path_len++] = n;
		if (!map_has(&n->map, NODE_CHILD, chunk)) {
			p = NULL;
			break;
		}
		p = rcu_dereference(n->slot[map_child(&n->map, chunk, hw)]);
	}
	if (p) {
		leaf = bucket_lookup(as_bucket(p), key);
		if (likely(leaf))
			return leaf;
	}
	while (path_len) {
		const struct fib6_node *n = path[--path_len];

		if (likely(node_agrees(n, key)))
			return rcu_dereference(n->slot[map_best(&n->map, chunk_of(key, n->depth), hw, &len)]);
	}
	return NULL;
}

/** lookup_as() - by one step to what is below 30 bits, if that has the answer: for most addresses of a large table */
static inline __attribute__((always_inline)) struct fib6_leaf *lookup_as(const struct fib6_trie *t,
									 const struct fib6_key *key, bool hw)
{
	const struct fib6_direct *d = rcu_dereference(t->direct);
	const void *p = d ? direct_get(d, key->hi) : NULL;
	struct fib6_leaf *leaf;

	if (likely(p)) {
		leaf = likely(is_bucket(p)) ? bucket_lookup(as_bucket(p), key) : lookup_from(p, key, hw);
		if (likely(leaf))
			return leaf;
	}
	leaf = lookup_from(rcu_dereference(t->root), key, hw);
	return leaf ? leaf : rcu_dereference(t->dflt);
}

POPCNT static struct fib6_leaf *lookup_popcnt(const struct fib6_trie *t, const struct fib6_key *key)
{
	return lookup_as(t, key, true);
}

struct fib6_leaf *fib6_trie_lookup(const struct fib6_trie *t, const struct fib6_key *key)
{
	return likely(t->have_popcnt) ? lookup_popcnt(t, key) : lookup_as(t, key, false);
}

/** node_best_max() - longest prefix of this node that covers @chunk and has at most @max of its bits; NULL: none */
static struct fib6_leaf *node_best_max(const struct fib6_node *n, u32 chunk, u32 max)
{
	for (u32 l = min_u32(max, STRIDE); l > 0; l--) {
		enum node_kind kind;
		u32 bit = prefix_bit(chunk, l, &kind);

		if (map_has(&n->map, kind, bit))
			return rcu_dereference(n->slot[map_pos(&n->map, kind, bit)]);
	}
	return NULL;
}

static struct fib6_leaf *bucket_best_max(const struct fib6_bucket *b, const struct fib6_key *key, u32 max)
{
	for (u32 i = 0; i < b->count; i++) {
		struct fib6_leaf *leaf = rcu_dereference(b->entry[i].leaf);

		if (leaf->plen <= max && fib6_leaf_covers(leaf, key))
			return leaf;
	}
	return NULL;
}

struct fib6_leaf *fib6_trie_lookup_max(const struct fib6_trie *t, const struct fib6_key *key, u32 max)
{
	struct fib6_leaf *best = rcu_dereference(t->dflt), *leaf;
	const void *p = rcu_dereference(t->root);

	while (p && !is_bucket(p)) {
		const struct fib6_node *n = p;
		u32 chunk = chunk_of(key, n->depth);

		if (n->depth * STRIDE >= max || !node_agrees(n, key))
			return best;
		leaf = node_best_max(n, chunk, max - n->depth * STRIDE);
		if (leaf)
			best = leaf;
		p = child_of(n, chunk);
	}
	leaf = p ? bucket_best_max(as_bucket(p), key, max) : NULL;
	return leaf ? leaf : best;
}

/* ------------------------------------------------------------------ where a prefix lives */

/** struct place - the way to a prefix: the pointers that lead to it, from the root on */
struct place {
	struct fib6_node *path[MAX_DEPTH];
	u32 path_len;
	void **link;           /* &t->root, or the slot of the last node of the path; NULL: it has none; that holds: */
	void *at;              /* NULL: nothing; a bucket for it; a node that belongs below it */
	struct fib6_leaf *own; /* instead: the last node is the one for prefixes of this length, and this is it */
	bool in_node;          /* of own, NULL or not */
};

/** slot_of() - that of a prefix in a node at @depth, which is not below the prefix's own; Return: the bit */
static u32 slot_of(u32 depth, const struct fib6_key *key, u32 plen, enum node_kind *kind)
{
	u32 rel = plen - depth * STRIDE, chunk = chunk_of(key, depth);

	*kind = NODE_CHILD;
	return rel > STRIDE ? chunk : prefix_bit(chunk, rel, kind);
}

/** place_find() - go down as long as nodes agree with the prefix; @plen > 0 */
static void place_find(const struct fib6_trie *t, const struct fib6_key *key, u32 plen, struct place *p)
{
	*p = (struct place){ .link = (void **)(uintptr_t)&t->root, .at = t->root };
	while (p->at && !is_bucket(p->at)) {
		struct fib6_node *n = p->at;
		enum node_kind kind;
		u32 bit;

		if (n->depth > depth_of(plen) || !node_agrees(n, key))
			return;
		p->path[p->path_len++] = n;
		bit = slot_of(n->depth, key, plen, &kind);
		p->link = map_has(&n->map, kind, bit) ? &n->slot[map_pos(&n->map, kind, bit)] : NULL;
		p->at = p->link ? *p->link : NULL;
		if (kind != NODE_CHILD) {
			p->in_node = true;
			p->own = p->at;
			p->at = NULL;
			return;
		}
	}
}

/** bucket_find() - index of a prefix; the bucket's count: not there */
static u32 bucket_find(const struct fib6_bucket *b, const struct fib6_key *key, u32 plen)
{
	u32 i = 0;

	while (i < b->count && !same_prefix(b->entry[i].leaf, key, plen))
		i++;
	return i;
}

struct fib6_leaf *fib6_trie_find(const struct fib6_trie *t, const struct fib6_key *key, u32 plen)
{
	const struct fib6_bucket *b;
	struct place p;
	u32 i;

	if (plen == 0)
		return t->dflt;
	place_find(t, key, plen, &p);
	if (p.in_node)
		return p.own;
	if (!p.at || !is_bucket(p.at))
		return NULL;
	b = as_bucket(p.at);
	i = bucket_find(b, key, plen);
	return i < b->count ? b->entry[i].leaf : NULL;
}

/* ------------------------------------------------------------------ nodes and buckets */

static void node_free_rcu(struct rcu_head *head)
{
	struct fib6_node *n = container_of(head, struct fib6_node, rcu);

	mem_free(n->mem, n, node_bytes(n));
}

static void bucket_free_rcu(struct rcu_head *head)
{
	struct fib6_bucket *b = container_of(head, struct fib6_bucket, rcu);

	mem_free(b->mem, b, bucket_bytes(b->count));
}

/** retire() - what the trie does not have any more; NULL: nothing */
static void retire(struct fib6_trie *t, void *p)
{
	if (p && is_bucket(p))
		rcu_defer_free(t->rcu, &as_bucket(p)->rcu, bucket_free_rcu);
	else if (p)
		rcu_defer_free(t->rcu, &((struct fib6_node *)p)->rcu, node_free_rcu);
}

static struct fib6_node *node_alloc(struct fib6_trie *t, const struct fib6_key *key, u32 depth, u32 count)
{
	struct fib6_node *n = mem_alloc(t->mem, sizeof(*n) + count * sizeof(void *));

	if (!n)
		return NULL;
	n->mem = t->mem;
	n->key = *key;
	n->depth = depth;
	memset(&n->map, 0, sizeof(n->map));
	return n;
}

/** node_with() - copy of @old that has one slot more; returned; NULL: no memory */
static struct fib6_node *node_with(struct fib6_trie *t, const struct fib6_node *old, enum node_kind kind, u32 bit,
				   void *value)
{
	u32 count = map_count(&old->map), pos = map_pos(&old->map, kind, bit);
	struct fib6_node *n = node_alloc(t, &old->key, old->depth, count + 1);

	if (!n)
		return NULL;
	n->map = old->map;
	n->map.bits[kind] |= 1ULL << bit;
	memcpy(n->slot, old->slot, pos * sizeof(void *));
	n->slot[pos] = value;
	memcpy(n->slot + pos + 1, old->slot + pos, (count - pos) * sizeof(void *));
	return n;
}

/** node_without() - copy of @old that lacks one slot; returned; NULL: no memory */
static struct fib6_node *node_without(struct fib6_trie *t, const struct fib6_node *old, enum node_kind kind, u32 bit)
{
	u32 count = map_count(&old->map), pos = map_pos(&old->map, kind, bit);
	struct fib6_node *n = node_alloc(t, &old->key, old->depth, count - 1);

	if (!n)
		return NULL;
	n->map = old->map;
	n->map.bits[kind] &= ~(1ULL << bit);
	memcpy(n->slot, old->slot, pos * sizeof(void *));
	memcpy(n->slot + pos, old->slot + pos + 1, (count - pos - 1) * sizeof(void *));
	return n;
}

/** struct few - leaves on their way into buckets, the longest first */
struct few {
	struct fib6_leaf *leaf[BUCKET_MAX + 1];
	u32 count;
};

static void few_add(struct few *f, struct fib6_leaf *leaf)
{
	u32 i = f->count++;

	for (; i > 0 && f->leaf[i - 1]->plen < leaf->plen; i--)
		f->leaf[i] = f->leaf[i - 1];
	f->leaf[i] = leaf;
}

/** few_of() - those of a bucket, but @without (NULL: all) */
static void few_of(struct few *f, const struct fib6_bucket *b, const struct fib6_leaf *without)
{
	for (u32 i = 0; i < b->count; i++) {
		if (b->entry[i].leaf != without)
			f->leaf[f->count++] = b->entry[i].leaf;
	}
}

/** few_lower() - are all of one upper half, and longer than that? */
static bool few_lower(const struct few *f)
{
	for (u32 i = 0; i < f->count; i++) {
		if (f->leaf[i]->plen <= WORD_BITS || f->leaf[i]->key.hi != f->leaf[0]->key.hi)
			return false;
	}
	return true;
}

/** bucket_create() - returned, as the trie points at it; NULL: no memory */
static void *bucket_create(struct fib6_trie *t, const struct few *f)
{
	struct fib6_bucket *b = mem_alloc(t->mem, bucket_bytes(f->count));

	if (!b)
		return NULL;
	b->mem = t->mem;
	b->count = (u8)f->count;
	b->long_count = 0;
	b->lower = few_lower(f);
	for (u32 i = 0; i < f->count; i++) {
		struct fib6_leaf *l = f->leaf[i];

		b->entry[i].bits = b->lower ? l->key.lo : l->key.hi;
		b->entry[i].leaf = l;
		b->shift[i] = (u8)(b->lower ? 2 * WORD_BITS - l->plen : l->plen < WORD_BITS ? WORD_BITS - l->plen : 0);
		b->long_count = (u8)(b->long_count + (l->plen > WORD_BITS));
	}
	return bucket_ptr(b);
}

/** slot_value() - what a slot of this kind has for @leaf: itself, or a bucket of it; NULL: no memory */
static void *slot_value(struct fib6_trie *t, enum node_kind kind, struct fib6_leaf *leaf)
{
	const struct few f = { .leaf = { leaf }, .count = 1 };

	return kind == NODE_CHILD ? bucket_create(t, &f) : leaf;
}

/** slot_drop() - a value that was never published */
static void slot_drop(struct fib6_trie *t, enum node_kind kind, void *value)
{
	if (value && kind == NODE_CHILD)
		mem_free(t->mem, as_bucket(value), bucket_bytes(as_bucket(value)->count));
}

/** link_to() - the pointer that leads to a node of the path */
static void **link_to(struct fib6_trie *t, const struct place *p, u32 i)
{
	struct fib6_node *above;

	if (i == 0)
		return &t->root;
	above = p->path[i - 1];
	return &above->slot[map_child(&above->map, chunk_of(&p->path[i]->key, above->depth), false)];
}

/** replace_last() - @n takes the place of the last node of the path */
static void replace_last(struct fib6_trie *t, struct place *p, struct fib6_node *n)
{
	struct fib6_node **last = &p->path[p->path_len - 1];

	rcu_assign_pointer(*link_to(t, p, p->path_len - 1), (void *)n);
	retire(t, *last);
	*last = n;
}

/* ------------------------------------------------------------------ change */

/** burst_buckets() - what goes below the node; false: no memory */
static bool burst_buckets(struct fib6_trie *t, struct fib6_node *n, const struct few *f)
{
	for (u32 chunk = 0, pos = 0; chunk < FANOUT; chunk++) {
		struct few group = { .count = 0 };

		if (!map_has(&n->map, NODE_CHILD, chunk))
			continue;
		for (u32 i = 0; i < f->count; i++) {
			if (depth_of(f->leaf[i]->plen) > n->depth && chunk_of(&f->leaf[i]->key, n->depth) == chunk)
				group.leaf[group.count++] = f->leaf[i];
		}
		n->slot[pos] = bucket_create(t, &group);
		if (n->slot[pos++])
			continue;
		while (pos-- > 0)
			slot_drop(t, NODE_CHILD, n->slot[pos]);
		return false;
	}
	return true;
}

/** burst() - one prefix more than a bucket has room for: a node, at the first level where they part; NULL: no memory */
static void *burst(struct fib6_trie *t, const struct few *f)
{
	const struct fib6_key *key = &f->leaf[0]->key;
	struct node_map map = { { 0 } };
	u32 depth = MAX_DEPTH, bit;
	struct fib6_node *n;
	enum node_kind kind;

	for (u32 i = 0; i < f->count; i++) {
		depth = min_u32(depth, depth_of(f->leaf[i]->plen));
		depth = min_u32(depth, fib6_key_diff(key, &f->leaf[i]->key) / STRIDE);
	}
	for (u32 i = 0; i < f->count; i++) {
		bit = slot_of(depth, &f->leaf[i]->key, f->leaf[i]->plen, &kind);
		map.bits[kind] |= 1ULL << bit;
	}
	n = node_alloc(t, key, depth, map_count(&map));
	if (!n)
		return NULL;
	n->map = map;
	for (u32 i = 0; i < f->count; i++) {
		bit = slot_of(depth, &f->leaf[i]->key, f->leaf[i]->plen, &kind);
		if (kind != NODE_CHILD)
			n->slot[map_pos(&map, kind, bit)] = f->leaf[i];
	}
	if (burst_buckets(t, n, f))
		return n;
	mem_free(t->mem, n, node_bytes(n));
	return NULL;
}

/** bucket_insert() - it may already have that prefix */
static int bucket_insert(struct fib6_trie *t, const struct place *p, struct fib6_leaf *leaf)
{
	struct fib6_bucket *old = as_bucket(p->at);
	u32 i = bucket_find(old, &leaf->key, leaf->plen);
	struct few f = { .count = 0 };
	void *value;

	if (i < old->count) {
		rcu_assign_pointer(old->entry[i].leaf, leaf);
		return 0;
	}
	few_of(&f, old, NULL);
	few_add(&f, leaf);
	value = f.count <= BUCKET_MAX ? bucket_create(t, &f) : burst(t, &f);
	if (!value)
		return -ENOMEM;
	rcu_assign_pointer(*p->link, value);
	if (!is_bucket(value))
		fib6_direct_node(t, value, true);
	retire(t, p->at);
	t->prefix_count++;
	return 0;
}

/** fork_above() - a node that belongs below the prefix, or beside it: both hang on a new one */
static int fork_above(struct fib6_trie *t, const struct place *p, struct fib6_leaf *leaf)
{
	struct fib6_node *below = p->at, *n;
	u32 depth = min_u32(depth_of(leaf->plen), fib6_key_diff(&below->key, &leaf->key) / STRIDE), bit;
	enum node_kind kind;
	void *value;

	bit = slot_of(depth, &leaf->key, leaf->plen, &kind);
	n = node_alloc(t, &leaf->key, depth, 2);
	value = n ? slot_value(t, kind, leaf) : NULL;
	if (!value) {
		if (n)
			mem_free(t->mem, n, sizeof(*n) + 2 * sizeof(void *));
		return -ENOMEM;
	}
	n->map.bits[kind] |= 1ULL << bit;
	n->map.bits[NODE_CHILD] |= 1ULL << chunk_of(&below->key, depth);
	n->slot[map_pos(&n->map, kind, bit)] = value;
	n->slot[map_child(&n->map, chunk_of(&below->key, depth), false)] = below;
	rcu_assign_pointer(*p->link, (void *)n);
	t->prefix_count++;
	return 0;
}

/** slot_insert() - nothing is there yet */
static int slot_insert(struct fib6_trie *t, struct place *p, struct fib6_leaf *leaf)
{
	struct fib6_node *last = p->path_len ? p->path[p->path_len - 1] : NULL, *n;
	enum node_kind kind = NODE_CHILD;
	u32 bit = last ? slot_of(last->depth, &leaf->key, leaf->plen, &kind) : 0;
	void *value = slot_value(t, kind, leaf);

	if (!value)
		return -ENOMEM;
	if (p->link) { /* the root, or a child that went when there was no memory for a smaller node */
		rcu_assign_pointer(*p->link, value);
	} else {
		n = node_with(t, last, kind, bit, value);
		if (!n) {
			slot_drop(t, kind, value);
			return -ENOMEM;
		}
		replace_last(t, p, n);
	}
	t->prefix_count++;
	return 0;
}

int fib6_trie_set(struct fib6_trie *t, struct fib6_leaf *leaf)
{
	struct place p;
	int err;

	if (leaf->plen == 0) {
		t->prefix_count += !t->dflt;
		rcu_assign_pointer(t->dflt, leaf);
		return 0;
	}
	place_find(t, &leaf->key, leaf->plen, &p);
	if (p.own) {
		rcu_assign_pointer(*p.link, (void *)leaf);
		return 0;
	}
	if (p.at)
		err = is_bucket(p.at) ? bucket_insert(t, &p, leaf) : fork_above(t, &p, leaf);
	else
		err = slot_insert(t, &p, leaf);
	if (!err)
		fib6_direct_change(t, &leaf->key);
	return err;
}

/** few_below() - all prefixes at and below @n; false: too many for a bucket */
static bool few_below(const struct fib6_node *n, struct few *f)
{
	u32 count = map_count(&n->map), children = popcount64(n->map.bits[NODE_CHILD]);

	f->count = 0;
	if (count > BUCKET_MERGE)
		return false;
	for (u32 i = 0; i < children; i++) {
		const struct fib6_bucket *b = as_bucket(n->slot[i]);

		if (n->slot[i] && (!is_bucket(n->slot[i]) || f->count + b->count > BUCKET_MERGE))
			return false;
		for (u32 k = 0; b && k < b->count; k++)
			few_add(f, b->entry[k].leaf);
	}
	if (f->count + count - children > BUCKET_MERGE)
		return false;
	for (u32 i = children; i < count; i++)
		few_add(f, n->slot[i]);
	return true;
}

/** shrink() - from the last node of the path on up: what has little below becomes a bucket, what forks no more goes */
static void shrink(struct fib6_trie *t, struct place *p)
{
	for (u32 i = p->path_len; i-- > 0;) {
		struct fib6_node *n = p->path[i];
		void *value = NULL;
		struct few f;

		if (few_below(n, &f)) {
			value = f.count ? bucket_create(t, &f) : NULL;
			if (f.count && !value)
				return; /* larger than need be, and no worse */
			for (u32 k = 0; k < popcount64(n->map.bits[NODE_CHILD]); k++)
				retire(t, n->slot[k]);
		} else if (map_count(&n->map) == 1) {
			value = n->slot[0];
		} else {
			return;
		}
		rcu_assign_pointer(*link_to(t, p, i), value);
		fib6_direct_node(t, n, false);
		retire(t, n);
	}
}

/** slot_clear() - the last node loses a slot.  Return: 0, -ENOMEM */
static int slot_clear(struct fib6_trie *t, struct place *p, const struct fib6_leaf *leaf)
{
	const struct fib6_node *last = p->path[p->path_len - 1];
	struct fib6_node *n;
	enum node_kind kind;
	u32 bit = slot_of(last->depth, &leaf->key, leaf->plen, &kind);

	n = node_without(t, last, kind, bit);
	if (!n)
		return -ENOMEM;
	replace_last(t, p, n);
	return 0;
}

/** bucket_clear() - Return: 0, -ENOMEM */
static int bucket_clear(struct fib6_trie *t, struct place *p, const struct fib6_leaf *leaf)
{
	struct fib6_bucket *b = as_bucket(p->at);
	struct few f = { .count = 0 };
	void *value = NULL;
	int err = 0;

	few_of(&f, b, leaf);
	assert(f.count + 1 == b->count); /* only what is there is cleared */
	if (f.count) {
		value = bucket_create(t, &f);
		err = value ? 0 : -ENOMEM;
	}
	if (!f.count && p->path_len)
		err = slot_clear(t, p, leaf);
	else if (!err)
		rcu_assign_pointer(*p->link, value);
	if (!err)
		retire(t, p->at);
	return err;
}

int fib6_trie_clear(struct fib6_trie *t, const struct fib6_leaf *leaf)
{
	struct place p;
	int err;

	if (leaf->plen == 0) {
		rcu_assign_pointer(t->dflt, (struct fib6_leaf *)NULL);
		t->prefix_count--;
		return 0;
	}
	place_find(t, &leaf->key, leaf->plen, &p);
	assert(p.in_node ? p.own == leaf : p.at && is_bucket(p.at));
	err = p.in_node ? slot_clear(t, &p, leaf) : bucket_clear(t, &p, leaf);
	if (err)
		return err;
	t->prefix_count--;
	shrink(t, &p);
	fib6_direct_change(t, &leaf->key);
	return 0;
}

/* ------------------------------------------------------------------ life */

void fib6_trie_init(struct fib6_trie *t, struct mem *mem, struct rcu *rcu)
{
	memset(t, 0, sizeof(*t));
	t->mem = mem;
	t->rcu = rcu;
	t->have_popcnt = have_popcnt();
}

void fib6_trie_fini(struct fib6_trie *t)
{
	struct fib6_node *node[MAX_DEPTH];
	u32 left[MAX_DEPTH], depth = 0;

	if (t->root && is_bucket(t->root)) {
		slot_drop(t, NODE_CHILD, t->root);
	} else if (t->root) {
		node[0] = t->root;
		left[0] = popcount64(node[0]->map.bits[NODE_CHILD]);
		for (;;) {
			struct fib6_node *n = node[depth];
			void *p = left[depth] ? n->slot[--left[depth]] : n;

			if (p == n) {
				mem_free(t->mem, n, node_bytes(n));
				if (depth-- == 0)
					break;
			} else if (p && !is_bucket(p)) {
				node[++depth] = p;
				left[depth] = popcount64(node[depth]->map.bits[NODE_CHILD]);
			} else {
				slot_drop(t, NODE_CHILD, p);
			}
		}
	}
	fib6_direct_free(t->direct);
	memset(t, 0, sizeof(*t));
}
