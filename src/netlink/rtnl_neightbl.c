// SPDX-License-Identifier: BSD-2-Clause
/* RTM_GETNEIGHTBL, RTM_SETNEIGHTBL: what `ip ntable` shows and changes.
 *
 * @linux neightbl_fill_info, neightbl_set of net/core/neighbour.c
 *
 * Thresholds and counters are this net's own; Linux has one set for the whole kernel.
 */
#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>

#include "netlink/rtnetlink.h"

#define NDTPA_INTERVAL_PROBE 19 /* NDTPA_INTERVAL_PROBE_TIME_MS: younger than the system's header */
#define NDTPA_ATTR_MAX NDTPA_INTERVAL_PROBE
#define UNRES_PACKET_TRUESIZE_BYTES 2090

/** struct neigh_parm_attr - one tunable as it travels */
struct neigh_parm_attr {
	u16 attr;
	u8 var;    /**< NEIGH_VAR_* */
	bool time; /**< u64 milliseconds; else u32 */
};

static const struct neigh_parm_attr parm_attrs[] = {
	{ NDTPA_QUEUE_LENBYTES, NEIGH_VAR_QUEUE_LEN_BYTES, false },
	{ NDTPA_PROXY_QLEN, NEIGH_VAR_PROXY_QLEN, false },
	{ NDTPA_APP_PROBES, NEIGH_VAR_APP_PROBES, false },
	{ NDTPA_UCAST_PROBES, NEIGH_VAR_UCAST_PROBES, false },
	{ NDTPA_MCAST_PROBES, NEIGH_VAR_MCAST_PROBES, false },
	{ NDTPA_MCAST_REPROBES, NEIGH_VAR_MCAST_REPROBES, false },
	{ NDTPA_BASE_REACHABLE_TIME, NEIGH_VAR_BASE_REACHABLE_TIME, true },
	{ NDTPA_GC_STALETIME, NEIGH_VAR_GC_STALETIME, true },
	{ NDTPA_DELAY_PROBE_TIME, NEIGH_VAR_DELAY_PROBE_TIME, true },
	{ NDTPA_RETRANS_TIME, NEIGH_VAR_RETRANS_TIME, true },
	{ NDTPA_ANYCAST_DELAY, NEIGH_VAR_ANYCAST_DELAY, true },
	{ NDTPA_PROXY_DELAY, NEIGH_VAR_PROXY_DELAY, true },
	{ NDTPA_LOCKTIME, NEIGH_VAR_LOCKTIME, true },
	{ NDTPA_INTERVAL_PROBE, NEIGH_VAR_INTERVAL_PROBE_TIME, true },
};

static const struct nla_policy neightbl_policy[NDTA_MAX + 1] = {
	[NDTA_NAME] = { .kind = NLA_K_STRING },     [NDTA_THRESH1] = { .kind = NLA_K_U32 },
	[NDTA_THRESH2] = { .kind = NLA_K_U32 },     [NDTA_THRESH3] = { .kind = NLA_K_U32 },
	[NDTA_GC_INTERVAL] = { .kind = NLA_K_U64 }, [NDTA_PARMS] = { .kind = NLA_K_NESTED },
};

static const struct nla_policy parms_policy[NDTPA_ATTR_MAX + 1] = {
	[NDTPA_IFINDEX] = { .kind = NLA_K_U32 },
	[NDTPA_QUEUE_LEN] = { .kind = NLA_K_U32 },
	[NDTPA_QUEUE_LENBYTES] = { .kind = NLA_K_U32 },
	[NDTPA_PROXY_QLEN] = { .kind = NLA_K_U32 },
	[NDTPA_APP_PROBES] = { .kind = NLA_K_U32 },
	[NDTPA_UCAST_PROBES] = { .kind = NLA_K_U32 },
	[NDTPA_MCAST_PROBES] = { .kind = NLA_K_U32 },
	[NDTPA_MCAST_REPROBES] = { .kind = NLA_K_U32 },
	[NDTPA_BASE_REACHABLE_TIME] = { .kind = NLA_K_U64 },
	[NDTPA_GC_STALETIME] = { .kind = NLA_K_U64 },
	[NDTPA_DELAY_PROBE_TIME] = { .kind = NLA_K_U64 },
	[NDTPA_RETRANS_TIME] = { .kind = NLA_K_U64 },
	[NDTPA_ANYCAST_DELAY] = { .kind = NLA_K_U64 },
	[NDTPA_PROXY_DELAY] = { .kind = NLA_K_U64 },
	[NDTPA_LOCKTIME] = { .kind = NLA_K_U64 },
	[NDTPA_INTERVAL_PROBE] = { .kind = NLA_K_U64 },
};

