// SPDX-License-Identifier: BSD-2-Clause
/* S1: from a call on a handle to the protocol.
 *
 * @step S1 of S13, to udp/udp_ipv4.c raw/raw_ipv4.c raw/ping.c
 * @linux net/socket.c
 */
#include "socket/sock.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define SOCK_IOV_MAX 1024U /* UIO_MAXIOV */

/* Length of what the iovecs hold; Return: 0, -EMSGSIZE, -EINVAL as import_iovec() of the kernel. */
static int msg_length(const struct msghdr *msg, size_t *len_bytes)
{
	size_t sum_bytes = 0;

	if (unlikely(msg->msg_iovlen > SOCK_IOV_MAX))
		return -EMSGSIZE;
	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		if (unlikely(msg->msg_iov[i].iov_len > INT_MAX - sum_bytes))
			return msg->msg_iov[i].iov_len > SSIZE_MAX ? -EINVAL : -EMSGSIZE;
		sum_bytes += msg->msg_iov[i].iov_len;
	}
	*len_bytes = sum_bytes;
	return 0;
}

ssize_t sock_sendmsg(struct sock *sk, const struct msghdr *msg, int flags)
{
	size_t len_bytes;
	int err = msg_length(msg, &len_bytes);

	if (unlikely(err))
		return err;
	if (unlikely((int)msg->msg_namelen < 0))
		return -EINVAL;
	if (unlikely(!sk->prot->sendmsg))
		return -EOPNOTSUPP;
	return sk->prot->sendmsg(sk, msg, len_bytes, flags);
}

ssize_t sock_recvmsg(struct sock *sk, struct msghdr *msg, int flags)
{
	size_t len_bytes;
	int err = msg_length(msg, &len_bytes);

	if (unlikely(err))
		return err;
	if (unlikely((int)msg->msg_namelen < 0))
		return -EINVAL;
	if (unlikely(!sk->prot->recvmsg))
		return -EOPNOTSUPP;
	msg->msg_flags = 0;
	return sk->prot->recvmsg(sk, msg, len_bytes, flags);
}

ssize_t sock_recv_borrow(struct sock *sk, struct msghdr *msg)
{
	if (!sk->prot->recv_borrow)
		return -EOPNOTSUPP;
	if (!msg->msg_iovlen || (int)msg->msg_namelen < 0)
		return -EINVAL;
	msg->msg_iovlen = min_size(msg->msg_iovlen, SOCK_IOV_MAX);
	msg->msg_flags = 0;
	return sk->prot->recv_borrow(sk, msg);
}

ssize_t sock_recv_consume(struct sock *sk, size_t len_bytes)
{
	struct msghdr msg = { .msg_iovlen = 0 };

	if (!sk->prot->recv_borrow)
		return -EOPNOTSUPP;
	if (sk->type != SOCK_STREAM)
		len_bytes = 0; /* whatever was looked at, the whole datagram goes */
	return sk->prot->recvmsg(sk, &msg, min_size(len_bytes, INT_MAX), MSG_TRUNC);
}

u32 sock_poll(const struct sock *sk)
{
	return sk->prot->poll ? sk->prot->poll(sk) : datagram_poll(sk);
}

void msg_put_name(struct msghdr *msg, const void *addr, socklen_t len_bytes)
{
	if (msg->msg_name)
		memcpy(msg->msg_name, addr, min_size(len_bytes, msg->msg_namelen));
	msg->msg_namelen = msg->msg_name ? len_bytes : 0;
}
