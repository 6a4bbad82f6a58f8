// SPDX-License-Identifier: BSD-2-Clause
/* Memory that is lent to a socket comes back once, whatever becomes of the connection; what is read in place is what recv(2)
 * gives, and makes room when it is consumed.
 *
 * A connection of a host with itself, over lo; tcp_stream_test.c has two hosts and a bad path.  A loan is freed when it is
 * released, so that the sanitizer finds who looks at it later.
 */
#include "../neigh/neigh_world.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include "net.h"
#include "socket/sock.h"
#include "tcp/tcp_states.h"

#define PORT 7000
#define LOAN_BYTES 20000U

struct scene {
	struct world *w;
	struct nethood_sock *listener, *a, *b; /**< @a lends, @b reads */
	u32 lent, released;
	u64 lent_bytes, released_bytes, read_bytes;
	bool calling; /**< inside of a call that lends */
	bool bad;     /**< what was read is not what was sent */
};

struct loan {
	struct scene *s;
	size_t taken_bytes;
	u8 octets[];
};

static u8 octet_at(u64 pos)
{
	return (u8)(pos * 31 + (pos >> 8) * 7);
}

static void on_release(void *ctx, const void *data, size_t len_bytes)
{
	struct loan *loan = ctx;

	assert_false(loan->s->calling);
	assert_ptr_equal(data, loan->octets);
	assert_int_equal(len_bytes, loan->taken_bytes);
	loan->s->released++;
	loan->s->released_bytes += len_bytes;
	free(loan);
}

/* The next @len octets of the stream.  Return: as nethood_send_zerocopy() */
static ssize_t lend(struct scene *s, size_t len, int flags)
{
	struct loan *loan = malloc(sizeof(*loan) + len);
	ssize_t n;

	assert_non_null(loan);
	loan->s = s;
	for (size_t i = 0; i < len; i++)
		loan->octets[i] = octet_at(s->lent_bytes + i);
	s->calling = true;
	n = nethood_send_zerocopy(s->a, loan->octets, len, flags, on_release, loan);
	s->calling = false;
	if (n <= 0) {
		free(loan);
		return n;
	}
	assert_true((size_t)n <= len);
	loan->taken_bytes = (size_t)n;
	s->lent++;
	s->lent_bytes += (u64)n;
	return n;
}

/* Return: octets that lie there, and are right; -errno, 0 */
static ssize_t look(struct scene *s)
{
	struct iovec piece[64];
	struct msghdr msg = { .msg_iov = piece, .msg_iovlen = 64 };
	ssize_t n = nethood_recv_borrow(s->b, &msg);
	u64 pos = s->read_bytes;

	for (size_t i = 0; n > 0 && i < msg.msg_iovlen; i++) {
		for (size_t j = 0; j < piece[i].iov_len; j++)
			s->bad |= ((const u8 *)piece[i].iov_base)[j] != octet_at(pos++);
	}
	s->bad |= n > 0 && pos - s->read_bytes != (u64)n;
	return n;
}

static ssize_t eat(struct scene *s, size_t len)
{
	ssize_t n = nethood_recv_consume(s->b, len);

	if (n > 0)
		s->read_bytes += (u64)n;
	return n;
}

static void read_all(struct scene *s)
{
	ssize_t n;

	do {
		while ((n = look(s)) > 0)
			assert_int_equal(eat(s, (size_t)n), n);
		world_run(s->w, 50 * NSEC_PER_MSEC);
	} while (look(s) > 0);
}

static struct sockaddr_in here(u16 port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = cpu_to_be16(port), .sin_addr.s_addr = OUR_IP };
}

/* Return: is there a connection? */
static bool scene_begin(struct scene *s, struct world *w)
{
	struct sockaddr_in us = here(PORT);

	*s = (struct scene){ .w = w };
	if (nethood_socket(w->public_net, AF_INET, SOCK_STREAM, 0, &s->listener))
		return false;
	if (nethood_bind(s->listener, (struct sockaddr *)&us, sizeof(us)) || nethood_listen(s->listener, 5) ||
	    nethood_socket(w->public_net, AF_INET, SOCK_STREAM, 0, &s->a) ||
	    nethood_connect(s->a, (struct sockaddr *)&us, sizeof(us)) != -EINPROGRESS)
		return false;
	world_run(w, 10 * NSEC_PER_SEC);
	return !nethood_accept(s->listener, &s->b, NULL, NULL);
}

