/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 headers, extension headers and addresses.  @rfc 8200, 4291, 6437 */
#ifndef NETHOOD_WIRE_IPV6_H
#define NETHOOD_WIRE_IPV6_H

#include <netinet/in.h> /* struct in6_addr */
#include <string.h>

#include "base/byteorder.h"
#include "base/csum.h"
#include "base/types.h"

#define IPV6_MIN_MTU 1280U
#define IPV6_MAXPLEN 65535U
#define IPV6_HEADER_BYTES 40U
#define NEXTHDR_HOP 0
#define NEXTHDR_TCP 6
#define NEXTHDR_UDP 17
#define NEXTHDR_IPV6 41
#define NEXTHDR_ROUTING 43
#define NEXTHDR_FRAGMENT 44
#define NEXTHDR_ESP 50
#define NEXTHDR_AUTH 51
#define NEXTHDR_ICMP 58
#define NEXTHDR_NONE 59
#define NEXTHDR_DEST 60

/** struct ipv6hdr - RFC 8200 3 */
struct ipv6hdr {
	__be32 ver_tc_flow; /**< version 4 bits, traffic class 8, flow label 20 */
	__be16 payload_len; /**< octets behind this header; 0 with a jumbo option */
	u8 nexthdr;         /**< NEXTHDR_* or IPPROTO_* */
	u8 hop_limit;
	struct in6_addr saddr, daddr;
};
static_assert(sizeof(struct ipv6hdr) == IPV6_HEADER_BYTES, "RFC 8200 3");

/** struct ipv6_opt_hdr - how hop-by-hop, routing and destination headers begin */
struct ipv6_opt_hdr {
	u8 nexthdr;
	u8 hdrlen; /**< in units of 8 octets, without the first */
};
struct ipv6_rt_hdr {
	u8 nexthdr, hdrlen, type, segments_left;
};
/** struct frag_hdr - RFC 8200 4.5 */
struct frag_hdr {
	u8 nexthdr, reserved;
	__be16 frag_off; /**< offset in units of 8 octets << 3, IP6_MF */
	__be32 identification;
};
#define IP6_MF 0x0001
#define IP6_OFFSET 0xFFF8

static inline u32 ipv6_optlen(const struct ipv6_opt_hdr *h)
{
	return ((u32)h->hdrlen + 1) * 8;
}
#define IPV6_FLOWINFO_MASK 0x0FFFFFFFU
#define IPV6_FLOWLABEL_MASK 0x000FFFFFU
static inline __be32 ip6_flow_word(u8 tclass, __be32 flowlabel)
{
	return cpu_to_be32(0x60000000U | (u32)tclass << 20 | (be32_to_cpu(flowlabel) & IPV6_FLOWLABEL_MASK));
}
static inline u8 ipv6_tclass(const struct ipv6hdr *h)
{
	return (u8)(be32_to_cpu(h->ver_tc_flow) >> 20);
}
static inline __be32 ip6_flowlabel(const struct ipv6hdr *h)
{
	return h->ver_tc_flow & CONST_BE32(IPV6_FLOWLABEL_MASK);
}
static inline __be32 ip6_flowinfo(const struct ipv6hdr *h)
{
	return h->ver_tc_flow & CONST_BE32(IPV6_FLOWINFO_MASK);
}

/* ---- addresses */

/* What an address is: bits, so that questions are one test.  Scope is in bits 4-7 as in ffSX:: */
#define IPV6_ADDR_ANY 0x0000U
#define IPV6_ADDR_UNICAST 0x0001U
#define IPV6_ADDR_MULTICAST 0x0002U
#define IPV6_ADDR_LOOPBACK 0x0010U
#define IPV6_ADDR_LINKLOCAL 0x0020U
#define IPV6_ADDR_SITELOCAL 0x0040U
#define IPV6_ADDR_COMPATv4 0x0080U
#define IPV6_ADDR_MAPPED 0x1000U
/* RFC 4291 2.7 */
#define IPV6_ADDR_SCOPE_INTFLOCAL 0x01
#define IPV6_ADDR_SCOPE_LINKLOCAL 0x02
#define IPV6_ADDR_SCOPE_SITELOCAL 0x05
#define IPV6_ADDR_SCOPE_ORGLOCAL 0x08
#define IPV6_ADDR_SCOPE_GLOBAL 0x0e

extern const struct in6_addr in6addr_linklocal_allnodes;   /**< ff02::1 */
extern const struct in6_addr in6addr_linklocal_allrouters; /**< ff02::2 */
extern const struct in6_addr in6addr_interfacelocal_allnodes;
extern const struct in6_addr in6addr_interfacelocal_allrouters;
extern const struct in6_addr in6addr_sitelocal_allrouters;
extern const struct in6_addr in6addr_mldv2_routers; /**< ff02::16 */

