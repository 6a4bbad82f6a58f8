// SPDX-License-Identifier: BSD-2-Clause
/* Two hosts, a path that loses, delays, doubles and overtakes, and streams both ways: every octet arrives, once, in order;
 * what always holds of connections is looked at after each step; and at the end nothing is left.
 *
 * Half of the ends lend their octets instead of having them copied, and free them when they are released; half read
 * what came where it lies.  Time is virtual.  A world is its seed: STREAM_SEED=n and STREAM_WORLDS=n choose others.
 */
#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <cmocka.h>

#include "base/random.h"
#include "nethood/nethood.h"

#define MS 1000000ULL
#define SECOND (1000 * MS)
#define FRAMES_MAX 4096U
#define PORT 8080
#define STREAMS_MAX 4U
#define PATIENCE (48 * 3600 * SECOND)

struct frame {
	uint64_t at_ns, number;
	uint32_t to, len_bytes;
	uint8_t *octets;
};

struct host {
	struct nethood_net *net;
	struct nethood_dev *dev;
	struct world *world;
	uint32_t id;
};

/** struct end - one side of a stream */
struct end {
	struct nethood_sock *sk;
	uint64_t to_send, sent, received;
	bool shut, saw_end, gave_up;
	bool lends, borrows;
	uint8_t tag;
};

struct world {
	struct rng rng;
	uint64_t now_ns, next_number, seed;
	uint32_t loss_ppm, dup_ppm, late_ppm, delay_ms;
	struct host host[2];
	struct frame frame[FRAMES_MAX];
	uint32_t frames;
	struct nethood_sock *listener;
	struct end end[2][STREAMS_MAX];
	uint32_t streams, accepted;
	uint32_t lent, released; /**< pieces of memory */
	bool ipv6;
};

/** struct loan - a piece that the stack may look at */
struct loan {
	struct world *w;
	size_t taken_bytes;
	uint8_t octets[];
};

static bool happens(struct world *w, uint32_t ppm)
{
	return ppm && get_random_u32_below(&w->rng, 1000000) < ppm;
}

static void put_on_wire(struct world *w, uint32_t to, const struct iovec *iov, int pieces)
{
	uint64_t delay = w->delay_ms * MS + get_random_u32_below(&w->rng, 100000);
	struct frame *f;
	uint32_t at = 0;

	if (w->frames == FRAMES_MAX || happens(w, w->loss_ppm))
		return;
	if (happens(w, w->late_ppm))
		delay += get_random_u32_below(&w->rng, 50) * MS;
	f = &w->frame[w->frames++];
	*f = (struct frame){ .at_ns = w->now_ns + delay, .number = w->next_number++, .to = to };
	for (int i = 0; i < pieces; i++)
		f->len_bytes += (uint32_t)iov[i].iov_len;
	f->octets = malloc(f->len_bytes);
	assert_non_null(f->octets);
	for (int i = 0; i < pieces; i++) {
		memcpy(f->octets + at, iov[i].iov_base, iov[i].iov_len);
		at += (uint32_t)iov[i].iov_len;
	}
}

static int transmit(void *ctx, const struct iovec *iov, int pieces)
{
	struct host *h = ctx;

	put_on_wire(h->world, !h->id, iov, pieces);
	if (happens(h->world, h->world->dup_ppm))
		put_on_wire(h->world, !h->id, iov, pieces);
	return 0;
}

static struct sockaddr_in address(uint32_t id, uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(0x0a4d0001 + id) };
}

union name {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* By IPv6, the address that the link gives: fe80::ff:fe00:1 or 2. */
static union name name_of(const struct world *w, uint32_t id)
{
	const uint8_t link_local[16] = { 0xfe, 0x80, [11] = 0xff, 0xfe, [15] = (uint8_t)(1 + id) };
	union name name = { .v4 = address(id, PORT) };

