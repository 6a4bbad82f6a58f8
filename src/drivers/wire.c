// SPDX-License-Identifier: BSD-2-Clause
/* A memory wire: two devices of nets in one process, joined by a cable.
 *
 * @step S13 of S13, to the other net's dev/softirq.c net_rx_action()
 *
 * A frame is copied into an skb of the other net's pool when it is sent, and waits in the ring of the side that
 * receives until that net is polled.  A full ring stops the sender's queues; the receiver wakes them when half of it
 * is free.  Nothing of the other net runs here: news of the cable wait for its poll as well.
 *
 * A checksum that the sender left to do is completed in the pass that copies, and a train is cut there, unless the other
 * end (one with offload) takes the packet as it is.
 */
#include <errno.h>

#include "base/byteorder.h"
#include "base/csum.h"
#include "dev/gso.h"
#include "drivers/driver_internal.h"
#include "net.h"

#define WIRE_RING_FRAMES 1024U
#define WIRE_FRAME_MAX_BYTES (ETH_HLEN + GSO_MAX_SIZE_BYTES + 60U)

struct wire_priv {
	struct netdev_common common;
	struct net_device *peer;  /* NULL: no cable */
	bool peer_waits;          /* our ring had no room for what the other end has to send */
	bool foreign;             /* the other end is in another net: what it does is written down by the recorder */
	struct sk_buff_head ring; /* frames that came in and were not polled yet, with their headers */
};

static struct wire_priv *wire_priv(const struct net_device *dev)
{
	return dev->priv;
}

static bool wire_peer_ready(const struct net_device *dev)
{
	const struct net_device *peer = wire_priv(dev)->peer;

	return peer && netif_running(peer) && !netdev_common(peer)->unplugged;
}

/* Is the other end there?  Of one in another net the recorder is told when that is news. */
static bool wire_link(const struct net_device *dev)
{
	const struct wire_priv *priv = wire_priv(dev);
	struct recorder *rec = dev->net->rec;
	bool ready = wire_peer_ready(dev);

	if (likely(!rec || !priv->foreign))
		return ready;
	if (rec->replay)
		return rec_input_differs(rec, dev->ifindex, REC_IN_LINK, priv->common.link);
	if (ready != priv->common.link)
		rec_input(rec, dev->ifindex, REC_IN_LINK, ready, NULL, 0);
	return ready;
}

/* ---- what one end does to the other */

static void wire_news_come(struct net_device *dev, u32 what)
{
	if (what == REC_WIRE_WAKE)
		netif_tx_wake_all_queues(dev);
	else if (netif_running(dev))
		napi_schedule(&netdev_common(dev)->napi);
}

int netdev_wire_news(struct net_device *dev, u32 what)
{
	if (dev->netdev_ops != wire_driver.ops)
		return -EINVAL;
	wire_news_come(dev, what);
	return 0;
}

static void wire_news(struct net_device *from, u32 what)
{
	struct net_device *peer = wire_priv(from)->peer;
	struct recorder *rec;

	if (!peer)
		return;
	rec = peer->net->rec;
	if (likely(!rec || !wire_priv(peer)->foreign)) {
		wire_news_come(peer, what);
		return;
	}
	rec_commit(rec, rec_put_u(rec_put_u(rec_call(rec, REC_WIRE_NEWS), (u32)peer->ifindex), what));
	wire_news_come(peer, what);
	rec_return(rec, 0);
}

void wire_tell_peer(struct net_device *dev)
{
	wire_news(dev, REC_WIRE_KICK);
}

static void wire_wake_peer(struct net_device *dev)
{
	struct wire_priv *priv = wire_priv(dev);

	if (likely(!priv->peer_waits) || priv->ring.qlen > WIRE_RING_FRAMES / 2)
		return;
	priv->peer_waits = false;
	wire_news(dev, REC_WIRE_WAKE);
}

/* ---- frames */

/* Piece by piece: of the copy, which is the one that has few. */
static void wire_copy_pieces(const struct sk_buff *skb, struct sk_buff *copy)
{
	struct iovec iov[FRAME_PIECES_MAX];
	int pieces = netdev_skb_iovec(copy, iov), err = 0;
	u32 pos = 0;

	for (int i = 0; i < pieces; i++) {
		err |= skb_copy_bits(skb, pos, iov[i].iov_base, (u32)iov[i].iov_len);
		pos += (u32)iov[i].iov_len;
	}
	assert(!err); /* both are of one length */
}

