// SPDX-License-Identifier: BSD-2-Clause
/* IPV6_RECVERR: what became of packets that were sent.
 *
 * @rfc 4443 2.4   @linux net/ipv6/datagram.c: ipv6_icmp_error, ipv6_local_error, ipv6_recv_error
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>

#include "ipv6/icmpv6.h"
#include "ipv6/ipv6.h"
#include "socket/inet6_sock.h"
#include "wire/icmp6.h"
#include "wire/ip.h"

#define ETH_IPV6 CONST_BE16(ETH_P_IPV6)

void ipv6_icmp_error(struct sock *sk, struct sk_buff *skb, int err, __be16 port, u8 type, u8 code, u32 info,
		     u8 *payload)
{
	const struct ipv6hdr *quoted = (const struct ipv6hdr *)(const void *)skb->data;
	struct inet6_err_cb cb = {
		.ee = { .ee_errno = (u32)err,
			.ee_origin = SO_EE_ORIGIN_ICMP6,
			.ee_type = type,
			.ee_code = code,
			.ee_info = info },
		.addr = quoted->daddr,
		.iif = skb->skb_iif,
		.port = port,
	};
	struct sk_buff *clone = skb_clone(skb);
	u32 before_bytes = (u32)(payload - skb->data);

	if (!clone)
		return;
	clone->protocol = ETH_IPV6;
	*INET6_ERR_CB(clone) = cb;
	skb_pull(clone, min_u32(before_bytes, skb_headlen(clone)));
	sock_queue_err_skb(sk, clone);
}

/* An error skb holds an IPv6 header with the destination, as those that ICMPv6 brought do. */
void ipv6_local_error(struct sock *sk, int err, const struct flowi6 *fl6, u32 info)
{
	struct inet6_err_cb cb = {
		.ee = { .ee_errno = (u32)err, .ee_origin = SO_EE_ORIGIN_LOCAL, .ee_info = info },
		.addr = fl6->daddr,
		.port = fl6->dport,
	};
	struct ipv6hdr *hdr;
	struct sk_buff *skb;

	if (!inet6_sk(sk)->recverr)
		return;
	skb = alloc_skb(sk->net->skb_pool, IPV6_HEADER_BYTES);
	if (!skb)
		return;
	hdr = skb_put(skb, IPV6_HEADER_BYTES);
	memset(hdr, 0, sizeof(*hdr));
	hdr->daddr = fl6->daddr;
	skb->protocol = ETH_IPV6;
	skb_reset_network_header(skb);
	skb_pull(skb, skb->len);
	skb_reset_transport_header(skb);
	*INET6_ERR_CB(skb) = cb;
	sock_queue_err_skb(sk, skb);
}

struct ipv6_icmp_verdict ipv6_icmp_verdict(struct inet_sock *inet, const struct sk_buff *skb, u8 type, u8 code,
					   u32 info)
{
	const struct ipv6_pinfo *np = inet->pinet6;
	struct ipv6_icmp_verdict v = { 0, false };

	if (type == NDISC_REDIRECT)
		return v;
	v.hard = icmpv6_err_convert(type, code, &v.err);
	if (type == ICMPV6_PKT_TOOBIG) {
		if (np->pmtudisc == IPV6_PMTUDISC_INTERFACE || np->pmtudisc == IPV6_PMTUDISC_OMIT)
			return (struct ipv6_icmp_verdict){ 0, false };
		ipv6_sk_update_pmtu(inet, skb, info);
		v.hard = np->pmtudisc != IPV6_PMTUDISC_DONT;
	}
	return v;
}

/* ------------------------------------------------------------------ MSG_ERRQUEUE */

static bool err_is_ipv6(const struct sk_buff *skb)
{
	return skb->protocol == ETH_IPV6;
}

/* Where the packet was to go. */
static void put_name(const struct sk_buff *skb, struct msghdr *msg)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };

	if (err_is_ipv6(skb)) {
		sin6.sin6_port = (__force u16)INET6_ERR_CB(skb)->port;
		sin6.sin6_addr = INET6_ERR_CB(skb)->addr;
		sin6.sin6_scope_id = ipv6_iface_scope_id(&sin6.sin6_addr, INET6_ERR_CB(skb)->iif);
	} else {
		sin6.sin6_port = (__force u16)INET_ERR_CB(skb)->port;
		ipv6_addr_set_v4mapped(INET_ERR_CB(skb)->addr, &sin6.sin6_addr);
	}
	msg_put_name(msg, &sin6, sizeof(sin6));
}

