/* SPDX-License-Identifier: BSD-2-Clause */
/* What rtnetlink says of IPv6. */
#ifndef NETHOOD_NETLINK_RTNL_IPV6_H
#define NETHOOD_NETLINK_RTNL_IPV6_H

#include "netlink/rtnetlink.h"

struct inet6_dev;
struct inet6_ifaddr;
struct ra_prefix;
struct fib6_route_view;
struct fib6_rule_config;

extern const struct rtnl_handler rtnl_addr6_handlers[], rtnl_addrlabel_handlers[], rtnl_link6_handlers[],
	rtnl_route6_handlers[], rtnl_rule6_handlers[];

/* One message about one object; false: no room. */
bool rtnl_fill_addr6(const struct nl_target *to, const struct inet6_ifaddr *ifa);
bool rtnl_fill_route6(const struct nl_target *to, const struct fib6_route_view *r);
bool rtnl_fill_rule6(const struct nl_target *to, const struct fib6_rule_config *r);
bool rtnl_fill_prefix(const struct nl_target *to, const struct net_device *dev, const struct ra_prefix *p);
/** rtnl_fill_link6() - RTM_NEWLINK of AF_INET6 */
bool rtnl_fill_link6(const struct nl_target *to, const struct net_device *dev);
/** rtnl_link_put_inet6() - what IFLA_AF_SPEC of any RTM_NEWLINK says of AF_INET6 */
bool rtnl_link_put_inet6(const struct nl_target *to, struct nlmsghdr *nlh, const struct net_device *dev);
/** rtnl_link_set_inet6() - @attr: AF_INET6 of IFLA_AF_SPEC.  @check_only: nothing is changed yet.  Return: 0, -errno */
int rtnl_link_set_inet6(struct net_device *dev, const struct nlattr *attr, bool check_only,
			struct netlink_ext_ack *extack);

#endif
