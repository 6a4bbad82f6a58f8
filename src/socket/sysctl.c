// SPDX-License-Identifier: BSD-2-Clause
/* net.core.*: limits of socket buffers.  @linux net/core/sysctl_net_core.c */
#include "socket/netns_sock.h"

#include <limits.h>
#include <stdio.h>

#define NETNS_SOCK(field) offsetof(struct netns_sock, field)

static const struct ctl_table core_table[] = {
	{ .name = "wmem_max",
	  .type = SYSCTL_INT,
	  .offset = NETNS_SOCK(wmem_max),
	  .min = SOCK_MIN_SNDBUF,
	  .max = INT_MAX },
	{ .name = "rmem_max",
	  .type = SYSCTL_INT,
	  .offset = NETNS_SOCK(rmem_max),
	  .min = SOCK_MIN_RCVBUF,
	  .max = INT_MAX },
	{ .name = "wmem_default",
	  .type = SYSCTL_INT,
	  .offset = NETNS_SOCK(wmem_default),
	  .min = SOCK_MIN_SNDBUF,
	  .max = INT_MAX },
	{ .name = "rmem_default",
	  .type = SYSCTL_INT,
	  .offset = NETNS_SOCK(rmem_default),
	  .min = SOCK_MIN_RCVBUF,
	  .max = INT_MAX },
	{ .name = "optmem_max", .type = SYSCTL_INT, .offset = NETNS_SOCK(optmem_max), .min = 0, .max = INT_MAX },
	{ .name = "somaxconn", .type = SYSCTL_INT, .offset = NETNS_SOCK(somaxconn), .min = 0, .max = INT_MAX },
	{ .name = "tstamp_allow_data",
	  .type = SYSCTL_INT,
	  .offset = NETNS_SOCK(tstamp_allow_data),
	  .min = 0,
	  .max = 1 },
	{ .name = "txrehash", .type = SYSCTL_INT, .offset = NETNS_SOCK(txrehash), .min = 0, .max = 1 },
	{ 0 },
};

void sock_sysctl_init(struct net *net)
{
	struct netns_sock *ns = net->sock;

	ns->wmem_max = 4 << 20;
	ns->rmem_max = 4 << 20;
	ns->wmem_default = SK_WMEM_DEFAULT;
	ns->rmem_default = SK_RMEM_DEFAULT;
	ns->optmem_max = 128 << 10;
	ns->somaxconn = 4096;
	ns->sockets_max = 1 << 20;
	ns->tstamp_allow_data = 1;
	ns->txrehash = 1;
	snprintf(ns->sysctl.path, sizeof(ns->sysctl.path), "net.core");
	ns->sysctl.table = core_table;
	ns->sysctl.base = ns;
	register_sysctl(&net->sysctl, &ns->sysctl);
}

void sock_sysctl_exit(struct net *net)
{
	unregister_sysctl(&net->sysctl, &net->sock->sysctl);
}
