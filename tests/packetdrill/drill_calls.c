// SPDX-License-Identifier: BSD-2-Clause
/* The calls that are not TCP's own: descriptors, polling, pipes, UDP, control messages, options; libc's by the shim. */
#include "drill.h"

#include <linux/sock_diag.h>
#include <net/if.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

static uint8_t data[65536], got[65536];

static int udp_socket(uint16_t port)
{
	struct sockaddr_in here = addr_of("0.0.0.0", port);
	int fd = CALL(socket, AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(CALL(bind, fd, (struct sockaddr *)&here, sizeof(here)), 0);
	return fd;
}

/* ---- the interface */

static void all_functions_are_there(void **state)
{
	void *const *p = (void *const *)(void *)&pd;

	(void)state;
	for (size_t i = 0; i < sizeof(pd) / sizeof(*p); i++)
		assert_non_null(p[i]);
}

static void two_hosts_know_nothing_of_each_other(void **state)
{
	struct packetdrill_interface first = pd, other;
	struct sockaddr_in here = addr_of("0.0.0.0", 8080);
	int a, b;

	(void)state;
	drill_init(NULL, &other); /* the defaults */
	a = listening();
	pd = other;
	b = listening();
	assert_true(a != b);
	REFUSED(EBADF, CALL(fcntl, -1, F_GETFL));
	REFUSED(ENOTSOCK, CALL(bind, a, (struct sockaddr *)&here, sizeof(here))); /* a memory file, to this one */
	CALL(usleep, 5000000);
	CALL0(free);
	pd = first;
	REFUSED(EADDRINUSE, CALL(bind, tcp_socket(), (struct sockaddr *)&here, sizeof(here)));
}

static void wrong_flags_make_a_host_without_sockets(void **state)
{
	static const char *const wrong[] = { "ipv5,192.168.0.1/16,192.168.0.2,192.0.2.0/24",
					     "ipv6,192.168.0.1/16,192.168.0.2,192.0.2.0/24",
					     "ipv6,fd00::1/129,fd00::2,2001:db8::/32",
					     "ipv6,fd00::1/ffff:0:ffff::,fd00::2,2001:db8::/32",
					     "ipv6,fd00::1/64,192.168.0.2,2001:db8::/32",
					     "ipv6,fd00::1/64,fd00::2,2001:db8::/32,mtu=1279",
					     "ipv4-mapped-ipv6,fd00::1/64,fd00::2,2001:db8::/32",
					     "ipv4",
					     "ipv4,192.168.0.1,192.168.0.2,192.0.2.0/24",
					     "ipv4,192.168.0.1/33,192.168.0.2,192.0.2.0/24",
					     "ipv4,192.168.0/16,192.168.0.2,192.0.2.0/24",
					     "ipv4,192.168.0.1/255.0.255.0,192.168.0.2,192.0.2.0/24",
					     "ipv4,192.168.0.1/16,,192.0.2.0/24",
					     "ipv4,192.168.0.1/16,192.168.0.2,192.0.2.0/24,colour=red",
					     "ipv4,192.168.0.1/16,192.168.0.2,192.0.2.0/24,mtu=67" };
	struct packetdrill_interface good = pd;
	int said = dup(2), null = open("/dev/null", O_WRONLY);
	struct timeval tv;
	long long at;
	size_t len = 100;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		dup2(null, 2);
		drill_init(wrong[i], &pd);
		dup2(said, 2);
		REFUSED(EAFNOSUPPORT, CALL(socket, AF_INET, SOCK_STREAM, 0));
		REFUSED(ENETDOWN, CALL(netdev_send, data, 40));
		assert_int_equal(CALL(netdev_receive, got, &len, &at), 0);
		assert_int_equal(len, 0);
		assert_int_equal(CALL(gettimeofday, &tv, NULL), 0);
		CALL0(free);
	}
	close(said);
	close(null);
	pd = good;
}

