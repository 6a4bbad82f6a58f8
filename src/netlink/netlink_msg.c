// SPDX-License-Identifier: BSD-2-Clause
/* Netlink messages: built, answered, dumped, told to many.
 *
 * @linux netlink_ack, netlink_dump, netlink_broadcast of net/netlink/af_netlink.c   see netlink(7)
 *
 * A dump is never a snapshot in memory: each piece is made when the reader has read the one before, so a dump of a
 * million entries costs one buffer.  If the table changes in between, messages carry NLM_F_DUMP_INTR.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>
#include <sys/epoll.h>

#include "netlink/netlink_internal.h"

#define DUMP_MIN_BYTES 3776U /* so much fits into the page that libnl reads into; as in Linux */
#define DUMP_PAUSE_NS 1      /* not in this turn */

/* ------------------------------------------------------------------ building */

struct sk_buff *nlmsg_new(struct net *net, u32 payload_bytes)
{
	struct sk_buff *skb = alloc_skb(net->skb_pool, payload_bytes);

	if (skb)
		memset(skb->cb, 0, sizeof(skb->cb));
	return skb;
}

/* libmnl checks against the size of the buffer that begins at the header.  An skb may have more room than it was asked for: no
 * message is longer than the length of an attribute can say, so that none of a nest wraps. */
static size_t nlmsg_room(const struct sk_buff *skb, const struct nlmsghdr *nlh)
{
	return min_size((size_t)(skb->head + skb->end - (const u8 *)nlh), UINT16_MAX);
}

struct nlmsghdr *nlmsg_put(struct sk_buff *skb, u32 portid, u32 seq, u16 type, u16 flags, u32 header_bytes)
{
	struct nlmsghdr *nlh;

	if (skb_tailroom(skb) < sizeof(*nlh) + ALIGN_UP(header_bytes, 4U))
		return NULL;
	nlh = mnl_nlmsg_put_header(skb_tail_pointer(skb));
	mnl_nlmsg_put_extra_header(nlh, header_bytes);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_seq = seq;
	nlh->nlmsg_pid = portid;
	return nlh;
}

void nlmsg_end(struct sk_buff *skb, struct nlmsghdr *nlh)
{
	skb_put(skb, ALIGN_UP(nlh->nlmsg_len, 4U));
}

void nlmsg_trim(struct sk_buff *skb, u32 len_bytes)
{
	if (pskb_trim(skb, len_bytes))
		assert(0); /* it is in one piece */
}

bool nla_put(const struct sk_buff *skb, struct nlmsghdr *nlh, u16 type, const void *data, size_t len_bytes)
{
	size_t end = nlh->nlmsg_len + NLA_HDR_BYTES + len_bytes;

	if (!mnl_attr_put_check(nlh, nlmsg_room(skb, nlh), type, len_bytes, data))
		return false;
	memset((u8 *)nlh + end, 0, nlh->nlmsg_len - end); /* octets between attributes are nobody's old memory */
	return true;
}

bool nla_put_u8(const struct sk_buff *skb, struct nlmsghdr *nlh, u16 type, u8 value)
{
	return nla_put(skb, nlh, type, &value, sizeof(value));
}

bool nla_put_u16(const struct sk_buff *skb, struct nlmsghdr *nlh, u16 type, u16 value)
{
	return nla_put(skb, nlh, type, &value, sizeof(value));
}

bool nla_put_u32(const struct sk_buff *skb, struct nlmsghdr *nlh, u16 type, u32 value)
{
	return nla_put(skb, nlh, type, &value, sizeof(value));
}

bool nla_put_u64(const struct sk_buff *skb, struct nlmsghdr *nlh, u16 type, u64 value)
{
	return nla_put(skb, nlh, type, &value, sizeof(value));
}

bool nla_put_be32(const struct sk_buff *skb, struct nlmsghdr *nlh, u16 type, __be32 value)
{
	return nla_put(skb, nlh, type, &value, sizeof(value));
}

bool nla_put_string(const struct sk_buff *skb, struct nlmsghdr *nlh, u16 type, const char *text)
{
	return nla_put(skb, nlh, type, text, strlen(text) + 1);
}

