// SPDX-License-Identifier: BSD-2-Clause
/* Requests: a SYN came to a listener, and the handshake is not over.
 *
 * @rfc 9293 3.10.7.2, 4987, 6298 5.7, 7323, 3168 6.1.1   @linux net/ipv4/tcp_input.c: tcp_conn_request,
 * net/ipv4/tcp_output.c: tcp_make_synack, net/ipv4/inet_connection_sock.c: reqsk_timer_handler
 *
 * Reading order: tcp_conn_request(), tcp_openreq_init(), tcp_make_synack(), request_timer().
 * What comes next for a request is in tcp_minisocks.c.
 *
 * A request is small, and there are no more than the backlog asks for: beyond that a SYN is answered with a cookie, which
 * needs no memory at all, or not answered.  It holds a reference to its listener, and is in three places: the table of
 * connections, the listener's list, the timing wheel.  tcp_request_unlink() takes it out of all of them.
 */
#include <errno.h>
#include <string.h>

#include "net.h"
#include "tcp/tcp_conn.h"

#define INET_ECN_MASK 3U
#define TCP_RESERVED_AE 1U /* the bit beside CWR, in octet 12 */
#define QUIET_RETRIES 2    /* even under pressure a SYN-ACK is sent so often again */

/* ------------------------------------------------------------------ life */

struct tcp_request_sock *tcp_request_alloc(struct tcp_sock *listener, const struct sk_buff *skb)
{
	struct net *net = tcp_net_of(listener);
	struct tcp_request_sock *req = kmem_cache_alloc(&net->tcp->request_cache);
	struct sock *sk = tcp_sock_of(listener);

	if (!req)
		return NULL;
	memset(req, 0, sizeof(*req));
	req->af = tcp_skb_af(skb);
	req->af->conn_of(skb, &req->conn);
	req->conn.sk_family = (u8)sk->family;
	req->conn.v6only = listener->conn.v6only;
	req->iif = req->conn.bound_dev_if;
	req->conn.kind = TCP_CONN_REQUEST;
	req->conn.bound_dev_if = sk->bound_dev_if;
	req->conn.hash = 0;
	req->listener = listener;
	sock_hold(sk);
	INIT_LIST_HEAD(&req->node);
	req->syn_tos = TCP_SKB_CB(skb)->ip_dsfield;
	req->txhash = get_random_u32(&net->rng);
	req->mark = !sk->mark && net->tcp->sysctl.fwmark_accept ? skb->mark : sk->mark;
	return req;
}

void tcp_request_free(struct tcp_request_sock *req)
{
	struct tcp_sock *listener = req->listener;
	struct net *net = tcp_net_of(listener);

	req->af->request_fini(req);
	if (req->saved_syn)
		mem_free(net->mem, req->saved_syn, req->saved_syn_bytes);
	kmem_cache_free(&net->tcp->request_cache, req);
	sock_put(tcp_sock_of(listener));
}

void tcp_request_unlink(struct tcp_request_sock *req)
{
	struct tcp_listener *l = req->listener->listener;
	struct net *net = tcp_req_net(req);

	timer_delete(net->timers, &req->timer);
	tcp_ehash_remove(net, &req->conn);
	list_del_init(&req->node);
	l->request_count--;
	l->young_count -= !req->num_timeout;
}

void tcp_request_drop(struct tcp_request_sock *req)
{
	tcp_request_unlink(req);
	tcp_request_free(req);
}

/* ------------------------------------------------------------------ SYN-ACK again */

ktime_t tcp_request_timeout(const struct tcp_request_sock *req)
{
	ktime_t most = tcp_rto_max(req->listener), after = TCP_TIMEOUT_INIT;

	for (u32 i = 0; i < req->num_timeout && after < most; i++)
		after *= 2;
	return after < most ? after : most;
}

