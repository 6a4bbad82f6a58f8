// SPDX-License-Identifier: BSD-2-Clause
/* Routing tables: the routes of a prefix in Linux's order, on top of the trie.
 *
 * @step S5 of S13, from ipv4/fib_rules.c
 * @rfc  1812 5.2.4.3
 * @linux net/ipv4/fib_trie.c
 *
 * A leaf is a fib_info, or, with bit 0 set, the first of a chain of aliases: several (tos, priority) of one prefix.
 * A route whose fib_info is dead (its device went down) counts as absent everywhere, and is removed when there is
 * time: a device that carried a million routes takes them all with it at once, and without a pause.
 *
 * Reading order: fib_table_lookup(), fib_table_insert(), fib_table_delete(), fib_flush(), fib_route_dump().
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "ipv4/fib_lookup.h"

#define FLUSH_STEP_PREFIXES 512U /* removed at once; well below a millisecond */

/* ------------------------------------------------------------------ leaves */

static inline bool leaf_is_chain(const void *leaf)
{
	return (uintptr_t)leaf & 1;
}

static inline struct fib_alias *leaf_chain(void *leaf)
{
	return (struct fib_alias *)((uintptr_t)leaf & ~(uintptr_t)1);
}

static inline void *chain_leaf(struct fib_alias *fa)
{
	return (void *)((uintptr_t)fa | 1);
}

/** struct leaf_pos - one route of a leaf; fi NULL: past the last */
struct leaf_pos {
	struct fib_info *fi;
	struct fib_alias *fa; /* NULL: the leaf is the fib_info */
	u8 tos;
};

static struct leaf_pos leaf_at(struct fib_alias *fa)
{
	struct leaf_pos p = { NULL, fa, 0 };

	if (fa) {
		p.fi = rcu_dereference(fa->fi);
		p.tos = fa->tos;
	}
	return p;
}

static struct leaf_pos leaf_first(void *leaf)
{
	struct leaf_pos p = { leaf, NULL, 0 };

	return leaf_is_chain(leaf) ? leaf_at(leaf_chain(leaf)) : p;
}

static struct leaf_pos leaf_next(struct leaf_pos p)
{
	return leaf_at(p.fa ? rcu_dereference(p.fa->next) : NULL);
}

static struct fib_alias *alias_create(struct fib_table *tb, struct fib_info *fi, u8 tos)
{
	struct fib_alias *fa = mem_alloc(tb->trie.mem, sizeof(*fa));

	if (!fa)
		return NULL;
	fa->next = NULL;
	fa->fi = fi;
	fa->mem = tb->trie.mem;
	fa->tos = tos;
	return fa;
}

static void alias_free(struct fib_alias *fa)
{
	mem_free(fa->mem, fa, sizeof(*fa));
}

static void alias_free_rcu(struct rcu_head *head)
{
	alias_free(container_of(head, struct fib_alias, rcu));
}

/** leaf_set() - replace the leaf of a prefix that is there: cannot fail */
static void leaf_set(struct fib_table *tb, u32 key, u32 plen, void *leaf)
{
	int err = fib_trie_set(&tb->trie, key, plen, leaf);

	assert(err == 0);
}

static int leaf_begin(struct fib_table *tb, u32 key, u32 plen, u8 tos, struct fib_info *fi)
{
	struct fib_alias *fa;
	int err;

	if (tos == 0)
		return fib_trie_set(&tb->trie, key, plen, fi);
	fa = alias_create(tb, fi, tos);
	if (!fa)
		return -ENOMEM;
	err = fib_trie_set(&tb->trie, key, plen, chain_leaf(fa));
	if (err)
		alias_free(fa);
	return err;
}

