// SPDX-License-Identifier: BSD-2-Clause
/* TAP: an Ethernet cable to the kernel on the other side.
 *
 * @step S13 of S13, to the kernel
 * @linux Documentation/networking/tuntap; behaviour of the running kernel:
 *
 * A frame is one read or one write; with offload a struct virtio_net_hdr is before it, and it may be a train with its
 * checksum only begun, either way.  While the host's interface is down a write says EIO, and the descriptor becomes
 * writable when it goes up: that is the carrier.  When the interface was deleted everything says EBADFD: the carrier
 * goes and does not come back.
 *
 * @syscalls open ioctl read write writev poll fcntl close
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "drivers/driver_internal.h"
#include "drivers/rx_frame.h"
#include "net.h"

/* Of kernels that are newer than the headers of many systems. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

struct tap_priv {
	struct netdev_common common;
	int fd;
	bool blocked; /* the kernel's queue was full */
	bool gone;    /* the interface was deleted */
	char host_name[IFNAMSIZ];
	struct rx_frame rx;
};

static struct tap_priv *tap_priv(const struct net_device *dev)
{
	return dev->priv;
}

static void tap_gone(struct net_device *dev)
{
	struct tap_priv *priv = tap_priv(dev);

	if (!priv->gone)
		net_log(dev->net, "%s: the host's interface %s was deleted", dev->name, priv->host_name);
	priv->gone = true;
	priv->blocked = false;
	netdev_link(dev, false);
}

/* ---- transmit */

static netdev_tx_t tap_write_failed(struct net_device *dev, struct sk_buff *skb, int error)
{
	struct tap_priv *priv = tap_priv(dev);
	enum skb_drop_reason reason = SKB_DROP_REASON_DEV_XMIT;

	if (error == EAGAIN) {
		priv->blocked = true;
		return netdev_tx_busy(dev, skb);
	}
	if (error == EIO || error == EBADFD || error == EBADF)
		reason = SKB_DROP_REASON_NO_CARRIER;
	netdev_tx_error(dev, skb, reason);
	if (error == EIO)
		netdev_link(dev, false);
	if (error == EBADFD || error == EBADF)
		tap_gone(dev);
	return NETDEV_TX_OK;
}

static netdev_tx_t tap_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	struct tap_priv *priv = tap_priv(dev);
	struct iovec iov[1 + FRAME_PIECES_MAX];
	struct virtio_net_hdr hdr;
	int pieces;
	ssize_t n;

	(void)more;
	pieces = priv->rx.has_hdr ? netdev_skb_iovec_hdr(skb, &hdr, iov) : netdev_skb_iovec(skb, iov);
	n = sys_writev(dev, priv->fd, iov, pieces, rx_frame_hdr_bytes(&priv->rx) + skb->len);
	if (unlikely(n < 0))
		return tap_write_failed(dev, skb, (int)-n);
	return netdev_tx_done(dev, skb);
}

/* ---- receive */

static bool tap_writable(const struct net_device *dev)
{
	struct pollfd p = { .fd = tap_priv(dev)->fd, .events = POLLOUT };
	struct recorder *rec = dev->net->rec;
	bool can;

	if (rec_again(rec))
		return rec_input_again(rec, dev->ifindex, REC_IN_WRITABLE, NULL, 0) == 1;
	can = poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
	return unlikely(rec) ? rec_input(rec, dev->ifindex, REC_IN_WRITABLE, can, NULL, 0) : can;
}

/* The embedder says that the descriptor is ready: for what we waited to write, perhaps. */
static void tap_check_writable(struct net_device *dev)
{
	struct tap_priv *priv = tap_priv(dev);

	if (priv->gone || (priv->common.link && !priv->blocked) || !tap_writable(dev))
		return;
	netdev_link(dev, true);
	if (priv->blocked) {
		priv->blocked = false;
		netif_tx_wake_all_queues(dev);
	}
}

