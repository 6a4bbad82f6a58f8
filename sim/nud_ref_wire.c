// SPDX-License-Identifier: BSD-2-Clause
/* What the reference sees on the wire: questions that leave, and what comes of answers.
 *
 * Reading order: nud_ref_frame_out(), nud_ref_frame_in(), ref_check_news().
 */
#include <linux/rtnetlink.h>
#include <string.h>

#include "ip6_frame.h"
#include "nud_ref_internal.h"

#define ETH_BYTES 14U
#define ARP_BYTES 28U
#define ND_BYTES 24U
#define REDIRECT_BYTES 40U

enum { RS = 133, RA, NS, NA, REDIRECT };
enum { OPT_SOURCE = 1, OPT_TARGET = 2 };
enum { NA_ROUTER = 0x80, NA_SOLICITED = 0x40, NA_OVERRIDE = 0x20 };

/* ------------------------------------------------------------------ what a frame is */

static bool is_arp(const u8 *frame, u32 len_bytes)
{
	static const u8 begin[] = { 8, 0, 6, 4, 0 };

	return len_bytes >= ETH_BYTES + ARP_BYTES && frame[12] == 8 && frame[13] == 6 &&
	       memcmp(frame + ETH_BYTES + 2, begin, sizeof(begin)) == 0;
}

static bool is_ip4(const u8 *frame, u32 len_bytes)
{
	return len_bytes >= ETH_BYTES + 20 && frame[12] == 8 && frame[13] == 0;
}

static bool is_ip6(const u8 *frame, u32 len_bytes)
{
	return len_bytes >= ETH_BYTES + IP6_HEADER_BYTES && frame[12] == 0x86 && frame[13] == 0xdd;
}

static bool is_tcp(const u8 *frame, u32 len_bytes)
{
	struct ip6_view v;

	if (is_ip4(frame, len_bytes))
		return len_bytes >= ETH_BYTES + 40 && frame[ETH_BYTES + 9] == IP6_TCP;
	return ip6_view(frame, len_bytes, &v) && v.protocol == IP6_TCP;
}

/** is_nd() - a message of Neighbour Discovery with a target, or of a router */
static bool is_nd(const u8 *frame, u32 len_bytes, struct ip6_view *v)
{
	return ip6_view(frame, len_bytes, v) && v->protocol == IP6_ICMP && !v->fragment && v->hop_limit == 255 &&
	       v->upper_bytes >= 8 && v->upper[0] >= RS && v->upper[0] <= REDIRECT && ip6_upper_sum(v) == 0xffff;
}

/* ------------------------------------------------------------------ what leaves */

/* RFC 4861 7.2.2, 7.3.3: a packet goes to an address that is known, and to no other. */
static void packet_out(struct nud_ref *r, u8 family, int ifindex, const u8 *frame, const u8 *dst)
{
	struct ref_entry to = { .parms = NULL };

	for (to.parms = r->parms; to.parms && (to.parms->ifindex != ifindex || to.parms->family != family);
	     to.parms = to.parms->next)
		;
	if (!to.parms || ref_is_there(r, to.parms, dst, frame))
		return;
	memcpy(to.key, dst, ref_key_bytes(family));
	ref_broken(r, &to, "a packet to it left for ..:%02x:%02x, where nobody may be sent to", frame[4], frame[5]);
}

static void question_out(struct nud_ref *r, u8 family, int ifindex, const u8 *frame, const u8 *target, bool about_own)
{
	struct ref_entry *e = ref_find(r, family, ifindex, target, NULL), stranger = { .next = NULL };
	bool to_all = frame[0] & 1;

	r->count.questions++;
	if (e && e->owed == (to_all ? ASK_ALL : ASK_ONE)) {
		if (!to_all && memcmp(frame, e->s.ha, 6) != 0)
			ref_broken(r, e, "was asked at ..:%02x:%02x, and is not there", frame[4], frame[5]);
		e->owed = ASK_NOBODY;
		return;
	}
	if (about_own)
		return;
	if (!e) {
		memcpy(stranger.key, target, ref_key_bytes(family));
		stranger.parms = ref_parms_of(r, family, ifindex, "?");
		if (!r->excused)
			ref_broken(r, &stranger, "nobody knows it, and it was asked for");
		return;
	}
	ref_broken(r, e, "%s: was asked by %s, which was not due", ref_state_word(e->s.nud),
		   to_all ? ref_all_word(family) : "unicast");
}

