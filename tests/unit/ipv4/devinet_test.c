// SPDX-License-Identifier: BSD-2-Clause
/* Addresses of devices and the routes that they call for, as a kernel namespace shows them after the same commands. */
#include "fib_shell.h"

#include "ipv4/inetdevice.h"

static char text[1 << 18];

static void must(struct world *w, const char *line)
{
	const char *errmsg;
	int err = shell(w, line, &errmsg);

	if (err)
		fail_msg("%s: %d %s", line, err, errmsg ? errmsg : "");
}

static void test_up_and_down(void **state)
{
	struct world *w = world_create(1);
	static const char local_only[] =
		"local 10.77.0.2 dev d0 table local proto kernel scope host src 10.77.0.2\n"
		"local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1\n"
		"local 127.0.0.1 dev lo table local proto kernel scope host src 127.0.0.1\n"
		"broadcast 127.255.255.255 dev lo table local proto kernel scope link src 127.0.0.1\n";
	static const char all[] =
		"10.77.0.0/24 dev d0 proto kernel scope link src 10.77.0.2\n"
		"local 10.77.0.2 dev d0 table local proto kernel scope host src 10.77.0.2\n"
		"broadcast 10.77.0.255 dev d0 table local proto kernel scope link src 10.77.0.2\n"
		"local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1\n"
		"local 127.0.0.1 dev lo table local proto kernel scope host src 127.0.0.1\n"
		"broadcast 127.255.255.255 dev lo table local proto kernel scope link src 127.0.0.1\n";

	(void)state;
	assert_string_equal(shell_routes(w, text, sizeof(text)), "");
	must(w, "link lo up");
	must(w, "addr add 10.77.0.2/24 dev d0");
	assert_string_equal(shell_routes(w, text, sizeof(text)), local_only);
	must(w, "link d0 up");
	assert_string_equal(shell_routes(w, text, sizeof(text)), all);
	must(w, "link d0 down");
	assert_string_equal(shell_routes(w, text, sizeof(text)), local_only);
	must(w, "link lo down"); /* its addresses stay ours */
	must(w, "link d0 up");
	must(w, "link lo up");
	assert_string_equal(shell_routes(w, text, sizeof(text)), all);
	must(w, "link d0 delete");
	w->d[0] = NULL;
	assert_null(strstr(shell_routes(w, text, sizeof(text)), "d0"));
	world_destroy(w);
}

