/* SPDX-License-Identifier: BSD-2-Clause */
/* Trains of TCP over IPv6. */
#ifndef NETHOOD_TCP_TCP_OFFLOAD_IPV6_H
#define NETHOOD_TCP_TCP_OFFLOAD_IPV6_H

#include "ipv6/protocol.h"

extern const struct net_offload tcpv6_offload;

#endif
