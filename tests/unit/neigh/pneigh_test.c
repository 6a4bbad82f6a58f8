// SPDX-License-Identifier: BSD-2-Clause
/* Proxies in virtual time: who is found, who is answered for, which answers wait, and what ends them. */
#include "neigh/pneigh.h"

#include <errno.h>

#include "neigh_world.h"
#include "nd_slot.h"

#define FAR_IP CONST_BE32(0x0a4e0009)     /* 10.78.0.9, behind eth1 */
#define NEAR_IP CONST_BE32(0x0a4d00fa)    /* 10.77.0.250, on eth0 */
#define ETH1_IP CONST_BE32(0x0a4e0002)    /* 10.78.0.2 */
#define MAX_DELAY (8 * NSEC_PER_SEC / 10) /* of a device that nobody has told otherwise */

static const struct pneigh_config plain = { 0 }, permanent = { .permanent = true };

/* eth0 as everywhere, eth1 beside it; both forward. */
struct router {
	struct world w;
	struct nethood_dev *public_eth1;
	struct net_device *eth1;
};

static int nowhere(void *ctx, const struct iovec *iov, int pieces)
{
	(void)ctx;
	(void)iov;
	(void)pieces;
	return 0;
}

static void set_sysctl(struct world *w, const char *name, const char *value)
{
	assert_int_equal(nethood_sysctl_set(w->public_net, name, value), 0);
}

static void router_init(struct router *r)
{
	static const u8 mac[6] = { 2, 0, 0, 0, 0, 3 };
	struct in_ifaddr ifa = { .ifa_local = ETH1_IP, .ifa_address = ETH1_IP, .ifa_prefixlen = 24 };
	struct nethood_dev_config dev = { .name = "eth1", .driver = "user", .fd = -1, .lladdr = mac, .xmit = nowhere };

	world_init(&r->w);
	assert_int_equal(nethood_dev_create(r->w.public_net, &dev, &r->public_eth1), 0);
	r->eth1 = dev_find_by_name(r->w.net, "eth1");
	assert_int_equal(dev_open(r->eth1), 0);
	assert_int_equal(inet_insert_ifa(r->eth1, &ifa, 0, NULL), 0);
	set_sysctl(&r->w, "net.ipv4.ip_forward", "1");
	world_run(&r->w, NSEC_PER_MSEC);
	r->w.frames_count = r->w.frames_seen = 0;
}

static void router_fini(struct router *r)
{
	world_fini(&r->w);
}

static __be32 host(u32 i)
{
	return cpu_to_be32(0x0a4d0100U + i); /* 10.77.1.0 and on */
}

static void ask_at(struct world *w, const u8 *dst, u32 who, __be32 for_whom)
{
	send_arp(w, dst, PEER_MAC, ARPOP_REQUEST, PEER_MAC, host(who), NULL, for_whom);
}

static void ask(struct world *w, u32 who, __be32 for_whom)
{
	ask_at(w, BROADCAST_MAC, who, for_whom);
}

/* Frames that left since the last call; each must be a right answer for @whom. */
static u32 answers(struct world *w, __be32 whom)
{
	const struct frame *f;
	u32 count = 0;

	while ((f = next_frame(w))) {
		const struct arp_eth_ip4 *arp = frame_arp(f);

		if (!arp || arp->ar_op != cpu_to_be16(ARPOP_REPLY))
			continue;
		count++;
		assert_true(get_unaligned_be32(arp->ar_sip) == whom);
		assert_memory_equal(arp->ar_sha, OUR_MAC, ETH_ALEN);
		assert_memory_equal(arp->ar_tha, PEER_MAC, ETH_ALEN);
		assert_memory_equal(f->data, PEER_MAC, ETH_ALEN);
	}
	return count;
}

static u64 dropped(const struct world *w, enum skb_drop_reason reason)
{
	return w->net->skb_pool->stats.dropped[reason];
}

