// SPDX-License-Identifier: BSD-2-Clause
/* Worlds drawn at random.
 *
 * Reading order: swarm_run(), draw_world(), storm_turn(), quiet(), the_end().  What happens is in swarm_deeds.c and
 * swarm_streams.c, what hosts are like when all is well in swarm_config.c.
 */
#include "swarm.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin.h"
#include "swarm_internal.h"

#define CHECK_EVERY 1U /* events */
#define END_S 1200U    /* a connection that nobody has open, and whose peer is gone, is given up in less */

static const char *const feature_names[F_COUNT] = {
	[F_LOSS] = "loss",         [F_BURST] = "burst",
	[F_DUP] = "dup",           [F_CORRUPT] = "corrupt",
	[F_MEND] = "mend",         [F_TRUNCATE] = "truncate",
	[F_JITTER] = "jitter",     [F_RATE] = "rate",
	[F_HOLE] = "hole",         [F_PARTITION] = "partition",
	[F_CARRIER] = "carrier",   [F_LINK] = "link",
	[F_MAC] = "mac",           [F_RENUMBER] = "renumber",
	[F_FAILOVER] = "failover", [F_REBOOT] = "reboot",
	[F_NEIGH] = "neigh",       [F_SYSCTL] = "sysctl",
	[F_SPOOF] = "spoof",       [F_GARBAGE] = "garbage",
	[F_SCAN] = "scan",         [F_MTU] = "mtu",
	[F_ALLOC] = "alloc",       [F_BUSY] = "busy",
	[F_CLOCK] = "clock",       [F_JUMP] = "jump",
	[F_STRICT] = "strict",     [F_TCP] = "tcp",
	[F_CHURN] = "churn",       [F_SLOW] = "slow",
	[F_MARK] = "mark",         [F_KILL] = "kill",
	[F_IP6] = "ip6",           [F_SLAAC] = "slaac",
	[F_PATH] = "path",         [F_SYSCTL6] = "sysctl6",
	[F_PROXY6] = "proxy6",
};

/* ------------------------------------------------------------------ setting up */

/* One after the other: in which order an initializer's parts are evaluated is the compiler's business. */
static struct sim_faults draw_faults(struct swarm *s)
{
	struct sim_faults f = { .burst_frames = 20, .queue_bytes = 20000 };

	f.loss_ppm = has(s, F_LOSS) ? 1000U * (1 + pick(s, 400)) : 0;
	f.burst_ppm = has(s, F_BURST) ? 1000U * (1 + pick(s, 20)) : 0;
	f.dup_ppm = has(s, F_DUP) ? 1000U * (1 + pick(s, 200)) : 0;
	f.corrupt_ppm = has(s, F_CORRUPT) ? 1000U * (1 + pick(s, 100)) : 0;
	f.mend_ppm = has(s, F_MEND) ? 500000 : 0;
	f.truncate_ppm = has(s, F_TRUNCATE) ? 1000U * (1 + pick(s, 50)) : 0;
	f.mark_ppm = has(s, F_MARK) ? 1000U * (1 + pick(s, 300)) : 0;
	f.delay_us = pick(s, 3) * 500;
	f.jitter_us = has(s, F_JITTER) ? 1 + pick(s, 20000) : 0;
	f.rate_bps = has(s, F_RATE) ? 1000000ULL * (1 + pick(s, 100)) : 0;
	f.hole_bytes = has(s, F_HOLE) ? 300 + pick(s, 1200) : 0;
	return f;
}

/* Where clocks may stand when a host starts: also just before something wraps. */
static struct sim_clock draw_clock(struct swarm *s)
{
	static const u64 starts_ns[] = {
		0,
		SIM_NSEC_PER_SEC,
		(1ULL << 32) * SIM_NSEC_PER_MSEC - 10 * SIM_NSEC_PER_SEC,
		(1ULL << 32) * 4 * SIM_NSEC_PER_MSEC - 10 * SIM_NSEC_PER_SEC,
		(1ULL << 32) - 5 * SIM_NSEC_PER_SEC / 2,
		1ULL << 61,
	};
	struct sim_clock c = { .offset_ns = SIM_NSEC_PER_SEC };

