// SPDX-License-Identifier: BSD-2-Clause
/* What a device cannot do is done for it, just before the driver: trains are cut, pieces joined, checksums completed.
 *
 * @step S13 of S13, from dev/dev.c dev_hard_start_xmit()
 * @linux net/core/gso.c; validate_xmit_skb of net/core/dev.c
 *
 * Reading order: validate_xmit_skb(), skb_gso_segment(); then packet_offload.gso_segment of the network layer.
 */
#include "dev/gso.h"

#include <errno.h>

#include "dev/dev_internal.h"
#include "wire/tcp.h"

static int gso_segment(struct sk_buff *skb, const struct segment_how *how, struct sk_buff **segs)
{
	const struct packet_offload *po = offload_find(skb->dev->net->dev, skb->protocol);
	u32 headroom = skb_headroom(skb);
	int err;

	if (!po || !po->gso_segment)
		return -EPROTONOSUPPORT;
	if (skb->network_header < headroom || skb->network_header > headroom + skb_headlen(skb))
		return -EINVAL;
	skb_reset_mac_header(skb);
	skb_pull(skb, skb_network_offset(skb));
	err = po->gso_segment(skb, how, segs);
	skb_push(skb, skb_headroom(skb) - headroom);
	return err;
}

int skb_gso_segment(struct sk_buff *skb, u32 features, struct sk_buff **segs)
{
	const struct segment_how how = { .pool = skb->pool,
					 .share = features & NETIF_F_SG,
					 .sum = !(features & NETIF_F_HW_CSUM) };

	return gso_segment(skb, &how, segs);
}

int skb_gso_segment_into(struct sk_buff *skb, struct skb_pool *pool, struct sk_buff **segs)
{
	const struct segment_how how = { .pool = pool, .sum = true };

	return gso_segment(skb, &how, segs);
}

static u32 netif_skb_features(const struct net_device *dev)
{
	return dev->netdev_ops->ndo_features_check ? dev->netdev_ops->ndo_features_check(dev, dev->features)
						   : dev->features;
}

/* Is @skb a train that @dev cannot send as it is? */
static bool netif_needs_gso(const struct sk_buff *skb, const struct net_device *dev, u32 features)
{
	static const struct {
		u16 type;
		u32 feature;
	} needs[] = {
		{ SKB_GSO_TCPV4, NETIF_F_TSO },
		{ SKB_GSO_TCPV6, NETIF_F_TSO6 },
		{ SKB_GSO_UDP_L4, NETIF_F_GSO_UDP_L4 },
		{ SKB_GSO_TCP_ECN, NETIF_F_TSO_ECN },
		{ SKB_GSO_TCP_FIXEDID, NETIF_F_TSO_MANGLEID },
	};
	const struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (!shinfo->gso_size)
		return false;
	if (skb->len > dev->gso_max_size_bytes || shinfo->gso_segs > dev->gso_max_segs)
		return true;
	if (skb->ip_summed != CHECKSUM_PARTIAL || !(features & NETIF_F_HW_CSUM))
		return true;
	if (shinfo->frag_list && !(features & NETIF_F_FRAGLIST))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		if ((shinfo->gso_type & needs[i].type) && !(features & needs[i].feature))
			return true;
	}
	return false;
}

static struct sk_buff *validate_dropped(struct sk_buff *skb, struct net_device *dev, enum skb_drop_reason reason)
{
	dev->stats.tx_dropped++;
	kfree_skb_reason(skb, reason);
	return NULL;
}

static struct sk_buff *validate_gso(struct sk_buff *skb, struct net_device *dev, u32 features)
{
	struct sk_buff *segs;
	int err = skb_gso_segment(skb, features, &segs);

	if (unlikely(err))
		return validate_dropped(skb, dev, err == -ENOMEM ? SKB_DROP_REASON_NOMEM : SKB_DROP_REASON_SKB_GSO_SEG);
	consume_skb(skb);
	return segs;
}

static bool needs_linearize(const struct sk_buff *skb, u32 features)
{
	if (!skb->data_len)
		return false;
	return !(features & NETIF_F_SG) || (skb_shinfo(skb)->frag_list && !(features & NETIF_F_FRAGLIST));
}

struct sk_buff *validate_xmit_skb(struct sk_buff *skb, struct net_device *dev)
{
	u32 features = netif_skb_features(dev);
	int err;

	if (netif_needs_gso(skb, dev, features))
		return validate_gso(skb, dev, features);
	if (needs_linearize(skb, features) && skb_linearize(skb))
		return validate_dropped(skb, dev, SKB_DROP_REASON_NOMEM);
	if (skb->ip_summed != CHECKSUM_PARTIAL || (features & NETIF_F_HW_CSUM))
		return skb;
	err = skb_checksum_help(skb);
	if (unlikely(err))
		return validate_dropped(skb, dev, err == -ENOMEM ? SKB_DROP_REASON_NOMEM : SKB_DROP_REASON_SKB_CSUM);
	return skb;
}

u32 skb_gso_network_seglen(const struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	u32 header_bytes = (u32)skb->transport_header - skb->network_header;

	if (shinfo->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6))
		header_bytes += tcp_hdrlen_bytes((const struct tcphdr *)(const void *)skb_transport_header(skb));
	else
		header_bytes += 8; /* UDP */
	return header_bytes + shinfo->gso_size;
}
