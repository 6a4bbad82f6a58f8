// SPDX-License-Identifier: BSD-2-Clause
/* The FIB's outside: requests, the routes that addresses and devices call for, types of addresses, source validation.
 *
 * @step S5 of S13, from netlink, ipv4/devinet.c, ipv4/route.c
 * @rfc  1122 3.2.1.3 3.3.1, 1812 5.3.8, 3704
 * @linux net/ipv4/fib_frontend.c
 *
 * Which routes an address calls for is told by ifa_routes() alone.  To add an address is to make those that are
 * missing; to delete it is to remove those that no other address of the device calls for.
 *
 * Reading order: ifa_routes(), fib_add_ifaddr(), fib_netdev_event(), fib_validate_source().
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "ipv4/fib_lookup.h"
#include "ipv4/ip.h"

/* ------------------------------------------------------------------ requests */

void fib_notify_route(struct fib_state *fs, unsigned long event, const struct fib_config *cfg,
		      const struct fib_route_view *view)
{
	struct fib_notifier_info info = {
		.net = fs->net, .portid = cfg->portid, .nlflags = cfg->nlflags, .route = view
	};

	notifier_call_chain(&fs->net->ipv4->fib_chain, event, &info);
}

int fib_route_add(struct net *net, const struct fib_config *cfg, const char **errmsg)
{
	struct fib_state *fs = net->ipv4->fib;
	struct fib_config c = *cfg;
	struct fib_table *tb;
	int err;

	if (!c.table)
		c.table = RT_TABLE_MAIN;
	tb = fib_table_find(fs, c.table);
	if (!tb) {
		err = fib_table_create(fs, c.table, &tb);
		if (err)
			return err;
	}
	return fib_table_insert(fs, tb, &c, errmsg);
}

int fib_route_del(struct net *net, const struct fib_config *cfg, const char **errmsg)
{
	struct fib_state *fs = net->ipv4->fib;
	struct fib_table *tb = fib_table_find(fs, cfg->table ? cfg->table : RT_TABLE_MAIN);

	if (be32_to_cpu(cfg->dst) & ~fib_mask(min_u32(cfg->dst_len, 32)))
		return fib_error(errmsg, "Invalid prefix for given prefix length", -EINVAL);
	if (!tb) /* main and local always exist, also while they have no route */
		return cfg->table <= RT_TABLE_UNSPEC || cfg->table == RT_TABLE_MAIN || cfg->table == RT_TABLE_LOCAL
			       ? -ESRCH
			       : fib_error(errmsg, "FIB table does not exist", -ESRCH);
	return fib_table_delete(fs, tb, cfg);
}

u32 fib_seq(const struct net *net)
{
	return net->ipv4->fib->seq;
}

/* ------------------------------------------------------------------ types of addresses */

static u32 addr_type(struct net *net, const struct net_device *dev, __be32 addr, u32 table_id)
{
	struct flowi4 fl4 = { .daddr = addr };
	const struct fib_state *fs = net->ipv4->fib;
	const struct fib_table *tb;
	struct fib_result res;

	if (ipv4_is_zeronet(addr) || ipv4_is_lbcast(addr))
		return RTN_BROADCAST;
	if (ipv4_is_multicast(addr))
		return RTN_MULTICAST;
	tb = table_id == RT_TABLE_LOCAL ? fs->local : fib_table_find(fs, table_id);
	if (!tb || fib_table_lookup(tb, &fl4, &res, 0))
		return RTN_UNICAST;
	return !dev || fib_res_nh(&res)->dev == dev ? res.type : RTN_UNICAST;
}

u32 inet_addr_type_table(struct net *net, __be32 addr, u32 table_id)
{
	return addr_type(net, NULL, addr, table_id);
}

unsigned int inet_addr_type(struct net *net, __be32 addr)
{
	return addr_type(net, NULL, addr, RT_TABLE_LOCAL);
}

