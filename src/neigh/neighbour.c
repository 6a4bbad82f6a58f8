// SPDX-License-Identifier: BSD-2-Clause
/* Neighbour entries: birth, look-up, news, death.
 *
 * @step S7 of S13, from ipv4/ip_output.c
 * @rfc 826, 1122 2.3.2, 4861 5.1 7.2.5
 * @linux net/core/neighbour.c
 *
 * Reading order: neigh_find(), neigh_create(), neigh_update(), neigh_mark_dead(), neigh_destroy().
 *
 * Lifetime, in phases: an entry is born with one reference, the table's.  Its timer, while armed, holds another, and
 * so does everybody who keeps a pointer beyond a quiescent point.  neigh_mark_dead() unlinks it and drops the table's;
 * the last neigh_release() calls neigh_destroy(), and the memory goes after a grace period, so a reader that found it
 * in the table just before may still look at it.
 */
#include "neigh/neighbour.h"

#include <errno.h>

#include "neigh/neigh_internal.h"
#include "neigh/neigh_trace.h"

struct neigh_key {
	const void *primary;
	const struct net_device *dev;
	u8 key_len;
};

static bool neigh_match(const void *obj, const void *key)
{
	const struct neighbour *n = obj;
	const struct neigh_key *k = key;

	return n->dev == k->dev && n->generation == k->dev->neigh_generation[n->tbl->index] &&
	       memcmp(n->primary_key, k->primary, k->key_len) == 0;
}

struct neighbour *neigh_find(struct neigh_table *tbl, const void *key, const struct net_device *dev)
{
	const struct neigh_key k = { key, dev, tbl->key_len };
	struct neighbour *n;

	if (tbl->key_len == sizeof(u32)) {
		u32 addr;

		memcpy(&addr, key, sizeof(addr));
		return neigh_find_u32(tbl, addr, dev);
	}
	n = htable_lookup(&tbl->hash, neigh_hash(tbl, key, dev->neigh_generation[tbl->index]), neigh_match, &k);
	tbl->stats.lookups++;
	tbl->stats.hits += n != NULL;
	return n;
}

/* A table so small stays in the cache. */
static inline bool neigh_table_is_small(const struct neigh_table *tbl)
{
	return tbl->hash.live_count < 1024;
}

void neigh_prefetch(const struct neigh_table *tbl, const void *key, u32 generation)
{
	if (!neigh_table_is_small(tbl))
		htable_prefetch(&tbl->hash, neigh_hash(tbl, key, generation));
}

void neigh_prefetch_entry(const struct neigh_table *tbl, const void *key, u32 generation)
{
	const u8 *n;

	if (neigh_table_is_small(tbl) || tbl->key_len != 4) /* a hash that is not exact: the entry would be read */
		return;
	n = htable_lookup(&tbl->hash, neigh_hash(tbl, key, generation), NULL, NULL);
	if (!n)
		return;
	__builtin_prefetch(n);
	__builtin_prefetch(n + offsetof(struct neighbour, nud_state)); /* it may be in the next line */
}

struct neighbour *neigh_lookup(struct neigh_table *tbl, const void *key, struct net_device *dev)
{
	struct neighbour *n = neigh_find(tbl, key, dev);

	return n ? neigh_get(n) : NULL;
}

static void neigh_free_rcu(struct rcu_head *head)
{
	struct neighbour *n = container_of(head, struct neighbour, rcu);

	kmem_cache_free(&n->tbl->cache, n);
}

static struct neighbour *neigh_alloc(struct neigh_table *tbl, const void *key, struct net_device *dev)
{
	struct neighbour *n = kmem_cache_alloc(&tbl->cache);

	if (!n)
		return NULL;
	memset(n, 0, sizeof(*n));
	memcpy(n->primary_key, key, tbl->key_len);
	n->tbl = tbl;
	n->dev = dev_hold(dev);
	n->generation = dev->neigh_generation[tbl->index];
	n->refcnt = 1;
	n->way = NEIGH_WAY_NOWHERE;
	n->exempt_from_gc = (dev->flags & IFF_LOOPBACK) != 0;
	n->updated = n->used = tbl->net->now;
	timer_setup(&n->timer, neigh_timer_handler);
	INIT_LIST_HEAD(&n->dev_list);
	INIT_LIST_HEAD(&n->gc_list);
	tbl->entries_count++;
	tbl->stats.allocs++;
	return n;
}

