// SPDX-License-Identifier: BSD-2-Clause
/* TCP hears what ICMPv6 says of segments that it sent.
 *
 * @rfc 4443 3, 8201 5.4, 5927, 6069   @linux net/ipv6/tcp_ipv6.c: tcp_v6_err
 *
 * As tcp_err_ipv4.c: only a message that quotes a sequence number in flight counts, and it ends no connection that stands.
 */
#include <errno.h>

#include "base/byteorder.h"
#include "ipv6/icmpv6.h"
#include "ipv6/ipv6.h"
#include "ipv6/ip6_route.h"
#include "net.h"
#include "socket/inet6_sock.h"
#include "tcp/tcp_conn.h"
#include "tcp/tcp_ipv6.h"
#include "tcp/tcp_output.h"
#include "wire/icmp6.h"

#define QUOTED_TCP_BYTES 8U /* ports and the sequence number: RFC 4443 promises more, and this is what is read */

/* struct err6 - what was said, and of which segment */
struct err6 {
	struct sk_buff *skb;
	const struct tcphdr *th;
	u8 type, code;
	u32 info;
};

/* RFC 8201 5.4: what is in flight and no longer fits goes again, in smaller segments. */
static void tcp_v6_mtu_reduced(struct tcp_sock *tp, const struct err6 *e)
{
	const struct rt6_info *rt;
	u32 mtu;

	if (TCPF(tcp_sock_of(tp)->state) & (TCPF_LISTEN | TCPF_CLOSE))
		return;
	if (inet6_sk(&tp->inet.sk)->pmtudisc >= IPV6_PMTUDISC_INTERFACE)
		return; /* it does not believe in them */
	ipv6_sk_update_pmtu(&tp->inet, e->skb, e->info);
	rt = ipv6_sk_route(&tp->inet);
	if (!rt)
		return;
	mtu = ip6_dst_mtu(rt);
	if (tp->pmtu_cookie <= mtu)
		return;
	tcp_sync_mss(tp, mtu);
	tcp_simple_retransmit(tp);
}

static void err_for_sock(struct tcp_sock *tp, const struct err6 *e)
{
	struct sock *sk = tcp_sock_of(tp);
	const struct ipv6_pinfo *np = inet6_sk(sk);
	u32 seq = be32_to_cpu(e->th->seq);
	struct ipv6_icmp_verdict v;

	if (sk->state != TCP_LISTEN && !between(seq, tp->snd_una, tp->snd_nxt)) {
		TCP_INC(sk->net, OutOfWindowIcmps);
		return;
	}
	if (e->type == ICMPV6_PKT_TOOBIG) {
		tcp_v6_mtu_reduced(tp, e);
		return;
	}
	v = ipv6_icmp_verdict(&tp->inet, e->skb, e->type, e->code, e->info);
	if (!v.err)
		return;
	if (e->type == ICMPV6_DEST_UNREACH && e->code == ICMPV6_NOROUTE)
		tcp_ld_rto_revert(tp, seq);
	if ((TCPF(sk->state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)) && !tp->fastopen_rsk) {
		tcp_done_with_error(tp, v.err); /* nothing stands yet: who is told that nobody is there believes it */
		return;
	}
	if (np->recverr && !sock_flag(sk, SOCK_F_DEAD)) {
		ipv6_icmp_error(sk, e->skb, v.err, e->th->dest, e->type, e->code, e->info, (u8 *)(uintptr_t)e->th);
		sk_set_err(sk, v.err);
	} else {
		sk->err_soft = v.err;
	}
}

int tcp_v6_err(struct sk_buff *skb, u8 type, u8 code, u32 offset, u32 info)
{
	struct err6 e = { .skb = skb, .type = type, .code = code, .info = info };
	const struct ipv6hdr *quoted;
	struct net *net = skb->pool->net;
	struct tcp_conn key, *c;
	struct sock *hold;
	int err;

	if (!pskb_may_pull(skb, offset + QUOTED_TCP_BYTES))
		return -ENOENT;
	quoted = (const struct ipv6hdr *)(const void *)skb->data;
	e.th = (const struct tcphdr *)(const void *)(skb->data + offset);
	key = (struct tcp_conn){
		.family = AF_INET6, .num = be16_to_cpu(e.th->source), .dport = e.th->dest, .bound_dev_if = skb->skb_iif
	};
	tcp_set_in6(&key.daddr, &quoted->daddr);
	tcp_set_in6(&key.rcv_saddr, &quoted->saddr);
	tcp_conn_hash(net, &key);
	c = tcp_ehash_lookup(net, &key);
	if (!c)
		return -ENOENT;
	if (type == NDISC_REDIRECT)
		return c->kind == TCP_CONN_SOCK ? 0 : -EPERM;
	if (c->kind == TCP_CONN_REQUEST) {
		if (icmpv6_err_convert(type, code, &err))
			tcp_request_err(container_of(c, struct tcp_request_sock, conn), be32_to_cpu(e.th->seq));
	} else if (c->kind == TCP_CONN_SOCK) {
		hold = sock_hold(tcp_sock_of(container_of(c, struct tcp_sock, conn)));
		err_for_sock(tcp_sk(hold), &e);
		sock_put(hold);
	}
	return 0;
}
