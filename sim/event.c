// SPDX-License-Identifier: BSD-2-Clause
/* A binary heap of events. */
#include "event.h"

#include <stdlib.h>
#include <string.h>

#include "grow.h"

#define ORDER_NUMBER_BITS 40

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void sift_up(struct event_queue *q, u32 i, const struct sim_event *e)
{
	while (i && before(e, &q->heap[(i - 1) / 2])) {
		q->heap[i] = q->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	q->heap[i] = *e;
}

static void sift_down(struct event_queue *q, const struct sim_event *e)
{
	u32 i = 0, child;

	while ((child = 2 * i + 1) < q->count) {
		if (child + 1 < q->count && before(&q->heap[child + 1], &q->heap[child]))
			child++;
		if (!before(&q->heap[child], e))
			break;
		q->heap[i] = q->heap[child];
		i = child;
	}
	q->heap[i] = *e;
}

void event_add(struct event_queue *q, u64 at_ns, u32 host, sim_event_fn fn, void *obj, u64 arg)
{
	const struct sim_event e = { at_ns, (u64)host << ORDER_NUMBER_BITS | q->number++, fn, obj, arg };

	if (q->count == q->room)
		q->heap = sim_grow(q->heap, &q->room, 256, sizeof(*q->heap));
	sift_up(q, q->count++, &e);
}

bool event_take(struct event_queue *q, struct sim_event *out)
{
	struct sim_event last;

	if (!q->count)
		return false;
	*out = q->heap[0];
	last = q->heap[--q->count];
	if (q->count)
		sift_down(q, &last);
	return true;
}

void event_queue_end(struct event_queue *q)
{
	free(q->heap);
	memset(q, 0, sizeof(*q));
}
