// SPDX-License-Identifier: BSD-2-Clause
/* What happens in a storm: programs send, administrators change their minds, strangers forge.
 *
 * Reading order: the table of deeds at the end, swarm_deed().
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include "admin.h"
#include "nud_ref.h"
#include "segment.h"
#include "swarm_internal.h"

/* By which family? */
static bool by_six(struct swarm *s)
{
	return has(s, F_IP6) && pick(s, 2);
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

/* ------------------------------------------------------------------ what happens: programs */

static void do_send(struct swarm *s, struct member *m)
{
	const struct member *to = any_member(s);

	if (to == m)
		return;
	if (by_six(s))
		app_send6(&m->app, &to->app, 12 + pick(s, pick(s, 8) ? 200 : 4000));
	else
		app_send(&m->app, &to->app, 12 + pick(s, pick(s, 8) ? 200 : 4000));
}

static void do_burst(struct swarm *s, struct member *m)
{
	const struct member *to = any_member(s);
	bool six = by_six(s);

	for (u32 n = pick(s, 40); n && to != m; n--) {
		if (six)
			app_send6(&m->app, &to->app, 12 + pick(s, 1400));
		else
			app_send(&m->app, &to->app, 12 + pick(s, 1400));
	}
}

static void do_ask_vip(struct swarm *s, struct member *m)
{
	u8 addr[4], addr6[16];

	if (by_six(s))
		app_send_addr6(&m->app, lan_addr6(m->lan, STATION_VIP, addr6), 100);
	else
		app_send_addr(&m->app, lan_addr(m->lan, STATION_VIP, addr), 100);
}

static void do_scan(struct swarm *s, struct member *m)
{
	u8 addr[4], addr6[16];
	bool six = by_six(s);

	for (u32 n = 1 + pick(s, 30); n; n--) {
		if (six)
			app_send_addr6(&m->app, lan_addr6(m->lan, pick(s, 255), addr6), 100);
		else
			app_send_addr(&m->app, lan_addr(m->lan, pick(s, 255), addr), 100);
	}
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

	if (memcmp(port->old_mac, (u8[SIM_MAC_BYTES]){ 0 }, SIM_MAC_BYTES) != 0) /* frames wait with another one */
		return;
	memcpy(old, port->mac, sizeof(old));
	(void)admin_change_mac(m->host, 0, mac);
	if (memcmp(port->mac, mac, sizeof(mac)) != 0 && memcmp(port->mac, old, sizeof(old)) != 0)
		sim_broken(&s->world, "%s has a MAC that nobody gave it", m->host->name);
}

static void do_renumber(struct swarm *s, struct member *m)
{
	u8 addr[4], addr6[16];

	if (m->host->forwards)
		return;
	lan_addr(m->lan, STATION_MOVED + pick(s, 3) * HOSTS_MAX + m->host->id, addr);
	(void)admin_addr(m->host, false, m->app.ifindex, m->app.addr, 24);
	if (!admin_addr(m->host, true, m->app.ifindex, addr, 24))
		memcpy(m->app.addr, addr, sizeof(addr));
	if (!has(s, F_IP6) || m->slaac)
		return;
	lan_addr6(m->lan, addr[3], addr6);
	(void)admin_addr6(m->host, false, m->app.ifindex, m->app.addr6, 64, 0);
	if (!admin_addr6(m->host, true, m->app.ifindex, addr6, 64, 0))
		memcpy(m->app.addr6, addr6, sizeof(addr6));
	member_learn_own6(m);
}

/* Two administrators give the same address away, each to a host of his; and somebody wants to talk with it. */
static void do_twice6(struct swarm *s, struct member *m)
{
	u32 station = STATION_TWICE + pick(s, STATION_TWICE_COUNT), what = pick(s, 7);
	u8 addr[16];

	if (what < 2)
		app_send_addr6(&m->app, lan_addr6(m->lan, station, addr), 100);
	else
		member_give_twice6(m, station, what > 2, what > 4 ? IFA_F_NODAD : 0);
}

/* Who takes over says so, or does not: then the others have to find out. */
static void do_failover(struct swarm *s, struct member *m)
{
	struct sim_port *port = &m->host->port[0];
	u8 frame[FORGED_ARP_BYTES], addr[4];

	member_take_vip(m);
	member_learn_own6(m);
	if (!pick(s, 2))
		return;
	lan_addr(m->lan, STATION_VIP, addr);
	segment_forge_arp(
		frame, &(struct forged_arp){ .from = port->mac, .op = 2, .sip = addr, .tip = addr, .tha = port->mac });
	segment_inject(port->segment, port, frame, sizeof(frame));
}

/* The machine slept, and its clock went on. */
static void do_jump(struct swarm *s, struct member *m)
{
	sim_host_jump(m->host, (1ULL << pick(s, 13)) * SIM_NSEC_PER_SEC);
}

static void do_reboot(struct swarm *s, struct member *m)
{
	(void)s;
	app_stop(&m->app);
	radv_stop(&m->radv);
	witness_destroy(m->witness);
	m->witness = NULL;
	sim_host_reboot(m->host);
	if (m->tcp)
		tcp_witness_forget(m->tcp);
	m->app.ifindex = nethood_dev_ifindex(m->host->port[0].dev);
	member_prepare6(m);
	member_configure(m);
	member_start_programs(m);
}

static void do_neigh(struct swarm *s, struct member *m)
{
	static const u16 states[] = { NUD_REACHABLE, NUD_STALE, NUD_PERMANENT, NUD_DELAY,     NUD_PROBE,
				      NUD_FAILED,    NUD_NOARP, NUD_NONE,      NUD_INCOMPLETE };
	static const u8 flags[] = { 0, NTF_USE, NTF_EXT_LEARNED, NTF_ROUTER };
	u8 addr[4], addr6[16], mac[SIM_MAC_BYTES];
	u16 type = pick(s, 4) == 3 ? RTM_DELNEIGH : RTM_NEWNEIGH;
	const u8 *lladdr = pick(s, 4) ? any_mac(s, mac) : NULL;
	u16 nlflags = pick(s, 2) ? NLM_F_CREATE | NLM_F_REPLACE : NLM_F_CREATE;
	u16 state = states[pick(s, ARRAY_SIZE(states))];
	u8 ndm_flags = flags[pick(s, ARRAY_SIZE(flags))];
	struct admin_state before, after;
	int err;

	admin_state(m->host, &before);
	if (by_six(s))
		err = admin_neigh6(m->host, type, nlflags, m->app.ifindex, any_addr6(s, m, addr6), lladdr, state,
				   ndm_flags);
	else
		err = admin_neigh(m->host, type, nlflags, m->app.ifindex, any_addr(s, m, addr), lladdr, state,
				  ndm_flags);
	if (!err || err == -EIO) /* done, or nobody had the memory to say */
		return;
	admin_state(m->host, &after);
	/* who was let in, and then had no memory, may have pushed somebody out */
	if (!admin_state_is(&after, &before, err == -ENOBUFS || err == -ENOMEM))
		sim_broken(&s->world, "%s: a request about a neighbour was refused with %s, and changed something",
			   m->host->name, strerrorname_np(-err));
}

static void do_doubt(struct swarm *s, struct member *m)
{
	u8 addr[4], addr6[16];

	if (by_six(s))
		(void)nethood_neigh_doubt(m->host->net, NULL, AF_INET6, any_addr6(s, m, addr6));
	else
		(void)nethood_neigh_doubt(m->host->net, NULL, AF_INET, any_addr(s, m, addr));
}

/* A program says that it hears from somebody: its next hop is alive. */
static void do_vouch(struct swarm *s, struct member *m)
{
	const struct member *other = any_member(s);

	if (other == m)
		return;
	if (m->host->nud)
		nud_ref_confirmed(m->host->nud, sim_host_now(m->host));
	app_vouch(&m->app, &other->app, by_six(s));
}

/* It answers for a neighbour, or does so no more. */
static void do_proxy6(struct swarm *s, struct member *m)
{
	u8 addr[16];
	bool add = pick(s, 2);

	member_sysctl(m, "net.ipv6.conf.eth0.proxy_ndp", pick(s, 4) ? "1" : "0");
	lan_addr6(m->lan, pick(s, 2) ? 1 + pick(s, s->member_count) : 100 + pick(s, 100), addr);
	(void)admin_neigh6(m->host, add ? RTM_NEWNEIGH : RTM_DELNEIGH, add ? NLM_F_CREATE : 0, m->app.ifindex, addr,
			   NULL, NUD_NONE, NTF_PROXY);
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
	u8 frame[FORGED_ARP_BYTES], mac[SIM_MAC_BYTES], sip[4], tip[4];
	const u8 *own = m->host->port[0].mac;
	struct forged_arp arp = { .from = mac, .sip = sip, .tip = tip };

	any_mac(s, mac);
	any_addr(s, m, sip);
	any_addr(s, m, tip);
	if (!pick(s, 4))
		memcpy(tip, sip, sizeof(tip)); /* a gratuitous one */
	arp.to = pick(s, 2) ? own : NULL;
	arp.op = (u8)(1 + pick(s, 2));
	arp.tha = pick(s, 2) ? own : mac;
	segment_forge_arp(frame, &arp);
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
	{ do_send, -1, 40 },
	{ do_burst, -1, 4 },
	{ do_scan, F_SCAN, 4 },
	{ do_partition, F_PARTITION, 6 },
	{ do_carrier, F_CARRIER, 6 },
	{ do_link, F_LINK, 6 },
	{ do_mac, F_MAC, 4 },
	{ do_renumber, F_RENUMBER, 4 },
	{ do_failover, F_FAILOVER, 4 },
	{ do_ask_vip, F_FAILOVER, 10 },
	{ do_reboot, F_REBOOT, 2 },
	{ do_neigh, F_NEIGH, 20 },
	{ do_neigh_sysctl, F_SYSCTL, 10 },
	{ do_spoof, F_SPOOF, 30 },
	{ do_garbage, F_GARBAGE, 20 },
	{ do_mtu, F_MTU, 4 },
	{ do_jump, F_JUMP, 2 },
	{ do_doubt, F_NEIGH, 6 },
	{ do_vouch, F_NEIGH, 10 },
	{ do_stream, -1, 12 },
	{ do_churn, F_CHURN, 4 },
	{ do_knock, F_CHURN, 4 },
	{ do_kill, F_KILL, 3 },
	{ do_tcp_sysctl, F_TCP, 20 },
	{ do_forge6, F_SPOOF, 60 },
	{ do_sysctl6, F_SYSCTL6, 15 },
	{ do_proxy6, F_PROXY6, 6 },
	{ do_twice6, F_IP6, 8 },
};

static bool may_happen(const struct swarm *s, const struct deed *d)
{
	return d->feature < 0 || has(s, (enum feature)d->feature);
}

void swarm_deed(struct swarm *s, struct member *m)
{
	const struct deed *d = deeds;
	u32 total = 0, at;

	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++)
		total += may_happen(s, &deeds[i]) ? deeds[i].weight : 0;
	for (at = pick(s, total); !may_happen(s, d) || at >= d->weight; d++)
		at -= may_happen(s, d) ? d->weight : 0;
	d->fn(s, m);
}
