// SPDX-License-Identifier: BSD-2-Clause
/* nethood neigh NAME why ADDRESS: the history of one neighbour.
 *
 * The net's process writes one line for each change, and before them how many there were and what time it is:
 *
 *	COUNT NOW_NS
 *	AT_NS OLD_STATE OLD_LLADDR NEW_STATE LLADDR CAUSE CAUSE_ID		with tabs between; "-" for an address that is none
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>

#include <nethood/nethood.h>

#include "cli.h"
#include "commands.h"
#include "control.h"
#include "loop.h"
#include "state.h"

/* ---- the net's side */

static const char *state_name(unsigned state)
{
	static const struct {
		unsigned state;
		const char *name;
	} names[] = {
		{ NUD_INCOMPLETE, "INCOMPLETE" }, { NUD_REACHABLE, "REACHABLE" }, { NUD_STALE, "STALE" },
		{ NUD_DELAY, "DELAY" },           { NUD_PROBE, "PROBE" },         { NUD_FAILED, "FAILED" },
		{ NUD_NOARP, "NOARP" },           { NUD_PERMANENT, "PERMANENT" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].state == state)
			return names[i].name;
	}
	return "NONE";
}

static void print_lladdr(FILE *f, bool there, const uint8_t *lladdr, unsigned len_bytes)
{
	if (!there || !len_bytes)
		fputc('-', f);
	for (unsigned i = 0; there && i < len_bytes; i++)
		fprintf(f, "%s%02x", i ? ":" : "", lladdr[i]);
	fputc('\t', f);
}

static int print_change(void *ctx, const struct nethood_neigh_change *c)
{
	FILE *f = ctx;

	fprintf(f, "%llu\t%s\t", (unsigned long long)c->now_ns, state_name(c->old_state));
	print_lladdr(f, c->had_lladdr, c->old_lladdr, c->lladdr_bytes);
	fprintf(f, "%s\t", c->deleted ? "deleted" : state_name(c->new_state));
	print_lladdr(f, c->has_lladdr && !c->deleted, c->lladdr, c->lladdr_bytes);
	fprintf(f, "%s\t%llu\n", c->cause, (unsigned long long)c->cause_id);
	return 0;
}

static int ignore_change(void *ctx, const struct nethood_neigh_change *c)
{
	(void)ctx;
	(void)c;
	return 0;
}

/* Return: its family, 0: neither of the two */
static int parse_address(const char *text, struct in6_addr *addr)
{
	if (inet_pton(AF_INET, text, addr) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, text, addr) == 1 ? AF_INET6 : 0;
}

int neigh_why(struct nethood_net *net, const char *words, FILE *f)
{
	char address[INET6_ADDRSTRLEN + 1] = "", dev[17] = "";
	const char *name = NULL;
	struct in6_addr addr;
	uint64_t count;
	int family, err;

	if (sscanf(words, "%46s %16s", address, dev) == 2)
		name = dev;
	family = parse_address(address, &addr);
	if (!family)
		return -EINVAL;
	err = nethood_neigh_history(net, name, family, &addr, ignore_change, NULL, &count);
	if (err)
		return err;
	fprintf(f, "%llu\t%llu\n", (unsigned long long)count, (unsigned long long)loop_now());
	return nethood_neigh_history(net, name, family, &addr, print_change, f, NULL);
}

/* ---- the user's side */

struct why {
	bool json;
	const char *address, *dev;
};

static int set_json(void *ctx, const char *value)
{
	(void)value;
	((struct why *)ctx)->json = true;
	return 0;
}

static const struct cli_option options[] = { { "-j", false, false, set_json }, { NULL, false, false, NULL } };

/* The next words, behind options: none is a usage error.  Return: how many are left, -1 */
static int skip_options(struct why *w, int argc, char **argv[static 1])
{
	int first;

	if (cli_parse(options, w, argc, *argv, &first))
		return -1;
	*argv += first;
	return argc - first;
}

