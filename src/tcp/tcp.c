// SPDX-License-Identifier: BSD-2-Clause
/* S2: what programs call, and the life of a connection.
 *
 * @step S2 of S13, to tcp/tcp_output.c   @rfc 9293 3.9   @linux net/ipv4/tcp.c
 *
 * Reading order: tcp_sendmsg(), tcp_push(), tcp_poll(), tcp_close(), tcp_done(),
 * tcp_init_sock().
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "socket/inet6_sock.h"
#include "tcp/tcp_output.h"
#include "wire/tcp.h"

#define SCALING_RATIO_FIRST 128U /* half of the memory is payload, until we know better */

/* ------------------------------------------------------------------ states */

void tcp_set_state(struct tcp_sock *tp, enum tcp_state state)
{
	struct sock *sk = tcp_sock_of(tp);
	struct net *net = sk->net;
	u8 old = sk->state;

	if (old == state)
		return;
	if (unlikely(!tcp_may_become(old, state)))
		net->tcp->broken = "a state changes as RFC 9293 3.3.2 says";
	if (state == TCP_ESTABLISHED)
		net->tcp->established_count++;
	else if (old == TCP_ESTABLISHED && state != TCP_CLOSE_WAIT)
		net->tcp->established_count--;
	else if (old == TCP_CLOSE_WAIT)
		net->tcp->established_count--;
	if (state == TCP_CLOSE) {
		if (TCPF(old) & (TCPF_CLOSE_WAIT | TCPF_ESTABLISHED))
			TCP_INC(net, EstabResets);
		tcp_unhash(tp);
		if (tp->bind_bucket && !tp->inet.bound_port)
			tcp_put_port(tp);
	}
	sk->state = (u8)state;
}

/* A FIN is due on the way from here to there. */
#define ACTION_FIN 0x80U
static const u8 close_state[TCP_MAX_STATES] = {
	[TCP_ESTABLISHED] = TCP_FIN_WAIT1 | ACTION_FIN,
	[TCP_SYN_SENT] = TCP_CLOSE,
	[TCP_SYN_RECV] = TCP_FIN_WAIT1 | ACTION_FIN,
	[TCP_FIN_WAIT1] = TCP_FIN_WAIT1,
	[TCP_FIN_WAIT2] = TCP_FIN_WAIT2,
	[TCP_TIME_WAIT] = TCP_CLOSE,
	[TCP_CLOSE] = TCP_CLOSE,
	[TCP_CLOSE_WAIT] = TCP_LAST_ACK | ACTION_FIN,
	[TCP_LAST_ACK] = TCP_LAST_ACK,
	[TCP_LISTEN] = TCP_CLOSE,
	[TCP_CLOSING] = TCP_CLOSING,
};

static bool tcp_close_state(struct tcp_sock *tp)
{
	u8 next = close_state[tcp_sock_of(tp)->state];

	tcp_set_state(tp, (enum tcp_state)(next & ~ACTION_FIN));
	return next & ACTION_FIN;
}

/* ------------------------------------------------------------------ octets of a program into segments */

static bool forced_push(const struct tcp_sock *tp)
{
	return after(tp->write_seq, tp->pushed_seq + (tp->max_window >> 1));
}

static void tcp_mark_push(struct tcp_sock *tp, struct sk_buff *skb)
{
	TCP_SKB_CB(skb)->flags |= TCPHDR_PSH;
	tp->pushed_seq = tp->write_seq;
}

/* Small writes while a segment is still in our own queue below: they may go together when it has left. */
static bool tcp_should_autocork(const struct tcp_sock *tp, const struct sk_buff *skb, u32 size_goal)
{
	return skb->len < size_goal && tcp_sysctl(tp)->autocorking && !tcp_skb_tree_empty(&tp->rtx_queue) &&
	       tcp_sock_of(tp)->wmem_alloc_bytes > skb->truesize;
}

