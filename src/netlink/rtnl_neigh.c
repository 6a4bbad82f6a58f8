// SPDX-License-Identifier: BSD-2-Clause
/* RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH: neighbours, and with NTF_PROXY the addresses that we answer for.
 *
 * @linux neigh_add, neigh_delete, neigh_get, neigh_dump_info, pneigh_fill_info of net/core/neighbour.c
 *
 * A refused request changes nothing: an entry that was made for it goes again.
 */
#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>

#include "neigh/pneigh.h"
#include "netlink/rtnetlink.h"

#define NEIGH_EXT_KNOWN (NTF_EXT_MANAGED | NEIGH_EXT_VALIDATED)
#define NEIGH_DUMP_SLOTS 16U /* hash slots whose entries go into one piece, or the next */
#define NEIGH_DUMP_RUNS 256U /* of these in one turn: a filter may let nothing through */

static const struct nla_policy neigh_policy[NDA_MAX + 1] = {
	[NDA_DST] = { .kind = NLA_ANY },
	[NDA_LLADDR] = { .kind = NLA_K_BINARY, .len_bytes = MAX_ADDR_LEN },
	[NDA_CACHEINFO] = { .kind = NLA_ANY, .min_bytes = sizeof(struct nda_cacheinfo) },
	[NDA_PROBES] = { .kind = NLA_K_U32 },
	[NDA_VLAN] = { .kind = NLA_K_U16 },
	[NDA_PORT] = { .kind = NLA_K_U16 },
	[NDA_VNI] = { .kind = NLA_K_U32 },
	[NDA_IFINDEX] = { .kind = NLA_K_U32 },
	[NDA_MASTER] = { .kind = NLA_K_U32 },
	[NDA_PROTOCOL] = { .kind = NLA_K_U8 },
	[NDA_NH_ID] = { .kind = NLA_K_U32 },
	[NDA_FLAGS_EXT] = { .kind = NLA_K_U32, .mask = NEIGH_EXT_KNOWN },
	[NDA_FDB_EXT_ATTRS] = { .kind = NLA_K_NESTED },
};

/* ------------------------------------------------------------------ out */

static u32 ktime_to_user_hz(struct net *net, ktime_t since)
{
	return (u32)((net->now - since) / (10 * NSEC_PER_MSEC));
}

static bool neigh_put_attrs(const struct nl_target *to, struct nlmsghdr *nlh, const struct neighbour *n)
{
	const struct sk_buff *skb = to->skb;
	struct net *net = n->tbl->net;
	struct nda_cacheinfo ci = {
		.ndm_confirmed = ktime_to_user_hz(net, n->confirmed),
		.ndm_used = ktime_to_user_hz(net, n->used),
		.ndm_updated = ktime_to_user_hz(net, n->updated),
		.ndm_refcnt = n->refcnt - 1,
	};

	if (!nla_put(skb, nlh, NDA_DST, n->primary_key, n->tbl->key_len))
		return false;
	if ((n->nud_state & NUD_VALID) && !nla_put(skb, nlh, NDA_LLADDR, n->ha, n->dev->addr_len))
		return false;
	if (!nla_put_u32(skb, nlh, NDA_PROBES, n->probes) || !nla_put(skb, nlh, NDA_CACHEINFO, &ci, sizeof(ci)))
		return false;
	if (n->protocol && !nla_put_u8(skb, nlh, NDA_PROTOCOL, n->protocol))
		return false;
	return !n->flags_ext || nla_put_u32(skb, nlh, NDA_FLAGS_EXT, n->flags_ext);
}

bool rtnl_fill_neigh(const struct nl_target *to, const struct neighbour *n)
{
	struct nlmsghdr *nlh = nlmsg_put(to->skb, to->portid, to->seq, to->type, to->flags, sizeof(struct ndmsg));
	struct ndmsg *ndm;

	if (!nlh)
		return false;
	ndm = nlmsg_header(nlh);
	ndm->ndm_family = (u8)n->tbl->family;
	ndm->ndm_ifindex = n->dev->ifindex;
	ndm->ndm_state = n->nud_state;
	ndm->ndm_flags = n->flags;
	ndm->ndm_type = n->type;
	if (!neigh_put_attrs(to, nlh, n))
		return false;
	nlmsg_end(to->skb, nlh);
	return true;
}

