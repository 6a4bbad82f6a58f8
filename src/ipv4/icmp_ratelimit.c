// SPDX-License-Identifier: BSD-2-Clause
/* How many ICMP messages leave: which ones the buckets of base/icmp_limit.h are asked for.
 *
 * @rfc 1812 4.3.2.8   @linux icmpv4_global_allow, icmpv4_xrlim_allow, ip_error
 */
#include <netinet/in.h>

#include "dev/netdevice.h"
#include "ipv4/icmp.h"
#include "ipv4/icmp_internal.h"
#include "ipv4/netns_ipv4.h"

void icmp_ratelimit_init(struct net *net)
{
	icmp_global_init(&net->icmp_global, net->now, &net->ipv4->icmp_msgs_per_sec, &net->ipv4->icmp_msgs_burst);
}

void icmp_ratelimit_exit(struct net *net)
{
	icmp_peers_fini(&net->ipv4->icmp->peers, net->mem);
}

static bool icmp_type_limited(const struct net *net, u8 type, u8 code)
{
	if (type > NR_ICMP_TYPES)
		return false;
	if (type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED)
		return false; /* path MTU discovery must not starve */
	return ((u32)net->ipv4->icmp_ratemask >> type) & 1;
}

bool icmpv4_global_allow(struct net *net, u8 type, u8 code)
{
	return !icmp_type_limited(net, type, code) || icmp_global_ready(&net->icmp_global, net->now);
}

void icmpv4_global_consume(struct net *net, u8 type, u8 code)
{
	if (icmp_type_limited(net, type, code))
		icmp_global_pay(&net->icmp_global, &net->rng);
}

static struct icmp_peer *icmpv4_peer(struct net *net, __be32 addr)
{
	return icmp_peer_find(&net->ipv4->icmp->peers, net->mem, &net->ipv4->ip_id_key, &addr, sizeof(addr), net->now);
}

bool icmpv4_xrlim_allow(struct net *net, const struct rtable *rt, __be32 daddr, u8 type, u8 code)
{
	if (!icmp_type_limited(net, type, code) || (rt->dst.dev->flags & IFF_LOOPBACK))
		return true;
	if (icmp_peer_allow(icmpv4_peer(net, daddr), net->now, icmp_price(net->ipv4->icmp_ratelimit_ms)))
		return true;
	net->ipv4->icmp->stats.ratelimit_host++;
	return false;
}

bool ip_error_allow(struct net *net, __be32 saddr)
{
	struct icmp_peer *peer = icmpv4_peer(net, saddr);

	if (peer) {
		icmp_peer_earn(peer, net->now, (u32)net->ipv4->route_error_burst_jiffies);
		if (icmp_peer_pay(peer, (u32)net->ipv4->route_error_cost_jiffies))
			return true;
	}
	net->ipv4->icmp->stats.ratelimit_host++;
	return false;
}
