// SPDX-License-Identifier: BSD-2-Clause
/* ARP: questions and answers on the wire, and IPv4's part of the neighbour table.
 *
 * @step S8 of S13, from neigh/neigh_event.c; receive: from dev/dev.c
 * @rfc 826, 1027, 1122 2.3.2, 1812 3.3.2, 5227
 * @linux net/ipv4/arp.c
 *
 * Reading order: arp_constructor(), arp_solicit(), arp_send(), arp_rcv(), arp_process(), arp_process_proxy().
 */
#include "ipv4/arp.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>

#include "base/byteorder.h"
#include "ipv4/acd.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip.h"
#include "ipv4/ip_fib.h"
#include "ipv4/netns_ipv4.h"
#include "ipv4/route.h"
#include "neigh/neigh_history.h"
#include "neigh/pneigh.h"
#include "netfilter/netfilter.h"
#include "wire/arp.h"

/* ------------------------------------------------------------------ entries */

static void arp_error_report(struct neighbour *n, struct sk_buff *skb)
{
	struct dst_entry *dst = skb_dst(skb);

	(void)n;
	if (dst && dst->ops->link_failure)
		dst->ops->link_failure(skb);
	kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_FAILED);
}

static void arp_solicit(struct neighbour *n, struct sk_buff *skb);

static const struct neigh_ops arp_hh_ops = {
	.solicit = arp_solicit,
	.error_report = arp_error_report,
	.output = neigh_resolve_output,
	.connected_output = neigh_resolve_output,
};

static const struct neigh_ops arp_generic_ops = {
	.solicit = arp_solicit,
	.error_report = arp_error_report,
	.output = neigh_resolve_output,
	.connected_output = neigh_connected_output,
};

static const struct neigh_ops arp_direct_ops = {
	.error_report = arp_error_report,
	.output = neigh_direct_output,
	.connected_output = neigh_direct_output,
};

enum { ARP_OPS_HH, ARP_OPS_GENERIC, ARP_OPS_DIRECT };
static const struct neigh_ops *const arp_ops[] = {
	[ARP_OPS_HH] = &arp_hh_ops,
	[ARP_OPS_GENERIC] = &arp_generic_ops,
	[ARP_OPS_DIRECT] = &arp_direct_ops,
};

static __be32 arp_key(const struct neighbour *n)
{
	return get_unaligned_be32(n->primary_key);
}

/* RFC 1112 6.4: the low 23 bits of the group. */
static void arp_mc_map(__be32 group, u8 ha[static ETH_ALEN])
{
	u32 g = be32_to_cpu(group);

	ha[0] = 0x01;
	ha[1] = 0x00;
	ha[2] = 0x5e;
	ha[3] = (g >> 16) & 0x7f;
	ha[4] = (g >> 8) & 0xff;
	ha[5] = g & 0xff;
}

/* Addresses that need no question: multicast, broadcast, and everything on devices without ARP. */
static void arp_constructor_noarp(struct neighbour *n)
{
	const struct net_device *dev = n->dev;

	if (n->type == RTN_MULTICAST) {
		n->nud_state = NUD_NOARP;
		arp_mc_map(arp_key(n), n->ha);
	} else if (dev->flags & (IFF_NOARP | IFF_LOOPBACK)) {
		n->nud_state = NUD_NOARP;
		memcpy(n->ha, dev->dev_addr, dev->addr_len);
	} else if (n->type == RTN_BROADCAST || (dev->flags & IFF_POINTOPOINT)) {
		n->nud_state = NUD_NOARP;
		memcpy(n->ha, dev->broadcast, dev->addr_len);
	}
}

static int arp_constructor(struct neighbour *n)
{
	struct net_device *dev = n->dev;

	if (!dev->ip_ptr || dev->addr_len > NEIGH_HA_MAX)
		return -EINVAL;
	if (dev->flags & (IFF_LOOPBACK | IFF_POINTOPOINT))
		memset(n->primary_key, 0, sizeof(__be32)); /* one entry serves all: there is only one other end */
	n->type = (u8)inet_addr_type_dev_table(dev->net, dev, arp_key(n));
	if (!dev->header_ops) {
		n->nud_state = NUD_NOARP;
		n->ops_index = ARP_OPS_DIRECT;
		n->way = NEIGH_WAY_KNOWN;
		return 0;
	}
	arp_constructor_noarp(n);
	n->ops_index = dev->header_ops->cache ? ARP_OPS_HH : ARP_OPS_GENERIC;
	n->way = n->nud_state & NUD_VALID ? NEIGH_WAY_KNOWN : NEIGH_WAY_ASKS;
	return 0;
}

