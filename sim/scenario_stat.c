// SPDX-License-Identifier: BSD-2-Clause
/* What is counted while a scenario runs: frames by kind, times of resolution, drops by reason, neighbours by state.
 *
 * Frames are counted where they leave.  A host is asked for its drops only if its net has dropped something since.
 */
#include "scenario_run.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "octets.h"

#define ETH_BYTES 14U
#define ARP_BYTES 28U
#define ANEW_NS (5 * SIM_NSEC_PER_SEC) /* a question so long after the last one is a new one */

/* ------------------------------------------------------------------ histograms */

static u32 slot_of(u64 ns)
{
	u64 us = ns / 100; /* tenths of a microsecond */
	u32 top;

	if (us < HISTOGRAM_STEPS)
		return (u32)us;
	top = 63 - (u32)__builtin_clzll(us);
	return (top - 4) * HISTOGRAM_STEPS + (u32)(us >> (top - 5)) % HISTOGRAM_STEPS;
}

static u64 slot_ns(u32 slot)
{
	u32 top = slot / HISTOGRAM_STEPS + 4;

	if (slot < HISTOGRAM_STEPS)
		return slot * 100ULL;
	return ((u64)(HISTOGRAM_STEPS + slot % HISTOGRAM_STEPS) << (top - 5)) * 100ULL;
}

static void histogram_add(struct histogram *h, u64 ns)
{
	u32 slot = slot_of(ns);

	h->slot[slot < HISTOGRAM_SLOTS ? slot : HISTOGRAM_SLOTS - 1]++;
	h->count++;
	if (ns > h->max_ns)
		h->max_ns = ns;
}

u64 histogram_quantile(const struct histogram *h, u32 ppm)
{
	u64 want = (u64)(((unsigned __int128)h->count * ppm + 999999) / 1000000), sum = 0;

	for (u32 i = 0; i < HISTOGRAM_SLOTS && h->count; i++) {
		sum += h->slot[i];
		if (sum >= want)
			return slot_ns(i) < h->max_ns ? slot_ns(i) : h->max_ns;
	}
	return 0;
}

/* ------------------------------------------------------------------ who asks for which address */

static u64 asked_home(const struct run *r, u32 host, u32 addr)
{
	u64 key = ((u64)host << 32 | addr) * 0x9e3779b97f4a7c15ULL;

	return (key >> 20) & (r->asked_room - 1);
}

/** asked_slot() - where it is, or would be */
static struct run_asked *asked_slot(struct run *r, u32 host, u32 addr)
{
	u64 i = asked_home(r, host, addr);

	while (r->asked[i].first_ns && (r->asked[i].host != host || r->asked[i].addr != addr))
		i = (i + 1) & (r->asked_room - 1);
	return &r->asked[i];
}

static void asked_grow(struct run *r)
{
	struct run_asked *old = r->asked;
	u64 room = r->asked_room;

	if (room && r->asked_count * 2 < room)
		return;
	r->asked_room = room ? 2 * room : 1024;
	r->asked = calloc(r->asked_room, sizeof(*r->asked));
	if (!r->asked)
		abort(); /* a simulator without memory has nothing to say */
	for (u64 i = 0; i < room; i++) {
		if (old[i].first_ns)
			*asked_slot(r, old[i].host, old[i].addr) = old[i];
	}
	free(old);
}

/* Those behind it that could not stand in their place move up: no slot is ever "deleted". */
static void asked_delete(struct run *r, struct run_asked *slot)
{
	u64 mask = r->asked_room - 1, hole = (u64)(slot - r->asked);

	for (u64 i = (hole + 1) & mask; r->asked[i].first_ns; i = (i + 1) & mask) {
		u64 home = asked_home(r, r->asked[i].host, r->asked[i].addr);

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		r->asked[hole] = r->asked[i];
		hole = i;
	}
	r->asked[hole].first_ns = 0;
	r->asked_count--;
}

static void asks(struct run *r, u32 host, u32 addr)
{
	struct run_asked *slot;
	u64 now = r->world.now_ns + 1; /* never 0 */

	asked_grow(r);
	slot = asked_slot(r, host, addr);
	if (!slot->first_ns) {
		r->asked_count++;
		*slot = (struct run_asked){ host, addr, now, now };
	} else if (now > slot->last_ns + ANEW_NS) {
		r->group[r->host[host].group].unresolved++;
		slot->first_ns = now;
	}
	slot->last_ns = now;
}

static void hears(struct run *r, u32 host, u32 addr)
{
	struct run_asked *slot;

	if (!r->asked_count)
		return;
	slot = asked_slot(r, host, addr);
	if (!slot->first_ns)
		return;
	histogram_add(&r->group[r->host[host].group].resolution, r->world.now_ns + 1 - slot->first_ns);
	asked_delete(r, slot);
}

