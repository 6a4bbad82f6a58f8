// SPDX-License-Identifier: BSD-2-Clause
/* Links, addresses and routes by rtnetlink: what nethood says to its own net, it could say to the kernel. */
#include "netconf.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_BYTES 8192
#define SOL_NETLINK_LEVEL 270

int netconf_open(struct netconf *nc, struct nethood_net *net)
{
	int on = 1, err;

	memset(nc, 0, sizeof(*nc));
	if (net) {
		err = nethood_socket(net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &nc->sk);
		if (!err)
			nethood_setsockopt(nc->sk, SOL_NETLINK_LEVEL, NETLINK_EXT_ACK, &on, sizeof(on));
		return err;
	}
	nc->host = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!nc->host)
		return -errno;
	if (mnl_socket_bind(nc->host, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		mnl_socket_close(nc->host);
		nc->host = NULL;
		return err;
	}
	mnl_socket_setsockopt(nc->host, NETLINK_EXT_ACK, &on, sizeof(on));
	return 0;
}

void netconf_close(struct netconf *nc)
{
	if (nc->sk)
		nethood_close(nc->sk);
	if (nc->host)
		mnl_socket_close(nc->host);
	nc->sk = NULL;
	nc->host = NULL;
}

static ssize_t exchange(struct netconf *nc, const struct nlmsghdr *nlh, void *answer)
{
	ssize_t n;

	if (nc->sk) {
		n = nethood_sendto(nc->sk, nlh, nlh->nlmsg_len, 0, NULL, 0);
		return n < 0 ? n : nethood_recvfrom(nc->sk, answer, BUFFER_BYTES, 0, NULL, NULL);
	}
	if (mnl_socket_sendto(nc->host, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(nc->host, answer, BUFFER_BYTES);
	return n < 0 ? -errno : n;
}

static int take_text(const struct nlattr *attr, void *data)
{
	struct netconf *nc = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG && !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING))
		snprintf(nc->why, sizeof(nc->why), "%s", mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

static int talk(struct netconf *nc, struct nlmsghdr *nlh)
{
	_Alignas(struct nlmsghdr) char answer[BUFFER_BYTES];
	const struct nlmsghdr *reply = (const struct nlmsghdr *)(const void *)answer;
	const struct nlmsgerr *e;
	ssize_t n;

	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = ++nc->seq;
	nc->why[0] = '\0';
	memset(answer, 0, sizeof(*reply)); /* no answer is none of ours */
	n = exchange(nc, nlh, answer);
	if (n >= 0 && (!mnl_nlmsg_ok(reply, (int)n) || reply->nlmsg_type != NLMSG_ERROR ||
		       mnl_nlmsg_get_payload_len(reply) < sizeof(*e)))
		n = -EPROTO;
	if (n >= 0) {
		e = mnl_nlmsg_get_payload(reply);
		if (reply->nlmsg_flags & NLM_F_ACK_TLVS) {
			size_t skip = reply->nlmsg_flags & NLM_F_CAPPED ? sizeof(*e)
									: sizeof(e->error) + e->msg.nlmsg_len;

			mnl_attr_parse(reply, (unsigned)skip, take_text, nc);
		}
		n = e->error;
	}
	if (n < 0 && !nc->why[0])
		snprintf(nc->why, sizeof(nc->why), "%s", strerror((int)-n));
	return (int)n;
}

/* ---- requests */

static struct nlmsghdr *begin(void *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	return nlh;
}

int netconf_link_up(struct netconf *nc, int ifindex)
{
	_Alignas(struct nlmsghdr) char buf[BUFFER_BYTES];
	struct nlmsghdr *nlh = begin(buf, RTM_NEWLINK, 0);
	struct ifinfomsg *ifm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifm));

	ifm->ifi_index = ifindex;
	ifm->ifi_change = ifm->ifi_flags = IFF_UP;
	return talk(nc, nlh);
}

static void put_addr(struct nlmsghdr *nlh, uint16_t type, const struct netaddr *a)
{
	mnl_attr_put(nlh, type, netaddr_bytes(a), a->octets);
}

