// SPDX-License-Identifier: BSD-2-Clause
/* Control messages of level SOL_IPV6.  @rfc 3542 6, 2292   @linux net/ipv6/datagram.c: ip6_datagram_send_ctl, _recv_ctl */
#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>

#include "ipv6/addrconf.h"
#include "ipv6/ipv6.h"
#include "socket/inet6_sock.h"
#include "socket/ipv6_names.h"
#include "wire/ip.h"

#define CONTROL_MAX_BYTES (64U << 10) /* in the value of an option */

/* ------------------------------------------------------------------ send */

/** struct cmsg6_out - what the messages of one call change */
struct cmsg6_out {
	struct sock *sk;
	struct flowi6 *fl6;
	struct ipcm6_cookie *ipc;
	struct ipv6_txoptions **owned;
};

static int cmsg_pktinfo(const struct cmsghdr *cmsg, const struct cmsg6_out *o)
{
	const struct inet_sock *inet = inet_sk(o->sk);
	struct net *net = o->sk->net;
	struct net_device *dev = NULL;
	struct in6_pktinfo info;
	u32 type;

	if (cmsg->cmsg_len < CMSG_LEN(sizeof(info)))
		return -EINVAL;
	memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
	type = ipv6_addr_type(&info.ipi6_addr);
	if (info.ipi6_ifindex) {
		if (o->fl6->oif && o->fl6->oif != (int)info.ipi6_ifindex)
			return -EINVAL;
		o->fl6->oif = (int)info.ipi6_ifindex;
	}
	if (o->fl6->oif) {
		dev = dev_find_by_index(net, o->fl6->oif);
		if (!dev)
			return -ENODEV;
	} else if (type & IPV6_ADDR_LINKLOCAL) {
		return -EINVAL;
	}
	if (type == IPV6_ADDR_ANY)
		return 0;
	if (!(net->ipv6->ip_nonlocal_bind || inet->freebind || inet->transparent) &&
	    !ipv6_chk_addr_and_flags(net, &info.ipi6_addr, type & IPV6_ADDR_LINKLOCAL ? dev : NULL, IFA_F_TENTATIVE) &&
	    !ipv6_chk_acast_addr(net, type & IPV6_ADDR_LINKLOCAL ? dev : NULL, &info.ipi6_addr))
		return -EINVAL;
	o->fl6->saddr = info.ipi6_addr;
	return 0;
}

