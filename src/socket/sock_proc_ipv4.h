/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc tells of sockets. */
#ifndef NETHOOD_SOCKET_SOCK_PROC_IPV4_H
#define NETHOOD_SOCKET_SOCK_PROC_IPV4_H

#include "base/seq_file.h"
#include "socket/sock.h"

/** struct sock_proc - a file with a row for each bound socket of one protocol */
struct sock_proc {
	const struct proto *prot;
	const char *header;
	u32 slot_width; /**< of the first column */
	u32 row_width;  /**< 0: no blanks at the end */
};

/** sock_seq_show() - /proc/net/udp, raw, icmp */
void sock_seq_show(struct seq_file *m, struct net *net, const struct sock_proc *file);
/** sock_prot_inuse_count() - sockets that such a file shows */
u32 sock_prot_inuse_count(const struct net *net, const struct proto *prot);

#endif
