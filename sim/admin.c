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

int admin_mac(struct sim_host *h, int ifindex, const u8 mac[static SIM_MAC_BYTES])
{
	struct request r;
	struct nlmsghdr *nlh = begin_link(&r, ifindex, 0, 0);

	mnl_attr_put(nlh, IFLA_ADDRESS, SIM_MAC_BYTES, mac);
	return admin_ask(h, nlh);
}

void admin_get_mac(struct sim_host *h, u32 number, u8 mac[static SIM_MAC_BYTES])
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "eth%u", number);
	if (nethood_ioctl(h->admin, SIOCGIFHWADDR, &ifr, sizeof(ifr)) == 0)
		memcpy(mac, ifr.ifr_hwaddr.sa_data, SIM_MAC_BYTES);
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

int admin_addr(struct sim_host *h, bool add, int ifindex, const u8 addr[static 4], u8 prefixlen)
{
	struct request r;
	struct nlmsghdr *nlh = begin(&r, add ? RTM_NEWADDR : RTM_DELADDR, add ? NLM_F_CREATE | NLM_F_EXCL : 0);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = prefixlen;
	ifa->ifa_index = (u32)ifindex;
	mnl_attr_put(nlh, IFA_LOCAL, 4, addr);
	mnl_attr_put(nlh, IFA_ADDRESS, 4, addr);
	return admin_ask(h, nlh);
}

int admin_route(struct sim_host *h, bool add, const u8 dst[static 4], u8 prefixlen, const u8 *gateway, int ifindex)
{
	struct request r;
	struct nlmsghdr *nlh = begin(&r, add ? RTM_NEWROUTE : RTM_DELROUTE, add ? NLM_F_CREATE | NLM_F_REPLACE : 0);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = prefixlen;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	rtm->rtm_type = RTN_UNICAST;
	if (prefixlen)
		mnl_attr_put(nlh, RTA_DST, 4, dst);
	if (gateway)
		mnl_attr_put(nlh, RTA_GATEWAY, 4, gateway);
	if (ifindex)
		mnl_attr_put_u32(nlh, RTA_OIF, (u32)ifindex);
	return admin_ask(h, nlh);
}

int admin_neigh(struct sim_host *h, u16 type, u16 nlflags, int ifindex, const u8 addr[static 4], const u8 *lladdr,
		u16 state, u8 flags)
{
	struct request r;
	struct nlmsghdr *nlh = begin(&r, type, nlflags);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = AF_INET;
	ndm->ndm_ifindex = ifindex;
	ndm->ndm_state = state;
	ndm->ndm_flags = flags;
	mnl_attr_put(nlh, NDA_DST, 4, addr);
	if (lladdr)
		mnl_attr_put(nlh, NDA_LLADDR, SIM_MAC_BYTES, lladdr);
	return admin_ask(h, nlh);
}