struct nlattr *nla_nest_start(const struct sk_buff *skb, struct nlmsghdr *nlh, u16 type)
{
	struct nlattr *nest = mnl_attr_nest_start_check(nlh, nlmsg_room(skb, nlh), type);

	if (nest)
		nest->nla_type = type; /* classic rtnetlink nests carry no NLA_F_NESTED */
	return nest;
}

void nla_nest_end(struct nlmsghdr *nlh, struct nlattr *nest)
{
	mnl_attr_nest_end(nlh, nest);
}

/* ------------------------------------------------------------------ to one */

void netlink_overrun(struct netlink_sock *nlk)
{
	nlk->sk.drops++;
	if (nlk->flags & NETLINK_F_NO_ENOBUFS)
		return;
	nlk->flags |= NETLINK_F_CONGESTED;
	if (!nlk->sk.err) /* once for all that is lost until the reader has heard of it: then again */
		sk_set_err(&nlk->sk, ENOBUFS);
}

static bool netlink_has_room(const struct netlink_sock *nlk)
{
	return nlk->sk.rmem_alloc_bytes <= nlk->sk.rcvbuf_bytes;
}

int netlink_queue(struct netlink_sock *nlk, struct sk_buff *skb)
{
	struct sock *sk = &nlk->sk;

	if (!netlink_has_room(nlk) || (nlk->flags & NETLINK_F_CONGESTED)) {
		netlink_news_read(nlk, skb);
		kfree_skb_reason(skb, SKB_DROP_REASON_NETLINK_OVERRUN);
		return -ENOBUFS;
	}
	skb_set_owner_r(skb, sk);
	__skb_queue_tail(&sk->receive_queue, skb);
	sk_wake(sk, EPOLLIN | EPOLLRDNORM);
	return 0;
}

int netlink_reply(struct netlink_sock *nlk, struct sk_buff *skb)
{
	int err = netlink_queue(nlk, skb);

	if (err)
		netlink_overrun(nlk);
	return err;
}

static void ack_put_extack(struct sk_buff *skb, struct nlmsghdr *out, const struct nlmsghdr *nlh,
			   const struct netlink_ext_ack *extack)
{
	if (extack->msg)
		(void)nla_put_string(skb, out, NLMSGERR_ATTR_MSG, extack->msg);
	if (extack->bad_attr)
		(void)nla_put_u32(skb, out, NLMSGERR_ATTR_OFFS, (u32)((const u8 *)extack->bad_attr - (const u8 *)nlh));
	if (extack->miss_type)
		(void)nla_put_u32(skb, out, 5 /* NLMSGERR_ATTR_MISS_TYPE */, extack->miss_type);
}

static bool extack_says_something(const struct netlink_ext_ack *extack)
{
	return extack->msg || extack->bad_attr || extack->miss_type;
}

void netlink_ack(struct netlink_sock *nlk, const struct nlmsghdr *nlh, int err, const struct netlink_ext_ack *extack)
{
	bool whole = err && !(nlk->flags & NETLINK_F_CAP_ACK);
	u32 quoted_bytes = whole ? nlh->nlmsg_len : (u32)sizeof(*nlh);
	bool tlvs = (nlk->flags & NETLINK_F_EXT_ACK) && extack_says_something(extack);
	u32 head_bytes = (u32)sizeof(int) + quoted_bytes;
	struct sk_buff *skb = nlmsg_new(nlk->sk.net, (u32)sizeof(*nlh) + ALIGN_UP(head_bytes, 4U) + (tlvs ? 256U : 0U));
	u16 flags = (u16)((whole ? 0 : NLM_F_CAPPED) | (tlvs ? NLM_F_ACK_TLVS : 0));
	struct nlmsghdr *out;

	if (!skb) {
		netlink_overrun(nlk);
		return;
	}
	out = nlmsg_put(skb, nlk->portid, nlh->nlmsg_seq, NLMSG_ERROR, flags, head_bytes);
	assert(out); /* the skb was made for it */
	memcpy(nlmsg_header(out), &err, sizeof(err));
	memcpy((u8 *)nlmsg_header(out) + sizeof(err), nlh, quoted_bytes);
	if (tlvs)
		ack_put_extack(skb, out, nlh, extack);
	nlmsg_end(skb, out);
	(void)netlink_reply(nlk, skb);
}

