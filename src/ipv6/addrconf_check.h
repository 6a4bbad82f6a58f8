/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold of IPv6's addresses and groups. */
#ifndef NETHOOD_IPV6_ADDRCONF_CHECK_H
#define NETHOOD_IPV6_ADDRCONF_CHECK_H

struct net;

/** addrconf_check() - Return: the first sentence that does not hold (static), NULL: all do.  O(addresses and groups) */
const char *addrconf_check(struct net *net);

#endif
