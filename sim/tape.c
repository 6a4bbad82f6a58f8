// SPDX-License-Identifier: BSD-2-Clause
/* Tapes: as text, and delta debugging of what is on them. */
#include "tape.h"

#include <stdlib.h>
#include <string.h>

#include "grow.h"

static struct choice *room_for(u32 count)
{
	struct choice *choice = malloc((count ? count : 1) * sizeof(*choice));

	if (!choice)
		abort();
	return choice;
}

void tape_copy(struct tape *t, const struct choice *choice, u32 count)
{
	t->choice = room_for(count);
	if (count)
		memcpy(t->choice, choice, count * sizeof(*choice));
	t->count = count;
}

void tape_end(struct tape *t)
{
	free(t->choice);
	memset(t, 0, sizeof(*t));
}

/* ------------------------------------------------------------------ text */

/** parse_number() - at @p, which is moved behind it.  Return: false: there is none */
static bool parse_number(const char **p, const char *end, u32 *out)
{
	const char *begin = *p;
	u64 value = 0;

	for (; *p < end && **p >= '0' && **p <= '9' && value <= UINT32_MAX; (*p)++)
		value = value * 10 + (u32)(**p - '0');
	*out = (u32)value;
	return *p > begin && value <= UINT32_MAX;
}

static bool parse_choice(const char *p, const char *end, struct choice *out)
{
	return parse_number(&p, end, &out->stream) && out->stream < CHOICE_STREAMS_MAX && p < end && *p++ == ' ' &&
	       parse_number(&p, end, &out->value) && p == end;
}

u32 tape_parse(const char *text, size_t len_bytes, struct tape *out)
{
	const char *end = text + len_bytes, *eol;
	u32 line = 1, room = 0;

	memset(out, 0, sizeof(*out));
	for (const char *p = text; p < end; p = eol + 1, line++) {
		eol = memchr(p, '\n', (size_t)(end - p));
		if (!eol)
			eol = end;
		if (*p == '#' || eol == p)
			continue;
		if (out->count == room)
			out->choice = sim_grow(out->choice, &room, 1024, sizeof(*out->choice));
		if (!parse_choice(p, eol, &out->choice[out->count++])) {
			tape_end(out);
			return line;
		}
	}
	return 0;
}

bool tape_same_words(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a >= '0' && *a <= '9')
			a++;
		while (*b >= '0' && *b <= '9')
			b++;
		if (*a != *b)
			return false;
		if (!*a)
			return true;
	}
}

/* ------------------------------------------------------------------ shorter */

/** struct attempt - the shortest tape so far, and room to try another */
struct attempt {
	struct tape *best;
	struct choice *scratch;
	struct tape_shrink *how;
};

static bool may_go_on(const struct attempt *a)
{
	return a->how->runs < a->how->runs_max;
}

static bool try_tape(struct attempt *a, const struct choice *choice, u32 count)
{
	a->how->runs++;
	if (!a->how->breaks(a->how->ctx, choice, count))
		return false;
	memmove(a->best->choice, choice, count * sizeof(*choice));
	a->best->count = count;
	return true;
}

static bool try_without(struct attempt *a, u32 at, u32 n)
{
	const struct choice *tape = a->best->choice;

	memcpy(a->scratch, tape, at * sizeof(*tape));
	memcpy(a->scratch + at, tape + at + n, (a->best->count - at - n) * sizeof(*tape));
	return try_tape(a, a->scratch, a->best->count - n);
}

static bool try_zeros(struct attempt *a, u32 at, u32 n)
{
	u32 changed = 0;

	memcpy(a->scratch, a->best->choice, a->best->count * sizeof(*a->scratch));
	for (u32 i = at; i < at + n; i++) {
		changed += a->scratch[i].value != 0;
		a->scratch[i].value = 0;
	}
	return changed && try_tape(a, a->scratch, a->best->count);
}

/** round_of() - pieces of @n choices.  Return: something could go */
static bool round_of(struct attempt *a, u32 n)
{
	bool better = false;

	while (a->best->count > n && may_go_on(a) && try_tape(a, a->best->choice, a->best->count - n))
		better = true;
	for (u32 at = 0; at + n <= a->best->count && may_go_on(a);) {
		if (try_without(a, at, n))
			better = true;
		else
			at += n;
	}
	for (u32 at = 0; at + n <= a->best->count && may_go_on(a); at += n)
		better |= try_zeros(a, at, n);
	return better;
}

/** try_without_streams() - all of those from @first to before @end */
static bool try_without_streams(struct attempt *a, u32 first, u32 end)
{
	u32 count = 0;

	for (u32 i = 0; i < a->best->count; i++) {
		if (a->best->choice[i].stream < first || a->best->choice[i].stream >= end)
			a->scratch[count++] = a->best->choice[i];
	}
	return count < a->best->count && try_tape(a, a->scratch, count);
}

/* What happened in one turn, or to one host, has a stream of its own: most of them do not matter. */
static void shrink_streams(struct attempt *a)
{
	u32 end = 0;

	for (u32 i = 0; i < a->best->count; i++)
		end = a->best->choice[i].stream >= end ? a->best->choice[i].stream + 1 : end;
	for (u32 n = end; n; n /= 2) {
		for (u32 first = 0; first < end && may_go_on(a); first += n)
			(void)try_without_streams(a, first, first + n);
	}
}

/* What is missing at the end of a stream is zero: zeros there say nothing. */
static void drop_last_zeros(struct tape *t)
{
	u8 *needed = calloc(CHOICE_STREAMS_MAX, 1);
	u32 to = t->count;

	if (!needed)
		abort();
	for (u32 i = t->count; i--;) {
		needed[t->choice[i].stream] |= t->choice[i].value != 0;
		if (needed[t->choice[i].stream])
			t->choice[--to] = t->choice[i];
	}
	t->count -= to;
	memmove(t->choice, t->choice + to, t->count * sizeof(*t->choice));
	free(needed);
}

void tape_shrink(struct tape *t, struct tape_shrink *how)
{
	struct attempt a = { .best = t, .scratch = room_for(t->count), .how = how };

	shrink_streams(&a);
	for (u32 n = t->count / 2; n && may_go_on(&a);) {
		if (!round_of(&a, n) || n > t->count)
			n = n / 2 < t->count ? n / 2 : t->count / 2;
	}
	drop_last_zeros(t);
	free(a.scratch);
}
