// SPDX-License-Identifier: BSD-2-Clause
/* Where the profile strict does otherwise than linux (docs/DIFFERENCES.md), in virtual time, each beside the other. */
#include <errno.h>

#include "neigh_world.h"

#include <linux/rtnetlink.h>

#include "base/csum.h"
#include "ipv4/route.h"
#include "wire/icmp.h"

#define FAR_IP CONST_BE32(0xc0000205)       /* 192.0.2.5 */
#define LINKLOCAL_IP CONST_BE32(0xa9fe0105) /* 169.254.1.5 */

static const enum nethood_profile profiles[] = { NETHOOD_PROFILE_LINUX, NETHOOD_PROFILE_STRICT };

static bool strict(const struct world *w)
{
	return w->net->profile == NET_PROFILE_STRICT;
}

static const u8 *mac_of(struct world *w, __be32 ip)
{
	const struct neighbour *n = neigh_find(w->arp, &ip, w->dev);

	assert_non_null(n);
	return n->ha;
}

static struct neighbour *make_reachable(struct world *w, __be32 ip, const u8 *mac)
{
	struct neighbour *n;

	assert_int_equal(neigh_create(w->arp, &ip, w->dev, &n), 0);
	assert_int_equal(neigh_update(n, mac, NUD_REACHABLE, NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_OVERRIDE, 0, NULL),
			 0);
	return n;
}

static void ask_us(struct world *w, __be32 sip, const u8 *mac)
{
	send_arp(w, BROADCAST_MAC, mac, ARPOP_REQUEST, mac, sip, NULL, OUR_IP);
}

static void add_route(struct world *w, __be32 dst, u8 dst_len, __be32 gw, u32 flags)
{
	const struct fib_config cfg = { .dst = dst,
					.dst_len = dst_len,
					.gw4 = gw,
					.gw_family = gw ? AF_INET : 0,
					.flags = flags,
					.oif = w->dev->ifindex,
					.table = RT_TABLE_MAIN,
					.protocol = RTPROT_STATIC,
					.scope = gw ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
					.type = RTN_UNICAST,
					.nlflags = NLM_F_CREATE };
	const char *errmsg = NULL;

	assert_int_equal(fib_route_add(w->net, &cfg, &errmsg), 0);
}

/* ------------------------------------------------------------------ D9: senders from elsewhere */

static void who_is_on_no_prefix_of_the_link_is_not_believed(void **state)
{
	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(profiles); p++) {
		struct world w;
		u64 refused;

		world_init_as(&w, profiles[p]);
		add_route(&w, 0, 0, PEER_IP, 0); /* so that Linux would answer */
		ask_us(&w, FAR_IP, NEW_MAC);
		refused = w.net->skb_pool->stats.dropped[SKB_DROP_REASON_ARP_OFF_LINK];
		assert_int_equal(state_of(&w, FAR_IP), strict(&w) ? 0xff : NUD_STALE);
		assert_int_equal(w.frames_count, strict(&w) ? 0 : 1);
		assert_int_equal(refused, strict(&w) ? 1 : 0);
		check_table(&w);
		world_fini(&w);
	}
}

static void a_route_says_who_is_on_the_link(void **state)
{
	struct world w;

	(void)state;
	world_init_as(&w, NETHOOD_PROFILE_STRICT);
	ask_us(&w, PEER_IP, PEER_MAC);
	assert_int_equal(state_of(&w, PEER_IP), NUD_STALE);
	ask_us(&w, LINKLOCAL_IP, NEW_MAC); /* on every link, routed or not */
	assert_int_equal(w.net->skb_pool->stats.dropped[SKB_DROP_REASON_ARP_OFF_LINK], 0);
	add_route(&w, CONST_BE32(0xc0000200), 24, 0, 0);
	ask_us(&w, FAR_IP, NEW_MAC);
	assert_int_equal(state_of(&w, FAR_IP), NUD_STALE);
	assert_int_equal(w.net->skb_pool->stats.dropped[SKB_DROP_REASON_ARP_OFF_LINK], 0);
	check_table(&w);
	world_fini(&w);
}

static void whom_we_ask_may_answer_wherever_he_is(void **state)
{
	struct world w;
	struct nethood_sock *sk;

	(void)state;
	world_init_as(&w, NETHOOD_PROFILE_STRICT);
	add_route(&w, 0, 0, FAR_IP, RTNH_F_ONLINK);
	sk = udp_socket(&w);
	assert_int_equal(udp_send(sk, CONST_BE32(0x08080808), "x", 1), 1);
	assert_int_equal(state_of(&w, FAR_IP), NUD_INCOMPLETE);
	send_arp(&w, OUR_MAC, NEW_MAC, ARPOP_REPLY, NEW_MAC, FAR_IP, OUR_MAC, OUR_IP);
	assert_int_equal(state_of(&w, FAR_IP), NUD_REACHABLE);
	nethood_close(sk);
	world_fini(&w);
}

