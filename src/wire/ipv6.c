// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 addresses: what they are, and what they have in common.  @rfc 4291, 6724, 8200   @linux net/ipv6/addrconf_core.c */
#include "wire/ipv6.h"

const struct in6_addr in6addr_linklocal_allnodes = { { { 0xff, 0x02, [15] = 1 } } };
const struct in6_addr in6addr_linklocal_allrouters = { { { 0xff, 0x02, [15] = 2 } } };
const struct in6_addr in6addr_interfacelocal_allnodes = { { { 0xff, 0x01, [15] = 1 } } };
const struct in6_addr in6addr_interfacelocal_allrouters = { { { 0xff, 0x01, [15] = 2 } } };
const struct in6_addr in6addr_sitelocal_allrouters = { { { 0xff, 0x05, [15] = 2 } } };
const struct in6_addr in6addr_mldv2_routers = { { { 0xff, 0x02, [15] = 0x16 } } };

static u32 zero_prefix_type(const struct in6_addr *a)
{
	static const u8 zeros[12];

	if (memcmp(a, zeros, 10) != 0)
		return IPV6_ADDR_UNICAST;
	if (a->s6_addr[10] == 0xff && a->s6_addr[11] == 0xff)
		return IPV6_ADDR_MAPPED;
	if (memcmp(a, zeros, sizeof(zeros)) != 0)
		return IPV6_ADDR_UNICAST;
	if (ipv6_addr_any(a))
		return IPV6_ADDR_ANY;
	if (ipv6_addr_loopback(a))
		return IPV6_ADDR_LOOPBACK | IPV6_ADDR_UNICAST;
	return IPV6_ADDR_COMPATv4 | IPV6_ADDR_UNICAST;
}

u32 ipv6_addr_type(const struct in6_addr *a)
{
	const u8 *b = a->s6_addr;
	u32 scope;

	if (b[0] == 0xff) {
		scope = b[1] & 0xf;
		if (scope == IPV6_ADDR_SCOPE_INTFLOCAL)
			return IPV6_ADDR_MULTICAST | IPV6_ADDR_LOOPBACK;
		if (scope == IPV6_ADDR_SCOPE_LINKLOCAL)
			return IPV6_ADDR_MULTICAST | IPV6_ADDR_LINKLOCAL;
		if (scope == IPV6_ADDR_SCOPE_SITELOCAL)
			return IPV6_ADDR_MULTICAST | IPV6_ADDR_SITELOCAL;
		return IPV6_ADDR_MULTICAST;
	}
	if (b[0] == 0xfe && (b[1] & 0xc0) == 0x80)
		return IPV6_ADDR_LINKLOCAL | IPV6_ADDR_UNICAST;
	if (b[0] == 0xfe && (b[1] & 0xc0) == 0xc0)
		return IPV6_ADDR_SITELOCAL | IPV6_ADDR_UNICAST;
	return b[0] ? IPV6_ADDR_UNICAST : zero_prefix_type(a);
}

u32 ipv6_addr_scope(const struct in6_addr *a)
{
	u32 type;

	if (ipv6_addr_is_multicast(a))
		return a->s6_addr[1] & 0xfU;
	type = ipv6_addr_type(a);
	if (type & (IPV6_ADDR_LINKLOCAL | IPV6_ADDR_LOOPBACK))
		return IPV6_ADDR_SCOPE_LINKLOCAL;
	return type & IPV6_ADDR_SITELOCAL ? IPV6_ADDR_SCOPE_SITELOCAL : IPV6_ADDR_SCOPE_GLOBAL;
}

u32 ipv6_addr_diff(const struct in6_addr *a, const struct in6_addr *b)
{
	__be64 x, y;
	u64 diff;

	for (u32 i = 0; i < 16; i += 8) {
		memcpy(&x, &a->s6_addr[i], 8);
		memcpy(&y, &b->s6_addr[i], 8);
		diff = be64_to_cpu(x) ^ be64_to_cpu(y);
		if (diff)
			return i * 8 + (u32)__builtin_clzll(diff);
	}
	return 128;
}

bool ipv6_prefix_equal(const struct in6_addr *a, const struct in6_addr *b, u32 bits)
{
	return ipv6_addr_diff(a, b) >= bits;
}

void ipv6_addr_prefix(struct in6_addr *out, const struct in6_addr *a, u32 bits)
{
	u32 octets = bits / 8;
	struct in6_addr p = { 0 };

	memcpy(&p, a, octets);
	if (bits % 8)
		p.s6_addr[octets] = (u8)(a->s6_addr[octets] & (0xff00 >> (bits % 8)));
	*out = p;
}

u32 csum_ipv6_magic_sum(const struct in6_addr *saddr, const struct in6_addr *daddr, u32 len_bytes, u8 proto)
{
	__be32 w[10];
	u64 sum = 0;

	memcpy(&w[0], saddr, 16);
	memcpy(&w[4], daddr, 16);
	w[8] = cpu_to_be32(len_bytes);
	w[9] = cpu_to_be32(proto);
	for (u32 i = 0; i < ARRAY_SIZE(w); i++)
		sum += (__force u32)w[i];
	return csum_add((u32)sum, (u32)(sum >> 32));
}

static bool is_exthdr(u8 nexthdr)
{
	return nexthdr == NEXTHDR_HOP || nexthdr == NEXTHDR_ROUTING || nexthdr == NEXTHDR_FRAGMENT ||
	       nexthdr == NEXTHDR_AUTH || nexthdr == NEXTHDR_DEST;
}

int ipv6_skip_exthdr(const u8 *data, u32 len_bytes, u32 offset, u8 *nexthdr, u16 *frag_off)
{
	struct ipv6_opt_hdr h;
	struct frag_hdr fh;

	*frag_off = 0;
	while (is_exthdr(*nexthdr)) {
		u32 hdr_bytes;

		if (offset > len_bytes || len_bytes - offset < 8)
			return -1;
		memcpy(&h, data + offset, sizeof(h));
		hdr_bytes = ipv6_optlen(&h);
		if (*nexthdr == NEXTHDR_FRAGMENT) {
			memcpy(&fh, data + offset, sizeof(fh));
			*frag_off = be16_to_cpu(fh.frag_off);
			hdr_bytes = sizeof(fh);
		} else if (*nexthdr == NEXTHDR_AUTH) {
			hdr_bytes = ((u32)h.hdrlen + 2) * 4; /* RFC 4302 2.2 */
		}
		*nexthdr = h.nexthdr;
		if (*frag_off & IP6_OFFSET)
			return (int)(offset + 8);
		offset += hdr_bytes;
	}
	return offset <= len_bytes ? (int)offset : -1;
}
