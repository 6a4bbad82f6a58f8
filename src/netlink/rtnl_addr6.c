// SPDX-License-Identifier: BSD-2-Clause
/* RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR for IPv6; groups and anycast addresses; RTM_NEWPREFIX.
 *
 * @linux inet6_rtm_newaddr and neighbours of net/ipv6/addrconf.c
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <string.h>

#include "ipv6/addrconf.h"
#include "ipv6/mcast.h"
#include "netlink/rtnetlink.h"
#include "netlink/rtnl_ipv6.h"

#define IFA_PROTO_ATTR 11 /* younger than the system's header */
#define IFA_ATTR_MAX IFA_PROTO_ATTR
#define ADDR_MSG_BYTES 256U

static const struct nla_policy addr6_policy[IFA_ATTR_MAX + 1] = {
	[IFA_LOCAL] = { .kind = NLA_ANY, .min_bytes = sizeof(struct in6_addr) },
	[IFA_ADDRESS] = { .kind = NLA_ANY, .min_bytes = sizeof(struct in6_addr) },
	[IFA_CACHEINFO] = { .kind = NLA_ANY, .min_bytes = sizeof(struct ifa_cacheinfo) },
	[IFA_FLAGS] = { .kind = NLA_K_U32 },
	[IFA_RT_PRIORITY] = { .kind = NLA_K_U32 },
	[IFA_TARGET_NETNSID] = { .kind = NLA_K_U32 },
	[IFA_PROTO_ATTR] = { .kind = NLA_K_U8 },
};

static int addr6_refuse(struct netlink_ext_ack *extack, int err, const char *text)
{
	NL_SET_ERR_MSG(extack, text);
	return err;
}

static void addr6_get(const struct nlattr *a, struct in6_addr *out)
{
	memcpy(out, nla_data(a), sizeof(*out));
}

/* ------------------------------------------------------------------ out */

/* Scopes of addresses as rtnetlink counts them. */
static u8 rt_scope(const struct in6_addr *addr)
{
	u32 type = ipv6_addr_type(addr);

	if ((type & IPV6_ADDR_LINKLOCAL) && !(type & IPV6_ADDR_MULTICAST))
		return RT_SCOPE_LINK;
	if (!(type & IPV6_ADDR_MULTICAST) && (type & IPV6_ADDR_LOOPBACK))
		return RT_SCOPE_HOST;
	return ipv6_addr_scope(addr) == IPV6_ADDR_SCOPE_SITELOCAL ? RT_SCOPE_SITE : RT_SCOPE_UNIVERSE;
}

static u8 rt_scope_of_ours(const struct in6_addr *addr)
{
	u32 type = ipv6_addr_type(addr);

	if (type & IPV6_ADDR_LINKLOCAL)
		return RT_SCOPE_LINK;
	return rt_scope(addr);
}

static u32 lifetime_left(const struct inet6_ifaddr *ifa, u32 lft_s)
{
	u64 passed_s = (u64)(ifa->idev->dev->net->now - ifa->tstamp) / (u64)NSEC_PER_SEC;

	if (lft_s == INFINITY_LIFE_TIME)
		return lft_s;
	return passed_s < lft_s ? lft_s - (u32)passed_s : 0;
}

static u32 user_hz(ktime_t t)
{
	return (u32)(t / (10 * NSEC_PER_MSEC));
}

static struct nlmsghdr *addr6_begin(const struct nl_target *to, const struct net_device *dev, u8 prefix_len, u32 flags,
				    u8 scope)
{
	struct nlmsghdr *nlh = nlmsg_put(to->skb, to->portid, to->seq, to->type, to->flags, sizeof(struct ifaddrmsg));
	struct ifaddrmsg *ifm;

	if (!nlh)
		return NULL;
	ifm = nlmsg_header(nlh);
	ifm->ifa_family = AF_INET6;
	ifm->ifa_prefixlen = prefix_len;
	ifm->ifa_flags = (u8)flags;
	ifm->ifa_scope = scope;
	ifm->ifa_index = (u32)dev->ifindex;
	return nlh;
}

