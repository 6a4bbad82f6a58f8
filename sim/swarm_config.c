// SPDX-License-Identifier: BSD-2-Clause
/* Hosts of a swarm as their administrator wants them. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include "admin.h"
#include "swarm_internal.h"

#define PREFIXLEN 24
#define ETH_BYTES 14U
#define ETH_MTU_BYTES 1500U

u32 member_number(const struct member *m)
{
	return (u32)(m - m->swarm->member);
}

void member_sysctl(struct member *m, const char *key, const char *value)
{
	(void)nethood_sysctl_set(m->host->net, key, value);
}

static void set_default_sysctls(struct member *m)
{
	bool small = m->swarm->small_world;

	member_sysctl(m, "net.ipv4.neigh.default.base_reachable_time_ms", small ? "2000" : "30000");
	member_sysctl(m, "net.ipv4.neigh.eth0.base_reachable_time_ms", small ? "2000" : "30000");
	member_sysctl(m, "net.ipv4.neigh.eth0.retrans_time_ms", small ? "100" : "1000");
	member_sysctl(m, "net.ipv4.neigh.eth0.delay_first_probe_time", small ? "1" : "5");
	member_sysctl(m, "net.ipv4.neigh.eth0.gc_stale_time", small ? "3" : "60");
	member_sysctl(m, "net.ipv4.neigh.eth0.mcast_solicit", "3");
	member_sysctl(m, "net.ipv4.neigh.eth0.ucast_solicit", "3");
	member_sysctl(m, "net.ipv4.neigh.eth0.app_solicit", "0");
	member_sysctl(m, "net.ipv4.neigh.eth0.mcast_resolicit", "0");
	member_sysctl(m, "net.ipv4.neigh.eth0.unres_qlen_bytes", "212992");
	member_sysctl(m, "net.ipv4.neigh.eth0.locktime", "100");
	member_sysctl(m, "net.ipv4.neigh.default.gc_thresh1", "128");
	member_sysctl(m, "net.ipv4.neigh.default.gc_thresh2", "512");
	member_sysctl(m, "net.ipv4.neigh.default.gc_thresh3", "1024");
	member_sysctl(m, "net.ipv4.conf.all.arp_ignore", "0");
	member_sysctl(m, "net.ipv4.conf.all.arp_filter", "0");
	member_sysctl(m, "net.ipv4.conf.all.arp_announce", "0");
	member_sysctl(m, "net.ipv4.conf.all.arp_accept", "0");
	member_sysctl(m, "net.ipv4.conf.all.arp_notify", "1");
	member_sysctl(m, "net.ipv4.conf.all.proxy_arp", "0");
	member_sysctl(m, "net.ipv4.conf.all.drop_gratuitous_arp", "0");
	member_sysctl(m, "net.ipv4.conf.all.rp_filter", "0");
	member_set_tcp_options(m);
	if (m->swarm->world.calm)
		member_reset_tcp_sysctls(m);
}

/* When all is well, an administrator's request is carried out, or was already. */
void member_expect(struct member *m, const char *what, int err)
{
	if (err && err != -EEXIST && m->swarm->world.calm)
		sim_broken(&m->swarm->world, "%s: %s: refused with %s", m->host->name, what, strerrorname_np(-err));
}

/* LANs stand in a row, each joined to the next by a router: the way to another one is to the right or to the left. */
static void route_to(struct member *m, u32 lan)
{
	bool router = is_router(m->swarm, member_number(m)), right = lan > m->lan;
	u32 at = router && right ? m->lan + 1 : m->lan; /* the LAN in which the next router is met */
	u8 dst[4], gateway[4];
	int err;

	if (lan == m->lan || (router && lan == m->lan + 1))
		return;
	lan_addr(at, right ? at + 1 : at, gateway);
	err = admin_route(m->host, true, lan_addr(lan, 0, dst), PREFIXLEN, gateway,
			  m->app.ifindex + (int)(at - m->lan));
	if (m->host->profile == NETHOOD_PROFILE_LINUX) /* in strict, the address may still be probed for: no way yet */
		member_expect(m, "route", err);
}

void member_configure(struct member *m)
{
	u8 addr[4];

	set_default_sysctls(m);
	member_expect(m, "loopback up", admin_link(m->host, 1, true));
	member_expect(m, "link up", admin_link(m->host, m->app.ifindex, true));
	member_expect(m, "address", admin_addr(m->host, true, m->app.ifindex, m->addr, PREFIXLEN));
	memcpy(m->app.addr, m->addr, sizeof(m->addr));
	if (is_router(m->swarm, member_number(m))) {
		m->host->forwards = true;
		member_sysctl(m, "net.ipv4.ip_forward", "1");
		member_expect(m, "second link up", admin_link(m->host, m->app.ifindex + 1, true));
		member_expect(m, "second address",
			      admin_addr(m->host, true, m->app.ifindex + 1, lan_addr(m->lan + 1, m->addr[3], addr),
					 PREFIXLEN));
	}
	for (u32 lan = 0; lan < m->swarm->lan_count; lan++)
		route_to(m, lan);
	member_configure6(m);
	sim_host_poll(m->host);
}

void member_start_programs(struct member *m)
{
	app_stop(&m->app);
	(void)app_start(&m->app);
	member_start_programs6(m);
	if (!m->witness)
		m->witness = witness_create(m->host);
}

