// SPDX-License-Identifier: BSD-2-Clause
/* Addresses of devices: how they come, what they bring with them, how they go; as a kernel namespace shows it. */
#include "nd_world.h"

#include <errno.h>
#include <netinet/in.h>

#include "ipv6/ip6_fib.h"
#include "ipv6/mcast.h"

#define ADDRS_BYTES 4096U

static char text[ADDRS_BYTES];

struct flag_name {
	u32 flag;
	const char *name;
};

/* "eth0 fd77::2/64 tentative\n" ... */
static const char *addrs(const struct world *w)
{
	static const struct flag_name names[] = {
		{ IFA_F_TENTATIVE, " tentative" },   { IFA_F_DADFAILED, " dadfailed" },
		{ IFA_F_DEPRECATED, " deprecated" }, { IFA_F_OPTIMISTIC, " optimistic" },
		{ IFA_F_NODAD, " nodad" },
	};
	const struct inet6_ifaddr *ifp;
	const struct net_device *dev;
	char a[INET6_ADDRSTRLEN];
	size_t n = 0;

	text[0] = '\0';
	for_each_netdev(w->net, dev) {
		if (!in6_dev_get_rcu(dev))
			continue;
		list_for_each_entry(ifp, &in6_dev_get_rcu(dev)->addr_list, if_list) {
			inet_ntop(AF_INET6, &ifp->addr, a, sizeof(a));
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %s/%u", dev->name, a, ifp->prefix_len);
			for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
				if (ifp->flags & names[i].flag)
					n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", names[i].name);
			}
			n += (size_t)snprintf(text + n, sizeof(text) - n, "\n");
		}
	}
	return text;
}

static int collect(void *ctx, const char *piece, size_t len)
{
	char *to = ctx;
	size_t used = strlen(to);

	assert_true(used + len < ADDRS_BYTES);
	memcpy(to + used, piece, len);
	to[used + len] = '\0';
	return 0;
}

static const char *proc(struct world *w, const char *path)
{
	text[0] = '\0';
	assert_int_equal(nethood_proc_read(w->public_net, path, collect, text), 0);
	return text;
}

static bool has_group(const struct world *w, const char *group)
{
	struct in6_addr g = in6(group);

	return ipv6_chk_mcast_addr(w->netdev[0], &g, NULL);
}

static const struct setup with_dad = { .dad = true };

static void test_a_device_comes_up(void **state)
{
	struct world *w = world_create_as(&with_dad);

	(void)state;
	assert_string_equal(addrs(w), "lo ::1/128\n"
				      "eth0 fd77::2/64 tentative\n"
				      "eth0 fe80::ff:fe00:2/64 tentative\n"
				      "eth1 fd78::2/64 tentative\n"
				      "eth1 fe80::ff:fe00:3/64 tentative\n");
	assert_true(has_group(w, "ff02::1"));
	assert_true(has_group(w, "ff01::1"));
	assert_true(has_group(w, "ff02::1:ff00:2"));
	assert_false(has_group(w, "ff02::2"));
	world_tick(w, 3 * NSEC_PER_SEC);
	assert_string_equal(addrs(w), "lo ::1/128\n"
				      "eth0 fd77::2/64\n"
				      "eth0 fe80::ff:fe00:2/64\n"
				      "eth1 fd78::2/64\n"
				      "eth1 fe80::ff:fe00:3/64\n");
	assert_string_equal(proc(w, "net/if_inet6"), "00000000000000000000000000000001 01 80 10 80       lo\n"
						     "fd770000000000000000000000000002 02 40 00 80     eth0\n"
						     "fe80000000000000000000fffe000002 02 40 20 80     eth0\n"
						     "fd780000000000000000000000000002 03 40 00 80     eth1\n"
						     "fe80000000000000000000fffe000003 03 40 20 80     eth1\n");
	world_destroy(w);
}

static void test_probes(void **state)
{
	struct world *w = world_create_as(&with_dad);
	const struct frame *f;

	(void)state;
	world_tick(w, 3 * NSEC_PER_SEC);
	assert_int_equal(world_count(w, NDISC_NEIGHBOUR_SOLICITATION), 4);
	f = world_find(w, NDISC_NEIGHBOUR_SOLICITATION);
	assert_true(frame_between(f, "::", "ff02::1:ff00:2"));
	assert_int_equal(frame_ip(f)->hop_limit, 255);
	assert_int_equal(f->len_bytes, IPV6_HEADER_BYTES + 24 + 8); /* a nonce, and no link-layer address */
	assert_int_equal(f->packet[64], 14);
	assert_int_equal(world_count(w, NDISC_ROUTER_SOLICITATION), 0); /* the world's setting */
	world_destroy(w);
}

