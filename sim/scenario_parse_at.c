// SPDX-License-Identifier: BSD-2-Clause
/* From statements to a scenario: what is done at a time, and what is expected. */
#include <stdio.h>
#include <string.h>

#include "scenario_parse.h"

/* ------------------------------------------------------------------ deeds: pieces */

static bool take_eth(struct parser *p, struct scenario_deed *d, bool needed)
{
	const struct word *w;

	if (take_if(p, "dev")) {
		w = take(p, "an interface");
		if (!w || !value_eth(p, w, &d->eth))
			return false;
		d->all_eths = false;
	} else if (needed) {
		return wrong(p, peek(p), "`dev ethN` is missing");
	}
	if (d->eth >= p->s->group[d->hosts.group].leg_count)
		return wrong(p, p->count ? &p->word[p->next - 1] : NULL, "%s has no eth%u",
			     p->s->group[d->hosts.group].name, d->eth);
	return true;
}

static bool take_mac(struct parser *p, struct scenario_deed *d)
{
	const struct word *w = take(p, "a hardware address, or `new`");

	if (!w || strcmp(w->text, "new") == 0)
		return w;
	d->has_mac = true;
	return value_mac(p, w, d->mac);
}

static bool take_prefix(struct parser *p, struct scenario_deed *d, u8 bits)
{
	const struct word *w = take(p, "an address");

	return w && value_prefix(p, w, bits, &d->prefix);
}

static bool take_count(struct parser *p, const char *what, u32 *out)
{
	const struct word *w = take(p, what);
	u64 n;

	if (!w || !value_integer(p, w, w->text, 1, 1000000000, &n))
		return false;
	*out = (u32)n;
	return true;
}

static bool take_time(struct parser *p, u64 *out)
{
	const struct word *w = take(p, "a time");

	return w && value_time(p, w, out);
}

/** one_of() - the next word is @a or @b; @is_b: which */
static bool one_of(struct parser *p, const char *a, const char *b, bool *is_b)
{
	const struct word *w = take(p, a);

	if (!w)
		return false;
	*is_b = strcmp(w->text, b) == 0;
	return *is_b || strcmp(w->text, a) == 0 || wrong(p, w, "is unknown here; `%s` or `%s` is wanted", a, b);
}

/* ------------------------------------------------------------------ deeds: to hosts */

static bool deed_cut(struct parser *p, struct scenario_deed *d)
{
	if (!take_hosts(p, &d->hosts))
		return false;
	d->in = d->verb == DEED_CUT && take_if(p, "in");
	d->out = d->verb == DEED_CUT && take_if(p, "out");
	return true;
}

static bool deed_cable(struct parser *p, struct scenario_deed *d)
{
	d->all_eths = true;
	return take_hosts(p, &d->hosts) && take_eth(p, d, false);
}

static bool deed_reboot(struct parser *p, struct scenario_deed *d)
{
	return take_hosts(p, &d->hosts);
}

static bool deed_mac(struct parser *p, struct scenario_deed *d)
{
	if (!take_hosts(p, &d->hosts) || !take_mac(p, d))
		return false;
	if (d->has_mac && d->hosts.first != d->hosts.last)
		return wrong(p, &p->word[p->next - 1], "is for one host; write `new` for several");
	d->announce = take_if(p, "announce");
	return take_eth(p, d, false);
}

static bool take_repeats(struct parser *p, struct scenario_deed *d)
{
	if (take_if(p, "count") && !take_count(p, "a number", &d->count))
		return false;
	return !take_if(p, "gap") || take_time(p, &d->gap_ns);
}

static bool deed_announce(struct parser *p, struct scenario_deed *d)
{
	if (!take_hosts(p, &d->hosts) || !take_prefix(p, d, 32))
		return false;
	d->is_reply = take_if(p, "reply");
	return take_repeats(p, d) && take_eth(p, d, false);
}

static bool deed_sysctl(struct parser *p, struct scenario_deed *d)
{
	const struct word *w = take_hosts(p, &d->hosts) ? take(p, "KEY=VALUE") : NULL;

	return w && value_sysctl(p, w, &d->sysctl);
}

/* ------------------------------------------------------------------ deeds: to segments */

static bool deed_fault(struct parser *p, struct scenario_deed *d)
{
	const struct scenario_word *sw;

	if (!take_segment(p, &d->segment))
		return false;
	while (peek(p)) {
		const struct word *w = peek(p);

		sw = find_word(w->text, IN_SEGMENT);
		if (sw && (sw->type == TYPE_COUNT) && sw->offset < offsetof(struct scenario_segment, faults))
			return wrong(p, w, "is not to be changed; what may stand here: delay and those after it");
		if (!take_word(p, IN_SEGMENT, &d->change, &sw))
			return false;
		d->changed |= 1U << (find_word(w->text, IN_SEGMENT) - find_word("count", IN_SEGMENT));
	}
	return d->changed || wrong(p, NULL, "no fault is named; write `loss 10%%`, or `heal SEGMENT`");
}

