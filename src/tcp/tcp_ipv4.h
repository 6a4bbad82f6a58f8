/* SPDX-License-Identifier: BSD-2-Clause */
/* What the IPv4 files of TCP know of each other. */
#ifndef NETHOOD_TCP_TCP_IPV4_H
#define NETHOOD_TCP_TCP_IPV4_H

#include "tcp/tcp.h"

struct rtable;

/** tcp_v4_err() - ICMP about a segment that we sent: net_protocol.err_handler */
int tcp_v4_err(struct sk_buff *skb, u32 info);
void tcp_v4_metrics_of(const struct rtable *rt, struct tcp_route_metrics *out);

#endif
