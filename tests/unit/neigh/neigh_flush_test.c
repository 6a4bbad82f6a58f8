// SPDX-License-Identifier: BSD-2-Clause
/* Flushes of many entries, in virtual time: gone at once for everybody, buried run by run, at zero in the end. */
#include <errno.h>

#include "neigh/neigh_internal.h"
#include "neigh_world.h"

#define BY_HAND (NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_OVERRIDE)
#define MANY 5000U
#define RUN_MAX 1024U

static __be32 host(u32 i)
{
	return cpu_to_be32(0x0b000000U + i);
}

static void add(struct world *w, u32 i, u8 state)
{
	const u8 mac[6] = { 2, 1, 0, 0, (u8)(i >> 8), (u8)i };
	const __be32 ip = host(i);
	struct neighbour *n;

	assert_int_equal(neigh_create(w->arp, &ip, w->dev, &n), 0);
	assert_int_equal(neigh_update(n, mac, state, BY_HAND, 0, NULL), 0);
	neigh_release(n);
}

static void add_many(struct world *w, u8 state)
{
	w->arp->gc_thresh1 = w->arp->gc_thresh2 = w->arp->gc_thresh3 = 10 * MANY;
	for (u32 i = 0; i < MANY; i++)
		add(w, i, state);
}

static void count_one(void *ctx, struct neighbour *n)
{
	(void)n;
	++*(u32 *)ctx;
}

/* Entries that somebody who looks can see. */
static u32 seen(struct world *w)
{
	u32 walked = 0, found = 0;
	u64 cursor = 0;

	do {
		cursor = neigh_table_scan(w->arp, cursor, 64, count_one, &walked);
	} while (cursor);
	for (u32 i = 0; i < MANY; i++) {
		const __be32 ip = host(i);

		found += neigh_find(w->arp, &ip, w->dev) != NULL;
	}
	assert_int_equal(walked, found);
	return found;
}

/* One turn after the other until nothing is left; none of them ends more than a run.  Return: turns */
static u32 bury_all(struct world *w, u32 alive)
{
	u32 turns = 0;

	while (w->arp->hash.live_count > alive) {
		u64 before = w->arp->stats.destroys;

		assert_true(nethood_next_deadline(w->public_net) <= (u64)w->now + 1);
		w->now++;
		nethood_poll(w->public_net, (u64)w->now);
		assert_in_range(w->arp->stats.destroys - before, 1, RUN_MAX);
		assert_null(nethood_check(w->public_net));
		turns++;
	}
	return turns;
}

static void dev_down(struct world *w)
{
	dev_close(w->dev);
}

static void new_mac(struct world *w)
{
	assert_int_equal(dev_set_mac_address(w->dev, NEW_MAC), 0);
}

static void a_large_flush_takes_effect_at_once_and_makes_no_pause(void **state)
{
	static const struct {
		const char *sentence;
		void (*flush)(struct world *w);
		u8 state;
	} rows[] = {
		{ "the device goes down", dev_down, NUD_PERMANENT },
		{ "the device goes down, and timers are armed", dev_down, NUD_REACHABLE },
		{ "the device has another address", new_mac, NUD_PERMANENT },
		{ "the device has another address, and timers are armed", new_mac, NUD_REACHABLE },
	};

	(void)state;
	for (u32 row = 0; row < ARRAY_SIZE(rows); row++) {
		struct world w;
		u64 before;

		world_init(&w);
		add_many(&w, rows[row].state);
		assert_int_equal(seen(&w), MANY);
		before = w.arp->stats.destroys;
		rows[row].flush(&w);
		assert_int_equal(seen(&w), 0);
		assert_in_range(w.arp->stats.destroys - before, 1, RUN_MAX);
		w.frames_seen = w.frames_count;
		if (bury_all(&w, 0) < 2)
			fail_msg("%s: all in one turn", rows[row].sentence);
		for (const struct frame *f; (f = next_frame(&w));)
			assert_true(!frame_arp(f) || frame_arp(f)->ar_op != cpu_to_be16(ARPOP_REQUEST));
		check_table(&w);
		world_run(&w, NSEC_PER_SEC);
		assert_int_equal(w.arp->entries_count, 0);
		world_fini(&w);
	}
}