void nud_ref_frame_out(struct nud_ref *r, u64 now_ns, int ifindex, const u8 *frame, u32 len_bytes)
{
	const u8 *sip = frame + ETH_BYTES + 14, *tip = frame + ETH_BYTES + 24;
	static const u8 nobody[4];
	bool to_all = frame[0] & 1;
	struct ip6_view v;

	if (!r->broken && !to_all && is_ip4(frame, len_bytes))
		packet_out(r, AF_INET, ifindex, frame, frame + ETH_BYTES + 16);
	if (!r->broken && !to_all && is_ip6(frame, len_bytes))
		packet_out(r, AF_INET6, ifindex, frame, frame + ETH_BYTES + 24);
	if (is_tcp(frame, len_bytes))
		ref_segment_left(r, (s64)now_ns, frame);
	if (r->broken)
		return;
	if (is_arp(frame, len_bytes) && frame[ETH_BYTES + 7] == 1) /* RFC 5227: about an address of its own */
		question_out(r, AF_INET, ifindex, frame, tip, memcmp(sip, nobody, 4) == 0 || memcmp(sip, tip, 4) == 0);
	else if (is_nd(frame, len_bytes, &v) && v.upper[0] == NS && v.upper_bytes >= ND_BYTES &&
		 !ip6_is_any(v.src)) /* RFC 4862 5.4: from nobody, about an address of its own */
		question_out(r, AF_INET6, ifindex, frame, v.upper + 8, false);
}

/* ------------------------------------------------------------------ what comes */

