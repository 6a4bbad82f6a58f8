// SPDX-License-Identifier: BSD-2-Clause
/* Streams on the tape: connections that are opened, accepted, used in every way and closed happen again, to the same hash. */
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <sys/ioctl.h>

#include "record_host.h"

#define PORT 7000
#define TCP_NODELAY 1
#define TCP_INFO 11
#define TCP_CONGESTION 13

/** struct stream - a connection of a net with itself */
struct stream {
	struct host *h;
	struct nethood_sock *listener, *client, *server;
};

static struct nethood_sock *stream_socket(struct host *h)
{
	struct nethood_sock *sk;

	assert_int_equal(nethood_socket(h->net, AF_INET, SOCK_STREAM, 0, &sk), 0);
	return sk;
}

static void stream_open(struct stream *s, struct host *h)
{
	struct sockaddr_in us = in(0x7f000001, PORT), peer;
	socklen_t len = sizeof(peer);

	s->h = h;
	s->listener = stream_socket(h);
	assert_int_equal(nethood_bind(s->listener, (struct sockaddr *)&us, sizeof(us)), 0);
	assert_int_equal(nethood_listen(s->listener, 5), 0);
	assert_int_equal(nethood_accept(s->listener, &s->server, NULL, NULL), -EAGAIN);
	s->client = stream_socket(h);
	nethood_on_ready(s->client, on_ready, h);
	assert_int_equal(nethood_connect(s->client, (struct sockaddr *)&us, sizeof(us)), -EINPROGRESS);
	poll_for(h, SECOND / 100);
	assert_int_equal(nethood_accept(s->listener, &s->server, (struct sockaddr *)&peer, &len), 0);
	assert_int_equal(len, sizeof(peer));
}

static void stream_close(struct stream *s)
{
	nethood_close(s->client);
	nethood_close(s->server);
	nethood_close(s->listener);
	poll_for(s->h, SECOND);
}

/* Pieces of all lengths, read in pieces of others; what does not fit waits. */
static void stream_talk(struct stream *s, u32 rounds)
{
	static u8 buf[20000];
	u64 sent = 0, got = 0;

	for (u32 i = 0; i < rounds; i++) {
		size_t bytes = 1 + i * 977 % sizeof(buf);
		struct iovec iov[2] = { { buf, bytes / 3 }, { buf + bytes / 3, bytes - bytes / 3 } };
		struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
		ssize_t n;

		memset(buf, (int)i, bytes);
		n = i & 1 ? nethood_sendmsg(s->client, &msg, i & 2 ? MSG_MORE : 0)
			  : nethood_sendto(s->client, buf, bytes, 0, NULL, 0);
		sent += n > 0 ? (u64)n : 0;
		poll_for(s->h, SECOND / 1000 * (i % 7));
		nethood_recvfrom(s->server, buf, 100, MSG_PEEK, NULL, NULL);
		n = nethood_recvmsg(s->server, &msg, 0);
		got += n > 0 ? (u64)n : 0;
	}
	nethood_shutdown(s->client, SHUT_WR);
	for (u32 i = 0; i < 100000 && got < sent; i++) {
		ssize_t n = nethood_recvfrom(s->server, buf, sizeof(buf), 0, NULL, NULL);

		got += n > 0 ? (u64)n : 0;
		poll_for(s->h, SECOND / 1000);
	}
	assert_true(sent > 100000);
	assert_int_equal(got, sent);
	poll_for(s->h, SECOND / 10);
	assert_int_equal(nethood_recvfrom(s->server, buf, sizeof(buf), 0, NULL, NULL), 0);
}

static void begin(struct host *h)
{
	assert_int_equal(host_create(h, RING, 0), 0);
	host_begin(h, "user");
}

static void test_a_stream(void **state)
{
	struct host h;
	struct stream s;

	(void)state;
	begin(&h);
	stream_open(&s, &h);
	stream_talk(&s, 200);
	same_again(&h); /* a connection that is half closed */
	stream_close(&s);
	poll_for(&h, 100 * SECOND); /* TIME-WAIT is over */
	same_again(&h);
	nethood_free(h.net);
}