/* The fuller the list, and the more of it is old, the sooner those that are old go. */
static int retries_left(const struct tcp_request_sock *req)
{
	const struct tcp_listener *l = req->listener->listener;
	int retries = req->listener->syn_retries ? req->listener->syn_retries
						 : tcp_sysctl(req->listener)->synack_retries;
	u32 young = l->young_count * 2;

	if (l->request_count * 2 <= max_u32(8, l->max_backlog))
		return retries;
	while (retries > QUIET_RETRIES && l->request_count >= young) {
		retries--;
		young *= 2;
	}
	return retries;
}

/* With TCP_DEFER_ACCEPT one that was acked waits for data in silence, and its last SYN-ACK is a last chance. */
static void request_due(const struct tcp_request_sock *req, int retries, bool *expire, bool *resend)
{
	u32 defer = req->listener->listener->defer_accept;

	*expire = req->num_timeout >= retries;
	*resend = true;
	if (!defer)
		return;
	*expire = *expire && (!req->acked || req->num_timeout >= defer);
	*resend = !req->acked || req->num_timeout + 1U >= defer;
}

static void request_timer(struct timer *t)
{
	struct tcp_request_sock *req = container_of(t, struct tcp_request_sock, timer);
	struct net *net = tcp_req_net(req);
	bool expire, resend;

	request_due(req, retries_left(req), &expire, &resend);
	TCP_INC(net, TCPTimeouts);
	if (expire || (resend && tcp_rtx_synack(req) && !req->acked)) {
		tcp_request_drop(req);
		return;
	}
	if (!req->num_timeout++)
		req->listener->listener->young_count--;
	mod_timer(net->timers, &req->timer, net->now + tcp_request_timeout(req));
}

int tcp_rtx_synack(struct tcp_request_sock *req)
{
	struct net *net = tcp_req_net(req);
	int err;

	req->txhash = get_random_u32(&net->rng);
	err = tcp_send_req_synack(req, NULL);
	if (err)
		return err;
	TCP_INC(net, RetransSegs);
	TCP_INC(net, TCPSynRetrans);
	req->num_retrans++;
	if (req->fastopen_sk)
		req->fastopen_sk->total_retrans++;
	return 0;
}

/* ------------------------------------------------------------------ what was offered */

static u16 clamp_mss(const struct tcp_sock *tp, u16 mss)
{
	return tp->rx_opt.user_mss && tp->rx_opt.user_mss < mss ? tp->rx_opt.user_mss : mss;
}

static void tcp_openreq_init(struct tcp_request_sock *req, const struct tcp_options_received *rx_opt,
			     struct sk_buff *skb, const struct tcp_sock *listener)
{
	(void)listener;
	req->rcv_isn = TCP_SKB_CB(skb)->seq;
	req->rcv_nxt = req->rcv_isn + 1;
	req->mss = rx_opt->mss_clamp;
	req->tstamp_ok = rx_opt->tstamp_ok;
	req->ts_recent = rx_opt->saw_tstamp ? rx_opt->rcv_tsval : 0;
	req->sack_ok = rx_opt->sack_ok;
	req->wscale_ok = rx_opt->wscale_ok;
	req->snd_wscale = rx_opt->snd_wscale;
	req->snt_synack = 0;
}

/* RFC 3168 6.1.1: ECE and CWR ask for it.  A SYN that is itself marked as capable is not one of RFC 3168. */
static void request_ecn(struct tcp_request_sock *req, const struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	bool ect = TCP_SKB_CB(skb)->ip_dsfield & INET_ECN_MASK;

	if ((th->flags & (TCPHDR_ECE | TCPHDR_CWR)) != (TCPHDR_ECE | TCPHDR_CWR))
		return;
	if (req->listener->ca_ops && req->listener->ca_ops->needs_ecn)
		req->ecn_ok = true;
	if ((!ect || (th->doff_res & TCP_RESERVED_AE)) && tcp_sysctl(req->listener)->ecn)
		req->ecn_ok = true;
}

