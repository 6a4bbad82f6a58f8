/* SPDX-License-Identifier: BSD-2-Clause */
/* A net without IPv6, for tests that count IPv4's frames: its devices ask for no addresses, and tell of no groups. */
#ifndef NETHOOD_TESTS_IPV4_ONLY_H
#define NETHOOD_TESTS_IPV4_ONLY_H

#include "nethood/nethood.h"

static inline void ipv4_only(struct nethood_net *net)
{
	(void)nethood_sysctl_set(net, "net.ipv6.conf.all.disable_ipv6", "1");
}

#endif