/* Send what may go.  @linux tcp_push */
static void tcp_push(struct tcp_sock *tp, int flags, u32 mss_now, u32 size_goal)
{
	struct sk_buff *skb = skb_peek_tail(&tp->write_queue);
	int nonagle = tp->nonagle;

	if (!skb)
		return;
	if (!(flags & MSG_MORE) || forced_push(tp))
		tcp_mark_push(tp, skb);
	if (flags & MSG_OOB) {
		tp->snd_up = tp->write_seq;
		tp->urg_sent = true;
	}
	if (tcp_should_autocork(tp, skb, size_goal)) {
		TCP_INC(tcp_net_of(tp), TCPAutoCorking);
		tp->tsq_throttled = true;
		return;
	}
	if (flags & MSG_MORE)
		nonagle = TCP_NAGLE_CORK;
	__tcp_push_pending_frames(tp, mss_now, nonagle);
}

/* A segment was begun, and nothing came into it. */
static void remove_empty_skb(struct tcp_sock *tp)
{
	struct sk_buff *skb = skb_peek_tail(&tp->write_queue);

	if (skb && TCP_SKB_CB(skb)->seq == TCP_SKB_CB(skb)->end_seq) {
		__skb_unlink(skb, &tp->write_queue);
		tcp_wmem_free_skb(tp, skb);
	}
}

/** struct sending - one call of tcp_sendmsg(), or tcp_send_zerocopy() */
struct sending {
	const struct msghdr *msg;
	struct skb_page *page; /* NULL: octets are copied from @msg; else they lie in it, from its beginning on */
	size_t len_bytes, copied_bytes;
	u32 mss_now, size_goal;
	int flags;
	struct tcp_news news; /* what the program wants to hear of its octets */
};

/* The segment that takes the next octets.  NULL: there is no room */
static struct sk_buff *segment_to_fill(struct tcp_sock *tp, const struct sending *s, bool fresh)
{
	struct sk_buff *skb = skb_peek_tail(&tp->write_queue);

	if (skb && !fresh && skb->len < s->size_goal && !TCP_SKB_CB(skb)->eor)
		return skb;
	if (!tcp_stream_memory_free(tp))
		return NULL;
	skb = tcp_stream_alloc_skb(tp);
	if (skb)
		tcp_skb_entail(tp, skb);
	return skb;
}

static void segment_is_full(struct tcp_sock *tp, const struct sending *s, struct sk_buff *skb)
{
	if (skb->len < s->size_goal || (s->flags & MSG_OOB))
		return;
	if (forced_push(tp)) {
		tcp_mark_push(tp, skb);
		__tcp_push_pending_frames(tp, s->mss_now, TCP_NAGLE_PUSH);
	} else if (skb == tcp_send_head(tp)) {
		tcp_push_one(tp, s->mss_now);
	}
}

/* Return: 0, -EAGAIN: no room for the rest */
static int copy_to_queue(struct tcp_sock *tp, struct sending *s)
{
	bool full = false;

	while (s->copied_bytes < s->len_bytes) {
		struct sk_buff *skb = segment_to_fill(tp, s, full);
		u32 want, got;

		if (!skb)
			return -EAGAIN;
		want = (u32)min_size(s->size_goal > skb->len ? s->size_goal - skb->len : 1,
				     s->len_bytes - s->copied_bytes);
		if (likely(!s->page))
			got = tcp_skb_fill(tp, skb, s->msg, s->copied_bytes, want, &full);
		else
			got = tcp_skb_share(tp, skb, s->page, (u32)s->copied_bytes, want, &full);
		if (!got) {
			if (!full)
				return -EAGAIN;
			tcp_mark_push(tp, skb);
			continue;
		}
		if (!s->copied_bytes)
			TCP_SKB_CB(skb)->flags &= (u8)~TCPHDR_PSH;
		tp->write_seq += got;
		TCP_SKB_CB(skb)->end_seq += got;
		s->copied_bytes += got;
		if (s->copied_bytes == s->len_bytes) {
			if (s->flags & MSG_EOR)
				TCP_SKB_CB(skb)->eor = 1;
			return 0;
		}
		segment_is_full(tp, s, skb);
	}
	return 0;
}

/* Return: may octets be queued?  0, -EAGAIN: not yet, else the error of a connection that is none */
static int may_send(struct tcp_sock *tp)
{
	struct sock *sk = tcp_sock_of(tp);

	if (likely((TCPF(sk->state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)) && !sk->err &&
		   !(sk->shutdown & SEND_SHUTDOWN)))
		return 0;
	if (sk->err)
		return sock_error(sk);
	if (sk->shutdown & SEND_SHUTDOWN)
		return -EPIPE;
	if (sk->state == TCP_SYN_RECV && tp->fastopen_rsk)
		return 0;
	return TCPF(sk->state) & (TCPF_SYN_SENT | TCPF_SYN_RECV) ? -EAGAIN : -EPIPE;
}

