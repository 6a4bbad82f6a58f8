// SPDX-License-Identifier: BSD-2-Clause
/* What a program hears of its octets in the error queue: when they left and were acknowledged, how the connection did, and
 * that a call with MSG_ZEROCOPY is over.
 *
 * @linux tcp_tx_timestamp, tcp_ack_tstamp, tcp_get_timestamping_opt_stats; linux/tcp.h: TCP_NLA_*
 *
 * Octets are copied when they are sent, so nobody waits for a call with MSG_ZEROCOPY; but it is told of when Linux would:
 * when all its octets are acknowledged.  A segment counts the calls that end in it.
 */
#include <errno.h>
#include <string.h>
#include <sys/select.h> /* struct timespec, which errqueue.h wants */

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>

#include "tcp/tcp.h"
#include "tcp/tcp_info.h"

#define TIMESTAMPING_OPT_ID_TCP (1U << 16)

int tcp_news_asked(struct tcp_sock *tp, const struct msghdr *msg, size_t len_bytes, int flags, struct tcp_news *news)
{
	const struct sock *sk = tcp_sock_of(tp);
	struct sockcm_cookie c = sockcm_init(sk);
	int err = sock_cmsgs_send(sk, msg, &c);

	news->tsflags = c.tsflags;
	news->zerocopy = (flags & MSG_ZEROCOPY) && sock_flag(sk, SOCK_F_ZEROCOPY) && len_bytes;
	return !err && news->zerocopy && tp->zc_pending == UINT16_MAX ? -ENOBUFS : err;
}

void tcp_news_note(struct tcp_sock *tp, const struct tcp_news *news)
{
	struct sk_buff *skb = skb_peek_tail(&tp->write_queue);

	if (!skb)
		skb = tcp_skb_last(&tp->rtx_queue); /* it was pushed while it grew */
	if (!skb)
		return;
	if (news->tsflags & SOCK_TX_RECORD_MASK)
		sock_tx_timestamp_at(skb, news->tsflags, tp->write_seq - 1);
	if (news->tsflags & SOF_TIMESTAMPING_TX_ACK)
		TCP_SKB_CB(skb)->txstamp_ack = 1;
	if (news->zerocopy) {
		TCP_SKB_CB(skb)->zc_ends++;
		tcp_sock_of(tp)->zckey++;
		tp->zc_pending++;
	}
}

void tcp_news_acked(struct tcp_sock *tp, const struct sk_buff *skb, u32 prior_snd_una)
{
	u32 key = skb_shinfo(skb)->tskey;

	if (!before(key, prior_snd_una) && before(key, tp->snd_una))
		sock_tstamp_tx(tcp_sock_of(tp), skb, 0, SCM_TSTAMP_ACK);
}

void tcp_news_begin(struct tcp_sock *tp)
{
	struct sock *sk = tcp_sock_of(tp);

	if ((sk->tsflags & SOF_TIMESTAMPING_OPT_ID) && !sk->tskey) /* it was asked for just now */
		sk->tskey = sk->tsflags & TIMESTAMPING_OPT_ID_TCP ? tp->write_seq : tp->snd_una;
}

void tcp_zerocopy_ended(struct tcp_sock *tp, u32 count)
{
	u32 lo = tcp_sock_of(tp)->zckey - tp->zc_pending;

	tp->zc_pending = (u16)(tp->zc_pending - count);
	sock_zerocopy_done(tcp_sock_of(tp), lo, lo + count - 1);
}

struct stat_attr {
	u16 type;
	u8 bytes;
	u64 value;
};

static u8 *put_attr(u8 *p, const struct stat_attr *a)
{
	const struct nlattr nla = { (u16)(sizeof(nla) + a->bytes), a->type };

	u16 half = (u16)a->value;
	u32 word = (u32)a->value;
	u8 octet = (u8)a->value;
	const void *value[] = { [1] = &octet, [2] = &half, [4] = &word, [8] = &a->value };

	memset(p, 0, NLA_ALIGN(nla.nla_len));
	memcpy(p, &nla, sizeof(nla));
	memcpy(p + sizeof(nla), value[a->bytes], a->bytes);
	return p + NLA_ALIGN(nla.nla_len);
}

u32 tcp_opt_stats(const struct sock *sk, const struct sk_buff *skb, u8 *to)
{
	const struct tcp_sock *tp = (const struct tcp_sock *)(const void *)sk;
	struct tcp_info info;
	u8 *p = to;

	tcp_get_info(tp, &info);
	const struct stat_attr attrs[] = {
		{ 1 /* BUSY */, 8, info.tcpi_busy_time },
		{ 2 /* RWND_LIMITED */, 8, info.tcpi_rwnd_limited },
		{ 3 /* SNDBUF_LIMITED */, 8, info.tcpi_sndbuf_limited },
		{ 4 /* DATA_SEGS_OUT */, 8, info.tcpi_data_segs_out },
		{ 5 /* TOTAL_RETRANS */, 8, info.tcpi_total_retrans },
		{ 6 /* PACING_RATE */, 8, info.tcpi_pacing_rate },
		{ 7 /* DELIVERY_RATE */, 8, info.tcpi_delivery_rate },
		{ 8 /* SND_CWND */, 4, info.tcpi_snd_cwnd },
		{ 9 /* REORDERING */, 4, info.tcpi_reordering },
		{ 10 /* MIN_RTT */, 4, info.tcpi_min_rtt },
		{ 11 /* RECUR_RETRANS */, 1, info.tcpi_retransmits },
		{ 12 /* DELIVERY_RATE_APP_LMT */, 1, info.tcpi_delivery_rate_app_limited },
		{ 15 /* SND_SSTHRESH */, 4, tp->snd_ssthresh },
		{ 16 /* DELIVERED */, 4, info.tcpi_delivered },
		{ 17 /* DELIVERED_CE */, 4, info.tcpi_delivered_ce },
		{ 13 /* SNDQ_SIZE */, 4, tp->write_seq - tp->snd_una },
		{ 14 /* CA_STATE */, 1, info.tcpi_ca_state },
		{ 18 /* BYTES_SENT */, 8, info.tcpi_bytes_sent },
		{ 19 /* BYTES_RETRANS */, 8, info.tcpi_bytes_retrans },
		{ 20 /* DSACK_DUPS */, 4, info.tcpi_dsack_dups },
		{ 21 /* REORD_SEEN */, 4, info.tcpi_reord_seen },
		{ 22 /* SRTT */, 4, tp->srtt_us >> 3 },
		{ 23 /* TIMEOUT_REHASH */, 2, tp->timeout_rehash },
		{ 24 /* BYTES_NOTSENT */, 4, info.tcpi_notsent_bytes },
		{ 25 /* EDT */, 8, (u64)skb->tstamp },
		{ 27 /* REHASH */, 4, info.tcpi_rehash },
	};

	for (size_t i = 0; i < ARRAY_SIZE(attrs); i++)
		p = put_attr(p, &attrs[i]);
	return (u32)(p - to);
}
