// SPDX-License-Identifier: BSD-2-Clause
/* A run as tables, and as JSON. */
#include "scenario_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 16U
#define CELL_BYTES 32U

/* ------------------------------------------------------------------ tables */

/** struct table - columns as wide as what they hold; the first one is to the left */
struct table {
	u32 columns, rows, room;
	char (*cell)[CELL_BYTES];
};

static void cell(struct table *t, u32 row, u32 column, const char *text)
{
	(void)snprintf(t->cell[row * t->columns + column], CELL_BYTES, "%s", text);
}

static void cell_count(struct table *t, u32 row, u32 column, u64 n)
{
	(void)snprintf(t->cell[row * t->columns + column], CELL_BYTES, "%" PRIu64, n);
}

static void cell_time(struct table *t, u32 row, u32 column, u64 ns)
{
	char *to = t->cell[row * t->columns + column];

	if (ns >= SIM_NSEC_PER_SEC)
		(void)snprintf(to, CELL_BYTES, "%.3f s", (double)ns / 1e9);
	else if (ns >= SIM_NSEC_PER_MSEC)
		(void)snprintf(to, CELL_BYTES, "%.3f ms", (double)ns / 1e6);
	else
		(void)snprintf(to, CELL_BYTES, "%.1f us", (double)ns / 1e3);
}

static void print_table(FILE *out, const struct table *t)
{
	for (u32 row = 0; row < t->rows; row++) {
		for (u32 c = 0; c < t->columns; c++) {
			int width = 0;

			for (u32 i = 0; i < t->rows; i++) {
				int len = (int)strlen(t->cell[i * t->columns + c]);

				width = len > width ? len : width;
			}
			fprintf(out, c ? "  %*s" : "%-*s", width, t->cell[row * t->columns + c]);
		}
		fputc('\n', out);
	}
	fputc('\n', out);
}

/** struct filled - a table of one row for each group, with room for its head */
struct filled {
	struct table t;
	char room[(SCENARIO_GROUPS_MAX + 1) * COLUMNS_MAX][CELL_BYTES];
};

static void begin_table(struct filled *f, const struct run *r, const char *const *head, u32 columns)
{
	memset(f->room, 0, sizeof(f->room));
	f->t = (struct table){ .columns = columns, .rows = r->s->group_count + 1, .cell = f->room };
	for (u32 c = 0; c < columns; c++)
		cell(&f->t, 0, c, head[c]);
	for (u32 i = 0; i < r->s->group_count; i++)
		cell(&f->t, i + 1, 0, r->s->group[i].name);
}

static u64 sum_frames(const struct group_stats *g)
{
	u64 sum = 0;

	for (u32 k = 0; k < KINDS; k++)
		sum += g->frames[k];
	return sum;
}

static void table_traffic(FILE *out, const struct run *r, struct filled *f)
{
	static const char *const head[] = { "group",     "hosts",   "profile", "frames",   "arp",    "sent",
					    "delivered", "refused", "asked",   "answered", "outage", "memory/host" };

	begin_table(f, r, head, ARRAY_SIZE(head));
	for (u32 i = 0; i < r->s->group_count; i++) {
		const struct scenario_group *sg = &r->s->group[i];
		const struct group_stats *g = &r->group[i];
		struct flow_stats data = flow_sum(r, i, SCENARIO_ALL, false), asks = flow_sum(r, i, SCENARIO_ALL, true);

		cell_count(&f->t, i + 1, 1, sg->count);
		cell(&f->t, i + 1, 2, (sg->has_profile ? sg->profile : r->s->profile) ? "strict" : "linux");
		cell_count(&f->t, i + 1, 3, sum_frames(g));
		cell_count(&f->t, i + 1, 4,
			   g->frames[KIND_ARP_REQUEST] + g->frames[KIND_ARP_PROBE] + g->frames[KIND_ARP_REPLY] +
				   g->frames[KIND_ARP_ANNOUNCEMENT]);
		cell_count(&f->t, i + 1, 5, data.sent);
		cell_count(&f->t, i + 1, 6, data.delivered);
		cell_count(&f->t, i + 1, 7, data.refused + asks.refused);
		cell_count(&f->t, i + 1, 8, asks.sent);
		cell_count(&f->t, i + 1, 9, asks.answered);
		if (asks.sent)
			cell_time(&f->t, i + 1, 10, asks.outage_ns);
		cell_count(&f->t, i + 1, 11, g->memory_bytes / sg->count);
	}
	print_table(out, &f->t);
}

