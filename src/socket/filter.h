/* SPDX-License-Identifier: BSD-2-Clause */
/* Classic BPF programs on sockets: SO_ATTACH_FILTER.  @linux include/linux/filter.h */
#ifndef NETHOOD_SOCKET_FILTER_H
#define NETHOOD_SOCKET_FILTER_H

#include <linux/filter.h>

#include "base/types.h"
#include "socket/sock.h"

/** struct sk_filter - a checked program */
struct sk_filter {
	u32 bytes; /**< of this structure */
	u32 len;   /**< instructions */
	struct sock_filter insns[];
};

/** bpf_check_classic() - may @insns be run?  Return: 0, -EINVAL */
int __must_check bpf_check_classic(const struct sock_filter *insns, u32 len);
/** bpf_run() - run a checked program on @skb from data on; Return: bytes to keep, 0: refuse */
u32 bpf_run(struct net *net, const struct sock_filter *insns, u32 len, const struct sk_buff *skb);
/** sk_filter_run() - Return: 0, or -EPERM: drop it; what is kept was shortened, but not below @cap_bytes */
int sk_filter_run(struct sock *sk, struct sk_buff *skb, u32 cap_bytes);
int sk_filter_attach(struct sock *sk, const struct sock_fprog *prog);
/** sk_filter_copy() - @sk, which has none, gets a program of its own.  Return: 0, -ENOMEM */
int __must_check sk_filter_copy(struct sock *sk, const struct sk_filter *from);
void sk_filter_detach(struct sock *sk);

#endif