unsigned int inet_dev_addr_type(struct net *net, const struct net_device *dev, __be32 addr)
{
	return addr_type(net, dev, addr, RT_TABLE_LOCAL);
}

unsigned int inet_addr_type_dev_table(struct net *net, const struct net_device *dev, __be32 addr)
{
	(void)dev; /* it would choose the table of its VRF */
	return addr_type(net, NULL, addr, RT_TABLE_LOCAL);
}

/* ------------------------------------------------------------------ routes of addresses */

/** struct ifa_route - one route that an address calls for */
struct ifa_route {
	__be32 dst, prefsrc;
	u32 priority;
	u8 plen, type;
	bool while_down; /* also when the device is down */
};
#define IFA_ROUTES_MAX 4

static u32 ifa_routes(const struct in_ifaddr *ifa, const struct in_ifaddr *prim,
		      struct ifa_route r[static IFA_ROUTES_MAX])
{
	__be32 prefix = (__force __be32)((__force u32)ifa->ifa_address & (__force u32)ifa->ifa_mask);
	__be32 net_brd = (__force __be32)((__force u32)ifa->ifa_address | ~(__force u32)ifa->ifa_mask);
	bool is_loopback = ifa->ifa_dev->dev->flags & IFF_LOOPBACK;
	u32 n = 0;

	if (inet_ifa_tentative(ifa))
		return 0;
	r[n++] = (struct ifa_route){ ifa->ifa_local, prim->ifa_local, 0, 32, RTN_LOCAL, true };
	if (ifa->ifa_broadcast && !ipv4_is_lbcast(ifa->ifa_broadcast))
		r[n++] = (struct ifa_route){ ifa->ifa_broadcast, prim->ifa_local, 0, 32, RTN_BROADCAST, false };
	if (ipv4_is_zeronet(prefix) || (ifa->ifa_flags & IFA_F_SECONDARY) ||
	    (prefix == ifa->ifa_local && ifa->ifa_prefixlen == 32))
		return n;
	if (!(ifa->ifa_flags & IFA_F_NOPREFIXROUTE))
		r[n++] = (struct ifa_route){ prefix,
					     prim->ifa_local,
					     ifa->ifa_rt_priority,
					     ifa->ifa_prefixlen,
					     is_loopback ? RTN_LOCAL : RTN_UNICAST,
					     false };
	if (ifa->ifa_prefixlen < 31)
		r[n++] = (struct ifa_route){ net_brd, prim->ifa_local, 0, 32, RTN_BROADCAST, false };
	return n;
}

static int ifa_route_change(const struct net_device *dev, const struct ifa_route *r, bool add)
{
	struct fib_config cfg = {
		.table = r->type == RTN_UNICAST ? RT_TABLE_MAIN : RT_TABLE_LOCAL,
		.dst = r->dst,
		.dst_len = r->plen,
		.type = r->type,
		.scope = r->type == RTN_LOCAL ? RT_SCOPE_HOST : RT_SCOPE_LINK,
		.protocol = RTPROT_KERNEL,
		.prefsrc = r->prefsrc,
		.priority = r->priority,
		.oif = dev->ifindex,
		.nlflags = NLM_F_CREATE | NLM_F_APPEND,
	};

	return add ? fib_route_add(dev->net, &cfg, NULL) : fib_route_del(dev->net, &cfg, NULL);
}

static const struct in_ifaddr *primary_of(const struct in_ifaddr *ifa)
{
	__be32 prefix = (__force __be32)((__force u32)ifa->ifa_address & (__force u32)ifa->ifa_mask);

	return ifa->ifa_flags & IFA_F_SECONDARY ? inet_ifa_byprefix(ifa->ifa_dev, prefix, ifa->ifa_mask) : ifa;
}

