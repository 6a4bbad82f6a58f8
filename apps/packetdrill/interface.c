// SPDX-License-Identifier: BSD-2-Clause
/* The 32 functions: into the host, out of it, and to libc with descriptors that are not its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "pd.h"

/* Return: the file, the host entered; NULL: the descriptor is none of the host's, which is not entered */
static struct pd_file *enter(void *userdata, int fd)
{
	struct pd *pd = userdata;
	struct pd_file *file;

	pd_enter(pd);
	file = pd_file_get(pd, fd);
	if (!file)
		pthread_mutex_unlock(&pd->lock);
	return file;
}

/* ---- sockets */

static void if_free(void *userdata)
{
	pd_destroy(userdata);
}

static int if_socket(void *userdata, int domain, int type, int protocol)
{
	pd_enter(userdata);
	return (int)pd_leave(userdata, pd_socket(userdata, domain, type, protocol));
}

static int if_bind(void *userdata, int fd, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct pd_file *file = enter(userdata, fd);

	if (!file)
		return bind(fd, addr, len_bytes);
	return (int)pd_file_leave(file, file->sk ? nethood_bind(file->sk, addr, len_bytes) : -ENOTSOCK);
}

static int if_listen(void *userdata, int fd, int backlog)
{
	struct pd_file *file = enter(userdata, fd);

	if (!file)
		return listen(fd, backlog);
	return (int)pd_file_leave(file, file->sk ? nethood_listen(file->sk, backlog) : -ENOTSOCK);
}

static int if_accept(void *userdata, int fd, struct sockaddr *addr, socklen_t *len_bytes)
{
	struct pd_file *file = enter(userdata, fd);

	return file ? (int)pd_file_leave(file, pd_accept(file, addr, len_bytes)) : accept(fd, addr, len_bytes);
}

static int if_connect(void *userdata, int fd, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct pd_file *file = enter(userdata, fd);

	return file ? (int)pd_file_leave(file, pd_connect(file, addr, len_bytes)) : connect(fd, addr, len_bytes);
}

static int if_shutdown(void *userdata, int fd, int how)
{
	struct pd_file *file = enter(userdata, fd);

	if (!file)
		return shutdown(fd, how);
	return (int)pd_file_leave(file, file->sk ? nethood_shutdown(file->sk, how) : -ENOTSOCK);
}

static int if_getsockopt(void *userdata, int fd, int level, int name, void *value, socklen_t *len_bytes)
{
	struct pd_file *file = enter(userdata, fd);

	if (!file)
		return getsockopt(fd, level, name, value, len_bytes);
	return (int)pd_file_leave(file,
				  file->sk ? nethood_getsockopt(file->sk, level, name, value, len_bytes) : -ENOTSOCK);
}

static int if_setsockopt(void *userdata, int fd, int level, int name, const void *value, socklen_t len_bytes)
{
	struct pd_file *file = enter(userdata, fd);

	if (!file)
		return setsockopt(fd, level, name, value, len_bytes);
	return (int)pd_file_leave(file,
				  file->sk ? nethood_setsockopt(file->sk, level, name, value, len_bytes) : -ENOTSOCK);
}

/* ---- reading */

static ssize_t if_readv(void *userdata, int fd, const struct iovec *iov, int count)
{
	struct pd_file *file = enter(userdata, fd);

	return file ? pd_file_leave(file, pd_readv(file, iov, count)) : readv(fd, iov, count);
}

static ssize_t if_read(void *userdata, int fd, void *buf, size_t len_bytes)
{
	const struct iovec iov = { .iov_base = buf, .iov_len = len_bytes };

	return if_readv(userdata, fd, &iov, 1);
}

static ssize_t if_recvmsg(void *userdata, int fd, struct msghdr *msg, int flags)
{
	struct pd_file *file = enter(userdata, fd);

	return file ? pd_file_leave(file, pd_recvmsg(file, msg, flags)) : recvmsg(fd, msg, flags);
}

