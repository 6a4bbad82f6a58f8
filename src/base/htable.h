/* SPDX-License-Identifier: BSD-2-Clause */
/* Seeded, growing hash table of pointers: open addressing, 16 bytes a slot, incremental growth.
 *
 * A slot holds the 64-bit hash beside the pointer, so a lookup touches the object only to confirm a hit, and not even
 * then if the hash is exact (htable_hash_exact64() is a bijection of its 64-bit key: equal hash means equal key).
 * Growth and clean-up of deleted slots move a bounded number of slots at each insertion: no pause at any size.
 * One writer; readers may look up under RCU at the same time.
 */
#ifndef NETHOOD_BASE_HTABLE_H
#define NETHOOD_BASE_HTABLE_H

#include "base/mem.h"
#include "base/types.h"

struct rng;
struct htable_slot {
	u64 hash;  /**< 0: empty, 1: deleted; htable_hash_*() never return these */
	void *obj;
};

struct htable_array {
	struct htable_slot *slot;
	u32 mask;        /**< slots - 1; slots are a power of two */
	u32 used_count;  /**< live and deleted */
};

struct htable {
	struct mem *mem;
	u64 seed[2];
	struct htable_array cur;
	struct htable_array old; /**< being emptied into cur while slot != NULL */
	u32 old_next;            /**< first slot of old not yet moved */
	u32 live_count;
	u32 min_slots;
	u64 grow_count;          /**< times the number of slots doubled */
	u64 grow_failed_count;   /**< times memory for that was missing; the table goes on, fuller */
};

/** htable_match_fn - does @obj have @key?  Called only for equal hashes */
typedef bool (*htable_match_fn)(const void *obj, const void *key);

int htable_init(struct htable *t, struct mem *mem, struct rng *rng, u32 min_slots);
/** htable_fini() - frees the slots; asserts that it is empty */
void htable_fini(struct htable *t);

/** htable_hash_exact64() - keyed bijection (but for the two reserved values, which map to match-needed hashes) */
u64 htable_hash_bytes(const struct htable *t, const void *key, size_t len_bytes); /* keyed; not a bijection */

void *htable_lookup(const struct htable *t, u64 hash, htable_match_fn match, const void *key);
/** htable_insert() - @obj must not be in the table; Return: 0, -ENOMEM when it is full and cannot grow */
int __must_check htable_insert(struct htable *t, u64 hash, void *obj);
/** htable_remove() - @return true if it was there */
bool htable_remove(struct htable *t, u64 hash, const void *obj);

/**
 * htable_scan() - walk that survives changes between calls
 * @cursor: 0 to begin; 0 again when the walk is over
 *
 * Calls @fn for the objects of a bounded number of slots.  An object that is in the table during the whole walk is
 * seen at least once also if the table grows meanwhile, and exactly once if it does not.
 */
u64 htable_scan(const struct htable *t, u64 cursor, u32 max_slots, void (*fn)(void *ctx, void *obj), void *ctx);

#endif
