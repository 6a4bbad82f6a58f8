// SPDX-License-Identifier: BSD-2-Clause
/* TCP over IPv6, and of sockets of both families, between two hosts. */
#include "tcp6_world.h"

static struct world6 world; /* large */

static void octets_go_both_ways_and_nothing_is_left(void **state)
{
	struct world6 *w = &world;
	struct nethood_sock *l, *c, *s;

	(void)state;
	world6_begin(w);
	l = listen6(w, 1, "::", false);
	c = socket6(w, 0, AF_INET6);
	assert_int_equal(connect6(c, "2001:db8::2", PORT), -EINPROGRESS);
	run6(w, 100 * MS);
	s = accept6(l);
	assert_non_null(s);
	assert_string_equal(name_of(c, false), "2001:db8::1");
	assert_string_equal(name_of(c, true), "2001:db8::2");
	assert_string_equal(name_of(s, true), "2001:db8::1");
	assert_string_equal(name_of(s, false), "2001:db8::2");
	assert_int_equal(get_int(c, IPPROTO_TCP, 2 /* TCP_MAXSEG */), 1428);
	stream6(w, c, s, 300000);
	stream6(w, s, c, 300000);
	nethood_close(c);
	run6(w, SECOND);
	nethood_close(s);
	nethood_close(l);
	run6(w, 120 * SECOND);
	assert_int_equal(w->host[0].net->net.tcp->timewait_count, 0);
	world6_end(w);
}

