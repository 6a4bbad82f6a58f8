// SPDX-License-Identifier: BSD-2-Clause
/* RTM_NEWLINK, RTM_GETLINK, RTM_DELLINK.
 *
 * @linux rtnl_fill_ifinfo, rtnl_newlink, rtnl_setlink of net/core/rtnetlink.c
 *
 * A request that changes several things changes all of them or none.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <string.h>

#include "netlink/rtnetlink.h"
#include "netlink/rtnl_ipv6.h"
#include "sched/sch_generic.h"

static const struct nla_policy link_policy[IFLA_MAX + 1] = {
	[IFLA_IFNAME] = { .kind = NLA_K_STRING, .len_bytes = IFNAMSIZ - 1 },
	[IFLA_ADDRESS] = { .kind = NLA_K_BINARY, .len_bytes = MAX_ADDR_LEN },
	[IFLA_BROADCAST] = { .kind = NLA_K_BINARY, .len_bytes = MAX_ADDR_LEN },
	[IFLA_MTU] = { .kind = NLA_K_U32 },
	[IFLA_LINK] = { .kind = NLA_K_U32 },
	[IFLA_MASTER] = { .kind = NLA_K_U32 },
	[IFLA_CARRIER] = { .kind = NLA_K_U8 },
	[IFLA_TXQLEN] = { .kind = NLA_K_U32 },
	[IFLA_OPERSTATE] = { .kind = NLA_K_U8 },
	[IFLA_LINKMODE] = { .kind = NLA_K_U8 },
	[IFLA_GROUP] = { .kind = NLA_K_U32 },
	[IFLA_EXT_MASK] = { .kind = NLA_K_U32 },
	[IFLA_PROMISCUITY] = { .kind = NLA_K_U32 },
	[IFLA_ALT_IFNAME] = { .kind = NLA_K_STRING, .len_bytes = 127 },
};

/* ------------------------------------------------------------------ out */

static void link_stats64(const struct net_device *dev, struct rtnl_link_stats64 *s)
{
	s->rx_packets = dev->stats.rx_packets;
	s->tx_packets = dev->stats.tx_packets;
	s->rx_bytes = dev->stats.rx_bytes;
	s->tx_bytes = dev->stats.tx_bytes;
	s->rx_errors = dev->stats.rx_errors;
	s->tx_errors = dev->stats.tx_errors;
	s->rx_dropped = dev->stats.rx_dropped;
	s->tx_dropped = dev->stats.tx_dropped;
	s->multicast = dev->stats.multicast;
	s->rx_length_errors = dev->stats.rx_length_errors;
	s->rx_crc_errors = dev->stats.rx_crc_errors;
	s->tx_carrier_errors = dev->stats.tx_carrier_errors;
	s->tx_fifo_errors = dev->stats.tx_fifo_errors;
	s->rx_nohandler = dev->stats.rx_nohandler;
}

static bool link_put_stats(const struct nl_target *to, struct nlmsghdr *nlh, const struct net_device *dev)
{
	struct rtnl_link_stats64 wide = { 0 };
	struct rtnl_link_stats narrow;
	const u64 *from = (const u64 *)&wide;
	u32 *out = (u32 *)&narrow;

	link_stats64(dev, &wide);
	for (size_t i = 0; i < sizeof(narrow) / sizeof(u32); i++)
		out[i] = (u32)from[i]; /* cppcheck-suppress uninitvar ; link_stats64() fills it */
	return nla_put(to->skb, nlh, IFLA_STATS64, &wide, sizeof(wide)) &&
	       nla_put(to->skb, nlh, IFLA_STATS, &narrow, sizeof(narrow));
}

static const char *link_qdisc(const struct net_device *dev)
{
	const struct Qdisc *q = dev->num_tx_queues ? dev->_tx[0].qdisc : NULL;

	return q ? q->ops->id : "noop";
}

