// SPDX-License-Identifier: BSD-2-Clause
/* Letters between workers: each pair has a ring in each direction.
 *
 * A full ring loses a letter, as a full queue loses a packet, and counts it.  Who must not lose any looks for room first.
 */
#include <string.h>

#include "dev/softirq.h"
#include "workers/workers.h"

#define LETTERS_BUDGET 256U /* of one poll, from each worker */

struct letter *letter_new(struct worker *w, enum letter_kind kind, const void *data, size_t data_bytes)
{
	struct letter *l = host_alloc(w->host, sizeof(*l) + data_bytes);

	if (!l)
		return NULL;
	l->kind = kind;
	l->from = w->index;
	l->data_bytes = (u32)data_bytes;
	if (data)
		memcpy(l->data, data, data_bytes);
	return l;
}

void letter_free(struct nethood_workers *host, struct letter *l)
{
	host_free(host, l, sizeof(*l) + l->data_bytes);
}

bool letter_post(struct worker *w, u32 to, struct letter *l)
{
	if (l && ring_put(ring_between(w->host, w->index, to), l)) {
		w->to_wake |= 1U << to;
		return true;
	}
	if (l)
		letter_free(w->host, l);
	w->nn->net.softnet->dropped++;
	return false;
}

static void letter_read(struct worker *w, const struct letter *l)
{
	if (l->kind == LETTER_PACKET)
		steer_in(w, l);
	else if (w->leader)
		leader_hear(w, l);
	else
		follower_hear(w, l);
}

void letters_in(struct worker *w)
{
	for (u32 from = 0; from < w->host->count; from++) {
		struct ring *r = ring_between(w->host, from, w->index);
		struct letter *l;

		for (u32 i = 0; i < LETTERS_BUDGET && (l = ring_take(r)); i++) {
			letter_read(w, l);
			letter_free(w->host, l);
		}
	}
}

bool letters_wait(const struct worker *w)
{
	for (u32 from = 0; from < w->host->count; from++) {
		if (!ring_is_empty(ring_between(w->host, from, w->index)))
			return true;
	}
	return false;
}

void letters_wake(struct worker *w)
{
	u32 to_wake = w->to_wake;

	w->to_wake = 0;
	for (u32 to = 0; to_wake; to++, to_wake >>= 1) {
		if (to_wake & 1)
			w->host->wake(w->host->wake_ctx, to);
	}
}
