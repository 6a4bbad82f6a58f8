// SPDX-License-Identifier: BSD-2-Clause
/* Routes and rules: errors, order and tables as ip(8) shows them in a namespace of the kernel. */
#include "fib_shell.h"

static char text[1 << 20], text2[1 << 20];

static void must_all(struct world *w, const char *const *lines)
{
	const char *errmsg;

	for (; *lines; lines++) {
		int err = shell(w, *lines, &errmsg);

		if (err)
			fail_msg("%s: %d %s", *lines, err, errmsg ? errmsg : "");
	}
}

static const char *const two_links[] = {
	"link lo up", "link d0 up", "link d1 up", "addr add 10.77.0.2/24 dev d0", "addr add 10.78.0.2/24 dev d1", NULL
};

static void test_answers_to_requests(void **state)
{
	static const struct {
		const char *line;
		int err;
		const char *errmsg;
	} row[] = {
		{ "route add 10.1.0.0/16 via 10.77.0.1", 0, NULL },
		{ "route add 10.1.0.0/16 via 10.77.0.3", -EEXIST, NULL },
		{ "route append 10.1.0.0/16 via 10.77.0.3", 0, NULL },
		{ "route append 10.1.0.0/16 via 10.77.0.3", -EEXIST, NULL },
		{ "route prepend 10.1.0.0/16 via 10.77.0.4", 0, NULL },
		{ "route replace 10.1.0.0/16 via 10.77.0.5", 0, NULL },
		{ "route change 10.1.0.0/16 via 10.77.0.6", 0, NULL },
		{ "route change 10.1.0.0/16 via 10.77.0.3", -EEXIST, NULL },
		{ "route change 10.2.0.0/16 via 10.77.0.6", -ENOENT, NULL },
		{ "route del 10.2.0.0/16", -ESRCH, NULL },
		{ "route del 10.1.0.0/16 via 10.77.0.9", -ESRCH, NULL },
		{ "route del 10.1.0.0/16 table 77", -ESRCH, "FIB table does not exist" },
		{ "route add 10.3.0.0/16 via 10.99.0.6", -ENETUNREACH, "Nexthop has invalid gateway" },
		{ "route add 10.3.0.0/16 via 10.77.0.255", -EINVAL, "Nexthop has invalid gateway" },
		{ "route add 10.3.0.0/16 via 10.99.0.6 dev d2 onlink", -ENETDOWN, "Nexthop device is not up" },
		{ "route add 10.3.0.0/16 dev d2", -ENETDOWN, "Device for nexthop is not up" },
		{ "route add 10.3.0.0/16 via 10.77.0.1 dev d1", -ENETUNREACH, "Nexthop has invalid gateway" },
		{ "route add 10.3.0.0/16 via 224.0.0.1 dev d0 onlink", -EINVAL, "Nexthop has invalid gateway" },
		{ "route add 10.3.0.0/16 via 10.77.0.1 onlink", -ENODEV, "Nexthop device required for onlink" },
		{ "route add 10.3.0.0/16 dev d0 src 1.2.3.4", -EINVAL, "Invalid prefsrc address" },
		{ "route add 10.3.0.1/16 dev d0", -EINVAL, "Invalid prefix for given prefix length" },
		{ "route add 10.3.0.0/16 via 10.77.0.1 scope link", -ENETUNREACH, "Nexthop has invalid gateway" },
		{ "route add 10.3.0.0/16 via 10.77.0.1 scope host", -EINVAL,
		  "Route with host scope can not have a gateway" },
		{ "route add local 10.5.0.1 dev d0 scope link", -EINVAL, "Invalid scope" },
		{ "route add blackhole 10.7.0.0/16 via 10.77.0.1", -EINVAL,
		  "Gateway, device and multipath can not be specified for this route type" },
		{ "route add nat 10.9.0.0/16", -EINVAL, "Invalid scope" },
		{ "route add 10.11.0.0/16 nexthop via 10.77.0.1 weight 2 nexthop via 10.99.0.1", -ENETUNREACH,
		  "Nexthop has invalid gateway" },
		{ "route add 10.11.0.0/16 nexthop via 10.77.0.1 weight 2 nexthop dev d2", -ENETDOWN,
		  "Device for nexthop is not up" },
		{ "route add 10.22.0.0/16", -ENODEV, NULL },
		{ "route add unicast 10.22.0.0/16 scope nowhere dev d0", -EINVAL, "Invalid scope" },
		{ "addr add 10.77.0.2/24 dev d0", -EEXIST, "ipv4: Address already assigned" },
		{ "rule add pref 10 goto 5", -EINVAL, "Backward goto not supported" },
		{ "rule del pref 5", -ENOENT, NULL },
	};
	struct world *w = world_create(3);
	const char *errmsg;

	(void)state;
	must_all(w, two_links);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		int err = shell(w, row[i].line, &errmsg);

		if (err != row[i].err)
			fail_msg("%s: %d instead of %d", row[i].line, err, row[i].err);
		if (row[i].errmsg)
			assert_string_equal(errmsg ? errmsg : "", row[i].errmsg);
		else
			assert_null(errmsg);
	}
	world_destroy(w);
}

