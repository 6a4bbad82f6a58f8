// SPDX-License-Identifier: BSD-2-Clause
/* Which of several IPv6 routes: by device, preference and what is known of their routers; and which of several next hops.
 *
 * @step S5 of S13, from ipv6/fib6_rules.c
 * @rfc  4191 3.2 3.5, 4861 6.3.6, 2992
 * @linux net/ipv6/route.c rt6_select, fib6_select_path
 *
 * A host does not use a router that did not answer while there is another way, a less specific route included; a router
 * does not look at that.  One that is passed over is asked from time to time whether it lives again.
 *
 * Reading order: fib6_table_lookup(), chain_select(), route_score(), fib6_select_path().
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/byteorder.h"
#include "ipv6/fib6_internal.h"
#include "ipv6/ndisc.h"
#include "neigh/neighbour.h"

#define SCORE_NONE (-1)

/* ------------------------------------------------------------------ one route */

static inline bool src_matches(const struct fib6_info *f, const struct flowi6 *fl6)
{
	return likely(!f->more) || !f->more->src_len || ipv6_prefix_equal(&f->more->src, &fl6->saddr, f->more->src_len);
}

/** same_src() - are they for the same sources? */
static inline bool same_src(const struct fib6_info *a, const struct fib6_info *b)
{
	u8 len = fib6_src_len(a);

	return len == fib6_src_len(b) && (!len || ipv6_addr_equal(&a->more->src, &b->more->src));
}

static const struct neighbour *router_of(const struct fib6_info *f)
{
	struct neigh_table *nd = f->dev->net->neigh->table[NEIGH_ND_TABLE];
	const struct rt6_info *rt = rcu_dereference(f->rt);

	if (rt && rt->neigh && neigh_alive(rt->neigh, NEIGH_ND_TABLE) &&
	    memcmp(rt->neigh->primary_key, &f->gateway, sizeof(f->gateway)) == 0)
		return rt->neigh;
	return nd ? neigh_find(nd, &f->gateway, f->dev) : NULL;
}

/** ask_router() - does it live again?  @rfc 4191 3.5 */
static void ask_router(struct fib6_info *f, struct neighbour *n)
{
	const struct inet6_dev *idev = in6_dev_get_rcu(f->dev);
	u32 now_s = (u32)(f->dev->net->now / NSEC_PER_SEC);
	s64 interval_ms = idev ? IN6_DEV_CONF(idev, RTR_PROBE_INTERVAL) : 0;

	if (interval_ms <= 0 || (s64)(now_s - f->probed_s) * 1000 < interval_ms ||
	    f->dev->net->now - n->updated < interval_ms * NSEC_PER_MSEC)
		return;
	f->probed_s = now_s;
	neigh_use(n);
}

/** router_is_silent() - it was asked, and did not answer */
static bool router_is_silent(struct fib6_info *f)
{
	const struct neighbour *n = router_of(f);

	if (likely(!n || !(n->nud_state & NUD_FAILED)))
		return false;
	ask_router(f, (struct neighbour *)(uintptr_t)n);
	return true;
}

static u32 pref_score(const struct fib6_info *f)
{
	return f->pref == ICMPV6_ROUTER_PREF_HIGH ? 3 : f->pref == ICMPV6_ROUTER_PREF_LOW ? 1 : 2;
}

static inline bool is_usable(const struct fib6_info *f, const struct net *net, u32 strict)
{
	if (unlikely(f->gone || fib6_expired(f, net->now)))
		return false;
	if (likely(!(f->nh_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN))))
		return true;
	if (f->nh_flags & RTNH_F_DEAD)
		return false;
	return (strict & RT6_LOOKUP_F_IGNORE_LINKSTATE) || !fib6_ignored(f);
}

/** route_score() - SCORE_NONE: it does not suit, or its router is silent */
static inline int route_score(struct fib6_info *f, const struct net *net, int oif, u32 strict)
{
	bool right_dev = !oif || f->dev->ifindex == oif;

	if (!is_usable(f, net, strict) || (!right_dev && (strict & RT6_LOOKUP_F_IFACE)))
		return SCORE_NONE;
	if ((strict & RT6_LOOKUP_F_REACHABLE) && f->has_gateway && router_is_silent(f))
		return SCORE_NONE;
	return (int)(pref_score(f) << 2) | (right_dev ? 2 : 0);
}

/* ------------------------------------------------------------------ the routes of a prefix */

/** struct run - some routes of a chain */
struct run {
	struct fib6_info *first, *end; /* end: not of it; NULL: to the end of the chain */
};

