// SPDX-License-Identifier: BSD-2-Clause
/* ICMPv6: answers, errors told and never told, errors heard, and how many of them. */
#include "nd_world.h"

#include <errno.h>
#include <netinet/in.h>

#include "base/csum.h"
#include "ipv6/protocol.h"

#define SILENT 0

/* ------------------------------------------------------------------ echo */

static const struct {
	const char *says;
	struct spec in;
	u8 answer, code;
	u32 errors; /* counted */
} messages[] = {
	{ "an echo request", { .type = 128, .rest = "abcd", .body = "whatever", .body_bytes = 8 }, 129, 0, 0 },
	{ "an echo request without data", { .type = 128 }, 129, 0, 0 },
	{ "an echo request of code 5: the answer has it too", { .type = 128, .code = 5 }, 129, 5, 0 },
	{ "an echo request to all nodes", { .type = 128, .dst = ALL_NODES }, 129, 0, 0 },
	{ "a wrong checksum", { .type = 128, .bad_csum = true }, SILENT, 0, 1 },
	{ "four octets", { .type = 128, .cut_bytes = 4 }, SILENT, 0, 1 },
	{ "an echo reply that nobody asked for", { .type = 129 }, SILENT, 0, 0 },
	{ "an unknown question", { .type = 200 }, SILENT, 0, 0 },
	{ "an unknown error without a packet", { .type = 100 }, SILENT, 0, 1 },
	{ "an error without a packet", { .type = ICMPV6_DEST_UNREACH }, SILENT, 0, 1 },
	{ "an error with half a header",
	  { .type = ICMPV6_DEST_UNREACH, .body = "60000000", .body_bytes = 8 },
	  SILENT,
	  0,
	  1 },
	{ "a node information query", { .type = 139 }, SILENT, 0, 0 },
};

static void each_message_is_answered_or_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		struct world *w = world_create();
		const struct icmpv6_mib before = *icmpv6_mib(w->net), *mib = icmpv6_mib(w->net);

		print_message("%s\n", messages[i].says);
		w->answers = true;
		world_send(w, 0, &messages[i].in);
		assert_int_equal(mib->in_msgs - before.in_msgs, messages[i].answer ? 2 : 1); /* and the NA */
		assert_int_equal(mib->in_errors - before.in_errors, messages[i].errors);
		if (messages[i].answer == SILENT) {
			assert_int_equal(w->out_count, 0);
		} else {
			assert_int_equal(frame_icmp(world_one(w, messages[i].answer))->icmp6_code, messages[i].code);
			assert_int_equal(icmp_count_of(&mib->out_type, 129), 1);
			assert_int_equal(icmp_count_of(&w->netdev[0]->ip6_ptr->icmp_mib->out_type, 129), 1);
		}
		world_destroy(w);
	}
}

static void an_echo_brings_back_what_it_brought(void **state)
{
	static const u32 sizes[] = { 0, 1, 2, 57, 1000, 1452 };
	u8 data[1452];

	(void)state;
	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 7);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct world *w = world_create();
		const struct spec in = { .type = 128,
					 .rest = { 0xbe, 0xef, 0, 9 },
					 .body = data,
					 .body_bytes = sizes[i],
					 .tclass = 0xb8,
					 .hlim = 3 };
		const struct frame *f;

		w->answers = true;
		world_send(w, 0, &in);
		f = world_one(w, ICMPV6_ECHO_REPLY);
		assert_int_equal(f->len_bytes, 48 + sizes[i]);
		assert_memory_equal(f->packet + 44, "\xbe\xef\x00\x09", 4);
		assert_memory_equal(f->packet + 48, data, sizes[i]);
		assert_int_equal(ipv6_tclass(frame_ip(f)), 0xb8);
		assert_int_equal(frame_ip(f)->hop_limit, 64);
		assert_true(frame_between(f, OURS, HOST));
		world_destroy(w);
	}
}

