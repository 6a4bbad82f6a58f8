// SPDX-License-Identifier: BSD-2-Clause
/* The way of a packet through the device layer: down to the driver, and up from it.
 *
 * @step S9, S13 of S13: from neigh/neighbour.c, through sched/sch_generic.c, to drivers/; then the receive path
 * @linux net/core/dev.c
 *
 * Reading order: dev_queue_xmit(), dev_hard_start_xmit(), netif_receive_skb(), netif_rx().
 * What a device cannot do by itself is done in gso.c; what comes in goes through gro.c first.
 */
#include <errno.h>

#include "base/byteorder.h"
#include "dev/dev_internal.h"
#include "dev/dst.h"
#include "dev/gso.h"
#include "record/record.h"
#include "sched/sch_generic.h"

/* ---- packet types and taps */

int dev_add_pack(struct net *net, const struct packet_type *pt)
{
	struct dev_net *dn = net->dev;

	if (pt->type == CONST_BE16(ETH_P_ALL)) {
		if (dn->tap_count == MAX_PACKET_TYPES)
			return -ENOSPC;
		dn->tap[dn->tap_count++] = *pt;
		return 0;
	}
	if (dn->ptype_count == MAX_PACKET_TYPES)
		return -ENOSPC;
	dn->ptype_key[dn->ptype_count] = pt->type;
	dn->ptype[dn->ptype_count++] = *pt;
	return 0;
}

static bool packet_type_equal(const struct packet_type *a, const struct packet_type *b)
{
	return a->type == b->type && a->func == b->func && a->ctx == b->ctx;
}

static void tap_remove(struct dev_net *dn, u32 i)
{
	dn->tap_count--;
	memmove(&dn->tap[i], &dn->tap[i + 1], (dn->tap_count - i) * sizeof(dn->tap[0]));
}

static void ptype_remove(struct dev_net *dn, u32 i)
{
	dn->ptype_count--;
	memmove(&dn->ptype[i], &dn->ptype[i + 1], (dn->ptype_count - i) * sizeof(dn->ptype[0]));
	memmove(&dn->ptype_key[i], &dn->ptype_key[i + 1], (dn->ptype_count - i) * sizeof(dn->ptype_key[0]));
}

void dev_remove_pack(struct net *net, const struct packet_type *pt)
{
	struct dev_net *dn = net->dev;

	for (u32 i = 0; i < dn->tap_count; i++) {
		if (packet_type_equal(&dn->tap[i], pt)) {
			tap_remove(dn, i);
			return;
		}
	}
	for (u32 i = 0; i < dn->ptype_count; i++) {
		if (packet_type_equal(&dn->ptype[i], pt)) {
			ptype_remove(dn, i);
			return;
		}
	}
}

int dev_add_offload(struct net *net, const struct packet_offload *po)
{
	for (u32 i = 0; i < MAX_PACKET_OFFLOADS; i++) {
		if (!net->dev->offload[i]) {
			net->dev->offload[i] = po;
			return 0;
		}
	}
	return -ENOSPC;
}

void dev_remove_offload(struct net *net, const struct packet_offload *po)
{
	const struct packet_offload **offload = net->dev->offload;
	u32 kept = 0;

	for (u32 i = 0; i < MAX_PACKET_OFFLOADS; i++) {
		if (offload[i] != po)
			offload[kept++] = offload[i];
	}
	while (kept < MAX_PACKET_OFFLOADS)
		offload[kept++] = NULL;
}

/* Each tap gets a clone with data at the network header; one for which there is no memory misses the frame. */
static __noinline void deliver_taps(struct dev_net *dn, struct sk_buff *skb, bool outgoing)
{
	for (u32 i = 0; i < dn->tap_count; i++) {
		struct packet_type tap = dn->tap[i]; /* it may remove itself */
		struct sk_buff *clone = skb_clone(skb);
		u32 offset;

		if (!clone)
			continue;
		if (outgoing) {
			skb_reset_mac_header(clone);
			clone->pkt_type = PACKET_OUTGOING;
			clone->tstamp = clone->dev->net->now;
			offset = skb_network_offset(clone);
			skb_pull(clone, min_u32(offset, skb_headlen(clone)));
		}
		tap.func(clone, clone->dev, tap.ctx);
	}
}

/* ---- S9: the way down */

static inline struct netdev_queue *netdev_core_pick_tx(struct net_device *dev, struct sk_buff *skb)
{
	u32 queue;

	if (likely(dev->num_tx_queues == 1)) {
		skb->queue_mapping = 0;
		return dev->_tx;
	}
	if (skb->hash)
		queue = (u32)(((u64)skb->hash * dev->num_tx_queues) >> 32);
	else
		queue = skb->queue_mapping % dev->num_tx_queues;
	skb->queue_mapping = (u16)queue;
	return &dev->_tx[queue];
}

