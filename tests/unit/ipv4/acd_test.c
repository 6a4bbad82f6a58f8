// SPDX-License-Identifier: BSD-2-Clause
/* RFC 5227 in virtual time: the table, the times on the wire, the policies, the two profiles. */
#include "lan.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "ipv4/acd.h"

#define OURS IP4(10, 77, 0, 2)
#define SEC ((u64)NSEC_PER_SEC)

/** struct owner - somebody who wants an address */
struct owner {
	struct acd acd;
	u32 told[ACD_HEARD + 1];
	u64 told_at[ACD_HEARD + 1];
	struct lan *lan;
};

static void owner_told(struct acd *acd, enum acd_result result, const u8 *mac)
{
	struct owner *o = container_of(acd, struct owner, acd);

	assert_int_equal(mac == NULL, result == ACD_USABLE);
	o->told[result]++;
	o->told_at[result] = o->lan->now;
}

static void owner_start(struct owner *o, struct lan *lan, enum acd_policy policy)
{
	memset(o, 0, sizeof(*o));
	o->lan = lan;
	assert_int_equal(acd_start(&o->acd, lan->dev, OURS, policy, owner_told), 0);
}

/* ------------------------------------------------------------------ the table */

static void each_edge_is_the_first_that_matches_for_some_conditions(void **state)
{
	u32 count, used = 0;
	const struct acd_edge *edges = acd_edges(&count);

	(void)state;
	for (u32 i = 0; i < count; i++) {
		bool reached = false;

		assert_non_null(edges[i].source);
		assert_int_equal(edges[i].want & ~edges[i].mask, 0);
		for (u32 s = 0; s < ACD_NR_STATES; s++)
			for (u32 cond = 0; cond <= ACD_C_ALL; cond++)
				reached |= acd_step(s, edges[i].event, cond) == &edges[i];
		used += reached;
		if (!reached)
			print_error("edge %u is never taken\n", i);
	}
	assert_int_equal(used, count);
}

/* What must hold for every state, event and condition. */
static void the_table_keeps_its_promises(void **state)
{
	(void)state;
	for (u32 s = 0; s < ACD_NR_STATES; s++) {
		for (u32 cond = 0; cond <= ACD_C_ALL; cond++) {
			const struct acd_edge *claim = acd_step(s, ACD_EV_CLAIM, cond);
			const struct acd_edge *timer = acd_step(s, ACD_EV_TIMER, cond);
			bool kept = s == ACD_ANNOUNCE || s == ACD_HOLD, sleeping = s == ACD_IDLE || s == ACD_OFF;

			assert_int_equal(claim == NULL, sleeping); /* a claim is never overheard */
			assert_int_equal(timer == NULL, sleeping || s == ACD_HOLD);
			if (kept && (cond & ACD_C_RECENT)) /* 2.4: no second defence within DEFEND_INTERVAL */
				assert_false(claim->act & ACD_A_ANNOUNCE);
			if (kept && (cond & ACD_C_GIVE_UP))
				assert_int_equal(claim->result, ACD_LOST);
			if (kept && (cond & ACD_C_NEVER) && !(cond & ACD_C_GIVE_UP))
				assert_int_equal(claim->to, s);
			if (timer && (timer->act & ACD_A_PROBE))
				assert_false(kept);
		}
	}
}

/* ------------------------------------------------------------------ times */

static void probes_and_announcements_come_when_the_rfc_says(void **state)
{
	(void)state;
	for (u8 seed = 1; seed < 60; seed++) {
		struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, seed);
		u64 began = lan->now;
		struct owner o;

		owner_start(&o, lan, ACD_DEFEND_ONCE);
		lan_tick(lan, 20 * SEC);
		assert_int_equal(lan->out_count, ACD_PROBE_NUM + ACD_ANNOUNCE_NUM);
		assert_int_equal(lan_probes(lan, OURS), ACD_PROBE_NUM);
		assert_int_equal(lan_announcements(lan, OURS), ACD_ANNOUNCE_NUM);
		assert_true(lan->out[0].at_ns - began <= 1 * SEC);
		for (u32 i = 1; i < 3; i++) {
			u64 pause = lan->out[i].at_ns - lan->out[i - 1].at_ns;

			assert_true(pause >= 1 * SEC && pause <= 2 * SEC);
		}
		assert_int_equal(lan->out[3].at_ns - lan->out[2].at_ns, 2 * SEC);
		assert_int_equal(lan->out[4].at_ns - lan->out[3].at_ns, 2 * SEC);
		assert_int_equal(o.told[ACD_USABLE], 1);
		assert_int_equal(o.told_at[ACD_USABLE], lan->out[3].at_ns);
		acd_stop(&o.acd);
		lan_destroy(lan);
	}
}

