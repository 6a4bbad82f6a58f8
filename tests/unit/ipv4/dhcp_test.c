// SPDX-License-Identifier: BSD-2-Clause
/* The DHCP client in virtual time, with a server that does what the test wants. */
#include "dhcp_server.h"

#include <errno.h>
#include <linux/if_addr.h>

#include "ipv4/acd.h"
#include "ipv4/ip_fib.h"
#include "ipv4/ipv4ll.h"
#include "netfilter/netfilter.h"

/* ------------------------------------------------------------------ the table */

static void each_edge_is_the_first_that_matches_for_some_conditions(void **state)
{
	u32 count;
	const struct dhcp_edge *edges = dhcp_edges(&count);

	(void)state;
	for (u32 i = 0; i < count; i++) {
		bool reached = false;

		assert_non_null(edges[i].source);
		assert_int_equal(edges[i].want & ~edges[i].mask, 0);
		for (u32 s = 0; s < DHCP_NR_STATES; s++)
			for (u32 cond = 0; cond <= DHCP_C_ALL; cond++)
				reached |= dhcp_step(s, edges[i].event, cond) == &edges[i];
		if (!reached)
			fail_msg("edge %u is never taken", i);
	}
}

static bool is_alive(u32 s)
{
	return s != DHCP_ENDED;
}

static bool holds(u32 s)
{
	return s == DHCP_BOUND || s == DHCP_RENEWING || s == DHCP_REBINDING;
}

/* What must hold for every state, event and condition. */
static void the_table_keeps_its_promises(void **state)
{
	(void)state;
	for (u32 s = 0; s < DHCP_NR_STATES; s++) {
		for (u32 cond = 0; cond <= DHCP_C_ALL; cond++) {
			const struct dhcp_edge *timer = dhcp_step(s, DHCP_EV_TIMER, cond);
			const struct dhcp_edge *stop = dhcp_step(s, DHCP_EV_STOP, cond);
			const struct dhcp_edge *down = dhcp_step(s, DHCP_EV_LINK_DOWN, cond);
			const struct dhcp_edge *conflict = dhcp_step(s, DHCP_EV_CONFLICT, cond);

			assert_int_equal(timer != NULL, is_alive(s)); /* nobody waits for ever */
			assert_int_equal(stop != NULL, is_alive(s) && s != DHCP_RELEASING);
			assert_int_equal(down != NULL, is_alive(s) && s != DHCP_OFF);
			if (stop)
				assert_true(stop->to == DHCP_RELEASING || stop->to == DHCP_ENDED);
			if (holds(s) && (cond & DHCP_C_EXPIRED)) { /* "MUST immediately stop" */
				assert_true(timer->act & DHCP_A_FORGET);
				assert_int_equal(timer->to, DHCP_INIT);
			}
			if (holds(s)) /* 4.4.1 */
				assert_true((conflict->act & DHCP_A_DECLINE) && conflict->timer == DHCP_T_DECLINED);
			for (u32 ev = 0; ev < DHCP_NR_EVENTS; ev++) {
				const struct dhcp_edge *e = dhcp_step(s, ev, cond);

				if (!e || e->to == DHCP_ENDED)
					continue;
				/* before it begins again nothing is remembered */
				if (e->to == DHCP_INIT && s != DHCP_OFF)
					assert_true(e->act & DHCP_A_FORGET);
				if (e->to != DHCP_OFF && e->to != DHCP_BOUND)
					assert_int_not_equal(e->timer, DHCP_T_STOP);
				if ((e->act & DHCP_A_SEND) && e->to != DHCP_RENEWING && e->to != DHCP_REBINDING)
					assert_int_equal(e->timer, DHCP_T_RETRANS);
			}
		}
	}
}

/* ------------------------------------------------------------------ the four messages */

