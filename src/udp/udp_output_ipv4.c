// SPDX-License-Identifier: BSD-2-Clause
/* UDP over IPv4, outwards.
 *
 * @step S2, S3 of S13, to ipv4/ip_output.c
 * @rfc 768, 1122 4.1   @linux net/ipv4/udp.c: udp_sendmsg
 *
 * Reading order: udp_sendmsg(), send_slow(), udp_build(), udp_transmit().
 * A connected socket with a current route and nothing special to say takes the short way of udp_fast_ipv4.c.
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "dev/netdevice.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip.h"
#include "ipv4/netns_ipv4.h"
#include "ipv4/route.h"
#include "net.h"
#include "udp/udp.h"
#include "base/csum.h"
#include "wire/ip.h"
#include "wire/udp.h"

#define UDP_SEGMENT_CMSG 103
#define IP_HEADER_BYTES 20U
#define IP_MAX_MTU 0xffffU

/* udp_dest - where one datagram goes, and how */
struct udp_dest {
	struct flowi4 fl4;
	struct rtable *rt;       /* borrowed */
	struct rtable *rt_owned; /* reference to give back, or NULL */
	struct ipcm_cookie ipc;
	u16 gso_bytes;
	bool confirm;
	bool csum_offload; /* the device completes the checksum */
};

/* ------------------------------------------------------------------ one datagram */

/* Room for everything below the payload, and the payload. */
static int udp_alloc(struct sock *sk, const struct rtable *rt, u32 opt_bytes, u32 payload_bytes, struct sk_buff **out)
{
	u32 headroom = LL_RESERVED_SPACE(rt->dst.dev) + IP_HEADER_BYTES + opt_bytes + UDP_HEADER_BYTES;
	int err = sock_alloc_send_skb(sk, headroom + payload_bytes, out);

	if (likely(!err))
		skb_reserve(*out, headroom);
	return err;
}

/*
 * The UDP header.  The checksum is the device's if it can, which it can only for a whole packet; else what is needed
 * of it besides the payload's sum, which copying gave.
 */
static void udp_header(const struct sock *sk, struct sk_buff *skb, const struct udp_dest *d, u32 payload_sum)
{
	struct udphdr *uh = skb_push(skb, UDP_HEADER_BYTES);
	const struct flowi4 *fl4 = &d->fl4;
	u32 len_bytes = skb->len, sum;

	skb_reset_transport_header(skb);
	uh->source = inet_sk(sk)->sport;
	uh->dest = fl4->dport;
	uh->len = cpu_to_be16((u16)len_bytes);
	uh->check = cpu_to_be16(0);
	if (unlikely(sock_flag(sk, SOCK_F_NO_CHECK)))
		return;
	if (d->csum_offload) {
		sum = csum_tcpudp_nofold(fl4->saddr, fl4->daddr, len_bytes, IPPROTO_UDP, 0);
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb->transport_header;
		skb->csum_offset = (u16)offsetof(struct udphdr, check);
		uh->check = (__force __be16)(u16) ~(__force u16)csum_fold(sum);
		return;
	}
	sum = csum_add(payload_sum, (u32)(__force u16)uh->source + (__force u16)uh->dest + (__force u16)uh->len);
	uh->check = csum_tcpudp_magic(fl4->saddr, fl4->daddr, len_bytes, IPPROTO_UDP, sum);
	if (!uh->check)
		uh->check = cpu_to_be16(0xffff);
}

/* A queue that is full is the sender's business only if it asked for errors. */
static int udp_sent(struct sock *sk, int err)
{
	struct udp_mib *mib = &sk->net->udp->mib;

	if (likely(!err)) {
		mib->out_datagrams++;
		return 0;
	}
	if (err == -ENOBUFS && !inet_sk(sk)->recverr) {
		mib->sndbuf_errors++;
		return 0;
	}
	return err;
}

/* From S3 to S4. */
static int udp_transmit(struct sock *sk, struct sk_buff *skb, const struct udp_dest *d, u32 payload_sum)
{
	TRACE_STEP(3, skb);
	skb_set_sockcm(skb, sk, &d->ipc.sockc);
	skb->dst_pending_confirm = d->confirm;
	skb->ignore_df = ip_sk_ignore_df(inet_sk(sk));
	skb_dst_set_noref(skb, &d->rt->dst);
	udp_header(sk, skb, d, payload_sum);
	ip_push_header(sk->net, skb, d->rt, &d->fl4, &d->ipc);
	return udp_sent(sk, ip_send_skb(sk->net, sk, skb));
}