int ipv4_neigh_find_create(struct net_device *dev, __be32 next_hop, struct neighbour **out)
{
	struct neigh_table *tbl = dev->net->ipv4->arp;

	if (dev->flags & (IFF_LOOPBACK | IFF_POINTOPOINT))
		next_hop = cpu_to_be32(0);
	*out = neigh_find_u32(tbl, (__force u32)next_hop, dev);
	return likely(*out) ? 0 : neigh_create_new(tbl, &next_hop, dev, NULL, out);
}

/* ------------------------------------------------------------------ out */

static int arp_xmit_finish(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	(void)net;
	(void)sk;
	return dev_queue_xmit(skb);
}

static struct sk_buff *arp_create(struct net_device *dev, const u8 *dst_hw, const u8 *src_hw)
{
	u32 room_bytes = LL_RESERVED_SPACE(dev);
	struct sk_buff *skb = alloc_skb(dev->net->skb_pool, room_bytes + (u32)sizeof(struct arp_eth_ip4));

	if (!skb)
		return NULL;
	skb_reserve(skb, room_bytes);
	skb_reset_network_header(skb);
	skb_put(skb, sizeof(struct arp_eth_ip4));
	skb->dev = dev;
	skb->protocol = CONST_BE16(ETH_P_ARP);
	if (dev_hard_header(skb, dev, ETH_P_ARP, dst_hw, src_hw, skb->len) < 0) {
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_HDR);
		return NULL;
	}
	return skb;
}

void arp_send(int op, __be32 dest_ip, struct net_device *dev, __be32 src_ip, const u8 *dst_hw, const u8 *src_hw,
	      const u8 *target_hw)
{
	struct arp_eth_ip4 *arp;
	struct sk_buff *skb;

	if ((dev->flags & IFF_NOARP) || dev->addr_len != ETH_ALEN)
		return;
	if (!src_hw)
		src_hw = dev->dev_addr;
	if (dst_hw && dev->net->profile == NET_PROFILE_STRICT && ipv4_is_linklocal_169(src_ip))
		dst_hw = NULL; /* RFC 3927 2.5: so that all hear of a conflict */
	skb = arp_create(dev, dst_hw ? dst_hw : dev->broadcast, src_hw);
	if (!skb)
		return;
	arp = (struct arp_eth_ip4 *)(void *)skb_network_header(skb);
	arp_build(arp, (u16)op, src_hw, src_ip, target_hw, dest_ip);
	(void)nf_hook(NFPROTO_ARP, NF_ARP_OUT, dev->net, NULL, skb, NULL, dev, arp_xmit_finish);
}

/* Which of our addresses asks.  arp_announce: 0 the packet's own, 1 that in the target's subnet, 2 the best one. */
static __be32 arp_source(const struct in_device *in_dev, const struct sk_buff *skb, __be32 target)
{
	struct net *net = in_dev->dev->net;
	__be32 saddr;

	if (skb && skb->protocol == CONST_BE16(ETH_P_IP)) {
		saddr = ip_hdr(skb)->saddr;
		switch (IN_DEV_MAXCONF(in_dev, ARP_ANNOUNCE)) {
		case 1:
			if (inet_addr_type_dev_table(net, in_dev->dev, saddr) == RTN_LOCAL &&
			    inet_addr_onlink(in_dev, target, saddr))
				return saddr;
			break;
		case 2:
			break;
		default: /* and what nobody knows */
			if (inet_addr_type_dev_table(net, in_dev->dev, saddr) == RTN_LOCAL)
				return saddr;
			break;
		}
	}
	return inet_select_addr(in_dev->dev, target, RT_SCOPE_LINK);
}

