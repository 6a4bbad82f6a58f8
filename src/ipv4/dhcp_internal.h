/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the DHCP client share: dhcp.c the machine, dhcp_io.c messages, dhcp_lease.c what a lease sets. */
#ifndef NETHOOD_IPV4_DHCP_INTERNAL_H
#define NETHOOD_IPV4_DHCP_INTERNAL_H

#include "base/notifier.h"
#include "base/ratelimit.h"
#include "ipv4/acd.h"
#include "ipv4/dhcp.h"
#include "ipv4/netns_ipv4.h"

/** struct dhcp_client - of one device */
struct dhcp_client {
	struct list_head node;
	struct net_device *dev;
	struct timer timer;
	u8 state;

	/* the exchange */
	u32 xid;
	ktime_t began;    /**< for the field secs */
	ktime_t asked_at; /**< the first message of this state: from then on a lease counts */
	u16 secs;         /**< of the last DISCOVER */
	u32 sent_count;
	bool listening;

	/* what was offered, then given; what is on the device is what was given last */
	__be32 requested; /**< 0: none */
	struct dhcp_params lease;
	ktime_t t1, t2, expires; /**< valid if has_lease */
	bool has_lease;
	bool free;   /**< nobody has it; there was no memory to set it yet */
	__be32 addr; /**< on the device; 0: none */
	u8 addr_prefixlen;
	bool busy;       /**< addresses of the device change by our own hand */
	u32 mtu_before;  /**< 0: the device has the MTU that it had */
	bool link_local; /**< one was asked for */
	struct acd acd;

	struct dhcp_identity me;
	bool own_client_id; /**< of the configuration: it does not follow the link-layer address */
	u32 metric;
	bool want_link_local;
	void (*changed)(void *ctx, struct nethood_dev *dev);
	void *ctx;
};

/** struct dhcp_net - net->ipv4->dhcp */
struct dhcp_net {
	struct list_head all;
	u32 listening_count;
	struct notifier_block netdev_nb, inetaddr_nb;
	struct ratelimit_state log_limit;
	struct dhcp_stats stats;
};

static inline struct dhcp_net *dhcp_of(const struct net *net)
{
	return net->ipv4->dhcp;
}

/* ---- dhcp.c */
/** dhcp_event() - one step; @c may be gone afterwards */
void dhcp_event(struct dhcp_client *c, enum dhcp_event event);
/** dhcp_client_find() - of @dev; x_find(), NULL: none */
struct dhcp_client *dhcp_client_find(const struct net_device *dev);
/** dhcp_heard() - a well-formed message for @c came in */
void dhcp_heard(struct dhcp_client *c, const struct dhcp_params *msg);

/* ---- dhcp_io.c */
/** dhcp_listen() - take answers to @c from the way up.  Return: 0, -ENOMEM, -E2BIG */
int dhcp_listen(struct dhcp_client *c, bool on);
/** dhcp_send() - @type with what the state calls for; what cannot be sent is lost, and counted */
void dhcp_send(struct dhcp_client *c, enum dhcp_type type);
/** dhcp_server_known() - is there a link-layer address on the way to the server? */
bool dhcp_server_known(const struct dhcp_client *c);

/* ---- dhcp_lease.c */
/** dhcp_lease_set() - put what @lease says on the device, in place of what is there.  Return: 0, -ENOBUFS: all is as before */
int __must_check dhcp_lease_set(struct dhcp_client *c, const struct dhcp_params *lease, ktime_t expires);
/** dhcp_lease_unset() - take it away; also when there is none */
void dhcp_lease_unset(struct dhcp_client *c);

#endif
