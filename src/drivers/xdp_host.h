/* SPDX-License-Identifier: BSD-2-Clause */
/* The system's side of an AF_XDP device: what of it drivers/xdp.c asks for, and never in a replay.
 *
 * @step S13 of S13   @linux linux/if_xdp.h
 */
#ifndef NETHOOD_DRIVERS_XDP_HOST_H
#define NETHOOD_DRIVERS_XDP_HOST_H

#include "drivers/driver_internal.h"

#define XDP_QUEUES_MAX 64U
#define XDP_BATCH 32U /**< frames that the system takes in one call, in copy mode */

struct xdp_host;

/** struct xdp_rx - a frame in the memory that is shared with the system */
struct xdp_rx {
	const u8 *data;
	u32 len_bytes;
};

/** what xdp_host_ops.open() says of the interface */
enum {
	XDP_OPEN_NATIVE = 1 << 0, /**< frames are taken in the host's driver, not after it */
	XDP_OPEN_SUMS = 1 << 1,   /**< who sends to it leaves checksums begun, and nothing says so */
};

struct xdp_host_ops {
	/** @name: an interface of Ethernet; @queues: 0: all that it has; @mtu: the longest packet that will come.
	 *  Return: XDP_OPEN_*; -ENODEV, -EPERM, -EBUSY: another program takes its frames, -EINVAL ... */
	int (*open)(const char *name, u32 queues, u32 mtu, struct xdp_host **out);
	/** the interface is as it was found.  @host: taken */
	void (*close)(struct xdp_host *host);
	/** descriptor that is readable when there are frames, or news of the link */
	int (*fd)(const struct xdp_host *host);
	/** is the interface up, with a cable? */
	bool (*running)(const struct xdp_host *host);
	/** has it gone down since this was asked last? */
	bool (*went_down)(const struct xdp_host *host);
	/** up to @max frames, valid until receive_done().  Return: number */
	u32 (*receive)(struct xdp_host *host, struct xdp_rx *frames, u32 max);
	void (*receive_done)(struct xdp_host *host);
	/** frames that the system dropped since it was asked last: no room, or they were too long for a piece */
	u32 (*lost)(struct xdp_host *host);
	/** room for one frame to send; NULL: all is in use */
	u8 *(*send_room)(struct xdp_host *host, u32 queue);
	/** the frame is there; it may wait for flush() */
	void (*send)(struct xdp_host *host, u32 queue, u32 len_bytes);
	/** all that was sent is the system's now.  Return: 0; -EAGAIN: it will not have them all; -ENETDOWN: none */
	int (*flush)(struct xdp_host *host);
};

/** xdp_host_ops - NULL if nethood was built without libxdp */
extern const struct xdp_host_ops *const xdp_host_ops;

/** xdp_chunk_bytes() - pieces of the shared memory, each for one frame */
static inline u32 xdp_chunk_bytes(u32 mtu)
{
	return mtu <= 1700 ? 2048 : 4096;
}
/** xdp_mtu_max() - the longest packet that a piece has room for */
static inline u32 xdp_mtu_max(u32 chunk_bytes)
{
	return chunk_bytes - 256U - ETH_HLEN - 4U; /* the system's own headroom, one VLAN tag */
}

#endif
