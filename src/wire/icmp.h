/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP messages.  @rfc 792, 1191, 4884 */
#ifndef NETHOOD_WIRE_ICMP_H
#define NETHOOD_WIRE_ICMP_H

#include "base/byteorder.h"
#include "base/types.h"

enum {
	ICMP_ECHOREPLY = 0,
	ICMP_DEST_UNREACH = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETERPROB = 12,
	ICMP_TIMESTAMP = 13,
	ICMP_TIMESTAMPREPLY = 14,
	ICMP_INFO_REQUEST = 15,
	ICMP_INFO_REPLY = 16,
	ICMP_ADDRESS = 17,
	ICMP_ADDRESSREPLY = 18,
	NR_ICMP_TYPES = 18,
	ICMP_EXT_ECHO = 42,
	ICMP_EXT_ECHOREPLY = 43,
};
enum { /* codes of ICMP_DEST_UNREACH */
       ICMP_NET_UNREACH = 0,
       ICMP_HOST_UNREACH,
       ICMP_PROT_UNREACH,
       ICMP_PORT_UNREACH,
       ICMP_FRAG_NEEDED,
       ICMP_SR_FAILED,
       ICMP_NET_UNKNOWN,
       ICMP_HOST_UNKNOWN,
       ICMP_HOST_ISOLATED,
       ICMP_NET_ANO,
       ICMP_HOST_ANO,
       ICMP_NET_UNR_TOS,
       ICMP_HOST_UNR_TOS,
       ICMP_PKT_FILTERED,
       ICMP_PREC_VIOLATION,
       ICMP_PREC_CUTOFF,
       NR_ICMP_UNREACH = 15,
};
enum { ICMP_EXC_TTL = 0, ICMP_EXC_FRAGTIME = 1 };

/** struct icmphdr - RFC 792 */
struct icmphdr {
	u8 type, code;
	__be16 checksum;
	union {
		struct {
			__be16 id, sequence;
		} echo;
		__be32 gateway;
		struct {
			__be16 unused, mtu; /**< RFC 1191 4 */
		} frag;
		u8 bytes[4]; /**< [0]: pointer of a parameter problem; [1]: RFC 4884 length */
	} un;
};
static_assert(sizeof(struct icmphdr) == 8, "RFC 792: 8 octets");

/** icmp_check() - the header at the beginning of @len_bytes octets; NULL: too short */
static inline const struct icmphdr *icmp_check(const void *data, size_t len_bytes)
{
	return len_bytes >= sizeof(struct icmphdr) ? data : NULL;
}

#endif