static void flags_may_say_the_mtu_and_a_mask(void **state)
{
	struct sockaddr_in to = addr_of(REMOTE, 80);
	struct flow f = { .remote_port = 80 };
	int fd;

	host_end(state);
	drill_init("ipv4,192.168.0.1/255.255.0.0,192.168.0.2,192.0.2.1/24,mtu=1280", &pd);
	fd = tcp_socket();
	set_nonblock(fd, true);
	assert_int_equal(CALL(connect, fd, (struct sockaddr *)&to, sizeof(to)), -1);
	assert_int_equal(take_is(&f, SYN, 0, 0, 0)->mss, 1240);
}

static void flags_may_turn_long_packets_off(void **state)
{
	struct flow f;
	int fd;

	host_end(state);
	drill_init(FLAGS ",offload=off", &pd);
	fd = accepted(listening(), &f);
	assert_int_equal(CALL(write, fd, data, 4000), 4000);
	take_is(&f, ACK, 1, 1460, 1);
	take_is(&f, ACK, 1461, 1460, 1);
	take_is(&f, ACK, 2921, 1080, 1);
}

static void a_host_that_ends_ends_calls_that_block(void **state)
{
	struct packetdrill_interface good = pd;
	struct job job = { .kind = JOB_ACCEPT };

	(void)state;
	drill_init(FLAGS, &pd);
	job.fd = listening();
	begin(&job);
	/* what the thread asks afterwards, it asks another host */
	{
		struct packetdrill_interface ending = pd;

		pd = good;
		ending.free(ending.userdata);
	}
	assert_int_equal(end(&job), -1);
	assert_int_equal(errno, EINTR);
}

static void what_is_no_socket_of_the_host_is_the_systems(void **state)
{
	struct sockaddr_in here = addr_of("0.0.0.0", 8080);
	int fds[2];
	int value = 0, p[2];
	socklen_t len = sizeof(value);

	(void)state;
	REFUSED(EBADF, CALL(read, -1, got, 1));
	REFUSED(EBADF, CALL(write, 1000, got, 1));
	REFUSED(EBADF, CALL(listen, 1000, 1));
	REFUSED(EBADF, CALL(accept, 1000, NULL, NULL));
	REFUSED(EBADF, CALL(connect, 1000, (struct sockaddr *)&here, sizeof(here)));
	REFUSED(EBADF, CALL(shutdown, 1000, SHUT_WR));
	REFUSED(EBADF, CALL(recv, 1000, got, 1, 0));
	REFUSED(EBADF, CALL(send, 1000, got, 1, 0));
	REFUSED(EBADF, CALL(getsockopt, 1000, SOL_SOCKET, SO_ERROR, &value, &len));
	REFUSED(EBADF, CALL(ioctl, 1000, SIOCINQ, &value));
	assert_int_equal(pipe(p), 0);
	assert_int_equal(CALL(write, p[1], "abc", 3), 3);
	assert_int_equal(CALL(read, p[0], got, 10), 3);
	assert_int_equal(CALL(close, p[0]), 0);
	assert_int_equal(CALL(close, p[1]), 0);
	assert_int_equal(CALL(pipe, fds), 0);
	REFUSED(ENOTSOCK, CALL(listen, fds[0], 1));
	REFUSED(ENOTSOCK, CALL(send, fds[1], got, 1, 0));
	REFUSED(ENOTSOCK, CALL(accept, fds[1], NULL, NULL));
	REFUSED(ENOTSOCK, CALL(setsockopt, fds[1], SOL_SOCKET, SO_REUSEADDR, &value, sizeof(value)));
}

static void sockets_that_cannot_be(void **state)
{
	struct sockaddr_in elsewhere = addr_of("10.1.2.3", 80);
	int fd = tcp_socket();

	(void)state;
	REFUSED(EAFNOSUPPORT, CALL(socket, AF_UNIX, SOCK_STREAM, 0));
	REFUSED(EINVAL, CALL(socket, AF_INET, SOCK_STREAM | 0x100, 0));
	REFUSED(EPROTONOSUPPORT, CALL(socket, AF_INET, SOCK_STREAM, IPPROTO_UDP));
	REFUSED(EADDRNOTAVAIL, CALL(bind, fd, (struct sockaddr *)&elsewhere, sizeof(elsewhere)));
	REFUSED(ENETUNREACH, CALL(connect, fd, (struct sockaddr *)&elsewhere, sizeof(elsewhere)));
	REFUSED(ENOTCONN, CALL(recv, fd, got, 1, 0));
	REFUSED(EPIPE, CALL(write, fd, got, 1));
	REFUSED(EINVAL, CALL(accept, fd, NULL, NULL));
}