static ssize_t tap_read_frame(const struct net_device *dev)
{
	const struct tap_priv *priv = tap_priv(dev);

	return sys_read(dev, priv->rx.has_hdr ? REC_IN_VNET_FRAME : REC_IN_FRAME, priv->fd, rx_frame_room(&priv->rx),
			RX_ROOM_BYTES);
}

/* One frame.  Return: false when there is none. */
static bool tap_read(struct net_device *dev)
{
	ssize_t len = tap_read_frame(dev);

	if (len >= 0) {
		rx_frame_receive(&tap_priv(dev)->rx, dev, (u32)len);
		return true;
	}
	if (len == -EINTR)
		return true;
	if (len == -EBADFD || len == -EBADF)
		tap_gone(dev);
	else if (len != -EAGAIN)
		dev->stats.rx_errors++;
	return false;
}

static int tap_poll(struct napi_struct *napi, int budget)
{
	struct net_device *dev = napi->dev;
	int work = 0;

	if (netif_running(dev))
		tap_check_writable(dev);
	while (work < budget) {
		/* What comes up may close the device, and even remove it. */
		if (!netif_running(dev) || tap_priv(dev)->gone || !tap_read(dev)) {
			napi_complete(napi);
			break;
		}
		work++;
	}
	return work;
}

static int tap_get_fd(const struct net_device *dev)
{
	const struct tap_priv *priv = tap_priv(dev);

	return priv->gone || !netif_running(dev) ? -1 : priv->fd;
}

static bool tap_want_write(const struct net_device *dev)
{
	const struct tap_priv *priv = tap_priv(dev);

	return !priv->gone && netif_running(dev) && (priv->blocked || !priv->common.link);
}

/* ---- life */

#define TAP_DISCARD_MAX 4096U

/* What came while the device was down is lost, as on a card that is off; the system's queue holds fewer than this. */
static void tap_discard(struct net_device *dev)
{
	struct tap_priv *priv = tap_priv(dev);

	for (u32 i = 0; !priv->gone && i < TAP_DISCARD_MAX; i++) {
		ssize_t n = tap_read_frame(dev);

		if (n >= 0)
			dev->stats.rx_dropped++;
		else if (n != -EINTR)
			return;
	}
}

static int tap_open_dev(struct net_device *dev)
{
	struct tap_priv *priv = tap_priv(dev);

	priv->blocked = false;
	tap_discard(dev);
	netdev_link(dev, !priv->gone);
	napi_schedule(&priv->common.napi);
	return 0;
}

static void tap_uninit(struct net_device *dev)
{
	struct tap_priv *priv = tap_priv(dev);

	sys_close(&priv->fd);
	rx_frame_fini(&priv->rx);
}

static const struct net_device_ops tap_ops = {
	.ndo_open = tap_open_dev,
	.ndo_stop = netdev_stop_linked,
	.ndo_change_carrier = netdev_change_carrier,
	.ndo_uninit = tap_uninit,
	.ndo_start_xmit = tap_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_get_fd = tap_get_fd,
	.ndo_want_write = tap_want_write,
};

/* What the system says that a TAP is: how it was opened, of a recording too. */
enum {
	TAP_VNET_HDR = 1 << 0, /* a header before each frame */
	TAP_RX_CSUM = 1 << 1,  /* frames come with sums that were only begun, and as trains */
	TAP_TX_UDP = 1 << 2,   /* trains of datagrams may go */
};

/* The first set that the kernel knows: newer ones have trains of datagrams. */
static int tap_set_offload(int fd)
{
	static const struct {
		unsigned int tun;
		int what;
	} sets[] = {
		{ TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6,
		  TAP_RX_CSUM | TAP_TX_UDP },
		{ TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN, TAP_RX_CSUM },
		{ TUN_F_CSUM, TAP_RX_CSUM },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		if (!ioctl(fd, TUNSETOFFLOAD, sets[i].tun))
			return sets[i].what;
	}
	return 0;
}

