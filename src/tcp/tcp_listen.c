// SPDX-License-Identifier: BSD-2-Clause
/* listen(2), accept(2), and the end of a listener.
 *
 * @step S1, S2 of S13   @rfc 9293 3.10.1   @linux net/ipv4/inet_connection_sock.c
 *
 * Reading order: tcp_listen_start(), tcp_accept(), tcp_listen_stop().
 *
 * A listener has two lists: requests, whose handshake is not over, and those whose connection stands and can be accepted.
 * Both are bounded by the backlog.  When it closes, requests are forgotten and connections reset.
 */
#include <errno.h>
#include <sys/epoll.h>

#include "net.h"
#include "socket/netns_sock.h"
#include "tcp/tcp_conn.h"

/* ------------------------------------------------------------------ listen(2) */

static u32 backlog_of(const struct tcp_sock *tp, int backlog)
{
	u32 most = (u32)tcp_sock_of(tp)->net->sock->somaxconn;

	/* negative ones are large ones */
	return min_u32((u32)backlog, most);
}

static struct tcp_listener *listener_create(struct tcp_sock *tp)
{
	struct tcp_listener *l = mem_zalloc(tcp_net_of(tp)->mem, sizeof(*l));

	if (!l)
		return NULL;
	l->sk = tp;
	INIT_LIST_HEAD(&l->accept_queue);
	INIT_LIST_HEAD(&l->requests);
	INIT_LIST_HEAD(&l->fastopen_rst);
	INIT_LIST_HEAD(&l->port_node);
	l->defer_accept = tp->opts->defer_accept;
	l->fastopen_max_qlen = tp->opts->fastopen_max_qlen;
	return l;
}

static void listener_free(struct tcp_sock *tp)
{
	mem_free(tcp_net_of(tp)->mem, tp->listener, sizeof(*tp->listener));
	tp->listener = NULL;
}

/* Its port may be shared while nobody listens: now it is looked at again. */
static int listener_enter(struct tcp_sock *tp)
{
	int err;

	tcp_set_state(tp, TCP_LISTEN);
	err = tcp_get_port(tp, tp->inet.num);
	if (!err)
		err = tcp_port_listen(tp);
	if (!err)
		err = tcp_listener_hash(tp);
	if (err) {
		tcp_port_unlisten(tcp_net_of(tp), tp->inet.num);
		tcp_set_state(tp, TCP_CLOSE);
	}
	return err;
}

int tcp_listen_start(struct tcp_sock *tp, int backlog)
{
	struct sock *sk = tcp_sock_of(tp);
	int err;

	if (sk->state == TCP_LISTEN) {
		tp->listener->max_backlog = backlog_of(tp, backlog);
		return 0;
	}
	if (sk->state != TCP_CLOSE)
		return -EINVAL;
	tp->listener = listener_create(tp);
	if (!tp->listener)
		return -ENOMEM;
	tp->listener->max_backlog = backlog_of(tp, backlog);
	tcp_fastopen_listen_start(tp, backlog);
	err = listener_enter(tp);
	if (err)
		listener_free(tp);
	else
		inet_route_changed(sk);
	return err;
}

/* ------------------------------------------------------------------ accept(2) */

void tcp_accept_queue_add(struct tcp_request_sock *req, struct tcp_sock *child)
{
	struct tcp_listener *l = req->listener->listener;

	req->sk = child;
	req->in_accept_queue = true;
	list_move_tail(&req->node, &l->accept_queue);
	l->accept_count++;
	sk_wake(tcp_sock_of(req->listener), EPOLLIN);
}

/* Return: the oldest that can be accepted, whose request, if it is not needed any more, is gone */
static struct tcp_sock *accept_queue_remove(struct tcp_listener *l)
{
	struct tcp_request_sock *req = list_first_entry(&l->accept_queue, struct tcp_request_sock, node);
	struct tcp_sock *child = req->sk;

	assert(child); /* who waits to be accepted has a socket */
	list_del_init(&req->node);
	req->in_accept_queue = false;
	l->accept_count--;
	req->sk = NULL;
	if (child->fastopen_rsk != req)
		tcp_request_free(req);
	return child;
}

int tcp_accept(struct sock *sk, struct sock **out)
{
	struct tcp_listener *l = tcp_sk(sk)->listener;
	struct tcp_sock *child;

	if (sk->state != TCP_LISTEN)
		return -EINVAL;
	if (list_empty(&l->accept_queue))
		return -EAGAIN;
	child = accept_queue_remove(l);
	sock_graft(tcp_sock_of(child));
	*out = tcp_sock_of(child);
	return 0;
}

/* ------------------------------------------------------------------ the end */

void tcp_forget_child(struct tcp_sock *child)
{
	struct sock *sk = tcp_sock_of(child);

	(void)tcp_disconnect(sk);
	sock_graft(sk);
	sock_release(sk);
}

void tcp_listen_stop(struct tcp_sock *tp)
{
	struct tcp_listener *l = tp->listener;

	if (!l)
		return;
	tcp_listener_unhash(tp);
	while (!list_empty(&l->requests))
		tcp_request_drop(list_first_entry(&l->requests, struct tcp_request_sock, node));
	while (!list_empty(&l->accept_queue)) {
		struct tcp_sock *child = accept_queue_remove(l);

		/* the one who reset it would count it for a minute: there is nobody left who counts */
		if (child->fastopen_rsk)
			tcp_fastopen_remove(child, false);
		tcp_forget_child(child);
	}
	tcp_fastopen_listen_stop(tp);
	listener_free(tp);
}
