// SPDX-License-Identifier: BSD-2-Clause
/* Faults that a net can have without any part of it being wrong: budgets that are used up, links and clocks that jump,
 * tables that change while somebody reads them or while packets wait.  docs/FAULTS.md names these tests.
 */
#include "../neigh/neigh_world.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "netfilter/netfilter.h"

#define SOL_NETLINK_ 270
#define FAR_IP CONST_BE32(0xc0000201U) /* 192.0.2.1, behind PEER */

static struct neighbour *known(struct world *w, __be32 ip, const u8 *mac, u8 state)
{
	struct neighbour *n;

	assert_int_equal(neigh_create(w->arp, &ip, w->dev, &n), 0);
	assert_int_equal(neigh_update(n, mac, state, NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_OVERRIDE, 0, NULL), 0);
	neigh_release(n);
	return n;
}

static u64 dropped_for(const struct world *w, enum skb_drop_reason reason)
{
	return w->net->skb_pool->stats.dropped[reason];
}

static void seen_all(struct world *w)
{
	w->frames_count = w->frames_seen = 0;
}

static void bind_to(struct nethood_sock *sk, u16 port)
{
	const struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = cpu_to_be16(port) };

	assert_int_equal(nethood_bind(sk, (const struct sockaddr *)&sin, sizeof(sin)), 0);
}

/* ------------------------------------------------------------------ F2: budgets */

static void who_sends_too_much_is_held_back_alone(void **state)
{
	struct nethood_sock *greedy, *modest;
	struct world w;
	u32 taken = 0;
	ssize_t n;

	(void)state;
	world_init(&w);
	greedy = udp_socket(&w);
	modest = udp_socket(&w);
	known(&w, PEER_IP, PEER_MAC, NUD_PERMANENT);
	w.busy = true;
	while ((n = udp_send(greedy, PEER_IP, "greedy", 6)) == 6)
		assert_true(++taken < 5000);
	assert_int_equal(n, -EAGAIN);
	assert_int_equal(udp_send(modest, PEER_IP, "modest", 6), 6); /* its budget is its own */
	world_settle(&w);
	w.busy = false;
	nethood_dev_wake(w.public_dev);
	world_settle(&w);
	assert_int_equal(w.frames_count, taken + 1); /* none was lost, and none was left */
	assert_int_equal(udp_send(greedy, PEER_IP, "greedy", 6), 6);
	nethood_close(greedy);
	nethood_close(modest);
	world_fini(&w);
}

static void receive_udp(struct world *w, u16 port)
{
	u8 frame[60] = { 0 };
	struct iphdr ip = { .version = 4,
			    .ihl = 5,
			    .ttl = 9,
			    .protocol = IPPROTO_UDP,
			    .tot_len = CONST_BE16(32),
			    .saddr = PEER_IP,
			    .daddr = OUR_IP };
	const struct udphdr uh = { .source = CONST_BE16(9), .dest = cpu_to_be16(port), .len = CONST_BE16(12) };

	ip_send_check(&ip);
	eth_build((struct ethhdr *)frame, OUR_MAC, PEER_MAC, CONST_BE16(ETH_P_IP));
	memcpy(frame + ETH_HLEN, &ip, sizeof(ip));
	memcpy(frame + ETH_HLEN + 20, &uh, sizeof(uh));
	(void)nethood_dev_receive(w->public_dev, frame, sizeof(frame));
	while (nethood_poll(w->public_net, (u64)w->now))
		;
}