	if (!w->ipv6)
		return name;
	name.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	name.v6.sin6_scope_id = (uint32_t)nethood_dev_ifindex(w->host[0].dev);
	memcpy(&name.v6.sin6_addr, link_local, sizeof(link_local));
	return name;
}

static void configure(const struct host *h)
{
	struct sockaddr_in addr = address(h->id, 0),
			   mask = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xffffff00) };
	struct ifreq ifr = { .ifr_name = "eth0" };
	struct nethood_sock *sk;

	assert_int_equal(nethood_socket(h->net, AF_INET, SOCK_DGRAM, 0, &sk), 0);
	memcpy(&ifr.ifr_addr, &addr, sizeof(addr));
	assert_int_equal(nethood_ioctl(sk, SIOCSIFADDR, &ifr, sizeof(ifr)), 0);
	memcpy(&ifr.ifr_netmask, &mask, sizeof(mask));
	assert_int_equal(nethood_ioctl(sk, SIOCSIFNETMASK, &ifr, sizeof(ifr)), 0);
	ifr.ifr_flags = (short)(h->world->ipv6 ? IFF_UP | IFF_MULTICAST : IFF_UP);
	assert_int_equal(nethood_ioctl(sk, SIOCSIFFLAGS, &ifr, sizeof(ifr)), 0);
	nethood_close(sk);
}

static void host_begin(struct world *w, uint32_t id)
{
	struct host *h = &w->host[id];
	uint8_t mac[6] = { 2, 0, 0, 0, 0, (uint8_t)(1 + id) };
	const struct nethood_dev_config dev = {
		.name = "eth0", .driver = "user", .fd = -1, .lladdr = mac, .xmit = transmit, .ctx = h
	};
	struct nethood_config config = { .now_ns = w->now_ns };

	h->world = w;
	h->id = id;
	memcpy(config.random_key, &w->seed, sizeof(w->seed));
	config.random_key[31] = (uint8_t)id;
	assert_int_equal(nethood_create(&config, &h->net), 0);
	if (w->ipv6) /* the address is there at once, and nothing but streams is on the wire */
		assert_int_equal(nethood_sysctl_set(h->net, "net.ipv6.conf.default.accept_dad", "0"), 0);
	else
		(void)nethood_sysctl_set(h->net, "net.ipv6.conf.default.disable_ipv6", "1");
	assert_int_equal(nethood_dev_create(h->net, &dev, &h->dev), 0);
	configure(h);
}

/* ------------------------------------------------------------------ programs */

static uint8_t octet_at(uint8_t tag, uint64_t pos)
{
	return (uint8_t)(tag + pos * 31 + (pos >> 8) * 7);
}

/* Where every fifth packet is lost, each way, a connection may end by a timeout: that is no error, but nothing else is. */
static bool may_give_up(const struct world *w, ssize_t err)
{
	if (w->loss_ppm < 200000 || (err != -ETIMEDOUT && err != -ECONNRESET && err != -EPIPE && err != -EHOSTUNREACH))
		fail_msg("seed %lu: %.1f s: a call gives %ld", (unsigned long)w->seed, (double)w->now_ns / 1e9,
			 (long)err);
	return true;
}

static void on_release(void *ctx, const void *data, size_t len_bytes)
{
	struct loan *loan = ctx;

	assert_ptr_equal(data, loan->octets);
	assert_int_equal(len_bytes, loan->taken_bytes);
	loan->w->released++;
	free(loan); /* who looks at it now is found out */
}

static ssize_t lend(struct world *w, const struct end *e, const uint8_t *octets, uint32_t len, int flags)
{
	struct loan *loan = malloc(sizeof(*loan) + len);
	ssize_t n;

	assert_non_null(loan);
	loan->w = w;
	memcpy(loan->octets, octets, len);
	n = nethood_send_zerocopy(e->sk, loan->octets, len, flags, on_release, loan);
	if (n > 0) {
		loan->taken_bytes = (size_t)n;
		w->lent++;
	} else {
		free(loan);
	}
	return n;
}

