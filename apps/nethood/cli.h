/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of the command line, and what is said to the user. */
#ifndef NETHOOD_CLI_H
#define NETHOOD_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "../run/netaddr.h"

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/** cli_error() - "nethood: what: why", one line on stderr */
void cli_error(const char *what, const char *why);
void cli_errorf(const char *what, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** struct cli_option - one option of a command; a table of them ends with a NULL name */
struct cli_option {
	const char *name;                                 /**< "--dev" */
	enum { CLI_ALONE, CLI_VALUE, CLI_MAY } has_value; /**< CLI_MAY: only as --name=value */
	bool repeatable;
	/** @value: NULL: none was given.  Return: 0, EXIT_USAGE after having said why */
	int (*set)(void *ctx, const char *value);
};

#define CLI_OPTIONS_MAX 32

/**
 * cli_parse() - options up to the first word that is none, or "--", which is eaten
 * @first: out: index of that word
 * Return: 0, EXIT_USAGE after having said which word is wrong
 */
int cli_parse(const struct cli_option *table, void *ctx, int argc, char **argv, int *first);

/** cli_number() - all of @text is a decimal number between @min and @max */
bool cli_number(const char *text, uint32_t min, uint32_t max, uint32_t *out);
/** cli_prefix() - "10.77.0.2/24", "fd77::2/64"; without "/n": all bits.  A usage error of @option is said */
bool cli_prefix(const char *option, const char *text, struct netaddr *addr, uint32_t *prefix_bits);
/** cli_ifname() - may this be a device's name? */
bool cli_ifname(const char *name);
/** cli_json_string() - quoted, with escapes, on stdout */
void cli_json_string(const char *text);

#endif