static int cmsg_int(const struct cmsghdr *cmsg, int min, int max, int *value)
{
	if (cmsg->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EINVAL;
	memcpy(value, CMSG_DATA(cmsg), sizeof(int));
	return *value < min || *value > max ? -EINVAL : 0;
}

static int cmsg_flowinfo(const struct cmsghdr *cmsg, const struct cmsg6_out *o)
{
	__be32 info;

	if (cmsg->cmsg_len < CMSG_LEN(sizeof(info)))
		return -EINVAL;
	memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
	if (o->fl6->flowlabel & CONST_BE32(IPV6_FLOWINFO_MASK) && /* Linux looks at the version alone */
	    (o->fl6->flowlabel ^ info) & ~CONST_BE32(IPV6_FLOWINFO_MASK))
		return -EINVAL;
	o->fl6->flowlabel = info & CONST_BE32(IPV6_FLOWINFO_MASK);
	return 0;
}

static int cmsg_header(const struct cmsghdr *cmsg, int name, const struct cmsg6_out *o)
{
	u32 bytes = (u32)(cmsg->cmsg_len - CMSG_LEN(0));
	struct ipv6_txoptions *renewed;
	int err;

	if (name != IPV6_RTHDR && !o->sk->admin)
		return -EPERM;
	err = ipv6_renew_options(o->sk, o->ipc->opt, name, CMSG_DATA(cmsg), bytes, &renewed);
	if (err)
		return err;
	ipv6_txoptions_free(o->sk, *o->owned);
	*o->owned = renewed;
	o->ipc->opt = renewed;
	return 0;
}

static int cmsg_ipv6(const struct cmsghdr *cmsg, const struct cmsg6_out *o)
{
	int value, err;

	switch (cmsg->cmsg_type) {
	case IPV6_PKTINFO:
	case IPV6_2292PKTINFO:
		return cmsg_pktinfo(cmsg, o);
	case IPV6_FLOWINFO:
		return cmsg_flowinfo(cmsg, o);
	case IPV6_HOPOPTS:
	case IPV6_2292HOPOPTS:
		return cmsg_header(cmsg, IPV6_HOPOPTS, o);
	case IPV6_DSTOPTS:
	case IPV6_2292DSTOPTS:
		return cmsg_header(cmsg, IPV6_DSTOPTS, o);
	case IPV6_RTHDRDSTOPTS:
		return cmsg_header(cmsg, IPV6_RTHDRDSTOPTS, o);
	case IPV6_RTHDR:
	case IPV6_2292RTHDR:
		return cmsg_header(cmsg, IPV6_RTHDR, o);
	case IPV6_HOPLIMIT:
	case IPV6_2292HOPLIMIT:
		return cmsg_int(cmsg, -1, 255, &o->ipc->hlimit);
	case IPV6_TCLASS:
		err = cmsg_int(cmsg, -1, 255, &value);
		if (!err)
			o->ipc->tclass = value;
		return err;
	case IPV6_DONTFRAG:
		return cmsg_int(cmsg, 0, 1, &o->ipc->dontfrag);
	default:
		return -EINVAL;
	}
}

static int cmsg_socket(const struct cmsghdr *cmsg, const struct cmsg6_out *o)
{
	int err = sock_cmsg_send(o->sk, cmsg, &o->ipc->sockc);

	o->fl6->mark = o->ipc->sockc.mark;
	return err;
}

int ipv6_cmsg_send(struct sock *sk, const struct msghdr *msg, struct flowi6 *fl6, struct ipcm6_cookie *ipc,
		   struct ipv6_txoptions **opt_owned, int (*foreign)(const struct cmsghdr *cmsg, void *ctx), void *ctx)
{
	const struct cmsg6_out o = { sk, fl6, ipc, opt_owned };
	const struct cmsghdr *cmsg = NULL;
	int more, err = 0;

	while ((more = cmsg_next(msg, &cmsg)) > 0) {
		if (cmsg->cmsg_level == SOL_SOCKET)
			err = cmsg_socket(cmsg, &o);
		else if (cmsg->cmsg_level == SOL_IPV6)
			err = cmsg_ipv6(cmsg, &o);
		else if (foreign)
			err = foreign(cmsg, ctx);
		if (err)
			return err;
	}
	return more;
}

int ipv6_cmsg_options(struct sock *sk, const void *control, u32 bytes, struct ipv6_txoptions **out)
{
	struct msghdr msg = { .msg_controllen = bytes };
	struct ipcm6_cookie ipc = { .hlimit = -1, .sockc = sockcm_init(sk) };
	struct flowi6 fl6 = { 0 };
	int err;

	*out = NULL;
	if (!bytes)
		return 0;
	if (bytes > CONTROL_MAX_BYTES)
		return -EINVAL;
	msg.msg_control = mem_alloc(sk->net->mem, bytes); /* aligned */
	if (!msg.msg_control)
		return -ENOMEM;
	memcpy(msg.msg_control, control, bytes);
	err = ipv6_cmsg_send(sk, &msg, &fl6, &ipc, out, NULL, NULL);
	mem_free(sk->net->mem, msg.msg_control, bytes);
	if (err) {
		ipv6_txoptions_free(sk, *out);
		*out = NULL;
	}
	return err;
}

/* ------------------------------------------------------------------ receive */

/** struct rx_words - the same in the words of RFC 3542, and of RFC 2292 for who asks in them */
struct rx_words {
	u16 pktinfo, hoplimit, hopopts, dstopts, rthdr; /* IPV6_RXOPT_* */
	int pktinfo_name, hoplimit_name, hopopts_name, dstopts_name, rthdr_name;
};

static const struct rx_words new_words = {
	IPV6_RXOPT_PKTINFO, IPV6_RXOPT_HOPLIMIT, IPV6_RXOPT_HOPOPTS, IPV6_RXOPT_DSTOPTS, IPV6_RXOPT_RTHDR,
	IPV6_PKTINFO,       IPV6_HOPLIMIT,       IPV6_HOPOPTS,       IPV6_DSTOPTS,       IPV6_RTHDR,
};
static const struct rx_words old_words = {
	IPV6_RXOPT_OPKTINFO, IPV6_RXOPT_OHOPLIMIT, IPV6_RXOPT_OHOPOPTS, IPV6_RXOPT_ODSTOPTS, IPV6_RXOPT_ORTHDR,
	IPV6_2292PKTINFO,    IPV6_2292HOPLIMIT,    IPV6_2292HOPOPTS,    IPV6_2292DSTOPTS,    IPV6_2292RTHDR,
};

static void put_pktinfo(u16 flags, const struct rx_words *w, const struct in6_addr *addr, int iif, struct cmsg_out *out)
{
	struct in6_pktinfo info = { .ipi6_addr = *addr, .ipi6_ifindex = (u32)iif };

	if (flags & w->pktinfo)
		put_cmsg(out, SOL_IPV6, w->pktinfo_name, &info, sizeof(info));
}

static struct ipv6_seen seen_of(const struct ipv6hdr *hdr, int iif)
{
	return (struct ipv6_seen){
		.daddr = hdr->daddr, .flowinfo = ip6_flowinfo(hdr), .iif = iif, .hop_limit = hdr->hop_limit, .any = true
	};
}

static void put_where(u16 flags, const struct rx_words *w, const struct ipv6_seen *seen, struct cmsg_out *out)
{
	int hops = seen->hop_limit;

	put_pktinfo(flags, w, &seen->daddr, seen->iif, out);
	if (flags & w->hoplimit)
		put_cmsg(out, SOL_IPV6, w->hoplimit_name, &hops, sizeof(hops));
}

static void put_tclass(u16 flags, __be32 flowinfo, struct cmsg_out *out)
{
	int tclass = (int)(be32_to_cpu(flowinfo) >> 20 & 0xff);

	if (flags & IPV6_RXOPT_TCLASS)
		put_cmsg(out, SOL_IPV6, IPV6_TCLASS, &tclass, sizeof(tclass));
}

static void put_flowinfo(u16 flags, __be32 flowinfo, struct cmsg_out *out)
{
	if (flags & IPV6_RXOPT_FLOWINFO)
		put_cmsg(out, SOL_IPV6, IPV6_FLOWINFO, &flowinfo, sizeof(flowinfo));
}

static void put_header(const struct sk_buff *skb, u16 asked, u16 offset, int name, struct cmsg_out *out)
{
	const u8 *hdr = skb_network_header(skb) + offset;

	if (offset && asked)
		put_cmsg(out, SOL_IPV6, name, hdr, ipv6_optlen((const struct ipv6_opt_hdr *)(const void *)hdr));
}

/* The walk over the headers that came: destination options may stand before a routing header, and at the end. */
static void put_headers(const struct sk_buff *skb, u16 flags, const struct rx_words *w, struct cmsg_out *out)
{
	const struct inet6_skb_parm *opt = IP6CB(skb);

	put_header(skb, flags & w->hopopts, opt->hop, w->hopopts_name, out);
	put_header(skb, flags & w->dstopts, opt->dst0, w->dstopts_name, out);
	put_header(skb, flags & w->rthdr, opt->srcrt, w->rthdr_name, out);
	put_header(skb, flags & w->dstopts, opt->dst1, w->dstopts_name, out);
}

static void put_origdstaddr(const struct sk_buff *skb, struct cmsg_out *out)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };

	/* the ports are the first four octets of every transport header that has any */
	if (skb->transport_header == SKB_HEADER_UNSET || skb->transport_header + 4U > skb->tail)
		return;
	sin6.sin6_addr = ipv6_hdr(skb)->daddr;
	memcpy(&sin6.sin6_port, skb_transport_header(skb) + 2, sizeof(sin6.sin6_port));
	sin6.sin6_scope_id = ipv6_iface_scope_id(&sin6.sin6_addr, IP6CB(skb)->iif);
	put_cmsg(out, SOL_IPV6, IPV6_ORIGDSTADDR, &sin6, sizeof(sin6));
}

