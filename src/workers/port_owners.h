/* SPDX-License-Identifier: BSD-2-Clause */
/* Who has which port: the one table that all workers of a host write.
 *
 * A worker looks after its own sockets by Linux's rules (tcp/tcp_port.c, udp/udp_hash.c); between workers a port is one
 * thing, whatever the addresses: it belongs to one of them, or to several if the sockets of all may share it.
 */
#ifndef NETHOOD_WORKERS_PORT_OWNERS_H
#define NETHOOD_WORKERS_PORT_OWNERS_H

#include "net.h"

#define PORTS 65536U
#define WORKERS_MAX 31U
#define PORT_SHARED (1U << WORKERS_MAX) /* all owners so far share it */

/** struct port_owners - of each port: bit n: worker n; PORT_SHARED */
struct port_owners {
	u32 owners[NET_PORT_SPACES][PORTS];
};

/** port_claim() - @worker has a socket there from now on.  Return: 0, -EADDRINUSE: others have it, and do not share */
int port_claim(struct port_owners *po, enum net_port_space space, u16 port, u32 worker, bool shared);
/** port_release() - @worker has none there any more */
void port_release(struct port_owners *po, enum net_port_space space, u16 port, u32 worker);
/** port_owners() - Return: a bit for each worker that has a socket there */
u32 port_owners(const struct port_owners *po, enum net_port_space space, u16 port);

#endif