static void nothing_waits(const struct world *w)
{
	assert_int_equal(w->arp->proxy_queued_count, 0);
	assert_int_equal(w->arp->proxy_queued_bytes, 0);
}

/* ------------------------------------------------------------------ the table */

static void a_proxy_is_found_on_its_device_or_on_all(void **state)
{
	const __be32 one = FAR_IP, two = NEAR_IP;
	struct router r;
	struct world *w = &r.w;

	(void)state;
	router_init(&r);
	assert_null(pneigh_lookup(w->arp, &one, w->dev));
	assert_int_equal(pneigh_create(w->arp, &one, w->dev, &plain), 0);
	assert_non_null(pneigh_lookup(w->arp, &one, w->dev));
	assert_null(pneigh_lookup(w->arp, &one, r.eth1));
	assert_null(pneigh_lookup(w->arp, &one, NULL));
	assert_null(pneigh_lookup(w->arp, &two, w->dev));

	assert_int_equal(pneigh_create(w->arp, &two, NULL, &plain), 0);
	assert_ptr_equal(pneigh_lookup(w->arp, &two, w->dev), pneigh_lookup(w->arp, &two, NULL));
	assert_ptr_equal(pneigh_lookup(w->arp, &two, r.eth1), pneigh_lookup(w->arp, &two, NULL));

	assert_int_equal(pneigh_delete(w->arp, &one, NULL), -ENOENT);
	assert_int_equal(pneigh_delete(w->arp, &one, r.eth1), -ENOENT);
	assert_int_equal(pneigh_delete(w->arp, &two, w->dev), -ENOENT);
	assert_int_equal(pneigh_delete(w->arp, &two, NULL), 0);
	assert_int_equal(pneigh_delete(w->arp, &two, NULL), -ENOENT);
	assert_int_equal(pneigh_delete(w->arp, &one, w->dev), 0);
	assert_int_equal(w->arp->phash.live_count, 0);
	router_fini(&r);
}

static void of_two_that_match_the_newer_one_is_found_and_changed(void **state)
{
	const struct pneigh_config router = { .flags = NTF_ROUTER, .protocol = 42 };
	const __be32 key = CONST_BE32(0); /* 0.0.0.0 is an address like any other here */
	struct pneigh_entry *own, *any;
	struct router r;
	struct world *w = &r.w;

	(void)state;
	router_init(&r);
	assert_int_equal(pneigh_create(w->arp, &key, w->dev, &plain), 0);
	own = pneigh_lookup(w->arp, &key, w->dev);
	assert_int_equal(pneigh_create(w->arp, &key, NULL, &plain), 0);
	any = pneigh_lookup(w->arp, &key, w->dev);
	assert_ptr_not_equal(own, any);
	assert_null(any->dev);
	assert_int_equal(pneigh_create(w->arp, &key, w->dev, &router), 0);
	assert_int_equal(any->flags, NTF_ROUTER);
	assert_int_equal(own->flags, 0);
	/* flags are replaced, the protocol stays unless one is given */
	assert_int_equal(pneigh_create(w->arp, &key, NULL, &permanent), 0);
	assert_int_equal(any->flags, 0);
	assert_int_equal(any->protocol, 42);
	assert_true(any->permanent);
	assert_int_equal(w->arp->phash.live_count, 2);
	/* that of all devices is there: a device needs none of its own */
	assert_int_equal(pneigh_create(w->arp, &key, r.eth1, &plain), 0);
	assert_int_equal(w->arp->phash.live_count, 2);
	router_fini(&r); /* with both */
}

