/* SPDX-License-Identifier: BSD-2-Clause */
/* What af_netlink.c and netlink_msg.c know of each other. */
#ifndef NETHOOD_NETLINK_INTERNAL_H
#define NETHOOD_NETLINK_INTERNAL_H

#include "netlink/af_netlink.h"

/** struct netlink_skb_parms - skb->cb of a message in a receive queue */
struct netlink_skb_parms {
	u32 portid; /**< of the sender, 0: the net itself */
	u32 group;  /**< that it was sent to, 0: unicast */
	struct nl_subject {
		int ifindex;
		u32 family; /**< 0: a message that a newer one does not replace */
		u8 key[16];
	} subject;     /**< what it is about: a neighbour */
	u64 news_hash; /**< in netlink_sock.news; 0: not there */
};
static_assert(sizeof(struct netlink_skb_parms) <= sizeof(((struct sk_buff *)NULL)->cb) - SOCK_SKB_CB_BYTES,
	      "it lives in skb->cb, before the socket's own");
#define NETLINK_CB(skb) ((struct netlink_skb_parms *)(void *)(skb)->cb)

struct netns_netlink {
	struct list_head socks;
	u32 next_portid;
	u32 members[65];                 /**< of each group, from 1 */
	u32 current_portid, current_seq; /**< request being served */
	struct timer dump_timer;         /**< of dumps that make a pause */
	struct rtnl_notify *notify;      /**< netlink/rtnl_notify.c */
};

/** netlink_queue() - @skb (taken) into the receive queue of @nlk.  Return: 0, -ENOBUFS (dropped and counted) */
int netlink_queue(struct netlink_sock *nlk, struct sk_buff *skb);
/** netlink_overrun() - tell the reader that something is missing */
void netlink_overrun(struct netlink_sock *nlk);
/** netlink_dump_more() - the reader has read: the next piece, if there is room */
void netlink_dump_more(struct netlink_sock *nlk);
void netlink_dump_timer_handler(struct timer *t);
void netlink_dump_end(struct netlink_sock *nlk);
/** netlink_rcv() - the messages of one datagram, in order */
void netlink_rcv(struct netlink_sock *nlk, const void *buf, size_t len_bytes);

/* ---- netlink_news.c */
void netlink_news_init(struct netlink_sock *nlk);
/** netlink_news_supersede() - @skb is about to be queued: what waits about its subject goes, if the listener lags */
void netlink_news_supersede(struct netlink_sock *nlk, struct sk_buff *skb);
/** netlink_news_read() - @skb leaves the queue */
void netlink_news_read(struct netlink_sock *nlk, struct sk_buff *skb);
/** netlink_news_resync() - the reader asks for a dump: if something was lost, begin anew with it */
void netlink_news_resync(struct netlink_sock *nlk, u16 dump_type);
/** netlink_news_fini() - before the queue is emptied */
void netlink_news_fini(struct netlink_sock *nlk);

/** rtnetlink.c */
int rtnetlink_rcv_msg(const struct nl_request *rq);
/** sock_diag.c */
int sock_diag_rcv_msg(const struct nl_request *rq);
int rtnl_notify_init(struct net *net);
void rtnl_notify_exit(struct net *net);

#endif
