// SPDX-License-Identifier: BSD-2-Clause
/* Programs of a scenario's hosts: each has one socket, by which it sends, asks and answers.
 *
 * What was sent is known here, so what arrives can be judged: is it for this host, with the right octets, for the first time?
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"
#include "scenario_run.h"

#define PORT 7000
#define MAGIC 0x7363656eU
#define DATA_MAX_BYTES 9000U
#define ROUND_NS SIM_NSEC_PER_SEC           /* between two questions of a pair that should reach each other */
#define PEER_GAP_NS (2 * SIM_NSEC_PER_MSEC) /* between those to two peers, if there are many */

enum { DATA = 1, QUESTION = 2, ANSWER = 3, PROBE = 4, PROBED = 5 };

/** struct header - begins each datagram; as the host has it, for all hosts are of one kind */
struct header {
	u32 magic, kind, flow, from, to, id;
	u64 pad;
};
static_assert(sizeof(struct header) == 32, "the smallest datagram");

static bool is_seen(const struct run *r, u32 id)
{
	return id / 8 < r->seen_room && (r->seen[id / 8] >> id % 8 & 1);
}

static void set_seen(struct run *r, u32 id)
{
	if (id / 8 >= r->seen_room) {
		u64 room = r->seen_room ? 2 * r->seen_room : 4096;

		while (room <= id / 8)
			room *= 2;
		r->seen = realloc(r->seen, room);
		if (!r->seen)
			abort(); /* a simulator without memory has nothing to say */
		memset(r->seen + r->seen_room, 0, room - r->seen_room);
		r->seen_room = room;
	}
	r->seen[id / 8] |= (u8)(1U << id % 8);
}

/* ------------------------------------------------------------------ sending */

static int send_by(struct run_host *h, struct nethood_sock *sk, const struct header *header, u32 size_bytes, u32 addr)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(PORT),
					.sin_addr.s_addr = htonl(addr) };
	u8 data[DATA_MAX_BYTES];
	ssize_t n;

	if (!sk)
		return -ENOTCONN;
	memcpy(data, header, sizeof(*header));
	pattern_fill(data, sizeof(*header), size_bytes, header->id);
	sim_host_enter(h->host);
	n = nethood_sendto(sk, data, size_bytes, 0, (const struct sockaddr *)&to, sizeof(to));
	sim_host_poll(h->host);
	return n < 0 ? (int)n : 0;
}

static int send_to(struct run_host *h, const struct header *header, u32 size_bytes, u32 addr)
{
	return send_by(h, h->sock, header, size_bytes, addr);
}

/* A sweep fills its socket with packets that wait for answers of nobody. */
static int sweep_to(struct run_host *h, const struct header *header, u32 size_bytes, u32 addr)
{
	if (!h->sweep_sock && nethood_socket(h->host->net, AF_INET, SOCK_DGRAM, 0, &h->sweep_sock))
		h->sweep_sock = NULL;
	return send_by(h, h->sweep_sock, header, size_bytes, addr);
}

static u32 host_addr(const struct run *r, u32 host)
{
	const struct run_host *h = &r->host[host];

	return leg_addr(r->s, &r->s->group[h->group], 0, h->index);
}

/** near() - the hosts of @to that are on the first segment of host @h: @first to @last of their group.  Return: are there any? */
static bool near(const struct run *r, const struct run_host *h, const struct scenario_hosts *to, u32 *first, u32 *last)
{
	const struct scenario_group *g = &r->s->group[to->group];
	u32 block = group_block(r->s, g, 0), segment = leg_segment(r->s, &r->s->group[h->group], 0, h->index);

	*first = segment * block;
	*last = *first + block - 1;
	if (*first < to->first)
		*first = to->first;
	if (*last > to->last)
		*last = to->last;
	return *first <= *last;
}

/** pick_peer() - which of @to host @h talks to the @turn-th time; UINT32_MAX: nobody but itself */
static u32 pick_peer(struct run *r, const struct run_host *h, const struct scenario_hosts *to, u32 order, u32 turn,
		     enum scenario_pick pick)
{
	u32 first = to->first, last = to->last, count, self, at = order;
	bool among;

	if (pick == PICK_NEAR && !near(r, h, to, &first, &last))
		return UINT32_MAX;
	count = last - first + 1;
	among = h->group == to->group && h->index >= first && h->index <= last;
	self = h->index - first;
	if (among && count == 1)
		return UINT32_MAX;
	if (among) /* its own number is left out: the next one is the first of the others */
		at = self;
	if (pick == PICK_RANDOM || pick == PICK_NEAR)
		turn = choose(r->world.choices, h->host->stream, count - among);
	else if (pick == PICK_OWN)
		turn = 0;
	at = among ? (at + 1 + turn % (count - 1)) % count : (u32)(((u64)at + turn) % count);
	return r->s->group[to->group].first + first + at;
}

