// SPDX-License-Identifier: BSD-2-Clause
/* A run as a picture: neighbours by state, hosts as a heat map, frames by kind, drops by reason, over time.
 *
 * SVG by hand: one style sheet with light and dark colours, panels of one width under each other, what was done as numbered
 * lines through all of them.  Reading order: report_picture(), then the panels from top to bottom.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scenario_report.h"

#define WIDTH 1080
#define LEFT 92.0
#define RIGHT 232.0
#define PANEL_WIDTH (WIDTH - LEFT - RIGHT)
#define AREA_HEIGHT 128.0
#define PANEL_GAP 62.0
#define MARKS_MAX 20U
#define LINES_MAX 28U /* of what was done */

struct picture {
	FILE *out;
	const struct run *r;
	double y; /**< where the next panel begins */
	double end_s;
	double mark_s[MARKS_MAX]; /**< when something was done */
	u32 marks;
};

/** struct series - one colour of a panel */
struct series {
	const char *name, *colour;
	size_t offset; /**< of its u64 in a bin */
	u64 sum;
};

static const char *const state_colours[STATES] = { "#e69f00", "#00996b", "#93a8b5", "#56b4e9", "#c76ba3",
						   "#d1481c", "#b59b00", "#1f6fb4", "#c9c9c9" };
static const char *const kind_colours[KINDS] = { "#e69f00", "#c76ba3", "#00996b", "#cdb900",
						 "#56b4e9", "#1f6fb4", "#93a8b5" };
static const char *const drop_colours[] = { "#d1481c", "#1f6fb4", "#e69f00", "#c76ba3",
					    "#00996b", "#56b4e9", "#cdb900", "#7a5ab5" };
#define LOST_COLOUR "#93a8b5"

static const char head[] =
	"<style>\n"
	"text{font:12px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;fill:#1f2328}\n"
	".bg{fill:#fff}.pan{fill:#f6f8fa}.big{font-size:19px;font-weight:600}.tit{font-size:13px;font-weight:600}\n"
	".mut,.num{fill:#59636e}.num{font-size:11px}.e{text-anchor:end}.m{text-anchor:middle}\n"
	".grid{stroke:#d1d9e0;stroke-width:1;fill:none}.mark{stroke:#1f2328;stroke-width:1;stroke-dasharray:2 3;opacity:.55}\n"
	".dot{fill:#1f2328}.dt{fill:#fff;font-size:10px;font-weight:600;text-anchor:middle}\n"
	".good{fill:#1a7f37;font-weight:600}.bad{fill:#d1242f;font-weight:600}\n"
	"@media (prefers-color-scheme:dark){text{fill:#f0f6fc}.bg{fill:#0d1117}.pan{fill:#161b22}.mut,.num{fill:#9198a1}"
	".grid{stroke:#30363d}.mark{stroke:#f0f6fc}.dot{fill:#f0f6fc}.dt{fill:#0d1117}.good{fill:#3fb950}.bad{fill:#f85149}}\n"
	"</style>\n";

/* ------------------------------------------------------------------ pieces */

static void escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc((unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f ? '?' : *text, out);
		}
	}
}

