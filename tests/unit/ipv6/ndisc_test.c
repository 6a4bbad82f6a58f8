// SPDX-License-Identifier: BSD-2-Clause
/* Neighbour Discovery: questions, answers, and what a message must be before it is believed. */
#include "nd_world.h"

#include <errno.h>
#include <linux/neighbour.h>

/* ------------------------------------------------------------------ RFC 4861 7.2.5 */

#define SOL ND_NA_SOLICITED
#define OVR ND_NA_OVERRIDE
#define SAME \
	{ \
		0, 0 \
	}

static const u8 matrix_states[] = { NUD_INCOMPLETE, NUD_REACHABLE, NUD_STALE,    NUD_DELAY,
				    NUD_PROBE,      NUD_FAILED,    NUD_PERMANENT };

/* The entry knows M 1.  What it becomes in each of matrix_states: address, state; SAME: as it was. */
static const struct {
	const char *says;
	u8 flags;
	const char *option;
	struct {
		u8 mac, state;
	} becomes[ARRAY_SIZE(matrix_states)];
} matrix[] = {
	{ "solicited, override, another address",
	  SOL | OVR,
	  TLLA("\x02"),
	  { { 2, NUD_REACHABLE },
	    { 2, NUD_REACHABLE },
	    { 2, NUD_REACHABLE },
	    { 2, NUD_REACHABLE },
	    { 2, NUD_REACHABLE },
	    SAME,
	    SAME } },
	{ "solicited, another address",
	  SOL,
	  TLLA("\x02"),
	  { { 2, NUD_REACHABLE }, { 1, NUD_STALE }, SAME, SAME, SAME, SAME, SAME } },
	{ "override, another address",
	  OVR,
	  TLLA("\x02"),
	  { { 2, NUD_STALE }, { 2, NUD_STALE }, { 2, NUD_STALE }, { 2, NUD_STALE }, { 2, NUD_STALE }, SAME, SAME } },
	{ "another address", 0, TLLA("\x02"), { { 2, NUD_STALE }, { 1, NUD_STALE }, SAME, SAME, SAME, SAME, SAME } },
	{ "solicited, override, the same address",
	  SOL | OVR,
	  TLLA("\x01"),
	  { { 1, NUD_REACHABLE },
	    SAME,
	    { 1, NUD_REACHABLE },
	    { 1, NUD_REACHABLE },
	    { 1, NUD_REACHABLE },
	    SAME,
	    SAME } },
	{ "solicited, the same address",
	  SOL,
	  TLLA("\x01"),
	  { { 1, NUD_REACHABLE },
	    SAME,
	    { 1, NUD_REACHABLE },
	    { 1, NUD_REACHABLE },
	    { 1, NUD_REACHABLE },
	    SAME,
	    SAME } },
	{ "solicited, no address",
	  SOL,
	  NULL,
	  { SAME, SAME, { 1, NUD_REACHABLE }, { 1, NUD_REACHABLE }, { 1, NUD_REACHABLE }, SAME, SAME } },
	{ "the same address", 0, TLLA("\x01"), { { 1, NUD_STALE }, SAME, SAME, SAME, SAME, SAME, SAME } },
	{ "no address", 0, NULL, { SAME, SAME, SAME, SAME, SAME, SAME, SAME } },
};

static void what_an_advertisement_does_to_an_entry(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(matrix); i++) {
		struct spec s = na("fd77::9", matrix[i].flags, matrix[i].option, matrix[i].option ? 8 : 0);

		for (size_t j = 0; j < ARRAY_SIZE(matrix_states); j++) {
			struct world *w = world_create();
			u8 becomes = matrix[i].becomes[j].state;

			print_message("%s, in state %02x\n", matrix[i].says, matrix_states[j]);
			(void)world_neigh_make(w, "fd77::9", 1, matrix_states[j]);
			world_send(w, 0, &s);
			world_neigh_is(w, "fd77::9", matrix[i].becomes[j].mac, becomes ? becomes : matrix_states[j]);
			world_destroy(w);
		}
	}
}

