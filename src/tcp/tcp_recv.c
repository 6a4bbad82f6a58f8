// SPDX-License-Identifier: BSD-2-Clause
/* S2, the other way: octets to the program, and what that tells the peer.
 *
 * @rfc 9293 3.9.1.3, 3.8.6.2.2, 6093   @linux net/ipv4/tcp.c: tcp_recvmsg, tcp_cleanup_rbuf
 *
 * Reading order: tcp_recvmsg(), read_from(), stop_at_urgent(), eat(), tcp_cleanup_rbuf(); tcp_recv_borrow().
 */
#include <errno.h>
#include <string.h>

#include "socket/inet6_sock.h"
#include "tcp/tcp_output.h"
#include "wire/tcp.h"

#define TCP_CM_INQ 36 /* linux/tcp.h, which has a tcphdr of its own */

void tcp_cleanup_rbuf(struct tcp_sock *tp, u32 copied)
{
	struct sock *sk = tcp_sock_of(tp);
	bool time_to_ack = false;

	if (tp->ack.pending & TCP_ACK_SCHED) {
		bool pushed = (tp->ack.pending & TCP_ACK_PUSHED2) ||
			      ((tp->ack.pending & TCP_ACK_PUSHED) && !tcp_in_pingpong(tp));

		time_to_ack = tp->rcv_nxt - tp->rcv_wup > tp->ack.rcv_mss ||
			      (copied && pushed && !sk->rmem_alloc_bytes);
	}
	/* the window could be twice what the peer knows of */
	if (copied && !time_to_ack && !(sk->shutdown & RCV_SHUTDOWN)) {
		u32 window_now = tcp_receive_window(tp), new_window;

		if (2 * window_now <= tp->window_clamp) {
			new_window = __tcp_select_window(tp);
			time_to_ack = new_window && new_window >= 2 * window_now;
		}
	}
	if (time_to_ack)
		tcp_send_ack(tp);
}

static ssize_t recv_urg(struct tcp_sock *tp, struct msghdr *msg, size_t len_bytes, int flags)
{
	struct sock *sk = tcp_sock_of(tp);
	u8 octet;

	if (sock_flag(sk, SOCK_F_OOBINLINE) || !tp->urg_data || tp->urg_data == TCP_URG_READ)
		return -EINVAL;
	if (sk->state == TCP_CLOSE && !tp->fin_received)
		return -ENOTCONN;
	if (tp->urg_data & TCP_URG_VALID) {
		octet = (u8)tp->urg_data;
		if (!(flags & MSG_PEEK))
			tp->urg_data = TCP_URG_READ;
		msg->msg_flags |= MSG_OOB;
		if (!len_bytes) {
			msg->msg_flags |= MSG_TRUNC;
			return 0;
		}
		if (!(flags & MSG_TRUNC))
			memcpy_to_iov(msg->msg_iov, msg->msg_iovlen, 0, &octet, 1);
		return 1;
	}
	return sk->state == TCP_CLOSE || (sk->shutdown & RCV_SHUTDOWN) ? 0 : -EAGAIN;
}

/* Nothing (more) to read: why?  Return: 0: the end, -errno */
static int why_nothing(struct tcp_sock *tp)
{
	struct sock *sk = tcp_sock_of(tp);

	if (tp->fin_received)
		return 0;
	if (sk->err)
		return sock_error(sk);
	if (sk->shutdown & RCV_SHUTDOWN)
		return 0;
	return sk->state == TCP_CLOSE ? -ENOTCONN : -EAGAIN;
}

/** struct reading - one call of tcp_recvmsg() */
struct reading {
	struct msghdr *msg;
	size_t len_bytes, copied_bytes;
	int flags;
	u32 seq; /**< next octet */
	bool done;
};

static struct sk_buff *skb_with(struct tcp_sock *tp, u32 seq)
{
	struct sk_buff_head *queue = &tcp_sock_of(tp)->receive_queue;

	for (struct sk_buff *skb = queue->next; skb != (struct sk_buff *)(void *)queue; skb = skb->next) {
		if (before(seq, TCP_SKB_CB(skb)->end_seq))
			return skb;
	}
	return NULL;
}

/* What the urgent octet leaves of @used octets from r->seq on: reading stops before it, and steps over it. */
static u32 stop_at_urgent(const struct tcp_sock *tp, struct reading *r, u32 used)
{
	u32 offset = tp->urg_seq - r->seq;

	if (!tp->urg_data || offset >= used)
		return used;
	if (offset)
		return offset;
	if (!sock_flag(tcp_sock_of(tp), SOCK_F_OOBINLINE)) {
		r->seq++;
		used--;
	}
	return used;
}

static u32 end_of_octets(const struct sk_buff *skb)
{
	return TCP_SKB_CB(skb)->end_seq - ((TCP_SKB_CB(skb)->flags & TCPHDR_FIN) ? 1U : 0U);
}