static void each_that_goes_is_told_once(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add_many(&w, NUD_PERMANENT);
	w.told_count = 0;
	dev_close(w.dev);
	while (w.arp->hash.live_count) {
		u32 before = w.arp->hash.live_count;

		w.told_count = 0; /* the world keeps 256 */
		w.now++;
		nethood_poll(w.public_net, (u64)w.now);
		assert_int_equal(w.told_count, before - w.arp->hash.live_count < 256 ? before - w.arp->hash.live_count
										     : ARRAY_SIZE(w.told));
		assert_int_equal(w.told[0].event, NEIGH_EVENT_DEL);
		assert_int_equal(w.told[0].state, NUD_PERMANENT);
	}
	world_fini(&w);
}

static void who_comes_while_the_old_ones_are_buried_stays(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add_many(&w, NUD_PERMANENT);
	new_mac(&w);
	for (u32 i = 0; i < 100; i++)
		add(&w, i, NUD_PERMANENT);
	assert_int_equal(seen(&w), 100);
	assert_null(nethood_check(w.public_net));
	bury_all(&w, 100);
	assert_int_equal(seen(&w), 100);
	check_table(&w);

	/* and a second flush before the first one has ended */
	add_many(&w, NUD_PERMANENT);
	new_mac(&w);
	add(&w, 1, NUD_PERMANENT);
	dev_close(w.dev);
	assert_int_equal(seen(&w), 0);
	bury_all(&w, 0);
	world_fini(&w);
}

static void a_held_entry_of_an_old_generation_is_dead_for_its_holder(void **state)
{
	const __be32 ip = host(0); /* the oldest: it is buried last */
	struct neighbour *n;
	const char *errmsg;
	struct world w;

	(void)state;
	world_init(&w);
	add_many(&w, NUD_REACHABLE);
	n = neigh_lookup(w.arp, &ip, w.dev);
	new_mac(&w);
	assert_false(n->dead); /* its turn has not come */
	assert_int_equal(neigh_update(n, PEER_MAC, NUD_REACHABLE, BY_HAND, 0, &errmsg), -EPERM);
	assert_string_equal(errmsg, "Neighbor entry is now dead");
	assert_true(n->dead);
	neigh_release(n);
	bury_all(&w, 0);
	world_fini(&w);
}

static void a_route_forgets_a_neighbour_of_an_old_generation(void **state)
{
	const struct frame *f;
	struct nethood_sock *sk;
	struct world w;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	assert_int_equal(udp_send(sk, PEER_IP, "a", 1), 1);
	arp_reply_from_peer(&w, PEER_MAC);
	add_many(&w, NUD_PERMANENT); /* behind it: it is buried last */
	w.frames_seen = w.frames_count;
	new_mac(&w);
	assert_int_equal(udp_send(sk, PEER_IP, "b", 1), 1);
	while (nethood_poll(w.public_net, (u64)w.now))
		;
	f = next_frame(&w);
	assert_non_null(f);
	assert_non_null(frame_arp(f)); /* it asks anew, and sends nothing from the old address */
	assert_memory_equal(f->data + ETH_ALEN, NEW_MAC, ETH_ALEN);
	assert_null(next_frame(&w));
	nethood_close(sk);
	bury_all(&w, 1);
	world_fini(&w);
}

static void without_carrier_the_permanent_ones_stay(void **state)
{
	const u32 permanent = MANY / 2;
	struct world w;

	(void)state;
	world_init(&w);
	add_many(&w, NUD_REACHABLE);
	for (u32 i = 0; i < permanent; i++)
		add(&w, 2 * i, NUD_PERMANENT);
	netif_carrier_off(w.dev);
	while (w.arp->hash.live_count > permanent) {
		w.now++;
		nethood_poll(w.public_net, (u64)w.now);
		assert_null(nethood_check(w.public_net));
	}
	world_run(&w, NSEC_PER_MSEC);
	assert_int_equal(seen(&w), permanent);
	check_table(&w);

	/* the device goes while permanent ones still wait to be looked at */
	netif_carrier_on(w.dev);
	netif_carrier_off(w.dev);
	dev_close(w.dev);
	assert_int_equal(seen(&w), 0);
	bury_all(&w, 0);
	world_fini(&w);
}

