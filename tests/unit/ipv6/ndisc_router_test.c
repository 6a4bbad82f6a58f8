// SPDX-License-Identifier: BSD-2-Clause
/* Routers: their advertisements, what they make of a host, redirects heard and told. */
#include "nd_world.h"

#include <errno.h>
#include <linux/neighbour.h>

#include "base/csum.h"
#include "ipv6/ip6_fib.h"
#include "ipv6/ip6_route.h"

#define RA NDISC_ROUTER_ADVERTISEMENT
#define ROUTER_LL "fe80::1"

/* ------------------------------------------------------------------ what is said, what there is */

/** struct told - one advertisement.  Zero: as most are */
struct told {
	const char *src; /**< ROUTER_LL */
	u8 hop_limit, flags;
	u16 lifetime_s;
	u32 reachable_ms, retrans_ms;
	const void *options;
	u32 options_bytes;
};

static void tell(struct world *w, const struct told *t)
{
	u8 body[8 + 512];
	struct spec s = { .src = t->src ? t->src : ROUTER_LL,
			  .dst = ALL_NODES,
			  .type = RA,
			  .rest = { t->hop_limit, t->flags, (u8)(t->lifetime_s >> 8), (u8)t->lifetime_s },
			  .body = body,
			  .body_bytes = 8 + t->options_bytes };

	put_unaligned_be32(cpu_to_be32(t->reachable_ms), body);
	put_unaligned_be32(cpu_to_be32(t->retrans_ms), body + 4);
	if (t->options_bytes)
		memcpy(body + 8, t->options, t->options_bytes);
	world_send(w, 0, &s);
}

/** struct found - routes to a prefix that fib6_dump() showed */
struct found {
	struct in6_addr dst, gateway;
	u8 plen;
	u32 count, metric;
	s64 expires_s;
	u8 pref, protocol;
	bool expires;
};

static int find_route(void *ctx, const struct fib6_route_view *r)
{
	struct found *f = ctx;

	if (r->table_id != RT_TABLE_MAIN || r->dst_len != f->plen || !ipv6_addr_equal(&r->dst, &f->dst))
		return 0;
	f->count++;
	f->metric = r->metric;
	f->pref = r->pref;
	f->protocol = r->protocol;
	f->expires = r->expires;
	f->expires_s = r->expires_s;
	f->gateway = r->nh.gateway;
	return 0;
}

static struct found routes_to(struct world *w, const char *dst, u8 plen)
{
	struct found f = { .dst = in6(dst), .plen = plen };
	struct fib6_dump_cursor cursor = { 0 };

	(void)fib6_dump(w->net, &cursor, RT_TABLE_MAIN, false, find_route, &f);
	return f;
}

static int conf(const struct world *w, u32 what)
{
	return w->netdev[0]->ip6_ptr->cnf.data[what];
}

static s64 parm_ms(const struct world *w, u32 var)
{
	return w->netdev[0]->neigh_parms[NEIGH_ND_TABLE]->data[var] / NSEC_PER_MSEC;
}

/* ------------------------------------------------------------------ default routes */

static void a_router_is_one_for_its_lifetime(void **state)
{
	struct world *w = world_create();
	struct found f;

	(void)state;
	tell(w, &(struct told){ .lifetime_s = 100, .flags = 1 << 3, .options = SLLA("\x01"), .options_bytes = 8 });
	f = routes_to(w, "::", 0);
	assert_int_equal(f.count, 1);
	assert_int_equal(f.metric, 1024);
	assert_int_equal(f.pref, ICMPV6_ROUTER_PREF_HIGH);
	assert_int_equal(f.protocol, RTPROT_RA);
	assert_true(f.expires && f.expires_s > 98 && f.expires_s <= 100);
	world_neigh_is(w, ROUTER_LL, 1, NUD_STALE);
	assert_true(world_neigh(w, ROUTER_LL)->flags & NTF_ROUTER);
	tell(w, &(struct told){ .lifetime_s = 50, .flags = 2 << 3 });
	f = routes_to(w, "::", 0);
	assert_int_equal(f.count, 1);
	assert_int_equal(f.pref, ICMPV6_ROUTER_PREF_MEDIUM); /* RFC 4191: 2 is none */
	assert_true(f.expires_s <= 50);
	tell(w, &(struct told){ .lifetime_s = 0 });
	assert_int_equal(routes_to(w, "::", 0).count, 0);
	tell(w, &(struct told){ .lifetime_s = 2 });
	world_tick(w, 40 * NSEC_PER_SEC);
	assert_int_equal(routes_to(w, "::", 0).count, 0);
	world_destroy(w);
}