static bool deed_heal(struct parser *p, struct scenario_deed *d)
{
	return take_segment(p, &d->segment);
}

static bool deed_forge(struct parser *p, struct scenario_deed *d)
{
	if (!take_segment(p, &d->segment) || !one_of(p, "request", "reply", &d->is_reply) || !take_prefix(p, d, 32))
		return false;
	if (!take_if(p, "is-at"))
		return wrong(p, peek(p), "`is-at MAC` is missing");
	if (!take_mac(p, d))
		return false;
	d->has_to = take_if(p, "to");
	if (d->has_to && !take_hosts(p, &d->to))
		return false;
	if (d->has_to && p->s->group[d->to.group].leg[0].segment != d->segment)
		return wrong(p, &p->word[p->next - 1], "is not on %s with its first interface",
			     p->s->segment[d->segment].name);
	return take_repeats(p, d);
}

/* ------------------------------------------------------------------ deeds: ip(8) */

static bool ip_link(struct parser *p, struct scenario_deed *d)
{
	const struct word *w;

	if (!take_if(p, "set"))
		return wrong(p, peek(p), "`set` is wanted");
	(void)take_if(p, "dev");
	w = take(p, "an interface");
	if (!w || !value_eth(p, w, &d->eth))
		return false;
	if (d->eth >= p->s->group[d->hosts.group].leg_count)
		return wrong(p, w, "%s has no such interface", p->s->group[d->hosts.group].name);
	if (take_if(p, "mtu"))
		return take_count(p, "a size", &d->mtu_bytes);
	if (take_if(p, "address")) {
		w = peek(p);
		if (w && strcmp(w->text, "new") == 0)
			return wrong(p, w, "is no hardware address, like 02:00:00:00:00:01; see `mac HOSTS new`");
		return take_mac(p, d);
	}
	d->has_up = one_of(p, "down", "up", &d->up);
	return d->has_up;
}

static bool ip_route(struct parser *p, struct scenario_deed *d)
{
	const struct word *w;

	d->all_eths = true; /* no interface is named */
	if (!take_if(p, "default") && !take_prefix(p, d, 0))
		return false;
	if (take_if(p, "via")) {
		w = take(p, "an address");
		if (!w || !value_addr(p, w, &d->via))
			return false;
		d->has_via = true;
	}
	if (peek(p) && !take_eth(p, d, true))
		return false;
	return d->has_via || !d->all_eths || wrong(p, NULL, "`via ADDRESS` or `dev ethN` is missing");
}

static bool ip_neigh(struct parser *p, struct scenario_deed *d)
{
	const struct scenario_name *state;
	const struct word *w;

	d->nud = (u16)(1U << 7); /* NUD_PERMANENT, as ip(8) has it */
	if (!take_prefix(p, d, 32))
		return false;
	while ((w = peek(p))) {
		if (strcmp(w->text, "dev") == 0) {
			if (!take_eth(p, d, true))
				return false;
		} else if (take_if(p, "lladdr")) {
			w = take(p, "a hardware address");
			if (!w || !value_mac(p, w, d->mac))
				return false;
			d->has_mac = true;
		} else if (take_if(p, "nud")) {
			w = take(p, "a state");
			state = w ? scenario_find(scenario_states, w->text) : NULL;
			if (!state || state->value == STATE_ANY)
				return w && wrong(p, w,
						  "is no state; they are permanent, noarp, reachable, stale, none, "
						  "incomplete, delay, probe, failed");
			d->nud = (u16)(state->value == STATES - 1 ? 0 : 1U << state->value);
		} else {
			return wrong(p, w, "is unknown here; what may stand here: dev, lladdr, nud");
		}
	}
	return true;
}

static bool deed_ip(struct parser *p, struct scenario_deed *d)
{
	static const struct {
		const char *word;
		enum scenario_verb verb;
	} objects[] = {
		{ "link", DEED_LINK }, { "addr", DEED_ADDR }, { "route", DEED_ROUTE }, { "neigh", DEED_NEIGH }
	};
	const struct word *w = take_hosts(p, &d->hosts) ? take(p, "link, addr, route or neigh") : NULL;
	bool found = false;

	for (size_t i = 0; w && i < ARRAY_SIZE(objects); i++) {
		if (strcmp(w->text, objects[i].word) != 0)
			continue;
		d->verb = objects[i].verb;
		found = true;
	}
	if (!found)
		return w && wrong(p, w, "is unknown here; what may stand here: link, addr, route, neigh");
	if (d->verb == DEED_LINK)
		return ip_link(p, d);
	w = take(p, "add or del");
	d->replace = w && d->verb == DEED_NEIGH && strcmp(w->text, "replace") == 0;
	d->add = w && (d->replace || strcmp(w->text, "add") == 0);
	if (!w || (!d->add && strcmp(w->text, "del") != 0))
		return w && wrong(p, w, "is unknown here; what may stand here: add, del%s",
				  d->verb == DEED_NEIGH ? ", replace" : "");
	if (d->verb == DEED_ADDR)
		return take_prefix(p, d, 0) && take_eth(p, d, true);
	return d->verb == DEED_ROUTE ? ip_route(p, d) : ip_neigh(p, d);
}

