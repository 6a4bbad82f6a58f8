// SPDX-License-Identifier: BSD-2-Clause
/* Routes and addresses of IPv6 sockets; those of a socket that talks to ::ffff:a.b.c.d are IPv4's.
 *
 * @step S2 to S5 of S13   @rfc 3493 3.3 3.7, 4007   @linux net/ipv6/af_inet6.c, net/ipv6/datagram.c
 *
 * Reading order: ipv6_bind_address(), ipv6_datagram_connect(), ipv6_connected_flow().
 */
#include <errno.h>
#include <string.h>

#include "ipv6/addrconf.h"
#include "ipv6/ipv6.h"
#include "ipv6/ndisc.h"
#include "socket/inet6_sock.h"
#include "wire/icmp6.h"

#define SIN6_LEN_RFC2133 24U /* without sin6_scope_id */

/* ------------------------------------------------------------------ life */

int inet6_sock_init(struct sock *sk)
{
	struct ipv6_pinfo *np = mem_zalloc(sk->net->mem, sizeof(*np));
	const struct netns_ipv6 *ipv6 = sk->net->ipv6;

	if (!np)
		return -ENOBUFS;
	np->hop_limit = -1;
	np->mcast_hops = 1;
	np->mc_loop = true;
	np->mc_all = true;
	np->pmtudisc = IPV6_PMTUDISC_WANT;
	np->v6only = ipv6->bindv6only;
	np->repflow = ipv6->flowlabel_reflect & 1;
	inet_sk(sk)->pinet6 = np;
	inet_sk(sk)->mc_all = false; /* groups of IPv4 only that it joins */
	return 0;
}

void inet6_sock_destroy(struct sock *sk)
{
	struct ipv6_pinfo *np = inet6_sk(sk);

	if (!np)
		return;
	ipv6_sock_mc_close(sk);
	ipv6_sock_fl_close(sk);
	ipv6_txoptions_free(sk, np->opt);
	mem_free(sk->net->mem, np, sizeof(*np));
	inet_sk(sk)->pinet6 = NULL;
}

int inet6_sock_clone(struct sock *sk, const struct sock *parent)
{
	struct ipv6_pinfo *np = mem_alloc(sk->net->mem, sizeof(*np));
	const struct in6_addr any = { 0 };

	inet_sk(sk)->pinet6 = np;
	if (!np)
		return -ENOBUFS;
	*np = *inet6_sk(parent);
	np->saddr = np->daddr = np->rcv_saddr = any;
	np->opt = NULL;
	np->mc_list = NULL;
	np->mc_count = 0;
	np->ac_list = NULL;
	np->fl_list = NULL;
	return 0;
}

u32 ipv6_iface_scope_id(const struct in6_addr *addr, int ifindex)
{
	u32 type = ipv6_addr_type(addr);

	return type & IPV6_ADDR_LINKLOCAL ? (u32)ifindex : 0;
}

int inet6_getname(struct sock *sk, struct sockaddr_storage *addr, bool peer)
{
	const struct inet_sock *inet = inet_sk(sk);
	const struct ipv6_pinfo *np = inet6_sk(sk);
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };

	if (peer && (!inet->dport || sk->state == INET_TCP_CLOSE || sk->state == INET_TCP_SYN_SENT))
		return -ENOTCONN;
	sin6.sin6_port = (__force u16)(peer ? inet->dport : inet->sport);
	if (peer) {
		sin6.sin6_addr = np->daddr;
		if (np->sndflow)
			sin6.sin6_flowinfo = (__force u32)np->flow_label;
	} else {
		sin6.sin6_addr = ipv6_addr_any(&np->rcv_saddr) ? np->saddr : np->rcv_saddr;
	}
	sin6.sin6_scope_id = ipv6_iface_scope_id(&sin6.sin6_addr, sk->bound_dev_if);
	memcpy(addr, &sin6, sizeof(sin6));
	return sizeof(sin6);
}

/* ------------------------------------------------------------------ bind */

int inet6_sockaddr(const struct sockaddr *addr, socklen_t len_bytes, struct sockaddr_in6 *out)
{
	if (len_bytes < SIN6_LEN_RFC2133)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	memcpy(out, addr, min_size(len_bytes, sizeof(*out)));
	if (len_bytes < sizeof(*out))
		out->sin6_scope_id = 0;
	return out->sin6_family == AF_INET6 ? 0 : -EAFNOSUPPORT;
}

static bool may_bind_nonlocal(const struct inet_sock *inet)
{
	return inet->sk.net->ipv6->ip_nonlocal_bind || inet->freebind || inet->transparent;
}

