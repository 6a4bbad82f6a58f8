// SPDX-License-Identifier: BSD-2-Clause
/* Workers in threads of their own, with time as it is.  ThreadSanitizer looks at it too: tools/check-run threads.
 *
 * Each worker and the peer has a thread.  All serve echoes, and all ask for them, the peer of each worker, while the leader
 * changes addresses, routes and sysctls.  Frames go through socket pairs; at which worker they come in is drawn.
 */
#include <setjmp.h> /* cmocka.h needs these four */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "nethood/nethood.h"

#define WORKERS 3U
#define PEER WORKERS
#define ACTORS (WORKERS + 1)
#define EXCHANGES 40U /* each asks for so many */
#define LIMIT_S 100
#define ECHO_BYTES 20000U
#define CONNS 64U
#define ECHO_PORT 7U    /* of the peer; of the workers: 100 + n */
#define SHARED_PORT 80U /* of all workers */
#define FRAME_BYTES 65536U
#define MS 1000000ULL

/** struct conn - one connection: an echo that is served, or one that is asked for */
struct conn {
	struct nethood_sock *sk; /* NULL: free */
	bool asks;
	size_t sent, got, held;
	uint8_t buf[4096];
};

struct lan;
struct actor {
	struct lan *lan;
	uint32_t id, random;
	pthread_t thread;
	int event, wires[WORKERS]; /* a worker has one; the peer has one of each */
	uint32_t wire_count;
	struct nethood_net *net;
	struct nethood_dev *dev;
	struct nethood_sock *listener, *shared;
	struct conn conns[CONNS];
	uint32_t exchanges; /* done; written by its thread, read by all */
	uint64_t turns;
	uint8_t frame[FRAME_BYTES];
};

struct lan {
	struct nethood_workers *host;
	struct actor actors[ACTORS];
	const char *failure; /* of whoever was first */
	bool over;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static void failed(struct lan *lan, const char *why)
{
	__atomic_store_n(&lan->failure, why, __ATOMIC_RELEASE);
}

static uint32_t draw(struct actor *a, uint32_t below)
{
	a->random = a->random * 1664525U + 1013904223U;
	return (a->random >> 8) % below;
}

/* ------------------------------------------------------------------ frames */

static int wire_xmit(void *ctx, const struct iovec *iov, int pieces)
{
	struct actor *a = ctx;
	const struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)pieces };

	(void)sendmsg(a->wires[draw(a, a->wire_count)], &msg, MSG_DONTWAIT); /* a full one loses it, as wires do */
	return 0;
}

static void frames_in(struct actor *a)
{
	for (uint32_t i = 0; i < a->wire_count; i++) {
		ssize_t n;

		while ((n = recv(a->wires[i], a->frame, sizeof(a->frame), MSG_DONTWAIT)) > 0)
			(void)nethood_dev_receive(a->dev, a->frame, (size_t)n);
	}
}

static void wake(void *ctx, uint32_t worker)
{
	struct lan *lan = ctx;
	const uint64_t one = 1;

	(void)!write(lan->actors[worker].event, &one, sizeof(one));
}

static void sleep_until_due(struct actor *a)
{
	uint64_t deadline = nethood_next_deadline(a->net), now = now_ns(), ignored;
	struct pollfd fds[1 + WORKERS] = { { .fd = a->event, .events = POLLIN } };
	int wait_ms = deadline <= now ? 0 : deadline - now > 2 * MS ? 2 : 1;

	for (uint32_t i = 0; i < a->wire_count; i++)
		fds[1 + i] = (struct pollfd){ .fd = a->wires[i], .events = POLLIN };
	(void)poll(fds, 1 + a->wire_count, wait_ms);
	(void)!read(a->event, &ignored, sizeof(ignored));
}

/* ------------------------------------------------------------------ echoes */

static struct conn *conn_new(struct actor *a, struct nethood_sock *sk, bool asks)
{
	for (uint32_t i = 0; i < CONNS; i++) {
		struct conn *c = &a->conns[i];

		if (!c->sk) {
			*c = (struct conn){ .sk = sk, .asks = asks };
			return c;
		}
	}
	nethood_close(sk);
	return NULL;
}

static void conn_end(struct conn *c)
{
	nethood_close(c->sk);
	c->sk = NULL;
}

static void serve(struct conn *c)
{
	ssize_t n;

	if (!c->held) {
		n = nethood_recvfrom(c->sk, c->buf, sizeof(c->buf), 0, NULL, NULL);
		if (n == 0 || (n < 0 && n != -EAGAIN)) {
			conn_end(c);
			return;
		}
		c->held = n > 0 ? (size_t)n : 0;
	}
	n = c->held ? nethood_sendto(c->sk, c->buf, c->held, 0, NULL, 0) : 0;
	if (n > 0) {
		memmove(c->buf, c->buf + n, c->held - (size_t)n);
		c->held -= (size_t)n;
	}
}

