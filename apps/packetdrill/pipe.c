// SPDX-License-Identifier: BSD-2-Clause
/* Pipes, and what moves between them, sockets and files: splice(2), sendfile(2).
 *
 * A pipe is the host's own, so that a call that waits for one is done at its moment of the virtual clock, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pd.h"

#define PIPE_BYTES 65536
#define PIPE_BYTES_MAX (1 << 20)
#define CHUNK_BYTES 65536

struct pd_pipe {
	struct pd_file *in, *out; /**< its ends: in is read, out is written; NULL: closed */
	uint8_t *ring;
	size_t room_bytes, at, len_bytes;
};

/* ---- the ring */

static size_t ring_put(struct pd_pipe *p, const uint8_t *from, size_t bytes)
{
	size_t end = (p->at + p->len_bytes) % p->room_bytes, first;

	if (bytes > p->room_bytes - p->len_bytes)
		bytes = p->room_bytes - p->len_bytes;
	first = bytes < p->room_bytes - end ? bytes : p->room_bytes - end;
	memcpy(p->ring + end, from, first);
	memcpy(p->ring, from + first, bytes - first);
	p->len_bytes += bytes;
	if (bytes && p->in)
		pd_file_ready(p->in, EPOLLIN | EPOLLRDNORM);
	return bytes;
}

static size_t ring_peek(const struct pd_pipe *p, uint8_t *to, size_t bytes)
{
	size_t first;

	if (bytes > p->len_bytes)
		bytes = p->len_bytes;
	first = bytes < p->room_bytes - p->at ? bytes : p->room_bytes - p->at;
	memcpy(to, p->ring + p->at, first);
	memcpy(to + first, p->ring, bytes - first);
	return bytes;
}

static void ring_skip(struct pd_pipe *p, size_t bytes)
{
	p->at = (p->at + bytes) % p->room_bytes;
	p->len_bytes -= bytes;
	if (bytes && p->out)
		pd_file_ready(p->out, EPOLLOUT | EPOLLWRNORM);
}

/* ---- ends */

int pd_pipe(struct pd *pd, int fds[2])
{
	struct pd_pipe *p = calloc(1, sizeof(*p));
	struct pd_file *in = NULL, *out = NULL;
	int a = -ENOMEM, b;

	if (!p)
		return -ENOMEM;
	p->room_bytes = PIPE_BYTES;
	p->ring = malloc(PIPE_BYTES);
	if (!p->ring || pd_file_create(pd, PD_PIPE_IN, &in) || pd_file_create(pd, PD_PIPE_OUT, &out))
		goto err_parts;
	in->pipe = out->pipe = p;
	p->in = in;
	p->out = out;
	a = pd_file_install(in, false);
	b = a < 0 ? a : pd_file_install(out, false);
	if (a >= 0 && b < 0)
		pd_file_close(in, a);
	pd_file_put(in);
	pd_file_put(out);
	if (b < 0)
		return b;
	fds[0] = a;
	fds[1] = b;
	return 0;

err_parts:
	if (in)
		pd_file_put(in);
	free(p->ring);
	free(p);
	return a;
}

void pd_pipe_end(struct pd_file *file)
{
	struct pd_pipe *p = file->pipe;

	if (file->kind == PD_PIPE_IN)
		p->in = NULL;
	else
		p->out = NULL;
	if (p->in)
		pd_file_ready(p->in, EPOLLHUP);
	else if (p->out)
		pd_file_ready(p->out, EPOLLERR | EPOLLOUT);
	if (p->in || p->out)
		return;
	free(p->ring);
	free(p);
}

uint32_t pd_pipe_readiness(const struct pd_file *file)
{
	const struct pd_pipe *p = file->pipe;

	if (file->kind == PD_PIPE_IN)
		return (p->len_bytes ? EPOLLIN | EPOLLRDNORM : 0U) | (p->out ? 0U : (uint32_t)EPOLLHUP);
	return (p->room_bytes - p->len_bytes >= PIPE_BUF ? EPOLLOUT | EPOLLWRNORM : 0U) |
	       (p->in ? 0U : (uint32_t)EPOLLERR);
}

