/* SPDX-License-Identifier: BSD-2-Clause */
/* Longest prefix match: from an IPv4 prefix to a borrowed pointer, the leaf.
 *
 * The trie knows nothing of routes: fib_table.c gives leaves their meaning.  Keys are host order.
 */
#ifndef NETHOOD_IPV4_FIB_TRIE_H
#define NETHOOD_IPV4_FIB_TRIE_H

#include "base/mem.h"
#include "base/rcu.h"
#include "base/types.h"

#define FIB_KEY_BITS 32U
#define FIB_DIRECT_BITS 18U           /**< the direct table skips the three upper levels */
#define FIB_DIRECT_GROW_COUNT 131072U /**< prefixes from which on it pays: 16 bytes each, and falling */
#define FIB_DIRECT_DROP_COUNT 32768U

struct fib_node;

/** struct fib_trie - one writer; readers under RCU */
struct fib_trie {
	struct mem *mem;
	struct rcu *rcu;
	struct fib_node *root;
	void *dflt;                /**< leaf of 0.0.0.0/0 */
	struct fib_direct *direct; /**< NULL while the trie is small */
	u32 direct_next;           /**< blocks of 64 slots that are filled */
	u32 prefix_count;
	u64 blocks; /**< bit of the upper six address bits: a prefix lies there, or did once; see fib_trie_may_cover() */
	bool have_popcnt; /**< of the processor */
};

void fib_trie_init(struct fib_trie *t, struct mem *mem, struct rcu *rcu);
/** fib_trie_fini() - frees all nodes; leaves are the caller's */
void fib_trie_fini(struct fib_trie *t);

/** fib_trie_find() - leaf of exactly this prefix; NULL: none */
void *fib_trie_find(const struct fib_trie *t, u32 key, u32 plen);
/** fib_trie_set() - insert, or replace the leaf of the prefix; a replacement cannot fail.  Return: 0, -ENOMEM */
int __must_check fib_trie_set(struct fib_trie *t, u32 key, u32 plen, void *leaf);
/** fib_trie_clear() - remove a prefix that is there; cannot fail (without memory a node stays larger than need be) */
void fib_trie_clear(struct fib_trie *t, u32 key, u32 plen);
/** fib_trie_lookup() - leaf of the longest prefix that covers @key; NULL: none; *plen: its length */
void *fib_trie_lookup(const struct fib_trie *t, u32 key, u32 *plen);
/** fib_trie_lookup_max() - same among prefixes of at most @max bits: the way back from a leaf that does not suit */
void *fib_trie_lookup_max(const struct fib_trie *t, u32 key, u32 max, u32 *plen);

/** fib_trie_fn - told of one prefix; non-zero stops the walk */
typedef int (*fib_trie_fn)(void *ctx, u32 key, u32 plen, void *leaf);
/**
 * fib_trie_walk() - prefixes by address, and the longer before the shorter at the same one, as the kernel lists them
 * @key, @plen: begin with this prefix, or with what follows it; 0, 32: all
 * Return: 0 at the end, else what @fn returned.  @fn may replace or clear the leaf it is shown only.
 */
int fib_trie_walk(const struct fib_trie *t, u32 key, u32 plen, fib_trie_fn fn, void *ctx);

/** fib_trie_may_cover() - false: no prefix covers @key; tells at once for most addresses of a small table */
static inline bool fib_trie_may_cover(const struct fib_trie *t, u32 key)
{
	return (t->blocks >> (key >> 26)) & 1;
}

static inline u32 fib_mask(u32 plen)
{
	return plen ? ~0U << (FIB_KEY_BITS - plen) : 0;
}

#endif
