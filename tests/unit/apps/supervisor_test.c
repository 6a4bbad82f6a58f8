// SPDX-License-Identifier: BSD-2-Clause
/* What a program sees of its sockets: each row is a program, run with its calls trapped on a net with a loopback. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/errqueue.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "supervised.h"

static void say(int fd, struct sockaddr_in *to, const char *text)
{
	CHECK(sendto(fd, text, strlen(text), 0, sa(to), sizeof(*to)) == (ssize_t)strlen(text));
}

/* ---- datagrams */

static void sender_is_told(void)
{
	struct sockaddr_in a, b, from;
	socklen_t len = sizeof(from);
	int x = bound(&a, 0), y = bound(&b, 0);
	char buf[16];

	say(x, &b, "hello");
	CHECK(recvfrom(y, buf, sizeof(buf), 0, sa(&from), &len) == 5 && !memcmp(buf, "hello", 5));
	CHECK(len == sizeof(from) && from.sin_port == a.sin_port && from.sin_addr.s_addr == a.sin_addr.s_addr);
}

static void read_and_recvfrom_mix(void)
{
	struct sockaddr_in a, b, from;
	int x = bound(&a, 0), y = bound(&b, 0);
	char buf[16], text[16];

	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "text %d", i);
		say(x, &b, text);
	}
	for (int i = 0; i < 20; i++) {
		socklen_t len = sizeof(from);
		ssize_t n = i % 2 ? recvfrom(y, buf, sizeof(buf), 0, sa(&from), &len) : read(y, buf, sizeof(buf));

		snprintf(text, sizeof(text), "text %d", i);
		CHECK(n == (ssize_t)strlen(text) && !memcmp(buf, text, strlen(text)));
		CHECK(!(i % 2) || from.sin_port == a.sin_port);
	}
}

static void many_come_in_order(void)
{
	struct sockaddr_in a, b;
	int x = bound(&a, 0), y = bound(&b, 0), got;

	CHECK(connect(x, sa(&b), sizeof(b)) == 0 && connect(y, sa(&a), sizeof(a)) == 0);
	for (int i = 0; i < 200; i++)
		CHECK(write(x, &i, sizeof(i)) == sizeof(i));
	for (int i = 0; i < 200; i++)
		CHECK(read(y, &got, sizeof(got)) == sizeof(got) && got == i);
	CHECK_FAILS(recv(y, &got, sizeof(got), MSG_DONTWAIT), EAGAIN);
}

