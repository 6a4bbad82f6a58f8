// SPDX-License-Identifier: BSD-2-Clause
/* All prefixes of a trie, in the order in which the kernel lists routes.
 *
 * @linux net/ipv6/ip6_fib.c: fib6_walk
 */
#include "ipv6/fib6_node.h"

struct walk {
	fib6_trie_fn fn;
	void *ctx;
	const struct fib6_key *from; /* NULL: from the begin */
	u32 from_plen;
};

static inline bool key_before(const struct fib6_key *a, const struct fib6_key *b)
{
	return a->hi < b->hi || (a->hi == b->hi && a->lo < b->lo);
}

/** walk_before() - by address, and what lies in a prefix before it */
static bool walk_before(const struct fib6_key *a, u32 a_plen, const struct fib6_key *b, u32 b_plen)
{
	return fib6_key_diff(a, b) >= min_u32(a_plen, b_plen) ? a_plen > b_plen : key_before(a, b);
}

/** walk_emit() - @leaf, unless it comes before the prefix that the walk begins with */
static int walk_emit(const struct walk *w, struct fib6_leaf *leaf)
{
	if (w->from && walk_before(&leaf->key, leaf->plen, w->from, w->from_plen))
		return 0;
	return w->fn(w->ctx, leaf);
}

static int walk_bucket(const struct walk *w, const struct fib6_bucket *b)
{
	struct fib6_leaf *sorted[BUCKET_MAX];
	int err = 0;

	for (u32 i = 0; i < b->count; i++) {
		struct fib6_leaf *l = rcu_dereference(b->entry[i].leaf);
		u32 at = i;

		for (; at > 0 && walk_before(&l->key, l->plen, &sorted[at - 1]->key, sorted[at - 1]->plen); at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = l;
	}
	for (u32 i = 0, count = b->count; i < count && !err; i++)
		err = walk_emit(w, sorted[i]);
	return err;
}

/** walk_ends() - prefixes of @n whose last chunk is @chunk, the longest first */
static int walk_ends(const struct walk *w, const struct fib6_node *n, u32 chunk)
{
	int err = 0;

	for (u32 l = STRIDE; l > 0 && !err; l--) {
		u32 rest = (1U << (STRIDE - l)) - 1, bit;
		enum node_kind kind;

		if ((chunk & rest) != rest)
			break;
		bit = prefix_bit(chunk, l, &kind);
		if (map_has(&n->map, kind, bit))
			err = walk_emit(w, rcu_dereference(n->slot[map_pos(&n->map, kind, bit)]));
	}
	return err;
}

/** walk_first_chunk() - where in @n the walk begins */
static u32 walk_first_chunk(const struct walk *w, const struct fib6_node *n)
{
	if (!w->from)
		return 0;
	if (node_agrees(n, w->from))
		return chunk_of(w->from, n->depth);
	return key_before(&n->key, w->from) ? FANOUT - 1 : 0; /* all of it lies before, or behind */
}

/** walk_nodes() - the root is a node */
static int walk_nodes(const struct walk *w, const struct fib6_node *root)
{
	const struct fib6_node *node[MAX_DEPTH] = { root };
	u32 chunk[MAX_DEPTH] = { walk_first_chunk(w, root) }, depth = 0;
	int err = 0;

	for (;;) {
		const struct fib6_node *n = node[depth];
		const void *p = child_of(n, chunk[depth]);

		if (p && !is_bucket(p)) {
			node[++depth] = p;
			chunk[depth] = walk_first_chunk(w, node[depth]);
			continue;
		}
		if (p)
			err = walk_bucket(w, as_bucket(p));
		if (!err)
			err = walk_ends(w, n, chunk[depth]);
		while (!err && ++chunk[depth] >= FANOUT && depth > 0) {
			depth--;
			err = walk_ends(w, node[depth], chunk[depth]);
		}
		if (err || chunk[depth] >= FANOUT)
			return err;
	}
}

int fib6_trie_walk(const struct fib6_trie *t, const struct fib6_key *key, u32 plen, fib6_trie_fn fn, void *ctx)
{
	const struct walk w = { .fn = fn, .ctx = ctx, .from = key, .from_plen = plen };
	const void *p = rcu_dereference(t->root);
	struct fib6_leaf *dflt;
	int err = 0;

	if (p)
		err = is_bucket(p) ? walk_bucket(&w, as_bucket(p)) : walk_nodes(&w, p);
	dflt = rcu_dereference(t->dflt);
	return !err && dflt ? walk_emit(&w, dflt) : err;
}
