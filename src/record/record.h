/* SPDX-License-Identifier: BSD-2-Clause */
/* The flight recorder: what reaches a net is kept in a ring, what leaves it is mixed into a hash.
 *
 * Every call of include/nethood that can change a net is written down with its arguments (api_record.h), every answer
 * of the system to a driver (drivers/sys.c), every allocation that failed.  What the net does (frames, readiness, answers, lines of
 * its log) is counted, and mixed into the trace hash: it follows from the rest.  The same code runs in a net that is
 * recorded and in one that is replayed: there it writes to nowhere, and what it would have written down is read.
 *
 * A callback is written down only if calls are made within, or if it refuses: then by the number of the output that it
 * was told.
 */
#ifndef NETHOOD_RECORD_RECORD_H
#define NETHOOD_RECORD_RECORD_H

#include <sys/types.h>
#include <sys/uio.h>

#include "base/mem.h"
#include "base/types.h"
#include "record/format.h"
#include "record/hash.h"

struct rec_replay; /* record/replay.h */

/** struct rec_chunk - what is known of one chunk of the ring */
struct rec_chunk {
	u64 seq; /**< 0: never used; the first is 1 */
	u32 used_bytes;
	u32 first;   /**< where the first record begins; used_bytes: nowhere */
	u32 depth;   /**< callbacks that are not over there */
	u64 event;   /**< number of events before that record */
	u64 time_ns; /**< the last time told before it */
};

/** struct rec_cb - a callback that runs */
struct rec_cb {
	struct rec_cb *up;
	u64 output;
	bool written;
};

struct recorder {
	/* each record */
	u8 *at, *end; /**< of the chunk that is written */
	u64 hash;
	u64 outputs; /**< what the net did */
	u64 events;
	u64 checked; /**< events, at the last full hash */
	u64 time_ns;
	struct rec_cb *cb;
	struct rec_replay *replay; /**< NULL: this one records */
	u32 next_sock;             /**< number of the socket made last */
	u32 calls;                 /**< that are not over */
	bool spans;                /**< a record goes on in this chunk that began in another */
	bool trace_counts;         /**< the embedder looks at hops, and may call from there */

	/* the ring */
	u8 *ring; /**< @chunk_count chunks */
	struct rec_chunk *chunk;
	u32 chunk_count, current;
	u64 seq; /**< of the chunk that is written */
	u64 written_bytes, lost_bytes;
	size_t memory_bytes;

	/* how the net began */
	u8 key[32];
	u64 now_ns, wall_ns;
	u32 flags; /**< REC_F_* */
	char hostname[64];
	u64 allocations; /**< asked for */
	struct mem_ops user_ops;
	void *user_ctx;
	mem_fail_fn user_fail;
};

/** rec_create() - @ring_bytes rounded up to whole chunks, two at least; NULL: no memory.  @replay: nothing is kept */
struct recorder *rec_create(const struct mem_ops *ops, void *ctx, size_t ring_bytes, struct rec_replay *replay);
void rec_destroy(struct recorder *rec);
/** rec_time_begins() - before the first record */
void rec_time_begins(struct recorder *rec, u64 now_ns);

/** rec_replay_frame() - a replay shows it to whoever looks */
void rec_replay_frame(struct recorder *rec, int ifindex, bool out, const struct iovec *frame, int pieces);

/* ------------------------------------------------------------------ memory */

void *rec_mem_alloc(void *ctx, size_t size_bytes);
void *rec_mem_zalloc(void *ctx, size_t size_bytes);
void rec_mem_free(void *ctx, void *p, size_t size_bytes);
void rec_mem_discard(void *ctx, void *p, size_t size_bytes);
bool rec_mem_fail(void *ctx, const char *site, size_t size_bytes);

/* ------------------------------------------------------------------ writing */

void rec_next_chunk(struct recorder *rec);
void rec_span_ends(struct recorder *rec);
void rec_cb_open(struct recorder *rec);
void rec_check(struct recorder *rec);
u8 *rec_put_long(struct recorder *rec, u8 *p, const void *data, size_t len_bytes);
void rec_replay_return(struct recorder *rec, s64 result);

/** rec_begin() - one more record: room for REC_SMALL_BYTES of fields, which end with rec_commit() */
static inline u8 *rec_begin(struct recorder *rec, enum rec_op op)
{
	if (unlikely(rec->cb && !rec->cb->written))
		rec_cb_open(rec);
	if (unlikely((size_t)(rec->end - rec->at) < REC_SMALL_BYTES))
		rec_next_chunk(rec);
	rec->events++;
	rec->at[0] = (u8)op;
	return rec->at + 1;
}

/* Most of what is written down is shorter than a call of memcpy() is long. */
static inline void rec_copy(u8 *to, const u8 *from, size_t len_bytes)
{
	if (len_bytes > 16) {
		memcpy(to, from, len_bytes);
	} else if (len_bytes >= 8) {
		u64 head, tail;

		memcpy(&head, from, sizeof(head));
		memcpy(&tail, from + len_bytes - sizeof(tail), sizeof(tail));
		memcpy(to, &head, sizeof(head));
		memcpy(to + len_bytes - sizeof(tail), &tail, sizeof(tail));
	} else {
		for (size_t i = 0; i < len_bytes; i++)
			to[i] = from[i];
	}
}

