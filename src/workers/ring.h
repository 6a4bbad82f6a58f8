/* SPDX-License-Identifier: BSD-2-Clause */
/* A bounded ring from one thread to one other: who puts in and who takes out never wait for each other. */
#ifndef NETHOOD_WORKERS_RING_H
#define NETHOOD_WORKERS_RING_H

#include "base/types.h"

#define RING_SLOTS 1024U /* a power of two */
#define CACHE_LINE_BYTES 64

/** struct ring - positions grow for ever, and each has one writer; each has a line of its own, and so have the slots */
struct ring {
	u32 head __attribute__((aligned(CACHE_LINE_BYTES))); /**< the next to be taken out */
	u32 tail __attribute__((aligned(CACHE_LINE_BYTES))); /**< the next to be put in */
	void *slots[RING_SLOTS] __attribute__((aligned(CACHE_LINE_BYTES)));
};

/** ring_room() - how many may be put in at least; for the one who puts in */
static inline u32 ring_room(const struct ring *r)
{
	return RING_SLOTS - (r->tail - __atomic_load_n(&r->head, __ATOMIC_ACQUIRE));
}

/** ring_put() - Return: false: it is full */
static inline bool ring_put(struct ring *r, void *p)
{
	if (!ring_room(r))
		return false;
	r->slots[r->tail % RING_SLOTS] = p;
	__atomic_store_n(&r->tail, r->tail + 1, __ATOMIC_RELEASE);
	return true;
}

/** ring_is_empty() - for the one who takes out */
static inline bool ring_is_empty(const struct ring *r)
{
	return __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE) == r->head;
}

/** ring_take() - the oldest; NULL: it is empty */
static inline void *ring_take(struct ring *r)
{
	void *p;

	if (ring_is_empty(r))
		return NULL;
	p = r->slots[r->head % RING_SLOTS];
	__atomic_store_n(&r->head, r->head + 1, __ATOMIC_RELEASE);
	return p;
}

#endif
