// SPDX-License-Identifier: BSD-2-Clause
/* AF_NETLINK as a socket family: names, groups, options, sending and receiving.
 *
 * @linux net/netlink/af_netlink.c   see netlink(7)
 *
 * Reading order: netlink_sendmsg(), netlink_recvmsg(), then the options.
 */
#include "netlink/af_netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/list.h"
#include "netlink/netlink_internal.h"

#define NETLINK_MAX_GROUPS 64U
#define NETLINK_MAX_REQUEST_BYTES (1U << 20) /* one datagram of requests */
#define NETLINK_MAX_DUMP_BYTES 65536U /* Linux: half of it; but then a route that it has may be too long to be told */
#define SOL_NETLINK_LEVEL 270

static u64 group_bit(u32 group)
{
	return 1ULL << (group - 1);
}

static void netlink_set_groups(struct netlink_sock *nlk, u64 groups)
{
	struct netns_netlink *nl = nlk->sk.net->netlink;

	for (u32 g = 1; nlk->sk.protocol == NETLINK_ROUTE && g <= NETLINK_MAX_GROUPS; g++) {
		nl->members[g] += (groups & group_bit(g)) != 0;
		nl->members[g] -= (nlk->groups & group_bit(g)) != 0;
	}
	nlk->groups = groups;
}

static int netlink_init(struct sock *sk)
{
	struct netlink_sock *nlk = nlk_sk(sk);

	netlink_news_init(nlk);
	list_add_tail(&nlk->node, &sk->net->netlink->socks);
	return 0;
}

static void netlink_destroy(struct sock *sk)
{
	struct netlink_sock *nlk = nlk_sk(sk);

	netlink_dump_end(nlk);
	netlink_news_fini(nlk);
	netlink_set_groups(nlk, 0);
	list_del_init(&nlk->node);
}

/* ------------------------------------------------------------------ names */

/* Each protocol has port numbers of its own. */
static struct netlink_sock *netlink_find(struct net *net, u16 protocol, u32 portid)
{
	struct netlink_sock *nlk;

	list_for_each_entry(nlk, &net->netlink->socks, node) {
		if (nlk->portid == portid && nlk->sk.protocol == protocol)
			return nlk;
	}
	return NULL;
}

static void netlink_autobind(struct netlink_sock *nlk)
{
	struct netns_netlink *nl = nlk->sk.net->netlink;

	do {
		nl->next_portid++;
	} while (!nl->next_portid || netlink_find(nlk->sk.net, nlk->sk.protocol, nl->next_portid));
	nlk->portid = nl->next_portid;
}

static int netlink_addr(const struct sockaddr *addr, socklen_t len_bytes, struct sockaddr_nl *out)
{
	if (len_bytes < sizeof(*out))
		return -EINVAL;
	memcpy(out, addr, sizeof(*out));
	return out->nl_family == AF_NETLINK ? 0 : -EINVAL;
}

static int netlink_bind(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct netlink_sock *nlk = nlk_sk(sk);
	struct sockaddr_nl nladdr;
	int err = netlink_addr(addr, len_bytes, &nladdr);

	if (err)
		return err;
	if (nlk->portid && nladdr.nl_pid != nlk->portid)
		return -EINVAL;
	if (!nlk->portid) {
		if (nladdr.nl_pid && netlink_find(sk->net, sk->protocol, nladdr.nl_pid))
			return -EADDRINUSE;
		if (nladdr.nl_pid)
			nlk->portid = nladdr.nl_pid;
		else
			netlink_autobind(nlk);
	}
	/* bind() speaks for the first 32 groups; the others are joined by NETLINK_ADD_MEMBERSHIP. */
	netlink_set_groups(nlk, (nlk->groups & ~0xffffffffULL) | nladdr.nl_groups);
	return 0;
}

static int netlink_connect(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes)
{
	struct netlink_sock *nlk = nlk_sk(sk);
	struct sockaddr_nl nladdr;
	int err;

	if (len_bytes >= sizeof(addr->sa_family) && addr->sa_family == AF_UNSPEC) {
		nlk->dst_portid = nlk->dst_groups = 0;
		return 0;
	}
	err = netlink_addr(addr, len_bytes, &nladdr);
	if (err)
		return err;
	if (!nlk->portid)
		netlink_autobind(nlk);
	nlk->dst_portid = nladdr.nl_pid;
	nlk->dst_groups = nladdr.nl_groups;
	return 0;
}

static int netlink_getname(struct sock *sk, struct sockaddr_storage *addr, bool peer)
{
	const struct netlink_sock *nlk = nlk_sk(sk);
	struct sockaddr_nl nladdr = { .nl_family = AF_NETLINK };

	nladdr.nl_pid = peer ? nlk->dst_portid : nlk->portid;
	nladdr.nl_groups = peer ? nlk->dst_groups : (u32)nlk->groups;
	memcpy(addr, &nladdr, sizeof(nladdr));
	return (int)sizeof(nladdr);
}

/* ------------------------------------------------------------------ sending */