static void test_somebody_else_has_it(void **state)
{
	struct world *w = world_create_as(&with_dad);
	struct spec claim = na(OURS, ND_NA_OVERRIDE, TLLA("\x09"), 8);
	struct spec probe = ns("::", OURS_LL);

	(void)state;
	claim.dst = ALL_NODES;
	world_tick(w, 100 * NSEC_PER_MSEC);
	world_send(w, 0, &claim);
	world_send(w, 0, &probe); /* somebody tries the same */
	world_tick(w, 3 * NSEC_PER_SEC);
	assert_string_equal(addrs(w), "lo ::1/128\n"
				      "eth0 fd77::2/64 tentative dadfailed\n"
				      "eth0 fe80::ff:fe00:2/64 tentative dadfailed\n"
				      "eth1 fd78::2/64\n"
				      "eth1 fe80::ff:fe00:3/64\n");
	assert_string_equal(w->log[0], "eth0: IPv6 duplicate address fd77::2 used by 02:00:00:00:aa:01 detected!");
	assert_false(ipv6_chk_addr(w->net, &(struct in6_addr){ .s6_addr = { 0xfd, 0x77, [15] = 2 } }, NULL));
	world_destroy(w);
}

static void test_our_own_probe_comes_back(void **state)
{
	struct world *w = world_create_as(&with_dad);
	const struct frame *f;
	u8 frame[128];

	(void)state;
	world_tick(w, 100 * NSEC_PER_MSEC);
	f = world_find(w, NDISC_NEIGHBOUR_SOLICITATION);
	assert_non_null(f);
	memcpy(frame, f->packet, f->len_bytes);
	world_send_raw(w, 0, f->dst, frame, f->len_bytes); /* a loop: the nonce is ours */
	world_tick(w, 3 * NSEC_PER_SEC);
	assert_null(strstr(addrs(w), "dadfailed"));
	world_destroy(w);
}

static void test_accept_dad_2(void **state)
{
	static const char *const sysctls[] = { "net.ipv6.conf.default.accept_dad", "2", NULL };
	struct world *w = world_create_as(&(struct setup){ .dad = true, .sysctls = sysctls });
	struct spec probe = ns("::", OURS_LL);
	char value[16];

	(void)state;
	world_tick(w, 100 * NSEC_PER_MSEC);
	world_send(w, 0, &probe);
	assert_int_equal(nethood_sysctl_get(w->public_net, "net.ipv6.conf.eth0.disable_ipv6", value, sizeof(value)), 1);
	assert_string_equal(value, "1");
	assert_null(strstr(addrs(w), "eth0"));
	world_sysctl(w, "net.ipv6.conf.eth0.disable_ipv6", "0");
	world_tick(w, 3 * NSEC_PER_SEC);
	assert_non_null(strstr(addrs(w), "eth0 fe80::ff:fe00:2/64\n"));
	world_destroy(w);
}

static void test_down_and_up(void **state)
{
	struct world *w = world_create();

	(void)state;
	dev_close(w->netdev[0]);
	assert_null(strstr(addrs(w), "eth0"));
	assert_false(has_group(w, OURS_GROUP));
	assert_true(has_group(w, "ff02::1"));
	assert_int_equal(dev_open(w->netdev[0]), 0);
	world_tick(w, 3 * NSEC_PER_SEC);
	assert_non_null(strstr(addrs(w), "eth0 fe80::ff:fe00:2/64\n"));
	assert_null(strstr(addrs(w), "fd77::2"));
	world_destroy(w);
}

static void test_addresses_that_stay(void **state)
{
	struct world *w = world_create();

	(void)state;
	world_sysctl(w, "net.ipv6.conf.eth0.keep_addr_on_down", "1");
	world_address(w, "fd77::3", 0);
	world_tick(w, NSEC_PER_SEC);
	dev_close(w->netdev[0]);
	assert_non_null(strstr(addrs(w), "eth0 fd77::3/64 tentative\neth0 fd77::2/64 nodad\neth1"));
	assert_int_equal(dev_open(w->netdev[0]), 0);
	world_tick(w, 3 * NSEC_PER_SEC);
	assert_non_null(strstr(addrs(w), "eth0 fd77::3/64\neth0 fd77::2/64 nodad\neth0 fe80::ff:fe00:2/64\n"));
	world_destroy(w);
}