/* ------------------------------------------------------------------ the address that moves */

static int set_vip(struct member *m, bool add)
{
	u8 addr[4];

	return admin_addr(m->host, add, m->app.ifindex, lan_addr(m->lan, STATION_VIP, addr), 32);
}

void member_take_vip(struct member *m)
{
	struct swarm *s = m->swarm;

	for (u32 i = 0; i < s->member_count; i++) {
		if (s->member[i].lan == m->lan && &s->member[i] != m) {
			(void)set_vip(&s->member[i], false);
			(void)member_set_vip6(&s->member[i], false);
		}
	}
	s->vip_owner[m->lan] = m;
	member_expect(m, "moved address", set_vip(m, true));
	member_expect(m, "moved IPv6 address", member_set_vip6(m, true));
}

/* ------------------------------------------------------------------ after the storm */

/* What an administrator has set stays until an administrator unsets it. */
static void unset_neighbours(struct member *m)
{
	u8 addr[4];

	for (u32 station = 1; station < 255; station++) {
		if (station <= m->swarm->member_count || station >= 100)
			(void)admin_neigh(m->host, RTM_DELNEIGH, 0, m->app.ifindex, lan_addr(m->lan, station, addr),
					  NULL, 0, 0);
	}
}

/* Also those that were set without memory for an answer. */
static void remove_other_addresses(struct member *m)
{
	u8 addr[4];

	for (u32 i = 0; i < 3 && has(m->swarm, F_RENUMBER); i++)
		(void)admin_addr(m->host, false, m->app.ifindex,
				 lan_addr(m->lan, STATION_MOVED + i * HOSTS_MAX + m->host->id, addr), PREFIXLEN);
}

void member_heal(struct member *m)
{
	const struct swarm *s = m->swarm;

	sim_host_enter(m->host);
	(void)admin_mtu(m->host, m->app.ifindex, ETH_MTU_BYTES);
	remove_other_addresses(m);
	(void)member_heal6(m, has(s, F_ALLOC));
	if (has(s, F_ALLOC)) /* without memory when its link came up, its route was not made: as in Linux */
		(void)admin_addr(m->host, false, m->app.ifindex, m->addr, PREFIXLEN);
	member_configure(m);
	if (s->vip_owner[m->lan] == m)
		member_take_vip(m);
	if (has(s, F_NEIGH))
		unset_neighbours(m);
	if (has(s, F_NEIGH) || has(s, F_PROXY6))
		member_unset_neighbours6(m);
	if (!app_is_whole(&m->app) || (is_advertiser(s, member_number(m)) && !m->radv.sk))
		member_start_programs(m);
}

/* In strict, an address can be used after its probes; then its routes.  The one that moves may have met a probe of the
 * owner before, which was still on its way: then it is taken once more, by hand. */
void member_settle(struct member *m)
{
	bool anew = member_heal6(m, false);

	member_configure(m);
	if (m->swarm->vip_owner[m->lan] != m || (!anew && m->host->profile != NETHOOD_PROFILE_STRICT))
		return;
	(void)set_vip(m, false);
	(void)member_set_vip6(m, false);
	member_take_vip(m);
}

/* ------------------------------------------------------------------ what it may send */

static bool is_own(const struct member *m, const u8 *addr)
{
	u8 own[4];

	lan_addr(m->lan, addr[3], own);
	return memcmp(own, addr, 4) == 0 &&
	       (addr[3] == m->addr[3] || addr[3] == STATION_VIP ||
		(addr[3] >= STATION_MOVED && (addr[3] - STATION_MOVED) % HOSTS_MAX == m->host->id));
}

/* A frame's octets were looked at already: here it is whose addresses it names. */
const char *member_frame_wrong(const struct sim_host *h, const u8 *frame, u32 len_bytes)
{
	static const u8 nobody[4];
	struct member *m = h->work;
	bool is_arp = frame[12] == 8 && frame[13] == 6;
	const u8 *source = frame + ETH_BYTES + (is_arp ? 14 : 12);

	if (len_bytes > ETH_BYTES + ETH_MTU_BYTES)
		return "it is longer than any MTU here";
	if (frame[12] == 0x86 && frame[13] == 0xdd)
		return member_frame_wrong6(m, h->world->now_ns, frame, len_bytes);
	if (!is_arp && (frame[12] != 8 || frame[13] != 0))
		return NULL;
	if (m->tcp && !is_arp && is_own(m, source)) { /* a router sends others' packets too */
		const char *wrong = tcp_witness_out(m->tcp, h->world->now_ns, frame, len_bytes);

		if (wrong)
			return wrong;
	}
	if (h->forwards)
		return NULL;
	if (!is_own(m, source) && !(is_arp && memcmp(source, nobody, 4) == 0))
		return "its source is another's address";
	return NULL;
}

void member_frame_in(const struct sim_host *h, const u8 *frame, u32 len_bytes)
{
	struct member *m = h->work;

	for (u32 i = 0; i < h->port_count; i++)
		nd_witness_in(&m->nd, h->world->now_ns, h->port[i].mac, frame, len_bytes);
	if (m->tcp)
		tcp_witness_in(m->tcp, frame, len_bytes);
}