/* Of an address that means something on its link only, the link.  Return: 0, -EINVAL, -ENODEV */
static int bind_link(struct sock *sk, u32 type, u32 scope_id, struct net_device **dev)
{
	*dev = NULL;
	if (type & IPV6_ADDR_LINKLOCAL) {
		if (scope_id)
			sk->bound_dev_if = (int)scope_id;
		if (!sk->bound_dev_if)
			return -EINVAL;
	}
	if (sk->bound_dev_if) {
		*dev = dev_find_by_index(sk->net, sk->bound_dev_if);
		if (!*dev)
			return -ENODEV;
	}
	return 0;
}

static int bind_mapped(struct inet_sock *inet, const struct in6_addr *addr)
{
	struct ipv6_pinfo *np = inet->pinet6;
	__be32 v4 = ipv6_mapped_v4(addr);
	bool multi;
	int err;

	if (np->v6only)
		return -EINVAL;
	err = ip_bind_address(inet, v4, &multi);
	if (err)
		return err;
	inet->rcv_saddr = inet->saddr = v4;
	np->rcv_saddr = np->saddr = *addr;
	return 0;
}

int ipv6_bind_address(struct sock *sk, const struct sockaddr_in6 *sin6)
{
	struct inet_sock *inet = inet_sk(sk);
	struct ipv6_pinfo *np = inet->pinet6;
	u32 type = ipv6_addr_type(&sin6->sin6_addr);
	struct net_device *dev;
	int err;

	if (type == IPV6_ADDR_MAPPED)
		return bind_mapped(inet, &sin6->sin6_addr);
	if (type != IPV6_ADDR_ANY) {
		err = bind_link(sk, type, sin6->sin6_scope_id, &dev);
		if (err)
			return err;
		if (!(type & IPV6_ADDR_MULTICAST) && !may_bind_nonlocal(inet) &&
		    !ipv6_chk_addr(sk->net, &sin6->sin6_addr, dev))
			return -EADDRNOTAVAIL;
	}
	inet->rcv_saddr = inet->saddr = type == IPV6_ADDR_ANY ? (__force __be32)0U : LOOPBACK4_IPV6;
	np->rcv_saddr = sin6->sin6_addr;
	if (!(type & IPV6_ADDR_MULTICAST))
		np->saddr = sin6->sin6_addr;
	return 0;
}

void inet6_reset_saddr(struct inet_sock *inet)
{
	const struct in6_addr any = { 0 };

	inet->rcv_saddr = inet->saddr = (__force __be32)0U;
	inet->pinet6->rcv_saddr = inet->pinet6->saddr = any;
}

/* ------------------------------------------------------------------ connect */

void ipv6_connected_flow(const struct inet_sock *inet, struct flowi6 *fl6)
{
	const struct ipv6_pinfo *np = inet->pinet6;
	const struct sock *sk = &inet->sk;

	*fl6 = (struct flowi6){
		.oif = sk->bound_dev_if,
		.strict_oif = sk->bound_dev_if != 0,
		.daddr = np->daddr,
		.saddr = np->saddr,
		.flowlabel = np->flow_label,
		.proto = (u8)sk->protocol,
		.flags = inet->transparent || inet->hdrincl ? FLOWI_FLAG_ANYSRC : 0,
		.src_prefs = np->srcprefs,
		.mark = sk->mark,
		.uid = sk->portid_uid,
		.sport = inet->sport,
		.dport = inet->dport,
	};
	if (np->autoflowlabel_set)
		fl6->flags |= np->autoflowlabel ? FLOWI6_FLAG_AUTOLABEL : FLOWI6_FLAG_NO_AUTOLABEL;
	if (!fl6->oif)
		fl6->oif = np->sticky_ifindex;
	if (!fl6->oif)
		fl6->oif = ipv6_addr_is_multicast(&np->daddr) ? np->mcast_oif : np->ucast_oif;
}

struct rt6_info *ipv6_sk_route(const struct inet_sock *inet)
{
	struct rt6_info *rt = (struct rt6_info *)(void *)inet->dst;
	const struct net *net = inet->sk.net;

	return rt && rt6_is_current(rt, net->ipv6->rt_genid, net->now) ? rt : NULL;
}

/* With a routing header, the way to its first hop.  *daddr stays where the packet is for. */
static int route_by_first_hop(struct net *net, struct flowi6 *fl6, const struct ipv6_txoptions *opt,
			      struct rt6_info **out)
{
	const struct in6_addr final = fl6->daddr;
	int err;

	if (ipv6_addr_v4mapped(&fl6->saddr)) /* ours is an address of IPv4, and the peer has none */
		return -EAFNOSUPPORT;
	if (opt && opt->srcrt && opt->srcrt->hdrlen >= 2)
		memcpy(&fl6->daddr, (const u8 *)opt->srcrt + 8, sizeof(fl6->daddr));
	err = ip6_route_output_flow(net, fl6, out);
	fl6->daddr = final;
	if (err == -ENETUNREACH)
		net->ipv6->stats.out_no_routes++;
	return err;
}