static void there_is_a_limit(void **state)
{
	__be32 key = FAR_IP;
	struct router r;
	struct world *w = &r.w;

	(void)state;
	router_init(&r);
	w->arp->pneigh_max = 3;
	for (u32 i = 0; i < 5; i++) {
		key = host(i);
		assert_int_equal(pneigh_create(w->arp, &key, w->dev, &plain), i < 3 ? 0 : -ENOBUFS);
	}
	assert_int_equal(w->arp->phash.live_count, 3);
	assert_int_equal(w->arp->stats.pneigh_fulls, 2);
	key = host(1);
	assert_int_equal(pneigh_create(w->arp, &key, w->dev, &permanent), 0); /* it exists */
	assert_int_equal(pneigh_delete(w->arp, &key, w->dev), 0);
	assert_int_equal(pneigh_create(w->arp, &key, NULL, &plain), 0);
	router_fini(&r);
}

static void count_one(void *ctx, struct pneigh_entry *pn)
{
	u32 *count = ctx;

	assert_non_null(pn->dev);
	(*count)++;
}

static void any_number_is_found_walked_and_flushed_with_its_device(void **state)
{
	const u32 many = 50000;
	struct router r;
	struct world *w = &r.w;
	u64 cursor = 0;
	u32 count = 0;

	(void)state;
	router_init(&r);
	for (u32 i = 0; i < many; i++) {
		const __be32 key = cpu_to_be32(0x0b000000U + i);

		assert_int_equal(pneigh_create(w->arp, &key, i % 2 ? w->dev : r.eth1, &plain), 0);
	}
	for (u32 i = 0; i < many; i++) {
		const __be32 key = cpu_to_be32(0x0b000000U + i);

		assert_ptr_equal(pneigh_lookup(w->arp, &key, i % 2 ? w->dev : r.eth1)->dev, i % 2 ? w->dev : r.eth1);
		assert_null(pneigh_lookup(w->arp, &key, i % 2 ? r.eth1 : w->dev));
	}
	do {
		cursor = pneigh_scan(w->arp, cursor, 64, count_one, &count);
	} while (cursor);
	assert_int_equal(count, many);
	unregister_netdev(r.eth1);
	assert_int_equal(w->arp->phash.live_count, many / 2);
	dev_close(w->dev);
	assert_int_equal(w->arp->phash.live_count, 0);
	world_run(w, NSEC_PER_SEC);
	assert_int_equal(w->arp->pneigh_cache.live_count, 0);
	router_fini(&r);
}

/* ------------------------------------------------------------------ a family that has a say */

struct witness {
	struct neigh_table tbl; /* first */
	u32 made, ended;
};

static int witness_constructor(struct neighbour *n)
{
	(void)n;
	return -EINVAL;
}

/* As ND will: no proxy without a device. */
static int witness_pconstructor(struct net *net, const void *key, struct net_device *dev)
{
	struct witness *t = container_of(net->neigh->table[NEIGH_ND_TABLE], struct witness, tbl);

	(void)key;
	if (!dev)
		return -EINVAL;
	t->made++;
	return 0;
}

static void witness_pdestructor(struct net *net, const void *key, struct net_device *dev)
{
	struct witness *t = container_of(net->neigh->table[NEIGH_ND_TABLE], struct witness, tbl);

	(void)key;
	assert_non_null(dev);
	t->ended++;
}

