// SPDX-License-Identifier: BSD-2-Clause
/* The NUD table: literal rows that say what must happen, and every state x event x condition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "neigh/nud.h"

static const u8 all_states[] = { NUD_NONE,  NUD_INCOMPLETE, NUD_REACHABLE, NUD_STALE,    NUD_DELAY,
				 NUD_PROBE, NUD_FAILED,     NUD_NOARP,     NUD_PERMANENT };

/* clang-format off */
static const struct {
	const char *sentence;
	u8 state;
	enum nud_event event;
	u32 cond;
	u8 to;
	u32 act;
	enum nud_timer timer;
} rows[] = {
{ "a packet for an unknown neighbour waits while everybody is asked at once",
  NUD_NONE, NUD_EV_OUTPUT, 0, NUD_INCOMPLETE, NUD_A_UCAST_DONE | NUD_A_QUEUE | NUD_A_PROBE, NUD_T_RETRANS },
{ "a neighbour that failed is asked for again by the next packet",
  NUD_FAILED, NUD_EV_OUTPUT, 0, NUD_INCOMPLETE, NUD_A_UCAST_DONE | NUD_A_QUEUE | NUD_A_PROBE, NUD_T_RETRANS },
{ "whoever may not be called back now asks at the next poll",
  NUD_NONE, NUD_EV_OUTPUT, NUD_C_DEFERRED, NUD_INCOMPLETE, NUD_A_UCAST_DONE | NUD_A_QUEUE, NUD_T_SOON },
{ "where no question is allowed the packet is dropped",
  NUD_NONE, NUD_EV_OUTPUT, NUD_C_NO_PROBES, NUD_FAILED, NUD_A_DROP, NUD_T_STOP },
{ "no question allowed comes before deferred",
  NUD_FAILED, NUD_EV_OUTPUT, NUD_C_NO_PROBES | NUD_C_DEFERRED, NUD_FAILED, NUD_A_DROP, NUD_T_STOP },
{ "a second packet waits too, and asks nobody",
  NUD_INCOMPLETE, NUD_EV_OUTPUT, 0, 0, NUD_A_QUEUE, NUD_T_KEEP },
{ "a stale address is used while it is doubted",
  NUD_STALE, NUD_EV_OUTPUT, 0, NUD_DELAY, NUD_A_XMIT, NUD_T_DELAY },
{ "a reachable neighbour gets its packet",
  NUD_REACHABLE, NUD_EV_OUTPUT, 0, 0, NUD_A_XMIT, NUD_T_KEEP },
{ "a delayed one too", NUD_DELAY, NUD_EV_OUTPUT, 0, 0, NUD_A_XMIT, NUD_T_KEEP },
{ "a probed one too", NUD_PROBE, NUD_EV_OUTPUT, 0, 0, NUD_A_XMIT, NUD_T_KEEP },
{ "a permanent one too", NUD_PERMANENT, NUD_EV_OUTPUT, 0, 0, NUD_A_XMIT, NUD_T_KEEP },
{ "one that needs no question too", NUD_NOARP, NUD_EV_OUTPUT, 0, 0, NUD_A_XMIT, NUD_T_KEEP },

{ "what was confirmed in time stays reachable",
  NUD_REACHABLE, NUD_EV_TIMER, NUD_C_CONFIRMED, 0, 0, NUD_T_REACHABLE },
{ "confirmed comes before used",
  NUD_REACHABLE, NUD_EV_TIMER, NUD_C_CONFIRMED | NUD_C_USED, 0, 0, NUD_T_REACHABLE },
{ "in use and not confirmed: doubt, and give upper layers time",
  NUD_REACHABLE, NUD_EV_TIMER, NUD_C_USED, NUD_DELAY, NUD_A_SUSPECT, NUD_T_DELAY },
{ "not in use and not confirmed: stale",
  NUD_REACHABLE, NUD_EV_TIMER, 0, NUD_STALE, NUD_A_SUSPECT | NUD_A_NOTIFY, NUD_T_STOP },
{ "TCP progress during DELAY saves the probe",
  NUD_DELAY, NUD_EV_TIMER, NUD_C_CONFIRMED, NUD_REACHABLE, NUD_A_CONNECT | NUD_A_NOTIFY, NUD_T_REACHABLE },
{ "no progress during DELAY: ask the neighbour itself",
  NUD_DELAY, NUD_EV_TIMER, 0, NUD_PROBE, NUD_A_RESET_PROBES | NUD_A_NOTIFY | NUD_A_PROBE, NUD_T_RETRANS },
{ "being used does not count during DELAY",
  NUD_DELAY, NUD_EV_TIMER, NUD_C_USED, NUD_PROBE, NUD_A_RESET_PROBES | NUD_A_NOTIFY | NUD_A_PROBE, NUD_T_RETRANS },
{ "doubted, and no probe is allowed: failed",
  NUD_DELAY, NUD_EV_TIMER, NUD_C_EXHAUSTED, NUD_FAILED, NUD_A_RESET_PROBES | NUD_A_NOTIFY | NUD_A_INVALIDATE, NUD_T_STOP },
{ "doubted, externally validated, and no probe is allowed: stale",
  NUD_DELAY, NUD_EV_TIMER, NUD_C_EXHAUSTED | NUD_C_VALIDATED, NUD_STALE, NUD_A_RESET_PROBES | NUD_A_NOTIFY, NUD_T_STOP },
{ "confirmed in time needs no probe",
  NUD_DELAY, NUD_EV_TIMER, NUD_C_CONFIRMED | NUD_C_EXHAUSTED, NUD_REACHABLE, NUD_A_CONNECT | NUD_A_NOTIFY, NUD_T_REACHABLE },
{ "no answer: ask again", NUD_PROBE, NUD_EV_TIMER, 0, 0, NUD_A_PROBE, NUD_T_RETRANS },
{ "no answer while unknown: ask again", NUD_INCOMPLETE, NUD_EV_TIMER, 0, 0, NUD_A_PROBE, NUD_T_RETRANS },
{ "asked often enough: failed",
  NUD_PROBE, NUD_EV_TIMER, NUD_C_EXHAUSTED, NUD_FAILED, NUD_A_NOTIFY | NUD_A_INVALIDATE, NUD_T_STOP },
{ "asked often enough while unknown: failed, and who waits is told",
  NUD_INCOMPLETE, NUD_EV_TIMER, NUD_C_EXHAUSTED, NUD_FAILED, NUD_A_NOTIFY | NUD_A_INVALIDATE, NUD_T_STOP },
{ "externally validated: doubted, never given up",
  NUD_PROBE, NUD_EV_TIMER, NUD_C_EXHAUSTED | NUD_C_VALIDATED, NUD_STALE, NUD_A_NOTIFY, NUD_T_STOP },
{ "externally validated means nothing while unknown",
  NUD_INCOMPLETE, NUD_EV_TIMER, NUD_C_EXHAUSTED | NUD_C_VALIDATED, NUD_FAILED, NUD_A_NOTIFY | NUD_A_INVALIDATE, NUD_T_STOP },
{ "externally validated and not yet asked enough: ask again",
  NUD_PROBE, NUD_EV_TIMER, NUD_C_VALIDATED, 0, NUD_A_PROBE, NUD_T_RETRANS },

{ "a reachable one that somebody doubts is asked at once", NUD_REACHABLE, NUD_EV_DOUBT, 0, NUD_PROBE,
  NUD_A_SUSPECT | NUD_A_RESET_PROBES | NUD_A_NOTIFY | NUD_A_PROBE, NUD_T_RETRANS },
{ "so is one that waits for progress", NUD_DELAY, NUD_EV_DOUBT, NUD_C_CONFIRMED, NUD_PROBE,
  NUD_A_SUSPECT | NUD_A_RESET_PROBES | NUD_A_NOTIFY | NUD_A_PROBE, NUD_T_RETRANS },
};

