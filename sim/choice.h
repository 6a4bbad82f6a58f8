/* SPDX-License-Identifier: BSD-2-Clause */
/* The choice tape: all that is random in a simulated world goes through choose().
 *
 * Where choices come from is one of four: a seed (one stream of numbers for each host and each segment, so that one
 * more host shifts nobody's), a tape that was recorded, the octets of a fuzzer, or an enumerator that tries them all.
 * So replay, shrinking, fuzzing and model checking are one thing.
 *
 * By convention the choice 0 is the one where nothing special happens: a tape gets simpler where it gets zeros, and
 * what is missing at its end is zero.
 */
#ifndef NETHOOD_SIM_CHOICE_H
#define NETHOOD_SIM_CHOICE_H

#include "base/types.h"

enum choice_source { CHOICE_SEED, CHOICE_TAPE, CHOICE_BYTES, CHOICE_ALL };

/** struct choice - one, on a tape */
struct choice {
	u32 stream, value;
};

#define CHOICE_STREAMS_MAX 65536U

/** struct choices - a source, and what was chosen */
struct choices {
	enum choice_source source;
	u64 seed;
	u64 *stream; /**< state of each */
	u32 stream_count;
	const u8 *bytes; /**< of a fuzzer; borrowed */
	size_t bytes_left;
	struct choice *tape; /**< what was chosen, in order; with CHOICE_TAPE and CHOICE_ALL: what will be */
	u32 *limit;          /**< CHOICE_ALL: out of how many */
	u32 *next, *cursor;  /**< CHOICE_TAPE: the next one of its stream, by place; where each stream is */
	u32 count;           /**< on the tape */
	u32 at;              /**< the next one */
	u32 room;
	bool keep; /**< CHOICE_SEED, CHOICE_BYTES: write the tape */
};

/** choices_seed() - @keep: record a tape, to replay or shrink it */
void choices_seed(struct choices *c, u64 seed, bool keep);
/**
 * choices_tape() - each stream gets what stands on @tape for it, in order, and zeros behind that
 * So what is taken off one stream changes nothing of the others.
 * @tape: copied; its streams are below CHOICE_STREAMS_MAX
 */
void choices_tape(struct choices *c, const struct choice *tape, u32 count);
void choices_bytes(struct choices *c, const void *bytes, size_t size_bytes);
/** choices_all() - the first world: all choices zero; choices_next() leads to the others */
void choices_all(struct choices *c);
/** choices_next() - the world after this one.  Return: false: that was the last */
bool choices_next(struct choices *c);
void choices_end(struct choices *c);

/** choose() - a number below @n, which is 1 or more; @stream: of whom */
u32 choose(struct choices *c, u32 stream, u32 n);
/** chance() - true @ppm times in a million */
static inline bool chance(struct choices *c, u32 stream, u32 ppm)
{
	return ppm && choose(c, stream, 1000000) >= 1000000 - ppm;
}
/** choose_between() - from @low, the simplest, to @high inclusive */
static inline u32 choose_between(struct choices *c, u32 stream, u32 low, u32 high)
{
	return low + choose(c, stream, high - low + 1);
}

#endif
