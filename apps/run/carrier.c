// SPDX-License-Identifier: BSD-2-Clause
/* Carriers: sockets of the net that look like descriptors to a program.
 *
 * The supervisor never keeps a duplicate of the program's end: it is the program's last close(2) that closes own end's peer,
 * and so tells that the socket is to be closed.  The end is known by its cookie, which the kernel never gives twice
 * and which dup, fork and SCM_RIGHTS do not change.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "notify.h"
#include "supervisor_internal.h"

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

struct packet *packet_copy(const struct packet *p)
{
	struct packet *copy = malloc(sizeof(*copy) + p->control_bytes + p->data_bytes);

	if (!copy)
		return NULL;
	*copy = *p;
	copy->control = (uint8_t *)(copy + 1);
	copy->data = copy->control + p->control_bytes;
	if (p->control_bytes)
		memcpy(copy->control, p->control, p->control_bytes);
	if (p->data_bytes)
		memcpy(copy->data, p->data, p->data_bytes);
	return copy;
}

/* ---- by cookie */

static struct carrier **bucket_of(struct supervisor *sv, uint64_t cookie)
{
	return &sv->bucket[cookie & sv->bucket_mask]; /* the kernel counts them up */
}

static void table_grow(struct supervisor *sv)
{
	size_t mask = sv->bucket_mask * 2 + 1;
	struct carrier **bucket = calloc(mask + 1, sizeof(struct carrier *));
	struct carrier *cr;

	if (!bucket)
		return; /* longer chains, no harm */
	free(sv->bucket);
	sv->bucket = bucket;
	sv->bucket_mask = mask;
	TAILQ_FOREACH(cr, &sv->carriers, link) {
		struct carrier **head = bucket_of(sv, cr->cookie);

		cr->hash_next = *head;
		*head = cr;
	}
}

static void table_add(struct supervisor *sv, struct carrier *cr)
{
	struct carrier **head;

	if (sv->carrier_count > sv->bucket_mask)
		table_grow(sv);
	head = bucket_of(sv, cr->cookie);
	cr->hash_next = *head;
	*head = cr;
	TAILQ_INSERT_TAIL(&sv->carriers, cr, link);
	sv->carrier_count++;
}

static void table_del(struct supervisor *sv, struct carrier *cr)
{
	struct carrier **p = bucket_of(sv, cr->cookie);

	while (*p != cr)
		p = &(*p)->hash_next;
	*p = cr->hash_next;
	TAILQ_REMOVE(&sv->carriers, cr, link);
	sv->carrier_count--;
}

static int cookie_of(int fd, uint64_t *cookie)
{
	socklen_t len = sizeof(*cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &len) < 0 ? -errno : 0;
}

struct carrier *carrier_of_cookie(struct supervisor *sv, uint64_t cookie)
{
	struct carrier *cr = *bucket_of(sv, cookie);

	while (cr && cr->cookie != cookie)
		cr = cr->hash_next;
	return cr;
}

int carrier_find(struct supervisor *sv, int fd, struct carrier **out)
{
	uint64_t cookie;
	int err = cookie_of(fd, &cookie);

	*out = err ? NULL : carrier_of_cookie(sv, cookie);
	return err;
}

/* ---- life */

void carrier_mark(struct carrier *cr)
{
	if (cr->dirty || cr->dead)
		return;
	cr->dirty = true;
	TAILQ_INSERT_TAIL(&cr->sv->dirty, cr, dirty_link);
}

static void carrier_ready(void *ctx, struct nethood_sock *sk, uint32_t events)
{
	struct carrier *cr = ctx;

	(void)sk;
	if (events & EPOLLERR)
		cr->error_news = true;
	carrier_mark(cr);
}

static void carrier_event(struct watch *w, uint32_t events)
{
	struct carrier *cr = container_of(w, struct carrier, watch);

	cr->ops->event(cr, events);
}

static void carrier_free(struct corpse *corpse)
{
	free(container_of(corpse, struct carrier, corpse));
}

void carrier_unwatch(struct carrier *cr)
{
	int fd = cr->watch.fd;

	if (fd < 0)
		return;
	loop_del(&cr->sv->loop, &cr->watch);
	close(fd);
}

void carrier_destroy(struct carrier *cr)
{
	struct supervisor *sv = cr->sv;
	struct wait *w;

	cr->dead = true;
	if (cr->dirty)
		TAILQ_REMOVE(&sv->dirty, cr, dirty_link);
	while ((w = TAILQ_FIRST(&cr->waits)))
		wait_end(sv, w);
	cr->ops->exit(cr);
	if (cr->sk) {
		nethood_on_ready(cr->sk, NULL, NULL);
		nethood_close(cr->sk);
	}
	table_del(sv, cr);
	lastclose_forget(cr);
	carrier_unwatch(cr);
	loop_bury(&sv->loop, &cr->corpse, carrier_free);
}