/* What depends on the size of the packet: DF, and whether the device sees all of it at once. */
static void dest_size(const struct inet_sock *inet, struct udp_dest *d, u32 packet_bytes)
{
	d->ipc.df = ip_sk_df(inet, d->rt, packet_bytes);
	d->csum_offload = (d->rt->dst.dev->features & NETIF_F_HW_CSUM) && packet_bytes <= ip_dst_mtu(d->rt);
}

/* Payload into @skb, and its sum if the header will need it: in one pass where the caller's data is in one piece. */
static u32 copy_payload(struct sk_buff *skb, const struct msghdr *msg, size_t offset_bytes, u32 len_bytes, bool sum)
{
	u8 *to = skb_put(skb, len_bytes);
	int err;

	if (likely(msg->msg_iovlen == 1 && sum))
		return csum_partial_copy((const u8 *)msg->msg_iov->iov_base + offset_bytes, to, len_bytes, 0);
	err = memcpy_from_iov(to, msg->msg_iov, msg->msg_iovlen, offset_bytes, len_bytes);
	assert(!err); /* sock_sendmsg() measured the iovecs */
	return sum ? csum_partial(to, len_bytes, 0) : 0;
}

static int udp_send_one(struct sock *sk, const struct msghdr *msg, size_t offset_bytes, u32 len_bytes,
			struct udp_dest *d)
{
	const struct inet_sock *inet = inet_sk(sk);
	u32 opt_bytes = d->ipc.opt ? d->ipc.opt->optlen : 0;
	u32 packet_bytes = IP_HEADER_BYTES + opt_bytes + UDP_HEADER_BYTES + len_bytes;
	struct sk_buff *skb;
	u32 sum;
	int err;

	if (packet_bytes > (ip_sk_ignore_df(inet) ? IP_MAX_MTU : ip_sk_mtu(inet, d->rt))) {
		ip_local_error(sk, EMSGSIZE, d->fl4.daddr, inet->dport, ip_sk_mtu(inet, d->rt) - opt_bytes);
		return -EMSGSIZE;
	}
	err = udp_alloc(sk, d->rt, opt_bytes, len_bytes, &skb);
	if (unlikely(err))
		return err;
	TRACE_STEP(1, skb);
	TRACE_STEP(2, skb);
	dest_size(inet, d, packet_bytes);
	sum = copy_payload(skb, msg, offset_bytes, len_bytes, !d->csum_offload);
	return udp_transmit(sk, skb, d, sum);
}

/* UDP_SEGMENT: many datagrams by one call. */
static int udp_send_segments(struct sock *sk, const struct msghdr *msg, size_t len_bytes, struct udp_dest *d)
{
	u32 max_bytes = ip_sk_mtu(inet_sk(sk), d->rt) - IP_HEADER_BYTES - UDP_HEADER_BYTES;
	int err = 0;

	if (d->gso_bytes > max_bytes)
		return -EMSGSIZE;
	if (len_bytes > (size_t)d->gso_bytes * UDP_MAX_SEGMENTS)
		return -EINVAL;
	if (sock_flag(sk, SOCK_F_NO_CHECK))
		return -EINVAL;
	for (size_t done = 0; done < len_bytes && !err; done += d->gso_bytes) {
		err = udp_send_one(sk, msg, done, (u32)min_size(d->gso_bytes, len_bytes - done), d);
		d->ipc.sockc.tsflags = 0; /* they are one packet, to who asks for the time */
	}
	return err;
}

/* ------------------------------------------------------------------ where to */

static int foreign_cmsg(const struct cmsghdr *cmsg, void *ctx)
{
	struct udp_dest *d = ctx;

	if (cmsg->cmsg_level != IPPROTO_UDP)
		return 0;
	if (cmsg->cmsg_type != UDP_SEGMENT_CMSG || cmsg->cmsg_len != CMSG_LEN(sizeof(u16)))
		return -EINVAL;
	memcpy(&d->gso_bytes, CMSG_DATA(cmsg), sizeof(u16));
	return 0;
}

