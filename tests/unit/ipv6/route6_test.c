// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 routes that change by themselves: path MTUs, redirects, routers, devices, time, and no memory. */
#include <linux/icmpv6.h>

#include "fib6_shell.h"

static char text[1 << 18];

static const char *const two_links[] = { "link lo up",
					 "link d0 up",
					 "link d1 up",
					 "addr add ::1/128 dev lo",
					 "addr add 2001:db8::1/64 dev d0",
					 "addr add fe80::1/64 dev d0",
					 "addr add 2001:db8:1::1/64 dev d1",
					 "addr add fe80::11/64 dev d1",
					 NULL };

static struct world *linked_world(void)
{
	struct world *w = world_create(3);

	w->ipv6.route_mtu_expires_s = 600;
	must_all(w, two_links);
	return w;
}

static const char *get(struct world *w, const char *line)
{
	struct words ws;

	split_words(&ws, line);
	return shell_get(w, &ws, text, sizeof(text)) ? "none" : text;
}

static void route_is(struct world *w, const char *line, const char *says)
{
	const char *got = get(w, line);

	if (strcmp(got, says))
		fail_msg("%s: %s instead of %s", line, got, says);
}

static const char *table_of(struct world *w, const char *prefix)
{
	static char got[4096];
	const char *all = shell_routes(w, text, sizeof(text), RT_TABLE_MAIN, false);

	*got = 0;
	for (const char *line = all, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		if (strncmp(line, prefix, strlen(prefix)) == 0)
			strncat(got, line, (size_t)(end - line) + 1);
	}
	return got;
}

/* ------------------------------------------------------------------ path MTU.  @rfc 8201 */

static void told(struct world *w, const char *dst, u32 mtu)
{
	struct in6_addr d = ip6(dst);

	ip6_update_pmtu(&w->net, &d, NULL, mtu, 0, 0);
}

static void a_path_mtu_is_believed_for_a_while(void **state)
{
	static const struct {
		const char *sentence;
		u32 told;
		const char *says;
	} row[] = {
		{ "one that is not less than the device's is no news", 1500,
		  "3000::1 via fe80::9 dev d0 src 2001:db8::1" },
		{ "less than 1280 is never believed", 1279, "3000::1 via fe80::9 dev d0 src 2001:db8::1" },
		{ "less than before is", 1400, "3000::1 via fe80::9 dev d0 src 2001:db8::1 mtu 1400" },
		{ "more than before is not", 1450, "3000::1 via fe80::9 dev d0 src 2001:db8::1 mtu 1400" },
		{ "1280 is the least", 1280, "3000::1 via fe80::9 dev d0 src 2001:db8::1 mtu 1280" },
	};
	struct world *w = linked_world();

	(void)state;
	must(w, "route add default via fe80::9 dev d0");
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		told(w, "3000::1", row[i].told);
		route_is(w, "3000::1", row[i].says);
		route_is(w, "3000::2", "3000::2 via fe80::9 dev d0 src 2001:db8::1");
	}
	assert_string_equal(shell_routes(w, text, sizeof(text), 0, true),
			    "3000::1 via fe80::9 dev d0 metric 1024 expires 600sec mtu 1280 pref medium\n");
	world_tick(w, 599 * NSEC_PER_SEC);
	route_is(w, "3000::1", "3000::1 via fe80::9 dev d0 src 2001:db8::1 mtu 1280");
	world_tick(w, 2 * NSEC_PER_SEC);
	route_is(w, "3000::1", "3000::1 via fe80::9 dev d0 src 2001:db8::1");
	world_destroy(w);
}

static void who_holds_a_route_hears_of_its_mtu(void **state)
{
	struct world *w = linked_world();
	struct flowi6 fl6 = { .daddr = ip6("3000::1") };
	struct rt6_info *rt;

	(void)state;
	must(w, "route add default via fe80::9 dev d0");
	assert_int_equal(ip6_route_output_flow(&w->net, &fl6, &rt), 0);
	assert_true(rt6_is_current(rt, w->ipv6.rt_genid, w->net.now));
	told(w, "3000::1", 1400);
	assert_false(rt6_is_current(rt, w->ipv6.rt_genid, w->net.now));
	dst_release(&rt->dst);
	must(w, "route del default"); /* and takes what is known of its destinations along */
	assert_string_equal(shell_routes(w, text, sizeof(text), 0, true), "");
	world_destroy(w);
}

