/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of scenario files: what is taken where, and what is said of it. */
#ifndef NETHOOD_SIM_SCENARIO_WORDS_H
#define NETHOOD_SIM_SCENARIO_WORDS_H

#include <stdio.h>

#include "scenario.h"

/** where a word may stand */
enum scenario_place { IN_FILE, IN_SEGMENT, IN_HOST, IN_TRAFFIC, IN_AT, IN_EXPECT, IN_PLACES };

/** what follows a word, and what it is stored as */
enum scenario_type {
	TYPE_SPECIAL, /**< a function of its own */
	TYPE_FLAG,    /**< nothing follows; bool */
	TYPE_COUNT,   /**< u32 */
	TYPE_NUMBER,  /**< u64 */
	TYPE_TIME,    /**< u64 ns */
	TYPE_TIME_US, /**< u32 us */
	TYPE_PPM,     /**< u32: "1%", "0.5%", "20ppm" */
	TYPE_DRIFT,   /**< s32 ppb: "-20ppm" */
	TYPE_RATE,    /**< u64 bits per second */
	TYPE_BYTES,   /**< u32 */
	TYPE_NAME,    /**< char[SCENARIO_NAME_BYTES] */
	TYPE_PROFILE, /**< enum nethood_profile */
	TYPE_PICK,    /**< enum scenario_pick */
};

struct scenario_word {
	enum scenario_place in;
	const char *word, *argument, *says;
	enum scenario_type type;
	u32 offset, low, high; /**< where it is stored; the limits of counts and octets */
};

extern const struct scenario_word scenario_words[];
extern const u32 scenario_word_count;

/** struct scenario_name - of a number: kinds of frames, states, metrics */
struct scenario_name {
	const char *name;
	u32 value;
	const char *says;
};
extern const struct scenario_name scenario_metrics[], scenario_states[], scenario_kinds[], scenario_picks[];

/** kinds of frames, as they are counted */
enum scenario_kind {
	KIND_ARP_REQUEST,
	KIND_ARP_PROBE,
	KIND_ARP_REPLY,
	KIND_ARP_ANNOUNCEMENT,
	KIND_UDP,
	KIND_ICMP,
	KIND_OTHER,
	KINDS,
	KIND_ANY
};
#define STATES 9U /**< of a neighbour, in the order of NUD's bits; INCOMPLETE is the first, NONE the last */
#define STATE_ANY STATES

/** scenario_find() - by its name in one of the tables above; NULL: it is not there */
const struct scenario_name *scenario_find(const struct scenario_name *table, const char *name);
/** scenario_print_words() - all of them, as tables of Markdown */
void scenario_print_words(FILE *out);

#endif
