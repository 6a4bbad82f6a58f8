/* SPDX-License-Identifier: BSD-2-Clause */
/* A path that loses, doubles, delays, overtakes and marks: two directions, each with a bottleneck and a finite queue.
 *
 * What happens to a packet is a function of (seed, direction, number of the packet): two stacks on the same seed meet
 * the same path.  No clock of its own: time is handed in.  ARP passes unharmed, and has no number.
 */
#ifndef NETHOOD_BENCH_IMPAIR_H
#define NETHOOD_BENCH_IMPAIR_H

#include "base/types.h"

/** struct impair_config - of both directions; shares are in parts per million */
struct impair_config {
	u64 seed;
	u32 loss_ppm, dup_ppm;
	u32 late_ppm;    /**< overtaken by what comes within late_ns */
	u32 ce_ppm;      /**< ECN: marked Congestion Experienced, if its sender can ECN */
	u32 mark_octets; /**< the same, while the queue is longer than that; 0: never */
	u64 late_ns, delay_ns;
	u64 jitter_ns;    /**< up to that much more delay; nothing is overtaken */
	u64 rate_bps;     /**< of the bottleneck; 0: none */
	u32 queue_octets; /**< that wait for the bottleneck at most */
};

/** struct impair_stats - of one direction */
struct impair_stats {
	u64 packets, lost, overflowed, doubled, late, marked, delivered;
};

struct impair_frame {
	u64 at_ns, number;
	u32 dir, len;
	u8 octets[];
};

struct impair {
	struct impair_config config;
	struct impair_stats stats[2];
	u64 free_at_ns[2], last_at_ns[2]; /**< when the bottleneck is idle; when the last in order arrives */
	struct impair_frame **heap;       /**< by at_ns, then number */
	u32 count, room;
	u64 next_number;
};

void impair_init(struct impair *im, const struct impair_config *config);
void impair_fini(struct impair *im);
/** impair_push() - @frame, Ethernet header first, enters in direction @dir (0 or 1); copied */
void impair_push(struct impair *im, u32 dir, const void *frame, u32 len, u64 now_ns);
/** impair_next() - when the next frame arrives; UINT64_MAX: none is on its way */
u64 impair_next(const struct impair *im);
/** impair_pop() - one that has arrived by @now_ns: returned, free(3) ends it; NULL: none */
struct impair_frame *impair_pop(struct impair *im, u64 now_ns);

#endif