/* What @skb leaves to the other end. */
static struct wire_offload wire_offload_of(const struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct wire_offload o = { 0 };

	if (likely(skb->ip_summed != CHECKSUM_PARTIAL))
		return o;
	o.csum_start = (u32)(skb->head - skb->data) + skb->csum_start;
	o.csum_offset = skb->csum_offset;
	if (shinfo->gso_size) {
		o.gso_size = shinfo->gso_size;
		o.gso_type = shinfo->gso_type;
		o.segment_bytes = skb_gso_mac_seglen(skb);
	}
	return o;
}

static void wire_set_offload(struct sk_buff *copy, const struct wire_offload *o, u32 payload_max_bytes)
{
	struct skb_shared_info *shinfo = skb_shinfo(copy);

	copy->ip_summed = CHECKSUM_NONE;
	if (!o->csum_offset)
		return;
	copy->ip_summed = CHECKSUM_PARTIAL;
	copy->csum_start = (u16)((u32)(copy->data - copy->head) + o->csum_start);
	copy->csum_offset = (u16)o->csum_offset;
	if (!o->gso_size)
		return;
	shinfo->gso_size = o->gso_size;
	shinfo->gso_type = o->gso_type;
	shinfo->gso_segs = (u16)((payload_max_bytes + o->gso_size - 1) / o->gso_size);
}

/* Payload of a train: what is beyond the headers that each of its packets has. */
static u32 wire_payload_bytes(u32 len_bytes, const struct wire_offload *o)
{
	return len_bytes - (o->segment_bytes - o->gso_size);
}

/* Does the other end want the checksum that the sender left to do? */
static bool wire_wants_csum(const struct net_device *peer, const struct wire_offload *o)
{
	return o->csum_offset && !(peer->features & NETIF_F_RXCSUM);
}

/* What was not summed while it was copied.  Return: 0; else there was no memory, and @copy is gone */
static int wire_complete_csum(struct sk_buff *copy, const struct net_device *peer, const struct wire_offload *o)
{
	if (!wire_wants_csum(peer, o) || !skb_checksum_help(copy))
		return 0;
	kfree_skb_reason(copy, SKB_DROP_REASON_NOMEM);
	return -ENOMEM;
}

/* Both in one pass: who receives need not read it again. */
static void wire_copy_sum(const struct sk_buff *skb, struct sk_buff *copy)
{
	assert(skb_headlen(skb) >= ETH_HLEN);
	memcpy(copy->data, skb->data, ETH_HLEN);
	copy->csum = skb_copy_and_csum_bits(skb, ETH_HLEN, copy->data + ETH_HLEN, skb->len - ETH_HLEN);
	copy->ip_summed = CHECKSUM_COMPLETE;
}

static struct sk_buff *wire_copy(const struct sk_buff *skb, struct net_device *peer, const struct wire_offload *o)
{
	struct sk_buff *copy = netdev_skb_alloc_long(peer, skb->len);

	if (unlikely(!copy))
		return NULL;
	if (likely(!copy->data_len && !o->csum_offset)) {
		wire_copy_sum(skb, copy);
		return copy;
	}
	if (likely(!copy->data_len) && wire_wants_csum(peer, o)) {
		netdev_skb_copy(skb, copy->data);
		return copy;
	}
	if (likely(!copy->data_len)) {
		if (skb_copy_bits(skb, 0, copy->data, skb->len))
			assert(0); /* it is as long */
	} else {
		wire_copy_pieces(skb, copy);
	}
	wire_set_offload(copy, o, wire_payload_bytes(skb->len, o));
	return wire_complete_csum(copy, peer, o) ? NULL : copy;
}

/* What became of a frame on the wire. */
enum { WIRE_SENT, WIRE_NO_PEER, WIRE_REFUSED, WIRE_FULL, WIRE_NOMEM };

static void wire_queue(struct net_device *dev, struct sk_buff *copy)
{
	__skb_queue_tail(&wire_priv(dev)->ring, copy);
	napi_schedule(&netdev_common(dev)->napi);
}

/* Who hears that there is none waits until he is told. */
static bool wire_has_room(const struct net_device *dev, u32 frames)
{
	struct wire_priv *priv = wire_priv(dev);
	bool room = priv->ring.qlen + frames <= WIRE_RING_FRAMES;

	if (unlikely(!room))
		priv->peer_waits = true;
	return room;
}

/* Trains cross a wire with offload only. */
static bool wire_must_cut(const struct net_device *dev, const struct sk_buff *skb)
{
	return skb_is_gso(skb) && !(dev->features & NETIF_F_RXCSUM);
}

