// SPDX-License-Identifier: BSD-2-Clause
/* listen(2) and accept(2) of TCP sockets.
 *
 * Reading order: stream_listen(), stream_backlog_sync(), stream_accept().
 * The program's end listens on an abstract name that the kernel chose, and is connected to from here, once for each
 * connection that waits: so readiness, herds of processes, EPOLLEXCLUSIVE and the like are the kernel's own.  Such a token and
 * a connection of the net are brought together by accept(2).  Until then the connection stays in the net's own
 * queue, whose limit is the program's.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "stream.h"

#define UNIX_BACKLOG 4096

/* ---- tokens */

static unsigned waiting(const struct stream *st)
{
	struct tcp_info info = { .tcpi_state = 0 };
	socklen_t len = sizeof(info);

	if (!(nethood_readiness(st->cr.sk) & EPOLLIN))
		return 0;
	if (nethood_getsockopt(st->cr.sk, IPPROTO_TCP, TCP_INFO, &info, &len) || !info.tcpi_unacked)
		return 1;
	return info.tcpi_unacked < STREAM_TOKENS ? info.tcpi_unacked : STREAM_TOKENS;
}

static bool token_add(struct stream_backlog *b)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return false;
	if (connect(fd, (const struct sockaddr *)&b->name, b->name_bytes) < 0) {
		close(fd);
		return false;
	}
	b->token[(b->first + b->count++) % STREAM_TOKENS] = fd;
	return true;
}

/* The program's side of the oldest token.  Who else connected to the name is sent away.
 * Return: it, and *own; -1: there is none */
static int token_take(struct stream_backlog *b, int program_end, int *own)
{
	struct pollfd p = { .fd = program_end, .events = POLLIN };

	while (b->count && poll(&p, 1, 0) > 0 && p.revents & POLLIN) {
		int fd = accept4(program_end, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			return -1;
		if (!stream_is_own(fd)) {
			close(fd);
			continue;
		}
		*own = b->token[b->first];
		b->first = (b->first + 1) % STREAM_TOKENS;
		b->count--;
		return fd;
	}
	return -1;
}

/* Not more than there are connections. */
static void tokens_shrink(struct stream *st, int program_end, unsigned want)
{
	struct stream_backlog *b = st->backlog;
	int own = -1;

	while (b->count > want) {
		int fd = token_take(b, program_end, &own);

		if (fd < 0)
			return;
		close(fd);
		close(own);
	}
}

void stream_backlog_sync(struct stream *st)
{
	struct stream_backlog *b = st->backlog;
	unsigned want = b->has_child ? 1 : waiting(st);

	while (b->count < want && token_add(b))
		;
}

void stream_backlog_free(struct stream *st)
{
	struct stream_backlog *b = st->backlog;

	if (!b)
		return;
	for (unsigned i = 0; i < b->count; i++)
		close(b->token[(b->first + i) % STREAM_TOKENS]);
	if (b->has_child)
		nethood_close(b->child.sk);
	free(b);
	st->backlog = NULL;
}

/* ---- listen */

long stream_listen(struct call *c, int backlog)
{
	struct stream *st = stream_of(c->carrier);
	int err = nethood_listen(st->cr.sk, backlog);

	if (err || st->state == STREAM_LISTENING)
		return err;
	st->backlog = calloc(1, sizeof(*st->backlog));
	err = !st->backlog ? -ENOMEM
			   : stream_listen_any(c->fd, UNIX_BACKLOG, &st->backlog->name, &st->backlog->name_bytes);
	if (err) {
		nethood_shutdown(st->cr.sk, SHUT_RD);
		stream_backlog_free(st);
		return err == -ENOMEM ? -ENOBUFS : err;
	}
	st->state = STREAM_LISTENING;
	carrier_mark(&st->cr);
	return 0;
}

/* ---- accept */

/* Return: 0, -EAGAIN, -errno */
static int take_child(struct stream *st, struct stream_child *child)
{
	struct stream_backlog *b = st->backlog;
	int err;

	if (b && b->has_child) {
		*child = b->child;
		b->has_child = false;
		return 0;
	}
	*child = (struct stream_child){ .name = { .ss_family = AF_INET }, .name_bytes = sizeof(child->name) };
	err = nethood_accept(st->cr.sk, &child->sk, NULL, NULL);
	/* One that was reset meanwhile has no peer any more, and is accepted all the same: its program finds the error. */
	if (!err && nethood_getpeername(child->sk, (struct sockaddr *)&child->name, &child->name_bytes))
		child->name_bytes = sizeof(struct sockaddr_in);
	return err;
}

/* A signal came between: the next accept(2) gets it. */
static long give_back(struct stream *st, const struct stream_child *child)
{
	st->backlog->child = *child;
	st->backlog->has_child = true;
	carrier_mark(&st->cr);
	return CALL_GONE;
}

/* Return: the program's end, and *own; -errno */
static int make_pair(struct stream *st, int program_end, int *own)
{
	int fd = token_take(st->backlog, program_end, own), pair[2];

	if (fd >= 0)
		return fd;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	*own = pair[0];
	return pair[1];
}

/* Return: CALL_ANSWERED; -ENOENT: nobody waits for it; -errno */
static long install(struct call *c, struct stream *ls, struct stream_child *child, int flags)
{
	struct carrier *cr = NULL;
	int own = -1, fd = make_pair(ls, c->fd, &own);
	long err;

	if (fd < 0)
		return fd == -EMFILE ? -ENFILE : fd;
	stream_widen(own);
	if (ls->tuned)
		stream_copy_tuning(c->fd, fd);
	err = carrier_create(ls->cr.sv, child->sk, &stream_ops, own, fd, &cr);
	if (err) {
		close(own);
		close(fd);
		return err;
	}
	lastclose_watch(cr, fd);
	cr->domain = ls->cr.domain;
	stream_of(cr)->state = STREAM_OPEN;
	stream_of(cr)->tuned = ls->tuned;
	stream_of(cr)->tx_room_bytes = ls->tx_room_bytes;
	stream_fit(stream_of(cr), fd);
	err = carrier_install(c, cr, fd, flags);
	if (err == CALL_ANSWERED) {
		carrier_mark(cr); /* what has come already */
		return err;
	}
	nethood_on_ready(child->sk, NULL, NULL);
	cr->sk = NULL;
	carrier_destroy(cr);
	return err;
}

static long accept_child(struct call *c, struct stream *st, struct stream_child *child, int flags)
{
	long ret = call_write_peer(c, &child->name, child->name_bytes);

	if (ret == 0)
		ret = install(c, st, child, flags);
	if (ret == -ESRCH || ret == -ENOENT)
		return give_back(st, child);
	if (ret != CALL_ANSWERED)
		nethood_close(child->sk);
	return ret;
}

long stream_accept(struct call *c, int flags)
{
	struct stream *st = stream_of(c->carrier);
	struct stream_child child;
	int err = take_child(st, &child);
	long ret;

	if (err == -EAGAIN) {
		tokens_shrink(st, c->fd, 0);
		return call_may_wait(c, 0) ? CALL_WAIT : -EAGAIN;
	}
	if (err)
		return err;
	ret = accept_child(c, st, &child, flags);
	tokens_shrink(st, c->fd, waiting(st));
	stream_backlog_sync(st);
	return ret;
}