static void text(struct picture *p, double x, double y, const char *class, const char *words)
{
	fprintf(p->out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
	escaped(p->out, words);
	fputs("</text>\n", p->out);
}

/** short_number() - 950, 1.2k, 3.4M */
static void short_number(char *buf, size_t room, double n)
{
	static const char units[] = " kMGT";
	u32 i = 0;

	while (n >= 999.5 && i < 4) {
		n /= 1000;
		i++;
	}
	if (i)
		(void)snprintf(buf, room, "%.3g%c", n, units[i]);
	else
		(void)snprintf(buf, room, "%.3g", n);
}

/** nice() - the next 1, 2 or 5 times a power of ten that is not smaller */
static double nice(double n)
{
	double power = n > 0 ? pow(10, floor(log10(n))) : 1, one = n / power;

	return n <= 0 ? 1 : power * (one <= 1.0001 ? 1 : one <= 2.0001 ? 2 : one <= 5.0001 ? 5 : 10);
}

static double x_of(const struct picture *p, double s)
{
	return LEFT + PANEL_WIDTH * s / p->end_s;
}

static double bin_s(const struct picture *p, u32 bin)
{
	double s = (double)bin * (double)p->r->s->sample_ns / 1e9;

	return s < p->end_s ? s : p->end_s;
}

/* ------------------------------------------------------------------ frame of a panel */

/** time_axis() - under a panel that ends at @y */
static void time_axis(struct picture *p, double top, double y)
{
	double unit = p->end_s > 900 ? 60 : p->end_s < 1 ? 0.001 : 1, step = nice(p->end_s / unit / 10) * unit;
	char buf[48];

	for (double s = 0; s <= p->end_s * 1.0001; s += step) {
		fprintf(p->out, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>", x_of(p, s), top, y + 4);
		(void)snprintf(buf, sizeof(buf), "%.6g", s / unit);
		text(p, x_of(p, s), y + 17, "num m", buf);
	}
}

static void panel_begin(struct picture *p, const char *title, const char *more, double height)
{
	fprintf(p->out, "<text x=\"%.1f\" y=\"%.1f\" class=\"tit\">", LEFT, p->y - 9);
	escaped(p->out, title);
	fputs("<tspan class=\"mut\" font-weight=\"400\" dx=\"8\">", p->out);
	escaped(p->out, more);
	fprintf(p->out, "</tspan></text>\n<rect class=\"pan\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
		LEFT, p->y, PANEL_WIDTH, height);
}

static void marks_through(struct picture *p, double height)
{
	for (u32 i = 0; i < p->marks; i++)
		fprintf(p->out, "<path class=\"mark\" d=\"M%.1f %.1fv%.1f\"/>\n", x_of(p, p->mark_s[i]), p->y, height);
}

static void legend(struct picture *p, const struct series *s, u32 count, bool totals)
{
	double x = LEFT + PANEL_WIDTH + 18, y = p->y + 4;
	char buf[32];

	for (u32 i = 0; i < count; i++) {
		if (!s[i].sum)
			continue;
		fprintf(p->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"11\" height=\"11\" rx=\"2\" fill=\"%s\"/>", x, y,
			s[i].colour);
		text(p, x + 18, y + 10, "", s[i].name);
		short_number(buf, sizeof(buf), (double)s[i].sum);
		if (totals)
			text(p, WIDTH - 14, y + 10, "num e", buf);
		y += 17;
	}
}

/* ------------------------------------------------------------------ areas, one upon the other */

static u64 bin_value(const struct picture *p, u32 bin, const struct series *s)
{
	u64 n;

	memcpy(&n, (const u8 *)&p->r->bin[bin] + s->offset, sizeof(n));
	return n;
}

/** struct scale - from a number to a height; of the square root, where few bins are far above the others */
struct scale {
	double top, height;
	bool root;
};

static double height_of(const struct scale *s, double n)
{
	double part = n / s->top;

	return s->height * (s->root ? sqrt(part) : part);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct scale scale_of(const struct picture *p, const struct series *s, u32 count, double per)
{
	double *sum = calloc(p->r->bin_count, sizeof(*sum));
	struct scale scale = { .top = 1, .height = AREA_HEIGHT };
	u32 used = 0;

	for (u32 b = 0; sum && b < p->r->bin_count; b++) {
		double n = 0;

		for (u32 i = 0; i < count; i++)
			n += (double)bin_value(p, b, &s[i]) / per;
		if (n > 0)
			sum[used++] = n;
		if (n > scale.top)
			scale.top = n;
	}
	if (used) {
		qsort(sum, used, sizeof(*sum), by_size);
		scale.root = scale.top > 12 * sum[used / 2];
	}
	scale.top *= 1.04;
	free(sum);
	return scale;
}

static void value_axis(struct picture *p, const struct scale *s, const char *unit)
{
	double last_y = p->y + s->height + 20;
	char buf[32];

	for (u32 i = 0; i < 5; i++) {
		double want = s->root ? s->top * pow((double)i / 4, 2) : s->top * i / 4;
		double n = i ? nice(want * 0.55) : 0, y;

		if (!s->root)
			n = nice(s->top / 4.2) * i;
		y = p->y + s->height - height_of(s, n);
		if (n > s->top || y > last_y - 11)
			continue;
		last_y = y;
		fprintf(p->out, "<path class=\"grid\" d=\"M%.1f %.1fh%.1f\"/>", LEFT - 4, y, PANEL_WIDTH + 4);
		short_number(buf, sizeof(buf), n);
		text(p, LEFT - 8, y + 4, "num e", buf);
	}
	fprintf(p->out, "<text transform=\"translate(%.1f %.1f) rotate(-90)\" class=\"num m\">", 26.0,
		p->y + s->height / 2);
	escaped(p->out, unit);
	fputs("</text>\n", p->out);
}

static void area(struct picture *p, const struct series *s, const struct scale *scale, double *base, double per)
{
	const u32 bins = p->r->bin_count;
	double bottom = p->y + scale->height, y, last = bottom;

	fprintf(p->out, "<path fill=\"%s\" d=\"M%.1f %.1f", s->colour, LEFT, bottom - height_of(scale, base[0]));
	for (u32 b = 0; b < bins; b++) {
		y = bottom - height_of(scale, base[b] + (double)bin_value(p, b, s) / per);
		if (!b || fabs(y - last) > 0.05)
			fprintf(p->out, "H%.1fV%.1f", x_of(p, bin_s(p, b)), y);
		last = y;
	}
	fprintf(p->out, "H%.1f", LEFT + PANEL_WIDTH);
	for (u32 b = bins; b-- > 0;) {
		y = bottom - height_of(scale, base[b]);
		if (b == bins - 1 || fabs(y - last) > 0.05)
			fprintf(p->out, "V%.1f", y);
		fprintf(p->out, "H%.1f", x_of(p, bin_s(p, b)));
		last = y;
		base[b] += (double)bin_value(p, b, s) / per;
	}
	fputs("Z\"/>\n", p->out);
}

static void none(struct picture *p, const struct series *s, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		if (s[i].sum)
			return;
	}
	text(p, LEFT + PANEL_WIDTH / 2, p->y + AREA_HEIGHT / 2 + 4, "mut m", "none");
}

static void areas(struct picture *p, const char *title, const char *more, const char *unit, struct series *s, u32 count,
		  double per, bool totals)
{
	double *base = calloc(p->r->bin_count, sizeof(*base));
	struct scale scale = scale_of(p, s, count, per);
	char about[160];

	for (u32 i = 0; i < count; i++) {
		s[i].sum = 0;
		for (u32 b = 0; b < p->r->bin_count; b++)
			s[i].sum += bin_value(p, b, &s[i]);
	}
	(void)snprintf(about, sizeof(about), "%s%s", more, scale.root ? "; heights are square roots" : "");
	panel_begin(p, title, about, scale.height);
	value_axis(p, &scale, unit);
	time_axis(p, p->y, p->y + scale.height);
	for (u32 i = 0; i < count && base; i++) {
		if (s[i].sum)
			area(p, &s[i], &scale, base, per);
	}
	free(base);
	none(p, s, count);
	marks_through(p, scale.height);
	legend(p, s, count, totals);
	p->y += scale.height + PANEL_GAP;
}

/* ------------------------------------------------------------------ the panels */

static void panel_states(struct picture *p)
{
	struct series s[STATES];
	char more[128] = "";

	for (u32 i = 0; i < STATES; i++)
		s[i] = (struct series){ scenario_states[i].name, state_colours[i],
					offsetof(struct run_bin, states) + i * sizeof(u64), 0 };
	if (p->r->heat_hosts < p->r->s->host_count)
		(void)snprintf(more, sizeof(more), "of %u of the %u hosts", p->r->heat_hosts, p->r->s->host_count);
	else
		(void)snprintf(more, sizeof(more), "of all hosts together");
	areas(p, "Neighbour entries by state", more, "entries", s, STATES, 1, false);
}

static void panel_frames(struct picture *p)
{
	struct series s[KINDS];

	for (u32 i = 0; i < KINDS; i++)
		s[i] = (struct series){ scenario_kinds[i].name, kind_colours[i],
					offsetof(struct run_bin, frames) + i * sizeof(u64), 0 };
	areas(p, "Frames by kind", "as they leave", "frames per second", s, KINDS, (double)p->r->s->sample_ns / 1e9,
	      true);
}

/** top_reasons() - those that happened most.  Return: how many */
static u32 top_reasons(const struct run *r, u32 *top, u32 max)
{
	u64 sum[REASONS_MAX] = { 0 };
	u32 count = 0;

	for (u32 b = 0; b < r->bin_count; b++) {
		for (u32 i = 0; i < r->reason_count; i++)
			sum[i] += r->bin[b].drops[i];
	}
	while (count < max) {
		u32 best = 0;

		for (u32 i = 1; i < r->reason_count; i++)
			best = sum[i] > sum[best] ? i : best;
		if (!sum[best])
			break;
		sum[best] = 0;
		top[count++] = best;
	}
	return count;
}

static void panel_drops(struct picture *p)
{
	u32 top[ARRAY_SIZE(drop_colours)], count = top_reasons(p->r, top, ARRAY_SIZE(drop_colours));
	struct series s[ARRAY_SIZE(drop_colours) + 1];

	for (u32 i = 0; i < count; i++)
		s[i] = (struct series){ p->r->reason[top[i]], drop_colours[i],
					offsetof(struct run_bin, drops) + top[i] * sizeof(u64), 0 };
	s[count] = (struct series){ "lost on the way", LOST_COLOUR, offsetof(struct run_bin, lost), 0 };
	areas(p, "Packets dropped, by reason", "inside hosts, and on wires", "packets per second", s, count + 1,
	      (double)p->r->s->sample_ns / 1e9, true);
}

/* ------------------------------------------------------------------ the heat map */

static u32 hex_colour(const char *colour)
{
	return (u32)strtoul(colour + 1, NULL, 16);
}

/** mix() - of the states of a cell, by their shares; 0xffffffff: it is empty.  As light mixes: squares */
static u32 mix(const u32 *states)
{
	double sum = 0, part[3] = { 0 };
	u32 out = 0;

	for (u32 s = 0; s < STATES; s++) {
		u32 colour = hex_colour(state_colours[s]);

		sum += states[s];
		for (u32 c = 0; c < 3; c++)
			part[c] += states[s] * pow((colour >> 8 * c) & 0xff, 2);
	}
	if (sum < 0.5)
		return UINT32_MAX;
	for (u32 c = 0; c < 3; c++) {
		u32 level = (u32)(sqrt(part[c] / sum) + 4) & ~7U; /* near colours are one */

		out |= (level > 255 ? 255 : level) << 8 * c;
	}
	return out;
}

struct cell {
	u32 colour, row, bin, width;
};

static int by_colour(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	if (x->colour != y->colour)
		return x->colour < y->colour ? -1 : 1;
	return x->row != y->row ? (x->row < y->row ? -1 : 1) : x->bin < y->bin ? -1 : 1;
}

static u32 collect_cells(const struct run *r, struct cell *cell)
{
	u32 count = 0;

	for (u32 row = 0; row < r->heat_rows; row++) {
		u32 before = UINT32_MAX;

		for (u32 bin = 0; bin < r->bin_count; bin++) {
			u32 colour = mix(&r->heat[(row * r->bin_count + bin) * STATES]);

			if (colour != UINT32_MAX && colour == before)
				cell[count - 1].width++;
			else if (colour != UINT32_MAX)
				cell[count++] = (struct cell){ colour, row, bin, 1 };
			before = colour;
		}
	}
	return count;
}

/* Few rows of a group are high, many are low.  Whole numbers: else there are seams. */
static double row_height(const struct run *r, u32 group)
{
	static const struct {
		u32 rows;
		double height;
	} steps[] = { { 1, 14 }, { 2, 10 }, { 4, 8 }, { 10, 7 }, { 20, 6 }, { 40, 4 } };

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (r->group_rows[group] <= steps[i].rows)
			return steps[i].height;
	}
	return 3;
}

static double group_height(const struct run *r, u32 group)
{
	return row_height(r, group) * r->group_rows[group];
}

static double heat_height(const struct run *r)
{
	double sum = 0;

	for (u32 i = 0; i < r->s->group_count; i++)
		sum += group_height(r, i) + (i ? 2 : 0);
	return sum;
}

/** row_place() - where a row begins, under the beginning of the panel; and how high it is */
static double row_place(const struct run *r, u32 row, double *height)
{
	double y = 0;
	u32 group = 0;

	for (; row >= r->group_rows[group]; group++) {
		row -= r->group_rows[group];
		y += group_height(r, group) + 2;
	}
	*height = row_height(r, group);
	return y + row * *height;
}

static void cells(struct picture *p)
{
	const struct run *r = p->r;
	struct cell *cell = calloc((size_t)r->heat_rows * r->bin_count, sizeof(*cell));
	u32 count = cell ? collect_cells(r, cell) : 0;

	if (count)
		qsort(cell, count, sizeof(*cell), by_colour);
	fputs("<g shape-rendering=\"crispEdges\">\n", p->out);
	for (u32 i = 0; i < count; i++) {
		double height, y = p->y + row_place(r, cell[i].row, &height);

		if (!i || cell[i].colour != cell[i - 1].colour)
			fprintf(p->out, "%s<path fill=\"#%06x\" d=\"", i ? "\"/>\n" : "", cell[i].colour);
		fprintf(p->out, "M%.1f %.0fH%.1fv%.0fH%.1fz", x_of(p, bin_s(p, cell[i].bin)), y,
			x_of(p, bin_s(p, cell[i].bin + cell[i].width)), height, x_of(p, bin_s(p, cell[i].bin)));
	}
	fputs(count ? "\"/>\n</g>\n" : "</g>\n", p->out);
	free(cell);
}

static void group_names(struct picture *p)
{
	const struct scenario *s = p->r->s;
	double top = p->y, last = -100;
	char name[32];

	for (u32 i = 0; i < s->group_count; i++) {
		double height = group_height(p->r, i), y = top + height / 2 + 4;

		(void)snprintf(name, sizeof(name), "%.15s", s->group[i].name);
		if (y < last + 12)
			y = last + 12;
		text(p, LEFT - 8, y, "num e", name);
		last = y;
		top += height + 2;
	}
}

static void panel_heat(struct picture *p)
{
	const struct run *r = p->r;
	double height = heat_height(r);
	char more[128];
	struct series s[STATES];

	(void)snprintf(more, sizeof(more), "a row is %s, its colour the mix of its neighbours' states",
		       r->heat_rows == r->s->host_count ? "a host" : "a host or several");
	panel_begin(p, "Hosts over time", more, height);
	time_axis(p, p->y, p->y + height);
	cells(p);
	group_names(p);
	marks_through(p, height);
	for (u32 i = 0; i < STATES; i++) {
		s[i] = (struct series){ scenario_states[i].name, state_colours[i], 0, 0 };
		for (u32 b = 0; b < r->bin_count; b++)
			s[i].sum += r->bin[b].states[i];
	}
	legend(p, s, STATES, false);
	p->y += height + PANEL_GAP;
}

/* ------------------------------------------------------------------ what was done, what was expected */

static bool is_mark(const struct picture *p, u32 i, double s)
{
	return i < p->marks && fabs(p->mark_s[i] - s) < 1e-9;
}

static u32 lines_of_marks(const struct picture *p)
{
	u32 deeds = p->r->s->deed_count;

	return deeds < LINES_MAX ? deeds : LINES_MAX;
}

static void find_marks(struct picture *p)
{
	const struct scenario *s = p->r->s;
	double at_s[SCENARIO_DEEDS_MAX] = { 0 };

	for (u32 i = 0; i < s->deed_count; i++)
		at_s[i] = (double)s->deed[i].when_ns / 1e9;
	qsort(at_s, s->deed_count, sizeof(at_s[0]), by_size);
	for (u32 i = 0; i < s->deed_count && p->marks < MARKS_MAX; i++) {
		if (at_s[i] <= p->end_s && !(p->marks && is_mark(p, p->marks - 1, at_s[i])))
			p->mark_s[p->marks++] = at_s[i];
	}
}

static void mark_dot(struct picture *p, u32 i, double x, double y)
{
	fprintf(p->out,
		"<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"8\"/><text class=\"dt\" x=\"%.1f\" y=\"%.1f\">%u</text>\n",
		x, y, x, y + 3.6, i + 1);
}

static void marks_on_top(struct picture *p)
{
	double last = -100, lift = 0;

	for (u32 i = 0; i < p->marks; i++) {
		double x = x_of(p, p->mark_s[i]);

		lift = x - last < 17 && lift < 30 ? lift + 15 : 0;
		mark_dot(p, i, x, p->y - 36 - lift);
		fprintf(p->out, "<path class=\"mark\" d=\"M%.1f %.1fV%.1f\"/>\n", x, p->y - 28 - lift, p->y);
		last = x;
	}
}

static void list_marks(struct picture *p)
{
	const struct scenario *s = p->r->s;
	u32 lines = 0;
	char line[160];

	for (u32 m = 0; m < p->marks; m++) {
		for (u32 i = 0; i < s->deed_count && lines < LINES_MAX; i++) {
			if (!is_mark(p, m, (double)s->deed[i].when_ns / 1e9))
				continue;
			mark_dot(p, m, LEFT + 8, p->y);
			(void)snprintf(line, sizeof(line), "%.6g s: %s", p->mark_s[m], s->deed[i].says);
			text(p, LEFT + 24, p->y + 4, "", line);
			p->y += 20;
			lines++;
		}
	}
	p->y += p->marks ? 8 : 0;
}

static void list_expectations(struct picture *p)
{
	const struct run *r = p->r;
	char line[320];

	for (u32 i = 0; i < r->s->expect_count; i++) {
		const struct verdict *v = &r->verdict[i];

		text(p, LEFT, p->y + 4, v->held ? "good" : "bad",
		     v->held     ? "held"
		     : v->judged ? "failed"
				 : "not judged");
		(void)snprintf(line, sizeof(line), "expected %s: %s", r->s->expect[i].says, v->found);
		text(p, LEFT + 68, p->y + 4, "", line);
		p->y += 19;
	}
}

/** title() - as large as there is room for */
static void title(struct picture *p, const char *words)
{
	double size = (WIDTH - 52) / (0.6 * (double)strlen(words) + 1);

	fprintf(p->out, "<text x=\"26\" y=\"36\" class=\"big\" style=\"font-size:%.1fpx\">", size < 19 ? size : 19);
	escaped(p->out, words);
	fputs("</text>\n", p->out);
}

void report_picture(FILE *out, const struct run *r, const struct report_facts *facts)
{
	struct picture p = { .out = out, .r = r, .y = 124, .end_s = (double)r->until_ns / 1e9 };
	double height;
	char line[256];

	find_marks(&p);
	height = p.y + 3 * (AREA_HEIGHT + PANEL_GAP) + heat_height(r) + PANEL_GAP + 20.0 * lines_of_marks(&p) +
		 (p.marks ? 8 : 0) + 19.0 * r->s->expect_count + 16;
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" width=\"%d\" height=\"%.0f\" role=\"img\">\n",
		WIDTH, height, WIDTH, height);
	fputs("<title>", out);
	escaped(out, r->s->title[0] ? r->s->title : facts->name);
	fprintf(out, "</title>\n%s<rect class=\"bg\" width=\"100%%\" height=\"100%%\"/>\n", head);
	title(&p, r->s->title[0] ? r->s->title : facts->name);
	(void)snprintf(line, sizeof(line),
		       "nethood sim %.60s: %u hosts, %.6g s of virtual time, seed %" PRIu64 ", %" PRIu64
		       " frames, %" PRIu64 " events",
		       facts->name, r->s->host_count, p.end_s, facts->seed, r->world.frame_id, r->world.event_count);
	text(&p, 26, 58, "mut", line);
	marks_on_top(&p);
	panel_states(&p);
	panel_heat(&p);
	panel_frames(&p);
	panel_drops(&p);
	text(&p, LEFT + PANEL_WIDTH, p.y - 26, "mut e",
	     p.end_s > 900 ? "virtual time, minutes"
	     : p.end_s < 1 ? "virtual time, ms"
			   : "virtual time, seconds");
	list_marks(&p);
	list_expectations(&p);
	fputs("</svg>\n", out);
}
