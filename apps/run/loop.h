/* SPDX-License-Identifier: BSD-2-Clause */
/* The event loop: descriptors that are watched, and things that end when nobody can look at them any more. */
#ifndef NETHOOD_RUN_LOOP_H
#define NETHOOD_RUN_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <time.h>

#include "spin.h"

/** struct watch - one watched descriptor; part of what it belongs to */
struct watch {
	int fd; /**< -1: not watched.  The owner closes it */
	uint32_t events;
	bool last; /**< told after all others that are ready at once */
	void (*fn)(struct watch *w, uint32_t events);
};

/** struct corpse - head of something that ends after the events at hand are done with */
struct corpse {
	struct corpse *next;
	void (*bury)(struct corpse *c);
};

struct loop {
	int epfd;
	struct spin spin;
	struct corpse *corpses;
	void (*woke)(void *ctx); /**< called after each wait, before anybody is told; NULL: nobody */
	void *ctx;
	clockid_t
		turn_clock; /**< of processor time, if NETHOOD_TURNS=cpu: what others do on the machine does not count */
	uint64_t turn_began_ns, longest_turn_ns; /**< between two waits */
};

/** loop_init() - Return: 0, -errno */
int loop_init(struct loop *l);
void loop_exit(struct loop *l);
/** loop_add() - watch @fd; @w borrowed until loop_del().  Return: 0, -errno */
int loop_add(struct loop *l, struct watch *w, int fd, uint32_t events, void (*fn)(struct watch *w, uint32_t events));
/** loop_change() - other events of the same descriptor.  Return: 0, -errno */
int loop_change(struct loop *l, struct watch *w, uint32_t events);
/** loop_del() - @w will not be told of anything more; the descriptor stays open */
void loop_del(struct loop *l, struct watch *w);
/** loop_bury() - @c->bury(@c) is called when no event at hand can name it */
void loop_bury(struct loop *l, struct corpse *c, void (*bury)(struct corpse *c));
/** loop_wait() - wait @timeout_ns at the most (UINT64_MAX: for ever), tell the watches.  Return: 0, -errno */
int loop_wait(struct loop *l, uint64_t timeout_ns);
/** loop_longest_turn() - nanoseconds from the end of one wait to the next, the most since this was asked before */
uint64_t loop_longest_turn(struct loop *l);
/** loop_now() - nanoseconds of the clock that never goes back */
uint64_t loop_now(void);

#endif