static void path_mtus_are_bounded(void **state)
{
	struct world *w = linked_world();
	char dst[32];

	(void)state;
	must(w, "route add default via fe80::9 dev d0");
	for (u32 i = 0; i < RT6_EXCEPTIONS_MAX + 10; i++) {
		snprintf(dst, sizeof(dst), "3000::%x", i + 1);
		told(w, dst, 1400);
	}
	assert_int_equal(w->ipv6.route->exceptions.live_count, RT6_EXCEPTIONS_MAX);
	assert_int_equal(w->ipv6.route->exceptions_evicted, 10);
	route_is(w, "3000::1", "3000::1 via fe80::9 dev d0 src 2001:db8::1"); /* the oldest went */
	route_is(w, "3000::b", "3000::b via fe80::9 dev d0 src 2001:db8::1 mtu 1400");
	world_destroy(w);
}

static void a_locked_mtu_is_learned_all_the_same(void **state)
{
	struct world *w = linked_world();

	(void)state;
	must(w, "route add default via fe80::9 dev d0 mtu lock 1450");
	told(w, "3000::1", 1400);
	route_is(w, "3000::1", "3000::1 via fe80::9 dev d0 src 2001:db8::1 mtu 1400");
	world_destroy(w);
}

/* ------------------------------------------------------------------ redirect.  @rfc 4861 8.3 */

static void redirected(struct world *w, const char *router, const char *dest, const char *target)
{
	static const u8 lladdr[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };
	struct in6_addr r = ip6(router), d = ip6(dest), t = ip6(target);

	rt6_do_redirect(w->d[0], &r, &d, &t, ipv6_addr_equal(&d, &t), lladdr);
}

static void a_redirect_of_the_router_is_followed(void **state)
{
	struct world *w = linked_world();
	struct in6_addr another = ip6("fe80::5"), recommended = ip6("fe80::6");

	(void)state;
	must(w, "route add default via fe80::9 dev d0");
	redirected(w, "fe80::8", "3000::1", "fe80::7");
	route_is(w, "3000::1", "3000::1 via fe80::9 dev d0 src 2001:db8::1"); /* not its router */
	redirected(w, "fe80::9", "3000::1", "fe80::7");
	route_is(w, "3000::1", "3000::1 via fe80::7 dev d0 src 2001:db8::1");
	redirected(w, "fe80::7", "3000::1", "fe80::6");
	route_is(w, "3000::1", "3000::1 via fe80::6 dev d0 src 2001:db8::1");
	redirected(w, "fe80::9", "3000::2", "3000::2");
	route_is(w, "3000::2", "3000::2 dev d0 src 2001:db8::1"); /* it is on the link */
	told(w, "3000::1", 1400);
	route_is(w, "3000::1", "3000::1 via fe80::6 dev d0 src 2001:db8::1 mtu 1400");
	rt6_clean_tohost(&w->net, &another); /* is no router any more */
	route_is(w, "3000::1", "3000::1 via fe80::6 dev d0 src 2001:db8::1 mtu 1400");
	rt6_clean_tohost(&w->net, &recommended);
	route_is(w, "3000::1", "3000::1 via fe80::9 dev d0 src 2001:db8::1");
	world_tick(w, 61 * NSEC_PER_SEC); /* nobody used them */
	route_is(w, "3000::2", "3000::2 via fe80::9 dev d0 src 2001:db8::1");
	world_destroy(w);
}

static void who_forwards_does_not_follow(void **state)
{
	struct world *w = linked_world();

	(void)state;
	must(w, "route add default via fe80::9 dev d0");
	w->idev[0].cnf.data[IPV6_DEVCONF_FORWARDING] = 1;
	redirected(w, "fe80::9", "3000::1", "fe80::7");
	w->idev[0].cnf.data[IPV6_DEVCONF_FORWARDING] = 0;
	w->idev[0].cnf.data[IPV6_DEVCONF_ACCEPT_REDIRECTS] = 0;
	redirected(w, "fe80::9", "3000::1", "fe80::7");
	route_is(w, "3000::1", "3000::1 via fe80::9 dev d0 src 2001:db8::1");
	world_destroy(w);
}

