/* SPDX-License-Identifier: BSD-2-Clause */
/* A scenario: segments, hosts, what they say to each other, what happens to them, and what is expected of it.
 *
 * scenario_parse() makes one from text, without calling anybody; scenario_run.h runs it.  docs/SCENARIOS.md is the
 * reference of the words, printed from scenario_words[].
 */
#ifndef NETHOOD_SIM_SCENARIO_H
#define NETHOOD_SIM_SCENARIO_H

#include "world.h"

#define SCENARIO_TEXT_MAX_BYTES (1U << 20)
#define SCENARIO_NAME_BYTES 16U /**< with its end */
#define SCENARIO_WORD_BYTES 128U
#define SCENARIO_SEGMENTS_MAX 64U /**< statements; each may stand for many */
#define SCENARIO_GROUPS_MAX 64U
#define SCENARIO_FLOWS_MAX 64U
#define SCENARIO_DEEDS_MAX 512U
#define SCENARIO_EXPECTS_MAX 128U
#define SCENARIO_ROUTES_MAX 8U
#define SCENARIO_SYSCTLS_MAX 16U
#define SCENARIO_VARIABLES_MAX 32U
#define SCENARIO_HOSTS_MAX 1000000U
#define SCENARIO_SEGMENT_COUNT_MAX 100000U
#define SCENARIO_PAIRS_MAX (1ULL << 28) /**< that an expectation may follow, a bit each */
#define SCENARIO_ALL UINT32_MAX         /**< instead of a group's number: all of them */

/** struct scenario_at - a place in the text, counted from 1 */
struct scenario_at {
	u32 line, column;
};

/** struct scenario_error - what is wrong, and where */
struct scenario_error {
	struct scenario_at at; /**< line 0: not in the text */
	char word[SCENARIO_WORD_BYTES];
	char why[512]; /**< with the remedy */
};

/** struct scenario_setting - NAME=VALUE of the command line; goes before the text's own */
struct scenario_setting {
	const char *name, *value;
};

struct scenario_variable {
	char name[SCENARIO_NAME_BYTES];
	char value[64];
};

struct scenario_sysctl {
	struct scenario_at at;
	char key[SCENARIO_WORD_BYTES], value[SCENARIO_WORD_BYTES];
};

struct scenario_segment {
	char name[SCENARIO_NAME_BYTES];
	enum sim_segment_kind kind;
	u32 count, stations;
	struct sim_faults faults;
};

/** struct scenario_prefix - an IPv4 address, in this machine's order, and how much of it is the network */
struct scenario_prefix {
	u32 addr;
	u8 bits;
};

/** struct scenario_leg - an interface; of host number i of its group: those of i's segment, see leg_addr() */
struct scenario_leg {
	u32 segment;
	bool has_addr, has_mac;
	struct scenario_prefix prefix;
	u8 mac[SIM_MAC_BYTES];
};

/** struct scenario_route - or a row of them: each next one to the next prefix, by the next gateway */
struct scenario_route {
	struct scenario_at at;
	struct scenario_prefix to;
	u32 via, count;
};

struct scenario_group {
	char name[SCENARIO_NAME_BYTES];
	u32 count, first; /**< hosts; the number of the first among all */
	bool forward, dad, has_profile;
	enum nethood_profile profile;
	u64 offset_ns, start_ns, spread_ns;
	s32 drift_ppb;
	u32 alloc_fail_ppm;
	struct scenario_leg leg[SIM_HOST_PORTS];
	u32 leg_count;
	u32 gateway; /**< 0: none; moves on with the segment */
	struct scenario_route route[SCENARIO_ROUTES_MAX];
	u32 route_count;
	struct scenario_sysctl sysctl[SCENARIO_SYSCTLS_MAX];
	u32 sysctl_count;
};

/** struct scenario_hosts - of a group, from the first to the last of those meant */
struct scenario_hosts {
	u32 group, first, last;
};

enum scenario_pick { PICK_OWN, PICK_EACH, PICK_RANDOM, PICK_NEAR };

/** struct scenario_flow - datagrams, or questions and answers */
struct scenario_flow {
	struct scenario_at at;
	char name[SCENARIO_NAME_BYTES]; /**< "": none */
	bool asks, doubts, has_prefix;
	struct scenario_hosts from, to;
	struct scenario_prefix prefix; /**< instead of hosts: its addresses, one after the other */
	enum scenario_pick pick;
	u64 every_ns, begin_ns, for_ns, spread_ns;
	u32 times, size_bytes;
};

enum scenario_verb {
	DEED_CUT,
	DEED_JOIN,
	DEED_UNPLUG,
	DEED_PLUG,
	DEED_REBOOT,
	DEED_MAC,
	DEED_ANNOUNCE,
	DEED_SYSCTL,
	DEED_FAULT,
	DEED_HEAL,
	DEED_FORGE,
	DEED_LINK,
	DEED_ADDR,
	DEED_ROUTE,
	DEED_NEIGH,
};

