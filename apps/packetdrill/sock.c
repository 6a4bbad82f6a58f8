// SPDX-License-Identifier: BSD-2-Clause
/* socket, accept, connect, close, fcntl, ioctl: what is more than a call of the library, because it may block or is about
 * descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h> /* before linux/if.h, which steps back for it */

#include <linux/if_arp.h>
#include <linux/route.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>

#include "pd.h"

#define SOCK_TYPE_MASK 0xf
#define SIOC_FIRST 0x8900U
#define SIOC_LAST 0x89ffU
#define SIOCGSTAMP_BOTH 0x8906U /* SIOCGSTAMP, SIOCGSTAMPNS: their macros depend on the architecture */

/* ---- new ones */

/* @sk is taken, also on error.  Return: a descriptor, -errno */
static int sock_install(struct pd *pd, struct nethood_sock *sk, const struct pd_file *model, bool cloexec)
{
	struct pd_file *file;
	int fd = pd_file_create(pd, PD_SOCK, &file);

	if (fd) {
		nethood_close(sk);
		return fd;
	}
	file->sk = sk;
	file->stream = model->stream;
	file->inet = model->inet;
	file->nonblock = model->nonblock;
	fd = pd_file_install(file, cloexec);
	pd_file_put(file);
	return fd;
}

int pd_socket(struct pd *pd, int domain, int type, int protocol)
{
	struct pd_file model = { .stream = (type & SOCK_TYPE_MASK) == SOCK_STREAM,
				 .inet = domain == AF_INET || domain == AF_INET6,
				 .nonblock = type & SOCK_NONBLOCK };
	struct nethood_sock *sk;
	int err;

	if (!pd->net)
		return -EAFNOSUPPORT;
	if (type & ~(SOCK_TYPE_MASK | SOCK_NONBLOCK | SOCK_CLOEXEC))
		return -EINVAL;
	pd_sysctls(pd);
	err = nethood_socket(pd->net, domain, type & SOCK_TYPE_MASK, protocol, &sk);
	return err ? err : sock_install(pd, sk, &model, type & SOCK_CLOEXEC);
}

uint64_t pd_sock_timeout_ns(const struct pd_file *file, int name)
{
	struct timeval tv = { 0, 0 };
	socklen_t len = sizeof(tv);

	if (nethood_getsockopt(file->sk, SOL_SOCKET, name, &tv, &len) || (!tv.tv_sec && !tv.tv_usec))
		return PD_EVER;
	return (uint64_t)tv.tv_sec * NS_PER_S + (uint64_t)tv.tv_usec * NS_PER_US;
}

struct accept_call {
	struct pd_file *file;
	struct nethood_sock *child;
	struct sockaddr *addr;
	socklen_t *len_bytes;
	int err;
};

static bool try_accept(void *arg)
{
	struct accept_call *c = arg;

	c->err = nethood_accept(c->file->sk, &c->child, c->addr, c->len_bytes);
	return c->err != -EAGAIN;
}

int pd_accept(struct pd_file *file, struct sockaddr *addr, socklen_t *len_bytes)
{
	struct accept_call c = { .file = file, .addr = addr, .len_bytes = len_bytes };
	struct pd_file model = { .stream = file->stream, .inet = file->inet };
	int err;

	if (!file->sk)
		return -ENOTSOCK;
	err = pd_wait(file->pd, try_accept, &c, file->nonblock ? 0 : pd_sock_timeout_ns(file, SO_RCVTIMEO));
	if (!err)
		err = c.err;
	return err ? err : sock_install(file->pd, c.child, &model, false);
}

/* ---- connect */

struct connect_call {
	struct pd_file *file;
	const struct sockaddr *addr;
	socklen_t len_bytes;
	int err;
};

