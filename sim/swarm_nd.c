// SPDX-License-Identifier: BSD-2-Clause
/* What strangers send to a swarm's hosts by IPv6: neighbours, routers, groups, errors, fragments that are none.
 *
 * Reading order: the table of forgeries at the end, do_forge6().
 */
#include <netinet/icmp6.h>

#include "forge6.h"
#include "segment.h"
#include "swarm_internal.h"

#define MLD_QUERY 130
#define MLD_REPORT 131
#define MLD_DONE 132
#define MLD2_REPORT 143
#define ROGUE_LIFE_S 60U
#define NA_ROUTER 0x80U
#define NA_SOLICITED 0x40U
#define NA_OVERRIDE 0x20U

static const u8 all_nodes[16] = { 0xff, 2, [15] = 1 };
static const u8 all_routers[16] = { 0xff, 2, [15] = 2 };
static const u8 nobody[16];

/* ------------------------------------------------------------------ drawing */

static const u8 *any_mac6(struct swarm *s, u8 out[static SIM_MAC_BYTES])
{
	if (pick(s, 2))
		memcpy(out, (const u8[]){ 2, 0xee, 0, 0, 0, (u8)pick(s, 4) }, SIM_MAC_BYTES);
	else
		memcpy(out, any_member(s)->host->port[0].mac, SIM_MAC_BYTES);
	return out;
}

/** link_local() - of whoever has @mac, if it made it of that.  @rfc 2464 4 */
static const u8 *link_local(const u8 mac[static SIM_MAC_BYTES], u8 out[static 16])
{
	memcpy(out, (const u8[16]){ 0xfe, 0x80, [8] = mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] },
	       16);
	return out;
}

const u8 *any_addr6(struct swarm *s, const struct member *m, u8 out[static 16])
{
	const struct member *other = any_member(s);

	switch (pick(s, 8)) {
	case 0:
		return lan_addr6(m->lan, 100 + pick(s, 100), out);
	case 1:
		return link_local((const u8[]){ 2, 0xee, 0, 0, 0, (u8)pick(s, 4) }, out);
	case 2:
	case 3:
		return link_local(other->host->port[0].mac, out);
	default:
		memcpy(out, other->lan == m->lan ? other->app.addr6 : m->app.addr6, 16);
		return out;
	}
}

static const u8 *solicited_node(const u8 addr[static 16], u8 out[static 16])
{
	memcpy(out, (const u8[16]){ 0xff, 2, [11] = 1, 0xff, addr[13], addr[14], addr[15] }, 16);
	return out;
}

/** begin_nd() - from a stranger, or a neighbour, or nobody; mostly as RFC 4861 wants it */
static void begin_nd(struct swarm *s, struct member *m, struct forged6 *f, const u8 *src, const u8 *dst)
{
	const u8 *to = ip6_is_group(dst) && pick(s, 8) ? NULL : m->host->port[0].mac;
	u8 mac[SIM_MAC_BYTES];

	forge6_begin(f, to, any_mac6(s, mac), src, dst, pick(s, 16) ? 255 : (u8)pick(s, 255));
}

/* What no option may be: RFC 4861 4.6. */
static void maybe_spoil(struct swarm *s, struct forged6 *f)
{
	switch (pick(s, 24)) {
	case 1:
		forge6_add(f, (const u8[8]){ (u8)pick(s, 40), 0 }, 8);
		break;
	case 2:
		forge6_add(f, (const u8[8]){ (u8)pick(s, 40), (u8)(2 + pick(s, 250)) }, 8);
		break;
	case 3:
		forge6_add(f, (const u8[8]){ (u8)pick(s, 40), 1 }, 8);
		break;
	case 4:
		forge6_add(f, nobody, 1 + pick(s, 7));
		break;
	default:
		break;
	}
}

/* ------------------------------------------------------------------ neighbours */

