// SPDX-License-Identifier: BSD-2-Clause
/* What the error queue tells besides errors: when a packet left, and that nobody looks at a program's memory any more.
 *
 * @linux Documentation/networking/timestamping.rst, msg_zerocopy.rst; net/core/skbuff.c: __skb_tstamp_tx,
 * msg_zerocopy_realloc; net/core/sock.c: __sock_recv_timestamp
 *
 * Reading order: sock_tx_timestamp(), when a packet is made; sock_tstamp_tx(), when it passes a place that was asked for;
 * sock_recv_err_cmsgs(), when the program reads.  sock_zerocopy_done() is MSG_ZEROCOPY's: octets were copied when they were
 * sent, so there is nothing to wait for, but programs want to hear of it when Linux would tell: when they are acknowledged.
 */
#include <errno.h>
#include <string.h>
#include <sys/select.h> /* struct timespec, which the next one wants */

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "socket/inet_sock.h"

#define SCM_TIMESTAMPING_OPT_STATS_TYPE 54

static u8 tx_flags_of(u32 tsflags)
{
	return (u8)((tsflags & SOF_TIMESTAMPING_TX_SOFTWARE ? SKBTX_SW_TSTAMP : 0U) |
		    (tsflags & SOF_TIMESTAMPING_TX_SCHED ? SKBTX_SCHED_TSTAMP : 0U));
}

void sock_tx_timestamp_at(struct sk_buff *skb, u32 tsflags, u32 key)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	shinfo->tx_flags |= tx_flags_of(tsflags);
	shinfo->tskey = key;
}

void sock_tx_timestamp(struct sock *sk, struct sk_buff *skb, const struct sockcm_cookie *sockc)
{
	u32 key = 0;

	if (sockc->tsflags & SOCKCM_FLAG_TS_OPT_ID)
		key = sockc->ts_opt_id;
	else if (sockc->tsflags & SOF_TIMESTAMPING_OPT_ID)
		key = sk->tskey++;
	sock_tx_timestamp_at(skb, sockc->tsflags, key);
}

static bool keys_are_octets(const struct sock *sk)
{
	return sk->type == SOCK_STREAM;
}

/* What is read of the copy is its IP header. */
static u32 aligned_headroom(const struct sk_buff *skb)
{
	return skb->network_header == SKB_HEADER_UNSET ? 0 : -(skb->network_header - skb_headroom(skb)) & 3;
}

/* Nothing of the packet; of a connection, how it does.  Return: returned, NULL */
static struct sk_buff *timestamp_only(struct sock *sk, struct inet_err_cb *cb, const struct sk_buff *skb)
{
	bool stats = (sk->tsflags & SOF_TIMESTAMPING_OPT_STATS) && sk->prot->opt_stats;
	struct sk_buff *err = alloc_skb(sk->net->skb_pool, stats ? SOCK_OPT_STATS_MAX_BYTES : 1);

	if (!err || !stats)
		return err;
	skb_put(err, sk->prot->opt_stats(sk, skb, err->data));
	cb->opt_stats = true;
	return err;
}

void sock_tstamp_tx(struct sock *sk, const struct sk_buff *skb, int ifindex, u32 type)
{
	struct inet_err_cb cb = {
		.ee = { .ee_errno = ENOMSG, .ee_origin = SO_EE_ORIGIN_TIMESTAMPING, .ee_info = type },
		.iif = ifindex,
	};
	struct sk_buff *err;

	if (sock_flag(sk, SOCK_F_DEAD))
		return;
	if (sk->tsflags & SOF_TIMESTAMPING_OPT_ID)
		cb.ee.ee_data = skb_shinfo(skb)->tskey - (keys_are_octets(sk) ? sk->tskey : 0);
	if (sk->tsflags & SOF_TIMESTAMPING_OPT_TSONLY)
		err = timestamp_only(sk, &cb, skb);
	else
		err = skb_copy_expand(skb, aligned_headroom(skb), 0);
	if (!err)
		return;
	err->tstamp = sk->net->now;
	*INET_ERR_CB(err) = cb;
	sock_queue_err_skb(sk, err);
}

/* Calls that end one after the other are told of by one range, as long as nobody has read it. */
static bool zerocopy_extend(const struct sock *sk, u32 lo, u32 hi)
{
	const struct sk_buff *first = sk_error_peek(sk);
	struct sock_extended_err *ee = first ? &INET_ERR_CB(first->prev)->ee : NULL;

	if (!ee || ee->ee_origin != SO_EE_ORIGIN_ZEROCOPY || ee->ee_data + 1 != lo)
		return false;
	ee->ee_data = hi;
	return true;
}

void sock_zerocopy_done(struct sock *sk, u32 lo, u32 hi)
{
	struct sk_buff *err;

	if (sock_flag(sk, SOCK_F_DEAD) || zerocopy_extend(sk, lo, hi))
		return;
	err = alloc_skb(sk->net->skb_pool, 1);
	if (!err)
		return;
	*INET_ERR_CB(err) = (struct inet_err_cb){ .ee = { .ee_origin = SO_EE_ORIGIN_ZEROCOPY,
							  .ee_code = SO_EE_CODE_ZEROCOPY_COPIED,
							  .ee_info = lo,
							  .ee_data = hi } };
	sock_queue_err_skb(sk, err);
}

void sock_zerocopy_sent(struct sock *sk)
{
	u32 key = sk->zckey;

	if (!sock_flag(sk, SOCK_F_ZEROCOPY))
		return;
	sk->zckey++;
	sock_zerocopy_done(sk, key, key);
}

void sock_recv_err_cmsgs(struct sock *sk, const struct sk_buff *skb, struct cmsg_out *out)
{
	const struct inet_err_cb *cb = INET_ERR_CB(skb);

	if (cb->ee.ee_origin == SO_EE_ORIGIN_ZEROCOPY)
		return;
	sock_recv_timestamp(sk, skb, cb->ee.ee_origin == SO_EE_ORIGIN_TIMESTAMPING, out);
	if (cb->ee.ee_origin == SO_EE_ORIGIN_TIMESTAMPING && cb->opt_stats)
		put_cmsg(out, SOL_SOCKET, SCM_TIMESTAMPING_OPT_STATS_TYPE, skb->data, skb->len);
}
