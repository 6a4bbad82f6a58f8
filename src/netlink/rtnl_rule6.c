// SPDX-License-Identifier: BSD-2-Clause
/* RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE for IPv6.  @linux net/core/fib_rules.c */
#include <errno.h>
#include <linux/fib_rules.h>
#include <string.h>

#include "ipv6/ip6_fib.h"
#include "netlink/rtnl_ipv6.h"

static const struct nla_policy rule_policy[FRA_MAX + 1] = {
	[FRA_DST] = { .kind = NLA_ANY, .min_bytes = sizeof(struct in6_addr) },
	[FRA_SRC] = { .kind = NLA_ANY, .min_bytes = sizeof(struct in6_addr) },
	[FRA_IIFNAME] = { .kind = NLA_K_STRING, .len_bytes = IFNAMSIZ - 1 },
	[FRA_OIFNAME] = { .kind = NLA_K_STRING, .len_bytes = IFNAMSIZ - 1 },
	[FRA_GOTO] = { .kind = NLA_K_U32 },
	[FRA_PRIORITY] = { .kind = NLA_K_U32 },
	[FRA_FWMARK] = { .kind = NLA_K_U32 },
	[FRA_FWMASK] = { .kind = NLA_K_U32 },
	[FRA_FLOW] = { .kind = NLA_K_U32 },
	[FRA_SUPPRESS_PREFIXLEN] = { .kind = NLA_K_U32 },
	[FRA_TABLE] = { .kind = NLA_K_U32 },
	[FRA_PROTOCOL] = { .kind = NLA_K_U8 },
	[FRA_IP_PROTO] = { .kind = NLA_K_U8 },
	[FRA_SPORT_RANGE] = { .kind = NLA_ANY, .min_bytes = sizeof(struct fib_rule_port_range) },
	[FRA_DPORT_RANGE] = { .kind = NLA_ANY, .min_bytes = sizeof(struct fib_rule_port_range) },
};

/* ------------------------------------------------------------------ out */

static bool rule_put_ports(const struct nl_target *to, struct nlmsghdr *nlh, u16 type, const u16 range[2])
{
	struct fib_rule_port_range r = { range[0], range[1] };

	return !range[1] || nla_put(to->skb, nlh, type, &r, sizeof(r));
}

static bool rule_put_selectors(const struct nl_target *to, struct nlmsghdr *nlh, const struct fib6_rule_config *r)
{
	const struct sk_buff *skb = to->skb;

	if (r->src_len && !nla_put(skb, nlh, FRA_SRC, &r->src, sizeof(r->src)))
		return false;
	if (r->dst_len && !nla_put(skb, nlh, FRA_DST, &r->dst, sizeof(r->dst)))
		return false;
	if (r->iifname[0] && !nla_put_string(skb, nlh, FRA_IIFNAME, r->iifname))
		return false;
	if (r->oifname[0] && !nla_put_string(skb, nlh, FRA_OIFNAME, r->oifname))
		return false;
	if (r->mark && !nla_put_u32(skb, nlh, FRA_FWMARK, r->mark))
		return false;
	if ((r->mask || r->mark) && !nla_put_u32(skb, nlh, FRA_FWMASK, r->mask))
		return false;
	if (r->ip_proto && !nla_put_u8(skb, nlh, FRA_IP_PROTO, r->ip_proto))
		return false;
	return rule_put_ports(to, nlh, FRA_SPORT_RANGE, r->sport_range) &&
	       rule_put_ports(to, nlh, FRA_DPORT_RANGE, r->dport_range);
}

