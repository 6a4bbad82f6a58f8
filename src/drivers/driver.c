// SPDX-License-Identifier: BSD-2-Clause
/* Making a device by its driver's name, and the parts that all drivers have alike.
 *
 * @step S13 of S13, from dev/dev.c dev_hard_start_xmit()
 *
 * Reading order: drivers[], netdev_driver_open(); then link, receive, transmit.
 */
#include <errno.h>

#include "drivers/driver_internal.h"
#include "net.h"

#define NET_IP_AT 80U /* where IP begins in a received frame: aligned, with room before it to be forwarded */
#define VLAN_HLEN 4U
#define LINEAR_MAX_BYTES 16384U /* longer frames lie in pages, but for their headers */
#define LLADDR_LOCAL 0x02
#define LLADDR_GROUP 0x01

static const struct netdev_driver *const drivers[] = {
	&tap_driver,  &stream_driver, &packet_driver,  &xdp_driver,  &pcap_driver,
	&wire_driver, &user_driver,   &user_ip_driver, &null_driver,
};

static const struct netdev_driver *driver_find(struct net *net, const struct netdev_config *cfg)
{
	const char *name = cfg->driver ? cfg->driver : "";

	if (!strcmp(name, "fd"))
		return fd_driver(net, cfg->fd);
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		if (!strcmp(drivers[i]->name, name))
			return drivers[i];
	}
	return NULL;
}

static int set_lladdr(struct net_device *dev, const u8 *lladdr)
{
	if (lladdr)
		return eth_mac_addr(dev, lladdr);
	get_random_bytes(&dev->net->rng, dev->dev_addr, ETH_ALEN);
	dev->dev_addr[0] = (u8)((dev->dev_addr[0] | LLADDR_LOCAL) & ~LLADDR_GROUP);
	return 0;
}

static int common_setup(struct net_device *dev, const struct netdev_driver *drv, const struct netdev_config *cfg)
{
	int err;

	ether_setup(dev);
	dev->max_mtu = 65535;
	dev->netdev_ops = drv->ops;
	dev->features |= NETIF_F_GRO;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	dev->state |= __LINK_STATE_NOCARRIER;
	err = set_lladdr(dev, cfg->lladdr);
	if (err || !cfg->mtu)
		return err;
	if (cfg->mtu < dev->min_mtu || cfg->mtu > dev->max_mtu)
		return -EINVAL;
	dev->mtu = cfg->mtu;
	return 0;
}

static int driver_create(struct net *net, const struct netdev_config *cfg, struct net_device **out)
{
	const struct netdev_driver *drv = driver_find(net, cfg);
	struct net_device *dev;
	int err;

	if (!drv || !cfg->name || cfg->queues > drv->queues_max)
		return -EINVAL;
	if (cfg->one_of_several && drv->hears_all)
		return -EOPNOTSUPP;
	dev = alloc_netdev(net, drv->priv_bytes, cfg->name, cfg->queues);
	if (!dev)
		return -ENOMEM;
	err = common_setup(dev, drv, cfg);
	if (!err && drv->setup)
		err = drv->setup(dev, cfg);
	if (err) {
		free_netdev(dev);
		return err;
	}
	*out = dev;
	return 0;
}

int netdev_driver_open(struct net *net, const struct netdev_config *cfg, struct net_device **out)
{
	struct net_device *dev = NULL;
	int fd = cfg->fd;
	int err;

	err = driver_create(net, cfg, &dev);
	if (err) {
		if (fd >= 0)
			sys_close(&fd);
		return err;
	}
	err = register_netdev(dev);
	if (err) {
		if (dev->netdev_ops->ndo_uninit)
			dev->netdev_ops->ndo_uninit(dev);
		while (!list_empty(&dev->napi_list))
			netif_napi_del(list_first_entry(&dev->napi_list, struct napi_struct, dev_list));
		free_netdev(dev);
		return err;
	}
	*out = dev;
	return 0;
}

/* ---- descriptors and cables */

int netdev_get_fd(const struct net_device *dev)
{
	return dev->netdev_ops->ndo_get_fd ? dev->netdev_ops->ndo_get_fd(dev) : -1;
}

