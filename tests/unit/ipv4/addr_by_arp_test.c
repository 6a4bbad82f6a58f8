// SPDX-License-Identifier: BSD-2-Clause
/* Address by ARP in virtual time: which packet gives it, for how long, and what ends it. */
#include "lan.h"

#include <errno.h>
#include <linux/rtnetlink.h>

#include "base/csum.h"
#include "ipv4/acd.h"
#include "ipv4/addr_by_arp.h"
#include "netfilter/netfilter.h"
#include "wire/icmp.h"
#include "wire/ip.h"
#include "wire/udp.h"

#define SEC ((u64)NSEC_PER_SEC)
#define WANTED IP4(10, 77, 0, 5)
#define PEER IP4(10, 77, 0, 1)
#define ECHO_BYTES 436U

static const struct addr_by_arp_config rules = {
	.icmp_bytes = ECHO_BYTES, .port = 4000, .prefixlen = 24, .timeout = 100 * NSEC_PER_SEC
};

/** struct packet - as somebody sends it */
struct packet {
	const u8 *dst;
	__be32 saddr, daddr;
	u8 protocol;
	u16 bytes; /**< of the IP packet */
	u16 port;
	u8 icmp_type, icmp_code;
	u16 frag_off;
	bool bad_csum;
};

#define GOOD \
	{ \
		LAN_MAC, PEER, WANTED, IPPROTO_ICMP, ECHO_BYTES, 0, ICMP_ECHO, 0, 0, false \
	}

static void comes(struct lan *lan, const struct packet *p)
{
	u8 f[LAN_FRAME_BYTES] = { 0 }, *l4 = f + 34;
	struct iphdr ip = {
		.version = 4, .ihl = 5, .ttl = 64, .protocol = p->protocol, .saddr = p->saddr, .daddr = p->daddr
	};
	u32 len = p->bytes - 20U;
	__be16 csum;

	ip.tot_len = cpu_to_be16(p->bytes);
	ip.frag_off = cpu_to_be16(p->frag_off);
	ip_send_check(&ip);
	memcpy(f, p->dst, 6);
	memcpy(f + 6, LAN_OTHER, 6);
	f[12] = 8;
	memcpy(f + 14, &ip, 20);
	if (p->protocol == IPPROTO_ICMP) {
		l4[0] = p->icmp_type;
		l4[1] = p->icmp_code;
		csum = ip_compute_csum(l4, len);
		memcpy(l4 + 2, &csum, 2);
	} else if (len >= 8) {
		put_unaligned_be16(cpu_to_be16(p->port), l4 + 2);
		if (p->protocol == IPPROTO_UDP)
			put_unaligned_be16(cpu_to_be16((u16)len), l4 + 4);
		csum = csum_tcpudp_magic(p->saddr, p->daddr, len, p->protocol, csum_partial(l4, len, 0));
		memcpy(l4 + (p->protocol == IPPROTO_UDP ? 6 : 16), &csum, 2);
	}
	if (p->bad_csum)
		l4[len - 1] ^= 1;
	lan_receive(lan, f, 14U + p->bytes);
	lan_poll(lan);
}

static __be32 addr_of(const struct lan *lan)
{
	__be32 addr = IP4(1, 2, 3, 4);

	return addr_by_arp_get(lan->dev, &addr) ? IP4(255, 255, 255, 255) : addr;
}
#define ENDED IP4(255, 255, 255, 255)

static struct lan *listening(enum nethood_profile profile)
{
	struct lan *lan = lan_create(profile, 5);

	assert_int_equal(addr_by_arp_start(lan->dev, &rules), 0);
	return lan;
}

