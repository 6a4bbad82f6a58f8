// SPDX-License-Identifier: BSD-2-Clause
/* From the layers' notifiers to netlink's multicast groups: what `ip monitor` hears.
 *
 * @linux rtmsg_ifinfo, rtmsg_ifa, rtmsg_fib, __neigh_notify
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <string.h>

#include "ipv4/netns_ipv4.h"
#include "ipv6/addrconf.h"
#include "ipv6/ip6_fib.h"
#include "ipv6/netns_ipv6.h"
#include "netlink/rtnl_ipv6.h"
#include "netlink/netlink_internal.h"
#include "netlink/rtnetlink.h"

#define NOTIFY_BYTES 256U /* most are small, and listeners pay for the room */
#define NOTIFY_BYTES_MAX 65536U

/** struct rtnl_notify - what listens on behalf of one net */
struct rtnl_notify {
	struct net *net;
	struct notifier_block link, addr, fib, neigh;
	struct notifier_block nduseropt, addr6, fib6;
};

/** struct rtnl_news - one notification before it is built */
struct rtnl_news {
	u32 group;
	u16 type, flags;
	u32 portid;
	bool (*fill)(const struct nl_target *to, const struct rtnl_news *news);
	const void *object;
	u32 change;
	struct nl_subject subject;
};

/* A route with many next hops needs more room than most: try again with more, up to a limit. */
static void rtnl_tell(struct net *net, const struct rtnl_news *news)
{
	/* Of neighbours only the port is told, as the kernel does. */
	u32 seq = news->group == RTNLGRP_NEIGH ? 0 : netlink_current_seq(net, news->portid);

	if (!netlink_has_listeners(net, news->group))
		return;
	for (u32 bytes = NOTIFY_BYTES; bytes <= NOTIFY_BYTES_MAX; bytes *= 4) {
		struct sk_buff *skb = nlmsg_new(net, bytes);
		struct nl_target to = { skb, news->portid, seq, news->type, news->flags };

		if (!skb)
			break;
		NETLINK_CB(skb)->subject = news->subject;
		if (news->fill(&to, news)) {
			netlink_broadcast(net, skb, news->group);
			return;
		}
		consume_skb(skb);
	}
	netlink_overrun_group(net, news->group);
}

/* ------------------------------------------------------------------ links */

static bool fill_link(const struct nl_target *to, const struct rtnl_news *news)
{
	return rtnl_fill_link(to, news->object, news->change);
}

static int link_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct rtnl_notify *n = container_of(nb, struct rtnl_notify, link);
	const struct netdev_notifier_info *info = data;
	struct rtnl_news news = { .group = RTNLGRP_LINK, .type = RTM_NEWLINK, .fill = fill_link, .object = info->dev };

	switch (event) {
	case NETDEV_REGISTER:
		news.change = ~0U;
		break;
	case NETDEV_UNREGISTER:
		news.type = RTM_DELLINK;
		news.change = ~0U;
		break;
	case NETDEV_UP:
	case NETDEV_DOWN:
		news.change = IFF_UP;
		break;
	case NETDEV_CHANGE:
		news.change = info->flags_changed;
		break;
	case NETDEV_CHANGEMTU:
	case NETDEV_CHANGEADDR:
	case NETDEV_CHANGENAME:
		break;
	default:
		return 0;
	}
	rtnl_tell(n->net, &news);
	return 0;
}

/* ------------------------------------------------------------------ addresses */

static bool fill_addr(const struct nl_target *to, const struct rtnl_news *news)
{
	return rtnl_fill_addr(to, news->object);
}

static int addr_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct rtnl_notify *n = container_of(nb, struct rtnl_notify, addr);
	struct rtnl_news news = { .group = RTNLGRP_IPV4_IFADDR, .fill = fill_addr, .object = data };

	news.type = event == NETDEV_UP ? RTM_NEWADDR : RTM_DELADDR;
	news.portid = n->net->netlink->current_portid;
	rtnl_tell(n->net, &news);
	return 0;
}

/* ------------------------------------------------------------------ routes and rules */

