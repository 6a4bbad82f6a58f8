// SPDX-License-Identifier: BSD-2-Clause
/* Multicast listener queries: what a router asks, and when it is answered.
 *
 * @rfc  3810 5.1, 6.2, 8.2; 2710 4
 * @linux igmp6_event_query, igmp6_event_report
 */
#include <errno.h>
#include <string.h>

#include "ipv6/addrconf_internal.h"
#include "ipv6/icmpv6.h"
#include "ipv6/ipv6.h"
#include "ipv6/mcast_internal.h"
#include "skb/skbuff.h"

#define ICMPV6_MGM_QUERY 130
#define ICMPV6_MGM_REPORT 131
#define MLD_V1_BYTES 24U
#define MLD_V2_BYTES 28U
#define MLD_QI_DEFAULT (125 * NSEC_PER_SEC) /* RFC 3810 9.2 */
#define MLD_QRI_DEFAULT (10 * NSEC_PER_SEC) /* 9.3 */

/** struct mld_query - RFC 3810 5.1; version 1 ends before qrv */
struct mld_query {
	u8 type, code;
	__be16 csum, max_resp, reserved;
	struct in6_addr group;
	u8 qrv; /**< reserved 4 bits, S flag, QRV 3 bits */
	u8 qqic;
	__be16 sources;
};
static_assert(sizeof(struct mld_query) == MLD_V2_BYTES, "RFC 3810 5.1");

/** float_code() - RFC 3810 5.1.3, 5.1.9: small numbers as they are, larger ones with a 3 bit exponent */
static u32 float_code(u32 code, u32 mantissa_bits)
{
	u32 mantissa = code & ((1U << mantissa_bits) - 1), exponent = (code >> mantissa_bits) & 7;

	if (code < 1U << (mantissa_bits + 3))
		return code;
	return (mantissa | 1U << mantissa_bits) << (exponent + 3);
}

/** heard_v1() - RFC 3810 8.2.1: its querier is believed for a while (9.12) */
static void heard_v1(struct inet6_dev *idev)
{
	struct net *net = idev->dev->net;
	ktime_t qi = idev->mc_qi ? idev->mc_qi : MLD_QI_DEFAULT, qri = idev->mc_qri ? idev->mc_qri : MLD_QRI_DEFAULT;

	idev->mc_v1_until = net->now + mld_qrv(idev) * qi + qri;
	timer_delete(net->timers, &idev->mc_gq_timer);
	mld_forget_changes(idev);
}

static void ask_group(struct ifmcaddr6 *mc, ktime_t most)
{
	if (mld_tells(mc))
		mld_arm_within(mc->idev, &mc->timer, most);
}

/** query_v1() - each group that is meant reports by itself */
static void query_v1(struct inet6_dev *idev, const struct mld_query *q, ktime_t most)
{
	struct ifmcaddr6 *mc;

	list_for_each_entry(mc, &idev->mc_list, node) {
		if (ipv6_addr_any(&q->group) || ipv6_addr_equal(&q->group, &mc->addr))
			ask_group(mc, most);
	}
}

/** mark_sources() - those of @mc that are asked for.  Return: is there one? */
static bool mark_sources(struct ifmcaddr6 *mc, const struct in6_addr *asked, u32 count)
{
	struct ip6_sf_source *s;
	bool any = false;

	list_for_each_entry(s, &mc->sources, node) {
		for (u32 i = 0; i < count && !s->queried; i++)
			s->queried = ipv6_addr_equal(&s->addr, &asked[i]);
		any |= s->queried;
	}
	return any;
}

/** query_group() - RFC 3810 6.2 rules 3-5.  A source that nobody named, in mode EXCLUDE, is let in: then the answer is the
 *  group's whole state */
static void query_group(struct ifmcaddr6 *mc, const struct in6_addr *asked, u32 count, ktime_t most)
{
	bool pending = timer_pending(&mc->timer);

	if (!mld_tells(mc))
		return;
	if (!count || (pending && !mc->gsq)) {
		mc->gsq = false;
		mld_arm_within(mc->idev, &mc->timer, most);
		return;
	}
	if (mark_sources(mc, asked, count)) {
		mc->gsq = true;
		mld_arm_within(mc->idev, &mc->timer, most);
	} else if (mc->mode == MLD_EXCLUDE) {
		mc->gsq = false;
		mld_arm_within(mc->idev, &mc->timer, most);
	}
}