static uint8_t octet_at(size_t i)
{
	return (uint8_t)((i * 2654435761U) >> 11);
}

static void ask(struct actor *a, struct conn *c)
{
	uint8_t buf[2048];
	ssize_t n;

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = octet_at(c->sent + i);
	if (c->sent < ECHO_BYTES) {
		size_t left = ECHO_BYTES - c->sent;

		n = nethood_sendto(c->sk, buf, left < sizeof(buf) ? left : sizeof(buf), 0, NULL, 0);
		if (n > 0)
			c->sent += (size_t)n;
	}
	n = nethood_recvfrom(c->sk, buf, sizeof(buf), 0, NULL, NULL);
	if (n == 0 || (n < 0 && n != -EAGAIN)) {
		failed(a->lan, "a connection ended early");
		conn_end(c);
		return;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] != octet_at(c->got + (size_t)i))
			failed(a->lan, "an octet is not the one that was sent");
	}
	c->got += n > 0 ? (size_t)n : 0;
	if (c->got == ECHO_BYTES) {
		__atomic_add_fetch(&a->exchanges, 1, __ATOMIC_RELAXED);
		conn_end(c);
	}
}

static void ask_anew(struct actor *a)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct nethood_sock *sk;
	uint32_t to_worker = draw(a, WORKERS + 1), asked = 0;

	for (uint32_t i = 0; i < CONNS; i++)
		asked += a->conns[i].sk && a->conns[i].asks;
	if (asked >= 4 || __atomic_load_n(&a->exchanges, __ATOMIC_RELAXED) >= EXCHANGES)
		return;
	to.sin_addr.s_addr = htonl(a->id == PEER ? 0x0a4d0001U : 0x0a4d0002U);
	to.sin_port = htons((uint16_t)(a->id != PEER          ? ECHO_PORT
				       : to_worker == WORKERS ? SHARED_PORT
							      : 100 + to_worker));
	if (nethood_socket(a->net, AF_INET, SOCK_STREAM, 0, &sk))
		return;
	if (nethood_connect(sk, (struct sockaddr *)&to, sizeof(to)) == -EINPROGRESS)
		conn_new(a, sk, true);
	else
		nethood_close(sk);
}

static struct nethood_sock *listen_on(struct actor *a, uint16_t port, bool shared)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct nethood_sock *sk;
	int on = 1;

	if (nethood_socket(a->net, AF_INET, SOCK_STREAM, 0, &sk) ||
	    nethood_setsockopt(sk, SOL_SOCKET, shared ? SO_REUSEPORT : SO_REUSEADDR, &on, sizeof(on)) ||
	    nethood_bind(sk, (struct sockaddr *)&name, sizeof(name)) || nethood_listen(sk, 64)) {
		failed(a->lan, "no listener");
		return NULL;
	}
	return sk;
}

static void accept_all(struct actor *a, struct nethood_sock *listener)
{
	struct nethood_sock *sk;

	while (listener && !nethood_accept(listener, &sk, NULL, NULL))
		conn_new(a, sk, false);
}

/* ------------------------------------------------------------------ what else goes on */

static void port_comes_and_goes(struct actor *a)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons((uint16_t)(3000 + draw(a, 4))) };
	struct nethood_sock *sk;

	if (nethood_socket(a->net, AF_INET, draw(a, 2) ? SOCK_DGRAM : SOCK_STREAM, 0, &sk))
		return;
	(void)nethood_bind(sk, (struct sockaddr *)&name, sizeof(name));
	nethood_close(sk);
}

static int addr_add(struct nethood_net *net, const char *label, uint32_t addr)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP | IFF_MULTICAST | IFF_BROADCAST };
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(addr) };
	struct nethood_sock *sk;
	int err = nethood_socket(net, AF_INET, SOCK_DGRAM, 0, &sk);

	if (err)
		return err;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "eth0");
	err = nethood_ioctl(sk, SIOCSIFFLAGS, &ifr, sizeof(ifr));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", label);
	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	if (!err)
		err = nethood_ioctl(sk, SIOCSIFADDR, &ifr, sizeof(ifr));
	nethood_close(sk);
	return err;
}

static void leader_changes(struct actor *a)
{
	if (a->turns % 64 == 0)
		(void)addr_add(a->net, "eth0:1", 0x0a4e0000U + draw(a, 200) + 1);
	if (a->turns % 16 == 0)
		(void)nethood_sysctl_set(a->net, "net.ipv4.ip_default_ttl", draw(a, 2) ? "64" : "65");
}

/* ------------------------------------------------------------------ threads */