static void put_broadcast(struct nlmsghdr *nlh, const struct netaddr *a, uint32_t prefix_bits)
{
	if (a->family == AF_INET && prefix_bits < 31 && (ntohl(a->v4.s_addr) >> 24) != 127)
		mnl_attr_put_u32(nlh, IFA_BROADCAST, a->v4.s_addr | htonl(UINT32_MAX >> prefix_bits));
}

int netconf_addr_add(struct netconf *nc, int ifindex, const struct netaddr *addr, uint32_t prefix_bits, bool nodad)
{
	_Alignas(struct nlmsghdr) char buf[BUFFER_BYTES];
	struct nlmsghdr *nlh = begin(buf, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = (uint8_t)addr->family;
	ifa->ifa_prefixlen = (uint8_t)prefix_bits;
	ifa->ifa_index = (uint32_t)ifindex;
	ifa->ifa_scope = addr->family == AF_INET && (ntohl(addr->v4.s_addr) >> 24) == 127 ? RT_SCOPE_HOST
											  : RT_SCOPE_UNIVERSE;
	put_addr(nlh, IFA_LOCAL, addr);
	put_addr(nlh, IFA_ADDRESS, addr);
	put_broadcast(nlh, addr, prefix_bits);
	if (nodad && addr->family == AF_INET6)
		mnl_attr_put_u32(nlh, IFA_FLAGS, IFA_F_NODAD);
	return talk(nc, nlh);
}

int netconf_addr_del(struct netconf *nc, int ifindex, const struct netaddr *addr, uint32_t prefix_bits)
{
	_Alignas(struct nlmsghdr) char buf[BUFFER_BYTES];
	struct nlmsghdr *nlh = begin(buf, RTM_DELADDR, 0);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = (uint8_t)addr->family;
	ifa->ifa_prefixlen = (uint8_t)prefix_bits;
	ifa->ifa_index = (uint32_t)ifindex;
	put_addr(nlh, IFA_LOCAL, addr);
	return talk(nc, nlh);
}

/* RTA_VIA: a gateway of the other family.  @rfc 8950 */
static void put_gateway(struct nlmsghdr *nlh, int family, const struct netaddr *gateway)
{
	struct {
		uint16_t family;
		uint8_t octets[16];
	} via = { .family = (uint16_t)gateway->family };

	if (gateway->family == family) {
		put_addr(nlh, RTA_GATEWAY, gateway);
		return;
	}
	memcpy(via.octets, gateway->octets, netaddr_bytes(gateway));
	mnl_attr_put(nlh, RTA_VIA, sizeof(via.family) + netaddr_bytes(gateway), &via);
}

int netconf_route_add(struct netconf *nc, const struct netaddr *dst, uint32_t prefix_bits,
		      const struct netaddr *gateway, int ifindex)
{
	_Alignas(struct nlmsghdr) char buf[BUFFER_BYTES];
	struct nlmsghdr *nlh = begin(buf, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = (uint8_t)dst->family;
	rtm->rtm_dst_len = (uint8_t)prefix_bits;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = RTPROT_BOOT;
	rtm->rtm_scope = RT_SCOPE_UNIVERSE;
	rtm->rtm_type = RTN_UNICAST;
	if (prefix_bits)
		put_addr(nlh, RTA_DST, dst);
	put_gateway(nlh, dst->family, gateway);
	if (ifindex)
		mnl_attr_put_u32(nlh, RTA_OIF, (uint32_t)ifindex);
	return talk(nc, nlh);
}

int netconf_veth_add(struct netconf *nc, const char *name, const char *peer, int peer_netns_fd)
{
	_Alignas(struct nlmsghdr) char buf[BUFFER_BYTES];
	struct nlmsghdr *nlh = begin(buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *info, *data, *other;

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	other = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, peer);
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)peer_netns_fd);
	mnl_attr_nest_end(nlh, other);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return talk(nc, nlh);
}
