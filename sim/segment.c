// SPDX-License-Identifier: BSD-2-Clause
/* Segments: wires, hubs and switches, and what they do to frames.
 *
 * A frame is copied once, when it leaves its device; each port that it goes to has an event of its own.
 * Reading order: segment_transmit(), segment_send(), port_send(), frame_arrives().
 */
#include "segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "mend.h"
#include "nud_ref.h"

#define FDB_AGE_NS (300 * SIM_NSEC_PER_SEC)
#define LATENCY_NS 1000U /* of a perfect wire: nothing arrives before it was sent, or while its sender still runs */
#define ETH_HEADER_BYTES 14U

/* ------------------------------------------------------------------ frames */

static struct sim_frame *frame_alloc(struct sim_world *w, u32 len_bytes)
{
	struct sim_frame *f = malloc(sizeof(*f) + len_bytes);

	if (!f)
		abort();
	f->id = ++w->frame_id;
	f->refcnt = 1;
	f->len_bytes = len_bytes;
	f->damaged = false;
	return f;
}

static void frame_put(struct sim_frame *f)
{
	if (--f->refcnt == 0)
		free(f);
}

static struct sim_frame *frame_copy(struct sim_world *w, const struct sim_frame *f, u32 len_bytes)
{
	struct sim_frame *copy = frame_alloc(w, len_bytes);

	memcpy(copy->data, f->data, len_bytes);
	copy->id = f->id;
	copy->damaged = true;
	return copy;
}

static void tell(const struct sim_segment *seg, const struct sim_port *port, const struct sim_frame *f,
		 const char *what)
{
	const struct sim_watch *watch = seg->world->watch;

	if (unlikely(watch && watch->frame))
		watch->frame(watch->ctx, seg, port, f, what);
}

/* ------------------------------------------------------------------ arrival */

static void frame_arrives(struct sim_world *w, void *obj, u64 arg)
{
	struct sim_port *port = obj;
	struct sim_frame *f = (struct sim_frame *)(uintptr_t)arg;
	struct sim_host *h = port->host;

	(void)w;
	if (port->unplugged || port->deaf || !port->dev) {
		port->segment->lost_count++;
		tell(port->segment, NULL, f, "nobody there");
		frame_put(f);
		return;
	}
	port->received_count++;
	port->segment->delivered_count++;
	tell(port->segment, port, f, "arrives");
	sim_hash(h->world, &h->id, sizeof(h->id));
	sim_host_enter(h);
	if (h->nud)
		nud_ref_frame_in(h->nud, sim_host_now(h), nethood_dev_ifindex(port->dev), f->data, f->len_bytes);
	if (h->world->frame_in)
		h->world->frame_in(h, f->data, f->len_bytes);
	(void)nethood_dev_receive(port->worker_dev[sim_host_any(h)], f->data, f->len_bytes);
	frame_put(f);
	sim_host_poll(h);
}

void segment_drop_event(const struct sim_event *e)
{
	if (e->fn == frame_arrives)
		frame_put((struct sim_frame *)(uintptr_t)e->arg);
}

/* ------------------------------------------------------------------ what happens on the way */

static bool lost(struct sim_segment *seg, const struct sim_frame *f)
{
	const struct sim_faults *faults = &seg->faults;
	struct choices *c = seg->world->choices;

	if (faults->hole_bytes && f->len_bytes > ETH_HEADER_BYTES + faults->hole_bytes)
		return true;
	if (seg->burst_left) {
		seg->burst_left--;
		return true;
	}
	if (chance(c, seg->stream, faults->burst_ppm)) {
		seg->burst_left = choose_between(c, seg->stream, 0, faults->burst_frames);
		return true;
	}
	return chance(c, seg->stream, faults->loss_ppm);
}

/* Behind the addresses: a frame that goes elsewhere is a lost one and a forged one, and both exist already.
 *
 * Bits are set, never cleared: a sum of up to fifteen powers of two is not zero in one's complement, so a checksum sees
 * all that happens to a datagram on its way, in whatever pieces.  Flips that cancel each other are known to be missed.
 */
static void set_bits(struct sim_segment *seg, struct sim_frame *f)
{
	struct choices *c = seg->world->choices;
	bool mend = chance(c, seg->stream, seg->faults.mend_ppm);
	u32 bits = 1 + choose(c, seg->stream, 3);

	if (f->len_bytes <= ETH_HEADER_BYTES - 2)
		return;
	for (u32 i = 0; i < bits; i++) {
		u32 bit = choose(c, seg->stream, 8 * (f->len_bytes - (ETH_HEADER_BYTES - 2)));

		f->data[ETH_HEADER_BYTES - 2 + bit / 8] |= (u8)(1U << bit % 8);
	}
	if (mend)
		mend_checksums(f->data, f->len_bytes);
}

/** damaged() - what becomes of @f on its way.  Return: a reference, on @f itself if nothing happens to it */
static struct sim_frame *damaged(struct sim_segment *seg, struct sim_frame *f)
{
	struct choices *c = seg->world->choices;
	struct sim_frame *worse;

