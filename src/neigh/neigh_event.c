// SPDX-License-Identifier: BSD-2-Clause
/* The NUD machine at work: conditions in, the table's edge, actions out.
 *
 * @step S8 of S13, from neigh/neigh_output.c and from the timer
 * @rfc 4861 7.2.2 7.3.3
 * @linux neigh_timer_handler, __neigh_event_send
 *
 * Rule: nud_step() decides with the entry as it is; neigh_do() changes it completely before anything is called out,
 * and calls out in the order of the NUD_A_* bits.
 */
#include "neigh/neigh_internal.h"
#include "neigh/neigh_trace.h"

#define NEIGH_DOUBT_PAUSE_NS \
	(100 * NSEC_PER_MSEC)                     /* who was confirmed so lately is not doubted: errors can be forged */
#define NEIGH_TIMER_FLOOR_NS (10 * NSEC_PER_MSEC) /* no timer is re-armed for less */

static u32 neigh_max_probes(const struct neighbour *n)
{
	const struct neigh_parms *p = neigh_parms_of(n);
	s64 last = n->nud_state & (NUD_DELAY | NUD_PROBE) ? NEIGH_VAR(p, MCAST_REPROBES) : NEIGH_VAR(p, MCAST_PROBES);

	return (u32)(NEIGH_VAR(p, UCAST_PROBES) + NEIGH_VAR(p, APP_PROBES) + last);
}

static u32 neigh_timer_cond(const struct neighbour *n)
{
	const struct neigh_parms *p = neigh_parms_of(n);
	ktime_t now = n->tbl->net->now;
	ktime_t fresh = n->nud_state & NUD_REACHABLE ? p->reachable_time : NEIGH_VAR(p, DELAY_PROBE_TIME);
	u32 cond = 0;

	/* Not "<=": a timer comes exactly when it is due, and Linux's always a little later. */
	if (now < n->confirmed + fresh)
		cond |= NUD_C_CONFIRMED;
	if (now < n->used + NEIGH_VAR(p, DELAY_PROBE_TIME))
		cond |= NUD_C_USED;
	if ((n->nud_state & NUD_DELAY ? 0 : n->probes) >= neigh_max_probes(n))
		cond |= NUD_C_EXHAUSTED;
	if (n->flags_ext & NEIGH_EXT_VALIDATED)
		cond |= NUD_C_VALIDATED;
	return cond;
}

static u32 neigh_output_cond(const struct neighbour *n, bool deferred)
{
	const struct neigh_parms *p = neigh_parms_of(n);
	u32 cond = deferred ? NUD_C_DEFERRED : 0;

	if (NEIGH_VAR(p, MCAST_PROBES) + NEIGH_VAR(p, APP_PROBES) == 0)
		cond |= NUD_C_NO_PROBES;
	return cond;
}

void neigh_connect(struct neighbour *n)
{
	n->way = NEIGH_WAY_KNOWN;
}

void neigh_suspect(struct neighbour *n)
{
	n->way = NEIGH_WAY_ASKS;
}

void neigh_add_timer(struct neighbour *n, ktime_t expires)
{
	if (!mod_timer(n->tbl->net->timers, &n->timer, expires))
		neigh_get(n);
}

void neigh_del_timer(struct neighbour *n)
{
	if (timer_delete(n->tbl->net->timers, &n->timer))
		neigh_release(n);
}

static ktime_t neigh_next_probe(const struct neighbour *n, enum nud_timer when)
{
	const struct neigh_parms *p = neigh_parms_of(n);
	ktime_t now = n->tbl->net->now;
	ktime_t floor = now + NEIGH_TIMER_FLOOR_NS;
	ktime_t next = when == NUD_T_RETRANS ? now + NEIGH_VAR(p, RETRANS_TIME)
		       : when == NUD_T_DELAY ? now + NEIGH_VAR(p, DELAY_PROBE_TIME)
					     : n->confirmed + p->reachable_time;

	return next < floor ? floor : next;
}

