// SPDX-License-Identifier: BSD-2-Clause
/* The reference: what must become of a neighbour.
 *
 * Reading order: struct ref_entry, on_create(), on_send(), on_timer(), on_update(), on_event(); then the frames.
 */
#include "nud_ref.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MSEC_NS 1000000LL
#define TIMER_FLOOR_NS (10 * MSEC_NS) /* no timer is moved to less than that from now */
#define DOUBT_PAUSE_NS (100 * MSEC_NS)
#define EXT_MANAGED 0x01U
#define EXT_VALIDATED 0x04U
#define NOT_DUE INT64_MIN

/** struct ref_parms - of a device, as sysctl(8) shows them */
struct ref_parms {
	struct ref_parms *next;
	int ifindex;
	char dev[16];
	bool outdated;
	s64 reachable_ns; /**< drawn by the net, told by it */
	s64 base_ns, retrans_ns, delay_ns, lock_ns;
	s64 ucast, mcast, app, remcast;
};

enum question { ASK_NOBODY, ASK_ONE, ASK_ALL };

/** struct ref_state - what the reference believes of an entry */
struct ref_state {
	u8 nud, flags, ext;
	u8 ha[8];
	u32 probes;
	s64 confirmed, used, updated;
	s64 due; /**< when its timer fires; NOT_DUE: there is none */
};

struct ref_entry {
	struct ref_entry *next; /**< in its slot */
	struct ref_entry *owing;
	const void *id;
	struct ref_parms *parms;
	u8 key[4], type;
	struct ref_state s;
	struct ref_state before; /**< the update that is under way */
	enum question owed;      /**< must leave before the net rests */
	bool on_owing_list;
	bool newborn, updating, refused;
	int err;     /**< of the update that is under way */
	s64 vouched; /**< a program was about to; NOT_DUE: none was */
};

/** struct ref_arp - the last ARP packet that came in */
struct ref_arp {
	int ifindex; /**< 0: none did */
	bool to_all, reply, garp_like;
	u8 sha[6], sip[4], tip[4];
};

struct nud_ref {
	struct nud_ref_config config;
	struct ref_parms *parms;
	struct ref_entry **slot;
	u32 slots, entries;
	struct ref_entry *owing;
	struct ref_arp arp;
	u8 vouched[4]; /**< the last one that a program vouched for */
	s64 vouched_at;
	bool excused, broken;
	struct nud_ref_count count;
};

/* ------------------------------------------------------------------ words */

static const char *state_word(u8 state)
{
	static const char *const word[] = { "INCOMPLETE", "REACHABLE", "STALE", "DELAY",
					    "PROBE",      "FAILED",    "NOARP", "PERMANENT" };

	for (u32 i = 0; i < 8; i++) {
		if (state == 1U << i)
			return word[i];
	}
	return state ? "several states" : "NONE";
}

__printf(3, 4) static void broken(struct nud_ref *r, const struct ref_entry *e, const char *fmt, ...)
{
	char text[256];
	va_list args;
	int at;

	if (r->broken)
		return;
	r->broken = true; /* what follows from it is not worth telling */
	at = snprintf(text, sizeof(text), "neighbour %u.%u.%u.%u at %s, ", e->key[0], e->key[1], e->key[2], e->key[3],
		      e->parms->dev);
	va_start(args, fmt);
	(void)vsnprintf(text + at, sizeof(text) - (size_t)at, fmt, args);
	va_end(args);
	r->config.broken(r->config.ctx, text);
}

/* ------------------------------------------------------------------ parameters */

static s64 sysctl_number(struct nud_ref *r, const struct ref_parms *p, const char *name)
{
	char key[96], text[32];

	(void)snprintf(key, sizeof(key), "net.ipv4.neigh.%s.%s", p->dev, name);
	return nethood_sysctl_get(r->config.net, key, text, sizeof(text)) > 0 ? strtoll(text, NULL, 10) : 0;
}

static void read_parms(struct nud_ref *r, struct ref_parms *p)
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