static void empty_is_a_datagram(void)
{
	struct sockaddr_in a, b, from;
	socklen_t len = sizeof(from);
	int x = bound(&a, 0), y = bound(&b, 0);
	char buf[4];

	CHECK(sendto(x, NULL, 0, 0, sa(&b), sizeof(b)) == 0);
	CHECK(recvfrom(y, buf, sizeof(buf), 0, sa(&from), &len) == 0 && from.sin_port == a.sin_port);
	CHECK(connect(x, sa(&b), sizeof(b)) == 0 && send(x, NULL, 0, 0) == 0);
	CHECK(wait_for(y, POLLIN) == POLLIN && read(y, buf, sizeof(buf)) == 0);
	CHECK_FAILS(recv(y, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
}

static void large_ones_pass(void)
{
	struct sockaddr_in a, b;
	int x = bound(&a, 0), y = bound(&b, 0);
	char *out = malloc(65508), *in = malloc(65508);

	CHECK(out && in);
	for (int i = 0; i < 65508; i++)
		out[i] = (char)(i * 7);
	CHECK(sendto(x, out, 65507, 0, sa(&b), sizeof(b)) == 65507);
	CHECK(recv(y, in, 65508, 0) == 65507 && !memcmp(in, out, 65507));
	CHECK_FAILS(sendto(x, out, 65508, 0, sa(&b), sizeof(b)), EMSGSIZE);
	free(in);
	free(out);
}

static void peek_and_trunc(void)
{
	struct sockaddr_in a, b, from;
	int x = bound(&a, 0), y = bound(&b, 0);
	char buf[4] = { 0 };

	for (int i = 0; i < 2; i++) { /* by trapped calls, then by the kernel's */
		socklen_t len = sizeof(from);
		struct sockaddr *f = i ? NULL : sa(&from);
		socklen_t *l = i ? NULL : &len;

		say(x, &b, "0123456789");
		CHECK(recvfrom(y, buf, 0, MSG_PEEK | MSG_TRUNC, f, l) == 10);
		CHECK(recvfrom(y, buf, 4, MSG_PEEK, f, l) == 4 && !memcmp(buf, "0123", 4));
		CHECK(recvfrom(y, buf, 2, MSG_TRUNC, f, l) == 10 && !memcmp(buf, "01", 2));
		CHECK_FAILS(recvfrom(y, buf, 4, MSG_DONTWAIT, f, l), EAGAIN);
	}
}

static void msghdr_is_filled(void)
{
	struct sockaddr_in a, b, from;
	int x = bound(&a, 0), y = bound(&b, 0), on = 1, ttl = 0;
	char one[3], two[10], control[64];
	struct iovec iov[2] = { { one, sizeof(one) }, { two, sizeof(two) } };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control,
		.msg_controllen = sizeof(control),
		.msg_flags = -1,
	};

	CHECK(setsockopt(y, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on)) == 0);
	say(x, &b, "abcdefg");
	CHECK(recvmsg(y, &msg, 0) == 7 && !memcmp(one, "abc", 3) && !memcmp(two, "defg", 4));
	CHECK(msg.msg_namelen == sizeof(from) && from.sin_port == a.sin_port && !msg.msg_flags);
	CHECK(msg.msg_controllen == CMSG_SPACE(sizeof(int)) && CMSG_FIRSTHDR(&msg)->cmsg_type == IP_TTL);
	memcpy(&ttl, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(ttl));
	CHECK(ttl == 64);
	say(x, &b, "abcdefg");
	CHECK(wait_for(y, POLLIN) == POLLIN); /* now it comes out of the pair */
	iov[1].iov_len = 1;
	msg.msg_controllen = sizeof(struct cmsghdr) - 1;
	CHECK(recvmsg(y, &msg, 0) == 4 && msg.msg_flags == (MSG_TRUNC | MSG_CTRUNC) && !msg.msg_controllen);
}

static void vectors_of_messages(void)
{
	struct sockaddr_in a, b;
	int x = bound(&a, 0), y = bound(&b, 0);
	char text[3][4] = { "one", "two", "six" }, got[4][8];
	struct iovec out[3], in[4];
	struct mmsghdr mout[3], min[4];

	memset(mout, 0, sizeof(mout));
	memset(min, 0, sizeof(min));
	for (int i = 0; i < 3; i++) {
		out[i] = (struct iovec){ text[i], 3 };
		mout[i].msg_hdr = (struct msghdr){
			.msg_name = &b, .msg_namelen = sizeof(b), .msg_iov = &out[i], .msg_iovlen = 1
		};
	}
	for (int i = 0; i < 4; i++) {
		in[i] = (struct iovec){ got[i], 8 };
		min[i].msg_hdr = (struct msghdr){ .msg_iov = &in[i], .msg_iovlen = 1 };
	}
	CHECK(sendmmsg(x, mout, 3, 0) == 3 && mout[2].msg_len == 3);
	CHECK(recvmmsg(y, min, 4, MSG_WAITFORONE, NULL) == 3);
	for (int i = 0; i < 3; i++)
		CHECK(min[i].msg_len == 3 && !memcmp(got[i], text[i], 3));
	CHECK_FAILS(recvmmsg(y, min, 4, MSG_DONTWAIT, NULL), EAGAIN);
}

/* ---- waiting */

static uint64_t ms_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)((now.tv_sec - begin->tv_sec) * 1000 + (now.tv_nsec - begin->tv_nsec) / 1000000);
}