static void arp_in(struct nud_ref *r, int ifindex, const u8 *frame)
{
	static const u8 all[6] = { 255, 255, 255, 255, 255, 255 };
	const u8 *arp = frame + ETH_BYTES;
	struct ref_arp *a = &r->arp;

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

static u32 nd_fixed_bytes(u8 type)
{
	return type == RS ? 8 : type == RA ? 16 : type == REDIRECT ? REDIRECT_BYTES : ND_BYTES;
}

static void nd_in(struct nud_ref *r, int ifindex, const struct ip6_view *v)
{
	u8 type = v->upper[0], wanted = type == NA || type == REDIRECT ? OPT_TARGET : OPT_SOURCE;
	u32 at = nd_fixed_bytes(type), bytes;
	struct ref_nd *nd = &r->nd;

	*nd = (struct ref_nd){ .ifindex = v->upper_bytes >= at ? ifindex : 0, .type = type, .flags = v->upper[4] };
	memcpy(nd->about, type == NA || type == REDIRECT ? v->upper + 8 : v->src, v->upper_bytes >= at ? 16 : 0);
	nd->host = type == REDIRECT && v->upper_bytes >= at && ip6_same(v->upper + 8, v->upper + 24);
	for (; at + 8 <= v->upper_bytes && !nd->has_ha; at += bytes) { /* the first of them counts */
		bytes = v->upper[at + 1] * 8U;
		if (!bytes)
			return;
		nd->has_ha = v->upper[at] == wanted;
		memcpy(nd->ha, v->upper + at + 2, sizeof(nd->ha));
	}
}

void nud_ref_frame_in(struct nud_ref *r, u64 now_ns, int ifindex, const u8 *frame, u32 len_bytes)
{
	struct ip6_view v;

	if (is_tcp(frame, len_bytes) && r->tcp_came_at == NOT_DUE)
		r->tcp_came_at = (s64)now_ns;
	r->nd.ifindex = 0;
	if (is_arp(frame, len_bytes))
		arp_in(r, ifindex, frame);
	else if (is_nd(frame, len_bytes, &v))
		nd_in(r, ifindex, &v);
	if (r->nd.ifindex && r->nd.type == REDIRECT) /* one that is believed vouches for the router that sent it */
		nud_ref_confirmed(r, now_ns);
}

/* ------------------------------------------------------------------ what the net made of it */

/* ARP's part: what must it have said of this packet?  RFC 826, and Linux's locktime. */
static void check_arp(struct nud_ref *r, const struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	const struct ref_arp *a = &r->arp;
	bool strict = r->config.profile == NETHOOD_PROFILE_STRICT;
	bool override = ev->update_flags & NETHOOD_NEIGH_F_OVERRIDE;
	bool locked = (s64)ev->now_ns <= e->s.updated + e->parms->lock_ns;
	/* Nobody announces an address of ours, or all of them; what is ours may have changed since the entry was made. */
	bool garp = a->garp_like && e->type == RTN_UNICAST && r->config.is_ours &&
		    !r->config.is_ours(r->config.ctx, e->key);
	bool fits = a->ifindex == ev->ifindex && memcmp(a->sip, e->key, 4) == 0 && ev->has_new_lladdr &&
		    memcmp(a->sha, ev->new_lladdr, 6) == 0;
	u8 state = fits && a->reply && !a->to_all ? NUD_REACHABLE : NUD_STALE;

	if (ev->update_flags & ~(u32)NETHOOD_NEIGH_F_OVERRIDE)
		ref_broken(r, e, "a frame came with update flags %#x", ev->update_flags);
	(void)ref_same(r, e, ev, "what ARP makes of it", ev->new_state, state);
	if (!fits) /* one that waited for a proxy's delay */
		return;
	if (!override && (!locked || garp))
		ref_broken(r, e, "ARP did not believe what came after locktime, or gratuitously");
	if (override && locked && !a->garp_like && !e->newborn &&
	    (a->reply || strict || (r->config.is_ours && !r->config.is_ours(r->config.ctx, a->tip))))
		ref_broken(r, e, "ARP believed what came within locktime");
}

/** nd_flags() - RFC 4861 6.2.6, 6.3.4, 7.2.3, 7.2.5, 8.3: what the message says of its sender, or its target */
static u32 nd_flags(const struct ref_nd *nd)
{
	u32 router = NETHOOD_NEIGH_F_OVERRIDE_ISROUTER | NETHOOD_NEIGH_F_ISROUTER;

	switch (nd->type) {
	case NS:
		return NETHOOD_NEIGH_F_OVERRIDE;
	case RS: /* who looks for routers is none */
		return NETHOOD_NEIGH_F_OVERRIDE | NETHOOD_NEIGH_F_OVERRIDE_ISROUTER;
	case RA:
		return NETHOOD_NEIGH_F_OVERRIDE | router;
	case REDIRECT:
		return NETHOOD_NEIGH_F_OVERRIDE | (nd->host ? 0 : router);
	default:
		return NETHOOD_NEIGH_F_OVERRIDE_ISROUTER | (nd->flags & NA_ROUTER ? (u32)NETHOOD_NEIGH_F_ISROUTER : 0) |
		       (nd->flags & NA_OVERRIDE ? (u32)NETHOOD_NEIGH_F_OVERRIDE : 0);
	}
}

/* ND's part: what must it have said of this message? */
static void check_nd(struct nud_ref *r, const struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	bool strict = r->config.profile == NETHOOD_PROFILE_STRICT;
	struct ref_nd nd = r->nd;
	u8 state = NUD_STALE;

	if (nd.ifindex != ev->ifindex) /* a question that waited for a proxy's delay */
		nd = (struct ref_nd){ .ifindex = ev->ifindex, .type = NS, .has_ha = ev->has_new_lladdr };
	else if (!ip6_same(nd.about, e->key))
		ref_broken(r, e, "a message about another changed it");
	else if (ev->has_new_lladdr != nd.has_ha || (nd.has_ha && memcmp(nd.ha, ev->new_lladdr, sizeof(nd.ha)) != 0))
		ref_broken(r, e, "ND takes another address than the message's");
	if (nd.type == NA && (nd.flags & NA_SOLICITED))
		state = NUD_REACHABLE;
	/* RFC 9131: who was not known was not asked; and in strict only who was asked for another address may answer */
	if (e->newborn || (strict && ev->new_state == NUD_STALE))
		state = NUD_STALE;
	(void)ref_same(r, e, ev, "what ND makes of it", ev->new_state, state);
	(void)ref_same(r, e, ev, "its update flags", ev->update_flags, NETHOOD_NEIGH_F_WEAK_OVERRIDE | nd_flags(&nd));
}

void ref_check_news(struct nud_ref *r, const struct ref_entry *e, const struct nethood_neigh_event *ev)
{
	if (ev->family == AF_INET)
		check_arp(r, e, ev);
	else
		check_nd(r, e, ev);
}
