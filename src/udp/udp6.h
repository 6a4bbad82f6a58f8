/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP sockets of AF_INET6: what they have besides struct udp_sock.
 *
 * A socket of both families sends to ::ffff:a.b.c.d by udp_output_ipv4.c, and to all others by udp_output_ipv6.c.
 * @step S2, S3 of S13   @rfc 768, 8200 8.1, 6935   @linux net/ipv6/udp.c
 */
#ifndef NETHOOD_UDP_UDP6_H
#define NETHOOD_UDP_UDP6_H

#include "socket/inet6_sock.h"
#include "udp/udp.h"

struct inet6_protocol;

/** struct udp6_cork - a datagram that grows: MSG_MORE, UDP_CORK */
struct udp6_cork {
	struct sk_buff *skb; /**< charged to wmem; data at the payload; NULL: nothing pending */
	struct rt6_info *rt; /**< reference */
	struct in6_addr saddr, daddr;
	__be32 flowlabel;
	__be16 dport;
	int hlimit, tclass, dontfrag;
	struct sockcm_cookie sockc;
	bool confirm;
};

/** struct udp6_template - headers of a connected socket's datagrams, ready but for length and sum */
struct udp6_template {
	const struct rt6_info *rt; /**< NULL: there is none */
	u32 out_genid;             /**< of the socket, when it was made */
	u32 dev_mtu_bytes;
	u32 headroom_bytes;    /**< before the payload */
	u32 payload_max_bytes; /**< what fits the path unfragmented */
	u32 udp_sum;           /**< of what never changes: pseudo header and ports */
	bool csum_offload;
	struct ipv6hdr hdr;
};

struct udp6_sock {
	struct udp_sock udp;
	struct udp6_template tmpl;
	struct udp6_cork cork;
};

static inline struct udp6_sock *udp6_sk(const struct sock *sk)
{
	return (struct udp6_sock *)(void *)sk;
}

extern const struct proto udpv6_prot;
extern const struct inet6_protocol udpv6_protocol; /* udp_input_ipv6.c */

/* ---- udp_output_ipv6.c */
ssize_t udpv6_sendmsg(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags);
int udpv6_push_pending(struct sock *sk);
void udpv6_flush_pending(struct sock *sk);

/* ---- udp_fast_ipv6.c */
/** udp6_template_make() - for a connected socket whose route is @rt.  Return: false if it has something special to say */
bool udp6_template_make(struct udp6_sock *up, const struct rt6_info *rt);
/** udp6_send_ready() - one datagram by the template.  Return: 0, -errno */
int udp6_send_ready(struct udp6_sock *up, struct rt6_info *rt, const struct iovec *iov, u32 len_bytes);

#endif