/* ------------------------------------------------------------------ D12, D13: who may override whom */

static void a_gratuitous_reply_to_all_counts_within_locktime(void **state)
{
	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(profiles); p++) {
		struct world w;

		world_init_as(&w, profiles[p]);
		neigh_release(make_reachable(&w, PEER_IP, PEER_MAC));
		send_arp(&w, BROADCAST_MAC, NEW_MAC, ARPOP_REPLY, NEW_MAC, PEER_IP, BROADCAST_MAC, PEER_IP);
		assert_int_equal(state_of(&w, PEER_IP), strict(&w) ? NUD_STALE : NUD_REACHABLE);
		assert_memory_equal(mac_of(&w, PEER_IP), strict(&w) ? NEW_MAC : PEER_MAC, 6);
		world_fini(&w);
	}
}

static void who_asks_us_is_believed_when_locktime_is_over(void **state)
{
	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(profiles); p++) {
		struct world w;

		world_init_as(&w, profiles[p]);
		neigh_release(make_reachable(&w, PEER_IP, PEER_MAC));
		ask_us(&w, PEER_IP, NEW_MAC);
		assert_int_equal(w.frames_count, 1); /* he is answered all the same */
		assert_memory_equal(w.frames[0].data, NEW_MAC, 6);
		assert_int_equal(state_of(&w, PEER_IP), strict(&w) ? NUD_REACHABLE : NUD_STALE);
		assert_memory_equal(mac_of(&w, PEER_IP), strict(&w) ? PEER_MAC : NEW_MAC, 6);
		world_run(&w, NSEC_PER_SEC + NSEC_PER_MSEC);
		ask_us(&w, PEER_IP, NEW_MAC);
		assert_int_equal(state_of(&w, PEER_IP), NUD_STALE);
		assert_memory_equal(mac_of(&w, PEER_IP), NEW_MAC, 6);
		check_table(&w);
		world_fini(&w);
	}
}

static void locktime_keeps_nobody_from_answering_first(void **state)
{
	struct world w;
	struct nethood_sock *sk;

	(void)state;
	world_init_as(&w, NETHOOD_PROFILE_STRICT);
	sk = udp_socket(&w);
	assert_int_equal(udp_send(sk, PEER_IP, "x", 1), 1);
	ask_us(&w, PEER_IP, PEER_MAC); /* while we ask for it */
	assert_int_equal(state_of(&w, PEER_IP), NUD_DELAY);
	assert_memory_equal(mac_of(&w, PEER_IP), PEER_MAC, 6);
	nethood_close(sk);
	world_fini(&w);
}

/* ------------------------------------------------------------------ D15: doubt */

static u32 build_host_error(u8 *f, u8 code, __be32 from, __be32 about)
{
	struct iphdr *iph = (struct iphdr *)(void *)(f + ETH_HLEN);
	struct icmphdr *icmph = (struct icmphdr *)(void *)(iph + 1);
	struct iphdr *quoted = (struct iphdr *)(void *)(icmph + 1);
	u32 icmp_bytes = sizeof(*icmph) + sizeof(*quoted) + 8;

	memset(f, 0, 128);
	eth_build((struct ethhdr *)(void *)f, OUR_MAC, NEW_MAC, CONST_BE16(ETH_P_IP));
	*iph = (struct iphdr){
		.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_ICMP, .saddr = from, .daddr = OUR_IP
	};
	iph->tot_len = cpu_to_be16((u16)(sizeof(*iph) + icmp_bytes));
	ip_send_check(iph);
	*quoted = (struct iphdr){
		.version = 4, .ihl = 5, .ttl = 63, .protocol = IPPROTO_UDP, .saddr = OUR_IP, .daddr = about
	};
	quoted->tot_len = CONST_BE16(29);
	ip_send_check(quoted);
	icmph->type = ICMP_DEST_UNREACH;
	icmph->code = code;
	icmph->checksum = ip_compute_csum(icmph, icmp_bytes);
	return ETH_HLEN + (u32)sizeof(*iph) + icmp_bytes;
}

static void host_error(struct world *w, u8 code, __be32 from, __be32 about)
{
	u8 room[2 + 128] __attribute__((aligned(4))); /* so that the IP header is aligned */
	u8 *f = room + 2;
	u32 len = build_host_error(f, code, from, about);

	(void)nethood_dev_receive(w->public_dev, f, len);
	while (nethood_poll(w->public_net, (u64)w->now))
		;
}

