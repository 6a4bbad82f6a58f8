// SPDX-License-Identifier: BSD-2-Clause
/* UDP: what belongs to the net, options, the receive queue.
 *
 * @rfc 768, 1122 4.1   @linux net/ipv4/udp.c
 *
 * Reading order: udp_queue_rcv(), udp_recvmsg(), udp_recv_borrow().
 */
#include "udp/udp.h"

#include <errno.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "net.h"
#include "socket/filter.h"
#include "socket/inet6_sock.h"
#include "wire/udp.h"

#define IS_INET6(sk) ((sk)->family == AF_INET6)

#define MEM_PAGE_BYTES 4096

/* Of linux/udp.h, which has a struct udphdr of its own. */
enum {
	UDP_CORK = 1,
	UDPLITE_SEND_CSCOV = 10,
	UDPLITE_RECV_CSCOV = 11,
	UDP_ENCAP = 100,
	UDP_NO_CHECK6_TX = 101,
	UDP_NO_CHECK6_RX = 102,
	UDP_SEGMENT = 103,
	UDP_GRO = 104
};

/* ------------------------------------------------------------------ net */

static int udp_mem_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	const struct udp_net *un = dir->base;
	int len = snprintf(buf, size_bytes, "%lld\t%lld\t%lld", (long long)un->mem_pages[0],
			   (long long)un->mem_pages[1], (long long)un->mem_pages[2]);

	(void)e;
	return len >= 0 && (size_t)len < size_bytes ? len : -ENOSPC;
}

static int udp_mem_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	struct udp_net *un = dir->base;
	long long v[3];
	char rest;

	(void)e;
	if (sscanf(value, "%lld %lld %lld %c", &v[0], &v[1], &v[2], &rest) != 3 || v[0] < 0 || v[1] < 0 || v[2] < 0)
		return -EINVAL;
	for (u32 i = 0; i < 3; i++)
		un->mem_pages[i] = v[i];
	return 0;
}

#define UDP_NET(field) offsetof(struct udp_net, field)
static const struct ctl_table udp_table[] = {
	{ .name = "udp_mem", .type = SYSCTL_FN, .get = udp_mem_get, .set = udp_mem_set },
	{ .name = "udp_rmem_min", .type = SYSCTL_INT, .offset = UDP_NET(rmem_min_bytes), .min = 1, .max = INT_MAX },
	{ .name = "udp_wmem_min", .type = SYSCTL_INT, .offset = UDP_NET(wmem_min_bytes), .min = 1, .max = INT_MAX },
	{ .name = "udp_early_demux", .type = SYSCTL_INT, .offset = UDP_NET(early_demux), .min = 0, .max = 1 },
	{ .name = "udp_l3mdev_accept", .type = SYSCTL_INT, .offset = UDP_NET(l3mdev_accept), .min = 0, .max = 1 },
	{ 0 },
};

int udp_net_init(struct net *net)
{
	struct udp_net *un = mem_zalloc(net->mem, sizeof(*un));

	if (!un)
		return -ENOMEM;
	htable_init(&un->by_addr, net->mem, &net->rng, 16);
	htable_init(&un->by_conn, net->mem, &net->rng, 16);
	kmem_cache_init(&un->slot_cache, net->mem, "udp_slot", sizeof(struct udp_slot), _Alignof(struct udp_slot));
	un->mem_pages[0] = 12288; /* 48, 64 and 96 MiB: sizes that Linux gives a host with 1 GiB */
	un->mem_pages[1] = 16384;
	un->mem_pages[2] = 24576;
	un->rmem_min_bytes = 4096;
	un->wmem_min_bytes = 4096;
	un->early_demux = 1;
	snprintf(un->sysctl.path, sizeof(un->sysctl.path), "net.ipv4");
	un->sysctl.table = udp_table;
	un->sysctl.base = un;
	register_sysctl(&net->sysctl, &un->sysctl);
	net->udp = un;
	return 0;
}

void udp_net_exit(struct net *net)
{
	struct udp_net *un = net->udp;

	if (!un)
		return;
	assert(!un->hashed_count);
	assert(!un->mem_bytes);
	unregister_sysctl(&net->sysctl, &un->sysctl);
	for (u32 i = 0; un->port_pages && i < UDP_PORT_PAGES; i++)
		mem_free(net->mem, un->port_pages[i], UDP_PORTS_PER_PAGE * sizeof(struct list_head));
	mem_free(net->mem, un->port_pages, UDP_PORT_PAGES * sizeof(*un->port_pages));
	kmem_cache_fini(&un->slot_cache);
	htable_fini(&un->by_conn);
	htable_fini(&un->by_addr);
	mem_free(net->mem, un, sizeof(*un));
	net->udp = NULL;
}