	if (!has(s, F_CLOCK))
		return c;
	c.offset_ns = starts_ns[pick(s, ARRAY_SIZE(starts_ns))];
	c.drift_ppb = (s32)pick(s, 400000) - 200000;
	return c;
}

/* Few hosts have several; none where a follower is known to be later than its leader (docs/adr/0014): when a MAC changes,
 * when a device came up without memory for IPv6, and in finding out which of two routers is dead. */
static u32 draw_workers(const struct swarm *s, u32 i)
{
	u32 n = choose(s->world.choices, STREAM_OF_WORKERS + i, 8);
	bool late = has(s, F_MAC) || has(s, F_ALLOC) || (has(s, F_SPOOF) && has(s, F_SLAAC));

	if (s->world.watch && s->world.watch->record_bytes) /* of several none is recorded */
		return 1;
	return n < 6 || late ? 1 : n - 4;
}

static void draw_member(struct swarm *s, u32 i)
{
	struct sim_host_config config = { .clock = draw_clock(s) };
	struct member *m = &s->member[i];
	u32 peers = 2 * (s->member_count + s->lan_count); /* by IPv4, by IPv6 */

	config.profile = has(s, F_STRICT) && pick(s, 2) ? NETHOOD_PROFILE_STRICT : NETHOOD_PROFILE_LINUX;
	config.workers = draw_workers(s, i);
	m->swarm = s;
	m->host = sim_host_create(&s->world, &config);
	m->host->work = m;
	m->lan = is_router(s, i) ? i : i % s->lan_count;
	lan_addr(m->lan, i + 1, m->addr);
	lan_addr6(m->lan, i + 1, m->addr6);
	m->nodad = has(s, F_IP6) && pick(s, 2);
	(void)sim_plug(m->host, s->lan[m->lan], NULL);
	if (is_router(s, i))
		(void)sim_plug(m->host, s->lan[m->lan + 1], NULL);
	if (has(s, F_FAILOVER) && !s->vip_owner[m->lan])
		s->vip_owner[m->lan] = m;
	m->app = (struct sim_app){ .host = m->host,
				   .ledger = &s->ledger,
				   .prefixlen = 24,
				   .ifindex = nethood_dev_ifindex(m->host->port[0].dev),
				   .speaks_ip6 = has(s, F_IP6),
				   .dual = has(s, F_IP6) && pick(s, 2),
				   .peer_count = peers,
				   .asked = calloc(peers, sizeof(u32)),
				   .answered = calloc(peers, sizeof(u32)) };
	if (!m->app.asked || !m->app.answered)
		abort();
	memcpy(m->app.addr6, m->addr6, sizeof(m->addr6));
	m->app.stream.ledger = &s->streams;
	m->tcp_options_off = draw_tcp_options(s);
	m->tcp = s->streams.any_octets
			 ? NULL
			 : tcp_witness_create(has(s, F_BUSY) || has(s, F_CARRIER) || has(s, F_LINK), has(s, F_ALLOC));
	m->slaac = has(s, F_SLAAC) && !is_router(s, i) && !is_advertiser(s, i) && pick(s, 2);
	member_prepare6(m);
	member_configure(m);
	member_start_programs(m);
	if (has(s, F_ALLOC))
		m->host->alloc_fail_ppm = 1000U * (1 + pick(s, 20));
	if (has(s, F_BUSY))
		m->host->busy_ppm = 1000U * (1 + pick(s, 300));
	m->host->slow_driver = has(s, F_BUSY);
}

static void draw_world(struct swarm *s)
{
	s->member_count = 2 + pick(s, HOSTS_MAX - 1);
	s->lan_count = 1 + pick(s, s->member_count > LANS_MAX ? LANS_MAX : 1);
	s->small_world = !pick(s, 3);
	for (u32 f = 0; f < F_COUNT; f++)
		s->features |= (pick(s, 4) >= (f == F_IP6 ? 2U : 3U) ? 1ULL : 0ULL) << f;
	s->turns_left = 10 + pick(s, 400);
	s->ledger.copies_max = has(s, F_DUP) ? UINT16_MAX : 1;
	s->ledger.any_octets = s->streams.any_octets = has(s, F_MEND) || has(s, F_GARBAGE);
	if (!has(s, F_IP6))
		s->features &= ~(1ULL << F_SLAAC | 1ULL << F_PATH | 1ULL << F_SYSCTL6 | 1ULL << F_PROXY6);
	for (u32 i = 0; i < s->lan_count; i++) {
		struct sim_faults faults = draw_faults(s);

		s->lan[i] = sim_segment_create(&s->world, pick(s, 2) ? SIM_SWITCH : SIM_HUB, &faults);
		s->lan_mtu6[i] = has(s, F_PATH) ? 1280 + pick(s, 221) : 1500;
	}
	for (u32 i = 0; i < s->member_count; i++)
		draw_member(s, i);
}

