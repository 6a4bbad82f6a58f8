/* SPDX-License-Identifier: BSD-2-Clause */
/* Multicast groups of devices: how many sockets want each.  @rfc 1112, 3376   @linux net/ipv4/igmp.c */
#ifndef NETHOOD_IPV4_IGMP_H
#define NETHOOD_IPV4_IGMP_H

#include "base/types.h"
#include "ipv4/inetdevice.h"

/** ip_mc_inc_group() - one more wants @group on this device: its filter is opened with the first.  Return: 0, -ENOBUFS */
int __must_check ip_mc_inc_group(struct in_device *in_dev, __be32 group);
void ip_mc_dec_group(struct in_device *in_dev, __be32 group);
/** ip_check_mc() - is @group wanted on this device? */
bool ip_check_mc(const struct in_device *in_dev, __be32 group);

#endif
