// SPDX-License-Identifier: BSD-2-Clause
/* SYN cookies: a request that is kept in the sequence number of its answer.
 *
 * @rfc 4987 3.6, 7323 (timestamps carry the options)   @linux net/ipv4/syncookies.c
 *
 * Reading order: tcp_cookie_init_sequence(), cookie_mss(), tcp_cookie_check().
 *
 * cookie = hash1(connection, the client's number) + minute << 24 +
 *          ((hash2(connection, the client's number, minute) + index of the MSS) mod 2^24)
 * An answer is good for the minute that it was made in and the next one, and only while the listener is flooded.  What
 * the MSS's two bits cannot say is in the lowest six bits of our timestamp: window scale, SACK, ECN.
 */
#include <errno.h>
#include <string.h>

#include "net.h"
#include "tcp/tcp_conn.h"

#define COOKIE_BITS 24U
#define COOKIE_MASK ((1U << COOKIE_BITS) - 1)
#define COOKIE_PERIOD (60 * NSEC_PER_SEC)
#define COOKIE_MAX_AGE 2U /* periods */

#define TS_OPT_WSCALE_MASK 0xfU
#define TS_OPT_SACK (1U << 4)
#define TS_OPT_ECN (1U << 5)
#define TS_OPT_MASK 0x3fU

#define COOKIE_MSS_COUNT 4U

/* what most clients offer: anything, PPPoE with timestamps, PPPoE, Ethernet; of IPv6: anything, a tunnel, Ethernet, and
 * its large frames */
static const u16 mss_tables[][COOKIE_MSS_COUNT] = { { 536, 1300, 1440, 1460 }, { 1220, 1420, 1440, 8940 } };

static const u16 *mss_table_of(const struct tcp_conn *conn)
{
	return mss_tables[conn->family == AF_INET6];
}

/* ------------------------------------------------------------------ the number */

static u32 cookie_time(const struct net *net)
{
	return (u32)(net->now / COOKIE_PERIOD);
}

/* @sseq: of the SYN.  It is hashed, not only added: where both sides have sent as much, an ACK of more would fit as well. */
static u32 cookie_hash(const struct net *net, const struct tcp_conn *c, u32 sseq, u32 count, int which)
{
	const u32 *k = net->tcp->syncookie_key[which];
	const siphash_key_t key = { { (u64)k[0] << 32 | k[1], (u64)k[2] << 32 | k[3] } };
	u32 addr_bytes = tcp_addr_bytes(c->family), len_bytes = 0;
	u8 data[16 + 16 + 2 + 2 + 4 + 4];

	memcpy(data, &c->daddr, addr_bytes);
	len_bytes += addr_bytes;
	memcpy(data + len_bytes, &c->rcv_saddr, addr_bytes);
	len_bytes += addr_bytes;
	memcpy(data + len_bytes, &c->dport, sizeof(c->dport));
	len_bytes += (u32)sizeof(c->dport);
	memcpy(data + len_bytes, &c->num, sizeof(c->num));
	len_bytes += (u32)sizeof(c->num);
	memcpy(data + len_bytes, &sseq, sizeof(sseq));
	len_bytes += (u32)sizeof(sseq);
	memcpy(data + len_bytes, &count, sizeof(count));
	len_bytes += (u32)sizeof(count);
	return (u32)siphash(data, len_bytes, &key);
}

u32 tcp_cookie_init_sequence(struct net *net, const struct sk_buff *skb, const struct tcp_conn *conn, u16 *mss)
{
	u32 count = cookie_time(net), index = COOKIE_MSS_COUNT - 1, sseq = TCP_SKB_CB(skb)->seq;
	const u16 *mss_table = mss_table_of(conn);

	while (index && *mss < mss_table[index])
		index--;
	*mss = mss_table[index];
	TCP_INC(net, SyncookiesSent);
	return cookie_hash(net, conn, sseq, 0, 0) + (count << COOKIE_BITS) +
	       ((cookie_hash(net, conn, sseq, count, 1) + index) & COOKIE_MASK);
}

/* Return: the MSS that was offered, 0: not a cookie of ours, or too old */
static u16 cookie_mss(const struct net *net, const struct tcp_conn *conn, u32 cookie, u32 sseq)
{
	u32 count = cookie_time(net), age, index;

	cookie -= cookie_hash(net, conn, sseq, 0, 0);
	age = (count - (cookie >> COOKIE_BITS)) & (UINT32_MAX >> COOKIE_BITS);
	if (age >= COOKIE_MAX_AGE)
		return 0;
	index = (cookie - cookie_hash(net, conn, sseq, count - age, 1)) & COOKIE_MASK;
	return index < COOKIE_MSS_COUNT ? mss_table_of(conn)[index] : 0;
}

