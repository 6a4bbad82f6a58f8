/* SPDX-License-Identifier: BSD-2-Clause */
/* What devinet.c and devinet_sysctl.c share. */
#ifndef NETHOOD_IPV4_DEVINET_INTERNAL_H
#define NETHOOD_IPV4_DEVINET_INTERNAL_H

#include "base/htable.h"
#include "base/notifier.h"
#include "ipv4/inetdevice.h"
#include "ipv4/netns_ipv4.h"

/** struct devinet_state - net->ipv4->devinet */
struct devinet_state {
	struct htable addr_hash; /**< ifa_local -> in_ifaddr; several may have one address */
	struct notifier_block netdev_nb;
	u32 genid; /**< of all addresses */
	struct ipv4_devconf all, dflt;
};

void devinet_sysctl_init(struct net *net);
void devinet_sysctl_exit(struct net *net);
/** devinet_sysctl_register() - net.ipv4.conf.NAME */
void devinet_sysctl_register(struct net *net, const char *name, struct ipv4_devconf *cnf);
void devinet_sysctl_unregister(struct net *net, struct ipv4_devconf *cnf);

#endif
