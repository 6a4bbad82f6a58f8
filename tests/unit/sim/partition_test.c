// SPDX-License-Identifier: BSD-2-Clause
/* A thousand hosts on one switch, which falls into two parts, and is mended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "admin.h"
#include "app.h"

#define HOSTS 1000U
#define IFINDEX 2 /* after lo */
#define HEALED_WITHIN (60 * SIM_NSEC_PER_SEC)

struct town {
	struct sim_world world;
	struct choices choices;
	struct sim_app app[HOSTS];
	struct sim_port *port[HOSTS];
};

static void move_in(struct town *t, struct sim_segment *seg, u32 i)
{
	struct sim_host *h = sim_host_create(&t->world, &(struct sim_host_config){ 0 });
	struct sim_app *app = &t->app[i];

	/* a thousand hosts that tell a thousand of their groups are another test's */
	assert_int_equal(nethood_sysctl_set(h->net, "net.ipv6.conf.default.disable_ipv6", "1"), 0);
	t->port[i] = sim_plug(h, seg, NULL);
	*app = (struct sim_app){ .host = h,
				 .addr = { 10, 0, (u8)((i + 1) >> 8), (u8)(i + 1) },
				 .prefixlen = 16,
				 .ifindex = IFINDEX,
				 .asked = calloc(HOSTS, sizeof(u32)),
				 .answered = calloc(HOSTS, sizeof(u32)),
				 .peer_count = HOSTS };
	assert_int_equal(admin_addr(h, true, IFINDEX, app->addr, 16), 0);
	assert_int_equal(admin_link(h, IFINDEX, true), 0);
	assert_int_equal(app_start(app), 0);
}

/** enum whom - the next one, who is on the same side, or one that is not; a question goes both ways */
enum whom { BESIDE, ACROSS };

#define PAIRS(whom) ((whom) == BESIDE ? HOSTS / 2 : HOSTS / 4)

/* The hosts of pair @i. */
static u32 asker(enum whom whom, u32 i)
{
	return whom == BESIDE ? 2 * i : 4 * i;
}

static u32 asked(enum whom whom, u32 i)
{
	return whom == BESIDE ? 2 * i + 1 : (4 * i + HOSTS / 2 + 1) % HOSTS;
}

/* All pairs.  Return: how many questions were answered within @wait_ns */
static u32 ask_all(struct town *t, enum whom whom, u64 wait_ns)
{
	u32 answered = 0;

	for (u32 i = 0; i < PAIRS(whom); i++)
		app_ask(&t->app[asker(whom, i)], &t->app[asked(whom, i)], asked(whom, i));
	assert_true(sim_run(&t->world, t->world.now_ns + wait_ns, 0));
	for (u32 i = 0; i < PAIRS(whom); i++) {
		const struct sim_app *app = &t->app[asker(whom, i)];

		answered += app->answered[asked(whom, i)] == app->asked[asked(whom, i)];
	}
	return answered;
}

static void part(struct town *t, bool parted)
{
	for (u32 i = 0; i < HOSTS; i++)
		t->port[i]->side = parted && i >= HOSTS / 2;
}

static struct town *town_create(void)
{
	const struct sim_faults faults = { .delay_us = 100, .jitter_us = 50 };
	struct town *t = calloc(1, sizeof(*t));
	struct sim_segment *seg;

	assert_non_null(t);
	choices_seed(&t->choices, 28, false);
	sim_world_init(&t->world, &t->choices, NULL);
	seg = sim_segment_create(&t->world, SIM_SWITCH, &faults);
	seg->fdb_slots = 2048;
	for (u32 i = 0; i < HOSTS; i++)
		move_in(t, seg, i);
	return t;
}

static void town_destroy(struct town *t)
{
	for (u32 i = 0; i < HOSTS; i++) {
		app_stop(&t->app[i]);
		free(t->app[i].asked);
		free(t->app[i].answered);
	}
	sim_world_end(&t->world); /* each net ends at zero */
	choices_end(&t->choices);
	free(t);
}

static void a_thousand_hosts_find_each_other_again(void **state)
{
	struct town *t = town_create();
	u64 mended_ns;

	(void)state;
	assert_int_equal(ask_all(t, BESIDE, SIM_NSEC_PER_SEC), PAIRS(BESIDE));
	assert_int_equal(ask_all(t, ACROSS, SIM_NSEC_PER_SEC), PAIRS(ACROSS));
	part(t, true);
	assert_true(sim_run(&t->world, t->world.now_ns + 60 * SIM_NSEC_PER_SEC, 0));
	assert_int_equal(ask_all(t, ACROSS, 10 * SIM_NSEC_PER_SEC), 0); /* doubted, probed, failed */
	assert_int_equal(ask_all(t, BESIDE, SIM_NSEC_PER_SEC), PAIRS(BESIDE));
	assert_int_equal(ask_all(t, ACROSS, SIM_NSEC_PER_SEC), 0); /* asked for again, and still when it is mended */
	part(t, false);
	mended_ns = t->world.now_ns;
	while (ask_all(t, ACROSS, SIM_NSEC_PER_SEC) < PAIRS(ACROSS))
		assert_true(t->world.now_ns - mended_ns < HEALED_WITHIN);
	assert_int_equal(ask_all(t, BESIDE, SIM_NSEC_PER_SEC), PAIRS(BESIDE));
	print_message("%u hosts, %llu events; whole again after %.1f s\n", HOSTS,
		      (unsigned long long)t->world.event_count, (double)(t->world.now_ns - mended_ns) / 1e9);
	town_destroy(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_thousand_hosts_find_each_other_again) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
