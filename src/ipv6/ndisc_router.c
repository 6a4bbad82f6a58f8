// SPDX-License-Identifier: BSD-2-Clause
/* Router discovery: who asks for routers, and what routers say of themselves, of the link, and of prefixes.
 *
 * @step receive path, from ipv6/ndisc.c; to ipv6/route.c, ipv6/addrconf_slaac.c
 * @rfc 4861 6.1 6.2.6 6.3.4, 4191 2 3, 8106 6, 8781, 8910
 * @linux ndisc_recv_rs, ndisc_router_discovery
 *
 * Reading order: ndisc_recv_rs(); ndisc_recv_ra(), ra_default_router(), ra_timers(), ra_options().
 */
#include "ipv6/ip6_fib.h"
#include "ipv6/ip6_route.h"
#include "ipv6/ndisc_internal.h"

#define RETRANS_MIN_NS (10 * NSEC_PER_MSEC)
#define REACHABLE_MIN_NS (100 * NSEC_PER_MSEC)
#define HOP_LIMIT_UNWANTED 256 /* accept_ra_min_hop_limit: none is believed */

/* Who speaks; a router, if it is an advertisement.  One that does not say where it is makes no entry. */
static void ndisc_learn_source(const struct nd_in *in, const u8 *slla, u32 flags)
{
	struct neigh_table *tbl = ndisc_table(in->net);
	struct neighbour *n = neigh_lookup(tbl, in->saddr, in->dev);

	if (!n && ((!slla && in->dev->addr_len) || neigh_create(tbl, in->saddr, in->dev, &n)))
		return;
	(void)neigh_update(n, slla, NUD_STALE,
			   flags | NEIGH_UPDATE_F_WEAK_OVERRIDE | NEIGH_UPDATE_F_OVERRIDE |
				   NEIGH_UPDATE_F_OVERRIDE_ISROUTER,
			   0, NULL);
	neigh_release(n);
}

enum skb_drop_reason ndisc_recv_rs(const struct nd_in *in)
{
	enum skb_drop_reason reason;
	const u8 *slla;

	if (!IN6_DEV_CONF(in->idev, FORWARDING))
		return SKB_DROP_REASON_IPV6_NDISC_IGNORED;
	if (ipv6_addr_any(in->saddr))
		return in->opts.first[ND_OPT_SOURCE_LL_ADDR] ? SKB_DROP_REASON_IPV6_NDISC_BAD_OPTIONS : 0;
	reason = ndisc_in_lladdr(in, ND_OPT_SOURCE_LL_ADDR, &slla);
	if (!reason)
		ndisc_learn_source(in, slla, 0);
	return reason;
}

/* ------------------------------------------------------------------ advertisements */

/** struct nd_ra - one advertisement */
struct nd_ra {
	const struct nd_in *in;
	const struct ra_msg *msg;
	struct inet6_dev *idev;
	const u8 *slla;
	bool from_us;             /**< and we do not listen to ourselves */
	bool news;                /**< something that user space is told of has changed */
	struct fib6_info *router; /**< the default route by it, of the tree; NULL: none */
};

/* A router does not listen to others, unless told that it is both: accept_ra 2. */
static bool ipv6_accept_ra(const struct inet6_dev *idev)
{
	return IN6_DEV_CONF(idev, FORWARDING) ? IN6_DEV_CONF(idev, ACCEPT_RA) == 2 : IN6_DEV_CONF(idev, ACCEPT_RA) != 0;
}

static u8 ra_pref(const struct inet6_dev *idev, u8 flags)
{
	u8 pref = ND_RA_PREF(flags);

	if (pref == 2 || !IN6_DEV_CONF(idev, ACCEPT_RA_RTR_PREF)) /* RFC 4191 2.1: 2 is reserved */
		return ICMPV6_ROUTER_PREF_MEDIUM;
	return pref;
}

