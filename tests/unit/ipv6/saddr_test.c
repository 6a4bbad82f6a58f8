// SPDX-License-Identifier: BSD-2-Clause
/* Which source a packet gets.  @rfc 6724 5, 10.1 */
#include "nd_world.h"

#include <errno.h>

/** struct own - an address of ours; dev 0, 1: eth0, eth1 */
struct own {
	const char *addr;
	u8 dev, plen;
	u32 flags;
};

static void have(struct world *w, const struct own *o)
{
	struct ifa6_config cfg = { .addr = in6(o->addr),
				   .prefix_len = o->plen ? o->plen : 64,
				   .flags = IFA_F_NODAD | o->flags,
				   .valid_lft_s = INFINITY_LIFE_TIME,
				   .prefered_lft_s = o->flags & IFA_F_DEPRECATED ? 0 : INFINITY_LIFE_TIME };

	cfg.flags &= ~(u32)IFA_F_DEPRECATED;
	assert_int_equal(inet6_addr_add(w->netdev[o->dev], &cfg, NULL), 0);
}

static const char *source(struct world *w, const char *dst, int dev, u32 prefs)
{
	static char text[INET6_ADDRSTRLEN];
	struct in6_addr d = in6(dst), s;

	if (ipv6_dev_get_saddr(w->net, dev < 0 ? NULL : w->netdev[dev], &d, prefs, &s))
		return "none";
	return inet_ntop(AF_INET6, &s, text, sizeof(text));
}

static const struct {
	const char *what;
	struct own own[3];
	const char *dst;
	u32 prefs;
	const char *src;
} rules[] = {
	{ "1: the destination is ours",
	  { { .addr = "2001:db8::5" }, { .addr = "2001:db8::6" } },
	  "2001:db8::5",
	  0,
	  "2001:db8::5" },
	{ "2: a scope that reaches", { { .addr = "2001:db8::5" } }, "2001:db8:1::1", 0, "2001:db8::5" },
	{ "2: link-local to link-local", { { .addr = "2001:db8::5" } }, "fe80::1", 0, OURS_LL },
	{ "2: to all nodes", { { .addr = "2001:db8::5" } }, "ff02::1", 0, OURS_LL },
	{ "2: to a group of the site", { { .addr = "2001:db8::5" } }, "ff05::1", 0, "2001:db8::5" },
	{ "3: not deprecated",
	  { { .addr = "2001:db8:1::5", .plen = 64, .flags = IFA_F_DEPRECATED }, { .addr = "2001:db8:9::5" } },
	  "2001:db8:1::1",
	  0,
	  "2001:db8:9::5" },
	{ "4: at home",
	  { { .addr = "2001:db8:1::5" }, { .addr = "2001:db8:9::5", .plen = 64, .flags = IFA_F_HOMEADDRESS } },
	  "2001:db8:1::1",
	  0,
	  "2001:db8:9::5" },
	{ "4: the care-of address is wanted",
	  { { .addr = "2001:db8:1::5" }, { .addr = "2001:db8:9::5", .plen = 64, .flags = IFA_F_HOMEADDRESS } },
	  "2001:db8:1::1",
	  IPV6_PREFER_SRC_COA,
	  "2001:db8:1::5" },
	{ "5: of the outgoing device",
	  { { .addr = "2001:db8:1::5", .dev = 1 }, { .addr = "2001:db8:9::5", .dev = 0 } },
	  "2001:db8:1::1",
	  0,
	  "2001:db8:9::5" },
	{ "6: of one label: 6to4 with 6to4",
	  { { .addr = "2002:c633:6401::5" }, { .addr = "2001:db8::5" } },
	  "2002:c633:6401:1::1",
	  0,
	  "2002:c633:6401::5" },
	{ "6: and native with native",
	  { { .addr = "2002:c633:6401::5" }, { .addr = "2001:db8::5" } },
	  "2001:4860::1",
	  0,
	  "2001:db8::5" },
	{ "6: unique local with its like", { { .addr = "2001:db8::5" } }, "fd99::1", 0, OURS },
	{ "8: the longest prefix in common",
	  { { .addr = "2001:db8:1::5" }, { .addr = "2001:db8:3::5" } },
	  "2001:db8:2::1",
	  0,
	  "2001:db8:3::5" },
	{ "8: not beyond our own prefix",
	  { { .addr = "2001:db8:2::5", .dev = 0, .plen = 32 }, { .addr = "2001:db8:3::5", .dev = 0, .plen = 32 } },
	  "2001:db8:2::1",
	  0,
	  "2001:db8:3::5" },
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		struct world *w = world_create();
		const char *got;

		for (size_t k = 0; k < ARRAY_SIZE(rules[i].own) && rules[i].own[k].addr; k++)
			have(w, &rules[i].own[k]);
		got = source(w, rules[i].dst, 0, rules[i].prefs);
		if (strcmp(got, rules[i].src) != 0)
			fail_msg("%s: %s", rules[i].what, got);
		world_destroy(w);
	}
}