/* ------------------------------------------------------------------ frames */

static bool is_arp(const struct sim_frame *f)
{
	return f->len_bytes >= ETH_BYTES + ARP_BYTES && f->data[12] == 8 && f->data[13] == 6;
}

static enum scenario_kind kind_of(const struct sim_frame *f)
{
	const u8 *arp = f->data + ETH_BYTES;

	if (is_arp(f)) {
		if (memcmp(arp + 14, arp + 24, 4) == 0)
			return KIND_ARP_ANNOUNCEMENT;
		if (arp[7] != 1)
			return KIND_ARP_REPLY;
		return f->data[0] & 1 ? KIND_ARP_REQUEST : KIND_ARP_PROBE;
	}
	if (f->len_bytes < ETH_BYTES + 20 || f->data[12] != 8 || f->data[13] != 0)
		return KIND_OTHER;
	return f->data[ETH_BYTES + 9] == 17 ? KIND_UDP : f->data[ETH_BYTES + 9] == 1 ? KIND_ICMP : KIND_OTHER;
}

static void frame_leaves(struct run *r, const struct run_host *h, const struct sim_frame *f)
{
	enum scenario_kind kind = kind_of(f);

	r->group[h->group].frames[kind]++;
	r->bin[r->bin_now].frames[kind]++;
	if (kind == KIND_ARP_REQUEST)
		asks(r, h->host->id, get32(f->data + ETH_BYTES + 24));
}

/* The trace tells who the frame is for only at its arrival; before it, it may be lost on each of its ways. */
void stat_frame(void *ctx, const struct sim_segment *seg, const struct sim_port *port, const struct sim_frame *f,
		const char *what)
{
	struct run *r = ctx;

	if (what[0] == 'l') /* leaves */
		frame_leaves(r, port->host->work, f);
	else if (what[0] == 'a' && is_arp(f)) /* arrives */
		hears(r, port->host->id, get32(f->data + ETH_BYTES + 14));
	else if (!port && f->damaged && strcmp(what, "is forged") == 0)
		r->bin[r->bin_now].frames[kind_of(f)]++;
	else if (!port)
		r->bin[r->bin_now].lost++;
	if (r->cap)
		wirecap_frame(r->cap, seg, port, f, what);
}

/* ------------------------------------------------------------------ drops */

static int count_drop(void *ctx, const struct nethood_drop *drop)
{
	u64 *sum = ctx;
	const char *name;

	for (u32 i = 0; i < REASONS_MAX && (name = nethood_drop_reason(i)); i++) {
		if (name == drop->reason || strcmp(name, drop->reason) == 0) {
			sum[i] += drop->count;
			return 0;
		}
	}
	return 0;
}

static void harvest_drops(struct run_host *h)
{
	struct run *r = h->run;
	u64 sum[REASONS_MAX] = { 0 };

	(void)nethood_drops_each(h->host->net, count_drop, sum);
	if (!h->drops_seen)
		h->drops_seen = calloc(REASONS_MAX, sizeof(*h->drops_seen));
	if (!h->drops_seen)
		abort();
	for (u32 i = 0; i < r->reason_count; i++) {
		u64 more = sum[i] - h->drops_seen[i];

		r->group[h->group].drops[i] += more;
		r->bin[r->bin_now].drops[i] += more;
		h->drops_seen[i] = (u32)sum[i];
	}
}

void stat_harvest(struct run_host *h)
{
	struct nethood_ledger ledger;

	nethood_ledger(h->host->net, &ledger);
	if (ledger.dropped != h->dropped_seen)
		harvest_drops(h);
	h->dropped_seen = ledger.dropped;
	h->run->group[h->group].log_lines += h->host->log_lines - h->log_seen;
	h->log_seen = h->host->log_lines;
}

/* ------------------------------------------------------------------ neighbours */

static void count_neigh(void *ctx, const struct nlmsghdr *nlh)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	u32 *states = ctx;

	if (nlh->nlmsg_type == RTM_NEWNEIGH && !(ndm->ndm_flags & NTF_PROXY))
		states[ndm->ndm_state ? (u32)__builtin_ctz(ndm->ndm_state) : STATES - 1]++;
}

/** neigh_states() - add the numbers of @h's neighbours, by state */
static void neigh_states(struct sim_host *h, u32 states[static STATES])
{
	(void)admin_dump(h, RTM_GETNEIGH, AF_INET, count_neigh, states);
}

static void look_at(struct run *r, struct run_host *h)
{
	u32 *last = r->heat_last[h->heat - 1];

	if (h->polls_seen == h->host->poll_count)
		return; /* nothing happened to it */
	memset(last, 0, sizeof(r->heat_last[0]));
	neigh_states(h->host, last);
	h->polls_seen = h->host->poll_count;
}

