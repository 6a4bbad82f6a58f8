// SPDX-License-Identifier: BSD-2-Clause
/* Multicast listener reports: what routers are told, and when.
 *
 * @rfc  3810 5.2 6 8, 2710 4, 3590
 * @linux net/ipv6/mcast.c: mld_ifc_work, mld_gq_work, mld_newpack, igmp6_send
 *
 * Changes are told at once, and again until they were told robustness-variable times; queries are answered at a random
 * time.  A report is filled record by record, and goes when it is full.
 *
 * Reading order: mld_changed(), mld_ifc_timer(), struct report, mld_gq_timer(), send_v1().
 */
#include <errno.h>
#include <string.h>

#include "ipv6/addrconf_internal.h"
#include "ipv6/icmpv6.h"
#include "ipv6/ipv6.h"
#include "ipv6/mcast_internal.h"
#include "skb/skbuff.h"

#define ICMPV6_MGM_REPORT 131
#define ICMPV6_MGM_REDUCTION 132
#define ICMPV6_MLD2_REPORT 143
#define HOPOPTS_BYTES 8U
#define REPORT_BYTES_MAX 1500U  /* of a packet, also where larger ones would fit */
#define REPORT_FIRST_BYTES 128U /* room for the groups that most hosts have */

/** what a record says.  @rfc 3810 5.2.12 */
enum record_type {
	MODE_IS_INCLUDE = 1,
	MODE_IS_EXCLUDE,
	CHANGE_TO_INCLUDE,
	CHANGE_TO_EXCLUDE,
	ALLOW_NEW_SOURCES,
	BLOCK_OLD_SOURCES
};

/** struct mld_msg - version 1: RFC 2710 3 */
struct mld_msg {
	u8 type, code;
	__be16 csum, max_delay, reserved;
	struct in6_addr group;
};
static_assert(sizeof(struct mld_msg) == 24, "RFC 2710 3");

/** struct mld2_report - RFC 3810 5.2; records follow */
struct mld2_report {
	u8 type, reserved1;
	__be16 csum, reserved2, records;
};
struct mld2_record {
	u8 type, aux_words;
	__be16 sources;
	struct in6_addr group;
};
static_assert(sizeof(struct mld2_report) == 8 && sizeof(struct mld2_record) == 20, "RFC 3810 5.2");

/* ------------------------------------------------------------------ packets */

bool mld_speaks_v1(const struct inet6_dev *idev)
{
	struct net *net = idev->dev->net;
	int force = IPV6_DEVCONF_ALL(net, FORCE_MLD_VERSION);

	if (!force)
		force = IN6_DEV_CONF(idev, FORCE_MLD_VERSION);
	return force == 1 || (!force && net->now < idev->mc_v1_until);
}

/** is_reported() - is the group one of which routers are told? */
static bool is_reported(const struct ifmcaddr6 *mc)
{
	const struct net_device *dev = mc->idev->dev;

	return !(mc->flags & MAF_NOREPORT) && !(dev->flags & IFF_LOOPBACK) && !net_follows(dev->net);
}

bool mld_tells(const struct ifmcaddr6 *mc)
{
	return is_reported(mc) && (!mc->users || netif_running(mc->idev->dev));
}

/** mld_packet() - IPv6 and hop-by-hop header with Router Alert; room for @len_bytes behind.  NULL: no memory */
static struct sk_buff *mld_packet(struct inet6_dev *idev, const struct in6_addr *daddr, u32 len_bytes)
{
	static const u8 router_alert[HOPOPTS_BYTES] = { NEXTHDR_ICMP, 0, 5, 2, 0, 0, 1, 0 }; /* RFC 2711, and padding */
	struct net_device *dev = idev->dev;
	u32 headroom = LL_RESERVED_SPACE(dev) + 16;
	struct sk_buff *skb = alloc_skb(dev->net->skb_pool, headroom + IPV6_HEADER_BYTES + HOPOPTS_BYTES + len_bytes);
	struct ipv6hdr *h;