/* ---- descriptors */

static void a_descriptor_is_a_real_one(void **state)
{
	struct stat st;
	struct flow f;
	int fd = accepted(listening(), &f), copy, other;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(CALL(fcntl, fd, F_GETFD), 0);
	assert_int_equal(CALL(fcntl, fd, F_SETFD, FD_CLOEXEC), 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	copy = CALL(fcntl, fd, F_DUPFD, 100);
	assert_true(copy >= 100);
	assert_int_equal(CALL(close, fd), 0);
	assert_int_equal(CALL(write, copy, "x", 1), 1); /* it lives as long as one of them */
	take_is(&f, ACK, 1, 1, 1);
	assert_int_equal(CALL(close, copy), 0);
	take_is(&f, FIN | ACK, 2, 0, 1);
	other = CALL(socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(CALL(fcntl, other, F_GETFL), O_RDWR | O_NONBLOCK);
	assert_int_equal(fcntl(other, F_GETFD), FD_CLOEXEC);
}

static void what_waits_in_queues_is_told(void **state)
{
	struct ifreq ifr = { .ifr_name = "tun0" };
	struct flow f;
	int fd = accepted(listening(), &f), n = -1, on = 1;

	(void)state;
	give(&f, ACK, 1, 1, data, 77);
	take_is(&f, ACK, 1, 0, 78);
	assert_int_equal(CALL(ioctl, fd, SIOCINQ, &n), 0);
	assert_int_equal(n, 77);
	assert_int_equal(CALL(write, fd, data, 50), 50);
	take_is(&f, ACK, 1, 50, 78);
	assert_int_equal(CALL(ioctl, fd, SIOCOUTQ, &n), 0);
	assert_int_equal(n, 50);
	assert_int_equal(CALL(ioctl, fd, SIOCOUTQNSD, &n), 0);
	assert_int_equal(n, 0);
	give(&f, ACK, 78, 51, NULL, 0);
	assert_int_equal(CALL(ioctl, fd, SIOCOUTQ, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(CALL(ioctl, fd, SIOCGIFMTU, &ifr), 0);
	assert_int_equal(ifr.ifr_mtu, 1500);
	assert_int_equal(CALL(read, fd, got, 100), 77);
	assert_int_equal(CALL(ioctl, fd, FIONBIO, &on), 0);
	REFUSED(EAGAIN, CALL(read, fd, got, 100));
	REFUSED(ENOTTY, CALL(ioctl, fd, 0x12345, &n));
}

static void options_are_set_and_got(void **state)
{
	uint32_t mem[SK_MEMINFO_VARS];
	char name[16] = "";
	socklen_t len = sizeof(name);
	int fd = tcp_socket(), value = 0;

	(void)state;
	assert_int_equal(CALL(getsockopt, fd, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	assert_string_equal(name, "reno");
	len = sizeof(mem);
	assert_int_equal(CALL(getsockopt, fd, SOL_SOCKET, SO_MEMINFO, mem, &len), 0);
	assert_true(len >= 8 * sizeof(mem[0]));
	assert_true(mem[SK_MEMINFO_SNDBUF] > 0);
	set_option(fd, SOL_SOCKET, SO_PRIORITY, 3);
	len = sizeof(value);
	assert_int_equal(CALL(getsockopt, fd, SOL_SOCKET, SO_PRIORITY, &value, &len), 0);
	assert_int_equal(value, 3);
	REFUSED(ENOPROTOOPT, CALL(setsockopt, fd, SOL_SOCKET, 9999, &value, sizeof(value)));
	REFUSED(EINVAL, CALL(setsockopt, fd, IPPROTO_TCP, TCP_KEEPCNT, &value, 1));
}

/* ---- UDP */

static void datagrams_go_both_ways(void **state)
{
	struct sockaddr_in to = addr_of(REMOTE, 5555), from;
	socklen_t len = sizeof(from);
	int fd = udp_socket(7000);
	struct job job = { .kind = JOB_READ, .fd = fd, .buf = got, .bytes = 100 };
	struct seg *s;

	(void)state;
	fill(data, 3000, 0);
	assert_int_equal(CALL(sendto, fd, data, 1000, 0, (struct sockaddr *)&to, sizeof(to)), 1000);
	s = take(NULL);
	assert_int_equal(s->proto, IPPROTO_UDP);
	assert_int_equal(s->sport, 7000);
	assert_int_equal(s->dport, 5555);
	assert_int_equal(s->bytes, 1000);
	assert_memory_equal(s->data, data, 1000);
	give_udp(5555, 7000, data, 300);
	assert_int_equal(CALL(recvfrom, fd, got, 100, MSG_TRUNC, (struct sockaddr *)&from, &len), 300);
	assert_memory_equal(&from, &to, sizeof(from));
	begin(&job);
	give_udp(5555, 7000, data, 30);
	assert_int_equal(end(&job), 30);
	give_udp(5555, 7001, data, 30); /* nobody listens */
	s = take(NULL);
	assert_int_equal(s->proto, IPPROTO_ICMP);
	assert_int_equal(s->raw[20], 3);
	assert_int_equal(s->raw[21], 3);
	assert_int_equal(CALL(connect, fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(CALL(write, fd, data, 10), 10);
	give_icmp(3, 3, 0, take(NULL));
	REFUSED(ECONNREFUSED, CALL(read, fd, got, 100));
	REFUSED(EMSGSIZE, CALL(write, fd, data, 65535));
}

static void control_messages_go_both_ways(void **state)
{
	char control[256];
	struct iovec iov = { got, sizeof(got) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct sockaddr_in to = addr_of(REMOTE, 5555);
	int fd = udp_socket(7000), ttl = 9;
	struct cmsghdr *c;
	struct timeval tv;
	long long given;

	(void)state;
	set_option(fd, SOL_SOCKET, SO_TIMESTAMP, 1);
	given = now_us();
	give_udp(5555, 7000, data, 20);
	CALL(usleep, 777);
	assert_int_equal(CALL(recvmsg, fd, &msg, 0), 20);
	c = CMSG_FIRSTHDR(&msg);
	assert_non_null(c);
	assert_int_equal(c->cmsg_level, SOL_SOCKET);
	assert_int_equal(c->cmsg_type, SO_TIMESTAMP);
	memcpy(&tv, CMSG_DATA(c), sizeof(tv));
	assert_int_equal(tv.tv_sec * 1000000LL + tv.tv_usec, given); /* the clock of gettimeofday */
	iov.iov_len = 10;
	msg = (struct msghdr){ .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov, .msg_iovlen = 1 };
	msg.msg_control = control;
	msg.msg_controllen = CMSG_SPACE(sizeof(int));
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_TTL;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &ttl, sizeof(ttl));
	assert_int_equal(CALL(sendmsg, fd, &msg, 0), 10);
	assert_int_equal(take(NULL)->ttl, 9);
}

static void the_error_queue_is_read(void **state)
{
	char control[256];
	struct iovec iov = { got, sizeof(got) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct sockaddr_in to = addr_of(REMOTE, 5555);
	int fd = udp_socket(7000);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	(void)state;
	set_option(fd, IPPROTO_IP, IP_RECVERR, 1);
	REFUSED(EAGAIN, CALL(recvmsg, fd, &msg, MSG_ERRQUEUE)); /* it never waits */
	assert_int_equal(CALL(sendto, fd, data, 10, 0, (struct sockaddr *)&to, sizeof(to)), 10);
	give_icmp(3, 3, 0, take(NULL));
	assert_int_equal(CALL(poll, &p, 1, 0), 1);
	assert_int_equal(p.revents, POLLERR);
	msg.msg_controllen = sizeof(control);
	assert_true(CALL(recvmsg, fd, &msg, MSG_ERRQUEUE) >= 0);
	assert_true(msg.msg_flags & MSG_ERRQUEUE);
	assert_non_null(CMSG_FIRSTHDR(&msg));
}

/* ---- poll, epoll */

static void poll_looks_at_many(void **state)
{
	int listener = listening(), fds[2], system[2];
	struct flow f;
	int fd = accepted(listener, &f);
	struct pollfd p[6];
	struct job job = { .kind = JOB_POLL, .fd = fd, .bytes = POLLIN | POLLRDHUP, .timeout_ms = 500 };
	long long t;

	(void)state;
	assert_int_equal(CALL(pipe, fds), 0);
	assert_int_equal(pipe(system), 0);
	p[0] = (struct pollfd){ .fd = fd, .events = POLLIN | POLLOUT };
	p[1] = (struct pollfd){ .fd = listener, .events = POLLIN };
	p[2] = (struct pollfd){ .fd = -1, .events = POLLIN, .revents = 7 };
	p[3] = (struct pollfd){ .fd = 999, .events = POLLIN };
	p[4] = (struct pollfd){ .fd = fds[1], .events = POLLOUT };
	p[5] = (struct pollfd){ .fd = system[1], .events = POLLOUT };
	assert_int_equal(CALL(poll, p, 6, 0), 4);
	assert_int_equal(p[0].revents, POLLOUT);
	assert_int_equal(p[1].revents, 0);
	assert_int_equal(p[2].revents, 0);
	assert_int_equal(p[3].revents, POLLNVAL);
	assert_int_equal(p[4].revents, POLLOUT);
	assert_int_equal(p[5].revents, POLLOUT);
	close(system[0]);
	close(system[1]);
	begin(&job);
	give(&f, ACK, 1, 1, data, 5);
	assert_int_equal(end(&job), POLLIN);
	assert_int_equal(CALL(read, fd, got, 5), 5);
	t = now_us();
	begin(&job);
	CALL(usleep, 800000);
	assert_int_equal(end(&job), 0);
	assert_in_range(job.end_us - t, 500000, 500010);
	t = now_us();
	p[0].events = POLLIN;
	assert_int_equal(CALL(poll, p, 1, 250), 0); /* who moves the clock does so here, too */
	assert_in_range(now_us() - t, 250000, 250010);
	give(&f, FIN | ACK, 6, 1, NULL, 0);
	p[0].events = POLLIN | POLLRDHUP;
	assert_int_equal(CALL(poll, p, 1, -1), 1);
	assert_int_equal(p[0].revents, POLLIN | POLLRDHUP);
}

static int epoll_add(int ep, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.u64 = 0x100000000ULL + (unsigned)fd };

	return CALL(epoll_ctl, ep, EPOLL_CTL_ADD, fd, &ev);
}

static void epoll_knows_levels_and_edges(void **state)
{
	struct flow f;
	int fd = accepted(listening(), &f), ep = CALL(epoll_create, 1);
	struct epoll_event ev = { .events = EPOLLIN }, out[4];
	struct job job = { .kind = JOB_EPOLL, .fd = ep, .buf = out, .bytes = 4, .timeout_ms = -1 };

	(void)state;
	REFUSED(EINVAL, CALL(epoll_create, 0));
	assert_true(ep >= 0);
	assert_int_equal(epoll_add(ep, fd, EPOLLIN), 0);
	REFUSED(EEXIST, epoll_add(ep, fd, EPOLLIN));
	REFUSED(EBADF, epoll_add(ep, 999, EPOLLIN));
	REFUSED(EINVAL, epoll_add(ep, ep, EPOLLIN));
	REFUSED(EINVAL, epoll_add(fd, ep, EPOLLIN));
	REFUSED(EINVAL, CALL(epoll_wait, ep, out, 0, 0));
	assert_int_equal(CALL(epoll_wait, ep, out, 4, 0), 0);
	begin(&job);
	give(&f, ACK, 1, 1, data, 5);
	assert_int_equal(end(&job), 1);
	assert_int_equal(out[0].events, EPOLLIN);
	assert_int_equal(out[0].data.u64, 0x100000000ULL + (unsigned)fd);
	assert_int_equal(CALL(epoll_wait, ep, out, 4, 0), 1); /* a level stays */
	ev.events = EPOLLIN | EPOLLET;
	assert_int_equal(CALL(epoll_ctl, ep, EPOLL_CTL_MOD, fd, &ev), 0);
	assert_int_equal(CALL(epoll_wait, ep, out, 4, 0), 1);
	assert_int_equal(CALL(epoll_wait, ep, out, 4, 0), 0); /* an edge does not */
	give(&f, ACK, 6, 1, data, 5);
	assert_int_equal(CALL(epoll_wait, ep, out, 4, 0), 1); /* more data are one */
	ev.events = EPOLLIN | EPOLLONESHOT;
	assert_int_equal(CALL(epoll_ctl, ep, EPOLL_CTL_MOD, fd, &ev), 0);
	assert_int_equal(CALL(epoll_wait, ep, out, 4, 0), 1);
	assert_int_equal(CALL(epoll_wait, ep, out, 4, 0), 0);
	ev.events = EPOLLIN | EPOLLOUT;
	assert_int_equal(CALL(epoll_ctl, ep, EPOLL_CTL_MOD, fd, &ev), 0);
	assert_int_equal(CALL(epoll_wait, ep, out, 4, 100), 1);
	assert_int_equal(out[0].events, EPOLLIN | EPOLLOUT);
	assert_int_equal(CALL(epoll_ctl, ep, EPOLL_CTL_DEL, fd, NULL), 0);
	REFUSED(ENOENT, CALL(epoll_ctl, ep, EPOLL_CTL_DEL, fd, NULL));
	REFUSED(ENOENT, CALL(epoll_ctl, ep, EPOLL_CTL_MOD, fd, &ev));
}

static void epoll_files_nest_and_forget_what_is_closed(void **state)
{
	int ep[7], fds[2], file = memfd_create("a file", 0);
	struct epoll_event out[4];
	struct pollfd p;

	(void)state;
	assert_int_equal(CALL(pipe, fds), 0);
	for (int i = 0; i < 7; i++)
		ep[i] = CALL(epoll_create, 1);
	assert_int_equal(epoll_add(ep[0], fds[0], EPOLLIN), 0);
	for (int i = 1; i < 5; i++)
		assert_int_equal(epoll_add(ep[i], ep[i - 1], EPOLLIN), 0);
	REFUSED(ELOOP, epoll_add(ep[5], ep[4], EPOLLIN));
	REFUSED(ELOOP, epoll_add(ep[0], ep[4], EPOLLIN));
	REFUSED(EPERM, epoll_add(ep[0], file, EPOLLIN));
	p = (struct pollfd){ .fd = ep[4], .events = POLLIN };
	assert_int_equal(CALL(poll, &p, 1, 0), 0);
	assert_int_equal(CALL(write, fds[1], "x", 1), 1);
	assert_int_equal(CALL(poll, &p, 1, 0), 1);
	assert_int_equal(CALL(epoll_wait, ep[4], out, 4, 0), 1);
	assert_int_equal(CALL(close, fds[0]), 0);
	assert_int_equal(CALL(poll, &p, 1, 0), 0);
	close(file);
}

/* ---- pipes */

static void a_pipe_holds_what_it_can(void **state)
{
	struct iovec iov[2] = { { got, 10 }, { got + 10, 20 } };
	struct job job = { .kind = JOB_READ, .buf = got, .bytes = 100 };
	int fds[2], n;

	(void)state;
	assert_int_equal(CALL(pipe, fds), 0);
	fill(data, sizeof(data), 0);
	assert_int_equal(CALL(write, fds[1], data, 30), 30);
	assert_int_equal(CALL(ioctl, fds[0], FIONREAD, &n), 0);
	assert_int_equal(n, 30);
	assert_int_equal(CALL(readv, fds[0], iov, 2), 30);
	assert_memory_equal(got, data, 30);
	REFUSED(EBADF, CALL(write, fds[0], data, 1));
	REFUSED(EBADF, CALL(read, fds[1], data, 1));
	job.fd = fds[0];
	begin(&job);
	assert_int_equal(CALL(write, fds[1], data, 7), 7);
	assert_int_equal(end(&job), 7);
	assert_int_equal(CALL(fcntl, fds[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(CALL(fcntl, fds[1], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(CALL(fcntl, fds[0], F_GETFL), O_RDONLY | O_NONBLOCK);
	REFUSED(EAGAIN, CALL(read, fds[0], got, 1));
	assert_int_equal(CALL(fcntl, fds[1], F_GETPIPE_SZ), 65536);
	assert_int_equal(CALL(write, fds[1], data, sizeof(data)), 65536);
	REFUSED(EAGAIN, CALL(write, fds[1], data, 1));
	assert_int_equal(CALL(fcntl, fds[1], F_SETPIPE_SZ, 100000), 131072);
	assert_int_equal(CALL(write, fds[1], data, 100), 100);
	REFUSED(EBUSY, CALL(fcntl, fds[1], F_SETPIPE_SZ, 4096));
	assert_int_equal(CALL(read, fds[0], got, sizeof(got)), 65536);
	assert_memory_equal(got, data, sizeof(got));
	assert_int_equal(CALL(read, fds[0], got, sizeof(got)), 100);
	assert_int_equal(CALL(close, fds[1]), 0);
	assert_int_equal(CALL(read, fds[0], got, 1), 0);
	assert_int_equal(CALL(pipe, fds), 0);
	assert_int_equal(CALL(close, fds[0]), 0);
	REFUSED(EPIPE, CALL(write, fds[1], data, 1));
}

static void splice_moves_between_sockets_pipes_and_files(void **state)
{
	struct flow f;
	int fd = accepted(listening(), &f), fds[2], more[2], file = memfd_create("a file", 0);
	struct job job = { .kind = JOB_SPLICE, .fd = fd, .bytes = 5000 };
	off64_t at = 10;

	(void)state;
	fill(data, 5000, 0);
	assert_int_equal(CALL(pipe, fds), 0);
	assert_int_equal(CALL(pipe, more), 0);
	job.other_fd = fds[1];
	begin(&job); /* nothing has come yet */
	give(&f, ACK, 1, 1, data, 1000);
	assert_int_equal(end(&job), 1000);
	take_is(&f, ACK, 1, 0, 1001);
	assert_int_equal(CALL(splice, fds[0], NULL, more[1], NULL, 600, 0), 600);
	assert_int_equal(CALL(splice, more[0], NULL, fd, NULL, 10000, 0), 600);
	assert_memory_equal(take_is(&f, ACK, 1, 600, 1001)->data, data, 600);
	give(&f, ACK, 1001, 601, NULL, 0);
	assert_int_equal(CALL(splice, fds[0], NULL, file, &at, 10000, 0), 400);
	assert_int_equal(at, 410);
	assert_int_equal(pread(file, got, 500, 10), 400);
	assert_memory_equal(got, data + 600, 400);
	at = 110;
	assert_int_equal(CALL(splice, file, &at, fds[1], NULL, 10000, 0), 300);
	assert_int_equal(at, 410);
	assert_int_equal(CALL(read, fds[0], got, 500), 300);
	assert_memory_equal(got, data + 700, 300);
	REFUSED(EAGAIN, CALL(splice, fds[0], NULL, fd, NULL, 100, SPLICE_F_NONBLOCK));
	set_nonblock(fd, true);
	REFUSED(EAGAIN, CALL(splice, fd, NULL, fds[1], NULL, 100, 0));
	REFUSED(EINVAL, CALL(splice, fd, NULL, file, NULL, 100, 0));
	REFUSED(ESPIPE, CALL(splice, fds[0], &at, fd, NULL, 100, 0));
	REFUSED(EBADF, CALL(splice, fds[1], NULL, fd, NULL, 100, 0));
	REFUSED(EINVAL, CALL(splice, fds[0], NULL, fds[1], NULL, 100, 0));
	assert_int_equal(CALL(splice, fds[0], NULL, fd, NULL, 0, 0), 0);
	give(&f, FIN | ACK, 1001, 601, NULL, 0);
	assert_int_equal(CALL(splice, fd, NULL, fds[1], NULL, 100, 0), 0);
	close(file);
}

/* ---- libc's own, by the shim */

static void libc_asks_the_host_of_its_sockets(void **state)
{
	struct tcp_info info = { 0 };
	uint32_t mem[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);
	struct flow f;
	int fd = accepted(listening(), &f), file = memfd_create("a file", 0), system;
	off_t at = 100;

	(void)state;
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	assert_int_equal(info.tcpi_state, 1);
	assert_in_range(info.tcpi_rtt, 100000, 100100);
	len = sizeof(mem);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_MEMINFO, mem, &len), 0);
	REFUSED(ENOPROTOOPT, getsockopt(fd, SOL_SOCKET, 9999, mem, &len));
	fill(data, 2000, 0);
	assert_int_equal(write(file, data, 2000), 2000);
	assert_int_equal(sendfile(fd, file, &at, 1000), 1000);
	assert_int_equal(at, 1100);
	assert_memory_equal(take_is(&f, ACK, 1, 1000, 1)->data, data + 100, 1000);
	assert_int_equal(lseek(file, 1500, SEEK_SET), 1500);
	give(&f, ACK, 1, 1001, NULL, 0);
	assert_int_equal(sendfile64(fd, file, NULL, 1000), 500);
	assert_memory_equal(take_is(&f, ACK, 1001, 500, 1)->data, data + 1500, 500);
	assert_int_equal(lseek(file, 0, SEEK_CUR), 2000);
	give(&f, ACK, 1, 1501, NULL, 0);
	assert_int_equal(close(fd), 0);
	take_is(&f, FIN | ACK, 1501, 0, 1);
	REFUSED(EBADF, close(fd));
	system = socket(AF_UNIX, SOCK_STREAM, 0); /* is still the system's */
	len = sizeof(int);
	assert_int_equal(getsockopt(system, SOL_SOCKET, SO_TYPE, mem, &len), 0);
	assert_int_equal(mem[0], SOCK_STREAM);
	assert_int_equal(close(system), 0);
	assert_int_equal(close(file), 0);
}

static void a_close_that_went_by_is_noticed(void **state)
{
	struct flow f;
	int fd = accepted(listening(), &f), other;

	(void)state;
	assert_int_equal(close(fd), 0);
	other = CALL(socket, AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(other, fd);
	take_is(&f, FIN | ACK, 1, 0, 1);
	assert_int_equal(CALL(close, other), 0);
}

const struct CMUnitTest call_tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, host_begin, host_end)
	TEST(all_functions_are_there),
	TEST(two_hosts_know_nothing_of_each_other),
	TEST(wrong_flags_make_a_host_without_sockets),
	TEST(flags_may_say_the_mtu_and_a_mask),
	TEST(flags_may_turn_long_packets_off),
	TEST(a_host_that_ends_ends_calls_that_block),
	TEST(what_is_no_socket_of_the_host_is_the_systems),
	TEST(sockets_that_cannot_be),
	TEST(a_descriptor_is_a_real_one),
	TEST(what_waits_in_queues_is_told),
	TEST(options_are_set_and_got),
	TEST(datagrams_go_both_ways),
	TEST(control_messages_go_both_ways),
	TEST(the_error_queue_is_read),
	TEST(poll_looks_at_many),
	TEST(epoll_knows_levels_and_edges),
	TEST(epoll_files_nest_and_forget_what_is_closed),
	TEST(a_pipe_holds_what_it_can),
	TEST(splice_moves_between_sockets_pipes_and_files),
};
const size_t call_test_count = sizeof(call_tests) / sizeof(call_tests[0]);

const struct CMUnitTest shim_test = TEST(libc_asks_the_host_of_its_sockets);
const struct CMUnitTest no_shim_test = TEST(a_close_that_went_by_is_noticed);
