// SPDX-License-Identifier: BSD-2-Clause
/* RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR for IPv4.  @linux inet_rtm_newaddr and neighbours of net/ipv4/devinet.c */
#include <errno.h>
#include <linux/if_addr.h>
#include <string.h>

#include "netlink/rtnetlink.h"

#define IFA_PROTO_ATTR 11 /* younger than the system's header */
#define IFA_ATTR_MAX IFA_PROTO_ATTR

static const struct nla_policy addr_policy[IFA_ATTR_MAX + 1] = {
	[IFA_LOCAL] = { .kind = NLA_K_U32 },
	[IFA_ADDRESS] = { .kind = NLA_K_U32 },
	[IFA_BROADCAST] = { .kind = NLA_K_U32 },
	[IFA_LABEL] = { .kind = NLA_K_STRING, .len_bytes = IFNAMSIZ - 1 },
	[IFA_CACHEINFO] = { .kind = NLA_ANY, .min_bytes = sizeof(struct ifa_cacheinfo) },
	[IFA_FLAGS] = { .kind = NLA_K_U32 },
	[IFA_RT_PRIORITY] = { .kind = NLA_K_U32 },
	[IFA_TARGET_NETNSID] = { .kind = NLA_K_U32 },
	[IFA_PROTO_ATTR] = { .kind = NLA_K_U8 },
};

/* ------------------------------------------------------------------ out */

/* What is left of a lifetime that was set at ifa_tstamp. */
static u32 addr_lifetime_left(const struct net *net, const struct in_ifaddr *ifa, u32 lifetime_s)
{
	u64 passed_s = (u64)(net->now - ifa->ifa_tstamp) / (u64)NSEC_PER_SEC;

	if (lifetime_s == UINT32_MAX)
		return lifetime_s;
	return passed_s < lifetime_s ? lifetime_s - (u32)passed_s : 0;
}

static bool addr_put_attrs(const struct nl_target *to, struct nlmsghdr *nlh, const struct in_ifaddr *ifa)
{
	const struct net *net = ifa->ifa_dev->dev->net;
	const struct sk_buff *skb = to->skb;
	struct ifa_cacheinfo ci = {
		.ifa_prefered = addr_lifetime_left(net, ifa, ifa->ifa_preferred_lft_s),
		.ifa_valid = addr_lifetime_left(net, ifa, ifa->ifa_valid_lft_s),
		.cstamp = (u32)(ifa->ifa_cstamp / (10 * NSEC_PER_MSEC)),
		.tstamp = (u32)(ifa->ifa_tstamp / (10 * NSEC_PER_MSEC)),
	};

	if (ifa->ifa_address && !nla_put_be32(skb, nlh, IFA_ADDRESS, ifa->ifa_address))
		return false;
	if (!nla_put_be32(skb, nlh, IFA_LOCAL, ifa->ifa_local)) /* never 0.0.0.0: inet_insert_ifa() */
		return false;
	if (ifa->ifa_broadcast && !nla_put_be32(skb, nlh, IFA_BROADCAST, ifa->ifa_broadcast))
		return false;
	if (ifa->ifa_label[0] && !nla_put_string(skb, nlh, IFA_LABEL, ifa->ifa_label))
		return false;
	if (ifa->ifa_proto && !nla_put_u8(skb, nlh, IFA_PROTO_ATTR, ifa->ifa_proto))
		return false;
	if (ifa->ifa_rt_priority && !nla_put_u32(skb, nlh, IFA_RT_PRIORITY, ifa->ifa_rt_priority))
		return false;
	return nla_put_u32(skb, nlh, IFA_FLAGS, ifa->ifa_flags) && nla_put(skb, nlh, IFA_CACHEINFO, &ci, sizeof(ci));
}

bool rtnl_fill_addr(const struct nl_target *to, const struct in_ifaddr *ifa)
{
	struct nlmsghdr *nlh = nlmsg_put(to->skb, to->portid, to->seq, to->type, to->flags, sizeof(struct ifaddrmsg));
	struct ifaddrmsg *ifm;

	if (!nlh)
		return false;
	ifm = nlmsg_header(nlh);
	ifm->ifa_family = AF_INET;
	ifm->ifa_prefixlen = ifa->ifa_prefixlen;
	ifm->ifa_flags = (u8)ifa->ifa_flags;
	ifm->ifa_scope = ifa->ifa_scope;
	ifm->ifa_index = (u32)ifa->ifa_dev->dev->ifindex;
	if (!addr_put_attrs(to, nlh, ifa))
		return false;
	nlmsg_end(to->skb, nlh);
	return true;
}

/* ------------------------------------------------------------------ NEW */

static int addr_refuse(const struct nl_request *rq, int err, const char *text)
{
	NL_SET_ERR_MSG(rq->extack, text);
	return err;
}