static bool link_put_basics(const struct nl_target *to, struct nlmsghdr *nlh, const struct net_device *dev)
{
	const struct sk_buff *skb = to->skb;

	return nla_put_string(skb, nlh, IFLA_IFNAME, dev->name) &&
	       nla_put_u32(skb, nlh, IFLA_TXQLEN, dev->tx_queue_len) &&
	       nla_put_u8(skb, nlh, IFLA_OPERSTATE, dev->operstate) && nla_put_u8(skb, nlh, IFLA_LINKMODE, 0) &&
	       nla_put_u32(skb, nlh, IFLA_MTU, dev->mtu) && nla_put_u32(skb, nlh, IFLA_MIN_MTU, dev->min_mtu) &&
	       nla_put_u32(skb, nlh, IFLA_MAX_MTU, dev->max_mtu) && nla_put_u32(skb, nlh, IFLA_GROUP, dev->group) &&
	       nla_put_u32(skb, nlh, IFLA_PROMISCUITY, dev->promiscuity) &&
	       nla_put_u32(skb, nlh, IFLA_NUM_TX_QUEUES, dev->num_tx_queues) &&
	       nla_put_u32(skb, nlh, IFLA_NUM_RX_QUEUES, dev->num_tx_queues) &&
	       nla_put_u32(skb, nlh, IFLA_GSO_MAX_SEGS, dev->gso_max_segs) &&
	       nla_put_u32(skb, nlh, IFLA_GSO_MAX_SIZE, dev->gso_max_size_bytes) &&
	       nla_put_u8(skb, nlh, IFLA_CARRIER, netif_carrier_ok(dev)) &&
	       nla_put_string(skb, nlh, IFLA_QDISC, link_qdisc(dev)) &&
	       nla_put_u32(skb, nlh, IFLA_CARRIER_CHANGES, dev->carrier_up_count + dev->carrier_down_count) &&
	       nla_put_u32(skb, nlh, IFLA_CARRIER_UP_COUNT, dev->carrier_up_count) &&
	       nla_put_u32(skb, nlh, IFLA_CARRIER_DOWN_COUNT, dev->carrier_down_count) &&
	       nla_put_u8(skb, nlh, IFLA_PROTO_DOWN, 0);
}

static bool link_put_kind(const struct nl_target *to, struct nlmsghdr *nlh, const struct net_device *dev)
{
	struct nlattr *nest;

	if (!dev->kind)
		return true;
	nest = nla_nest_start(to->skb, nlh, IFLA_LINKINFO);
	if (!nest || !nla_put_string(to->skb, nlh, IFLA_INFO_KIND, dev->kind))
		return false;
	nla_nest_end(nlh, nest);
	return true;
}

static bool link_put_af_spec(const struct nl_target *to, struct nlmsghdr *nlh, const struct net_device *dev)
{
	const struct in_device *in_dev = in_dev_get_rcu(dev);
	struct nlattr *spec = nla_nest_start(to->skb, nlh, IFLA_AF_SPEC);
	struct nlattr *inet;

	if (!spec)
		return false;
	if (in_dev) {
		inet = nla_nest_start(to->skb, nlh, AF_INET);
		if (!inet || !nla_put(to->skb, nlh, IFLA_INET_CONF, in_dev->cnf.data, sizeof(in_dev->cnf.data)))
			return false;
		nla_nest_end(nlh, inet);
	}
	if (!rtnl_link_put_inet6(to, nlh, dev))
		return false;
	nla_nest_end(nlh, spec);
	return true;
}

bool rtnl_fill_link(const struct nl_target *to, const struct net_device *dev, u32 change)
{
	struct nlmsghdr *nlh = nlmsg_put(to->skb, to->portid, to->seq, to->type, to->flags, sizeof(struct ifinfomsg));
	struct ifinfomsg *ifm;

	if (!nlh)
		return false;
	ifm = nlmsg_header(nlh);
	ifm->ifi_family = AF_UNSPEC;
	ifm->ifi_type = dev->type;
	ifm->ifi_index = dev->ifindex;
	ifm->ifi_flags = dev_get_flags(dev);
	ifm->ifi_change = change;
	if (!link_put_basics(to, nlh, dev))
		return false;
	if (dev->addr_len && (!nla_put(to->skb, nlh, IFLA_ADDRESS, dev->dev_addr, dev->addr_len) ||
			      !nla_put(to->skb, nlh, IFLA_BROADCAST, dev->broadcast, dev->addr_len)))
		return false;
	if (!link_put_stats(to, nlh, dev) || !link_put_kind(to, nlh, dev) || !link_put_af_spec(to, nlh, dev))
		return false;
	nlmsg_end(to->skb, nlh);
	return true;
}

/* ------------------------------------------------------------------ which device */

