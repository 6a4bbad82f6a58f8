// SPDX-License-Identifier: BSD-2-Clause
/* A recording as a file: written in pieces, and checked from end to end before anybody believes it.
 *
 * Reading order: rec_write(); nethood_record_parse(), rec_decode().
 * Nothing of a file is trusted: each length is looked at before it is used, each part has its sum.
 */
#include "record/file.h"

#include <errno.h>
#include <stdio.h>

#include "record/replay.h"

/* ------------------------------------------------------------------ writing */

static const u8 rec_magic[REC_MAGIC_BYTES] = { 'N', 'H', 'R', 'E', 'C', '\r', '\n', 0x1a };

static u64 oldest_seq(const struct recorder *rec)
{
	return rec->seq > rec->chunk_count ? rec->seq - rec->chunk_count + 1 : 1;
}

static void put_header(const struct recorder *rec, const char *version, u8 h[static REC_HEADER_BYTES])
{
	bool lost = oldest_seq(rec) > 1;

	memset(h, 0, REC_HEADER_BYTES);
	memcpy(h, rec_magic, sizeof(rec_magic));
	rec_put_le32(h + REC_H_VERSION, REC_FORMAT_VERSION);
	rec_put_le32(h + REC_H_BYTES, REC_HEADER_BYTES);
	rec_put_le32(h + REC_H_FLAGS, rec->flags | (lost ? REC_F_BEGIN_LOST : 0));
	rec_put_le32(h + REC_H_ABI, rec_abi());
	rec_put_le64(h + REC_H_NOW, rec->now_ns);
	rec_put_le64(h + REC_H_WALL, rec->wall_ns);
	if (!lost) /* else it is of no use, and a secret still */
		memcpy(h + REC_H_KEY, rec->key, sizeof(rec->key));
	(void)snprintf((char *)h + REC_H_NETHOOD, REC_H_HOSTNAME - REC_H_NETHOOD, "%s", version);
	memcpy(h + REC_H_HOSTNAME, rec->hostname, 63);
	rec_put_le64(h + REC_H_LOST, rec->lost_bytes);
	rec_put_le64(h + REC_H_RING, (u64)rec->chunk_count * REC_CHUNK_BYTES);
	rec_put_le64(h + REC_H_SUM, rec_hash(0, h, REC_H_SUM));
}

static int write_chunk(const struct recorder *rec, u64 seq, rec_write_fn fn, void *ctx)
{
	u32 index = (u32)((seq - 1) % rec->chunk_count), used;
	const struct rec_chunk *c = &rec->chunk[index];
	const u8 *data = rec->ring + (size_t)index * REC_CHUNK_BYTES;
	u8 h[REC_CHUNK_HEADER_BYTES];
	int ret;

	used = rec_chunk_used(rec, c);
	rec_put_le32(h, REC_CHUNK_MAGIC);
	rec_put_le32(h + REC_C_BYTES, used);
	rec_put_le64(h + REC_C_SEQ, seq);
	rec_put_le32(h + REC_C_FIRST, min_u32(c->first, used));
	rec_put_le32(h + REC_C_DEPTH, c->depth);
	rec_put_le64(h + REC_C_EVENT, c->event);
	rec_put_le64(h + REC_C_TIME, c->time_ns);
	rec_put_le64(h + REC_C_SUM, rec_hash(rec_hash(0, h, REC_C_SUM), data, used));
	ret = fn(ctx, h, sizeof(h));
	return ret ? ret : fn(ctx, data, used);
}

u64 rec_written(const struct recorder *rec)
{
	return rec->written_bytes + rec_chunk_used(rec, &rec->chunk[rec->current]);
}

static int write_tail(const struct recorder *rec, u64 chunks, rec_write_fn fn, void *ctx)
{
	u8 t[REC_TAIL_BYTES] = { 0 };

	rec_put_le32(t, REC_TAIL_MAGIC);
	rec_put_le64(t + REC_T_CHUNKS, chunks);
	rec_put_le64(t + REC_T_EVENTS, rec->events);
	rec_put_le64(t + REC_T_OUTPUTS, rec->outputs);
	rec_put_le64(t + REC_T_HASH, rec->hash);
	rec_put_le64(t + REC_T_TIME, rec->time_ns);
	rec_put_le64(t + REC_T_WRITTEN, rec_written(rec));
	rec_put_le64(t + REC_T_SUM, rec_hash(0, t, REC_T_SUM));
	return fn(ctx, t, sizeof(t));
}

