/* SPDX-License-Identifier: BSD-2-Clause */
/* What acd.c and acd_ifaddr.c share. */
#ifndef NETHOOD_IPV4_ACD_INTERNAL_H
#define NETHOOD_IPV4_ACD_INTERNAL_H

#include "base/htable.h"
#include "base/notifier.h"
#include "base/ratelimit.h"
#include "ipv4/acd.h"

/** struct acd_net - net->ipv4->acd */
struct acd_net {
	struct htable by_addr; /**< device and address -> struct acd; only those that are not idle */
	struct list_head all;
	struct notifier_block netdev_nb, inetaddr_nb;
	struct ratelimit_state log_limit;
	struct acd_stats stats;
	u32 pending_count; /**< addresses of rtnetlink that are not yet known to be free */
};

void acd_ifaddr_init(struct net *net, struct acd_net *an);
void acd_ifaddr_exit(struct net *net, struct acd_net *an);

#endif
