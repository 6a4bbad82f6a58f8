// SPDX-License-Identifier: BSD-2-Clause
/* Which protocols, and which extension headers, IPv6 delivers to.  @linux net/ipv6/protocol.c */
#include "ipv6/protocol.h"

#include <errno.h>

#include "ipv6/netns_ipv6.h"

int inet6_add_protocol(struct net *net, const struct inet6_protocol *prot, u8 protocol)
{
	if (net->ipv6->protos[protocol])
		return -EEXIST;
	net->ipv6->protos[protocol] = prot;
	return 0;
}

void inet6_del_protocol(struct net *net, u8 protocol)
{
	net->ipv6->protos[protocol] = NULL;
}

void inet6_set_raw_ops(struct net *net, const struct raw6_ops *ops)
{
	net->ipv6->raw = ops;
}
