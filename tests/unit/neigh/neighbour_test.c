// SPDX-License-Identifier: BSD-2-Clause
/* The neighbour table at work, on frames, in virtual time: resolution, doubt, failure, queues, news, deletion. */
#include "neigh_world.h"

#include <errno.h>
#include <linux/errqueue.h>

static void expect_request(struct world *w, ktime_t at, const u8 *dst)
{
	const struct frame *f = next_frame(w);
	const struct arp_eth_ip4 *arp;
	static const u8 zero[6];

	assert_non_null(f);
	assert_int_equal(f->at, at);
	arp = frame_arp(f);
	assert_non_null(arp);
	assert_int_equal(be16_to_cpu(arp->ar_op), ARPOP_REQUEST);
	assert_memory_equal(f->data, dst, 6);
	assert_memory_equal(arp->ar_sha, OUR_MAC, 6);
	assert_memory_equal(arp->ar_tha, zero, 6);
	assert_int_equal(get_unaligned_be32(arp->ar_sip), OUR_IP);
}

static void an_unresolvable_host_is_asked_for_at_0_1_2_and_fails_at_3_seconds(void **state)
{
	struct world w;
	struct nethood_sock *sk;
	int on = 1, err = 0;
	socklen_t len = sizeof(err);

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	assert_int_equal(nethood_setsockopt(sk, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
	assert_int_equal(udp_send(sk, OTHER_IP, "x", 1), 1);
	assert_int_equal(state_of(&w, OTHER_IP), NUD_INCOMPLETE);
	world_run(&w, 10 * NSEC_PER_SEC);
	expect_request(&w, T0, BROADCAST_MAC);
	expect_request(&w, T0 + NSEC_PER_SEC, BROADCAST_MAC);
	expect_request(&w, T0 + 2 * NSEC_PER_SEC, BROADCAST_MAC);
	assert_null(next_frame(&w));
	assert_int_equal(state_of(&w, OTHER_IP), NUD_FAILED);
	assert_int_equal(w.told_count, 1); /* nobody is told of the beginning, everybody of the end */
	assert_int_equal(w.told[0].state, NUD_FAILED);
	assert_int_equal(w.told[0].at, T0 + 3 * NSEC_PER_SEC);
	assert_int_equal(nethood_getsockopt(sk, SOL_SOCKET, SO_ERROR, &err, &len), 0);
	assert_int_equal(err, EHOSTUNREACH);
	assert_int_equal(w.arp->stats.res_failed, 1);
	check_table(&w);
	nethood_close(sk);
	world_fini(&w);
}

static const struct {
	const char *sentence;
	u32 payload_bytes, kept;
} queue_rows[] = {
	{ "one octet each: the newest 256 stay", 1, 256 },
	{ "a hundred octets each: the newest 256 stay", 100, 256 },
	{ "a thousand octets each: the newest 92 stay", 1000, 92 },
	{ "full frames: the newest 92 stay", 1472, 92 },
};

static void what_waits_is_bounded_by_bytes_and_leaves_in_order(void **state)
{
	(void)state;
	for (size_t row = 0; row < ARRAY_SIZE(queue_rows); row++) {
		u32 first = 600 - queue_rows[row].kept;
		struct world w;
		struct nethood_sock *sk;
		u8 payload[1472] = { 0 };
		const struct frame *f;

		world_init(&w);
		sk = udp_socket(&w);
		for (u32 i = 0; i < 600; i++) {
			int big = 10 << 20;

			nethood_setsockopt(sk, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big));
			payload[0] = (u8)i;
			assert_int_equal(udp_send(sk, PEER_IP, payload, queue_rows[row].payload_bytes),
					 queue_rows[row].payload_bytes);
		}
		check_table(&w);
		assert_non_null(next_frame(&w)); /* the question */
		arp_reply_from_peer(&w, PEER_MAC);
		for (u32 i = first; i < 600; i++) {
			f = next_frame(&w);
			if (!f)
				fail_msg("%s: the queue ended at %u", queue_rows[row].sentence, i);
			assert_memory_equal(f->data, PEER_MAC, 6);
			assert_int_equal(f->data[42], (u8)i);
		}
		assert_null(next_frame(&w));
		assert_int_equal(w.arp->stats.unres_discards, first);
		assert_int_equal(w.net->skb_pool->stats.dropped[SKB_DROP_REASON_NEIGH_QUEUEFULL], first);
		check_table(&w);
		nethood_close(sk);
		world_fini(&w);
	}
}

static void expect_state(struct world *w, ktime_t at, u8 want)
{
	world_run(w, at - w->now);
	if (state_of(w, PEER_IP) != want)
		fail_msg("at %.3f s: %s, not %s", (double)(at - T0) / 1e9, nud_state_name(state_of(w, PEER_IP)),
			 nud_state_name(want));
	check_table(w);
}

static void resolve_peer(struct world *w, struct nethood_sock *sk)
{
	assert_int_equal(udp_send(sk, PEER_IP, "x", 1), 1);
	arp_reply_from_peer(w, PEER_MAC);
	assert_int_equal(state_of(w, PEER_IP), NUD_REACHABLE);
	w->frames_seen = w->frames_count;
	w->told_count = 0;
}

static void a_neighbour_ages_is_doubted_probed_and_confirmed(void **state)
{
	struct world w;
	struct nethood_sock *sk;
	const struct frame *f;
	ktime_t reachable, used;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	resolve_peer(&w, sk);
	reachable = w.dev->neigh_parms[0]->reachable_time;
	assert_in_range(reachable, 15 * NSEC_PER_SEC, 45 * NSEC_PER_SEC);
	expect_state(&w, T0 + reachable - NSEC_PER_MSEC, NUD_REACHABLE);
	expect_state(&w, T0 + reachable, NUD_STALE);
	used = w.now;
	assert_int_equal(udp_send(sk, PEER_IP, "y", 1), 1); /* used while it is doubted */
	assert_int_equal(state_of(&w, PEER_IP), NUD_DELAY);
	assert_non_null(next_frame(&w));
	assert_null(next_frame(&w));
	expect_state(&w, used + 5 * NSEC_PER_SEC + 20 * NSEC_PER_MSEC, NUD_PROBE);
	f = next_frame(&w);
	assert_non_null(f);
	assert_memory_equal(f->data, PEER_MAC, 6); /* asked itself, not everybody */
	arp_reply_from_peer(&w, PEER_MAC);
	assert_int_equal(state_of(&w, PEER_IP), NUD_REACHABLE);
	assert_int_equal(w.told_count, 3);
	assert_int_equal(w.told[0].state, NUD_STALE);
	assert_int_equal(w.told[1].state, NUD_PROBE); /* nobody is told of DELAY */
	assert_int_equal(w.told[2].state, NUD_REACHABLE);
	nethood_close(sk);
	world_fini(&w);
}

static void a_neighbour_that_went_away_is_probed_three_times_and_fails(void **state)
{
	struct world w;
	struct nethood_sock *sk;
	ktime_t probe;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	resolve_peer(&w, sk);
	world_run(&w, 46 * NSEC_PER_SEC);
	assert_int_equal(udp_send(sk, PEER_IP, "y", 1), 1);
	assert_non_null(next_frame(&w));
	probe = w.now + 5 * NSEC_PER_SEC;
	world_run(&w, 20 * NSEC_PER_SEC);
	for (int i = 0; i < 3; i++)
		expect_request(&w, probe + i * NSEC_PER_SEC, PEER_MAC);
	assert_null(next_frame(&w));
	assert_int_equal(state_of(&w, PEER_IP), NUD_FAILED);
	assert_int_equal(udp_send(sk, PEER_IP, "z", 1), 1); /* and is asked for again by the next packet */
	assert_int_equal(state_of(&w, PEER_IP), NUD_INCOMPLETE);
	nethood_close(sk);
	world_fini(&w);
}

/* ------------------------------------------------------------------ what an ARP packet may change */

enum who {
	UNICAST_REPLY,
	BROADCAST_REPLY,
	GARP_REQUEST,
	GARP_REPLY,
	GARP_REPLY_TO_ALL,
	REQUEST_FOR_US,
	REQUEST_FOR_OTHER
};

static void claim(struct world *w, enum who who, const u8 *mac)
{
	switch (who) {
	case UNICAST_REPLY:
		send_arp(w, OUR_MAC, mac, ARPOP_REPLY, mac, PEER_IP, OUR_MAC, OUR_IP);
		return;
	case BROADCAST_REPLY:
		send_arp(w, BROADCAST_MAC, mac, ARPOP_REPLY, mac, PEER_IP, OUR_MAC, OUR_IP);
		return;
	case GARP_REQUEST:
		send_arp(w, BROADCAST_MAC, mac, ARPOP_REQUEST, mac, PEER_IP, NULL, PEER_IP);
		return;
	case GARP_REPLY:
		send_arp(w, BROADCAST_MAC, mac, ARPOP_REPLY, mac, PEER_IP, mac, PEER_IP);
		return;
	case GARP_REPLY_TO_ALL:
		send_arp(w, BROADCAST_MAC, mac, ARPOP_REPLY, mac, PEER_IP, BROADCAST_MAC, PEER_IP);
		return;
	case REQUEST_FOR_US:
		send_arp(w, BROADCAST_MAC, mac, ARPOP_REQUEST, mac, PEER_IP, NULL, OUR_IP);
		return;
	case REQUEST_FOR_OTHER:
		send_arp(w, BROADCAST_MAC, mac, ARPOP_REQUEST, mac, PEER_IP, NULL, OTHER_IP);
		return;
	}
}

static const struct {
	const char *sentence;
	enum who who;
	u32 age_ms;
	const u8 *mac;
	u8 state;
} claim_rows[] = {
	{ "within locktime a second reply is ignored", UNICAST_REPLY, 100, PEER_MAC, NUD_REACHABLE },
	{ "after locktime a unicast reply is believed", UNICAST_REPLY, 1200, NEW_MAC, NUD_REACHABLE },
	{ "a gratuitous request is believed at once, not confirmed", GARP_REQUEST, 100, NEW_MAC, NUD_STALE },
	{ "so is a gratuitous reply", GARP_REPLY, 100, NEW_MAC, NUD_STALE },
	{ "one with an all-ones target is not gratuitous", GARP_REPLY_TO_ALL, 100, PEER_MAC, NUD_REACHABLE },
	{ "a request for us is believed at once", REQUEST_FOR_US, 100, NEW_MAC, NUD_STALE },
	{ "a request for another host only after locktime", REQUEST_FOR_OTHER, 1200, NEW_MAC, NUD_STALE },
	{ "and not before", REQUEST_FOR_OTHER, 100, PEER_MAC, NUD_REACHABLE },
	{ "a broadcast reply does not confirm", BROADCAST_REPLY, 1200, NEW_MAC, NUD_STALE },
};

static void news_by_arp_follow_locktime_and_gratuity(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(claim_rows); i++) {
		struct world w;
		struct nethood_sock *sk;
		__be32 ip = PEER_IP;

		world_init(&w);
		sk = udp_socket(&w);
		resolve_peer(&w, sk);
		world_run(&w, claim_rows[i].age_ms * NSEC_PER_MSEC);
		claim(&w, claim_rows[i].who, NEW_MAC);
		if (state_of(&w, PEER_IP) != claim_rows[i].state ||
		    memcmp(neigh_find(w.arp, &ip, w.dev)->ha, claim_rows[i].mac, 6) != 0)
			fail_msg("%s: %s", claim_rows[i].sentence, nud_state_name(state_of(&w, PEER_IP)));
		check_table(&w);
		nethood_close(sk);
		world_fini(&w);
	}
}

