/* SPDX-License-Identifier: BSD-2-Clause */
/* What the drivers share: cable state, napi, frames into skbs. */
#ifndef NETHOOD_DRIVERS_DRIVER_INTERNAL_H
#define NETHOOD_DRIVERS_DRIVER_INTERNAL_H

#include "drivers/drivers.h"
#include "drivers/virtio_net.h"
#include "net.h"
#include "record/record.h"

#define FRAME_MAX_BYTES (65535U + ETH_HLEN + 4U) /**< largest MTU, header, one VLAN tag */
#define FRAME_PIECES_MAX (MAX_SKB_FRAGS + 1)

/** struct netdev_driver - one row of the table in driver.c */
struct netdev_driver {
	const char *name;
	const struct net_device_ops *ops;
	u32 priv_bytes;
	u32 queues_max;
	bool hears_all; /**< each of several on one interface: it cannot be shared between workers */
	/** the rest of @cfg; on error nothing is left.  ops->ndo_uninit() undoes it, and may be called twice */
	int (*setup)(struct net_device *dev, const struct netdev_config *cfg);
};
extern const struct netdev_driver tap_driver, stream_driver, packet_driver, xdp_driver, pcap_driver, wire_driver,
	user_driver, user_ip_driver, null_driver;

/** struct netdev_common - every priv begins with it */
struct netdev_common {
	struct napi_struct napi;
	bool link;      /**< what the other side says */
	bool unplugged; /**< netdev_plug(false) */
	bool burst;     /**< a poll took all that it might */
	ktime_t asked;  /**< what the system dropped: netdev_lost_due() */
};
static inline struct netdev_common *netdev_common(const struct net_device *dev)
{
	return dev->priv;
}
/** netdev_link() - the other side is there, or is not: sets the carrier */
void netdev_link(struct net_device *dev, bool up);

/** netdev_frame_to_skb() - copy of a received frame, ready for netif_receive_skb(); counted.
 *  Return: 0, -ENETDOWN (no carrier), -EMSGSIZE, -ENOBUFS */
int netdev_frame_to_skb(struct net_device *dev, const void *frame, size_t len_bytes, struct sk_buff **out);
/** netdev_skb_alloc() - empty skb for a frame of @len_bytes, with room to forward it; NULL: no memory, counted */
struct sk_buff *netdev_skb_alloc(struct net_device *dev, u32 len_bytes);
#define NETDEV_HEADERS_BYTES 176U /**< of a long frame these are in the head at least */
/** netdev_skb_alloc_long() - skb of @len_bytes, of a long one all but the headers in pages; NULL: no memory, counted */
struct sk_buff *netdev_skb_alloc_long(struct net_device *dev, u32 len_bytes);
/** netdev_packet_to_skb() - netdev_frame_to_skb() for a device without link-layer headers: @packet is an IP packet, of up
 *  to 65535 octets whatever the MTU.  Return: 0, -ENETDOWN, -EMSGSIZE, -EINVAL (no IP version that is known), -ENOBUFS */
int netdev_packet_to_skb(struct net_device *dev, const void *packet, size_t len_bytes, struct sk_buff **out);
/** netdev_frame_check() - may a frame of this length come in?  Return: 0, or the error, counted */
int netdev_frame_check(struct net_device *dev, size_t len_bytes);
/** netdev_show_frame() - in a replay: to whoever looks at frames that come in */
void netdev_show_frame(const struct net_device *dev, const void *frame, size_t len_bytes);
/** netdev_receive_frame() - same from within a napi poll: it goes up now */
void netdev_receive_frame(struct net_device *dev, const void *frame, size_t len_bytes);

/** netdev_tx_done() - @skb (taken) was sent */
static inline netdev_tx_t netdev_tx_done(struct net_device *dev, struct sk_buff *skb)
{
	dev_sw_netstats_tx_add(dev, 1, skb->len);
	consume_skb(skb);
	return NETDEV_TX_OK;
}
/** netdev_tx_error() - @skb (taken) could not be sent */
netdev_tx_t netdev_tx_error(struct net_device *dev, struct sk_buff *skb, enum skb_drop_reason reason);
/** netdev_tx_busy() - @skb stays with the caller until netif_tx_wake_queue() */
netdev_tx_t netdev_tx_busy(struct net_device *dev, const struct sk_buff *skb);
/** netdev_skb_iovec() - pieces of @skb.  Return: number */
int netdev_skb_iovec(const struct sk_buff *skb, struct iovec iov[static FRAME_PIECES_MAX]);
/** netdev_skb_iovec_hdr() - the same with a header, which is made.  It lies before the frame, in one piece with it, if there
 *  is room that nobody else looks at (needed_headroom); else it is @hdr */