/* why ADDRESS [dev DEV], and options anywhere.  Return: 0, EXIT_USAGE */
static int parse_words(struct why *w, int argc, char **argv)
{
	struct in6_addr addr;

	argc = skip_options(w, argc, &argv);
	if (argc < 0)
		return EXIT_USAGE;
	if (!argc || strcmp(*argv++, "why") != 0) {
		cli_error("neigh",
			  "what about it? nethood neigh NAME why ADDRESS; the table: nethood exec NAME ip neigh");
		return EXIT_USAGE;
	}
	argc = skip_options(w, argc - 1, &argv);
	if (argc < 1 || !parse_address(*argv, &addr)) {
		if (argc >= 0)
			cli_error("why", argc ? "not an IPv4 or IPv6 address" : "of which ADDRESS?");
		return EXIT_USAGE;
	}
	w->address = *argv++;
	argc = skip_options(w, argc - 1, &argv);
	if (argc >= 2 && !strcmp(argv[0], "dev") && cli_ifname(argv[1])) {
		w->dev = argv[1];
		argv += 2;
		argc = skip_options(w, argc - 2, &argv);
	}
	if (argc > 0)
		cli_error(argv[0], "what is this? dev DEV, perhaps");
	return argc ? EXIT_USAGE : 0;
}

struct line {
	double ago_s;
	const char *old_state, *old_lladdr, *new_state, *lladdr, *cause, *cause_id;
};

/* The next line of @text, cut into its fields.  Return: false at the end */
static bool next_line(char **text, unsigned long long now_ns, struct line *l)
{
	char *line = strsep(text, "\n");

	if (!line || !*line)
		return false;
	l->ago_s = (double)(now_ns - strtoull(strsep(&line, "\t"), NULL, 10)) / 1e9;
	l->old_state = strsep(&line, "\t");
	l->old_lladdr = strsep(&line, "\t");
	l->new_state = strsep(&line, "\t");
	l->lladdr = strsep(&line, "\t");
	l->cause = strsep(&line, "\t");
	l->cause_id = line;
	return l->cause_id;
}

static void print_json_lladdr(const char *key, const char *lladdr)
{
	if (*lladdr != '-')
		printf(",\"%s\":\"%s\"", key, lladdr);
}

static void print_json(char *text, unsigned long long now_ns)
{
	const char *comma = "";
	struct line l;

	putchar('[');
	while (next_line(&text, now_ns, &l)) {
		printf("%s{\"ago\":%.6f,\"from\":\"%s\"", comma, l.ago_s, l.old_state);
		print_json_lladdr("from_lladdr", l.old_lladdr);
		printf(",\"to\":\"%s\"", l.new_state);
		print_json_lladdr("lladdr", l.lladdr);
		printf(",\"cause\":\"%s\",\"id\":%s}", l.cause, l.cause_id);
		comma = ",";
	}
	puts("]");
}

static void print_text(char *text, unsigned long long now_ns, unsigned long long count)
{
	unsigned long long shown = 0;
	struct line l;

	while (next_line(&text, now_ns, &l)) {
		const char *lladdr = strcmp(l.lladdr, l.old_lladdr) ? l.lladdr : "";

		printf("%10.3f s ago  %-10s -> %-10s %-17s  %s", l.ago_s, l.old_state, l.new_state,
		       *lladdr == '-' ? "" : lladdr, l.cause);
		if (strcmp(l.cause_id, "0") != 0)
			printf(" #%s", l.cause_id);
		putchar('\n');
		shown++;
	}
	if (count > shown)
		printf("%llu older changes are forgotten\n", count - shown);
}

int cmd_neigh(int argc, char **argv)
{
	char request[CONTROL_REQUEST_BYTES], *text, *rest;
	unsigned long long count, now_ns;
	struct why w = { .json = false };

	if (!argc) {
		cli_error("neigh", "the NAME of a net is missing");
		return EXIT_USAGE;
	}
	if (!state_name_ok(argv[0]) || parse_words(&w, argc - 1, argv + 1))
		return EXIT_USAGE;
	snprintf(request, sizeof(request), CONTROL_NEIGH_WHY " %s %s", w.address, w.dev ? w.dev : "");
	text = control_fetch(argv[0], request);
	if (!text)
		return EXIT_FAILED;
	count = strtoull(text, &rest, 10);
	now_ns = strtoull(rest, &rest, 10);
	rest += *rest == '\n';
	if (w.json)
		print_json(rest, now_ns);
	else
		print_text(rest, now_ns, count);
	free(text);
	return EXIT_GOOD;
}
