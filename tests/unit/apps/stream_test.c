// SPDX-License-Identifier: BSD-2-Clause
/* What a program sees of its TCP sockets while the supervisor carries their bytes: each row is a program, as in supervisor_test.c.
 * What TCP itself does to them is in tests/smoke/test_tcp.py. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sys/socket.h>

#include "supervised.h"

static void connected_pair(int *x, int *y)
{
	struct sockaddr_in a = loopback(0);
	socklen_t len = sizeof(a);
	int ls = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(listen(ls, 1) == 0 && getsockname(ls, sa(&a), &len) == 0);
	a = loopback(ntohs(a.sin_port));
	*x = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(*x, sa(&a), sizeof(a)) == 0);
	*y = accept(ls, NULL, NULL);
	CHECK(*y >= 0 && close(ls) == 0);
}

/* TCP knows no descriptors; the carrier does, and ends a read behind each. */
static void descriptors_do_not_stop_a_stream(void)
{
	char room[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 'a', buf[2];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int x, y;

	connected_pair(&x, &y);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &x, sizeof(int));
	for (int i = 0; i < 100; i++) {
		CHECK(sendmsg(x, &msg, 0) == 1 && write(x, "b", 1) == 1);
		for (size_t at = 0; at < 2; at++)
			CHECK(wait_for(y, POLLIN) && read(y, buf + at, 1) == 1);
		CHECK(buf[0] == 'a' && buf[1] == 'b');
	}
}

/* Each octet is a segment of its own, and lies unread in more pieces than one call takes. */
static void small_segments_wait_unread(void)
{
	const int on = 1, count = 3000;
	uint8_t got[3000];
	int x, y;

	connected_pair(&x, &y);
	CHECK(setsockopt(x, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0);
	for (int i = 0; i < count; i++) {
		const uint8_t byte = (uint8_t)(i % 251);

		CHECK(write(x, &byte, 1) == 1);
		CHECK_FAILS(getsockname(x, NULL, NULL),
			    EFAULT); /* any call that is answered: now it was sent by itself */
	}
	for (ssize_t n, at = 0; at < count; at += n) {
		CHECK(wait_for(y, POLLIN));
		n = read(y, got + at, (size_t)(count - at));
		CHECK(n > 0);
	}
	for (int i = 0; i < count; i++)
		CHECK(got[i] == i % 251);
}

static void *call_without_end(void *arg)
{
	atomic_bool *stop = arg;
	struct sockaddr_in a;
	int x = bound(&a, 0);

	while (!*stop) {
		socklen_t len = sizeof(a);

		CHECK(getsockname(x, sa(&a), &len) == 0);
	}
	return NULL;
}

static void calls_do_not_hold_up_streams(void)
{
	atomic_bool stop = false;
	pthread_t thread[2];
	char byte = 0;
	int x, y;

	connected_pair(&x, &y);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&thread[i], NULL, call_without_end, &stop) == 0);
	for (int i = 0; i < 50; i++) {
		CHECK(write(x, &byte, 1) == 1 && wait_for(y, POLLIN) && read(y, &byte, 1) == 1);
		CHECK(write(y, &byte, 1) == 1 && wait_for(x, POLLIN) && read(x, &byte, 1) == 1);
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}

/* recv(2) hurries before all that is ready; what was closed behind it must be closed for the bind(2) that follows. */
static void an_address_is_free_at_once(void)
{
	struct sockaddr_in a = loopback(0);
	socklen_t len = sizeof(a);
	char byte;

	for (int i = 0; i < 300; i++) {
		int x = socket(AF_INET, SOCK_STREAM, 0);

		CHECK(bind(x, sa(&a), sizeof(a)) == 0 && getsockname(x, sa(&a), &len) == 0);
		CHECK(listen(x, 1) == 0);
		for (int n = 0; n < i % 3; n++)
			CHECK_FAILS(recv(x, &byte, 1, 0), ENOTCONN);
		close(x);
	}
}

static const struct supervised_row rows[] = {
	{ "descriptors sent over a stream do not stop it", descriptors_do_not_stop_a_stream, false },
	{ "small segments that are not read for long", small_segments_wait_unread, false },
	{ "an address is free as soon as its socket is closed", an_address_is_free_at_once, false },
	{ "calls without end do not hold up streams", calls_do_not_hold_up_streams, false },
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