int rec_write(const struct recorder *rec, struct rec_write_state *at, const char *version, size_t max_bytes,
	      rec_write_fn fn, void *ctx)
{
	size_t done_bytes = 0;
	int ret = 0;

	if (rec->calls || rec->cb)
		return -EBUSY;
	if (!at->next) {
		u8 h[REC_HEADER_BYTES];

		at->first = at->next = oldest_seq(rec);
		put_header(rec, version, h);
		ret = fn(ctx, h, sizeof(h));
	}
	while (!ret && done_bytes <= max_bytes) {
		if (at->next < oldest_seq(rec))
			return -ESTALE;
		ret = write_chunk(rec, at->next, fn, ctx);
		done_bytes += REC_CHUNK_BYTES;
		if (!ret && at->next == rec->seq)
			return write_tail(rec, at->next - at->first + 1, fn, ctx);
		at->next++;
	}
	return ret ? ret : 1;
}

/* ------------------------------------------------------------------ records */

static const u8 *get_u(const u8 *p, const u8 *end, u64 *out)
{
	u64 v = 0;

	for (u32 shift = 0; shift < 70 && p < end; shift += 7) {
		u8 octet = *p++;

		if (shift == 63 && octet > 1)
			return NULL;
		v |= (u64)(octet & 0x7f) << shift;
		if (octet < 0x80) {
			*out = v;
			return p;
		}
	}
	return NULL;
}

static const u8 *get_block(const u8 *p, const u8 *end, bool text, struct nethood_record_event *e, u32 i)
{
	u64 len;

	p = get_u(p, end, &len);
	e->octets[i] = NULL;
	e->value[i] = 0;
	if (!p || !len)
		return p;
	len--;
	if (len > (u64)(end - p) || (text && (!len || memchr(p, 0, (size_t)len) != p + len - 1)))
		return NULL;
	e->octets[i] = p;
	e->value[i] = len;
	return p + len;
}

static const u8 *get_fixed(const u8 *p, const u8 *end, size_t len_bytes, struct nethood_record_event *e, u32 i)
{
	if ((size_t)(end - p) < len_bytes)
		return NULL;
	e->octets[i] = p;
	e->value[i] = len_bytes;
	return p + len_bytes;
}

static const u8 *get_field(char letter, const u8 *p, const u8 *end, u64 *time_ns, struct nethood_record_event *e, u32 i)
{
	switch (letter) {
	case 'b':
	case 'z':
		return get_block(p, end, letter == 'z', e, i);
	case 'h':
		return get_fixed(p, end, 2, e, i);
	case 'H':
		return get_fixed(p, end, 8, e, i);
	default:
		p = get_u(p, end, &e->value[i]);
		e->octets[i] = NULL;
		if (p && (letter == 'i' || letter == 't'))
			e->value[i] = (u64)rec_unfold(e->value[i]);
		if (p && letter == 't')
			e->value[i] = *time_ns += e->value[i];
		return p;
	}
}

size_t rec_decode(const u8 *p, const u8 *end, u64 *time_ns, struct nethood_record_event *e)
{
	const u8 *begin = p;
	const char *letter;

	if (p >= end || !*p || *p >= REC_OPS_COUNT)
		return 0;
	e->op = *p++;
	e->name = rec_ops[e->op].text;
	e->fields = rec_ops[e->op].fields;
	e->labels = rec_ops[e->op].labels;
	e->is_event = rec_is_event(e->op);
	e->has_return = rec_has_return(e->op);
	letter = e->fields;
	for (u32 i = 0; *letter; i++, letter++) {
		p = get_field(*letter, p, end, time_ns, e, i);
		if (!p)
			return 0;
	}
	e->time_ns = *time_ns;
	return (size_t)(p - begin);
}

int nethood_record_each(const struct nethood_record_file *file,
			int (*fn)(void *ctx, const struct nethood_record_event *event), void *ctx)
{
	const u8 *p = file->records, *end = p + file->records_bytes;
	struct nethood_record_event e = { .number = file->first_event, .depth = file->first_depth };
	u64 time_ns = file->first_time_ns;
	u32 depth = file->first_depth;
	int ret = 0;

	while (p < end && !ret) {
		size_t bytes = rec_decode(p, end, &time_ns, &e);

		if (!bytes)
			return -EINVAL;
		p += bytes;
		e.number += e.is_event;
		if (e.op == REC_RET && depth)
			depth--;
		e.depth = depth;
		depth += e.has_return;
		ret = fn(ctx, &e);
	}
	return ret;
}