static void the_device_or_the_net_may_end_meanwhile(void **state)
{
	struct world w;

	(void)state;
	for (u32 turns = 0; turns < 4; turns++) {
		world_init(&w);
		add_many(&w, NUD_REACHABLE);
		dev_close(w.dev);
		for (u32 i = 0; i < turns; i++)
			nethood_poll(w.public_net, (u64)++w.now);
		if (turns & 1) {
			nethood_dev_destroy(w.public_dev);
			world_run(&w, 60 * NSEC_PER_SEC); /* timers of the old ones among it */
			assert_int_equal(w.arp->entries_count, 0);
		}
		world_fini(&w);
	}
}

static void there_is_room_though_the_old_ones_are_not_buried(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add_many(&w, NUD_REACHABLE);
	new_mac(&w);
	w.arp->gc_thresh1 = w.arp->gc_thresh2 = w.arp->gc_thresh3 = 1024;
	for (u32 i = 0; i < 1000; i++)
		add(&w, i, NUD_REACHABLE);
	assert_int_equal(seen(&w), 1000);
	bury_all(&w, 1000);
	world_fini(&w);
}

static void managed_ones_that_are_gone_ask_no_more(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add_many(&w, NUD_STALE);
	for (u32 i = 0; i < MANY; i++) {
		const __be32 ip = host(i);
		struct neighbour *n = neigh_find(w.arp, &ip, w.dev);

		assert_int_equal(neigh_set_born_flags(n, NEIGH_UPDATE_F_MANAGED), 0);
	}
	new_mac(&w);
	w.frames_seen = w.frames_count;
	w.now += 20 * NSEC_PER_SEC; /* their turn and the flush's have come at once */
	bury_all(&w, 0);
	assert_null(next_frame(&w));
	assert_int_equal(w.arp->managed.live_count, 0);
	world_fini(&w);
}

static void many_old_ones_age_run_by_run(void **state)
{
	struct world w;
	u32 most = 0;

	(void)state;
	world_init(&w);
	add_many(&w, NUD_STALE);
	w.arp->gc_thresh1 = 0;
	while (w.arp->hash.live_count) {
		u64 before = w.arp->stats.destroys, next;

		assert_true(w.now < T0 + 600 * NSEC_PER_SEC);
		next = nethood_next_deadline(w.public_net);
		w.now = (ktime_t)next > w.now ? (ktime_t)next : w.now;
		nethood_poll(w.public_net, (u64)w.now);
		most = max_u32(most, (u32)(w.arp->stats.destroys - before));
	}
	assert_in_range(most, 1, 2048);
	check_table(&w);
	world_fini(&w);
}

/* No memory is needed to give up: with none at all a flush ends as it does with it. */
static void without_memory_a_flush_ends_as_well(void **state)
{
	struct world w;

	(void)state;
	for (u32 row = 0; row < 3; row++) {
		world_init(&w);
		add_many(&w, row ? NUD_REACHABLE : NUD_PERMANENT);
		w.alloc_count = 0;
		w.fail_at = 1;
		w.fail_for_ever = true;
		if (row < 2)
			dev_close(w.dev);
		else
			netif_carrier_off(w.dev);
		bury_all(&w, 0);
		world_run(&w, 60 * NSEC_PER_SEC);
		assert_int_equal(w.arp->entries_count, 0);
		world_fini(&w);
	}
}

/* 2^32 flushes: the number of a generation begins anew, and none that a device still has is given twice. */
static void the_number_of_a_generation_wraps(void **state)
{
	const struct net_device *lo;
	struct world w;
	u32 old;

	(void)state;
	world_init(&w);
	lo = dev_find_by_name(w.net, "lo");
	add_many(&w, NUD_PERMANENT);
	old = w.dev->neigh_generation[w.arp->index];
	w.arp->last_generation = 0xfffffff0U;
	new_mac(&w);
	assert_int_equal(seen(&w), 0);
	assert_in_range(w.dev->neigh_generation[w.arp->index], 2, 100);
	assert_int_not_equal(w.dev->neigh_generation[w.arp->index], old);
	assert_int_not_equal(w.dev->neigh_generation[w.arp->index], lo->neigh_generation[w.arp->index]);
	bury_all(&w, 0);
	world_fini(&w);
}

