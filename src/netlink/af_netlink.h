/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_NETLINK sockets of a net: requests in, answers, dumps and notifications out.
 *
 * Management enters here, and nowhere else.  @linux net/netlink/af_netlink.c   see netlink(7), rtnetlink(7)
 */
#ifndef NETHOOD_NETLINK_AF_NETLINK_H
#define NETHOOD_NETLINK_AF_NETLINK_H

#include "base/types.h"
#include "net.h"
#include "socket/sock.h"

extern const struct net_proto_family netlink_family;
int netlink_net_init(struct net *net);
void netlink_net_exit(struct net *net);

#endif
