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

int carrier_find(struct supervisor *sv, int fd, struct carrier **out)
{
	uint64_t cookie;
	int err = cookie_of(fd, &cookie);

	*out = NULL;
	if (err)
		return err;
	for (struct carrier *cr = *bucket_of(sv, cookie); cr; cr = cr->hash_next) {
		if (cr->cookie == cookie) {
			*out = cr;
			break;
		}
	}
	return 0;
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

void carrier_destroy(struct carrier *cr)
{
	struct supervisor *sv = cr->sv;
	struct wait *w;
	int fd = cr->watch.fd;

	cr->dead = true;
	if (cr->dirty)
		TAILQ_REMOVE(&sv->dirty, cr, dirty_link);
	while ((w = TAILQ_FIRST(&cr->waits)))
		wait_end(sv, w);
	cr->ops->exit(cr);
	nethood_on_ready(cr->sk, NULL, NULL);
	nethood_close(cr->sk);
	table_del(sv, cr);
	loop_del(&sv->loop, &cr->watch);
	close(fd);
	loop_bury(&sv->loop, &cr->corpse, carrier_free);
}

static int nonblock(int fd)
{
	return fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

/* A pair whose first end is ours, and what belongs to it.  Return: 0, -errno */
static int carrier_create(struct supervisor *sv, struct nethood_sock *sk, const struct carrier_ops *ops,
			  int *program_end, struct carrier **out)
{
	struct carrier *cr = calloc(1, sizeof(*cr));
	int pair[2], err;

	if (!cr)
		return -ENOMEM;
	if (socketpair(AF_UNIX, ops->type | SOCK_CLOEXEC, 0, pair) < 0) {
		err = -errno;
		free(cr);
		return err;
	}
	cr->sv = sv;
	cr->ops = ops;
	cr->sk = sk;
	TAILQ_INIT(&cr->waits);
	err = nonblock(pair[0]);
	if (!err)
		err = cookie_of(pair[1], &cr->cookie);
	if (!err)
		err = loop_add(&sv->loop, &cr->watch, pair[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
			       carrier_event);
	if (err) {
		close(pair[0]);
		close(pair[1]);
		free(cr);
		return err;
	}
	table_add(sv, cr);
	nethood_on_ready(sk, carrier_ready, cr);
	*program_end = pair[1];
	*out = cr;
	return 0;
}

/* Not by SECCOMP_ADDFD_FLAG_SEND, which does both in one step: if this process is stopped in the middle of that (by the
 * terminal, a debugger, the machine going to sleep), the program gets 0 for an answer, and no descriptor. */
long call_install_fd(const struct call *c, int fd, int flags)
{
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
	return notify_add_fd(c->listener->watch.fd, &add);
}

long carrier_install(struct call *c, struct nethood_sock *sk, int domain, int flags)
{
	struct supervisor *sv = c->sv;
	struct carrier *cr = NULL;
	long err = sv->carrier_count < CARRIERS_MAX ? 0 : -ENFILE;
	int fd = -1;

	if (!err)
		err = carrier_create(sv, sk, &dgram_ops, &fd, &cr);
	if (err) {
		nethood_close(sk);
		return err == -EMFILE ? -ENFILE : err;
	}
	assert(cr);
	cr->domain = domain;
	err = call_install_fd(c, fd, flags);
	close(fd);
	if (err >= 0) {
		call_installed(c, err);
		return CALL_ANSWERED;
	}
	carrier_destroy(cr);
	return err == -ENOENT || err == -EINPROGRESS ? CALL_ANSWERED : err;
}