/** struct before_row - a packet that comes while the address is probed for */
struct before_row {
	const char *says;
	u16 op;
	__be32 sip, tip;
	bool ours; /**< from one of our own MACs */
	bool conflict;
};

static const struct before_row before_rows[] = {
	{ "a reply that says that it has it", ARPOP_REPLY, OURS, IP4(10, 77, 0, 9), false, true },
	{ "a request from it", ARPOP_REQUEST, OURS, IP4(10, 77, 0, 9), false, true },
	{ "an announcement of it", ARPOP_REQUEST, OURS, OURS, false, true },
	{ "a probe for it", ARPOP_REQUEST, CONST_BE32(0), OURS, false, true },
	{ "a reply without a sender's address", ARPOP_REPLY, CONST_BE32(0), OURS, false, false },
	{ "a question for it, from another address", ARPOP_REQUEST, IP4(10, 77, 0, 9), OURS, false, false },
	{ "a probe for another address", ARPOP_REQUEST, CONST_BE32(0), IP4(10, 77, 0, 9), false, false },
	{ "an announcement of another address", ARPOP_REQUEST, IP4(10, 77, 0, 9), IP4(10, 77, 0, 9), false, false },
	{ "our own probe, which came back", ARPOP_REQUEST, CONST_BE32(0), OURS, true, false },
	{ "our own announcement, which came back", ARPOP_REQUEST, OURS, OURS, true, false },
	{ "RARP", 3, OURS, OURS, false, false },
};

static void what_is_a_conflict_before_the_address_is_used(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(before_rows); i++) {
		const struct before_row *r = &before_rows[i];

		for (u64 at = 0; at < 4; at++) { /* in each state */
			struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 3);
			struct owner o;

			owner_start(&o, lan, ACD_DEFEND_ONCE);
			lan_tick(lan, at ? 1100 * (u64)NSEC_PER_MSEC * at : 1);
			assert_int_equal(o.told[ACD_USABLE], 0);
			lan_arp(lan, r->op, r->ours ? LAN_MAC : LAN_OTHER, r->sip, r->tip);
			if (o.told[ACD_CONFLICT] != r->conflict || acd_active(&o.acd) == r->conflict)
				fail_msg("%s, at %llu", r->says, (unsigned long long)at);
			lan_tick(lan, 20 * SEC);
			assert_int_equal(o.told[ACD_USABLE], !r->conflict);
			acd_stop(&o.acd);
			lan_destroy(lan);
		}
	}
}

/* ------------------------------------------------------------------ 2.4 */

/** struct defend_row - claims after the address is in use, seconds apart, and what is left */
struct defend_row {
	const char *says;
	enum acd_policy policy;
	u32 first_s; /**< of the first claim, after the address became usable */
	u32 claims, apart_s;
	u32 defended, contested, lost;
};

static const struct defend_row defend_rows[] = {
	{ "(a) gives up at the first claim", ACD_GIVE_UP, 10, 1, 0, 0, 0, 1 },
	{ "(a) also while it is announced", ACD_GIVE_UP, 1, 1, 0, 0, 0, 1 },
	{ "(b) answers one claim", ACD_DEFEND_ONCE, 10, 1, 0, 1, 0, 0 },
	{ "(b) also while it is announced", ACD_DEFEND_ONCE, 1, 1, 0, 1, 0, 0 },
	{ "(b) gives up at a second one within 10 s", ACD_DEFEND_ONCE, 10, 2, 9, 1, 0, 1 },
	{ "(b) answers one every 10 s for ever", ACD_DEFEND_ONCE, 10, 20, 10, 20, 0, 0 },
	{ "(c) keeps it, and answers not more than once in 10 s", ACD_NEVER_GIVE_UP, 10, 20, 1, 1, 19, 0 },
	{ "(c) also while it is announced", ACD_NEVER_GIVE_UP, 0, 2, 1, 1, 1, 0 },
	{ "(c) answers those that are far apart", ACD_NEVER_GIVE_UP, 10, 5, 11, 5, 0, 0 },
};

