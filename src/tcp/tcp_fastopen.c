// SPDX-License-Identifier: BSD-2-Clause
/* Fast Open, the server: a SYN whose cookie is right brings a connection at once, and its data is delivered.
 *
 * @rfc 7413 4.1.2, 4.2.2, 5.1   @linux net/ipv4/tcp_fastopen.c
 *
 * Reading order: tcp_try_fastopen(), fastopen_child(), tcp_fastopen_remove().
 *
 * The child is in SYN_RECV, and keeps its request (fastopen_rsk) until its SYN-ACK is acked.  Both point to each other; the
 * request is in the accept queue until a program takes the child.  How many such there may be is TCP_FASTOPEN's limit; those
 * that end by a reset count for a minute more, so that nobody can have connections made with stolen cookies without end.
 */
#include <string.h>

#include "net.h"
#include "socket/netns_sock.h"
#include "tcp/tcp_conn.h"

#define SERVER_ENABLE 0x2 /* bits of net.ipv4.tcp_fastopen */
#define SERVER_COOKIE_NOT_REQD 0x200
#define SERVER_WO_SOCKOPT 0x400
#define FASTOPEN_COOKIE_BYTES 8
#define RESET_COUNTS (60 * NSEC_PER_SEC)

/* ------------------------------------------------------------------ cookies */

/* Keys of the listener, or of the net, which gets one when it is needed first.  Return: how many */
static u32 fastopen_keys(struct tcp_sock *listener, const u32 (**keys)[4])
{
	struct net *net = tcp_net_of(listener);
	struct tcp_net *tn = net->tcp;

	if (listener->fastopen_ctx) {
		*keys = (const u32(*)[4])listener->fastopen_ctx->key;
		return listener->fastopen_ctx->count;
	}
	if (!tn->fastopen_key_set[0]) {
		get_random_bytes(&net->rng, tn->fastopen_key[0], sizeof(tn->fastopen_key[0]));
		tn->fastopen_key_set[0] = true;
	}
	*keys = (const u32(*)[4])tn->fastopen_key;
	return tn->fastopen_key_set[1] ? 2 : 1;
}

static void cookie_make(const struct tcp_conn *c, const u32 k[static 4], struct tcp_fastopen_cookie *out)
{
	const siphash_key_t key = { { (u64)k[0] << 32 | k[1], (u64)k[2] << 32 | k[3] } };
	u32 addr_bytes = tcp_addr_bytes(c->family);
	u8 addrs[32];
	u64 hash;

	memcpy(addrs, &c->daddr, addr_bytes);
	memcpy(addrs + addr_bytes, &c->rcv_saddr, addr_bytes);
	hash = siphash(addrs, 2 * (size_t)addr_bytes, &key);
	*out = (struct tcp_fastopen_cookie){ .len = FASTOPEN_COOKIE_BYTES };
	memcpy(out->val, &hash, sizeof(hash));
}

/* *fresh: the cookie that is good now.  Return: @foc was made with which key? 0: with none, 1, 2 */
static u32 cookie_check(struct tcp_sock *listener, const struct tcp_conn *c, const struct tcp_fastopen_cookie *foc,
			struct tcp_fastopen_cookie *fresh)
{
	const u32(*keys)[4];
	u32 count = fastopen_keys(listener, &keys);
	struct tcp_fastopen_cookie older;

	cookie_make(c, keys[0], fresh);
	if (foc->len == fresh->len && !memcmp(foc->val, fresh->val, FASTOPEN_COOKIE_BYTES))
		return 1;
	if (count < 2)
		return 0;
	cookie_make(c, keys[1], &older);
	return foc->len == older.len && !memcmp(foc->val, older.val, FASTOPEN_COOKIE_BYTES) ? 2 : 0;
}

/* ------------------------------------------------------------------ how many */

void tcp_fastopen_listen_start(struct tcp_sock *listener, int backlog)
{
	const int both = SERVER_ENABLE | SERVER_WO_SOCKOPT;
	u32 most = (u32)tcp_sock_of(listener)->net->sock->somaxconn;

	if ((tcp_sysctl(listener)->fastopen & both) == both && !listener->listener->fastopen_max_qlen)
		listener->listener->fastopen_max_qlen = min_u32((u32)backlog, most);
}

static void forget_reset(struct tcp_listener *l, struct tcp_request_sock *req)
{
	list_del_init(&req->node);
	l->fastopen_qlen--;
	tcp_request_free(req);
}

void tcp_fastopen_listen_stop(struct tcp_sock *listener)
{
	struct list_head *rst = &listener->listener->fastopen_rst;

	while (!list_empty(rst))
		forget_reset(listener->listener, list_first_entry(rst, struct tcp_request_sock, node));
}

static bool queue_has_room(struct tcp_sock *listener)
{
	struct tcp_listener *l = listener->listener;
	struct tcp_request_sock *oldest;

	if (!l->fastopen_max_qlen)
		return false;
	if (l->fastopen_qlen < l->fastopen_max_qlen)
		return true;
	oldest = list_empty(&l->fastopen_rst) ? NULL
					      : list_first_entry(&l->fastopen_rst, struct tcp_request_sock, node);
	if (!oldest || oldest->timer.expires > tcp_net_of(listener)->now) {
		TCP_INC(tcp_net_of(listener), TCPFastOpenListenOverflow);
		return false;
	}
	forget_reset(l, oldest);
	return true;
}

/* ------------------------------------------------------------------ the child */

