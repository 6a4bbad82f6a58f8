// SPDX-License-Identifier: BSD-2-Clause
/* The reference: what must become of a neighbour.
 *
 * Reading order: struct ref_entry, on_create(), on_send(), on_timer(), on_update(), nud_ref_hear(); then the frames, in
 * nud_ref_wire.c.
 */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "nud_ref_internal.h"

#define TIMER_FLOOR_NS (10 * MSEC_NS) /* no timer is moved to less than that from now */
#define DOUBT_PAUSE_NS (100 * MSEC_NS)
#define EXT_MANAGED 0x01U
#define EXT_VALIDATED 0x04U

/* ------------------------------------------------------------------ parameters */

static void on_parms(struct nud_ref *r, const struct nethood_neigh_event *ev)
{
	struct ref_entry nobody = { .id = NULL };
	s64 drawn = ev->reachable_time_ns;
	struct ref_parms *p;

	if (!ev->ifindex) /* the defaults: no entry lives by them */
		return;
	nobody.parms = p = ref_parms_of(r, ev->family, ev->ifindex, ev->dev);
	p->outdated = true;
	if (p->reachable_ns == drawn)
		return;
	p->reachable_ns = drawn; /* RFC 4861 10: between half and one and a half of the base that it was drawn for */
	ref_read_parms(r, p);
	if (drawn < p->base_ns / 2 || drawn > p->base_ns + p->base_ns / 2)
		ref_broken(r, &nobody, "reachable time %lld was drawn for a base of %lld", (long long)drawn,
			   (long long)p->base_ns);
}

/* ------------------------------------------------------------------ questions */

static bool must_have_left(const struct nud_ref *r, const struct ref_entry *e)
{
	if (r->no_room && e->owed == ASK_ALL && e->parms->family == AF_INET6)
		return false; /* the group that is asked has an entry of its own, or would have */
	return e->owed != ASK_NOBODY && !e->unable && !r->excused &&
	       r->config.can_send(r->config.ctx, e->parms->ifindex);
}

/* RFC 4861 7.3.3: whom we know, we ask; RFC 4861 7.2.2, RFC 826: for whom we do not know, we ask everybody.  Between
 * the two, user space may be asked (app_solicit): nothing leaves then. */
