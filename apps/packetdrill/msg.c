// SPDX-License-Identifier: BSD-2-Clause
/* Reading and writing: the library's calls never wait, these do.
 *
 * A call that does not wait is the library's as it is.  One that waits sends all of a stream, or receives SO_RCVLOWAT
 * octets of it, all with MSG_WAITALL; a datagram goes and comes whole.
 */
#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "pd.h"

/** struct transfer - a call that waits */
struct transfer {
	struct pd_file *file;
	struct msghdr msg; /* what is left to do; its pieces are a copy */
	int flags;
	size_t done_bytes, wanted_bytes;
	ssize_t ret;
	size_t control_room;
	socklen_t name_room;
	struct msghdr *answer; /* receive: the program's */
	bool connecting;       /* send: it goes on when the connection is there */
};

static size_t iov_bytes(const struct iovec *iov, size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += iov[i].iov_len;
	return bytes;
}

static void iov_skip(struct msghdr *msg, size_t bytes)
{
	while (bytes && msg->msg_iovlen) {
		size_t n = bytes < msg->msg_iov->iov_len ? bytes : msg->msg_iov->iov_len;

		msg->msg_iov->iov_base = (char *)msg->msg_iov->iov_base + n;
		msg->msg_iov->iov_len -= n;
		bytes -= n;
		if (msg->msg_iov->iov_len)
			break;
		msg->msg_iov++;
		msg->msg_iovlen--;
	}
}

static bool over(struct transfer *t, ssize_t ret)
{
	t->ret = ret;
	return true;
}

/* Do it, waiting if need be, on a copy of the pieces. */
static ssize_t transfer_run(struct transfer *t, bool (*try)(void *arg), int timeout_name)
{
	size_t count = t->msg.msg_iovlen;
	struct iovec *copy = calloc(count ? count : 1, sizeof(*copy));
	int err;

	if (!copy)
		return -ENOMEM;
	if (count)
		memcpy(copy, t->msg.msg_iov, count * sizeof(*copy));
	t->msg.msg_iov = copy;
	err = pd_wait(t->file->pd, try, t, pd_sock_timeout_ns(t->file, timeout_name));
	free(copy);
	if (!err)
		return t->ret;
	return t->done_bytes ? (ssize_t)t->done_bytes : t->connecting && err == -EAGAIN ? -EINPROGRESS : err;
}

/* Part of it is done and the connection has ended: the next call is told why, as the error is told only once. */
static bool ended(const struct transfer *t)
{
	return t->done_bytes && (nethood_readiness(t->file->sk) & (EPOLLERR | EPOLLHUP)) == (EPOLLERR | EPOLLHUP);
}

/* ---- send */

