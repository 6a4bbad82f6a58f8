/* SPDX-License-Identifier: BSD-2-Clause */
/* rtnetlink: what ip(8) and its relatives ask of a net.  @linux net/core/rtnetlink.c   see rtnetlink(7) */
#ifndef NETHOOD_NETLINK_RTNETLINK_H
#define NETHOOD_NETLINK_RTNETLINK_H

#include <linux/rtnetlink.h>

#include "dev/netdevice.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip_fib.h"
#include "neigh/neighbour.h"
#include "netlink/af_netlink.h"

/** struct rtnl_handler - who serves a message of a family */
struct rtnl_handler {
	u8 family; /**< AF_UNSPEC: all that have no row of their own */
	u16 type;  /**< RTM_* */
	int (*doit)(const struct nl_request *rq);
	nl_dump_fn dumpit;
};

extern const struct rtnl_handler rtnl_link_handlers[], rtnl_addr_handlers[], rtnl_route_handlers[],
	rtnl_rule_handlers[], rtnl_neigh_handlers[], rtnl_neightbl_handlers[], rtnl_netconf_handlers[],
	rtnl_nsid_handlers[];
/** rtnl_dump_nothing() - of whom nobody speaks here there is nothing to list */
int rtnl_dump_nothing(struct sk_buff *skb, struct netlink_callback *cb);

/** struct nl_target - where a message is put: which skb, for whom, with which flags */
struct nl_target {
	struct sk_buff *skb;
	u32 portid, seq;
	u16 type, flags;
};
/* One message about one object; false: no room. */
bool rtnl_fill_link(const struct nl_target *to, const struct net_device *dev, u32 change);
bool rtnl_fill_addr(const struct nl_target *to, const struct in_ifaddr *ifa);
bool rtnl_fill_route(const struct nl_target *to, const struct fib_route_view *r);
bool rtnl_fill_rule(const struct nl_target *to, const struct fib_rule_config *r);
bool rtnl_fill_neigh(const struct nl_target *to, const struct neighbour *n);

struct nd_useropt_info;
bool rtnl_fill_nduseropt(const struct nl_target *to, const struct nd_useropt_info *info);

/* What routes of both families say in the same way: netlink/rtnl_route.c */
struct lwtunnel_state;
struct rtnl_encap {
	u16 type, bytes;
	const void *data; /**< borrowed, in the request; NULL: no tunnel */
};
struct rtnl_metrics {
	u32 value[RTAX_MAX], set, lock;
};
bool rtnl_put_encap(const struct nl_target *to, struct nlmsghdr *nlh, const struct lwtunnel_state *lwt);
bool rtnl_put_metrics(const struct nl_target *to, struct nlmsghdr *nlh, const u32 *metrics, u32 lock);
/** rtnl_parse_encap() - RTA_ENCAP, RTA_ENCAP_TYPE.  @multipath: of one next hop among several.  Return: 0, -errno with extack */
int rtnl_parse_encap(const struct nl_request *rq, const struct nlattr *const *tb, bool multipath,
		     struct rtnl_encap *encap);
/** rtnl_parse_metrics() - @attr: RTA_METRICS.  Return: 0, -EINVAL with extack */
int rtnl_parse_metrics(const struct nl_request *rq, const struct nlattr *attr, struct rtnl_metrics *m);

/** nl_dump_target() - where the next message of a dump goes */
static inline struct nl_target nl_dump_target(struct sk_buff *skb, const struct netlink_callback *cb, u16 type)
{
	return (struct nl_target){ skb, cb->portid, cb->nlh->nlmsg_seq, type, (u16)(NLM_F_MULTI | cb->answer_flags) };
}
/** nl_request_target() - where the answer to @rq goes; @skb: made for it */
static inline struct nl_target nl_request_target(const struct nl_request *rq, struct sk_buff *skb, u16 type)
{
	return (struct nl_target){ skb, rq->nlk->portid, rq->nlh->nlmsg_seq, type, 0 };
}
/** rtnl_header() - family header of a message; NULL: the message is too short for it */
const void *rtnl_header(const struct nlmsghdr *nlh, size_t header_bytes);

#endif
