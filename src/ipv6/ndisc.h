/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbour Discovery: IPv6's driver of the neighbour subsystem.
 *
 * @step S8 of S13   @rfc 4861, 4862, 4429, 7527, 6980, 9131, 4191, 8106   @linux include/net/ndisc.h, net/ipv6/ndisc.c
 */
#ifndef NETHOOD_IPV6_NDISC_H
#define NETHOOD_IPV6_NDISC_H

#include "base/types.h"
#include "dev/netdevice.h"
#include "ipv6/netns_ipv6.h"
#include "neigh/neighbour.h"
#include "net.h"

#define ICMPV6_ROUTER_PREF_LOW 0x3
#define ICMPV6_ROUTER_PREF_MEDIUM 0x0
#define ICMPV6_ROUTER_PREF_HIGH 0x1

int ndisc_init(struct net *net); /* the table, its sysctls (net.ipv6.neigh) and, with icmpv6_init(), its messages */
void ndisc_exit(struct net *net);
/** ndisc_rcv() - a message of ND; @skb taken, data at the ICMPv6 header, checksum and length judged */
int ndisc_rcv(struct sk_buff *skb);
/** ndisc_send_ns() - @nonce 0: none; @saddr NULL: chosen; counted, not awaited */
void ndisc_send_ns(struct net_device *dev, const struct in6_addr *solicit, const struct in6_addr *daddr,
		   const struct in6_addr *saddr, u64 nonce);
void ndisc_send_na(struct net_device *dev, const struct in6_addr *daddr, const struct in6_addr *solicited_addr,
		   bool router, bool solicited, bool override, bool inc_opt);
void ndisc_send_rs(struct net_device *dev, const struct in6_addr *saddr, const struct in6_addr *daddr);
/** ndisc_send_unsol_na() - for every address of @dev: ndisc_notify, NETDEV_NOTIFY_PEERS */
void ndisc_send_unsol_na(struct net_device *dev);
/** ndisc_send_redirect() - to the source of @skb (borrowed, being forwarded): @target is nearer.  @rfc 4861 8.2 */
void ndisc_send_redirect(struct sk_buff *skb, const struct in6_addr *target);
void ndisc_ifdown(struct net_device *dev);
/** ndisc_dev_init() - IPv6 begins on @dev: its parameters.  Return: 0, -ENOMEM */
int ndisc_dev_init(struct net_device *dev);
/** ndisc_dev_exit() - IPv6 has left @dev, ndisc_ifdown() was before */
void ndisc_dev_exit(struct net_device *dev);
/** ipv6_neigh_find_create() - neighbour of @next_hop on @dev, created when missing; see neigh_create() for errors; borrowed */
int ipv6_neigh_find_create(struct net_device *dev, const struct in6_addr *next_hop, struct neighbour **out);

/** struct nd_useropt_info - data of nduseropt_chain: options of an RA for user space, as in RTM_NEWNDUSEROPT.  @rfc 8106 */
struct nd_useropt_info {
	struct net_device *dev;
	const u8 *opt; /**< type, length, value */
	u32 opt_bytes;
	struct in6_addr from;
	u8 icmp_type, icmp_code;
};

#endif
