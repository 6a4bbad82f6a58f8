/* SPDX-License-Identifier: BSD-2-Clause */
/* Raw sockets: whole IP packets of one protocol.  @rfc 1122 3.4   @linux raw(7), net/ipv4/raw.c */
#ifndef NETHOOD_RAW_RAW_H
#define NETHOOD_RAW_RAW_H

#include "base/list.h"
#include "base/types.h"
#include "socket/inet_sock.h"

struct raw_ops;

#define RAW_SLOTS 16U /**< a power of two */

/** struct raw_net - net->raw: sockets by protocol */
struct raw_net {
	struct list_head slot[RAW_SLOTS], slot6[RAW_SLOTS];
	u32 hashed_count;
};

struct raw_sock {
	struct inet_sock inet;
	u32 icmp_filter;       /**< bit per ICMP type that is not wanted: ICMP_FILTER */
	struct list_head node; /**< of raw_net.slot */
};

static inline struct raw_sock *raw_sk(const struct sock *sk)
{
	return (struct raw_sock *)(void *)sk;
}

extern const struct proto raw_prot;
extern const struct raw_ops raw_ipv4_ops; /* ipv4/protocol.h */

int raw_net_init(struct net *net);
void raw_net_exit(struct net *net);

/* ---- raw.c */
ssize_t raw_recvmsg(struct sock *sk, struct msghdr *msg, size_t len_bytes, int flags);
int raw_setsockopt(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes);
int raw_getsockopt(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes);
int raw_ioctl(struct sock *sk, unsigned long request, void *arg, size_t arg_bytes);

/* ---- raw_output_ipv4.c */
ssize_t raw_sendmsg(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags);

#endif
