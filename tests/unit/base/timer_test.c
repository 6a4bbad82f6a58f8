// SPDX-License-Identifier: BSD-2-Clause
/* The timing wheel against a plain sorted list, with random arms, moves, cancels and steps of time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/timer.h"

#define TIMERS 300

struct model {
	struct timer timer;
	struct world *world;
	bool armed;
	ktime_t expires;
	u64 order;
};

struct world {
	struct mem mem;
	struct timer_wheel *wheel;
	struct rng rng;
	struct model m[TIMERS];
	ktime_t now;
	u64 next_order, fired;
};

/* The one that must fire first: the earliest, and among equals the one armed first. */
static struct model *model_first(struct world *w)
{
	struct model *first = NULL;

	for (int i = 0; i < TIMERS; i++) {
		struct model *m = &w->m[i];

		if (m->armed && (!first || m->expires < first->expires ||
				 (m->expires == first->expires && m->order < first->order)))
			first = m;
	}
	return first;
}

static void arm(struct world *w, struct model *m, ktime_t expires)
{
	assert_int_equal(mod_timer(w->wheel, &m->timer, expires), m->armed);
	m->armed = true;
	m->expires = expires;
	m->order = w->next_order++;
}

static ktime_t random_delay(struct world *w)
{
	u32 bits = get_random_u32_below(&w->rng, 60);

	return (ktime_t)(get_random_u64(&w->rng) & ((1ULL << bits) - 1));
}

static void fired(struct timer *t)
{
	struct model *m = container_of(t, struct model, timer);
	struct world *w = m->world;

	assert_ptr_equal(m, model_first(w));
	assert_true(m->expires <= w->now);
	assert_false(timer_pending(t));
	m->armed = false;
	w->fired++;
	if (get_random_u32_below(&w->rng, 4) == 0)
		arm(w, m, w->now + random_delay(w));
}

static void step(struct world *w)
{
	struct model *m = &w->m[get_random_u32_below(&w->rng, TIMERS)];
	struct model *first;

	switch (get_random_u32_below(&w->rng, 4)) {
	case 0:
	case 1:
		arm(w, m, w->now + random_delay(w) - (ktime_t)get_random_u32_below(&w->rng, 1000));
		return;
	case 2:
		assert_int_equal(timer_delete(w->wheel, &m->timer), m->armed);
		m->armed = false;
		return;
	default:
		w->now += random_delay(w) >> get_random_u32_below(&w->rng, 40);
		if (get_random_u32_below(&w->rng, 4) == 0) { /* a part of the work, and other things before the rest */
			u32 budget = 1 + get_random_u32_below(&w->rng, 8);

			if (timer_wheel_advance(w->wheel, w->now, budget) == budget ||
			    timer_wheel_is_due(w->wheel, w->now))
				return;
		} else {
			timer_wheel_advance(w->wheel, w->now, UINT32_MAX);
		}
		first = model_first(w);
		if (!first) {
			assert_int_equal(timer_wheel_next(w->wheel), KTIME_MAX);
			return;
		}
		assert_true(first->expires > w->now);
		assert_true(timer_wheel_next(w->wheel) <= first->expires);
		assert_true(timer_wheel_next(w->wheel) > w->now);
	}
}

static void run_world(u8 seed, ktime_t start)
{
	struct world w = { .mem = { .ops = &mem_libc_ops }, .now = start };
	const u8 key[RNG_KEY_BYTES] = { seed };
	u32 armed = 0;

	rng_init(&w.rng, key);
	assert_int_equal(timer_wheel_create(&w.mem, start, &w.wheel), 0);
	for (int i = 0; i < TIMERS; i++) {
		w.m[i].world = &w;
		timer_setup(&w.m[i].timer, fired);
	}
	for (int i = 0; i < 6000; i++)
		step(&w);
	for (int i = 0; i < TIMERS; i++)
		armed += w.m[i].armed;
	assert_int_equal(timer_wheel_armed_count(w.wheel), armed);
	assert_true(w.fired > 100);
	for (int i = 0; i < TIMERS; i++)
		timer_delete(w.wheel, &w.m[i].timer);
	timer_wheel_destroy(w.wheel);
	assert_int_equal(w.mem.live_bytes, 0);
}

static void it_fires_what_a_sorted_list_fires(void **state)
{
	(void)state;
	for (u8 seed = 0; seed < 20; seed++)
		run_world(seed, (ktime_t)seed * 1234567891234LL);
}

static void it_works_before_a_wrap_of_its_highest_digit(void **state)
{
	(void)state;
	run_world(1, (1LL << 50) - 5 * NSEC_PER_SEC);
	run_world(2, (1LL << 51) - 1);
}

static void following_next_reaches_each_timer_exactly(void **state)
{
	struct world w = { .mem = { .ops = &mem_libc_ops } };
	const u8 key[RNG_KEY_BYTES] = { 7 };
	ktime_t next;

	(void)state;
	rng_init(&w.rng, key);
	assert_int_equal(timer_wheel_create(&w.mem, 0, &w.wheel), 0);
	for (int i = 0; i < TIMERS; i++) {
		w.m[i].world = &w;
		timer_setup(&w.m[i].timer, fired);
		arm(&w, &w.m[i], random_delay(&w));
	}
	while ((next = timer_wheel_next(w.wheel)) != KTIME_MAX && w.fired < 2 * TIMERS) {
		struct model *first = model_first(&w);
		ktime_t expires = first->expires;
		u64 before = w.fired;

		assert_true(next >= w.now);
		w.now = next;
		timer_wheel_advance(w.wheel, next, UINT32_MAX);
		if (w.fired > before)
			assert_int_equal(next, expires);
	}
	for (int i = 0; i < TIMERS; i++)
		timer_delete(w.wheel, &w.m[i].timer);
	timer_wheel_destroy(w.wheel);
}

