// SPDX-License-Identifier: BSD-2-Clause
/* Raw sockets over IPv4, outwards.
 *
 * @step S2 of S13, to ipv4/ip_output.c   @rfc 791   @linux raw(7), net/ipv4/raw.c: raw_sendmsg
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "dev/netdevice.h"
#include "ipv4/icmp.h"
#include "ipv4/inetdevice.h"
#include "ipv4/netns_ipv4.h"
#include "net.h"
#include "raw/raw.h"
#include "raw/raw_dest_ipv4.h"
#include "wire/ip.h"

static int dest_address(const struct sock *sk, const struct msghdr *msg, bool allow_unspec, __be32 *daddr)
{
	struct sockaddr_in sin;

	if (!msg->msg_name) {
		if (sk->state != INET_TCP_ESTABLISHED)
			return -EDESTADDRREQ;
		*daddr = inet_sk(sk)->daddr;
		return 0;
	}
	if (msg->msg_namelen < sizeof(sin))
		return -EINVAL;
	memcpy(&sin, msg->msg_name, sizeof(sin));
	if (sin.sin_family != AF_INET && !(allow_unspec && sin.sin_family == AF_UNSPEC))
		return -EAFNOSUPPORT;
	*daddr = (__force __be32)sin.sin_addr.s_addr;
	return 0;
}

static int dest_route(struct sock *sk, int flags, struct raw_dest *d)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct flowi4 *fl4 = &d->fl4;
	int err;

	if (ipv4_is_multicast(fl4->daddr)) {
		if (!d->ipc.oif)
			d->ipc.oif = inet->mc_index;
		if (!d->ipc.addr)
			d->ipc.addr = inet->mc_addr;
	} else if (!d->ipc.oif) {
		d->ipc.oif = inet->uc_index;
	}
	fl4->oif = d->ipc.oif;
	fl4->saddr = d->ipc.addr;
	fl4->tos = (u8)d->ipc.tos;
	fl4->scope = (flags & MSG_DONTROUTE) || sock_flag(sk, SOCK_F_DONTROUTE) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	fl4->proto = d->ipc.protocol;
	fl4->flags = inet->transparent || inet->hdrincl ? FLOWI_FLAG_ANYSRC : 0;
	fl4->mark = d->ipc.sockc.mark;
	fl4->uid = sk->portid_uid;
	err = ip_route_output_flow(sk->net, fl4, &d->rt);
	if (err) {
		if (err == -ENETUNREACH)
			sk->net->ipv4->stats.out_no_routes++;
		return err;
	}
	if ((d->rt->flags & RTCF_BROADCAST) && !sock_flag(sk, SOCK_F_BROADCAST)) {
		dst_release(&d->rt->dst);
		return -EACCES;
	}
	return 0;
}

int raw_dest_find(struct sock *sk, const struct msghdr *msg, int flags, bool allow_unspec, struct raw_dest *d)
{
	const struct inet_sock *inet = inet_sk(sk);
	__be32 final;
	int err;

	memset(d, 0, sizeof(*d));
	err = dest_address(sk, msg, allow_unspec, &d->fl4.daddr);
	if (err)
		return err;
	ip_ipcm_init(&d->ipc, inet_sk(sk));
	d->confirm = flags & MSG_CONFIRM;
	if (msg->msg_controllen) {
		err = ip_cmsg_send(sk, msg, &d->ipc, NULL, NULL);
		if (err)
			return err;
	}
	if (inet->hdrincl)
		d->ipc.opt = NULL; /* the caller's header has its own */
	final = d->fl4.daddr;
	if (d->ipc.opt && d->ipc.opt->srr)
		d->fl4.daddr = d->ipc.opt->faddr;
	err = dest_route(sk, flags, d);
	d->fl4.daddr = final;
	if (!err && d->ipc.ttl < 0)
		d->ipc.ttl = ipv4_is_multicast(final) ? inet->mc_ttl : inet->uc_ttl;
	return err;
}

int raw_alloc(struct sock *sk, const struct msghdr *msg, u32 header_bytes, u32 len_bytes, const struct raw_dest *d,
	      struct sk_buff **out)
{
	u32 headroom = LL_RESERVED_SPACE(d->rt->dst.dev) + header_bytes;
	struct sk_buff *skb;
	int err = sock_alloc_send_skb(sk, headroom + len_bytes, &skb);

