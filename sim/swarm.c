// SPDX-License-Identifier: BSD-2-Clause
/* Worlds drawn at random.
 *
 * Reading order: swarm_run(), draw_world(), storm_turn() with the table of deeds, heal(), quiet().
 */
#include "swarm.h"

#include <assert.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "app.h"
#include "segment.h"
#include "witness.h"

#define HOSTS_MAX 8U
#define LANS_MAX 2U
#define QUIET_S 130U   /* of the second phase: an entry that is wrong and REACHABLE is found out in less */
#define CHECK_EVERY 1U /* events */

/* What may happen in a world; each world has some of these. */
enum feature {
	F_LOSS,
	F_BURST,
	F_DUP,
	F_CORRUPT,
	F_MEND,
	F_TRUNCATE,
	F_JITTER,
	F_RATE,
	F_HOLE,
	F_PARTITION,
	F_CARRIER,
	F_LINK,
	F_MAC,
	F_RENUMBER,
	F_REBOOT,
	F_NEIGH,
	F_SYSCTL,
	F_SPOOF,
	F_GARBAGE,
	F_SCAN,
	F_MTU,
	F_ALLOC,
	F_CLOCK,
	F_STRICT,
	F_COUNT
};

static const char *const feature_names[F_COUNT] = {
	[F_LOSS] = "loss",     [F_BURST] = "burst",         [F_DUP] = "dup",         [F_CORRUPT] = "corrupt",
	[F_MEND] = "mend",     [F_TRUNCATE] = "truncate",   [F_JITTER] = "jitter",   [F_RATE] = "rate",
	[F_HOLE] = "hole",     [F_PARTITION] = "partition", [F_CARRIER] = "carrier", [F_LINK] = "link",
	[F_MAC] = "mac",       [F_RENUMBER] = "renumber",   [F_REBOOT] = "reboot",   [F_NEIGH] = "neigh",
	[F_SYSCTL] = "sysctl", [F_SPOOF] = "spoof",         [F_GARBAGE] = "garbage", [F_SCAN] = "scan",
	[F_MTU] = "mtu",       [F_ALLOC] = "alloc",         [F_CLOCK] = "clock",     [F_STRICT] = "strict",
};

/** struct member - one host of a swarm, and what runs on it */
struct member {
	struct swarm *swarm;
	struct sim_host *host;
	struct sim_app app;
	struct witness *witness;
	u32 lan;
	u8 addr[4]; /**< the one that it has when all is well */
};

struct swarm {
	struct sim_world world;
	struct app_ledger ledger;
	struct member member[HOSTS_MAX];
	u32 member_count, lan_count;
	struct sim_segment *lan[LANS_MAX];
	u32 features;
	u32 turns_left;   /**< of the storm */
	bool small_world; /**< sysctls in milliseconds: many lives of an entry in little time */
};

static u32 pick(struct swarm *s, u32 n)
{
	return choose(s->world.choices, SIM_STREAM_WORLD, n);
}

static bool has(const struct swarm *s, enum feature f)
{
	return s->features >> f & 1;
}

static struct member *any_member(struct swarm *s)
{
	return &s->member[pick(s, s->member_count)];
}

static const u8 *lan_addr(u32 lan, u32 station, u8 out[static 4])
{
	memcpy(out, (const u8[]){ 10, (u8)(77 + lan), 0, (u8)station }, 4);
	return out;
}

/* Somebody's address, or nobody's, in the LAN of @m. */
static const u8 *any_addr(struct swarm *s, const struct member *m, u8 out[static 4])
{
	return lan_addr(m->lan, pick(s, 4) ? 1 + pick(s, s->member_count) : 100 + pick(s, 100), out);
}

static const u8 *any_mac(struct swarm *s, u8 out[static SIM_MAC_BYTES])
{
	const struct member *m = any_member(s);

	if (pick(s, 2))
		memcpy(out, (const u8[]){ 2, 0xee, 0, 0, 0, (u8)pick(s, 4) }, SIM_MAC_BYTES);
	else
		memcpy(out, m->host->port[0].mac, SIM_MAC_BYTES);
	return out;
}