static void a_request_for_us_is_answered_and_teaches(void **state)
{
	struct world w;
	const struct frame *f;

	(void)state;
	world_init(&w);
	claim(&w, REQUEST_FOR_US, PEER_MAC);
	f = next_frame(&w);
	assert_non_null(f);
	assert_int_equal(be16_to_cpu(frame_arp(f)->ar_op), ARPOP_REPLY);
	assert_memory_equal(f->data, PEER_MAC, 6);
	assert_memory_equal(frame_arp(f)->ar_tha, PEER_MAC, 6);
	assert_int_equal(state_of(&w, PEER_IP), NUD_STALE);
	world_fini(&w);
}

static void a_probe_is_answered_and_teaches_nothing(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	send_arp(&w, BROADCAST_MAC, PEER_MAC, ARPOP_REQUEST, PEER_MAC, 0, NULL, OUR_IP);
	assert_non_null(next_frame(&w));
	assert_int_equal(w.arp->entries_count, 0);
	world_fini(&w);
}

static void unasked_replies_make_no_entry(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	claim(&w, UNICAST_REPLY, PEER_MAC);
	claim(&w, GARP_REQUEST, PEER_MAC);
	claim(&w, GARP_REPLY, PEER_MAC);
	assert_int_equal(w.arp->entries_count, 0);
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.conf.eth0.arp_accept", "1"), 0);
	claim(&w, UNICAST_REPLY, PEER_MAC);
	assert_int_equal(state_of(&w, PEER_IP), NUD_REACHABLE);
	world_fini(&w);
}

