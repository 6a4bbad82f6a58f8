/* SPDX-License-Identifier: BSD-2-Clause */
/* net.ipv4.ip_local_reserved_ports: ports that nobody is given who did not ask for them.  @rfc 6056 3.2 */
#ifndef NETHOOD_IPV4_RESERVED_PORTS_H
#define NETHOOD_IPV4_RESERVED_PORTS_H

#include "base/sysctl.h"
#include "net.h"

int reserved_ports_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes);
int reserved_ports_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value);
void reserved_ports_exit(struct net *net);
bool ip_is_local_reserved_port(const struct net *net, u16 port);

#endif