/* ------------------------------------------------------------------ setting up */

static struct sim_faults draw_faults(struct swarm *s)
{
	return (struct sim_faults){
		.loss_ppm = has(s, F_LOSS) ? 1000U * (1 + pick(s, 400)) : 0,
		.burst_ppm = has(s, F_BURST) ? 1000U * (1 + pick(s, 20)) : 0,
		.burst_frames = 20,
		.dup_ppm = has(s, F_DUP) ? 1000U * (1 + pick(s, 200)) : 0,
		.corrupt_ppm = has(s, F_CORRUPT) ? 1000U * (1 + pick(s, 100)) : 0,
		.mend_ppm = has(s, F_MEND) ? 500000 : 0,
		.truncate_ppm = has(s, F_TRUNCATE) ? 1000U * (1 + pick(s, 50)) : 0,
		.delay_us = pick(s, 3) * 500,
		.jitter_us = has(s, F_JITTER) ? 1 + pick(s, 20000) : 0,
		.rate_bps = has(s, F_RATE) ? 1000000ULL * (1 + pick(s, 100)) : 0,
		.queue_bytes = 20000,
		.hole_bytes = has(s, F_HOLE) ? 300 + pick(s, 1200) : 0,
	};
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
		1ULL << 62,
	};

	if (!has(s, F_CLOCK))
		return (struct sim_clock){ .offset_ns = SIM_NSEC_PER_SEC };
	return (struct sim_clock){ .offset_ns = starts_ns[pick(s, ARRAY_SIZE(starts_ns))],
				   .drift_ppb = (s32)pick(s, 400000) - 200000 };
}

static void set(struct member *m, const char *key, const char *value)
{
	(void)nethood_sysctl_set(m->host->net, key, value);
}

static void set_default_sysctls(struct member *m)
{
	bool small = m->swarm->small_world;

	set(m, "net.ipv4.neigh.default.base_reachable_time_ms", small ? "2000" : "30000");
	set(m, "net.ipv4.neigh.eth0.base_reachable_time_ms", small ? "2000" : "30000");
	set(m, "net.ipv4.neigh.eth0.retrans_time_ms", small ? "100" : "1000");
	set(m, "net.ipv4.neigh.eth0.delay_first_probe_time", small ? "1" : "5");
	set(m, "net.ipv4.neigh.eth0.gc_stale_time", small ? "3" : "60");
	set(m, "net.ipv4.neigh.eth0.mcast_solicit", "3");
	set(m, "net.ipv4.neigh.eth0.ucast_solicit", "3");
	set(m, "net.ipv4.neigh.eth0.app_solicit", "0");
	set(m, "net.ipv4.neigh.eth0.mcast_resolicit", "0");
	set(m, "net.ipv4.neigh.eth0.unres_qlen_bytes", "212992");
	set(m, "net.ipv4.neigh.eth0.locktime", "100");
	set(m, "net.ipv4.neigh.default.gc_thresh1", "128");
	set(m, "net.ipv4.neigh.default.gc_thresh2", "512");
	set(m, "net.ipv4.neigh.default.gc_thresh3", "1024");
	set(m, "net.ipv4.conf.all.arp_ignore", "0");
	set(m, "net.ipv4.conf.all.arp_filter", "0");
	set(m, "net.ipv4.conf.all.arp_announce", "0");
	set(m, "net.ipv4.conf.all.arp_accept", "0");
	set(m, "net.ipv4.conf.all.arp_notify", "1");
	set(m, "net.ipv4.conf.all.proxy_arp", "0");
	set(m, "net.ipv4.conf.all.drop_gratuitous_arp", "0");
	set(m, "net.ipv4.conf.all.rp_filter", "0");
}

/* The first host joins the LANs, if there are two: a router. */
static bool is_router(const struct member *m)
{
	return m->swarm->lan_count > 1 && m == &m->swarm->member[0];
}

