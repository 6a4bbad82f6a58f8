// SPDX-License-Identifier: BSD-2-Clause
/* When the loop looks again before it sleeps. */
#include "spin.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static struct spin of_two_processors(void)
{
	struct spin s;

	spin_init(&s);
	s.alone = false;
	return s;
}

static void who_is_idle_sleeps(void **state)
{
	struct spin s = of_two_processors();

	(void)state;
	assert_false(spin_pays(&s));
	spin_slept(&s, SPIN_NS - 1);
	assert_true(spin_pays(&s));
	spin_slept(&s, SPIN_NS);
	assert_false(spin_pays(&s));
}

static void what_came_may_come_again(void **state)
{
	struct spin s = of_two_processors();

	(void)state;
	spin_slept(&s, 1);
	for (unsigned i = 0; i < 100; i++) {
		assert_true(spin_pays(&s));
		spin_ended(&s, true);
	}
}

/* How many short sleeps until it is tried again. */
static unsigned rests(struct spin *s)
{
	unsigned n = 0;

	spin_ended(s, false);
	while (!spin_pays(s)) {
		spin_slept(s, 1);
		n++;
	}
	return n;
}

static void in_vain_it_is_tried_less_and_less(void **state)
{
	struct spin s = of_two_processors();

	(void)state;
	spin_slept(&s, 1);
	for (unsigned want = SPIN_REST_MIN; want < SPIN_REST_MAX; want *= 2)
		assert_int_equal(rests(&s), want);
	assert_int_equal(rests(&s), SPIN_REST_MAX);
	assert_int_equal(rests(&s), SPIN_REST_MAX);
	spin_ended(&s, true);
	assert_int_equal(rests(&s), SPIN_REST_MIN);
}

static void long_sleeps_do_not_end_a_rest(void **state)
{
	struct spin s = of_two_processors();

	(void)state;
	spin_slept(&s, 1);
	spin_ended(&s, false);
	for (unsigned i = 0; i < 100; i++)
		spin_slept(&s, SPIN_NS);
	spin_slept(&s, 1);
	assert_false(spin_pays(&s));
}

static void who_was_woken_goes_first(void **state)
{
	struct spin s = of_two_processors();

	(void)state;
	spin_slept(&s, 1);
	spin_yield(&s);
	assert_false(spin_pays(&s));
	assert_true(spin_pays(&s));
}

static void one_processor_never_spins(void **state)
{
	struct spin s = of_two_processors();

	(void)state;
	s.alone = true;
	spin_slept(&s, 1);
	assert_false(spin_pays(&s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_idle_sleeps),
		cmocka_unit_test(what_came_may_come_again),
		cmocka_unit_test(in_vain_it_is_tried_less_and_less),
		cmocka_unit_test(long_sleeps_do_not_end_a_rest),
		cmocka_unit_test(who_was_woken_goes_first),
		cmocka_unit_test(one_processor_never_spins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
