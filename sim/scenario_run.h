/* SPDX-License-Identifier: BSD-2-Clause */
/* A scenario that runs: its world, what its programs did, and what was counted.
 *
 * scenario_run_create(), scenario_run_go(), then read the numbers, scenario_run_destroy().  Files: scenario_run.c builds the world and
 * boots hosts, scenario_work.c are their programs, scenario_deed.c is what is done to them, scenario_stat.c counts,
 * scenario_expect.c judges.
 */
#ifndef NETHOOD_SIM_SCENARIO_RUN_H
#define NETHOOD_SIM_SCENARIO_RUN_H

#include <string.h>

#include "scenario.h"
#include "scenario_words.h"
#include "wirecap.h"

#define REASONS_MAX 96U
#define HISTOGRAM_STEPS 32U /* of each doubling: a value is right to a thirtieth */
#define HISTOGRAM_SLOTS (48U * HISTOGRAM_STEPS)
#define HEAT_ROWS_MAX 64U /* of the picture, for groups of more than HEAT_ROWS_OWN hosts together */
#define HEAT_ROWS_OWN 3U  /* rows that each group has in any case */
#define HEAT_HOSTS_MAX 4U /* that are looked at in a row, if a row is several */
#define BINS_MAX 2001U
#define NOTES_MAX 20U

struct run;

/** struct histogram - of times */
struct histogram {
	u32 slot[HISTOGRAM_SLOTS];
	u64 count, max_ns;
};

/** struct group_stats - of the hosts of a group */
struct group_stats {
	u64 frames[KINDS], drops[REASONS_MAX], states[STATES + 1];
	u64 log_lines, memory_bytes, memory_peak_bytes;
	u64 unresolved, pending; /**< asked for in vain, and given up; asked for now */
	struct histogram resolution;
};

/** struct flow_stats - of what programs send */
struct flow_stats {
	u64 sent, refused, delivered, answered, doubled, damaged, outage_ns;
};

/** struct run_sender - a host that sends by a flow */
struct run_sender {
	struct run *run;
	u32 flow, host;
	u32 next, sent;
	u32 pending;               /**< id of the last question; 0: answered */
	u32 peer;                  /**< whose address that went to */
	u64 begin_ns, answered_ns; /**< when it began; when it last had an answer */
	u64 outage_ns;
};

struct run_flow {
	struct run_sender *sender;
	u32 count;
	u64 end_ns;
	struct flow_stats stats;
};

/** struct run_host - one host of the scenario */
struct run_host {
	struct run *run;
	struct sim_host *host;
	struct nethood_sock *sock;
	struct nethood_sock
		*sweep_sock; /**< of a program that sends to a prefix: what waits there is not in others' way */
	u32 group, index;
	u32 boots; /**< what was planned for an earlier life is void */
	u32 route_tries;
	u32 heat, row; /**< 1 + the number among those looked at, 0: it is not; its row of the picture */
	u64 dropped_seen, log_seen, polls_seen;
	u32 *drops_seen; /**< by reason; NULL: none yet */
};

/** struct run_reach - an expectation that hosts reach each other */
struct run_reach {
	struct run *run;
	const struct scenario_expect *expect;
	u32 froms, tos, peers; /**< peers: whom each of them asks */
	u8 *done;              /**< a bit for each pair */
	u64 left, done_ns;     /**< when the last one was done */
	u64 begin_ns;
	struct reach_sender {
		struct run_reach *reach;
		u32 index;
		u64 round_ns; /**< when this round began */
	} * sender;
};

/** struct verdict - on one expectation */
struct verdict {
	bool judged, held;
	char found[96];
};

/** struct run_asked - an address that a host has asked for */
struct run_asked {
	u32 host, addr;
	u64 first_ns, last_ns; /**< first_ns 0: empty slot */
};

/** struct run_bin - a piece of time, for the picture */
struct run_bin {
	u64 frames[KINDS], drops[REASONS_MAX], states[STATES];
	u64 lost; /**< on wires */
};

