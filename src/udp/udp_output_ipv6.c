// SPDX-License-Identifier: BSD-2-Clause
/* UDP over IPv6, outwards.
 *
 * @step S2, S3 of S13, to ipv6/ip6_output.c
 * @rfc 768, 8200 8.1, 6935, 3542 6 11   @linux net/ipv6/udp.c: udpv6_sendmsg
 *
 * Reading order: udpv6_sendmsg(), send_slow(), dest_find(), udp6_send_one(), udp6_transmit().
 * A connected socket with a current route and nothing special to say takes the short way of udp_fast_ipv6.c.
 */
#include <errno.h>
#include <string.h>

#include "base/csum.h"
#include "dev/netdevice.h"
#include "ipv6/ipv6.h"
#include "udp/udp6.h"
#include "wire/udp.h"

#define UDP_SEGMENT_CMSG 103

/* udp6_dest - where one datagram goes, and how */
struct udp6_dest {
	struct flowi6 fl6;
	struct rt6_info *rt;       /* borrowed */
	struct rt6_info *rt_owned; /* reference to give back, or NULL */
	struct ipcm6_cookie ipc;
	struct ipv6_txoptions *opt_owned; /* of this call's messages */
	u16 gso_bytes;
	bool confirm;
	bool csum_offload; /* the device completes the checksum */
};

/* ------------------------------------------------------------------ one datagram */

static u32 header_bytes(const struct udp6_dest *d)
{
	return IPV6_HEADER_BYTES + ipv6_txoptions_bytes(d->ipc.opt) + UDP_HEADER_BYTES;
}

/* Room for everything below the payload, and the payload. */
static int udp6_alloc(struct sock *sk, const struct rt6_info *rt, u32 hdr_bytes, u32 payload_bytes,
		      struct sk_buff **out)
{
	u32 headroom = LL_RESERVED_SPACE(rt->dst.dev) + LL_MAX_HEADER + hdr_bytes;
	int err = sock_alloc_send_skb(sk, headroom + payload_bytes, out);

	if (likely(!err))
		skb_reserve(*out, headroom);
	return err;
}

/* The UDP header.  Unlike IPv4's, a datagram without a sum is an exception that a socket asks for (RFC 6935). */
static void udp6_header(const struct sock *sk, struct sk_buff *skb, const struct udp6_dest *d, u32 payload_sum)
{
	struct udphdr *uh = skb_push(skb, UDP_HEADER_BYTES);
	const struct flowi6 *fl6 = &d->fl6;
	u32 len_bytes = skb->len, sum;

	skb_reset_transport_header(skb);
	uh->source = inet_sk(sk)->sport;
	uh->dest = fl6->dport;
	uh->len = cpu_to_be16((u16)len_bytes);
	uh->check = cpu_to_be16(0);
	if (unlikely(udp_sk(sk)->no_check6_tx))
		return;
	sum = csum_ipv6_magic_sum(&fl6->saddr, &fl6->daddr, len_bytes, IPPROTO_UDP);
	if (d->csum_offload) {
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb->transport_header;
		skb->csum_offset = (u16)offsetof(struct udphdr, check);
		uh->check = (__force __be16)(u16) ~(__force u16)csum_fold(sum);
		return;
	}
	sum = csum_add(sum, (u32)(__force u16)uh->source + (__force u16)uh->dest + (__force u16)uh->len);
	uh->check = csum_fold(csum_add(sum, payload_sum));
	if (!uh->check)
		uh->check = cpu_to_be16(0xffff);
}

/* A queue that is full is the sender's business only if it asked for errors. */
static int udp6_sent(struct sock *sk, int err)
{
	struct udp_mib *mib = &sk->net->udp->mib6;

	if (likely(!err)) {
		mib->out_datagrams++;
		return 0;
	}
	if (err == -ENOBUFS && !inet6_sk(sk)->recverr) {
		mib->sndbuf_errors++;
		return 0;
	}
	return err;
}

