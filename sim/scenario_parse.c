// SPDX-License-Identifier: BSD-2-Clause
/* From statements to a scenario: what begins the file's statements, segments, hosts, traffic.
 *
 * Reading order: scenario_parse(), statements[], then one function each.  Deeds and expectations: scenario_parse_at.c.
 */
#include "scenario_parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ words of a place */

static bool store(struct parser *p, const struct scenario_word *sw, const struct word *w, void *object)
{
	u8 *to = (u8 *)object + sw->offset;
	const struct scenario_name *name;
	u64 n = 0;

	switch (sw->type) {
	case TYPE_COUNT:
		if (!value_integer(p, w, w->text, sw->low, sw->high, &n))
			return false;
		*(u32 *)(void *)to = (u32)n;
		return true;
	case TYPE_NUMBER:
		return value_integer(p, w, w->text, 0, UINT64_MAX, (u64 *)(void *)to);
	case TYPE_TIME:
		return value_time(p, w, (u64 *)(void *)to);
	case TYPE_TIME_US:
		if (!value_time(p, w, &n))
			return false;
		*(u32 *)(void *)to = (u32)(n / 1000);
		return n <= 1000 * (u64)UINT32_MAX || wrong(p, w, "is too long; at most 4000s here");
	case TYPE_PPM:
		return value_share(p, w, (u32 *)(void *)to);
	case TYPE_DRIFT:
		return value_drift(p, w, (s32 *)(void *)to);
	case TYPE_RATE:
		return value_rate(p, w, (u64 *)(void *)to);
	case TYPE_BYTES:
		if (!value_bytes(p, w, sw->low, sw->high, &n))
			return false;
		*(u32 *)(void *)to = (u32)n;
		return true;
	case TYPE_NAME:
		return value_name(p, w, (char *)to);
	case TYPE_PROFILE:
		if (strcmp(w->text, "linux") != 0 && strcmp(w->text, "strict") != 0)
			return wrong(p, w, "is no profile; they are linux and strict");
		*(enum nethood_profile *)(void *)to = w->text[0] == 's' ? NETHOOD_PROFILE_STRICT
									: NETHOOD_PROFILE_LINUX;
		return true;
	case TYPE_PICK:
		name = scenario_find(scenario_picks, w->text);
		if (!name)
			return wrong(p, w, "is no way to pick; they are own, each, random, near");
		*(enum scenario_pick *)(void *)to = (enum scenario_pick)name->value;
		return true;
	case TYPE_FLAG:
	case TYPE_SPECIAL:
		break;
	}
	return false;
}

static bool unknown(struct parser *p, const struct word *w, enum scenario_place in)
{
	char known[400];
	size_t at = 0;
	const char *before = "";

	for (u32 i = 0; i < scenario_word_count && at < sizeof(known); i++) {
		if (scenario_words[i].in != in || strcmp(before, scenario_words[i].word) == 0)
			continue;
		before = scenario_words[i].word;
		at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", at ? ", " : "", before);
	}
	return wrong(p, w, "is unknown here; what may stand here: %s", known);
}

const struct scenario_word *find_word(const char *text, enum scenario_place in)
{
	for (u32 i = 0; i < scenario_word_count; i++) {
		if (scenario_words[i].in == in && strcmp(scenario_words[i].word, text) == 0)
			return &scenario_words[i];
	}
	return NULL;
}

bool take_word(struct parser *p, enum scenario_place in, void *object, const struct scenario_word **special)
{
	const struct word *w = take(p, "a word");
	const struct scenario_word *sw = w ? find_word(w->text, in) : NULL;
	const struct word *value;

	*special = NULL;
	if (!sw)
		return w && unknown(p, w, in);
	if (sw->type == TYPE_SPECIAL) {
		*special = sw;
		return true;
	}
	if (sw->type == TYPE_FLAG) {
		*(bool *)((u8 *)object + sw->offset) = true;
		return true;
	}
	value = take(p, sw->argument);
	return value && store(p, sw, value, object);
}

/* ------------------------------------------------------------------ what was named before */