static void end_writes(struct world *w, struct end *e)
{
	uint8_t buf[8192];

	while (e->sent < e->to_send) {
		uint64_t left = e->to_send - e->sent;
		uint32_t len = 1 + get_random_u32_below(&w->rng, sizeof(buf));
		int flags;
		ssize_t n;

		if (len > left)
			len = (uint32_t)left;
		for (uint32_t i = 0; i < len; i++)
			buf[i] = octet_at(e->tag, e->sent + i);
		flags = happens(w, 100000) ? MSG_MORE : 0;
		n = e->lends && len > 100 ? lend(w, e, buf, len, flags)
					  : nethood_sendto(e->sk, buf, len, flags, NULL, 0);
		if (n == -EAGAIN)
			return;
		if (n <= 0) {
			e->gave_up = may_give_up(w, n);
			return;
		}
		e->sent += (uint64_t)n;
	}
	if (!e->shut) {
		assert_int_equal(nethood_shutdown(e->sk, SHUT_WR), 0);
		e->shut = true;
	}
}

/* What comes out of the pieces is what recv(2) would have given. */
static ssize_t borrow(const struct end *e, uint8_t *buf, uint32_t want)
{
	struct iovec piece[5];
	struct msghdr msg = { .msg_iov = piece, .msg_iovlen = 5 };
	ssize_t n = nethood_recv_borrow(e->sk, &msg);
	uint32_t got = 0;

	if (n <= 0)
		return n;
	for (size_t i = 0; i < msg.msg_iovlen && got < want; i++) {
		uint32_t part = piece[i].iov_len < want - got ? (uint32_t)piece[i].iov_len : want - got;

		memcpy(buf + got, piece[i].iov_base, part);
		got += part;
	}
	assert_true((size_t)n >= got);
	assert_int_equal(nethood_recv_consume(e->sk, got), got);
	return got;
}

static void end_reads(struct world *w, struct end *e, const struct end *peer)
{
	uint8_t buf[16384];
	ssize_t n;

	while (!e->saw_end) {
		uint32_t want = 1 + get_random_u32_below(&w->rng, sizeof(buf));

		n = e->borrows ? borrow(e, buf, want) : nethood_recvfrom(e->sk, buf, want, 0, NULL, NULL);
		if (n == -EAGAIN)
			return;
		if (n < 0) {
			e->gave_up = may_give_up(w, n);
			return;
		}
		if (!n) {
			assert_int_equal(e->received, peer->to_send);
			e->saw_end = true;
		}
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(buf[i], octet_at(peer->tag, e->received + (uint64_t)i));
		e->received += (uint64_t)n;
		assert_true(e->received <= peer->sent);
	}
}

static void accept_all(struct world *w)
{
	union name from;
	socklen_t len = sizeof(from);
	struct nethood_sock *sk;

	while (!nethood_accept(w->listener, &sk, &from.sa, &len)) {
		for (uint32_t i = 0; i < w->streams; i++) {
			union name mine;
			socklen_t mine_len = sizeof(mine);

			assert_int_equal(nethood_getsockname(w->end[0][i].sk, &mine.sa, &mine_len), 0);
			if (mine.v4.sin_port == from.v4.sin_port) /* it lies there in both */
				w->end[1][i].sk = sk;
		}
		w->accepted++;
		len = sizeof(from);
	}
}

static bool programs_run(struct world *w)
{
	bool done = w->accepted == w->streams, given_up = false;

	accept_all(w);
	for (uint32_t i = 0; i < w->streams; i++) {
		for (uint32_t side = 0; side < 2; side++) {
			struct end *e = &w->end[side][i];

			if (!e->sk)
				continue;
			if (nethood_readiness(e->sk) & EPOLLOUT)
				end_writes(w, e);
			if (nethood_readiness(e->sk) & EPOLLIN)
				end_reads(w, e, &w->end[!side][i]);
			if (nethood_readiness(e->sk) & EPOLLERR)
				e->gave_up = may_give_up(w, -ETIMEDOUT);
			given_up |= e->gave_up;
			done &= e->shut && e->saw_end;
		}
	}
	return done || given_up;
}