static const struct {
	const char *sentence;
	u8 code;
	__be32 from, about;
	ktime_t age;
	bool doubted;
} doubt_rows[] = {
	{ "host unreachable", ICMP_HOST_UNREACH, OTHER_IP, PEER_IP, NSEC_PER_SEC, true },
	{ "host unknown", ICMP_HOST_UNKNOWN, OTHER_IP, PEER_IP, NSEC_PER_SEC, true },
	{ "about who is behind the gateway", ICMP_HOST_UNREACH, OTHER_IP, FAR_IP, NSEC_PER_SEC, true },
	{ "from the gateway itself: it is there", ICMP_HOST_UNREACH, PEER_IP, FAR_IP, NSEC_PER_SEC, false },
	{ "a net, not a host", ICMP_NET_UNREACH, OTHER_IP, PEER_IP, NSEC_PER_SEC, false },
	{ "a port: so the host is there", ICMP_PORT_UNREACH, OTHER_IP, PEER_IP, NSEC_PER_SEC, false },
	{ "about somebody else", ICMP_HOST_UNREACH, OTHER_IP, CONST_BE32(0x0a4d0063), NSEC_PER_SEC, false },
	{ "it was confirmed just now", ICMP_HOST_UNREACH, OTHER_IP, PEER_IP, 99 * NSEC_PER_MSEC, false },
};

static void a_host_error_makes_strict_ask_at_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(doubt_rows) * 2; i++) {
		size_t row = i / 2;
		struct world w;
		bool want;

		world_init_as(&w, profiles[i % 2]);
		add_route(&w, 0, 0, PEER_IP, 0);
		neigh_release(make_reachable(&w, PEER_IP, PEER_MAC));
		w.told_count = 0;
		world_run(&w, doubt_rows[row].age);
		host_error(&w, doubt_rows[row].code, doubt_rows[row].from, doubt_rows[row].about);
		want = strict(&w) && doubt_rows[row].doubted;
		if (state_of(&w, PEER_IP) != (want ? NUD_PROBE : NUD_REACHABLE) || w.frames_count != (want ? 1 : 0) ||
		    w.told_count != (want ? 1 : 0))
			fail_msg("%s: %s, %u frames, %u told", doubt_rows[row].sentence,
				 nud_state_name(state_of(&w, PEER_IP)), w.frames_count, w.told_count);
		if (want)
			assert_memory_equal(w.frames[0].data, PEER_MAC, 6); /* by unicast */
		check_table(&w);
		world_fini(&w);
	}
}

static void who_answers_the_doubt_is_reachable_again(void **state)
{
	struct world w;

	(void)state;
	world_init_as(&w, NETHOOD_PROFILE_STRICT);
	neigh_release(make_reachable(&w, PEER_IP, PEER_MAC));
	world_run(&w, NSEC_PER_SEC);
	for (int i = 0; i < 100; i++) /* a flood of errors asks once */
		host_error(&w, ICMP_HOST_UNREACH, OTHER_IP, PEER_IP);
	assert_int_equal(w.frames_count, 1);
	arp_reply_from_peer(&w, PEER_MAC);
	assert_int_equal(state_of(&w, PEER_IP), NUD_REACHABLE);
	for (int i = 0; i < 100; i++)
		host_error(&w, ICMP_HOST_UNREACH, OTHER_IP, PEER_IP);
	assert_int_equal(w.frames_count, 1);
	check_table(&w);
	world_fini(&w);
}

static void a_program_that_retransmits_may_doubt_too(void **state)
{
	const __be32 peer = PEER_IP, nobody = OTHER_IP;
	struct world w;

	(void)state;
	for (int strict = 0; strict < 2; strict++) {
		world_init_as(&w, strict ? NETHOOD_PROFILE_STRICT : NETHOOD_PROFILE_LINUX);
		neigh_release(make_reachable(&w, PEER_IP, PEER_MAC));
		world_run(&w, NSEC_PER_SEC);
		assert_int_equal(nethood_neigh_doubt(w.public_net, "eth0", AF_UNIX, &peer), -EAFNOSUPPORT);
		assert_int_equal(nethood_neigh_doubt(w.public_net, "eth9", AF_INET, &peer), -ENODEV);
		assert_int_equal(nethood_neigh_doubt(w.public_net, "lo", AF_INET, &peer), -ENOENT);
		assert_int_equal(nethood_neigh_doubt(w.public_net, NULL, AF_INET, &nobody), -ENOENT);
		assert_int_equal(w.frames_count, 0);
		assert_int_equal(nethood_neigh_doubt(w.public_net, strict ? NULL : "eth0", AF_INET, &peer), 0);
		assert_int_equal(w.frames_count, strict);
		assert_int_equal(state_of(&w, PEER_IP), strict ? NUD_PROBE : NUD_REACHABLE);
		world_fini(&w);
	}
}

