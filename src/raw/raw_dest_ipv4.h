/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a packet of a raw or a ping socket goes: their common half of sendmsg(). */
#ifndef NETHOOD_RAW_RAW_DEST_IPV4_H
#define NETHOOD_RAW_RAW_DEST_IPV4_H

#include "ipv4/ip.h"
#include "ipv4/route.h"
#include "socket/inet_sock.h"

#define IP_HEADER_BYTES 20U
#define IP_MAX_PACKET_BYTES 0xffffU

struct raw_dest {
	struct flowi4 fl4;
	struct rtable *rt; /**< reference */
	struct ipcm_cookie ipc;
	bool confirm;
};

/** raw_dest_find() - address, control messages, route.  Return: 0 (then dst_release(&d->rt->dst)), -errno */
int raw_dest_find(struct sock *sk, const struct msghdr *msg, int flags, bool allow_unspec, struct raw_dest *d);
/** raw_alloc() - skb with room for headers below @len_bytes of payload, which are copied */
int raw_alloc(struct sock *sk, const struct msghdr *msg, u32 header_bytes, u32 len_bytes, const struct raw_dest *d,
	      struct sk_buff **out);
/** raw_push() - IP header, and down; skb taken */
int raw_push(struct sock *sk, struct sk_buff *skb, struct raw_dest *d);

#endif
