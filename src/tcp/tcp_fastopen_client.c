// SPDX-License-Identifier: BSD-2-Clause
/* Fast Open, the client: data goes with the SYN if there is a cookie, else the SYN asks for one.
 *
 * @rfc 7413 4.1.1, 4.2.1   @linux net/ipv4/tcp.c: tcp_sendmsg_fastopen, net/ipv4/tcp_output.c: tcp_send_syn_data,
 * net/ipv4/tcp_input.c: tcp_rcv_fastopen_synack
 *
 * Reading order: tcp_sendmsg_fastopen(), tcp_send_syn_data(), tcp_fastopen_synack().
 */
#include <errno.h>
#include <string.h>

#include "net.h"
#include "tcp/tcp_conn.h"
#include "tcp/tcp_output.h"

#define CLIENT_ENABLE 0x1 /* of net.ipv4.tcp_fastopen */

/* ------------------------------------------------------------------ sendmsg(2), connect(2) */

static struct tcp_fastopen_request *fastopen_req_create(struct tcp_sock *tp)
{
	return mem_zalloc(tcp_net_of(tp)->mem, sizeof(struct tcp_fastopen_request));
}

void tcp_free_fastopen_req(struct tcp_sock *tp)
{
	if (tp->fastopen_req)
		mem_free(tcp_net_of(tp)->mem, tp->fastopen_req, sizeof(*tp->fastopen_req));
	tp->fastopen_req = NULL;
}

bool tcp_fastopen_defer_connect(struct tcp_sock *tp, int *err)
{
	struct tcp_fastopen_cookie cookie;
	u16 mss = 0;

	if (!tp->fastopen_connect || tp->fastopen_req)
		return false;
	if (tcp_fastopen_cookie_check(tp, &mss, &cookie)) {
		tp->defer_connect = true;
		return true;
	}
	tp->fastopen_req = fastopen_req_create(tp); /* the SYN asks for a cookie */
	if (tp->fastopen_req)
		tp->fastopen_req->cookie = cookie;
	else
		*err = -ENOBUFS;
	return false;
}

int tcp_sendmsg_fastopen(struct tcp_sock *tp, const struct msghdr *msg, size_t *copied_bytes, size_t len_bytes,
			 int flags)
{
	const struct sockaddr *to = msg->msg_name;
	struct sock *sk = tcp_sock_of(tp);
	int err;

	(void)flags;
	if (!(tcp_sysctl(tp)->fastopen & CLIENT_ENABLE))
		return -EOPNOTSUPP;
	if (to && msg->msg_namelen >= sizeof(to->sa_family) && to->sa_family == AF_UNSPEC)
		return -EOPNOTSUPP;
	if (tp->fastopen_req)
		return -EALREADY;
	tp->fastopen_req = fastopen_req_create(tp);
	if (!tp->fastopen_req)
		return -ENOBUFS;
	tp->fastopen_req->data = msg;
	tp->fastopen_req->size_bytes = len_bytes;
	if (tp->defer_connect) {
		tp->defer_connect = false;
		err = tcp_connect(tp);
		if (err)
			tcp_set_state(tp, TCP_CLOSE);
		else
			err = -EINPROGRESS;
	} else {
		err = sk->prot->connect(sk, to, to ? msg->msg_namelen : 0);
	}
	if (tp->fastopen_req)
		*copied_bytes = tp->fastopen_req->copied_bytes;
	tcp_free_fastopen_req(tp);
	return err;
}

/* ------------------------------------------------------------------ SYN */

const struct tcp_fastopen_cookie *tcp_fastopen_syn_option(const struct tcp_sock *tp)
{
	const struct tcp_fastopen_request *fo = tp->fastopen_req;

	return fo && fo->cookie.len >= 0 ? &fo->cookie : NULL;
}

/* How much of it fits: what the peer said last time is believed, and there is room for options of boxes in between. */
static u32 syn_data_space(struct tcp_sock *tp)
{
	const struct tcp_fastopen_request *fo = tp->fastopen_req;
	u32 space;

	if (tp->rx_opt.user_mss && tp->rx_opt.user_mss < tp->rx_opt.mss_clamp)
		tp->rx_opt.mss_clamp = tp->rx_opt.user_mss;
	tcp_sync_mss(tp, tp->pmtu_cookie);
	space = tcp_mtu_to_mss(tp, tp->pmtu_cookie);
	space = space > TCP_MAX_OPTION_BYTES ? space - TCP_MAX_OPTION_BYTES : 0;
	return (u32)min_size(space, fo->data ? fo->size_bytes : 0);
}