/* ------------------------------------------------------------------ the storm */

static void read_witnesses(struct swarm *s)
{
	for (u32 i = 0; i < s->member_count; i++) {
		if (s->member[i].witness)
			witness_read(s->member[i].witness);
		if (has(s, F_SLAAC) || has(s, F_SPOOF)) /* addresses come and go by themselves */
			member_learn_own6(&s->member[i]);
	}
}

static void storm_turn(struct sim_world *w, void *obj, u64 arg)
{
	struct swarm *s = obj;
	struct member *m;

	(void)arg;
	s->stream = STREAM_OF_TURNS + s->turns_left;
	m = any_member(s);
	sim_host_enter(m->host);
	swarm_deed(s, m);
	sim_host_poll(m->host);
	read_witnesses(s);
	if (--s->turns_left)
		sim_after(w, (1 + pick(s, 200)) * SIM_NSEC_PER_MSEC, 0, storm_turn, s, 0);
}

/* ------------------------------------------------------------------ the quiet after it */

/* Each asks each other one, and for the address that moves in its own LAN: with @data_bytes, which may be fragments. */
static void ask_all(struct swarm *s, u32 data_bytes)
{
	u32 six = s->member_count + s->lan_count;

	for (u32 i = 0; i < s->member_count; i++) {
		struct member *m = &s->member[i];
		struct sim_app vip = { .host = m->host };
		u8 vip6[16];

		m->app.ask_bytes = data_bytes;
		for (u32 k = 0; k < s->member_count; k++) {
			if (i != k)
				app_ask(&m->app, &s->member[k].app, k);
			if (i != k && m->app.speaks_ip6)
				app_ask6(&m->app, s->member[k].app.addr6, six + k);
		}
		lan_addr(m->lan, STATION_VIP, vip.addr);
		if (has(s, F_FAILOVER))
			app_ask(&m->app, &vip, s->member_count + m->lan);
		if (has(s, F_FAILOVER) && m->app.speaks_ip6)
			app_ask6(&m->app, lan_addr6(m->lan, STATION_VIP, vip6), six + s->member_count + m->lan);
	}
}

static void all_must_answer(struct swarm *s)
{
	for (u32 i = 0; i < s->member_count; i++) {
		const struct sim_app *app = &s->member[i].app;

		for (u32 k = 0; k < app->peer_count; k++) {
			u32 whom = k % (s->member_count + s->lan_count);

			if (app->answered[k] != app->asked[k])
				sim_broken(&s->world, "%s does not reach %s%s, %u s after the last fault",
					   s->member[i].host->name,
					   whom < s->member_count ? s->member[whom].host->name
								  : "the address that moves",
					   whom < k ? " by IPv6" : "", QUIET_S);
		}
	}
}

static bool quiet(struct swarm *s)
{
	u64 begin = s->world.now_ns;

	s->stream = SIM_STREAM_WORLD;
	sim_calm(&s->world);
	for (u32 i = 0; i < s->member_count; i++)
		member_heal(&s->member[i]);
	streams_finish(s);
	for (u32 at_s = 0; at_s <= QUIET_S; at_s += 10) {
		if (!sim_run(&s->world, begin + at_s * SIM_NSEC_PER_SEC, 0))
			return false;
		for (u32 i = 0; i < s->member_count && (at_s == 20 || at_s == 40); i++)
			member_settle(&s->member[i]);
		s->settled |= at_s == 60;
		if (at_s == 0 || at_s == 60)
			ask_all(s, 0);
		if (at_s >= QUIET_S - 60 &&
		    at_s <= QUIET_S - 40) /* router by router, the MTU of each path is found out */
			ask_all(s, 4020);
		if (at_s == QUIET_S - 10)
			ask_all(s, 0);
		if (at_s == QUIET_S)
			ask_all(s, 20 + pick(s, 4000));
		if (at_s == 60)
			streams_open_all(s);
		if (at_s == QUIET_S - 30 || at_s == QUIET_S - 10)
			streams_must_be_silent(s, at_s == QUIET_S - 30);
		read_witnesses(s);
	}
	if (!sim_run(&s->world, begin + (QUIET_S + 10) * SIM_NSEC_PER_SEC, 0))
		return false;
	all_must_answer(s);
	streams_must_have_moved(s);
	streams_must_be_whole(s);
	for (u32 i = 0; i < s->member_count; i++) {
		if (s->member[i].witness)
			witness_compare(s->member[i].witness);
		sim_host_check_workers(s->member[i].host);
	}
	return !s->world.broken[0];
}