static void an_address_in_use_is_defended_by_policy(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(defend_rows); i++) {
		const struct defend_row *r = &defend_rows[i];
		struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 5);
		struct owner o;

		owner_start(&o, lan, r->policy);
		while (!o.told[ACD_USABLE])
			lan_tick(lan, SEC / 100);
		lan_tick(lan, r->first_s * SEC);
		if (r->first_s >= 10)
			lan_forget(lan);
		for (u32 c = 0; c < r->claims; c++) {
			lan_arp(lan, ARPOP_REPLY, LAN_OTHER, OURS, OURS);
			lan_tick(lan, r->apart_s * SEC);
		}
		if (o.told[ACD_DEFENDED] != r->defended || o.told[ACD_CONTESTED] != r->contested ||
		    o.told[ACD_LOST] != r->lost)
			fail_msg("%s: %u defended, %u contested, %u lost", r->says, o.told[ACD_DEFENDED],
				 o.told[ACD_CONTESTED], o.told[ACD_LOST]);
		if (r->first_s >= 10)
			assert_int_equal(lan_announcements(lan, OURS), r->defended);
		assert_int_equal(acd_active(&o.acd), !r->lost);
		acd_stop(&o.acd);
		lan_destroy(lan);
	}
}

static void the_answer_to_a_claim_is_not_one_of_the_announcements(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 5);
	struct owner o;

	(void)state;
	owner_start(&o, lan, ACD_DEFEND_ONCE);
	while (!o.told[ACD_USABLE])
		lan_tick(lan, SEC / 100);
	lan_arp(lan, ARPOP_REQUEST, LAN_OTHER, OURS, OURS);
	lan_tick(lan, 20 * SEC);
	assert_int_equal(lan_announcements(lan, OURS), ACD_ANNOUNCE_NUM + 1);
	assert_int_equal(o.acd.state, ACD_HOLD);
	acd_stop(&o.acd);
	lan_destroy(lan);
}

/* ------------------------------------------------------------------ MAX_CONFLICTS */

static void answer_each_probe(struct lan *lan, const struct lan_frame *f)
{
	__be32 addr = get_unaligned_be32(f->data + 38);
	u8 reply[60];

	if (lan_is_arp(f, ARPOP_REQUEST, CONST_BE32(0), addr))
		lan_receive(lan, reply, lan_arp_build(reply, ARPOP_REPLY, LAN_OTHER, addr, LAN_MAC, CONST_BE32(0)));
}

static void after_ten_conflicts_one_attempt_a_minute(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 5);
	u32 tries = 0, late = 0;
	u64 end;
	struct owner o = { .lan = lan };

	(void)state;
	lan->answer = answer_each_probe;
	for (end = lan->now + 600 * SEC; lan->now < end; lan_tick(lan, SEC / 10)) {
		if (acd_active(&o.acd))
			continue;
		if (lan->now - LAN_BEGIN > 30 * SEC)
			late++;
		tries++;
		assert_int_equal(acd_start(&o.acd, lan->dev, OURS, ACD_GIVE_UP, owner_told), 0);
	}
	assert_in_range(tries, 18, 21);
	assert_in_range(late, 8, 10);
	acd_stop(&o.acd);
	/* another network: the count begins anew */
	dev_close(lan->dev);
	assert_int_equal(dev_open(lan->dev), 0);
	lan->answer = NULL;
	lan_forget(lan);
	owner_start(&o, lan, ACD_GIVE_UP);
	lan_tick(lan, 10 * SEC);
	assert_int_equal(o.told[ACD_USABLE], 1);
	acd_stop(&o.acd);
	lan_destroy(lan);
}

/* ------------------------------------------------------------------ links */

