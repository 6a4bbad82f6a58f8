// SPDX-License-Identifier: BSD-2-Clause
/* RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE for IPv4.
 *
 * @linux rtm_to_fib_config, fib_dump_info of net/ipv4/fib_frontend.c, fib_semantics.c
 */
#include <errno.h>
#include <string.h>

#include "dev/lwtunnel.h"
#include "netlink/rtnetlink.h"
#include "wire/ip.h"

static const struct nla_policy route_policy[RTA_MAX + 1] = {
	[RTA_DST] = { .kind = NLA_K_U32 },
	[RTA_SRC] = { .kind = NLA_K_U32 },
	[RTA_IIF] = { .kind = NLA_K_U32 },
	[RTA_OIF] = { .kind = NLA_K_U32 },
	[RTA_GATEWAY] = { .kind = NLA_K_U32 },
	[RTA_PRIORITY] = { .kind = NLA_K_U32 },
	[RTA_PREFSRC] = { .kind = NLA_K_U32 },
	[RTA_METRICS] = { .kind = NLA_K_NESTED },
	[RTA_MULTIPATH] = { .kind = NLA_ANY, .min_bytes = sizeof(struct rtnexthop) },
	[RTA_FLOW] = { .kind = NLA_K_U32 },
	[RTA_TABLE] = { .kind = NLA_K_U32 },
	[RTA_MARK] = { .kind = NLA_K_U32 },
	[RTA_UID] = { .kind = NLA_K_U32 },
	[RTA_ENCAP] = { .kind = NLA_ANY },
	[RTA_ENCAP_TYPE] = { .kind = NLA_ANY }, /* see route_check_encap_type() */
	[RTA_VIA] = { .kind = NLA_ANY, .min_bytes = sizeof(struct rtvia) },
	[RTA_IP_PROTO] = { .kind = NLA_K_U8 },
	[RTA_SPORT] = { .kind = NLA_K_U16 },
	[RTA_DPORT] = { .kind = NLA_K_U16 },
	[RTA_NH_ID] = { .kind = NLA_K_U32 },
};

#define ROUTE_MSG_BYTES 1024U
#define ROUTE_ENCAP_BYTES_MAX 256U

/* ------------------------------------------------------------------ out */

static bool route_put_gw(const struct nl_target *to, struct nlmsghdr *nlh, u8 family, __be32 gw4, const u8 gw6[16])
{
	struct {
		u16 family;
		u8 addr[16];
	} via = { .family = AF_INET6 };

	if (family == AF_INET)
		return nla_put_be32(to->skb, nlh, RTA_GATEWAY, gw4);
	if (family != AF_INET6)
		return true;
	memcpy(via.addr, gw6, sizeof(via.addr));
	return nla_put(to->skb, nlh, RTA_VIA, &via, sizeof(via));
}

bool rtnl_put_encap(const struct nl_target *to, struct nlmsghdr *nlh, const struct lwtunnel_state *lwt)
{
	u8 encap[ROUTE_ENCAP_BYTES_MAX];
	int bytes;

	if (likely(!lwt))
		return true;
	bytes = lwt->ops->fill_encap(lwt, encap, sizeof(encap));
	return bytes >= 0 && nla_put(to->skb, nlh, RTA_ENCAP | NLA_F_NESTED, encap, (size_t)bytes) &&
	       nla_put_u16(to->skb, nlh, RTA_ENCAP_TYPE, lwt->type);
}

bool rtnl_put_metrics(const struct nl_target *to, struct nlmsghdr *nlh, const u32 *metrics, u32 lock)
{
	struct nlattr *nest = nla_nest_start(to->skb, nlh, RTA_METRICS);
	bool any = lock != 0;

	if (!nest)
		return false;
	if (lock && !nla_put_u32(to->skb, nlh, RTAX_LOCK, lock))
		return false;
	for (u16 i = 1; i <= RTAX_MAX; i++) {
		if (i == RTAX_LOCK || !metrics[i - 1])
			continue;
		any = true;
		if (!nla_put_u32(to->skb, nlh, i, metrics[i - 1]))
			return false;
	}
	if (any)
		nla_nest_end(nlh, nest);
	else
		nlh->nlmsg_len = (u32)((u8 *)nest - (u8 *)nlh); /* nothing to say: no attribute */
	return true;
}