static void ra_flags(struct nd_ra *ra)
{
	u8 flags = ra->msg->icmph.un.bytes[1];
	u32 old = ra->idev->if_flags;

	ra->idev->if_flags &= ~(IF_RA_MANAGED | IF_RA_OTHERCONF);
	if (flags & ND_RA_MANAGED)
		ra->idev->if_flags |= IF_RA_MANAGED;
	if (flags & ND_RA_OTHER)
		ra->idev->if_flags |= IF_RA_OTHERCONF;
	addrconf_ra_seen(ra->idev);
	ra->news |= ((ra->idev->if_flags ^ old) & (IF_RA_MANAGED | IF_RA_OTHERCONF)) != 0;
}

/* RFC 4861 6.3.4.  Return: the hop limit, 0: none that is believed */
static u8 ra_hop_limit(const struct nd_ra *ra)
{
	struct inet6_dev *idev = ra->idev;
	u8 hop_limit = ra->msg->icmph.un.bytes[0];
	int least = IN6_DEV_CONF(idev, ACCEPT_RA_MIN_HOP_LIMIT);

	if (!hop_limit || least >= HOP_LIMIT_UNWANTED || hop_limit < least)
		return 0;
	IN6_DEV_CONF(idev, HOPLIMIT) = hop_limit;
	return hop_limit;
}

/* As Linux: with a new default route, whatever the neighbour is, and nobody is told. */
static void mark_router(const struct nd_in *in)
{
	struct neighbour *n = neigh_lookup(ndisc_table(in->net), in->saddr, in->dev);

	if (!n)
		return;
	n->flags |= NTF_ROUTER;
	neigh_release(n);
}

/* Return: false: there is no room for it, and so nothing else of it is taken */
static bool ra_default_router(struct nd_ra *ra)
{
	const struct nd_in *in = ra->in;
	u32 lifetime_s = be16_to_cpu(get_unaligned_be16(&ra->msg->icmph.un.bytes[2]));
	u32 metric = (u32)IN6_DEV_CONF(ra->idev, RA_DEFRTR_METRIC);
	u8 pref = ra_pref(ra->idev, ra->msg->icmph.un.bytes[1]);
	struct fib6_info *rt;
	u8 hop_limit;

	if (!IN6_DEV_CONF(ra->idev, ACCEPT_RA_DEFRTR) || ra->from_us)
		return true;
	if (lifetime_s && lifetime_s < (u32)IN6_DEV_CONF(ra->idev, ACCEPT_RA_MIN_LFT))
		return true;
	rt = rt6_get_dflt_router(in->net, in->saddr, in->dev);
	if (rt && (!lifetime_s || fib6_metric(rt) != metric)) {
		(void)ip6_del_rt(in->net, rt);
		rt = NULL;
	}
	if (!rt && lifetime_s) {
		rt = rt6_add_dflt_router(in->net, in->saddr, in->dev, pref, metric, lifetime_s);
		if (!rt)
			return false;
		mark_router(in);
	}
	hop_limit = ra_hop_limit(ra);
	if (rt)
		rt6_set_dflt_router(rt, pref, lifetime_s, hop_limit);
	ra->router = rt;
	return true;
}

/* Milliseconds of a router, 0: it does not say. */
static ktime_t ra_time(__be32 ms, ktime_t least)
{
	ktime_t time = (ktime_t)be32_to_cpu(ms) * NSEC_PER_MSEC;

	return time && time < least ? least : time;
}

static void ra_timers(struct nd_ra *ra)
{
	struct neigh_parms *p = ra->in->dev->neigh_parms[NEIGH_ND_TABLE];
	ktime_t retrans = ra_time(ra->msg->retrans_timer_ms, RETRANS_MIN_NS);
	ktime_t reachable = ra_time(ra->msg->reachable_time_ms, REACHABLE_MIN_NS);

	if (retrans)
		neigh_parms_set(p, NEIGH_VAR_RETRANS_TIME, retrans);
	ra->news |= retrans != 0;
	if (reachable && reachable != NEIGH_VAR(p, BASE_REACHABLE_TIME)) {
		neigh_parms_set(p, NEIGH_VAR_BASE_REACHABLE_TIME, reachable);
		neigh_parms_set(p, NEIGH_VAR_GC_STALETIME, 3 * reachable);
		ra->news = true;
	}
	if (ra->news)
		ra->idev->tstamp = ra->in->net->now;
}

