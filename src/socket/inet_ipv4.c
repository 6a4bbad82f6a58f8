// SPDX-License-Identifier: BSD-2-Clause
/* Routes and addresses of IPv4 sockets.
 *
 * @step S2 to S5 of S13   @rfc 1122 3.3.4   @linux net/ipv4/datagram.c, net/ipv4/af_inet.c
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip.h"
#include "ipv4/ip_fib.h"
#include "ipv4/netns_ipv4.h"
#include "ipv4/reserved_ports.h"
#include "ipv4/route.h"
#include "socket/inet_sock.h"

void inet_dst_set(struct inet_sock *inet, struct dst_entry *dst)
{
	struct dst_entry *old = inet->dst;

	inet->dst = dst;
	inet->out_genid++;
	dst_release(old);
}

int ip_default_ttl(const struct net *net)
{
	return net->ipv4->ip_default_ttl;
}

u8 ip_sk_ttl(const struct inet_sock *inet, const struct rtable *rt)
{
	u32 hoplimit = rt->fi ? rt->fi->metrics[RTAX_HOPLIMIT - 1] : 0;

	if (inet->uc_ttl >= 0)
		return (u8)inet->uc_ttl;
	return (u8)(hoplimit ? hoplimit : (u32)inet->sk.net->ipv4->ip_default_ttl);
}

/* A bound of the socket's that lies outside of the net's range does not count. */
bool inet_local_port_range(const struct inet_sock *inet, u16 *low, u16 *high)
{
	u16 lo = (u16)inet->sk.net->ipv4->ip_local_port_range[0], hi = (u16)inet->sk.net->ipv4->ip_local_port_range[1];
	u16 sk_lo = inet->local_port_range[0], sk_hi = inet->local_port_range[1];

	*low = lo <= sk_lo && sk_lo <= hi ? sk_lo : lo;
	*high = lo <= sk_hi && sk_hi <= hi ? sk_hi : hi;
	return sk_lo || sk_hi;
}

bool inet_port_is_reserved(const struct net *net, u16 port)
{
	return ip_is_local_reserved_port(net, port);
}

u8 ip_pmtudisc_default(const struct net *net)
{
	return net->ipv4->ip_no_pmtu_disc ? IP_PMTUDISC_DONT : IP_PMTUDISC_WANT;
}

int ip_bind_check(const struct sockaddr *addr, socklen_t len_bytes, const struct sockaddr_in **sin)
{
	if (len_bytes < sizeof(**sin))
		return -EINVAL;
	*sin = (const struct sockaddr_in *)(const void *)addr;
	/* old programs leave the family at AF_UNSPEC, but only for any address */
	if (addr->sa_family != AF_INET && (addr->sa_family != AF_UNSPEC || (*sin)->sin_addr.s_addr != INADDR_ANY))
		return -EAFNOSUPPORT;
	return 0;
}

int ip_bind_address(const struct inet_sock *inet, __be32 addr, bool *multi)
{
	struct net *net = inet->sk.net;
	struct net_device *dev = NULL;
	unsigned int type;

	if (inet->sk.bound_dev_if)
		dev = dev_find_by_index(net, inet->sk.bound_dev_if);
	type = addr ? inet_addr_type_dev_table(net, dev, addr) : RTN_UNICAST;
	*multi = type == RTN_MULTICAST || type == RTN_BROADCAST;
	if (!addr || *multi || type == RTN_LOCAL)
		return 0;
	if (net->ipv4->ip_nonlocal_bind || inet->freebind || inet->transparent)
		return 0;
	return -EADDRNOTAVAIL;
}

void ip_connected_flow(const struct inet_sock *inet, struct flowi4 *fl4)
{
	const struct sock *sk = &inet->sk;

	memset(fl4, 0, sizeof(*fl4));
	fl4->oif = sk->bound_dev_if;
	fl4->daddr = inet->daddr;
	fl4->saddr = inet->saddr;
	fl4->tos = inet->tos;
	fl4->scope = sock_flag(sk, SOCK_F_DONTROUTE) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	fl4->proto = (u8)sk->protocol;
	fl4->flags = inet->transparent || inet->hdrincl ? FLOWI_FLAG_ANYSRC : 0;
	fl4->mark = sk->mark;
	fl4->sport = inet->sport;
	fl4->dport = inet->dport;
	fl4->uid = sk->portid_uid;
	if (!fl4->oif)
		fl4->oif = ipv4_is_multicast(inet->daddr) ? inet->mc_index : inet->uc_index;
}

struct rtable *ip_sk_route(const struct inet_sock *inet)
{
	struct rtable *rt = (struct rtable *)(void *)inet->dst;
	const struct net *net = inet->sk.net;

	return rt && rt_is_current(rt, net->ipv4->rt_genid, net->now) ? rt : NULL;
}

