/* SPDX-License-Identifier: BSD-2-Clause */
/* Trains of TCP over IPv4. */
#ifndef NETHOOD_TCP_TCP_OFFLOAD_IPV4_H
#define NETHOOD_TCP_TCP_OFFLOAD_IPV4_H

#include "ipv4/protocol.h"

extern const struct net_offload tcpv4_offload;

#endif
