/* SPDX-License-Identifier: BSD-2-Clause */
/* From the files that know addresses to those who own a segment. */
#ifndef NETHOOD_TCP_TCP_DELIVER_H
#define NETHOOD_TCP_TCP_DELIVER_H

#include "tcp/tcp_conn.h"

/** tcp_fill_cb() - what TCP wants to know of a segment that came; @dsfield: of its IP header */
static inline void tcp_fill_cb(struct sk_buff *skb, u8 dsfield)
{
	const struct tcphdr *th = tcp_hdr(skb);
	u32 syn_fin = ((th->flags & TCPHDR_SYN) != 0) + (u32)((th->flags & TCPHDR_FIN) != 0);
	u32 seq = be32_to_cpu(th->seq);

	*TCP_SKB_CB(skb) = (struct tcp_skb_cb){
		.seq = seq,
		.end_seq = seq + syn_fin + skb->len - tcp_hdrlen_bytes(th),
		.ack_seq = be32_to_cpu(th->ack_seq),
		.flags = th->flags,
		.ip_dsfield = dsfield,
	};
}

/** tcp_deliver() - @skb (taken) to who has @key's addresses and ports, or listens there; @opt: as of tcp_conn_request() */
void tcp_deliver(struct sk_buff *skb, struct tcp_conn *key, const struct ip_options *opt);

#endif
