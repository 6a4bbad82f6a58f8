/* SPDX-License-Identifier: BSD-2-Clause */
/* Worlds drawn at random: which faults, how large, what happens.
 *
 * A world has two phases.  In the first, things break, and what must hold is checked after each event.  In the second,
 * nothing breaks any more, and everything must come back: each host reaches each other one.
 */
#ifndef NETHOOD_SIM_SWARM_H
#define NETHOOD_SIM_SWARM_H

#include "choice.h"
#include "world.h"

#define SWARM_LANS_MAX 3U

/** struct swarm_result - what became of a world */
struct swarm_result {
	u64 event_count, frame_count, datagram_count, delivered_count, trace_hash, virtual_ns;
	u64 stream_count, whole_count,
		octet_count; /**< streams; those of them that went as planned; octets read of all */
	u32 host_count;
	char features[256]; /**< what could happen in it, in words */
	char broken[256];   /**< "": all held */
};

/** swarm_run() - one world out of @choices.  Return: all held */
bool swarm_run(struct choices *choices, const struct sim_watch *watch, struct swarm_result *out);

#endif
