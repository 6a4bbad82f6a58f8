/* SPDX-License-Identifier: BSD-2-Clause */
/* A second NUD machine, which steps along with the one of a net.
 *
 * @rfc 826, 1122 2.3.2, 4861 6.2.6 6.3.4 7.2 7.3 8.3
 *
 * It was written from docs/NEIGHBOUR.md and the RFCs, not from the table of src/neigh/nud.c, and in another form: plain
 * code, its own idea of when a timer is due, the parameters as the sysctls show them.  The net tells it what happens to
 * an entry (nethood_on_neigh_event()); it says what must become of it: state, address, flags, probes, the times, the
 * error of an update, whether a question must leave now and to whom, when the timer must fire, not earlier and not
 * later.  What the net reports, and the questions that really leave, are compared with that.  The first difference is
 * told in a sentence.
 *
 * What it takes on trust, because no event tells of it: that a packet used an entry that needs no question (only the
 * time of it), and who is asked to resolve (EVENT_SEND_DONE comes when it comes).  Proxies are not its business.
 * An event costs one look-up.
 */
#ifndef NETHOOD_SIM_NUD_REF_H
#define NETHOOD_SIM_NUD_REF_H

#include "base/types.h"
#include "nethood/nethood.h"

struct nud_ref;

struct nud_ref_config {
	struct nethood_net *net;
	enum nethood_profile profile;
	u64 late_ns; /**< a timer may be late by this much: as far as the net's clock moves between two polls */
	const struct nethood_allocator *memory; /**< of the reference itself; copied; NULL: malloc(3) */
	/** is @addr (4 octets) one of the net's own?  NULL: nobody knows */
	bool (*is_ours)(void *ctx, const u8 *addr);
	/** can device @ifindex send: is it up, has it a carrier?  Asked when something did not leave */
	bool (*can_send)(void *ctx, int ifindex);
	/** has it an address to ask from by IPv6?  Asked in the midst of an event: it may look only.  NULL: it has */
	bool (*can_ask6)(void *ctx, int ifindex);
	void (*broken)(void *ctx, const char *sentence);
	void *ctx;
};

/** nud_ref_create() - from now on; the net has no entries yet.  Aborts without memory */
struct nud_ref *nud_ref_create(const struct nud_ref_config *config);
/** nud_ref_destroy() - before the net goes, or after; @r may be NULL */
void nud_ref_destroy(struct nud_ref *r);

/** nud_ref_hear() - what nethood_on_neigh_event() calls; whoever listens himself hands on what he hears.  @ctx: the reference */
void nud_ref_hear(void *ctx, const struct nethood_neigh_event *event);
/** nud_ref_frame_out() - a frame leaves device @ifindex, at @now_ns by the net's clock */
void nud_ref_frame_out(struct nud_ref *r, u64 now_ns, int ifindex, const u8 *frame, u32 len_bytes);
/** nud_ref_frame_in() - a frame is about to be given to device @ifindex */
void nud_ref_frame_in(struct nud_ref *r, u64 now_ns, int ifindex, const u8 *frame, u32 len_bytes);
/** nud_ref_confirmed() - a program is about to vouch for somebody (MSG_CONFIRM), at @now_ns by the net's clock */
void nud_ref_confirmed(struct nud_ref *r, u64 now_ns);
/** nud_ref_excuse() - from now on memory may be missing, also for what should leave; or no more */
void nud_ref_excuse(struct nud_ref *r, bool on);
/** nud_ref_slow() - frames may wait in the driver: when they were made is not known, and nud_ref_frame_out() is not called */
void nud_ref_slow(struct nud_ref *r);
/** nud_ref_late() - from now on a timer may be late by as much: the clock jumps */
void nud_ref_late(struct nud_ref *r, u64 late_ns);
/** nud_ref_settle() - the net has been polled until nothing was left: each question that must leave has left */
void nud_ref_settle(struct nud_ref *r);
/** nud_ref_check() - no timer is overdue at @now_ns, by the net's clock; looks at all entries */
void nud_ref_check(struct nud_ref *r, u64 now_ns);

/** nud_ref_state() - the state that a neighbour must be in now; NUD_NONE also if there is none */
u8 nud_ref_state(const struct nud_ref *r, int ifindex, const u8 *addr);

/** struct nud_ref_count - what it has seen */
struct nud_ref_count {
	u64 events, questions;
};
struct nud_ref_count nud_ref_count(const struct nud_ref *r);

#endif
