/* SPDX-License-Identifier: BSD-2-Clause */
/* Ping sockets: ICMP echo without privilege; the identifier is the port.
 *
 * @rfc 792   @linux icmp(7) ping_group_range, net/ipv4/ping.c
 */
#ifndef NETHOOD_RAW_PING_H
#define NETHOOD_RAW_PING_H

#include "base/list.h"
#include "base/types.h"
#include "socket/inet_sock.h"

#define PING_SLOTS 16U

/** struct ping_net - net->ping: sockets by identifier */
struct ping_net {
	struct list_head by_ident[PING_SLOTS];
	u32 hashed_count;
};

struct ping_sock {
	struct inet_sock inet;
	struct list_head node;
};

static inline struct ping_sock *ping_sk(const struct sock *sk)
{
	return (struct ping_sock *)(void *)sk;
}

extern const struct proto ping_prot;

int ping_net_init(struct net *net);
void ping_net_exit(struct net *net);
/** ping_rcv() - an echo reply (borrowed, data at the ICMP header): true if a socket wanted it */
bool ping_rcv(struct sk_buff *skb);
/** ping_get_ident() - bind to @ident, 0: a free one; hashed.  Return: 0, -EADDRINUSE */
int ping_get_ident(struct sock *sk, u16 ident);
void ping_unhash(struct sock *sk);
/** ping_socks() - where sockets with this identifier stand, with others */
struct list_head *ping_socks(struct net *net, u16 ident);
/** ping_err() - an ICMP error about an echo request of ours; data at the quoted IP header */
void ping_err(struct sk_buff *skb, u32 info);

#endif
