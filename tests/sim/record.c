// SPDX-License-Identifier: BSD-2-Clause
/* Each host of random worlds is recorded, and replayed alone: does it do the same?
 *
 *	swarm_record [--from N] [--seeds N] [--jobs N]
 *
 * A world's faults reach a host as frames, calls and failed allocations, all of which are in its recording.  So a host
 * without its world must come to the same hash; where it does not, an input is not recorded, or something in the core
 * depends on more than its inputs.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nethood/record.h"
#include "swarm.h"

#define RECORD_BYTES (256U << 20) /* of memory that is touched only as it is written */

/** struct octets - a recording */
struct octets {
	u8 *data;
	size_t bytes, room;
};

static int keep(void *ctx, const void *data, size_t len_bytes)
{
	struct octets *o = ctx;

	while (o->bytes + len_bytes > o->room) {
		o->room = o->room ? 2 * o->room : 1U << 20;
		o->data = realloc(o->data, o->room);
		if (!o->data)
			abort();
	}
	memcpy(o->data + o->bytes, data, len_bytes);
	o->bytes += len_bytes;
	return 0;
}

/** struct sum - of one job */
struct sum {
	u64 worlds, nets, events, octets, differ;
};

/* Return: what the replay says; kind NETHOOD_SAME: the same hash */
static struct nethood_divergence again(struct nethood_net *net, struct sum *sum)
{
	const struct nethood_replay_config config = { .until_event = 0 };
	struct nethood_record_cursor cursor = { 0, 0 };
	struct nethood_replay_result result = { .events = 0 };
	struct nethood_record_file file;
	struct octets o = { NULL, 0, 0 };
	int err;

	do {
		err = nethood_record_write(net, &cursor, SIZE_MAX / 2, keep, &o);
	} while (err == 1);
	if (!err)
		err = nethood_record_parse(o.data, o.bytes, &file);
	if (!err)
		err = nethood_replay(&file, &config, &result);
	sum->events += result.events;
	sum->octets += o.bytes;
	free(o.data);
	if ((err || !result.complete) && !result.divergence.kind)
		result.divergence =
			(struct nethood_divergence){ .kind = NETHOOD_OTHER_ORDER, .call = "(no replay)", .live = err };
	return result.divergence;
}

static void net_ends(void *ctx, const struct sim_host *host)
{
	struct sum *sum = ctx;
	struct nethood_divergence d = again(host->net, sum);

	sum->nets++;
	if (!d.kind)
		return;
	sum->differ++;
	printf("%s: differs (%d) at event %" PRIu64 ", %s %c%" PRIu64 ": live %" PRId64 ", replay %" PRId64
	       ", next %s\n",
	       host->name, (int)d.kind, d.event, d.call, d.object ? d.object : '-', d.object_id, d.live, d.replayed,
	       d.next ? d.next : "");
}

static void run_job(u64 from, u64 to, u64 step, int fd)
{
	struct sum sum = { 0 };
	const struct sim_watch watch = { .ctx = &sum, .record_bytes = RECORD_BYTES, .net_ends = net_ends };

	for (u64 seed = from; seed < to; seed += step) {
		u64 before = sum.differ;
		struct swarm_result result;
		struct choices c;

		choices_seed(&c, seed, true);
		(void)swarm_run(&c, &watch, &result);
		choices_end(&c);
		sum.worlds++;
		if (sum.differ != before)
			printf("seed %" PRIu64 " (%s)\n", seed, result.features);
	}
	(void)fflush(stdout);
	_exit(write(fd, &sum, sizeof(sum)) == sizeof(sum) ? 0 : 1);
}

static int run(u64 from, u64 seeds, u64 jobs)
{
	struct sum total = { 0 }, one;
	int fds[2], status, lost = 0;

	if (pipe(fds))
		return 2;
	for (u64 job = 0; job < jobs; job++) {
		pid_t pid = fork();

		if (!pid)
			run_job(from + job, from + seeds, jobs, fds[1]);
		lost += pid < 0;
	}
	while (wait(&status) > 0)
		lost += !WIFEXITED(status) || WEXITSTATUS(status);
	(void)close(fds[1]);
	while (read(fds[0], &one, sizeof(one)) == sizeof(one)) {
		total.worlds += one.worlds;
		total.nets += one.nets;
		total.events += one.events;
		total.octets += one.octets;
		total.differ += one.differ;
	}
	printf("%" PRIu64 " worlds, %" PRIu64 " nets replayed alone, %" PRIu64 " events, %" PRIu64 " octets; %" PRIu64
	       " differ, %d jobs lost\n",
	       total.worlds, total.nets, total.events, total.octets, total.differ, lost);
	return total.differ || lost || total.worlds != seeds;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = { { "from", required_argument, NULL, 'f' },
					       { "seeds", required_argument, NULL, 's' },
					       { "jobs", required_argument, NULL, 'j' },
					       { NULL, 0, NULL, 0 } };
	u64 from = 1, seeds = 20, jobs = 2;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		u64 *to = c == 'f' ? &from : c == 's' ? &seeds : c == 'j' ? &jobs : NULL;

		if (!to)
			return 2;
		*to = strtoull(optarg, NULL, 10);
	}
	return jobs ? run(from, seeds, jobs) : 2;
}
