// SPDX-License-Identifier: BSD-2-Clause
/* One trapped call: from its notification to its answer.
 *
 * Reading order: call_run(), call_finish(); then waits.
 * A signal may come at any time; the program then runs its handler and often makes the same call again.  The answer to a
 * notification that is gone says ENOENT, and then the call must look as if it had not been made: what was received
 * is put back (call->undo); what cannot be undone is remembered, and its result given when the call comes again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "notify.h"
#include "supervisor_internal.h"

#define DONE_NS UINT64_C(1000000000) /* how long a call that was answered in vain is remembered */

bool call_answer(const struct listener *ls, uint64_t id, long result)
{
	struct seccomp_notif_resp resp = { .id = id };

	if (result == CALL_CONTINUE)
		resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (result < 0)
		resp.error = (int32_t)result;
	else
		resp.val = result;
	return notify_send(ls->watch.fd, &resp) == 0;
}

bool call_valid(const struct listener *ls, uint64_t id)
{
	return notify_valid(ls->watch.fd, id);
}

bool call_may_wait(const struct call *c, int flags)
{
	int fl = fcntl(c->fd, F_GETFL);

	return !c->no_wait && !(flags & MSG_DONTWAIT) && fl >= 0 && !(fl & O_NONBLOCK);
}

/* ---- a call that comes again */

static void remember(const struct call *c, long result)
{
	struct task *t = c->task;

	t->done.valid = true;
	t->done.nr = c->rq->data.nr;
	memcpy(t->done.args, c->rq->data.args, sizeof(t->done.args));
	t->done.result = result;
	t->done.until_ns = loop_now() + DONE_NS;
}

void call_installed(const struct call *c, long fd)
{
	if (!call_answer(c->listener, c->rq->id, fd))
		remember(c, fd); /* it is there, and waits for the call to come again */
}

/* Return: true if this very call was carried out before, and now has its answer */
static bool answered_before(const struct call *c)
{
	struct task *t = c->task;

	if (!t->done.valid)
		return false;
	if (t->done.nr != c->rq->data.nr || memcmp(t->done.args, c->rq->data.args, sizeof(t->done.args)) != 0 ||
	    loop_now() > t->done.until_ns) {
		t->done.valid = false;
		return false;
	}
	if (call_answer(c->listener, c->rq->id, t->done.result))
		t->done.valid = false;
	return true;
}

/* ---- from notification to answer */

/* Return: 0, or what to answer at once */
static long find_carrier(struct call *c)
{
	int err;

	c->fd = task_getfd(c->task, (int)call_arg(c, 0));
	if (c->fd == -EBADF)
		return CALL_CONTINUE; /* which says so */
	if (c->fd < 0)
		return c->fd == -EMFILE ? -ENFILE : c->fd;
	err = carrier_find(c->sv, c->fd, &c->carrier);
	if (c->carrier)
		carrier_seen(c, c->carrier, (int)call_arg(c, 0));
	return err ? CALL_CONTINUE : 0;
}

/* Most messages of a connection are only to be let through.  For them it is enough which socket the descriptor was when it was looked
 * at: if it has become another one by dup2(2) or over a unix socket, the kernel does for that what read(2) and write(2) do. */
static bool is_let_through(const struct call *c)
{
	struct carrier *cr;
	bool to_send = c->rq->data.nr == SYS_sendto;

	if ((!to_send && c->rq->data.nr != SYS_recvfrom) || call_arg(c, 4)) /* an address */
		return false;
	cr = carrier_of_cookie(c->sv, task_cookie(c->task, (int)call_arg(c, 0)));
	return cr && cr->ops->lets_through && cr->ops->lets_through(cr, (int)call_arg(c, 3), to_send);
}

static long call_handle(struct call *c)
{
	const struct call_kind *kind = call_kind(c->rq->data.nr);
	long ret = 0;

	if (!kind || is_let_through(c))
		return CALL_CONTINUE;
	if (kind->needs != NO_SOCKET)
		ret = find_carrier(c);
	if (ret)
		return ret;
	if (kind->needs == OUR_SOCKET && !c->carrier)
		return call_foreign(c);
	return kind->fn(c);
}

static void call_finish(struct call *c, long result)
{
	if (result == CALL_ANSWERED || result == CALL_WAIT)
		return;
	if (call_answer(c->listener, c->rq->id, result) || result == CALL_CONTINUE)
		return;
	if (c->undo)
		c->undo(c);
	else if (result != -EAGAIN)
		remember(c, result);
}