/* The address that the caller names, or the peer.  Return: 0, 1: it is the peer, -errno */
static int dest_address(const struct sock *sk, const struct msghdr *msg, struct flowi4 *fl4)
{
	struct sockaddr_in sin;

	if (!msg->msg_name) {
		if (sk->state != INET_TCP_ESTABLISHED)
			return -EDESTADDRREQ;
		fl4->daddr = inet_sk(sk)->daddr;
		fl4->dport = inet_sk(sk)->dport;
		return 1;
	}
	if (msg->msg_namelen < sizeof(sin))
		return -EINVAL;
	memcpy(&sin, msg->msg_name, sizeof(sin));
	if (sin.sin_family != AF_INET && sin.sin_family != AF_UNSPEC)
		return -EAFNOSUPPORT;
	if (!sin.sin_port)
		return -EINVAL;
	fl4->daddr = (__force __be32)sin.sin_addr.s_addr;
	fl4->dport = (__force __be16)sin.sin_port;
	return 0;
}

static void dest_interface(const struct inet_sock *inet, struct udp_dest *d)
{
	if (ipv4_is_multicast(d->fl4.daddr)) {
		if (!d->ipc.oif)
			d->ipc.oif = inet->mc_index;
		if (!d->ipc.addr)
			d->ipc.addr = inet->mc_addr;
	} else if (!d->ipc.oif) {
		d->ipc.oif = inet->uc_index;
	} else if (ipv4_is_lbcast(d->fl4.daddr) && inet->uc_index) {
		d->ipc.oif = inet->uc_index;
	}
}

static int dest_route(struct sock *sk, struct udp_dest *d, int flags)
{
	struct flowi4 *fl4 = &d->fl4;
	int err;

	fl4->oif = d->ipc.oif;
	fl4->saddr = d->ipc.addr;
	fl4->tos = (u8)d->ipc.tos;
	fl4->scope = (flags & MSG_DONTROUTE) || sock_flag(sk, SOCK_F_DONTROUTE) ||
				     (d->ipc.opt && d->ipc.opt->is_strictroute)
			     ? RT_SCOPE_LINK
			     : RT_SCOPE_UNIVERSE;
	fl4->proto = IPPROTO_UDP;
	fl4->flags = inet_sk(sk)->transparent ? FLOWI_FLAG_ANYSRC : 0;
	fl4->mark = d->ipc.sockc.mark;
	fl4->sport = inet_sk(sk)->sport;
	fl4->uid = sk->portid_uid;
	err = ip_route_output_flow(sk->net, fl4, &d->rt_owned);
	if (err) {
		if (err == -ENETUNREACH)
			sk->net->ipv4->stats.out_no_routes++;
		return err;
	}
	d->rt = d->rt_owned;
	ip_neigh_prefetch_entry(d->rt, fl4->daddr);
	if ((d->rt->flags & RTCF_BROADCAST) && !sock_flag(sk, SOCK_F_BROADCAST))
		return -EACCES;
	return 0;
}

/* Is what the call says no different from what connect() found a route for? */
static bool route_still_fits(const struct inet_sock *inet, const struct udp_dest *d, int flags)
{
	return !(flags & MSG_DONTROUTE) && d->ipc.addr == inet->saddr && d->ipc.oif == inet->sk.bound_dev_if &&
	       d->ipc.tos == inet->tos && d->ipc.sockc.mark == inet->sk.mark && !d->ipc.opt &&
	       !sock_flag(&inet->sk, SOCK_F_DONTROUTE);
}

static int dest_find(struct sock *sk, const struct msghdr *msg, int flags, struct udp_dest *d)
{
	struct inet_sock *inet = inet_sk(sk);
	__be32 final;
	int err, peer;

	memset(&d->fl4, 0, sizeof(d->fl4));
	d->rt = d->rt_owned = NULL;
	d->confirm = flags & MSG_CONFIRM;
	d->gso_bytes = udp_sk(sk)->gso_bytes;
	peer = dest_address(sk, msg, &d->fl4);
	if (peer < 0)
		return peer;
	ip_ipcm_init(&d->ipc, inet_sk(sk));
	if (msg->msg_controllen) {
		err = ip_cmsg_send(sk, msg, &d->ipc, foreign_cmsg, d);
		if (err)
			return err;
	}
	if (peer && route_still_fits(inet, d, flags)) {
		d->fl4.saddr = inet->saddr;
		d->fl4.sport = inet->sport;
		d->rt = ip_sk_route(inet);
		err = d->rt ? 0 : ip_sk_relookup(inet, &d->rt);
		return err;
	}
	ip_neigh_prefetch(sk->net, d->fl4.daddr);
	final = d->fl4.daddr;
	dest_interface(inet, d);
	if (d->ipc.opt && d->ipc.opt->srr)
		d->fl4.daddr = d->ipc.opt->faddr;
	err = dest_route(sk, d, flags);
	if (d->ipc.opt && d->ipc.opt->srr)
		d->fl4.daddr = final;
	return err;
}

