// SPDX-License-Identifier: BSD-2-Clause
/* Sockets: life, memory accounting, pending errors.
 *
 * @step S1, S2 of S13
 * @linux net/core/sock.c
 *
 * Reading order: sock_create(), sock_alloc_send_skb(), sock_wfree(), sock_release().
 * A socket ends in two steps: sock_release() takes it out of all tables and empties its queues; its memory goes when
 * the last reference and the last packet that it sent are gone.
 */
#include "socket/sock.h"

#include <errno.h>
#include <sys/epoll.h>

#include "record/record.h"
#include "socket/filter.h"
#include "socket/netns_sock.h"

#define TCP_CLOSE_STATE 7 /* TCP_CLOSE of linux/tcp.h */

int sock_net_init(struct net *net)
{
	struct netns_sock *ns = mem_zalloc(net->mem, sizeof(*ns));

	if (!ns)
		return -ENOMEM;
	INIT_LIST_HEAD(&ns->sockets);
	INIT_LIST_HEAD(&ns->wakes);
	ns->next_cookie = 1;
	ns->netns_cookie = 1;
	net->sock = ns;
	zerocopy_net_init(net);
	net->skb_pool->tstamp_tx = sock_tstamp_tx;
	sock_sysctl_init(net);
	return 0;
}

void sock_net_close(struct net *net)
{
	struct netns_sock *ns = net->sock;

	while (!list_empty(&ns->sockets))
		sock_release(list_first_entry(&ns->sockets, struct sock, net_node));
}

void sock_net_exit(struct net *net)
{
	struct netns_sock *ns = net->sock;

	if (!ns)
		return;
	assert(!ns->live_count);
	zerocopy_net_exit(net);
	sock_sysctl_exit(net);
	mem_free(net->mem, ns, sizeof(*ns));
	net->sock = NULL;
}

void sock_register_families(struct net *net, const struct net_proto_family *const *families, u32 count)
{
	net->sock->families = families;
	net->sock->families_count = count;
}

void sock_set_dev_ops(struct net *net, const struct sock_dev_ops *ops)
{
	net->sock->dev_ops = ops;
}

static const struct net_proto_family *family_find(const struct netns_sock *ns, int family)
{
	for (u32 i = 0; i < ns->families_count; i++) {
		if (ns->families[i]->family == family)
			return ns->families[i];
	}
	return NULL;
}

static void sock_init_data(struct sock *sk, struct net *net)
{
	struct netns_sock *ns = net->sock;

	sk->net = net;
	sk->refcnt = 1;
	sk->state = TCP_CLOSE_STATE;
	sk->sndbuf_bytes = (u32)ns->wmem_default;
	sk->rcvbuf_bytes = (u32)ns->rmem_default;
	__skb_queue_head_init(&sk->receive_queue);
	INIT_LIST_HEAD(&sk->wake_node);
	sk->rcvlowat = 1;
	sk->rcvtimeo = KTIME_MAX;
	sk->sndtimeo = KTIME_MAX;
	sk->stamp = -1;
	sk->peek_off = -1;
	sk->max_pacing_rate = ~0ULL;
	sk->busy_poll_budget = 8;
	sk->incoming_cpu = -1;
	sk->admin = true;
	sk->cookie = ns->next_cookie++;
	list_add_tail(&sk->net_node, &ns->sockets);
	ns->open_count++;
	ns->live_count++;
}

static void sk_free(struct sock *sk)
{
	sk->net->sock->live_count--;
	mem_free(sk->net->mem, sk, sk->obj_bytes);
}

static int sock_create_proto(struct net *net, const struct proto *prot, int family, int type, int protocol,
			     struct sock **out)
{
	struct sock *sk = mem_zalloc(net->mem, prot->obj_bytes);
	int err;

