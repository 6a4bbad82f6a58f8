// SPDX-License-Identifier: BSD-2-Clause
/* DHCP messages: each option, whole, cut and senseless; several pieces, several places; random octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ipv4/dhcp_msg.h"

#define IP4(a, b, c, d) CONST_BE32((u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define BYTES_MAX 900U

static const struct dhcp_identity me = { .mac = { 2, 0, 0, 0, 0, 2 },
					 .client_id = { 1, 2, 0, 0, 0, 0, 2 },
					 .client_id_bytes = 7 };

/** struct msg - one under construction */
struct msg {
	_Alignas(8) u8 data[BYTES_MAX];
	u32 len;
};

static struct dhcphdr *hdr(struct msg *m)
{
	return (struct dhcphdr *)(void *)m->data;
}

static void put(struct msg *m, const void *data, u32 len)
{
	assert_true(m->len + len <= BYTES_MAX);
	memcpy(m->data + m->len, data, len);
	m->len += len;
}

static const u8 good[] = { 53, 1, DHCPACK, 54, 4, 10, 0, 0, 1, 1, 4, 255, 255, 255, 0, 51, 4, 0, 0, 14, 16 };

static struct msg msg_of(const void *options, u32 len)
{
	struct msg m = { .len = sizeof(struct dhcphdr) };

	hdr(&m)->op = BOOTREPLY;
	hdr(&m)->yiaddr = IP4(10, 0, 0, 77);
	hdr(&m)->cookie = CONST_BE32(DHCP_MAGIC);
	put(&m, options, len);
	return m;
}

/* In memory that ends where the message ends, so that each octet too far is seen. */
static int parse(const struct msg *m, struct dhcp_params *out)
{
	void *exact = malloc(m->len ? m->len : 1);
	int err;

	assert_non_null(exact);
	memcpy(exact, m->data, m->len);
	err = dhcp_parse(exact, m->len, &me, out);
	free(exact);
	return err;
}

/** struct row - options after those of a good acknowledgement, or in their place */
struct row {
	const char *says;
	int err;
	u8 options[64];
	u8 bytes;
	bool alone;
};