static int addr_parse_lifetimes(const struct nl_request *rq, const struct nlattr *attr, struct in_ifaddr *ifa)
{
	struct ifa_cacheinfo ci;

	if (!attr)
		return 0;
	memcpy(&ci, nla_data(attr), sizeof(ci));
	if (!ci.ifa_valid || ci.ifa_prefered > ci.ifa_valid)
		return addr_refuse(rq, -EINVAL, "ipv4: address lifetime invalid");
	ifa->ifa_valid_lft_s = ci.ifa_valid;
	ifa->ifa_preferred_lft_s = ci.ifa_prefered;
	return 0;
}

static int addr_parse(const struct nl_request *rq, const struct nlattr *const *tb, struct in_ifaddr *ifa,
		      struct net_device **dev)
{
	const struct ifaddrmsg *ifm = rtnl_header(rq->nlh, sizeof(*ifm));

	if (ifm->ifa_prefixlen > 32)
		return addr_refuse(rq, -EINVAL, "ipv4: Invalid prefix length");
	if (!tb[IFA_LOCAL])
		return addr_refuse(rq, -EINVAL, "ipv4: Local address is not supplied");
	*dev = dev_find_by_index(rq->net, (int)ifm->ifa_index);
	if (!*dev)
		return addr_refuse(rq, -ENODEV, "ipv4: Device not found");
	ifa->ifa_prefixlen = ifm->ifa_prefixlen;
	ifa->ifa_mask = inet_make_mask(ifm->ifa_prefixlen);
	ifa->ifa_flags = tb[IFA_FLAGS] ? nla_get_u32(tb[IFA_FLAGS]) : ifm->ifa_flags;
	ifa->ifa_scope = ifm->ifa_scope;
	ifa->ifa_local = nla_get_be32(tb[IFA_LOCAL]);
	ifa->ifa_address = tb[IFA_ADDRESS] ? nla_get_be32(tb[IFA_ADDRESS]) : ifa->ifa_local;
	if (tb[IFA_BROADCAST])
		ifa->ifa_broadcast = nla_get_be32(tb[IFA_BROADCAST]);
	if (tb[IFA_RT_PRIORITY])
		ifa->ifa_rt_priority = nla_get_u32(tb[IFA_RT_PRIORITY]);
	if (tb[IFA_PROTO_ATTR])
		ifa->ifa_proto = nla_get_u8(tb[IFA_PROTO_ATTR]);
	if (tb[IFA_LABEL])
		(void)nla_get_string(tb[IFA_LABEL], ifa->ifa_label, sizeof(ifa->ifa_label));
	else
		memcpy(ifa->ifa_label, (*dev)->name, sizeof(ifa->ifa_label));
	ifa->ifa_valid_lft_s = ifa->ifa_preferred_lft_s = UINT32_MAX;
	return addr_parse_lifetimes(rq, tb[IFA_CACHEINFO], ifa);
}

static struct in_ifaddr *addr_find_same(const struct net_device *dev, const struct in_ifaddr *want)
{
	struct in_device *in_dev = in_dev_get_rcu(dev);
	struct in_ifaddr *ifa;

	if (!in_dev)
		return NULL;
	list_for_each_entry(ifa, &in_dev->ifa_list, node) {
		if (ifa->ifa_local == want->ifa_local && ifa->ifa_mask == want->ifa_mask &&
		    ((ifa->ifa_address ^ want->ifa_address) & ifa->ifa_mask) == 0)
			return ifa;
	}
	return NULL;
}

static int rtm_newaddr(const struct nl_request *rq)
{
	const struct nlattr *tb[IFA_ATTR_MAX + 1];
	struct in_ifaddr want = { 0 }, *ifa;
	const char *errmsg = NULL;
	struct net_device *dev;
	int err = nlmsg_parse(rq->nlh, sizeof(struct ifaddrmsg), tb, IFA_ATTR_MAX, addr_policy, false, rq->extack);

	if (!err)
		err = addr_parse(rq, tb, &want, &dev);
	if (err)
		return err;
	ifa = addr_find_same(dev, &want);
	if (ifa) {
		if ((rq->nlh->nlmsg_flags & NLM_F_EXCL) || !(rq->nlh->nlmsg_flags & NLM_F_REPLACE))
			return addr_refuse(rq, -EEXIST, "ipv4: Address already assigned");
		return inet_change_ifa(ifa, &want, rq->nlk->portid);
	}
	err = inet_insert_ifa(dev, &want, rq->nlk->portid, &errmsg);
	if (err)
		NL_SET_ERR_MSG(rq->extack, errmsg);
	return err;
}

/* ------------------------------------------------------------------ DEL */

