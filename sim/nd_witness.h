/* SPDX-License-Identifier: BSD-2-Clause */
/* What a host may not say in ICMPv6, judged by the frames that it sends and those that reach it.
 *
 * @rfc 4443 2.4, 4861 4 6 7 8, 4862 5.4, 6980, 7527, 3810 5
 */
#ifndef NETHOOD_SIM_ND_WITNESS_H
#define NETHOOD_SIM_ND_WITNESS_H

#include "ip6_frame.h"

#define ND_TRIED 32U  /* addresses whose probes are remembered */
#define ND_HEARD 512U /* solicitations that came, the latest */

/** struct nd_witness - of one host; the caller fills in the first part */
struct nd_witness {
	bool router;     /**< it forwards IPv6 */
	u64 probe_ns;    /**< an address that was asked about is not used for so long; 0: nobody knows */
	bool any_octets; /**< what reaches it may have been changed: whether it is heard is not known */
	bool late;       /**< frames wait in its driver */

	struct nd_tried {
		u8 addr[16], nonce[6];
		bool has_nonce;
		bool taken; /**< without a probe */
		bool lost;  /**< somebody else has it */
		bool again; /**< it had it before: what it sent then may still wait */
		u64 at_ns;  /**< of the last probe; 0: empty */
	} tried[ND_TRIED];
	struct nd_heard {
		u8 from[16], target[16];
		u64 at_ns;
	} heard[ND_HEARD];
	u32 tried_count, heard_count;
};

/** nd_witness_in() - a frame reaches it, at device address @mac */
void nd_witness_in(struct nd_witness *nw, u64 now_ns, const u8 *mac, const u8 *frame, u32 len_bytes);
/** nd_witness_out() - it sends one; @own: the source is one of its addresses.  Return: what is wrong; NULL: nothing */
const char *nd_witness_out(struct nd_witness *nw, u64 now_ns, const struct ip6_view *v, bool own);
/** nd_witness_take() - it may use @addr from now on, without a probe */
void nd_witness_take(struct nd_witness *nw, u64 now_ns, const u8 *addr);
/** nd_witness_forget() - it was born anew */
void nd_witness_forget(struct nd_witness *nw);

#endif