bool rtnl_fill_rule6(const struct nl_target *to, const struct fib6_rule_config *r)
{
	struct nlmsghdr *nlh =
		nlmsg_put(to->skb, to->portid, to->seq, to->type, to->flags, sizeof(struct fib_rule_hdr));
	u32 suppress = r->suppress_set ? r->suppress_prefixlen : UINT32_MAX;
	struct fib_rule_hdr *frh;

	if (!nlh)
		return false;
	frh = nlmsg_header(nlh);
	frh->family = AF_INET6;
	frh->src_len = r->src_len;
	frh->dst_len = r->dst_len;
	frh->tos = r->tos;
	frh->table = r->table < 256 ? (u8)r->table : RT_TABLE_COMPAT;
	frh->action = r->action;
	frh->flags = r->flags | (r->invert ? FIB_RULE_INVERT : 0);
	if (!nla_put_u32(to->skb, nlh, FRA_TABLE, r->table) ||
	    !nla_put_u32(to->skb, nlh, FRA_SUPPRESS_PREFIXLEN, suppress) ||
	    !nla_put_u8(to->skb, nlh, FRA_PROTOCOL, r->protocol))
		return false;
	if (r->pref && !nla_put_u32(to->skb, nlh, FRA_PRIORITY, r->pref))
		return false;
	if (r->target && !nla_put_u32(to->skb, nlh, FRA_GOTO, r->target))
		return false;
	if (!rule_put_selectors(to, nlh, r))
		return false;
	nlmsg_end(to->skb, nlh);
	return true;
}

/* ------------------------------------------------------------------ in */

static void rule_parse_ports(const struct nlattr *attr, u16 range[2])
{
	struct fib_rule_port_range r;

	if (!attr)
		return;
	memcpy(&r, nla_data(attr), sizeof(r));
	range[0] = r.start;
	range[1] = r.end;
}

static void rule_parse_selectors(const struct nlattr *const *tb, struct fib6_rule_config *cfg)
{
	if (tb[FRA_SRC])
		memcpy(&cfg->src, nla_data(tb[FRA_SRC]), sizeof(cfg->src));
	if (tb[FRA_DST])
		memcpy(&cfg->dst, nla_data(tb[FRA_DST]), sizeof(cfg->dst));
	if (tb[FRA_IIFNAME])
		(void)nla_get_string(tb[FRA_IIFNAME], cfg->iifname, sizeof(cfg->iifname));
	if (tb[FRA_OIFNAME])
		(void)nla_get_string(tb[FRA_OIFNAME], cfg->oifname, sizeof(cfg->oifname));
	if (tb[FRA_FWMARK]) {
		cfg->mark = nla_get_u32(tb[FRA_FWMARK]);
		cfg->mask = UINT32_MAX;
	}
	if (tb[FRA_FWMASK])
		cfg->mask = nla_get_u32(tb[FRA_FWMASK]);
	if (tb[FRA_IP_PROTO])
		cfg->ip_proto = nla_get_u8(tb[FRA_IP_PROTO]);
	rule_parse_ports(tb[FRA_SPORT_RANGE], cfg->sport_range);
	rule_parse_ports(tb[FRA_DPORT_RANGE], cfg->dport_range);
}