static void test_too_small_for_ipv6(void **state)
{
	struct world *w = world_create();

	(void)state;
	assert_int_equal(dev_set_mtu(w->netdev[0], 1279), 0);
	assert_null(in6_dev_get_rcu(w->netdev[0]));
	assert_int_equal(dev_set_mtu(w->netdev[0], 1280), 0);
	world_tick(w, 3 * NSEC_PER_SEC);
	assert_non_null(strstr(addrs(w), "eth0 fe80::ff:fe00:2/64\n"));
	world_destroy(w);
}

/* ------------------------------------------------------------------ what is refused, in the kernel's words */

static void test_refusals(void **state)
{
	static const struct {
		const char *what, *addr, *text;
		u32 flags, valid_s, prefered_s, nlflags;
		u8 plen;
		int err;
	} row[] = {
		{ "a group", "ff02::5", "ipv6: Cannot assign multicast address without \"IFA_F_MCAUTOJOIN\" flag", 0, 9,
		  9, 0, 64, -EADDRNOTAVAIL },
		{ "no address", "::", "ipv6: Invalid address", 0, 9, 9, 0, 64, -EADDRNOTAVAIL },
		{ "loopback", "::1", "ipv6: Cannot assign loopback address on this device", 0, 9, 9, 0, 64,
		  -EADDRNOTAVAIL },
		{ "too long a prefix", "fd77::9", "ipv6: Invalid prefix length", 0, 9, 9, 0, 129, -EINVAL },
		{ "it is there", OURS, "ipv6: address already assigned", 0, 9, 9, 0, 64, -EEXIST },
		{ "preferred longer than valid", "fd77::9", "ipv6: address lifetime invalid", 0, 9, 10, 0, 64,
		  -EINVAL },
		{ "no lifetime", "fd77::9", "ipv6: address lifetime invalid", 0, 0, 0, 0, 64, -EINVAL },
		{ "temporary of a /65", "fd77::9",
		  "ipv6: address with \"mngtmpaddr\" flag must have a prefix length of 64", IFA_F_MANAGETEMPADDR, 9, 9,
		  0, 65, -EINVAL },
		{ "to join what is no group", "fd77::9", "ipv6: Multicast auto join failed", IFA_F_MCAUTOJOIN, 9, 9, 0,
		  64, -EINVAL },
	};
	struct world *w = world_create();
	const char *errmsg;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct ifa6_config cfg = { .addr = in6(row[i].addr),
					   .prefix_len = row[i].plen,
					   .flags = row[i].flags,
					   .valid_lft_s = row[i].valid_s,
					   .prefered_lft_s = row[i].prefered_s };
		size_t before = w->net->mem->live_bytes;
		int err;

		errmsg = NULL;
		err = inet6_addr_add(w->netdev[0], &cfg, &errmsg);
		if (err != row[i].err || strcmp(errmsg ? errmsg : "", row[i].text) != 0)
			fail_msg("%s: %d %s", row[i].what, err, errmsg ? errmsg : "");
		rcu_quiescent(&w->net->rcu);
		assert_int_equal(before, w->net->mem->live_bytes);
	}
	assert_int_equal(inet6_addr_del(w->netdev[0], &(struct in6_addr){ 0 }, 64, &errmsg), -EADDRNOTAVAIL);
	assert_string_equal(errmsg, "ipv6: address not found");
	world_sysctl(w, "net.ipv6.conf.eth0.disable_ipv6", "1");
	struct ifa6_config cfg = { .addr = in6("fd77::9"), .prefix_len = 64, .valid_lft_s = 9, .prefered_lft_s = 9 };
	assert_int_equal(inet6_addr_add(w->netdev[0], &cfg, &errmsg), -EACCES);
	assert_string_equal(errmsg, "ipv6: IPv6 is disabled on this device");
	world_destroy(w);
}

/* ------------------------------------------------------------------ lifetimes */

