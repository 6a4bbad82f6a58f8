// SPDX-License-Identifier: BSD-2-Clause
/* net.ipv4.conf: parameters of each device, of all, and of those to come.
 *
 * @linux net/ipv4/devinet.c; see ip-sysctl
 *
 * A write to "default" is also taken over by each device whose own variable was never written, as in Linux.
 *
 * Reading order: conf_table, conf_changed(), inet_forward_change().
 */
#include <limits.h>
#include <stdio.h>

#include "ipv4/devinet_internal.h"
#include "ipv4/route.h"

#define CONF(name_, attr) \
	{ \
		.name = (name_), .type = SYSCTL_INT, \
		.offset = offsetof(struct ipv4_devconf, data[IPV4_DEVCONF_##attr]), .min = INT_MIN, .max = INT_MAX \
	}
static const struct ctl_table conf_table[] = {
	CONF("forwarding", FORWARDING),
	CONF("mc_forwarding", MC_FORWARDING),
	CONF("proxy_arp", PROXY_ARP),
	CONF("accept_redirects", ACCEPT_REDIRECTS),
	CONF("secure_redirects", SECURE_REDIRECTS),
	CONF("send_redirects", SEND_REDIRECTS),
	CONF("shared_media", SHARED_MEDIA),
	CONF("rp_filter", RP_FILTER),
	CONF("accept_source_route", ACCEPT_SOURCE_ROUTE),
	CONF("log_martians", LOG_MARTIANS),
	CONF("tag", TAG),
	CONF("arp_filter", ARPFILTER),
	CONF("medium_id", MEDIUM_ID),
	CONF("arp_announce", ARP_ANNOUNCE),
	CONF("arp_ignore", ARP_IGNORE),
	CONF("promote_secondaries", PROMOTE_SECONDARIES),
	CONF("arp_accept", ARP_ACCEPT),
	CONF("arp_notify", ARP_NOTIFY),
	CONF("accept_local", ACCEPT_LOCAL),
	CONF("src_valid_mark", SRC_VMARK),
	CONF("proxy_arp_pvlan", PROXY_ARP_PVLAN),
	CONF("route_localnet", ROUTE_LOCALNET),
	CONF("ignore_routes_with_linkdown", IGNORE_ROUTES_WITH_LINKDOWN),
	CONF("drop_unicast_in_l2_multicast", DROP_UNICAST_IN_L2_MULTICAST),
	CONF("drop_gratuitous_arp", DROP_GRATUITOUS_ARP),
	CONF("arp_evict_nocarrier", ARP_EVICT_NOCARRIER),
	{ .name = NULL },
};
static_assert(ARRAY_SIZE(conf_table) == IPV4_DEVCONF_MAX + 1, "each variable has a name");

/** copy_default() - to the devices that have no value of their own */
static void copy_default(struct net *net, u32 attr)
{
	struct net_device *dev;

	for_each_netdev(net, dev) {
		struct in_device *in_dev = in_dev_get_rcu(dev);

		if (in_dev && !(in_dev->cnf.state_set >> attr & 1))
			in_dev->cnf.data[attr] = net->ipv4->devconf_dflt->data[attr];
	}
}

void inet_forward_change(struct net *net, bool on)
{
	struct net_device *dev;

	net->ipv4->ip_forward = on;
	net->ipv4->devconf_all->data[IPV4_DEVCONF_FORWARDING] = on;
	net->ipv4->devconf_dflt->data[IPV4_DEVCONF_FORWARDING] = on;
	net->ipv4->devconf_all->data[IPV4_DEVCONF_ACCEPT_REDIRECTS] = !on;
	for_each_netdev(net, dev) {
		struct in_device *in_dev = in_dev_get_rcu(dev);

		if (in_dev)
			in_dev->cnf.data[IPV4_DEVCONF_FORWARDING] = on;
	}
	rt_cache_flush(net);
}

static void conf_changed(struct ctl_dir *dir, const struct ctl_table *entry)
{
	struct ipv4_devconf *cnf = dir->base;
	struct net *net = dir->ctx;
	u32 attr = (u32)((entry->offset - offsetof(struct ipv4_devconf, data)) / sizeof(int));

	cnf->state_set |= 1U << attr;
	if (attr == IPV4_DEVCONF_FORWARDING && cnf == net->ipv4->devconf_all) {
		inet_forward_change(net, cnf->data[attr] != 0);
		return;
	}
	if (cnf == net->ipv4->devconf_dflt)
		copy_default(net, attr);
	rt_cache_flush(net);
}

void devinet_sysctl_register(struct net *net, const char *name, struct ipv4_devconf *cnf)
{
	struct ctl_dir *dir = &cnf->sysctl;

	snprintf(dir->path, sizeof(dir->path), "net.ipv4.conf.%s", name);
	dir->table = conf_table;
	dir->base = cnf;
	dir->changed = conf_changed;
	dir->ctx = net;
	register_sysctl(&net->sysctl, dir);
}

void devinet_sysctl_unregister(struct net *net, struct ipv4_devconf *cnf)
{
	unregister_sysctl(&net->sysctl, &cnf->sysctl);
}

void devinet_sysctl_init(struct net *net)
{
	static const u32 on[] = { IPV4_DEVCONF_ACCEPT_REDIRECTS, IPV4_DEVCONF_SECURE_REDIRECTS,
				  IPV4_DEVCONF_SEND_REDIRECTS, IPV4_DEVCONF_SHARED_MEDIA,
				  IPV4_DEVCONF_ARP_EVICT_NOCARRIER };
	struct ipv4_devconf *all = net->ipv4->devconf_all, *dflt = net->ipv4->devconf_dflt;

	for (size_t i = 0; i < ARRAY_SIZE(on); i++)
		all->data[on[i]] = dflt->data[on[i]] = 1;
	dflt->data[IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE] = 1;
	devinet_sysctl_register(net, "all", all);
	devinet_sysctl_register(net, "default", dflt);
}

void devinet_sysctl_exit(struct net *net)
{
	devinet_sysctl_unregister(net, net->ipv4->devconf_dflt);
	devinet_sysctl_unregister(net, net->ipv4->devconf_all);
}
