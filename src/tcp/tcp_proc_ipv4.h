/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc tells of TCP. */
#ifndef NETHOOD_TCP_TCP_PROC_IPV4_H
#define NETHOOD_TCP_TCP_PROC_IPV4_H

#include "base/seq_file.h"
#include "net.h"

union tcp_addr;
struct tcp_conn;

/** struct tcp_proc_file - /proc/net/tcp or tcp6 */
struct tcp_proc_file {
	u8 family; /**< of sockets */
	u32 width; /**< of a row; 0: as long as it is */
	const char *header;
	void (*put_addr)(struct seq_file *m, const struct tcp_conn *c, const union tcp_addr *a);
};
/** tcp_seq_show() - listeners, then connections, requests and what is in TIME_WAIT */
void tcp_seq_show(struct seq_file *m, struct net *net, const struct tcp_proc_file *file);
/** tcp6_seq_show() - /proc/net/tcp6; only with IPv6 */
void tcp6_seq_show(struct seq_file *m, struct net *net);
/** tcp6_inuse_count() - of /proc/net/sockstat6 */
u32 tcp6_inuse_count(struct net *net);
/** tcp4_seq_show() - /proc/net/tcp: listeners, then connections, requests and what is in TIME_WAIT */
void tcp4_seq_show(struct seq_file *m, struct net *net);
/** snmp_seq_show_tcp() - the group Tcp of /proc/net/snmp */
void snmp_seq_show_tcp(struct seq_file *m, struct net *net);
/** netstat_seq_show_tcp() - the group TcpExt of /proc/net/netstat, where Linux counts two things of IPv4 as well */
void netstat_seq_show_tcp(struct seq_file *m, struct net *net, u64 arp_filter, u64 rp_filter);
/** sockstat_seq_show_tcp() - the line TCP of /proc/net/sockstat */
void sockstat_seq_show_tcp(struct seq_file *m, struct net *net);

#endif