/** leaf_insert() - one route more at @index of its prefix; Return: 0, -ENOMEM: nothing changed */
static int leaf_insert(struct fib_table *tb, u32 key, u32 plen, void *leaf, u32 index, u8 tos, struct fib_info *fi)
{
	struct fib_alias *fa, *prev;

	if (!leaf)
		return leaf_begin(tb, key, plen, tos, fi);
	fa = alias_create(tb, fi, tos);
	if (!fa)
		return -ENOMEM;
	if (!leaf_is_chain(leaf)) {
		prev = alias_create(tb, leaf, 0);
		if (!prev) {
			alias_free(fa);
			return -ENOMEM;
		}
		if (index)
			prev->next = fa;
		else
			fa->next = prev;
		leaf_set(tb, key, plen, chain_leaf(index ? prev : fa));
		return 0;
	}
	prev = leaf_chain(leaf);
	if (index == 0) {
		fa->next = prev;
		leaf_set(tb, key, plen, chain_leaf(fa));
		return 0;
	}
	while (--index)
		prev = prev->next;
	fa->next = prev->next;
	rcu_assign_pointer(prev->next, fa);
	return 0;
}

/** leaf_remove() - take the route at @index out of its prefix; the caller has its fib_info's reference then */
static void leaf_remove(struct fib_table *tb, u32 key, u32 plen, void *leaf, u32 index)
{
	struct fib_alias *first, *prev = NULL, *fa;

	if (!leaf_is_chain(leaf)) {
		fib_trie_clear(&tb->trie, key, plen);
		return;
	}
	first = fa = leaf_chain(leaf);
	for (; index; index--) {
		prev = fa;
		fa = fa->next;
	}
	if (prev)
		rcu_assign_pointer(prev->next, fa->next);
	else
		first = fa->next;
	if (!first) {
		fib_trie_clear(&tb->trie, key, plen);
	} else if (!first->next && first->tos == 0) {
		leaf_set(tb, key, plen, first->fi);
		rcu_defer_free(tb->trie.rcu, &first->rcu, alias_free_rcu);
	} else if (!prev) {
		leaf_set(tb, key, plen, chain_leaf(first));
	}
	rcu_defer_free(tb->trie.rcu, &fa->rcu, alias_free_rcu);
}

static void leaf_replace(struct fib_table *tb, u32 key, u32 plen, struct leaf_pos p, struct fib_info *fi)
{
	if (p.fa)
		rcu_assign_pointer(p.fa->fi, fi);
	else
		leaf_set(tb, key, plen, fi);
}

/* ------------------------------------------------------------------ lookup */

static inline int route_found(struct fib_info *fi, u8 tos, u32 nh_sel, struct fib_result *res)
{
	res->fi = fi;
	res->nh_sel = (u8)nh_sel;
	res->type = fi->type;
	res->scope = fi->scope;
	res->tos = tos;
	return 0;
}

/** route_lookup() - does this route suit the flow?  Return: 0, an error that ends the lookup, or 1: go on */
static inline int route_lookup(struct fib_info *fi, u8 tos, const struct flowi4 *fl4, struct fib_result *res, u32 flags)
{
	if ((tos && tos != fl4->tos) || fi->scope < fl4->scope)
		return 1;
	if (likely(fi->plain && !fl4->oif))
		return route_found(fi, tos, 0, res);
	if (unlikely(fi->dead || (fi->flags & RTNH_F_DEAD)))
		return 1;
	if (unlikely(fib_props[fi->type].error)) {
		route_found(fi, tos, 0, res);
		return fib_props[fi->type].error;
	}
	for (u32 i = 0; i < fi->nhs; i++) {
		if (fib_nh_usable(&fi->nh[i], fl4, flags))
			return route_found(fi, tos, i, res);
	}
	return 1;
}

static inline int leaf_lookup(void *leaf, const struct flowi4 *fl4, struct fib_result *res, u32 flags)
{
	int err;

	if (likely(!leaf_is_chain(leaf)))
		return route_lookup(leaf, 0, fl4, res, flags);
	for (struct leaf_pos p = leaf_first(leaf); p.fi; p = leaf_next(p)) {
		err = route_lookup(p.fi, p.tos, fl4, res, flags);
		if (err <= 0)
			return err;
	}
	return 1;
}

int fib_table_lookup(const struct fib_table *tb, const struct flowi4 *fl4, struct fib_result *res, u32 flags)
{
	u32 key = be32_to_cpu(fl4->daddr), plen;
	void *leaf = fib_trie_lookup(&tb->trie, key, &plen);
	int err;

	while (likely(leaf)) {
		err = leaf_lookup(leaf, fl4, res, flags);
		if (likely(err <= 0)) {
			res->prefix = cpu_to_be32(key & fib_mask(plen));
			res->prefixlen = (u8)plen;
			res->table_id = tb->id;
			res->tclassid = 0;
			return err;
		}
		if (plen == 0)
			break;
		leaf = fib_trie_lookup_max(&tb->trie, key, plen - 1, &plen);
	}
	return -EAGAIN;
}