static void where_no_probe_is_allowed_nobody_is_doubted(void **state)
{
	struct world w;
	struct neighbour *n;

	(void)state;
	world_init_as(&w, NETHOOD_PROFILE_STRICT);
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.neigh.eth0.ucast_solicit", "0"), 0);
	n = make_reachable(&w, PEER_IP, PEER_MAC);
	world_run(&w, NSEC_PER_SEC);
	neigh_doubt(n);
	assert_int_equal(n->nud_state, NUD_REACHABLE);
	neigh_changeaddr(w.arp, w.dev);
	neigh_doubt(n); /* nor who is gone */
	neigh_release(n);
	world_fini(&w);
}

/** struct mover - a peer that talks to us all the time, and whose hardware address changes in silence */
struct mover {
	struct world w;
	struct nethood_sock *sk;
	struct rtable *rt;
	const u8 *mac; /**< that it has now */
	u32 heard_count;
};

#define PACKET_INTERVAL (50 * NSEC_PER_MSEC)
#define RTO_MIN (200 * NSEC_PER_MSEC)

/* What arrived, and the answers to questions that reach it. */
static void mover_hears(struct mover *m)
{
	struct world *w = &m->w;

	for (u32 i = 0; i < w->frames_count; i++) {
		const u8 *f = w->frames[i].data;
		bool reaches = memcmp(f, m->mac, 6) == 0 || memcmp(f, BROADCAST_MAC, 6) == 0;

		if (reaches && frame_arp(&w->frames[i]))
			send_arp(w, OUR_MAC, m->mac, ARPOP_REPLY, m->mac, PEER_IP, OUR_MAC, OUR_IP);
		else if (reaches)
			m->heard_count++;
	}
	w->frames_count = 0;
}

static void mover_step(struct mover *m)
{
	world_run(&m->w, PACKET_INTERVAL);
	assert_int_equal(udp_send(m->sk, PEER_IP, "x", 1), 1);
	mover_hears(m);
	mover_hears(m); /* what waited for the answer */
}

/* As TCP will: nothing comes back, so it sends again, after twice the time each time, and says so. */
static ktime_t mover_outage(struct mover *m, ktime_t before)
{
	ktime_t change, retransmit, rto = RTO_MIN;

	for (ktime_t end = m->w.now + before; m->w.now < end;)
		mover_step(m);
	change = m->w.now;
	retransmit = change + rto;
	m->mac = NEW_MAC;
	m->heard_count = 0;
	while (!m->heard_count && m->w.now < change + 100 * NSEC_PER_SEC) {
		mover_step(m);
		if (m->w.now < retransmit)
			continue;
		rt_neigh_doubt(m->rt, PEER_IP);
		rto *= 2;
		retransmit = m->w.now + rto;
	}
	return m->w.now - change;
}

static ktime_t outage(enum nethood_profile profile, ktime_t before)
{
	struct flowi4 fl4 = { .daddr = PEER_IP };
	struct mover m = { .mac = PEER_MAC };
	ktime_t lasted;

	world_init_as(&m.w, profile);
	m.sk = udp_socket(&m.w);
	assert_int_equal(ip_route_output_flow(m.w.net, &fl4, &m.rt), 0);
	lasted = mover_outage(&m, before);
	dst_release(&m.rt->dst);
	nethood_close(m.sk);
	check_table(&m.w);
	world_fini(&m.w);
	return lasted;
}

static void retransmissions_bring_a_moved_peer_back_within_4_seconds(void **state)
{
	ktime_t linux_most = 0, strict_most = 0;

	(void)state;
	for (ktime_t before = NSEC_PER_SEC; before < 80 * NSEC_PER_SEC; before += 1700 * NSEC_PER_MSEC) {
		ktime_t as_linux = outage(NETHOOD_PROFILE_LINUX, before),
			as_strict = outage(NETHOOD_PROFILE_STRICT, before);

		linux_most = as_linux > linux_most ? as_linux : linux_most;
		strict_most = as_strict > strict_most ? as_strict : strict_most;
	}
	print_message("longest outage: linux %.2f s, strict %.2f s\n", (double)linux_most / 1e9,
		      (double)strict_most / 1e9);
	assert_true(strict_most < 4 * NSEC_PER_SEC);
	assert_true(linux_most > 15 * NSEC_PER_SEC && linux_most < 60 * NSEC_PER_SEC);
}

