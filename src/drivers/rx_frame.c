// SPDX-License-Identifier: BSD-2-Clause
/* Room for one frame that is read, in one piece: what is short is copied, a long train goes up where it lies.
 *
 * @step receive path, from drivers/tap.c, drivers/packet.c, to dev/gro.c napi_gro_receive()
 *
 * Nobody says beforehand how long the next frame is, and one piece is cheaper for the system than several.  Long frames
 * follow each other in pages, which are used again when what lay there is gone: memory that the system has just given
 * would cost more than the octets that are read to it.
 */
#include "drivers/rx_frame.h"

#include <errno.h>

#include "dev/gso.h"

int rx_frame_init(struct rx_frame *rx, struct skb_pool *pool, bool has_hdr)
{
	*rx = (struct rx_frame){ .has_hdr = has_hdr, .page = { skb_page_alloc(pool, RX_PAGE_BYTES) } };
	return rx->page[0] ? 0 : -ENOMEM;
}

void rx_frame_fini(struct rx_frame *rx)
{
	for (u32 i = 0; i < RX_PAGES; i++) {
		if (rx->page[i])
			skb_page_put(rx->page[i]);
		rx->page[i] = NULL;
	}
}

/* The first page that nobody else looks at, or that is not there yet; else one that is let go. */
static u32 rx_next_page(const struct rx_frame *rx)
{
	for (u32 i = 0; i < RX_PAGES; i++) {
		if (!rx->page[i] || rx->page[i]->refcnt == 1)
			return i;
	}
	return (rx->at + 1) % RX_PAGES;
}

/* Room for one more behind what is taken.  Return: 0; -ENOMEM, and nothing has changed */
static int rx_take(struct rx_frame *rx, struct skb_pool *pool, u32 len_bytes)
{
	u32 used = rx->used_bytes + ALIGN_UP(len_bytes, 64U), next;
	struct skb_page *fresh;

	if (used + RX_ROOM_BYTES <= RX_PAGE_BYTES) {
		rx->used_bytes = used;
		return 0;
	}
	next = rx_next_page(rx);
	if (!rx->page[next] || rx->page[next]->refcnt > 1) {
		fresh = skb_page_alloc(pool, RX_PAGE_BYTES);
		if (unlikely(!fresh))
			return -ENOMEM;
		if (rx->page[next])
			skb_page_put(rx->page[next]);
		rx->page[next] = fresh;
	}
	rx->at = next;
	rx->used_bytes = 0;
	return 0;
}

/* Return: the frame, returned; NULL: no memory, counted */
static struct sk_buff *rx_frame_skb(struct rx_frame *rx, struct net_device *dev, const u8 *frame, u32 len_bytes)
{
	u32 linear = len_bytes <= RX_COPY_BYTES ? len_bytes : RX_HEADERS_BYTES, at;
	struct sk_buff *skb = netdev_skb_alloc(dev, linear);
	struct skb_page *page = rx->page[rx->at];

	if (unlikely(!skb))
		return NULL;
	memcpy(skb_put(skb, linear), frame, linear);
	if (likely(len_bytes == linear))
		return skb;
	at = (u32)(frame - page->data);
	page->refcnt++;
	skb_add_frag(skb, page, at + linear, len_bytes - linear);
	if (unlikely(rx_take(rx, skb->pool, at - rx->used_bytes + len_bytes))) {
		dev->stats.rx_dropped++;
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return NULL;
	}
	return skb;
}

static void rx_dropped(struct net_device *dev, struct sk_buff *skb, enum skb_drop_reason reason)
{
	dev->stats.rx_errors++;
	kfree_skb_reason(skb, reason);
}

static void rx_one(struct net_device *dev, struct sk_buff *skb)
{
	dev_sw_netstats_rx_add(dev, skb->len);
	skb->protocol = eth_type_trans(skb, dev);
	napi_gro_receive(&netdev_common(dev)->napi, skb, true);
}

/* A train of datagrams: nobody above knows such. */
static __noinline void rx_cut(struct net_device *dev, struct sk_buff *skb)
{
	struct sk_buff *segs, *seg;
	int err;

	skb->dev = dev;
	skb->protocol = get_unaligned_be16(skb->data + offsetof(struct ethhdr, h_proto));
	err = skb_gso_segment(skb, NETIF_F_SG | NETIF_F_HW_CSUM, &segs);
	if (unlikely(err)) {
		rx_dropped(dev, skb, err == -ENOMEM ? SKB_DROP_REASON_NOMEM : SKB_DROP_REASON_SKB_GSO_SEG);
		return;
	}
	consume_skb(skb);
	while ((seg = skb_chain_pop(&segs)) != NULL)
		rx_one(dev, seg);
}

/* May it come in?  Of a train each packet must.  Return: 0, or the error, counted */
static int rx_check(struct net_device *dev, const struct sk_buff *skb)
{
	return netdev_frame_check(dev, skb_is_gso(skb) ? skb_gso_mac_seglen(skb) : skb->len);
}

static __noinline void rx_show(const struct net_device *dev, const struct sk_buff *skb)
{
	struct iovec iov[FRAME_PIECES_MAX];

	rec_replay_frame(dev->net->rec, dev->ifindex, false, iov, netdev_skb_iovec(skb, iov));
}

/* Return: the frame as its header describes it, returned; NULL: it was dropped, and counted */
static struct sk_buff *rx_described(struct net_device *dev, struct sk_buff *skb, const struct virtio_net_hdr *hdr)
{
	int err = virtio_net_hdr_to_skb(skb, hdr);

	if (unlikely(err)) {
		rx_dropped(dev, skb, err == -ENOMEM ? SKB_DROP_REASON_NOMEM : SKB_DROP_REASON_DEV_HDR);
		return NULL;
	}
	if (unlikely(rx_check(dev, skb))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_BIG);
		return NULL;
	}
	return skb;
}

struct sk_buff *rx_frame_take(struct rx_frame *rx, struct net_device *dev, const u8 *from, u32 read_bytes)
{
	u32 hdr_bytes = rx_frame_hdr_bytes(rx), len_bytes = read_bytes - hdr_bytes;
	struct virtio_net_hdr hdr = { .gso_type = VIRTIO_NET_HDR_GSO_NONE };
	struct sk_buff *skb;

	if (unlikely(read_bytes < hdr_bytes))
		len_bytes = 0; /* too short for a frame as well */
	else
		memcpy(&hdr, from, hdr_bytes);
	if (hdr.gso_type == VIRTIO_NET_HDR_GSO_NONE && netdev_frame_check(dev, len_bytes))
		return NULL;
	skb = rx_frame_skb(rx, dev, from + hdr_bytes, len_bytes);
	if (unlikely(!skb))
		return NULL;
	if (rec_again(dev->net->rec))
		rx_show(dev, skb);
	return rx->has_hdr ? rx_described(dev, skb, &hdr) : skb;
}

void rx_frame_deliver(struct net_device *dev, struct sk_buff *skb)
{
	if (unlikely(skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4))
		rx_cut(dev, skb);
	else
		rx_one(dev, skb);
}