static bool route_put_nexthops(const struct nl_target *to, struct nlmsghdr *nlh, const struct fib_info *fi)
{
	struct nlattr *nest = nla_nest_start(to->skb, nlh, RTA_MULTIPATH);

	if (!nest)
		return false;
	for (u32 i = 0; i < fi->nhs; i++) {
		const struct fib_nh *nh = &fi->nh[i];
		u32 at = nlh->nlmsg_len;
		struct rtnexthop *rtnh = (struct rtnexthop *)(void *)((u8 *)nlh + at);

		if ((u8 *)(rtnh + 1) > to->skb->head + to->skb->end)
			return false;
		memset(rtnh, 0, sizeof(*rtnh));
		rtnh->rtnh_flags = (u8)nh->flags;
		rtnh->rtnh_hops = (u8)(nh->weight - 1);
		rtnh->rtnh_ifindex = nh->oif;
		nlh->nlmsg_len += (u32)sizeof(*rtnh);
		if (!route_put_gw(to, nlh, nh->gw_family, nh->gw4, nh->gw6) || !rtnl_put_encap(to, nlh, nh->lwtstate))
			return false;
		rtnh->rtnh_len = (u16)(nlh->nlmsg_len - at);
	}
	nla_nest_end(nlh, nest);
	return true;
}

static bool route_put_attrs(const struct nl_target *to, struct nlmsghdr *nlh, const struct fib_route_view *r)
{
	const struct fib_info *fi = r->fi;
	const struct sk_buff *skb = to->skb;

	if (!nla_put_u32(skb, nlh, RTA_TABLE, r->table_id))
		return false;
	if (r->dst_len && !nla_put_be32(skb, nlh, RTA_DST, r->dst))
		return false;
	if (fi->priority && !nla_put_u32(skb, nlh, RTA_PRIORITY, fi->priority))
		return false;
	if (!rtnl_put_metrics(to, nlh, fi->metrics, fi->metrics_lock))
		return false;
	if (fi->prefsrc && !nla_put_be32(skb, nlh, RTA_PREFSRC, fi->prefsrc))
		return false;
	if (fi->nhs == 1) {
		if (!route_put_gw(to, nlh, fi->nh[0].gw_family, fi->nh[0].gw4, fi->nh[0].gw6))
			return false;
		if (!nla_put_u32(skb, nlh, RTA_OIF, (u32)fi->nh[0].oif))
			return false;
		return rtnl_put_encap(to, nlh, fi->nh[0].lwtstate);
	}
	return fi->nhs == 0 || route_put_nexthops(to, nlh, fi);
}

bool rtnl_fill_route(const struct nl_target *to, const struct fib_route_view *r)
{
	struct nlmsghdr *nlh = nlmsg_put(to->skb, to->portid, to->seq, to->type, to->flags, sizeof(struct rtmsg));
	struct rtmsg *rtm;

	if (!nlh)
		return false;
	rtm = nlmsg_header(nlh);
	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = r->dst_len;
	rtm->rtm_tos = r->tos;
	rtm->rtm_table = r->table_id < 256 ? (u8)r->table_id : RT_TABLE_COMPAT;
	rtm->rtm_type = r->type;
	rtm->rtm_flags = r->flags;
	rtm->rtm_scope = r->fi->scope;
	rtm->rtm_protocol = r->fi->protocol;
	if (r->fi->nhs == 1)
		rtm->rtm_flags |= r->fi->nh[0].flags;
	if (!route_put_attrs(to, nlh, r))
		return false;
	nlmsg_end(to->skb, nlh);
	return true;
}

/* ------------------------------------------------------------------ in */

static int route_refuse(const struct nl_request *rq, int err, const char *text)
{
	NL_SET_ERR_MSG(rq->extack, text);
	return err;
}