/* The kernel's list after the same commands, line for line. */
static void test_list(void **state)
{
	static const char *const lines[] = {
		"route add 10.0.0.0/8 via 10.77.0.1",
		"route add 10.0.0.0/24 via 10.77.0.1",
		"route add 10.0.0.0/16 via 10.77.0.1",
		"route add default via 10.77.0.1",
		"route add 10.0.0.0/16 via 10.77.0.1 metric 5",
		"route add 10.0.0.0/16 tos 0x04 via 10.77.0.1 metric 7",
		"route add 10.0.0.0/16 tos 0x08 via 10.77.0.1 metric 7",
		"route add 10.0.0.0/16 tos 0x08 via 10.77.0.1 metric 3",
		"route add 1.2.3.0/24 dev d0 table 1000",
		"route add 1.2.3.0/24 dev d0 table 10",
		"route add 1.2.3.0/24 dev d0 table 510",
		"route add 1.2.3.0/24 dev d0 table 100",
		"route add 1.2.3.0/24 dev d0 table 266",
		"route add 1.2.3.0/24 dev d0 table 1034",
		"addr add 10.78.0.3/24 dev d1",
		"route add 10.10.0.0/16 nexthop via 10.77.0.1 weight 2 nexthop via 10.78.0.1",
		"route add prohibit 10.8.0.0/16 metric 5",
		"route add 10.12.1.0/24 via 10.77.0.1 mtu lock 1400",
		"route add 10.12.3.0/24 via 10.77.0.1 mtu 70000",
		"route add 10.12.4.0/24 via 10.77.0.1 advmss 70000",
		NULL
	};
	static const char want[] =
		"1.2.3.0/24 dev d0 table 1034 scope link\n"
		"1.2.3.0/24 dev d0 table 266 scope link\n"
		"1.2.3.0/24 dev d0 table 10 scope link\n"
		"1.2.3.0/24 dev d0 table 100 scope link\n"
		"1.2.3.0/24 dev d0 table 1000 scope link\n"
		"1.2.3.0/24 dev d0 table 510 scope link\n"
		"default via 10.77.0.1 dev d0\n"
		"10.0.0.0/24 via 10.77.0.1 dev d0\n"
		"10.0.0.0/16 tos 0x08 via 10.77.0.1 dev d0 metric 3\n"
		"10.0.0.0/16 tos 0x08 via 10.77.0.1 dev d0 metric 7\n"
		"10.0.0.0/16 tos 0x04 via 10.77.0.1 dev d0 metric 7\n"
		"10.0.0.0/16 via 10.77.0.1 dev d0\n"
		"10.0.0.0/16 via 10.77.0.1 dev d0 metric 5\n"
		"10.0.0.0/8 via 10.77.0.1 dev d0\n"
		"prohibit 10.8.0.0/16 metric 5\n"
		"10.10.0.0/16 nexthop via 10.77.0.1 dev d0 weight 2 nexthop via 10.78.0.1 dev d1 weight 1\n"
		"10.12.1.0/24 via 10.77.0.1 dev d0 mtu lock 1400\n"
		"10.12.3.0/24 via 10.77.0.1 dev d0 mtu 65520\n"
		"10.12.4.0/24 via 10.77.0.1 dev d0 advmss 65495\n"
		"10.77.0.0/24 dev d0 proto kernel scope link src 10.77.0.2\n"
		"10.78.0.0/24 dev d1 proto kernel scope link src 10.78.0.2\n"
		"local 10.77.0.2 dev d0 table local proto kernel scope host src 10.77.0.2\n"
		"broadcast 10.77.0.255 dev d0 table local proto kernel scope link src 10.77.0.2\n"
		"local 10.78.0.2 dev d1 table local proto kernel scope host src 10.78.0.2\n"
		"local 10.78.0.3 dev d1 table local proto kernel scope host src 10.78.0.2\n"
		"broadcast 10.78.0.255 dev d1 table local proto kernel scope link src 10.78.0.2\n"
		"local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1\n"
		"local 127.0.0.1 dev lo table local proto kernel scope host src 127.0.0.1\n"
		"broadcast 127.255.255.255 dev lo table local proto kernel scope link src 127.0.0.1\n";
	struct world *w = world_create(2);

	(void)state;
	must_all(w, two_links);
	must_all(w, lines);
	assert_string_equal(shell_routes(w, text, sizeof(text)), want);
	world_destroy(w);
}

