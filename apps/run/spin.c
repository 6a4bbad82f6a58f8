// SPDX-License-Identifier: BSD-2-Clause
/* See spin.h. */
#include "spin.h"

#include <sched.h>

void spin_init(struct spin *s)
{
	cpu_set_t set;

	*s = (struct spin){ .next_rest = SPIN_REST_MIN };
	s->alone = sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) < 2;
}

void spin_yield(struct spin *s)
{
	s->yields = true;
}

bool spin_pays(struct spin *s)
{
	bool yields = s->yields;

	s->yields = false;
	return s->soon && !s->rest && !s->alone && !yields;
}

void spin_ended(struct spin *s, bool hit)
{
	if (hit) {
		s->next_rest = SPIN_REST_MIN;
		return;
	}
	s->rest = s->next_rest;
	if (s->next_rest < SPIN_REST_MAX)
		s->next_rest *= 2;
}

void spin_slept(struct spin *s, uint64_t ns)
{
	s->soon = ns < SPIN_NS;
	if (s->soon && s->rest)
		s->rest--;
}
