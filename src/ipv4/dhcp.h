/* SPDX-License-Identifier: BSD-2-Clause */
/* DHCPv4 client: an address for a device, with what belongs to it, on loan.  @rfc 2131 */
#ifndef NETHOOD_IPV4_DHCP_H
#define NETHOOD_IPV4_DHCP_H

#include "base/types.h"
#include "dev/netdevice.h"
#include "ipv4/dhcp_msg.h"
#include "net.h"

struct nethood_dev; /* a device as its embedder sees it: the same object */

enum dhcp_state {
	DHCP_OFF,  /**< its device has no link */
	DHCP_INIT, /**< waits before it asks */
	DHCP_SELECTING,
	DHCP_REQUESTING,
	DHCP_REBOOTING, /**< asked for an address that it had before */
	DHCP_PROBING,   /**< was given an address; asks by ARP whether somebody has it */
	DHCP_BOUND,
	DHCP_RENEWING,
	DHCP_REBINDING,
	DHCP_RELEASING, /**< the last word is on its way */
	DHCP_ENDED,     /**< about to be freed */
	DHCP_NR_STATES
};

enum dhcp_event {
	DHCP_EV_LINK_UP,
	DHCP_EV_LINK_DOWN,
	DHCP_EV_NEW_MAC, /**< the device has another link-layer address: it is another client */
	DHCP_EV_TIMER,
	DHCP_EV_OFFER,
	DHCP_EV_ACK,
	DHCP_EV_NAK,
	DHCP_EV_FREE,     /**< nobody has the address, and it is on the device */
	DHCP_EV_CONFLICT, /**< somebody has it */
	DHCP_EV_GONE,     /**< it was taken off the device, by its lifetime or by somebody */
	DHCP_EV_STOP,
	DHCP_NR_EVENTS
};

/* What dhcp_step() must know besides the state */
#define DHCP_C_KNOWN (1U << 0)    /**< there is an address that it had before */
#define DHCP_C_ADDR (1U << 1)     /**< the address is on the device */
#define DHCP_C_LAST (1U << 2)     /**< asked often enough */
#define DHCP_C_FALLBACK (1U << 3) /**< asked in vain for so long that a link-local address shall do */
#define DHCP_C_T2 (1U << 4)       /**< time to ask any server */
#define DHCP_C_EXPIRED (1U << 5)  /**< the lease is over */
#define DHCP_C_SENT (1U << 6)     /**< the server's link-layer address is known, so what was sent to it is on its way */
#define DHCP_C_ALL 0x7fU

/* What is done, in this order */
#define DHCP_A_DECLINE (1U << 0)    /**< tell the server that somebody has the address */
#define DHCP_A_RELEASE (1U << 1)    /**< tell the server that nobody needs it any more */
#define DHCP_A_FORGET (1U << 2)     /**< the address, its routes, and that it was ours */
#define DHCP_A_UNPROBE (1U << 3)    /**< stop asking whether somebody has it */
#define DHCP_A_XID (1U << 4)        /**< a new exchange: number, beginning, count of messages */
#define DHCP_A_AGAIN (1U << 5)      /**< count of messages from zero, in the same exchange */
#define DHCP_A_SEND (1U << 6)       /**< the message of the new state */
#define DHCP_A_PROBE (1U << 7)      /**< ask by ARP whether somebody has the address */
#define DHCP_A_LINK_LOCAL (1U << 8) /**< take a link-local address meanwhile */
#define DHCP_A_TELL (1U << 9)       /**< the owner: something changed */

enum dhcp_timer {
	DHCP_T_STOP,
	DHCP_T_NOW,
	DHCP_T_START,   /**< before the first question */
	DHCP_T_RESTART, /**< random, before it begins again */
	DHCP_T_DECLINED,
	DHCP_T_RETRANS, /**< 4, 8, 16, 32, 64 s, each with up to 1 s more or less */
	DHCP_T_LEASE,   /**< T1 */
	DHCP_T_RENEW,   /**< half of what is left until T2, or until the end */
	DHCP_T_EXPIRY,
	DHCP_T_RELEASE,
};

/** struct dhcp_edge - one arrow; the first that matches wins */
struct dhcp_edge {
	u32 from; /**< mask: bit of enum dhcp_state */
	enum dhcp_event event;
	u32 mask, want; /**< matches if (cond & mask) == want */
	enum dhcp_state to;
	u32 act;
	enum dhcp_timer timer;
	const char *source; /**< section of RFC 2131 */
};

/** dhcp_step() - pure; NULL: nothing happens */
const struct dhcp_edge *dhcp_step(enum dhcp_state state, enum dhcp_event event, u32 cond);
const struct dhcp_edge *dhcp_edges(u32 *count);

struct dhcp_config {
	const u8 *client_id; /**< NULL: 1 and the device's link-layer address */
	u32 client_id_bytes;
	const char *hostname; /**< option 12; NULL: none */
	__be32 requested;     /**< an address that it had before: INIT-REBOOT; 0: none */
	u32 metric;           /**< of the routes */
	bool link_local;      /**< take one of RFC 3927 while no server answers */
	/** got, changed or lost an address, or ended; may stop it; may be NULL */
	void (*changed)(void *ctx, struct nethood_dev *dev);
	void *ctx;
};

/** struct dhcp_status - how it stands with a client */
struct dhcp_status {
	enum dhcp_state state;
	bool bound;                      /**< there is an address on the device */
	const struct dhcp_params *lease; /**< borrowed, right while bound */
	ktime_t t1, t2, expires;         /**< KTIME_MAX: never */
};

/** struct dhcp_stats - of all clients of a net */
struct dhcp_stats {
	u64 discovers, requests, declines, releases; /**< sent */
	u64 offers, acks, naks;                      /**< that were for us */
	u64 malformed, foreign, unexpected;          /**< malformed; for another client; not waited for */
	u64 expired, conflicts, lost;                /**< leases; addresses that somebody had; that could not be sent */
};

/**
 * dhcp_start() - get an address for @dev, and keep it
 * Return: 0, -EALREADY, -EINVAL (no Ethernet; a client identifier or a name too long), -ENOMEM.
 */
int __must_check dhcp_start(struct net_device *dev, const struct dhcp_config *cfg);
/**
 * dhcp_stop() - release the address
 *
 * The client ends as soon as the message is on its way, after a second at the latest; then the address goes.
 * Return: 0, -ENOENT.
 */
int dhcp_stop(struct net_device *dev);
/** dhcp_status() - Return: 0, -ENOENT: it never began, or has ended */
int dhcp_status(const struct net_device *dev, struct dhcp_status *out);
const struct dhcp_stats *dhcp_stats(const struct net *net);

int dhcp_init(struct net *net);
void dhcp_exit(struct net *net);

#endif
