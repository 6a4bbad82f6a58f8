// SPDX-License-Identifier: BSD-2-Clause
/* What a host may not say in ICMPv6.
 *
 * Reading order: nd_witness_out(), the functions of each message, nd_witness_in().
 */
#include "nd_witness.h"

#include <string.h>

#define ANSWER_NS 5000000000ULL /* RFC 4861 7.2.7, 7.2.8: an answer may wait, for a proxy or an anycast address */
#define ERROR_MAX_BYTES 1280U   /* RFC 4443 2.4 (c) */
#define NONCE_BYTES 6U

enum {
	UNREACH = 1,
	TOO_BIG,
	TIME,
	PARAM,
	ECHO = 128,
	QUERY = 130,
	REPORT1,
	DONE,
	RS,
	RA,
	NS,
	NA,
	REDIRECT,
	REPORT2 = 143
};
enum { OPT_SOURCE = 1, OPT_TARGET = 2, OPT_NONCE = 14 };
enum { FLAG_ROUTER = 0x80, FLAG_SOLICITED = 0x40 };

static const u8 all_nodes[16] = { 0xff, 2, [15] = 1 };
static const u8 all_routers[16] = { 0xff, 2, [15] = 2 };
static const u8 all_mldv2[16] = { 0xff, 2, [15] = 0x16 };

static bool is_solicited_node(const u8 *group, const u8 *addr)
{
	static const u8 begin[13] = { 0xff, 2, [11] = 1, 0xff };

	return memcmp(group, begin, sizeof(begin)) == 0 && memcmp(group + 13, addr + 13, 3) == 0;
}

/* ------------------------------------------------------------------ options */

/** struct options - RFC 4861 4.6 */
struct options {
	const u8 *source, *target, *nonce; /**< values; NULL: none */
	bool broken;
};

static struct options read_options(const struct ip6_view *v, u32 at)
{
	struct options o = { .broken = v->upper_bytes < at };

	while (!o.broken && at < v->upper_bytes) {
		const u8 *p = v->upper + at;
		u32 bytes = at + 2 <= v->upper_bytes ? p[1] * 8U : 0;

		if (!bytes || bytes > v->upper_bytes - at) {
			o.broken = true;
			break;
		}
		if (p[0] == OPT_SOURCE)
			o.source = p + 2;
		if (p[0] == OPT_TARGET)
			o.target = p + 2;
		if (p[0] == OPT_NONCE && bytes == 8)
			o.nonce = p + 2;
		at += bytes;
	}
	return o;
}

static u32 fixed_bytes(u8 type)
{
	switch (type) {
	case RS:
		return 8;
	case RA:
		return 16;
	case REDIRECT:
		return 40;
	default:
		return 24;
	}
}

static bool is_nd(const struct ip6_view *v)
{
	return v->protocol == IP6_ICMP && v->upper_bytes >= 1 && v->upper[0] >= RS && v->upper[0] <= REDIRECT;
}

/* ------------------------------------------------------------------ addresses that are tried */

static struct nd_tried *find_tried(struct nd_witness *nw, const u8 *addr)
{
	for (u32 i = 0; i < ND_TRIED; i++) {
		if (nw->tried[i].at_ns && ip6_same(nw->tried[i].addr, addr))
			return &nw->tried[i];
	}
	return NULL;
}

/** tried_slot() - where @addr is remembered; *again: it was */
static struct nd_tried *tried_slot(struct nd_witness *nw, const u8 *addr, bool *again)
{
	struct nd_tried *t = find_tried(nw, addr);

	*again = t != NULL;
	return t ? t : &nw->tried[nw->tried_count++ % ND_TRIED];
}

static void try_address(struct nd_witness *nw, u64 now_ns, const u8 *addr, const u8 *nonce)
{
	bool again;
	struct nd_tried *t = tried_slot(nw, addr, &again);

	*t = (struct nd_tried){ .at_ns = now_ns + 1, .has_nonce = nonce != NULL, .again = again };
	memcpy(t->addr, addr, sizeof(t->addr));
	if (nonce)
		memcpy(t->nonce, nonce, NONCE_BYTES);
}

void nd_witness_take(struct nd_witness *nw, u64 now_ns, const u8 *addr)
{
	bool again;
	struct nd_tried *t = tried_slot(nw, addr, &again);

	*t = (struct nd_tried){ .at_ns = now_ns + 1, .taken = true };
	memcpy(t->addr, addr, sizeof(t->addr));
}

/* RFC 4862 5.4: before it is known to be unique, it is nobody's; and never if somebody else has it. */
static const char *source_wrong(struct nd_witness *nw, u64 now_ns, const struct ip6_view *v)
{
	const struct nd_tried *t = nw->probe_ns && !nw->late ? find_tried(nw, v->src) : NULL;

	if (!t || t->taken || (t->again && !is_nd(v)))
		return NULL;
	if (t->lost)
		return "its source is an address that another has";
	return now_ns + 1 < t->at_ns + nw->probe_ns ? "its source is still tentative" : NULL;
}

