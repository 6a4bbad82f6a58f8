/* SPDX-License-Identifier: BSD-2-Clause */
/* struct sock: one socket, as protocols see it; struct proto: one protocol, as sockets see it.
 *
 * @step S1, S2 of S13   @linux include/net/sock.h
 */
#ifndef NETHOOD_SOCKET_SOCK_H
#define NETHOOD_SOCKET_SOCK_H

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/list.h"
#include "base/types.h"
#include "net.h"
#include "skb/skbuff.h"

struct sock;
struct sk_filter;
struct dst_entry;
struct netns_sock;
struct nethood_sock; /* what include/nethood calls a struct sock */
struct cmsghdr;
struct cmsg_out;

/** struct proto - one protocol: table of what it does; every function returns 0 or more, or -errno */
struct proto {
	const char *name;            /**< "UDP" */
	u16 obj_bytes;               /**< of the protocol's struct, which begins with struct sock */
	const struct proto *as_ipv4; /**< what a socket of AF_INET6 becomes by IPV6_ADDRFORM; NULL: it stays */
	int (*init)(struct sock *sk);
	void (*destroy)(struct sock *sk); /**< unhash, purge what is the protocol's own */
	int (*bind)(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes);
	int (*connect)(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes);
	int (*disconnect)(struct sock *sk);
	int (*listen)(struct sock *sk, int backlog);
	int (*accept)(struct sock *sk, struct sock **out);
	ssize_t (*sendmsg)(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags);
	ssize_t (*recvmsg)(struct sock *sk, struct msghdr *msg, size_t len_bytes, int flags);
	/** the first @len_bytes of @page where they lie: a reference for each that is taken; NULL: cannot */
	ssize_t (*send_zerocopy)(struct sock *sk, struct skb_page *page, size_t len_bytes, int flags);
	/** what recvmsg would read, as msg_iovlen pieces of msg_iov at the most; NULL: cannot */
	ssize_t (*recv_borrow)(struct sock *sk, struct msghdr *msg);
	int (*shutdown)(struct sock *sk, int how);
	int (*getname)(struct sock *sk, struct sockaddr_storage *addr, bool peer); /**< Return: length */
	int (*setsockopt)(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes);
	int (*getsockopt)(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes);
	int (*ioctl)(struct sock *sk, unsigned long request, void *arg, size_t arg_bytes);
	u32 (*poll)(const struct sock *sk); /**< EPOLL*; NULL: datagram_poll() */
	void (*route_changed)(
		struct sock *sk); /**< device, mark or the like are new: look for the route again; NULL: has none */
	int (*confirm)(struct sock *sk); /**< SO_CNX_ADVICE: the path is bad, look for another; NULL: cannot */
	/** an option of SOL_SOCKET was set; NULL: its value is all that matters */
	void (*socket_option)(struct sock *sk, int name);
	void (*meminfo)(const struct sock *sk,
			u32 *mem);                  /**< SO_MEMINFO: what only the protocol knows; NULL: nothing */
	u32 (*queued_bytes)(const struct sock *sk); /**< truesize received that waits elsewhere; NULL: nowhere else */
	const char *(*check)(
		const struct sock *sk); /**< a sentence that does not hold, NULL: all do; NULL: nothing to say */
	/** SOF_TIMESTAMPING_OPT_STATS: attributes into @to, SOCK_OPT_STATS_MAX_BYTES at the most; Return: octets; NULL: none */
	u32 (*opt_stats)(const struct sock *sk, const struct sk_buff *skb, u8 *to);
	bool may_peek_off; /**< recvmsg obeys SO_PEEK_OFF */
};