static void scene_close(struct scene *s)
{
	struct nethood_sock **all[] = { &s->a, &s->b, &s->listener };

	for (u32 i = 0; i < ARRAY_SIZE(all); i++) {
		if (*all[i])
			nethood_close(*all[i]);
		*all[i] = NULL;
	}
}

static void begin(struct scene *s, struct world *w)
{
	world_init(w);
	assert_true(scene_begin(s, w));
}

static void end(struct scene *s)
{
	scene_close(s);
	world_fini(s->w);
	assert_int_equal(s->released, s->lent);
	assert_int_equal(s->released_bytes, s->lent_bytes);
	assert_false(s->bad);
}

static void set(struct nethood_sock *sk, int level, int name, int value)
{
	assert_int_equal(nethood_setsockopt(sk, level, name, &value, sizeof(value)), 0);
}

/* ------------------------------------------------------------------ when it comes back */

static void it_comes_back_when_it_was_read(void **state)
{
	struct scene s;
	struct world w;

	(void)state;
	begin(&s, &w);
	assert_int_equal(lend(&s, LOAN_BYTES, 0), LOAN_BYTES);
	world_run(&w, NSEC_PER_SEC);
	assert_int_equal(s.released, 0); /* acknowledged long ago; but who reads it reads it there */
	assert_int_equal(look(&s), LOAN_BYTES);
	assert_int_equal(eat(&s, LOAN_BYTES - 1), LOAN_BYTES - 1);
	world_run(&w, NSEC_PER_SEC);
	assert_int_equal(s.released, 0);
	assert_int_equal(eat(&s, 1), 1);
	assert_int_equal(s.released, 1); /* at the end of a call */
	end(&s);
}

static void nothing_was_taken_by_a_call_that_failed(void **state)
{
	struct nethood_sock *udp, *netlink;
	struct scene s;
	struct world w;
	u8 x = 1;

	(void)state;
	begin(&s, &w);
	udp = udp_socket(&w);
	assert_int_equal(nethood_socket(w.public_net, AF_NETLINK, SOCK_RAW, 0, &netlink), 0);
	assert_int_equal(nethood_send_zerocopy(udp, &x, 1, 0, on_release, NULL), -EOPNOTSUPP);
	assert_int_equal(nethood_send_zerocopy(netlink, &x, 1, 0, on_release, NULL), -EOPNOTSUPP);
	assert_int_equal(nethood_send_zerocopy(s.a, NULL, 1, 0, on_release, NULL), -EINVAL);
	assert_int_equal(nethood_send_zerocopy(s.a, &x, 1, 0, NULL, NULL), -EINVAL);
	assert_int_equal(nethood_send_zerocopy(s.a, &x, 1, MSG_FASTOPEN, on_release, NULL), -EINVAL);
	assert_int_equal(nethood_send_zerocopy(s.a, &x, 0, 0, on_release, NULL), 0);
	assert_int_equal(nethood_send_zerocopy(s.listener, &x, 1, 0, on_release, NULL), -EPIPE);
	w.alloc_count = 0;
	w.fail_at = 1;
	assert_int_equal(lend(&s, 1, 0), -ENOBUFS);
	w.fail_at = 0;
	assert_int_equal(nethood_shutdown(s.a, SHUT_WR), 0);
	assert_int_equal(lend(&s, 1, 0), -EPIPE);
	nethood_close(udp);
	nethood_close(netlink);
	end(&s);
}

static void a_full_buffer_takes_a_part(void **state)
{
	struct scene s;
	struct world w;
	ssize_t n;

	(void)state;
	begin(&s, &w);
	set(s.a, SOL_SOCKET, SO_SNDBUF, 50000);
	set(s.b, SOL_SOCKET, SO_RCVBUF, 20000);
	n = lend(&s, 1 << 20, 0);
	assert_in_range(n, 50000, 300000);
	while ((n = lend(&s, 1 << 20, 0)) > 0)
		world_run(&w, NSEC_PER_MSEC);
	assert_int_equal(n, -EAGAIN);
	assert_false(nethood_readiness(s.a) & EPOLLOUT);
	read_all(&s);
	assert_true(nethood_readiness(s.a) & EPOLLOUT);
	assert_int_equal(s.read_bytes, s.lent_bytes);
	end(&s);
}