static void table_neighbours(FILE *out, const struct run *r, struct filled *f)
{
	static const char *const head[] = { "group", "resolved",   "in vain",   "median",   "99 %",
					    "max",   "incomplete", "reachable", "stale",    "delay",
					    "probe", "failed",     "noarp",     "permanent" };

	begin_table(f, r, head, ARRAY_SIZE(head));
	for (u32 i = 0; i < r->s->group_count; i++) {
		const struct group_stats *g = &r->group[i];

		cell_count(&f->t, i + 1, 1, g->resolution.count);
		cell_count(&f->t, i + 1, 2, g->unresolved + g->pending);
		if (g->resolution.count) {
			cell_time(&f->t, i + 1, 3, histogram_quantile(&g->resolution, 500000));
			cell_time(&f->t, i + 1, 4, histogram_quantile(&g->resolution, 990000));
			cell_time(&f->t, i + 1, 5, g->resolution.max_ns);
		}
		for (u32 s = 0; s < STATES - 1; s++)
			cell_count(&f->t, i + 1, 6 + s, g->states[s]);
	}
	print_table(out, &f->t);
}

static void list_drops(FILE *out, const struct run *r)
{
	bool any = false;

	for (u32 i = 0; i < r->s->group_count; i++) {
		bool named = false;

		for (u32 k = 0; k < r->reason_count; k++) {
			if (!r->group[i].drops[k])
				continue;
			if (!any)
				fputs("drops\n", out);
			fprintf(out, "  %-16s %12" PRIu64 "  %s\n", named ? "" : r->s->group[i].name,
				r->group[i].drops[k], r->reason[k]);
			named = any = true;
		}
	}
	if (any)
		fputc('\n', out);
}

static void list_traffic(FILE *out, const struct run *r)
{
	bool any = false;

	for (u32 i = 0; i < r->s->flow_count; i++) {
		const struct scenario_flow *f = &r->s->flow[i];
		const struct flow_stats *s = &r->flow[i].stats;

		if (!f->name[0])
			continue;
		if (!any)
			fputs("traffic\n", out);
		any = true;
		fprintf(out, "  %-16s sent %" PRIu64 ", %s %" PRIu64 ", refused %" PRIu64, f->name, s->sent,
			f->asks ? "answered" : "delivered", f->asks ? s->answered : s->delivered, s->refused);
		if (f->asks)
			fprintf(out, ", longest outage %.3f s", (double)s->outage_ns / 1e9);
		fputc('\n', out);
	}
	if (any)
		fputc('\n', out);
}

static void list_verdicts(FILE *out, const struct run *r)
{
	for (u32 i = 0; i < r->s->expect_count; i++) {
		const struct verdict *v = &r->verdict[i];

		fprintf(out, "%-10s line %-3u %s: %s\n",
			!v->judged ? "not judged"
			: v->held  ? "held"
				   : "FAILED",
			r->s->expect[i].at.line, r->s->expect[i].says, v->judged ? v->found : "its time did not come");
	}
	for (u32 i = 0; i < r->note_count && i < NOTES_MAX; i++)
		fprintf(out, "FAILED     %s\n", r->note[i]);
	if (r->note_count > NOTES_MAX)
		fprintf(out, "FAILED     and %u more of these\n", r->note_count - NOTES_MAX);
	if (r->world.broken[0])
		fprintf(out, "BUG of nethood, please report it with this file and seed: %s\n", r->world.broken);
}