static bool fill_route(const struct nl_target *to, const struct rtnl_news *news)
{
	return rtnl_fill_route(to, news->object);
}

static bool fill_rule(const struct nl_target *to, const struct rtnl_news *news)
{
	return rtnl_fill_rule(to, news->object);
}

static int fib_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct rtnl_notify *n = container_of(nb, struct rtnl_notify, fib);
	const struct fib_notifier_info *info = data;
	struct rtnl_news news = { .group = RTNLGRP_IPV4_ROUTE,
				  .type = RTM_NEWROUTE,
				  .fill = fill_route,
				  .object = info->route,
				  .portid = info->portid,
				  .flags = (u16)(info->nlflags & (NLM_F_REPLACE | NLM_F_APPEND | NLM_F_CREATE)) };

	switch (event) {
	case FIB_EVENT_ENTRY_DEL:
		news.type = RTM_DELROUTE;
		news.flags = 0;
		break;
	case FIB_EVENT_RULE_ADD:
	case FIB_EVENT_RULE_DEL:
		news.group = RTNLGRP_IPV4_RULE;
		news.type = event == FIB_EVENT_RULE_ADD ? RTM_NEWRULE : RTM_DELRULE;
		news.fill = fill_rule;
		news.object = info->rule;
		news.flags = 0;
		break;
	default:
		break;
	}
	rtnl_tell(n->net, &news);
	return 0;
}

/* ------------------------------------------------------------------ neighbours */

static bool fill_neigh(const struct nl_target *to, const struct rtnl_news *news)
{
	return rtnl_fill_neigh(to, news->object);
}

static struct nl_subject neigh_subject(const struct neighbour *n)
{
	struct nl_subject subject = { .ifindex = n->dev->ifindex, .family = n->tbl->family };

	memcpy(subject.key, n->primary_key, n->tbl->key_len);
	return subject;
}

static int neigh_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct rtnl_notify *n = container_of(nb, struct rtnl_notify, neigh);
	const struct neigh_notifier_info *info = data;
	struct rtnl_news news = { .group = RTNLGRP_NEIGH,
				  .type = RTM_NEWNEIGH,
				  .fill = fill_neigh,
				  .object = info->neigh,
				  .portid = info->portid,
				  .subject = neigh_subject(info->neigh) };

	if (event == NEIGH_EVENT_DEL)
		news.type = RTM_DELNEIGH;
	if (event == NEIGH_EVENT_APP_SOLICIT) {
		news.type = RTM_GETNEIGH;
		news.flags = NLM_F_REQUEST;
		news.subject.family = 0; /* a question is not news */
	}
	rtnl_tell(n->net, &news);
	return 0;
}

/* ------------------------------------------------------------------ IPv6 */

static bool fill_nduseropt(const struct nl_target *to, const struct rtnl_news *news)
{
	return rtnl_fill_nduseropt(to, news->object);
}

static int nduseropt_event(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct rtnl_news news = {
		.group = RTNLGRP_ND_USEROPT, .type = RTM_NEWNDUSEROPT, .fill = fill_nduseropt, .object = data
	};

	(void)event;
	rtnl_tell(container_of(nb, struct rtnl_notify, nduseropt)->net, &news);
	return 0;
}

static bool fill_route6(const struct nl_target *to, const struct rtnl_news *news)
{
	return rtnl_fill_route6(to, news->object);
}

static bool fill_rule6(const struct nl_target *to, const struct rtnl_news *news)
{
	return rtnl_fill_rule6(to, news->object);
}

static int fib6_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct rtnl_notify *n = container_of(nb, struct rtnl_notify, fib6);
	const struct fib6_notifier_info *info = data;
	struct rtnl_news news = { .group = RTNLGRP_IPV6_ROUTE,
				  .type = RTM_NEWROUTE,
				  .fill = fill_route6,
				  .object = info->route,
				  .portid = info->portid,
				  .flags = (u16)info->nlflags };

	switch (event) {
	case FIB6_EVENT_ROUTE_DEL:
		news.type = RTM_DELROUTE;
		news.flags = 0;
		break;
	case FIB6_EVENT_RULE_NEW:
	case FIB6_EVENT_RULE_DEL:
		news.group = RTNLGRP_IPV6_RULE;
		news.type = event == FIB6_EVENT_RULE_NEW ? RTM_NEWRULE : RTM_DELRULE;
		news.fill = fill_rule6;
		news.object = info->rule;
		news.flags = 0;
		break;
	default:
		break;
	}
	rtnl_tell(n->net, &news);
	return 0;
}