static void neigh_arm(struct neighbour *n, enum nud_timer when)
{
	switch (when) {
	case NUD_T_KEEP:
		return;
	case NUD_T_STOP:
		neigh_del_timer(n);
		return;
	case NUD_T_SOON:
		neigh_add_timer(n, n->tbl->net->now);
		return;
	default: /* RETRANS, DELAY, REACHABLE */
		neigh_add_timer(n, neigh_next_probe(n, when));
		return;
	}
}

/* Ask once more.  The last packet that waits lends its source address to the question. */
static void neigh_probe(struct neighbour *n)
{
	struct sk_buff *skb = n->has_queue ? skb_peek_tail(&n->queue->arp_queue) : NULL;

	if (skb)
		skb_get(skb);
	if (neigh_ops_of(n)->solicit)
		neigh_ops_of(n)->solicit(n, skb);
	if (n->probes < UINT8_MAX)
		n->probes++;
	consume_skb(skb);
}

void neigh_invalidate(struct neighbour *n)
{
	struct sk_buff_head waiting;
	struct sk_buff *skb;

	neigh_queue_steal(n, &waiting);
	while ((skb = __skb_dequeue(&waiting)))
		neigh_ops_of(n)->error_report(n, skb);
}

void neigh_notify(struct neighbour *n, enum neigh_event event, u32 portid)
{
	struct neigh_notifier_info info = { .neigh = n, .portid = portid };

	(void)notifier_call_chain(&n->tbl->net->neigh->chain, (unsigned long)event, &info);
}

static void neigh_enter(struct neighbour *n, const struct nud_edge *e)
{
	struct neigh_was was;

	if (e->to) {
		was = neigh_was(n);
		n->updated = n->tbl->net->now;
		n->tbl->genid++;
		n->nud_state = e->to;
		neigh_history_add(n, &was, false);
		neigh_gc_update_list(n);
		if (e->to == NUD_FAILED && (e->act & NUD_A_INVALIDATE))
			n->tbl->stats.res_failed++;
	}
	if (e->act & NUD_A_CONNECT)
		neigh_connect(n);
	if (e->act & NUD_A_SUSPECT)
		neigh_suspect(n);
	if (e->act & NUD_A_RESET_PROBES)
		n->probes = 0;
	if (e->act & NUD_A_UCAST_DONE)
		n->probes = (u8)NEIGH_VAR(neigh_parms_of(n), UCAST_PROBES);
	neigh_arm(n, e->timer);
}

/* The entry has entered: what it has to do.  @skb: taken, unless the edge says XMIT; the caller holds a reference on @n. */
static void neigh_do(struct neighbour *n, const struct nud_edge *e, struct sk_buff *skb)
{
	if (skb && (e->act & NUD_A_QUEUE))
		neigh_queue_tail(n, skb);
	if (skb && (e->act & NUD_A_DROP))
		kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_FAILED);
	if (e->act & NUD_A_DROP) /* also what waited before an administrator forbade questions */
		neigh_queue_purge(n, SKB_DROP_REASON_NEIGH_FAILED);
	if (e->act & NUD_A_INVALIDATE)
		neigh_invalidate(n);
	if (e->act & NUD_A_PROBE)
		neigh_probe(n);
	if ((e->act & NUD_A_NOTIFY) && !n->dead)
		neigh_notify(n, NEIGH_EVENT_NEW, 0);
	neigh_check_changed(n);
}

void neigh_timer_handler(struct timer *t)
{
	struct neighbour *n = container_of(t, struct neighbour, timer);
	struct neigh_cause before = neigh_because(n->tbl->net, NEIGH_CAUSE_TIMER, 0);
	struct net *net = n->tbl->net;
	const struct nud_edge *e;

	/* The timer's reference is ours until the end. */
	if (!neigh_bury(n)) {
		e = nud_step(n->nud_state, NUD_EV_TIMER, neigh_timer_cond(n));
		assert(e);
		neigh_enter(n, e);
		neigh_trace(n, NEIGH_TRACE_TIMER_HANDLER, 0);
		neigh_do(n, e, NULL);
	}
	neigh_release(n);
	neigh_because_again(net, before);
}

