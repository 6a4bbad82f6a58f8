// SPDX-License-Identifier: BSD-2-Clause
/* Multicast listeners: what routers are told, at which time, and what they get for an answer.  @rfc 3810, 2710 */
#include "nd_world.h"

#include <errno.h>

#include "ipv6/mcast.h"

#define GROUP "ff05::99"
#define REPORT_AT (IPV6_HEADER_BYTES + 8U)

enum { IS_IN = 1, IS_EX, TO_IN, TO_EX, ALLOW, BLOCK };
static const char *const record_names[] = { "?", "IS_IN", "IS_EX", "TO_IN", "TO_EX", "ALLOW", "BLOCK" };

static char text[4096];

/* ------------------------------------------------------------------ what was sent */

static u8 mld_type(const struct frame *f)
{
	return frame_ip(f)->nexthdr == NEXTHDR_HOP && f->packet[40] == NEXTHDR_ICMP ? f->packet[REPORT_AT] : 0;
}

/* RFC 3810 5.2.14, 5: hop limit 1, Router Alert, a good checksum */
static void check_mld(const struct frame *f)
{
	const struct ipv6hdr *h = frame_ip(f);
	u32 len = f->len_bytes - REPORT_AT;

	assert_int_equal(h->hop_limit, 1);
	assert_memory_equal(f->packet + 42, "\x05\x02\x00\x00", 4);
	assert_int_equal(be16_to_cpu(h->payload_len), f->len_bytes - IPV6_HEADER_BYTES);
	assert_int_equal(csum_fold(csum_partial(f->packet + REPORT_AT, len,
						csum_ipv6_magic_sum(&h->saddr, &h->daddr, len, NEXTHDR_ICMP))),
			 0);
}

static size_t put_record(char *to, size_t size, const u8 *r, size_t *step)
{
	u32 sources = (u32)r[2] << 8 | r[3];
	char a[INET6_ADDRSTRLEN];
	size_t n;

	inet_ntop(AF_INET6, r + 4, a, sizeof(a));
	n = (size_t)snprintf(to, size, "%s %s", record_names[r[0] <= BLOCK ? r[0] : 0], a);
	for (u32 i = 0; i < sources; i++) {
		inet_ntop(AF_INET6, r + 20 + i * 16, a, sizeof(a));
		n += (size_t)snprintf(to + n, size - n, " %s", a);
	}
	*step = 20 + sources * 16;
	return n + (size_t)snprintf(to + n, size - n, "\n");
}

/* what the frames of eth0 said of groups that hold @about (NULL: all), a line each; then they are forgotten */
static const char *told(struct world *w, const char *about)
{
	size_t n = 0;

	text[0] = '\0';
	for (u32 i = 0; i < w->out_count; i++) {
		const struct frame *f = &w->out[i];
		const u8 *r = f->packet + REPORT_AT + 8;
		char a[INET6_ADDRSTRLEN], line[2048];
		size_t step;

		if (f->dev || !mld_type(f))
			continue;
		check_mld(f);
		if (mld_type(f) != 143) {
			inet_ntop(AF_INET6, r, a, sizeof(a));
			if (!about || strcmp(a, about) == 0)
				n += (size_t)snprintf(text + n, sizeof(text) - n, "v1 %u %s\n", mld_type(f), a);
			continue;
		}
		for (u32 left = (u32)f->packet[REPORT_AT + 6] << 8 | f->packet[REPORT_AT + 7]; left;
		     left--, r += step) {
			put_record(line, sizeof(line), r, &step);
			if (!about || strstr(line, about))
				n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", line);
		}
	}
	world_forget(w);
	return text;
}

/* ------------------------------------------------------------------ what is asked */

