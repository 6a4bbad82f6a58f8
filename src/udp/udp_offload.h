/* SPDX-License-Identifier: BSD-2-Clause */
/* Trains of UDP datagrams, over either IP. */
#ifndef NETHOOD_UDP_UDP_OFFLOAD_H
#define NETHOOD_UDP_UDP_OFFLOAD_H

#include "dev/gro.h"

extern const struct net_offload udp_offload;

#endif
