// SPDX-License-Identifier: BSD-2-Clause
/* Raw sockets over IPv6, outwards; where their packets go is where those of ping sockets go.
 *
 * @step S2 of S13, to ipv6/ip6_output.c   @rfc 8200, 3542 3.1   @linux raw(7), net/ipv6/raw.c: rawv6_sendmsg
 */
#include <errno.h>
#include <string.h>

#include "base/csum.h"
#include "dev/netdevice.h"
#include "ipv6/icmpv6.h"
#include "raw/raw_ipv6.h"

/* ------------------------------------------------------------------ where to */

/* Return: 0, 1: the peer, -errno */
static int dest_address(const struct sock *sk, const struct msghdr *msg, struct flowi6 *fl6, int *scope)
{
	const struct ipv6_pinfo *np = inet6_sk(sk);
	struct sockaddr_in6 sin6;
	u16 proto;

	if (!msg->msg_name) {
		if (sk->state != INET_TCP_ESTABLISHED)
			return -EDESTADDRREQ;
		fl6->daddr = np->daddr;
		fl6->flowlabel = np->flow_label;
		return 1;
	}
	if (inet6_sockaddr(msg->msg_name, msg->msg_namelen, &sin6) == -EINVAL)
		return -EINVAL;
	if (sin6.sin6_family && sin6.sin6_family != AF_INET6)
		return -EAFNOSUPPORT;
	proto = be16_to_cpu((__force __be16)sin6.sin6_port); /* a port is none of theirs: zero, or the protocol */
	if (sk->type == SOCK_RAW && proto && proto != inet_sk(sk)->num && (inet_sk(sk)->num || proto > 255))
		return -EINVAL;
	fl6->daddr = sin6.sin6_addr;
	if (np->sndflow)
		fl6->flowlabel = (__force __be32)sin6.sin6_flowinfo & CONST_BE32(IPV6_FLOWINFO_MASK);
	if (sin6.sin6_scope_id && (ipv6_addr_type(&sin6.sin6_addr) & IPV6_ADDR_LINKLOCAL))
		*scope = (int)sin6.sin6_scope_id;
	return 0;
}

static int dest_route(struct sock *sk, struct raw6_dest *d)
{
	const struct ipv6_pinfo *np = inet6_sk(sk);
	const struct in6_addr final = d->fl6.daddr;
	int err;

	if (!d->fl6.oif)
		d->fl6.oif = ipv6_addr_is_multicast(&final) ? np->mcast_oif : np->ucast_oif;
	if (d->ipc.opt && d->ipc.opt->srcrt && d->ipc.opt->srcrt->hdrlen >= 2)
		memcpy(&d->fl6.daddr, (const u8 *)d->ipc.opt->srcrt + 8, sizeof(d->fl6.daddr));
	err = ip6_route_output_flow(sk->net, &d->fl6, &d->rt);
	d->fl6.daddr = final;
	if (err == -ENETUNREACH)
		sk->net->ipv6->stats.out_no_routes++;
	return err;
}

int raw6_dest_find(struct sock *sk, const struct msghdr *msg, int flags, struct raw6_dest *d)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct flowi6 named = { 0 };
	int scope = 0, err;

	memset(d, 0, sizeof(*d));
	err = dest_address(sk, msg, &named, &scope);
	if (err < 0)
		return err;
	if (ipv6_addr_any(&named.daddr))
		named.daddr = in6addr_loopback;
	ipv6_ipcm_init(&d->ipc, inet);
	d->confirm = flags & MSG_CONFIRM;
	ipv6_connected_flow(inet, &d->fl6);
	d->fl6.daddr = named.daddr;
	d->fl6.flowlabel = named.flowlabel;
	d->fl6.oif = scope ? scope : sk->bound_dev_if ? sk->bound_dev_if : inet->pinet6->sticky_ifindex;
	d->fl6.proto = (u8)sk->protocol;
	if (msg->msg_controllen) {
		err = ipv6_cmsg_send(sk, msg, &d->fl6, &d->ipc, &d->opt_owned, NULL, NULL);
		if (err)
			return err;
		if (d->ipc.tclass < 0)
			d->ipc.tclass = inet->pinet6->tclass;
	}
	if (sk->type == SOCK_RAW && (msg->msg_name || msg->msg_controllen)) { /* Linux lets ping sockets */
		err = ipv6_fl_apply(sk, named.flowlabel, d->fl6.flowlabel, &d->ipc, &d->opt_owned);
		if (err)
			return err;
	}
	if (inet->hdrincl)
		d->ipc.opt = NULL; /* the caller's header has its own */
	return dest_route(sk, d);
}

void raw6_dest_end(struct sock *sk, struct raw6_dest *d)
{
	ipv6_txoptions_free(sk, d->opt_owned);
	if (d->rt)
		dst_release(&d->rt->dst);
}

/* ------------------------------------------------------------------ the packet */