static int route_check_header(const struct nl_request *rq, const struct rtmsg *rtm, const struct nlattr *const *tb)
{
	u32 dst;

	if (rtm->rtm_dst_len > 32)
		return route_refuse(rq, -EINVAL, "Invalid prefix length");
	dst = tb[RTA_DST] ? be32_to_cpu(nla_get_be32(tb[RTA_DST])) : 0;
	if (rtm->rtm_dst_len < 32 && (u32)((u64)dst << rtm->rtm_dst_len))
		return route_refuse(rq, -EINVAL, "Invalid prefix for given prefix length");
	if (rtm->rtm_tos & 0x03)
		return route_refuse(rq, -EINVAL, "Invalid dsfield (tos): ECN bits must be 0");
	if (rtm->rtm_type > RTN_MAX)
		return route_refuse(rq, -EINVAL, "Invalid route type");
	if (tb[RTA_NH_ID] && nla_get_u32(tb[RTA_NH_ID]))
		return route_refuse(rq, -EINVAL, "Nexthop id does not exist");
	if (tb[RTA_GATEWAY] && tb[RTA_VIA])
		return route_refuse(rq, -EINVAL, "Nexthop configuration can not contain both GATEWAY and VIA");
	return 0;
}

/* RFC 8950: the gateway of an IPv4 route may be of the other family. */
static int route_parse_via(const struct nl_request *rq, const struct nlattr *attr, u8 *family, __be32 *gw4, u8 gw6[16])
{
	const struct rtvia *via = nla_data(attr);
	u16 addr_bytes = (u16)(nla_len(attr) - sizeof(via->rtvia_family));

	switch (via->rtvia_family) {
	case AF_INET:
		if (addr_bytes != 4)
			return route_refuse(rq, -EINVAL, "Invalid IPv4 address in RTA_VIA");
		*gw4 = get_unaligned_be32(via->rtvia_addr);
		break;
	case AF_INET6:
		if (addr_bytes != 16)
			return route_refuse(rq, -EINVAL, "Invalid IPv6 address in RTA_VIA");
		memcpy(gw6, via->rtvia_addr, 16);
		break;
	default:
		return route_refuse(rq, -EINVAL, "Unsupported address family in RTA_VIA");
	}
	*family = (u8)via->rtvia_family;
	return 0;
}

static int route_parse_gw(const struct nl_request *rq, const struct nlattr *const *tb, u8 *family, __be32 *gw4,
			  u8 gw6[16])
{
	if (tb[RTA_VIA])
		return route_parse_via(rq, tb[RTA_VIA], family, gw4, gw6);
	if (tb[RTA_GATEWAY]) {
		*gw4 = nla_get_be32(tb[RTA_GATEWAY]);
		*family = *gw4 ? AF_INET : 0;
	}
	return 0;
}

/** route_check_encap_type() - @multipath: of one next hop among several; the kernel's errors are others there */
static int route_check_encap_type(const struct nl_request *rq, const struct nlattr *attr, bool multipath)
{
	const char *text = NULL;
	int err;

	if (nla_len(attr) >= sizeof(u16)) {
		err = lwtunnel_valid_encap_type(rq->net, nla_get_u16(attr), &text);
		return err ? route_refuse(rq, multipath ? -EOPNOTSUPP : err, text) : 0;
	}
	if (multipath)
		return route_refuse(rq, -EINVAL, "Invalid RTA_ENCAP_TYPE");
	NL_SET_ERR_MSG_ATTR(rq->extack, attr, "Attribute failed policy validation");
	return -ERANGE;
}

int rtnl_parse_encap(const struct nl_request *rq, const struct nlattr *const *tb, bool multipath,
		     struct rtnl_encap *encap)
{
	int err = 0;

	if (tb[RTA_ENCAP_TYPE])
		err = route_check_encap_type(rq, tb[RTA_ENCAP_TYPE], multipath);
	if (err || !tb[RTA_ENCAP])
		return err;
	if (!tb[RTA_ENCAP_TYPE]) {
		NL_SET_ERR_MSG_ATTR(rq->extack, tb[RTA_ENCAP], "Unknown LWT encapsulation type");
		return -EINVAL;
	}
	encap->type = nla_get_u16(tb[RTA_ENCAP_TYPE]);
	encap->data = nla_data(tb[RTA_ENCAP]);
	encap->bytes = nla_len(tb[RTA_ENCAP]);
	return 0;
}