/* The policy refuses names that are longer. */
static void link_name(const struct nlattr *const *tb, char name[static 128])
{
	name[0] = '\0';
	if (tb[IFLA_IFNAME])
		(void)nla_get_string(tb[IFLA_IFNAME], name, IFNAMSIZ);
	else if (tb[IFLA_ALT_IFNAME])
		(void)nla_get_string(tb[IFLA_ALT_IFNAME], name, 128);
}

static struct net_device *link_find(struct net *net, const struct ifinfomsg *ifm, const char *name)
{
	if (ifm->ifi_index > 0)
		return dev_find_by_index(net, ifm->ifi_index);
	return name[0] ? dev_find_by_name(net, name) : NULL;
}

/* ------------------------------------------------------------------ NEW, SET */

/** struct link_change - RTM_NEWLINK, decoded, and what was before */
struct link_change {
	const struct nl_request *rq;
	const struct ifinfomsg *ifm;
	const struct nlattr *tb[IFLA_MAX + 1];
	struct net_device *dev;
	char name[128];
	u32 old_mtu, old_flags, old_txqlen, old_group;
	u8 old_addr[MAX_ADDR_LEN];
	char old_name[IFNAMSIZ];
};

/** link_set_af_spec() - what families are asked to set; @check_only: could it be? */
static int link_set_af_spec(struct net_device *dev, const struct nlattr *spec, bool check_only,
			    struct netlink_ext_ack *extack)
{
	const struct nlattr *tb[AF_INET6 + 1];
	int err = spec ? nla_parse(tb, AF_INET6, nla_data(spec), nla_len(spec), NULL, false, extack) : 0;

	if (err || !spec || !tb[AF_INET6])
		return err;
	return rtnl_link_set_inet6(dev, tb[AF_INET6], check_only, extack);
}

static int link_check_address(const struct net_device *dev, const struct nlattr *attr)
{
	if (nla_len(attr) < dev->addr_len)
		return -EINVAL;
	if (!dev->netdev_ops->ndo_set_mac_address)
		return -EOPNOTSUPP;
	return dev->addr_len == ETH_ALEN && !is_valid_ether_addr(nla_data(attr)) ? -EADDRNOTAVAIL : 0;
}

/* All that can be known to fail, before anything is changed: a change flushes what nothing brings back. */
static int link_check(const struct link_change *c)
{
	struct netlink_ext_ack *extack = c->rq->extack;
	const struct nlattr *const *tb = c->tb;
	u32 mtu;

	int err = tb[IFLA_ADDRESS] ? link_check_address(c->dev, tb[IFLA_ADDRESS]) : 0;

	if (err)
		return err;
	if (tb[IFLA_MTU]) {
		mtu = nla_get_u32(tb[IFLA_MTU]);
		if (mtu < c->dev->min_mtu) {
			NL_SET_ERR_MSG(extack, "mtu less than device minimum");
			return -EINVAL;
		}
		if (c->dev->max_mtu && mtu > c->dev->max_mtu) {
			NL_SET_ERR_MSG(extack, "mtu greater than device maximum");
			return -EINVAL;
		}
	}
	err = link_set_af_spec(c->dev, tb[IFLA_AF_SPEC], true, extack);
	if (err)
		return err;
	if (tb[IFLA_MASTER] && nla_get_u32(tb[IFLA_MASTER]))
		return -EOPNOTSUPP;
	if (tb[IFLA_NET_NS_PID] || tb[IFLA_NET_NS_FD]) {
		NL_SET_ERR_MSG(extack, "Devices of a net cannot leave it");
		return -EOPNOTSUPP;
	}
	return tb[IFLA_CARRIER] && !c->dev->netdev_ops->ndo_change_carrier ? -EOPNOTSUPP : 0;
}

static u32 link_new_flags(const struct link_change *c)
{
	u32 change = c->ifm->ifi_change ? c->ifm->ifi_change : ~0U;

	return (c->dev->flags & ~change) | (c->ifm->ifi_flags & change);
}

