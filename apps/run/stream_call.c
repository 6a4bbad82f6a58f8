// SPDX-License-Identifier: BSD-2-Clause
/* Calls on TCP sockets that the kernel does on the program's end, and those where that would differ.
 *
 * Reading order: stream_pass(); then what it did not pass.
 */
#include <errno.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "stream.h"

/* A unix socket would say so only to write(2). */
static long broken_pipe(const struct call *c, int flags)
{
	call_answer(c->listener, c->rq->id, -EPIPE);
	if (!(flags & MSG_NOSIGNAL))
		syscall(SYS_tkill, call_tid(c), SIGPIPE);
	return CALL_ANSWERED;
}

/* ---- errors that are told once */

/* What the program's end has of it.  Return: is it still there? */
static bool take_native_error(const struct call *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	return getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error;
}

/* A read(2) that found it was told of it; else the socket and the program's end are told of it together. */
static void settle_error(const struct call *c, struct stream *st)
{
	int error;
	socklen_t len = sizeof(error);

	if (!st->poisoned)
		return;
	st->poisoned = false;
	if (take_native_error(c))
		return;
	st->cr.error = 0;
	nethood_getsockopt(st->cr.sk, SOL_SOCKET, SO_ERROR, &error, &len);
}

/* Return: 0, -errno */
static int take_error(const struct call *c, struct stream *st)
{
	int error = 0, err;
	socklen_t len = sizeof(error);

	settle_error(c, st);
	err = st->cr.error;
	st->cr.error = 0;
	nethood_getsockopt(st->cr.sk, SOL_SOCKET, SO_ERROR, &error, &len);
	return err ? err : -error;
}

