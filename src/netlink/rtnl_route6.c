// SPDX-License-Identifier: BSD-2-Clause
/* RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE for IPv6.
 *
 * @linux net/ipv6/route.c rtm_to_fib6_config, rt6_fill_node, inet6_rtm_getroute
 */
#include <errno.h>
#include <string.h>

#include "ipv6/ip6_fib.h"
#include "ipv6/ip6_route.h"
#include "ipv6/ndisc.h"
#include "netlink/rtnl_ipv6.h"

#define ROUTE_MSG_BYTES 1024U
#define ROUTE_MSG_BYTES_MAX 65536U
#define USER_HZ 100
#define CLNTREF_OF_A_QUESTION 2 /* the FIB's reference, and the one who asks */

static const struct nla_policy route_policy[RTA_MAX + 1] = {
	[RTA_GATEWAY] = { .kind = NLA_ANY, .min_bytes = sizeof(struct in6_addr) },
	[RTA_PREFSRC] = { .kind = NLA_ANY, .min_bytes = sizeof(struct in6_addr) },
	[RTA_IIF] = { .kind = NLA_K_U32 },
	[RTA_OIF] = { .kind = NLA_K_U32 },
	[RTA_PRIORITY] = { .kind = NLA_K_U32 },
	[RTA_METRICS] = { .kind = NLA_K_NESTED },
	[RTA_MULTIPATH] = { .kind = NLA_ANY, .min_bytes = sizeof(struct rtnexthop) },
	[RTA_PREF] = { .kind = NLA_K_U8 },
	[RTA_ENCAP] = { .kind = NLA_ANY },
	[RTA_ENCAP_TYPE] = { .kind = NLA_ANY },
	[RTA_EXPIRES] = { .kind = NLA_K_U32 },
	[RTA_UID] = { .kind = NLA_K_U32 },
	[RTA_MARK] = { .kind = NLA_K_U32 },
	[RTA_TABLE] = { .kind = NLA_K_U32 },
	[RTA_IP_PROTO] = { .kind = NLA_K_U8 },
	[RTA_SPORT] = { .kind = NLA_K_U16 },
	[RTA_DPORT] = { .kind = NLA_K_U16 },
	[RTA_NH_ID] = { .kind = NLA_K_U32 },
};
/* the gateway of one of several: its length is judged with words of its own */
static const struct nla_policy nexthop_policy[RTA_MAX + 1] = {
	[RTA_ENCAP] = { .kind = NLA_ANY },
	[RTA_ENCAP_TYPE] = { .kind = NLA_ANY },
};

static int route_refuse(const struct nl_request *rq, int err, const char *text)
{
	NL_SET_ERR_MSG(rq->extack, text);
	return err;
}

/* ------------------------------------------------------------------ out */

static bool put_addr(const struct nl_target *to, struct nlmsghdr *nlh, u16 type, const struct in6_addr *a)
{
	return nla_put(to->skb, nlh, type, a, sizeof(*a));
}

static bool put_nexthops(const struct nl_target *to, struct nlmsghdr *nlh, const struct fib6_route_view *route)
{
	struct nlattr *nest = nla_nest_start(to->skb, nlh, RTA_MULTIPATH);
	struct fib6_route_view r = *route;

	if (!nest)
		return false;
	for (u32 i = 0; i < r.nh_count; i++) {
		u32 at = nlh->nlmsg_len;
		struct rtnexthop *rtnh = (struct rtnexthop *)(void *)((u8 *)nlh + at);

		if (i)
			fib6_view_next_nh(&r);
		if ((u8 *)(rtnh + 1) > to->skb->head + to->skb->end)
			return false;
		memset(rtnh, 0, sizeof(*rtnh));
		rtnh->rtnh_flags = (u8)r.nh.flags;
		rtnh->rtnh_hops = (u8)(r.nh.weight - 1);
		rtnh->rtnh_ifindex = r.nh.dev->ifindex;
		nlh->nlmsg_len += (u32)sizeof(*rtnh);
		if ((r.nh.has_gateway && !put_addr(to, nlh, RTA_GATEWAY, &r.nh.gateway)) ||
		    !rtnl_put_encap(to, nlh, r.nh.lwtstate))
			return false;
		rtnh->rtnh_len = (u16)(nlh->nlmsg_len - at);
	}
	nla_nest_end(nlh, nest);
	return true;
}