static int neigh_construct(struct neighbour *n)
{
	const struct net_device_ops *ops = n->dev->netdev_ops;
	int err = n->tbl->constructor(n);

	if (err)
		return err;
	return ops->ndo_neigh_construct ? ops->ndo_neigh_construct(n->dev, n) : 0;
}

/* An entry that was born and never linked. */
static void neigh_abort(struct neighbour *n)
{
	n->dead = 1;
	neigh_release(n);
}

/* Nothing fails yet: look-ups take longer. */
static void neigh_tell_hash_full(struct neigh_table *tbl)
{
	if (!tbl->hash_full_told)
		net_log(tbl->net, "neighbour: %s: no memory for a larger hash table", tbl->id);
	tbl->hash_full_told = true;
}

static int neigh_link(struct neighbour *n)
{
	struct neigh_table *tbl = n->tbl;
	u64 grown = tbl->hash.grow_count, failed = tbl->hash.grow_failed_count;
	int err;

	if (!neigh_gc_make_room(tbl, n))
		return -ENOBUFS;
	err = htable_insert(&tbl->hash, neigh_hash(tbl, n->primary_key, n->generation), n);
	if (unlikely(tbl->hash.grow_failed_count != failed))
		neigh_tell_hash_full(tbl);
	if (err)
		return -ENOBUFS;
	tbl->stats.hash_grows += tbl->hash.grow_count - grown;
	list_add(&n->dev_list,
		 &n->dev->neigh_list[tbl->index]); /* youngest first: so a flush of the device takes them */
	neigh_gc_update_list(n);
	tbl->genid++;
	return 0;
}

static const char neigh_no_lladdr[] = "No link layer address given";

/* A state in which packets are sent to an address takes one, unless it is known. */
static bool neigh_lacks_lladdr(const struct neighbour *n, const u8 *lladdr, u8 new_state, u32 flags)
{
	return !lladdr && n->dev->addr_len && (new_state & NUD_VALID) && !(n->nud_state & NUD_VALID) &&
	       !(flags & (NEIGH_UPDATE_F_USE | NEIGH_UPDATE_F_MANAGED));
}

/* There is none.  @out: borrowed: the table holds it */
int neigh_create_new(struct neigh_table *tbl, const void *key, struct net_device *dev, struct neigh_wish *wish,
		     struct neighbour **out)
{
	struct neighbour *n, *other;
	int err;

	if (!dev->neigh_parms[tbl->index])
		return -EINVAL; /* the device is going, or the family is off on it */
	n = neigh_alloc(tbl, key, dev);
	if (!n) {
		neigh_trace_create(tbl, dev, key, NULL, -ENOBUFS);
		return -ENOBUFS;
	}
	err = neigh_construct(n);
	if (err)
		goto err_abort;
	n->confirmed = tbl->net->now - 2 * NEIGH_VAR(neigh_parms_of(n), BASE_REACHABLE_TIME);

	/* The constructor may have put another key in the place of this one: 0.0.0.0 on point-to-point devices. */
	other = memcmp(n->primary_key, key, tbl->key_len) ? neigh_find(tbl, n->primary_key, dev) : NULL;
	if (other) {
		neigh_abort(n);
		*out = other;
		return 0;
	}
	if (wish && neigh_lacks_lladdr(n, wish->lladdr, wish->new_state, wish->flags)) {
		wish->errmsg = neigh_no_lladdr;
		err = -EINVAL;
		goto err_abort;
	}
	err = neigh_link(n);
	if (err)
		goto err_abort;
	neigh_trace_create(tbl, dev, n->primary_key, n, 0);
	*out = n;
	return 0;

err_abort:
	neigh_trace_create(tbl, dev, key, NULL, err);
	neigh_abort(n);
	return err;
}

int neigh_create_as(struct neigh_table *tbl, const void *key, struct net_device *dev, struct neigh_wish *wish,
		    struct neighbour **out)
{
	int err = 0;

	*out = neigh_find(tbl, key, dev);
	if (!*out)
		err = neigh_create_new(tbl, key, dev, wish, out);
	if (!err)
		neigh_get(*out);
	return err;
}

int neigh_create(struct neigh_table *tbl, const void *key, struct net_device *dev, struct neighbour **out)
{
	return neigh_create_as(tbl, key, dev, NULL, out);
}

int neigh_find_create(struct neigh_table *tbl, const void *key, struct net_device *dev, struct neighbour **out)
{
	*out = neigh_find(tbl, key, dev);
	return likely(*out) ? 0 : neigh_create_new(tbl, key, dev, NULL, out);
}

