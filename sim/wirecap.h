/* SPDX-License-Identifier: BSD-2-Clause */
/* All frames of a simulated world as a pcapng file: one interface for each segment, and one for packets that died.
 *
 * A frame stands in the file when it leaves; if it is lost at once, the reason is its comment.  What was lost later, or
 * dropped inside a host, stands once more on the interface "dropped", with host, reason and function as its comment.
 */
#ifndef NETHOOD_SIM_WIRECAP_H
#define NETHOOD_SIM_WIRECAP_H

#include "world.h"

struct wirecap;

/** wirecap_create() - @write is given whole blocks, and returns false when it wants no more.  Return: NULL: no memory */
struct wirecap *wirecap_create(bool (*write)(void *ctx, const void *data, size_t len_bytes), void *ctx);
/** wirecap_interface() - before the first frame: the next segment's name */
void wirecap_interface(struct wirecap *c, const char *name);
/** wirecap_frame() - as the world's watch is told */
void wirecap_frame(struct wirecap *c, const struct sim_segment *seg, const struct sim_port *port,
		   const struct sim_frame *f, const char *what);
/** wirecap_drop() - as the world's watch is told */
void wirecap_drop(struct wirecap *c, const struct sim_host *h, const struct nethood_hop *hop);
/** wirecap_flush() - what is sure by now is written; the frame that left last waits for what is said of it */
void wirecap_flush(struct wirecap *c);
/** wirecap_destroy() - what was seen is written; @c may be NULL */
void wirecap_destroy(struct wirecap *c);

#endif
