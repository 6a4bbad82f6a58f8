// SPDX-License-Identifier: BSD-2-Clause
/* Managed neighbours in virtual time: they are kept resolved, and nothing else is. */
#include <errno.h>

#include "neigh_world.h"

#define MANAGED (NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_MANAGED)
#define BY_HAND (NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_OVERRIDE)

/* What RTM_NEWNEIGH does with NTF_EXT_MANAGED.  Return: 0, -ENOBUFS */
static int manage(struct world *w, __be32 ip)
{
	struct neighbour *n;
	int err = neigh_create(w->arp, &ip, w->dev, &n);

	if (err)
		return err;
	err = neigh_set_born_flags(n, MANAGED);
	if (!err)
		err = neigh_update(n, NULL, NUD_NONE, MANAGED, 0, NULL);
	if (err)
		neigh_undo_create(n);
	else
		neigh_use(n);
	neigh_release(n);
	return err;
}

static void set_by_hand(struct world *w, __be32 ip, const u8 *ha, u8 state, u32 flags)
{
	struct neighbour *n;

	assert_int_equal(neigh_create(w->arp, &ip, w->dev, &n), 0);
	assert_int_equal(neigh_update(n, ha, state, flags, 0, NULL), 0);
	neigh_release(n);
}

static u32 questions(struct world *w, ktime_t *last)
{
	const struct frame *f;
	u32 count = 0;

	while ((f = next_frame(w))) {
		const struct arp_eth_ip4 *arp = frame_arp(f);

		if (!arp || arp->ar_op != cpu_to_be16(ARPOP_REQUEST))
			continue;
		count++;
		*last = f->at;
	}
	return count;
}

static void who_does_not_answer_is_asked_for_ever(void **state)
{
	struct world w;
	ktime_t last = 0;

	(void)state;
	world_init(&w);
	assert_int_equal(manage(&w, PEER_IP), 0);
	for (u32 round = 0; round < 20; round++) {
		ktime_t begin = T0 + round * 5 * NSEC_PER_SEC;

		world_run(&w, begin + 3 * NSEC_PER_SEC + NSEC_PER_SEC / 2 - w.now);
		assert_int_equal(questions(&w, &last), 3);
		assert_in_range(last - begin, 2 * NSEC_PER_SEC, 2 * NSEC_PER_SEC + NSEC_PER_SEC / 2);
		assert_int_equal(state_of(&w, PEER_IP), NUD_FAILED);
		assert_int_equal(w.told_count, round + 1); /* FAILED; that it begins again is told to nobody */
		world_run(&w, NSEC_PER_SEC);
		assert_int_equal(questions(&w, &last), 0);
		check_table(&w);
	}
	world_fini(&w);
}

static void who_answers_stays_resolved_without_any_packet(void **state)
{
	struct world w;
	ktime_t last = 0;
	u32 asked = 0;

	(void)state;
	world_init(&w);
	assert_int_equal(manage(&w, PEER_IP), 0);
	for (u32 s = 0; s < 600; s++) {
		world_run(&w, NSEC_PER_SEC);
		if (questions(&w, &last)) {
			asked++;
			arp_reply_from_peer(&w, PEER_MAC);
		}
		assert_true(state_of(&w, PEER_IP) & (NUD_REACHABLE | NUD_DELAY | NUD_PROBE));
	}
	assert_in_range(asked, 10, 40); /* once in 20 to 50 seconds */

	/* managed no more: it ages like any other */
	set_by_hand(&w, PEER_IP, PEER_MAC, NUD_REACHABLE, BY_HAND);
	assert_int_equal(w.arp->managed.live_count, 0);
	world_run(&w, 60 * NSEC_PER_SEC);
	(void)questions(&w, &last);
	world_run(&w, 120 * NSEC_PER_SEC);
	assert_int_equal(questions(&w, &last), 0);
	assert_int_equal(state_of(&w, PEER_IP), NUD_STALE);
	assert_false(timer_pending(&w.arp->managed_timer));
	world_fini(&w);
}

static void what_ends_an_entry_ends_its_management(void **state)
{
	struct world w;

	(void)state;
	for (int what = 0; what < 4; what++) {
		const __be32 ip = PEER_IP;

		world_init(&w);
		assert_int_equal(manage(&w, ip), 0);
		assert_int_equal(w.arp->managed.live_count, 1);
		switch (what) {
		case 0:
			assert_int_equal(neigh_remove(neigh_find(w.arp, &ip, w.dev), 0), 0);
			break;
		case 1:
			dev_close(w.dev);
			break;
		case 2:
			netif_carrier_off(w.dev);
			break;
		default: /* a permanent one needs nobody */
			set_by_hand(&w, ip, PEER_MAC, NUD_PERMANENT, BY_HAND);
			break;
		}
		assert_int_equal(w.arp->managed.live_count, 0);
		world_run(&w, 60 * NSEC_PER_SEC);
		check_table(&w);
		world_fini(&w);
	}
}