static void test_options_and_answers(void **state)
{
	int on = 1, value, unread;
	struct linger now = { 1, 0 };
	socklen_t len = sizeof(value);
	char name[16], info[280], c;
	struct stream s;
	struct host h;

	(void)state;
	begin(&h);
	stream_open(&s, &h);
	assert_int_equal(nethood_setsockopt(s.client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
	assert_int_equal(nethood_setsockopt(s.client, IPPROTO_TCP, TCP_CONGESTION, "reno", 4), 0);
	assert_int_equal(nethood_getsockopt(s.client, IPPROTO_TCP, TCP_NODELAY, &value, &len), 0);
	len = sizeof(name);
	assert_int_equal(nethood_getsockopt(s.client, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	assert_int_equal(nethood_sendto(s.client, "urgent", 6, MSG_OOB, NULL, 0), 6);
	poll_for(&h, SECOND / 100);
	assert_int_equal(nethood_ioctl(s.server, SIOCINQ, &unread, sizeof(unread)), 0);
	assert_int_equal(unread, 5);
	assert_int_equal(nethood_recvfrom(s.server, &c, 1, MSG_OOB, NULL, NULL), 1);
	len = sizeof(info);
	assert_int_equal(nethood_getsockopt(s.server, IPPROTO_TCP, TCP_INFO, info, &len), 0);
	assert_int_equal(nethood_setsockopt(s.client, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	stream_close(&s); /* by a reset */
	same_again(&h);
	nethood_free(h.net);
}

/* Nobody answers at all, or nobody listens. */
static void test_connections_that_fail(void **state)
{
	struct sockaddr_in far = in(0x0a000009, PORT), us = in(0x7f000001, PORT);
	struct nethood_sock *refused, *silent;
	struct host h;

	(void)state;
	begin(&h);
	refused = stream_socket(&h);
	silent = stream_socket(&h);
	assert_int_equal(nethood_connect(refused, (struct sockaddr *)&us, sizeof(us)), -EINPROGRESS);
	assert_int_equal(nethood_connect(silent, (struct sockaddr *)&far, sizeof(far)), -EINPROGRESS);
	poll_for(&h, SECOND);
	assert_int_equal(nethood_connect(refused, (struct sockaddr *)&us, sizeof(us)), -ECONNREFUSED);
	poll_for(&h, 20 * SECOND);
	nethood_close(refused);
	nethood_close(silent);
	same_again(&h);
	nethood_free(h.net);
}

/* ss -K, on the tape. */
static void test_ended_from_outside(void **state)
{
	struct {
		struct nlmsghdr nlh;
		struct inet_diag_req_v2 req;
	} rq = { { sizeof(rq), SOCK_DESTROY, NLM_F_REQUEST | NLM_F_ACK, 1, 0 }, { 0 } };
	struct nethood_sock *diag;
	struct stream s;
	struct host h;
	char answer[256];

	(void)state;
	begin(&h);
	stream_open(&s, &h);
	assert_int_equal(nethood_socket(h.net, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG, &diag), 0);
	rq.req.sdiag_family = AF_INET;
	rq.req.sdiag_protocol = IPPROTO_TCP;
	rq.req.id.idiag_sport = htons(PORT);
	rq.req.id.idiag_src[0] = htonl(0x7f000001);
	rq.req.id.idiag_cookie[0] = rq.req.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	assert_int_equal(nethood_sendto(diag, &rq, sizeof(rq), 0, NULL, 0), sizeof(rq));
	assert_true(nethood_recvfrom(diag, answer, sizeof(answer), 0, NULL, NULL) > 0);
	poll_for(&h, SECOND);
	nethood_close(diag);
	stream_close(&s);
	same_again(&h);
	nethood_free(h.net);
}

/* A recording holds a MiB of one call: a stream takes no more of it, in one piece or in many. */
static void test_a_call_with_much(void **state)
{
	static u8 much[3U << 20];
	struct iovec iov[3] = { { much, 0 }, { much, 700000 }, { much, 700000 } };
	struct msghdr one = { .msg_iov = (struct iovec[]){ { much, sizeof(much) } }, .msg_iovlen = 1 },
		      many = { .msg_iov = iov, .msg_iovlen = 3 };
	int size = 2U << 20;
	struct stream s;
	struct host h;

	(void)state;
	begin(&h);
	assert_int_equal(nethood_sysctl_set(h.net, "net.core.wmem_max", "8388608"), 0);
	for (size_t i = 0; i < sizeof(much); i++)
		much[i] = (u8)(i >> 10);
	for (u32 how = 0; how < 3; how++) {
		ssize_t n;

		stream_open(&s, &h);
		assert_int_equal(nethood_setsockopt(s.client, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
		n = !how ? nethood_sendto(s.client, much, sizeof(much), 0, NULL, 0)
			 : nethood_sendmsg(s.client, how == 1 ? &one : &many, 0);
		assert_int_equal(n, how == 2 ? 700000 : 1 << 20);
		poll_for(&h, SECOND);
		stream_close(&s);
		poll_for(&h, 100 * SECOND);
	}
	same_again(&h);
	nethood_free(h.net);
}

/* ------------------------------------------------------------------ zero copy */

struct loan {
	struct host *h;
	u8 *octets;
	u32 *released;
};

/* Who is told lends no more, but calls. */
static void on_release(void *ctx, const void *data, size_t len_bytes)
{
	struct loan *loan = ctx;
	int on = 1;

	assert_ptr_equal(data, loan->octets);
	assert_true(len_bytes > 0);
	if (++*loan->released % 2)
		assert_int_equal(nethood_setsockopt(loan->h->udp, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)), 0);
	free(loan->octets);
	free(loan);
}

static ssize_t lend(struct stream *s, size_t bytes, u32 *released)
{
	struct loan *loan = malloc(sizeof(*loan));
	ssize_t n;

	assert_non_null(loan);
	*loan = (struct loan){ s->h, malloc(bytes), released };
	assert_non_null(loan->octets);
	memset(loan->octets, (int)bytes, bytes);
	n = nethood_send_zerocopy(s->client, loan->octets, bytes, 0, on_release, loan);
	if (n <= 0) {
		free(loan->octets);
		free(loan);
	}
	return n;
}

static void test_octets_that_are_lent_and_borrowed(void **state)
{
	struct iovec piece[8];
	u32 lent = 0, released = 0;
	struct stream s;
	struct host h;
	u8 c, thrown[3000];

	(void)state;
	begin(&h);
	stream_open(&s, &h);
	assert_int_equal(nethood_send_zerocopy(s.client, NULL, 1, 0, on_release, &s), -EINVAL);
	assert_int_equal(nethood_send_zerocopy(h.udp, &c, 1, 0, on_release, &s), -EOPNOTSUPP);
	for (u32 i = 0; i < 100; i++) {
		struct sockaddr_in from;
		struct msghdr msg = {
			.msg_iov = piece, .msg_iovlen = 1 + i % 8, .msg_name = &from, .msg_namelen = sizeof(from)
		};
		ssize_t n;

		lent += lend(&s, 1 + i * 977 % 30000, &released) > 0;
		lent += i == 50 && lend(&s, 3U << 20, &released) > 0; /* more than a recording holds of one call */
		poll_for(&h, SECOND / 1000 * (i % 7));
		n = nethood_recv_borrow(s.server, &msg);
		if (n > 0 && i % 4)
			nethood_recv_consume(s.server, i % 3 ? (size_t)n : (size_t)n / 2);
		else if (n > 0) { /* what is thrown away is not written: what lies there is of before */
			memset(thrown, (int)i, sizeof(thrown));
			nethood_recvfrom(s.server, thrown, sizeof(thrown), MSG_TRUNC, NULL, NULL);
		}
	}
	assert_true(released > 10 && released < lent);
	same_again(&h); /* some of it is still lent */
	stream_close(&s);
	poll_for(&h, 100 * SECOND);
	assert_int_equal(released, lent);
	same_again(&h);
	nethood_free(h.net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stream),
		cmocka_unit_test(test_options_and_answers),
		cmocka_unit_test(test_connections_that_fail),
		cmocka_unit_test(test_ended_from_outside),
		cmocka_unit_test(test_a_call_with_much),
		cmocka_unit_test(test_octets_that_are_lent_and_borrowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
