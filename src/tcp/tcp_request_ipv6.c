// SPDX-License-Identifier: BSD-2-Clause
/* Requests over IPv6: their route, their SYN-ACK, and what their child takes over.
 *
 * @step S3 to S4 of S13, to ipv6/ip6_output.c   @linux net/ipv6/tcp_ipv6.c: tcp_v6_send_synack tcp_v6_syn_recv_sock,
 * net/ipv6/inet6_connection_sock.c: inet6_csk_route_req
 */
#include <errno.h>
#include <string.h>

#include "base/csum.h"
#include "dev/netdevice.h"
#include "ipv6/ipv6.h"
#include "net.h"
#include "socket/inet6_sock.h"
#include "tcp/tcp_conn.h"
#include "tcp/tcp_ipv6.h"

#define INET_ECN_MASK 3U

/* ------------------------------------------------------------------ route */

static const struct ipv6_pinfo *listener_np(const struct tcp_request_sock *req)
{
	return inet6_sk(&req->listener->inet.sk);
}

/* tcp_reflect_tos: the SYN-ACK is of the class that the SYN was of. */
static u8 request_tclass(const struct tcp_request_sock *req)
{
	u8 own = listener_np(req)->tclass;

	if (!tcp_sysctl(req->listener)->reflect_tos)
		return own;
	return (u8)((req->syn_tos & ~INET_ECN_MASK) | (own & INET_ECN_MASK));
}

static int request_route(const struct tcp_request_sock *req, struct flowi6 *fl6, struct rt6_info **rt)
{
	const struct inet_sock *inet = &req->listener->inet;
	const struct ipv6_pinfo *np = inet->pinet6;

	*fl6 = (struct flowi6){
		.oif = req->conn.bound_dev_if,
		.strict_oif = req->conn.bound_dev_if != 0,
		.daddr = tcp_in6(&req->conn.daddr),
		.saddr = tcp_in6(&req->conn.rcv_saddr),
		.flowlabel = np->repflow ? req->syn_flow_label : (__force __be32)0U,
		.proto = IPPROTO_TCP,
		.flags = inet->transparent ? FLOWI_FLAG_ANYSRC : 0,
		.mark = req->mark,
		.sport = cpu_to_be16(req->conn.num),
		.dport = req->conn.dport,
		.uid = inet->sk.portid_uid,
	};
	if (np->autoflowlabel_set)
		fl6->flags |= np->autoflowlabel ? FLOWI6_FLAG_AUTOLABEL : FLOWI6_FLAG_NO_AUTOLABEL;
	return ip6_route_output_flow(tcp_req_net(req), fl6, rt);
}

int tcp_v6_request_init(struct tcp_request_sock *req, const struct sk_buff *skb, const struct ip_options *opt,
			struct tcp_route_metrics *out)
{
	const struct in6_addr peer = tcp_in6(&req->conn.daddr);
	struct rt6_info *rt;
	struct flowi6 fl6;
	int err;

	(void)opt;
	req->syn_flow_label = ip6_flowlabel(ipv6_hdr(skb));
	req->syn_hop_limit = ipv6_hdr(skb)->hop_limit;
	if (!req->conn.bound_dev_if && ipv6_addr_is_linklocal(&peer))
		req->conn.bound_dev_if = req->iif; /* there may be another one of that name on another link */
	err = request_route(req, &fl6, &rt);
	if (err)
		return err;
	tcp_v6_metrics_of(rt, out);
	dst_release(&rt->dst);
	return 0;
}

void tcp_v6_request_fini(struct tcp_request_sock *req)
{
	(void)req;
}

/* ------------------------------------------------------------------ SYN-ACK */

int tcp_v6_send_synack(struct tcp_request_sock *req, struct sk_buff *skb)
{
	struct inet_sock *inet = &req->listener->inet;
	struct tcphdr *th = tcp_hdr(skb);
	struct net *net = tcp_req_net(req);
	struct flowi6 fl6;
	struct rt6_info *rt;
	int err = request_route(req, &fl6, &rt);

	if (err) {
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_OUTNOROUTES);
		return err;
	}
	th->check = csum_fold(csum_add(csum_ipv6_magic_sum(&fl6.saddr, &fl6.daddr, skb->len, IPPROTO_TCP),
				       csum_partial(th, skb->len, 0)));
	skb_dst_set(skb, &rt->dst);
	skb->mark = req->mark;
	skb->priority = inet->sk.priority;
	skb->hash = req->txhash;
	err = ip6_xmit(net, NULL, skb, &fl6, IPPROTO_TCP, request_tclass(req), inet->pinet6->hop_limit,
		       inet->pinet6->opt);
	if (err > 0)
		err = net_xmit_errno(err);
	return err == -ENOBUFS ? 0 : err; /* a queue is full: as if it were lost on the way */
}

/* ------------------------------------------------------------------ the child */

int tcp_v6_child_route(struct tcp_sock *child, struct tcp_request_sock *req)
{
	struct inet_sock *inet = &child->inet;
	struct ipv6_pinfo *np = inet->pinet6;
	struct rt6_info *rt;

	np->saddr = np->rcv_saddr = tcp_in6(&req->conn.rcv_saddr);
	np->daddr = tcp_in6(&req->conn.daddr);
	np->rcv_flowinfo = req->syn_flow_label;
	np->flow_label = np->repflow ? req->syn_flow_label : (__force __be32)0U;
	inet->saddr = inet->rcv_saddr = inet->daddr = LOOPBACK4_IPV6;
	inet->num = req->conn.num;
	inet->sport = cpu_to_be16(req->conn.num);
	inet->dport = req->conn.dport;
	inet->sk.bound_dev_if = req->conn.bound_dev_if;
	np->mcast_oif = req->iif;
	np->mcast_hops = req->syn_hop_limit;
	child->txhash = req->txhash;
	if (tcp_sysctl(child)->reflect_tos)
		np->tclass = req->syn_tos & (u8)~INET_ECN_MASK;
	return ipv6_sk_relookup(inet, &rt);
}
