// SPDX-License-Identifier: BSD-2-Clause
/* Two nets on one wire, from the socket of one to the socket of the other; and all of it without memory. */
#include "twin.h"

#include <linux/sockios.h>

/* Two hosts, 10.0.0.1 and 10.0.0.2, joined by a cable. */
struct hosts {
	struct nethood_net *net[2];
	struct nethood_dev *dev[2];
	struct nethood_sock *sk[2];
	uint64_t now_ns;
	unsigned allocations, fail_at;
};

static void *hosts_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return malloc(size);
}

static void *hosts_zalloc(void *ctx, size_t size)
{
	(void)ctx;
	return calloc(1, size);
}

static void hosts_free(void *ctx, void *p, size_t size)
{
	(void)ctx;
	(void)size;
	free(p);
}

static bool hosts_fail(void *ctx, const char *site, size_t size)
{
	struct hosts *h = ctx;

	(void)site;
	(void)size;
	return ++h->allocations == h->fail_at;
}

static int set_addr(struct nethood_sock *sk, unsigned long request, const char *ip)
{
	struct ifreq ifr = { .ifr_name = "eth0" };
	struct sockaddr_in sin = t_addr(ip, 0);

	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	return nethood_ioctl(sk, request, &ifr, sizeof(ifr));
}

static int set_up(struct nethood_sock *sk, const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	return nethood_ioctl(sk, SIOCSIFFLAGS, &ifr, sizeof(ifr));
}

static int host_create(struct hosts *h, int i)
{
	const struct nethood_allocator memory = { hosts_alloc, hosts_zalloc, hosts_free, hosts_fail, h, NULL };
	const struct nethood_config cfg = { .memory = &memory,
					    .random_key = { (uint8_t)(i + 1) },
					    .now_ns = h->now_ns };
	const uint8_t lladdr[6] = { 2, 0, 0, 0, 0, (uint8_t)(i + 1) };
	const struct nethood_dev_config dev = { .name = "eth0", .driver = "wire", .lladdr = lladdr, .fd = -1 };
	int err = nethood_create(&cfg, &h->net[i]);

	if (!err)
		err = nethood_dev_create(h->net[i], &dev, &h->dev[i]);
	if (!err)
		err = nethood_socket(h->net[i], AF_INET, SOCK_DGRAM, 0, &h->sk[i]);
	if (!err)
		err = set_addr(h->sk[i], SIOCSIFADDR, i ? "10.0.0.2" : "10.0.0.1");
	if (!err)
		err = set_up(h->sk[i], "eth0");
	return err ? err : set_up(h->sk[i], "lo");
}

static void hosts_settle(struct hosts *h)
{
	for (int i = 0; i < 100; i++) {
		bool more = nethood_poll(h->net[0], h->now_ns);

		more |= nethood_poll(h->net[1], h->now_ns);
		if (!more && nethood_next_deadline(h->net[0]) > h->now_ns &&
		    nethood_next_deadline(h->net[1]) > h->now_ns)
			return;
	}
	fail_msg("the hosts do not come to rest");
}

static int hosts_create(struct hosts *h)
{
	int err = host_create(h, 0);

	if (!err)
		err = host_create(h, 1);
	if (!err)
		err = nethood_wire(h->dev[0], h->dev[1]);
	if (!err)
		hosts_settle(h); /* the carrier is there once both were polled */
	return err;
}

/* Time passes, and whatever is due is done in time. */
static void hosts_pass(struct hosts *h, unsigned ms)
{
	uint64_t end_ns = h->now_ns + ms * 1000000ULL;

	while (h->now_ns < end_ns) {
		uint64_t a = nethood_next_deadline(h->net[0]), b = nethood_next_deadline(h->net[1]);
		uint64_t next = a < b ? a : b;

		h->now_ns = next < end_ns ? (next > h->now_ns ? next : h->now_ns) : end_ns;
		hosts_settle(h);
	}
}

static void hosts_destroy(struct hosts *h)
{
	for (int i = 0; i < 2; i++) {
		struct nethood_ledger l;

		if (!h->net[i])
			continue;
		nethood_ledger(h->net[i], &l);
		assert_int_equal(l.taken_in, l.live + l.consumed + l.dropped);
		nethood_free(h->net[i]);
	}
}

static struct hosts two_hosts(void)
{
	return (struct hosts){ .now_ns = 5000000000ULL };
}