static void test_lifetimes(void **state)
{
	struct world *w = world_create();
	struct ifa6_config cfg = {
		.addr = in6("fd77::9"), .prefix_len = 64, .flags = IFA_F_NODAD, .valid_lft_s = 20, .prefered_lft_s = 10
	};

	(void)state;
	assert_int_equal(inet6_addr_add(w->netdev[0], &cfg, NULL), 0);
	assert_non_null(strstr(addrs(w), "fd77::9/64 nodad\n"));
	world_tick(w, 11 * NSEC_PER_SEC);
	assert_non_null(strstr(addrs(w), "fd77::9/64 deprecated nodad\n"));
	cfg.nlflags = NLM_F_REPLACE;
	assert_int_equal(inet6_addr_add(w->netdev[0], &cfg, NULL), 0); /* anew */
	world_tick(w, 9 * NSEC_PER_SEC);
	assert_non_null(strstr(addrs(w), "fd77::9/64 nodad\n"));
	world_tick(w, 12 * NSEC_PER_SEC);
	assert_null(strstr(addrs(w), "fd77::9"));
	world_destroy(w);
}

/* ------------------------------------------------------------------ prefixes of routers */

static void prefix(struct world *w, const char *p, u8 flags, u32 valid_s, u32 prefered_s)
{
	const struct ra_prefix info = { .prefix = in6(p),
					.prefix_len = 64,
					.onlink = flags & 0x80,
					.autoconf = flags & 0x40,
					.valid_lft_s = valid_s,
					.prefered_lft_s = prefered_s };

	addrconf_prefix_rcv(w->netdev[0], &info, true);
	world_tick(w, 3 * NSEC_PER_SEC);
}

static u32 valid_left(struct world *w, const char *a)
{
	struct in6_addr addr = in6(a);
	const struct inet6_ifaddr *ifp = ipv6_get_ifaddr(w->net, &addr, w->netdev[0]);

	assert_non_null(ifp);
	return ifp->valid_lft_s - (u32)((w->net->now - ifp->tstamp) / NSEC_PER_SEC);
}

static void test_an_address_of_a_prefix(void **state)
{
	static const char mine[] = "2001:db8::ff:fe00:2";
	struct world *w = world_create();

	(void)state;
	prefix(w, "2001:db8::", 0xc0, 86400, 14400);
	assert_non_null(strstr(addrs(w), "eth0 2001:db8::ff:fe00:2/64\n"));
	assert_true(valid_left(w, mine) > 86390);
	prefix(w, "2001:db8::", 0xc0, 60, 60); /* RFC 4862 5.5.3 e: nobody shortens it below two hours */
	assert_true(valid_left(w, mine) > 7190 && valid_left(w, mine) <= 7200);
	prefix(w, "2001:db8::", 0xc0, 10, 10); /* less than two hours are left: ignored */
	assert_true(valid_left(w, mine) > 7180);
	prefix(w, "2001:db8::", 0xc0, 8000, 0); /* longer: believed; deprecated */
	assert_true(valid_left(w, mine) > 7990);
	assert_non_null(strstr(addrs(w), "eth0 2001:db8::ff:fe00:2/64 deprecated\n"));
	world_sysctl(w, "net.ipv6.conf.eth0.ra_honor_pio_life", "1");
	prefix(w, "2001:db8::", 0xc0, 60, 60);
	assert_true(valid_left(w, mine) <= 60);
	world_tick(w, 61 * NSEC_PER_SEC);
	assert_null(strstr(addrs(w), "2001:db8::"));
	world_destroy(w);
}

static void test_prefixes_that_give_no_address(void **state)
{
	struct world *w = world_create();
	struct ra_prefix p = { .prefix = in6("2001:db8::"),
			       .prefix_len = 56,
			       .onlink = true,
			       .autoconf = true,
			       .valid_lft_s = 100,
			       .prefered_lft_s = 100 };

	(void)state;
	addrconf_prefix_rcv(w->netdev[0], &p, true); /* not a /64 */
	p.prefix_len = 64;
	p.prefered_lft_s = 101; /* longer than valid */
	addrconf_prefix_rcv(w->netdev[0], &p, true);
	p.prefered_lft_s = 100;
	p.prefix = in6("fe80::");
	addrconf_prefix_rcv(w->netdev[0], &p, true);
	p.prefix = in6("ff02::");
	addrconf_prefix_rcv(w->netdev[0], &p, true);
	p.prefix = in6("2001:db8:1::");
	p.autoconf = false;
	addrconf_prefix_rcv(w->netdev[0], &p, true);
	p.autoconf = p.dhcpv6_pd = true;
	world_sysctl(w, "net.ipv6.conf.eth0.ra_honor_pio_pflag", "1");
	addrconf_prefix_rcv(w->netdev[0], &p, true);
	world_sysctl(w, "net.ipv6.conf.eth0.ra_honor_pio_pflag", "0");
	world_sysctl(w, "net.ipv6.conf.eth0.autoconf", "0");
	addrconf_prefix_rcv(w->netdev[0], &p, true);
	world_tick(w, NSEC_PER_SEC);
	assert_null(strstr(addrs(w), "2001:db8"));
	world_destroy(w);
}

