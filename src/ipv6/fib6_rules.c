// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 rules: which tables a packet is looked up in.
 *
 * @step S5 of S13, from ipv6/route.c
 * @linux net/core/fib_rules.c, net/ipv6/fib6_rules.c; see ip-rule(8)
 *
 * A net starts with two rules: 0 local, 32766 main.  Until they are changed for the first time, the tables are asked
 * without looking at a rule.
 *
 * Reading order: fib6_lookup(), rule_match(), rule_action(), fib6_rule_add().
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <string.h>

#include "base/byteorder.h"
#include "ipv6/fib6_internal.h"

#define RULE_PREF_MAIN 32766U
#define RULES_MAX 65536U
#define RULE_DSFIELD_MASK 0xfcU /* without the ECN bits */

/* ------------------------------------------------------------------ lookup */

/** lookup_default() - the two tables of a net without rules of its own */
static inline int lookup_default(const struct fib6_state *fs, const struct flowi6 *fl6, int oif, u32 strict,
				 struct fib6_result *res)
{
	if (fib6_table_lookup(fs->local, fl6, oif, strict, res) == 0 ||
	    fib6_table_lookup(fs->main, fl6, oif, strict, res) == 0)
		return 0;
	return -ENETUNREACH;
}

static bool ifname_matches(struct net *net, const char *name, int ifindex)
{
	const struct net_device *dev;

	if (!name[0])
		return true;
	dev = ifindex ? dev_find_by_index(net, ifindex) : NULL;
	return dev && strncmp(dev->name, name, IFNAMSIZ) == 0;
}

static bool port_matches(const u16 range[2], __be16 port)
{
	u16 p = be16_to_cpu(port);

	return !range[1] || (p >= range[0] && p <= range[1]);
}

static bool rule_match(struct net *net, const struct fib6_rule_config *c, const struct flowi6 *fl6)
{
	bool match = ifname_matches(net, c->iifname, fl6->iif) && ifname_matches(net, c->oifname, fl6->oif) &&
		     !((c->mark ^ fl6->mark) & c->mask) && ipv6_prefix_equal(&fl6->saddr, &c->src, c->src_len) &&
		     ipv6_prefix_equal(&fl6->daddr, &c->dst, c->dst_len) &&
		     (!c->tos || c->tos == (be32_to_cpu(fl6->flowlabel) >> 20 & RULE_DSFIELD_MASK)) &&
		     (!c->ip_proto || c->ip_proto == fl6->proto) && port_matches(c->sport_range, fl6->sport) &&
		     port_matches(c->dport_range, fl6->dport);

	return match != c->invert;
}

/** rule_suppresses() - the route that it found is not one that it shall find */
static bool rule_suppresses(const struct fib6_rule_config *c, const struct fib6_info *f)
{
	return c->suppress_set && f->leaf.plen <= c->suppress_prefixlen;
}

/** rule_action() - Return: 0, an error that ends the lookup, or -EAGAIN: the next rule */
static int rule_action(const struct fib6_rule *r, const struct flowi6 *fl6, int oif, u32 strict,
		       struct fib6_result *res)
{
	const struct fib6_table *tb;
	int err;

	switch (r->cfg.action) {
	case FR_ACT_TO_TBL:
		break;
	case FR_ACT_UNREACHABLE:
		return -ENETUNREACH;
	case FR_ACT_PROHIBIT:
		return -EACCES;
	default:
		return -EINVAL;
	}
	tb = rcu_dereference(r->table);
	err = tb ? fib6_table_lookup(tb, fl6, oif, strict, res) : -EAGAIN;
	return err == 0 && rule_suppresses(&r->cfg, res->f) ? -EAGAIN : err;
}

static int lookup_rules(const struct fib6_state *fs, const struct flowi6 *fl6, int oif, u32 strict,
			struct fib6_result *res)
{
	const struct fib6_rule *r = rcu_dereference(fs->rules);
	int err;

