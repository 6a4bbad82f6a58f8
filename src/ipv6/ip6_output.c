// SPDX-License-Identifier: BSD-2-Clause
/* The IPv6 way down.
 *
 * @step S4 of S13, from udp/ raw/ tcp/, to neigh/neighbour.c
 * @rfc 8200, 6437
 * @linux net/ipv6/ip6_output.c
 *
 * Reading order: ip6_xmit(), ip6_push_header(), ip6_local_out(), ip6_output(), ip6_finish_output(),
 * ip6_finish_output2().
 */
#include <errno.h>
#include <linux/if_ether.h>

#include "dev/gso.h"
#include "dev/lwtunnel.h"
#include "ipv6/addrconf.h"
#include "ipv6/ipv6.h"
#include "ipv6/mcast.h"
#include "neigh/neighbour.h"
#include "netfilter/netfilter.h"

struct inet6_dev *ip6_dst_idev(const struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);

	return dst ? in6_dev_get_rcu(dst->dev) : NULL;
}

/* ------------------------------------------------------------------ header */

/* Does this packet's flow get a label of its own? */
static bool ip6_autolabel(const struct net *net, u8 fl6_flags)
{
	if (fl6_flags & (FLOWI6_FLAG_AUTOLABEL | FLOWI6_FLAG_NO_AUTOLABEL))
		return fl6_flags & FLOWI6_FLAG_AUTOLABEL;
	return net->ipv6->auto_flowlabels == IP6_AUTO_FLOW_LABEL_OPTOUT ||
	       net->ipv6->auto_flowlabels == IP6_AUTO_FLOW_LABEL_FORCED;
}

__be32 ip6_output_label(struct net *net, const struct flowi6 *fl6)
{
	return ip6_make_flowlabel(net, NULL, fl6->flowlabel, ip6_autolabel(net, fl6->flags), fl6);
}

int ip6_push_header(struct net *net, struct sk_buff *skb, const struct flowi6 *fl6, u8 proto, int tclass, int hlimit,
		    const struct ipv6_txoptions *opt)
{
	struct in6_addr daddr = fl6->daddr;
	u32 opt_bytes = opt ? (u32)opt->opt_nflen + opt->opt_flen : 0;
	struct ipv6hdr *hdr;
	__be32 label;
	int err;

	err = skb_cow_head(skb, (u32)sizeof(*hdr) + opt_bytes + LL_RESERVED_SPACE(skb_dst(skb)->dev));
	if (err)
		return err;
	if (unlikely(opt_bytes)) {
		ipv6_push_frag_opts(skb, opt, &proto);
		ipv6_push_nfrag_opts(skb, opt, &proto, &daddr);
	}
	label = ip6_make_flowlabel(net, skb, fl6->flowlabel & CONST_BE32(IPV6_FLOWLABEL_MASK),
				   ip6_autolabel(net, fl6->flags), fl6);
	hdr = skb_push(skb, sizeof(*hdr));
	skb_reset_network_header(skb);
	hdr->ver_tc_flow = ip6_flow_word((u8)(tclass >= 0 ? tclass : 0), label);
	hdr->payload_len = 0; /* ip6_local_out() */
	hdr->nexthdr = proto;
	hdr->hop_limit = (u8)(hlimit >= 0 ? (u32)hlimit : ip6_dst_hoplimit(skb_rt6_info(skb)));
	hdr->saddr = fl6->saddr;
	hdr->daddr = daddr;
	return 0;
}

/* ------------------------------------------------------------------ down */

static int dst6_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return skb_dst(skb)->output(net, sk, skb);
}

int ip6_local_out(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	u32 payload_bytes = skb->len - IPV6_HEADER_BYTES;

	TRACE_STEP(4, skb);
	IP6_INC(net, ip6_dst_idev(skb), out_requests);
	ipv6_hdr(skb)->payload_len = cpu_to_be16(payload_bytes <= IPV6_MAXPLEN ? (u16)payload_bytes : 0);
	IP6CB(skb)->nhoff = offsetof(struct ipv6hdr, nexthdr);
	skb->protocol = CONST_BE16(ETH_P_IPV6);
	return nf_hook(NFPROTO_IPV6, NF_INET_LOCAL_OUT, net, sk, skb, NULL, skb_dst(skb)->dev, dst6_output);
}

/* What a sender hears of NET_XMIT_*. */
static int ip6_sent(struct net *net, struct inet6_dev *idev, int err)
{
	if (likely(!err))
		return 0;
	if (err > 0)
		err = net_xmit_errno(err);
	if (err)
		IP6_INC(net, idev, out_discards);
	return err;
}