static bool fill_pneigh(const struct nl_target *to, const struct neigh_table *tbl, const struct pneigh_entry *pn)
{
	struct nlmsghdr *nlh = nlmsg_put(to->skb, to->portid, to->seq, to->type, to->flags, sizeof(struct ndmsg));
	struct ndmsg *ndm;

	if (!nlh)
		return false;
	ndm = nlmsg_header(nlh);
	ndm->ndm_family = (u8)tbl->family;
	ndm->ndm_ifindex = pn->dev ? pn->dev->ifindex : 0;
	ndm->ndm_state = NUD_NONE;
	ndm->ndm_flags = pn->flags | NTF_PROXY;
	ndm->ndm_type = RTN_UNICAST;
	if (!nla_put(to->skb, nlh, NDA_DST, pn->key, tbl->key_len))
		return false;
	if (pn->protocol && !nla_put_u8(to->skb, nlh, NDA_PROTOCOL, pn->protocol))
		return false;
	nlmsg_end(to->skb, nlh);
	return true;
}

/* ------------------------------------------------------------------ NEW */

static struct neigh_table *neigh_table_of(struct net *net, u8 family)
{
	for (u32 i = 0; i < NEIGH_NR_TABLES; i++) {
		if (net->neigh->table[i] && net->neigh->table[i]->family == family)
			return net->neigh->table[i];
	}
	return NULL;
}

/** struct neigh_change - RTM_NEWNEIGH, decoded */
struct neigh_change {
	const struct nl_request *rq;
	const struct ndmsg *ndm;
	const struct nlattr *tb[NDA_MAX + 1];
	struct neigh_table *tbl;
	struct net_device *dev;
	u32 flags_ext;
	u8 state;
};

static int neigh_decode(const struct nl_request *rq, struct neigh_change *c)
{
	int err = nlmsg_parse(rq->nlh, sizeof(*c->ndm), c->tb, NDA_MAX, neigh_policy, false, rq->extack);

	if (err)
		return err;
	c->rq = rq;
	c->ndm = rtnl_header(rq->nlh, sizeof(*c->ndm));
	c->state = (u8)c->ndm->ndm_state;
	c->flags_ext = c->tb[NDA_FLAGS_EXT] ? nla_get_u32(c->tb[NDA_FLAGS_EXT]) : 0;
	if (!c->tb[NDA_DST]) {
		NL_SET_ERR_MSG(rq->extack, "Network address not specified");
		return -EINVAL;
	}
	return 0;
}

static int neigh_decode_dev(struct neigh_change *c)
{
	if (!c->ndm->ndm_ifindex)
		return 0;
	c->dev = dev_find_by_index(c->rq->net, c->ndm->ndm_ifindex);
	return c->dev ? 0 : -ENODEV;
}

static int neigh_decode_table(struct neigh_change *c)
{
	c->tbl = neigh_table_of(c->rq->net, c->ndm->ndm_family);
	if (!c->tbl)
		return -EAFNOSUPPORT;
	if (nla_len(c->tb[NDA_DST]) < c->tbl->key_len) {
		NL_SET_ERR_MSG(c->rq->extack, "Invalid network address");
		return -EINVAL;
	}
	return 0;
}

static int neigh_check_lladdr(const struct neigh_change *c)
{
	if (c->dev && c->tb[NDA_LLADDR] && nla_len(c->tb[NDA_LLADDR]) < c->dev->addr_len) {
		NL_SET_ERR_MSG(c->rq->extack, "Invalid link address");
		return -EINVAL;
	}
	return 0;
}

static bool neigh_wants(const struct neigh_change *c, u32 ext)
{
	return (c->flags_ext & ext) != 0;
}

static u32 neigh_update_flags(const struct neigh_change *c, bool existed)
{
	u32 flags = NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_OVERRIDE_ISROUTER;

	if (existed && !(c->rq->nlh->nlmsg_flags & NLM_F_REPLACE))
		flags &= ~(NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_OVERRIDE_ISROUTER);
	if (c->ndm->ndm_flags & NTF_EXT_LEARNED)
		flags |= NEIGH_UPDATE_F_EXT_LEARNED;
	if (c->ndm->ndm_flags & NTF_ROUTER)
		flags |= NEIGH_UPDATE_F_ISROUTER;
	if (c->ndm->ndm_flags & NTF_USE)
		flags |= NEIGH_UPDATE_F_USE;
	if (neigh_wants(c, NTF_EXT_MANAGED))
		flags |= NEIGH_UPDATE_F_MANAGED;
	if (neigh_wants(c, NEIGH_EXT_VALIDATED))
		flags |= NEIGH_UPDATE_F_EXT_VALIDATED;
	return flags;
}