#define SOCK_OPT_STATS_MAX_BYTES 512U
/** SOF_TIMESTAMPING_TX_*: any of them asks for the time when a packet leaves, or arrives */
#define SOCK_TX_RECORD_MASK \
	(1U /* TX_HARDWARE */ | 1U << 1 /* SOFTWARE */ | 1U << 8 /* SCHED */ | 1U << 9 /* ACK */ | \
	 1U << 18 /* COMPLETION */)

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
	u16 family;   /**< AF_* */
	u8 type;      /**< SOCK_* */
	bool admin;   /**< CAP_NET_ADMIN of its owner */
	u16 protocol; /**< IPPROTO_*, NETLINK_* */
	u8 state;     /**< TCP_* of linux/tcp.h states; datagrams: TCP_ESTABLISHED when connected, else TCP_CLOSE */
	u8 shutdown;  /**< RCV_SHUTDOWN, SEND_SHUTDOWN */
	u32 refcnt;
	u32 flags; /**< SOCK_F_* */
	int err;   /**< pending error, positive errno; SO_ERROR takes it */
	int err_soft;
	u32 wmem_alloc_bytes; /**< truesize of what is on its way down */
	u32 rmem_alloc_bytes; /**< truesize in receive_queue, error_queue and those of the protocol */
	u32 sndbuf_bytes, rcvbuf_bytes;
	struct sk_buff_head receive_queue;
	struct sk_buff *error_queue; /**< the oldest of a ring; NULL: nothing.  sk_error_*() */
	u32 drops;                   /**< for want of room, SK_MEMINFO_DROPS */

	int bound_dev_if;
	u32 mark, priority, rxhash;
	u32 rcvlowat;
	u8 txtime_clock, txtime_flags;
	u16 busy_poll_budget;
	u32 zckey;                  /**< number of the next call with MSG_ZEROCOPY */
	ktime_t rcvtimeo, sndtimeo; /**< kept for the one who blocks; KTIME_MAX: for ever */
	ktime_t stamp;              /**< of the last packet read, SIOCGSTAMP */
	struct sk_filter *filter;   /**< socket/filter.h */
	u32 portid_uid;             /**< uid of its owner */
	u32 rec_id;                 /**< number in a recording */
	u64 cookie;
	int peek_off;        /**< SO_PEEK_OFF: where the next MSG_PEEK begins; -1: at the start, always */
	u32 tsflags;         /**< SO_TIMESTAMPING: SOF_TIMESTAMPING_* */
	u32 tskey;           /**< of the next packet sent, SOF_TIMESTAMPING_OPT_ID */
	u32 optmem_bytes;    /**< options, filters and memberships that the socket holds */
	u64 max_pacing_rate; /**< bytes per second; ~0: unlimited */
	u32 busy_poll_us;
	int incoming_cpu;
	int linger_s;    /**< SO_LINGER, with SOCK_F_LINGER */
	u16 obj_bytes;   /**< as it was made: prot may be another one since, IPV6_ADDRFORM */
	u16 wake_events; /**< EPOLL* that it has not been told of yet; 0: wake_node is idle */

	void (*ready)(void *ctx, struct nethood_sock *sk, u32 events); /**< the embedder; see nethood_on_ready() */
	void *ready_ctx;
	struct list_head wake_node; /**< of netns_sock.wakes */
	struct list_head net_node;  /**< all open sockets of the net: net->sock; of one that is not, the protocol's */
};

#define RCV_SHUTDOWN 1
#define SEND_SHUTDOWN 2

enum {
	SOCK_F_REUSEADDR = 1U << 0,
	SOCK_F_REUSEPORT = 1U << 1,
	SOCK_F_BROADCAST = 1U << 2,
	SOCK_F_KEEPALIVE = 1U << 3,
	SOCK_F_DONTROUTE = 1U << 4,
	SOCK_F_OOBINLINE = 1U << 5,
	SOCK_F_TIMESTAMP = 1U << 6,
	SOCK_F_TIMESTAMPNS = 1U << 7,
	SOCK_F_NO_CHECK = 1U << 8,
	SOCK_F_DEAD = 1U << 9,
	SOCK_F_RXQ_OVFL = 1U << 10,
	SOCK_F_RCVBUF_LOCK = 1U << 11,
	SOCK_F_SNDBUF_LOCK = 1U << 12,
	SOCK_F_PASSCRED = 1U << 13,
	SOCK_F_DBG = 1U << 14,
	SOCK_F_TIMESTAMPING = 1U << 15,
	SOCK_F_TSTAMP_NEW = 1U << 16,
	SOCK_F_FILTER_LOCKED = 1U << 17,
	SOCK_F_SELECT_ERR_QUEUE = 1U << 18,
	SOCK_F_NOFCS = 1U << 19,
	SOCK_F_WIFI_STATUS = 1U << 20,
	SOCK_F_TXTIME = 1U << 21,
	SOCK_F_PREFER_BUSY_POLL = 1U << 23,
	SOCK_F_ZEROCOPY = 1U << 24,
	SOCK_F_PASSSEC = 1U << 25,
	SOCK_F_PASSPIDFD = 1U << 26,
	SOCK_F_RCVMARK = 1U << 27,
	SOCK_F_RCVPRIORITY = 1U << 28,
	SOCK_F_NO_TXREHASH = 1U << 29,
	SOCK_F_NOSPACE =
		1U << 30, /**< somebody asked, or wrote, and there was no room: it is told when there is some */
	SOCK_F_LINGER = 1U << 31,
};