	if (chance(c, seg->stream, seg->faults.truncate_ppm) && f->len_bytes > ETH_HEADER_BYTES) {
		worse = frame_copy(seg->world, f,
				   ETH_HEADER_BYTES + choose(c, seg->stream, f->len_bytes - ETH_HEADER_BYTES));
	} else if (chance(c, seg->stream, seg->faults.corrupt_ppm)) {
		worse = frame_copy(seg->world, f, f->len_bytes);
		set_bits(seg, worse);
	} else if (chance(c, seg->stream, seg->faults.mark_ppm)) {
		worse = frame_copy(seg->world, f, f->len_bytes);
		(void)mark_congestion(worse->data, worse->len_bytes);
		return worse;
	} else {
		f->refcnt++;
		return f;
	}
	seg->damaged_count++;
	return worse;
}

static u64 delay_ns(struct sim_segment *seg)
{
	const struct sim_faults *faults = &seg->faults;
	u64 ns = LATENCY_NS + faults->delay_us * 1000ULL;

	if (faults->jitter_us)
		ns += choose(seg->world->choices, seg->stream, faults->jitter_us) * 1000ULL;
	return ns;
}

/** transmission_ns() - when its last bit has left @from, later than now by how much; UINT64_MAX: no room to wait */
static u64 transmission_ns(struct sim_port *from, u32 len_bytes)
{
	const struct sim_faults *faults = &from->segment->faults;
	u64 now = from->host->world->now_ns, begin = from->busy_until_ns > now ? from->busy_until_ns : now;

	if (!faults->rate_bps)
		return 0;
	if (faults->queue_bytes && (begin - now) / 8 * faults->rate_bps / SIM_NSEC_PER_SEC > faults->queue_bytes)
		return UINT64_MAX;
	from->busy_until_ns = begin + len_bytes * 8ULL * SIM_NSEC_PER_SEC / faults->rate_bps;
	return from->busy_until_ns - now;
}

/** port_send() - one copy towards @to; @f borrowed */
static void port_send(struct sim_segment *seg, struct sim_port *to, struct sim_frame *f, u64 wait_ns)
{
	struct choices *c = seg->world->choices;
	u32 copies = 1 + chance(c, seg->stream, seg->faults.dup_ppm);

	if (lost(seg, f)) {
		seg->lost_count++;
		tell(seg, NULL, f, "is lost");
		return;
	}
	seg->duplicated_count += copies - 1;
	while (copies--) {
		struct sim_frame *one = damaged(seg, f);

		sim_after(seg->world, wait_ns + delay_ns(seg), to->host->id, frame_arrives, to, (u64)(uintptr_t)one);
	}
}

/* ------------------------------------------------------------------ where it goes */

static struct sim_fdb_entry *fdb_slot(struct sim_segment *seg, const u8 *mac)
{
	u32 low = (u32)mac[2] << 24 | (u32)mac[3] << 16 | (u32)mac[4] << 8 | mac[5];

	return &seg->fdb[(low * 0x9e3779b1U >> 8) % seg->fdb_slots];
}

static void fdb_learn(struct sim_segment *seg, const struct sim_port *from, const u8 *mac)
{
	struct sim_fdb_entry *e;

	if (mac[0] & 1)
		return;
	if (!seg->fdb)
		seg->fdb = calloc(seg->fdb_slots, sizeof(*seg->fdb));
	if (!seg->fdb)
		abort();
	e = fdb_slot(seg, mac);
	memcpy(e->mac, mac, SIM_MAC_BYTES);
	e->port = from->index;
	e->seen_ns = seg->world->now_ns + 1;
}

/** fdb_find() - the only port that a frame to @mac goes to; NULL: to all of them */
static struct sim_port *fdb_find(struct sim_segment *seg, const u8 *mac)
{
	const struct sim_fdb_entry *e;

	if ((mac[0] & 1) || !seg->fdb)
		return NULL;
	e = fdb_slot(seg, mac);
	if (!e->seen_ns || seg->world->now_ns > e->seen_ns + FDB_AGE_NS || memcmp(e->mac, mac, SIM_MAC_BYTES) != 0)
		return NULL;
	return seg->port[e->port];
}

static void other_side(struct sim_segment *seg, const struct sim_frame *f)
{
	seg->lost_count++;
	tell(seg, NULL, f, "partition");
}

/** segment_send() - to whom it may concern; @f taken */
static void segment_send(struct sim_segment *seg, struct sim_port *from, struct sim_frame *f, u64 wait_ns)
{
	struct sim_port *only = NULL;
	u32 first, end;

	if (seg->kind == SIM_SWITCH && f->len_bytes >= ETH_HEADER_BYTES) {
		if (from)
			fdb_learn(seg, from, f->data + SIM_MAC_BYTES);
		only = fdb_find(seg, f->data);
	}
	first = only ? only->index : 0;
	end = only ? first + 1 : seg->port_count;
	for (u32 i = first; i < end; i++) {
		struct sim_port *to = seg->port[i];

		if (to == from || to->unplugged)
			continue;
		if (from && from->side != to->side)
			other_side(seg, f);
		else
			port_send(seg, to, f, wait_ns);
	}
	frame_put(f);
}

