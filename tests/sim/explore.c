// SPDX-License-Identifier: BSD-2-Clause
/* Every state that a few neighbours can be in, and everything that can happen to them there.
 *
 *	explore [--entries N] [--events few|many] [--limit STATES] [-v]
 *
 * Without options: one neighbour and all events, two and the most frequent ones.  Three are for a night.
 *
 * One real net, with its neighbour table, its ARP, its sockets and its rtnetlink; N neighbours; small parameters, all of
 * them multiples of one tick.  From each state each event is tried: packets, answers, questions and announcements by
 * ARP, what administrators do, doubts, confirmations, cables, time.  After each, all must hold that the net says of
 * itself, and the reference (sim/nud_ref.h), which steps along, must agree.  A state that was seen before, but for ages
 * that mean nothing any more, is not gone on from: so the search ends.  Each arrow of src/neigh/nud.c must have been
 * taken by then.
 *
 * Reading order: worlds[], acts[], expand(), key_of(); the net is put back by sim/arena.h.
 */
#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "explore.h"

#define ARENA_BYTES (16U << 20)
#define NO_STATE UINT32_MAX

/* ------------------------------------------------------------------ the net */

static const struct world worlds[] = {
	{ "as Linux, one probe of each kind", NETHOOD_PROFILE_LINUX, 1, 1, 0, 0, false },
	{ "as Linux, no probes allowed, no ready headers", NETHOOD_PROFILE_LINUX, 0, 0, 0, 0, true },
	{ "strict, user space is asked, too", NETHOOD_PROFILE_STRICT, 1, 1, 1, 1, false },
};

struct neighbour *explore_entry(const struct explorer *x, u32 peer)
{
	struct neigh_table *arp = x->k->net->net.ipv4->arp;
	struct neigh_statistics stats = arp->stats;
	__be32 ip = cpu_to_be32(0x0a4d000a + peer);
	struct neighbour *n = neigh_find(arp, &ip, dev_of(x->k->dev));

	arp->stats = stats;
	return n;
}

void explore_broken(void *ctx, const char *sentence)
{
	struct explorer *x = ctx;

	if (!x->broken[0])
		(void)snprintf(x->broken, sizeof(x->broken), "%s", sentence);
}

static bool is_ours(void *ctx, const u8 *addr)
{
	const struct explorer *x = ctx;

	return !x->k->no_addr && memcmp(addr, &(__be32){ OUR_IP }, 4) == 0;
}

bool explore_can_send(const struct explorer *x)
{
	return !x->k->link_down && !x->k->unplugged;
}

static bool can_send(void *ctx, int ifindex)
{
	(void)ifindex;
	return explore_can_send(ctx);
}

static int leaves(void *ctx, const struct iovec *frame, int pieces)
{
	struct explorer *x = ctx;
	u8 flat[ETH_HLEN + 64] = { 0 };
	u32 len_bytes = 0;

	for (int i = 0; i < pieces && len_bytes < sizeof(flat); i++) {
		u32 n = (u32)frame[i].iov_len;

		n = n < sizeof(flat) - len_bytes ? n : (u32)sizeof(flat) - len_bytes;
		memcpy(flat + len_bytes, frame[i].iov_base, n);
		len_bytes += n;
	}
	x->packets_out += flat[12] == 8 && flat[13] == 0;
	if (x->k->ref)
		nud_ref_frame_out(x->k->ref, x->k->now, nethood_dev_ifindex(x->k->dev), flat, len_bytes);
	return 0;
}

/* ------------------------------------------------------------------ arrows */

static bool edge_fits(const struct nud_edge *e, u8 from, enum nud_event event, const struct nethood_neigh_event *ev)
{
	u8 to = e->to ? e->to : from;

	if (!(e->from & (from ? from : NUD_FAILED)) || e->event != event || to != ev->nud_state)
		return false;
	return !(e->act & NUD_A_UCAST_DONE) || !(e->want & NUD_C_DEFERRED) == ev->packet;
}