/* ------------------------------------------------------------------ flows */

static void gap_ends(struct run_sender *sender, u64 now_ns)
{
	if (now_ns - sender->answered_ns > sender->outage_ns)
		sender->outage_ns = now_ns - sender->answered_ns;
	sender->answered_ns = now_ns;
}

static void doubt(struct run *r, struct run_sender *sender)
{
	const u32 addr = htonl(host_addr(r, sender->peer));

	sim_host_enter(r->host[sender->host].host);
	(void)nethood_neigh_doubt(r->host[sender->host].host->net, NULL, AF_INET, &addr);
}

static void sender_sends(struct run *r, struct run_sender *sender)
{
	const struct scenario_flow *f = &r->s->flow[sender->flow];
	struct run_host *h = &r->host[sender->host];
	struct flow_stats *stats = &r->flow[sender->flow].stats;
	struct header header = { MAGIC, f->asks ? QUESTION : DATA, sender->flow, sender->host, UINT32_MAX, 0, 0 };
	u32 addr;

	if (f->has_prefix) {
		u64 room = 1ULL << (32 - f->prefix.bits);

		addr = f->prefix.addr + (u32)((sender->next + (u64)(h->index - f->from.first)) % room);
	} else {
		header.to = pick_peer(r, h, &f->to, h->index - f->from.first, sender->next, f->pick);
		if (header.to == UINT32_MAX)
			return;
		addr = host_addr(r, header.to);
	}
	sender->next += f->has_prefix ? f->from.last - f->from.first + 1 : 1;
	if (f->doubts && sender->pending)
		doubt(r, sender);
	header.id = ++r->next_id;
	sender->pending = header.id;
	sender->peer = header.to;
	stats->sent++;
	stats->refused += (f->has_prefix ? sweep_to : send_to)(h, &header, f->size_bytes, addr) != 0;
}

static void sender_fires(struct sim_world *w, void *obj, u64 arg)
{
	struct run_sender *sender = obj;
	struct run *r = sender->run;
	const struct scenario_flow *f = &r->s->flow[sender->flow];

	(void)arg;
	if (!sender->sent)
		sender->begin_ns = sender->answered_ns = w->now_ns;
	sender_sends(r, sender);
	sender->sent++;
	if (sender->sent < f->times && w->now_ns + f->every_ns < r->flow[sender->flow].end_ns)
		sim_after(w, f->every_ns, r->host[sender->host].host->id, sender_fires, sender, 0);
}

void work_start(struct run *r)
{
	for (u32 i = 0; i < r->s->flow_count; i++) {
		const struct scenario_flow *f = &r->s->flow[i];

		for (u32 k = 0; k < r->flow[i].count; k++) {
			struct run_sender *sender = &r->flow[i].sender[k];
			u64 begin_ns = f->begin_ns;

			if (f->spread_ns)
				begin_ns += 1000ULL * choose(r->world.choices, r->host[sender->host].host->stream,
							     (u32)(f->spread_ns / 1000) + 1);
			if (begin_ns < r->flow[i].end_ns)
				sim_after(&r->world, begin_ns, r->host[sender->host].host->id, sender_fires, sender, 0);
		}
	}
	for (u32 i = 0; i < r->s->expect_count; i++) {
		if (r->reach[i].sender)
			reach_start(&r->reach[i]);
	}
}

/* ------------------------------------------------------------------ who reaches whom */

static u32 reach_peer(const struct run_reach *x, u32 from, u32 k)
{
	const struct scenario_expect *e = x->expect;
	struct run_host *h = run_host_of(x->run, e->from.group, e->from.first + from);

	if (e->pick == PICK_EACH) {
		u32 peer = run_host_of(x->run, e->to.group, e->to.first)->host->id +
			   (u32)(((u64)from + 1 + k) % x->tos);

		return peer == h->host->id ? UINT32_MAX : peer;
	}
	return pick_peer(x->run, h, &e->to, from, 0, e->pick);
}

static bool pair_done(const struct run_reach *x, u64 pair)
{
	return x->done[pair / 8] >> pair % 8 & 1;
}

static void set_pair_done(struct run_reach *x, u64 pair)
{
	if (pair_done(x, pair))
		return;
	x->done[pair / 8] |= (u8)(1U << pair % 8);
	if (!--x->left)
		x->done_ns = x->run->world.now_ns;
}

static u64 round_ns(const struct run_reach *x)
{
	return x->peers * PEER_GAP_NS > ROUND_NS ? x->peers * PEER_GAP_NS : ROUND_NS;
}

