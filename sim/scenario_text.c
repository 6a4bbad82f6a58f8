// SPDX-License-Identifier: BSD-2-Clause
/* Words and values of scenario files.
 *
 * A statement is a line, and the lines behind it that begin with a blank.  `#` at the beginning of a word begins a comment.
 * Reading order: read_statement(), expand(), then the values.
 */
#include "scenario_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DECIMALS_MAX 9U

bool wrong(struct parser *p, const struct word *w, const char *fmt, ...)
{
	va_list args;

	if (p->failed)
		return false;
	p->failed = true;
	if (!w && p->count) { /* behind the last word */
		const struct word *last = &p->word[p->count - 1];

		p->error->at = (struct scenario_at){ last->at.line, last->at.column + (u32)strlen(last->text) };
		p->error->word[0] = '\0';
	} else {
		p->error->at = w ? w->at : (struct scenario_at){ p->line, p->column };
		(void)snprintf(p->error->word, sizeof(p->error->word), "%s", w ? w->text : "");
	}
	va_start(args, fmt);
	(void)vsnprintf(p->error->why, sizeof(p->error->why), fmt, args);
	va_end(args);
	return false;
}

/* ------------------------------------------------------------------ characters */

static int at(const struct parser *p)
{
	return p->pos < p->len_bytes ? (unsigned char)p->text[p->pos] : '\n';
}

static void step(struct parser *p)
{
	if (at(p) == '\n') {
		p->line++;
		p->column = 1;
	} else {
		p->column++;
	}
	p->pos++;
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct parser *p)
{
	while (is_blank(at(p)))
		step(p);
	if (at(p) != '#')
		return;
	while (at(p) != '\n')
		step(p);
}

/* ------------------------------------------------------------------ words */

static bool is_name_char(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool is_letter(int c)
{
	return is_name_char(c) && c != '-';
}

static const struct scenario_variable *find_variable(const struct scenario *s, const char *name, size_t len)
{
	for (u32 i = 0; i < s->variable_count; i++) {
		if (strlen(s->variable[i].name) == len && memcmp(s->variable[i].name, name, len) == 0)
			return &s->variable[i];
	}
	return NULL;
}

/* `-` belongs to names, and is also minus: the longest name that there is counts. */
static const struct scenario_variable *variable_at(const struct scenario *s, const char *text, size_t *len)
{
	const struct scenario_variable *v = NULL;

	for (*len = 0; is_name_char(text[*len]); ++*len)
		;
	for (; *len && !v; *len -= !v)
		v = find_variable(s, text, *len);
	return v;
}

/** expand() - `$name` becomes its value */
static bool expand(struct parser *p, struct word *w)
{
	char from[SCENARIO_WORD_BYTES];
	size_t used = 0, len;

	if (!strchr(w->text, '$'))
		return true;
	memcpy(from, w->text, sizeof(from));
	for (const char *c = from; *c;) {
		const struct scenario_variable *v = *c == '$' ? variable_at(p->s, c + 1, &len) : NULL;
		const char *piece = v ? v->value : c;
		size_t piece_bytes = v ? strlen(v->value) : 1;

		if (*c == '$' && !v)
			return wrong(p, w,
				     "there is no variable of that name; write `set NAME VALUE` before it is used");
		if (used + piece_bytes >= sizeof(w->text))
			return wrong(p, w, "too long with its variables' values");
		memcpy(w->text + used, piece, piece_bytes);
		used += piece_bytes;
		c += v ? len + 1 : 1;
	}
	w->text[used] = '\0';
	return true;
}

static bool read_word(struct parser *p)
{
	struct word *w = &p->word[p->count];
	size_t len = 0;

	*w = (struct word){ .at = { p->line, p->column } };
	while (at(p) != '\n' && !is_blank(at(p))) {
		if (at(p) < ' ' || at(p) == 0x7f)
			return wrong(p, w, "a character that cannot be printed");
		if (len + 1 == sizeof(w->text))
			return wrong(p, w, "a word has at most %zu characters", sizeof(w->text) - 1);
		w->text[len++] = (char)at(p);
		step(p);
	}
	if (p->count + 1 == STATEMENT_WORDS_MAX)
		return wrong(p, w, "a statement has at most %u words", STATEMENT_WORDS_MAX - 1);
	p->count++;
	return p->word[0].text[0] == 't' && strcmp(p->word[0].text, "title") == 0 ? true : expand(p, w);
}

bool read_statement(struct parser *p)
{
	p->count = p->next = 0;
	while (!p->failed && p->pos < p->len_bytes) {
		skip_blanks(p);
		if (at(p) != '\n') {
			if (!read_word(p))
				return false;
			continue;
		}
		if (p->pos >= p->len_bytes)
			break;
		step(p);
		if (p->count && !is_blank(at(p)))
			return true;
	}
	return !p->failed && p->count;
}

const struct word *peek(const struct parser *p)
{
	return p->next < p->count ? &p->word[p->next] : NULL;
}

const struct word *take(struct parser *p, const char *what)
{
	if (p->next < p->count)
		return &p->word[p->next++];
	(void)wrong(p, NULL, "here it ends; what is missing: %s", what);
	return NULL;
}

bool take_if(struct parser *p, const char *text)
{
	const struct word *w = peek(p);

	if (!w || strcmp(w->text, text) != 0)
		return false;
	p->next++;
	return true;
}

/* ------------------------------------------------------------------ numbers */

static const char *digits(const char *c, u64 *out)
{
	*out = 0;
	if (*c < '0' || *c > '9')
		return NULL;
	for (; *c >= '0' && *c <= '9'; c++) {
		if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, (u64)(*c - '0'), out))
			return NULL;
	}
	return c;
}

