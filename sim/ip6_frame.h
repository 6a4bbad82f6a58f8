/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 packets in frames, read once more by another hand than the stack's.  @rfc 8200, 4443 */
#ifndef NETHOOD_SIM_IP6_FRAME_H
#define NETHOOD_SIM_IP6_FRAME_H

#include "base/types.h"

#define IP6_ADDR_BYTES 16U
#define IP6_HEADER_BYTES 40U
#define IP6_ICMP 58
#define IP6_TCP 6
#define IP6_UDP 17
#define IP6_FRAGMENT 44
#define IP6_NONE 59

/** struct ip6_view - where things are in a frame that holds a whole IPv6 packet; all borrowed */
struct ip6_view {
	const u8 *eth_dst, *eth_src, *ip, *src, *dst;
	const u8 *final;    /**< where it shall end: @dst, or what a routing header says last */
	const u8 *upper;    /**< behind all extension headers */
	const u8 *fragment; /**< fragment header; NULL: none */
	u32 packet_bytes, upper_bytes;
	u32 fragment_offset;    /**< in octets */
	u32 fragment_bytes;     /**< behind the fragment header */
	u8 hop_limit, protocol; /**< @protocol: of @upper; IP6_NONE too if its headers make no sense */
	bool more;              /**< fragments follow */
	bool whole;             /**< it is not a piece: @upper is an upper layer's whole packet */
	bool router_alert;
	const char *wrong; /**< of the headers; NULL: nothing */
};

/** ip6_view() - Return: false: not IPv6, or too short for what it says */
bool ip6_view(const u8 *frame, u32 len_bytes, struct ip6_view *out);
/** ip6_upper_sum() - the sum over pseudo header and @v's upper layer: 0xffff if its checksum is right */
u32 ip6_upper_sum(const struct ip6_view *v);
/** ip6_checksum_at() - where a checksum stands in the upper layer; UINT32_MAX: it has none */
u32 ip6_checksum_at(const struct ip6_view *v);
/** ip6_broken() - lengths and checksums of an IPv6 frame.  Return: what is wrong; NULL: nothing */
const char *ip6_broken(const u8 *frame, u32 len_bytes, bool forwards);

static inline bool ip6_same(const u8 *a, const u8 *b)
{
	return __builtin_memcmp(a, b, IP6_ADDR_BYTES) == 0;
}
static inline bool ip6_is_group(const u8 *addr)
{
	return addr[0] == 0xff;
}
static inline bool ip6_is_link_local(const u8 *addr)
{
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}
static inline bool ip6_is_any(const u8 *addr)
{
	static const u8 any[IP6_ADDR_BYTES];

	return ip6_same(addr, any);
}

#endif
