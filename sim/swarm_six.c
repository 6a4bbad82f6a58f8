// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 of a swarm's hosts, as their administrator wants it.
 *
 * Reading order: member_configure6(), member_heal6(), member_is_own6().
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>

#include <libmnl/libmnl.h>

#include "admin.h"
#include "swarm_internal.h"

#define PREFIXLEN6 64
#define GROUP_OCTET 0xffU

/* ------------------------------------------------------------------ what is set up */

/** route_to6() - as IPv4's: to the right or to the left */
static void route_to6(struct member *m, u32 lan)
{
	bool router = is_router(m->swarm, member_number(m)), right = lan > m->lan;
	u32 at = router && right ? m->lan + 1 : m->lan;
	u8 dst[16], gateway[16];
	int err;

	if (lan == m->lan || (router && lan == m->lan + 1))
		return;
	lan_addr6(at, right ? at + 1 : at, gateway);
	err = admin_route6(m->host, true, lan_addr6(lan, 0, dst), PREFIXLEN6, gateway,
			   m->app.ifindex + (int)(at - m->lan));
	member_expect(m, "IPv6 route", err);
}

/* What must be said before a link comes up: how it makes its addresses. */
void member_prepare6(struct member *m)
{
	static const char *const modes[] = { "0", "2", "3", "0" };
	const char *mode = has(m->swarm, F_SLAAC) ? modes[m->host->id % ARRAY_SIZE(modes)] : "0";
	char secret[64];

	m->own6_count = 0;
	nd_witness_forget(&m->nd);
	m->nd.router = is_advertiser(m->swarm, member_number(m)) ||
		       (has(m->swarm, F_IP6) && is_router(m->swarm, member_number(m)));
	m->nd.any_octets = m->swarm->ledger.any_octets;
	m->nd.late = has(m->swarm, F_BUSY) || has(m->swarm, F_CARRIER);
	/* what decides for how long an address is tried may be set, or told by a router, or the clock jumps */
	if (!has(m->swarm, F_SYSCTL6) && !has(m->swarm, F_JUMP) && !has(m->swarm, F_ALLOC) && !has(m->swarm, F_MEND))
		m->nd.probe_ns = has(m->swarm, F_SPOOF) || has(m->swarm, F_GARBAGE) ? 9 * SIM_NSEC_PER_MSEC
										    : 990 * SIM_NSEC_PER_MSEC;
	if (strcmp(mode, "2") == 0) {
		(void)snprintf(secret, sizeof(secret), "%x::1", 1 + m->host->id);
		member_sysctl(m, "net.ipv6.conf.eth0.stable_secret", secret);
	}
	member_sysctl(m, "net.ipv6.conf.eth0.addr_gen_mode", mode);
	member_sysctl(m, "net.ipv6.conf.eth0.use_tempaddr", has(m->swarm, F_SLAAC) && m->host->id % 3 == 2 ? "2" : "0");
}

void member_start_programs6(struct member *m)
{
	u32 i = member_number(m);

	if (!is_advertiser(m->swarm, i))
		return;
	m->radv.host = m->host;
	m->radv.link_count = is_router(m->swarm, i) ? 2 : 1;
	for (u32 k = 0; k < m->radv.link_count; k++) {
		m->radv.link[k].ifindex = m->app.ifindex + (int)k;
		m->radv.link[k].mtu_bytes = m->swarm->lan_mtu6[m->lan + k];
		lan_addr6(m->lan + k, 0, m->radv.link[k].prefix);
	}
	(void)radv_start(&m->radv);
}

static void set_link_mtu(struct member *m, u32 port)
{
	char key[64], value[16];

	(void)snprintf(key, sizeof(key), "net.ipv6.conf.eth%u.mtu", port);
	(void)snprintf(value, sizeof(value), "%u", m->swarm->lan_mtu6[m->lan + port]);
	member_sysctl(m, key, value);
}

static void configure_router6(struct member *m, u32 flags)
{
	u8 addr[16];

	member_sysctl(m, "net.ipv6.conf.all.forwarding", "1");
	set_link_mtu(m, 1);
	lan_addr6(m->lan + 1, m->addr6[15], addr);
	member_expect(m, "second IPv6 address",
		      admin_addr6(m->host, true, m->app.ifindex + 1, addr, PREFIXLEN6, flags));
}