	if (!sk)
		return -ENOBUFS;
	sk->prot = prot;
	sk->obj_bytes = prot->obj_bytes;
	sk->family = (u16)family;
	sk->type = (u8)type;
	sk->protocol = (u16)protocol;
	sock_init_data(sk, net);
	err = prot->init ? prot->init(sk) : 0;
	if (err) {
		list_del_init(&sk->net_node);
		net->sock->open_count--;
		sk_free(sk);
		return err;
	}
	*out = sk;
	return 0;
}

int sock_create(struct net *net, int family, int type, int protocol, struct sock **out)
{
	const struct net_proto_family *pf;
	const struct proto *prot = NULL;
	int err;

	if (family < 0 || family >= AF_MAX)
		return -EAFNOSUPPORT;
	if (type < 0 || type > SOCK_PACKET)
		return -EINVAL;
	pf = family_find(net->sock, family);
	if (!pf)
		return -EAFNOSUPPORT;
	if (net->sock->live_count >= (u32)net->sock->sockets_max)
		return -ENFILE;
	err = pf->create(net, type, protocol, &prot);
	if (err)
		return err;
	return sock_create_proto(net, prot, family, type, protocol, out);
}

static void clone_reset(struct sock *sk)
{
	sk->refcnt = 1;
	sk->state = TCP_CLOSE_STATE;
	sk->shutdown = 0;
	sk->err = sk->err_soft = 0;
	sk->wmem_alloc_bytes = sk->rmem_alloc_bytes = 0;
	sk->drops = 0;
	sk->rxhash = 0;
	sk->stamp = -1;
	sk->tskey = 0;
	sk->optmem_bytes = 0;
	sk->filter = NULL;
	sk->ready = NULL;
	sk->ready_ctx = NULL;
	sk->wake_events = 0;
	sk->rec_id = 0;
	sk->cookie = sk->net->sock->next_cookie++;
	__skb_queue_head_init(&sk->receive_queue);
	sk->error_queue = NULL;
	INIT_LIST_HEAD(&sk->wake_node);
	INIT_LIST_HEAD(&sk->net_node);
}

struct sock *sock_clone(const struct sock *parent)
{
	struct sock *sk = mem_zalloc(parent->net->mem, parent->prot->obj_bytes);

	if (!sk)
		return NULL;
	*sk = *parent;
	clone_reset(sk);
	sk->net->sock->live_count++;
	if (parent->filter && sk_filter_copy(sk, parent->filter)) {
		sk_free(sk);
		return NULL;
	}
	return sk;
}

void sock_graft(struct sock *sk)
{
	list_add_tail(&sk->net_node, &sk->net->sock->sockets);
	sk->net->sock->open_count++;
}

void sock_queue_purge(struct sock *sk)
{
	skb_queue_purge_reason(&sk->receive_queue, SKB_DROP_REASON_SOCKET_CLOSE);
	sk_error_purge(sk);
}

void sock_release(struct sock *sk)
{
	assert(!sock_flag(sk, SOCK_F_DEAD));
	sk->flags |= SOCK_F_DEAD;
	sk->ready = NULL;
	list_del_init(&sk->wake_node);
	sk->shutdown = RCV_SHUTDOWN | SEND_SHUTDOWN;
	list_del_init(&sk->net_node);
	sk->net->sock->open_count--;
	if (sk->prot->destroy)
		sk->prot->destroy(sk);
	sock_queue_purge(sk);
	sk_filter_detach(sk);
	sock_put(sk);
}

void sk_wake_later(struct sock *sk, u32 events)
{
	if (!sk->wake_events)
		list_add_tail(&sk->wake_node, &sk->net->sock->wakes);
	sk->wake_events |= (u16)events;
}

bool sock_wake_pending(const struct net *net)
{
	return !list_empty(&net->sock->wakes);
}

