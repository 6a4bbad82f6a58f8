// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 of a link: flags, parameters, counters, token; what `ip -6 link`, `ip token` and `ip link set addrgenmode` use.
 *
 * @linux inet6_fill_ifla6_attrs, inet6_set_link_af
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/snmp.h>
#include <string.h>

#include "ipv6/addrconf.h"
#include "ipv6/netns_ipv6.h"
#include "netlink/rtnl_ipv6.h"

#define IPSTATS_COUNT 38U /* the running kernel's __IPSTATS_MIB_MAX */
#define IPSTATS_REASM_OVERLAPS 36U
#define IPSTATS_TRANSMITS 37U
#define ICMP6STATS_COUNT 7U
#define INET6_REASM_LEN_MAX 65535U
#define IFLA_INET6_RA_MTU_ATTR 9
#define LINK6_ATTR_MAX IFLA_INET6_RA_MTU_ATTR

static const struct nla_policy link6_policy[LINK6_ATTR_MAX + 1] = {
	[IFLA_INET6_ADDR_GEN_MODE] = { .kind = NLA_K_U8 },
	[IFLA_INET6_TOKEN] = { .kind = NLA_ANY, .min_bytes = sizeof(struct in6_addr) },
};

/* ------------------------------------------------------------------ out */

static bool put_stats(const struct nl_target *to, struct nlmsghdr *nlh, const struct inet6_dev *idev)
{
	const struct ipstats6 *s = idev->stats;
	const u64 out[IPSTATS_COUNT] = {
		[IPSTATS_MIB_NUM] = IPSTATS_COUNT,
		[IPSTATS_MIB_INPKTS] = s->in_receives,
		[IPSTATS_MIB_INOCTETS] = s->in_octets,
		[IPSTATS_MIB_INDELIVERS] = s->in_delivers,
		[IPSTATS_MIB_OUTFORWDATAGRAMS] = s->out_forw_datagrams,
		[IPSTATS_MIB_OUTPKTS] = s->out_requests, /* "requests" in younger headers */
		[IPSTATS_MIB_OUTOCTETS] = s->out_octets,
		[IPSTATS_MIB_INHDRERRORS] = s->in_hdr_errors,
		[IPSTATS_MIB_INTOOBIGERRORS] = s->in_too_big_errors,
		[IPSTATS_MIB_INNOROUTES] = s->in_no_routes,
		[IPSTATS_MIB_INADDRERRORS] = s->in_addr_errors,
		[IPSTATS_MIB_INUNKNOWNPROTOS] = s->in_unknown_protos,
		[IPSTATS_MIB_INTRUNCATEDPKTS] = s->in_truncated_pkts,
		[IPSTATS_MIB_INDISCARDS] = s->in_discards,
		[IPSTATS_MIB_OUTDISCARDS] = s->out_discards,
		[IPSTATS_MIB_OUTNOROUTES] = s->out_no_routes,
		[IPSTATS_MIB_REASMTIMEOUT] = s->reasm_timeout,
		[IPSTATS_MIB_REASMREQDS] = s->reasm_reqds,
		[IPSTATS_MIB_REASMOKS] = s->reasm_oks,
		[IPSTATS_MIB_REASMFAILS] = s->reasm_fails,
		[IPSTATS_MIB_FRAGOKS] = s->frag_oks,
		[IPSTATS_MIB_FRAGFAILS] = s->frag_fails,
		[IPSTATS_MIB_FRAGCREATES] = s->frag_creates,
		[IPSTATS_MIB_INMCASTPKTS] = s->in_mcast_pkts,
		[IPSTATS_MIB_OUTMCASTPKTS] = s->out_mcast_pkts,
		[IPSTATS_MIB_INMCASTOCTETS] = s->in_mcast_octets,
		[IPSTATS_MIB_OUTMCASTOCTETS] = s->out_mcast_octets,
		[IPSTATS_MIB_INBCASTOCTETS] = s->in_bcast_octets,
		[IPSTATS_MIB_OUTBCASTOCTETS] = s->out_bcast_octets,
		[IPSTATS_MIB_NOECTPKTS] = s->in_ect[0],
		[IPSTATS_MIB_ECT1PKTS] = s->in_ect[1],
		[IPSTATS_MIB_ECT0PKTS] = s->in_ect[2],
		[IPSTATS_MIB_CEPKTS] = s->in_ect[3],
		[IPSTATS_TRANSMITS] = s->out_transmits,
	};

	return nla_put(to->skb, nlh, IFLA_INET6_STATS, out, sizeof(out));
}