/* The packets of a train, made where they are going. */
static int wire_cut(struct net_device *peer, struct sk_buff *skb)
{
	struct sk_buff *segs, *seg;
	int err;

	if (unlikely(netdev_frame_check(peer, skb_gso_mac_seglen(skb))))
		return WIRE_REFUSED;
	if (unlikely(!wire_has_room(peer, skb_shinfo(skb)->gso_segs)))
		return WIRE_FULL;
	err = skb_gso_segment_into(skb, peer->net->skb_pool, &segs);
	if (unlikely(err)) {
		peer->stats.rx_dropped += err == -ENOMEM;
		return err == -ENOMEM ? WIRE_NOMEM : WIRE_REFUSED;
	}
	while ((seg = skb_chain_pop(&segs)) != NULL)
		wire_queue(peer, seg);
	return WIRE_SENT;
}

static int wire_deliver(struct net_device *peer, const struct sk_buff *skb)
{
	const struct wire_offload o = wire_offload_of(skb);
	struct sk_buff *copy;

	if (unlikely(netdev_frame_check(peer, o.gso_size ? o.segment_bytes : skb->len)))
		return WIRE_REFUSED;
	if (unlikely(!wire_has_room(peer, 1)))
		return WIRE_FULL;
	copy = wire_copy(skb, peer, &o);
	if (unlikely(!copy))
		return WIRE_NOMEM;
	wire_queue(peer, copy);
	return WIRE_SENT;
}

/* The same as it is written down: the frame in one piece, and what was left to do. */
int netdev_wire_frame(struct net_device *dev, const void *frame, size_t len_bytes, const struct wire_offload *o)
{
	struct sk_buff *copy;

	if (dev->netdev_ops != wire_driver.ops || len_bytes > WIRE_FRAME_MAX_BYTES)
		return -EINVAL;
	if (o->gso_size && (!o->csum_offset || o->segment_bytes <= o->gso_size || o->segment_bytes > len_bytes))
		return -EINVAL;
	if (o->csum_offset && ((u64)o->csum_start + o->csum_offset + 2 > len_bytes ||
			       o->csum_start + o->csum_offset + 2 > NETDEV_HEADERS_BYTES))
		return -EINVAL;
	if (netdev_frame_check(dev, o->gso_size ? o->segment_bytes : len_bytes))
		return WIRE_REFUSED;
	if (!wire_has_room(dev, 1))
		return WIRE_FULL;
	copy = netdev_skb_alloc_long(dev, (u32)len_bytes);
	if (!copy)
		return WIRE_NOMEM;
	if (skb_store_bits(copy, 0, frame, (u32)len_bytes))
		assert(0);
	if (rec_again(dev->net->rec))
		netdev_show_frame(dev, frame, len_bytes);
	wire_set_offload(copy, o, wire_payload_bytes((u32)len_bytes, o));
	if (wire_complete_csum(copy, dev, o))
		return WIRE_NOMEM;
	wire_queue(dev, copy);
	return WIRE_SENT;
}

static void wire_record_frame(struct recorder *rec, const struct net_device *peer, const struct sk_buff *skb)
{
	const struct wire_offload o = wire_offload_of(skb);
	struct iovec iov[FRAME_PIECES_MAX];
	int pieces = netdev_skb_iovec(skb, iov);
	u8 *p = rec_put_u(rec_call(rec, REC_WIRE_FRAME), (u32)peer->ifindex);

	p = rec_put_u(rec_put_u(p, o.csum_start), o.csum_offset);
	p = rec_put_u(rec_put_u(p, o.gso_size), o.gso_type);
	p = rec_put_u(p, o.segment_bytes);
	p = rec_put_u(p, (u64)skb->len + 1);
	for (int i = 0; i < pieces; i++)
		p = rec_put_long(rec, p, iov[i].iov_base, iov[i].iov_len);
	rec_commit(rec, p);
}

/* To a net that is recorded, out of another one. */
static __noinline int wire_deliver_recorded(struct net_device *peer, const struct sk_buff *skb)
{
	struct recorder *rec = peer->net->rec;
	int ret;

	wire_record_frame(rec, peer, skb);
	ret = wire_deliver(peer, skb);
	rec_return(rec, ret);
	return ret;
}

