/* SPDX-License-Identifier: BSD-2-Clause */
/* How many ICMP messages leave, per host and in all: token buckets, the same for both families.
 *
 * @rfc 1812 4.3.2.8, 4443 2.4   @linux icmp_global_allow, inet_peer_xrlim_allow
 *
 * The bucket of the net gives a random number of messages less than it could: without that, its level would tell a
 * stranger how many errors others have caused (SAD DNS).
 */
#ifndef NETHOOD_BASE_ICMP_LIMIT_H
#define NETHOOD_BASE_ICMP_LIMIT_H

#include "base/hash.h"
#include "base/types.h"

struct mem;
struct rng;

#define ICMP_PEERS 1024U      /**< hosts that are remembered; more share rows */
#define ICMP_PEER_BURST 6U    /**< messages at once */
#define ICMP_JIFFY_NS 4000000 /**< of the kernel that nethood is compared with */

/** struct icmp_global - the bucket of a net */
struct icmp_global {
	s32 credit; /**< the last message may overdraw it */
	ktime_t stamp;
	const int *msgs_per_sec, *msgs_burst;
	u64 limited_count; /**< messages that it had nothing for */
};
void icmp_global_init(struct icmp_global *g, ktime_t now, const int *msgs_per_sec, const int *msgs_burst);
/** icmp_global_ready() - is there something in it?  If not it is counted */
bool icmp_global_ready(struct icmp_global *g, ktime_t now);
/** icmp_global_pay() - a message leaves: by chance more or less than one */
void icmp_global_pay(struct icmp_global *g, struct rng *rng);

/** struct icmp_peer - bucket of one host; a token is a jiffy */
struct icmp_peer {
	u8 addr[16];
	u32 tokens, last_jiffies;
};
/** struct icmp_peers - rows are made when the first is asked for */
struct icmp_peers {
	struct icmp_peer *rows;
};
/** icmp_peer_find() - @addr: @addr_len octets, 4 or 16.  Return: borrowed; NULL: no memory */
struct icmp_peer *icmp_peer_find(struct icmp_peers *peers, struct mem *mem, const siphash_key_t *key, const void *addr,
				 u32 addr_len, ktime_t now);
/** icmp_peer_earn() - what time has earned, but not more than @most in all */
void icmp_peer_earn(struct icmp_peer *peer, ktime_t now, u32 most);
bool icmp_peer_pay(struct icmp_peer *peer, u32 price);
/** icmp_peer_allow() - one message for @price jiffies: ICMP_PEER_BURST at once, then one per price; NULL: never */
bool icmp_peer_allow(struct icmp_peer *peer, ktime_t now, u32 price);
void icmp_peers_fini(struct icmp_peers *peers, struct mem *mem);
/** icmp_price() - of a message, when one may leave every @ms */
static inline u32 icmp_price(int ms)
{
	return (u32)((u64)(u32)ms * 1000000U / ICMP_JIFFY_NS);
}

#endif
