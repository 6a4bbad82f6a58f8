// SPDX-License-Identifier: BSD-2-Clause
/* A scenario's world: built, booted, run to its end. */
#include "scenario_run.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "segment.h"

#define ROUTE_TRIES_MAX 30U /* seconds: an address that is probed for may be used after seven */

void run_note(struct run *r, const char *fmt, ...)
{
	va_list args;

	if (r->note_count < NOTES_MAX) {
		va_start(args, fmt);
		(void)vsnprintf(r->note[r->note_count], sizeof(r->note[0]), fmt, args);
		va_end(args);
	}
	r->note_count++;
}

/* ------------------------------------------------------------------ configuration of a host */

int host_sysctl(struct run_host *h, const struct scenario_sysctl *sysctl)
{
	int err = nethood_sysctl_set(h->host->net, sysctl->key, sysctl->value);
	char forward[4] = "";

	(void)nethood_sysctl_get(h->host->net, "net.ipv4.conf.all.forwarding", forward, sizeof(forward));
	if (forward[0] == '1')
		h->host->forwards = true;
	return err;
}

static const char *host_sysctls(struct run_host *h, const struct scenario *s, const struct scenario_sysctl **bad)
{
	const struct scenario_group *g = &s->group[h->group];
	const struct scenario_sysctl forward = { .key = "net.ipv4.ip_forward", .value = "1" };
	int err = g->forward ? host_sysctl(h, &forward) : 0;

	for (u32 i = 0; i < s->sysctl_count && !err; i++) {
		*bad = &s->sysctl[i];
		err = host_sysctl(h, *bad);
	}
	for (u32 i = 0; i < g->sysctl_count && !err; i++) {
		*bad = &g->sysctl[i];
		err = host_sysctl(h, *bad);
	}
	return err ? strerrorname_np(-err) : NULL;
}

/* As `ip addr add ... nodad`: without it a strict host may not use the address for seconds. */
static int add_addr(struct run_host *h, int ifindex, u32 addr, u8 bits, bool dad)
{
	_Alignas(struct nlmsghdr) u8 buf[256] = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa;
	u8 local[4];

	octets(addr, local);
	nlh->nlmsg_type = RTM_NEWADDR;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = bits;
	ifa->ifa_flags = dad ? 0 : IFA_F_NODAD;
	ifa->ifa_index = (u32)ifindex;
	mnl_attr_put(nlh, IFA_LOCAL, 4, local);
	mnl_attr_put(nlh, IFA_ADDRESS, 4, local);
	return admin_ask(h->host, nlh);
}

static bool is_own_network(const struct scenario_group *g, const struct scenario *s, u32 index, u32 to, u8 bits)
{
	for (u32 leg = 0; leg < g->leg_count; leg++) {
		u32 mask = bits ? UINT32_MAX << (32 - bits) : 0;

		if (g->leg[leg].has_addr && ((leg_addr(s, g, leg, index) ^ to) & mask) == 0)
			return true;
	}
	return false;
}

static int add_row(struct run_host *h, const struct scenario_route *row)
{
	const struct scenario *s = h->run->s;
	const struct scenario_group *g = &s->group[h->group];
	u32 step = row->to.bits ? (u32)(1ULL << (32 - row->to.bits)) : 0;
	u8 dst[4], via[4];
	int err = 0;

	for (u32 i = 0; i < row->count && !err; i++) {
		u32 to = row->to.addr + i * step;

		if (row->count > 1 && is_own_network(g, s, h->index, to, row->to.bits))
			continue;
		octets(to, dst);
		octets(row->via + i, via);
		err = admin_route(h->host, true, dst, row->to.bits, via, 0);
	}
	return err;
}

static int add_routes(struct run_host *h)
{
	const struct scenario_group *g = &h->run->s->group[h->group];
	u32 gateway = group_gateway(h->run->s, g, h->index);
	const u8 any[4] = { 0 };
	u8 via[4];
	int err = 0;

	octets(gateway, via);
	if (gateway)
		err = admin_route(h->host, true, any, 0, via, 0);
	for (u32 i = 0; i < g->route_count && !err; i++)
		err = add_row(h, &g->route[i]);
	return err;
}

