// SPDX-License-Identifier: BSD-2-Clause
/* Carriers of sockets that keep message boundaries: UDP, ping, raw, netlink.
 *
 * Reading order: to the program: pump(), dgram_recv(); from the program: drain(), dgram_send().
 *
 * The pair is of SOCK_SEQPACKET: it keeps boundaries and empty messages, and tells of the close.  What a program reads by
 * read(2) comes out of the pair; where it came from is kept beside.  So one datagram at a time is in flight in the
 * pair; several only if all come from one peer and bring no control messages.  An error that a program must learn of
 * while it only polls is a marker in flight: an empty message, for which recv(2) finds the error.
 *
 * What a program writes without an address comes out here and is sent on.  When the socket has no room any more, the
 * program's end is filled with one large message of junk, so that it does not look writable either.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "supervisor_internal.h"

#define IN_FLIGHT_MAX 64U
#define DRAIN_AT_ONCE 64U
#define JUNK_BYTES 65536U /* more than a quarter of what net.core.wmem_default allows in flight */

/* ---- to the program */

static bool program_has_read_all(const struct carrier *cr)
{
	int bytes;

	return ioctl(cr->watch.fd, SIOCOUTQ, &bytes) == 0 && !bytes;
}

static void nothing_in_flight(struct carrier *cr)
{
	if (cr->marker)
		cr->error = 0; /* taken for an empty datagram */
	cr->marker = false;
	cr->in_flight = 0;
}

static void set_flying(struct carrier *cr, const struct packet *p)
{
	uint8_t *control = NULL;

	if (p->control_bytes) {
		control = malloc(p->control_bytes);
		if (control)
			memcpy(control, p->control, p->control_bytes);
	}
	free(cr->flying.control);
	cr->flying.name = p->name;
	cr->flying.name_bytes = p->name_bytes;
	cr->flying.control = control;
	cr->flying.control_bytes = control ? p->control_bytes : 0;
	cr->flying.flags = p->flags & MSG_CTRUNC;
	if (p->control_bytes && !control)
		cr->flying.flags |= MSG_CTRUNC;
}

/* May one more be in flight, as far as those are concerned that are? */
static bool has_room(const struct carrier *cr)
{
	return !cr->in_flight || (cr->connected && !cr->marker && cr->in_flight < IN_FLIGHT_MAX);
}

/* May @p follow those in flight, whose name will be told as its own? */
static bool may_follow(const struct carrier *cr, const struct packet *p)
{
	if (!cr->in_flight)
		return true;
	return has_room(cr) && !p->control_bytes && !cr->flying.control_bytes &&
	       p->name_bytes == cr->flying.name_bytes && !memcmp(&p->name, &cr->flying.name, p->name_bytes);
}

