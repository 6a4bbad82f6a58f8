// SPDX-License-Identifier: BSD-2-Clause
/* One net, the programs on it, and the loop that serves both.
 *
 * Reading order: supervisor_step(), listener_event(); then call.c, carrier.c, dgram.c.
 * A step does what is due (timers and frames of the net, sockets that became ready), then waits, looks at what the programs
 * wrote, read and closed, and answers their calls last: see run_calls().
 */
#include "supervisor_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "notify.h"

#define FIRST_BUCKETS 64U
#define CALLS_AT_ONCE 16U
#define CALLS_NS UINT64_C(250000) /* then timers, frames and other programs have their turn */

/* ---- listeners */

static void listener_free(struct corpse *corpse)
{
	free(container_of(corpse, struct listener, corpse));
}

static void listener_destroy(struct listener *ls)
{
	struct supervisor *sv = ls->sv;
	int fd = ls->watch.fd;

	waits_end_of(sv, ls);
	loop_del(&sv->loop, &ls->watch);
	close(fd);
	LIST_REMOVE(ls, link);
	sv->listener_count--;
	if (sv->listener_count)
		tasks_bury(&sv->tasks);
	else
		tasks_exit(&sv->tasks); /* nobody is left, although some may still be ending */
	loop_bury(&sv->loop, &ls->corpse, listener_free);
}

static bool has_call(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && p.revents & POLLIN;
}

static bool hurries(const struct seccomp_notif *rq)
{
	const struct call_kind *kind = call_kind(rq->data.nr);

	return kind && kind->hurries;
}

/* Return: false: there is none */
static bool next_call(struct listener *ls, struct seccomp_notif *rq)
{
	if (!ls->holds)
		return notify_receive(ls->watch.fd, rq) == 0;
	*rq = ls->held;
	ls->holds = false;
	return true;
}

static void hold(struct listener *ls, const struct seccomp_notif *rq)
{
	ls->held = *rq;
	ls->holds = true;
	ls->ripe = false;
}

/* A program that was answered often runs at once, on this processor, and has made its next call by now.  Calls about messages go
 * before all else: what the program wrote between them leaves together.  Another one must find closed what the program closed
 * before it: it is held until all that is ready by now has been looked at. */
static void run_calls(struct listener *ls)
{
	const uint64_t began_ns = loop_now();
	struct seccomp_notif rq;
	unsigned count = 0;

	do {
		uint64_t now = count ? loop_now() : began_ns;

		if (now - began_ns > CALLS_NS)
			return;
		if (count)
			nethood_set_time(ls->sv->net, now);
		if (!next_call(ls, &rq))
			return;
		spin_yield(&ls->sv->loop.spin);
		if (count && !hurries(&rq)) {
			hold(ls, &rq);
			return;
		}
		call_run(ls, &rq);
	} while (hurries(&rq) && ++count < CALLS_AT_ONCE && has_call(ls->watch.fd));
}

/* Before a wait.  Return: is there any? */
static bool ripen_held_calls(struct supervisor *sv)
{
	struct listener *ls;
	bool any = false;

	LIST_FOREACH(ls, &sv->listeners, link) {
		ls->ripe = ls->holds;
		any |= ls->holds;
	}
	return any;
}

/* After it: of listeners that told nothing. */
static void run_held_calls(struct supervisor *sv)
{
	struct listener *ls;

	LIST_FOREACH(ls, &sv->listeners, link) {
		if (ls->holds && ls->ripe)
			run_calls(ls);
	}
}

static void listener_event(struct watch *w, uint32_t events)
{
	struct listener *ls = container_of(w, struct listener, watch);

	if (events & EPOLLIN) {
		run_calls(ls);
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		void (*gone)(void *ctx) = ls->gone;
		void *ctx = ls->ctx;

		listener_destroy(ls);
		if (gone)
			gone(ctx);
	}
}

