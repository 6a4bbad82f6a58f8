// SPDX-License-Identifier: BSD-2-Clause
/* The socket calls of include/nethood.  @step S1 of S13, to socket/socket.c */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "api_internal.h"
#include "api_record.h"
#include "socket/inet6_sock.h"
#include "socket/netns_sock.h"

/* The call is over: owners of sockets that became ready by it are told now. */
static inline void told(struct net *net)
{
	if (unlikely(!list_empty(&net->sock->wakes)))
		sock_wake_run(net);
}

/* The same, and the answer of the call. */
static inline int done(struct net *net, int ret)
{
	told(net);
	return rec_ret(net, ret);
}

static inline ssize_t done_bytes(struct net *net, ssize_t ret)
{
	told(net);
	return rec_ret_bytes(net, ret);
}

int nethood_socket(struct nethood_net *nn, int domain, int type, int protocol, struct nethood_sock **out)
{
	struct recorder *rec = nn->net.rec;
	struct sock *sk;
	int err;

	if (unlikely(rec))
		rec_socket(rec, domain, type, protocol);
	err = sock_create(&nn->net, domain, type, protocol, &sk);
	if (!err) {
		*out = handle_of_sock(sk);
		if (unlikely(rec))
			rec_sock_made(rec, sk);
	}
	return rec_ret(&nn->net, err);
}

void nethood_close(struct nethood_sock *sk)
{
	struct net *net = sock_of(sk)->net;

	rec_call_s(sock_of(sk), REC_CLOSE);
	sock_release(sock_of(sk));
	done(net, 0);
}

/* What move_addr_to_kernel() says of a length. */
static bool addr_ok(const struct sockaddr *addr, socklen_t len_bytes)
{
	return len_bytes <= sizeof(struct sockaddr_storage) && (addr || !len_bytes);
}

int nethood_bind(struct nethood_sock *handle, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct sock *sk = sock_of(handle);

	if (unlikely(sk->net->rec))
		rec_name(sk->net->rec, REC_BIND, sk, addr, len_bytes);
	if (!addr_ok(addr, len_bytes))
		return rec_ret(sk->net, -EINVAL);
	return done(sk->net, sk->prot->bind ? sk->prot->bind(sk, addr, len_bytes) : -EOPNOTSUPP);
}

int nethood_connect(struct nethood_sock *handle, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct sock *sk = sock_of(handle);

	if (unlikely(sk->net->rec))
		rec_name(sk->net->rec, REC_CONNECT, sk, addr, len_bytes);
	if (!addr_ok(addr, len_bytes))
		return rec_ret(sk->net, -EINVAL);
	return done(sk->net, sk->prot->connect ? sk->prot->connect(sk, addr, len_bytes) : -EOPNOTSUPP);
}

int nethood_listen(struct nethood_sock *handle, int backlog)
{
	struct sock *sk = sock_of(handle);

	rec_call_si(sk, REC_LISTEN, backlog);
	return done(sk->net, sk->prot->listen ? sk->prot->listen(sk, backlog) : -EOPNOTSUPP);
}

static int put_name(struct sock *sk, bool peer, struct sockaddr *addr, socklen_t *len_bytes)
{
	struct sockaddr_storage ss;
	int len = sk->prot->getname ? sk->prot->getname(sk, &ss, peer) : -EOPNOTSUPP;

	if (len < 0)
		return len;
	if ((int)*len_bytes < 0)
		return -EINVAL;
	memcpy(addr, &ss, min_u32(*len_bytes, (u32)len));
	*len_bytes = (socklen_t)len;
	return 0;
}

static int sock_accept(struct nethood_sock *handle, struct nethood_sock **out, struct sockaddr *addr,
		       socklen_t *len_bytes)
{
	struct sock *sk = sock_of(handle), *child;
	int err = sk->prot->accept ? sk->prot->accept(sk, &child) : -EOPNOTSUPP;

	if (err)
		return err;
	if (addr) {
		err = put_name(child, true, addr, len_bytes);
		if (err) {
			sock_release(child);
			return err == -ENOTCONN ? -ECONNABORTED : err;
		}
	}
	if (unlikely(sk->net->rec))
		rec_sock_made(sk->net->rec, child);
	*out = handle_of_sock(child);
	return 0;
}