const char *nethood_record_input_name(uint64_t what)
{
	return what < REC_INPUTS_COUNT ? rec_inputs[what] : "?";
}

/* ------------------------------------------------------------------ checking a file */

/** struct parse - how far it has come */
struct parse {
	struct nethood_record_file *out;
	u8 *data;
	size_t len_bytes, at;
	u8 *to; /* where the next octets of records go: never behind where they came from */
	u64 chunks, seq;
	bool begun; /* the first record was found */
};

static int refuse(struct parse *ps, size_t at, int err, const char *why)
{
	ps->out->error_offset = at;
	ps->out->error = why;
	return err;
}

static bool is_text(const u8 *p, size_t bytes)
{
	const u8 *zero = memchr(p, 0, bytes);

	for (const u8 *c = p; zero && c < zero; c++) {
		if (*c < 0x20 || *c >= 0x7f)
			return false;
	}
	return zero;
}

static int parse_header(struct parse *ps)
{
	const u8 *h = ps->data;

	if (ps->len_bytes < REC_MAGIC_BYTES || memcmp(h, rec_magic, sizeof(rec_magic)) != 0)
		return refuse(ps, 0, -EINVAL, "this is no recording of nethood");
	if (ps->len_bytes < REC_HEADER_BYTES)
		return refuse(ps, ps->len_bytes, -EINVAL, "the file ends within its header");
	if (rec_get_le32(h + REC_H_VERSION) != REC_FORMAT_VERSION)
		return refuse(ps, REC_H_VERSION, -EPROTO, "the recording is of another format");
	if (rec_get_le32(h + REC_H_BYTES) != REC_HEADER_BYTES)
		return refuse(ps, REC_H_BYTES, -EINVAL, "the header has a length that it cannot have");
	if (rec_get_le64(h + REC_H_SUM) != rec_hash(0, h, REC_H_SUM))
		return refuse(ps, REC_H_SUM, -EINVAL, "the header is damaged: its sum is wrong");
	if (rec_get_le32(h + REC_H_FLAGS) & ~(u32)REC_F_KNOWN)
		return refuse(ps, REC_H_FLAGS, -EPROTO, "the recording has something that this version does not know");
	if (rec_get_le32(h + REC_H_ABI) != rec_abi())
		return refuse(ps, REC_H_ABI, -EPROTO, "it was recorded on a machine whose types have other sizes");
	if (!is_text(h + REC_H_NETHOOD, 24) || !is_text(h + REC_H_HOSTNAME, 64))
		return refuse(ps, REC_H_NETHOOD, -EINVAL, "a name in the header is none");
	return 0;
}

static void take_header(struct parse *ps)
{
	struct nethood_record_file *out = ps->out;
	const u8 *h = ps->data;

	out->flags = rec_get_le32(h + REC_H_FLAGS);
	out->begin_lost = out->flags & REC_F_BEGIN_LOST;
	out->now_ns = rec_get_le64(h + REC_H_NOW);
	out->wall_ns = rec_get_le64(h + REC_H_WALL);
	out->lost_bytes = rec_get_le64(h + REC_H_LOST);
	out->ring_bytes = rec_get_le64(h + REC_H_RING);
	memcpy(out->key, h + REC_H_KEY, sizeof(out->key));
	memcpy(out->version, h + REC_H_NETHOOD, 24);
	memcpy(out->hostname, h + REC_H_HOSTNAME, 64);
	ps->at = REC_HEADER_BYTES;
	ps->to = ps->data + REC_HEADER_BYTES;
	out->records = ps->to;
}

/* Where records begin: at the start, or, if that is gone, with the first whole one. */
static void begin_records(struct parse *ps, const u8 *h, u32 *skip)
{
	struct nethood_record_file *out = ps->out;
	u32 first = rec_get_le32(h + REC_C_FIRST), bytes = rec_get_le32(h + REC_C_BYTES);

	*skip = out->begin_lost ? first : 0;
	if (ps->begun || (out->begin_lost && first == bytes))
		return;
	ps->begun = true;
	out->first_event = rec_get_le64(h + REC_C_EVENT);
	out->first_time_ns = rec_get_le64(h + REC_C_TIME);
	out->first_depth = rec_get_le32(h + REC_C_DEPTH);
}

