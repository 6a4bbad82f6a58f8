/* SPDX-License-Identifier: BSD-2-Clause */
/* One world in a process of its own: that it dies is a finding as well, and its choices are not lost with it. */
#ifndef NETHOOD_TESTS_SIM_ONE_H
#define NETHOOD_TESTS_SIM_ONE_H

#include "swarm.h"
#include "tape.h"

/** struct one - room for a world, shared with the process that it runs in */
struct one;

/** one_create() - aborts without memory */
struct one *one_create(void);
void one_destroy(struct one *o);

/** one_run_seed() - @tape: NULL, or what it chose, to be ended by tape_end().  Return: all held */
bool one_run_seed(struct one *o, u64 seed, struct swarm_result *result, struct tape *tape);
bool one_run_tape(struct one *o, const struct choice *choice, u32 count, const struct sim_watch *watch,
		  struct swarm_result *result);

#endif
