// SPDX-License-Identifier: BSD-2-Clause
/* Frames over a stream socket in QEMU's framing: four octets of length, then the frame; passt and VDE speak it too.
 *
 * @step S13 of S13, to whoever holds the other end
 *
 * The carrier is there while the other end is.  A length that no frame can have means that the two ends disagree about
 * where frames begin: there is no way back from that, so the carrier goes.
 *
 * @syscalls socket connect read sendmsg fcntl close
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/byteorder.h"
#include "drivers/driver_internal.h"
#include "net.h"

#define LENGTH_BYTES 4U
#define RX_BUFFER_BYTES (2U * (FRAME_MAX_BYTES + LENGTH_BYTES))
#define TX_BUFFER_BYTES (FRAME_MAX_BYTES + LENGTH_BYTES)

struct stream_priv {
	struct netdev_common common;
	int fd;
	bool blocked; /* the socket's buffer was full */
	bool gone;    /* the other end is, or makes no sense */
	u8 *rx;       /* RX_BUFFER_BYTES, of which rx_begin..rx_end were read and not yet taken */
	u32 rx_begin, rx_end;
	u8 *tx; /* TX_BUFFER_BYTES, of which tx_begin..tx_end are the rest of a frame begun */
	u32 tx_begin, tx_end;
};

static struct stream_priv *stream_priv(const struct net_device *dev)
{
	return dev->priv;
}

static void stream_gone(struct net_device *dev, const char *why)
{
	struct stream_priv *priv = stream_priv(dev);

	if (!priv->gone)
		net_log(dev->net, "%s: %s", dev->name, why);
	priv->gone = true;
	priv->blocked = false;
	priv->tx_begin = priv->tx_end = 0;
	priv->rx_begin = priv->rx_end = 0;
	netdev_link(dev, false);
}

/* ---- transmit */

/* The host has none for now: nothing is wrong with the stream. */
static bool no_memory(int error)
{
	return error == ENOMEM || error == ENOBUFS;
}

/* Return: octets, -errno */
static ssize_t stream_send(struct net_device *dev)
{
	const struct stream_priv *priv = stream_priv(dev);
	size_t left_bytes = priv->tx_end - priv->tx_begin;
	struct recorder *rec = dev->net->rec;
	ssize_t n;

	if (rec_again(rec)) {
		n = rec_input_again(rec, dev->ifindex, REC_IN_SENT, NULL, 0);
		return n > (ssize_t)left_bytes ? (ssize_t)left_bytes : n;
	}
	n = send(priv->fd, priv->tx + priv->tx_begin, left_bytes, MSG_NOSIGNAL);
	if (n < 0)
		n = -errno;
	return unlikely(rec) ? rec_input(rec, dev->ifindex, REC_IN_SENT, n, NULL, 0) : n;
}

/* The rest of a frame begun.  Return: true when it is out. */
static bool stream_flush(struct net_device *dev)
{
	struct stream_priv *priv = stream_priv(dev);

	while (priv->tx_begin < priv->tx_end) {
		ssize_t n = stream_send(dev);

		if (n >= 0)
			priv->tx_begin += (u32)n;
		else if (n == -EAGAIN || no_memory((int)-n))
			return false;
		else if (n != -EINTR) {
			dev->stats.tx_errors++;
			stream_gone(dev, "the other end of the stream is gone");
			return false;
		}
	}
	priv->tx_begin = priv->tx_end = 0;
	return true;
}

static netdev_tx_t stream_send_failed(struct net_device *dev, struct sk_buff *skb, int error)
{
	if (error == EAGAIN) {
		stream_priv(dev)->blocked = true;
		return netdev_tx_busy(dev, skb);
	}
	if (no_memory(error))
		return netdev_tx_error(dev, skb, SKB_DROP_REASON_DEV_XMIT);
	netdev_tx_error(dev, skb, SKB_DROP_REASON_NO_CARRIER);
	stream_gone(dev, "the other end of the stream is gone");
	return NETDEV_TX_OK;
}

/* @sent of length and frame are out: keep the rest, and let nothing else in before it. */
static void stream_keep_rest(struct net_device *dev, const struct sk_buff *skb, __be32 length, u32 sent)
{
	struct stream_priv *priv = stream_priv(dev);

	memcpy(priv->tx, &length, LENGTH_BYTES);
	if (skb_copy_bits(skb, 0, priv->tx + LENGTH_BYTES, skb->len))
		assert(0);
	priv->tx_begin = sent;
	priv->tx_end = LENGTH_BYTES + skb->len;
	priv->blocked = true;
	netif_tx_stop_queue(&dev->_tx[0]);
}

static netdev_tx_t stream_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	struct iovec iov[FRAME_PIECES_MAX + 1];
	__be32 length = cpu_to_be32(skb->len);
	struct msghdr msg = { .msg_iov = iov };
	ssize_t n;

	(void)more;
	if (unlikely(skb->len > FRAME_MAX_BYTES))
		return netdev_tx_error(dev, skb, SKB_DROP_REASON_PKT_TOO_BIG);
	if (unlikely(stream_priv(dev)->tx_end)) /* woken by a change of the carrier, not by us */
		return stream_send_failed(dev, skb, EAGAIN);
	iov[0] = (struct iovec){ .iov_base = &length, .iov_len = LENGTH_BYTES };
	msg.msg_iovlen = 1 + (size_t)netdev_skb_iovec(skb, iov + 1);
	n = sys_sendmsg(dev, stream_priv(dev)->fd, &msg, LENGTH_BYTES + skb->len);
	if (unlikely(n < 0))
		return stream_send_failed(dev, skb, (int)-n);
	if (unlikely((size_t)n < LENGTH_BYTES + skb->len))
		stream_keep_rest(dev, skb, length, (u32)n);
	return netdev_tx_done(dev, skb);
}