bool take_segment(struct parser *p, u32 *out)
{
	const struct word *w = take(p, "a segment");

	for (u32 i = 0; w && i < p->s->segment_count; i++) {
		if (strcmp(p->s->segment[i].name, w->text) == 0) {
			*out = i;
			return true;
		}
	}
	return w && wrong(p, w, "no segment has this name; write `switch %s` before it is used", w->text);
}

bool find_group(struct parser *p, const struct word *w, const char *name, u32 *out)
{
	for (u32 i = 0; i < p->s->group_count; i++) {
		if (strcmp(p->s->group[i].name, name) == 0) {
			*out = i;
			return true;
		}
	}
	return wrong(p, w, "no hosts have this name; write `host %s on SEGMENT` before it is used", name);
}

bool hosts_of(struct parser *p, const struct word *w, struct scenario_hosts *out)
{
	struct word copy = *w;
	char *colon = strchr(copy.text, ':'), *dots;
	u64 first = 0, last;
	u32 count;

	if (colon)
		*colon++ = '\0';
	if (!find_group(p, w, copy.text, &out->group))
		return false;
	count = p->s->group[out->group].count;
	last = count - 1;
	dots = colon ? strstr(colon, "..") : NULL;
	if (dots)
		*dots = '\0';
	if (colon && !value_integer(p, w, colon, 0, count - 1, &first))
		return false;
	if (colon && !dots)
		last = first;
	if (dots && !value_integer(p, w, dots + 2, first, count - 1, &last))
		return false;
	out->first = (u32)first;
	out->last = (u32)last;
	return true;
}

bool take_hosts(struct parser *p, struct scenario_hosts *out)
{
	const struct word *w = take(p, "hosts: NAME, NAME:3 or NAME:0..9");

	return w && hosts_of(p, w, out);
}

/* ------------------------------------------------------------------ addresses of groups */

static u64 ceil_div(u64 a, u64 b)
{
	return (a + b - 1) / b;
}

u32 group_block(const struct scenario *s, const struct scenario_group *g, u32 leg)
{
	return (u32)ceil_div(g->count, s->segment[g->leg[leg].segment].count);
}

u32 segment_ports(const struct scenario *s, u32 segment)
{
	u32 ports = 0;

	for (u32 i = 0; i < s->group_count; i++) {
		for (u32 leg = 0; leg < s->group[i].leg_count; leg++)
			ports += s->group[i].leg[leg].segment == segment ? group_block(s, &s->group[i], leg) : 0;
	}
	return ports;
}

u32 leg_segment(const struct scenario *s, const struct scenario_group *g, u32 leg, u32 i)
{
	return i / group_block(s, g, leg);
}

static u32 next_prefix(u32 addr, u8 bits, u32 steps)
{
	return bits ? addr + (u32)((u64)steps << (32 - bits)) : addr;
}

u32 leg_addr(const struct scenario *s, const struct scenario_group *g, u32 leg, u32 i)
{
	const struct scenario_leg *l = &g->leg[leg];

	if (!l->has_addr)
		return 0;
	return next_prefix(l->prefix.addr, l->prefix.bits, leg_segment(s, g, leg, i)) + i % group_block(s, g, leg);
}

u32 group_gateway(const struct scenario *s, const struct scenario_group *g, u32 i)
{
	return g->gateway ? next_prefix(g->gateway, g->leg[0].prefix.bits, leg_segment(s, g, 0, i)) : 0;
}

/* ------------------------------------------------------------------ the file's own statements */

static bool st_title(struct parser *p)
{
	size_t at = 0;

	p->s->title[0] = '\0';
	for (; peek(p) && at < sizeof(p->s->title); p->next++)
		at += (size_t)snprintf(p->s->title + at, sizeof(p->s->title) - at, "%s%s", at ? " " : "",
				       peek(p)->text);
	return at || wrong(p, NULL, "a title is missing");
}

static const char *setting_of(const struct parser *p, const char *name)
{
	const char *value = NULL;

	for (u32 i = 0; i < p->setting_count; i++) {
		if (strcmp(p->setting[i].name, name) == 0)
			value = p->setting[i].value;
	}
	return value;
}

