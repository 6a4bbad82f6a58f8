// SPDX-License-Identifier: BSD-2-Clause
/* TCP over IPv6: to whom a segment belongs, and what goes down.
 *
 * @step S3 to S4 of S13, to ipv6/ip6_output.c   @rfc 9293 3.10.7, 8200 8, 6437   @linux net/ipv6/tcp_ipv6.c
 *
 * Reading order: tcp_v6_rcv(), tcp_v6_send_reply(), tcp_v6_queue_xmit(), tcp_ipv6_ops.  What programs call is in
 * tcp_connect_ipv6.c, what ICMPv6 says in tcp_err_ipv6.c.
 */
#include "tcp/tcp_ipv6.h"

#include <errno.h>
#include <string.h>

#include "base/csum.h"
#include "dev/netdevice.h"
#include "ipv6/ipv6.h"
#include "ipv6/protocol.h"
#include "net.h"
#include "socket/inet6_sock.h"
#include "tcp/tcp_deliver.h"
#include "tcp/tcp_output.h"
#include "wire/tcp.h"

#define INET_ECN_MASK 3U
#define FLOWLABEL_REFLECT_TCP_RESET 2 /* bit of net.ipv6.flowlabel_reflect */
#define MTU_UNKNOWN IPV6_MIN_MTU

static __be16 tcp_v6_check(const struct in6_addr *saddr, const struct in6_addr *daddr, u32 len_bytes, u32 sum)
{
	return csum_fold(csum_add(csum_ipv6_magic_sum(saddr, daddr, len_bytes, IPPROTO_TCP), sum));
}

/* ------------------------------------------------------------------ is it a segment? */

static bool checksum_ok(struct sk_buff *skb)
{
	const struct ipv6hdr *hdr = ipv6_hdr(skb);
	u32 sum;

	if (skb->ip_summed == CHECKSUM_UNNECESSARY || skb->ip_summed == CHECKSUM_PARTIAL)
		return true;
	sum = skb_checksum_from(skb, 0);
	return !tcp_v6_check(&hdr->saddr, &hdr->daddr, skb->len, sum);
}

/* Return: false: it is none, and gone.  @rfc 9293 3.1 */
static bool segment_check(struct sk_buff *skb)
{
	struct net *net = skb->pool->net;
	u32 hdrlen;

	TCP_INC(net, InSegs);
	if (skb->pkt_type != PACKET_HOST) {
		kfree_skb_reason(skb, SKB_DROP_REASON_OTHERHOST);
		return false;
	}
	if (!pskb_may_pull(skb, sizeof(struct tcphdr)))
		goto malformed;
	skb_reset_transport_header(skb);
	hdrlen = tcp_hdrlen_bytes(tcp_hdr(skb));
	if (hdrlen < sizeof(struct tcphdr) || !pskb_may_pull(skb, hdrlen))
		goto malformed;
	skb_reset_transport_header(skb);
	if (likely(checksum_ok(skb)))
		return true;
	TCP_INC(net, InCsumErrors);
	TCP_INC(net, InErrs);
	kfree_skb_reason(skb, SKB_DROP_REASON_TCP_CSUM);
	return false;

malformed:
	TCP_INC(net, InErrs);
	kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_SMALL);
	return false;
}

static void tcp_v6_conn_of(const struct sk_buff *skb, struct tcp_conn *key)
{
	const struct ipv6hdr *hdr = ipv6_hdr(skb);
	const struct tcphdr *th = tcp_hdr(skb);

	key->hash = 0;
	key->kind = 0;
	key->family = AF_INET6;
	key->sk_family = AF_INET6;
	key->num = be16_to_cpu(th->dest);
	key->dport = th->source;
	key->bound_dev_if = skb->skb_iif;
	tcp_set_in6(&key->daddr, &hdr->saddr);
	tcp_set_in6(&key->rcv_saddr, &hdr->daddr);
}

static bool tcp_v6_too_far(struct tcp_sock *tp, const struct sk_buff *skb)
{
	struct ipv6_pinfo *np = inet6_sk(&tp->inet.sk);

	if (ipv6_hdr(skb)->hop_limit < np->min_hopcount)
		return true;
	if (np->rxopt_flags && tp->inet.sk.state != TCP_LISTEN)
		ipv6_seen_set(np, skb);
	return false;
}