bool netdev_want_write(const struct net_device *dev)
{
	return dev->netdev_ops->ndo_want_write && dev->netdev_ops->ndo_want_write(dev);
}

void netdev_fd_ready(struct net_device *dev)
{
	struct napi_struct *napi;

	list_for_each_entry(napi, &dev->napi_list, dev_list)
		napi_schedule(napi);
}

static void update_carrier(struct net_device *dev)
{
	const struct netdev_common *c = netdev_common(dev);

	if (c->link && !c->unplugged)
		netif_carrier_on(dev);
	else
		netif_carrier_off(dev);
}

void netdev_link(struct net_device *dev, bool up)
{
	netdev_common(dev)->link = up;
	update_carrier(dev);
}

void netdev_plug(struct net_device *dev, bool in)
{
	if (!dev->priv_bytes) /* lo has no cable */
		return;
	netdev_common(dev)->unplugged = !in;
	update_carrier(dev);
	if (dev->netdev_ops == wire_driver.ops)
		wire_tell_peer(dev);
}

int netdev_change_carrier(struct net_device *dev, bool on)
{
	netdev_plug(dev, on);
	return 0;
}

const char *netdev_host_name(const struct net_device *dev)
{
	const char *name = tap_host_name(dev);

	if (!name)
		name = packet_host_name(dev);
	return name ? name : xdp_host_name(dev);
}

int netdev_open_linked(struct net_device *dev)
{
	netdev_link(dev, true);
	return 0;
}

void netdev_stop_linked(struct net_device *dev)
{
	netdev_link(dev, false);
}

/* ---- receive */

int netdev_frame_check(struct net_device *dev, size_t len_bytes)
{
	if (!netif_has_link(dev)) {
		dev->stats.rx_dropped++;
		return -ENETDOWN;
	}
	/* The MTU is what may be sent; most hardware takes whole frames of Ethernet all the same. */
	if (len_bytes < ETH_HLEN || len_bytes > max_u32(dev->mtu, ETH_DATA_LEN) + ETH_HLEN + VLAN_HLEN) {
		dev->stats.rx_length_errors++;
		dev->stats.rx_errors++;
		return -EMSGSIZE;
	}
	return 0;
}

struct sk_buff *netdev_skb_alloc(struct net_device *dev, u32 len_bytes)
{
	const u32 pad = NET_IP_AT - dev->hard_header_len;
	struct sk_buff *skb = alloc_skb(dev->net->skb_pool, len_bytes + pad);

	if (!skb) {
		dev->stats.rx_dropped++;
		return NULL;
	}
	skb_reserve(skb, pad);
	return skb;
}

struct sk_buff *netdev_skb_alloc_long(struct net_device *dev, u32 len_bytes)
{
	u32 linear = len_bytes <= LINEAR_MAX_BYTES ? len_bytes : NETDEV_HEADERS_BYTES, n;
	struct sk_buff *skb = netdev_skb_alloc(dev, linear);

	if (unlikely(!skb))
		return NULL;
	skb_put(skb, linear);
	for (len_bytes -= linear; unlikely(len_bytes); len_bytes -= n) {
		struct skb_page *page;

		n = min_u32(len_bytes, SKB_PAGE_FRAG_BYTES);
		page = skb_page_alloc(skb->pool, n);
		if (!page) {
			dev->stats.rx_dropped++;
			kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
			return NULL;
		}
		skb_add_frag(skb, page, 0, n);
	}
	return skb;
}

void netdev_show_frame(const struct net_device *dev, const void *frame, size_t len_bytes)
{
	struct iovec iov = { (void *)(uintptr_t)frame, len_bytes };

	rec_replay_frame(dev->net->rec, dev->ifindex, false, &iov, 1);
}

