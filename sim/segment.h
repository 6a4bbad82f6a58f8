/* SPDX-License-Identifier: BSD-2-Clause */
/* What the world's files know of a segment's inside. */
#ifndef NETHOOD_SIM_SEGMENT_H
#define NETHOOD_SIM_SEGMENT_H

#include "world.h"

/** segment_transmit() - xmit of a host's device: @frame leaves by @port.  Return: 0 */
int segment_transmit(struct sim_port *port, const struct iovec *frame, int pieces);
/** segment_inject() - octets that no host sent appear on the segment, as if from @from (NULL: from nowhere) */
void segment_inject(struct sim_segment *seg, struct sim_port *from, const void *data, u32 len_bytes);
#define FORGED_ARP_BYTES 60U

/** struct forged_arp - a frame that says what somebody wants it to say; addresses borrowed */
struct forged_arp {
	const u8 *to;   /**< Ethernet; NULL: everybody */
	const u8 *from; /**< Ethernet, and what it says that it is */
	u8 op;
	const u8 *sip, *tip; /**< 4 octets in network order */
	const u8 *tha;       /**< NULL: zeros */
};
void segment_forge_arp(u8 frame[static FORGED_ARP_BYTES], const struct forged_arp *arp);
/** segment_heal() - no more faults, no more partitions */
void segment_heal(struct sim_segment *seg);
/** segment_drop_event() - the world ends before this event: its frame is let go */
void segment_drop_event(const struct sim_event *e);
void segment_add_port(struct sim_segment *seg, struct sim_port *port);

#endif