/* What waited while the MAC was changed still has the old one, as in Linux. */
static const u8 *source_of(const struct sim_port *port, const struct sim_frame *f)
{
	bool waited = f->len_bytes >= ETH_HEADER_BYTES &&
		      memcmp(f->data + SIM_MAC_BYTES, port->old_mac, SIM_MAC_BYTES) == 0;

	return waited ? port->old_mac : port->mac;
}

int segment_transmit(struct sim_port *port, const struct iovec *frame, int pieces)
{
	struct sim_segment *seg = port->segment;
	struct sim_world *w = seg->world;
	struct sim_frame *f;
	u32 len_bytes = 0, at = 0;
	const char *broken;
	u64 wait_ns;

	for (int i = 0; i < pieces; i++)
		len_bytes += (u32)frame[i].iov_len;
	f = frame_alloc(w, len_bytes);
	for (int i = 0; i < pieces; at += (u32)frame[i++].iov_len)
		memcpy(f->data + at, frame[i].iov_base, frame[i].iov_len);
	broken = frame_broken(f->data, f->len_bytes, source_of(port, f), port->host->forwards);
	if (!broken && w->frame_wrong)
		broken = w->frame_wrong(port->host, f->data, f->len_bytes);
	if (broken)
		sim_broken(w, "%s sent a wrong frame: %s", port->host->name, broken);
	if (port->host->nud && port->host->slow_driver) /* what waited in a queue says nothing of now */
		nud_ref_slow(port->host->nud);
	else if (port->host->nud)
		nud_ref_frame_out(port->host->nud, sim_host_now(port->host), nethood_dev_ifindex(port->dev), f->data,
				  f->len_bytes);
	sim_hash(w, f->data, f->len_bytes);
	port->sent_count++;
	seg->sent_count++;
	tell(seg, port, f, "leaves");
	wait_ns = transmission_ns(port, len_bytes);
	if (port->mute || port->unplugged || wait_ns == UINT64_MAX) {
		seg->lost_count++;
		tell(seg, NULL, f, port->unplugged ? "no cable" : port->mute ? "partition" : "no room to wait");
		frame_put(f);
		return 0;
	}
	segment_send(seg, port, f, wait_ns);
	return 0;
}

void segment_inject(struct sim_segment *seg, struct sim_port *from, const void *data, u32 len_bytes)
{
	struct sim_frame *f = frame_alloc(seg->world, len_bytes);

	memcpy(f->data, data, len_bytes);
	f->damaged = true;
	sim_hash(seg->world, f->data, f->len_bytes);
	tell(seg, NULL, f, "is forged");
	segment_send(seg, from, f, 0);
}

void segment_forge_arp(u8 frame[static FORGED_ARP_BYTES], const struct forged_arp *arp)
{
	memset(frame, 0, FORGED_ARP_BYTES);
	memset(frame, 0xff, SIM_MAC_BYTES);
	if (arp->to)
		memcpy(frame, arp->to, SIM_MAC_BYTES);
	memcpy(frame + 6, arp->from, SIM_MAC_BYTES);
	memcpy(frame + 12, (const u8[]){ 8, 6, 0, 1, 8, 0, 6, 4, 0, arp->op }, 10);
	memcpy(frame + 22, arp->from, SIM_MAC_BYTES);
	memcpy(frame + 28, arp->sip, 4);
	if (arp->tha)
		memcpy(frame + 32, arp->tha, SIM_MAC_BYTES);
	memcpy(frame + 38, arp->tip, 4);
}

/* ------------------------------------------------------------------ life */

void segment_heal(struct sim_segment *seg)
{
	seg->faults = (struct sim_faults){ .delay_us = seg->faults.delay_us };
	seg->burst_left = 0;
	for (u32 i = 0; i < seg->port_count; i++) {
		seg->port[i]->deaf = seg->port[i]->mute = false;
		seg->port[i]->side = 0;
	}
}

struct sim_segment *sim_segment_create(struct sim_world *w, enum sim_segment_kind kind, const struct sim_faults *faults)
{
	struct sim_segment *seg = calloc(1, sizeof(*seg));

	if (!seg)
		abort();
	if (w->segment_count == w->segment_room)
		w->segment = sim_grow(w->segment, &w->segment_room, 4, sizeof(struct sim_segment *));
	seg->world = w;
	seg->id = w->segment_count;
	seg->stream = w->stream_count++;
	seg->kind = kind;
	seg->fdb_slots = SIM_FDB_SLOTS;
	if (faults)
		seg->faults = *faults;
	w->segment[w->segment_count++] = seg;
	return seg;
}

void segment_add_port(struct sim_segment *seg, struct sim_port *port)
{
	if (seg->port_count == seg->port_room)
		seg->port = sim_grow(seg->port, &seg->port_room, 4, sizeof(struct sim_port *));
	port->index = seg->port_count;
	port->segment = seg;
	seg->port[seg->port_count++] = port;
}