/* ------------------------------------------------------------------ the receive queue */

static void udp_rfree(struct sk_buff *skb)
{
	skb->sk->net->udp->mem_bytes -= skb->truesize;
	sock_rfree(skb);
}

static bool udp_mem_ok(const struct udp_net *un, u32 bytes)
{
	return un->mem_bytes + bytes <= (u64)un->mem_pages[2] * MEM_PAGE_BYTES;
}

/* One datagram is always taken, however large; the next ones must fit.  (So does Linux since the sum is exact.) */
static bool rcvbuf_has_room(const struct sock *sk, u32 bytes)
{
	return !sk->rmem_alloc_bytes || sk->rmem_alloc_bytes + bytes <= sk->rcvbuf_bytes;
}

/* A socket of both families counts by that of the packet. */
static struct udp_mib *udp_mib_of(struct udp_net *un, const struct sk_buff *skb)
{
	return skb->protocol == CONST_BE16(ETH_P_IPV6) ? &un->mib6 : &un->mib;
}

static int udp_queue_drop(struct sock *sk, struct sk_buff *skb, u64 *counter, enum skb_drop_reason reason)
{
	struct udp_mib *mib = udp_mib_of(sk->net->udp, skb);

	sk->drops++;
	mib->in_errors++;
	if (counter)
		(*counter)++;
	kfree_skb_reason(skb, reason);
	return -ENOMEM;
}

int udp_queue_rcv(struct sock *sk, struct sk_buff *skb)
{
	struct udp_net *un = sk->net->udp;

	if (unlikely(sk->filter) && sk_filter_run(sk, skb, UDP_HEADER_BYTES))
		return udp_queue_drop(sk, skb, NULL, SKB_DROP_REASON_SOCKET_FILTER);
	if (unlikely(!rcvbuf_has_room(sk, skb->truesize)))
		return udp_queue_drop(sk, skb, &udp_mib_of(un, skb)->rcvbuf_errors, SKB_DROP_REASON_SOCKET_RCVBUFF);
	if (unlikely(!udp_mem_ok(un, skb->truesize)))
		return udp_queue_drop(sk, skb, &udp_mib_of(un, skb)->mem_errors, SKB_DROP_REASON_PROTO_MEM);
	skb_pull(skb, UDP_HEADER_BYTES);
	skb_dst_drop(skb);
	skb_set_owner_r(skb, sk);
	skb->destructor = udp_rfree;
	un->mem_bytes += skb->truesize;
	if (!skb->tstamp)
		skb->tstamp = sk->net->now;
	SOCK_SKB_CB(skb)->dropcount = sock_flag(sk, SOCK_F_RXQ_OVFL) ? (u32)sk->drops : 0;
	__skb_queue_tail(&sk->receive_queue, skb);
	sk_wake(sk, EPOLLIN);
	return 0;
}

/* An AF_INET6 socket hears of hosts of IPv4 as ::ffff:a.b.c.d. */
static void udp_put_source6(const struct sk_buff *skb, struct msghdr *msg)
{
	const struct udphdr *uh = (const struct udphdr *)(const void *)skb_transport_header(skb);
	const struct ipv6hdr *hdr = (const struct ipv6hdr *)(const void *)skb_network_header(skb);
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = (__force u16)uh->source };

	if (skb->protocol == CONST_BE16(ETH_P_IPV6)) {
		sin6.sin6_addr = hdr->saddr;
		sin6.sin6_scope_id = ipv6_iface_scope_id(&hdr->saddr, skb->skb_iif);
	} else {
		ipv6_addr_set_v4mapped(ip_skb_saddr(skb), &sin6.sin6_addr);
	}
	msg_put_name(msg, &sin6, sizeof(sin6));
}

static void udp_put_source(const struct sock *sk, const struct sk_buff *skb, struct msghdr *msg)
{
	const struct udphdr *uh = (const struct udphdr *)(const void *)skb_transport_header(skb);
	struct sockaddr_in sin = { .sin_family = AF_INET };

	if (!msg->msg_name) {
		msg->msg_namelen = 0;
		return;
	}
	if (IS_INET6(sk)) {
		udp_put_source6(skb, msg);
		return;
	}
	memcpy(&sin.sin_port, &uh->source, sizeof(sin.sin_port));
	sin.sin_addr.s_addr = (__force u32)ip_skb_saddr(skb);
	msg_put_name(msg, &sin, sizeof(sin));
}

