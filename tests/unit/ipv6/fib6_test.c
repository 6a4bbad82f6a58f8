// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 routes: errors, order and choice as ip(8) shows them in a namespace of the kernel. */
#include "fib6_shell.h"

static char text[1 << 16];

static const char *const two_links[] = { "link lo up",
					 "link d0 up",
					 "link d1 up",
					 "addr add ::1/128 dev lo",
					 "addr add 2001:db8::1/64 dev d0",
					 "addr add fe80::1/64 dev d0",
					 "addr add 2001:db8:1::1/64 dev d1",
					 "addr add fe80::11/64 dev d1",
					 NULL };

static void test_answers_to_requests(void **state)
{
	static const struct {
		const char *line;
		int err;
		const char *errmsg;
	} row[] = {
		{ "route add 2001:db8:a::/48 via 2001:db8::2", 0, NULL },
		{ "route add 2001:db8:a::/48 via 2001:db8::2", -EEXIST, NULL },
		{ "route add 2001:db8:a::1/48 via 2001:db8::3", -EEXIST, NULL },
		{ "route append 2001:db8:a::/48 via 2001:db8::2", -EEXIST, NULL },
		{ "route append 2001:db8:a::/48 via 2001:db8::3", 0, NULL },
		{ "route add 2001:db8:b::/48 via 2001:db9::2", -EHOSTUNREACH, NULL },
		{ "route add 2001:db8:b::/48 via 2001:db9::2 dev d0", -EHOSTUNREACH, NULL },
		{ "route add 2001:db8:b::/48 via 2001:db8::2 dev d1", -EHOSTUNREACH, NULL },
		{ "route add 2001:db8:b::/48 via 2001:db8:a::2", -EHOSTUNREACH, NULL },
		{ "route add 2001:db8:b::/48 via fe80::2", -EINVAL, "Egress device not specified" },
		{ "route add 2001:db8:b::/48 via 2001:db8::1", -EINVAL, "Gateway can not be a local address" },
		{ "route add 2001:db8:b::/48 via 2001:db8::1 dev d0", -EINVAL, "Gateway can not be a local address" },
		{ "route add 2001:db8:b::/48 via fe80::1 dev d0", -EINVAL, "Gateway can not be a local address" },
		{ "route add 2001:db8:b::/48 via fe80::1 dev d1", 0, NULL },
		{ "route del 2001:db8:b::/48 via fe80::1 dev d1", 0, NULL },
		{ "route add 2001:db8:b::/48 via ff02::1 dev d0", -EINVAL, "Invalid gateway address" },
		{ "route add 2001:db8:b::/48 via :: dev d0", -EINVAL, "Invalid gateway address" },
		{ "route add 2001:db8:b::/48 via ::1 dev d0", -EINVAL, "Gateway can not be a local address" },
		{ "route add 2001:db8:b::/48", -ENODEV, NULL },
		{ "route add 2001:db8:b::/48 dev d9", -ENODEV, NULL },
		{ "route add 2001:db8:b::/48 dev d2", -ENETDOWN, "Nexthop device is not up" },
		{ "route add 2001:db8:b::/48 dev d0 src 2001:db8::99", -EINVAL, "Invalid source address" },
		{ "route change 2001:db8:c::/48 via 2001:db8::2", -ENOENT, "Can not replace route - no match found" },
		{ "route change 2001:db8:a::/48 via 2001:db8::2 metric 7", -ENOENT, NULL },
		{ "route add 2001:db8:c::/48 nexthop dev d0 nexthop dev d1", -EINVAL,
		  "Device only routes can not be added for IPv6 using the multipath API." },
		{ "route add 2001:db8:c::/48 nexthop via 2001:db8::2 nexthop via 2001:db8::2", -EEXIST, NULL },
		{ "route add 2001:db8:c::/48 nexthop via 2001:db8::2 nexthop via 2001:db9::2", -EHOSTUNREACH, NULL },
		{ "route append 2001:db8:a::/48 nexthop via 2001:db8::7 nexthop via 2001:db8::3", -EEXIST, NULL },
		{ "route del 2001:db8:a::/48 via 2001:db8::7", -ESRCH, NULL },
		{ "route del 2001:db8:c::/48", -ESRCH, NULL },
		{ "route del 2001:db8:c::/48 table 77", -ESRCH, "FIB table does not exist" },
		{ "route del 2001:db8:a::/48 proto static", -ESRCH, NULL },
		{ "route del 2001:db8:a::/48 dev d1", -ESRCH, NULL },
		{ "route del unreachable 2001:db8:a::/48", 0, NULL },
		{ "route del 2001:db8:a::/48", -ESRCH, NULL },
	};
	struct world *w = world_create(3);
	const char *errmsg;

	(void)state;
	must_all(w, two_links);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		int err = shell(w, row[i].line, &errmsg);

		if (err != row[i].err)
			fail_msg("%s: %d instead of %d", row[i].line, err, row[i].err);
		assert_string_equal(errmsg ? errmsg : "", row[i].errmsg ? row[i].errmsg : "");
	}
	world_destroy(w);
}

