// SPDX-License-Identifier: BSD-2-Clause
/* What a DHCP lease sets on a device, and what the client does without memory for it. */
#include "dhcp_server.h"

#include <errno.h>
#include <linux/if_addr.h>

#include "ipv4/ipv4ll.h"
#include "netfilter/netfilter.h"

/* ------------------------------------------------------------------ what comes with it */

static void classless_routes_take_the_place_of_the_router(void **state)
{
	static const u8 routes[] = { 0,  10, 0,  0,    9,           /* default via 10.0.0.9 */
				     20, 10, 17, 0x1f, 10, 0, 0, 2, /* 10.17.16.0/20, its last bits are no part of it */
				     32, 10, 99, 0,    1,  0, 0, 0, 0 /* 10.99.0.1 on the link */ };
	struct server *s = server_create(NETHOOD_PROFILE_LINUX, 9, 3600);
	struct seen seen;

	(void)state;
	add_option(s, DHCP_CLASSLESS_ROUTES, routes, sizeof(routes));
	begin(s);
	until(s, DHCP_BOUND, 10 * SEC);
	seen = routes_of(s);
	assert_int_equal(seen.count, 3);
	for (u32 i = 0; i < 3; i++) {
		__be32 gw = seen.r[i].gw;

		switch (seen.r[i].len) {
		case 0:
			assert_true(gw == IP4(10, 0, 0, 9));
			break;
		case 20:
			assert_true(gw == IP4(10, 0, 0, 2) && seen.r[i].dst == IP4(10, 17, 16, 0));
			break;
		case 32:
			assert_true(!gw && seen.r[i].dst == IP4(10, 99, 0, 1));
			break;
		default:
			fail();
		}
	}
	assert_int_equal(dhcp_stop(s->lan->dev), 0);
	lan_tick(s->lan, 2 * SEC);
	nothing_is_left(s);
	server_destroy(s);
}

static void a_router_outside_of_the_subnet_is_on_the_link(void **state)
{
	struct server *s = server_create(NETHOOD_PROFILE_LINUX, 9, 3600);

	(void)state;
	s->options_bytes = 0;
	add_u32(s, DHCP_SUBNET_MASK, 0xffffffffU);
	add_u32(s, DHCP_LEASE_TIME, 3600);
	add_u32(s, DHCP_ROUTER, 0x0a000001U);
	begin(s);
	until(s, DHCP_BOUND, 10 * SEC);
	assert_int_equal(routes_of(s).count, 1);
	assert_int_equal(ifa_of(s)->ifa_prefixlen, 32);
	server_destroy(s);
}

static void a_renewal_may_bring_other_routes_and_another_mask(void **state)
{
	struct server *s = bound(NETHOOD_PROFILE_LINUX, 3600);
	struct seen seen;

	(void)state;
	s->options_bytes = 0;
	add_u32(s, DHCP_SUBNET_MASK, 0xffff0000U);
	add_u32(s, DHCP_LEASE_TIME, 3600);
	add_u32(s, DHCP_ROUTER, 0x0a000002U);
	lan_tick(s->lan, 1900 * SEC);
	seen = routes_of(s);
	assert_int_equal(seen.count, 1);
	assert_true(seen.r[0].gw == IP4(10, 0, 0, 2));
	assert_int_equal(ifa_of(s)->ifa_prefixlen, 16);
	assert_null(inet_find_ifa(in_dev_get_rcu(s->lan->dev), OFFERED, 24));
	assert_int_equal(state_of(s), DHCP_BOUND);
	server_destroy(s);
}

static void a_smaller_mtu_is_the_devices_until_the_end(void **state)
{
	static const struct {
		u16 said;
		u32 is;
	} rows[] = { { 1400, 1400 }, { 1500, 1500 }, { 9000, 1500 }, { 576, 576 }, { 575, 1500 }, { 68, 1500 } };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct server *s = server_create(NETHOOD_PROFILE_LINUX, 9, 3600);
		__be16 mtu = cpu_to_be16(rows[i].said);

		add_option(s, DHCP_MTU, &mtu, 2);
		begin(s);
		until(s, DHCP_BOUND, 10 * SEC);
		assert_int_equal(s->lan->dev->mtu, rows[i].is);
		assert_int_equal(dhcp_stop(s->lan->dev), 0);
		lan_tick(s->lan, 2 * SEC);
		assert_int_equal(s->lan->dev->mtu, 1500);
		server_destroy(s);
	}
}

static void an_address_that_is_there_already_becomes_the_servers(void **state)
{
	(void)state;
	for (int strict = 0; strict < 2; strict++) {
		struct server *s = server_create(strict ? NETHOOD_PROFILE_STRICT : NETHOOD_PROFILE_LINUX, 9, 3600);

		assert_int_equal(lan_addr(s->lan, OFFERED, 24, 0), 0);
		lan_tick(s->lan, 20 * SEC);
		begin(s);
		until(s, DHCP_BOUND, 30 * SEC);
		assert_false(ifa_of(s)->ifa_flags & IFA_F_PERMANENT);
		server_destroy(s);
	}
}