/* What a new entry may not be. */
static int neigh_check_new(const struct neigh_change *c)
{
	struct netlink_ext_ack *extack = c->rq->extack;
	bool permanent = c->state & NUD_PERMANENT;
	bool use = (c->ndm->ndm_flags & NTF_USE) || neigh_wants(c, NTF_EXT_MANAGED); /* which take no state */

	if (!(c->rq->nlh->nlmsg_flags & NLM_F_CREATE))
		return -ENOENT;
	if (permanent && neigh_wants(c, NTF_EXT_MANAGED)) {
		NL_SET_ERR_MSG(extack, "Invalid NTF_* flag for permanent entry");
		return -EINVAL;
	}
	if (neigh_wants(c, NEIGH_EXT_VALIDATED) && (use || !(c->state & NUD_VALID))) {
		NL_SET_ERR_MSG(extack, "Cannot create externally validated neighbor with an invalid state");
		return -EINVAL;
	}
	return 0;
}

static int neigh_check_existing(const struct neigh_change *c, const struct neighbour *n)
{
	bool use = (c->ndm->ndm_flags & NTF_USE) || neigh_wants(c, NTF_EXT_MANAGED);
	u8 state = use ? n->nud_state : c->state;

	if (c->rq->nlh->nlmsg_flags & NLM_F_EXCL)
		return -EEXIST;
	if (neigh_wants(c, NEIGH_EXT_VALIDATED) && !(state & NUD_VALID)) {
		NL_SET_ERR_MSG(c->rq->extack, "Cannot mark neighbor as externally validated with an invalid state");
		return -EINVAL;
	}
	return 0;
}

static int neigh_apply(const struct neigh_change *c, struct neighbour *n, u32 flags)
{
	const u8 *lladdr = c->tb[NDA_LLADDR] ? nla_data(c->tb[NDA_LLADDR]) : NULL;
	u8 old_protocol = n->protocol;
	const char *errmsg = NULL;
	int err;

	if (c->tb[NDA_PROTOCOL])
		n->protocol = nla_get_u8(c->tb[NDA_PROTOCOL]);
	err = neigh_update(n, lladdr, c->state, flags, c->rq->nlk->portid, &errmsg);
	if (err) {
		n->protocol = old_protocol;
		NL_SET_ERR_MSG(c->rq->extack, errmsg);
	} else if (flags & (NEIGH_UPDATE_F_USE | NEIGH_UPDATE_F_MANAGED)) {
		neigh_use(n);
	}
	return err;
}

/* An entry that was made for a request which then was refused must not stay: nobody was told of it. */
static int neigh_add_new(const struct neigh_change *c)
{
	struct neigh_wish wish = { .lladdr = c->tb[NDA_LLADDR] ? nla_data(c->tb[NDA_LLADDR]) : NULL,
				   .new_state = c->state,
				   .flags = neigh_update_flags(c, false) };
	struct neighbour *n;
	int err = neigh_check_new(c);

	if (!err)
		err = neigh_create_as(c->tbl, nla_data(c->tb[NDA_DST]), c->dev, &wish, &n);
	if (wish.errmsg)
		NL_SET_ERR_MSG(c->rq->extack, wish.errmsg);
	if (err)
		return err;
	/* It is born with them: no change that a listener would have to be told of. */
	err = neigh_set_born_flags(n, neigh_update_flags(c, false));
	if (!err)
		err = neigh_apply(c, n, neigh_update_flags(c, false));
	if (err)
		neigh_undo_create(n);
	neigh_release(n);
	return err;
}

static int neigh_add_existing(const struct neigh_change *c, struct neighbour *n)
{
	int err = neigh_check_existing(c, n);

	return err ? err : neigh_apply(c, n, neigh_update_flags(c, true));
}

/* A proxy is made or changed, whatever NLM_F_CREATE, EXCL and REPLACE say, as in Linux. */
static int pneigh_add(const struct neigh_change *c)
{
	const struct pneigh_config config = {
		.flags = c->ndm->ndm_flags,
		.protocol = c->tb[NDA_PROTOCOL] ? nla_get_u8(c->tb[NDA_PROTOCOL]) : 0,
		.permanent = c->state & NUD_PERMANENT,
	};

	if (c->flags_ext) {
		NL_SET_ERR_MSG(c->rq->extack, "Invalid NTF_* flag combination");
		return -EINVAL;
	}
	return pneigh_create(c->tbl, nla_data(c->tb[NDA_DST]), c->dev, &config);
}

