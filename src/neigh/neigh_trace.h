/* SPDX-License-Identifier: BSD-2-Clause */
/* Trace points of the neighbour subsystem: Linux's trace events, told to one listener of the net.
 *
 * @linux include/trace/events/neigh.h
 *
 * An event is told when the entry has changed completely and nothing has been called out yet: what a step sets off (a
 * probe, a packet that waited, an error for its sender) comes after it.  Only neigh_update has two: what is asked for,
 * before, and what has become of it, after all.  Without a listener each costs one branch; the way of a packet to a
 * CONNECTED neighbour has none.
 */
#ifndef NETHOOD_NEIGH_TRACE_H
#define NETHOOD_NEIGH_TRACE_H

#include "neigh/neighbour.h"

enum neigh_trace_kind {
	NEIGH_TRACE_CREATE,
	NEIGH_TRACE_UPDATE,
	NEIGH_TRACE_UPDATE_DONE,
	NEIGH_TRACE_TIMER_HANDLER,
	NEIGH_TRACE_EVENT_SEND_DONE,
	NEIGH_TRACE_EVENT_SEND_DEAD,
	NEIGH_TRACE_CLEANUP_AND_RELEASE,
	NEIGH_TRACE_DOUBT, /**< nethood's own: neigh_doubt() */
	NEIGH_TRACE_PARMS, /**< nethood's own: parameters of a device were set, or drawn anew */
	NEIGH_TRACE_MAX
};

/** struct neigh_trace - one event; what it is not about is zero */
struct neigh_trace {
	enum neigh_trace_kind kind;
	const struct neigh_table *tbl;
	const struct net_device *dev; /**< NULL: PARMS of the table */
	const struct neighbour *n;    /**< NULL: none could be made; PARMS */
	const void *key;              /**< tbl->key_len octets */
	const struct neigh_parms *parms;
	const u8 *lladdr; /**< UPDATE: NULL: none given */
	u8 new_state;     /**< UPDATE */
	u32 flags;        /**< UPDATE: NEIGH_UPDATE_F_* */
	u32 portid;       /**< UPDATE */
	bool packet;      /**< EVENT_SEND_*: there is one, not just a request to resolve */
	int err;
};

void __neigh_trace(const struct neigh_trace *t);
/** neigh_trace_on() - does anybody listen? */
static inline bool neigh_trace_on(const struct net *net)
{
	return unlikely(net->neigh->tracer.fn != NULL);
}

/** neigh_trace() - @n has come to @kind, with @err */
static inline void neigh_trace(const struct neighbour *n, enum neigh_trace_kind kind, int err)
{
	if (neigh_trace_on(n->tbl->net))
		__neigh_trace(&(struct neigh_trace){
			.kind = kind, .tbl = n->tbl, .dev = n->dev, .n = n, .key = n->primary_key, .err = err });
}
void neigh_trace_send(const struct neighbour *n, enum neigh_trace_kind kind, const struct sk_buff *skb, int err);
void neigh_trace_create(struct neigh_table *tbl, const struct net_device *dev, const void *key,
			const struct neighbour *n, int err);
void neigh_trace_update(const struct neighbour *n, const u8 *lladdr, u8 new_state, u32 flags, u32 portid);
void neigh_trace_parms(const struct neigh_parms *p);
/** neigh_trace_name() - "neigh_create" (static) */
const char *neigh_trace_name(enum neigh_trace_kind kind);
/** neigh_trace_start() - tell @fn from now on, first of the parameters of each device; NULL: nobody */
void neigh_trace_start(struct net *net, void (*fn)(void *ctx, const struct neigh_trace *t), void *ctx);

#endif