static void timeouts_hold(void)
{
	struct sockaddr_in a, from;
	struct timeval tv = { 0, 120000 };
	struct timespec begin;
	int x = bound(&a, 0);
	char buf[4];

	CHECK(setsockopt(x, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	for (int i = 0; i < 2; i++) {
		socklen_t len = sizeof(from);

		clock_gettime(CLOCK_MONOTONIC, &begin);
		CHECK_FAILS(recvfrom(x, buf, 4, 0, i ? NULL : sa(&from), i ? NULL : &len), EAGAIN);
		CHECK(ms_since(&begin) >= 119 && ms_since(&begin) < 2000);
	}
}

static void nonblocking_does_not_wait(void)
{
	struct sockaddr_in a, from;
	socklen_t len = sizeof(from);
	int x = bound(&a, SOCK_NONBLOCK);
	char buf[4];

	CHECK(fcntl(x, F_GETFL) & O_NONBLOCK);
	CHECK_FAILS(recvfrom(x, buf, 4, 0, sa(&from), &len), EAGAIN);
	CHECK_FAILS(recv(x, buf, 4, 0), EAGAIN);
	CHECK(fcntl(x, F_SETFL, 0) == 0);
	CHECK_FAILS(recvfrom(x, buf, 4, MSG_DONTWAIT, sa(&from), &len), EAGAIN);
}

static void readiness_is_polled(void)
{
	struct sockaddr_in a, b;
	int x = bound(&a, 0), y = bound(&b, 0), ep = epoll_create1(0);
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	char buf[8];

	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, y, &ev) == 0);
	CHECK(epoll_wait(ep, &ev, 1, 0) == 1 && ev.events == EPOLLOUT);
	CHECK(epoll_wait(ep, &ev, 1, 50) == 0);
	for (int i = 0; i < 3; i++) {
		say(x, &b, "news");
		CHECK(epoll_wait(ep, &ev, 1, 2000) == 1 && (ev.events & EPOLLIN));
		CHECK(recv(y, buf, 8, 0) == 4);
	}
	CHECK(!(wait_for(y, POLLOUT) & POLLIN));
}

static void on_alarm(int signo)
{
	(void)signo;
}

static void alarm_in(int ms, int sa_flags)
{
	struct sigaction act = { .sa_handler = on_alarm, .sa_flags = sa_flags };
	struct itimerval it = { .it_value = { 0, ms * 1000 } };

	CHECK(sigaction(SIGALRM, &act, NULL) == 0 && setitimer(ITIMER_REAL, &it, NULL) == 0);
}

static void signals_interrupt(void)
{
	struct sockaddr_in a, from;
	socklen_t len = sizeof(from);
	int x = bound(&a, 0);
	char buf[4];

	alarm_in(100, 0);
	CHECK_FAILS(recvfrom(x, buf, 4, 0, sa(&from), &len), EINTR);
	say(x, &a, "mine");
	CHECK(recvfrom(x, buf, 4, 0, sa(&from), &len) == 4);
}

static void *send_later(void *arg)
{
	struct sockaddr_in *to = arg;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	usleep(250000);
	say(fd, to, "late");
	close(fd);
	return NULL;
}

static void restarted_calls_go_on(void)
{
	struct sockaddr_in a, from;
	socklen_t len = sizeof(from);
	int x = bound(&a, 0);
	sigset_t alrm;
	pthread_t t;
	char buf[4];

	sigemptyset(&alrm);
	sigaddset(&alrm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alrm, NULL);
	CHECK(pthread_create(&t, NULL, send_later, &a) == 0);
	pthread_sigmask(SIG_UNBLOCK, &alrm, NULL);
	alarm_in(100, SA_RESTART);
	CHECK(recvfrom(x, buf, 4, 0, sa(&from), &len) == 4 && !memcmp(buf, "late", 4));
	pthread_join(t, NULL);
}

/* Signals rain while datagrams come: each must arrive once. */
static void nothing_is_lost_to_signals(void)
{
	struct sigaction act = { .sa_handler = on_alarm };
	struct itimerval it = { { 0, 200 }, { 0, 200 } }, off = { { 0, 0 }, { 0, 0 } };
	struct sockaddr_in a, b, from;
	int x = bound(&a, 0), y = bound(&b, 0);

	CHECK(sigaction(SIGALRM, &act, NULL) == 0 && setitimer(ITIMER_REAL, &it, NULL) == 0);
	for (int i = 0; i < 2000; i++) {
		socklen_t len = sizeof(from);
		ssize_t n;
		int got = -1;

		do {
			n = sendto(x, &i, sizeof(i), 0, sa(&b), sizeof(b));
		} while (n < 0 && errno == EINTR);
		CHECK(n == sizeof(i));
		do {
			n = recvfrom(y, &got, sizeof(got), 0, sa(&from), &len);
		} while (n < 0 && errno == EINTR);
		CHECK(n == sizeof(got));
		CHECK(got == i);
	}
	setitimer(ITIMER_REAL, &off, NULL);
}

