// SPDX-License-Identifier: BSD-2-Clause
/* The ring, and what is written into it.
 *
 * Reading order: rec_create(), rec_next_chunk(), rec_put_long(); then callbacks, inputs, memory.
 * All memory is taken at once, when the net is made: nothing here can fail later.  A full ring goes on with the oldest
 * chunk.
 */
#include "record/record.h"

#include <errno.h>

#include "record/file.h"
#include "record/replay.h"

const struct rec_op_info rec_ops[REC_OPS_COUNT] = {
#define X(name, text, fields, labels) { text, fields, labels },
	REC_OPS(X)
#undef X
};
const char *const rec_inputs[REC_INPUTS_COUNT] = {
#define X(name, text) text,
	REC_INPUTS(X)
#undef X
};

/* ------------------------------------------------------------------ the ring */

static void chunk_begin(struct recorder *rec)
{
	struct rec_chunk *c = &rec->chunk[rec->current];

	if (c->seq)
		rec->lost_bytes += c->used_bytes;
	*c = (struct rec_chunk){
		.seq = ++rec->seq,
		.first = rec->spans ? REC_CHUNK_BYTES : 0,
		.depth = rec->calls,
		.event = rec->events,
		.time_ns = rec->time_ns,
	};
	rec->at = rec->ring + (size_t)rec->current * REC_CHUNK_BYTES;
	rec->end = rec->at + REC_CHUNK_BYTES;
}

struct recorder *rec_create(const struct mem_ops *ops, void *ctx, size_t ring_bytes, struct rec_replay *replay)
{
	size_t chunks = ring_bytes / REC_CHUNK_BYTES + (ring_bytes % REC_CHUNK_BYTES != 0), bytes;
	struct recorder *rec;
	u8 *memory;

	if (chunks < 2)
		chunks = 2;
	if (chunks > UINT32_MAX / sizeof(struct rec_chunk))
		return NULL;
	rec = ops->zalloc(ctx, sizeof(*rec));
	if (!rec)
		return NULL;
	bytes = chunks * (REC_CHUNK_BYTES + sizeof(struct rec_chunk));
	memory = ops->alloc(ctx, bytes);
	if (!memory) {
		ops->free(ctx, rec, sizeof(*rec));
		return NULL;
	}
	rec->ring = memory;
	rec->chunk = (struct rec_chunk *)(void *)(memory + chunks * REC_CHUNK_BYTES);
	memset(rec->chunk, 0, chunks * sizeof(struct rec_chunk));
	rec->chunk_count = (u32)chunks;
	rec->memory_bytes = bytes;
	rec->user_ops = *ops;
	rec->user_ctx = ctx;
	rec->replay = replay;
	chunk_begin(rec);
	return rec;
}

void rec_time_begins(struct recorder *rec, u64 now_ns)
{
	rec->time_ns = rec->chunk[0].time_ns = now_ns;
}

void rec_destroy(struct recorder *rec)
{
	struct mem_ops ops;
	void *ctx;

	if (!rec)
		return;
	ops = rec->user_ops;
	ctx = rec->user_ctx;
	ops.free(ctx, rec->ring, rec->memory_bytes);
	ops.free(ctx, rec, sizeof(*rec));
}

u32 rec_chunk_used(const struct recorder *rec, const struct rec_chunk *c)
{
	return c == &rec->chunk[rec->current] ? (u32)(rec->at - (rec->ring + (size_t)rec->current * REC_CHUNK_BYTES))
					      : c->used_bytes;
}

void rec_next_chunk(struct recorder *rec)
{
	struct rec_chunk *c = &rec->chunk[rec->current];

	if (rec->replay) { /* nothing is kept */
		rec->at = rec->ring;
		return;
	}
	c->used_bytes = rec_chunk_used(rec, c);
	c->first = min_u32(c->first, c->used_bytes);
	rec->written_bytes += c->used_bytes;
	rec->current = rec->current + 1 == rec->chunk_count ? 0 : rec->current + 1;
	chunk_begin(rec);
}

void rec_span_ends(struct recorder *rec)
{
	struct rec_chunk *c = &rec->chunk[rec->current];

	rec->spans = false;
	c->first = rec_chunk_used(rec, c);
	c->event = rec->events;
	c->depth = rec->calls;
	c->time_ns = rec->time_ns;
}

