// SPDX-License-Identifier: BSD-2-Clause
/* What a neighbour remembers of itself: changes in order, with their causes; bounded; never in the way. */
#include "neigh_world.h"

#include <errno.h>

#include "neigh/neigh_history.h"

struct story {
	u32 count;
	u64 in_all;
	struct nethood_neigh_change change[NEIGH_HISTORY_CHANGES];
};

static int tell(void *ctx, const struct nethood_neigh_change *change)
{
	struct story *s = ctx;

	assert_true(s->count < NEIGH_HISTORY_CHANGES);
	s->change[s->count++] = *change;
	return 0;
}

static int ask(struct world *w, __be32 ip, struct story *s)
{
	*s = (struct story){ .count = 0 };
	return nethood_neigh_history(w->public_net, NULL, AF_INET, &ip, tell, s, &s->in_all);
}

struct expected {
	ktime_t at;
	u16 from, to;
	bool deleted, has_lladdr;
	enum neigh_cause_kind cause;
};

static void expect(const struct story *s, const struct expected *rows, u32 count)
{
	assert_int_equal(s->count, count);
	for (u32 i = 0; i < count; i++) {
		const struct nethood_neigh_change *c = &s->change[i];

		assert_int_equal(c->now_ns, T0 + rows[i].at);
		assert_int_equal(c->old_state, rows[i].from);
		assert_int_equal(c->new_state, rows[i].to);
		assert_int_equal(c->deleted, rows[i].deleted);
		assert_int_equal(c->has_lladdr, rows[i].has_lladdr);
		assert_string_equal(c->cause, neigh_cause_text(rows[i].cause));
	}
}

static void from_the_first_packet_to_the_deletion(void **state)
{
	static const struct expected rows[] = {
		{ 0, NUD_NONE, NUD_INCOMPLETE, false, false, NEIGH_CAUSE_PACKET },
		{ 0, NUD_INCOMPLETE, NUD_REACHABLE, false, true, NEIGH_CAUSE_FRAME },
		{ 100 * NSEC_PER_SEC, NUD_REACHABLE, NUD_STALE, false, true, NEIGH_CAUSE_TIMER },
		{ 100 * NSEC_PER_SEC, NUD_STALE, NUD_DELAY, false, true, NEIGH_CAUSE_PACKET },
		{ 105 * NSEC_PER_SEC, NUD_DELAY, NUD_PROBE, false, true, NEIGH_CAUSE_TIMER },
		{ 108 * NSEC_PER_SEC, NUD_PROBE, NUD_FAILED, false, false, NEIGH_CAUSE_TIMER },
		{ 109 * NSEC_PER_SEC, NUD_FAILED, NUD_FAILED, true, false, NEIGH_CAUSE_DEVICE },
	};
	struct expected seen[ARRAY_SIZE(rows)];
	struct world w;
	struct story s;
	struct nethood_sock *sk;

	(void)state;
	world_init(&w);
	assert_int_equal(ask(&w, PEER_IP, &s), -ENOENT);
	sk = udp_socket(&w);
	udp_send(sk, PEER_IP, "x", 1);
	arp_reply_from_peer(&w, PEER_MAC);
	world_run(&w, 100 * NSEC_PER_SEC);
	udp_send(sk, PEER_IP, "x", 1);
	world_run(&w, 9 * NSEC_PER_SEC);
	neigh_changeaddr(w.arp, w.dev);
	assert_int_equal(ask(&w, PEER_IP, &s), 0);
	memcpy(seen, rows, sizeof(rows));
	seen[2].at = (ktime_t)s.change[2].now_ns - T0; /* reachable_time is random: 15 to 45 s */
	assert_in_range(seen[2].at, 15 * NSEC_PER_SEC, 45 * NSEC_PER_SEC);
	expect(&s, seen, ARRAY_SIZE(seen));
	assert_memory_equal(s.change[1].lladdr, PEER_MAC, 6);
	assert_true(s.change[0].cause_id && s.change[1].cause_id > s.change[0].cause_id);
	nethood_close(sk);
	world_fini(&w);
}

static void only_the_last_changes_are_kept(void **state)
{
	struct world w;
	struct neighbour *n;
	struct story s;
	__be32 ip = OTHER_IP;
	u8 mac[6] = { 2, 0, 0, 0, 0, 0 };

	(void)state;
	world_init(&w);
	assert_int_equal(neigh_create(w.arp, &ip, w.dev, &n), 0);
	for (mac[5] = 0; mac[5] < 40; mac[5]++)
		assert_int_equal(neigh_update(n, mac, NUD_PERMANENT, NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_ADMIN, 77,
					      NULL),
				 0);
	assert_int_equal(ask(&w, OTHER_IP, &s), 0);
	assert_int_equal(s.count, NEIGH_HISTORY_CHANGES);
	assert_int_equal(s.in_all, 40);
	for (u32 i = 0; i < s.count; i++) {
		assert_int_equal(s.change[i].lladdr[5], 40 - NEIGH_HISTORY_CHANGES + i);
		assert_int_equal(s.change[i].cause_id, 77);
	}
	neigh_release(n);
	world_fini(&w);
}

static void a_sweep_leaves_no_more_than_the_limit(void **state)
{
	const struct neigh_histories *hs;
	struct world w;
	struct story s;
	u8 mac[6] = { 2, 0, 0, 0, 0, 1 };

	(void)state;
	world_init(&w);
	hs = w.arp->net->neigh->histories;
	for (u32 i = 0; i < NEIGH_HISTORIES_MAX + 100; i++) {
		__be32 ip = cpu_to_be32(0x0a4e0000U + i);
		struct neighbour *n;

		assert_int_equal(neigh_create(w.arp, &ip, w.dev, &n), 0);
		assert_int_equal(neigh_update(n, mac, NUD_STALE, NEIGH_UPDATE_F_OVERRIDE, 0, NULL), 0);
		assert_int_equal(neigh_remove(n, 5), 0);
		neigh_release(n);
	}
	assert_int_equal(hs->count, NEIGH_HISTORIES_MAX);
	assert_int_equal(hs->forgotten_count, 100);
	assert_int_equal(ask(&w, cpu_to_be32(0x0a4e0000U), &s), -ENOENT);
	assert_int_equal(ask(&w, cpu_to_be32(0x0a4e0000U + 100), &s), 0);
	assert_int_equal(s.count, 3);
	assert_true(s.change[2].deleted);
	world_fini(&w);
}

static void what_never_was_anything_leaves_nothing(void **state)
{
	struct world w;
	struct neighbour *n;
	struct story s;
	__be32 ip = OTHER_IP;

	(void)state;
	world_init(&w);
	assert_int_equal(neigh_create(w.arp, &ip, w.dev, &n), 0);
	neigh_changeaddr(w.arp, w.dev);
	neigh_release(n);
	assert_int_equal(ask(&w, OTHER_IP, &s), -ENOENT);
	assert_int_equal(nethood_neigh_history(w.public_net, "eth9", AF_INET, &ip, tell, &s, NULL), -ENODEV);
	assert_int_equal(nethood_neigh_history(w.public_net, NULL, AF_UNIX, &ip, tell, &s, NULL), -EAFNOSUPPORT);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_the_first_packet_to_the_deletion),
		cmocka_unit_test(only_the_last_changes_are_kept),
		cmocka_unit_test(a_sweep_leaves_no_more_than_the_limit),
		cmocka_unit_test(what_never_was_anything_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
