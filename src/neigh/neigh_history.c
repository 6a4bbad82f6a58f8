// SPDX-License-Identifier: BSD-2-Clause
/* What happened to a neighbour, and why: written at each change of state or address.
 *
 * Reading order: neigh_because(), neigh_history_add().
 * The doors of the subsystem (a packet, a frame, a timer, a request) say why they come; what they set off, however
 * deep, finds the cause here.  Memory that is missing costs a line of history, never a change.
 */
#include "neigh/neigh_history.h"

#include <errno.h>

#define HISTORY_MIN_SLOTS 8

/* ------------------------------------------------------------------ causes */

struct neigh_cause neigh_because(struct net *net, enum neigh_cause_kind kind, u64 id)
{
	struct neigh_histories *hs = net->neigh->histories;
	struct neigh_cause before = hs->cause;

	hs->cause = (struct neigh_cause){ kind, id };
	return before;
}

void neigh_because_again(struct net *net, struct neigh_cause before)
{
	net->neigh->histories->cause = before;
}

const char *neigh_cause_text(enum neigh_cause_kind kind)
{
	static const char *const text[NEIGH_CAUSE_MAX] = {
		[NEIGH_CAUSE_NONE] = "the stack itself",     [NEIGH_CAUSE_PACKET] = "a packet to it",
		[NEIGH_CAUSE_FRAME] = "a frame that came",   [NEIGH_CAUSE_TIMER] = "its timer",
		[NEIGH_CAUSE_REQUEST] = "a netlink request", [NEIGH_CAUSE_DEVICE] = "its device",
		[NEIGH_CAUSE_GC] = "garbage collection",
	};

	return text[kind];
}

/* ------------------------------------------------------------------ by address */

/** struct history_key - what a history is found by; no padding, since its bytes are hashed */
struct history_key {
	u8 key[NEIGH_KEY_MAX];
	u32 ifindex;
	u16 family;
	u16 key_len;
};

static struct history_key history_key(u16 family, const void *key, u8 key_len, int ifindex)
{
	struct history_key k = { .ifindex = (u32)ifindex, .family = family, .key_len = key_len };

	memcpy(k.key, key, key_len);
	return k;
}

static bool history_match(const void *obj, const void *key)
{
	const struct neigh_history *h = obj;
	const struct history_key *k = key;

	return h->family == k->family && (u32)h->ifindex == k->ifindex && !memcmp(h->key, k->key, sizeof(k->key));
}

static u64 history_hash(const struct neigh_histories *hs, const struct history_key *k)
{
	return htable_hash_bytes(&hs->hash, k, sizeof(*k));
}

const struct neigh_history *neigh_history_find(const struct net *net, u16 family, const void *key, u8 key_len,
					       int ifindex)
{
	const struct neigh_histories *hs = net->neigh->histories;
	struct history_key k = history_key(family, key, key_len, ifindex);

	return htable_lookup(&hs->hash, history_hash(hs, &k), history_match, &k);
}

static void history_unlink(struct neigh_histories *hs, struct neigh_history *h)
{
	htable_remove(&hs->hash, h->hash, h);
	list_del_init(&h->lru);
	hs->count--;
}

/* Memory for one more, of the oldest if there are many; NULL: there is none */
static struct neigh_history *history_alloc(struct net *net, struct neigh_histories *hs)
{
	struct neigh_history *oldest;

	if (hs->count < NEIGH_HISTORIES_MAX)
		return mem_alloc(net->mem, sizeof(*oldest));
	oldest = list_first_entry(&hs->lru, struct neigh_history, lru);
	history_unlink(hs, oldest);
	hs->forgotten_count++;
	return oldest;
}

static struct neigh_history *history_make(struct net *net, struct neigh_histories *hs, const struct history_key *k,
					  u64 hash)
{
	struct neigh_history *h = history_alloc(net, hs);

	if (!h)
		return NULL;
	memset(h, 0, offsetof(struct neigh_history, change)); /* changes are written before they are counted */
	h->hash = hash;
	h->family = k->family;
	h->key_len = (u8)k->key_len;
	h->ifindex = (int)k->ifindex;
	memcpy(h->key, k->key, sizeof(h->key));
	if (htable_insert(&hs->hash, hash, h)) {
		mem_free(net->mem, h, sizeof(*h));
		return NULL;
	}
	list_add_tail(&h->lru, &hs->lru);
	hs->count++;
	return h;
}

/* ------------------------------------------------------------------ changes */

static bool changed(const struct neighbour *n, const struct neigh_was *was)
{
	return n->nud_state != was->state || memcmp(n->ha, was->ha, n->dev->addr_len) != 0;
}

void neigh_history_add(const struct neighbour *n, const struct neigh_was *was, bool died)
{
	struct net *net = n->tbl->net;
	struct neigh_histories *hs = net->neigh->histories;
	struct history_key k;
	struct neigh_history *h;
	struct neigh_change *c;
	u64 hash;

	if (!changed(n, was) && !died)
		return;
	k = history_key(n->tbl->family, n->primary_key, n->tbl->key_len, n->dev->ifindex);
	hash = history_hash(hs, &k);
	h = htable_lookup(&hs->hash, hash, history_match, &k);
	if (!h && died)
		return;
	if (!h)
		h = history_make(net, hs, &k, hash);
	if (!h) {
		hs->lost_count++;
		return;
	}
	list_move_tail(&h->lru, &hs->lru);
	c = &h->change[h->change_count++ % NEIGH_HISTORY_CHANGES];
	*c = (struct neigh_change){
		.at = net->now,
		.cause = (u8)hs->cause.kind,
		.cause_id = hs->cause.id,
		.old_state = was->state,
		.new_state = n->nud_state,
		.died = died,
		.had_ha = (was->state & NUD_VALID) != 0,
		.has_ha = (n->nud_state & NUD_VALID) != 0,
		.addr_len = n->dev->addr_len,
	};
	memcpy(c->old_ha, was->ha, sizeof(c->old_ha));
	memcpy(c->ha, n->ha, sizeof(c->ha));
}

/* ------------------------------------------------------------------ life */

int neigh_histories_init(struct net *net)
{
	struct neigh_histories *hs = mem_zalloc(net->mem, sizeof(*hs));

	if (!hs)
		return -ENOMEM;
	INIT_LIST_HEAD(&hs->lru);
	htable_init(&hs->hash, net->mem, &net->rng, HISTORY_MIN_SLOTS);
	net->neigh->histories = hs;
	return 0;
}

void neigh_histories_exit(struct net *net)
{
	struct neigh_histories *hs = net->neigh->histories;

	while (!list_empty(&hs->lru)) {
		struct neigh_history *h = list_first_entry(&hs->lru, struct neigh_history, lru);

		history_unlink(hs, h);
		mem_free(net->mem, h, sizeof(*h));
	}
	htable_fini(&hs->hash);
	mem_free(net->mem, hs, sizeof(*hs));
}
