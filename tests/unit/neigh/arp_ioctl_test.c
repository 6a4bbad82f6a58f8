// SPDX-License-Identifier: BSD-2-Clause
/* SIOCSARP, SIOCDARP, SIOCGARP: who may, what a refusal leaves, and life without memory.  What each request means is
 * compared with the kernel by tests/wire/test_arp_ioctl.py. */
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/sockios.h>

#include "neigh/pneigh.h"
#include "neigh_world.h"

static struct arpreq request(__be32 ip, int flags, const char *dev)
{
	struct arpreq r = { .arp_flags = flags };

	r.arp_pa.sa_family = AF_INET;
	memcpy((u8 *)&r.arp_pa + 4, &ip, sizeof(ip));
	memcpy(r.arp_ha.sa_data, PEER_MAC, ETH_ALEN);
	snprintf(r.arp_dev, sizeof(r.arp_dev), "%s", dev);
	return r;
}

static int ask(struct nethood_sock *sk, unsigned long cmd, __be32 ip, int flags)
{
	struct arpreq r = request(ip, flags, "eth0");

	return nethood_ioctl(sk, cmd, &r, sizeof(r));
}

static void who_may_not_change_may_ask(void **state)
{
	struct nethood_sock *sk;
	struct world w;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	assert_int_equal(ask(sk, SIOCSARP, PEER_IP, ATF_PERM), 0);
	nethood_sock_set_admin(sk, false);
	assert_int_equal(ask(sk, SIOCSARP, OTHER_IP, ATF_PERM), -EPERM);
	assert_int_equal(ask(sk, SIOCSARP, OTHER_IP, ATF_PUBL), -EPERM);
	assert_int_equal(ask(sk, SIOCDARP, PEER_IP, 0), -EPERM);
	assert_int_equal(ask(sk, SIOCGARP, PEER_IP, 0), 0);
	assert_int_equal(state_of(&w, PEER_IP), NUD_PERMANENT);
	assert_int_equal(state_of(&w, OTHER_IP), 0xff);
	assert_int_equal(w.arp->phash.live_count, 0);
	nethood_close(sk);
	world_fini(&w);
}

static void a_request_that_is_too_short_is_refused(void **state)
{
	static const unsigned long commands[] = { SIOCSARP, SIOCDARP, SIOCGARP };
	struct arpreq r = request(PEER_IP, ATF_PERM, "eth0");
	struct nethood_sock *sk;
	struct world w;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		assert_int_equal(nethood_ioctl(sk, commands[i], &r, sizeof(r) - 1), -EFAULT);
		assert_int_equal(nethood_ioctl(sk, commands[i], NULL, sizeof(r)), -EFAULT);
	}
	assert_int_equal(w.arp->hash.live_count, 0);
	nethood_close(sk);
	world_fini(&w);
}

/* Linux keeps an entry, outside of any collection, for each request that it refuses. */
static void a_refused_request_leaves_nothing(void **state)
{
	struct nethood_sock *sk;
	struct world w;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	for (u32 i = 0; i < 100; i++)
		assert_int_equal(ask(sk, SIOCSARP, cpu_to_be32(0x0a4d0100 + i), 0), -EINVAL);
	assert_int_equal(w.arp->hash.live_count, 0);
	assert_int_equal(w.told_count, 0);
	nethood_close(sk);
	world_fini(&w);
}

static void what_is_got_is_what_was_set(void **state)
{
	struct arpreq r = request(PEER_IP, 0, "eth0");
	struct nethood_sock *sk;
	struct world w;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	assert_int_equal(ask(sk, SIOCSARP, PEER_IP, ATF_COM), 0);
	memset(&r.arp_ha, 0, sizeof(r.arp_ha));
	assert_int_equal(nethood_ioctl(sk, SIOCGARP, &r, sizeof(r)), 0);
	assert_int_equal(r.arp_ha.sa_family, ARPHRD_ETHER);
	assert_memory_equal(r.arp_ha.sa_data, PEER_MAC, ETH_ALEN);
	assert_int_equal(r.arp_flags, ATF_COM);
	assert_string_equal(r.arp_dev, "eth0");
	/* 16 octets without an end */
	memset(r.arp_dev, 'e', sizeof(r.arp_dev));
	assert_int_equal(nethood_ioctl(sk, SIOCGARP, &r, sizeof(r)), -ENODEV);
	nethood_close(sk);
	world_fini(&w);
}

static u64 scenario(struct world *w)
{
	struct nethood_sock *sk;
	u32 made_count = 0;

	if (nethood_socket(w->public_net, AF_INET, SOCK_DGRAM, 0, &sk))
		return 0;
	for (u32 i = 0; i < 30; i++) {
		__be32 ip = cpu_to_be32(0x0a4d0100 + i);
		u32 live = w->arp->hash.live_count, proxies = w->arp->phash.live_count;
		bool made = ask(sk, SIOCSARP, ip, ATF_PERM) == 0;

		made_count += made;
		assert_int_equal(w->arp->hash.live_count, live + made);
		made = ask(sk, SIOCSARP, ip, ATF_PUBL) == 0;
		assert_int_equal(w->arp->phash.live_count, proxies + made);
	}
	for (u32 i = 0; i < 30; i++) {
		__be32 ip = cpu_to_be32(0x0a4d0100 + i);

		(void)ask(sk, SIOCDARP, ip, 0);
		(void)ask(sk, SIOCDARP, ip, ATF_PUBL);
	}
	assert_int_equal(w->arp->hash.live_count, 0);
	assert_int_equal(w->arp->phash.live_count, 0);
	check_table(w);
	nethood_close(sk);
	return made_count;
}

static void without_memory_nothing_leaks_and_nothing_lies(void **state)
{
	(void)state;
	assert_true(world_without_memory(
			    &(struct world_scene){ "SIOCSARP, SIOCDARP", NETHOOD_PROFILE_LINUX, scenario }) > 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_may_not_change_may_ask),
		cmocka_unit_test(a_request_that_is_too_short_is_refused),
		cmocka_unit_test(a_refused_request_leaves_nothing),
		cmocka_unit_test(what_is_got_is_what_was_set),
		cmocka_unit_test(without_memory_nothing_leaks_and_nothing_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