static void forge_ns(struct swarm *s, struct member *m, struct forged6 *f)
{
	u8 target[16], src[16], group[16], mac[SIM_MAC_BYTES];
	bool dad = pick(s, 4) == 3;

	any_addr6(s, m, target);
	if (dad)
		memcpy(src, nobody, sizeof(src));
	else
		any_addr6(s, m, src);
	begin_nd(s, m, f, src, dad || pick(s, 2) ? solicited_node(target, group) : m->app.addr6);
	forge6_add(f, (const u8[8]){ ND_NEIGHBOR_SOLICIT }, 8);
	forge6_add(f, target, sizeof(target));
	if (!dad || pick(s, 8) == 7)
		forge6_lladdr(f, ND_OPT_SOURCE_LINKADDR, any_mac6(s, mac));
	maybe_spoil(s, f);
}

static void forge_na(struct swarm *s, struct member *m, struct forged6 *f)
{
	u8 target[16], src[16], mac[SIM_MAC_BYTES];
	u8 flags = (u8)(pick(s, 8) << 5);

	any_addr6(s, m, target);
	any_addr6(s, m, src);
	begin_nd(s, m, f, src, pick(s, 3) ? m->app.addr6 : all_nodes);
	forge6_add(f, (const u8[8]){ ND_NEIGHBOR_ADVERT, 0, 0, 0, flags }, 8);
	forge6_add(f, target, sizeof(target));
	if (pick(s, 4))
		forge6_lladdr(f, ND_OPT_TARGET_LINKADDR, any_mac6(s, mac));
	maybe_spoil(s, f);
}

/* ------------------------------------------------------------------ routers */

static void forge_rs(struct swarm *s, struct member *m, struct forged6 *f)
{
	u8 src[16], mac[SIM_MAC_BYTES];

	begin_nd(s, m, f, pick(s, 2) ? any_addr6(s, m, src) : nobody, all_routers);
	forge6_add(f, (const u8[8]){ ND_ROUTER_SOLICIT }, 8);
	if (pick(s, 2))
		forge6_lladdr(f, ND_OPT_SOURCE_LINKADDR, any_mac6(s, mac));
	maybe_spoil(s, f);
}

/* Prefixes of the link, of the next one, of nowhere. */
static void any_prefix(struct swarm *s, struct member *m, struct forged6 *f)
{
	static const u32 lives_s[] = { 0, 1, 30, ROGUE_LIFE_S };
	u8 prefix[16];
	u8 bits = pick(s, 8) ? 64 : (u8)pick(s, 130), flags = (u8)(pick(s, 4) << 6);
	u32 valid_s = lives_s[pick(s, ARRAY_SIZE(lives_s))], preferred_s = lives_s[pick(s, ARRAY_SIZE(lives_s))];

	lan_addr6(pick(s, 2) ? m->lan : pick(s, 200), 0, prefix);
	forge6_prefix(f, prefix, bits, flags, valid_s, preferred_s);
}

static void any_ra_option(struct swarm *s, struct member *m, struct forged6 *f)
{
	u8 mac[SIM_MAC_BYTES], prefix[16];

	switch (pick(s, 6)) {
	case 0:
		forge6_lladdr(f, ND_OPT_SOURCE_LINKADDR, any_mac6(s, mac));
		break;
	case 1: /* MTU */
		forge6_add(f, (const u8[8]){ ND_OPT_MTU, 1, 0, 0, 0, 0, (u8)pick(s, 8), (u8)pick(s, 256) }, 8);
		break;
	case 2: /* a route, RFC 4191 2.3 */
		forge6_add(f, (const u8[8]){ 24, 3, 64, (u8)(pick(s, 4) << 3), 0, 0, 0, (u8)pick(s, ROGUE_LIFE_S) }, 8);
		forge6_add(f, lan_addr6(pick(s, 200), 0, prefix), 16);
		break;
	case 3: /* who resolves names, RFC 8106 */
		forge6_add(f, (const u8[8]){ 25, 3, [7] = (u8)pick(s, 256) }, 8);
		forge6_add(f, any_addr6(s, m, prefix), 16);
		break;
	default:
		any_prefix(s, m, f);
		break;
	}
}