/* ------------------------------------------------------------------ options */

/* RFC 4861 4.6.2; one that is too short says nothing. */
static void ra_prefix(const struct nd_ra *ra, const struct nd_opt_hdr *opt)
{
	const struct nd_opt_prefix *pio = (const struct nd_opt_prefix *)(const void *)opt;
	struct ra_prefix p;

	if (!IN6_DEV_CONF(ra->idev, ACCEPT_RA_PINFO) || nd_opt_bytes(opt) < sizeof(*pio))
		return;
	p = (struct ra_prefix){ .prefix = pio->prefix,
				.prefix_len = pio->prefix_len,
				.onlink = pio->flags & ND_PIO_ONLINK,
				.autoconf = pio->flags & ND_PIO_AUTOCONF,
				.flags = pio->flags,
				.rtraddr = pio->flags & ND_PIO_RTRADDR,
				.dhcpv6_pd = pio->flags & ND_PIO_DHCPV6_PD,
				.valid_lft_s = be32_to_cpu(pio->valid_s),
				.prefered_lft_s = be32_to_cpu(pio->prefered_s) };
	addrconf_prefix_rcv(ra->in->dev, &p, ra->slla != NULL);
}

/* RFC 4191 2.3: as many octets of prefix as it needs, or more. */
static bool ra_route_is_whole(const struct nd_opt_route *rio)
{
	return rio->prefix_len <= 128 && rio->len <= 3 && (rio->prefix_len <= 64 || rio->len == 3) &&
	       (!rio->prefix_len || rio->len >= 2);
}

static bool ra_route_is_wanted(const struct inet6_dev *idev, const struct nd_opt_route *rio)
{
	u32 lifetime_s = be32_to_cpu(rio->lifetime_s);

	if (!rio->prefix_len && !IN6_DEV_CONF(idev, ACCEPT_RA_DEFRTR))
		return false;
	if (lifetime_s && lifetime_s < (u32)IN6_DEV_CONF(idev, ACCEPT_RA_MIN_LFT))
		return false;
	return rio->prefix_len >= IN6_DEV_CONF(idev, ACCEPT_RA_RT_INFO_MIN_PLEN) &&
	       rio->prefix_len <= IN6_DEV_CONF(idev, ACCEPT_RA_RT_INFO_MAX_PLEN);
}

static void ra_route(const struct nd_ra *ra, const struct nd_opt_hdr *opt)
{
	const struct nd_opt_route *rio = (const struct nd_opt_route *)(const void *)opt;
	struct in6_addr prefix = { 0 };

	if (ra->from_us || !IN6_DEV_CONF(ra->idev, ACCEPT_RA_RTR_PREF) || !ra_route_is_whole(rio) ||
	    !ra_route_is_wanted(ra->idev, rio))
		return;
	memcpy(&prefix, rio + 1, nd_opt_bytes(opt) - sizeof(*rio));
	if (ND_RA_PREF(rio->flags) == 2) /* RFC 4191 2.3: MUST be ignored */
		return;
	ipv6_addr_prefix(&prefix, &prefix, rio->prefix_len);
	(void)rt6_route_rcv(ra->in->dev, &prefix, rio->prefix_len, ND_RA_PREF(rio->flags), be32_to_cpu(rio->lifetime_s),
			    ra->in->saddr);
}