static void add_to_row(struct run *r, u32 row, const u32 states[static STATES])
{
	u32 *cell = &r->heat[(row * r->bin_count + r->bin_now) * STATES];

	for (u32 s = 0; s < STATES; s++) {
		cell[s] += states[s];
		r->bin[r->bin_now].states[s] += states[s];
	}
}

static void sample_neighbours(struct run *r)
{
	for (u32 i = 0; i < r->s->host_count; i++) {
		struct run_host *h = &r->host[i];

		if (!h->heat)
			continue;
		look_at(r, h);
		add_to_row(r, h->row, r->heat_last[h->heat - 1]);
	}
}

void stat_sample(struct run *r)
{
	for (u32 i = 0; i < r->s->host_count; i++)
		stat_harvest(&r->host[i]);
	if (r->pictures)
		sample_neighbours(r);
	if (r->bin_now + 1 < r->bin_count)
		r->bin_now++;
}

static void forget_hosts(struct run *r)
{
	for (u32 i = 0; i < r->s->group_count; i++) {
		struct group_stats *g = &r->group[i];

		memset(g->states, 0, sizeof(g->states));
		g->memory_bytes = g->memory_peak_bytes = g->pending = 0;
	}
}

void stat_hosts(struct run *r)
{
	struct nethood_ledger ledger;

	forget_hosts(r);
	for (u32 i = 0; i < r->s->host_count; i++) {
		struct run_host *h = &r->host[i];
		struct group_stats *g = &r->group[h->group];
		u32 states[STATES] = { 0 };

		nethood_ledger(h->host->net, &ledger);
		g->memory_bytes += ledger.memory_bytes;
		g->memory_peak_bytes += ledger.memory_peak_bytes;
		neigh_states(h->host, states);
		for (u32 s = 0; s < STATES; s++) {
			g->states[s] += states[s];
			g->states[STATE_ANY] += states[s];
		}
	}
	for (u64 i = 0; i < r->asked_room; i++) {
		if (r->asked[i].first_ns)
			r->group[r->host[r->asked[i].host].group].pending++;
	}
}

/* ------------------------------------------------------------------ life */

/** rows_of() - a share of the picture, and not less than a few: a router is one host, and matters */
static u32 rows_of(const struct scenario *s, const struct scenario_group *g)
{
	u32 share = (u32)((u64)g->count * HEAT_ROWS_MAX / s->host_count);

	if (s->host_count <= HEAT_ROWS_MAX || share > g->count)
		share = g->count;
	return share > HEAT_ROWS_OWN ? share : g->count < HEAT_ROWS_OWN ? g->count : HEAT_ROWS_OWN;
}

/** choose_hosts() - which ones are looked at: all, or the same number in each row of a group */
static void choose_hosts(struct run *r)
{
	for (u32 k = 0; k < r->s->group_count; k++) {
		const struct scenario_group *g = &r->s->group[k];
		u32 rows = rows_of(r->s, g), wanted = rows * HEAT_HOSTS_MAX;

		for (u32 i = 0; i < g->count; i++) {
			struct run_host *h = run_host_of(r, k, i);

			h->row = r->heat_rows + (u32)((u64)i * rows / g->count);
			if (g->count <= wanted || (u64)i * wanted / g->count != (u64)(i + 1) * wanted / g->count)
				h->heat = ++r->heat_hosts;
		}
		r->group_rows[k] = rows;
		r->heat_rows += rows;
	}
}

int stat_init(struct run *r)
{
	while (r->reason_count < REASONS_MAX && (r->reason[r->reason_count] = nethood_drop_reason(r->reason_count)))
		r->reason_count++;
	r->bin_count = (u32)((r->until_ns + r->s->sample_ns - 1) / r->s->sample_ns) ?: 1;
	r->bin = calloc(r->bin_count, sizeof(*r->bin));
	if (!r->bin)
		return -ENOMEM;
	return 0;
}

int stat_watch(struct run *r)
{
	if (!r->pictures)
		return 0;
	choose_hosts(r);
	r->heat = calloc((size_t)r->heat_rows * r->bin_count, STATES * sizeof(*r->heat));
	r->heat_last = calloc(r->heat_hosts, sizeof(*r->heat_last));
	return r->heat && r->heat_last ? 0 : -ENOMEM;
}

void stat_free(struct run *r)
{
	for (u32 i = 0; r->host && i < r->s->host_count; i++)
		free(r->host[i].drops_seen);
	free(r->asked);
	free(r->bin);
	free(r->heat);
	free(r->heat_last);
}
