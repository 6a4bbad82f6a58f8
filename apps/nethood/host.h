/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's side: namespaces, and the kernel's end of the cable. */
#ifndef NETHOOD_HOST_H
#define NETHOOD_HOST_H

#include <stdbool.h>

#include "netopt.h"

/** struct host - where a net and its programs stand in the host */
struct host {
	bool privileged;        /**< may make network namespaces as it is */
	bool private_ns;        /**< in a user namespace and a network namespace of its own */
	int home_fd;            /**< the network namespace of the host's side; -1: not kept */
	bool made[NETOPT_DEVS]; /**< the interface on the host's side was made here */
	char ifname[NETOPT_DEVS][IFNAMSIZ];
};

/** host_enter() - become able to make what @o asks for.  Return: 0, -errno after having said why */
int host_enter(struct host *h, const struct netopt *o);
void host_leave(struct host *h);
/** host_open_dev() - device @i of @o, and what it needs on the host's side.  Return: 0, -errno after having said why */
int host_open_dev(struct host *h, const struct netopt *o, uint32_t i, struct nethood_net *net,
		  struct nethood_dev **out);
/** host_configure() - interfaces that were made are up, and the first has --host-addr.  Return: 0, -errno, said */
int host_configure(struct host *h, const struct netopt *o);
/** host_forget() - nobody will miss the interfaces that were made, or take them for another's: their names were given
 *  here, and --host-addr is free at once.  Return: true if so */
bool host_forget(struct host *h, const struct netopt *o);
/** host_is_privileged() - CAP_NET_ADMIN and CAP_SYS_ADMIN */
bool host_is_privileged(void);

#endif
