/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc tells of IPv6. */
#ifndef NETHOOD_IPV6_IPV6_PROC_H
#define NETHOOD_IPV6_IPV6_PROC_H

#include "base/seq_file.h"
#include "net.h"

/** if6_seq_show() - /proc/net/if_inet6: addresses */
void if6_seq_show(struct seq_file *m, struct net *net);
/** igmp6_mc_seq_show() - /proc/net/igmp6: groups */
void igmp6_mc_seq_show(struct seq_file *m, struct net *net);
/** igmp6_mcf_seq_show() - /proc/net/mcfilter6: their sources */
void igmp6_mcf_seq_show(struct seq_file *m, struct net *net);
/** ac6_seq_show() - /proc/net/anycast6 */
void ac6_seq_show(struct seq_file *m, struct net *net);

#endif