static bool addr6_put_addresses(const struct nl_target *to, struct nlmsghdr *nlh, const struct inet6_ifaddr *ifa)
{
	if (ipv6_addr_any(&ifa->peer_addr))
		return nla_put(to->skb, nlh, IFA_ADDRESS, &ifa->addr, sizeof(ifa->addr));
	return nla_put(to->skb, nlh, IFA_LOCAL, &ifa->addr, sizeof(ifa->addr)) &&
	       nla_put(to->skb, nlh, IFA_ADDRESS, &ifa->peer_addr, sizeof(ifa->peer_addr));
}

bool rtnl_fill_addr6(const struct nl_target *to, const struct inet6_ifaddr *ifa)
{
	struct nlmsghdr *nlh =
		addr6_begin(to, ifa->idev->dev, ifa->prefix_len, ifa->flags, rt_scope_of_ours(&ifa->addr));
	struct ifa_cacheinfo ci = {
		.ifa_prefered = lifetime_left(ifa, ifa->prefered_lft_s),
		.ifa_valid = lifetime_left(ifa, ifa->valid_lft_s),
		.cstamp = user_hz(ifa->cstamp),
		.tstamp = user_hz(ifa->tstamp),
	};

	if (!nlh || !addr6_put_addresses(to, nlh, ifa))
		return false;
	if (ifa->rt_priority && !nla_put_u32(to->skb, nlh, IFA_RT_PRIORITY, ifa->rt_priority))
		return false;
	if (!nla_put(to->skb, nlh, IFA_CACHEINFO, &ci, sizeof(ci)) || !nla_put_u32(to->skb, nlh, IFA_FLAGS, ifa->flags))
		return false;
	if (ifa->ifa_proto && !nla_put_u8(to->skb, nlh, IFA_PROTO_ATTR, ifa->ifa_proto))
		return false;
	nlmsg_end(to->skb, nlh);
	return true;
}

/** fill_other() - a group or an anycast address: @attr says which */
static bool fill_other(const struct nl_target *to, const struct net_device *dev, u16 attr, const struct in6_addr *addr,
		       ktime_t cstamp, ktime_t tstamp)
{
	struct nlmsghdr *nlh = addr6_begin(to, dev, 128, IFA_F_PERMANENT, rt_scope(addr));
	struct ifa_cacheinfo ci = { .ifa_prefered = INFINITY_LIFE_TIME,
				    .ifa_valid = INFINITY_LIFE_TIME,
				    .cstamp = user_hz(cstamp),
				    .tstamp = user_hz(tstamp) };

	if (!nlh || !nla_put(to->skb, nlh, attr, addr, sizeof(*addr)) ||
	    !nla_put(to->skb, nlh, IFA_CACHEINFO, &ci, sizeof(ci)))
		return false;
	nlmsg_end(to->skb, nlh);
	return true;
}

bool rtnl_fill_prefix(const struct nl_target *to, const struct net_device *dev, const struct ra_prefix *p)
{
	struct nlmsghdr *nlh = nlmsg_put(to->skb, to->portid, to->seq, to->type, to->flags, sizeof(struct prefixmsg));
	struct prefix_cacheinfo ci = { .preferred_time = p->prefered_lft_s, .valid_time = p->valid_lft_s };
	struct prefixmsg *pm;

	if (!nlh)
		return false;
	pm = nlmsg_header(nlh);
	pm->prefix_family = AF_INET6;
	pm->prefix_ifindex = dev->ifindex;
	pm->prefix_type = 3; /* the option's: RFC 4861 4.6.2 */
	pm->prefix_len = p->prefix_len;
	pm->prefix_flags = p->flags; /* the option's as well */
	if (!nla_put(to->skb, nlh, PREFIX_ADDRESS, &p->prefix, sizeof(p->prefix)) ||
	    !nla_put(to->skb, nlh, PREFIX_CACHEINFO, &ci, sizeof(ci)))
		return false;
	nlmsg_end(to->skb, nlh);
	return true;
}

/* ------------------------------------------------------------------ NEW, DEL */