/** struct scene - lines, and then what `ip -6 route show` says of the prefix they are about */
struct scene {
	const char *sentence;
	const char *const *lines;
	const char *shows;
};
#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define P "2001:db8:c::/48"

/** of_prefix() - lines of @all that begin with P or a type and P */
static void of_prefix(const char *all, char *out)
{
	*out = 0;
	for (const char *line = all, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		if (memmem(line, (size_t)(end - line), P " ", strlen(P) + 1))
			strncat(out, line, (size_t)(end - line) + 1);
	}
}

static void test_several_routes_of_a_prefix(void **state)
{
	static char got[8192];
	const struct scene row[] = {
		{ "next hops make one route",
		  LINES("route add " P " nexthop via 2001:db8::2 nexthop via 2001:db8:1::3 weight 3"),
		  P
		  " metric 1024 pref medium nexthop via 2001:db8::2 dev d0 weight 1 nexthop via 2001:db8:1::3 dev d1 weight 3\n" },
		{ "one that is appended joins them; one without gateway does not",
		  LINES("route append " P " via 2001:db8::4", "route append " P " dev d0"),
		  P
		  " metric 1024 pref medium nexthop via 2001:db8::2 dev d0 weight 1 nexthop via 2001:db8:1::3 dev d1 weight 3"
		  " nexthop via 2001:db8::4 dev d0 weight 1\n" P " dev d0 metric 1024 pref medium\n" },
		{ "replace takes the place of all next hops", LINES("route replace " P " via 2001:db8::9"),
		  P " via 2001:db8::9 dev d0 metric 1024 pref medium\n" P " dev d0 metric 1024 pref medium\n" },
		{ "one without gateway replaces its like", LINES("route replace " P " dev d1"),
		  P " via 2001:db8::9 dev d0 metric 1024 pref medium\n" P " dev d1 metric 1024 pref medium\n" },
		{ "delete by device", LINES("route del " P " dev d1"),
		  P " via 2001:db8::9 dev d0 metric 1024 pref medium\n" },
		{ "append of several", LINES("route append " P " nexthop via 2001:db8::a nexthop via 2001:db8::b"),
		  P
		  " metric 1024 pref medium nexthop via 2001:db8::9 dev d0 weight 1 nexthop via 2001:db8::a dev d0 weight 1"
		  " nexthop via 2001:db8::b dev d0 weight 1\n" },
		{ "a gateway deletes one next hop", LINES("route del " P " via 2001:db8::a"),
		  P
		  " metric 1024 pref medium nexthop via 2001:db8::9 dev d0 weight 1 nexthop via 2001:db8::b dev d0 weight 1\n" },
		{ "several replace several",
		  LINES("route replace " P " nexthop via 2001:db8::e nexthop via 2001:db8::f"),
		  P
		  " metric 1024 pref medium nexthop via 2001:db8::e dev d0 weight 1 nexthop via 2001:db8::f dev d0 weight 1\n" },
		{ "no gateway deletes them all", LINES("route del " P), "" },
		{ "metrics order routes",
		  LINES("route add " P " via 2001:db8::3 metric 6", "route add " P " via 2001:db8::2 metric 5",
			"route change " P " via 2001:db8::4 metric 6"),
		  P " via 2001:db8::2 dev d0 metric 5 pref medium\n" P
		    " via 2001:db8::4 dev d0 metric 6 pref medium\n" },
		{ "the first is deleted first", LINES("route del " P),
		  P " via 2001:db8::4 dev d0 metric 6 pref medium\n" },
		{ "refusals and gateways stand beside each other",
		  LINES("route del " P, "route add unreachable " P " dev d0", "route append " P " via 2001:db8::2",
			"route replace " P " via 2001:db8::3"),
		  "unreachable " P " dev lo metric 1024 pref medium\n" P
		  " via 2001:db8::3 dev d0 metric 1024 pref medium\n" },
		{ "a type is not looked at", LINES("route del blackhole " P, "route del " P " metric 1024"), "" },
		{ "sources before the others, the longer first",
		  LINES("route add " P " dev d0", "route add from 2001:db8:5::/48 " P " dev d0",
			"route add from 2001:db8:5:5::/64 " P " dev d0"),
		  P " from 2001:db8:5:5::/64 dev d0 metric 1024 pref medium\n" P
		    " from 2001:db8:5::/48 dev d0 metric 1024 pref medium\n" P " dev d0 metric 1024 pref medium\n" },
		{ "a source is named to be deleted", LINES("route del " P, "route del from 2001:db8:5::/48 " P),
		  P " from 2001:db8:5:5::/64 dev d0 metric 1024 pref medium\n" },
	};
	struct world *w = world_create(3);

	(void)state;
	must_all(w, two_links);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		must_all(w, row[i].lines);
		of_prefix(shell_routes(w, text, sizeof(text), RT_TABLE_MAIN, false), got);
		if (strcmp(got, row[i].shows))
			fail_msg("%s:\n%sinstead of\n%s", row[i].sentence, got, row[i].shows);
	}
	world_destroy(w);
}

