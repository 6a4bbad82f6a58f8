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
#include "ipv4/icmp.h"
#include "ipv4/icmp_internal.h"
#include "dev/netdevice.h"
#include "ipv4/netns_ipv4.h"

#define PEER_BURST 6U
#define PEER_NEW_JIFFIES 15000U                   /* a minute: as much as there can be */
#define NSEC_PER_JIFFY ((u64)(4 * NSEC_PER_MSEC)) /* of the kernel that nethood is compared with */

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

static u32 jiffies_now(const struct net *net)
{
	return (u32)((u64)net->now / NSEC_PER_JIFFY);
}

static struct icmp_peer *icmp_peer_find(struct net *net, __be32 addr)
{
	struct icmp_state *state = net->ipv4->icmp;
	struct icmp_peer *peer;

	if (!state->peers)
		state->peers = mem_zalloc(net->mem, ICMP_PEERS * sizeof(*state->peers));
	if (!state->peers)
		return NULL;
	peer = &state->peers[siphash(&addr, sizeof(addr), &net->ipv4->ip_id_key) % ICMP_PEERS];
	if (peer->addr != addr)
		*peer = (struct icmp_peer){ addr, 0, jiffies_now(net) - PEER_NEW_JIFFIES };
	return peer;
}

static bool icmp_peer_pay(struct icmp_peer *peer, u32 price)
{
	if (peer->tokens < price)
		return false;
	peer->tokens -= price;
	return true;
}

/* What has been earned since, but not more than @most in all. */
static void icmp_peer_earn(struct icmp_peer *peer, u32 now, u32 most)
{
	u64 tokens = (u64)peer->tokens + (now - peer->last_jiffies);

	peer->last_jiffies = now;
	peer->tokens = tokens < most ? (u32)tokens : most;
}

bool icmp_peer_allow(struct net *net, const struct rtable *rt, __be32 daddr, u8 type, u8 code)
{
	u32 price = (u32)((u64)(u32)net->ipv4->icmp_ratelimit_ms * NSEC_PER_MSEC / NSEC_PER_JIFFY);
	u32 now = jiffies_now(net);
	struct icmp_peer *peer;

	if (!icmp_type_limited(net, type, code) || (rt->dst.dev->flags & IFF_LOOPBACK))
		return true;
	peer = icmp_peer_find(net, daddr);
	if (peer && now != peer->last_jiffies) /* in between, what ip_error_allow() left may be more than this would */
		icmp_peer_earn(peer, now, PEER_BURST * price);
	if (peer && icmp_peer_pay(peer, price))
		return true;
	net->ipv4->icmp->stats.ratelimit_host++;
	return false;
}

bool ip_error_allow(struct net *net, __be32 saddr)
{
	struct icmp_peer *peer = icmp_peer_find(net, saddr);

	if (peer) {
		icmp_peer_earn(peer, jiffies_now(net), (u32)net->ipv4->route_error_burst_jiffies);
		if (icmp_peer_pay(peer, (u32)net->ipv4->route_error_cost_jiffies))
			return true;
	}
	net->ipv4->icmp->stats.ratelimit_host++;
	return false;
}