/* A strict host that probes for its address has no way to a gateway until it may use it. */
static void try_routes(struct sim_world *w, void *obj, u64 boots)
{
	struct run_host *h = obj;
	int err;

	if (h->boots != boots)
		return;
	err = add_routes(h);
	if (err && h->run->s->group[h->group].dad && h->route_tries++ < ROUTE_TRIES_MAX)
		sim_after(w, SIM_NSEC_PER_SEC, h->host->id, try_routes, h, boots);
	else if (err && !h->run->s->group[h->group].alloc_fail_ppm)
		run_note(h->run, "%s: a route was refused: %s", h->host->name, strerrorname_np(-err));
	sim_host_poll(h->host);
}

static void host_up(struct sim_world *w, void *obj, u64 boots)
{
	struct run_host *h = obj;
	const struct scenario *s = h->run->s;
	const struct scenario_group *g = &s->group[h->group];
	int err = 0;

	if (h->boots != boots)
		return;
	for (u32 leg = 0; leg < g->leg_count && !err; leg++) {
		int ifindex = nethood_dev_ifindex(h->host->port[leg].dev);

		err = admin_link(h->host, ifindex, true);
		if (!err && g->leg[leg].has_addr)
			err = add_addr(h, ifindex, leg_addr(s, g, leg, h->index), g->leg[leg].prefix.bits, g->dad);
	}
	if (err)
		run_note(h->run, "%s: an address was refused: %s", h->host->name, strerrorname_np(-err));
	try_routes(w, h, boots);
	h->host->alloc_fail_ppm = g->alloc_fail_ppm;
}

void host_boot(struct run_host *h)
{
	const struct scenario *s = h->run->s;
	const struct scenario_group *g = &s->group[h->group];
	const struct scenario_sysctl *bad;
	u64 delay_ns = h->boots ? 0 : g->start_ns;

	if (g->spread_ns && !h->boots)
		delay_ns += choose(h->run->world.choices, h->host->stream, (u32)(g->spread_ns / 1000) + 1) * 1000ULL;
	h->boots++;
	h->route_tries = 0;
	h->host->alloc_fail_ppm = 0;
	sim_host_enter(h->host);
	(void)host_sysctls(h, s, &bad);
	if (work_open(h))
		run_note(h->run, "%s: no socket", h->host->name);
	if (delay_ns)
		sim_after(&h->run->world, delay_ns, h->host->id, host_up, h, h->boots);
	else
		host_up(&h->run->world, h, h->boots);
}

void host_reboot(struct run_host *h)
{
	stat_harvest(h);
	work_close(h);
	sim_host_reboot(h->host);
	h->dropped_seen = 0;
	if (h->drops_seen)
		memset(h->drops_seen, 0, REASONS_MAX * sizeof(*h->drops_seen));
	host_boot(h);
}

/* ------------------------------------------------------------------ building */

static void build_segments(struct run *r)
{
	const struct scenario *s = r->s;

	for (u32 i = 0; i < s->segment_count; i++) {
		u32 stations = s->segment[i].stations, ports = 8 * segment_ports(s, i);

		if (!stations)
			stations = ports > SIM_FDB_SLOTS ? ports : SIM_FDB_SLOTS;
		r->segment_first[i] = r->world.segment_count;
		for (u32 k = 0; k < s->segment[i].count; k++)
			sim_segment_create(&r->world, s->segment[i].kind, &s->segment[i].faults)->fdb_slots = stations;
	}
}

static void plug_legs(struct run *r, struct run_host *h)
{
	const struct scenario_group *g = &r->s->group[h->group];

	for (u32 leg = 0; leg < g->leg_count; leg++) {
		u32 segment = r->segment_first[g->leg[leg].segment] + leg_segment(r->s, g, leg, h->index);
		u8 mac[SIM_MAC_BYTES];
		u32 low;

		memcpy(mac, g->leg[leg].mac, sizeof(mac));
		low = ((u32)mac[3] << 16 | (u32)mac[4] << 8 | mac[5]) + h->index;
		memcpy(mac + 3, (const u8[]){ (u8)(low >> 16), (u8)(low >> 8), (u8)low }, 3);
		(void)sim_plug(h->host, r->world.segment[segment], g->leg[leg].has_mac ? mac : NULL);
	}
}

