/* SPDX-License-Identifier: BSD-2-Clause */
/* Drivers: how a device is made, and what an embedder does with one.
 *
 * netdev_driver_open() makes and registers a device by the name of its driver.  If the device has a descriptor, the
 * embedder's loop watches it, for input always and for output while netdev_want_write() says so, and calls
 * netdev_fd_ready(); frames are read by the poll of the net that follows.
 */
#ifndef NETHOOD_DRIVERS_DRIVERS_H
#define NETHOOD_DRIVERS_DRIVERS_H

#include <sys/uio.h>

#include "base/types.h"
#include "dev/netdevice.h"

struct net;

struct netdev_config {
	const char *name;    /**< may hold one %d */
	const char *driver;  /**< "tap" ... */
	const char *arg;     /**< what the driver wants; NULL: nothing */
	u32 mtu;             /**< 0: 1500 */
	const u8 *lladdr;    /**< 6 octets; NULL: random, locally administered */
	u32 queues;          /**< 0: 1; of "xdp": all */
	bool one_of_several; /**< others open the same interface, each a queue of it */
	bool offload;        /**< leave checksums to what is on the other side, where it can */
	int fd;              /**< drivers "fd", "tap", "unix": an open one, taken also on error; -1: none */
	/** drivers "user", "user-ip": a frame leaves; @frame borrowed.  Return: 0 taken, -EAGAIN: not now, netdev_user_wake() later */
	int (*xmit)(void *ctx, const struct iovec *frame, int pieces);
	void *ctx;
};

/**
 * netdev_driver_open() - make and register a device, down
 * @out: borrowed, until it is unregistered
 *
 * Return: 0; -EINVAL: no such driver, or it refuses the rest of @cfg; -EOPNOTSUPP: it has no queues to share; -EEXIST: the name is taken; -ENOMEM; of "tap",
 * "packet" and "xdp": -EBUSY, -EPERM, -ENODEV ... as the system says; of "pcap": -ENOENT, -EACCES ...
 */
int netdev_driver_open(struct net *net, const struct netdev_config *cfg, struct net_device **out);

/** netdev_get_fd() - descriptor to watch, -1: none */
int netdev_get_fd(const struct net_device *dev);
bool netdev_want_write(const struct net_device *dev);
/** netdev_fd_ready() - the descriptor is ready: the next poll of the net reads, and sends what waited */
void netdev_fd_ready(struct net_device *dev);
/** netdev_plug() - put the cable in, or pull it out, whatever the other side says */
void netdev_plug(struct net_device *dev, bool in);
/** netdev_receive() - a frame, link-layer header first if the device has any, is copied; it goes up with the next poll.
 *  Return: 0, -ENETDOWN, -EMSGSIZE (too short or too long), -EINVAL ("user-ip": no IP version), -ENOBUFS */
int netdev_receive(struct net_device *dev, const void *frame, size_t len_bytes);
/** netdev_user_wake() - a "user" device that said -EAGAIN takes frames again */
void netdev_user_wake(struct net_device *dev);
/** netdev_wire_join() - a cable between two "wire" devices that have none.  Return: 0, -EINVAL, -EBUSY.
 *  Both nets belong to one thread.  A frame for the other net makes it due: its softnet->pending is not 0 */
int netdev_wire_join(struct net_device *a, struct net_device *b);
/* Of a net that is made anew: what the other end of a wire did, which was in another net. */
int netdev_wire_foreign(struct net_device *dev);
/** struct wire_offload - what was left to the other end; all zero: nothing */
struct wire_offload {
	u32 csum_start, csum_offset; /**< from the beginning of the frame, from there */
	u16 gso_size, gso_type;
	u32 segment_bytes; /**< of a train: the longest frame that it would be cut into */
};
int netdev_wire_frame(struct net_device *dev, const void *frame, size_t len_bytes, const struct wire_offload *o);
int netdev_wire_news(struct net_device *dev, u32 what);
/** netdev_host_name() - of a "tap", "packet" or "xdp" device: its interface on the host; NULL: it has none */
const char *netdev_host_name(const struct net_device *dev);

/** loopback_net_init() - make "lo", down.  Return: 0, -ENOMEM */
int loopback_net_init(struct net *net);

#endif
