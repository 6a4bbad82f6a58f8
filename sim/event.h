/* SPDX-License-Identifier: BSD-2-Clause */
/* What will happen, in the order (time, host, number): the same in each run. */
#ifndef NETHOOD_SIM_EVENT_H
#define NETHOOD_SIM_EVENT_H

#include "base/types.h"

struct sim_world;

/** sim_event_fn - @obj, @arg: as they were given */
typedef void (*sim_event_fn)(struct sim_world *w, void *obj, u64 arg);

struct sim_event {
	u64 at_ns;
	u64 order; /**< host << 40 | number */
	sim_event_fn fn;
	void *obj;
	u64 arg;
};

/** struct event_queue - a heap; zeroed before the first use */
struct event_queue {
	struct sim_event *heap;
	u32 count, room;
	u64 number;
};

void event_add(struct event_queue *q, u64 at_ns, u32 host, sim_event_fn fn, void *obj, u64 arg);
/** event_take() - the next one.  Return: false: there is none */
bool event_take(struct event_queue *q, struct sim_event *out);
static inline u64 event_next_ns(const struct event_queue *q)
{
	return q->count ? q->heap[0].at_ns : UINT64_MAX;
}
void event_queue_end(struct event_queue *q);

#endif