static bool tcp_v6_is_unicast(const struct sk_buff *skb)
{
	const struct rt6_info *rt = skb_rt6_info(skb);

	return (!rt || rt->type == RTN_LOCAL) && !ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr);
}

static int tcp_v6_rcv(struct sk_buff *skb)
{
	struct tcp_conn key;

	if (!segment_check(skb))
		return 0;
	tcp_fill_cb(skb, ipv6_tclass(ipv6_hdr(skb)));
	tcp_v6_conn_of(skb, &key);
	tcp_deliver(skb, &key, NULL);
	return 0;
}

const struct inet6_protocol tcpv6_protocol = {
	.handler = tcp_v6_rcv,
	.err_handler = tcp_v6_err,
	.flags = INET6_PROTO_FINAL | INET6_PROTO_NOPOLICY,
};

/* ------------------------------------------------------------------ answers without a socket */

/* What a TIME_WAIT says has its class and label; the rest answers as it was asked. */
static __be32 reply_label(const struct net *net, const struct sk_buff *skb, const struct tcp_reply *reply)
{
	if (reply->tw)
		return reply->tw->flow_label;
	if ((reply->flags & TCPHDR_RST) && (net->ipv6->flowlabel_reflect & FLOWLABEL_REFLECT_TCP_RESET))
		return ip6_flowlabel(ipv6_hdr(skb));
	return (__force __be32)0U;
}

static void reply_flow(const struct net *net, const struct sk_buff *skb, const struct tcp_reply *reply,
		       struct flowi6 *fl6)
{
	const struct ipv6hdr *hdr = ipv6_hdr(skb);
	const struct tcphdr *th = tcp_hdr(skb);
	bool reflect = (reply->flags & TCPHDR_RST) && net->ipv6->fwmark_reflect;

	*fl6 = (struct flowi6){
		.daddr = hdr->saddr,
		.saddr = hdr->daddr,
		.oif = ipv6_addr_is_linklocal(&hdr->saddr) ? skb->skb_iif : 0,
		.proto = IPPROTO_TCP,
		.flowlabel = reply_label(net, skb, reply),
		.sport = th->dest,
		.dport = th->source,
		.mark = reflect ? skb->mark : reply->mark,
		.flags = FLOWI_FLAG_ANYSRC,
	};
	fl6->strict_oif = fl6->oif != 0;
}

/* Return: data at the TCP header; NULL: no memory */
static struct sk_buff *reply_make(struct net *net, const struct flowi6 *fl6, const struct tcp_reply *reply)
{
	struct tcp_out_options opts = { .has_ts = reply->has_ts, .tsval = reply->tsval, .tsecr = reply->tsecr };
	struct sk_buff *answer = alloc_skb(net->skb_pool, MAX_TCP_HEADER);
	u8 written[TCP_MAX_OPTION_BYTES];
	u32 option_bytes = tcp_options_write(written, &opts);
	struct tcphdr *rep;

	if (!answer)
		return NULL;
	skb_reserve(answer, MAX_TCP_HEADER);
	rep = skb_push(answer, (u32)sizeof(*rep) + option_bytes);
	skb_reset_transport_header(answer);
	*rep = (struct tcphdr){ .source = fl6->sport,
				.dest = fl6->dport,
				.seq = cpu_to_be32(reply->seq),
				.ack_seq = cpu_to_be32(reply->ack),
				.doff_res = (u8)((sizeof(*rep) + option_bytes) / 4 << 4),
				.flags = reply->flags,
				.window = cpu_to_be16((u16)reply->window) };
	memcpy(rep + 1, written, option_bytes);
	rep->check = tcp_v6_check(&fl6->saddr, &fl6->daddr, answer->len, csum_partial(rep, answer->len, 0));
	return answer;
}

static void tcp_v6_send_reply(struct net *net, struct sk_buff *skb, const struct tcp_reply *reply)
{
	u8 tclass = reply->tw ? reply->tw->tos : ipv6_tclass(ipv6_hdr(skb));
	struct sk_buff *answer;
	struct rt6_info *rt;
	struct flowi6 fl6;

	reply_flow(net, skb, reply, &fl6);
	if (ip6_route_output_flow(net, &fl6, &rt))
		return;
	answer = reply_make(net, &fl6, reply);
	if (!answer) {
		dst_release(&rt->dst);
		return;
	}
	skb_dst_set(answer, &rt->dst);
	answer->mark = fl6.mark;
	answer->hash = reply->tw ? reply->tw->txhash : 0;
	TCP_INC(net, OutSegs);
	if (reply->flags & TCPHDR_RST)
		TCP_INC(net, OutRsts);
	(void)ip6_xmit(net, NULL, answer, &fl6, IPPROTO_TCP, tclass & (u8)~INET_ECN_MASK, -1, NULL);
}

