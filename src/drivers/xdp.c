// SPDX-License-Identifier: BSD-2-Clause
/* AF_XDP: all frames of an interface of the host, by rings that are shared with the kernel.
 *
 * @step S13 of S13, to drivers/xdp_host.c
 * @linux Documentation/networking/af_xdp.rst; behaviour of the running kernel
 *
 * While the device is there the host's stack gets nothing of what comes in.  Frames come and go in batches: what is sent
 * waits for the end of the next poll, which is due at once, or until there are as many as the system takes in one call.
 * Nothing is said of checksums: those that go are completed while they are copied; of a veth pair, whose other end leaves
 * them begun, a sum that is the pseudo header's alone is taken for what it is.
 */
#include <errno.h>

#include "drivers/virtio_net.h"
#include "drivers/xdp_host.h"
#include "net.h"

#define SEND_AGAIN_INTERVAL_NS (1 * NSEC_PER_MSEC)
#define XDP_DISCARD_MAX 65536U

struct xdp_priv {
	struct netdev_common common;
	struct xdp_host *host; /* NULL in a replay */
	bool waits;            /* the system would not have all that was sent: nobody says when it will */
	bool blocked;          /* and there was no room for more */
	bool sums_begun;
	u32 queued; /* frames since the last flush */
	char host_name[IFNAMSIZ];
	struct host_link link;
	struct timer send_timer; /* armed while waits */
};

static struct xdp_priv *xdp_priv(const struct net_device *dev)
{
	return dev->priv;
}

/* ---- link */

static bool xdp_host_running(const struct net_device *dev)
{
	return xdp_host_ops->running(xdp_priv(dev)->host);
}

/* ---- transmit */

static void xdp_send_again(struct timer *t)
{
	napi_schedule(&container_of(t, struct xdp_priv, send_timer)->common.napi);
}

/* All that was sent goes to the system.  Return: 0, -EAGAIN, -ENETDOWN; in a replay 0 */
static int xdp_flush(struct net_device *dev)
{
	struct xdp_priv *priv = xdp_priv(dev);
	int err = priv->host ? xdp_host_ops->flush(priv->host) : 0;

	priv->queued = 0;
	priv->waits = sys_news(dev, REC_IN_WRITABLE, priv->waits, err != 0);
	if (unlikely(priv->waits))
		mod_timer(dev->net->timers, &priv->send_timer, dev->net->now + SEND_AGAIN_INTERVAL_NS);
	if (unlikely(priv->blocked && !priv->waits)) {
		priv->blocked = false;
		netif_tx_wake_all_queues(dev);
	}
	return err;
}

/* Return: octets, -EAGAIN */
static ssize_t xdp_send(const struct net_device *dev, const struct sk_buff *skb)
{
	struct xdp_host *host = xdp_priv(dev)->host;
	u8 *room;

	if (rec_again(dev->net->rec))
		return sys_sent_again(dev, skb->len);
	room = xdp_host_ops->send_room(host, skb->queue_mapping);
	if (likely(room)) {
		netdev_skb_copy(skb, room);
		xdp_host_ops->send(host, skb->queue_mapping, skb->len);
	}
	return sys_sent(dev, room ? (ssize_t)skb->len : -EAGAIN, skb->len);
}

static netdev_tx_t xdp_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	struct xdp_priv *priv = xdp_priv(dev);

	(void)more;
	napi_schedule(&priv->common.napi);
	if (unlikely(xdp_send(dev, skb) < 0)) {
		priv->blocked = true;
		return netdev_tx_busy(dev, skb);
	}
	if (++priv->queued >= XDP_BATCH) {
		priv->queued = 0;
		if (priv->host)
			xdp_host_ops->flush(priv->host);
	}
	return netdev_tx_done(dev, skb);
}

/* ---- receive */