/* ------------------------------------------------------------------ change */

static void changed(struct fib_state *fs)
{
	fs->seq++;
	rt_cache_flush(fs->net);
}

static void notify(struct fib_state *fs, unsigned long event, const struct fib_config *cfg, const struct fib_table *tb,
		   u8 tos, const struct fib_info *fi)
{
	struct fib_route_view view = {
		.table_id = tb->id, .dst = cfg->dst, .dst_len = cfg->dst_len, .tos = tos, .type = fi->type, .fi = fi
	};

	fib_notify_route(fs, event, cfg, &view);
}

/** purge_dead() - remove what is absent already; Return: the leaf that is left, NULL: none */
static void *purge_dead(struct fib_state *fs, struct fib_table *tb, u32 key, u32 plen)
{
	void *leaf = fib_trie_find(&tb->trie, key, plen);
	struct leaf_pos p;
	u32 index = 0;

	for (p = leaf_first(leaf); p.fi;) {
		struct fib_info *fi = p.fi;

		if (!(fi->flags & RTNH_F_DEAD)) {
			p = leaf_next(p);
			index++;
			continue;
		}
		leaf_remove(tb, key, plen, leaf, index);
		fib_release_info(fi);
		tb->route_count--;
		fs->flushed_count++;
		leaf = fib_trie_find(&tb->trie, key, plen);
		p = leaf_first(leaf);
		for (u32 i = 0; i < index && p.fi; i++)
			p = leaf_next(p);
	}
	return leaf;
}

/** struct leaf_scan - where a route of (tos, priority) stands, or would stand, in its prefix */
struct leaf_scan {
	u32 first, end;                    /* index of the first of equal rank, and past the last */
	struct leaf_pos first_equal, same; /* same: also the same fib_info; fi NULL: none */
	u32 same_index;
};

static void leaf_scan(void *leaf, u8 tos, const struct fib_info *fi, struct leaf_scan *s)
{
	u32 index = 0;

	memset(s, 0, sizeof(*s));
	for (struct leaf_pos p = leaf_first(leaf); p.fi; p = leaf_next(p), index++) {
		if (p.tos > tos || (p.tos == tos && p.fi->priority < fi->priority)) {
			s->first = s->end = index + 1;
			continue;
		}
		if (p.tos != tos || p.fi->priority != fi->priority)
			break;
		if (!s->first_equal.fi)
			s->first_equal = p;
		if (p.fi == fi) {
			s->same = p;
			s->same_index = index;
		}
		s->end = index + 1;
	}
}

/** insert_info() - @fi: its reference is taken if the route is made.  Return: 0, 1: it was there already (replace), -errno */
static int insert_info(struct fib_state *fs, struct fib_table *tb, const struct fib_config *cfg, struct fib_info *fi)
{
	u32 key = be32_to_cpu(cfg->dst), plen = cfg->dst_len;
	void *leaf = purge_dead(fs, tb, key, plen);
	struct fib_info *old;
	struct leaf_scan s;
	int err;

	leaf_scan(leaf, cfg->tos, fi, &s);
	if (s.first_equal.fi && (cfg->nlflags & NLM_F_EXCL))
		return -EEXIST;
	if (s.first_equal.fi && (cfg->nlflags & NLM_F_REPLACE)) {
		if (s.same.fi)
			return s.same_index == s.first ? 1 : -EEXIST;
		old = s.first_equal.fi;
		leaf_replace(tb, key, plen, s.first_equal, fi);
		changed(fs);
		notify(fs, FIB_EVENT_ENTRY_REPLACE, cfg, tb, cfg->tos, fi);
		fib_release_info(old);
		return 0;
	}
	if (s.same.fi)
		return -EEXIST;
	if (!s.first_equal.fi && !(cfg->nlflags & NLM_F_CREATE))
		return -ENOENT;
	err = leaf_insert(tb, key, plen, leaf, (cfg->nlflags & NLM_F_APPEND) ? s.end : s.first, cfg->tos, fi);
	if (err)
		return -ENOBUFS;
	tb->route_count++;
	changed(fs);
	notify(fs, (cfg->nlflags & NLM_F_APPEND) ? FIB_EVENT_ENTRY_APPEND : FIB_EVENT_ENTRY_ADD, cfg, tb, cfg->tos, fi);
	return 0;
}

