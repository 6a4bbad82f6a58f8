// SPDX-License-Identifier: BSD-2-Clause
/* Multicast groups of devices, and the host's part of IGMP.
 *
 * @rfc  1112 6-7, 2236, 3376 5
 * @linux net/ipv4/igmp.c
 *
 * A join opens the device's filter and is reported twice; queries are answered after a random delay, each group by
 * itself.  Version 3 is spoken until a query of an older version is heard, then that for a while.
 *
 * Reading order: ip_mc_inc_group(), group_timer(), send_report(), igmp_rcv().
 */
#include "ipv4/igmp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/byteorder.h"
#include "base/csum.h"
#include "ipv4/ip.h"
#include "ipv4/protocol.h"

#define IGMP_QUERY 0x11
#define IGMP_V1_REPORT 0x12
#define IGMP_V2_REPORT 0x16
#define IGMP_V2_LEAVE 0x17
#define IGMP_V3_REPORT 0x22
#define IGMP_MODE_IS_EXCLUDE 2
#define IGMP_CHANGE_TO_INCLUDE 3
#define IGMP_CHANGE_TO_EXCLUDE 4
#define IGMP_ROBUSTNESS 2 /* how often a join is told */
#define IGMP_UNSOLICITED_MS 1000
#define IGMP_V1V2_UNSOLICITED_MS 10000
#define IGMP_OLDER_QUERIER_S 400 /* RFC 3376 8.12 with the defaults of 8.1, 8.2, 8.3 */
#define IP_ROUTER_ALERT_BYTES 4U
#define IGMP_IHL 6 /* with Router Alert */
#define TOS_INTERNETWORK_CONTROL 0xc0

#define ALL_HOSTS CONST_BE32(0xe0000001U)
#define ALL_ROUTERS CONST_BE32(0xe0000002U)
#define ALL_V3_ROUTERS CONST_BE32(0xe0000016U)

/** struct igmphdr - RFC 2236 2, and the beginning of RFC 3376 4.1 */
struct igmphdr {
	u8 type, code;
	__be16 csum;
	__be32 group;
};
static_assert(sizeof(struct igmphdr) == 8, "RFC 2236: 8 octets");

/** struct igmpv3_report1 - RFC 3376 4.2 with one record that names no sources */
struct igmpv3_report1 {
	u8 type, resv1;
	__be16 csum, resv2, records;
	u8 rec_type, rec_auxwords;
	__be16 rec_sources;
	__be32 rec_group;
};
static_assert(sizeof(struct igmpv3_report1) == 16, "RFC 3376: 8 octets and 8");

/* ------------------------------------------------------------------ sending */

static bool tells(const struct in_device *in_dev, __be32 group)
{
	return group != ALL_HOSTS && (in_dev->dev->flags & IFF_UP) && !(in_dev->dev->flags & IFF_LOOPBACK);
}

/** igmp_packet() - IPv4 header with Router Alert, room for @len_bytes behind it; NULL: no route, no memory */
static struct sk_buff *igmp_packet(struct in_device *in_dev, __be32 dst, u32 len_bytes)
{
	struct net *net = in_dev->dev->net;
	struct flowi4 fl4 = { .daddr = dst, .oif = in_dev->dev->ifindex, .proto = IPPROTO_IGMP };
	const u32 header_bytes = IGMP_IHL * 4;
	static const u8 router_alert[IP_ROUTER_ALERT_BYTES] = { 148, 4, 0, 0 };
	struct sk_buff *skb;
	struct rtable *rt;
	struct iphdr *iph;

