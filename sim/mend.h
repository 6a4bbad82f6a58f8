/* SPDX-License-Identifier: BSD-2-Clause */
/* Checksums of IPv4 frames: are they right, and make them so. */
#ifndef NETHOOD_SIM_MEND_H
#define NETHOOD_SIM_MEND_H

#include "base/types.h"

/** mend_checksums() - of the IPv4 header, and of UDP or ICMP behind it, as far as they are there */
void mend_checksums(u8 *frame, u32 len_bytes);
/** frame_broken() - what is wrong with a frame that a host sent: lengths, checksums.
 *  @forwards: it may be another's packet, whose checksums behind the header are not its business.  Return: NULL: nothing */
const char *frame_broken(const u8 *frame, u32 len_bytes, const u8 *mac, bool forwards);

#endif