/* ------------------------------------------------------------------ at TIME ... */

static bool (*const deeds[])(struct parser *p, struct scenario_deed *d) = {
	[DEED_CUT] = deed_cut,           [DEED_JOIN] = deed_cut,      [DEED_UNPLUG] = deed_cable,
	[DEED_PLUG] = deed_cable,        [DEED_REBOOT] = deed_reboot, [DEED_MAC] = deed_mac,
	[DEED_ANNOUNCE] = deed_announce, [DEED_SYSCTL] = deed_sysctl, [DEED_FAULT] = deed_fault,
	[DEED_HEAL] = deed_heal,         [DEED_FORGE] = deed_forge,   [DEED_LINK] = deed_ip,
};

static void quote(char *to, size_t room, const struct parser *p, u32 first)
{
	size_t at = 0;

	to[0] = '\0';
	for (u32 i = first; i < p->count && at < room; i++)
		at += (size_t)snprintf(to + at, room - at, "%s%s", at ? " " : "", p->word[i].text);
}

bool st_at(struct parser *p)
{
	struct scenario_deed *d = &p->s->deed[p->s->deed_count];
	const struct scenario_word *sw;

	if (p->s->deed_count == SCENARIO_DEEDS_MAX)
		return wrong(p, &p->word[0], "there are at most %u of these statements", SCENARIO_DEEDS_MAX);
	*d = (struct scenario_deed){ .at = p->word[0].at, .times = 1, .count = 1, .gap_ns = SIM_NSEC_PER_SEC };
	if (!take_time(p, &d->when_ns))
		return false;
	if (take_if(p, "every")) {
		if (!take_time(p, &d->every_ns))
			return false;
		if (!take_if(p, "times"))
			return wrong(p, peek(p), "`times N` is missing");
		if (!take_count(p, "a number", &d->times))
			return false;
	}
	quote(d->says, sizeof(d->says), p, p->next);
	if (!take_word(p, IN_AT, d, &sw))
		return false;
	if (strcmp(sw->word, "every") == 0)
		return wrong(p, &p->word[p->next - 1], "stands before what is done");
	d->verb = (enum scenario_verb)sw->offset;
	if (!deeds[d->verb](p, d))
		return false;
	p->s->deed_count++;
	return true;
}

/* ------------------------------------------------------------------ expect ... */

static bool expect_operator(struct parser *p, const struct word *w, enum scenario_operator *out)
{
	static const char *const words[] = {
		[OP_EQ] = "==", [OP_NE] = "!=", [OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">", [OP_GE] = ">="
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], w->text) == 0) {
			*out = (enum scenario_operator)i;
			return true;
		}
	}
	return wrong(p, w, "is unknown here; what may stand here: ==, !=, <, <=, >, >=, at, of, in");
}

static bool is_time(enum scenario_metric m)
{
	return m == METRIC_OUTAGE || m == METRIC_MEDIAN || m == METRIC_P99 || m == METRIC_MAX;
}

static bool may_be_share(enum scenario_metric m)
{
	return m == METRIC_DELIVERED || m == METRIC_REFUSED || m == METRIC_LOST || m == METRIC_ANSWERED ||
	       m == METRIC_DOUBLED || m == METRIC_NEIGHBOURS;
}

static bool expect_value(struct parser *p, struct scenario_expect *x)
{
	const struct word *w = take(p, "a value");
	u32 ppm;

	if (!w)
		return false;
	if (is_time(x->metric))
		return value_time(p, w, &x->value);
	if (x->metric == METRIC_MEMORY)
		return value_bytes(p, w, 0, UINT64_MAX, &x->value);
	if (strchr(w->text, '%')) {
		if (!may_be_share(x->metric))
			return wrong(p, w, "is a share, and there is nothing that this is a share of; write a number");
		x->percent = true;
		if (!value_share(p, w, &ppm))
			return false;
		x->value = ppm;
		return true;
	}
	return value_integer(p, w, w->text, 0, UINT64_MAX, &x->value);
}

