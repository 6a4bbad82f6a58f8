// SPDX-License-Identifier: BSD-2-Clause
/* RTM_GETNSID: which other nets have a number here.  None has: a net knows of no other.
 *
 * `ip monitor all` asks it of its own net.   @linux net/core/net_namespace.c
 */
#include <errno.h>
#include <linux/net_namespace.h>

#include "netlink/rtnetlink.h"

#define NSID_MSG_BYTES 64U

static const struct nla_policy nsid_policy[NETNSA_MAX + 1] = {
	[NETNSA_NSID] = { .kind = NLA_K_U32 },         [NETNSA_PID] = { .kind = NLA_K_U32 },
	[NETNSA_FD] = { .kind = NLA_K_U32 },           [NETNSA_TARGET_NSID] = { .kind = NLA_K_U32 },
	[NETNSA_CURRENT_NSID] = { .kind = NLA_K_U32 },
};

static int nsid_reply(const struct nl_request *rq)
{
	struct sk_buff *skb = nlmsg_new(rq->net, NSID_MSG_BYTES);
	struct nl_target to;
	struct nlmsghdr *nlh;
	bool fits;

	if (!skb)
		return -ENOBUFS;
	to = nl_request_target(rq, skb, RTM_NEWNSID);
	nlh = nlmsg_put(skb, to.portid, to.seq, to.type, to.flags, sizeof(struct rtgenmsg));
	fits = nlh && nla_put_u32(skb, nlh, NETNSA_NSID, (u32)NETNSA_NSID_NOT_ASSIGNED);
	assert(fits); /* the skb was made for it */
	nlmsg_end(skb, nlh);
	return netlink_reply(rq->nlk, skb);
}

static int rtm_getnsid(const struct nl_request *rq)
{
	const struct nlattr *tb[NETNSA_MAX + 1];
	int err = nlmsg_parse(rq->nlh, sizeof(struct rtgenmsg), tb, NETNSA_MAX, nsid_policy, rq->strict, rq->extack);

	if (err)
		return err;
	if (tb[NETNSA_PID] || tb[NETNSA_FD])
		return nsid_reply(rq);
	if (tb[NETNSA_NSID]) {
		NL_SET_ERR_MSG_ATTR(rq->extack, tb[NETNSA_NSID], "Peer netns reference is invalid");
		return -ENOENT;
	}
	NL_SET_ERR_MSG(rq->extack, "Peer netns reference is missing");
	return -EINVAL;
}

const struct rtnl_handler rtnl_nsid_handlers[] = {
	{ AF_UNSPEC, RTM_GETNSID, rtm_getnsid, rtnl_dump_nothing },
	{ 0 },
};