/* Of a packet of IPv4, for a socket of both. */
static void recv_mapped(const struct sock *sk, const struct sk_buff *skb, struct cmsg_out *out)
{
	const struct iphdr *iph = (const struct iphdr *)(const void *)skb_network_header(skb);
	struct in6_addr daddr;

	ipv6_addr_set_v4mapped(iph->daddr, &daddr);
	put_pktinfo(inet6_sk(sk)->rxopt_flags, &new_words, &daddr, INET_SKB_CB(skb)->iif, out);
	put_pktinfo(inet6_sk(sk)->rxopt_flags, &old_words, &daddr, INET_SKB_CB(skb)->iif, out);
	if (inet_sk(sk)->cmsg_flags)
		ip_cmsg_recv(sk, skb, out);
}

void ipv6_cmsg_recv(const struct sock *sk, const struct sk_buff *skb, struct cmsg_out *out)
{
	const u16 flags = inet6_sk(sk)->rxopt_flags;
	struct ipv6_seen seen;
	int frag_max_bytes;

	if (skb->protocol != CONST_BE16(ETH_P_IPV6)) {
		recv_mapped(sk, skb, out);
		return;
	}
	if (likely(!flags))
		return;
	seen = seen_of(ipv6_hdr(skb), IP6CB(skb)->iif);
	put_where(flags, &new_words, &seen, out);
	put_tclass(flags, seen.flowinfo, out);
	if (seen.flowinfo)
		put_flowinfo(flags, seen.flowinfo, out);
	put_headers(skb, flags, &new_words, out);
	put_where(flags, &old_words, &seen, out);
	put_headers(skb, flags, &old_words, out);
	if (flags & IPV6_RXOPT_ORIGDSTADDR)
		put_origdstaddr(skb, out);
	if ((flags & IPV6_RXOPT_RECVFRAGSIZE) && IP6CB(skb)->frag_max_size) {
		frag_max_bytes = IP6CB(skb)->frag_max_size;
		put_cmsg(out, SOL_IPV6, IPV6_RECVFRAGSIZE, &frag_max_bytes, sizeof(frag_max_bytes));
	}
}