/* From left to right, whatever the operators: 7+3*2 is 20.  A division that leaves something is rounded up. */
bool integer_text(const char *text, u64 *out)
{
	const char *c = digits(text, out);
	u64 n;

	while (c && *c) {
		char op = *c;
		bool bad;

		c = digits(c + 1, &n);
		if (!c)
			return false;
		switch (op) {
		case '+':
			bad = __builtin_add_overflow(*out, n, out);
			break;
		case '-':
			bad = __builtin_sub_overflow(*out, n, out);
			break;
		case '*':
			bad = __builtin_mul_overflow(*out, n, out);
			break;
		case '/':
			bad = !n;
			*out = n ? *out / n + (*out % n != 0) : 0;
			break;
		default:
			return false;
		}
		if (bad)
			return false;
	}
	return c;
}

bool value_integer(struct parser *p, const struct word *w, const char *text, u64 low, u64 high, u64 *out)
{
	if (!integer_text(text, out))
		return wrong(p, w, "is no number; a number is like 100, or $hosts/50+1, computed from left to right");
	if (*out < low || *out > high)
		return wrong(p, w, "is %llu; may be from %llu to %llu", (unsigned long long)*out,
			     (unsigned long long)low, (unsigned long long)high);
	return true;
}

struct unit {
	const char *name;
	u64 factor;
};

static const struct unit *find_unit(const struct unit *units, const char *name)
{
	for (; units->name; units++) {
		if (strcmp(units->name, name) == 0)
			return units;
	}
	return NULL;
}

/** number_with_unit() - "1.5s".  Return: 1: done; 0: no such unit; -1: no number; -2: too large */
static int number_with_unit(const char *text, const struct unit *units, u64 *out)
{
	const struct unit *unit;
	u64 whole, part = 0, divisor = 1;
	const char *c = digits(text, &whole);

	if (!c)
		return -1;
	if (*c == '.') {
		c++;
		if (*c < '0' || *c > '9')
			return -1;
		for (u32 n = 0; *c >= '0' && *c <= '9'; c++, n++) {
			if (n == DECIMALS_MAX)
				return -1;
			part = part * 10 + (u64)(*c - '0');
			divisor *= 10;
		}
	}
	unit = find_unit(units, !*c && whole == 0 && part == 0 ? units->name : c);
	if (!unit)
		return 0;
	if (__builtin_mul_overflow(whole, unit->factor, out) ||
	    __builtin_add_overflow(*out, (u64)((unsigned __int128)part * unit->factor / divisor), out))
		return -2;
	return 1;
}

static bool number(struct parser *p, const struct word *w, const struct unit *units, const char *like, u64 *out)
{
	int ret = number_with_unit(w->text, units, out);

	if (ret == -2)
		return wrong(p, w, "is too large");
	return ret == 1 || wrong(p, w, "is not like %s", like);
}

bool value_time(struct parser *p, const struct word *w, u64 *out_ns)
{
	static const struct unit units[] = {
		{ "s", 1000000000ULL },    { "ms", 1000000ULL },      { "us", 1000ULL }, { "ns", 1ULL },
		{ "min", 60000000000ULL }, { "h", 3600000000000ULL }, { NULL, 0 }
	};

	return number(p, w, units, "a time: 1.5s, 20ms, 100us, 10ns, 2min, 1h, 0", out_ns) &&
	       (*out_ns <= 1000000ULL * SIM_NSEC_PER_SEC || wrong(p, w, "is too long; a time is at most 1000000s"));
}

bool value_share(struct parser *p, const struct word *w, u32 *out_ppm)
{
	static const struct unit units[] = { { "%", 10000 }, { "ppm", 1 }, { NULL, 0 } };
	u64 ppm;

	if (!number(p, w, units, "a share: 5%, 0.1%, 20ppm", &ppm))
		return false;
	*out_ppm = (u32)ppm;
	return ppm <= 1000000 || wrong(p, w, "is more than all; a share is at most 100%%");
}

bool value_drift(struct parser *p, const struct word *w, s32 *out_ppb)
{
	static const struct unit units[] = { { "%", 10000000 }, { "ppm", 1000 }, { "ppb", 1 }, { NULL, 0 } };
	bool slow = w->text[0] == '-';
	struct word rest = *w;
	u64 ppb;

	if (slow)
		memmove(rest.text, rest.text + 1, strlen(rest.text));
	if (number_with_unit(rest.text, units, &ppb) != 1)
		return wrong(p, w, "is not like a drift: 50ppm, -50ppm, 1%%");
	if (ppb > 100000000)
		return wrong(p, w, "no clock is that wrong; a drift is at most 10%%");
	*out_ppb = slow ? -(s32)ppb : (s32)ppb;
	return true;
}