static void test_rules(void **state)
{
	static const char *const lines[] = {
		"rule add from 10.0.0.0/8 lookup 100",
		"rule add to 10.0.0.0/8 lookup 100",
		"rule add pref 5 fwmark 0x10/0xff iif d0 lookup 7",
		"rule add pref 6 oif d9 unreachable",
		"rule add pref 8 not from 1.2.3.4 blackhole",
		"rule add pref 9 goto 20",
		"rule add pref 12 ipproto udp sport 100-200 dport 53 lookup main suppress_prefixlength 0",
		NULL
	};
	static const char want[] =
		"0: from all lookup local\n"
		"5: from all fwmark 0x10/0xff iif d0 lookup 7\n"
		"6: from all oif d9 [detached] unreachable\n"
		"8: not from 1.2.3.4 blackhole\n"
		"9: from all goto 20 [unresolved]\n"
		"12: from all ipproto udp sport 100-200 dport 53 lookup main suppress_prefixlength 0\n"
		"32764: from all to 10.0.0.0/8 lookup 100\n"
		"32765: from 10.0.0.0/8 lookup 100\n"
		"32766: from all lookup main\n"
		"32767: from all lookup default\n";
	struct world *w = world_create(1);

	(void)state;
	must_all(w, lines);
	assert_string_equal(shell_rules(w, text, sizeof(text)), want);
	world_destroy(w);
}

/* What a packet meets, by its mark, source, ports: rows are (flow, error or table that answered) */
static void test_rules_choose(void **state)
{
	static const char *const lines[] = { "route add default dev d0 table 100",
					     "route add default dev d1 table 200",
					     "route add 10.5.0.0/16 dev d1",
					     "rule add pref 10 fwmark 0x1/0xf lookup 100",
					     "rule add pref 20 from 10.77.0.2 to 10.6.0.0/16 lookup 200",
					     "rule add pref 30 ipproto udp dport 53 prohibit",
					     "rule add pref 40 to 10.7.0.0/16 goto 60",
					     "rule add pref 50 to 10.7.0.0/16 unreachable",
					     "rule add pref 60 to 10.7.0.0/16 lookup 200",
					     "rule add pref 70 to 10.8.0.0/16 blackhole",
					     "rule add pref 80 iif d1 lookup 100 suppress_prefixlength 0",
					     "rule add pref 90 not to 10.0.0.0/8 lookup 100",
					     NULL };
	static const struct {
		const char *what;
		struct flowi4 fl4;
		int err;
		u32 table;
	} row[] = {
		{ "mark under the mask", { .mark = 0x31, .daddr = CONST_BE32(0x0a050001) }, 0, 100 },
		{ "another mark", { .mark = 0x32, .daddr = CONST_BE32(0x0a050001) }, 0, 254 },
		{ "source and destination",
		  { .saddr = CONST_BE32(0x0a4d0002), .daddr = CONST_BE32(0x0a060001) },
		  0,
		  200 },
		{ "only the destination", { .daddr = CONST_BE32(0x0a060001) }, -ENETUNREACH, 0 },
		{ "port of a protocol",
		  { .proto = 17, .dport = CONST_BE16(53), .daddr = CONST_BE32(0x0a050001) },
		  -EACCES,
		  0 },
		{ "same port, other protocol",
		  { .proto = 6, .dport = CONST_BE16(53), .daddr = CONST_BE32(0x0a050001) },
		  0,
		  254 },
		{ "goto jumps over", { .daddr = CONST_BE32(0x0a070001) }, 0, 200 },
		{ "blackhole", { .daddr = CONST_BE32(0x0a080001) }, -EINVAL, 0 },
		{ "default routes suppressed", { .iif = 4, .daddr = CONST_BE32(0x0a050001) }, 0, 254 },
		{ "inverted", { .daddr = CONST_BE32(0x08080808) }, 0, 100 },
		{ "local is first", { .daddr = CONST_BE32(0x0a4d0002), .mark = 1 }, 0, 255 },
	};
	struct world *w = world_create(2);
	struct fib_result res;

	(void)state;
	must_all(w, two_links);
	must_all(w, lines);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct flowi4 fl4 = row[i].fl4;
		int err;

		if (fl4.iif == 4)
			fl4.iif = w->d[1]->ifindex;
		err = fib_lookup(&w->net, &fl4, &res);
		if (err != row[i].err || (!err && res.table_id != row[i].table))
			fail_msg("%s: %d, table %u", row[i].what, err, err ? 0 : res.table_id);
	}
	world_destroy(w);
}

