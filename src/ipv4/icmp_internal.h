/* SPDX-License-Identifier: BSD-2-Clause */
/* What icmp.c and icmp_ratelimit.c know of each other. */
#ifndef NETHOOD_IPV4_ICMP_INTERNAL_H
#define NETHOOD_IPV4_ICMP_INTERNAL_H

#include "base/icmp_count.h"
#include "base/icmp_limit.h"
#include "base/types.h"
#include "ipv4/route.h"
#include "skb/skbuff.h"
#include "wire/icmp.h"

/** struct icmp_stats - columns of /proc/net/snmp and by type */
struct icmp_stats {
	u64 in_msgs, in_errors, in_csum_errors, out_msgs, out_errors, ratelimit_host;
	struct icmp_count in_type, out_type;
};

struct icmp_state {
	struct icmp_stats stats;
	bool (*ping_rcv)(struct sk_buff *skb);
	void (*ping_err)(struct sk_buff *skb, u32 info);
	struct icmp_peers peers;
};

void icmp_ratelimit_init(struct net *net);
void icmp_ratelimit_exit(struct net *net);
/** icmpv4_global_allow() - is there something in the net's own bucket?  @linux icmpv4_global_allow */
bool icmpv4_global_allow(struct net *net, u8 type, u8 code);
/** icmpv4_global_consume() - a message leaves: take from that bucket */
void icmpv4_global_consume(struct net *net, u8 type, u8 code);
/** icmpv4_xrlim_allow() - the bucket of one host: six at once, then one per icmp_ratelimit.  @linux icmpv4_xrlim_allow */
bool icmpv4_xrlim_allow(struct net *net, const struct rtable *rt, __be32 daddr, u8 type, u8 code);

#endif
