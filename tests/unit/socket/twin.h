/* SPDX-License-Identifier: BSD-2-Clause */
/* One script, two stacks: the same socket calls on the kernel, in a network namespace of its own, and on a net.
 *
 * A script is a function of struct twin; what it expects is literal, and proven by the kernel before nethood is asked.
 * Where no namespace may be made, the kernel's part is left out, and the test says so.
 */
#ifndef NETHOOD_TEST_TWIN_H
#define NETHOOD_TEST_TWIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../ipv4_only.h"
#include "nethood/nethood.h"

#define TWIN_SOCKETS 64

struct twin {
	struct nethood_net *net; /* NULL: the kernel */
	struct nethood_sock *sk[TWIN_SOCKETS];
	int fd[TWIN_SOCKETS];
	int count;
	uint64_t now_ns;
	unsigned failures;
};

static inline long twin_ret(long ret)
{
	return ret < 0 ? -errno : ret;
}

/* What the kernel does behind a call, nethood does when it is polled. */
static inline void t_settle(struct twin *t)
{
	if (!t->net)
		return;
	for (int i = 0; i < 100; i++) {
		if (!nethood_poll(t->net, t->now_ns) && nethood_next_deadline(t->net) > t->now_ns)
			return;
	}
	fail_msg("the net does not come to rest");
}

static inline void t_wait(struct twin *t, unsigned ms)
{
	t->now_ns += ms * 1000000ULL;
	if (t->net)
		t_settle(t);
	else
		usleep(ms * 1000);
}

static inline int t_socket(struct twin *t, int domain, int type, int protocol)
{
	int s = t->count;
	long ret;

	assert_true(s < TWIN_SOCKETS);
	if (t->net)
		ret = nethood_socket(t->net, domain, type, protocol, &t->sk[s]);
	else
		ret = twin_ret(t->fd[s] = socket(domain, type | SOCK_NONBLOCK, protocol));
	if (ret < 0)
		return (int)ret;
	t->count++;
	return s;
}

static inline void t_close(struct twin *t, int s)
{
	if (t->net && t->sk[s])
		nethood_close(t->sk[s]);
	else if (!t->net && t->fd[s] >= 0)
		close(t->fd[s]);
	t->sk[s] = NULL;
	t->fd[s] = -1;
	t_settle(t);
}

static inline struct sockaddr_in t_addr(const char *ip, int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };

	sin.sin_port = htons((uint16_t)port);
	assert_int_equal(inet_pton(AF_INET, ip, &sin.sin_addr), 1);
	return sin;
}

static inline long t_bind_sa(struct twin *t, int s, const void *sa, socklen_t len)
{
	return t->net ? nethood_bind(t->sk[s], sa, len) : twin_ret(bind(t->fd[s], sa, len));
}

static inline long t_bind(struct twin *t, int s, const char *ip, int port)
{
	struct sockaddr_in sin = t_addr(ip, port);

	return t_bind_sa(t, s, &sin, sizeof(sin));
}

static inline long t_connect_sa(struct twin *t, int s, const void *sa, socklen_t len)
{
	return t->net ? nethood_connect(t->sk[s], sa, len) : twin_ret(connect(t->fd[s], sa, len));
}

static inline long t_connect(struct twin *t, int s, const char *ip, int port)
{
	struct sockaddr_in sin = t_addr(ip, port);

	return t_connect_sa(t, s, &sin, sizeof(sin));
}

static inline long t_unconnect(struct twin *t, int s)
{
	struct sockaddr_in sin = { .sin_family = AF_UNSPEC };

	return t_connect_sa(t, s, &sin, sizeof(sin));
}

static inline long t_sendmsg(struct twin *t, int s, const struct msghdr *msg, int flags)
{
	long ret = t->net ? nethood_sendmsg(t->sk[s], msg, flags)
			  : twin_ret(sendmsg(t->fd[s], msg, flags | MSG_NOSIGNAL));

	t_settle(t);
	return ret;
}

static inline long t_recvmsg(struct twin *t, int s, struct msghdr *msg, int flags)
{
	return t->net ? nethood_recvmsg(t->sk[s], msg, flags) : twin_ret(recvmsg(t->fd[s], msg, flags | MSG_DONTWAIT));
}

static inline long t_send_sa(struct twin *t, int s, const void *data, size_t len, int flags, const void *sa,
			     socklen_t sa_len)
{
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_name = (void *)(uintptr_t)sa, .msg_namelen = sa_len
	};

	return t_sendmsg(t, s, &msg, flags);
}

static inline long t_sendto(struct twin *t, int s, const void *data, size_t len, int flags, const char *ip, int port)
{
	struct sockaddr_in sin = t_addr(ip, port);

	return t_send_sa(t, s, data, len, flags, &sin, sizeof(sin));
}

static inline long t_send(struct twin *t, int s, const void *data, size_t len, int flags)
{
	return t_send_sa(t, s, data, len, flags, NULL, 0);
}

