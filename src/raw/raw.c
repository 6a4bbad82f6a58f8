// SPDX-License-Identifier: BSD-2-Clause
/* Raw sockets: what belongs to the net, options, reading.  @linux raw(7), net/ipv4/raw.c */
#include "raw/raw.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "net.h"

#define RAW_ICMP_FILTER 1 /* linux/icmp.h */

int raw_net_init(struct net *net)
{
	struct raw_net *rn = mem_alloc(net->mem, sizeof(*rn));

	if (!rn)
		return -ENOMEM;
	for (u32 i = 0; i < RAW_SLOTS; i++) {
		INIT_LIST_HEAD(&rn->slot[i]);
		INIT_LIST_HEAD(&rn->slot6[i]);
	}
	rn->hashed_count = 0;
	net->raw = rn;
	return 0;
}

void raw_net_exit(struct net *net)
{
	if (!net->raw)
		return;
	assert(!net->raw->hashed_count);
	mem_free(net->mem, net->raw, sizeof(*net->raw));
	net->raw = NULL;
}

ssize_t raw_recvmsg(struct sock *sk, struct msghdr *msg, size_t len_bytes, int flags)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct cmsg_out out;
	struct sk_buff *skb;
	u32 copied;
	int err;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (flags & MSG_ERRQUEUE)
		return ip_recv_error(sk, msg, len_bytes);
	err = skb_recv_datagram(sk, flags, &skb);
	if (err)
		return err;
	copied = (u32)min_size(len_bytes, skb->len);
	if (copied < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	err = skb_copy_datagram_iov(skb, 0, msg->msg_iov, msg->msg_iovlen, copied);
	if (!err) {
		sin.sin_addr.s_addr = (__force u32)ip_skb_saddr(skb);
		msg_put_name(msg, &sin, sizeof(sin));
		cmsg_out_begin(&out, msg);
		sock_recv_cmsgs(sk, skb, &out);
		if (inet_sk(sk)->cmsg_flags)
			ip_cmsg_recv(sk, skb, &out);
		cmsg_out_end(&out, msg);
		err = (int)(flags & MSG_TRUNC ? skb->len : copied);
	}
	if (!(flags & MSG_PEEK))
		consume_skb(skb);
	return err;
}

int raw_setsockopt(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes)
{
	if (level != SOL_RAW)
		return ip_setsockopt(sk, level, name, value, len_bytes);
	if (name != RAW_ICMP_FILTER)
		return -ENOPROTOOPT;
	if (inet_sk(sk)->num != IPPROTO_ICMP)
		return -EOPNOTSUPP;
	memcpy(&raw_sk(sk)->icmp_filter, value, min_size(len_bytes, sizeof(u32)));
	return 0;
}

int raw_getsockopt(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes)
{
	if (level != SOL_RAW)
		return ip_getsockopt(sk, level, name, value, len_bytes);
	if (name != RAW_ICMP_FILTER)
		return -ENOPROTOOPT;
	if (inet_sk(sk)->num != IPPROTO_ICMP)
		return -EOPNOTSUPP;
	*len_bytes = min_u32(*len_bytes, sizeof(u32));
	memcpy(value, &raw_sk(sk)->icmp_filter, *len_bytes);
	return 0;
}

int raw_ioctl(struct sock *sk, unsigned long request, void *arg, size_t arg_bytes)
{
	const struct sk_buff *first = skb_peek(&sk->receive_queue);
	int value;

	switch (request) {
	case SIOCINQ:
		value = first ? (int)first->len : 0;
		break;
	case SIOCOUTQ:
		value = (int)sk->wmem_alloc_bytes;
		break;
	default:
		return -ENOTTY;
	}
	if (arg_bytes < sizeof(value))
		return -EFAULT;
	memcpy(arg, &value, sizeof(value));
	return 0;
}