static void an_address_is_asked_for_probed_and_set(void **state)
{
	struct server *s = server_create(NETHOOD_PROFILE_LINUX, 7, 3600);
	const struct asked *d, *r;
	const struct in_ifaddr *ifa;
	struct dhcp_status st;
	struct seen seen;
	static const u8 id[] = { 1, 2, 0, 0, 0, 0, 2 };

	(void)state;
	begin(s);
	assert_int_equal(s->asked_count, 2);
	d = &s->asked[0], r = &s->asked[1];
	assert_int_equal(d->type, DHCPDISCOVER);
	assert_true(!d->saddr && d->daddr == CONST_BE32(0xffffffff) && d->broadcast_frame && !d->ciaddr);
	assert_true(!d->requested && !d->server);
	assert_int_equal(d->client_id_bytes, sizeof(id));
	assert_memory_equal(d->client_id, id, sizeof(id));
	assert_int_equal(r->type, DHCPREQUEST);
	assert_true(!r->saddr && r->daddr == CONST_BE32(0xffffffff) && r->broadcast_frame && !r->ciaddr);
	assert_true(r->requested == OFFERED && r->server == SERVER);
	assert_int_equal(r->xid, d->xid);
	assert_int_equal(r->secs, d->secs);
	assert_int_equal(state_of(s), DHCP_PROBING);
	assert_null(ifa_of(s));
	until(s, DHCP_BOUND, 8 * SEC);
	assert_int_equal(lan_probes(s->lan, OFFERED), ACD_PROBE_NUM);
	ifa = ifa_of(s);
	assert_non_null(ifa);
	assert_int_equal(ifa->ifa_prefixlen, 24);
	assert_true(ifa->ifa_broadcast == IP4(10, 0, 0, 255));
	assert_false(ifa->ifa_flags & IFA_F_PERMANENT); /* what ip(8) shows as dynamic */
	assert_in_range(ifa->ifa_valid_lft_s, 3590, 3600);
	seen = routes_of(s);
	assert_int_equal(seen.count, 1);
	assert_true(!seen.r[0].len && seen.r[0].gw == SERVER);
	assert_int_equal(dhcp_status(s->lan->dev, &st), 0);
	assert_true(st.bound && st.lease->server == SERVER && st.lease->addr == OFFERED);
	assert_int_equal(st.expires - (ktime_t)r->at_ns, 3600 * NSEC_PER_SEC);
	assert_int_equal(dhcp_start(s->lan->dev, &plain), -EALREADY);
	server_destroy(s);
}

static void strict_waits_before_the_first_question(void **state)
{
	(void)state;
	for (u8 seed = 1; seed < 20; seed++) {
		struct server *s = server_create(NETHOOD_PROFILE_STRICT, seed, 3600);

		begin(s);
		until(s, DHCP_BOUND, 20 * SEC);
		assert_in_range(s->asked[0].at_ns - LAN_BEGIN, 1 * SEC, 10 * SEC);
		assert_int_equal(lan_probes(s->lan, OFFERED), ACD_PROBE_NUM); /* and not once more by strict */
		server_destroy(s);
	}
}

/* ------------------------------------------------------------------ lost messages */

static void nobody_answers_and_the_pauses_grow(void **state)
{
	static const u64 pauses[] = { 4, 8, 16, 32, 64, 64, 64 };

	(void)state;
	for (u8 seed = 1; seed < 20; seed++) {
		struct server *s = server_create(NETHOOD_PROFILE_LINUX, seed, 3600);

		s->silent = true;
		begin(s);
		lan_tick(s->lan, 300 * SEC);
		assert_in_range(s->asked_count, 8, 9);
		for (u32 i = 0; i < ARRAY_SIZE(pauses); i++) {
			u64 pause = s->asked[i + 1].at_ns - s->asked[i].at_ns;

			assert_int_equal(s->asked[i].type, DHCPDISCOVER);
			assert_in_range(pause, (pauses[i] - 1) * SEC, (pauses[i] + 1) * SEC);
			assert_int_equal(s->asked[i].xid, s->asked[0].xid);
			assert_int_equal(s->asked[i].secs, (s->asked[i].at_ns - s->asked[0].at_ns) / SEC);
		}
		assert_null(inet_lookup_ifaddr(s->lan->net, ipv4ll_candidate(LAN_MAC, 0)));
		server_destroy(s);
	}
}

