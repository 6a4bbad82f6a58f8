/* SPDX-License-Identifier: BSD-2-Clause */
/* Ethernet II and IEEE 802.3 headers.  @rfc 894, 1042 */
#ifndef NETHOOD_WIRE_ETH_H
#define NETHOOD_WIRE_ETH_H

#include <linux/if_ether.h> /* ETH_P_*, ETH_ALEN, ETH_HLEN, struct ethhdr */
#include <string.h>

#include "base/byteorder.h"
#include "base/types.h"

static_assert(sizeof(struct ethhdr) == 14, "destination, source, type");

#define ETH_MIN_MTU 68
#define ETH_DATA_LEN_BYTES 1500

/** eth_check() - the header at the beginning of a frame; NULL: the frame is shorter */
static inline const struct ethhdr *eth_check(const void *frame, size_t len_bytes)
{
	return len_bytes >= sizeof(struct ethhdr) ? frame : NULL;
}

/** eth_build() - write a header */
static inline void eth_build(struct ethhdr *eth, const u8 dst[static ETH_ALEN], const u8 src[static ETH_ALEN],
			     __be16 proto)
{
	memcpy(eth->h_dest, dst, ETH_ALEN);
	memcpy(eth->h_source, src, ETH_ALEN);
	eth->h_proto = proto;
}

static inline bool is_multicast_ether_addr(const u8 addr[static ETH_ALEN])
{
	return addr[0] & 1;
}
static inline bool is_broadcast_ether_addr(const u8 addr[static ETH_ALEN])
{
	return (addr[0] & addr[1] & addr[2] & addr[3] & addr[4] & addr[5]) == 0xff;
}
static inline bool is_zero_ether_addr(const u8 addr[static ETH_ALEN])
{
	return (addr[0] | addr[1] | addr[2] | addr[3] | addr[4] | addr[5]) == 0;
}
static inline bool is_valid_ether_addr(const u8 addr[static ETH_ALEN])
{
	return !is_multicast_ether_addr(addr) && !is_zero_ether_addr(addr);
}
static inline bool ether_addr_equal(const u8 a[static ETH_ALEN], const u8 b[static ETH_ALEN])
{
	return memcmp(a, b, ETH_ALEN) == 0;
}

#endif
