/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc tells of devices. */
#ifndef NETHOOD_DEV_NET_PROCFS_H
#define NETHOOD_DEV_NET_PROCFS_H

#include "base/seq_file.h"
#include "net.h"

/** dev_seq_show() - /proc/net/dev */
void dev_seq_show(struct seq_file *m, struct net *net);
/** dev_mc_seq_show() - /proc/net/dev_mcast */
void dev_mc_seq_show(struct seq_file *m, struct net *net);

#endif
