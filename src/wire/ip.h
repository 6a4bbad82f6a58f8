/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4 headers.  @rfc 791, 2474, 3168 */
#ifndef NETHOOD_WIRE_IP_H
#define NETHOOD_WIRE_IP_H

#include "base/byteorder.h"
#include "base/csum.h"
#include "base/types.h"

#define IPVERSION 4
#define IP_MAX_LEN_BYTES 65535U
#define IP_CE 0x8000     /* reserved flag */
#define IP_DF 0x4000     /* don't fragment */
#define IP_MF 0x2000     /* more fragments */
#define IP_OFFSET 0x1fff /* of the fragment, in units of 8 octets */

/** struct iphdr - RFC 791 3.1, without options */
struct iphdr {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	u8 ihl : 4, version : 4;
#else
	u8 version : 4, ihl : 4;
#endif
	u8 tos;
	__be16 tot_len; /**< octets, header and all */
	__be16 id;
	__be16 frag_off; /**< IP_DF, IP_MF, IP_OFFSET */
	u8 ttl;
	u8 protocol; /**< IPPROTO_* */
	__be16 check;
	__be32 saddr, daddr;
};
static_assert(sizeof(struct iphdr) == 20, "RFC 791: 20 octets without options");

static inline u32 ip_hdrlen_bytes(const struct iphdr *iph)
{
	return (u32)iph->ihl * 4;
}
static inline bool ip_is_fragment(const struct iphdr *iph)
{
	return (iph->frag_off & CONST_BE16(IP_MF | IP_OFFSET)) != 0;
}
/** ip_fast_csum() - checksum of a header with its options; of a good one: 0.  @linux ip_fast_csum */
static inline __be16 ip_fast_csum(const struct iphdr *iph)
{
	u64 w[2];
	u32 last;

	if (unlikely(iph->ihl != 5))
		return ip_compute_csum(iph, ip_hdrlen_bytes(iph));
	memcpy(w, iph, sizeof(w));
	memcpy(&last, (const u8 *)iph + sizeof(w), sizeof(last));
	w[1] += w[0];
	w[1] += w[1] < w[0];
	w[1] = (w[1] >> 32) + (u32)w[1] + last;
	return csum_fold(csum_add((u32)w[1], (u32)(w[1] >> 32)));
}
/* Of a header without options, out of its fields: octets that were just written one by one are not yet there to be
 * read as words, and the processor would wait for them. */
static inline __be16 ip_plain_check(const struct iphdr *iph)
{
	u8 first[2] = { (u8)(IPVERSION << 4 | 5), iph->tos }, third[2] = { iph->ttl, iph->protocol };
	__be16 w[2];
	u64 sum;

	memcpy(&w[0], first, sizeof(first));
	memcpy(&w[1], third, sizeof(third));
	sum = (u64)(__force u16)w[0] + (__force u16)iph->tot_len + (__force u16)iph->id + (__force u16)iph->frag_off +
	      (__force u16)w[1] + (__force u32)iph->saddr + (__force u32)iph->daddr;
	return csum_fold(csum_add((u32)sum, (u32)(sum >> 32)));
}
/** ip_send_check() - header checksum for a header that is complete but for it */
static inline void ip_send_check(struct iphdr *iph)
{
	iph->check = 0;
	iph->check = likely(iph->ihl == 5) ? ip_plain_check(iph) : ip_fast_csum(iph);
}
/** ip_decrease_ttl() - one hop less, checksum follows.  Return: what is left */
static inline u8 ip_decrease_ttl(struct iphdr *iph)
{
	__be16 old, new_;

	memcpy(&old, &iph->ttl, sizeof(old));
	iph->ttl--;
	memcpy(&new_, &iph->ttl, sizeof(new_));
	csum_replace2(&iph->check, old, new_);
	return iph->ttl;
}

/** ip_check() - a whole header with options at the beginning of @len_bytes octets; NULL: too short, or not IPv4.
 *  Lengths and checksum are the caller's to judge: ip_rcv() counts them apart */
static inline const struct iphdr *ip_check(const void *data, size_t len_bytes)
{
	const struct iphdr *iph = data;

	if (len_bytes < sizeof(*iph) || iph->version != IPVERSION || iph->ihl < 5 || len_bytes < ip_hdrlen_bytes(iph))
		return NULL;
	return iph;
}

#endif