int ipv6_sk_relookup(struct inet_sock *inet, struct rt6_info **out)
{
	struct flowi6 fl6;
	int err;

	ipv6_connected_flow(inet, &fl6);
	err = route_by_first_hop(inet->sk.net, &fl6, inet->pinet6->opt, out);
	if (!err)
		inet_dst_set(inet, &(*out)->dst);
	return err;
}

static int connect_mapped(struct inet_sock *inet, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct ipv6_pinfo *np = inet->pinet6;
	int err = ip_datagram_connect(inet, addr, len_bytes);

	if (err)
		return err;
	ipv6_addr_set_v4mapped(inet->daddr, &np->daddr);
	if (ipv6_addr_any(&np->saddr) || ipv6_addr_v4mapped(&np->saddr))
		ipv6_addr_set_v4mapped(inet->saddr, &np->saddr);
	if (ipv6_addr_any(&np->rcv_saddr) || ipv6_addr_v4mapped(&np->rcv_saddr))
		ipv6_addr_set_v4mapped(inet->rcv_saddr, &np->rcv_saddr);
	return 0;
}

/* RFC 4007: a link-local peer is one of a link.  Return: 0, -EINVAL */
static int connect_link(struct sock *sk, const struct sockaddr_in6 *sin6, u32 type)
{
	if (!(type & IPV6_ADDR_LINKLOCAL))
		return 0;
	if (sin6->sin6_scope_id) {
		if (sk->bound_dev_if && sk->bound_dev_if != (int)sin6->sin6_scope_id)
			return -EINVAL;
		sk->bound_dev_if = (int)sin6->sin6_scope_id;
	}
	if (!sk->bound_dev_if && (type & IPV6_ADDR_MULTICAST))
		sk->bound_dev_if = inet6_sk(sk)->mcast_oif;
	return sk->bound_dev_if ? 0 : -EINVAL;
}

/* A route to the new peer; without one, the socket is as it was. */
static int connect_route(struct inet_sock *inet, const struct sockaddr_in6 *sin6)
{
	struct ipv6_pinfo *np = inet->pinet6;
	const struct in6_addr old_daddr = np->daddr;
	const __be16 old_dport = inet->dport;
	const __be32 old_label = np->flow_label;
	const __be32 label = np->sndflow ? (__force __be32)sin6->sin6_flowinfo & CONST_BE32(IPV6_FLOWINFO_MASK)
					 : (__force __be32)0U;
	struct flowi6 fl6;
	struct rt6_info *rt;
	int err;

	if (ipv6_fl_check(&inet->sk, label))
		return -EINVAL;
	np->daddr = sin6->sin6_addr;
	inet->dport = (__force __be16)sin6->sin6_port;
	np->flow_label = label;
	inet_dst_set(inet, NULL);
	ipv6_connected_flow(inet, &fl6);
	err = route_by_first_hop(inet->sk.net, &fl6, np->opt, &rt);
	if (err) {
		np->daddr = old_daddr;
		inet->dport = old_dport;
		np->flow_label = old_label;
		return err;
	}
	inet->daddr = LOOPBACK4_IPV6;
	if (ipv6_addr_any(&np->saddr))
		np->saddr = fl6.saddr; /* inet->saddr stays: the next peer may be of IPv4 */
	if (ipv6_addr_any(&np->rcv_saddr)) {
		np->rcv_saddr = fl6.saddr;
		inet->rcv_saddr = LOOPBACK4_IPV6;
	}
	inet->sk.state = INET_TCP_ESTABLISHED;
	inet_dst_set(inet, &rt->dst);
	return 0;
}

int ipv6_datagram_connect(struct inet_sock *inet, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct ipv6_pinfo *np = inet->pinet6;
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr_in6 sin6;
	u32 type;
	int err;

	if (addr->sa_family == AF_INET)
		return np->v6only ? -EAFNOSUPPORT : connect_mapped(inet, addr, len_bytes);
	err = inet6_sockaddr(addr, len_bytes, &sin6);
	if (err)
		return err;
	if (ipv6_addr_any(&sin6.sin6_addr)) { /* as IPv4 does: to ourselves */
		if (ipv6_addr_v4mapped(&np->rcv_saddr))
			ipv6_addr_set_v4mapped(CONST_BE32(0x7f000001U), &sin6.sin6_addr);
		else
			sin6.sin6_addr = in6addr_loopback;
	}
	type = ipv6_addr_type(&sin6.sin6_addr);
	if (type == IPV6_ADDR_MAPPED) {
		if (np->v6only)
			return -ENETUNREACH;
		sin.sin_port = sin6.sin6_port;
		sin.sin_addr.s_addr = (__force u32)ipv6_mapped_v4(&sin6.sin6_addr);
		return connect_mapped(inet, (const struct sockaddr *)&sin, sizeof(sin));
	}
	err = connect_link(&inet->sk, &sin6, type);
	return err ? err : connect_route(inet, &sin6);
}

