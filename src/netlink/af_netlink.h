/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_NETLINK sockets of a net: requests in, answers, dumps and notifications out.
 *
 * Management enters here, and nowhere else.  @linux net/netlink/af_netlink.c   see netlink(7), rtnetlink(7)
 */
#ifndef NETHOOD_NETLINK_AF_NETLINK_H
#define NETHOOD_NETLINK_AF_NETLINK_H

#include <linux/netlink.h>

#include "base/htable.h"
#include "base/types.h"
#include "net.h"
#include "netlink/nlattr.h"
#include "socket/sock.h"

extern const struct net_proto_family netlink_family;
int netlink_net_init(struct net *net);
void netlink_net_exit(struct net *net);

enum {
	NETLINK_F_PKTINFO = 1U << 0,
	NETLINK_F_BROADCAST_ERROR = 1U << 1,
	NETLINK_F_NO_ENOBUFS = 1U << 2,
	NETLINK_F_CAP_ACK = 1U << 3,
	NETLINK_F_EXT_ACK = 1U << 4,
	NETLINK_F_STRICT_CHK = 1U << 5,
	NETLINK_F_LISTEN_ALL_NSID = 1U << 6,
	NETLINK_F_CONGESTED =
		1U << 7, /**< something was lost; no more until the reader has caught up, or asks for a dump */
};

struct netlink_callback;

struct netlink_sock {
	struct sock sk; /**< first */
	u32 portid;     /**< 0: not bound yet */
	u32 dst_portid, dst_groups;
	u64 groups;                  /**< bit n-1: member of group n */
	u32 flags;                   /**< NETLINK_F_* */
	u32 max_recvmsg_bytes;       /**< largest buffer that it has read with: dumps come in pieces of that size */
	struct netlink_callback *cb; /**< dump in progress */
	struct htable news;          /**< notifications that wait since it lags, by subject: netlink/netlink_news.c */
	struct list_head node;       /**< of netns_netlink.socks */
};
static inline struct netlink_sock *nlk_sk(struct sock *sk)
{
	return (struct netlink_sock *)(void *)sk;
}

/** struct nl_request - one message that wants something */
struct nl_request {
	struct net *net;
	struct netlink_sock *nlk;
	const struct nlmsghdr *nlh;
	struct netlink_ext_ack *extack;
	bool strict; /**< NETLINK_GET_STRICT_CHK */
};

/**
 * nl_dump_fn - one more piece of a dump
 * @skb: room for messages; borrowed
 * It may set @cb->pause and return 1 with a piece that is not full, or empty.
 * Return: 1: there is more; 0: that was all; -errno, told in NLMSG_DONE.
 */
typedef int (*nl_dump_fn)(struct sk_buff *skb, struct netlink_callback *cb);

/** struct netlink_callback - a dump, between its pieces */
struct netlink_callback {
	struct net *net;
	struct nlmsghdr *nlh; /**< copy of the request */
	u32 portid;
	bool strict, started, finished;
	bool admin;      /**< CAP_NET_ADMIN of the one who asks */
	u8 family_index; /**< of a dump of AF_UNSPEC: the family that is listed now */
	int err;         /**< what NLMSG_DONE will say */
	nl_dump_fn dump;
	struct netlink_ext_ack extack;
	bool pause;            /**< the dump function looked at much and found little: the rest in another turn */
	u16 answer_flags;      /**< NLM_F_DUMP_FILTERED */
	u32 genid, prev_genid; /**< of the table: a change between two pieces tears the dump */
	u64 args[10];          /**< where it is: the dump function's own */
};

#define NL_DUMP_STARTED 1
/** netlink_dump_start() - first piece now, the others as the reader reads.  Return: NL_DUMP_STARTED, -EBUSY, -ENOBUFS */
int netlink_dump_start(const struct nl_request *rq, nl_dump_fn dump);
/** nl_dump_genid() - told at the beginning of each piece; messages carry NLM_F_DUMP_INTR once it has changed */
void nl_dump_genid(struct netlink_callback *cb, u32 genid);

/* ---- messages */
/** nlmsg_new() - skb for @payload_bytes of messages; returned, or NULL */
struct sk_buff *nlmsg_new(struct net *net, u32 payload_bytes);
/**
 * nlmsg_put() - begin a message behind those that @skb holds; nlmsg_end() ends it; without that it was not
 * Return: its header, with @header_bytes of zeroed family header behind it; NULL: no room
 */
struct nlmsghdr *nlmsg_put(struct sk_buff *skb, u32 portid, u32 seq, u16 type, u16 flags, u32 header_bytes);
void nlmsg_end(struct sk_buff *skb, struct nlmsghdr *nlh);
/** nlmsg_trim() - of the messages in @skb the first @len_bytes stay.  @linux nlmsg_trim */
void nlmsg_trim(struct sk_buff *skb, u32 len_bytes);
/** nlmsg_header() - the family header */
static inline void *nlmsg_header(struct nlmsghdr *nlh)
{
	return (u8 *)nlh + sizeof(*nlh);
}
/** nla_put*() - one attribute behind @nlh's; false: no room (then the message is to be given up) */
bool nla_put(const struct sk_buff *skb, struct nlmsghdr *nlh, u16 type, const void *data, size_t len_bytes);
bool nla_put_u8(const struct sk_buff *skb, struct nlmsghdr *nlh, u16 type, u8 value);
bool nla_put_u16(const struct sk_buff *skb, struct nlmsghdr *nlh, u16 type, u16 value);
bool nla_put_u32(const struct sk_buff *skb, struct nlmsghdr *nlh, u16 type, u32 value);
bool nla_put_u64(const struct sk_buff *skb, struct nlmsghdr *nlh, u16 type, u64 value);
bool nla_put_be32(const struct sk_buff *skb, struct nlmsghdr *nlh, u16 type, __be32 value);
bool nla_put_string(const struct sk_buff *skb, struct nlmsghdr *nlh, u16 type, const char *text);
/** nla_nest_start(): NULL: no room */
struct nlattr *nla_nest_start(const struct sk_buff *skb, struct nlmsghdr *nlh, u16 type);
void nla_nest_end(struct nlmsghdr *nlh, struct nlattr *nest);

/** netlink_reply() - @skb (taken) to the one who asked.  Return: 0, -ENOBUFS */
int netlink_reply(struct netlink_sock *nlk, struct sk_buff *skb);
/** netlink_ack() - error or success of @nlh */
void netlink_ack(struct netlink_sock *nlk, const struct nlmsghdr *nlh, int err, const struct netlink_ext_ack *extack);
/** netlink_has_listeners() - is it worth building a notification? */
bool netlink_has_listeners(struct net *net, u32 group);
/** netlink_broadcast() - @skb (taken) to all members of @group; one that has no room gets ENOBUFS and stops nobody */
void netlink_broadcast(struct net *net, struct sk_buff *skb, u32 group);
/** netlink_overrun_group() - no memory for a notification: every member of @group must dump again */
void netlink_overrun_group(struct net *net, u32 group);
/** netlink_current_seq() - sequence number of the request of @portid that is being served, 0: none */
u32 netlink_current_seq(const struct net *net, u32 portid);

#endif
