// SPDX-License-Identifier: BSD-2-Clause
/* ICMP: answers, errors told and never told, errors heard, and how many of them. */
#include "ip_world.h"

#include <errno.h>
#include <netinet/in.h>

#include "ipv4/icmp.h"
#include "ipv4/protocol.h"

#define SILENT 254

/* ------------------------------------------------------------------ messages */

static const struct {
	const char *says;
	struct spec in;
	u8 answer, code;
	u32 errors; /* counted */
} messages[] = {
	{ "an echo request", { .payload_bytes = 64 }, ICMP_ECHOREPLY, 0, 0 },
	{ "an echo request without data", { .payload_bytes = 8 }, ICMP_ECHOREPLY, 0, 0 },
	{ "an echo request of code 5: the answer has it too",
	  { .icmp_type = ICMP_ECHO, .icmp_code = 5 },
	  ICMP_ECHOREPLY,
	  5,
	  0 },
	{ "a wrong checksum", { .icmp_bad_csum = true }, SILENT, 0, 1 },
	{ "four octets", { .payload = "\x08\x00\xf7\xff", .payload_bytes = 4 }, SILENT, 0, 1 },
	{ "nothing", { .payload = "", .payload_bytes = 0 }, SILENT, 0, 1 },
	{ "a time stamp request", { .icmp_type = ICMP_TIMESTAMP, .payload_bytes = 20 }, ICMP_TIMESTAMPREPLY, 0, 0 },
	{ "a time stamp request with only the sender's",
	  { .icmp_type = ICMP_TIMESTAMP, .payload_bytes = 12 },
	  ICMP_TIMESTAMPREPLY,
	  0,
	  0 },
	{ "a time stamp request without a stamp", { .icmp_type = ICMP_TIMESTAMP, .payload_bytes = 11 }, SILENT, 0, 1 },
	{ "an echo reply that nobody asked for",
	  { .icmp_type = ICMP_ECHOREPLY, .icmp_rest = CONST_BE32(1) },
	  SILENT,
	  0,
	  0 },
	{ "an information request", { .icmp_type = ICMP_INFO_REQUEST }, SILENT, 0, 0 },
	{ "an address mask request", { .icmp_type = ICMP_ADDRESS }, SILENT, 0, 0 },
	{ "a router solicitation", { .icmp_type = 10 }, SILENT, 0, 0 },
	{ "an extended echo request", { .icmp_type = ICMP_EXT_ECHO }, SILENT, 0, 0 },
	{ "type 44", { .icmp_type = 44 }, SILENT, 0, 1 },
	{ "type 255", { .icmp_type = 255 }, SILENT, 0, 1 },
	{ "an error without a header", { .icmp_type = ICMP_DEST_UNREACH, .payload_bytes = 27 }, SILENT, 0, 1 },
};

static void each_message_is_answered_or_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		struct world *w = world_create();
		const struct icmp_stats *stats = &w->net->ipv4->icmp->stats;

		print_message("%s\n", messages[i].says);
		world_send(w, 0, &messages[i].in);
		assert_int_equal(stats->in_msgs, 1);
		assert_int_equal(stats->in_errors, messages[i].errors);
		assert_int_equal(stats->out_msgs, messages[i].answer == SILENT ? 0 : 1);
		if (messages[i].answer == SILENT)
			assert_int_equal(w->out_count, 0);
		else
			assert_true(frame_is_icmp(world_one(w, 0), messages[i].answer, messages[i].code));
		world_destroy(w);
	}
}

static void an_echo_brings_back_what_it_brought(void **state)
{
	static const u32 sizes[] = { 8, 9, 64, 1000, 1480 };
	u8 whole[1480];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		const struct spec in = {
			.payload = whole, .payload_bytes = sizes[i], .tos = 0xb9, .ttl = 3, .frag = IP_DF
		};
		struct world *w = world_create();
		const struct frame *f;

		echo_request(whole, 0xbeef, sizes[i]);
		world_send(w, 0, &in);
		f = world_one(w, 0);
		assert_int_equal(f->len_bytes, 20 + sizes[i]);
		assert_memory_equal(f->packet + 24, whole + 4, sizes[i] - 4);
		assert_int_equal(frame_ip(f)->tos, 0xb9);
		assert_int_equal(frame_ip(f)->ttl, 64);
		assert_int_equal(frame_ip(f)->frag_off, 0);
		world_destroy(w);
	}
}