/** struct row - a packet, and whether it gives an address */
static const struct row {
	const char *says;
	struct packet p;
	bool fits;
} rows[] = {
	{ "an echo request of the length", GOOD, true },
	{ "one octet shorter", { LAN_MAC, PEER, WANTED, IPPROTO_ICMP, 435, 0, ICMP_ECHO, 0, 0, false }, false },
	{ "one octet longer", { LAN_MAC, PEER, WANTED, IPPROTO_ICMP, 437, 0, ICMP_ECHO, 0, 0, false }, false },
	{ "an answer", { LAN_MAC, PEER, WANTED, IPPROTO_ICMP, 436, 0, ICMP_ECHOREPLY, 0, 0, false }, false },
	{ "another code", { LAN_MAC, PEER, WANTED, IPPROTO_ICMP, 436, 0, ICMP_ECHO, 1, 0, false }, false },
	{ "a wrong checksum", { LAN_MAC, PEER, WANTED, IPPROTO_ICMP, 436, 0, ICMP_ECHO, 0, 0, true }, false },
	{ "a fragment", { LAN_MAC, PEER, WANTED, IPPROTO_ICMP, 436, 0, ICMP_ECHO, 0, IP_MF, false }, false },
	{ "the last fragment", { LAN_MAC, PEER, WANTED, IPPROTO_ICMP, 436, 0, ICMP_ECHO, 0, 8, false }, false },
	{ "UDP to the port", { LAN_MAC, PEER, WANTED, IPPROTO_UDP, 60, 4000, 0, 0, 0, false }, true },
	{ "UDP without data", { LAN_MAC, PEER, WANTED, IPPROTO_UDP, 28, 4000, 0, 0, 0, false }, true },
	{ "UDP to another port", { LAN_MAC, PEER, WANTED, IPPROTO_UDP, 60, 4001, 0, 0, 0, false }, false },
	{ "UDP with a wrong checksum", { LAN_MAC, PEER, WANTED, IPPROTO_UDP, 60, 4000, 0, 0, 0, true }, false },
	{ "half a UDP header", { LAN_MAC, PEER, WANTED, IPPROTO_UDP, 24, 4000, 0, 0, 0, false }, false },
	{ "TCP to the port", { LAN_MAC, PEER, WANTED, IPPROTO_TCP, 40, 4000, 0, 0, 0, false }, true },
	{ "TCP to another port", { LAN_MAC, PEER, WANTED, IPPROTO_TCP, 40, 80, 0, 0, 0, false }, false },
	{ "half a TCP header", { LAN_MAC, PEER, WANTED, IPPROTO_TCP, 30, 4000, 0, 0, 0, false }, false },
	{ "another protocol", { LAN_MAC, PEER, WANTED, 132, 436, 4000, 0, 0, 0, false }, false },
	{ "for another station", { LAN_OTHER, PEER, WANTED, IPPROTO_ICMP, 436, 0, ICMP_ECHO, 0, 0, false }, false },
	{ "for all stations",
	  { (const u8[]){ 255, 255, 255, 255, 255, 255 }, PEER, WANTED, IPPROTO_ICMP, 436, 0, ICMP_ECHO, 0, 0, false },
	  false },
	{ "to a group", { LAN_MAC, PEER, IP4(224, 0, 0, 5), IPPROTO_ICMP, 436, 0, ICMP_ECHO, 0, 0, false }, false },
	{ "to all", { LAN_MAC, PEER, IP4(255, 255, 255, 255), IPPROTO_ICMP, 436, 0, ICMP_ECHO, 0, 0, false }, false },
	{ "to all of its subnet",
	  { LAN_MAC, PEER, IP4(10, 77, 0, 255), IPPROTO_ICMP, 436, 0, ICMP_ECHO, 0, 0, false },
	  false },
	{ "to the subnet", { LAN_MAC, PEER, IP4(10, 77, 0, 0), IPPROTO_ICMP, 436, 0, ICMP_ECHO, 0, 0, false }, false },
	{ "to the loopback",
	  { LAN_MAC, PEER, IP4(127, 0, 0, 5), IPPROTO_ICMP, 436, 0, ICMP_ECHO, 0, 0, false },
	  false },
	{ "to nobody", { LAN_MAC, PEER, IP4(0, 0, 0, 0), IPPROTO_ICMP, 436, 0, ICMP_ECHO, 0, 0, false }, false },
	{ "from nobody", { LAN_MAC, IP4(0, 0, 0, 0), WANTED, IPPROTO_ICMP, 436, 0, ICMP_ECHO, 0, 0, false }, false },
	{ "from a group", { LAN_MAC, IP4(239, 1, 1, 1), WANTED, IPPROTO_ICMP, 436, 0, ICMP_ECHO, 0, 0, false }, false },
	{ "from itself", { LAN_MAC, WANTED, WANTED, IPPROTO_ICMP, 436, 0, ICMP_ECHO, 0, 0, false }, false },
};