	while (r) {
		if (r->cfg.action == FR_ACT_NOP || !rule_match(fs->net, &r->cfg, fl6)) {
			r = rcu_dereference(r->next);
			continue;
		}
		if (r->cfg.action == FR_ACT_GOTO) { /* only forward: this ends */
			const struct fib6_rule *target = rcu_dereference(r->target);

			r = target ? target : rcu_dereference(r->next);
			continue;
		}
		err = rule_action(r, fl6, oif, strict, res);
		if (err != -EAGAIN)
			return err;
		r = rcu_dereference(r->next);
	}
	return -ENETUNREACH;
}

int fib6_lookup(struct net *net, const struct flowi6 *fl6, int oif, u32 strict, struct fib6_result *res)
{
	const struct fib6_state *fs = net->ipv6->fib;

	res->f = NULL;
	if (likely(!fs->custom_rules))
		return lookup_default(fs, fl6, oif, strict, res);
	return lookup_rules(fs, fl6, oif, strict, res);
}

/* ------------------------------------------------------------------ change */

static void rule_free_rcu(struct rcu_head *head)
{
	struct fib6_rule *r = container_of(head, struct fib6_rule, rcu);

	mem_free(r->mem, r, sizeof(*r));
}

/** rules_resolve() - targets of gotos */
static void rules_resolve(struct fib6_state *fs)
{
	for (struct fib6_rule *r = fs->rules, *to; r; r = r->next) {
		to = NULL;
		if (r->cfg.action == FR_ACT_GOTO) {
			for (to = r->next; to && to->cfg.pref < r->cfg.target;)
				to = to->next;
			if (to && to->cfg.pref != r->cfg.target)
				to = NULL;
		}
		rcu_assign_pointer(r->target, to);
	}
	fs->seq++;
	rt6_cache_flush(fs->net);
}

void fib6_rules_table_added(struct fib6_state *fs, struct fib6_table *tb)
{
	for (struct fib6_rule *r = fs->rules; r; r = r->next) {
		if (r->cfg.action == FR_ACT_TO_TBL && r->cfg.table == tb->id)
			rcu_assign_pointer(r->table, tb);
	}
}

static int rule_insert(struct fib6_state *fs, const struct fib6_rule_config *cfg)
{
	struct fib6_rule *r = mem_zalloc(fs->net->mem, sizeof(*r)), **pos = &fs->rules;

	if (!r)
		return -ENOMEM;
	r->mem = fs->net->mem;
	r->cfg = *cfg;
	if (cfg->action == FR_ACT_TO_TBL)
		r->table = fib6_table_find(fs, cfg->table);
	while (*pos && (*pos)->cfg.pref <= cfg->pref)
		pos = &(*pos)->next;
	r->next = *pos;
	rcu_assign_pointer(*pos, r);
	rules_resolve(fs);
	return 0;
}

static void rule_notify(struct fib6_state *fs, unsigned long event, const struct fib6_rule_config *cfg, u32 portid,
			u32 nlflags)
{
	struct fib6_notifier_info info = { .net = fs->net, .portid = portid, .nlflags = nlflags, .rule = cfg };

	notifier_call_chain(&fs->net->ipv6->fib6_chain, event, &info);
}

/** default_pref() - below the second rule, as the kernel does it: each new rule goes before the older ones */
static u32 default_pref(const struct fib6_state *fs)
{
	const struct fib6_rule *second = fs->rules ? fs->rules->next : NULL;

	return second && second->cfg.pref ? second->cfg.pref - 1 : 0;
}