/* The SYN is on its way; what it did not carry follows, and the call lasts until it is answered.  Return: not yet */
static bool is_connecting(struct transfer *t)
{
	if (t->connecting && !(nethood_readiness(t->file->sk) & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		return true;
	t->connecting = false;
	return false;
}

static bool try_send(void *arg)
{
	struct transfer *t = arg;

	for (;;) {
		ssize_t n;

		if (is_connecting(t))
			return false;
		if (t->file->stream && t->done_bytes && (t->done_bytes == t->wanted_bytes || ended(t)))
			return over(t, (ssize_t)t->done_bytes);
		n = nethood_sendmsg(t->file->sk, &t->msg, t->flags);
		if (n == -EAGAIN)
			return false;
		if (n < 0 && (n != -EINPROGRESS || !t->file->stream))
			return over(t, t->done_bytes ? (ssize_t)t->done_bytes : n);
		t->connecting = n == -EINPROGRESS || t->flags & MSG_FASTOPEN;
		t->flags &= ~MSG_FASTOPEN;
		if (n > 0) {
			t->done_bytes += (size_t)n;
			iov_skip(&t->msg, (size_t)n);
			t->msg.msg_control = NULL; /* it was about the whole */
			t->msg.msg_controllen = 0;
		}
		if (!t->connecting && (!t->file->stream || t->done_bytes == t->wanted_bytes))
			return over(t, (ssize_t)t->done_bytes);
		t->msg.msg_name = NULL;
		t->msg.msg_namelen = 0;
	}
}

ssize_t pd_sendmsg(struct pd_file *file, const struct msghdr *msg, int flags)
{
	struct transfer t = { .file = file, .msg = *msg, .flags = flags };

	if (!file->sk)
		return -ENOTSOCK;
	if (file->nonblock || flags & MSG_DONTWAIT || msg->msg_iovlen > IOV_MAX)
		return nethood_sendmsg(file->sk, msg, flags);
	t.wanted_bytes = iov_bytes(msg->msg_iov, msg->msg_iovlen);
	return transfer_run(&t, try_send, SO_SNDTIMEO);
}

/* ---- receive */

/* Of what came last the program is told. */
static void answer(struct transfer *t)
{
	t->answer->msg_namelen = t->msg.msg_namelen;
	t->answer->msg_controllen = t->msg.msg_controllen;
	t->answer->msg_flags = t->msg.msg_flags;
}

static bool try_recv(void *arg)
{
	struct transfer *t = arg;

	for (;;) {
		int unread = 0;
		ssize_t n;

		if (ended(t) && !nethood_ioctl(t->file->sk, SIOCINQ, &unread, sizeof(unread)) && !unread)
			return over(t, (ssize_t)t->done_bytes);
		t->msg.msg_namelen = t->name_room;
		t->msg.msg_controllen = t->control_room;
		n = nethood_recvmsg(t->file->sk, &t->msg, t->flags);
		if (n == -EAGAIN)
			return false;
		if (n < 0)
			return over(t, t->done_bytes ? (ssize_t)t->done_bytes : n);
		answer(t);
		if (t->flags & MSG_PEEK && n && (size_t)n < t->wanted_bytes && t->file->stream) {
			t->done_bytes = (size_t)n; /* it is looked at again when there is more */
			return false;
		}
		t->done_bytes = (t->flags & MSG_PEEK ? 0 : t->done_bytes) + (size_t)n;
		if (!n || !t->file->stream || t->done_bytes >= t->wanted_bytes)
			return over(t, (ssize_t)t->done_bytes);
		iov_skip(&t->msg, (size_t)n);
	}
}

static size_t wanted(const struct pd_file *file, const struct msghdr *msg, int flags)
{
	size_t all = iov_bytes(msg->msg_iov, msg->msg_iovlen);
	int lowat = 1;
	socklen_t len = sizeof(lowat);

	if (flags & MSG_WAITALL)
		return all;
	nethood_getsockopt(file->sk, SOL_SOCKET, SO_RCVLOWAT, &lowat, &len);
	return lowat > 0 && (size_t)lowat < all ? (size_t)lowat : all;
}

ssize_t pd_recvmsg(struct pd_file *file, struct msghdr *msg, int flags)
{
	struct transfer t = { .file = file, .msg = *msg, .flags = flags, .answer = msg };

	if (!file->sk)
		return -ENOTSOCK;
	if (file->nonblock || flags & (MSG_DONTWAIT | MSG_ERRQUEUE | MSG_OOB) || msg->msg_iovlen > IOV_MAX)
		return nethood_recvmsg(file->sk, msg, flags);
	t.control_room = msg->msg_controllen;
	t.name_room = msg->msg_namelen;
	t.wanted_bytes = wanted(file, msg, flags);
	return transfer_run(&t, try_recv, SO_RCVTIMEO);
}

/* ---- read, write */

ssize_t pd_readv(struct pd_file *file, const struct iovec *iov, int count)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)count };

	if (count < 0 || count > IOV_MAX)
		return -EINVAL;
	if (file->pipe)
		return pd_pipe_readv(file, iov, count);
	if (!file->sk)
		return -EINVAL;
	return iov_bytes(iov, (size_t)count) ? pd_recvmsg(file, &msg, 0) : 0;
}

ssize_t pd_writev(struct pd_file *file, const struct iovec *iov, int count)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)count };

	if (count < 0 || count > IOV_MAX)
		return -EINVAL;
	if (file->pipe)
		return pd_pipe_writev(file, iov, count);
	return file->sk ? pd_sendmsg(file, &msg, 0) : -EINVAL;
}
