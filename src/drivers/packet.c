// SPDX-License-Identifier: BSD-2-Clause
/* AF_PACKET: frames of an interface that the host has already.
 *
 * @step S13 of S13, to the kernel
 * @linux packet(7); PACKET_VNET_HDR: linux/virtio_net.h
 *
 * The interface is made promiscuous, so frames to the net's own address arrive; the host's stack goes on using it
 * beside the net.  Each frame has a header that says what is missing: the other side of a veth leaves checksums, and the
 * cutting of trains, to hardware that is not there.
 *
 * What is short comes by a ring that is shared with the kernel; what is longer than its slots, as trains are, waits in the
 * socket besides, and is read where it will lie.  TPACKET_V3 would be cheaper still, but tells of a frame only when a block is
 * full or a millisecond old.
 *
 * @syscalls socket setsockopt getsockopt bind ioctl mmap munmap recv sendmsg fcntl close
 */
#include <errno.h>
#include <linux/if_arp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/byteorder.h"
#include "drivers/driver_internal.h"
#include "drivers/rx_frame.h"
#include "net.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

#define RING_SLOTS 1024U
#define RING_SLOT_BYTES 2048U
#define RING_BLOCK_BYTES (256U << 10)
#define RING_BYTES ((size_t)RING_SLOTS * RING_SLOT_BYTES)
#define LONG_FRAMES_BYTES (8 << 20) /* of those that wait in the socket; less if the system does not let us */

struct packet_priv {
	struct netdev_common common;
	int fd;
	u8 *ring;     /* NULL in a replay */
	u32 slot;     /* that the kernel fills next, or has */
	bool blocked; /* the socket's buffer was full */
	char host_name[IFNAMSIZ];
	struct host_link link;
	struct rx_frame rx;
};

static struct packet_priv *packet_priv(const struct net_device *dev)
{
	return dev->priv;
}

/* ---- link */

static bool packet_host_running(const struct net_device *dev)
{
	return sys_if_running(packet_priv(dev)->fd, packet_priv(dev)->host_name);
}

/* ---- transmit */

static netdev_tx_t packet_send_failed(struct net_device *dev, struct sk_buff *skb, int error)
{
	if (error == EAGAIN) {
		packet_priv(dev)->blocked = true;
		return netdev_tx_busy(dev, skb);
	}
	if (error != ENETDOWN && error != ENXIO)
		return netdev_tx_error(dev, skb, SKB_DROP_REASON_DEV_XMIT);
	netdev_tx_error(dev, skb, SKB_DROP_REASON_NO_CARRIER);
	host_link_down(&packet_priv(dev)->link);
	return NETDEV_TX_OK;
}

static netdev_tx_t packet_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	struct iovec iov[FRAME_PIECES_MAX + 1];
	struct msghdr msg = { .msg_iov = iov };
	struct virtio_net_hdr hdr;
	ssize_t n;

	(void)more;
	msg.msg_iovlen = (size_t)netdev_skb_iovec_hdr(skb, &hdr, iov);
	n = sys_sendmsg(dev, packet_priv(dev)->fd, &msg, sizeof(hdr) + skb->len);
	if (unlikely(n < 0))
		return packet_send_failed(dev, skb, (int)-n);
	return netdev_tx_done(dev, skb);
}

/* ---- receive */

static bool packet_receive_failed(struct net_device *dev, int error)
{
	if (error == EINTR)
		return true;
	if (error == ENETDOWN || error == ENXIO)
		host_link_down(&packet_priv(dev)->link);
	else if (error != EAGAIN)
		dev->stats.rx_errors++;
	return false;
}

static struct tpacket2_hdr *ring_slot(const struct packet_priv *priv)
{
	return (struct tpacket2_hdr *)(void *)(priv->ring + (size_t)priv->slot * RING_SLOT_BYTES);
}

static u32 ring_status(const struct packet_priv *priv)
{
	return __atomic_load_n(&ring_slot(priv)->tp_status, __ATOMIC_ACQUIRE);
}