int nethood_accept(struct nethood_sock *handle, struct nethood_sock **out, struct sockaddr *addr, socklen_t *len_bytes)
{
	struct net *net = sock_of(handle)->net;
	u32 room_bytes = addr ? *len_bytes : 0;
	int err;

	if (unlikely(net->rec))
		rec_accept(net->rec, sock_of(handle), addr, len_bytes);
	err = sock_accept(handle, out, addr, len_bytes);
	if (unlikely(net->rec && addr && !err))
		rec_answer_name(net->rec, addr, room_bytes, *len_bytes);
	return done(net, err);
}

/* Of one call a recording holds REC_DATA_MAX octets: a stream, which may always take less, takes no more.  A length that
 * is an error stays one. */
static size_t recorded_bytes(const struct sock *sk, size_t len_bytes)
{
	return sk->type == SOCK_STREAM && len_bytes <= INT_MAX ? min_size(len_bytes, REC_DATA_MAX) : len_bytes;
}

/* The same of several pieces: as many whole ones as fit, or the beginning of the first. */
static ssize_t sendmsg_recorded(struct sock *sk, const struct msghdr *msg, int flags)
{
	struct msghdr part = *msg;
	struct iovec first;
	size_t sum_bytes = 0, fit = 0;

	while (fit < msg->msg_iovlen && msg->msg_iov[fit].iov_len <= REC_DATA_MAX - sum_bytes)
		sum_bytes += msg->msg_iov[fit++].iov_len;
	if (sk->type == SOCK_STREAM && fit < msg->msg_iovlen && msg->msg_iovlen <= IOV_MAX &&
	    msg->msg_iov[fit].iov_len <= INT_MAX) {
		part.msg_iovlen = fit;
		if (!sum_bytes) {
			first = (struct iovec){ msg->msg_iov[fit].iov_base, REC_DATA_MAX };
			part.msg_iov = &first;
			part.msg_iovlen = 1;
		}
	}
	rec_sendmsg(sk->net->rec, sk, &part, flags);
	return sock_sendmsg(sk, &part, flags);
}

/* What a call sent with MSG_BATCH may wait for the next. */
static ssize_t send_done(struct net *net, ssize_t ret)
{
	net->xmit_more = false;
	return done_bytes(net, ret);
}

ssize_t nethood_sendmsg(struct nethood_sock *handle, const struct msghdr *msg, int flags)
{
	struct sock *sk = sock_of(handle);
	struct net *net = sk->net;

	net->xmit_more = flags & MSG_BATCH;
	return send_done(net, unlikely(net->rec) ? sendmsg_recorded(sk, msg, flags) : sock_sendmsg(sk, msg, flags));
}

ssize_t nethood_recvmsg(struct nethood_sock *sk, struct msghdr *msg, int flags)
{
	struct net *net = sock_of(sk)->net;
	u32 room_bytes = msg->msg_namelen;
	ssize_t ret;

	if (unlikely(net->rec))
		rec_recvmsg(net->rec, REC_RECVMSG, sock_of(sk), msg, flags);
	ret = sock_recvmsg(sock_of(sk), msg, flags);
	if (unlikely(net->rec))
		rec_answer_msg(sock_of(sk), msg, flags, room_bytes, ret);
	return done_bytes(net, ret);
}

