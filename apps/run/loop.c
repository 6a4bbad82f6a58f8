// SPDX-License-Identifier: BSD-2-Clause
/* The event loop of nethood's programs: epoll, with timeouts of nanoseconds.
 *
 * An event names its watch, and the watch may have gone by the time its event's turn comes: a watch that is
 * not watched any more is passed over, and its memory stays until all events at hand were told.
 */
#include "loop.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 64
#define NSEC_PER_SEC UINT64_C(1000000000)

int loop_init(struct loop *l)
{
	const char *turns = getenv("NETHOOD_TURNS");

	*l = (struct loop){ .corpses = NULL };
	spin_init(&l->spin);
	l->turn_clock = turns && !strcmp(turns, "cpu") ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	return l->epfd < 0 ? -errno : 0;
}

static void bury_all(struct loop *l)
{
	while (l->corpses) {
		struct corpse *c = l->corpses;

		l->corpses = c->next;
		c->bury(c);
	}
}

void loop_exit(struct loop *l)
{
	bury_all(l);
	if (l->epfd >= 0)
		close(l->epfd);
	l->epfd = -1;
}

int loop_add(struct loop *l, struct watch *w, int fd, uint32_t events, void (*fn)(struct watch *w, uint32_t events))
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	w->fn = fn;
	w->events = events;
	w->fd = -1;
	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return -errno;
	w->fd = fd;
	return 0;
}

int loop_change(struct loop *l, struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	if (w->events == events)
		return 0;
	if (epoll_ctl(l->epfd, EPOLL_CTL_MOD, w->fd, &ev) < 0)
		return -errno;
	w->events = events;
	return 0;
}

void loop_del(struct loop *l, struct watch *w)
{
	if (w->fd >= 0)
		epoll_ctl(l->epfd, EPOLL_CTL_DEL, w->fd, NULL);
	w->fd = -1;
}

void loop_bury(struct loop *l, struct corpse *c, void (*bury)(struct corpse *c))
{
	c->bury = bury;
	c->next = l->corpses;
	l->corpses = c;
}

/* Return: as epoll_pwait2(2); -errno */
static int wait_once(int epfd, struct epoll_event *ev, uint64_t timeout_ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(timeout_ns / NSEC_PER_SEC),
		.tv_nsec = (long)(timeout_ns % NSEC_PER_SEC),
	};
	int n = epoll_pwait2(epfd, ev, EVENTS_AT_ONCE, timeout_ns == UINT64_MAX ? NULL : &ts, NULL);

	if (n < 0 && errno == EINTR)
		return 0;
	return n < 0 ? -errno : n;
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static int look_for(int epfd, struct epoll_event *ev, uint64_t ns)
{
	uint64_t began_ns = loop_now();
	int n;

	do {
		n = wait_once(epfd, ev, 0);
	} while (!n && loop_now() - began_ns < ns);
	return n;
}

/* What is due before a spin would end is waited for asleep. */
static int wait_events(struct loop *l, struct epoll_event *ev, uint64_t timeout_ns)
{
	uint64_t began_ns;
	int n = 0;

	if (!timeout_ns)
		return wait_once(l->epfd, ev, 0);
	if (spin_pays(&l->spin) && timeout_ns > SPIN_NS) {
		n = look_for(l->epfd, ev, SPIN_NS);
		spin_ended(&l->spin, n != 0);
		timeout_ns -= timeout_ns == UINT64_MAX ? 0 : SPIN_NS;
	}
	if (n)
		return n;
	began_ns = loop_now();
	n = wait_once(l->epfd, ev, timeout_ns);
	spin_slept(&l->spin, loop_now() - began_ns);
	return n;
}

static void turn_ends(struct loop *l)
{
	uint64_t took_ns = l->turn_began_ns ? clock_ns(l->turn_clock) - l->turn_began_ns : 0;

	if (took_ns > l->longest_turn_ns)
		l->longest_turn_ns = took_ns;
}

uint64_t loop_longest_turn(struct loop *l)
{
	uint64_t ns = l->longest_turn_ns;

	l->longest_turn_ns = 0;
	return ns;
}

static void tell(const struct epoll_event *ev, int count, bool last)
{
	for (int i = 0; i < count; i++) {
		struct watch *w = ev[i].data.ptr;

		if (w->fd >= 0 && w->last == last)
			w->fn(w, ev[i].events);
	}
}

int loop_wait(struct loop *l, uint64_t timeout_ns)
{
	struct epoll_event ev[EVENTS_AT_ONCE];
	int n;

	turn_ends(l);
	n = wait_events(l, ev, timeout_ns);
	l->turn_began_ns = clock_ns(l->turn_clock);
	if (l->woke)
		l->woke(l->ctx);
	tell(ev, n, false);
	tell(ev, n, true);
	bury_all(l);
	return n < 0 ? n : 0;
}

uint64_t loop_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}