/* In the order in which Linux does it, but for the name: it can fail, and what comes before it could not be undone. */
static int link_apply(const struct link_change *c)
{
	const struct nlattr *const *tb = c->tb;
	int err = 0;

	if (c->ifm->ifi_index > 0 && tb[IFLA_IFNAME] && strcmp(c->name, c->dev->name) != 0)
		err = dev_change_name(c->dev, c->name);
	if (!err && tb[IFLA_ADDRESS])
		err = dev_set_mac_address(c->dev, nla_data(tb[IFLA_ADDRESS]));
	if (!err && tb[IFLA_MTU])
		err = dev_set_mtu(c->dev, nla_get_u32(tb[IFLA_MTU]));
	if (!err && tb[IFLA_GROUP])
		c->dev->group = nla_get_u32(tb[IFLA_GROUP]);
	if (!err && tb[IFLA_TXQLEN])
		c->dev->tx_queue_len = nla_get_u32(tb[IFLA_TXQLEN]);
	if (!err && (c->ifm->ifi_flags || c->ifm->ifi_change))
		err = dev_change_flags(c->dev, link_new_flags(c));
	if (!err && tb[IFLA_CARRIER])
		err = dev_change_carrier(c->dev, nla_get_u8(tb[IFLA_CARRIER]) != 0);
	if (!err)
		err = link_set_af_spec(c->dev, tb[IFLA_AF_SPEC], false, c->rq->extack);
	return err;
}

static void link_undo(const struct link_change *c)
{
	struct net_device *dev = c->dev;

	(void)dev_change_flags(dev, c->old_flags);
	if (strcmp(dev->name, c->old_name) != 0)
		(void)dev_change_name(dev, c->old_name);
	dev->group = c->old_group;
	dev->tx_queue_len = c->old_txqlen;
	if (dev->mtu != c->old_mtu)
		(void)dev_set_mtu(dev, c->old_mtu);
	if (memcmp(dev->dev_addr, c->old_addr, dev->addr_len) != 0)
		(void)dev_set_mac_address(dev, c->old_addr);
}

static int link_set(struct link_change *c)
{
	struct net_device *dev = c->dev;
	int err = link_check(c);

	if (err)
		return err;
	c->old_mtu = dev->mtu;
	c->old_flags = dev_get_flags(dev);
	c->old_txqlen = dev->tx_queue_len;
	c->old_group = dev->group;
	memcpy(c->old_addr, dev->dev_addr, sizeof(c->old_addr));
	memcpy(c->old_name, dev->name, sizeof(c->old_name));
	err = link_apply(c);
	if (err)
		link_undo(c);
	return err;
}

static int link_decode(struct link_change *c, const struct nl_request *rq)
{
	int err;

	c->rq = rq;
	c->ifm = rtnl_header(rq->nlh, sizeof(*c->ifm));
	err = nlmsg_parse(rq->nlh, sizeof(*c->ifm), c->tb, IFLA_MAX, link_policy, false, rq->extack);
	if (err)
		return err;
	link_name(c->tb, c->name);
	c->dev = link_find(rq->net, c->ifm, c->name);
	return 0;
}

/* ip(8) asks with an empty one whether there is such a request: ENODEV says yes. */
static int rtm_newlink(const struct nl_request *rq)
{
	struct link_change c;
	int err = link_decode(&c, rq);

	if (err)
		return err;
	if (c.dev)
		return (rq->nlh->nlmsg_flags & NLM_F_EXCL) ? -EEXIST : link_set(&c);
	if (!(rq->nlh->nlmsg_flags & NLM_F_CREATE))
		return -ENODEV;
	NL_SET_ERR_MSG(rq->extack, "Unknown device type"); /* devices come from the command line and the library */
	return -EOPNOTSUPP;
}

static int rtm_setlink(const struct nl_request *rq)
{
	struct link_change c;
	int err = link_decode(&c, rq);

	if (err)
		return err;
	if (c.ifm->ifi_index <= 0 && !c.name[0])
		return -EINVAL;
	return c.dev ? link_set(&c) : -ENODEV;
}

static int rtm_dellink(const struct nl_request *rq)
{
	const struct ifinfomsg *ifm = rtnl_header(rq->nlh, sizeof(*ifm));
	const struct nlattr *tb[IFLA_MAX + 1];
	char name[128];
	int err = nlmsg_parse(rq->nlh, sizeof(*ifm), tb, IFLA_MAX, link_policy, false, rq->extack);

	if (err)
		return err;
	link_name(tb, name);
	if (ifm->ifi_index <= 0 && !name[0])
		return -EINVAL;
	return link_find(rq->net, ifm, name) ? -EOPNOTSUPP : -ENODEV;
}

/* ------------------------------------------------------------------ GET */

