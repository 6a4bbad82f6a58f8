/* SPDX-License-Identifier: BSD-2-Clause */
/* Hierarchical timing wheel: arm, cancel and fire are O(1), with any number armed.
 *
 * A timer fires at the first timer_wheel_advance() whose time is not before its expiry: never early, in order of
 * expiry, and among equal expiries in order of arming.  Resolution is exact: the wheel sorts by ticks, but a timer
 * whose tick has come and whose nanosecond has not stays.
 */
#ifndef NETHOOD_BASE_TIMER_H
#define NETHOOD_BASE_TIMER_H

#include <time.h> /* POSIX has a timer_delete(), too: it is declared before ours takes the name */

#include "base/list.h"
#include "base/types.h"

struct timer;
typedef void (*timer_fn)(struct timer *t);

/** struct timer - embedded in its owner; container_of() in the callback finds it */
struct timer {
	struct list_head node; /**< points to itself when idle */
	ktime_t expires;
	timer_fn fn;
};

struct timer_wheel;

/** timer_setup() - @linux timer_setup */
void timer_setup(struct timer *t, timer_fn fn);
static inline bool timer_pending(const struct timer *t)
{
	return t->node.next != &t->node;
}

struct mem;
int timer_wheel_create(struct mem *mem, ktime_t now, struct timer_wheel **out);
/** timer_wheel_destroy() - asserts that no timer is armed */
void timer_wheel_destroy(struct timer_wheel *w);

/** mod_timer() - arm, or move; @return true if it was pending.  @linux mod_timer */
bool mod_timer(struct timer_wheel *w, struct timer *t, ktime_t expires);
void __del_timer(struct timer_wheel *w, struct timer *t); /* one that is pending */
/** timer_delete() - @return true if it was pending.  @linux timer_delete */
static inline bool del_timer(struct timer_wheel *w, struct timer *t)
{
	bool pending = timer_pending(t);

	if (pending)
		__del_timer(w, t);
	return pending;
}
#define timer_delete(wheel, timer) del_timer(wheel, timer)
/**
 * timer_wheel_advance() - fire what is due at @now, @budget timers at the most; callbacks may arm and cancel any, also their own
 * As many are moved to where the wheel turns faster, at the most: so any number may be armed for one moment.
 * One that is armed anew for now fires anew: whoever does so without end uses up the budget, and the net still answers.
 * Return: timers fired; what is left is due still, timer_wheel_next() and timer_wheel_is_due() say
 */
u32 timer_wheel_advance(struct timer_wheel *w, ktime_t now, u32 budget);
/**
 * timer_wheel_next() - when to advance next, KTIME_MAX when nothing is armed
 *
 * Never later than the earliest timer, and exact while few others expire near it; else perhaps earlier: then the wheel
 * has a step of its own to make.
 */
ktime_t timer_wheel_next(const struct timer_wheel *w);
/** timer_wheel_is_due() - is there one to fire at @now, to which the wheel has advanced? */
bool timer_wheel_is_due(const struct timer_wheel *w, ktime_t now);
u32 timer_wheel_armed_count(const struct timer_wheel *w);

#endif