/** exists_as() - is @c there already?  Of source, destination and TOS only what it names counts, as in the kernel */
static bool exists_as(const struct fib6_rule_config *r, const struct fib6_rule_config *c)
{
	return r->pref == c->pref && r->action == c->action && r->table == c->table && r->mark == c->mark &&
	       r->mask == c->mask && r->protocol == c->protocol && r->ip_proto == c->ip_proto &&
	       r->suppress_set == c->suppress_set &&
	       (!r->suppress_set || r->suppress_prefixlen == c->suppress_prefixlen) &&
	       memcmp(r->sport_range, c->sport_range, sizeof(r->sport_range)) == 0 &&
	       memcmp(r->dport_range, c->dport_range, sizeof(r->dport_range)) == 0 &&
	       strncmp(r->iifname, c->iifname, IFNAMSIZ) == 0 && strncmp(r->oifname, c->oifname, IFNAMSIZ) == 0 &&
	       (!c->src_len || (r->src_len == c->src_len && ipv6_addr_equal(&r->src, &c->src))) &&
	       (!c->dst_len || (r->dst_len == c->dst_len && ipv6_addr_equal(&r->dst, &c->dst))) &&
	       (!c->tos || r->tos == c->tos);
}

/** rule_check() - what cannot be told from the attributes alone */
static int rule_check(struct fib6_state *fs, struct fib6_rule_config *c, const char **errmsg)
{
	u32 count = 0;

	if (c->src_len > 128 || c->dst_len > 128)
		return fib6_error(errmsg, "Invalid prefix length", -EINVAL);
	if (c->tos & ~RULE_DSFIELD_MASK)
		return fib6_error(errmsg, "Invalid dsfield (tos): ECN bits must be 0", -EINVAL);
	if (c->action == FR_ACT_GOTO && c->target <= c->pref)
		return fib6_error(errmsg, "Backward goto not supported", -EINVAL);
	if (c->sport_range[0] > c->sport_range[1] || c->dport_range[0] > c->dport_range[1])
		return fib6_error(errmsg, "Invalid port range", -EINVAL);
	if (c->action == FR_ACT_UNSPEC || c->action > FR_ACT_PROHIBIT)
		return fib6_error(errmsg, "Invalid action", -EINVAL);
	if (c->action == FR_ACT_TO_TBL && c->table == RT_TABLE_UNSPEC) { /* the first table without routes */
		for (c->table = 1; c->table < RT_TABLE_DEFAULT && fib6_table_find(fs, c->table);)
			c->table++;
		if (c->table == RT_TABLE_DEFAULT)
			return -ENOBUFS;
	}
	for (const struct fib6_rule *r = fs->rules; r; r = r->next)
		count++;
	return count < RULES_MAX ? 0 : -ENOSPC;
}

int fib6_rule_add(struct net *net, const struct fib6_rule_config *cfg, u32 nlflags, u32 portid, const char **errmsg)
{
	struct fib6_state *fs = net->ipv6->fib;
	struct fib6_rule_config c = *cfg;
	int err;

	if (!c.pref_set)
		c.pref = default_pref(fs);
	c.pref_set = true;
	err = rule_check(fs, &c, errmsg);
	if (err)
		return err;
	for (const struct fib6_rule *r = fs->rules; r && (nlflags & NLM_F_EXCL); r = r->next) {
		if (exists_as(&r->cfg, &c))
			return -EEXIST;
	}
	err = rule_insert(fs, &c);
	if (err)
		return err;
	fs->custom_rules = true;
	rule_notify(fs, FIB6_EVENT_RULE_NEW, &c, portid, nlflags);
	return 0;
}