	if (net_follows(net) || ip_route_output_flow(net, &fl4, &rt))
		return NULL;
	skb = alloc_skb(net->skb_pool, LL_RESERVED_SPACE(rt->dst.dev) + LL_MAX_HEADER + header_bytes + len_bytes);
	if (!skb) {
		dst_release(&rt->dst);
		return NULL;
	}
	skb_reserve(skb, LL_RESERVED_SPACE(rt->dst.dev) + LL_MAX_HEADER);
	skb_dst_set(skb, &rt->dst);
	skb->dev = rt->dst.dev;
	skb->protocol = cpu_to_be16(ETH_P_IP);
	skb_reset_network_header(skb);
	iph = skb_put(skb, header_bytes);
	memset(iph, 0, sizeof(*iph));
	iph->version = IPVERSION;
	iph->ihl = IGMP_IHL;
	iph->tos = TOS_INTERNETWORK_CONTROL;
	iph->frag_off = CONST_BE16(IP_DF);
	iph->ttl = 1;
	iph->protocol = IPPROTO_IGMP;
	iph->saddr = fl4.saddr;
	iph->daddr = dst;
	ip_select_ident(net, iph, skb, 1);
	memcpy(iph + 1, router_alert, sizeof(router_alert));
	skb_set_transport_header(skb, header_bytes);
	return skb;
}

/** send_v3() - one record; RFC 3376 4.2 */
static void send_v3(struct in_device *in_dev, __be32 group, u8 rec_type)
{
	struct sk_buff *skb = igmp_packet(in_dev, ALL_V3_ROUTERS, sizeof(struct igmpv3_report1));
	struct igmpv3_report1 *r;

	if (!skb)
		return;
	r = skb_put(skb, sizeof(*r));
	*r = (struct igmpv3_report1){
		.type = IGMP_V3_REPORT, .records = CONST_BE16(1), .rec_type = rec_type, .rec_group = group
	};
	r->csum = ip_compute_csum(r, sizeof(*r));
	ip_local_out(in_dev->dev->net, NULL, skb);
}

/** send_older() - versions 1 and 2: type and group */
static void send_older(struct in_device *in_dev, __be32 dst, u8 type, __be32 group)
{
	struct sk_buff *skb = igmp_packet(in_dev, dst, sizeof(struct igmphdr));
	struct igmphdr *ih;

	if (!skb)
		return;
	ih = skb_put(skb, sizeof(*ih));
	*ih = (struct igmphdr){ .type = type, .group = group };
	ih->csum = ip_compute_csum(ih, sizeof(*ih));
	ip_local_out(in_dev->dev->net, NULL, skb);
}

static u32 version_of(const struct in_device *in_dev)
{
	ktime_t now = in_dev->dev->net->now;

	return now < in_dev->mr_v1_until ? 1 : now < in_dev->mr_v2_until ? 2 : 3;
}

static void send_report(struct ip_mc_list *im, bool is_change)
{
	switch (version_of(im->in_dev)) {
	case 1:
		send_older(im->in_dev, im->multiaddr, IGMP_V1_REPORT, im->multiaddr);
		break;
	case 2:
		send_older(im->in_dev, im->multiaddr, IGMP_V2_REPORT, im->multiaddr);
		break;
	default:
		send_v3(im->in_dev, im->multiaddr, is_change ? IGMP_CHANGE_TO_EXCLUDE : IGMP_MODE_IS_EXCLUDE);
		break;
	}
	im->reporter = true;
}

static void send_leave(const struct ip_mc_list *im)
{
	switch (version_of(im->in_dev)) {
	case 1:
		break;
	case 2:
		if (im->reporter)
			send_older(im->in_dev, ALL_ROUTERS, IGMP_V2_LEAVE, im->multiaddr);
		break;
	default:
		send_v3(im->in_dev, im->multiaddr, IGMP_CHANGE_TO_INCLUDE);
		break;
	}
}

/* ------------------------------------------------------------------ timers */

/** arm_within() - at a random time from now to @max_ms; an earlier one stays */
static void arm_within(struct ip_mc_list *im, u32 max_ms)
{
	struct net *net = im->in_dev->dev->net;
	ktime_t at = net->now + (ktime_t)get_random_u32_below(&net->rng, max_ms ? max_ms : 1) * NSEC_PER_MSEC;

	if (timer_pending(&im->timer) && im->timer.expires <= at)
		return;
	mod_timer(net->timers, &im->timer, at);
}