static bool put_nexthop(const struct nl_target *to, struct nlmsghdr *nlh, const struct fib6_route_view *r)
{
	if (r->nh_count > 1)
		return put_nexthops(to, nlh, r);
	if (r->nh.has_gateway && !put_addr(to, nlh, RTA_GATEWAY, &r->nh.gateway))
		return false;
	return !r->nh.dev || nla_put_u32(to->skb, nlh, RTA_OIF, (u32)r->nh.dev->ifindex);
}

/** struct asked - what a question adds to the answer; NULL: it is no answer to one */
struct asked {
	const struct in6_addr *dst, *src;
	int iif;                       /* 0: it starts here */
	const struct in6_addr *chosen; /* source that it would have; NULL: none */
};

static bool put_ends(const struct nl_target *to, struct nlmsghdr *nlh, const struct fib6_route_view *r,
		     const struct asked *q)
{
	if (q) {
		bool fits = put_addr(to, nlh, RTA_DST, q->dst) && put_addr(to, nlh, RTA_SRC, q->src);

		if (q->iif)
			fits &= nla_put_u32(to->skb, nlh, RTA_IIF, (u32)q->iif);
		else if (q->chosen)
			fits &= put_addr(to, nlh, RTA_PREFSRC, q->chosen);
		return fits;
	}
	return (!r->dst_len || put_addr(to, nlh, RTA_DST, &r->dst)) &&
	       (!r->src_len || put_addr(to, nlh, RTA_SRC, &r->src));
}

static bool put_attrs(const struct nl_target *to, struct nlmsghdr *nlh, const struct fib6_route_view *r,
		      const struct asked *q)
{
	static const u32 no_metrics[RTAX_MAX];
	struct rta_cacheinfo ci = { .rta_clntref = q ? CLNTREF_OF_A_QUESTION : 0,
				    .rta_expires = r->expires ? (s32)(r->expires_s * USER_HZ) : 0,
				    .rta_error = q ? (u32)-r->error : 0 };
	const struct sk_buff *skb = to->skb;
	u8 pref = r->pref;

	if (!nla_put_u32(skb, nlh, RTA_TABLE, r->table_id) || !put_ends(to, nlh, r, q))
		return false;
	if (!ipv6_addr_any(&r->prefsrc) && !put_addr(to, nlh, RTA_PREFSRC, &r->prefsrc))
		return false;
	if (!rtnl_put_metrics(to, nlh, r->metrics ? r->metrics : no_metrics, r->metrics_lock))
		return false;
	if (!nla_put_u32(skb, nlh, RTA_PRIORITY, r->metric) || !put_nexthop(to, nlh, r))
		return false;
	if (!nla_put(skb, nlh, RTA_CACHEINFO, &ci, sizeof(ci)) || !nla_put(skb, nlh, RTA_PREF, &pref, sizeof(pref)))
		return false;
	return r->nh_count > 1 || rtnl_put_encap(to, nlh, r->nh.lwtstate);
}

static bool fill_route6(const struct nl_target *to, const struct fib6_route_view *r, const struct asked *q)
{
	struct nlmsghdr *nlh = nlmsg_put(to->skb, to->portid, to->seq, to->type, to->flags, sizeof(struct rtmsg));
	struct rtmsg *rtm;

	if (!nlh)
		return false;
	rtm = nlmsg_header(nlh);
	rtm->rtm_family = AF_INET6;
	rtm->rtm_dst_len = q ? 128 : r->dst_len;
	rtm->rtm_src_len = q ? 128 : r->src_len;
	rtm->rtm_table = r->table_id < 256 ? (u8)r->table_id : RT_TABLE_COMPAT;
	rtm->rtm_type = r->type;
	rtm->rtm_scope = RT_SCOPE_UNIVERSE;
	rtm->rtm_protocol = r->protocol;
	rtm->rtm_flags = r->rtm_flags;
	if (r->nh_count == 1)
		rtm->rtm_flags |= r->nh.flags;
	if (!put_attrs(to, nlh, r, q))
		return false;
	nlmsg_end(to->skb, nlh);
	return true;
}

bool rtnl_fill_route6(const struct nl_target *to, const struct fib6_route_view *r)
{
	return fill_route6(to, r, NULL);
}

/* ------------------------------------------------------------------ in */

