// SPDX-License-Identifier: BSD-2-Clause
/* Neighbour Discovery: IPv6's part of the neighbour table, and where its messages come in.
 *
 * @step S8 of S13, from neigh/neigh_event.c; receive: from ipv6/icmp.c
 * @rfc 4861, 6980, 2464 7
 * @linux net/ipv6/ndisc.c
 *
 * Reading order: ndisc_constructor(), ndisc_solicit(), ndisc_rcv(), ndisc_netdev_event().
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>

#include "ipv6/ip6_fib.h"
#include "ipv6/ip6_route.h"
#include "ipv6/mcast.h"
#include "ipv6/ndisc_internal.h"
#include "neigh/neigh_history.h"
#include "neigh/pneigh.h"

#define ND_LOG_INTERVAL_NS (5 * NSEC_PER_SEC)
#define ND_LOG_BURST 10U

/* ------------------------------------------------------------------ entries */

static const struct in6_addr *ndisc_key(const struct neighbour *n)
{
	return (const struct in6_addr *)(const void *)n->primary_key;
}

static void ndisc_error_report(struct neighbour *n, struct sk_buff *skb)
{
	struct dst_entry *dst = skb_dst(skb);

	(void)n;
	if (dst && dst->ops->link_failure)
		dst->ops->link_failure(skb);
	kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_FAILED);
}

static void ndisc_solicit(struct neighbour *n, struct sk_buff *skb);

static const struct neigh_ops ndisc_hh_ops = {
	.solicit = ndisc_solicit,
	.error_report = ndisc_error_report,
	.output = neigh_resolve_output,
	.connected_output = neigh_resolve_output,
};

static const struct neigh_ops ndisc_generic_ops = {
	.solicit = ndisc_solicit,
	.error_report = ndisc_error_report,
	.output = neigh_resolve_output,
	.connected_output = neigh_connected_output,
};

static const struct neigh_ops ndisc_direct_ops = {
	.error_report = ndisc_error_report,
	.output = neigh_direct_output,
	.connected_output = neigh_direct_output,
};

enum { ND_OPS_HH, ND_OPS_GENERIC, ND_OPS_DIRECT };
static const struct neigh_ops *const ndisc_ops[] = {
	[ND_OPS_HH] = &ndisc_hh_ops,
	[ND_OPS_GENERIC] = &ndisc_generic_ops,
	[ND_OPS_DIRECT] = &ndisc_direct_ops,
};

/* Where multicasts go on a link; on one that has none, to all. */
static void ndisc_mc_map(const struct in6_addr *group, const struct net_device *dev, u8 *ha)
{
	if (dev->addr_len == ETH_ALEN)
		ipv6_eth_mc_map(group, ha);
	else
		memcpy(ha, dev->broadcast, dev->addr_len);
}

/* Addresses that need no question: multicast, and everything on devices without ND. */
static void ndisc_constructor_noarp(struct neighbour *n)
{
	const struct net_device *dev = n->dev;

	if (n->type == RTN_MULTICAST) {
		n->nud_state = NUD_NOARP;
		ndisc_mc_map(ndisc_key(n), dev, n->ha);
	} else if (dev->flags & (IFF_NOARP | IFF_LOOPBACK)) {
		n->nud_state = NUD_NOARP;
		memcpy(n->ha, dev->dev_addr, dev->addr_len);
		if (dev->flags & IFF_LOOPBACK)
			n->type = RTN_LOCAL;
	} else if (dev->flags & IFF_POINTOPOINT) {
		n->nud_state = NUD_NOARP;
		memcpy(n->ha, dev->broadcast, dev->addr_len);
	}
}

static int ndisc_constructor(struct neighbour *n)
{
	struct net_device *dev = n->dev;

	if (!dev->ip6_ptr || dev->addr_len > NEIGH_HA_MAX)
		return -EINVAL;
	n->type = ipv6_addr_is_multicast(ndisc_key(n)) ? RTN_MULTICAST : RTN_UNICAST;
	if (!dev->header_ops) {
		n->nud_state = NUD_NOARP;
		n->ops_index = ND_OPS_DIRECT;
		n->way = NEIGH_WAY_KNOWN;
		return 0;
	}
	ndisc_constructor_noarp(n);
	n->ops_index = dev->header_ops->cache ? ND_OPS_HH : ND_OPS_GENERIC;
	n->way = n->nud_state & NUD_VALID ? NEIGH_WAY_KNOWN : NEIGH_WAY_ASKS;
	return 0;
}