struct stop_after {
	struct shown s;
	u32 left;
};

static int stop_after_some(void *ctx, const struct fib_route_view *r)
{
	struct stop_after *a = ctx;

	if (!a->left)
		return 1;
	a->left--;
	return show_route(&a->s, r);
}

/* A dump in pieces of any size is the dump in one. */
static void test_dump_resumes(void **state)
{
	static const char *const lines[] = { "route add 10.0.0.0/16 tos 0x08 dev d0",
					     "route add 10.0.0.0/16 dev d0",
					     "route append 10.0.0.0/16 dev d1",
					     "route append 10.0.0.0/16 dev d1 metric 4",
					     "route add 10.0.0.0/24 dev d0",
					     "route add default dev d0",
					     "route add 255.0.0.0/8 dev d0",
					     "route add 255.255.255.254/31 dev d0 table 9",
					     NULL };
	struct world *w = world_create(2);

	(void)state;
	must_all(w, two_links);
	must_all(w, lines);
	shell_routes(w, text, sizeof(text));
	for (u32 piece = 1; piece < 7; piece++) {
		struct fib_dump_cursor cursor = { 0 };
		struct stop_after a = { .s = { .text = text2, .size_bytes = sizeof(text2), .w = w } };

		text2[0] = 0;
		do
			a.left = piece;
		while (fib_route_dump(&w->net, &cursor, 0, stop_after_some, &a));
		assert_string_equal(text2, text);
	}
	world_destroy(w);
}

/* A device that goes takes its routes with it at once, also more than one step can free. */
static void test_device_goes(void **state)
{
	struct world *w = world_create(2);
	struct fib_result res;
	struct flowi4 fl4 = { .daddr = ip4("20.0.9.1") };
	char line[64];

	(void)state;
	must_all(w, two_links);
	for (u32 i = 0; i < 3000; i++) {
		snprintf(line, sizeof(line), "route add 20.%u.%u.0/24 via 10.77.0.1", i >> 8, i & 255);
		assert_int_equal(shell(w, line, NULL), 0);
	}
	assert_int_equal(shell(w, "route add 20.0.0.0/8 via 10.78.0.1", NULL), 0);
	assert_int_equal(fib_lookup(&w->net, &fl4, &res), 0);
	assert_int_equal(res.prefixlen, 24);
	dev_close(w->d[0]);
	assert_int_equal(fib_lookup(&w->net, &fl4, &res), 0);
	assert_int_equal(res.prefixlen, 8);
	assert_null(strstr(shell_routes(w, text, sizeof(text)), "via 10.77.0.1"));
	assert_true(w->ipv4.fib->main->route_count > 2000); /* not freed yet */
	dev_open(w->d[0]);
	/* what is absent does not stand in the way of what comes */
	assert_int_equal(shell(w, "route add 20.11.5.0/24 via 10.77.0.9", NULL), 0);
	for (u32 i = 0; i < 20; i++)
		world_tick(w, NSEC_PER_MSEC);
	assert_int_equal(w->ipv4.fib->main->route_count, 4); /* two connected ones, 20/8, the new one */
	world_destroy(w);
}