/** parse_prefix() - of an address only the octets that the length covers are needed */
static int parse_prefix(const struct nlattr *attr, u8 plen, struct in6_addr *out)
{
	u16 octets = (u16)((plen + 7U) / 8);

	if (!attr)
		return 0;
	if (nla_len(attr) < octets)
		return -EINVAL;
	memcpy(out, nla_data(attr), min_u32(octets, sizeof(*out)));
	return 0;
}

static int parse_encap(const struct nl_request *rq, const struct nlattr *const *tb, bool multipath,
		       struct fib_encap6 *out)
{
	struct rtnl_encap e = { 0 };
	int err = rtnl_parse_encap(rq, tb, multipath, &e);

	*out = (struct fib_encap6){ e.type, e.bytes, e.data };
	return err;
}

static int parse_nexthop(const struct nl_request *rq, const struct rtnexthop *rtnh, struct fib6_config_nh *nh)
{
	const struct nlattr *tb[RTA_MAX + 1];
	int err = nla_parse(tb, RTA_MAX, rtnh + 1, rtnh->rtnh_len - sizeof(*rtnh), nexthop_policy, false, rq->extack);

	if (err)
		return err;
	nh->oif = rtnh->rtnh_ifindex;
	nh->flags = rtnh->rtnh_flags & RTNH_F_ONLINK;
	nh->weight = (u32)rtnh->rtnh_hops + 1;
	if (tb[RTA_GATEWAY]) {
		if (nla_len(tb[RTA_GATEWAY]) < sizeof(nh->gateway))
			return route_refuse(rq, -EINVAL, "Invalid IPv6 address in RTA_GATEWAY");
		memcpy(&nh->gateway, nla_data(tb[RTA_GATEWAY]), sizeof(nh->gateway));
		nh->has_gateway = true;
	}
	return parse_encap(rq, tb, true, &nh->encap);
}

/** walk_multipath() - decodes into @nh; NULL: only counts.  What is left behind the last one does not matter */
static int walk_multipath(const struct nl_request *rq, const struct nlattr *attr, struct fib6_config_nh *nh)
{
	const struct rtnexthop *rtnh = nla_data(attr);
	size_t left = nla_len(attr);
	int count = 0, err;

	while (left >= sizeof(*rtnh) && rtnh->rtnh_len >= sizeof(*rtnh) && rtnh->rtnh_len <= left) {
		size_t step = min_size(ALIGN_UP((size_t)rtnh->rtnh_len, 4U), left);

		if (count >= FIB6_MAX_NEXTHOPS)
			return route_refuse(rq, -EINVAL, "Too many nexthops");
		if (nh) {
			err = parse_nexthop(rq, rtnh, &nh[count]);
			if (err)
				return err;
		}
		count++;
		left -= step;
		rtnh = (const struct rtnexthop *)(const void *)((const u8 *)rtnh + step);
	}
	if (!count)
		return route_refuse(rq, -EINVAL, "Invalid nexthop configuration - no valid nexthops");
	return count;
}

static int parse_multipath(const struct nl_request *rq, const struct nlattr *attr, struct fib6_config *cfg)
{
	int count = walk_multipath(rq, attr, NULL);

	if (count < 0)
		return count;
	cfg->nh = mem_zalloc(rq->net->mem, (size_t)count * sizeof(*cfg->nh));
	if (!cfg->nh)
		return -ENOBUFS;
	cfg->nh_count = (u32)count;
	count = walk_multipath(rq, attr, cfg->nh);
	return count < 0 ? count : 0;
}

static int parse_metrics(const struct nl_request *rq, const struct nlattr *attr, struct fib6_config *cfg)
{
	struct rtnl_metrics m = { 0 };
	int err = rtnl_parse_metrics(rq, attr, &m);

	memcpy(cfg->metrics, m.value, sizeof(cfg->metrics));
	cfg->metrics_set = m.set;
	cfg->metrics_lock = m.lock;
	return err;
}