static inline long t_recv(struct twin *t, int s, void *buf, size_t len, int flags)
{
	struct iovec iov = { buf, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return t_recvmsg(t, s, &msg, flags);
}

/* Is what waits exactly @text? */
static inline bool t_got(struct twin *t, int s, const char *text)
{
	char buf[256] = "";
	long ret = t_recv(t, s, buf, sizeof(buf) - 1, 0);

	return ret == (long)strlen(text) && !memcmp(buf, text, (size_t)ret);
}

static inline long t_setopt(struct twin *t, int s, int level, int name, int value)
{
	long ret = t->net ? nethood_setsockopt(t->sk[s], level, name, &value, sizeof(value))
			  : twin_ret(setsockopt(t->fd[s], level, name, &value, sizeof(value)));

	t_settle(t);
	return ret;
}

static inline long t_setopt_raw(struct twin *t, int s, int level, int name, const void *value, socklen_t len)
{
	return t->net ? nethood_setsockopt(t->sk[s], level, name, value, len)
		      : twin_ret(setsockopt(t->fd[s], level, name, value, len));
}

static inline long t_getopt(struct twin *t, int s, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);
	long ret = t->net ? nethood_getsockopt(t->sk[s], level, name, &value, &len)
			  : twin_ret(getsockopt(t->fd[s], level, name, &value, &len));

	return ret ? ret : value;
}

static inline long t_poll(struct twin *t, int s)
{
	const short all = POLLIN | POLLOUT | POLLPRI | POLLRDHUP;
	struct pollfd p = { .fd = t->fd[s], .events = all };

	if (t->net)
		return (long)nethood_readiness(t->sk[s]);
	poll(&p, 1, 0);
	return p.revents & (all | POLLERR | POLLHUP);
}

static inline long t_shutdown(struct twin *t, int s, int how)
{
	return t->net ? nethood_shutdown(t->sk[s], how) : twin_ret(shutdown(t->fd[s], how));
}

static inline long t_ioctl(struct twin *t, int s, unsigned long request, void *arg, size_t len)
{
	long ret = t->net ? nethood_ioctl(t->sk[s], request, arg, len) : twin_ret(ioctl(t->fd[s], request, arg));

	t_settle(t);
	return ret;
}

/* "10.0.0.1:53", or the name of the error. */
static inline const char *t_name(struct twin *t, int s, bool peer, char buf[64])
{
	struct sockaddr_in sin = { 0 };
	socklen_t len = sizeof(sin);
	long ret;

	if (t->net)
		ret = peer ? nethood_getpeername(t->sk[s], (struct sockaddr *)&sin, &len)
			   : nethood_getsockname(t->sk[s], (struct sockaddr *)&sin, &len);
	else
		ret = twin_ret(peer ? getpeername(t->fd[s], (struct sockaddr *)&sin, &len)
				    : getsockname(t->fd[s], (struct sockaddr *)&sin, &len));
	if (ret)
		snprintf(buf, 64, "%s", strerrorname_np((int)-ret));
	else
		snprintf(buf, 64, "%s:%u", inet_ntoa(sin.sin_addr), ntohs(sin.sin_port));
	return buf;
}

#define EXPECT(t, what, got, want) \
	do { \
		long got_ = (got), want_ = (want); \
		if (got_ != want_) { \
			(t)->failures++; \
			print_error("%s: %s:%d: %s: got %ld %s, want %ld %s\n", (t)->net ? "nethood" : "kernel", \
				    __FILE__, __LINE__, (what), got_, got_ < 0 ? strerrorname_np((int)-got_) : "", \
				    want_, want_ < 0 ? strerrorname_np((int)-want_) : ""); \
		} \
	} while (0)
#define EXPECT_STR(t, what, got, want) \
	do { \
		const char *got_ = (got); \
		if (strcmp(got_, (want))) { \
			(t)->failures++; \
			print_error("%s: %s:%d: %s: got %s, want %s\n", (t)->net ? "nethood" : "kernel", __FILE__, \
				    __LINE__, (what), got_, (want)); \
		} \
	} while (0)

static inline void t_loopback_up(struct twin *t)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int s = t_socket(t, AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(t_ioctl(t, s, SIOCGIFFLAGS, &ifr, sizeof(ifr)), 0);
	ifr.ifr_flags |= IFF_UP;
	assert_int_equal(t_ioctl(t, s, SIOCSIFFLAGS, &ifr, sizeof(ifr)), 0);
	t_close(t, s);
}

typedef void (*twin_script)(struct twin *t);

/* In a child: the namespace goes with it.  Return: number of surprises, 77: no namespace may be made */
static inline int twin_kernel(twin_script script)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		struct twin t = { 0 };

		if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
			_exit(77);
		t_loopback_up(&t);
		script(&t);
		fflush(NULL);
		_exit(t.failures > 70 ? 70 : (int)t.failures);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static inline struct nethood_net *twin_net(const struct nethood_allocator *memory)
{
	const struct nethood_config cfg = { .memory = memory, .random_key = { 42 }, .now_ns = 1000000000ULL };
	struct nethood_net *net = NULL;

	if (nethood_create(&cfg, &net))
		return NULL;
	ipv4_only(net);
	return net;
}

/* taken_in == live + consumed + dropped, and none for want of a reason; then the net ends, and asserts the rest. */
static inline void twin_end(struct twin *t)
{
	struct nethood_ledger l;

	for (int s = 0; s < t->count; s++) {
		if (t->sk[s])
			nethood_close(t->sk[s]);
	}
	t_settle(t);
	nethood_ledger(t->net, &l);
	assert_int_equal(l.taken_in, l.live + l.consumed + l.dropped);
	nethood_free(t->net);
}

static inline void twin_nethood(twin_script script)
{
	struct twin t = { .now_ns = 1000000000ULL };

	t.net = twin_net(NULL);
	assert_non_null(t.net);
	t_loopback_up(&t);
	script(&t);
	assert_int_equal(t.failures, 0);
	twin_end(&t);
}

static inline void twin_run(twin_script script)
{
	int kernel = twin_kernel(script);

	if (kernel == 77)
		print_message("SKIP: no network namespace may be made: the kernel was not asked\n");
	else
		assert_int_equal(kernel, 0);
	twin_nethood(script);
}

#endif
