/* SPDX-License-Identifier: BSD-2-Clause */
/* What IPv4 calls upward: one table of protocols, one of raw listeners.  @linux include/net/protocol.h */
#ifndef NETHOOD_IPV4_PROTOCOL_H
#define NETHOOD_IPV4_PROTOCOL_H

#include "base/types.h"
#include "dev/gro.h"
#include "net.h"
#include "skb/skbuff.h"

struct net_protocol {
	/** @skb taken; data at the transport header.  Return: 0, or -nexthdr to try again as another protocol */
	int (*handler)(struct sk_buff *skb);
	/** an ICMP error about a packet we sent: data at the quoted IP header; @skb borrowed.  Return: 0, -ENOENT: no such socket */
	int (*err_handler)(struct sk_buff *skb, u32 info);
	bool no_policy;
};
int inet_add_protocol(struct net *net, const struct net_protocol *prot, u8 protocol); /* -EEXIST */
void inet_del_protocol(struct net *net, u8 protocol);

int __must_check inet_add_offload(struct net *net, const struct net_offload *ops, u8 protocol); /* borrowed; -ENOSPC */
void inet_del_offload(struct net *net, u8 protocol);
/** inet_gro_same_flow() - same addresses and protocol? */
bool inet_gro_same_flow(const struct sk_buff *p, const struct sk_buff *skb);
/** inet_gro_follows() - could the IP header of @skb have been cut from the train @p, as its last?  @fixed_id: the train has
 *  one identification, then */
bool inet_gro_follows(const struct sk_buff *p, const struct sk_buff *skb, bool *fixed_id);
extern const struct packet_offload ip_packet_offload;

/** struct raw_ops - raw sockets see packets before the protocols; one registrar */
struct raw_ops {
	/** give clones to sockets that listen; @skb borrowed.  Return: true if one did */
	bool (*deliver)(struct sk_buff *skb, u8 protocol);
	void (*icmp_error)(struct sk_buff *skb, u8 protocol, u32 info);
};
void inet_set_raw_ops(struct net *net, const struct raw_ops *ops);

#endif
