/* SPDX-License-Identifier: BSD-2-Clause */
/* What is in a recording, as lines for people. */
#ifndef NETHOOD_RECORD_TEXT_H
#define NETHOOD_RECORD_TEXT_H

#include <stdio.h>

#include "nethood/record.h"

#define RECORD_TEXT_SOCKS 4096

/** struct record_text - one listing; begins as zero but for @out and @begin_ns */
struct record_text {
	FILE *out;
	uint64_t begin_ns; /**< times are counted from here */
	bool open;         /**< a line waits for its result */
	uint32_t made;     /**< sockets */
	int domain;        /**< of the one that is being made; 0: none is */
	uint32_t domain_depth;
	uint8_t family[RECORD_TEXT_SOCKS]; /**< of sockets, by number */
};

/** record_text_event() - one line, or the end of one; a call's result comes with a later one */
void record_text_event(struct record_text *t, const struct nethood_record_event *e);
/** record_text_end() - the last line ends */
void record_text_end(struct record_text *t);
/** record_text_error() - a result as people read it: -11 is "-EAGAIN"; in @room */
const char *record_text_error(int64_t result, char room[static 32]);
/** record_input_frame() - the frame that came to a driver, without the header before it; borrowed; NULL: @e brought none */
const uint8_t *record_input_frame(const struct nethood_record_event *e, size_t *len_bytes);
/** record_text_frame() - one line, no newline */
void record_text_frame(FILE *out, const uint8_t *frame, size_t len_bytes);

#endif