/* ------------------------------------------------------------------ time */

static void look(const struct world *w)
{
	for (uint32_t id = 0; id < 2; id++) {
		const char *broken = nethood_check(w->host[id].net);

		if (broken)
			fail_msg("seed %lu, host %u, %.6f s: not true: %s", (unsigned long)w->seed, id,
				 (double)w->now_ns / 1e9, broken);
	}
}

static void poll_both(struct world *w)
{
	for (uint32_t id = 0; id < 2; id++) {
		for (int turn = 0; turn < 64 && nethood_poll(w->host[id].net, w->now_ns); turn++)
			;
	}
}

static struct frame *first_frame(struct world *w)
{
	struct frame *first = NULL;

	for (uint32_t i = 0; i < w->frames; i++) {
		struct frame *f = &w->frame[i];

		if (!first || f->at_ns < first->at_ns || (f->at_ns == first->at_ns && f->number < first->number))
			first = f;
	}
	return first;
}

/* To the next thing that happens.  Return: false: nothing ever will */
static bool step(struct world *w)
{
	struct frame *f = first_frame(w), got;
	uint64_t next = f ? f->at_ns : UINT64_MAX;

	for (uint32_t id = 0; id < 2; id++) {
		uint64_t due = nethood_next_deadline(w->host[id].net);

		if (due < next)
			next = due;
	}
	if (next == UINT64_MAX)
		return false;
	if (next > w->now_ns)
		w->now_ns = next;
	if (f && f->at_ns <= w->now_ns) {
		got = *f;
		*f = w->frame[--w->frames];
		nethood_set_time(w->host[got.to].net, w->now_ns);
		(void)nethood_dev_receive(w->host[got.to].dev, got.octets, got.len_bytes);
		free(got.octets);
	}
	poll_both(w);
	return true;
}

/* ------------------------------------------------------------------ a world */

static void streams_begin(struct world *w)
{
	const union name to = name_of(w, 1);
	union name any = { .v6 = { .sin6_family = to.sa.sa_family, .sin6_port = htons(PORT) } };

	assert_int_equal(nethood_socket(w->host[1].net, to.sa.sa_family, SOCK_STREAM, 0, &w->listener), 0);
	assert_int_equal(nethood_bind(w->listener, &any.sa, sizeof(any)), 0);
	assert_int_equal(nethood_listen(w->listener, 16), 0);
	for (uint32_t i = 0; i < w->streams; i++) {
		for (uint32_t side = 0; side < 2; side++) {
			w->end[side][i].tag = (uint8_t)(17 * i + 101 * side);
			w->end[side][i].to_send =
				get_random_u32_below(&w->rng, 8) ? get_random_u32_below(&w->rng, 60000) : 400000;
			w->end[side][i].lends = (w->seed + i + side) & 1;
			w->end[side][i].borrows = (w->seed + i + side) & 2;
		}
		assert_int_equal(nethood_socket(w->host[0].net, to.sa.sa_family, SOCK_STREAM, 0, &w->end[0][i].sk), 0);
		assert_int_equal(nethood_connect(w->end[0][i].sk, &to.sa, sizeof(to)), -EINPROGRESS);
	}
}

