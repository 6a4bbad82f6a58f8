// SPDX-License-Identifier: BSD-2-Clause
/* ARP packets: see arp.h. */
#include "wire/arp.h"

#include <string.h>

const struct arp_eth_ip4 *arp_check(const void *data, size_t len_bytes)
{
	const struct arp_eth_ip4 *arp = data;

	if (len_bytes < sizeof(*arp))
		return NULL;
	if (arp->ar_hrd != CONST_BE16(ARPHRD_ETHER) && arp->ar_hrd != CONST_BE16(ARPHRD_IEEE802))
		return NULL;
	if (arp->ar_pro != CONST_BE16(ETH_P_IP) || arp->ar_hln != ETH_ALEN || arp->ar_pln != 4)
		return NULL;
	return arp;
}

void arp_build(struct arp_eth_ip4 *arp, u16 op, const u8 sha[static ETH_ALEN], __be32 sip, const u8 *tha, __be32 tip)
{
	arp->ar_hrd = CONST_BE16(ARPHRD_ETHER);
	arp->ar_pro = CONST_BE16(ETH_P_IP);
	arp->ar_hln = ETH_ALEN;
	arp->ar_pln = 4;
	arp->ar_op = cpu_to_be16(op);
	memcpy(arp->ar_sha, sha, ETH_ALEN);
	put_unaligned_be32(sip, arp->ar_sip);
	if (tha)
		memcpy(arp->ar_tha, tha, ETH_ALEN);
	else
		memset(arp->ar_tha, 0, ETH_ALEN);
	put_unaligned_be32(tip, arp->ar_tip);
}
