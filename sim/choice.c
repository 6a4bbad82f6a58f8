// SPDX-License-Identifier: BSD-2-Clause
/* The choice tape. */
#include "choice.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NOT_THERE UINT32_MAX

static void *grow(void *p, u32 count, size_t one_bytes)
{
	p = realloc(p, count * one_bytes);
	if (!p)
		abort(); /* a simulator without memory has nothing to say */
	return p;
}

static void tape_reserve(struct choices *c)
{
	if (c->at < c->room)
		return;
	c->room = c->room ? 2 * c->room : 1024;
	c->tape = grow(c->tape, c->room, sizeof(*c->tape));
	if (c->source == CHOICE_ALL)
		c->limit = grow(c->limit, c->room, sizeof(*c->limit));
}

/* ------------------------------------------------------------------ sources */

static u64 splitmix64(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static u64 *stream_of(struct choices *c, u32 stream)
{
	while (stream >= c->stream_count) {
		u32 count = c->stream_count ? 2 * c->stream_count : 16;

		c->stream = grow(c->stream, count, sizeof(*c->stream));
		for (u32 i = c->stream_count; i < count; i++) {
			u64 begin = c->seed ^ (u64)i << 32;

			c->stream[i] = splitmix64(&begin); /* streams lie far from each other */
		}
		c->stream_count = count;
	}
	return &c->stream[stream];
}

static u32 from_seed(struct choices *c, u32 stream, u32 n)
{
	return (u32)(((splitmix64(stream_of(c, stream)) >> 32) * n) >> 32);
}

static u32 from_tape(struct choices *c, u32 stream, u32 n)
{
	u32 at = stream < c->stream_count ? c->cursor[stream] : NOT_THERE;

	if (at == NOT_THERE)
		return 0;
	c->cursor[stream] = c->next[at];
	return c->tape[at].value % n;
}

/* As few octets as the choice needs, so that a mutation changes one choice. */
static u32 from_bytes(struct choices *c, u32 n)
{
	u32 value = 0;

	for (u32 room = n - 1; room && c->bytes_left; room >>= 8, c->bytes_left--)
		value = value << 8 | *c->bytes++;
	return value % n;
}

static u32 from_all(struct choices *c, u32 n)
{
	if (c->at == c->count) {
		c->tape[c->count++].value = 0;
		c->limit[c->at] = n;
	}
	assert(c->limit[c->at] == n); /* the same world asks the same questions */
	return c->tape[c->at].value;
}

u32 choose(struct choices *c, u32 stream, u32 n)
{
	u32 value = 0;

	if (n < 2)
		return 0;
	switch (c->source) {
	case CHOICE_SEED:
		value = from_seed(c, stream, n);
		break;
	case CHOICE_TAPE:
		value = from_tape(c, stream, n);
		break;
	case CHOICE_BYTES:
		value = from_bytes(c, n);
		break;
	case CHOICE_ALL:
		tape_reserve(c);
		value = from_all(c, n);
		break;
	}
	if (c->keep) {
		tape_reserve(c);
		c->tape[c->at] = (struct choice){ stream, value };
		c->count = c->at + 1;
	}
	c->at++;
	return value;
}

/* ------------------------------------------------------------------ life */

void choices_seed(struct choices *c, u64 seed, bool keep)
{
	*c = (struct choices){ .source = CHOICE_SEED, .seed = seed, .keep = keep };
}

void choices_tape(struct choices *c, const struct choice *tape, u32 count)
{
	*c = (struct choices){ .source = CHOICE_TAPE, .count = count, .room = count };
	if (!count)
		return;
	c->tape = grow(NULL, count, sizeof(*tape));
	c->next = grow(NULL, count, sizeof(*c->next));
	memcpy(c->tape, tape, count * sizeof(*tape));
	for (u32 i = 0; i < count; i++) {
		assert(tape[i].stream < CHOICE_STREAMS_MAX);
		c->stream_count = tape[i].stream >= c->stream_count ? tape[i].stream + 1 : c->stream_count;
	}
	c->cursor = grow(NULL, c->stream_count, sizeof(*c->cursor));
	memset(c->cursor, 0xff, c->stream_count * sizeof(*c->cursor));
	for (u32 i = count; i--;) {
		c->next[i] = c->cursor[tape[i].stream];
		c->cursor[tape[i].stream] = i;
	}
}

void choices_bytes(struct choices *c, const void *bytes, size_t size_bytes)
{
	*c = (struct choices){ .source = CHOICE_BYTES, .bytes = bytes, .bytes_left = size_bytes, .keep = true };
}

void choices_all(struct choices *c)
{
	*c = (struct choices){ .source = CHOICE_ALL };
}

bool choices_next(struct choices *c)
{
	c->at = 0;
	while (c->count) {
		u32 last = c->count - 1;

		if (++c->tape[last].value < c->limit[last])
			return true;
		c->count--;
	}
	return false;
}

void choices_end(struct choices *c)
{
	free(c->stream);
	free(c->tape);
	free(c->limit);
	free(c->next);
	free(c->cursor);
	memset(c, 0, sizeof(*c));
}
