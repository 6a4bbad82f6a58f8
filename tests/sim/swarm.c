// SPDX-License-Identifier: BSD-2-Clause
/* Many random worlds, and what to do with one that breaks.
 *
 *	swarm [--from N] [--seeds N] [--jobs N] [--shrink RUNS] [--stop] [--out DIR] [-v]
 *	swarm --tape FILE [-v]
 *
 * A world that breaks is written down as the tape of its choices, made shorter as long as it still breaks in the same
 * words, together with the last events of that tape as text, and its frames as pcapng.  They lie in DIR (nethood-swarm),
 * which is made when a world breaks.  --stop: at the first one.  Jobs are processes: one that dies is a finding, and
 * another takes its place.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "one.h"
#include "wirecap.h"

struct options {
	u64 from, seeds;
	u32 jobs;
	u32 shrink; /**< runs, at most */
	const char *out, *tape;
	bool verbose, stop;
};

/* ------------------------------------------------------------------ a world, told */

#define STORY_LINES 1000U
#define STORY_LINE_BYTES 256U

/** struct story - the last lines of what happened, and all frames */
struct story {
	struct wirecap *cap; /**< NULL: nobody wants the frames */
	u64 count;
	char line[STORY_LINES][STORY_LINE_BYTES];
};

static void tell(struct story *s, const char *fmt, ...) __printf(2, 3);
static void tell(struct story *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(s->line[s->count++ % STORY_LINES], STORY_LINE_BYTES, fmt, args);
	va_end(args);
}

/* A world may die at any moment: what was told is in the file by then. */
static void story_capture(struct story *s, const struct sim_segment *seg, const struct sim_port *port,
			  const struct sim_frame *f, const char *what)
{
	if (!s->cap)
		return;
	wirecap_frame(s->cap, seg, port, f, what);
	wirecap_flush(s->cap);
}

static void tell_frame(void *ctx, const struct sim_segment *seg, const struct sim_port *port, const struct sim_frame *f,
		       const char *what)
{
	char octets[128];
	int at = 0;

	for (u32 i = 0; i < f->len_bytes && i < 42; i++)
		at += snprintf(octets + at, sizeof(octets) - (size_t)at, "%s%02x", i % 2 ? "" : " ", f->data[i]);
	tell(ctx, "%14.9f lan%u frame %" PRIu64 " %s %s%s%s:%s, %u octets", (double)seg->world->now_ns / 1e9, seg->id,
	     f->id, what, port ? (strcmp(what, "arrives") ? "from " : "at ") : "", port ? port->host->name : "",
	     f->damaged ? " (damaged)" : "", octets, f->len_bytes);
	story_capture(ctx, seg, port, f, what);
}

static void tell_log(void *ctx, const struct sim_host *host, const char *line)
{
	tell(ctx, "%14.9f %s: %s", (double)host->world->now_ns / 1e9, host->name, line);
}

static void tell_drop(void *ctx, const struct sim_host *host, const struct nethood_hop *hop)
{
	tell(ctx, "%14.9f %s: packet %" PRIu64 " is dropped: %s, in %s (%s:%d)", (double)host->world->now_ns / 1e9,
	     host->name, hop->packet_id, hop->drop_reason, hop->func, hop->file, hop->line);
	if (((struct story *)ctx)->cap)
		wirecap_drop(((struct story *)ctx)->cap, host, hop);
}

static void tell_end(void *ctx)
{
	wirecap_destroy(((struct story *)ctx)->cap);
}

static void tell_neigh(void *ctx, const struct sim_host *host, const struct nethood_neigh_event *ev)
{
	double at_s = (double)host->world->now_ns / 1e9;

	if (ev->kind == NETHOOD_NEIGH_PARMS)
		tell(ctx, "%14.9f %s: %s of %s", at_s, host->name, nethood_neigh_event_name(ev->kind),
		     ev->dev[0] ? ev->dev : "new devices");
	else
		tell(ctx, "%14.9f %s: %s %u.%u.%u.%u at %s, state %#x, %u probes, to be %#x, flags %#x, %d", at_s,
		     host->name, nethood_neigh_event_name(ev->kind), ev->key[0], ev->key[1], ev->key[2], ev->key[3],
		     ev->dev, ev->nud_state, ev->probes, ev->new_state, ev->update_flags, ev->err);
}

