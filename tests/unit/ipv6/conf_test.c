// SPDX-License-Identifier: BSD-2-Clause
/* net.ipv6.conf: what a new namespace of the kernel has, what it takes, and what reaches what. */
#include "nd_world.h"

#include <errno.h>

static const char *get(struct world *w, const char *dev, const char *name)
{
	static char value[64];
	char key[128];
	int err;

	snprintf(key, sizeof(key), "net.ipv6.conf.%s.%s", dev, name);
	err = nethood_sysctl_get(w->public_net, key, value, sizeof(value));
	if (err < 0)
		snprintf(value, sizeof(value), "%d", err);
	return value;
}

static int set(struct world *w, const char *dev, const char *name, const char *value)
{
	char key[128];

	snprintf(key, sizeof(key), "net.ipv6.conf.%s.%s", dev, name);
	return nethood_sysctl_set(w->public_net, key, value);
}

/* name, all, default, a device, lo; then values it refuses */
static const struct {
	const char *name, *value[4], *refused[4];
} conf[] = {
	{ "accept_dad", { "0", "1", "1", "-1" }, { 0 } },
	{ "accept_ra", { "1", "1", "1", "1" }, { 0 } },
	{ "accept_ra_defrtr", { "1", "1", "1", "1" }, { 0 } },
	{ "accept_ra_from_local", { "0", "0", "0", "0" }, { 0 } },
	{ "accept_ra_min_hop_limit", { "1", "1", "1", "1" }, { 0 } },
	{ "accept_ra_min_lft", { "0", "0", "0", "0" }, { 0 } },
	{ "accept_ra_mtu", { "1", "1", "1", "1" }, { 0 } },
	{ "accept_ra_pinfo", { "1", "1", "1", "1" }, { 0 } },
	{ "accept_ra_rt_info_max_plen", { "0", "0", "0", "0" }, { 0 } },
	{ "accept_ra_rt_info_min_plen", { "0", "0", "0", "0" }, { 0 } },
	{ "accept_ra_rtr_pref", { "1", "1", "1", "1" }, { 0 } },
	{ "accept_redirects", { "1", "1", "1", "1" }, { 0 } },
	{ "accept_source_route", { "0", "0", "0", "0" }, { 0 } },
	{ "accept_untracked_na", { "0", "0", "0", "0" }, { "-1", "3" } },
	{ "addr_gen_mode", { "0", "0", "0", "0" }, { "-1", "4", "2" } },
	{ "autoconf", { "1", "1", "1", "1" }, { 0 } },
	{ "dad_transmits", { "1", "1", "1", "1" }, { 0 } },
	{ "disable_ipv6", { "0", "0", "0", "0" }, { "x" } },
	{ "disable_policy", { "0", "0", "0", "0" }, { 0 } },
	{ "drop_unicast_in_l2_multicast", { "0", "0", "0", "0" }, { 0 } },
	{ "drop_unsolicited_na", { "0", "0", "0", "0" }, { 0 } },
	{ "enhanced_dad", { "1", "1", "1", "1" }, { 0 } },
	{ "force_forwarding", { "0", "0", "0", "0" }, { "-1", "2" } },
	{ "force_mld_version", { "0", "0", "0", "0" }, { 0 } },
	{ "force_tllao", { "0", "0", "0", "0" }, { 0 } },
	{ "forwarding", { "0", "0", "0", "0" }, { "x" } },
	{ "hop_limit", { "64", "64", "64", "64" }, { "0", "-1", "256" } },
	{ "ignore_routes_with_linkdown", { "0", "0", "0", "0" }, { 0 } },
	{ "ioam6_enabled", { "0", "0", "0", "0" }, { "2" } },
	{ "ioam6_id", { "65535", "65535", "65535", "65535" }, { "-1", "65536" } },
	{ "ioam6_id_wide", { "4294967295", "4294967295", "4294967295", "4294967295" }, { "-1" } },
	{ "keep_addr_on_down", { "0", "0", "0", "0" }, { 0 } },
	{ "max_addresses", { "16", "16", "16", "16" }, { 0 } },
	{ "max_desync_factor", { "600", "600", "600", "600" }, { 0 } },
	{ "mc_forwarding", { "0", "0", "0", "0" }, { "0", "1" } },
	{ "mldv1_unsolicited_report_interval", { "10000", "10000", "10000", "10000" }, { "-1" } },
	{ "mldv2_unsolicited_report_interval", { "1000", "1000", "1000", "1000" }, { "-1" } },
	{ "mtu", { "1280", "1280", "1500", "65536" }, { "1279", "1501" } },
	{ "ndisc_evict_nocarrier", { "1", "1", "1", "1" }, { "2", "-1" } },
	{ "ndisc_notify", { "0", "0", "0", "0" }, { 0 } },
	{ "ndisc_tclass", { "0", "0", "0", "0" }, { "256", "-1" } },
	{ "optimistic_dad", { "0", "0", "0", "0" }, { 0 } },
	{ "proxy_ndp", { "0", "0", "0", "0" }, { 0 } },
	{ "ra_defrtr_metric", { "1024", "1024", "1024", "1024" }, { "0", "-1" } },
	{ "ra_honor_pio_life", { "0", "0", "0", "0" }, { "2" } },
	{ "ra_honor_pio_pflag", { "0", "0", "0", "0" }, { "2" } },
	{ "regen_max_retry", { "3", "3", "3", "3" }, { 0 } },
	{ "regen_min_advance", { "2", "2", "2", "2" }, { 0 } },
	{ "router_probe_interval", { "60", "60", "60", "60" }, { "x" } },
	{ "router_solicitation_max_interval", { "3600", "3600", "3600", "3600" }, { 0 } },
	{ "router_solicitation_interval", { "4", "4", "4", "4" }, { 0 } },
	{ "rpl_seg_enabled", { "0", "0", "0", "0" }, { "2" } },
	{ "seg6_enabled", { "0", "0", "0", "0" }, { 0 } },
	{ "seg6_require_hmac", { "0", "0", "0", "0" }, { 0 } },
	{ "suppress_frag_ndisc", { "1", "1", "1", "1" }, { 0 } },
	{ "temp_prefered_lft", { "86400", "86400", "86400", "86400" }, { 0 } },
	{ "temp_valid_lft", { "604800", "604800", "604800", "604800" }, { 0 } },
	{ "use_oif_addrs_only", { "0", "0", "0", "0" }, { 0 } },
	{ "use_optimistic", { "0", "0", "0", "0" }, { 0 } },
	{ "use_tempaddr", { "0", "0", "0", "-1" }, { 0 } },
};