static bool put_icmp6_stats(const struct nl_target *to, struct nlmsghdr *nlh, const struct inet6_dev *idev)
{
	const struct icmpv6_mib *m = idev->icmp_mib;
	const u64 out[ICMP6STATS_COUNT] = { ICMP6STATS_COUNT, m->in_msgs,        m->in_errors,         m->out_msgs,
					    m->out_errors,    m->in_csum_errors, m->out_ratelimit_host };

	return nla_put(to->skb, nlh, IFLA_INET6_ICMP6STATS, out, sizeof(out));
}

static bool put_cacheinfo(const struct nl_target *to, struct nlmsghdr *nlh, const struct inet6_dev *idev)
{
	const struct neigh_parms *p = idev->dev->neigh_parms[NEIGH_ND_TABLE];
	struct ifla_cacheinfo ci = { .max_reasm_len = INET6_REASM_LEN_MAX,
				     .tstamp = (u32)(idev->tstamp / (10 * NSEC_PER_MSEC)),
				     .reachable_time = p ? (u32)(p->reachable_time / NSEC_PER_MSEC) : 0,
				     .retrans_time = p ? (u32)(NEIGH_VAR(p, RETRANS_TIME) / NSEC_PER_MSEC) : 0 };

	return nla_put(to->skb, nlh, IFLA_INET6_CACHEINFO, &ci, sizeof(ci));
}

static bool put_attrs(const struct nl_target *to, struct nlmsghdr *nlh, const struct inet6_dev *idev)
{
	const struct sk_buff *skb = to->skb;
	u8 mode = (u8)idev->cnf.data[IPV6_DEVCONF_ADDR_GEN_MODE];

	return nla_put_u32(skb, nlh, IFLA_INET6_FLAGS, idev->if_flags) && put_cacheinfo(to, nlh, idev) &&
	       nla_put(skb, nlh, IFLA_INET6_CONF, idev->cnf.data, IPV6_DEVCONF_NL_MAX * sizeof(idev->cnf.data[0])) &&
	       put_stats(to, nlh, idev) && put_icmp6_stats(to, nlh, idev) &&
	       nla_put(skb, nlh, IFLA_INET6_TOKEN, &idev->token, sizeof(idev->token)) &&
	       nla_put_u8(skb, nlh, IFLA_INET6_ADDR_GEN_MODE, mode) &&
	       (!idev->ra_mtu || nla_put_u32(skb, nlh, IFLA_INET6_RA_MTU_ATTR, idev->ra_mtu));
}

bool rtnl_link_put_inet6(const struct nl_target *to, struct nlmsghdr *nlh, const struct net_device *dev)
{
	const struct inet6_dev *idev = in6_dev_get_rcu(dev);
	struct nlattr *inet6;

	if (!idev)
		return true;
	inet6 = nla_nest_start(to->skb, nlh, AF_INET6);
	if (!inet6 || !put_attrs(to, nlh, idev))
		return false;
	nla_nest_end(nlh, inet6);
	return true;
}