void member_configure6(struct member *m)
{
	u32 flags = m->nodad ? IFA_F_NODAD : 0;

	if (!m->app.speaks_ip6)
		return;
	if (m->swarm->world.calm)
		member_reset_sysctls6(m);
	set_link_mtu(m, 0);
	if (m->slaac) /* all comes from routers */
		return;
	member_expect(m, "IPv6 address", admin_addr6(m->host, true, m->app.ifindex, m->addr6, PREFIXLEN6, flags));
	memcpy(m->app.addr6, m->addr6, sizeof(m->addr6));
	if (is_router(m->swarm, member_number(m)))
		configure_router6(m, flags);
	if (is_advertiser(m->swarm, member_number(m))) {
		m->host->forwards = true;
		member_sysctl(m, "net.ipv6.conf.all.forwarding", "1");
	}
	for (u32 lan = 0; lan < m->swarm->lan_count; lan++)
		route_to6(m, lan);
	member_learn_own6(m);
}

int member_set_vip6(struct member *m, bool add)
{
	u8 addr[16];

	if (!m->app.speaks_ip6)
		return 0;
	return admin_addr6(m->host, add, m->app.ifindex, lan_addr6(m->lan, STATION_VIP, addr), 128, IFA_F_NODAD);
}

/* Nobody's packets leave from it unless he asks for that, or answers: it is not preferred. */
void member_give_twice6(struct member *m, u32 station, bool add, u32 flags)
{
	u8 addr[16];

	lan_addr6(m->lan, station, addr);
	(void)admin_addr6(m->host, false, m->app.ifindex, addr, 128, 0);
	if (!add)
		return;
	if (flags & IFA_F_NODAD)
		nd_witness_take(&m->nd, m->swarm->world.now_ns, addr);
	(void)admin_addr6(m->host, true, m->app.ifindex, addr, 128, flags | IFA_F_DEPRECATED);
	member_learn_own6(m);
}

/* ------------------------------------------------------------------ after the storm */

/** struct duplicates - has a host addresses that others had? */
struct duplicates {
	bool any;
};

static void look_for_duplicate(void *ctx, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type == RTM_NEWADDR && (ifa->ifa_flags & IFA_F_DADFAILED))
		((struct duplicates *)ctx)->any = true;
}

/* Addresses that others seemed to have stay unused, and what was not made for want of memory is not made later: as in
 * Linux.  A link that goes down and comes up begins anew. */
bool member_heal6(struct member *m, bool anew)
{
	struct duplicates d = { .any = anew };
	u8 addr[16];

	for (u32 i = 0; i < STATION_TWICE_COUNT && m->app.speaks_ip6; i++)
		member_give_twice6(m, STATION_TWICE + i, false, 0);
	(void)admin_dump(m->host, RTM_GETADDR, AF_INET6, look_for_duplicate, &d);
	for (u32 i = 0; i < m->host->port_count && d.any; i++) {
		(void)admin_link(m->host, m->app.ifindex + (int)i, false);
		member_expect(m, "link up again", admin_link(m->host, m->app.ifindex + (int)i, true));
	}
	for (u32 i = 0; i < 3 && has(m->swarm, F_RENUMBER) && m->app.speaks_ip6; i++)
		(void)admin_addr6(m->host, false, m->app.ifindex,
				  lan_addr6(m->lan, STATION_MOVED + i * HOSTS_MAX + m->host->id, addr), PREFIXLEN6, 0);
	return d.any;
}

/** struct set_by_hand - neighbours that would stay; @count may be more than there is room for */
struct set_by_hand {
	u8 addr[64][16];
	u32 count;
};

static void look_for_set(void *ctx, const struct nlmsghdr *nlh)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const char *end = mnl_nlmsg_get_payload_tail(nlh);
	const struct nlattr *a = mnl_nlmsg_get_payload_offset(nlh, sizeof(*ndm));
	struct set_by_hand *set = ctx;

	for (; nlh->nlmsg_type == RTM_NEWNEIGH && mnl_attr_ok(a, (int)(end - (const char *)a)); a = mnl_attr_next(a)) {
		if (mnl_attr_get_type(a) == NDA_DST && mnl_attr_get_payload_len(a) == 16 &&
		    !(ndm->ndm_flags & NTF_PROXY) && set->count < ARRAY_SIZE(set->addr))
			memcpy(set->addr[set->count++], mnl_attr_get_payload(a), 16);
	}
}

