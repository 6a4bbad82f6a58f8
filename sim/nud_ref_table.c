// SPDX-License-Identifier: BSD-2-Clause
/* The reference's own tables: entries by address, the parameters of devices, sentences. */
#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nud_ref_internal.h"
#include "octets.h"

/* ------------------------------------------------------------------ memory */

static void *ref_zalloc(const struct nud_ref *r, size_t size_bytes)
{
	void *p = r->config.memory ? r->config.memory->zalloc(r->config.memory->ctx, size_bytes)
				   : calloc(1, size_bytes);

	if (!p)
		abort();
	return p;
}

static void ref_free(const struct nud_ref *r, void *p, size_t size_bytes)
{
	if (r->config.memory)
		r->config.memory->free(r->config.memory->ctx, p, size_bytes);
	else
		free(p);
}

/* ------------------------------------------------------------------ words */

const char *ref_state_word(u8 state)
{
	static const char *const word[] = { "INCOMPLETE", "REACHABLE", "STALE", "DELAY",
					    "PROBE",      "FAILED",    "NOARP", "PERMANENT" };

	for (u32 i = 0; i < 8; i++) {
		if (state == 1U << i)
			return word[i];
	}
	return state ? "several states" : "NONE";
}

void ref_broken(struct nud_ref *r, const struct ref_entry *e, const char *fmt, ...)
{
	char text[256], addr[INET6_ADDRSTRLEN] = "?";
	va_list args;
	int at;

	if (r->broken)
		return;
	r->broken = true; /* what follows from it is not worth telling */
	(void)inet_ntop(e->parms->family, e->key, addr, sizeof(addr));
	at = snprintf(text, sizeof(text), "neighbour %s at %s, ", addr, e->parms->dev);
	va_start(args, fmt);
	(void)vsnprintf(text + at, sizeof(text) - (size_t)at, fmt, args);
	va_end(args);
	r->config.broken(r->config.ctx, text);
}

/* ------------------------------------------------------------------ parameters */

static s64 sysctl_number(struct nud_ref *r, const struct ref_parms *p, const char *name)
{
	char key[96], text[32];

	(void)snprintf(key, sizeof(key), "net.ipv%c.neigh.%s.%s", p->family == AF_INET ? '4' : '6', p->dev, name);
	return nethood_sysctl_get(r->config.net, key, text, sizeof(text)) > 0 ? strtoll(text, NULL, 10) : 0;
}

void ref_read_parms(struct nud_ref *r, struct ref_parms *p)
{
	p->outdated = false;
	p->base_ns = sysctl_number(r, p, "base_reachable_time_ms") * MSEC_NS;
	p->retrans_ns = sysctl_number(r, p, "retrans_time_ms") * MSEC_NS;
	p->delay_ns = sysctl_number(r, p, "delay_first_probe_time") * 1000 * MSEC_NS;
	p->lock_ns = sysctl_number(r, p, "locktime") * 10 * MSEC_NS;
	p->ucast = sysctl_number(r, p, "ucast_solicit");
	p->mcast = sysctl_number(r, p, "mcast_solicit");
	p->app = sysctl_number(r, p, "app_solicit");
	p->remcast = sysctl_number(r, p, "mcast_resolicit");
}

struct ref_parms *ref_parms_of(struct nud_ref *r, int family, int ifindex, const char *dev)
{
	struct ref_parms *p = r->parms;

	while (p && (p->family != family || p->ifindex != ifindex || strcmp(p->dev, dev) != 0))
		p = p->next;
	if (!p) {
		p = ref_zalloc(r, sizeof(*p));
		p->family = (u8)family;
		p->ifindex = ifindex;
		(void)snprintf(p->dev, sizeof(p->dev), "%s", dev);
		p->next = r->parms;
		r->parms = p;
		p->outdated = true;
	}
	return p;
}

/* ------------------------------------------------------------------ entries */

static u32 slot_of(const struct nud_ref *r, int family, int ifindex, const u8 *key)
{
	u32 h = 0;

	for (u32 at = 0; at < ref_key_bytes((u8)family); at += 4)
		h = h * 0x01000193U ^ get32(key + at);
	return (h ^ (u32)ifindex * 0x9e3779b9U ^ h >> 15) & (r->slots - 1);
}

static void grow(struct nud_ref *r)
{
	struct ref_entry **old = r->slot;
	u32 count = r->slots;

	r->slots = count ? 2 * count : 16;
	r->slot = ref_zalloc(r, r->slots * sizeof(struct ref_entry *));
	for (u32 i = 0; i < count; i++) {
		for (struct ref_entry *e = old[i], *next; e; e = next) {
			u32 to = slot_of(r, e->parms->family, e->parms->ifindex, e->key);

			next = e->next;
			e->next = r->slot[to];
			r->slot[to] = e;
		}
	}
	if (old)
		ref_free(r, old, count * sizeof(struct ref_entry *));
}