static const u8 without_doubt[] = { NUD_NONE, NUD_INCOMPLETE, NUD_STALE, NUD_PROBE, NUD_FAILED, NUD_NOARP, NUD_PERMANENT };
/* clang-format on */

static void every_sentence_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct nud_edge *e = nud_step(rows[i].state, rows[i].event, rows[i].cond);

		if (!e || e->to != rows[i].to || e->act != rows[i].act || e->timer != rows[i].timer)
			fail_msg("does not hold: %s", rows[i].sentence);
	}
}

static void who_is_not_trusted_anyway_is_not_doubted(void **state)
{
	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(without_doubt); s++)
		assert_null(nud_step(without_doubt[s], NUD_EV_DOUBT, 0));
	assert_null(nud_step(NUD_REACHABLE, NUD_EV_DOUBT, NUD_C_EXHAUSTED)); /* and nobody where no probe is allowed */
	assert_null(nud_step(NUD_DELAY, NUD_EV_DOUBT, NUD_C_EXHAUSTED));
}

static bool can_have(u8 state, enum nud_event ev)
{
	return ev == NUD_EV_OUTPUT || (ev == NUD_EV_TIMER && (state & NUD_IN_TIMER));
}

static bool may_have(u8 state, enum nud_event ev)
{
	return ev == NUD_EV_DOUBT && (state & (NUD_REACHABLE | NUD_DELAY));
}