/* D10: what is not believed says nothing of who is there. */
static void what_is_not_believed_confirms_nothing(void **state)
{
	struct world *w = world_create();
	struct spec s = na("fd77::9", SOL, TLLA("\x02"), 8);
	struct neighbour *n = world_neigh_make(w, "fd77::9", 1, NUD_DELAY);
	ktime_t confirmed = n->confirmed;

	(void)state;
	world_send(w, 0, &s);
	assert_int_equal(n->confirmed, confirmed);
	world_tick(w, 5100 * NSEC_PER_MSEC);
	world_neigh_is(w, "fd77::9", 1, NUD_PROBE);
	world_destroy(w);
}

static void the_profile_strict_believes_less_and_more(void **state)
{
	static const struct {
		const char *says;
		bool strict;
		u8 was, flags, mac, becomes;
	} rows[] = {
		{ "D14, linux: an answer that nobody asked for is one", false, NUD_STALE, SOL | OVR, 2, NUD_REACHABLE },
		{ "D14, strict: its address counts, and is doubted", true, NUD_STALE, SOL | OVR, 2, NUD_STALE },
		{ "D14, strict, REACHABLE", true, NUD_REACHABLE, SOL | OVR, 2, NUD_STALE },
		{ "D14, strict: to a question it is an answer", true, NUD_PROBE, SOL | OVR, 2, NUD_REACHABLE },
		{ "D14, strict: to the first question too", true, NUD_INCOMPLETE, SOL | OVR, 2, NUD_REACHABLE },
		{ "D11, linux: who has failed has failed", false, NUD_FAILED, SOL | OVR, 0, NUD_FAILED },
		{ "D11, strict: he is there again", true, NUD_FAILED, OVR, 2, NUD_STALE },
		{ "D11, strict: also if he says that he was asked", true, NUD_FAILED, SOL | OVR, 2, NUD_STALE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create_as(&(struct setup){ .strict = rows[i].strict });
		struct spec s = na("fd77::9", rows[i].flags, TLLA("\x02"), 8);

		print_message("%s\n", rows[i].says);
		(void)world_neigh_make(w, "fd77::9", 1, rows[i].was);
		world_send(w, 0, &s);
		world_neigh_is(w, "fd77::9", rows[i].mac, rows[i].becomes);
		world_destroy(w);
	}
}

/* ------------------------------------------------------------------ what is refused */

#define NS_TYPE NDISC_NEIGHBOUR_SOLICITATION
#define NA_TYPE NDISC_NEIGHBOUR_ADVERTISEMENT
#define X(bytes) .body = bytes, .body_bytes = sizeof(bytes) - 1

static const struct {
	const char *says;
	struct spec in;
	enum skb_drop_reason reason;
} refused[] = {
	{ "hop limit 254",
	  { .dst = OURS_GROUP, .type = NS_TYPE, .target = OURS, X(SLLA("\x01")), .hlim = 254 },
	  SKB_DROP_REASON_IPV6_NDISC_HOP_LIMIT },
	{ "code 1",
	  { .dst = OURS_GROUP, .type = NS_TYPE, .target = OURS, X(SLLA("\x01")), .code = 1 },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_CODE },
	{ "a wrong checksum",
	  { .dst = OURS_GROUP, .type = NS_TYPE, .target = OURS, X(SLLA("\x01")), .bad_csum = true },
	  SKB_DROP_REASON_ICMP_CSUM },
	{ "an option of length 0",
	  { .dst = OURS_GROUP, .type = NS_TYPE, .target = OURS, X("\x01\x00" M("\x01")) },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_OPTIONS },
	{ "an option of length 0 behind a good one",
	  { .dst = OURS_GROUP, .type = NS_TYPE, .target = OURS, X(SLLA("\x01") "\xc8\x00" M("\x01")) },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_OPTIONS },
	{ "an option that ends behind the message",
	  { .dst = OURS_GROUP, .type = NS_TYPE, .target = OURS, X("\x01\x02" M("\x01")) },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_OPTIONS },
	{ "half an option",
	  { .dst = OURS_GROUP, .type = NS_TYPE, .target = OURS, X(SLLA("\x01")), .cut_bytes = 4 },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_OPTIONS },
	{ "an address of 14 octets",
	  { .dst = OURS_GROUP, .type = NS_TYPE, .target = OURS, X("\x01\x02" M("\x01") "12345678") },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_OPTIONS },
	{ "half a target",
	  { .dst = OURS_GROUP, .type = NS_TYPE, .target = OURS, .cut_bytes = 8 },
	  SKB_DROP_REASON_PKT_TOO_SMALL },
	{ "no target", { .dst = OURS_GROUP, .type = NS_TYPE }, SKB_DROP_REASON_PKT_TOO_SMALL },
	{ "a multicast target",
	  { .dst = OURS_GROUP, .type = NS_TYPE, .target = OURS_GROUP, X(SLLA("\x01")) },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_ADDRESS },
	{ "from nobody, to all nodes",
	  { .src = "::", .dst = ALL_NODES, .type = NS_TYPE, .target = OURS },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_ADDRESS },
	{ "from nobody, who says where he is",
	  { .src = "::", .dst = OURS_GROUP, .type = NS_TYPE, .target = OURS, X(SLLA("\x01")) },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_OPTIONS },
	{ "a question for somebody else",
	  { .dst = OURS_GROUP, .type = NS_TYPE, .target = "fd77::77", X(SLLA("\x01")) },
	  SKB_DROP_REASON_IPV6_NDISC_NS_OTHERHOST },
	{ "D8: from a multicast address of the link",
	  { .dst = OURS_GROUP, .type = NS_TYPE, .target = OURS, X("\x01\x01\x01\x00\x5e\x00\x00\x01") },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_LLADDR },
	{ "D8: from zero",
	  { .dst = OURS_GROUP, .type = NS_TYPE, .target = OURS, X("\x01\x01\x00\x00\x00\x00\x00\x00") },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_LLADDR },
	{ "D8: from our own address",
	  { .dst = OURS_GROUP, .type = NS_TYPE, .target = OURS, X("\x01\x01\x02\x00\x00\x00\x00\x02") },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_LLADDR },
	{ "an advertisement about a multicast",
	  { .type = NA_TYPE, .target = ALL_NODES, X(TLLA("\x01")) },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_ADDRESS },
	{ "an advertisement that was solicited, to all",
	  { .dst = ALL_NODES, .type = NA_TYPE, .target = HOST, .rest = { SOL }, X(TLLA("\x01")) },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_ADDRESS },
	{ "an advertisement of somebody whom nobody knows",
	  { .type = NA_TYPE, .target = HOST, .rest = { SOL | OVR }, X(TLLA("\x01")) },
	  SKB_DROP_REASON_IPV6_NDISC_UNSOLICITED },
	{ "an advertisement with an option of length 0",
	  { .type = NA_TYPE, .target = HOST, X("\x02\x00" M("\x01")) },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_OPTIONS },
	{ "a solicitation of routers, to a host",
	  { .src = HOST_LL, .dst = ALL_NODES, .type = 133, X(SLLA("\x01")) },
	  SKB_DROP_REASON_IPV6_NDISC_IGNORED },
	{ "an advertisement of a router from beyond the link",
	  { .src = "2001:db8::1", .dst = ALL_NODES, .type = 134, X("\0\0\0\0\0\0\0\0") },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_ADDRESS },
	{ "an advertisement of a router, cut short",
	  { .src = HOST_LL, .dst = ALL_NODES, .type = 134, X("\0\0\0\0") },
	  SKB_DROP_REASON_PKT_TOO_SMALL },
	{ "an advertisement of a router with half a prefix",
	  { .src = HOST_LL, .dst = ALL_NODES, .type = 134, X("\0\0\0\0\0\0\0\0\x03\x04\x40\xc0\0\0\0\0") },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_OPTIONS },
	{ "a redirect from beyond the link",
	  { .type = 137, .target = HOST_LL, .dest = "2001:db8::1" },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_ADDRESS },
	{ "a redirect of a multicast",
	  { .src = HOST_LL, .type = 137, .target = HOST_LL, .dest = "ff02::5" },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_ADDRESS },
	{ "a redirect to a router that is no neighbour",
	  { .src = HOST_LL, .type = 137, .target = "2001:db8::2", .dest = "2001:db8::1" },
	  SKB_DROP_REASON_IPV6_NDISC_BAD_ADDRESS },
	{ "a redirect without a destination",
	  { .src = HOST_LL, .type = 137, .target = HOST_LL },
	  SKB_DROP_REASON_PKT_TOO_SMALL },
};

static void each_refused_message_has_its_reason_and_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct world *w = world_create();
		u32 entries = w->net->ipv6->nd_tbl->entries_count;
		u64 drops = world_all_drops(w);

		print_message("%s\n", refused[i].says);
		world_send(w, 0, &refused[i].in);
		assert_int_equal(world_drops(w, refused[i].reason), 1);
		assert_int_equal(world_all_drops(w), drops + 1);
		assert_int_equal(w->net->ipv6->nd_tbl->entries_count, entries);
		assert_int_equal(w->out_count, 0);
		world_destroy(w);
	}
}

