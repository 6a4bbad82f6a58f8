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

/** struct ip6_sf_source - a source that somebody wants, or does not */
struct ip6_sf_source {
	struct in6_addr addr;
	u32 include_count, exclude_count;
};
/** struct ifmcaddr6 - a group of a device.  mcast.c owns all but addr and users */
struct ifmcaddr6;

int ipv6_mcast_init(struct net *net);
void ipv6_mcast_exit(struct net *net);
void ipv6_mc_up(struct inet6_dev *idev);
void ipv6_mc_down(struct inet6_dev *idev);
void ipv6_mc_init_dev(struct inet6_dev *idev); /**< ff01::1, ff02::1, and ff02::2 of a router */
void ipv6_mc_destroy_dev(struct inet6_dev *idev);
/** ipv6_dev_mc_inc() - one more wants the group; joined with the first.  Return: 0, -ENOBUFS, -EINVAL */
int ipv6_dev_mc_inc(struct net_device *dev, const struct in6_addr *group);
int ipv6_dev_mc_dec(struct net_device *dev, const struct in6_addr *group); /* 0, -ENOENT */
/** ipv6_chk_mcast_addr() - does anybody on @dev want what @src (NULL: any) sends to @group? */
bool ipv6_chk_mcast_addr(const struct net_device *dev, const struct in6_addr *group, const struct in6_addr *src);
/** ip6_mc_filter() - a socket's sources changed: @mode MCAST_INCLUDE or _EXCLUDE, counted by device: @delta +1 or -1 for all of
 *  @sources.  Return: 0, -ENOBUFS */
int ip6_mc_filter(struct net_device *dev, const struct in6_addr *group, u8 mode, const struct in6_addr *sources,
		  u32 count, int delta);
/** ipv6_mc_dad_complete() - the first link-local address may be used: groups are reported once more */
void ipv6_mc_dad_complete(struct inet6_dev *idev);
/** igmp6_rcv() - MLD query, report or done; @skb taken, data at the ICMPv6 header */
int igmp6_rcv(struct sk_buff *skb);

/** ipv6_mc_each() - groups of @dev: /proc/net/igmp6, RTM_GETMULTICAST.  fn non-zero stops */
struct ifmcaddr6_view {
	struct in6_addr group;
	u32 users, flags;
	s64 timer_ms;
	u32 includes, excludes;
	const struct ip6_sf_source *sources; /**< of which mode is counted by include_count, exclude_count */
	u32 source_count;
};
int ipv6_mc_each(const struct net_device *dev, int (*fn)(void *ctx, const struct ifmcaddr6_view *m), void *ctx);

#endif