int supervisor_add_listener(struct supervisor *sv, int fd, bool sysctl_mounted, void (*gone)(void *ctx), void *ctx)
{
	struct listener *ls = calloc(1, sizeof(*ls));
	int err = ls ? notify_check(fd) : -ENOMEM;

	if (!err)
		err = loop_add(&sv->loop, &ls->watch, fd, EPOLLIN, listener_event);
	if (err) {
		close(fd);
		free(ls);
		return err;
	}
	ls->watch.last = true;
	ls->sv = sv;
	ls->gone = gone;
	ls->ctx = ctx;
	ls->sysctl_mounted = sysctl_mounted;
	LIST_INSERT_HEAD(&sv->listeners, ls, link);
	sv->listener_count++;
	tasks_bury(&sv->tasks); /* of programs that were still ending when their listeners were gone */
	return 0;
}

unsigned supervisor_programs(const struct supervisor *sv)
{
	return sv->listener_count;
}

/* ---- sysctls */

static void sysctl_mount_free(struct sysctl_mount *sm)
{
	sysctlfs_destroy(sm->fs);
	free(sm);
}

static void sysctl_mount_end(void *ctx)
{
	struct sysctl_mount *sm = ctx;

	LIST_REMOVE(sm, link);
	sysctl_mount_free(sm);
}

int supervisor_add_sysctlfs(struct supervisor *sv, int fd)
{
	struct sysctl_mount *sm = calloc(1, sizeof(*sm));
	int err;

	if (!sm) {
		close(fd);
		return -ENOMEM;
	}
	err = sysctlfs_create(&sv->loop, sv->net, fd, sv->owner, sysctl_mount_end, sm, &sm->fs);
	if (err) {
		free(sm);
		return err;
	}
	LIST_INSERT_HEAD(&sv->sysctls, sm, link);
	return 0;
}

/* ---- devices */

/* Since the loop woke, calls were answered that sent something: what comes back now has not come in no time. */
static void dev_event(struct watch *w, uint32_t events)
{
	struct dev_watch *dw = container_of(w, struct dev_watch, watch);

	(void)events;
	nethood_set_time(dw->sv->net, loop_now());
	nethood_dev_fd_ready(dw->dev);
}

/* A device that is down, or whose other side is gone, has no descriptor. */
static void dev_sync(struct supervisor *sv, struct dev_watch *dw)
{
	bool want_write = false;
	int fd = nethood_dev_fd(dw->dev, &want_write);
	uint32_t events = want_write ? EPOLLIN | EPOLLOUT : EPOLLIN;

	if (dw->watch.fd >= 0 && dw->watch.fd != fd)
		loop_del(&sv->loop, &dw->watch);
	if (fd >= 0 && dw->watch.fd < 0)
		loop_add(&sv->loop, &dw->watch, fd, events, dev_event);
	else if (fd >= 0)
		loop_change(&sv->loop, &dw->watch, events);
}

int supervisor_add_dev(struct supervisor *sv, struct nethood_dev *dev)
{
	struct dev_watch *dw = calloc(1, sizeof(*dw));

	if (!dw)
		return -ENOMEM;
	dw->sv = sv;
	dw->dev = dev;
	dw->watch.fd = -1;
	LIST_INSERT_HEAD(&sv->devs, dw, link);
	return 0;
}

/* ---- the loop */

static void flush_carrier(struct carrier *cr)
{
	if (!TAILQ_EMPTY(&cr->waits)) {
		waits_retry(cr, false);
		waits_retry(cr, true);
	}
	cr->ops->flush(cr);
}

/* Each carrier that is dirty now, once: what one causes at another is for the next round. */
static void flush(struct supervisor *sv)
{
	struct carrier *last = TAILQ_LAST(&sv->dirty, carrier_list), *cr;

	while (last && (cr = TAILQ_FIRST(&sv->dirty))) {
		bool end = cr == last;

		TAILQ_REMOVE(&sv->dirty, cr, dirty_link);
		cr->dirty = false;
		flush_carrier(cr);
		if (end)
			break;
	}
}