static int route_parse_encap(const struct nl_request *rq, const struct nlattr *const *tb, bool multipath,
			     struct fib_encap *encap)
{
	struct rtnl_encap e = { 0 };
	int err = rtnl_parse_encap(rq, tb, multipath, &e);

	*encap = (struct fib_encap){ e.type, e.bytes, e.data };
	return err;
}

int rtnl_parse_metrics(const struct nl_request *rq, const struct nlattr *attr, struct rtnl_metrics *m)
{
	const struct nlattr *tb[RTAX_MAX + 1];

	(void)nla_parse(tb, RTAX_MAX, nla_data(attr), nla_len(attr), NULL, false, rq->extack); /* refuses nothing */
	for (u16 i = 1; i <= RTAX_MAX; i++) {
		if (!tb[i])
			continue;
		if (i == RTAX_CC_ALGO)
			return route_refuse(rq, -EINVAL, "Unknown tcp congestion algorithm");
		if (nla_len(tb[i]) != sizeof(u32))
			return route_refuse(rq, -EINVAL, "Invalid attribute in metrics");
		if (i == RTAX_LOCK)
			m->lock = nla_get_u32(tb[i]);
		else
			m->value[i - 1] = nla_get_u32(tb[i]);
		m->set |= 1U << (i - 1);
	}
	return 0;
}

static int route_parse_metrics(const struct nl_request *rq, const struct nlattr *attr, struct fib_config *cfg)
{
	struct rtnl_metrics m = { 0 };
	int err = rtnl_parse_metrics(rq, attr, &m);

	memcpy(cfg->metrics, m.value, sizeof(cfg->metrics));
	cfg->metrics_set = m.set;
	cfg->metrics_lock = m.lock;
	return err;
}

static int route_parse_nexthop(const struct nl_request *rq, const struct rtnexthop *rtnh, struct fib_config_nh *nh)
{
	const struct nlattr *tb[RTA_MAX + 1];
	int err = nla_parse(tb, RTA_MAX, rtnh + 1, rtnh->rtnh_len - sizeof(*rtnh), route_policy, false, rq->extack);

	if (err)
		return err;
	if (rtnh->rtnh_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN))
		return route_refuse(rq, -EINVAL, "Invalid flags for nexthop - can not contain DEAD or LINKDOWN");
	nh->oif = rtnh->rtnh_ifindex;
	nh->flags = rtnh->rtnh_flags;
	nh->weight = (u32)rtnh->rtnh_hops + 1;
	err = route_parse_gw(rq, tb, &nh->gw_family, &nh->gw4, nh->gw6);
	return err ? err : route_parse_encap(rq, tb, true, &nh->encap);
}

/* Decodes into @nh when there is room; @nh NULL: only counts. */
static int route_walk_multipath(const struct nl_request *rq, const struct nlattr *attr, struct fib_config_nh *nh)
{
	const struct rtnexthop *rtnh = nla_data(attr);
	size_t left = nla_len(attr);
	int count = 0;
	int err;

	while (left >= sizeof(*rtnh) && rtnh->rtnh_len >= sizeof(*rtnh) && rtnh->rtnh_len <= left) {
		size_t step = min_size(ALIGN_UP((size_t)rtnh->rtnh_len, 4U), left);

		if (count >= FIB_MAX_NEXTHOPS)
			return route_refuse(rq, -EINVAL, "Too many nexthops");
		if (nh) {
			err = route_parse_nexthop(rq, rtnh, &nh[count]);
			if (err)
				return err;
		}
		count++;
		left -= step;
		rtnh = (const struct rtnexthop *)(const void *)((const u8 *)rtnh + step);
	}
	if (left) /* and the policy wants room for one at least */
		return route_refuse(rq, -EINVAL, "Invalid nexthop configuration - extra data after nexthops");
	return count;
}

