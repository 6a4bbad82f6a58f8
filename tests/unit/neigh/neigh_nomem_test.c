// SPDX-License-Identifier: BSD-2-Clause
/* Scenes of the neighbour subsystem in which each allocation fails, once and for ever from there on.
 *
 * After each step all that the net says of itself must hold; in the end nothing is left, and once memory is back the
 * same scene ends as it does when nothing ever failed.  The scenes that have a test file of their own have theirs
 * there: resolution, proxies, managed entries, the ioctls, flushes, rtnetlink.
 */
#include <errno.h>
#include <linux/icmp.h>

#include "neigh_world.h"

#define BY_HAND (NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_OVERRIDE)
#define ROOM 8U

static void holds(struct world *w)
{
	const char *broken = nethood_check(w->public_net);

	if (broken)
		fail_msg("after allocation %u: %s", w->alloc_count, broken);
}

static __be32 host(u32 i)
{
	return cpu_to_be32(0x0a4d0020U + i);
}

static void ask_us(struct world *w, u32 i)
{
	const u8 mac[6] = { 2, 9, 0, 0, (u8)(i >> 8), (u8)i };

	send_arp(w, BROADCAST_MAC, mac, ARPOP_REQUEST, mac, host(i), (const u8[6]){ 0 }, OUR_IP);
	holds(w);
}

static void reply_to_us(struct world *w, u32 i, u8 last)
{
	const u8 mac[6] = { 2, 9, 0, 0, 1, last };

	send_arp(w, OUR_MAC, mac, ARPOP_REPLY, mac, host(i), OUR_MAC, OUR_IP);
	holds(w);
}

static void send_to(struct world *w, struct nethood_sock *sk, u32 i)
{
	if (sk)
		(void)udp_send(sk, host(i), "x", 1);
	while (nethood_poll(w->public_net, (u64)w->now))
		;
	holds(w);
}

static struct nethood_sock *try_socket(struct world *w)
{
	struct nethood_sock *sk;

	return nethood_socket(w->public_net, AF_INET, SOCK_DGRAM, 0, &sk) ? NULL : sk;
}

static void small_table(struct world *w)
{
	w->arp->gc_thresh1 = 2;
	w->arp->gc_thresh2 = ROOM / 2;
	w->arp->gc_thresh3 = ROOM;
}

/* ------------------------------------------------------------------ scenes.  Return: what must be the same in the end */

static u32 strangers_push_out_strangers(struct world *w, struct nethood_sock *sk)
{
	small_table(w);
	send_to(w, sk, 0);
	reply_to_us(w, 0, 1);
	for (u32 i = 1; i < 4 * ROOM; i++)
		ask_us(w, i);
	assert_true(w->arp->hash.live_count <= ROOM);
	return w->arp->hash.live_count | (u32)state_of(w, host(0)) << 8;
}

static u32 a_sweep_keeps_to_its_share(struct world *w, struct nethood_sock *sk)
{
	small_table(w);
	for (u32 i = 0; i < 3 * ROOM; i++)
		send_to(w, sk, i);
	assert_true(w->arp->gc_unresolved_count <= ROOM);
	world_run(w, 5 * NSEC_PER_SEC); /* their errors come back to the sender */
	holds(w);
	return w->arp->gc_unresolved_count;
}

static u32 the_old_ones_go(struct world *w, struct nethood_sock *sk)
{
	(void)sk;
	w->arp->gc_thresh1 = 0;
	for (u32 i = 0; i < 20; i++)
		ask_us(w, i);
	world_run(w, 200 * NSEC_PER_SEC);
	holds(w);
	assert_int_equal(w->arp->hash.live_count, 0);
	return 0;
}

static u32 packets_wait_and_leave(struct world *w, struct nethood_sock *sk)
{
	w->frames_count = w->frames_seen = 0;
	for (u32 i = 0; i < 30; i++)
		send_to(w, sk, i % 3);
	for (u32 i = 0; i < 3; i++)
		reply_to_us(w, i, (u8)i);
	return w->frames_count | w->arp->queued_bytes << 16; /* a reply may be lost as well */
}

static u32 addresses_move_and_histories_tell(struct world *w, struct nethood_sock *sk)
{
	for (u32 i = 0; i < 12; i++)
		send_to(w, sk, i);
	for (u32 turn = 0; turn < 20; turn++) {
		for (u32 i = 0; i < 12; i++)
			reply_to_us(w, i, (u8)turn);
		world_run(w, 2 * NSEC_PER_SEC);
		holds(w);
	}
	return state_of(w, host(11));
}