static void test_multipath_shares(void **state)
{
	struct world *w = world_create(2);
	u32 chosen[2] = { 0 };

	(void)state;
	must_all(w, two_links);
	assert_int_equal(
		shell(w, "route add default nexthop via 10.77.0.1 weight 3 nexthop via 10.78.0.1 weight 1", NULL), 0);
	for (u32 i = 0; i < 8000; i++) {
		struct flowi4 fl4 = { .daddr = cpu_to_be32(0x08000000 + i), .saddr = ip4("10.77.0.2") };
		struct fib_result res;

		assert_int_equal(fib_lookup(&w->net, &fl4, &res), 0);
		fib_select_path(&w->net, &res, &fl4, NULL);
		chosen[res.nh_sel]++;
	}
	assert_in_range(chosen[0], 5700, 6300); /* 3 of 4, of 8000 */
	/* one hop down: all take the other */
	dev_close(w->d[0]);
	assert_int_equal(shell(w, "route add default nexthop via 10.77.0.1 dev d0", NULL), -ENETUNREACH);
	for (u32 i = 0; i < 100; i++) {
		struct flowi4 fl4 = { .daddr = cpu_to_be32(0x08000000 + i) };
		struct fib_result res;

		assert_int_equal(fib_lookup(&w->net, &fl4, &res), 0);
		fib_select_path(&w->net, &res, &fl4, NULL);
		assert_int_equal(res.nh_sel, 1);
	}
	world_destroy(w);
}

/* Every allocation of every request failed: an error, and the tables as before. */
static void test_without_memory(void **state)
{
	static const char *const lines[] = { "route add 10.1.0.0/16 via 10.77.0.1",
					     "route add 10.1.2.0/24 dev d1",
					     "route append 10.1.0.0/16 dev d1",
					     "route add 10.1.0.0/16 tos 0x08 dev d0",
					     "route prepend 10.1.0.0/16 dev d0",
					     "route replace 10.1.0.0/16 dev d0 src 10.78.0.2",
					     "route add 10.9.0.0/16 dev d0 table 77",
					     "route add 10.3.0.0/24 tos 0x04 dev d0",
					     "rule add pref 7 lookup 77",
					     "addr add 10.5.0.1/24 dev d0",
					     "addr add 10.5.0.2/24 dev d0",
					     "addr add 10.5.0.3/24 dev d0",
					     "addr change 10.5.0.1/24 dev d0 metric 9",
					     "sysctl net.ipv4.conf.d0.promote_secondaries 1",
					     "addr del 10.5.0.1/24 dev d0",
					     "route add 10.10.0.0/16 nexthop via 10.77.0.1 nexthop via 10.78.0.1",
					     NULL };
	struct world *w = world_create(2);
	char rules[4096], rules2[4096], addrs[4096], addrs2[4096];

	(void)state;
	must_all(w, two_links);
	for (u32 i = 0; lines[i]; i++) {
		int err = -ENOMEM;

		for (u32 n = 1; err; n++) {
			shell_routes(w, text, sizeof(text));
			shell_rules(w, rules, sizeof(rules));
			shell_addrs(w, addrs, sizeof(addrs));
			w->calls = 0;
			w->fail_at = n;
			err = shell(w, lines[i], NULL);
			w->fail_at = 0;
			if (err && err != -ENOBUFS && err != -ENOMEM)
				fail_msg("%s with allocation %u failed: %d", lines[i], n, err);
			if (err) {
				assert_string_equal(shell_routes(w, text2, sizeof(text2)), text);
				assert_string_equal(shell_rules(w, rules2, sizeof(rules2)), rules);
				assert_string_equal(shell_addrs(w, addrs2, sizeof(addrs2)), addrs);
			}
			rcu_quiescent(&w->net.rcu);
			assert_true(n < 50);
		}
	}
	/* to delete needs no memory */
	for (u32 i = 0; i < 3; i++) {
		static const char *const gone[] = { "route del 10.1.2.0/24", "route del 10.1.0.0/16",
						    "route del 10.10.0.0/16" };

		w->calls = 0;
		w->fail_at = 1;
		assert_int_equal(shell(w, gone[i], NULL), 0);
	}
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_to_requests),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_rules_choose),
		cmocka_unit_test(test_dump_resumes),
		cmocka_unit_test(test_device_goes),
		cmocka_unit_test(test_multipath_shares),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
