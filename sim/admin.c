// SPDX-License-Identifier: BSD-2-Clause
/* rtnetlink requests of a simulated host's administrator.  see rtnetlink(7) */
#include "admin.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define REQUEST_BYTES 512

/** struct request - one message */
struct request {
	_Alignas(struct nlmsghdr) u8 buf[REQUEST_BYTES];
};

static struct nlmsghdr *begin(struct request *r, u16 type, u16 flags)
{
	struct nlmsghdr *nlh;

	memset(r, 0, sizeof(*r));
	nlh = mnl_nlmsg_put_header(r->buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = (u16)(NLM_F_REQUEST | NLM_F_ACK | flags);
	return nlh;
}

int admin_ask(struct sim_host *h, struct nlmsghdr *nlh)
{
	const struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	_Alignas(struct nlmsghdr) u8 answer[2048];
	const struct nlmsghdr *got = (const struct nlmsghdr *)(const void *)answer;
	ssize_t len;
	int err;

	nlh->nlmsg_seq = ++h->admin_seq;
	sim_host_enter(h);
	len = nethood_sendto(h->admin, nlh, nlh->nlmsg_len, 0, (const struct sockaddr *)&to, sizeof(to));
	if (len < 0)
		return (int)len;
	do {
		len = nethood_recvfrom(h->admin, answer, sizeof(answer), 0, NULL, NULL);
	} while (len == -ENOBUFS || (len >= (ssize_t)sizeof(*got) && got->nlmsg_type != NLMSG_ERROR));
	if (len < (ssize_t)(sizeof(*got) + sizeof(err)))
		return -EIO;
	memcpy(&err, answer + sizeof(*got), sizeof(err));
	return err;
}

/* ------------------------------------------------------------------ links */

static struct nlmsghdr *begin_link(struct request *r, int ifindex, u32 flags, u32 change)
{
	struct nlmsghdr *nlh = begin(r, RTM_NEWLINK, 0);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_index = ifindex;
	ifi->ifi_flags = flags;
	ifi->ifi_change = change;
	return nlh;
}

int admin_link(struct sim_host *h, int ifindex, bool up)
{
	struct request r;

	return admin_ask(h, begin_link(&r, ifindex, up ? 1 : 0, 1)); /* IFF_UP */
}

static int set_mac(struct sim_host *h, int ifindex, const u8 mac[static SIM_MAC_BYTES])
{
	struct request r;
	struct nlmsghdr *nlh = begin_link(&r, ifindex, 0, 0);

	mnl_attr_put(nlh, IFLA_ADDRESS, SIM_MAC_BYTES, mac);
	return admin_ask(h, nlh);
}

/* By ioctl, which needs no memory. */
static void get_mac(struct sim_host *h, u32 number, u8 mac[static SIM_MAC_BYTES])
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "eth%u", number);
	if (nethood_ioctl(h->admin, SIOCGIFHWADDR, &ifr, sizeof(ifr)) == 0)
		memcpy(mac, ifr.ifr_hwaddr.sa_data, SIM_MAC_BYTES);
}

int admin_change_mac(struct sim_host *h, u32 number, const u8 mac[static SIM_MAC_BYTES])
{
	struct sim_port *port = &h->port[number];
	int err;

	if (port->busy)
		memcpy(port->old_mac, port->mac, SIM_MAC_BYTES);
	memcpy(port->mac, mac, SIM_MAC_BYTES); /* its announcement already leaves with it */
	err = set_mac(h, nethood_dev_ifindex(port->dev), mac);
	get_mac(h, number, port->mac); /* without memory for an answer, nobody says whether it was done */
	return err;
}

bool admin_is_running(struct sim_host *h, int ifindex)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_ifindex = ifindex;
	if (nethood_ioctl(h->admin, SIOCGIFNAME, &ifr, sizeof(ifr)) ||
	    nethood_ioctl(h->admin, SIOCGIFFLAGS, &ifr, sizeof(ifr)))
		return false;
	return (ifr.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
}

int admin_mtu(struct sim_host *h, int ifindex, u32 mtu_bytes)
{
	struct request r;
	struct nlmsghdr *nlh = begin_link(&r, ifindex, 0, 0);

	mnl_attr_put_u32(nlh, IFLA_MTU, mtu_bytes);
	return admin_ask(h, nlh);
}

/* ------------------------------------------------------------------ addresses, routes, neighbours */

static u32 addr_bytes(u8 family)
{
	return family == AF_INET6 ? 16 : 4;
}