/** asked_for() - does a request to delete mean @r?  What it does not name does not matter */
static bool asked_for(const struct fib6_rule_config *c, const struct fib6_rule_config *r)
{
	static const char none[IFNAMSIZ];

	return (!c->pref_set || c->pref == r->pref) && (!c->action || c->action == r->action) &&
	       (!c->table || c->table == r->table) && (!c->protocol || c->protocol == r->protocol) &&
	       (!c->suppress_set || (r->suppress_set && c->suppress_prefixlen == r->suppress_prefixlen)) &&
	       (strncmp(c->iifname, none, IFNAMSIZ) == 0 || strncmp(c->iifname, r->iifname, IFNAMSIZ) == 0) &&
	       (strncmp(c->oifname, none, IFNAMSIZ) == 0 || strncmp(c->oifname, r->oifname, IFNAMSIZ) == 0) &&
	       (!c->mark || c->mark == r->mark) && (!c->mask || c->mask == r->mask) &&
	       (!c->ip_proto || c->ip_proto == r->ip_proto) && (!c->invert || r->invert) &&
	       (!c->tos || c->tos == r->tos) &&
	       (!c->src_len || (c->src_len == r->src_len && ipv6_addr_equal(&c->src, &r->src))) &&
	       (!c->dst_len || (c->dst_len == r->dst_len && ipv6_addr_equal(&c->dst, &r->dst))) &&
	       (!c->sport_range[1] || memcmp(c->sport_range, r->sport_range, sizeof(c->sport_range)) == 0) &&
	       (!c->dport_range[1] || memcmp(c->dport_range, r->dport_range, sizeof(c->dport_range)) == 0);
}

int fib6_rule_del(struct net *net, const struct fib6_rule_config *cfg, u32 portid, const char **errmsg)
{
	struct fib6_state *fs = net->ipv6->fib;

	if (cfg->action == FR_ACT_GOTO && cfg->target <= (cfg->pref_set ? cfg->pref : default_pref(fs)))
		return fib6_error(errmsg, "Backward goto not supported", -EINVAL);
	for (struct fib6_rule **pos = &fs->rules, *r; (r = *pos); pos = &r->next) {
		if (!asked_for(cfg, &r->cfg))
			continue;
		rcu_assign_pointer(*pos, r->next);
		fs->custom_rules = true;
		rules_resolve(fs);
		rule_notify(fs, FIB6_EVENT_RULE_DEL, &r->cfg, portid, 0);
		rcu_defer_free(&net->rcu, &r->rcu, rule_free_rcu);
		return 0;
	}
	return -ENOENT;
}

int fib6_rule_dump(struct net *net, u32 *skip, int (*fn)(void *ctx, const struct fib6_rule_config *r), void *ctx)
{
	u32 index = 0;

	for (const struct fib6_rule *r = net->ipv6->fib->rules; r; r = r->next, index++) {
		struct fib6_rule_config c = r->cfg;
		int err;

		if (index < *skip)
			continue;
		if (c.action == FR_ACT_GOTO && !r->target)
			c.flags |= FIB_RULE_UNRESOLVED;
		if (c.iifname[0] && !dev_find_by_name(net, c.iifname))
			c.flags |= FIB_RULE_IIF_DETACHED;
		if (c.oifname[0] && !dev_find_by_name(net, c.oifname))
			c.flags |= FIB_RULE_OIF_DETACHED;
		if (c.invert)
			c.flags |= FIB_RULE_INVERT;
		err = fn(ctx, &c);
		if (err)
			return err;
		*skip = index + 1;
	}
	return 0;
}

/* ------------------------------------------------------------------ life */

int fib6_rules_init(struct fib6_state *fs)
{
	static const struct fib6_rule_config first[] = {
		{ .pref = 0,
		  .table = RT_TABLE_LOCAL,
		  .action = FR_ACT_TO_TBL,
		  .protocol = RTPROT_KERNEL,
		  .pref_set = true },
		{ .pref = RULE_PREF_MAIN,
		  .table = RT_TABLE_MAIN,
		  .action = FR_ACT_TO_TBL,
		  .protocol = RTPROT_KERNEL,
		  .pref_set = true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		if (rule_insert(fs, &first[i])) {
			fib6_rules_exit(fs);
			return -ENOMEM;
		}
	}
	return 0;
}

void fib6_rules_exit(struct fib6_state *fs)
{
	struct fib6_rule *r;

	while ((r = fs->rules)) {
		fs->rules = r->next;
		mem_free(r->mem, r, sizeof(*r));
	}
}