static void who_does_not_read_loses_alone(void **state)
{
	struct nethood_sock *stalled, *reader;
	struct nethood_ledger before, after;
	struct world w;
	u8 buf[16];

	(void)state;
	world_init(&w);
	stalled = udp_socket(&w);
	reader = udp_socket(&w);
	bind_to(stalled, 5001);
	bind_to(reader, 5002);
	for (u32 i = 0; i < 2000; i++)
		receive_udp(&w, 5001);
	nethood_ledger(w.public_net, &before);
	for (u32 i = 0; i < 2000; i++) {
		receive_udp(&w, 5001);
		receive_udp(&w, 5002);
		assert_int_equal(nethood_recvfrom(reader, buf, sizeof(buf), 0, NULL, NULL), 4);
	}
	nethood_ledger(w.public_net, &after);
	assert_true(after.memory_bytes <= before.memory_bytes + 65536); /* what it does not read is bounded */
	assert_true(dropped_for(&w, SKB_DROP_REASON_SOCKET_RCVBUFF) > 2000);
	assert_int_equal(nethood_recvfrom(stalled, buf, sizeof(buf), 0, NULL, NULL), 4);
	nethood_close(stalled);
	nethood_close(reader);
	world_fini(&w);
}

/* ------------------------------------------------------------------ F6, F7: the device changes */

static void after_the_mtu_shrank_no_frame_is_longer(void **state)
{
	static const u32 mtus[] = { 1500, 576, 1280, 68, 1500, 9000, 296 };
	static u8 datagram[8000];
	struct nethood_sock *sk;
	struct world w;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	known(&w, PEER_IP, PEER_MAC, NUD_PERMANENT);
	for (u32 i = 0; i < ARRAY_SIZE(mtus); i++) {
		u32 longest = 0;

		assert_int_equal(dev_set_mtu(w.dev, mtus[i]), 0);
		for (u32 len = 1; len <= 1400; len += 233)
			(void)udp_send(sk, PEER_IP, datagram, len); /* by a route that was cached before */
		world_settle(&w);
		for (u32 f = 0; f < w.frames_count; f++)
			longest = max_u32(longest, w.frames[f].len_bytes);
		assert_true(longest > 0 && longest <= mtus[i] + ETH_HLEN);
		seen_all(&w);
	}
	nethood_close(sk);
	world_fini(&w);
}

static void after_the_mac_changed_nobody_hears_the_old_one(void **state)
{
	struct nethood_sock *sk;
	struct world w;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	known(&w, PEER_IP, PEER_MAC, NUD_REACHABLE);
	(void)udp_send(sk, PEER_IP, "x", 1);  /* a ready header was made */
	(void)udp_send(sk, OTHER_IP, "y", 1); /* and this one waits for an answer */
	world_settle(&w);
	seen_all(&w);
	assert_int_equal(dev_set_mac_address(w.dev, NEW_MAC), 0);
	assert_int_equal(state_of(&w, PEER_IP), 0xff); /* all is asked anew: others must learn us, too */
	assert_int_equal(state_of(&w, OTHER_IP), 0xff);
	(void)udp_send(sk, PEER_IP, "x", 1);
	world_settle(&w);
	send_arp(&w, NEW_MAC, PEER_MAC, ARPOP_REPLY, PEER_MAC, PEER_IP, NEW_MAC, OUR_IP);
	(void)udp_send(sk, PEER_IP, "x", 1);
	world_run(&w, 60 * NSEC_PER_SEC);
	assert_true(w.frames_count >= 3);
	for (u32 i = 0; i < w.frames_count; i++) {
		const struct arp_eth_ip4 *arp = frame_arp(&w.frames[i]);

		assert_memory_equal(w.frames[i].data + ETH_ALEN, NEW_MAC, ETH_ALEN);
		if (arp)
			assert_memory_equal(arp->ar_sha, NEW_MAC, ETH_ALEN);
	}
	nethood_close(sk);
	world_fini(&w);
}

/* ------------------------------------------------------------------ F11: the clock */

static void busy_net(struct world *w, struct nethood_sock *sk)
{
	__be32 managed = CONST_BE32(0x0a4d0033);
	struct neighbour *n;

	known(w, PEER_IP, PEER_MAC, NUD_REACHABLE);
	known(w, CONST_BE32(0x0a4d0031), NEW_MAC, NUD_PROBE);
	known(w, CONST_BE32(0x0a4d0032), NEW_MAC, NUD_DELAY);
	assert_int_equal(neigh_create(w->arp, &managed, w->dev, &n), 0);
	(void)neigh_update(n, NULL, NUD_NONE, NEIGH_UPDATE_F_MANAGED | NEIGH_UPDATE_F_ADMIN, 0, NULL);
	neigh_release(n);
	for (u32 i = 0; i < 5; i++) {
		(void)udp_send(sk, OTHER_IP, "x", 1);
		(void)udp_send(sk, PEER_IP, "x", 1);
	}
	world_settle(w);
}

