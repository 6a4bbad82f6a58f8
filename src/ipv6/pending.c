// SPDX-License-Identifier: BSD-2-Clause
/* What of IPv6 is not there yet: weak, so that the real one wins.  Goes when IPv6 is whole. */
#include <errno.h>

#include "ipv6/netns_ipv6.h"
#include "ipv6/protocol.h"
#include "ipv6/addrconf.h"
#include "ipv6/ip6_route.h"
#include "ipv6/ip6_fib.h"
#include "ipv6/ipv6.h"
#include "ipv6/ndisc.h"
#include "ipv6/icmpv6.h"
#include "ipv6/mcast.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"
#define __pending __attribute__((weak))

__pending int ip6_flowlabel_init(struct net *net)
{
	return 0;
}
__pending void ip6_flowlabel_exit(struct net *net)
{
}