static int parse_attrs(const struct nl_request *rq, const struct nlattr *const *tb, struct fib6_config *cfg)
{
	int err = parse_prefix(tb[RTA_DST], cfg->dst_len, &cfg->dst);

	if (!err)
		err = parse_prefix(tb[RTA_SRC], cfg->src_len, &cfg->src);
	if (tb[RTA_GATEWAY]) {
		memcpy(&cfg->gateway, nla_data(tb[RTA_GATEWAY]), sizeof(cfg->gateway));
		cfg->has_gateway = true;
	}
	if (tb[RTA_PREFSRC])
		memcpy(&cfg->prefsrc, nla_data(tb[RTA_PREFSRC]), sizeof(cfg->prefsrc));
	if (tb[RTA_OIF])
		cfg->oif = (int)nla_get_u32(tb[RTA_OIF]);
	if (tb[RTA_PRIORITY])
		cfg->metric = nla_get_u32(tb[RTA_PRIORITY]);
	if (tb[RTA_TABLE])
		cfg->table = nla_get_u32(tb[RTA_TABLE]);
	if (tb[RTA_EXPIRES])
		cfg->expires_s = nla_get_u32(tb[RTA_EXPIRES]);
	if (tb[RTA_PREF])
		cfg->pref = nla_get_u8(tb[RTA_PREF]);
	if (cfg->pref != ICMPV6_ROUTER_PREF_LOW && cfg->pref != ICMPV6_ROUTER_PREF_HIGH)
		cfg->pref = ICMPV6_ROUTER_PREF_MEDIUM;
	if (!err)
		err = parse_encap(rq, tb, false, &cfg->encap);
	if (!err && tb[RTA_METRICS])
		err = parse_metrics(rq, tb[RTA_METRICS], cfg);
	if (!err && tb[RTA_MULTIPATH])
		err = parse_multipath(rq, tb[RTA_MULTIPATH], cfg);
	return err;
}

static int check_header(const struct nl_request *rq, const struct rtmsg *rtm, const struct nlattr *const *tb)
{
	if (tb[RTA_VIA])
		return route_refuse(rq, -EINVAL, "IPv6 does not support RTA_VIA attribute");
	if (rtm->rtm_type > RTN_MAX)
		return route_refuse(rq, -EINVAL, "Invalid route type");
	if (tb[RTA_NH_ID] && nla_get_u32(tb[RTA_NH_ID]))
		return route_refuse(rq, -EINVAL, "Nexthop id does not exist");
	if (rtm->rtm_src_len > 128)
		return route_refuse(rq, -EINVAL, "Invalid source address length");
	return rtm->rtm_dst_len > 128 ? -EINVAL : 0;
}

static int rtm_to_fib6_config(const struct nl_request *rq, struct fib6_config *cfg)
{
	const struct rtmsg *rtm = rtnl_header(rq->nlh, sizeof(*rtm));
	const struct nlattr *tb[RTA_MAX + 1];
	int err = nlmsg_parse(rq->nlh, sizeof(*rtm), tb, RTA_MAX, route_policy, false, rq->extack);

	if (!err)
		err = check_header(rq, rtm, tb);
	if (err)
		return err;
	cfg->dst_len = rtm->rtm_dst_len;
	cfg->src_len = rtm->rtm_src_len;
	cfg->table = rtm->rtm_table ? rtm->rtm_table : RT_TABLE_MAIN;
	cfg->protocol = rtm->rtm_protocol;
	cfg->type = rtm->rtm_type ? rtm->rtm_type : RTN_UNICAST;
	cfg->flags = rtm->rtm_flags & RTM_F_CLONED ? RTF_CACHE : 0;
	cfg->nh_flags = rtm->rtm_flags & RTNH_F_ONLINK;
	cfg->nlflags = rq->nlh->nlmsg_flags;
	cfg->portid = rq->nlk->portid;
	return parse_attrs(rq, tb, cfg);
}

static int route_change(const struct nl_request *rq,
			int (*change)(struct net *, const struct fib6_config *, const char **))
{
	struct fib6_config cfg = { 0 };
	const char *errmsg = NULL;
	int err = rtm_to_fib6_config(rq, &cfg);

	if (!err) {
		err = change(rq->net, &cfg, &errmsg);
		if (err && errmsg)
			NL_SET_ERR_MSG(rq->extack, errmsg);
	}
	mem_free(rq->net->mem, cfg.nh, cfg.nh_count * sizeof(*cfg.nh));
	return err;
}

static int rtm_newroute6(const struct nl_request *rq)
{
	return route_change(rq, ip6_route_add);
}

static int rtm_delroute6(const struct nl_request *rq)
{
	return route_change(rq, ip6_route_del);
}

/* ------------------------------------------------------------------ GET: what would a packet do? */

/** struct route_query - RTM_GETROUTE, decoded, and the route found */
struct route_query {
	const struct nl_request *rq;
	const struct rtmsg *rtm;
	struct flowi6 fl6;
	int iif;
	struct rt6_info *rt; /**< reference */
};

