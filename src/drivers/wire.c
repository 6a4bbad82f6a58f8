// SPDX-License-Identifier: BSD-2-Clause
/* A memory wire: two devices of nets in one process, joined by a cable.
 *
 * @step S13 of S13, to the other net's dev/softirq.c net_rx_action()
 *
 * A frame is copied into an skb of the other net's pool when it is sent, and waits in the ring of the side that
 * receives until that net is polled.  A full ring stops the sender's queues; the receiver wakes them when half of it
 * is free.  Nothing of the other net runs here: news of the cable wait for its poll as well.
 */
#include <errno.h>

#include "drivers/driver_internal.h"
#include "net.h"

#define WIRE_RING_FRAMES 1024U

struct wire_priv {
	struct netdev_common common;
	struct net_device *peer;  /* NULL: no cable */
	struct sk_buff_head ring; /* frames that came in and were not polled yet, with their headers */
};

static struct wire_priv *wire_priv(const struct net_device *dev)
{
	return dev->priv;
}

static bool wire_link(const struct net_device *dev)
{
	const struct net_device *peer = wire_priv(dev)->peer;

	return peer && netif_running(peer) && !netdev_common(peer)->unplugged;
}

void wire_tell_peer(struct net_device *dev)
{
	struct net_device *peer = wire_priv(dev)->peer;

	if (peer && netif_running(peer))
		napi_schedule(&netdev_common(peer)->napi);
}

static struct sk_buff *wire_copy(struct sk_buff *skb, struct net_device *peer)
{
	struct sk_buff *copy = netdev_skb_alloc(peer, skb->len);

	if (unlikely(!copy))
		return NULL;
	if (likely(!skb->data_len))
		memcpy(skb_put(copy, skb->len), skb->data, skb->len);
	else if (skb_copy_bits(skb, 0, skb_put(copy, skb->len), skb->len))
		assert(0);
	copy->ip_summed = CHECKSUM_NONE;
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		copy->ip_summed = CHECKSUM_PARTIAL;
		copy->csum_start =
			(u16)((u32)(copy->data - copy->head) + skb->csum_start - (u32)(skb->data - skb->head));
		copy->csum_offset = skb->csum_offset;
	}
	return copy;
}

static netdev_tx_t wire_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	struct net_device *peer = wire_priv(dev)->peer;
	struct wire_priv *to;
	struct sk_buff *copy;

	(void)more;
	if (unlikely(!peer || netdev_frame_check(peer, skb->len)))
		return netdev_tx_error(dev, skb, peer ? SKB_DROP_REASON_DEV_XMIT : SKB_DROP_REASON_NO_CARRIER);
	to = wire_priv(peer);
	if (unlikely(to->ring.qlen >= WIRE_RING_FRAMES)) {
		netif_tx_stop_all_queues(dev);
		return NETDEV_TX_BUSY;
	}
	copy = wire_copy(skb, peer);
	if (unlikely(!copy))
		return netdev_tx_error(dev, skb, SKB_DROP_REASON_NOMEM);
	__skb_queue_tail(&to->ring, copy);
	napi_schedule(&to->common.napi);
	return netdev_tx_done(dev, skb);
}

static void wire_wake_peer(struct wire_priv *priv)
{
	if (priv->peer && priv->ring.qlen <= WIRE_RING_FRAMES / 2)
		netif_tx_wake_all_queues(priv->peer);
}

static int wire_poll(struct napi_struct *napi, int budget)
{
	struct net_device *dev = napi->dev;
	struct wire_priv *priv = wire_priv(dev);
	int work = 0;

	if (netif_running(dev) && priv->common.link != wire_link(dev))
		netdev_link(dev, wire_link(dev));
	while (work < budget) {
		struct sk_buff *skb = __skb_dequeue(&priv->ring);

		if (!skb) {
			napi_complete(napi);
			break;
		}
		work++;
		dev_sw_netstats_rx_add(dev, skb->len);
		skb->protocol = eth_type_trans(skb, dev);
		netif_receive_skb(skb);
	}
	wire_wake_peer(priv);
	return work;
}

static int wire_open(struct net_device *dev)
{
	netdev_link(dev, wire_link(dev));
	wire_tell_peer(dev);
	return 0;
}

static void wire_stop(struct net_device *dev)
{
	struct wire_priv *priv = wire_priv(dev);

	skb_queue_purge_reason(&priv->ring, SKB_DROP_REASON_DEV_DOWN);
	netdev_link(dev, false);
	wire_tell_peer(dev);
	wire_wake_peer(priv);
}

static void wire_uninit(struct net_device *dev)
{
	struct wire_priv *priv = wire_priv(dev);

	if (!priv->peer)
		return;
	wire_tell_peer(dev);
	wire_priv(priv->peer)->peer = NULL;
	priv->peer = NULL;
}

int netdev_wire_join(struct net_device *a, struct net_device *b)
{
	if (a == b || a->netdev_ops != wire_driver.ops || b->netdev_ops != wire_driver.ops)
		return -EINVAL;
	if (wire_priv(a)->peer || wire_priv(b)->peer)
		return -EBUSY;
	wire_priv(a)->peer = b;
	wire_priv(b)->peer = a;
	wire_tell_peer(a);
	wire_tell_peer(b);
	return 0;
}

static const struct net_device_ops wire_ops = {
	.ndo_open = wire_open,
	.ndo_stop = wire_stop,
	.ndo_change_carrier = netdev_change_carrier,
	.ndo_uninit = wire_uninit,
	.ndo_start_xmit = wire_xmit,
	.ndo_set_mac_address = eth_mac_addr,
};

static int wire_setup(struct net_device *dev, const struct netdev_config *cfg)
{
	struct wire_priv *priv = wire_priv(dev);

	__skb_queue_head_init(&priv->ring);
	netif_napi_add(dev, &priv->common.napi, wire_poll, NAPI_POLL_WEIGHT);
	dev->features = NETIF_F_SG;
	if (cfg->offload)
		dev->features |= NETIF_F_HW_CSUM | NETIF_F_RXCSUM;
	return 0;
}

const struct netdev_driver wire_driver = {
	.name = "wire",
	.ops = &wire_ops,
	.priv_bytes = sizeof(struct wire_priv),
	.queues_max = 16,
	.setup = wire_setup,
};