/* ------------------------------------------------------------------ to many */

/* Groups are rtnetlink's; those of NETLINK_SOCK_DIAG are told nothing. */
static bool netlink_is_member(const struct netlink_sock *nlk, u32 group)
{
	return nlk->sk.protocol == NETLINK_ROUTE && (nlk->groups & (1ULL << (group - 1)));
}

bool netlink_has_listeners(struct net *net, u32 group)
{
	return net->netlink->members[group] != 0;
}

void netlink_broadcast(struct net *net, struct sk_buff *skb, u32 group)
{
	struct netlink_sock *nlk, *next;
	struct sk_buff *copy;

	NETLINK_CB(skb)->group = group;
	list_for_each_entry_safe(nlk, next, &net->netlink->socks, node) {
		if (!netlink_is_member(nlk, group))
			continue;
		copy = skb_clone(skb);
		if (copy)
			netlink_news_supersede(nlk, copy);
		if (!copy || netlink_queue(nlk, copy))
			netlink_overrun(nlk);
	}
	consume_skb(skb);
}

void netlink_overrun_group(struct net *net, u32 group)
{
	struct netlink_sock *nlk;

	list_for_each_entry(nlk, &net->netlink->socks, node) {
		if (netlink_is_member(nlk, group))
			netlink_overrun(nlk);
	}
}

u32 netlink_current_seq(const struct net *net, u32 portid)
{
	return portid && portid == net->netlink->current_portid ? net->netlink->current_seq : 0;
}

/* ------------------------------------------------------------------ dumps */

void nl_dump_genid(struct netlink_callback *cb, u32 genid)
{
	if (!cb->started)
		cb->prev_genid = genid;
	cb->started = true;
	cb->genid = genid;
	if (cb->genid != cb->prev_genid)
		cb->answer_flags |= NLM_F_DUMP_INTR;
}

void netlink_dump_end(struct netlink_sock *nlk)
{
	struct netlink_callback *cb = nlk->cb;
	struct mem *mem = nlk->sk.net->mem;

	if (!cb)
		return;
	nlk->cb = NULL;
	mem_free(mem, cb->nlh, cb->nlh->nlmsg_len);
	mem_free(mem, cb, sizeof(*cb));
}

static bool dump_put_done(struct netlink_sock *nlk, struct sk_buff *skb)
{
	struct netlink_callback *cb = nlk->cb;
	bool tlvs = (nlk->flags & NETLINK_F_EXT_ACK) && extack_says_something(&cb->extack);
	u16 flags = (u16)(NLM_F_MULTI | cb->answer_flags | (tlvs ? NLM_F_ACK_TLVS : 0));
	struct nlmsghdr *nlh;

	if (skb_tailroom(skb) < 256)
		return false;
	nlh = nlmsg_put(skb, cb->portid, cb->nlh->nlmsg_seq, NLMSG_DONE, flags, sizeof(cb->err));
	memcpy(nlmsg_header(nlh), &cb->err, sizeof(cb->err));
	if (tlvs)
		ack_put_extack(skb, nlh, cb->nlh, &cb->extack);
	nlmsg_end(skb, nlh);
	return true;
}

/* One piece.  Return: 0, or -ENOBUFS: there was no memory, and the reader is told. */
static int netlink_dump(struct netlink_sock *nlk)
{
	struct netlink_callback *cb = nlk->cb;
	struct net *net = nlk->sk.net;
	u32 bytes = max_u32(nlk->max_recvmsg_bytes, DUMP_MIN_BYTES);
	struct sk_buff *skb = nlmsg_new(net, bytes);
	int err;

	if (!skb) {
		netlink_dump_end(nlk);
		netlink_overrun(nlk);
		return -ENOBUFS;
	}
	skb_reserve(skb, ALIGN_UP(skb_tailroom(skb) - bytes, 4U)); /* no more than the reader's buffer holds */
	cb->pause = false;
	if (!cb->finished) {
		err = cb->dump(skb, cb);
		if (err > 0 && !skb->len && !cb->pause)
			err = -EMSGSIZE; /* one message is larger than a piece: no piece would ever hold it */
		cb->finished = err <= 0;
		cb->err = err < 0 ? err : 0;
	}
	if (cb->finished && dump_put_done(nlk, skb))
		netlink_dump_end(nlk);
	else if (cb->pause)
		mod_timer(net->timers, &net->netlink->dump_timer, net->now + DUMP_PAUSE_NS);
	if (skb->len)
		return netlink_reply(nlk, skb);
	consume_skb(skb); /* nothing was found so far */
	return 0;
}