static struct fib6_info *best_of(struct run run, const struct net *net, const struct fib6_info *like, int oif,
				 u32 strict)
{
	struct fib6_info *best = NULL;
	int best_score = SCORE_NONE;

	for (struct fib6_info *f = run.first; f && f != run.end && same_src(f, like); f = rcu_dereference(f->next)) {
		int score = route_score(f, net, oif, strict);

		if (score > best_score) {
			best = f;
			best_score = score;
		}
	}
	return best;
}

/** round_robin() - none of the routers answers: each packet tries the next one.  @rfc 4861 6.3.6 */
static struct fib6_info *round_robin(struct run run, const struct net *net, struct fib6_info *best, int oif, u32 strict)
{
	struct fib6_info *head = run.first;
	u32 count = 0, i = 0;

	for (struct fib6_info *f = head; f && f != run.end && same_src(f, head); f = f->next)
		count += f->has_gateway && route_score(f, net, oif, strict) >= 0;
	if (count < 2 || !best->has_gateway)
		return best;
	head->rr_index = (u16)((head->rr_index + 1U) % count);
	for (struct fib6_info *f = head; f && f != run.end && same_src(f, head); f = f->next) {
		if (f->has_gateway && route_score(f, net, oif, strict) >= 0 && i++ == head->rr_index)
			return f;
	}
	return best;
}

/**
 * run_select() - among routes for the same sources: those of the least metric first, then all the others together
 *
 * Together: a high preference counts more than a metric then.  That is how the kernel does it.
 */
static struct fib6_info *run_select(struct fib6_info *head, const struct net *net, int oif, u32 strict)
{
	struct run first = { head, head }, rest;
	struct fib6_info *f;

	while (first.end && first.end->metric == head->metric && same_src(first.end, head))
		first.end = rcu_dereference(first.end->next);
	f = best_of(first, net, head, oif, strict);
	if (f) {
		bool all_silent = net->profile == NET_PROFILE_STRICT && f->has_gateway &&
				  !(strict & RT6_LOOKUP_F_REACHABLE) &&
				  !net->ipv6->devconf_all->data[IPV6_DEVCONF_FORWARDING];

		return all_silent && router_is_silent(f) ? round_robin(first, net, f, oif, strict) : f;
	}
	rest = (struct run){ first.end, NULL };
	return best_of(rest, net, head, oif, strict);
}

static inline struct fib6_info *chain_select(struct fib6_info *f, const struct net *net, const struct flowi6 *fl6,
					     int oif, u32 strict)
{
	struct fib6_info *found;

	if (likely(!f->next && !f->more)) /* most prefixes have one route */
		return route_score(f, net, oif, strict) >= 0 ? f : NULL;
	while (f) {
		struct fib6_info *head = f;

		if (src_matches(f, fl6)) {
			found = run_select(f, net, oif, strict);
			if (found)
				return found;
		}
		while (f && same_src(f, head))
			f = rcu_dereference(f->next);
	}
	return NULL;
}

static struct fib6_info *table_select(const struct fib6_table *tb, const struct flowi6 *fl6, int oif, u32 strict)
{
	struct fib6_key key = fib6_key_of(&fl6->daddr);
	struct fib6_leaf *leaf = fib6_trie_lookup(&tb->trie, &key);
	const struct net *net = tb->fs->net;

	while (likely(leaf)) {
		struct fib6_info *f = chain_select(container_of(leaf, struct fib6_info, leaf), net, fl6, oif, strict);

		if (likely(f))
			return f;
		leaf = leaf->plen ? fib6_trie_lookup_max(&tb->trie, &key, leaf->plen - 1U) : NULL;
	}
	return NULL;
}

int fib6_table_lookup(const struct fib6_table *tb, const struct flowi6 *fl6, int oif, u32 strict,
		      struct fib6_result *res)
{
	struct fib6_info *f = table_select(tb, fl6, oif, strict);

	if (!f && (strict & RT6_LOOKUP_F_REACHABLE)) /* a router that is silent is better than none */
		f = table_select(tb, fl6, oif, strict & ~RT6_LOOKUP_F_REACHABLE);
	if (!f || f->type == RTN_THROW)
		return -EAGAIN;
	res->f = f;
	res->table_id = tb->id;
	return 0;
}

struct fib6_info *fib6_covering(const struct fib6_table *tb, const struct in6_addr *daddr, fib6_suits_fn *suits,
				void *ctx)
{
	struct fib6_key key = fib6_key_of(daddr);
	struct fib6_leaf *leaf = fib6_trie_lookup(&tb->trie, &key);

	while (leaf) {
		for (struct fib6_info *f = container_of(leaf, struct fib6_info, leaf); f; f = f->next) {
			enum fib6_suits verdict = suits(f, ctx);

			if (verdict != FIB6_GO_ON)
				return verdict == FIB6_SUITS ? f : NULL;
		}
		leaf = leaf->plen ? fib6_trie_lookup_max(&tb->trie, &key, leaf->plen - 1U) : NULL;
	}
	return NULL;
}

