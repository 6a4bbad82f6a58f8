// SPDX-License-Identifier: BSD-2-Clause
/* Queues, room, errors, readiness and control messages of datagram sockets. */
#include "sock_world.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/uio.h>

static ssize_t recv_text(struct sock *sk, char *buf, size_t size, int flags)
{
	struct iovec iov = { buf, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return sock_recvmsg(sk, &msg, flags);
}

static void test_peek_offset(void **state)
{
	static const struct {
		const char *what;
		int set_off; /* -2: leave it */
		size_t size;
		int flags;
		const char *text;
		int off_after;
	} rows[] = {
		{ "a peek without offset sees the beginning", -2, 3, MSG_PEEK, "abc", -1 },
		{ "again", -2, 3, MSG_PEEK, "abc", -1 },
		{ "an offset of zero begins there, and moves", 0, 2, MSG_PEEK, "ab", 2 },
		{ "the next peek goes on", -2, 2, MSG_PEEK, "cd", 4 },
		{ "over the end of a datagram into the next", -2, 4, MSG_PEEK, "ef", 6 },
		{ "which is the second", -2, 4, MSG_PEEK, "1234", 10 },
		{ "reading takes the first, and the offset goes back", -2, 9, 0, "abcdef", 4 },
		{ "beyond all data there is nothing", -2, 9, MSG_PEEK, NULL, 4 },
		{ "reading takes the second", -2, 9, 0, "1234", 0 },
	};
	struct world w;
	struct sock *sk;

	(void)state;
	world_init(&w);
	sk = world_socket(&w);
	sock_queue_rcv_skb(sk, world_packet(&w, "abcdef", 6));
	sock_queue_rcv_skb(sk, world_packet(&w, "1234", 4));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char buf[16] = "";
		ssize_t got;
		int off;
		socklen_t len = sizeof(off);

		if (rows[i].set_off > -2)
			assert_int_equal(sock_setsockopt(sk, SOL_SOCKET, SO_PEEK_OFF, &rows[i].set_off, 4), 0);
		got = recv_text(sk, buf, rows[i].size, rows[i].flags);
		assert_int_equal(sock_getsockopt(sk, SOL_SOCKET, SO_PEEK_OFF, &off, &len), 0);
		if (got != (rows[i].text ? (ssize_t)strlen(rows[i].text) : -EAGAIN) || off != rows[i].off_after ||
		    (rows[i].text && strcmp(buf, rows[i].text)))
			fail_msg("%s: %zd '%s' %d", rows[i].what, got, buf, off);
	}
	world_fini(&w);
}

static void test_receive_buffer(void **state)
{
	struct world w;
	struct sock *sk;
	u32 taken = 0;
	int none = 0;

	(void)state;
	world_init(&w);
	sk = world_socket(&w);
	assert_int_equal(sock_setsockopt(sk, SOL_SOCKET, SO_RCVBUF, &none, sizeof(none)), 0);
	assert_int_equal(sk->rcvbuf_bytes, SOCK_MIN_RCVBUF);
	while (!sock_queue_rcv_skb(sk, world_packet(&w, "x", 1)))
		taken++;
	/* as Linux: the one that crosses the limit is still taken */
	assert_int_equal(taken, SOCK_MIN_RCVBUF / skb_truesize(1) + 1);
	assert_int_equal(sk->drops, 1);
	assert_int_equal(w.net.skb_pool->stats.dropped[SKB_DROP_REASON_SOCKET_RCVBUFF], 1);
	assert_int_equal(sk->rmem_alloc_bytes, taken * skb_truesize(1));
	sock_wake_run(&w.net);
	assert_int_equal(w.wakes, 1); /* for all of them together */
	world_fini(&w);
}

static void test_send_buffer(void **state)
{
	struct sk_buff *sent[600];
	u32 count = 0, half;
	struct world w;
	struct sock *sk;
	int err;

	(void)state;
	world_init(&w);
	sk = world_socket(&w);
	while (!(err = sock_alloc_send_skb(sk, 1, &sent[count])))
		count++;
	assert_int_equal(err, -EAGAIN);
	assert_int_equal(count, sk->sndbuf_bytes / skb_truesize(1));
	assert_false(sock_poll(sk) & EPOLLOUT);
	w.wakes = 0;
	for (half = 0; half < count && !w.wakes; half++) {
		consume_skb(sent[half]);
		sock_wake_run(&w.net);
	}
	assert_int_equal(w.last_events, EPOLLOUT);
	assert_true(sk->wmem_alloc_bytes < sk->sndbuf_bytes / 2);
	assert_true(sk->wmem_alloc_bytes + skb_truesize(1) >= sk->sndbuf_bytes / 2);
	assert_true(sock_poll(sk) & EPOLLOUT);
	sock_release(sk); /* packets on their way keep its memory */
	assert_int_equal(w.net.sock->open_count, 0);
	assert_int_equal(w.net.sock->live_count, 1);
	for (; half < count; half++)
		consume_skb(sent[half]);
	assert_int_equal(w.net.sock->live_count, 0);
	world_fini(&w);
}