static void copied_and_lent_are_one_stream(void **state)
{
	u8 octets[700];
	struct scene s;
	struct world w;

	(void)state;
	begin(&s, &w);
	for (u32 i = 0; i < 200; i++) { /* more pieces than one segment has */
		size_t len = 1 + i * 37 % sizeof(octets);

		if (i % 3) {
			assert_int_equal(lend(&s, len, i % 5 ? MSG_MORE : 0), len);
		} else {
			for (size_t j = 0; j < len; j++)
				octets[j] = octet_at(s.lent_bytes + j);
			assert_int_equal(nethood_sendto(s.a, octets, len, MSG_MORE, NULL, 0), len);
			s.lent_bytes += len;
			s.released_bytes += len;
		}
		world_run(&w, NSEC_PER_MSEC);
	}
	world_run(&w, NSEC_PER_SEC);
	read_all(&s);
	assert_int_equal(s.read_bytes, s.lent_bytes);
	end(&s);
}

/* ------------------------------------------------------------------ connections that break */

static void abort_it(struct nethood_sock *sk)
{
	const struct linger now = { 1, 0 };

	assert_int_equal(nethood_setsockopt(sk, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
}

static void a_reset_gives_it_back(void **state)
{
	(void)state;
	for (u32 who = 0; who < 2; who++) {
		struct scene s;
		struct world w;

		begin(&s, &w);
		set(s.b, SOL_SOCKET, SO_RCVBUF, 5000);
		while (lend(&s, LOAN_BYTES, 0) > 0) /* some is sent, some waits */
			world_run(&w, NSEC_PER_MSEC);
		assert_true(s.lent > 3);
		abort_it(who ? s.a : s.b);
		nethood_close(who ? s.a : s.b);
		*(who ? &s.a : &s.b) = NULL;
		world_run(&w, NSEC_PER_SEC);
		if (who) { /* what has arrived can still be read */
			assert_true(s.released < s.lent);
			read_all(&s);
			assert_true(s.read_bytes > 0);
			assert_int_equal(look(&s), 0); /* the error was told once */
		}
		scene_close(&s);
		world_run(&w, NSEC_PER_SEC);
		assert_int_equal(s.released, s.lent);
		end(&s);
	}
}

static void the_end_of_a_net_gives_it_back(void **state)
{
	struct scene s;
	struct world w;

	(void)state;
	begin(&s, &w);
	for (u32 i = 0; i < 5; i++)
		assert_int_equal(lend(&s, LOAN_BYTES, 0), LOAN_BYTES);
	world_run(&w, NSEC_PER_SEC);
	assert_int_equal(s.released, 0);
	s.a = s.b = s.listener = NULL; /* the net's to close */
	end(&s);
}

/* Who is told calls again: lends more, and closes sockets. */
static struct scene *chain;
static void on_release_go_on(void *ctx, const void *data, size_t len_bytes)
{
	u32 *left = ctx;

	(void)data;
	chain->released++;
	chain->released_bytes += len_bytes;
	if (!--*left) {
		nethood_close(chain->a);
		nethood_close(chain->b);
		chain->a = chain->b = NULL;
		return;
	}
	assert_int_equal(nethood_send_zerocopy(chain->a, "xyz", 3, 0, on_release_go_on, left), 3);
	chain->lent++;
	chain->lent_bytes += 3;
}

static void who_is_told_may_lend_again(void **state)
{
	struct scene s;
	struct world w;
	u32 left = 10;

	(void)state;
	begin(&s, &w);
	chain = &s;
	assert_int_equal(nethood_send_zerocopy(s.a, "abc", 3, 0, on_release_go_on, &left), 3);
	s.lent = 1;
	s.lent_bytes = 3;
	for (u32 i = 0; i < 20 && s.b; i++) {
		world_run(&w, 50 * NSEC_PER_MSEC);
		(void)nethood_recv_consume(s.b, 3);
	}
	assert_int_equal(s.lent, 10);
	end(&s);
}

/* Octets of a Fast Open go with the SYN: they are copied, and come back at once. */
static void what_goes_with_a_syn_is_copied(void **state)
{
	struct sockaddr_in us = here(PORT);
	struct nethood_sock *first;
	struct scene s;
	struct world w;

	(void)state;
	begin(&s, &w);
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.tcp_fastopen", "0x3"), 0);
	set(s.listener, IPPROTO_TCP, 23 /* TCP_FASTOPEN */, 5);
	for (u32 i = 0; i < 2; i++) { /* the first gets a cookie */
		first = s.a;
		assert_int_equal(nethood_socket(w.public_net, AF_INET, SOCK_STREAM, 0, &s.a), 0);
		nethood_close(first);
		set(s.a, IPPROTO_TCP, 30 /* TCP_FASTOPEN_CONNECT */, 1);
		(void)nethood_connect(s.a, (struct sockaddr *)&us, sizeof(us));
		if (i)
			assert_int_equal(lend(&s, 100, 0), 100);
		world_run(&w, NSEC_PER_SEC);
		nethood_close(s.b);
		assert_int_equal(nethood_accept(s.listener, &s.b, NULL, NULL), 0);
	}
	assert_int_equal(s.released, 1);
	assert_int_equal(look(&s), 100);
	end(&s);
}

/* ------------------------------------------------------------------ no memory */

static u64 lend_and_read(struct world *w)
{
	struct scene s;
	bool connected = scene_begin(&s, w);

	for (u32 i = 0; connected && i < 6; i++) {
		ssize_t n = lend(&s, 3000 + 7000 * i, i & 1 ? MSG_MORE : 0);

		(void)n;
		world_run(w, 10 * NSEC_PER_MSEC);
		if (i & 2 && (n = look(&s)) > 0)
			(void)eat(&s, (size_t)n / 2);
	}
	for (u32 i = 0; connected && i < 100 && s.read_bytes < s.lent_bytes; i++) {
		ssize_t n = look(&s);

		if (n > 0)
			(void)eat(&s, (size_t)n);
		world_run(w, 100 * NSEC_PER_MSEC);
	}
	scene_close(&s);
	world_run(w, 2000 * NSEC_PER_SEC); /* until the last orphan gives up */
	assert_int_equal(s.released, s.lent);
	assert_int_equal(s.released_bytes, s.lent_bytes);
	assert_false(s.bad);
	return connected && s.read_bytes == s.lent_bytes;
}

static void each_allocation_may_fail(void **state)
{
	static const struct world_scene scene = { "lent and read", NETHOOD_PROFILE_LINUX, lend_and_read };

	(void)state;
	assert_true(world_without_memory(&scene) > 30);
}

/* ------------------------------------------------------------------ reading in place */

static void the_window_opens_when_it_is_consumed(void **state)
{
	struct scene s;
	struct world w;
	ssize_t there;

	(void)state;
	begin(&s, &w);
	set(s.b, SOL_SOCKET, SO_RCVBUF, 30000);
	while (lend(&s, LOAN_BYTES, 0) > 0)
		world_run(&w, 10 * NSEC_PER_MSEC);
	there = look(&s);
	assert_in_range(there, 10000, 200000);
	world_run(&w, 5 * NSEC_PER_SEC);
	assert_int_equal(look(&s), there); /* to look makes no room */
	assert_int_equal(eat(&s, (size_t)there), there);
	assert_int_equal(look(&s), -EAGAIN);
	world_run(&w, NSEC_PER_SEC / 10);
	assert_true(look(&s) > there / 2);
	read_all(&s);
	assert_int_equal(s.read_bytes, s.lent_bytes);
	end(&s);
}

static void room_for_few_pieces_shows_the_first(void **state)
{
	struct iovec piece[2];
	struct msghdr msg = { .msg_iov = piece, .msg_iovlen = 2 };
	struct scene s;
	struct world w;

	(void)state;
	begin(&s, &w);
	set(s.a, IPPROTO_TCP, 1 /* TCP_NODELAY */, 1);
	for (u32 i = 0; i < 4; i++) {
		assert_int_equal(lend(&s, 1000, 0), 1000);
		world_run(&w, 100 * NSEC_PER_MSEC);
	}
	assert_int_equal(nethood_recv_borrow(s.b, &msg), 2000);
	assert_int_equal(msg.msg_iovlen, 2);
	assert_int_equal(piece[1].iov_len, 1000);
	msg.msg_iovlen = 0;
	assert_int_equal(nethood_recv_borrow(s.b, &msg), -EINVAL);
	assert_int_equal(look(&s), 4000);
	assert_int_equal(eat(&s, 1 << 20), 4000); /* what is not there cannot be eaten */
	assert_int_equal(eat(&s, 1), -EAGAIN);
	assert_int_equal(eat(&s, 0), 0);
	end(&s);
}

static void the_end_is_seen_once_all_is_eaten(void **state)
{
	struct scene s;
	struct world w;

	(void)state;
	begin(&s, &w);
	assert_int_equal(look(&s), -EAGAIN);
	assert_int_equal(lend(&s, 10, 0), 10);
	assert_int_equal(nethood_shutdown(s.a, SHUT_WR), 0);
	world_run(&w, NSEC_PER_SEC);
	assert_int_equal(look(&s), 10);
	assert_int_equal(look(&s), 10);
	assert_int_equal(eat(&s, 10), 10);
	assert_int_equal(look(&s), 0);
	assert_int_equal(eat(&s, 10), 0);
	end(&s);
}

/* Beside recv(2): before an urgent octet both stop, and step over it. */
static void urgent_octets_are_where_they_are_for_recv(void **state)
{
	static const struct {
		const char *sentence;
		const char *before, *after;
		ssize_t first, then;
		bool inline_;
	} rows[] = {
		{ "in the middle", "abc!", "de", 3, 2, false },
		{ "at the beginning", "!", "de", 2, -EAGAIN, false },
		{ "at the end", "abc!", "", 3, -EAGAIN, false },
		{ "where it stands in line", "abc!", "de", 3, 3, true },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		for (u32 in_place = 0; in_place < 2; in_place++) {
			struct iovec piece[8];
			struct msghdr msg = { .msg_iov = piece, .msg_iovlen = 8 };
			struct scene s;
			struct world w;
			ssize_t n;
			u8 buf[8];

			begin(&s, &w);
			set(s.b, SOL_SOCKET, SO_OOBINLINE, rows[i].inline_);
			assert_true(nethood_sendto(s.a, rows[i].before, strlen(rows[i].before), MSG_OOB, NULL, 0) > 0);
			(void)nethood_sendto(s.a, rows[i].after, strlen(rows[i].after), 0, NULL, 0);
			world_run(&w, NSEC_PER_SEC);
			for (u32 turn = 0; turn < 2; turn++) {
				ssize_t want = turn ? rows[i].then : rows[i].first;

				msg.msg_iovlen = 8;
				n = in_place ? nethood_recv_borrow(s.b, &msg)
					     : nethood_recvfrom(s.b, buf, sizeof(buf), 0, NULL, NULL);
				if (n != want)
					fail_msg("%s: %ld", rows[i].sentence, (long)n);
				if (n > 0 && in_place)
					assert_int_equal(nethood_recv_consume(s.b, (size_t)n), n);
			}
			end(&s);
		}
	}
}

static void who_is_not_connected_reads_nothing(void **state)
{
	struct iovec piece;
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1 };
	struct nethood_sock *raw;
	struct scene s;
	struct world w;

	(void)state;
	begin(&s, &w);
	assert_int_equal(nethood_socket(w.public_net, AF_INET, SOCK_RAW, 200, &raw), 0);
	assert_int_equal(nethood_recv_borrow(raw, &msg), -EOPNOTSUPP);
	assert_int_equal(nethood_recv_consume(raw, 1), -EOPNOTSUPP);
	assert_int_equal(nethood_recv_borrow(s.listener, &msg), -ENOTCONN);
	msg.msg_iovlen = 1;
	assert_int_equal(nethood_recv_consume(s.listener, 1), -ENOTCONN);
	nethood_close(raw);
	end(&s);
}

/* ------------------------------------------------------------------ UDP */

static void a_datagram_is_read_in_place(void **state)
{
	struct sockaddr_in us = here(9), from;
	struct iovec piece[4];
	struct msghdr msg = { .msg_iov = piece, .msg_name = &from };
	struct nethood_sock *sk, *to;
	struct world w;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	to = udp_socket(&w);
	assert_int_equal(nethood_bind(to, (struct sockaddr *)&us, sizeof(us)), 0);
	msg.msg_iovlen = 4;
	assert_int_equal(nethood_recv_borrow(to, &msg), -EAGAIN);
	for (u32 i = 0; i < 3; i++) {
		assert_int_equal(udp_send(sk, OUR_IP, "hello", i == 2 ? 0 : 5), i == 2 ? 0 : 5);
		world_settle(&w);
	}
	for (u32 i = 0; i < 3; i++) {
		msg.msg_iovlen = 4;
		msg.msg_namelen = sizeof(from);
		assert_int_equal(nethood_recv_borrow(to, &msg), i == 2 ? 0 : 5);
		assert_int_equal(msg.msg_iovlen, i < 2);
		assert_int_equal(msg.msg_namelen, sizeof(from));
		assert_int_equal(from.sin_addr.s_addr, OUR_IP);
		assert_int_equal(msg.msg_flags, 0);
		if (i < 2)
			assert_memory_equal(piece[0].iov_base, "hello", 5);
		assert_int_equal(nethood_recv_consume(to, 1), i == 2 ? 0 : 5);
	}
	assert_int_equal(nethood_recv_consume(to, 1), -EAGAIN);
	nethood_close(sk);
	nethood_close(to);
	world_fini(&w);
}

static void a_datagram_of_many_pieces_is_cut(void **state)
{
	static u8 big[20000];
	struct sockaddr_in us = here(9);
	struct iovec piece[64];
	struct msghdr msg = { .msg_iov = piece, .msg_iovlen = 64 };
	struct nethood_sock *sk, *to;
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.ipfrag_time", "30"), 0);
	dev_find_by_name(w.net, "lo")->mtu = 1500; /* it comes in fragments */
	sk = udp_socket(&w);
	to = udp_socket(&w);
	assert_int_equal(nethood_bind(to, (struct sockaddr *)&us, sizeof(us)), 0);
	assert_int_equal(udp_send(sk, OUR_IP, big, sizeof(big)), sizeof(big));
	world_settle(&w);
	assert_int_equal(nethood_recv_borrow(to, &msg), sizeof(big));
	assert_true(msg.msg_iovlen > 2);
	msg.msg_iovlen = 1;
	assert_in_range(nethood_recv_borrow(to, &msg), 1000, 1500);
	assert_int_equal(msg.msg_flags, MSG_TRUNC);
	assert_int_equal(nethood_recv_consume(to, 0), sizeof(big));
	nethood_close(sk);
	nethood_close(to);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_comes_back_when_it_was_read),
		cmocka_unit_test(nothing_was_taken_by_a_call_that_failed),
		cmocka_unit_test(a_full_buffer_takes_a_part),
		cmocka_unit_test(copied_and_lent_are_one_stream),
		cmocka_unit_test(a_reset_gives_it_back),
		cmocka_unit_test(the_end_of_a_net_gives_it_back),
		cmocka_unit_test(who_is_told_may_lend_again),
		cmocka_unit_test(what_goes_with_a_syn_is_copied),
		cmocka_unit_test(each_allocation_may_fail),
		cmocka_unit_test(the_window_opens_when_it_is_consumed),
		cmocka_unit_test(room_for_few_pieces_shows_the_first),
		cmocka_unit_test(the_end_is_seen_once_all_is_eaten),
		cmocka_unit_test(urgent_octets_are_where_they_are_for_recv),
		cmocka_unit_test(who_is_not_connected_reads_nothing),
		cmocka_unit_test(a_datagram_is_read_in_place),
		cmocka_unit_test(a_datagram_of_many_pieces_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