int ip6_send_skb(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct inet6_dev *idev = ip6_dst_idev(skb);

	return ip6_sent(net, idev, ip6_local_out(net, sk, skb));
}

int ip6_xmit(struct net *net, struct sock *sk, struct sk_buff *skb, const struct flowi6 *fl6, u8 proto, int tclass,
	     int hlimit, const struct ipv6_txoptions *opt)
{
	int err = ip6_push_header(net, skb, fl6, proto, tclass, hlimit, opt);

	if (err) {
		IP6_INC(net, ip6_dst_idev(skb), out_discards);
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return -ENOBUFS;
	}
	if (likely(skb->len <= ip6_dst_mtu(skb_rt6_info(skb)) || skb->ignore_df || skb_is_gso(skb)))
		return ip6_local_out(net, sk, skb);
	IP6_INC(net, ip6_dst_idev(skb), frag_fails);
	kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_BIG);
	return -EMSGSIZE;
}

u32 ip6_skb_mtu(const struct sk_buff *skb)
{
	const struct rt6_info *rt = skb_rt6_info(skb);
	const struct inet6_dev *idev;

	if (likely(!(IP6CB(skb)->flags & IP6SKB_DEV_MTU)))
		return ip6_dst_mtu(rt);
	idev = in6_dev_get_rcu(rt->dst.dev);
	return lwtunnel_mtu(rt->dst.lwtstate, idev ? (u32)IN6_DEV_CONF(idev, MTU6) : rt->dst.dev->mtu);
}

/* ------------------------------------------------------------------ to the neighbour */

static int ip6_mc_finish_loopback(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	(void)net;
	(void)sk;
	skb_reset_mac_header(skb);
	skb->pkt_type = PACKET_LOOPBACK;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb_dst_force(skb); /* what takes it off the backlog may come after this poll */
	return netif_rx(skb);
}

static int ip6_out_drop(struct net *net, struct sk_buff *skb, enum skb_drop_reason reason)
{
	IP6_INC(net, ip6_dst_idev(skb), out_discards);
	kfree_skb_reason(skb, reason);
	return 0;
}

/* A multicast comes back if we are in the group too; one that may not leave this host ends here.  Return: does it go on? */
static bool ip6_mc_finish_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	const struct ipv6hdr *hdr = ipv6_hdr(skb);
	struct inet6_dev *idev = in6_dev_get_rcu(dev);
	bool loopback = dev->flags & IFF_LOOPBACK;
	struct sk_buff *copy;

	if (!loopback && !(IP6CB(skb)->flags & IP6SKB_NO_MC_LOOP) &&
	    ipv6_chk_mcast_addr(dev, &hdr->daddr, &hdr->saddr)) {
		copy = skb_clone(skb);
		if (copy)
			(void)nf_hook(NFPROTO_IPV6, NF_INET_POST_ROUTING, net, sk, copy, NULL, dev,
				      ip6_mc_finish_loopback);
		if (ipv6_hdr(skb)->hop_limit == 0) {
			ip6_out_drop(net, skb, SKB_DROP_REASON_IP_TTL_EXPIRED);
			return false;
		}
	}
	IP6_INC(net, idev, out_mcast_pkts);
	IP6_ADD(net, idev, out_mcast_octets, skb->len);
	if (ipv6_addr_scope(&ipv6_hdr(skb)->daddr) <= IPV6_ADDR_SCOPE_INTFLOCAL && !loopback) {
		consume_skb(skb);
		return false;
	}
	return true;
}

/* The route's neighbour if it is the right one beyond doubt; NULL: ip6_neigh_for_gw() knows. */
static inline struct neighbour *neigh6_cached(const struct rt6_info *rt, const struct sk_buff *skb)
{
	struct neighbour *n = rt->neigh;
	const struct in6_addr *key = rt6_nexthop(rt, &ipv6_hdr(skb)->daddr);

	if (likely(n && neigh_alive(n, NEIGH_ND_TABLE) &&
		   ipv6_addr_equal((const struct in6_addr *)(const void *)n->primary_key, key) && !skb->pool->tracer))
		return n;
	return NULL;
}

static int ip6_neigh_failed(struct net *net, struct sk_buff *skb)
{
	IP6_INC(net, ip6_dst_idev(skb), out_no_routes);
	kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_CREATEFAIL);
	return -EINVAL; /* whatever it was: IPv4 would say */
}