/* ------------------------------------------------------------------ what it sends: ND */

static const char *ns_wrong(struct nd_witness *nw, u64 now_ns, const struct ip6_view *v, const struct options *o)
{
	const u8 *target = v->upper + 8;

	if (ip6_is_group(target))
		return "it asks for a group";
	if (ip6_is_group(v->dst) && !is_solicited_node(v->dst, target))
		return "it asks a group that is not the target's";
	if (!ip6_is_any(v->src))
		return ip6_is_group(v->dst) && !o->source ? "it asks a group, and does not say where it is" : NULL;
	if (o->source)
		return "it says where nobody is";
	if (!ip6_is_group(v->dst))
		return "it probes one host";
	try_address(nw, now_ns, target, o->nonce);
	return NULL;
}

static bool was_asked(const struct nd_witness *nw, u64 now_ns, const u8 *by, const u8 *target)
{
	for (u32 i = 0; i < ND_HEARD; i++) {
		const struct nd_heard *h = &nw->heard[i];

		if (h->at_ns && h->at_ns + ANSWER_NS > now_ns && ip6_same(h->from, by) && ip6_same(h->target, target))
			return true;
	}
	return false;
}

static const char *na_wrong(struct nd_witness *nw, u64 now_ns, const struct ip6_view *v, const struct options *o)
{
	const u8 *target = v->upper + 8, flags = v->upper[4];

	if (ip6_is_group(target))
		return "it advertises a group";
	if (ip6_is_group(v->dst) && !ip6_same(v->dst, all_nodes))
		return "it advertises itself to a group";
	if (ip6_is_group(v->dst) && (flags & FLAG_SOLICITED))
		return "it answers all as if they had asked";
	if (ip6_is_group(v->dst) && !o->target)
		return "it does not say where the target is";
	if ((flags & FLAG_ROUTER) && !nw->router)
		return "it says that it is a router";
	if ((flags & FLAG_SOLICITED) && !nw->late && !nw->any_octets && !was_asked(nw, now_ns, v->dst, target))
		return "it answers what nobody has asked";
	return NULL;
}

static const char *redirect_wrong(const struct nd_witness *nw, const struct ip6_view *v)
{
	const u8 *target = v->upper + 8, *dst = v->upper + 24;

	if (!nw->router)
		return "it redirects, and is no router";
	if (!ip6_is_link_local(v->src))
		return "it redirects from an address that is not link-local";
	if (ip6_is_group(dst) || ip6_is_group(v->dst))
		return "it redirects a group";
	return !ip6_is_link_local(target) && !ip6_same(target, dst) ? "it redirects to nobody on the link" : NULL;
}

static const char *nd_wrong(struct nd_witness *nw, u64 now_ns, const struct ip6_view *v)
{
	struct options o = read_options(v, fixed_bytes(v->upper[0]));

	if (v->hop_limit != 255)
		return "ND with a hop limit of less than 255";
	if (v->fragment)
		return "ND in a fragment";
	if (v->upper[1])
		return "ND with a code";
	if (o.broken)
		return "the options of ND";
	switch (v->upper[0]) {
	case NS:
		return ns_wrong(nw, now_ns, v, &o);
	case NA:
		return na_wrong(nw, now_ns, v, &o);
	case RS:
		if (!ip6_same(v->dst, all_routers))
			return "it asks somebody else for routers";
		return ip6_is_any(v->src) && o.source ? "it says where nobody is" : NULL;
	case RA:
		return nw->router ? NULL
				  : "it advertises a router, and is none"; /* from where is its program's choice */
	default:
		return redirect_wrong(nw, v);
	}
}

/* ------------------------------------------------------------------ what it sends: groups, errors */

static const char *mld_wrong(const struct ip6_view *v)
{
	u8 type = v->upper[0];

	if (type == QUERY)
		return "it asks for members, and is no router of groups";
	if (v->hop_limit != 1 || !v->router_alert)
		return "MLD without a hop limit of 1 and a router alert";
	if (!ip6_is_link_local(v->src) && !ip6_is_any(v->src))
		return "MLD from an address that is not link-local";
	if (v->upper_bytes < (type == REPORT2 ? 8U : 24U))
		return "MLD that is too short";
	if (type == REPORT2)
		return ip6_same(v->dst, all_mldv2) ? NULL : "a report of MLDv2 to somebody else";
	if (!ip6_is_group(v->upper + 8) || (v->upper[9] & 15) < 2 || ip6_same(v->upper + 8, all_nodes))
		return "MLD about a group that it is not for";
	return ip6_same(v->dst, type == DONE ? all_routers : v->upper + 8) ? NULL : "MLD to somebody else";
}

