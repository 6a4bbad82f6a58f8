/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP.  @rfc 792, 1122 3.2.2, 1812 4.3, 4884   @linux net/ipv4/icmp.c */
#ifndef NETHOOD_IPV4_ICMP_H
#define NETHOOD_IPV4_ICMP_H

#include "base/types.h"
#include "net.h"
#include "skb/skbuff.h"

int icmp_init(struct net *net);
void icmp_exit(struct net *net);
/**
 * icmp_send() - tell the source of @skb_in (borrowed, network header set, route set) what went wrong
 * @info: host order: MTU for FRAG_NEEDED; pointer << 24 for PARAMETERPROB; else 0
 *
 * Never about errors, broadcasts, multicasts, later fragments; rate limited per destination and per net.
 */
void icmp_send(struct sk_buff *skb_in, int type, int code, u32 info);
int icmp_rcv(struct sk_buff *skb); /* net_protocol.handler */
/** icmp_out_count() - a message of this type is about to leave.  @linux icmp_out_count */
void icmp_out_count(struct net *net, u8 type);
/** ip_error_allow() - may a router tell @saddr once more that there is no way?  The bucket of that host's errors pays for it */
bool ip_error_allow(struct net *net, __be32 saddr);
/** struct icmp_err - what an ICMP unreachable code means to a socket */
struct icmp_err {
	int errno_value;
	bool fatal;
};
extern const struct icmp_err icmp_err_convert[16];
/** icmp_set_ping_rcv() - ping sockets take echo replies (borrowed skb; true: one listened); NULL: none */
void icmp_set_ping_rcv(struct net *net, bool (*rcv)(struct sk_buff *skb), void (*err)(struct sk_buff *skb, u32 info));

#endif