static void test_a_listing_is_the_kernels(void **state)
{
	static const char *const lines[] = {
		"route add 2001:db8:2::/48 via 2001:db9::2 dev d0 onlink",
		"route add 2001:db8:3::/48 dev lo",
		"route add unreachable 2001:db8:5::/48",
		"route add prohibit 2001:db8:6::/48 metric 5",
		"route add blackhole 2001:db8:7::/48",
		"route add throw 2001:db8:8::/48",
		"route add local 2001:db8:9::/48 dev lo",
		"route add anycast 2001:db8:a::/128 dev d0",
		"route add multicast ff05::/16 dev d0",
		"route add 2001:db8:e::/48 via 2001:db8::4 src 2001:db8::1",
		"route add 2001:db8:f::/48 via 2001:db8::4 expires 100 pref high mtu 1400 hoplimit 33",
		"route add 2001:db8:f:1::/64 via 2001:db8::4 mtu lock 1400",
		"route add default via fe80::9 dev d0",
		"route add default via 2001:db8::2 table 100",
		"route add default via 2001:db8::2 table 500",
		"route add default via 2001:db8::2 table 353",
		NULL
	};
	static const char shows[] =
		"default via 2001:db8::2 dev d0 table 353 metric 1024 pref medium\n"
		"default via 2001:db8::2 dev d0 table 100 metric 1024 pref medium\n"
		"default via 2001:db8::2 dev d0 table 500 metric 1024 pref medium\n"
		"2001:db8::/64 dev d0 proto kernel metric 256 pref medium\n"
		"2001:db8:1::/64 dev d1 proto kernel metric 256 pref medium\n"
		"2001:db8:2::/48 via 2001:db9::2 dev d0 metric 1024 onlink pref medium\n"
		"2001:db8:3::/48 dev lo metric 1024 pref medium\n"
		"unreachable 2001:db8:5::/48 dev lo metric 1024 pref medium\n"
		"prohibit 2001:db8:6::/48 dev lo metric 5 pref medium\n"
		"blackhole 2001:db8:7::/48 dev lo metric 1024 pref medium\n"
		"throw 2001:db8:8::/48 dev lo metric 1024 pref medium\n"
		"2001:db8:e::/48 via 2001:db8::4 dev d0 src 2001:db8::1 metric 1024 pref medium\n"
		"2001:db8:f:1::/64 via 2001:db8::4 dev d0 metric 1024 mtu lock 1400 pref medium\n"
		"2001:db8:f::/48 via 2001:db8::4 dev d0 metric 1024 expires 100sec mtu 1400 hoplimit 33 pref high\n"
		"fe80::/64 dev d0 proto kernel metric 256 pref medium\n"
		"fe80::/64 dev d1 proto kernel metric 256 pref medium\n"
		"multicast ff05::/16 dev d0 metric 1024 pref medium\n"
		"default via fe80::9 dev d0 metric 1024 pref medium\n"
		"local ::1 dev lo table local proto kernel metric 0 pref medium\n"
		"local 2001:db8::1 dev d0 table local proto kernel metric 0 pref medium\n"
		"local 2001:db8:1::1 dev d1 table local proto kernel metric 0 pref medium\n"
		"local 2001:db8:9::/48 dev lo table local metric 1024 pref medium\n"
		"anycast 2001:db8:a:: dev d0 table local metric 1024 pref medium\n"
		"local fe80::1 dev d0 table local proto kernel metric 0 pref medium\n"
		"local fe80::11 dev d1 table local proto kernel metric 0 pref medium\n";
	struct world *w = world_create(3);

	(void)state;
	must_all(w, two_links);
	must_all(w, lines);
	assert_string_equal(shell_routes(w, text, sizeof(text), 0, false), shows);
	world_destroy(w);
}

