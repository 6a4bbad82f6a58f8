// SPDX-License-Identifier: BSD-2-Clause
/* The filter that finds the best value of a time window without keeping all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net.h"
#include "tcp/tcp.h"

#define WIN 100U
#define SAMPLES 20000U

struct row {
	const char *what;
	u32 count;
	struct minmax_sample in[6];
	u32 min, max; /* after the last one */
};

static const struct row rows[] = {
	{ "one sample is the best", 1, { { 5, 70 } }, 70, 70 },
	{ "a better one takes its place", 2, { { 5, 70 }, { 6, 60 } }, 60, 70 },
	{ "a worse one does not, while the best is young", 2, { { 5, 70 }, { 104, 80 } }, 70, 80 },
	{ "at the window's end it still counts", 2, { { 5, 70 }, { 105, 80 } }, 70, 80 },
	{ "after a pause longer than the window only the new one counts", 2, { { 5, 70 }, { 106, 90 } }, 90, 90 },
	{ "the second best takes over", 4, { { 0, 10 }, { 40, 20 }, { 80, 30 }, { 120, 40 } }, 20, 40 },
	{ "time may wrap", 3, { { UINT32_MAX - 10, 10 }, { 20, 20 }, { 60, 15 } }, 10, 20 },
	{ "time may wrap, and the old one go",
	  4,
	  { { UINT32_MAX - 10, 10 }, { 20, 20 }, { 60, 25 }, { 95, 30 } },
	  20,
	  30 },
	{ "the largest value is a value", 2, { { 0, UINT32_MAX }, { 1, 0 } }, 0, UINT32_MAX },
};

static void test_rows(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		struct minmax lo, hi;
		u32 min = minmax_reset(&lo, r->in[0].t_ms, r->in[0].v),
		    max = minmax_reset(&hi, r->in[0].t_ms, r->in[0].v);

		for (u32 k = 1; k < r->count; k++) {
			min = minmax_running_min(&lo, WIN, r->in[k].t_ms, r->in[k].v);
			max = minmax_running_max(&hi, WIN, r->in[k].t_ms, r->in[k].v);
		}
		if (min != r->min || max != r->max)
			fail_msg("%s: min %u, max %u", r->what, min, max);
	}
}

static u32 rnd(u64 *x, u32 below)
{
	*x = *x * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(*x >> 33) % below;
}

/* Whatever comes: the answer is a sample of the window, never better than the true best, never worse than the last; and
 * mostly the true best itself. */
static void test_random(void **state)
{
	static struct minmax_sample in[SAMPLES];
	struct minmax lo = { 0 }, hi = { 0 };
	u32 exact = 0, t = UINT32_MAX - 3000; /* wraps on the way */
	u64 seed = 4;

	(void)state;
	for (u32 n = 0; n < SAMPLES; n++) {
		u32 best = UINT32_MAX, worst = 0, min, max;
		bool is_sample = false;

		t += rnd(&seed, 100) ? rnd(&seed, 5) : rnd(&seed, 300);
		in[n] = (struct minmax_sample){ t, rnd(&seed, 1000) + (n / 100 % 7) * 300 };
		if (n) {
			min = minmax_running_min(&lo, WIN, t, in[n].v);
			max = minmax_running_max(&hi, WIN, t, in[n].v);
		} else {
			min = minmax_reset(&lo, t, in[n].v);
			max = minmax_reset(&hi, t, in[n].v);
		}
		for (u32 k = n + 1; k-- && t - in[k].t_ms <= WIN;) {
			best = min_u32(best, in[k].v);
			worst = max_u32(worst, in[k].v);
			is_sample |= in[k].v == min;
		}
		assert_true(is_sample);
		assert_true(min >= best && min <= in[n].v);
		assert_true(max <= worst && max >= in[n].v);
		exact += (u32)(min == best) + (u32)(max == worst);
	}
	assert_true(exact > 2 * SAMPLES * 9 / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