/* Octets that do not fit into the chunk go on in the next ones, where no record begins before their end. */
u8 *rec_put_long(struct recorder *rec, u8 *p, const void *data, size_t len_bytes)
{
	const u8 *from = data;

	rec->at = p;
	while (len_bytes && !rec->replay) {
		size_t n = min_size((size_t)(rec->end - rec->at), len_bytes);

		memcpy(rec->at, from, n);
		rec->at += n;
		from += n;
		len_bytes -= n;
		if (len_bytes) {
			rec->spans = true;
			rec_next_chunk(rec);
		}
	}
	if ((size_t)(rec->end - rec->at) < REC_SMALL_BYTES) {
		rec->spans = !rec->replay;
		rec_next_chunk(rec);
	}
	return rec->at;
}

void rec_check(struct recorder *rec)
{
	if ((size_t)(rec->end - rec->at) < REC_SMALL_BYTES)
		rec_next_chunk(rec);
	rec->checked = rec->events;
	*rec->at++ = REC_CHECK;
	rec_put_le64(rec->at, rec->hash);
	rec->at += 8;
}

/* ------------------------------------------------------------------ callbacks */

/* One that is no event of its own. */
static u8 *put_flow(struct recorder *rec, enum rec_op op)
{
	if ((size_t)(rec->end - rec->at) < REC_SMALL_BYTES)
		rec_next_chunk(rec);
	rec->at[0] = (u8)op;
	return rec->at + 1;
}

/* The first call within it: all callbacks around it are written down, for a call brought this one about. */
void rec_cb_open(struct recorder *rec)
{
	rec->cb->written = true;
	rec_commit(rec, rec_put_u(put_flow(rec, REC_CB_ENTER), rec->cb->output));
}

void rec_cb_end(struct recorder *rec, struct rec_cb *cb, s64 result)
{
	rec->cb = cb->up;
	if (cb->written)
		rec_commit(rec, rec_put_i(put_flow(rec, REC_CB_LEAVE), result));
	else if (result)
		rec_commit(rec, rec_put_i(rec_put_u(put_flow(rec, REC_CB_RESULT), cb->output), result));
}

void rec_refused(struct recorder *rec, s64 result)
{
	rec_commit(rec, rec_put_i(rec_put_u(put_flow(rec, REC_CB_RESULT), rec->outputs), result));
}

/* ------------------------------------------------------------------ the system's answers */

ssize_t rec_input(struct recorder *rec, int ifindex, enum rec_input what, ssize_t result, const void *data,
		  size_t len_bytes)
{
	u8 *p = rec_begin(rec, REC_INPUT);

	p = rec_put_u(p, (u32)ifindex);
	p = rec_put_u(p, what);
	p = rec_put_i(p, result);
	rec_commit(rec, rec_put_block(rec, p, len_bytes ? data : NULL, len_bytes));
	return result;
}

/* ------------------------------------------------------------------ memory */

/* Which allocations fail is the embedder's choice, and so it is an input. */
static bool failed(struct recorder *rec, bool fails)
{
	if (rec->replay)
		return fails;
	if (fails)
		rec_commit(rec, rec_put_u(rec_begin(rec, REC_NO_MEMORY), rec->allocations));
	return fails;
}

static bool must_fail(struct recorder *rec)
{
	rec->allocations++;
	return rec->replay && rec_replay_no_memory(rec);
}

void *rec_mem_alloc(void *ctx, size_t size_bytes)
{
	struct recorder *rec = ctx;
	void *p = must_fail(rec) ? NULL : rec->user_ops.alloc(rec->user_ctx, size_bytes);

	failed(rec, !p);
	return p;
}

void *rec_mem_zalloc(void *ctx, size_t size_bytes)
{
	struct recorder *rec = ctx;
	void *p = must_fail(rec) ? NULL : rec->user_ops.zalloc(rec->user_ctx, size_bytes);

	failed(rec, !p);
	return p;
}

void rec_mem_free(void *ctx, void *p, size_t size_bytes)
{
	const struct recorder *rec = ctx;

	rec->user_ops.free(rec->user_ctx, p, size_bytes);
}

void rec_mem_discard(void *ctx, void *p, size_t size_bytes)
{
	const struct recorder *rec = ctx;

	if (rec->user_ops.discard)
		rec->user_ops.discard(rec->user_ctx, p, size_bytes);
}

bool rec_mem_fail(void *ctx, const char *site, size_t size_bytes)
{
	struct recorder *rec = ctx;

	if (must_fail(rec))
		return true;
	return failed(rec, !rec->replay && rec->user_fail(rec->user_ctx, site, size_bytes));
}
