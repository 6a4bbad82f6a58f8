/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of a pcapng file, in memory.  Who writes the file is the caller.
 *
 * It belongs to no net: the command and the simulator compile it for themselves.
 */
#ifndef NETHOOD_BASE_PCAPNG_H
#define NETHOOD_BASE_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define PCAPNG_NAME_MAX_BYTES 64U
#define PCAPNG_COMMENT_MAX_BYTES 1024U
#define PCAPNG_SECTION_BYTES 28U
#define PCAPNG_INTERFACE_BYTES (PCAPNG_NAME_MAX_BYTES + 40U)
/** what a block of one packet takes at the most, besides its octets and its comment */
#define PCAPNG_PACKET_BYTES 64U

/** struct pcapng - a piece of memory that fills; @used_bytes may be set to zero when it was written */
struct pcapng {
	uint8_t *buf;
	size_t room_bytes, used_bytes;
};

/** struct pcapng_packet - one frame, Ethernet header first */
struct pcapng_packet {
	uint32_t interface; /**< how many interface blocks stand before its own */
	uint64_t stamp_ns;  /**< since 1970 */
	const struct iovec *frame;
	int pieces;
	enum { PCAPNG_NO_WAY, PCAPNG_INBOUND, PCAPNG_OUTBOUND } way;
	const char *comment; /**< NULL: none; cut where it is too long */
};

/* Each needs the room named above, and adds nothing if there is less.  Return: was there room? */
bool pcapng_section(struct pcapng *p);
/** pcapng_interface() - an Ethernet @name, whose packets are stamped in nanoseconds; cut where it is too long */
bool pcapng_interface(struct pcapng *p, const char *name);
bool pcapng_packet(struct pcapng *p, const struct pcapng_packet *packet);

#endif