static void *receive_some(void *arg)
{
	struct sockaddr_in from;
	long sum = 0;
	int fd = *(int *)arg, got;

	for (;;) {
		socklen_t len = sizeof(from);

		CHECK(recvfrom(fd, &got, sizeof(got), 0, sa(&from), &len) == sizeof(got));
		if (got < 0)
			return (void *)sum;
		sum += got;
	}
}

static void threads_share_a_socket(void)
{
	enum { THREADS = 64, MESSAGES = 640 };
	struct sockaddr_in a, b;
	int x = bound(&a, 0), y = bound(&b, 0), end = -1;
	pthread_t t[THREADS];
	long sum = 0;
	void *part;

	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, receive_some, &y) == 0);
	for (int i = 0; i < MESSAGES; i++)
		CHECK(sendto(x, &i, sizeof(i), 0, sa(&b), sizeof(b)) == sizeof(i));
	usleep(200000);
	for (int i = 0; i < THREADS; i++) {
		CHECK(sendto(x, &end, sizeof(end), 0, sa(&b), sizeof(b)) == sizeof(end));
		usleep(500);
	}
	for (int i = 0; i < THREADS; i++) {
		CHECK(pthread_join(t[i], &part) == 0);
		sum += (long)part;
	}
	CHECK(sum == (long)MESSAGES * (MESSAGES - 1) / 2);
}

/* ---- errors */