static void which_echoes_are_ignored(void **state)
{
	static const struct {
		const char *key, *dst, *answered_from;
	} rows[] = {
		{ "net.ipv6.icmp.echo_ignore_all", OURS, NULL },
		{ "net.ipv6.icmp.echo_ignore_all", ALL_NODES, NULL },
		{ "net.ipv6.icmp.echo_ignore_multicast", OURS, OURS },
		{ "net.ipv6.icmp.echo_ignore_multicast", ALL_NODES, NULL },
		{ "net.ipv6.icmp.echo_ignore_anycast", OURS, OURS },
		{ "net.ipv6.icmp.echo_ignore_anycast", "fd77::", NULL },
		{ "net.ipv6.anycast_src_echo_reply", "fd77::", "fd77::" },
		{ "net.ipv6.conf.all.forwarding", "fd77::", OURS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		const struct spec in = { .type = 128, .dst = rows[i].dst };

		print_message("%s, to %s\n", rows[i].key, rows[i].dst);
		world_sysctl(w, "net.ipv6.conf.all.forwarding", "1"); /* a router has anycast addresses */
		world_sysctl(w, rows[i].key, "1");
		w->answers = true;
		world_tick(w, 3 * NSEC_PER_SEC);
		world_forget(w);
		world_send(w, 0, &in);
		if (rows[i].answered_from)
			assert_true(frame_between(world_one(w, 129), rows[i].answered_from, HOST));
		else
			assert_int_equal(w->out_count, 0);
		world_destroy(w);
	}
}

/* ------------------------------------------------------------------ errors told */

/* A UDP datagram to a port where nobody is, or whatever @proto is. */
static u32 datagram(u8 *packet, const char *src, const char *dst, u8 proto, u32 payload_bytes)
{
	struct ipv6hdr *hdr = (struct ipv6hdr *)(void *)packet;
	u32 len = 8 + payload_bytes;
	u8 *udp = packet + sizeof(*hdr);

	memset(packet, 0, sizeof(*hdr) + len);
	*hdr = (struct ipv6hdr){ .ver_tc_flow = CONST_BE32(0x60000000),
				 .payload_len = cpu_to_be16((u16)len),
				 .nexthdr = proto,
				 .hop_limit = 64,
				 .saddr = in6(src),
				 .daddr = in6(dst) };
	put_unaligned_be16(CONST_BE16(1000), udp);
	put_unaligned_be16(CONST_BE16(9), udp + 2);
	put_unaligned_be16(cpu_to_be16((u16)len), udp + 4);
	put_unaligned_be16(csum_fold(csum_partial(udp, len, csum_ipv6_magic_sum(&hdr->saddr, &hdr->daddr, len, proto))),
			   udp + 6);
	return len + (u32)sizeof(*hdr);
}

/* An error about a packet that somebody hands to icmpv6_send(). */
static struct world *complain(const char *src, const char *dst, u8 proto, u32 payload_bytes, u8 pkt_type, u8 type,
			      u8 code)
{
	struct world *w = world_create();
	struct sk_buff *skb = alloc_skb(w->net->skb_pool, 4096);
	u32 len;

	assert_non_null(skb);
	w->answers = true;
	skb_reserve(skb, 64);
	len = datagram(skb->data, src, dst, proto, payload_bytes);
	if (proto == IPPROTO_ICMPV6)
		skb->data[40] = (u8)payload_bytes; /* its type */
	skb_put(skb, len);
	skb_reset_network_header(skb);
	skb->dev = w->netdev[0];
	skb->pkt_type = pkt_type == PACKET_HOST ? PACKET_HOST
						: (pkt_type == PACKET_MULTICAST ? PACKET_MULTICAST : PACKET_BROADCAST);
	skb->protocol = CONST_BE16(ETH_P_IPV6);
	icmpv6_send(skb, type, code, 0x01020304);
	consume_skb(skb);
	world_poll(w);
	return w;
}

static void errors_are_told_to_those_who_can_be_told(void **state)
{
	static const struct {
		const char *says, *src, *dst;
		u8 proto, pkt_type, type, code;
		u32 payload; /* of ICMPv6: its type */
		bool told;
	} rows[] = {
		{ "about UDP to us", HOST, OURS, 17, PACKET_HOST, 1, 4, 8, true },
		{ "about UDP through us", HOST, "fd99::1", 17, PACKET_HOST, 1, 0, 8, true },
		{ "to nobody", "::", OURS, 17, PACKET_HOST, 1, 4, 8, false },
		{ "to a group", "ff02::5", OURS, 17, PACKET_HOST, 1, 4, 8, false },
		{ "about a multicast", HOST, ALL_NODES, 17, PACKET_MULTICAST, 1, 4, 8, false },
		{ "about a link-layer broadcast", HOST, OURS, 17, PACKET_BROADCAST, 1, 4, 8, false },
		{ "about a multicast that is too big", HOST, ALL_NODES, 17, PACKET_MULTICAST, 2, 0, 8, true },
		{ "about an error", HOST, OURS, 58, PACKET_HOST, 1, 4, 1, false },
		{ "about an unknown error", HOST, OURS, 58, PACKET_HOST, 1, 4, 127, false },
		{ "about a redirect", HOST, OURS, 58, PACKET_HOST, 1, 0, 137, false },
		{ "about an echo request", HOST, OURS, 58, PACKET_HOST, 1, 4, 128, true },
		{ "about no next header", HOST, OURS, 59, PACKET_HOST, 4, 1, 8, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = complain(rows[i].src, rows[i].dst, rows[i].proto, rows[i].payload, rows[i].pkt_type,
					   rows[i].type, rows[i].code);

		print_message("%s\n", rows[i].says);
		if (rows[i].told) {
			const struct frame *f = world_one(w, rows[i].type);

			assert_int_equal(frame_icmp(f)->icmp6_code, rows[i].code);
			assert_int_equal(be32_to_cpu(frame_icmp(f)->un.data), 0x01020304);
			assert_true(frame_between(f, OURS, HOST));
			assert_int_equal(frame_ip(f)->hop_limit, 64);
			assert_int_equal(ipv6_tclass(frame_ip(f)), 0);
		} else {
			assert_int_equal(w->out_count, 0);
		}
		world_destroy(w);
	}
}

static void an_error_quotes_what_fits_into_the_least_mtu(void **state)
{
	static const struct {
		u32 payload_bytes, quoted_bytes;
	} rows[] = { { 0, 48 }, { 1000, 1048 }, { 1184, 1232 }, { 1185, 1232 }, { 3000, 1232 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = complain(HOST, OURS, 17, rows[i].payload_bytes, PACKET_HOST, 1, 4);

		assert_int_equal(world_one(w, 1)->len_bytes, 48 + rows[i].quoted_bytes);
		world_destroy(w);
	}
}

static void an_option_may_ask_for_an_error_about_a_multicast(void **state)
{
	static const struct {
		u8 option;
		bool told;
	} rows[] = { { 0x80, true }, { 0xc0, false }, { 0x40, false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		struct sk_buff *skb = alloc_skb(w->net->skb_pool, 256);

		w->answers = true;
		skb_reserve(skb, 64);
		skb_put(skb, datagram(skb->data, HOST, ALL_NODES, 60, 8));
		skb->data[42] = rows[i].option;
		skb_reset_network_header(skb);
		skb->dev = w->netdev[0];
		skb->pkt_type = PACKET_MULTICAST;
		icmpv6_param_prob(skb, ICMPV6_UNK_OPTION, 42, SKB_DROP_REASON_IPV6_BAD_EXTHDR);
		world_poll(w);
		assert_int_equal(world_count(w, ICMPV6_PARAMPROB), rows[i].told);
		assert_int_equal(world_drops(w, SKB_DROP_REASON_IPV6_BAD_EXTHDR), 1);
		world_destroy(w);
	}
}

/* ------------------------------------------------------------------ how many */

static u32 errors_of(struct world *w, const char *src, u32 count)
{
	u8 packet[128];
	u32 len = datagram(packet, src, OURS, 200, 8); /* a protocol that nobody speaks */

	world_forget(w);
	for (u32 i = 0; i < count; i++)
		world_send_raw(w, 0, MAC_OURS[0], packet, len);
	return world_count(w, ICMPV6_PARAMPROB);
}

static void errors_are_limited_by_host(void **state)
{
	struct world *w = world_create();

	(void)state;
	w->answers = true;
	assert_int_equal(errors_of(w, HOST, 50), 6);
	assert_int_equal(errors_of(w, "fd77::3", 50), 6); /* each has his own */
	assert_int_equal(icmpv6_mib(w->net)->out_ratelimit_host, 88);
	world_tick(w, 100 * NSEC_PER_MSEC);
	assert_int_equal(errors_of(w, HOST, 50), 1);
	world_tick(w, 60 * NSEC_PER_SEC);
	assert_int_equal(errors_of(w, HOST, 50), 6);
	world_sysctl(w, "net.ipv6.icmp.ratelimit", "0");
	assert_int_equal(errors_of(w, HOST, 50), 50);
	world_destroy(w);
}

static void errors_are_limited_in_all(void **state)
{
	struct world *w = world_create();
	u32 count;

	(void)state;
	w->answers = true;
	world_sysctl(w, "net.ipv6.icmp.ratelimit", "0");
	world_sysctl(w, "net.ipv4.icmp_msgs_burst", "20");
	world_sysctl(w, "net.ipv4.icmp_msgs_per_sec", "1000");
	count = errors_of(w, HOST, 200);
	assert_in_range(count, 10, 40); /* by chance */
	assert_int_equal(w->net->icmp_global.limited_count, 200 - count);
	world_sysctl(w, "net.ipv6.icmp.ratemask", "0-3,5-127");
	assert_int_equal(errors_of(w, HOST, 50), 50); /* that type is not limited */
	world_destroy(w);
}

static void the_mask_of_limited_types_is_a_set(void **state)
{
	static const struct {
		const char *set, *get;
		int err;
	} rows[] = {
		{ "1", "1", 0 },
		{ "0-255", "0-255", 0 },
		{ "255", "255", 0 },
		{ "256", "255", -EINVAL },
		{ "3,1", "1,3", 0 },
		{ "1-3,2-9,200", "1-9,200", 0 },
		{ "", "", 0 },
		{ "5-1", "", -EINVAL },
		{ "x", "", -EINVAL },
		{ "1-", "", -EINVAL },
		{ "0-1,3-127\n", "0-1,3-127", 0 },
		{ "1,,2", "1-2", 0 },
		{ "-1", "1-2", -EINVAL },
		{ "1-2-3", "1-2", -EINVAL },
	};
	struct world *w = world_create();
	char text[256];

	(void)state;
	assert_int_equal(nethood_sysctl_get(w->public_net, "net.ipv6.icmp.ratemask", text, sizeof(text)), 9);
	assert_string_equal(text, "0-1,3-127");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		print_message("'%s'\n", rows[i].set);
		assert_int_equal(nethood_sysctl_set(w->public_net, "net.ipv6.icmp.ratemask", rows[i].set), rows[i].err);
		assert_true(nethood_sysctl_get(w->public_net, "net.ipv6.icmp.ratemask", text, sizeof(text)) >= 0);
		assert_string_equal(text, rows[i].get);
	}
	world_destroy(w);
}

/* ------------------------------------------------------------------ errors heard */

static struct {
	u32 count, offset, info;
	u8 type, code, first;
} heard;

static int hear(struct sk_buff *skb, u8 type, u8 code, u32 offset, u32 info)
{
	heard.count++;
	heard.type = type;
	heard.code = code;
	heard.offset = offset;
	heard.info = info;
	heard.first = skb->data[offset];
	return code == 3 ? -ENOENT : 0;
}

static int swallow(struct sk_buff *skb)
{
	consume_skb(skb);
	return 0;
}

static const struct inet6_protocol listener = { .handler = swallow, .err_handler = hear, .flags = INET6_PROTO_FINAL };

static void errors_reach_those_whose_packet_it_was(void **state)
{
	static const struct {
		const char *says;
		u8 type, code, nexthdr;
		u32 quoted_bytes; /* behind its IPv6 header, from quote[] */
		u32 heard, offset, errors;
	} rows[] = {
		{ "unreachable", 1, 4, 201, 8, 1, 40, 0 },
		{ "too big", 2, 0, 201, 8, 1, 40, 0 },
		{ "an unknown error", 100, 0, 201, 8, 1, 40, 0 },
		{ "seven octets", 1, 4, 201, 7, 0, 0, 1 },
		{ "behind destination options", 1, 4, 60, 16, 1, 48, 0 },
		{ "behind a header that is cut short", 1, 4, 60, 12, 0, 0, 1 },
		{ "nobody has that socket", 1, 3, 201, 8, 1, 40, 1 },
		{ "nobody speaks that protocol", 1, 4, 202, 8, 0, 0, 0 },
	};
	static const u8 quote[16] = { 201, 0, 1, 4, 0, 0, 0, 0, 0x77, 0, 0, 0, 0, 0, 0, 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		u8 body[64] = { 0x60, 0, 0, 0, 0, 8, rows[i].nexthdr, 64 };
		struct spec in = { .type = rows[i].type,
				   .code = rows[i].code,
				   .rest = { 0, 0, 5, 0 },
				   .body = body,
				   .body_bytes = 40 + rows[i].quoted_bytes };
		u64 errors = icmpv6_mib(w->net)->in_errors;

		print_message("%s\n", rows[i].says);
		memset(&heard, 0, sizeof(heard));
		memcpy(body + 40, quote, sizeof(quote));
		assert_int_equal(inet6_add_protocol(w->net, &listener, 201), 0);
		world_send(w, 0, &in);
		assert_int_equal(heard.count, rows[i].heard);
		if (rows[i].heard) {
			assert_int_equal(heard.type, rows[i].type);
			assert_int_equal(heard.offset, rows[i].offset);
			assert_int_equal(heard.info, 0x500);
			assert_int_equal(heard.first, rows[i].nexthdr == 60 ? 0x77 : 201);
		}
		assert_int_equal(icmpv6_mib(w->net)->in_errors - errors, rows[i].errors);
		inet6_del_protocol(w->net, 201);
		world_destroy(w);
	}
}

static void what_errors_mean_to_a_socket(void **state)
{
	static const struct {
		u8 type, code;
		int err;
		bool fatal;
	} rows[] = {
		{ 1, 0, ENETUNREACH, false },  { 1, 1, EACCES, true },        { 1, 2, EHOSTUNREACH, false },
		{ 1, 3, EHOSTUNREACH, false }, { 1, 4, ECONNREFUSED, true },  { 1, 5, EACCES, true },
		{ 1, 6, EACCES, true },        { 1, 7, EPROTO, true },        { 2, 0, EMSGSIZE, false },
		{ 3, 0, EHOSTUNREACH, false }, { 3, 1, EHOSTUNREACH, false }, { 4, 0, EPROTO, true },
		{ 100, 0, EPROTO, false },
	};
	int err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(icmpv6_err_convert(rows[i].type, rows[i].code, &err), rows[i].fatal);
		assert_int_equal(err, rows[i].err);
	}
}

/* D15: somebody else says that our first hop does not reach it. */
static void a_host_error_makes_strict_ask_at_once(void **state)
{
	static const struct {
		bool strict;
		const char *from;
		u8 code, becomes;
	} rows[] = {
		{ true, "2001:db8::1", ICMPV6_ADDR_UNREACH, NUD_PROBE },
		{ true, HOST, ICMPV6_ADDR_UNREACH, NUD_REACHABLE }, /* who says it is there */
		{ true, "2001:db8::1", ICMPV6_PORT_UNREACH, NUD_REACHABLE },
		{ false, "2001:db8::1", ICMPV6_ADDR_UNREACH, NUD_REACHABLE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create_as(&(struct setup){ .strict = rows[i].strict });
		u8 body[48] = { 0x60, 0, 0, 0, 0, 8, 17, 64 };
		const struct spec in = {
			.src = rows[i].from, .type = 1, .code = rows[i].code, .body = body, .body_bytes = 48
		};
		struct in6_addr ours = in6(OURS), host = in6(HOST);

		memcpy(body + 8, &ours, sizeof(ours));
		memcpy(body + 24, &host, sizeof(host));
		(void)world_neigh_make(w, HOST, 1, NUD_REACHABLE);
		world_tick(w, 200 * NSEC_PER_MSEC);
		world_send(w, 0, &in);
		world_neigh_is(w, HOST, 1, rows[i].becomes);
		world_destroy(w);
	}
}

/* ------------------------------------------------------------------ harm */

static void random_messages_do_no_harm(void **state)
{
	struct world *w = world_create();
	u32 random = 815;
	u8 body[200];

	(void)state;
	w->answers = true;
	for (int i = 0; i < 4000; i++) {
		struct spec s = { .body = body };

		random = random * 1103515245 + 12345;
		s.type = (u8)(random >> 16);
		s.code = (random >> 24) & 7;
		s.body_bytes = (random >> 8) % sizeof(body);
		for (u32 j = 0; j < sizeof(body); j++) {
			random = random * 1103515245 + 12345;
			body[j] = (u8)(random >> 16);
		}
		world_send(w, 0, &s);
		world_forget(w);
	}
	world_tick(w, 10 * NSEC_PER_SEC);
	world_destroy(w);
}

static void any_allocation_may_fail(void **state)
{
	const struct spec in = { .type = 128, .body = "0123456789", .body_bytes = 10 };

	(void)state;
	for (u32 on = 0; on < 2; on++) {
		for (u32 fail_at = 1; fail_at < 30; fail_at++) {
			struct world *w = world_create();

			w->answers = true;
			w->fail_on = on;
			w->fail_at = fail_at;
			world_send(w, 0, &in);
			(void)errors_of(w, HOST, 2);
			w->fail_at = 0;
			world_destroy(w);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_is_answered_or_not),
		cmocka_unit_test(an_echo_brings_back_what_it_brought),
		cmocka_unit_test(which_echoes_are_ignored),
		cmocka_unit_test(errors_are_told_to_those_who_can_be_told),
		cmocka_unit_test(an_error_quotes_what_fits_into_the_least_mtu),
		cmocka_unit_test(an_option_may_ask_for_an_error_about_a_multicast),
		cmocka_unit_test(errors_are_limited_by_host),
		cmocka_unit_test(errors_are_limited_in_all),
		cmocka_unit_test(the_mask_of_limited_types_is_a_set),
		cmocka_unit_test(errors_reach_those_whose_packet_it_was),
		cmocka_unit_test(what_errors_mean_to_a_socket),
		cmocka_unit_test(a_host_error_makes_strict_ask_at_once),
		cmocka_unit_test(random_messages_do_no_harm),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