/* All that is due after a jump is done in a few turns: what is periodic happens once, and not once for each period. */
static void settles_soon(struct world *w)
{
	u32 turns = 0;

	w->frames_count = w->frames_seen = 0;
	while (nethood_poll(w->public_net, (u64)w->now))
		assert_true(++turns < 400); /* a turn moves on a few hundred timers */
	assert_string_equal(nethood_check(w->public_net) ?: "", "");
	check_table(w);
	assert_true(w->frames_count < 50);
	assert_true(nethood_next_deadline(w->public_net) > (u64)w->now);
}

static void a_clock_that_jumps_ahead_is_followed(void **state)
{
	static const ktime_t jumps[] = { NSEC_PER_SEC, 3600 * NSEC_PER_SEC, 86400 * NSEC_PER_SEC,
					 365 * 86400 * NSEC_PER_SEC, 50 * 365 * 86400 * NSEC_PER_SEC };
	struct nethood_sock *sk;
	struct world w;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	for (u32 i = 0; i < ARRAY_SIZE(jumps); i++) {
		busy_net(&w, sk);
		w.now += jumps[i];
		settles_soon(&w);
		arp_reply_from_peer(&w, PEER_MAC);
		world_run(&w, 100 * NSEC_PER_SEC);
		seen_all(&w);
	}
	nethood_close(sk);
	world_fini(&w);
}

static void a_clock_that_goes_back_or_stands_still_is_not_followed(void **state)
{
	struct nethood_sock *sk;
	struct world w;
	u64 next;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	busy_net(&w, sk);
	next = nethood_next_deadline(w.public_net);
	for (u32 i = 0; i < 10; i++) {
		static const u64 wrong[] = {
			0, 1, T0 - 1, T0 / 2, UINT64_MAX, (u64)INT64_MAX, (u64)INT64_MAX + 1, UINT64_MAX / 2 - 5, T0, T0
		};

		(void)nethood_poll(w.public_net, wrong[i]);
		nethood_set_time(w.public_net, wrong[i]);
		assert_int_equal(w.net->now, T0);
		assert_int_equal(nethood_next_deadline(w.public_net), next);
	}
	for (u32 i = 0; i < 100; i++) { /* frozen: work is done, but no timer fires */
		(void)udp_send(sk, PEER_IP, "x", 1);
		settles_soon(&w);
	}
	world_run(&w, 60 * NSEC_PER_SEC); /* and then it goes on */
	assert_int_equal(state_of(&w, OTHER_IP), NUD_FAILED);
	nethood_close(sk);
	world_fini(&w);
}

/* Where other stacks' counters wrap: 2^31 and 2^32 ms, 2^53 ns, 2^32 s, 2^62 ns. */
static void no_width_of_a_counter_is_seen(void **state)
{
	static const u64 edges_ns[] = { (1ULL << 31) * 1000000, (1ULL << 32) * 1000000, 1ULL << 53,
					(1ULL << 32) * 1000000000, 1ULL << 62 };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(edges_ns); i++) {
		struct nethood_sock *sk;
		struct world w;

		world_init(&w);
		sk = udp_socket(&w);
		w.now = (ktime_t)edges_ns[i] - 10 * NSEC_PER_SEC; /* like INITIAL_JIFFIES */
		world_settle(&w);
		seen_all(&w);
		known(&w, PEER_IP, PEER_MAC, NUD_REACHABLE);
		(void)udp_send(sk, OTHER_IP, "x", 1);
		world_run(&w, 4 * NSEC_PER_SEC);
		assert_int_equal(state_of(&w, OTHER_IP), NUD_FAILED);
		world_run(&w, 100 * NSEC_PER_SEC); /* across the edge */
		assert_int_equal(state_of(&w, PEER_IP), NUD_STALE);
		(void)udp_send(sk, PEER_IP, "x", 1);
		world_run(&w, 4 * NSEC_PER_SEC);
		assert_int_equal(state_of(&w, PEER_IP), NUD_DELAY);
		world_run(&w, 5 * NSEC_PER_SEC);
		assert_int_equal(state_of(&w, PEER_IP), NUD_FAILED);
		nethood_close(sk);
		world_fini(&w);
	}
}