/** struct lost_row - how many of each are lost, and when it has an address all the same */
struct lost_row {
	const char *says;
	u32 discovers, requests;
	u32 bound_min_s, bound_max_s;
	u32 sent_discovers, sent_requests;
};

static const struct lost_row lost_rows[] = {
	{ "none", 0, 0, 4, 9, 1, 1 },
	{ "the first DISCOVER", 1, 0, 7, 14, 2, 1 },
	{ "four DISCOVERs", 4, 0, 60, 73, 5, 1 },
	{ "the first REQUEST", 0, 1, 7, 14, 1, 2 },
	{ "three REQUESTs", 0, 3, 29, 40, 1, 4 },
	{ "so many REQUESTs that it begins again", 0, 4, 61, 83, 2, 5 },
	{ "some of both", 2, 2, 21, 35, 3, 3 },
};

static void lost_messages_are_sent_again(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(lost_rows); i++) {
		const struct lost_row *r = &lost_rows[i];
		struct server *s = server_create(NETHOOD_PROFILE_LINUX, 9, 3600);
		u64 took;

		s->deaf_to[DHCPDISCOVER] = r->discovers;
		s->deaf_to[DHCPREQUEST] = r->requests;
		begin(s);
		until(s, DHCP_BOUND, 200 * SEC);
		took = s->lan->now - LAN_BEGIN;
		if (took < r->bound_min_s * SEC || took > r->bound_max_s * SEC ||
		    server_count(s, DHCPDISCOVER) != r->sent_discovers ||
		    server_count(s, DHCPREQUEST) != r->sent_requests)
			fail_msg("%s: after %.1f s, %u, %u", r->says, (double)took / 1e9, server_count(s, DHCPDISCOVER),
				 server_count(s, DHCPREQUEST));
		server_destroy(s);
	}
}

/* ------------------------------------------------------------------ answers that are none */

static void spoil_xid(struct server *s, u8 *f, u32 *len)
{
	(void)s, (void)len;
	f[DHCP_AT + 4] ^= 1;
	f[40] = f[41] = 0; /* no checksum */
}

static void spoil_chaddr(struct server *s, u8 *f, u32 *len)
{
	(void)s, (void)len;
	f[DHCP_AT + 28] ^= 4;
	f[40] = f[41] = 0;
}

static void spoil_op(struct server *s, u8 *f, u32 *len)
{
	(void)s, (void)len;
	f[DHCP_AT] = BOOTREQUEST;
	f[40] = f[41] = 0;
}

static void spoil_cookie(struct server *s, u8 *f, u32 *len)
{
	(void)s, (void)len;
	f[DHCP_AT + 239] ^= 1;
	f[40] = f[41] = 0;
}

static void spoil_checksum(struct server *s, u8 *f, u32 *len)
{
	(void)s, (void)len;
	f[41] ^= 1;
}

static void spoil_server_id(struct server *s, u8 *f, u32 *len)
{
	(void)s, (void)len;
	if (f[DHCP_AT + 242] == DHCPACK)
		f[DHCP_AT + 248] = 9;
	f[40] = f[41] = 0;
}

static void spoil_addr(struct server *s, u8 *f, u32 *len)
{
	(void)s, (void)len;
	if (f[DHCP_AT + 242] == DHCPACK)
		f[DHCP_AT + 19] ^= 1;
	f[40] = f[41] = 0;
}

static void spoil_type(struct server *s, u8 *f, u32 *len)
{
	(void)s, (void)len;
	f[DHCP_AT + 242] = f[DHCP_AT + 242] == DHCPOFFER ? DHCPACK : DHCPOFFER;
	f[40] = f[41] = 0;
}

static void spoil_port(struct server *s, u8 *f, u32 *len)
{
	(void)s, (void)len;
	f[37] = 69;
	f[40] = f[41] = 0;
}

