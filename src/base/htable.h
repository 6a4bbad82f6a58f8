/* SPDX-License-Identifier: BSD-2-Clause */
/* Seeded, growing hash table of pointers: open addressing, 16 bytes a slot, incremental growth.
 *
 * A slot holds the 64-bit hash beside the pointer, so a look-up touches the object only to confirm a hit, and not even
 * then if the hash is exact: htable_hash_exact64() is a bijection, equal hash means equal key.
 *
 * The home of an object is given by the high bits of its hash, so the table is nearly sorted by hash.  That makes a
 * walk resumable: a cursor is a hash, and it stays right when the table grows or is cleaned in between.
 *
 * What is removed leaves no trace: those that it displaced move up.  So a table in which much comes and goes stays as
 * it is, and only one that holds more grows.  While it does, each insertion moves a bounded number of slots, and clears
 * as much of the new memory as it is about to touch: no pause at any size.  Only without memory to grow the table becomes
 * fuller than that, up to its last slot, and its searches longer.
 */
#ifndef NETHOOD_BASE_HTABLE_H
#define NETHOOD_BASE_HTABLE_H

#include <string.h>

#include "base/mem.h"
#include "base/types.h"

struct rng;

#define HTABLE_EMPTY 0U /* value of htable_slot.hash that no object has */

struct htable_slot {
	u64 hash;
	void *obj;
};

struct htable_array {
	struct htable_slot *slot;
	u32 mask;  /**< slots - 1; slots are a power of two */
	u32 shift; /**< home = hash >> shift */
	u32 used_count;
};

struct htable {
	struct mem *mem;
	u64 seed[2];
	struct htable_array cur;
	struct htable_array old; /**< half as large, being emptied into cur while slot != NULL */
	u64 *ready;              /**< while old is there: a bit for each block of cur that was cleared */
	u32 old_next;            /**< first slot of old not yet moved; those before it are as empty */
	u32 live_count;
	u64 grow_count;        /**< times the number of slots doubled */
	u64 grow_failed_count; /**< times memory for that, or to begin, was missing; the table goes on as it is */
	u32 grow_again_at;     /**< after such a time: not before so many slots are used */
	u32 min_slots;         /**< it begins with, when the first object comes */
};

/** htable_match_fn - does @obj have @key?  Called only for equal hashes */
typedef bool (*htable_match_fn)(const void *obj, const void *key);

/** htable_init() - @min_slots: a power of two, 8 at least; memory for them is asked for by the first insertion */
void htable_init(struct htable *t, struct mem *mem, struct rng *rng, u32 min_slots);
/** htable_fini() - frees the slots; asserts that the table is empty.  One in which nothing ever was has none to free */
void htable_fini(struct htable *t);

/**
 * htable_hash_exact64() - keyed bijection; @key is not 0, so that no key has the reserved hash
 *
 * @key: those that are like each other differ in the lower half, whose bits reach all of the home's.  Then addresses in a
 * row, or any other way apart, lie as if drawn, whatever the seed; with a single multiplication, or a secret factor, some
 * seeds put a whole subnet into one heap.
 */
static inline u64 htable_hash_exact64(const struct htable *t, u64 key)
{
	do { /* walk the cycle past the reserved value: it did not begin there */
		key ^= t->seed[0];
		key *= 0xd6e8feb86659fd93ULL;
		key = (key ^ t->seed[1]) ^ key >> 32; /* two at a time */
		key *= 0x9e3779b97f4a7c15ULL;
	} while (unlikely(key == HTABLE_EMPTY));
	return key;
}
/** htable_mix() - two words into one, keyed: a part of a longer key */
static inline u64 htable_mix(const struct htable *t, u64 a, u64 b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)(a ^ t->seed[0]) * (b ^ t->seed[1]);

	return (u64)product ^ (u64)(product >> 64);
}
/** htable_hash_pair() - keyed, for two words; equal hashes need a match function */
static inline u64 htable_hash_pair(const struct htable *t, u64 a, u64 b)
{
	return htable_hash_exact64(t, htable_mix(t, a, b) | 2);
}
/** htable_hash_bytes() - keyed, for keys of any length; equal hashes need a match function */
static inline u64 htable_hash_bytes(const struct htable *t, const void *key, size_t len_bytes)
{
	u64 hash = len_bytes, words[2];
	const u8 *p = key;

	for (; len_bytes > sizeof(words); len_bytes -= sizeof(words), p += sizeof(words)) {
		memcpy(words, p, sizeof(words));
		hash = htable_mix(t, words[0] ^ hash, words[1]);
	}
	words[0] = words[1] = 0;
	memcpy(words, p, len_bytes);
	return htable_hash_pair(t, words[0] ^ hash, words[1]);
}

/* @i: slot to begin at */
static inline void *htable_array_lookup(const struct htable_array *a, u64 hash, htable_match_fn match, const void *key,
					u32 i)
{
	for (;; i = (i + 1) & a->mask) {
		const struct htable_slot *s = &a->slot[i];

		if (s->hash == hash && (!match || match(s->obj, key)))
			return s->obj;
		if (s->hash == HTABLE_EMPTY)
			return NULL;
	}
}

void *htable_lookup_growing(const struct htable *t, u64 hash, htable_match_fn match, const void *key);
/** htable_lookup() - borrowed, or NULL; @match NULL: the hash is exact */
static inline void *htable_lookup(const struct htable *t, u64 hash, htable_match_fn match, const void *key)
{
	if (unlikely(t->old.slot))
		return htable_lookup_growing(t, hash, match, key);
	return htable_array_lookup(&t->cur, hash, match, key, (u32)(hash >> t->cur.shift));
}

/** htable_prefetch() - @hash will be looked up soon; while the table grows it may help less */
static inline void htable_prefetch(const struct htable *t, u64 hash)
{
	__builtin_prefetch(&t->cur.slot[hash >> t->cur.shift]);
}

/** htable_insert() - @obj must not be in the table; Return: 0, -ENOMEM when it is full, or new, and cannot grow */
int __must_check htable_insert(struct htable *t, u64 hash, void *obj);
/** htable_remove() - @return true if it was there */
bool htable_remove(struct htable *t, u64 hash, const void *obj);
/** htable_replace() - @new_, which has the same key, stands where @old stood (asserted); needs no memory */
void htable_replace(struct htable *t, u64 hash, const void *old, void *new_);

/**
 * htable_scan() - walk that survives changes between calls
 * @cursor: 0 to begin; 0 is returned when the walk is over
 *
 * Calls @fn, which may remove the object it is given and no other, for the objects of about @max_slots slots.  An object
 * that is in the table during the whole walk is seen exactly once, also if the table grows meanwhile.
 */
u64 htable_scan(struct htable *t, u64 cursor, u32 max_slots, void (*fn)(void *ctx, void *obj), void *ctx);

#endif