static u32 unsolicited_ms(const struct in_device *in_dev)
{
	return version_of(in_dev) == 3 ? IGMP_UNSOLICITED_MS : IGMP_V1V2_UNSOLICITED_MS;
}

static void group_timer(struct timer *t)
{
	struct ip_mc_list *im = container_of(t, struct ip_mc_list, timer);
	bool is_change = im->changes_left > 0;

	if (is_change && --im->changes_left)
		arm_within(im, unsolicited_ms(im->in_dev));
	send_report(im, is_change);
}

static void tell_join(struct ip_mc_list *im)
{
	if (!tells(im->in_dev, im->multiaddr))
		return;
	im->changes_left = IGMP_ROBUSTNESS - 1;
	send_report(im, true);
	arm_within(im, unsolicited_ms(im->in_dev));
}

/* ------------------------------------------------------------------ membership */

static struct ip_mc_list *group_find(const struct in_device *in_dev, __be32 group)
{
	struct ip_mc_list *im;

	list_for_each_entry(im, &in_dev->mc_list, node) {
		if (im->multiaddr == group)
			return im;
	}
	return NULL;
}

bool ip_check_mc(const struct in_device *in_dev, __be32 group)
{
	return group_find(in_dev, group) != NULL;
}

/** filter_change() - RFC 1112 6.4: the device hears the group's link-layer address.  Return: 0, -errno */
static int filter_change(const struct in_device *in_dev, __be32 group, bool open)
{
	u32 low = be32_to_cpu(group) & 0x7fffffU;
	u8 addr[MAX_ADDR_LEN] = { 0x01, 0x00, 0x5e, (u8)(low >> 16), (u8)(low >> 8), (u8)low };

	if (in_dev->dev->addr_len != ETH_ALEN || (in_dev->dev->flags & IFF_LOOPBACK))
		return 0;
	return open ? dev_mc_add(in_dev->dev, addr) : dev_mc_del(in_dev->dev, addr);
}

static void group_free_rcu(struct rcu_head *head)
{
	struct ip_mc_list *im = container_of(head, struct ip_mc_list, rcu);

	mem_free(im->in_dev->dev->net->mem, im, sizeof(*im));
}

int ip_mc_inc_group(struct in_device *in_dev, __be32 group)
{
	struct net *net = in_dev->dev->net;
	struct ip_mc_list *im = group_find(in_dev, group);

	if (im) {
		im->users_count++;
		return 0;
	}
	if (in_dev->dead || in_dev->mc_count >= IGMP_MAX_GROUPS)
		return -ENOBUFS;
	im = mem_zalloc(net->mem, sizeof(*im));
	if (!im)
		return -ENOBUFS;
	if (filter_change(in_dev, group, true)) {
		mem_free(net->mem, im, sizeof(*im));
		return -ENOBUFS;
	}
	im->in_dev = in_dev;
	im->multiaddr = group;
	im->users_count = 1;
	timer_setup(&im->timer, group_timer);
	list_add_tail(&im->node, &in_dev->mc_list);
	in_dev->mc_count++;
	rt_cache_flush(net);
	tell_join(im);
	return 0;
}

static void group_remove(struct ip_mc_list *im, bool tell)
{
	struct in_device *in_dev = im->in_dev;
	struct net *net = in_dev->dev->net;

	timer_delete(net->timers, &im->timer);
	list_del_init(&im->node);
	in_dev->mc_count--;
	filter_change(in_dev, im->multiaddr, false);
	if (tell && tells(in_dev, im->multiaddr))
		send_leave(im);
	rt_cache_flush(net);
	rcu_defer_free(&net->rcu, &im->rcu, group_free_rcu);
}

void ip_mc_dec_group(struct in_device *in_dev, __be32 group)
{
	struct ip_mc_list *im = group_find(in_dev, group);

	if (im && --im->users_count == 0)
		group_remove(im, true);
}