static void dest_ttl(const struct inet_sock *inet, struct udp_dest *d)
{
	if (d->ipc.ttl >= 0)
		return;
	d->ipc.ttl = ipv4_is_multicast(d->fl4.daddr) ? inet->mc_ttl : inet->uc_ttl;
}

/* ------------------------------------------------------------------ MSG_MORE and UDP_CORK */

void udp_flush_pending(struct sock *sk)
{
	struct udp_cork *cork = &udp_sk(sk)->cork;

	if (!cork->skb)
		return;
	inet_sk(sk)->out_genid++;
	consume_skb(cork->skb);
	dst_release(&cork->rt->dst);
	memset(cork, 0, sizeof(*cork));
}

int udp_push_pending(struct sock *sk)
{
	struct udp_cork *cork = &udp_sk(sk)->cork;
	struct sk_buff *skb = cork->skb;
	struct udp_dest d = { .rt = cork->rt, .confirm = cork->confirm };
	int err;

	if (!skb)
		return 0;
	d.fl4 = (struct flowi4){ .saddr = cork->saddr,
				 .daddr = cork->daddr,
				 .dport = cork->dport,
				 .sport = inet_sk(sk)->sport,
				 .proto = IPPROTO_UDP };
	ip_ipcm_init(&d.ipc, inet_sk(sk));
	d.ipc.opt = cork->opt;
	d.ipc.ttl = cork->ttl;
	d.ipc.tos = cork->tos;
	d.ipc.sockc = cork->sockc;
	dest_size(inet_sk(sk), &d, skb->len + UDP_HEADER_BYTES + IP_HEADER_BYTES + (d.ipc.opt ? d.ipc.opt->optlen : 0));
	memset(cork, 0, sizeof(*cork));
	inet_sk(sk)->out_genid++;
	err = udp_transmit(sk, skb, &d, d.csum_offload ? 0 : csum_partial(skb->data, skb->len, 0));
	dst_release(&d.rt->dst);
	return err;
}

/* Move what is pending to a buffer with room for @more_bytes. */
static int cork_grow(struct sock *sk, u32 more_bytes)
{
	struct udp_cork *cork = &udp_sk(sk)->cork;
	struct sk_buff *old = cork->skb, *skb;
	u32 opt_bytes = cork->opt ? cork->opt->optlen : 0;
	u32 room_bytes = min_u32(max_u32(old->len * 2, old->len + more_bytes), UDP_MAX_PAYLOAD_BYTES);
	int err = udp_alloc(sk, cork->rt, opt_bytes, room_bytes, &skb);

	if (err)
		return err;
	memcpy(skb_put(skb, old->len), old->data, old->len);
	consume_skb(old);
	cork->skb = skb;
	return 0;
}

static int cork_append(struct sock *sk, const struct msghdr *msg, u32 len_bytes)
{
	struct udp_cork *cork = &udp_sk(sk)->cork;
	u32 opt_bytes = cork->opt ? cork->opt->optlen : 0;
	const struct inet_sock *inet = inet_sk(sk);
	u32 packet_bytes = IP_HEADER_BYTES + opt_bytes + UDP_HEADER_BYTES + cork->skb->len + len_bytes;
	int err;

	if (packet_bytes > (ip_sk_ignore_df(inet) ? IP_MAX_MTU : ip_sk_mtu(inet, cork->rt))) {
		ip_local_error(sk, EMSGSIZE, cork->daddr, inet->dport, ip_sk_mtu(inet, cork->rt) - opt_bytes);
		return -EMSGSIZE;
	}
	if (skb_tailroom(cork->skb) < len_bytes) {
		err = cork_grow(sk, len_bytes);
		if (err)
			return err;
	}
	return memcpy_from_iov(skb_put(cork->skb, len_bytes), msg->msg_iov, msg->msg_iovlen, 0, len_bytes);
}