/* ------------------------------------------------------------------ sizes */

u32 ipv6_sk_mtu(const struct inet_sock *inet, const struct rt6_info *rt)
{
	const struct ipv6_pinfo *np = inet->pinet6;
	u32 mtu = np->pmtudisc >= IPV6_PMTUDISC_PROBE ? min_u32(rt->dst.dev->mtu, IPV6_MAXPLEN + IPV6_HEADER_BYTES)
						      : ip6_dst_mtu(rt);

	return np->frag_size && np->frag_size < mtu ? np->frag_size : mtu;
}

bool ipv6_sk_ignore_df(const struct inet_sock *inet)
{
	const struct ipv6_pinfo *np = inet->pinet6;

	return np->pmtudisc < IPV6_PMTUDISC_DO || np->pmtudisc == IPV6_PMTUDISC_OMIT;
}

int ipv6_size_check(struct sock *sk, const struct rt6_info *rt, const struct flowi6 *fl6,
		    const struct ipcm6_cookie *ipc, u32 header_bytes, u32 packet_bytes)
{
	const struct inet_sock *inet = inet_sk(sk);
	u32 mtu = ipv6_sk_mtu(inet, rt);
	u32 max_bytes = ipv6_sk_ignore_df(inet) && !ipc->dontfrag ? IPV6_HEADER_BYTES + IPV6_MAXPLEN : mtu;
	u32 option_bytes = ipv6_txoptions_bytes(ipc->opt);

	if (likely(packet_bytes <= mtu && mtu > IPV6_HEADER_BYTES))
		return 0;
	if (packet_bytes > max_bytes || mtu < max_u32(header_bytes, IPV6_HEADER_BYTES + 1)) {
		ipv6_local_error(sk, EMSGSIZE, fl6, mtu > option_bytes ? mtu - option_bytes : 0);
		return -EMSGSIZE;
	}
	if (mtu >= IPV6_HEADER_BYTES + sizeof(struct frag_hdr) + 8) /* a route may say less than RFC 8200 5 */
		return 0;
	IP6_INC(sk->net, in6_dev_get_rcu(rt->dst.dev), out_discards);
	return -EINVAL;
}

void ipv6_sk_update_pmtu(struct inet_sock *inet, const struct sk_buff *skb, u32 mtu_bytes)
{
	const struct ipv6hdr *quoted = (const struct ipv6hdr *)(const void *)skb->data;
	const struct ipv6_pinfo *np = inet->pinet6;
	int oif = inet->sk.bound_dev_if;
	struct rt6_info *rt;

	if (np->pmtudisc == IPV6_PMTUDISC_INTERFACE || np->pmtudisc == IPV6_PMTUDISC_OMIT)
		return;
	if (!oif && ipv6_addr_is_linklocal(&quoted->daddr))
		oif = skb->skb_iif;
	ip6_update_pmtu(inet->sk.net, &quoted->daddr, &quoted->saddr, mtu_bytes, oif, inet->sk.mark);
	inet_dst_set(inet, NULL);
	if (inet->sk.state == INET_TCP_ESTABLISHED && !inet6_goes_ipv4(&inet->sk))
		(void)ipv6_sk_relookup(inet,
				       &rt); /* IPV6_MTU knows the news; without a route, the next packet asks again */
}

void ipv6_ipcm_init(struct ipcm6_cookie *ipc, const struct inet_sock *inet)
{
	const struct ipv6_pinfo *np = inet->pinet6;

	*ipc = (struct ipcm6_cookie){
		.hlimit = -1,
		.tclass = np->tclass,
		.dontfrag = np->dontfrag,
		.sockc = sockcm_init(&inet->sk),
		.opt = np->opt,
		.protocol = (u8)inet->sk.protocol,
		.skb_flags = (u16)((np->pmtudisc >= IPV6_PMTUDISC_PROBE ? IP6SKB_DEV_MTU : 0U) |
				   (np->mc_loop ? 0U : IP6SKB_NO_MC_LOOP)),
	};
}

int ipv6_hoplimit(const struct inet_sock *inet, const struct in6_addr *daddr, int said)
{
	const struct ipv6_pinfo *np = inet->pinet6;

	if (said >= 0)
		return said;
	return ipv6_addr_is_multicast(daddr) ? np->mcast_hops : np->hop_limit;
}

void ipv6_pktinfo_prepare(const struct sock *sk, struct sk_buff *skb)
{
	(void)sk;
	IP6CB(skb)->iif = skb->skb_iif; /* the rest of IP6CB stays: where the extension headers are */
}