/* RFC 4443 2.4 (e) */
static const char *error_wrong(const struct ip6_view *v)
{
	const u8 *in = v->upper + 8;
	u8 type = v->upper[0], code = v->upper[1];
	bool to_group;

	if (v->packet_bytes > ERROR_MAX_BYTES)
		return "an error of more than 1280 octets";
	if (ip6_is_group(v->dst) || ip6_is_any(v->dst))
		return "an error to a group, or to nobody";
	if (v->upper_bytes < 8 + IP6_HEADER_BYTES)
		return "an error without the header that it is about";
	to_group = ip6_is_group(in + 24);
	if (!ip6_same(in + 8, v->dst))
		return "an error to somebody else";
	if (to_group && type != TOO_BIG && !(type == PARAM && code == 2))
		return "an error about what went to a group";
	if (in[6] == IP6_ICMP && v->upper_bytes > 8 + IP6_HEADER_BYTES &&
	    (in[IP6_HEADER_BYTES] < ECHO || in[IP6_HEADER_BYTES] == REDIRECT))
		return "an error about an error";
	return NULL;
}

const char *nd_witness_out(struct nd_witness *nw, u64 now_ns, const struct ip6_view *v, bool own)
{
	const char *wrong = own ? source_wrong(nw, now_ns, v) : NULL;

	/* what others have sent goes on as it is */
	if (wrong || (!own && !ip6_is_any(v->src)) || v->protocol != IP6_ICMP || v->upper_bytes < 4 ||
	    (v->fragment && v->fragment_offset))
		return wrong;
	if (is_nd(v))
		return nd_wrong(nw, now_ns, v);
	if ((v->upper[0] >= QUERY && v->upper[0] <= DONE) || v->upper[0] == REPORT2)
		return mld_wrong(v);
	/* of another type it is a stranger's, who said an address that has become ours since it was forwarded */
	return v->upper[0] >= UNREACH && v->upper[0] <= PARAM && v->whole ? error_wrong(v) : NULL;
}

/* ------------------------------------------------------------------ what reaches it */

/* RFC 4862 5.4.3, 5.4.4, RFC 7527 4.2: while it probes, another one probes, or says that it has the address. */
static void another_has(struct nd_witness *nw, u64 now_ns, const struct ip6_view *v, const struct options *o)
{
	struct nd_tried *t = find_tried(nw, v->upper + 8);
	bool loops = t && t->has_nonce && o->nonce && memcmp(o->nonce, t->nonce, NONCE_BYTES) == 0;

	if (!t || loops || !nw->probe_ns || now_ns + 1 >= t->at_ns + nw->probe_ns)
		return;
	if (v->upper[0] == NA || (ip6_is_any(v->src) && !o->source))
		t->lost = true;
}

/* RFC 2464 7; of another group it may not be heard */
static bool is_mac_of_group(const u8 *mac, const u8 *group)
{
	return mac[0] == 0x33 && mac[1] == 0x33 && memcmp(mac + 2, group + 12, 4) == 0;
}

void nd_witness_in(struct nd_witness *nw, u64 now_ns, const u8 *mac, const u8 *frame, u32 len_bytes)
{
	struct options o;
	struct nd_heard *h;
	struct ip6_view v;

	if (nw->any_octets || !ip6_view(frame, len_bytes, &v) || !is_nd(&v) || v.fragment || v.hop_limit != 255 ||
	    ip6_upper_sum(&v) != 0xffff || v.upper_bytes < 24 || v.upper[1] || v.upper != v.ip + IP6_HEADER_BYTES)
		return;
	o = read_options(&v, fixed_bytes(v.upper[0]));
	if (o.broken || ip6_is_group(v.upper + 8) || ip6_is_group(v.src) || (v.upper[0] != NS && v.upper[0] != NA))
		return;
	if (v.upper[0] == NS) {
		h = &nw->heard[nw->heard_count++ % ND_HEARD];
		h->at_ns = now_ns + 1;
		memcpy(h->from, v.src, sizeof(h->from));
		memcpy(h->target, v.upper + 8, sizeof(h->target));
	}
	if (memcmp(v.eth_dst, mac, 6) != 0 && !is_mac_of_group(v.eth_dst, v.dst))
		return;
	if (v.upper[0] == NS ? is_solicited_node(v.dst, v.upper + 8)
			     : ip6_same(v.dst, all_nodes) && !(v.upper[4] & FLAG_SOLICITED))
		another_has(nw, now_ns, &v, &o);
}

void nd_witness_forget(struct nd_witness *nw)
{
	memset(nw->tried, 0, sizeof(nw->tried));
	memset(nw->heard, 0, sizeof(nw->heard));
}
