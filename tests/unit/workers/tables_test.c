// SPDX-License-Identifier: BSD-2-Clause
/* What the first worker of a host is told, all of them know. */
#include "host_world.h"

#include <libmnl/libmnl.h>

/* ------------------------------------------------------------------ what followers know */

static void addresses_come_and_go(struct host_world *hw)
{
	for (u32 i = 0; i < WORKERS; i++) {
		struct nethood_sock *sk = sock_at(hw, i, "10.77.0.1", SOCK_DGRAM),
				    *sk6 = sock_at(hw, i, "::", SOCK_DGRAM);

		assert_int_equal(bind_to(sk, "10.77.0.1", (u16)(1000 + i)), 0);
		assert_int_equal(bind_to(sk6, "fd00::1", (u16)(2000 + i)), 0);
		nethood_close(sk);
		nethood_close(sk6);
	}
	assert_int_equal(addr_change(hw->net[0], RTM_DELADDR, "10.77.0.1", 24), 0);
	assert_int_equal(addr_change(hw->net[0], RTM_DELADDR, "fd00::1", 64), 0);
	run_ms(hw, 100);
	for (u32 i = 0; i < WORKERS; i++) {
		struct nethood_sock *sk = sock_at(hw, i, "10.77.0.1", SOCK_DGRAM),
				    *sk6 = sock_at(hw, i, "::", SOCK_DGRAM);

		assert_int_equal(bind_to(sk, "10.77.0.1", (u16)(1000 + i)), -EADDRNOTAVAIL);
		assert_int_equal(bind_to(sk6, "fd00::1", (u16)(2000 + i)), -EADDRNOTAVAIL);
		nethood_close(sk);
		nethood_close(sk6);
	}
}

static void sysctls_come(struct host_world *hw)
{
	char value[16];

	assert_int_equal(nethood_sysctl_set(hw->net[0], "net.ipv4.ip_forward", "1"), 0);
	assert_int_equal(nethood_proc_write(hw->net[0], "sys/net/ipv4/ip_default_ttl", "77\n", 3), 0);
	run_ms(hw, 100);
	for (u32 i = 0; i < WORKERS; i++) {
		assert_int_equal(nethood_sysctl_get(hw->net[i], "net.ipv4.ip_forward", value, sizeof(value)), 1);
		assert_string_equal(value, "1");
		assert_int_equal(nethood_sysctl_get(hw->net[i], "net.ipv4.ip_default_ttl", value, sizeof(value)), 2);
		assert_string_equal(value, "77");
	}
	/* how neighbours are asked for stays its own */
	assert_int_equal(nethood_sysctl_set(hw->net[0], "net.ipv4.neigh.eth0.mcast_solicit", "5"), 0);
	run_ms(hw, 100);
	nethood_sysctl_get(hw->net[1], "net.ipv4.neigh.eth0.mcast_solicit", value, sizeof(value));
	assert_string_equal(value, "0");
}

/** struct table - keys of all that a dump tells */
struct table {
	u64 keys[20000];
	u32 count;
};

static int key_cmp(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void table_read(struct nethood_net *net, const struct rtnl_dump *dump, struct table *t)
{
	struct worker w = { .nn = net };
	static u8 buf[RTNL_READ_BYTES] __attribute__((aligned(8)));
	struct nethood_sock *sk;
	ssize_t n;

	t->count = 0;
	assert_int_equal(rtnl_open(&w, 0, &sk), 0);
	assert_int_equal(rtnl_dump_start(sk, dump), 0);
	while ((n = nethood_recvfrom(sk, buf, sizeof(buf), 0, NULL, NULL)) > 0) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)buf;

		for (ssize_t left = n; left > 0 && nlh->nlmsg_type != NLMSG_DONE;) {
			assert_true(t->count < ARRAY_SIZE(t->keys));
			t->keys[t->count++] = rtnl_key(nlh);
			left -= NLMSG_ALIGN(nlh->nlmsg_len);
			nlh = (struct nlmsghdr *)(void *)((u8 *)nlh + NLMSG_ALIGN(nlh->nlmsg_len));
		}
	}
	nethood_close(sk);
	qsort(t->keys, t->count, sizeof(t->keys[0]), key_cmp);
}