static void test_no_more_than_max_addresses(void **state)
{
	struct world *w = world_create();

	(void)state;
	for (u32 i = 0; i < 200; i++) {
		const struct ra_prefix info = { .prefix_len = 64,
						.onlink = true,
						.autoconf = true,
						.valid_lft_s = 1000,
						.prefered_lft_s = 1000,
						.prefix = { .s6_addr = { 0x20, 1, 0xd, 0xb8, 0, (u8)i } } };

		addrconf_prefix_rcv(w->netdev[0], &info, true);
	}
	assert_int_equal(in6_dev_get_rcu(w->netdev[0])->addr_count, 16);
	world_destroy(w);
}

static bool has_prefix_route(struct world *w, u8 i)
{
	const struct in6_addr p = { .s6_addr = { 0x20, 1, 0xd, 0xb8, 0, i } };

	return addrconf_get_prefix_route(&p, 64, w->netdev[0], 0, 0) != NULL;
}

static void prefixes(struct world *w, u32 first, u32 count, u32 valid_s)
{
	struct ra_prefix p = { .prefix_len = 64, .onlink = true, .valid_lft_s = valid_s, .prefered_lft_s = valid_s };

	for (u32 i = first; i < first + count; i++) {
		p.prefix = (struct in6_addr){ .s6_addr = { 0x20, 1, 0xd, 0xb8, 0, (u8)i } };
		addrconf_prefix_rcv(w->netdev[0], &p, true);
	}
}

/* The routes of prefixes that are over wait for the collector: others do not come beside them, but instead. */
static void test_prefixes_that_are_over_make_room(void **state)
{
	struct world *w = world_create();
	u32 count = 0;

	(void)state;
	for (u32 turn = 0; turn < 3; turn++) {
		prefixes(w, turn * RA_PREFIXES_MAX, RA_PREFIXES_MAX, 1);
		world_tick(w, 1500 * NSEC_PER_MSEC);
	}
	for (u32 i = 0; i < 3 * RA_PREFIXES_MAX; i++)
		count += has_prefix_route(w, (u8)i);
	assert_int_equal(count, RA_PREFIXES_MAX);
	world_destroy(w);
}

/* On another link other prefixes are believed, however long those of the last one would have lived. */
static void test_a_link_that_was_down_has_other_prefixes(void **state)
{
	struct world *w = world_create();

	(void)state;
	prefixes(w, 0, RA_PREFIXES_MAX, INFINITY_LIFE_TIME);
	dev_close(w->netdev[0]);
	assert_int_equal(dev_open(w->netdev[0]), 0);
	prefixes(w, 100, RA_PREFIXES_MAX, INFINITY_LIFE_TIME);
	assert_true(has_prefix_route(w, 100) && has_prefix_route(w, 99 + RA_PREFIXES_MAX));
	world_destroy(w);
}

/* docs/DIFFERENCES.md: a flood of advertisements makes no more routes than that */
static void test_no_more_prefixes_than_a_device_believes(void **state)
{
	struct world *w = world_create();
	struct ra_prefix p = { .prefix_len = 64, .onlink = true, .valid_lft_s = 1000, .prefered_lft_s = 1000 };

	(void)state;
	for (u32 i = 0; i < 200; i++) {
		p.prefix = (struct in6_addr){ .s6_addr = { 0x20, 1, 0xd, 0xb8, 0, (u8)i } };
		addrconf_prefix_rcv(w->netdev[0], &p, true);
	}
	assert_true(has_prefix_route(w, RA_PREFIXES_MAX - 1));
	assert_false(has_prefix_route(w, RA_PREFIXES_MAX));
	p.prefix = (struct in6_addr){ .s6_addr = { 0x20, 1, 0xd, 0xb8, 0, 7 } };
	p.valid_lft_s = p.prefered_lft_s = 0;
	addrconf_prefix_rcv(w->netdev[0], &p, true); /* one goes, another may come */
	assert_false(has_prefix_route(w, 7));
	p.prefix.s6_addr[5] = 99;
	p.valid_lft_s = p.prefered_lft_s = 1000;
	addrconf_prefix_rcv(w->netdev[0], &p, true);
	assert_true(has_prefix_route(w, 99));
	world_tick(w, 1001 * NSEC_PER_SEC); /* they end by themselves */
	p.prefix.s6_addr[5] = 100;
	addrconf_prefix_rcv(w->netdev[0], &p, true);
	assert_true(has_prefix_route(w, 100));
	world_destroy(w);
}