/* ------------------------------------------------------------------ out */

static bool put_parms(const struct nl_target *to, struct nlmsghdr *nlh, const struct neigh_parms *p)
{
	const struct sk_buff *skb = to->skb;
	struct nlattr *nest = nla_nest_start(skb, nlh, NDTA_PARMS);

	if (!nest || (p->dev && !nla_put_u32(skb, nlh, NDTPA_IFINDEX, (u32)p->dev->ifindex)))
		return false;
	if (!nla_put_u32(skb, nlh, NDTPA_REFCNT, 1) ||
	    !nla_put_u32(skb, nlh, NDTPA_QUEUE_LEN,
			 (u32)(NEIGH_VAR(p, QUEUE_LEN_BYTES) / UNRES_PACKET_TRUESIZE_BYTES)) ||
	    !nla_put_u64(skb, nlh, NDTPA_REACHABLE_TIME, (u64)(p->reachable_time / NSEC_PER_MSEC)))
		return false;
	for (u32 i = 0; i < ARRAY_SIZE(parm_attrs); i++) {
		const struct neigh_parm_attr *a = &parm_attrs[i];
		s64 value = p->data[a->var];

		if (!(a->time ? nla_put_u64(skb, nlh, a->attr, (u64)(value / NSEC_PER_MSEC))
			      : nla_put_u32(skb, nlh, a->attr, (u32)value)))
			return false;
	}
	nla_nest_end(nlh, nest);
	return true;
}

static bool put_config(const struct nl_target *to, struct nlmsghdr *nlh, const struct neigh_table *tbl)
{
	struct ndt_config config = {
		.ndtc_key_len = tbl->key_len,
		.ndtc_entry_size = (u16)tbl->cache.object_bytes,
		.ndtc_entries = tbl->entries_count,
		.ndtc_last_flush = (u32)((tbl->net->now - tbl->last_flush) / NSEC_PER_MSEC),
		.ndtc_last_rand = (u32)((tbl->net->now - tbl->last_rand) / NSEC_PER_MSEC),
		.ndtc_hash_mask = tbl->hash.cur.mask,
		.ndtc_proxy_qlen = tbl->proxy_queued_count,
	};

	return nla_put(to->skb, nlh, NDTA_CONFIG, &config, sizeof(config));
}

static bool put_stats(const struct nl_target *to, struct nlmsghdr *nlh, const struct neigh_statistics *s)
{
	struct ndt_stats stats = {
		.ndts_allocs = s->allocs,
		.ndts_destroys = s->destroys,
		.ndts_hash_grows = s->hash_grows,
		.ndts_res_failed = s->res_failed,
		.ndts_lookups = s->lookups,
		.ndts_hits = s->hits,
		.ndts_rcv_probes_mcast = s->rcv_probes_mcast,
		.ndts_rcv_probes_ucast = s->rcv_probes_ucast,
		.ndts_periodic_gc_runs = s->periodic_gc_runs,
		.ndts_forced_gc_runs = s->forced_gc_runs,
		.ndts_table_fulls = s->table_fulls,
	};

	return nla_put(to->skb, nlh, NDTA_STATS, &stats, sizeof(stats));
}

