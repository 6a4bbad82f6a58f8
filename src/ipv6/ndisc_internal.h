/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of Neighbour Discovery know of each other. */
#ifndef NETHOOD_IPV6_NDISC_INTERNAL_H
#define NETHOOD_IPV6_NDISC_INTERNAL_H

#include "base/notifier.h"
#include "base/ratelimit.h"
#include "ipv6/addrconf.h"
#include "ipv6/ipv6.h"
#include "ipv6/ndisc.h"
#include "neigh/neighbour.h"
#include "wire/icmp6.h"

/** struct ndisc_state - net->ipv6->ndisc */
struct ndisc_state {
	struct neigh_table tbl;
	struct notifier_block netdev_nb;
	struct ratelimit_state log_limit; /**< of what peers make it say */
};

/** struct nd_in - one received message, looked at: of one piece, hop limit and code right, options whole */
struct nd_in {
	struct net *net;
	struct net_device *dev;
	struct inet6_dev *idev;
	struct sk_buff *skb; /**< borrowed */
	const struct in6_addr *saddr, *daddr;
	const void *msg; /**< struct nd_msg, ra_msg, rd_msg */
	struct nd_opts opts;
	bool redone; /**< its delay is over */
};

/* What was done with a message: SKB_NOT_DROPPED_YET (0), or why it is dropped. */
enum skb_drop_reason ndisc_recv_ns(const struct nd_in *in);
enum skb_drop_reason ndisc_recv_na(const struct nd_in *in);
enum skb_drop_reason ndisc_recv_rs(const struct nd_in *in);
enum skb_drop_reason ndisc_recv_ra(const struct nd_in *in);
enum skb_drop_reason ndisc_recv_redirect(const struct nd_in *in);

/**
 * ndisc_in_lladdr() - the link-layer address that option @type brings
 * @lladdr: NULL: there is none
 * Return: 0; IPV6_NDISC_BAD_OPTIONS: of the wrong length; IPV6_NDISC_BAD_LLADDR: no host has that one
 */
enum skb_drop_reason ndisc_in_lladdr(const struct nd_in *in, u8 type, const u8 **lladdr);
static inline bool ndisc_is_strict(const struct nd_in *in)
{
	return in->net->profile == NET_PROFILE_STRICT;
}
static inline struct neigh_table *ndisc_table(const struct net *net)
{
	return net->ipv6->nd_tbl;
}

/* ndisc_send.c */
/** ndisc_alloc_skb() - room for a message of @len_bytes on @dev and what goes before it; @len_bytes of zeros are put.  NULL: no memory */
struct sk_buff *ndisc_alloc_skb(struct net_device *dev, u32 len_bytes);
/** ndisc_send_skb() - @skb taken; one without a route goes out of @dev, as if @daddr were on its link */
void ndisc_send_skb(struct net_device *dev, struct sk_buff *skb, const struct in6_addr *daddr,
		    const struct in6_addr *saddr);

#endif