static int change_addr(struct sim_host *h, bool add, u8 family, int ifindex, const u8 *addr, u8 prefixlen, u32 flags)
{
	static const struct ifa_cacheinfo deprecated = { .ifa_valid = UINT32_MAX };
	struct request r;
	struct nlmsghdr *nlh = begin(&r, add ? RTM_NEWADDR : RTM_DELADDR, add ? NLM_F_CREATE | NLM_F_EXCL : 0);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = family;
	ifa->ifa_prefixlen = prefixlen;
	ifa->ifa_index = (u32)ifindex;
	mnl_attr_put(nlh, IFA_LOCAL, addr_bytes(family), addr);
	mnl_attr_put(nlh, IFA_ADDRESS, addr_bytes(family), addr);
	if (flags)
		mnl_attr_put_u32(nlh, IFA_FLAGS, flags & ~(u32)IFA_F_DEPRECATED);
	if (flags & IFA_F_DEPRECATED)
		mnl_attr_put(nlh, IFA_CACHEINFO, sizeof(deprecated), &deprecated);
	return admin_ask(h, nlh);
}

int admin_addr(struct sim_host *h, bool add, int ifindex, const u8 addr[static 4], u8 prefixlen)
{
	return change_addr(h, add, AF_INET, ifindex, addr, prefixlen, 0);
}

int admin_addr6(struct sim_host *h, bool add, int ifindex, const u8 addr[static 16], u8 prefixlen, u32 flags)
{
	return change_addr(h, add, AF_INET6, ifindex, addr, prefixlen, flags);
}

static int change_route(struct sim_host *h, bool add, u8 family, const u8 *dst, u8 prefixlen, const u8 *gateway,
			int ifindex)
{
	struct request r;
	struct nlmsghdr *nlh = begin(&r, add ? RTM_NEWROUTE : RTM_DELROUTE, add ? NLM_F_CREATE | NLM_F_REPLACE : 0);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = family;
	rtm->rtm_dst_len = prefixlen;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = add ? RTPROT_STATIC : RTPROT_UNSPEC; /* whoever made it */
	rtm->rtm_scope = !add ? RT_SCOPE_NOWHERE : gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	rtm->rtm_type = RTN_UNICAST;
	if (prefixlen)
		mnl_attr_put(nlh, RTA_DST, addr_bytes(family), dst);
	if (gateway)
		mnl_attr_put(nlh, RTA_GATEWAY, addr_bytes(family), gateway);
	if (ifindex)
		mnl_attr_put_u32(nlh, RTA_OIF, (u32)ifindex);
	return admin_ask(h, nlh);
}

int admin_route(struct sim_host *h, bool add, const u8 dst[static 4], u8 prefixlen, const u8 *gateway, int ifindex)
{
	return change_route(h, add, AF_INET, dst, prefixlen, gateway, ifindex);
}

int admin_route6(struct sim_host *h, bool add, const u8 dst[static 16], u8 prefixlen, const u8 *gateway, int ifindex)
{
	return change_route(h, add, AF_INET6, dst, prefixlen, gateway, ifindex);
}

static int change_neigh(struct sim_host *h, u16 type, u16 nlflags, u8 family, int ifindex, const u8 *addr,
			const u8 *lladdr, u16 state, u8 flags)
{
	struct request r;
	struct nlmsghdr *nlh = begin(&r, type, nlflags);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = family;
	ndm->ndm_ifindex = ifindex;
	ndm->ndm_state = state;
	ndm->ndm_flags = flags;
	mnl_attr_put(nlh, NDA_DST, addr_bytes(family), addr);
	if (lladdr)
		mnl_attr_put(nlh, NDA_LLADDR, SIM_MAC_BYTES, lladdr);
	return admin_ask(h, nlh);
}

int admin_neigh(struct sim_host *h, u16 type, u16 nlflags, int ifindex, const u8 addr[static 4], const u8 *lladdr,
		u16 state, u8 flags)
{
	return change_neigh(h, type, nlflags, AF_INET, ifindex, addr, lladdr, state, flags);
}

int admin_neigh6(struct sim_host *h, u16 type, u16 nlflags, int ifindex, const u8 addr[static 16], const u8 *lladdr,
		 u16 state, u8 flags)
{
	return change_neigh(h, type, nlflags, AF_INET6, ifindex, addr, lladdr, state, flags);
}

/* ------------------------------------------------------------------ dumps */

