/* SPDX-License-Identifier: BSD-2-Clause */
/* What always holds of sockets, as code. */
#ifndef NETHOOD_SOCKET_CHECK_H
#define NETHOOD_SOCKET_CHECK_H

#include "net.h"

/** sock_net_check() - Return: the first sentence that does not hold of a socket (static), NULL: all do.  O(sockets) */
const char *sock_net_check(const struct net *net);

#endif