	if (!skb)
		return NULL;
	skb_reserve(skb, headroom);
	skb->dev = dev;
	skb->protocol = cpu_to_be16(ETH_P_IPV6);
	skb_reset_network_header(skb);
	h = skb_put(skb, IPV6_HEADER_BYTES);
	*h = (struct ipv6hdr){ .ver_tc_flow = ip6_flow_word(0, 0), .hop_limit = 1, .daddr = *daddr };
	if (ipv6_get_lladdr(dev, &h->saddr, IFA_F_TENTATIVE))
		h->saddr = in6addr_any;
	memcpy(skb_put(skb, HOPOPTS_BYTES), router_alert, sizeof(router_alert));
	skb_set_transport_header(skb, IPV6_HEADER_BYTES + HOPOPTS_BYTES);
	return skb;
}

/** mld_send() - checksum and away; @skb taken */
static void mld_send(struct inet6_dev *idev, struct sk_buff *skb)
{
	struct net *net = idev->dev->net;
	struct ipv6hdr *h = ipv6_hdr(skb);
	struct mld2_report *r = (struct mld2_report *)(void *)skb_transport_header(skb);
	u32 len = skb->len - IPV6_HEADER_BYTES - HOPOPTS_BYTES;
	struct rt6_info *rt = icmp6_dst_alloc(idev->dev, &h->daddr);
	u8 type = r->type;

	h->payload_len = cpu_to_be16((u16)(len + HOPOPTS_BYTES));
	h->nexthdr = NEXTHDR_HOP;
	r->csum = 0;
	r->csum = csum_fold(csum_partial(r, len, csum_ipv6_magic_sum(&h->saddr, &h->daddr, len, NEXTHDR_ICMP)));
	if (!rt) {
		IP6_INC(net, idev, out_discards);
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return;
	}
	skb_dst_set(skb, &rt->dst);
	if (ip6_local_out(net, NULL, skb))
		IP6_INC(net, idev, out_discards);
	else
		icmpv6_out_count(net, idev, type);
}

/** send_v1() - report or done of one group */
static void send_v1(struct ifmcaddr6 *mc, u8 type)
{
	struct inet6_dev *idev = mc->idev;
	const struct in6_addr *to = type == ICMPV6_MGM_REDUCTION ? &in6addr_linklocal_allrouters : &mc->addr;
	struct sk_buff *skb = mld_packet(idev, to, sizeof(struct mld_msg));
	struct mld_msg *m;

	if (!skb)
		return;
	m = skb_put(skb, sizeof(*m));
	*m = (struct mld_msg){ .type = type, .group = mc->addr };
	mld_send(idev, skb);
	if (type == ICMPV6_MGM_REPORT)
		mc->flags |= MAF_LAST_REPORTER;
}

void mld_send_done(struct ifmcaddr6 *mc)
{
	if (mc->flags & MAF_LAST_REPORTER)
		send_v1(mc, ICMPV6_MGM_REDUCTION);
}

/* ------------------------------------------------------------------ version 2: a report being filled */

struct report {
	struct inet6_dev *idev;
	struct sk_buff *skb;     /**< NULL: not begun */
	u32 left_bytes;          /**< room */
	struct mld2_record *rec; /**< being filled; NULL: none */
	u16 records, sources;
};

static void report_send(struct report *r)
{
	struct mld2_report *h;

	if (!r->skb)
		return;
	h = (struct mld2_report *)(void *)skb_transport_header(r->skb);
	h->records = cpu_to_be16(r->records);
	mld_send(r->idev, r->skb);
	r->skb = NULL;
	r->rec = NULL;
	r->records = 0;
}

static bool report_begin(struct report *r)
{
	u32 packet = min_u32(r->idev->dev->mtu, REPORT_BYTES_MAX);
	u32 room = packet - IPV6_HEADER_BYTES - HOPOPTS_BYTES - (u32)sizeof(struct mld2_report);
	struct mld2_report *h;

	r->skb = mld_packet(r->idev, &in6addr_mldv2_routers, (u32)sizeof(*h) + min_u32(room, REPORT_FIRST_BYTES));
	if (!r->skb)
		return false;
	h = skb_put(r->skb, sizeof(*h));
	*h = (struct mld2_report){ .type = ICMPV6_MLD2_REPORT };
	r->left_bytes = room;
	return true;
}

