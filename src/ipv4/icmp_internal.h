/* SPDX-License-Identifier: BSD-2-Clause */
/* What icmp.c and icmp_ratelimit.c know of each other. */
#ifndef NETHOOD_IPV4_ICMP_INTERNAL_H
#define NETHOOD_IPV4_ICMP_INTERNAL_H

#include "base/types.h"
#include "ipv4/route.h"
#include "skb/skbuff.h"
#include "wire/icmp.h"

#define ICMP_TYPES 256U
#define ICMP_PEERS 1024U /* hosts that the rate limit remembers; more share rows */

/** struct icmp_stats - columns of /proc/net/snmp and by type */
struct icmp_stats {
	u64 in_msgs, in_errors, in_csum_errors, out_msgs, out_errors, ratelimit_global, ratelimit_host;
	u64 in_type[ICMP_TYPES], out_type[ICMP_TYPES];
};

/** struct icmp_peer - token bucket of one host; a token is a jiffy */
struct icmp_peer {
	__be32 addr;
	u32 tokens, last_jiffies;
};

struct icmp_state {
	struct icmp_stats stats;
	bool (*ping_rcv)(struct sk_buff *skb);
	void (*ping_err)(struct sk_buff *skb, u32 info);
	s32 credit; /**< of the global bucket; the last message may overdraw it */
	ktime_t stamp;
	struct icmp_peer *peers; /**< ICMP_PEERS of them, made at the first error */
};

void icmp_ratelimit_init(struct net *net);
void icmp_ratelimit_exit(struct net *net);
/** icmp_global_allow() - is there something in the net's own bucket?  @linux icmp_global_allow */
bool icmp_global_allow(struct net *net, u8 type, u8 code);
/** icmp_global_consume() - a message leaves: take from the bucket, by chance more or less than one */
void icmp_global_consume(struct net *net, u8 type, u8 code);
/** icmp_peer_allow() - the bucket of one host: six at once, then one per icmp_ratelimit.  @linux icmpv4_xrlim_allow */
bool icmp_peer_allow(struct net *net, const struct rtable *rt, __be32 daddr, u8 type, u8 code);

#endif