bool value_rate(struct parser *p, const struct word *w, u64 *out_bps)
{
	static const struct unit units[] = {
		{ "bit", 1 }, { "kbit", 1000 }, { "mbit", 1000000 }, { "gbit", 1000000000 }, { NULL, 0 }
	};

	return number(p, w, units, "a rate: 64kbit, 100mbit, 1gbit", out_bps) &&
	       ((*out_bps >= 1000 && *out_bps <= 1000000000000ULL) || wrong(p, w, "may be from 1kbit to 1000gbit"));
}

bool value_bytes(struct parser *p, const struct word *w, u64 low, u64 high, u64 *out)
{
	static const struct unit units[] = { { "", 1 },         { "b", 1 },        { "kb", 1024 },
					     { "mb", 1048576 }, { "gb", 1 << 30 }, { NULL, 0 } };

	if (!number(p, w, units, "a size in octets: 1400, 64kb, 1mb", out))
		return false;
	return (*out >= low && *out <= high) ||
	       wrong(p, w, "may be from %llu to %llu octets", (unsigned long long)low, (unsigned long long)high);
}

/* ------------------------------------------------------------------ addresses */

/** ipv4_text() - "10.0.0.1".  Return: what stands behind it; NULL: it is none */
static const char *ipv4_text(const char *c, u32 *out)
{
	u64 part;

	*out = 0;
	for (u32 i = 0; i < 4; i++) {
		const char *begin = c;

		c = digits(c, &part);
		if (!c || c - begin > 3 || part > 255 || (i < 3 && *c != '.'))
			return NULL;
		*out = *out << 8 | (u32)part;
		c += i < 3;
	}
	return c;
}

bool value_addr(struct parser *p, const struct word *w, u32 *out)
{
	const char *end = ipv4_text(w->text, out);

	if (end && !*end)
		return true;
	return wrong(p, w, strchr(w->text, ':') ? "IPv6 is not there yet" : "is no address, like 10.0.0.1");
}

bool value_prefix(struct parser *p, const struct word *w, u8 bits, struct scenario_prefix *out)
{
	const char *c = ipv4_text(w->text, &out->addr);
	u64 n = bits;

	if (c && *c == '/') {
		c = digits(c + 1, &n);
		bits = 32;
	}
	if (c && !*c && n <= 32 && bits) {
		out->bits = (u8)n;
		return true;
	}
	return wrong(p, w, strchr(w->text, ':') ? "IPv6 is not there yet" : "is no prefix, like 10.0.0.1/24");
}

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

bool value_mac(struct parser *p, const struct word *w, u8 out[static SIM_MAC_BYTES])
{
	const char *c = w->text;

	for (u32 i = 0; i < SIM_MAC_BYTES; i++, c += 3) {
		if (hex(c[0]) < 0 || hex(c[1]) < 0 || c[2] != (i == SIM_MAC_BYTES - 1 ? '\0' : ':'))
			return wrong(p, w, "is no hardware address, like 02:00:00:00:00:01");
		out[i] = (u8)(hex(c[0]) << 4 | hex(c[1]));
	}
	return true;
}

/* ------------------------------------------------------------------ names */

bool value_name(struct parser *p, const struct word *w, char out[static SCENARIO_NAME_BYTES])
{
	size_t len = strlen(w->text);

	if (len >= SCENARIO_NAME_BYTES)
		return wrong(p, w, "a name has at most %u characters", SCENARIO_NAME_BYTES - 1);
	for (size_t i = 0; i < len; i++) {
		if (!is_name_char(w->text[i]))
			return wrong(p, w, "a name has letters, digits, `-` and `_`");
	}
	if (!is_letter(w->text[0]) || (w->text[0] >= '0' && w->text[0] <= '9'))
		return wrong(p, w, "a name begins with a letter");
	memcpy(out, w->text, len + 1);
	return true;
}

bool value_eth(struct parser *p, const struct word *w, u32 *out)
{
	if (strncmp(w->text, "eth", 3) == 0 && w->text[3] >= '0' && w->text[3] < '0' + (int)SIM_HOST_PORTS &&
	    !w->text[4]) {
		*out = (u32)(w->text[3] - '0');
		return true;
	}
	return wrong(p, w, "is no interface; they are eth0 to eth%u", SIM_HOST_PORTS - 1);
}

bool value_sysctl(struct parser *p, const struct word *w, struct scenario_sysctl *out)
{
	const char *equals = strchr(w->text, '=');
	size_t len = equals ? (size_t)(equals - w->text) : 0;

	if (!len || !equals[1])
		return wrong(p, w, "is not like net.ipv4.ip_forward=1");
	*out = (struct scenario_sysctl){ .at = w->at };
	memcpy(out->key, w->text, len);
	memcpy(out->value, equals + 1, strlen(equals + 1) + 1);
	return true;
}
