// SPDX-License-Identifier: BSD-2-Clause
/* Parts of the neighbour table that no other test looks at by itself: kinds of devices, hooks, age, flags, counters. */
#include "neigh_world.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>

#include "base/byteorder.h"
#include "ipv4/route.h"
#include "netfilter/netfilter.h"

/* ------------------------------------------------------------------ devices of all kinds */

/** struct station - what a device of a test saw; by its own name, since ops have no context */
struct station {
	const struct net_device *dev;
	u32 constructed, destroyed, sent;
	bool refuse;
	u8 last_frame[64];
	u32 last_len;
};
static struct station *station;

static netdev_tx_t station_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	(void)dev, (void)more;
	station->sent++;
	station->last_len = min_u32(skb->len, sizeof(station->last_frame));
	assert_int_equal(skb_copy_bits(skb, 0, station->last_frame, station->last_len), 0);
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static int station_construct(struct net_device *dev, struct neighbour *n)
{
	assert_ptr_equal(n->dev, dev);
	station->constructed++;
	return station->refuse ? -EINVAL : 0;
}

static void station_destroy(struct net_device *dev, struct neighbour *n)
{
	assert_ptr_equal(n->dev, dev);
	assert_true(n->dead);
	station->destroyed++;
}

static const struct net_device_ops station_ops = { .ndo_start_xmit = station_xmit,
						   .ndo_neigh_construct = station_construct,
						   .ndo_neigh_destroy = station_destroy };

static int plain_header(struct sk_buff *skb, struct net_device *dev, u16 type, const void *daddr, const void *saddr,
			u32 len)
{
	(void)dev, (void)type, (void)saddr, (void)len;
	if (!daddr)
		return -1;
	memcpy(skb_push(skb, ETH_ALEN), daddr, ETH_ALEN);
	return ETH_ALEN;
}
/* A link whose headers are not kept ready. */
static const struct header_ops plain_ops = { .create = plain_header };

static struct net_device *add_device(struct world *w, u32 flags, const struct header_ops *headers)
{
	struct net_device *dev = world_add_dev(w, "part0", flags, &station_ops, headers);

	station->dev = dev;
	return dev;
}

#define KEY CONST_BE32(0x0a4e0009)
static const u8 ZERO_MAC[6], GROUP_MAC[6] = { 1, 0, 0x5e, 1, 2, 3 };

static const struct {
	const char *sentence;
	u32 flags;
	bool headers;
	__be32 asked, key;
	u8 state, type;
	const u8 *ha;
} class_rows[] = {
	{ "a host is asked for", IFF_BROADCAST, true, KEY, KEY, NUD_NONE, RTN_UNICAST, NULL },
	{ "a group has its own address", IFF_BROADCAST | IFF_MULTICAST, true, CONST_BE32(0xe0010203),
	  CONST_BE32(0xe0010203), NUD_NOARP, RTN_MULTICAST, GROUP_MAC },
	{ "everybody is everybody", IFF_BROADCAST, true, CONST_BE32(0x0a4e00ff), CONST_BE32(0x0a4e00ff), NUD_NOARP,
	  RTN_BROADCAST, BROADCAST_MAC },
	{ "without ARP the device's own address serves", IFF_BROADCAST | IFF_NOARP, true, KEY, KEY, NUD_NOARP,
	  RTN_UNICAST, OUR_MAC },
	{ "at the end of a line there is one other", IFF_POINTOPOINT, true, KEY, 0, NUD_NOARP, RTN_UNICAST,
	  BROADCAST_MAC },
	{ "without headers there is nothing to know", IFF_BROADCAST, false, KEY, KEY, NUD_NOARP, RTN_UNICAST,
	  ZERO_MAC },
};

