// SPDX-License-Identifier: BSD-2-Clause
/* The simulator: what an event costs, and a host.
 *
 * Hosts on one switch ask each other over UDP and answer; an event is a frame that arrives, a timer that fires, or a
 * program that sends.  After each event the world looks at what the event changed.
 */
#include <assert.h>
#include <malloc.h>

#include "admin.h"
#include "app.h"
#include "harness.h"
#include "world.h"

#define EVENTS 1000000U
#define ASK_EVERY_NS (100 * 1000U)
#define HOSTS_PER_SWITCH 32U
#define QUIET_NS (20 * SIM_NSEC_PER_SEC)

static u32 scale = 1;

/** struct crowd - hosts on one switch */
struct crowd {
	struct sim_world world;
	struct choices choices;
	struct app_ledger ledger;
	struct sim_app *app;
	u32 count;
};

static void address_of(u32 host, u8 out[static 4])
{
	memcpy(out, (const u8[]){ 10, (u8)(host >> 16), (u8)(host >> 8), (u8)host }, 4);
}

static void crowd_add(struct crowd *c, struct sim_segment *seg, u32 i)
{
	const struct sim_host_config config = { .clock = { .offset_ns = SIM_NSEC_PER_SEC } };
	struct sim_app *app = &c->app[i];

	*app = (struct sim_app){ .host = sim_host_create(&c->world, &config),
				 .ledger = &c->ledger,
				 .prefixlen = 8,
				 .peer_count = c->count };
	app->ifindex = nethood_dev_ifindex(sim_plug(app->host, seg, NULL)->dev);
	address_of(i + 1, app->addr);
	if (admin_link(app->host, app->ifindex, true) || admin_addr(app->host, true, app->ifindex, app->addr, 8))
		abort();
	sim_host_poll(app->host);
}

/* @per_switch hosts on each switch */
static void crowd_begin(struct crowd *c, u32 hosts, u32 per_switch)
{
	struct sim_segment *seg = NULL;

	memset(c, 0, sizeof(*c));
	c->count = hosts;
	c->app = calloc(hosts, sizeof(*c->app));
	choices_seed(&c->choices, 1, false);
	sim_world_init(&c->world, &c->choices, NULL);
	for (u32 i = 0; i < hosts; i++) {
		if (i % per_switch == 0)
			seg = sim_segment_create(&c->world, SIM_SWITCH, NULL);
		crowd_add(c, seg, i);
	}
}

static void crowd_end(struct crowd *c)
{
	assert(!c->world.broken[0]);
	for (u32 i = 0; i < c->count; i++) {
		app_stop(&c->app[i]);
		free(c->app[i].asked);
		free(c->app[i].answered);
	}
	sim_world_end(&c->world);
	choices_end(&c->choices);
	free(c->app);
}

static void ask(struct sim_world *w, void *obj, u64 arg)
{
	struct crowd *c = obj;
	u32 peer = choose(&c->choices, SIM_STREAM_WORLD, c->count);

	if (peer != arg)
		app_ask(&c->app[arg], &c->app[peer], peer);
	sim_after(w, ASK_EVERY_NS, (u32)arg, ask, c, arg);
}

/* Each knows each other before the clock starts: what is measured is traffic, not the first meeting. */
static double event_ns(u32 hosts)
{
	struct crowd c;
	double begin;
	u64 events;

	crowd_begin(&c, hosts, hosts);
	for (u32 i = 0; i < hosts; i++) {
		c.app[i].asked = calloc(hosts, sizeof(u32));
		c.app[i].answered = calloc(hosts, sizeof(u32));
		if (!c.app[i].asked || !c.app[i].answered || app_start(&c.app[i]))
			abort();
		sim_after(&c.world, i * 100, i, ask, &c, i);
	}
	(void)sim_run(&c.world, UINT64_MAX, EVENTS / scale);
	events = c.world.event_count;
	begin = cpu_ns();
	(void)sim_run(&c.world, UINT64_MAX, EVENTS / scale);
	begin = (cpu_ns() - begin) / (double)(c.world.event_count - events);
	crowd_end(&c);
	return begin;
}

/* With a device, an address and its routes, when all have introduced themselves; all that malloc gave for it, the world's
 * own part as well. */
static double host_bytes(u32 hosts)
{
	struct crowd c;
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	double bytes;

	hosts = hosts / scale ? hosts / scale : 1;
	crowd_begin(&c, hosts, HOSTS_PER_SWITCH);
	(void)sim_run(&c.world, QUIET_NS, 0);
	bytes = (double)(mallinfo2().uordblks + mallinfo2().hblkhd - before) / hosts;
	crowd_end(&c);
	return bytes;
}

static const struct bench rows[] = {
	{ .name = "sim: one event, 64 hosts", .run = event_ns, .arg = 64, .target = 1000 },
	{ .name = "sim: one event, 1024 hosts", .run = event_ns, .arg = 1024 },
	{ .name = "sim: bytes per host", .run = host_bytes, .arg = 10000, .target = 32768, .unit = "bytes" },
};

int main(int argc, char **argv)
{
	return bench_main(argc, argv, rows, ARRAY_SIZE(rows), &scale);
}