/** struct sock_skb_cb - last bytes of cb of an skb in a socket's receive queue; the protocol owns those before */
struct sock_skb_cb {
	u32 dropcount; /**< sk->drops when it was queued, SO_RXQ_OVFL */
};
#define SOCK_SKB_CB_BYTES 8U
#define SOCK_SKB_CB(skb) ((struct sock_skb_cb *)(void *)((skb)->cb + sizeof((skb)->cb) - SOCK_SKB_CB_BYTES))

#define SK_WMEM_DEFAULT 212992U
#define SK_RMEM_DEFAULT 212992U
#define SOCK_MIN_SNDBUF 4608U
#define SOCK_MIN_RCVBUF 2304U

/** struct sock_dev_ops - what a socket has to know of devices; net.c hands it over */
struct sock_dev_ops {
	int (*ifindex)(struct net *net, const char *name);                 /**< Return: 0 when there is none */
	int (*ifname)(struct net *net, int ifindex, char name[static 16]); /**< Return: 0, -ENODEV */
	u16 (*hatype)(const struct net_device *dev);                       /**< ARPHRD_* */
};

int sock_net_init(struct net *net);
/** sock_net_close() - closes what is still open; packets on their way keep their socket's memory until they end */
void sock_net_close(struct net *net);
void sock_net_exit(struct net *net); /* after the last packet ended: asserts that no socket is left */
/**
 * sock_wake_run() - tell the owners of sockets that became ready
 *
 * Called at the end of a poll and of a call, when nothing of the stack is in the middle of something: so an owner may
 * call anything, and close any socket.  What his calls cause is told after that, or by the next poll.
 */
void sock_wake_run(struct net *net);
/** sock_wake_pending() - is there somebody to tell? */
bool sock_wake_pending(const struct net *net);
void sock_set_dev_ops(struct net *net, const struct sock_dev_ops *ops);
/** sock_register() - families are a static const table that net.c hands over */
void sock_register_families(struct net *net, const struct net_proto_family *const *families, u32 count);

/* ---- S1, what include/nethood calls */
int sock_create(struct net *net, int family, int type, int protocol, struct sock **out);
void sock_release(struct sock *sk);
/** sock_clone() - a socket with the options of @parent and nothing else of it: a connection that somebody may accept.
 *  What follows struct sock is zero.  Not open until sock_graft(); returned, NULL: no memory */
struct sock *sock_clone(const struct sock *parent);
/** sock_graft() - a program has it from now on: sock_release() ends it */
void sock_graft(struct sock *sk);
ssize_t sock_sendmsg(struct sock *sk, const struct msghdr *msg, int flags);
ssize_t sock_recvmsg(struct sock *sk, struct msghdr *msg, int flags);
/** sock_recv_borrow() - what sock_recvmsg() would read: msg_iov is where it lies */
ssize_t sock_recv_borrow(struct sock *sk, struct msghdr *msg);
/** sock_recv_consume() - it was read: @len_bytes of a stream, or the first datagram */
ssize_t sock_recv_consume(struct sock *sk, size_t len_bytes);
int sock_setsockopt(struct sock *sk, int level, int name, const void *value,
		    socklen_t len_bytes); /* SOL_SOCKET here, else prot */
int sock_getsockopt(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes);
/** sock_meminfo() - SO_MEMINFO: @mem has SK_MEMINFO_VARS of linux/sock_diag.h */
void sock_meminfo(const struct sock *sk, u32 *mem);
u32 sock_poll(const struct sock *sk);
u32 datagram_poll(const struct sock *sk);

