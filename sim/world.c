// SPDX-License-Identifier: BSD-2-Clause
/* The world: its clock, its events, what must hold after each of them. */
#include "world.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nud_ref.h"
#include "segment.h"

void sim_world_init(struct sim_world *w, struct choices *choices, const struct sim_watch *watch)
{
	memset(w, 0, sizeof(*w));
	w->choices = choices;
	w->watch = watch;
	w->stream_count = 1; /* SIM_STREAM_WORLD */
	w->trace_hash = 0x6e6574686f6f6421ULL;
}

void sim_broken(struct sim_world *w, const char *fmt, ...)
{
	va_list args;

	if (w->broken[0])
		return;
	va_start(args, fmt);
	(void)vsnprintf(w->broken, sizeof(w->broken), fmt, args);
	va_end(args);
}

u64 sim_hash_of(u64 before, const void *data, size_t len_bytes)
{
	const u8 *p = data;
	u64 h = before ^ len_bytes * 0x9e3779b97f4a7c15ULL, word;

	for (; len_bytes; p += 8) {
		size_t n = len_bytes < 8 ? len_bytes : 8;

		word = 0;
		memcpy(&word, p, n);
		h = (h ^ word) * 0xd6e8feb86659fd93ULL;
		h ^= h >> 32;
		len_bytes -= n;
	}
	return h;
}

void sim_hash(struct sim_world *w, const void *data, size_t len_bytes)
{
	w->trace_hash = sim_hash_of(w->trace_hash, data, len_bytes);
}

/* ------------------------------------------------------------------ invariants */

static void check_host(struct sim_world *w, struct sim_host *h, bool all)
{
	for (u32 i = 0; i < h->worker_count; i++) {
		struct nethood_net *net = h->worker_net[i];
		const char *broken = all ? nethood_check(net) : nethood_check_changed(net);

		if (unlikely(broken))
			sim_broken(w, "%s: not true: %s", h->name, broken);
	}
	if (all && h->nud)
		nud_ref_check(h->nud, sim_host_now(h));
}

/* Hosts share nothing: what an event did not touch holds as it held before. */
static void check_touched(struct sim_world *w)
{
	bool all = w->check_every && w->event_count % w->check_every == 0;

	for (u32 i = 0; i < w->touched_count; i++) {
		w->touched[i]->touched = false;
		check_host(w, w->touched[i], false);
		if (all)
			check_host(w, w->touched[i], true);
	}
	w->touched_count = 0;
}

/* ------------------------------------------------------------------ running */

bool sim_run(struct sim_world *w, u64 until_ns, u64 events)
{
	struct sim_event e;
	u64 last = events ? w->event_count + events : UINT64_MAX;

	while (!w->broken[0] && event_next_ns(&w->events) <= until_ns && w->event_count < last &&
	       event_take(&w->events, &e)) {
		assert(e.at_ns >= w->now_ns);
		w->now_ns = e.at_ns;
		w->event_count++;
		sim_hash(w, &e.at_ns, sizeof(e.at_ns));
		e.fn(w, e.obj, e.arg);
		check_touched(w);
	}
	if (!w->broken[0] && w->event_count < last && w->now_ns < until_ns)
		w->now_ns = until_ns;
	return !w->broken[0];
}

void sim_calm(struct sim_world *w)
{
	w->calm = true;
	for (u32 i = 0; i < w->segment_count; i++) {
		struct sim_segment *seg = w->segment[i];

		segment_heal(seg);
		for (u32 k = 0; k < seg->port_count; k++)
			sim_set_plugged(seg->port[k], true);
	}
	for (u32 i = 0; i < w->host_count; i++)
		w->host[i]->alloc_fail_ppm = w->host[i]->busy_ppm = 0;
}

void sim_world_end(struct sim_world *w)
{
	struct sim_event e;

	if (w->watch && w->watch->end)
		w->watch->end(w->watch->ctx);
	while (event_take(&w->events, &e))
		segment_drop_event(&e);
	for (u32 i = 0; i < w->host_count; i++) {
		sim_host_end_net(w->host[i]);
		nud_ref_destroy(w->host[i]->nud);
		free(w->host[i]);
	}
	for (u32 i = 0; i < w->segment_count; i++) {
		free(w->segment[i]->port);
		free(w->segment[i]->fdb);
		free(w->segment[i]);
	}
	free(w->host);
	free(w->touched);
	free(w->segment);
	event_queue_end(&w->events);
}
