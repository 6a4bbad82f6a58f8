/* SPDX-License-Identifier: BSD-2-Clause */
/* Multicast groups of devices: how many want each, and telling the routers.  @rfc 1112, 2236, 3376   @linux net/ipv4/igmp.c */
#ifndef NETHOOD_IPV4_IGMP_H
#define NETHOOD_IPV4_IGMP_H

#include "base/list.h"
#include "base/rcu.h"
#include "base/timer.h"
#include "base/types.h"
#include "ipv4/inetdevice.h"

#define IGMP_MAX_GROUPS 4096U /**< of a device */

/** struct ip_mc_list - a group that a device has joined */
struct ip_mc_list {
	struct list_head node; /**< of in_device.mc_list */
	struct in_device *in_dev;
	__be32 multiaddr;
	u32 users_count;
	bool reporter;   /**< the last report about it was ours: a version 2 leave is told */
	u8 changes_left; /**< reports of the join that are still to be sent; 0: the timer is for a query's answer */
	struct timer timer;
	struct rcu_head rcu;
};

/** ip_mc_inc_group() - one more wants @group on this device: its filter is opened with the first.  Return: 0, -ENOBUFS */
int __must_check ip_mc_inc_group(struct in_device *in_dev, __be32 group);
void ip_mc_dec_group(struct in_device *in_dev, __be32 group);
/** ip_check_mc() - is @group wanted on this device? */
bool ip_check_mc(const struct in_device *in_dev, __be32 group);

/* ---- called by devinet.c */
int igmp_init(struct net *net);
void igmp_exit(struct net *net);
int ip_mc_init_dev(struct in_device *in_dev); /**< joins 224.0.0.1.  Return: 0, -ENOBUFS */
void ip_mc_up(struct in_device *in_dev);      /**< tells of all groups */
void ip_mc_down(struct in_device *in_dev);
void ip_mc_destroy_dev(struct in_device *in_dev);

#endif
