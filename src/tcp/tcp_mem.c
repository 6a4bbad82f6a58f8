// SPDX-License-Identifier: BSD-2-Clause
/* Memory of connections: what each may hold, and all of them together (net.ipv4.tcp_mem).
 *
 * @rfc 9293 3.9.1   @linux net/core/sock.c: __sk_mem_raise_allocated
 */
#include "tcp/tcp.h"

#define PAGE_BYTES ((u64)4096)

static u64 limit_bytes(const struct net *net, u32 which)
{
	return (u64)net->tcp->sysctl.mem_pages[which] * PAGE_BYTES;
}

static void mem_add(struct net *net, u32 bytes)
{
	net->tcp->mem_bytes += bytes;
	if (unlikely(net->tcp->mem_bytes > limit_bytes(net, 1)) && !net->tcp->memory_pressure) {
		net->tcp->memory_pressure = true;
		TCP_INC(net, TCPMemoryPressures);
	}
}

static void mem_sub(struct net *net, u32 bytes)
{
	assert(net->tcp->mem_bytes >= bytes);
	net->tcp->mem_bytes -= bytes;
	if (unlikely(net->tcp->memory_pressure) && net->tcp->mem_bytes < limit_bytes(net, 0))
		net->tcp->memory_pressure = false;
}

bool tcp_under_memory_pressure(const struct tcp_sock *tp)
{
	return tcp_net_of(tp)->tcp->memory_pressure;
}

bool tcp_out_of_memory(const struct net *net)
{
	return net->tcp->mem_bytes > limit_bytes(net, 2);
}

/* ------------------------------------------------------------------ to be sent */

void tcp_wmem_charge(struct tcp_sock *tp, struct sk_buff *skb)
{
	tp->wmem_queued_bytes += skb->truesize;
	mem_add(tcp_net_of(tp), skb->truesize);
}

void tcp_wmem_grow(struct tcp_sock *tp, struct sk_buff *skb, u32 bytes)
{
	skb->truesize += bytes;
	tp->wmem_queued_bytes += bytes;
	mem_add(tcp_net_of(tp), bytes);
}

void tcp_wmem_shrink(struct tcp_sock *tp, struct sk_buff *skb, u32 bytes)
{
	skb->truesize -= bytes;
	tp->wmem_queued_bytes -= bytes;
	mem_sub(tcp_net_of(tp), bytes);
}

void tcp_wmem_uncharge(struct tcp_sock *tp, const struct sk_buff *skb)
{
	assert(tp->wmem_queued_bytes >= skb->truesize);
	tp->wmem_queued_bytes -= skb->truesize;
	mem_sub(tcp_net_of(tp), skb->truesize);
}

void tcp_wmem_free_skb(struct tcp_sock *tp, struct sk_buff *skb)
{
	tcp_wmem_uncharge(tp, skb);
	consume_skb(skb);
}

/* ------------------------------------------------------------------ received */

static void tcp_rfree(struct sk_buff *skb)
{
	mem_sub(skb->sk->net, skb->truesize);
	sock_rfree(skb);
}

void tcp_set_owner_r(struct sk_buff *skb, struct tcp_sock *tp)
{
	skb_set_owner_r(skb, tcp_sock_of(tp));
	skb->destructor = tcp_rfree;
	mem_add(tcp_net_of(tp), skb->truesize);
}

/* Below the low mark anything goes; above the high one nothing; between, a connection may have its least share. */
bool tcp_rmem_schedule(struct tcp_sock *tp, u32 bytes)
{
	const struct net *net = tcp_net_of(tp);
	u64 after_bytes = net->tcp->mem_bytes + bytes;

	if (likely(after_bytes <= limit_bytes(net, 1)))
		return true;
	if (after_bytes > limit_bytes(net, 2))
		return false;
	return tcp_sock_of(tp)->rmem_alloc_bytes + bytes <= (u32)net->tcp->sysctl.rmem_bytes[0] * 16;
}
