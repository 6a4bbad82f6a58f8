/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc tells of TCP. */
#ifndef NETHOOD_TCP_TCP_PROC_IPV4_H
#define NETHOOD_TCP_TCP_PROC_IPV4_H

#include "base/seq_file.h"
#include "net.h"

/** tcp4_seq_show() - /proc/net/tcp: listeners, then connections, requests and what is in TIME_WAIT */
void tcp4_seq_show(struct seq_file *m, struct net *net);
/** snmp_seq_show_tcp() - the group Tcp of /proc/net/snmp */
void snmp_seq_show_tcp(struct seq_file *m, struct net *net);
/** netstat_seq_show_tcp() - the group TcpExt of /proc/net/netstat, where Linux counts two things of IPv4 as well */
void netstat_seq_show_tcp(struct seq_file *m, struct net *net, u64 arp_filter, u64 rp_filter);
/** sockstat_seq_show_tcp() - the line TCP of /proc/net/sockstat */
void sockstat_seq_show_tcp(struct seq_file *m, struct net *net);

#endif