/* docs/DIFFERENCES.md: what a change of the lifetime makes of the prefix's route; a group that goes with its address */
static void test_a_lifetime_reaches_the_route(void **state)
{
	struct world *w = world_create();
	struct ifa6_config cfg = { .addr = in6("fd99::9"),
				   .prefix_len = 64,
				   .flags = IFA_F_NODAD,
				   .valid_lft_s = INFINITY_LIFE_TIME,
				   .prefered_lft_s = INFINITY_LIFE_TIME };
	const struct in6_addr prefix_ = in6("fd99::");

	(void)state;
	assert_int_equal(inet6_addr_add(w->netdev[0], &cfg, NULL), 0);
	cfg.nlflags = NLM_F_REPLACE;
	cfg.valid_lft_s = cfg.prefered_lft_s = 100;
	assert_int_equal(inet6_addr_add(w->netdev[0], &cfg, NULL), 0);
	world_tick(w, 99 * NSEC_PER_SEC);
	assert_non_null(addrconf_get_prefix_route(&prefix_, 64, w->netdev[0], 0, 0));
	world_tick(w, 70 * NSEC_PER_SEC);
	assert_null(addrconf_get_prefix_route(&prefix_, 64, w->netdev[0], 0, 0));
	world_destroy(w);
}

static void test_a_joined_group_goes_with_its_address(void **state)
{
	struct world *w = world_create();
	struct ifa6_config cfg = { .addr = in6("ff05::99"),
				   .prefix_len = 128,
				   .flags = IFA_F_NODAD | IFA_F_MCAUTOJOIN | IFA_F_NOPREFIXROUTE,
				   .valid_lft_s = INFINITY_LIFE_TIME,
				   .prefered_lft_s = INFINITY_LIFE_TIME };

	(void)state;
	assert_int_equal(inet6_addr_add(w->netdev[0], &cfg, NULL), 0);
	assert_true(has_group(w, "ff05::99"));
	world_sysctl(w, "net.ipv6.conf.eth0.disable_ipv6", "1");
	assert_false(has_group(w, "ff05::99"));
	world_destroy(w);
}

static void test_temporary_addresses(void **state)
{
	struct world *w = world_create();
	const struct inet6_dev *idev = in6_dev_get_rcu(w->netdev[0]);
	const struct inet6_ifaddr *ift;
	struct in6_addr first;

	(void)state;
	world_sysctl(w, "net.ipv6.conf.eth0.use_tempaddr", "2");
	world_sysctl(w, "net.ipv6.conf.eth0.temp_prefered_lft", "1000");
	world_sysctl(w, "net.ipv6.conf.eth0.temp_valid_lft", "2000");
	world_sysctl(w, "net.ipv6.conf.eth0.max_desync_factor", "10");
	prefix(w, "2001:db8::", 0xc0, 86400, 86400);
	assert_false(list_empty(&idev->tempaddr_list));
	ift = list_first_entry(&idev->tempaddr_list, struct inet6_ifaddr, tmp_list);
	assert_true(ift->flags & IFA_F_TEMPORARY);
	assert_false(ift->flags & IFA_F_TENTATIVE);
	assert_true(ift->prefered_lft_s > 980 && ift->prefered_lft_s <= 1000);
	first = ift->addr;
	struct in6_addr dst = in6("2001:db8:ffff::1"), src;
	assert_int_equal(ipv6_dev_get_saddr(w->net, w->netdev[0], &dst, 0, &src), 0);
	assert_true(ipv6_addr_equal(&src, &first));
	assert_int_equal(ipv6_dev_get_saddr(w->net, w->netdev[0], &dst, IPV6_PREFER_SRC_PUBLIC, &src), 0);
	assert_false(ipv6_addr_equal(&src, &first));
	for (u32 i = 0; i < 20; i++)
		world_tick(w, 50 * NSEC_PER_SEC);
	ift = list_first_entry(&idev->tempaddr_list, struct inet6_ifaddr, tmp_list);
	assert_false(ipv6_addr_equal(&ift->addr, &first)); /* its successor was there in time */
	assert_true(ipv6_get_ifaddr(w->net, &first, NULL)->flags & IFA_F_DEPRECATED);
	for (u32 i = 0; i < 21; i++)
		world_tick(w, 50 * NSEC_PER_SEC);
	assert_null(ipv6_get_ifaddr(w->net, &first, NULL));
	world_destroy(w);
}

