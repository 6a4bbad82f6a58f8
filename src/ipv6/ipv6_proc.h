/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc tells of IPv6. */
#ifndef NETHOOD_IPV6_IPV6_PROC_H
#define NETHOOD_IPV6_IPV6_PROC_H

#include "base/seq_file.h"
#include "net.h"

struct net_device;

/** if6_seq_show() - /proc/net/if_inet6: addresses */
void if6_seq_show(struct seq_file *m, struct net *net);
/** igmp6_mc_seq_show() - /proc/net/igmp6: groups */
void igmp6_mc_seq_show(struct seq_file *m, struct net *net);
/** igmp6_mcf_seq_show() - /proc/net/mcfilter6: their sources */
void igmp6_mcf_seq_show(struct seq_file *m, struct net *net);
/** ac6_seq_show() - /proc/net/anycast6 */
void ac6_seq_show(struct seq_file *m, struct net *net);

/** ip6fl_seq_show() - /proc/net/ip6_flowlabel: leased labels */
void ip6fl_seq_show(struct seq_file *m, struct net *net);

/** snmp6_seq_show_ip() - lines Ip6 and Icmp6 of /proc/net/snmp6 */
void snmp6_seq_show_ip(struct seq_file *m, struct net *net);
/** snmp6_dev_seq_show() - a file of /proc/net/dev_snmp6; @dev: has IPv6 */
void snmp6_dev_seq_show(struct seq_file *m, const struct net_device *dev);
/** snmp6_line() - one counter, as all of these files show it */
void snmp6_line(struct seq_file *m, const char *name, u64 value);
/** sockstat6_seq_show_frag() - the last line of /proc/net/sockstat6 */
void sockstat6_seq_show_frag(struct seq_file *m, struct net *net);
/** ipv6_route_seq_show() - /proc/net/ipv6_route */
void ipv6_route_seq_show(struct seq_file *m, struct net *net);
/** rt6_stats_seq_show() - /proc/net/rt6_stats */
void rt6_stats_seq_show(struct seq_file *m, struct net *net);

#endif