/* ------------------------------------------------------------------ routers.  @rfc 4861 6.3.4, 4191 */

static struct fib6_info *router(struct world *w, const char *gw, u8 pref, u32 lifetime_s)
{
	struct in6_addr g = ip6(gw);
	struct fib6_info *rt = rt6_get_dflt_router(&w->net, &g, w->d[0]);

	if (!rt)
		return rt6_add_dflt_router(&w->net, &g, w->d[0], pref, 1024, lifetime_s);
	rt6_set_ra_route(rt, pref, lifetime_s, 0);
	return rt;
}

static void silent(struct world *w, const char *gw, u8 state)
{
	static const u8 lladdr[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };
	struct in6_addr g = ip6(gw);
	struct neighbour *n;

	assert_int_equal(neigh_find_create(&w->nd, &g, w->d[0], &n), 0);
	assert_int_equal(neigh_update(n, state == NUD_FAILED ? NULL : lladdr, state,
				      NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_OVERRIDE, 0, NULL),
			 0);
}

static void a_host_chooses_among_routers(void **state)
{
	struct world *w = linked_world();

	(void)state;
	assert_non_null(router(w, "fe80::a", ICMPV6_ROUTER_PREF_MEDIUM, 1800));
	assert_non_null(router(w, "fe80::b", ICMPV6_ROUTER_PREF_HIGH, 1800));
	assert_non_null(router(w, "fe80::c", ICMPV6_ROUTER_PREF_LOW, 1800));
	assert_string_equal(table_of(w, "default"),
			    "default via fe80::a dev d0 proto ra metric 1024 expires 1800sec pref medium\n"
			    "default via fe80::b dev d0 proto ra metric 1024 expires 1800sec pref high\n"
			    "default via fe80::c dev d0 proto ra metric 1024 expires 1800sec pref low\n");
	route_is(w, "3000::1", "3000::1 via fe80::b dev d0 src 2001:db8::1");
	silent(w, "fe80::b", NUD_FAILED);
	route_is(w, "3000::1", "3000::1 via fe80::a dev d0 src 2001:db8::1");
	silent(w, "fe80::a", NUD_FAILED);
	route_is(w, "3000::1", "3000::1 via fe80::c dev d0 src 2001:db8::1");
	silent(w, "fe80::c", NUD_FAILED); /* then the best of those that are silent */
	route_is(w, "3000::1", "3000::1 via fe80::b dev d0 src 2001:db8::1");
	silent(w, "fe80::a", NUD_STALE);
	route_is(w, "3000::1", "3000::1 via fe80::a dev d0 src 2001:db8::1");
	w->all.data[IPV6_DEVCONF_FORWARDING] = 1; /* who forwards does not look at that */
	rt6_cache_flush(&w->net);
	route_is(w, "3000::1", "3000::1 via fe80::b dev d0 src 2001:db8::1");
	world_destroy(w);
}

static void strictly_silent_routers_take_turns(void **state)
{
	struct world *w = linked_world();
	char first[128], second[128];

	(void)state;
	w->net.profile = NET_PROFILE_STRICT;
	assert_non_null(router(w, "fe80::a", ICMPV6_ROUTER_PREF_MEDIUM, 1800));
	assert_non_null(router(w, "fe80::b", ICMPV6_ROUTER_PREF_MEDIUM, 1800));
	silent(w, "fe80::a", NUD_FAILED);
	silent(w, "fe80::b", NUD_FAILED);
	snprintf(first, sizeof(first), "%.99s", get(w, "3000::1"));
	snprintf(second, sizeof(second), "%.99s", get(w, "3000::1"));
	assert_string_not_equal(first, second);
	assert_string_equal(get(w, "3000::1"), first);
	world_destroy(w);
}

static void a_router_that_is_silent_is_asked_again(void **state)
{
	struct world *w = linked_world();
	struct in6_addr g = ip6("fe80::a");
	struct neighbour *n;

	(void)state;
	assert_non_null(router(w, "fe80::a", ICMPV6_ROUTER_PREF_HIGH, 1800));
	assert_non_null(router(w, "fe80::b", ICMPV6_ROUTER_PREF_LOW, 1800));
	silent(w, "fe80::a", NUD_FAILED);
	n = neigh_find(&w->nd, &g, w->d[0]);
	assert_non_null(n);
	(void)get(w, "3000::1");
	assert_int_equal(n->nud_state, NUD_FAILED); /* not yet */
	world_tick(w, 61 * NSEC_PER_SEC);
	(void)get(w, "3000::1");
	assert_int_equal(n->nud_state, NUD_INCOMPLETE);
	world_destroy(w);
}