/** ipv6_addr_type() - IPV6_ADDR_* of @a, without its scope.  @linux ipv6_addr_type */
u32 ipv6_addr_type(const struct in6_addr *a);
/** ipv6_addr_scope() - IPV6_ADDR_SCOPE_* of @a, multicast or not (RFC 6724 3.1) */
u32 ipv6_addr_scope(const struct in6_addr *a);

static inline bool ipv6_addr_equal(const struct in6_addr *a, const struct in6_addr *b)
{
	u64 x[2], y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return !((x[0] ^ y[0]) | (x[1] ^ y[1]));
}
static inline bool ipv6_addr_any(const struct in6_addr *a)
{
	u64 x[2];

	memcpy(x, a, sizeof(x));
	return !(x[0] | x[1]);
}
static inline bool ipv6_addr_loopback(const struct in6_addr *a)
{
	u64 x[2];

	memcpy(x, a, sizeof(x));
	return !x[0] && x[1] == (__force u64)cpu_to_be64(1);
}
static inline bool ipv6_addr_is_multicast(const struct in6_addr *a)
{
	return a->s6_addr[0] == 0xff;
}
static inline bool ipv6_addr_is_linklocal(const struct in6_addr *a)
{
	return a->s6_addr[0] == 0xfe && (a->s6_addr[1] & 0xc0) == 0x80;
}
static inline bool ipv6_addr_v4mapped(const struct in6_addr *a)
{
	static const u8 prefix[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(a, prefix, sizeof(prefix));
}
static inline void ipv6_addr_set_v4mapped(__be32 v4, struct in6_addr *out)
{
	memset(out, 0, 10);
	out->s6_addr[10] = out->s6_addr[11] = 0xff;
	memcpy(&out->s6_addr[12], &v4, sizeof(v4));
}
static inline __be32 ipv6_mapped_v4(const struct in6_addr *a)
{
	__be32 v4;

	memcpy(&v4, &a->s6_addr[12], sizeof(v4));
	return v4;
}
/** addrconf_addr_solict_mult() - ff02::1:ffXX:XXXX of @a.  @rfc 4291 2.7.1 */
static inline void addrconf_addr_solict_mult(const struct in6_addr *a, struct in6_addr *out)
{
	static const u8 prefix[13] = { 0xff, 0x02, [11] = 0x01, [12] = 0xff };

	memcpy(out, prefix, sizeof(prefix));
	memcpy(&out->s6_addr[13], &a->s6_addr[13], 3);
}
/** ipv6_addr_is_solict_mult() - is it some address's solicited-node group? */
static inline bool ipv6_addr_is_solict_mult(const struct in6_addr *a)
{
	static const u8 prefix[13] = { 0xff, 0x02, [11] = 0x01, [12] = 0xff };

	return !memcmp(a, prefix, sizeof(prefix));
}
/** ipv6_eth_mc_map() - 33:33 and the last four octets.  @rfc 2464 7 */
static inline void ipv6_eth_mc_map(const struct in6_addr *a, u8 mac[static 6])
{
	mac[0] = mac[1] = 0x33;
	memcpy(mac + 2, &a->s6_addr[12], 4);
}
/** ipv6_prefix_equal() - do the first @bits agree? */
bool ipv6_prefix_equal(const struct in6_addr *a, const struct in6_addr *b, u32 bits);
/** ipv6_addr_prefix() - the first @bits of @a, the rest zero */
void ipv6_addr_prefix(struct in6_addr *out, const struct in6_addr *a, u32 bits);
/** ipv6_addr_diff() - number of the first bit that differs; 128: none does */
u32 ipv6_addr_diff(const struct in6_addr *a, const struct in6_addr *b);

/** csum_ipv6_magic_sum() - pseudo header, unfolded: to begin a checksum with.  @rfc 8200 8.1 */
u32 csum_ipv6_magic_sum(const struct in6_addr *saddr, const struct in6_addr *daddr, u32 len_bytes, u8 proto);

/** ipv6_skip_exthdr() - over the extension headers of @len_bytes at @data, beginning at *offset with header *nexthdr
 *  *frag_off: of a fragment header that was passed, host order, 0: none.  Stops at a later fragment (then *nexthdr is what
 *  the first one had).  Return: offset of the transport header, -1: cut short, or malformed */
int ipv6_skip_exthdr(const u8 *data, u32 len_bytes, u32 offset, u8 *nexthdr, u16 *frag_off);

#endif
