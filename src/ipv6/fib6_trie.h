/* SPDX-License-Identifier: BSD-2-Clause */
/* Longest prefix match over 128 bits: from an IPv6 prefix to a borrowed leaf.
 *
 * The trie knows nothing of routes: fib6_table.c gives leaves their meaning.  A leaf says itself which prefix it is of.
 */
#ifndef NETHOOD_IPV6_FIB6_TRIE_H
#define NETHOOD_IPV6_FIB6_TRIE_H

#include "base/mem.h"
#include "base/rcu.h"
#include "base/types.h"
#include "wire/ipv6.h"

#define FIB6_KEY_BITS 128U

/** struct fib6_key - an address in host order */
struct fib6_key {
	u64 hi, lo;
};

/** struct fib6_leaf - what every leaf begins with */
struct fib6_leaf {
	struct fib6_key key; /**< bits behind plen are zero */
	u8 plen;
};

/** struct fib6_trie - one writer; readers under RCU */
struct fib6_trie {
	struct mem *mem;
	struct rcu *rcu;
	void *root;                 /**< a node, or a bucket with bit 0 set */
	struct fib6_direct *direct; /**< NULL: the table is small */
	struct fib6_leaf *dflt;     /**< leaf of ::/0 */
	u32 prefix_count;
	bool have_popcnt; /**< of the processor */
};

void fib6_trie_init(struct fib6_trie *t, struct mem *mem, struct rcu *rcu);
/** fib6_trie_fini() - frees all nodes; leaves are the caller's */
void fib6_trie_fini(struct fib6_trie *t);

/** fib6_trie_find() - leaf of exactly this prefix; NULL: none */
struct fib6_leaf *fib6_trie_find(const struct fib6_trie *t, const struct fib6_key *key, u32 plen);
/** fib6_trie_set() - insert @leaf, or put it in the place of that of its prefix; a replacement cannot fail.  Return: 0, -ENOMEM */
int __must_check fib6_trie_set(struct fib6_trie *t, struct fib6_leaf *leaf);
/** fib6_trie_clear() - remove a leaf that is there.  Return: 0, -ENOMEM: it is there still */
int __must_check fib6_trie_clear(struct fib6_trie *t, const struct fib6_leaf *leaf);
/** fib6_trie_lookup() - leaf of the longest prefix that covers @key; NULL: none */
struct fib6_leaf *fib6_trie_lookup(const struct fib6_trie *t, const struct fib6_key *key);
/** fib6_trie_lookup_max() - same among prefixes of at most @max bits: the way back from a leaf that does not suit */
struct fib6_leaf *fib6_trie_lookup_max(const struct fib6_trie *t, const struct fib6_key *key, u32 max);

/** fib6_trie_fn - told of one leaf; non-zero stops the walk */
typedef int (*fib6_trie_fn)(void *ctx, struct fib6_leaf *leaf);
/**
 * fib6_trie_walk() - leaves by address, and each after those that lie in it, as the kernel lists them
 * @key, @plen: begin with this prefix, or with what follows it; NULL: all
 * Return: 0 at the end, else what @fn returned.  @fn may replace or clear the leaf it is shown only.
 */
int fib6_trie_walk(const struct fib6_trie *t, const struct fib6_key *key, u32 plen, fib6_trie_fn fn, void *ctx);

static inline struct fib6_key fib6_key_of(const struct in6_addr *a)
{
	__be64 w[2];

	memcpy(w, a, sizeof(w));
	return (struct fib6_key){ be64_to_cpu(w[0]), be64_to_cpu(w[1]) };
}

static inline void fib6_key_addr(const struct fib6_key *key, struct in6_addr *out)
{
	__be64 w[2] = { cpu_to_be64(key->hi), cpu_to_be64(key->lo) };

	memcpy(out, w, sizeof(w));
}

/** fib6_key_masked() - @key without the bits behind @plen */
static inline struct fib6_key fib6_key_masked(struct fib6_key key, u32 plen)
{
	if (plen <= 64)
		return (struct fib6_key){ plen ? key.hi & ~0ULL << (64 - plen) : 0, 0 };
	return (struct fib6_key){ key.hi, plen < 128 ? key.lo & ~0ULL << (128 - plen) : key.lo };
}

/** fib6_key_diff() - number of the first bit that differs; 128: none does */
static inline u32 fib6_key_diff(const struct fib6_key *a, const struct fib6_key *b)
{
	if (a->hi != b->hi)
		return (u32)__builtin_clzll(a->hi ^ b->hi);
	return a->lo != b->lo ? 64 + (u32)__builtin_clzll(a->lo ^ b->lo) : 128;
}

/** fib6_leaf_covers() - does @key lie in the leaf's prefix? */
static inline bool fib6_leaf_covers(const struct fib6_leaf *l, const struct fib6_key *key)
{
	u64 hi = l->key.hi ^ key->hi, lo = l->key.lo ^ key->lo;

	if (l->plen <= 64)
		return !l->plen || !(hi >> (64 - l->plen));
	return !hi && !(lo >> (128 - l->plen));
}

#endif
