// SPDX-License-Identifier: BSD-2-Clause
/* Fuzz target: whatever nethood reads from files, command lines and /proc.
 *
 * The first octet says which reader gets the rest.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli.h"
#include "fuzz.h"
#include "nethood/record.h"
#include "netopt.h"
#include "scenario.h"

#undef ARRAY_SIZE
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define INPUT_MAX_BYTES 8192U
#define WORDS_MAX 64

/* ------------------------------------------------------------------ a capture file, played into a net */

static int open_memory(const u8 *data, size_t bytes, char path[static 32])
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes || lseek(fd, 0, SEEK_SET))
		fuzz_fail("no file in memory");
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static void read_pcap(struct input *in)
{
	char path[32];
	int fd = open_memory(in->at, in_left(in), path);
	const struct nethood_dev_config config = { .name = "file0", .driver = "pcap", .fd = -1, .arg = path };
	struct fuzz_net fn = { 0 };
	struct nethood_dev *dev;

	fuzz_net_create(&fn, NETHOOD_PROFILE_LINUX);
	if (nethood_dev_create(fn.net, &config, &dev) == 0) {
		(void)fuzz_link_up(&fn, nethood_dev_ifindex(dev), true);
		(void)fuzz_addr(&fn, nethood_dev_ifindex(dev), "10.0.0.2", 24);
		fuzz_pass(&fn, 3600 * FUZZ_SEC);
		fuzz_check(&fn);
	}
	fuzz_net_free(&fn);
	close(fd);
}

static char *copy_text(struct input *in)
{
	char *text = calloc(1, in_left(in) + 1);

	if (!text)
		abort();
	if (in_left(in))
		memcpy(text, in->at, in_left(in));
	return text;
}

/* ------------------------------------------------------------------ words of a command line */

static void read_options(struct input *in)
{
	static struct netopt o; /* it is large, and there is one at a time */
	char *text = copy_text(in), *save, *word, *argv[WORDS_MAX + 2];
	FILE *own = stderr, *nowhere = fopen("/dev/null", "w");
	int argc = 0, first;

	if (!nowhere)
		abort();
	argv[argc++] = text;
	for (word = strtok_r(text, "\n", &save); word && argc <= WORDS_MAX; word = strtok_r(NULL, "\n", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	netopt_init(&o);
	stderr = nowhere; /* what is said to the user is of no interest here, and costs time */
	if (cli_parse(netopt_table, &o, argc, argv, &first) == 0)
		(void)netopt_finish(&o);
	stderr = own;
	fclose(nowhere);
	free(text);
}

/* ------------------------------------------------------------------ sysctls, and files of /proc */

static int ignore_text(void *ctx, const char *text, size_t bytes)
{
	(void)ctx, (void)text, (void)bytes;
	return 0;
}

static int ignore_name(void *ctx, const char *name, uint32_t mode)
{
	(void)ctx, (void)name, (void)mode;
	return 0;
}

/* A line: a key or path, a space, what is written to it. */
static void write_line(struct fuzz_net *fn, char *line)
{
	char *value = strchr(line, ' '), got[256];
	uint32_t mode;

	if (value)
		*value++ = '\0';
	(void)nethood_proc_mode(fn->net, line, &mode);
	(void)nethood_proc_each(fn->net, line, ignore_name, NULL);
	(void)nethood_sysctl_get(fn->net, line, got, sizeof(got));
	(void)nethood_sysctl_get(fn->net, line, got, strlen(line) & 3);
	if (value) {
		(void)nethood_proc_write(fn->net, line, value, strlen(value));
		(void)nethood_sysctl_set(fn->net, line, value);
	}
	(void)nethood_proc_read(fn->net, line, ignore_text, NULL);
	fuzz_check(fn);
}

static void write_sysctls(struct input *in)
{
	char *text = copy_text(in), *save, *line;
	struct fuzz_net fn = { 0 };
	u32 lines = 0;

	fuzz_net_create(&fn, NETHOOD_PROFILE_LINUX);
	(void)fuzz_link_up(&fn, 2, true);
	(void)fuzz_addr(&fn, 2, "10.0.0.2", 24);
	for (line = strtok_r(text, "\n", &save); line && lines < 50; line = strtok_r(NULL, "\n", &save), lines++)
		write_line(&fn, line);
	fuzz_pass(&fn, 60 * FUZZ_SEC);
	fuzz_check(&fn);
	fuzz_net_free(&fn);
	free(text);
}

/* ------------------------------------------------------------------ scenarios of the simulator */

static void read_scenario(struct input *in)
{
	static const struct scenario_setting settings[] = { { "n", "3" }, { "time", "1 s" } };
	u32 count = in_below(in, 2) ? 2 : 0;
	struct scenario_error error;
	struct scenario *s;
	char title[64];

	if (scenario_parse((const char *)in->at, in_left(in), settings, count, &s, &error) == 0)
		scenario_free(s);
	scenario_title((const char *)in->at, in_left(in), title, sizeof(title));
}

/* ------------------------------------------------------------------ recordings */

static int ignore_event(void *ctx, const struct nethood_record_event *event)
{
	(void)ctx, (void)event;
	return 0;
}

/* It is checked, and listed; what it would do again is its recorder's word, and is not done here. */
static void read_recording(struct input *in)
{
	struct nethood_record_file file;
	size_t bytes = in_left(in);
	u8 *copy = malloc(bytes ? bytes : 1);

	if (!copy)
		abort();
	if (bytes)
		memcpy(copy, in->at, bytes);
	if (nethood_record_parse(copy, bytes, &file) == 0)
		(void)nethood_record_each(&file, ignore_event, NULL);
	free(copy);
}

static void (*const readers[])(struct input *in) = { read_pcap, read_options, write_sysctls, read_scenario,
						     read_recording };

int LLVMFuzzerTestOneInput(const u8 *data, size_t size_bytes)
{
	struct input in = { data, data + size_bytes };

	if (size_bytes > INPUT_MAX_BYTES)
		return -1;
	readers[in_below(&in, ARRAY_SIZE(readers))](&in);
	return 0;
}