static void spoil_fragment(struct server *s, u8 *f, u32 *len)
{
	(void)s, (void)len;
	f[20] = 0x20;
	f[24] = f[25] = 0;
	put_unaligned_be16(ip_compute_csum(f + 14, 20), f + 24);
}

static const struct {
	const char *says;
	void (*spoil)(struct server *s, u8 *f, u32 *len);
} rogues[] = {
	{ "another exchange's number", spoil_xid },
	{ "another client's address", spoil_chaddr },
	{ "a question, not an answer", spoil_op },
	{ "no cookie", spoil_cookie },
	{ "a wrong checksum", spoil_checksum },
	{ "another server's acknowledgement", spoil_server_id },
	{ "an acknowledgement for another address", spoil_addr },
	{ "a type that nobody waits for", spoil_type },
	{ "another port", spoil_port },
	{ "a fragment", spoil_fragment },
};

static void answers_that_are_not_for_us_are_not_believed(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rogues); i++) {
		struct server *s = server_create(NETHOOD_PROFILE_LINUX, 9, 3600);

		s->spoil = rogues[i].spoil;
		begin(s);
		lan_tick(s->lan, 120 * SEC);
		if (ifa_of(s) || state_of(s) == DHCP_BOUND || state_of(s) == DHCP_PROBING)
			fail_msg("%s is believed", rogues[i].says);
		s->spoil = NULL; /* it does not harm either */
		until(s, DHCP_BOUND, 200 * SEC);
		server_destroy(s);
	}
}

static void a_client_identifier_that_comes_back_must_be_ours(void **state)
{
	static const u8 ours[] = { 1, 2, 0, 0, 0, 0, 2 }, other[] = { 1, 2, 0, 0, 0, 0, 3 };

	(void)state;
	for (int wrong = 0; wrong < 2; wrong++) {
		struct server *s = server_create(NETHOOD_PROFILE_LINUX, 9, 3600);

		add_option(s, DHCP_CLIENT_ID, wrong ? other : ours, sizeof(ours));
		begin(s);
		lan_tick(s->lan, 20 * SEC);
		assert_int_equal(state_of(s), wrong ? DHCP_SELECTING : DHCP_BOUND);
		server_destroy(s);
	}
}

/* Whatever is cut off, and whatever is flipped: no crash, no address that no server gave. */
static u32 cut_at, flip_at;

static void spoil_length(struct server *s, u8 *f, u32 *len)
{
	u16 udp;

	(void)s;
	if (cut_at >= *len - 42)
		return;
	*len = 42 + cut_at;
	udp = (u16)(8 + cut_at);
	put_unaligned_be16(cpu_to_be16((u16)(20 + udp)), f + 16);
	put_unaligned_be16(cpu_to_be16(udp), f + 38);
	f[40] = f[41] = f[24] = f[25] = 0;
	put_unaligned_be16(ip_compute_csum(f + 14, 20), f + 24);
}

static void spoil_bits(struct server *s, u8 *f, u32 *len)
{
	if (DHCP_AT + flip_at < *len)
		f[DHCP_AT + flip_at] ^= (u8)(1 + s->asked_count * 37);
	f[40] = f[41] = 0;
}

static void cut_and_flipped_answers_do_no_harm(void **state)
{
	(void)state;
	for (u32 i = 0; i < 2 * 270; i++) {
		struct server *s = server_create(NETHOOD_PROFILE_LINUX, 9, 3600);

		cut_at = flip_at = i / 2;
		s->spoil = i & 1 ? spoil_bits : spoil_length;
		begin(s);
		lan_tick(s->lan, 2 * SEC);
		if (!(i & 1)) /* behind the time of the lease, and behind the router, a whole option ends */
			assert_int_equal(state_of(s), cut_at == 261 || cut_at >= 267 ? DHCP_PROBING : DHCP_SELECTING);
		s->spoil = NULL;
		until(s, DHCP_BOUND, 300 * SEC);
		server_destroy(s);
	}
}

/* ------------------------------------------------------------------ NAK, DECLINE */

