/* SPDX-License-Identifier: BSD-2-Clause */
/* rtnetlink from the other side: what a worker asks of its own net, and hears from it. */
#ifndef NETHOOD_WORKERS_RTNL_H
#define NETHOOD_WORKERS_RTNL_H

#include <linux/rtnetlink.h>

#include "workers/workers.h"

#define RTNL_READ_BYTES 65536U /* a piece of a dump, and the longest notification */
#define RTNL_MSG_BYTES 512U    /* what is built here is shorter */

/** struct rtnl_msg - a request that is being built */
struct rtnl_msg {
	struct nlmsghdr nlh;
	u8 body[RTNL_MSG_BYTES - sizeof(struct nlmsghdr)];
};

/** rtnl_open() - a socket that hears @groups (a bit for each, RTMGRP_*).  Return: 0, -ENOBUFS */
int rtnl_open(struct worker *w, u32 groups, struct nethood_sock **out);
u32 rtnl_portid(struct nethood_sock *sk);
/** rtnl_begin() - a request of @type with a family header of @header_bytes.  Return: that header, zeroed */
void *rtnl_begin(struct rtnl_msg *msg, u16 type, u16 flags, size_t header_bytes);
void rtnl_put(struct rtnl_msg *msg, u16 type, const void *data, size_t len_bytes);
/** rtnl_put_same() - the attribute of @type that @about has, if it has one */
void rtnl_put_same(struct rtnl_msg *msg, const struct nlmsghdr *about, u16 type);
/** rtnl_begin_neigh() - a request about the neighbour that @about is about.  Return: its header, of which the rest is 0 */
struct ndmsg *rtnl_begin_neigh(struct rtnl_msg *msg, u16 type, u16 flags, const struct nlmsghdr *about);
/** rtnl_attr() - the attribute of @nlh, behind its family header; NULL: it has none */
const struct nlattr *rtnl_attr(const struct nlmsghdr *nlh, u16 type);
/** rtnl_nested() - the attribute within @nest; NULL: it has none */
const struct nlattr *rtnl_nested(const struct nlattr *nest, u16 type);
u32 rtnl_attr_u32(const struct nlmsghdr *nlh, u16 type, u32 otherwise);
/** rtnl_send() - Return: 0, -errno: it was not taken at all */
int rtnl_send(struct nethood_sock *sk, const struct nlmsghdr *nlh);
/** rtnl_discard() - what waits to be read is gone */
void rtnl_discard(struct nethood_sock *sk);
/** rtnl_talk() - a request to its end; @answer (may be NULL): room for RTNL_READ_BYTES.  Return: 0, -errno as answered */
int rtnl_talk(struct nethood_sock *sk, struct nlmsghdr *nlh, void *answer);

/* ---- rtnl_objects.c */
/** struct rtnl_dump - one of the tables that all workers have alike */
struct rtnl_dump {
	u16 get, del; /**< RTM_*; @del 0: what is too much stays */
	u8 family;
};
extern const struct rtnl_dump rtnl_dumps[];
#define RTNL_DUMPS 8U
/** rtnl_dump_start() - its answers are to be read until NLMSG_DONE.  Return: 0, -errno */
int rtnl_dump_start(struct nethood_sock *sk, const struct rtnl_dump *dump);
/** rtnl_key() - what tells a message's object from others of its table, and from what it was before */
u64 rtnl_key(const struct nlmsghdr *nlh);
/** rtnl_each_object() - @fn with each object of which @nlh tells: itself, or each next hop of an IPv6 route as its own route */
void rtnl_each_object(const struct nlmsghdr *nlh, void (*fn)(void *ctx, const struct nlmsghdr *object), void *ctx);
/** rtnl_hops_settle() - what @nlh says of the state of its next hops' links is gone: a request may not say it */
void rtnl_hops_settle(struct nlmsghdr *nlh);

#endif