static void options_drawn(struct world *w)
{
	static const char *const congestion[] = { "cubic", "reno", "bbr" };
	static const char *const switches[] = { "net.ipv4.tcp_sack", "net.ipv4.tcp_timestamps",
						"net.ipv4.tcp_window_scaling", "net.ipv4.tcp_ecn",
						"net.ipv4.tcp_dsack" };

	for (uint32_t id = 0; id < 2; id++) {
		assert_int_equal(nethood_sysctl_set(w->host[id].net, "net.ipv4.tcp_congestion_control",
						    congestion[get_random_u32_below(&w->rng, 3)]),
				 0);
		for (uint32_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
			assert_int_equal(nethood_sysctl_set(w->host[id].net, switches[i],
							    get_random_u32_below(&w->rng, 4) ? "1" : "0"),
					 0);
	}
}

static void stands_still(const struct world *w)
{
	for (uint32_t i = 0; i < w->streams; i++) {
		for (uint32_t side = 0; side < 2; side++) {
			const struct end *e = &w->end[side][i];

			print_error("stream %u, side %u: %lu of %lu sent, %lu received%s%s\n", i, side,
				    (unsigned long)e->sent, (unsigned long)e->to_send, (unsigned long)e->received,
				    e->shut ? ", shut" : "", e->saw_end ? ", saw the end" : "");
		}
	}
	fail_msg("seed %lu: after %.1f s the streams stand still; %u of %u accepted, loss %u ppm",
		 (unsigned long)w->seed, (double)w->now_ns / 1e9, w->accepted, w->streams, w->loss_ppm);
}

static void world_run(uint64_t seed, bool ipv6)
{
	static const uint32_t losses_ppm[] = { 0, 1000, 10000, 50000, 200000 };
	struct world *w = calloc(1, sizeof(*w));
	uint8_t key[RNG_KEY_BYTES] = { 0 };
	uint64_t until;

	assert_non_null(w);
	w->seed = seed;
	w->ipv6 = ipv6;
	memcpy(key, &seed, sizeof(seed));
	rng_init(&w->rng, key);
	w->now_ns = SECOND;
	w->loss_ppm = losses_ppm[get_random_u32_below(&w->rng, 5)];
	w->dup_ppm = get_random_u32_below(&w->rng, 3) ? 0 : 20000;
	w->late_ppm = get_random_u32_below(&w->rng, 2) ? 0 : 50000;
	w->delay_ms = 1 + get_random_u32_below(&w->rng, 100);
	w->streams = 1 + get_random_u32_below(&w->rng, STREAMS_MAX);
	host_begin(w, 0);
	host_begin(w, 1);
	poll_both(w); /* the link's own addresses are there */
	options_drawn(w);
	streams_begin(w);
	until = w->now_ns + PATIENCE;
	while (!programs_run(w)) {
		if (!step(w) || w->now_ns > until)
			stands_still(w);
		look(w);
	}
	for (uint32_t i = 0; i < w->streams; i++) {
		nethood_close(w->end[0][i].sk);
		if (w->end[1][i].sk)
			nethood_close(w->end[1][i].sk);
	}
	nethood_close(w->listener);
	for (int i = 0; i < 200 && step(w); i++)
		look(w);
	for (uint32_t id = 0; id < 2; id++)
		nethood_free(w->host[id].net); /* asserts that nothing is left */
	assert_int_equal(w->lent, w->released);
	while (w->frames)
		free(w->frame[--w->frames].octets);
	free(w);
}

static void worlds_run(bool ipv6)
{
	const char *seed = getenv("STREAM_SEED"), *worlds = getenv("STREAM_WORLDS");
	uint64_t first = seed ? strtoull(seed, NULL, 0) : 1, count = seed ? 1 : worlds ? strtoull(worlds, NULL, 0) : 60;

	for (uint64_t i = 0; i < count; i++)
		world_run(first + i, ipv6);
}

static void streams_arrive_whole_over_bad_paths(void **state)
{
	(void)state;
	worlds_run(false);
}

static void by_ipv6_they_do_as_well(void **state)
{
	(void)state;
	worlds_run(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_arrive_whole_over_bad_paths),
		cmocka_unit_test(by_ipv6_they_do_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