/** dump_piece() - one datagram of a dump.  Return: 1: it was the last, 0, -errno */
static int dump_piece(struct sim_host *h, void (*fn)(void *ctx, const struct nlmsghdr *nlh), void *ctx)
{
	_Alignas(struct nlmsghdr) u8 buf[32768];
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)buf;
	ssize_t n = nethood_recvfrom(h->admin, buf, sizeof(buf), 0, NULL, NULL);
	int left = (int)n;

	if (n < 0)
		return (int)n;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
			return 1;
		if (nlh->nlmsg_seq == h->admin_seq)
			fn(ctx, nlh);
	}
	return 0;
}

/** header_bytes_of() - what stands behind the header of a message about neighbours, routes or addresses */
static u32 header_bytes_of(u16 type)
{
	switch (type) {
	case RTM_NEWNEIGH:
	case RTM_GETNEIGH:
		return sizeof(struct ndmsg);
	case RTM_NEWROUTE:
	case RTM_GETROUTE:
		return sizeof(struct rtmsg);
	default:
		return sizeof(struct ifaddrmsg);
	}
}

/* To look is not to meddle: an allocator in a bad mood behaves while it is looked at. */
int admin_dump(struct sim_host *h, u16 type, u8 family, void (*fn)(void *ctx, const struct nlmsghdr *nlh), void *ctx)
{
	const struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	u32 fail_ppm = h->alloc_fail_ppm;
	struct request r;
	struct nlmsghdr *nlh = begin(&r, type, NLM_F_DUMP);
	struct rtgenmsg *gen = mnl_nlmsg_put_extra_header(nlh, header_bytes_of(type));
	int err;

	gen->rtgen_family = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++h->admin_seq;
	h->alloc_fail_ppm = 0;
	sim_host_enter(h);
	err = (int)nethood_sendto(h->admin, nlh, nlh->nlmsg_len, 0, (const struct sockaddr *)&to, sizeof(to));
	while (err >= 0 && (err = dump_piece(h, fn, ctx)) == 0)
		;
	h->alloc_fail_ppm = fail_ppm;
	return err < 0 ? err : 0;
}

/* Ages and counts change by themselves. */
static bool changes_by_itself(u16 type, u16 attr)
{
	return (type == RTM_NEWNEIGH && (attr == NDA_CACHEINFO || attr == NDA_PROBES)) ||
	       (type == RTM_NEWADDR && attr == IFA_CACHEINFO) || (type == RTM_NEWROUTE && attr == RTA_CACHEINFO);
}

static void add_to_state(void *ctx, const struct nlmsghdr *nlh)
{
	u32 header = header_bytes_of(nlh->nlmsg_type);
	const struct nlattr *a = mnl_nlmsg_get_payload_offset(nlh, header);
	const char *end = mnl_nlmsg_get_payload_tail(nlh);
	struct admin_state *state = ctx;
	u64 hash = sim_hash_of(nlh->nlmsg_type, mnl_nlmsg_get_payload(nlh), header);

	for (; mnl_attr_ok(a, (int)(end - (const char *)a)); a = mnl_attr_next(a)) {
		if (!changes_by_itself(nlh->nlmsg_type, mnl_attr_get_type(a)))
			hash = sim_hash_of(hash, a, mnl_attr_get_len(a));
	}
	if (nlh->nlmsg_type != RTM_NEWNEIGH)
		state->rest = sim_hash_of(state->rest, &hash, sizeof(hash));
	else if (state->neigh_count < ADMIN_STATE_NEIGHBOURS)
		state->neigh[state->neigh_count++] = hash;
	else
		state->too_many = true;
}

void admin_state(struct sim_host *h, struct admin_state *out)
{
	static const u16 types[] = { RTM_GETADDR, RTM_GETROUTE, RTM_GETNEIGH };

	out->rest = 0;
	out->neigh_count = 0;
	out->too_many = false;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		out->too_many |= admin_dump(h, types[i], AF_INET, add_to_state, out) != 0;
		out->too_many |= admin_dump(h, types[i], AF_INET6, add_to_state, out) != 0;
	}
}

static bool has_neigh(const struct admin_state *state, u64 hash)
{
	for (u32 i = 0; i < state->neigh_count; i++) {
		if (state->neigh[i] == hash)
			return true;
	}
	return false;
}

bool admin_state_is(const struct admin_state *now, const struct admin_state *before, bool collected)
{
	if (now->too_many || before->too_many)
		return true;
	if (!collected && now->neigh_count != before->neigh_count)
		return false;
	for (u32 i = 0; i < now->neigh_count; i++) {
		if (!has_neigh(before, now->neigh[i]))
			return false;
	}
	return now->rest == before->rest;
}