/* All tables but links (their statistics differ) and neighbours (groups are the leader's). */
static void tables_are_alike(struct host_world *hw)
{
	static struct table leader, follower;

	for (u32 d = 1; d < RTNL_DUMPS - 1; d++) {
		table_read(hw->net[0], &rtnl_dumps[d], &leader);
		for (u32 i = 1; i < WORKERS; i++) {
			table_read(hw->net[i], &rtnl_dumps[d], &follower);
			if (leader.count != follower.count)
				fail_msg("dump %u: the leader has %u, worker %u %u", d, leader.count, i,
					 follower.count);
			assert_memory_equal(leader.keys, follower.keys, leader.count * sizeof(leader.keys[0]));
		}
	}
}

static void tables_follow(struct host_world *hw)
{
	for (u32 i = 0; i < 3000; i++)
		assert_int_equal(route_change(hw->net[0], RTM_NEWROUTE, 0x0b000000U + (i << 8), 24, "10.77.0.2"), 0);
	run_ms(hw, 1000);
	tables_are_alike(hw);
	for (u32 i = 0; i < 3000; i += 2)
		assert_int_equal(route_change(hw->net[0], RTM_DELROUTE, 0x0b000000U + (i << 8), 24, "10.77.0.2"), 0);
	assert_int_equal(addr_change(hw->net[0], RTM_NEWADDR, "10.78.0.1", 16), 0);
	assert_int_equal(addr_change(hw->net[0], RTM_NEWADDR, "fd01::1", 48), 0);
	run_ms(hw, 1000);
	tables_are_alike(hw);
	flags_set(hw->net[0], "eth0", 0);
	run_ms(hw, 100);
	tables_are_alike(hw);
	flags_set(hw->net[0], "eth0", IFF_UP | IFF_MULTICAST | IFF_BROADCAST);
	run_ms(hw, 3000);
	tables_are_alike(hw);
}

static void sync_anew(struct host_world *hw)
{
	for (u32 i = 1; i < WORKERS; i++) {
		struct worker *w = &hw->host->workers[i];

		assert_true(letter_post(w, 0, letter_new(w, LETTER_SYNC, NULL, 0)));
	}
}

/* News that were lost: all is told anew, and what is too much goes. */
static void lost_news_are_made_good(struct host_world *hw)
{
	struct nethood_workers *host = hw->host;

	for (u32 i = 0; i < 100; i++)
		assert_int_equal(route_change(hw->net[0], RTM_NEWROUTE, 0x0b000000U + (i << 8), 24, "10.77.0.2"), 0);
	run_ms(hw, 200);
	for (u32 i = 0; i < 100; i += 3)
		assert_int_equal(route_change(hw->net[0], RTM_DELROUTE, 0x0b000000U + (i << 8), 24, "10.77.0.2"), 0);
	assert_int_equal(addr_change(hw->net[0], RTM_NEWADDR, "fd01::1", 48), 0);
	nethood_poll(hw->net[0], hw->now_ns); /* it posts, and nobody gets it */
	for (u32 to = 1; to < WORKERS; to++) {
		struct letter *l;

		while ((l = ring_take(ring_between(host, 0, to))))
			letter_free(host, l);
	}
	sync_anew(hw);
	run_ms(hw, 500);
	tables_are_alike(hw);
}

/* A route of its own, or what it is appended to: by next hops @from to @to. */
static int hops_append(struct nethood_net *net, u8 family, u32 from, u32 to)
{
	static u8 buf[65536] __attribute__((aligned(8)));
	const u8 dst6[16] = { 0xfd, 0x77 }, dst4[4] = { 11, 9 };
	u16 addr_bytes = family == AF_INET6 ? 16 : 4;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	struct nlattr *nest;

	nlh->nlmsg_type = RTM_NEWROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_APPEND;
	*rtm = (struct rtmsg){ .rtm_family = family,
			       .rtm_dst_len = (u8)(addr_bytes * 4),
			       .rtm_table = RT_TABLE_MAIN,
			       .rtm_protocol = RTPROT_STATIC,
			       .rtm_type = RTN_UNICAST };
	mnl_attr_put(nlh, RTA_DST, addr_bytes, family == AF_INET6 ? dst6 : dst4);
	nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);
	for (u32 i = from; i < to; i++) {
		const u8 gw6[16] = { 0xfd, [14] = (u8)(i >> 8), [15] = (u8)i }, gw4[4] = { 10, 77, 0, (u8)i };
		struct rtnexthop *hop = mnl_nlmsg_put_extra_header(nlh, sizeof(*hop));

		mnl_attr_put(nlh, RTA_GATEWAY, addr_bytes, family == AF_INET6 ? gw6 : gw4);
		*hop = (struct rtnexthop){ .rtnh_len = (u16)(sizeof(*hop) + 4 + addr_bytes),
					   .rtnh_hops = (u8)(i % 3),
					   .rtnh_ifindex = 2 };
	}
	mnl_attr_nest_end(nlh, nest);
	return talk(net, nlh);
}

