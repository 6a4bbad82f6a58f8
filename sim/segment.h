/* SPDX-License-Identifier: BSD-2-Clause */
/* What the world's files know of a segment's inside. */
#ifndef NETHOOD_SIM_SEGMENT_H
#define NETHOOD_SIM_SEGMENT_H

#include "world.h"

/** segment_transmit() - xmit of a host's device: @frame leaves by @port.  Return: 0 */
int segment_transmit(struct sim_port *port, const struct iovec *frame, int pieces);
/** segment_inject() - octets that no host sent appear on the segment, as if from @from (NULL: from nowhere) */
void segment_inject(struct sim_segment *seg, struct sim_port *from, const void *data, u32 len_bytes);
/** segment_heal() - no more faults, no more partitions */
void segment_heal(struct sim_segment *seg);
/** segment_drop_event() - the world ends before this event: its frame is let go */
void segment_drop_event(const struct sim_event *e);
void segment_add_port(struct sim_segment *seg, struct sim_port *port);

#endif