/* All of it is put, and then looked at: most often there is room. */
static bool put_table(const struct nl_target *to, struct nlmsghdr *nlh, const struct neigh_table *tbl)
{
	bool fits = nla_put_u64(to->skb, nlh, NDTA_GC_INTERVAL, (u64)(tbl->gc_interval / NSEC_PER_MSEC));

	fits &= nla_put_u32(to->skb, nlh, NDTA_THRESH1, tbl->gc_thresh1);
	fits &= nla_put_u32(to->skb, nlh, NDTA_THRESH2, tbl->gc_thresh2);
	fits &= nla_put_u32(to->skb, nlh, NDTA_THRESH3, tbl->gc_thresh3);
	fits &= put_config(to, nlh, tbl);
	fits &= put_stats(to, nlh, &tbl->stats);
	return fits;
}

/* The table itself with its defaults (@p has no device), or what one device has. */
static bool fill_neightbl(const struct nl_target *to, const struct neigh_parms *p)
{
	struct nlmsghdr *nlh = nlmsg_put(to->skb, to->portid, to->seq, to->type, to->flags, sizeof(struct ndtmsg));
	struct ndtmsg *ndt;

	if (!nlh)
		return false;
	ndt = nlmsg_header(nlh);
	ndt->ndtm_family = (u8)p->tbl->family;
	if (!nla_put_string(to->skb, nlh, NDTA_NAME, p->tbl->id))
		return false;
	if (!p->dev && !put_table(to, nlh, p->tbl))
		return false;
	if (!put_parms(to, nlh, p))
		return false;
	nlmsg_end(to->skb, nlh);
	return true;
}

/* ------------------------------------------------------------------ dump */

enum { DUMP_TABLE, DUMP_SKIP }; /* cb->args */

static int neightbl_dump_check(struct netlink_callback *cb)
{
	const struct ndtmsg *ndt = rtnl_header(cb->nlh, sizeof(*ndt));

	if (!cb->strict)
		return 0;
	if (!ndt) {
		NL_SET_ERR_MSG(&cb->extack, "Invalid header for neighbor table dump request");
		return -EINVAL;
	}
	if (ndt->ndtm_pad1 || ndt->ndtm_pad2) {
		NL_SET_ERR_MSG(&cb->extack, "Invalid values in header for neighbor table dump request");
		return -EINVAL;
	}
	if (cb->nlh->nlmsg_len > sizeof(*cb->nlh) + sizeof(*ndt)) {
		NL_SET_ERR_MSG(&cb->extack, "Invalid data after header in neighbor table dump request");
		return -EINVAL;
	}
	return 0;
}

/* Return: false when a message did not fit. */
static bool neightbl_dump_table(const struct nl_target *to, struct netlink_callback *cb, const struct neigh_table *tbl)
{
	const struct neigh_parms *p;
	u64 i = 0;

	list_for_each_entry(p, &tbl->parms_list, list) {
		if (i++ < cb->args[DUMP_SKIP])
			continue;
		if (!fill_neightbl(to, p))
			return false;
		cb->args[DUMP_SKIP]++;
	}
	cb->args[DUMP_SKIP] = 0;
	return true;
}

static int rtm_dumpneightbl(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct rtgenmsg *gen = rtnl_header(cb->nlh, sizeof(*gen));
	struct nl_target to;
	int err;

	if (!cb->started) {
		err = neightbl_dump_check(cb);
		if (err)
			return err;
	}
	nl_dump_genid(cb, netdev_genid(cb->net));
	to = nl_dump_target(skb, cb, RTM_NEWNEIGHTBL);
	for (; cb->args[DUMP_TABLE] < NEIGH_NR_TABLES; cb->args[DUMP_TABLE]++) {
		const struct neigh_table *tbl = cb->net->neigh->table[cb->args[DUMP_TABLE]];

		if (!tbl || (gen->rtgen_family && gen->rtgen_family != tbl->family))
			continue;
		if (!neightbl_dump_table(&to, cb, tbl))
			return 1;
	}
	return 0;
}

/* ------------------------------------------------------------------ SET */

static struct neigh_table *neightbl_find(struct net *net, u8 family, const char *name)
{
	for (u32 i = 0; i < NEIGH_NR_TABLES; i++) {
		struct neigh_table *tbl = net->neigh->table[i];

		if (tbl && (!family || family == tbl->family) && strcmp(tbl->id, name) == 0)
			return tbl;
	}
	return NULL;
}

