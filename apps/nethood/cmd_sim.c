// SPDX-License-Identifier: BSD-2-Clause
/* nethood sim: networks of many hosts in virtual time, described by a file.
 *
 * Reading order: cmd_sim(), run_scenario().  What is in the file: docs/SCENARIOS.md, sim/scenario*.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "commands.h"
#include "scenario_report.h"
#include "scenario_words.h"

#define SUFFIX ".sim"

struct options {
	struct scenario_setting setting[SCENARIO_VARIABLES_MAX];
	uint32_t setting_count;
	char *copy[SCENARIO_VARIABLES_MAX];
	uint64_t seed, until_ns;
	bool has_seed, json, verbose, words, has_profile;
	enum nethood_profile profile;
	const char *pcap, *svg;
};

/* ------------------------------------------------------------------ options */

static int add_setting(struct options *o, const char *name, const char *value)
{
	if (o->setting_count == SCENARIO_VARIABLES_MAX) {
		cli_error("--set", "too many variables");
		return EXIT_USAGE;
	}
	o->setting[o->setting_count++] = (struct scenario_setting){ name, value };
	return 0;
}

static int opt_set(void *ctx, const char *value)
{
	struct options *o = ctx;
	char *copy = strdup(value), *equals = copy ? strchr(copy, '=') : NULL;
	int ret;

	if (!equals || equals == copy || !equals[1]) {
		cli_errorf("--set", "'%s' is not like NAME=VALUE", value);
		free(copy);
		return EXIT_USAGE;
	}
	*equals = '\0';
	ret = add_setting(o, copy, equals + 1);
	if (ret)
		free(copy);
	else
		o->copy[o->setting_count - 1] = copy;
	return ret;
}

static int opt_hosts(void *ctx, const char *value)
{
	uint32_t n;

	if (!cli_number(value, 1, SCENARIO_HOSTS_MAX, &n)) {
		cli_errorf("--hosts", "'%s' is no number from 1 to %u", value, SCENARIO_HOSTS_MAX);
		return EXIT_USAGE;
	}
	return add_setting(ctx, "hosts", value);
}

static int opt_seed(void *ctx, const char *value)
{
	struct options *o = ctx;
	char *end;

	errno = 0;
	o->seed = strtoull(value, &end, 10);
	o->has_seed = true;
	if (*value >= '0' && *value <= '9' && !*end && !errno)
		return 0;
	cli_errorf("--seed", "'%s' is no number", value);
	return EXIT_USAGE;
}

static int opt_until(void *ctx, const char *value)
{
	struct options *o = ctx;
	char *end;
	double s = strtod(value, &end);

	if (*value >= '0' && *value <= '9' && (!*end || strcmp(end, "s") == 0) && s > 0 && s <= 1e6) {
		o->until_ns = (uint64_t)(s * 1e9);
		return 0;
	}
	cli_errorf("--until", "'%s' is no number of seconds, like 10 or 0.5", value);
	return EXIT_USAGE;
}

static int opt_profile(void *ctx, const char *value)
{
	struct options *o = ctx;

	o->has_profile = true;
	o->profile = strcmp(value, "strict") == 0 ? NETHOOD_PROFILE_STRICT : NETHOOD_PROFILE_LINUX;
	if (o->profile == NETHOOD_PROFILE_STRICT || strcmp(value, "linux") == 0)
		return 0;
	cli_errorf("--profile", "'%s': the profiles are linux and strict", value);
	return EXIT_USAGE;
}

static int opt_json(void *ctx, const char *value)
{
	(void)value;
	((struct options *)ctx)->json = true;
	return 0;
}

static int opt_verbose(void *ctx, const char *value)
{
	(void)value;
	((struct options *)ctx)->verbose = true;
	return 0;
}

static int opt_words(void *ctx, const char *value)
{
	(void)value;
	((struct options *)ctx)->words = true;
	return 0;
}

static int opt_pcap(void *ctx, const char *value)
{
	((struct options *)ctx)->pcap = value;
	return 0;
}

static int opt_svg(void *ctx, const char *value)
{
	((struct options *)ctx)->svg = value;
	return 0;
}

static const struct cli_option options[] = {
	{ "--seed", CLI_VALUE, false, opt_seed },
	{ "--hosts", CLI_VALUE, false, opt_hosts },
	{ "--set", CLI_VALUE, true, opt_set },
	{ "--until", CLI_VALUE, false, opt_until },
	{ "--profile", CLI_VALUE, false, opt_profile },
	{ "--pcap", CLI_VALUE, false, opt_pcap },
	{ "--svg", CLI_VALUE, false, opt_svg },
	{ "-j", CLI_ALONE, false, opt_json },
	{ "-v", CLI_ALONE, false, opt_verbose },
	{ "--words", CLI_ALONE, false, opt_words },
	{ NULL, CLI_ALONE, false, NULL },
};

