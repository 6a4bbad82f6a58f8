// SPDX-License-Identifier: BSD-2-Clause
/* Calls that make, name and tune sockets: socket(2) ... setsockopt(2).  Messages are in call_msg.c. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "supervisor_internal.h"

#define NH_SO_RCVTIMEO_NEW 66
#define NH_SO_SNDTIMEO_NEW 67
#define IPV6_FLOWLABEL_MGR 32 /* linux/in6.h cannot stand beside netinet/in.h */
#define TYPE_MASK 0xf

/* A socket of the host that the program was given: it is not the way out of the net, unless that is what was asked for. */
long call_foreign(const struct call *c)
{
	int domain = 0, nr = c->rq->data.nr;
	socklen_t len = sizeof(domain);

	if ((nr != SYS_bind && nr != SYS_connect && nr != SYS_listen) || (c->sv->bypass && c->sv->bypass->count))
		return CALL_CONTINUE;
	if (getsockopt(c->fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 || (domain != AF_INET && domain != AF_INET6))
		return CALL_CONTINUE;
	return -EPROTONOSUPPORT;
}

static long call_socket(struct call *c)
{
	int domain = (int)call_arg(c, 0), type = (int)call_arg(c, 1), protocol = (int)call_arg(c, 2);
	int flags = type & ~TYPE_MASK;
	struct nethood_sock *sk;
	uid_t uid;
	int err;

	if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
		return -EINVAL;
	err = nethood_socket(c->sv->net, domain, type & TYPE_MASK, protocol, &sk);
	if (err)
		return err;
	uid = task_euid(call_tid(c));
	nethood_sock_set_admin(sk, uid == c->sv->owner || !uid);
	return carrier_open(c, sk, domain, type & TYPE_MASK, flags);
}

/* A socket address of the program.  Return: 0, -EINVAL, -EFAULT */
static int read_name(const struct call *c, uint64_t at, uint64_t len, struct sockaddr_storage *name)
{
	if ((int)len < 0 || len > sizeof(*name))
		return -EINVAL;
	return task_read(call_tid(c), name, at, (size_t)len);
}

/* What a program is likely to have set before it says whom it wants to speak with. */
static const struct {
	int level, name;
} kept_options[] = {
	{ SOL_SOCKET, SO_REUSEADDR }, { SOL_SOCKET, SO_REUSEPORT }, { SOL_SOCKET, SO_KEEPALIVE },
	{ SOL_SOCKET, SO_BROADCAST }, { SOL_SOCKET, SO_LINGER },    { SOL_SOCKET, SO_RCVTIMEO },
	{ SOL_SOCKET, SO_SNDTIMEO },  { IPPROTO_TCP, TCP_NODELAY },
};

static void keep_options(const struct call *c, int fd)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept_options); i++) {
		uint8_t value[sizeof(struct timeval)];
		socklen_t len = sizeof(value);

		if (nethood_getsockopt(c->carrier->sk, kept_options[i].level, kept_options[i].name, value, &len) == 0)
			setsockopt(fd, kept_options[i].level, kept_options[i].name, value, len);
	}
}

static int option_of(const struct call *c, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	nethood_getsockopt(c->carrier->sk, SOL_SOCKET, name, &value, &len);
	return value;
}

long call_bypass(struct call *c, const struct sockaddr_storage *name, socklen_t name_bytes)
{
	int fd, flags = fcntl(c->fd, F_GETFL);
	long err;

	if (!bypass_has(c->sv->bypass, name, name_bytes))
		return CALL_OURS;
	fd = bypass_socket(c->sv->bypass, option_of(c, SO_DOMAIN), option_of(c, SO_TYPE), option_of(c, SO_PROTOCOL));
	if (fd < 0)
		return fd;
	keep_options(c, fd);
	if (flags & O_NONBLOCK)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	err = call_replace_fd(c, fd);
	close(fd);
	return err == -ENOENT ? CALL_GONE : err < 0 ? err : CALL_CONTINUE;
}