/* Return: octets that are in the queue by now, -errno */
static inline ssize_t send_all(struct tcp_sock *tp, struct sending *s)
{
	int flags = s->flags, err = may_send(tp);

	if (unlikely(err)) {
		if (err == -EAGAIN)
			tcp_sock_of(tp)->flags |= SOCK_F_NOSPACE;
		return err;
	}
	tcp_rate_check_app_limited(tp);
	if (!tp->packets_out && !tcp_send_head(tp))
		tcp_slow_start_after_idle(tp);
	s->mss_now = tcp_send_mss(tp, &s->size_goal, flags);
	if (!tp->chrono_type && s->len_bytes)
		tcp_chrono_start(tp, TCP_CHRONO_BUSY);
	err = copy_to_queue(tp, s);
	if (unlikely(tcp_news_wanted(&s->news)) && s->copied_bytes)
		tcp_news_note(tp, &s->news);
	if (unlikely(err)) {
		remove_empty_skb(tp);
		tcp_sock_of(tp)->flags |= SOCK_F_NOSPACE;
		tcp_chrono_start(tp, TCP_CHRONO_SNDBUF_LIMITED);
		if (!s->copied_bytes) {
			if (!tp->packets_out && !tcp_send_head(tp) && tp->rtx_kind == TCP_RTX_NONE)
				/* memory was missing: no ACK will make room, so time must */
				tcp_reset_xmit_timer(tp, TCP_RTX_PROBE0, TCP_RESOURCE_PROBE_INTERVAL);
			return err;
		}
		tcp_push(tp, flags & ~MSG_MORE, s->mss_now, s->size_goal);
	} else if (s->copied_bytes) {
		tcp_push(tp, flags, s->mss_now, s->size_goal);
	}
	return (ssize_t)s->copied_bytes;
}

static ssize_t tcp_sendmsg(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sending s = { .msg = msg, .len_bytes = len_bytes, .flags = flags, .news.tsflags = sk->tsflags };
	int err = 0;

	if (unlikely(msg->msg_controllen || (flags & MSG_ZEROCOPY)))
		err = tcp_news_asked(tp, msg, len_bytes, flags, &s.news);
	if (unlikely(!err && ((flags & MSG_FASTOPEN) || tp->defer_connect))) {
		err = tcp_sendmsg_fastopen(tp, msg, &s.copied_bytes, len_bytes, flags);
		if (err == -EINPROGRESS && s.copied_bytes)
			return (ssize_t)s.copied_bytes;
	}
	return unlikely(err) ? err : send_all(tp, &s);
}

static ssize_t tcp_send_zerocopy(struct sock *sk, struct skb_page *page, size_t len_bytes, int flags)
{
	struct sending s = { .page = page, .len_bytes = len_bytes, .flags = flags, .news.tsflags = sk->tsflags };
	struct iovec iov = { page->data, len_bytes };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (tcp_sk(sk)->defer_connect) /* octets that go with a SYN are copied to it */
		return tcp_sendmsg(sk, &msg, len_bytes, flags);
	return send_all(tcp_sk(sk), &s);
}

/* ------------------------------------------------------------------ room for more */

/* As many segments as the window may come to hold. */
void tcp_sndbuf_expand(struct tcp_sock *tp)
{
	struct sock *sk = tcp_sock_of(tp);
	u32 per_mss = max_u32(tp->rx_opt.mss_clamp, tp->mss_cache) + MAX_TCP_HEADER + 320, segs;
	u64 sndmem;

	per_mss = 1U << (32 - __builtin_clz(per_mss - 1));
	per_mss += 256;
	segs = max_u32(TCP_INIT_CWND, tp->snd_cwnd);
	segs = max_u32(segs, tp->reordering + 1);
	sndmem = tp->ca_ops->sndbuf_expand ? tp->ca_ops->sndbuf_expand(tp) : 2;
	sndmem *= (u64)segs * per_mss;
	if (sk->sndbuf_bytes < sndmem)
		sk->sndbuf_bytes = (u32)min_size(sndmem, (u64)tcp_sysctl(tp)->wmem_bytes[2]);
}