/* ------------------------------------------------------------------ where scenarios are */

/* Beside the program: where it is installed, and where it was built. */
static const char *const places[] = { "../share/nethood/scenarios", "../../../../scenarios" };

static bool place(size_t i, char path[static PATH_MAX])
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;
	int len;

	if (n < 0)
		return false;
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	if (slash)
		*slash = '\0';
	len = snprintf(path, PATH_MAX, "%s/%s", exe, places[i]);
	return len > 0 && len < PATH_MAX && !access(path, R_OK);
}

static char *read_file(const char *path, size_t *len_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = malloc(SCENARIO_TEXT_MAX_BYTES + 1);
	ssize_t n = 1;

	*len_bytes = 0;
	while (fd >= 0 && text && n > 0 && *len_bytes <= SCENARIO_TEXT_MAX_BYTES) {
		n = read(fd, text + *len_bytes, SCENARIO_TEXT_MAX_BYTES + 1 - *len_bytes);
		*len_bytes += n > 0 ? (size_t)n : 0;
	}
	if (fd < 0 || !text || n < 0) {
		int err = errno;

		free(text);
		text = NULL;
		errno = err;
	}
	if (fd >= 0)
		close(fd);
	return text;
}

/** find_scenario() - the text of a file, or of a shipped one; NULL after having said why not */
static char *find_scenario(const char *name, size_t *len_bytes)
{
	char dir[PATH_MAX], path[2 * PATH_MAX];
	char *text = NULL;

	if (!strchr(name, '/')) {
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !text; i++) {
			if (!place(i, dir))
				continue;
			(void)snprintf(path, sizeof(path), "%s/%s" SUFFIX, dir, name);
			text = read_file(path, len_bytes);
		}
	}
	if (!text)
		text = read_file(name, len_bytes);
	if (!text)
		cli_errorf(name, "%s; `nethood sim` lists the shipped scenarios", strerror(errno));
	return text;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_scenario(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return len > strlen(SUFFIX) && strcmp(d->d_name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static void list_one(const char *dir, const char *file, const struct options *o, bool first)
{
	char path[2 * PATH_MAX], title[128] = "", name[NAME_MAX + 1];
	size_t len = 0;
	char *text;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	(void)snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - strlen(SUFFIX)), file);
	text = read_file(path, &len);
	if (text)
		scenario_title(text, len, title, sizeof(title));
	free(text);
	if (!o->json) {
		printf("%-20s %s\n", name, title);
		return;
	}
	fputs(first ? "{\"scenario\": " : ",\n {\"scenario\": ", stdout);
	cli_json_string(name);
	fputs(", \"title\": ", stdout);
	cli_json_string(title);
	putchar('}');
}

static int list_scenarios(const struct options *o)
{
	char dir[PATH_MAX];
	struct dirent **entry;
	size_t i = 0;
	int count;

	while (i < sizeof(places) / sizeof(places[0]) && !place(i, dir))
		i++;
	count = i < sizeof(places) / sizeof(places[0]) ? scandir(dir, &entry, is_scenario, by_name) : -1;
	if (count < 0) {
		cli_error("sim", "no shipped scenarios are found beside the program; name a file");
		return EXIT_FAILED;
	}
	if (o->json)
		putchar('[');
	for (int k = 0; k < count; k++) {
		list_one(dir, entry[k]->d_name, o, !k);
		free(entry[k]);
	}
	free(entry);
	fputs(o->json ? "]\n" : "", stdout);
	return EXIT_GOOD;
}

/* ------------------------------------------------------------------ running */

static uint64_t monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SIM_NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static uint64_t resident_bytes(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%*u %llu", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void say(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "%s\n", line);
}

static bool write_all(void *ctx, const void *data, size_t len_bytes)
{
	return fwrite(data, 1, len_bytes, ctx) == len_bytes;
}

/** open_out() - a file that will be written; NULL after having said why not.  @path NULL: nothing is wanted */
static bool open_out(const char *path, FILE **out)
{
	*out = path ? fopen(path, "we") : NULL;
	if (path && !*out)
		cli_errorf(path, "%s", strerror(errno));
	return !path || *out;
}

static int close_out(const char *path, FILE *f)
{
	int bad = 0;

	if (f) {
		bad = ferror(f);
		bad |= fclose(f);
	}
	if (bad)
		cli_error(path, "could not be written to its end");
	return bad ? EXIT_FAILED : EXIT_GOOD;
}

