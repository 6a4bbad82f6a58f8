// SPDX-License-Identifier: BSD-2-Clause
/* Trace points: what the listener is told.
 *
 * @linux trace_neigh_create, trace_neigh_update ...
 */
#include "neigh/neigh_trace.h"

void __neigh_trace(const struct neigh_trace *t)
{
	const struct neigh_net *nn = t->tbl->net->neigh;

	nn->tracer.fn(nn->tracer.ctx, t);
}

void neigh_trace_create(struct neigh_table *tbl, const struct net_device *dev, const void *key,
			const struct neighbour *n, int err)
{
	if (neigh_trace_on(tbl->net))
		__neigh_trace(&(struct neigh_trace){
			.kind = NEIGH_TRACE_CREATE, .tbl = tbl, .dev = dev, .n = n, .key = key, .err = err });
}

void neigh_trace_update(const struct neighbour *n, const u8 *lladdr, u8 new_state, u32 flags, u32 portid)
{
	__neigh_trace(&(struct neigh_trace){ .kind = NEIGH_TRACE_UPDATE,
					     .tbl = n->tbl,
					     .dev = n->dev,
					     .n = n,
					     .key = n->primary_key,
					     .lladdr = lladdr,
					     .new_state = new_state,
					     .flags = flags,
					     .portid = portid });
}

void neigh_trace_send(const struct neighbour *n, enum neigh_trace_kind kind, const struct sk_buff *skb, int err)
{
	if (neigh_trace_on(n->tbl->net))
		__neigh_trace(&(struct neigh_trace){ .kind = kind,
						     .tbl = n->tbl,
						     .dev = n->dev,
						     .n = n,
						     .key = n->primary_key,
						     .packet = skb != NULL,
						     .err = err });
}

void neigh_trace_parms(const struct neigh_parms *p)
{
	if (neigh_trace_on(p->tbl->net))
		__neigh_trace(
			&(struct neigh_trace){ .kind = NEIGH_TRACE_PARMS, .tbl = p->tbl, .dev = p->dev, .parms = p });
}

const char *neigh_trace_name(enum neigh_trace_kind kind)
{
	static const char *const name[NEIGH_TRACE_MAX] = {
		[NEIGH_TRACE_CREATE] = "neigh_create",
		[NEIGH_TRACE_UPDATE] = "neigh_update",
		[NEIGH_TRACE_UPDATE_DONE] = "neigh_update_done",
		[NEIGH_TRACE_TIMER_HANDLER] = "neigh_timer_handler",
		[NEIGH_TRACE_EVENT_SEND_DONE] = "neigh_event_send_done",
		[NEIGH_TRACE_EVENT_SEND_DEAD] = "neigh_event_send_dead",
		[NEIGH_TRACE_CLEANUP_AND_RELEASE] = "neigh_cleanup_and_release",
		[NEIGH_TRACE_DOUBT] = "neigh_doubt",
		[NEIGH_TRACE_PARMS] = "neigh_parms",
	};

	return name[kind];
}

void neigh_trace_start(struct net *net, void (*fn)(void *ctx, const struct neigh_trace *t), void *ctx)
{
	struct neigh_net *nn = net->neigh;
	const struct neigh_parms *p;

	nn->tracer.fn = fn;
	nn->tracer.ctx = ctx;
	for (u32 i = 0; i < NEIGH_NR_TABLES && fn; i++) {
		if (!nn->table[i])
			continue;
		list_for_each_entry(p, &nn->table[i]->parms_list, list)
			neigh_trace_parms(p);
	}
}