int ipv6_neigh_find_create(struct net_device *dev, const struct in6_addr *next_hop, struct neighbour **out)
{
	return neigh_find_create(dev->net->ipv6->nd_tbl, next_hop, dev, out);
}

static bool ndisc_allow_add(const struct net_device *dev, const char **errmsg)
{
	const struct inet6_dev *idev = in6_dev_get_rcu(dev);

	if (idev && !IN6_DEV_CONF(idev, DISABLE_IPV6))
		return true;
	*errmsg = "IPv6 is disabled on this device";
	return false;
}

/* A proxy hears what its address would hear.  RFC 4861 7.2.8 */
static void ndisc_times_written(struct net_device *dev)
{
	struct inet6_dev *idev = in6_dev_get_rcu(dev);

	if (!idev)
		return;
	idev->tstamp = dev->net->now;
	inet6_ifinfo_notify(idev);
}

static int pndisc_constructor(struct net *net, const void *key, struct net_device *dev)
{
	struct in6_addr group;

	(void)net;
	if (!dev || !dev->ip6_ptr)
		return -EINVAL;
	addrconf_addr_solict_mult(key, &group);
	return ipv6_dev_mc_inc(dev, &group);
}

static void pndisc_destructor(struct net *net, const void *key, struct net_device *dev)
{
	struct in6_addr group;

	(void)net;
	if (!dev || !dev->ip6_ptr)
		return;
	addrconf_addr_solict_mult(key, &group);
	(void)ipv6_dev_mc_dec(dev, &group);
}

/* ------------------------------------------------------------------ questions */

/* The source of the packet that waits, if it is ours and beyond doubt: then the answer comes to the entry that the
 * other end has for it.  NULL: our link-local address. */
static const struct in6_addr *ndisc_source(const struct net_device *dev, const struct sk_buff *skb)
{
	if (skb && skb->protocol == CONST_BE16(ETH_P_IPV6) &&
	    ipv6_chk_addr_and_flags(dev->net, &ipv6_hdr(skb)->saddr, dev, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC))
		return &ipv6_hdr(skb)->saddr;
	return NULL;
}

/* First the known address by unicast, then user space, then all who may have it.  An address that is not valid is not
 * asked, whatever the counters say: parameters may change under way. */
static void ndisc_solicit(struct neighbour *n, struct sk_buff *skb)
{
	const struct neigh_parms *p = neigh_parms_of(n);
	const struct in6_addr *target = ndisc_key(n), *saddr = ndisc_source(n->dev, skb);
	s64 probes = n->probes;
	struct in6_addr group;

	if (probes < NEIGH_VAR(p, UCAST_PROBES) && (n->nud_state & NUD_VALID)) {
		ndisc_send_ns(n->dev, target, target, saddr, 0);
		return;
	}
	if (probes >= NEIGH_VAR(p, UCAST_PROBES) && probes < NEIGH_VAR(p, UCAST_PROBES) + NEIGH_VAR(p, APP_PROBES)) {
		struct neigh_notifier_info info = { .neigh = n };

		(void)notifier_call_chain(&n->dev->net->neigh->chain, NEIGH_EVENT_APP_SOLICIT, &info);
		return;
	}
	addrconf_addr_solict_mult(target, &group);
	ndisc_send_ns(n->dev, target, &group, saddr, 0);
}

/* ------------------------------------------------------------------ in */

/* RFC 1812 3.3.2, for this family too: never believe that a host is at a multicast address; nor at zero, nor at our own. */
static bool ndisc_bad_lladdr(const struct net_device *dev, const u8 *lladdr)
{
	static const u8 zero[MAX_ADDR_LEN];

	return dev->addr_len && ((dev->addr_len == ETH_ALEN && (lladdr[0] & 1)) ||
				 !memcmp(lladdr, zero, dev->addr_len) || !memcmp(lladdr, dev->dev_addr, dev->addr_len));
}

enum skb_drop_reason ndisc_in_lladdr(const struct nd_in *in, u8 type, const u8 **lladdr)
{
	const struct nd_opt_hdr *opt = in->opts.first[type];

	*lladdr = nd_lladdr(opt, in->dev->addr_len);
	if (!opt)
		return 0;
	if (!*lladdr)
		return SKB_DROP_REASON_IPV6_NDISC_BAD_OPTIONS;
	return ndisc_bad_lladdr(in->dev, *lladdr) ? SKB_DROP_REASON_IPV6_NDISC_BAD_LLADDR : 0;
}

