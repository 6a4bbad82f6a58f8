/* SPDX-License-Identifier: BSD-2-Clause */
/* What DHCP messages say: a server's, taken apart; a client's, put together.  @rfc 2131, 2132, 3396, 3442 */
#ifndef NETHOOD_IPV4_DHCP_MSG_H
#define NETHOOD_IPV4_DHCP_MSG_H

#include "base/types.h"
#include "wire/dhcp.h"

#define DHCP_MSG_BYTES 576U /* RFC 2131 2: what everybody must accept; ours are shorter */
#define DHCP_CLIENT_ID_MAX 64U
#define DHCP_NAME_MAX 253U
#define DHCP_DNS_SERVERS 4U
#define DHCP_ROUTES 16U
#define DHCP_INFINITE 0xffffffffU /* seconds */

/** struct dhcp_route - one that a server tells of */
struct dhcp_route {
	__be32 dst, gateway; /**< gateway 0: on the link */
	u8 prefixlen;
	bool set; /**< dhcp_lease.c: it is in the table, by us */
};

/** struct dhcp_params - what a server's message says */
struct dhcp_params {
	u8 type; /**< enum dhcp_type */
	u8 prefixlen;
	u16 mtu;                 /**< 0: not said */
	__be32 addr, server;     /**< yiaddr; server identifier, 0: not said */
	u32 lease_s, t1_s, t2_s; /**< 0: not said */
	__be32 dns[DHCP_DNS_SERVERS];
	struct dhcp_route route[DHCP_ROUTES];
	u8 dns_count, route_count;
	u32 ignored_count; /**< servers and routes beyond these */
	bool has_client_id, wrong_client_id;
	char domain[DHCP_NAME_MAX + 1]; /**< "": not said, or no name */
};

/** struct dhcp_identity - by what a server knows a client */
struct dhcp_identity {
	u8 mac[6];
	u8 client_id[DHCP_CLIENT_ID_MAX];
	u8 client_id_bytes;
	char hostname[64]; /**< "": none */
};

/** struct dhcp_request - what a client's message shall say */
struct dhcp_request {
	enum dhcp_type type;
	u32 xid;
	u16 secs, max_bytes;
	__be32 ciaddr, requested, server; /**< 0: not said */
};

/**
 * dhcp_parse() - a server's message
 * @me: whose client identifier a message should carry, if it carries one
 * Return: 0; -EINVAL: it is malformed, as is a message with one option that is.
 */
int __must_check dhcp_parse(const void *data, u32 len_bytes, const struct dhcp_identity *me, struct dhcp_params *out);
/** dhcp_build() - a client's message.  Return: its length */
u32 dhcp_build(u8 out[static DHCP_MSG_BYTES], const struct dhcp_identity *me, const struct dhcp_request *rq);

#endif