static void who_needs_no_question_is_known_at_birth(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(class_rows); i++) {
		struct station s = { .dev = NULL };
		struct neighbour *n, *again;
		struct net_device *dev;
		struct world w;

		station = &s;
		world_init(&w);
		dev = add_device(&w, class_rows[i].flags, class_rows[i].headers ? w.dev->header_ops : NULL);
		assert_int_equal(neigh_create(w.arp, &class_rows[i].asked, dev, &n), 0);
		assert_int_equal(neigh_create(w.arp, &class_rows[i].asked, dev, &again), 0);
		assert_ptr_equal(n, again);
		if (n->nud_state != class_rows[i].state || get_unaligned_be32(n->primary_key) != class_rows[i].key)
			fail_msg("%s: %s", class_rows[i].sentence, nud_state_name(n->nud_state));
		if (class_rows[i].key)
			assert_int_equal(n->type, class_rows[i].type);
		if (class_rows[i].ha)
			assert_memory_equal(n->ha, class_rows[i].ha, ETH_ALEN);
		assert_int_equal(neigh_output_of(n) == neigh_direct_output, !class_rows[i].headers);
		neigh_release(n);
		neigh_release(again);
		world_settle(&w);
		world_fini(&w);
	}
}

static void on_loopback_one_entry_serves_all_and_is_never_collected(void **state)
{
	__be32 a = CONST_BE32(0x7f000001), b = CONST_BE32(0x7f000002);
	struct neighbour *n, *m;
	struct net_device *lo;
	struct world w;

	(void)state;
	world_init(&w);
	lo = dev_find_by_name(w.net, "lo");
	assert_int_equal(neigh_create(w.arp, &a, lo, &n), 0);
	assert_int_equal(neigh_create(w.arp, &b, lo, &m), 0);
	assert_ptr_equal(n, m);
	assert_int_equal(get_unaligned_be32(n->primary_key), 0);
	assert_int_equal(n->nud_state, NUD_NOARP);
	assert_true(n->exempt_from_gc && list_empty(&n->gc_list));
	neigh_release(n);
	neigh_release(m);
	world_settle(&w);
	world_fini(&w);
}

/* D4: the function that sends without asking goes with the state. */
static void without_ready_headers_each_packet_gets_its_own(void **state)
{
	struct station s = { .dev = NULL };
	struct nethood_sock *sk;
	struct net_device *dev;
	struct neighbour *n;
	struct world w;

	(void)state;
	station = &s;
	world_init(&w);
	dev = add_device(&w, IFF_BROADCAST, &plain_ops);
	assert_int_equal(neigh_create(w.arp, &(__be32){ KEY }, dev, &n), 0);
	assert_int_equal(neigh_update(n, PEER_MAC, NUD_PERMANENT, NEIGH_UPDATE_F_ADMIN, 0, NULL), 0);
	assert_ptr_equal(neigh_output_of(n), neigh_connected_output);
	sk = udp_socket(&w);
	for (u32 i = 1; i <= 2; i++) {
		assert_int_equal(udp_send(sk, KEY, "x", 1), 1);
		world_settle(&w);
		assert_int_equal(s.sent, i);
		assert_memory_equal(s.last_frame, PEER_MAC, ETH_ALEN);
		assert_int_equal(n->hh_len, 0);
	}
	assert_int_equal(neigh_update(n, NULL, NUD_NONE, NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_USE, 0, NULL), 0);
	assert_ptr_equal(neigh_output_of(n), neigh_resolve_output);
	assert_int_equal(udp_send(sk, KEY, "x", 1), 1);
	assert_true(n->has_queue); /* it waits: Linux sends it to the old address */
	neigh_release(n);
	nethood_close(sk);
	world_settle(&w);
	world_fini(&w);
}

/* What waits and the ready header lie in the same place. */
static void a_header_is_made_once_and_again_when_packets_have_waited(void **state)
{
	__be32 ip = OTHER_IP;
	struct nethood_sock *sk;
	struct neighbour *n;
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(neigh_create(w.arp, &ip, w.dev, &n), 0);
	sk = udp_socket(&w);
	for (u32 round = 0; round < 2; round++) {
		assert_int_equal(udp_send(sk, ip, "x", 1), 1);
		assert_true(n->has_queue);
		assert_int_equal(n->hh_len, 0);
		assert_int_equal(neigh_update(n, PEER_MAC, NUD_REACHABLE, NEIGH_UPDATE_F_OVERRIDE, 0, NULL), 0);
		world_settle(&w);
		assert_memory_equal(w.frames[w.frames_count - 1].data, PEER_MAC, ETH_ALEN);
		assert_false(n->has_queue);
		assert_int_equal(n->hh_len, ETH_HLEN);
		assert_memory_equal(n->hh_data + HH_DATA_MOD - ETH_HLEN, PEER_MAC, ETH_ALEN);
		assert_int_equal(neigh_update(n, NULL, NUD_FAILED, NEIGH_UPDATE_F_ADMIN, 0, NULL), 0);
	}
	neigh_release(n);
	nethood_close(sk);
	world_settle(&w);
	world_fini(&w);
}