static struct ref_parms *parms_of(struct nud_ref *r, int ifindex, const char *dev)
{
	struct ref_parms *p;

	for (p = r->parms; p && (p->ifindex != ifindex || strcmp(p->dev, dev) != 0); p = p->next)
		;
	if (!p) {
		p = calloc(1, sizeof(*p));
		if (!p)
			abort();
		p->ifindex = ifindex;
		(void)snprintf(p->dev, sizeof(p->dev), "%s", dev);
		p->next = r->parms;
		r->parms = p;
		p->outdated = true;
	}
	return p;
}

static void on_parms(struct nud_ref *r, const struct nethood_neigh_event *ev)
{
	struct ref_entry nobody = { .id = NULL };
	s64 drawn = ev->reachable_time_ns;
	struct ref_parms *p;

	if (!ev->ifindex) /* the defaults: no entry lives by them */
		return;
	nobody.parms = p = parms_of(r, ev->ifindex, ev->dev);
	p->outdated = true;
	if (p->reachable_ns == drawn)
		return;
	p->reachable_ns = drawn; /* RFC 4861 10: between half and one and a half of the base that it was drawn for */
	read_parms(r, p);
	if (drawn < p->base_ns / 2 || drawn > p->base_ns + p->base_ns / 2)
		broken(r, &nobody, "reachable time %lld was drawn for a base of %lld", (long long)drawn,
		       (long long)p->base_ns);
}

/* ------------------------------------------------------------------ entries */

static u32 slot_of(const struct nud_ref *r, int ifindex, const u8 *key)
{
	u32 h = (u32)key[3] | (u32)key[2] << 8 | (u32)key[1] << 16 | (u32)key[0] << 24;

	return (h ^ (u32)ifindex * 0x9e3779b9U ^ h >> 15) & (r->slots - 1);
}

static void grow(struct nud_ref *r)
{
	struct ref_entry **old = r->slot;
	u32 count = r->slots;

	r->slots = count ? 2 * count : 16;
	r->slot = calloc(r->slots, sizeof(struct ref_entry *));
	if (!r->slot)
		abort();
	for (u32 i = 0; i < count; i++) {
		for (struct ref_entry *e = old[i], *next; e; e = next) {
			u32 to = slot_of(r, e->parms->ifindex, e->key);

			next = e->next;
			e->next = r->slot[to];
			r->slot[to] = e;
		}
	}
	free(old);
}

/** find() - @id NULL: the youngest one */
static struct ref_entry *find(const struct nud_ref *r, int ifindex, const u8 *key, const void *id)
{
	struct ref_entry *e = r->slots ? r->slot[slot_of(r, ifindex, key)] : NULL;

	while (e && (e->parms->ifindex != ifindex || memcmp(e->key, key, 4) != 0 || (id && e->id != id)))
		e = e->next;
	return e;
}

static void forget(struct nud_ref *r, struct ref_entry *gone)
{
	struct ref_entry **at = &r->slot[slot_of(r, gone->parms->ifindex, gone->key)];

	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	for (at = &r->owing; gone->on_owing_list && *at; at = &(*at)->owing) {
		if (*at == gone) {
			*at = gone->owing;
			break;
		}
	}
	r->entries--;
	free(gone);
}

/* ------------------------------------------------------------------ questions */

static bool must_have_left(const struct nud_ref *r, const struct ref_entry *e)
{
	return e->owed != ASK_NOBODY && !r->excused && r->config.can_send(r->config.ctx, e->parms->ifindex);
}

/* RFC 4861 7.3.3: whom we know, we ask; RFC 4861 7.2.2, RFC 826: for whom we do not know, we ask everybody.  Between
 * the two, user space may be asked (app_solicit): nothing leaves then. */
