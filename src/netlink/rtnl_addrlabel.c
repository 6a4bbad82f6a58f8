// SPDX-License-Identifier: BSD-2-Clause
/* RTM_NEWADDRLABEL, RTM_DELADDRLABEL, RTM_GETADDRLABEL: what `ip addrlabel` says.
 *
 * @rfc 6724 2.1   @linux net/ipv6/addrlabel.c
 */
#include <errno.h>
#include <linux/if_addrlabel.h>
#include <string.h>

#include "ipv6/addrconf.h"
#include "netlink/rtnl_ipv6.h"

#define LABEL_MSG_BYTES 128U

static const struct nla_policy label_policy[IFAL_MAX + 1] = {
	[IFAL_ADDRESS] = { .kind = NLA_ANY, .min_bytes = sizeof(struct in6_addr) },
	[IFAL_LABEL] = { .kind = NLA_K_U32 },
};

static int label_refuse(struct netlink_ext_ack *extack, const char *text)
{
	NL_SET_ERR_MSG(extack, text);
	return -EINVAL;
}

/* ------------------------------------------------------------------ out */

static bool fill_label(const struct nl_target *to, const struct ip6_addrlabel *l, int ifindex, u32 seq)
{
	struct nlmsghdr *nlh =
		nlmsg_put(to->skb, to->portid, to->seq, to->type, to->flags, sizeof(struct ifaddrlblmsg));
	struct ifaddrlblmsg *lm;

	if (!nlh)
		return false;
	lm = nlmsg_header(nlh);
	lm->ifal_family = AF_INET6;
	lm->ifal_prefixlen = l->prefix_len;
	lm->ifal_index = (u32)ifindex;
	lm->ifal_seq = seq;
	if (!nla_put(to->skb, nlh, IFAL_ADDRESS, &l->prefix, sizeof(l->prefix)) ||
	    !nla_put_u32(to->skb, nlh, IFAL_LABEL, l->label))
		return false;
	nlmsg_end(to->skb, nlh);
	return true;
}

/* ------------------------------------------------------------------ NEW, DEL */

static int label_parse(const struct nl_request *rq, struct ip6_addrlabel *out)
{
	const struct ifaddrlblmsg *lm = rtnl_header(rq->nlh, sizeof(*lm));
	const struct nlattr *tb[IFAL_MAX + 1];
	int err = nlmsg_parse(rq->nlh, sizeof(*lm), tb, IFAL_MAX, label_policy, false, rq->extack);

	if (err)
		return err;
	if (lm->ifal_prefixlen > 128 || !tb[IFAL_ADDRESS] || !tb[IFAL_LABEL])
		return -EINVAL;
	memcpy(&out->prefix, nla_data(tb[IFAL_ADDRESS]), sizeof(out->prefix));
	out->prefix_len = lm->ifal_prefixlen;
	out->ifindex = (int)lm->ifal_index;
	out->label = nla_get_u32(tb[IFAL_LABEL]);
	return out->label == IPV6_ADDR_LABEL_DEFAULT ? -EINVAL : 0;
}

static int rtm_newaddrlabel(const struct nl_request *rq)
{
	struct ip6_addrlabel label;
	int err = label_parse(rq, &label);

	if (err)
		return err;
	if (label.ifindex && !dev_find_by_index(rq->net, label.ifindex))
		return -EINVAL;
	return ipv6_addr_label_add(rq->net, &label, rq->nlh->nlmsg_flags & NLM_F_REPLACE);
}

static int rtm_deladdrlabel(const struct nl_request *rq)
{
	struct ip6_addrlabel label;
	int err = label_parse(rq, &label);

	return err ? err : ipv6_addr_label_del(rq->net, &label);
}

/* ------------------------------------------------------------------ GET */

