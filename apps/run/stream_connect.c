// SPDX-License-Identifier: BSD-2-Clause
/* connect(2) of TCP sockets.
 *
 * Reading order: stream_connect(), stream_attach(), stream_drain_junk(), renew().
 * At connect(2) the program's end is connected to a unix socket that listens here, and is filled with junk: until the
 * connection is there, nothing can be written and poll(2) shows nothing, as in SYN_SENT.  Then the junk is read, which is
 * the edge that pollers wait for; or own end is closed with the junk unread, which is an error and a hang-up.
 * The send buffer is made small for the junk, and large again when the connection is there.
 *
 * A unix socket is connected once only.  When a connection failed and the program was told, its descriptor gets a fresh one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"

#define SMALL_SNDBUF 1 /* the kernel has a minimum of its own */

/* ---- a peer for the program's end */

int stream_listen_any(int fd, int backlog, struct sockaddr_un *name, socklen_t *name_bytes)
{
	const struct sockaddr_un any = { .sun_family = AF_UNIX };

	*name_bytes = sizeof(*name);
	if (bind(fd, (const struct sockaddr *)&any, sizeof(any.sun_family)) < 0 || listen(fd, backlog) < 0 ||
	    getsockname(fd, (struct sockaddr *)name, name_bytes) < 0)
		return -errno;
	return 0;
}

bool stream_is_own(int fd)
{
	struct ucred who = { .pid = 0 };
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 && who.pid == getpid();
}

static int listen_here(struct supervisor *sv)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	err = stream_listen_any(fd, 16, &sv->stream_name, &sv->stream_name_bytes);
	if (err) {
		close(fd);
		return err;
	}
	sv->stream_fd = fd;
	return 0;
}

static int accept_own(const struct supervisor *sv)
{
	for (;;) {
		int fd = accept4(sv->stream_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return -errno;
		if (stream_is_own(fd))
			return fd;
		close(fd);
	}
}

static void set_sndbuf(int fd, int bytes)
{
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static size_t fill(struct supervisor *sv, int fd)
{
	size_t junk = 0;
	ssize_t n;

	memset(sv->data, 0, 4096);
	do {
		n = send(fd, sv->data, 4096, MSG_DONTWAIT | MSG_NOSIGNAL);
		junk += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return junk;
}

int stream_attach(struct call *c, struct stream *st, bool junk)
{
	struct supervisor *sv = c->sv;
	int err = sv->stream_fd < 0 ? listen_here(sv) : 0, own;

	if (err)
		return err;
	if (junk)
		set_sndbuf(c->fd, SMALL_SNDBUF);
	if (connect(c->fd, (const struct sockaddr *)&sv->stream_name, sv->stream_name_bytes) < 0)
		return errno == EMFILE ? -ENFILE : -ENOBUFS;
	own = accept_own(sv);
	if (own < 0)
		return own == -EMFILE ? -ENFILE : own;
	stream_widen(own);
	err = carrier_watch(&st->cr, own);
	if (err) {
		close(own);
		return err;
	}
	if (!junk)
		stream_fit(st, c->fd);
	st->junk_bytes = junk ? fill(sv, c->fd) : 0;
	st->state = junk ? STREAM_CONNECTING : STREAM_OPEN;
	return 0;
}

void stream_drain_junk(struct stream *st)
{
	int fd = carrier_program_end(&st->cr);

	if (fd >= 0) {
		set_sndbuf(fd, st->tx_room_bytes ? st->tx_room_bytes : STREAM_ROOM_BYTES);
		close(fd);
	}
	while (st->junk_bytes) {
		size_t bytes = st->junk_bytes < DATA_BYTES_MAX ? st->junk_bytes : DATA_BYTES_MAX;
		ssize_t n = recv(st->cr.watch.fd, st->cr.sv->data, bytes, MSG_DONTWAIT);

		if (n <= 0)
			break;
		st->junk_bytes -= (size_t)n;
	}
	st->junk_bytes = 0;
}

/* ---- a fresh end for the program */

/* Return: 0; -errno: the program keeps what it has */
static int renew(struct call *c, struct stream *st)
{
	int flags = fcntl(c->fd, F_GETFL), err;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (flags & O_NONBLOCK ? SOCK_NONBLOCK : 0), 0);

	if (fd < 0)
		return -errno;
	if (st->tuned)
		stream_copy_tuning(c->fd, fd);
	err = call_replace_fd(c, fd);
	if (err >= 0)
		err = carrier_rekey(&st->cr, fd);
	if (err) {
		close(fd);
		return err;
	}
	lastclose_forget(&st->cr);
	lastclose_watch(&st->cr, fd);
	carrier_unwatch(&st->cr);
	close(c->fd);
	c->fd = fd;
	st->state = STREAM_IDLE;
	st->cr.error = 0;
	st->rx_shut = st->tx_shut = st->fin = st->poisoned = st->reserve = st->urgent = false;
	st->lent_bytes = 0;
	stream_held_free(&st->tx);
	stream_backlog_free(st); /* it listened, perhaps */
	return 0;
}

/* ---- the call */

long stream_wait(struct call *c, int flags, int otherwise)
{
	if (!call_may_wait(c, flags))
		return otherwise;
	c->wait_to_send = true;
	c->timeout_error = -EINPROGRESS;
	return CALL_WAIT;
}

/* The net's socket has begun to connect.  If it cannot be told, it forgets it. */
static long begin(struct call *c, struct stream *st, int err)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	int failed = st->state == STREAM_IDLE ? 0 : renew(c, st);

	if (!failed)
		failed = stream_attach(c, st, err == -EINPROGRESS);
	if (failed) {
		nethood_connect(st->cr.sk, &nobody, sizeof(nobody));
		return failed;
	}
	return err == -EINPROGRESS ? stream_wait(c, 0, err) : err;
}

static long disconnected(struct call *c, struct stream *st)
{
	return st->state == STREAM_IDLE ? 0 : renew(c, st);
}

long stream_connect(struct call *c, const struct sockaddr *name, socklen_t len_bytes)
{
	struct stream *st = stream_of(c->carrier);
	bool nobody = len_bytes >= sizeof(name->sa_family) && name->sa_family == AF_UNSPEC;
	int err;

	stream_advance(st);
	err = nethood_connect(st->cr.sk, name, len_bytes);
	if (nobody)
		return err ? err : disconnected(c, st);
	if (st->state == STREAM_CONNECTING && (err == -EALREADY || err == -EINPROGRESS))
		return stream_wait(c, 0, -EALREADY);
	if (err == -EINPROGRESS || (!err && (st->state == STREAM_IDLE || st->state == STREAM_OVER)))
		return begin(c, st, err);
	if (err && err != -EISCONN && st->state == STREAM_OVER)
		renew(c, st); /* it has been told */
	return err;
}