static void ask(struct nud_ref *r, struct ref_entry *e)
{
	const struct ref_parms *p = e->parms;
	bool unknown = e->s.nud == NUD_INCOMPLETE;
	enum question q = ASK_ALL;

	if (must_have_left(r, e))
		broken(r, e, "a question did not leave, and the next one is due");
	if (e->s.probes < p->ucast)
		q = unknown ? ASK_ALL : ASK_ONE;
	else if (e->s.probes < p->ucast + p->app)
		q = ASK_NOBODY;
	e->owed = q;
	if (q != ASK_NOBODY && !e->on_owing_list) {
		e->owing = r->owing;
		e->on_owing_list = true;
		r->owing = e;
	}
	if (e->s.probes < UINT8_MAX)
		e->s.probes++;
}

static s64 later(s64 now, s64 at)
{
	return at < now + TIMER_FLOOR_NS ? now + TIMER_FLOOR_NS : at;
}

/* ------------------------------------------------------------------ is it as it must be? */

static bool same(struct nud_ref *r, const struct ref_entry *e, const struct nethood_neigh_event *ev, const char *what,
		 s64 is, s64 expected)
{
	if (is != expected)
		broken(r, e, "%s: %s is %lld, not %lld, at %lld in %s", nethood_neigh_event_name(ev->kind), what,
		       (long long)is, (long long)expected, (long long)ev->now_ns, state_word(e->s.nud));
	return is == expected;
}

static void compare(struct nud_ref *r, const struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	const struct ref_state *s = &e->s;

	if (ev->nud_state != s->nud)
		broken(r, e, "%s: is %s, not %s", nethood_neigh_event_name(ev->kind), state_word(ev->nud_state),
		       state_word(s->nud));
	if (memcmp(ev->lladdr, s->ha, sizeof(s->ha)) != 0)
		broken(r, e, "%s: is at ..:%02x:%02x, not at ..:%02x:%02x, in %s", nethood_neigh_event_name(ev->kind),
		       ev->lladdr[4], ev->lladdr[5], s->ha[4], s->ha[5], state_word(s->nud));
	(void)(same(r, e, ev, "the number of probes", ev->probes, s->probes) &&
	       same(r, e, ev, "its flags", ev->flags, s->flags) &&
	       same(r, e, ev, "its extended flags", ev->flags_ext, s->ext) &&
	       same(r, e, ev, "when it was confirmed", ev->confirmed_ns, s->confirmed) &&
	       same(r, e, ev, "when it was used", ev->used_ns, s->used) &&
	       same(r, e, ev, "when it was updated", ev->updated_ns, s->updated));
}

/* What happened to it without an event: packets that needed no question, a program that vouched. */
static void catch_up(struct nud_ref *r, struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	const u8 unasked = NUD_REACHABLE | NUD_NOARP | NUD_PERMANENT | NUD_DELAY | NUD_PROBE;
	s64 now = (s64)ev->now_ns;

	if ((e->s.nud & unasked) && ev->used_ns > e->s.used && ev->used_ns <= now)
		e->s.used = ev->used_ns;
	if (memcmp(r->vouched, e->key, 4) == 0 && r->vouched_at == ev->confirmed_ns)
		e->vouched = r->vouched_at;
	if (e->vouched != NOT_DUE && ev->confirmed_ns == e->vouched)
		e->s.confirmed = e->vouched;
	if (e->s.due != NOT_DUE && now > e->s.due + (s64)r->config.late_ns)
		broken(r, e, "its timer did not fire at %lld, and now it is %lld", (long long)e->s.due, (long long)now);
	if (e->parms->outdated)
		read_parms(r, e->parms);
}

/* ------------------------------------------------------------------ birth and death */

