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

/* ------------------------------------------------------------------ shrinking */

/** struct shrunk - the shortest tape so far that breaks as the first one did */
struct shrunk {
	u32 *tape;
	u32 count;
	char broken[256];
	u32 runs;
};

/* Numbers in a sentence are not what matters: two worlds that break in the same words break alike. */
static bool same_words(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a >= '0' && *a <= '9')
			a++;
		while (*b >= '0' && *b <= '9')
			b++;
		if (*a != *b)
			return false;
		if (!*a)
			return true;
	}
}

static bool still_breaks(struct shrunk *s, const u32 *tape, u32 count)
{
	struct swarm_result result;
	struct choices c;

	choices_tape(&c, tape, count);
	(void)swarm_run(&c, NULL, &result);
	choices_end(&c);
	s->runs++;
	return same_words(result.broken, s->broken);
}

static bool try_tape(struct shrunk *s, const u32 *tape, u32 count)
{
	if (!still_breaks(s, tape, count))
		return false;
	memmove(s->tape, tape, count * sizeof(*tape));
	s->count = count;
	return true;
}

static bool try_without(struct shrunk *s, u32 at, u32 n, u32 *scratch)
{
	memcpy(scratch, s->tape, at * sizeof(*scratch));
	memcpy(scratch + at, s->tape + at + n, (s->count - at - n) * sizeof(*scratch));
	return try_tape(s, scratch, s->count - n);
}

static bool try_zeros(struct shrunk *s, u32 at, u32 n, u32 *scratch)
{
	u32 changed = 0;

	memcpy(scratch, s->tape, s->count * sizeof(*scratch));
	for (u32 i = at; i < at + n; i++) {
		changed += scratch[i] != 0;
		scratch[i] = 0;
	}
	return changed && try_tape(s, scratch, s->count);
}

/* Delta debugging: cut the end off, take pieces out, put zeros in; ever smaller pieces. */
static void shrink(struct shrunk *s, u32 runs_max)
{
	u32 *scratch = malloc(s->count * sizeof(*scratch) + 1);

	for (u32 n = s->count / 2; n && s->runs < runs_max;) {
		bool better = false;

		while (s->count > n && s->runs < runs_max && try_tape(s, s->tape, s->count - n))
			better = true;
		for (u32 at = 0; at + n <= s->count && s->runs < runs_max;) {
			if (try_without(s, at, n, scratch))
				better = true;
			else
				at += n;
		}
		for (u32 at = 0; at + n <= s->count && s->runs < runs_max; at += n)
			better |= try_zeros(s, at, n, scratch);
		if (!better || n > s->count)
			n = n / 2 < s->count ? n / 2 : s->count / 2;
	}
	free(scratch);
}

/* ------------------------------------------------------------------ tapes in files */

static int tape_write(const char *path, const struct shrunk *s)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return -errno;
	fprintf(f, "# %s\n", s->broken);
	for (u32 i = 0; i < s->count; i++)
		fprintf(f, "%" PRIu32 "\n", s->tape[i]);
	return fclose(f) ? -errno : 0;
}

static u32 *tape_read(const char *path, u32 *count)
{
	FILE *f = fopen(path, "r");
	u32 *tape = NULL, room = 0;
	char line[512];

	*count = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (line[0] == '#')
			continue;
		if (*count == room) {
			room = room ? 2 * room : 1024;
			tape = realloc(tape, room * sizeof(*tape));
			if (!tape)
				abort();
		}
		tape[(*count)++] = (u32)strtoul(line, NULL, 10);
	}
	if (!f)
		fprintf(stderr, "swarm: %s: %s\n", path, strerror(errno));
	else
		(void)fclose(f);
	return f ? tape : NULL;
}

static int run_tape(const struct options *o)
{
	struct swarm_result result;
	struct choices c;
	u32 count;
	u32 *tape = tape_read(o->tape, &count);

	if (!tape && count)
		return 2;
	choices_tape(&c, tape, count);
	(void)swarm_run(&c, o->verbose ? &watch_all : NULL, &result);
	choices_end(&c);
	free(tape);
	printf("%" PRIu64 " events, trace %016" PRIx64 ": %s\n", result.event_count, result.trace_hash,
	       result.broken[0] ? result.broken : "all held");
	return result.broken[0] != 0;
}

/* ------------------------------------------------------------------ seeds */

/* Runs in a process of its own, so that a crash is a finding as well. */
static void keep_failure(const struct options *o, u64 seed, const struct choices *c, const struct swarm_result *result)
{
	struct shrunk s = { .count = c->count };
	char path[512];

	printf("seed %" PRIu64 ": %s (%s)\n", seed, result->broken, result->features);
	s.tape = malloc(c->count * sizeof(*s.tape) + 1);
	memcpy(s.tape, c->tape, c->count * sizeof(*s.tape));
	memcpy(s.broken, result->broken, sizeof(s.broken));
	(void)fflush(stdout);
	shrink(&s, o->shrink);
	(void)snprintf(path, sizeof(path), "%s/seed-%" PRIu64 ".tape", o->out, seed);
	if (tape_write(path, &s))
		fprintf(stderr, "swarm: %s: %s\n", path, strerror(errno));
	else
		printf("seed %" PRIu64 ": %u choices, shrunk to %u in %u runs: %s\n", seed, c->count, s.count, s.runs,
		       path);
	free(s.tape);
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
