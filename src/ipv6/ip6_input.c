// SPDX-License-Identifier: BSD-2-Clause
/* The IPv6 way up.
 *
 * @step receive path, from dev/dev.c, to inet6_protocol
 * @rfc 8200, 4291 2.5 2.7
 * @linux net/ipv6/ip6_input.c
 *
 * Reading order: ipv6_rcv(), ip6_rcv_finish(), ip6_input(), ip6_protocol_deliver().
 */
#include <errno.h>

#include "ipv6/addrconf.h"
#include "ipv6/icmpv6.h"
#include "ipv6/ipv6.h"
#include "ipv6/mcast.h"
#include "ipv6/protocol.h"
#include "netfilter/netfilter.h"
#include "wire/icmp6.h"

/* Where a host that listens to MLD's reports hears of groups that it has not joined itself. */
static bool is_mld(const struct sk_buff *skb, u8 nexthdr)
{
	u8 type;

	if (nexthdr != NEXTHDR_ICMP || skb_copy_bits(skb, 0, &type, sizeof(type)))
		return false;
	return type == ICMPV6_MGM_QUERY || type == ICMPV6_MGM_REPORT || type == ICMPV6_MGM_REDUCTION ||
	       type == ICMPV6_MLD2_REPORT;
}

/* ------------------------------------------------------------------ delivery */

static void ip6_deliver_nobody(struct net *net, struct sk_buff *skb, bool raw)
{
	struct inet6_dev *idev = in6_dev_get_rcu(skb->dev);

	if (raw) {
		IP6_INC(net, idev, in_delivers);
		consume_skb(skb);
		return;
	}
	IP6_INC(net, idev, in_unknown_protos);
	icmpv6_send(skb, ICMPV6_PARAMPROB, ICMPV6_UNK_NEXTHDR, IP6CB(skb)->nhoff);
	kfree_skb_reason(skb, SKB_DROP_REASON_IP_NOPROTO);
}

/* What a host that has joined the group at the link layer only does not want. */
static bool ip6_group_is_ours(const struct sk_buff *skb, u8 nexthdr)
{
	const struct ipv6hdr *hdr = ipv6_hdr(skb);

	return !ipv6_addr_is_multicast(&hdr->daddr) || ipv6_chk_mcast_addr(skb->dev, &hdr->daddr, &hdr->saddr) ||
	       is_mld(skb, nexthdr);
}

static void ip6_deliver_discard(struct net *net, struct sk_buff *skb, enum skb_drop_reason reason)
{
	IP6_INC(net, in6_dev_get_rcu(skb->dev), in_discards);
	kfree_skb_reason(skb, reason);
}

/* A chain of extension headers ends in a protocol; only a protocol may name another one behind that. */
void ip6_protocol_deliver(struct net *net, struct sk_buff *skb, u8 nexthdr, bool have_final)
{
	struct inet6_dev *idev = in6_dev_get_rcu(skb->dev);
	const struct inet6_protocol *prot;
	bool raw;
	int ret;

	for (;;) {
		if (!have_final)
			nexthdr = skb_network_header(skb)[IP6CB(skb)->nhoff];
		raw = net->ipv6->raw && net->ipv6->raw->deliver(skb, nexthdr);
		prot = net->ipv6->protos[nexthdr];
		if (!prot) {
			ip6_deliver_nobody(net, skb, raw);
			return;
		}
		if (have_final && !(prot->flags & INET6_PROTO_FINAL)) {
			ip6_deliver_discard(net, skb, SKB_DROP_REASON_IP_NOPROTO);
			return;
		}
		if (!have_final && (prot->flags & INET6_PROTO_FINAL) && !ip6_group_is_ours(skb, nexthdr)) {
			ip6_deliver_discard(net, skb, SKB_DROP_REASON_IP_INADDRERRORS);
			return;
		}
		have_final |= prot->flags & INET6_PROTO_FINAL;
		ret = prot->handler(skb);
		if (ret == 0)
			IP6_INC(net, idev, in_delivers);
		if (ret == 0 || ret == INET6_PROTO_ENDED)
			return;
		if (ret < 0) {
			nexthdr = (u8)-ret;
			have_final = true;
		}
	}
}

static int ip6_input_finish(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	(void)sk;
	skb_postpull_rcsum(skb, skb->data, skb_transport_offset(skb));
	skb_pull(skb, skb_transport_offset(skb));
	ip6_protocol_deliver(net, skb, 0, false);
	return 0;
}

int ip6_input(struct sk_buff *skb)
{
	return nf_hook(NFPROTO_IPV6, NF_INET_LOCAL_IN, skb->dev->net, NULL, skb, skb->dev, NULL, ip6_input_finish);
}

int ip6_mc_input(struct sk_buff *skb)
{
	struct net *net = skb->dev->net;
	struct inet6_dev *idev = in6_dev_get_rcu(skb->dev);

	IP6_INC(net, idev, in_mcast_pkts);
	IP6_ADD(net, idev, in_mcast_octets, skb->len);
	if (likely(ipv6_chk_mcast_addr(skb->dev, &ipv6_hdr(skb)->daddr, NULL)))
		return ip6_input(skb);
	kfree_skb_reason(skb, SKB_DROP_REASON_IP_INADDRERRORS);
	return 0;
}

/* ------------------------------------------------------------------ reception */