static int get_check(const struct nl_request *rq, const struct ifaddrlblmsg *lm, const struct nlattr **tb)
{
	int err;

	if (!lm)
		return label_refuse(rq->extack, "ipv6: Invalid header for addrlabel get request");
	if (rq->strict && (lm->__ifal_reserved || lm->ifal_flags || lm->ifal_seq))
		return label_refuse(rq->extack, "ipv6: Invalid values in header for addrlabel get request");
	err = nlmsg_parse(rq->nlh, sizeof(*lm), tb, IFAL_MAX, label_policy, rq->strict, rq->extack);
	if (!err && rq->strict && tb[IFAL_LABEL])
		return label_refuse(rq->extack, "ipv6: Unsupported attribute in addrlabel get request");
	return err;
}

static int rtm_getaddrlabel(const struct nl_request *rq)
{
	const struct ifaddrlblmsg *lm = rtnl_header(rq->nlh, sizeof(*lm));
	const struct nlattr *tb[IFAL_MAX + 1];
	const struct ip6_addrlabel *label;
	struct in6_addr addr;
	struct nl_target to;
	struct sk_buff *skb;
	bool fits;
	int err = get_check(rq, lm, tb);

	if (err)
		return err;
	if (lm->ifal_prefixlen != 128 || !tb[IFAL_ADDRESS] ||
	    (lm->ifal_index && !dev_find_by_index(rq->net, (int)lm->ifal_index)))
		return -EINVAL;
	memcpy(&addr, nla_data(tb[IFAL_ADDRESS]), sizeof(addr));
	label = ipv6_addr_label_find(rq->net, &addr, (int)lm->ifal_index);
	if (!label)
		return -ESRCH;
	skb = nlmsg_new(rq->net, LABEL_MSG_BYTES);
	if (!skb)
		return -ENOBUFS;
	to = nl_request_target(rq, skb, RTM_NEWADDRLABEL);
	fits = fill_label(&to, label, (int)lm->ifal_index, ipv6_addr_label_seq(rq->net));
	assert(fits); /* the skb was made for it */
	return netlink_reply(rq->nlk, skb);
}

static int dump_begin(struct netlink_callback *cb)
{
	const struct ifaddrlblmsg *lm = rtnl_header(cb->nlh, sizeof(*lm));

	if (!cb->strict)
		return 0;
	if (!lm)
		return label_refuse(&cb->extack, "ipv6: Invalid header for address label dump request");
	if (lm->__ifal_reserved || lm->ifal_prefixlen || lm->ifal_flags || lm->ifal_index || lm->ifal_seq)
		return label_refuse(&cb->extack, "ipv6: Invalid values in header for address label dump request");
	if (cb->nlh->nlmsg_len > NLMSG_LENGTH(sizeof(*lm)))
		return label_refuse(&cb->extack, "ipv6: Invalid data after header for address label dump request");
	return 0;
}

/** struct label_dump - cb->args[0]: how many were told */
struct label_dump {
	struct nl_target to;
	struct netlink_callback *cb;
	u64 place;
};

static int dump_one(void *ctx, const struct ip6_addrlabel *l)
{
	struct label_dump *d = ctx;

	if (d->place++ < d->cb->args[0])
		return 0;
	if (!fill_label(&d->to, l, l->ifindex, ipv6_addr_label_seq(d->cb->net)))
		return 1;
	d->cb->args[0]++;
	return 0;
}

static int rtm_dumpaddrlabel(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct label_dump d = { .cb = cb };
	int err;

	if (!cb->started) {
		err = dump_begin(cb);
		if (err)
			return err;
	}
	nl_dump_genid(cb, ipv6_addr_label_seq(cb->net));
	d.to = nl_dump_target(skb, cb, RTM_NEWADDRLABEL);
	return ipv6_addr_label_each(cb->net, dump_one, &d);
}

const struct rtnl_handler rtnl_addrlabel_handlers[] = {
	{ AF_INET6, RTM_NEWADDRLABEL, rtm_newaddrlabel, NULL },
	{ AF_INET6, RTM_DELADDRLABEL, rtm_deladdrlabel, NULL },
	{ AF_INET6, RTM_GETADDRLABEL, rtm_getaddrlabel, rtm_dumpaddrlabel },
	{ 0 },
};