int fib_add_ifaddr(struct in_ifaddr *ifa)
{
	const struct net_device *dev = ifa->ifa_dev->dev;
	const struct in_ifaddr *prim = primary_of(ifa);
	struct ifa_route r[IFA_ROUTES_MAX];
	bool made[IFA_ROUTES_MAX] = { false };
	u32 count = prim ? ifa_routes(ifa, prim, r) : 0;

	for (u32 i = 0; i < count; i++) {
		int err;

		if (!r[i].while_down && !(dev->flags & IFF_UP))
			continue;
		err = ifa_route_change(dev, &r[i], true);
		made[i] = err == 0;
		if (err != -ENOBUFS) /* a route that cannot be, because of others, is not missed */
			continue;
		while (i-- > 0) {
			if (made[i])
				(void)ifa_route_change(dev, &r[i], false);
		}
		return -ENOBUFS;
	}
	return 0;
}

/** still_called_for() - by another address of the device */
static bool still_called_for(const struct in_ifaddr *ifa, const struct ifa_route *r)
{
	struct ifa_route other[IFA_ROUTES_MAX];
	const struct in_ifaddr *ifa1, *prim;

	list_for_each_entry(ifa1, &ifa->ifa_dev->ifa_list, node) {
		u32 count;

		prim = primary_of(ifa1);
		count = prim ? ifa_routes(ifa1, prim, other) : 0;
		for (u32 i = 0; i < count; i++) {
			if (other[i].dst == r->dst && other[i].plen == r->plen && other[i].type == r->type &&
			    other[i].prefsrc == r->prefsrc && other[i].priority == r->priority)
				return true;
		}
	}
	return false;
}

void fib_del_ifaddr(struct in_ifaddr *ifa, const struct in_ifaddr *prim)
{
	const struct net_device *dev = ifa->ifa_dev->dev;
	struct fib_state *fs = dev->net->ipv4->fib;
	struct ifa_route r[IFA_ROUTES_MAX];
	u32 count = ifa_routes(ifa, prim, r);

	for (u32 i = count; i-- > 0;) {
		if (!still_called_for(ifa, &r[i]))
			(void)ifa_route_change(dev, &r[i],
					       false); /* -ESRCH: the device is down, or somebody was faster */
	}
	/* routes that prefer it as their source go with it */
	if (inet_addr_type(dev->net, ifa->ifa_local) != RTN_LOCAL && fib_sync_down_addr(fs, ifa->ifa_local))
		fib_flush(fs);
}

/* ------------------------------------------------------------------ events */

static void disable_ip(struct fib_state *fs, struct net_device *dev, unsigned long event, bool force)
{
	if (fib_sync_down_dev(fs, dev, event, force))
		fib_flush(fs);
	else
		rt_cache_flush(fs->net);
	rt_flush_dev(fs->net, dev);
}

static int fib_inetaddr_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct fib_state *fs = container_of(nb, struct fib_state, inetaddr_nb);
	struct in_ifaddr *ifa = data;
	const struct in_ifaddr *prim;
	int err;

	fs->addr_genid++;
	rt_cache_flush(fs->net);
	switch (event) {
	case NETDEV_UP:
		err = fib_add_ifaddr(ifa);
		if (err)
			return err;
		if (ifa->ifa_dev->dev->flags & IFF_UP)
			fib_sync_up(fs, ifa->ifa_dev->dev, RTNH_F_DEAD);
		return 0;
	case NETDEV_DOWN:
		prim = primary_of(ifa);
		fib_del_ifaddr(ifa, prim ? prim : ifa);
		if (list_empty(&ifa->ifa_dev->ifa_list)) /* no IPv4 here any more: nor routes through it */
			disable_ip(fs, ifa->ifa_dev->dev, event, true);
		return 0;
	default:
		return 0;
	}
}