int ip_mc_init_dev(struct in_device *in_dev)
{
	return ip_mc_inc_group(in_dev, ALL_HOSTS);
}

void ip_mc_up(struct in_device *in_dev)
{
	struct ip_mc_list *im;

	list_for_each_entry(im, &in_dev->mc_list, node)
		tell_join(im);
}

void ip_mc_down(struct in_device *in_dev)
{
	struct ip_mc_list *im;

	in_dev->mr_v1_until = in_dev->mr_v2_until = 0;
	list_for_each_entry(im, &in_dev->mc_list, node)
		timer_delete(in_dev->dev->net->timers, &im->timer);
}

void ip_mc_destroy_dev(struct in_device *in_dev)
{
	while (!list_empty(&in_dev->mc_list))
		group_remove(list_first_entry(&in_dev->mc_list, struct ip_mc_list, node), false);
}

/* ------------------------------------------------------------------ receiving */

/** code_ms() - RFC 3376 4.1.1: tenths of a second, from 128 on with an exponent */
static u32 code_ms(u8 code)
{
	u32 tenths = code < 128 ? code : ((code & 0xfU) | 0x10U) << (((code >> 4) & 7U) + 3U);

	return tenths * 100;
}

static void heard_query(struct in_device *in_dev, const struct igmphdr *ih, u32 len_bytes)
{
	ktime_t older_until = in_dev->dev->net->now + IGMP_OLDER_QUERIER_S * NSEC_PER_SEC;
	struct ip_mc_list *im;
	u32 max_ms = code_ms(ih->code);

	if (len_bytes == sizeof(*ih) && ih->code == 0) {
		in_dev->mr_v1_until = older_until;
		max_ms = IGMP_V1V2_UNSOLICITED_MS;
	} else if (len_bytes == sizeof(*ih)) {
		in_dev->mr_v2_until = older_until;
		max_ms = ih->code * 100U;
	} else if (len_bytes < 12) { /* RFC 3376 7.1: neither of the lengths: silently ignored */
		return;
	}
	list_for_each_entry(im, &in_dev->mc_list, node) {
		if (!tells(in_dev, im->multiaddr) || (ih->group && ih->group != im->multiaddr))
			continue;
		arm_within(im, max_ms);
	}
}

/** heard_report() - somebody else told, in versions that suppress: ours is not needed */
static void heard_report(struct in_device *in_dev, const struct igmphdr *ih)
{
	struct ip_mc_list *im = group_find(in_dev, ih->group);

	if (!im || version_of(in_dev) == 3)
		return;
	timer_delete(in_dev->dev->net->timers, &im->timer);
	im->changes_left = 0;
	im->reporter = false;
}

static int igmp_rcv(struct sk_buff *skb)
{
	struct in_device *in_dev = in_dev_get_rcu(skb->dev);
	const struct igmphdr *ih;

	if (!in_dev || !pskb_may_pull(skb, sizeof(*ih))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_HDR_TRUNC);
		return 0;
	}
	if (csum_fold(skb_checksum_from(skb, 0))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_INVALID_PROTO);
		return 0;
	}
	ih = (const struct igmphdr *)(const void *)skb->data;
	switch (ih->type) {
	case IGMP_QUERY:
		heard_query(in_dev, ih, skb->len);
		break;
	case IGMP_V1_REPORT:
	case IGMP_V2_REPORT:
		if (skb->pkt_type == PACKET_MULTICAST)
			heard_report(in_dev, ih);
		break;
	default: /* for routers */
		break;
	}
	consume_skb(skb);
	return 0;
}

static const struct net_protocol igmp_protocol = { .handler = igmp_rcv };

int igmp_init(struct net *net)
{
	return inet_add_protocol(net, &igmp_protocol, IPPROTO_IGMP);
}

void igmp_exit(struct net *net)
{
	inet_del_protocol(net, IPPROTO_IGMP);
}
