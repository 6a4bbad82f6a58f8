// SPDX-License-Identifier: BSD-2-Clause
/* Token buckets of ICMP: see icmp_limit.h. */
#include "base/icmp_limit.h"

#include <string.h>

#include "base/mem.h"
#include "base/random.h"

#define PEER_NEW_JIFFIES 15000U /* a minute: as much as there can be */

void icmp_global_init(struct icmp_global *g, ktime_t now, const int *msgs_per_sec, const int *msgs_burst)
{
	*g = (struct icmp_global){ .stamp = now - NSEC_PER_SEC, /* the first message finds a full bucket */
				   .msgs_per_sec = msgs_per_sec,
				   .msgs_burst = msgs_burst };
}

/* An empty bucket is filled again with what time has earned, fifty times a second at most. */
static void icmp_global_refill(struct icmp_global *g, ktime_t now)
{
	ktime_t passed = now - g->stamp;
	s64 earned;

	if (passed > NSEC_PER_SEC)
		passed = NSEC_PER_SEC;
	if (passed < NSEC_PER_SEC / 50)
		return;
	earned = (s64)*g->msgs_per_sec * (passed / NSEC_PER_USEC) / (NSEC_PER_SEC / NSEC_PER_USEC);
	if (!earned)
		return;
	g->stamp = now;
	earned += g->credit;
	g->credit = earned < *g->msgs_burst ? (s32)earned : *g->msgs_burst;
}

bool icmp_global_ready(struct icmp_global *g, ktime_t now)
{
	if (g->credit <= 0)
		icmp_global_refill(g, now);
	if (g->credit > 0)
		return true;
	g->limited_count++;
	return false;
}

void icmp_global_pay(struct icmp_global *g, struct rng *rng)
{
	g->credit -= (s32)get_random_u32_below(rng, 3);
}

static u32 jiffies_at(ktime_t now)
{
	return (u32)((u64)now / ICMP_JIFFY_NS);
}

struct icmp_peer *icmp_peer_find(struct icmp_peers *peers, struct mem *mem, const siphash_key_t *key, const void *addr,
				 u32 addr_len, ktime_t now)
{
	struct icmp_peer *peer;

	if (!peers->rows)
		peers->rows = mem_zalloc(mem, ICMP_PEERS * sizeof(*peers->rows));
	if (!peers->rows)
		return NULL;
	peer = &peers->rows[siphash(addr, addr_len, key) % ICMP_PEERS];
	if (memcmp(peer->addr, addr, addr_len) != 0) {
		memcpy(peer->addr, addr, addr_len);
		peer->tokens = 0;
		peer->last_jiffies = jiffies_at(now) - PEER_NEW_JIFFIES;
	}
	return peer;
}

bool icmp_peer_pay(struct icmp_peer *peer, u32 price)
{
	if (peer->tokens < price)
		return false;
	peer->tokens -= price;
	return true;
}

void icmp_peer_earn(struct icmp_peer *peer, ktime_t now, u32 most)
{
	u64 tokens = (u64)peer->tokens + (jiffies_at(now) - peer->last_jiffies);

	peer->last_jiffies = jiffies_at(now);
	peer->tokens = tokens < most ? (u32)tokens : most;
}

bool icmp_peer_allow(struct icmp_peer *peer, ktime_t now, u32 price)
{
	if (peer && jiffies_at(now) != peer->last_jiffies) /* in between, there may be more than this would leave */
		icmp_peer_earn(peer, now, ICMP_PEER_BURST * price);
	return peer && icmp_peer_pay(peer, price);
}

void icmp_peers_fini(struct icmp_peers *peers, struct mem *mem)
{
	mem_free(mem, peers->rows, ICMP_PEERS * sizeof(*peers->rows));
	peers->rows = NULL;
}
