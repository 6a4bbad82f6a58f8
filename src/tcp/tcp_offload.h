/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP headers of trains, for either family of addresses.  @linux net/ipv4/tcp_offload.c */
#ifndef NETHOOD_TCP_TCP_OFFLOAD_H
#define NETHOOD_TCP_TCP_OFFLOAD_H

#include "dev/gro.h"
#include "skb/skbuff.h"

/** tcp_gso_segment() - data at the TCP header, whose check holds the sum of the pseudo header
 *  Return: as packet_offload.gso_segment */
int __must_check tcp_gso_segment(struct sk_buff *skb, const struct segment_how *how, struct sk_buff **segs);

/** tcp_gro_header() - is the header of @skb whole, and does the packet concern a train, held in @gro or to come?  Then
 *  payload_offset and hash are set; @addr_hash: of the addresses */
bool tcp_gro_header(const struct gro_node *gro, struct sk_buff *skb, u32 addr_hash);
/** tcp_gro_same_ports() - the rest of inet_gro_same_flow() */
bool tcp_gro_same_ports(const struct sk_buff *p, const struct sk_buff *skb);
/** tcp_gro_follows() - could the TCP header of @skb have been cut from the train @p, as its last? */
bool tcp_gro_follows(const struct sk_buff *p, const struct sk_buff *skb);
/** tcp_gro_may_lead() - may others follow @skb? */
bool tcp_gro_may_lead(const struct sk_buff *skb);
/** tcp_gro_merge() - @skb (taken), which follows, into @p; goes up if nothing may follow it */
void tcp_gro_merge(struct gro_node *gro, struct sk_buff *p, struct sk_buff *skb);
/** tcp_gro_complete() - @pseudo_sum: of the header of the whole train; @gso_type: SKB_GSO_TCPV4, SKB_GSO_TCPV6 */
void tcp_gro_complete(struct sk_buff *skb, u32 pseudo_sum, u16 gso_type);

#endif