/* So that packets to many in turn write into none of their entries. */
static void a_route_keeps_a_neighbour_that_has_to_be_looked_for_again(void **state)
{
	static const struct {
		u32 to;
		u32 kept; /* bit for each */
	} rows[] = { { 0, 0 }, { 1, 0 }, { 0, 0 }, { 1, 0 }, { 1, 2 }, { 0, 2 }, { 1, 2 }, { 0, 1 }, { 0, 1 } };
	const __be32 ip[] = { PEER_IP, OTHER_IP };
	struct neighbour *n[2];
	struct nethood_sock *sk;
	struct world w;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	for (u32 i = 0; i < 2; i++) {
		const u8 mac[] = { 2, 0, 0, 0, 1, (u8)i };

		assert_int_equal(neigh_create(w.arp, &ip[i], w.dev, &n[i]), 0);
		assert_int_equal(neigh_update(n[i], mac, NUD_PERMANENT, NEIGH_UPDATE_F_ADMIN, 0, NULL), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(udp_send(sk, ip[rows[i].to], "x", 1), 1);
		world_settle(&w);
		assert_int_equal(w.frames[w.frames_count - 1].data[5], rows[i].to);
		for (u32 k = 0; k < 2; k++)
			assert_int_equal(n[k]->refcnt, 2 + (rows[i].kept >> k & 1)); /* the table, and we */
	}
	neigh_release(n[0]);
	neigh_release(n[1]);
	nethood_close(sk);
	world_settle(&w);
	world_fini(&w);
}

static void a_link_without_six_octets_is_not_asked(void **state)
{
	struct station s = { .dev = NULL };
	struct nethood_sock *sk;
	struct net_device *dev;
	struct world w;

	(void)state;
	station = &s;
	world_init(&w);
	dev = add_device(&w, IFF_BROADCAST, w.dev->header_ops);
	dev->addr_len = 8; /* as IEEE 1394 */
	sk = udp_socket(&w);
	assert_int_equal(udp_send(sk, KEY, "x", 1), 1);
	world_run(&w, 10 * NSEC_PER_SEC);
	assert_int_equal(s.sent, 0);
	assert_int_equal(neigh_find(w.arp, &(__be32){ KEY }, dev)->nud_state, NUD_FAILED);
	dev->addr_len = ETH_ALEN;
	nethood_close(sk);
	world_fini(&w);
}

static void a_device_has_the_last_word_on_a_new_entry(void **state)
{
	struct station s = { .dev = NULL };
	struct net_device *dev;
	struct neighbour *n;
	struct world w;
	u32 entries;

	(void)state;
	station = &s;
	world_init(&w);
	dev = add_device(&w, IFF_BROADCAST, w.dev->header_ops);
	s.refuse = true;
	entries = w.arp->entries_count;
	s.constructed = s.destroyed = 0;
	assert_int_equal(neigh_create(w.arp, &(__be32){ KEY }, dev, &n), -EINVAL);
	assert_int_equal(w.arp->entries_count, entries);
	assert_int_equal(s.constructed, 1);
	s.refuse = false;
	s.destroyed = 0;
	assert_int_equal(neigh_create(w.arp, &(__be32){ KEY }, dev, &n), 0);
	neigh_release(n);
	assert_int_equal(s.constructed, 2);
	assert_int_equal(s.destroyed, 0);
	neigh_changeaddr(w.arp, dev);
	assert_int_equal(s.destroyed, 1);
	world_settle(&w);
	world_fini(&w);
}

/* ------------------------------------------------------------------ time */

static void reachable_time_is_drawn_anew_every_300_seconds(void **state)
{
	ktime_t first, drawn[8];
	struct world w;
	u32 others = 0;

	(void)state;
	world_init(&w);
	first = w.dev->neigh_parms[0]->reachable_time;
	world_run(&w, 299 * NSEC_PER_SEC);
	assert_int_equal(w.dev->neigh_parms[0]->reachable_time, first);
	for (u32 i = 0; i < 8; i++) {
		world_run(&w, 316 * NSEC_PER_SEC); /* and a collection's interval */
		drawn[i] = w.dev->neigh_parms[0]->reachable_time;
		assert_in_range(drawn[i], 15 * NSEC_PER_SEC, 45 * NSEC_PER_SEC);
		others += drawn[i] != first;
		first = drawn[i];
	}
	assert_true(others >= 7);
	world_fini(&w);
}

/* Found by fuzzing: the collector was due again at once, and no poll ended. */
static void with_a_reachable_time_of_nothing_time_goes_on(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.neigh.default.base_reachable_time_ms", "0"), 0);
	world_run(&w, 16 * NSEC_PER_SEC);
	assert_in_range(w.arp->stats.periodic_gc_runs, 900, 1100);
	world_fini(&w);
}

static void make(struct world *w, u32 host, u8 nud, u32 flags)
{
	__be32 ip = cpu_to_be32(0x0a4d0000 + host);
	struct neighbour *n;

	assert_int_equal(neigh_create(w->arp, &ip, w->dev, &n), 0);
	assert_int_equal(neigh_update(n, nud & NUD_VALID ? PEER_MAC : NULL, nud, NEIGH_UPDATE_F_ADMIN | flags, 0, NULL),
			 0);
	neigh_release(n);
}

static u8 host_state(struct world *w, u32 host)
{
	return state_of(w, cpu_to_be32(0x0a4d0000 + host));
}

static void above_gc_thresh1_what_is_old_goes(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	for (u32 i = 0; i < 127; i++)
		make(&w, 100 + i, NUD_STALE, 0);
	world_run(&w, 1000 * NSEC_PER_SEC);
	assert_int_equal(host_state(&w, 100), NUD_STALE); /* one too few */
	make(&w, 10, NUD_STALE, 0);
	make(&w, 11, NUD_FAILED, 0);
	make(&w, 12, NUD_PERMANENT, 0);
	make(&w, 13, NUD_STALE, NEIGH_UPDATE_F_EXT_LEARNED);
	make(&w, 14, NUD_STALE, NEIGH_UPDATE_F_EXT_VALIDATED);
	world_run(&w, 16 * NSEC_PER_SEC);
	assert_int_equal(host_state(&w, 100), 0xff);
	assert_int_equal(host_state(&w, 226), 0xff);
	assert_int_equal(host_state(&w, 11), 0xff);      /* whoever failed at once */
	assert_int_equal(host_state(&w, 10), NUD_STALE); /* others after gc_stale_time */
	world_run(&w, 1000 * NSEC_PER_SEC);
	assert_int_equal(host_state(&w, 12), NUD_PERMANENT); /* and these never */
	assert_int_equal(host_state(&w, 13), NUD_STALE);
	assert_int_equal(host_state(&w, 14), NUD_STALE);
	world_settle(&w);
	world_fini(&w);
}

static void above_gc_thresh2_strangers_of_five_seconds_make_room(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	for (u32 i = 0; i < 512; i++)
		make(&w, 100 + i, NUD_STALE, 0);
	make(&w, 10, NUD_STALE, 0);
	assert_int_equal(w.arp->gc_entries_count, 513); /* all are young */
	world_run(&w, 6 * NSEC_PER_SEC);
	make(&w, 11, NUD_STALE, 0);
	assert_true(w.arp->gc_entries_count <= 513);
	assert_int_equal(host_state(&w, 100), 0xff); /* the oldest */
	assert_int_equal(host_state(&w, 11), NUD_STALE);
	world_settle(&w);
	world_fini(&w);
}

/* ------------------------------------------------------------------ news, with the flags that IPv6 will use */

static const struct {
	const char *sentence;
	u8 before;
	u32 flags;
	u8 given, after;
	bool new_mac, router;
} flag_rows[] = {
	{ "without OVERRIDE another address is ignored", NUD_REACHABLE, 0, NUD_REACHABLE, NUD_REACHABLE, false, false },
	{ "OVERRIDE takes it", NUD_REACHABLE, NEIGH_UPDATE_F_OVERRIDE, NUD_STALE, NUD_STALE, true, false },
	{ "WEAK_OVERRIDE keeps what was connected, and doubts it", NUD_REACHABLE, NEIGH_UPDATE_F_WEAK_OVERRIDE,
	  NUD_REACHABLE, NUD_STALE, false, false },
	{ "WEAK_OVERRIDE says nothing of what was not", NUD_STALE, NEIGH_UPDATE_F_WEAK_OVERRIDE, NUD_REACHABLE,
	  NUD_STALE, false, false },
	{ "who is believed may say that it is a router", NUD_REACHABLE,
	  NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_OVERRIDE_ISROUTER | NEIGH_UPDATE_F_ISROUTER, NUD_REACHABLE,
	  NUD_REACHABLE, true, true },
	{ "who is not, may not", NUD_REACHABLE, NEIGH_UPDATE_F_OVERRIDE_ISROUTER | NEIGH_UPDATE_F_ISROUTER,
	  NUD_REACHABLE, NUD_REACHABLE, false, false },
	{ "ISROUTER alone says nothing", NUD_REACHABLE, NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_ISROUTER,
	  NUD_REACHABLE, NUD_REACHABLE, true, false },
	{ "what failed takes any address", NUD_FAILED, 0, NUD_STALE, NUD_STALE, true, false },
};

static void flags_say_whose_word_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(flag_rows); i++) {
		__be32 ip = PEER_IP;
		struct neighbour *n;
		struct world w;

		world_init(&w);
		make(&w, 1, flag_rows[i].before, 0);
		n = neigh_find(w.arp, &ip, w.dev);
		assert_int_equal(neigh_update(n, NEW_MAC, flag_rows[i].given, flag_rows[i].flags, 0, NULL), 0);
		if (n->nud_state != flag_rows[i].after || (memcmp(n->ha, NEW_MAC, 6) == 0) != flag_rows[i].new_mac ||
		    !(n->flags & NTF_ROUTER) == flag_rows[i].router)
			fail_msg("%s: %s", flag_rows[i].sentence, nud_state_name(n->nud_state));
		world_settle(&w);
		world_fini(&w);
	}
}

