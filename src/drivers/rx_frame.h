/* SPDX-License-Identifier: BSD-2-Clause */
/* Room for one frame that is read: most end in its head, trains go on in pages, which go up with them.
 *
 * @step receive path, to drivers/tap.c, drivers/packet.c
 */
#ifndef NETHOOD_DRIVERS_RX_FRAME_H
#define NETHOOD_DRIVERS_RX_FRAME_H

#include <sys/uio.h>

#include "drivers/driver_internal.h"
#include "drivers/virtio_net.h"

#define RX_HEAD_BYTES 1536U /**< what lies in the linear part of its skb; all headers do */
#define RX_PAGES 3U         /**< the first one in use already, perhaps */
#define RX_PIECES (2U + RX_PAGES)
static_assert(RX_HEAD_BYTES + (RX_PAGES - 1) * SKB_PAGE_FRAG_BYTES >= FRAME_MAX_BYTES, "the longest fits");

struct rx_frame {
	struct virtio_net_hdr hdr; /**< all zero where none is read */
	bool has_hdr;
	u8 *head;
	struct skb_page *page[RX_PAGES];
	u32 used_bytes; /**< of the first page */
};

/** rx_frame_init() - @has_hdr: a struct virtio_net_hdr is before each frame.  Return: 0, -ENOMEM */
int rx_frame_init(struct rx_frame *rx, struct skb_pool *pool, bool has_hdr);
/** rx_frame_fini() - may be called twice */
void rx_frame_fini(struct rx_frame *rx, struct skb_pool *pool);
/** rx_frame_iovec() - where to read to.  Return: number of pieces */
int rx_frame_iovec(struct rx_frame *rx, struct iovec iov[static RX_PIECES]);
/** rx_frame_hdr_bytes() - what is before each frame */
static inline u32 rx_frame_hdr_bytes(const struct rx_frame *rx)
{
	return rx->has_hdr ? (u32)sizeof(rx->hdr) : 0;
}
/**
 * rx_frame_receive() - what was read goes up, from within a napi poll
 * @read_bytes: with the header
 *
 * What is no frame, or what its header lies about, is dropped and counted; a train of datagrams is cut first.
 */
void rx_frame_receive(struct rx_frame *rx, struct net_device *dev, u32 read_bytes);

#endif