/** report_put() - @len_bytes of what is left; @rec moves along.  NULL: no memory, and nothing has changed */
static void *report_put(struct report *r, u32 len_bytes)
{
	size_t rec_at = r->rec ? (size_t)((u8 *)r->rec - r->skb->head) : 0;

	if (skb_tailroom(r->skb) < len_bytes && pskb_expand_head(r->skb, 0, r->left_bytes))
		return NULL;
	if (r->rec)
		r->rec = (struct mld2_record *)(void *)(r->skb->head + rec_at);
	r->left_bytes -= len_bytes;
	return skb_put(r->skb, len_bytes);
}

/** report_record() - a record begins; @sources: room for one at least.  Return: false: no memory */
static bool report_record(struct report *r, const struct ifmcaddr6 *mc, enum record_type type, bool sources)
{
	u32 needs = (u32)sizeof(struct mld2_record) + (sources ? (u32)sizeof(struct in6_addr) : 0);
	struct mld2_record *rec;

	if (r->skb && r->left_bytes < needs)
		report_send(r);
	if (!r->skb && !report_begin(r))
		return false;
	rec = report_put(r, sizeof(*rec));
	if (!rec)
		return false;
	*rec = (struct mld2_record){ .type = (u8)type, .group = mc->addr };
	r->rec = rec;
	r->records++;
	r->sources = 0;
	return true;
}

/** report_source() - one more source of the record; a full packet is followed by another, unless the record is of those
 *  that must be whole: then its list is cut off (RFC 3810 5.2.15) */
static void report_source(struct report *r, const struct ifmcaddr6 *mc, const struct in6_addr *addr)
{
	enum record_type type;
	void *source;

	if (!r->rec)
		return;
	type = r->rec->type;
	if (r->left_bytes < sizeof(*addr)) {
		if (type == MODE_IS_EXCLUDE || type == CHANGE_TO_EXCLUDE)
			return;
		if (!report_record(r, mc, type, true))
			return;
	}
	source = report_put(r, sizeof(*addr));
	if (!source)
		return;
	memcpy(source, addr, sizeof(*addr));
	r->rec->sources = cpu_to_be16(++r->sources);
}

/** report_sources() - a record of those sources that @take chooses; none at all if @always is false and there is no source */
static void report_sources(struct report *r, const struct ifmcaddr6 *mc, enum record_type type, bool always,
			   bool (*take)(const struct ifmcaddr6 *mc, const struct ip6_sf_source *s))
{
	const struct ip6_sf_source *s;
	bool begun = false;

	if (always)
		begun = report_record(r, mc, type, false);
	list_for_each_entry(s, &mc->sources, node) {
		if (!take(mc, s))
			continue;
		if (!begun)
			begun = report_record(r, mc, type, true);
		if (!begun)
			return;
		report_source(r, mc, &s->addr);
	}
	r->rec = NULL;
}

/* Which sources a record names. */
static bool is_let_in(const struct ifmcaddr6 *mc, const struct ip6_sf_source *s)
{
	(void)mc;
	return s->wanted;
}
static bool is_kept_out(const struct ifmcaddr6 *mc, const struct ip6_sf_source *s)
{
	(void)mc;
	return !s->wanted && s->exclude_count;
}
static bool is_newly_let_in(const struct ifmcaddr6 *mc, const struct ip6_sf_source *s)
{
	(void)mc;
	return s->changes_left && s->wanted;
}
static bool is_newly_kept_out(const struct ifmcaddr6 *mc, const struct ip6_sf_source *s)
{
	(void)mc;
	return s->changes_left && !s->wanted;
}
static bool is_asked_for(const struct ifmcaddr6 *mc, const struct ip6_sf_source *s)
{
	(void)mc;
	return s->queried && s->wanted;
}

/* ------------------------------------------------------------------ what changed */

#define MLD_CHANGES_GATHER (10 * NSEC_PER_MSEC) /* Linux: two ticks */

static void arm_at(struct inet6_dev *idev, struct timer *t, ktime_t at)
{
	if (!timer_pending(t) || t->expires > at)
		mod_timer(idev->dev->net->timers, t, at);
}

void mld_arm_within(struct inet6_dev *idev, struct timer *t, ktime_t most)
{
	struct net *net = idev->dev->net;
	u32 most_us = most > 0 ? (u32)min_s64(most / NSEC_PER_USEC, UINT32_MAX - 1) : 0;

	arm_at(idev, t, net->now + (ktime_t)get_random_u32_below(&net->rng, most_us + 1) * NSEC_PER_USEC);
}