/* Of a packet that left and is here again. */
static void put_source(const struct sk_buff *skb, struct in6_addr *out)
{
	if (err_is_ipv6(skb))
		*out = ipv6_hdr(skb)->saddr;
	else
		ipv6_addr_set_v4mapped(((const struct iphdr *)(const void *)skb_network_header(skb))->saddr, out);
}

struct errhdr6 {
	struct sock_extended_err ee;
	struct sockaddr_in6 offender;
};

static void errhdr_make(const struct sk_buff *skb, struct errhdr6 *out)
{
	memset(out, 0, sizeof(*out));
	out->ee = INET_ERR_CB(skb)->ee; /* it begins as INET6_ERR_CB does */
	if (out->ee.ee_origin == SO_EE_ORIGIN_ICMP6) {
		out->offender.sin6_family = AF_INET6;
		out->offender.sin6_addr = ipv6_hdr(skb)->saddr;
		out->offender.sin6_scope_id = ipv6_iface_scope_id(&out->offender.sin6_addr, INET6_ERR_CB(skb)->iif);
	} else if (out->ee.ee_origin == SO_EE_ORIGIN_ICMP) {
		out->offender.sin6_family = AF_INET6;
		ipv6_addr_set_v4mapped(INET_ERR_CB(skb)->offender, &out->offender.sin6_addr);
	} else if (out->ee.ee_origin == SO_EE_ORIGIN_TIMESTAMPING && skb->network_header != SKB_HEADER_UNSET) {
		out->offender.sin6_family = AF_INET6;
		put_source(skb, &out->offender.sin6_addr);
	}
}

/* The packet that the error is about, or that brought it.  @skb is no error any more: its cb is that of one that came */
static void put_packet_cmsgs(const struct sock *sk, struct sk_buff *skb, struct cmsg_out *out)
{
	int iif = err_is_ipv6(skb) && INET_ERR_CB(skb)->ee.ee_origin != SO_EE_ORIGIN_TIMESTAMPING
			  ? INET6_ERR_CB(skb)->iif
			  : INET_ERR_CB(skb)->iif;

	if (!err_is_ipv6(skb) || skb->network_header == SKB_HEADER_UNSET)
		return;
	memset(skb->cb, 0, sizeof(skb->cb));
	IP6CB(skb)->iif = iif;
	ipv6_cmsg_recv(sk, skb, out);
}

/* The next error that waits becomes the pending one, as poll(2) and SO_ERROR see it. */
static void next_pending_error(struct sock *sk)
{
	const struct sk_buff *next = sk_error_peek(sk);
	u8 origin = next ? INET_ERR_CB(next)->ee.ee_origin : SO_EE_ORIGIN_NONE;

	sk->err = origin == SO_EE_ORIGIN_ICMP || origin == SO_EE_ORIGIN_ICMP6 ? (int)INET_ERR_CB(next)->ee.ee_errno : 0;
}

ssize_t ipv6_recv_error(struct sock *sk, struct msghdr *msg, size_t len_bytes)
{
	struct sk_buff *skb = sk_error_dequeue(sk);
	struct errhdr6 errhdr;
	struct cmsg_out out;
	u32 copied;

	if (!skb)
		return -EAGAIN;
	next_pending_error(sk);
	copied = (u32)min_size(skb->len, len_bytes);
	if (copied < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	if (skb_copy_datagram_iov(skb, 0, msg->msg_iov, msg->msg_iovlen, copied)) {
		consume_skb(skb);
		return -EFAULT;
	}
	if (inet_err_is_of_packet(INET_ERR_CB(skb)->ee.ee_origin))
		put_name(skb, msg);
	else
		msg->msg_namelen = 0;
	cmsg_out_begin(&out, msg);
	sock_recv_err_cmsgs(sk, skb, &out);
	errhdr_make(skb, &errhdr);
	if (errhdr.ee.ee_origin != SO_EE_ORIGIN_LOCAL && errhdr.ee.ee_origin != SO_EE_ORIGIN_ZEROCOPY)
		put_packet_cmsgs(sk, skb, &out);
	put_cmsg(&out, SOL_IPV6, IPV6_RECVERR, &errhdr, sizeof(errhdr));
	cmsg_out_end(&out, msg);
	msg->msg_flags |= MSG_ERRQUEUE;
	consume_skb(skb);
	return (ssize_t)copied;
}
