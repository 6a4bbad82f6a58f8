// SPDX-License-Identifier: BSD-2-Clause
/* The checker of IPv6 speaks when something does not hold: each row plants a lie in a net that has some of everything. */
#include "ipv6/addrconf_internal.h"
#include "ipv6/fib6_internal.h"
#include "ipv6/mcast_internal.h"
#include "nd_world.h"

#define FAR "2001:db8:9::1"

/* ------------------------------------------------------------------ a net that has some of everything */

static void add_route(struct world *w, u32 nh_count, u32 expires_s)
{
	struct fib6_config_nh nh[2] = {
		{ .oif = w->netdev[0]->ifindex, .has_gateway = true, .gateway = in6("fe80::1") },
		{ .oif = w->netdev[0]->ifindex, .has_gateway = true, .gateway = in6("fe80::9") }
	};
	const struct fib6_config cfg = { .dst = in6(nh_count ? "2001:db8:9::" : "2001:db8:8::"),
					 .dst_len = 64,
					 .oif = w->netdev[0]->ifindex,
					 .has_gateway = true,
					 .gateway = in6("fe80::1"),
					 .type = RTN_UNICAST,
					 .nh_count = nh_count,
					 .nh = nh,
					 .expires_s = expires_s,
					 .nlflags = NLM_F_CREATE };

	assert_int_equal(ip6_route_add(w->net, &cfg, NULL), 0);
}

static void send_fragment(struct world *w, u32 id)
{
	u8 packet[IPV6_HEADER_BYTES + 16] = { 0x60, [5] = 16, NEXTHDR_FRAGMENT, 64 };
	const struct in6_addr src = in6(HOST), dst = in6(OURS);
	const struct frag_hdr fh = { .nexthdr = IPPROTO_ICMPV6,
				     .frag_off = CONST_BE16(64 | 1),
				     .identification = cpu_to_be32(id) };

	memcpy(packet + 8, &src, sizeof(src));
	memcpy(packet + 24, &dst, sizeof(dst));
	memcpy(packet + IPV6_HEADER_BYTES, &fh, sizeof(fh));
	world_send_raw(w, 0, MAC_OURS[0], packet, sizeof(packet));
}

static struct world *full_world(void)
{
	struct world *w = world_create();
	struct in6_addr dst = in6(FAR);

	add_route(w, 2, 0);
	add_route(w, 0, 300);
	ip6_update_pmtu(w->net, &dst, NULL, 1300, 0, 0);
	send_fragment(w, 1);
	assert_string_equal(nethood_check(w->public_net) ?: "", "");
	return w;
}

static struct inet6_ifaddr *ours(struct world *w)
{
	struct in6_addr addr = in6(OURS);

	return ipv6_get_ifaddr(w->net, &addr, w->netdev[0]);
}

static struct fib6_info *route(struct world *w, const char *prefix)
{
	struct in6_addr dst = in6(prefix);

	return fib6_prefix_first(w->net->ipv6->fib->main, &dst, 64);
}

static struct rt6_exception *told(struct world *w)
{
	return list_first_entry(&w->net->ipv6->route->exception_list, struct rt6_exception, node);
}

/* ------------------------------------------------------------------ lies: told twice, each is taken back */

static void miscounted_addresses(struct world *w)
{
	in6_dev_get_rcu(w->netdev[0])->addr_count ^= 1;
}

static void temporary_of_nobody(struct world *w)
{
	ours(w)->ifpub = ours(w)->ifpub ? NULL : ours(w);
}

static void not_delivered(struct world *w)
{
	static struct fib6_info *kept;
	struct fib6_info *rt = ours(w)->rt;

	ours(w)->rt = kept;
	kept = rt;
}

static struct ifmcaddr6 *our_group(struct world *w)
{
	struct in6_addr group = in6(OURS_GROUP);

	return mld_group_find(in6_dev_get_rcu(w->netdev[0]), &group);
}

static void a_user_without_a_mode(struct world *w)
{
	our_group(w)->users ^= 64;
}

static void fewer_than_need_it(struct world *w)
{
	our_group(w)->users ^= 3; /* two addresses have the same group: 2 becomes 1 */
	our_group(w)->mode_users[MLD_EXCLUDE] ^= 3;
}

static void miscounted_routes(struct world *w)
{
	w->net->ipv6->fib->main->route_count ^= 1;
}

static void miscounted_ends(struct world *w)
{
	w->net->ipv6->fib->expiring_count ^= 1;
}

static void an_end_unsaid(struct world *w)
{
	route(w, "2001:db8:8::")->flags ^= RTF_EXPIRES;
}

static void gone_and_leads(struct world *w)
{
	static struct fib6_info *f; /* one that is gone is not found */

	f = f ? f : route(w, "2001:db8:9::");
	f->gone ^= 1;
}

static void a_lost_sibling(struct world *w)
{
	route(w, "2001:db8:9::")->nsiblings ^= 1;
}

static void shares_overlap(struct world *w)
{
	route(w, "2001:db8:9::")->upper_bound ^= 0x80000000;
}

static void told_of_nobodys_route(struct world *w)
{
	told(w)->f->has_exceptions ^= 1;
}

static void a_narrow_path(struct world *w)
{
	told(w)->pmtu_bytes ^= 1024;
}

static void found_elsewhere(struct world *w)
{
	told(w)->daddr.s6_addr[9] ^= 1;
}

static void fragments_over_the_bound(struct world *w)
{
	static int bytes = 100;
	int was = w->net->ipv6->ip6frag_high_thresh_bytes;

	w->net->ipv6->ip6frag_high_thresh_bytes = bytes;
	bytes = was;
}

static const struct {
	const char *says;
	void (*lie)(struct world *w);
} rows[] = {
	{ "addresses are counted", miscounted_addresses },
	{ "only a temporary address belongs to another", temporary_of_nobody },
	{ "what is ours is delivered to us", not_delivered },
	{ "each user of a group has a mode", a_user_without_a_mode },
	{ "who needs a group is in it", fewer_than_need_it },
	{ "a table counts its routes", miscounted_routes },
	{ "the routes that end are counted", miscounted_ends },
	{ "a route that ends says so", an_end_unsaid },
	{ "a route that is gone leads nobody", gone_and_leads },
	{ "next hops of one route are all its siblings", a_lost_sibling },
	{ "shares of the hash do not overlap", shares_overlap },
	{ "what is told goes with its route", told_of_nobodys_route },
	{ "what is told is a router, or an MTU", a_narrow_path },
	{ "what is told of a destination is found", found_elsewhere },
	{ "the memory of fragments is bounded", fragments_over_the_bound },
};

static void each_lie_is_found_by_its_name(void **state)
{
	struct world *w = full_world();

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *says;

		rows[i].lie(w);
		says = nethood_check(w->public_net);
		rows[i].lie(w);
		if (!says || strcmp(says, rows[i].says) != 0)
			fail_msg("planted: %s; said: %s", rows[i].says, says ?: "nothing");
		assert_string_equal(nethood_check(w->public_net) ?: "", "");
	}
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_lie_is_found_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
