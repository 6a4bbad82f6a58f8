// SPDX-License-Identifier: BSD-2-Clause
/* What a route means: next hops, attributes, their checks, and their sharing by many routes.
 *
 * @step S5 of S13, from ipv4/fib_table.c
 * @rfc  1812 5.2.4
 * @linux net/ipv4/fib_semantics.c
 *
 * A fib_info is made from a request, checked as the kernel checks it and with the kernel's words, and then looked for
 * among those that exist: a million routes through one gateway share one.  It lives while a route uses it (treeref) or
 * an rtable refers to it (refcnt, in which all routes together count as one).
 *
 * Reading order: fib_create_info(), info_check(), info_find(), fib_release_info(), fib_config_matches().
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "dev/lwtunnel.h"
#include "ipv4/fib_lookup.h"

#define METRIC_MTU_MAX 65520U
#define METRIC_ADVMSS_MAX 65495U
#define METRIC_HOPLIMIT_MAX 255U

const struct fib_prop fib_props[RTN_MAX + 1] = {
	[RTN_UNSPEC] = { 0, RT_SCOPE_NOWHERE },
	[RTN_UNICAST] = { 0, RT_SCOPE_UNIVERSE },
	[RTN_LOCAL] = { 0, RT_SCOPE_HOST },
	[RTN_BROADCAST] = { 0, RT_SCOPE_LINK },
	[RTN_ANYCAST] = { 0, RT_SCOPE_LINK },
	[RTN_MULTICAST] = { 0, RT_SCOPE_UNIVERSE },
	[RTN_BLACKHOLE] = { -EINVAL, RT_SCOPE_UNIVERSE },
	[RTN_UNREACHABLE] = { -EHOSTUNREACH, RT_SCOPE_UNIVERSE },
	[RTN_PROHIBIT] = { -EACCES, RT_SCOPE_UNIVERSE },
	[RTN_THROW] = { -EAGAIN, RT_SCOPE_UNIVERSE },
	[RTN_NAT] = { -EINVAL, RT_SCOPE_NOWHERE },
	[RTN_XRESOLVE] = { -EINVAL, RT_SCOPE_NOWHERE },
};

/* ------------------------------------------------------------------ life */

static size_t info_bytes(u32 nhs)
{
	return sizeof(struct fib_info) + nhs * sizeof(struct fib_nh);
}

static void info_free(struct fib_info *fi)
{
	for (u32 i = 0; i < fi->nhs; i++) {
		if (fi->nh[i].dev)
			dev_put(fi->nh[i].dev);
		lwtstate_put(fi->nh[i].lwtstate);
	}
	mem_free(fi->net->mem, fi, info_bytes(fi->nhs));
}

static void info_free_rcu(struct rcu_head *head)
{
	info_free(container_of(head, struct fib_info, rcu));
}

void fib_info_put(struct fib_info *fi)
{
	assert(fi->refcnt > 0);
	if (--fi->refcnt == 0)
		rcu_defer_free(&fi->net->rcu, &fi->rcu, info_free_rcu);
}

void fib_release_info(struct fib_info *fi)
{
	struct fib_state *fs = fi->net->ipv4->fib;

	assert(fi->treeref > 0);
	if (--fi->treeref > 0)
		return;
	htable_remove(&fs->info_hash, fi->hash, fi);
	list_del_init(&fi->info_node);
	fs->info_count--;
	fi->dead = 1;
	fi->plain = 0;
	for (u32 i = 0; i < fi->nhs; i++)
		rt_flush_nh(&fi->nh[i]);
	fib_info_put(fi);
}

/* ------------------------------------------------------------------ sharing */

static bool nh_same(const struct fib_nh *a, const struct fib_nh *b)
{
	return a->oif == b->oif && a->gw_family == b->gw_family && a->scope == b->scope && a->weight == b->weight &&
	       memcmp(a->gw6, b->gw6, sizeof(a->gw6)) == 0 && lwtunnel_same(a->lwtstate, b->lwtstate) &&
	       !((a->flags ^ b->flags) & ~(u32)(RTNH_F_DEAD | RTNH_F_LINKDOWN));
}

static bool info_same(const void *obj, const void *key)
{
	const struct fib_info *a = obj, *b = key;

	if (a->nhs != b->nhs || a->protocol != b->protocol || a->scope != b->scope || a->type != b->type ||
	    a->priority != b->priority || a->tb_id != b->tb_id || a->prefsrc != b->prefsrc ||
	    a->metrics_lock != b->metrics_lock || ((a->flags ^ b->flags) & ~(u32)(RTNH_F_DEAD | RTNH_F_LINKDOWN)) ||
	    (a->flags & RTNH_F_DEAD) || memcmp(a->metrics, b->metrics, sizeof(a->metrics)) != 0)
		return false;
	for (u32 i = 0; i < a->nhs; i++) {
		if (!nh_same(&a->nh[i], &b->nh[i]))
			return false;
	}
	return true;
}

