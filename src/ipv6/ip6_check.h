/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold of a net's IPv6, between two events. */
#ifndef NETHOOD_IPV6_IP6_CHECK_H
#define NETHOOD_IPV6_IP6_CHECK_H

struct net;

/**
 * ip6_check() - of addresses, groups, routes, what is told of single destinations, fragments; O(all of these)
 *
 * Neighbours are looked at with ARP's: neigh/neigh_check.h.
 * Return: the first sentence that does not hold (static), NULL: all do.
 */
const char *ip6_check(struct net *net);

/* its parts */
const char *addrconf_check(struct net *net);
const char *ipv6_frag_check(const struct net *net);

#endif