static int nonblock(int fd)
{
	return fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

int carrier_watch(struct carrier *cr, int own_end)
{
	return loop_add(&cr->sv->loop, &cr->watch, own_end, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, carrier_event);
}

int carrier_rekey(struct carrier *cr, int program_end)
{
	uint64_t cookie;
	int err = cookie_of(program_end, &cookie);

	if (err)
		return err;
	table_del(cr->sv, cr);
	cr->cookie = cookie;
	table_add(cr->sv, cr);
	return 0;
}

int carrier_create(struct supervisor *sv, struct nethood_sock *sk, const struct carrier_ops *ops, int own_end,
		   int program_end, struct carrier **out)
{
	struct carrier *cr = sv->carrier_count < CARRIERS_MAX ? calloc(1, ops->bytes) : NULL;
	int err;

	if (!cr)
		return sv->carrier_count < CARRIERS_MAX ? -ENOMEM : -ENFILE;
	cr->sv = sv;
	cr->ops = ops;
	cr->sk = sk;
	cr->watch.fd = -1;
	TAILQ_INIT(&cr->waits);
	err = cookie_of(program_end, &cr->cookie);
	if (!err && own_end >= 0)
		err = nonblock(own_end);
	if (!err && own_end >= 0)
		err = carrier_watch(cr, own_end);
	if (err) {
		free(cr);
		return err;
	}
	table_add(sv, cr);
	nethood_on_ready(sk, carrier_ready, cr);
	*out = cr;
	return 0;
}

/* ---- the program's end */

static bool is_of(const struct carrier *cr, int fd)
{
	uint64_t cookie;

	return cookie_of(fd, &cookie) == 0 && cookie == cr->cookie;
}

void carrier_seen(struct call *c, struct carrier *cr, int fd)
{
	cr->seen_tid = call_tid(c);
	cr->seen_fd = fd;
	task_saw(c->task, fd, cr->cookie);
}

int carrier_program_end(struct carrier *cr)
{
	int fd = task_getfd(tasks_find(&cr->sv->tasks, cr->seen_tid), cr->seen_fd);

	if (fd < 0)
		return -1;
	if (is_of(cr, fd))
		return fd;
	close(fd);
	return -1;
}

/* Not by SECCOMP_ADDFD_FLAG_SEND, which does both in one step: if this process is stopped in the middle of that (by the
 * terminal, a debugger, the machine going to sleep), the program gets 0 for an answer, and no descriptor. */
long call_install_fd(const struct call *c, int fd, int flags)
{
	int number;
	struct seccomp_notif_addfd add = {
		.id = c->rq->id,
		.srcfd = (uint32_t)fd,
		.newfd_flags = flags & SOCK_CLOEXEC ? O_CLOEXEC : 0,
	};

	if (flags & SOCK_NONBLOCK) {
		int err = nonblock(fd);

		if (err)
			return err;
	}
	number = notify_add_fd(c->listener->watch.fd, &add);
	/* The program was awake to take it.  The kernel loses an answer that is given just when a signal ends the call on
	 * another CPU; to ask whether it still waits lets it go to sleep, or go, first. */
	if (number >= 0)
		(void)call_valid(c->listener, c->rq->id);
	return number;
}

static bool closes_on_exec(const struct call *c)
{
	char path[64], line[128];
	unsigned flags = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)call_tid(c), (int)call_arg(c, 0));
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "flags: %o", &flags) == 1)
			break;
	}
	if (f)
		fclose(f);
	return flags & O_CLOEXEC;
}

int call_replace_fd(const struct call *c, int fd)
{
	const struct seccomp_notif_addfd add = {
		.id = c->rq->id,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (uint32_t)fd,
		.newfd = (uint32_t)call_arg(c, 0),
		.newfd_flags = closes_on_exec(c) ? O_CLOEXEC : 0,
	};

	return notify_add_fd(c->listener->watch.fd, &add);
}

long carrier_install(struct call *c, struct carrier *cr, int program_end, int flags)
{
	long fd = call_install_fd(c, program_end, flags);

	close(program_end);
	if (fd < 0)
		return fd;
	carrier_seen(c, cr, (int)fd);
	call_installed(c, fd);
	return CALL_ANSWERED;
}

long carrier_open(struct call *c, struct nethood_sock *sk, int domain, int type, int flags)
{
	struct carrier *cr = NULL;
	int fd = -1;
	long err = (type == SOCK_STREAM ? stream_open : dgram_open)(c->sv, sk, &fd, &cr);

	if (err) {
		nethood_close(sk);
		return err == -EMFILE ? -ENFILE : err;
	}
	assert(cr);
	cr->domain = domain;
	err = carrier_install(c, cr, fd, flags);
	if (err == CALL_ANSWERED)
		return err;
	carrier_destroy(cr);
	return err == -ENOENT ? CALL_GONE : err;
}
