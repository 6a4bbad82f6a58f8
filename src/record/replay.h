/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a recording again, record by record, while a net does what is in it. */
#ifndef NETHOOD_RECORD_REPLAY_H
#define NETHOOD_RECORD_REPLAY_H

#include "nethood/record.h"
#include "record/record.h"

/** struct rec_replay - where a replay has come to */
struct rec_replay {
	const u8 *next, *end;
	u64 time_ns;                       /**< the last time told before @next */
	struct nethood_record_event event; /**< that begins at @next, if @has_event */
	bool has_event, diverged;
	size_t event_bytes;
	struct recorder *rec; /**< of the net that is made anew; NULL: not yet */
	/* the call that runs */
	enum rec_op call;
	u64 call_number, call_object;
	s64 result; /**< of the call that was over last */
	struct nethood_divergence *divergence;
	/** a frame goes out or comes in; may be NULL */
	void (*frame)(struct rec_replay *rp, int ifindex, bool out, const struct iovec *frame, int pieces);
};

/** rec_decode() - the record at @p.  @time_ns: told last, and moved on.  Return: its length, 0: it is none */
size_t rec_decode(const u8 *p, const u8 *end, u64 *time_ns, struct nethood_record_event *out);

/** rec_peek() - which record is next; REC_NONE: there is none, or it is all over.  Full hashes are compared on the way */
enum rec_op rec_peek(struct rec_replay *rp);
/** rec_take() - go past it */
void rec_take(struct rec_replay *rp);
/** rec_diverge() - it does not go as it went; the first time counts */
void rec_diverge(struct rec_replay *rp, enum nethood_divergence_kind kind, s64 live, s64 replayed);
/** rec_replay_no_memory() - does this allocation fail? */
bool rec_replay_no_memory(struct recorder *rec);

#endif