bool rtnl_fill_link6(const struct nl_target *to, const struct net_device *dev)
{
	struct nlmsghdr *nlh = nlmsg_put(to->skb, to->portid, to->seq, to->type, to->flags, sizeof(struct ifinfomsg));
	struct nlattr *protinfo;
	struct ifinfomsg *ifm;

	if (!nlh)
		return false;
	ifm = nlmsg_header(nlh);
	ifm->ifi_family = AF_INET6;
	ifm->ifi_type = dev->type;
	ifm->ifi_index = dev->ifindex;
	ifm->ifi_flags = dev_get_flags(dev);
	if (!nla_put_string(to->skb, nlh, IFLA_IFNAME, dev->name) ||
	    (dev->addr_len && !nla_put(to->skb, nlh, IFLA_ADDRESS, dev->dev_addr, dev->addr_len)) ||
	    !nla_put_u32(to->skb, nlh, IFLA_MTU, dev->mtu) ||
	    !nla_put_u8(to->skb, nlh, IFLA_OPERSTATE, netif_running(dev) ? dev->operstate : IF_OPER_DOWN))
		return false;
	protinfo = nla_nest_start(to->skb, nlh, IFLA_PROTINFO);
	if (!protinfo || !put_attrs(to, nlh, in6_dev_get_rcu(dev)))
		return false;
	nla_nest_end(nlh, protinfo);
	nlmsg_end(to->skb, nlh);
	return true;
}

/* ------------------------------------------------------------------ in */

static int check_mode(const struct inet6_dev *idev, u8 mode)
{
	if (mode > IN6_ADDR_GEN_RANDOM)
		return -EINVAL;
	if (mode == IN6_ADDR_GEN_STABLE_PRIVACY && !idev->cnf.stable_secret_set &&
	    !idev->dev->net->ipv6->devconf_dflt->stable_secret_set)
		return -EINVAL;
	return 0;
}

static int link6_parse(const struct inet6_dev *idev, const struct nlattr *attr, const struct nlattr **tb,
		       struct netlink_ext_ack *extack)
{
	int err = nla_parse(tb, LINK6_ATTR_MAX, nla_data(attr), nla_len(attr), link6_policy, false, extack);

	if (err)
		return err;
	if (tb[IFLA_INET6_RA_MTU_ATTR]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IFLA_INET6_RA_MTU_ATTR], "IFLA_INET6_RA_MTU can not be set");
		return -EINVAL;
	}
	if (!tb[IFLA_INET6_TOKEN] && !tb[IFLA_INET6_ADDR_GEN_MODE])
		return -EINVAL;
	return tb[IFLA_INET6_ADDR_GEN_MODE] ? check_mode(idev, nla_get_u8(tb[IFLA_INET6_ADDR_GEN_MODE])) : 0;
}

int rtnl_link_set_inet6(struct net_device *dev, const struct nlattr *attr, bool check_only,
			struct netlink_ext_ack *extack)
{
	struct inet6_dev *idev = in6_dev_get_rcu(dev);
	const struct nlattr *tb[LINK6_ATTR_MAX + 1];
	const char *errmsg = NULL;
	struct in6_addr token;
	int err;

	if (!idev)
		return -EAFNOSUPPORT;
	err = link6_parse(idev, attr, tb, extack);
	if (err || check_only)
		return err;
	if (tb[IFLA_INET6_TOKEN]) {
		memcpy(&token, nla_data(tb[IFLA_INET6_TOKEN]), sizeof(token));
		err = inet6_set_iftoken(idev, &token, &errmsg);
	}
	if (err) {
		NL_SET_ERR_MSG(extack, errmsg);
		return err;
	}
	if (tb[IFLA_INET6_ADDR_GEN_MODE])
		idev->cnf.data[IPV6_DEVCONF_ADDR_GEN_MODE] = nla_get_u8(tb[IFLA_INET6_ADDR_GEN_MODE]);
	return 0;
}

/* ------------------------------------------------------------------ GET */

static int rtm_dumplink6(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct net_device *dev;
	struct nl_target to;

	nl_dump_genid(cb, netdev_genid(cb->net));
	to = nl_dump_target(skb, cb, RTM_NEWLINK);
	for_each_netdev(cb->net, dev) {
		if ((u64)dev->ifindex < cb->args[0] || !in6_dev_get_rcu(dev))
			continue;
		cb->args[0] = (u64)dev->ifindex;
		if (!rtnl_fill_link6(&to, dev))
			return 1;
		cb->args[0]++;
	}
	return 0;
}

const struct rtnl_handler rtnl_link6_handlers[] = {
	{ AF_INET6, RTM_GETLINK, NULL, rtm_dumplink6 },
	{ 0 },
};