/* ------------------------------------------------------------------ the end */

static void stop_programs(struct swarm *s)
{
	for (u32 i = 0; i < s->member_count; i++) {
		struct member *m = &s->member[i];

		stream_stop(&m->app, true);
		app_stop(&m->app);
		radv_stop(&m->radv);
		witness_destroy(m->witness);
		m->witness = NULL;
	}
}

/* With its programs gone and its links down, a host holds no packet, and its device has counted what the wire saw. */
static void the_end(struct swarm *s)
{
	stop_programs(s);
	for (u32 i = 0; i < s->member_count; i++) {
		for (u32 k = 0; k < s->member[i].host->port_count; k++)
			(void)admin_link(s->member[i].host, s->member[i].app.ifindex + (int)k, false);
		sim_host_poll(s->member[i].host);
	}
	(void)sim_run(&s->world, s->world.now_ns + END_S * SIM_NSEC_PER_SEC, 0);
	for (u32 i = 0; i < s->member_count; i++)
		sim_host_check_empty(s->member[i].host);
}

static void name_features(const struct swarm *s, char *buf, size_t room)
{
	size_t at = (size_t)snprintf(buf, room, "%u hosts, %u lans:", s->member_count, s->lan_count);

	for (u32 f = 0; f < F_COUNT && at < room; f++) {
		if (has(s, (enum feature)f))
			at += (size_t)snprintf(buf + at, room - at, " %s", feature_names[f]);
	}
}

static void tell_result(const struct swarm *s, struct swarm_result *out)
{
	for (u32 i = 0; i < s->world.segment_count; i++)
		out->frame_count += s->world.segment[i]->sent_count;
	out->event_count = s->world.event_count;
	out->datagram_count = s->ledger.count;
	out->delivered_count = s->ledger.delivered_count;
	out->stream_count = s->streams.count;
	out->whole_count = s->streams.whole_count;
	out->octet_count = s->streams.octet_count;
	out->trace_hash = s->world.trace_hash;
	out->virtual_ns = s->world.now_ns;
	out->host_count = s->member_count;
	memcpy(out->broken, s->world.broken, sizeof(out->broken));
}

static void swarm_free(struct swarm *s)
{
	stop_programs(s);
	for (u32 i = 0; i < s->member_count; i++) {
		free(s->member[i].app.asked);
		free(s->member[i].app.answered);
		stream_forget(&s->member[i].app);
		tcp_witness_destroy(s->member[i].tcp);
	}
	sim_world_end(&s->world);
	app_ledger_end(&s->ledger);
	stream_ledger_end(&s->streams);
	free(s);
}

bool swarm_run(struct choices *choices, const struct sim_watch *watch, struct swarm_result *out)
{
	struct swarm *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	memset(out, 0, sizeof(*out));
	sim_world_init(&s->world, choices, watch);
	s->world.check_every = CHECK_EVERY;
	s->world.reference = true;
	s->world.frame_wrong = member_frame_wrong;
	s->world.frame_in = member_frame_in;
	draw_world(s);
	name_features(s, out->features, sizeof(out->features)); /* now: a world that dies tells no more */
	sim_after(&s->world, 0, 0, storm_turn, s, 0);
	while (s->turns_left && sim_run(&s->world, s->world.now_ns + SIM_NSEC_PER_SEC, 0))
		;
	if (!s->world.broken[0] && quiet(s))
		the_end(s);
	tell_result(s, out);
	swarm_free(s);
	return !out->broken[0];
}
