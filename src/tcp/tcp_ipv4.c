// SPDX-License-Identifier: BSD-2-Clause
/* TCP over IPv4: to whom a segment belongs, and what goes down.
 *
 * @step S3 to S4 of S13, to ipv4/ip_output.c   @rfc 9293 3.10.7, 1122 4.2, 5927   @linux net/ipv4/tcp_ipv4.c
 *
 * Reading order: tcp_v4_rcv(), tcp_v4_send_reply(), tcp_v4_connect(), tcp_ipv4_ops.  Who gets a segment is in
 * tcp_deliver.c; tcp_err_ipv4.c hears what ICMP says.
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "base/csum.h"
#include "dev/netdevice.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip.h"
#include "ipv4/ip_fib.h"
#include "ipv4/protocol.h"
#include "ipv4/route.h"
#include "net.h"
#include "tcp/tcp_deliver.h"
#include "tcp/tcp_ipv4.h"
#include "tcp/tcp_output.h"
#include "wire/tcp.h"

/* ------------------------------------------------------------------ is it a segment? */

/* Return: false: it is none, and gone.  @rfc 9293 3.1 */
static bool segment_check(struct sk_buff *skb)
{
	struct net *net = skb->pool->net;
	const struct iphdr *iph;
	u32 hdrlen, sum;

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
	if (skb->ip_summed == CHECKSUM_UNNECESSARY || skb->ip_summed == CHECKSUM_PARTIAL)
		return true;
	iph = ip_hdr(skb);
	sum = skb_checksum_from(skb, 0);
	if (likely(!csum_tcpudp_magic(iph->saddr, iph->daddr, skb->len, IPPROTO_TCP, sum)))
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

static void tcp_v4_conn_of(const struct sk_buff *skb, struct tcp_conn *key)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct tcphdr *th = tcp_hdr(skb);

	*key = (struct tcp_conn){
		.family = AF_INET, .num = be16_to_cpu(th->dest), .dport = th->source, .bound_dev_if = skb->skb_iif
	};
	key->daddr.v4 = iph->saddr;
	key->rcv_saddr.v4 = iph->daddr;
}

/* ------------------------------------------------------------------ answers without a socket */

static void tcp_v4_send_reply(struct net *net, struct sk_buff *skb, const struct tcp_reply *reply)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct tcphdr *th = tcp_hdr(skb);
	struct tcp_out_options opts = { .has_ts = reply->has_ts, .tsval = reply->tsval, .tsecr = reply->tsecr };
	u32 mark = (reply->flags & TCPHDR_RST) && net->ipv4->fwmark_reflect ? skb->mark : reply->mark;
	struct flowi4 fl4 = { .daddr = iph->saddr,
			      .saddr = iph->daddr,
			      .proto = IPPROTO_TCP,
			      .tos = reply->tos,
			      .sport = th->dest,
			      .dport = th->source,
			      .mark = mark,
			      .flags = FLOWI_FLAG_ANYSRC };
	struct ipcm_cookie ipc = {
		.ttl = -1, .tos = reply->tos, .protocol = IPPROTO_TCP, .df = true, .sockc.mark = mark
	};
	u8 written[TCP_MAX_OPTION_BYTES];
	u32 option_bytes = tcp_options_write(written, &opts);
	struct sk_buff *answer;
	struct tcphdr *rep;
	struct rtable *rt;

	if (ip_route_output_flow(net, &fl4, &rt))
		return;
	answer = alloc_skb(net->skb_pool, MAX_TCP_HEADER);
	if (!answer) {
		dst_release(&rt->dst);
		return;
	}
	skb_reserve(answer, MAX_TCP_HEADER);
	rep = skb_push(answer, (u32)sizeof(*rep) + option_bytes);
	skb_reset_transport_header(answer);
	*rep = (struct tcphdr){ .source = th->dest,
				.dest = th->source,
				.seq = cpu_to_be32(reply->seq),
				.ack_seq = cpu_to_be32(reply->ack),
				.flags = reply->flags,
				.window = cpu_to_be16((u16)reply->window) };
	rep->doff_res = (u8)((sizeof(*rep) + option_bytes) / 4 << 4);
	memcpy(rep + 1, written, option_bytes);
	rep->check =
		csum_tcpudp_magic(iph->daddr, iph->saddr, answer->len, IPPROTO_TCP, csum_partial(rep, answer->len, 0));
	skb_dst_set(answer, &rt->dst);
	ip_push_header(net, answer, rt, &fl4, &ipc);
	TCP_INC(net, OutSegs);
	if (reply->flags & TCPHDR_RST)
		TCP_INC(net, OutRsts);
	(void)ip_send_skb(net, NULL, answer);
}

