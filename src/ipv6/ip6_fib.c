// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 routing tables: the routes of a prefix in Linux's order, on top of the trie.
 *
 * @step S5 of S13, from ipv6/fib6_rules.c
 * @rfc  4291, 4191
 * @linux net/ipv6/ip6_fib.c
 *
 * A leaf is the first route of a chain: source-specific ones before the others (the longer source prefix first), then
 * by metric; equal ones in the order in which they came, but next hops of one route side by side.
 *
 * Reading order: ip6_route_add(), fib6_table_insert(), ip6_route_del(), fib6_clean_all().
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "dev/lwtunnel.h"
#include "ipv6/fib6_internal.h"
#include "ipv6/ndisc.h"
#include "neigh/neighbour.h"

/* ------------------------------------------------------------------ chains */

int fib6_rank_cmp(const struct fib6_info *a, const struct fib6_info *b)
{
	u8 a_len = fib6_src_len(a), b_len = fib6_src_len(b);
	int c;

	if (a_len != b_len)
		return a_len > b_len ? -1 : 1;
	c = a_len ? memcmp(&a->more->src, &b->more->src, sizeof(a->more->src)) : 0;
	if (c)
		return c;
	return (a->metric > b->metric) - (a->metric < b->metric);
}

static struct fib6_info *leaf_info(struct fib6_leaf *leaf)
{
	return leaf ? container_of(leaf, struct fib6_info, leaf) : NULL;
}

static struct fib6_info *chain_of(const struct fib6_table *tb, const struct fib6_key *key, u32 plen)
{
	return leaf_info(fib6_trie_find(&tb->trie, key, plen));
}

struct fib6_info *fib6_prefix_first(const struct fib6_table *tb, const struct in6_addr *dst, u8 plen)
{
	struct fib6_key key = fib6_key_masked(fib6_key_of(dst), plen);
	struct fib6_info *f = tb ? chain_of(tb, &key, plen) : NULL;

	while (f && f->gone)
		f = f->next;
	return f;
}

bool fib6_same_group(const struct fib6_info *a, const struct fib6_info *b)
{
	return !a->gone && !b->gone && fib6_rank_cmp(a, b) == 0 && fib6_qualifies_for_ecmp(a) &&
	       fib6_qualifies_for_ecmp(b);
}

struct fib6_info *fib6_group_first(const struct fib6_info *f)
{
	struct fib6_info *first = chain_of(f->tb, &f->leaf.key, f->leaf.plen);

	while (first != f && !fib6_same_group(first, f))
		first = first->next;
	return first;
}

/** regroup() - count the siblings of a group anew, and share the hash among them; @f: any of it */
static void regroup(struct fib6_info *f)
{
	struct fib6_info *first = fib6_group_first(f), *x;
	u16 count = 0;

	for (x = first; x && fib6_same_group(x, first); x = x->next)
		count++;
	for (x = first; x && fib6_same_group(x, first); x = x->next)
		x->nsiblings = (u16)(count - 1);
	fib6_rebalance(first);
}

/** chain_replace_first() - cannot fail: the prefix is there */
static void chain_replace_first(struct fib6_table *tb, struct fib6_info *first)
{
	int err = fib6_trie_set(&tb->trie, &first->leaf);

	assert(err == 0);
}

/* ------------------------------------------------------------------ change */

void fib6_changed(struct fib6_state *fs)
{
	fs->seq++;
	rt6_cache_flush(fs->net);
}

void fib6_notify(struct fib6_info *f, u32 nh_count, unsigned long event, u32 portid, u32 nlflags)
{
	struct net *net = f->tb->fs->net;
	struct fib6_route_view view;
	struct fib6_notifier_info info = { .net = net, .portid = portid, .nlflags = nlflags, .route = &view };

	if (list_empty(&net->ipv6->fib6_chain.blocks))
		return;
	fib6_route_view(f, nh_count, &view);
	if (event == FIB6_EVENT_ROUTE_DEL) /* it has no end any more */
		view.expires = false;
	notifier_call_chain(&net->ipv6->fib6_chain, event, &info);
}