static void test_what_addresses_call_for(void **state)
{
	static const struct {
		const char *what, *line, *routes;
	} row[] = {
		{ "a host alone", "addr add 10.77.0.9/32 dev d0",
		  "local 10.77.0.9 dev d0 table local proto kernel scope host src 10.77.0.9\n" },
		{ "two ends, no broadcast", "addr add 10.77.1.1/31 dev d0",
		  "10.77.1.0/31 dev d0 proto kernel scope link src 10.77.1.1\n"
		  "local 10.77.1.1 dev d0 table local proto kernel scope host src 10.77.1.1\n" },
		{ "a peer", "addr add 10.50.0.1/32 peer 10.50.0.2/32 dev d0",
		  "10.50.0.2 dev d0 proto kernel scope link src 10.50.0.1\n"
		  "local 10.50.0.1 dev d0 table local proto kernel scope host src 10.50.0.1\n" },
		{ "a peer in a subnet", "addr add 10.50.1.1/32 peer 10.50.1.2/24 dev d0",
		  "10.50.1.0/24 dev d0 proto kernel scope link src 10.50.1.1\n"
		  "local 10.50.1.1 dev d0 table local proto kernel scope host src 10.50.1.1\n"
		  "broadcast 10.50.1.255 dev d0 table local proto kernel scope link src 10.50.1.1\n" },
		{ "a broadcast of old", "addr add 10.61.0.1/24 brd 10.61.0.0 dev d0",
		  "10.61.0.0/24 dev d0 proto kernel scope link src 10.61.0.1\n"
		  "broadcast 10.61.0.0 dev d0 table local proto kernel scope link src 10.61.0.1\n"
		  "local 10.61.0.1 dev d0 table local proto kernel scope host src 10.61.0.1\n"
		  "broadcast 10.61.0.255 dev d0 table local proto kernel scope link src 10.61.0.1\n" },
		{ "noprefixroute", "addr add 10.62.0.1/24 dev d0 noprefixroute",
		  "local 10.62.0.1 dev d0 table local proto kernel scope host src 10.62.0.1\n"
		  "broadcast 10.62.0.255 dev d0 table local proto kernel scope link src 10.62.0.1\n" },
		{ "a metric", "addr add 10.63.0.1/24 dev d0 metric 77",
		  "10.63.0.0/24 dev d0 proto kernel scope link src 10.63.0.1 metric 77\n"
		  "local 10.63.0.1 dev d0 table local proto kernel scope host src 10.63.0.1\n"
		  "broadcast 10.63.0.255 dev d0 table local proto kernel scope link src 10.63.0.1\n" },
		{ "no prefix", "addr add 10.65.0.1/0 dev d0",
		  "local 10.65.0.1 dev d0 table local proto kernel scope host src 10.65.0.1\n" },
		{ "nothing", "addr add 0.0.0.0/0 dev d0", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct world *w = world_create(1);

		must(w, "link d0 up");
		must(w, row[i].line);
		if (strcmp(shell_routes(w, text, sizeof(text)), row[i].routes) != 0)
			fail_msg("%s:\n%s", row[i].what, text);
		world_destroy(w);
	}
}

static void test_secondaries(void **state)
{
	struct world *w = world_create(1);

	(void)state;
	must(w, "link d0 up");
	must(w, "addr add 10.77.0.2/24 dev d0");
	must(w, "addr add 10.77.0.3/24 dev d0");
	must(w, "addr add 10.77.0.4/24 dev d0");
	must(w, "addr add 10.60.0.1/24 dev d0 scope link");
	assert_string_equal(shell_addrs(w, text, sizeof(text)),
			    "d0 10.60.0.1/24\nd0 10.77.0.2/24\nd0 10.77.0.3/24 secondary\nd0 10.77.0.4/24 secondary\n");
	must(w, "route add 10.99.0.0/16 via 10.77.0.1");
	must(w, "route add 10.98.0.0/16 via 10.77.0.1 src 10.77.0.3");
	must(w, "route add 10.97.0.0/16 via 10.77.0.1 src 10.77.0.2");
	must(w, "addr del 10.60.0.1/24 dev d0");
	must(w, "sysctl net.ipv4.conf.d0.promote_secondaries 1");
	must(w, "addr del 10.77.0.2/24 dev d0");
	assert_string_equal(shell_addrs(w, text, sizeof(text)), "d0 10.77.0.3/24\nd0 10.77.0.4/24 secondary\n");
	assert_string_equal(shell_routes(w, text, sizeof(text)),
			    "10.77.0.0/24 dev d0 proto kernel scope link src 10.77.0.3\n"
			    "10.98.0.0/16 via 10.77.0.1 dev d0 src 10.77.0.3\n"
			    "10.99.0.0/16 via 10.77.0.1 dev d0\n"
			    "local 10.77.0.3 dev d0 table local proto kernel scope host src 10.77.0.3\n"
			    "local 10.77.0.4 dev d0 table local proto kernel scope host src 10.77.0.3\n"
			    "broadcast 10.77.0.255 dev d0 table local proto kernel scope link src 10.77.0.3\n");
	must(w, "sysctl net.ipv4.conf.d0.promote_secondaries 0");
	must(w, "addr del 10.77.0.3/24 dev d0"); /* takes the secondary, and all routes, with it */
	assert_string_equal(shell_addrs(w, text, sizeof(text)), "");
	assert_string_equal(shell_routes(w, text, sizeof(text)), "");
	world_destroy(w);
}

static int count_event(struct notifier_block *nb, unsigned long event, void *data);
struct counted {
	struct notifier_block nb;
	u32 up, down, deprecated;
};
static int count_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct counted *c = container_of(nb, struct counted, nb);
	const struct in_ifaddr *ifa = data;

	c->up += event == NETDEV_UP;
	c->down += event == NETDEV_DOWN;
	c->deprecated += event == NETDEV_UP && (ifa->ifa_flags & IFA_F_DEPRECATED);
	return 0;
}

