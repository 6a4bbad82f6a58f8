/* SPDX-License-Identifier: BSD-2-Clause */
/* struct sock: one socket, as protocols see it; struct proto: one protocol, as sockets see it.
 *
 * @step S1, S2 of S13   @linux include/net/sock.h
 */
#ifndef NETHOOD_SOCKET_SOCK_H
#define NETHOOD_SOCKET_SOCK_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "base/list.h"
#include "base/types.h"
#include "net.h"
#include "skb/skbuff.h"

struct sock;
struct sk_filter;
struct dst_entry;

/** struct proto - one protocol: table of what it does; every function returns 0 or more, or -errno */
struct proto {
	const char *name;     /**< "UDP" */
	u32 obj_bytes;        /**< of the protocol's struct, which begins with struct sock */
	int (*init)(struct sock *sk);
	void (*destroy)(struct sock *sk); /**< unhash, purge what is the protocol's own */
	int (*bind)(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes);
	int (*connect)(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes);
	int (*disconnect)(struct sock *sk);
	int (*listen)(struct sock *sk, int backlog);
	int (*accept)(struct sock *sk, struct sock **out);
	ssize_t (*sendmsg)(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags);
	ssize_t (*recvmsg)(struct sock *sk, struct msghdr *msg, size_t len_bytes, int flags);
	int (*shutdown)(struct sock *sk, int how);
	int (*getname)(struct sock *sk, struct sockaddr_storage *addr, bool peer); /**< Return: length */
	int (*setsockopt)(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes);
	int (*getsockopt)(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes);
	int (*ioctl)(struct sock *sk, unsigned long request, void *arg, size_t arg_bytes);
	u32 (*poll)(const struct sock *sk); /**< EPOLL*; NULL: datagram_poll() */
};

/** struct net_proto_family - who makes sockets of a domain; a static const table in net.c */
struct net_proto_family {
	int family;
	/** Return: 0 and the protocol, -ESOCKTNOSUPPORT, -EPROTONOSUPPORT */
	int (*create)(struct net *net, int type, int protocol, const struct proto **out);
};

struct sock {
	/* read for each packet */
	const struct proto *prot;
	struct net *net;
	u16 family;       /**< AF_* */
	u16 type;         /**< SOCK_* */
	u16 protocol;     /**< IPPROTO_*, NETLINK_* */
	u8 state;         /**< TCP_* of linux/tcp.h states; datagrams: TCP_ESTABLISHED when connected, else TCP_CLOSE */
	u8 shutdown;      /**< RCV_SHUTDOWN, SEND_SHUTDOWN */
	u32 refcnt;
	u32 flags;        /**< SOCK_F_* */
	int err;          /**< pending error, positive errno; SO_ERROR takes it */
	int err_soft;
	u32 wmem_alloc_bytes; /**< truesize of what is on its way down */
	u32 rmem_alloc_bytes; /**< truesize in receive_queue and error_queue */
	u32 sndbuf_bytes, rcvbuf_bytes;
	struct sk_buff_head receive_queue;
	struct sk_buff_head error_queue;
	u64 drops;            /**< for want of room, SK_MEMINFO_DROPS */

	int bound_dev_if;
	u32 mark, priority, rxhash;
	u32 rcvlowat;
	ktime_t rcvtimeo, sndtimeo; /**< kept for the one who blocks; KTIME_MAX: for ever */
	ktime_t stamp;        /**< of the last packet read, SIOCGSTAMP */
	struct linger linger;
	int bpf_filter_len;
	struct sk_filter *filter;   /**< socket/filter.h */
	u32 portid_uid;       /**< uid of its owner */
	u64 cookie;
	bool admin;           /**< CAP_NET_ADMIN of its owner */
	bool write_wanted;    /**< a sender got -EAGAIN: tell when there is room again */

	void (*ready)(void *ctx, struct sock *sk, u32 events); /**< the embedder; see nethood_on_ready() */
	void *ready_ctx;
	struct list_head net_node;  /**< all sockets of the net: net->sock */
};

#define RCV_SHUTDOWN 1
#define SEND_SHUTDOWN 2