static int wire_send(struct net_device *dev, struct sk_buff *skb)
{
	struct net_device *peer = wire_priv(dev)->peer;
	struct recorder *rec = dev->net->rec;
	int ret = WIRE_NO_PEER;

	if (unlikely(rec && rec->replay && wire_priv(dev)->foreign))
		return (int)rec_refused_again(rec, WIRE_SENT);
	if (peer && unlikely(peer->net->rec && wire_priv(peer)->foreign))
		ret = wire_deliver_recorded(peer, skb);
	else if (peer)
		ret = wire_must_cut(dev, skb) ? wire_cut(peer, skb) : wire_deliver(peer, skb);
	if (unlikely(ret != WIRE_SENT && rec && wire_priv(dev)->foreign))
		rec_refused(rec, ret);
	return ret;
}

/* Frames are counted as they cross. */
static netdev_tx_t wire_sent(struct net_device *dev, struct sk_buff *skb)
{
	if (wire_must_cut(dev, skb)) {
		u32 more = skb_shinfo(skb)->gso_segs - 1U;

		dev_sw_netstats_tx_add(dev, more, more * (skb_gso_mac_seglen(skb) - skb_shinfo(skb)->gso_size));
	}
	return netdev_tx_done(dev, skb);
}

static netdev_tx_t wire_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	(void)more;
	switch (wire_send(dev, skb)) {
	case WIRE_SENT:
		return wire_sent(dev, skb);
	case WIRE_FULL:
		netif_tx_stop_all_queues(dev);
		return NETDEV_TX_BUSY;
	case WIRE_NO_PEER:
		return netdev_tx_error(dev, skb, SKB_DROP_REASON_NO_CARRIER);
	case WIRE_NOMEM:
		return netdev_tx_error(dev, skb, SKB_DROP_REASON_NOMEM);
	default:
		return netdev_tx_error(dev, skb, SKB_DROP_REASON_DEV_XMIT);
	}
}

static int wire_poll(struct napi_struct *napi, int budget)
{
	struct net_device *dev = napi->dev;
	struct wire_priv *priv = wire_priv(dev);
	int work = 0;

	if (netif_running(dev)) {
		bool up = wire_link(dev);

		if (priv->common.link != up)
			netdev_link(dev, up);
	}
	while (work < budget) {
		struct sk_buff *skb = __skb_dequeue(&priv->ring);

		if (!skb) {
			napi_complete(napi);
			break;
		}
		work++;
		dev_sw_netstats_rx_add(dev, skb->len);
		skb->protocol = eth_type_trans(skb, dev);
		napi_gro_receive(napi, skb, !skb_queue_empty(&priv->ring));
	}
	wire_wake_peer(dev);
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
	wire_wake_peer(dev);
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
	wire_priv(a)->foreign = wire_priv(b)->foreign = a->net != b->net;
	wire_tell_peer(a);
	wire_tell_peer(b);
	return 0;
}

int netdev_wire_foreign(struct net_device *dev)
{
	if (dev->netdev_ops != wire_driver.ops)
		return -EINVAL;
	wire_priv(dev)->foreign = true;
	return 0;
}

/* What is written down are frames, and each allocation: then trains are cut above, by the net that sends. */
static u32 wire_features_check(const struct net_device *dev, u32 features)
{
	const struct net_device *peer = wire_priv(dev)->peer;
	bool recorded = wire_priv(dev)->foreign && (dev->net->rec || (peer && peer->net->rec));

	return unlikely(recorded) && !(features & NETIF_F_RXCSUM) ? features & ~NETIF_F_ALL_TSO : features;
}

static const struct net_device_ops wire_ops = {
	.ndo_open = wire_open,
	.ndo_stop = wire_stop,
	.ndo_change_carrier = netdev_change_carrier,
	.ndo_uninit = wire_uninit,
	.ndo_start_xmit = wire_xmit,
	.ndo_features_check = wire_features_check,
	.ndo_set_mac_address = eth_mac_addr,
};

static int wire_setup(struct net_device *dev, const struct netdev_config *cfg)
{
	struct wire_priv *priv = wire_priv(dev);

	__skb_queue_head_init(&priv->ring);
	netif_napi_add(dev, &priv->common.napi, wire_poll, NAPI_POLL_WEIGHT);
	dev->features |= NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_ALL_TSO;
	dev->gso_max_segs = WIRE_RING_FRAMES / 2; /* there is room for so many when the queue wakes */
	if (cfg->offload)
		dev->features |= NETIF_F_RXCSUM;
	return 0;
}

const struct netdev_driver wire_driver = {
	.name = "wire",
	.ops = &wire_ops,
	.priv_bytes = sizeof(struct wire_priv),
	.queues_max = 16,
	.setup = wire_setup,
};