ssize_t nethood_sendto(struct nethood_sock *handle, const void *buf, size_t len_bytes, int flags,
		       const struct sockaddr *to, socklen_t to_bytes)
{
	struct iovec iov = { (void *)(uintptr_t)buf, len_bytes };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct sock *sk = sock_of(handle);
	struct net *net = sk->net;

	if (unlikely(net->rec)) {
		iov.iov_len = len_bytes = recorded_bytes(sk, len_bytes);
		rec_sendto(net->rec, sk, buf, len_bytes, flags, to, to_bytes);
	}
	net->xmit_more = flags & MSG_BATCH;
	if (likely(!to && len_bytes <= INT_MAX && sk->prot->sendmsg)) /* sock_sendmsg() has nothing more to look at */
		return send_done(net, sk->prot->sendmsg(sk, &msg, len_bytes, flags));
	if (to) {
		if (!addr_ok(to, to_bytes)) {
			net->xmit_more = false;
			return rec_ret(net, -EINVAL);
		}
		msg.msg_name = (void *)(uintptr_t)to;
		msg.msg_namelen = to_bytes;
	}
	return send_done(net, sock_sendmsg(sk, &msg, flags));
}

ssize_t nethood_recvfrom(struct nethood_sock *handle, void *buf, size_t len_bytes, int flags, struct sockaddr *from,
			 socklen_t *from_bytes)
{
	struct iovec iov = { buf, len_bytes };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct sock *sk = sock_of(handle);
	struct net *net = sk->net;
	u32 room_bytes = from ? *from_bytes : 0;
	ssize_t ret;

	if (unlikely(net->rec))
		rec_recvfrom(net->rec, sk, len_bytes, flags, from, from_bytes);
	if (from) {
		msg.msg_name = from;
		msg.msg_namelen = *from_bytes;
	}
	if (likely((int)room_bytes >= 0 && len_bytes <= INT_MAX && sk->prot->recvmsg)) /* as nethood_sendto() */
		ret = sk->prot->recvmsg(sk, &msg, len_bytes, flags);
	else
		ret = sock_recvmsg(sk, &msg, flags);
	if (from && ret >= 0)
		*from_bytes = msg.msg_namelen;
	if (unlikely(net->rec))
		rec_answer_msg(sk, &msg, flags, room_bytes, ret);
	return done_bytes(net, ret);
}

/* ------------------------------------------------------------------ zero copy */

ssize_t nethood_send_zerocopy(struct nethood_sock *handle, const void *data, size_t len_bytes, int flags,
			      void (*release)(void *ctx, const void *data, size_t len_bytes), void *ctx)
{
	struct zerocopy_memory memory = { data, len_bytes, release, ctx };
	struct sock *sk = sock_of(handle);
	struct net *net = sk->net;
	struct zerocopy *zc;
	ssize_t ret;

	if (unlikely(net->rec)) {
		memory.len_bytes = min_size(len_bytes, REC_DATA_MAX);
		rec_send_zerocopy(net->rec, sk, data, memory.len_bytes, flags);
	}
	ret = done_bytes(net, sock_send_zerocopy(sk, &memory, flags, &zc));
	if (zc)
		zerocopy_put(zc); /* not before: it is released by a later call, when the caller knows what was taken */
	return ret;
}

ssize_t nethood_recv_borrow(struct nethood_sock *handle, struct msghdr *msg)
{
	struct sock *sk = sock_of(handle);
	struct net *net = sk->net;
	u32 room_bytes = msg->msg_namelen;
	ssize_t ret;

	if (unlikely(net->rec))
		rec_recvmsg(net->rec, REC_RECV_BORROW, sk, msg, 0);
	ret = sock_recv_borrow(sk, msg);
	if (unlikely(net->rec))
		rec_answer_msg(sk, msg, 0, room_bytes, ret);
	return done_bytes(net, ret);
}

ssize_t nethood_recv_consume(struct nethood_sock *handle, size_t len_bytes)
{
	struct sock *sk = sock_of(handle);

	if (unlikely(sk->net->rec))
		rec_recv_consume(sk->net->rec, sk, len_bytes);
	return done_bytes(sk->net, sock_recv_consume(sk, len_bytes));
}

/* ------------------------------------------------------------------ */