static bool addr_is_meant(const struct in_ifaddr *ifa, const struct ifaddrmsg *ifm, const struct nlattr *const *tb)
{
	char label[IFNAMSIZ];
	__be32 address;

	if (tb[IFA_LOCAL] && ifa->ifa_local != nla_get_be32(tb[IFA_LOCAL]))
		return false;
	if (tb[IFA_LABEL]) {
		(void)nla_get_string(tb[IFA_LABEL], label, sizeof(label)); /* the policy refuses a longer one */
		if (strcmp(label, ifa->ifa_label) != 0)
			return false;
	}
	if (!tb[IFA_ADDRESS])
		return true;
	address = nla_get_be32(tb[IFA_ADDRESS]);
	return ifm->ifa_prefixlen == ifa->ifa_prefixlen && ((address ^ ifa->ifa_address) & ifa->ifa_mask) == 0;
}

static int rtm_deladdr(const struct nl_request *rq)
{
	const struct ifaddrmsg *ifm = rtnl_header(rq->nlh, sizeof(*ifm));
	const struct nlattr *tb[IFA_ATTR_MAX + 1];
	struct net_device *dev;
	struct in_ifaddr *ifa;
	int err = nlmsg_parse(rq->nlh, sizeof(*ifm), tb, IFA_ATTR_MAX, addr_policy, false, rq->extack);

	if (err)
		return err;
	dev = dev_find_by_index(rq->net, (int)ifm->ifa_index);
	if (!dev || !in_dev_get_rcu(dev))
		return addr_refuse(rq, -ENODEV, "ipv4: Device not found");
	list_for_each_entry(ifa, &in_dev_get_rcu(dev)->ifa_list, node) {
		if (addr_is_meant(ifa, ifm, tb))
			return inet_del_ifa(dev, ifa, rq->nlk->portid);
	}
	return addr_refuse(rq, -EADDRNOTAVAIL, "ipv4: Address not found");
}

/* ------------------------------------------------------------------ dump */

/* cb->args: device and address that come next, and the filter */
enum { DUMP_NEXT_IFINDEX, DUMP_NEXT_ADDR, DUMP_ONLY_IFINDEX };

static int addr_dump_begin(struct netlink_callback *cb)
{
	const struct ifaddrmsg *ifm = rtnl_header(cb->nlh, sizeof(*ifm));
	const struct nlattr *tb[IFA_ATTR_MAX + 1];

	if (!cb->strict)
		return 0;
	if (!ifm) {
		NL_SET_ERR_MSG(&cb->extack, "ipv4: Invalid header for address dump request");
		return -EINVAL;
	}
	if (ifm->ifa_prefixlen || ifm->ifa_flags || ifm->ifa_scope) {
		NL_SET_ERR_MSG(&cb->extack, "ipv4: Invalid values in header for address dump request");
		return -EINVAL;
	}
	if (ifm->ifa_index) {
		cb->answer_flags |= NLM_F_DUMP_FILTERED;
		cb->args[DUMP_ONLY_IFINDEX] = ifm->ifa_index;
		if (!dev_find_by_index(cb->net, (int)ifm->ifa_index))
			return -ENODEV;
	}
	return nlmsg_parse(cb->nlh, sizeof(*ifm), tb, IFA_ATTR_MAX, addr_policy, true, &cb->extack);
}

/* Return: false when a message did not fit. */
static bool addr_dump_dev(const struct nl_target *to, struct netlink_callback *cb, const struct net_device *dev)
{
	struct in_device *in_dev = in_dev_get_rcu(dev);
	const struct in_ifaddr *ifa;
	u64 i = 0;

	if (!in_dev)
		return true;
	list_for_each_entry(ifa, &in_dev->ifa_list, node) {
		if (i++ < cb->args[DUMP_NEXT_ADDR])
			continue;
		if (!rtnl_fill_addr(to, ifa))
			return false;
		cb->args[DUMP_NEXT_ADDR]++;
	}
	return true;
}

static int rtm_dumpaddr(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct net_device *dev;
	struct nl_target to;
	int err;

	if (!cb->started) {
		err = addr_dump_begin(cb);
		if (err)
			return err;
	}
	nl_dump_genid(cb, inet_addr_genid(cb->net));
	to = nl_dump_target(skb, cb, RTM_NEWADDR);
	for_each_netdev(cb->net, dev) {
		u64 ifindex = (u64)dev->ifindex;

		if (ifindex < cb->args[DUMP_NEXT_IFINDEX] ||
		    (cb->args[DUMP_ONLY_IFINDEX] && ifindex != cb->args[DUMP_ONLY_IFINDEX]))
			continue;
		if (ifindex > cb->args[DUMP_NEXT_IFINDEX])
			cb->args[DUMP_NEXT_ADDR] = 0;
		cb->args[DUMP_NEXT_IFINDEX] = ifindex;
		if (!addr_dump_dev(&to, cb, dev))
			return 1;
	}
	return 0;
}

const struct rtnl_handler rtnl_addr_handlers[] = {
	{ AF_INET, RTM_NEWADDR, rtm_newaddr, NULL },
	{ AF_INET, RTM_DELADDR, rtm_deladdr, NULL },
	{ AF_INET, RTM_GETADDR, NULL, rtm_dumpaddr },
	{ 0 },
};