/* When all is well, an administrator's request is carried out, or was already. */
static void expect(struct member *m, const char *what, int err)
{
	if (err && err != -EEXIST && m->swarm->world.calm)
		sim_broken(&m->swarm->world, "%s: %s: refused with %s", m->host->name, what, strerrorname_np(-err));
}

static void configure(struct member *m)
{
	u8 any[4] = { 0 }, addr[4];
	int err;

	set_default_sysctls(m);
	expect(m, "loopback up", admin_link(m->host, 1, true));
	expect(m, "link up", admin_link(m->host, m->app.ifindex, true));
	err = admin_addr(m->host, true, m->app.ifindex, m->addr, 24);
	expect(m, "address", err);
	memcpy(m->app.addr, m->addr, sizeof(m->addr));
	if (is_router(m)) {
		m->host->forwards = true;
		set(m, "net.ipv4.ip_forward", "1");
		expect(m, "second link up", admin_link(m->host, m->app.ifindex + 1, true));
		expect(m, "second address", admin_addr(m->host, true, m->app.ifindex + 1, lan_addr(1, 1, addr), 24));
	} else if (m->swarm->lan_count > 1) {
		err = admin_route(m->host, true, any, 0, lan_addr(m->lan, 1, addr), m->app.ifindex);
		if (!has(m->swarm,
			 F_STRICT)) /* in strict, the address may still be probed for: then there is no way yet */
			expect(m, "route", err);
	}
	sim_host_poll(m->host);
}

static void start_programs(struct member *m)
{
	app_stop(&m->app);
	(void)app_start(&m->app);
	if (!m->witness)
		m->witness = witness_create(m->host);
}

static void draw_member(struct swarm *s, u32 i)
{
	const struct sim_host_config config = { .clock = draw_clock(s),
						.profile = has(s, F_STRICT) ? NETHOOD_PROFILE_STRICT
									    : NETHOOD_PROFILE_LINUX };
	struct member *m = &s->member[i];

	m->swarm = s;
	m->host = sim_host_create(&s->world, &config);
	m->lan = i ? i % s->lan_count : 0;
	lan_addr(m->lan, i + 1, m->addr);
	(void)sim_plug(m->host, s->lan[m->lan], NULL);
	if (is_router(m))
		(void)sim_plug(m->host, s->lan[1], NULL);
	m->app = (struct sim_app){ .host = m->host,
				   .ledger = &s->ledger,
				   .prefixlen = 24,
				   .ifindex = nethood_dev_ifindex(m->host->port[0].dev),
				   .peer_count = s->member_count,
				   .asked = calloc(s->member_count, sizeof(u32)),
				   .answered = calloc(s->member_count, sizeof(u32)) };
	if (!m->app.asked || !m->app.answered)
		abort();
	configure(m);
	start_programs(m);
	if (has(s, F_ALLOC))
		m->host->alloc_fail_ppm = 1000U * (1 + pick(s, 20));
}

static void draw_world(struct swarm *s)
{
	s->member_count = 2 + pick(s, HOSTS_MAX - 1);
	s->lan_count = s->member_count > 2 ? 1 + pick(s, LANS_MAX) : 1;
	s->small_world = !pick(s, 3);
	for (u32 f = 0; f < F_COUNT; f++)
		s->features |= (pick(s, 4) == 3 ? 1U : 0U) << f;
	s->turns_left = 10 + pick(s, 400);
	s->ledger.copies_max = has(s, F_DUP) ? UINT16_MAX : 1;
	s->ledger.any_octets = has(s, F_MEND) || has(s, F_GARBAGE);
	for (u32 i = 0; i < s->lan_count; i++) {
		struct sim_faults faults = draw_faults(s);

		s->lan[i] = sim_segment_create(&s->world, pick(s, 2) ? SIM_SWITCH : SIM_HUB, &faults);
	}
	for (u32 i = 0; i < s->member_count; i++)
		draw_member(s, i);
}

/* ------------------------------------------------------------------ what happens: programs */

