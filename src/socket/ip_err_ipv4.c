// SPDX-License-Identifier: BSD-2-Clause
/* IP_RECVERR: what became of packets that were sent.
 *
 * @rfc 1122 4.1.3.3   @linux ip(7), net/ipv4/ip_sockglue.c: ip_icmp_error, ip_local_error, ip_recv_error
 */
#include <errno.h>

#include <string.h>
#include <sys/epoll.h>

#include <linux/net_tstamp.h>

#include "base/byteorder.h"
#include "ipv4/icmp.h"
#include "ipv4/ip.h"
#include "socket/inet_sock.h"
#include "wire/icmp.h"
#include "wire/ip.h"

void ip_icmp_error(struct sock *sk, struct sk_buff *skb, int err, __be16 port, u32 info, u8 *payload)
{
	const struct icmphdr *icmp = (const struct icmphdr *)(const void *)skb_transport_header(skb);
	const struct iphdr *quoted = (const struct iphdr *)(const void *)skb->data;
	struct inet_err_cb cb = {
		.ee = { .ee_errno = (u32)err,
			.ee_origin = SO_EE_ORIGIN_ICMP,
			.ee_type = icmp->type,
			.ee_code = icmp->code,
			.ee_info = info },
		.addr = quoted->daddr,
		.offender = ((const struct iphdr *)(const void *)skb_network_header(skb))->saddr,
		.iif = skb->skb_iif,
		.port = port,
	};
	struct sk_buff *clone = skb_clone(skb);

	if (!clone)
		return;
	*INET_ERR_CB(clone) = cb;
	skb_pull(clone, (u32)(payload - skb->data));
	sock_queue_err_skb(sk, clone);
}

/* An error skb holds an IP header with the destination, as those that ICMP brought do. */
void ip_local_error(struct sock *sk, int err, __be32 daddr, __be16 port, u32 info)
{
	struct inet_err_cb cb = {
		.ee = { .ee_errno = (u32)err, .ee_origin = SO_EE_ORIGIN_LOCAL, .ee_info = info },
		.addr = daddr,
		.port = port,
	};
	struct sk_buff *skb;

	if (!inet_sk(sk)->recverr)
		return;
	skb = alloc_skb(sk->net->skb_pool, (u32)sizeof(struct iphdr));
	if (!skb)
		return;
	memset(skb_put(skb, (u32)sizeof(struct iphdr)), 0, sizeof(struct iphdr));
	skb_reset_network_header(skb);
	((struct iphdr *)(void *)skb->data)->daddr = daddr;
	skb_pull(skb, skb->len);
	skb_reset_transport_header(skb);
	*INET_ERR_CB(skb) = cb;
	sock_queue_err_skb(sk, skb);
}

struct ip_icmp_verdict ip_icmp_verdict(struct inet_sock *inet, const struct sk_buff *skb, u32 info)
{
	const struct icmphdr *icmp = (const struct icmphdr *)(const void *)skb_transport_header(skb);
	struct ip_icmp_verdict v = { EHOSTUNREACH, false };

	switch (icmp->type) {
	case ICMP_TIME_EXCEEDED:
		return v;
	case ICMP_PARAMETERPROB:
		return (struct ip_icmp_verdict){ EPROTO, true };
	case ICMP_DEST_UNREACH:
		if (icmp->code == ICMP_FRAG_NEEDED) {
			ip_sk_update_pmtu(inet, skb, info);
			if (inet->pmtudisc == IP_PMTUDISC_DONT)
				return (struct ip_icmp_verdict){ 0, false };
			return (struct ip_icmp_verdict){ EMSGSIZE, true };
		}
		if (icmp->code <= NR_ICMP_UNREACH)
			v = (struct ip_icmp_verdict){ icmp_err_convert[icmp->code].errno_value,
						      icmp_err_convert[icmp->code].fatal };
		return v;
	default: /* source quench, redirect: nothing that a socket hears of */
		return (struct ip_icmp_verdict){ 0, false };
	}
}

/* Errors that came have an address that they came from; so has a packet of which the time is told, if it is there. */
static bool has_cmsgs(const struct sock *sk, const struct sk_buff *skb)
{
	u8 origin = INET_ERR_CB(skb)->ee.ee_origin;

	return origin == SO_EE_ORIGIN_ICMP ||
	       (origin == SO_EE_ORIGIN_TIMESTAMPING && (sk->tsflags & SOF_TIMESTAMPING_OPT_CMSG) &&
		skb->network_header != SKB_HEADER_UNSET);
}

static void put_errhdr(const struct inet_err_cb *cb, bool offended, struct cmsg_out *out)
{
	struct {
		struct sock_extended_err ee;
		struct sockaddr_in offender;
	} errhdr;

	memset(&errhdr, 0, sizeof(errhdr));
	errhdr.ee = cb->ee;
	if (offended) {
		errhdr.offender.sin_family = AF_INET;
		errhdr.offender.sin_addr.s_addr = (__force u32)cb->offender;
	}
	put_cmsg(out, IPPROTO_IP, IP_RECVERR, &errhdr, sizeof(errhdr));
}

/* @skb is no error any more: its cb is that of a packet that came. */
static void put_packet_cmsgs(const struct sock *sk, struct sk_buff *skb, struct inet_err_cb *cb, struct cmsg_out *out)
{
	__be32 left_from = cpu_to_be32(0);

	if (cb->ee.ee_origin == SO_EE_ORIGIN_TIMESTAMPING)
		cb->offender = left_from = ((const struct iphdr *)(const void *)skb_network_header(skb))->saddr;
	*INET_SKB_CB(skb) = (struct inet_skb_cb){ .iif = cb->iif, .spec_dst = left_from };
	if (inet_sk(sk)->cmsg_flags)
		ip_cmsg_recv(sk, skb, out);
}

/* The next error that waits becomes the pending one, as poll(2) and SO_ERROR see it. */
static void next_pending_error(struct sock *sk)
{
	const struct sk_buff *next = sk_error_peek(sk);

	sk->err = next && INET_ERR_CB(next)->ee.ee_origin == SO_EE_ORIGIN_ICMP ? (int)INET_ERR_CB(next)->ee.ee_errno
									       : 0;
}

ssize_t ip_recv_error(struct sock *sk, struct msghdr *msg, size_t len_bytes)
{
	struct sk_buff *skb = sk_error_dequeue(sk);
	struct inet_err_cb cb;
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct cmsg_out out;
	bool cmsgs;
	u32 copied;

	if (!skb)
		return -EAGAIN;
	next_pending_error(sk);
	cb = *INET_ERR_CB(skb);
	copied = (u32)min_size(skb->len, len_bytes);
	if (copied < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	if (skb_copy_datagram_iov(skb, 0, msg->msg_iov, msg->msg_iovlen, copied)) {
		consume_skb(skb);
		return -EFAULT;
	}
	sin.sin_addr.s_addr = (__force u32)cb.addr;
	sin.sin_port = (__force u16)cb.port;
	if (inet_err_is_of_packet(cb.ee.ee_origin))
		msg_put_name(msg, &sin, sizeof(sin));
	else
		msg->msg_namelen = 0;
	cmsg_out_begin(&out, msg);
	sock_recv_err_cmsgs(sk, skb, &out);
	cmsgs = has_cmsgs(sk, skb);
	if (cmsgs)
		put_packet_cmsgs(sk, skb, &cb, &out);
	put_errhdr(&cb, cmsgs, &out);
	cmsg_out_end(&out, msg);
	msg->msg_flags |= MSG_ERRQUEUE;
	consume_skb(skb);
	return (ssize_t)copied;
}
