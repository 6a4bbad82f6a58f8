// SPDX-License-Identifier: BSD-2-Clause
/* RTM_GETNETCONF of both families: what `ip netconf` says.
 *
 * @linux net/ipv4/devinet.c: inet_netconf_get_devconf; net/ipv6/addrconf.c: inet6_netconf_get_devconf
 */
#include <errno.h>
#include <linux/netconf.h>

#include "ipv4/inetdevice.h"
#include "ipv4/netns_ipv4.h"
#include "ipv6/addrconf.h"
#include "ipv6/netns_ipv6.h"
#include "netlink/rtnetlink.h"

#define NETCONF_MSG_BYTES 128U

static const struct nla_policy netconf_policy[NETCONFA_MAX + 1] = {
	[NETCONFA_IFINDEX] = { .kind = NLA_K_U32 },
};

/* In the order in which Linux tells them.  Where a family's variable is in its table; NONE: it does not tell of it,
 * ZERO: it has none, and says 0. */
enum { NONE = -1, ZERO = -2 };
static const struct {
	u16 attr;
	int at4, at6;
} attrs[] = {
	{ NETCONFA_FORWARDING, IPV4_DEVCONF_FORWARDING, IPV6_DEVCONF_FORWARDING },
	{ NETCONFA_RP_FILTER, IPV4_DEVCONF_RP_FILTER, NONE },
	{ NETCONFA_MC_FORWARDING, IPV4_DEVCONF_MC_FORWARDING, IPV6_DEVCONF_MC_FORWARDING },
	{ NETCONFA_BC_FORWARDING, ZERO, NONE }, /* no broadcast is forwarded */
	{ NETCONFA_PROXY_NEIGH, IPV4_DEVCONF_PROXY_ARP, IPV6_DEVCONF_PROXY_NDP },
	{ NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN, IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN,
	  IPV6_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN },
};

/** struct netconf - variables of a device, of all (NETCONFA_IFINDEX_ALL), or what new ones get (_DEFAULT) */
struct netconf {
	u8 family;
	int ifindex;
	const int *data; /**< of struct ipv4_devconf, ipv6_devconf */
};

static bool fill_netconf(const struct nl_target *to, const struct netconf *nc)
{
	struct nlmsghdr *nlh = nlmsg_put(to->skb, to->portid, to->seq, to->type, to->flags, sizeof(struct netconfmsg));

	if (!nlh)
		return false;
	((struct netconfmsg *)nlmsg_header(nlh))->ncm_family = nc->family;
	if (!nla_put_u32(to->skb, nlh, NETCONFA_IFINDEX, (u32)nc->ifindex))
		return false;
	for (u32 i = 0; i < ARRAY_SIZE(attrs); i++) {
		int at = nc->family == AF_INET ? attrs[i].at4 : attrs[i].at6;

		if (at != NONE && !nla_put_u32(to->skb, nlh, attrs[i].attr, at == ZERO ? 0 : (u32)nc->data[at]))
			return false;
	}
	nlmsg_end(to->skb, nlh);
	return true;
}

static const int *data_of(const struct net_device *dev, u8 family)
{
	const struct in_device *in_dev = in_dev_get_rcu(dev);
	const struct inet6_dev *idev = in6_dev_get_rcu(dev);

	if (family == AF_INET)
		return in_dev ? in_dev->cnf.data : NULL;
	return idev ? idev->cnf.data : NULL;
}

/* nc->data becomes NULL if there is none. */
static void netconf_find(struct net *net, struct netconf *nc)
{
	const struct net_device *dev;

	switch (nc->ifindex) {
	case NETCONFA_IFINDEX_ALL:
		nc->data = nc->family == AF_INET ? net->ipv4->devconf_all->data : net->ipv6->devconf_all->data;
		return;
	case NETCONFA_IFINDEX_DEFAULT:
		nc->data = nc->family == AF_INET ? net->ipv4->devconf_dflt->data : net->ipv6->devconf_dflt->data;
		return;
	default:
		dev = dev_find_by_index(net, nc->ifindex);
		nc->data = dev ? data_of(dev, nc->family) : NULL;
	}
}

static int getnetconf(const struct nl_request *rq, u8 family)
{
	const struct nlattr *tb[NETCONFA_MAX + 1];
	struct netconf nc = { .family = family };
	struct nl_target to;
	struct sk_buff *skb;
	int err = nlmsg_parse(rq->nlh, sizeof(struct netconfmsg), tb, NETCONFA_MAX, netconf_policy, false, rq->extack);
	bool fits;

	if (err)
		return err;
	if (!tb[NETCONFA_IFINDEX])
		return -EINVAL;
	nc.ifindex = (int)nla_get_u32(tb[NETCONFA_IFINDEX]);
	netconf_find(rq->net, &nc);
	if (!nc.data)
		return family == AF_INET && !dev_find_by_index(rq->net, nc.ifindex) ? -ENODEV : -EINVAL;
	skb = nlmsg_new(rq->net, NETCONF_MSG_BYTES);
	if (!skb)
		return -ENOBUFS;
	to = nl_request_target(rq, skb, RTM_NEWNETCONF);
	fits = fill_netconf(&to, &nc);
	assert(fits); /* the skb was made for it */
	return netlink_reply(rq->nlk, skb);
}

/* Devices by number, then all, then the default.  cb->args[0]: the least number not told yet; args[1]: of the others. */
static int dumpnetconf(struct sk_buff *skb, struct netlink_callback *cb, u8 family)
{
	static const int others[] = { NETCONFA_IFINDEX_ALL, NETCONFA_IFINDEX_DEFAULT };
	struct nl_target to = nl_dump_target(skb, cb, RTM_NEWNETCONF);
	struct net_device *dev;

	for_each_netdev(cb->net, dev) {
		const struct netconf nc = { family, dev->ifindex, data_of(dev, family) };

		if ((u64)dev->ifindex < cb->args[0] || !nc.data)
			continue;
		cb->args[0] = (u64)dev->ifindex;
		if (!fill_netconf(&to, &nc))
			return 1;
		cb->args[0]++;
	}
	for (; cb->args[1] < ARRAY_SIZE(others); cb->args[1]++) {
		struct netconf nc = { family, others[cb->args[1]], NULL };

		netconf_find(cb->net, &nc);
		if (!fill_netconf(&to, &nc))
			return 1;
	}
	return 0;
}

static int rtm_getnetconf(const struct nl_request *rq)
{
	return getnetconf(rq, AF_INET);
}

static int rtm_getnetconf6(const struct nl_request *rq)
{
	return getnetconf(rq, AF_INET6);
}

static int rtm_dumpnetconf(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dumpnetconf(skb, cb, AF_INET);
}

static int rtm_dumpnetconf6(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dumpnetconf(skb, cb, AF_INET6);
}

const struct rtnl_handler rtnl_netconf_handlers[] = {
	{ AF_INET, RTM_GETNETCONF, rtm_getnetconf, rtm_dumpnetconf },
	{ AF_INET6, RTM_GETNETCONF, rtm_getnetconf6, rtm_dumpnetconf6 },
	{ 0 },
};