static void do_send(struct swarm *s, struct member *m)
{
	const struct member *to = any_member(s);

	if (to != m)
		app_send(&m->app, &to->app, 12 + pick(s, pick(s, 8) ? 200 : 4000));
}

static void do_burst(struct swarm *s, struct member *m)
{
	const struct member *to = any_member(s);

	for (u32 n = pick(s, 40); n && to != m; n--)
		app_send(&m->app, &to->app, 12 + pick(s, 1400));
}

static void do_scan(struct swarm *s, struct member *m)
{
	u8 addr[4];

	for (u32 n = 1 + pick(s, 30); n; n--)
		app_send_addr(&m->app, lan_addr(m->lan, pick(s, 255), addr), 100);
}

/* ------------------------------------------------------------------ what happens: administrators */

static void do_partition(struct swarm *s, struct member *m)
{
	struct sim_port *port = &m->host->port[0];

	port->deaf = pick(s, 2);
	port->mute = pick(s, 2);
}

static void do_carrier(struct swarm *s, struct member *m)
{
	sim_set_plugged(&m->host->port[0], pick(s, 2));
}

static void do_link(struct swarm *s, struct member *m)
{
	(void)admin_link(m->host, m->app.ifindex, pick(s, 2));
}

static void do_mac(struct swarm *s, struct member *m)
{
	struct sim_port *port = &m->host->port[0];
	u8 mac[SIM_MAC_BYTES] = { 2, 0xaa, 0, (u8)m->host->id, 0, (u8)pick(s, 8) };
	u8 old[SIM_MAC_BYTES];

	memcpy(old, port->mac, sizeof(old));
	memcpy(port->mac, mac, sizeof(mac)); /* its announcement already leaves with it */
	(void)admin_mac(m->host, m->app.ifindex, mac);
	admin_get_mac(m->host, 0, port->mac); /* without memory for an answer, nobody says whether it was done */
	if (memcmp(port->mac, mac, sizeof(mac)) != 0 && memcmp(port->mac, old, sizeof(old)) != 0)
		sim_broken(&s->world, "%s has a MAC that nobody gave it", m->host->name);
}

static void do_renumber(struct swarm *s, struct member *m)
{
	u8 addr[4];

	if (is_router(m))
		return;
	lan_addr(m->lan, 200 + pick(s, 3) * HOSTS_MAX + m->host->id, addr);
	(void)admin_addr(m->host, false, m->app.ifindex, m->app.addr, 24);
	if (!admin_addr(m->host, true, m->app.ifindex, addr, 24))
		memcpy(m->app.addr, addr, sizeof(addr));
}

static void do_reboot(struct swarm *s, struct member *m)
{
	(void)s;
	app_stop(&m->app);
	witness_destroy(m->witness);
	m->witness = NULL;
	sim_host_reboot(m->host);
	m->app.ifindex = nethood_dev_ifindex(m->host->port[0].dev);
	configure(m);
	start_programs(m);
}

static void do_neigh(struct swarm *s, struct member *m)
{
	static const u16 states[] = { NUD_REACHABLE, NUD_STALE, NUD_PERMANENT, NUD_DELAY,     NUD_PROBE,
				      NUD_FAILED,    NUD_NOARP, NUD_NONE,      NUD_INCOMPLETE };
	static const u8 flags[] = { 0, NTF_USE, NTF_EXT_LEARNED, NTF_ROUTER };
	u8 addr[4], mac[SIM_MAC_BYTES];
	u16 type = pick(s, 4) == 3 ? RTM_DELNEIGH : RTM_NEWNEIGH;

	(void)admin_neigh(m->host, type, pick(s, 2) ? NLM_F_CREATE | NLM_F_REPLACE : NLM_F_CREATE, m->app.ifindex,
			  any_addr(s, m, addr), pick(s, 4) ? any_mac(s, mac) : NULL,
			  states[pick(s, ARRAY_SIZE(states))], flags[pick(s, ARRAY_SIZE(flags))]);
}