static struct neigh_parms *parms_find(struct neigh_table *tbl, u32 ifindex)
{
	struct neigh_parms *p;

	list_for_each_entry(p, &tbl->parms_list, list) {
		if (ifindex == (p->dev ? (u32)p->dev->ifindex : 0))
			return p;
	}
	return NULL;
}

static s64 parm_value(const struct neigh_parm_attr *a, const struct nlattr *attr)
{
	u64 ms;

	if (!a->time)
		return nla_get_u32(attr);
	memcpy(&ms, nla_data(attr), sizeof(ms));
	return (s64)min_size(ms, INT32_MAX) * NSEC_PER_MSEC;
}

static void parms_apply(struct neigh_parms *p, const struct nlattr *const *tb)
{
	if (tb[NDTPA_QUEUE_LEN])
		neigh_parms_set(p, NEIGH_VAR_QUEUE_LEN_BYTES,
				(s64)nla_get_u32(tb[NDTPA_QUEUE_LEN]) * UNRES_PACKET_TRUESIZE_BYTES);
	for (u32 i = 0; i < ARRAY_SIZE(parm_attrs); i++) {
		const struct neigh_parm_attr *a = &parm_attrs[i];

		if (tb[a->attr])
			neigh_parms_set(p, a->var, parm_value(a, tb[a->attr]));
	}
}

static ktime_t gc_interval_of(const struct nlattr *attr)
{
	u64 ms;

	memcpy(&ms, nla_data(attr), sizeof(ms));
	return (ktime_t)min_size(ms, INT32_MAX) * NSEC_PER_MSEC;
}

/* All is looked at before anything is changed. */
static int neightbl_set(const struct nl_request *rq, struct neigh_table *tbl, const struct nlattr *const *tb)
{
	const struct nlattr *parms[NDTPA_ATTR_MAX + 1] = { NULL };
	struct neigh_parms *p = NULL;
	int err;

	if (tb[NDTA_PARMS]) {
		err = nla_parse(parms, NDTPA_ATTR_MAX, nla_data(tb[NDTA_PARMS]), nla_len(tb[NDTA_PARMS]), parms_policy,
				false, rq->extack);
		if (err)
			return err;
		p = parms_find(tbl, parms[NDTPA_IFINDEX] ? nla_get_u32(parms[NDTPA_IFINDEX]) : 0);
		if (!p)
			return -ENOENT;
	}
	if (p)
		parms_apply(p, parms);
	if (tb[NDTA_THRESH1])
		tbl->gc_thresh1 = nla_get_u32(tb[NDTA_THRESH1]);
	if (tb[NDTA_THRESH2])
		tbl->gc_thresh2 = nla_get_u32(tb[NDTA_THRESH2]);
	if (tb[NDTA_THRESH3])
		tbl->gc_thresh3 = nla_get_u32(tb[NDTA_THRESH3]);
	if (tb[NDTA_GC_INTERVAL])
		tbl->gc_interval = gc_interval_of(tb[NDTA_GC_INTERVAL]);
	return 0;
}

static int rtm_setneightbl(const struct nl_request *rq)
{
	const struct ndtmsg *ndt = rtnl_header(rq->nlh, sizeof(*ndt));
	const struct nlattr *tb[NDTA_MAX + 1];
	struct neigh_table *tbl;
	char name[32];
	int err = nlmsg_parse(rq->nlh, sizeof(*ndt), tb, NDTA_MAX, neightbl_policy, false, rq->extack);

	if (err)
		return err;
	if (!tb[NDTA_NAME])
		return -EINVAL;
	if (nla_get_string(tb[NDTA_NAME], name, sizeof(name)) < 0)
		return -ENOENT;
	tbl = neightbl_find(rq->net, ndt->ndtm_family, name);
	return tbl ? neightbl_set(rq, tbl, tb) : -ENOENT;
}

const struct rtnl_handler rtnl_neightbl_handlers[] = {
	{ AF_UNSPEC, RTM_GETNEIGHTBL, NULL, rtm_dumpneightbl },
	{ AF_UNSPEC, RTM_SETNEIGHTBL, rtm_setneightbl, NULL },
	{ 0 },
};