static void refusal_is_told(void)
{
	struct sockaddr_in a, b, from;
	socklen_t len = sizeof(from);
	int x = bound(&a, 0), y = bound(&b, 0), error;
	char buf[4];

	close(y);
	usleep(20000);
	CHECK(connect(x, sa(&b), sizeof(b)) == 0 && send(x, "hi", 2, 0) == 2);
	CHECK(wait_for(x, POLLIN) & POLLIN);
	CHECK_FAILS(recvfrom(x, buf, 4, 0, sa(&from), &len), ECONNREFUSED);
	CHECK_FAILS(recvfrom(x, buf, 4, MSG_DONTWAIT, sa(&from), &len), EAGAIN);
	CHECK(send(x, "hi", 2, 0) == 2 && (wait_for(x, POLLIN) & POLLIN));
	len = sizeof(error);
	CHECK(getsockopt(x, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == ECONNREFUSED);
	CHECK(wait_for(x, POLLIN | POLLOUT) == POLLOUT);
}

static void errors_are_queued(void)
{
	struct sockaddr_in a, b, name;
	int x = bound(&a, 0), y = bound(&b, 0), on = 1;
	char data[8], control[256];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = {
		.msg_name = &name,
		.msg_namelen = sizeof(name),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct sock_extended_err ee;

	close(y);
	usleep(20000);
	CHECK(setsockopt(x, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) == 0);
	CHECK(connect(x, sa(&b), sizeof(b)) == 0);
	CHECK_FAILS(recvmsg(x, &msg, MSG_ERRQUEUE), EAGAIN);
	CHECK(send(x, "hi", 2, 0) == 2 && (wait_for(x, POLLIN) & POLLIN));
	msg.msg_controllen = sizeof(control);
	CHECK(recvmsg(x, &msg, MSG_ERRQUEUE) == 2 && (msg.msg_flags & MSG_ERRQUEUE) && !memcmp(data, "hi", 2));
	CHECK(name.sin_port == b.sin_port && CMSG_FIRSTHDR(&msg));
	memcpy(&ee, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(ee));
	CHECK(ee.ee_errno == ECONNREFUSED && ee.ee_origin == SO_EE_ORIGIN_ICMP);
}

/* Not by libc: a sanitizer looks at the pointers first. */
static void bad_pointers_are_faults(void)
{
	struct sockaddr_in a;
	void *bad = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int x = bound(&a, 0), on = 1;
	socklen_t len = sizeof(a);
	char buf[4];

	CHECK_FAILS(syscall(SYS_bind, x, bad, sizeof(a)), EFAULT);
	CHECK_FAILS(syscall(SYS_connect, x, bad, sizeof(a)), EFAULT);
	CHECK_FAILS(syscall(SYS_getsockname, x, bad, &len), EFAULT);
	CHECK_FAILS(syscall(SYS_getsockname, x, sa(&a), bad), EFAULT);
	CHECK_FAILS(syscall(SYS_setsockopt, x, SOL_SOCKET, SO_REUSEADDR, bad, sizeof(on)), EFAULT);
	CHECK_FAILS(syscall(SYS_getsockopt, x, SOL_SOCKET, SO_TYPE, &on, bad), EFAULT);
	CHECK_FAILS(syscall(SYS_sendto, x, bad, 4, 0, &a, sizeof(a)), EFAULT);
	CHECK_FAILS(syscall(SYS_sendto, x, buf, 4, 0, bad, sizeof(a)), EFAULT);
	CHECK_FAILS(syscall(SYS_sendmsg, x, bad, 0), EFAULT);
	CHECK_FAILS(syscall(SYS_recvmsg, x, bad, MSG_DONTWAIT), EFAULT);
	CHECK_FAILS(syscall(SYS_ioctl, x, SIOCGIFINDEX, bad), EFAULT);
	CHECK_FAILS(syscall(SYS_bind, x, sa(&a), 1000), EINVAL);
	say(x, &a, "abcd");
	len = sizeof(a);
	CHECK_FAILS(syscall(SYS_recvfrom, x, bad, 4, 0, sa(&a), &len), EFAULT);
}

static void families_are_not_the_hosts(void)
{
	CHECK_FAILS(socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP), EPROTONOSUPPORT);
	CHECK_FAILS(socket(AF_INET, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
	CHECK_FAILS(socket(AF_INET6, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
	CHECK_FAILS(socket(AF_INET6, SOCK_STREAM, IPPROTO_SCTP), EPROTONOSUPPORT);
	CHECK_FAILS(socket(AF_PACKET, SOCK_RAW, 0), EAFNOSUPPORT);
	CHECK_FAILS(socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT), EPROTONOSUPPORT);
	CHECK_FAILS(socket(AF_INET, SOCK_DGRAM | 0x100000, 0), EINVAL);
	CHECK_FAILS((int)syscall(SYS_io_uring_setup, 1, NULL), ENOSYS);
}

/* ---- descriptors */

static void descriptors_look_right(void)
{
	struct sockaddr_in a;
	int x = bound(&a, SOCK_CLOEXEC), value;
	socklen_t len = sizeof(value);

	CHECK(fcntl(x, F_GETFD) == FD_CLOEXEC);
	CHECK(getsockopt(x, SOL_SOCKET, SO_TYPE, &value, &len) == 0 && value == SOCK_DGRAM);
	CHECK(getsockopt(x, SOL_SOCKET, SO_DOMAIN, &value, &len) == 0 && value == AF_INET);
	CHECK(getsockopt(x, SOL_SOCKET, SO_PROTOCOL, &value, &len) == 0 && value == IPPROTO_UDP);
	CHECK_FAILS(listen(x, 5), EOPNOTSUPP);
	CHECK_FAILS(accept(x, NULL, NULL), EOPNOTSUPP);
	CHECK_FAILS(bind(x, sa(&a), sizeof(a)), EINVAL);
}

/* An address is free again when the last descriptor of its socket is closed, however that happens. */
static void address_is_free(struct sockaddr_in *at)
{
	for (int i = 0; i < 100; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0), err = bind(fd, sa(at), sizeof(*at));

		close(fd);
		if (!err)
			return;
		CHECK(errno == EADDRINUSE);
		usleep(10000);
	}
	CHECK(false);
}

static void closing_ends_it(void)
{
	struct sockaddr_in a, b;
	int x = bound(&a, 0), y = dup(x), z = bound(&b, 0);
	char buf[4];

	close(x);
	say(z, &a, "dup");
	CHECK(recv(y, buf, 4, 0) == 3);
	x = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK_FAILS(bind(x, sa(&a), sizeof(a)), EADDRINUSE);
	close(y);
	address_is_free(&a);
}

static void death_ends_it(void)
{
	struct sockaddr_in a, b;
	int go[2], x = bound(&b, 0);
	pid_t pid;
	char buf[4];

	CHECK(pipe(go) == 0);
	a = loopback(4000);
	pid = fork();
	if (!pid) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		CHECK(bind(fd, sa(&a), sizeof(a)) == 0 && write(go[1], "", 1) == 1);
		for (;;)
			CHECK(recvfrom(fd, buf, 4, 0, NULL, NULL) >= 0);
	}
	CHECK(read(go[0], buf, 1) == 1);
	say(x, &a, "one");
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, NULL, 0) == pid);
	address_is_free(&a);
}

