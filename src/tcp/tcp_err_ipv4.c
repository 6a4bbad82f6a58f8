// SPDX-License-Identifier: BSD-2-Clause
/* What ICMP says of segments that we sent.
 *
 * @rfc 792, 1122 4.2.3.9, 1191 6, 5461, 5927   @linux net/ipv4/tcp_ipv4.c: tcp_v4_err
 *
 * Whoever can guess four numbers may send such a message: it counts only if it quotes a sequence number in flight, and then
 * it ends no connection that stands.
 */
#include "base/byteorder.h"
#include "ipv4/ip.h"
#include "ipv4/route.h"
#include "socket/inet_sock.h"
#include "tcp/tcp_ipv4.h"
#include "tcp/tcp_output.h"
#include "wire/icmp.h"
#include "wire/tcp.h"

static bool is_frag_needed(const struct sk_buff *skb)
{
	const struct icmphdr *icmp = (const struct icmphdr *)(const void *)skb_transport_header(skb);

	return icmp->type == ICMP_DEST_UNREACH && icmp->code == ICMP_FRAG_NEEDED;
}

static bool is_no_way(const struct sk_buff *skb)
{
	const struct icmphdr *icmp = (const struct icmphdr *)(const void *)skb_transport_header(skb);

	return icmp->type == ICMP_DEST_UNREACH && icmp->code <= ICMP_HOST_UNREACH;
}

/* RFC 1191 6.4: what is in flight and no longer fits goes again, in smaller segments. */
static void tcp_v4_mtu_reduced(struct tcp_sock *tp, const struct sk_buff *skb, u32 mtu_bytes)
{
	const struct rtable *rt;
	u32 mtu;

	if (TCPF(tcp_sock_of(tp)->state) & (TCPF_LISTEN | TCPF_CLOSE))
		return;
	ip_sk_update_pmtu(&tp->inet, skb, mtu_bytes);
	rt = ip_sk_route(&tp->inet);
	if (!rt)
		return;
	mtu = ip_dst_mtu(rt);
	if (tp->inet.pmtudisc == IP_PMTUDISC_DONT || tp->pmtu_cookie <= mtu)
		return;
	tcp_sync_mss(tp, mtu);
	tcp_simple_retransmit(tp);
}

static void err_for_sock(struct tcp_sock *tp, struct sk_buff *skb, const struct tcphdr *th, u32 info)
{
	struct sock *sk = tcp_sock_of(tp);
	struct ip_icmp_verdict v;

	if (sk->state != TCP_LISTEN && !between(be32_to_cpu(th->seq), tp->snd_una, tp->snd_nxt)) {
		TCP_INC(sk->net, OutOfWindowIcmps);
		return;
	}
	if (is_frag_needed(skb)) {
		tcp_v4_mtu_reduced(tp, skb, info);
		return;
	}
	v = ip_icmp_verdict(&tp->inet, skb, info);
	if (!v.err)
		return;
	if (is_no_way(skb))
		tcp_ld_rto_revert(tp, be32_to_cpu(th->seq));
	if (TCPF(sk->state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)) {
		/* nothing stands yet: who is told that nobody is there believes it */
		if (!tp->fastopen_rsk) {
			tcp_done_with_error(tp, v.err);
			return;
		}
	}
	if (tp->inet.recverr && !sock_flag(sk, SOCK_F_DEAD)) {
		ip_icmp_error(sk, skb, v.err, th->dest, info, (u8 *)(uintptr_t)th);
		sk_set_err(sk, v.err);
	} else {
		sk->err_soft = v.err;
	}
}

int tcp_v4_err(struct sk_buff *skb, u32 info)
{
	const struct iphdr *quoted = (const struct iphdr *)(const void *)skb->data;
	const struct tcphdr *th = (const struct tcphdr *)(const void *)(skb->data + quoted->ihl * 4U);
	struct net *net = skb->pool->net;
	struct tcp_conn key = { .family = AF_INET,
				.num = be16_to_cpu(th->source),
				.dport = th->dest,
				.bound_dev_if = skb->skb_iif },
			*c;
	struct sock *hold;

	key.daddr.v4 = quoted->daddr;
	key.rcv_saddr.v4 = quoted->saddr;
	tcp_conn_hash(net, &key);
	c = tcp_ehash_lookup(net, &key);
	if (!c)
		return -ENOENT;
	if (c->kind == TCP_CONN_REQUEST && !is_frag_needed(skb)) {
		tcp_request_err(container_of(c, struct tcp_request_sock, conn), be32_to_cpu(th->seq));
	} else if (c->kind == TCP_CONN_SOCK) {
		hold = sock_hold(tcp_sock_of(container_of(c, struct tcp_sock, conn)));
		err_for_sock(tcp_sk(hold), skb, th, info);
		sock_put(hold);
	}
	return 0;
}
