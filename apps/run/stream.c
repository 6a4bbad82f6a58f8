// SPDX-License-Identifier: BSD-2-Clause
/* Carriers of TCP sockets: from their beginning to their end, and the bytes in between.
 *
 * Reading order: stream_event(), stream_from_program(), stream_to_program(); stream_advance(); fail(), end().
 * The program's end is a unix stream socket, so reading, writing, polling, half close and SIGPIPE are the kernel's own.
 *
 *	program's end --written--> own end --nethood_sendmsg()--> socket of the net
 *	              <--send()--          <--nethood_recvmsg()--
 *
 * A fresh one has no peer, and polls as a fresh TCP socket does; own end comes with connect(2) or accept(2).
 *	the program's SHUT_WR    own end reads its end of file, and the net's socket sends a FIN
 *	the program's last close the same, with EPOLLHUP; with ECONNRESET if it left something unread: RST
 *	the peer's FIN           own end's SHUT_WR, after the last byte
 *	the peer's RST           own end is closed with something unread in it, which is ECONNRESET at the other end
 * What one side has no room for stays on the other.  What was lent to the carrier still counts in the net's socket until
 * the program has read it, so that the peer's window is closed by what is unread; what the net's socket had no room
 * for after all is held here, a chunk at the most.
 */
#include "stream.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CHUNK_BYTES (128U * 1024U)
#define CHUNKS_AT_ONCE 8U

/* ---- bytes that wait here */

void stream_held_free(struct stream_held *h)
{
	free(h->data);
	*h = (struct stream_held){ .data = NULL };
}

/* Return: 0, -ENOMEM */
static int hold(struct stream_held *h, const uint8_t *data, size_t len_bytes)
{
	h->data = malloc(len_bytes);
	if (!h->data)
		return -ENOMEM;
	memcpy(h->data, data, len_bytes);
	h->at = 0;
	h->len_bytes = len_bytes;
	return 0;
}

static ssize_t take(struct stream *st, int flags, size_t room_bytes)
{
	return nethood_recvfrom(st->cr.sk, st->cr.sv->data, room_bytes, flags | MSG_DONTWAIT, NULL, NULL);
}

/* The first @bytes of what was lent were read. */
static void take_back(struct stream *st, size_t bytes)
{
	while (bytes) {
		ssize_t n = take(st, MSG_TRUNC, bytes < DATA_BYTES_MAX ? bytes : DATA_BYTES_MAX);

		if (n <= 0)
			return;
		bytes -= (size_t)n;
		st->lent_bytes -= (size_t)n;
	}
}

/* ---- the end */

/* What is lost must not look like an end. */
static void abort_connection(struct stream *st)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	nethood_setsockopt(st->cr.sk, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	carrier_destroy(&st->cr);
}

static bool lingers_not(const struct stream *st)
{
	struct linger l = { 0, 0 };
	socklen_t len = sizeof(l);

	return nethood_getsockopt(st->cr.sk, SOL_SOCKET, SO_LINGER, &l, &len) == 0 && l.l_onoff && !l.l_linger;
}