static void test_stable_opaque_addresses(void **state)
{
	static const char *const sysctls[] = { "net.ipv6.conf.default.stable_secret", "2001:db8::1", NULL };
	struct world *w = world_create_as(&(struct setup){ .dad = true, .sysctls = sysctls });
	struct in6_addr lladdr, again, group;
	struct spec probe = ns("::", "::");
	char a[INET6_ADDRSTRLEN], g[INET6_ADDRSTRLEN];

	(void)state;
	world_tick(w, 100 * NSEC_PER_MSEC);
	assert_int_equal(ipv6_get_lladdr(w->netdev[0], &lladdr, 0), 0);
	assert_null(strstr(addrs(w), "fe80::ff:fe00:2"));
	inet_ntop(AF_INET6, &lladdr, a, sizeof(a));
	probe.target = a; /* a conflict: RFC 7217 6, the next one is tried */
	addrconf_addr_solict_mult(&lladdr, &group);
	probe.dst = inet_ntop(AF_INET6, &group, g, sizeof(g));
	world_send(w, 0, &probe);
	world_tick(w, 5 * NSEC_PER_SEC);
	assert_int_equal(ipv6_get_lladdr(w->netdev[0], &again, IFA_F_TENTATIVE), 0);
	assert_false(ipv6_addr_equal(&lladdr, &again));
	world_destroy(w);
}

/* ------------------------------------------------------------------ router solicitations */

static void test_solicitations(void **state)
{
	static const char *const sysctls[] = { "net.ipv6.conf.default.router_solicitations", "-1", NULL };
	struct world *w = world_create_as(&(struct setup){ .dad = true, .sysctls = sysctls });
	u32 count;

	(void)state;
	world_tick(w, 2 * NSEC_PER_SEC);
	assert_int_equal(world_count(w, NDISC_ROUTER_SOLICITATION), 2); /* one of each device, at once */
	assert_true(frame_between(world_find(w, NDISC_ROUTER_SOLICITATION), OURS_LL, "ff02::2"));
	world_tick(w, 300 * NSEC_PER_SEC);
	count = world_count(w, NDISC_ROUTER_SOLICITATION); /* after 4, 8, 16, 32 ... seconds.  RFC 7559 */
	assert_true(count >= 12 && count <= 16);
	addrconf_ra_seen(in6_dev_get_rcu(w->netdev[0]));
	addrconf_ra_seen(in6_dev_get_rcu(w->netdev[1]));
	world_tick(w, 3000 * NSEC_PER_SEC);
	assert_int_equal(world_count(w, NDISC_ROUTER_SOLICITATION), count);
	world_destroy(w);
}

/* ------------------------------------------------------------------ forwarding */

static void test_a_router(void **state)
{
	struct world *w = world_create();
	struct in6_addr any = in6("fd77::");

	(void)state;
	world_sysctl(w, "net.ipv6.conf.all.forwarding", "1");
	assert_true(has_group(w, "ff02::2"));
	assert_true(has_group(w, "ff01::2"));
	assert_true(has_group(w, "ff05::2"));
	assert_true(ipv6_chk_acast_addr(w->net, w->netdev[0], &any));
	assert_string_equal(proc(w, "net/anycast6"), "2    eth0            fe800000000000000000000000000000     1\n"
						     "2    eth0            fd770000000000000000000000000000     1\n"
						     "3    eth1            fe800000000000000000000000000000     1\n"
						     "3    eth1            fd780000000000000000000000000000     1\n");
	world_sysctl(w, "net.ipv6.conf.eth0.forwarding", "0");
	assert_false(has_group(w, "ff02::2"));
	assert_false(ipv6_chk_acast_addr(w->net, w->netdev[0], &any));
	dev_close(w->netdev[1]);
	assert_string_equal(proc(w, "net/anycast6"), "");
	world_destroy(w);
}

