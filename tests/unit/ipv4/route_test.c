// SPDX-License-Identifier: BSD-2-Clause
/* Output and input routes: what ip(8) "route get" shows, which rtables are shared, and why packets are refused. */
#include "fib_shell.h"

static void must_all(struct world *w, const char *const *lines)
{
	const char *errmsg;

	for (; *lines; lines++) {
		int err = shell(w, *lines, &errmsg);

		if (err)
			fail_msg("%s: %d %s", *lines, err, errmsg ? errmsg : "");
	}
}

static const char *const setup[] = { "link lo up",
				     "link d0 up",
				     "link d1 up",
				     "addr add 10.77.0.2/24 dev d0",
				     "addr add 10.77.0.3/24 dev d0",
				     "addr add 10.78.0.2/24 dev d1",
				     "route add default via 10.77.0.1",
				     "route add 10.9.0.0/16 via 10.78.0.1",
				     "route add 10.6.0.0/16 dev d1 src 10.77.0.3",
				     "route add unreachable 10.20.0.0/16",
				     "route add prohibit 10.21.0.0/16",
				     "route add blackhole 10.22.0.0/16",
				     "route add throw 10.23.0.0/16",
				     NULL };

static void test_get(void **state)
{
	static const struct {
		const char *line;
		int err;
		const char *want;
	} row[] = {
		{ "8.8.8.8", 0, "8.8.8.8 via 10.77.0.1 dev d0 src 10.77.0.2" },
		{ "10.77.0.9", 0, "10.77.0.9 dev d0 src 10.77.0.2" },
		{ "10.9.1.1", 0, "10.9.1.1 via 10.78.0.1 dev d1 src 10.78.0.2" },
		{ "10.9.1.1 from 10.77.0.3", 0, "10.9.1.1 from 10.77.0.3 via 10.78.0.1 dev d1" },
		{ "10.6.0.1", 0, "10.6.0.1 dev d1 src 10.77.0.3" },
		{ "10.77.0.3", 0, "local 10.77.0.3 dev lo src 10.77.0.2" },
		{ "127.0.0.1", 0, "local 127.0.0.1 dev lo src 127.0.0.1" },
		{ "127.8.7.6", 0, "local 127.8.7.6 dev lo src 127.0.0.1" },
		{ "10.77.0.255", 0, "broadcast 10.77.0.255 dev d0 src 10.77.0.2" },
		{ "255.255.255.255", 0, "broadcast 255.255.255.255 dev d0 src 10.77.0.2" },
		{ "255.255.255.255 oif d1", 0, "broadcast 255.255.255.255 dev d1 src 10.78.0.2" },
		{ "255.255.255.255 from 10.78.0.2", 0, "broadcast 255.255.255.255 from 10.78.0.2 dev d1" },
		{ "224.0.0.5 oif d1", 0, "multicast 224.0.0.5 dev d1 src 10.78.0.2" },
		{ "239.1.2.3", 0, "multicast 239.1.2.3 dev d0 src 10.77.0.2" },
		{ "10.99.0.1 oif d1", 0, "10.99.0.1 dev d1 src 10.78.0.2" },
		{ "8.8.8.8 from 1.2.3.4", -ENETUNREACH, NULL },
		{ "8.8.8.8 from 224.0.0.1", -EINVAL, NULL },
		{ "8.8.8.8 from 127.0.0.1", -EINVAL, NULL },
		{ "10.20.0.1", -EHOSTUNREACH, NULL },
		{ "10.21.0.1", -EACCES, NULL },
		{ "10.22.0.1", -EINVAL, NULL },
		{ "10.23.0.1", -ENETUNREACH, NULL },
		{ "8.8.8.8 oif d2", -ENETUNREACH, NULL },
		{ "0.0.0.1", 0, "0.0.0.1 via 10.77.0.1 dev d0 src 10.77.0.2" },
		{ "10.20.0.1 oif d1", 0, "10.20.0.1 dev d1 src 10.78.0.2" },
	};
	struct world *w = world_create(3);
	char text[256];

	(void)state;
	must_all(w, setup);
	for (size_t i = 0; i < 3 * ARRAY_SIZE(row); i++) { /* each thrice: again from the small table, if it is there */
		const size_t at = i / 3;
		struct words ws;
		int err;

		split_words(&ws, row[at].line);
		err = shell_get(w, &ws, text, sizeof(text));
		if (err != row[at].err)
			fail_msg("%s: %d instead of %d", row[at].line, err, row[at].err);
		if (!err)
			assert_string_equal(text, row[at].want);
	}
	assert_true(w->ipv4.route->output_hits >= 10);
	world_destroy(w);
}