/* A host at rest wakes once for a timer, however far it is. */
static void next_is_exact_for_a_few_timers(void **state)
{
	struct world w = { .mem = { .ops = &mem_libc_ops } };
	const u8 key[RNG_KEY_BYTES] = { 8 };

	(void)state;
	rng_init(&w.rng, key);
	assert_int_equal(timer_wheel_create(&w.mem, 0, &w.wheel), 0);
	for (int i = 0; i < 3; i++) {
		w.m[i].world = &w;
		timer_setup(&w.m[i].timer, fired);
	}
	for (int round = 0; round < 2000; round++) {
		for (int i = 0; i < 3; i++)
			arm(&w, &w.m[i], w.now + 1 + (random_delay(&w) & ((1LL << 56) - 1)));
		assert_int_equal(timer_wheel_next(w.wheel), model_first(&w)->expires);
		w.now += random_delay(&w) >> 20;
		timer_wheel_advance(w.wheel, w.now, UINT32_MAX);
	}
	for (int i = 0; i < 3; i++)
		timer_delete(w.wheel, &w.m[i].timer);
	timer_wheel_destroy(w.wheel);
}

static void many_timers_within_a_tick_fire_in_order(void **state)
{
	struct world w = { .mem = { .ops = &mem_libc_ops } };
	const u8 key[RNG_KEY_BYTES] = { 9 };

	(void)state;
	rng_init(&w.rng, key);
	assert_int_equal(timer_wheel_create(&w.mem, 0, &w.wheel), 0);
	for (int i = 0; i < TIMERS; i++) {
		w.m[i].world = &w;
		timer_setup(&w.m[i].timer, fired);
	}
	for (int round = 0; round < 30; round++) {
		for (int i = 0; i < TIMERS; i++)
			arm(&w, &w.m[i], w.now + get_random_u32_below(&w.rng, 1U << (round % 16)));
		for (int i = 0; i < 8; i++) {
			w.now += 1U << (round % 16 + 1) >> 3;
			timer_wheel_advance(w.wheel, w.now, UINT32_MAX);
		}
		while (model_first(&w)) { /* those that armed themselves again, for any time */
			struct model *m = model_first(&w);

			assert_true(timer_delete(w.wheel, &m->timer));
			m->armed = false;
		}
	}
	assert_true(w.fired >= 30 * TIMERS);
	timer_wheel_destroy(w.wheel);
}

static bool fail_always(void *ctx, const char *site, size_t size_bytes)
{
	(void)ctx;
	(void)site;
	(void)size_bytes;
	return true;
}

static void without_memory_there_is_no_wheel(void **state)
{
	struct mem mem = { .ops = &mem_libc_ops, .fail = fail_always };
	struct timer_wheel *w;

	(void)state;
	assert_int_equal(timer_wheel_create(&mem, 0, &w), -12);
	assert_int_equal(mem.live_bytes, 0);
}

/** struct restless - it arms itself for now, whenever it fires */
struct restless {
	struct timer timer;
	struct timer_wheel *wheel;
	ktime_t now;
};

static void again_now(struct timer *t)
{
	struct restless *r = container_of(t, struct restless, timer);

	(void)mod_timer(r->wheel, t, r->now);
}

static void one_that_never_rests_uses_up_the_budget(void **state)
{
	struct mem mem = { .ops = &mem_libc_ops };
	struct restless r = { .now = 1000000 }, late = { .now = 2000000 };

	(void)state;
	assert_int_equal(timer_wheel_create(&mem, 0, &r.wheel), 0);
	late.wheel = r.wheel;
	timer_setup(&r.timer, again_now);
	timer_setup(&late.timer, again_now);
	(void)mod_timer(r.wheel, &r.timer, 500);
	(void)mod_timer(r.wheel, &late.timer, 1500000);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(timer_wheel_advance(r.wheel, r.now, 10), 10);
		assert_true(timer_wheel_next(r.wheel) <= r.now);
	}
	assert_true(timer_delete(r.wheel, &r.timer));
	assert_int_equal(timer_wheel_advance(r.wheel, r.now, 10), 0);
	assert_true(timer_wheel_next(r.wheel) <= 1500000 && timer_wheel_next(r.wheel) > r.now);
	assert_true(timer_delete(r.wheel, &late.timer));
	timer_wheel_destroy(r.wheel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_fires_what_a_sorted_list_fires),
		cmocka_unit_test(it_works_before_a_wrap_of_its_highest_digit),
		cmocka_unit_test(following_next_reaches_each_timer_exactly),
		cmocka_unit_test(next_is_exact_for_a_few_timers),
		cmocka_unit_test(many_timers_within_a_tick_fire_in_order),
		cmocka_unit_test(without_memory_there_is_no_wheel),
		cmocka_unit_test(one_that_never_rests_uses_up_the_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
