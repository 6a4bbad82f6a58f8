/* SPDX-License-Identifier: BSD-2-Clause */
/* What happened to a neighbour: its last 16 changes, and the cause of each.
 *
 * Histories are kept by address, not by entry: why an entry went is told after it went.  The ones that changed
 * longest ago make room for others, so a sweep costs no more memory than NEIGH_HISTORIES_MAX of them.
 */
#ifndef NETHOOD_NEIGH_HISTORY_H
#define NETHOOD_NEIGH_HISTORY_H

#include "neigh/neighbour.h"

#define NEIGH_HISTORY_CHANGES 16U
#define NEIGH_HISTORIES_MAX 4096U

/** enum neigh_cause_kind - what may change a neighbour */
enum neigh_cause_kind {
	NEIGH_CAUSE_NONE,    /**< nobody said; the stack itself */
	NEIGH_CAUSE_PACKET,  /**< a packet wanted to go there; id: of the packet */
	NEIGH_CAUSE_FRAME,   /**< a frame came; id: of the packet */
	NEIGH_CAUSE_TIMER,   /**< nobody answered in time, or nothing confirmed it */
	NEIGH_CAUSE_REQUEST, /**< rtnetlink; id: the socket's port */
	NEIGH_CAUSE_DEVICE,  /**< down, gone, without carrier, or with another address */
	NEIGH_CAUSE_GC,      /**< garbage collection */
	NEIGH_CAUSE_MAX
};

struct neigh_cause {
	enum neigh_cause_kind kind;
	u64 id;
};

/** struct neigh_change - one change */
struct neigh_change {
	ktime_t at;
	u64 cause_id;
	u8 cause; /**< enum neigh_cause_kind */
	u8 old_state, new_state;
	bool died;   /**< the entry was deleted, in new_state */
	bool had_ha; /**< old_ha was in use */
	bool has_ha; /**< ha is */
	u8 addr_len; /**< of both */
	u8 old_ha[NEIGH_HA_MAX], ha[NEIGH_HA_MAX];
};

/** struct neigh_history - of one address at one device */
struct neigh_history {
	struct list_head lru; /**< of neigh_histories.lru, oldest change first */
	u64 hash;             /**< of its address, in neigh_histories.hash */
	u16 family;
	u8 key_len;
	u8 key[NEIGH_KEY_MAX];
	int ifindex;
	u64 change_count; /**< all that there were; the last NEIGH_HISTORY_CHANGES are kept */
	struct neigh_change change[NEIGH_HISTORY_CHANGES];
};

/** struct neigh_histories - of a net: net->neigh->histories */
struct neigh_histories {
	struct htable hash;
	struct list_head lru;
	u32 count;
	u64 forgotten_count; /**< histories that made room for others */
	u64 lost_count;      /**< changes that no memory was there for */
	struct neigh_cause cause;
};

/** struct neigh_was - an entry before it may change */
struct neigh_was {
	u8 state;
	u8 ha[NEIGH_HA_MAX];
};

int __must_check neigh_histories_init(struct net *net);
void neigh_histories_exit(struct net *net);

/** neigh_because() - what is done from here on has this cause.  Return: the cause before; give it back by neigh_because_again() */
struct neigh_cause neigh_because(struct net *net, enum neigh_cause_kind kind, u64 id);
void neigh_because_again(struct net *net, struct neigh_cause before);

static inline struct neigh_was neigh_was(const struct neighbour *n)
{
	struct neigh_was was = { .state = n->nud_state };

	memcpy(was.ha, n->ha, sizeof(was.ha));
	return was;
}
/**
 * neigh_history_add() - @n is as it is now; nothing is written if that is as it was, and @died is not set
 * What dies without ever having changed leaves no history.
 */
void neigh_history_add(const struct neighbour *n, const struct neigh_was *was, bool died);

/** neigh_history_find() - borrowed, valid until the next change; NULL: nothing is known */
const struct neigh_history *neigh_history_find(const struct net *net, u16 family, const void *key, u8 key_len,
					       int ifindex);
/** neigh_cause_text() - "a frame came" (static) */
const char *neigh_cause_text(enum neigh_cause_kind kind);

#endif