enum {
	SOCK_F_REUSEADDR = 1U << 0, SOCK_F_REUSEPORT = 1U << 1, SOCK_F_BROADCAST = 1U << 2, SOCK_F_KEEPALIVE = 1U << 3,
	SOCK_F_DONTROUTE = 1U << 4, SOCK_F_OOBINLINE = 1U << 5, SOCK_F_TIMESTAMP = 1U << 6, SOCK_F_TIMESTAMPNS = 1U << 7,
	SOCK_F_NO_CHECK = 1U << 8, SOCK_F_DEAD = 1U << 9, SOCK_F_RXQ_OVFL = 1U << 10, SOCK_F_RCVBUF_LOCK = 1U << 11,
	SOCK_F_SNDBUF_LOCK = 1U << 12, SOCK_F_PASSCRED = 1U << 13, SOCK_F_DBG = 1U << 14, SOCK_F_TIMESTAMPING = 1U << 15,
};

#define SK_WMEM_DEFAULT 212992U
#define SK_RMEM_DEFAULT 212992U
#define SOCK_MIN_SNDBUF 4608U
#define SOCK_MIN_RCVBUF 2304U

int sock_net_init(struct net *net);
void sock_net_exit(struct net *net); /* closes what is still open */
/** sock_register() - families are a static const table that net.c hands over */
void sock_register_families(struct net *net, const struct net_proto_family *families, u32 count);

/* ---- S1, what include/nethood calls */
int sock_create(struct net *net, int family, int type, int protocol, struct sock **out);
void sock_release(struct sock *sk);
ssize_t sock_sendmsg(struct sock *sk, const struct msghdr *msg, int flags);
ssize_t sock_recvmsg(struct sock *sk, struct msghdr *msg, int flags);
int sock_setsockopt(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes); /* SOL_SOCKET here, else prot */
int sock_getsockopt(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes);
u32 sock_poll(const struct sock *sk);
u32 datagram_poll(const struct sock *sk);

/* ---- for protocols */
static inline struct sock *sock_hold(struct sock *sk)
{
	sk->refcnt++;
	return sk;
}
void sock_put(struct sock *sk);
/** sock_alloc_send_skb() - skb charged to wmem; Return: 0, -EAGAIN (no room), -EPIPE, -ENOBUFS, the pending error */
int sock_alloc_send_skb(struct sock *sk, u32 size_bytes, struct sk_buff **out);
/** sock_wfree() - destructor of what sock_alloc_send_skb() made: gives room back, wakes the writer */
void sock_wfree(struct sk_buff *skb);
void skb_set_owner_w(struct sk_buff *skb, struct sock *sk);
/** sock_queue_rcv_skb() - filter, room, queue, wake; @skb taken, dropped with its reason.  Return: 0, -ENOMEM, -EPERM */
int sock_queue_rcv_skb(struct sock *sk, struct sk_buff *skb);
/** sock_queue_err_skb() - same for MSG_ERRQUEUE */
int sock_queue_err_skb(struct sock *sk, struct sk_buff *skb);
/** skb_recv_datagram() - first of the receive queue (a borrowed peek with MSG_PEEK, else returned).  Return: 0, -EAGAIN, pending error */
int skb_recv_datagram(struct sock *sk, int flags, struct sk_buff **out);
/** sk_report_error() - set the pending error (positive) and wake */
void sk_set_err(struct sock *sk, int err);
static inline void sk_wake(struct sock *sk, u32 events)
{
	if (sk->ready)
		sk->ready(sk->ready_ctx, sk, events);
}
int sock_error(struct sock *sk); /**< takes the pending error: 0 or -errno */
/** copying between iovecs and memory; Return: 0, -EFAULT when the iovecs are shorter */
size_t iov_length(const struct iovec *iov, size_t count);
int memcpy_from_iov(void *to, const struct iovec *iov, size_t count, size_t offset_bytes, size_t len_bytes);
size_t memcpy_to_iov(const struct iovec *iov, size_t count, size_t offset_bytes, const void *from, size_t len_bytes);
/** put_cmsg() - append one control message; sets MSG_CTRUNC when it does not fit.  @linux put_cmsg */
struct cmsg_out {
	u8 *buf;
	size_t size_bytes, used_bytes;
	bool truncated;
};
void put_cmsg(struct cmsg_out *out, int level, int type, const void *data, size_t len_bytes);

#endif