static void forge_ra(struct swarm *s, struct member *m, struct forged6 *f)
{
	u8 src[16];
	u32 times = pick(s, 4) ? 0 : pick(s, 60000);
	u8 head[16] = { ND_ROUTER_ADVERT, 0, 0, 0, pick(s, 2) ? 64 : (u8)pick(s, 256), (u8)pick(s, 256) };

	head[7] = (u8)(pick(s, 2) * pick(s, ROGUE_LIFE_S)); /* its own lifetime */
	head[10] = (u8)(times >> 8);                        /* reachable */
	head[11] = (u8)times;
	head[14] = (u8)(times >> 9); /* between questions */
	head[15] = (u8)(times >> 1);
	begin_nd(s, m, f, any_addr6(s, m, src), pick(s, 2) ? all_nodes : m->app.addr6);
	forge6_add(f, head, sizeof(head));
	for (u32 n = pick(s, 4); n; n--)
		any_ra_option(s, m, f);
	maybe_spoil(s, f);
}

static void forge_redirect(struct swarm *s, struct member *m, struct forged6 *f)
{
	const struct member *to = any_member(s), *router = &s->member[pick(s, s->lan_count)];
	u8 src[16], target[16], mac[SIM_MAC_BYTES];

	link_local(router->host->port[pick(s, router->host->port_count)].mac, src);
	begin_nd(s, m, f, src, m->app.addr6);
	forge6_add(f, (const u8[8]){ ND_REDIRECT }, 8);
	forge6_add(f, pick(s, 4) ? any_addr6(s, m, target) : to->app.addr6, 16);
	forge6_add(f, to->app.addr6, 16);
	if (pick(s, 2))
		forge6_lladdr(f, ND_OPT_TARGET_LINKADDR, any_mac6(s, mac));
	maybe_spoil(s, f);
}

/* ------------------------------------------------------------------ groups */

static void any_group(struct swarm *s, const struct member *m, u8 out[static 16])
{
	if (pick(s, 2))
		solicited_node(m->app.addr6, out);
	else
		memcpy(out, (const u8[16]){ 0xff, (u8)pick(s, 6), [15] = (u8)pick(s, 24) }, 16);
}

static void forge_mld(struct swarm *s, struct member *m, struct forged6 *f)
{
	static const u8 types[] = { MLD_QUERY, MLD_QUERY, MLD_QUERY, MLD_REPORT, MLD_DONE, MLD2_REPORT };
	u8 src[16], group[16] = { 0 }, type = types[pick(s, ARRAY_SIZE(types))];
	u32 next_at = 0, sources = pick(s, 4) ? 0 : pick(s, 5);

	link_local((const u8[]){ 2, 0xee, 0, 0, 0, (u8)pick(s, 4) }, src);
	if (type != MLD_QUERY || pick(s, 2))
		any_group(s, m, group);
	begin_nd(s, m, f, src, group[0] ? group : all_nodes);
	f->frame[21] = 1; /* hop limit: RFC 2710 3 */
	forge6_header(f, &next_at, 0);
	forge6_add(f, (const u8[8]){ 0, 0, 5, 2, 0, 0, 1, 0 }, 8);
	forge6_header(f, &next_at, IP6_ICMP);
	forge6_add(f, (const u8[8]){ type, 0, 0, 0, (u8)pick(s, 40), (u8)pick(s, 256) }, 8);
	forge6_add(f, group, sizeof(group));
	if (pick(s, 2)) { /* RFC 3810 5.1 */
		forge6_add(f, (const u8[4]){ (u8)pick(s, 16), (u8)pick(s, 256), 0, (u8)sources }, 4);
		for (; sources; sources--)
			forge6_add(f, any_addr6(s, m, group), 16);
	}
}

/* ------------------------------------------------------------------ packets */

