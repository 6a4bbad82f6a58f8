// SPDX-License-Identifier: BSD-2-Clause
/* Receive and error queues of datagram sockets, and what poll(2) says of them.
 *
 * @linux net/core/datagram.c, sock_queue_rcv_skb
 */
#include "socket/sock.h"

#include <errno.h>
#include <sys/epoll.h>

#include "socket/filter.h"

int sock_queue_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	if (sk->filter && sk_filter_run(sk, skb, 1)) {
		sk->drops++;
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_FILTER);
		return -EPERM;
	}
	if (unlikely(sk->rmem_alloc_bytes >= sk->rcvbuf_bytes)) {
		sk->drops++;
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_RCVBUFF);
		return -ENOMEM;
	}
	skb_dst_drop(skb);
	skb_set_owner_r(skb, sk);
	if (!skb->tstamp)
		skb->tstamp = sk->net->now;
	SOCK_SKB_CB(skb)->dropcount = sock_flag(sk, SOCK_F_RXQ_OVFL) ? (u32)sk->drops : 0;
	__skb_queue_tail(&sk->receive_queue, skb);
	sk_wake(sk, EPOLLIN);
	return 0;
}

static void error_queue_tail(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *first = sk->error_queue;

	if (!first) {
		sk->error_queue = skb->next = skb->prev = skb;
		return;
	}
	skb->next = first;
	skb->prev = first->prev;
	first->prev->next = skb;
	first->prev = skb;
}

struct sk_buff *sk_error_dequeue(struct sock *sk)
{
	struct sk_buff *skb = sk->error_queue;

	if (!skb)
		return NULL;
	sk->error_queue = skb->next == skb ? NULL : skb->next;
	skb->next->prev = skb->prev;
	skb->prev->next = skb->next;
	skb->next = skb->prev = NULL;
	return skb;
}

void sk_error_purge(struct sock *sk)
{
	while (sk->error_queue)
		consume_skb(sk_error_dequeue(sk));
}

int sock_queue_err_skb(struct sock *sk, struct sk_buff *skb)
{
	if (sk->rmem_alloc_bytes + skb->truesize >= sk->rcvbuf_bytes) {
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_RCVBUFF);
		return -ENOMEM;
	}
	skb_dst_drop(skb);
	skb_set_owner_r(skb, sk);
	if (!skb->tstamp)
		skb->tstamp = sk->net->now;
	error_queue_tail(sk, skb);
	sk_wake(sk, EPOLLERR);
	return 0;
}

/* The packet that holds the byte at the peek offset; the offset becomes one within it. */
static struct sk_buff *peek_at(struct sock *sk, u32 *off_bytes)
{
	struct sk_buff *const end = (struct sk_buff *)(void *)&sk->receive_queue;

	for (struct sk_buff *skb = sk->receive_queue.next; skb != end; skb = skb->next) {
		if (*off_bytes < skb->len || (!*off_bytes && !skb->len))
			return skb;
		*off_bytes -= skb->len;
	}
	return NULL;
}

int skb_recv_datagram_off(struct sock *sk, int flags, struct sk_buff **out, u32 *off_bytes)
{
	struct sk_buff *skb;

	if (unlikely(sk->err))
		return sock_error(sk);
	*off_bytes = 0;
	if (flags & MSG_PEEK) {
		*off_bytes = sk->peek_off >= 0 ? (u32)sk->peek_off : 0;
		skb = peek_at(sk, off_bytes);
	} else {
		skb = __skb_dequeue(&sk->receive_queue);
	}
	if (unlikely(!skb))
		return -EAGAIN;
	*out = skb;
	return 0;
}

int skb_recv_datagram(struct sock *sk, int flags, struct sk_buff **out)
{
	u32 off_bytes;

	return skb_recv_datagram_off(sk, flags, out, &off_bytes);
}

void sk_peek_offset_move(struct sock *sk, int flags, u32 len_bytes)
{
	if (likely(sk->peek_off < 0))
		return;
	if (flags & MSG_PEEK)
		sk->peek_off += (int)len_bytes;
	else
		sk->peek_off = (u32)sk->peek_off > len_bytes ? sk->peek_off - (int)len_bytes : 0;
}

u32 datagram_poll(const struct sock *sk)
{
	u32 mask = 0;

	if (sk->err || sk_error_peek(sk))
		mask |= EPOLLERR | (sock_flag(sk, SOCK_F_SELECT_ERR_QUEUE) ? EPOLLPRI : 0);
	if (sk->shutdown & RCV_SHUTDOWN)
		mask |= EPOLLRDHUP | EPOLLIN;
	if (sk->shutdown == (RCV_SHUTDOWN | SEND_SHUTDOWN))
		mask |= EPOLLHUP;
	if (!skb_queue_empty(&sk->receive_queue))
		mask |= EPOLLIN;
	if (sock_writeable(sk))
		mask |= EPOLLOUT;
	return mask;
}
