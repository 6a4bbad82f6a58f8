/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4 link-local addresses: 169.254/16, chosen by the host itself.  @rfc 3927 */
#ifndef NETHOOD_IPV4_IPV4LL_H
#define NETHOOD_IPV4_IPV4LL_H

#include "base/types.h"
#include "dev/netdevice.h"
#include "net.h"

/** ipv4ll_start() - find, announce and defend one for @dev, from now on.  Return: 0, -EALREADY, -EINVAL (no ARP), -ENOMEM */
int __must_check ipv4ll_start(struct net_device *dev);
/** ipv4ll_stop() - takes it away.  Return: 0, -ENOENT */
int ipv4ll_stop(struct net_device *dev);
/** ipv4ll_addr() - the address in use, 0: none (yet) */
__be32 ipv4ll_addr(const struct net_device *dev);
/** ipv4ll_candidate() - the one to try after @conflict_count conflicts: the same for the same host each time */
__be32 ipv4ll_candidate(const u8 mac[static ETH_ALEN], u32 conflict_count);

int ipv4ll_init(struct net *net);
void ipv4ll_exit(struct net *net);

#endif