static void test_defaults(void **state)
{
	static const char *const where[] = { "all", "default", "eth0", "lo" };
	struct world *w = world_create_as(&(struct setup){ .dad = true });

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(conf); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(where); k++) {
			const char *got = get(w, where[k], conf[i].name);

			if (strcmp(got, conf[i].value[k]) != 0)
				fail_msg("%s.%s: %s", where[k], conf[i].name, got);
		}
	}
	world_destroy(w);
}

static void test_refused(void **state)
{
	struct world *w = world_create();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(conf); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(conf[i].refused) && conf[i].refused[k]; k++) {
			if (!set(w, "eth0", conf[i].name, conf[i].refused[k]))
				fail_msg("%s takes %s", conf[i].name, conf[i].refused[k]);
		}
	}
	world_destroy(w);
}

static void test_what_all_reaches(void **state)
{
	static const struct {
		const char *name, *value;
		bool devices, dflt;
	} row[] = {
		{ "forwarding", "1", true, true },        { "disable_ipv6", "1", true, true },
		{ "addr_gen_mode", "1", true, true },     { "ignore_routes_with_linkdown", "1", true, true },
		{ "force_forwarding", "1", true, false }, { "accept_ra", "0", false, false },
		{ "proxy_ndp", "1", false, false },       { "mtu", "1300", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct world *w = world_create();

		assert_int_equal(set(w, "all", row[i].name, row[i].value), 0);
		if (!strcmp(get(w, "eth1", row[i].name), row[i].value) != row[i].devices ||
		    !strcmp(get(w, "default", row[i].name), row[i].value) != row[i].dflt)
			fail_msg("%s", row[i].name);
		world_destroy(w);
	}
}

static void test_stable_secret(void **state)
{
	struct world *w = world_create();

	(void)state;
	assert_string_equal(get(w, "eth0", "stable_secret"), "-5");
	assert_int_equal(set(w, "all", "stable_secret", "::1"), -EIO);
	assert_int_equal(set(w, "eth0", "stable_secret", "zzz"), -EIO);
	assert_int_equal(set(w, "eth0", "stable_secret", "2001:db8::1\n"), 0);
	assert_string_equal(get(w, "eth0", "stable_secret"), "2001:0db8:0000:0000:0000:0000:0000:0001");
	assert_string_equal(get(w, "eth0", "addr_gen_mode"), "2");
	assert_string_equal(get(w, "eth1", "addr_gen_mode"), "0");
	assert_int_equal(set(w, "default", "stable_secret", "::7"), 0);
	assert_string_equal(get(w, "eth1", "addr_gen_mode"), "2");
	world_destroy(w);
}

static void test_off_and_on(void **state)
{
	struct world *w = world_create();
	struct in6_addr a = in6(OURS_LL);

	(void)state;
	assert_int_equal(set(w, "eth0", "disable_ipv6", "1"), 0);
	assert_null(ipv6_get_ifaddr(w->net, &a, w->netdev[0]));
	netif_carrier_off(w->netdev[0]); /* nothing comes back by itself */
	netif_carrier_on(w->netdev[0]);
	assert_null(ipv6_get_ifaddr(w->net, &a, w->netdev[0]));
	assert_int_equal(set(w, "eth0", "disable_ipv6", "0"), 0);
	world_tick(w, 2 * NSEC_PER_SEC);
	assert_true(ipv6_chk_addr(w->net, &a, w->netdev[0]));
	assert_int_equal(set(w, "eth0", "addr_gen_mode", "3"), 0); /* another one, beside it */
	world_tick(w, 2 * NSEC_PER_SEC);
	assert_int_equal(in6_dev_get_rcu(w->netdev[0])->addr_count, 2);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),         cmocka_unit_test(test_refused),
		cmocka_unit_test(test_what_all_reaches), cmocka_unit_test(test_stable_secret),
		cmocka_unit_test(test_off_and_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