static u64 info_hash(const struct fib_state *fs, const struct fib_info *fi)
{
	struct {
		u32 nhs, proto_scope_type, priority, tb_id, prefsrc, oif, gw[4];
	} key;

	memset(&key, 0, sizeof(key));
	key.nhs = fi->nhs;
	key.proto_scope_type = (u32)fi->protocol << 16 | (u32)fi->scope << 8 | fi->type;
	key.priority = fi->priority;
	key.tb_id = fi->tb_id;
	key.prefsrc = (__force u32)fi->prefsrc;
	if (fi->nhs) {
		key.oif = (u32)fi->nh[0].oif;
		memcpy(key.gw, fi->nh[0].gw6, sizeof(key.gw));
	}
	return htable_hash_bytes(&fs->info_hash, &key, sizeof(key));
}

/* ------------------------------------------------------------------ from a request */

/** build_encap() - the tunnel that is asked for; @out: returned, NULL: none is */
static int build_encap(struct net *net, const struct fib_encap *e, struct lwtunnel_state **out, const char **errmsg)
{
	const char *text = NULL;
	int err;

	*out = NULL;
	if (likely(!e->data))
		return 0;
	err = lwtunnel_build_state(net, e->type, AF_INET, e->data, e->bytes, out, &text);
	return err ? fib_error(errmsg, text, err) : 0;
}

/** nh_from_config() - the i-th next hop that is asked for; a route with one has it in cfg itself */
static void nh_from_config(const struct fib_config *cfg, u32 i, struct fib_nh *nh)
{
	const struct fib_config_nh *c = cfg->nh_count ? &cfg->nh[i] : NULL;

	nh->oif = c ? c->oif : cfg->oif;
	nh->flags = (c ? c->flags : cfg->flags) & ~(u32)(RTNH_F_DEAD | RTNH_F_LINKDOWN);
	nh->weight = c && c->weight ? c->weight : 1;
	nh->gw_family = c ? c->gw_family : cfg->gw_family;
	if (nh->gw_family == AF_INET)
		nh->gw4 = c ? c->gw4 : cfg->gw4;
	else if (nh->gw_family)
		memcpy(nh->gw6, c ? c->gw6 : cfg->gw6, sizeof(nh->gw6));
}

static int metrics_from_config(const struct fib_config *cfg, struct fib_info *fi, const char **errmsg)
{
	static const struct {
		u32 index, max;
	} limits[] = { { RTAX_MTU, METRIC_MTU_MAX },
		       { RTAX_ADVMSS, METRIC_ADVMSS_MAX },
		       { RTAX_HOPLIMIT, METRIC_HOPLIMIT_MAX } };

	for (u32 i = 0; i < RTAX_MAX; i++)
		fi->metrics[i] = (cfg->metrics_set >> i) & 1 ? cfg->metrics[i] : 0;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		u32 *m = &fi->metrics[limits[i].index - 1];

		*m = min_u32(*m, limits[i].max);
	}
	if (fi->metrics[RTAX_FEATURES - 1] & ~(u32)RTAX_FEATURE_MASK)
		return fib_error(errmsg, "Unknown flag set in feature mask in metrics attribute", -EINVAL);
	fi->metrics_lock = cfg->metrics_lock;
	return 0;
}

static struct fib_info *info_from_config(struct fib_state *fs, const struct fib_config *cfg)
{
	u32 nhs = fib_props[cfg->type].error ? 0 : cfg->nh_count ? cfg->nh_count : 1;
	struct fib_info *fi = mem_zalloc(fs->net->mem, info_bytes(nhs));

	if (!fi)
		return NULL;
	fi->net = fs->net;
	fi->refcnt = 1;
	fi->treeref = 1;
	INIT_LIST_HEAD(&fi->info_node);
	fi->protocol = cfg->protocol;
	fi->scope = cfg->scope;
	fi->type = cfg->type;
	fi->flags = cfg->flags & ~(u32)(RTNH_F_DEAD | RTNH_F_LINKDOWN);
	fi->priority = cfg->priority;
	fi->tb_id = cfg->table;
	fi->prefsrc = cfg->prefsrc;
	fi->nhs = nhs;
	for (u32 i = 0; i < nhs; i++)
		nh_from_config(cfg, i, &fi->nh[i]);
	return fi;
}