static void ra_mtu(struct nd_ra *ra)
{
	const struct nd_opt_hdr *opt = ra->in->opts.first[ND_OPT_MTU];
	struct net_device *dev = ra->in->dev;
	u32 mtu;

	if (!opt || !IN6_DEV_CONF(ra->idev, ACCEPT_RA_MTU))
		return;
	mtu = be32_to_cpu(get_unaligned_be32((const u8 *)opt + 4));
	ra->news |= ra->idev->ra_mtu != mtu;
	ra->idev->ra_mtu = mtu;
	if (mtu < IPV6_MIN_MTU || mtu > dev->mtu || (u32)IN6_DEV_CONF(ra->idev, MTU6) == mtu)
		return;
	IN6_DEV_CONF(ra->idev, MTU6) = (int)mtu;
	/* its own route, if a route option has not taken that away meanwhile */
	if (ra->router && ra->router == rt6_get_dflt_router(ra->in->net, ra->in->saddr, dev))
		fib6_set_metric(ra->router, RTAX_MTU, mtu);
	fib6_mtu_change(dev, mtu);
}

/* What is for programs: name servers, search domains, NAT64, captive portals. */
static void ra_useropt(const struct nd_ra *ra, const struct nd_opt_hdr *opt)
{
	struct nd_useropt_info info = { .dev = ra->in->dev,
					.opt = (const u8 *)opt,
					.opt_bytes = nd_opt_bytes(opt),
					.from = *ra->in->saddr,
					.icmp_type = ra->msg->icmph.icmp6_type,
					.icmp_code = ra->msg->icmph.icmp6_code };

	(void)notifier_call_chain(&ra->in->net->ipv6->nduseropt_chain, 0, &info);
}

static bool ra_is_useropt(u8 type)
{
	return type == ND_OPT_PREFIX_INFO || type == ND_OPT_RDNSS || type == ND_OPT_DNSSL || type == ND_OPT_6CO ||
	       type == ND_OPT_CAPTIVE_PORTAL || type == ND_OPT_PREF64;
}

static void ra_each_option(const struct nd_ra *ra, u8 type, void (*fn)(const struct nd_ra *, const struct nd_opt_hdr *))
{
	const struct nd_opt_hdr *opt = NULL;

	while ((opt = nd_next_option(&ra->in->opts, opt))) {
		if (type ? opt->nd_opt_type == type : ra_is_useropt(opt->nd_opt_type))
			fn(ra, opt);
	}
}

static void ra_options(struct nd_ra *ra)
{
	ra_each_option(ra, ND_OPT_ROUTE_INFO, ra_route);
	ra_each_option(ra, ND_OPT_PREFIX_INFO, ra_prefix);
	ra_mtu(ra);
	ra_each_option(ra, 0, ra_useropt);
}

/* ------------------------------------------------------------------ all of it */

enum skb_drop_reason ndisc_recv_ra(const struct nd_in *in)
{
	struct nd_ra ra = { .in = in, .msg = in->msg, .idev = in->idev };
	bool accept = ipv6_accept_ra(in->idev);
	enum skb_drop_reason reason;

	if (!ipv6_addr_is_linklocal(in->saddr))
		return SKB_DROP_REASON_IPV6_NDISC_BAD_ADDRESS;
	reason = ndisc_in_lladdr(in, ND_OPT_SOURCE_LL_ADDR, &ra.slla);
	if (reason)
		return reason;
	ra.from_us = !IN6_DEV_CONF(in->idev, ACCEPT_RA_FROM_LOCAL) && ipv6_chk_addr(in->net, in->saddr, in->dev);
	if (accept) {
		ra_flags(&ra);
		if (!ra_default_router(&ra))
			return SKB_DROP_REASON_IPV6_NDISC_IGNORED;
		ra_timers(&ra);
	}
	ndisc_learn_source(in, ra.slla, NEIGH_UPDATE_F_ISROUTER);
	if (!accept)
		return 0;
	ra_options(&ra);
	if (ra.news)
		inet6_ifinfo_notify(in->idev);
	return 0;
}
