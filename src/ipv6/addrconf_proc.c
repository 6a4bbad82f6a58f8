// SPDX-License-Identifier: BSD-2-Clause
/* /proc/net/if_inet6, igmp6, mcfilter6 and anycast6, as ifconfig(8), netstat(8) and `ip maddr` read them.
 *
 * @linux if6_seq_show, igmp6_mc_seq_show, igmp6_mcf_seq_show, ac6_seq_show
 */
#include "ipv6/addrconf.h"
#include "ipv6/ipv6_proc.h"
#include "ipv6/mcast.h"

#define USER_HZ_NS (10 * NSEC_PER_MSEC)
#define SCOPE_BITS (IPV6_ADDR_LOOPBACK | IPV6_ADDR_LINKLOCAL | IPV6_ADDR_SITELOCAL | IPV6_ADDR_COMPATv4)

static void put_addr(struct seq_file *m, const struct in6_addr *a)
{
	for (u32 i = 0; i < sizeof(a->s6_addr); i++)
		seq_printf(m, "%02x", a->s6_addr[i]);
}

void if6_seq_show(struct seq_file *m, struct net *net)
{
	const struct inet6_ifaddr *ifp;
	const struct net_device *dev;

	for_each_netdev(net, dev) {
		if (!in6_dev_get_rcu(dev))
			continue;
		list_for_each_entry(ifp, &in6_dev_get_rcu(dev)->addr_list, if_list) {
			put_addr(m, &ifp->addr);
			seq_printf(m, " %02x %02x %02x %02x %8s\n", (u32)dev->ifindex, ifp->prefix_len,
				   ipv6_addr_type(&ifp->addr) & SCOPE_BITS, ifp->flags & 0xff, dev->name);
		}
	}
}

/** struct dev_lines - lines about one device */
struct dev_lines {
	struct seq_file *m;
	const struct net_device *dev;
};

static int igmp6_line(void *ctx, const struct ifmcaddr6_view *mc)
{
	const struct dev_lines *l = ctx;

	seq_printf(l->m, "%-4d %-15s ", l->dev->ifindex, l->dev->name);
	put_addr(l->m, &mc->group);
	seq_printf(l->m, " %5u %08X %lld\n", mc->users, mc->flags, (long long)(mc->timer_left / USER_HZ_NS));
	return 0;
}

void igmp6_mc_seq_show(struct seq_file *m, struct net *net)
{
	const struct net_device *dev;

	for_each_netdev(net, dev) {
		struct dev_lines l = { m, dev };

		(void)ipv6_mc_each(dev, igmp6_line, &l); /* no line ends it */
	}
}

static int mcfilter6_lines(void *ctx, const struct ifmcaddr6_view *mc)
{
	const struct dev_lines *l = ctx;
	const struct ip6_sf_source *s;

	list_for_each_entry(s, mc->sources, node) {
		if (!s->include_count && !s->exclude_count)
			continue;
		seq_printf(l->m, "%3d %6.6s ", l->dev->ifindex, l->dev->name);
		put_addr(l->m, &mc->group);
		seq_puts(l->m, " ");
		put_addr(l->m, &s->addr);
		seq_printf(l->m, " %6u %6u\n", s->include_count, s->exclude_count);
	}
	return 0;
}

void igmp6_mcf_seq_show(struct seq_file *m, struct net *net)
{
	const struct net_device *dev;

	seq_printf(m, "Idx %6s %32s %32s %6s %6s\n", "Device", "Multicast Address", "Source Address", "INC", "EXC");
	for_each_netdev(net, dev) {
		struct dev_lines l = { m, dev };

		(void)ipv6_mc_each(dev, mcfilter6_lines, &l); /* no line ends it */
	}
}

static int anycast6_line(void *ctx, const struct in6_addr *addr, u32 users)
{
	const struct dev_lines *l = ctx;

	seq_printf(l->m, "%-4d %-15s ", l->dev->ifindex, l->dev->name);
	put_addr(l->m, addr);
	seq_printf(l->m, " %5u\n", users);
	return 0;
}

void ac6_seq_show(struct seq_file *m, struct net *net)
{
	const struct net_device *dev;

	for_each_netdev(net, dev) {
		struct dev_lines l = { m, dev };

		if (in6_dev_get_rcu(dev))
			(void)ipv6_ac_each(in6_dev_get_rcu(dev), anycast6_line, &l); /* no line ends it */
	}
}