static void a_link_that_comes_back_is_probed_again_and_the_address_stays(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 5);
	struct owner o;

	(void)state;
	nethood_dev_carrier(lan->handle, false);
	lan_poll(lan);
	owner_start(&o, lan, ACD_DEFEND_ONCE);
	lan_tick(lan, 20 * SEC);
	assert_int_equal(lan->out_count, 0);
	nethood_dev_carrier(lan->handle, true);
	lan_tick(lan, 20 * SEC);
	assert_int_equal(o.told[ACD_USABLE], 1);
	lan_forget(lan);
	nethood_dev_carrier(lan->handle, false);
	lan_poll(lan);
	nethood_dev_carrier(lan->handle, true);
	lan_tick(lan, 2 * SEC);
	lan_arp(lan, ARPOP_REQUEST, LAN_OTHER, CONST_BE32(0), OURS); /* a probe is no claim to what is in use */
	lan_tick(lan, 20 * SEC);
	assert_int_equal(lan_probes(lan, OURS), ACD_PROBE_NUM);
	assert_int_equal(lan_announcements(lan, OURS), ACD_ANNOUNCE_NUM);
	assert_int_equal(o.told[ACD_USABLE], 1);
	assert_int_equal(o.told[ACD_LOST], 0);
	nethood_dev_carrier(lan->handle, false);
	lan_poll(lan);
	nethood_dev_carrier(lan->handle, true);
	lan_tick(lan, 2 * SEC);
	lan_arp(lan, ARPOP_REPLY, LAN_OTHER, OURS, OURS);
	assert_int_equal(o.told[ACD_LOST], 1);
	lan_destroy(lan);
}

static void two_owners_of_one_address_and_devices_without_arp_are_refused(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 5);
	struct acd second = { 0 };
	struct owner o;

	(void)state;
	owner_start(&o, lan, ACD_GIVE_UP);
	assert_int_equal(acd_start(&second, lan->dev, OURS, ACD_GIVE_UP, owner_told), -EEXIST);
	assert_int_equal(acd_start(&second, lan->dev, CONST_BE32(0), ACD_GIVE_UP, owner_told), -EINVAL);
	assert_int_equal(acd_start(&second, dev_find_by_name(lan->net, "lo"), OURS, ACD_GIVE_UP, owner_told), -EINVAL);
	acd_stop(&o.acd);
	acd_stop(&o.acd);
	lan_destroy(lan);
}

/* ------------------------------------------------------------------ addresses that somebody sets */

/** struct ear - on acd_chain */
struct ear {
	struct notifier_block nb;
	u32 told[ACD_HEARD + 1];
};

static int ear_call(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct acd_info *info = data;

	container_of(nb, struct ear, nb)->told[event]++;
	assert_true(info->addr == OURS);
	return 0;
}

static void linux_sends_nothing_and_counts_what_it_hears(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 5);
	struct ear ear = { .nb.call = ear_call };

	(void)state;
	notifier_chain_register(&lan->net->ipv4->acd_chain, &ear.nb);
	assert_int_equal(lan_addr(lan, OURS, 24, 0), 0);
	lan_tick(lan, 20 * SEC);
	lan_arp(lan, ARPOP_REQUEST, LAN_OTHER, OURS, OURS);
	lan_arp(lan, ARPOP_REPLY, LAN_OTHER, OURS, OURS);
	lan_arp(lan, ARPOP_REQUEST, LAN_OTHER, OURS, IP4(10, 77, 0, 9));
	lan_arp(lan, ARPOP_REQUEST, LAN_MAC, OURS, OURS);                /* ours, and back */
	lan_arp(lan, ARPOP_REQUEST, LAN_OTHER, IP4(10, 77, 0, 9), OURS); /* a question */
	lan_tick(lan, 20 * SEC);
	assert_int_equal(lan->out_count, 1); /* its answer */
	assert_int_equal(acd_stats(lan->net)->heard, 3);
	assert_int_equal(ear.told[ACD_HEARD], 3);
	assert_true(lan_has(lan, OURS));
	assert_non_null(strstr(lan->log, "eth0: 10.77.0.2 is used by 02:00:00:00:77:01 too\n"));
	notifier_chain_unregister(&lan->net->ipv4->acd_chain, &ear.nb);
	lan_destroy(lan);
}

