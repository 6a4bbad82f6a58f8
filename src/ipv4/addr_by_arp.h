/* SPDX-License-Identifier: BSD-2-Clause */
/* Address by ARP: a device without one takes that which a neighbour sends a certain packet to.
 *
 * The neighbour has a static ARP entry for it, as embedded devices let themselves be set up: there is an address in the
 * packet, and the frame is for this device's link-layer address.
 */
#ifndef NETHOOD_IPV4_ADDR_BY_ARP_H
#define NETHOOD_IPV4_ADDR_BY_ARP_H

#include "base/types.h"
#include "dev/netdevice.h"
#include "net.h"

struct nethood_dev; /* a device as its embedder sees it: the same object */

/** struct addr_by_arp_config - which packet counts; one rule at least */
struct addr_by_arp_config {
	u16 icmp_bytes;  /**< an ICMP echo request whose IP packet has this length; 0: none has */
	u16 port;        /**< a UDP datagram or a TCP segment to this port; 0: none */
	u8 prefixlen;    /**< of the address's subnet, of which the packet says nothing */
	ktime_t timeout; /**< how long it listens; > 0 */
	/** the address was set or lost, or the time is over; may stop it; may be NULL */
	void (*changed)(void *ctx, struct nethood_dev *dev);
	void *ctx;
};

/**
 * addr_by_arp_start() - listen on @dev, which has no address
 * Return: 0, -EALREADY, -EADDRINUSE (it has one), -EINVAL (no Ethernet, no rule, no time, no prefix length), -ENOMEM, -E2BIG.
 */
int __must_check addr_by_arp_start(struct net_device *dev, const struct addr_by_arp_config *cfg);
/** addr_by_arp_stop() - with the address.  Return: 0, -ENOENT */
int addr_by_arp_stop(struct net_device *dev);
/** addr_by_arp_get() - @addr: out: 0: none yet.  Return: 0, -ENOENT: it never began, or has ended */
int addr_by_arp_get(const struct net_device *dev, __be32 *addr);

int addr_by_arp_init(struct net *net);
void addr_by_arp_exit(struct net *net);

#endif