static void story_print(const struct story *s, FILE *out)
{
	u64 first = s->count > STORY_LINES ? s->count - STORY_LINES : 0;

	if (first)
		fprintf(out, "(%" PRIu64 " lines before these)\n", first);
	for (u64 i = first; i < s->count; i++)
		fprintf(out, "%s\n", s->line[i % STORY_LINES]);
}

static bool write_octets(void *ctx, const void *data, size_t len_bytes)
{
	return fwrite(data, 1, len_bytes, ctx) == len_bytes && fflush(ctx) == 0;
}

static struct wirecap *capture_to(FILE *file)
{
	struct wirecap *cap = wirecap_create(write_octets, file);
	char name[16];

	for (u32 i = 0; cap && i < SWARM_LANS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "lan%u", i);
		wirecap_interface(cap, name);
	}
	return cap;
}

/** story_of() - a tape once more, told to @out, its frames to @frames (may be NULL); also when the world dies of it */
static void story_of(struct one *o, const struct tape *t, struct swarm_result *result, FILE *out, FILE *frames)
{
	struct story *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct sim_watch watch = {
		.ctx = s, .frame = tell_frame, .log = tell_log, .drop = tell_drop, .neigh = tell_neigh, .end = tell_end
	};

	if (s == MAP_FAILED)
		abort();
	s->cap = frames ? capture_to(frames) : NULL;
	(void)one_run_tape(o, t->choice, t->count, out ? &watch : NULL, result);
	if (out)
		story_print(s, out);
	free(s->cap); /* the world's process has written it */
	(void)munmap(s, sizeof(*s));
}

/* ------------------------------------------------------------------ tapes in files */

static void tape_write(FILE *f, const struct tape *t, const char *broken)
{
	fprintf(f, "# %s\n# stream and value of each choice\n", broken);
	for (u32 i = 0; i < t->count; i++)
		fprintf(f, "%" PRIu32 " %" PRIu32 "\n", t->choice[i].stream, t->choice[i].value);
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
		fprintf(stderr, "swarm: %s:%" PRIu32 ": neither a choice (stream and value) nor a comment (#)\n", path,
			line);
	return line ? -EINVAL : 0;
}

/* ------------------------------------------------------------------ a world that breaks */

/** struct suspect - how to ask whether a shorter tape breaks alike */
struct suspect {
	struct one *one;
	char broken[256];
};

static bool still_breaks(void *ctx, const struct choice *choice, u32 count)
{
	const struct suspect *s = ctx;
	struct swarm_result result;

	(void)one_run_tape(s->one, choice, count, NULL, &result);
	return tape_same_words(result.broken, s->broken);
}

static FILE *open_file(const struct options *o, u64 seed, const char *kind)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/seed-%" PRIu64 ".%s", o->out, seed, kind);
	return fopen(path, "w");
}

/** keep_files() - DIR/seed-N.tape, .txt: its last events, .pcapng: its frames.  Return: 0, -errno */
static int keep_files(const struct options *o, u64 seed, struct one *one, const struct tape *t,
		      struct swarm_result *result)
{
	FILE *tape, *text, *frames;
	int err = 0;

	if (mkdir(o->out, 0777) && errno != EEXIST)
		return -errno;
	tape = open_file(o, seed, "tape");
	text = open_file(o, seed, "txt");
	frames = open_file(o, seed, "pcapng");
	if (!tape || !text || !frames) {
		err = -errno;
	} else {
		story_of(one, t, result, text, frames);
		fprintf(text, "%s\n%s\n", result->features, result->broken);
		tape_write(tape, t, result->broken);
	}
	err = tape && fclose(tape) && !err ? -errno : err;
	err = text && fclose(text) && !err ? -errno : err;
	return frames && fclose(frames) && !err ? -errno : err;
}