static void tcp_new_space(struct tcp_sock *tp)
{
	struct sock *sk = tcp_sock_of(tp);

	if (sock_flag(sk, SOCK_F_SNDBUF_LOCK) || tcp_under_memory_pressure(tp) ||
	    tcp_packets_in_flight(tp) >= tp->snd_cwnd)
		return;
	tcp_sndbuf_expand(tp);
	tp->snd_cwnd_stamp = tcp_net_of(tp)->now;
}

static bool stream_is_writeable(const struct tcp_sock *tp)
{
	return tcp_wspace_bytes(tp) >= (tp->wmem_queued_bytes >> 1) && tcp_stream_memory_free(tp);
}

void tcp_write_space(struct tcp_sock *tp)
{
	if (likely(!sock_flag(tcp_sock_of(tp), SOCK_F_NOSPACE)))
		return;
	tcp_new_space(tp);
	if (!stream_is_writeable(tp))
		return;
	tcp_sock_of(tp)->flags &= ~(u32)SOCK_F_NOSPACE;
	tcp_chrono_stop(tp, TCP_CHRONO_SNDBUF_LIMITED);
	sk_wake(tcp_sock_of(tp), EPOLLOUT);
}

void tcp_data_snd_check(struct tcp_sock *tp)
{
	tcp_push_pending_frames(tp);
	tcp_write_space(tp);
}

/* ------------------------------------------------------------------ readiness */

static u32 poll_connected(const struct tcp_sock *tp)
{
	const struct sock *sk = tcp_sock_of(tp);
	u32 avail = tp->rcv_nxt - tp->copied_seq, target = sk->rcvlowat, mask = 0;

	if (tp->urg_data && tp->urg_seq == tp->copied_seq && !sock_flag(sk, SOCK_F_OOBINLINE))
		target++;
	if ((s32)avail > 0 && (avail >= target || tcp_receive_window(tp) <= tp->ack.rcv_mss))
		mask |= EPOLLIN | EPOLLRDNORM;
	if ((sk->shutdown & SEND_SHUTDOWN) || stream_is_writeable(tp))
		mask |= EPOLLOUT | EPOLLWRNORM;
	else
		((struct sock *)(uintptr_t)sk)->flags |= SOCK_F_NOSPACE; /* who asked wants to hear of it */
	if (tp->urg_data & TCP_URG_VALID)
		mask |= EPOLLPRI;
	return mask;
}

u32 tcp_poll(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 mask = 0;

	if (sk->state == TCP_LISTEN)
		return tp->listener && tp->listener->accept_count ? EPOLLIN | EPOLLRDNORM : 0;
	if (sk->shutdown == (RCV_SHUTDOWN | SEND_SHUTDOWN) || sk->state == TCP_CLOSE)
		mask |= EPOLLHUP;
	if (sk->shutdown & RCV_SHUTDOWN)
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	if (sk->state != TCP_SYN_SENT && (sk->state != TCP_SYN_RECV || tp->fastopen_rsk))
		mask |= poll_connected(tp);
	else if (sk->state == TCP_SYN_SENT && tp->defer_connect)
		mask |= EPOLLOUT | EPOLLWRNORM;
	if (sk->err || sk_error_peek(sk))
		mask |= EPOLLERR;
	return mask;
}

/* ------------------------------------------------------------------ the end */

void tcp_write_queue_purge(struct tcp_sock *tp)
{
	struct sk_buff *skb;

	tcp_chrono_stop(tp, TCP_CHRONO_BUSY);
	while ((skb = __skb_dequeue(&tp->write_queue))) {
		tcp_wmem_uncharge(tp, skb);
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_CLOSE);
	}
	while ((skb = tcp_skb_first(&tp->rtx_queue))) {
		list_del_init(&skb->by_time);
		tcp_skb_remove(&tp->rtx_queue, skb);
		tcp_wmem_uncharge(tp, skb);
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_CLOSE);
	}
	tp->retransmit_skb_hint = NULL;
	tp->packets_out = 0;
	tp->backoff = 0;
	if (unlikely(tp->zc_pending))
		tcp_zerocopy_ended(tp, tp->zc_pending);
	tcp_clear_retrans(tp);
}