static const struct nd_type {
	enum skb_drop_reason (*recv)(const struct nd_in *in);
	u32 bytes;
} nd_types[] = {
	[NDISC_ROUTER_SOLICITATION - NDISC_ROUTER_SOLICITATION] = { ndisc_recv_rs, sizeof(struct icmp6hdr) },
	[NDISC_ROUTER_ADVERTISEMENT - NDISC_ROUTER_SOLICITATION] = { ndisc_recv_ra, sizeof(struct ra_msg) },
	[NDISC_NEIGHBOUR_SOLICITATION - NDISC_ROUTER_SOLICITATION] = { ndisc_recv_ns, sizeof(struct nd_msg) },
	[NDISC_NEIGHBOUR_ADVERTISEMENT - NDISC_ROUTER_SOLICITATION] = { ndisc_recv_na, sizeof(struct nd_msg) },
	[NDISC_REDIRECT - NDISC_ROUTER_SOLICITATION] = { ndisc_recv_redirect, sizeof(struct rd_msg) },
};

/* RFC 4861 6.1, 7.1, 8.1: what every message must be. */
static enum skb_drop_reason ndisc_check(struct nd_in *in, const struct nd_type *type)
{
	const struct icmp6hdr *icmph = (const struct icmp6hdr *)(const void *)in->skb->data;
	const u8 *options = in->skb->data + type->bytes;

	if (ipv6_hdr(in->skb)->hop_limit != ND_HOP_LIMIT)
		return SKB_DROP_REASON_IPV6_NDISC_HOP_LIMIT;
	if (icmph->icmp6_code)
		return SKB_DROP_REASON_IPV6_NDISC_BAD_CODE;
	if (in->skb->len < type->bytes)
		return SKB_DROP_REASON_PKT_TOO_SMALL;
	if (!nd_parse_options(options, in->skb->len - type->bytes, &in->opts))
		return SKB_DROP_REASON_IPV6_NDISC_BAD_OPTIONS;
	return 0;
}

static enum skb_drop_reason ndisc_process(struct sk_buff *skb, bool redone)
{
	const struct nd_type *type = &nd_types[*skb->data - NDISC_ROUTER_SOLICITATION];
	struct nd_in in = { .net = skb->pool->net,
			    .dev = skb->dev,
			    .idev = in6_dev_get_rcu(skb->dev),
			    .skb = skb,
			    .saddr = &ipv6_hdr(skb)->saddr,
			    .daddr = &ipv6_hdr(skb)->daddr,
			    .msg = skb->data,
			    .redone = redone };
	struct neigh_cause before;
	enum skb_drop_reason reason;

	if (!in.idev)
		return SKB_DROP_REASON_IPV6DISABLED;
	reason = ndisc_check(&in, type);
	if (reason)
		return reason;
	before = neigh_because(in.net, NEIGH_CAUSE_FRAME, skb->id);
	reason = type->recv(&in);
	neigh_because_again(in.net, before);
	return reason;
}

/* RFC 6980 5: what came in pieces cannot be watched by those who guard the link. */
static bool ndisc_suppress_frag(const struct sk_buff *skb)
{
	const struct inet6_dev *idev = in6_dev_get_rcu(skb->dev);

	if (!(IP6CB(skb)->flags & IP6SKB_FRAGMENTED) || !idev || !IN6_DEV_CONF(idev, SUPPRESS_FRAG_NDISC))
		return false;
	if (ratelimit(&skb->pool->net->ipv6->ndisc->log_limit, skb->pool->net->now))
		net_log(skb->pool->net, "Received fragmented ndisc packet. Carefully consider disabling "
					"suppress_frag_ndisc.");
	return true;
}

static int ndisc_end(struct sk_buff *skb, enum skb_drop_reason reason)
{
	if (reason)
		kfree_skb_reason(skb, reason);
	else
		consume_skb(skb);
	return 0;
}

int ndisc_rcv(struct sk_buff *skb)
{
	if (ndisc_suppress_frag(skb))
		return ndisc_end(skb, SKB_DROP_REASON_IPV6_NDISC_FRAG);
	if (skb_linearize(skb))
		return ndisc_end(skb, SKB_DROP_REASON_NOMEM);
	return ndisc_end(skb, ndisc_process(skb, false));
}

/* A question to a proxy whose time has come: everything may have changed since. */
static void ndisc_proxy_redo(struct sk_buff *skb)
{
	(void)ndisc_end(skb, ndisc_process(skb, true));
}

/* ------------------------------------------------------------------ devices */

void ndisc_ifdown(struct net_device *dev)
{
	neigh_ifdown(dev->net->ipv6->nd_tbl, dev);
}