static void nobody_listens_and_the_caller_hears_it(void **state)
{
	struct world6 *w = &world;
	struct nethood_sock *c;

	(void)state;
	world6_begin(w);
	c = socket6(w, 0, AF_INET6);
	assert_int_equal(connect6(c, "2001:db8::2", PORT), -EINPROGRESS);
	run6(w, 100 * MS);
	assert_int_equal(get_int(c, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	assert_int_equal(mib6(w, 1)->OutRsts, 1);
	nethood_close(c);
	world6_end(w);
}

static void a_reset_ends_a_connection(void **state)
{
	struct world6 *w = &world;
	const struct linger hard = { 1, 0 };
	struct nethood_sock *l, *c, *s;
	char buf[10];

	(void)state;
	world6_begin(w);
	l = listen6(w, 1, "2001:db8::2", false);
	assert_int_equal(get_int(l, IPPROTO_IPV6, IPV6_V6ONLY), 1); /* who is bound to an address of IPv6 */
	c = socket6(w, 0, AF_INET6);
	assert_int_equal(connect6(c, "2001:db8::2", PORT), -EINPROGRESS);
	run6(w, 100 * MS);
	s = accept6(l);
	assert_int_equal(nethood_setsockopt(s, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
	nethood_close(s);
	run6(w, 100 * MS);
	assert_int_equal(nethood_recvfrom(c, buf, sizeof(buf), 0, NULL, NULL), -ECONNRESET);
	nethood_close(c);
	nethood_close(l);
	world6_end(w);
}

/* RFC 3493 3.7 */
static void a_listener_of_both_families_takes_ipv4_as_well(void **state)
{
	static const struct {
		const char *what, *listens, *connects_to, *peer;
		bool v6only, taken;
	} cases[] = {
		{ ":: takes IPv4", "::", "::ffff:10.77.0.2", "::ffff:10.77.0.1", false, true },
		{ ":: takes IPv6", "::", "2001:db8::2", "2001:db8::1", false, true },
		{ ":: with IPV6_V6ONLY does not", "::", "::ffff:10.77.0.2", NULL, true, false },
		{ "a mapped address takes it", "::ffff:10.77.0.2", "::ffff:10.77.0.2", "::ffff:10.77.0.1", false,
		  true },
		{ "any mapped address takes it", "::ffff:0.0.0.0", "::ffff:10.77.0.2", "::ffff:10.77.0.1", false,
		  true },
		{ "and no IPv6", "::ffff:0.0.0.0", "2001:db8::2", NULL, false, false },
		{ "an address of IPv6 takes no IPv4", "2001:db8::2", "::ffff:10.77.0.2", NULL, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world6 *w = &world;
		struct nethood_sock *l, *c, *s;

		world6_begin(w);
		l = listen6(w, 1, cases[i].listens, cases[i].v6only);
		c = socket6(w, 0, AF_INET6);
		assert_int_equal(connect6(c, cases[i].connects_to, PORT), -EINPROGRESS);
		run6(w, 100 * MS);
		s = accept6(l);
		if (!s != !cases[i].taken)
			fail_msg("%s", cases[i].what);
		if (s) {
			assert_string_equal(name_of(s, true), cases[i].peer);
			assert_string_equal(name_of(c, true), cases[i].connects_to);
			assert_int_equal(get_int(s, SOL_SOCKET, SO_DOMAIN), AF_INET6);
			stream6(w, c, s, 20000);
			stream6(w, s, c, 20000);
			nethood_close(s);
		} else {
			assert_int_equal(get_int(c, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
		}
		nethood_close(c);
		nethood_close(l);
		run6(w, 120 * SECOND);
		world6_end(w);
	}
}

/* As Linux: one of IPv4 is preferred for IPv4. */
static void a_listener_of_ipv4_comes_first(void **state)
{
	struct world6 *w = &world;
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct nethood_sock *l6, *l4, *c, *s;

	(void)state;
	world6_begin(w);
	l6 = socket6(w, 1, AF_INET6);
	l4 = socket6(w, 1, AF_INET);
	assert_int_equal(set_int(l6, SOL_SOCKET, SO_REUSEPORT, 1), 0);
	assert_int_equal(set_int(l4, SOL_SOCKET, SO_REUSEPORT, 1), 0);
	assert_int_equal(bind6(l6, "::", PORT), 0);
	assert_int_equal(nethood_bind(l4, (const struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(nethood_listen(l6, 8), 0);
	assert_int_equal(nethood_listen(l4, 8), 0);
	c = socket6(w, 0, AF_INET6);
	assert_int_equal(connect6(c, "::ffff:10.77.0.2", PORT), -EINPROGRESS);
	run6(w, 100 * MS);
	assert_null(accept6(l6));
	s = accept6(l4);
	assert_non_null(s);
	assert_int_equal(get_int(s, SOL_SOCKET, SO_DOMAIN), AF_INET);
	nethood_close(s);
	nethood_close(c);
	nethood_close(l4);
	nethood_close(l6);
	world6_end(w);
}

/* Each line was asked of the kernel. */
static void what_connect_says(void **state)
{
	static const struct {
		const char *what, *bound, *to;
		int err;
		const char *name;
	} cases[] = {
		{ "to :: is to ourselves", NULL, "::", -EINPROGRESS, "::1" },
		{ "to any of IPv4 as well", NULL, "::ffff:0.0.0.0", -EINPROGRESS, "::ffff:127.0.0.1" },
		{ "one of IPv4 to :: is to 127.0.0.1", "::ffff:0.0.0.0", "::", -EINPROGRESS, "::ffff:127.0.0.1" },
		{ "one of IPv6 has no way to IPv4", "::1", "::ffff:127.0.0.1", -ENETUNREACH, "::1" },
		{ "one of IPv4 has none to IPv6", "::ffff:127.0.0.1", "::1", -EAFNOSUPPORT, "::ffff:127.0.0.1" },
		{ "nor if it is any of IPv4", "::ffff:0.0.0.0", "::1", -EAFNOSUPPORT, "::ffff:0.0.0.0" },
		{ "another one of ours", "::ffff:127.0.0.2", "::ffff:127.0.0.1", -EINPROGRESS, "::ffff:127.0.0.2" },
		{ "bound to :: it may be of IPv4", "::", "::ffff:127.0.0.1", -EINPROGRESS, "::ffff:127.0.0.1" },
		{ "not to a group", NULL, "ff0e::1", -ENETUNREACH, "::" },
		{ "not to a group of a link", NULL, "ff02::1", -ENETUNREACH, "::" },
		{ "not to a group of IPv4", NULL, "::ffff:224.0.0.1", -ENETUNREACH, "::" },
		{ "not to all of IPv4", NULL, "::ffff:255.255.255.255", -ENETUNREACH, "::" },
		{ "a link's address wants its link", NULL, "fe80::1", -EINVAL, "::" },
		{ "no route", NULL, "2001:db9::1", -ENETUNREACH, "::" },
		{ "no route of IPv4", NULL, "::ffff:192.0.2.1", -ENETUNREACH, "::" },
		{ "from one address of ours to another", "2001:db8::1", "::1", -EINPROGRESS, "2001:db8::1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world6 *w = &world;
		struct nethood_sock *c;
		int err;

		world6_begin(w);
		c = socket6(w, 0, AF_INET6);
		if (cases[i].bound)
			assert_int_equal(bind6(c, cases[i].bound, 0), 0);
		err = connect6(c, cases[i].to, PORT);
		if (err != cases[i].err)
			fail_msg("%s: %d", cases[i].what, err);
		if (strcmp(name_of(c, false), cases[i].name) != 0)
			fail_msg("%s: it is %s", cases[i].what, name_of(c, false));
		nethood_close(c);
		run6(w, SECOND);
		world6_end(w);
	}
}

static void what_bind_says(void **state)
{
	static const struct {
		const char *what, *addr;
		int v6only, err;
	} cases[] = {
		{ "not ours", "2001:db8::9", 0, -EADDRNOTAVAIL },
		{ "a group", "ff0e::1", 0, -EINVAL },
		{ "a link's address without its link", "fe80::1", 0, -EINVAL },
		{ "IPv4, but it is of IPv6 only", "::ffff:127.0.0.1", 1, -EINVAL },
		{ "not ours, of IPv4", "::ffff:192.0.2.3", 0, -EADDRNOTAVAIL },
		{ "a group of IPv4", "::ffff:224.0.0.1", 0, 0 },
	};
	struct world6 *w = &world;

	(void)state;
	world6_begin(w);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nethood_sock *sk = socket6(w, 0, AF_INET6);
		int err;

		assert_int_equal(set_int(sk, IPPROTO_IPV6, IPV6_V6ONLY, cases[i].v6only), 0);
		err = bind6(sk, cases[i].addr, 0);
		if (err != cases[i].err)
			fail_msg("%s: %d", cases[i].what, err);
		nethood_close(sk);
	}
	world6_end(w);
}

/* What is told to a connection that has none of its own any more. */
static void after_disconnect_it_may_go_to_the_other_family(void **state)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct world6 *w = &world;
	struct nethood_sock *l, *c, *s;

	(void)state;
	world6_begin(w);
	l = listen6(w, 1, "::", false);
	c = socket6(w, 0, AF_INET6);
	for (u32 i = 0; i < 4; i++) {
		assert_int_equal(connect6(c, i & 1 ? "2001:db8::2" : "::ffff:10.77.0.2", PORT), -EINPROGRESS);
		run6(w, 100 * MS);
		s = accept6(l);
		assert_non_null(s);
		assert_string_equal(name_of(s, true), i & 1 ? "2001:db8::1" : "::ffff:10.77.0.1");
		assert_int_equal(nethood_connect(c, &none, sizeof(none)), 0);
		run6(w, 100 * MS);
		nethood_close(s);
	}
	nethood_close(c);
	nethood_close(l);
	world6_end(w);
}

static void syn_cookies_stand_for_requests(void **state)
{
	struct world6 *w = &world;
	struct nethood_sock *l, *c, *s;

	(void)state;
	world6_begin(w);
	assert_int_equal(nethood_sysctl_set(w->host[1].net, "net.ipv4.tcp_syncookies", "2"), 0);
	l = listen6(w, 1, "::", false);
	for (u32 i = 0; i < 2; i++) {
		c = socket6(w, 0, AF_INET6);
		assert_int_equal(connect6(c, i ? "::ffff:10.77.0.2" : "2001:db8::2", PORT), -EINPROGRESS);
		run6(w, 100 * MS);
		assert_int_equal(mib6(w, 1)->SyncookiesSent, i + 1);
		assert_int_equal(mib6(w, 1)->SyncookiesRecv, i + 1);
		s = accept6(l);
		assert_non_null(s);
		assert_string_equal(name_of(s, true), i ? "::ffff:10.77.0.1" : "2001:db8::1");
		stream6(w, c, s, 10000);
		nethood_close(s);
		nethood_close(c);
	}
	nethood_close(l);
	run6(w, 120 * SECOND);
	world6_end(w);
}

/* RFC 7413: the second time, data comes with the SYN. */
static void fast_open_cookies_are_of_a_pair_of_addresses(void **state)
{
	struct sockaddr_in6 to = addr6("2001:db8::2", PORT);
	struct world6 *w = &world;
	struct nethood_sock *l, *c, *s;
	char buf[10];

	(void)state;
	world6_begin(w);
	assert_int_equal(nethood_sysctl_set(w->host[1].net, "net.ipv4.tcp_fastopen", "3"), 0);
	l = socket6(w, 1, AF_INET6);
	assert_int_equal(set_int(l, IPPROTO_TCP, 23 /* TCP_FASTOPEN */, 8), 0);
	assert_int_equal(bind6(l, "::", PORT), 0);
	assert_int_equal(nethood_listen(l, 8), 0);
	for (u32 i = 0; i < 3; i++) {
		c = socket6(w, 0, AF_INET6);
		(void)nethood_sendto(c, "hello", 5, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof(to));
		run6(w, 100 * MS);
		s = accept6(l);
		assert_non_null(s);
		if (i)
			assert_int_equal(nethood_recvfrom(s, buf, sizeof(buf), 0, NULL, NULL), 5);
		assert_int_equal(mib6(w, 1)->TCPFastOpenPassive, i);
		nethood_close(s);
		nethood_close(c);
	}
	nethood_close(l);
	run6(w, 120 * SECOND);
	world6_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(octets_go_both_ways_and_nothing_is_left),
		cmocka_unit_test(nobody_listens_and_the_caller_hears_it),
		cmocka_unit_test(a_reset_ends_a_connection),
		cmocka_unit_test(a_listener_of_both_families_takes_ipv4_as_well),
		cmocka_unit_test(a_listener_of_ipv4_comes_first),
		cmocka_unit_test(what_connect_says),
		cmocka_unit_test(what_bind_says),
		cmocka_unit_test(after_disconnect_it_may_go_to_the_other_family),
		cmocka_unit_test(syn_cookies_stand_for_requests),
		cmocka_unit_test(fast_open_cookies_are_of_a_pair_of_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