static void enable_ip(struct fib_state *fs, struct net_device *dev)
{
	struct in_device *in_dev = in_dev_get_rcu(dev);
	struct in_ifaddr *ifa;

	if (!in_dev)
		return;
	list_for_each_entry(ifa, &in_dev->ifa_list, node) {
		if (fib_add_ifaddr(ifa))
			net_log(fs->net, "%s: no memory for the routes of an address", dev->name);
	}
	fib_sync_up(fs, dev, RTNH_F_DEAD);
	rt_cache_flush(fs->net);
}

static int fib_netdev_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct fib_state *fs = container_of(nb, struct fib_state, netdev_nb);
	struct net_device *dev = ((struct netdev_notifier_info *)data)->dev;

	switch (event) {
	case NETDEV_REGISTER:
		if ((dev->flags & IFF_LOOPBACK) && !fs->loopback)
			fs->loopback = dev;
		break;
	case NETDEV_UNREGISTER:
		disable_ip(fs, dev, event, true);
		if (fs->loopback == dev)
			fs->loopback = NULL;
		break;
	case NETDEV_UP:
		enable_ip(fs, dev);
		break;
	case NETDEV_DOWN:
		disable_ip(fs, dev, event, false);
		break;
	case NETDEV_CHANGE:
		if (!(dev->flags & IFF_UP))
			break;
		if (netif_carrier_ok(dev))
			fib_sync_up(fs, dev, RTNH_F_LINKDOWN);
		else
			fib_sync_down_dev(fs, dev, event, false);
		rt_cache_flush(fs->net);
		break;
	case NETDEV_CHANGEMTU:
	case NETDEV_CHANGENAME: /* rules name devices */
		rt_cache_flush(fs->net);
		break;
	default:
		break;
	}
	return 0;
}

/* ------------------------------------------------------------------ source validation */

/** reverse_path() - full check: by which way would an answer go?  Return: 0, 1: the sender is our direct neighbour, -errno */
static int reverse_path(struct net *net, const struct flowi4 *fl4_in, const struct net_device *dev,
			const struct in_device *in_dev, int rpf)
{
	struct flowi4 fl4 = *fl4_in;
	struct fib_result res;

	if (fib_lookup(net, &fl4, &res))
		return rpf ? -EXDEV : 0;
	if (res.type != RTN_UNICAST && (res.type != RTN_LOCAL || !IN_DEV_ORCONF(in_dev, ACCEPT_LOCAL)))
		return -EINVAL;
	if (fib_info_uses_dev(res.fi, dev))
		return fib_res_nh(&res)->scope >= RT_SCOPE_HOST;
	if (list_empty(&in_dev->ifa_list))
		return rpf ? -EXDEV : 0;
	if (rpf == 1)
		return -EXDEV;
	fl4.oif = dev->ifindex;
	if (fib_lookup(net, &fl4, &res) == 0)
		return res.type == RTN_UNICAST && fib_res_nh(&res)->scope >= RT_SCOPE_HOST;
	return 0;
}

int fib_validate_source(struct sk_buff *skb, __be32 src, __be32 dst, u8 tos, int oif, struct net_device *dev, u32 *itag)
{
	struct net *net = dev->net;
	const struct in_device *in_dev = in_dev_get_rcu(dev);
	struct flowi4 fl4 = { .daddr = src, .saddr = dst, .tos = tos, .iif = oif ? oif : LOOPBACK_IFINDEX };
	int rpf;

	*itag = 0;
	if (!in_dev)
		return -EINVAL;
	rpf = IN_DEV_MAXCONF(in_dev, RP_FILTER);
	if (!rpf && (dev->ifindex != oif || !IN_DEV_ORCONF(in_dev, SEND_REDIRECTS))) {
		if (IN_DEV_ORCONF(in_dev, ACCEPT_LOCAL))
			return 0;
		/* without rules of somebody's own, a source is ours exactly if it is an address of ours */
		if (!net->ipv4->fib->custom_rules)
			return inet_lookup_ifaddr(net, src) ? -EINVAL : 0;
	}
	if (IN_DEV_ORCONF(in_dev, SRC_VMARK))
		fl4.mark = skb->mark;
	return reverse_path(net, &fl4, dev, in_dev, rpf);
}