/* From S3 to S4. */
static int udp6_transmit(struct sock *sk, struct sk_buff *skb, const struct udp6_dest *d, u32 payload_sum)
{
	const struct inet_sock *inet = inet_sk(sk);
	u32 frag_bytes = inet->pinet6->frag_size;
	int err;

	TRACE_STEP(3, skb);
	skb_set_sockcm(skb, sk, &d->ipc.sockc);
	skb->dst_pending_confirm = d->confirm;
	skb->ignore_df = ipv6_sk_ignore_df(inet);
	skb_dst_set_noref(skb, &d->rt->dst);
	udp6_header(sk, skb, d, payload_sum);
	IP6CB(skb)->flags |= d->ipc.skb_flags;
	if (unlikely(frag_bytes && frag_bytes < ip6_dst_mtu(d->rt) &&
		     skb->len + IPV6_HEADER_BYTES + ipv6_txoptions_bytes(d->ipc.opt) > ip6_dst_mtu(d->rt)))
		IP6CB(skb)->frag_max_size = (u16)min_u32(frag_bytes, 0xffff);
	err = ip6_push_header(sk->net, skb, &d->fl6, IPPROTO_UDP, d->ipc.tclass,
			      ipv6_hoplimit(inet, &d->fl6.daddr, d->ipc.hlimit), d->ipc.opt);
	if (unlikely(err)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return -ENOBUFS;
	}
	return udp6_sent(sk, ip6_send_skb(sk->net, sk, skb));
}

static int size_check(struct sock *sk, const struct udp6_dest *d, u32 packet_bytes)
{
	return ipv6_size_check(sk, d->rt, &d->fl6, &d->ipc, header_bytes(d), packet_bytes);
}