void report_table(FILE *out, const struct run *r, const struct report_facts *facts)
{
	static const char rule[] = "";
	struct filled *f = malloc(sizeof(*f));

	fprintf(out, "%s: %s%s%" PRIu32 " hosts, %.6g s, seed %" PRIu64 "\n\n", facts->name, r->s->title,
		r->s->title[0] ? ": " : rule, r->s->host_count, (double)r->world.now_ns / 1e9, facts->seed);
	if (f) {
		table_traffic(out, r, f);
		table_neighbours(out, r, f);
	}
	free(f);
	list_drops(out, r);
	list_traffic(out, r);
	list_verdicts(out, r);
	if (facts->verbose)
		fprintf(out,
			"%s%" PRIu64 " events in %.2f s (%.0f per second), %.0f octets of this process for each host, "
			"trace %016" PRIx64 "\n",
			r->s->expect_count ? "\n" : "", r->world.event_count, (double)facts->wall_ns / 1e9,
			(double)r->world.event_count / ((double)facts->wall_ns / 1e9 + 1e-9),
			(double)facts->rss_bytes / r->s->host_count, r->world.trace_hash);
}

/* ------------------------------------------------------------------ JSON */

static void json_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			fprintf(out, "\\u%04x", (unsigned)(unsigned char)*text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void json_stats(FILE *out, const struct flow_stats *data, const struct flow_stats *asks)
{
	fprintf(out,
		"\"sent\": %" PRIu64 ", \"delivered\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"asked\": %" PRIu64
		", \"answered\": %" PRIu64 ", \"doubled\": %" PRIu64 ", \"damaged\": %" PRIu64 ", \"outage_s\": %.6f",
		data->sent, data->delivered, data->refused + asks->refused, asks->sent, asks->answered,
		data->doubled + asks->doubled, data->damaged + asks->damaged, (double)asks->outage_ns / 1e9);
}

static void json_counts(FILE *out, const char *key, const struct scenario_name *names, const u64 *counts, u32 count)
{
	fprintf(out, ", \"%s\": {", key);
	for (u32 i = 0; i < count; i++)
		fprintf(out, "%s\"%s\": %" PRIu64, i ? ", " : "", names[i].name, counts[i]);
	fputc('}', out);
}

static void json_drops(FILE *out, const struct run *r, const u64 *drops)
{
	bool any = false;

	fputs(", \"drops\": {", out);
	for (u32 i = 0; i < r->reason_count; i++) {
		if (drops[i])
			fprintf(out, "%s\"%s\": %" PRIu64, any ? ", " : "", r->reason[i], drops[i]);
		any |= drops[i] != 0;
	}
	fputc('}', out);
}

static void json_group(FILE *out, const struct run *r, u32 i)
{
	const struct group_stats *g = &r->group[i];
	const struct scenario_group *sg = &r->s->group[i];
	struct flow_stats data = flow_sum(r, i, SCENARIO_ALL, false), asks = flow_sum(r, i, SCENARIO_ALL, true);

	fprintf(out, "%s\n    {\"group\": \"%s\", \"hosts\": %u, \"profile\": \"%s\", ", i ? "," : "", sg->name,
		sg->count, (sg->has_profile ? sg->profile : r->s->profile) ? "strict" : "linux");
	json_stats(out, &data, &asks);
	json_counts(out, "frames", scenario_kinds, g->frames, KINDS);
	json_counts(out, "neighbours", scenario_states, g->states, STATES);
	json_drops(out, r, g->drops);
	fprintf(out,
		", \"resolution\": {\"resolved\": %" PRIu64 ", \"in_vain\": %" PRIu64
		", \"median_s\": %.9f, \"p99_s\": %.9f, \"max_s\": %.9f}, \"log_lines\": %" PRIu64
		", \"memory_bytes_per_host\": %" PRIu64 ", \"memory_peak_bytes_per_host\": %" PRIu64 "}",
		g->resolution.count, g->unresolved + g->pending,
		(double)histogram_quantile(&g->resolution, 500000) / 1e9,
		(double)histogram_quantile(&g->resolution, 990000) / 1e9, (double)g->resolution.max_ns / 1e9,
		g->log_lines, g->memory_bytes / sg->count, g->memory_peak_bytes / sg->count);
}

static void json_traffic(FILE *out, const struct run *r)
{
	const struct flow_stats none = { 0 };

	fputs("\n  ],\n  \"traffic\": [", out);
	for (u32 i = 0; i < r->s->flow_count; i++) {
		const struct scenario_flow *f = &r->s->flow[i];
		const struct flow_stats *s = &r->flow[i].stats;

		fprintf(out, "%s\n    {\"line\": %u, \"name\": \"%s\", ", i ? "," : "", f->at.line, f->name);
		json_stats(out, f->asks ? &none : s, f->asks ? s : &none);
		fputc('}', out);
	}
}

static void json_verdicts(FILE *out, const struct run *r)
{
	fputs("\n  ],\n  \"expectations\": [", out);
	for (u32 i = 0; i < r->s->expect_count; i++) {
		const struct verdict *v = &r->verdict[i];

		fprintf(out, "%s\n    {\"line\": %u, \"expect\": ", i ? "," : "", r->s->expect[i].at.line);
		json_string(out, r->s->expect[i].says);
		fprintf(out, ", \"judged\": %s, \"held\": %s, \"found\": ", v->judged ? "true" : "false",
			v->judged && v->held ? "true" : "false");
		json_string(out, v->found);
		fputc('}', out);
	}
	fputs("\n  ],\n  \"failures\": [", out);
	for (u32 i = 0; i < r->note_count && i < NOTES_MAX; i++) {
		fputs(i ? ", " : "", out);
		json_string(out, r->note[i]);
	}
}

/** series - one number of each bin */
static void json_series(FILE *out, const char *name, const struct run *r, size_t offset, bool first)
{
	fprintf(out, "%s\"%s\": [", first ? "" : ", ", name);
	for (u32 i = 0; i < r->bin_count; i++) {
		u64 n;

		memcpy(&n, (const u8 *)&r->bin[i] + offset, sizeof(n));
		fprintf(out, "%s%" PRIu64, i ? ", " : "", n);
	}
	fputc(']', out);
}

static bool dropped_ever(const struct run *r, u32 reason)
{
	u64 sum = 0;

	for (u32 i = 0; i < r->bin_count; i++)
		sum += r->bin[i].drops[reason];
	return sum;
}

static void json_time(FILE *out, const struct run *r)
{
	bool first = true;

	fprintf(out, "],\n  \"over_time\": {\"sample_s\": %.9f, \"hosts_looked_at\": %u,\n    \"frames\": {",
		(double)r->s->sample_ns / 1e9, r->heat_hosts);
	for (u32 k = 0; k < KINDS; k++)
		json_series(out, scenario_kinds[k].name, r, offsetof(struct run_bin, frames) + k * sizeof(u64), !k);
	fputs("},\n    \"lost_on_wires\": {", out);
	json_series(out, "lost", r, offsetof(struct run_bin, lost), true);
	fputs("},\n    \"drops\": {", out);
	for (u32 k = 0; k < r->reason_count; k++) {
		if (!dropped_ever(r, k))
			continue;
		json_series(out, r->reason[k], r, offsetof(struct run_bin, drops) + k * sizeof(u64), first);
		first = false;
	}
	fputs("},\n    \"neighbours\": {", out);
	for (u32 k = 0; k < STATES && r->pictures; k++)
		json_series(out, scenario_states[k].name, r, offsetof(struct run_bin, states) + k * sizeof(u64), !k);
	fputs("}}\n}\n", out);
}

void report_json(FILE *out, const struct run *r, const struct report_facts *facts)
{
	fputs("{\n  \"scenario\": ", out);
	json_string(out, facts->name);
	fputs(", \"title\": ", out);
	json_string(out, r->s->title);
	fprintf(out,
		",\n  \"seed\": %" PRIu64 ", \"hosts\": %u, \"virtual_s\": %.9g, \"wall_s\": %.3f, \"events\": %" PRIu64
		", \"frames\": %" PRIu64 ", \"process_bytes\": %" PRIu64 ", \"trace\": \"%016" PRIx64
		"\",\n  \"bug\": ",
		facts->seed, r->s->host_count, (double)r->world.now_ns / 1e9, (double)facts->wall_ns / 1e9,
		r->world.event_count, r->world.frame_id, facts->rss_bytes, r->world.trace_hash);
	json_string(out, r->world.broken);
	fputs(",\n  \"groups\": [", out);
	for (u32 i = 0; i < r->s->group_count; i++)
		json_group(out, r, i);
	json_traffic(out, r);
	json_verdicts(out, r);
	json_time(out, r);
}
