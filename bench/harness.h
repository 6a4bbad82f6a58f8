/* SPDX-License-Identifier: BSD-2-Clause */
/* What the micro benchmarks share: rows measured in turns with their limits, medians with minimum and maximum.
 *
 * A row's limit is the same work with nothing around it, measured in the same run: the ratio is what counts.
 * usage of each program: NAME [--json] [--quick] [--rounds N] [--size N] [word in the row's name]; a size takes the place
 * of the one that the rows name.
 */
#ifndef NETHOOD_BENCH_HARNESS_H
#define NETHOOD_BENCH_HARNESS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/types.h"

#define ROUNDS 7
#define ROUNDS_MAX 101

/** struct bench - one row: @run and @limit return its figure; the limit may be missing */
struct bench {
	const char *name, *limit_name;
	double target; /**< of the figure, or, with @target_ratio, of figure / limit; 0: none */
	double (*run)(u32 arg);
	double (*limit)(u32 arg);
	u32 arg;
	bool target_ratio;
	const char *unit; /**< NULL: ns */
};

static inline double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/** cpu_ns() - processor time of this thread: what others do meanwhile does not count */
static inline double cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static inline void use(u64 x)
{
	__asm__ volatile("" : : "r"(x) : "memory");
}

static inline int bench_by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline void bench_print(const struct bench *b, const double *run, const double *limit, u32 rounds, bool json)
{
	double got = run[rounds / 2], ratio = b->limit ? got / limit[rounds / 2] : 0;
	bool reached = b->target <= 0 || (b->target_ratio ? ratio : got) <= b->target;

	if (json) {
		printf("{\"row\":\"%s\",\"unit\":\"%s\",\"nethood\":%.2f,\"min\":%.2f,\"max\":%.2f,\"limit\":%.2f,"
		       "\"ratio\":%.3f,\"target\":%.2f,\"reached\":%s}\n",
		       b->name, b->unit ? b->unit : "ns", got, run[0], run[rounds - 1],
		       b->limit ? limit[rounds / 2] : 0, ratio, b->target, reached ? "true" : "false");
		return;
	}
	printf("%-44s %9.1f %s (%.1f .. %.1f)", b->name, got, b->unit ? b->unit : "ns", run[0], run[rounds - 1]);
	if (b->limit)
		printf("   %s %.1f, ratio %.2f", b->limit_name, limit[rounds / 2], ratio);
	if (b->target > 0)
		printf("   target %s%g: %s", b->target_ratio ? "ratio " : "", b->target, reached ? "yes" : "NO");
	printf("\n");
}

static inline void bench_measure(const struct bench *b, u32 rounds, bool json)
{
	double run[ROUNDS_MAX], limit[ROUNDS_MAX] = { 0 };

	for (u32 i = 0; i < rounds; i++) {
		run[i] = b->run(b->arg);
		if (b->limit)
			limit[i] = b->limit(b->arg);
	}
	qsort(run, rounds, sizeof(*run), bench_by_value);
	qsort(limit, rounds, sizeof(*limit), bench_by_value);
	bench_print(b, run, limit, rounds, json);
	fflush(stdout);
}

/** bench_main() - @scale: operations are to be divided by it */
static inline int bench_main(int argc, char **argv, const struct bench *rows, size_t count, u32 *scale)
{
	const char *word = "";
	bool json = false;
	u32 rounds = ROUNDS, size = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (!strcmp(argv[i], "--quick"))
			*scale = 1000;
		else if (!strcmp(argv[i], "--rounds") && i + 1 < argc)
			rounds = (u32)atoi(argv[++i]);
		else if (!strcmp(argv[i], "--size") && i + 1 < argc)
			size = (u32)atoi(argv[++i]);
		else
			word = argv[i];
	}
	if (*scale > 1 || !rounds || rounds > ROUNDS_MAX)
		rounds = 1;
	for (size_t i = 0; i < count; i++) {
		struct bench row = rows[i];

		row.arg = size ? size : row.arg;
		if (strstr(row.name, word))
			bench_measure(&row, rounds, json);
	}
	return 0;
}

#endif