/* From one program to another: the net only carries it. */
static ssize_t netlink_unicast(struct netlink_sock *from, struct netlink_sock *to, const void *buf, size_t len_bytes)
{
	struct sk_buff *skb = nlmsg_new(from->sk.net, (u32)len_bytes);

	if (!skb)
		return -ENOBUFS;
	memcpy(skb_put(skb, (u32)len_bytes), buf, len_bytes);
	NETLINK_CB(skb)->portid = from->portid;
	return netlink_queue(to, skb) ? -EAGAIN : (ssize_t)len_bytes;
}

static int netlink_destination(struct netlink_sock *nlk, const struct msghdr *msg, u32 *portid)
{
	struct sockaddr_nl nladdr;
	int err;

	*portid = nlk->dst_portid;
	if (!msg->msg_name || !msg->msg_namelen)
		return 0;
	err = netlink_addr(msg->msg_name, msg->msg_namelen, &nladdr);
	if (err)
		return err;
	if (nladdr.nl_groups)
		return -EPERM; /* only the net speaks to groups */
	*portid = nladdr.nl_pid;
	return 0;
}

static ssize_t netlink_deliver(struct netlink_sock *nlk, u32 portid, const void *buf, size_t len_bytes)
{
	struct netlink_sock *to;

	if (!portid) {
		netlink_rcv(nlk, buf, len_bytes);
		return (ssize_t)len_bytes;
	}
	to = netlink_find(nlk->sk.net, nlk->sk.protocol, portid);
	return to ? netlink_unicast(nlk, to, buf, len_bytes) : -ECONNREFUSED;
}

static ssize_t netlink_sendmsg(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags)
{
	struct netlink_sock *nlk = nlk_sk(sk);
	ssize_t ret;
	u32 portid;
	void *buf;
	int err;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = netlink_destination(nlk, msg, &portid);
	if (err)
		return err;
	if (!nlk->portid)
		netlink_autobind(nlk);
	if (len_bytes > sk->sndbuf_bytes || len_bytes > NETLINK_MAX_REQUEST_BYTES)
		return -EMSGSIZE;
	if (!len_bytes)
		return -ENODATA;
	buf = mem_alloc(sk->net->mem, len_bytes);
	if (!buf)
		return -ENOBUFS;
	err = memcpy_from_iov(buf, msg->msg_iov, msg->msg_iovlen, 0, len_bytes);
	ret = err ? err : netlink_deliver(nlk, portid, buf, len_bytes);
	mem_free(sk->net->mem, buf, len_bytes);
	return ret;
}

/* ------------------------------------------------------------------ receiving */

static void netlink_recv_name(struct msghdr *msg, const struct sk_buff *skb)
{
	struct sockaddr_nl from = { .nl_family = AF_NETLINK };
	const struct netlink_skb_parms *parms = NETLINK_CB(skb);

	from.nl_pid = parms->portid;
	if (parms->group && parms->group <= 32)
		from.nl_groups = 1U << (parms->group - 1);
	if (msg->msg_name)
		memcpy(msg->msg_name, &from, min_size(msg->msg_namelen, sizeof(from)));
	msg->msg_namelen = sizeof(from);
}

static void netlink_recv_cmsgs(struct netlink_sock *nlk, struct msghdr *msg, const struct sk_buff *skb)
{
	struct cmsg_out out;

	cmsg_out_begin(&out, msg);
	if (nlk->flags & NETLINK_F_PKTINFO) {
		struct nl_pktinfo info = { .group = NETLINK_CB(skb)->group };

		put_cmsg(&out, SOL_NETLINK_LEVEL, NETLINK_PKTINFO, &info, sizeof(info));
	}
	cmsg_out_end(&out, msg);
}

/* A reader with a large buffer gets a dump in large pieces. */
static void netlink_learn_buffer(struct netlink_sock *nlk, size_t len_bytes)
{
	u32 bytes = (u32)min_size(len_bytes, NETLINK_MAX_DUMP_BYTES);

	if (bytes > nlk->max_recvmsg_bytes)
		nlk->max_recvmsg_bytes = bytes;
}

/* A reader that has read all hears what comes from now on; also if the only thing that was lost is what it waits for. */
static void netlink_caught_up(struct netlink_sock *nlk)
{
	if (skb_queue_empty(&nlk->sk.receive_queue))
		nlk->flags &= ~(u32)NETLINK_F_CONGESTED;
}

static ssize_t netlink_recvmsg(struct sock *sk, struct msghdr *msg, size_t len_bytes, int flags)
{
	struct netlink_sock *nlk = nlk_sk(sk);
	struct sk_buff *skb;
	ssize_t copied;
	int err;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	netlink_learn_buffer(nlk, len_bytes);
	err = skb_recv_datagram(sk, flags, &skb);
	if (err) {
		netlink_caught_up(nlk);
		return err;
	}
	copied = (ssize_t)min_size(len_bytes, skb->len);
	msg->msg_flags = (size_t)copied < skb->len ? MSG_TRUNC : 0;
	err = skb_copy_datagram_iov(skb, 0, msg->msg_iov, msg->msg_iovlen, (u32)copied);
	netlink_recv_name(msg, skb);
	netlink_recv_cmsgs(nlk, msg, skb);
	if (flags & MSG_TRUNC)
		copied = (ssize_t)skb->len;
	if (!(flags & MSG_PEEK)) {
		netlink_news_read(nlk, skb);
		consume_skb(skb);
		netlink_caught_up(nlk);
		netlink_dump_more(nlk);
	}
	return err ? err : copied;
}

