// SPDX-License-Identifier: BSD-2-Clause
/* RTM_GETNETCONF of AF_INET6: what `ip -6 netconf` says.
 *
 * @linux net/ipv6/addrconf.c: inet6_netconf_get_devconf
 */
#include <errno.h>
#include <linux/netconf.h>

#include "ipv6/addrconf.h"
#include "ipv6/netns_ipv6.h"
#include "netlink/rtnl_ipv6.h"

#define NETCONF_MSG_BYTES 128U

static const struct nla_policy netconf_policy[NETCONFA_MAX + 1] = {
	[NETCONFA_IFINDEX] = { .kind = NLA_K_U32 },
};

static bool fill_netconf(const struct nl_target *to, int ifindex, const struct ipv6_devconf *cnf)
{
	const struct {
		u16 attr;
		int value;
	} values[] = {
		{ NETCONFA_IFINDEX, ifindex },
		{ NETCONFA_FORWARDING, cnf->data[IPV6_DEVCONF_FORWARDING] },
		{ NETCONFA_MC_FORWARDING, cnf->data[IPV6_DEVCONF_MC_FORWARDING] },
		{ NETCONFA_PROXY_NEIGH, cnf->data[IPV6_DEVCONF_PROXY_NDP] },
		{ NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN, cnf->data[IPV6_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN] },
	};
	struct nlmsghdr *nlh = nlmsg_put(to->skb, to->portid, to->seq, to->type, to->flags, sizeof(struct netconfmsg));

	if (!nlh)
		return false;
	((struct netconfmsg *)nlmsg_header(nlh))->ncm_family = AF_INET6;
	for (u32 i = 0; i < ARRAY_SIZE(values); i++) {
		if (!nla_put_u32(to->skb, nlh, values[i].attr, (u32)values[i].value))
			return false;
	}
	nlmsg_end(to->skb, nlh);
	return true;
}

/** netconf_of() - of a device, of all, or what new ones get; NULL: there is none */
static const struct ipv6_devconf *netconf_of(struct net *net, int ifindex)
{
	const struct net_device *dev;
	const struct inet6_dev *idev;

	if (ifindex == NETCONFA_IFINDEX_ALL)
		return net->ipv6->devconf_all;
	if (ifindex == NETCONFA_IFINDEX_DEFAULT)
		return net->ipv6->devconf_dflt;
	dev = dev_find_by_index(net, ifindex);
	idev = dev ? in6_dev_get_rcu(dev) : NULL;
	return idev ? &idev->cnf : NULL;
}

static int rtm_getnetconf(const struct nl_request *rq)
{
	const struct nlattr *tb[NETCONFA_MAX + 1];
	const struct ipv6_devconf *cnf;
	struct nl_target to;
	struct sk_buff *skb;
	int err = nlmsg_parse(rq->nlh, sizeof(struct netconfmsg), tb, NETCONFA_MAX, netconf_policy, false, rq->extack);
	bool fits;

	if (err)
		return err;
	if (!tb[NETCONFA_IFINDEX])
		return -EINVAL;
	cnf = netconf_of(rq->net, (int)nla_get_u32(tb[NETCONFA_IFINDEX]));
	if (!cnf)
		return -EINVAL;
	skb = nlmsg_new(rq->net, NETCONF_MSG_BYTES);
	if (!skb)
		return -ENOBUFS;
	to = nl_request_target(rq, skb, RTM_NEWNETCONF);
	fits = fill_netconf(&to, (int)nla_get_u32(tb[NETCONFA_IFINDEX]), cnf);
	assert(fits); /* the skb was made for it */
	return netlink_reply(rq->nlk, skb);
}

/* Devices by number, then all, then the default.  cb->args[0]: the least number not told yet; args[1]: of the others. */
static int rtm_dumpnetconf(struct sk_buff *skb, struct netlink_callback *cb)
{
	static const int others[] = { NETCONFA_IFINDEX_ALL, NETCONFA_IFINDEX_DEFAULT };
	struct nl_target to = nl_dump_target(skb, cb, RTM_NEWNETCONF);
	struct net_device *dev;

	for_each_netdev(cb->net, dev) {
		if ((u64)dev->ifindex < cb->args[0] || !in6_dev_get_rcu(dev))
			continue;
		cb->args[0] = (u64)dev->ifindex;
		if (!fill_netconf(&to, dev->ifindex, &in6_dev_get_rcu(dev)->cnf))
			return 1;
		cb->args[0]++;
	}
	for (; cb->args[1] < ARRAY_SIZE(others); cb->args[1]++) {
		if (!fill_netconf(&to, others[cb->args[1]], netconf_of(cb->net, others[cb->args[1]])))
			return 1;
	}
	return 0;
}

const struct rtnl_handler rtnl_netconf6_handlers[] = {
	{ AF_INET6, RTM_GETNETCONF, rtm_getnetconf, rtm_dumpnetconf },
	{ 0 },
};
