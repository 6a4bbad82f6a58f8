// SPDX-License-Identifier: BSD-2-Clause
/* What always holds of sockets, between two events. */
#include "socket/sock_check.h"

#include "socket/netns_sock.h"
#include "socket/sock.h"

static u32 owned_bytes(const struct sk_buff_head *queue, const struct sock *sk)
{
	u32 bytes = 0;

	for (const struct sk_buff *skb = queue->next; skb != (const void *)queue; skb = skb->next)
		bytes += skb->sk == sk ? skb->truesize : 0;
	return bytes;
}

static u32 owned_error_bytes(const struct sock *sk)
{
	const struct sk_buff *skb = sk->error_queue;
	u32 bytes = 0;

	for (bool more = skb; more; more = skb != sk->error_queue) {
		bytes += skb->sk == sk ? skb->truesize : 0;
		skb = skb->next;
	}
	return bytes;
}

static const char *sock_check(const struct sock *sk)
{
	u32 elsewhere_bytes = sk->prot->queued_bytes ? sk->prot->queued_bytes(sk) : 0;

	HOLDS(sk->refcnt >= 1, "an open socket is held");
	HOLDS(owned_bytes(&sk->receive_queue, sk) + owned_error_bytes(sk) + elsewhere_bytes == sk->rmem_alloc_bytes,
	      "what a socket has received is what waits in its queues");
	HOLDS(sk->err >= 0, "a pending error is positive");
	return sk->prot->check ? sk->prot->check(sk) : NULL;
}

const char *sock_net_check(const struct net *net)
{
	const struct netns_sock *ns = net->sock;
	const struct sock *sk;
	u32 open_count = 0;

	list_for_each_entry(sk, &ns->sockets, net_node) {
		const char *broken = sock_check(sk);

		if (unlikely(broken))
			return broken;
		open_count++;
	}
	HOLDS(open_count == ns->open_count, "the open sockets are counted");
	HOLDS(open_count <= ns->live_count, "an open socket exists");
	return NULL;
}