#define OPTIONS(...) { __VA_ARGS__ }, sizeof((u8[]){ __VA_ARGS__ })
#define BASE 53, 1, DHCPACK, 54, 4, 10, 0, 0, 1, 51, 4, 0, 0, 0, 60
static const struct row rows[] = {
	{ "nothing more", 0, OPTIONS(255), false },
	{ "no end", 0, OPTIONS(0), false },
	{ "pads", 0, OPTIONS(0, 0, 0, 255, 9, 9, 9), false },
	{ "an option that nobody knows", 0, OPTIONS(200, 3, 1, 2, 3, 255), false },
	{ "one of length zero that nobody knows", 0, OPTIONS(200, 0, 255), false },
	{ "a code without a length", -22, OPTIONS(200), false },
	{ "a length without data", -22, OPTIONS(200, 1), false },
	{ "data that is cut", -22, OPTIONS(200, 4, 1, 2, 3), false },
	{ "a type of two octets", -22, OPTIONS(54, 4, 10, 0, 0, 1, 51, 4, 0, 0, 0, 60, 53, 2, 5, 0), true },
	{ "no type", -22, OPTIONS(54, 4, 10, 0, 0, 1, 51, 4, 0, 0, 0, 60), true },
	{ "a client's type", -22, OPTIONS(54, 4, 10, 0, 0, 1, 51, 4, 0, 0, 0, 60, 53, 1, DHCPREQUEST), true },
	{ "no server", -22, OPTIONS(53, 1, DHCPACK, 51, 4, 0, 0, 0, 60), true },
	{ "a server that is a group", -22, OPTIONS(53, 1, DHCPACK, 54, 4, 224, 0, 0, 1, 51, 4, 0, 0, 0, 60), true },
	{ "a server of three octets", -22, OPTIONS(53, 1, DHCPACK, 54, 3, 10, 0, 0, 51, 4, 0, 0, 0, 60), true },
	{ "no lease", -22, OPTIONS(53, 1, DHCPACK, 54, 4, 10, 0, 0, 1), true },
	{ "a lease of no time", -22, OPTIONS(53, 1, DHCPACK, 54, 4, 10, 0, 0, 1, 51, 4, 0, 0, 0, 0), true },
	{ "a lease of five octets", -22, OPTIONS(53, 1, DHCPACK, 54, 4, 10, 0, 0, 1, 51, 5, 0, 0, 0, 9, 9), true },
	{ "a NAK needs no lease", 0, OPTIONS(53, 1, DHCPNAK, 54, 4, 10, 0, 0, 1), true },
	{ "but a server", -22, OPTIONS(53, 1, DHCPNAK), true },
	{ "a mask with a hole", -22, OPTIONS(BASE, 1, 4, 255, 0, 255, 0), true },
	{ "a mask of 31 bits", 0, OPTIONS(BASE, 1, 4, 255, 255, 255, 254), true },
	{ "a mask of no bits", 0, OPTIONS(BASE, 1, 4, 0, 0, 0, 0), true },
	{ "a mask twice: eight octets", -22, OPTIONS(BASE, 1, 4, 255, 0, 0, 0, 1, 4, 255, 0, 0, 0), true },
	{ "a router of three octets", -22, OPTIONS(3, 3, 10, 0, 0), false },
	{ "a router of five octets", -22, OPTIONS(3, 5, 10, 0, 0, 1, 0), false },
	{ "a router of none", -22, OPTIONS(3, 0), false },
	{ "a router that is nobody", -22, OPTIONS(3, 4, 0, 0, 0, 0), false },
	{ "a router that is the loopback", -22, OPTIONS(3, 4, 127, 0, 0, 1), false },
	{ "a name server of two octets", -22, OPTIONS(6, 2, 10, 0), false },
	{ "an MTU of one octet", -22, OPTIONS(26, 1, 5), false },
	{ "an MTU below what IPv4 can do", -22, OPTIONS(26, 2, 0, 67), false },
	{ "T1 of two octets", -22, OPTIONS(58, 2, 0, 9), false },
	{ "T2 of none", -22, OPTIONS(59, 0), false },
	{ "a classless route of 33 bits", -22, OPTIONS(121, 10, 33, 1, 2, 3, 4, 5, 10, 0, 0, 1), false },
	{ "a classless route that is cut", -22, OPTIONS(121, 7, 24, 10, 1, 1, 10, 0, 0), false },
	{ "a second one that is cut", -22, OPTIONS(121, 10, 24, 10, 1, 1, 10, 0, 0, 1, 8, 10), false },
	{ "a gateway that is a group", -22, OPTIONS(121, 5, 0, 239, 0, 0, 1), false },
	{ "overload by nothing", -22, OPTIONS(52, 1, 0), false },
	{ "overload by four", -22, OPTIONS(52, 1, 4), false },
	{ "overload of two octets", -22, OPTIONS(52, 2, 1, 1), false },
	{ "overload twice", -22, OPTIONS(52, 1, 1, 52, 1, 1), false },
	{ "a domain with a space", 0, OPTIONS(15, 3, 'a', ' ', 'b'), false },
};

static void each_option_is_taken_whole_or_not_at_all(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct msg m = rows[i].alone ? msg_of("", 0) : msg_of(good, sizeof(good));
		struct dhcp_params p;

		put(&m, rows[i].options, rows[i].bytes);
		if (parse(&m, &p) != rows[i].err)
			fail_msg("%s", rows[i].says);
	}
}