int fib_table_insert(struct fib_state *fs, struct fib_table *tb, const struct fib_config *cfg, const char **errmsg)
{
	struct fib_info *fi;
	int err;

	if (cfg->dst_len > FIB_KEY_BITS)
		return fib_error(errmsg, "Invalid prefix length", -EINVAL);
	if (be32_to_cpu(cfg->dst) & ~fib_mask(cfg->dst_len))
		return fib_error(errmsg, "Invalid prefix for given prefix length", -EINVAL);
	err = fib_create_info(fs, cfg, &fi, errmsg);
	if (err)
		return err;
	err = insert_info(fs, tb, cfg, fi);
	if (err)
		fib_release_info(fi);
	return err < 0 ? err : 0;
}

int fib_table_delete(struct fib_state *fs, struct fib_table *tb, const struct fib_config *cfg)
{
	u32 key = be32_to_cpu(cfg->dst), plen = cfg->dst_len, index = 0;
	struct leaf_pos p;
	void *leaf;

	if (plen > FIB_KEY_BITS || (key & ~fib_mask(plen)))
		return -EINVAL;
	leaf = fib_trie_find(&tb->trie, key, plen);
	for (p = leaf_first(leaf); p.fi; p = leaf_next(p), index++) {
		if (p.tos == cfg->tos && !(p.fi->flags & RTNH_F_DEAD) && fib_config_matches(cfg, p.fi))
			break;
	}
	if (!p.fi)
		return -ESRCH;
	leaf_remove(tb, key, plen, leaf, index);
	tb->route_count--;
	changed(fs);
	notify(fs, FIB_EVENT_ENTRY_DEL, cfg, tb, p.tos, p.fi);
	fib_release_info(p.fi);
	return 0;
}

/* ------------------------------------------------------------------ tables */

struct fib_table *fib_table_find(const struct fib_state *fs, u32 id)
{
	struct fib_table *tb = rcu_dereference(fs->tables);

	while (tb && tb->id != id)
		tb = rcu_dereference(tb->next);
	return tb;
}

int fib_table_create(struct fib_state *fs, u32 id, struct fib_table **out)
{
	struct fib_table *tb = mem_alloc(fs->net->mem, sizeof(*tb)), **pos = &fs->tables;

	if (!tb)
		return -ENOBUFS;
	tb->id = id;
	tb->route_count = 0;
	fib_trie_init(&tb->trie, fs->net->mem, &fs->net->rcu);
	while (*pos && ((*pos)->id & 255) < (id & 255))
		pos = &(*pos)->next;
	tb->next = *pos;
	rcu_assign_pointer(*pos, tb);
	if (id == RT_TABLE_LOCAL)
		rcu_assign_pointer(fs->local, tb);
	else if (id == RT_TABLE_MAIN)
		rcu_assign_pointer(fs->main, tb);
	else if (id == RT_TABLE_DEFAULT)
		rcu_assign_pointer(fs->dflt, tb);
	fib_rules_table_added(fs, tb);
	*out = tb;
	return 0;
}

static int free_leaf(void *ctx, u32 key, u32 plen, void *leaf)
{
	(void)ctx;
	(void)key;
	(void)plen;
	for (struct leaf_pos p = leaf_first(leaf), next; p.fi; p = next) {
		next = leaf_next(p);
		fib_release_info(p.fi);
		if (p.fa)
			alias_free(p.fa);
	}
	return 0;
}

void fib_tables_free(struct fib_state *fs)
{
	struct fib_table *tb;

	while ((tb = fs->tables)) {
		fs->tables = tb->next;
		fib_trie_walk(&tb->trie, 0, FIB_KEY_BITS, free_leaf, NULL);
		fib_trie_fini(&tb->trie);
		mem_free(fs->net->mem, tb, sizeof(*tb));
	}
	fs->local = fs->main = fs->dflt = NULL;
}