/** struct question - ip -6 route get */
struct question {
	const char *line;
	int err;
	const char *says;
};

static void ask_all(struct world *w, const struct question *q, size_t count)
{
	struct words ws;

	for (size_t i = 0; i < count; i++) {
		int err;

		split_words(&ws, q[i].line);
		err = shell_get(w, &ws, text, sizeof(text));
		if (err != q[i].err)
			fail_msg("%s: %d (%s) instead of %d", q[i].line, err, text, q[i].err);
		if (strcmp(text, q[i].says))
			fail_msg("%s: %s instead of %s", q[i].line, text, q[i].says);
	}
}

static void test_which_route_it_is(void **state)
{
	static const char *const lines[] = { "route add default via fe80::9 dev d0",
					     "route add unreachable 2001:db8:5::/48",
					     "route add prohibit 2001:db8:6::/48",
					     "route add blackhole 2001:db8:7::/48",
					     "route add throw 2001:db8:8::/48",
					     "route add " P " metric 100 dev d0",
					     "route add " P " metric 200 via 2001:db8:1::9",
					     "route add " P " metric 300 via 2001:db8:1::8 pref high",
					     "route add from 2001:db8:77::/48 2001:db8:d::/48 via 2001:db8::4",
					     "route add from 2001:db8:1::/48 2001:db8:d::/48 via 2001:db8:1::4",
					     "route add multicast ff00::/8 dev d0 table 255 metric 256",
					     "route append multicast ff00::/8 dev d1 table 255 metric 256",
					     NULL };
	static const struct question q[] = {
		{ "2001:db8::7", 0, "2001:db8::7 dev d0 src 2001:db8::1" },
		{ "2001:db8::1", 0, "local 2001:db8::1 dev lo src 2001:db8::1" },
		{ "2001:db8:5::1", -EHOSTUNREACH, "" },
		{ "2001:db8:6::1", -EACCES, "" },
		{ "2001:db8:7::1", -EINVAL, "" },
		{ "2001:db8:8::1", -ENETUNREACH, "" },
		{ "3000::1", 0, "3000::1 via fe80::9 dev d0 src 2001:db8::1" },
		{ "2001:db8:c::1", 0, "2001:db8:c::1 dev d0 src 2001:db8::1" },
		{ "2001:db8:c::1 oif d1", 0, "2001:db8:c::1 via 2001:db8:1::8 dev d1 src 2001:db8:1::1" },
		{ "3000::1 oif d1", -ENETUNREACH, "" },
		{ "3000::1 oif d1 from 2001:db8:1::1", 0, "3000::1 via fe80::9 dev d0" },
		{ "fe80::9 oif d1", 0, "fe80::9 dev d1 src 2001:db8:1::1" },
		{ "ff02::1 oif d1", 0, "multicast ff02::1 dev d1 src 2001:db8:1::1" },
		{ "2001:db8:d::1", 0, "2001:db8:d::1 via fe80::9 dev d0 src 2001:db8::1" },
		{ "2001:db8:d::1 from 2001:db8:77::1", 0, "2001:db8:d::1 via 2001:db8::4 dev d0" },
		{ "2001:db8:d::1 from 2001:db8:1::1", 0, "2001:db8:d::1 via 2001:db8:1::4 dev d1" },
		{ "::1", 0, "local ::1 dev lo src ::1" },
	};
	struct world *w = world_create(3);

	(void)state;
	must_all(w, two_links);
	must_all(w, lines);
	ask_all(w, q, ARRAY_SIZE(q));
	ask_all(w, q, ARRAY_SIZE(q)); /* from what the routes keep */
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_to_requests),
		cmocka_unit_test(test_several_routes_of_a_prefix),
		cmocka_unit_test(test_a_listing_is_the_kernels),
		cmocka_unit_test(test_which_route_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