/* As Linux: what was left a moment before it is joined again was never left. */
static void tell_soon(struct inet6_dev *idev)
{
	arm_at(idev, &idev->mc_ifc_timer, idev->dev->net->now + MLD_CHANGES_GATHER);
}

static ktime_t unsolicited_interval(const struct inet6_dev *idev)
{
	int ms = mld_speaks_v1(idev) ? IN6_DEV_CONF(idev, MLDV1_UNSOLICITED_REPORT_INTERVAL)
				     : IN6_DEV_CONF(idev, MLDV2_UNSOLICITED_REPORT_INTERVAL);

	return (ms > 0 ? ms : 1) * NSEC_PER_MSEC;
}

/** nothing_to_tell() - nobody must know, or nobody can be told */
static void nothing_to_tell(struct ifmcaddr6 *mc)
{
	struct ip6_sf_source *s;

	mc->changes_left = 0;
	list_for_each_entry(s, &mc->sources, node)
		s->changes_left = 0;
}

void mld_changed(struct ifmcaddr6 *mc)
{
	struct inet6_dev *idev = mc->idev;

	if (!mld_tells(mc)) {
		nothing_to_tell(mc);
		return;
	}
	if (!mld_speaks_v1(idev)) {
		tell_soon(idev);
		return;
	}
	if (mc->changes_left && mc->mode == MLD_EXCLUDE && mc->users) {
		send_v1(mc, ICMPV6_MGM_REPORT);
		mld_arm_within(idev, &mc->timer, unsolicited_interval(idev));
	}
	nothing_to_tell(mc);
}

/** change_records() - of one group; counts them.  Return: is there more to tell, later? */
static bool change_records(struct report *r, struct ifmcaddr6 *mc)
{
	struct ip6_sf_source *s;
	bool more = false;

	if (mc->changes_left) {
		if (mc->mode == MLD_EXCLUDE)
			report_sources(r, mc, CHANGE_TO_EXCLUDE, true, is_kept_out);
		else
			report_sources(r, mc, CHANGE_TO_INCLUDE, true, is_let_in);
		mc->changes_left--;
		more = mc->changes_left;
		list_for_each_entry(s, &mc->sources, node)
			more |= s->changes_left != 0;
		return more;
	}
	report_sources(r, mc, ALLOW_NEW_SOURCES, false, is_newly_let_in);
	report_sources(r, mc, BLOCK_OLD_SOURCES, false, is_newly_kept_out);
	list_for_each_entry(s, &mc->sources, node) {
		if (s->changes_left)
			s->changes_left--;
		more |= s->changes_left != 0;
	}
	return more;
}

void mld_forget_changes(struct inet6_dev *idev)
{
	struct ifmcaddr6 *mc;

	timer_delete(idev->dev->net->timers, &idev->mc_ifc_timer);
	while (!list_empty(&idev->mc_tomb))
		mld_tomb_free(list_first_entry(&idev->mc_tomb, struct ifmcaddr6, node));
	list_for_each_entry(mc, &idev->mc_list, node) {
		nothing_to_tell(mc);
		mld_drop_told(mc);
	}
}

void mld_ifc_timer(struct timer *t)
{
	struct inet6_dev *idev = container_of(t, struct inet6_dev, mc_ifc_timer);
	struct report r = { .idev = idev };
	struct ifmcaddr6 *mc, *tmp;
	bool more = false;

	if (mld_speaks_v1(idev)) { /* since a moment ago */
		mld_forget_changes(idev);
		return;
	}
	list_for_each_entry_safe(mc, tmp, &idev->mc_tomb, node) {
		if (change_records(&r, mc))
			more = true;
		else
			mld_tomb_free(mc);
	}
	list_for_each_entry(mc, &idev->mc_list, node) {
		more |= change_records(&r, mc);
		mld_drop_told(mc);
	}
	report_send(&r);
	if (more)
		mld_arm_within(idev, &idev->mc_ifc_timer, unsolicited_interval(idev));
}

/* ------------------------------------------------------------------ answers */