/* ------------------------------------------------------------------ options */

static int netlink_membership(struct netlink_sock *nlk, u32 group, bool join)
{
	if (!group || group > NETLINK_MAX_GROUPS)
		return -EINVAL;
	if (!nlk->portid)
		netlink_autobind(nlk);
	netlink_set_groups(nlk, join ? nlk->groups | group_bit(group) : nlk->groups & ~group_bit(group));
	return 0;
}

static const struct {
	int name;
	u32 flag;
} netlink_flag_options[] = {
	{ NETLINK_PKTINFO, NETLINK_F_PKTINFO },
	{ NETLINK_BROADCAST_ERROR, NETLINK_F_BROADCAST_ERROR },
	{ NETLINK_NO_ENOBUFS, NETLINK_F_NO_ENOBUFS },
	{ NETLINK_CAP_ACK, NETLINK_F_CAP_ACK },
	{ NETLINK_EXT_ACK, NETLINK_F_EXT_ACK },
	{ NETLINK_GET_STRICT_CHK, NETLINK_F_STRICT_CHK },
	{ NETLINK_LISTEN_ALL_NSID, NETLINK_F_LISTEN_ALL_NSID },
};

static u32 netlink_flag_of(int name)
{
	for (u32 i = 0; i < ARRAY_SIZE(netlink_flag_options); i++) {
		if (netlink_flag_options[i].name == name)
			return netlink_flag_options[i].flag;
	}
	return 0;
}

static int netlink_setsockopt(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes)
{
	struct netlink_sock *nlk = nlk_sk(sk);
	u32 flag = netlink_flag_of(name);
	u32 val = 0;

	if (level != SOL_NETLINK_LEVEL)
		return -ENOPROTOOPT;
	if (len_bytes >= sizeof(val))
		memcpy(&val, value, sizeof(val));
	if (name == NETLINK_ADD_MEMBERSHIP || name == NETLINK_DROP_MEMBERSHIP)
		return netlink_membership(nlk, val, name == NETLINK_ADD_MEMBERSHIP);
	if (!flag)
		return -ENOPROTOOPT;
	nlk->flags = val ? nlk->flags | flag : nlk->flags & ~flag;
	return 0;
}

static int netlink_getsockopt(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes)
{
	const struct netlink_sock *nlk = nlk_sk(sk);
	u32 flag = netlink_flag_of(name);
	int val = (nlk->flags & flag) != 0;

	if (level != SOL_NETLINK_LEVEL)
		return -ENOPROTOOPT;
	if (name == NETLINK_LIST_MEMBERSHIPS) {
		memcpy(value, &nlk->groups, min_size(*len_bytes, sizeof(nlk->groups)));
		*len_bytes = sizeof(nlk->groups);
		return 0;
	}
	if (!flag)
		return -ENOPROTOOPT;
	if (*len_bytes < sizeof(val))
		return -EINVAL;
	memcpy(value, &val, sizeof(val));
	*len_bytes = sizeof(val);
	return 0;
}

/* ------------------------------------------------------------------ family */

static const struct proto netlink_proto = {
	.name = "NETLINK",
	.obj_bytes = sizeof(struct netlink_sock),
	.init = netlink_init,
	.destroy = netlink_destroy,
	.bind = netlink_bind,
	.connect = netlink_connect,
	.sendmsg = netlink_sendmsg,
	.recvmsg = netlink_recvmsg,
	.getname = netlink_getname,
	.setsockopt = netlink_setsockopt,
	.getsockopt = netlink_getsockopt,
};

static int netlink_create(struct net *net, int type, int protocol, const struct proto **out)
{
	(void)net;
	if (type != SOCK_RAW && type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (protocol != NETLINK_ROUTE && protocol != NETLINK_SOCK_DIAG)
		return -EPROTONOSUPPORT;
	*out = &netlink_proto;
	return 0;
}

const struct net_proto_family netlink_family = { .family = AF_NETLINK, .create = netlink_create };

int netlink_net_init(struct net *net)
{
	struct netns_netlink *nl = mem_alloc(net->mem, sizeof(*nl));
	int err;

	if (!nl)
		return -ENOMEM;
	memset(nl, 0, sizeof(*nl));
	INIT_LIST_HEAD(&nl->socks);
	timer_setup(&nl->dump_timer, netlink_dump_timer_handler);
	net->netlink = nl;
	err = rtnl_notify_init(net);
	if (err) {
		net->netlink = NULL;
		mem_free(net->mem, nl, sizeof(*nl));
	}
	return err;
}

void netlink_net_exit(struct net *net)
{
	assert(list_empty(&net->netlink->socks));
	timer_delete(net->timers, &net->netlink->dump_timer);
	rtnl_notify_exit(net);
	mem_free(net->mem, net->netlink, sizeof(*net->netlink));
	net->netlink = NULL;
}