static bool fill_addr6(const struct nl_target *to, const struct rtnl_news *news)
{
	const struct inet6addr_info *info = news->object;

	return rtnl_fill_addr6(to, info->ifa);
}

static bool fill_prefix(const struct nl_target *to, const struct rtnl_news *news)
{
	const struct inet6addr_info *info = news->object;

	return rtnl_fill_prefix(to, info->dev, info->prefix);
}

static bool fill_link6(const struct nl_target *to, const struct rtnl_news *news)
{
	const struct inet6addr_info *info = news->object;

	return rtnl_fill_link6(to, info->dev);
}

static int addr6_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct rtnl_notify *n = container_of(nb, struct rtnl_notify, addr6);
	struct rtnl_news news = {
		.group = RTNLGRP_IPV6_IFADDR, .type = RTM_NEWADDR, .fill = fill_addr6, .object = data
	};

	switch (event) {
	case INET6ADDR_DEL:
		news.type = RTM_DELADDR;
		break;
	case INET6ADDR_PREFIX:
		news.group = RTNLGRP_IPV6_PREFIX;
		news.type = RTM_NEWPREFIX;
		news.fill = fill_prefix;
		break;
	case INET6ADDR_CONF:
		news.group = RTNLGRP_IPV6_IFINFO;
		news.type = RTM_NEWLINK;
		news.fill = fill_link6;
		break;
	default:
		break;
	}
	rtnl_tell(n->net, &news);
	return 0;
}

static void rtnl_notify_init6(struct rtnl_notify *n)
{
	n->addr6.call = addr6_event;
	notifier_chain_register(&n->net->ipv6->inet6addr_chain, &n->addr6);
	n->fib6.call = fib6_event;
	notifier_chain_register(&n->net->ipv6->fib6_chain, &n->fib6);
	n->nduseropt.call = nduseropt_event;
	notifier_chain_register(&n->net->ipv6->nduseropt_chain, &n->nduseropt);
}

static void rtnl_notify_exit6(struct rtnl_notify *n)
{
	notifier_chain_unregister(&n->net->ipv6->fib6_chain, &n->fib6);
	notifier_chain_unregister(&n->net->ipv6->inet6addr_chain, &n->addr6);
	notifier_chain_unregister(&n->net->ipv6->nduseropt_chain, &n->nduseropt);
}

/* ------------------------------------------------------------------ life */

int rtnl_notify_init(struct net *net)
{
	struct rtnl_notify *n = mem_zalloc(net->mem, sizeof(*n));
	int err;

	if (!n)
		return -ENOMEM;
	n->net = net;
	n->link.call = link_event;
	n->addr.call = addr_event;
	n->fib.call = fib_event;
	n->neigh.call = neigh_event;
	err = register_netdevice_notifier(net, &n->link);
	assert(!err); /* link_event() refuses no device */
	notifier_chain_register(&net->ipv4->inetaddr_chain, &n->addr);
	notifier_chain_register(&net->ipv4->fib_chain, &n->fib);
	notifier_chain_register(&net->neigh->chain, &n->neigh);
	rtnl_notify_init6(n);
	net->netlink->notify = n;
	return 0;
}

void rtnl_notify_exit(struct net *net)
{
	struct rtnl_notify *n = net->netlink->notify;

	rtnl_notify_exit6(n);
	notifier_chain_unregister(&net->neigh->chain, &n->neigh);
	notifier_chain_unregister(&net->ipv4->fib_chain, &n->fib);
	notifier_chain_unregister(&net->ipv4->inetaddr_chain, &n->addr);
	unregister_netdevice_notifier(net, &n->link);
	mem_free(net->mem, n, sizeof(*n));
}