static void ask(struct nud_ref *r, struct ref_entry *e)
{
	const struct ref_parms *p = e->parms;
	bool unknown = e->s.nud == NUD_INCOMPLETE;
	enum question q = ASK_ALL;

	if (must_have_left(r, e))
		ref_broken(r, e, "a question did not leave, and the next one is due");
	if (e->s.probes < p->ucast)
		q = unknown ? ASK_ALL : ASK_ONE;
	else if (e->s.probes < p->ucast + p->app)
		q = ASK_NOBODY;
	e->owed = q;
	e->unable = e->parms->family == AF_INET6 && r->config.can_ask6 &&
		    !r->config.can_ask6(r->config.ctx, e->parms->ifindex);
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

bool ref_same(struct nud_ref *r, const struct ref_entry *e, const struct nethood_neigh_event *ev, const char *what,
	      s64 is, s64 expected)
{
	if (is != expected)
		ref_broken(r, e, "%s: %s is %lld, not %lld, at %lld in %s", nethood_neigh_event_name(ev->kind), what,
			   (long long)is, (long long)expected, (long long)ev->now_ns, ref_state_word(e->s.nud));
	return is == expected;
}

/* A default route that a router's advertisement makes marks it as a router, in any state, and there is no event for that. */
static bool marked_router(const struct nethood_neigh_event *ev, const struct ref_state *s)
{
	return ev->family == AF_INET6 && ev->flags == (s->flags | NTF_ROUTER);
}

static void compare(struct nud_ref *r, struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	struct ref_state *s = &e->s;

	if (marked_router(ev, s))
		s->flags |= NTF_ROUTER;
	if (ev->nud_state != s->nud)
		ref_broken(r, e, "%s: is %s, not %s", nethood_neigh_event_name(ev->kind), ref_state_word(ev->nud_state),
			   ref_state_word(s->nud));
	if (memcmp(ev->lladdr, s->ha, sizeof(s->ha)) != 0)
		ref_broken(r, e, "%s: is at ..:%02x:%02x, not at ..:%02x:%02x, in %s",
			   nethood_neigh_event_name(ev->kind), ev->lladdr[4], ev->lladdr[5], s->ha[4], s->ha[5],
			   ref_state_word(s->nud));
	(void)(ref_same(r, e, ev, "the number of probes", ev->probes, s->probes) &&
	       ref_same(r, e, ev, "its flags", ev->flags, s->flags) &&
	       ref_same(r, e, ev, "its extended flags", ev->flags_ext, s->ext) &&
	       ref_same(r, e, ev, "when it was confirmed", ev->confirmed_ns, s->confirmed) &&
	       ref_same(r, e, ev, "when it was used", ev->used_ns, s->used) &&
	       ref_same(r, e, ev, "when it was updated", ev->updated_ns, s->updated));
}

/* RFC 4861 7.3.1: a connection that hears an ACK vouches for its next hop with the next segment that it sends there.  That
 * segment has left, or leaves after this event, or never leaves, where devices or memory are at fault. */
static bool tcp_vouched(const struct nud_ref *r, const struct ref_entry *e, s64 at, s64 now)
{
	u32 kept = r->segment_count < REF_SEGMENTS ? r->segment_count : REF_SEGMENTS;

	if (r->tcp_came_at > at)
		return false;
	for (u32 i = 1; i <= kept; i++) {
		const struct ref_segment *s = &r->segment[(r->segment_count - i) % REF_SEGMENTS];

		if (s->at == at && memcmp(s->ha, e->s.ha, sizeof(s->ha)) == 0)
			return true;
	}
	return at == now || r->excused || r->slow;
}

/* What happened to it without an event: packets that needed no question, a program that vouched. */
static void catch_up(struct nud_ref *r, struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	const u8 unasked = NUD_REACHABLE | NUD_NOARP | NUD_PERMANENT | NUD_DELAY | NUD_PROBE;
	s64 now = (s64)ev->now_ns;

	if ((e->s.nud & unasked) && ev->used_ns > e->s.used && ev->used_ns <= now)
		e->s.used = ev->used_ns;
	for (u32 i = 0; i < REF_VOUCHES && ev->confirmed_ns > e->s.confirmed; i++) {
		if (r->vouched_at[i] == ev->confirmed_ns)
			e->s.confirmed = ev->confirmed_ns;
	}
	if (ev->confirmed_ns > e->s.confirmed && tcp_vouched(r, e, ev->confirmed_ns, now))
		e->s.confirmed = ev->confirmed_ns;
	if (e->s.due != NOT_DUE && now > e->s.due + (s64)r->config.late_ns)
		ref_broken(r, e, "its timer did not fire at %lld, and now it is %lld", (long long)e->s.due,
			   (long long)now);
	if (e->parms->outdated)
		ref_read_parms(r, e->parms);
}

/* ------------------------------------------------------------------ birth and death */

static void on_create(struct nud_ref *r, const struct nethood_neigh_event *ev)
{
	bool needs_no_arp = ev->ifindex == 1 || ev->type == RTN_MULTICAST || ev->type == RTN_BROADCAST;
	struct ref_entry *e;
	bool twice;

	if (ev->err) {
		r->no_room |= ev->family == AF_INET6;
		return;
	}
	twice = ref_find(r, ev->family, ev->ifindex, ev->key, NULL) != NULL;
	e = ref_add(r, ref_parms_of(r, ev->family, ev->ifindex, ev->dev), ev->key, ev->entry);
	e->type = ev->type;
	e->newborn = true;
	e->s.due = NOT_DUE;
	e->s.nud = needs_no_arp ? NUD_NOARP : NUD_NONE;
	e->s.used = e->s.updated = (s64)ev->now_ns;
	catch_up(r, e, ev);
	e->s.confirmed = e->s.used - 2 * e->parms->base_ns;
	if (needs_no_arp)
		memcpy(e->s.ha, ev->lladdr, sizeof(e->s.ha));
	if (twice)
		ref_broken(r, e, "is there twice");
	compare(r, e, ev);
}

static void on_cleanup(struct nud_ref *r, struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	bool by_gc = strcmp(ev->cause, "garbage collection") == 0, by_device = strcmp(ev->cause, "its device") == 0;

	if (!e->updating)
		compare(r, e, ev);
	if (by_gc && ((e->s.nud & (NUD_PERMANENT | NUD_REACHABLE | NUD_DELAY | NUD_PROBE)) ||
		      (e->s.flags & NTF_EXT_LEARNED) || (e->s.ext & EXT_VALIDATED) || e->parms->ifindex == 1))
		ref_broken(r, e, "%s: is in use, or not to be collected", ref_state_word(e->s.nud));
	if (!by_gc && !by_device && e->s.nud != NUD_FAILED && !e->newborn && !e->refused)
		ref_broken(r, e, "%s: went because of %s", ref_state_word(e->s.nud), ev->cause);
	ref_forget(r, e);
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
		ref_broken(r, e, "%s: was asked about without need", ref_state_word(s->nud));
	}
	(void)ref_same(r, e, ev, "does it wait", ev->err, s->nud != NUD_DELAY);
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
		ref_broken(r, e, "%s: its timer fired at %lld, and was due at %lld", ref_state_word(s->nud),
			   (long long)now, (long long)s->due);
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
		ref_broken(r, e, "%s: was doubted", ref_state_word(s->nud));
	s->nud = NUD_PROBE;
	s->probes = 0;
	s->updated = now;
	s->due = later(now, now + e->parms->retrans_ns);
	compare(r, e, ev);
	ask(r, e);
}