/* CLOSE, and nobody has it: all that it holds goes, and the reference that it has of itself. */
static void tcp_destroy_sock(struct tcp_sock *tp)
{
	struct sock *sk = tcp_sock_of(tp);

	assert(sk->state == TCP_CLOSE && !tp->conn.hash);
	tcp_clear_xmit_timers(tp);
	tcp_write_queue_purge(tp);
	tcp_fastopen_active_disable_ofo_check(tp);
	tcp_ofo_purge(tp);
	tcp_holes_put(tp);
	tcp_mtup_stop(tp);
	sock_queue_purge(sk);
	tcp_free_fastopen_req(tp);
	if (tp->fastopen_rsk)
		tcp_fastopen_remove(tp, false);
	tcp_sockopt_destroy(tp);
	if (tp->bind_bucket)
		tcp_put_port(tp);
	tcp_ca_release(tp);
	inet_sock_destroy(sk);
	inet6_sock_destroy(sk);
	if (tp->is_orphan) {
		tp->is_orphan = false;
		list_del_init(&sk->net_node);
		sk->net->tcp->orphan_count--;
		sock_put(sk);
	}
}

void tcp_done(struct tcp_sock *tp)
{
	struct sock *sk = tcp_sock_of(tp);

	if (TCPF(sk->state) & (TCPF_SYN_SENT | TCPF_SYN_RECV))
		TCP_INC(sk->net, AttemptFails);
	tcp_set_state(tp, TCP_CLOSE);
	tcp_clear_xmit_timers(tp);
	if (tp->fastopen_rsk)
		tcp_fastopen_remove(tp, false);
	sk->shutdown = RCV_SHUTDOWN | SEND_SHUTDOWN;
	if (!sock_flag(sk, SOCK_F_DEAD))
		sk_wake(sk, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
	else if (tp->is_orphan)
		tcp_destroy_sock(tp);
}

void tcp_done_with_error(struct tcp_sock *tp, int err)
{
	struct sock *sk = tcp_sock_of(tp);

	sk->err = err;
	tcp_write_queue_purge(tp);
	if (!sock_flag(sk, SOCK_F_DEAD))
		sk_wake(sk, EPOLLERR);
	tcp_done(tp);
}

bool tcp_too_many_orphans(struct tcp_sock *tp, u32 shift)
{
	struct net *net = tcp_net_of(tp);

	if ((net->tcp->orphan_count << shift) > (u32)net->tcp->sysctl.max_orphans)
		return true;
	return tp->wmem_queued_bytes > 2 * TCP_MSS_DEFAULT * 4 && tcp_out_of_memory(net);
}

static void become_orphan(struct tcp_sock *tp)
{
	struct tcp_net *tn = tcp_net_of(tp)->tcp;

	sock_hold(tcp_sock_of(tp));
	tp->is_orphan = true;
	list_add_tail(&tcp_sock_of(tp)->net_node, &tn->orphans);
	tn->orphan_count++;
}

/* The connection says goodbye without its program.  It may be over by the end of this. */
static void orphan_goes_on(struct tcp_sock *tp)
{
	struct sock *sk = tcp_sock_of(tp);
	ktime_t left;

	become_orphan(tp);
	if (sk->state == TCP_FIN_WAIT2) {
		left = tcp_fin_time(tp);
		if (tp->opts->linger2_s < 0) {
			tcp_send_active_reset(tp);
			TCP_INC(sk->net, TCPAbortOnLinger);
			tcp_done(tp);
		} else if (left > TCP_TIMEWAIT_LEN) {
			tcp_reset_keepalive_timer(tp, left - TCP_TIMEWAIT_LEN);
		} else {
			tcp_time_wait(tp, TCP_FIN_WAIT2, left);
		}
	} else if (tcp_too_many_orphans(tp, 0)) {
		tcp_send_active_reset(tp);
		TCP_INC(sk->net, TCPAbortOnMemory);
		tcp_done(tp);
	}
}

static bool unread_data(const struct tcp_sock *tp)
{
	u32 fin = tp->fin_received ? 1 : 0;

	return !skb_queue_empty(&tcp_sock_of(tp)->receive_queue) && after(tp->rcv_nxt - fin, tp->copied_seq);
}

/* A FIN is due, and there was no memory for it, nor a segment that it could ride on: nothing would ever happen any more. */
static bool fin_was_lost(const struct tcp_sock *tp)
{
	return (TCPF(tp->inet.sk.state) & (TCPF_FIN_WAIT1 | TCPF_CLOSING | TCPF_LAST_ACK)) &&
	       tp->write_seq == tp->snd_una;
}

/* proto.destroy: the program closed it.  @rfc 9293 3.10.4, 1122 4.2.2.13, 2525 2.17 */
static void tcp_close(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool unread = unread_data(tp);

	if (sk->state == TCP_LISTEN) {
		tcp_listen_stop(tp);
		tcp_set_state(tp, TCP_CLOSE);
	}
	sock_queue_purge(sk);
	if (sk->state != TCP_CLOSE) {
		if (unread) { /* the peer must hear that its data was not read */
			TCP_INC(sk->net, TCPAbortOnClose);
			tcp_send_active_reset(tp);
			tcp_set_state(tp, TCP_CLOSE);
		} else if (sock_flag(sk, SOCK_F_LINGER) && !sk->linger_s) {
			TCP_INC(sk->net, TCPAbortOnData);
			(void)tcp_disconnect(sk);
		} else if (tcp_close_state(tp)) {
			tcp_send_fin(tp);
		}
	}
	if (fin_was_lost(tp)) {
		TCP_INC(sk->net, TCPAbortOnMemory);
		tcp_send_active_reset(tp);
		tcp_set_state(tp, TCP_CLOSE);
	}
	if (sk->state == TCP_CLOSE)
		tcp_destroy_sock(tp);
	else
		orphan_goes_on(tp);
}

static void connection_reset_fields(struct tcp_sock *tp);

static bool need_reset(u8 state)
{
	return TCPF(state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT | TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2 | TCPF_SYN_RECV);
}

int tcp_disconnect(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u8 old = sk->state;

	if (old == TCP_LISTEN) {
		tcp_listen_stop(tp);
	} else if (need_reset(old) || (tp->snd_nxt != tp->write_seq && (TCPF(old) & (TCPF_CLOSING | TCPF_LAST_ACK)))) {
		tcp_send_active_reset(tp);
		sk->err = ECONNRESET;
	} else if (old == TCP_SYN_SENT) {
		sk->err = ECONNRESET;
	}
	if (old != TCP_CLOSE)
		tcp_set_state(tp, TCP_CLOSE);
	tcp_clear_xmit_timers(tp);
	sock_queue_purge(sk);
	tcp_write_queue_purge(tp);
	tcp_ofo_purge(tp);
	tcp_holes_put(tp);
	tcp_free_fastopen_req(tp);
	tp->inet.dport = (__force __be16)0;
	tp->inet.daddr = (__force __be32)0U;
	if (!tp->inet.bound_addr)
		tp->inet.rcv_saddr = tp->inet.saddr = (__force __be32)0U;
	if (sk->family == AF_INET6)
		tcp_v6_forget_peer(tp);
	memset(&tp->conn.daddr, 0, sizeof(tp->conn.daddr));
	tp->conn.dport = (__force __be16)0;
	inet_dst_set(&tp->inet, NULL);
	sk->shutdown = 0;
	tcp_ca_release(tp);
	connection_reset_fields(tp);
	if (!sock_flag(sk, SOCK_F_DEAD))
		sk_wake(sk, EPOLLERR | EPOLLHUP);
	return 0;
}

static int tcp_shutdown(struct sock *sk, int how)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int err = 0;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	how++; /* RCV_SHUTDOWN, SEND_SHUTDOWN, both */
	if ((sk->state == TCP_LISTEN && (how & RCV_SHUTDOWN)) || sk->state == TCP_SYN_SENT) {
		tp->connecting = false;
		return tcp_disconnect(sk);
	}
	if (sk->state == TCP_CLOSE)
		err = -ENOTCONN;
	if (sk->state != TCP_LISTEN) {
		sk->shutdown |= (u8)how;
		if ((how & SEND_SHUTDOWN) && (TCPF(sk->state) & (TCPF_ESTABLISHED | TCPF_SYN_RECV | TCPF_CLOSE_WAIT)) &&
		    tcp_close_state(tp))
			tcp_send_fin(tp);
	}
	sk_wake(sk, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
	return err;
}

/* ------------------------------------------------------------------ the beginning */

/* All that is of one connection, not of the socket. */
static void connection_reset_fields(struct tcp_sock *tp)
{
	const struct tcp_sysctls *sysctl = tcp_sysctl(tp);
	u16 user_mss = tp->rx_opt.user_mss;

	tp->rto = TCP_TIMEOUT_INIT;
	tp->mdev_us = (u32)(TCP_TIMEOUT_INIT / NSEC_PER_USEC);
	tp->rtt_min.s[0].v = tp->rtt_min.s[1].v = tp->rtt_min.s[2].v = UINT32_MAX;
	tp->srtt_us = tp->rttvar_us = tp->mdev_max_us = 0;
	tp->snd_cwnd = TCP_INIT_CWND;
	tp->snd_cwnd_cnt = 0;
	tp->snd_cwnd_clamp = UINT32_MAX;
	tp->snd_ssthresh = TCP_INFINITE_SSTHRESH;
	tp->app_limited = ~0U;
	tp->rate_app_limited = true;
	tp->mss_cache = TCP_MSS_DEFAULT;
	tp->reordering = (u32)sysctl->reordering;
	tp->reord_seen = 0;
	tp->ca_state = TCP_CA_Open;
	tp->rx_opt = (struct tcp_options_received){ .user_mss = user_mss, .mss_clamp = TCP_MSS_DEFAULT };
	tp->ack = (struct tcp_ack_state){ .rcv_mss = TCP_MIN_MSS };
	tp->rack = (struct tcp_rack){ .reo_wnd_steps = 1 };
	tcp_mtup_stop(tp);
	tp->undo_retrans = -1;
	tp->retransmits = tp->probes_out = tp->backoff = 0;
	tp->urg_data = 0;
	tp->urg_sent = tp->fin_received = tp->tsq_throttled = tp->dst_pending_confirm = false;
	tp->fin_due = false;
	tcp_sock_of(tp)->flags &= ~(u32)SOCK_F_NOSPACE;
	tp->window_clamp = 0;
	tp->delivered = tp->delivered_ce = tp->lost = tp->total_retrans = tp->dsack_dups = 0;
	tp->bytes_acked = tp->bytes_sent = tp->bytes_retrans = tp->bytes_received = 0;
	tp->segs_in = tp->segs_out = tp->data_segs_in = tp->data_segs_out = 0;
	tp->snd_nxt = tp->snd_una = tp->write_seq;
	tp->rcv_nxt = tp->copied_seq = tp->rcv_wup = tp->rcv_wnd = 0;
	tp->retrans_stamp = tp->wstamp = tp->last_oow_ack_time = 0;
	tp->ecn_flags = 0;
	tp->syn_data = tp->syn_fastopen = tp->syn_data_acked = tp->is_sack_reneg = false;
	tp->rcv_rtt_est.rtt_us = 0;
	tp->rcv_rtt_est.time = 0;
	tp->pacing_rate = ~0ULL;
	tp->pacing_rate_by_srtt = false;
	tp->gso_max_segs = 0;
}

void tcp_set_txhash(struct tcp_sock *tp)
{
	tp->txhash = get_random_u32(&tcp_net_of(tp)->rng) | 1;
}

void tcp_init_sock(struct tcp_sock *tp)
{
	const struct tcp_sysctls *sysctl = tcp_sysctl(tp);
	struct sock *sk = tcp_sock_of(tp);

	tp->af = &tcp_ipv4_ops;
	if (sk->family == AF_INET6)
		tp->af = &tcp_ipv6_ops;
	tp->conn.family = (u8)sk->family;
	tp->conn.sk_family = (u8)sk->family;
	tp->conn.kind = TCP_CONN_SOCK;
	__skb_queue_head_init(&tp->write_queue);
	tcp_skb_tree_init(&tp->rtx_queue);
	tcp_holes_none(tp);
	tcp_opts_none(tp);
	INIT_LIST_HEAD(&tp->tsorted_sent);
	tp->bind_node = (struct hlist_node){ NULL, NULL };
	tcp_init_xmit_timers(tp);
	tp->rto_min = (ktime_t)sysctl->rto_min_us * NSEC_PER_USEC;
	tp->scaling_ratio = SCALING_RATIO_FIRST;
	tp->pacing_shift = 10;
	tp->pacing_status = 0;
	connection_reset_fields(tp);
	sk->sndbuf_bytes = (u32)sysctl->wmem_bytes[1];
	sk->rcvbuf_bytes = (u32)sysctl->rmem_bytes[1];
	tcp_ca_assign(tp);
}

static int tcp_init(struct sock *sk)
{
	inet_sock_init(sk);
	sk->protocol = IPPROTO_TCP;
	tcp_init_sock(tcp_sk(sk));
	return 0;
}

static int tcp_v6_init(struct sock *sk)
{
	int err;

	inet_sock_init(sk);
	err = inet6_sock_init(sk);
	if (err)
		return err;
	sk->protocol = IPPROTO_TCP;
	tcp_init_sock(tcp_sk(sk));
	tcp_v6_forget_peer(tcp_sk(sk));
	return 0;
}

static int stream_connect(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	if (sk->family == AF_INET6)
		return tcp_v6_connect(sk, addr, len_bytes);
	return tcp_v4_connect(sk, addr, len_bytes);
}

/* @linux inet_stream_connect: what a second connect() hears of the first */
static int tcp_stream_connect(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int err;

	if (len_bytes < sizeof(addr->sa_family))
		return -EINVAL;
	if (addr->sa_family == AF_UNSPEC) {
		tp->connecting = false;
		return tcp_disconnect(sk);
	}
	if (tp->connecting) {
		if (TCPF(sk->state) & (TCPF_SYN_SENT | TCPF_SYN_RECV))
			return tp->defer_connect ? -EISCONN : -EALREADY;
		tp->connecting = false;
		if (sk->state != TCP_CLOSE)
			return 0;
		err = sock_error(sk);
		(void)tcp_disconnect(sk);
		sk->err = 0;
		return err ? err : -ECONNABORTED;
	}
	if (sk->state != TCP_CLOSE)
		return -EISCONN;
	err = stream_connect(sk, addr, len_bytes);
	tp->connecting = err == -EINPROGRESS || (!err && tp->defer_connect);
	return err;
}

static int tcp_listen(struct sock *sk, int backlog)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if ((TCPF(sk->state) & ~(TCPF_CLOSE | TCPF_LISTEN)) || tp->connecting)
		return -EINVAL;
	return tcp_listen_start(tp, backlog);
}