/* ------------------------------------------------------------------ no memory, at any place */

static void life(struct world *w)
{
	struct ifa6_config cfg = { .addr = in6("fd77::9"),
				   .prefix_len = 64,
				   .flags = IFA_F_NODAD,
				   .valid_lft_s = INFINITY_LIFE_TIME,
				   .prefered_lft_s = INFINITY_LIFE_TIME };
	struct in6_addr group = in6("ff05::99"), source = in6("2001:db8::5");

	(void)inet6_addr_add(w->netdev[0], &cfg, NULL);
	(void)inet6_addr_del(w->netdev[0], &cfg.addr, 64, NULL);
	if (!ipv6_dev_mc_inc_mode(w->netdev[0], &group, MCAST_INCLUDE)) {
		if (!ip6_mc_filter(w->netdev[0], &group, MCAST_INCLUDE, &source, 1, 1))
			(void)ip6_mc_filter(w->netdev[0], &group, MCAST_INCLUDE, &source, 1, -1);
		(void)ipv6_dev_mc_dec_mode(w->netdev[0], &group, MCAST_INCLUDE);
	}
	dev_close(w->netdev[0]);
	if (!dev_open(w->netdev[0]))
		prefix(w, "2001:db8::", 0xc0, 86400, 86400);
	(void)nethood_sysctl_set(w->public_net, "net.ipv6.conf.all.forwarding", "1");
	(void)dev_set_mtu(w->netdev[1], 1000);
	(void)dev_set_mtu(w->netdev[1], 1500);
	world_tick(w, 5 * NSEC_PER_SEC);
}

static void test_no_memory(void **state)
{
	u32 calls;

	(void)state;
	for (u32 at = 1;; at++) {
		struct world *w = world_create();

		w->fail_at = at;
		life(w);
		calls = w->alloc_calls;
		world_destroy(w);
		if (calls < at)
			break;
	}
	assert_true(calls > 20);
}

/* Whatever found no memory at first: who has the address hears who asks for it. */
static void test_an_address_is_heard_of_once_there_is_memory(void **state)
{
	struct ifa6_config cfg = { .addr = in6("fd77::3"),
				   .prefix_len = 64,
				   .valid_lft_s = INFINITY_LIFE_TIME,
				   .prefered_lft_s = INFINITY_LIFE_TIME };
	u32 calls, there = 0;

	(void)state;
	for (u32 at = 1;; at++) {
		struct world *w = world_create();

		w->fail_at = w->alloc_calls + at;
		calls = w->alloc_calls;
		(void)inet6_addr_add(w->netdev[0], &cfg, NULL);
		world_tick(w, 5 * NSEC_PER_SEC);
		calls = w->alloc_calls - calls;
		if (strstr(addrs(w), "fd77::3")) {
			there++;
			assert_non_null(strstr(addrs(w), "eth0 fd77::3/64\n"));
			assert_true(has_group(w, "ff02::1:ff00:3"));
		}
		world_destroy(w);
		if (calls < at)
			break;
	}
	assert_true(there > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_device_comes_up),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_somebody_else_has_it),
		cmocka_unit_test(test_our_own_probe_comes_back),
		cmocka_unit_test(test_accept_dad_2),
		cmocka_unit_test(test_down_and_up),
		cmocka_unit_test(test_addresses_that_stay),
		cmocka_unit_test(test_too_small_for_ipv6),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_lifetimes),
		cmocka_unit_test(test_an_address_of_a_prefix),
		cmocka_unit_test(test_prefixes_that_give_no_address),
		cmocka_unit_test(test_no_more_than_max_addresses),
		cmocka_unit_test(test_prefixes_that_are_over_make_room),
		cmocka_unit_test(test_a_link_that_was_down_has_other_prefixes),
		cmocka_unit_test(test_no_more_prefixes_than_a_device_believes),
		cmocka_unit_test(test_a_lifetime_reaches_the_route),
		cmocka_unit_test(test_a_joined_group_goes_with_its_address),
		cmocka_unit_test(test_temporary_addresses),
		cmocka_unit_test(test_stable_opaque_addresses),
		cmocka_unit_test(test_solicitations),
		cmocka_unit_test(test_a_router),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_an_address_is_heard_of_once_there_is_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
