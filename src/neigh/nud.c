// SPDX-License-Identifier: BSD-2-Clause
/* Neighbour Unreachability Detection: the edges.
 *
 * @step S8 of S13, stepped by neigh/neighbour.c
 * @rfc 4861 7.3, 1122 2.3.2
 *
 * The documentation's table and diagram, the exhaustive test and the simulator's checks are made from this array.
 * Rows are tried from the top; the first whose state, event and conditions fit is taken.
 */
#include "neigh/nud.h"

#define A(x) NUD_A_##x
#define C(x) NUD_C_##x
#define T(x) NUD_T_##x

#define NUD_ASKED (NUD_CONNECTED | NUD_DELAY | NUD_PROBE) /* output goes on, nothing to start */

/* clang-format off */
static const struct nud_edge edges[] = {
/* from             event          mask           want           to              act                                               timer         source */
{ NUD_ASKED,        NUD_EV_OUTPUT, 0,             0,             0,              A(XMIT),                                          T(KEEP),      "RFC 4861 7.3.3" },
{ NUD_STALE,        NUD_EV_OUTPUT, 0,             0,             NUD_DELAY,      A(XMIT),                                          T(DELAY),     "RFC 4861 7.3.3" },
{ NUD_INCOMPLETE,   NUD_EV_OUTPUT, 0,             0,             0,              A(QUEUE),                                         T(KEEP),      "RFC 4861 7.2.2" },
{ NUD_FAILED,       NUD_EV_OUTPUT, C(NO_PROBES),  C(NO_PROBES),  NUD_FAILED,     A(DROP),                                          T(STOP),      "__neigh_event_send" },
{ NUD_FAILED,       NUD_EV_OUTPUT, C(DEFERRED),   C(DEFERRED),   NUD_INCOMPLETE, A(UCAST_DONE) | A(QUEUE),                         T(SOON),      "__neigh_event_send" },
{ NUD_FAILED,       NUD_EV_OUTPUT, 0,             0,             NUD_INCOMPLETE, A(UCAST_DONE) | A(QUEUE) | A(PROBE),              T(RETRANS),   "RFC 4861 7.2.2" },

{ NUD_REACHABLE,    NUD_EV_TIMER,  C(CONFIRMED),  C(CONFIRMED),  0,              0,                                                T(REACHABLE), "RFC 4861 7.3.3" },
{ NUD_REACHABLE,    NUD_EV_TIMER,  C(USED),       C(USED),       NUD_DELAY,      A(SUSPECT),                                       T(DELAY),     "neigh_timer_handler" },
{ NUD_REACHABLE,    NUD_EV_TIMER,  0,             0,             NUD_STALE,      A(SUSPECT) | A(NOTIFY),                           T(STOP),      "RFC 4861 7.3.3" },
{ NUD_DELAY,        NUD_EV_TIMER,  C(CONFIRMED),  C(CONFIRMED),  NUD_REACHABLE,  A(CONNECT) | A(NOTIFY),                           T(REACHABLE), "RFC 4861 7.3.3" },
{ NUD_DELAY,        NUD_EV_TIMER,  C(EXHAUSTED) | C(VALIDATED), C(EXHAUSTED) | C(VALIDATED),
                                                                 NUD_STALE,      A(RESET_PROBES) | A(NOTIFY),                      T(STOP),      "neigh_timer_handler" },
{ NUD_DELAY,        NUD_EV_TIMER,  C(EXHAUSTED),  C(EXHAUSTED),  NUD_FAILED,     A(RESET_PROBES) | A(NOTIFY) | A(INVALIDATE),      T(STOP),      "neigh_timer_handler" },
{ NUD_DELAY,        NUD_EV_TIMER,  0,             0,             NUD_PROBE,      A(RESET_PROBES) | A(NOTIFY) | A(PROBE),           T(RETRANS),   "RFC 4861 7.3.3" },
{ NUD_PROBE,        NUD_EV_TIMER,  C(EXHAUSTED) | C(VALIDATED), C(EXHAUSTED) | C(VALIDATED),
                                                                 NUD_STALE,      A(NOTIFY),                                        T(STOP),      "neigh_timer_handler" },
{ NUD_PROBE,        NUD_EV_TIMER,  C(EXHAUSTED),  C(EXHAUSTED),  NUD_FAILED,     A(NOTIFY) | A(INVALIDATE),                        T(STOP),      "RFC 4861 7.3.3" },
{ NUD_INCOMPLETE,   NUD_EV_TIMER,  C(EXHAUSTED),  C(EXHAUSTED),  NUD_FAILED,     A(NOTIFY) | A(INVALIDATE),                        T(STOP),      "RFC 4861 7.2.2" },
{ NUD_PROBE | NUD_INCOMPLETE,
                    NUD_EV_TIMER,  0,             0,             0,              A(PROBE),                                         T(RETRANS),   "RFC 4861 7.2.2" },

{ NUD_REACHABLE | NUD_DELAY,
                    NUD_EV_DOUBT,  C(EXHAUSTED),  0,             NUD_PROBE,      A(SUSPECT) | A(RESET_PROBES) | A(NOTIFY) | A(PROBE), T(RETRANS), "RFC 1122 2.3.2.1 (4)" },
};
/* clang-format on */

const struct nud_edge *nud_step(u8 state, enum nud_event ev, u32 cond)
{
	if (state == NUD_NONE)
		state = NUD_FAILED; /* an entry that was never asked for is one that is not known */
	for (u32 i = 0; i < ARRAY_SIZE(edges); i++) {
		const struct nud_edge *e = &edges[i];

		if ((e->from & state) && e->event == ev && (cond & e->mask) == e->want)
			return e;
	}
	return NULL;
}

const struct nud_edge *nud_edges(u32 *count)
{
	*count = ARRAY_SIZE(edges);
	return edges;
}

const char *nud_state_name(u8 state)
{
	switch (state) {
	case NUD_NONE:
		return "NONE";
	case NUD_INCOMPLETE:
		return "INCOMPLETE";
	case NUD_REACHABLE:
		return "REACHABLE";
	case NUD_STALE:
		return "STALE";
	case NUD_DELAY:
		return "DELAY";
	case NUD_PROBE:
		return "PROBE";
	case NUD_FAILED:
		return "FAILED";
	case NUD_NOARP:
		return "NOARP";
	case NUD_PERMANENT:
		return "PERMANENT";
	}
	return "?";
}