static void a_refused_request_begins_again_later(void **state)
{
	struct server *s = server_create(NETHOOD_PROFILE_LINUX, 9, 3600);

	(void)state;
	s->nak = true;
	begin(s);
	lan_tick(s->lan, 100 * SEC);
	assert_in_range(server_count(s, DHCPDISCOVER), 10, 100); /* one to ten seconds apart */
	assert_null(ifa_of(s));
	assert_non_null(strstr(s->lan->log, "the DHCP server 10.0.0.1 refuses 10.0.0.77"));
	s->nak = false;
	until(s, DHCP_BOUND, 30 * SEC);
	server_destroy(s);
}

static void an_address_that_somebody_has_is_declined(void **state)
{
	struct server *s = server_create(NETHOOD_PROFILE_LINUX, 9, 3600);
	const struct asked *d, *again;

	(void)state;
	s->taken = true;
	begin(s);
	lan_tick(s->lan, 2 * SEC);
	assert_int_equal(server_count(s, DHCPDECLINE), 1);
	d = &s->asked[2];
	assert_int_equal(d->type, DHCPDECLINE);
	assert_true(!d->saddr && !d->ciaddr && d->daddr == CONST_BE32(0xffffffff) && d->broadcast_frame);
	assert_true(d->requested == OFFERED && d->server == SERVER);
	assert_null(ifa_of(s));
	s->gives = IP4(10, 0, 0, 78);
	s->taken = false;
	until(s, DHCP_BOUND, 30 * SEC);
	again = &s->asked[3];
	assert_int_equal(again->type, DHCPDISCOVER);
	assert_int_equal(again->at_ns - d->at_ns, 10 * SEC); /* 3.1 (5) */
	assert_int_not_equal(again->xid, s->asked[0].xid);
	assert_non_null(ifa_of(s));
	server_destroy(s);
}

static void an_address_in_use_that_somebody_takes_is_defended_then_declined(void **state)
{
	struct server *s = bound(NETHOOD_PROFILE_LINUX, 3600);

	(void)state;
	lan_tick(s->lan, 20 * SEC);
	lan_arp(s->lan, ARPOP_REPLY, LAN_OTHER, OFFERED, OFFERED);
	assert_non_null(ifa_of(s));
	lan_arp(s->lan, ARPOP_REPLY, LAN_OTHER, OFFERED, OFFERED);
	nothing_is_left(s);
	assert_int_equal(server_count(s, DHCPDECLINE), 1);
	until(s, DHCP_BOUND, 30 * SEC);
	server_destroy(s);
}

/* ------------------------------------------------------------------ T1, T2, the end */

static void a_lease_is_renewed_by_unicast(void **state)
{
	struct server *s = bound(NETHOOD_PROFILE_LINUX, 3600);
	const struct asked *r;

	(void)state;
	lan_tick(s->lan, 1900 * SEC);
	assert_int_equal(s->asked_count, 3);
	r = &s->asked[2];
	assert_int_equal(r->type, DHCPREQUEST);
	assert_in_range(r->at_ns - s->asked[1].at_ns, (1800 - 113) * SEC, 1800 * SEC); /* T1, a little earlier */
	assert_true(r->saddr == OFFERED && r->daddr == SERVER && r->ciaddr == OFFERED && !r->broadcast_frame);
	assert_true(!r->requested && !r->server); /* table 5: MUST NOT */
	assert_int_not_equal(r->xid, s->asked[0].xid);
	assert_int_equal(state_of(s), DHCP_BOUND);
	assert_int_equal(ifa_of(s)->ifa_valid_lft_s, 3600);
	lan_tick(s->lan, 20 * 3600 * SEC); /* and so on */
	assert_non_null(ifa_of(s));
	assert_in_range(server_count(s, DHCPREQUEST), 40, 50);
	assert_int_equal(lan_probes(s->lan, OFFERED), 3); /* not again */
	assert_int_equal(routes_of(s).count, 1);
	server_destroy(s);
}