static void routers_are_bounded_and_end(void **state)
{
	struct world *w = linked_world();
	char gw[32];

	(void)state;
	for (u32 i = 0; i < FIB6_ROUTERS_MAX + 3; i++) {
		snprintf(gw, sizeof(gw), "fe80::%x", 0x100 + i);
		assert_int_equal(router(w, gw, 0, 30) != NULL, i < FIB6_ROUTERS_MAX);
	}
	assert_int_equal(w->ipv6.fib->routers_refused, 3);
	assert_non_null(router(w, "fe80::100", 0, 300)); /* news of one that is known */
	world_tick(w, 31 * NSEC_PER_SEC);
	route_is(w, "3000::1",
		 "3000::1 via fe80::100 dev d0 src 2001:db8::1"); /* the only one whose time is not over */
	world_tick(w, 31 * NSEC_PER_SEC);
	assert_string_equal(table_of(w, "default"),
			    "default via fe80::100 dev d0 proto ra metric 1024 expires 238sec pref medium\n");
	world_destroy(w);
}

static void routes_of_router_advertisements(void **state)
{
	struct world *w = linked_world();
	struct in6_addr p = ip6("2001:db8:77::"), any = ip6("::"), g = ip6("fe80::a");

	(void)state;
	assert_int_equal(rt6_route_rcv(w->d[0], &p, 48, 2, 600, &g), -EINVAL);
	assert_int_equal(rt6_route_rcv(w->d[0], &p, 48, 1, 600, &g), 0);
	assert_int_equal(rt6_route_rcv(w->d[0], &any, 0, 3, 600, &g), 0);
	assert_string_equal(table_of(w, "2001:db8:77"),
			    "2001:db8:77::/48 via fe80::a dev d0 proto ra metric 1024 expires 600sec pref high\n");
	assert_string_equal(table_of(w, "default"),
			    "default via fe80::a dev d0 proto ra metric 1024 expires 600sec pref low\n");
	assert_int_equal(rt6_route_rcv(w->d[0], &p, 48, 0, UINT32_MAX, &g), 0);
	assert_string_equal(table_of(w, "2001:db8:77"),
			    "2001:db8:77::/48 via fe80::a dev d0 proto ra metric 1024 pref medium\n");
	assert_int_equal(rt6_route_rcv(w->d[0], &any, 0, 0, 0, &g), 0);
	assert_string_equal(table_of(w, "default"), "");
	assert_non_null(router(w, "fe80::a", 0, 100));
	rt6_clean_tohost(&w->net, &g); /* as Linux: the default route only */
	assert_string_equal(table_of(w, "default"), "");
	assert_string_equal(table_of(w, "2001:db8:77"),
			    "2001:db8:77::/48 via fe80::a dev d0 proto ra metric 1024 pref medium\n");
	assert_non_null(router(w, "fe80::a", 0, 100));
	must(w, "route add default via fe80::9 dev d0 metric 1");
	rt6_purge_dflt_routers(&w->net);
	assert_string_equal(table_of(w, "default"), "default via fe80::9 dev d0 metric 1 pref medium\n");
	world_destroy(w);
}

/* ------------------------------------------------------------------ devices, time, several next hops */

