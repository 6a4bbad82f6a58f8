// SPDX-License-Identifier: BSD-2-Clause
/* Which protocols IPv4 delivers to.  @linux net/ipv4/protocol.c */
#include "ipv4/protocol.h"

#include <errno.h>

#include "ipv4/netns_ipv4.h"

int inet_add_protocol(struct net *net, const struct net_protocol *prot, u8 protocol)
{
	if (net->ipv4->protos[protocol])
		return -EEXIST;
	net->ipv4->protos[protocol] = prot;
	return 0;
}

void inet_del_protocol(struct net *net, u8 protocol)
{
	net->ipv4->protos[protocol] = NULL;
}

void inet_set_raw_ops(struct net *net, const struct raw_ops *ops)
{
	net->ipv4->raw = ops;
}