static void count_edge(struct explorer *x, u8 from, enum nud_event event, const struct nethood_neigh_event *ev)
{
	u32 count;
	const struct nud_edge *edges = nud_edges(&count);

	for (u32 i = 0; i < count; i++) {
		if (edge_fits(&edges[i], from, event, ev)) {
			x->edge_taken[i]++;
			return;
		}
	}
	explore_broken(x, "a step that no arrow allows");
}

static void hear(void *ctx, const struct nethood_neigh_event *ev)
{
	struct explorer *x = ctx;
	u32 peer = ev->key[3] - 10U;
	u8 from = nud_ref_state(x->k->ref, ev->ifindex, ev->key);

	nud_ref_hear(x->k->ref, ev);
	if (peer >= x->entries || ev->ifindex == 1)
		return;
	if (ev->kind == NETHOOD_NEIGH_TIMER_HANDLER)
		count_edge(x, from, NUD_EV_TIMER, ev);
	else if (ev->kind == NETHOOD_NEIGH_EVENT_SEND_DONE)
		count_edge(x, from, NUD_EV_OUTPUT, ev);
	else if (ev->kind == NETHOOD_NEIGH_DOUBT)
		count_edge(x, from, NUD_EV_DOUBT, ev);
}

/* ------------------------------------------------------------------ which state is it? */

/** struct entry_key - all of an entry that what comes depends on; ages in ticks, as far as they matter */
struct entry_key {
	u8 there, state, mac, flags, ext, probes, was_used, waiting, hh;
	s8 due; /**< ticks from now; -1: no timer */
	u8 confirmed, used, updated;
	u8 odd; /**< a time between two ticks: then ages are not what they seem */
};

struct state_key {
	struct entry_key e[ENTRIES_MAX];
	u8 link_down, unplugged, no_addr, behind;
	s8 gc_due, managed_due; /**< the table's own clocks */
};

static u8 age_of(const struct explorer *x, ktime_t at, u8 *odd)
{
	ktime_t age = (ktime_t)x->k->now - at;

	*odd = *odd || age % TICK_NS != 0;
	return (u8)(age / TICK_NS < PARM_TICKS ? age / TICK_NS : PARM_TICKS); /* older is all the same: it is over */
}

static s8 due_of(const struct explorer *x, const struct timer *t)
{
	return (s8)(timer_pending(t) ? (t->expires - (ktime_t)x->k->now) / TICK_NS : -1);
}

static struct entry_key entry_key(const struct explorer *x, u32 peer)
{
	const struct neighbour *n = explore_entry(x, peer);
	struct entry_key e;

	memset(&e, 0, sizeof(e));
	e.there = n != NULL;

	if (!n)
		return e;
	e.state = n->nud_state;
	e.mac = n->nud_state & NUD_VALID ? n->ha[5] : 0; /* else it means nothing */
	e.flags = n->flags;
	e.ext = n->flags_ext;
	e.probes = n->nud_state & (NUD_INCOMPLETE | NUD_PROBE) ? n->probes : 0; /* likewise */
	e.was_used = n->was_used;
	e.hh = n->hh_len != 0;
	e.waiting = n->has_queue ? (u8)n->queue->arp_queue.qlen : 0;
	e.confirmed = age_of(x, n->confirmed, &e.odd);
	e.used = age_of(x, n->used, &e.odd);
	e.updated = age_of(x, n->updated, &e.odd);
	e.due = due_of(x, &n->timer);
	e.odd = e.odd || (timer_pending(&n->timer) && (n->timer.expires - (ktime_t)x->k->now) % TICK_NS != 0);
	return e;
}

static int compare_entries(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct entry_key));
}

