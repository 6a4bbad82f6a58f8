// SPDX-License-Identifier: BSD-2-Clause
/* The codecs: what they write is what the RFCs draw, and what is short or lies gives no pointer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/arp.h"
#include "wire/eth.h"
#include "wire/icmp.h"
#include "wire/ip.h"
#include "wire/udp.h"

static const u8 good_arp[28] = { 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2 };
static const u8 good_ip[28] = {
	0x46, 0, 0, 28, 0x12, 0x34, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 1, 1, 1, 0
};
static const u8 good_udp[12] = { 0x10, 0x00, 0x00, 53, 0, 12, 0, 0, 'a', 'b', 'c', 'd' };

static bool arp_ok(const void *p, size_t len)
{
	return arp_check(p, len) != NULL;
}

static bool ip_ok(const void *p, size_t len)
{
	return ip_check(p, len) != NULL;
}

static bool udp_ok(const void *p, size_t len)
{
	return udp_check(p, len, len) != NULL;
}

static bool icmp_ok(const void *p, size_t len)
{
	return icmp_check(p, len) != NULL;
}

static bool eth_ok(const void *p, size_t len)
{
	return eth_check(p, len) != NULL;
}

#define ARP arp_ok, good_arp, sizeof(good_arp)
#define IP ip_ok, good_ip, sizeof(good_ip)
#define UDP udp_ok, good_udp, sizeof(good_udp)
#define ANY(check) check, good_ip, sizeof(good_ip)

static const struct {
	const char *sentence;
	bool (*check)(const void *, size_t);
	const u8 *good;
	size_t good_bytes;
	size_t len_bytes, at;
	u8 value; /* octet at is changed to value */
	bool ok;
} rows[] = {
	{ "a request is ARP", ARP, 28, 7, 1, true },
	{ "so is a reply", ARP, 28, 7, 2, true },
	{ "an octet too few", ARP, 27, 7, 1, false },
	{ "nothing at all", ARP, 0, 7, 1, false },
	{ "hardware of RFC 1390 has the same addresses", ARP, 28, 1, 6, true },
	{ "other hardware", ARP, 28, 1, 7, false },
	{ "hardware type in the wrong order", ARP, 28, 0, 1, false },
	{ "another protocol", ARP, 28, 2, 0x86, false },
	{ "hardware addresses of 8 octets", ARP, 28, 4, 8, false },
	{ "protocol addresses of 16 octets", ARP, 28, 5, 16, false },
	{ "an IP header with options", IP, 28, 1, 0, true },
	{ "its options are cut off", IP, 23, 1, 0, false },
	{ "its fixed part is cut off", IP, 19, 1, 0, false },
	{ "its options are all there", IP, 24, 1, 0, true },
	{ "version 6", IP, 28, 0, 0x66, false },
	{ "version 0", IP, 28, 0, 0x06, false },
	{ "a header of 4 words", IP, 28, 0, 0x44, false },
	{ "a header of 15 words where there are 7", IP, 28, 0, 0x4f, false },
	{ "a total length below the header's is the reader's to count", IP, 28, 3, 23, true },
	{ "so is one of more than is here", IP, 28, 3, 200, true },
	{ "a datagram", UDP, 12, 0, 1, true },
	{ "a datagram with padding behind it", UDP, 12, 5, 10, true },
	{ "a datagram of nothing", UDP, 8, 5, 8, true },
	{ "a header cut off", UDP, 7, 5, 8, false },
	{ "a length below 8", UDP, 12, 5, 7, false },
	{ "a length of 0", UDP, 12, 5, 0, false },
	{ "a length of more than there is", UDP, 12, 5, 13, false },
	{ "a length of 64 KiB", UDP, 12, 4, 0xff, false },
	{ "an ICMP header", ANY(icmp_ok), 8, 0, 0, true },
	{ "an ICMP header cut off", ANY(icmp_ok), 7, 0, 0, false },
	{ "an Ethernet header", ANY(eth_ok), 14, 0, 0, true },
	{ "an Ethernet header cut off", ANY(eth_ok), 13, 0, 0, false },
};

/* In a block of just that size, so that the sanitizer sees each octet too much. */
static void only_what_is_whole_gives_a_pointer(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		u8 *p = test_malloc(rows[i].len_bytes ? rows[i].len_bytes : 1);

		memcpy(p, rows[i].good, min_size(rows[i].len_bytes, rows[i].good_bytes));
		if (rows[i].at < rows[i].len_bytes)
			p[rows[i].at] = rows[i].value;
		if (rows[i].check(p, rows[i].len_bytes) != rows[i].ok)
			fail_msg("%s", rows[i].sentence);
		test_free(p);
	}
}

static void a_datagram_s_payload_may_lie_elsewhere(void **state)
{
	(void)state;
	assert_non_null(udp_check(good_udp, 8, 12));
	assert_null(udp_check(good_udp, 8, 11));
}