static void do_sysctl(struct swarm *s, struct member *m)
{
	static const struct {
		const char *key;
		const char *values[4];
	} rows[] = {
		{ "net.ipv4.neigh.eth0.base_reachable_time_ms", { "1", "500", "5000", "40000" } },
		{ "net.ipv4.neigh.eth0.retrans_time_ms", { "1", "10", "300", "1000" } },
		{ "net.ipv4.neigh.eth0.delay_first_probe_time", { "0", "1", "2", "5" } },
		{ "net.ipv4.neigh.eth0.gc_stale_time", { "0", "1", "5", "60" } },
		{ "net.ipv4.neigh.eth0.mcast_solicit", { "0", "1", "3", "10" } },
		{ "net.ipv4.neigh.eth0.ucast_solicit", { "0", "1", "3", "10" } },
		{ "net.ipv4.neigh.eth0.app_solicit", { "0", "1", "2", "3" } },
		{ "net.ipv4.neigh.eth0.mcast_resolicit", { "0", "1", "2", "3" } },
		{ "net.ipv4.neigh.eth0.unres_qlen_bytes", { "0", "1000", "5000", "212992" } },
		{ "net.ipv4.neigh.eth0.locktime", { "0", "1", "100", "1000" } },
		{ "net.ipv4.neigh.default.gc_thresh1", { "0", "1", "4", "128" } },
		{ "net.ipv4.neigh.default.gc_thresh2", { "0", "2", "8", "512" } },
		{ "net.ipv4.neigh.default.gc_thresh3", { "1", "4", "16", "1024" } },
		{ "net.ipv4.conf.all.arp_ignore", { "0", "1", "2", "8" } },
		{ "net.ipv4.conf.all.arp_filter", { "0", "1", "0", "1" } },
		{ "net.ipv4.conf.all.arp_announce", { "0", "1", "2", "0" } },
		{ "net.ipv4.conf.all.arp_accept", { "0", "1", "2", "0" } },
		{ "net.ipv4.conf.all.proxy_arp", { "0", "1", "0", "1" } },
		{ "net.ipv4.conf.all.drop_gratuitous_arp", { "0", "1", "0", "1" } },
		{ "net.ipv4.conf.all.rp_filter", { "0", "1", "2", "0" } },
	};
	u32 row = pick(s, ARRAY_SIZE(rows));

	set(m, rows[row].key, rows[row].values[pick(s, 4)]);
}

static void do_mtu(struct swarm *s, struct member *m)
{
	(void)admin_mtu(m->host, m->app.ifindex, 576 + pick(s, 925));
}

/* ------------------------------------------------------------------ what happens: strangers */

static void forge(struct swarm *s, struct member *near, const u8 *data, u32 len_bytes)
{
	(void)s;
	segment_inject(near->host->port[0].segment, NULL, data, len_bytes);
}

static void do_spoof(struct swarm *s, struct member *m)
{
	u8 frame[60] = { 0 }, mac[SIM_MAC_BYTES], sip[4], tip[4];

	any_mac(s, mac);
	any_addr(s, m, sip);
	any_addr(s, m, tip);
	if (!pick(s, 4))
		memcpy(tip, sip, sizeof(tip)); /* a gratuitous one */
	memset(frame, 0xff, 6);
	if (pick(s, 2))
		memcpy(frame, m->host->port[0].mac, 6);
	memcpy(frame + 6, mac, 6);
	memcpy(frame + 12, (const u8[]){ 8, 6, 0, 1, 8, 0, 6, 4, 0, (u8)(1 + pick(s, 2)) }, 10);
	memcpy(frame + 22, mac, 6);
	memcpy(frame + 28, sip, 4);
	memcpy(frame + 32, pick(s, 2) ? m->host->port[0].mac : mac, 6);
	memcpy(frame + 38, tip, 4);
	forge(s, m, frame, sizeof(frame));
}