/* The second call tells what became of the first one. */
static bool try_connect(void *arg)
{
	struct connect_call *c = arg;

	if (!(nethood_readiness(c->file->sk) & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		return false;
	c->err = nethood_connect(c->file->sk, c->addr, c->len_bytes);
	return c->err != -EALREADY && c->err != -EINPROGRESS;
}

int pd_connect(struct pd_file *file, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct connect_call c = { .file = file, .addr = addr, .len_bytes = len_bytes };
	int begun, err;

	if (!file->sk)
		return -ENOTSOCK;
	begun = nethood_connect(file->sk, addr, len_bytes);
	if ((begun != -EINPROGRESS && begun != -EALREADY) || file->nonblock)
		return begun;
	err = pd_wait(file->pd, try_connect, &c, pd_sock_timeout_ns(file, SO_SNDTIMEO));
	if (err == -EAGAIN)
		return begun;
	return err ? err : c.err;
}

/* ---- close */

static bool has_unread(const struct pd_file *file)
{
	int bytes = 0;

	return !nethood_ioctl(file->sk, SIOCINQ, &bytes, sizeof(bytes)) && bytes;
}

static uint8_t tcp_state(const struct pd_file *file)
{
	struct tcp_info info = { .tcpi_state = 0 };
	socklen_t len = sizeof(info);

	return nethood_getsockopt(file->sk, IPPROTO_TCP, TCP_INFO, &info, &len) ? 0 : info.tcpi_state;
}

static bool fin_acked(void *arg)
{
	switch (tcp_state(arg)) {
	case TCP_FIN_WAIT1:
	case TCP_LAST_ACK:
	case TCP_CLOSING:
		return false;
	default:
		return true;
	}
}

/* The last close of a connection that lingers waits until the peer has acknowledged all, as it does on a kernel also when
 * the descriptor does not block. */
static void linger(struct pd_file *file)
{
	struct linger l = { 0, 0 };
	socklen_t len = sizeof(l);
	uint8_t state;

	if (!file->stream || !file->inet || nethood_getsockopt(file->sk, SOL_SOCKET, SO_LINGER, &l, &len))
		return;
	if (!l.l_onoff || l.l_linger <= 0 || has_unread(file))
		return;
	state = tcp_state(file);
	if (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT && fin_acked(file))
		return;
	nethood_shutdown(file->sk, SHUT_RDWR);
	pd_wait(file->pd, fin_acked, file, (unsigned)l.l_linger * NS_PER_S);
}

/* @file has two references if this is its last descriptor: that one's, and the call's. */
int pd_close(struct pd_file *file, int fd)
{
	pd_file_close(file, fd);
	if (file->refs == 1 && file->sk)
		linger(file);
	return 0;
}

/* ---- fcntl, ioctl */

int pd_fcntl(struct pd_file *file, int fd, int command, void *arg)
{
	int value = (int)(intptr_t)arg, ret;

	switch (command) {
	case F_GETFL:
		if (file->kind == PD_PIPE_IN || file->kind == PD_PIPE_OUT)
			return (file->kind == PD_PIPE_IN ? O_RDONLY : O_WRONLY) | (file->nonblock ? O_NONBLOCK : 0);
		return O_RDWR | (file->nonblock ? O_NONBLOCK : 0);
	case F_SETFL:
		file->nonblock = value & O_NONBLOCK;
		return 0;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return pd_file_dup(file, fd, value, command == F_DUPFD_CLOEXEC);
	case F_GETPIPE_SZ:
		return file->pipe ? (int)pd_pipe_room(file) : -EBADF;
	case F_SETPIPE_SZ:
		return file->pipe ? pd_pipe_resize(file, value) : -EBADF;
	default:
		ret = fcntl(fd, command, arg);
		return ret < 0 ? -errno : ret;
	}
}

/* What a request reads and writes. */
static size_t request_bytes(unsigned long request)
{
	switch (request) {
	case SIOCGIFCONF:
		return sizeof(struct ifconf);
	case SIOCADDRT:
	case SIOCDELRT:
		return sizeof(struct rtentry);
	case SIOCSARP:
	case SIOCDARP:
	case SIOCGARP:
		return sizeof(struct arpreq);
	case SIOCGSTAMP_BOTH:
	case SIOCGSTAMP_BOTH + 1:
		return sizeof(struct timespec);
	case SIOCATMARK:
	case SIOCOUTQNSD:
	case FIOSETOWN:
	case SIOCSPGRP:
	case FIOGETOWN:
	case SIOCGPGRP:
		return sizeof(int);
	default:
		return request >= SIOC_FIRST && request <= SIOC_LAST ? sizeof(struct ifreq) : sizeof(int);
	}
}

int pd_ioctl(struct pd_file *file, int fd, unsigned long request, void *arg)
{
	int ret;

	switch (request) {
	case FIONBIO:
		if (!arg)
			return -EFAULT;
		file->nonblock = *(const int *)arg != 0;
		return 0;
	case FIOCLEX:
	case FIONCLEX:
		ret = ioctl(fd, request, arg);
		return ret < 0 ? -errno : ret;
	default:
		break;
	}
	if (file->sk)
		return nethood_ioctl(file->sk, request, arg, request_bytes(request));
	if (!file->pipe || request != FIONREAD)
		return -ENOTTY;
	if (!arg)
		return -EFAULT;
	*(int *)arg = (int)pd_pipe_bytes(file);
	return 0;
}