static void children_share_it(void)
{
	struct sockaddr_in a, b, from;
	socklen_t len = sizeof(from);
	int x = bound(&a, 0), y = bound(&b, 0), status;
	pid_t pid = fork();
	char buf[4];

	if (!pid) {
		say(x, &b, "kid");
		_exit(0);
	}
	close(x);
	CHECK(recvfrom(y, buf, 4, 0, sa(&from), &len) == 3 && from.sin_port == a.sin_port);
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	address_is_free(&a);
}

static void passed_descriptors_work(void)
{
	char room[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	struct sockaddr_in a;
	int pair[2], x = bound(&a, 0), got;
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &x, sizeof(int));
	CHECK(sendmsg(pair[0], &msg, 0) == 1);
	close(x);
	CHECK(recvmsg(pair[1], &msg, 0) == 1);
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	say(got, &a, "self");
	CHECK(recv(got, room, 8, 0) == 4);
}

static void shutdown_ends_reading(void)
{
	struct sockaddr_in a;
	int x = bound(&a, 0);
	char buf[4];

	CHECK_FAILS(shutdown(x, SHUT_RD), ENOTCONN);
	CHECK(connect(x, sa(&a), sizeof(a)) == 0 && shutdown(x, SHUT_RD) == 0);
	CHECK(recv(x, buf, 4, 0) == 0);
	CHECK(shutdown(x, SHUT_WR) == 0);
	close(x);
	address_is_free(&a);
}

/* What was written before the close is sent. */
static void last_words_are_sent(void)
{
	struct sockaddr_in a, b;
	int x = bound(&a, 0), y = bound(&b, 0), got;

	CHECK(connect(x, sa(&b), sizeof(b)) == 0);
	for (int i = 0; i < 50; i++)
		CHECK(write(x, &i, sizeof(i)) == sizeof(i));
	close(x);
	for (int i = 0; i < 50; i++)
		CHECK(read(y, &got, sizeof(got)) == sizeof(got) && got == i);
}

/* ---- the host's other sockets, and management */

static void unix_sockets_are_the_hosts(void)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);
	int pair[2];
	char buf[4];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHECK(getsockname(pair[0], (struct sockaddr *)&name, &len) == 0 && name.ss_family == AF_UNIX);
	CHECK(send(pair[0], "unix", 4, MSG_MORE) == 4 && recv(pair[1], buf, 4, 0) == 4);
	CHECK_FAILS(getsockname(0x7fff, (struct sockaddr *)&name, &len), EBADF);
	CHECK_FAILS(getsockname(STDERR_FILENO, (struct sockaddr *)&name, &len), ENOTSOCK);
}

static void interfaces_are_the_nets(void)
{
	struct ifaddrs *list;
	char buf[512];
	struct ifconf ifc = { .ifc_len = sizeof(buf), .ifc_buf = buf };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	CHECK(if_nametoindex("lo") == 1);
	CHECK_FAILS((int)if_nametoindex("eth0") - 1, ENODEV);
	CHECK(ioctl(fd, SIOCGIFCONF, &ifc) == 0 && ifc.ifc_len == sizeof(struct ifreq));
	CHECK(!strcmp(((struct ifreq *)(void *)buf)->ifr_name, "lo"));
	CHECK(getifaddrs(&list) == 0 && list && !strcmp(list->ifa_name, "lo"));
	freeifaddrs(list);
}