/** query_check_strict() - what a question may hold, if the one who asks wants to know */
static int query_check_strict(const struct route_query *q, const struct nlattr *const *tb)
{
	static const u16 allowed[] = { RTA_SRC, RTA_DST,      RTA_IIF,   RTA_OIF,  RTA_MARK,
				       RTA_UID, RTA_IP_PROTO, RTA_SPORT, RTA_DPORT };
	const struct rtmsg *rtm = q->rtm;

	if ((rtm->rtm_src_len && rtm->rtm_src_len != 128) || (rtm->rtm_dst_len && rtm->rtm_dst_len != 128) ||
	    rtm->rtm_table || rtm->rtm_protocol || rtm->rtm_scope || rtm->rtm_type)
		return route_refuse(q->rq, -EINVAL, "ipv6: Invalid values in header for get route request");
	if (rtm->rtm_flags & ~(u32)(RTM_F_FIB_MATCH | RTM_F_LOOKUP_TABLE | RTM_F_NOTIFY))
		return route_refuse(q->rq, -EINVAL, "ipv6: Invalid flags for get route request");
	if ((tb[RTA_SRC] && !rtm->rtm_src_len) || (tb[RTA_DST] && !rtm->rtm_dst_len))
		return route_refuse(q->rq, -EINVAL, "ipv6: rtm_src_len and rtm_dst_len must be 128 for IPv6");
	for (u16 i = 1; i <= RTA_MAX; i++) {
		bool known = false;

		for (u32 k = 0; k < ARRAY_SIZE(allowed); k++)
			known |= allowed[k] == i;
		if (tb[i] && !known)
			return route_refuse(q->rq, -EINVAL, "ipv6: Unsupported attribute in get route request");
	}
	return 0;
}

static int query_parse(struct route_query *q)
{
	const struct nl_request *rq = q->rq;
	const struct nlattr *tb[RTA_MAX + 1];
	int err = nlmsg_parse(rq->nlh, sizeof(*q->rtm), tb, RTA_MAX, route_policy, rq->strict, rq->extack);

	if (!err && rq->strict)
		err = query_check_strict(q, tb);
	if (!err)
		err = parse_prefix(tb[RTA_DST], 128, &q->fl6.daddr);
	if (!err)
		err = parse_prefix(tb[RTA_SRC], 128, &q->fl6.saddr);
	if (err)
		return err;
	if (tb[RTA_OIF])
		q->fl6.oif = (int)nla_get_u32(tb[RTA_OIF]);
	if (tb[RTA_MARK])
		q->fl6.mark = nla_get_u32(tb[RTA_MARK]);
	if (tb[RTA_UID])
		q->fl6.uid = nla_get_u32(tb[RTA_UID]);
	if (tb[RTA_IP_PROTO])
		q->fl6.proto = nla_get_u8(tb[RTA_IP_PROTO]);
	if (tb[RTA_SPORT])
		memcpy(&q->fl6.sport, nla_data(tb[RTA_SPORT]), sizeof(q->fl6.sport));
	if (tb[RTA_DPORT])
		memcpy(&q->fl6.dport, nla_data(tb[RTA_DPORT]), sizeof(q->fl6.dport));
	q->iif = tb[RTA_IIF] ? (int)nla_get_u32(tb[RTA_IIF]) : 0;
	q->fl6.flowlabel = cpu_to_be32((u32)q->rtm->rtm_tos << 20);
	return 0;
}

/* As if a packet had come in there: what ipv6_rcv() would find. */
static int query_input(struct route_query *q)
{
	struct net *net = q->rq->net;
	struct net_device *dev = dev_find_by_index(net, q->iif);
	enum skb_drop_reason reason;
	struct sk_buff *skb;
	struct ipv6hdr *h;
	int err;

	if (!dev)
		return -ENODEV;
	skb = alloc_skb(net->skb_pool, 64);
	if (!skb)
		return -ENOBUFS;
	skb->dev = dev;
	skb->mark = q->fl6.mark;
	skb_reset_network_header(skb);
	h = skb_put(skb, sizeof(*h)); /* rules look at it */
	*h = (struct ipv6hdr){ .ver_tc_flow = ip6_flow_word(q->rtm->rtm_tos, CONST_BE32(0)),
			       .nexthdr = q->fl6.proto,
			       .saddr = q->fl6.saddr,
			       .daddr = q->fl6.daddr };
	err = ip6_route_input(skb, &reason);
	if (!err) {
		q->rt = skb_rt6_info(skb);
		dst_get(&q->rt->dst);
	}
	consume_skb(skb);
	return err;
}