static void neigh_unlink(struct neighbour *n)
{
	struct neigh_table *tbl = n->tbl;

	assert(!n->dead);
	n->dead = 1;
	htable_remove(&tbl->hash, neigh_hash(tbl, n->primary_key, n->generation), n);
	list_del_init(&n->dev_list);
	neigh_gc_update_list(n);
	neigh_managed_end(n);
	neigh_del_timer(n);
	tbl->genid++;
}

void neigh_undo_create(struct neighbour *n)
{
	if (n->dead)
		return;
	neigh_unlink(n);
	neigh_trace(n, NEIGH_TRACE_CLEANUP_AND_RELEASE, 0);
	neigh_release(n);
}

void neigh_mark_dead(struct neighbour *n)
{
	struct neigh_was was = neigh_was(n);

	neigh_unlink(n);
	neigh_history_add(n, &was, true);
	neigh_trace(n, NEIGH_TRACE_CLEANUP_AND_RELEASE, 0);
	neigh_notify(n, NEIGH_EVENT_DEL, 0); /* with its last state: listeners see what went */
	neigh_queue_purge(n, SKB_DROP_REASON_NEIGH_DEAD);
	/* Whoever still holds it must neither send through it nor wake it up. */
	n->way = NEIGH_WAY_NOWHERE;
	n->nud_state = n->nud_state & NUD_VALID ? NUD_NOARP : NUD_NONE;
	n->hh_len = 0;
	neigh_check_changed(n);
	neigh_release(n);
}

void neigh_destroy(struct neighbour *n)
{
	struct neigh_table *tbl = n->tbl;
	struct net_device *dev = n->dev;

	assert(n->dead);
	assert(!timer_pending(&n->timer));
	assert(!n->has_queue);
	if (dev->netdev_ops->ndo_neigh_destroy)
		dev->netdev_ops->ndo_neigh_destroy(dev, n);
	tbl->entries_count--;
	tbl->stats.destroys++;
	rcu_defer_free(&tbl->net->rcu, &n->rcu, neigh_free_rcu);
	dev_put(dev);
}

/* What a request does has that request for its cause, whatever it sets off. */
static struct neigh_cause neigh_because_of_port(struct net *net, u32 portid)
{
	return portid ? neigh_because(net, NEIGH_CAUSE_REQUEST, portid) : net->neigh->histories->cause;
}

int neigh_remove(struct neighbour *n, u32 portid)
{
	struct neigh_cause before = neigh_because_of_port(n->tbl->net, portid);
	struct net *net = n->tbl->net;
	int err;

	neigh_get(n);
	err = neigh_update(n, NULL, NUD_FAILED, NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_ADMIN, portid, NULL);
	if (!n->dead)
		neigh_mark_dead(n); /* Linux names who asked in the first notification only */
	neigh_release(n);
	neigh_because_again(net, before);
	return err;
}

/* ------------------------------------------------------------------ news about an entry */

/** struct neigh_news - one call of neigh_update(), on its way through the rules */
struct neigh_news {
	const u8 *lladdr;
	u8 old, new_state;
	u32 flags;
	bool notify, update_isrouter, confirm;
	const char *errmsg;
};

enum neigh_verdict { NEIGH_GO_ON, NEIGH_IGNORE };

static bool neigh_same_lladdr(const struct neighbour *n, const u8 *lladdr)
{
	return memcmp(lladdr, n->ha, n->dev->addr_len) == 0;
}

static u8 neigh_ext_of(u32 flags)
{
	return (u8)((flags & NEIGH_UPDATE_F_MANAGED ? NTF_EXT_MANAGED : 0) |
		    (flags & NEIGH_UPDATE_F_EXT_VALIDATED ? NEIGH_EXT_VALIDATED : 0));
}

int neigh_set_born_flags(struct neighbour *n, u32 flags)
{
	int err = neigh_managed_set(n, flags & NEIGH_UPDATE_F_MANAGED);

	if (err)
		return err;
	n->flags_ext = neigh_ext_of(flags);
	n->flags = flags & NEIGH_UPDATE_F_EXT_LEARNED ? NTF_EXT_LEARNED : 0;
	neigh_gc_update_list(n);
	return 0;
}