static void test_lifetimes(void **state)
{
	struct world *w = world_create(1);
	struct counted c = { .nb.call = count_event };
	struct in_ifaddr *ifa;

	(void)state;
	notifier_chain_register(&w->ipv4.inetaddr_chain, &c.nb);
	must(w, "link d0 up");
	must(w, "addr add 10.65.0.1/24 dev d0 valid_lft 100 preferred_lft 50");
	ifa = inet_lookup_ifaddr(&w->net, ip4("10.65.0.1"));
	assert_non_null(ifa);
	assert_false(ifa->ifa_flags & (IFA_F_PERMANENT | IFA_F_DEPRECATED));
	world_tick(w, 50 * NSEC_PER_SEC - 1);
	assert_int_equal(c.deprecated, 0);
	world_tick(w, 1);
	assert_int_equal(c.deprecated, 1);
	assert_true(ifa->ifa_flags & IFA_F_DEPRECATED);
	/* renewed in time */
	must(w, "addr change 10.65.0.1/24 dev d0 valid_lft 60 preferred_lft 60");
	assert_false(ifa->ifa_flags & IFA_F_DEPRECATED);
	world_tick(w, 59 * NSEC_PER_SEC);
	assert_non_null(inet_lookup_ifaddr(&w->net, ip4("10.65.0.1")));
	world_tick(w, NSEC_PER_SEC);
	assert_null(inet_lookup_ifaddr(&w->net, ip4("10.65.0.1")));
	assert_int_equal(c.down, 1);
	assert_string_equal(shell_routes(w, text, sizeof(text)), "");
	assert_int_equal(shell(w, "addr add 10.65.0.1/24 dev d0 valid_lft 100 preferred_lft 50", NULL), 0);
	ifa = inet_lookup_ifaddr(&w->net, ip4("10.65.0.1"));
	must(w, "addr change 10.65.0.1/24 dev d0");
	assert_true(ifa->ifa_flags & IFA_F_PERMANENT);
	assert_int_equal(shell(w, "addr change 10.65.0.1/24 dev d0 valid_lft 10 preferred_lft 20", NULL), -EINVAL);
	world_tick(w, 1000 * NSEC_PER_SEC);
	assert_non_null(inet_lookup_ifaddr(&w->net, ip4("10.65.0.1")));
	notifier_chain_unregister(&w->ipv4.inetaddr_chain, &c.nb);
	world_destroy(w);
}

static void test_sources(void **state)
{
	static const struct {
		const char *what;
		u32 dev;
		const char *dst;
		int scope;
		const char *want;
	} row[] = {
		{ "the subnet's", 0, "10.78.0.9", RT_SCOPE_UNIVERSE, "10.78.0.2" },
		{ "the first when none fits", 0, "8.8.8.8", RT_SCOPE_UNIVERSE, "10.77.0.2" },
		{ "a peer's", 0, "10.50.0.2", RT_SCOPE_UNIVERSE, "10.50.0.1" },
		{ "not the link's own for the world", 1, "10.79.0.9", RT_SCOPE_UNIVERSE, "10.77.0.2" },
		{ "the link's own on the link", 1, "10.79.0.9", RT_SCOPE_LINK, "10.79.0.2" },
		{ "borrowed by who has none", 2, "8.8.8.8", RT_SCOPE_UNIVERSE, "10.77.0.2" },
	};
	struct world *w = world_create(3);

	(void)state;
	must(w, "link lo up");
	must(w, "addr add 10.77.0.2/24 dev d0");
	must(w, "addr add 10.77.0.3/24 dev d0");
	must(w, "addr add 10.78.0.2/24 dev d0");
	must(w, "addr add 10.50.0.1/32 peer 10.50.0.2/32 dev d0");
	must(w, "addr add 10.79.0.2/24 dev d1 scope link");
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		char got[INET_ADDRSTRLEN];

		ip4_text(inet_select_addr(w->d[row[i].dev], ip4(row[i].dst), row[i].scope), got);
		if (strcmp(got, row[i].want) != 0)
			fail_msg("%s: %s", row[i].what, got);
	}
	assert_true(inet_confirm_addr(&w->net, in_dev_get_rcu(w->d[0]), ip4("10.78.0.9"), ip4("10.78.0.2"),
				      RT_SCOPE_LINK) == ip4("10.78.0.2"));
	assert_true(inet_confirm_addr(&w->net, in_dev_get_rcu(w->d[0]), ip4("10.78.0.9"), cpu_to_be32(0),
				      RT_SCOPE_LINK) == ip4("10.78.0.2"));
	assert_true(inet_confirm_addr(&w->net, in_dev_get_rcu(w->d[1]), ip4("10.78.0.9"), ip4("10.78.0.2"),
				      RT_SCOPE_LINK) == cpu_to_be32(0));
	assert_true(inet_confirm_addr(&w->net, NULL, cpu_to_be32(0), ip4("10.79.0.2"), RT_SCOPE_LINK) ==
		    ip4("10.79.0.2"));
	assert_true(inet_addr_onlink(in_dev_get_rcu(w->d[0]), ip4("10.77.0.9"), ip4("10.77.0.8")));
	assert_false(inet_addr_onlink(in_dev_get_rcu(w->d[0]), ip4("10.77.0.9"), ip4("10.78.0.8")));
	assert_int_equal(inet_addr_type(&w->net, ip4("10.77.0.3")), RTN_LOCAL);
	assert_int_equal(inet_addr_type(&w->net, ip4("127.3.4.5")), RTN_LOCAL);
	assert_int_equal(inet_addr_type(&w->net, ip4("224.0.0.1")), RTN_MULTICAST);
	assert_int_equal(inet_addr_type(&w->net, ip4("255.255.255.255")), RTN_BROADCAST);
	assert_int_equal(inet_addr_type(&w->net, ip4("10.77.0.9")), RTN_UNICAST);
	assert_int_equal(inet_dev_addr_type(&w->net, w->d[1], ip4("10.77.0.3")), RTN_UNICAST);
	world_destroy(w);
}