void netlink_dump_more(struct netlink_sock *nlk)
{
	struct sock *sk = &nlk->sk;

	if (nlk->cb && sk->rmem_alloc_bytes <= sk->rcvbuf_bytes / 2)
		(void)netlink_dump(nlk); /* who could not be served was told */
}

void netlink_dump_timer_handler(struct timer *t)
{
	struct netns_netlink *nl = container_of(t, struct netns_netlink, dump_timer);
	struct netlink_sock *nlk;

	list_for_each_entry(nlk, &nl->socks, node) {
		if (nlk->cb && nlk->cb->pause)
			netlink_dump_more(nlk);
	}
}

int netlink_dump_start(const struct nl_request *rq, nl_dump_fn dump)
{
	struct netlink_sock *nlk = rq->nlk;
	struct netlink_callback *cb;
	int err;

	if (nlk->cb)
		return -EBUSY;
	cb = mem_alloc(rq->net->mem, sizeof(*cb));
	if (!cb)
		return -ENOBUFS;
	memset(cb, 0, sizeof(*cb));
	cb->nlh = mem_alloc(rq->net->mem, rq->nlh->nlmsg_len);
	if (!cb->nlh) {
		mem_free(rq->net->mem, cb, sizeof(*cb));
		return -ENOBUFS;
	}
	memcpy(cb->nlh, rq->nlh, rq->nlh->nlmsg_len);
	cb->net = rq->net;
	cb->portid = nlk->portid;
	cb->strict = rq->strict;
	cb->admin = nlk->sk.admin;
	cb->dump = dump;
	nlk->cb = cb;
	if (nlk->sk.protocol == NETLINK_ROUTE)
		netlink_news_resync(nlk, rq->nlh->nlmsg_type);
	err = netlink_has_room(nlk) ? netlink_dump(nlk) : 0;
	return err ? err : NL_DUMP_STARTED;
}

/* ------------------------------------------------------------------ requests */

static int netlink_rcv_one(struct netlink_sock *nlk, const struct nlmsghdr *nlh, struct netlink_ext_ack *extack)
{
	struct nl_request rq = { .net = nlk->sk.net,
				 .nlk = nlk,
				 .nlh = nlh,
				 .extack = extack,
				 .strict = nlk->flags & NETLINK_F_STRICT_CHK };
	struct netns_netlink *nl = rq.net->netlink;
	int err;

	nl->current_portid = nlk->portid;
	nl->current_seq = nlh->nlmsg_seq;
	err = nlk->sk.protocol == NETLINK_SOCK_DIAG ? sock_diag_rcv_msg(&rq) : rtnetlink_rcv_msg(&rq);
	nl->current_portid = 0;
	return err;
}

void netlink_rcv(struct netlink_sock *nlk, const void *buf, size_t len_bytes)
{
	const struct nlmsghdr *nlh = buf;

	sock_hold(&nlk->sk); /* whoever is told of an answer may close the socket */
	while (len_bytes >= sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh) && nlh->nlmsg_len <= len_bytes) {
		size_t step = min_size(ALIGN_UP((size_t)nlh->nlmsg_len, 4U), len_bytes);
		struct netlink_ext_ack extack = { 0 };
		int err = 0;

		if ((nlh->nlmsg_flags & NLM_F_REQUEST) && nlh->nlmsg_type >= NLMSG_MIN_TYPE)
			err = netlink_rcv_one(nlk, nlh, &extack);
		if (err < 0 || (!err && (nlh->nlmsg_flags & NLM_F_ACK)))
			netlink_ack(nlk, nlh, err, &extack);
		len_bytes -= step;
		nlh = (const struct nlmsghdr *)(const void *)((const u8 *)nlh + step);
	}
	sock_put(&nlk->sk);
}
