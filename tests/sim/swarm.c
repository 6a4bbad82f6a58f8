// SPDX-License-Identifier: BSD-2-Clause
/* Many random worlds, and what to do with one that breaks.
 *
 *	swarm [--from N] [--seeds N] [--jobs N] [--shrink RUNS] [--out DIR] [-v]
 *	swarm --tape FILE [-v]
 *
 * A world that breaks is written down as the tape of its choices, made shorter as long as it still breaks in the same
 * words, and can be run again with every frame printed.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "swarm.h"
#include "tape.h"

struct options {
	u64 from, seeds;
	u32 jobs;
	u32 shrink; /**< runs, at most */
	const char *out, *tape;
	bool verbose;
};

/* ------------------------------------------------------------------ a world, told */

static void tell_frame(void *ctx, const struct sim_segment *seg, const struct sim_port *port, const struct sim_frame *f,
		       const char *what)
{
	(void)ctx;
	printf("%14.9f lan%u frame %" PRIu64 " %s %s%s%s:", (double)seg->world->now_ns / 1e9, seg->id, f->id, what,
	       port ? (strcmp(what, "arrives") ? "from " : "at ") : "", port ? port->host->name : "",
	       f->damaged ? " (damaged)" : "");
	for (u32 i = 0; i < f->len_bytes && i < 42; i++)
		printf("%s%02x", i % 2 || !i ? "" : " ", f->data[i]);
	printf(" %u\n", f->len_bytes);
}

static void tell_log(void *ctx, const struct sim_host *host, const char *line)
{
	(void)ctx;
	printf("%14.9f %s: %s\n", (double)host->world->now_ns / 1e9, host->name, line);
}

static const struct sim_watch watch_all = { .frame = tell_frame, .log = tell_log };

/* ------------------------------------------------------------------ tapes in files */

static int tape_write(const char *path, const struct tape *t, const char *broken)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return -errno;
	fprintf(f, "# %s\n", broken);
	for (u32 i = 0; i < t->count; i++)
		fprintf(f, "%" PRIu32 "\n", t->choice[i]);
	return fclose(f) ? -errno : 0;
}

static int tape_read(const char *path, struct tape *out)
{
	static char text[64U << 20];
	FILE *f = fopen(path, "r");
	size_t len;
	u32 line;

	if (!f)
		return -errno;
	len = fread(text, 1, sizeof(text), f);
	(void)fclose(f);
	line = tape_parse(text, len, out);
	if (line)
		fprintf(stderr, "swarm: %s:%" PRIu32 ": not a number\n", path, line);
	return line ? -EINVAL : 0;
}

/* ------------------------------------------------------------------ one world */

static void run_choices(const struct tape *t, const struct sim_watch *watch, struct swarm_result *result)
{
	struct choices c;

	choices_tape(&c, t->choice, t->count);
	(void)swarm_run(&c, watch, result);
	choices_end(&c);
}

static int run_tape(const struct options *o)
{
	struct swarm_result result;
	struct tape t;
	int err = tape_read(o->tape, &t);

	if (err) {
		fprintf(stderr, "swarm: %s: %s\n", o->tape, strerror(-err));
		return 2;
	}
	run_choices(&t, o->verbose ? &watch_all : NULL, &result);
	tape_end(&t);
	printf("%s\n%" PRIu64 " events, trace %016" PRIx64 ": %s\n", result.features, result.event_count,
	       result.trace_hash, result.broken[0] ? result.broken : "all held");
	return result.broken[0] != 0;
}

static bool still_breaks(void *ctx, const u32 *choice, u32 count)
{
	const struct tape t = { .choice = (u32 *)(uintptr_t)choice, .count = count };
	struct swarm_result result;

	run_choices(&t, NULL, &result);
	return tape_same_words(result.broken, ctx);
}

/* ------------------------------------------------------------------ seeds */

static void keep_failure(const struct options *o, u64 seed, const struct choices *c, struct swarm_result *result)
{
	struct tape_shrink how = { .breaks = still_breaks, .ctx = result->broken, .runs_max = o->shrink };
	struct tape t;
	char path[512];

	printf("seed %" PRIu64 ": %s (%s)\n", seed, result->broken, result->features);
	(void)fflush(stdout);
	tape_copy(&t, c->tape, c->count);
	tape_shrink(&t, &how);
	(void)snprintf(path, sizeof(path), "%s/seed-%" PRIu64 ".tape", o->out, seed);
	if (tape_write(path, &t, result->broken))
		fprintf(stderr, "swarm: %s: %s\n", path, strerror(errno));
	else
		printf("seed %" PRIu64 ": %u choices, shrunk to %u in %u runs: %s\n", seed, c->count, t.count, how.runs,
		       path);
	tape_end(&t);
}

