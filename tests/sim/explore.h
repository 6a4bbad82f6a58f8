/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two files of the exploration know of each other. */
#ifndef NETHOOD_TESTS_SIM_EXPLORE_H
#define NETHOOD_TESTS_SIM_EXPLORE_H

#include "api_internal.h"
#include "arena.h"
#include "base/byteorder.h"
#include "ipv4/netns_ipv4.h"
#include "neigh/neigh_trace.h"
#include "nud_ref.h"

#define TICK_NS (500 * NSEC_PER_MSEC)
#define PARM_TICKS 2 /* delay_first_probe_time, reachable time; the others are one tick, or nothing */
#define ENTRIES_MAX 3U
#define EDGES_MAX 32U
#define OUR_IP CONST_BE32(0x0a4d0001)
#define NEWCOMER_IP CONST_BE32(0x0a4d0063)

static const u8 our_mac[6] = { 2, 0, 0, 0, 0, 1 };

/** struct known - what the search has to know besides the net; lies in the arena */
struct known {
	u64 now;
	bool link_down, unplugged, no_addr;
	bool behind; /**< time has passed, and the net was not polled yet */
	struct nethood_net *net;
	struct nethood_dev *dev;
	struct nethood_sock *udp, *admin;
	struct nud_ref *ref;
	struct header_ops bare_ops; /**< of the device, if it has no ready headers */
};

/** struct world - which parameters an exploration has */
struct world {
	const char *words;
	enum nethood_profile profile;
	u32 ucast, mcast, app, remcast;
	bool bare; /**< a device without ready headers: each packet gets its own, by the entry's output function */
};

/** struct node - a state that was seen: how it was reached */
struct node {
	u64 hash;
	u32 parent;
	u16 act;
	u16 depth;
};

struct explorer {
	const struct world *world;
	struct arena *arena;
	struct known *k;
	u32 entries;
	bool many, verbose;
	u32 limit;
	/* states */
	struct node *node;
	u32 node_count, node_room;
	u32 *table, table_mask;
	struct arena_save **todo; /**< of node [todo_first + i] */
	u32 todo_next;
	/* what was found */
	u64 transitions;
	u64 edge_taken[EDGES_MAX];
	u32 packets_out; /**< frames with IPv4, of the event that runs */
	u32 deepest;
	size_t save_bytes, save_bytes_max;
	u32 at;  /**< the node that is expanded */
	u32 act; /**< the event that runs */
	char broken[512];
};

/** struct act - an event; with a peer, it is one for each of them */
struct act {
	const char *words;
	void (*fn)(struct explorer *x, u32 peer, const struct act *act);
	bool global, rare; /**< @rare: only where many events are asked for */
	/* of frames */
	u8 mac; /**< 1 or 2: which one of the peer's */
	bool to_all;
	/* of requests */
	u8 state, ntf, ext;
	u16 type, nlflags;
};

/** explore_broken() - the first sentence counts */
void explore_broken(void *ctx, const char *sentence);
/** explore_entry() - of neighbour @peer, borrowed; NULL: there is none.  Looking is no look-up */
struct neighbour *explore_entry(const struct explorer *x, u32 peer);
bool explore_can_send(const struct explorer *x);

/* ---- explore_acts.c */
/** explore_acts() - all that may happen */
const struct act *explore_acts(u32 *count);
/** explore_set_up() - the link is up, we have an address, and all that a first packet brings into being is there */
void explore_set_up(struct explorer *x);
/** explore_act_is_possible() - now, here; with @peer */
bool explore_act_is_possible(const struct explorer *x, const struct act *act, u32 peer);
void explore_act(struct explorer *x, const struct act *act, u32 peer);

#endif