static void a_server_that_is_gone_is_asked_then_everybody_then_the_lease_ends(void **state)
{
	struct server *s = bound(NETHOOD_PROFILE_LINUX, 3600);
	u64 began = s->asked[1].at_ns, t2 = began + 3150 * SEC;
	u32 renews = 0, rebinds = 0;

	(void)state;
	s->silent = true;
	lan_tick(s->lan, began + 3598 * SEC - s->lan->now);
	assert_int_equal(state_of(s), DHCP_REBINDING);
	assert_non_null(ifa_of(s));
	lan_tick(s->lan, 3 * SEC);
	assert_int_equal(state_of(s), DHCP_SELECTING);
	nothing_is_left(s);
	for (u32 i = 2; i < s->asked_count && s->asked[i].type == DHCPREQUEST; i++) {
		const struct asked *a = &s->asked[i], *before = &s->asked[i - 1];

		assert_true(a->ciaddr == OFFERED && a->saddr == OFFERED && !a->server && !a->requested);
		assert_int_equal(a->broadcast_frame, a->at_ns >= t2);
		assert_true(a->at_ns - before->at_ns >= 60 * SEC || (i > 2 && a->at_ns == t2)); /* 4.4.5 */
		renews += a->at_ns < t2;
		rebinds += a->at_ns >= t2;
	}
	assert_in_range(renews, 4, 6);
	assert_in_range(rebinds, 3, 4);
	assert_int_equal(dhcp_stats(s->lan->net)->expired, 1);
	s->silent = false;
	until(s, DHCP_BOUND, 120 * SEC);
	server_destroy(s);
}

static void another_server_may_answer_while_rebinding(void **state)
{
	struct server *s = bound(NETHOOD_PROFILE_LINUX, 3600);

	(void)state;
	s->deaf_to[DHCPREQUEST] = ~0U;
	until(s, DHCP_REBINDING, 3600 * SEC);
	s->deaf_to[DHCPREQUEST] = 0;
	until(s, DHCP_BOUND, 400 * SEC);
	assert_non_null(ifa_of(s));
	assert_in_range(ifa_of(s)->ifa_valid_lft_s, 3000, 3600);
	server_destroy(s);
}

static void a_renewal_that_is_refused_ends_the_lease_at_once(void **state)
{
	struct server *s = bound(NETHOOD_PROFILE_LINUX, 3600);

	(void)state;
	s->nak = true;
	until(s, DHCP_INIT, 1801 * SEC);
	nothing_is_left(s);
	s->nak = false;
	until(s, DHCP_BOUND, 30 * SEC);
	server_destroy(s);
}

static void a_lease_for_ever_is_not_renewed(void **state)
{
	struct server *s = bound(NETHOOD_PROFILE_LINUX, DHCP_INFINITE);

	(void)state;
	assert_true(ifa_of(s)->ifa_flags & IFA_F_PERMANENT);
	lan_tick(s->lan, 400 * 86400 * SEC);
	assert_int_equal(s->asked_count, 2);
	assert_non_null(ifa_of(s));
	server_destroy(s);
}

/** struct times_row - T1 and T2 as the server says, and as they are */
static const struct times_row {
	const char *says;
	u32 lease, t1, t2;
	u32 t1_min, t1_max, is_t2;
} times_rows[] = {
	{ "none said", 8000, 0, 0, 3750, 4000, 7000 },
	{ "both said", 8000, 100, 200, 100, 100, 200 },
	{ "T1 after T2", 8000, 300, 200, 200, 200, 200 },
	{ "T2 after the end", 8000, 100, 9000, 100, 100, 7000 },
	{ "T1 after the end", 8000, 9000, 0, 3750, 4000, 7000 },
	{ "T2 at the end", 8000, 0, 8000, 3750, 4000, 7000 },
	{ "the shortest that can be had", 20, 0, 0, 10, 10, 17 },
	{ "the longest that ends", 0xfffffffeU, 0, 0, 0x78000000U, 0x7fffffffU, 0xdffffffeU },
};