static void arp_is_written_as_rfc_826_draws_it(void **state)
{
	static const u8 tha[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };
	struct arp_eth_ip4 arp;

	(void)state;
	memset(&arp, 0xee, sizeof(arp));
	arp_build(&arp, ARPOP_REQUEST, good_arp + 8, CONST_BE32(0x0a000001), NULL, CONST_BE32(0x0a000002));
	assert_memory_equal(&arp, good_arp, sizeof(arp));
	arp_build(&arp, ARPOP_REPLY, good_arp + 8, CONST_BE32(0x0a000001), tha, CONST_BE32(0x0a000002));
	assert_memory_equal(arp.ar_tha, tha, ETH_ALEN);
	assert_int_equal(((u8 *)&arp)[7], 2);
}

static void ethernet_is_written_at_any_alignment(void **state)
{
	static const u8 d[ETH_ALEN] = { 1, 2, 3, 4, 5, 6 }, s[ETH_ALEN] = { 7, 8, 9, 10, 11, 12 };
	static const u8 want[ETH_HLEN] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 6 };
	u8 buf[ETH_HLEN + 1];

	(void)state;
	eth_build((struct ethhdr *)(void *)(buf + 1), d, s, CONST_BE16(ETH_P_ARP));
	assert_memory_equal(buf + 1, want, ETH_HLEN);
}

static const struct {
	const char *sentence;
	u8 a[ETH_ALEN];
	bool multicast, broadcast, zero, valid;
} ether_rows[] = {
	{ "a host", { 2, 0, 0, 0, 0, 1 }, false, false, false, true },
	{ "nobody", { 0 }, false, false, true, false },
	{ "all", { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, true, true, false, false },
	{ "a group", { 1, 0, 0x5e, 0, 0, 1 }, true, false, false, false },
	{ "nearly all", { 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe }, true, false, false, false },
};

static void addresses_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ether_rows); i++) {
		const u8 *a = ether_rows[i].a;

		assert_int_equal(is_multicast_ether_addr(a), ether_rows[i].multicast);
		assert_int_equal(is_broadcast_ether_addr(a), ether_rows[i].broadcast);
		assert_int_equal(is_zero_ether_addr(a), ether_rows[i].zero);
		assert_int_equal(is_valid_ether_addr(a), ether_rows[i].valid);
		assert_true(ether_addr_equal(a, a));
		assert_false(ether_addr_equal(a, ether_rows[(i + 1) % ARRAY_SIZE(ether_rows)].a));
	}
}

/* The example that the checksum's articles use: 4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7 */
static void the_header_checksum_is_right_and_follows_the_ttl(void **state)
{
	struct {
		struct iphdr iph;
		u8 options[40];
	} h = { .iph = { .version = 4,
			 .ihl = 5,
			 .tot_len = CONST_BE16(0x73),
			 .frag_off = CONST_BE16(IP_DF),
			 .ttl = 64,
			 .protocol = 17,
			 .saddr = CONST_BE32(0xc0a80001),
			 .daddr = CONST_BE32(0xc0a800c7) } };

	(void)state;
	ip_send_check(&h.iph);
	assert_int_equal(be16_to_cpu(h.iph.check), 0xb861);
	memset(h.options, 0x5a, sizeof(h.options));
	for (u32 ihl = 5; ihl <= 15; ihl++) {
		h.iph.ihl = (u8)(ihl & 15);
		h.iph.ttl = 255;
		ip_send_check(&h.iph);
		while (h.iph.ttl) {
			__be16 check;
			u8 ttl;

			assert_int_equal(be16_to_cpu(ip_compute_csum(&h.iph, ip_hdrlen_bytes(&h.iph))), 0);
			assert_int_equal(be16_to_cpu(ip_fast_csum(&h.iph)), 0);
			ttl = h.iph.ttl;
			assert_int_equal(ip_decrease_ttl(&h.iph), ttl - 1);
			check = h.iph.check;
			ip_send_check(&h.iph);
			assert_true(check == h.iph.check);
		}
	}
	assert_false(ip_is_fragment(&h.iph));
	h.iph.frag_off = CONST_BE16(IP_MF);
	assert_true(ip_is_fragment(&h.iph));
	h.iph.frag_off = CONST_BE16(1);
	assert_true(ip_is_fragment(&h.iph));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_whole_gives_a_pointer),
		cmocka_unit_test(a_datagram_s_payload_may_lie_elsewhere),
		cmocka_unit_test(arp_is_written_as_rfc_826_draws_it),
		cmocka_unit_test(ethernet_is_written_at_any_alignment),
		cmocka_unit_test(addresses_are_told_apart),
		cmocka_unit_test(the_header_checksum_is_right_and_follows_the_ttl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
