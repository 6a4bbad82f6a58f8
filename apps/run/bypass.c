// SPDX-License-Identifier: BSD-2-Clause
/* Sockets of the host's own stack, for programs on a net.
 *
 * A process without rights leaves the host's network namespace for one of its own, and cannot come back.  Whoever needs
 * sockets there later leaves a child behind, which makes them and sends them.  The child's parent ends at once, so it is
 * nobody's to wait for; it ends when the other end of its socket is closed.
 */
#include "bypass.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/** struct wish - which socket is asked for */
struct wish {
	int type, protocol;
};

int bypass_add(struct bypass *b, struct in_addr addr, uint32_t prefix_bits)
{
	if (prefix_bits > 32)
		return -EINVAL;
	if (b->count == BYPASS_PREFIXES)
		return -ENOSPC;
	b->prefix[b->count].addr = addr;
	b->prefix[b->count++].prefix_bits = prefix_bits;
	return 0;
}

bool bypass_has(const struct bypass *b, const void *name, socklen_t name_bytes)
{
	struct sockaddr_in sin;

	if (!b || !b->count || name_bytes < sizeof(sin))
		return false;
	memcpy(&sin, name, sizeof(sin));
	for (uint32_t i = 0; sin.sin_family == AF_INET && i < b->count; i++) {
		uint32_t bits = b->prefix[i].prefix_bits, mask = bits ? htonl(~UINT32_C(0) << (32 - bits)) : 0;

		if (!((sin.sin_addr.s_addr ^ b->prefix[i].addr.s_addr) & mask))
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
		answer(sock, socket(AF_INET, w.type | SOCK_CLOEXEC, w.protocol));
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

int bypass_socket(const struct bypass *b, int type, int protocol)
{
	const struct wish w = { type, protocol };
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