static void netlink_as_iproute2_wants_it(void)
{
	struct {
		struct nlmsghdr nlh;
		struct ifinfomsg ifi;
	} rq = { .nlh = { sizeof(rq), RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 7, 0 } };
	struct sockaddr_nl me = { .nl_family = AF_NETLINK }, from;
	socklen_t len = sizeof(me);
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	_Alignas(8) char buf[32768];
	struct iovec iov = { NULL, 0 };
	struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1 };
	struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)buf;
	ssize_t n;

	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&me, sizeof(me)) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&me, &len) == 0 && len == 12 && me.nl_pid);
	CHECK(send(fd, &rq, sizeof(rq), 0) == sizeof(rq));
	n = recvmsg(fd, &msg, MSG_PEEK | MSG_TRUNC);
	CHECK(n > (ssize_t)sizeof(*nlh) && (msg.msg_flags & MSG_TRUNC));
	iov = (struct iovec){ buf, sizeof(buf) };
	memset(&from, 0xff, sizeof(from));
	CHECK(recvmsg(fd, &msg, 0) == n && msg.msg_namelen == 12 && !from.nl_pid && from.nl_family == AF_NETLINK);
	CHECK(nlh->nlmsg_type == RTM_NEWLINK && nlh->nlmsg_seq == 7 && nlh->nlmsg_pid == me.nl_pid);
}

/* Found by fuzzing: the program waited for room in a socket that had room, and nobody told it of a free port. */
static void no_port_is_no_wait(void)
{
	const uint32_t range = 40000U | 40000U << 16; /* one port, which somebody has */
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(9),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in taken = { .sin_family = AF_INET, .sin_port = htons(40000) };
	int first = socket(AF_INET, SOCK_DGRAM, 0), second = socket(AF_INET, SOCK_DGRAM, 0);

	CHECK(bind(first, (struct sockaddr *)&taken, sizeof(taken)) == 0);
	CHECK(setsockopt(second, IPPROTO_IP, 51 /* IP_LOCAL_PORT_RANGE */, &range, sizeof(range)) == 0);
	CHECK_FAILS(sendto(second, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), EAGAIN);
}

static const struct supervised_row rows[] = {
	{ "a receiver is told who sent", sender_is_told, false },
	{ "read(2) and recvfrom(2) take turns", read_and_recvfrom_mix, false },
	{ "what is written fast comes in order", many_come_in_order, false },
	{ "an empty datagram is one", empty_is_a_datagram, false },
	{ "the largest datagram passes, one octet more does not", large_ones_pass, false },
	{ "MSG_PEEK leaves it there, MSG_TRUNC tells its length", peek_and_trunc, false },
	{ "recvmsg(2) fills every field", msghdr_is_filled, false },
	{ "sendmmsg(2) and recvmmsg(2)", vectors_of_messages, false },
	{ "with no port left a blocking send fails", no_port_is_no_wait, false },
	{ "SO_RCVTIMEO holds for trapped calls and for the kernel's", timeouts_hold, false },
	{ "a descriptor that does not block", nonblocking_does_not_wait, false },
	{ "poll and epoll, edge triggered", readiness_is_polled, false },
	{ "a signal interrupts, and the next call works", signals_interrupt, false },
	{ "SA_RESTART goes on waiting", restarted_calls_go_on, false },
	{ "in a rain of signals each datagram arrives once", nothing_is_lost_to_signals, true },
	{ "64 threads wait at one socket", threads_share_a_socket, false },
	{ "a refused datagram is told to who polls, then asks", refusal_is_told, false },
	{ "IP_RECVERR", errors_are_queued, false },
	{ "pointers to nowhere", bad_pointers_are_faults, false },
	{ "no socket of the host's families", families_are_not_the_hosts, false },
	{ "a descriptor looks like the socket that it stands for", descriptors_look_right, false },
	{ "the last close of duplicates ends the socket", closing_ends_it, false },
	{ "SIGKILL ends the socket", death_ends_it, false },
	{ "a socket is the children's, too", children_share_it, false },
	{ "a socket passed by SCM_RIGHTS", passed_descriptors_work, false },
	{ "shutdown(2)", shutdown_ends_reading, false },
	{ "what was written before the close is sent", last_words_are_sent, false },
	{ "unix sockets are the host's", unix_sockets_are_the_hosts, false },
	{ "interfaces are the net's", interfaces_are_the_nets, false },
	{ "netlink, as iproute2 wants it", netlink_as_iproute2_wants_it, false },
};

static void programs(void **state)
{
	(void)state;
	supervised_all(supervised, rows, sizeof(rows) / sizeof(rows[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(programs) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