static int route_parse_multipath(const struct nl_request *rq, const struct nlattr *attr, struct fib_config *cfg)
{
	int count = route_walk_multipath(rq, attr, NULL);

	if (count < 0)
		return count;
	cfg->nh = mem_zalloc(rq->net->mem, (size_t)count * sizeof(*cfg->nh));
	if (!cfg->nh)
		return -ENOBUFS;
	cfg->nh_count = (u32)count;
	count = route_walk_multipath(rq, attr, cfg->nh);
	return count < 0 ? count : 0;
}

static void fib_config_free(struct net *net, struct fib_config *cfg)
{
	mem_free(net->mem, cfg->nh, cfg->nh_count * sizeof(*cfg->nh));
}

static int route_parse_attrs(const struct nl_request *rq, const struct nlattr *const *tb, struct fib_config *cfg)
{
	int err = route_parse_gw(rq, tb, &cfg->gw_family, &cfg->gw4, cfg->gw6);

	if (tb[RTA_DST])
		cfg->dst = nla_get_be32(tb[RTA_DST]);
	if (tb[RTA_OIF])
		cfg->oif = (int)nla_get_u32(tb[RTA_OIF]);
	if (tb[RTA_PRIORITY])
		cfg->priority = nla_get_u32(tb[RTA_PRIORITY]);
	if (tb[RTA_PREFSRC])
		cfg->prefsrc = nla_get_be32(tb[RTA_PREFSRC]);
	if (tb[RTA_TABLE])
		cfg->table = nla_get_u32(tb[RTA_TABLE]);
	if (!err)
		err = route_parse_encap(rq, tb, false, &cfg->encap);
	if (!err && tb[RTA_METRICS])
		err = route_parse_metrics(rq, tb[RTA_METRICS], cfg);
	if (!err && tb[RTA_MULTIPATH])
		err = route_parse_multipath(rq, tb[RTA_MULTIPATH], cfg);
	return err;
}

static int rtm_to_fib_config(const struct nl_request *rq, struct fib_config *cfg)
{
	const struct rtmsg *rtm = rtnl_header(rq->nlh, sizeof(*rtm));
	const struct nlattr *tb[RTA_MAX + 1];
	int err = nlmsg_parse(rq->nlh, sizeof(*rtm), tb, RTA_MAX, route_policy, false, rq->extack);

	if (!err)
		err = route_check_header(rq, rtm, tb);
	if (err)
		return err;
	cfg->dst_len = rtm->rtm_dst_len;
	cfg->tos = rtm->rtm_tos;
	cfg->table = rtm->rtm_table ? rtm->rtm_table : RT_TABLE_MAIN;
	cfg->protocol = rtm->rtm_protocol;
	cfg->scope = rtm->rtm_scope;
	cfg->type = rtm->rtm_type;
	cfg->flags = rtm->rtm_flags;
	cfg->nlflags = rq->nlh->nlmsg_flags;
	cfg->portid = rq->nlk->portid;
	return route_parse_attrs(rq, tb, cfg);
}

static int route_change(const struct nl_request *rq,
			int (*change)(struct net *, const struct fib_config *, const char **))
{
	struct fib_config cfg = { 0 };
	const char *errmsg = NULL;
	int err = rtm_to_fib_config(rq, &cfg);

	if (!err) {
		err = change(rq->net, &cfg, &errmsg);
		if (err)
			NL_SET_ERR_MSG(rq->extack, errmsg);
	}
	fib_config_free(rq->net, &cfg);
	return err;
}

static int rtm_newroute(const struct nl_request *rq)
{
	return route_change(rq, fib_route_add);
}

static int rtm_delroute(const struct nl_request *rq)
{
	return route_change(rq, fib_route_del);
}

/* ------------------------------------------------------------------ GET: what would a packet do? */

/** struct route_query - RTM_GETROUTE, decoded, and the route found */
struct route_query {
	const struct nl_request *rq;
	const struct rtmsg *rtm;
	struct flowi4 fl4;
	__be32 asked_src;
	int iif;
	struct rtable *rt; /**< reference */
};

