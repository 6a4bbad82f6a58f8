/* SPDX-License-Identifier: BSD-2-Clause */
/* Text of a scenario: its statements as words, and the values of words. */
#ifndef NETHOOD_SIM_SCENARIO_TEXT_H
#define NETHOOD_SIM_SCENARIO_TEXT_H

#include "scenario.h"

#define STATEMENT_WORDS_MAX 192U

struct word {
	struct scenario_at at;
	char text[SCENARIO_WORD_BYTES];
};

/** struct parser - of one text */
struct parser {
	const char *text;
	size_t len_bytes, pos;
	u32 line, column;
	struct scenario *s;
	struct scenario_error *error;
	bool failed;
	struct word word[STATEMENT_WORDS_MAX]; /**< of this statement */
	u32 count, next;
	const struct scenario_setting *setting;
	u32 setting_count;
};

/** wrong() - the first thing that is wrong; @w NULL: the end of the statement.  Return: false */
__printf(3, 4) bool wrong(struct parser *p, const struct word *w, const char *fmt, ...);
/** read_statement() - the words of the next one, with variables replaced.  Return: false: there is none, or @p->failed */
bool read_statement(struct parser *p);
/** take() - the next word; NULL: there is none, which is an error: @what was wanted */
const struct word *take(struct parser *p, const char *what);
/** take_if() - the next word, if it is @text */
bool take_if(struct parser *p, const char *text);
/** peek() - the next word; NULL: none */
const struct word *peek(const struct parser *p);

/* Values.  Return: false: it is none, which has been said */
bool value_integer(struct parser *p, const struct word *w, const char *text, u64 low, u64 high, u64 *out);
bool value_time(struct parser *p, const struct word *w, u64 *out_ns);
bool value_share(struct parser *p, const struct word *w, u32 *out_ppm);
bool value_drift(struct parser *p, const struct word *w, s32 *out_ppb);
bool value_rate(struct parser *p, const struct word *w, u64 *out_bps);
bool value_bytes(struct parser *p, const struct word *w, u64 low, u64 high, u64 *out);
bool value_addr(struct parser *p, const struct word *w, u32 *out);
/** value_prefix() - @bits: of an address without "/n"; 0: that is an error */
bool value_prefix(struct parser *p, const struct word *w, u8 bits, struct scenario_prefix *out);
bool value_mac(struct parser *p, const struct word *w, u8 out[static SIM_MAC_BYTES]);
bool value_name(struct parser *p, const struct word *w, char out[static SCENARIO_NAME_BYTES]);
bool value_eth(struct parser *p, const struct word *w, u32 *out);
bool value_sysctl(struct parser *p, const struct word *w, struct scenario_sysctl *out);

/** integer_text() - is it an integer, or sums and products of some?  A pure function */
bool integer_text(const char *text, u64 *out);

#endif