/* Room for the link-layer header, and a neighbour on the way. */
static int ip6_finish_output2(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct rt6_info *rt = skb_rt6_info(skb);
	struct inet6_dev *idev = in6_dev_get_rcu(rt->dst.dev);
	u32 headroom = max_u32(LL_RESERVED_SPACE(rt->dst.dev), HH_DATA_MOD);
	struct neighbour *n;
	int err;

	TRACE_STEP(4, skb);
	if (unlikely(skb_headroom(skb) < headroom) && pskb_expand_head(skb, ALIGN_UP(headroom, 32U), 0)) {
		IP6_INC(net, idev, out_discards);
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return -ENOMEM;
	}
	if (unlikely(ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr)) && !ip6_mc_finish_output(net, sk, skb))
		return 0;
	if (unlikely(rt->dst.lwtstate)) {
		err = lwtunnel_xmit(skb);
		if (err != LWTUNNEL_XMIT_CONTINUE)
			return err;
	}
	IP6_INC(net, idev, out_transmits);
	IP6_ADD(net, idev, out_octets, skb->len);
	n = neigh6_cached(rt, skb);
	if (unlikely(!n) && ip6_neigh_for_gw(rt, &ipv6_hdr(skb)->daddr, &n))
		return ip6_neigh_failed(net, skb);
	if (skb->dst_pending_confirm) {
		neigh_confirm(n);
		skb->dst_pending_confirm = 0;
	}
	return neigh_output(n, skb, false);
}

/* A train whose packets are too long for the way is cut here, and each goes on by itself. */
static int ip6_finish_output_gso(struct net *net, struct sock *sk, struct sk_buff *skb, u32 mtu)
{
	struct sk_buff *segs, *seg;
	int err, first_err = 0;

	if (skb_gso_validate_network_len(skb, mtu))
		return ip6_finish_output2(net, sk, skb);
	err = skb_gso_segment(skb, skb->dev->features, &segs);
	if (err) {
		kfree_skb_reason(skb, err == -ENOMEM ? SKB_DROP_REASON_NOMEM : SKB_DROP_REASON_SKB_GSO_SEG);
		return -ENOMEM;
	}
	consume_skb(skb);
	while ((seg = skb_chain_pop(&segs)) != NULL) {
		err = ip6_fragment(net, sk, seg, ip6_finish_output2);
		if (err && !first_err)
			first_err = err;
	}
	return first_err;
}

static int ip6_finish_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	u32 mtu = ip6_skb_mtu(skb);

	if (unlikely(skb->len > mtu && skb_is_gso(skb)))
		return ip6_finish_output_gso(net, sk, skb, mtu);
	if (unlikely(skb->len > mtu || (IP6CB(skb)->frag_max_size && skb->len > IP6CB(skb)->frag_max_size)))
		return ip6_fragment(net, sk, skb, ip6_finish_output2);
	return ip6_finish_output2(net, sk, skb);
}

int ip6_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct net_device *dev = skb_dst(skb)->dev;
	const struct inet6_dev *idev = in6_dev_get_rcu(dev);

	TRACE_STEP(4, skb);
	skb->dev = dev;
	skb->protocol = CONST_BE16(ETH_P_IPV6);
	if (unlikely(!idev || IN6_DEV_CONF(idev, DISABLE_IPV6)))
		return ip6_out_drop(net, skb, SKB_DROP_REASON_IPV6DISABLED);
	return nf_hook(NFPROTO_IPV6, NF_INET_POST_ROUTING, net, sk, skb, NULL, dev, ip6_finish_output);
}

/* Nobody looks between here and ip6_finish_output2(), and no other output is asked for. */
static inline bool way_is_plain(const struct net *net, const struct sk_buff *skb, const struct inet6_dev *idev)
{
	struct nf_hook_entries *const *hooks = net->nf->hooks[NF_FAMILY_IPV6];

	return skb_dst(skb)->output == ip6_output && !hooks[NF_INET_LOCAL_OUT] && !hooks[NF_INET_POST_ROUTING] &&
	       idev && !IN6_DEV_CONF(idev, DISABLE_IPV6) && !skb->pool->tracer;
}

int ip6_local_out_ready(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct inet6_dev *idev = ip6_dst_idev(skb);

	skb->protocol = CONST_BE16(ETH_P_IPV6);
	if (unlikely(!way_is_plain(net, skb, idev)))
		return ip6_local_out(net, sk, skb);
	IP6_INC(net, idev, out_requests);
	skb->dev = skb_dst(skb)->dev;
	return ip6_finish_output2(net, sk, skb);
}

int ip6_send_ready(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct inet6_dev *idev = ip6_dst_idev(skb);

	return ip6_sent(net, idev, ip6_local_out_ready(net, sk, skb));
}