/* Of a link that is down routes tell; told anew, they are the same to all. */
static void dead_links_follow(struct host_world *hw)
{
	for (u32 i = 0; i < WORKERS; i++)
		nethood_dev_carrier(nethood_dev_find(hw->net[i], "eth0"), false);
	run_ms(hw, 2000);
	assert_int_equal(hops_append(hw->net[0], AF_INET, 2, 4), 0);
	assert_int_equal(hops_append(hw->net[0], AF_INET6, 2, 4), 0);
	run_ms(hw, 200);
	tables_are_alike(hw);
	sync_anew(hw);
	run_ms(hw, 500);
	tables_are_alike(hw);
}

/* Of IPv6 there may be as many next hops as fit into a message. */
static void long_routes_follow(struct host_world *hw)
{
	static const u32 hops[] = { 2, 5, 250, 500, 750 };

	for (u32 i = 1; i < ARRAY_SIZE(hops); i++) {
		assert_int_equal(hops_append(hw->net[0], AF_INET6, hops[i - 1], hops[i]), 0);
		run_ms(hw, 200);
		tables_are_alike(hw);
		sync_anew(hw);
		run_ms(hw, 500);
		tables_are_alike(hw);
	}
}

/* A worker that does not come for long costs a bounded number of letters, and is told all the rest later. */
static void a_slow_worker_catches_up(struct host_world *hw)
{
	hw->asleep = 1U << 2;
	for (u32 i = 0; i < 6000; i++) {
		assert_int_equal(route_change(hw->net[0], RTM_NEWROUTE, 0x0b000000U + (i << 8), 24, "10.77.0.2"), 0);
		if (i % 16 == 0)
			run_ms(hw, 1);
	}
	assert_true(ring_room(ring_between(hw->host, 0, 2)) > 0);
	hw->asleep = 0;
	run_ms(hw, 2000);
	tables_are_alike(hw);
	assert_int_equal(hw->host->workers[0].nn->net.softnet->dropped, 0);
}

/* What could not be done for want of memory is done later. */
static void missing_memory_is_made_good(struct host_world *hw)
{
	hw->fail_ppm = 50000;
	for (u32 i = 0; i < 600; i++) {
		(void)route_try(hw->net[0], i % 3 ? RTM_NEWROUTE : RTM_DELROUTE, 0x0b000000U + (draw(hw, 200) << 8));
		if (i % 4 == 0)
			run_ms(hw, 1);
	}
	hw->fail_ppm = 0;
	run_ms(hw, 1000);
	tables_are_alike(hw);
	for (u32 i = 0; i < WORKERS; i++) { /* nor has an answer been left unread, which would hold up the next */
		struct nethood_ledger ledger;

		nethood_ledger(hw->net[i], &ledger);
		assert_int_equal(ledger.live, 0);
	}
}

SEEDED(addresses_come_and_go)
SEEDED(sysctls_come)
SEEDED(tables_follow)
SEEDED(lost_news_are_made_good)
SEEDED(dead_links_follow)
SEEDED(long_routes_follow)
SEEDED(a_slow_worker_catches_up)
SEEDED(missing_memory_is_made_good)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_come_and_go_test),
		cmocka_unit_test(sysctls_come_test),
		cmocka_unit_test(tables_follow_test),
		cmocka_unit_test(lost_news_are_made_good_test),
		cmocka_unit_test(dead_links_follow_test),
		cmocka_unit_test(long_routes_follow_test),
		cmocka_unit_test(a_slow_worker_catches_up_test),
		cmocka_unit_test(missing_memory_is_made_good_test),
	};

	return cmocka_run_group_tests_name("workers tables", tests, NULL, NULL);
}
