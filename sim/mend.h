/* SPDX-License-Identifier: BSD-2-Clause */
/* Checksums of IPv4 frames: are they right, and make them so. */
#ifndef NETHOOD_SIM_MEND_H
#define NETHOOD_SIM_MEND_H

#include "base/types.h"

/** mend_checksums() - of the IPv4 header, and of UDP, TCP or ICMP behind it, as far as they are there */
void mend_checksums(u8 *frame, u32 len_bytes);
/** frame_broken() - what is wrong with a frame that a host sent: lengths, checksums.
 *  @forwards: it may be another's packet, whose checksums behind the header are not its business.  Return: NULL: nothing */
const char *frame_broken(const u8 *frame, u32 len_bytes, const u8 *mac, bool forwards);
/** mark_congestion() - what a router does whose queue grows, to a packet that may be told so.
 *  Return: false: it may not.  @rfc 3168 5 */
bool mark_congestion(u8 *frame, u32 len_bytes);
/** tcp_checksum_broken() - Return: the TCP segment in @frame has a wrong checksum, or its IPv4 header has */
bool tcp_checksum_broken(const u8 *frame, u32 len_bytes);

#endif
