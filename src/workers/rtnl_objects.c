// SPDX-License-Identifier: BSD-2-Clause
/* What tables hold: which of them all workers have alike, and how one object is told from another. */
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <string.h>

#include "workers/rtnl.h"

const struct rtnl_dump rtnl_dumps[RTNL_DUMPS] = {
	{ RTM_GETLINK, 0, AF_UNSPEC },
	{ RTM_GETADDR, RTM_DELADDR, AF_INET },
	{ RTM_GETADDR, RTM_DELADDR, AF_INET6 },
	{ RTM_GETRULE, RTM_DELRULE, AF_INET },
	{ RTM_GETRULE, RTM_DELRULE, AF_INET6 },
	{ RTM_GETROUTE, RTM_DELROUTE, AF_INET },
	{ RTM_GETROUTE, RTM_DELROUTE, AF_INET6 },
	{ RTM_GETNEIGH, RTM_DELNEIGH, AF_UNSPEC },
};

int rtnl_dump_start(struct nethood_sock *sk, const struct rtnl_dump *dump)
{
	struct rtnl_msg msg;
	struct rtgenmsg *gen = rtnl_begin(&msg, dump->get, NLM_F_DUMP, sizeof(*gen));

	gen->rtgen_family = dump->family;
	return rtnl_send(sk, &msg.nlh);
}

/* ------------------------------------------------------------------ next hops */

static struct rtnexthop *hop_if(struct rtnexthop *hop, int left)
{
	return left >= (int)sizeof(*hop) && RTNH_OK(hop, left) ? hop : NULL;
}

static struct rtnexthop *hop_first(const struct nlmsghdr *nlh, int *left)
{
	bool is_route = nlh->nlmsg_type == RTM_NEWROUTE || nlh->nlmsg_type == RTM_DELROUTE;
	const struct nlattr *a = is_route ? rtnl_attr(nlh, RTA_MULTIPATH) : NULL;

	*left = a ? mnl_attr_get_payload_len(a) : 0;
	return a ? hop_if(mnl_attr_get_payload(a), *left) : NULL;
}

static struct rtnexthop *hop_next(const struct rtnexthop *hop, int *left)
{
	*left -= (int)ALIGN_UP(hop->rtnh_len, 4U);
	return hop_if(RTNH_NEXT(hop), *left);
}

void rtnl_hops_settle(struct nlmsghdr *nlh)
{
	int left;

	for (struct rtnexthop *hop = hop_first(nlh, &left); hop; hop = hop_next(hop, &left))
		hop->rtnh_flags &= RTNH_F_ONLINK;
}

/* The attributes between @from and @end, but for that of type @but. */
static void put_attrs(struct rtnl_msg *msg, const void *from, const void *end, u16 but)
{
	const struct nlattr *a = from;

	for (; mnl_attr_ok(a, (int)((const u8 *)end - (const u8 *)a)); a = mnl_attr_next(a)) {
		if (mnl_attr_get_type(a) != but)
			rtnl_put(msg, a->nla_type, mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
	}
}

/* The route of @nlh, by @hop alone.  A weight has no other place than among several. */
static void route_by_hop(struct rtnl_msg *msg, const struct nlmsghdr *nlh, const struct rtnexthop *hop)
{
	struct rtmsg *rtm = rtnl_begin(msg, nlh->nlmsg_type, nlh->nlmsg_flags, sizeof(*rtm));

	memcpy(rtm, mnl_nlmsg_get_payload(nlh), sizeof(*rtm));
	rtm->rtm_flags = hop->rtnh_flags;
	put_attrs(msg, mnl_nlmsg_get_payload_offset(nlh, sizeof(*rtm)), mnl_nlmsg_get_payload_tail(nlh), RTA_MULTIPATH);
	if (hop->rtnh_hops) {
		rtnl_put(msg, RTA_MULTIPATH, hop, hop->rtnh_len);
		return;
	}
	rtnl_put(msg, RTA_OIF, &hop->rtnh_ifindex, sizeof(hop->rtnh_ifindex));
	put_attrs(msg, hop + 1, (const u8 *)hop + hop->rtnh_len, RTA_UNSPEC);
}

void rtnl_each_object(const struct nlmsghdr *nlh, void (*fn)(void *ctx, const struct nlmsghdr *object), void *ctx)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct rtnexthop *hop;
	int left;

	hop = hop_first(nlh, &left);
	if (!hop || rtm->rtm_family != AF_INET6) {
		fn(ctx, nlh);
		return;
	}
	for (; hop; hop = hop_next(hop, &left)) {
		struct rtnl_msg msg;

		route_by_hop(&msg, nlh, hop);
		fn(ctx, &msg.nlh);
	}
}

