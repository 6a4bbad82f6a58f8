// SPDX-License-Identifier: BSD-2-Clause
/* What ICMPv6 does to connections: paths that are narrower, peers that cannot be reached, and strangers who guess. */
#include <linux/icmpv6.h>

#include "tcp6_world.h"

#define NARROW_MTU 1400U

static struct world6 world; /* large */

/* Somebody on the way tells @host of its @packet, from the IPv6 header on. */
static void icmp6_about(struct world6 *w, u32 host, u8 type, u8 code, u32 info, const u8 *packet)
{
	const u32 quoted = 100, bytes = 8 + quoted;
	u8 frame[14 + 40 + 8 + 100] = { 2, 0, 0, 0, 0, (u8)(1 + host), 2, 0, 0, 0, 0, 9, 0x86, 0xdd, 0x60 };
	struct in6_addr router = addr6("2001:db8::99", 0).sin6_addr;
	__be32 info_be = cpu_to_be32(info);
	u8 *ip = frame + 14, *icmp = ip + 40;
	__be16 sum;

	ip[4] = 0;
	ip[5] = (u8)bytes;
	ip[6] = IPPROTO_ICMPV6;
	ip[7] = 64;
	memcpy(ip + 8, &router, 16);
	memcpy(ip + 24, packet + 8, 16); /* who sent it */
	icmp[0] = type;
	icmp[1] = code;
	memcpy(icmp + 4, &info_be, 4);
	memcpy(icmp + 8, packet, quoted);
	sum = csum_fold(
		csum_add(csum_ipv6_magic_sum((const void *)(ip + 8), (const void *)(ip + 24), bytes, IPPROTO_ICMPV6),
			 csum_partial(icmp, bytes, 0)));
	memcpy(icmp + 2, &sum, sizeof(sum));
	nethood_set_time(w->host[host].net, w->now_ns);
	assert_int_equal(nethood_dev_receive(w->host[host].dev, frame, sizeof(frame)), 0);
	settle(w);
}

static void connected(struct world6 *w, struct nethood_sock **l, struct nethood_sock **c, struct nethood_sock **s)
{
	world6_begin(w);
	*l = listen6(w, 1, "::", false);
	*c = socket6(w, 0, AF_INET6);
	assert_int_equal(connect6(*c, "2001:db8::2", PORT), -EINPROGRESS);
	run6(w, 100 * MS);
	*s = accept6(*l);
	assert_non_null(*s);
}

static void ended(struct world6 *w, struct nethood_sock *l, struct nethood_sock *c, struct nethood_sock *s)
{
	nethood_close(c);
	run6(w, SECOND);
	nethood_close(s);
	nethood_close(l);
	run6(w, 120 * SECOND);
	world6_end(w);
}

/* RFC 8201 */
static void a_narrow_path_makes_segments_smaller(void **state)
{
	struct nethood_sock *l, *c, *s;
	struct world6 *w = &world;
	u8 big[1300] = { 0 };

	(void)state;
	connected(w, &l, &c, &s);
	assert_int_equal(get_int(c, IPPROTO_TCP, 2 /* TCP_MAXSEG */), 1428);
	w->lose_longer_than = NARROW_MTU;
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(nethood_sendto(c, big, sizeof(big), 0, NULL, 0), sizeof(big));
	run6(w, 1 * MS);
	icmp6_about(w, 0, ICMPV6_PKT_TOOBIG, 0, NARROW_MTU, w->last[1]);
	assert_int_equal(get_int(c, IPPROTO_TCP, 2 /* TCP_MAXSEG */), NARROW_MTU - 40 - 20 - 12);
	assert_int_equal(get_int(c, IPPROTO_IPV6, IPV6_MTU), NARROW_MTU);
	run6(w, 100 * MS);
	assert_int_equal(nethood_recvfrom(s, big, 100, MSG_PEEK, NULL, NULL), 100);
	w->lose_longer_than = 0;
	ended(w, l, c, s);
}

/* RFC 8200 5: smaller than 1280 no path is. */
static void nobody_makes_them_smaller_than_any_path_is(void **state)
{
	struct nethood_sock *l, *c, *s;
	struct world6 *w = &world;

	(void)state;
	connected(w, &l, &c, &s);
	w->lose_tcp_to[1] = true;
	assert_int_equal(nethood_sendto(c, "x", 1, 0, NULL, 0), 1);
	run6(w, 1 * MS);
	icmp6_about(w, 0, ICMPV6_PKT_TOOBIG, 0, 600, w->last[1]);
	assert_in_range(get_int(c, IPPROTO_TCP, 2 /* TCP_MAXSEG */), 1280 - 40 - 20 - 12, 1428);
	w->lose_tcp_to[1] = false;
	run6(w, SECOND);
	ended(w, l, c, s);
}