int netdev_skb_iovec_hdr(const struct sk_buff *skb, struct virtio_net_hdr *hdr,
			 struct iovec iov[static FRAME_PIECES_MAX + 1]);
/** netdev_skb_copy() - @skb in one piece; a checksum that was only begun is completed in the pass that copies */
void netdev_skb_copy(const struct sk_buff *skb, u8 *to);

int netdev_change_carrier(struct net_device *dev, bool on); /* ndo_change_carrier: netdev_plug() */
int netdev_open_linked(struct net_device *dev);             /* ndo_open: the link is up from now on */
void netdev_stop_linked(struct net_device *dev);

/** wire_tell_peer() - this end of the cable changed: the other one sees it at its next poll */
void wire_tell_peer(struct net_device *dev);
const char *tap_host_name(const struct net_device *dev);    /* NULL: no tap */
const char *packet_host_name(const struct net_device *dev); /* NULL: no packet device */
const char *xdp_host_name(const struct net_device *dev);    /* NULL: no AF_XDP device */

/** netdev_lost_due() - at the end of a poll: is it time to ask what the system dropped?  After a burst, and now and then
 *  @full: the budget was used up: there may be more */
bool netdev_lost_due(struct net_device *dev, bool full);

/* What only files that may call the system use: drivers/sys.c.  All that the system answers goes through the recorder:
 * in a net that is replayed nothing is called, and the answers are those of the recording. */
int sys_set_nonblock(int fd);
void sys_close(int *fd); /* and sets it to -1, which is not closed again */
/** fd_driver() - who understands this descriptor: a TAP or a stream socket; NULL: nobody */
const struct netdev_driver *fd_driver(struct net *net, int fd);
/** sys_read() - Return: octets, -errno */
ssize_t sys_read(const struct net_device *dev, enum rec_input what, int fd, void *buf, size_t room_bytes);
/** sys_sendmsg() - a frame, with what the driver puts before it: @whole octets in all.  Return: octets, -errno */
ssize_t sys_sendmsg(const struct net_device *dev, int fd, const struct msghdr *msg, size_t whole_bytes);
/** sys_writev() - the same for what is no socket */
ssize_t sys_writev(const struct net_device *dev, int fd, const struct iovec *iov, int pieces, size_t whole_bytes);
/** sys_sent() - what became of a frame of @whole octets: @n octets went, or -errno.  Return: @n */
ssize_t sys_sent(const struct net_device *dev, ssize_t n, size_t whole_bytes);
/** sys_sent_again() - in a replay: what became of it.  Return: octets, -errno */
ssize_t sys_sent_again(const struct net_device *dev, size_t whole_bytes);
/** sys_news() - what the system says of what rarely changes, written down when it does.  Return: @is, or what it was */
u32 sys_news(const struct net_device *dev, enum rec_input what, u32 was, u32 is);
/** sys_if_running() - is the host's interface of that name up, and its link? */
bool sys_if_running(int fd, const char name[static IFNAMSIZ]);
/** struct host_link - the link of an interface of the host's, of which nobody says when it comes up */
struct host_link {
	struct net_device *dev;
	struct timer timer; /**< armed while it is down */
	bool (*running)(const struct net_device *dev);
};
void host_link_setup(struct host_link *l, struct net_device *dev, bool (*running)(const struct net_device *dev));
/** host_link_look() - the device's link is as the interface's is */
void host_link_look(struct host_link *l);
/** host_link_down() - the system said so; it is looked at again until it is up */
void host_link_down(struct host_link *l);
/** host_link_stop() - the device is closed */
void host_link_stop(struct host_link *l);
/** sys_opened() - what became of an attempt to open: @result (-errno, or what the system can do), and @name that it chose,
 *  which is kept or set.  Return: @result, or what it was */
int sys_opened(const struct net_device *dev, int result, char name[static IFNAMSIZ]);

#endif
