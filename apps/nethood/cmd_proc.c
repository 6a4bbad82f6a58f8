// SPDX-License-Identifier: BSD-2-Clause
/* nethood proc: files of /proc, as programs that run with --proc see them.
 *
 * @linux proc(5), proc_pid_net(5)
 *
 * Reading order: cmd_proc() asks, proc_files() is the net's side.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "commands.h"
#include "control.h"
#include "nethood/nethood.h"
#include "state.h"

#define PROC_PATH_BYTES 256

/* ---- the net's side */

static int put_text(void *ctx, const char *text, size_t len_bytes)
{
	return fwrite(text, 1, len_bytes, ctx) == len_bytes ? 0 : -EIO;
}

struct proc_list {
	FILE *f;
	struct nethood_net *net;
	const char *dir;
};

static int put_name(void *ctx, const char *name, uint32_t mode)
{
	const struct proc_list *list = ctx;
	char path[PROC_PATH_BYTES];

	snprintf(path, sizeof(path), "%s%s%s", list->dir, *list->dir ? "/" : "", name);
	if (S_ISDIR(mode)) {
		struct proc_list below = { list->f, list->net, path };

		return nethood_proc_each(list->net, path, put_name, &below);
	}
	return fprintf(list->f, "%s\n", path) < 0 ? -EIO : 0;
}

int proc_files(struct nethood_net *net, const char *words, FILE *f)
{
	struct proc_list list = { f, net, "net" };
	char path[PROC_PATH_BYTES];
	uint32_t mode;

	if (!strncmp(words, "/proc/", 6))
		words += 6;
	snprintf(path, sizeof(path), "%s", *words ? words : "net");
	if (nethood_proc_mode(net, path, &mode))
		snprintf(path, sizeof(path), "net/%s", words);
	if (nethood_proc_mode(net, path, &mode))
		return -ENOENT;
	if (!S_ISDIR(mode))
		return nethood_proc_read(net, path, put_text, f);
	list.dir = path;
	return nethood_proc_each(net, path, put_name, &list);
}

/* ---- the command */

static int set_json(void *ctx, const char *value)
{
	(void)value;
	*(bool *)ctx = true;
	return 0;
}

static int show(const char *name, const char *file, const char *comma)
{
	char request[CONTROL_REQUEST_BYTES];
	char *text;

	if (strlen(file) >= PROC_PATH_BYTES) {
		cli_error("proc", "too long");
		return EXIT_USAGE;
	}
	snprintf(request, sizeof(request), "%s %s", CONTROL_PROC, file);
	text = control_fetch(name, request);
	if (!text)
		return EXIT_FAILED;
	if (comma) {
		fputs(comma, stdout);
		cli_json_string(file);
		putchar(':');
		cli_json_string(text);
	} else {
		fputs(text, stdout);
	}
	free(text);
	return EXIT_GOOD;
}

int cmd_proc(int argc, char **argv)
{
	static const struct cli_option table[] = { { "-j", false, false, set_json }, { NULL, false, false, NULL } };
	bool json = false;
	int first, ret = EXIT_GOOD;

	if (!argc) {
		cli_error("proc", "the NAME of a net is missing");
		return EXIT_USAGE;
	}
	if (!state_name_ok(argv[0]) || cli_parse(table, &json, argc - 1, argv + 1, &first))
		return EXIT_USAGE;
	first++;
	if (first >= argc)
		ret = show(argv[0], "", json ? "{" : NULL);
	for (int i = first; i < argc && !ret; i++)
		ret = show(argv[0], argv[i], !json ? NULL : i == first ? "{" : ",");
	if (json && !ret)
		puts("}");
	return ret;
}