static void a_packet_that_fits_gives_the_address(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct lan *lan = listening(i & 1 ? NETHOOD_PROFILE_STRICT : NETHOOD_PROFILE_LINUX);

		comes(lan, &rows[i].p);
		lan_tick(lan, 10 * SEC);
		if ((addr_of(lan) == WANTED) != rows[i].fits || lan_has(lan, WANTED) != rows[i].fits)
			fail_msg("%s", rows[i].says);
		assert_int_equal(lan_probes(lan, WANTED), rows[i].fits ? ACD_PROBE_NUM : 0);
		lan_destroy(lan);
	}
}

static void what_is_given_can_be_spoken_to(void **state)
{
	struct lan *lan = listening(NETHOOD_PROFILE_LINUX);
	const struct packet good = GOOD;
	const struct in_ifaddr *ifa;

	(void)state;
	comes(lan, &good);
	assert_false(lan_has(lan, WANTED));
	lan_tick(lan, 3 * SEC);
	comes(lan, &(struct packet){ LAN_MAC, PEER, IP4(10, 77, 0, 6), IPPROTO_ICMP, 436, 0, ICMP_ECHO, 0, 0, false });
	lan_tick(lan, 7 * SEC);
	ifa = inet_lookup_ifaddr(lan->net, WANTED);
	assert_non_null(ifa);
	assert_int_equal(ifa->ifa_prefixlen, 24);
	assert_true(ifa->ifa_broadcast == IP4(10, 77, 0, 255));
	assert_false(lan_has(lan, IP4(10, 77, 0, 6))); /* the first one counts */
	assert_null(lan->net->nf->hooks[NF_FAMILY_IPV4][NF_INET_PRE_ROUTING]);
	lan_forget(lan);
	lan_arp(lan, ARPOP_REQUEST, LAN_OTHER, PEER, WANTED);
	assert_int_equal(lan_arps(lan, ARPOP_REPLY, WANTED, PEER), 1);
	comes(lan, &good);
	assert_int_equal(lan->out[1].data[34], ICMP_ECHOREPLY);
	lan_tick(lan, 1000 * SEC); /* the time that it listened is over; the address stays */
	assert_true(addr_of(lan) == WANTED && lan_has(lan, WANTED));
	assert_int_equal(addr_by_arp_stop(lan->dev), 0);
	assert_false(lan_has(lan, WANTED));
	assert_int_equal(addr_by_arp_stop(lan->dev), -ENOENT);
	lan_destroy(lan);
}

static void only_the_rules_that_are_given_count(void **state)
{
	const struct packet echo = GOOD, udp = { LAN_MAC, PEER, WANTED, IPPROTO_UDP, 60, 4000, 0, 0, 0, false };

	(void)state;
	for (int which = 0; which < 2; which++) {
		struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 5);
		struct addr_by_arp_config cfg = rules;

		if (which)
			cfg.icmp_bytes = 0;
		else
			cfg.port = 0;
		assert_int_equal(addr_by_arp_start(lan->dev, &cfg), 0);
		comes(lan, which ? &echo : &udp);
		lan_tick(lan, 10 * SEC);
		assert_false(lan_has(lan, WANTED));
		comes(lan, which ? &udp : &echo);
		lan_tick(lan, 10 * SEC);
		assert_true(lan_has(lan, WANTED));
		lan_destroy(lan);
	}
}

static void has_the_first(struct lan *lan, const struct lan_frame *f)
{
	u8 reply[60];

	if (lan_is_arp(f, ARPOP_REQUEST, CONST_BE32(0), WANTED))
		lan_receive(lan, reply, lan_arp_build(reply, ARPOP_REPLY, LAN_OTHER, WANTED, LAN_MAC, CONST_BE32(0)));
}