/* ------------------------------------------------------------------ keys */

/* FNV-1a: both sides are ours, and a collision keeps one object that is too much until the next time. */
static u64 key_add(u64 key, const void *data, size_t len_bytes)
{
	const u8 *p = data;

	for (size_t i = 0; i < len_bytes; i++)
		key = (key ^ p[i]) * 0x100000001b3ULL;
	return key;
}

static u64 key_add_attr(u64 key, const struct nlmsghdr *nlh, u16 type)
{
	const struct nlattr *a = rtnl_attr(nlh, type);

	return a ? key_add(key_add(key, &type, sizeof(type)), mnl_attr_get_payload(a), mnl_attr_get_payload_len(a))
		 : key;
}

static u64 key_add_attrs(u64 key, const struct nlmsghdr *nlh, const u16 *types)
{
	while (*types)
		key = key_add_attr(key, nlh, *types++);
	return key;
}

static u64 key_add_hops(u64 key, const struct nlmsghdr *nlh)
{
	int left;

	for (const struct rtnexthop *hop = hop_first(nlh, &left); hop; hop = hop_next(hop, &left)) {
		key = key_add(key, &hop->rtnh_hops, sizeof(hop->rtnh_hops));
		key = key_add(key, &hop->rtnh_ifindex, sizeof(hop->rtnh_ifindex));
		key = key_add(key, hop + 1, hop->rtnh_len - sizeof(*hop));
	}
	return key;
}

u64 rtnl_key(const struct nlmsghdr *nlh)
{
	static const u16 addr[] = { IFA_ADDRESS, IFA_LOCAL, 0 };
	static const u16 neigh[] = { NDA_DST, 0 };
	static const u16 route[] = { RTA_DST,     RTA_SRC,   RTA_OIF, RTA_GATEWAY, RTA_PRIORITY,
				     RTA_PREFSRC, RTA_TABLE, RTA_VIA, RTA_METRICS, 0 };
	static const u16 rule[] = { FRA_DST,
				    FRA_SRC,
				    FRA_IIFNAME,
				    FRA_OIFNAME,
				    FRA_PRIORITY,
				    FRA_FWMARK,
				    FRA_TABLE,
				    FRA_FWMASK,
				    FRA_UID_RANGE,
				    FRA_IP_PROTO,
				    FRA_SPORT_RANGE,
				    FRA_DPORT_RANGE,
				    FRA_SUPPRESS_PREFIXLEN,
				    FRA_GOTO,
				    0 };
	const void *payload = mnl_nlmsg_get_payload(nlh);
	const struct ifaddrmsg *ifa = payload;
	const struct ndmsg *ndm = payload;
	struct rtmsg rtm;
	u64 key = key_add(0xcbf29ce484222325ULL, &nlh->nlmsg_type, sizeof(nlh->nlmsg_type));

	switch (nlh->nlmsg_type) {
	case RTM_NEWADDR:
		key = key_add(key, &ifa->ifa_family, sizeof(ifa->ifa_family));
		key = key_add(key, &ifa->ifa_prefixlen, sizeof(ifa->ifa_prefixlen));
		key = key_add(key, &ifa->ifa_index, sizeof(ifa->ifa_index));
		return key_add_attrs(key, nlh, addr);
	case RTM_NEWNEIGH:
		key = key_add(key, &ndm->ndm_family, sizeof(ndm->ndm_family));
		key = key_add(key, &ndm->ndm_ifindex, sizeof(ndm->ndm_ifindex));
		return key_add_attrs(key, nlh, neigh);
	case RTM_NEWROUTE:
		rtm = *(const struct rtmsg *)payload;
		rtm.rtm_flags = 0; /* they tell of the link */
		return key_add_hops(key_add_attrs(key_add(key, &rtm, sizeof(rtm)), nlh, route), nlh);
	default:
		return key_add_attrs(key_add(key, payload, sizeof(struct fib_rule_hdr)), nlh, rule);
	}
}