static void addresses_that_no_host_has_are_not_learned(void **state)
{
	static const u8 bad[4][6] = {
		{ 255, 255, 255, 255, 255, 255 }, { 1, 0, 0x5e, 0, 0, 1 }, { 0 }, { 2, 0, 0, 0, 0, 2 }
	};
	struct world w;

	(void)state;
	world_init(&w);
	for (int i = 0; i < 4; i++)
		claim(&w, REQUEST_FOR_US, bad[i]);
	assert_int_equal(w.arp->entries_count, 0);
	assert_null(next_frame(&w));
	assert_int_equal(w.net->skb_pool->stats.dropped[SKB_DROP_REASON_ARP_BAD_SENDER], 4);
	world_fini(&w);
}

static void our_addresses_are_announced_when_that_is_wanted(void **state)
{
	const u8 mac[6] = { 2, 9, 9, 9, 9, 9 };
	const struct frame *f;
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(dev_set_mac_address(w.dev, mac), 0);
	assert_null(next_frame(&w));
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.conf.eth0.arp_notify", "1"), 0);
	assert_int_equal(dev_set_mac_address(w.dev, OUR_MAC), 0);
	f = next_frame(&w);
	assert_non_null(f);
	assert_memory_equal(f->data, BROADCAST_MAC, 6);
	assert_int_equal(get_unaligned_be32(frame_arp(f)->ar_sip), OUR_IP);
	assert_int_equal(get_unaligned_be32(frame_arp(f)->ar_tip), OUR_IP);
	assert_memory_equal(frame_arp(f)->ar_sha, OUR_MAC, 6);
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.conf.eth0.arp_notify", "0"), 0);
	netdev_notify_peers(w.dev);
	assert_non_null(next_frame(&w));
	world_fini(&w);
}