static void an_address_that_somebody_has_is_not_taken(void **state)
{
	struct lan *lan = listening(NETHOOD_PROFILE_LINUX);
	struct packet p = GOOD;

	(void)state;
	lan->answer = has_the_first;
	comes(lan, &p);
	lan_tick(lan, 10 * SEC);
	assert_false(lan_has(lan, WANTED));
	assert_false(addr_of(lan));
	p.daddr = IP4(10, 77, 0, 6); /* it still listens */
	comes(lan, &p);
	lan_tick(lan, 10 * SEC);
	assert_true(addr_of(lan) == IP4(10, 77, 0, 6));
	lan_destroy(lan);
}

static void after_its_time_nothing_is_taken(void **state)
{
	const struct packet good = GOOD;

	(void)state;
	for (int conflict = 0; conflict < 2; conflict++) {
		struct lan *lan = listening(NETHOOD_PROFILE_LINUX);

		lan_tick(lan, 99 * SEC);
		assert_false(addr_of(lan));
		if (conflict) { /* what began in time may end later */
			comes(lan, &good);
			lan_tick(lan, 2 * SEC);
			assert_false(addr_of(lan));
			lan->answer = has_the_first;
			lan_tick(lan, 10 * SEC);
		}
		lan_tick(lan, 2 * SEC);
		assert_true(addr_of(lan) == ENDED);
		assert_null(lan->net->nf->hooks[NF_FAMILY_IPV4][NF_INET_PRE_ROUTING]);
		comes(lan, &good);
		lan_tick(lan, 10 * SEC);
		assert_false(lan_has(lan, WANTED));
		lan_destroy(lan);
	}
}

static void a_probe_that_began_in_time_may_end_later(void **state)
{
	struct lan *lan = listening(NETHOOD_PROFILE_LINUX);
	const struct packet good = GOOD;

	(void)state;
	lan_tick(lan, 99 * SEC);
	comes(lan, &good);
	lan_tick(lan, 10 * SEC);
	assert_true(addr_of(lan) == WANTED);
	lan_destroy(lan);
}

static void an_address_that_is_lost_may_be_followed_by_another(void **state)
{
	(void)state;
	for (int late = 0; late < 2; late++) {
		struct lan *lan = listening(NETHOOD_PROFILE_LINUX);
		struct packet p = GOOD;

		comes(lan, &p);
		lan_tick(lan, (late ? 120 : 20) * SEC);
		lan_arp(lan, ARPOP_REPLY, LAN_OTHER, WANTED, WANTED);
		assert_true(lan_has(lan, WANTED)); /* defended once */
		lan_arp(lan, ARPOP_REPLY, LAN_OTHER, WANTED, WANTED);
		assert_false(lan_has(lan, WANTED));
		assert_true(addr_of(lan) == (late ? ENDED : CONST_BE32(0)));
		p.daddr = IP4(10, 77, 0, 9);
		comes(lan, &p);
		lan_tick(lan, 10 * SEC);
		assert_int_equal(lan_has(lan, p.daddr), !late);
		lan_destroy(lan);
	}
}

static void a_device_that_has_an_address_needs_none(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 5);

	(void)state;
	assert_int_equal(lan_addr(lan, IP4(10, 1, 1, 1), 24, 0), 0);
	assert_int_equal(addr_by_arp_start(lan->dev, &rules), -EADDRINUSE);
	assert_int_equal(inet_del_ifa(lan->dev, inet_lookup_ifaddr(lan->net, IP4(10, 1, 1, 1)), 0), 0);
	assert_int_equal(addr_by_arp_start(lan->dev, &rules), 0);
	assert_int_equal(addr_by_arp_start(lan->dev, &rules), -EALREADY);
	assert_int_equal(lan_addr(lan, IP4(10, 1, 1, 1), 24, 0), 0); /* somebody sets one by hand */
	assert_true(addr_of(lan) == ENDED);
	lan_destroy(lan);
}

static void who_deletes_the_address_ends_it(void **state)
{
	struct lan *lan = listening(NETHOOD_PROFILE_LINUX);
	const struct packet good = GOOD;

	(void)state;
	comes(lan, &good);
	lan_tick(lan, 10 * SEC);
	assert_int_equal(inet_del_ifa(lan->dev, inet_lookup_ifaddr(lan->net, WANTED), 0), 0);
	assert_true(addr_of(lan) == ENDED);
	lan_destroy(lan);
}

