// SPDX-License-Identifier: BSD-2-Clause
/* rtnetlink: from a message to the one who serves it.
 *
 * @linux rtnetlink_rcv_msg   see rtnetlink(7)
 */
#include "netlink/rtnetlink.h"

#include <errno.h>
#include <string.h>

#include "netlink/netlink_internal.h"
#include "netlink/rtnl_ipv6.h"

enum rtnl_kind { RTNL_NEW, RTNL_DEL, RTNL_GET, RTNL_SET }; /* last two bits of a message type */
static_assert(RTM_BASE == NLMSG_MIN_TYPE, "netlink_rcv() hands on none that is less");

static const struct rtnl_handler *const rtnl_handlers[] = {
	rtnl_link_handlers,  rtnl_addr_handlers,     rtnl_route_handlers, rtnl_rule_handlers,
	rtnl_neigh_handlers, rtnl_neightbl_handlers, rtnl_addr6_handlers, rtnl_addrlabel_handlers,
	rtnl_link6_handlers, rtnl_route6_handlers,   rtnl_rule6_handlers, rtnl_netconf_handlers,
	rtnl_nsid_handlers,
};

static const struct rtnl_handler *rtnl_find_exact(u8 family, u16 type)
{
	for (u32 i = 0; i < ARRAY_SIZE(rtnl_handlers); i++) {
		for (const struct rtnl_handler *h = rtnl_handlers[i]; h->type; h++) {
			if (h->family == family && h->type == type)
				return h;
		}
	}
	return NULL;
}

static const struct rtnl_handler *rtnl_find(u8 family, u16 type)
{
	const struct rtnl_handler *h = rtnl_find_exact(family, type);

	return h ? h : rtnl_find_exact(AF_UNSPEC, type);
}

int rtnl_dump_nothing(struct sk_buff *skb, struct netlink_callback *cb)
{
	(void)skb;
	(void)cb;
	return 0;
}

static const u8 rtnl_families[] = { AF_INET, AF_INET6 };

/* For AF_UNSPEC the families are listed one after the other. */
static int rtnl_dump_all(struct sk_buff *skb, struct netlink_callback *cb)
{
	for (; cb->family_index < ARRAY_SIZE(rtnl_families); cb->family_index++) {
		const struct rtnl_handler *h = rtnl_find_exact(rtnl_families[cb->family_index], cb->nlh->nlmsg_type);
		int err = h && h->dumpit ? h->dumpit(skb, cb) : 0;

		if (err)
			return err;
		memset(cb->args, 0, sizeof(cb->args));
		cb->started = false;
	}
	return 0;
}

static nl_dump_fn rtnl_dumpit(u8 family, u16 type)
{
	const struct rtnl_handler *h = rtnl_find(family, type);

	if (h)
		return h->dumpit;
	h = rtnl_find_exact(AF_INET, type);
	if (!h)
		return NULL;
	return family == AF_UNSPEC ? rtnl_dump_all : rtnl_dump_nothing;
}

int rtnetlink_rcv_msg(const struct nl_request *rq)
{
	const struct rtgenmsg *gen = rtnl_header(rq->nlh, sizeof(*gen));
	u16 type = rq->nlh->nlmsg_type;
	enum rtnl_kind kind = (enum rtnl_kind)((type - RTM_BASE) & 3);
	const struct rtnl_handler *h;
	nl_dump_fn dumpit;

	if (type > RTM_MAX)
		return -EOPNOTSUPP;
	if (!gen)
		return 0; /* as Linux: nothing asked */
	if (kind != RTNL_GET && !rq->nlk->sk.admin)
		return -EPERM;
	if (kind == RTNL_GET && (rq->nlh->nlmsg_flags & NLM_F_DUMP)) {
		dumpit = rtnl_dumpit(gen->rtgen_family, type);
		return dumpit ? netlink_dump_start(rq, dumpit) : -EOPNOTSUPP;
	}
	h = rtnl_find(gen->rtgen_family, type);
	if (h && !h->doit) /* a family that only lists: one is asked for as if of no family */
		h = rtnl_find_exact(AF_UNSPEC, type);
	if (!h || !h->doit)
		return -EOPNOTSUPP;
	if (kind == RTNL_DEL && (rq->nlh->nlmsg_flags & NLM_F_BULK)) {
		NL_SET_ERR_MSG(rq->extack, "Bulk delete is not supported");
		return -EOPNOTSUPP;
	}
	return h->doit(rq);
}

const void *rtnl_header(const struct nlmsghdr *nlh, size_t header_bytes)
{
	if (nlh->nlmsg_len < sizeof(*nlh) + header_bytes)
		return NULL;
	return (const u8 *)nlh + sizeof(*nlh);
}