/* ------------------------------------------------------------------ whose is it? */

static bool tcp_v4_too_far(struct tcp_sock *tp, const struct sk_buff *skb)
{
	return ip_hdr(skb)->ttl < tp->inet.min_ttl;
}

static bool tcp_v4_is_unicast(const struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);

	return !rt || rt->type == RTN_LOCAL;
}

static int tcp_v4_rcv(struct sk_buff *skb)
{
	struct ip_options echo = { .faddr = 0 }, *opt = NULL;
	struct tcp_conn key;

	if (!segment_check(skb))
		return 0;
	if (unlikely(IPCB(skb)->opt.optlen) && !ip_options_echo(&echo, skb))
		opt = &echo;
	tcp_fill_cb(skb, ip_hdr(skb)->tos);
	tcp_v4_conn_of(skb, &key);
	tcp_deliver(skb, &key, opt);
	return 0;
}

const struct net_protocol tcp_protocol = {
	.handler = tcp_v4_rcv,
	.err_handler = tcp_v4_err,
};

/* ------------------------------------------------------------------ down */

static struct rtable *route_of(struct tcp_sock *tp, int *err)
{
	struct rtable *rt = ip_sk_route(&tp->inet);

	*err = 0;
	if (unlikely(!rt))
		*err = ip_sk_relookup(&tp->inet, &rt);
	return *err ? NULL : rt;
}

/* ip route ... mtu lock: the administrator says that the path tells nothing. */
static bool mtu_is_locked(const struct rtable *rt)
{
	return rt->fi && (rt->fi->metrics_lock & (1U << RTAX_MTU));
}

/* @len_bytes: 0: it fits */
static bool df_of(const struct inet_sock *inet, const struct rtable *rt, u32 len_bytes)
{
	return ip_sk_df(inet, rt, len_bytes) && !mtu_is_locked(rt);
}

/* IP options, or a segment that is longer than the path takes: the general way. */
static int queue_xmit_any(struct tcp_sock *tp, struct sk_buff *skb, struct rtable *rt)
{
	struct inet_sock *inet = &tp->inet;
	struct net *net = tcp_net_of(tp);
	struct flowi4 fl4 = { .saddr = inet->saddr, .daddr = inet->daddr, .tos = inet->tos };
	struct ipcm_cookie ipc = { .opt = inet->opt,
				   .ttl = inet->uc_ttl,
				   .tos = inet->tos,
				   .sockc = { .mark = skb->mark, .priority = skb->priority },
				   .protocol = IPPROTO_TCP,
				   .df = df_of(inet, rt, skb_is_gso(skb) ? 0 : skb->len),
				   .ident = &inet->ident };

	ip_push_header(net, skb, rt, &fl4, &ipc);
	return ip_local_out(net, tcp_sock_of(tp), skb);
}

/* The header is all that is left to do.  @skb: taken */
static int queue_xmit_plain(struct tcp_sock *tp, struct sk_buff *skb, const struct rtable *rt)
{
	__be16 frag_off = df_of(&tp->inet, rt, 0) ? CONST_BE16(IP_DF) : CONST_BE16(0);
	struct iphdr *iph = skb_push(skb, sizeof(*iph));

	*iph = (struct iphdr){ .version = IPVERSION,
			       .ihl = 5,
			       .tos = tp->inet.tos,
			       .tot_len = cpu_to_be16((u16)skb->len),
			       .id = cpu_to_be16(tp->inet.ident++),
			       .frag_off = frag_off,
			       .ttl = ip_sk_ttl(&tp->inet, rt),
			       .protocol = IPPROTO_TCP,
			       .saddr = tp->inet.saddr,
			       .daddr = tp->inet.daddr };
	ip_send_check(iph);
	skb_reset_network_header(skb);
	return ip_local_out_ready(tcp_net_of(tp), tcp_sock_of(tp), skb);
}

static int tcp_v4_queue_xmit(struct tcp_sock *tp, struct sk_buff *skb)
{
	u32 segs = max_u32(1, skb_shinfo(skb)->gso_segs), longest = skb->len;
	struct rtable *rt;
	int err;

	rt = route_of(tp, &err);
	if (unlikely(!rt)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_OUTNOROUTES);
		return err;
	}
	skb_dst_set_noref(skb, &rt->dst);
	if (skb_is_gso(skb))
		longest = tcp_hdrlen_bytes(tcp_hdr(skb)) + skb_shinfo(skb)->gso_size;
	if (likely(!tp->inet.opt && longest + sizeof(struct iphdr) <= ip_dst_mtu(rt)))
		err = queue_xmit_plain(tp, skb, rt);
	else
		err = queue_xmit_any(tp, skb, rt);
	tp->inet.ident = (u16)(tp->inet.ident + segs - 1);
	return err;
}