static int sysctl_int(struct world *w, const char *key)
{
	char buf[32];

	assert_true(sysctl_get(&w->net.sysctl, key, buf, sizeof(buf)) > 0);
	return atoi(buf);
}

static void test_conf(void **state)
{
	struct world *w = world_create(2);

	(void)state;
	assert_int_equal(sysctl_int(w, "net.ipv4.conf.d0.accept_source_route"), 1);
	assert_int_equal(sysctl_int(w, "net.ipv4.conf.all.accept_source_route"), 0);
	assert_int_equal(sysctl_int(w, "net.ipv4.conf.d0.arp_evict_nocarrier"), 1);
	/* who was set by hand does not follow "default" */
	must(w, "sysctl net.ipv4.conf.d0.rp_filter 2");
	must(w, "sysctl net.ipv4.conf.default.rp_filter 1");
	assert_int_equal(sysctl_int(w, "net.ipv4.conf.d0.rp_filter"), 2);
	assert_int_equal(sysctl_int(w, "net.ipv4.conf.d1.rp_filter"), 1);
	w->d[2] = world_dev(w, "d2");
	assert_int_equal(sysctl_int(w, "net.ipv4.conf.d2.rp_filter"), 1);
	must(w, "sysctl net.ipv4.conf.all.forwarding 1");
	assert_int_equal(w->ipv4.ip_forward, 1);
	assert_int_equal(sysctl_int(w, "net.ipv4.conf.d1.forwarding"), 1);
	assert_int_equal(sysctl_int(w, "net.ipv4.conf.default.forwarding"), 1);
	must(w, "sysctl net.ipv4.conf.d1.forwarding 0");
	assert_int_equal(sysctl_int(w, "net.ipv4.conf.d0.forwarding"), 1);
	assert_int_equal(dev_change_name(w->d[1], "e1"), 0);
	assert_int_equal(sysctl_int(w, "net.ipv4.conf.e1.forwarding"), 0);
	assert_int_equal(shell(w, "sysctl net.ipv4.conf.d1.forwarding 1", NULL), -ENOENT);
	world_destroy(w);
}

/* An MTU that IPv4 cannot live with takes it away, and gives it back. */
static void test_small_mtu(void **state)
{
	struct world *w = world_create(1);

	(void)state;
	w->d[0]->min_mtu = 0;
	must(w, "link d0 up");
	must(w, "addr add 10.77.0.2/24 dev d0");
	must(w, "link d0 mtu 60");
	assert_null(in_dev_get_rcu(w->d[0]));
	assert_string_equal(shell_routes(w, text, sizeof(text)), "");
	must(w, "link d0 mtu 1500");
	assert_non_null(in_dev_get_rcu(w->d[0]));
	must(w, "addr add 10.77.0.2/24 dev d0");
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up_and_down), cmocka_unit_test(test_what_addresses_call_for),
		cmocka_unit_test(test_secondaries), cmocka_unit_test(test_lifetimes),
		cmocka_unit_test(test_sources),     cmocka_unit_test(test_conf),
		cmocka_unit_test(test_small_mtu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