/* ------------------------------------------------------------------ down */

static struct rt6_info *route_of(struct tcp_sock *tp, int *err)
{
	struct rt6_info *rt = ipv6_sk_route(&tp->inet);

	*err = 0;
	if (unlikely(!rt))
		*err = ipv6_sk_relookup(&tp->inet, &rt);
	return *err ? NULL : rt;
}

/* ECN is TCP's own: it notes its bits in inet.tos, whatever the family. */
static u8 tclass_of(const struct tcp_sock *tp)
{
	return (u8)((inet6_sk(&tp->inet.sk)->tclass & ~INET_ECN_MASK) | (tp->inet.tos & INET_ECN_MASK));
}

static bool wants_label(const struct net *net, const struct ipv6_pinfo *np)
{
	if (np->autoflowlabel_set)
		return np->autoflowlabel;
	return net->ipv6->auto_flowlabels == IP6_AUTO_FLOW_LABEL_OPTOUT ||
	       net->ipv6->auto_flowlabels == IP6_AUTO_FLOW_LABEL_FORCED;
}

/* Extension headers, or a segment that is longer than the path takes: the general way. */
static int queue_xmit_any(struct tcp_sock *tp, struct sk_buff *skb)
{
	const struct ipv6_pinfo *np = inet6_sk(&tp->inet.sk);
	struct flowi6 fl6;

	ipv6_connected_flow(&tp->inet, &fl6);
	return ip6_xmit(tcp_net_of(tp), tcp_sock_of(tp), skb, &fl6, IPPROTO_TCP, tclass_of(tp), np->hop_limit, np->opt);
}

/* The header is all that is left to do.  @skb: taken */
static int queue_xmit_plain(struct tcp_sock *tp, struct sk_buff *skb, const struct rt6_info *rt)
{
	const struct ipv6_pinfo *np = inet6_sk(&tp->inet.sk);
	struct net *net = tcp_net_of(tp);
	u32 payload_bytes = skb->len;
	__be32 label = np->flow_label & CONST_BE32(IPV6_FLOWLABEL_MASK);
	struct ipv6hdr *hdr;

	if (!label)
		label = ip6_make_flowlabel(net, skb, label, wants_label(net, np), NULL);
	hdr = skb_push(skb, sizeof(*hdr));
	skb_reset_network_header(skb);
	hdr->ver_tc_flow = ip6_flow_word(tclass_of(tp), label);
	hdr->payload_len = cpu_to_be16((u16)payload_bytes);
	hdr->nexthdr = IPPROTO_TCP;
	hdr->hop_limit = (u8)(np->hop_limit >= 0 ? (u32)np->hop_limit : ip6_dst_hoplimit(rt));
	hdr->saddr = np->saddr;
	hdr->daddr = np->daddr;
	return ip6_local_out_ready(net, tcp_sock_of(tp), skb);
}

static int tcp_v6_queue_xmit(struct tcp_sock *tp, struct sk_buff *skb)
{
	const struct ipv6_pinfo *np = inet6_sk(&tp->inet.sk);
	u32 longest = skb->len;
	struct rt6_info *rt;
	int err;

	rt = route_of(tp, &err);
	if (unlikely(!rt)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_OUTNOROUTES);
		return err;
	}
	skb->hash = tp->txhash; /* the label's, and that of the device's queue */
	skb_dst_set_noref(skb, &rt->dst);
	if (skb_is_gso(skb))
		longest = tcp_hdrlen_bytes(tcp_hdr(skb)) + skb_shinfo(skb)->gso_size;
	if (likely(!np->opt && longest + IPV6_HEADER_BYTES <= ip6_dst_mtu(rt)))
		return queue_xmit_plain(tp, skb, rt);
	return queue_xmit_any(tp, skb);
}

