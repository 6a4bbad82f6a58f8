/* SPDX-License-Identifier: BSD-2-Clause */
/* The header before a frame that says what was left to the other side: checksums, trains.
 *
 * @step S13 of S13   @linux include/linux/virtio_net.h; linux/virtio_net.h of the system
 */
#ifndef NETHOOD_DRIVERS_VIRTIO_NET_H
#define NETHOOD_DRIVERS_VIRTIO_NET_H

#include <linux/virtio_net.h>

#include "skb/skbuff.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5 /* a train of datagrams */
#endif

#define UDP_MAX_SEGMENTS 128U /**< in one train, as Linux has it */

/** virtio_net_hdr_from_skb() - for a frame that leaves: data at its link-layer header */
void virtio_net_hdr_from_skb(const struct sk_buff *skb, struct virtio_net_hdr *hdr);

/**
 * virtio_net_hdr_to_skb() - what @hdr, which is believed in nothing, says of a frame that came in
 * @skb: borrowed; data at the Ethernet header, all headers in the linear part if it is to be believed
 *
 * A checksum that was only begun stays so (CHECKSUM_PARTIAL) if it is TCP's or UDP's where they have theirs; any other is
 * completed here and judged by whoever wants it.  Of a train network and transport header are set too.
 *
 * Return: 0; -EINVAL: @hdr and frame do not fit; -ENOMEM
 */
int __must_check virtio_net_hdr_to_skb(struct sk_buff *skb, const struct virtio_net_hdr *hdr);

/** skb_find_begun_sum() - a sum of TCP or UDP that is that of its pseudo header alone was only begun (CHECKSUM_PARTIAL):
 *  for frames that come from memory, of which nothing is said.  @skb: data at the network header, protocol set */
void skb_find_begun_sum(struct sk_buff *skb);

#endif
