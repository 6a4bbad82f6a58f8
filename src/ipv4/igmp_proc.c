// SPDX-License-Identifier: BSD-2-Clause
/* /proc/net/igmp, as `ip maddr` and netstat(8) read it.
 *
 * @linux igmp_mc_seq_show
 *
 * The group that was joined last comes first.
 */
#include "ipv4/igmp.h"
#include "ipv4/ipv4_proc.h"
#include "ipv4/netns_ipv4.h"

#define USER_HZ_NS (10 * NSEC_PER_MSEC)

static const char *querier(const struct in_device *in_dev)
{
	ktime_t now = in_dev->dev->net->now;

	return now < in_dev->mr_v1_until ? "V1" : now < in_dev->mr_v2_until ? "V2" : "V3";
}

static void group_show(struct seq_file *m, const struct ip_mc_list *im, ktime_t now)
{
	bool running = timer_pending(&im->timer);
	ktime_t left = running && im->timer.expires > now ? im->timer.expires - now : 0;

	seq_printf(m, "\t\t\t\t%08X %5u %d:%08llX\t\t%d\n", (__force u32)im->multiaddr, im->users_count, running,
		   (unsigned long long)(left / USER_HZ_NS), im->reporter);
}

void igmp_mc_seq_show(struct seq_file *m, struct net *net)
{
	const struct net_device *dev;

	seq_puts(m, "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n");
	for_each_netdev(net, dev) {
		const struct in_device *in_dev = in_dev_get_rcu(dev);
		const struct list_head *node;

		if (!in_dev || list_empty(&in_dev->mc_list))
			continue;
		seq_printf(m, "%d\t%-10s: %5u %7s\n", dev->ifindex, dev->name, in_dev->mc_count, querier(in_dev));
		for (node = in_dev->mc_list.prev; node != &in_dev->mc_list; node = node->prev)
			group_show(m, list_entry(node, const struct ip_mc_list, node), net->now);
	}
}
