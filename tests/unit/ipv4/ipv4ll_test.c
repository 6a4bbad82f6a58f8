// SPDX-License-Identifier: BSD-2-Clause
/* RFC 3927 in virtual time. */
#include "lan.h"

#include <linux/rtnetlink.h>

#include "ipv4/acd.h"
#include "ipv4/ipv4ll.h"

#define SEC ((u64)NSEC_PER_SEC)

static void candidates_stay_within_the_block_and_follow_the_mac(void **state)
{
	u8 mac[6] = { 2, 0, 0, 0, 0, 0 };
	u32 buckets[8] = { 0 };

	(void)state;
	for (u32 i = 0; i < 20000; i++) {
		u32 a;

		mac[4] = (u8)(i >> 8);
		mac[5] = (u8)i;
		a = be32_to_cpu(ipv4ll_candidate(mac, i % 3));
		assert_in_range(a, 0xa9fe0100, 0xa9fefeff);
		assert_true(ipv4ll_candidate(mac, i % 3) == ipv4ll_candidate(mac, i % 3));
		buckets[(a - 0xa9fe0100) * 8 / 65024]++;
	}
	for (u32 i = 0; i < 8; i++)
		assert_in_range(buckets[i], 2300, 2700);
	assert_true(ipv4ll_candidate(mac, 0) != ipv4ll_candidate(mac, 1));
}

static void the_first_candidate_is_probed_announced_and_used(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 5);
	__be32 addr = ipv4ll_candidate(LAN_MAC, 0);
	const struct in_ifaddr *ifa;

	(void)state;
	assert_int_equal(ipv4ll_start(lan->dev), 0);
	assert_int_equal(ipv4ll_start(lan->dev), -EALREADY);
	lan_tick(lan, 3 * SEC);
	assert_false(lan_has(lan, addr));
	lan_tick(lan, 10 * SEC);
	assert_int_equal(lan_probes(lan, addr), ACD_PROBE_NUM);
	assert_int_equal(lan_announcements(lan, addr), ACD_ANNOUNCE_NUM);
	ifa = inet_lookup_ifaddr(lan->net, addr);
	assert_non_null(ifa);
	assert_int_equal(ifa->ifa_scope, RT_SCOPE_LINK);
	assert_int_equal(ifa->ifa_prefixlen, 16);
	assert_true(ipv4ll_addr(lan->dev) == addr);
	assert_int_equal(inet_addr_type(lan->net, addr), RTN_LOCAL);
	assert_int_equal(ipv4ll_stop(lan->dev), 0);
	assert_int_equal(ipv4ll_stop(lan->dev), -ENOENT);
	assert_false(lan_has(lan, addr));
	lan_destroy(lan);
}

static void has_the_first_three(struct lan *lan, const struct lan_frame *f)
{
	u8 reply[60];

	for (u32 i = 0; i < 3; i++) {
		__be32 addr = ipv4ll_candidate(LAN_MAC, i);

		if (lan_is_arp(f, ARPOP_REQUEST, CONST_BE32(0), addr))
			lan_receive(lan, reply,
				    lan_arp_build(reply, ARPOP_REPLY, LAN_OTHER, addr, LAN_MAC, CONST_BE32(0)));
	}
}

static void a_candidate_that_somebody_has_is_followed_by_the_next(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_STRICT, 5);

	(void)state;
	lan->answer = has_the_first_three;
	assert_int_equal(ipv4ll_start(lan->dev), 0);
	lan_tick(lan, 30 * SEC);
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(lan_probes(lan, ipv4ll_candidate(LAN_MAC, i)), 1);
	assert_true(ipv4ll_addr(lan->dev) == ipv4ll_candidate(LAN_MAC, 3));
	assert_int_equal(lan_probes(lan, ipv4ll_candidate(LAN_MAC, 3)), 3); /* and not once more by strict */
	lan_destroy(lan);
}