static int read_from(struct tcp_sock *tp, struct reading *r, struct sk_buff *skb)
{
	u32 offset, used, end = end_of_octets(skb);
	int err;

	used = (u32)min_size(end - r->seq, r->len_bytes - r->copied_bytes);
	if (used) {
		used = stop_at_urgent(tp, r, used);
		offset = r->seq - TCP_SKB_CB(skb)->seq;
		if (used && !(r->flags & MSG_TRUNC)) {
			err = skb_copy_datagram_at(skb, offset, r->msg->msg_iov, r->msg->msg_iovlen, r->copied_bytes,
						   used);
			if (err)
				return err;
		}
		r->seq += used;
		r->copied_bytes += used;
	}
	if (r->seq == end && (TCP_SKB_CB(skb)->flags & TCPHDR_FIN)) {
		r->seq++;
		r->done = true;
	}
	return 0;
}

static void eat(struct tcp_sock *tp, const struct reading *r)
{
	struct sk_buff_head *queue = &tcp_sock_of(tp)->receive_queue;
	struct sk_buff *skb;

	tp->copied_seq = r->seq;
	if (tp->urg_data && after(tp->copied_seq, tp->urg_seq))
		tp->urg_data = 0;
	while ((skb = skb_peek(queue)) && !before(r->seq, TCP_SKB_CB(skb)->end_seq)) {
		__skb_unlink(skb, queue);
		consume_skb(skb);
	}
}

/* TCP_INQ: what is left; nothing else goes with octets of a stream. */
static void tcp_put_cmsgs(const struct tcp_sock *tp, struct msghdr *msg)
{
	struct cmsg_out out;
	int inq;

	cmsg_out_begin(&out, msg);
	if (tp->recvmsg_inq) {
		inq = (int)tcp_inq_bytes(tp);
		put_cmsg(&out, IPPROTO_TCP, TCP_CM_INQ, &inq, sizeof(inq));
	}
	cmsg_out_end(&out, msg);
}

static ssize_t recv_error(struct sock *sk, struct msghdr *msg, size_t len_bytes)
{
	if (sk->family == AF_INET6)
		return ipv6_recv_error(sk, msg, len_bytes);
	return ip_recv_error(sk, msg, len_bytes);
}

ssize_t tcp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len_bytes, int flags)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct reading r = { .msg = msg, .len_bytes = len_bytes, .flags = flags, .seq = tp->copied_seq };
	struct sk_buff *skb;
	int err = 0;

	if (unlikely(flags & MSG_ERRQUEUE))
		return recv_error(sk, msg, len_bytes);
	if (unlikely(sk->state == TCP_LISTEN))
		return -ENOTCONN;
	if (unlikely(flags & MSG_OOB))
		return recv_urg(tp, msg, len_bytes, flags);
	msg->msg_namelen = 0;
	if ((flags & MSG_PEEK) && sk->peek_off >= 0)
		r.seq += (u32)sk->peek_off;
	while (r.copied_bytes < len_bytes && !r.done) {
		/* the mark stops a read that has something */
		if (tp->urg_data && tp->urg_seq == r.seq && r.copied_bytes)
			break;
		skb = skb_with(tp, r.seq);
		if (!skb)
			break;
		err = read_from(tp, &r, skb);
		if (err)
			break;
		if (!(flags & MSG_PEEK)) {
			eat(tp, &r);
			tcp_rcv_space_adjust(tp);
		}
	}
	if (!(flags & MSG_PEEK))
		tcp_cleanup_rbuf(tp, (u32)r.copied_bytes);
	else if (r.copied_bytes)
		sk_peek_offset_move(sk, flags, (u32)r.copied_bytes);
	tcp_put_cmsgs(tp, msg);
	if (r.copied_bytes || r.done || (!len_bytes && !err))
		return (ssize_t)r.copied_bytes;
	return err ? err : why_nothing(tp);
}

/* ------------------------------------------------------------------ where it lies */

/* The octets of @skb from r->seq on, up to the urgent one, as pieces.  Return: may more follow? */
static bool borrow_from(const struct tcp_sock *tp, struct reading *r, const struct sk_buff *skb, size_t room)
{
	u32 used = stop_at_urgent(tp, r, end_of_octets(skb) - r->seq), got;

	got = skb_pieces(skb, r->seq - TCP_SKB_CB(skb)->seq, used, r->msg->msg_iov, &r->msg->msg_iovlen, room);
	r->seq += got;
	r->copied_bytes += got;
	return got == used && !(tp->urg_data && tp->urg_seq == r->seq);
}

ssize_t tcp_recv_borrow(struct sock *sk, struct msghdr *msg)
{
	struct sk_buff_head *queue = &sk->receive_queue;
	struct tcp_sock *tp = tcp_sk(sk);
	struct reading r = { .msg = msg, .seq = tp->copied_seq };
	struct sk_buff *skb = skb_with(tp, r.seq);
	size_t room = msg->msg_iovlen;

	msg->msg_iovlen = msg->msg_namelen = 0;
	if (sk->state == TCP_LISTEN)
		return -ENOTCONN;
	for (; skb && skb != (struct sk_buff *)(void *)queue; skb = skb->next) {
		if (before(r.seq, TCP_SKB_CB(skb)->end_seq) && !borrow_from(tp, &r, skb, room))
			break;
	}
	tcp_put_cmsgs(tp, msg);
	return r.copied_bytes ? (ssize_t)r.copied_bytes : why_nothing(tp);
}