/** unlinked() - what every removal ends with; @f no more in its chain */
static void unlinked(struct fib6_info *f)
{
	struct fib6_table *tb = f->tb;
	struct fib6_state *fs = tb->fs;

	f->in_tree = false;
	f->nsiblings = 0;
	tb->route_count--;
	fs->route_count--;
	tb->src_count -= !!fib6_src_len(f);
	fs->expiring_count -= !!f->expires;
	fs->ra_routes -= !!(f->flags & RTF_ROUTEINFO);
	rt6_flush_nh(f);
	rt6_exceptions_flush(f);
	fib6_changed(fs);
}

/** chain_unlink() - Return: false: no memory, it is still in the tree */
static bool chain_unlink(struct fib6_table *tb, struct fib6_info *f)
{
	struct fib6_info *first = chain_of(tb, &f->leaf.key, f->leaf.plen);

	if (first == f && !f->next)
		return fib6_trie_clear(&tb->trie, &f->leaf) == 0;
	if (first == f) {
		chain_replace_first(tb, f->next);
		return true;
	}
	while (first->next != f)
		first = first->next;
	rcu_assign_pointer(first->next, f->next);
	return true;
}

void fib6_table_remove(struct fib6_info *f)
{
	struct fib6_table *tb = f->tb;
	struct fib6_info *sibling = NULL;

	if (f->nsiblings) {
		sibling = fib6_group_first(f);
		if (sibling == f)
			sibling = f->next;
	}
	f->gone = true;
	if (!chain_unlink(tb, f)) { /* it goes when there is memory; until then it is alone */
		tb->fs->gone_count++;
		fib6_gc_arm(tb->fs);
		rt6_flush_nh(f);
		rt6_exceptions_flush(f);
		fib6_changed(tb->fs);
		return;
	}
	if (sibling)
		regroup(sibling);
	unlinked(f);
	fib6_info_put(f);
}

/** same_nexthop() - would it be the same route twice? */
static bool same_nexthop(const struct fib6_info *a, const struct fib6_info *b)
{
	return a->dev == b->dev && a->has_gateway == b->has_gateway && ipv6_addr_equal(&a->gateway, &b->gateway) &&
	       lwtunnel_same(a->lwtstate, b->lwtstate);
}

/** struct chain_place - where a route belongs in its chain */
struct chain_place {
	struct fib6_info *prev;  /* NULL: it is the first */
	struct fib6_info *equal; /* first of the same rank; NULL: none */
	struct fib6_info *twin;  /* the same next hop */
	struct fib6_info *old;   /* what a replacement takes the place of */
};

static void chain_find_place(struct fib6_info *first, const struct fib6_info *f, struct chain_place *p)
{
	bool ecmp = fib6_qualifies_for_ecmp(f);
	struct fib6_info *last_of_group = NULL;

	memset(p, 0, sizeof(*p));
	for (struct fib6_info *x = first; x; x = x->next) {
		int c = fib6_rank_cmp(x, f);

		if (c > 0)
			break;
		p->prev = x;
		if (c < 0 || x->gone)
			continue;
		if (!p->equal)
			p->equal = x;
		if (!p->twin && same_nexthop(x, f))
			p->twin = x;
		if (!p->old && fib6_qualifies_for_ecmp(x) == ecmp)
			p->old = x;
		if (ecmp && fib6_qualifies_for_ecmp(x))
			last_of_group = x;
	}
	if (!p->old)
		p->old = p->equal;
	if (last_of_group) /* next hops stand side by side */
		p->prev = last_of_group;
}

static void inserted(struct fib6_table *tb, struct fib6_info *f)
{
	struct fib6_state *fs = tb->fs;

	f->in_tree = true;
	tb->route_count++;
	fs->route_count++;
	tb->src_count += !!fib6_src_len(f);
	fs->ra_routes += !!(f->flags & RTF_ROUTEINFO);
	if (f->expires) {
		fs->expiring_count++;
		fib6_gc_arm(fs);
	}
	regroup(f);
	fib6_changed(fs);
}