static ssize_t say(struct hosts *h, int from, const char *text, const char *ip, int port)
{
	struct sockaddr_in to = t_addr(ip, port);

	return nethood_sendto(h->sk[from], text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to));
}

static ssize_t hear(struct hosts *h, int who, char buf[64], struct sockaddr_in *from)
{
	socklen_t len = sizeof(*from);

	memset(buf, 0, 64);
	return nethood_recvfrom(h->sk[who], buf, 63, 0, (struct sockaddr *)from, &len);
}

static void test_echo(void **state)
{
	struct sockaddr_in here = t_addr("0.0.0.0", 7), from;
	struct hosts h = two_hosts();
	char buf[64];

	(void)state;
	assert_int_equal(hosts_create(&h), 0);
	assert_int_equal(nethood_bind(h.sk[1], (struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(say(&h, 0, "hello", "10.0.0.2", 7), 5);
	assert_int_equal(hear(&h, 1, buf, &from), -EAGAIN); /* it waits for the neighbour */
	hosts_settle(&h);
	assert_int_equal(hear(&h, 1, buf, &from), 5);
	assert_string_equal(buf, "hello");
	assert_string_equal(inet_ntoa(from.sin_addr), "10.0.0.1");
	assert_int_equal(nethood_sendto(h.sk[1], "world", 5, 0, (struct sockaddr *)&from, sizeof(from)), 5);
	hosts_settle(&h);
	assert_int_equal(hear(&h, 0, buf, &from), 5);
	assert_string_equal(buf, "world");
	hosts_destroy(&h);
}

/* Larger than the MTU: fragments there, the whole here. */
static void test_fragments(void **state)
{
	static char big[20000], back[20000];
	struct sockaddr_in here = t_addr("0.0.0.0", 7), to = t_addr("10.0.0.2", 7);
	struct hosts h = two_hosts();

	(void)state;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7);
	assert_int_equal(hosts_create(&h), 0);
	assert_int_equal(nethood_bind(h.sk[1], (struct sockaddr *)&here, sizeof(here)), 0);
	for (size_t len = 1471; len <= sizeof(big); len += 1853) {
		assert_int_equal(nethood_sendto(h.sk[0], big, len, 0, (struct sockaddr *)&to, sizeof(to)),
				 (ssize_t)len);
		hosts_settle(&h);
		memset(back, 0, sizeof(back));
		assert_int_equal(nethood_recvfrom(h.sk[1], back, sizeof(back), 0, NULL, NULL), (ssize_t)len);
		assert_memory_equal(back, big, len);
	}
	hosts_destroy(&h);
}

/* Nobody has that address: three requests, then the sender hears of it. */
static void test_no_neighbour(void **state)
{
	struct sockaddr_in to = t_addr("10.0.0.77", 9);
	struct hosts h = two_hosts();
	int one = 1;

	(void)state;
	assert_int_equal(hosts_create(&h), 0);
	assert_int_equal(nethood_setsockopt(h.sk[0], SOL_IP, IP_RECVERR, &one, sizeof(one)), 0);
	assert_int_equal(nethood_connect(h.sk[0], (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(nethood_sendto(h.sk[0], "x", 1, 0, NULL, 0), 1);
	hosts_pass(&h, 2900);
	assert_false(nethood_readiness(h.sk[0]) & EPOLLERR);
	hosts_pass(&h, 200);
	assert_true(nethood_readiness(h.sk[0]) & EPOLLERR);
	assert_int_equal(nethood_sendto(h.sk[0], "x", 1, 0, NULL, 0), -EHOSTUNREACH);
	hosts_destroy(&h);
}

static void test_refused(void **state)
{
	struct sockaddr_in to = t_addr("10.0.0.2", 9);
	struct hosts h = two_hosts();
	char buf[4];

	(void)state;
	assert_int_equal(hosts_create(&h), 0);
	assert_int_equal(nethood_connect(h.sk[0], (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(nethood_sendto(h.sk[0], "x", 1, 0, NULL, 0), 1);
	hosts_settle(&h);
	assert_int_equal(nethood_recvfrom(h.sk[0], buf, 4, 0, NULL, NULL), -ECONNREFUSED);
	hosts_destroy(&h);
}

/* A callback may close the socket that it is told of. */
static void close_it(void *ctx, struct nethood_sock *sk, uint32_t events)
{
	struct hosts *h = ctx;

	(void)events;
	nethood_close(sk);
	h->sk[1] = NULL;
}

static void test_close_when_told(void **state)
{
	struct sockaddr_in here = t_addr("0.0.0.0", 7);
	struct hosts h = two_hosts();

	(void)state;
	assert_int_equal(hosts_create(&h), 0);
	assert_int_equal(nethood_bind(h.sk[1], (struct sockaddr *)&here, sizeof(here)), 0);
	nethood_on_ready(h.sk[1], close_it, &h);
	assert_int_equal(say(&h, 0, "hello", "10.0.0.2", 7), 5);
	hosts_settle(&h);
	assert_null(h.sk[1]);
	hosts_destroy(&h);
}

/* With packets in every queue: to a neighbour, in a corked socket, in a receive buffer, in the backlog of lo. */
static void test_free_with_all_full(void **state)
{
	struct sockaddr_in here = t_addr("0.0.0.0", 7);
	struct hosts h = two_hosts();

	(void)state;
	assert_int_equal(hosts_create(&h), 0);
	assert_int_equal(nethood_bind(h.sk[1], (struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(say(&h, 0, "hello", "10.0.0.2", 7), 5);
	hosts_settle(&h);
	for (int i = 0; i < 50; i++)
		assert_int_equal(say(&h, 0, "waits", "10.0.0.88", 7), 5);
	assert_int_equal(say(&h, 0, "on its way", "10.0.0.2", 7), 10);
	assert_int_equal(say(&h, 1, "to myself", "10.0.0.2", 7), 9);
	assert_int_equal(
		nethood_sendto(h.sk[0], "corked", 6, MSG_MORE,
			       (struct sockaddr *)&(struct sockaddr_in){ .sin_family = AF_INET,
									 .sin_port = htons(7),
									 .sin_addr.s_addr = inet_addr("10.0.0.2") },
			       16),
		6);
	hosts_destroy(&h);
}

/* The n-th allocation fails, for every n: an error is told or a drop is counted, nothing leaks, and after it all works. */
static void scenario(struct hosts *h)
{
	struct sockaddr_in here = t_addr("0.0.0.0", 7), to = t_addr("10.0.0.2", 9), from;
	char buf[64];
	bool in_setup;
	int one = 1;

	if (hosts_create(h))
		return;
	in_setup = h->fail_at && h->allocations >= h->fail_at;
	nethood_bind(h->sk[1], (struct sockaddr *)&here, sizeof(here));
	nethood_setsockopt(h->sk[0], SOL_IP, IP_RECVERR, &one, sizeof(one));
	for (int i = 0; i < 3; i++) {
		say(h, 0, "hello", "10.0.0.2", 7);
		hosts_settle(h);
		hear(h, 1, buf, &from);
	}
	if (!nethood_connect(h->sk[0], (struct sockaddr *)&to, sizeof(to))) {
		nethood_sendto(h->sk[0], "refused", 7, 0, NULL, 0);
		hosts_settle(h);
	}
	say(h, 0, "nobody", "10.0.0.99", 7);
	hosts_pass(h, 3500);
	if (in_setup) /* a route may be missing, as in the kernel: SIOCSIFADDR does not tell */
		return;
	h->fail_at = 0;
	nethood_connect(h->sk[0], (struct sockaddr *)&(struct sockaddr_in){ .sin_family = AF_UNSPEC }, 16);
	nethood_getsockopt(h->sk[0], SOL_SOCKET, SO_ERROR, &one, &(socklen_t){ sizeof(one) });
	nethood_close(h->sk[1]);
	assert_int_equal(nethood_socket(h->net[1], AF_INET, SOCK_DGRAM, 0, &h->sk[1]), 0);
	assert_int_equal(nethood_bind(h->sk[1], (struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(say(h, 0, "works", "10.0.0.2", 7), 5);
	hosts_settle(h);
	assert_int_equal(hear(h, 1, buf, &from), 5);
}

static void test_no_memory(void **state)
{
	unsigned n = 0, total;
	struct hosts h = two_hosts();

	(void)state;
	scenario(&h);
	total = h.allocations;
	hosts_destroy(&h);
	assert_true(total > 40);
	while (++n <= total) {
		h = two_hosts();
		h.fail_at = n;
		scenario(&h);
		hosts_destroy(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_no_neighbour),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_close_when_told),
		cmocka_unit_test(test_free_with_all_full),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