static void every_state_has_an_edge(void **state)
{
	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(all_states); s++)
		for (int ev = 0; ev < NUD_NR_EVENTS; ev++)
			for (u32 cond = 0; cond <= NUD_C_ALL; cond++) {
				const struct nud_edge *e = nud_step(all_states[s], (enum nud_event)ev, cond);

				if (can_have(all_states[s], (enum nud_event)ev))
					assert_non_null(e);
				else if (!may_have(all_states[s], (enum nud_event)ev))
					assert_null(e);
			}
}

static void no_row_is_dead(void **state)
{
	bool used[64] = { false };
	u32 count;
	const struct nud_edge *edges = nud_edges(&count);

	(void)state;
	assert_true(count <= ARRAY_SIZE(used));
	for (size_t s = 0; s < ARRAY_SIZE(all_states); s++)
		for (int ev = 0; ev < NUD_NR_EVENTS; ev++)
			for (u32 cond = 0; cond <= NUD_C_ALL; cond++) {
				const struct nud_edge *e = nud_step(all_states[s], (enum nud_event)ev, cond);

				if (e)
					used[e - edges] = true;
			}
	for (u32 i = 0; i < count; i++)
		assert_true(used[i]);
}

/* What must hold for each step, whatever the row says. */
static void check_step(u8 from, enum nud_event ev, const struct nud_edge *e)
{
	u32 fate = e->act & (NUD_A_QUEUE | NUD_A_XMIT | NUD_A_DROP);
	u8 to = e->to ? e->to : from;
	bool timer_after = e->timer != NUD_T_STOP && (e->timer != NUD_T_KEEP || (from & NUD_IN_TIMER));

	/* A packet is queued, sent or dropped: never lost, never doubled; a timer has none. */
	if (ev == NUD_EV_OUTPUT)
		assert_true(fate == NUD_A_QUEUE || fate == NUD_A_XMIT || fate == NUD_A_DROP);
	else
		assert_int_equal(fate, 0);
	/* Only INCOMPLETE has a queue, and who leaves it for FAILED tells who waits. */
	if (fate == NUD_A_QUEUE)
		assert_int_equal(to, NUD_INCOMPLETE);
	if (from == NUD_INCOMPLETE && to == NUD_FAILED)
		assert_true(e->act & NUD_A_INVALIDATE);
	/* A timer runs exactly in the states that have one. */
	assert_int_equal(timer_after, (to & NUD_IN_TIMER) != 0);
	/* Connected output and connected state go together. */
	if (e->act & NUD_A_CONNECT)
		assert_true(to & NUD_CONNECTED);
	if ((from & NUD_CONNECTED) && !(to & NUD_CONNECTED))
		assert_true(e->act & NUD_A_SUSPECT);
	if (!(from & NUD_CONNECTED) && (to & NUD_CONNECTED))
		assert_true(e->act & NUD_A_CONNECT);
	/* PERMANENT and NOARP change by an administrator only. */
	if (from & (NUD_PERMANENT | NUD_NOARP))
		assert_int_equal(to, from);
	/* What goes out must have an address. */
	if (fate == NUD_A_XMIT)
		assert_true(to & NUD_VALID);
	/* Exactly one state. */
	assert_int_equal(to & (to - 1), 0);
}

static void every_step_is_sound(void **state)
{
	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(all_states); s++)
		for (int ev = 0; ev < NUD_NR_EVENTS; ev++)
			for (u32 cond = 0; cond <= NUD_C_ALL; cond++) {
				const struct nud_edge *e = nud_step(all_states[s], (enum nud_event)ev, cond);

				if (e)
					check_step(all_states[s], (enum nud_event)ev, e);
			}
}

static void every_edge_names_its_source(void **state)
{
	u32 count;
	const struct nud_edge *edges = nud_edges(&count);

	(void)state;
	for (u32 i = 0; i < count; i++)
		assert_true(edges[i].source && edges[i].source[0]);
}

static void every_state_has_a_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_states); i++)
		assert_string_not_equal(nud_state_name(all_states[i]), "?");
	assert_string_equal(nud_state_name(NUD_REACHABLE), "REACHABLE");
	assert_string_equal(nud_state_name(0x03), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sentence_holds),    cmocka_unit_test(who_is_not_trusted_anyway_is_not_doubted),
		cmocka_unit_test(every_state_has_an_edge), cmocka_unit_test(no_row_is_dead),
		cmocka_unit_test(every_step_is_sound),     cmocka_unit_test(every_edge_names_its_source),
		cmocka_unit_test(every_state_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