/** struct sum - what a job has to say */
struct sum {
	u64 worlds, broken, events, frames, datagrams, delivered, virtual_s;
	u64 hash; /**< of all traces: of these seeds */
};

static void run_seed(const struct options *o, u64 seed, struct sum *sum)
{
	struct swarm_result result;
	struct choices c;

	choices_seed(&c, seed, true);
	(void)swarm_run(&c, o->verbose ? &watch_all : NULL, &result);
	sum->worlds++;
	sum->events += result.event_count;
	sum->frames += result.frame_count;
	sum->datagrams += result.datagram_count;
	sum->delivered += result.delivered_count;
	sum->virtual_s += result.virtual_ns / SIM_NSEC_PER_SEC;
	sum->hash += result.trace_hash * (2 * seed + 1);
	if (result.broken[0]) {
		sum->broken++;
		keep_failure(o, seed, &c, &result);
	}
	choices_end(&c);
}

static int run_job(const struct options *o, u32 job, int fd)
{
	struct sum sum = { 0 };

	for (u64 seed = o->from + job; seed < o->from + o->seeds; seed += o->jobs)
		run_seed(o, seed, &sum);
	(void)fflush(stdout);
	return write(fd, &sum, sizeof(sum)) == sizeof(sum) ? 0 : 1;
}

static u64 start_jobs(const struct options *o, int fd)
{
	u64 lost = 0;
	int status;

	(void)fflush(stdout);
	for (u32 job = 0; job < o->jobs; job++) {
		pid_t pid = fork();

		if (!pid)
			_exit(run_job(o, job, fd));
		lost += pid < 0;
	}
	while (wait(&status) > 0) {
		if (!WIFEXITED(status) || WEXITSTATUS(status)) {
			printf("a job died: status %#x\n", (unsigned)status);
			lost++;
		}
	}
	return lost;
}

static int run_seeds(const struct options *o)
{
	struct sum total = { 0 }, one;
	struct timespec begin, end;
	u64 lost;
	int fds[2];
	double s;

	if (pipe(fds))
		return 2;
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	lost = start_jobs(o, fds[1]);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	(void)close(fds[1]);
	while (read(fds[0], &one, sizeof(one)) == sizeof(one)) {
		u64 *to = (u64 *)&total;
		const u64 *from = (const u64 *)&one;

		for (size_t i = 0; i < sizeof(one) / sizeof(*to); i++)
			to[i] += from[i];
	}
	s = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	printf("%" PRIu64 " worlds, %" PRIu64 " broken, %" PRIu64 " jobs lost; %" PRIu64 " events, %" PRIu64
	       " frames, %" PRIu64 " datagrams (%" PRIu64 " delivered), %" PRIu64
	       " virtual s in %.1f s: %.0f events/s; "
	       "trace %016" PRIx64 "\n",
	       total.worlds, total.broken, lost, total.events, total.frames, total.datagrams, total.delivered,
	       total.virtual_s, s, (double)total.events / s, total.hash);
	return total.broken || lost ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = { { "from", required_argument, NULL, 'f' },
					       { "seeds", required_argument, NULL, 's' },
					       { "jobs", required_argument, NULL, 'j' },
					       { "out", required_argument, NULL, 'o' },
					       { "shrink", required_argument, NULL, 'r' },
					       { "tape", required_argument, NULL, 't' },
					       { NULL, 0, NULL, 0 } };
	struct options o = { .from = 1, .seeds = 100, .jobs = 2, .shrink = 300, .out = "." };
	int c;

	while ((c = getopt_long(argc, argv, "v", longs, NULL)) != -1) {
		switch (c) {
		case 'f':
			o.from = strtoull(optarg, NULL, 10);
			break;
		case 's':
			o.seeds = strtoull(optarg, NULL, 10);
			break;
		case 'j':
			o.jobs = (u32)strtoul(optarg, NULL, 10);
			break;
		case 'o':
			o.out = optarg;
			break;
		case 'r':
			o.shrink = (u32)strtoul(optarg, NULL, 10);
			break;
		case 't':
			o.tape = optarg;
			break;
		case 'v':
			o.verbose = true;
			break;
		default:
			return 2;
		}
	}
	return o.tape ? run_tape(&o) : run_seeds(&o);
}