/* First the known address by unicast, then user space, then everybody.  An address that is not valid is not asked,
 * whatever the counters say: parameters may change under way. */
static void arp_solicit(struct neighbour *n, struct sk_buff *skb)
{
	const struct neigh_parms *p = neigh_parms_of(n);
	const struct in_device *in_dev = in_dev_get_rcu(n->dev);
	s64 probes = n->probes;
	const u8 *dst_hw = NULL;
	__be32 saddr;

	if (!in_dev)
		return;
	saddr = arp_source(in_dev, skb, arp_key(n));
	if (probes < NEIGH_VAR(p, UCAST_PROBES)) {
		dst_hw = n->nud_state & NUD_VALID ? n->ha : NULL;
	} else if (probes < NEIGH_VAR(p, UCAST_PROBES) + NEIGH_VAR(p, APP_PROBES)) {
		struct neigh_notifier_info info = { .neigh = n };

		(void)notifier_call_chain(&n->dev->net->neigh->chain, NEIGH_EVENT_APP_SOLICIT, &info);
		return;
	}
	arp_send(ARPOP_REQUEST, arp_key(n), n->dev, saddr, dst_hw, NULL, NULL);
}

/* ------------------------------------------------------------------ in */

/** struct arp_in - one received packet, decoded */
struct arp_in {
	struct net_device *dev;
	struct in_device *in_dev;
	struct sk_buff *skb;
	u16 op;
	const u8 *sha, *tha;
	__be32 sip, tip;
	bool redone;                 /**< its delay is over */
	enum skb_drop_reason reason; /**< ARP_IGNORED, unless a better one is found */
};

static bool arp_ignore(const struct arp_in *in)
{
	int scope;
	__be32 sip = in->sip;

	switch (IN_DEV_MAXCONF(in->in_dev, ARP_IGNORE)) {
	case 1: /* only if the address is on this device */
		sip = cpu_to_be32(0);
		scope = RT_SCOPE_HOST;
		break;
	case 2: /* and the sender is in its subnet */
		scope = RT_SCOPE_HOST;
		break;
	case 3: /* not addresses of host scope */
		sip = cpu_to_be32(0);
		scope = RT_SCOPE_LINK;
		return !inet_confirm_addr(in->dev->net, NULL, sip, in->tip, scope);
	case 8:
		return true;
	default:
		return false;
	}
	return !inet_confirm_addr(in->dev->net, in->in_dev, sip, in->tip, scope);
}

/* Would we route an answer back out of this device?  If not, somebody else should answer. */
static bool arp_filter(const struct arp_in *in)
{
	struct flowi4 fl4 = { .daddr = in->sip, .saddr = in->tip };
	struct rtable *rt;
	bool other;

	if (ip_route_output_flow(in->dev->net, &fl4, &rt))
		return true;
	other = rt->dst.dev != in->dev;
	in->dev->net->ipv4->stats.arp_filter += other;
	dst_release(&rt->dst);
	return other;
}

static void arp_reply(const struct arp_in *in)
{
	arp_send(ARPOP_REPLY, in->sip, in->dev, in->tip, in->sha, NULL, in->sha);
}

/* RFC 5227 probe: somebody wants to use the address.  Defend ours; learn nothing from 0.0.0.0. */
static void arp_process_probe(const struct arp_in *in)
{
	if (in->op == ARPOP_REQUEST && inet_addr_type_dev_table(in->dev->net, in->dev, in->tip) == RTN_LOCAL &&
	    !arp_ignore(in))
		arp_reply(in);
}

/* What the profile strict does otherwise, and why: docs/DIFFERENCES.md. */
static bool arp_is_strict(const struct arp_in *in)
{
	return in->dev->net->profile == NET_PROFILE_STRICT;
}

/* Several proxies may answer one question: the first one wins for locktime. */
static bool arp_is_locked(const struct neighbour *n)
{
	return n->tbl->net->now <= n->updated + NEIGH_VAR(neigh_parms_of(n), LOCKTIME);
}

/* Who asks us, or a proxy, is believed at once, whatever was said before; in strict (D13) only when locktime is over. */
static struct neighbour *arp_learn_asker(const struct arp_in *in)
{
	struct neigh_table *tbl = in->dev->net->ipv4->arp;
	struct neighbour *n = arp_is_strict(in) ? neigh_lookup(tbl, &in->sip, in->dev) : NULL;