int ip_sk_relookup(struct inet_sock *inet, struct rtable **out)
{
	struct flowi4 fl4;
	struct rtable *rt;
	int err;

	ip_connected_flow(inet, &fl4);
	err = ip_route_output_flow(inet->sk.net, &fl4, &rt);
	if (err) {
		if (err == -ENETUNREACH)
			inet->sk.net->ipv4->stats.out_no_routes++;
		return err;
	}
	inet_dst_set(inet, &rt->dst);
	*out = rt;
	return 0;
}

int ip_datagram_connect(struct inet_sock *inet, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct sockaddr_in sin;
	struct sock *sk = &inet->sk;
	struct flowi4 fl4;
	struct rtable *rt;
	int err;

	if (len_bytes < sizeof(sin))
		return -EINVAL;
	memcpy(&sin, addr, sizeof(sin));
	if (sin.sin_family != AF_INET)
		return -EAFNOSUPPORT;
	inet_dst_set(inet, NULL);
	ip_connected_flow(inet, &fl4);
	fl4.daddr = (__force __be32)sin.sin_addr.s_addr;
	fl4.dport = (__force __be16)sin.sin_port;
	fl4.oif = sk->bound_dev_if;
	if (ipv4_is_multicast(fl4.daddr)) {
		if (!fl4.oif)
			fl4.oif = inet->mc_index;
		if (!fl4.saddr)
			fl4.saddr = inet->mc_addr;
	} else if (!fl4.oif) {
		fl4.oif = inet->uc_index;
	}
	err = ip_route_output_flow(sk->net, &fl4, &rt);
	if (err) {
		if (err == -ENETUNREACH)
			sk->net->ipv4->stats.out_no_routes++;
		return err;
	}
	if ((rt->flags & RTCF_BROADCAST) && !sock_flag(sk, SOCK_F_BROADCAST)) {
		dst_release(&rt->dst);
		return -EACCES;
	}
	if (!inet->saddr)
		inet->saddr = fl4.saddr;
	if (!inet->rcv_saddr)
		inet->rcv_saddr = fl4.saddr;
	inet->daddr = fl4.daddr;
	inet->ident = (u16)get_random_u32(&sk->net->rng);
	inet->dport = (__force __be16)sin.sin_port;
	sk->state = INET_TCP_ESTABLISHED;
	inet_dst_set(inet, &rt->dst);
	return 0;
}

u32 ip_sk_mtu(const struct inet_sock *inet, const struct rtable *rt)
{
	if (inet->pmtudisc == IP_PMTUDISC_PROBE || inet->pmtudisc == IP_PMTUDISC_INTERFACE ||
	    inet->pmtudisc == IP_PMTUDISC_OMIT)
		return min_u32(rt->dst.dev->mtu, 0xffff);
	return ip_dst_mtu(rt);
}

bool ip_sk_ignore_df(const struct inet_sock *inet)
{
	return inet->pmtudisc < IP_PMTUDISC_DO || inet->pmtudisc == IP_PMTUDISC_OMIT;
}

bool ip_sk_df(const struct inet_sock *inet, const struct rtable *rt, u32 len_bytes)
{
	switch (inet->pmtudisc) {
	case IP_PMTUDISC_DO:
	case IP_PMTUDISC_PROBE:
		return true;
	case IP_PMTUDISC_WANT:
		return !rt->mtu_locked && (!len_bytes || len_bytes <= ip_dst_mtu(rt));
	default:
		return false;
	}
}

void ip_sk_update_pmtu(struct inet_sock *inet, const struct sk_buff *skb, u32 mtu_bytes)
{
	const struct iphdr *iph = (const struct iphdr *)(const void *)skb->data;
	struct rtable *rt;

	if (inet->pmtudisc == IP_PMTUDISC_INTERFACE || inet->pmtudisc == IP_PMTUDISC_OMIT)
		return;
	ip_update_pmtu(inet->sk.net, iph->daddr, mtu_bytes, inet->sk.bound_dev_if);
	inet_dst_set(inet, NULL);
	if (inet->sk.state == INET_TCP_ESTABLISHED)
		(void)ip_sk_relookup(inet,
				     &rt); /* IP_MTU knows the news; without a route, the next packet asks again */
}

void ip_pktinfo_prepare(const struct sock *sk, struct sk_buff *skb)
{
	struct inet_skb_cb cb = { .iif = skb->skb_iif, .frag_max_bytes = IPCB(skb)->frag_max_size };

	if ((inet_sk(sk)->cmsg_flags & IP_CMSG_PKTINFO) && skb_dst(skb)) {
		cb.spec_dst = fib_compute_spec_dst(skb);
		if (skb_rtable(skb)->iif)
			cb.iif = skb_rtable(skb)->iif;
	}
	*INET_SKB_CB(skb) = cb;
}

__be32 ip_skb_saddr(const struct sk_buff *skb)
{
	return ((const struct iphdr *)(const void *)skb_network_header(skb))->saddr;
}