static void stamps_are_milliseconds_since_midnight(void **state)
{
	const struct spec in = { .icmp_type = ICMP_TIMESTAMP, .payload_bytes = 20 };
	struct world *w = world_create();
	const struct frame *f;
	u32 want;

	(void)state;
	world_tick(w, 12345 * NSEC_PER_MSEC);
	world_send(w, 0, &in);
	f = world_one(w, 0);
	want = (u32)((1700000000ULL * 1000 + 12345) % 86400000);
	assert_int_equal(f->len_bytes, 40);
	assert_memory_equal(f->packet + 28, "\x08\x09\x0a\x0b", 4); /* the sender's, as it came */
	assert_int_equal(be32_to_cpu(get_unaligned_be32(f->packet + 32)), want);
	assert_int_equal(be32_to_cpu(get_unaligned_be32(f->packet + 36)), want);
	world_destroy(w);
}

static u32 answers(const char *key, const char *value, const struct spec *in)
{
	struct world *w = world_create();
	u32 count;

	world_sysctl(w, key, value);
	world_send(w, 0, in);
	count = w->out_count;
	world_destroy(w);
	return count;
}

static void sysctls_silence_it(void **state)
{
	const struct spec echo = { .ttl = 9 }, all = { .dst = IP4(10, 77, 0, 255), .mac = MAC_BROADCAST };

	(void)state;
	assert_int_equal(answers("net.ipv4.icmp_echo_ignore_all", "0", &echo), 1);
	assert_int_equal(answers("net.ipv4.icmp_echo_ignore_all", "1", &echo), 0);
	assert_int_equal(answers("net.ipv4.icmp_echo_ignore_broadcasts", "1", &all), 0);
	assert_int_equal(answers("net.ipv4.icmp_echo_ignore_broadcasts", "0", &all), 1);
}

/* ------------------------------------------------------------------ errors told */

static const struct {
	u32 data_bytes, quoted_bytes;
} quotes[] = { { 0, 28 }, { 4, 32 }, { 520, 548 }, { 521, 548 }, { 1472, 548 } };

static void an_error_quotes_what_fits_into_576_octets(void **state)
{
	u8 packet[1500];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(quotes); i++) {
		const struct spec in = { .proto = IPPROTO_UDP, .payload_bytes = quotes[i].data_bytes, .tos = 0x1f };
		struct world *w = world_create();
		const struct frame *f;

		spec_build(&in, packet);
		world_send(w, 0, &in);
		f = world_one(w, 0);
		assert_true(frame_is_icmp(f, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH));
		assert_int_equal(f->len_bytes, 28 + quotes[i].quoted_bytes);
		assert_memory_equal(f->packet + 28, packet, quotes[i].quoted_bytes);
		assert_int_equal(frame_ip(f)->tos,
				 0xde); /* RFC 1812 4.3.2.5: the culprit's under precedence 6, without ECN */
		assert_int_equal(frame_ip(f)->frag_off, 0);
		world_destroy(w);
	}
}