static void what_is_said_about_conflicts_is_limited(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_LINUX, 5);
	u32 lines = 0;

	(void)state;
	assert_int_equal(lan_addr(lan, OURS, 24, 0), 0);
	for (u32 i = 0; i < 1000; i++)
		lan_arp(lan, ARPOP_REPLY, LAN_OTHER, OURS, OURS);
	assert_int_equal(acd_stats(lan->net)->heard, 1000);
	for (const char *p = lan->log; (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, 10);
	lan_destroy(lan);
}

static void strict_uses_an_address_when_nobody_has_it(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_STRICT, 5);

	(void)state;
	assert_int_equal(lan_addr(lan, OURS, 24, 0), 0);
	assert_int_equal(acd_pending_count(lan->net), 1);
	assert_int_equal(inet_addr_type(lan->net, OURS), RTN_UNICAST);
	assert_true(inet_select_addr(lan->dev, CONST_BE32(0), RT_SCOPE_UNIVERSE) == CONST_BE32(0));
	lan_arp(lan, ARPOP_REQUEST, LAN_OTHER, IP4(10, 77, 0, 9), OURS);
	assert_int_equal(lan->out_count, 0); /* no answer yet */
	lan_tick(lan, 20 * SEC);
	assert_int_equal(lan_probes(lan, OURS), ACD_PROBE_NUM);
	assert_int_equal(lan_announcements(lan, OURS), ACD_ANNOUNCE_NUM);
	assert_int_equal(acd_pending_count(lan->net), 0);
	assert_int_equal(inet_addr_type(lan->net, OURS), RTN_LOCAL);
	assert_true(inet_select_addr(lan->dev, CONST_BE32(0), RT_SCOPE_UNIVERSE) == OURS);
	lan_forget(lan);
	lan_arp(lan, ARPOP_REQUEST, LAN_OTHER, IP4(10, 77, 0, 9), OURS);
	assert_int_equal(lan->out_count, 1);
	lan_arp(lan, ARPOP_REPLY, LAN_OTHER, OURS, OURS);
	assert_int_equal(lan_announcements(lan, OURS), 1); /* defended */
	assert_true(lan_has(lan, OURS));
	lan_arp(lan, ARPOP_REPLY, LAN_OTHER, OURS, OURS);
	assert_false(lan_has(lan, OURS)); /* given up */
	assert_int_equal(inet_addr_type(lan->net, OURS), RTN_UNICAST);
	assert_int_equal(acd_stats(lan->net)->lost, 1);
	lan_destroy(lan);
}

static void strict_takes_back_an_address_that_somebody_has(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_STRICT, 5);

	(void)state;
	lan->answer = answer_each_probe;
	assert_int_equal(lan_addr(lan, OURS, 24, 0), 0);
	lan_tick(lan, 20 * SEC);
	assert_int_equal(lan_probes(lan, OURS), 1);
	assert_int_equal(lan_announcements(lan, OURS), 0);
	assert_false(lan_has(lan, OURS));
	assert_int_equal(acd_pending_count(lan->net), 0);
	assert_non_null(strstr(lan->log, "not taken"));
	lan_destroy(lan);
}

static void strict_leaves_alone_what_needs_no_probe(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_STRICT, 5);

	(void)state;
	assert_int_equal(dev_open(dev_find_by_name(lan->net, "lo")), 0);
	assert_int_equal(lan_addr(lan, OURS, 24, IFA_F_NODAD), 0);
	lan_tick(lan, 20 * SEC);
	assert_int_equal(lan->out_count, 0);
	assert_int_equal(inet_addr_type(lan->net, OURS), RTN_LOCAL);
	assert_int_equal(inet_addr_type(lan->net, IP4(127, 0, 0, 1)), RTN_LOCAL);
	lan_arp(lan, ARPOP_REPLY, LAN_OTHER, OURS, OURS);
	assert_int_equal(acd_stats(lan->net)->heard, 1);
	lan_destroy(lan);
}