static void the_dead_are_told_nothing(void **state)
{
	const char *errmsg = NULL;
	__be32 ip = PEER_IP;
	struct neighbour *n;
	struct world w;

	(void)state;
	world_init(&w);
	make(&w, 1, NUD_STALE, 0);
	n = neigh_lookup(w.arp, &ip, w.dev);
	neigh_changeaddr(w.arp, w.dev);
	assert_int_equal(neigh_update(n, NEW_MAC, NUD_REACHABLE, NEIGH_UPDATE_F_ADMIN, 0, &errmsg), -EPERM);
	assert_string_equal(errmsg, "Neighbor entry is now dead");
	assert_int_equal(state_of(&w, PEER_IP), 0xff);
	neigh_release(n);
	world_fini(&w);
}

/* ------------------------------------------------------------------ what waits asks its route again */

static struct neighbour *detour;

static struct neighbour *detour_lookup(struct dst_entry *dst, struct sk_buff *skb, const void *daddr)
{
	(void)dst, (void)skb, (void)daddr;
	return neigh_get(detour);
}

static const struct dst_ops detour_ops = { .neigh_lookup = detour_lookup };

static void what_waited_goes_to_its_routes_present_neighbour(void **state)
{
	struct dst_entry dst = { .ops = &detour_ops, .refcnt = 1 };
	__be32 ip = PEER_IP, other = OTHER_IP;
	struct neighbour *n;
	struct sk_buff *skb;
	struct world w;

	(void)state;
	world_init(&w);
	make(&w, 9, NUD_PERMANENT, 0);
	detour = neigh_find(w.arp, &other, w.dev);
	memcpy(detour->ha, NEW_MAC, ETH_ALEN);
	assert_int_equal(neigh_create(w.arp, &ip, w.dev, &n), 0);
	skb = alloc_skb(w.net->skb_pool, 128);
	skb_reserve(skb, 64);
	skb_put(skb, 20);
	skb_reset_network_header(skb);
	skb->dev = w.dev;
	skb->protocol = CONST_BE16(ETH_P_IP);
	skb_dst_set(skb, dst_get(&dst));
	assert_int_equal(neigh_output_of(n)(n, skb), 0);
	assert_true(n->has_queue);
	w.frames_seen = w.frames_count;
	assert_int_equal(neigh_update(n, PEER_MAC, NUD_REACHABLE, NEIGH_UPDATE_F_OVERRIDE, 0, NULL), 0);
	world_settle(&w);
	assert_int_equal(w.frames_count, w.frames_seen + 1);
	assert_memory_equal(w.frames[w.frames_seen].data, NEW_MAC, ETH_ALEN);
	assert_int_equal(dst.refcnt, 1);
	neigh_release(n);
	world_fini(&w);
}