/** parse_address() - IFA_LOCAL, else IFA_ADDRESS; *peer: the other, if both are there and differ.  Return: false: none */
static bool parse_address(const struct nlattr *const *tb, struct in6_addr *addr, struct in6_addr *peer)
{
	*peer = in6addr_any;
	if (!tb[IFA_LOCAL] && !tb[IFA_ADDRESS])
		return false;
	addr6_get(tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS], addr);
	if (tb[IFA_LOCAL] && tb[IFA_ADDRESS] && memcmp(nla_data(tb[IFA_ADDRESS]), addr, sizeof(*addr)) != 0)
		addr6_get(tb[IFA_ADDRESS], peer);
	return true;
}

static int addr6_parse(const struct nl_request *rq, const struct nlattr *const *tb, struct ifa6_config *cfg)
{
	const u32 takes = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |
			  IFA_F_MCAUTOJOIN | IFA_F_OPTIMISTIC;
	const struct ifaddrmsg *ifm = rtnl_header(rq->nlh, sizeof(*ifm));
	struct ifa_cacheinfo ci = { .ifa_valid = INFINITY_LIFE_TIME, .ifa_prefered = INFINITY_LIFE_TIME };

	if (!parse_address(tb, &cfg->addr, &cfg->peer))
		return -EINVAL;
	if (tb[IFA_CACHEINFO])
		memcpy(&ci, nla_data(tb[IFA_CACHEINFO]), sizeof(ci));
	cfg->prefix_len = ifm->ifa_prefixlen;
	cfg->flags = (tb[IFA_FLAGS] ? nla_get_u32(tb[IFA_FLAGS]) : ifm->ifa_flags) & takes;
	cfg->rt_priority = tb[IFA_RT_PRIORITY] ? nla_get_u32(tb[IFA_RT_PRIORITY]) : 0;
	cfg->ifa_proto = tb[IFA_PROTO_ATTR] ? nla_get_u8(tb[IFA_PROTO_ATTR]) : 0;
	cfg->valid_lft_s = ci.ifa_valid;
	cfg->prefered_lft_s = ci.ifa_prefered;
	cfg->portid = rq->nlk->portid;
	cfg->nlflags = rq->nlh->nlmsg_flags;
	return 0;
}

static int rtm_newaddr6(const struct nl_request *rq)
{
	const struct ifaddrmsg *ifm = rtnl_header(rq->nlh, sizeof(*ifm));
	const struct nlattr *tb[IFA_ATTR_MAX + 1];
	struct ifa6_config cfg = { 0 };
	const char *errmsg = NULL;
	struct net_device *dev;
	int err = nlmsg_parse(rq->nlh, sizeof(*ifm), tb, IFA_ATTR_MAX, addr6_policy, false, rq->extack);

	if (!err)
		err = addr6_parse(rq, tb, &cfg);
	if (err)
		return err;
	dev = dev_find_by_index(rq->net, (int)ifm->ifa_index);
	if (!dev)
		return addr6_refuse(rq->extack, -ENODEV, "ipv6: Unable to find the interface");
	err = inet6_addr_add(dev, &cfg, &errmsg);
	return err ? addr6_refuse(rq->extack, err, errmsg) : 0;
}

static int rtm_deladdr6(const struct nl_request *rq)
{
	const struct ifaddrmsg *ifm = rtnl_header(rq->nlh, sizeof(*ifm));
	const struct nlattr *tb[IFA_ATTR_MAX + 1];
	struct in6_addr addr, peer;
	const char *errmsg = NULL;
	struct net_device *dev;
	int err = nlmsg_parse(rq->nlh, sizeof(*ifm), tb, IFA_ATTR_MAX, addr6_policy, false, rq->extack);

	if (err)
		return err;
	if (!parse_address(tb, &addr, &peer))
		return -EINVAL;
	dev = dev_find_by_index(rq->net, (int)ifm->ifa_index);
	if (!dev)
		return addr6_refuse(rq->extack, -ENODEV, "ipv6: Unable to find the interface");
	err = inet6_addr_del(dev, &addr, ifm->ifa_prefixlen, &errmsg);
	return err ? addr6_refuse(rq->extack, err, errmsg) : 0;
}