	if (n && arp_is_locked(n)) {
		(void)neigh_update(n, in->sha, NUD_STALE, 0, 0, NULL);
		return n;
	}
	if (n)
		neigh_release(n);
	return neigh_event_ns(tbl, in->sha, &in->sip, in->dev);
}

/* A request for one of our addresses: learn who asks, answer by unicast. */
static void arp_process_request_for_us(const struct arp_in *in)
{
	struct neighbour *n;

	if (arp_ignore(in))
		return;
	if (IN_DEV_ORCONF(in->in_dev, ARPFILTER) && arp_filter(in))
		return;
	n = arp_learn_asker(in);
	if (!n)
		return;
	arp_reply(in);
	neigh_release(n);
}

static bool arp_is_garp(const struct arp_in *in)
{
	bool garp = in->sip == in->tip;

	if (garp && in->op == ARPOP_REPLY)
		garp = memcmp(in->tha, in->sha, ETH_ALEN) == 0 ||
		       (arp_is_strict(in) && is_broadcast_ether_addr(in->tha)); /* D12: RFC 5227 leaves it open */
	return garp && inet_addr_type_dev_table(in->dev->net, in->dev, in->sip) == RTN_UNICAST;
}

static bool arp_accept(const struct arp_in *in)
{
	switch (IN_DEV_MAXCONF(in->in_dev, ARP_ACCEPT)) {
	case 1:
		return true;
	case 2: /* only senders in a subnet of this device */
		return inet_confirm_addr(in->dev->net, in->in_dev, in->sip, cpu_to_be32(0), RT_SCOPE_LINK) != 0;
	default:
		return false;
	}
}

static struct neighbour *arp_learn_absent(const struct arp_in *in, bool garp)
{
	struct neighbour *n;

	if (!arp_accept(in))
		return NULL;
	if (!garp && (in->op != ARPOP_REPLY || inet_addr_type_dev_table(in->dev->net, in->dev, in->sip) != RTN_UNICAST))
		return NULL;
	return neigh_create(in->dev->net->ipv4->arp, &in->sip, in->dev, &n) ? NULL : n;
}

/* Replies, and requests between others: news about an address that we may know. */
static void arp_process_news(const struct arp_in *in)
{
	struct neigh_table *tbl = in->dev->net->ipv4->arp;
	struct neighbour *n = neigh_lookup(tbl, &in->sip, in->dev);
	bool garp = arp_is_garp(in);
	bool override;
	u8 state;

	if (!n)
		n = arp_learn_absent(in, garp);
	if (!n)
		return;
	override = garp || !arp_is_locked(n);
	state = in->op == ARPOP_REPLY && in->skb->pkt_type == PACKET_HOST ? NUD_REACHABLE : NUD_STALE;
	(void)neigh_update(n, in->sha, state, override ? NEIGH_UPDATE_F_OVERRIDE : 0, 0, NULL);
	neigh_release(n);
}

/* RFC 1812 3.3.2: never believe that a host is at a broadcast or multicast address; nor at zero, nor at our own. */
static bool arp_bad_sender(const struct arp_in *in)
{
	static const u8 zero[ETH_ALEN];

	return (in->sha[0] & 1) || memcmp(in->sha, zero, ETH_ALEN) == 0 ||
	       memcmp(in->sha, in->dev->dev_addr, ETH_ALEN) == 0;
}

/* For the detection of conflicts, whatever the parameters of the device say about answering. */
static bool arp_is_valid(const struct arp_in *in)
{
	return (in->op == ARPOP_REQUEST || in->op == ARPOP_REPLY) && !arp_bad_sender(in);
}

/* D9: a host is on the link if a route says so; an address of 169.254/16 is on every link (RFC 3927 2.6.2).  Whom we ask
 * ourselves, as a gateway that was given "onlink", may answer. */