/* ------------------------------------------------------------------ questions to us */

static void who_asks_is_learned_and_answered(void **state)
{
	static const struct {
		const char *says, *src, *dst, *target;
		const char *option;
		u8 flags, state;
		bool tlla;
	} rows[] = {
		{ "to all", HOST, OURS_GROUP, OURS, SLLA("\x01"), SOL | OVR, NUD_DELAY, true },
		{ "to us", HOST, OURS, OURS, SLLA("\x01"), SOL, NUD_DELAY, false },
		{ "our link-local address", HOST_LL, OURS_GROUP, OURS_LL, SLLA("\x01"), SOL | OVR, NUD_DELAY, true },
		{ "from beyond every prefix", "2001:db8::1", OURS_GROUP, OURS, SLLA("\x01"), SOL | OVR, NUD_DELAY,
		  true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		struct spec s = ns(rows[i].src, rows[i].target);
		const struct frame *f;

		print_message("%s\n", rows[i].says);
		s.dst = rows[i].dst;
		s.body = rows[i].option;
		s.body_bytes = 8;
		world_send(w, 0, &s);
		f = world_one(w, NA_TYPE);
		assert_true(frame_between(f, rows[i].target, rows[i].src));
		assert_memory_equal(f->dst, MAC_HOST[0], ETH_ALEN);
		assert_int_equal(frame_ip(f)->hop_limit, 255);
		assert_int_equal(be32_to_cpu(frame_ip(f)->ver_tc_flow), 0x60000000);
		assert_int_equal(frame_icmp(f)->un.bytes[0], rows[i].flags);
		assert_int_equal(f->len_bytes, 40 + 24 + (rows[i].tlla ? 8 : 0));
		if (rows[i].tlla)
			assert_memory_equal(f->packet + 64, "\x02\x01\x02\x00\x00\x00\x00\x02", 8);
		world_neigh_is(w, rows[i].src, 1, rows[i].state);
		world_destroy(w);
	}
}

static void a_question_that_says_nothing_of_who_asks(void **state)
{
	struct world *w = world_create();
	struct spec s = ns(HOST, OURS);

	(void)state;
	world_send(w, 0, &s); /* to all: nobody is learned, so nobody is answered */
	assert_int_equal(w->out_count, 0);
	assert_null(world_neigh(w, HOST));
	s.dst = OURS; /* to us: he must be asked first */
	world_send(w, 0, &s);
	assert_int_equal(frame_nd(world_one(w, NS_TYPE))->target.s6_addr[15], 1);
	world_neigh_is(w, HOST, 0, NUD_INCOMPLETE);
	world_forget(w);
	s = na(HOST, SOL | OVR, TLLA("\x01"), 8);
	world_send(w, 0, &s);
	assert_int_equal(frame_icmp(world_one(w, NA_TYPE))->un.bytes[0], SOL);
	world_destroy(w);
}

static void what_sysctls_change_in_an_answer(void **state)
{
	static const struct {
		const char *key, *value, *dst;
		u8 flags, tclass;
		bool tlla;
	} rows[] = {
		{ "net.ipv6.conf.eth0.force_tllao", "1", OURS, SOL, 0, true },
		{ "net.ipv6.conf.eth0.ndisc_tclass", "192", OURS_GROUP, SOL | OVR, 192, true },
		{ "net.ipv6.conf.eth0.forwarding", "1", OURS_GROUP, ND_NA_ROUTER | SOL | OVR, 0, true },
		{ "net.ipv6.conf.eth0.force_forwarding", "1", OURS_GROUP, SOL | OVR, 0, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		struct spec s = ns(HOST, OURS);
		const struct frame *f;

		print_message("%s\n", rows[i].key);
		world_sysctl(w, rows[i].key, rows[i].value);
		world_tick(w, 2 * NSEC_PER_SEC);
		world_forget(w);
		s.dst = rows[i].dst;
		s.body = SLLA("\x01");
		s.body_bytes = 8;
		world_send(w, 0, &s);
		f = world_find(w, NA_TYPE);
		assert_non_null(f);
		assert_int_equal(frame_icmp(f)->un.bytes[0], rows[i].flags);
		assert_int_equal(ipv6_tclass(frame_ip(f)), rows[i].tclass);
		assert_int_equal(f->len_bytes, 40 + 24 + (rows[i].tlla ? 8 : 0));
		world_destroy(w);
	}
}

static void fragments_are_refused_unless_told_otherwise(void **state)
{
	(void)state;
	for (int suppress = 0; suppress < 2; suppress++) {
		struct world *w = world_create();
		struct spec s = ns(HOST, OURS);

		world_sysctl(w, "net.ipv6.conf.eth0.suppress_frag_ndisc", suppress ? "1" : "0");
		s.body = SLLA("\x01");
		s.body_bytes = 8;
		s.nexthdr = NEXTHDR_FRAGMENT; /* the only one: offset 0, no more */
		world_send(w, 0, &s);
		assert_int_equal(world_drops(w, SKB_DROP_REASON_IPV6_NDISC_FRAG), suppress);
		assert_int_equal(world_count(w, NA_TYPE), !suppress);
		assert_int_equal(w->log_count, suppress);
		world_destroy(w);
	}
}

/* ------------------------------------------------------------------ duplicates */

static u32 address_flags(struct world *w, const char *text)
{
	struct in6_addr a = in6(text);
	const struct inet6_ifaddr *ifp = ipv6_get_ifaddr(w->net, &a, w->netdev[0]);

	assert_non_null(ifp);
	return ifp->flags;
}

static void an_address_that_is_being_tried(void **state)
{
	static const struct {
		const char *says;
		struct spec in;
		bool fails;
	} rows[] = {
		{ "nobody says anything", { .type = ICMPV6_ECHO_REPLY }, false },
		{ "somebody else tries it",
		  { .src = "::", .dst = "ff02::1:ff00:77", .type = NS_TYPE, .target = "fd77::77" },
		  true },
		{ "somebody else tries it, with a nonce",
		  { .src = "::", .dst = "ff02::1:ff00:77", .type = NS_TYPE, .target = "fd77::77", X("\x0e\x01nonce!") },
		  true },
		{ "somebody asks who has it",
		  { .dst = "ff02::1:ff00:77", .type = NS_TYPE, .target = "fd77::77", X(SLLA("\x01")) },
		  false },
		{ "somebody has it",
		  { .src = "fd77::77",
		    .dst = ALL_NODES,
		    .type = NA_TYPE,
		    .rest = { OVR },
		    .target = "fd77::77",
		    X(TLLA("\x01")) },
		  true },
		{ "somebody has another",
		  { .src = "fd77::78",
		    .dst = ALL_NODES,
		    .type = NA_TYPE,
		    .rest = { OVR },
		    .target = "fd77::78",
		    X(TLLA("\x01")) },
		  false },
		{ "a malformed question from nobody",
		  { .src = "::", .dst = "ff02::1:ff00:77", .type = NS_TYPE, .target = "fd77::77", X("\x0e\x00nonce!") },
		  false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();

		print_message("%s\n", rows[i].says);
		world_sysctl(w, "net.ipv6.conf.eth0.dad_transmits", "1");
		world_address(w, "fd77::77", 0);
		world_tick(w, 1);
		assert_true(address_flags(w, "fd77::77") & IFA_F_TENTATIVE);
		world_send(w, 0, &rows[i].in);
		assert_int_equal(world_count(w, NA_TYPE), 0);
		world_tick(w, 3 * NSEC_PER_SEC);
		assert_int_equal(!!(address_flags(w, "fd77::77") & IFA_F_DADFAILED), rows[i].fails);
		assert_int_equal(!!(address_flags(w, "fd77::77") & IFA_F_TENTATIVE), rows[i].fails);
		world_destroy(w);
	}
}

/* RFC 7527: the link gives back what we sent. */
static void our_own_question_come_back_is_no_duplicate(void **state)
{
	struct world *w = world_create();
	const struct frame *f = NULL;
	u8 packet[128];

	(void)state;
	world_sysctl(w, "net.ipv6.conf.eth0.dad_transmits", "1");
	world_address(w, "fd77::77", 0);
	for (int i = 0; !f && i < 2000; i++) {
		world_tick(w, NSEC_PER_MSEC);
		f = world_find(w, NS_TYPE);
	}
	assert_non_null(f);
	assert_true(frame_valid(f));
	assert_int_equal(f->len_bytes, 40 + 24 + 8);
	assert_true(ipv6_addr_any(&frame_ip(f)->saddr));
	assert_int_equal(f->packet[64], ND_OPT_NONCE);
	memcpy(packet, f->packet, f->len_bytes);
	world_send_raw(w, 0, (const u8 *)"\x33\x33\xff\x00\x00\x77", packet, f->len_bytes);
	world_tick(w, 3 * NSEC_PER_SEC);
	assert_int_equal(address_flags(w, "fd77::77") & (IFA_F_TENTATIVE | IFA_F_DADFAILED), 0);
	world_destroy(w);
}

static void who_tries_an_address_of_ours_is_told(void **state)
{
	struct world *w = world_create();
	const struct spec s = ns("::", OURS);
	const struct frame *f;

	(void)state;
	world_send(w, 0, &s);
	f = world_one(w, NA_TYPE);
	assert_true(frame_between(f, OURS, ALL_NODES));
	assert_int_equal(frame_icmp(f)->un.bytes[0], OVR);
	assert_int_equal(f->len_bytes, 72);
	world_destroy(w);
}

static void who_says_that_he_has_an_address_of_ours_is_logged_and_no_more(void **state)
{
	struct world *w = world_create();
	struct spec s = na(OURS, OVR, TLLA("\x01"), 8);

	(void)state;
	s.dst = ALL_NODES;
	for (int i = 0; i < 20; i++)
		world_send(w, 0, &s);
	assert_int_equal(address_flags(w, OURS) & (IFA_F_TENTATIVE | IFA_F_DADFAILED), 0);
	assert_null(world_neigh(w, OURS));
	assert_string_equal(w->log[0], "NA: 02:00:00:00:aa:01 advertised our address fd77::2 on eth0!");
	world_destroy(w);
}

/* ------------------------------------------------------------------ proxies, anycast */

static void proxy(struct world *w, const char *text, u8 flags)
{
	const struct pneigh_config config = { .flags = flags | NTF_PROXY };
	struct in6_addr a = in6(text);

	assert_int_equal(pneigh_create(w->net->ipv6->nd_tbl, &a, w->netdev[0], &config), 0);
}

static struct world *world_of_proxy(u8 flags)
{
	struct world *w = world_create();

	world_sysctl(w, "net.ipv6.conf.all.forwarding", "1");
	world_sysctl(w, "net.ipv6.conf.eth0.proxy_ndp", "1");
	proxy(w, "fd77::50", flags);
	world_tick(w, 4 * NSEC_PER_SEC);
	world_forget(w);
	return w;
}

static struct spec ask_proxy(bool all)
{
	struct spec s = ns(HOST, "fd77::50");

	s.dst = all ? "ff02::1:ff00:50" : "fd77::50";
	s.body = SLLA("\x01");
	s.body_bytes = 8;
	return s;
}

static void a_proxy_answers_after_a_while_and_does_not_insist(void **state)
{
	struct world *w = world_of_proxy(0);
	struct spec s = ask_proxy(true);
	const struct frame *f;
	u64 asked = w->now;

	(void)state;
	world_send(w, 0, &s);
	assert_int_equal(w->out_count, 0);
	world_tick(w, 800 * NSEC_PER_MSEC);
	f = world_find(w, NA_TYPE);
	assert_non_null(f);
	assert_true(f->at > asked);
	assert_int_equal(frame_icmp(f)->un.bytes[0], SOL);
	assert_int_equal(frame_nd(f)->target.s6_addr[15], 0x50);
	assert_true(frame_between(f, OURS, HOST));
	assert_memory_equal(f->packet + 64, "\x02\x01\x02\x00\x00\x00\x00\x02", 8);
	world_neigh_is(w, HOST, 1, NUD_DELAY);
	world_destroy(w);
}

static void a_proxy_answers_at_once_if_told_so_or_asked_alone(void **state)
{
	struct world *w = world_of_proxy(NTF_ROUTER);
	struct spec s = ask_proxy(false);

	(void)state;
	world_sysctl(w, "net.ipv6.conf.all.proxy_ndp", "1");
	world_send(w, 0, &s);
	assert_int_equal(frame_icmp(world_one(w, NA_TYPE))->un.bytes[0], ND_NA_ROUTER | SOL);
	world_forget(w);
	world_sysctl(w, "net.ipv6.neigh.eth0.proxy_delay", "0");
	s = ask_proxy(true);
	world_send(w, 0, &s);
	assert_non_null(world_find(w, NA_TYPE));
	world_destroy(w);
}

static void a_proxy_needs_a_router_that_is_told_so(void **state)
{
	static const char *const off[] = { "net.ipv6.conf.all.forwarding", "net.ipv6.conf.eth0.proxy_ndp" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(off); i++) {
		struct world *w = world_of_proxy(0);
		struct spec s = ask_proxy(true);

		world_sysctl(w, off[i], "0");
		world_tick(w, 3 * NSEC_PER_SEC);
		world_send(w, 0, &s);
		world_tick(w, NSEC_PER_SEC);
		assert_int_equal(world_count(w, NA_TYPE), 0);
		assert_int_equal(world_drops(w, SKB_DROP_REASON_IPV6_NDISC_NS_OTHERHOST), 1);
		world_destroy(w);
	}
}

static void too_many_questions_to_a_proxy_do_not_wait(void **state)
{
	struct world *w = world_of_proxy(0);
	struct spec s = ask_proxy(true);

	(void)state;
	world_sysctl(w, "net.ipv6.neigh.eth0.proxy_qlen", "3");
	for (int i = 0; i < 10; i++)
		world_send(w, 0, &s);
	assert_int_equal(world_drops(w, SKB_DROP_REASON_NEIGH_PROXY_QUEUEFULL), 6);
	world_tick(w, NSEC_PER_SEC);
	assert_int_equal(world_count(w, NA_TYPE), 4);
	world_destroy(w);
}

static void a_proxy_needs_a_device(void **state)
{
	const struct pneigh_config config = { .flags = NTF_PROXY };
	struct world *w = world_create();
	struct in6_addr a = in6("fd77::50");

	(void)state;
	assert_int_equal(pneigh_create(w->net->ipv6->nd_tbl, &a, NULL, &config), -ENOBUFS);
	world_destroy(w);
}

/* ------------------------------------------------------------------ unasked */

static void our_addresses_are_told_when_they_move(void **state)
{
	static const struct {
		const char *key;
		bool told;
	} rows[] = { { NULL, false },
		     { "net.ipv6.conf.eth0.ndisc_notify", true },
		     { "net.ipv6.conf.all.ndisc_notify", true } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		const struct frame *f;

		if (rows[i].key)
			world_sysctl(w, rows[i].key, "1");
		(void)world_neigh_make(w, HOST, 1, NUD_PERMANENT);
		assert_int_equal(dev_set_mac_address(w->netdev[0], (const u8 *)"\x02\0\0\0\0\x77"), 0);
		world_poll(w);
		assert_null(world_neigh(w, HOST));
		f = world_find(w, NA_TYPE);
		assert_int_equal(f != NULL, rows[i].told);
		if (f) {
			assert_int_equal(frame_icmp(f)->un.bytes[0], OVR);
			assert_memory_equal(f->packet + 66, "\x02\0\0\0\0\x77", 6);
		}
		world_destroy(w);
	}
}

static void a_driver_may_ask_for_it(void **state)
{
	struct world *w = world_create();

	(void)state;
	netdev_notify_peers(w->netdev[0]);
	world_poll(w);
	assert_int_equal(world_count(w, NA_TYPE), 2);
	world_destroy(w);
}

/* ------------------------------------------------------------------ questions of ours */

static void nobody_answers(void **state)
{
	struct world *w = world_create();
	u64 began = w->now;

	(void)state;
	(void)world_neigh_make(w, "fd77::9", 0, NUD_INCOMPLETE);
	world_tick(w, 2900 * NSEC_PER_MSEC);
	assert_int_equal(world_count(w, NS_TYPE), 3);
	for (u32 i = 0; i < 3; i++) {
		assert_true(frame_between(&w->out[i], OURS_LL, "ff02::1:ff00:9"));
		assert_memory_equal(w->out[i].dst, "\x33\x33\xff\x00\x00\x09", 6);
		assert_memory_equal(w->out[i].packet + 64, "\x01\x01\x02\x00\x00\x00\x00\x02", 8);
		assert_int_equal((w->out[i].at - began) / NSEC_PER_MSEC, i * 1000);
	}
	world_tick(w, 200 * NSEC_PER_MSEC);
	world_neigh_is(w, "fd77::9", 0, NUD_FAILED);
	world_destroy(w);
}

static void who_is_known_is_asked_alone(void **state)
{
	struct world *w = world_create();

	(void)state;
	(void)world_neigh_make(w, "fd77::9", 1, NUD_PROBE);
	world_tick(w, 2900 * NSEC_PER_MSEC);
	assert_int_equal(world_count(w, NS_TYPE), 3);
	assert_true(frame_between(&w->out[0], OURS_LL, "fd77::9"));
	assert_memory_equal(w->out[0].dst, MAC_HOST[0], 6);
	world_destroy(w);
}

/* ------------------------------------------------------------------ harm */

static u8 random_octet(u32 *random)
{
	*random = *random * 1103515245 + 12345;
	return (u8)(*random >> 16);
}

static void random_messages_do_no_harm(void **state)
{
	struct world *w = world_create();
	u32 random = 4711;
	u8 body[128];

	(void)state;
	world_sysctl(w, "net.ipv6.conf.all.forwarding", "1");
	world_sysctl(w, "net.ipv6.conf.eth0.accept_ra", "2");
	for (int i = 0; i < 4000; i++) {
		struct spec s = { .src = i % 3 ? HOST_LL : HOST,
				  .dst = i % 5 ? OURS_GROUP : OURS,
				  .type = (u8)(133 + random_octet(&random) % 5),
				  .target = i % 7 ? OURS : HOST,
				  .body = body };

		s.dest = s.type == NDISC_REDIRECT ? "fd99::1" : NULL;
		s.body_bytes = random_octet(&random) % sizeof(body);
		for (u32 j = 0; j < sizeof(body); j++)
			body[j] = random_octet(&random);
		for (u32 j = 0; j + 1 < sizeof(body); j += 8) {
			body[j] &= 0x1f;
			body[j + 1] = (random_octet(&random) & 3);
		}
		world_send(w, 0, &s);
		world_forget(w);
	}
	world_tick(w, 10 * NSEC_PER_SEC);
	world_destroy(w);
}

static void any_allocation_may_fail(void **state)
{
	(void)state;
	for (u32 on = 0; on < 2; on++) {
		for (u32 fail_at = 1; fail_at < 40; fail_at++) {
			struct world *w = world_create();
			struct spec s = ns(HOST, OURS);

			s.body = SLLA("\x01");
			s.body_bytes = 8;
			w->fail_on = on;
			w->fail_at = fail_at;
			world_send(w, 0, &s);
			s = ask_proxy(true);
			world_send(w, 0, &s);
			s = na(HOST, SOL | OVR, TLLA("\x02"), 8);
			world_send(w, 0, &s);
			w->fail_at = 0;
			world_destroy(w);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_advertisement_does_to_an_entry),
		cmocka_unit_test(what_is_not_believed_confirms_nothing),
		cmocka_unit_test(the_profile_strict_believes_less_and_more),
		cmocka_unit_test(each_refused_message_has_its_reason_and_changes_nothing),
		cmocka_unit_test(who_asks_is_learned_and_answered),
		cmocka_unit_test(a_question_that_says_nothing_of_who_asks),
		cmocka_unit_test(what_sysctls_change_in_an_answer),
		cmocka_unit_test(fragments_are_refused_unless_told_otherwise),
		cmocka_unit_test(an_address_that_is_being_tried),
		cmocka_unit_test(our_own_question_come_back_is_no_duplicate),
		cmocka_unit_test(who_tries_an_address_of_ours_is_told),
		cmocka_unit_test(who_says_that_he_has_an_address_of_ours_is_logged_and_no_more),
		cmocka_unit_test(a_proxy_answers_after_a_while_and_does_not_insist),
		cmocka_unit_test(a_proxy_answers_at_once_if_told_so_or_asked_alone),
		cmocka_unit_test(a_proxy_needs_a_router_that_is_told_so),
		cmocka_unit_test(too_many_questions_to_a_proxy_do_not_wait),
		cmocka_unit_test(a_proxy_needs_a_device),
		cmocka_unit_test(our_addresses_are_told_when_they_move),
		cmocka_unit_test(a_driver_may_ask_for_it),
		cmocka_unit_test(nobody_answers),
		cmocka_unit_test(who_is_known_is_asked_alone),
		cmocka_unit_test(random_messages_do_no_harm),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
