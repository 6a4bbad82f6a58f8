/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc tells of IPv4. */
#ifndef NETHOOD_IPV4_IPV4_PROC_H
#define NETHOOD_IPV4_IPV4_PROC_H

#include "base/seq_file.h"
#include "net.h"

/** arp_seq_show() - /proc/net/arp: neighbours, then proxies */
void arp_seq_show(struct seq_file *m, struct net *net);
/** fib_route_seq_show() - /proc/net/route: the main table */
void fib_route_seq_show(struct seq_file *m, struct net *net);
/** igmp_mc_seq_show() - /proc/net/igmp */
void igmp_mc_seq_show(struct seq_file *m, struct net *net);
/** snmp_seq_show_ipstats() - lines Ip, Icmp and IcmpMsg of /proc/net/snmp */
void snmp_seq_show_ipstats(struct seq_file *m, struct net *net);
/** netstat_seq_show_ipext() - the group IpExt of /proc/net/netstat */
void netstat_seq_show_ipext(struct seq_file *m, struct net *net);
/** sockstat_seq_show_frag() - the last line of /proc/net/sockstat */
void sockstat_seq_show_frag(struct seq_file *m, struct net *net);

#endif