static bool arp_is_off_link(const struct arp_in *in)
{
	const struct flowi4 fl4 = { .daddr = in->sip, .oif = in->dev->ifindex, .scope = RT_SCOPE_LINK };
	struct fib_result res;

	if (!arp_is_strict(in) || !in->sip || ipv4_is_linklocal_169(in->sip))
		return false;
	if (!fib_lookup(in->dev->net, &fl4, &res) && (res.type != RTN_UNICAST || fib_res_nh(&res)->dev == in->dev))
		return false; /* not UNICAST: one of ours, a broadcast address: judged by others */
	return !neigh_find(in->dev->net->ipv4->arp, &in->sip, in->dev);
}

static bool arp_acceptable(struct arp_in *in)
{
	if (in->op != ARPOP_REQUEST && in->op != ARPOP_REPLY)
		return false;
	if (ipv4_is_multicast(in->tip))
		return false;
	if (ipv4_is_loopback(in->tip) && !IN_DEV_ORCONF(in->in_dev, ROUTE_LOCALNET))
		return false;
	if (in->sip == in->tip && IN_DEV_ORCONF(in->in_dev, DROP_GRATUITOUS_ARP))
		return false;
	if (arp_bad_sender(in)) {
		in->reason = SKB_DROP_REASON_ARP_BAD_SENDER;
		return false;
	}
	if (arp_is_off_link(in)) {
		in->reason = SKB_DROP_REASON_ARP_OFF_LINK;
		return false;
	}
	return true;
}

/* ------------------------------------------------------------------ proxies */

/* proxy_arp: the target is behind another device, on another medium.  Hosts of one medium answer for themselves. */
static bool arp_fwd_proxy(const struct arp_in *in, const struct net_device *out)
{
	const struct in_device *out_dev = in_dev_get_rcu(out);
	int in_medium = IN_DEV_CONF_GET(in->in_dev, MEDIUM_ID), out_medium;

	if (out == in->dev || !IN_DEV_ORCONF(in->in_dev, PROXY_ARP) || in_medium == -1)
		return false;
	if (in_medium == 0)
		return true;
	out_medium = out_dev ? IN_DEV_CONF_GET(out_dev, MEDIUM_ID) : -1;
	return out_medium != in_medium && out_medium != -1;
}

/* proxy_arp_pvlan: hosts of one device that cannot hear each other (RFC 3069); but nobody is told that its own address
 * is taken. */
static bool arp_fwd_pvlan(const struct arp_in *in, const struct net_device *out)
{
	return out == in->dev && IN_DEV_ORCONF(in->in_dev, PROXY_ARP_PVLAN) && in->sip != in->tip;
}

static bool arp_is_proxied(const struct arp_in *in, const struct rtable *rt)
{
	const struct net_device *out = rt->dst.dev;

	if (rt->type != RTN_UNICAST || !IN_DEV_CONF_GET(in->in_dev, FORWARDING))
		return false;
	return arp_fwd_proxy(in, out) || arp_fwd_pvlan(in, out) ||
	       (out != in->dev && pneigh_lookup(in->dev->net->ipv4->arp, &in->tip, in->dev));
}

/* A request for somebody whom we can reach: learn who asks, and answer, at once or later.  Return: true if the packet
 * was taken. */
static bool arp_process_proxy(const struct arp_in *in)
{
	struct neigh_table *tbl = in->dev->net->ipv4->arp;
	struct neigh_parms *p = in->dev->neigh_parms[NEIGH_ARP_TABLE];
	struct neighbour *n = arp_learn_asker(in);

	if (n)
		neigh_release(n);
	if (!in->redone && in->skb->pkt_type != PACKET_HOST && NEIGH_VAR(p, PROXY_DELAY)) {
		pneigh_enqueue(tbl, p, in->skb);
		return true;
	}
	arp_reply(in);
	return false;
}

/* ------------------------------------------------------------------ what to do */

/* Return: true if the packet was taken. */
static bool arp_dispatch(const struct arp_in *in)
{
	enum skb_drop_reason reason;

	if (in->sip == cpu_to_be32(0)) {
		arp_process_probe(in);
		return false;
	}
	if (in->op == ARPOP_REQUEST && !ip_route_input(in->skb, in->tip, in->sip, 0, in->dev, &reason)) {
		const struct rtable *rt = skb_rtable(in->skb);

		if (rt->type == RTN_LOCAL) {
			arp_process_request_for_us(in);
			return false;
		}
		if (arp_is_proxied(in, rt))
			return arp_process_proxy(in);
	}
	arp_process_news(in);
	return false;
}