static void on_create(struct nud_ref *r, const struct nethood_neigh_event *ev)
{
	bool needs_no_arp = ev->ifindex == 1 || ev->type == RTN_MULTICAST || ev->type == RTN_BROADCAST;
	struct ref_entry *e;
	u32 slot;

	if (ev->err)
		return;
	e = calloc(1, sizeof(*e));
	if (!e)
		abort();
	if (r->entries >= r->slots)
		grow(r);
	e->id = ev->entry;
	e->parms = parms_of(r, ev->ifindex, ev->dev);
	e->type = ev->type;
	memcpy(e->key, ev->key, sizeof(e->key));
	e->newborn = true;
	e->vouched = NOT_DUE;
	e->s.due = NOT_DUE;
	e->s.nud = needs_no_arp ? NUD_NOARP : NUD_NONE;
	e->s.used = e->s.updated = (s64)ev->now_ns;
	catch_up(r, e, ev);
	e->s.confirmed = e->s.used - 2 * e->parms->base_ns;
	if (needs_no_arp)
		memcpy(e->s.ha, ev->lladdr, sizeof(e->s.ha));
	if (find(r, ev->ifindex, ev->key, NULL))
		broken(r, e, "is there twice");
	slot = slot_of(r, ev->ifindex, ev->key);
	e->next = r->slot[slot];
	r->slot[slot] = e;
	r->entries++;
	compare(r, e, ev);
}

static void on_cleanup(struct nud_ref *r, struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	bool by_gc = strcmp(ev->cause, "garbage collection") == 0, by_device = strcmp(ev->cause, "its device") == 0;

	if (!e->updating)
		compare(r, e, ev);
	if (by_gc && ((e->s.nud & (NUD_PERMANENT | NUD_REACHABLE | NUD_DELAY | NUD_PROBE)) ||
		      (e->s.flags & NTF_EXT_LEARNED) || (e->s.ext & EXT_VALIDATED) || e->parms->ifindex == 1))
		broken(r, e, "%s: is in use, or not to be collected", state_word(e->s.nud));
	if (!by_gc && !by_device && e->s.nud != NUD_FAILED && !e->newborn && !e->refused)
		broken(r, e, "%s: went because of %s", state_word(e->s.nud), ev->cause);
	forget(r, e);
}

/* ------------------------------------------------------------------ use */

static void on_send(struct nud_ref *r, struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	const struct ref_parms *p = e->parms;
	struct ref_state *s = &e->s;
	s64 now = (s64)ev->now_ns;
	bool question = false;

	e->newborn = false;
	s->used = now;
	if (s->nud == NUD_STALE) {
		s->nud = NUD_DELAY;
		s->updated = now;
		s->due = later(now, now + p->delay_ns);
	} else if (s->nud == NUD_NONE || s->nud == NUD_FAILED) {
		s->updated = now;
		if (p->mcast + p->app == 0) {
			s->nud = NUD_FAILED;
		} else {
			s->nud = NUD_INCOMPLETE;
			s->probes = (u8)p->ucast;
			question = ev->packet;
			s->due = question ? later(now, now + p->retrans_ns) : now;
		}
	} else if (s->nud != NUD_INCOMPLETE) {
		broken(r, e, "%s: was asked about without need", state_word(s->nud));
	}
	(void)same(r, e, ev, "does it wait", ev->err, s->nud != NUD_DELAY);
	compare(r, e, ev);
	if (question)
		ask(r, e);
}

/* ------------------------------------------------------------------ time */

static void give_up(struct ref_entry *e, bool keep_if_validated)
{
	e->s.nud = keep_if_validated && (e->s.ext & EXT_VALIDATED) ? NUD_STALE : NUD_FAILED;
	e->s.due = NOT_DUE;
}

/* Return: a question is due. */
static bool time_of_known(struct ref_entry *e, s64 now)
{
	const struct ref_parms *p = e->parms;
	struct ref_state *s = &e->s;

	if (s->nud == NUD_REACHABLE && now < s->confirmed + p->reachable_ns) {
		s->due = later(now, s->confirmed + p->reachable_ns);
		return false;
	}
	s->updated = now;
	if (s->nud == NUD_REACHABLE && now < s->used + p->delay_ns) {
		s->nud = NUD_DELAY;
		s->due = later(now, now + p->delay_ns);
	} else if (s->nud == NUD_REACHABLE) {
		s->nud = NUD_STALE;
		s->due = NOT_DUE;
	} else if (now < s->confirmed + p->delay_ns) {
		s->nud = NUD_REACHABLE;
		s->due = later(now, s->confirmed + p->reachable_ns);
	} else {
		s->probes = 0;
		if (p->ucast + p->app + p->remcast) {
			s->nud = NUD_PROBE;
			return true;
		}
		give_up(e, true);
	}
	return false;
}