int netdev_frame_to_skb(struct net_device *dev, const void *frame, size_t len_bytes, struct sk_buff **out)
{
	int err = netdev_frame_check(dev, len_bytes);
	struct sk_buff *skb;

	if (err)
		return err;
	skb = netdev_skb_alloc(dev, (u32)len_bytes);
	if (!skb)
		return -ENOBUFS;
	memcpy(skb_put(skb, (u32)len_bytes), frame, len_bytes);
	if (rec_again(dev->net->rec))
		netdev_show_frame(dev, frame, len_bytes);
	dev_sw_netstats_rx_add(dev, (u32)len_bytes);
	skb->protocol = eth_type_trans(skb, dev);
	*out = skb;
	return 0;
}

void netdev_receive_frame(struct net_device *dev, const void *frame, size_t len_bytes)
{
	struct sk_buff *skb;

	if (!netdev_frame_to_skb(dev, frame, len_bytes, &skb))
		napi_gro_receive(&netdev_common(dev)->napi, skb, true);
}

int netdev_receive(struct net_device *dev, const void *frame, size_t len_bytes)
{
	struct sk_buff *skb;
	int err = dev->header_ops ? netdev_frame_to_skb(dev, frame, len_bytes, &skb)
				  : netdev_packet_to_skb(dev, frame, len_bytes, &skb);

	if (err)
		return err;
	return netif_rx(skb) == NET_RX_SUCCESS ? 0 : -ENOBUFS;
}

bool netdev_lost_due(struct net_device *dev, bool full)
{
	struct netdev_common *c = netdev_common(dev);

	c->burst |= full;
	if (likely(full || (!c->burst && dev->net->now - c->asked < NSEC_PER_SEC)))
		return false;
	c->burst = false;
	c->asked = dev->net->now;
	return true;
}

/* ---- transmit */

netdev_tx_t netdev_tx_error(struct net_device *dev, struct sk_buff *skb, enum skb_drop_reason reason)
{
	dev->stats.tx_errors++;
	if (reason == SKB_DROP_REASON_NO_CARRIER)
		dev->stats.tx_carrier_errors++;
	kfree_skb_reason(skb, reason);
	return NETDEV_TX_OK;
}

netdev_tx_t netdev_tx_busy(struct net_device *dev, const struct sk_buff *skb)
{
	netif_tx_stop_queue(&dev->_tx[skb->queue_mapping]);
	return NETDEV_TX_BUSY;
}

int netdev_skb_iovec(const struct sk_buff *skb, struct iovec iov[static FRAME_PIECES_MAX])
{
	if (likely(!skb->data_len)) {
		iov[0] = (struct iovec){ .iov_base = skb->data, .iov_len = skb->len };
		return 1;
	}
	return skb_to_iovec(skb, iov, FRAME_PIECES_MAX);
}

int netdev_skb_iovec_hdr(const struct sk_buff *skb, struct virtio_net_hdr *hdr,
			 struct iovec iov[static FRAME_PIECES_MAX + 1])
{
	bool in_front = skb_headroom(skb) >= sizeof(*hdr) && !skb_header_cloned(skb);
	int pieces = netdev_skb_iovec(skb, iov + 1);

	virtio_net_hdr_from_skb(skb, hdr);
	if (!in_front) {
		iov[0] = (struct iovec){ hdr, sizeof(*hdr) };
		return 1 + pieces;
	}
	memcpy(skb->data - sizeof(*hdr), hdr, sizeof(*hdr));
	iov[0] = (struct iovec){ skb->data - sizeof(*hdr), sizeof(*hdr) + iov[1].iov_len };
	memmove(&iov[1], &iov[2], (size_t)(pieces - 1) * sizeof(*iov));
	return pieces;
}

void netdev_skb_copy(const struct sk_buff *skb, u8 *to)
{
	bool begun = skb->ip_summed == CHECKSUM_PARTIAL;
	u32 start = begun ? skb->csum_start - skb_headroom(skb) : skb->len;
	__be16 csum;

	if (skb_copy_bits(skb, 0, to, start))
		assert(0); /* it is as long */
	if (!begun)
		return;
	csum = csum_fold(skb_copy_and_csum_bits(skb, start, to + start, skb->len - start));
	put_unaligned_be16(csum ? csum : CONST_BE16(0xffff), to + start + skb->csum_offset);
}