/* The address that bind(2) or connect(2) is given.  Return: CALL_OURS, or what the call gives: there is no more to do */
static long read_our_name(struct call *c, struct sockaddr_storage *name)
{
	int err = read_name(c, call_arg(c, 1), (uint32_t)call_arg(c, 2), name);

	if (err)
		return err;
	if (!call_valid(c->listener, c->rq->id))
		return CALL_GONE;
	return call_bypass(c, name, (socklen_t)call_arg(c, 2));
}

static long call_bind(struct call *c)
{
	struct sockaddr_storage name = { .ss_family = AF_UNSPEC };
	long ret = read_our_name(c, &name);

	if (ret != CALL_OURS)
		return ret;
	return nethood_bind(c->carrier->sk, (struct sockaddr *)&name, (socklen_t)call_arg(c, 2));
}

static long call_connect(struct call *c)
{
	struct sockaddr_storage name = { .ss_family = AF_UNSPEC };
	long ret = read_our_name(c, &name);
	int err;

	if (ret != CALL_OURS)
		return ret;
	if (c->carrier->ops->connect)
		return c->carrier->ops->connect(c, (struct sockaddr *)&name, (socklen_t)call_arg(c, 2));
	err = nethood_connect(c->carrier->sk, (struct sockaddr *)&name, (socklen_t)call_arg(c, 2));
	if (!err)
		c->carrier->connected = name.ss_family != AF_UNSPEC && c->carrier->domain != AF_NETLINK;
	return err;
}

static long call_listen(struct call *c)
{
	int backlog = (int)call_arg(c, 1);

	return c->carrier->ops->listen ? c->carrier->ops->listen(c, backlog) : nethood_listen(c->carrier->sk, backlog);
}

/* Two pieces of the program's memory at once.  Return: 0, -EFAULT, -ESRCH */
static int write_two(const struct call *c, uint64_t at, const void *data, size_t data_bytes, uint64_t len_at,
		     const socklen_t *len)
{
	const struct iovec local[2] = {
		{ (void *)(uintptr_t)data, data_bytes },
		{ (void *)(uintptr_t)len, sizeof(*len) },
	};
	const struct iovec remote[2] = {
		{ (void *)(uintptr_t)at, data_bytes },
		{ (void *)(uintptr_t)len_at, sizeof(*len) },
	};
	size_t skip = data_bytes ? 0 : 1;

	return task_writev(call_tid(c), remote + skip, 2 - skip, local + skip, 2 - skip, data_bytes + sizeof(*len));
}

/* An address and its length, where the program wants them.  Return: 0, -EFAULT, -EINVAL, -ESRCH */
static int write_name(const struct call *c, uint64_t at, uint64_t len_at, const struct sockaddr_storage *name,
		      socklen_t name_bytes)
{
	socklen_t room;
	int err = task_read(call_tid(c), &room, len_at, sizeof(room));

	if (err)
		return err;
	if ((int)room < 0)
		return -EINVAL;
	if (room > name_bytes)
		room = name_bytes;
	if (!call_valid(c->listener, c->rq->id))
		return -ESRCH;
	return write_two(c, at, name, room, len_at, &name_bytes);
}

int call_write_peer(const struct call *c, const struct sockaddr_storage *name, socklen_t name_bytes)
{
	return call_arg(c, 1) ? write_name(c, call_arg(c, 1), call_arg(c, 2), name, name_bytes) : 0;
}

static long call_accept4(struct call *c)
{
	int flags = c->rq->data.nr == SYS_accept4 ? (int)call_arg(c, 3) : 0;

	if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
		return -EINVAL;
	return c->carrier->ops->accept ? c->carrier->ops->accept(c, flags) : -EOPNOTSUPP;
}