static void a_message_says_what_it_says(void **state)
{
	static const u8 more[] = { 3,   8,   10,  0,  0,  2,  10, 0,   0,   3,   6,   8,   10,  0,   0,
				   4,   10,  0,   0,  5,  15, 12, 'e', 'x', 'a', 'm', 'p', 'l', 'e', '.',
				   'o', 'r', 'g', 0,  26, 2,  5,  120, 58,  4,   0,   0,   7,   8,   59,
				   4,   0,   0,   12, 78, 61, 7,  1,   2,   0,   0,   0,   0,   2,   255 };
	struct msg m = msg_of(good, sizeof(good));
	struct dhcp_params p;

	(void)state;
	put(&m, more, sizeof(more));
	assert_int_equal(parse(&m, &p), 0);
	assert_int_equal(p.type, DHCPACK);
	assert_true(p.addr == IP4(10, 0, 0, 77) && p.server == IP4(10, 0, 0, 1));
	assert_int_equal(p.prefixlen, 24);
	assert_int_equal(p.lease_s, 3600);
	assert_int_equal(p.t1_s, 1800);
	assert_int_equal(p.t2_s, 3150);
	assert_int_equal(p.mtu, 1400);
	assert_int_equal(p.route_count, 1);
	assert_true(p.route[0].gateway == IP4(10, 0, 0, 2) && !p.route[0].prefixlen);
	assert_int_equal(p.dns_count, 2);
	assert_true(p.dns[0] == IP4(10, 0, 0, 4) && p.dns[1] == IP4(10, 0, 0, 5));
	assert_string_equal(p.domain, "example.org");
	assert_true(p.has_client_id && !p.wrong_client_id);
	assert_int_equal(p.ignored_count, 1); /* the second router */
}

static void without_a_mask_the_class_decides(void **state)
{
	static const struct {
		__be32 addr;
		u8 bits;
	} classes[] = { { IP4(10, 1, 2, 3), 8 }, { IP4(172, 16, 2, 3), 16 }, { IP4(192, 0, 2, 3), 24 } };
	static const u8 base[] = { BASE };
	struct dhcp_params p;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(classes); i++) {
		struct msg m = msg_of(base, sizeof(base));

		hdr(&m)->yiaddr = classes[i].addr;
		assert_int_equal(parse(&m, &p), 0);
		assert_int_equal(p.prefixlen, classes[i].bits);
	}
}

static void an_address_that_no_host_can_have_is_not_taken(void **state)
{
	static const __be32 bad[] = {
		IP4(0, 0, 0, 0),   IP4(0, 0, 0, 7),    IP4(127, 0, 0, 1),       IP4(224, 0, 0, 1),
		IP4(240, 0, 0, 1), IP4(10, 0, 0, 255), IP4(255, 255, 255, 255), IP4(10, 0, 0, 0)
	};
	struct dhcp_params p;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		struct msg m = msg_of(good, sizeof(good));

		hdr(&m)->yiaddr = bad[i];
		assert_int_equal(parse(&m, &p), -22);
	}
}

/* RFC 3396: pieces of one option, in three places, in their order. */
static void options_lie_in_three_places_and_in_pieces(void **state)
{
	static const u8 first[] = { 52, 1, 3, 6, 2, 10, 0 }, file[] = { 6, 3, 0, 4, 10, 255 },
			sname[] = { 6, 3, 0, 0, 5, 3, 4, 10, 0, 0, 9, 255 };
	struct msg m = msg_of(good, sizeof(good));
	struct dhcp_params p;

	(void)state;
	put(&m, first, sizeof(first));
	memcpy(hdr(&m)->file, file, sizeof(file));
	memcpy(hdr(&m)->sname, sname, sizeof(sname));
	assert_int_equal(parse(&m, &p), 0);
	assert_int_equal(p.dns_count, 2);
	assert_true(p.dns[0] == IP4(10, 0, 0, 4) && p.dns[1] == IP4(10, 0, 0, 5));
	assert_true(p.route[0].gateway == IP4(10, 0, 0, 9));
	hdr(&m)->sname[5] = 52; /* an overload within */
	hdr(&m)->sname[6] = 1;
	hdr(&m)->sname[7] = 1;
	assert_int_equal(parse(&m, &p), -22);
	memset(hdr(&m)->sname, 0, 64);
	hdr(&m)->sname[62] = 7;
	hdr(&m)->sname[63] = 1; /* cut at the end of its place */
	assert_int_equal(parse(&m, &p), -22);
}

static void what_is_too_much_is_counted(void **state)
{
	struct msg m = msg_of(good, sizeof(good));
	u8 routes[2 + 7 * 20] = { 121, 7 * 20 }, dns[2 + 24] = { 6, 24 };
	struct dhcp_params p;

	(void)state;
	for (u32 i = 0; i < 20; i++) {
		const u8 one[7] = { 16, 10, (u8)i, 10, 0, 0, 1 };

		memcpy(routes + 2 + 7 * i, one, 7);
	}
	for (u32 i = 0; i < 6; i++)
		memcpy(dns + 2 + 4 * i, (u8[]){ 10, 0, 0, (u8)(i + 1) }, 4);
	put(&m, routes, sizeof(routes));
	put(&m, dns, sizeof(dns));
	assert_int_equal(parse(&m, &p), 0);
	assert_int_equal(p.route_count, DHCP_ROUTES);
	assert_int_equal(p.dns_count, DHCP_DNS_SERVERS);
	assert_int_equal(p.ignored_count, 4 + 2);
}