static int rule_parse(const struct nl_request *rq, struct fib6_rule_config *cfg)
{
	const struct fib_rule_hdr *frh = rtnl_header(rq->nlh, sizeof(*frh));
	const struct nlattr *tb[FRA_MAX + 1];
	int err = nlmsg_parse(rq->nlh, sizeof(*frh), tb, FRA_MAX, rule_policy, false, rq->extack);

	if (err)
		return err;
	if (frh->src_len > 128 || frh->dst_len > 128 || (frh->src_len && !tb[FRA_SRC]) ||
	    (frh->dst_len && !tb[FRA_DST])) {
		NL_SET_ERR_MSG(rq->extack,
			       frh->src_len && !tb[FRA_SRC] ? "Invalid source address" : "Invalid dst address");
		return -EINVAL;
	}
	cfg->src_len = frh->src_len;
	cfg->dst_len = frh->dst_len;
	cfg->tos = frh->tos;
	cfg->action = frh->action;
	cfg->flags = frh->flags & ~(u32)FIB_RULE_INVERT;
	cfg->invert = frh->flags & FIB_RULE_INVERT;
	cfg->table = tb[FRA_TABLE] ? nla_get_u32(tb[FRA_TABLE]) : frh->table;
	cfg->pref_set = tb[FRA_PRIORITY] != NULL;
	cfg->pref = cfg->pref_set ? nla_get_u32(tb[FRA_PRIORITY]) : 0;
	cfg->target = tb[FRA_GOTO] ? nla_get_u32(tb[FRA_GOTO]) : 0;
	cfg->protocol = tb[FRA_PROTOCOL] ? nla_get_u8(tb[FRA_PROTOCOL]) : RTPROT_UNSPEC;
	cfg->suppress_prefixlen = tb[FRA_SUPPRESS_PREFIXLEN] ? nla_get_u32(tb[FRA_SUPPRESS_PREFIXLEN]) : UINT32_MAX;
	cfg->suppress_set = cfg->suppress_prefixlen != UINT32_MAX;
	rule_parse_selectors(tb, cfg);
	return 0;
}

static int rtm_newrule(const struct nl_request *rq)
{
	struct fib6_rule_config cfg = { 0 };
	const char *errmsg = NULL;
	int err = rule_parse(rq, &cfg);

	if (err)
		return err;
	err = fib6_rule_add(rq->net, &cfg, rq->nlh->nlmsg_flags, rq->nlk->portid, &errmsg);
	if (err && errmsg)
		NL_SET_ERR_MSG(rq->extack, errmsg);
	return err;
}

static int rtm_delrule(const struct nl_request *rq)
{
	struct fib6_rule_config cfg = { 0 };
	const char *errmsg = NULL;
	int err = rule_parse(rq, &cfg);

	if (err)
		return err;
	err = fib6_rule_del(rq->net, &cfg, rq->nlk->portid, &errmsg);
	if (err && errmsg)
		NL_SET_ERR_MSG(rq->extack, errmsg);
	return err;
}

/* ------------------------------------------------------------------ dump */

static int rule_dump_check(struct netlink_callback *cb)
{
	const struct fib_rule_hdr *frh = rtnl_header(cb->nlh, sizeof(*frh));

	if (!cb->strict)
		return 0;
	if (!frh) {
		NL_SET_ERR_MSG(&cb->extack, "Invalid header for fib rule dump request");
		return -EINVAL;
	}
	if (frh->dst_len || frh->src_len || frh->tos || frh->table || frh->res1 || frh->res2 || frh->action ||
	    frh->flags) {
		NL_SET_ERR_MSG(&cb->extack, "Invalid values in header for fib rule dump request");
		return -EINVAL;
	}
	if (cb->nlh->nlmsg_len > sizeof(*cb->nlh) + sizeof(*frh)) {
		NL_SET_ERR_MSG(&cb->extack, "Invalid data after header in fib rule dump request");
		return -EINVAL;
	}
	return 0;
}

static int rule_dump_one(void *ctx, const struct fib6_rule_config *r)
{
	return !rtnl_fill_rule6(ctx, r);
}

static int rtm_dumprule(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nl_target to;
	u32 skip = (u32)cb->args[0];
	int err;

	if (!cb->started) {
		err = rule_dump_check(cb);
		if (err)
			return err;
	}
	nl_dump_genid(cb, fib6_seq(cb->net));
	to = nl_dump_target(skb, cb, RTM_NEWRULE);
	err = fib6_rule_dump(cb->net, &skip, rule_dump_one, &to);
	cb->args[0] = skip;
	return err;
}

const struct rtnl_handler rtnl_rule6_handlers[] = {
	{ AF_INET6, RTM_NEWRULE, rtm_newrule, NULL },
	{ AF_INET6, RTM_DELRULE, rtm_delrule, NULL },
	{ AF_INET6, RTM_GETRULE, NULL, rtm_dumprule },
	{ 0 },
};