static void without_carrier_who_was_validated_stays(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add(&w, 0, NUD_STALE);
	add(&w, 1, NUD_STALE);
	assert_int_equal(
		neigh_set_born_flags(neigh_find(w.arp, &(__be32){ host(1) }, w.dev), NEIGH_UPDATE_F_EXT_VALIDATED), 0);
	netif_carrier_off(w.dev);
	world_run(&w, NSEC_PER_SEC);
	assert_int_equal(state_of(&w, host(0)), 0xff);
	assert_int_equal(state_of(&w, host(1)), NUD_STALE);
	world_fini(&w);
}

/* A timer, or the collector, comes to an entry that is gone before the flush has come to it. */
static void who_meets_the_old_ones_first_buries_them(void **state)
{
	(void)state;
	for (u32 row = 0; row < 2; row++) {
		struct world w;
		ktime_t due;

		world_init(&w);
		add_many(&w, row ? NUD_STALE : NUD_REACHABLE);
		w.arp->gc_thresh1 = 0;
		due = row ? w.arp->gc_timer.expires : neigh_find(w.arp, &(__be32){ host(0) }, w.dev)->timer.expires;
		w.now = due - 1;
		nethood_poll(w.public_net, (u64)w.now);
		new_mac(&w);
		assert_int_equal(seen(&w), 0);
		assert_in_range(w.arp->hash.live_count, MANY - RUN_MAX, MANY);
		w.told_count = 0;
		w.frames_seen = w.frames_count;
		w.now = due;
		while (nethood_poll(w.public_net, (u64)w.now))
			; /* so many timers are not one poll's */
		assert_in_range(w.arp->hash.live_count, 0, row ? MANY - 2 * 256 - 1 : 0);
		for (u32 i = 0; i < w.told_count; i++)
			assert_int_equal(w.told[i].event, NEIGH_EVENT_DEL);
		assert_true(w.told_count > 0);
		world_run(&w, NSEC_PER_SEC);
		assert_int_equal(w.arp->entries_count, 0);
		world_fini(&w);
	}
}

static void a_walk_for_old_ones_that_has_begun_comes_to_its_end(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add_many(&w, NUD_STALE);
	world_run(&w, 200 * NSEC_PER_SEC);
	assert_int_equal(seen(&w), MANY);
	w.arp->gc_thresh1 = 0;
	while (!w.arp->gc_cursor) {
		w.now = (ktime_t)nethood_next_deadline(w.public_net);
		nethood_poll(w.public_net, (u64)w.now);
	}
	assert_true(w.arp->hash.live_count > 0);
	w.arp->gc_thresh1 = 10 * MANY; /* now they would be too few to be looked at */
	world_run(&w, NSEC_PER_MSEC);
	assert_int_equal(w.arp->gc_cursor, 0);
	assert_int_equal(w.arp->hash.live_count, 0);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_large_flush_takes_effect_at_once_and_makes_no_pause),
		cmocka_unit_test(each_that_goes_is_told_once),
		cmocka_unit_test(who_comes_while_the_old_ones_are_buried_stays),
		cmocka_unit_test(a_held_entry_of_an_old_generation_is_dead_for_its_holder),
		cmocka_unit_test(a_route_forgets_a_neighbour_of_an_old_generation),
		cmocka_unit_test(without_carrier_the_permanent_ones_stay),
		cmocka_unit_test(the_device_or_the_net_may_end_meanwhile),
		cmocka_unit_test(there_is_room_though_the_old_ones_are_not_buried),
		cmocka_unit_test(managed_ones_that_are_gone_ask_no_more),
		cmocka_unit_test(many_old_ones_age_run_by_run),
		cmocka_unit_test(without_memory_a_flush_ends_as_well),
		cmocka_unit_test(the_number_of_a_generation_wraps),
		cmocka_unit_test(without_carrier_who_was_validated_stays),
		cmocka_unit_test(who_meets_the_old_ones_first_buries_them),
		cmocka_unit_test(a_walk_for_old_ones_that_has_begun_comes_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