static void a_refused_change_leaves_all_flags(void **state)
{
	const __be32 ip = PEER_IP;
	struct neighbour *n;
	const char *errmsg;
	struct world w;
	u32 told;

	(void)state;
	world_init(&w);
	assert_int_equal(manage(&w, ip), 0);
	n = neigh_find(w.arp, &ip, w.dev);
	told = w.told_count;
	assert_int_equal(neigh_update(n, NULL, NUD_REACHABLE, BY_HAND | NEIGH_UPDATE_F_EXT_LEARNED, 0, &errmsg),
			 -EINVAL);
	assert_string_equal(errmsg, "No link layer address given");
	assert_int_equal(n->flags, 0);
	assert_int_equal(n->flags_ext, NTF_EXT_MANAGED);
	assert_int_equal(w.told_count, told);
	check_table(&w);
	world_fini(&w);
}

static u32 used_now(struct world *w, u32 many)
{
	u32 count = 0;

	for (u32 i = 0; i < many; i++) {
		const __be32 ip = cpu_to_be32(0x0b000000U + i);

		count += neigh_find(w->arp, &ip, w->dev)->used == w->now;
	}
	return count;
}

static void many_are_used_a_few_at_a_time(void **state)
{
	const u32 many = 3000;
	const ktime_t step = 25 * NSEC_PER_MSEC;
	struct world w;
	u32 most = 0, total = 0;

	(void)state;
	world_init(&w);
	w.arp->gc_thresh1 = w.arp->gc_thresh2 = w.arp->gc_thresh3 = 10 * many;
	for (u32 i = 0; i < many; i++) {
		const __be32 ip = cpu_to_be32(0x0b000000U + i);

		/* one that needs no question: the use alone is seen */
		set_by_hand(&w, ip, PEER_MAC, NUD_NOARP, BY_HAND);
		set_by_hand(&w, ip, NULL, NUD_NONE, MANAGED);
	}
	assert_int_equal(w.arp->managed.live_count, many);
	for (ktime_t end = w.now + 20 * NSEC_PER_SEC; w.now < end;) {
		u64 next = nethood_next_deadline(w.public_net);

		world_run(&w, (ktime_t)next > w.now ? (ktime_t)next - w.now : step);
		most = max_u32(most, used_now(&w, many));
		total += used_now(&w, many);
	}
	assert_in_range(most, 1, 256);
	assert_true(total > 2 * many); /* each at least every 5 s, after the first 5 */
	check_table(&w);
	world_fini(&w);
}

static u64 scenario(struct world *w)
{
	u32 managed = 0;

	for (u32 i = 0; i < 20; i++) {
		managed += manage(w, cpu_to_be32(0x0a4d0010U + i)) == 0;
		assert_int_equal(w->arp->managed.live_count, managed);
		assert_int_equal(w->arp->hash.live_count, managed);
	}
	world_run(w, 12 * NSEC_PER_SEC);
	check_table(w);
	for (u32 i = 0; i < 20; i++) {
		const __be32 ip = cpu_to_be32(0x0a4d0010U + i);
		struct neighbour *n = neigh_find(w->arp, &ip, w->dev);

		if (n)
			(void)neigh_remove(n, 0);
	}
	assert_int_equal(w->arp->managed.live_count, 0);
	world_run(w, 12 * NSEC_PER_SEC);
	w->frames_count = w->frames_seen = 0;
	return w->arp->hash.live_count;
}

static void without_memory_nothing_leaks_and_nothing_lies(void **state)
{
	(void)state;
	assert_true(world_without_memory(&(struct world_scene){ "managed entries", NETHOOD_PROFILE_LINUX, scenario }) >
		    80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_does_not_answer_is_asked_for_ever),
		cmocka_unit_test(who_answers_stays_resolved_without_any_packet),
		cmocka_unit_test(what_ends_an_entry_ends_its_management),
		cmocka_unit_test(a_refused_change_leaves_all_flags),
		cmocka_unit_test(many_are_used_a_few_at_a_time),
		cmocka_unit_test(without_memory_nothing_leaks_and_nothing_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
