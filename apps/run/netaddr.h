/* SPDX-License-Identifier: BSD-2-Clause */
/* An address of either family, and prefixes of them. */
#ifndef NETHOOD_RUN_NETADDR_H
#define NETHOOD_RUN_NETADDR_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct netaddr {
	int family; /**< AF_INET, AF_INET6 */
	union {
		struct in_addr v4;
		struct in6_addr v6;
		uint8_t octets[16];
	};
};

static inline size_t netaddr_bytes(const struct netaddr *a)
{
	return a->family == AF_INET6 ? sizeof(a->v6) : sizeof(a->v4);
}
static inline uint32_t netaddr_bits(const struct netaddr *a)
{
	return 8 * (uint32_t)netaddr_bytes(a);
}
static inline bool netaddr_parse(const char *text, struct netaddr *a)
{
	memset(a, 0, sizeof(*a));
	a->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(a->family, text, a->octets) == 1;
}
static inline const char *netaddr_text(const struct netaddr *a, char text[static INET6_ADDRSTRLEN])
{
	return inet_ntop(a->family, a->octets, text, INET6_ADDRSTRLEN);
}
/** netaddr_in() - are the first @bits of both the same, and both of one family? */
static inline bool netaddr_in(const struct netaddr *a, const struct netaddr *prefix, uint32_t bits)
{
	if (a->family != prefix->family || memcmp(a->octets, prefix->octets, bits / 8) != 0)
		return false;
	return !(bits % 8) || !((a->octets[bits / 8] ^ prefix->octets[bits / 8]) & (0xff00 >> (bits % 8) & 0xff));
}
static inline struct netaddr netaddr_v4(uint32_t host_order)
{
	return (struct netaddr){ .family = AF_INET, .v4 = { htonl(host_order) } };
}

#endif