static void query(struct world *w, const char *group, u16 max_resp, u32 version, const char *const *sources, u32 count)
{
	u8 packet[512] = { 0 }, *q = packet + REPORT_AT, mac[ETH_ALEN];
	struct ipv6hdr *h = (struct ipv6hdr *)(void *)packet;
	struct in6_addr g = in6(group), s;
	u32 len = version == 1 ? 24 : 28 + count * 16;
	__be16 csum;

	h->ver_tc_flow = ip6_flow_word(0, 0);
	h->hop_limit = 1;
	h->payload_len = cpu_to_be16((u16)(len + 8));
	h->saddr = in6("fe80::77");
	h->daddr = ipv6_addr_any(&g) ? in6("ff02::1") : g;
	memcpy(packet + 40, "\x3a\x00\x05\x02\x00\x00\x01\x00", 8);
	q[0] = 130;
	q[4] = (u8)(max_resp >> 8);
	q[5] = (u8)max_resp;
	memcpy(q + 8, &g, sizeof(g));
	if (version == 2) {
		q[24] = 2;
		q[25] = 125;
		q[27] = (u8)count;
	}
	for (u32 i = 0; i < count; i++) {
		s = in6(sources[i]);
		memcpy(q + 28 + i * 16, &s, sizeof(s));
	}
	csum = csum_fold(csum_partial(q, len, csum_ipv6_magic_sum(&h->saddr, &h->daddr, len, NEXTHDR_ICMP)));
	memcpy(q + 2, &csum, sizeof(csum));
	ipv6_eth_mc_map(&h->daddr, mac);
	world_send_raw(w, 0, mac, packet, REPORT_AT + len);
}

static void join(struct world *w, const char *group)
{
	struct in6_addr g = in6(group);

	assert_int_equal(ipv6_dev_mc_inc(w->netdev[0], &g), 0);
	world_poll(w);
}

static void leave(struct world *w, const char *group)
{
	struct in6_addr g = in6(group);

	assert_int_equal(ipv6_dev_mc_dec(w->netdev[0], &g), 0);
	world_poll(w);
}

static void filter(struct world *w, u8 mode, const char *source, int delta)
{
	struct in6_addr g = in6(GROUP), s = source ? in6(source) : in6("::");

	assert_int_equal(ip6_mc_filter(w->netdev[0], &g, mode, &s, source ? 1 : 0, delta), 0);
}

static bool hears(const struct world *w, const char *source)
{
	struct in6_addr g = in6(GROUP), s = in6(source);

	return ipv6_chk_mcast_addr(w->netdev[0], &g, &s);
}

/* ------------------------------------------------------------------ version 2 */

/* docs/DIFFERENCES.md: as Linux, each address that the administrator adds makes all groups be told anew */
static void test_a_new_address_tells_all_again(void **state)
{
	(void)state;
	for (int strict = 0; strict < 2; strict++) {
		struct world *w = world_create_as(&(struct setup){ .strict = strict });

		join(w, GROUP);
		world_tick(w, 3 * NSEC_PER_SEC);
		(void)told(w, NULL);
		world_address(w, "fd77::9", IFA_F_NODAD);
		world_tick(w, 3 * NSEC_PER_SEC);
		assert_string_equal(told(w, GROUP), strict ? "" : "TO_EX ff05::99\nTO_EX ff05::99\n");
		world_destroy(w);
	}
}

static void test_robustness(void **state)
{
	struct world *w = world_create();

	(void)state;
	world_sysctl(w, "net.ipv6.mld_qrv", "4");
	join(w, GROUP);
	world_tick(w, 5 * NSEC_PER_SEC);
	assert_string_equal(told(w, GROUP), "TO_EX ff05::99\nTO_EX ff05::99\nTO_EX ff05::99\nTO_EX ff05::99\n");
	world_destroy(w);
}

static void test_a_device_comes_up(void **state)
{
	struct world *w = world_create_as(&(struct setup){ .dad = true });
	u32 first = 0;

	(void)state;
	world_tick(w, 20 * NSEC_PER_MSEC);
	while (first < w->out_count && !mld_type(&w->out[first]))
		first++;
	assert_true(first < w->out_count);
	assert_true(frame_between(&w->out[first], "::", "ff02::16")); /* there is no address yet: RFC 3590 */
	world_tick(w, 10 * NSEC_PER_SEC);
	assert_non_null(strstr(told(w, NULL), "TO_EX ff02::1:ff00:2\n"));
	assert_null(strstr(text, "ff02::1\n")); /* all nodes: never told */
	assert_null(strstr(text, "ff01::"));
	world_destroy(w);
}