static void do_garbage(struct swarm *s, struct member *m)
{
	static const u8 types[][2] = { { 8, 0 }, { 8, 6 }, { 0x86, 0xdd }, { 0x81, 0 }, { 0, 60 } };
	u8 frame[1514];
	u32 len_bytes = 14 + pick(s, pick(s, 4) ? 80 : 1500);

	for (u32 i = 0; i < len_bytes; i += 4) {
		u32 word = pick(s, UINT32_MAX);

		memcpy(frame + i, &word, i + 4 <= sizeof(frame) ? 4 : sizeof(frame) - i);
	}
	memset(frame, 0xff, 6);
	if (pick(s, 2))
		memcpy(frame, m->host->port[0].mac, 6);
	memcpy(frame + 12, types[pick(s, ARRAY_SIZE(types))], 2);
	if (len_bytes > 34 && pick(s, 4))
		frame[14] = 0x45;
	if (len_bytes > 34 && pick(s, 2))
		memcpy(frame + 30, m->app.addr, 4);
	forge(s, m, frame, len_bytes);
}

/* ------------------------------------------------------------------ the storm */

static const struct deed {
	void (*fn)(struct swarm *s, struct member *m);
	int feature; /**< -1: in every world */
	u32 weight;
} deeds[] = {
	{ do_send, -1, 40 },           { do_burst, -1, 4 },
	{ do_scan, F_SCAN, 4 },        { do_partition, F_PARTITION, 6 },
	{ do_carrier, F_CARRIER, 6 },  { do_link, F_LINK, 6 },
	{ do_mac, F_MAC, 4 },          { do_renumber, F_RENUMBER, 4 },
	{ do_reboot, F_REBOOT, 2 },    { do_neigh, F_NEIGH, 20 },
	{ do_sysctl, F_SYSCTL, 10 },   { do_spoof, F_SPOOF, 30 },
	{ do_garbage, F_GARBAGE, 20 }, { do_mtu, F_MTU, 4 },
};

static const struct deed *draw_deed(struct swarm *s)
{
	u32 total = 0, at;

	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++)
		total += deeds[i].feature < 0 || has(s, (enum feature)deeds[i].feature) ? deeds[i].weight : 0;
	at = pick(s, total);
	for (size_t i = 0;; i++) {
		if (deeds[i].feature >= 0 && !has(s, (enum feature)deeds[i].feature))
			continue;
		if (at < deeds[i].weight)
			return &deeds[i];
		at -= deeds[i].weight;
	}
}

static void read_witnesses(struct swarm *s)
{
	for (u32 i = 0; i < s->member_count; i++) {
		if (s->member[i].witness)
			witness_read(s->member[i].witness);
	}
}

static void storm_turn(struct sim_world *w, void *obj, u64 arg)
{
	struct swarm *s = obj;
	struct member *m = any_member(s);

	(void)arg;
	sim_host_enter(m->host);
	draw_deed(s)->fn(s, m);
	sim_host_poll(m->host);
	read_witnesses(s);
	if (--s->turns_left)
		sim_after(w, (1 + pick(s, 200)) * SIM_NSEC_PER_MSEC, 0, storm_turn, s, 0);
}

/* ------------------------------------------------------------------ the quiet after it */

/* What an administrator has set stays until an administrator unsets it. */
static void unset_neighbours(struct swarm *s, struct member *m)
{
	u8 addr[4];

	for (u32 station = 1; station < 200; station++) {
		if (station <= s->member_count || station >= 100)
			(void)admin_neigh(m->host, RTM_DELNEIGH, 0, m->app.ifindex, lan_addr(m->lan, station, addr),
					  NULL, 0, 0);
	}
}

/* Also those that were set without memory for an answer. */
static void remove_other_addresses(const struct swarm *s, struct member *m)
{
	u8 addr[4];

	for (u32 i = 0; i < 3 && has(s, F_RENUMBER); i++)
		(void)admin_addr(m->host, false, m->app.ifindex,
				 lan_addr(m->lan, 200 + i * HOSTS_MAX + m->host->id, addr), 24);
}

