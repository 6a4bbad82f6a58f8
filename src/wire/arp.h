/* SPDX-License-Identifier: BSD-2-Clause */
/* ARP packets for Ethernet and IPv4.  @rfc 826 */
#ifndef NETHOOD_WIRE_ARP_H
#define NETHOOD_WIRE_ARP_H

#include <linux/if_arp.h> /* ARPHRD_*, ARPOP_* */

#include "base/byteorder.h"
#include "base/types.h"
#include "wire/eth.h"

/** struct arp_eth_ip4 - RFC 826 packet for Ethernet and IPv4 */
struct arp_eth_ip4 {
	__be16 ar_hrd; /**< ARPHRD_ETHER, or ARPHRD_IEEE802 from old hosts */
	__be16 ar_pro; /**< ETH_P_IP */
	u8 ar_hln;     /**< octets in a hardware address: 6 */
	u8 ar_pln;     /**< octets in a protocol address: 4 */
	__be16 ar_op;  /**< ARPOP_REQUEST, ARPOP_REPLY */
	u8 ar_sha[ETH_ALEN], ar_sip[4];
	u8 ar_tha[ETH_ALEN], ar_tip[4];
};
static_assert(sizeof(struct arp_eth_ip4) == 28, "RFC 826: 28 octets");

/** arp_check() - the packet in @len_bytes octets, trailing ones ignored; NULL: too short, or of another kind */
const struct arp_eth_ip4 *arp_check(const void *data, size_t len_bytes);
/** arp_build() - write a packet; @tha NULL: zeros */
void arp_build(struct arp_eth_ip4 *arp, u16 op, const u8 sha[static ETH_ALEN], __be32 sip, const u8 *tha, __be32 tip);

#endif
