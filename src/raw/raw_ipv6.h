/* SPDX-License-Identifier: BSD-2-Clause */
/* Raw and ping sockets of AF_INET6.  @rfc 3542 3, 4443   @linux net/ipv6/raw.c, net/ipv6/ping.c */
#ifndef NETHOOD_RAW_RAW_IPV6_H
#define NETHOOD_RAW_RAW_IPV6_H

#include "ipv6/ipv6.h"
#include "socket/inet6_sock.h"

struct raw6_ops;

struct raw6_sock {
	struct inet_sock inet;
	u32 icmp6_filter[8];   /**< bit per ICMPv6 type that is not wanted: ICMP6_FILTER */
	int checksum_offset;   /**< IPV6_CHECKSUM, -1: none */
	struct list_head node; /**< of raw_net.slot6 */
};

/** struct raw6_dest - where a packet goes, and how */
struct raw6_dest {
	struct flowi6 fl6;
	struct rt6_info *rt; /**< reference */
	struct ipcm6_cookie ipc;
	struct ipv6_txoptions *opt_owned;
	bool confirm;
};

extern const struct proto rawv6_prot, pingv6_prot;
extern const struct raw6_ops raw_ipv6_ops; /* ipv6/protocol.h */

/* ---- raw_output_ipv6.c */
ssize_t rawv6_sendmsg(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags);
/** raw6_dest_find() - address, control messages, route.  Then, also after an error, raw6_dest_end() */
int raw6_dest_find(struct sock *sk, const struct msghdr *msg, int flags, struct raw6_dest *d);
void raw6_dest_end(struct sock *sk, struct raw6_dest *d);
/** raw6_alloc() - skb with room for headers below @len_bytes of payload, which are copied */
int raw6_alloc(struct sock *sk, const struct msghdr *msg, u32 header_bytes, u32 len_bytes, const struct raw6_dest *d,
	       struct sk_buff **out);
/** raw6_push() - IPv6 header, and down; skb taken */
int raw6_push(struct sock *sk, struct sk_buff *skb, struct raw6_dest *d);

/* ---- raw_ipv6.c */
ssize_t rawv6_recvmsg(struct sock *sk, struct msghdr *msg, size_t len_bytes, int flags);

/* ---- ping_ipv6.c */
/** pingv6_rcv() - an echo reply (borrowed, data at the ICMPv6 header): true if a socket wanted it */
bool pingv6_rcv(struct sk_buff *skb);
void pingv6_err(struct sk_buff *skb, u8 type, u8 code, u32 offset, u32 info);

#endif
