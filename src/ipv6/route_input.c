// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 input routes: what becomes of a packet that came in.
 *
 * @rfc  4291 2.5, 8200 3, 4443 3.1
 * @linux net/ipv6/route.c ip6_route_input
 *
 * The last routes are kept in a small table, by addresses and device, and by the flow label where that chooses among next
 * hops: a packet between two hosts costs one comparison.
 * Every change of tables, addresses, rules or parameters empties it.
 *
 * Reading order: ip6_route_input(), route_slow().
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "ipv6/fib6_internal.h"
#include "ipv6/ipv6.h"

/* ------------------------------------------------------------------ the small table */

static struct rt6_input_slot *input_slot(struct rt6_state *rs, const struct ipv6hdr *h, int iif)
{
	u64 w[4];
	u64 x;

	memcpy(w, &h->saddr, sizeof(w));
	x = (w[0] ^ w[1] * 3 ^ w[2] * 5 ^ w[3] * 7 ^ (u64)(u32)iif << 40) * 0x9e3779b97f4a7c15ULL;
	return &rs->input[(x >> 56) & (rs->input_slots - 1)];
}

void rt6_input_cache_flush(struct rt6_state *rs)
{
	for (u32 i = 0; rs->input_used && i < rs->input_slots; i++) {
		struct rt6_info *rt = rs->input[i].rt;

		rs->input[i].rt = NULL;
		if (rt)
			dst_release(&rt->dst);
	}
	rs->input_used = false;
}

/* What was remembered is forgotten.  Without memory nothing changes. */
static void input_resize(struct net *net, u32 slots)
{
	struct rt6_state *rs = net->ipv6->route;
	struct rt6_input_slot *input = mem_zalloc(net->mem, slots * sizeof(*input));

	if (!input)
		return;
	rt6_input_cache_flush(rs);
	mem_free(net->mem, rs->input, rs->input_slots * sizeof(*rs->input));
	rs->input = input;
	rs->input_slots = slots;
}

static void input_remember(struct net *net, const struct ipv6hdr *h, int iif, struct rt6_info *rt)
{
	struct rt6_state *rs = net->ipv6->route;
	struct rt6_input_slot *s;

	if (!rs->input)
		input_resize(net, RT6_INPUT_CACHE_FIRST);
	if (!rs->input)
		return;
	s = input_slot(rs, h, iif);
	if (s->rt && rs->input_slots < RT6_INPUT_CACHE_SLOTS && ++rs->input_evicted >= RT6_INPUT_CACHE_EVICTED) {
		input_resize(net, RT6_INPUT_CACHE_SLOTS);
		s = input_slot(rs, h, iif);
	}
	dst_get(&rt->dst);
	if (s->rt)
		dst_release(&s->rt->dst);
	s->daddr = h->daddr;
	s->saddr = h->saddr;
	s->iif = iif;
	s->flowinfo = ip6_flowinfo(h);
	s->one_flow = rt->from->nsiblings != 0;
	s->rt = rt;
	rs->input_used = true;
}

/* ------------------------------------------------------------------ the way */

static int route_slow(struct net *net, struct sk_buff *skb, const struct ipv6hdr *h, struct rt6_info **out)
{
	int iif = skb->dev->ifindex;
	struct flowi6 fl6 = { .iif = iif,
			      .daddr = h->daddr,
			      .saddr = h->saddr,
			      .flowlabel = ip6_flowinfo(h),
			      .proto = h->nexthdr,
			      .mark = skb->mark };
	u32 strict = fib6_lookup_flags(net) | (rt6_need_strict(&h->daddr) ? RT6_LOOKUP_F_IFACE : 0);
	struct fib6_result res;
	int err = fib6_lookup(net, &fl6, iif, strict, &res);

	net->ipv6->route->input_misses++;
	if (err) {
		*out = rt6_refusal(net, err);
	} else {
		fib6_select_path(net, &res, &fl6, iif, strict);
		*out = rt6_of(res.f, &h->daddr);
	}
	return *out ? 0 : -ENOBUFS;
}

int ip6_route_input(struct sk_buff *skb, enum skb_drop_reason *reason)
{
	const struct ipv6hdr *h = ipv6_hdr(skb);
	struct net *net = skb->dev->net;
	struct rt6_state *rs = net->ipv6->route;
	struct rt6_info *rt;

	TRACE_STEP(0, skb);
	if (likely(rs->input_used && !skb->mark)) {
		const struct rt6_input_slot *s = input_slot(rs, h, skb->dev->ifindex);

		if (s->rt && s->iif == skb->dev->ifindex && ipv6_addr_equal(&s->daddr, &h->daddr) &&
		    ipv6_addr_equal(&s->saddr, &h->saddr) && (likely(!s->one_flow) || s->flowinfo == ip6_flowinfo(h)) &&
		    rt6_is_current(s->rt, net->ipv6->rt_genid, net->now)) {
			rs->input_hits++;
			skb_dst_set_noref(skb, &s->rt->dst);
			return 0;
		}
	}
	if (route_slow(net, skb, h, &rt)) {
		*reason = SKB_DROP_REASON_NOMEM;
		return -ENOBUFS;
	}
	/* rules may look at more than the key; what is refused is made anew for each */
	if (!net->ipv6->fib->custom_rules && !skb->mark && rt->from)
		input_remember(net, h, skb->dev->ifindex, rt);
	skb_dst_set(skb, &rt->dst);
	return 0;
}
