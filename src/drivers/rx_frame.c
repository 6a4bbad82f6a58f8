// SPDX-License-Identifier: BSD-2-Clause
/* Room for one frame that is read: most end in its head, trains go on in pages, which go up with them.
 *
 * @step receive path, from drivers/tap.c, drivers/packet.c, to dev/gro.c napi_gro_receive()
 *
 * Nobody says beforehand how long the next frame is.  The head is copied, for it is short and a frame of usual size then
 * weighs no more than it is; of the rest nothing is.  Frames follow each other in the pages, so none is held for a few octets.
 */
#include "drivers/rx_frame.h"

#include <errno.h>

#include "dev/gso.h"

int rx_frame_init(struct rx_frame *rx, struct skb_pool *pool, bool has_hdr)
{
	*rx = (struct rx_frame){ .has_hdr = has_hdr };
	rx->head = mem_alloc(pool->mem, RX_HEAD_BYTES);
	if (!rx->head)
		return -ENOMEM;
	for (u32 i = 0; i < RX_PAGES; i++) {
		rx->page[i] = skb_page_alloc(pool, SKB_PAGE_FRAG_BYTES);
		if (!rx->page[i]) {
			rx_frame_fini(rx, pool);
			return -ENOMEM;
		}
	}
	return 0;
}

void rx_frame_fini(struct rx_frame *rx, struct skb_pool *pool)
{
	mem_free(pool->mem, rx->head, RX_HEAD_BYTES);
	for (u32 i = 0; i < RX_PAGES && rx->page[i]; i++)
		skb_page_put(rx->page[i]);
	*rx = (struct rx_frame){ .has_hdr = false };
}

int rx_frame_iovec(struct rx_frame *rx, struct iovec iov[static RX_PIECES])
{
	int pieces = 0;

	if (rx->has_hdr)
		iov[pieces++] = (struct iovec){ &rx->hdr, sizeof(rx->hdr) };
	iov[pieces++] = (struct iovec){ rx->head, RX_HEAD_BYTES };
	iov[pieces++] = (struct iovec){ rx->page[0]->data + rx->used_bytes, SKB_PAGE_FRAG_BYTES - rx->used_bytes };
	for (u32 i = 1; i < RX_PAGES; i++)
		iov[pieces++] = (struct iovec){ rx->page[i]->data, SKB_PAGE_FRAG_BYTES };
	return pieces;
}

/* @len_bytes of the pages are @skb's; a page that is full makes room for a new one.  Return: 0, -ENOMEM */
static int pages_to_skb(struct rx_frame *rx, struct sk_buff *skb, u32 len_bytes)
{
	while (len_bytes) {
		struct skb_page *page = rx->page[0], *fresh = NULL;
		u32 n = min_u32(len_bytes, SKB_PAGE_FRAG_BYTES - rx->used_bytes);
		bool full = rx->used_bytes + n == SKB_PAGE_FRAG_BYTES;

		if (full) {
			fresh = skb_page_alloc(skb->pool, SKB_PAGE_FRAG_BYTES);
			if (unlikely(!fresh))
				return -ENOMEM;
		}
		page->refcnt += !full;
		skb_add_frag(skb, page, rx->used_bytes, n);
		rx->used_bytes += n;
		len_bytes -= n;
		if (full) {
			memmove(&rx->page[0], &rx->page[1], (RX_PAGES - 1) * sizeof(rx->page[0]));
			rx->page[RX_PAGES - 1] = fresh;
			rx->used_bytes = 0;
		}
	}
	return 0;
}

/* Return: the frame, returned; NULL: no memory, counted */
static struct sk_buff *rx_frame_skb(struct rx_frame *rx, struct net_device *dev, u32 len_bytes)
{
	u32 linear = min_u32(len_bytes, RX_HEAD_BYTES);
	struct sk_buff *skb = netdev_skb_alloc(dev, linear);

	if (unlikely(!skb))
		return NULL;
	memcpy(skb_put(skb, linear), rx->head, linear);
	if (unlikely(pages_to_skb(rx, skb, len_bytes - linear))) {
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
	napi_gro_receive(&netdev_common(dev)->napi, skb);
}

/* A train of datagrams: nobody above knows such. */
static __noinline void rx_cut(struct net_device *dev, struct sk_buff *skb)
{
	struct sk_buff *segs, *next;
	int err;

	skb->dev = dev;
	skb->protocol = get_unaligned_be16(skb->data + offsetof(struct ethhdr, h_proto));
	err = skb_gso_segment(skb, NETIF_F_SG | NETIF_F_HW_CSUM, &segs);
	if (unlikely(err)) {
		rx_dropped(dev, skb, err == -ENOMEM ? SKB_DROP_REASON_NOMEM : SKB_DROP_REASON_SKB_GSO_SEG);
		return;
	}
	consume_skb(skb);
	for (; segs; segs = next) {
		next = segs->next;
		segs->next = NULL;
		rx_one(dev, segs);
	}
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

void rx_frame_receive(struct rx_frame *rx, struct net_device *dev, u32 read_bytes)
{
	u32 hdr_bytes = rx_frame_hdr_bytes(rx), len_bytes = read_bytes - hdr_bytes;
	struct sk_buff *skb;

	if (unlikely(read_bytes < hdr_bytes))
		len_bytes = 0; /* too short for a frame as well */
	if (rx->hdr.gso_type == VIRTIO_NET_HDR_GSO_NONE && netdev_frame_check(dev, len_bytes))
		return;
	skb = rx_frame_skb(rx, dev, len_bytes);
	if (unlikely(!skb))
		return;
	if (rec_again(dev->net->rec))
		rx_show(dev, skb);
	if (rx->has_hdr)
		skb = rx_described(dev, skb, &rx->hdr);
	if (unlikely(!skb))
		return;
	if (unlikely(skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4))
		rx_cut(dev, skb);
	else
		rx_one(dev, skb);
}