size_t pd_pipe_bytes(const struct pd_file *file)
{
	return file->pipe->len_bytes;
}

size_t pd_pipe_room(const struct pd_file *file)
{
	return file->pipe->room_bytes;
}

int pd_pipe_resize(struct pd_file *file, int bytes)
{
	struct pd_pipe *p = file->pipe;
	size_t room = PIPE_BUF;
	uint8_t *ring;

	if (bytes < 0 || bytes > PIPE_BYTES_MAX)
		return -EINVAL;
	while (room < (size_t)bytes)
		room *= 2;
	if (room < p->len_bytes)
		return -EBUSY;
	ring = malloc(room);
	if (!ring)
		return -ENOMEM;
	ring_peek(p, ring, p->len_bytes);
	free(p->ring);
	p->ring = ring;
	p->at = 0;
	p->room_bytes = room;
	return (int)room;
}

/* ---- read, write */

struct pipe_call {
	struct pd_file *file;
	const struct iovec *iov;
	int count, piece;
	size_t piece_at;
	size_t bytes, done;
	ssize_t ret;
};

static bool over(struct pipe_call *c, ssize_t ret)
{
	c->ret = ret;
	return true;
}

static bool try_read(void *arg)
{
	struct pipe_call *c = arg;
	struct pd_pipe *p = c->file->pipe;

	if (!p->len_bytes)
		return !p->out && over(c, 0);
	for (int i = 0; i < c->count; i++) {
		size_t n = ring_peek(p, c->iov[i].iov_base, c->iov[i].iov_len);

		ring_skip(p, n);
		c->done += n;
	}
	return over(c, (ssize_t)c->done);
}

static bool try_write(void *arg)
{
	struct pipe_call *c = arg;
	struct pd_pipe *p = c->file->pipe;

	if (!p->in)
		return over(c, c->done ? (ssize_t)c->done : -EPIPE);
	if (c->bytes <= PIPE_BUF && c->bytes > p->room_bytes - p->len_bytes)
		return false; /* all or nothing */
	while (c->piece < c->count) {
		const struct iovec *v = &c->iov[c->piece];
		size_t n = ring_put(p, (const uint8_t *)v->iov_base + c->piece_at, v->iov_len - c->piece_at);

		c->done += n;
		c->piece_at += n;
		if (c->piece_at < v->iov_len)
			return false;
		c->piece++;
		c->piece_at = 0;
	}
	return over(c, (ssize_t)c->done);
}

static ssize_t pipe_run(struct pipe_call *c, bool (*try)(void *arg))
{
	int err;

	for (int i = 0; i < c->count; i++)
		c->bytes += c->iov[i].iov_len;
	if (!c->bytes)
		return 0;
	err = pd_wait(c->file->pd, try, c, c->file->nonblock ? 0 : PD_EVER);
	if (!err)
		return c->ret;
	return c->done ? (ssize_t)c->done : err;
}

ssize_t pd_pipe_readv(struct pd_file *file, const struct iovec *iov, int count)
{
	struct pipe_call c = { .file = file, .iov = iov, .count = count };

	return file->kind == PD_PIPE_IN ? pipe_run(&c, try_read) : -EBADF;
}

ssize_t pd_pipe_writev(struct pd_file *file, const struct iovec *iov, int count)
{
	struct pipe_call c = { .file = file, .iov = iov, .count = count };

	return file->kind == PD_PIPE_OUT ? pipe_run(&c, try_write) : -EBADF;
}

/* ---- splice */

struct splice_call {
	struct pd_file *in, *out; /* NULL: the system's */
	int fd_in, fd_out;
	off64_t *offset_in, *offset_out;
	size_t len_bytes, done;
	unsigned flags;
	uint8_t *chunk;
	ssize_t ret;
};