/* ------------------------------------------------------------------ administrators */

static struct neighbour *add(struct world *w, __be32 ip, const u8 *mac, u8 nud)
{
	struct neighbour *n;

	assert_int_equal(neigh_create(w->arp, &ip, w->dev, &n), 0);
	assert_int_equal(neigh_update(n, mac, nud, NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_OVERRIDE, 0, NULL), 0);
	return n;
}

static void traffic_never_changes_a_permanent_entry(void **state)
{
	struct world w;
	struct neighbour *n;

	(void)state;
	world_init(&w);
	n = add(&w, PEER_IP, PEER_MAC, NUD_PERMANENT);
	world_run(&w, 100 * NSEC_PER_SEC);
	for (int who = UNICAST_REPLY; who <= REQUEST_FOR_OTHER; who++)
		claim(&w, (enum who)who, NEW_MAC);
	assert_int_equal(n->nud_state, NUD_PERMANENT);
	assert_memory_equal(n->ha, PEER_MAC, 6);
	neigh_release(n);
	check_table(&w);
	world_fini(&w);
}

static void nobody_has_to_go_for_one_that_is_refused(void **state)
{
	struct neigh_wish wish = { .new_state = NUD_REACHABLE, .flags = NEIGH_UPDATE_F_ADMIN };
	struct world w;
	struct neighbour *n;

	(void)state;
	world_init(&w);
	w.arp->gc_thresh2 = w.arp->gc_thresh3 = 1;
	assert_int_equal(neigh_create(w.arp, &(__be32){ PEER_IP }, w.dev, &n), 0);
	neigh_release(n);
	assert_int_equal(neigh_create_as(w.arp, &(__be32){ OTHER_IP }, w.dev, &wish, &n), -EINVAL);
	assert_string_equal(wish.errmsg, "No link layer address given");
	assert_non_null(neigh_find(w.arp, &(__be32){ PEER_IP }, w.dev));
	wish.lladdr = PEER_MAC;
	assert_int_equal(neigh_create_as(w.arp, &(__be32){ OTHER_IP }, w.dev, &wish, &n), 0);
	neigh_release(n);
	assert_null(neigh_find(w.arp, &(__be32){ PEER_IP }, w.dev));
	check_table(&w);
	world_fini(&w);
}