static void times_that_make_no_sense_are_replaced(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(times_rows); i++) {
		const struct times_row *r = &times_rows[i];
		struct server *s = server_create(NETHOOD_PROFILE_LINUX, (u8)(i + 1), r->lease);
		struct dhcp_status st;
		ktime_t asked;

		if (r->t1)
			add_u32(s, DHCP_T1, r->t1);
		if (r->t2)
			add_u32(s, DHCP_T2, r->t2);
		begin(s);
		asked = (ktime_t)s->asked[1].at_ns;
		until(s, DHCP_BOUND, 9 * SEC);
		assert_int_equal(dhcp_status(s->lan->dev, &st), 0);
		if ((st.t1 - asked) / NSEC_PER_SEC < r->t1_min || (st.t1 - asked) / NSEC_PER_SEC > r->t1_max ||
		    (st.t2 - asked) / NSEC_PER_SEC != r->is_t2 || (st.expires - asked) / NSEC_PER_SEC != r->lease)
			fail_msg("%s: %lld %lld %lld", r->says, (long long)((st.t1 - asked) / NSEC_PER_SEC),
				 (long long)((st.t2 - asked) / NSEC_PER_SEC),
				 (long long)((st.expires - asked) / NSEC_PER_SEC));
		server_destroy(s);
	}
}

static void a_lease_shorter_than_the_probe_gives_no_address(void **state)
{
	struct server *s = server_create(NETHOOD_PROFILE_LINUX, 9, 2);

	(void)state;
	begin(s);
	for (u32 i = 0; i < 600; i++) {
		lan_tick(s->lan, SEC / 10);
		assert_null(ifa_of(s));
	}
	server_destroy(s);
}

/* ------------------------------------------------------------------ the end */

static void an_address_is_released_by_unicast(void **state)
{
	struct server *s = bound(NETHOOD_PROFILE_LINUX, 3600);
	const struct asked *r;

	(void)state;
	assert_int_equal(dhcp_stop(s->lan->dev), 0);
	assert_int_equal(dhcp_stop(s->lan->dev), 0); /* it is about to */
	lan_tick(s->lan, SEC / 10);                  /* ARP, too */
	assert_int_equal(s->asked_count, 3);
	r = &s->asked[2];
	assert_int_equal(r->type, DHCPRELEASE);
	assert_true(r->saddr == OFFERED && r->ciaddr == OFFERED && r->daddr == SERVER && r->server == SERVER);
	assert_false(r->broadcast_frame);
	assert_true(!r->requested);
	assert_int_equal(dhcp_stop(s->lan->dev), -ENOENT);
	nothing_is_left(s);
	assert_false(acd_pending_count(s->lan->net));
	begin(s); /* and once more */
	until(s, DHCP_BOUND, 20 * SEC);
	server_destroy(s);
}

static void a_server_that_cannot_be_found_delays_the_end_by_a_second(void **state)
{
	struct server *s = bound(NETHOOD_PROFILE_LINUX, 3600);

	(void)state;
	s->no_arp = true;
	assert_int_equal(dhcp_stop(s->lan->dev), 0);
	lan_tick(s->lan, SEC / 2);
	assert_int_equal(state_of(s), DHCP_RELEASING);
	lan_tick(s->lan, SEC * 6 / 10);
	assert_int_equal(state_of(s), DHCP_ENDED);
	nothing_is_left(s);
	server_destroy(s);
}

static void it_may_be_stopped_and_freed_at_any_time(void **state)
{
	(void)state;
	for (u32 ms = 0; ms < 12000; ms += 190) {
		for (int how = 0; how < 3; how++) {
			struct server *s = server_create(NETHOOD_PROFILE_LINUX, 9, 3600);

			s->deaf_to[DHCPDISCOVER] = ms & 1;
			begin(s);
			lan_tick(s->lan, ms * (u64)NSEC_PER_MSEC);
			if (how == 1)
				assert_int_equal(dhcp_stop(s->lan->dev), 0);
			if (how == 2)
				nethood_dev_destroy(s->lan->handle);
			if (how == 1) {
				lan_tick(s->lan, 2 * SEC);
				assert_int_equal(state_of(s), DHCP_ENDED);
				nothing_is_left(s);
			}
			server_destroy(s);
		}
	}
}

