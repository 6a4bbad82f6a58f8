// SPDX-License-Identifier: BSD-2-Clause
/* The commands that ask a net that is up: down, ls, sysctl, drops. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "commands.h"
#include "control.h"
#include "state.h"

#define FOLLOW_NS 500000000L

/* ---- one request */

static void close_fds(int fds[CONTROL_FDS])
{
	for (int i = 0; i < CONTROL_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

int control_ask(int sock, const char *what, const char *request, struct control_reply *reply, const int *fd,
		int fds[CONTROL_FDS])
{
	ssize_t n;
	int err = control_send(sock, request, strlen(request), fd, fd ? 1 : 0);

	n = err < 0 ? err : control_receive(sock, reply, sizeof(*reply), fds, CONTROL_FDS);
	if (n != (ssize_t)sizeof(*reply)) {
		cli_error(what, n < 0 ? strerror((int)-n) : "its process ended, or refuses this user");
		return n < 0 ? (int)n : -EPIPE;
	}
	reply->text[sizeof(reply->text) - 1] = '\0';
	if (!reply->error)
		return 0;
	close_fds(fds);
	cli_error(what, reply->text);
	return reply->error;
}

int control_connect(const char *name)
{
	int sock = state_connect(name);

	if (sock == -ENOENT)
		cli_error(name, "is not up; nethood ls shows what is");
	else if (sock < 0)
		cli_error(name, strerror(-sock));
	return sock;
}

int control_call(const char *name, const char *request, struct control_reply *reply, int fds[CONTROL_FDS])
{
	int sock = control_connect(name), err;

	if (sock < 0)
		return sock;
	err = control_ask(sock, name, request, reply, NULL, fds);
	if (err) {
		close(sock);
		return err;
	}
	return sock;
}

/* The file of a reply, as a string.  free() ends it */
static char *read_file(int fds[CONTROL_FDS])
{
	off_t size = fds[0] >= 0 ? lseek(fds[0], 0, SEEK_END) : -1;
	char *text = size >= 0 ? malloc((size_t)size + 1) : NULL;
	ssize_t n = text ? pread(fds[0], text, (size_t)size, 0) : -1;

	close_fds(fds);
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	return text;
}

char *control_fetch(const char *name, const char *request)
{
	struct control_reply reply;
	int fds[CONTROL_FDS], sock = control_call(name, request, &reply, fds);

	if (sock < 0)
		return NULL;
	close(sock);
	return read_file(fds);
}

/* ---- options that several have */

struct words {
	bool json, follow, force, write, all;
};

static int set_json(void *ctx, const char *value)
{
	(void)value;
	((struct words *)ctx)->json = true;
	return 0;
}

static int set_f(void *ctx, const char *value)
{
	(void)value;
	((struct words *)ctx)->follow = ((struct words *)ctx)->force = true;
	return 0;
}

static int set_write(void *ctx, const char *value)
{
	(void)value;
	((struct words *)ctx)->write = true;
	return 0;
}

static int set_all(void *ctx, const char *value)
{
	(void)value;
	((struct words *)ctx)->all = true;
	return 0;
}

static const struct cli_option ls_table[] = { { "-j", false, false, set_json }, { NULL, false, false, NULL } };
static const struct cli_option down_table[] = { { "-f", false, false, set_f }, { NULL, false, false, NULL } };
static const struct cli_option drops_table[] = {
	{ "-f", false, false, set_f },
	{ "-j", false, false, set_json },
	{ NULL, false, false, NULL },
};
static const struct cli_option sysctl_table[] = {
	{ "-w", false, false, set_write },
	{ "-a", false, false, set_all },
	{ "-j", false, false, set_json },
	{ NULL, false, false, NULL },
};

/* NAME, then options.  Return: 0 and what is left, EXIT_USAGE */
static int name_and_options(const char *command, const struct cli_option *table, struct words *w, int *argc,
			    char ***argv)
{
	int first;

	if (!*argc) {
		cli_error(command, "the NAME of a net is missing");
		return EXIT_USAGE;
	}
	if (!state_name_ok(**argv) || cli_parse(table, w, *argc - 1, *argv + 1, &first))
		return EXIT_USAGE;
	*argc -= 1 + first;
	*argv += 1 + first;
	return 0;
}

static int nothing_more(int argc, char **argv)
{
	if (!argc)
		return 0;
	cli_error(argv[0], "one word too many");
	return EXIT_USAGE;
}

/* ---- down */

int cmd_down(int argc, char **argv)
{
	struct words w = { .json = false };
	struct control_reply reply;
	const char *name = argc ? argv[0] : "";
	int fds[CONTROL_FDS], sock;
	char byte;

	if (name_and_options("down", down_table, &w, &argc, &argv) || nothing_more(argc, argv))
		return EXIT_USAGE;
	sock = control_call(name, w.force ? CONTROL_DOWN " force" : CONTROL_DOWN, &reply, fds);
	if (sock < 0)
		return EXIT_FAILED;
	while (recv(sock, &byte, 1, 0) > 0)
		;
	close(sock);
	state_wait_gone(name);
	return EXIT_GOOD;
}

/* ---- ls */

struct listing {
	bool json;
	unsigned count;
};

static int list_one(void *ctx, const char *name)
{
	struct listing *l = ctx;
	struct control_reply reply;
	int fds[CONTROL_FDS], sock = state_connect(name), err;

	if (sock < 0)
		return 0; /* left behind by one that died */
	err = control_ask(sock, name, CONTROL_INFO, &reply, NULL, fds);
	close(sock);
	if (err)
		return 0;
	if (l->json)
		printf("%s%s", l->count ? "," : "", reply.text);
	else
		puts(name);
	l->count++;
	return 0;
}

int cmd_ls(int argc, char **argv)
{
	struct words w = { .json = false };
	struct listing l = { .count = 0 };
	int first, err;

	if (cli_parse(ls_table, &w, argc, argv, &first) || nothing_more(argc - first, argv + first))
		return EXIT_USAGE;
	l.json = w.json;
	if (w.json)
		putchar('[');
	err = state_each(list_one, &l);
	if (w.json)
		puts("]");
	if (err)
		cli_error("ls", strerror(-err));
	return err ? EXIT_FAILED : EXIT_GOOD;
}

/* ---- sysctl */

static int sysctl_all(const char *name, bool json)
{
	char *text = control_fetch(name, CONTROL_SYSCTL_ALL), *save = NULL, *line;
	const char *comma = "{";

	if (!text)
		return EXIT_FAILED;
	if (!json)
		fputs(text, stdout);
	for (line = json ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strstr(line, " = ");

		if (!value)
			continue;
		*value = '\0';
		fputs(comma, stdout);
		cli_json_string(line);
		putchar(':');
		cli_json_string(value + 3);
		comma = ",";
	}
	if (json)
		puts("}");
	free(text);
	return EXIT_GOOD;
}

static int sysctl_one(int sock, const char *word, bool write, const char *comma)
{
	char request[CONTROL_REQUEST_BYTES], key[CONTROL_REQUEST_BYTES];
	struct control_reply reply;
	const char *equals = strchr(word, '=');
	size_t key_bytes = equals ? (size_t)(equals - word) : strlen(word);
	int fds[CONTROL_FDS];

	if (write && !equals) {
		cli_error(word, "-w wants KEY=VALUE");
		return EXIT_USAGE;
	}
	if (strlen(word) + sizeof(CONTROL_SYSCTL_SET " ") > sizeof(request)) {
		cli_error("sysctl", "too long");
		return EXIT_USAGE;
	}
	memcpy(key, word, key_bytes);
	key[key_bytes] = '\0';
	sprintf(request, "%s %s", equals ? CONTROL_SYSCTL_SET : CONTROL_SYSCTL_GET, word);
	if (control_ask(sock, key, request, &reply, NULL, fds))
		return EXIT_FAILED;
	if (!comma) {
		printf("%s = %s\n", key, equals ? equals + 1 : reply.text);
		return EXIT_GOOD;
	}
	fputs(comma, stdout);
	cli_json_string(key);
	putchar(':');
	cli_json_string(equals ? equals + 1 : reply.text);
	return EXIT_GOOD;
}

int cmd_sysctl(int argc, char **argv)
{
	struct words w = { .json = false };
	const char *name = argc ? argv[0] : "", *comma = NULL;
	int sock, ret = EXIT_GOOD;

	if (name_and_options("sysctl", sysctl_table, &w, &argc, &argv))
		return EXIT_USAGE;
	if (!argc != w.all || (w.all && w.write)) {
		cli_error("sysctl", "want -a, or at least one KEY or KEY=VALUE");
		return EXIT_USAGE;
	}
	if (w.all)
		return sysctl_all(name, w.json);
	sock = control_connect(name);
	if (sock < 0)
		return EXIT_FAILED;
	for (int i = 0; i < argc && !ret; i++) {
		comma = !w.json ? NULL : i ? "," : "{";
		ret = sysctl_one(sock, argv[i], w.write, comma);
	}
	if (w.json && !ret)
		puts("}");
	close(sock);
	return ret;
}

/* ---- drops */

struct drop_line {
	const char *reason, *count, *where, *sentence;
};

/* The next line of @text, cut into its fields.  Return: false at the end */
static bool next_drop(char **text, struct drop_line *d)
{
	char *line = strsep(text, "\n");

	if (!line || !*line)
		return false;
	d->reason = strsep(&line, "\t");
	d->count = strsep(&line, "\t");
	d->where = strsep(&line, "\t");
	d->sentence = line ? line : "";
	return d->count && d->where;
}

static void print_drops(char *text, bool json)
{
	struct drop_line d;
	const char *comma = "";

	if (json)
		putchar('[');
	while (next_drop(&text, &d)) {
		if (!json) {
			printf("%-10s %-28s %-28s %s\n", d.count, d.reason, d.where, d.sentence);
			continue;
		}
		printf("%s{\"reason\":\"%s\",\"count\":%s,\"where\":\"%s\",\"sentence\":", comma, d.reason, d.count,
		       d.where);
		cli_json_string(d.sentence);
		putchar('}');
		comma = ",";
	}
	if (json)
		puts("]");
}

/* Lines that are new, or whose count is another one. */
static void print_news(const char *before, char *text, bool json)
{
	char *line;

	while ((line = strsep(&text, "\n")) && *line) {
		size_t len = strlen(line);
		const char *old = strstr(before, line);

		while (old && ((old != before && old[-1] != '\n') || old[len] != '\n'))
			old = strstr(old + 1, line);
		if (!old)
			print_drops(line, json);
	}
	fflush(stdout);
}

static int follow(const char *name, char *before, bool json)
{
	const struct timespec pause = { 0, FOLLOW_NS };
	char *text, *copy;

	for (;;) {
		nanosleep(&pause, NULL);
		text = control_fetch(name, CONTROL_DROPS);
		copy = text ? strdup(text) : NULL;
		if (!copy) {
			free(text);
			free(before);
			return EXIT_FAILED;
		}
		print_news(before, text, json);
		free(text);
		free(before);
		before = copy;
	}
}

int cmd_drops(int argc, char **argv)
{
	struct words w = { .json = false };
	const char *name = argc ? argv[0] : "";
	char *text, *copy;

	if (name_and_options("drops", drops_table, &w, &argc, &argv) || nothing_more(argc, argv))
		return EXIT_USAGE;
	text = control_fetch(name, CONTROL_DROPS);
	copy = text ? strdup(text) : NULL;
	if (!copy) {
		free(text);
		return EXIT_FAILED;
	}
	print_drops(text, w.json);
	free(text);
	fflush(stdout);
	if (w.follow)
		return follow(name, copy, w.json);
	free(copy);
	return EXIT_GOOD;
}
