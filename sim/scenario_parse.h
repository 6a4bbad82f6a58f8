/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parser's files share. */
#ifndef NETHOOD_SIM_SCENARIO_PARSE_H
#define NETHOOD_SIM_SCENARIO_PARSE_H

#include "scenario_text.h"
#include "scenario_words.h"

/** find_word() - of the table; the first one, if several functions share it; NULL: it may not stand there */
const struct scenario_word *find_word(const char *text, enum scenario_place in);
/** take_word() - the next word and its value into @object; or @special: it is the caller's.  Return: false: wrong */
bool take_word(struct parser *p, enum scenario_place in, void *object, const struct scenario_word **special);
bool take_segment(struct parser *p, u32 *out);
bool take_hosts(struct parser *p, struct scenario_hosts *out);
bool hosts_of(struct parser *p, const struct word *w, struct scenario_hosts *out);
bool find_group(struct parser *p, const struct word *w, const char *name, u32 *out);

/* statements of scenario_parse_at.c */
bool st_at(struct parser *p);
bool st_expect(struct parser *p);

#endif