/* @k: whom it asks now; those that have answered are left out. */
static void reach_fires(struct sim_world *w, void *obj, u64 k)
{
	struct reach_sender *sender = obj;
	struct run_reach *x = sender->reach;
	const u32 expect = (u32)(x->expect - x->run->s->expect);
	struct run_host *h = run_host_of(x->run, x->expect->from.group, x->expect->from.first + sender->index);
	u64 pair = (u64)sender->index * x->peers, first = k, step_ns = round_ns(x) / x->peers;

	if (!pair_done(x, pair + k)) {
		u32 to = reach_peer(x, sender->index, (u32)k);
		const struct header header = { MAGIC, PROBE, expect, h->host->id, to, (u32)k, 0 };

		if (to == UINT32_MAX)
			set_pair_done(x, pair + k);
		else
			(void)send_to(h, &header, sizeof(header), host_addr(x->run, to));
	}
	do {
		if (++k == x->peers) {
			k = 0;
			sender->round_ns += round_ns(x);
		}
	} while (k != first && pair_done(x, pair + k));
	if (pair_done(x, pair + k) || sender->round_ns + k * step_ns > x->begin_ns + x->expect->within_ns)
		return;
	sim_after(w, sender->round_ns + k * step_ns - w->now_ns, h->host->id, reach_fires, sender, k);
}

void reach_start(struct run_reach *x)
{
	for (u32 i = 0; i < x->froms; i++) {
		struct reach_sender *sender = &x->sender[i];
		const struct run_host *h = run_host_of(x->run, x->expect->from.group, x->expect->from.first + i);

		sender->round_ns = x->begin_ns + round_ns(x) / x->peers * i / x->froms;
		sim_after(&x->run->world, sender->round_ns, h->host->id, reach_fires, sender, 0);
	}
}

static void probe_answered(struct run *r, const struct run_host *h, const struct header *header)
{
	struct run_reach *x;
	u32 index;

	if (header->flow >= r->s->expect_count || !r->reach[header->flow].sender)
		return;
	x = &r->reach[header->flow];
	index = h->index - x->expect->from.first;
	if (h->group == x->expect->from.group && index < x->froms && header->id < x->peers &&
	    r->world.now_ns <= x->begin_ns + x->expect->within_ns)
		set_pair_done(x, (u64)index * x->peers + header->id);
}

/* ------------------------------------------------------------------ receiving */

static void answer(struct run_host *h, struct nethood_sock *sk, u8 *data, u32 size_bytes, const struct sockaddr_in *to)
{
	u32 kind;

	memcpy(&kind, data + offsetof(struct header, kind), sizeof(kind));
	kind++;
	memcpy(data + offsetof(struct header, kind), &kind, sizeof(kind));
	(void)h;
	(void)nethood_sendto(sk, data, size_bytes, 0, (const struct sockaddr *)to, sizeof(*to));
}

static void arrived(struct run *r, const struct header *header, struct flow_stats *stats)
{
	if (header->id > r->next_id || !header->id) {
		stats->damaged++;
	} else if (is_seen(r, header->id)) {
		stats->doubled++;
	} else {
		set_seen(r, header->id);
		*(header->kind == DATA ? &stats->delivered : &stats->answered) += 1;
	}
}

static void flow_answered(struct run *r, const struct run_host *h, const struct header *header)
{
	const struct scenario_flow *f = &r->s->flow[header->flow];
	u32 index = h->index - f->from.first;
	struct run_sender *sender;

	if (h->group != f->from.group || index >= r->flow[header->flow].count)
		return;
	sender = &r->flow[header->flow].sender[index];
	if (header->id == sender->pending)
		sender->pending = 0;
	gap_ends(sender, r->world.now_ns);
}

static void received(struct run_host *h, struct nethood_sock *sk, u8 *data, u32 size_bytes,
		     const struct sockaddr_in *from)
{
	struct run *r = h->run;
	struct header header;

	if (size_bytes < sizeof(header))
		return;
	memcpy(&header, data, sizeof(header));
	if (header.magic != MAGIC)
		return;
	if (header.kind == PROBE)
		answer(h, sk, data, size_bytes, from);
	else if (header.kind == PROBED)
		probe_answered(r, h, &header);
	else if (header.kind < DATA || header.kind > ANSWER || header.flow >= r->s->flow_count)
		return;
	else if (!pattern_holds(data, sizeof(header), size_bytes, header.id))
		r->flow[header.flow].stats.damaged++;
	else if (header.kind == QUESTION)
		answer(h, sk, data, size_bytes, from);
	else
		arrived(r, &header, &r->flow[header.flow].stats);
	if (header.kind == ANSWER)
		flow_answered(r, h, &header);
}

static void ready(void *ctx, struct nethood_sock *sk, u32 events)
{
	struct run_host *h = ctx;
	u8 data[DATA_MAX_BYTES + 1];
	struct sockaddr_in from;
	socklen_t from_bytes = sizeof(from);
	ssize_t n;

	(void)events;
	while ((n = nethood_recvfrom(sk, data, sizeof(data), 0, (struct sockaddr *)&from, &from_bytes)) != -EAGAIN) {
		if (n > 0) /* else an ICMP error */
			received(h, sk, data, (u32)n, &from);
		from_bytes = sizeof(from);
	}
}

