/* SPDX-License-Identifier: BSD-2-Clause */
/* What the trie of fib6_trie.c consists of; nobody else includes this. */
#ifndef NETHOOD_IPV6_FIB6_NODE_H
#define NETHOOD_IPV6_FIB6_NODE_H

#include "base/multibit.h"
#include "ipv6/fib6_trie.h"

#define MAX_DEPTH 22U /* 22 * 6 >= 128 */
#define BUCKET_MAX 12U
#define BUCKET_MERGE 6U /* a node with so many prefixes below it becomes a bucket */
#define WORD_BITS 64U

#define DIRECT_BITS 30U
#define DIRECT_DEPTH 5U
#define DIRECT_WAYS 4U
#define DIRECT_MIN_GROUPS 256U
#define DIRECT_GROW_COUNT 512U /* prefixes from which on there is one */
#define DIRECT_DROP_COUNT 128U
#define DIRECT_COPY 64U /* slots at each change */
#define TAG_SHIFT 48U

static_assert(DIRECT_DEPTH * STRIDE == DIRECT_BITS, "the direct way leads to what lies below nodes of one depth");

/**
 * struct fib6_direct - a hash table from 30 bits of an address to what the trie has below them
 *
 * A slot is a pointer with sixteen bits of the hash.  It may be of other bits with the same hash: then what it leads to
 * has no prefix that covers the address, and the lookup begins at the root.  So it does where a slot is missing.
 */
struct fib6_direct {
	struct rcu_head rcu;
	struct mem *mem;
	struct fib6_direct *older; /**< a smaller one, whose slots are not all copied yet; NULL: none */
	u32 group_mask;
	u32 count;  /**< slots in use */
	u32 copied; /**< of older's */
	u64 slot[];
};

struct fib6_node {
	struct rcu_head rcu;
	struct mem *mem;
	struct node_map map;
	struct fib6_key key; /**< of something below: it has the bits that nodes above skip */
	u32 depth;
	void *slot[];
};

/** struct fib6_entry - a prefix in a bucket */
struct fib6_entry {
	u64 bits; /**< the upper or the lower half of its key */
	struct fib6_leaf *leaf;
};

struct fib6_bucket {
	struct rcu_head rcu;
	struct mem *mem;
	u8 count;
	u8 long_count; /**< entries of an upper half whose prefix is longer */
	bool lower;    /**< the entries' bits are the lower half; the upper one is that of any of them */
	u8 pad;
	u8 shift[BUCKET_MAX]; /**< bits of the half that are not the prefix's */
	struct fib6_entry entry[];
};

/** chunk_of() - bits 6 * depth .. 6 * depth + 5; behind the end of the key: zeros */
static inline u32 chunk_of(const struct fib6_key *key, u32 depth)
{
	u32 at = depth * STRIDE;

	if (likely(at <= WORD_BITS - STRIDE))
		return (u32)(key->hi >> (WORD_BITS - STRIDE - at)) & (FANOUT - 1);
	if (at < WORD_BITS)
		return (u32)(key->hi << (at + STRIDE - 64) | key->lo >> (128 - STRIDE - at)) & (FANOUT - 1);
	return (u32)((key->lo << (at - 64)) >> (64 - STRIDE));
}

/** depth_of() - of the node that holds prefixes of this length; @plen > 0 */
static inline u32 depth_of(u32 plen)
{
	return (plen - 1) / STRIDE;
}

static inline bool same_prefix(const struct fib6_leaf *l, const struct fib6_key *key, u32 plen)
{
	return l->plen == plen && l->key.hi == key->hi && l->key.lo == key->lo;
}

/* ------------------------------------------------------------------ what a pointer in the trie is */

static inline bool is_bucket(const void *p)
{
	return (uintptr_t)p & 1;
}

static inline struct fib6_bucket *as_bucket(const void *p)
{
	return (struct fib6_bucket *)((uintptr_t)p & ~(uintptr_t)1);
}

static inline void *bucket_ptr(const struct fib6_bucket *b)
{
	return (void *)((uintptr_t)b | 1);
}

static inline size_t node_bytes(const struct fib6_node *n)
{
	return sizeof(*n) + map_count(&n->map) * sizeof(void *);
}

static inline size_t bucket_bytes(u32 count)
{
	return sizeof(struct fib6_bucket) + count * sizeof(struct fib6_entry);
}

/** node_agrees() - has @key the bits that lead to the node? */
static inline bool node_agrees(const struct fib6_node *n, const struct fib6_key *key)
{
	u64 hi = n->key.hi ^ key->hi;
	u32 bits = n->depth * STRIDE;

	if (likely(bits <= WORD_BITS))
		return !bits || !(hi >> (WORD_BITS - bits));
	return !hi && !((n->key.lo ^ key->lo) >> (128 - bits));
}

/** child_of() - NULL: none */
static inline void *child_of(const struct fib6_node *n, u32 chunk)
{
	return map_has(&n->map, NODE_CHILD, chunk) ? rcu_dereference(n->slot[map_child(&n->map, chunk, false)]) : NULL;
}

/* ---- the direct way: fib6_direct.c */

static inline u64 direct_hash(u64 hi)
{
	u64 hash = (hi >> (WORD_BITS - DIRECT_BITS)) * 0x9e3779b97f4a7c15ULL;

	hash ^= hash >> 32; /* prefixes are regular: once is not enough */
	return hash * 0xd6e8feb86659fd93ULL;
}

static inline u64 direct_tag(u64 hash)
{
	return (hash >> TAG_SHIFT) | 1; /* an empty slot has none */
}

static inline u64 *direct_group(const struct fib6_direct *d, u64 hash)
{
	return (u64 *)(uintptr_t)&d->slot[((hash >> 32) & d->group_mask) * DIRECT_WAYS];
}

/** direct_find() - slot of a tag; NULL: none.  Two keys may have the same one */
static inline u64 *direct_find(const struct fib6_direct *d, u64 hash)
{
	u64 *group = direct_group(d, hash), tag = direct_tag(hash);

	for (u32 i = 0; i < DIRECT_WAYS; i++) {
		u64 *slot = &group[((hash >> 28) + i) % DIRECT_WAYS];

		if (rcu_dereference(*slot) >> TAG_SHIFT == tag)
			return slot;
	}
	return NULL;
}

static inline const void *direct_get(const struct fib6_direct *d, u64 hi)
{
	const u64 *slot = direct_find(d, direct_hash(hi));

	return slot ? (const void *)(uintptr_t)(rcu_dereference(*slot) & ((1ULL << TAG_SHIFT) - 1)) : NULL;
}

/** fib6_direct_change() - something at @key was changed in the trie */
void fib6_direct_change(struct fib6_trie *t, const struct fib6_key *key);
/** fib6_direct_node() - a node whose children may have ways of their own: is it new, or does it go? */
void fib6_direct_node(struct fib6_trie *t, const struct fib6_node *n, bool is_new);
void fib6_direct_free(struct fib6_direct *d); /* NULL: nothing */

#endif