static int route_query_parse(struct route_query *q)
{
	const struct nl_request *rq = q->rq;
	const struct nlattr *tb[RTA_MAX + 1];
	int err = nlmsg_parse(rq->nlh, sizeof(*q->rtm), tb, RTA_MAX, route_policy, rq->strict, rq->extack);

	if (err)
		return err;
	if (rq->strict && ((tb[RTA_SRC] && q->rtm->rtm_src_len != 32) || (tb[RTA_DST] && q->rtm->rtm_dst_len != 32)))
		return route_refuse(rq, -EINVAL, "ipv4: rtm_src_len and rtm_dst_len must be 32 for IPv4");
	if (tb[RTA_DST])
		q->fl4.daddr = nla_get_be32(tb[RTA_DST]);
	if (tb[RTA_SRC])
		q->fl4.saddr = q->asked_src = nla_get_be32(tb[RTA_SRC]);
	if (tb[RTA_OIF])
		q->fl4.oif = (int)nla_get_u32(tb[RTA_OIF]);
	if (tb[RTA_MARK])
		q->fl4.mark = nla_get_u32(tb[RTA_MARK]);
	if (tb[RTA_UID])
		q->fl4.uid = nla_get_u32(tb[RTA_UID]);
	if (tb[RTA_IP_PROTO])
		q->fl4.proto = nla_get_u8(tb[RTA_IP_PROTO]);
	if (tb[RTA_SPORT])
		memcpy(&q->fl4.sport, nla_data(tb[RTA_SPORT]), sizeof(q->fl4.sport));
	if (tb[RTA_DPORT])
		memcpy(&q->fl4.dport, nla_data(tb[RTA_DPORT]), sizeof(q->fl4.dport));
	q->iif = tb[RTA_IIF] ? (int)nla_get_u32(tb[RTA_IIF]) : 0;
	q->fl4.tos = q->rtm->rtm_tos & 0x1e;
	return 0;
}

/* As if a packet had come in there: what ip_rcv() would find. */
static int route_query_input(struct route_query *q)
{
	struct net *net = q->rq->net;
	struct net_device *dev = dev_find_by_index(net, q->iif);
	enum skb_drop_reason reason;
	struct sk_buff *skb;
	struct iphdr *iph;
	int err;

	if (!dev)
		return -ENODEV;
	skb = alloc_skb(net->skb_pool, 64);
	if (!skb)
		return -ENOBUFS;
	skb->dev = dev;
	skb->mark = q->fl4.mark;
	skb->protocol = CONST_BE16(0x0800);
	skb_reset_network_header(skb);
	iph = skb_put(skb, sizeof(*iph)); /* rules look at it */
	*iph = (struct iphdr){ .version = 4,
			       .ihl = 5,
			       .tos = q->fl4.tos,
			       .protocol = q->fl4.proto,
			       .saddr = q->fl4.saddr,
			       .daddr = q->fl4.daddr };
	err = ip_route_input(skb, q->fl4.daddr, q->fl4.saddr, q->fl4.tos, dev, &reason);
	if (!err) {
		q->rt = skb_rtable(skb);
		dst_get(&q->rt->dst);
		err = q->rt->dst.error;
	}
	consume_skb(skb);
	return err;
}

static u32 route_query_table(const struct route_query *q)
{
	return (q->rtm->rtm_flags & RTM_F_LOOKUP_TABLE) && q->rt->fi ? q->rt->fi->tb_id : RT_TABLE_MAIN;
}

