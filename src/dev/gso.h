/* SPDX-License-Identifier: BSD-2-Clause */
/* Trains of segments on the way down: cut as late as possible, here if the device cannot.
 *
 * @step S13   @linux include/net/gso.h
 *
 * A train is one skb with gso_size, gso_segs and gso_type, headers as if it were one large packet, and its checksum
 * begun only (CHECKSUM_PARTIAL).
 */
#ifndef NETHOOD_DEV_GSO_H
#define NETHOOD_DEV_GSO_H

#include "dev/netdevice.h"
#include "skb/skbuff.h"

/**
 * skb_gso_segment() - the packets of a train
 * @skb:      borrowed; data at the first header that is there, network header and protocol set
 * @features: NETIF_F_SG: they share its fragments; NETIF_F_HW_CSUM: their checksums stay begun
 * @segs:     in order, chained by next, data at the same header
 *
 * Return: 0, -EPROTONOSUPPORT: nobody knows such trains, -EINVAL: a malformed one, -ENOMEM; on error @skb is as before
 * (what was chained to it is its segments' now).  @linux skb_gso_segment
 */
int __must_check skb_gso_segment(struct sk_buff *skb, u32 features, struct sk_buff **segs);
/** skb_gso_segment_into() - the same as copies in another net's @pool, with their checksums: what a device does that
 *  cuts trains itself.  Only their headers are known, and @skb is as before */
int __must_check skb_gso_segment_into(struct sk_buff *skb, struct skb_pool *pool, struct sk_buff **segs);
/** validate_xmit_skb() - make @skb (taken) what @dev can send: cut, in one piece, with its checksum
 *  Return: it, or several chained by next; NULL: it was dropped, and counted.  @linux validate_xmit_skb */
struct sk_buff *validate_xmit_skb(struct sk_buff *skb, struct net_device *dev);
/** skb_gso_network_seglen() - of the packets of a train the longest, from the network header on */
u32 skb_gso_network_seglen(const struct sk_buff *skb);
/** skb_gso_mac_seglen() - the same from data on, which is at the link-layer header */
static inline u32 skb_gso_mac_seglen(const struct sk_buff *skb)
{
	return skb_network_offset(skb) + skb_gso_network_seglen(skb);
}
/** skb_gso_validate_network_len() - do they fit? */
static inline bool skb_gso_validate_network_len(const struct sk_buff *skb, u32 mtu_bytes)
{
	return skb_gso_network_seglen(skb) <= mtu_bytes;
}

#endif