static void what_cannot_be_started_is_refused(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 5);
	struct addr_by_arp_config bad[4] = { rules, rules, rules, rules };

	(void)state;
	bad[0].icmp_bytes = bad[0].port = 0;
	bad[1].prefixlen = 0;
	bad[2].prefixlen = 33;
	bad[3].timeout = 0;
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(addr_by_arp_start(lan->dev, &bad[i]), -EINVAL);
	assert_int_equal(addr_by_arp_start(dev_find_by_name(lan->net, "lo"), &rules), -EINVAL);
	lan_destroy(lan);
}

static void owner_told(void *ctx, struct nethood_dev *dev)
{
	u32 *told = ctx;

	assert_non_null(dev);
	(*told)++;
}

static void the_owner_is_told(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 5);
	const struct packet good = GOOD;
	struct in_addr addr;
	u32 told = 0;
	const struct nethood_by_arp_config cfg = { .icmp_bytes = ECHO_BYTES,
						   .prefix_bits = 24,
						   .timeout_ns = UINT64_MAX,
						   .changed = owner_told,
						   .ctx = &told };

	(void)state;
	assert_int_equal(nethood_by_arp_start(lan->handle, &cfg), 0);
	assert_int_equal(nethood_by_arp_addr(lan->handle, &addr), 0);
	assert_int_equal(addr.s_addr, 0);
	comes(lan, &good);
	lan_tick(lan, 10 * SEC);
	assert_int_equal(told, 1);
	assert_int_equal(nethood_by_arp_addr(lan->handle, &addr), 0);
	assert_int_equal(addr.s_addr, htonl(0x0a4d0005));
	assert_int_equal(nethood_by_arp_stop(lan->handle), 0);
	assert_int_equal(nethood_by_arp_addr(lan->handle, &addr), -ENOENT);
	lan_destroy(lan);
}

static void it_may_be_freed_at_any_time(void **state)
{
	const struct packet good = GOOD;

	(void)state;
	for (u64 at = 0; at < 10; at++) {
		for (int how = 0; how < 3; how++) {
			struct lan *lan = listening(NETHOOD_PROFILE_LINUX);

			comes(lan, &good);
			lan_tick(lan, at * SEC);
			if (how == 1)
				assert_int_equal(addr_by_arp_stop(lan->dev), 0);
			if (how == 2)
				nethood_dev_destroy(lan->handle);
			lan_destroy(lan);
		}
	}
}

static void ask_four_times(struct lan *lan)
{
	const struct packet good = GOOD;

	for (u32 n = 0; n < 4; n++) {
		comes(lan, &good);
		lan_tick(lan, 10 * SEC);
	}
}

static u64 play(struct nomem *m, const void *arg)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 5);

	(void)arg;
	lan->nomem = m;
	m->on = true;
	if (addr_by_arp_start(lan->dev, &rules))
		assert_true(addr_of(lan) == ENDED);
	ask_four_times(lan);
	m->on = false;
	if (addr_of(lan) == ENDED)
		assert_int_equal(addr_by_arp_start(lan->dev, &rules), 0);
	ask_four_times(lan);
	assert_true(addr_of(lan) == WANTED);
	assert_int_equal(inet_addr_type(lan->net, WANTED), RTN_LOCAL);
	lan_destroy(lan);
	return 0;
}

static void each_allocation_may_fail(void **state)
{
	(void)state;
	assert_true(nomem_each("an address by ARP", play, NULL) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_that_fits_gives_the_address),
		cmocka_unit_test(what_is_given_can_be_spoken_to),
		cmocka_unit_test(only_the_rules_that_are_given_count),
		cmocka_unit_test(an_address_that_somebody_has_is_not_taken),
		cmocka_unit_test(after_its_time_nothing_is_taken),
		cmocka_unit_test(a_probe_that_began_in_time_may_end_later),
		cmocka_unit_test(an_address_that_is_lost_may_be_followed_by_another),
		cmocka_unit_test(a_device_that_has_an_address_needs_none),
		cmocka_unit_test(who_deletes_the_address_ends_it),
		cmocka_unit_test(what_cannot_be_started_is_refused),
		cmocka_unit_test(the_owner_is_told),
		cmocka_unit_test(it_may_be_freed_at_any_time),
		cmocka_unit_test(each_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