static void keep_failure(const struct options *o, u64 seed)
{
	struct suspect s = { .one = one_create() };
	struct tape_shrink how = { .breaks = still_breaks, .ctx = &s, .runs_max = o->shrink };
	struct swarm_result result;
	struct tape t;
	u32 before;
	int err;

	if (one_run_seed(s.one, seed, &result, &t)) {
		printf("seed %" PRIu64 ": breaks among others, and not alone\n", seed);
	} else {
		printf("seed %" PRIu64 ": %s (%s)\n", seed, result.broken, result.features);
		(void)fflush(stdout);
		memcpy(s.broken, result.broken, sizeof(s.broken));
		before = t.count;
		tape_shrink(&t, &how);
		err = keep_files(o, seed, s.one, &t, &result);
		printf("seed %" PRIu64 ": %u choices, shrunk to %u in %u runs", seed, before, t.count, how.runs);
		if (err)
			printf("; %s: %s\n", o->out, strerror(-err));
		else
			printf(": %s/seed-%" PRIu64 ".tape\n", o->out, seed);
	}
	(void)fflush(stdout);
	tape_end(&t);
	one_destroy(s.one);
}

/** print_result() - Return: exit status */
static int print_result(const struct swarm_result *result)
{
	printf("%s\n%" PRIu64 " events, trace %016" PRIx64 ": %s\n", result->features, result->event_count,
	       result->trace_hash, result->broken[0] ? result->broken : "all held");
	return result->broken[0] != 0;
}

static int run_tape(const struct options *o)
{
	struct one *one = one_create();
	struct swarm_result result;
	struct tape t;
	int err = tape_read(o->tape, &t);

	if (err) {
		fprintf(stderr, "swarm: %s: %s\n", o->tape, strerror(-err));
		return 2;
	}
	story_of(one, &t, &result, o->verbose ? stdout : NULL, NULL);
	tape_end(&t);
	one_destroy(one);
	return print_result(&result);
}

/* ------------------------------------------------------------------ seeds */

/** struct sum - what a job has to say */
struct sum {
	u64 worlds, broken, events, frames, datagrams, delivered, streams, whole, octets, virtual_s;
	u64 hash; /**< of all traces: of these seeds */
};

/** struct job - a process, and what it has done so far: shared with it */
struct job {
	pid_t pid;
	u64 seed; /**< that runs now */
	struct sum sum;
};

static void add_result(struct sum *sum, u64 seed, const struct swarm_result *result)
{
	sum->worlds++;
	sum->events += result->event_count;
	sum->frames += result->frame_count;
	sum->datagrams += result->datagram_count;
	sum->delivered += result->delivered_count;
	sum->streams += result->stream_count;
	sum->whole += result->whole_count;
	sum->octets += result->octet_count;
	sum->virtual_s += result->virtual_ns / SIM_NSEC_PER_SEC;
	sum->hash += result->trace_hash * (2 * seed + 1);
	sum->broken += result->broken[0] != 0;
}

static void run_job(const struct options *o, struct job *job)
{
	struct swarm_result result;
	struct choices c;

	for (; job->seed < o->from + o->seeds; job->seed += o->jobs) {
		choices_seed(&c, job->seed, false);
		(void)swarm_run(&c, NULL, &result);
		choices_end(&c);
		add_result(&job->sum, job->seed, &result);
		if (!result.broken[0])
			continue;
		keep_failure(o, job->seed);
		if (o->stop)
			break;
	}
	(void)fflush(stdout);
}

static void start_job(const struct options *o, struct job *job)
{
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (!pid) {
		run_job(o, job);
		_exit(0);
	}
	if (pid < 0) {
		perror("swarm: fork");
		exit(2);
	}
	job->pid = pid; /* only here: the child shares it */
}