/* Flags that an administrator sets on the entry itself, whatever becomes of its address. */
static int neigh_update_admin_flags(struct neighbour *n, struct neigh_news *news)
{
	u8 flags = n->flags & (u8)~NTF_EXT_LEARNED;
	u8 old_ext = n->flags_ext;
	int err;

	if (!(news->flags & NEIGH_UPDATE_F_ADMIN))
		return 0;
	err = neigh_managed_set(n, news->flags & NEIGH_UPDATE_F_MANAGED);
	if (err)
		return err;
	if (news->flags & NEIGH_UPDATE_F_EXT_LEARNED)
		flags |= NTF_EXT_LEARNED;
	n->flags_ext = neigh_ext_of(news->flags);
	news->notify |= flags != n->flags || n->flags_ext != old_ext;
	n->flags = flags;
	return 0;
}

/* A state in which the address, if there is one, must not be used. */
static void neigh_update_not_valid(struct neighbour *n, struct neigh_news *news)
{
	struct neigh_was was = neigh_was(n);

	neigh_del_timer(n);
	if (news->old & NUD_CONNECTED)
		neigh_suspect(n);
	n->nud_state = news->new_state & NUD_INCOMPLETE ? NUD_NONE : news->new_state;
	neigh_history_add(n, &was, false);
	n->was_used = n->was_used && news->new_state != NUD_NONE;
	news->notify = (news->old & NUD_VALID) != 0; /* flags alone, on what is not valid, are told to nobody */
	if ((news->old & (NUD_INCOMPLETE | NUD_PROBE)) && news->new_state == NUD_FAILED) {
		news->notify = true;
		n->updated = n->tbl->net->now;
		n->tbl->stats.res_failed++;
		neigh_invalidate(n);
	} else if (news->new_state & NUD_INCOMPLETE) { /* also "INCOMPLETE and FAILED", which a request can say */
		/* Linux leaves the entry without a timer, and its packets for ever: begin to resolve instead. */
		neigh_use(n);
	} else {
		neigh_queue_purge(n, SKB_DROP_REASON_NEIGH_FAILED);
	}
}

/* Which address counts, now that there is one: n->ha itself means that it stays. */
static void neigh_update_lladdr(const struct neighbour *n, struct neigh_news *news)
{
	if (!n->dev->addr_len || !news->lladdr || ((news->old & NUD_VALID) && neigh_same_lladdr(n, news->lladdr)))
		news->lladdr = n->ha;
}

/* Whose word counts when an address is known already.  RFC 4861 7.2.5, and ARP's locktime through OVERRIDE. */
static enum neigh_verdict neigh_update_override(const struct neighbour *n, struct neigh_news *news)
{
	news->update_isrouter = news->flags & NEIGH_UPDATE_F_OVERRIDE_ISROUTER;
	if (!(news->old & NUD_VALID))
		return NEIGH_GO_ON;
	if (news->lladdr != n->ha && !(news->flags & NEIGH_UPDATE_F_OVERRIDE)) {
		news->update_isrouter = false;
		if (!(news->flags & NEIGH_UPDATE_F_WEAK_OVERRIDE) || !(news->old & NUD_CONNECTED))
			return NEIGH_IGNORE;
		news->lladdr = n->ha;
		news->new_state = NUD_STALE;
		news->confirm = false;
	} else if (news->lladdr == n->ha && news->new_state == NUD_STALE && !(news->flags & NEIGH_UPDATE_F_ADMIN)) {
		news->new_state = news->old;
	}
	return NEIGH_GO_ON;
}

static void neigh_set_state(struct neighbour *n, u8 new_state)
{
	ktime_t now = n->tbl->net->now;

	neigh_del_timer(n);
	if (new_state & NUD_PROBE)
		n->probes = 0;
	n->nud_state = new_state;
	if (!(new_state & NUD_IN_TIMER))
		return;
	/* What begins to be watched was used, for those who look, no longer ago than it was confirmed. */
	if (n->used < n->confirmed)
		n->used = n->confirmed;
	neigh_add_timer(n, new_state & NUD_REACHABLE ? now + neigh_parms_of(n)->reachable_time : now);
}

static void neigh_set_lladdr(struct neighbour *n, const u8 *lladdr, u8 new_state)
{
	memcpy(n->ha, lladdr, n->dev->addr_len);
	if (n->hh_len)
		neigh_hh_init(n);
	if (!(new_state & NUD_CONNECTED))
		n->confirmed = n->tbl->net->now - 2 * NEIGH_VAR(neigh_parms_of(n), BASE_REACHABLE_TIME);
}