static void the_family_may_refuse_and_is_told_of_each_end(void **state)
{
	const u8 one[16] = { 0xfe, 0x80, [15] = 1 }, two[16] = { 0xfe, 0x80, [15] = 2 };
	struct witness t = { .tbl = { .family = AF_INET6,
				      .index = NEIGH_ND_TABLE,
				      .key_len = 16,
				      .protocol = CONST_BE16(ETH_P_IPV6),
				      .id = "witness",
				      .sysctl_path = "net.witness.neigh",
				      .constructor = witness_constructor,
				      .pconstructor = witness_pconstructor,
				      .pdestructor = witness_pdestructor } };
	struct nd_slot slot;
	struct router r;

	(void)state;
	router_init(&r);
	slot = nd_slot_take(r.w.dev);
	neigh_table_init(r.w.net, &t.tbl);
	assert_int_equal(pneigh_create(&t.tbl, one, r.w.dev, &plain), -ENOBUFS); /* a device without parameters */
	assert_non_null(neigh_parms_alloc(r.w.dev, &t.tbl));
	assert_int_equal(pneigh_create(&t.tbl, one, NULL, &plain), -ENOBUFS);
	assert_null(pneigh_lookup(&t.tbl, one, NULL));
	assert_int_equal(pneigh_create(&t.tbl, one, r.w.dev, &plain), 0);
	assert_int_equal(pneigh_create(&t.tbl, one, r.w.dev, &plain), 0);
	assert_int_equal(pneigh_create(&t.tbl, two, r.w.dev, &permanent), 0);
	assert_int_equal(t.made, 2);
	assert_non_null(pneigh_lookup(&t.tbl, two, r.w.dev));
	assert_null(pneigh_lookup(&t.tbl, two, r.eth1));
	neigh_carrier_down(&t.tbl, r.w.dev);
	assert_null(pneigh_lookup(&t.tbl, one, r.w.dev));
	assert_int_equal(t.ended, 1);
	neigh_ifdown(&t.tbl, r.w.dev);
	assert_int_equal(t.ended, 2);
	neigh_parms_release(&t.tbl, r.w.dev->neigh_parms[NEIGH_ND_TABLE]);
	neigh_table_clear(&t.tbl);
	nd_slot_give_back(slot, r.w.dev);
	router_fini(&r);
}

/* ------------------------------------------------------------------ who is answered for */

struct row {
	const char *says;
	const char *sysctl[3][2]; /* name below net.ipv4.conf, value */
	__be32 proxy, whom;
	bool answered;
};
static const struct row rows[] = {
	{ "nobody", { { NULL } }, 0, FAR_IP, false },
	{ "proxy_arp: who is behind another device", { { "eth0.proxy_arp", "1" } }, 0, FAR_IP, true },
	{ "proxy_arp: not who is on the same", { { "eth0.proxy_arp", "1" } }, 0, NEAR_IP, false },
	{ "proxy_arp: not who cannot be reached", { { "eth0.proxy_arp", "1" } }, 0, CONST_BE32(0x01020304), false },
	{ "proxy_arp: not without forwarding",
	  { { "eth0.proxy_arp", "1" }, { "eth0.forwarding", "0" } },
	  0,
	  FAR_IP,
	  false },
	{ "proxy_arp: not on one medium",
	  { { "eth0.proxy_arp", "1" }, { "eth0.medium_id", "4" }, { "eth1.medium_id", "4" } },
	  0,
	  FAR_IP,
	  false },
	{ "proxy_arp: on two media",
	  { { "eth0.proxy_arp", "1" }, { "eth0.medium_id", "4" }, { "eth1.medium_id", "5" } },
	  0,
	  FAR_IP,
	  true },
	{ "proxy_arp: not when media are off",
	  { { "eth0.proxy_arp", "1" }, { "eth0.medium_id", "-1" } },
	  0,
	  FAR_IP,
	  false },
	{ "pvlan: who is on the same device", { { "all.proxy_arp_pvlan", "1" } }, 0, NEAR_IP, true },
	{ "pvlan: not who is behind another", { { "all.proxy_arp_pvlan", "1" } }, 0, FAR_IP, false },
	{ "pvlan: not the one who asks", { { "all.proxy_arp_pvlan", "1" } }, 0, CONST_BE32(0x0a4d0100), false },
	{ "an entry", { { NULL } }, FAR_IP, FAR_IP, true },
	{ "an entry for somebody else", { { NULL } }, FAR_IP, CONST_BE32(0x0a4e000a), false },
	{ "an entry for somebody of the same device", { { NULL } }, NEAR_IP, NEAR_IP, false },
};

