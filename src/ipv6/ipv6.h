/* SPDX-License-Identifier: BSD-2-Clause */
/* The IPv6 layer: output, input, extension headers, fragments, forwarding.
 *
 * @step S4 of S13   @rfc 8200, 7045, 5095, 5722, 6946, 7112, 8021   @linux include/net/ipv6.h
 */
#ifndef NETHOOD_IPV6_IPV6_H
#define NETHOOD_IPV6_IPV6_H

#include "base/types.h"
#include "ipv6/ip6_route.h"
#include "ipv6/netns_ipv6.h"
#include "net.h"
#include "skb/skbuff.h"
#include "wire/ipv6.h"

static inline struct ipv6hdr *ipv6_hdr(const struct sk_buff *skb)
{
	return (struct ipv6hdr *)(void *)skb_network_header(skb);
}

/** struct inet6_skb_parm - skb->cb while IPv6 has the packet.  Offsets count from the IPv6 header; 0: absent */
struct inet6_skb_parm {
	int iif;
	u16 flags;                  /**< IP6SKB_* */
	u16 hop, dst0, srcrt, dst1; /**< hop-by-hop, destination, routing, destination */
	u16 nhoff;                  /**< of the octet that says what comes next */
	u16 frag_max_size;
};
#define IP6SKB_FORWARDED (1U << 1)
#define IP6SKB_ROUTERALERT (1U << 3)
#define IP6SKB_FRAGMENTED (1U << 4)
#define IP6SKB_NO_MC_LOOP (1U << 5)
#define IP6SKB_DEV_MTU (1U << 6) /**< its socket does not believe in path MTUs */
#define IP6SKB_JUMBOGRAM (1U << 7)
#define IP6CB(skb) ((struct inet6_skb_parm *)(void *)((skb)->cb))
static_assert(sizeof(struct inet6_skb_parm) <= 40, "the socket's own part of cb follows");

/** struct ipv6_txoptions - extension headers to send; owned by a socket or a call.  Each NULL: none */
struct ipv6_txoptions {
	u16 opt_flen, opt_nflen; /**< octets behind, before the fragment header */
	struct ipv6_opt_hdr *hopopt, *dst0opt;
	struct ipv6_rt_hdr *srcrt; /**< type 0 is refused (RFC 5095); types 2, 3, 4 pass as the kernel's */
	struct ipv6_opt_hdr *dst1opt;
	u32 tot_bytes; /**< of this object and what follows it */
};

/** struct ipcm6_cookie - what a send call says about one datagram */
struct ipcm6_cookie {
	int hlimit; /**< -1: default */
	int tclass; /**< -1: the socket's */
	int dontfrag;
	struct sockcm_cookie sockc;
	struct ipv6_txoptions *opt; /**< borrowed */
	u8 protocol;
	u16 skb_flags;
};

/* ---- down: ipv6/ip6_output.c */
/**
 * ip6_xmit() - IPv6 header (and @opt's extension headers) on @skb (taken), which has its dst; then ip6_local_out()
 * @hlimit: -1: the route's.  @linux ip6_xmit
 * Return: 0, -errno
 */
int ip6_xmit(struct net *net, struct sock *sk, struct sk_buff *skb, const struct flowi6 *fl6, u8 proto, int tclass,
	     int hlimit, const struct ipv6_txoptions *opt);
/** ip6_push_header() - same without sending: header and @opt on @skb, borrowed; data at the transport header before */
int ip6_push_header(struct net *net, struct sk_buff *skb, const struct flowi6 *fl6, u8 proto, int tclass, int hlimit,
		    const struct ipv6_txoptions *opt);