/* Return: it cannot go on now: @done so far, or wait if it may. */
static bool stuck(struct splice_call *c, bool nonblock)
{
	if (!c->done && !nonblock)
		return false;
	c->ret = c->done ? (ssize_t)c->done : -EAGAIN;
	return true;
}

static bool spliced(struct splice_call *c, ssize_t ret)
{
	c->ret = c->done && ret <= 0 ? (ssize_t)c->done : ret;
	return true;
}

static bool into_pipe(struct splice_call *c)
{
	struct pd_pipe *p = c->out->pipe;
	size_t room = p->room_bytes - p->len_bytes;
	ssize_t n;

	if (!p->in)
		return spliced(c, -EPIPE);
	if (!room)
		return stuck(c, c->flags & SPLICE_F_NONBLOCK || c->out->nonblock);
	room = room < c->len_bytes ? room : c->len_bytes;
	room = room < CHUNK_BYTES ? room : CHUNK_BYTES;
	if (c->in) {
		n = nethood_recvfrom(c->in->sk, c->chunk, room, 0, NULL, NULL);
		if (n == -EAGAIN)
			return stuck(c, c->in->nonblock || c->flags & SPLICE_F_NONBLOCK);
	} else {
		n = c->offset_in ? pread(c->fd_in, c->chunk, room, *c->offset_in) : read(c->fd_in, c->chunk, room);
		if (n < 0)
			n = -errno;
		if (n > 0 && c->offset_in)
			*c->offset_in += n;
	}
	if (n > 0)
		ring_put(p, c->chunk, (size_t)n);
	return spliced(c, n);
}

/* Return: how many octets of the pipe's went on; -EAGAIN */
static ssize_t out_of_pipe(struct splice_call *c, size_t bytes)
{
	size_t rest = c->len_bytes - c->done, there = pd_pipe_bytes(c->in);
	ssize_t n;

	if (c->out && c->out->pipe)
		return c->out->pipe->in ? (ssize_t)ring_put(c->out->pipe, c->chunk, bytes) : -EPIPE;
	if (c->out) {
		bool more = c->flags & SPLICE_F_MORE || bytes < (rest < there ? rest : there);

		return nethood_sendto(c->out->sk, c->chunk, bytes, more ? MSG_MORE : 0, NULL, 0);
	}
	n = c->offset_out ? pwrite(c->fd_out, c->chunk, bytes, *c->offset_out) : write(c->fd_out, c->chunk, bytes);
	if (n > 0 && c->offset_out)
		*c->offset_out += n;
	return n < 0 ? -errno : n;
}

static bool from_pipe(struct splice_call *c)
{
	struct pd_pipe *p = c->in->pipe;

	while (c->done < c->len_bytes) {
		size_t bytes = c->len_bytes - c->done < CHUNK_BYTES ? c->len_bytes - c->done : CHUNK_BYTES;
		ssize_t n;

		if (!p->len_bytes)
			return p->out ? stuck(c, c->flags & SPLICE_F_NONBLOCK || c->in->nonblock) : spliced(c, 0);
		n = out_of_pipe(c, ring_peek(p, c->chunk, bytes));
		if (n == -EAGAIN || (!n && c->out && c->out->pipe)) {
			if (!c->out || c->out->nonblock || (c->out->pipe && c->flags & SPLICE_F_NONBLOCK))
				return stuck(c, true);
			return false; /* for room */
		}
		if (n <= 0)
			return spliced(c, n);
		ring_skip(p, (size_t)n);
		c->done += (size_t)n;
	}
	return spliced(c, 0);
}

static bool try_splice(void *arg)
{
	struct splice_call *c = arg;

	return c->in && c->in->pipe ? from_pipe(c) : into_pipe(c);
}