static void dest_size(struct udp6_dest *d, u32 packet_bytes)
{
	d->csum_offload = (d->rt->dst.dev->features & NETIF_F_HW_CSUM) && packet_bytes <= ip6_dst_mtu(d->rt) &&
			  !ipv6_txoptions_bytes(d->ipc.opt);
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

static int udp6_send_one(struct sock *sk, const struct msghdr *msg, size_t offset_bytes, u32 len_bytes,
			 struct udp6_dest *d)
{
	u32 hdr_bytes = header_bytes(d), sum;
	struct sk_buff *skb;
	int err = size_check(sk, d, hdr_bytes + len_bytes);

	if (err)
		return err;
	err = udp6_alloc(sk, d->rt, hdr_bytes, len_bytes, &skb);
	if (unlikely(err))
		return err;
	TRACE_STEP(1, skb);
	TRACE_STEP(2, skb);
	dest_size(d, hdr_bytes + len_bytes);
	sum = copy_payload(skb, msg, offset_bytes, len_bytes, !d->csum_offload);
	return udp6_transmit(sk, skb, d, sum);
}

/* UDP_SEGMENT: many datagrams by one call. */
static int udp6_send_segments(struct sock *sk, const struct msghdr *msg, size_t len_bytes, struct udp6_dest *d)
{
	u32 mtu = ipv6_sk_mtu(inet_sk(sk), d->rt), hdr_bytes = header_bytes(d);
	int err = 0;

	if (hdr_bytes > mtu || d->gso_bytes > mtu - hdr_bytes)
		return -EMSGSIZE;
	if (len_bytes > (size_t)d->gso_bytes * UDP_MAX_SEGMENTS || udp_sk(sk)->no_check6_tx)
		return -EINVAL;
	for (size_t done = 0; done < len_bytes && !err; done += d->gso_bytes) {
		err = udp6_send_one(sk, msg, done, (u32)min_size(d->gso_bytes, len_bytes - done), d);
		d->ipc.sockc.tsflags = 0; /* they are one packet, to who asks for the time */
	}
	return err;
}

/* ------------------------------------------------------------------ where to */

static int foreign_cmsg(const struct cmsghdr *cmsg, void *ctx)
{
	struct udp6_dest *d = ctx;

	if (cmsg->cmsg_level != IPPROTO_UDP)
		return 0;
	if (cmsg->cmsg_type != UDP_SEGMENT_CMSG || cmsg->cmsg_len != CMSG_LEN(sizeof(u16)))
		return -EINVAL;
	memcpy(&d->gso_bytes, CMSG_DATA(cmsg), sizeof(u16));
	return 0;
}

/* The address that the caller names.  Return: 0, -EINVAL */
static int dest_named(const struct sock *sk, const struct sockaddr_in6 *sin6, struct flowi6 *fl6)
{
	u32 type = ipv6_addr_type(&sin6->sin6_addr);

	if (!sin6->sin6_port)
		return -EINVAL;
	fl6->daddr = sin6->sin6_addr;
	fl6->dport = (__force __be16)sin6->sin6_port;
	fl6->flowlabel = inet6_sk(sk)->sndflow ? (__force __be32)sin6->sin6_flowinfo & CONST_BE32(IPV6_FLOWINFO_MASK)
					       : (__force __be32)0U;
	if (sin6->sin6_scope_id && (type & IPV6_ADDR_LINKLOCAL))
		fl6->oif = (int)sin6->sin6_scope_id;
	if (type == IPV6_ADDR_ANY)
		fl6->daddr = in6addr_loopback; /* BSD's: to ourselves */
	return 0;
}

static int dest_route(struct sock *sk, struct udp6_dest *d)
{
	const struct inet_sock *inet = inet_sk(sk);
	const struct ipv6_pinfo *np = inet->pinet6;
	struct flowi6 *fl6 = &d->fl6;
	const struct in6_addr final = fl6->daddr;
	int err;

	if (!fl6->oif)
		fl6->oif = ipv6_addr_is_multicast(&fl6->daddr) ? np->mcast_oif : np->ucast_oif;
	if (ipv6_addr_v4mapped(&fl6->saddr)) /* bound to an address of IPv4, and the peer has none */
		return -EAFNOSUPPORT;
	if (d->ipc.opt && d->ipc.opt->srcrt && d->ipc.opt->srcrt->hdrlen >= 2)
		memcpy(&fl6->daddr, (const u8 *)d->ipc.opt->srcrt + 8, sizeof(fl6->daddr));
	err = ip6_route_output_flow(sk->net, fl6, &d->rt_owned);
	fl6->daddr = final;
	if (err == -ENETUNREACH)
		sk->net->ipv6->stats.out_no_routes++;
	d->rt = d->rt_owned;
	return err;
}

/* What the socket says where the call does not. */
static void dest_defaults(const struct inet_sock *inet, struct udp6_dest *d, const struct flowi6 *named)
{
	const struct ipv6_pinfo *np = inet->pinet6;
	int scope = named->oif;

	ipv6_connected_flow(inet, &d->fl6);
	d->fl6.daddr = named->daddr;
	d->fl6.dport = named->dport;
	d->fl6.flowlabel = named->flowlabel;
	d->fl6.oif = scope ? scope : inet->sk.bound_dev_if ? inet->sk.bound_dev_if : np->sticky_ifindex;
}

/* Is what the call says no different from what connect() found a route for? */
static bool route_still_fits(const struct inet_sock *inet, const struct msghdr *msg)
{
	return !msg->msg_controllen && !inet->pinet6->opt;
}

static int dest_find(struct sock *sk, const struct msghdr *msg, const struct sockaddr_in6 *sin6, int flags,
		     struct udp6_dest *d)
{
	struct inet_sock *inet = inet_sk(sk);
	struct flowi6 named = { 0 };
	int err;

	memset(d, 0, sizeof(*d));
	d->confirm = flags & MSG_CONFIRM;
	d->gso_bytes = udp_sk(sk)->gso_bytes;
	ipv6_ipcm_init(&d->ipc, inet);
	if (!sin6) {
		ipv6_connected_flow(inet, &d->fl6);
		if (route_still_fits(inet, msg)) {
			d->rt = ipv6_sk_route(inet);
			return d->rt ? 0 : ipv6_sk_relookup(inet, &d->rt);
		}
	} else {
		err = dest_named(sk, sin6, &named);
		if (err)
			return err;
		dest_defaults(inet, d, &named);
	}
	if (msg->msg_controllen) {
		err = ipv6_cmsg_send(sk, msg, &d->fl6, &d->ipc, &d->opt_owned, foreign_cmsg, d);
		if (err)
			return err;
		if (d->ipc.tclass < 0)
			d->ipc.tclass = inet->pinet6->tclass;
	}
	if (sin6 || msg->msg_controllen) {
		err = ipv6_fl_apply(sk, named.flowlabel, d->fl6.flowlabel, &d->ipc, &d->opt_owned);
		if (err)
			return err;
	}
	return dest_route(sk, d);
}

/* ------------------------------------------------------------------ MSG_MORE and UDP_CORK */

void udpv6_flush_pending(struct sock *sk)
{
	struct udp6_cork *cork = &udp6_sk(sk)->cork;

	if (!cork->skb)
		return;
	inet_sk(sk)->out_genid++;
	consume_skb(cork->skb);
	dst_release(&cork->rt->dst);
	memset(cork, 0, sizeof(*cork));
}

/* The headers of a corked datagram are those that the socket has when it is sent. */
static void cork_dest(const struct sock *sk, const struct udp6_cork *cork, struct udp6_dest *d)
{
	const struct inet_sock *inet = inet_sk(sk);

	memset(d, 0, sizeof(*d));
	d->rt = cork->rt;
	d->confirm = cork->confirm;
	ipv6_connected_flow(inet, &d->fl6);
	d->fl6.saddr = cork->saddr;
	d->fl6.daddr = cork->daddr;
	d->fl6.dport = cork->dport;
	d->fl6.flowlabel = cork->flowlabel;
	ipv6_ipcm_init(&d->ipc, inet);
	d->ipc.hlimit = cork->hlimit;
	d->ipc.tclass = cork->tclass;
	d->ipc.dontfrag = cork->dontfrag;
	d->ipc.sockc = cork->sockc;
}

int udpv6_push_pending(struct sock *sk)
{
	struct udp6_cork *cork = &udp6_sk(sk)->cork;
	struct sk_buff *skb = cork->skb;
	struct udp6_dest d;
	int err;

	if (!skb)
		return 0;
	cork_dest(sk, cork, &d);
	dest_size(&d, skb->len + header_bytes(&d));
	memset(cork, 0, sizeof(*cork));
	inet_sk(sk)->out_genid++;
	err = udp6_transmit(sk, skb, &d, d.csum_offload ? 0 : csum_partial(skb->data, skb->len, 0));
	dst_release(&d.rt->dst);
	return err;
}

/* Move what is pending to a buffer with room for @more_bytes. */
static int cork_grow(struct sock *sk, const struct udp6_dest *d, u32 more_bytes)
{
	struct udp6_cork *cork = &udp6_sk(sk)->cork;
	struct sk_buff *old = cork->skb, *skb;
	u32 room_bytes = min_u32(max_u32(old->len * 2, old->len + more_bytes), UDP_MAX_PAYLOAD_BYTES);
	int err = udp6_alloc(sk, cork->rt, header_bytes(d), room_bytes, &skb);

	if (err)
		return err;
	memcpy(skb_put(skb, old->len), old->data, old->len);
	consume_skb(old);
	cork->skb = skb;
	return 0;
}

static int cork_append(struct sock *sk, const struct msghdr *msg, u32 len_bytes)
{
	struct udp6_cork *cork = &udp6_sk(sk)->cork;
	struct udp6_dest d;
	int err;

	cork_dest(sk, cork, &d);
	err = size_check(sk, &d, header_bytes(&d) + cork->skb->len + len_bytes);
	if (err)
		return err;
	if (skb_tailroom(cork->skb) < len_bytes) {
		err = cork_grow(sk, &d, len_bytes);
		if (err)
			return err;
	}
	return memcpy_from_iov(skb_put(cork->skb, len_bytes), msg->msg_iov, msg->msg_iovlen, 0, len_bytes);
}

static int cork_begin(struct sock *sk, struct udp6_dest *d, u32 len_bytes)
{
	struct udp6_cork *cork = &udp6_sk(sk)->cork;
	struct sk_buff *skb;
	int err = udp6_alloc(sk, d->rt, header_bytes(d), len_bytes, &skb);

	if (err)
		return err;
	dst_get(&d->rt->dst);
	inet_sk(sk)->out_genid++;
	*cork = (struct udp6_cork){
		.skb = skb,
		.rt = d->rt,
		.saddr = d->fl6.saddr,
		.daddr = d->fl6.daddr,
		.flowlabel = d->fl6.flowlabel,
		.dport = d->fl6.dport,
		.hlimit = d->ipc.hlimit,
		.tclass = d->ipc.tclass,
		.dontfrag = d->ipc.dontfrag,
		.sockc = d->ipc.sockc,
		.confirm = d->confirm,
	};
	return 0;
}

static ssize_t send_corked(struct sock *sk, const struct msghdr *msg, u32 len_bytes, bool more)
{
	int err = cork_append(sk, msg, len_bytes);

	if (err)
		udpv6_flush_pending(sk);
	else if (!more)
		err = udpv6_push_pending(sk);
	return err ? err : (ssize_t)len_bytes;
}

/* ------------------------------------------------------------------ S2 */

static int send_new(struct sock *sk, const struct msghdr *msg, u32 len_bytes, int flags, bool more, struct udp6_dest *d)
{
	int err;

	if (flags & MSG_PROBE) /* the caller only wanted to know whether there is a route */
		return 0;
	if (more) {
		err = cork_begin(sk, d, len_bytes);
		if (!err)
			err = cork_append(sk, msg, len_bytes);
		if (err)
			udpv6_flush_pending(sk);
		return err;
	}
	if (d->gso_bytes && len_bytes > d->gso_bytes)
		return udp6_send_segments(sk, msg, len_bytes, d);
	return udp6_send_one(sk, msg, 0, len_bytes, d);
}

static ssize_t send_slow(struct sock *sk, const struct msghdr *msg, const struct sockaddr_in6 *sin6, size_t len_bytes,
			 int flags)
{
	bool more = udp_sk(sk)->corkflag || (flags & MSG_MORE);
	struct udp6_dest d;
	ssize_t err;

	if (!inet_sk(sk)->num && udp_autobind(sk))
		return -EAGAIN;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (udp6_sk(sk)
		    ->cork
		    .skb) /* what is too long for it takes what is pending along: so does Linux, but not over IPv4 */
		return send_corked(sk, msg, (u32)len_bytes, more);
	if (len_bytes > UDP_MAX_PAYLOAD_BYTES)
		return -EMSGSIZE;
	err = dest_find(sk, msg, sin6, flags, &d);
	if (!err)
		err = send_new(sk, msg, (u32)len_bytes, flags, more, &d);
	ipv6_txoptions_free(sk, d.opt_owned);
	if (d.rt_owned)
		dst_release(&d.rt_owned->dst);
	if (err == -ENOBUFS || err == -EAGAIN)
		sk->net->udp->mib6.sndbuf_errors++;
	if (unlikely(flags & MSG_ZEROCOPY) && !err)
		sock_zerocopy_sent(sk);
	return err ? err : (ssize_t)len_bytes;
}

/* To a host of IPv4: the rest is its. */
static ssize_t send_mapped(struct sock *sk, const struct msghdr *msg, const struct in6_addr *daddr, __be16 dport,
			   size_t len_bytes, int flags)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = (__force u16)dport };
	struct msghdr to = *msg;

	if (inet6_sk(sk)->v6only)
		return -ENETUNREACH;
	sin.sin_addr.s_addr = (__force u32)ipv6_mapped_v4(daddr);
	to.msg_name = &sin;
	to.msg_namelen = sizeof(sin);
	return udp_sendmsg(sk, &to, len_bytes, flags);
}