/* Headers in any order, which may lie. */
static void forge_headers(struct swarm *s, struct member *m, struct forged6 *f)
{
	static const u8 kinds[] = { 0, 43, 44, 60, 51, 59, 135 };
	u8 src[16];
	u32 next_at = 0;

	begin_nd(s, m, f, any_addr6(s, m, src), pick(s, 4) ? m->app.addr6 : all_nodes);
	f->frame[21] = 64;
	for (u32 n = pick(s, 4); n; n--) {
		forge6_header(f, &next_at, kinds[pick(s, ARRAY_SIZE(kinds))]);
		forge6_add(f,
			   (const u8[8]){ 59, (u8)(pick(s, 4) == 3 ? pick(s, 4) : 0), (u8)pick(s, 256), (u8)pick(s, 8),
					  (u8)pick(s, 256), (u8)pick(s, 3), 0, (u8)pick(s, 4) },
			   8);
	}
	forge6_header(f, &next_at, IP6_ICMP);
	forge6_add(f, (const u8[8]){ pick(s, 2) ? ICMP6_ECHO_REQUEST : (u8)pick(s, 256), 0, 0, 0, 1, 2, 3, 4 }, 8);
	forge6_add(f, f->frame, pick(s, 80));
}

/** forge_error() - about a packet that @m may have sent */
static void forge_error(struct swarm *s, struct member *m, struct forged6 *f)
{
	static const u8 types[] = { ICMP6_DST_UNREACH, ICMP6_PACKET_TOO_BIG, ICMP6_PACKET_TOO_BIG, ICMP6_TIME_EXCEEDED,
				    ICMP6_PARAM_PROB };
	const struct member *to = any_member(s);
	u8 src[16], inner[IP6_HEADER_BYTES] = { 0x60, [5] = 8, IP6_UDP, 64 };

	memcpy(inner + 8, m->app.addr6, 16);
	memcpy(inner + 24, to->app.addr6, 16);
	begin_nd(s, m, f, any_addr6(s, m, src), m->app.addr6);
	forge6_add(f,
		   (const u8[8]){ types[pick(s, ARRAY_SIZE(types))], (u8)pick(s, 8), 0, 0, 0, 0, (u8)pick(s, 8),
				  (u8)pick(s, 256) },
		   8);
	forge6_add(f, inner, pick(s, 8) ? sizeof(inner) : pick(s, sizeof(inner)));
	forge6_add(f, (const u8[8]){ 0x1b, 0x58, 0x1b, 0x58, 0, 8, 1, 1 }, 8);
}

/* Pieces of a packet that do not fit together. */
static void forge_fragments(struct swarm *s, struct member *m, struct forged6 *f)
{
	u32 next_at = 0, offset = 8 * pick(s, pick(s, 8) ? 20 : 8192) + pick(s, 2);
	u8 src[16];

	begin_nd(s, m, f, any_addr6(s, m, src), m->app.addr6);
	f->frame[21] = 64;
	forge6_header(f, &next_at, IP6_FRAGMENT);
	forge6_add(f,
		   (const u8[8]){ pick(s, 2) ? IP6_UDP : IP6_ICMP, 0, (u8)(offset >> 8),
				  (u8)offset, [7] = (u8)pick(s, 3) },
		   8);
	if (pick(s, 4))
		forge6_add(f, f->frame, 8 * (1 + pick(s, 6)));
	else
		forge6_add(f, (const u8[8]){ ND_NEIGHBOR_SOLICIT }, 1 + pick(s, 7));
}

/* ------------------------------------------------------------------ all */

void do_forge6(struct swarm *s, struct member *m)
{
	static void (*const forgeries[])(struct swarm * s, struct member * m, struct forged6 * f) = {
		forge_ns, forge_ns,       forge_na,  forge_na,      forge_rs,    forge_ra,
		forge_ra, forge_redirect, forge_mld, forge_headers, forge_error, forge_fragments,
	};
	struct forged6 f;

	if (!has(s, F_IP6))
		return;
	forgeries[pick(s, ARRAY_SIZE(forgeries))](s, m, &f);
	forge6_end(&f);
	segment_inject(m->host->port[0].segment, NULL, f.frame, f.len_bytes);
}
