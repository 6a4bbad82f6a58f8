/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP headers.  @rfc 768, 1122 4.1.3.4 */
#ifndef NETHOOD_WIRE_UDP_H
#define NETHOOD_WIRE_UDP_H

#include "base/byteorder.h"
#include "base/types.h"

/** struct udphdr - RFC 768 */
struct udphdr {
	__be16 source, dest;
	__be16 len;   /**< octets, header and all */
	__be16 check; /**< 0: the sender made none */
};
static_assert(sizeof(struct udphdr) == 8, "RFC 768: 8 octets");

/** udp_check() - the header of a datagram of @len_bytes octets; NULL: too short, or its length lies */
static inline const struct udphdr *udp_check(const void *data, size_t linear_bytes, size_t len_bytes)
{
	const struct udphdr *uh = data;

	if (linear_bytes < sizeof(*uh) || be16_to_cpu(uh->len) < sizeof(*uh) || be16_to_cpu(uh->len) > len_bytes)
		return NULL;
	return uh;
}

#endif