/** struct scenario_deed - something that is done to hosts or segments */
struct scenario_deed {
	struct scenario_at at;
	enum scenario_verb verb;
	u64 when_ns, every_ns;
	u32 times;
	char says[80]; /**< as it was written, for the picture */
	struct scenario_hosts hosts, to;
	u32 segment;
	u32 eth; /**< which interface */
	bool all_eths, add, replace, up, in, out, announce, has_mac, has_via, has_to, is_reply, has_up;
	struct scenario_prefix prefix;
	u32 via, mtu_bytes;
	u8 mac[SIM_MAC_BYTES];
	u16 nud;
	u64 gap_ns;
	u32 count;
	struct scenario_sysctl sysctl;
	struct scenario_segment change; /**< of DEED_FAULT; which of its words were said: */
	u32 changed;
};

enum scenario_metric {
	METRIC_REACH,
	METRIC_SENT,
	METRIC_DELIVERED,
	METRIC_REFUSED,
	METRIC_LOST,
	METRIC_ANSWERED,
	METRIC_DOUBLED,
	METRIC_DAMAGED,
	METRIC_OUTAGE,
	METRIC_RESOLVED,
	METRIC_UNRESOLVED,
	METRIC_MEDIAN,
	METRIC_P99,
	METRIC_MAX,
	METRIC_DROPS,
	METRIC_NEIGHBOURS,
	METRIC_FRAMES,
	METRIC_LOG,
	METRIC_MEMORY,
};

enum scenario_operator { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE };

/** struct scenario_expect - what must be true, when all is over or at a time */
struct scenario_expect {
	struct scenario_at at;
	char says[160];
	enum scenario_metric metric;
	u32 group, flow;                /**< SCENARIO_ALL: of all */
	struct scenario_hosts from, to; /**< METRIC_REACH */
	enum scenario_pick pick;
	u64 within_ns, when_ns; /**< when_ns UINT64_MAX: at the end */
	char word[48];          /**< a drop's reason, a neighbour's state, a kind of frame; "any": all */
	u32 kind;               /**< the same as a number: of a state, of a frame */
	enum scenario_operator op;
	u64 value;    /**< count, ns or octets */
	bool percent; /**< value: in ppm of what was sent or asked, or of all neighbours */
};

struct scenario {
	char title[SCENARIO_WORD_BYTES];
	u64 run_ns, sample_ns, seed;
	enum nethood_profile profile;
	struct scenario_variable variable[SCENARIO_VARIABLES_MAX];
	u32 variable_count;
	struct scenario_sysctl sysctl[SCENARIO_SYSCTLS_MAX];
	u32 sysctl_count;
	struct scenario_segment segment[SCENARIO_SEGMENTS_MAX];
	u32 segment_count;
	struct scenario_group group[SCENARIO_GROUPS_MAX];
	u32 group_count, host_count;
	struct scenario_flow flow[SCENARIO_FLOWS_MAX];
	u32 flow_count;
	struct scenario_deed deed[SCENARIO_DEEDS_MAX];
	u32 deed_count;
	struct scenario_expect expect[SCENARIO_EXPECTS_MAX];
	u32 expect_count;
};

/**
 * scenario_parse() - a scenario from its text; a pure function
 * @text: any octets; need not end with a zero
 * @settings: variables that the text has are set to these values instead
 * @out: returned; scenario_free() ends it
 * @error: what is wrong, if the return is -EINVAL
 * Return: 0, -EINVAL, -ENOMEM.
 */
int scenario_parse(const char *text, size_t len_bytes, const struct scenario_setting *settings, u32 setting_count,
		   struct scenario **out, struct scenario_error *error);
void scenario_free(struct scenario *s);
/** scenario_title() - of a text that may be wrong in other places; "": it has none.  A pure function */
void scenario_title(const char *text, size_t len_bytes, char *buf, size_t room_bytes);

/** group_block() - how many hosts of @g are on one segment of its leg */
u32 group_block(const struct scenario *s, const struct scenario_group *g, u32 leg);
/** segment_ports() - how many hosts are on @segment; if it is several, on one of them at the most */
u32 segment_ports(const struct scenario *s, u32 segment);
/** leg_addr() - of host number @i of @g; 0: none */
u32 leg_addr(const struct scenario *s, const struct scenario_group *g, u32 leg, u32 i);
/** leg_segment() - which of the segments of its leg host number @i is on */
u32 leg_segment(const struct scenario *s, const struct scenario_group *g, u32 leg, u32 i);
/** group_gateway() - of host number @i; 0: none */
u32 group_gateway(const struct scenario *s, const struct scenario_group *g, u32 i);

#endif