static int info_build_encaps(const struct fib_config *cfg, struct fib_info *fi, const char **errmsg)
{
	for (u32 i = 0; i < fi->nhs; i++) {
		int err = build_encap(fi->net, cfg->nh_count ? &cfg->nh[i].encap : &cfg->encap, &fi->nh[i].lwtstate,
				      errmsg);

		if (err)
			return err;
	}
	return 0;
}

/** valid_prefsrc() - the preferred source must be ours; a local route may prefer its own address before it is */
static bool valid_prefsrc(struct fib_state *fs, const struct fib_config *cfg)
{
	if (cfg->type == RTN_LOCAL && cfg->dst && cfg->prefsrc == cfg->dst)
		return true;
	return inet_addr_type_table(fs->net, cfg->prefsrc, cfg->table) == RTN_LOCAL ||
	       (cfg->table != RT_TABLE_LOCAL &&
		inet_addr_type_table(fs->net, cfg->prefsrc, RT_TABLE_LOCAL) == RTN_LOCAL);
}

/** check_host_scope() - a route to ourselves: one next hop, no gateway */
static int check_host_scope(struct fib_state *fs, struct fib_info *fi, const char **errmsg)
{
	struct fib_nh *nh = &fi->nh[0];

	if (fi->nhs != 1)
		return fib_error(errmsg, "Route with host scope can not have multiple nexthops", -EINVAL);
	if (nh->gw_family)
		return fib_error(errmsg, "Route with host scope can not have a gateway", -EINVAL);
	nh->scope = RT_SCOPE_NOWHERE;
	nh->dev = dev_find_by_index(fs->net, nh->oif);
	if (!nh->dev)
		return -ENODEV;
	dev_hold(nh->dev);
	return 0;
}

/** info_check() - complete and check; what it looked up stays in @fi, also after an error */
static int info_check(struct fib_state *fs, const struct fib_config *cfg, struct fib_info *fi, const char **errmsg)
{
	u32 linkdown = 0;
	int err;

	if (fib_props[cfg->type].error)
		return 0;
	if (cfg->scope > RT_SCOPE_HOST)
		return fib_error(errmsg, "Invalid scope", -EINVAL);
	if (cfg->scope == RT_SCOPE_HOST) {
		err = check_host_scope(fs, fi, errmsg);
		if (err)
			return err;
	} else {
		for (u32 i = 0; i < fi->nhs; i++) {
			err = fib_check_nh(fs, &fi->nh[i], cfg->table, cfg->scope, errmsg);
			if (err)
				return err;
			linkdown += !!(fi->nh[i].flags & RTNH_F_LINKDOWN);
		}
		if (linkdown == fi->nhs)
			fi->flags |= RTNH_F_LINKDOWN;
	}
	if (fi->prefsrc && !valid_prefsrc(fs, cfg))
		return fib_error(errmsg, "Invalid prefsrc address", -EINVAL);
	return 0;
}

static int config_check(const struct fib_config *cfg, const char **errmsg)
{
	if (cfg->type > RTN_MAX || cfg->type == RTN_UNSPEC)
		return fib_error(errmsg, "Invalid route type", -EINVAL);
	if (fib_props[cfg->type].scope > cfg->scope)
		return fib_error(errmsg, "Invalid scope", -EINVAL);
	if (cfg->flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN))
		return fib_error(errmsg, "Invalid rtm_flags - can not contain DEAD or LINKDOWN", -EINVAL);
	if (cfg->nh_count > FIB_MAX_NEXTHOPS)
		return fib_error(errmsg, "Too many nexthops", -EINVAL);
	for (u32 i = 0; i < cfg->nh_count; i++) {
		if (cfg->nh[i].flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN))
			return fib_error(errmsg, "Invalid flags for nexthop - can not contain DEAD or LINKDOWN",
					 -EINVAL);
	}
	if (fib_props[cfg->type].error && (cfg->nh_count || cfg->oif || cfg->gw_family))
		return fib_error(errmsg, "Gateway, device and multipath can not be specified for this route type",
				 -EINVAL);
	return 0;
}