/* ------------------------------------------------------------------ GET one */

static int get_check(const struct nl_request *rq, const struct ifaddrmsg *ifm, const struct nlattr **tb)
{
	int err;

	if (!ifm)
		return addr6_refuse(rq->extack, -EINVAL, "ipv6: Invalid header for get address request");
	if (rq->strict && (ifm->ifa_prefixlen || ifm->ifa_flags || ifm->ifa_scope))
		return addr6_refuse(rq->extack, -EINVAL, "ipv6: Invalid values in header for get address request");
	err = nlmsg_parse(rq->nlh, sizeof(*ifm), tb, IFA_ATTR_MAX, addr6_policy, rq->strict, rq->extack);
	for (u16 i = 0; i <= IFA_ATTR_MAX && !err && rq->strict; i++) {
		if (tb[i] && i != IFA_ADDRESS && i != IFA_LOCAL && i != IFA_TARGET_NETNSID)
			return addr6_refuse(rq->extack, -EINVAL, "ipv6: Unsupported attribute in get address request");
	}
	return err;
}

static int rtm_getaddr6(const struct nl_request *rq)
{
	const struct ifaddrmsg *ifm = rtnl_header(rq->nlh, sizeof(*ifm));
	const struct nlattr *tb[IFA_ATTR_MAX + 1];
	const struct inet6_ifaddr *ifa;
	struct in6_addr addr, peer;
	struct nl_target to;
	struct sk_buff *skb;
	bool fits;
	int err = get_check(rq, ifm, tb);

	if (err)
		return err;
	if (!parse_address(tb, &addr, &peer))
		return -EINVAL;
	ifa = ipv6_get_ifaddr(rq->net, &addr, ifm->ifa_index ? dev_find_by_index(rq->net, (int)ifm->ifa_index) : NULL);
	if (!ifa)
		return -EADDRNOTAVAIL;
	skb = nlmsg_new(rq->net, ADDR_MSG_BYTES);
	if (!skb)
		return -ENOBUFS;
	to = nl_request_target(rq, skb, RTM_NEWADDR);
	fits = rtnl_fill_addr6(&to, ifa);
	assert(fits); /* the skb was made for it */
	return netlink_reply(rq->nlk, skb);
}

/* ------------------------------------------------------------------ dumps */

/* cb->args: device and place that come next, and the filter */
enum { DUMP_NEXT_IFINDEX, DUMP_NEXT_PLACE, DUMP_ONLY_IFINDEX };

static int dump_begin(struct netlink_callback *cb)
{
	const struct ifaddrmsg *ifm = rtnl_header(cb->nlh, sizeof(*ifm));
	const struct nlattr *tb[IFA_ATTR_MAX + 1];
	int err;

	if (!cb->strict)
		return 0;
	if (!ifm)
		return addr6_refuse(&cb->extack, -EINVAL, "ipv6: Invalid header for address dump request");
	if (ifm->ifa_prefixlen || ifm->ifa_flags || ifm->ifa_scope)
		return addr6_refuse(&cb->extack, -EINVAL, "ipv6: Invalid values in header for address dump request");
	if (ifm->ifa_index) {
		cb->answer_flags |= NLM_F_DUMP_FILTERED;
		cb->args[DUMP_ONLY_IFINDEX] = ifm->ifa_index;
	}
	err = nlmsg_parse(cb->nlh, sizeof(*ifm), tb, IFA_ATTR_MAX, addr6_policy, true, &cb->extack);
	for (u16 i = 0; i <= IFA_ATTR_MAX && !err; i++) {
		if (tb[i] && i != IFA_TARGET_NETNSID)
			return addr6_refuse(&cb->extack, -EINVAL, "ipv6: Unsupported attribute in dump request");
	}
	if (!err && ifm->ifa_index && !dev_find_by_index(cb->net, (int)ifm->ifa_index))
		return -ENODEV;
	return err;
}

/** struct other_dump - groups, or anycast addresses, of one device */
struct other_dump {
	const struct nl_target *to;
	struct netlink_callback *cb;
	const struct net_device *dev;
	u64 place;
};