/* RFC 1122 3.2.2: each of these would be told of if it were not for one thing. */
static const struct {
	const char *says;
	struct spec in;
	u32 told;
} untold[] = {
	{ "to an unknown protocol", { .proto = 253, .payload_bytes = 30 }, 1 },
	{ "but in a broadcast frame", { .proto = 253, .payload_bytes = 30, .mac = MAC_BROADCAST }, 0 },
	{ "but in a multicast frame", { .proto = 253, .payload_bytes = 30, .mac = MAC_MULTICAST }, 0 },
	{ "but to a broadcast address", { .proto = 253, .payload_bytes = 30, .dst = IP4(10, 77, 0, 255) }, 0 },
	{ "but to the group of all hosts", { .proto = 253, .payload_bytes = 30, .dst = IP4(224, 0, 0, 1) }, 0 },
	{ "a query with a lying option", { .options = "\x07\x00\x00\x00", .options_bytes = 4 }, 1 },
	{ "an error with a lying option",
	  { .options = "\x07\x00\x00\x00", .options_bytes = 4, .icmp_type = ICMP_DEST_UNREACH },
	  0 },
	{ "a redirect with a lying option",
	  { .options = "\x07\x00\x00\x00", .options_bytes = 4, .icmp_type = ICMP_REDIRECT },
	  0 },
	{ "an unknown type with a lying option",
	  { .options = "\x07\x00\x00\x00", .options_bytes = 4, .icmp_type = 99 },
	  0 },
	{ "a message without a type, with a lying option",
	  { .options = "\x07\x00\x00\x00", .options_bytes = 4, .payload = "" },
	  0 },
	{ "a later fragment with a lying option", { .options = "\x07\x00\x00\x00", .options_bytes = 4, .frag = 9 }, 0 },
	{ "a first fragment with a lying option",
	  { .options = "\x07\x00\x00\x00", .options_bytes = 4, .frag = IP_MF },
	  1 },
};

static void some_errors_are_never_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(untold); i++) {
		struct world *w = world_create();

		print_message("%s\n", untold[i].says);
		world_send(w, 0, &untold[i].in);
		assert_int_equal(w->out_count, untold[i].told);
		world_destroy(w);
	}
}

static void the_source_of_an_error_is_the_address_of_the_way_back_or_in(void **state)
{
	const struct spec in = { .src = HOST_A, .dst = HOST_B, .ttl = 1 };
	struct world *w = world_create();
	struct in_ifaddr second = { .ifa_local = IP4(10, 79, 0, 2),
				    .ifa_address = IP4(10, 79, 0, 2),
				    .ifa_prefixlen = 24 };
	const struct spec from_there = { .src = IP4(10, 79, 0, 9), .dst = HOST_B, .ttl = 1 };

	(void)state;
	world_no_limits(w);
	world_sysctl(w, "net.ipv4.ip_forward", "1");
	assert_int_equal(inet_insert_ifa(w->netdev[0], &second, 0, NULL), 0);
	world_send(w, 0, &in);
	assert_int_equal(frame_ip(world_one(w, 0))->saddr, ROUTER_A);
	world_forget(w);
	world_send(w, 0, &from_there);
	assert_int_equal(frame_ip(world_one(w, 0))->saddr, second.ifa_local);
	world_forget(w);
	/* a host of the left subnet that speaks on the right */
	world_tick(w, 2 * NSEC_PER_SEC);
	world_send(w, 1, &(struct spec){ .src = HOST_A, .dst = IP4(192, 0, 2, 1), .ttl = 9 });
	assert_int_equal(frame_ip(world_one(w, 0))->saddr, ROUTER_A);
	world_forget(w);
	world_sysctl(w, "net.ipv4.icmp_errors_use_inbound_ifaddr", "1");
	world_tick(w, 2 * NSEC_PER_SEC);
	world_send(w, 1, &(struct spec){ .src = HOST_A, .dst = IP4(192, 0, 2, 1), .ttl = 9 });
	assert_int_equal(frame_ip(world_one(w, 0))->saddr, ROUTER_B);
	world_destroy(w);
}

/* ------------------------------------------------------------------ limits */

static u32 errors_to(struct world *w, __be32 host, u32 times)
{
	const struct spec in = { .src = host, .proto = 253, .payload_bytes = 8 };
	u32 count = 0;

	for (u32 i = 0; i < times; i++) {
		world_send(w, 0, &in);
		count += w->out_count;
		world_forget(w);
	}
	return count;
}

static void a_host_gets_six_errors_then_one_a_second(void **state)
{
	static const struct {
		u64 pause_ms;
		u32 errors;
	} pauses[] = { { 0, 6 }, { 500, 0 }, { 600, 1 }, { 1000, 1 }, { 2100, 2 }, { 60000, 6 } };
	struct world *w = world_create();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
		world_tick(w, pauses[i].pause_ms * NSEC_PER_MSEC);
		assert_int_equal(errors_to(w, HOST_A, 50), pauses[i].errors);
	}
	assert_true(w->net->ipv4->icmp->stats.ratelimit_host > 200);
	assert_int_equal(errors_to(w, IP4(10, 77, 0, 9), 50), 6); /* another host has its own */
	world_destroy(w);
}