static int neigh_check_device(const struct neigh_change *c)
{
	const char *errmsg = NULL;

	if (!c->dev)
		errmsg = "Device not specified";
	else if (!c->tbl->allow_add || c->tbl->allow_add(c->dev, &errmsg))
		return 0;
	NL_SET_ERR_MSG(c->rq->extack, errmsg);
	return -EINVAL;
}

static int rtm_newneigh(const struct nl_request *rq)
{
	struct neigh_change c = { 0 };
	struct neighbour *n;
	int err = neigh_decode(rq, &c);

	if (!err)
		err = neigh_decode_dev(&c);
	if (!err)
		err = neigh_check_lladdr(&c);
	if (!err)
		err = neigh_decode_table(&c);
	if (err)
		return err;
	if (c.ndm->ndm_flags & NTF_PROXY)
		return pneigh_add(&c);
	err = neigh_check_device(&c);
	if (err)
		return err;
	n = neigh_lookup(c.tbl, nla_data(c.tb[NDA_DST]), c.dev);
	if (!n)
		return neigh_add_new(&c);
	err = neigh_add_existing(&c, n);
	neigh_release(n);
	return err;
}

/* ------------------------------------------------------------------ DEL */

static int rtm_delneigh(const struct nl_request *rq)
{
	struct neigh_change c = { 0 };
	struct neighbour *n;
	int err = neigh_decode(rq, &c);

	if (!err)
		err = neigh_decode_dev(&c);
	if (!err)
		err = neigh_decode_table(&c);
	if (err)
		return err;
	if (c.ndm->ndm_flags & NTF_PROXY)
		return pneigh_delete(c.tbl, nla_data(c.tb[NDA_DST]), c.dev);
	if (!c.dev)
		return -EINVAL;
	n = neigh_lookup(c.tbl, nla_data(c.tb[NDA_DST]), c.dev);
	if (!n)
		return -ENOENT;
	err = neigh_remove(n, rq->nlk->portid);
	neigh_release(n);
	return err;
}

/* ------------------------------------------------------------------ GET */

static int neigh_get_check(const struct nl_request *rq, const struct ndmsg *ndm)
{
	if (!ndm) {
		NL_SET_ERR_MSG(rq->extack, "Invalid header for neighbor get request");
		return -EINVAL;
	}
	if (ndm->ndm_pad1 || ndm->ndm_pad2 || ndm->ndm_state || ndm->ndm_type) {
		NL_SET_ERR_MSG(rq->extack, "Invalid values in header for neighbor get request");
		return -EINVAL;
	}
	if (ndm->ndm_flags & (u8)~NTF_PROXY) {
		NL_SET_ERR_MSG(rq->extack, "Invalid flags in header for neighbor get request");
		return -EINVAL;
	}
	return 0;
}

static int neigh_get_attrs(struct neigh_change *c)
{
	struct netlink_ext_ack *extack = c->rq->extack;

	c->tbl = neigh_table_of(c->rq->net, c->ndm->ndm_family);
	if (!c->tbl) {
		NL_SET_ERR_MSG(extack, "Unsupported family in header for neighbor get request");
		return -EAFNOSUPPORT;
	}
	for (u16 i = 1; i <= NDA_MAX; i++) {
		if (c->tb[i] && i != NDA_DST) {
			NL_SET_ERR_MSG(extack, "Unsupported attribute in neighbor get request");
			return -EINVAL;
		}
	}
	if (!c->tb[NDA_DST]) {
		NL_SET_ERR_ATTR_MISS(extack, NDA_DST);
		return -EINVAL;
	}
	if (nla_len(c->tb[NDA_DST]) != c->tbl->key_len) {
		NL_SET_ERR_MSG_ATTR(extack, c->tb[NDA_DST], "Invalid network address in neighbor get request");
		return -EINVAL;
	}
	return 0;
}

/* One of @n and @pn is the answer. */
static int neigh_get_reply(const struct neigh_change *c, const struct neighbour *n, const struct pneigh_entry *pn)
{
	const struct nl_request *rq = c->rq;
	struct sk_buff *skb = nlmsg_new(rq->net, 256);
	struct nl_target to;
	bool fits;

	if (!skb)
		return -ENOBUFS;
	to = nl_request_target(rq, skb, RTM_NEWNEIGH);
	fits = n ? rtnl_fill_neigh(&to, n) : fill_pneigh(&to, c->tbl, pn);
	assert(fits); /* the skb was made for it */
	return netlink_reply(rq->nlk, skb);
}

