/* SPDX-License-Identifier: BSD-2-Clause */
/* Multicast Listener Discovery: groups that devices and sockets joined.  @rfc 3810, 2710, 3590   @linux net/ipv6/mcast.c */
#ifndef NETHOOD_IPV6_MCAST_H
#define NETHOOD_IPV6_MCAST_H

#include "base/list.h"
#include "base/timer.h"
#include "base/types.h"
#include "dev/netdevice.h"
#include "net.h"
#include "wire/ipv6.h"

struct inet6_dev;

#define MLD_MAX_GROUPS 4096U  /**< of a device */
#define MLD_MAX_SOURCES 4096U /**< of a group */

/** struct ip6_sf_source - a source that somebody wants, or does not */
struct ip6_sf_source {
	struct list_head node;
	struct in6_addr addr;
	u32 include_count, exclude_count; /**< users who want it, who do not */
	u8 changes_left;                  /**< state-change records that are still to be sent about it */
	bool wanted;                      /**< as the records say */
	bool queried;                     /**< a query asked for it; the group's timer answers */
};
/** struct ifmcaddr6 - a group of a device.  mcast.c owns all but addr and users */
struct ifmcaddr6;

void ipv6_mc_up(struct inet6_dev *idev);
void ipv6_mc_down(struct inet6_dev *idev);
int ipv6_mc_init_dev(struct inet6_dev *idev); /**< ff01::1, ff02::1, and ff02::2 of a router.  Return: 0, -ENOBUFS */
void ipv6_mc_destroy_dev(struct inet6_dev *idev);
/** ipv6_dev_mc_inc() - one more wants the group; joined with the first.  Return: 0, -ENOBUFS, -EINVAL */
int ipv6_dev_mc_inc(struct net_device *dev, const struct in6_addr *group);
/** ipv6_dev_mc_inc_mode() - same, of one who begins with MCAST_INCLUDE and no source, or MCAST_EXCLUDE and none */
int ipv6_dev_mc_inc_mode(struct net_device *dev, const struct in6_addr *group, u8 mode);
int ipv6_dev_mc_dec(struct net_device *dev, const struct in6_addr *group); /* 0, -ENOENT */
int ipv6_dev_mc_dec_mode(struct net_device *dev, const struct in6_addr *group,
			 u8 mode); /**< of one whose mode was this */
/** ipv6_chk_mcast_addr() - does anybody on @dev want what @src (NULL: any) sends to @group? */
bool ipv6_chk_mcast_addr(const struct net_device *dev, const struct in6_addr *group, const struct in6_addr *src);
/**
 * ip6_mc_filter() - a user's filter comes (@delta +1) or goes (-1): its mode and its sources
 *
 * A change from one filter to another is told in one go if the new one comes before the old one goes.  Between
 * ipv6_dev_mc_inc_mode() and _dec_mode() a user's mode and sources always stand here.
 * Return: 0, -ENOBUFS (nothing changed), -ENOENT: no such group
 */
int ip6_mc_filter(struct net_device *dev, const struct in6_addr *group, u8 mode, const struct in6_addr *sources,
		  u32 count, int delta);
/** ipv6_mc_dad_complete() - the first link-local address may be used: groups are reported once more */
void ipv6_mc_dad_complete(struct inet6_dev *idev);
/** igmp6_rcv() - MLD query, report or done; @skb taken, data at the ICMPv6 header */
int igmp6_rcv(struct sk_buff *skb);

/** struct ifmcaddr6_view - a group as /proc and netlink show it; all borrowed */
struct ifmcaddr6_view {
	struct in6_addr group;
	u32 users, flags; /**< MAF_* of igmp6 */
	ktime_t timer_left;
	ktime_t cstamp, tstamp;
	u32 source_count;
	const struct list_head *sources; /**< struct ip6_sf_source */
};
/** ipv6_mc_each() - groups of @dev, the latest first: /proc/net/igmp6, RTM_GETMULTICAST.  fn non-zero stops */
int ipv6_mc_each(const struct net_device *dev, int (*fn)(void *ctx, const struct ifmcaddr6_view *m), void *ctx);

#endif