static void next_hops_follow_their_devices(void **state)
{
	struct world *w = linked_world();

	(void)state;
	must(w, "route add 3000::/16 nexthop via 2001:db8::2 nexthop via 2001:db8:1::3");
	must(w, "link d1 carrier off");
	route_is(w, "2001:db8:1::9", "2001:db8:1::9 dev d1 src 2001:db8:1::1");
	assert_string_equal(table_of(w, "3000"),
			    "3000::/16 metric 1024 pref medium nexthop via 2001:db8::2 dev d0 weight 1"
			    " nexthop via 2001:db8:1::3 dev d1 weight 1 linkdown\n");
	must(w, "link d1 carrier on");
	must(w, "link d1 down");
	assert_string_equal(table_of(w, "3000"),
			    "3000::/16 metric 1024 pref medium nexthop via 2001:db8::2 dev d0 weight 1"
			    " nexthop via 2001:db8:1::3 dev d1 weight 1 dead linkdown\n");
	for (u32 i = 1; i < 64; i++) {
		char line[32];

		snprintf(line, sizeof(line), "3000::%x", i);
		assert_non_null(strstr(get(w, line), "via 2001:db8::2 dev d0"));
	}
	must(w, "link d1 up");
	assert_string_equal(table_of(w, "3000"),
			    "3000::/16 metric 1024 pref medium nexthop via 2001:db8::2 dev d0 weight 1"
			    " nexthop via 2001:db8:1::3 dev d1 weight 1\n");
	must(w, "link d0 down");
	must(w, "link d1 down");
	assert_string_equal(table_of(w, ""), "");
	world_destroy(w);
}

static void shares_are_as_weights(void **state)
{
	struct world *w = linked_world();
	u32 count[2] = { 0, 0 };

	(void)state;
	must(w, "route add 3000::/16 nexthop via 2001:db8::2 weight 1 nexthop via 2001:db8:1::3 weight 3");
	for (u32 i = 1; i <= 4000; i++) {
		char line[32];

		snprintf(line, sizeof(line), "3000::%x", i);
		count[strstr(get(w, line), "dev d1") != NULL]++;
	}
	assert_in_range(count[0], 850, 1150);
	w->ipv6.fib_multipath_hash_policy = 1;
	count[0] = count[1] = 0;
	for (u32 i = 1; i <= 1000; i++) {
		char line[32];

		snprintf(line, sizeof(line), "3000::1 sport %u", i);
		count[strstr(get(w, line), "dev d1") != NULL]++;
	}
	assert_in_range(count[0], 180, 320);
	w->ipv6.fib_multipath_hash_policy = 3; /* by the fields that are named: not the ports, then one of them */
	for (u32 fields = 7; fields <= 0x17; fields += 0x10) {
		w->ipv6.fib_multipath_hash_fields = (int)fields;
		count[0] = count[1] = 0;
		for (u32 i = 1; i <= 1000; i++) {
			char line[32];

			snprintf(line, sizeof(line), "3000::1 sport %u", i);
			count[strstr(get(w, line), "dev d1") != NULL]++;
		}
		if (fields & 0x10)
			assert_in_range(count[0], 180, 320);
		else
			assert_true(count[0] == 0 || count[1] == 0);
	}
	world_destroy(w);
}

static void a_route_without_carrier_is_passed_over_if_asked(void **state)
{
	struct world *w = linked_world();

	(void)state;
	must(w, "route add 3000::/16 via 2001:db8:1::3 metric 1");
	must(w, "route add 3000::/16 via 2001:db8::2 metric 2");
	must(w, "link d1 carrier off");
	route_is(w, "3000::1", "3000::1 via 2001:db8:1::3 dev d1 src 2001:db8:1::1");
	w->idev[1].cnf.data[IPV6_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN] = 1;
	rt6_cache_flush(&w->net);
	route_is(w, "3000::1", "3000::1 via 2001:db8::2 dev d0 src 2001:db8::1");
	world_destroy(w);
}

static void a_route_whose_time_is_over_is_none(void **state)
{
	struct world *w = linked_world();

	(void)state;
	must(w, "route add 3000::/16 via 2001:db8::2 expires 10");
	route_is(w, "3000::1", "3000::1 via 2001:db8::2 dev d0 src 2001:db8::1");
	world_tick(w, 11 * NSEC_PER_SEC);
	route_is(w, "3000::1", "none");
	world_destroy(w);
}

/* ------------------------------------------------------------------ memory */

