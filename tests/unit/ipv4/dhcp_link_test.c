// SPDX-License-Identifier: BSD-2-Clause
/* The DHCP client when its link, its device's address, or its network is another one. */
#include "dhcp_server.h"

static void after_the_link_was_away_the_address_is_asked_for_again(void **state)
{
	struct server *s = bound(NETHOOD_PROFILE_LINUX, 3600);
	const struct asked *r;

	(void)state;
	lan_tick(s->lan, 20 * SEC);
	nethood_dev_carrier(s->lan->handle, false);
	lan_tick(s->lan, 100 * SEC);
	assert_int_equal(state_of(s), DHCP_OFF);
	assert_int_equal(s->asked_count, 2);
	assert_non_null(ifa_of(s));
	nethood_dev_carrier(s->lan->handle, true);
	lan_poll(s->lan);
	assert_int_equal(s->asked_count, 3);
	r = &s->asked[2];
	assert_int_equal(r->type, DHCPREQUEST);
	assert_true(!r->saddr && !r->ciaddr && r->requested == OFFERED && !r->server && r->broadcast_frame);
	assert_int_equal(state_of(s), DHCP_BOUND);
	assert_int_equal(routes_of(s).count, 1);
	lan_tick(s->lan, 1900 * SEC);
	assert_int_equal(s->asked_count, 4); /* renewed, counted from then */
	server_destroy(s);
}

static void an_administrator_takes_the_device_down_and_up(void **state)
{
	struct server *s = bound(NETHOOD_PROFILE_LINUX, 3600);

	(void)state;
	dev_close(s->lan->dev);
	lan_tick(s->lan, 10 * SEC);
	assert_int_equal(routes_of(s).count, 0);
	assert_int_equal(dev_open(s->lan->dev), 0);
	lan_tick(s->lan, 1 * SEC);
	assert_int_equal(state_of(s), DHCP_BOUND);
	assert_int_equal(routes_of(s).count, 1);
	server_destroy(s);
}

static void on_another_network_the_old_address_is_refused(void **state)
{
	struct server *s = bound(NETHOOD_PROFILE_LINUX, 3600);
	__be32 old = s->gives;

	(void)state;
	nethood_dev_carrier(s->lan->handle, false);
	lan_tick(s->lan, 1 * SEC);
	s->nak = true;
	nethood_dev_carrier(s->lan->handle, true);
	s->gives = IP4(10, 0, 0, 99);
	lan_poll(s->lan);
	s->nak = false;
	assert_null(inet_lookup_ifaddr(s->lan->net, old));
	until(s, DHCP_BOUND, 30 * SEC);
	assert_non_null(ifa_of(s));
	server_destroy(s);
}

static void without_a_server_the_address_stays_until_its_lease_ends(void **state)
{
	struct server *s = bound(NETHOOD_PROFILE_LINUX, 600);

	(void)state;
	s->silent = true;
	nethood_dev_carrier(s->lan->handle, false);
	lan_tick(s->lan, 1 * SEC);
	nethood_dev_carrier(s->lan->handle, true);
	lan_tick(s->lan, 20 * SEC);
	assert_int_equal(state_of(s), DHCP_BOUND); /* 3.2 (4) */
	assert_non_null(ifa_of(s));
	lan_tick(s->lan, 600 * SEC);
	nothing_is_left(s);
	server_destroy(s);
}

static void a_lease_ends_while_the_link_is_away(void **state)
{
	struct server *s = bound(NETHOOD_PROFILE_LINUX, 600);

	(void)state;
	nethood_dev_carrier(s->lan->handle, false);
	lan_tick(s->lan, 700 * SEC);
	nothing_is_left(s);
	nethood_dev_carrier(s->lan->handle, true);
	lan_poll(s->lan);
	assert_int_equal(s->asked[2].type, DHCPDISCOVER);
	until(s, DHCP_BOUND, 30 * SEC);
	server_destroy(s);
}

static void the_link_goes_in_each_state(void **state)
{
	(void)state;
	for (u32 ms = 0; ms < 12000; ms += 370) {
		struct server *s = server_create(NETHOOD_PROFILE_LINUX, 9, 3600);

		s->deaf_to[DHCPDISCOVER] = 1; /* so that there is time in each */
		s->deaf_to[DHCPREQUEST] = ms & 1;
		begin(s);
		lan_tick(s->lan, ms * (u64)NSEC_PER_MSEC);
		nethood_dev_carrier(s->lan->handle, false);
		lan_tick(s->lan, 3 * SEC);
		assert_int_equal(state_of(s), DHCP_OFF);
		nethood_dev_carrier(s->lan->handle, true);
		until(s, DHCP_BOUND, 60 * SEC);
		server_destroy(s);
	}
}

static void another_mac_is_another_client(void **state)
{
	static const u8 mac[6] = { 2, 0, 0, 0, 0, 9 };
	struct server *s = bound(NETHOOD_PROFILE_LINUX, 3600);

	(void)state;
	dev_close(s->lan->dev);
	assert_int_equal(dev_set_mac_address(s->lan->dev, mac), 0);
	nothing_is_left(s);
	assert_int_equal(dev_open(s->lan->dev), 0);
	lan_tick(s->lan, 1 * SEC);
	assert_int_equal(s->asked[2].type, DHCPDISCOVER);
	assert_memory_equal(s->asked[2].client_id + 1, mac, 6);
	server_destroy(s);
}

static void an_address_from_before_is_asked_for_first(void **state)
{
	const struct dhcp_config before = { .requested = OFFERED };

	(void)state;
	for (int known = 0; known < 3; known++) {
		struct server *s = server_create(NETHOOD_PROFILE_LINUX, 9, 3600);

		s->nak = known == 1;
		s->silent = known == 2;
		assert_int_equal(dhcp_start(s->lan->dev, &before), 0);
		lan_poll(s->lan);
		s->nak = false;
		assert_int_equal(s->asked[0].type, DHCPREQUEST);
		assert_true(s->asked[0].requested == OFFERED && !s->asked[0].server);
		lan_tick(s->lan, 14 * SEC);
		s->silent = false;
		until(s, DHCP_BOUND, 30 * SEC);
		assert_int_equal(server_count(s, DHCPDISCOVER) > 0, known != 0);
		assert_int_equal(lan_probes(s->lan, OFFERED), 3);
		server_destroy(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(after_the_link_was_away_the_address_is_asked_for_again),
		cmocka_unit_test(an_administrator_takes_the_device_down_and_up),
		cmocka_unit_test(on_another_network_the_old_address_is_refused),
		cmocka_unit_test(without_a_server_the_address_stays_until_its_lease_ends),
		cmocka_unit_test(a_lease_ends_while_the_link_is_away),
		cmocka_unit_test(the_link_goes_in_each_state),
		cmocka_unit_test(another_mac_is_another_client),
		cmocka_unit_test(an_address_from_before_is_asked_for_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
