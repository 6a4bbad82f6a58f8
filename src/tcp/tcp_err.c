// SPDX-License-Identifier: BSD-2-Clause
/* What ICMP of either family does to a connection.
 *
 * @rfc 5927, 6069   @linux net/ipv4/tcp_ipv4.c: tcp_ld_RTO_revert tcp_req_err
 */
#include "net.h"
#include "tcp/tcp_conn.h"

/* RFC 6069: somebody on the way says that there is no way: then it was no congestion, and the backoff is taken back. */
void tcp_ld_rto_revert(struct tcp_sock *tp, u32 seq)
{
	const struct sk_buff *head = tcp_skb_first(&tp->rtx_queue);
	ktime_t left, rto_max = tcp_rto_max(tp);

	if (seq != tp->snd_una || !tp->retransmits || !tp->backoff || !head)
		return;
	tp->backoff--;
	tp->rto = tcp_rto_of_rtt(tp);
	for (u32 i = 0; i < tp->backoff && tp->rto < rto_max; i++)
		tp->rto *= 2;
	if (tp->rto > rto_max)
		tp->rto = rto_max;
	left = tp->rto - (tcp_net_of(tp)->now - head->tstamp);
	tcp_reset_xmit_timer(tp, TCP_RTX_RETRANS, left > 0 ? left : 0);
}

void tcp_request_err(struct tcp_request_sock *req, u32 seq)
{
	struct net *net = tcp_req_net(req);

	if (seq != req->snt_isn)
		TCP_INC(net, OutOfWindowIcmps);
	else if (!req->sk) {
		TCP_INC(net, ListenDrops);
		tcp_request_drop(req);
	}
}
