/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of ICMPv6 know of each other. */
#ifndef NETHOOD_IPV6_ICMP_INTERNAL_H
#define NETHOOD_IPV6_ICMP_INTERNAL_H

#include "base/hash.h"
#include "base/icmp_limit.h"
#include "ipv6/addrconf.h"
#include "ipv6/icmpv6.h"
#include "ipv6/ip6_route.h"
#include "wire/icmp6.h"

struct icmpv6_state {
	struct icmpv6_mib mib;
	bool (*ping_rcv)(struct sk_buff *skb);
	void (*ping_err)(struct sk_buff *skb, u8 type, u8 code, u32 offset, u32 info);
	struct icmp_peers peers;
	siphash_key_t peers_key;
};

/** ICMP6_INC() - a counter of the net and of the device @idev (may be NULL) */
#define ICMP6_INC(net_, idev_, member) \
	do { \
		struct inet6_dev *idev__ = (idev_); \
		(net_)->ipv6->icmp->mib.member++; \
		if (idev__) \
			idev__->icmp_mib->member++; \
	} while (0)

/** ICMP6_INC_TYPE() - the same by type: @member is in_type or out_type */
#define ICMP6_INC_TYPE(net_, idev_, member, type) \
	do { \
		struct inet6_dev *idev__ = (idev_); \
		icmp_count_add(&(net_)->ipv6->icmp->mib.member, (net_)->mem, type); \
		if (idev__) \
			icmp_count_add(&idev__->icmp_mib->member, (net_)->mem, type); \
	} while (0)

/** struct icmpv6_out - one message to send */
struct icmpv6_out {
	struct icmp6hdr hdr;        /**< checksum zero */
	const struct sk_buff *data; /**< whose octets follow: an answer those behind its ICMPv6 header, ... */
	bool quote;                 /**< ... an error those from the IPv6 header on */
	u32 data_bytes;
	struct flowi6 fl6;
	u8 tclass;
};
/** icmpv6_out_push() - made and sent; @rt: reference taken */
void icmpv6_out_push(struct net *net, const struct icmpv6_out *out, struct rt6_info *rt);

/**
 * icmpv6_redirect_quoted() - who sent the packet that a redirect quotes?  data is there
 * Return: 0: somebody who goes by the device that the redirect came by; -ENOENT: nobody (counted); -EPERM: not so
 */
int icmpv6_redirect_quoted(struct sk_buff *skb);

/* icmp_ratelimit.c */
/** icmpv6_global_allow() - is there something in the net's own bucket?  @linux icmpv6_global_allow */
bool icmpv6_global_allow(struct net *net, u8 type);
/** icmpv6_global_consume() - a message leaves: take from that bucket */
void icmpv6_global_consume(struct net *net, u8 type);
void icmpv6_ratelimit_init(struct net *net);
void icmpv6_ratelimit_exit(struct net *net);

/* icmp_sysctl.c: net.ipv6.icmp */
void icmpv6_sysctl_init(struct net *net);
void icmpv6_sysctl_exit(struct net *net);

#endif
