/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbour Unreachability Detection as a table of edges: pure, no clock, no memory, no calls out.
 *
 * @step S8 of S13   @rfc 4861 7.3   @linux net/core/neighbour.c
 */
#ifndef NETHOOD_NEIGH_NUD_H
#define NETHOOD_NEIGH_NUD_H

#include <linux/neighbour.h> /* NUD_* */

#include "base/types.h"

#define NUD_IN_TIMER (NUD_INCOMPLETE | NUD_REACHABLE | NUD_DELAY | NUD_PROBE)
#define NUD_VALID (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)
#define NUD_CONNECTED (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE)

/** What happens to an entry */
enum nud_event {
	NUD_EV_OUTPUT, /**< a packet wants to go there, or NTF_USE */
	NUD_EV_TIMER,  /**< its timer fired */
	NUD_EV_DOUBT,  /**< somebody above has reason to believe that it is not there any more */
	NUD_NR_EVENTS
};

/** What nud_step() has to know besides the state; computed by neighbour.c, each only when its state asks for it */
#define NUD_C_CONFIRMED (1U << 0) /**< REACHABLE: confirmed within reachable_time; DELAY: within delay_probe_time */
#define NUD_C_USED (1U << 1)      /**< REACHABLE: used within delay_probe_time */
#define NUD_C_EXHAUSTED (1U << 2) /**< as many probes were sent as the parameters allow; DELAY: they allow none */
#define NUD_C_NO_PROBES (1U << 3) /**< parameters allow no multicast and no application probe */
#define NUD_C_VALIDATED (1U << 4) /**< externally validated: doubted, never given up */
#define NUD_C_DEFERRED (1U << 5)  /**< whoever asks may not be called back now: the first probe waits for the timer */
#define NUD_C_ALL 0x3fU

/** What neighbour.c does then, in this order */
#define NUD_A_CONNECT (1U << 0)      /**< output = connected_output */
#define NUD_A_SUSPECT (1U << 1)      /**< output = output: each packet asks again */
#define NUD_A_RESET_PROBES (1U << 2) /**< probes := 0 */
#define NUD_A_UCAST_DONE (1U << 3)   /**< probes := ucast_probes: begin with multicast */
#define NUD_A_QUEUE (1U << 4)        /**< the packet waits in arp_queue */
#define NUD_A_XMIT (1U << 5)         /**< the packet goes out now */
#define NUD_A_DROP (1U << 6)         /**< the packet is dropped: NEIGH_FAILED */
#define NUD_A_INVALIDATE (1U << 7)   /**< report an error for each packet that waits */
#define NUD_A_PROBE (1U << 8)        /**< solicit */
#define NUD_A_NOTIFY (1U << 9)       /**< tell listeners: of probes, with this one counted */

/** When its timer fires next */
enum nud_timer {
	NUD_T_KEEP,      /**< as it was */
	NUD_T_STOP,      /**< not at all */
	NUD_T_SOON,      /**< at the next poll */
	NUD_T_RETRANS,   /**< after retrans_time */
	NUD_T_DELAY,     /**< after delay_probe_time */
	NUD_T_REACHABLE, /**< reachable_time after the last confirmation */
};

/** struct nud_edge - one arrow; the first that matches wins */
struct nud_edge {
	u8 from; /**< mask of NUD_*; NONE takes the edges of FAILED */
	enum nud_event event;
	u32 mask, want; /**< matches if (cond & mask) == want */
	u8 to;          /**< 0: stays */
	u32 act;        /**< NUD_A_* */
	enum nud_timer timer;
	const char *source; /**< RFC section, or Linux's function */
};

/** nud_step() - the edge to follow; never NULL for OUTPUT, nor for TIMER of a state that has one (asserted by the exhaustive test) */
const struct nud_edge *nud_step(u8 state, enum nud_event ev, u32 cond);
/** nud_edges() - the whole table, for documentation and tests */
const struct nud_edge *nud_edges(u32 *count);
/** nud_state_name() - "INCOMPLETE"; as ip(8) prints them */
const char *nud_state_name(u8 state);

#endif