static void who_deletes_the_address_ends_the_client(void **state)
{
	struct server *s = bound(NETHOOD_PROFILE_LINUX, 3600);

	(void)state;
	assert_int_equal(inet_del_ifa(s->lan->dev, inet_lookup_ifaddr(s->lan->net, OFFERED), 0), 0);
	assert_int_equal(state_of(s), DHCP_ENDED);
	nothing_is_left(s);
	server_destroy(s);
}

/** struct owner - whoever asked for the address */
struct owner {
	struct server *s;
	u32 told;
	bool stops;
};

static void owner_told(void *ctx, struct nethood_dev *dev)
{
	struct owner *o = ctx;

	o->told++;
	if (o->stops)
		(void)nethood_dhcp_stop(dev);
}

static void the_owner_is_told_and_may_stop_it(void **state)
{
	(void)state;
	for (int stops = 0; stops < 2; stops++) {
		struct owner o = { .s = server_create(NETHOOD_PROFILE_LINUX, 9, 3600), .stops = stops };
		const struct nethood_dhcp_config cfg = { .changed = owner_told, .ctx = &o };
		struct nethood_dhcp_lease lease;

		assert_int_equal(nethood_dhcp_start(o.s->lan->handle, &cfg), 0);
		lan_tick(o.s->lan, 12 * SEC);
		assert_int_equal(nethood_dhcp_lease(o.s->lan->handle, &lease), stops ? -ENOENT : 0);
		assert_int_equal(o.told, stops ? 2 : 1);
		if (!stops) {
			assert_true(lease.bound && lease.addr.s_addr == htonl(0x0a00004d));
			assert_int_equal(lease.router.s_addr, htonl(0x0a000001));
			assert_int_equal(lease.prefix_bits, 24);
			assert_int_equal(lease.lease_s, 3600);
		}
		server_destroy(o.s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_edge_is_the_first_that_matches_for_some_conditions),
		cmocka_unit_test(the_table_keeps_its_promises),
		cmocka_unit_test(an_address_is_asked_for_probed_and_set),
		cmocka_unit_test(strict_waits_before_the_first_question),
		cmocka_unit_test(nobody_answers_and_the_pauses_grow),
		cmocka_unit_test(lost_messages_are_sent_again),
		cmocka_unit_test(answers_that_are_not_for_us_are_not_believed),
		cmocka_unit_test(a_client_identifier_that_comes_back_must_be_ours),
		cmocka_unit_test(cut_and_flipped_answers_do_no_harm),
		cmocka_unit_test(a_refused_request_begins_again_later),
		cmocka_unit_test(an_address_that_somebody_has_is_declined),
		cmocka_unit_test(an_address_in_use_that_somebody_takes_is_defended_then_declined),
		cmocka_unit_test(a_lease_is_renewed_by_unicast),
		cmocka_unit_test(a_server_that_is_gone_is_asked_then_everybody_then_the_lease_ends),
		cmocka_unit_test(another_server_may_answer_while_rebinding),
		cmocka_unit_test(a_renewal_that_is_refused_ends_the_lease_at_once),
		cmocka_unit_test(a_lease_for_ever_is_not_renewed),
		cmocka_unit_test(times_that_make_no_sense_are_replaced),
		cmocka_unit_test(a_lease_shorter_than_the_probe_gives_no_address),
		cmocka_unit_test(an_address_is_released_by_unicast),
		cmocka_unit_test(a_server_that_cannot_be_found_delays_the_end_by_a_second),
		cmocka_unit_test(it_may_be_stopped_and_freed_at_any_time),
		cmocka_unit_test(who_deletes_the_address_ends_the_client),
		cmocka_unit_test(the_owner_is_told_and_may_stop_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