/* Neighbours are all alike: which of them is in which state does not matter. */
static u64 key_of(const struct explorer *x)
{
	const struct neigh_table *arp = x->k->net->net.ipv4->arp;
	struct state_key key;
	const u8 *p = (const u8 *)&key;
	u64 h = 0x6e6574686f6f6421ULL;

	memset(&key, 0, sizeof(key));
	for (u32 i = 0; i < x->entries; i++)
		key.e[i] = entry_key(x, i);
	qsort(key.e, x->entries, sizeof(key.e[0]), compare_entries);
	key.link_down = x->k->link_down;
	key.unplugged = x->k->unplugged;
	key.no_addr = x->k->no_addr;
	key.behind = x->k->behind;
	key.gc_due = due_of(x, &arp->gc_timer);
	key.managed_due = due_of(x, &arp->managed_timer);
	for (size_t i = 0; i < sizeof(key); i++) {
		h = (h ^ p[i]) * 0xd6e8feb86659fd93ULL;
		h ^= h >> 32;
	}
	return h;
}

/* ------------------------------------------------------------------ states that were seen */

static void table_grow(struct explorer *x)
{
	u32 size = x->table_mask ? 2 * (x->table_mask + 1) : 1024;

	free(x->table);
	x->table = malloc(size * sizeof(u32));
	if (!x->table)
		abort();
	memset(x->table, 0xff, size * sizeof(u32));
	x->table_mask = size - 1;
	for (u32 i = 0; i < x->node_count; i++) {
		u32 at = (u32)x->node[i].hash & x->table_mask;

		while (x->table[at] != NO_STATE)
			at = (at + 1) & x->table_mask;
		x->table[at] = i;
	}
}

/** see() - Return: it is new, and will be expanded */
static bool see(struct explorer *x, u32 parent, u32 act)
{
	u64 hash = key_of(x);
	u32 at;

	if (2 * x->node_count >= x->table_mask)
		table_grow(x);
	for (at = (u32)hash & x->table_mask; x->table[at] != NO_STATE; at = (at + 1) & x->table_mask) {
		if (x->node[x->table[at]].hash == hash)
			return false;
	}
	if (x->node_count == x->node_room) {
		x->node_room = x->node_room ? 2 * x->node_room : 4096;
		x->node = realloc(x->node, x->node_room * sizeof(*x->node));
		x->todo = realloc(x->todo, x->node_room * sizeof(struct arena_save *));
		if (!x->node || !x->todo)
			abort();
	}
	x->table[at] = x->node_count;
	x->node[x->node_count] = (struct node){ hash, parent, (u16)act, 0 };
	if (parent != NO_STATE)
		x->node[x->node_count].depth = (u16)(x->node[parent].depth + 1);
	x->deepest = x->node[x->node_count].depth;
	x->todo[x->node_count] = arena_save(x->arena);
	x->save_bytes += arena_save_bytes(x->todo[x->node_count]);
	if (x->save_bytes > x->save_bytes_max)
		x->save_bytes_max = x->save_bytes;
	x->node_count++;
	return true;
}

/* ------------------------------------------------------------------ the search */

static void tell_path(const struct explorer *x, u32 at, u32 act)
{
	u32 count;
	const struct act *act_of = &explore_acts(&count)[act / ENTRIES_MAX];

	if (at != NO_STATE && x->node[at].parent != NO_STATE)
		tell_path(x, x->node[at].parent, x->node[at].act);
	if (act_of->global)
		printf("\t%s\n", act_of->words);
	else
		printf("\t%c: %s\n", 'A' + (int)(act % ENTRIES_MAX), act_of->words);
}

/* How many packets wait for those who are not resolved; with @resolved, for those of @before who are now. */
static u32 waiting(const struct explorer *x, u32 before[static ENTRIES_MAX], bool resolved)
{
	u32 sum = 0;

	for (u32 i = 0; i < x->entries; i++) {
		const struct neighbour *n = explore_entry(x, i);

		if (!resolved)
			before[i] = n && n->has_queue ? n->queue->arp_queue.qlen : 0;
		if (!resolved || (n && (n->nud_state & NUD_VALID)))
			sum += before[i];
	}
	return sum;
}