static void neigh_update_isrouter(struct neighbour *n, struct neigh_news *news)
{
	u8 flags = n->flags & (u8)~NTF_ROUTER;

	if (!news->update_isrouter)
		return;
	if (news->flags & NEIGH_UPDATE_F_ISROUTER)
		flags |= NTF_ROUTER;
	news->notify |= flags != n->flags;
	n->flags = flags;
}

/* The rules have let it through: carry it out. */
static void neigh_update_apply(struct neighbour *n, struct neigh_news *news)
{
	bool new_lladdr = news->lladdr != n->ha;
	bool state_change = news->new_state != news->old;
	struct neigh_was was = neigh_was(n);

	if (news->confirm)
		n->confirmed = n->tbl->net->now;
	if (state_change || new_lladdr) {
		n->updated = n->tbl->net->now;
		n->tbl->genid++;
	}
	if (state_change)
		neigh_set_state(n, news->new_state);
	if (new_lladdr)
		neigh_set_lladdr(n, news->lladdr, news->new_state);
	neigh_history_add(n, &was, false);
	news->notify |= state_change || new_lladdr;
	if (!state_change)
		return;
	if (news->new_state & NUD_CONNECTED)
		neigh_connect(n);
	else
		neigh_suspect(n);
}

/* What may refuse comes first: a refused update changes nothing. */
static int neigh_update_rules(struct neighbour *n, struct neigh_news *news)
{
	bool use = news->flags & (NEIGH_UPDATE_F_USE | NEIGH_UPDATE_F_MANAGED);
	int err;

	if (neigh_bury(n)) {
		news->errmsg = "Neighbor entry is now dead";
		return -EPERM;
	}
	if (!(news->flags & NEIGH_UPDATE_F_ADMIN) && (news->old & (NUD_NOARP | NUD_PERMANENT)))
		return -EPERM;
	if (neigh_lacks_lladdr(n, news->lladdr, news->new_state, news->flags)) {
		news->errmsg = neigh_no_lladdr;
		return -EINVAL;
	}
	if (!use && (news->new_state & NUD_VALID))
		neigh_update_lladdr(n, news);
	err = neigh_update_admin_flags(n, news);
	if (err)
		return err;
	if (use) {
		n->nud_state = news->old & (u8)~NUD_PERMANENT;
		if (n->nud_state != news->old)
			neigh_suspect(n);
		return 0;
	}
	if (!(news->new_state & NUD_VALID)) {
		neigh_update_not_valid(n, news);
		return 0;
	}
	if (neigh_update_override(n, news) == NEIGH_GO_ON)
		neigh_update_apply(n, news);
	neigh_update_isrouter(n, news);
	return 0;
}

int neigh_update(struct neighbour *n, const u8 *lladdr, u8 new_state, u32 flags, u32 portid, const char **errmsg)
{
	struct neigh_news news = { .lladdr = lladdr,
				   .old = n->nud_state,
				   .new_state = new_state,
				   .flags = flags,
				   .confirm = (new_state & NUD_CONNECTED) != 0 };
	struct neigh_cause before = neigh_because_of_port(n->tbl->net, portid);
	struct net *net = n->tbl->net;
	int err;

	neigh_get(n); /* what waits may, when it leaves, delete the entry */
	if (neigh_trace_on(net))
		neigh_trace_update(n, lladdr, new_state, flags, portid);
	err = neigh_update_rules(n, &news);
	if (errmsg)
		*errmsg = news.errmsg;
	if (!err && !n->dead)
		neigh_gc_update_list(n);
	if (!err && (n->nud_state & NUD_VALID) && !(news.old & NUD_VALID))
		neigh_queue_flush(n);
	if (news.notify && !n->dead)
		neigh_notify(n, NEIGH_EVENT_NEW,
			     portid); /* behind the queue, as in Linux: what left may have made it DELAY */
	neigh_trace(n, NEIGH_TRACE_UPDATE_DONE, err);
	neigh_check_changed(n);
	neigh_release(n);
	neigh_because_again(net, before);
	return err;
}

struct neighbour *neigh_event_ns(struct neigh_table *tbl, const u8 *lladdr, const void *saddr, struct net_device *dev)
{
	struct neighbour *n = neigh_lookup(tbl, saddr, dev);

	if (!n && (!(lladdr || !dev->addr_len) || neigh_create(tbl, saddr, dev, &n)))
		return NULL;
	/* Refused for NOARP and PERMANENT entries: the answer still goes out. */
	(void)neigh_update(n, lladdr, NUD_STALE, NEIGH_UPDATE_F_OVERRIDE, 0, NULL);
	return n;
}