static inline u8 *rec_put_block(struct recorder *rec, u8 *p, const void *data, size_t len_bytes)
{
	if (!data) {
		*p++ = 0;
		return p;
	}
	p = rec_put_u(p, (u64)len_bytes + 1);
	if (likely((size_t)(rec->end - p) >= len_bytes + REC_SMALL_BYTES)) {
		rec_copy(p, data, len_bytes);
		return p + len_bytes;
	}
	return rec_put_long(rec, p, data, len_bytes);
}

static inline u8 *rec_put_text(struct recorder *rec, u8 *p, const char *text)
{
	return rec_put_block(rec, p, text, text ? strlen(text) + 1 : 0);
}

static inline u8 *rec_put_time(struct recorder *rec, u8 *p, u64 now_ns)
{
	p = rec_put_i(p, (s64)(now_ns - rec->time_ns));
	rec->time_ns = now_ns;
	return p;
}

static inline void rec_commit(struct recorder *rec, u8 *p)
{
	rec->at = p;
	if (unlikely(rec->spans))
		rec_span_ends(rec);
}

/** rec_call() - the same for a call that rec_return() ends */
static inline u8 *rec_call(struct recorder *rec, enum rec_op op)
{
	u8 *p = rec_begin(rec, op);

	rec->calls++;
	return p;
}

/** rec_return() - the call is over */
static inline void rec_return(struct recorder *rec, s64 result)
{
	u8 *p;

	rec->calls--;
	rec->hash = rec_mix(rec->hash ^ REC_K2, (u64)result ^ REC_K1);
	if (unlikely(rec->replay)) {
		rec_replay_return(rec, result);
		return;
	}
	if (unlikely((size_t)(rec->end - rec->at) < REC_SMALL_BYTES))
		rec_next_chunk(rec);
	p = rec->at;
	if (likely((u64)result < 64)) { /* folded it is one octet: four in one go */
		rec_put_le32(p, REC_RET | (u32)result << 9 | (u32)(u16)rec->hash << 16);
		rec->at = p + 4;
	} else {
		*p++ = REC_RET;
		p = rec_put_i(p, result);
		*p++ = (u8)rec->hash;
		*p++ = (u8)(rec->hash >> 8);
		rec->at = p;
	}
	if (unlikely(rec->events - rec->checked >= REC_CHECK_EVERY))
		rec_check(rec);
}

/* ------------------------------------------------------------------ what the net does */

enum rec_output {
	REC_OUT_FRAME = 1,
	REC_OUT_READY,
	REC_OUT_LOG,
	REC_OUT_CHANGED,
	REC_OUT_CAPTURE,
	REC_OUT_HOP,
	REC_OUT_ANSWER,
	REC_OUT_RELEASE
};

/** rec_output() - it did something: @what, to or about @id; @value: a hash of the rest */
static inline void rec_output(struct recorder *rec, enum rec_output what, u64 id, u64 value)
{
	rec->outputs++;
	rec->hash = rec_mix(rec->hash ^ value, REC_K0 + (u64)what + (id << 8));
}
/** rec_answer() - octets that a call gave back */
static inline void rec_answer(struct recorder *rec, const void *data, size_t len_bytes)
{
	rec->hash = rec_mix(rec->hash ^ rec_hash(0, data, len_bytes), REC_K0 + REC_OUT_ANSWER);
}

/** rec_cb_begin() - the embedder is told of the last output */
static inline void rec_cb_begin(struct recorder *rec, struct rec_cb *cb)
{
	*cb = (struct rec_cb){ rec->cb, rec->outputs, false };
	rec->cb = cb;
}
/** rec_cb_end() - @result: 0 or what it refused with */
void rec_cb_end(struct recorder *rec, struct rec_cb *cb, s64 result);

/** rec_tell() - the embedder is told, by a callback that cannot refuse, until rec_told(); @rec may be NULL */
static inline void rec_tell(struct recorder *rec, struct rec_cb *cb, enum rec_output what, u64 id, u64 value)
{
	if (likely(!rec))
		return;
	rec_output(rec, what, id, value);
	rec_cb_begin(rec, cb);
}
static inline void rec_told(struct recorder *rec, struct rec_cb *cb)
{
	if (unlikely(rec))
		rec_cb_end(rec, cb, 0);
}

/* ------------------------------------------------------------------ what the system says to a driver */

/** rec_input() - keep an answer.  Return: @result */
ssize_t rec_input(struct recorder *rec, int ifindex, enum rec_input what, ssize_t result, const void *data,
		  size_t len_bytes);
/** rec_input_again() - the answer as it was; -EAGAIN if the recording does not go on like this */
ssize_t rec_input_again(struct recorder *rec, int ifindex, enum rec_input what, void *data, size_t room_bytes);
/** rec_input_borrow() - the same, and where its octets are: borrowed as long as the recording is; NULL: none */
ssize_t rec_input_borrow(struct recorder *rec, int ifindex, enum rec_input what, const u8 **data, size_t *len_bytes);
/** rec_input_differs() - what was written down only when it changed.  Return: @value, or the new one */
ssize_t rec_input_differs(struct recorder *rec, int ifindex, enum rec_input what, ssize_t value);
/** rec_again() - is this a net that is made anew? */
static inline bool rec_again(const struct recorder *rec)
{
	return unlikely(rec) && rec->replay;
}
/** rec_refused() - a frame did not go out as a whole: @result, which is not @whole */
void rec_refused(struct recorder *rec, s64 result);
/** rec_refused_again() - what became of the last output.  Return: @whole, or what it was refused with */
s64 rec_refused_again(struct recorder *rec, s64 whole);

#endif