static ssize_t send_named(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags)
{
	const struct sockaddr *name = msg->msg_name;
	struct sockaddr_in6 sin6;
	int err;

	if (msg->msg_namelen < sizeof(name->sa_family))
		return -EINVAL;
	if (name->sa_family == AF_INET)
		return inet6_sk(sk)->v6only ? -ENETUNREACH : udp_sendmsg(sk, msg, len_bytes, flags);
	err = inet6_sockaddr(name, msg->msg_namelen, &sin6);
	if (err)
		return -EINVAL;
	if (ipv6_addr_any(&sin6.sin6_addr) && ipv6_addr_v4mapped(&inet6_sk(sk)->saddr))
		ipv6_addr_set_v4mapped(CONST_BE32(0x7f000001U), &sin6.sin6_addr);
	if (ipv6_addr_v4mapped(&sin6.sin6_addr))
		return send_mapped(sk, msg, &sin6.sin6_addr, (__force __be16)sin6.sin6_port, len_bytes, flags);
	return send_slow(sk, msg, &sin6, len_bytes, flags);
}

/* Are the ready headers still what they would be if they were made now?  If not, they are made anew. */
static inline bool template_ready(struct udp6_sock *up, const struct rt6_info *rt)
{
	const struct udp6_template *t = &up->tmpl;

	if (likely(t->rt == rt && t->out_genid == up->udp.inet.out_genid && t->dev_mtu_bytes == rt->dst.dev->mtu))
		return true;
	return udp6_template_make(up, rt);
}