__be32 fib_compute_spec_dst(const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct rtable *rt = skb_rtable(skb);
	struct net_device *dev = skb->dev;
	struct net *net = dev->net;
	struct fib_result res;
	struct flowi4 fl4 = { .iif = LOOPBACK_IFINDEX, .daddr = iph->saddr, .tos = iph->tos & 0xfcU };
	const struct in_device *in_dev = in_dev_get_rcu(dev);

	if (rt && (rt->flags & (RTCF_BROADCAST | RTCF_MULTICAST | RTCF_LOCAL)) == RTCF_LOCAL)
		return iph->daddr;
	if (!in_dev)
		return cpu_to_be32(0);
	if (ipv4_is_zeronet(iph->saddr))
		return inet_select_addr(dev, iph->saddr, RT_SCOPE_LINK);
	if (IN_DEV_ORCONF(in_dev, SRC_VMARK))
		fl4.mark = skb->mark;
	if (fib_lookup(net, &fl4, &res) == 0 && res.fi->nhs)
		return fib_result_prefsrc(net->ipv4->fib, &res);
	return inet_select_addr(dev, iph->saddr, RT_SCOPE_UNIVERSE);
}

/* ------------------------------------------------------------------ life */

static int start(struct fib_state *fs)
{
	struct net *net = fs->net;
	int err = fib_rules_init(fs);

	if (err)
		return err;
	fs->netdev_nb.call = fib_netdev_event;
	fs->netdev_nb.priority = -10; /* after devinet.c */
	err = register_netdevice_notifier(net, &fs->netdev_nb);
	if (err) {
		fib_rules_exit(fs);
		return err;
	}
	/* after those who tell listeners of an address: its routes are told after it */
	fs->inetaddr_nb.call = fib_inetaddr_event;
	fs->inetaddr_nb.priority = -10;
	notifier_chain_register(&net->ipv4->inetaddr_chain, &fs->inetaddr_nb);
	return 0;
}

int fib_net_init(struct net *net)
{
	struct fib_state *fs = mem_zalloc(net->mem, sizeof(*fs));
	int err;

	if (!fs)
		return -ENOMEM;
	fs->net = net;
	fs->addr_genid = 1;
	fs->hash_seed = get_random_u64(&net->rng);
	INIT_LIST_HEAD(&fs->infos);
	timer_setup(&fs->flush_timer, fib_flush_timer);
	htable_init(&fs->info_hash, net->mem, &net->rng, 16);
	net->ipv4->fib = fs;
	err = ip_rt_init(net);
	if (err)
		goto err_hash;
	err = start(fs);
	if (err)
		goto err_rt;
	return 0;

err_rt:
	ip_rt_exit(net);
err_hash:
	net->ipv4->fib = NULL;
	htable_fini(&fs->info_hash);
	mem_free(net->mem, fs, sizeof(*fs));
	return err;
}

void fib_net_exit(struct net *net)
{
	struct fib_state *fs = net->ipv4->fib;

	if (!fs)
		return;
	notifier_chain_unregister(&net->ipv4->inetaddr_chain, &fs->inetaddr_nb);
	unregister_netdevice_notifier(net, &fs->netdev_nb);
	timer_delete(net->timers, &fs->flush_timer);
	fib_tables_free(fs);
	fib_rules_exit(fs);
	ip_rt_exit(net);
	rcu_quiescent(&net->rcu); /* what was freed by it may still look at this */
	htable_fini(&fs->info_hash);
	net->ipv4->fib = NULL;
	mem_free(net->mem, fs, sizeof(*fs));
}

bool fib_table_exists(const struct net *net, u32 id)
{
	return fib_table_find(net->ipv4->fib, id) != NULL;
}
