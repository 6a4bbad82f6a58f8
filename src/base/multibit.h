/* SPDX-License-Identifier: BSD-2-Clause */
/* What tries of six bits a level are made of: three bitmaps that say what a node has, and where in its array.
 *
 * A node at depth d looks at bits 6d..6d+5 of the key.  It has the prefixes of lengths 6d+1..6d+6 and its children in
 * one array without holes; counting the bits before one says where that one's slot is.  The longest match inside a node
 * is the highest of at most six bits, found without a loop.
 */
#ifndef NETHOOD_BASE_MULTIBIT_H
#define NETHOOD_BASE_MULTIBIT_H

#include "base/types.h"

#define STRIDE 6U
#define FANOUT (1U << STRIDE)

/* What a slot is; the bit of its bitmap */
enum node_kind {
	NODE_CHILD, /* the six bits */
	NODE_SHORT, /* prefix of 1..5 of the six bits: 1 << length | the bits */
	NODE_FULL,  /* prefix of all six bits: the bits */
	NODE_KINDS
};

/** struct node_map - what a node has */
struct node_map {
	u64 bits[NODE_KINDS];
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

/** have_popcnt() - of the processor; POPCNT marks what is compiled for it */
#ifdef __x86_64__
#define POPCNT __attribute__((target("popcnt")))
static inline bool have_popcnt(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("popcnt");
}
#else
#define POPCNT
static inline bool have_popcnt(void)
{
	return false;
}
#endif

static inline bool map_has(const struct node_map *m, enum node_kind kind, u32 bit)
{
	return (m->bits[kind] >> bit) & 1;
}

/** map_covers() - does a prefix of the node cover @chunk? */
static inline bool map_covers(const struct node_map *m, u32 chunk)
{
	return (m->bits[NODE_SHORT] & short_path[chunk >> 1]) || map_has(m, NODE_FULL, chunk);
}

/** map_pos() - where the slot of a bit is, or would be */
static inline u32 map_pos(const struct node_map *m, enum node_kind kind, u32 bit)
{
	u32 pos = popcount64(m->bits[kind] & ((1ULL << bit) - 1));

	for (u32 k = 0; k < (u32)kind; k++)
		pos += popcount64(m->bits[k]);
	return pos;
}

static inline u32 map_count(const struct node_map *m)
{
	return popcount64(m->bits[NODE_SHORT]) + popcount64(m->bits[NODE_FULL]) + popcount64(m->bits[NODE_CHILD]);
}

/** map_child() - where the child of @chunk, which is there, has its slot */
static inline __attribute__((always_inline)) u32 map_child(const struct node_map *m, u32 chunk, bool hw)
{
	return popcount64_as(m->bits[NODE_CHILD] & ((1ULL << chunk) - 1), hw);
}

/** map_best() - slot of the longest prefix of the node that covers @chunk; *len: its bits in this node, 0: none */
static inline __attribute__((always_inline)) u32 map_best(const struct node_map *m, u32 chunk, bool hw, u32 *len)
{
	u64 shorts = m->bits[NODE_SHORT], full = m->bits[NODE_FULL], covering;
	u32 pos = popcount64_as(m->bits[NODE_CHILD], hw), top;

	if (likely((full >> chunk) & 1)) {
		*len = STRIDE;
		return pos + popcount64_as(shorts, hw) + popcount64_as(full & ((1ULL << chunk) - 1), hw);
	}
	covering = shorts & short_path[chunk >> 1];
	*len = 0;
	if (!covering)
		return 0;
	top = 63U - (u32)__builtin_clzll(covering);
	*len = 31U - (u32)__builtin_clz(top);
	return pos + popcount64_as(shorts & ((1ULL << top) - 1), hw);
}

/** prefix_bit() - of a prefix of @len of the six bits that begins as @chunk does; *kind: its bitmap */
static inline u32 prefix_bit(u32 chunk, u32 len, enum node_kind *kind)
{
	*kind = len == STRIDE ? NODE_FULL : NODE_SHORT;
	return len == STRIDE ? chunk : 1U << len | chunk >> (STRIDE - len);
}

#endif