static ssize_t if_recvfrom(void *userdata, int fd, void *buf, size_t len_bytes, int flags, struct sockaddr *from,
			   socklen_t *from_bytes)
{
	struct iovec iov = { .iov_base = buf, .iov_len = len_bytes };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (from) {
		msg.msg_name = from;
		msg.msg_namelen = *from_bytes;
	}
	n = if_recvmsg(userdata, fd, &msg, flags);
	if (n >= 0 && from)
		*from_bytes = msg.msg_namelen;
	return n;
}

static ssize_t if_recv(void *userdata, int fd, void *buf, size_t len_bytes, int flags)
{
	return if_recvfrom(userdata, fd, buf, len_bytes, flags, NULL, NULL);
}

/* ---- writing */

static ssize_t if_writev(void *userdata, int fd, const struct iovec *iov, int count)
{
	struct pd_file *file = enter(userdata, fd);

	return file ? pd_file_leave(file, pd_writev(file, iov, count)) : writev(fd, iov, count);
}

static ssize_t if_write(void *userdata, int fd, const void *buf, size_t len_bytes)
{
	const struct iovec iov = { .iov_base = (void *)(uintptr_t)buf, .iov_len = len_bytes };

	return if_writev(userdata, fd, &iov, 1);
}

static ssize_t if_sendmsg(void *userdata, int fd, const struct msghdr *msg, int flags)
{
	struct pd_file *file = enter(userdata, fd);

	return file ? pd_file_leave(file, pd_sendmsg(file, msg, flags)) : sendmsg(fd, msg, flags);
}

static ssize_t if_sendto(void *userdata, int fd, const void *buf, size_t len_bytes, int flags,
			 const struct sockaddr *to, socklen_t to_bytes)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)buf, .iov_len = len_bytes };
	const struct msghdr msg = {
		.msg_name = (void *)(uintptr_t)to, .msg_namelen = to ? to_bytes : 0, .msg_iov = &iov, .msg_iovlen = 1
	};

	return if_sendmsg(userdata, fd, &msg, flags);
}

static ssize_t if_send(void *userdata, int fd, const void *buf, size_t len_bytes, int flags)
{
	return if_sendto(userdata, fd, buf, len_bytes, flags, NULL, 0);
}

/* ---- descriptors */

static int if_fcntl(void *userdata, int fd, int command, ...)
{
	struct pd_file *file = enter(userdata, fd);
	va_list args;
	void *arg;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	return file ? (int)pd_file_leave(file, pd_fcntl(file, fd, command, arg)) : fcntl(fd, command, arg);
}

static int if_ioctl(void *userdata, int fd, unsigned long request, ...)
{
	struct pd_file *file = enter(userdata, fd);
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	return file ? (int)pd_file_leave(file, pd_ioctl(file, fd, request, arg)) : ioctl(fd, request, arg);
}

static int if_close(void *userdata, int fd)
{
	struct pd_file *file = enter(userdata, fd);

	return file ? (int)pd_file_leave(file, pd_close(file, fd)) : close(fd);
}

static int if_pipe(void *userdata, int fds[2])
{
	pd_enter(userdata);
	return (int)pd_leave(userdata, pd_pipe(userdata, fds));
}

static ssize_t if_splice(void *userdata, int fd_in, off64_t *offset_in, int fd_out, off64_t *offset_out,
			 size_t len_bytes, unsigned flags)
{
	pd_enter(userdata);
	return pd_leave(userdata, pd_splice(userdata, fd_in, offset_in, fd_out, offset_out, len_bytes, flags));
}

/* ---- waiting */

static int if_poll(void *userdata, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	pd_enter(userdata);
	return (int)pd_leave(userdata, pd_poll(userdata, fds, count, timeout_ms));
}