/* ------------------------------------------------------------------ F20, F21: rtnetlink */

static struct nethood_sock *netlink_socket(struct world *w)
{
	struct nethood_sock *sk;

	assert_int_equal(nethood_socket(w->public_net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &sk), 0);
	return sk;
}

#define STAY 3000U
#define FLEETING 3000U
#define NUMBERED(i) cpu_to_be32(0x0b000000U + (i))

static void number_each(const u8 *buf, ssize_t len, u8 *times, bool *done)
{
	const struct nlmsghdr *nlh = (const void *)buf;

	for (int left = (int)len; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		const char *end = mnl_nlmsg_get_payload_tail(nlh);
		const struct nlattr *a = mnl_nlmsg_get_payload_offset(nlh, sizeof(struct ndmsg));

		*done |= nlh->nlmsg_type == NLMSG_DONE;
		if (nlh->nlmsg_type != RTM_NEWNEIGH)
			continue;
		for (; mnl_attr_ok(a, (int)(end - (const char *)a)); a = mnl_attr_next(a)) {
			u32 i = be32_to_cpu(get_unaligned_be32(mnl_attr_get_payload(a))) - 0x0b000000U;

			if (mnl_attr_get_type(a) == NDA_DST && i < STAY + FLEETING)
				times[i]++;
		}
	}
}

/* The table grows twice, and shrinks, between the first part of the list and the last. */
static void a_list_while_the_table_grows_has_each_that_stays_once_and_says_that_it_is_torn(void **state)
{
	struct nlmsghdr *nlh;
	static u8 buf[32768], times[STAY + FLEETING];
	struct nethood_sock *sk;
	struct world w;
	bool done = false;
	u32 at = STAY, parts = 0;
	bool intr = false;
	u64 grown;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	for (u32 i = 0; i < STAY; i++)
		known(&w, NUMBERED(i), NEW_MAC, NUD_PERMANENT);
	grown = w.arp->hash.grow_count;
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_GETNEIGH;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	((struct ndmsg *)mnl_nlmsg_put_extra_header(nlh, sizeof(struct ndmsg)))->ndm_family = AF_INET;
	assert_true(nethood_sendto(sk, nlh, nlh->nlmsg_len, 0, NULL, 0) > 0);
	while (!done) {
		ssize_t n = nethood_recvfrom(sk, buf, sizeof(buf), 0, NULL, NULL);

		assert_true(n > 0);
		number_each(buf, n, times, &done);
		intr |= ((struct nlmsghdr *)(void *)buf)->nlmsg_flags & NLM_F_DUMP_INTR;
		for (u32 i = 0; i < 300 && at < STAY + FLEETING; i++, at++)
			known(&w, NUMBERED(at), NEW_MAC, NUD_PERMANENT);
		for (u32 i = STAY + parts * 100; i < STAY + parts * 100 + 50 && i < at; i++) {
			__be32 ip = NUMBERED(i);
			struct neighbour *gone = neigh_lookup(w.arp, &ip, w.dev);

			assert_int_equal(neigh_remove(gone, 0), 0);
			neigh_release(gone);
		}
		world_settle(&w);
		parts++;
	}
	assert_true(parts > 5 && w.arp->hash.grow_count > grown);
	assert_true(intr); /* so who reads knows that it is no picture of one moment */
	for (u32 i = 0; i < STAY + FLEETING; i++)
		assert_in_range(times[i], i < STAY, 1);
	nethood_close(sk);
	world_fini(&w);
}