static struct scenario_variable *variable_of(struct scenario *s, const char *name)
{
	for (u32 i = 0; i < s->variable_count; i++) {
		if (strcmp(s->variable[i].name, name) == 0)
			return &s->variable[i];
	}
	return s->variable_count < SCENARIO_VARIABLES_MAX ? &s->variable[s->variable_count++] : NULL;
}

static bool st_set(struct parser *p)
{
	const struct word *w = take(p, "a name"), *v = w ? take(p, "a value") : NULL;
	char name[SCENARIO_NAME_BYTES];
	struct scenario_variable *var;
	const char *value;
	u64 n;

	if (!v || !value_name(p, w, name))
		return false;
	value = setting_of(p, name) ?: v->text;
	var = variable_of(p->s, name);
	if (!var)
		return wrong(p, w, "there are at most %u variables", SCENARIO_VARIABLES_MAX);
	if (strlen(value) >= sizeof(var->value))
		return wrong(p, v, "a value has at most %zu characters", sizeof(var->value) - 1);
	memcpy(var->name, name, sizeof(name));
	if (integer_text(value, &n))
		(void)snprintf(var->value, sizeof(var->value), "%llu", (unsigned long long)n);
	else
		memcpy(var->value, value, strlen(value) + 1);
	return true;
}

static bool st_plain(struct parser *p)
{
	const struct scenario_word *special;

	p->next = 0; /* the statement is the word itself */
	return take_word(p, IN_FILE, p->s, &special);
}

static bool add_sysctl(struct parser *p, struct scenario_sysctl *list, u32 *count)
{
	const struct word *w = take(p, "KEY=VALUE");

	if (!w)
		return false;
	if (*count == SCENARIO_SYSCTLS_MAX)
		return wrong(p, w, "at most %u sysctls in one place", SCENARIO_SYSCTLS_MAX);
	return value_sysctl(p, w, &list[(*count)++]);
}

static bool st_sysctl(struct parser *p)
{
	return add_sysctl(p, p->s->sysctl, &p->s->sysctl_count);
}

/* ------------------------------------------------------------------ segments */