static int cork_begin(struct sock *sk, struct udp_dest *d, u32 len_bytes)
{
	struct udp_cork *cork = &udp_sk(sk)->cork;
	struct sk_buff *skb;
	int err = udp_alloc(sk, d->rt, d->ipc.opt ? d->ipc.opt->optlen : 0, len_bytes, &skb);

	if (err)
		return err;
	dst_get(&d->rt->dst);
	inet_sk(sk)->out_genid++;
	*cork = (struct udp_cork){
		.skb = skb,
		.rt = d->rt,
		.saddr = d->fl4.saddr,
		.daddr = d->fl4.daddr,
		.dport = d->fl4.dport,
		.ttl = d->ipc.ttl,
		.tos = d->ipc.tos,
		.sockc = d->ipc.sockc,
		.opt = inet_sk(sk)->opt,
		.confirm = d->confirm,
	};
	return 0;
}

static ssize_t send_corked(struct sock *sk, const struct msghdr *msg, u32 len_bytes, bool more)
{
	int err = cork_append(sk, msg, len_bytes);

	if (err)
		udp_flush_pending(sk);
	else if (!more)
		err = udp_push_pending(sk);
	return err ? err : (ssize_t)len_bytes;
}

/* ------------------------------------------------------------------ S2 */

static __noinline ssize_t send_slow(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags)
{
	bool more = udp_sk(sk)->corkflag || (flags & MSG_MORE);
	struct udp_dest d;
	ssize_t err;

	if (!inet_sk(sk)->num && udp_autobind(sk))
		return -EAGAIN;
	if (len_bytes > UDP_MAX_PAYLOAD_BYTES)
		return -EMSGSIZE;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (udp_sk(sk)->cork.skb)
		return send_corked(sk, msg, (u32)len_bytes, more);
	err = dest_find(sk, msg, flags, &d);
	if (!err) {
		dest_ttl(inet_sk(sk), &d);
		if (flags & MSG_PROBE)
			more = false; /* the caller only wanted to know whether there is a route */
		else if (more)
			err = cork_begin(sk, &d, (u32)len_bytes);
		else if (d.gso_bytes && len_bytes > d.gso_bytes)
			err = udp_send_segments(sk, msg, len_bytes, &d);
		else
			err = udp_send_one(sk, msg, 0, (u32)len_bytes, &d);
		if (!err && more)
			err = cork_append(sk, msg, (u32)len_bytes);
		if (err && more)
			udp_flush_pending(sk);
	}
	if (d.rt_owned)
		dst_release(&d.rt_owned->dst);
	if (err == -ENOBUFS || err == -EAGAIN)
		sk->net->udp->mib.sndbuf_errors++;
	if (unlikely(flags & MSG_ZEROCOPY) && !err)
		sock_zerocopy_sent(sk);
	return err ? err : (ssize_t)len_bytes;
}

/* Are the ready headers still what they would be if they were made now?  If not, they are made anew. */
static inline bool template_ready(struct udp_sock *up, const struct rtable *rt)
{
	const struct udp_template *t = &up->tmpl;

	if (likely(t->rt == rt && t->out_genid == up->inet.out_genid && t->dev_mtu_bytes == rt->dst.dev->mtu &&
		   t->default_ttl == up->inet.sk.net->ipv4->ip_default_ttl))
		return true;
	return udp_template_make(up, rt);
}

ssize_t udp_sendmsg(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags)
{
	struct udp_sock *up = udp_sk(sk);
	struct rtable *rt = (struct rtable *)(void *)up->inet.dst;
	int err;

	if (unlikely(!rt || msg->msg_name || msg->msg_controllen || msg->msg_iovlen != 1 ||
		     (flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL | MSG_BATCH))))
		return send_slow(sk, msg, len_bytes, flags);
	if (unlikely(!rt_is_current(rt, sk->net->ipv4->rt_genid, sk->net->now) || !template_ready(up, rt) ||
		     len_bytes > up->tmpl.payload_max_bytes))
		return send_slow(sk, msg, len_bytes, flags);
	err = udp_send_ready(up, rt, msg->msg_iov, (u32)len_bytes);
	if (likely(!err)) {
		sk->net->udp->mib.out_datagrams++;
		return (ssize_t)len_bytes;
	}
	if (err == -EAGAIN)
		sk->net->udp->mib.sndbuf_errors++;
	else
		err = udp_sent(sk, err);
	return err ? err : (ssize_t)len_bytes;
}