static void proxies_are_chosen_by_route_and_setting(void **state)
{
	char name[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		const __be32 asks = host(0), proxy = row->proxy;
		struct router r;

		router_init(&r);
		set_sysctl(&r.w, "net.ipv4.neigh.eth0.proxy_delay", "0");
		for (size_t s = 0; s < 3 && row->sysctl[s][0]; s++) {
			snprintf(name, sizeof(name), "net.ipv4.conf.%s", row->sysctl[s][0]);
			set_sysctl(&r.w, name, row->sysctl[s][1]);
		}
		if (proxy)
			assert_int_equal(pneigh_create(r.w.arp, &proxy, NULL, &plain), 0);
		ask(&r.w, 0, row->whom);
		if (answers(&r.w, row->whom) != row->answered)
			fail_msg("%s", row->says);
		assert_int_equal(state_of(&r.w, asks), row->answered ? NUD_STALE : 0xff);
		router_fini(&r);
	}
}

/* ------------------------------------------------------------------ answers that wait */

static void with_proxy(struct router *r)
{
	const __be32 key = FAR_IP;

	router_init(r);
	assert_int_equal(pneigh_create(r->w.arp, &key, r->w.dev, &permanent), 0);
}

static void answers_come_spread_over_proxy_delay(void **state)
{
	u32 quarter[4], total = 0;
	struct router r;
	struct world *w = &r.w;
	ktime_t start;

	(void)state;
	with_proxy(&r);
	start = w->now;
	for (u32 i = 0; i < 60; i++)
		ask(w, i, FAR_IP);
	total = answers(w, FAR_IP);
	assert_true(total <= 1); /* one may be due at once */
	assert_int_equal(w->arp->proxy_queued_count, 60 - total);
	for (u32 q = 0; q < 4; q++) {
		world_run(w, MAX_DELAY / 4);
		quarter[q] = answers(w, FAR_IP);
		assert_in_range(quarter[q], 5, 30);
		total += quarter[q];
	}
	assert_int_equal(total, 60);
	assert_true(w->now - start == MAX_DELAY);
	nothing_waits(w);
	/* a unicast question, and one with no delay, at once */
	ask_at(w, OUR_MAC, 70, FAR_IP);
	assert_int_equal(answers(w, FAR_IP), 1);
	set_sysctl(w, "net.ipv4.neigh.eth0.proxy_delay", "0");
	ask(w, 71, FAR_IP);
	assert_int_equal(answers(w, FAR_IP), 1);
	router_fini(&r);
}

static void a_device_lets_proxy_qlen_and_one_wait(void **state)
{
	struct router r;
	struct world *w = &r.w;

	(void)state;
	for (u32 qlen = 0; qlen < 100; qlen += 33) {
		char value[8];

		with_proxy(&r);
		snprintf(value, sizeof(value), "%u", qlen);
		set_sysctl(w, "net.ipv4.neigh.eth0.proxy_qlen", value);
		set_sysctl(w, "net.ipv4.neigh.eth0.proxy_delay", "1000000"); /* none is due while they come */
		for (u32 i = 0; i < 200; i++)
			ask(w, i, FAR_IP);
		assert_int_equal(w->arp->proxy_queued_count, qlen + 1);
		assert_int_equal(w->dev->neigh_parms[0]->proxy_queue.qlen, qlen + 1);
		assert_int_equal(w->arp->stats.proxy_discards, 199 - qlen);
		assert_int_equal(dropped(w, SKB_DROP_REASON_NEIGH_PROXY_QUEUEFULL), 199 - qlen);
		assert_int_equal(state_of(w, host(199)), NUD_STALE); /* learned all the same */
		check_table(w);
		router_fini(&r); /* ends those that wait */
	}
}

static void what_waits_on_all_devices_together_is_bounded(void **state)
{
	struct router r;
	struct world *w = &r.w;
	u32 total = 0;

	(void)state;
	with_proxy(&r);
	set_sysctl(w, "net.ipv4.neigh.eth0.proxy_qlen", "2147483647");
	set_sysctl(w, "net.ipv4.neigh.eth0.proxy_delay", "1000000");
	for (u32 i = 0; i < 8000; i++)
		ask(w, i % 1000, FAR_IP);
	assert_in_range(w->arp->proxy_queued_bytes, 3 << 20, 4 << 20);
	assert_int_equal(w->arp->proxy_queued_count + w->arp->stats.proxy_discards, 8000);
	for (u32 i = 0; i < 10; i++) {
		world_run(w, 1000 * NSEC_PER_SEC);
		total += answers(w, FAR_IP);
		w->frames_count = w->frames_seen = 0;
	}
	assert_int_equal(total + w->arp->stats.proxy_discards, 8000);
	nothing_waits(w);
	router_fini(&r);
}