static void incomplete_by_hand_where_no_question_is_allowed_keeps_no_packet(void **state)
{
	struct world w;
	struct nethood_sock *sk;

	(void)state;
	world_init(&w);
	assert_int_equal(nethood_socket(w.public_net, AF_INET, SOCK_DGRAM, 0, &sk), 0);
	assert_int_equal(udp_send(sk, PEER_IP, "x", 1), 1);
	assert_int_equal(state_of(&w, PEER_IP), NUD_INCOMPLETE);
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.neigh.eth0.mcast_solicit", "0"), 0);
	assert_int_equal(neigh_update(neigh_find(w.arp, &(__be32){ PEER_IP }, w.dev), NULL, NUD_INCOMPLETE,
				      NEIGH_UPDATE_F_ADMIN, 0, NULL),
			 0);
	assert_int_equal(state_of(&w, PEER_IP), NUD_FAILED);
	check_table(&w);
	nethood_close(sk);
	world_fini(&w);
}

static void incomplete_by_hand_resolves_instead_of_waiting_for_ever(void **state)
{
	static const u8 asked_for[] = { NUD_INCOMPLETE, NUD_INCOMPLETE | NUD_FAILED };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(asked_for); i++) {
		struct world w;
		struct neighbour *n;

		world_init(&w);
		assert_int_equal(neigh_create(w.arp, &(__be32){ PEER_IP }, w.dev, &n), 0);
		assert_int_equal(neigh_update(n, NULL, asked_for[i], NEIGH_UPDATE_F_ADMIN, 0, NULL), 0);
		neigh_release(n);
		check_table(&w);
		world_run(&w, NSEC_PER_MSEC);
		expect_request(&w, w.frames[0].at, BROADCAST_MAC);
		world_run(&w, 5 * NSEC_PER_SEC);
		assert_int_equal(state_of(&w, PEER_IP), NUD_FAILED);
		world_fini(&w);
	}
}

static void an_address_that_is_not_valid_is_not_asked(void **state)
{
	struct world w;
	struct nethood_sock *sk;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	udp_send(sk, PEER_IP, "x", 1);
	expect_request(&w, w.now, BROADCAST_MAC);
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.neigh.eth0.ucast_solicit", "5"), 0);
	world_run(&w, NSEC_PER_SEC);
	expect_request(&w, w.now, BROADCAST_MAC); /* though fewer than five were sent by unicast */
	nethood_close(sk);
	world_fini(&w);
}

static void none_by_hand_drops_what_waits(void **state)
{
	struct world w;
	struct nethood_sock *sk;
	__be32 ip = PEER_IP;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	udp_send(sk, PEER_IP, "x", 1);
	assert_int_equal(neigh_update(neigh_find(w.arp, &ip, w.dev), NULL, NUD_NONE, NEIGH_UPDATE_F_ADMIN, 0, NULL), 0);
	assert_int_equal(w.net->skb_pool->stats.dropped[SKB_DROP_REASON_NEIGH_FAILED], 1);
	check_table(&w);
	nethood_close(sk);
	world_fini(&w);
}

static void use_of_a_permanent_entry_ends_its_fast_path(void **state)
{
	struct world w;
	struct neighbour *n;

	(void)state;
	world_init(&w);
	n = add(&w, PEER_IP, PEER_MAC, NUD_PERMANENT);
	assert_int_equal(neigh_update(n, NULL, NUD_NONE, NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_USE, 0, NULL), 0);
	check_table(&w);
	neigh_release(n);
	world_fini(&w);
}

static void deletion_tells_twice_and_leaves_a_blackhole_to_holders(void **state)
{
	struct world w;
	struct neighbour *n;

	(void)state;
	world_init(&w);
	n = add(&w, PEER_IP, PEER_MAC, NUD_REACHABLE);
	w.told_count = 0;
	assert_int_equal(neigh_remove(n, 0), 0);
	assert_int_equal(w.told_count, 2);
	assert_int_equal(w.told[0].event, NEIGH_EVENT_NEW);
	assert_int_equal(w.told[0].state, NUD_FAILED);
	assert_int_equal(w.told[1].event, NEIGH_EVENT_DEL);
	assert_true(n->dead);
	assert_ptr_equal(neigh_output_of(n), neigh_blackhole_output);
	assert_int_equal(neigh_update(n, PEER_MAC, NUD_REACHABLE, NEIGH_UPDATE_F_ADMIN, 0, NULL), -EPERM);
	neigh_release(n);
	assert_int_equal(w.arp->entries_count, 0);
	world_fini(&w);
}