static struct sk_buff *syn_data_make(struct tcp_sock *tp, const struct sk_buff *syn)
{
	struct tcp_fastopen_request *fo = tp->fastopen_req;
	u32 space = syn_data_space(tp), got = 1;
	struct sk_buff *skb = tcp_stream_alloc_skb(tp);
	bool full;

	if (!skb)
		return NULL;
	while (fo->copied_bytes < space && got) {
		got = tcp_skb_fill(tp, skb, fo->data, fo->copied_bytes, space - fo->copied_bytes, &full);
		fo->copied_bytes += got;
	}
	*TCP_SKB_CB(skb) = *TCP_SKB_CB(syn);
	TCP_SKB_CB(skb)->end_seq += skb->len;
	return skb;
}

/* SYN and data left as one; they are two in the queue, so that a SYN that goes again goes alone. */
static void syn_data_queue(struct tcp_sock *tp, struct sk_buff *skb, bool sent)
{
	TCP_SKB_CB(skb)->seq++;
	TCP_SKB_CB(skb)->flags = TCPHDR_ACK | TCPHDR_PSH;
	tp->write_seq += skb->len;
	if (!sent) {
		__skb_queue_tail(&tp->write_queue, skb);
		return;
	}
	tp->syn_data = true;
	tp->packets_out += tcp_skb_pcount(skb);
	tcp_skb_append(&tp->rtx_queue, skb);
	TCP_INC(tcp_net_of(tp), TCPOrigDataSent);
}

int tcp_send_syn_data(struct tcp_sock *tp, struct sk_buff *syn)
{
	struct tcp_fastopen_request *fo = tp->fastopen_req;
	struct sk_buff *skb = NULL;
	int err;

	tp->rx_opt.mss_clamp = tp->advmss; /* if there is no better one in the cache */
	if (tcp_fastopen_cookie_check(tp, &tp->rx_opt.mss_clamp, &fo->cookie))
		skb = syn_data_make(tp, syn);
	if (skb && !skb->len) {
		tcp_wmem_free_skb(tp, skb);
		skb = NULL;
	} else if (!skb && fo->cookie.len > 0) {
		fo->cookie.len = 0;
	}
	tp->syn_fastopen = fo->cookie.len >= 0 || skb;
	tp->syn_fastopen_exp = fo->cookie.exp;
	err = tcp_transmit_skb(tp, skb ? skb : syn);
	if (skb)
		syn_data_queue(tp, skb, !err);
	else if (err)
		tp->syn_fastopen = false;
	fo->cookie.len = -1; /* not in a SYN that is sent again */
	return err;
}

/* ------------------------------------------------------------------ SYN-ACK */

/* The MSS that the peer said, not the one that the program lowered it to. */
static u16 synack_mss(const struct tcp_sock *tp, const struct sk_buff *synack)
{
	struct tcp_options_received opt = { .mss_clamp = 0 };

	if (tp->rx_opt.mss_clamp != tp->rx_opt.user_mss)
		return tp->rx_opt.mss_clamp;
	tcp_parse_options(tcp_net_of(tp), synack, &opt, false, NULL);
	return opt.mss_clamp;
}

bool tcp_fastopen_synack(struct tcp_sock *tp, struct sk_buff *synack, struct tcp_fastopen_cookie *cookie)
{
	struct sk_buff *data = tp->syn_data ? tcp_skb_first(&tp->rtx_queue) : NULL;
	u8 try_exp = 0;

	if (!tp->syn_fastopen)
		cookie->len = -1; /* nobody asked */
	else if (!tp->total_retrans && cookie->len < 0 && !tp->syn_data)
		try_exp = tp->syn_fastopen_exp ? 2 : 1;
	tcp_fastopen_cache_set(tp, synack_mss(tp, synack), cookie, try_exp);
	if (data) { /* only the SYN was acked */
		TCP_INC(tcp_net_of(tp), TCPFastOpenActiveFail);
		for (; data; data = tcp_skb_next(&tp->rtx_queue, data))
			tcp_mark_skb_lost(tp, data);
		tcp_xmit_retransmit_queue(tp);
		return true;
	}
	tp->syn_data_acked = tp->syn_data;
	if (tp->syn_data_acked) {
		TCP_INC(tcp_net_of(tp), TCPFastOpenActive);
		if (tp->delivered > 1) /* SYN and data were one segment */
			tp->delivered--;
	}
	tcp_fastopen_add_skb(tp, synack);
	return false;
}