static void say_error(const char *name, const struct scenario_error *e)
{
	char where[PATH_MAX + 64];

	if (e->at.line)
		(void)snprintf(where, sizeof(where), "%s:%u:%u", name, e->at.line, e->at.column);
	else
		(void)snprintf(where, sizeof(where), "%s", name);
	if (e->word[0])
		cli_errorf(where, "'%s' %s", e->word, e->why);
	else
		cli_error(where, e->why);
}

static int tell(const struct options *o, const struct run *r, struct report_facts *facts, FILE *svg)
{
	facts->rss_bytes = resident_bytes();
	facts->verbose = o->verbose;
	if (o->json)
		report_json(stdout, r, facts);
	else
		report_table(stdout, r, facts);
	if (svg)
		report_picture(svg, r, facts);
	return r->world.broken[0] || scenario_run_failures(r) ? EXIT_FAILED : EXIT_GOOD;
}

/** bare() - the name of a scenario, without folder and ending */
static const char *bare(const char *name, char buf[static NAME_MAX + 1])
{
	const char *slash = strrchr(name, '/');
	size_t len;

	(void)snprintf(buf, NAME_MAX + 1, "%s", slash ? slash + 1 : name);
	len = strlen(buf);
	if (len > strlen(SUFFIX) && strcmp(buf + len - strlen(SUFFIX), SUFFIX) == 0)
		buf[len - strlen(SUFFIX)] = '\0';
	return buf;
}

static int run_scenario(const char *name, const struct scenario *s, const struct options *o)
{
	char buf[NAME_MAX + 1];
	struct report_facts facts = { .name = bare(name, buf), .seed = o->has_seed ? o->seed : s->seed };
	struct scenario_run_options ro = { .seed = facts.seed,
					   .until_ns = o->until_ns,
					   .pictures = o->svg || o->json,
					   .say = o->verbose ? say : NULL };
	struct scenario_error error = { 0 };
	FILE *pcap = NULL, *svg = NULL;
	struct run *r = NULL;
	uint64_t begin = monotonic_ns();
	int err = 0, ret = EXIT_FAILED;

	if (open_out(o->pcap, &pcap) && open_out(o->svg, &svg)) {
		ro.cap = pcap ? wirecap_create(write_all, pcap) : NULL;
		err = pcap && !ro.cap ? -ENOMEM : scenario_run_create(s, &ro, &r, &error);
	}
	if (err == -EINVAL)
		say_error(name, &error);
	else if (err)
		cli_error(name, "no memory for it");
	if (r) {
		(void)scenario_run_go(r);
		facts.wall_ns = monotonic_ns() - begin;
		ret = tell(o, r, &facts, svg);
		scenario_run_destroy(r);
	}
	wirecap_destroy(ro.cap);
	ret |= close_out(o->pcap, pcap) | close_out(o->svg, svg);
	return ret;
}

static int parse_and_run(const char *name, const struct options *o)
{
	struct scenario_error error;
	struct scenario *s;
	size_t len = 0;
	char *text = find_scenario(name, &len);
	int err, ret;

	if (!text)
		return EXIT_FAILED;
	err = scenario_parse(text, len, o->setting, o->setting_count, &s, &error);
	free(text);
	if (err == -EINVAL)
		say_error(name, &error);
	else if (err)
		cli_error(name, "no memory for it");
	if (err)
		return EXIT_FAILED;
	if (o->has_profile)
		s->profile = o->profile;
	ret = run_scenario(name, s, o);
	scenario_free(s);
	return ret;
}

static int dispatch(const struct options *o, const char *name, int more)
{
	if (more) {
		cli_error("sim", "one scenario at a time");
		return EXIT_USAGE;
	}
	if (o->words) {
		scenario_print_words(stdout);
		return EXIT_GOOD;
	}
	return name ? parse_and_run(name, o) : list_scenarios(o);
}

int cmd_sim(int argc, char **argv)
{
	struct options o = { .until_ns = UINT64_MAX };
	const char *name = NULL;
	int first = 0, ret = cli_parse(options, &o, argc, argv, &first);

	if (!ret && first < argc) {
		name = argv[first];
		argv += first + 1;
		argc -= first + 1;
		ret = cli_parse(options, &o, argc, argv, &first);
	}
	if (!ret)
		ret = dispatch(&o, name, argc - first);
	for (size_t i = 0; i < SCENARIO_VARIABLES_MAX; i++)
		free(o.copy[i]);
	return ret;
}