static __cold int xmit_dropped(struct sk_buff *skb, struct net_device *dev, enum skb_drop_reason reason)
{
	dev->stats.tx_dropped++;
	kfree_skb_reason(skb, reason);
	return -ENETDOWN;
}

/* A device without queue: the packet goes through at once, or not at all. */
static int dev_direct_xmit_noqueue(struct sk_buff *skb, struct net_device *dev, struct netdev_queue *txq)
{
	struct softnet_data *sd = dev->net->softnet;
	int err = NET_XMIT_SUCCESS;
	struct sk_buff *seg;

	if (unlikely(txq->xmit_recursion || sd->xmit_recursion >= XMIT_RECURSION_LIMIT))
		return xmit_dropped(skb, dev, SKB_DROP_REASON_XMIT_RECURSION);
	if (unlikely(txq->stopped))
		return xmit_dropped(skb, dev, SKB_DROP_REASON_FULL_RING);
	sd->xmit_recursion++;
	txq->xmit_recursion = 1;
	skb = dev_hard_start_xmit(skb, dev, txq);
	txq->xmit_recursion = 0;
	sd->xmit_recursion--;
	txq->untaken = NULL;
	while ((seg = skb_chain_pop(&skb)) != NULL) /* several of one that was cut */
		err = xmit_dropped(seg, dev, SKB_DROP_REASON_FULL_RING);
	return err;
}

int dev_queue_xmit(struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	struct netdev_queue *txq;
	struct Qdisc *q;

	TRACE_STEP(9, skb);
	if (unlikely(!(dev->flags & IFF_UP)))
		return xmit_dropped(skb, dev, SKB_DROP_REASON_DEV_READY);
	skb_tx_timestamp(skb, SKBTX_SCHED_TSTAMP, dev->ifindex);
	txq = netdev_core_pick_tx(dev, skb);
	q = txq->qdisc;
	if (likely(q->ops->enqueue))
		return qdisc_enqueue_or_xmit(skb, q, txq);
	return dev_direct_xmit_noqueue(skb, dev, txq);
}

/* ---- S13 */

/* All pieces that leave, for the recorder. */
static __noinline void xmit_record_pieces(struct recorder *rec, const struct sk_buff *skb, const struct net_device *dev)
{
	struct iovec iov[MAX_SKB_FRAGS + 1];
	int pieces = skb_to_iovec(skb, iov, MAX_SKB_FRAGS + 1);
	u64 hash = 0;

	for (int i = 0; i < pieces; i++)
		hash = rec_hash(hash, iov[i].iov_base, iov[i].iov_len);
	rec_output(rec, REC_OUT_FRAME, (u32)dev->ifindex, hash);
	if (unlikely(rec->replay && pieces > 0))
		rec_replay_frame(rec, dev->ifindex, true, iov, pieces);
}

static __noinline void xmit_record(struct recorder *rec, const struct sk_buff *skb, const struct net_device *dev)
{
	if (likely(!skb->data_len && !rec->replay))
		rec_output(rec, REC_OUT_FRAME, (u32)dev->ifindex, rec_hash(0, skb->data, skb->len));
	else
		xmit_record_pieces(rec, skb, dev);
}

/* One packet to the driver.  Return: NULL, or @skb when the driver is busy. */
static inline struct sk_buff *xmit_one(struct sk_buff *skb, struct net_device *dev, struct netdev_queue *txq, bool more)
{
	if (unlikely(dev->net->rec))
		xmit_record(dev->net->rec, skb, dev);
	skb_tx_timestamp(skb, SKBTX_SW_TSTAMP, dev->ifindex);
	if (likely(dev->netdev_ops->ndo_start_xmit(skb, dev, more) == NETDEV_TX_OK)) {
		txq->trans_start = dev->net->now;
		return NULL;
	}
	txq->untaken = skb;
	return skb;
}

/* What the device can send, and whoever watches sees it.  One that the driver did not take before has been through it.
 * Return: @skb, or the segments that it was cut into, of which the first was shown; NULL: it was dropped */
static struct sk_buff *xmit_prepare(struct sk_buff *skb, struct net_device *dev, struct netdev_queue *txq)
{
	if (skb == txq->untaken) {
		txq->untaken = NULL;
		return skb;
	}
	if (skb->data_len || skb->ip_summed == CHECKSUM_PARTIAL) {
		skb = validate_xmit_skb(skb, dev);
		if (!skb)
			return NULL;
	}
	if (dev->net->dev->tap_count)
		deliver_taps(dev->net->dev, skb, true);
	return skb;
}