static void query_v2(struct inet6_dev *idev, const struct mld_query *q, const struct in6_addr *sources, ktime_t most)
{
	struct net *net = idev->dev->net;
	u32 count = be16_to_cpu(q->sources);
	struct ifmcaddr6 *mc;

	idev->mc_qrv = (u8)(q->qrv & 7);
	idev->mc_qi = (ktime_t)float_code(q->qqic, 4) * NSEC_PER_SEC;
	idev->mc_qri = most;
	if (ipv6_addr_any(&q->group)) {
		if (!count) /* a general query names no sources */
			mld_arm_within(idev, &idev->mc_gq_timer, most);
		return;
	}
	if (timer_pending(&idev->mc_gq_timer) && idev->mc_gq_timer.expires <= net->now + most)
		return; /* rule 1: that answer says it all */
	mc = mld_group_find(idev, &q->group);
	if (mc)
		query_group(mc, sources, count, most);
}

/** event_query() - @skb: data at the ICMPv6 header.  Return: was it one? */
static bool event_query(struct inet6_dev *idev, struct sk_buff *skb)
{
	const struct ipv6hdr *h = ipv6_hdr(skb);
	u32 len = skb->len, count;
	const struct mld_query *q;
	int force = IPV6_DEVCONF_ALL(idev->dev->net, FORCE_MLD_VERSION);

	if (!ipv6_addr_is_linklocal(&h->saddr) || h->hop_limit != 1 || !(IP6CB(skb)->flags & IP6SKB_ROUTERALERT))
		return false;
	if (!pskb_may_pull(skb, min_u32(len, MLD_V2_BYTES)) || len < MLD_V1_BYTES)
		return false;
	q = (const struct mld_query *)(const void *)skb->data;
	if (!ipv6_addr_any(&q->group) && !ipv6_addr_is_multicast(&q->group))
		return false;
	if (!force)
		force = IN6_DEV_CONF(idev, FORCE_MLD_VERSION);
	if (len == MLD_V1_BYTES && force != 2)
		heard_v1(idev);
	if (len == MLD_V1_BYTES || mld_speaks_v1(idev)) {
		query_v1(idev, q, be16_to_cpu(q->max_resp) * NSEC_PER_MSEC);
		return true;
	}
	if (len < MLD_V2_BYTES) /* RFC 3810 8.1: neither of the lengths */
		return false;
	count = be16_to_cpu(q->sources);
	if (len < MLD_V2_BYTES + count * sizeof(struct in6_addr) || !pskb_may_pull(skb, MLD_V2_BYTES + count * 16))
		return false;
	q = (const struct mld_query *)(const void *)skb->data;
	query_v2(idev, q, (const struct in6_addr *)(q + 1), float_code(be16_to_cpu(q->max_resp), 12) * NSEC_PER_MSEC);
	return true;
}

/** event_report() - somebody else told, in the version that suppresses: ours is not needed.  @rfc 2710 4 */
static bool event_report(struct inet6_dev *idev, struct sk_buff *skb)
{
	const struct in6_addr *src = &ipv6_hdr(skb)->saddr;
	const struct mld_query *q;
	struct ifmcaddr6 *mc;

	if (skb->pkt_type != PACKET_MULTICAST && skb->pkt_type != PACKET_BROADCAST)
		return true;
	if (!pskb_may_pull(skb, MLD_V1_BYTES) || (!ipv6_addr_any(src) && !ipv6_addr_is_linklocal(src)))
		return false;
	q = (const struct mld_query *)(const void *)skb->data;
	mc = mld_group_find(idev, &q->group);
	if (mc && mld_speaks_v1(idev)) {
		timer_delete(idev->dev->net->timers, &mc->timer);
		mc->flags &= (u8)~MAF_LAST_REPORTER;
	}
	return true;
}

int igmp6_rcv(struct sk_buff *skb)
{
	struct inet6_dev *idev = in6_dev_get_rcu(skb->dev);
	bool good = idev && pskb_may_pull(skb, 1);

	if (good && skb->data[0] == ICMPV6_MGM_QUERY)
		good = event_query(idev, skb);
	else if (good && skb->data[0] == ICMPV6_MGM_REPORT)
		good = event_report(idev, skb);
	if (good) /* done messages, and reports of version 2, are for routers */
		consume_skb(skb);
	else
		kfree_skb_reason(skb, SKB_DROP_REASON_INVALID_PROTO);
	return 0;
}