/* Let the net's socket take all that the program has left, so that it can end by itself.  Its limit is its program's, who is gone. */
static void make_room(struct stream *st)
{
	const int bytes = 1 << 20; /* more than a unix socket holds */

	nethood_setsockopt(st->cr.sk, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
}

/* The last of the program's descriptors is closed.  Return: false: @st is no more */
static bool end(struct stream *st)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (st->closed)
		return true;
	st->closed = true;
	if (st->cr.watch.fd >= 0)
		getsockopt(st->cr.watch.fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (st->state != STREAM_OPEN) {
		carrier_destroy(&st->cr);
		return false;
	}
	if (error || lingers_not(st)) {
		abort_connection(st); /* something was left unread */
		return false;
	}
	take_back(st, st->lent_bytes);
	make_room(st);
	return stream_from_program(st);
}

/* ---- errors of the connection */

/* Nothing goes to the program after what it has; @with_error: and then it is told of one. */
static void cut(struct stream *st, bool with_error)
{
	const uint8_t byte = 0;
	int fd = carrier_program_end(&st->cr);

	if (st->reserve && with_error) {
		st->poisoned = true;
	} else if (!with_error) {
		while (recv(st->cr.watch.fd, st->cr.sv->data, DATA_BYTES_MAX, MSG_DONTWAIT) > 0)
			;
	} else if (fd >= 0 && send(fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
		st->poisoned = true;
	}
	if (fd >= 0) {
		lastclose_watch(&st->cr, fd);
		close(fd);
	}
	carrier_unwatch(&st->cr);
	st->state = STREAM_OVER;
	stream_held_free(&st->tx);
	carrier_mark(&st->cr); /* for calls that wait */
}

/* After a FIN a program finds an end, not an error. */
void stream_fail(struct stream *st, int err)
{
	if (st->state != STREAM_OPEN)
		return;
	st->cr.error = err;
	cut(st, !st->rx_shut && err != -EPIPE);
}

static bool has_ended(const struct stream *st)
{
	uint8_t state = TCP_CLOSE;
	socklen_t len = sizeof(state);

	nethood_getsockopt(st->cr.sk, IPPROTO_TCP, TCP_INFO, &state, &len);
	return state == TCP_CLOSE;
}

/* The net's socket said @err instead of giving or taking something: its last word, or (IP_RECVERR) a message on the way.
 * Return: does it go on? */
static bool goes_on(struct stream *st, int err)
{
	if (err == -EPIPE || err == -ENOBUFS || err == -ENOMEM || has_ended(st)) {
		stream_fail(st, err);
		return false;
	}
	st->cr.error = err; /* for the next call that is passed on */
	return true;
}

/* ---- connecting */

void stream_advance(struct stream *st)
{
	uint32_t events;

	if (st->state != STREAM_CONNECTING)
		return;
	events = nethood_readiness(st->cr.sk);
	if (events & (EPOLLERR | EPOLLHUP)) {
		st->poisoned = true;      /* the junk does it */
		carrier_unwatch(&st->cr); /* lastclose.c still tells of the end */
		st->state = STREAM_OVER;
		st->junk_bytes = 0;
	} else if (events & EPOLLOUT) {
		st->state = STREAM_OPEN;
		stream_drain_junk(st);
	}
}

/* ---- to the program: what lies in the carrier stays in the net's socket, too, and in its window, until it was read */

static size_t unread(struct stream *st)
{
	int bytes = 0, fd;

	if (ioctl(st->cr.watch.fd, SIOCOUTQ, &bytes) == 0 &&
	    bytes <= 1) /* one: a reader who is about to be done with it */
		return 0;
	fd = carrier_program_end(&st->cr);
	if (fd < 0)
		return st->lent_bytes; /* some of it */
	if (ioctl(fd, FIONREAD, &bytes) < 0 || bytes < 0)
		bytes = INT_MAX;
	close(fd);
	return (size_t)bytes;
}

void stream_widen(int own_end)
{
	const int bytes = STREAM_LEND_BYTES;

	setsockopt(own_end, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static void look_what_was_read(struct stream *st)
{
	size_t bytes = st->lent_bytes ? unread(st) : 0;

	if (bytes < st->lent_bytes)
		take_back(st, st->lent_bytes - bytes);
}

/* The pieces without their first @skip bytes, a chunk at the most.  Return: bytes in them */
static size_t cut_pieces(struct msghdr *msg, size_t skip)
{
	size_t bytes = 0, count = 0;

	while (msg->msg_iovlen && skip >= msg->msg_iov->iov_len) {
		skip -= msg->msg_iov++->iov_len;
		msg->msg_iovlen--;
	}
	for (; count < msg->msg_iovlen && bytes < CHUNK_BYTES; count++) {
		struct iovec *piece = &msg->msg_iov[count];

		piece->iov_base = (uint8_t *)piece->iov_base + skip;
		piece->iov_len -= skip;
		if (piece->iov_len > CHUNK_BYTES - bytes)
			piece->iov_len = CHUNK_BYTES - bytes;
		bytes += piece->iov_len;
		skip = 0;
	}
	msg->msg_iovlen = count;
	return bytes;
}

/* What follows what was lent, where it lies in the net's socket.  Return: bytes in @msg; 0: a copy tells what there is; -errno */
static ssize_t pieces_to_lend(struct stream *st, struct msghdr *msg)
{
	ssize_t n;

	*msg = (struct msghdr){ .msg_iov = st->cr.sv->iov, .msg_iovlen = IOV_COUNT_MAX };
	if (st->urgent)
		return 0;
	n = nethood_recv_borrow(st->cr.sk, msg);
	msg->msg_name = msg->msg_control = NULL;
	msg->msg_namelen = 0;
	if (n < 0)
		return n;
	return (size_t)n > st->lent_bytes ? (ssize_t)cut_pieces(msg, st->lent_bytes) : 0;
}

/* Return: as recv(2) */
static ssize_t copy_to_lend(struct stream *st, struct msghdr *msg)
{
	const int from = (int)st->lent_bytes;
	ssize_t n;

	nethood_setsockopt(st->cr.sk, SOL_SOCKET, SO_PEEK_OFF, &from, sizeof(from));
	n = take(st, MSG_PEEK, CHUNK_BYTES);
	st->cr.sv->iov[0] = (struct iovec){ st->cr.sv->data, n > 0 ? (size_t)n : 0 };
	*msg = (struct msghdr){ .msg_iov = st->cr.sv->iov, .msg_iovlen = 1 };
	return n;
}

/* Return: as recv(2); -EAGAIN: the carrier is full */
static ssize_t lend(struct stream *st)
{
	struct msghdr msg;
	ssize_t n = pieces_to_lend(st, &msg), sent;

	if (!n)
		n = copy_to_lend(st, &msg);
	if (n <= 0)
		return n;
	sent = sendmsg(st->cr.watch.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0)
		return -EAGAIN; /* who closed is noticed by the event */
	st->lent_bytes += (size_t)sent;
	if (st->urgent) /* what is lent is counted in octets of the stream, and the urgent one is none */
		take_back(st, st->lent_bytes);
	if (!TAILQ_EMPTY(&st->cr.waits))
		carrier_mark(&st->cr);
	return sent < n ? -EAGAIN : sent;
}

/* The urgent octet, when all before it has been given. */
static void give_urgent(struct stream *st)
{
	int at_mark = 0;

	if (!(nethood_readiness(st->cr.sk) & EPOLLPRI))
		return;
	st->urgent = true;
	take_back(st, st->lent_bytes); /* or there would be no mark before all was read */
	if (nethood_ioctl(st->cr.sk, SIOCATMARK, &at_mark, sizeof(at_mark)) < 0 || !at_mark)
		return;
	if (take(st, MSG_OOB, 1) == 1)
		send(st->cr.watch.fd, st->cr.sv->data, 1, MSG_OOB | MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void finished(struct stream *st)
{
	shutdown(st->cr.watch.fd, SHUT_WR);
	st->rx_shut = true;
}

/* A reset that comes after the end. */
static void look_for_error(struct stream *st)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (!(nethood_readiness(st->cr.sk) & EPOLLERR))
		return;
	if (nethood_getsockopt(st->cr.sk, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error)
		stream_fail(st, -error);
}

void stream_to_program(struct stream *st)
{
	if (st->state != STREAM_OPEN || st->closed)
		return;
	if (st->rx_shut)
		look_for_error(st);
	look_what_was_read(st);
	if (st->state != STREAM_OPEN || st->rx_shut)
		return;
	for (unsigned i = 0; i < CHUNKS_AT_ONCE; i++) {
		ssize_t n;

		give_urgent(st);
		if (!(nethood_readiness(st->cr.sk) & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
			return; /* SO_RCVLOWAT counts there */
		n = lend(st);
		if (n == -EAGAIN)
			return;
		if (n < 0 && goes_on(st, (int)n))
			continue;
		if (!n)
			finished(st);
		if (n <= 0)
			return;
	}
	carrier_mark(&st->cr);
}

/* ---- from the program */

/* Return: how many were taken; -EAGAIN; -errno: none will be */
static ssize_t put(struct stream *st, const uint8_t *data, size_t len_bytes)
{
	return nethood_sendto(st->cr.sk, data, len_bytes, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
}

/* Return: false: the net's socket has no room now */
static bool put_all(struct stream *st, const uint8_t *data, size_t len_bytes, struct stream_held *h)
{
	size_t at = h ? h->at : 0;

	while (at < len_bytes) {
		ssize_t n = put(st, data + at, len_bytes - at);

		if (n < 0 && n != -EAGAIN && !goes_on(st, (int)n))
			return false;
		if (n == 0 || n == -EAGAIN)
			break;
		at += n > 0 ? (size_t)n : 0;
	}
	if (h) {
		h->at = at;
		if (at == len_bytes)
			stream_held_free(h);
	} else if (at < len_bytes && hold(&st->tx, data + at, len_bytes - at)) {
		stream_fail(st, -ENOBUFS);
	}
	return at == len_bytes;
}

size_t stream_on_the_way(const struct stream *st)
{
	int bytes = 0;

	if (st->state != STREAM_OPEN || ioctl(st->cr.watch.fd, FIONREAD, &bytes) < 0)
		bytes = 0;
	return (size_t)bytes - (st->reserve && bytes ? 1 : 0) + st->tx.len_bytes - st->tx.at;
}

bool stream_all_taken(const struct stream *st)
{
	return st->state != STREAM_OPEN || st->fin || !stream_on_the_way(st);
}

/* Own end reads no more.  Return: false: @st is no more */
static bool end_of_file(struct stream *st)
{
	if (st->closed) {
		carrier_destroy(&st->cr);
		return false;
	}
	if (st->tx_shut && !st->fin) {
		st->fin = true;
		nethood_shutdown(st->cr.sk, SHUT_WR);
	}
	return true;
}

/* What was written before the reserve, and by a thread that did not know that another had ended the writing, behind it: it is
 * known by who wrote it, and bytes of two writers never come at once.  Return: as recv(2); 0: only the reserve is left */
static ssize_t read_before_reserve(struct stream *st)
{
	union {
		struct cmsghdr h;
		uint8_t room[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = { .iov_base = st->cr.sv->data, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	struct ucred who = { .pid = 0 };
	ssize_t n = recvmsg(st->cr.watch.fd, &msg, MSG_DONTWAIT | MSG_PEEK);

	if (n <= 0)
		return n;
	if (msg.msg_controllen >= CMSG_LEN(sizeof(who)) && control.h.cmsg_type == SCM_CREDENTIALS)
		memcpy(&who, CMSG_DATA(&control.h), sizeof(who));
	if (who.pid != getpid())
		return recv(st->cr.watch.fd, st->cr.sv->data, CHUNK_BYTES, MSG_DONTWAIT);
	if (!stream_on_the_way(st))
		return 0;
	st->reserve = false;
	recv(st->cr.watch.fd, st->cr.sv->data, 1, MSG_DONTWAIT);
	return recv(st->cr.watch.fd, st->cr.sv->data, CHUNK_BYTES, MSG_DONTWAIT);
}

/* Return: as recv(2).  @st->written is false when there is nothing behind it: less came than there was room for, and not
 * because a descriptor (SCM_RIGHTS) lay there, at which the kernel ends a read. */
static ssize_t read_own_end(struct stream *st)
{
	struct iovec iov = { .iov_base = st->cr.sv->data, .iov_len = CHUNK_BYTES };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (st->reserve)
		return read_before_reserve(st);
	n = recvmsg(st->cr.watch.fd, &msg, MSG_DONTWAIT);
	st->written = n == CHUNK_BYTES || (n > 0 && msg.msg_flags & MSG_CTRUNC);
	return n;
}

/* If the program said how much its send buffer holds, the rest is left where it is: the carrier is as full as the socket. */
static bool must_stay(const struct stream *st)
{
	return st->tx_room_bytes && !st->closed && !(nethood_readiness(st->cr.sk) & EPOLLOUT);
}

/* An end of file is behind the last byte. */
static bool ends(const struct stream *st)
{
	return st->closed || st->tx_shut;
}

bool stream_from_program(struct stream *st)
{
	st->written = true;
	if (st->state != STREAM_OPEN)
		return true;
	if (st->tx.data && !put_all(st, st->tx.data, st->tx.len_bytes, &st->tx))
		return true;
	for (unsigned i = 0; i < CHUNKS_AT_ONCE; i++) {
		ssize_t n;

		if (must_stay(st))
			return true;
		n = read_own_end(st);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0) { /* it closed, and left something unread */
			abort_connection(st);
			return false;
		}
		if (!n)
			return end_of_file(st);
		if (!put_all(st, st->cr.sv->data, (size_t)n, NULL))
			return true;
		if (!st->written && !ends(st))
			return true;
	}
	carrier_mark(&st->cr);
	return true;
}

/* ---- events */

static void stream_event(struct carrier *cr, uint32_t events)
{
	struct stream *st = stream_of(cr);

	/* When both directions are shut it always looks so: then lastclose.c tells. */
	if (events & EPOLLHUP && !(st->rx_shut && st->tx_shut)) {
		if (!end(st))
			return;
	}
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR) && !stream_from_program(st))
		return;
	if (events & EPOLLOUT)
		stream_to_program(st);
	if (!TAILQ_EMPTY(&cr->waits))
		carrier_mark(cr);
}

static void stream_flush(struct carrier *cr)
{
	struct stream *st = stream_of(cr);

	if (st->state == STREAM_LISTENING) {
		stream_backlog_sync(st);
		return;
	}
	stream_advance(st);
	stream_to_program(st);
	if ((st->written || st->tx.data) && !stream_from_program(st))
		return;
	if (st->closed && st->state == STREAM_OVER)
		carrier_destroy(cr); /* it broke after its program had closed it: nobody is left to hear of that */
}

static void stream_closed(struct carrier *cr)
{
	end(stream_of(cr));
}

/* ---- life */

/* Who waits for connections when the net ends learns it. */
static void wake_pollers(struct stream *st)
{
	int fd = st->state == STREAM_LISTENING && !st->closed ? carrier_program_end(&st->cr) : -1;

	if (fd < 0)
		return;
	shutdown(fd, SHUT_RDWR);
	close(fd);
}

static void stream_exit(struct carrier *cr)
{
	struct stream *st = stream_of(cr);

	wake_pollers(st);
	stream_held_free(&st->tx);
	stream_backlog_free(st);
}

int stream_open(struct supervisor *sv, struct nethood_sock *sk, int *program_end, struct carrier **out)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	err = carrier_create(sv, sk, &stream_ops, -1, fd, out);
	if (err) {
		close(fd);
		return err;
	}
	lastclose_watch(*out, fd); /* without it, it is only kept longer */
	*program_end = fd;
	return 0;
}

const struct carrier_ops stream_ops = {
	.bytes = sizeof(struct stream),
	.any_part = true,
	.event = stream_event,
	.flush = stream_flush,
	.closed = stream_closed,
	.pass = stream_pass,
	.lets_through = stream_lets_through,
	.send = stream_send,
	.recv = stream_recv,
	.connect = stream_connect,
	.listen = stream_listen,
	.accept = stream_accept,
	.shutdown = stream_shutdown,
	.set_option = stream_set_option,
	.get_option = stream_get_option,
	.ioctl = stream_ioctl,
	.exit = stream_exit,
};