/* A short segment is summed here and now: nothing below has to look at it again. */
static void tcp_v6_send_check(struct tcp_sock *tp, struct sk_buff *skb)
{
	const struct ipv6_pinfo *np = inet6_sk(&tp->inet.sk);
	struct tcphdr *th = tcp_hdr(skb);

	if (!skb->data_len) {
		th->check = tcp_v6_check(&np->saddr, &np->daddr, skb->len, csum_partial(th, skb->len, 0));
		skb->ip_summed = CHECKSUM_NONE;
		return;
	}
	th->check = (__force __be16)(u16) ~(__force u16)tcp_v6_check(&np->saddr, &np->daddr, skb->len, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb->transport_header;
	skb->csum_offset = offsetof(struct tcphdr, check);
}

static int tcp_v6_rebuild_header(struct tcp_sock *tp)
{
	int err;

	(void)route_of(tp, &err);
	return err;
}

static u32 tcp_v6_mtu(const struct tcp_sock *tp)
{
	const struct rt6_info *rt = ipv6_sk_route(&tp->inet);

	return rt ? ipv6_sk_mtu(&tp->inet, rt) : tp->pmtu_cookie ? tp->pmtu_cookie : MTU_UNKNOWN;
}

void tcp_v6_metrics_of(const struct rt6_info *rt, struct tcp_route_metrics *out)
{
	const struct net_device *dev = rt->dst.dev;
	u32 mtu = ip6_dst_mtu(rt), headers = IPV6_HEADER_BYTES + (u32)sizeof(struct tcphdr);

	out->metrics = ip6_dst_metrics(rt);
	out->advmss = tcp_route_metric(out, RTAX_ADVMSS);
	out->gso_max_bytes = min_u32(dev->gso_max_size_bytes, 65535);
	out->gso_max_segs = dev->features & NETIF_F_GSO && dev->features & NETIF_F_SG ? dev->gso_max_segs : 0;
	if (!out->advmss)
		out->advmss = max_u32(mtu > headers ? mtu - headers : 0, (u32)dev->net->ipv6->route_min_advmss);
	/* RFC 2675 5: what cannot be said without a jumbo option is said as this */
	if (out->advmss > IPV6_MAXPLEN - sizeof(struct tcphdr))
		out->advmss = IPV6_MAXPLEN;
}

static void tcp_v6_route_metrics(struct tcp_sock *tp, struct tcp_route_metrics *out)
{
	int err;
	const struct rt6_info *rt = route_of(tp, &err);

	if (rt)
		tcp_v6_metrics_of(rt, out);
	else
		*out = (struct tcp_route_metrics){ .advmss = TCP_MSS_DEFAULT };
}

static void tcp_v6_negative_advice(struct tcp_sock *tp)
{
	const struct rt6_info *rt = ipv6_sk_route(&tp->inet);

	if (rt)
		rt6_neigh_doubt(rt, &inet6_sk(&tp->inet.sk)->daddr);
}

static void tcp_v6_timewait_fill(struct tcp_timewait_sock *tw, const struct tcp_sock *tp)
{
	tw->tos = tclass_of(tp);
	tw->flow_label = inet6_sk(&tp->inet.sk)->flow_label & CONST_BE32(IPV6_FLOWLABEL_MASK);
	tw->txhash = tp->txhash;
}

const struct tcp_af_ops tcp_ipv6_ops = {
	.net_header_bytes = IPV6_HEADER_BYTES,
	.mss_default = IPV6_MIN_MTU - IPV6_HEADER_BYTES - sizeof(struct tcphdr),
	.gso_type = SKB_GSO_TCPV6,
	.queue_xmit = tcp_v6_queue_xmit,
	.send_check = tcp_v6_send_check,
	.rebuild_header = tcp_v6_rebuild_header,
	.mtu = tcp_v6_mtu,
	.route_metrics = tcp_v6_route_metrics,
	.negative_advice = tcp_v6_negative_advice,
	.timewait_fill = tcp_v6_timewait_fill,
	.request_init = tcp_v6_request_init,
	.request_fini = tcp_v6_request_fini,
	.send_synack = tcp_v6_send_synack,
	.child_route = tcp_v6_child_route,
	.conn_of = tcp_v6_conn_of,
	.too_far = tcp_v6_too_far,
	.is_unicast = tcp_v6_is_unicast,
	.send_reply = tcp_v6_send_reply,
};