void tcp_request_window(struct tcp_request_sock *req, const struct tcp_route_metrics *m)
{
	const struct tcp_sock *tp = req->listener;
	u32 full_space = tcp_full_space(tp);

	req->advmss = clamp_mss(tp, (u16)min_u32(m->advmss, UINT16_MAX));
	req->window_clamp = tp->window_clamp ? tp->window_clamp : tcp_route_metric(m, RTAX_WINDOW);
	if (sock_flag(tcp_sock_of(tp), SOCK_F_RCVBUF_LOCK) && (!req->window_clamp || req->window_clamp > full_space))
		req->window_clamp = full_space;
	tcp_select_initial_window(tp, full_space, req->advmss - (req->tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0),
				  &req->rcv_wnd, &req->window_clamp, req->wscale_ok, &req->rcv_wscale,
				  tcp_route_metric(m, RTAX_INITRWND));
}

/* TCP_SAVE_SYN; without memory the connection goes on without. */
static void record_syn(struct tcp_request_sock *req, const struct sk_buff *skb)
{
	u8 mode = req->listener->opts->save_syn;
	const u8 *from = skb_network_header(skb), *end = skb_transport_header(skb) + tcp_hdrlen_bytes(tcp_hdr(skb));

	if (!mode)
		return;
	if (mode == 2 && skb_mac_header_was_set(skb))
		from = skb_mac_header(skb);
	req->saved_syn = mem_alloc(tcp_req_net(req)->mem, (size_t)(end - from));
	if (!req->saved_syn)
		return;
	req->saved_syn_bytes = (u16)(end - from);
	memcpy(req->saved_syn, from, req->saved_syn_bytes);
}

/* ------------------------------------------------------------------ a SYN */

static void listen_drop(struct tcp_sock *listener)
{
	TCP_INC(tcp_net_of(listener), ListenDrops);
	tcp_sock_of(listener)->drops++;
}

/* Return: shall it be answered with a cookie? */
static bool syn_flood_action(struct tcp_sock *listener)
{
	struct net *net = tcp_net_of(listener);
	bool cookies = net->tcp->sysctl.syncookies;

	if (cookies)
		TCP_INC(net, TCPReqQFullDoCookies);
	else
		TCP_INC(net, TCPReqQFullDrop);
	if (!listener->listener->synflood_warned && net->tcp->sysctl.syncookies != 2) {
		listener->listener->synflood_warned = true;
		net_log(net, "request_sock_TCP: Possible SYN flooding on port %u. %s.", listener->inet.num,
			cookies ? "Sending cookies" : "Dropping request");
	}
	return cookies;
}

/* The last quarter of tcp_max_syn_backlog is for peers that are known to be there, which nobody is here. */
static bool backlog_reserved(const struct tcp_sock *listener)
{
	const struct tcp_sysctls *sysctl = tcp_sysctl(listener);
	int left = sysctl->max_syn_backlog - (int)listener->listener->request_count;

	return !sysctl->syncookies && left < sysctl->max_syn_backlog / 4;
}

static void clear_options(struct tcp_options_received *rx_opt)
{
	rx_opt->tstamp_ok = rx_opt->sack_ok = rx_opt->wscale_ok = rx_opt->saw_tstamp = false;
	rx_opt->snd_wscale = 0;
}

/* syn - a SYN that is being answered */
struct syn {
	struct sk_buff *skb;
	const struct ip_options *opt;
	struct tcp_route_metrics route;
	struct tcp_fastopen_cookie foc;
	bool cookie; /* the answer is a SYN cookie */
	u32 isn;
};