static int chain_link(struct fib6_table *tb, struct fib6_info *first, struct fib6_info *prev, struct fib6_info *f)
{
	f->next = prev ? prev->next : first;
	if (prev) {
		rcu_assign_pointer(prev->next, f);
		return 0;
	}
	if (fib6_trie_set(&tb->trie, &f->leaf)) {
		f->next = NULL;
		return -ENOBUFS;
	}
	return 0;
}

/** chain_replace() - @f in the place of @old, and of old's siblings */
static void chain_replace(struct fib6_table *tb, struct fib6_info *first, struct fib6_info *old, struct fib6_info *f)
{
	struct fib6_info *prev = NULL, *sibling;

	f->next = old->next;
	if (first == old) {
		chain_replace_first(tb, f);
	} else {
		for (prev = first; prev->next != old;)
			prev = prev->next;
		rcu_assign_pointer(prev->next, f);
	}
	while (old->nsiblings && (sibling = f->next) && fib6_same_group(sibling, old)) {
		f->next = sibling->next;
		unlinked(sibling);
		fib6_info_put(sibling);
	}
	unlinked(old);
	fib6_info_put(old);
}

/** twin_exists() - a route that is there is told to be there: only how long it lives may have changed */
static int twin_exists(struct fib6_info *twin, const struct fib6_info *f)
{
	struct fib6_state *fs = twin->tb->fs;

	if (!twin->expires)
		return -EEXIST;
	fs->expiring_count -= !f->expires;
	twin->expires = f->expires;
	twin->flags = f->expires ? twin->flags | RTF_EXPIRES : twin->flags & ~(u32)RTF_EXPIRES;
	fib6_changed(fs);
	return -EEXIST;
}

int fib6_table_insert(struct fib6_table *tb, struct fib6_info *f, u32 nlflags, u32 *told, const char **errmsg)
{
	struct fib6_info *first = chain_of(tb, &f->leaf.key, f->leaf.plen);
	struct chain_place p;
	int err;

	chain_find_place(first, f, &p);
	if ((nlflags & NLM_F_REPLACE) && !(nlflags & NLM_F_CREATE)) {
		if (!first && !f->leaf.plen) /* as Linux, whose tree always has a root */
			return -ENOENT;
		if (!first)
			return fib6_error(errmsg, "Can not replace route - no match found", -ENOENT);
		if (!p.old)
			return -ENOENT;
	}
	if (p.equal && (nlflags & NLM_F_EXCL))
		return -EEXIST;
	if ((nlflags & NLM_F_REPLACE) && p.old) {
		chain_replace(tb, first, p.old, f);
		inserted(tb, f);
		*told = NLM_F_REPLACE;
		return 0;
	}
	if (p.twin && !(nlflags & NLM_F_REPLACE))
		return twin_exists(p.twin, f);
	*told = NLM_F_CREATE | (nlflags & NLM_F_APPEND) | (p.equal ? 0U : NLM_F_EXCL);
	err = chain_link(tb, first, p.prev, f);
	if (!err)
		inserted(tb, f);
	return err;
}

/* ------------------------------------------------------------------ requests */

static int table_get(struct fib6_state *fs, u32 id, struct fib6_table **out)
{
	*out = fib6_table_find(fs, id ? id : RT_TABLE_MAIN);
	return *out ? 0 : fib6_table_create(fs, id, out);
}

static int add_single(struct fib6_state *fs, const struct fib6_config *cfg, struct fib6_info **out, const char **errmsg)
{
	struct fib6_table *tb;
	struct fib6_info *f;
	u32 told;
	int err = table_get(fs, cfg->table, &tb);

	if (err)
		return err;
	err = fib6_info_create(fs, cfg, 0, &f, errmsg);
	if (err)
		return err;
	f->tb = tb;
	err = fib6_table_insert(tb, f, cfg->nlflags, &told, errmsg);
	if (err) {
		fib6_info_put(f);
		return err;
	}
	if (out)
		*out = f;
	fib6_notify(f, f->nsiblings + 1U, told & NLM_F_REPLACE ? FIB6_EVENT_ROUTE_REPLACE : FIB6_EVENT_ROUTE_NEW,
		    cfg->portid, told);
	return 0;
}