/** ref_find() - @id NULL: the youngest one */
struct ref_entry *ref_find(const struct nud_ref *r, int family, int ifindex, const u8 *key, const void *id)
{
	struct ref_entry *e = r->slots ? r->slot[slot_of(r, family, ifindex, key)] : NULL;
	u32 bytes = ref_key_bytes((u8)family);

	while (e && (e->parms->family != family || e->parms->ifindex != ifindex || memcmp(e->key, key, bytes) != 0 ||
		     (id && e->id != id)))
		e = e->next;
	return e;
}

void ref_forget(struct nud_ref *r, struct ref_entry *gone)
{
	struct ref_entry **at = &r->slot[slot_of(r, gone->parms->family, gone->parms->ifindex, gone->key)];

	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	if (gone->parms->gateway == gone)
		gone->parms->gateway = NULL;
	for (at = &r->owing; gone->on_owing_list && *at; at = &(*at)->owing) {
		if (*at == gone) {
			*at = gone->owing;
			break;
		}
	}
	r->entries--;
	ref_free(r, gone, sizeof(*gone));
}

static bool may_be_used(const struct ref_entry *e, const struct ref_parms *p, const u8 *ha)
{
	return e && e->parms == p && ref_is_valid(e->s.nud) && e->s.nud != NUD_STALE && memcmp(e->s.ha, ha, 6) == 0;
}

bool ref_is_there(struct nud_ref *r, struct ref_parms *p, const u8 *addr, const u8 *ha)
{
	const struct ref_entry *e = ref_find(r, p->family, p->ifindex, addr, NULL);

	if (may_be_used(e, p, ha) || may_be_used(p->gateway, p, ha))
		return true;
	for (u32 i = 0; i < r->slots; i++) {
		for (e = r->slot[i]; e; e = e->next) {
			if (may_be_used(e, p, ha)) {
				p->gateway = e;
				return true;
			}
		}
	}
	return false;
}

struct ref_entry *ref_add(struct nud_ref *r, struct ref_parms *p, const u8 *key, const void *id)
{
	struct ref_entry *e = ref_zalloc(r, sizeof(*e));
	u32 slot;

	if (r->entries >= r->slots)
		grow(r);
	e->id = id;
	e->parms = p;
	memcpy(e->key, key, ref_key_bytes(p->family));
	slot = slot_of(r, p->family, p->ifindex, key);
	e->next = r->slot[slot];
	r->slot[slot] = e;
	r->entries++;
	return e;
}

void ref_segment_left(struct nud_ref *r, s64 now, const u8 *ha)
{
	struct ref_segment *s;

	if (!r->segment)
		r->segment = ref_zalloc(r, REF_SEGMENTS * sizeof(*r->segment));
	s = &r->segment[(r->segment_count - 1) % REF_SEGMENTS];
	if (r->segment_count && s->at == now && memcmp(s->ha, ha, sizeof(s->ha)) == 0)
		return;
	s = &r->segment[r->segment_count++ % REF_SEGMENTS];
	s->at = now;
	memcpy(s->ha, ha, sizeof(s->ha));
}

/* ------------------------------------------------------------------ life */

struct nud_ref *nud_ref_create(const struct nud_ref_config *config)
{
	const struct nud_ref first = { .config = *config };
	struct nud_ref *r = ref_zalloc(&first, sizeof(*r));

	*r = first;
	for (u32 i = 0; i < REF_VOUCHES; i++)
		r->vouched_at[i] = NOT_DUE;
	r->tcp_came_at = NOT_DUE;
	if (config->memory) {
		r->memory = *config->memory;
		r->config.memory = &r->memory;
	}
	grow(r);
	nethood_on_neigh_event(config->net, nud_ref_hear, r);
	return r;
}

void nud_ref_destroy(struct nud_ref *r)
{
	struct nud_ref last;

	if (!r)
		return;
	for (u32 i = 0; i < r->slots; i++) {
		for (struct ref_entry *e = r->slot[i], *next; e; e = next) {
			next = e->next;
			ref_free(r, e, sizeof(*e));
		}
	}
	while (r->parms) {
		struct ref_parms *next = r->parms->next;

		ref_free(r, r->parms, sizeof(*next));
		r->parms = next;
	}
	if (r->segment)
		ref_free(r, r->segment, REF_SEGMENTS * sizeof(*r->segment));
	ref_free(r, r->slot, r->slots * sizeof(struct ref_entry *));
	last = *r;
	last.config.memory = r->config.memory ? &last.memory : NULL;
	ref_free(&last, r, sizeof(*r));
}