int fib_create_info(struct fib_state *fs, const struct fib_config *cfg, struct fib_info **out, const char **errmsg)
{
	struct fib_info *fi, *old;
	int err = config_check(cfg, errmsg);

	if (err)
		return err;
	fi = info_from_config(fs, cfg);
	if (!fi)
		return -ENOBUFS;
	err = metrics_from_config(cfg, fi, errmsg);
	if (!err)
		err = info_build_encaps(cfg, fi, errmsg);
	if (!err)
		err = info_check(fs, cfg, fi, errmsg);
	if (err)
		goto err_free;
	fi->hash = info_hash(fs, fi);
	old = htable_lookup(&fs->info_hash, fi->hash, info_same, fi);
	if (old) {
		old->treeref++;
		info_free(fi);
		*out = old;
		return 0;
	}
	if (htable_insert(&fs->info_hash, fi->hash, fi)) {
		err = -ENOBUFS;
		goto err_free;
	}
	list_add_tail(&fi->info_node, &fs->infos);
	fs->info_count++;
	fib_rebalance(fi);
	*out = fi;
	return 0;

err_free:
	info_free(fi);
	return err;
}

/* ------------------------------------------------------------------ to delete */

static bool nh_matches(u8 gw_family, __be32 gw4, const u8 *gw6, int oif, const struct fib_nh *nh)
{
	if (oif && oif != nh->oif)
		return false;
	if (!gw_family)
		return true;
	if (gw_family != nh->gw_family)
		return false;
	return gw_family == AF_INET ? gw4 == nh->gw4 : memcmp(gw6, nh->gw6, sizeof(nh->gw6)) == 0;
}

static bool encap_matches(const struct fib_encap *e, const struct fib_info *fi, const struct fib_nh *nh)
{
	struct lwtunnel_state *lwt;
	bool same;

	if (build_encap(fi->net, e, &lwt, NULL))
		return false;
	same = !lwt || lwtunnel_same(lwt, nh->lwtstate);
	lwtstate_put(lwt);
	return same;
}

static bool nexthops_match(const struct fib_config *cfg, const struct fib_info *fi)
{
	if (!cfg->nh_count) {
		if (!cfg->oif && !cfg->gw_family && !cfg->encap.data)
			return true;
		return fi->nhs && nh_matches(cfg->gw_family, cfg->gw4, cfg->gw6, cfg->oif, &fi->nh[0]) &&
		       encap_matches(&cfg->encap, fi, &fi->nh[0]);
	}
	if (!fi->nhs || cfg->nh_count < fi->nhs)
		return false;
	for (u32 i = 0; i < fi->nhs; i++) { /* weights, and those that are named beyond, do not matter to the kernel */
		const struct fib_config_nh *c = &cfg->nh[i];

		if (!nh_matches(c->gw_family, c->gw4, c->gw6, c->oif, &fi->nh[i]) ||
		    !encap_matches(&c->encap, fi, &fi->nh[i]))
			return false;
	}
	return true;
}

bool fib_config_matches(const struct fib_config *cfg, const struct fib_info *fi)
{
	if ((cfg->type && cfg->type != fi->type) || (cfg->scope != RT_SCOPE_NOWHERE && cfg->scope != fi->scope) ||
	    (cfg->prefsrc && cfg->prefsrc != fi->prefsrc) || (cfg->protocol && cfg->protocol != fi->protocol) ||
	    (cfg->priority && cfg->priority != fi->priority))
		return false;
	for (u32 i = 0; i < RTAX_MAX; i++) {
		if (((cfg->metrics_set >> i) & 1) && cfg->metrics[i] != fi->metrics[i])
			return false;
	}
	return nexthops_match(cfg, fi);
}

/* ------------------------------------------------------------------ use */

bool fib_nh_usable(const struct fib_nh *nh, const struct flowi4 *fl4, u32 flags)
{
	if (nh->flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) {
		const struct in_device *in_dev;

		if (nh->flags & RTNH_F_DEAD)
			return false;
		in_dev = nh->dev ? in_dev_get_rcu(nh->dev) : NULL;
		if (!(flags & FIB_LOOKUP_IGNORE_LINKSTATE) && in_dev &&
		    IN_DEV_ORCONF(in_dev, IGNORE_ROUTES_WITH_LINKDOWN))
			return false;
	}
	return !fl4->oif || fl4->oif == nh->oif;
}

__be32 fib_result_prefsrc(struct fib_state *fs, struct fib_result *res)
{
	struct fib_nh *nh = fib_res_nh(res);

	if (res->fi->prefsrc)
		return res->fi->prefsrc;
	if (nh->saddr_genid != fs->addr_genid) {
		nh->saddr =
			inet_select_addr(nh->dev, nh->gw_family == AF_INET ? nh->gw4 : cpu_to_be32(0), res->fi->scope);
		nh->saddr_genid = fs->addr_genid;
	}
	return nh->saddr;
}