static void link_local_meanwhile_if_that_is_wanted(void **state)
{
	const struct dhcp_config fallback = { .link_local = true };
	struct server *s = server_create(NETHOOD_PROFILE_LINUX, 9, 3600);

	(void)state;
	s->silent = true;
	assert_int_equal(dhcp_start(s->lan->dev, &fallback), 0);
	lan_tick(s->lan, 24 * SEC);
	assert_int_equal(ipv4ll_stop(s->lan->dev), -ENOENT);
	lan_tick(s->lan, 20 * SEC);
	assert_true(ipv4ll_addr(s->lan->dev) == ipv4ll_candidate(LAN_MAC, 0));
	s->silent = false;
	until(s, DHCP_BOUND, 80 * SEC);
	assert_false(ipv4ll_addr(s->lan->dev));
	assert_null(inet_lookup_ifaddr(s->lan->net, ipv4ll_candidate(LAN_MAC, 0)));
	server_destroy(s);
}

static void what_cannot_be_started_is_refused(void **state)
{
	static const u8 id[70];
	struct server *s = server_create(NETHOOD_PROFILE_LINUX, 9, 3600);
	char name[80];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[79] = '\0';
	assert_int_equal(dhcp_start(s->lan->dev, &(struct dhcp_config){ .client_id = id, .client_id_bytes = 1 }),
			 -EINVAL);
	assert_int_equal(dhcp_start(s->lan->dev, &(struct dhcp_config){ .client_id = id, .client_id_bytes = 65 }),
			 -EINVAL);
	assert_int_equal(dhcp_start(s->lan->dev, &(struct dhcp_config){ .hostname = name }), -EINVAL);
	assert_int_equal(dhcp_start(dev_find_by_name(s->lan->net, "lo"), &plain), -EINVAL);
	assert_int_equal(dhcp_stop(s->lan->dev), -ENOENT);
	name[63] = '\0';
	assert_int_equal(dhcp_start(s->lan->dev,
				    &(struct dhcp_config){ .client_id = id, .client_id_bytes = 64, .hostname = name }),
			 0);
	until(s, DHCP_BOUND, 10 * SEC); /* all options at their longest */
	server_destroy(s);
}

static void a_device_that_listens_costs_others_nothing(void **state)
{
	struct server *s = bound(NETHOOD_PROFILE_LINUX, 3600);

	(void)state;
	assert_null(s->lan->net->nf->hooks[1 /* IPv4 */][0 /* PRE_ROUTING */]); /* nobody listens any more */
	server_destroy(s);
}

/* ------------------------------------------------------------------ memory */

static void bound_with_a_route(struct server *s)
{
	assert_non_null(ifa_of(s));
	assert_int_equal(routes_of(s).count, 1);
	assert_int_equal(inet_addr_type(s->lan->net, OFFERED), RTN_LOCAL);
}

static u64 play(struct nomem *m, const void *arg)
{
	struct server *s = server_create(NETHOOD_PROFILE_LINUX, 9, 600);
	int err;

	(void)arg;
	s->lan->nomem = m;
	m->on = true;
	err = dhcp_start(s->lan->dev, &plain);
	assert_true(err == 0 || err == -ENOMEM);
	if (err)
		assert_int_equal(state_of(s), DHCP_ENDED);
	lan_tick(s->lan, 1300 * SEC); /* renewed, rebound, expired */
	m->on = false;
	if (state_of(s) == DHCP_ENDED)
		begin(s);
	lan_tick(s->lan, 330 * SEC);
	bound_with_a_route(s);
	assert_int_equal(dhcp_stop(s->lan->dev), 0);
	lan_tick(s->lan, 2 * SEC);
	nothing_is_left(s);
	server_destroy(s);
	return 0;
}

static void each_allocation_may_fail(void **state)
{
	(void)state;
	assert_true(nomem_each("a lease, renewed, and given back", play, NULL) > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classless_routes_take_the_place_of_the_router),
		cmocka_unit_test(a_router_outside_of_the_subnet_is_on_the_link),
		cmocka_unit_test(a_renewal_may_bring_other_routes_and_another_mask),
		cmocka_unit_test(a_smaller_mtu_is_the_devices_until_the_end),
		cmocka_unit_test(an_address_that_is_there_already_becomes_the_servers),
		cmocka_unit_test(link_local_meanwhile_if_that_is_wanted),
		cmocka_unit_test(what_cannot_be_started_is_refused),
		cmocka_unit_test(a_device_that_listens_costs_others_nothing),
		cmocka_unit_test(each_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