static void build_host(struct run *r, u32 group, u32 index)
{
	const struct scenario_group *g = &r->s->group[group];
	struct run_host *h = run_host_of(r, group, index);
	char name[24];
	struct sim_host_config config = { .name = name,
					  .profile = g->has_profile ? g->profile : r->s->profile,
					  .clock = { g->offset_ns, g->drift_ppb } };

	if (g->count == 1)
		(void)snprintf(name, sizeof(name), "%s", g->name);
	else
		(void)snprintf(name, sizeof(name), "%s%u", g->name, index);
	*h = (struct run_host){ .run = r, .group = group, .index = index };
	h->host = sim_host_create(&r->world, &config);
	h->host->forwards = g->forward;
	h->host->work = h;
	plug_legs(r, h);
}

static void build(struct run *r)
{
	build_segments(r);
	for (u32 i = 0; i < r->s->group_count; i++) {
		for (u32 k = 0; k < r->s->group[i].count; k++)
			build_host(r, i, k);
	}
}

/* ------------------------------------------------------------------ before anything runs */

static int refuse(struct scenario_error *error, const struct scenario_sysctl *sysctl, const char *why)
{
	error->at = sysctl->at;
	(void)snprintf(error->word, sizeof(error->word), "%s", sysctl->key);
	(void)snprintf(
		error->why, sizeof(error->why),
		strcmp(why, "ENOENT") == 0
			? "there is no such sysctl; `nethood sysctl NAME -a` lists those of a net, eth0 is the first interface"
			: "the value is refused with %s",
		why);
	return -EINVAL;
}

/** try_group() - are its sysctls taken, and those that deeds set later? */
static int try_group(struct run *r, u32 group, struct scenario_error *error)
{
	struct run_host *h = run_host_of(r, group, 0);
	const struct scenario_sysctl *bad = NULL;
	const char *why = host_sysctls(h, r->s, &bad);
	int err;

	if (why)
		return refuse(error, bad, why);
	for (u32 i = 0; i < r->s->deed_count; i++) {
		const struct scenario_deed *d = &r->s->deed[i];

		if (d->verb != DEED_SYSCTL || d->hosts.group != group)
			continue;
		err = host_sysctl(h, &d->sysctl);
		if (err)
			return refuse(error, &d->sysctl, strerrorname_np(-err));
	}
	return 0;
}

/* In a world of its own, of one host of each group, that is thrown away. */
static int try_sysctls(const struct scenario *s, struct scenario_error *error)
{
	struct run *r = calloc(1, sizeof(*r));
	int err = 0;

	if (!r)
		return -ENOMEM;
	r->s = s;
	r->host = calloc(s->host_count, sizeof(*r->host));
	r->segment_first = calloc(s->segment_count, sizeof(*r->segment_first));
	choices_seed(&r->choices, 1, false);
	sim_world_init(&r->world, &r->choices, NULL);
	if (!r->host || !r->segment_first)
		err = -ENOMEM;
	for (u32 i = 0; i < s->segment_count && !err; i++) {
		r->segment_first[i] = i;
		(void)sim_segment_create(&r->world, SIM_HUB, NULL);
	}
	for (u32 i = 0; i < s->group_count && !err; i++) {
		build_host(r, i, 0);
		err = try_group(r, i, error);
	}
	sim_world_end(&r->world);
	choices_end(&r->choices);
	free(r->host);
	free(r->segment_first);
	free(r);
	return err;
}

/* ------------------------------------------------------------------ life */

static void on_drop(void *ctx, const struct sim_host *host, const struct nethood_hop *hop)
{
	const struct run *r = ctx;

	wirecap_drop(r->cap, host, hop);
}

static void on_log(void *ctx, const struct sim_host *host, const char *line)
{
	struct run *r = ctx;
	char text[512];

	if (!r->say)
		return;
	(void)snprintf(text, sizeof(text), "%.6f %s: %s", (double)r->world.now_ns / 1e9, host->name, line);
	r->say(r->say_ctx, text);
}

static int run_alloc(struct run *r)
{
	const struct scenario *s = r->s;

	r->segment_first = calloc(s->segment_count, sizeof(*r->segment_first));
	r->host = calloc(s->host_count, sizeof(*r->host));
	r->group = calloc(s->group_count, sizeof(*r->group));
	r->flow = calloc(s->flow_count + 1, sizeof(*r->flow));
	r->reach = calloc(s->expect_count + 1, sizeof(*r->reach));
	r->verdict = calloc(s->expect_count + 1, sizeof(*r->verdict));
	return r->segment_first && r->host && r->group && r->flow && r->reach && r->verdict ? 0 : -ENOMEM;
}