static void test_errors(void **state)
{
	struct sk_buff *skb;
	struct world w;
	struct sock *sk;
	char buf[8];
	int v;
	socklen_t len = sizeof(v);

	(void)state;
	world_init(&w);
	sk = world_socket(&w);
	sk_set_err(sk, ECONNREFUSED);
	sock_wake_run(&w.net);
	assert_int_equal(w.last_events, EPOLLERR);
	assert_true(sock_poll(sk) & EPOLLERR);
	assert_int_equal(recv_text(sk, buf, 8, 0), -ECONNREFUSED);
	assert_int_equal(recv_text(sk, buf, 8, 0), -EAGAIN);
	sk_set_err(sk, EHOSTUNREACH);
	assert_int_equal(sock_alloc_send_skb(sk, 1, &skb), -EHOSTUNREACH);
	sk_set_err(sk, ENETDOWN);
	assert_int_equal(sock_getsockopt(sk, SOL_SOCKET, SO_ERROR, &v, &len), 0);
	assert_int_equal(v, ENETDOWN);
	assert_int_equal(sock_queue_err_skb(sk, world_packet(&w, "e", 1)), 0);
	assert_int_equal(sock_poll(sk) & (EPOLLERR | EPOLLPRI), EPOLLERR);
	v = 1;
	assert_int_equal(sock_setsockopt(sk, SOL_SOCKET, SO_SELECT_ERR_QUEUE, &v, sizeof(v)), 0);
	assert_int_equal(sock_poll(sk) & (EPOLLERR | EPOLLPRI), EPOLLERR | EPOLLPRI);
	sk->shutdown = SEND_SHUTDOWN;
	assert_int_equal(sock_alloc_send_skb(sk, 1, &skb), -EPIPE);
	world_fini(&w);
}

static void test_cmsg_room(void **state)
{
	static const struct {
		const char *what;
		size_t room;
		size_t used;
		bool truncated;
	} rows[] = {
		{ "no room for a header: nothing, and told", 15, 0, true },
		{ "room for the header only", 16, 16, true },
		{ "room for part of the data", 18, 18, true },
		{ "room for the data, not for the padding", 20, 20, false },
		{ "room for all", 24, 24, false },
		{ "more room than needed", 40, 24, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_Alignas(8) u8 buf[64];
		struct cmsg_out out = { buf, rows[i].room, 0, false };
		const int value = 0x01020304;

		put_cmsg(&out, SOL_SOCKET, SO_MARK, &value, sizeof(value));
		if (out.used_bytes != rows[i].used || out.truncated != rows[i].truncated)
			fail_msg("%s: %zu %d", rows[i].what, out.used_bytes, out.truncated);
	}
}

static void test_copy(void **state)
{
	char a[3], b[1], c[8];
	struct iovec iov[] = { { a, 3 }, { b, 0 }, { b, 1 }, { c, 8 } };
	struct sk_buff *skb;
	struct skb_page *page;
	struct world w;
	char back[16];

	(void)state;
	world_init(&w);
	skb = world_packet(&w, "0123", 4);
	page = skb_page_alloc(w.net.skb_pool, 64);
	assert_non_null(page);
	memcpy(page->data, "__456789", 8);
	skb_add_frag(skb, page, 2, 6);
	assert_int_equal(skb_copy_datagram_iov(skb, 5, iov, 4, 6), -EFAULT);
	assert_int_equal(skb_copy_datagram_iov(skb, 1, iov, 4, 9), 0);
	assert_memory_equal(a, "123", 3);
	assert_memory_equal(b, "4", 1);
	assert_memory_equal(c, "56789", 5);
	assert_int_equal(memcpy_from_iov(back, iov, 4, 2, 7), 0);
	assert_memory_equal(back, "3456789", 7);
	assert_int_equal(memcpy_from_iov(back, iov, 4, 2, 11), -EFAULT);
	assert_int_equal(iov_length(iov, 4), 12);
	consume_skb(skb);
	world_fini(&w);
}

static void test_timestamps(void **state)
{
	_Alignas(8) char control[128];
	struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof(control) };
	struct timeval tv;
	struct world w;
	struct sock *sk;
	int on = 1;

	(void)state;
	world_init(&w);
	w.net.wall_offset = 1700000000LL * NSEC_PER_SEC + 5000;
	sk = world_socket(&w);
	assert_int_equal(sock_setsockopt(sk, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof(on)), 0);
	sock_queue_rcv_skb(sk, world_packet(&w, "t", 1));
	w.net.now += NSEC_PER_SEC; /* when it was read does not matter */
	assert_int_equal(sock_recvmsg(sk, &msg, 0), 0);
	assert_int_equal(CMSG_FIRSTHDR(&msg)->cmsg_type, SO_TIMESTAMP);
	memcpy(&tv, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(tv));
	assert_int_equal(tv.tv_sec, 1700001000);
	assert_int_equal(tv.tv_usec, 5);
	world_fini(&w);
}

static void test_no_memory(void **state)
{
	struct world w;
	struct sock *sk;

	(void)state;
	world_init(&w);
	w.fail_at = w.allocations + 1;
	assert_int_equal(sock_create(&w.net, AF_INET, SOCK_DGRAM, 0, &sk), -ENOBUFS);
	assert_int_equal(w.net.sock->live_count, 0);
	assert_int_equal(sock_create(&w.net, AF_INET6, SOCK_DGRAM, 0, &sk), -EAFNOSUPPORT);
	assert_int_equal(sock_create(&w.net, AF_INET, SOCK_STREAM, 0, &sk), -ESOCKTNOSUPPORT);
	assert_int_equal(sock_create(&w.net, AF_INET, 99, 0, &sk), -EINVAL);
	assert_int_equal(sock_create(&w.net, -1, SOCK_DGRAM, 0, &sk), -EAFNOSUPPORT);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_peek_offset), cmocka_unit_test(test_receive_buffer),
		cmocka_unit_test(test_send_buffer), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_cmsg_room),   cmocka_unit_test(test_copy),
		cmocka_unit_test(test_timestamps),  cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