static void test_candidates(void **state)
{
	struct world *w = world_create();
	const struct own other = { .addr = "2001:db8::5", .dev = 1 };

	(void)state;
	have(w, &other);
	assert_string_equal(source(w, "2001:db8:1::1", 0, 0), OURS); /* rule 5 comes before labels */
	assert_int_equal(
		inet6_addr_del(w->netdev[0], &(struct in6_addr){ .s6_addr = { 0xfd, 0x77, [15] = 2 } }, 64, NULL), 0);
	assert_string_equal(source(w, "2001:db8:1::1", 0, 0), "2001:db8::5"); /* any device's */
	world_sysctl(w, "net.ipv6.conf.eth0.use_oif_addrs_only", "1");
	assert_string_equal(source(w, "2001:db8:1::1", 0, 0), OURS_LL); /* its own only */
	world_sysctl(w, "net.ipv6.conf.eth0.disable_ipv6", "1");
	assert_string_equal(source(w, "fe80::1", 0, 0), "none");
	assert_string_equal(source(w, "2001:db8:1::1", -1, 0), "2001:db8::5");
	world_destroy(w);
}

static void test_optimistic(void **state)
{
	static const char *const sysctls[] = { "net.ipv6.conf.default.optimistic_dad", "1", NULL };
	struct world *w = world_create_as(&(struct setup){ .dad = true, .sysctls = sysctls });

	(void)state;
	assert_string_equal(source(w, "fe80::1", 0, 0), OURS_LL); /* all there is */
	world_sysctl(w, "net.ipv6.conf.eth0.use_optimistic", "1");
	assert_string_equal(source(w, "fe80::1", 0, 0), OURS_LL);
	world_destroy(w);
	w = world_create_as(&(struct setup){ .dad = true });
	assert_string_equal(source(w, "fe80::1", 0, 0), "none"); /* tentative ones are nobody's */
	world_destroy(w);
}

/* ------------------------------------------------------------------ labels */

static u32 label(struct world *w, const char *addr)
{
	struct in6_addr a = in6(addr);

	return ipv6_addr_label(w->net, &a, ipv6_addr_type(&a), 0);
}

static void test_labels(void **state)
{
	static const struct {
		const char *addr;
		u32 label;
	} row[] = {
		{ "::1", 0 },        { "::1.2.3.4", 3 },   { "::ffff:1.2.3.4", 4 }, { "2001::1", 6 },
		{ "2001:10::1", 7 }, { "3ffe::1", 12 },    { "2002::1", 2 },        { "fec0::1", 11 },
		{ "fd00::1", 5 },    { "2001:db8::1", 1 }, { "fe80::1", 1 },
	};
	struct world *w = world_create();
	struct ip6_addrlabel mine = { .prefix = in6("2001:db8::1"), .prefix_len = 64, .label = 42 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (label(w, row[i].addr) != row[i].label)
			fail_msg("%s: %u", row[i].addr, label(w, row[i].addr));
	}
	assert_int_equal(ipv6_addr_label_add(w->net, &mine, false), 0);
	assert_int_equal(label(w, "2001:db8::77"), 42);
	assert_int_equal(ipv6_addr_label_add(w->net, &mine, false), -EEXIST);
	mine.label = 43;
	assert_int_equal(ipv6_addr_label_add(w->net, &mine, true), 0);
	assert_int_equal(label(w, "2001:db8::77"), 43);
	mine.label = 44;
	mine.ifindex = 2;
	assert_int_equal(ipv6_addr_label_add(w->net, &mine, false), 0);
	assert_int_equal(ipv6_addr_label_find(w->net, &mine.prefix, 2)->label, 44); /* of the device first */
	assert_int_equal(label(w, "2001:db8::77"), 43);
	mine.ifindex = 0;
	assert_int_equal(ipv6_addr_label_del(w->net, &mine), 0);
	assert_int_equal(ipv6_addr_label_del(w->net, &mine), -ESRCH);
	assert_int_equal(label(w, "2001:db8::77"), 1);
	mine.label = IPV6_ADDR_LABEL_DEFAULT;
	assert_int_equal(ipv6_addr_label_add(w->net, &mine, false), -EINVAL);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_candidates),
		cmocka_unit_test(test_optimistic),
		cmocka_unit_test(test_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