static void a_device_takes_its_entries_with_it(void **state)
{
	struct world w;
	struct nethood_sock *sk;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	neigh_release(add(&w, OTHER_IP, NEW_MAC, NUD_PERMANENT));
	udp_send(sk, PEER_IP, "x", 1);
	nethood_dev_carrier(w.public_dev, false);
	assert_int_equal(w.arp->hash.live_count, 1); /* PERMANENT survives a loss of the carrier */
	nethood_dev_carrier(w.public_dev, true);
	udp_send(sk, PEER_IP, "x", 1);
	dev_close(w.dev);
	assert_int_equal(w.arp->hash.live_count, 0);
	nethood_close(sk);
	world_fini(&w);
}

/* ------------------------------------------------------------------ limits */

/* RFC 6583: what a sweep makes pushes out what the sweep made. */
static void a_sweep_cannot_push_out_or_keep_out_anybody(void **state)
{
	struct world w;
	struct nethood_sock *sk, *other;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	other = udp_socket(&w);
	resolve_peer(&w, sk);
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.neigh.default.gc_thresh3", "64"), 0);
	for (u32 i = 20; i < 250; i++) {
		(void)udp_send(sk, cpu_to_be32(0x0a4d0000U | i), "x", 1);
		w.frames_count = w.frames_seen = 0;
		assert_true(w.arp->gc_unresolved_count <= 256);
	}
	assert_int_equal(state_of(&w, PEER_IP), NUD_REACHABLE); /* the established one is there */
	(void)udp_send(other, OTHER_IP, "x", 1);                /* and a new one gets in */
	send_arp(&w, OUR_MAC, NEW_MAC, ARPOP_REPLY, NEW_MAC, OTHER_IP, OUR_MAC, OUR_IP);
	assert_int_equal(state_of(&w, OTHER_IP), NUD_REACHABLE);
	assert_int_equal(w.arp->stats.table_fulls, 0);
	check_table(&w);
	nethood_close(sk);
	nethood_close(other);
	world_fini(&w);
}

static void what_waits_in_all_queues_together_is_bounded(void **state)
{
	static u8 payload[1400];
	int big = 64 << 20;
	struct world w;
	struct nethood_sock *sk;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	nethood_setsockopt(sk, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big));
	for (u32 i = 0; i < 80 * 100; i++) {
		(void)udp_send(sk, cpu_to_be32(0x0a4d000aU + i % 80), payload, sizeof(payload));
		w.frames_count = w.frames_seen = 0;
	}
	assert_in_range(w.arp->queued_bytes, 3 << 20, 4 << 20);
	check_table(&w);
	nethood_close(sk);
	world_fini(&w);
}

static void spoofed_requests_push_out_only_each_other(void **state)
{
	struct world w;
	struct nethood_sock *sk;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	resolve_peer(&w, sk);
	for (u32 i = 0; i < 50000; i++) {
		const u8 mac[6] = { 2, 7, 7, (u8)(i >> 16), (u8)(i >> 8), (u8)i };

		send_arp(&w, BROADCAST_MAC, mac, ARPOP_REQUEST, mac, cpu_to_be32(0x0a4e0000U + i), NULL, OUR_IP);
		w.frames_count = w.frames_seen = 0;
	}
	assert_true(w.arp->gc_entries_count <= w.arp->gc_thresh3);
	assert_int_equal(state_of(&w, PEER_IP), NUD_REACHABLE);
	(void)udp_send(sk, OTHER_IP, "x", 1);
	send_arp(&w, OUR_MAC, NEW_MAC, ARPOP_REPLY, NEW_MAC, OTHER_IP, OUR_MAC, OUR_IP);
	assert_int_equal(state_of(&w, OTHER_IP), NUD_REACHABLE);
	check_table(&w);
	nethood_close(sk);
	world_fini(&w);
}