void member_unset_neighbours6(struct member *m)
{
	struct set_by_hand set = { .count = 0 };
	u8 addr[16];

	for (u32 station = 1; station < 255 && m->app.speaks_ip6; station++) {
		if (station > m->swarm->member_count && station < 100)
			continue;
		lan_addr6(m->lan, station, addr);
		(void)admin_neigh6(m->host, RTM_DELNEIGH, 0, m->app.ifindex, addr, NULL, 0, 0);
		(void)admin_neigh6(m->host, RTM_DELNEIGH, 0, m->app.ifindex, addr, NULL, 0, NTF_PROXY);
	}
	(void)admin_dump(m->host, RTM_GETNEIGH, AF_INET6, look_for_set, &set);
	for (u32 i = 0; i < set.count; i++)
		(void)admin_neigh6(m->host, RTM_DELNEIGH, 0, m->app.ifindex, set.addr[i], NULL, 0, 0);
}

/* ------------------------------------------------------------------ what it may send */

/** is_shared6() - others may have it tomorrow, or at the same time */
static bool is_shared6(const struct member *m, const u8 *addr)
{
	u8 shared[16];

	return addr[15] >= STATION_VIP && memcmp(lan_addr6(m->lan, addr[15], shared), addr, 16) == 0;
}

static bool was_own(const struct member *m, const u8 *addr)
{
	for (u32 i = 0; i < m->own6_count && i < OWN6_MAX; i++) {
		if (memcmp(m->own6[i], addr, 16) == 0)
			return true;
	}
	return false;
}

/** struct own_text - net/if_inet6, as it comes */
struct own_text {
	char text[8192];
	size_t len_bytes;
};

static int own_text_add(void *ctx, const char *text, size_t len_bytes)
{
	struct own_text *t = ctx;

	if (t->len_bytes + len_bytes >= sizeof(t->text))
		return -E2BIG;
	memcpy(t->text + t->len_bytes, text, len_bytes);
	t->len_bytes += len_bytes;
	return 0;
}

/* "fe80000000000000000000fffe000001 02 40 20 80     eth0": address, device, prefix length, scope, flags */
static void own_line(struct member *m, const char *line, bool *found)
{
	u32 flags = (u32)strtoul(line + 42, NULL, 16);
	u8 addr[16];

	for (u32 i = 0; i < sizeof(addr); i++) {
		char octet[3] = { line[2 * i], line[2 * i + 1], 0 };

		addr[i] = (u8)strtoul(octet, NULL, 16);
	}
	if (!was_own(m, addr))
		memcpy(m->own6[m->own6_count++ % OWN6_MAX], addr, sizeof(addr));
	/* of those that can be used, one that it will keep */
	if (m->slaac && !*found && !(flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_TEMPORARY)) &&
	    memcmp(addr, m->addr6, 8) == 0 && !is_shared6(m, addr)) {
		memcpy(m->app.addr6, addr, sizeof(addr));
		*found = true;
	}
}

void member_learn_own6(struct member *m)
{
	struct own_text t = { .len_bytes = 0 };
	const char *end;
	bool found = false;

	(void)nethood_proc_read(m->host->net, "net/if_inet6", own_text_add, &t);
	for (const char *line = t.text; (end = memchr(line, '\n', t.len_bytes - (size_t)(line - t.text)));
	     line = end + 1)
		own_line(m, line, &found);
}

/* What it has sent may have waited: an address that it had is as good as one that it has. */
bool member_is_own6(struct member *m, const u8 *addr)
{
	if (was_own(m, addr))
		return true;
	member_learn_own6(m);
	return was_own(m, addr);
}

const char *member_frame_wrong6(struct member *m, u64 now_ns, const u8 *frame, u32 len_bytes)
{
	const char *wrong;
	struct ip6_view v;
	bool own;

	if (!ip6_view(frame, len_bytes, &v))
		return "its IPv6 header";
	own = !ip6_is_group(v.src) && !ip6_is_any(v.src) && member_is_own6(m, v.src) &&
	      !(m->host->forwards && is_shared6(m, v.src)); /* that one may be another's, and go through here */
	wrong = nd_witness_out(&m->nd, now_ns, &v, own);
	if (wrong)
		return wrong;
	if (m->tcp && own) {
		wrong = tcp_witness_out(m->tcp, now_ns, frame, len_bytes);

		if (wrong)
			return wrong;
	}
	if (m->swarm->settled && len_bytes > 14 + m->swarm->lan_mtu6[m->lan] &&
	    !memcmp(frame + 6, m->host->port[0].mac, 6))
		return "it is longer than its link takes";
	if (ip6_is_group(v.src))
		return "its source is a group of IPv6";
	if (!own && !m->host->forwards && !ip6_is_any(v.src))
		return "its source is another's IPv6 address";
	return NULL;
}
