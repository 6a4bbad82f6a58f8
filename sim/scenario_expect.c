// SPDX-License-Identifier: BSD-2-Clause
/* Did it go as the scenario expects? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "scenario_run.h"

/** struct measured - a number, and what 100% of it would be */
struct measured {
	u64 value, whole;
};

static struct measured traffic(const struct run *r, const struct scenario_expect *x)
{
	struct flow_stats data = flow_sum(r, x->group, x->flow, false), asks = flow_sum(r, x->group, x->flow, true);
	u64 all = data.sent + asks.sent;

	switch (x->metric) {
	case METRIC_SENT:
		return (struct measured){ all, all };
	case METRIC_DELIVERED:
		return (struct measured){ data.delivered, data.sent };
	case METRIC_REFUSED:
		return (struct measured){ data.refused + asks.refused, all };
	case METRIC_LOST:
		return (struct measured){ data.sent - data.refused - data.delivered, data.sent };
	case METRIC_ANSWERED:
		return (struct measured){ asks.answered, asks.sent };
	case METRIC_DOUBLED:
		return (struct measured){ data.doubled + asks.doubled, all };
	case METRIC_DAMAGED:
		return (struct measured){ data.damaged + asks.damaged, all };
	case METRIC_OUTAGE:
	default:
		return (struct measured){ asks.outage_ns, 0 };
	}
}

static u64 resolution(const struct run *r, const struct scenario_expect *x)
{
	u64 value = 0;

	for (u32 i = 0; i < r->s->group_count; i++) {
		const struct histogram *h = &r->group[i].resolution;
		u64 one = x->metric == METRIC_MAX      ? h->max_ns
			  : x->metric == METRIC_MEDIAN ? histogram_quantile(h, 500000)
						       : histogram_quantile(h, 990000);

		if ((x->group == SCENARIO_ALL || x->group == i) && one > value)
			value = one;
	}
	return value;
}

static u64 of_group(const struct run *r, const struct scenario_expect *x, const struct group_stats *g)
{
	u64 sum = 0;

	switch (x->metric) {
	case METRIC_RESOLVED:
		return g->resolution.count;
	case METRIC_UNRESOLVED:
		return g->unresolved + g->pending;
	case METRIC_LOG:
		return g->log_lines;
	case METRIC_MEMORY:
		return g->memory_bytes;
	case METRIC_FRAMES:
		for (u32 k = 0; k < KINDS; k++)
			sum += x->kind == KIND_ANY || x->kind == k ? g->frames[k] : 0;
		return sum;
	case METRIC_DROPS:
		for (u32 k = 0; k < r->reason_count; k++)
			sum += strcmp(x->word, "any") == 0 || strcmp(x->word, r->reason[k]) == 0 ? g->drops[k] : 0;
		return sum;
	default:
		return g->states[x->kind];
	}
}

static void refresh(struct run *r, enum scenario_metric m)
{
	for (u32 i = 0; i < r->s->host_count; i++)
		stat_harvest(&r->host[i]);
	if (m == METRIC_NEIGHBOURS || m == METRIC_MEMORY || m == METRIC_UNRESOLVED)
		stat_hosts(r);
}

static struct measured measure(struct run *r, const struct scenario_expect *x)
{
	struct measured m = { 0, 0 };
	u32 hosts = 0;

	if (x->metric <= METRIC_OUTAGE)
		return traffic(r, x);
	if (x->metric == METRIC_MEDIAN || x->metric == METRIC_P99 || x->metric == METRIC_MAX)
		return (struct measured){ resolution(r, x), 0 };
	for (u32 i = 0; i < r->s->group_count; i++) {
		if (x->group != SCENARIO_ALL && x->group != i)
			continue;
		m.value += of_group(r, x, &r->group[i]);
		m.whole += r->group[i].states[STATE_ANY];
		hosts += r->s->group[i].count;
	}
	if (x->metric == METRIC_MEMORY && hosts)
		m.value /= hosts;
	return m;
}

/* ------------------------------------------------------------------ verdicts */

static bool holds(enum scenario_operator op, u64 found, u64 value)
{
	switch (op) {
	case OP_EQ:
		return found == value;
	case OP_NE:
		return found != value;
	case OP_LT:
		return found < value;
	case OP_LE:
		return found <= value;
	case OP_GT:
		return found > value;
	case OP_GE:
		return found >= value;
	}
	return false;
}

static void judge_reach(struct run *r, u32 number)
{
	const struct run_reach *x = &r->reach[number];
	struct verdict *v = &r->verdict[number];
	u64 pairs = (u64)x->froms * x->peers;

	v->judged = x->begin_ns < r->world.now_ns;
	v->held = !x->left;
	if (v->held)
		(void)snprintf(v->found, sizeof(v->found), "all %" PRIu64 " pairs after %.3f s", pairs,
			       (double)(x->done_ns - x->begin_ns) / 1e9);
	else
		(void)snprintf(v->found, sizeof(v->found), "%" PRIu64 " of %" PRIu64 " pairs did not", x->left, pairs);
}

static bool is_time(enum scenario_metric m)
{
	return m == METRIC_OUTAGE || m == METRIC_MEDIAN || m == METRIC_P99 || m == METRIC_MAX;
}

void expect_judge(struct run *r, u32 number)
{
	const struct scenario_expect *x = &r->s->expect[number];
	struct verdict *v = &r->verdict[number];
	struct measured m;

	if (x->metric == METRIC_REACH) {
		judge_reach(r, number);
		return;
	}
	if (x->when_ns != UINT64_MAX)
		refresh(r, x->metric);
	m = measure(r, x);
	v->judged = true;
	if (x->percent) { /* of nothing: nothing is all */
		unsigned __int128 left = (unsigned __int128)m.value * 1000000,
				  right = (unsigned __int128)x->value * m.whole;
		u64 found = left == right ? 1 : left < right ? 0 : 2;

		v->held = holds(x->op, found, 1);
		(void)snprintf(v->found, sizeof(v->found), "%.3f%% (%" PRIu64 " of %" PRIu64 ")",
			       m.whole ? 100.0 * (double)m.value / (double)m.whole : 0.0, m.value, m.whole);
		return;
	}
	v->held = holds(x->op, m.value, x->value);
	if (is_time(x->metric))
		(void)snprintf(v->found, sizeof(v->found), "%.6f s", (double)m.value / 1e9);
	else
		(void)snprintf(v->found, sizeof(v->found), "%" PRIu64, m.value);
}