static struct rtable *route_to(struct world *w, const char *dst)
{
	struct flowi4 fl4 = { .daddr = ip4(dst) };
	struct rtable *rt;

	assert_int_equal(ip_route_output_flow(&w->net, &fl4, &rt), 0);
	return rt;
}

static bool current_rt(const struct world *w, const struct rtable *rt)
{
	return rt_is_current(rt, w->ipv4.rt_genid, w->net.now);
}

/* One rtable serves a next hop; any change of the tables makes those who hold it look again. */
static void test_sharing(void **state)
{
	struct world *w = world_create(2);
	struct rtable *a, *b, *c;

	(void)state;
	must_all(w, setup);
	a = route_to(w, "8.8.8.8");
	b = route_to(w, "9.9.9.9");
	c = route_to(w, "10.9.0.1");
	assert_ptr_equal(a, b);
	assert_ptr_not_equal(a, c);
	assert_true(current_rt(w, a));
	assert_int_equal(shell(w, "route add 9.9.9.0/24 via 10.78.0.1", NULL), 0);
	assert_false(current_rt(w, a));
	dst_release(&b->dst);
	b = route_to(w, "9.9.9.9");
	assert_true(b->gw4 == ip4("10.78.0.1"));
	dst_release(&b->dst);
	dst_release(&c->dst);
	/* a device may go while somebody holds a route through it */
	unregister_netdev(w->d[0]);
	world_tick(w, 1);
	assert_false(current_rt(w, a));
	assert_string_equal(a->dst.dev->name, "d0");
	dst_release(&a->dst);
	world_destroy(w);
}

static void test_path_mtu(void **state)
{
	struct world *w = world_create(2);
	struct rtable *a, *b;

	(void)state;
	must_all(w, setup);
	a = route_to(w, "8.8.8.8");
	assert_int_equal(ip_dst_mtu(a), 1500);
	ip_update_pmtu(&w->net, ip4("8.8.8.8"), 1400, 0);
	assert_false(current_rt(w, a)); /* who holds it hears of it */
	dst_release(&a->dst);
	a = route_to(w, "8.8.8.8");
	b = route_to(w, "8.8.4.4");
	assert_int_equal(ip_dst_mtu(a), 1400);
	assert_int_equal(ip_dst_mtu(b), 1500);
	assert_true(current_rt(w, a));
	/* larger again: not believed; too small: fragments instead */
	ip_update_pmtu(&w->net, ip4("8.8.8.8"), 1450, 0);
	assert_int_equal(ip_dst_mtu(a), 1400);
	ip_update_pmtu(&w->net, ip4("8.8.8.8"), 100, 0);
	dst_release(&a->dst);
	a = route_to(w, "8.8.8.8");
	assert_int_equal(ip_dst_mtu(a), 552);
	assert_true(a->mtu_locked);
	/* forgotten after a while */
	world_tick(w, 600 * NSEC_PER_SEC);
	assert_false(current_rt(w, a));
	dst_release(&a->dst);
	a = route_to(w, "8.8.8.8");
	assert_int_equal(ip_dst_mtu(a), 1500);
	dst_release(&a->dst);
	dst_release(&b->dst);
	/* a flood of them does not grow without end */
	for (u32 i = 0; i < RT_EXCEPTIONS_MAX + 100; i++)
		ip_update_pmtu(&w->net, cpu_to_be32(0x08000000 + i), 1000, 0);
	assert_int_equal(w->ipv4.route->exceptions.live_count, RT_EXCEPTIONS_MAX);
	assert_int_equal(w->ipv4.route->exceptions_evicted, 100);
	/* neither our addresses, nor a locked metric */
	assert_int_equal(shell(w, "route add 20.0.0.0/8 via 10.77.0.1 mtu lock 1300", NULL), 0);
	ip_update_pmtu(&w->net, ip4("20.0.0.1"), 1000, 0);
	a = route_to(w, "20.0.0.1");
	assert_int_equal(ip_dst_mtu(a), 1300);
	dst_release(&a->dst);
	world_destroy(w);
}

/* ------------------------------------------------------------------ input */

static struct sk_buff *packet(struct world *w, struct net_device *dev, const char *src, const char *dst)
{
	struct sk_buff *skb = alloc_skb(w->net.skb_pool, 64);
	struct iphdr *iph;