int raw6_alloc(struct sock *sk, const struct msghdr *msg, u32 header_bytes, u32 len_bytes, const struct raw6_dest *d,
	       struct sk_buff **out)
{
	u32 headroom = LL_RESERVED_SPACE(d->rt->dst.dev) + LL_MAX_HEADER + header_bytes;
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
	skb->ignore_df = ipv6_sk_ignore_df(inet_sk(sk));
	IP6CB(skb)->flags |= d->ipc.skb_flags;
	skb_dst_set_noref(skb, &d->rt->dst);
	skb_dst_force(skb); /* the caller's reference ends with the call */
	*out = skb;
	return 0;
}

static int sent(const struct sock *sk, int err)
{
	return err == -ENOBUFS && !inet6_sk(sk)->recverr ? 0 : err;
}

int raw6_push(struct sock *sk, struct sk_buff *skb, struct raw6_dest *d)
{
	u32 frag_bytes = inet6_sk(sk)->frag_size;
	int err;

	skb_reset_transport_header(skb);
	if (sk->protocol == IPPROTO_ICMPV6 && skb->len)
		icmpv6_out_count(sk->net, ip6_dst_idev(skb), *skb->data);
	if (frag_bytes && frag_bytes < ip6_dst_mtu(d->rt) &&
	    skb->len + IPV6_HEADER_BYTES + ipv6_txoptions_bytes(d->ipc.opt) > ip6_dst_mtu(d->rt))
		IP6CB(skb)->frag_max_size = (u16)min_u32(frag_bytes, 0xffff);
	err = ip6_push_header(sk->net, skb, &d->fl6, (u8)sk->protocol, d->ipc.tclass,
			      ipv6_hoplimit(inet_sk(sk), &d->fl6.daddr, d->ipc.hlimit), d->ipc.opt);
	if (err) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return -ENOBUFS;
	}
	return sent(sk, ip6_send_skb(sk->net, sk, skb));
}

/* IPV6_CHECKSUM: a sum over payload and pseudo header where the program wants one.  @rfc 3542 3.1 */
static int put_checksum(const struct sock *sk, struct sk_buff *skb, const struct flowi6 *fl6)
{
	int offset = ((const struct raw6_sock *)(const void *)sk)->checksum_offset;
	__be16 check;
	u32 sum;

	if (offset < 0)
		return 0;
	if ((u32)offset + sizeof(check) > skb->len)
		return -EINVAL;
	memset(skb->data + offset, 0, sizeof(check));
	sum = csum_ipv6_magic_sum(&fl6->saddr, &fl6->daddr, skb->len, (u8)sk->protocol);
	check = csum_fold(csum_partial(skb->data, skb->len, sum));
	if (!check && sk->protocol == IPPROTO_UDP)
		check = cpu_to_be16(0xffff);
	memcpy(skb->data + offset, &check, sizeof(check));
	return 0;
}

/* The header is the caller's, every octet of it but the length of the payload. */
static int send_hdrincl(struct sock *sk, const struct msghdr *msg, u32 len_bytes, struct raw6_dest *d)
{
	struct sk_buff *skb;
	int err;

	if (len_bytes > d->rt->dst.dev->mtu) {
		ipv6_local_error(sk, EMSGSIZE, &d->fl6, d->rt->dst.dev->mtu);
		return -EMSGSIZE;
	}
	if (len_bytes < IPV6_HEADER_BYTES)
		return -EINVAL;
	err = raw6_alloc(sk, msg, 0, len_bytes, d, &skb);
	if (err)
		return err;
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, IPV6_HEADER_BYTES);
	return sent(sk, ip6_send_skb(sk->net, sk, skb));
}

static int send_payload(struct sock *sk, const struct msghdr *msg, u32 len_bytes, struct raw6_dest *d)
{
	u32 header_bytes = IPV6_HEADER_BYTES + ipv6_txoptions_bytes(d->ipc.opt);
	struct sk_buff *skb;
	int err = ipv6_size_check(sk, d->rt, &d->fl6, &d->ipc, header_bytes, header_bytes + len_bytes);

	if (err)
		return err;
	err = raw6_alloc(sk, msg, header_bytes, len_bytes, d, &skb);
	if (err)
		return err;
	err = put_checksum(sk, skb, &d->fl6);
	if (err) {
		kfree_skb_reason(skb, SKB_DROP_REASON_SKB_CSUM);
		return err;
	}
	return raw6_push(sk, skb, d);
}

ssize_t rawv6_sendmsg(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags)
{
	struct raw6_dest d;
	int err;

	if (len_bytes > IPV6_MAXPLEN + IPV6_HEADER_BYTES)
		return -EMSGSIZE;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = raw6_dest_find(sk, msg, flags, &d);
	if (err || (flags & MSG_PROBE))
		;
	else if (inet_sk(sk)->hdrincl)
		err = send_hdrincl(sk, msg, (u32)len_bytes, &d);
	else
		err = send_payload(sk, msg, (u32)len_bytes, &d);
	raw6_dest_end(sk, &d);
	return err ? err : (ssize_t)len_bytes;
}