/* ------------------------------------------------------------------ hooks, counters */

static unsigned int count_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	u32 *seen = priv;

	(void)skb;
	seen[state->hook]++;
	assert_int_equal(state->pf, NFPROTO_ARP);
	assert_non_null(state->hook == NF_ARP_IN ? state->in : state->out);
	return seen[3] ? NF_DROP : NF_ACCEPT;
}

static void hooks_see_arp_in_and_out_and_may_refuse_it(void **state)
{
	u32 seen[4] = { 0 }; /* by hook; [3]: refuse */
	struct nf_hook_ops in = { .hook = count_hook, .priv = seen, .pf = NFPROTO_ARP, .hooknum = NF_ARP_IN };
	struct nf_hook_ops out = { .hook = count_hook, .priv = seen, .pf = NFPROTO_ARP, .hooknum = NF_ARP_OUT };
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(nf_register_hook(w.net, &in), 0);
	assert_int_equal(nf_register_hook(w.net, &out), 0);
	send_arp(&w, BROADCAST_MAC, PEER_MAC, ARPOP_REQUEST, PEER_MAC, PEER_IP, NULL, OUR_IP);
	assert_int_equal(w.frames_count, 1);
	assert_int_equal(seen[NF_ARP_IN], 1);
	assert_int_equal(seen[NF_ARP_OUT], 1);
	seen[3] = 1;
	send_arp(&w, BROADCAST_MAC, NEW_MAC, ARPOP_REQUEST, NEW_MAC, OTHER_IP, NULL, OUR_IP);
	assert_int_equal(w.frames_count, 1);
	assert_int_equal(state_of(&w, OTHER_IP), 0xff); /* not even learned */
	assert_int_equal(w.net->skb_pool->stats.dropped[SKB_DROP_REASON_NETFILTER_DROP], 1);
	nf_unregister_hook(w.net, &in);
	send_arp(&w, BROADCAST_MAC, NEW_MAC, ARPOP_REQUEST, NEW_MAC, OTHER_IP, NULL, OUR_IP);
	assert_int_equal(w.frames_count, 1); /* learned, and the answer refused */
	assert_int_equal(state_of(&w, OTHER_IP), NUD_STALE);
	nf_unregister_hook(w.net, &out);
	world_fini(&w);
}

