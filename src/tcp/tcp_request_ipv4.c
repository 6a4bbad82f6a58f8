// SPDX-License-Identifier: BSD-2-Clause
/* Requests over IPv4: their route, their SYN-ACK, and what their child takes over.
 *
 * @step S3 to S4 of S13, to ipv4/ip_output.c   @rfc 1122 4.2.3.8   @linux net/ipv4/tcp_ipv4.c: tcp_v4_send_synack,
 * net/ipv4/inet_connection_sock.c: inet_csk_route_req
 */
#include <errno.h>
#include <string.h>

#include "base/csum.h"
#include "ipv4/ip.h"
#include "ipv4/route.h"
#include "net.h"
#include "tcp/tcp_conn.h"
#include "tcp/tcp_ipv4.h"

#define INET_ECN_MASK 3U

/* ------------------------------------------------------------------ route */

/* tcp_reflect_tos: the SYN-ACK is of the class that the SYN was of. */
static u8 request_tos(const struct tcp_request_sock *req)
{
	u8 own = req->listener->inet.tos;

	if (!tcp_sysctl(req->listener)->reflect_tos)
		return own;
	return (u8)((req->syn_tos & ~INET_ECN_MASK) | (own & INET_ECN_MASK));
}

static int request_route(const struct tcp_request_sock *req, struct flowi4 *fl4, struct rtable **rt)
{
	const struct inet_sock *inet = &req->listener->inet;
	const struct ip_options *opt = req->opt;

	*fl4 = (struct flowi4){
		.oif = req->conn.bound_dev_if,
		.daddr = opt && opt->srr ? opt->faddr : req->conn.daddr.v4,
		.saddr = req->conn.rcv_saddr.v4,
		.tos = request_tos(req),
		.scope = sock_flag(&inet->sk, SOCK_F_DONTROUTE) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
		.proto = IPPROTO_TCP,
		.flags = inet->transparent ? FLOWI_FLAG_ANYSRC : 0,
		.mark = req->mark,
		.sport = cpu_to_be16(req->conn.num),
		.dport = req->conn.dport,
		.uid = inet->sk.portid_uid,
	};
	return ip_route_output_flow(tcp_req_net(req), fl4, rt);
}

int tcp_v4_request_init(struct tcp_request_sock *req, const struct sk_buff *skb, const struct ip_options *opt,
			struct tcp_route_metrics *out)
{
	struct flowi4 fl4;
	struct rtable *rt;
	int err;

	req->syn_hop_limit = ip_hdr(skb)->ttl;
	if (opt) {
		req->opt = mem_alloc(tcp_req_net(req)->mem, sizeof(*opt));
		if (!req->opt)
			return -ENOMEM;
		*req->opt = *opt;
	}
	err = request_route(req, &fl4, &rt);
	if (err)
		return err;
	tcp_v4_metrics_of(rt, out);
	dst_release(&rt->dst);
	return 0;
}

void tcp_v4_request_fini(struct tcp_request_sock *req)
{
	if (req->opt)
		mem_free(tcp_req_net(req)->mem, req->opt, sizeof(*req->opt));
	req->opt = NULL;
}

/* ------------------------------------------------------------------ SYN-ACK */

int tcp_v4_send_synack(struct tcp_request_sock *req, struct sk_buff *skb)
{
	struct inet_sock *inet = &req->listener->inet;
	struct net *net = tcp_req_net(req);
	struct tcphdr *th = (struct tcphdr *)(void *)skb_transport_header(skb);
	struct ipcm_cookie ipc = {
		.opt = req->opt,
		.ttl = inet->uc_ttl,
		.tos = request_tos(req),
		.sockc = { .mark = req->mark, .priority = inet->sk.priority },
		.protocol = IPPROTO_TCP,
	};
	struct flowi4 fl4;
	struct rtable *rt;
	int err = request_route(req, &fl4, &rt);

	if (err) {
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_OUTNOROUTES);
		return err;
	}
	fl4.saddr = req->conn.rcv_saddr.v4;
	fl4.daddr = req->conn.daddr.v4;
	th->check = csum_tcpudp_magic(fl4.saddr, fl4.daddr, skb->len, IPPROTO_TCP, csum_partial(th, skb->len, 0));
	ipc.df = ip_sk_df(inet, rt, skb->len);
	skb_dst_set(skb, &rt->dst);
	ip_push_header(net, skb, rt, &fl4, &ipc);
	err = ip_send_skb(net, NULL, skb);
	return err == -ENOBUFS ? 0 : err; /* a queue is full: as if it were lost on the way */
}

/* ------------------------------------------------------------------ the child */

static int child_ip_options(struct tcp_sock *child, const struct ip_options *opt)
{
	if (!opt)
		return 0;
	child->inet.opt = sock_opt_alloc(tcp_sock_of(child), sizeof(*opt));
	if (!child->inet.opt)
		return -ENOMEM;
	*child->inet.opt = *opt;
	child->ext_hdr_len = opt->optlen;
	return 0;
}

int tcp_v4_child_route(struct tcp_sock *child, struct tcp_request_sock *req)
{
	struct inet_sock *inet = &child->inet;
	struct rtable *rt;

	inet->saddr = inet->rcv_saddr = req->conn.rcv_saddr.v4;
	inet->daddr = req->conn.daddr.v4;
	inet->num = req->conn.num;
	inet->sport = cpu_to_be16(req->conn.num);
	inet->dport = req->conn.dport;
	inet->ident = (u16)get_random_u32(&tcp_net_of(child)->rng);
	inet->mc_index = req->iif;
	if (tcp_sysctl(child)->reflect_tos)
		inet->tos = req->syn_tos & (u8)~INET_ECN_MASK;
	if (child_ip_options(child, req->opt))
		return -ENOMEM;
	return ip_sk_relookup(inet, &rt);
}