static void udp_put_cmsgs(struct sock *sk, const struct sk_buff *skb, struct msghdr *msg)
{
	struct cmsg_out out;

	cmsg_out_begin(&out, msg);
	sock_recv_cmsgs(sk, skb, &out);
	if (IS_INET6(sk))
		ipv6_cmsg_recv(sk, skb, &out);
	else if (inet_sk(sk)->cmsg_flags)
		ip_cmsg_recv(sk, skb, &out);
	cmsg_out_end(&out, msg);
}

ssize_t udp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len_bytes, int flags)
{
	struct sk_buff *skb;
	u32 off_bytes, left_bytes, copied;
	int err;

	if (unlikely(flags & MSG_ERRQUEUE))
		return IS_INET6(sk) ? ipv6_recv_error(sk, msg, len_bytes) : ip_recv_error(sk, msg, len_bytes);
	err = skb_recv_datagram_off(sk, flags, &skb, &off_bytes);
	if (err)
		return err;
	left_bytes = skb->len - off_bytes;
	copied = (u32)min_size(len_bytes, left_bytes);
	if (copied < left_bytes)
		msg->msg_flags |= MSG_TRUNC;
	err = skb_copy_datagram_iov(skb, off_bytes, msg->msg_iov, msg->msg_iovlen, copied);
	if (!err) {
		udp_put_source(sk, skb, msg);
		udp_put_cmsgs(sk, skb, msg);
		sk_peek_offset_move(sk, flags, flags & MSG_PEEK ? copied : skb->len);
		err = (int)(flags & MSG_TRUNC ? left_bytes : copied);
	}
	if (!(flags & MSG_PEEK)) {
		udp_mib_of(sk->net->udp, skb)->in_datagrams++;
		consume_skb(skb);
	}
	return err;
}

/* Of one datagram: what is left of it when all pieces are used is MSG_TRUNC's. */
ssize_t udp_recv_borrow(struct sock *sk, struct msghdr *msg)
{
	size_t room = msg->msg_iovlen;
	struct sk_buff *skb;
	u32 len_bytes;
	int err = skb_recv_datagram(sk, MSG_PEEK, &skb);

	msg->msg_iovlen = 0;
	if (err)
		return err;
	len_bytes = skb_pieces(skb, 0, skb->len, msg->msg_iov, &msg->msg_iovlen, room);
	if (len_bytes < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	udp_put_source(sk, skb, msg);
	udp_put_cmsgs(sk, skb, msg);
	return (ssize_t)len_bytes;
}

/* ------------------------------------------------------------------ options */

static int udp_set_value(struct sock *sk, int name, int value)
{
	struct udp_sock *up = udp_sk(sk);

	switch (name) {
	case UDP_CORK:
		up->corkflag = value;
		return !value ? udp_push_pending(sk) : 0;
	case UDP_NO_CHECK6_TX:
		up->no_check6_tx = value;
		return 0;
	case UDP_NO_CHECK6_RX:
		up->no_check6_rx = value;
		return 0;
	case UDP_SEGMENT:
		if (value < 0 || value > USHRT_MAX)
			return -EINVAL;
		up->gso_bytes = (u16)value;
		return 0;
	case UDP_GRO:
		up->gro_enabled = value;
		return 0;
	case UDP_ENCAP: /* no tunnels here: only none can be asked for */
		return value ? -ENOPROTOOPT : 0;
	default:
		return -ENOPROTOOPT;
	}
}

int udp_setsockopt(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes)
{
	int v;

	if (level != IPPROTO_UDP)
		return ip_setsockopt(sk, level, name, value, len_bytes);
	if (len_bytes < sizeof(v))
		return -EINVAL;
	memcpy(&v, value, sizeof(v));
	inet_sk(sk)->out_genid++;
	return udp_set_value(sk, name, v);
}

int udp_getsockopt(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes)
{
	const struct udp_sock *up = udp_sk(sk);
	int v;

	if (level != IPPROTO_UDP)
		return ip_getsockopt(sk, level, name, value, len_bytes);
	switch (name) {
	case UDP_CORK:
		v = up->corkflag;
		break;
	case UDPLITE_SEND_CSCOV:
	case UDPLITE_RECV_CSCOV:
	case UDP_ENCAP:
		v = 0;
		break;
	case UDP_NO_CHECK6_TX:
		v = up->no_check6_tx;
		break;
	case UDP_NO_CHECK6_RX:
		v = up->no_check6_rx;
		break;
	case UDP_SEGMENT:
		v = up->gso_bytes;
		break;
	case UDP_GRO:
		v = up->gro_enabled;
		break;
	default:
		return -ENOPROTOOPT;
	}
	*len_bytes = min_u32(*len_bytes, sizeof(v));
	memcpy(value, &v, *len_bytes);
	return 0;
}

int udp_ioctl(struct sock *sk, unsigned long request, void *arg, size_t arg_bytes)
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