/* Return: 0, -EAGAIN: not now */
static int fly(struct carrier *cr, const struct packet *p)
{
	if (!may_follow(cr, p))
		return -EAGAIN;
	if (send(cr->watch.fd, p->data, p->data_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return errno == EAGAIN || errno == ENOBUFS ? -EAGAIN : 0; /* else it is closed: nobody will read it */
	if (!cr->in_flight)
		set_flying(cr, p);
	cr->in_flight++;
	return 0;
}

static ssize_t take_bytes(struct carrier *cr, struct packet *p, size_t room_bytes, int flags, struct msghdr *msg)
{
	struct supervisor *sv = cr->sv;
	struct iovec iov = { .iov_base = sv->data, .iov_len = room_bytes };

	*msg = (struct msghdr){
		.msg_name = &p->name,
		.msg_namelen = sizeof(p->name),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = sv->control,
		.msg_controllen = CONTROL_BYTES_MAX,
	};
	return nethood_recvmsg(cr->sk, msg, (flags & (MSG_PEEK | MSG_ERRQUEUE)) | MSG_TRUNC | MSG_DONTWAIT);
}

/* Netlink makes its dumps as large as the buffers it is read with; so it must see the program's, not ours. */
static ssize_t netlink_room(struct carrier *cr, struct packet *p)
{
	struct msghdr msg;

	return take_bytes(cr, p, 0, MSG_PEEK, &msg);
}

/* Take one message from the socket.  @p points into the supervisor's buffers.  Return: 0, -EAGAIN, -errno */
static int take(struct carrier *cr, struct packet *p, int flags)
{
	struct supervisor *sv = cr->sv;
	ssize_t room = DATA_BYTES_MAX, n;
	struct msghdr msg;

	if (cr->domain == AF_NETLINK)
		room = netlink_room(cr, p);
	if (room > (ssize_t)DATA_BYTES_MAX)
		room = DATA_BYTES_MAX;
	n = room < 0 ? room : take_bytes(cr, p, (size_t)room, flags, &msg);
	if (n < 0)
		return (int)n;
	p->name_bytes = msg.msg_namelen;
	p->control = sv->control;
	p->control_bytes = msg.msg_controllen;
	p->data = sv->data;
	p->full_bytes = (size_t)n;
	p->data_bytes = n < room ? (size_t)n : (size_t)room;
	p->flags = msg.msg_flags & ~MSG_TRUNC;
	return 0;
}

/* The program may be polling, and knows nothing of an error. */
static void tell_error(struct carrier *cr)
{
	const struct packet empty = { .flags = 0 };

	if (cr->error_news && !cr->error && !(nethood_readiness(cr->sk) & EPOLLERR))
		cr->error_news = false; /* it was seen meanwhile */
	if (!cr->error && !cr->error_news)
		return;
	if (cr->in_flight || fly(cr, &empty))
		return;
	cr->error_news = false;
	cr->marker = true;
}

/* Bring what the socket has to the program's end, as far as that may hold it. */
static void pump(struct carrier *cr)
{
	struct packet p;
	int err = 0;

	if (cr->in_flight && program_has_read_all(cr))
		nothing_in_flight(cr);
	if (cr->held) {
		if (fly(cr, cr->held))
			return;
		free(cr->held);
		cr->held = NULL;
	}
	while (!cr->shut_rd && has_room(cr)) {
		err = take(cr, &p, 0);
		if (err)
			break;
		if (fly(cr, &p)) {
			cr->held = packet_copy(&p);
			return;
		}
	}
	if (err && err != -EAGAIN)
		cr->error = err;
	tell_error(cr);
}

/* ---- trapped receives */

static void put_back(struct call *c)
{
	struct carrier *cr = c->carrier;

	if (c->taken_error) {
		cr->error = c->taken_error;
		return;
	}
	/* Nothing overtakes it: the next one is still in the socket, or of the same peer. */
	if (fly(cr, &c->taken))
		cr->held = cr->held ? cr->held : packet_copy(&c->taken);
}

/* What is in flight, read as the program would.  Return: 0; -EAGAIN: nothing is */
static int take_flying(struct call *c, struct packet *p, int flags)
{
	struct carrier *cr = c->carrier;
	int peek = flags & MSG_PEEK;
	ssize_t n = recv(c->fd, c->sv->data, DATA_BYTES_MAX, MSG_DONTWAIT | peek);

	if (n < 0) {
		nothing_in_flight(cr);
		return -EAGAIN;
	}
	*p = cr->flying;
	if (p->control_bytes) {
		memcpy(c->sv->control, p->control, p->control_bytes);
		p->control = c->sv->control;
	}
	p->data = c->sv->data;
	p->full_bytes = p->data_bytes = (size_t)n;
	if (!peek && cr->in_flight == 1)
		cr->in_flight = 0;
	return 0;
}

/* The marker says that there is an error; when that was seen otherwise, there is none. */
static void dgram_settle(struct call *c)
{
	struct carrier *cr = c->carrier;

	if (!cr->marker || cr->error || (nethood_readiness(cr->sk) & EPOLLERR))
		return;
	recv(c->fd, c->sv->data, 1, MSG_DONTWAIT);
	nothing_in_flight(cr);
	carrier_mark(cr);
}

/* Learn of an error without taking a message. */
static void peek(struct carrier *cr, size_t room_bytes)
{
	struct packet p;
	struct msghdr msg;
	ssize_t n = take_bytes(cr, &p, room_bytes, MSG_PEEK, &msg);

	if (n < 0 && n != -EAGAIN)
		cr->error = (int)n;
}

/* An error is told once, and before any data.  Return: 0, or the error */
static int take_error(struct call *c)
{
	struct carrier *cr = c->carrier;
	int err;

	if (!cr->error && (nethood_readiness(cr->sk) & EPOLLERR))
		peek(cr, 0);
	err = cr->error;
	cr->error = 0;
	dgram_settle(c);
	return err;
}

/* The next message, wherever it is.  Return: 0, -EAGAIN, or the socket's error */
static int take_next(struct call *c, struct packet *p, int flags)
{
	struct carrier *cr = c->carrier;
	int err;

	c->taken_error = take_error(c);
	if (c->taken_error)
		return c->taken_error;
	if (cr->held)
		pump(cr);
	err = cr->in_flight ? take_flying(c, p, flags) : -EAGAIN;
	if (err)
		err = take(cr, p, flags);
	if (err && err != -EAGAIN)
		c->taken_error = err;
	return err;
}

/* As much as the program asked for. */
static long deliver(struct call *c, const struct user_msg *m, struct packet p)
{
	if (p.data_bytes > m->total_bytes) {
		p.data_bytes = m->total_bytes;
		p.flags |= MSG_TRUNC;
	}
	return call_deliver(c, m, &p);
}

/* Of those that wait as errors nothing is put back: their call is remembered instead. */
static long recv_error_queue(struct call *c, const struct user_msg *m)
{
	struct packet p;
	int err = take(c->carrier, &p, m->flags);

	if (!err)
		c->carrier->error = 0; /* the socket's pending error is now that of the next one that waits, or none */
	dgram_settle(c);
	return err ? err : deliver(c, m, p);
}

static void learn_buffer(struct carrier *cr, size_t bytes)
{
	if (cr->domain != AF_NETLINK || bytes <= cr->largest_read_bytes)
		return;
	cr->largest_read_bytes = bytes;
	peek(cr, bytes < DATA_BYTES_MAX ? bytes : DATA_BYTES_MAX);
}

static long dgram_recv(struct call *c, const struct user_msg *m)
{
	struct carrier *cr = c->carrier;
	long ret;
	int err;

	if (m->flags & MSG_ERRQUEUE)
		return recv_error_queue(c, m);
	learn_buffer(cr, m->total_bytes);
	err = take_next(c, &c->taken, m->flags);
	if (err == -EAGAIN) {
		if (!call_may_wait(c, m->flags))
			return -EAGAIN;
		return cr->shut_rd ? 0 : CALL_WAIT;
	}
	carrier_mark(cr); /* what was taken makes room for the next */
	if (!(m->flags & MSG_PEEK))
		c->undo = put_back;
	if (err)
		return err;
	ret = deliver(c, m, c->taken);
	if (ret == CALL_GONE && c->undo)
		c->undo(c);
	return ret;
}

/* ---- from the program */

static int send_packet(struct carrier *cr, const struct packet *p, int flags)
{
	struct iovec iov = { .iov_base = p->data, .iov_len = p->data_bytes };
	struct msghdr msg = {
		.msg_name = p->name_bytes ? (void *)(uintptr_t)&p->name : NULL,
		.msg_namelen = p->name_bytes,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = p->control_bytes ? p->control : NULL,
		.msg_controllen = p->control_bytes,
	};

	return (int)nethood_sendmsg(cr->sk, &msg, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* A socket that has room says EAGAIN for other reasons (no free port, no memory for one), which it tells nobody the end of. */
static bool must_wait(const struct carrier *cr, long ret)
{
	return ret == -EAGAIN && !(nethood_readiness(cr->sk) & EPOLLOUT);
}

/* The program was told that it was sent; a poll follows when all it wrote is read.  A pending error is not its fault, and is told later. */
static int send_native(struct carrier *cr, const struct packet *p)
{
	int ret = send_packet(cr, p, MSG_BATCH);

	if (ret >= 0 || must_wait(cr, ret))
		return ret;
	cr->error = ret;
	cr->error_news = true;
	ret = send_packet(cr, p, MSG_BATCH);
	if (ret >= 0 || must_wait(cr, ret))
		return ret;
	cr->error = ret;
	return 0;
}

/* Own end's next message.  Return: 0; -EAGAIN: none; -EPIPE: there will be none any more */
static int read_own(struct carrier *cr, struct packet *p)
{
	struct supervisor *sv = cr->sv;
	char room[CMSG_SPACE(64)];
	struct iovec iov = { .iov_base = sv->data, .iov_len = DATA_BYTES_MAX };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	int on = 1;
	ssize_t n;

	if (cr->peer_shut) /* every message has credentials then, the end of file has none */
		setsockopt(cr->watch.fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	do {
		n = recvmsg(cr->watch.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && (errno == ECONNRESET || errno == EINTR)); /* it closed without having read all */
	if (n < 0)
		return errno == EAGAIN ? -EAGAIN : -EPIPE;
	if (!n && cr->peer_shut && !msg.msg_controllen)
		return -EPIPE;
	*p = (struct packet){ .data = sv->data, .data_bytes = (size_t)n, .full_bytes = (size_t)n };
	return 0;
}

/* The socket has room again: what waited goes first.  Return: false if it still waits */
static bool unblock(struct carrier *cr)
{
	struct packet junk;

	if (cr->tx_held) {
		if (send_native(cr, cr->tx_held) == -EAGAIN)
			return false;
		free(cr->tx_held);
		cr->tx_held = NULL;
	}
	if (cr->tx_junk) {
		if (!(nethood_readiness(cr->sk) & EPOLLOUT))
			return false;
		read_own(cr, &junk);
		cr->tx_junk = false;
	}
	return true;
}

/* Send what the program wrote.  Return: 0: all there is; -EAGAIN: not all; -EPIPE: and there will be no more */
static int drain(struct carrier *cr)
{
	struct packet p;

	cr->tx_more = false;
	if (!unblock(cr))
		return -EAGAIN;
	for (unsigned i = 0; i < DRAIN_AT_ONCE; i++) {
		int err = read_own(cr, &p);

		if (err)
			return err == -EAGAIN ? 0 : err;
		if (send_native(cr, &p) == -EAGAIN) {
			cr->tx_held = packet_copy(&p);
			return -EAGAIN;
		}
	}
	cr->tx_more = true;
	carrier_mark(cr);
	return -EAGAIN;
}

/* Make the program's end look as full as the socket is. */
static void block(struct call *c)
{
	if (c->carrier->tx_junk || c->carrier->tx_held)
		return;
	memset(c->sv->data, 0, JUNK_BYTES);
	if (send(c->fd, c->sv->data, JUNK_BYTES, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		c->carrier->tx_junk = true;
}

/* What was written before goes first; but sending it uses the buffer that @p is in. */
static int drain_before(struct carrier *cr, const struct packet *p)
{
	struct packet *copy;
	int bytes, err;

	if (!cr->tx_held && !cr->tx_junk && (ioctl(cr->watch.fd, SIOCINQ, &bytes) < 0 || !bytes))
		return 0;
	copy = packet_copy(p);
	if (!copy)
		return -ENOBUFS;
	err = drain(cr);
	if (p->data_bytes)
		memcpy(cr->sv->data, copy->data, p->data_bytes);
	free(copy);
	return err == -EAGAIN ? -EAGAIN : 0;
}

static long dgram_send(struct call *c, const struct packet *p, int flags)
{
	struct carrier *cr = c->carrier;
	long ret = drain_before(cr, p);
	bool wait = ret == -EAGAIN;

	if (!ret && cr->error)
		return take_error(c);
	if (!ret) {
		ret = send_packet(cr, p, flags & ~MSG_DONTWAIT);
		wait = must_wait(cr, ret);
	}
	if (!wait)
		return ret;
	if (call_may_wait(c, flags)) {
		c->wait_to_send = true;
		return CALL_WAIT;
	}
	block(c);
	return -EAGAIN;
}

/* ---- life */

int dgram_open(struct supervisor *sv, struct nethood_sock *sk, int *program_end, struct carrier **out)
{
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	err = carrier_create(sv, sk, &dgram_ops, pair[0], pair[1], out);
	if (err) {
		close(pair[0]);
		close(pair[1]);
		return err;
	}
	*program_end = pair[1];
	return 0;
}

static void dgram_event(struct carrier *cr, uint32_t events)
{
	int err = 0;

	if (cr->shut_rd && cr->shut_wr)
		events &= ~(uint32_t)EPOLLHUP; /* it always looks so: lastclose.c tells */
	if (events & (EPOLLRDHUP | EPOLLHUP))
		cr->peer_shut = true;
	if (events & EPOLLHUP)
		cr->hung_up = true;
	if (events & EPOLLIN)
		err = drain(cr);
	if (events & EPOLLHUP && err != -EAGAIN) {
		carrier_destroy(cr);
		return;
	}
	if (cr->in_flight || cr->held)
		carrier_mark(cr); /* the program may have read */
}

static void dgram_flush(struct carrier *cr)
{
	bool closed = !cr->shut_wr || cr->hung_up; /* when nothing more comes out: it is not only half closed */

	if ((cr->tx_held || cr->tx_junk || cr->tx_more || cr->peer_shut) && drain(cr) == -EPIPE && closed) {
		carrier_destroy(cr);
		return;
	}
	pump(cr);
}

static void dgram_closed(struct carrier *cr)
{
	cr->peer_shut = cr->hung_up = true;
	if (drain(cr) != -EAGAIN)
		carrier_destroy(cr);
}

static int dgram_shutdown(struct call *c, int how)
{
	struct carrier *cr = c->carrier;
	int err;

	drain(cr);
	err = nethood_shutdown(cr->sk, how);
	if (err)
		return err;
	lastclose_watch(cr, c->fd); /* both directions shut look like the last close */
	cr->shut_rd = cr->shut_rd || how != SHUT_WR;
	cr->shut_wr = cr->shut_wr || how != SHUT_RD;
	if (how != SHUT_WR) {
		shutdown(cr->watch.fd, SHUT_WR);
		carrier_mark(cr); /* who waits to receive waits in vain */
	}
	if (how != SHUT_RD)
		shutdown(c->fd, SHUT_WR);
	return 0;
}

static void dgram_exit(struct carrier *cr)
{
	free(cr->flying.control);
	free(cr->held);
	free(cr->tx_held);
}

const struct carrier_ops dgram_ops = {
	.bytes = sizeof(struct carrier),
	.event = dgram_event,
	.flush = dgram_flush,
	.closed = dgram_closed,
	.send = dgram_send,
	.recv = dgram_recv,
	.shutdown = dgram_shutdown,
	.settle = dgram_settle,
	.exit = dgram_exit,
};
