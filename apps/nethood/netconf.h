/* SPDX-License-Identifier: BSD-2-Clause */
/* Links, addresses and routes by rtnetlink: of a net, or of the host. */
#ifndef NETHOOD_NETCONF_H
#define NETHOOD_NETCONF_H

#include <stdint.h>

#include "../run/netaddr.h"
#include "nethood/nethood.h"

struct mnl_socket;

/** struct netconf - a door to rtnetlink */
struct netconf {
	struct nethood_sock *sk; /**< of a net; NULL: the host's */
	struct mnl_socket *host;
	uint32_t seq;
	char why[160]; /**< the reason of the last error, in words */
};

/** netconf_open() - @net NULL: the host's, of the current network namespace.  Return: 0, -errno */
int netconf_open(struct netconf *nc, struct nethood_net *net);
void netconf_close(struct netconf *nc);
/* Return: 0, -errno and nc->why */
int netconf_link_up(struct netconf *nc, int ifindex);
/** netconf_addr_add() - @nodad: nobody else can have this IPv6 address: it may be used at once */
int netconf_addr_add(struct netconf *nc, int ifindex, const struct netaddr *addr, uint32_t prefix_bits, bool nodad);
int netconf_addr_del(struct netconf *nc, int ifindex, const struct netaddr *addr, uint32_t prefix_bits);
/** netconf_route_add() - @ifindex 0: whichever reaches the gateway */
int netconf_route_add(struct netconf *nc, const struct netaddr *dst, uint32_t prefix_bits,
		      const struct netaddr *gateway, int ifindex);
/** netconf_veth_add() - a pair of devices, the second one in another network namespace */
int netconf_veth_add(struct netconf *nc, const char *name, const char *peer, int peer_netns_fd);

#endif