	if (err)
		return err;
	TRACE_STEP(1, skb);
	TRACE_STEP(2, skb);
	skb_reserve(skb, headroom);
	err = memcpy_from_iov(skb_put(skb, len_bytes), msg->msg_iov, msg->msg_iovlen, 0, len_bytes);
	assert(!err); /* sock_sendmsg() measured the iovecs */
	skb_set_sockcm(skb, sk, &d->ipc.sockc);
	skb->dst_pending_confirm = d->confirm;
	skb->ignore_df = ip_sk_ignore_df(inet_sk(sk));
	skb_dst_set_noref(skb, &d->rt->dst);
	skb_dst_force(skb); /* the caller's reference ends with the call */
	*out = skb;
	return 0;
}

static int sent(const struct sock *sk, int err)
{
	return err == -ENOBUFS && !inet_sk(sk)->recverr ? 0 : err;
}

int raw_push(struct sock *sk, struct sk_buff *skb, struct raw_dest *d)
{
	u32 opt_bytes = d->ipc.opt ? d->ipc.opt->optlen : 0;

	skb_reset_transport_header(skb);
	if (d->ipc.protocol == IPPROTO_ICMP && skb->len)
		icmp_out_count(sk->net, *skb->data);
	d->ipc.df = ip_sk_df(inet_sk(sk), d->rt, skb->len + IP_HEADER_BYTES + opt_bytes);
	ip_push_header(sk->net, skb, d->rt, &d->fl4, &d->ipc);
	return sent(sk, ip_send_skb(sk->net, sk, skb));
}

/* The header is the caller's; what he left at zero, and what nobody may lie about, is filled in.  @linux raw(7) */
static int send_hdrincl(struct sock *sk, const struct msghdr *msg, u32 len_bytes, struct raw_dest *d)
{
	struct sk_buff *skb;
	struct iphdr *iph;
	u32 header_bytes;
	int err;

	if (len_bytes > d->rt->dst.dev->mtu) {
		ip_local_error(sk, EMSGSIZE, d->fl4.daddr, inet_sk(sk)->dport, d->rt->dst.dev->mtu);
		return -EMSGSIZE;
	}
	if (len_bytes < IP_HEADER_BYTES)
		return -EINVAL;
	err = raw_alloc(sk, msg, 0, len_bytes, d, &skb);
	if (err)
		return err;
	skb_reset_network_header(skb);
	iph = (struct iphdr *)(void *)skb->data;
	header_bytes = iph->ihl * 4U;
	if (header_bytes < IP_HEADER_BYTES || header_bytes > len_bytes) {
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_INHDR);
		return -EINVAL;
	}
	skb_set_transport_header(skb, header_bytes);
	skb->protocol = CONST_BE16(0x0800);
	IPCB(skb)->flags |= d->ipc.skb_flags;
	if (!iph->saddr)
		iph->saddr = d->fl4.saddr;
	if (!iph->id)
		ip_select_ident(sk->net, iph, skb, 1);
	if (iph->protocol == IPPROTO_ICMP && header_bytes < len_bytes)
		icmp_out_count(sk->net, *skb_transport_header(skb));
	/* total length and checksum: ip_local_out() */
	return sent(sk, ip_send_skb(sk->net, sk, skb));
}

static int send_payload(struct sock *sk, const struct msghdr *msg, u32 len_bytes, struct raw_dest *d)
{
	const struct inet_sock *inet = inet_sk(sk);
	u32 header_bytes = IP_HEADER_BYTES + (d->ipc.opt ? d->ipc.opt->optlen : 0);
	struct sk_buff *skb;
	int err;

	if (header_bytes + len_bytes > (ip_sk_ignore_df(inet) ? IP_MAX_PACKET_BYTES : ip_sk_mtu(inet, d->rt))) {
		ip_local_error(sk, EMSGSIZE, d->fl4.daddr, inet->dport, ip_sk_mtu(inet, d->rt));
		return -EMSGSIZE;
	}
	err = raw_alloc(sk, msg, header_bytes, len_bytes, d, &skb);
	return err ? err : raw_push(sk, skb, d);
}

ssize_t raw_sendmsg(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags)
{
	struct raw_dest d;
	int err;

	if (len_bytes > IP_MAX_PACKET_BYTES)
		return -EMSGSIZE;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (inet_sk(sk)->num == IPPROTO_ICMP && !inet_sk(sk)->hdrincl && len_bytes < 2)
		return -EFAULT; /* Linux looks for type and code */
	err = raw_dest_find(sk, msg, flags, true, &d);
	if (err)
		return err;
	if (flags & MSG_PROBE)
		err = 0;
	else if (inet_sk(sk)->hdrincl)
		err = send_hdrincl(sk, msg, (u32)len_bytes, &d);
	else
		err = send_payload(sk, msg, (u32)len_bytes, &d);
	dst_release(&d.rt->dst);
	return err ? err : (ssize_t)len_bytes;
}