static void request_fill(struct tcp_request_sock *req, struct syn *syn)
{
	struct tcp_options_received rx_opt = { .mss_clamp = req->af->mss_default };
	struct net *net = tcp_req_net(req);

	rx_opt.user_mss = req->listener->rx_opt.user_mss;
	syn->foc.len = -1;
	tcp_parse_options(net, syn->skb, &rx_opt, false, syn->cookie ? NULL : &syn->foc);
	/* without timestamps a cookie has room for nothing but the MSS */
	if (syn->cookie && !rx_opt.saw_tstamp)
		clear_options(&rx_opt);
	rx_opt.tstamp_ok = rx_opt.saw_tstamp;
	tcp_openreq_init(req, &rx_opt, syn->skb, req->listener);
	if (req->tstamp_ok)
		req->ts_off = tcp_secure_ts_off(net, &req->conn);
	req->cookie_ts = syn->cookie && req->tstamp_ok;
	request_ecn(req, syn->skb);
}

static void request_isn(struct tcp_request_sock *req, struct syn *syn)
{
	struct net *net = tcp_req_net(req);

	if (!syn->isn)
		syn->isn = tcp_secure_seq(net, &req->conn);
	if (syn->cookie) {
		req->listener->listener->last_overflow = net->now ? net->now : 1;
		syn->isn = tcp_cookie_init_sequence(net, syn->skb, &req->conn, &req->mss);
		if (!req->tstamp_ok)
			req->ecn_ok = false;
	}
	req->snt_isn = syn->isn;
}

/* Into the table and the listener's list.  Return: 0, -ENOMEM, -EADDRNOTAVAIL: somebody has its place */
static int request_hash(struct tcp_request_sock *req)
{
	struct tcp_listener *l = req->listener->listener;
	struct net *net = tcp_req_net(req);
	int err = tcp_ehash_insert(net, &req->conn);

	if (err)
		return err;
	timer_setup(&req->timer, request_timer);
	mod_timer(net->timers, &req->timer, net->now + tcp_request_timeout(req));
	list_add_tail(&req->node, &l->requests);
	l->request_count++;
	l->young_count++;
	return 0;
}

/* With Fast Open the connection stands already; @req stays with it, for the SYN-ACK. */
static void fastopen_accept(struct tcp_request_sock *req, struct tcp_sock *child, const struct syn *syn)
{
	(void)tcp_send_req_synack(req, &syn->foc);
	tcp_accept_queue_add(req, child);
}

static enum skb_drop_reason request_answer(struct tcp_request_sock *req, struct syn *syn)
{
	struct tcp_sock *child;

	if (syn->cookie) {
		(void)tcp_send_req_synack(req, NULL);
		tcp_request_free(req);
		return SKB_NOT_DROPPED_YET;
	}
	record_syn(req, syn->skb);
	child = tcp_try_fastopen(req->listener, syn->skb, req, &syn->foc);
	if (child) {
		fastopen_accept(req, child, syn);
		return SKB_NOT_DROPPED_YET;
	}
	if (request_hash(req)) {
		tcp_request_free(req);
		return SKB_DROP_REASON_NOMEM;
	}
	(void)tcp_send_req_synack(req, &syn->foc); /* what fails here is sent again by the timer */
	return SKB_NOT_DROPPED_YET;
}

enum skb_drop_reason tcp_conn_request(struct tcp_sock *listener, struct sk_buff *skb, u32 isn,
				      const struct ip_options *opt)
{
	struct syn syn = { .skb = skb, .opt = opt, .isn = isn };
	struct tcp_listener *l = listener->listener;
	struct tcp_request_sock *req;

	if ((tcp_sysctl(listener)->syncookies == 2 || l->request_count > l->max_backlog) && !isn) {
		syn.cookie = syn_flood_action(listener);
		if (!syn.cookie)
			goto drop;
	}
	if (tcp_accept_queue_full(l)) {
		TCP_INC(tcp_net_of(listener), ListenOverflows);
		goto drop;
	}
	req = tcp_request_alloc(listener, skb);
	if (!req)
		goto drop;
	request_fill(req, &syn);
	if (req->af->request_init(req, skb, opt, &syn.route) || (!syn.cookie && !isn && backlog_reserved(listener))) {
		tcp_request_free(req);
		goto drop;
	}
	request_isn(req, &syn);
	tcp_request_window(req, &syn.route);
	return request_answer(req, &syn);
drop:
	listen_drop(listener);
	return SKB_DROP_REASON_TCP_LISTEN_OVERFLOW;
}