static const char *tcp_sock_check(const struct sock *sk)
{
	return tcp_check(tcp_sk(sk));
}

/* What both protos do alike. */
#define TCP_PROTO_COMMON \
	.obj_bytes = sizeof(struct tcp_sock), .destroy = tcp_close, .connect = tcp_stream_connect, \
	.disconnect = tcp_disconnect, .listen = tcp_listen, .accept = tcp_accept, .sendmsg = tcp_sendmsg, \
	.recvmsg = tcp_recvmsg, .send_zerocopy = tcp_send_zerocopy, .recv_borrow = tcp_recv_borrow, \
	.shutdown = tcp_shutdown, .setsockopt = tcp_setsockopt, .getsockopt = tcp_getsockopt, .ioctl = tcp_ioctl, \
	.poll = tcp_poll, .route_changed = inet_route_changed, .socket_option = tcp_socket_option, \
	.meminfo = tcp_meminfo, .queued_bytes = tcp_ofo_bytes, .check = tcp_sock_check, .opt_stats = tcp_opt_stats, \
	.may_peek_off = true

const struct proto tcp_prot = {
	.name = "TCP",
	.init = tcp_init,
	.bind = tcp_v4_bind,
	.getname = inet_getname,
	TCP_PROTO_COMMON,
};

const struct proto tcpv6_prot = {
	.name = "TCPv6",
	.as_ipv4 = &tcp_prot,
	.init = tcp_v6_init,
	.bind = tcp_v6_bind,
	.getname = inet6_getname,
	TCP_PROTO_COMMON,
};