static void counters_count(void **state)
{
	const struct neigh_statistics *s;
	__be32 ip = OTHER_IP;
	struct world w;

	(void)state;
	world_init(&w);
	s = &w.arp->stats;
	assert_int_equal(s->allocs, 0);
	assert_null(neigh_find(w.arp, &ip, w.dev));
	assert_int_equal(s->lookups, 1);
	assert_int_equal(s->hits, 0);
	make(&w, 9, NUD_STALE, 0);
	assert_int_equal(s->allocs, 1);
	assert_non_null(neigh_find(w.arp, &ip, w.dev));
	assert_int_equal(s->hits, 1);
	make(&w, 8, NUD_PROBE, 0);
	world_run(&w, 10 * NSEC_PER_SEC); /* three questions and no answer */
	assert_int_equal(host_state(&w, 8), NUD_FAILED);
	assert_int_equal(s->res_failed, 1);
	world_run(&w, 6 * NSEC_PER_SEC);
	assert_int_equal(s->periodic_gc_runs, 1);
	for (u32 i = 0; i < 100; i++)
		make(&w, 100 + i, NUD_PERMANENT, 0);
	assert_int_equal(s->hash_grows, 4); /* 8 slots, at most 4/5 full, for 102 */
	neigh_changeaddr(w.arp, w.dev);
	assert_int_equal(s->destroys, 102);
	assert_int_equal(s->forced_gc_runs + s->table_fulls + s->unres_discards + s->proxy_discards, 0);
	world_fini(&w);
}