static void ring_next(struct packet_priv *priv)
{
	__atomic_store_n(&ring_slot(priv)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	priv->slot = (priv->slot + 1) % RING_SLOTS;
}

/* Why there is no frame.  Return: -errno */
static int packet_no_frame(const struct packet_priv *priv)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(priv->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	return error ? -error : -EAGAIN;
}

/* The next frame and its header, in the ring until ring_next(), or in the page.  Return: octets, -errno */
static ssize_t packet_next(const struct packet_priv *priv, const u8 **from)
{
	const struct tpacket2_hdr *slot = ring_slot(priv);
	u32 status = ring_status(priv);
	ssize_t n;

	*from = rx_frame_room(&priv->rx);
	if (!(status & TP_STATUS_USER))
		return packet_no_frame(priv);
	if (likely(slot->tp_snaplen == slot->tp_len)) {
		*from = (const u8 *)slot + slot->tp_mac - sizeof(struct virtio_net_hdr);
		return (ssize_t)(slot->tp_snaplen + sizeof(struct virtio_net_hdr));
	}
	if (!(status & TP_STATUS_COPY))
		return -ENOBUFS;
	n = recv(priv->fd, rx_frame_room(&priv->rx), RX_ROOM_BYTES, MSG_TRUNC);
	return n < 0 || n > (ssize_t)RX_ROOM_BYTES ? -ENOBUFS : n;
}

/* Return: octets, -errno: -ENOBUFS: there was one, and it is lost; *@from: where they are */
static ssize_t packet_frame(const struct net_device *dev, const u8 **from)
{
	const struct packet_priv *priv = packet_priv(dev);
	struct recorder *rec = dev->net->rec;
	ssize_t n;

	if (rec_again(rec)) {
		*from = rx_frame_room(&priv->rx);
		return rec_input_again(rec, dev->ifindex, REC_IN_VNET_FRAME, rx_frame_room(&priv->rx), RX_ROOM_BYTES);
	}
	n = packet_next(priv, from);
	return unlikely(rec) ? rec_input(rec, dev->ifindex, REC_IN_VNET_FRAME, n, *from, n > 0 ? (size_t)n : 0) : n;
}

/* One frame.  Return: false when there is none. */
static bool packet_read(struct net_device *dev)
{
	struct packet_priv *priv = packet_priv(dev);
	struct sk_buff *skb = NULL;
	const u8 *from;
	ssize_t n = packet_frame(dev, &from);

	if (n < 0 && n != -ENOBUFS)
		return packet_receive_failed(dev, (int)-n);
	if (likely(n >= 0))
		skb = rx_frame_take(&priv->rx, dev, from, (u32)n);
	else
		dev->stats.rx_dropped++;
	if (likely(priv->ring))
		ring_next(priv); /* before the frame goes up: the device may go then */
	if (likely(skb))
		rx_frame_deliver(dev, skb);
	return true;
}

static u32 ring_drops(const struct packet_priv *priv)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);

	if (!priv->ring || getsockopt(priv->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) < 0)
		return 0;
	return stats.tp_drops;
}

static int packet_poll(struct napi_struct *napi, int budget)
{
	struct net_device *dev = napi->dev;
	struct packet_priv *priv = packet_priv(dev);
	int work = 0;

	if (netif_running(dev) && priv->blocked) {
		priv->blocked = false;
		netif_tx_wake_all_queues(dev);
	}
	/* What comes up may close the device, and even remove it. */
	while (work < budget && netif_running(dev) && packet_read(dev))
		work++;
	if (netif_running(dev) && netdev_lost_due(dev, work == budget))
		dev->stats.rx_dropped += sys_news(dev, REC_IN_LOST, 0, ring_drops(priv));
	if (work < budget)
		napi_complete(napi);
	return work;
}

static int packet_get_fd(const struct net_device *dev)
{
	return netif_running(dev) ? packet_priv(dev)->fd : -1;
}

static bool packet_want_write(const struct net_device *dev)
{
	return netif_running(dev) && packet_priv(dev)->blocked;
}

/* ---- life */

/* What came while the device was down is lost, as on a card that is off. */
static void packet_discard(struct net_device *dev)
{
	struct packet_priv *priv = packet_priv(dev);
	u32 count = 0;

	for (; priv->ring && count < RING_SLOTS && (ring_status(priv) & TP_STATUS_USER); count++) {
		if (ring_status(priv) & TP_STATUS_COPY)
			recv(priv->fd, NULL, 0, MSG_TRUNC);
		ring_next(priv);
	}
	dev->stats.rx_dropped += sys_news(dev, REC_IN_LOST, 0, count + ring_drops(priv));
}

static int packet_open(struct net_device *dev)
{
	struct packet_priv *priv = packet_priv(dev);

	packet_discard(dev);
	host_link_look(&priv->link);
	napi_schedule(&priv->common.napi);
	return 0;
}

static void packet_stop(struct net_device *dev)
{
	host_link_stop(&packet_priv(dev)->link);
}

static void packet_uninit(struct net_device *dev)
{
	struct packet_priv *priv = packet_priv(dev);

	if (priv->ring)
		munmap(priv->ring, RING_BYTES);
	priv->ring = NULL;
	sys_close(&priv->fd);
	rx_frame_fini(&priv->rx);
}