/** multi_check() - routes of a request among each other, and with what is there, before anything changes */
static int multi_check(struct fib6_table *tb, struct fib6_info *list, u32 nlflags)
{
	const struct fib6_info *first = chain_of(tb, &list->leaf.key, list->leaf.plen);
	struct chain_place p;

	for (struct fib6_info *f = list; f; f = f->next) {
		for (const struct fib6_info *g = list; g != f; g = g->next) {
			if (same_nexthop(f, g))
				return -EEXIST;
		}
		if (nlflags & NLM_F_REPLACE)
			continue;
		chain_find_place((struct fib6_info *)(uintptr_t)first, f, &p);
		if (p.twin || (p.equal && (nlflags & NLM_F_EXCL)))
			return -EEXIST;
	}
	return 0;
}

/** multi_insert() - all of @list (references taken) or none */
static int multi_insert(struct fib6_table *tb, struct fib6_info *list, const struct fib6_config *cfg,
			const char **errmsg)
{
	u32 nlflags = cfg->nlflags, told;
	struct fib6_info *f, *next, *first = list;
	int err = multi_check(tb, list, nlflags);

	for (f = list; f && !err; f = next) {
		next = f->next;
		f->next = NULL;
		err = fib6_table_insert(tb, f, nlflags, &told, errmsg);
		/* only the first can fail: the others follow it in its chain */
		nlflags &= ~(u32)(NLM_F_EXCL | NLM_F_REPLACE);
		nlflags |= NLM_F_CREATE;
		if (err)
			f->next = next;
	}
	if (!err) {
		first = fib6_group_first(first);
		told = cfg->nlflags & NLM_F_REPLACE ? NLM_F_REPLACE : NLM_F_CREATE | (cfg->nlflags & NLM_F_APPEND);
		fib6_notify(first, first->nsiblings + 1U,
			    told & NLM_F_REPLACE ? FIB6_EVENT_ROUTE_REPLACE : FIB6_EVENT_ROUTE_NEW, cfg->portid, told);
		return 0;
	}
	for (f = list; f; f = next) {
		next = f->next;
		fib6_info_put(f);
	}
	return err;
}

static int add_multi(struct fib6_state *fs, const struct fib6_config *cfg, const char **errmsg)
{
	struct fib6_info *list = NULL, **tail = &list, *f;
	struct fib6_table *tb;
	int err = table_get(fs, cfg->table, &tb);

	for (u32 i = 0; i < cfg->nh_count && !err; i++) {
		err = fib6_info_create(fs, cfg, i, &f, errmsg);
		if (err)
			break;
		f->tb = tb;
		*tail = f;
		tail = &f->next;
		if (!fib6_qualifies_for_ecmp(f))
			err = fib6_error(errmsg,
					 "Device only routes can not be added for IPv6 using the multipath API.",
					 -EINVAL);
	}
	if (!err)
		return multi_insert(tb, list, cfg, errmsg);
	while ((f = list)) {
		list = f->next;
		fib6_info_put(f);
	}
	return err;
}

int ip6_route_add(struct net *net, const struct fib6_config *cfg, const char **errmsg)
{
	struct fib6_state *fs = net->ipv6->fib;
	int err = fib6_config_check(cfg, errmsg);

	if (err)
		return err;
	return cfg->nh_count ? add_multi(fs, cfg, errmsg) : add_single(fs, cfg, NULL, errmsg);
}