/* RFC 5927 4.1: who cannot quote what is in flight knows nothing. */
static void a_stranger_who_guesses_is_counted_and_ignored(void **state)
{
	struct nethood_sock *l, *c, *s;
	struct world6 *w = &world;
	u8 packet[FRAME_BYTES];

	(void)state;
	connected(w, &l, &c, &s);
	stream6(w, c, s, 1000);
	memcpy(packet, w->last[1], sizeof(packet));
	packet[40 + 4] ^= 0x40; /* of the sequence number */
	icmp6_about(w, 0, ICMPV6_PKT_TOOBIG, 0, NARROW_MTU, packet);
	icmp6_about(w, 0, ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH, 0, packet);
	assert_int_equal(mib6(w, 0)->OutOfWindowIcmps, 2);
	assert_int_equal(get_int(c, IPPROTO_TCP, 2 /* TCP_MAXSEG */), 1428);
	stream6(w, c, s, 1000);
	ended(w, l, c, s);
}

/* RFC 4443 3.1 */
static void a_connection_that_does_not_stand_yet_believes_it(void **state)
{
	static const struct {
		u8 code;
		int err;
	} cases[] = {
		{ ICMPV6_NOROUTE, ENETUNREACH },        { ICMPV6_ADM_PROHIBITED, EACCES },
		{ ICMPV6_NOT_NEIGHBOUR, EHOSTUNREACH }, { ICMPV6_ADDR_UNREACH, EHOSTUNREACH },
		{ ICMPV6_PORT_UNREACH, ECONNREFUSED },  { ICMPV6_POLICY_FAIL, EACCES },
		{ ICMPV6_REJECT_ROUTE, EACCES },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world6 *w = &world;
		struct nethood_sock *c;

		world6_begin(w);
		w->lose_tcp_to[1] = true;
		c = socket6(w, 0, AF_INET6);
		assert_int_equal(connect6(c, "2001:db8::2", PORT), -EINPROGRESS);
		run6(w, 10 * MS);
		icmp6_about(w, 0, ICMPV6_DEST_UNREACH, cases[i].code, 0, w->syn[1]);
		assert_int_equal(get_int(c, SOL_SOCKET, SO_ERROR), cases[i].err);
		nethood_close(c);
		world6_end(w);
	}
}

static void one_that_stands_goes_on(void **state)
{
	struct nethood_sock *l, *c, *s;
	struct world6 *w = &world;

	(void)state;
	connected(w, &l, &c, &s);
	w->lose_tcp_to[1] = true;
	assert_int_equal(nethood_sendto(c, "hello", 5, 0, NULL, 0), 5);
	run6(w, 10 * MS);
	icmp6_about(w, 0, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0, w->last[1]);
	assert_int_equal(get_int(c, SOL_SOCKET, SO_ERROR), EHOSTUNREACH); /* who asks is told, and it goes on */
	assert_int_equal(get_int(c, SOL_SOCKET, SO_ERROR), 0);
	w->lose_tcp_to[1] = false;
	run6(w, 2 * SECOND);
	stream6(w, s, c, 5000);
	ended(w, l, c, s);
}

static void a_request_that_cannot_be_answered_goes(void **state)
{
	struct world6 *w = &world;
	struct nethood_sock *l, *c;

	(void)state;
	world6_begin(w);
	l = listen6(w, 1, "::", false);
	w->lose_tcp_to[0] = true;
	c = socket6(w, 0, AF_INET6);
	assert_int_equal(connect6(c, "2001:db8::2", PORT), -EINPROGRESS);
	run6(w, 10 * MS);
	assert_int_equal(tcp_sk((struct sock *)(void *)l)->listener->request_count, 1);
	/* an address that is unreachable now may be reachable later: only what is final ends a request */
	icmp6_about(w, 1, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0, w->syn[0]);
	assert_int_equal(tcp_sk((struct sock *)(void *)l)->listener->request_count, 1);
	icmp6_about(w, 1, ICMPV6_DEST_UNREACH, ICMPV6_ADM_PROHIBITED, 0, w->syn[0]);
	assert_int_equal(tcp_sk((struct sock *)(void *)l)->listener->request_count, 0);
	nethood_close(c);
	nethood_close(l);
	world6_end(w);
}