	assert_non_null(skb);
	skb_reset_network_header(skb);
	iph = skb_put(skb, sizeof(*iph));
	memset(iph, 0, sizeof(*iph));
	iph->version = 4;
	iph->ihl = 5;
	iph->protocol = 17;
	iph->saddr = ip4(src);
	iph->daddr = ip4(dst);
	skb->dev = dev;
	skb->protocol = CONST_BE16(ETH_P_IP);
	return skb;
}

enum outcome { REFUSED, LOCAL, FORWARDED, UNREACHABLE };

static enum outcome route_in(struct world *w, struct net_device *dev, const char *src, const char *dst,
			     enum skb_drop_reason *reason)
{
	struct sk_buff *skb = packet(w, dev, src, dst);
	enum outcome o = REFUSED;

	if (ip_route_input(skb, ip4(dst), ip4(src), 0, dev, reason) == 0)
		o = skb_dst(skb)->input == ip_local_deliver ? LOCAL
		    : skb_dst(skb)->input == ip_forward     ? FORWARDED
							    : UNREACHABLE;
	consume_skb(skb);
	return o;
}

static void test_input(void **state)
{
	static const struct {
		const char *what, *src, *dst;
		u32 dev;
		bool forwards;
		int rp_filter;
		enum outcome want;
		enum skb_drop_reason reason;
	} row[] = {
		{ "for us", "10.77.0.9", "10.77.0.2", 0, false, 0, LOCAL, 0 },
		{ "for our other address", "10.77.0.9", "10.78.0.2", 0, false, 0, LOCAL, 0 },
		{ "from anywhere", "8.8.8.8", "10.77.0.2", 0, false, 0, LOCAL, 0 },
		{ "broadcast", "10.77.0.9", "10.77.0.255", 0, false, 0, LOCAL, 0 },
		{ "limited broadcast", "10.77.0.9", "255.255.255.255", 0, false, 0, LOCAL, 0 },
		{ "who has no address yet", "0.0.0.0", "255.255.255.255", 0, false, 0, LOCAL, 0 },
		{ "all hosts", "10.77.0.9", "224.0.0.1", 0, false, 0, LOCAL, 0 },
		{ "a group nobody joined", "10.77.0.9", "239.1.1.1", 0, false, 0, REFUSED,
		  SKB_DROP_REASON_IP_INADDRERRORS },
		{ "a host does not forward", "10.77.0.9", "8.8.8.8", 0, false, 0, UNREACHABLE, 0 },
		{ "a router does", "10.78.0.9", "8.8.8.8", 1, true, 0, FORWARDED, 0 },
		{ "a router without a route", "10.78.0.9", "10.23.0.1", 1, true, 0, UNREACHABLE, 0 },
		{ "a router's prohibited route", "10.78.0.9", "10.21.0.1", 1, true, 0, UNREACHABLE, 0 },
		{ "from ourselves", "10.77.0.2", "10.78.0.2", 0, false, 0, REFUSED, SKB_DROP_REASON_IP_LOCAL_SOURCE },
		{ "from a group", "224.0.0.9", "10.77.0.2", 0, false, 0, REFUSED, SKB_DROP_REASON_IP_INVALID_SOURCE },
		{ "from everybody", "255.255.255.255", "10.77.0.2", 0, false, 0, REFUSED,
		  SKB_DROP_REASON_IP_INVALID_SOURCE },
		{ "from nobody", "0.0.0.0", "10.77.0.2", 0, false, 0, REFUSED, SKB_DROP_REASON_IP_INVALID_SOURCE },
		{ "to nobody", "10.77.0.9", "0.0.0.0", 0, false, 0, REFUSED, SKB_DROP_REASON_IP_INVALID_DEST },
		{ "to loopback", "10.77.0.9", "127.0.0.1", 0, false, 0, REFUSED, SKB_DROP_REASON_IP_LOCALNET },
		{ "from loopback", "127.0.0.1", "10.77.0.2", 0, false, 0, REFUSED, SKB_DROP_REASON_IP_LOCALNET },
		{ "loopback on lo", "127.0.0.1", "127.0.0.1", 9, false, 0, LOCAL, 0 },
		{ "ours on lo", "10.77.0.2", "10.78.0.2", 9, false, 0, LOCAL, 0 },
		{ "strict: the wrong way in", "10.78.0.9", "10.77.0.2", 0, false, 1, REFUSED,
		  SKB_DROP_REASON_IP_RPFILTER },
		{ "strict: the right way in", "10.78.0.9", "10.77.0.2", 1, false, 1, LOCAL, 0 },
		{ "loose: some way is enough", "10.78.0.9", "10.77.0.2", 0, false, 2, LOCAL, 0 },
		{ "loose: no way at all", "10.23.0.9", "10.77.0.2", 0, false, 2, REFUSED, SKB_DROP_REASON_IP_RPFILTER },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct world *w = world_create(2);
		enum skb_drop_reason reason = SKB_DROP_REASON_NOT_SPECIFIED;
		char line[64];

		must_all(w, setup);
		inet_forward_change(&w->net, row[i].forwards);
		snprintf(line, sizeof(line), "sysctl net.ipv4.conf.all.rp_filter %d", row[i].rp_filter);
		assert_int_equal(shell(w, line, NULL), 0);
		for (u32 k = 0; k < 3; k++) { /* again: from the small table, if it is there */
			enum outcome o = route_in(w, row[i].dev == 9 ? w->lo : w->d[row[i].dev], row[i].src, row[i].dst,
						  &reason);

			if (o != row[i].want || (o == REFUSED && reason != row[i].reason))
				fail_msg("%s: outcome %d, %s", row[i].what, (int)o, skb_drop_reason_name(reason));
		}
		world_destroy(w);
	}
}

