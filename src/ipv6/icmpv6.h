/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMPv6.  @rfc 4443, 4884   @linux net/ipv6/icmp.c */
#ifndef NETHOOD_IPV6_ICMPV6_H
#define NETHOOD_IPV6_ICMPV6_H

#include "base/types.h"
#include "ipv6/netns_ipv6.h"
#include "net.h"
#include "skb/skbuff.h"

struct inet6_dev;
struct icmpv6_mib;
struct flowi6;
struct rt6_info;

int icmpv6_init(struct net *net);
void icmpv6_exit(struct net *net);
/** icmpv6_mib() - what the net has counted: Icmp6* of /proc/net/snmp6 */
const struct icmpv6_mib *icmpv6_mib(const struct net *net);
/**
 * icmpv6_send() - tell the source of @skb_in (borrowed, network header set) what went wrong
 * @info: host order: MTU, or pointer from the IPv6 header on
 *
 * Never about errors, multicasts (but Packet Too Big and unknown options), rate limited per destination and net.
 * @rfc 4443 2.4
 */
void icmpv6_send(struct sk_buff *skb_in, u8 type, u8 code, u32 info);
/** icmpv6_param_prob() - parameter problem, then @skb (taken) is dropped */
void icmpv6_param_prob(struct sk_buff *skb, u8 code, u32 pos_bytes, enum skb_drop_reason reason);
/** icmpv6_err_convert() - errno of an error; Return: fatal to a connection? */
bool icmpv6_err_convert(u8 type, u8 code, int *err);
/** icmpv6_out_count() - a message of this type leaves by @idev (NULL: not known) */
void icmpv6_out_count(struct net *net, struct inet6_dev *idev, u8 type);
/** icmpv6_xrlim_no_route() - an error of this type has no way to him whom it is for */
void icmpv6_xrlim_no_route(struct net *net, u8 type);
/** icmpv6_xrlim_allow() - may one more error of this type go to @daddr? */
bool icmpv6_xrlim_allow(struct net *net, const struct rt6_info *rt, u8 type, const struct in6_addr *daddr);
/** icmpv6_push() - checksum of an ICMPv6 message, then IPv6; @skb taken, data at the ICMPv6 header, dst set */
int icmpv6_push(struct net *net, struct sock *sk, struct sk_buff *skb, const struct flowi6 *fl6, int tclass,
		int hlimit);
/** icmpv6_push_nd() - the same of Neighbour Discovery: as Linux, what no device takes is not counted */
void icmpv6_push_nd(struct net *net, struct sk_buff *skb, const struct flowi6 *fl6, int tclass, int hlimit);
/** icmpv6_set_ping_rcv() - ping sockets take echo replies (borrowed skb; true: one listened); NULL: none */
void icmpv6_set_ping_rcv(struct net *net, bool (*rcv)(struct sk_buff *skb),
			 void (*err)(struct sk_buff *skb, u8 type, u8 code, u32 offset, u32 info));
extern const struct inet6_protocol icmpv6_protocol;

#endif