static u32 the_device_moves_loses_carrier_and_goes_down(struct world *w, struct nethood_sock *sk)
{
	for (u32 turn = 0; turn < 3; turn++) {
		for (u32 i = 0; i < 12; i++)
			send_to(w, sk, i);
		reply_to_us(w, 0, 1);
		(void)dev_set_mac_address(w->dev, turn & 1 ? NEW_MAC : OUR_MAC);
		holds(w);
		for (u32 i = 0; i < 12; i++)
			ask_us(w, i);
		netif_carrier_off(w->dev);
		world_run(w, NSEC_PER_SEC);
		holds(w);
		netif_carrier_on(w->dev);
		world_run(w, NSEC_PER_SEC);
		holds(w);
	}
	(void)dev_set_mac_address(w->dev, OUR_MAC);
	return w->arp->hash.live_count;
}

static u32 by_hand_every_state_and_back(struct world *w, struct nethood_sock *sk)
{
	static const u8 states[] = { NUD_PERMANENT, NUD_REACHABLE, NUD_STALE, NUD_DELAY,     NUD_PROBE,
				     NUD_NOARP,     NUD_FAILED,    NUD_NONE,  NUD_INCOMPLETE };

	for (u32 i = 0; i < ARRAY_SIZE(states); i++) {
		const __be32 ip = host(i);
		struct neighbour *n;

		if (neigh_create(w->arp, &ip, w->dev, &n))
			continue;
		for (u32 j = 0; j < ARRAY_SIZE(states); j++) {
			(void)neigh_update(n, PEER_MAC, states[(i + j) % ARRAY_SIZE(states)], BY_HAND, 0, NULL);
			send_to(w, sk, i);
		}
		(void)neigh_remove(n, 0);
		neigh_release(n);
		holds(w);
	}
	return w->arp->hash.live_count;
}

static u32 a_doubted_peer_is_asked_and_answers(struct world *w, struct nethood_sock *sk)
{
	const __be32 ip = host(0);

	send_to(w, sk, 0);
	reply_to_us(w, 0, 1);
	world_run(w, NSEC_PER_SEC);
	(void)nethood_neigh_doubt(w->public_net, "eth0", AF_INET, &ip);
	holds(w);
	world_run(w, NSEC_PER_SEC);
	reply_to_us(w, 0, 1);
	return state_of(w, host(0));
}

static const struct {
	const char *sentence;
	u32 (*scene)(struct world *w, struct nethood_sock *sk);
	enum nethood_profile profile;
} rows[] = {
	{ "a full table: strangers push out strangers", strangers_push_out_strangers, NETHOOD_PROFILE_LINUX },
	{ "the same in strict", strangers_push_out_strangers, NETHOOD_PROFILE_STRICT },
	{ "a sweep keeps to its share", a_sweep_keeps_to_its_share, NETHOOD_PROFILE_LINUX },
	{ "the old ones go", the_old_ones_go, NETHOOD_PROFILE_LINUX },
	{ "the old ones go in strict", the_old_ones_go, NETHOOD_PROFILE_STRICT },
	{ "packets wait and leave", packets_wait_and_leave, NETHOOD_PROFILE_LINUX },
	{ "addresses move, and histories tell", addresses_move_and_histories_tell, NETHOOD_PROFILE_LINUX },
	{ "the device moves, loses carrier, and goes", the_device_moves_loses_carrier_and_goes_down,
	  NETHOOD_PROFILE_LINUX },
	{ "every state by hand", by_hand_every_state_and_back, NETHOOD_PROFILE_LINUX },
	{ "a doubted peer is asked", a_doubted_peer_is_asked_and_answers, NETHOOD_PROFILE_STRICT },
};

/* The scene, from a table that is empty.  Return: what the scene says */
static u64 one_scene(struct world *w, u32 row)
{
	struct nethood_sock *sk = try_socket(w);
	u32 says;

	neigh_ifdown(w->arp, w->dev);
	world_run(w, NSEC_PER_SEC);
	w->frames_count = w->frames_seen = 0;
	says = rows[row].scene(w, sk);
	check_table(w);
	if (sk)
		nethood_close(sk);
	w->frames_count = w->frames_seen = 0;
	return says;
}

static u64 play(struct nomem *m, const void *arg)
{
	const u32 *row = arg;
	struct world w;
	u64 says;

	world_init_as(&w, rows[*row].profile);
	w.nomem = m;
	m->on = true;
	(void)one_scene(&w, *row);
	m->on = false;
	says = one_scene(&w, *row);
	world_fini(&w);
	return says;
}

static void without_memory_nothing_leaks_and_nothing_lies(void **state)
{
	(void)state;
	for (u32 row = 0; row < ARRAY_SIZE(rows); row++)
		assert_true(nomem_each(rows[row].sentence, play, &row) > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(without_memory_nothing_leaks_and_nothing_lies) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
