// SPDX-License-Identifier: BSD-2-Clause
/* Devices of the embedder: frames leave through a function and come in by netdev_receive(); and one that sends nowhere.
 *
 * @step S13 of S13, to the program that embeds the net
 *
 * "user" carries Ethernet frames.  "user-ip" carries IP packets as a TUN device does: nothing is before them, nobody has
 * to be asked for an address, and a train of segments may come in or, with offload, leave as one long packet.
 */
#include <errno.h>
#include <linux/if_arp.h>

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

/* ---- without a link layer */

#define USER_IP_TX_QUEUE_LEN 500 /* a TUN device's */

static netdev_tx_t user_ip_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	if (unlikely(skb_checksum_help(skb))) /* also a train's, over the whole */
		return netdev_tx_error(dev, skb, SKB_DROP_REASON_NOMEM);
	return user_xmit(skb, dev, more);
}

static __be16 ip_type_trans(struct sk_buff *skb, struct net_device *dev)
{
	skb->dev = dev;
	skb_reset_mac_header(skb);
	skb->pkt_type = PACKET_HOST;
	return skb->data[0] >> 4 == 4 ? CONST_BE16(ETH_P_IP) : CONST_BE16(ETH_P_IPV6);
}

static int ip_packet_check(struct net_device *dev, const u8 *packet, size_t len_bytes)
{
	if (!netif_has_link(dev)) {
		dev->stats.rx_dropped++;
		return -ENETDOWN;
	}
	if (!len_bytes || len_bytes > UINT16_MAX) {
		dev->stats.rx_length_errors++;
		dev->stats.rx_errors++;
		return -EMSGSIZE;
	}
	if (packet[0] >> 4 != 4 && packet[0] >> 4 != 6) {
		dev->stats.rx_errors++;
		return -EINVAL;
	}
	return 0;
}

int netdev_packet_to_skb(struct net_device *dev, const void *packet, size_t len_bytes, struct sk_buff **out)
{
	int err = ip_packet_check(dev, packet, len_bytes);
	struct sk_buff *skb;

	if (err)
		return err;
	skb = netdev_skb_alloc_long(dev, (u32)len_bytes);
	if (!skb)
		return -ENOBUFS;
	if (skb_store_bits(skb, 0, packet, (u32)len_bytes))
		assert(0); /* it is as long */
	if (rec_again(dev->net->rec))
		netdev_show_frame(dev, packet, len_bytes);
	dev_sw_netstats_rx_add(dev, (u32)len_bytes);
	skb->protocol = ip_type_trans(skb, dev);
	*out = skb;
	return 0;
}

static const struct net_device_ops user_ip_ops = {
	.ndo_open = netdev_open_linked,
	.ndo_stop = netdev_stop_linked,
	.ndo_change_carrier = netdev_change_carrier,
	.ndo_start_xmit = user_ip_xmit,
};

static int user_ip_setup(struct net_device *dev, const struct netdev_config *cfg)
{
	int err = user_setup(dev, cfg);

	if (err)
		return err;
	dev->header_ops = NULL;
	dev->type = ARPHRD_NONE;
	dev->hard_header_len = 0;
	dev->addr_len = 0;
	dev->tx_queue_len = USER_IP_TX_QUEUE_LEN;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP | IFF_MULTICAST;
	memset(dev->dev_addr, 0, sizeof(dev->dev_addr));
	memset(dev->broadcast, 0, sizeof(dev->broadcast));
	if (cfg->offload)
		dev->features |= NETIF_F_HW_CSUM | NETIF_F_ALL_TSO;
	return 0;
}

const struct netdev_driver user_ip_driver = {
	.name = "user-ip",
	.ops = &user_ip_ops,
	.priv_bytes = sizeof(struct user_priv),
	.queues_max = 16,
	.setup = user_ip_setup,
};

/* ---- to nowhere */

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
