// SPDX-License-Identifier: BSD-2-Clause
/* Ethernet as a link layer: headers, the ready header of a neighbour, and what a received one means.
 *
 * @rfc 894, 1042; IEEE 802.3 3.2.6 (length or type)
 * @linux net/ethernet/eth.c
 */
#include <errno.h>
#include <linux/if_arp.h>

#include "base/byteorder.h"
#include "dev/netdevice.h"

#define HH_HEADER_OFFSET (16 - ETH_HLEN) /* a ready header lies at the end of 16 bytes */
#define ETH_TYPE_MIN 0x600U              /* below, the field is a length */

int eth_header(struct sk_buff *skb, struct net_device *dev, u16 type, const void *daddr, const void *saddr, u32 len)
{
	struct ethhdr *eth;

	if (skb_headroom(skb) < ETH_HLEN)
		return -ETH_HLEN;
	eth = skb_push(skb, ETH_HLEN);
	if (type == ETH_P_802_3 || type == ETH_P_802_2)
		eth->h_proto = cpu_to_be16((u16)len);
	else
		eth->h_proto = cpu_to_be16(type);
	memcpy(eth->h_source, saddr ? saddr : dev->dev_addr, ETH_ALEN);
	if (daddr) {
		memcpy(eth->h_dest, daddr, ETH_ALEN);
		return ETH_HLEN;
	}
	if (dev->flags & (IFF_LOOPBACK | IFF_NOARP)) {
		memset(eth->h_dest, 0, ETH_ALEN);
		return ETH_HLEN;
	}
	return -ETH_HLEN;
}

int eth_header_cache(const struct net_device *dev, const u8 *ha, __be16 type, u8 hh_data[static 16], u8 *hh_len)
{
	struct ethhdr *eth = (struct ethhdr *)(void *)(hh_data + HH_HEADER_OFFSET);

	if (type == CONST_BE16(ETH_P_802_3))
		return -1;
	memset(hh_data, 0, HH_HEADER_OFFSET);
	memcpy(eth->h_dest, ha, ETH_ALEN);
	memcpy(eth->h_source, dev->dev_addr, ETH_ALEN);
	eth->h_proto = type;
	*hh_len = ETH_HLEN;
	return 0;
}

static const struct header_ops eth_header_ops = {
	.create = eth_header,
	.cache = eth_header_cache,
};

/* The frame must have its 14 bytes in the linear part: drivers refuse shorter ones. */
__be16 eth_type_trans(struct sk_buff *skb, struct net_device *dev)
{
	const struct ethhdr *eth;
	const u8 *payload;

	skb->dev = dev;
	skb_reset_mac_header(skb);
	eth = (const struct ethhdr *)(const void *)skb->data;
	payload = skb_pull(skb, ETH_HLEN);
	if (likely(ether_addr_equal(eth->h_dest, dev->dev_addr)))
		skb->pkt_type = PACKET_HOST;
	else if (!is_multicast_ether_addr(eth->h_dest))
		skb->pkt_type = PACKET_OTHERHOST;
	else if (ether_addr_equal(eth->h_dest, dev->broadcast))
		skb->pkt_type = PACKET_BROADCAST;
	else
		skb->pkt_type = PACKET_MULTICAST;
	if (likely(be16_to_cpu(eth->h_proto) >= ETH_TYPE_MIN))
		return eth->h_proto;
	/* A length.  Old Novell frames have no 802.2 header: their payload begins with a checksum of all ones. */
	if (skb_headlen(skb) >= 2 && payload[0] == 0xff && payload[1] == 0xff)
		return CONST_BE16(ETH_P_802_3);
	return CONST_BE16(ETH_P_802_2);
}

int eth_mac_addr(struct net_device *dev, const u8 *addr)
{
	if (!(dev->priv_flags & IFF_LIVE_ADDR_CHANGE) && netif_running(dev))
		return -EBUSY;
	if (!is_valid_ether_addr(addr))
		return -EADDRNOTAVAIL;
	memcpy(dev->dev_addr, addr, ETH_ALEN);
	return 0;
}

void ether_setup(struct net_device *dev)
{
	dev->header_ops = &eth_header_ops;
	dev->type = ARPHRD_ETHER;
	dev->hard_header_len = ETH_HLEN;
	dev->addr_len = ETH_ALEN;
	dev->mtu = ETH_DATA_LEN;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_DATA_LEN;
	dev->tx_queue_len = DEFAULT_TX_QUEUE_LEN;
	dev->flags = IFF_BROADCAST | IFF_MULTICAST;
	memset(dev->broadcast, 0xff, ETH_ALEN);
}