static void whatever_has_changed_meanwhile_counts(void **state)
{
	const __be32 key = FAR_IP;
	struct router r;
	struct world *w = &r.w;
	u32 early;

	(void)state;
	for (int what = 0; what < 5; what++) {
		with_proxy(&r);
		for (u32 i = 0; i < 20; i++)
			ask(w, i, FAR_IP);
		early = answers(w, FAR_IP);
		switch (what) {
		case 0: /* nothing */
			break;
		case 1:
			assert_int_equal(pneigh_delete(w->arp, &key, w->dev), 0);
			break;
		case 2:
			set_sysctl(w, "net.ipv4.conf.eth0.forwarding", "0");
			break;
		case 3:
			dev_close(r.eth1); /* no way there any more */
			break;
		default:
			set_sysctl(w, "net.ipv4.neigh.eth0.proxy_delay", "0"); /* for those to come */
			break;
		}
		world_run(w, MAX_DELAY);
		assert_int_equal(answers(w, FAR_IP), what == 0 || what == 4 ? 20 - early : 0);
		nothing_waits(w);
		router_fini(&r);
	}
}

static void a_device_ends_what_waits_on_it(void **state)
{
	struct router r;
	struct world *w = &r.w;
	u32 early;

	(void)state;
	for (int what = 0; what < 4; what++) {
		bool carrier = what == 1 || what == 2;

		with_proxy(&r);
		set_sysctl(w, "net.ipv4.conf.eth0.arp_evict_nocarrier", what == 2 ? "0" : "1");
		for (u32 i = 0; i < 20; i++)
			ask(w, i, FAR_IP);
		early = answers(w, FAR_IP);
		if (carrier)
			netif_carrier_off(w->dev);
		else if (what == 0)
			dev_close(w->dev);
		else
			unregister_netdev(w->dev);
		if (what == 2) {
			assert_int_equal(w->arp->proxy_queued_count, 20 - early);
		} else {
			nothing_waits(w);
			assert_int_equal(dropped(w, carrier ? SKB_DROP_REASON_NO_CARRIER : SKB_DROP_REASON_DEV_DOWN),
					 20 - early);
		}
		/* a permanent proxy stays without a carrier */
		assert_int_equal(w->arp->phash.live_count, carrier);
		world_run(w, MAX_DELAY);
		nothing_waits(w);
		if (what != 2)
			assert_int_equal(answers(w, FAR_IP), 0);
		router_fini(&r);
	}
}

static void only_a_permanent_proxy_stays_without_carrier(void **state)
{
	const __be32 one = FAR_IP, two = NEAR_IP;
	struct router r;
	struct world *w = &r.w;

	(void)state;
	router_init(&r);
	assert_int_equal(pneigh_create(w->arp, &one, w->dev, &permanent), 0);
	assert_int_equal(pneigh_create(w->arp, &two, w->dev, &plain), 0);
	assert_int_equal(pneigh_create(w->arp, &two, r.eth1, &plain), 0);
	netif_carrier_off(w->dev);
	assert_non_null(pneigh_lookup(w->arp, &one, w->dev));
	assert_null(pneigh_lookup(w->arp, &two, w->dev));
	assert_non_null(pneigh_lookup(w->arp, &two, r.eth1));
	assert_int_equal(pneigh_create(w->arp, &one, w->dev, &plain), 0); /* permanent no more */
	netif_carrier_on(w->dev);
	netif_carrier_off(w->dev);
	assert_null(pneigh_lookup(w->arp, &one, w->dev));
	router_fini(&r);
}