/* ------------------------------------------------------------------ SYN-ACK */

static u32 request_tsval(struct tcp_request_sock *req)
{
	u32 now_ms = tcp_clock_ms(tcp_req_net(req));

	if (req->cookie_ts)
		now_ms = tcp_cookie_timestamp(req);
	if (!req->snt_tsval_first)
		req->snt_tsval_first = now_ms + req->ts_off;
	req->snt_tsval_last = now_ms + req->ts_off;
	return req->snt_tsval_last;
}

/* A cookie of Fast Open goes in if the other options leave room for it. */
static void synack_fastopen(struct tcp_out_options *opts, const struct tcp_fastopen_cookie *foc)
{
	u32 used = TCPOLEN_MSS, need;

	if (!foc || foc->len < 0)
		return;
	used += opts->has_ts ? TCPOLEN_TSTAMP_ALIGNED : opts->sack_perm ? 4 : 0;
	used += opts->has_wscale ? 4 : 0;
	need = (u32)foc->len + (foc->exp ? 4 : 2);
	if (used + ALIGN_UP(need, 4U) <= TCP_MAX_OPTION_BYTES)
		opts->fastopen = foc;
}

static void synack_options(struct tcp_request_sock *req, const struct tcp_fastopen_cookie *foc,
			   struct tcp_out_options *opts)
{
	*opts = (struct tcp_out_options){
		.mss = req->advmss,
		.has_wscale = req->wscale_ok,
		.wscale = req->rcv_wscale,
		.has_ts = req->tstamp_ok,
		.sack_perm = req->sack_ok,
	};
	if (req->tstamp_ok) {
		opts->tsval = request_tsval(req);
		opts->tsecr = req->ts_recent;
	}
	synack_fastopen(opts, foc);
}

/* Returned, NULL: no memory; data at the TCP header */
static struct sk_buff *tcp_make_synack(struct tcp_request_sock *req, const struct tcp_fastopen_cookie *foc)
{
	struct net *net = tcp_req_net(req);
	struct sk_buff *skb = alloc_skb(net->skb_pool, MAX_TCP_HEADER);
	u8 written[TCP_MAX_OPTION_BYTES];
	struct tcp_out_options opts;
	u32 option_bytes;
	struct tcphdr *th;

	if (!skb)
		return NULL;
	skb_reserve(skb, MAX_TCP_HEADER);
	synack_options(req, foc, &opts);
	option_bytes = tcp_options_write(written, &opts);
	th = skb_push(skb, (u32)sizeof(*th) + option_bytes);
	skb_reset_transport_header(skb);
	memcpy(th + 1, written, option_bytes);
	th->source = cpu_to_be16(req->conn.num);
	th->dest = req->conn.dport;
	th->seq = cpu_to_be32(req->snt_isn);
	th->ack_seq = cpu_to_be32(req->rcv_nxt);
	th->doff_res = (u8)((sizeof(*th) + option_bytes) / 4 << 4);
	th->flags = (u8)(TCPHDR_SYN | TCPHDR_ACK | (req->ecn_ok ? TCPHDR_ECE : 0));
	th->window = cpu_to_be16((u16)min_u32(req->rcv_wnd, 65535)); /* RFC 7323 2.2: never scaled */
	th->check = cpu_to_be16(0);
	th->urg_ptr = cpu_to_be16(0);
	return skb;
}

int tcp_send_req_synack(struct tcp_request_sock *req, const struct tcp_fastopen_cookie *foc)
{
	struct net *net = tcp_req_net(req);
	struct sk_buff *skb = tcp_make_synack(req, foc);

	if (!skb)
		return -ENOMEM;
	TCP_INC(net, OutSegs);
	if (!req->snt_synack)
		req->snt_synack = net->now ? net->now : 1;
	return req->af->send_synack(req, skb);
}