/* ---- for protocols */
/** msg_put_name() - @addr is where the packet came from: as much as fits, and its whole length */
void msg_put_name(struct msghdr *msg, const void *addr, socklen_t len_bytes);
static inline struct sock *sock_hold(struct sock *sk)
{
	sk->refcnt++;
	return sk;
}
void sock_put(struct sock *sk);
int sock_error(struct sock *sk); /**< takes the pending error: 0 or -errno */
/** sock_alloc_send_skb() - skb charged to wmem; Return: 0, -EAGAIN (no room), -EPIPE, -ENOBUFS, the pending error */
int sock_alloc_send_skb(struct sock *sk, u32 size_bytes, struct sk_buff **out);
/** sock_may_send() - what sock_alloc_send_skb() looks at before it allocates.  Return: 0, the pending error, -EPIPE, -EAGAIN */
static inline int sock_may_send(struct sock *sk)
{
	if (unlikely(sk->err))
		return sock_error(sk);
	if (unlikely(sk->shutdown & SEND_SHUTDOWN))
		return -EPIPE;
	return unlikely(sk->wmem_alloc_bytes >= sk->sndbuf_bytes) ? -EAGAIN : 0;
}
/** sock_wfree() - destructor of what sock_alloc_send_skb() made: gives room back, wakes the writer */
void sock_wfree(struct sk_buff *skb);
/** sock_wmem_uncharge() - a packet of a socket ends: only its account.  Return: is the socket still there? */
bool sock_wmem_uncharge(struct sk_buff *skb);
void skb_set_owner_w(struct sk_buff *skb, struct sock *sk);
/** sock_queue_rcv_skb() - filter, room, queue, wake; @skb taken, dropped with its reason.  Return: 0, -ENOMEM, -EPERM */
int sock_queue_rcv_skb(struct sock *sk, struct sk_buff *skb);
/** sock_queue_err_skb() - same for MSG_ERRQUEUE */
int sock_queue_err_skb(struct sock *sk, struct sk_buff *skb);
/** sk_error_peek() - the oldest in the error queue; borrowed, NULL: nothing */
static inline struct sk_buff *sk_error_peek(const struct sock *sk)
{
	return sk->error_queue;
}
/** sk_error_dequeue() - same; returned */
struct sk_buff *sk_error_dequeue(struct sock *sk);
void sk_error_purge(struct sock *sk);
/** skb_recv_datagram() - first of the receive queue (a borrowed peek with MSG_PEEK, else returned).  Return: 0, -EAGAIN, pending error */
int skb_recv_datagram(struct sock *sk, int flags, struct sk_buff **out);
/** skb_recv_datagram_off() - same; *off_bytes: where within it SO_PEEK_OFF begins */
int skb_recv_datagram_off(struct sock *sk, int flags, struct sk_buff **out, u32 *off_bytes);
/** sk_peek_offset_move() - @len_bytes were peeked at, or a packet of @len_bytes was read */
void sk_peek_offset_move(struct sock *sk, int flags, u32 len_bytes);
/** skb_copy_datagram_at() - bytes of @skb from @offset_bytes on into iovecs, from their octet @at_bytes on; Return: 0, -EFAULT */
int skb_copy_datagram_at(const struct sk_buff *skb, u32 offset_bytes, const struct iovec *iov, size_t count,
			 size_t at_bytes, u32 len_bytes);
static inline int skb_copy_datagram_iov(const struct sk_buff *skb, u32 offset_bytes, const struct iovec *iov,
					size_t count, u32 len_bytes)
{
	return skb_copy_datagram_at(skb, offset_bytes, iov, count, 0, len_bytes);
}
/** sock_recv_timestamp() - SO_TIMESTAMP, SO_TIMESTAMPNS and SO_TIMESTAMPING of @skb; @sent: it left, it did not come */
void sock_recv_timestamp(struct sock *sk, const struct sk_buff *skb, bool sent, struct cmsg_out *out);
/** sock_recv_cmsgs() - SO_TIMESTAMP*, SO_RXQ_OVFL, SO_RCVMARK ... of @skb, and sk->stamp */
void sock_recv_cmsgs(struct sock *sk, const struct sk_buff *skb, struct cmsg_out *out);
/** cmsg_next() - the control message of a sender after *@cmsg (NULL: the first).  Return: 1, 0: the end, -EINVAL: its length */
int cmsg_next(const struct msghdr *msg, const struct cmsghdr **cmsg);
/** sockcm_init() - what the socket's options say, before control messages say more */
static inline struct sockcm_cookie sockcm_init(const struct sock *sk)
{
	return (struct sockcm_cookie){ .mark = sk->mark, .priority = sk->priority, .tsflags = sk->tsflags };
}
/** sock_cmsg_send() - one SOL_SOCKET control message of a sender.  Return: 0, -EINVAL, -EPERM */
int sock_cmsg_send(const struct sock *sk, const struct cmsghdr *cmsg, struct sockcm_cookie *out);
/** sock_cmsgs_send() - those of level SOL_SOCKET of a whole message; others are none of its business.  Return: same */
int sock_cmsgs_send(const struct sock *sk, const struct msghdr *msg, struct sockcm_cookie *out);