static u32 no_way_for(struct world *w, __be32 host, u32 times)
{
	u32 count = 0;

	for (u32 i = 0; i < times; i++) {
		world_send(w, 0,
			   &(struct spec){ .src = host, .dst = IP4(192, 0, 2, 1), .proto = 253, .payload_bytes = 8 });
		count += w->out_count;
		world_forget(w);
	}
	return count;
}

/* One bucket for both kinds of errors, each with its own price: so the kernel's figures. */
static void a_router_says_less_often_that_there_is_no_way(void **state)
{
	static const u64 pauses_ms[6] = { 0, 600, 600, 1000, 2100, 3100 };
	static const struct {
		const char *ratelimit;
		u32 errors[6], after_errors[2], before_errors[2];
	} limits[] = {
		{ "1000", { 2, 0, 0, 0, 1, 1 }, { 6, 0 }, { 2, 0 } },
		{ "100", { 4, 1, 0, 1, 2, 3 }, { 6, 0 }, { 4, 6 } },
		{ "0", { 5, 0, 1, 1, 2, 3 }, { 30, 0 }, { 5, 30 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct world *w = world_create();

		world_no_limits(w);
		world_sysctl(w, "net.ipv4.icmp_ratelimit", limits[i].ratelimit);
		world_sysctl(w, "net.ipv4.ip_forward", "1");
		for (size_t k = 0; k < ARRAY_SIZE(pauses_ms); k++) {
			world_tick(w, pauses_ms[k] * NSEC_PER_MSEC);
			assert_int_equal(no_way_for(w, HOST_A, 30), limits[i].errors[k]);
		}
		assert_int_equal(errors_to(w, IP4(10, 77, 0, 9), 30), limits[i].after_errors[0]);
		assert_int_equal(no_way_for(w, IP4(10, 77, 0, 9), 30), limits[i].after_errors[1]);
		assert_int_equal(no_way_for(w, IP4(10, 77, 0, 8), 30), limits[i].before_errors[0]);
		assert_int_equal(errors_to(w, IP4(10, 77, 0, 8), 30), limits[i].before_errors[1]);
		world_destroy(w);
	}
}

static void all_hosts_together_get_about_as_many_as_the_burst(void **state)
{
	u32 least = ~0U, most = 0, sum = 0;

	(void)state;
	for (u32 run = 0; run < 20; run++) {
		struct world *w = world_create();
		u32 count = 0;

		get_random_u32(&w->net->rng); /* another stream for each run */
		for (u32 i = 0; i < run; i++)
			get_random_u64(&w->net->rng);
		for (u32 i = 0; i < 240; i++)
			count += errors_to(w, cpu_to_be32(0x0a4d0003 + i), 1);
		least = min_u32(least, count);
		most = max_u32(most, count);
		sum += count;
		assert_int_equal(w->net->icmp_global.limited_count, 240 - count);
		world_tick(w, 30 * NSEC_PER_MSEC); /* earned: thirty */
		count = 0;
		for (u32 i = 0; i < 240; i++)
			count += errors_to(w, cpu_to_be32(0x0a4d0003 + i), 1);
		assert_true(count > 10 && count < 70);
		world_destroy(w);
	}
	assert_true(sum / 20 > 40 && sum / 20 < 60);
	assert_true(least < most); /* nobody can count on it (SAD DNS) */
}

static void what_the_mask_leaves_out_is_not_limited(void **state)
{
	struct world *w = world_create();
	u32 count = 0;

	(void)state;
	for (u32 i = 0; i < 200; i++) { /* answers to queries */
		world_send(w, 0, &(struct spec){ .ttl = 9 });
		count += w->out_count;
		world_forget(w);
	}
	assert_int_equal(count, 200);
	world_sysctl(w, "net.ipv4.icmp_ratemask", "1"); /* echo replies, and nothing else */
	assert_int_equal(errors_to(w, HOST_A, 100), 100);
	world_send(w, 0, &(struct spec){ .ttl = 9 });
	assert_true(w->out_count <= 1);
	world_sysctl(w, "net.ipv4.icmp_ratemask", "6168");
	world_sysctl(w, "net.ipv4.icmp_ratelimit", "0"); /* then only the global one */
	world_sysctl(w, "net.ipv4.icmp_msgs_burst", "10000");
	world_sysctl(w, "net.ipv4.icmp_msgs_per_sec", "10000");
	world_tick(w, NSEC_PER_SEC);
	errors_to(w, HOST_A, 200);
	world_tick(w, NSEC_PER_SEC);
	assert_int_equal(errors_to(w, HOST_A, 300), 300);
	world_destroy(w);
}

/* Path MTU discovery must not starve. */
static void fragmentation_needed_is_not_limited(void **state)
{
	struct world *w = world_create();
	u32 count = 0;

	(void)state;
	world_sysctl(w, "net.ipv4.ip_forward", "1");
	assert_int_equal(dev_set_mtu(w->netdev[1], 600), 0);
	for (u32 i = 0; i < 100; i++) {
		world_send(w, 0, &(struct spec){ .dst = HOST_B, .payload_bytes = 1000, .frag = IP_DF });
		count += w->out_count;
		world_forget(w);
	}
	assert_int_equal(count, 100);
	world_destroy(w);
}

/* ------------------------------------------------------------------ errors heard */

struct heard {
	u32 errors, raw_errors, info;
	u8 type, code;
	int ret;
};

static struct heard heard; /* handlers get an skb and no context */

static int refuse_packet(struct sk_buff *skb)
{
	consume_skb(skb);
	return 0;
}

static int hear(struct sk_buff *skb, u32 info)
{
	const struct icmphdr *icmph = (const struct icmphdr *)(const void *)skb_transport_header(skb);
	const struct iphdr *quoted = (const struct iphdr *)(const void *)skb->data;

	heard.errors++;
	heard.info = info;
	heard.type = icmph->type;
	heard.code = icmph->code;
	assert_int_equal(quoted->protocol, 253);
	assert_true(skb_headlen(skb) >= ip_hdrlen_bytes(quoted) + 8);
	return heard.ret;
}

static bool no_raw(struct sk_buff *skb, u8 protocol)
{
	(void)skb, (void)protocol;
	return false;
}

static void raw_hears(struct sk_buff *skb, u8 protocol, u32 info)
{
	(void)skb, (void)info;
	heard.raw_errors++;
	assert_true(protocol == 253 || protocol == 99);
}

static const struct net_protocol listener = { refuse_packet, hear, true };
static const struct raw_ops raw_listener = { no_raw, raw_hears };

/** quote() - an ICMP error about a packet of ours, @cut_bytes shorter; Return: its length */
static u32 quote(u8 *icmp, u8 type, u8 code, u32 rest, u8 proto, u32 ihl, __be32 dst, u32 cut_bytes)
{
	struct iphdr iph = { .version = 4,
			     .ihl = ihl & 0xf,
			     .ttl = 9,
			     .protocol = proto,
			     .saddr = ROUTER_A,
			     .daddr = dst,
			     .tot_len = CONST_BE16(100) };
	u32 len_bytes = 8 + 20 + 8 - cut_bytes;

	memset(icmp, 0, 8 + 20 + 40);
	icmp[0] = type;
	icmp[1] = code;
	put_unaligned_be32(cpu_to_be32(rest), icmp + 4);
	memcpy(icmp + 8, &iph, sizeof(iph));
	icmp_set_checksum(icmp, len_bytes);
	return len_bytes;
}

static const struct {
	const char *says;
	u8 type, code;
	u32 rest;
	u8 proto, ihl;
	__be32 dst;
	u32 cut_bytes;
	const char *key, *value; /* a sysctl */
	u32 errors, info;        /* that the protocol hears */
	int ret;
	u32 in_errors;
} told[] = {
	{ "port unreachable", 3, 3, 0, 253, 5, HOST_A, 0, NULL, NULL, 1, 0, 0, 0 },
	{ "that no socket sent", 3, 3, 0, 253, 5, HOST_A, 0, NULL, NULL, 1, 0, -ENOENT, 1 },
	{ "about a protocol that is not here", 3, 3, 0, 99, 5, HOST_A, 0, NULL, NULL, 0, 0, 0, 0 },
	{ "an unknown code", 3, 16, 0, 253, 5, HOST_A, 0, NULL, NULL, 0, 0, 0, 0 },
	{ "fragmentation needed", 3, 4, 1000, 253, 5, HOST_A, 0, NULL, NULL, 1, 1000, 0, 0 },
	{ "the same, when only that it is too large counts", 3, 4, 1000, 253, 5, HOST_A, 0, "net.ipv4.ip_no_pmtu_disc",
	  "1", 1, 0, 0, 0 },
	{ "the same, when nobody listens", 3, 4, 1000, 253, 5, HOST_A, 0, "net.ipv4.ip_no_pmtu_disc", "2", 0, 0, 0, 0 },
	{ "the same, when a protocol has to verify it", 3, 4, 1000, 253, 5, HOST_A, 0, "net.ipv4.ip_no_pmtu_disc", "3",
	  0, 0, 0, 0 },
	{ "time exceeded on the way", 11, 0, 0, 253, 5, HOST_A, 0, NULL, NULL, 1, 0, 0, 0 },
	{ "time exceeded in reassembly: nobody hears of it", 11, 1, 0, 253, 5, HOST_A, 0, NULL, NULL, 0, 0, 0, 0 },
	{ "a parameter problem points", 12, 0, 21U << 24, 253, 5, HOST_A, 0, NULL, NULL, 1, 21, 0, 0 },
	{ "a source quench", 4, 0, 0, 253, 5, HOST_A, 0, NULL, NULL, 1, 0, 0, 0 },
	{ "a redirect names a router", 5, 1, 0x0a4d0009, 253, 5, HOST_A, 0, NULL, NULL, 1, 0x0a4d0009, 0, 0 },
	{ "a quote without its ports", 3, 3, 0, 253, 5, HOST_A, 1, NULL, NULL, 0, 0, 0, 1 },
	{ "a quote without its header", 3, 3, 0, 253, 5, HOST_A, 9, NULL, NULL, 0, 0, 0, 1 },
	{ "a header of four words", 3, 3, 0, 253, 4, HOST_A, 0, NULL, NULL, 0, 0, 0, 1 },
	{ "a header that is longer than the quote", 3, 3, 0, 253, 15, HOST_A, 0, NULL, NULL, 0, 0, 0, 1 },
	{ "about a broadcast", 3, 3, 0, 253, 5, IP4(10, 77, 0, 255), 0, NULL, NULL, 1, 0, 0, 0 },
	{ "about a broadcast, when such are bogus", 3, 3, 0, 253, 5, IP4(10, 77, 0, 255), 0,
	  "net.ipv4.icmp_ignore_bogus_error_responses", "0", 0, 0, 0, 0 },
};

static void errors_reach_the_protocol_that_sent(void **state)
{
	u8 icmp[100];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		const struct spec in = { .payload = icmp,
					 .payload_bytes = quote(icmp, told[i].type, told[i].code, told[i].rest,
								told[i].proto, told[i].ihl, told[i].dst,
								told[i].cut_bytes) };
		struct world *w = world_create();

		print_message("%s\n", told[i].says);
		if (told[i].key)
			world_sysctl(w, told[i].key, told[i].value);
		assert_int_equal(inet_add_protocol(w->net, &listener, 253), 0);
		inet_set_raw_ops(w->net, &raw_listener);
		memset(&heard, 0, sizeof(heard));
		heard.ret = told[i].ret;
		world_send(w, 0, &in);
		assert_int_equal(heard.errors, told[i].errors);
		assert_int_equal(heard.raw_errors, told[i].errors || told[i].proto == 99 ? 1 : 0);
		assert_int_equal(heard.info, told[i].info);
		if (heard.errors)
			assert_true(heard.type == told[i].type && heard.code == told[i].code);
		assert_int_equal(w->net->ipv4->icmp->stats.in_errors, told[i].in_errors);
		assert_int_equal(w->out_count, 0);
		world_destroy(w);
	}
}

/** provoke() - a datagram of @sk leaves, and comes back in an error */
static void provoke(struct world *w, struct nethood_sock *sk, u8 type, u8 code, u32 rest)
{
	u8 icmp[8 + 28];

	assert_int_equal(nethood_sendto(sk, "hello", 5, 0, NULL, 0), 5);
	world_poll(w);
	memcpy(icmp + 8, world_one(w, 0)->packet, 28);
	world_forget(w);
	icmp[0] = type;
	icmp[1] = code;
	put_unaligned_be32(cpu_to_be32(rest), icmp + 4);
	icmp_set_checksum(icmp, sizeof(icmp));
	world_send(w, 0, &(struct spec){ .payload = icmp, .payload_bytes = sizeof(icmp) });
}

static struct nethood_sock *connected_socket(struct world *w)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_addr.s_addr = htonl(0x0a4d0001),
					.sin_port = htons(5000) };
	struct nethood_sock *sk;

	assert_int_equal(nethood_socket(w->public_net, AF_INET, SOCK_DGRAM, 0, &sk), 0);
	assert_int_equal(nethood_connect(sk, (const struct sockaddr *)&to, sizeof(to)), 0);
	return sk;
}