static void run_act(struct explorer *x, const struct act *act, u32 peer)
{
	const char *untrue;
	u32 before[ENTRIES_MAX];
	bool any = waiting(x, before, false) != 0 && !x->k->behind; /* a timer that has waited may give up first */

	x->transitions++;
	explore_act(x, act, peer);
	if (any && explore_can_send(x) && x->packets_out < waiting(x, before, true))
		explore_broken(x, "a neighbour is resolved, and what waited for it did not leave");
	untrue = nethood_check(x->k->net);
	if (untrue)
		explore_broken(x, untrue);
	nud_ref_check(x->k->ref, x->k->now);
}

static bool expand(struct explorer *x, u32 at)
{
	struct arena_save *save = x->todo[at];
	u32 count;
	const struct act *acts = explore_acts(&count);

	arena_restore(x->arena, save);
	for (u32 number = 0; number < count * ENTRIES_MAX; number++) {
		if (!explore_act_is_possible(x, &acts[number / ENTRIES_MAX], number % ENTRIES_MAX))
			continue;
		run_act(x, &acts[number / ENTRIES_MAX], number % ENTRIES_MAX);
		if (x->broken[0]) {
			printf("%s, %u neighbours: after\n", x->world->words, x->entries);
			tell_path(x, at, number);
			printf("%s\n", x->broken);
			return false;
		}
		(void)see(x, at, number);
		arena_restore(x->arena, save);
	}
	x->save_bytes -= arena_save_bytes(save);
	free(save);
	x->todo[at] = NULL;
	return true;
}

/* ------------------------------------------------------------------ setting up */

static void set_up(struct explorer *x)
{
	const struct nethood_allocator memory = arena_allocator(x->arena);
	const struct nethood_config config = {
		.memory = &memory, .now_ns = NSEC_PER_SEC, .profile = x->world->profile, .random_key = { 7 }
	};
	const struct nethood_dev_config eth0 = {
		.name = "eth0", .driver = "user", .fd = -1, .lladdr = our_mac, .xmit = leaves, .ctx = x
	};
	struct nud_ref_config ref = { .profile = x->world->profile,
				      .memory = &memory,
				      .is_ours = is_ours,
				      .can_send = can_send,
				      .broken = explore_broken,
				      .ctx = x };

	x->k = memory.zalloc(memory.ctx, sizeof(*x->k));
	x->k->now = config.now_ns;
	if (nethood_create(&config, &x->k->net))
		abort();
	ref.net = x->k->net;
	x->k->ref = nud_ref_create(&ref);
	nethood_on_neigh_event(x->k->net, hear, x);
	if (nethood_dev_create(x->k->net, &eth0, &x->k->dev) ||
	    nethood_socket(x->k->net, AF_INET, SOCK_DGRAM, 0, &x->k->udp) ||
	    nethood_socket(x->k->net, AF_NETLINK, SOCK_RAW, 0, &x->k->admin))
		abort();
	if (x->world->bare) {
		x->k->bare_ops = (struct header_ops){ .create = dev_of(x->k->dev)->header_ops->create };
		dev_of(x->k->dev)->header_ops = &x->k->bare_ops;
	}
	explore_set_up(x);
}

static void tear_down(struct explorer *x)
{
	struct nud_ref *ref;

	arena_restore(x->arena, NULL);
	ref = x->k->ref;
	x->k->ref = NULL;
	nethood_on_neigh_event(x->k->net, NULL, NULL);
	nethood_free(x->k->net); /* asserts that nothing is left */
	nud_ref_destroy(ref);
	arena_destroy(x->arena);
	for (u32 i = 0; i < x->node_count; i++)
		free(x->todo[i]);
	free(x->todo);
	free(x->node);
	free(x->table);
	x->todo = NULL;
	x->node = NULL;
	x->table = NULL;
	x->node_count = x->node_room = x->table_mask = 0;
}