/** asked_for() - does a request to delete mean @f?  The type does not matter to the kernel */
static bool asked_for(const struct fib6_config *cfg, const struct fib6_info *f)
{
	static const struct in6_addr none;
	const struct in6_addr *src = fib6_src_len(f) ? &f->more->src : &none;

	if (f->gone || fib6_src_len(f) != cfg->src_len || !ipv6_prefix_equal(src, &cfg->src, cfg->src_len))
		return false;
	return (!cfg->oif || (f->dev && f->dev->ifindex == cfg->oif)) &&
	       (!cfg->has_gateway || (f->has_gateway && ipv6_addr_equal(&cfg->gateway, &f->gateway))) &&
	       (!cfg->metric || cfg->metric == f->metric) && (!cfg->protocol || cfg->protocol == f->protocol);
}

/** del_group() - @f with its siblings; told of as one route */
static void del_group(struct fib6_info *f, u32 portid, bool quiet)
{
	struct fib6_info *first = fib6_group_first(f), *next;
	u32 count = f->nsiblings + 1U;

	if (!quiet)
		fib6_notify(first, count, FIB6_EVENT_ROUTE_DEL, portid, 0);
	for (f = first; count--; f = next) {
		next = f->next;
		fib6_table_remove(f);
	}
}

/* In Linux every table begins with a default route that leads nowhere: it fits a request that names nothing else. */
static bool means_no_route(const struct fib6_config *cfg)
{
	return !cfg->dst_len && !cfg->oif && !cfg->has_gateway && !cfg->metric && !cfg->protocol;
}

static int del_one(struct fib6_table *tb, const struct fib6_config *cfg)
{
	struct fib6_info *f = fib6_prefix_first(tb, &cfg->dst, cfg->dst_len);

	while (f && !asked_for(cfg, f))
		f = f->next;
	if (!f)
		return means_no_route(cfg) ? -ENOENT : -ESRCH;
	if (f->nsiblings && !cfg->has_gateway) {
		del_group(f, cfg->portid, false);
		return 0;
	}
	fib6_notify(f, 1, FIB6_EVENT_ROUTE_DEL, cfg->portid, 0);
	fib6_table_remove(f);
	return 0;
}

int ip6_route_del(struct net *net, const struct fib6_config *cfg, const char **errmsg)
{
	struct fib6_state *fs = net->ipv6->fib;
	struct fib6_table *tb = fib6_table_find(fs, cfg->table ? cfg->table : RT_TABLE_MAIN);
	int err = 0;

	if (cfg->dst_len > FIB6_KEY_BITS)
		return fib6_error(errmsg, "Invalid prefix length", -EINVAL);
	if (!tb)
		return fib6_error(errmsg, "FIB table does not exist", -ESRCH);
	if (cfg->flags & RTF_CACHE)
		return rt6_exception_del(net, cfg);
	if (!cfg->nh_count)
		return del_one(tb, cfg);
	for (u32 i = 0; i < cfg->nh_count; i++) { /* one by one, as far as they are there */
		struct fib6_config c = *cfg;
		int one;

		c.oif = cfg->nh[i].oif;
		c.has_gateway = cfg->nh[i].has_gateway;
		c.gateway = cfg->nh[i].gateway;
		one = del_one(tb, &c);
		if (one)
			err = one;
	}
	return err;
}

int ip6_del_rt(struct net *net, struct fib6_info *rt)
{
	(void)net;
	if (!rt->in_tree || rt->gone)
		return -ENOENT;
	fib6_notify(rt, 1, FIB6_EVENT_ROUTE_DEL, 0, 0);
	fib6_table_remove(rt);
	return 0;
}

/* ------------------------------------------------------------------ tables */

struct fib6_table *fib6_table_find(const struct fib6_state *fs, u32 id)
{
	struct fib6_table *tb;

	if (id == RT_TABLE_MAIN)
		return fs->main;
	if (id == RT_TABLE_LOCAL)
		return fs->local;
	tb = rcu_dereference(fs->tables);
	while (tb && tb->id != id)
		tb = rcu_dereference(tb->next);
	return tb;
}

bool fib6_table_exists(const struct net *net, u32 id)
{
	return fib6_table_find(net->ipv6->fib, id) != NULL;
}