static int link_check_header(const struct ifinfomsg *ifm, bool strict, bool dump, struct netlink_ext_ack *extack)
{
	if (!ifm) {
		if (strict)
			NL_SET_ERR_MSG(extack, dump ? "Invalid header for link dump" : "Invalid header for get link");
		return strict ? -EINVAL : 0;
	}
	if (!strict)
		return 0;
	if (ifm->__ifi_pad || ifm->ifi_type || ifm->ifi_flags || ifm->ifi_change) {
		NL_SET_ERR_MSG(extack, dump ? "Invalid values in header for link dump request"
					    : "Invalid values in header for get link request");
		return -EINVAL;
	}
	if (dump && ifm->ifi_index) {
		NL_SET_ERR_MSG(extack, "Filter by device index not supported for link dumps");
		return -EINVAL;
	}
	return 0;
}

#define LINK_MSG_BYTES 4096U

static int rtm_getlink(const struct nl_request *rq)
{
	const struct ifinfomsg *ifm = rtnl_header(rq->nlh, sizeof(*ifm));
	const struct nlattr *tb[IFLA_MAX + 1];
	const struct net_device *dev;
	struct nl_target to;
	struct sk_buff *skb;
	char name[128];
	bool fits;
	int err = link_check_header(ifm, rq->strict, false, rq->extack);

	if (err || !ifm)
		return err ? err : -EINVAL;
	err = nlmsg_parse(rq->nlh, sizeof(*ifm), tb, IFLA_MAX, link_policy, rq->strict, rq->extack);
	if (err)
		return err;
	link_name(tb, name);
	if (ifm->ifi_index <= 0 && !name[0])
		return -EINVAL;
	dev = link_find(rq->net, ifm, name);
	if (!dev)
		return -ENODEV;
	skb = nlmsg_new(rq->net, LINK_MSG_BYTES);
	if (!skb)
		return -ENOBUFS;
	to = nl_request_target(rq, skb, RTM_NEWLINK);
	fits = rtnl_fill_link(&to, dev, 0);
	assert(fits); /* the skb was made for it */
	return netlink_reply(rq->nlk, skb);
}

/* cb->args */
enum { DUMP_NEXT_IFINDEX, DUMP_KIND_OTHER, DUMP_MASTER };

static int link_dump_begin(struct netlink_callback *cb)
{
	const struct ifinfomsg *ifm = rtnl_header(cb->nlh, sizeof(*ifm));
	const struct nlattr *tb[IFLA_MAX + 1] = { NULL };
	const struct rtgenmsg *gen = rtnl_header(cb->nlh, sizeof(*gen));
	int err = link_check_header(ifm, cb->strict, true, &cb->extack);

	if (err)
		return err;
	if (ifm) {
		err = nlmsg_parse(cb->nlh, sizeof(*ifm), tb, IFLA_MAX, link_policy, cb->strict, &cb->extack);
		if (err && cb->strict)
			return err;
	}
	if (tb[IFLA_LINKINFO] || tb[IFLA_MASTER]) { /* none of our devices was made by a link kind, or has a master */
		cb->args[DUMP_KIND_OTHER] = 1;
		cb->answer_flags |= NLM_F_DUMP_FILTERED;
	}
	if (gen->rtgen_family == AF_BRIDGE)
		cb->args[DUMP_KIND_OTHER] = 1;
	return 0;
}

static int rtm_dumplink(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct net_device *dev;
	struct nl_target to;
	int err;

	if (!cb->started) {
		err = link_dump_begin(cb);
		if (err)
			return err;
	}
	nl_dump_genid(cb, netdev_genid(cb->net));
	if (cb->args[DUMP_KIND_OTHER])
		return 0;
	to = nl_dump_target(skb, cb, RTM_NEWLINK);
	for_each_netdev(cb->net, dev) {
		if ((u64)dev->ifindex < cb->args[DUMP_NEXT_IFINDEX])
			continue;
		cb->args[DUMP_NEXT_IFINDEX] = (u64)dev->ifindex;
		if (!rtnl_fill_link(&to, dev, 0))
			return 1;
		cb->args[DUMP_NEXT_IFINDEX]++;
	}
	return 0;
}

const struct rtnl_handler rtnl_link_handlers[] = {
	{ AF_UNSPEC, RTM_NEWLINK, rtm_newlink, NULL },
	{ AF_UNSPEC, RTM_SETLINK, rtm_setlink, NULL },
	{ AF_UNSPEC, RTM_DELLINK, rtm_dellink, NULL },
	{ AF_UNSPEC, RTM_GETLINK, rtm_getlink, rtm_dumplink },
	{ 0 },
};
