// SPDX-License-Identifier: BSD-2-Clause
/* The path of impair.h. */
#include "impair.h"

#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#define ECN_MASK 3U /* of the TOS octet.  RFC 3168 5 */
#define ECN_CE 3U

/* What is drawn for a packet; each has its own numbers, so that none disturbs another. */
enum draw { DRAW_LOSS, DRAW_DUP, DRAW_LATE, DRAW_LATE_BY, DRAW_CE, DRAW_JITTER };

/* A number of 64 bits that looks random: the finaliser of SplitMix64 over what it is of. */
static u64 drawn(const struct impair *im, u32 dir, u64 packet, enum draw what)
{
	u64 x = im->config.seed * 0x9e3779b97f4a7c15ULL + (packet << 4) + (u64)what * 2 + dir;

	for (int i = 0; i < 2; i++) {
		x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
		x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
		x ^= x >> 31;
	}
	return x;
}

static bool happens(const struct impair *im, u32 dir, u64 packet, enum draw what, u32 ppm)
{
	return ppm && drawn(im, dir, packet, what) % 1000000 < ppm;
}

static u64 up_to(const struct impair *im, u32 dir, u64 packet, enum draw what, u64 most)
{
	return most ? drawn(im, dir, packet, what) % most : 0;
}

/* ------------------------------------------------------------------ what is on its way: a binary heap */

static bool sooner(const struct impair_frame *a, const struct impair_frame *b)
{
	return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->number < b->number);
}

static void swap(struct impair *im, u32 a, u32 b)
{
	struct impair_frame *f = im->heap[a];

	im->heap[a] = im->heap[b];
	im->heap[b] = f;
}

static void heap_add(struct impair *im, struct impair_frame *f)
{
	u32 at = im->count++;

	if (at == im->room) {
		im->room = im->room ? 2 * im->room : 64;
		im->heap = realloc(im->heap, im->room * sizeof(*im->heap));
		if (!im->heap)
			abort();
	}
	for (im->heap[at] = f; at && sooner(im->heap[at], im->heap[(at - 1) / 2]); at = (at - 1) / 2)
		swap(im, at, (at - 1) / 2);
}

static struct impair_frame *heap_take(struct impair *im)
{
	struct impair_frame *first = im->heap[0];
	u32 at = 0;

	im->heap[0] = im->heap[--im->count];
	for (;;) {
		u32 least = at;

		for (u32 child = 2 * at + 1; child <= 2 * at + 2; child++) {
			if (child < im->count && sooner(im->heap[child], im->heap[least]))
				least = child;
		}
		if (least == at)
			return first;
		swap(im, at, least);
		at = least;
	}
}

/* ------------------------------------------------------------------ the path */

void impair_init(struct impair *im, const struct impair_config *config)
{
	memset(im, 0, sizeof(*im));
	im->config = *config;
}

void impair_fini(struct impair *im)
{
	while (im->count)
		free(heap_take(im));
	free(im->heap);
}

static void on_its_way(struct impair *im, u32 dir, const void *frame, u32 len, u64 at_ns, bool ce)
{
	struct impair_frame *f = malloc(sizeof(*f) + len);

	if (!f)
		abort();
	f->at_ns = at_ns;
	f->number = im->next_number++;
	f->dir = dir;
	f->len = len;
	memcpy(f->octets, frame, len);
	if (ce) { /* TOS and checksum: RFC 1624, eqn. 3, for an octet that only grows */
		u8 *tos = f->octets + ETH_HLEN + 1, *sum = f->octets + ETH_HLEN + 10;
		u32 check = ((u32)sum[0] << 8 | sum[1]) ^ 0xffff;

		check += ECN_CE - (*tos & ECN_MASK);
		check = ((check & 0xffff) + (check >> 16)) ^ 0xffff;
		*tos |= ECN_CE;
		sum[0] = (u8)(check >> 8);
		sum[1] = (u8)check;
		im->stats[dir].marked++;
	}
	heap_add(im, f);
}

/* Octets that wait before the bottleneck now. */
static u64 waiting(const struct impair *im, u32 dir, u64 now_ns)
{
	u64 free_at = im->free_at_ns[dir];

	return free_at > now_ns ? (free_at - now_ns) * (im->config.rate_bps / 8) / 1000000000 : 0;
}

void impair_push(struct impair *im, u32 dir, const void *frame, u32 len, u64 now_ns)
{
	const struct impair_config *c = &im->config;
	struct impair_stats *stats = &im->stats[dir];
	const u8 *octets = frame;
	u64 n, at = now_ns, queued = waiting(im, dir, now_ns);
	bool ce, is_ip = len >= ETH_HLEN + 20 && octets[12] == 8 && !octets[13];

	if (!is_ip) {
		on_its_way(im, dir, frame, len, now_ns + c->delay_ns, false);
		return;
	}
	n = stats->packets++;
	if (c->rate_bps) {
		if (queued + len > c->queue_octets) {
			stats->overflowed++;
			return;
		}
		if (im->free_at_ns[dir] < now_ns)
			im->free_at_ns[dir] = now_ns;
		im->free_at_ns[dir] += len * 8000000000ULL / c->rate_bps;
		at = im->free_at_ns[dir];
	}
	if (happens(im, dir, n, DRAW_LOSS, c->loss_ppm)) {
		stats->lost++;
		return;
	}
	ce = (happens(im, dir, n, DRAW_CE, c->ce_ppm) || (c->mark_octets && queued > c->mark_octets)) &&
	     octets[ETH_HLEN + 1] & ECN_MASK && (octets[ETH_HLEN + 1] & ECN_MASK) != ECN_CE;
	at += c->delay_ns + up_to(im, dir, n, DRAW_JITTER, c->jitter_ns);
	if (at < im->last_at_ns[dir])
		at = im->last_at_ns[dir];
	im->last_at_ns[dir] = at;
	if (happens(im, dir, n, DRAW_LATE, c->late_ppm)) {
		stats->late++;
		at += up_to(im, dir, n, DRAW_LATE_BY, c->late_ns);
	}
	on_its_way(im, dir, frame, len, at, ce);
	if (happens(im, dir, n, DRAW_DUP, c->dup_ppm)) {
		stats->doubled++;
		on_its_way(im, dir, frame, len, at, ce);
	}
}

u64 impair_next(const struct impair *im)
{
	return im->count ? im->heap[0]->at_ns : UINT64_MAX;
}

struct impair_frame *impair_pop(struct impair *im, u64 now_ns)
{
	struct impair_frame *f;

	if (!im->count || impair_next(im) > now_ns)
		return NULL;
	f = heap_take(im);
	im->stats[f->dir].delivered++;
	return f;
}