/* ------------------------------------------------------------------ questions that nobody may ask, or without end */

static void probes_are(struct world *w, const char *unicast, const char *multicast)
{
	assert_int_equal(nethood_sysctl_set(w->public_net, "net.ipv4.neigh.eth0.ucast_solicit", unicast), 0);
	assert_int_equal(nethood_sysctl_set(w->public_net, "net.ipv4.neigh.eth0.mcast_solicit", multicast), 0);
}

static void a_packet_for_one_who_may_not_be_asked_is_dropped(void **state)
{
	struct nethood_sock *sk;
	struct world w;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	probes_are(&w, "0", "0");
	for (u32 i = 0; i < 2; i++) { /* one who is new, and one who has failed */
		assert_int_equal(udp_send(sk, PEER_IP, "x", 1), 1);
		world_settle(&w);
		assert_int_equal(state_of(&w, PEER_IP), NUD_FAILED);
		assert_int_equal(w.net->skb_pool->stats.dropped[SKB_DROP_REASON_NEIGH_FAILED], i + 1);
	}
	assert_int_equal(w.frames_count, 0);
	nethood_close(sk);
	world_fini(&w);
}

static void who_is_asked_more_often_than_the_count_goes_is_asked_on(void **state)
{
	struct nethood_sock *sk;
	struct world w;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	probes_are(&w, "3", "255");
	assert_int_equal(udp_send(sk, PEER_IP, "x", 1), 1);
	world_run(&w, 300 * NSEC_PER_SEC);
	assert_int_equal(state_of(&w, PEER_IP), NUD_INCOMPLETE);
	assert_in_range(w.frames_count, 295, 301);
	nethood_close(sk);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_needs_no_question_is_known_at_birth),
		cmocka_unit_test(on_loopback_one_entry_serves_all_and_is_never_collected),
		cmocka_unit_test(without_ready_headers_each_packet_gets_its_own),
		cmocka_unit_test(a_header_is_made_once_and_again_when_packets_have_waited),
		cmocka_unit_test(a_route_keeps_a_neighbour_that_has_to_be_looked_for_again),
		cmocka_unit_test(a_link_without_six_octets_is_not_asked),
		cmocka_unit_test(a_device_has_the_last_word_on_a_new_entry),
		cmocka_unit_test(reachable_time_is_drawn_anew_every_300_seconds),
		cmocka_unit_test(with_a_reachable_time_of_nothing_time_goes_on),
		cmocka_unit_test(above_gc_thresh1_what_is_old_goes),
		cmocka_unit_test(above_gc_thresh2_strangers_of_five_seconds_make_room),
		cmocka_unit_test(flags_say_whose_word_counts),
		cmocka_unit_test(the_dead_are_told_nothing),
		cmocka_unit_test(what_waited_goes_to_its_routes_present_neighbour),
		cmocka_unit_test(hooks_see_arp_in_and_out_and_may_refuse_it),
		cmocka_unit_test(counters_count),
		cmocka_unit_test(a_packet_for_one_who_may_not_be_asked_is_dropped),
		cmocka_unit_test(who_is_asked_more_often_than_the_count_goes_is_asked_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