int nethood_shutdown(struct nethood_sock *handle, int how)
{
	struct sock *sk = sock_of(handle);

	rec_call_si(sk, REC_SHUTDOWN, how);
	return done(sk->net, sk->prot->shutdown ? sk->prot->shutdown(sk, how) : -EOPNOTSUPP);
}

int nethood_getsockname(struct nethood_sock *sk, struct sockaddr *addr, socklen_t *len_bytes)
{
	return put_name(sock_of(sk), false, addr, len_bytes);
}

int nethood_getpeername(struct nethood_sock *sk, struct sockaddr *addr, socklen_t *len_bytes)
{
	return put_name(sock_of(sk), true, addr, len_bytes);
}

int nethood_setsockopt(struct nethood_sock *sk, int level, int name, const void *value, socklen_t len_bytes)
{
	if (unlikely(sock_of(sk)->net->rec))
		rec_setsockopt(sock_of(sk)->net->rec, sock_of(sk), level, name, value, len_bytes);
	return done(sock_of(sk)->net, sock_setsockopt(sock_of(sk), level, name, value, len_bytes));
}

int nethood_getsockopt(struct nethood_sock *sk, int level, int name, void *value, socklen_t *len_bytes)
{
	struct net *net = sock_of(sk)->net;
	int err;

	if (likely(!net->rec))
		return sock_getsockopt(sock_of(sk), level, name, value, len_bytes);
	rec_getsockopt(net->rec, sock_of(sk), level, name, value, *len_bytes);
	err = sock_getsockopt(sock_of(sk), level, name, value, len_bytes);
	if (!err)
		rec_answer_option(net->rec, level, name, value, *len_bytes);
	return rec_ret(net, err);
}

int nethood_ioctl(struct nethood_sock *sk, unsigned long request, void *arg, size_t arg_bytes)
{
	struct net *net = sock_of(sk)->net;
	int ret;

	if (unlikely(net->rec))
		rec_ioctl(net->rec, sock_of(sk), request, arg, arg_bytes);
	ret = sock_ioctl(sock_of(sk), request, arg, arg_bytes);
	if (unlikely(net->rec && ret >= 0))
		rec_answer_ioctl(net->rec, request, arg, arg_bytes);
	return done(net, ret);
}

/* It only looks, but for one thing: who finds no room is told when there is some.  Then it is a call like others. */
uint32_t nethood_readiness(const struct nethood_sock *handle)
{
	const struct sock *sk = sock_of(handle);
	bool had_asked = sock_flag(sk, SOCK_F_NOSPACE);
	uint32_t events = sock_poll(sk);

	if (unlikely(sk->net->rec) && !had_asked && sock_flag(sk, SOCK_F_NOSPACE))
		rec_note_s(sk->net->rec, REC_READINESS, sk);
	return events;
}

void nethood_on_ready(struct nethood_sock *handle, void (*fn)(void *ctx, struct nethood_sock *sk, uint32_t events),
		      void *ctx)
{
	if (unlikely(sock_of(handle)->net->rec))
		rec_note_si(sock_of(handle)->net->rec, REC_ON_READY, sock_of(handle), fn != NULL);
	sock_of(handle)->ready = fn;
	sock_of(handle)->ready_ctx = ctx;
}

void nethood_sock_set_admin(struct nethood_sock *sk, bool admin)
{
	if (unlikely(sock_of(sk)->net->rec))
		rec_note_si(sock_of(sk)->net->rec, REC_SET_ADMIN, sock_of(sk), admin);
	sock_of(sk)->admin = admin;
}

void nethood_sock_set_caller(struct nethood_sock *handle, uint32_t uid, uint32_t pid)
{
	struct sock *sk = sock_of(handle);

	if (unlikely(sk->net->rec))
		rec_set_caller(sk->net->rec, sk, uid, pid);
	if (sk->family != AF_INET6)
		return; /* who leases no flow labels is not asked */
	inet6_sk(sk)->caller_uid = uid;
	inet6_sk(sk)->caller_pid = pid;
}
