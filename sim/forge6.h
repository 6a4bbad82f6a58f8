/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 packets that strangers send: right in all that they were not told to do wrong.  @rfc 4443, 4861, 3810 */
#ifndef NETHOOD_SIM_FORGE6_H
#define NETHOOD_SIM_FORGE6_H

#include "ip6_frame.h"
#include "world.h"

#define FORGED6_MAX_BYTES 1514U

/** struct forged6 - a frame that grows at its end */
struct forged6 {
	u8 frame[FORGED6_MAX_BYTES];
	u32 len_bytes;
};

/** forge6_begin() - Ethernet and IPv6 headers; @eth_dst NULL: as @dst, a group, says.  Addresses: 16 octets */
void forge6_begin(struct forged6 *f, const u8 *eth_dst, const u8 *eth_src, const u8 *src, const u8 *dst, u8 hop_limit);
/** forge6_add() - octets, as many as there is room for */
void forge6_add(struct forged6 *f, const void *data, u32 len_bytes);
/** forge6_header() - the next header's number, which the one before it must tell; and of itself nothing yet */
void forge6_header(struct forged6 *f, u32 *next_at, u8 number);
/** forge6_lladdr() - an option with a link-layer address, ND_OPT_*.  @rfc 4861 4.6.1 */
void forge6_lladdr(struct forged6 *f, u8 type, const u8 mac[static SIM_MAC_BYTES]);
/** forge6_prefix() - @rfc 4861 4.6.2 */
void forge6_prefix(struct forged6 *f, const u8 prefix[static 16], u8 bits, u8 flags, u32 valid_s, u32 preferred_s);
/** forge6_end() - lengths and checksums */
void forge6_end(struct forged6 *f);

#endif