static bool st_segment(struct parser *p)
{
	const struct word *w = take(p, "a name");
	struct scenario_segment *seg = &p->s->segment[p->s->segment_count];
	const struct scenario_word *special;
	const char *kind = p->word[0].text;

	if (!w)
		return false;
	if (p->s->segment_count == SCENARIO_SEGMENTS_MAX)
		return wrong(p, w, "there are at most %u of these statements", SCENARIO_SEGMENTS_MAX);
	*seg = (struct scenario_segment){ .count = 1,
					  .kind = kind[0] == 'w'   ? SIM_WIRE
						  : kind[0] == 'h' ? SIM_HUB
								   : SIM_SWITCH };
	if (!value_name(p, w, seg->name))
		return false;
	for (u32 i = 0; i < p->s->segment_count; i++) {
		if (strcmp(p->s->segment[i].name, seg->name) == 0)
			return wrong(p, w, "there is a segment of this name already");
	}
	p->s->segment_count++;
	while (peek(p)) {
		if (!take_word(p, IN_SEGMENT, seg, &special))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------ hosts */

static bool host_route(struct parser *p, struct scenario_group *g)
{
	const struct word *w = take(p, "a prefix"), *via;
	struct scenario_route *r = &g->route[g->route_count];
	u64 n;

	if (!w)
		return false;
	if (g->route_count == SCENARIO_ROUTES_MAX)
		return wrong(p, w, "a host has at most %u of these", SCENARIO_ROUTES_MAX);
	*r = (struct scenario_route){ .at = w->at, .count = 1 };
	if (!value_prefix(p, w, 0, &r->to))
		return false;
	if (!take_if(p, "via"))
		return wrong(p, peek(p), "`via ADDRESS` is missing");
	via = take(p, "an address");
	if (!via || !value_addr(p, via, &r->via))
		return false;
	if (take_if(p, "count")) {
		w = take(p, "a number");
		if (!w || !value_integer(p, w, w->text, 1, SCENARIO_SEGMENT_COUNT_MAX, &n))
			return false;
		r->count = (u32)n;
	}
	g->route_count++;
	return true;
}

static bool host_on(struct parser *p, struct scenario_group *g)
{
	if (g->leg_count == SIM_HOST_PORTS)
		return wrong(p, peek(p), "a host has at most %u interfaces", SIM_HOST_PORTS);
	g->leg[g->leg_count] = (struct scenario_leg){ 0 };
	return take_segment(p, &g->leg[g->leg_count++].segment);
}

static bool host_special(struct parser *p, const struct scenario_word *sw, struct scenario_group *g)
{
	struct scenario_leg *leg = g->leg_count ? &g->leg[g->leg_count - 1] : NULL;
	const struct word *w;

	if (strcmp(sw->word, "on") == 0)
		return host_on(p, g);
	if (strcmp(sw->word, "route") == 0)
		return host_route(p, g);
	if (strcmp(sw->word, "sysctl") == 0)
		return add_sysctl(p, g->sysctl, &g->sysctl_count);
	w = take(p, sw->argument);
	if (!w)
		return false;
	if (!leg)
		return wrong(p, &p->word[p->next - 2], "belongs to an interface; write `on SEGMENT` before it");
	if (strcmp(sw->word, "gateway") == 0)
		return value_addr(p, w, &g->gateway);
	if (strcmp(sw->word, "mac") == 0)
		return leg->has_mac = value_mac(p, w, leg->mac);
	return leg->has_addr = value_prefix(p, w, 0, &leg->prefix);
}

static bool check_leg(struct parser *p, const struct word *w, const struct scenario_group *g, u32 leg)
{
	const struct scenario_leg *l = &g->leg[leg];
	u32 block = group_block(p->s, g, leg), last = leg_segment(p->s, g, leg, g->count - 1), mask;

	if (!l->has_addr)
		return true;
	mask = l->prefix.bits == 32 ? 0 : UINT32_MAX >> l->prefix.bits;
	if ((l->prefix.addr & mask) + (u64)(block - 1) > mask)
		return wrong(
			p, w,
			"its %u addresses on one segment do not fit into /%u; take a shorter prefix or more segments",
			block, l->prefix.bits);
	if ((u64)l->prefix.addr + ((u64)last << (32 - l->prefix.bits)) > UINT32_MAX)
		return wrong(p, w, "its addresses on %u segments go beyond 255.255.255.255; take a longer prefix",
			     last + 1);
	return true;
}

static bool check_group(struct parser *p, const struct word *w, struct scenario_group *g)
{
	if (!g->leg_count)
		return wrong(p, w, "is on no segment; write `on SEGMENT`");
	if (g->gateway && !g->leg[0].has_addr)
		return wrong(p, w, "has a gateway and no address; write `addr PREFIX`");
	for (u32 leg = 0; leg < g->leg_count; leg++) {
		if (!check_leg(p, w, g, leg))
			return false;
	}
	if (p->s->host_count + (u64)g->count > SCENARIO_HOSTS_MAX)
		return wrong(p, w, "there are more than %u hosts with these", SCENARIO_HOSTS_MAX);
	g->first = p->s->host_count;
	p->s->host_count += g->count;
	return true;
}

static bool st_host(struct parser *p)
{
	const struct word *w = take(p, "a name");
	struct scenario_group *g = &p->s->group[p->s->group_count];
	const struct scenario_word *sw;

	if (!w)
		return false;
	if (p->s->group_count == SCENARIO_GROUPS_MAX)
		return wrong(p, w, "there are at most %u of these statements", SCENARIO_GROUPS_MAX);
	*g = (struct scenario_group){ .count = 1, .forward = p->word[0].text[0] == 'r', .offset_ns = SIM_NSEC_PER_SEC };
	if (!value_name(p, w, g->name))
		return false;
	for (u32 i = 0; i < p->s->group_count; i++) {
		if (strcmp(p->s->group[i].name, g->name) == 0)
			return wrong(p, w, "there are hosts of this name already");
	}
	while (peek(p)) {
		g->has_profile |= strcmp(peek(p)->text, "profile") == 0;
		if (!take_word(p, IN_HOST, g, &sw) || (sw && !host_special(p, sw, g)))
			return false;
	}
	if (!check_group(p, w, g))
		return false;
	p->s->group_count++;
	return true;
}

/* ------------------------------------------------------------------ traffic */

static bool traffic_to(struct parser *p, struct scenario_flow *f)
{
	const struct word *w = take(p, "hosts or a prefix");

	if (!w)
		return false;
	if (w->text[0] < '0' || w->text[0] > '9')
		return hosts_of(p, w, &f->to);
	f->has_prefix = value_prefix(p, w, 32, &f->prefix);
	return f->has_prefix;
}

/** has_addresses() - hosts that are to be reached by their first interface */
static bool has_addresses(struct parser *p, const struct word *w, const struct scenario_hosts *hosts)
{
	const struct scenario_group *g = &p->s->group[hosts->group];

	return g->leg[0].has_addr ||
	       wrong(p, w, "%s has no address on its first interface; write `addr PREFIX`", g->name);
}

static bool check_flow(struct parser *p, const struct word *to, const struct scenario_flow *f)
{
	const struct word *w = &p->word[0];

	if (!to)
		return wrong(p, w, "says not to whom; write `to HOSTS` or `to PREFIX`");
	if (!f->has_prefix && !has_addresses(p, to, &f->to))
		return false;
	if (f->every_ns < 1000)
		return wrong(p, w, "`every` may be from 1us on");
	if (f->pick == PICK_NEAR &&
	    (f->has_prefix || p->s->group[f->to.group].leg[0].segment != p->s->group[f->from.group].leg[0].segment))
		return wrong(p, to, "`pick near` is for hosts whose first interfaces are on the same segments");
	if (f->asks && f->has_prefix)
		return wrong(p, to, "nobody may be there to answer; write `send`");
	return !f->doubts || f->asks || wrong(p, w, "who waits for no answer doubts nothing; write `ask`");
}

static bool st_traffic(struct parser *p)
{
	struct scenario_flow *f = &p->s->flow[p->s->flow_count];
	const struct scenario_word *sw;
	const struct word *to = NULL;

	if (p->s->flow_count == SCENARIO_FLOWS_MAX)
		return wrong(p, &p->word[0], "there are at most %u of these statements", SCENARIO_FLOWS_MAX);
	*f = (struct scenario_flow){ .at = p->word[0].at,
				     .asks = p->word[0].text[0] == 'a',
				     .every_ns = SIM_NSEC_PER_SEC,
				     .for_ns = UINT64_MAX,
				     .times = UINT32_MAX,
				     .size_bytes = 64 };
	if (!take_hosts(p, &f->from))
		return false;
	while (peek(p)) {
		if (!take_word(p, IN_TRAFFIC, f, &sw))
			return false;
		if (!sw)
			continue;
		to = peek(p);
		if (!traffic_to(p, f))
			return false;
	}
	p->s->flow_count += check_flow(p, to, f);
	return !p->failed;
}

/* ------------------------------------------------------------------ the text */

static const struct {
	const char *word;
	bool (*fn)(struct parser *p);
} statements[] = {
	{ "title", st_title },  { "set", st_set },        { "run", st_plain },     { "sample", st_plain },
	{ "seed", st_plain },   { "profile", st_plain },  { "sysctl", st_sysctl }, { "wire", st_segment },
	{ "hub", st_segment },  { "switch", st_segment }, { "host", st_host },     { "router", st_host },
	{ "send", st_traffic }, { "ask", st_traffic },    { "at", st_at },         { "expect", st_expect },
};

static bool statement(struct parser *p)
{
	const struct word *w = take(p, "a statement");

	for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
		if (strcmp(statements[i].word, w->text) != 0)
			continue;
		if (!statements[i].fn(p))
			return false;
		return !peek(p) || wrong(p, peek(p), "is too much; the statement ended before it");
	}
	return unknown(p, w, IN_FILE);
}

/** wires_end_twice() - a wire has two ports */
static bool wires_end_twice(struct parser *p)
{
	const struct scenario *s = p->s;

	for (u32 i = 0; i < s->segment_count; i++) {
		u32 ports = segment_ports(s, i);

		if (s->segment[i].kind == SIM_WIRE && ports > 2)
			return wrong(p, NULL, "the wire %s has %u ends; a wire has two, write `switch %s` or `count`",
				     s->segment[i].name, ports, s->segment[i].name);
	}
	return true;
}

static bool settings_exist(struct parser *p)
{
	for (u32 i = 0; i < p->setting_count; i++) {
		bool found = false;

		for (u32 k = 0; k < p->s->variable_count; k++)
			found |= strcmp(p->s->variable[k].name, p->setting[i].name) == 0;
		if (found)
			continue;
		(void)wrong(p, NULL, "the scenario has no such variable; it needs a line `set %s VALUE`",
			    p->setting[i].name);
		p->error->at.line = 0;
		(void)snprintf(p->error->word, sizeof(p->error->word), "%s", p->setting[i].name);
		return false;
	}
	return true;
}

/** in_time() - nothing is planned for when it is over */
static bool in_time(struct parser *p)
{
	struct word w = { .text = "expect" };

	for (u32 i = 0; i < p->s->expect_count; i++) {
		const struct scenario_expect *x = &p->s->expect[i];
		u64 when_ns = x->when_ns == UINT64_MAX ? 0 : x->when_ns;

		w.at = x->at;
		if (when_ns + x->within_ns > p->s->run_ns)
			return wrong(p, &w, "is judged after the end; write a longer `run`");
	}
	memcpy(w.text, "at", sizeof("at"));
	for (u32 i = 0; i < p->s->deed_count; i++) {
		w.at = p->s->deed[i].at;
		if (p->s->deed[i].when_ns > p->s->run_ns)
			return wrong(p, &w, "is done after the end; write a longer `run`");
	}
	return true;
}

static bool whole(struct parser *p)
{
	p->count = 0;
	if (!p->s->host_count)
		return wrong(p, NULL, "there is no host; write `switch lan` and `host h on lan`");
	if (!p->s->run_ns)
		return wrong(p, NULL, "nothing says how long it lasts; write `run 60s`");
	if (!p->s->sample_ns)
		p->s->sample_ns = p->s->run_ns / 160 ?: 1;
	if (p->s->run_ns / p->s->sample_ns > 2000)
		return wrong(p, NULL, "more than 2000 samples; write a longer `sample`");
	return wires_end_twice(p) && in_time(p) && settings_exist(p);
}

int scenario_parse(const char *text, size_t len_bytes, const struct scenario_setting *settings, u32 setting_count,
		   struct scenario **out, struct scenario_error *error)
{
	struct parser *p = calloc(1, sizeof(*p));
	struct scenario *s = calloc(1, sizeof(*s));
	bool good = p && s;

	if (!good) {
		free(p);
		free(s);
		return -ENOMEM;
	}
	memset(error, 0, sizeof(*error));
	s->seed = 1;
	*p = (struct parser){ .text = text,
			      .len_bytes = len_bytes,
			      .line = 1,
			      .column = 1,
			      .s = s,
			      .error = error,
			      .setting = settings,
			      .setting_count = setting_count };
	if (len_bytes > SCENARIO_TEXT_MAX_BYTES)
		good = wrong(p, NULL, "the text has more than %u octets", SCENARIO_TEXT_MAX_BYTES);
	while (good && read_statement(p))
		good = statement(p);
	good = good && !p->failed && whole(p);
	free(p);
	if (!good) {
		free(s);
		return -EINVAL;
	}
	*out = s;
	return 0;
}

void scenario_free(struct scenario *s)
{
	free(s);
}

void scenario_title(const char *text, size_t len_bytes, char *buf, size_t room_bytes)
{
	static const char word[] = "title ";
	size_t at = 0, used = 0;

	while (at < len_bytes && (len_bytes - at < sizeof(word) || memcmp(text + at, word, sizeof(word) - 1) != 0)) {
		const char *end = memchr(text + at, '\n', len_bytes - at);

		at = end ? (size_t)(end - text) + 1 : len_bytes;
	}
	for (at += sizeof(word) - 1; at < len_bytes && text[at] != '\n' && used + 1 < room_bytes; at++)
		buf[used++] = text[at];
	if (room_bytes)
		buf[used] = '\0';
}
