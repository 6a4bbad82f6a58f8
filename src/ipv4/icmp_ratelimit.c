// SPDX-License-Identifier: BSD-2-Clause
/* How many ICMP messages leave: per host, and in all.
 *
 * @rfc 1812 4.3.2.8   @linux icmp_global_allow, inet_peer_xrlim_allow
 *
 * The global bucket gives a random number of messages less than it could: without that, its level would tell a
 * stranger how many errors others have caused (SAD DNS).
 */
#include <netinet/in.h>

#include "base/random.h"
#include "ipv4/icmp_internal.h"
#include "dev/netdevice.h"
#include "ipv4/netns_ipv4.h"

#define PEER_BURST 6

void icmp_ratelimit_init(struct net *net)
{
	net->ipv4->icmp->stamp = net->now - NSEC_PER_SEC; /* the first message finds a full bucket */
}

void icmp_ratelimit_exit(struct net *net)
{
	struct icmp_state *state = net->ipv4->icmp;

	mem_free(net->mem, state->peers, ICMP_PEERS * sizeof(*state->peers));
	state->peers = NULL;
}

static bool icmp_type_limited(const struct net *net, u8 type, u8 code)
{
	if (type > NR_ICMP_TYPES)
		return false;
	if (type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED)
		return false; /* path MTU discovery must not starve */
	return ((u32)net->ipv4->icmp_ratemask >> type) & 1;
}

/* An empty bucket is filled again with what time has earned, fifty times a second at most. */
static void icmp_global_refill(struct net *net)
{
	struct icmp_state *state = net->ipv4->icmp;
	ktime_t passed = net->now - state->stamp;
	s64 earned;

	if (passed > NSEC_PER_SEC)
		passed = NSEC_PER_SEC;
	if (passed < NSEC_PER_SEC / 50)
		return;
	earned = (s64)net->ipv4->icmp_msgs_per_sec * (passed / NSEC_PER_USEC) / (NSEC_PER_SEC / NSEC_PER_USEC);
	if (!earned)
		return;
	state->stamp = net->now;
	earned += state->credit;
	state->credit = earned < net->ipv4->icmp_msgs_burst ? (s32)earned : net->ipv4->icmp_msgs_burst;
}

bool icmp_global_allow(struct net *net, u8 type, u8 code)
{
	struct icmp_state *state = net->ipv4->icmp;

	if (!icmp_type_limited(net, type, code))
		return true;
	if (state->credit <= 0)
		icmp_global_refill(net);
	if (state->credit > 0)
		return true;
	state->stats.ratelimit_global++;
	return false;
}

void icmp_global_consume(struct net *net, u8 type, u8 code)
{
	if (icmp_type_limited(net, type, code))
		net->ipv4->icmp->credit -= (s32)get_random_u32_below(&net->rng, 3);
}

static struct icmp_peer *icmp_peer_find(struct net *net, __be32 daddr)
{
	struct icmp_state *state = net->ipv4->icmp;
	struct icmp_peer *peer;

	if (!state->peers)
		state->peers = mem_zalloc(net->mem, ICMP_PEERS * sizeof(*state->peers));
	if (!state->peers)
		return NULL;
	peer = &state->peers[siphash(&daddr, sizeof(daddr), &net->ipv4->ip_id_key) % ICMP_PEERS];
	if (peer->addr != daddr) {
		peer->addr = daddr;
		peer->tokens = PEER_BURST * (ktime_t)net->ipv4->icmp_ratelimit_ms * NSEC_PER_MSEC;
		peer->last = net->now;
	}
	return peer;
}

bool icmp_peer_allow(struct net *net, const struct rtable *rt, __be32 daddr, u8 type, u8 code)
{
	ktime_t price = (ktime_t)net->ipv4->icmp_ratelimit_ms * NSEC_PER_MSEC;
	struct icmp_peer *peer;

	if (!icmp_type_limited(net, type, code) || !price || (rt->dst.dev->flags & IFF_LOOPBACK))
		return true;
	peer = icmp_peer_find(net, daddr);
	if (!peer)
		return false;
	peer->tokens += net->now - peer->last;
	peer->last = net->now;
	if (peer->tokens > PEER_BURST * price)
		peer->tokens = PEER_BURST * price;
	if (peer->tokens < price) {
		net->ipv4->icmp->stats.ratelimit_host++;
		return false;
	}
	peer->tokens -= price;
	return true;
}