static void xdp_take(struct net_device *dev, struct sk_buff_head *list, const u8 *frame, u32 len_bytes)
{
	struct sk_buff *skb;

	if (unlikely(netdev_frame_to_skb(dev, frame, len_bytes, &skb)))
		return; /* counted */
	if (xdp_priv(dev)->sums_begun)
		skb_find_begun_sum(skb);
	__skb_queue_tail(list, skb);
}

/* Return: frames, of which some may have been dropped */
static u32 xdp_receive_again(struct net_device *dev, struct sk_buff_head *list, u32 max)
{
	const u8 *frame;
	size_t len_bytes;
	u32 n = 0;

	while (n < max && rec_input_borrow(dev->net->rec, dev->ifindex, REC_IN_FRAME, &frame, &len_bytes) >= 0) {
		xdp_take(dev, list, frame, (u32)len_bytes);
		n++;
	}
	return n;
}

static u32 xdp_receive(struct net_device *dev, struct sk_buff_head *list, u32 max)
{
	struct xdp_rx frames[NAPI_POLL_WEIGHT];
	struct recorder *rec = dev->net->rec;
	u32 n;

	if (rec_again(rec))
		return xdp_receive_again(dev, list, max);
	n = xdp_host_ops->receive(xdp_priv(dev)->host, frames, max);
	for (u32 i = 0; i < n; i++) {
		if (i + 1 < n)
			__builtin_prefetch(frames[i + 1].data);
		if (unlikely(rec))
			rec_input(rec, dev->ifindex, REC_IN_FRAME, frames[i].len_bytes, frames[i].data,
				  frames[i].len_bytes);
		xdp_take(dev, list, frames[i].data, frames[i].len_bytes);
	}
	xdp_host_ops->receive_done(xdp_priv(dev)->host);
	if (unlikely(rec && n < max))
		rec_input(rec, dev->ifindex, REC_IN_FRAME, -EAGAIN, NULL, 0);
	return n;
}

static void xdp_count_lost(struct net_device *dev)
{
	struct xdp_priv *priv = xdp_priv(dev);
	u32 lost = priv->host ? xdp_host_ops->lost(priv->host) : 0;

	dev->stats.rx_dropped += sys_news(dev, REC_IN_LOST, 0, lost);
}

/* @received: some frames; if none did, that may be why */
static void xdp_flush_and_look(struct net_device *dev, bool received)
{
	struct xdp_priv *priv = xdp_priv(dev);
	bool link = priv->common.link, sent = priv->queued, down = xdp_flush(dev) == -ENETDOWN;

	if (!down && !received && priv->host)
		down = xdp_host_ops->went_down(priv->host);
	if (likely(sys_news(dev, REC_IN_LINK, link, link && !down) || !link))
		return;
	dev->stats.tx_carrier_errors += sent;
	host_link_down(&xdp_priv(dev)->link);
}

static int xdp_poll(struct napi_struct *napi, int budget)
{
	struct net_device *dev = napi->dev;
	struct sk_buff_head list;
	struct sk_buff *skb;
	u32 work = 0;

	__skb_queue_head_init(&list);
	if (netif_running(dev))
		work = xdp_receive(dev, &list, min_u32((u32)budget, NAPI_POLL_WEIGHT));
	while ((skb = __skb_dequeue(&list)))
		napi_gro_receive(napi, skb, !skb_queue_empty(&list));
	if (netif_running(dev)) { /* what came up may have closed it, and even removed it */
		xdp_flush_and_look(dev, work);
		if (netdev_lost_due(dev, work == (u32)budget))
			xdp_count_lost(dev);
	}
	if (work < (u32)budget)
		napi_complete(napi);
	return (int)work;
}

static int xdp_get_fd(const struct net_device *dev)
{
	const struct xdp_priv *priv = xdp_priv(dev);

	return netif_running(dev) && priv->host ? xdp_host_ops->fd(priv->host) : -1;
}

/* ---- life */