u32 fib6_lookup_flags(const struct net *net)
{
	return net->ipv6->devconf_all && net->ipv6->devconf_all->data[IPV6_DEVCONF_FORWARDING] ? 0
											       : RT6_LOOKUP_F_REACHABLE;
}

/* ------------------------------------------------------------------ several next hops */

static bool nh_counts(const struct fib6_info *f)
{
	return !(f->nh_flags & RTNH_F_DEAD) && !fib6_ignored(f);
}

/** fib6_rebalance() - each next hop's share of the hash's 31 bits by weight.  @rfc 2992 */
void fib6_rebalance(struct fib6_info *first)
{
	u64 total = 0, sum = 0;
	u32 count = first->nsiblings + 1U;
	struct fib6_info *f = first;

	if (count < 2)
		return;
	for (u32 i = 0; i < count; i++, f = f->next)
		total += nh_counts(f) ? f->weight : 0;
	f = first;
	for (u32 i = 0; i < count; i++, f = f->next) {
		if (!total || !nh_counts(f)) {
			f->upper_bound = UINT32_MAX;
			continue;
		}
		sum += f->weight;
		f->upper_bound = (u32)(((sum << 31) + total / 2) / total) - 1;
	}
}

static u64 mix64(u64 x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	return x ^ x >> 32;
}

static u64 mix_addr(u64 h, const struct in6_addr *a)
{
	struct fib6_key k = fib6_key_of(a);

	return mix64(mix64(h ^ k.hi) ^ k.lo);
}

/* fields of a hash: bits of net.ipv6.fib_multipath_hash_fields; those of packets in packets are not looked at */
#define HASH_SRC 0x1U
#define HASH_DST 0x2U
#define HASH_PROTO 0x4U
#define HASH_LABEL 0x8U
#define HASH_SPORT 0x10U
#define HASH_DPORT 0x20U
#define HASH_L3 (HASH_SRC | HASH_DST | HASH_PROTO | HASH_LABEL)
#define HASH_L4 (HASH_SRC | HASH_DST | HASH_PROTO | HASH_SPORT | HASH_DPORT)

static u32 hash_fields(const struct netns_ipv6 *ipv6)
{
	switch (ipv6->fib_multipath_hash_policy) {
	case 1:
		return HASH_L4;
	case 3:
		return (u32)ipv6->fib_multipath_hash_fields;
	default:
		return HASH_L3; /* 2: of what is inside a tunnel, if it is one, which we do not look into */
	}
}

/** multipath_hash() - of the fields that the policy names; 31 bits */
static u32 multipath_hash(const struct fib6_state *fs, const struct flowi6 *fl6)
{
	u32 fields = hash_fields(fs->net->ipv6);
	u64 h = fs->hash_seed, ports = 0, rest = 0;

	if (fields & HASH_SRC)
		h = mix_addr(h, &fl6->saddr);
	if (fields & HASH_DST)
		h = mix_addr(h, &fl6->daddr);
	if (fields & HASH_SPORT)
		ports |= (u64)(__force u16)fl6->sport << 16;
	if (fields & HASH_DPORT)
		ports |= (__force u16)fl6->dport;
	if (fields & HASH_PROTO)
		rest |= fl6->proto;
	if (fields & HASH_LABEL)
		rest |= (u64)(be32_to_cpu(fl6->flowlabel) & IPV6_FLOWLABEL_MASK) << 8;
	h = mix64(h ^ (ports << 32 | rest));
	return (u32)(h >> 33);
}

void fib6_select_path(struct net *net, struct fib6_result *res, struct flowi6 *fl6, int oif, u32 strict)
{
	const struct fib6_state *fs = net->ipv6->fib;
	struct fib6_info *f = res->f;
	u32 count = f->nsiblings + 1U, hash;

	if (likely(count < 2) || (oif && oif == f->dev->ifindex && fl6->oif))
		return;
	hash = fl6->multipath_hash ? fl6->multipath_hash >> 1 : multipath_hash(fs, fl6);
	f = fib6_group_first(f);
	for (u32 i = 0; i < count; i++, f = f->next) {
		if (f->upper_bound == UINT32_MAX || hash > f->upper_bound)
			continue;
		if (route_score(f, net, oif, strict) >= 0)
			res->f = f;
		return;
	}
}
