/* SPDX-License-Identifier: BSD-2-Clause */
/* What a net knows of its sockets: net->sock.  @linux include/net/netns/core.h */
#ifndef NETHOOD_SOCKET_NETNS_SOCK_H
#define NETHOOD_SOCKET_NETNS_SOCK_H

#include "base/list.h"
#include "base/sysctl.h"
#include "base/types.h"
#include "socket/sock.h"
#include "socket/zerocopy.h"

struct netns_sock {
	struct list_head sockets; /**< open ones, oldest first */
	struct list_head wakes;   /**< sockets whose owners are to be told */
	bool waking;
	struct zerocopy_net zerocopy;
	u32 open_count;
	u32 live_count; /**< open, or closed with packets on their way */
	u64 next_cookie;
	u64 netns_cookie;
	const struct net_proto_family *const *families;
	u32 families_count;
	const struct sock_dev_ops *dev_ops;

	/* net.core.* */
	int wmem_max, rmem_max, wmem_default, rmem_default;
	int optmem_max, somaxconn, sockets_max;
	int tstamp_allow_data, txrehash;
	struct ctl_dir sysctl;
};

void sock_sysctl_init(struct net *net);
void sock_sysctl_exit(struct net *net);

#endif