static bool time_of_asked(struct ref_entry *e, s64 now)
{
	const struct ref_parms *p = e->parms;
	bool known = e->s.nud == NUD_PROBE;

	if (e->s.probes < p->ucast + p->app + (known ? p->remcast : p->mcast))
		return true;
	e->s.updated = now;
	give_up(e, known);
	return false;
}

static void on_timer(struct nud_ref *r, struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	struct ref_state *s = &e->s;
	s64 now = (s64)ev->now_ns;
	bool question;

	if (s->due == NOT_DUE || now < s->due) {
		broken(r, e, "%s: its timer fired at %lld, and was due at %lld", state_word(s->nud), (long long)now,
		       (long long)s->due);
		return;
	}
	if (s->nud == NUD_REACHABLE || s->nud == NUD_DELAY)
		question = time_of_known(e, now);
	else
		question = time_of_asked(e, now);
	if (question)
		s->due = later(now, now + e->parms->retrans_ns);
	compare(r, e, ev);
	if (question)
		ask(r, e);
}

/* RFC 1122 2.3.2.1 (4): whoever is in use and does not seem to answer is asked at once; not who was heard just now. */
static void on_doubt(struct nud_ref *r, struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	struct ref_state *s = &e->s;
	s64 now = (s64)ev->now_ns;

	if (r->config.profile != NETHOOD_PROFILE_STRICT || !(s->nud & (NUD_REACHABLE | NUD_DELAY)) ||
	    now < s->confirmed + DOUBT_PAUSE_NS)
		broken(r, e, "%s: was doubted", state_word(s->nud));
	s->nud = NUD_PROBE;
	s->probes = 0;
	s->updated = now;
	s->due = later(now, now + e->parms->retrans_ns);
	compare(r, e, ev);
	ask(r, e);
}

/* ------------------------------------------------------------------ news */

static bool is_valid(u8 nud)
{
	return nud & (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY);
}

static bool is_connected(u8 nud)
{
	return nud & (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE);
}

/* ARP's part: what must it have said of this packet?  RFC 826, and Linux's locktime. */
static void check_arp(struct nud_ref *r, const struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	const struct ref_arp *a = &r->arp;
	bool strict = r->config.profile == NETHOOD_PROFILE_STRICT;
	bool override = ev->update_flags & NETHOOD_NEIGH_F_OVERRIDE;
	bool locked = (s64)ev->now_ns <= e->s.updated + e->parms->lock_ns;
	bool garp = a->garp_like && e->type == RTN_UNICAST;
	bool fits = a->ifindex == ev->ifindex && memcmp(a->sip, e->key, 4) == 0 && ev->has_new_lladdr &&
		    memcmp(a->sha, ev->new_lladdr, 6) == 0;
	u8 state = fits && a->reply && !a->to_all ? NUD_REACHABLE : NUD_STALE;

	if (ev->update_flags & ~(u32)NETHOOD_NEIGH_F_OVERRIDE)
		broken(r, e, "a frame came with update flags %#x", ev->update_flags);
	(void)same(r, e, ev, "what ARP makes of it", ev->new_state, state);
	if (!fits) /* one that waited for a proxy's delay */
		return;
	if (!override && (!locked || garp))
		broken(r, e, "ARP did not believe what came after locktime, or gratuitously");
	if (override && locked && !garp && !e->newborn &&
	    (a->reply || strict || (r->config.is_ours && !r->config.is_ours(r->config.ctx, a->tip))))
		broken(r, e, "ARP believed what came within locktime");
}