static void a_domain_is_a_name_or_nothing(void **state)
{
	static const char *const names[] = { "a b", "a\nnameserver", "#", "a;b", "\x80" };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		struct msg m = msg_of(good, sizeof(good));
		u8 head[2] = { 15, (u8)strlen(names[i]) };
		struct dhcp_params p;

		put(&m, head, 2);
		put(&m, names[i], head[1]);
		assert_int_equal(parse(&m, &p), 0);
		assert_string_equal(p.domain, "");
	}
}

static void each_length_and_random_octets_are_survived(void **state)
{
	struct dhcp_params p;
	u32 seed = 1, taken = 0;

	(void)state;
	for (u32 len = 0; len <= sizeof(struct dhcphdr) + sizeof(good); len++) {
		struct msg m = msg_of(good, sizeof(good));

		m.len = len;
		assert_int_equal(parse(&m, &p), len == sizeof(struct dhcphdr) + sizeof(good) ? 0 : -22);
	}
	for (u32 i = 0; i < 200000; i++) {
		struct msg m = msg_of(good, sizeof(good));

		for (u32 n = 0; n < 30; n++) {
			u8 octet;

			seed = seed * 1664525U + 1013904223U;
			octet = (u8)(seed >> 24);
			if (n % 3 == 0) /* lengths that may fit */
				octet = (u8)(octet & 7);
			put(&m, &octet, 1);
		}
		taken += !parse(&m, &p);
	}
	assert_in_range(taken, 1000, 199000);
}

static void our_messages_say_what_they_must(void **state)
{
	_Alignas(8) u8 out[DHCP_MSG_BYTES];
	const struct dhcp_request discover = { .type = DHCPDISCOVER, .xid = 0x01020304, .secs = 7, .max_bytes = 1500 };
	const struct dhcp_request release = {
		.type = DHCPRELEASE, .xid = 9, .ciaddr = IP4(10, 0, 0, 77), .server = IP4(10, 0, 0, 1)
	};
	static const u8 begin[] = { BOOTREQUEST, 1, 6, 0, 1, 2, 3, 4, 0, 7, 0, 0 };
	static const u8 options[] = { 99, 130, 83,  99, 53, 1, DHCPDISCOVER, 61, 7, 1,  2,  0,  0,  0,  0,  2, 57,
				      2,  5,   220, 55, 9,  1, 121,          3,  6, 15, 26, 51, 58, 59, 255 };
	static const u8 last[] = { 53, 1, DHCPRELEASE, 61, 7, 1, 2, 0, 0, 0, 0, 2, 54, 4, 10, 0, 0, 1, 255 };

	(void)state;
	assert_int_equal(dhcp_build(out, &me, &discover), 300);
	assert_memory_equal(out, begin, sizeof(begin));
	assert_memory_equal(out + 28, me.mac, 6);
	assert_memory_equal(out + 236, options, sizeof(options));
	assert_int_equal(dhcp_build(out, &me, &release), 300);
	assert_memory_equal(out + 240, last, sizeof(last)); /* RFC 2131 table 5: no wishes */
	assert_memory_equal(out + 12, &release.ciaddr, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_option_is_taken_whole_or_not_at_all),
		cmocka_unit_test(a_message_says_what_it_says),
		cmocka_unit_test(without_a_mask_the_class_decides),
		cmocka_unit_test(an_address_that_no_host_can_have_is_not_taken),
		cmocka_unit_test(options_lie_in_three_places_and_in_pieces),
		cmocka_unit_test(what_is_too_much_is_counted),
		cmocka_unit_test(a_domain_is_a_name_or_nothing),
		cmocka_unit_test(each_length_and_random_octets_are_survived),
		cmocka_unit_test(our_messages_say_what_they_must),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