/** explore() - all of one world.  Return: all held */
static bool explore(struct explorer *x, const struct world *world)
{
	u64 transitions = x->transitions;
	struct timespec begin, end;
	bool held = true;
	u32 at;

	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	x->world = world;
	x->arena = arena_create(ARENA_BYTES);
	x->save_bytes = x->save_bytes_max = x->deepest = 0;
	set_up(x);
	arena_base(x->arena);
	(void)see(x, NO_STATE, 0);
	if (x->broken[0])
		printf("%s: set up: %s\n", world->words, x->broken);
	for (at = 0; !x->broken[0] && at < x->node_count && at < x->limit && held; at++)
		held = expand(x, at);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%u neighbour%s, %s events, %s: %u states, %" PRIu64 " transitions, at most %u events deep%s; "
	       "%.1f s, saves of %zu MB of a net of %zu KB\n",
	       x->entries, x->entries == 1 ? "" : "s", x->many ? "all" : "few", world->words, x->node_count,
	       x->transitions - transitions, x->deepest, at < x->node_count ? " (not all were gone on from)" : "",
	       (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9,
	       x->save_bytes_max >> 20, arena_used_bytes(x->arena) >> 10);
	(void)fflush(stdout);
	tear_down(x);
	return held && !x->broken[0];
}

/** tell_edges() - how often each arrow was taken.  Return: each was */
static bool tell_edges(const struct explorer *x, bool verbose)
{
	u32 count, taken = 0;
	const struct nud_edge *edges = nud_edges(&count);

	for (u32 i = 0; i < count; i++) {
		taken += x->edge_taken[i] != 0;
		if (verbose || !x->edge_taken[i])
			printf("%12" PRIu64 " times: from %#04x, event %d, want %#x of %#x, to %s\n", x->edge_taken[i],
			       edges[i].from, (int)edges[i].event, edges[i].want, edges[i].mask,
			       edges[i].to ? nud_state_name(edges[i].to) : "itself");
	}
	printf("%u of %u arrows were taken\n", taken, count);
	return taken == count;
}

static bool explore_worlds(struct explorer *x, u32 entries, bool many, size_t count)
{
	x->entries = entries;
	x->many = many;
	for (size_t i = 0; i < count; i++) {
		if (!explore(x, &worlds[i]))
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = { { "entries", required_argument, NULL, 'n' },
					       { "events", required_argument, NULL, 'e' },
					       { "limit", required_argument, NULL, 'l' },
					       { NULL, 0, NULL, 0 } };
	struct explorer x = { .limit = UINT32_MAX };
	u32 entries = 0;
	bool many = false, held;
	int c;

	static_assert(PARM_TICKS * TICK_NS == NSEC_PER_SEC, "delay_first_probe_time is in seconds");
	while ((c = getopt_long(argc, argv, "v", longs, NULL)) != -1) {
		if (c == 'n')
			entries = (u32)strtoul(optarg, NULL, 10);
		else if (c == 'e')
			many = strcmp(optarg, "many") == 0;
		else if (c == 'l')
			x.limit = (u32)strtoul(optarg, NULL, 10);
		else if (c == 'v')
			x.verbose = true;
		else
			return 2;
	}
	if (entries > ENTRIES_MAX)
		return 2;
	if (entries)
		held = explore_worlds(&x, entries, many, ARRAY_SIZE(worlds));
	else /* what takes seconds: with two neighbours, the worlds that are as Linux */
		held = explore_worlds(&x, 1, true, ARRAY_SIZE(worlds)) && explore_worlds(&x, 2, false, 2);
	if (held && (!entries || many) && x.limit == UINT32_MAX)
		held = tell_edges(&x, x.verbose);
	else
		(void)tell_edges(&x, x.verbose);
	printf("%" PRIu64 " transitions: %s\n", x.transitions, held ? "all held" : "broken");
	return !held;
}
