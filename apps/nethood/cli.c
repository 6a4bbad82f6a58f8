// SPDX-License-Identifier: BSD-2-Clause
/* Words of the command line: strict, and one line for each complaint. */
#include "cli.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is printed is one line, whatever a word holds. */
static void one_line(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
	}
}

void cli_error(const char *what, const char *why)
{
	char line[1024];

	snprintf(line, sizeof(line), "nethood: %s: %s", *what ? what : "''", why);
	one_line(line);
	fprintf(stderr, "%s\n", line);
}

void cli_errorf(const char *what, const char *fmt, ...)
{
	char why[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	cli_error(what, why);
}

static int find_option(const struct cli_option *table, const char *word, size_t len)
{
	for (int i = 0; table[i].name; i++) {
		if (strlen(table[i].name) == len && !strncmp(table[i].name, word, len))
			return i;
	}
	return -1;
}

/* One option, at argv[*at].  Return: 0, EXIT_USAGE */
static int parse_one(const struct cli_option *table, void *ctx, int argc, char **argv, int *at, bool *seen)
{
	const char *word = argv[*at];
	const char *equals = !strncmp(word, "--", 2) ? strchr(word, '=') : NULL;
	int i = find_option(table, word, equals ? (size_t)(equals - word) : strlen(word));
	const char *value = equals ? equals + 1 : NULL;

	if (i < 0) {
		cli_error(word, "unknown option; see nethood help");
		return EXIT_USAGE;
	}
	if (seen[i] && !table[i].repeatable) {
		cli_error(table[i].name, "given twice");
		return EXIT_USAGE;
	}
	seen[i] = true;
	if (table[i].has_value == CLI_ALONE && value) {
		cli_error(table[i].name, "takes no value");
		return EXIT_USAGE;
	}
	if (table[i].has_value == CLI_VALUE && !value) {
		if (++*at >= argc) {
			cli_error(table[i].name, "needs a value");
			return EXIT_USAGE;
		}
		value = argv[*at];
	}
	return table[i].set(ctx, value);
}

int cli_parse(const struct cli_option *table, void *ctx, int argc, char **argv, int *first)
{
	bool seen[CLI_OPTIONS_MAX] = { false };
	int at, ret;

	for (at = 0; at < argc; at++) {
		if (!strcmp(argv[at], "--")) {
			at++;
			break;
		}
		if (argv[at][0] != '-' || !argv[at][1])
			break;
		ret = parse_one(table, ctx, argc, argv, &at, seen);
		if (ret)
			return ret;
	}
	*first = at;
	return 0;
}

bool cli_number(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value < min || value > max)
		return false;
	*out = (uint32_t)value;
	return true;
}

bool cli_prefix(const char *option, const char *text, struct netaddr *addr, uint32_t *prefix_bits)
{
	char copy[64];
	char *slash;

	if (strlen(text) < sizeof(copy)) {
		memcpy(copy, text, strlen(text) + 1);
		slash = strchr(copy, '/');
		if (slash)
			*slash++ = '\0';
		if (netaddr_parse(copy, addr)) {
			*prefix_bits = netaddr_bits(addr);
			if (!slash || cli_number(slash, 0, *prefix_bits, prefix_bits))
				return true;
		}
	}
	cli_errorf(option, "'%s' is no address with a prefix length, like 10.77.0.2/24 or fd77::2/64", text);
	return false;
}

bool cli_ifname(const char *name)
{
	size_t len = strlen(name);

	if (!len || len >= IFNAMSIZ || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++) {
		if (*name == '/' || *name == ':' || *name == '%' || *name <= ' ' || *name == 0x7f)
			return false;
	}
	return true;
}

void cli_json_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < ' ')
			printf("\\u%04x", (unsigned)(unsigned char)*text);
		else
			putchar(*text);
	}
	putchar('"');
}
