// SPDX-License-Identifier: BSD-2-Clause
/* Four ways to hand a packet to a neighbour; the entry's way says which.
 *
 * @step S7 of S13, from neigh_output() in ipv4/ip_output.c, to dev_queue_xmit()
 * @rfc 4861 7.2.2
 * @linux neigh_resolve_output, neigh_connected_output, neigh_direct_output
 *
 * An Ethernet packet to a CONNECTED neighbour comes here once only: the header made then is kept in hh_data, and
 * neigh_output() copies it from there on.
 */
#include <errno.h>

#include "base/byteorder.h"
#include "neigh/neigh_internal.h"

void neigh_hh_init(struct neighbour *n)
{
	const struct header_ops *ops = n->dev->header_ops;

	assert(!n->has_queue); /* it lies where the header goes */
	n->hh_len = 0;
	if (ops->cache && ops->cache(n->dev, n->ha, n->tbl->protocol, n->hh_data, &n->hh_len))
		n->hh_len = 0;
}

static int neigh_header_and_xmit(struct neighbour *n, struct sk_buff *skb)
{
	struct net_device *dev = n->dev;

	if (dev_hard_header(skb, dev, be16_to_cpu(skb->protocol), n->ha, NULL, skb->len) < 0) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_HH_FILLFAIL);
		return -EINVAL;
	}
	return dev_queue_xmit(skb);
}

int neigh_resolve_output(struct neighbour *n, struct sk_buff *skb)
{
	if (neigh_event_send(n, skb))
		return 0;
	if (!n->hh_len)
		neigh_hh_init(n);
	return neigh_header_and_xmit(n, skb);
}

int neigh_connected_output(struct neighbour *n, struct sk_buff *skb)
{
	return neigh_header_and_xmit(n, skb);
}

int neigh_direct_output(struct neighbour *n, struct sk_buff *skb)
{
	(void)n;
	return dev_queue_xmit(skb);
}

int neigh_blackhole_output(struct neighbour *n, struct sk_buff *skb)
{
	(void)n;
	kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_DEAD);
	return -ENETDOWN;
}