static int dump_group(void *ctx, const struct ifmcaddr6_view *m)
{
	struct other_dump *d = ctx;

	if (d->place++ < d->cb->args[DUMP_NEXT_PLACE])
		return 0;
	if (!fill_other(d->to, d->dev, IFA_MULTICAST, &m->group, m->cstamp, m->tstamp))
		return 1;
	d->cb->args[DUMP_NEXT_PLACE]++;
	return 0;
}

static int dump_anycast(void *ctx, const struct in6_addr *addr, u32 users)
{
	struct other_dump *d = ctx;
	ktime_t since = in6_dev_get_rcu(d->dev)->tstamp;

	(void)users;
	if (d->place++ < d->cb->args[DUMP_NEXT_PLACE])
		return 0;
	if (!fill_other(d->to, d->dev, IFA_ANYCAST, addr, since, since))
		return 1;
	d->cb->args[DUMP_NEXT_PLACE]++;
	return 0;
}

/* Return: false when a message did not fit. */
static bool dump_addrs_of(const struct nl_target *to, struct netlink_callback *cb, const struct net_device *dev)
{
	const struct inet6_ifaddr *ifa;
	u64 place = 0;

	list_for_each_entry(ifa, &in6_dev_get_rcu(dev)->addr_list, if_list) {
		if (place++ < cb->args[DUMP_NEXT_PLACE])
			continue;
		if (!rtnl_fill_addr6(to, ifa))
			return false;
		cb->args[DUMP_NEXT_PLACE]++;
	}
	return true;
}

static bool dump_dev(const struct nl_target *to, struct netlink_callback *cb, const struct net_device *dev)
{
	struct other_dump d = { .to = to, .cb = cb, .dev = dev };

	switch (to->type) {
	case RTM_NEWADDR:
		return dump_addrs_of(to, cb, dev);
	case RTM_GETMULTICAST:
		return ipv6_mc_each(dev, dump_group, &d) == 0;
	default:
		return ipv6_ac_each(in6_dev_get_rcu(dev), dump_anycast, &d) == 0;
	}
}

static int dump_type(struct sk_buff *skb, struct netlink_callback *cb, u16 type)
{
	const struct net_device *dev;
	struct nl_target to;
	int err;

	if (!cb->started) {
		err = dump_begin(cb);
		if (err)
			return err;
	}
	nl_dump_genid(cb, ipv6_addrs_genid(cb->net));
	to = nl_dump_target(skb, cb, type);
	for_each_netdev(cb->net, dev) {
		u64 ifindex = (u64)dev->ifindex;

		if (ifindex < cb->args[DUMP_NEXT_IFINDEX] || !in6_dev_get_rcu(dev) ||
		    (cb->args[DUMP_ONLY_IFINDEX] && ifindex != cb->args[DUMP_ONLY_IFINDEX]))
			continue;
		if (ifindex > cb->args[DUMP_NEXT_IFINDEX])
			cb->args[DUMP_NEXT_PLACE] = 0;
		cb->args[DUMP_NEXT_IFINDEX] = ifindex;
		if (!dump_dev(&to, cb, dev))
			return 1;
	}
	return 0;
}

static int rtm_dumpaddr6(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_type(skb, cb, RTM_NEWADDR);
}

/* As the kernel: the answers have the type of the question. */
static int rtm_dumpmcast6(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_type(skb, cb, RTM_GETMULTICAST);
}

static int rtm_dumpanycast6(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_type(skb, cb, RTM_GETANYCAST);
}

const struct rtnl_handler rtnl_addr6_handlers[] = {
	{ AF_INET6, RTM_NEWADDR, rtm_newaddr6, NULL },          { AF_INET6, RTM_DELADDR, rtm_deladdr6, NULL },
	{ AF_INET6, RTM_GETADDR, rtm_getaddr6, rtm_dumpaddr6 }, { AF_INET6, RTM_GETMULTICAST, NULL, rtm_dumpmcast6 },
	{ AF_INET6, RTM_GETANYCAST, NULL, rtm_dumpanycast6 },   { 0 },
};