int ndisc_dev_init(struct net_device *dev)
{
	return neigh_parms_alloc(dev, dev->net->ipv6->nd_tbl) ? 0 : -ENOMEM;
}

void ndisc_dev_exit(struct net_device *dev)
{
	ndisc_ifdown(dev); /* a group that was left has met its neighbour once more */
	neigh_parms_release(dev->net->ipv6->nd_tbl, dev->neigh_parms[NEIGH_ND_TABLE]);
}

static void ndisc_notify(struct net_device *dev)
{
	const struct inet6_dev *idev = in6_dev_get_rcu(dev);

	if (idev && (IN6_DEV_CONF(idev, NDISC_NOTIFY) || IPV6_DEVCONF_ALL(dev->net, NDISC_NOTIFY)))
		ndisc_send_unsol_na(dev);
}

static void ndisc_netdev_change(struct neigh_table *tbl, const struct netdev_notifier_info *info)
{
	struct net_device *dev = info->dev;
	const struct inet6_dev *idev = in6_dev_get_rcu(dev);

	if (info->flags_changed & IFF_NOARP)
		neigh_changeaddr(tbl, dev);
	if (!netif_carrier_ok(dev) && idev && IN6_DEV_CONF(idev, NDISC_EVICT_NOCARRIER) &&
	    IPV6_DEVCONF_ALL(dev->net, NDISC_EVICT_NOCARRIER))
		neigh_carrier_down(tbl, dev);
}

static int ndisc_netdev_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct neigh_table *tbl = &container_of(nb, struct ndisc_state, netdev_nb)->tbl;
	const struct netdev_notifier_info *info = data;
	struct net_device *dev = info->dev;

	switch (event) {
	case NETDEV_DOWN:
		neigh_ifdown(tbl, dev);
		return 0;
	case NETDEV_UP:
		ndisc_notify(dev);
		return 0;
	case NETDEV_NOTIFY_PEERS:
		ndisc_send_unsol_na(dev);
		return 0;
	case NETDEV_CHANGEADDR:
		neigh_changeaddr(tbl, dev);
		(void)rt6_exceptions_age(dev->net); /* what redirects recommended is not known as a router any more */
		ndisc_notify(dev);
		return 0;
	case NETDEV_CHANGE:
		ndisc_netdev_change(tbl, info);
		return 0;
	default:
		return 0;
	}
}

/* ------------------------------------------------------------------ life */

static void ndisc_table_setup(struct neigh_table *tbl)
{
	tbl->family = AF_INET6;
	tbl->index = NEIGH_ND_TABLE;
	tbl->key_len = sizeof(struct in6_addr);
	tbl->protocol = CONST_BE16(ETH_P_IPV6);
	tbl->id = "ndisc_cache";
	tbl->sysctl_path = "net.ipv6.neigh";
	tbl->ops = ndisc_ops;
	tbl->constructor = ndisc_constructor;
	tbl->allow_add = ndisc_allow_add;
	tbl->pconstructor = pndisc_constructor;
	tbl->pdestructor = pndisc_destructor;
	tbl->proxy_redo = ndisc_proxy_redo;
	tbl->times_written = ndisc_times_written;
}

int ndisc_init(struct net *net)
{
	struct ndisc_state *nd = mem_zalloc(net->mem, sizeof(*nd));
	int err;

	if (!nd)
		return -ENOMEM;
	ndisc_table_setup(&nd->tbl);
	ratelimit_init(&nd->log_limit, ND_LOG_INTERVAL_NS, ND_LOG_BURST);
	neigh_table_init(net, &nd->tbl);
	net->ipv6->ndisc = nd;
	net->ipv6->nd_tbl = &nd->tbl;
	nd->netdev_nb.call = ndisc_netdev_event;
	err = register_netdevice_notifier(net, &nd->netdev_nb);
	if (!err)
		return 0;
	neigh_table_clear(&nd->tbl);
	net->ipv6->nd_tbl = NULL;
	net->ipv6->ndisc = NULL;
	mem_free(net->mem, nd, sizeof(*nd));
	return err;
}

void ndisc_exit(struct net *net)
{
	struct ndisc_state *nd = net->ipv6->ndisc;

	unregister_netdevice_notifier(net, &nd->netdev_nb);
	neigh_table_clear(&nd->tbl);
	net->ipv6->nd_tbl = NULL;
	net->ipv6->ndisc = NULL;
	mem_free(net->mem, nd, sizeof(*nd));
}