static const struct net_device_ops packet_ops = {
	.ndo_open = packet_open,
	.ndo_stop = packet_stop,
	.ndo_change_carrier = netdev_change_carrier,
	.ndo_uninit = packet_uninit,
	.ndo_start_xmit = packet_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_get_fd = packet_get_fd,
	.ndo_want_write = packet_want_write,
};

/* The interface must exist and be of Ethernet.  Return: its index, -errno */
static int host_interface_index(int fd, const char *name)
{
	struct ifreq ifr = { .ifr_flags = 0 };

	if (!*name || strlen(name) >= IFNAMSIZ)
		return -EINVAL;
	memcpy(ifr.ifr_name, name, strlen(name));
	if (ioctl(fd, SIOCGIFHWADDR, &ifr) < 0)
		return -errno;
	if (ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return -EINVAL;
	return ioctl(fd, SIOCGIFINDEX, &ifr) < 0 ? -errno : ifr.ifr_ifindex;
}

static int set_option(int fd, int option, int value)
{
	return setsockopt(fd, SOL_PACKET, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* A slot for each short frame; what is longer waits in the socket besides. */
static int packet_ring_setup(int fd)
{
	const struct tpacket_req req = { RING_BLOCK_BYTES, RING_BYTES / RING_BLOCK_BYTES, RING_SLOT_BYTES, RING_SLOTS };
	int room = LONG_FRAMES_BYTES, err = set_option(fd, PACKET_VERSION, TPACKET_V2);

	if (!err)
		err = set_option(fd, PACKET_VNET_HDR, 1);
	if (!err)
		err = set_option(fd, PACKET_COPY_THRESH, 1);
	if (!err && setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) < 0)
		err = -errno;
	if (!err && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)); /* as much as anybody may */
	return err;
}

/* Everything is set before bind(), with which frames begin to come.  Return: 0, -errno */
static int packet_socket_setup(int fd, int ifindex)
{
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_protocol = cpu_to_be16(ETH_P_ALL),
		.sll_ifindex = ifindex,
	};
	struct packet_mreq promisc = { .mr_ifindex = ifindex, .mr_type = PACKET_MR_PROMISC };
	int err = packet_ring_setup(fd);

	if (!err)
		err = set_option(fd, PACKET_IGNORE_OUTGOING, 1);
	if (err)
		return err;
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc, sizeof(promisc)) < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&sll, sizeof(sll)) < 0 && errno != ENETDOWN)
		return -errno;
	return 0;
}

/* Return: a socket, -errno */
static int packet_socket(const char *name, u8 **ring)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int ret;

	if (fd < 0)
		return -errno;
	ret = host_interface_index(fd, name);
	if (ret > 0)
		ret = packet_socket_setup(fd, ret);
	if (!ret) {
		*ring = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (*ring != MAP_FAILED)
			return fd;
		*ring = NULL;
		ret = -errno;
	}
	close(fd);
	return ret;
}

static int packet_setup(struct net_device *dev, const struct netdev_config *cfg)
{
	struct packet_priv *priv = packet_priv(dev);
	int fd = -1, err;

	if (!cfg->arg || cfg->fd >= 0)
		return -EINVAL;
	err = rx_frame_init(&priv->rx, dev->net->skb_pool, true);
	if (err)
		return err;
	if (!rec_again(dev->net->rec))
		fd = packet_socket(cfg->arg, &priv->ring);
	if (fd >= 0)
		memcpy(priv->host_name, cfg->arg, strlen(cfg->arg));
	err = sys_opened(dev, fd < 0 ? fd : 0, priv->host_name);
	if (err) {
		rx_frame_fini(&priv->rx);
		return err;
	}
	priv->fd = fd;
	host_link_setup(&priv->link, dev, packet_host_running);
	dev->needed_headroom = sizeof(struct virtio_net_hdr);
	dev->features |= NETIF_F_SG | NETIF_F_RXCSUM;
	if (cfg->offload)
		dev->features |= NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_TSO_ECN;
	netif_napi_add(dev, &priv->common.napi, packet_poll, NAPI_POLL_WEIGHT);
	return 0;
}

const char *packet_host_name(const struct net_device *dev)
{
	return dev->netdev_ops == &packet_ops ? packet_priv(dev)->host_name : NULL;
}

const struct netdev_driver packet_driver = {
	.name = "packet",
	.ops = &packet_ops,
	.priv_bytes = sizeof(struct packet_priv),
	.queues_max = 1,
	.hears_all = true,
	.setup = packet_setup,
};