/* What an administrator's flags say holds for the entry, whatever becomes of its address. */
static void update_flags(struct ref_state *s, u32 flags)
{
	if (!(flags & NETHOOD_NEIGH_F_ADMIN))
		return;
	s->flags = (u8)((s->flags & ~NTF_EXT_LEARNED) | (flags & NETHOOD_NEIGH_F_EXT_LEARNED ? NTF_EXT_LEARNED : 0));
	s->ext = (u8)((flags & NETHOOD_NEIGH_F_MANAGED ? EXT_MANAGED : 0) |
		      (flags & NETHOOD_NEIGH_F_EXT_VALIDATED ? EXT_VALIDATED : 0));
}

static void update_invalid(struct ref_entry *e, u8 new, s64 now)
{
	struct ref_state *s = &e->s;

	if ((s->nud == NUD_INCOMPLETE || s->nud == NUD_PROBE) && new == NUD_FAILED)
		s->updated = now;
	s->due = NOT_DUE;
	s->nud = new == NUD_INCOMPLETE ? NUD_NONE : new; /* and is asked for from there: EVENT_SEND_DONE follows */
}

/* The rules let it through. */
static void update_valid(struct ref_entry *e, const u8 *new_ha, u8 new, bool confirms, s64 now)
{
	struct ref_state *s = &e->s;

	if (confirms)
		s->confirmed = now;
	if (new != s->nud || new_ha)
		s->updated = now;
	if (new != s->nud) {
		s->nud = new;
		s->due = NOT_DUE;
		if (new == NUD_PROBE)
			s->probes = 0;
		if (new &(NUD_INCOMPLETE | NUD_REACHABLE | NUD_DELAY | NUD_PROBE)) {
			s->used = s->used < s->confirmed ? s->confirmed : s->used;
			s->due = new == NUD_REACHABLE ? now + e->parms->reachable_ns : now;
		}
	}
	if (!new_ha)
		return;
	memcpy(s->ha, new_ha, 6);
	if (!is_connected(new))
		s->confirmed = now - 2 * e->parms->base_ns;
}

static void update_known(struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	struct ref_state *s = &e->s;
	u32 flags = ev->update_flags;
	u8 new = ev->new_state;
	bool differs = ev->has_new_lladdr && (!is_valid(s->nud) || memcmp(ev->new_lladdr, s->ha, 6) != 0);
	bool confirms = is_connected(new), router = flags & NETHOOD_NEIGH_F_OVERRIDE_ISROUTER;

	if (is_valid(s->nud) && differs && !(flags & NETHOOD_NEIGH_F_OVERRIDE)) {
		if (!(flags & NETHOOD_NEIGH_F_WEAK_OVERRIDE) || !is_connected(s->nud))
			return;
		differs = confirms = router = false;
		new = NUD_STALE;
	} else if (is_valid(s->nud) && !differs && new == NUD_STALE && !(flags & NETHOOD_NEIGH_F_ADMIN)) {
		new = s->nud; /* nothing that we did not know */
	}
	update_valid(e, differs ? ev->new_lladdr : NULL, new, confirms, (s64)ev->now_ns);
	if (router)
		s->flags = (u8)((s->flags & ~NTF_ROUTER) | (flags & NETHOOD_NEIGH_F_ISROUTER ? NTF_ROUTER : 0));
}

static int update(struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	u32 flags = ev->update_flags;
	bool use = flags & (NETHOOD_NEIGH_F_USE | NETHOOD_NEIGH_F_MANAGED);

	if (!(flags & NETHOOD_NEIGH_F_ADMIN) && (e->s.nud & (NUD_NOARP | NUD_PERMANENT)))
		return -EPERM;
	if (!use && is_valid(ev->new_state) && !ev->has_new_lladdr && !is_valid(e->s.nud) && ev->lladdr_bytes)
		return -EINVAL;
	update_flags(&e->s, flags);
	if (use)
		e->s.nud &= (u8)~NUD_PERMANENT;
	else if (!is_valid(ev->new_state))
		update_invalid(e, ev->new_state, (s64)ev->now_ns);
	else
		update_known(e, ev);
	return 0;
}