/* ---- receive */

/* Read what there is, behind what is left.  Return: true if something came. */
static bool stream_fill(struct net_device *dev)
{
	struct stream_priv *priv = stream_priv(dev);
	ssize_t n;

	memmove(priv->rx, priv->rx + priv->rx_begin, priv->rx_end - priv->rx_begin);
	priv->rx_end -= priv->rx_begin;
	priv->rx_begin = 0;
	n = sys_read(dev, REC_IN_STREAM, priv->fd, priv->rx + priv->rx_end, RX_BUFFER_BYTES - priv->rx_end);
	if (n > 0) {
		priv->rx_end += (u32)n;
		return true;
	}
	if (n == 0)
		stream_gone(dev, "the other end of the stream was closed");
	else if (n == -EINTR)
		return true;
	else if (n != -EAGAIN && !no_memory((int)-n))
		stream_gone(dev, "the other end of the stream is gone");
	return false;
}

/* One frame out of the buffer.  Return: false when it holds no whole one. */
static bool stream_next_frame(struct net_device *dev)
{
	struct stream_priv *priv = stream_priv(dev);
	u32 have = priv->rx_end - priv->rx_begin;
	const u8 *frame;
	u32 len;

	if (have < LENGTH_BYTES)
		return false;
	frame = priv->rx + priv->rx_begin + LENGTH_BYTES;
	len = be32_to_cpu(get_unaligned_be32(priv->rx + priv->rx_begin));
	if (len > FRAME_MAX_BYTES) {
		dev->stats.rx_errors++;
		dev->stats.rx_length_errors++;
		stream_gone(dev, "impossible frame length on the stream");
		return false;
	}
	if (have < LENGTH_BYTES + len)
		return false;
	priv->rx_begin += LENGTH_BYTES + len;
	netdev_receive_frame(dev, frame, len);
	return true;
}

static int stream_poll(struct napi_struct *napi, int budget)
{
	struct net_device *dev = napi->dev;
	struct stream_priv *priv = stream_priv(dev);
	int work = 0;

	if (netif_running(dev) && priv->blocked && stream_flush(dev)) {
		priv->blocked = false;
		netif_tx_wake_all_queues(dev);
	}
	while (work < budget) {
		/* What comes up may close the device, and even remove it. */
		if (!netif_running(dev) || priv->gone) {
			napi_complete(napi);
			break;
		}
		if (stream_next_frame(dev)) {
			work++;
		} else if (priv->gone || !stream_fill(dev)) {
			napi_complete(napi);
			break;
		}
	}
	return work;
}

static int stream_get_fd(const struct net_device *dev)
{
	const struct stream_priv *priv = stream_priv(dev);

	return priv->gone || !netif_running(dev) ? -1 : priv->fd;
}

static bool stream_want_write(const struct net_device *dev)
{
	return netif_running(dev) && stream_priv(dev)->blocked;
}

/* ---- life */

static int stream_open(struct net_device *dev)
{
	struct stream_priv *priv = stream_priv(dev);

	netdev_link(dev, !priv->gone);
	napi_schedule(&priv->common.napi);
	return 0;
}

static void stream_free(struct net_device *dev)
{
	struct stream_priv *priv = stream_priv(dev);

	mem_free(dev->net->mem, priv->rx, RX_BUFFER_BYTES);
	mem_free(dev->net->mem, priv->tx, TX_BUFFER_BYTES);
	priv->rx = NULL;
	priv->tx = NULL;
}

static void stream_uninit(struct net_device *dev)
{
	sys_close(&stream_priv(dev)->fd);
	stream_free(dev);
}

static const struct net_device_ops stream_ops = {
	.ndo_open = stream_open,
	.ndo_stop = netdev_stop_linked,
	.ndo_change_carrier = netdev_change_carrier,
	.ndo_uninit = stream_uninit,
	.ndo_start_xmit = stream_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_get_fd = stream_get_fd,
	.ndo_want_write = stream_want_write,
};

/* Return: an open descriptor, -errno */
static int stream_connect(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, err;

	if (!path || !*path || strlen(path) >= sizeof(sun.sun_path))
		return -EINVAL;
	memcpy(sun.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) < 0 ? -errno : sys_set_nonblock(fd);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static int stream_setup(struct net_device *dev, const struct netdev_config *cfg)
{
	struct stream_priv *priv = stream_priv(dev);
	char name[IFNAMSIZ] = "";
	int err = -ENOMEM, fd = -1;

	priv->rx = mem_alloc(dev->net->mem, RX_BUFFER_BYTES);
	priv->tx = mem_alloc(dev->net->mem, TX_BUFFER_BYTES);
	if (!priv->rx || !priv->tx)
		goto err_free;
	if (rec_again(dev->net->rec))
		err = 0;
	else if (cfg->fd >= 0)
		err = sys_set_nonblock(fd = cfg->fd);
	else
		err = fd = stream_connect(cfg->arg);
	err = sys_opened(dev, err < 0 ? err : 0, name);
	if (err)
		goto err_free;
	priv->fd = fd;
	dev->features |= NETIF_F_SG;
	netif_napi_add(dev, &priv->common.napi, stream_poll, NAPI_POLL_WEIGHT);
	return 0;

err_free:
	stream_free(dev);
	return err;
}

const struct netdev_driver stream_driver = {
	.name = "unix",
	.ops = &stream_ops,
	.priv_bytes = sizeof(struct stream_priv),
	.queues_max = 1,
	.setup = stream_setup,
};
