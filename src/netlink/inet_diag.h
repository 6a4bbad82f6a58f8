/* SPDX-License-Identifier: BSD-2-Clause */
/* NETLINK_SOCK_DIAG: what ss(8) asks of sockets.  @linux net/core/sock_diag.c, net/ipv4/inet_diag.c  see sock_diag(7) */
#ifndef NETHOOD_NETLINK_INET_DIAG_H
#define NETHOOD_NETLINK_INET_DIAG_H

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "netlink/af_netlink.h"
#include "netlink/rtnetlink.h"
#include "socket/inet_sock.h"

/** struct diag_request - what is wanted, of either form of request; points into it */
struct diag_request {
	struct net *net;
	u32 protocol;
	u8 family;
	u8 raw_protocol; /**< of IPPROTO_RAW: which of them */
	u8 ext;          /**< 1 << (INET_DIAG_* - 1) */
	u16 type;        /**< of answers */
	bool admin;
	u32 states; /**< 1 << TCP_* */
	struct inet_diag_sockid id;
	const struct nlattr *bytecode; /**< NULL: no filter */
};

/** struct diag_entry - what filters look at */
struct diag_entry {
	u8 family;
	u16 sport, dport;          /**< host order */
	__be32 saddr[4], daddr[4]; /**< of AF_INET the first */
	int ifindex;
	u32 mark;
	bool autobound; /**< its port was not chosen by bind(2) */
};

/** struct diag_handler - who knows the sockets of a protocol */
struct diag_handler {
	u8 protocol;
	/** a piece of a dump; as nl_dump_fn */
	int (*dump)(struct sk_buff *skb, struct netlink_callback *cb, const struct diag_request *rq);
	/** one socket into a message.  Return: 0, -ENOENT, -EMSGSIZE: no room */
	int (*get)(const struct nl_target *to, const struct diag_request *rq);
	/** end its connection.  Return: 0, -ENOENT, -EOPNOTSUPP */
	int (*destroy)(const struct diag_request *rq);
};
extern const struct diag_handler udp_diag_handler, raw_diag_handler, tcp_diag_handler;

/* ---- inet_diag.c */
/** diag_target() - where the next message of a dump goes */
static inline struct nl_target diag_target(struct sk_buff *skb, const struct netlink_callback *cb,
					   const struct diag_request *rq)
{
	return nl_dump_target(skb, cb, rq->type);
}
/** diag_wants() - do the states, ports and bytecode of @rq let it through? */
bool diag_wants(const struct diag_request *rq, u8 state, const struct diag_entry *e);
/** diag_entry_of() - of a socket */
void diag_entry_of(const struct inet_sock *inet, struct diag_entry *e);
/** diag_put() - begin a message: addresses and cookie of @e; NULL: no room.  nlmsg_end() ends it */
struct nlmsghdr *diag_put(const struct nl_target *to, const struct diag_entry *e, u8 state, u64 cookie);
static inline struct inet_diag_msg *diag_msg(struct nlmsghdr *nlh)
{
	return nlmsg_header(nlh);
}
/** diag_put_common() - attributes of every socket; false: no room */
bool diag_put_common(const struct nl_target *to, struct nlmsghdr *nlh, const struct diag_request *rq,
		     const struct inet_sock *inet, bool is_tcp);
/** diag_put_meminfo() - INET_DIAG_MEMINFO, INET_DIAG_SKMEMINFO if wanted */
bool diag_put_meminfo(const struct nl_target *to, struct nlmsghdr *nlh, const struct diag_request *rq,
		      const struct sock *sk);
/** diag_cookie_ok() - is it the one that was meant?  INET_DIAG_NOCOOKIE means any */
bool diag_cookie_ok(const struct diag_request *rq, u64 cookie);

/* ---- inet_diag_bc.c: filters, as small programs */
/** inet_diag_bc_audit() - does every path of it end?  Return: 0, -EINVAL, -EPERM: marks, and not @admin */
int inet_diag_bc_audit(const void *code, u32 len_bytes, bool admin);
/** inet_diag_bc_run() - of one that was audited: does it accept @e? */
bool inet_diag_bc_run(const void *code, u32 len_bytes, const struct diag_entry *e);

#endif