/* What came while the device was down is lost, as on a card that is off. */
static void xdp_discard(struct net_device *dev)
{
	struct xdp_rx frames[NAPI_POLL_WEIGHT];
	struct xdp_priv *priv = xdp_priv(dev);
	u32 count = 0, n = 1;

	while (priv->host && n && count < XDP_DISCARD_MAX) {
		n = xdp_host_ops->receive(priv->host, frames, NAPI_POLL_WEIGHT);
		xdp_host_ops->receive_done(priv->host);
		count += n;
	}
	dev->stats.rx_dropped += sys_news(dev, REC_IN_LOST, 0, count);
}

static int xdp_open(struct net_device *dev)
{
	struct xdp_priv *priv = xdp_priv(dev);

	xdp_discard(dev);
	host_link_look(&priv->link);
	napi_schedule(&priv->common.napi);
	return 0;
}

static void xdp_stop(struct net_device *dev)
{
	struct xdp_priv *priv = xdp_priv(dev);

	xdp_flush(dev); /* what the stack sent leaves */
	timer_delete(dev->net->timers, &priv->send_timer);
	priv->waits = priv->blocked = false;
	host_link_stop(&priv->link);
}

static void xdp_uninit(struct net_device *dev)
{
	struct xdp_priv *priv = xdp_priv(dev);

	if (priv->host)
		xdp_host_ops->close(priv->host);
	priv->host = NULL;
}

static const struct net_device_ops xdp_ops = {
	.ndo_open = xdp_open,
	.ndo_stop = xdp_stop,
	.ndo_change_carrier = netdev_change_carrier,
	.ndo_uninit = xdp_uninit,
	.ndo_start_xmit = xdp_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_get_fd = xdp_get_fd,
};

/* Return: XDP_OPEN_*, -errno */
static int xdp_open_host(struct net_device *dev, const struct netdev_config *cfg)
{
	struct xdp_priv *priv = xdp_priv(dev);

	if (!xdp_host_ops)
		return -ENOSYS;
	if (!*cfg->arg || strlen(cfg->arg) >= IFNAMSIZ)
		return -EINVAL;
	memcpy(priv->host_name, cfg->arg, strlen(cfg->arg));
	return xdp_host_ops->open(cfg->arg, cfg->queues, dev->mtu, &priv->host);
}

static int xdp_setup(struct net_device *dev, const struct netdev_config *cfg)
{
	struct xdp_priv *priv = xdp_priv(dev);
	int how = 0;

	if (!cfg->arg || cfg->fd >= 0)
		return -EINVAL;
	dev->max_mtu = xdp_mtu_max(xdp_chunk_bytes(dev->mtu));
	if (dev->mtu > dev->max_mtu)
		return -EINVAL;
	if (!rec_again(dev->net->rec))
		how = xdp_open_host(dev, cfg);
	how = sys_opened(dev, how, priv->host_name);
	if (how < 0)
		return how;
	priv->sums_begun = how & XDP_OPEN_SUMS;
	host_link_setup(&priv->link, dev, xdp_host_running);
	timer_setup(&priv->send_timer, xdp_send_again);
	dev->features |= NETIF_F_SG | (cfg->offload ? NETIF_F_HW_CSUM : 0);
	netif_napi_add(dev, &priv->common.napi, xdp_poll, NAPI_POLL_WEIGHT);
	if (!(how & XDP_OPEN_NATIVE))
		net_log(dev->net, "%s: its driver knows no XDP: generic, which is slower", priv->host_name);
	return 0;
}

const char *xdp_host_name(const struct net_device *dev)
{
	return dev->netdev_ops == &xdp_ops ? xdp_priv(dev)->host_name : NULL;
}

const struct netdev_driver xdp_driver = {
	.name = "xdp",
	.ops = &xdp_ops,
	.priv_bytes = sizeof(struct xdp_priv),
	.queues_max = XDP_QUEUES_MAX,
	.setup = xdp_setup,
};