/* What the small table remembers is forgotten with every change that could matter. */
static void test_input_cache(void **state)
{
	struct world *w = world_create(2);
	enum skb_drop_reason reason;

	(void)state;
	must_all(w, setup);
	assert_int_equal(route_in(w, w->d[0], "10.77.0.9", "10.77.0.2", &reason), LOCAL);
	assert_int_equal(route_in(w, w->d[0], "10.77.0.9", "10.77.0.2", &reason), LOCAL);
	assert_int_equal(w->ipv4.route->input_hits, 1);
	/* the sender's address becomes ours */
	assert_int_equal(shell(w, "addr add 10.77.0.9/24 dev d0", NULL), 0);
	assert_int_equal(route_in(w, w->d[0], "10.77.0.9", "10.77.0.2", &reason), REFUSED);
	assert_int_equal(shell(w, "addr del 10.77.0.9/24 dev d0", NULL), 0);
	assert_int_equal(route_in(w, w->d[0], "10.77.0.9", "10.77.0.3", &reason), LOCAL);
	/* the address that it was for goes */
	assert_int_equal(shell(w, "addr del 10.77.0.3/24 dev d0", NULL), 0);
	assert_int_equal(route_in(w, w->d[0], "10.77.0.9", "10.77.0.3", &reason), UNREACHABLE);
	assert_int_equal(shell(w, "sysctl net.ipv4.conf.all.accept_local 1", NULL), 0);
	assert_int_equal(route_in(w, w->d[0], "10.78.0.2", "10.77.0.2", &reason), LOCAL);
	assert_int_equal(shell(w, "sysctl net.ipv4.conf.all.accept_local 0", NULL), 0);
	assert_int_equal(route_in(w, w->d[0], "10.78.0.2", "10.77.0.2", &reason), REFUSED);
	/* many senders share few slots, and none gets another's route */
	for (u32 i = 0; i < 2000; i++) {
		char src[32];

		snprintf(src, sizeof(src), "10.77.%u.%u", 100 + i % 7, i % 250 + 1);
		assert_int_equal(route_in(w, w->d[0], src, i % 3 ? "10.77.0.2" : "10.78.0.2", &reason), LOCAL);
	}
	world_destroy(w);
}

static void must_get(struct world *w, const char *line, const char *want)
{
	struct words ws;
	char text[256];

	split_words(&ws, line);
	assert_int_equal(shell_get(w, &ws, text, sizeof(text)), 0);
	assert_string_equal(text, want);
}