/* ------------------------------------------------------------------ streams */

void ipv6_seen_set(struct ipv6_pinfo *np, const struct sk_buff *skb)
{
	np->seen = seen_of(ipv6_hdr(skb), skb->skb_iif);
	if (np->rxopt_flags & (IPV6_RXOPT_FLOWINFO | IPV6_RXOPT_TCLASS))
		np->rcv_flowinfo = np->seen.flowinfo;
}

/* Without a packet, what the socket would send with, or what the peer began with. */
static struct ipv6_seen unseen(const struct ipv6_pinfo *np)
{
	return (struct ipv6_seen){
		.daddr = np->mcast_oif ? np->daddr : np->sticky_addr,
		.flowinfo = np->rcv_flowinfo,
		.iif = np->mcast_oif ? np->mcast_oif : np->sticky_ifindex,
		.hop_limit = (u8)np->mcast_hops,
	};
}

/* Linux has the label last when there was no packet. */
void ipv6_pktoptions_get(const struct sock *sk, struct cmsg_out *out)
{
	const struct ipv6_pinfo *np = inet6_sk(sk);
	const struct ipv6_seen seen = np->seen.any ? np->seen : unseen(np);
	const u16 flags = np->rxopt_flags;

	put_where(flags, &new_words, &seen, out);
	put_tclass(flags, seen.flowinfo, out);
	if (seen.any && seen.flowinfo)
		put_flowinfo(flags, seen.flowinfo, out);
	put_where(flags, &old_words, &seen, out);
	if (!seen.any)
		put_flowinfo(flags, seen.flowinfo, out);
}