/* ------------------------------------------------------------------ removal of dead routes */

struct flush {
	struct fib_state *fs;
	struct fib_table *tb;
	u32 left;
};

static int flush_prefix(void *ctx, u32 key, u32 plen, void *leaf)
{
	struct flush *f = ctx;

	(void)leaf;
	if (f->left == 0) {
		f->fs->flush_key = key;
		f->fs->flush_plen = plen;
		return 1;
	}
	f->left--;
	purge_dead(f->fs, f->tb, key, plen);
	return 0;
}

/** flush_step() - Return: true if more is to be done */
static bool flush_step(struct fib_state *fs, u32 prefixes)
{
	struct flush f = { .fs = fs, .left = prefixes };

	for (f.tb = fib_table_find(fs, fs->flush_table_id); f.tb; f.tb = f.tb->next) {
		fs->flush_table_id = f.tb->id;
		if (fib_trie_walk(&f.tb->trie, fs->flush_key, fs->flush_plen, flush_prefix, &f))
			return true;
		fs->flush_key = 0;
		fs->flush_plen = FIB_KEY_BITS;
	}
	return false;
}

void fib_flush_timer(struct timer *t)
{
	struct fib_state *fs = container_of(t, struct fib_state, flush_timer);

	if (flush_step(fs, FLUSH_STEP_PREFIXES))
		mod_timer(fs->net->timers, t, fs->net->now + 1);
}

void fib_flush(struct fib_state *fs)
{
	fs->seq++;
	rt_cache_flush(fs->net);
	if (!fs->tables)
		return;
	fs->flush_table_id = fs->tables->id;
	fs->flush_key = 0;
	fs->flush_plen = FIB_KEY_BITS;
	if (flush_step(fs, FLUSH_STEP_PREFIXES))
		mod_timer(fs->net->timers, &fs->flush_timer, fs->net->now + 1);
	else
		timer_delete(fs->net->timers, &fs->flush_timer);
}

/* ------------------------------------------------------------------ dump */

struct dump {
	struct fib_dump_cursor *cursor;
	const struct fib_table *tb;
	int (*fn)(void *ctx, const struct fib_route_view *r);
	void *ctx;
};

static int dump_prefix(void *ctx, u32 key, u32 plen, void *leaf)
{
	struct dump *d = ctx;
	struct fib_dump_cursor *c = d->cursor;
	u32 shown = 0;

	if (c->pos[1] != plen + 1 || c->pos[0] != key) {
		c->pos[0] = key;
		c->pos[1] = plen + 1;
		c->skip = 0;
	}
	for (struct leaf_pos p = leaf_first(leaf); p.fi; p = leaf_next(p)) {
		struct fib_route_view view = { .table_id = d->tb->id,
					       .dst = cpu_to_be32(key),
					       .dst_len = (u8)plen,
					       .tos = p.tos,
					       .type = p.fi->type,
					       .fi = p.fi };

		if (p.fi->flags & RTNH_F_DEAD || shown++ < c->skip)
			continue;
		if (d->fn(d->ctx, &view))
			return 1;
		c->skip = shown;
	}
	return 0;
}

int fib_route_dump(struct net *net, struct fib_dump_cursor *cursor, u32 only_table,
		   int (*fn)(void *ctx, const struct fib_route_view *r), void *ctx)
{
	struct fib_state *fs = net->ipv4->fib;
	struct dump d = { .cursor = cursor, .fn = fn, .ctx = ctx };
	u32 id = only_table ? only_table : cursor->table_id;

	for (d.tb = id ? fib_table_find(fs, id) : fs->tables; d.tb; d.tb = d.tb->next) {
		u32 key = 0, plen = FIB_KEY_BITS;

		if (cursor->table_id == d.tb->id && cursor->pos[1]) {
			key = (u32)cursor->pos[0];
			plen = (u32)cursor->pos[1] - 1;
		} else {
			cursor->pos[1] = 0;
		}
		cursor->table_id = d.tb->id;
		if (fib_trie_walk(&d.tb->trie, key, plen, dump_prefix, &d))
			return 1;
		if (only_table)
			break;
	}
	return 0;
}