/* For packets that are not just linear and finished, for several, and while somebody watches. */
static __noinline struct sk_buff *xmit_list(struct sk_buff *skb, struct net_device *dev, struct netdev_queue *txq)
{
	while (skb) {
		struct sk_buff *rest = skb->next, **tailp;

		skb->next = NULL;
		skb = xmit_prepare(skb, dev, txq);
		if (skb) {
			for (tailp = &skb->next; *tailp; tailp = &(*tailp)->next)
				;
			*tailp = rest;
			rest = skb->next;
			skb->next = NULL;
			skb = xmit_one(skb, dev, txq, rest != NULL);
		}
		if (skb) {
			skb->next = rest;
			return skb;
		}
		skb = rest;
		if (skb && txq->stopped)
			return skb;
	}
	return NULL;
}

/* In one piece, and with nothing to do that the device does not do: validate_xmit_skb() would leave it as it is. */
static inline bool xmit_is_plain(const struct sk_buff *skb, const struct net_device *dev)
{
	return !skb->data_len &&
	       (skb->ip_summed != CHECKSUM_PARTIAL || ((dev->features & NETIF_F_HW_CSUM) && !skb_is_gso(skb)));
}

struct sk_buff *dev_hard_start_xmit(struct sk_buff *first, struct net_device *dev, struct netdev_queue *txq)
{
	TRACE_STEP(13, first);
	if (unlikely(first->next || !xmit_is_plain(first, dev) || txq->untaken || dev->net->dev->tap_count))
		return xmit_list(first, dev, txq);
	return xmit_one(first, dev, txq, false);
}

void netif_tx_stop_queue(struct netdev_queue *txq)
{
	txq->stopped = true;
}

void netif_tx_wake_queue(struct netdev_queue *txq)
{
	if (!txq->stopped)
		return;
	txq->stopped = false;
	if (txq->qdisc)
		__netif_schedule(txq->qdisc);
}

/* ---- the way up */

static __cold int unhandled(struct sk_buff *skb, struct net_device *dev)
{
	dev->stats.rx_dropped++;
	kfree_skb_reason(skb, SKB_DROP_REASON_UNHANDLED_PROTO);
	return NET_RX_DROP;
}

/* More than one wants this type: all but the last get clones.  @i: the first of them */
static __noinline int deliver_to_many(struct dev_net *dn, struct sk_buff *skb, struct net_device *dev, u32 i)
{
	struct packet_type pt = dn->ptype[i];

	for (i++; i < dn->ptype_count; i++) {
		struct sk_buff *clone;

		if (dn->ptype_key[i] != pt.type)
			continue;
		clone = skb_clone(skb);
		if (clone)
			pt.func(clone, dev, pt.ctx);
		pt = dn->ptype[i];
	}
	return pt.func(skb, dev, pt.ctx);
}

static inline int deliver_skb(struct dev_net *dn, struct sk_buff *skb, struct net_device *dev)
{
	u32 first = dn->ptype_count, matches = 0;

	for (u32 i = dn->ptype_count; i-- > 0;) {
		if (dn->ptype_key[i] == skb->protocol) {
			first = i;
			matches++;
		}
	}
	if (likely(matches == 1))
		return dn->ptype[first].func(skb, dev, dn->ptype[first].ctx);
	return matches ? deliver_to_many(dn, skb, dev, first) : unhandled(skb, dev);
}

int netif_receive_skb(struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	struct dev_net *dn = dev->net->dev;

	TRACE_STEP(0, skb);
	if (unlikely(!netif_running(dev))) { /* closed while its frames were on the way up */
		dev->stats.rx_dropped++;
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
		return NET_RX_DROP;
	}
	skb->skb_iif = dev->ifindex;
	skb_reset_network_header(skb);
	if (!skb->tstamp)
		skb->tstamp = dev->net->now;
	if (unlikely(dn->tap_count))
		deliver_taps(dn, skb, false);
	return deliver_skb(dn, skb, dev);
}

int netif_rx(struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	struct softnet_data *sd = dev->net->softnet;
	enum skb_drop_reason reason = SKB_DROP_REASON_DEV_READY;

	if (unlikely(!netif_running(dev)))
		goto drop;
	if (unlikely(sd->input_pkt_queue.qlen >= (u32)sd->netdev_max_backlog)) {
		reason = SKB_DROP_REASON_CPU_BACKLOG;
		sd->dropped++;
		goto drop;
	}
	skb_dst_force(skb); /* a packet that came over lo keeps its route */
	__skb_queue_tail(&sd->input_pkt_queue, skb);
	softnet_schedule_backlog(sd);
	return NET_RX_SUCCESS;

drop:
	dev->stats.rx_dropped++;
	kfree_skb_reason(skb, reason);
	return NET_RX_DROP;
}