/* ------------------------------------------------------------------ news */

static bool is_connected(u8 nud)
{
	return nud & (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE);
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
	bool differs = ev->has_new_lladdr && (!ref_is_valid(s->nud) || memcmp(ev->new_lladdr, s->ha, 6) != 0);
	bool confirms = is_connected(new), router = flags & NETHOOD_NEIGH_F_OVERRIDE_ISROUTER;

	if (ref_is_valid(s->nud) && differs && !(flags & NETHOOD_NEIGH_F_OVERRIDE)) {
		if (!(flags & NETHOOD_NEIGH_F_WEAK_OVERRIDE) || !is_connected(s->nud))
			return;
		differs = confirms = router = false;
		new = NUD_STALE;
	} else if (ref_is_valid(s->nud) && !differs && new == NUD_STALE && !(flags & NETHOOD_NEIGH_F_ADMIN)) {
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
	if (!use && ref_is_valid(ev->new_state) && !ev->has_new_lladdr && !ref_is_valid(e->s.nud) && ev->lladdr_bytes)
		return -EINVAL;
	update_flags(&e->s, flags);
	if (use)
		e->s.nud &= (u8)~NUD_PERMANENT;
	else if (!ref_is_valid(ev->new_state))
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
		ref_check_news(r, e, ev);
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
	(void)ref_same(r, e, ev, "the error", ev->err, e->err);
	compare(r, e, ev);
}

/* ------------------------------------------------------------------ what the net tells */

static void on_dead(struct nud_ref *r, const struct nethood_neigh_event *ev)
{
	struct ref_entry gone = { .parms = ref_parms_of(r, ev->family, ev->ifindex, ev->dev) };

	memcpy(gone.key, ev->key, sizeof(gone.key));
	if (ev->kind == NETHOOD_NEIGH_EVENT_SEND_DONE || ev->kind == NETHOOD_NEIGH_TIMER_HANDLER)
		ref_broken(r, &gone, "is gone, and %s", nethood_neigh_event_name(ev->kind));
}

void nud_ref_hear(void *ctx, const struct nethood_neigh_event *ev)
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
	if ((ev->family != AF_INET && ev->family != AF_INET6) || r->broken)
		return;
	if (ev->kind == NETHOOD_NEIGH_PARMS) {
		on_parms(r, ev);
		return;
	}
	if (ev->kind == NETHOOD_NEIGH_CREATE) {
		on_create(r, ev);
		return;
	}
	e = ref_find(r, ev->family, ev->ifindex, ev->key, ev->entry);
	if (!e || !on[ev->kind]) {
		on_dead(r, ev);
		return;
	}
	catch_up(r, e, ev);
	on[ev->kind](r, e, ev);
}

/* ------------------------------------------------------------------ what else it is told */

void nud_ref_confirmed(struct nud_ref *r, u64 now_ns)
{
	r->vouched_at[r->vouch_count++ % REF_VOUCHES] = (s64)now_ns;
}

void nud_ref_excuse(struct nud_ref *r, bool on)
{
	r->excused = on;
	r->slow |= on; /* a segment that vouched, and found no memory further down */
}

void nud_ref_slow(struct nud_ref *r)
{
	r->slow = true;
}

void nud_ref_late(struct nud_ref *r, u64 late_ns)
{
	r->config.late_ns = late_ns;
}

void nud_ref_settle(struct nud_ref *r)
{
	struct ref_entry *e;

	r->nd.ifindex = 0; /* what came is done with */
	while ((e = r->owing)) {
		r->owing = e->owing;
		e->on_owing_list = false;
		if (must_have_left(r, e))
			ref_broken(r, e, "%s: must be asked by %s, and no question left", ref_state_word(e->s.nud),
				   e->owed == ASK_ALL ? ref_all_word(e->parms->family) : "unicast");
		e->owed = ASK_NOBODY;
	}
	r->no_room = false;
}

void nud_ref_check(struct nud_ref *r, u64 now_ns)
{
	for (u32 i = 0; i < r->slots; i++) {
		for (const struct ref_entry *e = r->slot[i]; e; e = e->next) {
			if (e->s.due != NOT_DUE && (s64)now_ns > e->s.due + (s64)r->config.late_ns)
				ref_broken(r, e, "%s: its timer did not fire at %lld, and now it is %lld",
					   ref_state_word(e->s.nud), (long long)e->s.due, (long long)now_ns);
		}
	}
}

struct nud_ref_count nud_ref_count(const struct nud_ref *r)
{
	return r->count;
}

u8 nud_ref_state(const struct nud_ref *r, int ifindex, const u8 *addr)
{
	const struct ref_entry *e = ref_find(r, AF_INET, ifindex, addr, NULL);

	return e ? e->s.nud : NUD_NONE;
}
