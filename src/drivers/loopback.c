// SPDX-License-Identifier: BSD-2-Clause
/* lo: what is sent comes in again.
 *
 * @step S13 of S13, to dev/dev.c netif_rx()
 * @linux drivers/net/loopback.c
 *
 * No checksum is computed: a packet that never leaves memory needs none.  A sum that was only begun is taken as good;
 * one that a program wrote itself (raw sockets) is checked as any other.
 */
#include <errno.h>
#include <linux/if_arp.h>

#include "dev/dst.h"
#include "drivers/drivers.h"

#define LOOPBACK_MTU 65536U

static netdev_tx_t loopback_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	u32 len = skb->len;

	(void)more;
	if (skb_headlen(skb) < ETH_HLEN) {
		dev->stats.tx_errors++;
		kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_SMALL);
		return NETDEV_TX_OK;
	}
	skb_orphan(skb);
	skb_dst_force(skb); /* the route out is the route in: the packet is for us */
	skb->tstamp = 0;
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->protocol = eth_type_trans(skb, dev);
	if (netif_rx(skb) == NET_RX_SUCCESS) {
		dev_sw_netstats_tx_add(dev, 1, len);
		dev_sw_netstats_rx_add(dev, len);
	}
	return NETDEV_TX_OK;
}

static const struct net_device_ops loopback_ops = {
	.ndo_start_xmit = loopback_xmit,
	.ndo_set_mac_address = eth_mac_addr,
};

int loopback_net_init(struct net *net)
{
	struct net_device *dev = alloc_netdev(net, 0, "lo", 1);
	int err;

	if (!dev)
		return -ENOMEM;
	ether_setup(dev); /* also on lo a frame has an Ethernet header, all zero */
	dev->netdev_ops = &loopback_ops;
	dev->type = ARPHRD_LOOPBACK;
	dev->flags = IFF_LOOPBACK;
	dev->features |= NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HW_CSUM | NETIF_F_RXCSUM | NETIF_F_LOOPBACK |
			 NETIF_F_ALL_TSO | NETIF_F_GSO_UDP_L4;
	dev->priv_flags = IFF_NO_QUEUE | IFF_LIVE_ADDR_CHANGE;
	dev->mtu = LOOPBACK_MTU;
	dev->min_mtu = 0;
	dev->max_mtu = 0;
	memset(dev->broadcast, 0, sizeof(dev->broadcast));
	err = register_netdev(dev);
	if (err)
		free_netdev(dev);
	return err;
}