/* ------------------------------------------------------------------ options, in the timestamp */

/* The last moment not after now whose lowest bits say what was agreed on. */
u32 tcp_cookie_timestamp(const struct tcp_request_sock *req)
{
	u32 now_ms = tcp_clock_ms(tcp_req_net(req)), options, ts;

	options = req->wscale_ok ? req->snd_wscale : TS_OPT_WSCALE_MASK;
	if (req->sack_ok)
		options |= TS_OPT_SACK;
	if (req->ecn_ok)
		options |= TS_OPT_ECN;
	ts = (now_ms & ~TS_OPT_MASK) | options;
	return after(ts, now_ms) ? ts - (TS_OPT_MASK + 1) : ts;
}

/* Return: false: we would not have said that */
static bool decode_timestamp(const struct net *net, struct tcp_request_sock *req,
			     const struct tcp_options_received *rx_opt)
{
	u32 options = rx_opt->rcv_tsecr - req->ts_off;

	if (!rx_opt->saw_tstamp)
		return true;
	if (!net->tcp->sysctl.timestamps)
		return false;
	req->tstamp_ok = true;
	req->ts_recent = rx_opt->rcv_tsval;
	req->sack_ok = options & TS_OPT_SACK;
	req->ecn_ok = (options & TS_OPT_ECN) && net->tcp->sysctl.ecn;
	if (req->sack_ok && !net->tcp->sysctl.sack)
		return false;
	if ((options & TS_OPT_WSCALE_MASK) == TS_OPT_WSCALE_MASK)
		return true;
	req->wscale_ok = true;
	req->snd_wscale = options & TS_OPT_WSCALE_MASK;
	return net->tcp->sysctl.window_scaling && req->snd_wscale <= TCP_MAX_WSCALE;
}

/* ------------------------------------------------------------------ the ACK */

static struct tcp_sock *request_of_cookie(struct tcp_sock *listener, struct sk_buff *skb, const struct ip_options *opt,
					  u16 mss)
{
	struct tcp_options_received rx_opt = { .tstamp_ok = true };
	struct tcp_request_sock *req = tcp_request_alloc(listener, skb);
	struct tcp_route_metrics route;
	struct tcp_sock *child = NULL;

	if (!req)
		return NULL;
	tcp_parse_options(tcp_net_of(listener), skb, &rx_opt, false, NULL);
	req->rcv_isn = TCP_SKB_CB(skb)->seq - 1;
	req->rcv_nxt = req->rcv_isn + 1;
	req->snt_isn = TCP_SKB_CB(skb)->ack_seq - 1;
	req->mss = mss;
	if (rx_opt.saw_tstamp)
		req->ts_off = tcp_secure_ts_off(tcp_net_of(listener), &req->conn);
	if (decode_timestamp(tcp_net_of(listener), req, &rx_opt) && !req->af->request_init(req, skb, opt, &route)) {
		tcp_request_window(req, &route);
		child = tcp_syn_recv_sock(listener, skb, req);
	}
	if (child)
		tcp_accept_queue_add(req, child);
	else
		tcp_request_free(req);
	return child;
}

struct tcp_sock *tcp_cookie_check(struct tcp_sock *listener, struct sk_buff *skb, const struct ip_options *opt,
				  enum skb_drop_reason *reason)
{
	struct net *net = tcp_net_of(listener);
	const struct tcp_listener *l = listener->listener;
	const struct tcphdr *th = tcp_hdr(skb);
	struct tcp_conn conn = { 0 };
	u16 mss = 0;

	*reason = SKB_DROP_REASON_TCP_INVALID_ACK_SEQUENCE;
	if (!net->tcp->sysctl.syncookies || (th->flags & (TCPHDR_ACK | TCPHDR_RST | TCPHDR_SYN)) != TCPHDR_ACK)
		return NULL;
	tcp_skb_af(skb)->conn_of(skb, &conn);
	/* nobody can have one if none was sent lately: no need to let them guess */
	if (l->last_overflow && net->now - l->last_overflow <= COOKIE_MAX_AGE * COOKIE_PERIOD)
		mss = cookie_mss(net, &conn, TCP_SKB_CB(skb)->ack_seq - 1, TCP_SKB_CB(skb)->seq - 1);
	if (!mss) {
		TCP_INC(net, SyncookiesFailed);
		return NULL;
	}
	TCP_INC(net, SyncookiesRecv);
	*reason = SKB_DROP_REASON_TCP_LISTEN_OVERFLOW;
	return request_of_cookie(listener, skb, opt, mss);
}
