/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMPv6 messages, and those of Neighbour Discovery with their options.
 * @rfc 4443, 4861 4, 3971 5.3.2, 4191 2.3, 8106 5, 7527
 */
#ifndef NETHOOD_WIRE_ICMP6_H
#define NETHOOD_WIRE_ICMP6_H

#include <netinet/in.h> /* struct in6_addr */

#include "base/byteorder.h"
#include "base/types.h"

enum {
	ICMPV6_DEST_UNREACH = 1,
	ICMPV6_PKT_TOOBIG = 2,
	ICMPV6_TIME_EXCEED = 3,
	ICMPV6_PARAMPROB = 4,
	ICMPV6_INFOMSG_MASK = 0x80, /**< errors do not have this bit */
	ICMPV6_ECHO_REQUEST = 128,
	ICMPV6_ECHO_REPLY = 129,
	ICMPV6_MGM_QUERY = 130,
	ICMPV6_MGM_REPORT = 131,
	ICMPV6_MGM_REDUCTION = 132,
	NDISC_ROUTER_SOLICITATION = 133,
	NDISC_ROUTER_ADVERTISEMENT = 134,
	NDISC_NEIGHBOUR_SOLICITATION = 135,
	NDISC_NEIGHBOUR_ADVERTISEMENT = 136,
	NDISC_REDIRECT = 137,
	ICMPV6_MLD2_REPORT = 143,
};
enum { /* codes of ICMPV6_DEST_UNREACH */
       ICMPV6_NOROUTE = 0,
       ICMPV6_ADM_PROHIBITED,
       ICMPV6_NOT_NEIGHBOUR,
       ICMPV6_ADDR_UNREACH,
       ICMPV6_PORT_UNREACH,
       ICMPV6_POLICY_FAIL,
       ICMPV6_REJECT_ROUTE,
};
enum { ICMPV6_EXC_HOPLIMIT = 0, ICMPV6_EXC_FRAGTIME = 1 };
enum { /* codes of ICMPV6_PARAMPROB */
       ICMPV6_HDR_FIELD = 0,
       ICMPV6_UNK_NEXTHDR,
       ICMPV6_UNK_OPTION,
       ICMPV6_HDR_INCOMP, /**< RFC 7112 5 */
};

/** struct icmp6hdr - RFC 4443 2.1; how every message begins, in 8 octets */
struct icmp6hdr {
	u8 icmp6_type, icmp6_code;
	__be16 icmp6_cksum;
	union {
		__be32 data; /**< pointer, MTU */
		struct {
			__be16 id, sequence;
		} echo;
		u8 bytes[4];
	} un;
};
static_assert(sizeof(struct icmp6hdr) == 8, "RFC 4443: 8 octets");

static inline bool icmpv6_is_err(u8 type)
{
	return !(type & ICMPV6_INFOMSG_MASK);
}

/* ------------------------------------------------------------------ Neighbour Discovery */

#define ND_HOP_LIMIT 255 /**< RFC 4861: what has been forwarded does not have it any more */

/* un.bytes[0] of a neighbour advertisement */
#define ND_NA_ROUTER 0x80
#define ND_NA_SOLICITED 0x40
#define ND_NA_OVERRIDE 0x20

/** struct nd_msg - neighbour solicitation and advertisement: RFC 4861 4.3, 4.4 */
struct nd_msg {
	struct icmp6hdr icmph;
	struct in6_addr target;
};
static_assert(sizeof(struct nd_msg) == 24, "RFC 4861 4.3");

/** struct rd_msg - redirect: RFC 4861 4.5 */
struct rd_msg {
	struct icmp6hdr icmph;
	struct in6_addr target, dest;
};
static_assert(sizeof(struct rd_msg) == 40, "RFC 4861 4.5");

/* un.bytes[1] of a router advertisement; [0] is the hop limit, [2] and [3] the lifetime in seconds */
#define ND_RA_MANAGED 0x80
#define ND_RA_OTHER 0x40
#define ND_RA_PREF(flags) (((flags) >> 3) & 3) /**< RFC 4191 2.2 */

