/* SPDX-License-Identifier: BSD-2-Clause */
/* ARP: IPv4's driver of the neighbour subsystem.  @step S8 of S13   @rfc 826, 5227   @linux net/ipv4/arp.c */
#ifndef NETHOOD_IPV4_ARP_H
#define NETHOOD_IPV4_ARP_H

#include "base/types.h"
#include "dev/netdevice.h"
#include "neigh/neighbour.h"
#include "net.h"

int arp_init(struct net *net);
void arp_exit(struct net *net);
int arp_rcv(struct sk_buff *skb, struct net_device *dev, void *ctx); /* packet_type of ETH_P_ARP */
/**
 * arp_send() - one ARP packet; counted, not awaited
 * @dst_hw: link-layer destination, NULL: broadcast
 * @target_hw: ar_tha, NULL: zeros
 */
void arp_send(int op, __be32 dest_ip, struct net_device *dev, __be32 src_ip, const u8 *dst_hw, const u8 *src_hw,
	      const u8 *target_hw);
void arp_ifdown(struct net_device *dev);
struct arpreq;
/**
 * arp_ioctl() - SIOCSARP, SIOCDARP, SIOCGARP of somebody who may: arp(7)
 * @r: changed by SIOCGARP alone
 * Return: 0, -EPFNOSUPPORT, -EINVAL, -ENODEV, -ENXIO (no such neighbour), -ENOENT (no such proxy), -ENOBUFS, -ENETUNREACH
 */
int arp_ioctl(struct net *net, unsigned long cmd, struct arpreq *r);
/** arp_state_to_flags() - ATF_* of an entry, as arp(8) knows them */
int arp_state_to_flags(const struct neighbour *n);
/** ipv4_neigh_find_create() - neighbour of @next_hop on @dev, created when missing; see neigh_create() for errors; borrowed */
int ipv4_neigh_find_create(struct net_device *dev, __be32 next_hop, struct neighbour **out);

#endif