static void current_state(struct report *r, const struct ifmcaddr6 *mc)
{
	if (mc->mode == MLD_EXCLUDE)
		report_sources(r, mc, MODE_IS_EXCLUDE, true, is_kept_out);
	else
		report_sources(r, mc, MODE_IS_INCLUDE, false, is_let_in);
}

/** mld_gq_timer() - answer to a general query */
void mld_gq_timer(struct timer *t)
{
	struct inet6_dev *idev = container_of(t, struct inet6_dev, mc_gq_timer);
	struct report r = { .idev = idev };
	struct ifmcaddr6 *mc;

	list_for_each_entry(mc, &idev->mc_list, node) {
		if (mld_tells(mc))
			current_state(&r, mc);
	}
	report_send(&r);
}

/** sources_answer() - RFC 3810 6.3: of the sources that were asked for, those that are let in */
static void sources_answer(struct report *r, struct ifmcaddr6 *mc)
{
	struct ip6_sf_source *s;

	report_sources(r, mc, MODE_IS_INCLUDE, false, is_asked_for);
	list_for_each_entry(s, &mc->sources, node)
		s->queried = false;
}

/** mld_group_timer() - answer to a query for the group; version 1: report */
void mld_group_timer(struct timer *t)
{
	struct ifmcaddr6 *mc = container_of(t, struct ifmcaddr6, timer);
	struct report r = { .idev = mc->idev };

	if (!mld_tells(mc))
		return;
	if (mld_speaks_v1(mc->idev)) {
		send_v1(mc, ICMPV6_MGM_REPORT);
		return;
	}
	if (mc->gsq)
		sources_answer(&r, mc);
	else
		current_state(&r, mc);
	mc->gsq = false;
	report_send(&r);
}

/* ------------------------------------------------------------------ the device */

/** tell_all() - all groups, as if they had just been joined; as Linux, whether a router can hear it or not */
static void tell_all(struct inet6_dev *idev)
{
	struct report r = { .idev = idev };
	struct ifmcaddr6 *mc;

	list_for_each_entry(mc, &idev->mc_list, node) {
		if (!is_reported(mc))
			continue;
		if (mc->mode == MLD_EXCLUDE)
			report_sources(&r, mc, CHANGE_TO_EXCLUDE, true, is_kept_out);
		else
			report_sources(&r, mc, ALLOW_NEW_SOURCES, false, is_let_in);
	}
	report_send(&r);
}

void mld_dad_timer(struct timer *t)
{
	struct inet6_dev *idev = container_of(t, struct inet6_dev, mc_dad_timer);

	tell_all(idev);
	if (idev->mc_dad_count && --idev->mc_dad_count)
		mld_arm_within(idev, t, unsolicited_interval(idev));
}

void ipv6_mc_dad_complete(struct inet6_dev *idev)
{
	struct net *net = idev->dev->net;

	if (mld_speaks_v1(idev))
		return;
	idev->mc_dad_count = mld_qrv(idev);
	mod_timer(net->timers, &idev->mc_dad_timer, net->now);
}

void ipv6_mc_up(struct inet6_dev *idev)
{
	struct ifmcaddr6 *mc;

	idev->mc_qrv = 0;
	idev->mc_v1_until = 0;
	if (!list_empty(&idev->mc_tomb))
		tell_soon(idev);
	list_for_each_entry(mc, &idev->mc_list, node) {
		if (mld_hear(mc))
			net_log(idev->dev->net, "%s: no memory for the filter of a group", idev->dev->name);
		if (mc->mode == MLD_EXCLUDE)
			mc->changes_left = mld_qrv(idev);
		mld_changed(mc);
	}
}

void ipv6_mc_down(struct inet6_dev *idev)
{
	struct timer_wheel *timers = idev->dev->net->timers;
	struct ifmcaddr6 *mc;

	timer_delete(timers, &idev->mc_gq_timer);
	timer_delete(timers, &idev->mc_dad_timer);
	timer_delete(timers, &idev->mc_ifc_timer); /* what was left (mc_tomb) is told when the device comes up */
	idev->mc_v1_until = 0;
	list_for_each_entry(mc, &idev->mc_list, node) {
		nothing_to_tell(mc);
		mld_drop_told(mc);
		timer_delete(timers, &mc->timer);
		mld_hear_not(mc);
		mc->flags &= (u8)~MAF_LAST_REPORTER;
	}
}