static int if_epoll_create(void *userdata, int size)
{
	pd_enter(userdata);
	return (int)pd_leave(userdata, pd_epoll_create(userdata, size));
}

static int if_epoll_ctl(void *userdata, int epfd, int op, int fd, struct epoll_event *event)
{
	struct pd_file *file = enter(userdata, epfd);

	return file ? (int)pd_file_leave(file, pd_epoll_ctl(file, op, fd, event)) : epoll_ctl(epfd, op, fd, event);
}

static int if_epoll_wait(void *userdata, int epfd, struct epoll_event *events, int count, int timeout_ms)
{
	struct pd_file *file = enter(userdata, epfd);

	return file ? (int)pd_file_leave(file, pd_epoll_wait(file, events, count, timeout_ms))
		    : epoll_wait(epfd, events, count, timeout_ms);
}

/* ---- the wire and the clock */

static int if_netdev_send(void *userdata, const void *packet, size_t len_bytes)
{
	pd_enter(userdata);
	return (int)pd_leave(userdata, pd_packet_in(userdata, packet, len_bytes));
}

static int if_netdev_receive(void *userdata, void *packet, size_t *len_bytes, long long *time_us)
{
	pd_enter(userdata);
	return (int)pd_leave(userdata, pd_packet_out(userdata, packet, len_bytes, time_us));
}

static int if_usleep(void *userdata, useconds_t us)
{
	pd_enter(userdata);
	pd_sleep(userdata, us * NS_PER_US);
	return (int)pd_leave(userdata, 0);
}

/* Who waits by looking at the clock again and again must come to an end. */
static int if_gettimeofday(void *userdata, struct timeval *tv, struct timezone *tz)
{
	long long us;

	pd_enter(userdata);
	pd_sleep(userdata, NS_PER_US);
	us = pd_wall_us(userdata);
	if (tv)
		*tv = (struct timeval){ .tv_sec = us / 1000000, .tv_usec = us % 1000000 };
	if (tz)
		memset(tz, 0, sizeof(*tz));
	return (int)pd_leave(userdata, 0);
}

/* ---- the beginning */

static const struct packetdrill_interface functions = {
	.free = if_free,
	.socket = if_socket,
	.bind = if_bind,
	.listen = if_listen,
	.accept = if_accept,
	.connect = if_connect,
	.read = if_read,
	.readv = if_readv,
	.recv = if_recv,
	.recvfrom = if_recvfrom,
	.recvmsg = if_recvmsg,
	.write = if_write,
	.writev = if_writev,
	.send = if_send,
	.sendto = if_sendto,
	.sendmsg = if_sendmsg,
	.fcntl = if_fcntl,
	.ioctl = if_ioctl,
	.close = if_close,
	.shutdown = if_shutdown,
	.getsockopt = if_getsockopt,
	.setsockopt = if_setsockopt,
	.poll = if_poll,
	.netdev_send = if_netdev_send,
	.netdev_receive = if_netdev_receive,
	.usleep = if_usleep,
	.gettimeofday = if_gettimeofday,
	.epoll_create = if_epoll_create,
	.epoll_ctl = if_epoll_ctl,
	.epoll_wait = if_epoll_wait,
	.pipe = if_pipe,
	.splice = if_splice,
};

__attribute__((visibility("default"))) void packetdrill_interface_init(const char *flags,
								       struct packetdrill_interface *interface)
{
	struct pd_config config;
	const char *wrong = pd_config_parse(flags, &config);
	struct pd *pd = NULL;
	int err;

	if (wrong)
		fprintf(stderr, "nethood: %s: %s\n", flags, wrong);
	err = wrong ? -EINVAL : pd_create(&config, &pd);
	if (err)
		err = pd_create(NULL, &pd); /* calls fail, and do not crash */
	if (err) {
		fprintf(stderr, "nethood: %s\n", strerror(-err));
		abort();
	}
	*interface = functions;
	interface->userdata = pd;
}