static ssize_t send_connected(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags)
{
	struct udp6_sock *up = udp6_sk(sk);
	struct rt6_info *rt = (struct rt6_info *)(void *)up->udp.inet.dst;
	int err;

	if (unlikely(!rt || msg->msg_controllen || msg->msg_iovlen != 1 ||
		     (flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL | MSG_BATCH))))
		return send_slow(sk, msg, NULL, len_bytes, flags);
	if (unlikely(!rt6_is_current(rt, sk->net->ipv6->rt_genid, sk->net->now) || !template_ready(up, rt) ||
		     len_bytes > up->tmpl.payload_max_bytes))
		return send_slow(sk, msg, NULL, len_bytes, flags);
	err = udp6_send_ready(up, rt, msg->msg_iov, (u32)len_bytes);
	if (likely(!err)) {
		sk->net->udp->mib6.out_datagrams++;
		return (ssize_t)len_bytes;
	}
	if (err == -EAGAIN)
		sk->net->udp->mib6.sndbuf_errors++;
	else
		err = udp6_sent(sk, err);
	return err ? err : (ssize_t)len_bytes;
}

ssize_t udpv6_sendmsg(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags)
{
	const struct sockaddr *name = msg->msg_name;

	if (unlikely(udp_sk(sk)->cork.skb)) /* what is pending goes by IPv4 */
		return udp_sendmsg(sk, msg, len_bytes, flags);
	if (name && msg->msg_namelen >= sizeof(name->sa_family) && name->sa_family != AF_UNSPEC)
		return send_named(sk, msg, len_bytes, flags);
	if (unlikely(udp6_sk(sk)->cork.skb))
		return send_slow(sk, msg, NULL, len_bytes, flags);
	if (unlikely(sk->state != INET_TCP_ESTABLISHED))
		return -EDESTADDRREQ;
	if (likely(!ipv6_addr_v4mapped(&inet6_sk(sk)->daddr)))
		return send_connected(sk, msg, len_bytes, flags);
	if (unlikely(name)) /* AF_UNSPEC: as if none were named */
		return send_mapped(sk, msg, &inet6_sk(sk)->daddr, inet_sk(sk)->dport, len_bytes, flags);
	return inet6_sk(sk)->v6only ? -ENETUNREACH : udp_sendmsg(sk, msg, len_bytes, flags);
}