/* What came with the SYN (or the SYN-ACK) is the first that is read.  Without memory it will come again. */
void tcp_fastopen_add_skb(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct sk_buff *data;
	bool fin;

	if (TCP_SKB_CB(skb)->end_seq == tp->rcv_nxt)
		return;
	data = skb_clone(skb);
	if (!data)
		return;
	fin = TCP_SKB_CB(data)->flags & TCPHDR_FIN;
	skb_dst_drop(data);
	skb_pull(data, tcp_hdrlen_bytes(tcp_hdr(data)));
	TCP_SKB_CB(data)->seq++;
	TCP_SKB_CB(data)->flags &= (u8)~TCPHDR_SYN;
	tp->data_segs_in++;
	tp->syn_data_acked = true;
	tcp_queue_rcv(tp, data);
	if (fin)
		tcp_fin(tp);
}

static struct tcp_sock *fastopen_child(struct tcp_sock *listener, struct sk_buff *skb, struct tcp_request_sock *req)
{
	struct tcp_sock *child = tcp_syn_recv_sock(listener, skb, req);

	if (!child)
		return NULL;
	listener->listener->fastopen_qlen++;
	req->is_fastopen = true;
	req->fastopen_sk = child;
	child->fastopen_rsk = req;
	/* RFC 7323 2.2: the window of a SYN is never scaled */
	child->snd_wnd = child->max_window = be16_to_cpu(tcp_hdr(skb)->window);
	tcp_reset_xmit_timer(child, TCP_RTX_RETRANS, TCP_TIMEOUT_INIT);
	tcp_init_transfer(child);
	tcp_fastopen_add_skb(child, skb);
	req->rcv_nxt = child->rcv_nxt;
	child->rcv_wup = child->rcv_nxt;
	return child;
}

/* Return: the child of a SYN whose cookie is right, or that needs none; *fresh: what the SYN-ACK says */
static struct tcp_sock *fastopen_with(struct tcp_sock *listener, struct sk_buff *skb, struct tcp_request_sock *req,
				      const struct tcp_fastopen_cookie *foc, u32 which_key,
				      struct tcp_fastopen_cookie *fresh)
{
	struct net *net = tcp_net_of(listener);
	struct tcp_sock *child = fastopen_child(listener, skb, req);

	if (!child) {
		TCP_INC(net, TCPFastOpenPassiveFail);
		return NULL;
	}
	TCP_INC(net, TCPFastOpenPassive);
	if (which_key == 2) { /* the client shall have a newer one */
		TCP_INC(net, TCPFastOpenPassiveAltKey);
		fresh->exp = foc->exp;
	} else {
		fresh->len = -1;
	}
	return child;
}

struct tcp_sock *tcp_try_fastopen(struct tcp_sock *listener, struct sk_buff *skb, struct tcp_request_sock *req,
				  struct tcp_fastopen_cookie *foc)
{
	bool syn_data = TCP_SKB_CB(skb)->end_seq != TCP_SKB_CB(skb)->seq + 1;
	struct tcp_fastopen_cookie fresh = { .len = -1 };
	struct net *net = tcp_net_of(listener);
	struct tcp_sock *child = NULL;
	u32 which_key;

	if (!foc->len)
		TCP_INC(net, TCPFastOpenCookieReqd);
	if (!(net->tcp->sysctl.fastopen & SERVER_ENABLE) || (!syn_data && foc->len < 0) || !queue_has_room(listener)) {
		foc->len = -1;
		return NULL;
	}
	if ((net->tcp->sysctl.fastopen & SERVER_COOKIE_NOT_REQD) || listener->fastopen_no_cookie) {
		child = fastopen_with(listener, skb, req, foc, 1, &fresh);
	} else if (foc->len >= 0) {
		which_key = cookie_check(listener, &req->conn, foc, &fresh);
		fresh.exp = foc->exp;
		if (which_key)
			child = fastopen_with(listener, skb, req, foc, which_key, &fresh);
		else if (foc->len)
			TCP_INC(net, TCPFastOpenPassiveFail);
	}
	*foc = fresh;
	return child;
}

/* ------------------------------------------------------------------ its request */

void tcp_fastopen_remove(struct tcp_sock *child, bool reset)
{
	struct tcp_request_sock *req = child->fastopen_rsk;
	struct tcp_listener *l = req->listener->listener;

	child->fastopen_rsk = NULL;
	req->fastopen_sk = NULL;
	if (l && l->fastopen_qlen)
		l->fastopen_qlen--;
	if (req->in_accept_queue)
		return; /* accept(2) ends it */
	if (!reset || !l) {
		tcp_request_free(req);
		return;
	}
	req->timer.expires = tcp_net_of(child)->now + RESET_COUNTS; /* not armed: looked at when there is no room */
	list_add_tail(&req->node, &l->fastopen_rst);
	l->fastopen_qlen++;
}

/* The SYN-ACK was not acked: rtx_timer of a child.  One more try than for others. */
bool tcp_fastopen_synack_timer(struct tcp_sock *child)
{
	struct tcp_request_sock *req = child->fastopen_rsk;
	int retries = child->syn_retries ? child->syn_retries : tcp_sysctl(child)->synack_retries + 1;

	TCP_INC(tcp_net_of(child), TCPTimeouts);
	if (req->num_timeout >= retries)
		return false;
	(void)tcp_rtx_synack(req);
	req->num_timeout++;
	child->retransmits++;
	if (!child->retrans_stamp)
		child->retrans_stamp = tcp_net_of(child)->now;
	tcp_reset_xmit_timer(child, TCP_RTX_RETRANS, tcp_request_timeout(req));
	return true;
}
