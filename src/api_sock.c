// SPDX-License-Identifier: BSD-2-Clause
/* The socket calls of include/nethood.  @step S1 of S13, to socket/socket.c */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "api_internal.h"
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
	return ret;
}

static inline ssize_t done_bytes(struct net *net, ssize_t ret)
{
	told(net);
	return ret;
}

int nethood_socket(struct nethood_net *nn, int domain, int type, int protocol, struct nethood_sock **out)
{
	struct sock *sk;
	int err = sock_create(&nn->net, domain, type, protocol, &sk);

	if (!err)
		*out = handle_of_sock(sk);
	return err;
}

void nethood_close(struct nethood_sock *sk)
{
	struct net *net = sock_of(sk)->net;

	sock_release(sock_of(sk));
	told(net);
}

/* What move_addr_to_kernel() says of a length. */
static bool addr_ok(const struct sockaddr *addr, socklen_t len_bytes)
{
	return len_bytes <= sizeof(struct sockaddr_storage) && (addr || !len_bytes);
}

int nethood_bind(struct nethood_sock *handle, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct sock *sk = sock_of(handle);

	if (!addr_ok(addr, len_bytes))
		return -EINVAL;
	return sk->prot->bind ? done(sk->net, sk->prot->bind(sk, addr, len_bytes)) : -EOPNOTSUPP;
}

int nethood_connect(struct nethood_sock *handle, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct sock *sk = sock_of(handle);

	if (!addr_ok(addr, len_bytes))
		return -EINVAL;
	return sk->prot->connect ? done(sk->net, sk->prot->connect(sk, addr, len_bytes)) : -EOPNOTSUPP;
}

int nethood_listen(struct nethood_sock *handle, int backlog)
{
	struct sock *sk = sock_of(handle);

	return sk->prot->listen ? done(sk->net, sk->prot->listen(sk, backlog)) : -EOPNOTSUPP;
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

int nethood_accept(struct nethood_sock *handle, struct nethood_sock **out, struct sockaddr *addr, socklen_t *len_bytes)
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
	*out = handle_of_sock(child);
	return 0;
}

ssize_t nethood_sendmsg(struct nethood_sock *sk, const struct msghdr *msg, int flags)
{
	struct net *net = sock_of(sk)->net;

	return done_bytes(net, sock_sendmsg(sock_of(sk), msg, flags));
}

ssize_t nethood_recvmsg(struct nethood_sock *sk, struct msghdr *msg, int flags)
{
	struct net *net = sock_of(sk)->net;

	return done_bytes(net, sock_recvmsg(sock_of(sk), msg, flags));
}

ssize_t nethood_sendto(struct nethood_sock *handle, const void *buf, size_t len_bytes, int flags,
		       const struct sockaddr *to, socklen_t to_bytes)
{
	struct iovec iov = { (void *)(uintptr_t)buf, len_bytes };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct sock *sk = sock_of(handle);

	if (likely(!to && len_bytes <= INT_MAX && sk->prot->sendmsg)) /* sock_sendmsg() has nothing more to look at */
		return done_bytes(sk->net, sk->prot->sendmsg(sk, &msg, len_bytes, flags));
	if (to) {
		if (!addr_ok(to, to_bytes))
			return -EINVAL;
		msg.msg_name = (void *)(uintptr_t)to;
		msg.msg_namelen = to_bytes;
	}
	return done_bytes(sk->net, sock_sendmsg(sk, &msg, flags));
}

ssize_t nethood_recvfrom(struct nethood_sock *sk, void *buf, size_t len_bytes, int flags, struct sockaddr *from,
			 socklen_t *from_bytes)
{
	struct iovec iov = { buf, len_bytes };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t ret;

	if (from) {
		msg.msg_name = from;
		msg.msg_namelen = *from_bytes;
	}
	ret = sock_recvmsg(sock_of(sk), &msg, flags);
	if (from && ret >= 0)
		*from_bytes = msg.msg_namelen;
	return done_bytes(sock_of(sk)->net, ret);
}

int nethood_shutdown(struct nethood_sock *handle, int how)
{
	struct sock *sk = sock_of(handle);

	return sk->prot->shutdown ? done(sk->net, sk->prot->shutdown(sk, how)) : -EOPNOTSUPP;
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
	return done(sock_of(sk)->net, sock_setsockopt(sock_of(sk), level, name, value, len_bytes));
}

int nethood_getsockopt(struct nethood_sock *sk, int level, int name, void *value, socklen_t *len_bytes)
{
	return sock_getsockopt(sock_of(sk), level, name, value, len_bytes);
}

int nethood_ioctl(struct nethood_sock *sk, unsigned long request, void *arg, size_t arg_bytes)
{
	return done(sock_of(sk)->net, sock_ioctl(sock_of(sk), request, arg, arg_bytes));
}

uint32_t nethood_readiness(const struct nethood_sock *sk)
{
	return sock_poll(sock_of(sk));
}

void nethood_on_ready(struct nethood_sock *handle, void (*fn)(void *ctx, struct nethood_sock *sk, uint32_t events),
		      void *ctx)
{
	sock_of(handle)->ready = fn;
	sock_of(handle)->ready_ctx = ctx;
}

void nethood_sock_set_admin(struct nethood_sock *sk, bool admin)
{
	sock_of(sk)->admin = admin;
}