static int arp_process_packet(struct sk_buff *skb, bool redone)
{
	const struct arp_eth_ip4 *arp = arp_check(skb->data, skb_headlen(skb));
	struct arp_in in = {
		.dev = skb->dev,
		.in_dev = in_dev_get_rcu(skb->dev),
		.skb = skb,
		.redone = redone,
		.reason = SKB_DROP_REASON_ARP_IGNORED,
	};
	struct neigh_cause before;

	if (!arp) {
		kfree_skb_reason(skb, SKB_DROP_REASON_ARP_MALFORMED);
		return NET_RX_DROP;
	}
	in.op = be16_to_cpu(arp->ar_op);
	in.sha = arp->ar_sha;
	in.tha = arp->ar_tha;
	in.sip = get_unaligned_be32(arp->ar_sip);
	in.tip = get_unaligned_be32(arp->ar_tip);
	if (in.in_dev && arp_is_valid(&in))
		acd_arp_rcv(in.dev, in.op == ARPOP_REQUEST, in.sha, in.sip, in.tip);
	if (!in.in_dev || !arp_acceptable(&in)) {
		kfree_skb_reason(skb, in.reason);
		return NET_RX_DROP;
	}
	before = neigh_because(skb->dev->net, NEIGH_CAUSE_FRAME, skb->id);
	if (!arp_dispatch(&in))
		consume_skb(skb);
	neigh_because_again(in.dev->net, before);
	return NET_RX_SUCCESS;
}

static int arp_process(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	(void)net;
	(void)sk;
	return arp_process_packet(skb, false);
}

/* Its time has come: everything may have changed since. */
static void arp_proxy_redo(struct sk_buff *skb)
{
	(void)arp_process_packet(skb, true);
}

int arp_rcv(struct sk_buff *skb, struct net_device *dev, void *ctx)
{
	(void)ctx;
	if ((dev->flags & IFF_NOARP) || skb->pkt_type == PACKET_OTHERHOST || skb->pkt_type == PACKET_LOOPBACK) {
		consume_skb(skb); /* not an error: nobody here wants it */
		return NET_RX_SUCCESS;
	}
	if (!pskb_may_pull(skb, sizeof(struct arp_eth_ip4)) || skb_cow_head(skb, 0)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_SMALL);
		return NET_RX_DROP;
	}
	return nf_hook(NFPROTO_ARP, NF_ARP_IN, dev->net, NULL, skb, dev, NULL, arp_process);
}

/* ------------------------------------------------------------------ devices, life */

void arp_ifdown(struct net_device *dev)
{
	neigh_ifdown(dev->net->ipv4->arp, dev);
}

/** struct arp_state - the table, and what listens for devices and addresses */
struct arp_state {
	struct neigh_table tbl; /**< first: net->ipv4->arp points here */
	struct notifier_block netdev_nb, inetaddr_nb;
};

/* RFC 5227 3, RFC 826: tell everybody where our addresses are now. */
static void arp_announce_all(struct net_device *dev)
{
	const struct in_device *in_dev = in_dev_get_rcu(dev);
	const struct in_ifaddr *ifa;

	if (!in_dev || !netif_running(dev))
		return;
	list_for_each_entry(ifa, &in_dev->ifa_list, node)
		arp_send(ARPOP_REQUEST, ifa->ifa_local, dev, ifa->ifa_local, NULL, NULL, NULL);
}

static void arp_notify(struct net_device *dev)
{
	const struct in_device *in_dev = in_dev_get_rcu(dev);

	if (in_dev && IN_DEV_MAXCONF(in_dev, ARP_NOTIFY))
		arp_announce_all(dev);
}

static void arp_netdev_change(struct neigh_table *tbl, const struct netdev_notifier_info *info)
{
	struct net_device *dev = info->dev;
	const struct in_device *in_dev = in_dev_get_rcu(dev);

	if (info->flags_changed & IFF_NOARP)
		neigh_changeaddr(tbl, dev);
	if (!netif_carrier_ok(dev) && in_dev && IN_DEV_ANDCONF(in_dev, ARP_EVICT_NOCARRIER))
		neigh_carrier_down(tbl, dev);
}