struct run {
	const struct scenario *s;
	struct sim_world world;
	struct choices choices;
	struct sim_watch watch;
	u32 *segment_first; /**< of each statement: the number of the first segment */
	struct run_host *host;
	struct group_stats *group;
	struct run_flow *flow;
	struct run_reach *reach;
	struct verdict *verdict;
	u32 next_id;
	u8 *seen; /**< a bit for each datagram: it arrived, or was answered */
	u64 seen_room;
	struct run_asked *asked;
	u64 asked_count, asked_room;
	const char *reason[REASONS_MAX];
	u32 reason_count;
	/* pictures */
	bool pictures;
	u32 bin_count, bin_now;
	struct run_bin *bin;
	u32 heat_rows, heat_hosts;
	u32 group_rows[SCENARIO_GROUPS_MAX]; /**< of the picture: how many each group has */
	u32 *heat;                           /**< [row][bin][state] */
	u32 (*heat_last)[STATES];            /**< of each host that is looked at: as it was */
	u32 sides;
	struct deed_turn *turns; /**< how often each deed was done */
	u64 until_ns;
	struct wirecap *cap;
	char note[NOTES_MAX][256];
	u32 note_count;
	void (*say)(void *ctx, const char *line); /**< NULL: nobody wants to hear */
	void *say_ctx;
};

struct scenario_run_options {
	u64 seed, until_ns;                       /**< until_ns UINT64_MAX: as long as the scenario says */
	bool pictures;                            /**< look at neighbours over time */
	struct wirecap *cap;                      /**< NULL: none; borrowed */
	void (*say)(void *ctx, const char *line); /**< is told of logs and deeds; may be NULL */
	void *say_ctx;
};

/** scenario_run_create() - build the world, nothing has happened yet.  Return: 0; -EINVAL: @error */
int scenario_run_create(const struct scenario *s, const struct scenario_run_options *options, struct run **out,
			struct scenario_error *error);
/** scenario_run_go() - to its end.  Return: no bug of the stack was found, see world.broken */
bool scenario_run_go(struct run *r);
/** scenario_run_failures() - expectations that did not hold, and deeds that were refused */
u32 scenario_run_failures(const struct run *r);
void scenario_run_destroy(struct run *r);

/** histogram_quantile() - @ppm of them took no longer; 0: there are none */
u64 histogram_quantile(const struct histogram *h, u32 ppm);
/** flow_sum() - of those from @group, or SCENARIO_ALL; of @flow, or SCENARIO_ALL */
struct flow_stats flow_sum(const struct run *r, u32 group, u32 flow, bool asks);

/* ---- between the files ---- */

/** octets() - @addr, as it goes over the wire */
static inline void octets(u32 addr, u8 out[static 4])
{
	memcpy(out, (const u8[]){ (u8)(addr >> 24), (u8)(addr >> 16), (u8)(addr >> 8), (u8)addr }, 4);
}
static inline struct run_host *run_host_of(struct run *r, u32 group, u32 index)
{
	return &r->host[r->s->group[group].first + index];
}
/** run_note() - something that the reader should know; each but the first ones is lost */
__printf(2, 3) void run_note(struct run *r, const char *fmt, ...);
void host_boot(struct run_host *h);
void host_reboot(struct run_host *h);
int host_sysctl(struct run_host *h, const struct scenario_sysctl *sysctl);

void work_init(struct run *r);
void work_start(struct run *r);
/** work_open() - a host's socket.  Return: 0, -errno */
int work_open(struct run_host *h);
void work_close(struct run_host *h);
/** work_end() - what is not answered yet counts */
void work_end(struct run *r);
void work_free(struct run *r);
void reach_start(struct run_reach *x);

/** deeds_plan() - each at its time */
void deeds_plan(struct run *r);
void deeds_free(struct run *r);

int stat_init(struct run *r);
/** stat_watch() - the hosts are there: which ones are in the picture? */
int stat_watch(struct run *r);
/** stat_frame() - of the world's watch */
void stat_frame(void *ctx, const struct sim_segment *seg, const struct sim_port *port, const struct sim_frame *f,
		const char *what);
/** stat_harvest() - what a host's net has counted since; before it goes, and at each sample */
void stat_harvest(struct run_host *h);
/** stat_sample() - the bin that ends now */
void stat_sample(struct run *r);
/** stat_hosts() - neighbours and memory, as they are now */
void stat_hosts(struct run *r);
void stat_free(struct run *r);

/** expect_judge() - now */
void expect_judge(struct run *r, u32 number);

#endif