static bool route_query_put(const struct route_query *q, const struct nl_target *to, struct nlmsghdr *nlh)
{
	const struct rtable *rt = q->rt;
	const struct sk_buff *skb = to->skb;
	struct rta_cacheinfo ci = { .rta_clntref = 1, .rta_error = (u32)-rt->dst.error };

	bool fits = nla_put_u32(skb, nlh, RTA_TABLE, route_query_table(q));

	fits &= nla_put_be32(skb, nlh, RTA_DST, q->fl4.daddr);
	if (q->asked_src)
		fits &= nla_put_be32(skb, nlh, RTA_SRC, q->asked_src);
	fits &= nla_put_u32(skb, nlh, RTA_OIF, (u32)rt->dst.dev->ifindex);
	if (!q->iif && q->fl4.saddr != q->asked_src)
		fits &= nla_put_be32(skb, nlh, RTA_PREFSRC, q->fl4.saddr);
	if (rt->uses_gateway)
		fits &= route_put_gw(to, nlh, rt->gw_family, rt->gw4, rt->gw6);
	fits &= rtnl_put_encap(to, nlh, rt->dst.lwtstate); /* what its tunnel says of itself is its own affair */
	if (rt->fi)
		fits &= rtnl_put_metrics(to, nlh, rt->fi->metrics, rt->fi->metrics_lock);
	if (q->fl4.mark)
		fits &= nla_put_u32(skb, nlh, RTA_MARK, q->fl4.mark);
	fits &= nla_put_u32(skb, nlh, RTA_UID, q->fl4.uid);
	if (q->iif)
		fits &= nla_put_u32(skb, nlh, RTA_IIF, (u32)q->iif);
	fits &= nla_put(skb, nlh, RTA_CACHEINFO, &ci, sizeof(ci));
	return fits;
}

static int route_query_reply(const struct route_query *q)
{
	struct sk_buff *skb = nlmsg_new(q->rq->net, ROUTE_MSG_BYTES);
	struct nl_target to;
	struct nlmsghdr *nlh;
	struct rtmsg *rtm;

	if (!skb)
		return -ENOBUFS;
	to = nl_request_target(q->rq, skb, RTM_NEWROUTE);
	nlh = nlmsg_put(skb, to.portid, to.seq, to.type, to.flags, sizeof(*rtm));
	assert(nlh); /* the skb was made for it */
	rtm = nlmsg_header(nlh);
	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = 32;
	rtm->rtm_src_len = q->asked_src ? 32 : 0;
	rtm->rtm_tos = q->fl4.tos;
	rtm->rtm_table = route_query_table(q) < 256 ? (u8)route_query_table(q) : RT_TABLE_COMPAT;
	rtm->rtm_type = q->rt->type;
	rtm->rtm_scope = RT_SCOPE_UNIVERSE;
	rtm->rtm_protocol = RTPROT_UNSPEC;
	rtm->rtm_flags = RTM_F_CLONED | (q->rt->flags & ~0xffU);
	if (!route_query_put(q, &to, nlh)) {
		consume_skb(skb);
		return -EMSGSIZE;
	}
	nlmsg_end(skb, nlh);
	return netlink_reply(q->rq->nlk, skb);
}

static int rtm_getroute(const struct nl_request *rq)
{
	struct route_query q = { .rq = rq, .rtm = rtnl_header(rq->nlh, sizeof(*q.rtm)) };
	int err;

	if (!q.rtm)
		return route_refuse(rq, -EINVAL, "ipv4: Invalid header for route get request");
	err = route_query_parse(&q);
	if (err)
		return err;
	err = q.iif ? route_query_input(&q) : ip_route_output_flow(rq->net, &q.fl4, &q.rt);
	if (!err)
		err = route_query_reply(&q);
	if (q.rt)
		dst_release(&q.rt->dst);
	return err;
}

/* ------------------------------------------------------------------ dump */

/* cb->args: the cursor of fib_route_dump(), then the filter */
enum { DUMP_CURSOR, DUMP_TABLE = 5, DUMP_OIF, DUMP_PROTOCOL, DUMP_TYPE, DUMP_CLONED };
static_assert(sizeof(struct fib_dump_cursor) <= DUMP_TABLE * sizeof(u64), "the cursor lives in cb->args");