static void without_memory_nothing_changes(void **state)
{
	static const char *const lines[] = {
		"route add 3000::/16 via 2001:db8::2",
		"route add 3000:1::/32 nexthop via 2001:db8::2 nexthop via 2001:db8:1::3",
		"route add from 2001:db8::/32 3000:1::/32 via 2001:db8::2 metric 7",
		"route replace 3000:1::/32 via 2001:db8::9",
		"route append 3000:1::/32 via 2001:db8::a",
		"route add 3000:2::/32 dev d0 mtu 1400",
		"route add 3000:2::/48 dev d0 table 77",
	};
	struct world *w = linked_world();
	u32 refused = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		static char before[1 << 16], after[1 << 16];

		shell_routes(w, before, sizeof(before), 0, false);
		for (u32 n = 1;; n++) {
			int err;

			w->calls = 0;
			w->fail_at = n;
			err = shell(w, lines[i], NULL);
			w->fail_at = 0;
			if (!err)
				break;
			assert_int_equal(err, -ENOBUFS);
			refused++;
			shell_routes(w, after, sizeof(after), 0, false);
			assert_string_equal(before, after);
		}
	}
	assert_true(refused > 8);
	world_destroy(w);
}

static void what_cannot_be_removed_yet_is_not_seen(void **state)
{
	struct world *w = linked_world();

	(void)state;
	must(w, "route add 3000::/16 via 2001:db8::2");
	must(w, "route add 3001::/16 via 2001:db8::2");
	must(w, "route add 3002::/16 via 2001:db8::2");
	w->calls = 0;
	w->fail_at = 1;
	must(w, "route del 3001::/16");
	w->fail_at = 0;
	assert_int_equal(w->ipv6.fib->gone_count, 1);
	assert_string_equal(table_of(w, "3001"), "");
	route_is(w, "3001::1", "none");
	must(w, "route add 3001::/16 via 2001:db8::3");
	route_is(w, "3001::1", "3001::1 via 2001:db8::3 dev d0 src 2001:db8::1");
	world_tick(w, 31 * NSEC_PER_SEC);
	assert_int_equal(w->ipv6.fib->gone_count, 0);
	route_is(w, "3001::1", "3001::1 via 2001:db8::3 dev d0 src 2001:db8::1");
	world_destroy(w);
}

/* ------------------------------------------------------------------ input */

static void what_came_in(struct world *w, const char *src, const char *dst, struct net_device *dev, u8 type, int code)
{
	struct sk_buff *skb = alloc_skb(w->net.skb_pool, 128);
	enum skb_drop_reason reason;
	struct ipv6hdr *h;

	assert_non_null(skb);
	skb->dev = dev;
	skb_reset_network_header(skb);
	h = skb_put(skb, sizeof(*h));
	*h = (struct ipv6hdr){ .ver_tc_flow = ip6_flow_word(0, CONST_BE32(0)), .saddr = ip6(src), .daddr = ip6(dst) };
	assert_int_equal(ip6_route_input(skb, &reason), 0);
	assert_int_equal(skb_rt6_info(skb)->type, type);
	w->icmp_code = -1;
	skb_dst(skb)->input(skb);
	assert_int_equal(w->icmp_code, code);
}

/* Return: the device that a packet of that flow label goes on by */
static const struct net_device *goes_on_by(struct world *w, const char *dst, u32 label)
{
	struct sk_buff *skb = alloc_skb(w->net.skb_pool, 128);
	const struct net_device *dev;
	enum skb_drop_reason reason;
	struct ipv6hdr *h;

	assert_non_null(skb);
	skb->dev = w->d[0];
	skb_reset_network_header(skb);
	h = skb_put(skb, sizeof(*h));
	*h = (struct ipv6hdr){ .ver_tc_flow = ip6_flow_word(0, cpu_to_be32(label)),
			       .saddr = ip6("2001:db8::5"),
			       .daddr = ip6(dst) };
	assert_int_equal(ip6_route_input(skb, &reason), 0);
	dev = skb_rt6_info(skb)->dst.dev;
	consume_skb(skb);
	return dev;
}

static void flow_labels_share_a_route_but_not_the_choice(void **state)
{
	struct world *w = linked_world();
	u32 by_d1 = 0;
	u64 hits;

	(void)state;
	must(w, "route add 3000::/16 nexthop via 2001:db8::2 nexthop via 2001:db8:1::3");
	must(w, "route add 3001::/16 via 2001:db8:1::3");
	hits = w->ipv6.route->input_hits;
	for (u32 label = 1; label <= 100; label++)
		assert_ptr_equal(goes_on_by(w, "3001::1", label), w->d[1]);
	assert_int_equal(w->ipv6.route->input_hits - hits, 99);
	for (u32 label = 1; label <= 100; label++) {
		bool d1 = goes_on_by(w, "3000::1", label) == w->d[1];

		assert_int_equal(goes_on_by(w, "3000::1", label) == w->d[1], d1);
		by_d1 += d1;
	}
	assert_in_range(by_d1, 30, 70);
	assert_int_equal(w->ipv6.route->input_hits - hits, 199);
	world_destroy(w);
}

