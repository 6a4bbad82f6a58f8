// SPDX-License-Identifier: BSD-2-Clause
/* Packets of IPv6 with extension headers and in fragments: limits, random octets, and memory that is missing.
 *
 * What each header means was asked of the kernel, in tests/wire/test_ipv6_input6.py.
 */
#include "nd_world.h"

#include "ipv6/ipv6.h"
#include "ipv6/netns_ipv6.h"

#define WHOLE_BYTES 1208U

/* An echo request of @len_bytes from HOST to us. */
static u32 echo(u8 *icmp, u32 len_bytes)
{
	struct in6_addr src = in6(HOST), dst = in6(OURS);
	__be16 check;

	for (u32 i = 0; i < len_bytes; i++)
		icmp[i] = (u8)(i * 3);
	memset(icmp, 0, 8);
	icmp[0] = ICMPV6_ECHO_REQUEST;
	check = csum_fold(csum_partial(icmp, len_bytes, csum_ipv6_magic_sum(&src, &dst, len_bytes, IPPROTO_ICMPV6)));
	memcpy(icmp + 2, &check, sizeof(check));
	return len_bytes;
}

static void put_ipv6(u8 *packet, u8 nexthdr, u32 payload_bytes)
{
	struct ipv6hdr hdr = { .ver_tc_flow = CONST_BE32(0x60000000U),
			       .payload_len = cpu_to_be16((u16)payload_bytes),
			       .nexthdr = nexthdr,
			       .hop_limit = 64,
			       .saddr = in6(HOST),
			       .daddr = in6(OURS) };

	memcpy(packet, &hdr, sizeof(hdr));
}

/** struct span - a part of the payload in a fragment of its own */
struct span {
	u32 offset_bytes, len_bytes;
	bool more;
	u32 id;
};

static void send_span(struct world *w, const u8 *whole, struct span s)
{
	u8 packet[IPV6_HEADER_BYTES + 8 + 1500];
	struct frag_hdr fh = { .nexthdr = IPPROTO_ICMPV6,
			       .frag_off = cpu_to_be16((u16)(s.offset_bytes | s.more)),
			       .identification = cpu_to_be32(s.id) };

	put_ipv6(packet, NEXTHDR_FRAGMENT, 8 + s.len_bytes);
	memcpy(packet + IPV6_HEADER_BYTES, &fh, sizeof(fh));
	memcpy(packet + IPV6_HEADER_BYTES + 8, whole + s.offset_bytes, s.len_bytes);
	world_send_raw(w, 0, MAC_OURS[0], packet, IPV6_HEADER_BYTES + 8 + s.len_bytes);
}

static struct world *quiet_world(void)
{
	struct world *w = world_create();

	w->answers = true;
	world_sysctl(w, "net.ipv6.icmp.ratelimit", "0");
	world_tick(w, 3 * NSEC_PER_SEC);
	world_forget(w);
	return w;
}

static void usage(struct world *w, u32 queues_count)
{
	u32 count, bytes;

	ip6_frag_usage(w->net, &count, &bytes);
	assert_int_equal(count, queues_count);
	assert_int_equal(bytes != 0, queues_count != 0);
}

/* Cut into crumbs of eight octets, in an order that chance gives: the answer brings back what came. */
static void pieces_may_come_in_any_order(void **state)
{
	u8 whole[WHOLE_BYTES];
	u32 order[WHOLE_BYTES / 8], count = ARRAY_SIZE(order);

	(void)state;
	echo(whole, WHOLE_BYTES);
	for (u32 seed = 0; seed < 6; seed++) {
		struct world *w = quiet_world();
		const struct frame *f;

		for (u32 i = 0; i < count; i++)
			order[i] = i;
		for (u32 i = count - 1; i; i--) {
			u32 j = (i * 2654435761U + seed * 40503U) % (i + 1), k = order[i];

			order[i] = order[j];
			order[j] = k;
		}
		for (u32 i = 0; i < count; i++)
			send_span(w, whole, (struct span){ order[i] * 8, 8, order[i] != count - 1, 7 });
		f = world_one(w, ICMPV6_ECHO_REPLY);
		assert_memory_equal(f->packet + 48, whole + 8, WHOLE_BYTES - 8);
		usage(w, 0);
		world_destroy(w);
	}
}

/* Somebody sends first fragments of packets that never become whole: the limit holds, and honest ones get through. */
static void memory_is_bounded_and_the_newest_get_through(void **state)
{
	struct world *w = quiet_world();
	u8 whole[WHOLE_BYTES];
	u32 count, bytes;

	(void)state;
	echo(whole, WHOLE_BYTES);
	world_sysctl(w, "net.ipv6.ip6frag_low_thresh", "50000");
	world_sysctl(w, "net.ipv6.ip6frag_high_thresh", "100000");
	for (u32 i = 0; i < 500; i++) {
		send_span(w, whole, (struct span){ 0, 800, 1, 1000 + i });
		ip6_frag_usage(w->net, &count, &bytes);
		assert_true(bytes <= 100000);
	}
	send_span(w, whole, (struct span){ 0, 800, 1, 5 });
	send_span(w, whole, (struct span){ 800, WHOLE_BYTES - 800, 0, 5 });
	assert_non_null(world_find(w, ICMPV6_ECHO_REPLY));
	assert_true(world_drops(w, SKB_DROP_REASON_FRAG_MEM) > 300);
	world_tick(w, 61 * NSEC_PER_SEC);
	usage(w, 0);
	world_destroy(w);
}

