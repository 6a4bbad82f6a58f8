// SPDX-License-Identifier: BSD-2-Clause
/* The IPv4 way up.
 *
 * @step receive path, from dev/dev.c, to net_protocol
 * @rfc 791, 1122 3.2.1 3.2.2
 * @linux net/ipv4/ip_input.c
 *
 * Reading order: ip_rcv(), ip_rcv_finish(), ip_local_deliver(), ip_protocol_deliver().
 */
#include <errno.h>

#include "ipv4/icmp.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip.h"
#include "ipv4/protocol.h"
#include "netfilter/netfilter.h"
#include "wire/icmp.h"

/* ------------------------------------------------------------------ delivery */

static void ip_deliver_nobody(struct net *net, struct sk_buff *skb, bool raw)
{
	if (raw) {
		net->ipv4->stats.in_delivers++;
		consume_skb(skb);
		return;
	}
	net->ipv4->stats.in_unknown_protos++;
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, 0);
	kfree_skb_reason(skb, SKB_DROP_REASON_IP_NOPROTO);
}

/* A protocol may find another one inside, and says so: its number comes back negative. */
static void ip_protocol_deliver(struct net *net, struct sk_buff *skb, u8 protocol)
{
	const struct raw_ops *raw_ops = net->ipv4->raw;
	const struct net_protocol *prot;
	bool raw;
	int ret;

	do {
		raw = raw_ops && raw_ops->deliver(skb, protocol);
		prot = net->ipv4->protos[protocol];
		if (!prot) {
			ip_deliver_nobody(net, skb, raw);
			return;
		}
		ret = prot->handler(skb);
		if (ret < 0)
			protocol = (u8)-ret;
	} while (ret < 0);
	net->ipv4->stats.in_delivers++;
}

static int ip_local_deliver_finish(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	(void)sk;
	skb_pull(skb, skb_transport_offset(skb));
	ip_protocol_deliver(net, skb, ip_hdr(skb)->protocol);
	return 0;
}

int ip_local_deliver(struct sk_buff *skb)
{
	struct net *net = skb->dev->net;

	if (ip_is_fragment(ip_hdr(skb))) {
		skb = ip_defrag(net, skb, IP_DEFRAG_LOCAL_DELIVER);
		if (!skb)
			return 0;
	}
	return nf_hook(NFPROTO_IPV4, NF_INET_LOCAL_IN, net, NULL, skb, skb->dev, NULL, ip_local_deliver_finish);
}

/* ------------------------------------------------------------------ reception */

static bool ip_count_by_type(struct net *net, const struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);
	const struct in_device *in_dev = in_dev_get_rcu(skb->dev);

	if (rt->type == RTN_MULTICAST) {
		net->ipv4->stats.in_mcast_pkts++;
		net->ipv4->stats.in_mcast_octets += skb->len;
	} else if (rt->type == RTN_BROADCAST) {
		net->ipv4->stats.in_bcast_pkts++;
		net->ipv4->stats.in_bcast_octets += skb->len;
	} else if (skb->pkt_type == PACKET_BROADCAST || skb->pkt_type == PACKET_MULTICAST) {
		/* RFC 1122 3.3.6: a unicast address in a link-layer broadcast. */
		return !in_dev || !IN_DEV_ORCONF(in_dev, DROP_UNICAST_IN_L2_MULTICAST);
	}
	return true;
}

static int ip_rcv_drop(struct sk_buff *skb, enum skb_drop_reason reason)
{
	kfree_skb_reason(skb, reason);
	return NET_RX_DROP;
}

static int ip_rcv_finish(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	enum skb_drop_reason reason = SKB_DROP_REASON_IP_INADDRERRORS;
	int err;

	(void)sk;
	if (!skb_dst(skb) && ip_route_input(skb, iph->daddr, iph->saddr, iph->tos, skb->dev, &reason))
		return ip_rcv_drop(skb, reason);
	if (unlikely(iph->ihl > 5)) {
		err = ip_options_rcv(skb, skb->dev);
		if (err)
			return ip_rcv_drop(skb, err == -ENOMEM ? SKB_DROP_REASON_NOMEM : SKB_DROP_REASON_IP_OPTIONS);
	}
	if (!ip_count_by_type(net, skb))
		return ip_rcv_drop(skb, SKB_DROP_REASON_UNICAST_IN_L2_MULTICAST);
	return skb_dst(skb)->input(skb);
}

static enum skb_drop_reason ip_hdr_error(struct net *net, enum skb_drop_reason reason)
{
	net->ipv4->stats.in_hdr_errors++;
	return reason;
}

/* RFC 1122 3.2.1: what is not a whole, true header is dropped without a word.  Return: 0, or why not. */
static enum skb_drop_reason ip_rcv_check(struct net *net, struct sk_buff *skb)
{
	const struct iphdr *iph;
	u32 len;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return ip_hdr_error(net, SKB_DROP_REASON_PKT_TOO_SMALL);
	iph = (const struct iphdr *)(const void *)skb->data;
	if (iph->version != IPVERSION || iph->ihl < 5)
		return ip_hdr_error(net, SKB_DROP_REASON_IP_INHDR);
	if (!pskb_may_pull(skb, ip_hdrlen_bytes(iph)))
		return ip_hdr_error(net, SKB_DROP_REASON_PKT_TOO_SMALL);
	iph = (const struct iphdr *)(const void *)skb->data;
	net->ipv4->stats.in_ect[iph->tos & 3] += likely(!skb->data_len) ? 1 : max_u32(skb_shinfo(skb)->gso_segs, 1);
	if (unlikely(ip_fast_csum(iph))) {
		net->ipv4->stats.in_csum_errors++;
		return ip_hdr_error(net, SKB_DROP_REASON_IP_CSUM);
	}
	len = be16_to_cpu(iph->tot_len);
	if (skb->len < len) {
		net->ipv4->stats.in_truncated_pkts++;
		return SKB_DROP_REASON_PKT_TOO_SMALL;
	}
	if (len < ip_hdrlen_bytes(iph))
		return ip_hdr_error(net, SKB_DROP_REASON_IP_INHDR);
	if (pskb_trim(skb, len)) { /* link-layer padding */
		net->ipv4->stats.in_discards++;
		return SKB_DROP_REASON_NOMEM;
	}
	return 0;
}

int ip_rcv(struct sk_buff *skb, struct net_device *dev, void *ctx)
{
	struct net *net = dev->net;
	enum skb_drop_reason reason;

	(void)ctx;
	if (unlikely(skb->pkt_type == PACKET_OTHERHOST))
		return ip_rcv_drop(skb, SKB_DROP_REASON_OTHERHOST);
	net->ipv4->stats.in_receives++;
	net->ipv4->stats.in_octets += skb->len;
	reason = ip_rcv_check(net, skb);
	if (unlikely(reason))
		return ip_rcv_drop(skb, reason);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, ip_hdrlen_bytes(ip_hdr(skb)));
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	IPCB(skb)->iif = skb->skb_iif;
	return nf_hook(NFPROTO_IPV4, NF_INET_PRE_ROUTING, net, NULL, skb, dev, NULL, ip_rcv_finish);
}
