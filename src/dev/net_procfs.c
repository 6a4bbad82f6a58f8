// SPDX-License-Identifier: BSD-2-Clause
/* /proc/net/dev and /proc/net/dev_mcast, as ifconfig(8), netstat(8) and `ip maddr` read them.
 *
 * @linux net/core/net-procfs.c
 */
#include "dev/net_procfs.h"

#include "dev/netdevice.h"

static void dev_seq_printf_stats(struct seq_file *m, const struct net_device *dev)
{
	const struct netdev_stats *s = &dev->stats;
	unsigned long long rx_frame = s->rx_length_errors + s->rx_crc_errors;

	/* frame is what was wrong with a frame, compressed is nobody's, carrier also counts what the link layer refused */
	seq_printf(m, "%6s: %7llu %7llu %4llu %4llu %4u %5llu %10u %9llu ", dev->name, (unsigned long long)s->rx_bytes,
		   (unsigned long long)s->rx_packets, (unsigned long long)s->rx_errors,
		   (unsigned long long)s->rx_dropped, 0U, rx_frame, 0U, (unsigned long long)s->multicast);
	seq_printf(m, "%8llu %7llu %4llu %4llu %4llu %5u %7llu %10u\n", (unsigned long long)s->tx_bytes,
		   (unsigned long long)s->tx_packets, (unsigned long long)s->tx_errors,
		   (unsigned long long)s->tx_dropped, (unsigned long long)s->tx_fifo_errors, 0U,
		   (unsigned long long)s->tx_carrier_errors, 0U);
}

void dev_seq_show(struct seq_file *m, struct net *net)
{
	const struct net_device *dev;

	seq_puts(m, "Inter-|   Receive                                                |  Transmit\n"
		    " face |bytes    packets errs drop fifo frame compressed multicast"
		    "|bytes    packets errs drop fifo colls carrier compressed\n");
	for_each_netdev(net, dev)
		dev_seq_printf_stats(m, dev);
}

void dev_mc_seq_show(struct seq_file *m, struct net *net)
{
	const struct net_device *dev;
	const struct netdev_hw_addr *ha;

	for_each_netdev(net, dev) {
		list_for_each_entry(ha, &dev->mc_list, node) {
			seq_printf(m, "%-4d %-15s %-5u %-5u ", dev->ifindex, dev->name, ha->refcnt, 0U);
			for (u32 i = 0; i < dev->addr_len; i++)
				seq_printf(m, "%02x", ha->addr[i]);
			seq_puts(m, "\n");
		}
	}
}