int fib6_table_create(struct fib6_state *fs, u32 id, struct fib6_table **out)
{
	struct fib6_table *tb = mem_zalloc(fs->net->mem, sizeof(*tb)), **pos = &fs->tables;

	if (!tb)
		return -ENOBUFS;
	tb->id = id;
	tb->fs = fs;
	fib6_trie_init(&tb->trie, fs->net->mem, &fs->net->rcu);
	while (*pos && ((*pos)->id & 255) < (id & 255))
		pos = &(*pos)->next;
	tb->next = *pos;
	rcu_assign_pointer(*pos, tb);
	fib6_rules_table_added(fs, tb);
	*out = tb;
	return 0;
}

/* ------------------------------------------------------------------ all routes */

static struct fib6_info *group_end(const struct fib6_info *f)
{
	struct fib6_info *end = fib6_group_first(f);

	for (u32 i = 0; i <= f->nsiblings; i++)
		end = end->next;
	return end;
}

struct clean {
	int (*fn)(struct fib6_info *f, void *ctx);
	void *ctx;
};

static int clean_prefix(void *ctx, struct fib6_leaf *leaf)
{
	const struct clean *c = ctx;
	struct fib6_info *next;

	for (struct fib6_info *f = leaf_info(leaf); f; f = next) {
		int goes = f->gone ? 0 : c->fn(f, c->ctx);

		next = f->next;
		if (goes & FIB6_CLEAN_GROUP) {
			next = group_end(f);
			del_group(f, 0, goes & FIB6_CLEAN_QUIET);
		} else if (goes) {
			if (!(goes & FIB6_CLEAN_QUIET))
				fib6_notify(f, 1, FIB6_EVENT_ROUTE_DEL, 0, 0);
			fib6_table_remove(f);
		}
	}
	return 0;
}

void fib6_clean_all(struct fib6_state *fs, int (*fn)(struct fib6_info *f, void *ctx), void *ctx)
{
	struct clean c = { fn, ctx };

	for (struct fib6_table *tb = fs->tables; tb; tb = tb->next)
		fib6_trie_walk(&tb->trie, NULL, 0, clean_prefix, &c);
}

/* ------------------------------------------------------------------ time */

static int retry_prefix(void *ctx, struct fib6_leaf *leaf)
{
	struct fib6_table *tb = ctx;
	struct fib6_info *next;

	for (struct fib6_info *f = leaf_info(leaf); f; f = next) {
		next = f->next;
		if (!f->gone || !chain_unlink(tb, f))
			continue;
		tb->fs->gone_count--;
		unlinked(f);
		fib6_info_put(f);
	}
	return 0;
}

static int is_expired(struct fib6_info *f, void *ctx)
{
	const struct fib6_state *fs = ctx;

	return fib6_expired(f, fs->net->now);
}

static void gc_timer(struct timer *t)
{
	struct fib6_state *fs = container_of(t, struct fib6_state, gc_timer);

	if (fs->expiring_count)
		fib6_clean_all(fs, is_expired, fs);
	for (struct fib6_table *tb = fs->gone_count ? fs->tables : NULL; tb; tb = tb->next)
		fib6_trie_walk(&tb->trie, NULL, 0, retry_prefix, tb);
	if (rt6_exceptions_age(fs->net) || fs->expiring_count || fs->gone_count)
		fib6_gc_arm(fs);
}

void fib6_gc_arm(struct fib6_state *fs)
{
	if (!timer_pending(&fs->gc_timer))
		mod_timer(fs->net->timers, &fs->gc_timer,
			  fs->net->now + max_u32((u32)fs->net->ipv6->route_gc_interval_s, 1) * NSEC_PER_SEC);
}

void fib6_set_expires(struct fib6_info *rt, u32 expires_s)
{
	struct fib6_state *fs = rt->tb->fs;
	bool had = rt->expires;

	rt->expires = expires_s ? fs->net->now + (ktime_t)expires_s * NSEC_PER_SEC : 0;
	rt->flags = expires_s ? rt->flags | RTF_EXPIRES : rt->flags & ~(u32)RTF_EXPIRES;
	if (rt->in_tree)
		fs->expiring_count = fs->expiring_count - had + !!expires_s;
	if (expires_s)
		fib6_gc_arm(fs);
	fib6_changed(fs);
}

