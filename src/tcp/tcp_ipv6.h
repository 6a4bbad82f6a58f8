/* SPDX-License-Identifier: BSD-2-Clause */
/* What the IPv6 files of TCP know of each other. */
#ifndef NETHOOD_TCP_TCP_IPV6_H
#define NETHOOD_TCP_TCP_IPV6_H

#include "tcp/tcp.h"
#include "wire/ipv6.h"

struct rt6_info;

static inline struct in6_addr tcp_in6(const union tcp_addr *a)
{
	struct in6_addr out;

	memcpy(&out, a->v6, sizeof(out));
	return out;
}
static inline void tcp_set_in6(union tcp_addr *a, const struct in6_addr *from)
{
	memcpy(a->v6, from, sizeof(a->v6));
}

/** tcp_v6_err() - ICMPv6 about a segment that we sent: inet6_protocol.err_handler */
int tcp_v6_err(struct sk_buff *skb, u8 type, u8 code, u32 offset, u32 info);
void tcp_v6_metrics_of(const struct rt6_info *rt, struct tcp_route_metrics *out);

/* ---- tcp_request_ipv6.c: tcp_ipv6_ops of requests */
int tcp_v6_request_init(struct tcp_request_sock *req, const struct sk_buff *skb, const struct ip_options *opt,
			struct tcp_route_metrics *out);
void tcp_v6_request_fini(struct tcp_request_sock *req);
int tcp_v6_send_synack(struct tcp_request_sock *req, struct sk_buff *skb);
int tcp_v6_child_route(struct tcp_sock *child, struct tcp_request_sock *req);

#endif
