// SPDX-License-Identifier: BSD-2-Clause
/* nethood replay: a recording, done again in virtual time in this process.
 *
 * Reading order: cmd_replay(), replay(), report().
 */
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

#include "capture.h"
#include "cli.h"
#include "commands.h"
#include "record_text.h"
#include "version.h"

#define FILE_MAX_BYTES (1ULL << 34)

struct replay {
	const char *path;
	bool verbose, json, list, gdb;
	const char *pcap;
	uint64_t until, at;
	struct nethood_record_file file;
	struct capture *capture;
	struct record_text text;
};

/* ------------------------------------------------------------------ the file */

static int refused(const struct replay *r, int err)
{
	const struct nethood_record_file *f = &r->file;

	cli_errorf(r->path, "%s, at octet %" PRIu64 "%s", f->error, f->error_offset,
		   err == -EPROTO ? "; this is nethood " NETHOOD_VERSION : "");
	return err;
}

static int load(struct replay *r, void **out)
{
	int fd = open(r->path, O_RDONLY | O_CLOEXEC), err = 0;
	struct stat st = { .st_size = 0 };
	size_t done = 0, size;
	char *data = NULL;

	if (fd < 0 || fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > FILE_MAX_BYTES)
		err = -EFBIG;
	size = err ? 0 : (size_t)st.st_size;
	if (!err && !(data = malloc(size + 1)))
		err = -ENOMEM;
	while (!err && done < size) {
		ssize_t n = read(fd, data + done, size - done);

		if (n < 0 && errno != EINTR)
			err = -errno;
		if (!n)
			size = done;
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
	if (err) {
		cli_error(r->path, strerror(-err));
		free(data);
		return err;
	}
	*out = data;
	err = nethood_record_parse(data, size, &r->file);
	return err ? refused(r, err) : 0;
}

/* ------------------------------------------------------------------ what is seen on the way */

/* A place for a breakpoint: event --at is made next. */
__attribute__((noinline, used)) void replay_here(uint64_t event);
void replay_here(uint64_t event)
{
	__asm__ volatile("" : : "r"(event) : "memory");
}

static void on_event(void *ctx, const struct nethood_record_event *e)
{
	struct replay *r = ctx;

	if (r->verbose)
		record_text_event(&r->text, e);
	if (r->at && e->number == r->at && e->is_event)
		replay_here(e->number);
}

static const char *below_src(const char *file)
{
	const char *at = strstr(file, "src/");

	return at ? at + 4 : file;
}

static void on_hop(void *ctx, const struct nethood_hop *h)
{
	struct replay *r = ctx;
	char step[8] = "rx";

	record_text_end(&r->text);
	if (h->step)
		snprintf(step, sizeof(step), "S%u", h->step % 100U);
	printf("%8s %14.6f      packet %" PRIu64 " %-3s %s %s:%d%s%s %u octets%s%s\n", "",
	       (double)(h->now_ns - r->text.begin_ns) / 1e9, h->packet_id, step, h->func, below_src(h->file), h->line,
	       h->dev ? " " : "", h->dev ? h->dev : "", h->len_bytes, h->drop_reason ? " dropped: " : "",
	       h->drop_reason ? h->drop_reason : "");
}

static void on_log(void *ctx, const char *line)
{
	record_text_end(&((struct replay *)ctx)->text);
	printf("%8s %14s      log: %s\n", "", "", line);
}

static void on_frame(void *ctx, const char *dev, bool out, uint64_t now_ns, const struct iovec *frame, int pieces)
{
	struct replay *r = ctx;

	if (r->capture)
		capture_frame(r->capture, dev, out, now_ns, frame, pieces);
	if (!r->verbose)
		return;
	record_text_end(&r->text);
	printf("%8s %14.6f      %s %s ", "", (double)(now_ns - r->text.begin_ns) / 1e9, dev,
	       out ? "sends" : "receives");
	record_text_frame(stdout, frame->iov_base, frame->iov_len);
	putchar('\n');
}

/* ------------------------------------------------------------------ what comes of it */

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static const char *const kinds[] = { "same", "result", "trace", "order", "end" };

static void say_divergence(const struct nethood_divergence *d)
{
	char object[32] = "", live[32], again[32];

	if (d->object)
		snprintf(object, sizeof(object), " on %s %" PRIu64, d->object == 's' ? "socket" : "device",
			 d->object_id);
	printf("differs at event %" PRIu64 ", %s%s: ", d->event, d->call && *d->call ? d->call : "the beginning",
	       object);
	switch (d->kind) {
	case NETHOOD_OTHER_RESULT:
		printf("live %s, replay %s\n", record_text_error(d->live, live), record_text_error(d->replayed, again));
		break;
	case NETHOOD_OTHER_TRACE:
		printf("the same result, but not the same frames, answers or news\n");
		break;
	case NETHOOD_OTHER_END:
		printf("trace %016" PRIx64 " live, %016" PRIx64 " in the replay\n", (uint64_t)d->live,
		       (uint64_t)d->replayed);
		break;
	default:
		printf("the net asks for something else than the recording has next, which is \"%s\"\n", d->next);
	}
}

static void report_json(const struct replay *r, const struct nethood_replay_result *res, double took_s)
{
	const struct nethood_record_file *f = &r->file;
	const struct nethood_divergence *d = &res->divergence;

	printf("{\"file\":");
	cli_json_string(r->path);
	printf(",\"hostname\":");
	cli_json_string(f->hostname);
	printf(",\"version\":");
	cli_json_string(f->version);
	printf(",\"begin_lost\":%s,\"octets\":%zu,\"recorded_events\":%" PRIu64 ",\"recorded_outputs\":%" PRIu64
	       ",\"recorded_hash\":\"%016" PRIx64 "\",\"recorded_s\":%.6f",
	       f->begin_lost ? "true" : "false", f->records_bytes, f->events - f->first_event, f->outputs,
	       f->trace_hash, seconds(f->last_time_ns - f->first_time_ns));
	if (!f->begin_lost)
		printf(",\"events\":%" PRIu64 ",\"outputs\":%" PRIu64 ",\"hash\":\"%016" PRIx64
		       "\",\"complete\":%s,\"same\":%s,\"took_s\":%.6f",
		       res->events, res->outputs, res->trace_hash, res->complete ? "true" : "false",
		       d->kind ? "false" : "true", took_s);
	if (d->kind) {
		printf(",\"divergence\":{\"kind\":\"%s\",\"event\":%" PRIu64 ",\"call\":", kinds[d->kind], d->event);
		cli_json_string(d->call ? d->call : "");
		printf(",\"object\":\"%.1s\",\"id\":%" PRIu64 ",\"live\":%" PRId64 ",\"replay\":%" PRId64 "}",
		       &d->object, d->object_id, d->live, d->replayed);
	}
	puts("}");
}

static void report(const struct replay *r, const struct nethood_replay_result *res, double took_s)
{
	double recorded_s = seconds(res->last_ns - res->first_ns);

	printf("%s: %" PRIu64 " events, %" PRIu64 " outputs, %.3f s recorded, replayed in %.3f s", r->file.hostname,
	       res->events, res->outputs, recorded_s, took_s);
	if (took_s > 0)
		printf(" (%.0f times as fast)", recorded_s / took_s);
	printf(": ");
	if (res->divergence.kind)
		say_divergence(&res->divergence);
	else if (res->complete)
		printf("the same, trace %016" PRIx64 "\n", res->trace_hash);
	else
		printf("the same as far as it went, trace %016" PRIx64 "\n", res->trace_hash);
}

/* ------------------------------------------------------------------ a recording without its beginning */

static int list_event(void *ctx, const struct nethood_record_event *e)
{
	record_text_event(&((struct replay *)ctx)->text, e);
	return 0;
}

/* Frames that came in are in the recording itself; those that went out are not, without a replay. */
static int list_frame(void *ctx, const struct nethood_record_event *e)
{
	struct replay *r = ctx;
	size_t bytes = 0;
	const uint8_t *frame = record_input_frame(e, &bytes);
	struct iovec iov;
	char dev[32];

	if (!strcmp(e->name, "dev_receive")) {
		frame = e->octets[1];
		bytes = (size_t)e->value[1];
	}
	if (!frame)
		return 0;
	iov = (struct iovec){ (void *)(uintptr_t)frame, bytes };
	snprintf(dev, sizeof(dev), "if%" PRIu64, e->value[0]);
	capture_frame(r->capture, dev, false, e->time_ns, &iov, 1);
	return 0;
}

static int list(struct replay *r)
{
	nethood_record_each(&r->file, list_event, r);
	record_text_end(&r->text);
	return EXIT_GOOD;
}

static int no_beginning(struct replay *r)
{
	struct nethood_replay_result none = { .events = 0 };

	if (r->json)
		report_json(r, &none, 0);
	else if (!r->list)
		list(r);
	if (r->capture)
		nethood_record_each(&r->file, list_frame, r);
	cli_errorf(
		r->path,
		"its beginning is gone (%" PRIu64 " octets; the ring had %" PRIu64
		"): no replay can be exact, so these are only its events; nethood up --record-mib N makes the ring larger",
		r->file.lost_bytes, r->file.ring_bytes);
	return EXIT_FAILED;
}

/* ------------------------------------------------------------------ the command */

static double clock_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int replay(struct replay *r)
{
	struct nethood_replay_config cfg = {
		.until_event = r->until,
		.event = r->verbose || r->at ? on_event : NULL,
		.hop = r->verbose ? on_hop : NULL,
		.frame = r->verbose || r->capture ? on_frame : NULL,
		.log = r->verbose ? on_log : NULL,
		.ctx = r,
	};
	struct nethood_replay_result res;
	double begin = clock_s(), took;
	int err;

	if (strcmp(r->file.version, NETHOOD_VERSION) != 0)
		cli_errorf(r->path, "was recorded by nethood %s, this is %s: it may do other things", r->file.version,
			   NETHOOD_VERSION);
	err = nethood_replay(&r->file, &cfg, &res);
	took = clock_s() - begin;
	record_text_end(&r->text);
	if (err) {
		cli_error(r->path, err == -EINVAL ? "it holds calls that no net was ever given" : strerror(-err));
		return EXIT_FAILED;
	}
	if (r->json)
		report_json(r, &res, took);
	else
		report(r, &res, took);
	return res.divergence.kind ? EXIT_FAILED : EXIT_GOOD;
}

static int run_gdb(const struct replay *r)
{
	char until[64], exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	exe[n > 0 ? n : 0] = '\0';
	snprintf(until, sizeof(until), "--at=%" PRIu64, r->at ? r->at : 1);
	execlp("gdb", "gdb", "-q", "-ex", "set breakpoint pending on", "-ex", "break replay_here", "-ex", "run",
	       "--args", exe, "replay", until, r->path, (char *)NULL);
	cli_error("gdb", strerror(errno));
	return EXIT_FAILED;
}

static int set_flag(void *ctx, const char *value)
{
	(void)value;
	*(bool *)ctx = true;
	return 0;
}

static int set_number(uint64_t *out, const char *option, const char *value)
{
	char *end;

	errno = 0;
	*out = strtoull(value, &end, 10);
	if (!*value || *end || errno || !*out || *value == '-') {
		cli_errorf(option, "'%s': want the number of an event, from 1 on", value);
		return EXIT_USAGE;
	}
	return 0;
}

static int set_verbose(void *ctx, const char *value)
{
	return set_flag(&((struct replay *)ctx)->verbose, value);
}

static int set_json(void *ctx, const char *value)
{
	return set_flag(&((struct replay *)ctx)->json, value);
}

static int set_list(void *ctx, const char *value)
{
	return set_flag(&((struct replay *)ctx)->list, value);
}

static int set_gdb(void *ctx, const char *value)
{
	return set_flag(&((struct replay *)ctx)->gdb, value);
}

static int set_pcap(void *ctx, const char *value)
{
	((struct replay *)ctx)->pcap = value;
	return 0;
}

static int set_until(void *ctx, const char *value)
{
	return set_number(&((struct replay *)ctx)->until, "--until", value);
}

static int set_at(void *ctx, const char *value)
{
	return set_number(&((struct replay *)ctx)->at, "--at", value);
}

static const struct cli_option table[] = {
	{ "-v", CLI_ALONE, false, set_verbose },    { "-j", CLI_ALONE, false, set_json },
	{ "--events", CLI_ALONE, false, set_list }, { "--gdb", CLI_ALONE, false, set_gdb },
	{ "--pcap", CLI_VALUE, false, set_pcap },   { "--until", CLI_VALUE, false, set_until },
	{ "--at", CLI_VALUE, false, set_at },       { NULL, CLI_ALONE, false, NULL },
};

/* Options before and behind FILE. */
static int parse(struct replay *r, int argc, char **argv)
{
	int first, behind = 0, err = cli_parse(table, r, argc, argv, &first);

	if (err)
		return err;
	if (first >= argc) {
		cli_error("replay", "which FILE? nethood record makes one");
		return EXIT_USAGE;
	}
	r->path = argv[first++];
	err = cli_parse(table, r, argc - first, argv + first, &behind);
	if (!err && first + behind < argc) {
		cli_error(argv[first + behind], "one word too many");
		err = EXIT_USAGE;
	}
	return err;
}

static int run(struct replay *r)
{
	int status, err = 0;

	r->text = (struct record_text){ .out = stdout, .begin_ns = r->file.first_time_ns };
	if (r->pcap)
		err = capture_open(NULL, r->pcap, r->file.wall_ns ? r->file.wall_ns - r->file.now_ns : 0, &r->capture);
	if (err) {
		cli_error(r->pcap, strerror(-err));
		return EXIT_FAILED;
	}
	status = r->list ? list(r) : EXIT_GOOD;
	if (r->file.begin_lost && (!r->list || r->capture))
		status = no_beginning(r);
	else if (!r->file.begin_lost && (!r->list || r->capture || r->json))
		status = replay(r);
	capture_close(r->capture);
	return status;
}

int cmd_replay(int argc, char **argv)
{
	static struct replay r;
	void *data = NULL;
	int err = parse(&r, argc, argv);

	if (err)
		return err;
	if (r.gdb)
		return run_gdb(&r);
	err = load(&r, &data) ? EXIT_FAILED : run(&r);
	free(data);
	return err;
}