static void turn(struct actor *a)
{
	frames_in(a);
	nethood_poll(a->net, now_ns());
	accept_all(a, a->listener);
	accept_all(a, a->shared);
	for (uint32_t i = 0; i < CONNS; i++) {
		if (a->conns[i].sk && a->conns[i].asks)
			ask(a, &a->conns[i]);
		else if (a->conns[i].sk)
			serve(&a->conns[i]);
	}
	if (a->turns++ % 8 == 0)
		ask_anew(a);
	if (a->id == 0)
		leader_changes(a);
	port_comes_and_goes(a);
}

static void *actor_run(void *ctx)
{
	struct actor *a = ctx;

	while (!__atomic_load_n(&a->lan->over, __ATOMIC_ACQUIRE)) {
		turn(a);
		sleep_until_due(a);
	}
	return NULL;
}

static bool all_done(struct lan *lan)
{
	for (uint32_t i = 0; i < ACTORS; i++) {
		if (__atomic_load_n(&lan->actors[i].exchanges, __ATOMIC_RELAXED) < EXCHANGES)
			return false;
	}
	return true;
}

static void wait_for_all(struct lan *lan)
{
	uint64_t end = now_ns() + LIMIT_S * 1000 * MS;

	while (!all_done(lan) && !__atomic_load_n(&lan->failure, __ATOMIC_ACQUIRE) && now_ns() < end)
		usleep(5000);
	__atomic_store_n(&lan->over, true, __ATOMIC_RELEASE);
}

/* ------------------------------------------------------------------ life */

static void wires_make(struct lan *lan)
{
	for (uint32_t i = 0; i < WORKERS; i++) {
		int ends[2], room = 4 << 20;

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
		for (uint32_t end = 0; end < 2; end++)
			assert_int_equal(setsockopt(ends[end], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
		lan->actors[i].wires[lan->actors[i].wire_count++] = ends[0];
		lan->actors[PEER].wires[lan->actors[PEER].wire_count++] = ends[1];
	}
}

static void actor_begin(struct lan *lan, uint32_t id)
{
	struct actor *a = &lan->actors[id];
	const uint8_t mac[6] = { 2, 0, 0, 0, 0, id == PEER ? 9 : 1 };
	const struct nethood_dev_config dev = {
		.name = "eth0", .driver = "user", .fd = -1, .lladdr = mac, .xmit = wire_xmit, .ctx = a
	};

	a->lan = lan;
	a->id = id;
	a->random = id;
	a->event = eventfd(0, EFD_NONBLOCK);
	assert_int_equal(nethood_dev_create(a->net, &dev, &a->dev), 0);
	if (id == 0 || id == PEER)
		assert_int_equal(addr_add(a->net, "eth0", id ? 0x0a4d0002U : 0x0a4d0001U), 0);
	a->listener = listen_on(a, (uint16_t)(id == PEER ? ECHO_PORT : 100 + id), false);
	if (id != PEER)
		a->shared = listen_on(a, SHARED_PORT, true);
}

static void actor_end(struct actor *a)
{
	for (uint32_t i = 0; i < CONNS; i++) {
		if (a->conns[i].sk)
			conn_end(&a->conns[i]);
	}
	for (uint32_t i = 0; i < a->wire_count; i++)
		close(a->wires[i]);
	close(a->event);
}

/* Followers know the address before anybody uses it. */
static void settle(struct lan *lan)
{
	for (uint32_t i = 0; i < 100; i++) {
		for (uint32_t id = 0; id < ACTORS; id++)
			nethood_poll(lan->actors[id].net, now_ns());
	}
}

static void workers_run_in_threads(void **state)
{
	struct lan *lan = calloc(1, sizeof(*lan));
	struct nethood_config config = { .now_ns = now_ns() };

	(void)state;
	assert_int_equal(nethood_workers_create(&config, WORKERS, wake, lan, &lan->host), 0);
	config.random_key[31] = 1;
	assert_int_equal(nethood_create(&config, &lan->actors[PEER].net), 0);
	for (uint32_t i = 0; i < WORKERS; i++)
		lan->actors[i].net = nethood_workers_net(lan->host, i);
	wires_make(lan);
	for (uint32_t i = 0; i < ACTORS; i++)
		actor_begin(lan, i);
	settle(lan);
	for (uint32_t i = 0; i < ACTORS; i++)
		assert_int_equal(pthread_create(&lan->actors[i].thread, NULL, actor_run, &lan->actors[i]), 0);
	wait_for_all(lan);
	for (uint32_t i = 0; i < ACTORS; i++)
		pthread_join(lan->actors[i].thread, NULL);
	if (lan->failure)
		fail_msg("%s", lan->failure);
	for (uint32_t i = 0; i < ACTORS; i++) {
		const char *broken = nethood_check(lan->actors[i].net);

		assert_true(lan->actors[i].exchanges >= EXCHANGES);
		if (broken)
			fail_msg("actor %u: %s", i, broken);
		actor_end(&lan->actors[i]);
	}
	nethood_workers_free(lan->host);
	nethood_free(lan->actors[PEER].net);
	free(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(workers_run_in_threads) };

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