static bool query_fill(const struct route_query *q, const struct nl_target *to)
{
	struct in6_addr chosen;
	struct asked asked = { .dst = &q->fl6.daddr, .src = &q->fl6.saddr, .iif = q->iif };
	struct fib6_route_view view;

	if (q->rtm->rtm_flags & RTM_F_FIB_MATCH && ip6_route_fib_view(q->rt, &view))
		return fill_route6(to, &view, NULL);
	ip6_route_view(q->rt, &view);
	if (!ip6_route_get_saddr(q->rq->net, q->rt, &q->fl6.daddr, 0, &chosen))
		asked.chosen = &chosen;
	return fill_route6(to, &view, &asked);
}

static int query_reply(const struct route_query *q)
{
	for (u32 bytes = ROUTE_MSG_BYTES; bytes <= ROUTE_MSG_BYTES_MAX; bytes *= 4) {
		struct sk_buff *skb = nlmsg_new(q->rq->net, bytes);
		struct nl_target to;

		if (!skb)
			return -ENOBUFS;
		to = nl_request_target(q->rq, skb, RTM_NEWROUTE);
		if (query_fill(q, &to))
			return netlink_reply(q->rq->nlk, skb);
		consume_skb(skb);
	}
	return -EMSGSIZE;
}

static int rtm_getroute6(const struct nl_request *rq)
{
	struct route_query q = { .rq = rq, .rtm = rtnl_header(rq->nlh, sizeof(*q.rtm)) };
	int err;

	if (!q.rtm)
		return route_refuse(rq, -EINVAL, "ipv6: Invalid header for get route request");
	err = query_parse(&q);
	if (err)
		return err;
	err = q.iif ? query_input(&q) : ip6_route_output(rq->net, &q.fl6, &q.rt);
	if (!err)
		err = q.rt->dst.error;
	if (!err)
		err = query_reply(&q);
	if (q.rt)
		dst_release(&q.rt->dst);
	return err;
}

/* ------------------------------------------------------------------ dump */

/* cb->args: the cursor of fib6_dump(), then the filter */
enum { DUMP_CURSOR, DUMP_TABLE = 4, DUMP_OIF, DUMP_PROTOCOL, DUMP_TYPE, DUMP_FLAGS, DUMP_PHASE };
static_assert(sizeof(struct fib6_dump_cursor) <= DUMP_TABLE * sizeof(u64), "the cursor lives in cb->args");
enum { PHASE_ROUTES, PHASE_EXCEPTIONS };
#define DUMP_NO_ROUTES (1U << 30)
#define DUMP_NO_EXCEPTIONS (1U << 31)

static int dump_check_header(struct netlink_callback *cb, const struct rtmsg *rtm)
{
	if (rtm->rtm_dst_len || rtm->rtm_src_len || rtm->rtm_tos || rtm->rtm_scope) {
		NL_SET_ERR_MSG(&cb->extack, "Invalid values in header for FIB dump request");
		return -EINVAL;
	}
	if (rtm->rtm_flags & ~(u32)(RTM_F_CLONED | RTM_F_PREFIX)) {
		NL_SET_ERR_MSG(&cb->extack, "Invalid flags for FIB dump request");
		return -EINVAL;
	}
	return 0;
}

static int dump_filter(struct netlink_callback *cb, const struct rtmsg *rtm, const struct nlattr *const *tb)
{
	for (u16 i = 1; i <= RTA_MAX; i++) {
		if (tb[i] && i != RTA_TABLE && i != RTA_OIF) {
			NL_SET_ERR_MSG(&cb->extack, "Unsupported attribute in dump request");
			return -EINVAL;
		}
	}
	cb->args[DUMP_TABLE] = tb[RTA_TABLE] ? nla_get_u32(tb[RTA_TABLE]) : rtm->rtm_table;
	cb->args[DUMP_OIF] = tb[RTA_OIF] ? nla_get_u32(tb[RTA_OIF]) : 0;
	cb->args[DUMP_PROTOCOL] = rtm->rtm_protocol;
	cb->args[DUMP_TYPE] = rtm->rtm_type;
	cb->args[DUMP_FLAGS] |= rtm->rtm_flags & RTM_F_CLONED ? DUMP_NO_ROUTES : DUMP_NO_EXCEPTIONS;
	if (cb->args[DUMP_OIF] && !dev_find_by_index(cb->net, (int)cb->args[DUMP_OIF]))
		return -ENODEV;
	for (u32 i = DUMP_TABLE; i <= DUMP_TYPE; i++) {
		if (cb->args[i])
			cb->answer_flags |= NLM_F_DUMP_FILTERED;
	}
	if (rtm->rtm_flags & RTM_F_CLONED)
		cb->answer_flags |= NLM_F_DUMP_FILTERED;
	if (cb->args[DUMP_TABLE] && !fib6_table_exists(cb->net, (u32)cb->args[DUMP_TABLE])) {
		NL_SET_ERR_MSG(&cb->extack, "ipv6: FIB table does not exist");
		return -ENOENT;
	}
	return 0;
}