static int parse_chunk(struct parse *ps)
{
	const u8 *h = ps->data + ps->at;
	size_t left = ps->len_bytes - ps->at;
	u32 bytes, skip = 0;
	u64 seq;

	if (left < REC_CHUNK_HEADER_BYTES)
		return refuse(ps, ps->len_bytes, -EINVAL, "the file ends within the header of a chunk");
	bytes = rec_get_le32(h + REC_C_BYTES);
	seq = rec_get_le64(h + REC_C_SEQ);
	if (bytes > REC_CHUNK_BYTES || rec_get_le32(h + REC_C_FIRST) > bytes)
		return refuse(ps, ps->at + REC_C_BYTES, -EINVAL, "a chunk has a length that it cannot have");
	if (left - REC_CHUNK_HEADER_BYTES < bytes)
		return refuse(ps, ps->len_bytes, -EINVAL, "the file ends within a chunk");
	if (rec_get_le64(h + REC_C_SUM) != rec_hash(rec_hash(0, h, REC_C_SUM), h + REC_CHUNK_HEADER_BYTES, bytes))
		return refuse(ps, ps->at, -EINVAL, "a chunk is damaged: its sum is wrong");
	if (ps->chunks ? seq != ps->seq + 1 : (!seq || (seq > 1) != ps->out->begin_lost))
		return refuse(ps, ps->at + REC_C_SEQ, -EINVAL, "a chunk is missing");
	if (!ps->begun)
		begin_records(ps, h, &skip);
	if (ps->begun) {
		memmove(ps->to, h + REC_CHUNK_HEADER_BYTES + skip, bytes - skip);
		ps->to += bytes - skip;
	}
	ps->seq = seq;
	ps->chunks++;
	ps->at += REC_CHUNK_HEADER_BYTES + bytes;
	return 0;
}

static int parse_tail(struct parse *ps)
{
	const u8 *t = ps->data + ps->at;
	struct nethood_record_file *out = ps->out;

	if (ps->len_bytes - ps->at < REC_TAIL_BYTES)
		return refuse(ps, ps->len_bytes, -EINVAL, "the file ends within its tail");
	if (rec_get_le64(t + REC_T_SUM) != rec_hash(0, t, REC_T_SUM))
		return refuse(ps, ps->at, -EINVAL, "the tail is damaged: its sum is wrong");
	if (rec_get_le64(t + REC_T_CHUNKS) != ps->chunks)
		return refuse(ps, ps->at + REC_T_CHUNKS, -EINVAL, "a chunk is missing before the tail");
	if (ps->len_bytes - ps->at > REC_TAIL_BYTES)
		return refuse(ps, ps->at + REC_TAIL_BYTES, -EINVAL, "something stands behind the tail");
	out->events = rec_get_le64(t + REC_T_EVENTS);
	out->outputs = rec_get_le64(t + REC_T_OUTPUTS);
	out->trace_hash = rec_get_le64(t + REC_T_HASH);
	out->last_time_ns = rec_get_le64(t + REC_T_TIME);
	return 0;
}

/* Is each record one?  Calls within calls as deep as memory is are none of ours. */
static int parse_records(struct parse *ps)
{
	struct nethood_record_file *out = ps->out;
	const u8 *p = out->records, *end = p + out->records_bytes;
	struct nethood_record_event e;
	u64 time_ns = out->first_time_ns, events = out->first_event;

	while (p < end) {
		size_t bytes = rec_decode(p, end, &time_ns, &e);

		if (!bytes)
			return refuse(ps, (u64)(p - ps->data), -EINVAL, "a record makes no sense");
		p += bytes;
		events += e.is_event;
	}
	if (events != out->events)
		return refuse(ps, ps->at + REC_T_EVENTS, -EINVAL, "the tail counts other events than there are");
	return 0;
}

int nethood_record_parse(void *data, size_t len_bytes, struct nethood_record_file *out)
{
	struct parse ps = { .out = out, .data = data, .len_bytes = len_bytes };
	int err;

	memset(out, 0, sizeof(*out));
	err = parse_header(&ps);
	if (err)
		return err;
	take_header(&ps);
	for (;;) {
		if (len_bytes - ps.at < 4)
			return refuse(&ps, len_bytes, -EINVAL, "the file ends before its tail");
		if (rec_get_le32(ps.data + ps.at) == REC_TAIL_MAGIC)
			break;
		if (rec_get_le32(ps.data + ps.at) != REC_CHUNK_MAGIC)
			return refuse(&ps, ps.at, -EINVAL, "neither a chunk nor the tail stands here");
		err = parse_chunk(&ps);
		if (err)
			return err;
	}
	err = parse_tail(&ps);
	if (err)
		return err;
	if (!ps.begun)
		out->first_event = out->events;
	out->records_bytes = (size_t)(ps.to - out->records);
	return parse_records(&ps);
}