static int pneigh_get(const struct neigh_change *c)
{
	const struct pneigh_entry *pn = pneigh_lookup(c->tbl, nla_data(c->tb[NDA_DST]), c->dev);

	if (!pn) {
		NL_SET_ERR_MSG(c->rq->extack, "Proxy neighbour entry not found");
		return -ENOENT;
	}
	return neigh_get_reply(c, NULL, pn);
}

static int rtm_getneigh(const struct nl_request *rq)
{
	struct neigh_change c = { .rq = rq, .ndm = rtnl_header(rq->nlh, sizeof(*c.ndm)) };
	struct neighbour *n;
	int err = neigh_get_check(rq, c.ndm);

	if (!err)
		err = nlmsg_parse(rq->nlh, sizeof(*c.ndm), c.tb, NDA_MAX, neigh_policy, true, rq->extack);
	if (!err)
		err = neigh_get_attrs(&c);
	if (err)
		return err;
	if (c.ndm->ndm_ifindex && !(c.dev = dev_find_by_index(rq->net, c.ndm->ndm_ifindex))) {
		NL_SET_ERR_MSG(rq->extack, "Unknown device ifindex");
		return -ENODEV;
	}
	if (c.ndm->ndm_flags & NTF_PROXY)
		return pneigh_get(&c);
	if (!c.dev) {
		NL_SET_ERR_MSG(rq->extack, "No device specified");
		return -EINVAL;
	}
	n = neigh_find(c.tbl, nla_data(c.tb[NDA_DST]), c.dev);
	if (!n) {
		NL_SET_ERR_MSG(rq->extack, "Neighbour entry not found");
		return -ENOENT;
	}
	return neigh_get_reply(&c, n, NULL);
}

/* ------------------------------------------------------------------ dump */

/* cb->args: where the dump is, and what it filters by */
enum { DUMP_TABLE, DUMP_CURSOR, DUMP_FAMILY, DUMP_IFINDEX, DUMP_MASTER, DUMP_PROXY };

static int neigh_dump_filter(struct netlink_callback *cb, const struct nlattr *const *tb)
{
	for (u16 i = 1; i <= NDA_MAX; i++) {
		if (!tb[i])
			continue;
		if (i == NDA_IFINDEX && nla_len(tb[i]) == sizeof(u32)) {
			cb->args[DUMP_IFINDEX] = nla_get_u32(tb[i]);
		} else if (i == NDA_MASTER && nla_len(tb[i]) == sizeof(u32)) {
			cb->args[DUMP_MASTER] = nla_get_u32(tb[i]);
		} else if (cb->strict) {
			NL_SET_ERR_MSG(&cb->extack, "Unsupported attribute in neighbor dump request");
			return -EINVAL;
		}
	}
	if (cb->args[DUMP_IFINDEX] || cb->args[DUMP_MASTER])
		cb->answer_flags |= NLM_F_DUMP_FILTERED;
	return 0;
}

static int neigh_dump_check_header(struct netlink_callback *cb, const struct ndmsg *ndm)
{
	if (!cb->strict)
		return 0;
	if (!ndm) {
		NL_SET_ERR_MSG(&cb->extack, "Invalid header for neighbor dump request");
		return -EINVAL;
	}
	if (ndm->ndm_pad1 || ndm->ndm_pad2 || ndm->ndm_ifindex || ndm->ndm_state || ndm->ndm_type) {
		NL_SET_ERR_MSG(&cb->extack, "Invalid values in header for neighbor dump request");
		return -EINVAL;
	}
	if (ndm->ndm_flags & (u8)~NTF_PROXY) {
		NL_SET_ERR_MSG(&cb->extack, "Invalid flags in header for neighbor dump request");
		return -EINVAL;
	}
	return 0;
}

static int neigh_dump_begin(struct netlink_callback *cb)
{
	const struct nlattr *tb[NDA_MAX + 1] = { NULL };
	const struct ndmsg *ndm = rtnl_header(cb->nlh, sizeof(*ndm));
	const struct rtgenmsg *gen = rtnl_header(cb->nlh, sizeof(*gen));
	int err = neigh_dump_check_header(cb, ndm);

	if (err)
		return err;
	if (ndm) {
		err = nlmsg_parse(cb->nlh, sizeof(*ndm), tb, NDA_MAX, cb->strict ? neigh_policy : NULL, cb->strict,
				  &cb->extack);
		if (err)
			return err;
		cb->args[DUMP_PROXY] = ndm->ndm_flags == NTF_PROXY;
	}
	cb->args[DUMP_FAMILY] = gen->rtgen_family;
	return neigh_dump_filter(cb, tb);
}

