// SPDX-License-Identifier: BSD-2-Clause
/* How many ICMPv6 messages leave: which ones the buckets of base/icmp_limit.h are asked for.
 *
 * @rfc 4443 2.4 (f)   @linux icmpv6_global_allow, icmpv6_xrlim_allow
 *
 * Whoever is behind a wide route stands for many hosts, so more may be told him.
 */
#include "dev/netdevice.h"
#include "ipv6/icmp_internal.h"
#include "ipv6/ipv6.h"

void icmpv6_ratelimit_init(struct net *net)
{
	siphash_key_init(&net->ipv6->icmp->peers_key, &net->rng);
}

void icmpv6_ratelimit_exit(struct net *net)
{
	icmp_peers_fini(&net->ipv6->icmp->peers, net->mem);
}

static bool icmpv6_type_limited(const struct net *net, u8 type)
{
	return (net->ipv6->icmp_ratemask[type / 32] >> (type % 32)) & 1;
}

bool icmpv6_global_allow(struct net *net, u8 type)
{
	return !icmpv6_type_limited(net, type) || icmp_global_ready(&net->icmp_global, net->now);
}

void icmpv6_global_consume(struct net *net, u8 type)
{
	if (icmpv6_type_limited(net, type))
		icmp_global_pay(&net->icmp_global, &net->rng);
}

/* As Linux, which looks for the way when it asks for the price: nobody can be told, and that is too much. */
void icmpv6_xrlim_no_route(struct net *net, u8 type)
{
	if (!icmpv6_type_limited(net, type))
		return;
	IP6_INC(net, NULL, out_no_routes);
	net->ipv6->icmp->mib.out_ratelimit_host++;
}

bool icmpv6_xrlim_allow(struct net *net, const struct rt6_info *rt, u8 type, const struct in6_addr *daddr)
{
	struct icmpv6_state *state = net->ipv6->icmp;
	u32 price = icmp_price(net->ipv6->icmp_ratelimit_ms);

	if (!icmpv6_type_limited(net, type) || (rt->dst.dev->flags & IFF_LOOPBACK))
		return true;
	if (icmp_peer_allow(icmp_peer_find(&state->peers, net->mem, &state->peers_key, daddr, sizeof(*daddr), net->now),
			    net->now, price))
		return true;
	state->mib.out_ratelimit_host++;
	return false;
}