static int ip6_rcv_finish(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	enum skb_drop_reason reason = SKB_DROP_REASON_IP_INADDRERRORS;

	(void)net;
	(void)sk;
	/* a multicast of our own that came back has the route by which it left */
	if ((!skb_dst(skb) || !skb_dst(skb)->input) && ip6_route_input(skb, &reason)) {
		kfree_skb_reason(skb, reason);
		return NET_RX_DROP;
	}
	return skb_dst(skb)->input(skb);
}

/* Addresses that no packet from outside may have.  Return: 0, or why not. */
static enum skb_drop_reason ip6_rcv_check_addrs(const struct sk_buff *skb, const struct inet6_dev *idev)
{
	const struct ipv6hdr *hdr = ipv6_hdr(skb);
	bool loopback = skb->dev->flags & IFF_LOOPBACK;
	u32 scope;

	/* RFC 4291 2.5.3 */
	if ((ipv6_addr_loopback(&hdr->saddr) || ipv6_addr_loopback(&hdr->daddr)) && !loopback)
		return SKB_DROP_REASON_IP_LOCALNET;
	if (ipv6_addr_is_multicast(&hdr->daddr)) {
		scope = ipv6_addr_scope(&hdr->daddr);
		/* RFC 4291 2.7: one scope does not leave a host, and one is reserved */
		if (scope == 0 || (scope == IPV6_ADDR_SCOPE_INTFLOCAL && skb->pkt_type != PACKET_LOOPBACK && !loopback))
			return SKB_DROP_REASON_IP_INVALID_DEST;
	} else if ((skb->pkt_type == PACKET_BROADCAST || skb->pkt_type == PACKET_MULTICAST) &&
		   IN6_DEV_CONF(idev, DROP_UNICAST_IN_L2_MULTICAST)) {
		return SKB_DROP_REASON_UNICAST_IN_L2_MULTICAST;
	}
	return ipv6_addr_is_multicast(&hdr->saddr) ? SKB_DROP_REASON_IP_INVALID_SOURCE : 0;
}

/* The length in the header is the true one; what is behind it is the link layer's padding. */
static enum skb_drop_reason ip6_rcv_trim(struct net *net, struct sk_buff *skb, struct inet6_dev *idev)
{
	u32 payload_bytes = be16_to_cpu(ipv6_hdr(skb)->payload_len);

	if (!payload_bytes && ipv6_hdr(skb)->nexthdr == NEXTHDR_HOP)
		return 0; /* a jumbo payload, perhaps: its option has the length */
	if (payload_bytes + IPV6_HEADER_BYTES > skb->len) {
		IP6_INC(net, idev, in_truncated_pkts);
		return SKB_DROP_REASON_PKT_TOO_SMALL;
	}
	if (pskb_trim(skb, payload_bytes + IPV6_HEADER_BYTES)) {
		IP6_INC(net, idev, in_discards);
		return SKB_DROP_REASON_NOMEM;
	}
	return 0;
}

/* Return: 0, or why not. */
static enum skb_drop_reason ip6_rcv_check(struct net *net, struct sk_buff *skb, struct inet6_dev *idev)
{
	const struct ipv6hdr *hdr;
	enum skb_drop_reason reason;

	if (!pskb_may_pull(skb, sizeof(*hdr))) {
		IP6_INC(net, idev, in_hdr_errors);
		return SKB_DROP_REASON_PKT_TOO_SMALL;
	}
	skb_reset_network_header(skb);
	hdr = ipv6_hdr(skb);
	if (be32_to_cpu(hdr->ver_tc_flow) >> 28 != 6) {
		IP6_INC(net, idev, in_hdr_errors);
		return SKB_DROP_REASON_IP_INHDR;
	}
	IP6_ADD(net, idev, in_ect[ipv6_tclass(hdr) & 3],
		likely(!skb->data_len) ? 1 : max_u32(skb_shinfo(skb)->gso_segs, 1));
	reason = ip6_rcv_check_addrs(skb, idev);
	if (unlikely(reason)) {
		IP6_INC(net, idev, in_hdr_errors);
		return reason;
	}
	return ip6_rcv_trim(net, skb, idev);
}

int ipv6_rcv(struct sk_buff *skb, struct net_device *dev, void *ctx)
{
	struct net *net = dev->net;
	struct inet6_dev *idev = in6_dev_get_rcu(dev);
	enum skb_drop_reason reason;

	(void)ctx;
	if (unlikely(skb->pkt_type == PACKET_OTHERHOST)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_OTHERHOST);
		return NET_RX_DROP;
	}
	IP6_INC(net, idev, in_receives);
	IP6_ADD(net, idev, in_octets, skb->len);
	if (unlikely(!idev || IN6_DEV_CONF(idev, DISABLE_IPV6))) {
		IP6_INC(net, idev, in_discards);
		kfree_skb_reason(skb, SKB_DROP_REASON_IPV6DISABLED);
		return NET_RX_DROP;
	}
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	IP6CB(skb)->iif = skb->skb_iif;
	reason = ip6_rcv_check(net, skb, idev);
	if (unlikely(reason)) {
		kfree_skb_reason(skb, reason);
		return NET_RX_DROP;
	}
	skb_set_transport_header(skb, IPV6_HEADER_BYTES);
	IP6CB(skb)->nhoff = offsetof(struct ipv6hdr, nexthdr);
	if (unlikely(ipv6_hdr(skb)->nexthdr == NEXTHDR_HOP) && !ipv6_parse_hopopts(skb))
		return NET_RX_DROP;
	return nf_hook(NFPROTO_IPV6, NF_INET_PRE_ROUTING, net, NULL, skb, dev, NULL, ip6_rcv_finish);
}