/* ---- errqueue.c */
void sock_tx_timestamp(struct sock *sk, struct sk_buff *skb, const struct sockcm_cookie *sockc);
/** skb_set_sockcm() - @skb is a datagram that starts here: what its call says of it */
static inline void skb_set_sockcm(struct sk_buff *skb, struct sock *sk, const struct sockcm_cookie *sockc)
{
	skb->priority = sockc->priority;
	skb->mark = sockc->mark;
	if (unlikely(sockc->tsflags & SOCK_TX_RECORD_MASK))
		sock_tx_timestamp(sk, skb, sockc);
}
/** sock_tx_timestamp_at() - of a stream: @key is the number of the last octet in @skb that a call wrote */
void sock_tx_timestamp_at(struct sk_buff *skb, u32 tsflags, u32 key);
/** sock_tstamp_tx() - the time for the error queue; @type: SCM_TSTAMP_*.  @linux __skb_tstamp_tx */
void sock_tstamp_tx(struct sock *sk, const struct sk_buff *skb, int ifindex, u32 type);
/** sock_zerocopy_sent() - a datagram with MSG_ZEROCOPY, which was copied */
void sock_zerocopy_sent(struct sock *sk);
/** sock_zerocopy_done() - the calls @lo to @hi with MSG_ZEROCOPY are over.  @linux __msg_zerocopy_callback */
void sock_zerocopy_done(struct sock *sk, u32 lo, u32 hi);
/** sock_recv_err_cmsgs() - control messages about time, of an skb of the error queue */
void sock_recv_err_cmsgs(struct sock *sk, const struct sk_buff *skb, struct cmsg_out *out);
/** sock_rfree() - destructor of an skb in the receive queue */
void sock_rfree(struct sk_buff *skb);
void skb_set_owner_r(struct sk_buff *skb, struct sock *sk);
/** sock_queue_purge() - drop what waits in the receive and error queue */
void sock_queue_purge(struct sock *sk);
/** sk_set_err() - set the pending error (positive) and wake */
void sk_set_err(struct sock *sk, int err);
/** sock_opt_alloc() - memory of an option, charged to net.core.optmem_max; NULL: too much, or none */
void *sock_opt_alloc(struct sock *sk, u32 size_bytes);
void sock_opt_free(struct sock *sk, void *p, u32 size_bytes);
static inline bool sock_flag(const struct sock *sk, u32 flag)
{
	return sk->flags & flag;
}
/** sock_writeable() - is half of the send buffer free?  @linux sock_writeable */
static inline bool sock_writeable(const struct sock *sk)
{
	return sk->wmem_alloc_bytes < sk->sndbuf_bytes / 2;
}
/** sk_wake() - readiness may have grown: the owner is told when the stack is at rest, see sock_wake_run() */
void sk_wake_later(struct sock *sk, u32 events);
static inline void sk_wake(struct sock *sk, u32 events)
{
	if (sk->ready)
		sk_wake_later(sk, events);
}
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
/** cmsg_out_begin() / cmsg_out_end() - around the put_cmsg() of one recvmsg(): from and to msg_control, MSG_CTRUNC */
static inline void cmsg_out_begin(struct cmsg_out *out, const struct msghdr *msg)
{
	out->buf = msg->msg_control;
	out->size_bytes = msg->msg_control ? msg->msg_controllen : 0;
	out->used_bytes = 0;
	out->truncated = false;
}
static inline void cmsg_out_end(const struct cmsg_out *out, struct msghdr *msg)
{
	msg->msg_controllen = out->used_bytes;
	if (out->truncated)
		msg->msg_flags |= MSG_CTRUNC;
}

#endif