static void who_hears_much_remembers_more(void **state)
{
	struct world *w = linked_world();
	char dst[32];

	(void)state;
	must(w, "route add 3001::/16 via 2001:db8:1::3");
	assert_ptr_equal(goes_on_by(w, "3001::1", 0), w->d[1]);
	assert_int_equal(w->ipv6.route->input_slots, RT6_INPUT_CACHE_FIRST);
	for (u32 i = 0; i < 2 * RT6_INPUT_CACHE_EVICTED; i++) {
		snprintf(dst, sizeof(dst), "3001::%x", i);
		assert_ptr_equal(goes_on_by(w, dst, 0), w->d[1]);
	}
	assert_int_equal(w->ipv6.route->input_slots, RT6_INPUT_CACHE_SLOTS);
	world_destroy(w);
}

static const struct {
	const char *saddr, *daddr;
	u8 dev, type;
	int code;
} way_rows[] = {
	{ "2001:db8::5", "2001:db8::1", 0, RTN_LOCAL, -1 },
	{ "2001:db8:1::5", "2001:db8::1", 1, RTN_LOCAL, -1 }, /* the host is one */
	{ "fe80::5", "fe80::1", 0, RTN_LOCAL, -1 },
	{ "fe80::5", "ff02::1", 0, RTN_MULTICAST, -1 },
	{ "2001:db8::5", "2001:db8:1::5", 0, RTN_UNICAST, -1 },
	{ "2001:db8::5", "3000::1", 0, RTN_UNREACHABLE, ICMPV6_NOROUTE },
	{ "2001:db8::5", "3001::1", 0, RTN_PROHIBIT, ICMPV6_ADM_PROHIBITED },
	{ "2001:db8::5", "3002::1", 0, RTN_BLACKHOLE, -1 },
	{ "2001:db8::5", "4000::1", 0, RTN_UNREACHABLE, ICMPV6_NOROUTE },
};

static void what_comes_in_finds_its_way(void **state)
{
	struct world *w = linked_world();

	(void)state;
	must(w, "route add unreachable 3000::/16");
	must(w, "route add prohibit 3001::/16");
	must(w, "route add blackhole 3002::/16");
	must(w, "route add multicast ff00::/8 dev d0 table 255");
	for (u32 i = 0; i < ARRAY_SIZE(way_rows); i++) {
		for (u32 again = 0; again < 2; again++) /* the second time it is remembered */
			what_came_in(w, way_rows[i].saddr, way_rows[i].daddr, w->d[way_rows[i].dev], way_rows[i].type,
				     way_rows[i].code);
	}
	assert_true(w->ipv6.route->input_hits >= 6);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_mtu_is_believed_for_a_while),
		cmocka_unit_test(who_holds_a_route_hears_of_its_mtu),
		cmocka_unit_test(path_mtus_are_bounded),
		cmocka_unit_test(a_locked_mtu_is_learned_all_the_same),
		cmocka_unit_test(a_redirect_of_the_router_is_followed),
		cmocka_unit_test(who_forwards_does_not_follow),
		cmocka_unit_test(a_host_chooses_among_routers),
		cmocka_unit_test(strictly_silent_routers_take_turns),
		cmocka_unit_test(a_router_that_is_silent_is_asked_again),
		cmocka_unit_test(routers_are_bounded_and_end),
		cmocka_unit_test(routes_of_router_advertisements),
		cmocka_unit_test(next_hops_follow_their_devices),
		cmocka_unit_test(shares_are_as_weights),
		cmocka_unit_test(a_route_without_carrier_is_passed_over_if_asked),
		cmocka_unit_test(a_route_whose_time_is_over_is_none),
		cmocka_unit_test(without_memory_nothing_changes),
		cmocka_unit_test(what_cannot_be_removed_yet_is_not_seen),
		cmocka_unit_test(what_comes_in_finds_its_way),
		cmocka_unit_test(who_hears_much_remembers_more),
		cmocka_unit_test(flow_labels_share_a_route_but_not_the_choice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