/** struct ra_msg - router advertisement: RFC 4861 4.2 */
struct ra_msg {
	struct icmp6hdr icmph;
	__be32 reachable_time_ms, retrans_timer_ms;
};
static_assert(sizeof(struct ra_msg) == 16, "RFC 4861 4.2");

enum {
	ND_OPT_SOURCE_LL_ADDR = 1,
	ND_OPT_TARGET_LL_ADDR = 2,
	ND_OPT_PREFIX_INFO = 3,
	ND_OPT_REDIRECT_HDR = 4,
	ND_OPT_MTU = 5,
	ND_OPT_NONCE = 14,      /**< RFC 3971 */
	ND_OPT_ROUTE_INFO = 24, /**< RFC 4191 */
	ND_OPT_RDNSS = 25,      /**< RFC 8106 */
	ND_OPT_DNSSL = 31,
	ND_OPT_6CO = 34,            /**< RFC 6775 */
	ND_OPT_CAPTIVE_PORTAL = 37, /**< RFC 8910 */
	ND_OPT_PREF64 = 38,         /**< RFC 8781 */
};
#define ND_OPT_FIRST_TYPES 15U /**< of these types the first one counts */
#define ND_NONCE_BYTES 6U      /**< RFC 7527 4.1 */

/** struct nd_opt_hdr - how an option begins */
struct nd_opt_hdr {
	u8 nd_opt_type;
	u8 nd_opt_len; /**< in units of 8 octets, this header included; never 0 */
};
static inline u32 nd_opt_bytes(const struct nd_opt_hdr *opt)
{
	return (u32)opt->nd_opt_len * 8;
}

/** struct nd_opt_prefix - RFC 4861 4.6.2 */
struct nd_opt_prefix {
	u8 type, len, prefix_len, flags;
	__be32 valid_s, prefered_s, reserved;
	struct in6_addr prefix;
};
static_assert(sizeof(struct nd_opt_prefix) == 32, "RFC 4861 4.6.2");
#define ND_PIO_ONLINK 0x80
#define ND_PIO_AUTOCONF 0x40
#define ND_PIO_RTRADDR 0x20   /**< RFC 6275 7.2 */
#define ND_PIO_DHCPV6_PD 0x10 /**< RFC 9762 */

/** struct nd_opt_route - RFC 4191 2.3, without the prefix, which has 0, 8 or 16 octets */
struct nd_opt_route {
	u8 type, len, prefix_len, flags; /**< preference: ND_RA_PREF(flags) */
	__be32 lifetime_s;
};

/** struct nd_opts - the options of one message, all looked at: each lies within it, none has length 0 */
struct nd_opts {
	const u8 *begin;
	u32 len_bytes;
	const struct nd_opt_hdr *first[ND_OPT_FIRST_TYPES]; /**< by type; NULL: none */
};

/** nd_parse_options() - Return: false: one of them is malformed, and so is the message.  @rfc 4861 4.6 */
bool nd_parse_options(const void *options, size_t len_bytes, struct nd_opts *out);
/** nd_next_option() - each in turn: @after NULL begins.  Return: NULL: no more */
const struct nd_opt_hdr *nd_next_option(const struct nd_opts *opts, const struct nd_opt_hdr *after);
/** nd_lladdr() - the address in a link-layer address option (may be NULL); NULL: it has not the length of one of @addr_len octets */
const u8 *nd_lladdr(const struct nd_opt_hdr *opt, u32 addr_len);
/** nd_opt_addr_space() - octets of an option with an address of @addr_len octets */
static inline u32 nd_opt_addr_space(u32 addr_len)
{
	return ((u32)sizeof(struct nd_opt_hdr) + addr_len + 7U) & ~7U;
}
/** nd_put_option() - @len_bytes of value as an option at @to, filled with zeros.  Return: behind it */
u8 *nd_put_option(u8 *to, u8 type, const void *value, u32 len_bytes);

#endif