/* Pieces that are none are answered, and nobody waits for the rest of them: else a queue for each would need no memory
 * limit, since nothing is ever added to it. */
static void pieces_that_are_none_keep_nothing(void **state)
{
	struct world *w = quiet_world();
	u8 whole[WHOLE_BYTES];

	(void)state;
	echo(whole, WHOLE_BYTES);
	world_sysctl(w, "net.ipv6.ip6frag_low_thresh", "50000");
	world_sysctl(w, "net.ipv6.ip6frag_high_thresh", "100000");
	for (u32 i = 0; i < 500; i++) {
		send_span(w, whole, (struct span){ 0, 801, 1, 1000 + i }); /* not in units of eight octets */
		usage(w, 0);
	}
	assert_non_null(world_find(w, ICMPV6_PARAMPROB));
	world_destroy(w);
}

static void a_lower_limit_holds_at_once(void **state)
{
	struct world *w = quiet_world();
	u8 whole[WHOLE_BYTES];
	u32 count, bytes;

	(void)state;
	echo(whole, WHOLE_BYTES);
	for (u32 i = 0; i < 100; i++)
		send_span(w, whole, (struct span){ 0, 800, 1, 1000 + i });
	usage(w, 100);
	world_sysctl(w, "net.ipv6.ip6frag_low_thresh", "10000");
	world_sysctl(w, "net.ipv6.ip6frag_high_thresh", "20000");
	ip6_frag_usage(w->net, &count, &bytes);
	assert_true(count && bytes <= 20000);
	world_destroy(w);
}

static void a_device_may_go_while_pieces_wait(void **state)
{
	struct world *w = quiet_world();
	u8 whole[WHOLE_BYTES];

	(void)state;
	echo(whole, WHOLE_BYTES);
	send_span(w, whole, (struct span){ 0, 800, 1, 5 });
	dev_close(w->netdev[0]);
	world_tick(w, 61 * NSEC_PER_SEC);
	usage(w, 0);
	send_span(w, whole, (struct span){ 0, 800, 1, 5 });
	world_destroy(w);
}

/* Chains of headers with octets that chance gives: whatever comes, it is answered or dropped by name. */
static void random_headers_do_no_harm(void **state)
{
	static const u8 kinds[] = { NEXTHDR_HOP, NEXTHDR_ROUTING, NEXTHDR_FRAGMENT, NEXTHDR_DEST, NEXTHDR_ICMP,
				    NEXTHDR_UDP, NEXTHDR_NONE,    NEXTHDR_AUTH,     253 };
	struct world *w = quiet_world();
	u32 seed = 1;

	(void)state;
	for (u32 round = 0; round < 20000; round++) {
		u8 packet[IPV6_HEADER_BYTES + 96];
		u32 bytes;

		for (u32 i = 0; i < sizeof(packet); i++) {
			seed = seed * 1664525U + 1013904223U;
			packet[i] = (u8)(seed >> 24) & ((seed >> 16) & 3 ? 0x0f : 0xff);
		}
		bytes = (seed >> 8) % 97;
		put_ipv6(packet, kinds[(seed >> 3) % ARRAY_SIZE(kinds)], round % 13 ? bytes : 0);
		for (u32 at = IPV6_HEADER_BYTES; at + 8 < sizeof(packet); at += 8) {
			if (packet[at] & 1)
				packet[at] = kinds[packet[at] % ARRAY_SIZE(kinds)];
			packet[at + 1] &= 1;
		}
		world_send_raw(w, 0, MAC_OURS[0], packet, IPV6_HEADER_BYTES + bytes);
		world_forget(w);
	}
	world_tick(w, 61 * NSEC_PER_SEC);
	usage(w, 0);
	world_destroy(w);
}

static void some_packets(struct world *w, u32 id)
{
	u8 whole[WHOLE_BYTES], packet[IPV6_HEADER_BYTES + 8 + 64];

	echo(whole, WHOLE_BYTES);
	send_span(w, whole, (struct span){ 0, 400, 1, id });
	send_span(w, whole, (struct span){ 800, WHOLE_BYTES - 800, 0, id });
	send_span(w, whole, (struct span){ 400, 400, 1, id });
	put_ipv6(packet, NEXTHDR_DEST, 8 + 64);
	memcpy(packet + IPV6_HEADER_BYTES, "\x3a\0\xbe\4\0\0\0\0", 8);
	echo(packet + IPV6_HEADER_BYTES + 8, 64);
	world_send_raw(w, 0, MAC_OURS[0], packet, sizeof(packet));
}

static void packets_get_through(struct world *w)
{
	some_packets(w, 1 + !w->fail_at);
	if (w->fail_at)
		return;
	world_tick(w, 3 * NSEC_PER_SEC); /* the question for our neighbour may be what was missing */
	assert_non_null(world_find(w, ICMPV6_ECHO_REPLY));
}

static void any_allocation_may_fail(void **state)
{
	(void)state;
	assert_true(world_starve(packets_get_through) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_may_come_in_any_order),
		cmocka_unit_test(memory_is_bounded_and_the_newest_get_through),
		cmocka_unit_test(pieces_that_are_none_keep_nothing),
		cmocka_unit_test(a_lower_limit_holds_at_once),
		cmocka_unit_test(a_device_may_go_while_pieces_wait),
		cmocka_unit_test(random_headers_do_no_harm),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