static void on_update(struct nud_ref *r, struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	if (e->newborn && (ev->update_flags & NETHOOD_NEIGH_F_ADMIN))
		update_flags(&e->s, ev->update_flags); /* it was born with them */
	compare(r, e, ev);
	if (strcmp(ev->cause, "a frame that came") == 0)
		check_arp(r, e, ev);
	e->newborn = false;
	e->before = e->s;
	e->err = update(e, ev);
	e->updating = true;
}

static void on_update_done(struct nud_ref *r, struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	e->updating = false;
	if (ev->err == -ENOBUFS && r->excused) {
		e->s = e->before;
		e->err = ev->err;
	}
	e->refused = ev->err != 0;
	(void)same(r, e, ev, "the error", ev->err, e->err);
	compare(r, e, ev);
}

/* ------------------------------------------------------------------ what the net tells */

static void on_dead(struct nud_ref *r, const struct nethood_neigh_event *ev)
{
	struct ref_entry gone = { .parms = parms_of(r, ev->ifindex, ev->dev) };

	memcpy(gone.key, ev->key, sizeof(gone.key));
	if (ev->kind == NETHOOD_NEIGH_EVENT_SEND_DONE || ev->kind == NETHOOD_NEIGH_TIMER_HANDLER)
		broken(r, &gone, "is gone, and %s", nethood_neigh_event_name(ev->kind));
}

static void on_event(void *ctx, const struct nethood_neigh_event *ev)
{
	static void (*const on[])(struct nud_ref * r, struct ref_entry * e, const struct nethood_neigh_event *ev) = {
		[NETHOOD_NEIGH_UPDATE] = on_update,       [NETHOOD_NEIGH_UPDATE_DONE] = on_update_done,
		[NETHOOD_NEIGH_TIMER_HANDLER] = on_timer, [NETHOOD_NEIGH_EVENT_SEND_DONE] = on_send,
		[NETHOOD_NEIGH_EVENT_SEND_DEAD] = NULL,   [NETHOOD_NEIGH_CLEANUP_AND_RELEASE] = on_cleanup,
		[NETHOOD_NEIGH_DOUBT] = on_doubt,
	};
	struct nud_ref *r = ctx;
	struct ref_entry *e;

	r->count.events++;
	if (ev->family != AF_INET || r->broken)
		return;
	if (ev->kind == NETHOOD_NEIGH_PARMS) {
		on_parms(r, ev);
		return;
	}
	if (ev->kind == NETHOOD_NEIGH_CREATE) {
		on_create(r, ev);
		return;
	}
	e = find(r, ev->ifindex, ev->key, ev->entry);
	if (!e || !on[ev->kind]) {
		on_dead(r, ev);
		return;
	}
	catch_up(r, e, ev);
	on[ev->kind](r, e, ev);
}

/* ------------------------------------------------------------------ what the wire shows */

#define ARP_AT 14U
#define ARP_BYTES 28U

static bool is_arp(const u8 *frame, u32 len_bytes)
{
	static const u8 begin[] = { 8, 0, 6, 4, 0 };

	return len_bytes >= ARP_AT + ARP_BYTES && frame[12] == 8 && frame[13] == 6 &&
	       memcmp(frame + ARP_AT + 2, begin, sizeof(begin)) == 0;
}

void nud_ref_frame_out(struct nud_ref *r, int ifindex, const u8 *frame, u32 len_bytes)
{
	const u8 *sip = frame + ARP_AT + 14, *tip = frame + ARP_AT + 24;
	static const u8 nobody[4];
	struct ref_entry *e, stranger = { .next = NULL };
	bool to_all = frame[0] & 1;

	if (r->broken || !is_arp(frame, len_bytes) || frame[ARP_AT + 7] != 1)
		return;
	r->count.questions++;
	e = find(r, ifindex, tip, NULL);
	if (e && e->owed == (to_all ? ASK_ALL : ASK_ONE)) {
		if (!to_all && memcmp(frame, e->s.ha, 6) != 0)
			broken(r, e, "was asked at ..:%02x:%02x, and is not there", frame[4], frame[5]);
		e->owed = ASK_NOBODY;
		return;
	}
	if (memcmp(sip, nobody, 4) == 0 || memcmp(sip, tip, 4) == 0) /* about an address of its own: RFC 5227 */
		return;
	if (!e) {
		memcpy(stranger.key, tip, 4);
		stranger.parms = parms_of(r, ifindex, "?");
		if (!r->excused)
			broken(r, &stranger, "nobody knows it, and it was asked for");
		return;
	}
	broken(r, e, "%s: was asked by %s, which was not due", state_word(e->s.nud), to_all ? "broadcast" : "unicast");
}