static bool is_reason(const char *name)
{
	const char *reason;

	for (u32 i = 0; (reason = nethood_drop_reason(i)); i++) {
		if (strcmp(reason, name) == 0)
			return true;
	}
	return strcmp(name, "any") == 0;
}

/** expect_kind() - what the metric counts, where it counts several things */
static bool expect_kind(struct parser *p, struct scenario_expect *x)
{
	const struct scenario_name *table = x->metric == METRIC_NEIGHBOURS ? scenario_states : scenario_kinds, *name;
	const struct word *w;

	if (x->metric != METRIC_NEIGHBOURS && x->metric != METRIC_FRAMES && x->metric != METRIC_DROPS)
		return true;
	w = take(p, "which: or `any`");
	if (!w)
		return false;
	(void)snprintf(x->word, sizeof(x->word), "%.47s", w->text);
	if (x->metric == METRIC_DROPS)
		return is_reason(w->text) || wrong(p, w, "is no reason; docs/DROPS.md names them, or write `any`");
	name = scenario_find(table, w->text);
	if (!name)
		return wrong(p, w,
			     x->metric == METRIC_FRAMES
				     ? "is no kind; they are arp-request, arp-probe, arp-reply, arp-announcement, udp, "
				       "icmp, other, any"
				     : "is no state; they are incomplete, reachable, stale, delay, probe, failed, "
				       "noarp, permanent, none, any");
	x->kind = name->value;
	return true;
}

static bool expect_special(struct parser *p, const struct scenario_word *sw, struct scenario_expect *x)
{
	const struct word *w = take(p, sw->argument);

	if (!w)
		return false;
	if (strcmp(sw->word, "of") == 0)
		return find_group(p, w, w->text, &x->group);
	for (u32 i = 0; i < p->s->flow_count; i++) {
		if (p->s->flow[i].name[0] && strcmp(p->s->flow[i].name, w->text) == 0) {
			x->flow = i;
			return true;
		}
	}
	return wrong(p, w, "no traffic has this name; write `name %s` at its statement", w->text);
}

static bool expect_reach(struct parser *p, struct scenario_expect *x)
{
	const struct scenario_word *sw;
	u64 pairs;

	x->pick = PICK_EACH;
	if (!take_hosts(p, &x->from))
		return false;
	if (!take_if(p, "to"))
		return wrong(p, peek(p), "`to HOSTS` is missing");
	if (!take_hosts(p, &x->to))
		return false;
	if (!p->s->group[x->to.group].leg[0].has_addr)
		return wrong(p, &p->word[p->next - 1], "has no address on its first interface; write `addr PREFIX`");
	while (peek(p)) {
		if (!take_word(p, IN_EXPECT, x, &sw))
			return false;
		if (sw)
			return wrong(p, &p->word[p->next - 1],
				     "is not for `reach`; what may stand here: within, at, pick");
	}
	pairs = x->pick == PICK_EACH ? (u64)(x->to.last - x->to.first + 1) * (x->from.last - x->from.first + 1) : 0;
	if (pairs > SCENARIO_PAIRS_MAX)
		return wrong(p, &p->word[0], "these are more than %llu pairs; write `pick own` or `pick random`",
			     (unsigned long long)SCENARIO_PAIRS_MAX);
	return x->within_ns || wrong(p, NULL, "`within TIME` is missing");
}

bool st_expect(struct parser *p)
{
	struct scenario_expect *x = &p->s->expect[p->s->expect_count];
	const struct word *w = take(p, "what is expected");
	const struct scenario_name *metric = w ? scenario_find(scenario_metrics, w->text) : NULL;
	const struct scenario_word *sw;

	if (!w)
		return false;
	if (p->s->expect_count == SCENARIO_EXPECTS_MAX)
		return wrong(p, w, "there are at most %u of these statements", SCENARIO_EXPECTS_MAX);
	if (!metric)
		return wrong(p, w,
			     "is nothing that is counted; docs/SCENARIOS.md has the list: reach, delivered, answered, "
			     "outage, drops, neighbours, frames, ...");
	*x = (struct scenario_expect){ .at = p->word[0].at,
				       .metric = (enum scenario_metric)metric->value,
				       .group = SCENARIO_ALL,
				       .flow = SCENARIO_ALL,
				       .when_ns = UINT64_MAX };
	quote(x->says, sizeof(x->says), p, 1);
	p->s->expect_count++;
	if (x->metric == METRIC_REACH)
		return expect_reach(p, x);
	if (!expect_kind(p, x))
		return false;
	while (peek(p) && find_word(peek(p)->text, IN_EXPECT)) {
		if (!take_word(p, IN_EXPECT, x, &sw) || (sw && !expect_special(p, sw, x)))
			return false;
	}
	w = take(p, "an operator and a value");
	return w && expect_operator(p, w, &x->op) && expect_value(p, x);
}