static void test_join_and_leave(void **state)
{
	struct world *w = world_create();

	(void)state;
	join(w, GROUP);
	assert_string_equal(told(w, NULL), ""); /* there may be more to tell */
	world_tick(w, 10 * NSEC_PER_MSEC);
	assert_true(frame_between(&w->out[0], OURS_LL, "ff02::16"));
	assert_string_equal(told(w, GROUP), "TO_EX ff05::99\n");
	world_tick(w, 2 * NSEC_PER_SEC);
	assert_string_equal(told(w, GROUP), "TO_EX ff05::99\n"); /* robustness: 2 */
	world_tick(w, 60 * NSEC_PER_SEC);
	assert_string_equal(told(w, NULL), "");
	join(w, GROUP); /* the second changes nothing */
	leave(w, GROUP);
	world_tick(w, 2 * NSEC_PER_SEC);
	assert_string_equal(told(w, NULL), "");
	leave(w, GROUP);
	world_tick(w, 2 * NSEC_PER_SEC);
	assert_string_equal(told(w, GROUP), "TO_IN ff05::99\nTO_IN ff05::99\n");
	world_tick(w, 60 * NSEC_PER_SEC);
	assert_string_equal(told(w, NULL), "");
	world_destroy(w);
}

static void test_left_and_joined_again(void **state)
{
	struct world *w = world_create();

	(void)state;
	join(w, GROUP);
	world_tick(w, 2 * NSEC_PER_SEC);
	(void)told(w, NULL);
	leave(w, GROUP);
	world_tick(w, 10 * NSEC_PER_MSEC);
	assert_string_equal(told(w, GROUP), "TO_IN ff05::99\n");
	join(w, GROUP); /* before the second report: what is told is what is true now */
	world_tick(w, 2 * NSEC_PER_SEC);
	assert_string_equal(told(w, GROUP), "TO_EX ff05::99\nTO_EX ff05::99\n");
	leave(w, GROUP);
	world_tick(w, 9 * NSEC_PER_MSEC);
	join(w, GROUP); /* before the first: nobody hears that it was left */
	world_tick(w, 2 * NSEC_PER_SEC);
	assert_string_equal(told(w, GROUP), "TO_EX ff05::99\nTO_EX ff05::99\n");
	leave(w, GROUP);
	world_destroy(w);
}

static void test_sources(void **state)
{
	struct world *w = world_create();
	struct in6_addr g = in6(GROUP);

	(void)state;
	assert_int_equal(ipv6_dev_mc_inc_mode(w->netdev[0], &g, MCAST_INCLUDE), 0);
	world_tick(w, 2 * NSEC_PER_SEC);
	assert_string_equal(told(w, GROUP), ""); /* INCLUDE of nothing is no membership */
	assert_false(hears(w, "2001:db8::1"));
	filter(w, MCAST_INCLUDE, "2001:db8::1", 1);
	world_tick(w, 2 * NSEC_PER_SEC);
	assert_string_equal(told(w, GROUP), "ALLOW ff05::99 2001:db8::1\nALLOW ff05::99 2001:db8::1\n");
	assert_true(hears(w, "2001:db8::1"));
	assert_false(hears(w, "2001:db8::2"));
	filter(w, MCAST_INCLUDE, "2001:db8::2", 1);
	filter(w, MCAST_INCLUDE, "2001:db8::1", -1);
	world_tick(w, 2 * NSEC_PER_SEC);
	assert_string_equal(told(w, GROUP), "ALLOW ff05::99 2001:db8::2\nBLOCK ff05::99 2001:db8::1\n"
					    "ALLOW ff05::99 2001:db8::2\nBLOCK ff05::99 2001:db8::1\n");
	/* another user, who wants all but one: the union of both (RFC 3810 4.2) */
	assert_int_equal(ipv6_dev_mc_inc_mode(w->netdev[0], &g, MCAST_INCLUDE), 0);
	filter(w, MCAST_EXCLUDE, "2001:db8::2", 1);
	world_tick(w, 2 * NSEC_PER_SEC);
	assert_string_equal(told(w, GROUP), "TO_EX ff05::99\nTO_EX ff05::99\n");
	assert_true(hears(w, "2001:db8::2"));
	filter(w, MCAST_INCLUDE, "2001:db8::2", -1);
	world_tick(w, 2 * NSEC_PER_SEC);
	assert_string_equal(told(w, GROUP), "BLOCK ff05::99 2001:db8::2\nBLOCK ff05::99 2001:db8::2\n");
	assert_false(hears(w, "2001:db8::2"));
	assert_true(hears(w, "2001:db8::3"));
	filter(w, MCAST_EXCLUDE, "2001:db8::2", -1);
	assert_int_equal(ipv6_dev_mc_dec_mode(w->netdev[0], &g, MCAST_INCLUDE), 0);
	assert_int_equal(ipv6_dev_mc_dec_mode(w->netdev[0], &g, MCAST_INCLUDE), 0);
	world_tick(w, 2 * NSEC_PER_SEC);
	assert_string_equal(told(w, GROUP), "TO_IN ff05::99\nTO_IN ff05::99\n");
	world_destroy(w);
}