/* The same of flows that begin here. */
static void test_output_cache(void **state)
{
	static const struct {
		const char *change, *want; /* of 10.9.1.1 */
	} row[] = {
		{ "link d0 up", "10.9.1.1 via 10.78.0.1 dev d1 src 10.78.0.2" },
		{ "route add 10.9.1.0/24 via 10.77.0.1", "10.9.1.1 via 10.77.0.1 dev d0 src 10.77.0.2" },
		{ "route del 10.9.1.0/24 via 10.77.0.1", "10.9.1.1 via 10.78.0.1 dev d1 src 10.78.0.2" },
		{ "addr add 10.9.1.1/32 dev d0", "local 10.9.1.1 dev lo src 10.9.1.1" },
		{ "addr del 10.9.1.1/32 dev d0", "10.9.1.1 via 10.78.0.1 dev d1 src 10.78.0.2" },
		{ "rule add pref 5 oif d1 unreachable", "10.9.1.1 via 10.78.0.1 dev d1 src 10.78.0.2" },
		{ "rule add pref 6 to 10.9.0.0/16 lookup 100", "10.9.1.1 via 10.78.0.1 dev d1 src 10.78.0.2" },
		{ "route add 10.9.0.0/16 via 10.77.0.1 table 100", "10.9.1.1 via 10.77.0.1 dev d0 src 10.77.0.2" },
		{ "rule del pref 6 to 10.9.0.0/16 lookup 100", "10.9.1.1 via 10.78.0.1 dev d1 src 10.78.0.2" },
		{ "link d1 down", "10.9.1.1 via 10.77.0.1 dev d0 src 10.77.0.2" },
	};
	struct world *w = world_create(2);

	(void)state;
	must_all(w, setup);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		assert_int_equal(shell(w, row[i].change, NULL), 0);
		must_get(w, "10.9.1.1", row[i].want);
		must_get(w, "10.9.1.1", row[i].want);
	}
	world_destroy(w);
}

/* Many flows share few slots, and none gets another's route; a class, a scope, a source of somebody else are other flows. */
static void test_output_cache_keys(void **state)
{
	struct world *w = world_create(2);
	struct flowi4 strange = { .daddr = ip4("8.8.8.8"), .saddr = ip4("1.2.3.4"), .flags = FLOWI_FLAG_ANYSRC };
	struct rtable *rt;

	(void)state;
	must_all(w, setup);
	assert_int_equal(shell(w, "route add 8.8.8.0/24 tos 0x10 via 10.78.0.1", NULL), 0);
	for (u32 i = 0; i < 2000; i++) {
		char dst[32], want[80];

		snprintf(dst, sizeof(dst), "10.%u.%u.%u", i % 2 ? 77 : 78, 0, i % 250 + 4);
		snprintf(want, sizeof(want), "%s dev %s", dst, i % 2 ? "d0 src 10.77.0.2" : "d1 src 10.78.0.2");
		must_get(w, dst, want);
		must_get(w, "8.8.8.8", "8.8.8.8 via 10.77.0.1 dev d0 src 10.77.0.2");
		must_get(w, "8.8.8.8 tos 0x10", "8.8.8.8 via 10.78.0.1 dev d1 src 10.78.0.2");
	}
	assert_int_equal(ip_route_output_flow(&w->net, &strange, &rt), 0);
	dst_release(&rt->dst);
	strange.flags = 0;
	assert_int_equal(ip_route_output_flow(&w->net, &strange, &rt), -ENETUNREACH);
	world_destroy(w);
}

static void test_without_memory(void **state)
{
	struct world *w = world_create(2);
	enum skb_drop_reason reason = SKB_DROP_REASON_NOT_SPECIFIED;
	enum outcome o = REFUSED;

	(void)state;
	must_all(w, setup);
	for (u32 n = 1; o != LOCAL; n++) {
		struct sk_buff *skb = packet(w, w->d[0], "10.77.0.9", "10.77.0.2");

		w->calls = 0;
		w->fail_at = n;
		if (ip_route_input(skb, ip4("10.77.0.2"), ip4("10.77.0.9"), 0, w->d[0], &reason) == 0)
			o = LOCAL;
		else
			assert_int_equal(reason, SKB_DROP_REASON_NOMEM);
		w->fail_at = 0;
		consume_skb(skb);
		assert_true(n < 10);
	}
	for (u32 n = 1;; n++) {
		struct flowi4 fl4 = { .daddr = ip4("8.8.8.8") };
		struct rtable *rt;
		int err;

		w->calls = 0;
		w->fail_at = n;
		err = ip_route_output_flow(&w->net, &fl4, &rt);
		w->fail_at = 0;
		if (!err) {
			dst_release(&rt->dst);
			break;
		}
		assert_int_equal(err, -ENOBUFS);
	}
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_sharing),
		cmocka_unit_test(test_path_mtu),
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_input_cache),
		cmocka_unit_test(test_output_cache),
		cmocka_unit_test(test_output_cache_keys),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
