/* SPDX-License-Identifier: BSD-2-Clause */
/* Room for one frame that is read, in one piece: what is short is copied, a long train goes up where it lies.
 *
 * @step receive path, to drivers/tap.c, drivers/packet.c
 */
#ifndef NETHOOD_DRIVERS_RX_FRAME_H
#define NETHOOD_DRIVERS_RX_FRAME_H

#include "drivers/driver_internal.h"
#include "drivers/virtio_net.h"

#define RX_PAGE_BYTES (128U << 10)
#define RX_PAGES 8U
#define RX_COPY_BYTES 16384U /**< a longer frame lies in the page, but for its headers */
#define RX_HEADERS_BYTES 512U
static_assert(RX_PAGE_BYTES >= 2 * FRAME_MAX_BYTES - RX_COPY_BYTES, "the longest fits, and it is not the only one");

struct rx_frame {
	bool has_hdr;
	u32 at;                          /**< the page that is read to */
	u32 used_bytes;                  /**< of it, by frames that went up */
	struct skb_page *page[RX_PAGES]; /**< made when they are needed */
};

/** rx_frame_init() - @has_hdr: a struct virtio_net_hdr is before each frame.  Return: 0, -ENOMEM */
int rx_frame_init(struct rx_frame *rx, struct skb_pool *pool, bool has_hdr);
/** rx_frame_fini() - may be called twice */
void rx_frame_fini(struct rx_frame *rx);
/** rx_frame_room() - where to read RX_ROOM_BYTES to */
static inline u8 *rx_frame_room(const struct rx_frame *rx)
{
	return rx->page[rx->at]->data + rx->used_bytes;
}
#define RX_ROOM_BYTES (sizeof(struct virtio_net_hdr) + FRAME_MAX_BYTES)
/** rx_frame_hdr_bytes() - what is before each frame */
static inline u32 rx_frame_hdr_bytes(const struct rx_frame *rx)
{
	return rx->has_hdr ? (u32)sizeof(struct virtio_net_hdr) : 0;
}
/**
 * rx_frame_take() - what was read, as a packet
 * @from:       rx_frame_room(); or anywhere if it is not longer than RX_COPY_BYTES: then nothing of it is kept
 * @read_bytes: with the header
 *
 * Return: for rx_frame_deliver(), returned; NULL: it is no frame, or its header lies about it: dropped and counted
 */
struct sk_buff *rx_frame_take(struct rx_frame *rx, struct net_device *dev, const u8 *from, u32 read_bytes);
/** rx_frame_deliver() - @skb (taken) goes up, from within a napi poll; a train of datagrams is cut first */
void rx_frame_deliver(struct net_device *dev, struct sk_buff *skb);
/** rx_frame_receive() - both, of what was read to rx_frame_room() */
static inline void rx_frame_receive(struct rx_frame *rx, struct net_device *dev, u32 read_bytes)
{
	struct sk_buff *skb = rx_frame_take(rx, dev, rx_frame_room(rx), read_bytes);

	if (likely(skb))
		rx_frame_deliver(dev, skb);
}

#endif
