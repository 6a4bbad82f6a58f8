// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 packets that strangers send. */
#include "forge6.h"

#include <netinet/icmp6.h>
#include <string.h>

#include "mend.h"

#define ETH_BYTES 14U
#define NEXT_HEADER_AT (ETH_BYTES + 6)

void forge6_add(struct forged6 *f, const void *data, u32 len_bytes)
{
	u32 room = FORGED6_MAX_BYTES - f->len_bytes;

	if (len_bytes > room)
		len_bytes = room;
	memmove(f->frame + f->len_bytes, data, len_bytes); /* which may be its own */
	f->len_bytes += len_bytes;
}

void forge6_begin(struct forged6 *f, const u8 *eth_dst, const u8 *eth_src, const u8 *src, const u8 *dst, u8 hop_limit)
{
	const u8 group[SIM_MAC_BYTES] = { 0x33, 0x33, dst[12], dst[13], dst[14], dst[15] };

	memset(f, 0, sizeof(*f));
	forge6_add(f, eth_dst ? eth_dst : group, SIM_MAC_BYTES);
	forge6_add(f, eth_src, SIM_MAC_BYTES);
	forge6_add(f, (const u8[]){ 0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, IP6_ICMP, hop_limit }, 10);
	forge6_add(f, src, IP6_ADDR_BYTES);
	forge6_add(f, dst, IP6_ADDR_BYTES);
}

void forge6_header(struct forged6 *f, u32 *next_at, u8 number)
{
	u32 at = *next_at ? *next_at : NEXT_HEADER_AT;

	f->frame[at] = number;
	*next_at = f->len_bytes;
}

void forge6_lladdr(struct forged6 *f, u8 type, const u8 mac[static SIM_MAC_BYTES])
{
	forge6_add(f, (const u8[]){ type, 1 }, 2);
	forge6_add(f, mac, SIM_MAC_BYTES);
}

static void add32(struct forged6 *f, u32 value)
{
	forge6_add(f, (const u8[]){ (u8)(value >> 24), (u8)(value >> 16), (u8)(value >> 8), (u8)value }, 4);
}

void forge6_prefix(struct forged6 *f, const u8 prefix[static 16], u8 bits, u8 flags, u32 valid_s, u32 preferred_s)
{
	forge6_add(f, (const u8[]){ ND_OPT_PREFIX_INFORMATION, 4, bits, flags }, 4);
	add32(f, valid_s);
	add32(f, preferred_s);
	add32(f, 0);
	forge6_add(f, prefix, IP6_ADDR_BYTES);
}

void forge6_end(struct forged6 *f)
{
	u32 payload = f->len_bytes - ETH_BYTES - IP6_HEADER_BYTES;

	f->frame[ETH_BYTES + 4] = (u8)(payload >> 8);
	f->frame[ETH_BYTES + 5] = (u8)payload;
	mend_checksums(f->frame, f->len_bytes);
}