static long put_name(struct call *c, int (*get)(struct nethood_sock *sk, struct sockaddr *addr, socklen_t *len_bytes))
{
	struct sockaddr_storage name;
	socklen_t name_bytes = sizeof(name);
	int err = get(c->carrier->sk, (struct sockaddr *)&name, &name_bytes);

	return err ? err : write_name(c, call_arg(c, 1), call_arg(c, 2), &name, name_bytes);
}

static long call_getsockname(struct call *c)
{
	return put_name(c, nethood_getsockname);
}

static long call_getpeername(struct call *c)
{
	return put_name(c, nethood_getpeername);
}

static long call_shutdown(struct call *c)
{
	return c->carrier->ops->shutdown(c, (int)call_arg(c, 1));
}

/* ---- options */

/* A filter is given by a pointer within the option.  Return: 0, -errno */
static int set_filter(const struct call *c, socklen_t len)
{
	struct sock_fprog prog;
	uint8_t *insns = c->sv->data;
	size_t bytes;
	int err;

	if (len != sizeof(prog))
		return -EINVAL;
	memcpy(&prog, c->sv->option, sizeof(prog));
	bytes = prog.len * sizeof(struct sock_filter);
	if (bytes > DATA_BYTES_MAX)
		return -EINVAL;
	err = task_read(call_tid(c), insns, (uint64_t)(uintptr_t)prog.filter, bytes);
	if (err)
		return err;
	prog.filter = (struct sock_filter *)(void *)insns;
	return nethood_setsockopt(c->carrier->sk, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
}

/* What holds for calls that the kernel serves, too. */
static bool is_shared(int level, int name)
{
	return level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO || name == NH_SO_RCVTIMEO_NEW ||
				       name == NH_SO_SNDTIMEO_NEW || name == SO_RCVLOWAT);
}

/* A label may be its process's or its user's alone, and the number of a new one is written where it was asked for. */
static long set_flowlabel(struct call *c, socklen_t len)
{
	const uint8_t *label = c->sv->option + sizeof(struct in6_addr);
	uint32_t before, after;
	pid_t tid = call_tid(c);
	long err;

	memcpy(&before, label, sizeof(before));
	nethood_sock_set_caller(c->carrier->sk, task_euid(tid), (uint32_t)task_tgid(tid));
	err = nethood_setsockopt(c->carrier->sk, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, c->sv->option, len);
	memcpy(&after, label, sizeof(after));
	if (err || before == after)
		return err;
	return task_write(tid, call_arg(c, 3) + sizeof(struct in6_addr), &after, sizeof(after));
}

static long call_setsockopt(struct call *c)
{
	int level = (int)call_arg(c, 1), name = (int)call_arg(c, 2);
	socklen_t len = (socklen_t)call_arg(c, 4);
	ssize_t n = 0;
	long ret;
	int err;

	if ((int)len < 0)
		return -EINVAL;
	if (len > OPTION_BYTES_MAX)
		len = OPTION_BYTES_MAX;
	if (len && call_arg(c, 3))
		n = task_read_some(call_tid(c), c->sv->option, call_arg(c, 3), len);
	if (n < 0 || (len && !call_arg(c, 3)))
		return -EFAULT;
	if (!call_valid(c->listener, c->rq->id))
		return CALL_GONE;
	if (level == SOL_SOCKET && name == SO_ATTACH_FILTER)
		return set_filter(c, len);
	ret = c->carrier->ops->set_option ? c->carrier->ops->set_option(c, level, name, c->sv->option, (socklen_t)n)
					  : 0;
	if (ret)
		return ret;
	if (level == IPPROTO_IPV6 && name == IPV6_FLOWLABEL_MGR)
		return set_flowlabel(c, (socklen_t)n);
	err = nethood_setsockopt(c->carrier->sk, level, name, c->sv->option, (socklen_t)n);
	if (!err && is_shared(level, name))
		setsockopt(c->fd, level, name, c->sv->option, len);
	return err;
}