/* Return: TAP_* that it is now, -errno */
static int tap_set_features(int fd, bool vnet_hdr, bool offload)
{
	int hdr_bytes = sizeof(struct virtio_net_hdr);

	if (!vnet_hdr)
		return 0;
	if (ioctl(fd, TUNSETVNETHDRSZ, &hdr_bytes) < 0)
		return -errno;
	return TAP_VNET_HDR | (offload ? tap_set_offload(fd) : 0);
}

/* Return: TAP_*, with *@fd open; -errno */
static int tap_create_or_attach(const struct netdev_config *cfg, char host_name[static IFNAMSIZ], int *fd)
{
	struct ifreq ifr = { .ifr_flags = (short)(IFF_TAP | IFF_NO_PI | (cfg->offload ? IFF_VNET_HDR : 0) |
						  (cfg->one_of_several ? IFF_MULTI_QUEUE : 0)) };
	const char *name = cfg->arg ? cfg->arg : "";
	int ret;

	if (strlen(name) >= IFNAMSIZ)
		return -EINVAL;
	memcpy(ifr.ifr_name, name, strlen(name));
	*fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (*fd < 0)
		return -errno;
	ret = ioctl(*fd, TUNSETIFF, &ifr) < 0 ? -errno : tap_set_features(*fd, cfg->offload, cfg->offload);
	if (ret < 0)
		sys_close(fd);
	memcpy(host_name, ifr.ifr_name, IFNAMSIZ);
	return ret;
}

/* An inherited descriptor: must be a TAP without packet information; but of that the kernel says nothing (TUNGETIFF has
 * IFF_NO_PI always), so who hands it over must have asked for IFF_NO_PI.  Return: as above; *@fd stays open on error */
static int tap_inherited(const struct netdev_config *cfg, char host_name[static IFNAMSIZ], int *fd)
{
	struct ifreq ifr = { .ifr_flags = 0 };
	int err;

	if (ioctl(cfg->fd, TUNGETIFF, &ifr) < 0 || !(ifr.ifr_flags & IFF_TAP))
		return -EINVAL;
	err = sys_set_nonblock(cfg->fd);
	if (err)
		return err;
	memcpy(host_name, ifr.ifr_name, IFNAMSIZ);
	*fd = cfg->fd;
	return tap_set_features(cfg->fd, ifr.ifr_flags & IFF_VNET_HDR, cfg->offload);
}

static void tap_set_device_features(struct net_device *dev, int what)
{
	dev->features |= NETIF_F_SG;
	if (what & TAP_VNET_HDR)
		dev->features |= NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_TSO_ECN;
	if (what & TAP_RX_CSUM)
		dev->features |= NETIF_F_RXCSUM;
	if (what & TAP_TX_UDP)
		dev->features |= NETIF_F_GSO_UDP_L4;
}

static int tap_setup(struct net_device *dev, const struct netdev_config *cfg)
{
	struct tap_priv *priv = tap_priv(dev);
	int what = 0, err;

	priv->fd = -1;
	if (!rec_again(dev->net->rec))
		what = cfg->fd >= 0 ? tap_inherited(cfg, priv->host_name, &priv->fd)
				    : tap_create_or_attach(cfg, priv->host_name, &priv->fd);
	what = sys_opened(dev, what, priv->host_name);
	if (what < 0)
		return what;
	err = rx_frame_init(&priv->rx, dev->net->skb_pool, what & TAP_VNET_HDR);
	if (err) {
		if (cfg->fd < 0)
			sys_close(&priv->fd);
		return err;
	}
	dev->kind = "tun";
	dev->needed_headroom = (u16)rx_frame_hdr_bytes(&priv->rx);
	tap_set_device_features(dev, what);
	netif_napi_add(dev, &priv->common.napi, tap_poll, NAPI_POLL_WEIGHT);
	return 0;
}

const char *tap_host_name(const struct net_device *dev)
{
	return dev->netdev_ops == &tap_ops ? tap_priv(dev)->host_name : NULL;
}

const struct netdev_driver tap_driver = {
	.name = "tap",
	.ops = &tap_ops,
	.priv_bytes = sizeof(struct tap_priv),
	.queues_max = 1,
	.setup = tap_setup,
};
