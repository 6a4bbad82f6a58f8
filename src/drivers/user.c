// SPDX-License-Identifier: BSD-2-Clause
/* Devices of the embedder: frames leave through a function and come in by netdev_receive(); and one that sends nowhere.
 *
 * @step S13 of S13, to the program that embeds the net
 */
#include <errno.h>

#include "drivers/driver_internal.h"

struct user_priv {
	struct netdev_common common;
	int (*xmit)(void *ctx, const struct iovec *frame, int pieces);
	void *ctx;
};

static netdev_tx_t user_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	const struct user_priv *priv = dev->priv;
	struct recorder *rec = dev->net->rec;
	struct iovec iov[FRAME_PIECES_MAX];
	struct rec_cb cb;
	int err;

	(void)more;
	if (unlikely(rec))
		rec_cb_begin(rec, &cb);
	err = priv->xmit(priv->ctx, iov, netdev_skb_iovec(skb, iov));
	if (unlikely(rec))
		rec_cb_end(rec, &cb, err);
	if (likely(!err))
		return netdev_tx_done(dev, skb);
	if (err == -EAGAIN)
		return netdev_tx_busy(dev, skb);
	return netdev_tx_error(dev, skb, SKB_DROP_REASON_DEV_XMIT);
}

void netdev_user_wake(struct net_device *dev)
{
	netif_tx_wake_all_queues(dev);
}

static const struct net_device_ops user_ops = {
	.ndo_open = netdev_open_linked,
	.ndo_stop = netdev_stop_linked,
	.ndo_change_carrier = netdev_change_carrier,
	.ndo_start_xmit = user_xmit,
	.ndo_set_mac_address = eth_mac_addr,
};

static int user_setup(struct net_device *dev, const struct netdev_config *cfg)
{
	struct user_priv *priv = dev->priv;

	if (!cfg->xmit)
		return -EINVAL;
	priv->xmit = cfg->xmit;
	priv->ctx = cfg->ctx;
	dev->features |= NETIF_F_SG;
	return 0;
}

const struct netdev_driver user_driver = {
	.name = "user",
	.ops = &user_ops,
	.priv_bytes = sizeof(struct user_priv),
	.queues_max = 16,
	.setup = user_setup,
};

static netdev_tx_t null_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	(void)more;
	return netdev_tx_done(dev, skb);
}

static const struct net_device_ops null_ops = {
	.ndo_open = netdev_open_linked,
	.ndo_stop = netdev_stop_linked,
	.ndo_change_carrier = netdev_change_carrier,
	.ndo_start_xmit = null_xmit,
	.ndo_set_mac_address = eth_mac_addr,
};

static int null_setup(struct net_device *dev, const struct netdev_config *cfg)
{
	dev->features |= NETIF_F_SG;
	if (cfg->offload)
		dev->features |= NETIF_F_HW_CSUM;
	return 0;
}

const struct netdev_driver null_driver = {
	.name = "null",
	.ops = &null_ops,
	.priv_bytes = sizeof(struct netdev_common),
	.queues_max = 16,
	.setup = null_setup,
};
