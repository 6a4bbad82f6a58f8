/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum.  @rfc 1071, 1624, 791, 768   @linux include/net/checksum.h
 *
 * A running sum (u32) is a ones' complement sum of 16-bit words as they lie in memory; a checksum field is a __be16 as
 * it lies in the header.
 */
#ifndef NETHOOD_BASE_CSUM_H
#define NETHOOD_BASE_CSUM_H

#include "base/byteorder.h"
#include "base/types.h"

/** csum_partial() - sum of @len_bytes, added to @sum; any alignment and length */
u32 csum_partial(const void *buf, size_t len_bytes, u32 sum);
/** csum_partial_copy() - copies, and sums in the same pass */
u32 csum_partial_copy(const void *src, void *dst, size_t len_bytes, u32 sum);

static inline u32 csum_add(u32 a, u32 b)
{
	u64 s = (u64)a + b;

	return (u32)s + (u32)(s >> 32);
}
static inline u32 csum_sub(u32 a, u32 b)
{
	return csum_add(a, ~b);
}
/** csum_block_add() - @b is the sum of a block that begins @offset_bytes into the whole */
static inline u32 csum_block_add(u32 a, u32 b, size_t offset_bytes)
{
	return csum_add(a, offset_bytes & 1 ? (b >> 8 | b << 24) : b);
}
/** csum_fold() - the field's value for a running sum */
static inline __be16 csum_fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__force __be16)(u16)~sum;
}
/** ip_compute_csum() - checksum of a header whose field is zero; of a good one with its field: 0 */
static inline __be16 ip_compute_csum(const void *buf, size_t len_bytes)
{
	return csum_fold(csum_partial(buf, len_bytes, 0));
}
/** csum_tcpudp_nofold() - @sum and the pseudo header */
static inline u32 csum_tcpudp_nofold(__be32 saddr, __be32 daddr, u32 len_bytes, u8 proto, u32 sum)
{
	u64 s = (u64)(__force u32)saddr + (__force u32)daddr + (__force u32)cpu_to_be32(len_bytes + proto) + sum;

	s = (s & 0xffffffffU) + (s >> 32);
	return (u32)s + (u32)(s >> 32);
}
static inline __be16 csum_tcpudp_magic(__be32 saddr, __be32 daddr, u32 len_bytes, u8 proto, u32 sum)
{
	return csum_fold(csum_tcpudp_nofold(saddr, daddr, len_bytes, proto, sum));
}
/** csum_replace2() / csum_replace4() - RFC 1624 eqn. 3: a word under a checksum changes */
static inline void csum_replace2(__be16 *field, __be16 old, __be16 new_)
{
	u32 sum = (u32)(u16) ~(__force u16)*field + (u16) ~(__force u16)old + (__force u16)new_;

	*field = csum_fold(sum);
}
static inline void csum_replace4(__be16 *field, __be32 old, __be32 new_)
{
	u32 sum = csum_add(csum_sub((u16) ~(__force u16)*field, (__force u32)old), (__force u32)new_);

	*field = csum_fold(sum);
}

#endif