/* ------------------------------------------------------------------ D5: the hash grows */

static void add_permanent(struct world *w, u32 count)
{
	struct neighbour *n;

	for (u32 i = 0; i < count; i++) {
		__be32 ip = cpu_to_be32(0x0a000000 + i);

		assert_int_equal(neigh_create(w->arp, &ip, w->dev, &n), 0);
		assert_int_equal(neigh_update(n, PEER_MAC, NUD_PERMANENT, NEIGH_UPDATE_F_ADMIN, 0, NULL), 0);
		neigh_release(n);
	}
}

static void a_hash_that_cannot_grow_is_told_once_and_works(void **state)
{
	struct world w;
	u64 failed;

	(void)state;
	world_init_as(&w, NETHOOD_PROFILE_LINUX);
	w.fail_above_bytes = 100000; /* of slots: 4096 are given, 8192 are not */
	add_permanent(&w, 4000);
	failed = w.arp->hash.grow_failed_count;
	assert_in_range(failed, 2, 16);
	assert_int_equal(w.said_count, 1);
	for (u32 i = 0; i < 4000; i++)
		assert_int_equal(state_of(&w, cpu_to_be32(0x0a000000 + i)), NUD_PERMANENT);
	w.fail_above_bytes = 0;
	add_permanent(&w, 5000);
	assert_in_range(w.arp->hash.cur.mask + 1, 8192, 16384);
	assert_int_equal(w.said_count, 1);
	check_table(&w);
	world_fini(&w);
}

/* ------------------------------------------------------------------ D16: age */

static void make_stale(struct world *w, __be32 ip)
{
	struct neighbour *n;

	assert_int_equal(neigh_create(w->arp, &ip, w->dev, &n), 0);
	assert_int_equal(neigh_update(n, PEER_MAC, NUD_STALE, NEIGH_UPDATE_F_ADMIN, 0, NULL), 0);
	neigh_release(n);
}

static void a_few_old_entries_go_in_strict(void **state)
{
	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(profiles); p++) {
		struct world w;

		world_init_as(&w, profiles[p]);
		make_stale(&w, PEER_IP);
		world_run(&w, 59 * NSEC_PER_SEC);
		assert_int_equal(state_of(&w, PEER_IP), NUD_STALE);
		world_run(&w, 32 * NSEC_PER_SEC); /* gc_stale_time, and a gc_interval */
		assert_int_equal(state_of(&w, PEER_IP), strict(&w) ? 0xff : NUD_STALE);
		world_run(&w, 10000 * NSEC_PER_SEC);
		assert_int_equal(state_of(&w, PEER_IP), strict(&w) ? 0xff : NUD_STALE);
		world_fini(&w);
	}
}

static void gc_interval_rules_in_strict(void **state)
{
	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(profiles); p++) {
		struct world w;

		world_init_as(&w, profiles[p]);
		assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.neigh.default.gc_interval", "2"), 0);
		world_run(&w, 31 * NSEC_PER_SEC);
		assert_int_equal(w.arp->stats.periodic_gc_runs, strict(&w) ? 15 : 2);
		assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.neigh.default.gc_interval", "0"), 0);
		world_run(&w, 10 * NSEC_PER_SEC); /* no storm */
		assert_int_equal(w.arp->stats.periodic_gc_runs, strict(&w) ? 25 : 2);
		world_fini(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_on_no_prefix_of_the_link_is_not_believed),
		cmocka_unit_test(a_route_says_who_is_on_the_link),
		cmocka_unit_test(whom_we_ask_may_answer_wherever_he_is),
		cmocka_unit_test(a_gratuitous_reply_to_all_counts_within_locktime),
		cmocka_unit_test(who_asks_us_is_believed_when_locktime_is_over),
		cmocka_unit_test(locktime_keeps_nobody_from_answering_first),
		cmocka_unit_test(a_host_error_makes_strict_ask_at_once),
		cmocka_unit_test(who_answers_the_doubt_is_reachable_again),
		cmocka_unit_test(a_program_that_retransmits_may_doubt_too),
		cmocka_unit_test(where_no_probe_is_allowed_nobody_is_doubted),
		cmocka_unit_test(retransmissions_bring_a_moved_peer_back_within_4_seconds),
		cmocka_unit_test(a_hash_that_cannot_grow_is_told_once_and_works),
		cmocka_unit_test(a_few_old_entries_go_in_strict),
		cmocka_unit_test(gc_interval_rules_in_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