static void a_device_that_asks_is_held_while_its_question_waits(void **state)
{
	struct router r;
	struct world *w = &r.w;
	u32 refs;

	(void)state;
	with_proxy(&r);
	set_sysctl(w, "net.ipv4.neigh.eth0.proxy_delay", "1000");
	ask(w, 1, FAR_IP);
	refs = w->dev->refcnt;
	ask(w, 1, FAR_IP);
	assert_int_equal(w->dev->refcnt, refs + 1);
	world_run(w, 20 * NSEC_PER_SEC);
	assert_true(w->dev->refcnt < refs);
	router_fini(&r);
}

/* ------------------------------------------------------------------ without memory */

static void scenario(struct router *r)
{
	struct world *w = &r->w;
	const __be32 one = FAR_IP, two = NEAR_IP;
	bool made = pneigh_create(w->arp, &one, w->dev, &plain) == 0;

	assert_int_equal(pneigh_lookup(w->arp, &one, w->dev) != NULL, made);
	made = pneigh_create(w->arp, &two, NULL, &plain) == 0;
	assert_int_equal(pneigh_lookup(w->arp, &two, NULL) != NULL, made);
	for (u32 i = 0; i < 30; i++) {
		const __be32 key = cpu_to_be32(0x0b000000U + i);
		u32 before = w->arp->phash.live_count;

		made = pneigh_create(w->arp, &key, i % 2 ? w->dev : NULL, &plain) == 0;
		assert_int_equal(w->arp->phash.live_count, before + made);
	}
	for (u32 i = 0; i < 8; i++)
		ask(w, i, FAR_IP);
	ask_at(w, OUR_MAC, 9, FAR_IP);
	world_run(w, MAX_DELAY / 2);
	for (u32 i = 0; i < 30; i++) {
		const __be32 key = cpu_to_be32(0x0b000000U + i);

		(void)pneigh_delete(w->arp, &key, i % 2 ? w->dev : NULL);
	}
	(void)pneigh_delete(w->arp, &two, NULL);
	world_run(w, MAX_DELAY);
	(void)pneigh_delete(w->arp, &one, w->dev);
	assert_int_equal(w->arp->phash.live_count, 0);
	nothing_waits(w);
	check_table(w);
	w->frames_count = w->frames_seen = 0;
}

static u64 play(struct nomem *m, const void *arg)
{
	struct router r;

	(void)arg;
	router_init(&r);
	r.w.nomem = m;
	m->on = true;
	scenario(&r);
	m->on = false;
	scenario(&r);
	router_fini(&r);
	return 0;
}

static void without_memory_nothing_leaks_and_nothing_lies(void **state)
{
	(void)state;
	assert_true(nomem_each("proxies", play, NULL) > 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_proxy_is_found_on_its_device_or_on_all),
		cmocka_unit_test(of_two_that_match_the_newer_one_is_found_and_changed),
		cmocka_unit_test(there_is_a_limit),
		cmocka_unit_test(any_number_is_found_walked_and_flushed_with_its_device),
		cmocka_unit_test(the_family_may_refuse_and_is_told_of_each_end),
		cmocka_unit_test(proxies_are_chosen_by_route_and_setting),
		cmocka_unit_test(answers_come_spread_over_proxy_delay),
		cmocka_unit_test(a_device_lets_proxy_qlen_and_one_wait),
		cmocka_unit_test(what_waits_on_all_devices_together_is_bounded),
		cmocka_unit_test(whatever_has_changed_meanwhile_counts),
		cmocka_unit_test(a_device_ends_what_waits_on_it),
		cmocka_unit_test(only_a_permanent_proxy_stays_without_carrier),
		cmocka_unit_test(a_device_that_asks_is_held_while_its_question_waits),
		cmocka_unit_test(without_memory_nothing_leaks_and_nothing_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