static bool has_bytes(const struct call *c)
{
	int bytes = 0;

	return ioctl(c->fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

/* ---- messages */

/* Return: CALL_CONTINUE; -errno */
static long tell_error(const struct call *c, struct stream *st, bool to_send)
{
	int err;

	if (!to_send && has_bytes(c))
		return CALL_CONTINUE;
	err = take_error(c, st);
	return err && err != -EPIPE ? err : CALL_CONTINUE; /* EPIPE: with its signal */
}

/* May the answer be what the net's socket has room for, without a wait halfway? */
static bool goes_direct(const struct call *c, const struct stream *st, const struct user_msg *m)
{
	uint32_t mem[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(mem);

	if (!(m->flags & MSG_MORE) && !st->tx_room_bytes)
		return false;
	if (!call_may_wait(c, m->flags))
		return true;
	if (m->total_bytes > DATA_BYTES_MAX)
		return false;
	nethood_getsockopt(st->cr.sk, SOL_SOCKET, SO_MEMINFO, mem, &len);
	return mem[SK_MEMINFO_WMEM_QUEUED] + 2 * m->total_bytes < mem[SK_MEMINFO_SNDBUF];
}

#define NOT_NATIVE_RECV (MSG_TRUNC | MSG_ERRQUEUE | MSG_OOB)

static bool is_special(const struct call *c, const struct stream *st, const struct user_msg *m, bool to_send)
{
	if (to_send)
		return m->flags & MSG_OOB || m->name_at || goes_direct(c, st, m);
	return m->flags & NOT_NATIVE_RECV || m->name_at;
}

bool stream_lets_through(struct carrier *cr, int flags, bool to_send)
{
	const struct stream *st = stream_of(cr);

	if (st->state != STREAM_OPEN || cr->error)
		return false;
	return to_send ? !(flags & (MSG_OOB | MSG_MORE)) && !st->tx_room_bytes : !(flags & NOT_NATIVE_RECV);
}

long stream_pass(struct call *c, const struct user_msg *m, bool to_send)
{
	struct stream *st = stream_of(c->carrier);

	stream_advance(st);
	switch (st->state) {
	case STREAM_IDLE:
	case STREAM_LISTENING:
		if (to_send && m->flags & MSG_FASTOPEN)
			return CALL_OURS;
		return to_send ? broken_pipe(c, m->flags) : -ENOTCONN;
	case STREAM_OVER:
		return tell_error(c, st, to_send);
	case STREAM_OPEN:
		if (st->cr.error)
			return tell_error(c, st, to_send);
		break;
	case STREAM_CONNECTING:
		break;
	}
	return is_special(c, st, m, to_send) ? CALL_OURS : CALL_CONTINUE;
}

static long wait_to_send(struct call *c, int flags)
{
	if (!call_may_wait(c, flags))
		return -EAGAIN;
	c->wait_to_send = true;
	return CALL_WAIT;
}

/* To the net's socket itself, after all that was written before: what the carrier could not say (MSG_OOB, MSG_MORE), or
 * where the program shall be told how much room there is.  @p is where it was.  Return: bytes, -EAGAIN, -errno */
static ssize_t send_direct(struct stream *st, const struct packet *p, int flags)
{
	struct packet *copy = NULL;

	if (!stream_all_taken(st)) {
		bool there;

		copy = packet_copy(p); /* the bytes before take their place */
		if (!copy)
			return -ENOBUFS;
		there = stream_from_program(st) && stream_all_taken(st);
		memcpy(p->data, copy->data, p->data_bytes);
		free(copy);
		if (!there)
			return -EAGAIN;
	}
	if (st->state != STREAM_OPEN)
		return -EAGAIN;
	return nethood_sendto(st->cr.sk, p->data, p->data_bytes,
			      (flags & (MSG_OOB | MSG_MORE)) | MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
}

/* Connect, and send what the SYN may carry.  Without a cookie it carries nothing, and this waits. */
static long send_fastopen(struct call *c, struct stream *st, const struct packet *p, int flags)
{
	ssize_t n = nethood_sendto(st->cr.sk, p->data, p->data_bytes, flags | MSG_DONTWAIT | MSG_NOSIGNAL,
				   (const struct sockaddr *)&p->name, p->name_bytes);
	int err;

	if (n < 0 && n != -EINPROGRESS)
		return n;
	err = stream_attach(c, st, true);
	if (err)
		return err;
	return n < 0 ? stream_wait(c, flags, -EINPROGRESS) : n;
}

long stream_send(struct call *c, const struct packet *p, int flags)
{
	struct stream *st = stream_of(c->carrier);
	ssize_t n, more;

	if (st->state == STREAM_IDLE)
		return send_fastopen(c, st, p, flags);
	n = st->state == STREAM_OPEN ? send_direct(st, p, flags) : -EAGAIN;
	if (n < 0 && n != -EAGAIN) {
		stream_fail(st, (int)n);
		return tell_error(c, st, true);
	}
	if (n == (ssize_t)p->data_bytes)
		return n;
	if (flags & MSG_OOB)
		return n < 0 ? wait_to_send(c, flags) : n;
	/* The rest, which makes it look full.  An address that goes with it means nothing: the kernel would look at it. */
	n = n < 0 ? 0 : n;
	more = send(c->fd, p->data + n, p->data_bytes - (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n || more >= 0)
		return n + (more > 0 ? more : 0);
	if (errno == EAGAIN)
		return wait_to_send(c, flags);
	return errno == EPIPE ? broken_pipe(c, flags) : -errno;
}

/* What waits as an error is the socket's; all else lies at the program's end. */
static ssize_t take_bytes(struct call *c, const struct user_msg *m, struct packet *p)
{
	size_t room = m->total_bytes < DATA_BYTES_MAX ? m->total_bytes : DATA_BYTES_MAX;
	ssize_t n;

	if (m->flags & MSG_ERRQUEUE) {
		struct iovec iov = { .iov_base = c->sv->data, .iov_len = room };
		struct msghdr msg = { .msg_name = &p->name,
				      .msg_namelen = sizeof(p->name),
				      .msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = c->sv->control,
				      .msg_controllen = CONTROL_BYTES_MAX };

		n = nethood_recvmsg(c->carrier->sk, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);
		p->name_bytes = n < 0 ? 0 : msg.msg_namelen;
		p->control_bytes = n < 0 ? 0 : msg.msg_controllen;
		p->flags = msg.msg_flags;
		return n;
	}
	n = recv(c->fd, c->sv->data, room, MSG_DONTWAIT | (m->flags & (MSG_PEEK | MSG_OOB)));
	if (n < 0 && errno == EINVAL &&
	    m->flags & MSG_OOB) /* not here, or not yet: it may have come before what is before it */
		return nethood_recvfrom(c->carrier->sk, c->sv->data, room, m->flags | MSG_DONTWAIT, NULL, NULL);
	return n < 0 ? -errno : n;
}

long stream_recv(struct call *c, const struct user_msg *m)
{
	struct packet p = { .control = c->sv->control, .data = c->sv->data };
	ssize_t n = take_bytes(c, m, &p);

	if (n == -EAGAIN && !(m->flags & (MSG_ERRQUEUE | MSG_OOB)) && call_may_wait(c, m->flags))
		return CALL_WAIT;
	if (n < 0)
		return n;
	p.full_bytes = (size_t)n;
	p.data_bytes = m->flags & MSG_TRUNC && !(m->flags & MSG_ERRQUEUE) ? 0 : (size_t)n; /* thrown away, in TCP */
	return call_deliver(c, m, &p);
}

/* ---- shutdown */

/* Who writes no more still reads.  If a RST comes, own end will be closed with this byte unread, which is ECONNRESET there:
 * then nothing can be written any more for that. */
static void put_reserve(const struct call *c, struct stream *st)
{
	const int on = 1;

	if (st->reserve || st->rx_shut || st->fin)
		return;
	st->reserve = setsockopt(st->cr.watch.fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0 &&
		      send(c->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
}

int stream_shutdown(struct call *c, int how)
{
	struct stream *st = stream_of(c->carrier);
	int err;

	stream_advance(st);
	if (st->state != STREAM_OPEN || how < SHUT_RD || how > SHUT_RDWR) {
		err = nethood_shutdown(st->cr.sk, how);
		if (!err && st->state == STREAM_LISTENING && how != SHUT_WR)
			shutdown(c->fd, SHUT_RDWR);
		carrier_mark(&st->cr); /* who waits, waits in vain */
		return err;
	}
	if (how != SHUT_WR) {
		err = nethood_shutdown(st->cr.sk, SHUT_RD);
		if (err)
			return err;
	}
	lastclose_watch(&st->cr, c->fd); /* both directions shut would look like the last close */
	if (how != SHUT_RD)
		st->tx_shut = true;
	if (how != SHUT_WR)
		st->rx_shut = true;
	if (how == SHUT_WR)
		put_reserve(c, st);
	shutdown(c->fd, how);
	stream_from_program(st);
	return 0;
}

/* ---- options */

static const int shared[] = { SO_RCVTIMEO, SO_SNDTIMEO, SO_RCVLOWAT, SO_OOBINLINE };

void stream_copy_tuning(int from, int to)
{
	for (size_t i = 0; i < ARRAY_SIZE(shared); i++) {
		struct timeval value = { 0, 0 }; /* the largest of them */
		socklen_t len = sizeof(value);

		if (getsockopt(from, SOL_SOCKET, shared[i], &value, &len) == 0)
			setsockopt(to, SOL_SOCKET, shared[i], &value, len);
	}
}

void stream_fit(const struct stream *st, int program_end)
{
	if (st->tx_room_bytes)
		setsockopt(program_end, SOL_SOCKET, SO_SNDBUF, &st->tx_room_bytes, sizeof(st->tx_room_bytes));
}

static bool is_limit(int level, int name)
{
	return (level == IPPROTO_TCP && name == TCP_NOTSENT_LOWAT) ||
	       (level == SOL_SOCKET && (name == SO_SNDBUF || name == SO_SNDBUFFORCE));
}

/* A program that sets a limit means it: the carrier holds a quarter of that, at the most what it has anyway. */
static void limit(const struct call *c, struct stream *st, int bytes)
{
	st->tx_room_bytes = bytes < 0 || bytes / 4 > STREAM_ROOM_BYTES ? STREAM_ROOM_BYTES : bytes / 4 + 1;
	if (st->state == STREAM_OPEN)
		stream_fit(st, c->fd);
}

long stream_set_option(struct call *c, int level, int name, const void *value, socklen_t len_bytes)
{
	struct stream *st = stream_of(c->carrier);
	int bytes;

	if (is_limit(level, name) && len_bytes >= sizeof(bytes)) {
		memcpy(&bytes, value, sizeof(bytes));
		limit(c, st, bytes);
	}
	if (level != SOL_SOCKET)
		return 0;
	if (name == SO_ZEROCOPY)
		return -EOPNOTSUPP; /* who asks for it waits for news of buffers that are never lent */
	st->tuned = true;
	return name == SO_OOBINLINE || name == SO_PEEK_OFF ? CALL_CONTINUE : 0;
}

long stream_get_option(struct call *c, int level, int name)
{
	struct stream *st = stream_of(c->carrier);

	stream_advance(st);
	if (level == IPPROTO_TCP && name == TCP_ZEROCOPY_RECEIVE)
		return -EOPNOTSUPP;
	if (level != SOL_SOCKET)
		return 0;
	if (name == SO_ERROR)
		settle_error(c, st);
	return name == SO_OOBINLINE || name == SO_PEEK_OFF ? CALL_CONTINUE : 0;
}

/* ---- queues */

long stream_ioctl(struct call *c, uint32_t request, int *value)
{
	struct stream *st = stream_of(c->carrier);
	int err;

	if (request != SIOCOUTQ && request != SIOCOUTQNSD)
		return CALL_CONTINUE;
	err = nethood_ioctl(st->cr.sk, request, value, sizeof(*value));
	if (!err)
		*value += (int)stream_on_the_way(st);
	return err;
}