void nud_ref_frame_in(struct nud_ref *r, int ifindex, const u8 *frame, u32 len_bytes)
{
	const u8 *arp = frame + ARP_AT;
	struct ref_arp *a = &r->arp;
	static const u8 all[6] = { 255, 255, 255, 255, 255, 255 };

	if (!is_arp(frame, len_bytes))
		return;
	a->ifindex = ifindex;
	a->to_all = frame[0] & 1;
	a->reply = arp[7] == 2;
	memcpy(a->sha, arp + 8, 6);
	memcpy(a->sip, arp + 14, 4);
	memcpy(a->tip, arp + 24, 4);
	a->garp_like = memcmp(a->sip, a->tip, 4) == 0 &&
		       (!a->reply || memcmp(arp + 18, a->sha, 6) == 0 ||
			(r->config.profile == NETHOOD_PROFILE_STRICT && memcmp(arp + 18, all, 6) == 0));
}

void nud_ref_confirmed(struct nud_ref *r, const u8 *addr, u64 now_ns)
{
	memcpy(r->vouched, addr, sizeof(r->vouched));
	r->vouched_at = (s64)now_ns;
	for (const struct ref_parms *p = r->parms; p; p = p->next) {
		struct ref_entry *e = find(r, p->ifindex, addr, NULL);

		if (e)
			e->vouched = r->vouched_at;
	}
}

void nud_ref_excuse(struct nud_ref *r, bool on)
{
	r->excused = on;
}

void nud_ref_late(struct nud_ref *r, u64 late_ns)
{
	r->config.late_ns = late_ns;
}

void nud_ref_settle(struct nud_ref *r)
{
	struct ref_entry *e;

	while ((e = r->owing)) {
		r->owing = e->owing;
		e->on_owing_list = false;
		if (must_have_left(r, e))
			broken(r, e, "%s: must be asked by %s, and no question left", state_word(e->s.nud),
			       e->owed == ASK_ALL ? "broadcast" : "unicast");
		e->owed = ASK_NOBODY;
	}
}

void nud_ref_check(struct nud_ref *r, u64 now_ns)
{
	for (u32 i = 0; i < r->slots; i++) {
		for (const struct ref_entry *e = r->slot[i]; e; e = e->next) {
			if (e->s.due != NOT_DUE && (s64)now_ns > e->s.due + (s64)r->config.late_ns)
				broken(r, e, "%s: its timer did not fire at %lld, and now it is %lld",
				       state_word(e->s.nud), (long long)e->s.due, (long long)now_ns);
		}
	}
}

struct nud_ref_count nud_ref_count(const struct nud_ref *r)
{
	return r->count;
}

/* ------------------------------------------------------------------ life */

struct nud_ref *nud_ref_create(const struct nud_ref_config *config)
{
	struct nud_ref *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->vouched_at = NOT_DUE;
	r->config = *config;
	grow(r);
	nethood_on_neigh_event(config->net, on_event, r);
	return r;
}

void nud_ref_destroy(struct nud_ref *r)
{
	if (!r)
		return;
	for (u32 i = 0; i < r->slots; i++) {
		while (r->slot[i])
			forget(r, r->slot[i]);
	}
	while (r->parms) {
		struct ref_parms *next = r->parms->next;

		free(r->parms);
		r->parms = next;
	}
	free(r->slot);
	free(r);
}