bool call_run(struct listener *ls, const struct seccomp_notif *rq)
{
	struct call c = { .sv = ls->sv, .listener = ls, .rq = rq, .fd = -1 };
	long result;

	c.task = tasks_find(&ls->sv->tasks, (pid_t)rq->pid);
	if (answered_before(&c))
		return true;
	result = call_handle(&c);
	call_finish(&c, result);
	if (result == CALL_WAIT)
		wait_add(&c);
	if (c.fd >= 0)
		close(c.fd);
	return result != CALL_WAIT;
}

/* ---- calls that wait */

/* SO_RCVTIMEO or SO_SNDTIMEO of the socket, as a point of time. */
static uint64_t deadline(const struct call *c)
{
	struct timeval tv = { 0, 0 };
	socklen_t len = sizeof(tv);
	int name = c->wait_to_send ? SO_SNDTIMEO : SO_RCVTIMEO;

	if (nethood_getsockopt(c->carrier->sk, SOL_SOCKET, name, &tv, &len) || (!tv.tv_sec && !tv.tv_usec))
		return UINT64_MAX;
	return loop_now() + (uint64_t)tv.tv_sec * UINT64_C(1000000000) + (uint64_t)tv.tv_usec * UINT64_C(1000);
}

/* A thread makes one call at a time: what it waited for before was interrupted. */
static struct wait *wait_of(const struct call *c)
{
	struct wait *w, *next;

	TAILQ_FOREACH_SAFE(w, &c->carrier->waits, of_carrier, next) {
		if (w->rq.id == c->rq->id && w->listener == c->listener)
			return w;
		if (w->rq.pid == c->rq->pid)
			wait_end(c->sv, w);
	}
	return NULL;
}

void wait_add(struct call *c)
{
	struct supervisor *sv = c->sv;
	struct wait *w = wait_of(c);

	if (w)
		return; /* it was tried again, and goes on waiting */
	w = sv->wait_count < WAITS_MAX ? calloc(1, sizeof(*w)) : NULL;
	if (!w) {
		call_answer(c->listener, c->rq->id, -ENOBUFS);
		return;
	}
	w->carrier = c->carrier;
	w->listener = c->listener;
	w->to_send = c->wait_to_send;
	w->timeout_error = c->timeout_error ? c->timeout_error : -EAGAIN;
	w->rq = *c->rq;
	w->deadline_ns = deadline(c);
	TAILQ_INSERT_TAIL(&c->carrier->waits, w, of_carrier);
	TAILQ_INSERT_TAIL(&sv->waits, w, of_supervisor);
	sv->wait_count++;
	if (w->deadline_ns < sv->next_wait_ns)
		sv->next_wait_ns = w->deadline_ns;
}

void wait_end(struct supervisor *sv, struct wait *w)
{
	TAILQ_REMOVE(&w->carrier->waits, w, of_carrier);
	TAILQ_REMOVE(&sv->waits, w, of_supervisor);
	sv->wait_count--;
	free(w);
}

void waits_retry(struct carrier *cr, bool to_send)
{
	struct wait *w, *next;

	TAILQ_FOREACH_SAFE(w, &cr->waits, of_carrier, next) {
		if (w->to_send != to_send)
			continue;
		if (call_valid(w->listener, w->rq.id) && !call_run(w->listener, &w->rq))
			return; /* nothing more for anybody */
		wait_end(cr->sv, w);
	}
}

void waits_expire(struct supervisor *sv, uint64_t now_ns)
{
	struct wait *w, *next;

	if (now_ns < sv->next_wait_ns)
		return;
	sv->next_wait_ns = UINT64_MAX;
	TAILQ_FOREACH_SAFE(w, &sv->waits, of_supervisor, next) {
		if (w->deadline_ns <= now_ns) {
			call_answer(w->listener, w->rq.id, w->timeout_error);
			wait_end(sv, w);
		} else if (w->deadline_ns < sv->next_wait_ns) {
			sv->next_wait_ns = w->deadline_ns;
		}
	}
}

void waits_end_of(struct supervisor *sv, const struct listener *ls)
{
	struct wait *w, *next;

	TAILQ_FOREACH_SAFE(w, &sv->waits, of_supervisor, next) {
		if (w->listener == ls)
			wait_end(sv, w);
	}
}