static void test_queries(void **state)
{
	static const char *const two[] = { "2001:db8::1", "2001:db8::9" };
	struct world *w = world_create();
	struct in6_addr g = in6(GROUP);

	(void)state;
	join(w, "ff05::98");
	assert_int_equal(ipv6_dev_mc_inc_mode(w->netdev[0], &g, MCAST_INCLUDE), 0);
	filter(w, MCAST_INCLUDE, "2001:db8::1", 1);
	world_tick(w, 3 * NSEC_PER_SEC);
	(void)told(w, NULL);

	query(w, "::", 1000, 2, NULL, 0);
	assert_string_equal(told(w, NULL), ""); /* at a random time */
	world_tick(w, 1010 * NSEC_PER_MSEC);
	assert_string_equal(told(w, NULL), "IS_IN ff05::99 2001:db8::1\nIS_EX ff05::98\nIS_EX ff02::1:ff00:2\n");
	query(w, "ff05::98", 1000, 2, NULL, 0);
	world_tick(w, 1010 * NSEC_PER_MSEC);
	assert_string_equal(told(w, NULL), "IS_EX ff05::98\n");
	query(w, GROUP, 1000, 2, two, 2);
	world_tick(w, 1010 * NSEC_PER_MSEC);
	assert_string_equal(told(w, NULL), "IS_IN ff05::99 2001:db8::1\n");
	query(w, GROUP, 1000, 2, &two[1], 1); /* one that we do not want */
	world_tick(w, 1010 * NSEC_PER_MSEC);
	assert_string_equal(told(w, NULL), "");
	query(w, "ff05::97", 1000, 2, NULL, 0); /* not ours */
	world_tick(w, 1010 * NSEC_PER_MSEC);
	assert_string_equal(told(w, NULL), "");
	filter(w, MCAST_INCLUDE, "2001:db8::1", -1);
	world_destroy(w);
}

/* ------------------------------------------------------------------ version 1 */

static void test_an_old_querier(void **state)
{
	struct world *w = world_create();

	(void)state;
	query(w, "::", 1000, 1, NULL, 0);
	world_tick(w, 1010 * NSEC_PER_MSEC);
	assert_string_equal(told(w, NULL), "v1 131 ff02::1:ff00:2\n");
	join(w, GROUP);
	assert_true(frame_between(&w->out[0], OURS_LL, GROUP));
	assert_string_equal(told(w, NULL), "v1 131 ff05::99\n");
	world_tick(w, 11 * NSEC_PER_SEC);
	assert_string_equal(told(w, NULL), "v1 131 ff05::99\n");
	leave(w, GROUP);
	assert_string_equal(told(w, NULL), "v1 132 ff05::99\n");
	world_tick(w, 261 * NSEC_PER_SEC); /* RFC 3810 9.12: it is forgotten */
	join(w, GROUP);
	world_tick(w, 10 * NSEC_PER_MSEC);
	assert_string_equal(told(w, NULL), "TO_EX ff05::99\n");
	world_destroy(w);
}

/* what was left, and not told as often as it must be, is told no more */
static void test_an_old_querier_comes_between(void **state)
{
	struct world *w = world_create();
	struct in6_addr g = in6(GROUP);

	(void)state;
	assert_int_equal(ipv6_dev_mc_inc_mode(w->netdev[0], &g, MCAST_INCLUDE), 0);
	filter(w, MCAST_INCLUDE, "2001:db8::1", 1);
	join(w, "ff05::98");
	world_tick(w, 3 * NSEC_PER_SEC);
	filter(w, MCAST_INCLUDE, "2001:db8::1", -1);
	leave(w, "ff05::98");
	(void)told(w, NULL);
	query(w, GROUP, 1000, 1, NULL, 0);
	world_tick(w, 20 * NSEC_PER_SEC);
	assert_string_equal(told(w, NULL), "v1 131 ff05::99\n");
	world_destroy(w);
}