static void an_address_that_goes_while_it_is_probed_for_leaves_nothing(void **state)
{
	(void)state;
	for (u32 ms = 0; ms < 9000; ms += 450) {
		struct lan *lan = lan_create(NETHOOD_PROFILE_STRICT, 5);

		assert_int_equal(lan_addr(lan, OURS, 24, 0), 0);
		assert_int_equal(lan_addr(lan, IP4(10, 77, 0, 3), 24, 0), 0); /* a secondary */
		lan_tick(lan, ms * (u64)NSEC_PER_MSEC);
		if (ms % 900)
			assert_int_equal(inet_del_ifa(lan->dev, inet_lookup_ifaddr(lan->net, OURS), 0), 0);
		else
			nethood_dev_destroy(lan->handle);
		assert_int_equal(acd_pending_count(lan->net), 0);
		lan_tick(lan, 20 * SEC);
		lan_destroy(lan);
	}
}

static void a_flood_of_claims_for_other_addresses_changes_nothing(void **state)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_STRICT, 5);
	size_t bytes = 0;

	(void)state;
	assert_int_equal(lan_addr(lan, OURS, 24, 0), 0);
	lan_tick(lan, 20 * SEC);
	for (u32 i = 0; i < 20000; i++) {
		if (i == 100)
			bytes = lan->net->mem->live_bytes; /* what packets take while they are here is there */
		lan_arp(lan, ARPOP_REPLY, LAN_OTHER, cpu_to_be32(0x0a4e0000 + i), cpu_to_be32(0x0a4e0000 + i));
	}
	assert_int_equal(lan->net->mem->live_bytes, bytes);
	assert_int_equal(acd_stats(lan->net)->heard + acd_stats(lan->net)->conflicts, 0);
	lan_destroy(lan);
}

/* ------------------------------------------------------------------ memory */

static u64 play(struct nomem *m, const void *arg)
{
	struct lan *lan = lan_create(NETHOOD_PROFILE_STRICT, 5);

	(void)arg;
	lan->nomem = m;
	m->on = true;
	if (lan_addr(lan, OURS, 24, 0))
		assert_false(lan_has(lan, OURS));
	lan_tick(lan, 27 * SEC);
	m->on = false;
	if (!lan_has(lan, OURS))
		assert_int_equal(lan_addr(lan, OURS, 24, 0), 0);
	lan_tick(lan, 30 * SEC);
	assert_int_equal(inet_addr_type(lan->net, OURS), RTN_LOCAL);
	lan_arp(lan, ARPOP_REPLY, LAN_OTHER, OURS, OURS);
	lan_arp(lan, ARPOP_REPLY, LAN_OTHER, OURS, OURS);
	lan_tick(lan, 20 * SEC);
	lan_destroy(lan);
	return 0;
}

static void each_allocation_may_fail(void **state)
{
	(void)state;
	assert_true(nomem_each("an address that is probed for", play, NULL) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_edge_is_the_first_that_matches_for_some_conditions),
		cmocka_unit_test(the_table_keeps_its_promises),
		cmocka_unit_test(probes_and_announcements_come_when_the_rfc_says),
		cmocka_unit_test(what_is_a_conflict_before_the_address_is_used),
		cmocka_unit_test(an_address_in_use_is_defended_by_policy),
		cmocka_unit_test(the_answer_to_a_claim_is_not_one_of_the_announcements),
		cmocka_unit_test(after_ten_conflicts_one_attempt_a_minute),
		cmocka_unit_test(a_link_that_comes_back_is_probed_again_and_the_address_stays),
		cmocka_unit_test(two_owners_of_one_address_and_devices_without_arp_are_refused),
		cmocka_unit_test(linux_sends_nothing_and_counts_what_it_hears),
		cmocka_unit_test(what_is_said_about_conflicts_is_limited),
		cmocka_unit_test(strict_uses_an_address_when_nobody_has_it),
		cmocka_unit_test(strict_takes_back_an_address_that_somebody_has),
		cmocka_unit_test(strict_leaves_alone_what_needs_no_probe),
		cmocka_unit_test(an_address_that_goes_while_it_is_probed_for_leaves_nothing),
		cmocka_unit_test(a_flood_of_claims_for_other_addresses_changes_nothing),
		cmocka_unit_test(each_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