static void who_is_a_router_to_whom(void **state)
{
	static const struct {
		const char *says, *key, *value, *key2, *value2;
		u32 lifetime_s, routes;
	} rows[] = {
		{ "as devices are born", NULL, NULL, NULL, NULL, 100, 1 },
		{ "nobody is believed", "accept_ra", "0", NULL, NULL, 100, 0 },
		{ "a router does not listen", "forwarding", "1", NULL, NULL, 100, 0 },
		{ "unless it is told to", "forwarding", "1", "accept_ra", "2", 100, 1 },
		{ "no default routes", "accept_ra_defrtr", "0", NULL, NULL, 100, 0 },
		{ "too short a life", "accept_ra_min_lft", "101", NULL, NULL, 100, 0 },
		{ "just long enough", "accept_ra_min_lft", "100", NULL, NULL, 100, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		char key[64];

		print_message("%s\n", rows[i].says);
		if (rows[i].key) {
			snprintf(key, sizeof(key), "net.ipv6.conf.eth0.%s", rows[i].key);
			world_sysctl(w, key, rows[i].value);
		}
		if (rows[i].key2) {
			snprintf(key, sizeof(key), "net.ipv6.conf.eth0.%s", rows[i].key2);
			world_sysctl(w, key, rows[i].value2);
		}
		tell(w, &(struct told){
				.lifetime_s = (u16)rows[i].lifetime_s, .options = SLLA("\x01"), .options_bytes = 8 });
		assert_int_equal(routes_to(w, "::", 0).count, rows[i].routes);
		world_neigh_is(w, ROUTER_LL, 1, NUD_STALE); /* it has spoken, whatever it said */
		world_destroy(w);
	}
}

static void routers_do_not_become_more_and_more(void **state)
{
	struct world *w = world_create();
	char src[32];

	(void)state;
	for (u32 i = 1; i <= 40; i++) {
		snprintf(src, sizeof(src), "fe80::%x", i);
		tell(w, &(struct told){ .src = src, .lifetime_s = 1000 });
	}
	assert_int_equal(routes_to(w, "::", 0).count, 16);
	assert_int_equal(world_drops(w, SKB_DROP_REASON_IPV6_NDISC_IGNORED), 24);
	world_destroy(w);
}

static void the_metric_is_the_administrators(void **state)
{
	struct world *w = world_create();

	(void)state;
	tell(w, &(struct told){ .lifetime_s = 100 });
	world_sysctl(w, "net.ipv6.conf.eth0.ra_defrtr_metric", "512");
	tell(w, &(struct told){ .lifetime_s = 100 });
	assert_int_equal(routes_to(w, "::", 0).count, 1);
	assert_int_equal(routes_to(w, "::", 0).metric, 512);
	world_destroy(w);
}

static void a_router_that_says_it_is_none_is_none(void **state)
{
	struct world *w = world_create();
	struct spec s = na(ROUTER_LL, ND_NA_SOLICITED | ND_NA_OVERRIDE | ND_NA_ROUTER, TLLA("\x01"), 8);

	(void)state;
	s.dst = OURS_LL;
	tell(w, &(struct told){ .lifetime_s = 100, .options = SLLA("\x01"), .options_bytes = 8 });
	world_send(w, 0, &s);
	assert_int_equal(routes_to(w, "::", 0).count, 1);
	s.rest[0] &= (u8)~ND_NA_ROUTER;
	world_send(w, 0, &s);
	assert_int_equal(routes_to(w, "::", 0).count, 0);
	assert_false(world_neigh(w, ROUTER_LL)->flags & NTF_ROUTER);
	world_destroy(w);
}

/* ------------------------------------------------------------------ the link */

static void what_a_router_says_of_the_link(void **state)
{
	struct world *w = world_create();

	(void)state;
	tell(w, &(struct told){ .hop_limit = 33,
				.retrans_ms = 2500,
				.reachable_ms = 40000,
				.flags = ND_RA_MANAGED | ND_RA_OTHER,
				.lifetime_s = 10,
				.options = "\x05\x01\x00\x00\x00\x00\x05\x78",
				.options_bytes = 8 });
	assert_int_equal(conf(w, IPV6_DEVCONF_HOPLIMIT), 33);
	assert_int_equal(conf(w, IPV6_DEVCONF_MTU6), 1400);
	assert_int_equal(w->netdev[0]->ip6_ptr->ra_mtu, 1400);
	assert_int_equal(parm_ms(w, NEIGH_VAR_RETRANS_TIME), 2500);
	assert_int_equal(parm_ms(w, NEIGH_VAR_BASE_REACHABLE_TIME), 40000);
	assert_int_equal(parm_ms(w, NEIGH_VAR_GC_STALETIME), 120000);
	assert_int_equal(w->netdev[0]->ip6_ptr->if_flags & (IF_RA_MANAGED | IF_RA_OTHERCONF),
			 IF_RA_MANAGED | IF_RA_OTHERCONF);
	tell(w, &(struct told){ .lifetime_s = 10 }); /* it says nothing of these: they stay */
	assert_int_equal(conf(w, IPV6_DEVCONF_HOPLIMIT), 33);
	assert_int_equal(parm_ms(w, NEIGH_VAR_RETRANS_TIME), 2500);
	assert_int_equal(w->netdev[0]->ip6_ptr->if_flags & (IF_RA_MANAGED | IF_RA_OTHERCONF), 0);
	tell(w, &(struct told){ .retrans_ms = 1, .reachable_ms = 1 }); /* nobody asks so often */
	assert_int_equal(parm_ms(w, NEIGH_VAR_RETRANS_TIME), 10);
	assert_int_equal(parm_ms(w, NEIGH_VAR_BASE_REACHABLE_TIME), 100);
	tell(w, &(struct told){ .retrans_ms = UINT32_MAX, .reachable_ms = UINT32_MAX });
	world_tick(w, 400 * NSEC_PER_SEC); /* reachable times are drawn anew */
	world_destroy(w);
}

static void what_is_too_small_or_too_large_is_not_believed(void **state)
{
	static const struct {
		const char *key, *value;
		struct told said;
		u32 what;
		int becomes;
	} rows[] = {
		{ "accept_ra_min_hop_limit", "40", { .hop_limit = 39 }, IPV6_DEVCONF_HOPLIMIT, 64 },
		{ "accept_ra_min_hop_limit", "40", { .hop_limit = 40 }, IPV6_DEVCONF_HOPLIMIT, 40 },
		{ "accept_ra_min_hop_limit", "256", { .hop_limit = 99 }, IPV6_DEVCONF_HOPLIMIT, 64 },
		{ "accept_ra_mtu",
		  "1",
		  { .options = "\x05\x01\0\0\0\0\x04\xff", .options_bytes = 8 },
		  IPV6_DEVCONF_MTU6,
		  1500 },
		{ "accept_ra_mtu",
		  "1",
		  { .options = "\x05\x01\0\0\0\0\x05\x00", .options_bytes = 8 },
		  IPV6_DEVCONF_MTU6,
		  1280 },
		{ "accept_ra_mtu",
		  "1",
		  { .options = "\x05\x01\0\0\0\0\x05\xdd", .options_bytes = 8 },
		  IPV6_DEVCONF_MTU6,
		  1500 },
		{ "accept_ra_mtu",
		  "0",
		  { .options = "\x05\x01\0\0\0\0\x05\x00", .options_bytes = 8 },
		  IPV6_DEVCONF_MTU6,
		  1500 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		char key[64];

		snprintf(key, sizeof(key), "net.ipv6.conf.eth0.%s", rows[i].key);
		world_sysctl(w, key, rows[i].value);
		tell(w, &rows[i].said);
		assert_int_equal(conf(w, rows[i].what), rows[i].becomes);
		world_destroy(w);
	}
}

/* ------------------------------------------------------------------ prefixes, routes, and what is for others */

#define PIO(plen, flags) \
	"\x03\x04" plen flags "\0\0\x0e\x10\0\0\x07\x08\0\0\0\0" \
	"\xfd\x99\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static void a_prefix_is_on_the_link_and_gives_an_address(void **state)
{
	static const struct {
		const char *option;
		u32 routes, addresses;
	} rows[] = { { PIO("\x40", "\xc0"), 1, 1 }, { PIO("\x40", "\x80"), 1, 0 }, { PIO("\x40", "\x40"), 0, 1 },
		     { PIO("\x40", "\0"), 0, 0 },   { PIO("\x30", "\xc0"), 0, 0 }, { PIO("\x81", "\xc0"), 0, 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		u32 before = w->netdev[0]->ip6_ptr->addr_count;
		u32 routes;

		tell(w, &(struct told){ .options = rows[i].option, .options_bytes = 32 });
		routes = routes_to(w, "fd99::", 64).count;
		print_message("row %zu\n", i);
		assert_int_equal(w->netdev[0]->ip6_ptr->addr_count - before, rows[i].addresses);
		if (!rows[i].addresses)
			assert_int_equal(routes, rows[i].routes);
		world_destroy(w);
	}
}

static void routes_behind_a_router(void **state)
{
	static const struct {
		const char *says, *option;
		u32 bytes, routes;
	} rows[] = {
		{ "a route", "\x18\x03\x30\x00\0\0\x0e\x10\xfd\xaa\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, 1 },
		{ "as short as it may be", "\x18\x02\x30\x00\0\0\x0e\x10\xfd\xaa\0\0\0\0\0\0", 16, 1 },
		{ "without its prefix", "\x18\x01\x30\x00\0\0\x0e\x10", 8, 0 },
		{ "without half its prefix", "\x18\x02\x41\x00\0\0\x0e\x10\xfd\xaa\0\0\0\0\0\0", 16, 0 },
		{ "longer than an address", "\x18\x03\x81\x00\0\0\x0e\x10\xfd\xaa\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, 0 },
		{ "of four units", "\x18\x04\x30\x00\0\0\x0e\x10\xfd\xaa\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
		  32, 0 },
		{ "of the reserved preference", "\x18\x02\x30\x10\0\0\x0e\x10\xfd\xaa\0\0\0\0\0\0", 16, 0 },
		{ "that is no more", "\x18\x02\x30\x00\0\0\0\0\xfd\xaa\0\0\0\0\0\0", 16, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();

		print_message("%s\n", rows[i].says);
		tell(w, &(struct told){ .options = rows[i].option, .options_bytes = rows[i].bytes });
		assert_int_equal(routes_to(w, "fdaa::", 48).count, 0); /* as devices are born, none is wanted */
		world_sysctl(w, "net.ipv6.conf.eth0.accept_ra_rt_info_max_plen", "128");
		tell(w, &(struct told){ .options = rows[i].option, .options_bytes = rows[i].bytes });
		assert_int_equal(routes_to(w, "fdaa::", 48).count, rows[i].routes);
		assert_int_equal(routes_to(w, "fdaa::", 65).count, 0);
		world_destroy(w);
	}
}

struct listener {
	struct notifier_block nb;
	u32 count;
	u8 types[8];
};

static int listen_useropt(struct notifier_block *nb, unsigned long event, void *data)
{
	struct listener *l = container_of(nb, struct listener, nb);
	const struct nd_useropt_info *info = data;
	struct in6_addr from = in6(ROUTER_LL);

	(void)event;
	assert_true(l->count < ARRAY_SIZE(l->types));
	assert_int_equal(info->icmp_type, RA);
	assert_true(ipv6_addr_equal(&info->from, &from));
	assert_int_equal(info->opt_bytes, info->opt[1] * 8);
	l->types[l->count++] = info->opt[0];
	return 0;
}

static void options_for_programs_are_told_in_their_order(void **state)
{
	static const char options[] =
		"\x26\x01\0\0\0\0\0\0" SLLA("\x01") "\x19\x01\0\0\0\0\0\0\x1f\x01\0\0\0\0\0\0\xc8\x01\0\0\0\0\0\0"
						    "\x25\x01\0\0\0\0\0\0\x22\x01\0\0\0\0\0\0";
	struct world *w = world_create();
	struct listener l = { .nb = { .call = listen_useropt } };

	(void)state;
	notifier_chain_register(&w->net->ipv6->nduseropt_chain, &l.nb);
	tell(w, &(struct told){ .options = options, .options_bytes = sizeof(options) - 1 });
	assert_int_equal(l.count, 5);
	assert_memory_equal(l.types, "\x26\x19\x1f\x25\x22", 5);
	notifier_chain_unregister(&w->net->ipv6->nduseropt_chain, &l.nb);
	world_destroy(w);
}

static void who_solicits_a_router_is_learned(void **state)
{
	struct spec s = { .src = HOST_LL,
			  .dst = "ff02::2",
			  .type = NDISC_ROUTER_SOLICITATION,
			  .body = SLLA("\x01"),
			  .body_bytes = 8 };
	struct world *w = world_create();

	(void)state;
	world_sysctl(w, "net.ipv6.conf.all.forwarding", "1");
	world_neigh_make(w, HOST_LL, 2, NUD_STALE)->flags |= NTF_ROUTER;
	world_send(w, 0, &s);
	world_neigh_is(w, HOST_LL, 1, NUD_STALE);
	assert_false(world_neigh(w, HOST_LL)->flags & NTF_ROUTER);
	s.src = "fe80::7";
	s.body_bytes = 0;
	world_send(w, 0, &s); /* he does not say where he is */
	assert_null(world_neigh(w, "fe80::7"));
	s.src = "::";
	world_send(w, 0, &s);
	world_destroy(w);
}

/* ------------------------------------------------------------------ redirects */

static struct spec redirect(const char *src, const char *target, const char *dest, bool lladdr)
{
	return (struct spec){ .src = src,
			      .dst = OURS,
			      .type = NDISC_REDIRECT,
			      .target = target,
			      .dest = dest,
			      .body = TLLA("\x09"),
			      .body_bytes = lladdr ? 8 : 0 };
}

/* By which gateway a packet goes; all zero: directly. */
static struct in6_addr way_to(struct world *w, const char *dst)
{
	struct flowi6 fl6 = { .daddr = in6(dst) };
	struct in6_addr gateway = { 0 };
	struct rt6_info *rt;

	assert_int_equal(ip6_route_output_flow(w->net, &fl6, &rt), 0);
	if (rt->uses_gateway)
		gateway = rt->gateway;
	dst_release(&rt->dst);
	return gateway;
}

static void a_redirect_of_the_first_hop_is_obeyed(void **state)
{
	static const struct {
		const char *says, *src, *target, *key, *value;
		bool obeyed;
	} rows[] = {
		{ "to a better router", ROUTER_LL, "fe80::9", NULL, NULL, true },
		{ "to the destination itself", ROUTER_LL, "2001:db8::1", NULL, NULL, true },
		{ "by somebody else", "fe80::2", "fe80::9", NULL, NULL, false },
		{ "to a host that obeys none", ROUTER_LL, "fe80::9", "net.ipv6.conf.eth0.accept_redirects", "0",
		  false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		struct spec s = redirect(rows[i].src, rows[i].target, "2001:db8::1", true);
		struct in6_addr router = in6(ROUTER_LL), better = in6(rows[i].target), zero = { 0 }, way;
		bool on_link = !strcmp(rows[i].target, "2001:db8::1");

		print_message("%s\n", rows[i].says);
		if (rows[i].key)
			world_sysctl(w, rows[i].key, rows[i].value);
		tell(w, &(struct told){ .lifetime_s = 1000, .options = SLLA("\x01"), .options_bytes = 8 });
		way = way_to(w, "2001:db8::1");
		assert_true(ipv6_addr_equal(&way, &router));
		world_send(w, 0, &s);
		way = way_to(w, "2001:db8::1");
		assert_true(ipv6_addr_equal(&way, !rows[i].obeyed ? &router : (on_link ? &zero : &better)));
		way = way_to(w, "2001:db8::2");
		assert_true(ipv6_addr_equal(&way, &router));
		if (rows[i].obeyed) {
			world_neigh_is(w, rows[i].target, 9, NUD_STALE);
			assert_int_equal(!!(world_neigh(w, rows[i].target)->flags & NTF_ROUTER), !on_link);
		}
		world_destroy(w);
	}
}

/* A packet of HOST for somebody behind a router on the same link. */
static void send_through(struct world *w, const char *dst, u32 payload_bytes)
{
	u8 packet[2048] = { 0 };
	struct ipv6hdr *hdr = (struct ipv6hdr *)(void *)packet;

	*hdr = (struct ipv6hdr){ .ver_tc_flow = CONST_BE32(0x60000000),
				 .payload_len = cpu_to_be16((u16)payload_bytes),
				 .nexthdr = 200,
				 .hop_limit = 64,
				 .saddr = in6(HOST),
				 .daddr = in6(dst) };
	world_send_raw(w, 0, MAC_OURS[0], packet, (u32)sizeof(*hdr) + payload_bytes);
}

static struct world *world_of_routers(void)
{
	struct fib6_config cfg = { .dst = in6("2001:db8::"),
				   .dst_len = 32,
				   .has_gateway = true,
				   .gateway = in6("fe80::9"),
				   .type = RTN_UNICAST,
				   .protocol = RTPROT_STATIC,
				   .nlflags = NLM_F_CREATE };
	struct world *w = world_create();

	cfg.oif = w->netdev[0]->ifindex;
	assert_int_equal(ip6_route_add(w->net, &cfg, NULL), 0);
	world_sysctl(w, "net.ipv6.conf.all.forwarding", "1");
	(void)world_neigh_make(w, HOST, 1, NUD_PERMANENT);
	world_tick(w, 3 * NSEC_PER_SEC);
	world_forget(w);
	return w;
}

static void who_could_go_a_shorter_way_is_told(void **state)
{
	static const struct {
		bool known;
		u32 payload, option_bytes;
	} rows[] = { { true, 8, 56 }, { false, 8, 56 }, { true, 9, 56 }, { true, 1400, 1192 }, { false, 1400, 1200 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_of_routers();
		u32 lla_bytes = rows[i].known ? 8 : 0;
		struct in6_addr target = in6("fe80::9"), dest = in6("2001:db8::1");
		const struct rd_msg *msg;
		const struct frame *f;

		print_message("row %zu\n", i);
		if (rows[i].known)
			(void)world_neigh_make(w, "fe80::9", 9, NUD_PERMANENT);
		send_through(w, "2001:db8::1", rows[i].payload);
		f = world_find(w, NDISC_REDIRECT);
		assert_non_null(f);
		assert_true(frame_valid(f));
		assert_true(frame_between(f, OURS_LL, HOST));
		assert_int_equal(frame_ip(f)->hop_limit, 255);
		msg = (const struct rd_msg *)(const void *)frame_icmp(f);
		assert_true(ipv6_addr_equal(&msg->target, &target) && ipv6_addr_equal(&msg->dest, &dest));
		assert_int_equal(f->len_bytes, 40 + 40 + lla_bytes + rows[i].option_bytes);
		if (rows[i].known)
			assert_memory_equal(msg + 1, TLLA("\x09"), 8);
		assert_int_equal(((const u8 *)(msg + 1))[lla_bytes], ND_OPT_REDIRECT_HDR);
		assert_int_equal(((const u8 *)(msg + 1))[lla_bytes + 1] * 8, rows[i].option_bytes);
		world_destroy(w);
	}
}

static void it_is_not_told_again_and_again(void **state)
{
	struct world *w = world_of_routers();
	u32 count;

	(void)state;
	(void)world_neigh_make(w, "fe80::9", 9, NUD_PERMANENT);
	for (int i = 0; i < 100; i++)
		send_through(w, "2001:db8::1", 8);
	count = world_count(w, NDISC_REDIRECT);
	assert_in_range(count, 1, 6);
	world_forget(w);
	world_tick(w, 1100 * NSEC_PER_MSEC);
	for (int i = 0; i < 100; i++)
		send_through(w, "2001:db8::1", 8);
	assert_int_equal(world_count(w, NDISC_REDIRECT), 1);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_router_is_one_for_its_lifetime),
		cmocka_unit_test(who_is_a_router_to_whom),
		cmocka_unit_test(routers_do_not_become_more_and_more),
		cmocka_unit_test(the_metric_is_the_administrators),
		cmocka_unit_test(a_router_that_says_it_is_none_is_none),
		cmocka_unit_test(what_a_router_says_of_the_link),
		cmocka_unit_test(what_is_too_small_or_too_large_is_not_believed),
		cmocka_unit_test(a_prefix_is_on_the_link_and_gives_an_address),
		cmocka_unit_test(routes_behind_a_router),
		cmocka_unit_test(options_for_programs_are_told_in_their_order),
		cmocka_unit_test(who_solicits_a_router_is_learned),
		cmocka_unit_test(a_redirect_of_the_first_hop_is_obeyed),
		cmocka_unit_test(who_could_go_a_shorter_way_is_told),
		cmocka_unit_test(it_is_not_told_again_and_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
