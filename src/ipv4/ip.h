/* SPDX-License-Identifier: BSD-2-Clause */
/* The IPv4 layer: output, input, forwarding, fragments.
 *
 * @step S4 of S13   @rfc 791, 1122 3.2-3.3, 1812, 6864   @linux include/net/ip.h
 */
#ifndef NETHOOD_IPV4_IP_H
#define NETHOOD_IPV4_IP_H

#include "base/types.h"
#include "ipv4/netns_ipv4.h"
#include "ipv4/route.h"
#include "net.h"
#include "skb/skbuff.h"
#include "wire/ip.h"

static inline struct iphdr *ip_hdr(const struct sk_buff *skb)
{
	return (struct iphdr *)(void *)skb_network_header(skb);
}

/* Where options were found, and what is to be done about them.  Offsets count from the IP header; 0: absent. */
#define IP_OPT_FIELDS \
	u8 optlen; /* bytes, a multiple of 4 */ \
	u8 srr, rr, ts, router_alert, cipso; \
	u8 is_strictroute : 1, srr_is_hit : 1, is_changed : 1, rr_needaddr : 1, ts_needtime : 1, ts_needaddr : 1;
struct ip_opt_parm {
	IP_OPT_FIELDS
};

/** struct ip_options - options to send, or parsed ones */
struct ip_options {
	__be32 faddr; /**< first hop of a source route to send */
	union {
		struct {
			IP_OPT_FIELDS
		};
		struct ip_opt_parm parm;
	};
	u8 data[40]; /**< pointers not yet advanced over what *_needaddr and *_needtime say */
};

/** struct inet_skb_parm - skb->cb while IPv4 has the packet */
struct inet_skb_parm {
	int iif;
	u16 flags; /**< IPSKB_* */
	u16 frag_max_size;
	__be32 nexthop;         /**< of a source route, if opt.srr_is_hit */
	struct ip_opt_parm opt; /**< stays while a socket has the packet: its own part of cb ends before */
};
#define IPSKB_FORWARDED (1U << 0)
#define IPSKB_FRAG_PMTU (1U << 2) /**< all fragments had DF: so will those that it is cut into again */
#define IPSKB_FRAG_COMPLETE (1U << 3)
#define IPSKB_NO_MC_LOOP (1U << 4) /**< IP_MULTICAST_LOOP is off: no copy for ourselves */
#define IPSKB_DEV_MTU (1U << 5)    /**< its socket does not believe in path MTUs */
#define IPCB(skb) ((struct inet_skb_parm *)(void *)((skb)->cb))

/** struct ipcm_cookie - what a send call says about one datagram */
struct ipcm_cookie {
	__be32 addr; /**< source, 0: choose */
	int oif;
	const struct ip_options *opt;
	int ttl; /**< -1: default */
	int tos; /**< -1: the socket's */
	struct sockcm_cookie sockc;
	u8 protocol;
	bool df;        /**< set DF; a packet larger than the path is -EMSGSIZE */
	bool ignore_df; /**< DF, but fragment locally (IP_PMTUDISC_WANT semantics are the socket's business) */
	u16 skb_flags;  /**< what its socket wants of the way: IPSKB_DEV_MTU, IPSKB_NO_MC_LOOP */
	u16 *ident;     /**< counter of a connected socket; NULL: ip_select_ident() finds one */
};

/* ---- down */
/**
 * ip_push_header() - put an IPv4 header on a datagram
 * @skb: borrowed; data at the transport header; room for the header is there
 */
void ip_push_header(struct net *net, struct sk_buff *skb, const struct rtable *rt, const struct flowi4 *fl4,
		    const struct ipcm_cookie *ipc);
