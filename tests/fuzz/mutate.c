// SPDX-License-Identifier: BSD-2-Clause
/* Mutation of inputs that are a sequence of steps: it takes care that what is behind a step stays what it was.
 *
 * An input begins with FUZZ_CONFIG_BYTES octets that say which world; then come steps (input.h).  A step is doubled, left
 * out, moved, or its body changed; two inputs are crossed between steps.  Checksums and lengths inside a body are no matter
 * here: a step that is a frame says itself whether they are to be put right when it is run.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "mutate.h"

#define STEPS_MAX 256U

size_t LLVMFuzzerMutate(u8 *data, size_t size_bytes, size_t room_bytes);

struct steps {
	struct {
		u32 at, bytes; /**< header and all */
	} step[STEPS_MAX];
	u32 count;
};

static u32 rnd(u32 *seed, u32 n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % n;
}

static void find_steps(const u8 *data, size_t size_bytes, struct steps *out)
{
	struct input in = { data + FUZZ_CONFIG_BYTES, data + size_bytes };
	struct op op;

	out->count = 0;
	while (out->count < STEPS_MAX && in_left(&in) >= OP_HEADER_BYTES) {
		u32 at = (u32)(in.at - data);

		(void)in_op(&in, &op);
		out->step[out->count].at = at;
		out->step[out->count++].bytes = (u32)(in.at - data) - at;
	}
}

static void set_body_bytes(u8 *step, size_t body_bytes)
{
	step[1] = (u8)body_bytes;
	step[2] = (u8)(body_bytes >> 8);
}

/* Put @bytes of @from where @at is.  Return: the new size, or the old one if there is no room */
static size_t insert(u8 *data, size_t size, size_t room, size_t at, const u8 *from, size_t bytes)
{
	u8 *copy;

	if (size + bytes > room)
		return size;
	copy = malloc(bytes); /* it may be a part of @data */
	if (!copy)
		return size;
	memcpy(copy, from, bytes);
	memmove(data + at + bytes, data + at, size - at);
	memcpy(data + at, copy, bytes);
	free(copy);
	return size + bytes;
}

static size_t without(u8 *data, size_t size, size_t at, size_t bytes)
{
	memmove(data + at, data + at + bytes, size - at - bytes);
	return size - bytes;
}

static size_t mutate_body(u8 *data, size_t size, size_t room, u32 at, u32 bytes)
{
	size_t body = bytes - OP_HEADER_BYTES, body_room = body + 64 < UINT16_MAX ? body + 64 : UINT16_MAX, got;
	u8 *copy = malloc(body_room);

	if (!copy || size + 64 > room) {
		free(copy);
		return size;
	}
	memcpy(copy, data + at + OP_HEADER_BYTES, body);
	got = LLVMFuzzerMutate(copy, body, body_room);
	size = without(data, size, at + OP_HEADER_BYTES, body);
	size = insert(data, size, room, at + OP_HEADER_BYTES, copy, got);
	set_body_bytes(data + at, got);
	free(copy);
	return size;
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t room, unsigned int seed)
{
	struct steps s;
	u32 i, k;

	if (size < FUZZ_CONFIG_BYTES + OP_HEADER_BYTES)
		return LLVMFuzzerMutate(data, size, room);
	find_steps(data, size, &s);
	if (!s.count)
		return LLVMFuzzerMutate(data, size, room);
	i = rnd(&seed, s.count);
	k = rnd(&seed, s.count);
	switch (rnd(&seed, 16)) {
	case 0: /* anything */
		return LLVMFuzzerMutate(data, size, room);
	case 1: /* another world */
		data[rnd(&seed, FUZZ_CONFIG_BYTES)] ^= (u8)(1U << rnd(&seed, 8));
		return size;
	case 2: /* one step again, elsewhere */
	case 3:
		return insert(data, size, room, s.step[k].at, data + s.step[i].at, s.step[i].bytes);
	case 4: /* one step less */
		return without(data, size, s.step[i].at, s.step[i].bytes);
	case 5: /* another kind of step, or another use of this one */
		data[s.step[i].at] = (u8)rnd(&seed, FUZZ_KINDS_MAX);
		return size;
	case 6: /* its beginning says how it is to be taken */
		if (s.step[i].bytes > OP_HEADER_BYTES + 1)
			data[s.step[i].at + OP_HEADER_BYTES + rnd(&seed, 2)] ^= (u8)(1U << rnd(&seed, 8));
		return size;
	default:
		return mutate_body(data, size, room, s.step[i].at, s.step[i].bytes);
	}
}

/* A run of steps of the second input, between two steps of the first. */
size_t LLVMFuzzerCustomCrossOver(const u8 *a, size_t a_bytes, const u8 *b, size_t b_bytes, u8 *out, size_t room,
				 unsigned int seed)
{
	struct steps sa, sb;
	u32 first, last, at;

	if (a_bytes > room || a_bytes < FUZZ_CONFIG_BYTES || b_bytes < FUZZ_CONFIG_BYTES)
		return 0;
	memcpy(out, a, a_bytes);
	find_steps(a, a_bytes, &sa);
	find_steps(b, b_bytes, &sb);
	if (!sb.count)
		return a_bytes;
	first = rnd(&seed, sb.count);
	last = first + rnd(&seed, sb.count - first < 8 ? sb.count - first : 8);
	at = sa.count && rnd(&seed, 4) ? sa.step[rnd(&seed, sa.count)].at : (u32)a_bytes;
	return insert(out, a_bytes, room, at, b + sb.step[first].at,
		      sb.step[last].at + sb.step[last].bytes - sb.step[first].at);
}
