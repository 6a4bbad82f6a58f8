/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the way down know of each other. */
#ifndef NETHOOD_TCP_TCP_OUTPUT_H
#define NETHOOD_TCP_TCP_OUTPUT_H

#include "tcp/tcp.h"

/* ---- tcp_output.c */
/** tcp_transmit_skb() - a clone of @skb, which is (or will be) in the retransmission queue, leaves.  Return: 0, -errno */
int __must_check tcp_transmit_skb(struct tcp_sock *tp, struct sk_buff *skb);
/** tcp_transmit_made() - @skb (taken), which is in no queue, leaves.  Return: 0, -errno, NET_XMIT_* */
int tcp_transmit_made(struct tcp_sock *tp, struct sk_buff *skb);
void tcp_event_new_data_sent(struct tcp_sock *tp, struct sk_buff *skb);
/** tcp_set_skb_tso_segs() - into how many segments will it be cut?  Return: their number */
u32 tcp_set_skb_tso_segs(struct sk_buff *skb, u32 mss_now);
/** tcp_pacing_check() - must the next segment wait?  Then the timer is armed */
bool tcp_pacing_check(struct tcp_sock *tp);
bool tcp_small_queue_check(struct tcp_sock *tp, const struct sk_buff *skb, u32 factor);
static inline bool tcp_urg_mode(const struct tcp_sock *tp)
{
	return tp->urg_sent && tp->snd_una != tp->snd_up;
}

/* ---- tcp_fragment.c */
/** tcp_stream_alloc_skb() - empty, with room for headers, and charged; returned, NULL */
struct sk_buff *tcp_stream_alloc_skb(struct tcp_sock *tp);
void tcp_skb_entail(struct tcp_sock *tp, struct sk_buff *skb);
/** tcp_skb_collapse() - all of @from's octets to the end of @to.  Return: false: they do not fit, nothing changed */
bool tcp_skb_collapse(struct sk_buff *to, struct sk_buff *from);
/** tcp_adjust_pcount() - a segment of the retransmission queue counts @decr less */
void tcp_adjust_pcount(struct tcp_sock *tp, const struct sk_buff *skb, s32 decr);
/** skb_unshare_frags() - its list of fragments may be changed.  Return: 0, -ENOMEM */
int __must_check tcp_skb_unclone(struct sk_buff *skb);

/* ---- tcp_retransmit.c */
/** tcp_rtx_queue_unlink_and_free() - @skb leaves the retransmission queue, and ends; its counts are settled */
void tcp_rtx_queue_unlink_and_free(struct tcp_sock *tp, struct sk_buff *skb);

/* ---- tcp_mss.c */
/** tcp_mtu_probe() - send a probe of a larger size, if it is time.  Return: 1: sent, 0: wait, -1: go on as usual */
int tcp_mtu_probe(struct tcp_sock *tp);

/* ---- tcp_fastopen.c */
/** tcp_send_syn_data() - @syn is in the retransmission queue; data of fastopen_req goes with it if there is a cookie.  Return: 0, -errno */
int tcp_send_syn_data(struct tcp_sock *tp, struct sk_buff *syn);
/** tcp_fastopen_syn_option() - cookie, or the question for one; NULL: nothing is said */
const struct tcp_fastopen_cookie *tcp_fastopen_syn_option(const struct tcp_sock *tp);

/** tcp_fastopen_synack() - the SYN-ACK of a Fast Open.  Return: the data is refused, and goes again */
bool tcp_fastopen_synack(struct tcp_sock *tp, struct sk_buff *synack, struct tcp_fastopen_cookie *cookie);
/** tcp_sendmsg_fastopen() - MSG_FASTOPEN, or data for a connect() that waits for it.  Return: 0, -EINPROGRESS, -errno */
int tcp_sendmsg_fastopen(struct tcp_sock *tp, const struct msghdr *msg, size_t *copied_bytes, size_t len_bytes,
			 int flags);

/* ---- tcp_fill.c */
/** tcp_skb_fill() - copy up to @want octets, from @offset on, to the end of @skb.  Return: how many; 0: no memory, or *full */
u32 tcp_skb_fill(struct tcp_sock *tp, struct sk_buff *skb, const struct msghdr *msg, size_t offset, u32 want,
		 bool *full);
/** tcp_skb_share() - @want octets of @page, from @offset on, are the end of @skb, where they lie.  Return: @want; 0: *full */
u32 tcp_skb_share(struct tcp_sock *tp, struct sk_buff *skb, struct skb_page *page, u32 offset, u32 want, bool *full);
/** tcp_skb_append_copy() - @len_bytes at @from are the end of @skb, whose head nobody shares.  Return: false: no room now */
bool tcp_skb_append_copy(struct net *net, struct sk_buff *skb, const u8 *from, u32 len_bytes);

/* ---- tcp.c */
/* what the time is spent with, TCP_INFO */
enum { TCP_CHRONO_UNSPEC, TCP_CHRONO_BUSY, TCP_CHRONO_RWND_LIMITED, TCP_CHRONO_SNDBUF_LIMITED };
void tcp_chrono_start(struct tcp_sock *tp, u8 type);
void tcp_chrono_stop(struct tcp_sock *tp, u8 type);

#endif