static struct job *job_of(struct job *jobs, u32 count, pid_t pid)
{
	for (u32 i = 0; i < count; i++) {
		if (jobs[i].pid == pid)
			return &jobs[i];
	}
	return NULL;
}

/** bury_job() - its world has killed it: that world is looked at, and another process goes on behind it */
static void bury_job(const struct options *o, struct job *job)
{
	job->sum.worlds++;
	job->sum.broken++;
	keep_failure(o, job->seed);
	job->seed += o->jobs;
	if (!o->stop)
		start_job(o, job);
}

/* With --stop the others are not waited for. */
static void watch_jobs(const struct options *o, struct job *jobs)
{
	int status;
	pid_t pid;

	while ((pid = wait(&status)) > 0) {
		struct job *job = job_of(jobs, o->jobs, pid);

		job->pid = 0;
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			bury_job(o, job);
		for (u32 i = 0; i < o->jobs && o->stop && job->sum.broken; i++) {
			if (jobs[i].pid)
				(void)kill(jobs[i].pid, SIGKILL);
		}
		if (o->stop && job->sum.broken)
			break;
	}
}

static int run_seeds(const struct options *o)
{
	struct job *jobs =
		mmap(NULL, o->jobs * sizeof(*jobs), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct timespec begin, end;
	struct sum total = { 0 };
	double s;

	if (jobs == MAP_FAILED)
		abort();
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	for (u32 i = 0; i < o->jobs; i++) {
		jobs[i].seed = o->from + i;
		start_job(o, &jobs[i]);
	}
	watch_jobs(o, jobs);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	for (u32 i = 0; i < o->jobs; i++) {
		for (size_t k = 0; k < sizeof(total) / sizeof(u64); k++)
			((u64 *)&total)[k] += ((const u64 *)&jobs[i].sum)[k];
	}
	(void)munmap(jobs, o->jobs * sizeof(*jobs));
	s = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	printf("%" PRIu64 " worlds, %" PRIu64 " broken; %" PRIu64 " events, %" PRIu64 " frames, %" PRIu64
	       " datagrams (%" PRIu64 " delivered), %" PRIu64 " streams (%" PRIu64 " whole, %" PRIu64
	       " octets), %" PRIu64 " virtual s in %.1f s: %.0f events/s; trace %016" PRIx64 "\n",
	       total.worlds, total.broken, total.events, total.frames, total.datagrams, total.delivered, total.streams,
	       total.whole, total.octets, total.virtual_s, s, (double)total.events / s, total.hash);
	return total.broken ? 1 : 0;
}

/** run_told() - one seed, all that happens in it */
static int run_told(const struct options *o)
{
	struct one *one = one_create();
	struct swarm_result result;
	struct tape t;

	(void)one_run_seed(one, o->from, &result, &t);
	story_of(one, &t, &result, stdout, NULL);
	tape_end(&t);
	one_destroy(one);
	return print_result(&result);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "from", required_argument, NULL, 'f' },   { "seeds", required_argument, NULL, 's' },
		{ "jobs", required_argument, NULL, 'j' },   { "out", required_argument, NULL, 'o' },
		{ "shrink", required_argument, NULL, 'r' }, { "tape", required_argument, NULL, 't' },
		{ "stop", no_argument, NULL, 'S' },         { NULL, 0, NULL, 0 }
	};
	struct options o = { .from = 1, .seeds = 100, .jobs = 2, .shrink = 2000, .out = "nethood-swarm" };
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
		case 'S':
			o.stop = true;
			break;
		case 'v':
			o.verbose = true;
			break;
		default:
			return 2;
		}
	}
	if (!o.jobs || optind < argc)
		return 2;
	return o.tape ? run_tape(&o) : o.verbose && o.seeds == 1 ? run_told(&o) : run_seeds(&o);
}