static int splice_check(const struct splice_call *c)
{
	bool in = c->in && c->in->pipe, out = c->out && c->out->pipe;

	if (!in && !out)
		return -EINVAL;
	if ((in && c->in->kind != PD_PIPE_IN) || (out && c->out->kind != PD_PIPE_OUT))
		return -EBADF;
	if ((in && c->offset_in) || (out && c->offset_out))
		return -ESPIPE;
	if ((c->in && c->offset_in) || (c->out && c->offset_out))
		return -EINVAL;
	if ((c->in && c->in->kind == PD_EPOLL) || (c->out && c->out->kind == PD_EPOLL) ||
	    (in && out && c->in->pipe == c->out->pipe))
		return -EINVAL;
	return 0;
}

static ssize_t splice_run(struct pd *pd, struct splice_call *c)
{
	int err = splice_check(c);

	if (err || !c->len_bytes)
		return err;
	c->chunk = malloc(CHUNK_BYTES);
	if (!c->chunk)
		return -ENOMEM;
	err = pd_wait(pd, try_splice, c, PD_EVER);
	free(c->chunk);
	return err ? err : c->ret;
}

ssize_t pd_splice(struct pd *pd, int fd_in, off64_t *offset_in, int fd_out, off64_t *offset_out, size_t len_bytes,
		  unsigned flags)
{
	struct splice_call c = { .in = pd_file_get(pd, fd_in),
				 .out = pd_file_get(pd, fd_out),
				 .fd_in = fd_in,
				 .fd_out = fd_out,
				 .offset_in = offset_in,
				 .offset_out = offset_out,
				 .len_bytes = len_bytes,
				 .flags = flags };
	ssize_t ret;

	if (!c.in && !c.out) {
		ret = splice(fd_in, offset_in, fd_out, offset_out, len_bytes, flags);
		return ret < 0 ? -errno : ret;
	}
	ret = splice_run(pd, &c);
	if (c.in)
		pd_file_put(c.in);
	if (c.out)
		pd_file_put(c.out);
	return ret;
}

/* ---- sendfile */

/* How many octets there are to send from @at on: for MSG_MORE, which the last piece has not. */
static size_t file_rest(int fd, off64_t at, size_t count)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return count;
	if (st.st_size <= at)
		return 0;
	return (size_t)(st.st_size - at) < count ? (size_t)(st.st_size - at) : count;
}

static ssize_t send_chunks(struct pd_file *out, int in_fd, off64_t *at, size_t count, uint8_t *chunk)
{
	size_t rest = file_rest(in_fd, *at, count), done = 0;

	while (rest) {
		size_t bytes = rest < CHUNK_BYTES ? rest : CHUNK_BYTES;
		ssize_t got = pread(in_fd, chunk, bytes, *at), n;
		struct iovec iov = { .iov_base = chunk, .iov_len = got > 0 ? (size_t)got : 0 };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

		if (got <= 0)
			return done ? (ssize_t)done : got < 0 ? -errno : 0;
		n = pd_sendmsg(out, &msg, rest > (size_t)got ? MSG_MORE : 0);
		if (n < 0)
			return done ? (ssize_t)done : n;
		*at += n;
		done += (size_t)n;
		rest -= (size_t)n;
		if (n < got)
			break;
	}
	return (ssize_t)done;
}

ssize_t pd_sendfile(struct pd_file *out, int in_fd, off64_t *offset, size_t count)
{
	off64_t at = offset ? *offset : lseek(in_fd, 0, SEEK_CUR);
	uint8_t *chunk;
	ssize_t n;

	if (!out->sk || at < 0)
		return -EINVAL;
	chunk = malloc(CHUNK_BYTES);
	if (!chunk)
		return -ENOMEM;
	n = send_chunks(out, in_fd, &at, count, chunk);
	free(chunk);
	if (offset)
		*offset = at;
	else if (n > 0)
		lseek(in_fd, at, SEEK_SET);
	return n;
}