static int route_dump_begin(struct netlink_callback *cb)
{
	const struct rtmsg *rtm = rtnl_header(cb->nlh, sizeof(*rtm));
	const struct nlattr *tb[RTA_MAX + 1];
	int err;

	if (!rtm || !cb->strict) {
		if (rtm)
			cb->args[DUMP_CLONED] = rtm->rtm_flags & RTM_F_CLONED;
		return 0;
	}
	if (rtm->rtm_dst_len || rtm->rtm_src_len || rtm->rtm_tos || rtm->rtm_scope) {
		NL_SET_ERR_MSG(&cb->extack, "Invalid values in header for FIB dump request");
		return -EINVAL;
	}
	if (rtm->rtm_flags & ~(u32)(RTM_F_CLONED | RTM_F_PREFIX)) {
		NL_SET_ERR_MSG(&cb->extack, "Invalid flags for FIB dump request");
		return -EINVAL;
	}
	err = nlmsg_parse(cb->nlh, sizeof(*rtm), tb, RTA_MAX, route_policy, true, &cb->extack);
	if (err)
		return err;
	cb->args[DUMP_CLONED] = rtm->rtm_flags & RTM_F_CLONED;
	cb->args[DUMP_TABLE] = tb[RTA_TABLE] ? nla_get_u32(tb[RTA_TABLE]) : rtm->rtm_table;
	cb->args[DUMP_OIF] = tb[RTA_OIF] ? nla_get_u32(tb[RTA_OIF]) : 0;
	cb->args[DUMP_PROTOCOL] = rtm->rtm_protocol;
	cb->args[DUMP_TYPE] = rtm->rtm_type;
	if (cb->args[DUMP_TABLE] && !fib_table_exists(cb->net, (u32)cb->args[DUMP_TABLE])) {
		NL_SET_ERR_MSG(&cb->extack, "ipv4: FIB table does not exist");
		return -ENOENT;
	}
	for (u32 i = DUMP_TABLE; i <= DUMP_TYPE; i++) {
		if (cb->args[i])
			cb->answer_flags |= NLM_F_DUMP_FILTERED;
	}
	return 0;
}

static bool route_uses_dev(const struct fib_info *fi, int oif)
{
	for (u32 i = 0; i < fi->nhs; i++) {
		if (fi->nh[i].oif == oif)
			return true;
	}
	return false;
}

static bool route_dump_wanted(const struct netlink_callback *cb, const struct fib_route_view *r)
{
	if (cb->args[DUMP_PROTOCOL] && r->fi->protocol != cb->args[DUMP_PROTOCOL])
		return false;
	if (cb->args[DUMP_TYPE] && r->type != cb->args[DUMP_TYPE])
		return false;
	return !cb->args[DUMP_OIF] || route_uses_dev(r->fi, (int)cb->args[DUMP_OIF]);
}

struct route_dump {
	const struct netlink_callback *cb;
	struct nl_target to;
};

static int route_dump_one(void *ctx, const struct fib_route_view *r)
{
	const struct route_dump *d = ctx;

	return route_dump_wanted(d->cb, r) && !rtnl_fill_route(&d->to, r);
}

static int rtm_dumproute(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct route_dump d = { .cb = cb };
	struct fib_dump_cursor cursor;
	int err;

	if (!cb->started) {
		err = route_dump_begin(cb);
		if (err)
			return err;
	}
	nl_dump_genid(cb, fib_seq(cb->net));
	if (cb->args[DUMP_CLONED])
		return 0; /* there is no cache of routes to list */
	d.to = nl_dump_target(skb, cb, RTM_NEWROUTE);
	memcpy(&cursor, &cb->args[DUMP_CURSOR], sizeof(cursor));
	err = fib_route_dump(cb->net, &cursor, (u32)cb->args[DUMP_TABLE], route_dump_one, &d);
	memcpy(&cb->args[DUMP_CURSOR], &cursor, sizeof(cursor));
	return err;
}

const struct rtnl_handler rtnl_route_handlers[] = {
	{ AF_INET, RTM_NEWROUTE, rtm_newroute, NULL },
	{ AF_INET, RTM_DELROUTE, rtm_delroute, NULL },
	{ AF_INET, RTM_GETROUTE, rtm_getroute, rtm_dumproute },
	{ 0 },
};
