// SPDX-License-Identifier: BSD-2-Clause
/* TAP: an Ethernet cable to the kernel on the other side.
 *
 * @step S13 of S13, to the kernel
 * @linux Documentation/networking/tuntap; behaviour of the running kernel:
 *
 * A frame is one read or one write.  While the host's interface is down a write says EIO, and the descriptor becomes
 * writable when it goes up: that is the carrier.  When the interface was deleted everything says EBADFD: the carrier
 * goes and does not come back.
 *
 * @syscalls open ioctl read writev poll fcntl close
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "drivers/driver_internal.h"
#include "net.h"

struct tap_priv {
	struct netdev_common common;
	int fd;
	bool blocked; /* the kernel's queue was full */
	bool gone;    /* the interface was deleted */
	char host_name[IFNAMSIZ];
	u8 *frame; /* FRAME_MAX_BYTES: what is read */
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
	struct iovec iov[FRAME_PIECES_MAX];
	ssize_t n;

	(void)more;
	n = sys_writev(dev, priv->fd, iov, netdev_skb_iovec(skb, iov), skb->len);
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

/* One frame.  Return: false when there is none. */
static bool tap_read(struct net_device *dev)
{
	struct tap_priv *priv = tap_priv(dev);
	ssize_t len = sys_read(dev, REC_IN_FRAME, priv->fd, priv->frame, FRAME_MAX_BYTES);

	if (len >= 0) {
		netdev_receive_frame(dev, priv->frame, (size_t)len);
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
		ssize_t n = sys_read(dev, REC_IN_FRAME, priv->fd, priv->frame, FRAME_MAX_BYTES);

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
	mem_free(dev->net->mem, priv->frame, FRAME_MAX_BYTES);
	priv->frame = NULL;
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

/* Return: an open descriptor, -errno */
static int tap_create_or_attach(const char *name, char host_name[static IFNAMSIZ])
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd, err;

	if (strlen(name) >= IFNAMSIZ)
		return -EINVAL;
	memcpy(ifr.ifr_name, name, strlen(name));
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	memcpy(host_name, ifr.ifr_name, IFNAMSIZ);
	return fd;
}

/* An inherited descriptor: must be a TAP without virtio headers, and without packet information; but of that the kernel
 * says nothing (TUNGETIFF has IFF_NO_PI always), so who hands it over must have asked for IFF_NO_PI.
 * Return: it, -errno */
static int tap_inherited(int fd, char host_name[static IFNAMSIZ])
{
	struct ifreq ifr = { .ifr_flags = 0 };
	int err;

	if (ioctl(fd, TUNGETIFF, &ifr) < 0)
		return -EINVAL;
	if (!(ifr.ifr_flags & IFF_TAP) || (ifr.ifr_flags & IFF_VNET_HDR))
		return -EINVAL;
	err = sys_set_nonblock(fd);
	if (err)
		return err;
	memcpy(host_name, ifr.ifr_name, IFNAMSIZ);
	return fd;
}

static int tap_setup(struct net_device *dev, const struct netdev_config *cfg)
{
	struct tap_priv *priv = tap_priv(dev);
	int fd = -1, err;

	priv->frame = mem_alloc(dev->net->mem, FRAME_MAX_BYTES);
	if (!priv->frame)
		return -ENOMEM;
	if (!rec_again(dev->net->rec))
		fd = cfg->fd >= 0 ? tap_inherited(cfg->fd, priv->host_name)
				  : tap_create_or_attach(cfg->arg ? cfg->arg : "", priv->host_name);
	err = sys_opened(dev, fd < 0 ? fd : 0, priv->host_name);
	if (err) {
		mem_free(dev->net->mem, priv->frame, FRAME_MAX_BYTES);
		return err;
	}
	priv->fd = fd;
	dev->kind = "tun";
	dev->features |= NETIF_F_SG;
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