static int dump_begin(struct netlink_callback *cb)
{
	const struct rtmsg *rtm = rtnl_header(cb->nlh, sizeof(*rtm));
	const struct nlattr *tb[RTA_MAX + 1];
	int err;

	if (rtm)
		cb->args[DUMP_FLAGS] = rtm->rtm_flags & RTM_F_PREFIX;
	if (!rtm || !cb->strict)
		return 0;
	err = dump_check_header(cb, rtm);
	if (!err)
		err = nlmsg_parse(cb->nlh, sizeof(*rtm), tb, RTA_MAX, route_policy, true, &cb->extack);
	return err ? err : dump_filter(cb, rtm, tb);
}

static bool uses_dev(const struct fib6_route_view *route, int oif)
{
	struct fib6_route_view r = *route;

	for (u32 i = 0; i < r.nh_count; i++) {
		if (i)
			fib6_view_next_nh(&r);
		if (r.nh.dev && r.nh.dev->ifindex == oif)
			return true;
	}
	return false;
}

static bool dump_wanted(const struct netlink_callback *cb, const struct fib6_route_view *r)
{
	if (cb->args[DUMP_PROTOCOL] && r->protocol != cb->args[DUMP_PROTOCOL])
		return false;
	if (cb->args[DUMP_TYPE] && r->type != cb->args[DUMP_TYPE])
		return false;
	if ((cb->args[DUMP_FLAGS] & RTM_F_PREFIX) && !(r->flags & RTF_PREFIX_RT))
		return false;
	return !cb->args[DUMP_OIF] || uses_dev(r, (int)cb->args[DUMP_OIF]);
}

struct route_dump {
	const struct netlink_callback *cb;
	struct nl_target to;
};

static int dump_one(void *ctx, const struct fib6_route_view *r)
{
	const struct route_dump *d = ctx;

	return dump_wanted(d->cb, r) && !fill_route6(&d->to, r, NULL);
}

static int rtm_dumproute6(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct route_dump d = { .cb = cb };
	int err;

	if (!cb->started) {
		err = dump_begin(cb);
		if (err)
			return err;
	}
	nl_dump_genid(cb, fib6_seq(cb->net));
	d.to = nl_dump_target(skb, cb, RTM_NEWROUTE);
	for (; cb->args[DUMP_PHASE] <= PHASE_EXCEPTIONS; cb->args[DUMP_PHASE]++) {
		bool exceptions = cb->args[DUMP_PHASE] == PHASE_EXCEPTIONS;
		struct fib6_dump_cursor cursor;

		if (cb->args[DUMP_FLAGS] & (exceptions ? DUMP_NO_EXCEPTIONS : DUMP_NO_ROUTES))
			continue;
		memcpy(&cursor, &cb->args[DUMP_CURSOR], sizeof(cursor));
		err = fib6_dump(cb->net, &cursor, (u32)cb->args[DUMP_TABLE], exceptions, dump_one, &d);
		if (!err)
			memset(&cursor, 0, sizeof(cursor));
		memcpy(&cb->args[DUMP_CURSOR], &cursor, sizeof(cursor));
		if (err)
			return err;
	}
	return 0;
}

const struct rtnl_handler rtnl_route6_handlers[] = {
	{ AF_INET6, RTM_NEWROUTE, rtm_newroute6, NULL },
	{ AF_INET6, RTM_DELROUTE, rtm_delroute6, NULL },
	{ AF_INET6, RTM_GETROUTE, rtm_getroute6, rtm_dumproute6 },
	{ 0 },
};