static void test_forced_versions(void **state)
{
	struct world *w = world_create();

	(void)state;
	world_sysctl(w, "net.ipv6.conf.eth0.force_mld_version", "1");
	join(w, GROUP);
	assert_string_equal(told(w, NULL), "v1 131 ff05::99\n");
	world_sysctl(w, "net.ipv6.conf.eth0.force_mld_version", "2");
	world_tick(w, 11 * NSEC_PER_SEC);
	(void)told(w, NULL);
	query(w, "::", 1000, 1, NULL, 0);
	join(w, "ff05::98");
	world_tick(w, 10 * NSEC_PER_MSEC);
	assert_string_equal(told(w, NULL), "TO_EX ff05::98\n");
	world_destroy(w);
}

/* ------------------------------------------------------------------ what nobody should send */

static void test_bad_queries(void **state)
{
	static const struct {
		const char *what;
		u32 at;
		u8 value;
	} row[] = {
		{ "hop limit 2", 7, 2 },
		{ "not from the link", 8, 0x20 },
		{ "no Router Alert", 42, 1 },
		{ "for an address of a host", 56, 0x20 },
		{ "more sources than there are", 75, 9 },
	};
	struct world *w = world_create();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		u8 packet[76] = { 0 }, *q = packet + REPORT_AT;
		struct ipv6hdr *h = (struct ipv6hdr *)(void *)packet;
		struct in6_addr g = in6("ff02::1:ff00:2");
		__be16 csum;

		h->ver_tc_flow = ip6_flow_word(0, 0);
		h->hop_limit = 1;
		h->payload_len = CONST_BE16(36);
		h->saddr = in6("fe80::77");
		h->daddr = in6("ff02::1");
		memcpy(packet + 40, "\x3a\x00\x05\x02\x00\x00\x01\x00", 8);
		q[0] = 130;
		memcpy(q + 8, &g, sizeof(g));
		packet[row[i].at] = row[i].value;
		if (row[i].at == 42)
			packet[43] = 4;
		csum = csum_fold(csum_partial(q, 28, csum_ipv6_magic_sum(&h->saddr, &h->daddr, 28, NEXTHDR_ICMP)));
		memcpy(q + 2, &csum, sizeof(csum));
		world_send_raw(w, 0, (const u8 *)"\x33\x33\0\0\0\x01", packet, sizeof(packet));
		world_tick(w, NSEC_PER_SEC);
		if (told(w, NULL)[0])
			fail_msg("%s: %s", row[i].what, text);
	}
	world_destroy(w);
}

static void test_limits(void **state)
{
	struct world *w = world_create();
	struct in6_addr g = in6(GROUP), s = in6("2001:db8::");
	int err = 0;
	u32 i;

	(void)state;
	assert_int_equal(ipv6_dev_mc_inc(w->netdev[0], &s), -EINVAL); /* no group */
	assert_int_equal(ipv6_dev_mc_dec(w->netdev[0], &g), -ENOENT);
	assert_int_equal(ip6_mc_filter(w->netdev[0], &g, MCAST_INCLUDE, &s, 1, 1), -ENOENT);
	join(w, GROUP);
	for (i = 0; !err && i <= MLD_MAX_SOURCES; i++) {
		s.s6_addr[14] = (u8)(i >> 8);
		s.s6_addr[15] = (u8)i;
		err = ip6_mc_filter(w->netdev[0], &g, MCAST_INCLUDE, &s, 1, 1);
	}
	assert_int_equal(err, -ENOBUFS);
	assert_int_equal(i, MLD_MAX_SOURCES + 1);
	for (i = 0; i < MLD_MAX_SOURCES; i++) {
		s.s6_addr[14] = (u8)(i >> 8);
		s.s6_addr[15] = (u8)i;
		assert_int_equal(ip6_mc_filter(w->netdev[0], &g, MCAST_INCLUDE, &s, 1, -1), 0);
	}
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_device_comes_up),
		cmocka_unit_test(test_join_and_leave),
		cmocka_unit_test(test_a_new_address_tells_all_again),
		cmocka_unit_test(test_robustness),
		cmocka_unit_test(test_left_and_joined_again),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_an_old_querier),
		cmocka_unit_test(test_an_old_querier_comes_between),
		cmocka_unit_test(test_forced_versions),
		cmocka_unit_test(test_bad_queries),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
