/* SPDX-License-Identifier: BSD-2-Clause */
/* DHCP messages: the fixed part, which is BOOTP's, and the numbers of options.  @rfc 951, 2131 2, 2132 */
#ifndef NETHOOD_WIRE_DHCP_H
#define NETHOOD_WIRE_DHCP_H

#include "base/byteorder.h"
#include "base/types.h"

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68
#define DHCP_MAGIC 0x63825363U /* RFC 2132 2 */
#define DHCP_MIN_BYTES 300U    /* RFC 951 3: a BOOTP relay may drop what is shorter */

enum { BOOTREQUEST = 1, BOOTREPLY = 2 };

/** option 53: RFC 2132 9.6 */
enum dhcp_type {
	DHCPDISCOVER = 1,
	DHCPOFFER,
	DHCPREQUEST,
	DHCPDECLINE,
	DHCPACK,
	DHCPNAK,
	DHCPRELEASE,
	DHCPINFORM,
};

enum dhcp_code {
	DHCP_PAD = 0,
	DHCP_SUBNET_MASK = 1,
	DHCP_ROUTER = 3,
	DHCP_DNS = 6,
	DHCP_HOSTNAME = 12,
	DHCP_DOMAIN = 15,
	DHCP_MTU = 26,
	DHCP_REQUESTED_ADDR = 50,
	DHCP_LEASE_TIME = 51,
	DHCP_OVERLOAD = 52,
	DHCP_MESSAGE_TYPE = 53,
	DHCP_SERVER_ID = 54,
	DHCP_PARAMETERS = 55,
	DHCP_MESSAGE = 56,
	DHCP_MAX_SIZE = 57,
	DHCP_T1 = 58,
	DHCP_T2 = 59,
	DHCP_CLIENT_ID = 61,
	DHCP_CLASSLESS_ROUTES = 121, /* RFC 3442 */
	DHCP_END = 255,
};

/** struct dhcphdr - RFC 2131 2, with the cookie that begins the options */
struct dhcphdr {
	u8 op, htype, hlen, hops;
	__be32 xid;
	__be16 secs;
	__be16 flags;
	__be32 ciaddr; /**< the client's address, if it can answer ARP for it */
	__be32 yiaddr; /**< the one that the server gives */
	__be32 siaddr, giaddr;
	u8 chaddr[16];
	u8 sname[64];
	u8 file[128];
	__be32 cookie; /**< DHCP_MAGIC */
};
static_assert(sizeof(struct dhcphdr) == 240, "RFC 2131: 236 octets, and four of cookie");

/** dhcp_check() - the fixed part of a message of @len_bytes octets; NULL: too short, or BOOTP without options */
static inline const struct dhcphdr *dhcp_check(const void *data, size_t len_bytes)
{
	const struct dhcphdr *h = data;

	return len_bytes >= sizeof(*h) && h->cookie == CONST_BE32(DHCP_MAGIC) ? h : NULL;
}

#endif