/** ip6_local_out() - payload length, LOCAL_OUT hook, then dst->output; skb taken */
int ip6_local_out(struct net *net, struct sock *sk, struct sk_buff *skb);
/** ip6_send_skb() - ip6_local_out() with the statistics of a datagram.  Return: 0, -errno */
int ip6_send_skb(struct net *net, struct sock *sk, struct sk_buff *skb);
/** ip6_send_ready() - ip6_send_skb() for a packet whose header is complete and that fits the path */
int ip6_send_ready(struct net *net, struct sock *sk, struct sk_buff *skb);
/** ip6_local_out_ready() - ip6_local_out() for such a packet */
int ip6_local_out_ready(struct net *net, struct sock *sk, struct sk_buff *skb);
/** ip6_output_label() - flow label that ip6_push_header() would write for @fl6 */
__be32 ip6_output_label(struct net *net, const struct flowi6 *fl6);
int ip6_output(struct net *net, struct sock *sk, struct sk_buff *skb); /* dst->output */
/** ip6_fragment() - @linux ip6_fragment; skb taken */
int ip6_fragment(struct net *net, struct sock *sk, struct sk_buff *skb,
		 int (*output)(struct net *, struct sock *, struct sk_buff *));
/** ip6_skb_mtu() - what @skb may measure on its way */
u32 ip6_skb_mtu(const struct sk_buff *skb);
/** ipv6_select_ident() - identification of fragments; unpredictable.  @rfc 7739 */
__be32 ipv6_select_ident(struct net *net, const struct in6_addr *daddr, const struct in6_addr *saddr);
/** ip6_make_flowlabel() - label of a flow by hash, if the net gives them (auto_flowlabels).  @rfc 6437 */
__be32 ip6_make_flowlabel(struct net *net, const struct sk_buff *skb, __be32 flowlabel, bool autolabel,
			  const struct flowi6 *fl6);
/** ip6_dst_idev() - for counters of a device; NULL */
struct inet6_dev *ip6_dst_idev(const struct sk_buff *skb);
/** IP6_INC() - a counter of the net and of the device @idev (may be NULL) */
#define IP6_INC(net_, idev_, name) \
	do { \
		struct inet6_dev *idev__ = (idev_); \
		(net_)->ipv6->stats.name++; \
		if (idev__) \
			idev__->stats->name++; \
	} while (0)
#define IP6_ADD(net_, idev_, name, n_) \
	do { \
		struct inet6_dev *idev__ = (idev_); \
		(net_)->ipv6->stats.name += (n_); \
		if (idev__) \
			idev__->stats->name += (n_); \
	} while (0)

/* ---- extension headers: ipv6/exthdrs.c */
int ipv6_exthdrs_init(struct net *net);
void ipv6_exthdrs_exit(struct net *net);
/** ipv6_parse_hopopts() - hop-by-hop header behind the IPv6 header.  Return: false: dropped (@skb taken) */
bool ipv6_parse_hopopts(struct sk_buff *skb);
/** ipv6_push_nfrag_opts(), ipv6_push_frag_opts() - @opt's headers before the payload; *proto: what comes first, in and out;
 *  *daddr: of a routing header: the first hop, in and out */
void ipv6_push_nfrag_opts(struct sk_buff *skb, const struct ipv6_txoptions *opt, u8 *proto, struct in6_addr *daddr);
void ipv6_push_frag_opts(struct sk_buff *skb, const struct ipv6_txoptions *opt, u8 *proto);
/** ip6_find_1stfragopt() - where a fragment header belongs: *nexthdr: the octet before it.  Return: offset, -EINVAL */
int ip6_find_1stfragopt(struct sk_buff *skb, u8 **nexthdr);

/* ---- up: ipv6/ip6_input.c */
int ipv6_rcv(struct sk_buff *skb, struct net_device *dev, void *ctx); /* packet_type of ETH_P_IPV6 */
int ip6_input(struct sk_buff *skb);                                   /* dst->input of what is ours */
int ip6_mc_input(struct sk_buff *skb);                                /* of multicast */
int ip6_forward(struct sk_buff *skb);                                 /* of what is routed on */
/** ip6_protocol_deliver() - the walk over extension headers to a protocol; data at the transport header, IP6CB.nhoff set */
void ip6_protocol_deliver(struct net *net, struct sk_buff *skb, u8 nexthdr, bool have_final);

/* ---- ipv6/reassembly.c */
int ipv6_frag_init(struct net *net);
void ipv6_frag_exit(struct net *net);
/** ipv6_frag_make_room() - the oldest go, until what waits is within net.ipv6.ip6frag_high_thresh */
void ipv6_frag_make_room(struct net *net);
void ip6_frag_usage(const struct net *net, u32 *queues_count, u32 *mem_bytes);

#endif
