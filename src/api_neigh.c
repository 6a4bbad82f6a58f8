// SPDX-License-Identifier: BSD-2-Clause
/* What a net can tell of its neighbours beyond rtnetlink. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "api_internal.h"
#include "api_record.h"
#include "ipv4/netns_ipv4.h"
#include "neigh/neigh_history.h"
#include "neigh/neigh_trace.h"

static void tell_change(struct nethood_neigh_change *out, const struct neigh_change *c)
{
	*out = (struct nethood_neigh_change){
		.now_ns = (uint64_t)c->at,
		.old_state = c->old_state,
		.new_state = c->new_state,
		.deleted = c->died,
		.lladdr_bytes = c->addr_len,
		.had_lladdr = c->had_ha,
		.has_lladdr = c->has_ha,
		.cause = neigh_cause_text(c->cause),
		.cause_id = c->cause_id,
	};
	memcpy(out->old_lladdr, c->old_ha, sizeof(out->old_lladdr));
	memcpy(out->lladdr, c->ha, sizeof(out->lladdr));
}

/* NULL: the net has no such family. */
static struct neigh_table *table_of(const struct net *net, int family)
{
	for (u32 i = 0; i < NEIGH_NR_TABLES; i++) {
		struct neigh_table *tbl = net->neigh->table[i];

		if (tbl && tbl->family == family)
			return tbl;
	}
	return NULL;
}

static const struct neigh_history *history_of(const struct neigh_table *tbl, const struct net_device *dev,
					      const void *addr)
{
	const struct neigh_history *h;
	struct net_device *each;

	if (dev)
		return neigh_history_find(tbl->net, tbl->family, addr, tbl->key_len, dev->ifindex);
	for_each_netdev(tbl->net, each) {
		h = neigh_history_find(tbl->net, tbl->family, addr, tbl->key_len, each->ifindex);
		if (h)
			return h;
	}
	return NULL;
}

int nethood_neigh_history(struct nethood_net *nn, const char *name, int family, const void *addr,
			  int (*fn)(void *ctx, const struct nethood_neigh_change *change), void *ctx, uint64_t *changes)
{
	struct net_device *dev = name ? dev_find_by_name(&nn->net, name) : NULL;
	const struct neigh_table *tbl = table_of(&nn->net, family);
	struct nethood_neigh_change change;
	const struct neigh_history *h;
	u64 i;
	int ret = 0;

	if (!tbl)
		return -EAFNOSUPPORT;
	if (name && !dev)
		return -ENODEV;
	h = history_of(tbl, dev, addr);
	if (!h)
		return -ENOENT;
	if (changes)
		*changes = h->change_count;
	i = h->change_count > NEIGH_HISTORY_CHANGES ? h->change_count - NEIGH_HISTORY_CHANGES : 0;
	for (; i < h->change_count && !ret; i++) {
		tell_change(&change, &h->change[i % NEIGH_HISTORY_CHANGES]);
		ret = fn(ctx, &change);
	}
	return ret;
}

static int neigh_doubt_addr(struct nethood_net *nn, const char *name, int family, const void *addr)
{
	struct neigh_table *tbl = table_of(&nn->net, family);
	struct net_device *only = name ? dev_find_by_name(&nn->net, name) : NULL, *dev;
	struct neighbour *n = NULL;

	if (!tbl)
		return -EAFNOSUPPORT;
	if (name && !only)
		return -ENODEV;
	for_each_netdev(&nn->net, dev) {
		n = only && dev != only ? NULL : neigh_find(tbl, addr, dev);
		if (n)
			break;
	}
	if (!n)
		return -ENOENT;
	neigh_doubt(n);
	return 0;
}

int nethood_neigh_doubt(struct nethood_net *nn, const char *name, int family, const void *addr)
{
	if (unlikely(nn->net.rec))
		rec_neigh_doubt(nn->net.rec, name, family, addr);
	return rec_ret(&nn->net, neigh_doubt_addr(nn, name, family, addr));
}

/* ------------------------------------------------------------------ events */

static_assert((int)NETHOOD_NEIGH_PARMS == NEIGH_TRACE_PARMS, "the same events inside and outside");
static_assert((u32)NETHOOD_NEIGH_F_EXT_VALIDATED == NEIGH_UPDATE_F_EXT_VALIDATED &&
		      (u32)NETHOOD_NEIGH_F_ISROUTER == NEIGH_UPDATE_F_ISROUTER &&
		      (u32)NETHOOD_NEIGH_F_ADMIN == NEIGH_UPDATE_F_ADMIN,
	      "the same flags inside and outside");

static void tell_entry(struct nethood_neigh_event *out, const struct neighbour *n)
{
	out->entry = n;
	out->lladdr_bytes = n->dev->addr_len;
	memcpy(out->lladdr, n->ha, sizeof(out->lladdr));
	out->nud_state = n->nud_state;
	out->type = n->type;
	out->flags = n->flags;
	out->flags_ext = n->flags_ext;
	out->probes = n->probes;
	out->dead = n->dead;
	out->gc_exempt = n->gc_class == NEIGH_GC_EXEMPT;
	out->refcnt = n->refcnt;
	out->confirmed_ns = n->confirmed;
	out->used_ns = n->used;
	out->updated_ns = n->updated;
}

static void tell_event(void *ctx, const struct neigh_trace *t)
{
	const struct nethood_net *nn = ctx;
	const struct neigh_cause *cause = &nn->net.neigh->histories->cause;
	struct nethood_neigh_event e = {
		.kind = (enum nethood_neigh_event_kind)t->kind,
		.err = t->err,
		.now_ns = (uint64_t)nn->net.now,
		.dev = t->dev ? t->dev->name : "",
		.family = t->tbl->family,
		.ifindex = t->dev ? t->dev->ifindex : 0,
		.key_bytes = t->key ? t->tbl->key_len : 0,
		.entries = t->tbl->entries_count,
		.packet = t->packet,
		.has_new_lladdr = t->lladdr != NULL,
		.new_state = t->new_state,
		.update_flags = t->flags,
		.portid = t->portid,
		.reachable_time_ns = t->parms ? t->parms->reachable_time : 0,
		.cause = neigh_cause_text(cause->kind),
		.cause_id = cause->id,
	};

	if (t->key)
		memcpy(e.key, t->key, t->tbl->key_len);
	if (t->n)
		tell_entry(&e, t->n);
	if (t->lladdr && t->dev)
		memcpy(e.new_lladdr, t->lladdr, t->dev->addr_len);
	nn->on_neigh_event(nn->on_neigh_event_ctx, &e);
}

void nethood_on_neigh_event(struct nethood_net *nn, void (*fn)(void *ctx, const struct nethood_neigh_event *event),
			    void *ctx)
{
	nn->on_neigh_event = fn;
	nn->on_neigh_event_ctx = ctx;
	neigh_trace_start(&nn->net, fn ? tell_event : NULL, nn);
}

const char *nethood_neigh_event_name(enum nethood_neigh_event_kind kind)
{
	return neigh_trace_name((enum neigh_trace_kind)kind);
}