static int arp_netdev_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct neigh_table *tbl = &container_of(nb, struct arp_state, netdev_nb)->tbl;
	const struct netdev_notifier_info *info = data;
	struct net_device *dev = info->dev;

	switch (event) {
	case NETDEV_REGISTER:
		return neigh_parms_alloc(dev, tbl) ? 0 : -ENOMEM;
	case NETDEV_DOWN:
		neigh_ifdown(tbl, dev);
		return 0;
	case NETDEV_UP:
		arp_notify(dev);
		return 0;
	case NETDEV_NOTIFY_PEERS:
		arp_announce_all(dev);
		return 0;
	case NETDEV_CHANGEADDR:
		neigh_changeaddr(tbl, dev);
		arp_notify(dev);
		return 0;
	case NETDEV_CHANGE:
		arp_netdev_change(tbl, info);
		return 0;
	case NETDEV_UNREGISTER:
		neigh_ifdown(tbl, dev);
		if (dev->neigh_parms[tbl->index])
			neigh_parms_release(tbl, dev->neigh_parms[tbl->index]);
		return 0;
	default:
		return 0;
	}
}

/* With its last address a device loses its ARP entries. */
static int arp_inetaddr_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct neigh_table *tbl = &container_of(nb, struct arp_state, inetaddr_nb)->tbl;
	const struct in_ifaddr *ifa = data;
	struct in_device *in_dev = ifa->ifa_dev;

	if (event == NETDEV_DOWN && list_empty(&in_dev->ifa_list))
		neigh_ifdown(tbl, in_dev->dev);
	return 0;
}

int arp_init(struct net *net)
{
	const struct packet_type pt = { .type = CONST_BE16(ETH_P_ARP), .func = arp_rcv };
	struct arp_state *arp = mem_alloc(net->mem, sizeof(*arp));
	int err;

	if (!arp)
		return -ENOMEM;
	memset(arp, 0, sizeof(*arp));
	arp->tbl.family = AF_INET;
	arp->tbl.index = NEIGH_ARP_TABLE;
	arp->tbl.key_len = sizeof(__be32);
	arp->tbl.protocol = CONST_BE16(ETH_P_IP);
	arp->tbl.id = "arp_cache";
	arp->tbl.sysctl_path = "net.ipv4.neigh";
	arp->tbl.ops = arp_ops;
	arp->tbl.constructor = arp_constructor;
	arp->tbl.proxy_redo = arp_proxy_redo;
	neigh_table_init(net, &arp->tbl);
	net->ipv4->arp = &arp->tbl;
	arp->netdev_nb.call = arp_netdev_event;
	err = register_netdevice_notifier(net, &arp->netdev_nb);
	if (err)
		goto err_table;
	arp->inetaddr_nb.call = arp_inetaddr_event;
	notifier_chain_register(&net->ipv4->inetaddr_chain, &arp->inetaddr_nb);
	err = dev_add_pack(net, &pt);
	if (err)
		goto err_notifiers;
	return 0;

err_notifiers:
	notifier_chain_unregister(&net->ipv4->inetaddr_chain, &arp->inetaddr_nb);
	unregister_netdevice_notifier(net, &arp->netdev_nb);
err_table:
	neigh_table_clear(&arp->tbl);
	net->ipv4->arp = NULL;
	mem_free(net->mem, arp, sizeof(*arp));
	return err;
}

void arp_exit(struct net *net)
{
	const struct packet_type pt = { .type = CONST_BE16(ETH_P_ARP), .func = arp_rcv };
	struct arp_state *arp = container_of(net->ipv4->arp, struct arp_state, tbl);

	dev_remove_pack(net, &pt);
	notifier_chain_unregister(&net->ipv4->inetaddr_chain, &arp->inetaddr_nb);
	unregister_netdevice_notifier(net, &arp->netdev_nb);
	neigh_table_clear(&arp->tbl);
	net->ipv4->arp = NULL;
	mem_free(net->mem, arp, sizeof(*arp));
}
