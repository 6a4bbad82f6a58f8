/* SPDX-License-Identifier: BSD-2-Clause */
/* The octets of a fuzzer, taken piece by piece.
 *
 * What is missing at the end is zero, so that each prefix of an input is an input, and the shorter one is the simpler one.
 */
#ifndef NETHOOD_FUZZ_INPUT_H
#define NETHOOD_FUZZ_INPUT_H

#include <string.h>

#include "base/types.h"

struct input {
	const u8 *at, *end;
};

static inline size_t in_left(const struct input *in)
{
	return (size_t)(in->end - in->at);
}

static inline u8 in_u8(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static inline u16 in_u16(struct input *in)
{
	u16 low = in_u8(in);

	return (u16)(low | in_u8(in) << 8);
}

static inline u32 in_u32(struct input *in)
{
	u32 low = in_u16(in);

	return low | (u32)in_u16(in) << 16;
}

/** in_below() - a number below @n, which is 1 to 256 */
static inline u32 in_below(struct input *in, u32 n)
{
	return in_u8(in) % n;
}

/** in_bytes() - the next @want octets, or as many as are left; *@got: how many */
static inline const u8 *in_bytes(struct input *in, size_t want, size_t *got)
{
	const u8 *p = in->at;

	*got = want < in_left(in) ? want : in_left(in);
	in->at += *got;
	return p;
}

/** struct op - one step of an input: what to do, and with what */
struct op {
	u8 kind;
	struct input body;
};

#define OP_HEADER_BYTES 3U

/** in_op() - the next step: kind, length (two octets, the low one first), body.  Return: false: there is none */
static inline bool in_op(struct input *in, struct op *out)
{
	size_t len_bytes;

	if (in->at == in->end)
		return false;
	out->kind = in_u8(in);
	len_bytes = in_u16(in);
	out->body.at = in_bytes(in, len_bytes, &len_bytes);
	out->body.end = out->body.at + len_bytes;
	return true;
}

#endif