/** struct neigh_dump - one piece */
struct neigh_dump {
	struct netlink_callback *cb;
	struct neigh_table *tbl;
	struct nl_target to;
	bool full;
};

/* @dev: NULL: a proxy of all devices */
static bool neigh_dump_wanted(const struct netlink_callback *cb, const struct net_device *dev)
{
	u32 master = (u32)cb->args[DUMP_MASTER];

	if (cb->args[DUMP_IFINDEX] && (!dev || (u32)dev->ifindex != (u32)cb->args[DUMP_IFINDEX]))
		return false;
	return !master || master == (u32)-1; /* no device has a master: -1 asks for just those */
}

static void neigh_dump_one(void *ctx, struct neighbour *n)
{
	struct neigh_dump *d = ctx;

	if (!d->full && neigh_dump_wanted(d->cb, n->dev))
		d->full = !rtnl_fill_neigh(&d->to, n);
}

static void pneigh_dump_one(void *ctx, struct pneigh_entry *pn)
{
	struct neigh_dump *d = ctx;

	if (!d->full && neigh_dump_wanted(d->cb, pn->dev))
		d->full = !fill_pneigh(&d->to, d->tbl, pn);
}

static u64 neigh_dump_slots(struct neigh_dump *d, u64 cursor, u32 slots)
{
	if (d->cb->args[DUMP_PROXY])
		return pneigh_scan(d->tbl, cursor, slots, pneigh_dump_one, d);
	return neigh_table_scan(d->tbl, cursor, slots, neigh_dump_one, d);
}

/* The entries of a run of slots, all of them or none: so that each is told once, and none left out, whatever comes and goes
 * between two pieces.  An empty piece has fewer slots' where it has no room for these.
 * Return: 0; 1: they are for the next piece; -EMSGSIZE: not even one slot's have room in one */
static int neigh_dump_run(struct neigh_dump *d)
{
	struct sk_buff *skb = d->to.skb;
	u32 len_bytes = skb->len, slots = NEIGH_DUMP_SLOTS;
	u64 next = neigh_dump_slots(d, d->cb->args[DUMP_CURSOR], slots);

	while (unlikely(d->full)) {
		nlmsg_trim(skb, len_bytes);
		if (len_bytes)
			return 1;
		slots /= 2;
		if (!slots)
			return -EMSGSIZE;
		d->full = false;
		next = neigh_dump_slots(d, d->cb->args[DUMP_CURSOR], slots);
	}
	d->cb->args[DUMP_CURSOR] = next;
	return 0;
}

static int neigh_dump_table(struct sk_buff *skb, struct netlink_callback *cb, struct neigh_table *tbl)
{
	struct neigh_dump d = { .cb = cb, .tbl = tbl, .to = nl_dump_target(skb, cb, RTM_NEWNEIGH) };
	u32 runs = 0;
	int ret;

	do {
		cb->pause = runs++ == NEIGH_DUMP_RUNS;
		if (cb->pause)
			return 1;
		ret = neigh_dump_run(&d);
	} while (!ret && cb->args[DUMP_CURSOR]);
	return ret;
}

static int rtm_dumpneigh(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct neigh_table *tbl;
	u32 genid = 0;
	int ret;

	if (!cb->started) {
		ret = neigh_dump_begin(cb);
		if (ret)
			return ret;
	}
	for (u32 i = 0; i < NEIGH_NR_TABLES; i++)
		genid += cb->net->neigh->table[i] ? cb->net->neigh->table[i]->genid : 0;
	nl_dump_genid(cb, genid);
	for (; cb->args[DUMP_TABLE] < NEIGH_NR_TABLES; cb->args[DUMP_TABLE]++) {
		tbl = cb->net->neigh->table[cb->args[DUMP_TABLE]];
		if (!tbl || (cb->args[DUMP_FAMILY] && tbl->family != cb->args[DUMP_FAMILY]))
			continue;
		ret = neigh_dump_table(skb, cb, tbl);
		if (ret)
			return ret;
	}
	return 0;
}

const struct rtnl_handler rtnl_neigh_handlers[] = {
	{ AF_UNSPEC, RTM_NEWNEIGH, rtm_newneigh, NULL },
	{ AF_UNSPEC, RTM_DELNEIGH, rtm_delneigh, NULL },
	{ AF_UNSPEC, RTM_GETNEIGH, rtm_getneigh, rtm_dumpneigh },
	{ 0 },
};