/* A short segment is summed here and now: nothing below has to look at it again. */
static void tcp_v4_send_check(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct tcphdr *th = tcp_hdr(skb);

	if (!skb->data_len) {
		th->check = csum_tcpudp_magic(tp->inet.saddr, tp->inet.daddr, skb->len, IPPROTO_TCP,
					      csum_partial(th, skb->len, 0));
		skb->ip_summed = CHECKSUM_NONE;
		return;
	}
	th->check = (__force __be16)(u16) ~(__force u16)csum_tcpudp_magic(tp->inet.saddr, tp->inet.daddr, skb->len,
									  IPPROTO_TCP, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb->transport_header;
	skb->csum_offset = offsetof(struct tcphdr, check);
}

static int tcp_v4_rebuild_header(struct tcp_sock *tp)
{
	int err;

	(void)route_of(tp, &err);
	return err;
}

static u32 tcp_v4_mtu(const struct tcp_sock *tp)
{
	const struct rtable *rt = ip_sk_route(&tp->inet);

	return rt ? ip_sk_mtu(&tp->inet, rt) : tp->pmtu_cookie ? tp->pmtu_cookie : 576;
}

void tcp_v4_metrics_of(const struct rtable *rt, struct tcp_route_metrics *out)
{
	const struct net_device *dev = rt->dst.dev;
	u32 mtu = ip_dst_mtu(rt);

	out->metrics = rt->fi ? rt->fi->metrics : NULL;
	out->advmss = tcp_route_metric(out, RTAX_ADVMSS);
	if (!out->advmss) {
		out->advmss = max_u32(mtu > 40 ? mtu - 40 : 0, (u32)TCP_MSS_DEFAULT > mtu ? TCP_MIN_MSS : 256);
		out->advmss = min_u32(out->advmss, 65535U - 40);
	}
	out->gso_max_bytes = min_u32(dev->gso_max_size_bytes, 65535);
	out->gso_max_segs = dev->features & NETIF_F_GSO && dev->features & NETIF_F_SG ? dev->gso_max_segs : 0;
}

static void tcp_v4_route_metrics(struct tcp_sock *tp, struct tcp_route_metrics *out)
{
	int err;
	const struct rtable *rt = route_of(tp, &err);

	if (rt)
		tcp_v4_metrics_of(rt, out);
	else
		*out = (struct tcp_route_metrics){ .advmss = TCP_MSS_DEFAULT };
}

static void tcp_v4_negative_advice(struct tcp_sock *tp)
{
	const struct rtable *rt = ip_sk_route(&tp->inet);

	if (rt)
		rt_neigh_doubt(rt, tp->inet.daddr);
}

static void tcp_v4_timewait_fill(struct tcp_timewait_sock *tw, const struct tcp_sock *tp)
{
	tw->tos = tp->inet.tos;
}

const struct tcp_af_ops tcp_ipv4_ops = {
	.net_header_bytes = sizeof(struct iphdr),
	.mss_default = TCP_MSS_DEFAULT,
	.gso_type = SKB_GSO_TCPV4,
	.queue_xmit = tcp_v4_queue_xmit,
	.send_check = tcp_v4_send_check,
	.rebuild_header = tcp_v4_rebuild_header,
	.mtu = tcp_v4_mtu,
	.route_metrics = tcp_v4_route_metrics,
	.negative_advice = tcp_v4_negative_advice,
	.timewait_fill = tcp_v4_timewait_fill,
	.request_init = tcp_v4_request_init,
	.request_fini = tcp_v4_request_fini,
	.send_synack = tcp_v4_send_synack,
	.child_route = tcp_v4_child_route,
	.conn_of = tcp_v4_conn_of,
	.too_far = tcp_v4_too_far,
	.is_unicast = tcp_v4_is_unicast,
	.send_reply = tcp_v4_send_reply,
};

/* ------------------------------------------------------------------ bind, connect */

/* net.ipv4.ip_unprivileged_port_start is of both families. */
bool tcp_port_is_privileged(const struct sock *sk, u16 port)
{
	return port && port < (u16)sk->net->ipv4->ip_unprivileged_port_start && !sk->admin;
}

int tcp_v4_bind(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct inet_sock *inet = &tp->inet;
	const struct sockaddr_in *sin;
	bool multi;
	__be32 ip;
	u16 port;
	int err = ip_bind_check(addr, len_bytes, &sin);

	if (err)
		return err;
	ip = (__force __be32)sin->sin_addr.s_addr;
	err = ip_bind_address(inet, ip, &multi);
	if (err)
		return err;
	port = be16_to_cpu((__force __be16)sin->sin_port);
	if (tcp_port_is_privileged(sk, port))
		return -EACCES;
	if (sk->state != TCP_CLOSE || inet->num)
		return -EINVAL;
	inet->rcv_saddr = ip;
	inet->saddr = multi ? (__force __be32)0U : ip;
	tp->conn.rcv_saddr.v4 = ip;
	tp->conn.bound_dev_if = sk->bound_dev_if;
	if (port || !inet->bind_address_no_port) {
		err = tcp_get_port(tp, port);
		if (err) {
			inet->rcv_saddr = inet->saddr = (__force __be32)0U;
			tp->conn.rcv_saddr.v4 = (__force __be32)0U;
			return err;
		}
	}
	inet->bound_addr = ip;
	inet->bound_port = port;
	inet->daddr = (__force __be32)0U;
	inet->dport = cpu_to_be16(0);
	inet_dst_set(inet, NULL);
	return 0;
}

/* A route to the peer, and the address that it gives us. */
static int connect_route(struct tcp_sock *tp, const struct sockaddr_in *sin)
{
	struct inet_sock *inet = &tp->inet;
	struct flowi4 fl4;
	struct rtable *rt;
	int err;

	ip_connected_flow(inet, &fl4);
	fl4.daddr = (__force __be32)sin->sin_addr.s_addr;
	fl4.dport = (__force __be16)sin->sin_port;
	err = ip_route_output_flow(tcp_net_of(tp), &fl4, &rt);
	if (err) {
		if (err == -ENETUNREACH)
			tcp_net_of(tp)->ipv4->stats.out_no_routes++;
		return err;
	}
	if (rt->flags & (RTCF_MULTICAST | RTCF_BROADCAST)) {
		dst_release(&rt->dst);
		return -ENETUNREACH;
	}
	if (!inet->saddr)
		inet->saddr = fl4.saddr;
	if (!inet->rcv_saddr)
		inet->rcv_saddr = inet->saddr;
	inet->daddr = fl4.daddr;
	inet->dport = fl4.dport;
	inet_dst_set(inet, &rt->dst);
	tp->conn.daddr.v4 = inet->daddr;
	tp->conn.rcv_saddr.v4 = inet->rcv_saddr;
	tp->conn.dport = inet->dport;
	tp->conn.bound_dev_if = tcp_sock_of(tp)->bound_dev_if;
	return 0;
}

static void connect_failed(struct tcp_sock *tp)
{
	struct inet_sock *inet = &tp->inet;

	tcp_set_state(tp, TCP_CLOSE);
	tcp_clear_xmit_timers(tp);
	tcp_write_queue_purge(tp);
	if (!inet->bound_addr)
		inet->rcv_saddr = inet->saddr = (__force __be32)0U;
	inet->daddr = (__force __be32)0U;
	inet->dport = cpu_to_be16(0);
	inet_dst_set(inet, NULL);
}

void tcp_v4_options_changed(struct tcp_sock *tp)
{
	if (TCPF(tp->inet.sk.state) & (TCPF_CLOSE | TCPF_LISTEN))
		return; /* connect(2) and accept(2) look themselves */
	tp->ext_hdr_len = tp->inet.opt ? tp->inet.opt->optlen : 0;
	tcp_sync_mss(tp, tp->pmtu_cookie);
}

int tcp_v4_connect(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct net *net = sk->net;
	struct sockaddr_in sin;
	int err;

	if (len_bytes < sizeof(sin))
		return -EINVAL;
	memcpy(&sin, addr, sizeof(sin));
	if (sin.sin_family != AF_INET)
		return -EAFNOSUPPORT;
	err = connect_route(tp, &sin);
	if (err)
		goto failed;
	tp->write_seq = 0;
	tp->rx_opt.mss_clamp = TCP_MSS_DEFAULT;
	tp->ext_hdr_len = tp->inet.opt ? tp->inet.opt->optlen : 0;
	tcp_set_state(tp, TCP_SYN_SENT);
	err = tcp_hash_connect(tp);
	if (err)
		goto failed;
	if (!tp->write_seq) /* else a TIME_WAIT gave it */
		tp->write_seq = tcp_secure_seq(net, &tp->conn);
	tp->tsoffset = tcp_secure_ts_off(net, &tp->conn);
	tp->inet.ident = (u16)get_random_u32(&net->rng);
	if (tcp_fastopen_defer_connect(tp, &err))
		return err;
	err = err ? err : tcp_connect(tp);
	if (err)
		goto failed;
	return -EINPROGRESS;
failed:
	connect_failed(tp);
	return err;
}