/* ------------------------------------------------------------------ life */

static int fib6_netdev_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct fib6_state *fs = container_of(nb, struct fib6_state, netdev_nb);
	struct net_device *dev = ((struct netdev_notifier_info *)data)->dev;

	if (event == NETDEV_REGISTER && (dev->flags & IFF_LOOPBACK) && !fs->loopback)
		fs->loopback = dev;
	if (event == NETDEV_UNREGISTER) {
		fib6_purge_dev(dev, true);
		if (fs->loopback == dev)
			fs->loopback = NULL;
	}
	if (event == NETDEV_CHANGENAME) /* rules name devices */
		rt6_cache_flush(fs->net);
	return 0;
}

static int start(struct fib6_state *fs)
{
	struct net *net = fs->net;
	struct net_device *dev;
	int err = fib6_table_create(fs, RT_TABLE_LOCAL, &fs->local);

	if (!err)
		err = fib6_table_create(fs, RT_TABLE_MAIN, &fs->main);
	if (!err)
		err = fib6_rules_init(fs);
	if (err)
		return err;
	fs->netdev_nb.call = fib6_netdev_event;
	fs->netdev_nb.priority = -10; /* after addrconf.c */
	err = register_netdevice_notifier(net, &fs->netdev_nb);
	if (err)
		return err;
	for_each_netdev(net, dev) {
		if ((dev->flags & IFF_LOOPBACK) && !fs->loopback)
			fs->loopback = dev;
	}
	if (net->neigh->table[NEIGH_ND_TABLE])
		net->neigh->table[NEIGH_ND_TABLE]->check_gateway = fib6_check_gateway;
	return 0;
}

static int free_leaf(void *ctx, struct fib6_leaf *leaf)
{
	struct fib6_info *next;

	(void)ctx;
	for (struct fib6_info *f = leaf_info(leaf); f; f = next) {
		next = f->next;
		f->in_tree = false;
		rt6_flush_nh(f);
		rt6_exceptions_flush(f);
		fib6_info_put(f);
	}
	return 0;
}

static void tables_free(struct fib6_state *fs)
{
	struct fib6_table *tb;

	while ((tb = fs->tables)) {
		fs->tables = tb->next;
		fib6_trie_walk(&tb->trie, NULL, 0, free_leaf, NULL);
		fib6_trie_fini(&tb->trie);
		mem_free(fs->net->mem, tb, sizeof(*tb));
	}
	fs->local = fs->main = NULL;
}

static void state_free(struct fib6_state *fs)
{
	struct net *net = fs->net;

	timer_delete(net->timers, &fs->gc_timer);
	tables_free(fs);
	fib6_rules_exit(fs);
	ip6_rt_exit(net);
	rcu_quiescent(&net->rcu); /* what was freed by it may still look at this */
	net->ipv6->fib = NULL;
	mem_free(net->mem, fs, sizeof(*fs));
}

int fib6_init(struct net *net)
{
	struct fib6_state *fs = mem_zalloc(net->mem, sizeof(*fs));
	int err;

	if (!fs)
		return -ENOMEM;
	fs->net = net;
	fs->hash_seed = get_random_u64(&net->rng);
	timer_setup(&fs->gc_timer, gc_timer);
	err = ip6_rt_init(net);
	if (err) {
		mem_free(net->mem, fs, sizeof(*fs));
		return err;
	}
	net->ipv6->fib = fs;
	err = start(fs);
	if (err)
		state_free(fs);
	return err == -ENOBUFS ? -ENOMEM : err;
}

void fib6_exit(struct net *net)
{
	struct fib6_state *fs = net->ipv6->fib;

	if (!fs)
		return;
	if (net->neigh->table[NEIGH_ND_TABLE])
		net->neigh->table[NEIGH_ND_TABLE]->check_gateway = NULL;
	unregister_netdevice_notifier(net, &fs->netdev_nb);
	state_free(fs);
}
