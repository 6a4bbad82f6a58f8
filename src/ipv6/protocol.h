/* SPDX-License-Identifier: BSD-2-Clause */
/* What IPv6 calls upward: one table of protocols and extension headers, one of raw listeners.  @linux include/net/protocol.h */
#ifndef NETHOOD_IPV6_PROTOCOL_H
#define NETHOOD_IPV6_PROTOCOL_H

#include "base/types.h"
#include "dev/gro.h"
#include "net.h"
#include "skb/skbuff.h"

struct inet6_skb_parm;
struct net_offload;

#define INET6_PROTO_FINAL 0x1    /**< a protocol; else an extension header, behind which the walk goes on */
#define INET6_PROTO_NOPOLICY 0x2 /**< it judges multicast and checksums itself */

/* what an extension header's handler says */
#define INET6_PROTO_NEXT 1       /**< it was passed: the next one is at data, and IP6CB's nhoff has its number */
#define INET6_PROTO_ENDED (-256) /**< the packet was dropped, or is kept: nothing was delivered */

struct inet6_protocol {
	/** @skb taken; data at the transport (or extension) header.
	 *  Return: 0: delivered; INET6_PROTO_NEXT, INET6_PROTO_ENDED; else -nexthdr of another protocol that is at data now */
	int (*handler)(struct sk_buff *skb);
	/** an ICMPv6 error about a packet we sent: data at the quoted IPv6 header, transport header of it at @offset
	 *  @skb borrowed; @info host order (MTU, pointer).  Return: 0, -ENOENT: no such
	 *  socket; -EPERM: of NDISC_REDIRECT, it does not go by that device */
	int (*err_handler)(struct sk_buff *skb, u8 type, u8 code, u32 offset, u32 info);
	u32 flags; /**< INET6_PROTO_* */
};
int inet6_add_protocol(struct net *net, const struct inet6_protocol *prot, u8 protocol); /* -EEXIST */
void inet6_del_protocol(struct net *net, u8 protocol);

/* struct net_offload is ipv4/protocol.h's shape; it is declared in dev/gro.h for both families */
int __must_check inet6_add_offload(struct net *net, const struct net_offload *ops, u8 protocol); /* borrowed; -ENOSPC */
void inet6_del_offload(struct net *net, u8 protocol);
bool inet6_gro_same_flow(const struct sk_buff *p, const struct sk_buff *skb);
/** inet6_gro_follows() - could the IPv6 header of @skb have been cut from the train @p, as its last? */
bool inet6_gro_follows(const struct sk_buff *p, const struct sk_buff *skb);
extern const struct packet_offload ipv6_packet_offload;

/** struct raw6_ops - raw sockets see packets before the protocols; one registrar */
struct raw6_ops {
	/** give clones to sockets that listen; @skb borrowed, data at the transport header.  Return: true if one did */
	bool (*deliver)(struct sk_buff *skb, u8 nexthdr);
	void (*icmp_error)(struct sk_buff *skb, u8 nexthdr, u8 type, u8 code, u32 offset, u32 info);
};
void inet6_set_raw_ops(struct net *net, const struct raw6_ops *ops);

#endif
