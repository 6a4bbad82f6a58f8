// SPDX-License-Identifier: BSD-2-Clause
/* Control messages of level SOL_IP.  @linux ip(7), net/ipv4/ip_sockglue.c: ip_cmsg_send, ip_cmsg_recv */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "ipv4/ip.h"
#include "socket/inet_sock.h"
#include "wire/ip.h"
#include "wire/ipv6.h"

void ip_ipcm_init(struct ipcm_cookie *ipc, struct inet_sock *inet)
{
	*ipc = (struct ipcm_cookie){
		.addr = inet->saddr,
		.oif = inet->sk.bound_dev_if,
		.opt = inet->opt,
		.ttl = -1,
		.tos = inet->tos,
		.sockc = sockcm_init(&inet->sk),
		.protocol = (u8)inet->sk.protocol,
		.skb_flags = (u16)((inet->pmtudisc >= IP_PMTUDISC_PROBE ? IPSKB_DEV_MTU : 0U) |
				   (inet->mc_loop ? 0U : IPSKB_NO_MC_LOOP)),
		.ident = inet->daddr ? &inet->ident : NULL,
	};
}

static int cmsg_pktinfo(const struct cmsghdr *cmsg, struct ipcm_cookie *ipc)
{
	struct in_pktinfo info;

	if (cmsg->cmsg_len != CMSG_LEN(sizeof(info)))
		return -EINVAL;
	memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
	if (info.ipi_ifindex)
		ipc->oif = info.ipi_ifindex;
	ipc->addr = (__force __be32)info.ipi_spec_dst.s_addr;
	return 0;
}

/* Of a socket of both families: IPV6_PKTINFO with ::ffff:a.b.c.d */
static int cmsg_pktinfo6(const struct cmsghdr *cmsg, struct ipcm_cookie *ipc)
{
	struct in6_pktinfo info;

	if (cmsg->cmsg_type != IPV6_PKTINFO)
		return 0;
	if (cmsg->cmsg_len < CMSG_LEN(sizeof(info)))
		return -EINVAL;
	memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
	if (!ipv6_addr_v4mapped(&info.ipi6_addr))
		return -EINVAL;
	if (info.ipi6_ifindex)
		ipc->oif = (int)info.ipi6_ifindex;
	ipc->addr = ipv6_mapped_v4(&info.ipi6_addr);
	return 0;
}

/* An int, or a byte where @byte_allowed. */
static int cmsg_int(const struct cmsghdr *cmsg, bool byte_allowed, int min, int max, int *value)
{
	if (cmsg->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(value, CMSG_DATA(cmsg), sizeof(int));
	else if (byte_allowed && cmsg->cmsg_len == CMSG_LEN(sizeof(u8)))
		*value = *CMSG_DATA(cmsg);
	else
		return -EINVAL;
	return *value < min || *value > max ? -EINVAL : 0;
}

static int cmsg_ip(const struct cmsghdr *cmsg, struct ipcm_cookie *ipc)
{
	int value, err;

	switch (cmsg->cmsg_type) {
	case IP_PKTINFO:
		return cmsg_pktinfo(cmsg, ipc);
	case IP_TTL:
		return cmsg_int(cmsg, false, 1, 255, &ipc->ttl);
	case IP_TOS:
		return cmsg_int(cmsg, true, 0, 255, &ipc->tos);
	case 52: /* IP_PROTOCOL */
		err = cmsg_int(cmsg, false, 1, 255, &value);
		if (!err)
			ipc->protocol = (u8)value;
		return err;
	default:
		return -EINVAL;
	}
}

int ip_cmsg_send(struct sock *sk, const struct msghdr *msg, struct ipcm_cookie *ipc,
		 int (*foreign)(const struct cmsghdr *cmsg, void *ctx), void *ctx)
{
	const struct cmsghdr *cmsg = NULL;
	int more, err = 0;

	while ((more = cmsg_next(msg, &cmsg)) > 0) {
		if (cmsg->cmsg_level == SOL_SOCKET)
			err = sock_cmsg_send(sk, cmsg, &ipc->sockc);
		else if (cmsg->cmsg_level == SOL_IP)
			err = cmsg_ip(cmsg, ipc);
		else if (cmsg->cmsg_level == SOL_IPV6 && sk->family == AF_INET6)
			err = cmsg_pktinfo6(cmsg, ipc);
		else if (foreign)
			err = foreign(cmsg, ctx);
		if (err)
			return err;
	}
	return more;
}

/* ------------------------------------------------------------------ receive */

static void put_pktinfo(const struct sk_buff *skb, const struct iphdr *iph, struct cmsg_out *out)
{
	struct in_pktinfo info = { .ipi_ifindex = INET_SKB_CB(skb)->iif };

	info.ipi_spec_dst.s_addr = (__force u32)INET_SKB_CB(skb)->spec_dst;
	info.ipi_addr.s_addr = (__force u32)iph->daddr;
	put_cmsg(out, SOL_IP, IP_PKTINFO, &info, sizeof(info));
}

static void put_origdstaddr(const struct sk_buff *skb, const struct iphdr *iph, struct cmsg_out *out)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };

	/* the ports are the first four octets of every transport header that has any */
	if (skb->transport_header == SKB_HEADER_UNSET || skb->transport_header + 4U > skb->tail)
		return;
	sin.sin_addr.s_addr = (__force u32)iph->daddr;
	memcpy(&sin.sin_port, skb_transport_header(skb) + 2, sizeof(sin.sin_port));
	put_cmsg(out, SOL_IP, IP_ORIGDSTADDR, &sin, sizeof(sin));
}

static_assert(sizeof(struct inet_skb_cb) <= offsetof(struct inet_skb_parm, opt),
	      "ip_options_echo() reads what IPv4 parsed");

static void put_options(const struct sk_buff *skb, const struct iphdr *iph, bool reply, struct cmsg_out *out)
{
	u32 options_bytes = iph->ihl * 4U - (u32)sizeof(*iph);
	struct ip_options echo;

	if (!options_bytes)
		return;
	if (!reply)
		put_cmsg(out, SOL_IP, IP_RECVOPTS, iph + 1, options_bytes);
	else if (!ip_options_echo(&echo, skb))
		put_cmsg(out, SOL_IP, IP_RETOPTS, echo.data, echo.optlen);
}

void ip_cmsg_recv(const struct sock *sk, const struct sk_buff *skb, struct cmsg_out *out)
{
	const struct iphdr *iph = (const struct iphdr *)(const void *)skb_network_header(skb);
	u32 flags = inet_sk(sk)->cmsg_flags;
	int value;

	if (flags & IP_CMSG_PKTINFO)
		put_pktinfo(skb, iph, out);
	if (flags & IP_CMSG_TTL) {
		value = iph->ttl;
		put_cmsg(out, SOL_IP, IP_TTL, &value, sizeof(value));
	}
	if (flags & IP_CMSG_TOS)
		put_cmsg(out, SOL_IP, IP_TOS, &iph->tos, 1);
	if (flags & IP_CMSG_RECVOPTS)
		put_options(skb, iph, false, out);
	if (flags & IP_CMSG_RETOPTS)
		put_options(skb, iph, true, out);
	if (flags & IP_CMSG_ORIGDSTADDR)
		put_origdstaddr(skb, iph, out);
	if ((flags & IP_CMSG_RECVFRAGSIZE) && INET_SKB_CB(skb)->frag_max_bytes) {
		value = INET_SKB_CB(skb)->frag_max_bytes;
		put_cmsg(out, SOL_IP, IP_RECVFRAGSIZE, &value, sizeof(value));
	}
}