#define LISTENERS 1000U
#define CHANGES 200U

static u32 hear(struct nethood_sock *sk, u32 *lost)
{
	u8 buf[4096];
	ssize_t n;
	u32 heard = 0;

	while ((n = nethood_recvfrom(sk, buf, sizeof(buf), 0, NULL, NULL)) != -EAGAIN) {
		assert_true(n > 0 || n == -ENOBUFS);
		*lost += n < 0;
		heard += n > 0;
	}
	return heard;
}

static void of_1000_listeners_one_stalls(void **state)
{
	static struct nethood_sock *ear[LISTENERS];
	int group = RTNLGRP_NEIGH, small = 4096;
	struct world w;
	u32 lost = 0, heard;

	(void)state;
	world_init(&w);
	for (u32 i = 0; i < LISTENERS; i++) {
		ear[i] = netlink_socket(&w);
		assert_int_equal(
			nethood_setsockopt(ear[i], SOL_NETLINK_, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)), 0);
	}
	assert_int_equal(nethood_setsockopt(ear[7], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	for (u32 turn = 0; turn < CHANGES; turn++) {
		known(&w, NUMBERED(turn), NEW_MAC, NUD_PERMANENT); /* nobody is waited for */
		world_settle(&w);
		for (u32 i = 0; i < LISTENERS; i++) {
			if (i != 7)
				assert_int_equal(hear(ear[i], &lost), 1);
		}
	}
	assert_int_equal(lost, 0);
	heard = hear(ear[7], &lost);
	assert_int_equal(lost, 1); /* it is told once that it lost something */
	assert_in_range(heard, 1, CHANGES - 1);
	known(&w, NUMBERED(CHANGES), NEW_MAC, NUD_PERMANENT);
	world_settle(&w);
	assert_int_equal(hear(ear[7], &lost), 1); /* and hears what comes next */
	assert_int_equal(lost, 1);
	for (u32 i = 0; i < LISTENERS; i++)
		nethood_close(ear[i]);
	world_fini(&w);
}

/* ------------------------------------------------------------------ F27: changes while packets wait */

static unsigned int refuse(void *priv, struct sk_buff *skb, const struct nf_hook_state *s)
{
	(void)priv, (void)skb, (void)s;
	return NF_DROP;
}

static const struct nf_hook_ops hook = {
	.hook = refuse, .pf = NFPROTO_IPV4, .hooknum = NF_INET_POST_ROUTING, .priority = 0
};

static void address_goes(struct world *w)
{
	inet_take_addr(w->dev, OUR_IP, 24);
}

static void address_comes_back(struct world *w)
{
	const struct in_ifaddr ifa = { .ifa_local = OUR_IP, .ifa_prefixlen = 24, .ifa_flags = IFA_F_NODAD };

	inet_take_addr(w->dev, OUR_IP, 24);
	assert_int_equal(inet_insert_ifa(w->dev, &ifa, 0, NULL), 0);
}

static void hook_comes(struct world *w)
{
	assert_int_equal(nf_register_hook(w->net, &hook), 0);
}

static void queue_shrinks(struct world *w)
{
	w->dev->tx_queue_len = 1;
}

static void down(struct world *w)
{
	dev_close(w->dev);
}

static void down_and_up(struct world *w)
{
	dev_close(w->dev);
	assert_int_equal(dev_open(w->dev), 0);
}

static void carrier_flaps(struct world *w)
{
	netif_carrier_off(w->dev);
	netif_carrier_on(w->dev);
}

static void neighbours_go(struct world *w)
{
	neigh_ifdown(w->arp, w->dev);
}

static void moved_to_a_blackhole(struct world *w)
{
	struct fib_config cfg = { .dst = CONST_BE32(0x0a4d0000U),
				  .dst_len = 24,
				  .type = RTN_BLACKHOLE,
				  .table = RT_TABLE_MAIN,
				  .protocol = RTPROT_STATIC,
				  .nlflags = NLM_F_CREATE | NLM_F_REPLACE };

	(void)fib_route_add(w->net, &cfg, NULL);
}

static void mtu_shrinks(struct world *w)
{
	assert_int_equal(dev_set_mtu(w->dev, 100), 0);
}

static void name_and_mac_change(struct world *w)
{
	assert_int_equal(dev_set_mac_address(w->dev, NEW_MAC), 0);
}

static const struct {
	const char *sentence;
	void (*change)(struct world *w);
} changes[] = {
	{ "their source address goes", address_goes },
	{ "their source address goes and comes back", address_comes_back },
	{ "a hook that refuses all comes", hook_comes },
	{ "the queue may be one packet long", queue_shrinks },
	{ "the device goes down", down },
	{ "the device goes down and up", down_and_up },
	{ "the carrier flaps", carrier_flaps },
	{ "all neighbours are forgotten", neighbours_go },
	{ "their route leads to nowhere", moved_to_a_blackhole },
	{ "the MTU is too small for them", mtu_shrinks },
	{ "the device has another address", name_and_mac_change },
};

/* Packets wait for a neighbour, before a busy driver, and as pieces; then something changes, then all is let go. */
static void one_change(u32 i, bool close_sockets, bool destroy_device)
{
	static u8 datagram[3000];
	struct nethood_sock *sk[2];
	struct nethood_ledger ledger;
	struct world w;

	world_init(&w);
	known(&w, PEER_IP, PEER_MAC, NUD_REACHABLE);
	sk[0] = udp_socket(&w);
	sk[1] = udp_socket(&w);
	w.busy = true;
	for (u32 n = 0; n < 40; n++) {
		(void)udp_send(sk[n & 1], PEER_IP, datagram, n % 5 ? 40 : 3000);
		(void)udp_send(sk[n & 1], OTHER_IP, datagram, n % 5 ? 40 : 3000);
	}
	world_settle(&w);
	changes[i].change(&w);
	world_settle(&w);
	if (close_sockets) {
		nethood_close(sk[0]);
		nethood_close(sk[1]);
	}
	if (destroy_device) {
		nethood_dev_destroy(w.public_dev);
	} else {
		w.busy = false;
		nethood_dev_wake(w.public_dev);
		send_arp(&w, w.dev->dev_addr, NEW_MAC, ARPOP_REPLY, NEW_MAC, OTHER_IP, w.dev->dev_addr, OUR_IP);
	}
	world_run(&w, 40 * NSEC_PER_SEC);
	if (!close_sockets) {
		nethood_close(sk[0]);
		nethood_close(sk[1]);
	}
	nf_unregister_hook(w.net, &hook);
	nethood_ledger(w.public_net, &ledger);
	assert_int_equal(ledger.live, 0); /* each left, or was dropped and counted */
	assert_int_equal(ledger.taken_in, ledger.consumed + ledger.dropped);
	assert_int_equal(dropped_for(&w, SKB_DROP_REASON_NOT_SPECIFIED), 0);
	world_fini(&w);
}

static void what_waits_survives_each_change_or_is_counted(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(changes); i++) {
		print_message("%s\n", changes[i].sentence);
		for (u32 how = 0; how < 4; how++)
			one_change(i, how & 1, how & 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_sends_too_much_is_held_back_alone),
		cmocka_unit_test(who_does_not_read_loses_alone),
		cmocka_unit_test(after_the_mtu_shrank_no_frame_is_longer),
		cmocka_unit_test(after_the_mac_changed_nobody_hears_the_old_one),
		cmocka_unit_test(a_clock_that_jumps_ahead_is_followed),
		cmocka_unit_test(a_clock_that_goes_back_or_stands_still_is_not_followed),
		cmocka_unit_test(no_width_of_a_counter_is_seen),
		cmocka_unit_test(a_list_while_the_table_grows_has_each_that_stays_once_and_says_that_it_is_torn),
		cmocka_unit_test(of_1000_listeners_one_stalls),
		cmocka_unit_test(what_waits_survives_each_change_or_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