static void a_socket_hears_at_its_next_call(void **state)
{
	struct world *w = world_create();
	struct nethood_sock *sk = connected_socket(w);
	u8 data[8];

	(void)state;
	provoke(w, sk, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	assert_int_equal(nethood_sendto(sk, "again", 5, 0, NULL, 0), -ECONNREFUSED);
	provoke(w, sk, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	assert_int_equal(nethood_recvfrom(sk, data, sizeof(data), 0, NULL, NULL), -ECONNREFUSED);
	assert_int_equal(nethood_recvfrom(sk, data, sizeof(data), 0, NULL, NULL), -EAGAIN);
	provoke(w, sk, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0); /* not for good: nothing */
	assert_int_equal(nethood_sendto(sk, "again", 5, 0, NULL, 0), 5);
	nethood_close(sk);
	world_destroy(w);
}

/* RFC 1191 */
static void a_narrow_path_is_remembered_for_a_while(void **state)
{
	static const struct {
		u32 told_mtu, believed_mtu;
	} paths[] = { { 1000, 1000 }, { 552, 552 }, { 100, 552 }, { 0, 552 }, { 1500, 1500 }, { 9000, 1500 } };
	const int dont_fragment = IP_PMTUDISC_DO;
	u8 data[1472] = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct world *w = world_create();
		struct nethood_sock *sk = connected_socket(w);
		socklen_t len_bytes = sizeof(int);
		int value;

		assert_int_equal(nethood_setsockopt(sk, IPPROTO_IP, IP_MTU_DISCOVER, &dont_fragment, sizeof(int)), 0);
		provoke(w, sk, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, paths[i].told_mtu);
		assert_int_equal(nethood_getsockopt(sk, SOL_SOCKET, SO_ERROR, &value, &len_bytes), 0);
		assert_int_equal(value, EMSGSIZE);
		assert_int_equal(nethood_getsockopt(sk, IPPROTO_IP, IP_MTU, &value, &len_bytes), 0);
		assert_int_equal(value, paths[i].believed_mtu);
		if (paths[i].believed_mtu < 1500) {
			assert_int_equal(nethood_sendto(sk, data, paths[i].believed_mtu - 27, 0, NULL, 0), -EMSGSIZE);
			world_tick(w, 601 * NSEC_PER_SEC);
		}
		assert_int_equal(nethood_sendto(sk, data, sizeof(data), 0, NULL, 0), sizeof(data));
		nethood_close(sk);
		world_destroy(w);
	}
}

/* errno(3), by code of destination unreachable */
static void codes_mean_what_linux_says(void **state)
{
	static const struct icmp_err want[16] = {
		{ ENETUNREACH, false },  { EHOSTUNREACH, false }, { ENOPROTOOPT, true },  { ECONNREFUSED, true },
		{ EMSGSIZE, false },     { EOPNOTSUPP, false },   { ENETUNREACH, true },  { EHOSTDOWN, true },
		{ ENONET, true },        { ENETUNREACH, true },   { EHOSTUNREACH, true }, { ENETUNREACH, false },
		{ EHOSTUNREACH, false }, { EHOSTUNREACH, true },  { EHOSTUNREACH, true }, { EHOSTUNREACH, true },
	};

	(void)state;
	for (u32 i = 0; i < 16; i++) {
		assert_int_equal(icmp_err_convert[i].errno_value, want[i].errno_value);
		assert_int_equal(icmp_err_convert[i].fatal, want[i].fatal);
	}
}

/* ------------------------------------------------------------------ bad weather */

static u32 next_random(u64 *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(*seed >> 33);
}

static void random_messages_do_no_harm(void **state)
{
	struct world *w = world_create();
	u64 seed = 5;
	u8 icmp[100];

	(void)state;
	world_no_limits(w);
	for (u32 i = 0; i < 20000; i++) {
		u32 len_bytes = next_random(&seed) % sizeof(icmp);
		const struct spec in = { .payload = icmp, .payload_bytes = len_bytes };

		for (u32 k = 0; k < sizeof(icmp); k++)
			icmp[k] = (u8)next_random(&seed);
		icmp[0] = (u8)(next_random(&seed) % 20);
		icmp[1] = (u8)(next_random(&seed) % 18);
		icmp[8] = (u8)(0x45 + next_random(&seed) % 3);
		icmp[17] = (u8)(next_random(&seed) % 2 ? IPPROTO_UDP : IPPROTO_ICMP);
		if (len_bytes >= 4 && next_random(&seed) % 8)
			icmp_set_checksum(icmp, len_bytes);
		world_send(w, 0, &in);
		assert_true(w->out_count <= 1);
		if (w->out_count)
			assert_true(frame_valid(&w->out[0]));
		world_forget(w);
	}
	world_destroy(w);
}

static void any_allocation_may_fail(void **state)
{
	u32 n = 0, calls;

	(void)state;
	do {
		struct world *w = world_create();

		w->fail_at = ++n;
		world_send(w, 0, &(struct spec){ .ttl = 9 });
		world_send(w, 0, &(struct spec){ .proto = 253, .payload_bytes = 1000 });
		world_send(w, 0, &(struct spec){ .icmp_type = ICMP_TIMESTAMP, .payload_bytes = 20 });
		calls = w->alloc_calls;
		w->fail_at = 0;
		world_tick(w, 5 * NSEC_PER_SEC);
		world_forget(w);
		world_send(w, 0, &(struct spec){ .proto = 253, .payload_bytes = 1000 });
		assert_true(frame_is_icmp(world_one(w, 0), ICMP_DEST_UNREACH, ICMP_PROT_UNREACH));
		world_destroy(w);
	} while (calls >= n);
	assert_true(n > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_is_answered_or_not),
		cmocka_unit_test(an_echo_brings_back_what_it_brought),
		cmocka_unit_test(stamps_are_milliseconds_since_midnight),
		cmocka_unit_test(sysctls_silence_it),
		cmocka_unit_test(an_error_quotes_what_fits_into_576_octets),
		cmocka_unit_test(some_errors_are_never_told),
		cmocka_unit_test(the_source_of_an_error_is_the_address_of_the_way_back_or_in),
		cmocka_unit_test(a_host_gets_six_errors_then_one_a_second),
		cmocka_unit_test(a_router_says_less_often_that_there_is_no_way),
		cmocka_unit_test(all_hosts_together_get_about_as_many_as_the_burst),
		cmocka_unit_test(what_the_mask_leaves_out_is_not_limited),
		cmocka_unit_test(fragmentation_needed_is_not_limited),
		cmocka_unit_test(errors_reach_the_protocol_that_sent),
		cmocka_unit_test(a_socket_hears_at_its_next_call),
		cmocka_unit_test(a_narrow_path_is_remembered_for_a_while),
		cmocka_unit_test(codes_mean_what_linux_says),
		cmocka_unit_test(random_messages_do_no_harm),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
