/* SPDX-License-Identifier: BSD-2-Clause */
/* Tapes of worlds that broke: as text, and made shorter. */
#ifndef NETHOOD_SIM_TAPE_H
#define NETHOOD_SIM_TAPE_H

#include "choice.h"

/** struct tape - choices, in order; zeroed: an empty one */
struct tape {
	struct choice *choice;
	u32 count;
};

void tape_copy(struct tape *t, const struct choice *choice, u32 count);
void tape_end(struct tape *t);

/**
 * tape_parse() - stream and value on each line; lines that begin with # say something to people
 * Return: 0, or the first line that is neither, counted from 1; @out is then empty.
 */
u32 __must_check tape_parse(const char *text, size_t len_bytes, struct tape *out);

/** struct tape_shrink - how a tape is made shorter */
struct tape_shrink {
	/** runs a world.  Return: does it break as the first one did? */
	bool (*breaks)(void *ctx, const struct choice *choice, u32 count);
	void *ctx;
	u32 runs_max;
	u32 runs; /**< that it took */
};

/** tape_shrink() - as long as the world still breaks: take whole streams out, then pieces, put zeros in */
void tape_shrink(struct tape *t, struct tape_shrink *how);

/** tape_same_words() - numbers in a sentence are not what matters: worlds that break in the same words break alike */
bool tape_same_words(const char *a, const char *b);

#endif