static void heal(struct swarm *s)
{
	sim_calm(&s->world);
	for (u32 i = 0; i < s->member_count; i++) {
		struct member *m = &s->member[i];

		sim_host_enter(m->host);
		(void)admin_mtu(m->host, m->app.ifindex, 1500);
		remove_other_addresses(s, m);
		if (has(s, F_ALLOC)) /* without memory when its link came up, its route was not made: as in Linux */
			(void)admin_addr(m->host, false, m->app.ifindex, m->addr, 24);
		configure(m);
		if (has(s, F_NEIGH))
			unset_neighbours(s, m);
		if (!m->app.probe_sock || !m->app.echo_sock || !m->app.ledger_sock)
			start_programs(m);
	}
}

static void ask_all(struct swarm *s)
{
	for (u32 i = 0; i < s->member_count; i++) {
		for (u32 k = 0; k < s->member_count; k++) {
			if (i != k)
				app_ask(&s->member[i].app, &s->member[k].app, k);
		}
	}
}

static void all_must_answer(struct swarm *s)
{
	for (u32 i = 0; i < s->member_count; i++) {
		const struct sim_app *app = &s->member[i].app;

		for (u32 k = 0; k < s->member_count; k++) {
			if (app->answered[k] != app->asked[k])
				sim_broken(&s->world, "%s does not reach %s, %u s after the last fault",
					   s->member[i].host->name, s->member[k].host->name, QUIET_S);
		}
	}
}

static bool quiet(struct swarm *s)
{
	u64 begin = s->world.now_ns;

	heal(s);
	for (u32 at_s = 0; at_s <= QUIET_S; at_s += 10) {
		if (!sim_run(&s->world, begin + at_s * SIM_NSEC_PER_SEC, 0))
			return false;
		for (u32 i = 0; i < s->member_count && (at_s == 20 || at_s == 40); i++)
			configure(
				&s->member
					 [i]); /* in strict, an address can be used after its probes; then its routes */
		if (at_s == 0 || at_s == 60 || at_s >= QUIET_S - 10)
			ask_all(s);
		read_witnesses(s);
	}
	if (!sim_run(&s->world, begin + (QUIET_S + 10) * SIM_NSEC_PER_SEC, 0))
		return false;
	all_must_answer(s);
	for (u32 i = 0; i < s->member_count; i++) {
		if (s->member[i].witness)
			witness_compare(s->member[i].witness);
	}
	return !s->world.broken[0];
}

/* ------------------------------------------------------------------ a world, from its beginning to its end */

static void name_features(const struct swarm *s, char *buf, size_t room)
{
	size_t at = (size_t)snprintf(buf, room, "%u hosts, %u lans:", s->member_count, s->lan_count);

	for (u32 f = 0; f < F_COUNT && at < room; f++) {
		if (has(s, (enum feature)f))
			at += (size_t)snprintf(buf + at, room - at, " %s", feature_names[f]);
	}
}

static void swarm_end(struct swarm *s, struct swarm_result *out)
{
	for (u32 i = 0; i < s->world.segment_count; i++)
		out->frame_count += s->world.segment[i]->sent_count;
	*out = (struct swarm_result){ .event_count = s->world.event_count,
				      .frame_count = out->frame_count,
				      .datagram_count = s->ledger.count,
				      .delivered_count = s->ledger.delivered_count,
				      .trace_hash = s->world.trace_hash,
				      .virtual_ns = s->world.now_ns,
				      .host_count = s->member_count };
	name_features(s, out->features, sizeof(out->features));
	memcpy(out->broken, s->world.broken, sizeof(out->broken));
	for (u32 i = 0; i < s->member_count; i++) {
		app_stop(&s->member[i].app);
		witness_destroy(s->member[i].witness);
		free(s->member[i].app.asked);
		free(s->member[i].app.answered);
	}
	sim_world_end(&s->world);
	app_ledger_end(&s->ledger);
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
	draw_world(s);
	sim_after(&s->world, 0, 0, storm_turn, s, 0);
	while (s->turns_left && sim_run(&s->world, s->world.now_ns + SIM_NSEC_PER_SEC, 0))
		;
	if (!s->world.broken[0])
		(void)quiet(s);
	swarm_end(s, out);
	return !out->broken[0];
}