/* The error that was taken from the socket, and not yet told. */
static void take_error(struct carrier *cr, int level, int name, void *value, socklen_t len)
{
	int zero = 0, error = -cr->error;

	if (level != SOL_SOCKET || name != SO_ERROR || !cr->error || len < sizeof(error))
		return;
	if (!memcmp(value, &zero, sizeof(zero)))
		memcpy(value, &error, sizeof(error));
	cr->error = 0;
}

/* Options that are asked for with what they shall hold. */
static bool reads_value(int level, int name)
{
	return (level == IPPROTO_IP && (name == IP_MSFILTER || name == MCAST_MSFILTER)) ||
	       (level == IPPROTO_IPV6 && name == IPV6_FLOWLABEL_MGR);
}

static long call_getsockopt(struct call *c)
{
	int level = (int)call_arg(c, 1), name = (int)call_arg(c, 2), err;
	socklen_t len, room;
	long ret = c->carrier->ops->get_option ? c->carrier->ops->get_option(c, level, name) : 0;

	if (ret)
		return ret;
	err = task_read(call_tid(c), &len, call_arg(c, 4), sizeof(len));
	if (err)
		return err;
	if ((int)len < 0)
		return -EINVAL;
	if (len > OPTION_BYTES_MAX)
		len = OPTION_BYTES_MAX;
	room = len;
	if (reads_value(level, name) && task_read_some(call_tid(c), c->sv->option, call_arg(c, 3), len) < 0)
		return -EFAULT;
	if (!call_valid(c->listener, c->rq->id))
		return CALL_GONE;
	err = nethood_getsockopt(c->carrier->sk, level, name, c->sv->option, &len);
	if (err)
		return err;
	take_error(c->carrier, level, name, c->sv->option, room);
	if (c->carrier->ops->settle)
		c->carrier->ops->settle(c);
	return write_two(c, call_arg(c, 3), c->sv->option, len < room ? len : room, call_arg(c, 4), &len);
}

/* ---- the table */

static const struct call_kind kinds[] = {
	{ SYS_sendmsg, OUR_SOCKET, call_sendmsg, true },
	{ SYS_recvmsg, OUR_SOCKET, call_recvmsg, true },
	{ SYS_sendto, OUR_SOCKET, call_sendto, true },
	{ SYS_recvfrom, OUR_SOCKET, call_recvfrom, true },
	{ SYS_getsockopt, OUR_SOCKET, call_getsockopt, false },
	{ SYS_setsockopt, OUR_SOCKET, call_setsockopt, false },
	{ SYS_socket, NO_SOCKET, call_socket, false },
	{ SYS_connect, OUR_SOCKET, call_connect, false },
	{ SYS_bind, OUR_SOCKET, call_bind, false },
	{ SYS_getsockname, OUR_SOCKET, call_getsockname, false },
	{ SYS_getpeername, OUR_SOCKET, call_getpeername, false },
	{ SYS_ioctl, ANY_SOCKET, call_ioctl, false },
	{ SYS_sendmmsg, OUR_SOCKET, call_sendmmsg, true },
	{ SYS_recvmmsg, OUR_SOCKET, call_recvmmsg, true },
	{ SYS_shutdown, OUR_SOCKET, call_shutdown, false },
	{ SYS_listen, OUR_SOCKET, call_listen, false },
#ifdef SYS_accept
	{ SYS_accept, OUR_SOCKET, call_accept4, false },
#endif
	{ SYS_accept4, OUR_SOCKET, call_accept4, false },
	{ SYS_openat, NO_SOCKET, call_open, false },
	{ SYS_openat2, NO_SOCKET, call_open, false },
#ifdef SYS_open
	{ SYS_open, NO_SOCKET, call_open, false },
#endif
};

const struct call_kind *call_kind(int nr)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].nr == nr)
			return &kinds[i];
	}
	return NULL;
}
