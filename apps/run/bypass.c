// SPDX-License-Identifier: BSD-2-Clause
/* Sockets of the host's own stack, for programs on a net.
 *
 * A process without rights leaves the host's network namespace for one of its own, and cannot come back.  Whoever needs
 * sockets there later leaves a child behind, which makes them and sends them.  The child's parent ends at once, so it is
 * nobody's to wait for; it ends when the other end of its socket is closed.
 */
#include "bypass.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/** struct wish - which socket is asked for */
struct wish {
	int domain, type, protocol;
};

int bypass_add(struct bypass *b, const struct netaddr *addr, uint32_t prefix_bits)
{
	if (prefix_bits > netaddr_bits(addr))
		return -EINVAL;
	if (b->count == BYPASS_PREFIXES)
		return -ENOSPC;
	b->prefix[b->count].addr = *addr;
	b->prefix[b->count++].prefix_bits = prefix_bits;
	return 0;
}

/* Return: false: that is no name of either family.  ::ffff:a.b.c.d is IPv4, as it is on the way */
static bool address_in(const void *name, socklen_t name_bytes, struct netaddr *out)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_UNSPEC };
	struct sockaddr_in sin;

	memcpy(&sin6, name, name_bytes < sizeof(sin6) ? name_bytes : sizeof(sin6));
	memcpy(&sin, &sin6, sizeof(sin));
	if (sin.sin_family == AF_INET && name_bytes >= sizeof(sin)) {
		*out = (struct netaddr){ .family = AF_INET, .v4 = sin.sin_addr };
		return true;
	}
	if (sin6.sin6_family != AF_INET6 || name_bytes < sizeof(sin6))
		return false;
	*out = (struct netaddr){ .family = AF_INET6, .v6 = sin6.sin6_addr };
	if (IN6_IS_ADDR_V4MAPPED(&sin6.sin6_addr)) {
		out->family = AF_INET;
		memmove(out->octets, out->octets + 12, sizeof(out->v4));
	}
	return true;
}

bool bypass_has(const struct bypass *b, const void *name, socklen_t name_bytes)
{
	struct netaddr addr;

	if (!b || !b->count || !address_in(name, name_bytes, &addr))
		return false;
	for (uint32_t i = 0; i < b->count; i++) {
		if (netaddr_in(&addr, &b->prefix[i].addr, b->prefix[i].prefix_bits))
			return true;
	}
	return false;
}

/* ---- who stays behind */

union fd_control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int))];
};

static void answer(int sock, int fd)
{
	union fd_control control = { .room = { 0 } };
	int err = fd < 0 ? -errno : 0;
	struct iovec iov = { .iov_base = &err, .iov_len = sizeof(err) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *cmsg;

		msg.msg_control = control.room;
		msg.msg_controllen = sizeof(control.room);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	sendmsg(sock, &msg, MSG_NOSIGNAL);
	if (fd >= 0)
		close(fd);
}

static void serve(int sock)
{
	struct wish w;

	while (recv(sock, &w, sizeof(w), 0) == (ssize_t)sizeof(w))
		answer(sock, socket(w.domain, w.type | SOCK_CLOEXEC, w.protocol));
}

/* Nothing else of its parent's stays open. */
static void stay_behind(int sock)
{
	if (sock != 3)
		dup2(sock, 3);
	close_range(0, 2, 0);
	close_range(4, ~0U, 0);
	setsid();
	serve(3);
}

int bypass_start(struct bypass *b)
{
	int pair[2], err = 0;
	pid_t pid;

	b->fd = -1;
	if (!b->count)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid = fork();
	if (!pid) {
		if (!fork())
			stay_behind(pair[1]);
		_exit(0);
	}
	if (pid < 0)
		err = -errno;
	else
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	close(pair[1]);
	if (err)
		close(pair[0]);
	else
		b->fd = pair[0];
	return err;
}

void bypass_stop(struct bypass *b)
{
	if (b->fd >= 0)
		close(b->fd);
	b->fd = -1;
}

int bypass_socket(const struct bypass *b, int domain, int type, int protocol)
{
	const struct wish w = { domain, type, protocol };
	union fd_control control;
	int err = -EIO, fd = -1;
	struct iovec iov = { .iov_base = &err, .iov_len = sizeof(err) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof(control.room)
	};
	struct cmsghdr *cmsg;

	if (send(b->fd, &w, sizeof(w), MSG_NOSIGNAL) < 0 || recvmsg(b->fd, &msg, MSG_CMSG_CLOEXEC) < 0)
		return -ENETUNREACH;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd >= 0 ? fd : err < 0 ? err : -EIO;
}