/* The quote may be cut short anywhere. */
static void a_quote_that_is_cut_short_hurts_nobody(void **state)
{
	struct nethood_sock *l, *c, *s;
	struct world6 *w = &world;

	(void)state;
	connected(w, &l, &c, &s);
	assert_int_equal(nethood_sendto(c, "x", 1, 0, NULL, 0), 1);
	for (u8 len = 0; len < 60; len++) {
		u8 packet[FRAME_BYTES];

		memcpy(packet, w->last[1], sizeof(packet));
		memset(packet + len, 0, sizeof(packet) - len);
		packet[8] = 0x20; /* so that it comes to us all the same */
		memcpy(packet + 8, w->last[1] + 8, 16);
		icmp6_about(w, 0, ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH, 0, packet);
	}
	stream6(w, s, c, 100);
	ended(w, l, c, s);
}

/* RFC 6437: a label that stays, unless the path seems dead */
static void packets_of_a_flow_have_one_label(void **state)
{
	struct nethood_sock *l, *c, *s;
	struct world6 *w = &world;
	u32 label, synack;

	(void)state;
	connected(w, &l, &c, &s);
	label = (u32)(w->syn[1][1] & 15) << 16 | (u32)w->syn[1][2] << 8 | w->syn[1][3];
	synack = (u32)(w->syn[0][1] & 15) << 16 | (u32)w->syn[0][2] << 8 | w->syn[0][3];
	assert_int_not_equal(label, 0);
	assert_int_not_equal(synack, 0);
	stream6(w, c, s, 3000);
	assert_memory_equal(w->last[1] + 2, w->syn[1] + 2, 2);
	assert_memory_equal(w->last[0] + 2, w->syn[0] + 2, 2);
	w->lose_tcp_to[1] = true;
	assert_int_equal(nethood_sendto(c, "hello", 5, 0, NULL, 0), 5);
	run6(w, 3 * SECOND);
	assert_memory_not_equal(w->last[1] + 2, w->syn[1] + 2, 2);
	assert_true(mib6(w, 0)->TcpTimeoutRehash > 0);
	w->lose_tcp_to[1] = false;
	run6(w, 10 * SECOND);
	ended(w, l, c, s);
}

/* As the kernel: a reset is of the class of what it answers, without ECN's bits, and has a label like any other packet. */
static void a_reset_has_the_class_of_what_it_answers(void **state)
{
	struct world6 *w = &world;
	struct nethood_sock *c;

	(void)state;
	world6_begin(w);
	c = socket6(w, 0, AF_INET6);
	assert_int_equal(set_int(c, IPPROTO_IPV6, IPV6_TCLASS, 0xb8), 0);
	assert_int_equal(connect6(c, "2001:db8::2", PORT), -EINPROGRESS);
	run6(w, 10 * MS);
	assert_int_equal(tcp_of(w->last[0]).flags, TCPHDR_RST | TCPHDR_ACK);
	assert_int_equal((w->last[0][0] & 15) << 4 | w->last[0][1] >> 4, 0xb8);
	assert_true((w->last[0][1] & 15) | w->last[0][2] | w->last[0][3]);
	nethood_close(c);
	world6_end(w);
}

static void the_class_is_what_the_program_said(void **state)
{
	struct nethood_sock *l, *c, *s;
	struct world6 *w = &world;

	(void)state;
	connected(w, &l, &c, &s);
	assert_int_equal(set_int(c, IPPROTO_IPV6, IPV6_TCLASS, 0xb8), 0);
	assert_int_equal(set_int(c, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 33), 0);
	stream6(w, c, s, 100);
	assert_int_equal((w->last[1][0] & 15) << 4 | w->last[1][1] >> 4, 0xb8);
	assert_int_equal(w->last[1][7], 33);
	/* RFC 5082: who is not on this link does not come through */
	assert_int_equal(set_int(s, IPPROTO_IPV6, 73 /* IPV6_MINHOPCOUNT */, 34), 0);
	assert_int_equal(nethood_sendto(c, "x", 1, 0, NULL, 0), 1);
	run6(w, 10 * MS);
	assert_true(mib6(w, 1)->TCPMinTTLDrop > 0);
	assert_int_equal(set_int(s, IPPROTO_IPV6, 73 /* IPV6_MINHOPCOUNT */, 0), 0);
	run6(w, SECOND);
	ended(w, l, c, s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_narrow_path_makes_segments_smaller),
		cmocka_unit_test(nobody_makes_them_smaller_than_any_path_is),
		cmocka_unit_test(a_stranger_who_guesses_is_counted_and_ignored),
		cmocka_unit_test(a_connection_that_does_not_stand_yet_believes_it),
		cmocka_unit_test(one_that_stands_goes_on),
		cmocka_unit_test(a_request_that_cannot_be_answered_goes),
		cmocka_unit_test(a_quote_that_is_cut_short_hurts_nobody),
		cmocka_unit_test(packets_of_a_flow_have_one_label),
		cmocka_unit_test(a_reset_has_the_class_of_what_it_answers),
		cmocka_unit_test(the_class_is_what_the_program_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