/* ------------------------------------------------------------------ life */

int work_open(struct run_host *h)
{
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int err = nethood_socket(h->host->net, AF_INET, SOCK_DGRAM, 0, &h->sock);

	if (err) {
		h->sock = NULL;
		return err;
	}
	err = nethood_bind(h->sock, (const struct sockaddr *)&any, sizeof(any));
	if (err)
		work_close(h);
	else
		nethood_on_ready(h->sock, ready, h);
	return err;
}

void work_close(struct run_host *h)
{
	if (h->sock)
		nethood_close(h->sock);
	if (h->sweep_sock)
		nethood_close(h->sweep_sock);
	h->sock = h->sweep_sock = NULL;
}

static void init_flow(struct run *r, u32 number)
{
	const struct scenario_flow *f = &r->s->flow[number];
	struct run_flow *flow = &r->flow[number];

	flow->count = f->from.last - f->from.first + 1;
	flow->end_ns = f->for_ns > r->until_ns - (f->begin_ns < r->until_ns ? f->begin_ns : r->until_ns)
			       ? r->until_ns
			       : f->begin_ns + f->for_ns;
	flow->sender = calloc(flow->count, sizeof(*flow->sender));
	if (!flow->sender)
		abort();
	for (u32 k = 0; k < flow->count; k++)
		flow->sender[k] = (struct run_sender){ .run = r,
						       .flow = number,
						       .host = r->s->group[f->from.group].first + f->from.first + k };
}

static void init_reach(struct run *r, u32 number)
{
	const struct scenario_expect *e = &r->s->expect[number];
	struct run_reach *x = &r->reach[number];

	*x = (struct run_reach){
		.run = r, .expect = e, .froms = e->from.last - e->from.first + 1, .tos = e->to.last - e->to.first + 1
	};
	x->peers = e->pick == PICK_EACH ? x->tos : 1;
	x->begin_ns = e->when_ns != UINT64_MAX     ? e->when_ns
		      : r->until_ns > e->within_ns ? r->until_ns - e->within_ns
						   : 0;
	x->left = (u64)x->froms * x->peers;
	x->done = calloc(1, x->left / 8 + 1);
	x->sender = calloc(x->froms, sizeof(*x->sender));
	if (!x->done || !x->sender)
		abort();
	for (u32 i = 0; i < x->froms; i++)
		x->sender[i] = (struct reach_sender){ .reach = x, .index = i };
}

void work_init(struct run *r)
{
	for (u32 i = 0; i < r->s->flow_count; i++)
		init_flow(r, i);
	for (u32 i = 0; i < r->s->expect_count; i++) {
		if (r->s->expect[i].metric == METRIC_REACH)
			init_reach(r, i);
	}
}

void work_end(struct run *r)
{
	for (u32 i = 0; i < r->s->flow_count; i++) {
		u64 end_ns = r->flow[i].end_ns < r->world.now_ns ? r->flow[i].end_ns : r->world.now_ns;

		for (u32 k = 0; k < r->flow[i].count && r->s->flow[i].asks; k++) {
			struct run_sender *sender = &r->flow[i].sender[k];

			if (sender->sent && end_ns > sender->answered_ns)
				gap_ends(sender, end_ns);
			if (sender->outage_ns > r->flow[i].stats.outage_ns)
				r->flow[i].stats.outage_ns = sender->outage_ns;
		}
	}
}

void work_free(struct run *r)
{
	for (u32 i = 0; r->flow && i < r->s->flow_count; i++)
		free(r->flow[i].sender);
	for (u32 i = 0; r->reach && i < r->s->expect_count; i++) {
		free(r->reach[i].done);
		free(r->reach[i].sender);
	}
	free(r->seen);
}

struct flow_stats flow_sum(const struct run *r, u32 group, u32 flow, bool asks)
{
	struct flow_stats sum = { 0 };

	for (u32 i = 0; i < r->s->flow_count; i++) {
		const struct scenario_flow *f = &r->s->flow[i];
		const struct flow_stats *one = &r->flow[i].stats;

		if ((group != SCENARIO_ALL && f->from.group != group) || (flow != SCENARIO_ALL && i != flow) ||
		    f->asks != asks)
			continue;
		sum.sent += one->sent;
		sum.refused += one->refused;
		sum.delivered += one->delivered;
		sum.answered += one->answered;
		sum.doubled += one->doubled;
		sum.damaged += one->damaged;
		if (one->outage_ns > sum.outage_ns)
			sum.outage_ns = one->outage_ns;
	}
	return sum;
}