static void an_address_is_defended_once_and_then_changed(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 5);
	__be32 addr = ipv4ll_candidate(LAN_MAC, 0);

	(void)state;
	assert_int_equal(ipv4ll_start(lan->dev), 0);
	lan_tick(lan, 20 * SEC);
	lan_forget(lan);
	lan_arp(lan, ARPOP_REPLY, LAN_OTHER, addr, addr);
	assert_int_equal(lan_announcements(lan, addr), 1);
	assert_true(ipv4ll_addr(lan->dev) == addr);
	lan_arp(lan, ARPOP_REPLY, LAN_OTHER, addr, addr);
	assert_false(lan_has(lan, addr));
	lan_tick(lan, 20 * SEC);
	assert_true(ipv4ll_addr(lan->dev) == ipv4ll_candidate(LAN_MAC, 1));
	lan_destroy(lan);
}

static void who_deletes_the_address_gets_no_other(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 5);

	(void)state;
	assert_int_equal(ipv4ll_start(lan->dev), 0);
	lan_tick(lan, 20 * SEC);
	assert_int_equal(inet_del_ifa(lan->dev, inet_lookup_ifaddr(lan->net, ipv4ll_addr(lan->dev)), 0), 0);
	assert_int_equal(ipv4ll_stop(lan->dev), -ENOENT);
	lan_destroy(lan);
}

static void an_address_that_is_set_here_already_is_passed_over(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_STRICT, 5);
	const struct in_ifaddr ifa = { .ifa_local = ipv4ll_candidate(LAN_MAC, 0),
				       .ifa_prefixlen = 16,
				       .ifa_scope = RT_SCOPE_LINK };

	(void)state;
	assert_int_equal(inet_insert_ifa(lan->dev, &ifa, 0, NULL), 0);
	lan_tick(lan, 20 * SEC);
	assert_int_equal(ipv4ll_start(lan->dev), 0);
	lan_tick(lan, 20 * SEC);
	assert_true(ipv4ll_addr(lan->dev) == ipv4ll_candidate(LAN_MAC, 1));
	lan_destroy(lan);
}

static void strict_answers_by_broadcast(void **state)
{
	static const u8 all[6] = { 255, 255, 255, 255, 255, 255 };

	(void)state;
	for (int strict = 0; strict < 2; strict++) {
		struct lan *lan = lan_create(strict ? NETHOOD_PROFILE_STRICT : NETHOOD_PROFILE_LINUX, 5);

		assert_int_equal(ipv4ll_start(lan->dev), 0);
		lan_tick(lan, 20 * SEC);
		lan_forget(lan);
		lan_arp(lan, ARPOP_REQUEST, LAN_OTHER, IP4(169, 254, 9, 9), ipv4ll_addr(lan->dev));
		assert_int_equal(lan->out_count, 1);
		assert_int_equal(memcmp(lan->out[0].data, all, 6) == 0, strict);
		lan_destroy(lan);
	}
}

static u64 play(struct nomem *m, const void *arg)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 5);

	(void)arg;
	lan->nomem = m;
	m->on = true;
	if (ipv4ll_start(lan->dev)) {
		assert_int_equal(ipv4ll_stop(lan->dev), -ENOENT);
		m->on = false;
		assert_int_equal(ipv4ll_start(lan->dev), 0);
	}
	lan_tick(lan, 40 * SEC);
	m->on = false;
	lan_tick(lan, 40 * SEC);
	assert_true(ipv4ll_addr(lan->dev) == ipv4ll_candidate(LAN_MAC, 0)); /* later, perhaps, but at last */
	assert_int_equal(inet_addr_type(lan->net, ipv4ll_addr(lan->dev)), RTN_LOCAL);
	lan_destroy(lan);
	return 0;
}

static void each_allocation_may_fail(void **state)
{
	(void)state;
	assert_true(nomem_each("a link-local address", play, NULL) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(candidates_stay_within_the_block_and_follow_the_mac),
		cmocka_unit_test(the_first_candidate_is_probed_announced_and_used),
		cmocka_unit_test(a_candidate_that_somebody_has_is_followed_by_the_next),
		cmocka_unit_test(an_address_is_defended_once_and_then_changed),
		cmocka_unit_test(who_deletes_the_address_gets_no_other),
		cmocka_unit_test(an_address_that_is_set_here_already_is_passed_over),
		cmocka_unit_test(strict_answers_by_broadcast),
		cmocka_unit_test(each_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