/* Who asks, and for a neighbour of which prefix: a sweep is one of these, whatever its length. */
static u32 neigh_fair_hash(const struct neighbour *n, const struct sk_buff *skb)
{
	u32 source_at = n->tbl->key_len == 4 ? 12 : 8; /* of the address in the IP header */
	u8 who[NEIGH_KEY_MAX + NEIGH_KEY_MAX] = { 0 };
	u64 hash;

	if (skb->network_header != SKB_HEADER_UNSET &&
	    skb_network_offset(skb) + source_at + n->tbl->key_len <= skb_headlen(skb))
		memcpy(who, skb_network_header(skb) + source_at, n->tbl->key_len);
	memcpy(who + NEIGH_KEY_MAX, n->primary_key, n->tbl->key_len == 4 ? 3 : 8); /* /24, /64 */
	hash = htable_hash_bytes(&n->tbl->hash, who, sizeof(who));
	return (u32)(hash >> 32);
}

static bool neigh_event(struct neighbour *n, struct sk_buff *skb, bool deferred)
{
	struct net *net = n->tbl->net;
	struct neigh_cause before = net->neigh->histories->cause;
	const struct nud_edge *e;

	n->used = n->tbl->net->now;
	if (n->nud_state & (NUD_CONNECTED | NUD_DELAY | NUD_PROBE))
		return false;
	if (n->dead) {
		neigh_trace_send(n, NEIGH_TRACE_EVENT_SEND_DEAD, skb, 1);
		kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_DEAD);
		return true;
	}
	if (skb) {
		TRACE_STEP(8, skb);
		neigh_because(net, NEIGH_CAUSE_PACKET, skb->id);
	}
	e = nud_step(n->nud_state, NUD_EV_OUTPUT, neigh_output_cond(n, deferred));
	assert(e);
	neigh_gc_touch(n);
	if (skb)
		neigh_gc_set_group(n, neigh_fair_hash(n, skb));
	neigh_get(n); /* a solicitation may, through a hook or a loop, delete the entry */
	neigh_enter(n, e);
	neigh_trace_send(n, NEIGH_TRACE_EVENT_SEND_DONE, skb, !(e->act & NUD_A_XMIT));
	neigh_do(n, e, skb);
	neigh_release(n);
	neigh_because_again(net, before);
	return !(e->act & NUD_A_XMIT);
}

bool neigh_event_send(struct neighbour *n, struct sk_buff *skb)
{
	return neigh_event(n, skb, false);
}

void neigh_use(struct neighbour *n)
{
	(void)neigh_event(n, NULL, true);
}

void neigh_doubt(struct neighbour *n)
{
	const struct neigh_parms *p = neigh_parms_of(n);
	const struct nud_edge *e;
	u32 cond = 0;

	if (n->tbl->net->profile != NET_PROFILE_STRICT || neigh_bury(n) ||
	    n->tbl->net->now < n->confirmed + NEIGH_DOUBT_PAUSE_NS)
		return;
	if (NEIGH_VAR(p, UCAST_PROBES) + NEIGH_VAR(p, APP_PROBES) + NEIGH_VAR(p, MCAST_REPROBES) == 0)
		cond |= NUD_C_EXHAUSTED;
	e = nud_step(n->nud_state, NUD_EV_DOUBT, cond);
	if (!e)
		return;
	neigh_get(n);
	neigh_enter(n, e);
	neigh_trace(n, NEIGH_TRACE_DOUBT, 0);
	neigh_do(n, e, NULL);
	neigh_release(n);
}