static uint64_t wait_ns(const struct supervisor *sv, bool more, uint64_t now, uint64_t until_ns)
{
	uint64_t next = nethood_next_deadline(sv->net);

	if (more || !TAILQ_EMPTY(&sv->dirty))
		return 0;
	if (sv->next_wait_ns < next)
		next = sv->next_wait_ns;
	if (until_ns < next)
		next = until_ns;
	if (next == UINT64_MAX)
		return UINT64_MAX;
	return next > now ? next - now : 0;
}

int supervisor_step(struct supervisor *sv, uint64_t until_ns)
{
	uint64_t now = loop_now();
	bool more = nethood_poll(sv->net, now);
	struct dev_watch *dw;
	uint64_t timeout_ns;
	bool held;
	int err;

	waits_expire(sv, now);
	flush(sv);
	LIST_FOREACH(dw, &sv->devs, link)
		dev_sync(sv, dw);
	held = ripen_held_calls(sv);
	timeout_ns = wait_ns(sv, more || held, now, until_ns);
	if (sv->idle && timeout_ns)
		sv->idle(sv->idle_ctx);
	err = loop_wait(&sv->loop, timeout_ns);
	if (held)
		run_held_calls(sv);
	return err;
}

static void woke(void *ctx)
{
	struct supervisor *sv = ctx;

	nethood_set_time(sv->net, loop_now());
}

void supervisor_on_idle(struct supervisor *sv, void (*fn)(void *ctx), void *ctx)
{
	sv->idle = fn;
	sv->idle_ctx = ctx;
}

void supervisor_bypass(struct supervisor *sv, const struct bypass *b)
{
	sv->bypass = b;
}

struct loop *supervisor_loop(struct supervisor *sv)
{
	return &sv->loop;
}

struct nethood_net *supervisor_net(struct supervisor *sv)
{
	return sv->net;
}

/* ---- life */

int supervisor_create(struct nethood_net *net, uid_t owner, struct supervisor **out)
{
	struct supervisor *sv = calloc(1, sizeof(*sv));
	int err;

	if (!sv)
		return -ENOMEM;
	sv->net = net;
	sv->owner = owner;
	sv->next_wait_ns = UINT64_MAX;
	sv->bucket_mask = FIRST_BUCKETS - 1;
	sv->bucket = calloc(FIRST_BUCKETS, sizeof(struct carrier *));
	TAILQ_INIT(&sv->carriers);
	TAILQ_INIT(&sv->dirty);
	TAILQ_INIT(&sv->waits);
	tasks_init(&sv->tasks);
	err = sv->bucket ? loop_init(&sv->loop) : -ENOMEM;
	if (!err)
		err = nethood_socket(net, AF_INET, SOCK_DGRAM, 0, &sv->any);
	if (err) {
		if (sv->bucket)
			loop_exit(&sv->loop);
		free(sv->bucket);
		free(sv);
		return err;
	}
	sv->stream_fd = -1;
	lastclose_init(sv); /* without it, some sockets are kept longer */
	sv->loop.woke = woke;
	sv->loop.ctx = sv;
	*out = sv;
	return 0;
}

void supervisor_destroy(struct supervisor *sv)
{
	struct listener *ls;
	struct carrier *cr;
	struct dev_watch *dw;
	struct sysctl_mount *sm;

	if (!sv)
		return;
	while ((ls = LIST_FIRST(&sv->listeners)))
		listener_destroy(ls);
	while ((cr = TAILQ_FIRST(&sv->carriers)))
		carrier_destroy(cr);
	while ((sm = LIST_FIRST(&sv->sysctls))) {
		LIST_REMOVE(sm, link);
		sysctl_mount_free(sm);
	}
	while ((dw = LIST_FIRST(&sv->devs))) {
		LIST_REMOVE(dw, link);
		loop_del(&sv->loop, &dw->watch);
		free(dw);
	}
	nethood_close(sv->any);
	lastclose_exit(sv);
	if (sv->stream_fd >= 0)
		close(sv->stream_fd);
	loop_exit(&sv->loop);
	tasks_exit(&sv->tasks);
	free(sv->bucket);
	free(sv);
}