static void sock_tell(struct recorder *rec, struct sock *sk)
{
	u32 events = sk->wake_events;
	struct rec_cb cb;

	list_del_init(&sk->wake_node);
	sk->wake_events = 0;
	if (!sk->ready)
		return;
	rec_tell(rec, &cb, REC_OUT_READY, sk->rec_id, events);
	sk->ready(sk->ready_ctx, (struct nethood_sock *)(void *)sk, events);
	rec_told(rec, &cb);
}

void sock_wake_run(struct net *net)
{
	struct netns_sock *ns = net->sock;
	struct list_head now;

	if (likely(ns->waking || list_empty(&ns->wakes)))
		return;
	ns->waking = true;
	INIT_LIST_HEAD(&now);
	list_splice_tail_init(&ns->wakes, &now);
	while (!list_empty(&now)) {
		if (unlikely(now.next == &ns->zerocopy.mark))
			zerocopy_run(net);
		else
			sock_tell(net->rec, list_first_entry(&now, struct sock, wake_node));
	}
	ns->waking = false;
}

void sock_put(struct sock *sk)
{
	assert(sk->refcnt);
	if (--sk->refcnt == 0 && !sk->wmem_alloc_bytes)
		sk_free(sk);
}

bool sock_wmem_uncharge(struct sk_buff *skb)
{
	struct sock *sk = skb->sk;

	skb->sk = NULL;
	sk->wmem_alloc_bytes -= skb->truesize;
	if (likely(sk->refcnt))
		return true;
	if (!sk->wmem_alloc_bytes)
		sk_free(sk);
	return false;
}

void sock_wfree(struct sk_buff *skb)
{
	struct sock *sk = skb->sk;
	u32 before_bytes = sk->wmem_alloc_bytes;

	if (sock_wmem_uncharge(skb) && unlikely(before_bytes >= sk->sndbuf_bytes / 2) && sock_writeable(sk))
		sk_wake(sk, EPOLLOUT);
}

void skb_set_owner_w(struct sk_buff *skb, struct sock *sk)
{
	skb_orphan(skb);
	skb->sk = sk;
	skb->destructor = sock_wfree;
	sk->wmem_alloc_bytes += skb->truesize;
}

void sock_rfree(struct sk_buff *skb)
{
	skb->sk->rmem_alloc_bytes -= skb->truesize;
	skb->sk = NULL;
}

void skb_set_owner_r(struct sk_buff *skb, struct sock *sk)
{
	skb_orphan(skb);
	skb->sk = sk;
	skb->destructor = sock_rfree;
	sk->rmem_alloc_bytes += skb->truesize;
}

int sock_alloc_send_skb(struct sock *sk, u32 size_bytes, struct sk_buff **out)
{
	struct sk_buff *skb;
	int err = sock_may_send(sk);

	if (unlikely(err))
		return err;
	skb = alloc_skb(sk->net->skb_pool, size_bytes);
	if (unlikely(!skb))
		return -ENOBUFS;
	skb->sk = sk;
	skb->destructor = sock_wfree;
	sk->wmem_alloc_bytes += skb->truesize;
	*out = skb;
	return 0;
}

int sock_error(struct sock *sk)
{
	int err = sk->err;

	sk->err = 0;
	return -err;
}

void sk_set_err(struct sock *sk, int err)
{
	sk->err = err;
	sk_wake(sk, EPOLLERR);
}

void *sock_opt_alloc(struct sock *sk, u32 size_bytes)
{
	void *p;

	if (size_bytes > (u32)sk->net->sock->optmem_max ||
	    sk->optmem_bytes > (u32)sk->net->sock->optmem_max - size_bytes)
		return NULL;
	p = mem_zalloc(sk->net->mem, size_bytes);
	if (p)
		sk->optmem_bytes += size_bytes;
	return p;
}

void sock_opt_free(struct sock *sk, void *p, u32 size_bytes)
{
	if (!p)
		return;
	sk->optmem_bytes -= size_bytes;
	mem_free(sk->net->mem, p, size_bytes);
}