/* Its interfaces are the segments, by their names. */
static void capture_wires(struct run *r)
{
	const struct scenario *s = r->s;
	char name[32];

	for (u32 i = 0; r->cap && i < s->segment_count; i++) {
		for (u32 k = 0; k < s->segment[i].count; k++) {
			if (s->segment[i].count == 1)
				(void)snprintf(name, sizeof(name), "%s", s->segment[i].name);
			else
				(void)snprintf(name, sizeof(name), "%s%u", s->segment[i].name, k);
			if (r->segment_first[i] + k < r->world.segment_count)
				wirecap_interface(r->cap, name);
		}
	}
}

int scenario_run_create(const struct scenario *s, const struct scenario_run_options *options, struct run **out,
			struct scenario_error *error)
{
	struct run *r;
	int err = try_sysctls(s, error);

	if (err)
		return err;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->s = s;
	r->cap = options->cap;
	r->say = options->say;
	r->say_ctx = options->say_ctx;
	r->pictures = options->pictures;
	r->until_ns = options->until_ns < s->run_ns ? options->until_ns : s->run_ns;
	r->watch = (struct sim_watch){ .ctx = r, .frame = stat_frame, .log = on_log, .drop = r->cap ? on_drop : NULL };
	choices_seed(&r->choices, options->seed, false);
	sim_world_init(&r->world, &r->choices, &r->watch);
	err = run_alloc(r);
	if (!err)
		err = stat_init(r);
	if (!err) {
		build(r);
		err = stat_watch(r);
	}
	if (err) {
		scenario_run_destroy(r);
		return err;
	}
	capture_wires(r);
	work_init(r);
	*out = r;
	return 0;
}

/** next_stop() - the next time at which somebody looks; @expect: who, or UINT32_MAX */
static u64 next_stop(const struct run *r, u64 sample_ns, u32 *expect)
{
	u64 at = sample_ns < r->until_ns ? sample_ns : r->until_ns;

	*expect = UINT32_MAX;
	for (u32 i = 0; i < r->s->expect_count; i++) {
		const struct scenario_expect *x = &r->s->expect[i];
		bool timed = x->when_ns != UINT64_MAX && x->metric != METRIC_REACH;

		if (timed && !r->verdict[i].judged && x->when_ns <= at) {
			at = x->when_ns;
			*expect = i;
		}
	}
	return at;
}

static void judge_the_rest(struct run *r)
{
	for (u32 i = 0; i < r->s->expect_count; i++) {
		const struct scenario_expect *x = &r->s->expect[i];

		if (x->when_ns == UINT64_MAX || x->metric == METRIC_REACH)
			expect_judge(r, i);
	}
}

/** check_hosts() - does all hold that each net says of itself? */
static void check_hosts(struct run *r)
{
	for (u32 i = 0; i < r->s->host_count && !r->world.broken[0]; i++) {
		const char *broken = nethood_check(r->host[i].host->net);

		if (broken)
			sim_broken(&r->world, "%s: not true: %s", r->host[i].host->name, broken);
	}
}

bool scenario_run_go(struct run *r)
{
	u64 sample_ns = r->s->sample_ns;
	u32 expect;

	for (u32 i = 0; i < r->s->host_count; i++)
		host_boot(&r->host[i]);
	work_start(r);
	deeds_plan(r);
	for (;;) {
		u64 stop_ns = next_stop(r, sample_ns, &expect);

		if (!sim_run(&r->world, stop_ns, 0))
			break;
		if (expect != UINT32_MAX) {
			expect_judge(r, expect);
			continue;
		}
		stat_sample(r);
		sample_ns += r->s->sample_ns;
		if (stop_ns >= r->until_ns)
			break;
	}
	check_hosts(r);
	work_end(r);
	stat_hosts(r);
	judge_the_rest(r);
	return !r->world.broken[0];
}

u32 scenario_run_failures(const struct run *r)
{
	u32 count = r->note_count;

	for (u32 i = 0; i < r->s->expect_count; i++)
		count += r->verdict[i].judged && !r->verdict[i].held;
	return count;
}

void scenario_run_destroy(struct run *r)
{
	for (u32 i = 0; r->host && i < r->world.host_count; i++)
		work_close(&r->host[i]);
	sim_world_end(&r->world);
	choices_end(&r->choices);
	work_free(r);
	deeds_free(r);
	stat_free(r);
	free(r->segment_first);
	free(r->host);
	free(r->group);
	free(r->flow);
	free(r->reach);
	free(r->verdict);
	free(r);
}