static void a_table_full_of_neighbours_in_use_refuses_and_says_so(void **state)
{
	static struct neighbour *held[2000];
	struct world w;
	u32 made = 0;

	(void)state;
	world_init(&w);
	for (u32 i = 0; i < 1500; i++) {
		__be32 ip = cpu_to_be32(0x0a4d0100 + i);

		if (neigh_create(w.arp, &ip, w.dev, &held[made]))
			continue;
		(void)neigh_update(held[made], PEER_MAC, NUD_REACHABLE, NEIGH_UPDATE_F_ADMIN, 0, NULL);
		made++;
	}
	assert_int_equal(made, 1024);
	assert_int_equal(w.arp->stats.table_fulls, 1500 - 1024);
	check_table(&w);
	for (u32 i = 0; i < made; i++)
		neigh_release(held[i]);
	world_run(&w, 200 * NSEC_PER_SEC); /* nobody uses them: they are old enough to go */
	assert_true(w.arp->gc_entries_count < 1024);
	check_table(&w);
	world_fini(&w);
}

static u64 scenario(struct world *w)
{
	struct nethood_sock *sk;

	if (nethood_socket(w->public_net, AF_INET, SOCK_DGRAM, 0, &sk))
		return 0;
	for (int i = 0; i < 3; i++) {
		(void)udp_send(sk, PEER_IP, "x", 1);
		(void)udp_send(sk, OTHER_IP, "x", 1);
	}
	arp_reply_from_peer(w, PEER_MAC);
	claim(w, REQUEST_FOR_US, NEW_MAC);
	(void)udp_send(sk, PEER_IP, "x", 1);
	world_run(w, 60 * NSEC_PER_SEC);
	(void)udp_send(sk, PEER_IP, "x", 1);
	world_run(w, 20 * NSEC_PER_SEC);
	check_table(w);
	nethood_close(sk);
	return 1 | (u64)state_of(w, PEER_IP) << 8 | (u64)state_of(w, OTHER_IP) << 16;
}

static void without_memory_nothing_leaks_and_nothing_lies(void **state)
{
	(void)state;
	assert_true(world_without_memory(&(struct world_scene){ "a neighbour from question to oblivion",
								NETHOOD_PROFILE_LINUX, scenario }) > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unresolvable_host_is_asked_for_at_0_1_2_and_fails_at_3_seconds),
		cmocka_unit_test(what_waits_is_bounded_by_bytes_and_leaves_in_order),
		cmocka_unit_test(a_neighbour_ages_is_doubted_probed_and_confirmed),
		cmocka_unit_test(a_neighbour_that_went_away_is_probed_three_times_and_fails),
		cmocka_unit_test(news_by_arp_follow_locktime_and_gratuity),
		cmocka_unit_test(a_request_for_us_is_answered_and_teaches),
		cmocka_unit_test(a_probe_is_answered_and_teaches_nothing),
		cmocka_unit_test(unasked_replies_make_no_entry),
		cmocka_unit_test(addresses_that_no_host_has_are_not_learned),
		cmocka_unit_test(our_addresses_are_announced_when_that_is_wanted),
		cmocka_unit_test(traffic_never_changes_a_permanent_entry),
		cmocka_unit_test(nobody_has_to_go_for_one_that_is_refused),
		cmocka_unit_test(incomplete_by_hand_where_no_question_is_allowed_keeps_no_packet),
		cmocka_unit_test(incomplete_by_hand_resolves_instead_of_waiting_for_ever),
		cmocka_unit_test(an_address_that_is_not_valid_is_not_asked),
		cmocka_unit_test(none_by_hand_drops_what_waits),
		cmocka_unit_test(use_of_a_permanent_entry_ends_its_fast_path),
		cmocka_unit_test(deletion_tells_twice_and_leaves_a_blackhole_to_holders),
		cmocka_unit_test(a_device_takes_its_entries_with_it),
		cmocka_unit_test(a_sweep_cannot_push_out_or_keep_out_anybody),
		cmocka_unit_test(what_waits_in_all_queues_together_is_bounded),
		cmocka_unit_test(spoofed_requests_push_out_only_each_other),
		cmocka_unit_test(a_table_full_of_neighbours_in_use_refuses_and_says_so),
		cmocka_unit_test(without_memory_nothing_leaks_and_nothing_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