/** ip_send_skb() - ip_local_out() with the statistics of a datagram; skb taken.  Return: 0, -ENOBUFS, -EPERM, -EMSGSIZE ... */
int ip_send_skb(struct net *net, struct sock *sk, struct sk_buff *skb);
/** ip_local_out_ready() - ip_local_out() for a packet whose header is complete, checksum and all, and that fits the path */
int ip_local_out_ready(struct net *net, struct sock *sk, struct sk_buff *skb);
/** ip_send_ready() - same, as ip_send_skb() */
int ip_send_ready(struct net *net, struct sock *sk, struct sk_buff *skb);
/** ip_local_out() - length and checksum of the header, LOCAL_OUT hook, then dst->output; skb taken, dst set */
int ip_local_out(struct net *net, struct sock *sk, struct sk_buff *skb);
int ip_output(struct net *net, struct sock *sk, struct sk_buff *skb);    /* dst->output of unicast */
int ip_mc_output(struct net *net, struct sock *sk, struct sk_buff *skb); /* of multicast and broadcast: loops back */
/** ip_do_fragment() - @linux ip_do_fragment; skb taken; @output: where each fragment goes */
int ip_do_fragment(struct net *net, struct sock *sk, struct sk_buff *skb,
		   int (*output)(struct net *, struct sock *, struct sk_buff *));
/** ip_select_ident() - identification: 0 for what can never be a fragment.  @rfc 6864 */
void ip_select_ident(struct net *net, struct iphdr *iph, const struct sk_buff *skb, u32 segs);
/** ip_skb_mtu() - what @skb may measure on its way: by path for our own packets, by link for those of others */
u32 ip_skb_mtu(const struct sk_buff *skb);
/** ip_ident_next() - @segs identifiers for packets between two hosts: a counter with random steps.  @rfc 7739 */
u16 ip_ident_next(struct net *net, __be32 daddr, __be32 saddr, u8 protocol, u32 segs);

/* ---- options: ipv4/ip_options.c */
/** ip_options_get() - options that a user wants to send: checked, and parsed into @out
 *  @admin: he may send what nobody here knows.  Return: 0, -EINVAL */
int __must_check ip_options_get(struct net *net, const u8 *data, u32 len_bytes, bool admin, struct ip_options *out);
/** ip_options_build() - write @opt behind the header of @skb, whose source is set; @daddr: where a source route ends */
void ip_options_build(struct sk_buff *skb, const struct ip_options *opt, __be32 daddr);
/** ip_options_fragment() - options that only the first fragment carries become no-operations.  @rfc 791 3.1 */
void ip_options_fragment(struct iphdr *iph);
/** ip_options_rcv() - options of a received packet: judged, recorded in, IPCB filled; ICMP says what is wrong; a source
 *  route may give it another route.  Return: 0, -EINVAL, -ENOMEM */
int __must_check ip_options_rcv(struct sk_buff *skb, struct net_device *dev);
/** ip_options_forward() - record, turn the source route, and mend the checksum on the way through */
void ip_options_forward(struct sk_buff *skb);
/** ip_options_echo() - options for the answer to @skb: routes reversed, stamps kept.  Return: 0, -EINVAL (no room left to record) */
int __must_check ip_options_echo(struct ip_options *out, const struct sk_buff *skb);

/* ---- up */
int ip_rcv(struct sk_buff *skb, struct net_device *dev, void *ctx); /* packet_type of ETH_P_IP */
int ip_local_deliver(struct sk_buff *skb);                          /* dst->input of RTN_LOCAL */
int ip_forward(struct sk_buff *skb);                                /* dst->input of what is routed on */
#define IP_DEFRAG_LOCAL_DELIVER 0U
#define IP_DEFRAG_CALL_RA_CHAIN 1U
/** ip_defrag() - @skb taken.  Return: the whole packet once it is complete, NULL until then */
struct sk_buff *ip_defrag(struct net *net, struct sk_buff *skb, u32 user);
/** ip_frag_usage() - what waits for the rest of it */
void ip_frag_usage(const struct net *net, u32 *queues_count, u32 *mem_bytes);
int ip_frag_init(struct net *net);
void ip_frag_exit(struct net *net);

#endif
