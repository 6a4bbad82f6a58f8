// SPDX-License-Identifier: BSD-2-Clause
/* Packets of one flow that come in one poll go up as one: the layers above work once for all of them.
 *
 * @step receive path, from drivers/, to dev/dev.c netif_receive_skb()
 * @linux net/core/gro.c
 *
 * Reading order: napi_gro_receive(), then packet_offload.gro_receive of the network layer; gro_merge(),
 * gro_complete(), napi_gro_flush().
 * Rule: what a train is made of can be told from it octet by octet, so it may be cut again at the next device.  Nothing
 * here needs memory.
 */
#include "dev/gro.h"

#include <errno.h>

#include "dev/dev_internal.h"

static __noinline int gro_receive(struct gro_node *gro, struct sk_buff *skb)
{
	const struct packet_offload *po = offload_find(skb->dev->net->dev, skb->protocol);

	if (!po || !po->gro_receive || skb_data_shared(skb) || po->gro_receive(gro, skb) == GRO_NORMAL)
		return netif_receive_skb(skb);
	return NET_RX_SUCCESS;
}

int napi_gro_receive(struct napi_struct *napi, struct sk_buff *skb, bool more)
{
	const struct net_device *dev = skb->dev;
	const struct dev_net *dn = dev->net->dev;

	if (!more && !napi->gro->used) /* it follows nothing, and nothing will follow it */
		return netif_receive_skb(skb);
	for (u32 i = 0; i < dn->gro_count; i++) {
		const struct gro_protocol *p = &dn->gro[i];

		if (skb->protocol == p->type && skb_headlen(skb) > p->offset && skb->data[p->offset] == p->protocol &&
		    (dev->features & NETIF_F_GRO))
			return gro_receive(napi->gro, skb);
	}
	return netif_receive_skb(skb);
}

int gro_add_protocol(struct net *net, __be16 type, u8 offset, u8 protocol)
{
	struct dev_net *dn = net->dev;

	if (dn->gro_count == MAX_GRO_PROTOCOLS)
		return -ENOSPC;
	dn->gro[dn->gro_count++] = (struct gro_protocol){ type, offset, protocol };
	return 0;
}

void gro_del_protocol(struct net *net, __be16 type, u8 protocol)
{
	struct dev_net *dn = net->dev;
	u32 kept = 0;

	for (u32 i = 0; i < dn->gro_count; i++) {
		if (dn->gro[i].type != type || dn->gro[i].protocol != protocol)
			dn->gro[kept++] = dn->gro[i];
	}
	dn->gro_count = kept;
}

/* ---- what is held */

struct sk_buff *gro_lookup(const struct gro_node *gro, u32 hash)
{
	u32 first = hash % GRO_BUCKETS * GRO_BUCKET_SKBS;
	u32 used = gro->used >> first;

	for (u32 i = 0; i < GRO_BUCKET_SKBS; i++) {
		if ((used & 1U << i) && gro->hash[first + i] == hash)
			return gro->held[first + i];
	}
	return NULL;
}

void gro_hold(struct gro_node *gro, struct sk_buff *skb)
{
	u32 hash = NAPI_GRO_CB(skb)->hash, first = hash % GRO_BUCKETS * GRO_BUCKET_SKBS;
	u32 free = ~(gro->used >> first) & ((1U << GRO_BUCKET_SKBS) - 1);
	u32 slot;

	if (unlikely(!free)) {
		slot = first + gro->turn++ % GRO_BUCKET_SKBS;
		gro_complete(gro, gro->held[slot]);
	} else {
		slot = first + (u32)__builtin_ctz(free);
	}
	NAPI_GRO_CB(skb)->slot = (u16)slot;
	NAPI_GRO_CB(skb)->count = 1;
	gro->used |= 1U << slot;
	gro->hash[slot] = hash;
	gro->held[slot] = skb;
}

bool gro_same_link(const struct sk_buff *p, const struct sk_buff *skb)
{
	if (p->dev != skb->dev || !skb_mac_header_was_set(p) || !skb_mac_header_was_set(skb))
		return false;
	return !memcmp(skb_mac_header(p), skb_mac_header(skb), p->dev->hard_header_len);
}

void gro_merge(struct sk_buff *p, struct sk_buff *skb)
{
	struct napi_gro_cb *cb = NAPI_GRO_CB(p);

	skb_pull(skb, NAPI_GRO_CB(skb)->payload_offset);
	if (cb->last)
		cb->last->next = skb;
	else
		skb_shinfo(p)->frag_list = skb;
	cb->last = skb;
	cb->count++;
	p->len += skb->len;
	p->data_len += skb->len;
	p->truesize += skb->truesize;
}

void gro_complete(struct gro_node *gro, struct sk_buff *p)
{
	gro->used &= ~(1U << NAPI_GRO_CB(p)->slot);
	if (NAPI_GRO_CB(p)->count > 1)
		offload_find(p->dev->net->dev, p->protocol)->gro_complete(p);
	netif_receive_skb(p);
}

/* Whoever gets one may do anything but poll. */
void napi_gro_flush(struct gro_node *gro)
{
	while (gro->used)
		gro_complete(gro, gro->held[__builtin_ctz(gro->used)]);
}
