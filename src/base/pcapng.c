// SPDX-License-Identifier: BSD-2-Clause
/* Blocks of a pcapng file: section, interface, packet.  Octets as this machine has them; the section says how. */
#include "base/pcapng.h"

#include <string.h>

#define BLOCK_SECTION 0x0a0d0d0aU
#define BLOCK_INTERFACE 1U
#define BLOCK_PACKET 6U
#define BYTE_ORDER_MAGIC 0x1a2b3c4dU
#define LINKTYPE_ETHERNET 1
#define OPT_END 0
#define OPT_COMMENT 1
#define OPT_IF_NAME 2
#define OPT_IF_TSRESOL 9
#define OPT_EPB_FLAGS 2
#define TSRESOL_NANO 9

static void put(struct pcapng *p, const void *data, size_t len_bytes)
{
	if (len_bytes)
		memcpy(p->buf + p->used_bytes, data, len_bytes);
	p->used_bytes += len_bytes;
}

static void put32(struct pcapng *p, uint32_t v)
{
	put(p, &v, sizeof(v));
}

static void put16(struct pcapng *p, uint16_t v)
{
	put(p, &v, sizeof(v));
}

static void pad(struct pcapng *p, size_t len_bytes)
{
	static const uint8_t zero[4];

	put(p, zero, (4 - len_bytes % 4) % 4);
}

static void option(struct pcapng *p, uint16_t code, const void *data, size_t len_bytes)
{
	put16(p, code);
	put16(p, (uint16_t)len_bytes);
	put(p, data, len_bytes);
	pad(p, len_bytes);
}

/* A block's length stands before and behind what it holds. */
static size_t block_begin(struct pcapng *p, uint32_t type)
{
	size_t at = p->used_bytes;

	put32(p, type);
	put32(p, 0);
	return at;
}

static void block_end(struct pcapng *p, size_t at)
{
	uint32_t len = (uint32_t)(p->used_bytes - at + sizeof(uint32_t));

	put32(p, len);
	memcpy(p->buf + at + sizeof(uint32_t), &len, sizeof(len));
}

static bool has_room(const struct pcapng *p, size_t bytes)
{
	return p->room_bytes - p->used_bytes >= bytes;
}

bool pcapng_section(struct pcapng *p)
{
	size_t at;

	if (!has_room(p, PCAPNG_SECTION_BYTES))
		return false;
	at = block_begin(p, BLOCK_SECTION);
	put32(p, BYTE_ORDER_MAGIC);
	put16(p, 1); /* version 1.0 */
	put16(p, 0);
	put32(p, UINT32_MAX); /* length of the section: not known, 64 bits */
	put32(p, UINT32_MAX);
	block_end(p, at);
	return true;
}

bool pcapng_interface(struct pcapng *p, const char *name)
{
	const uint8_t resolution = TSRESOL_NANO;
	size_t at;

	if (!has_room(p, PCAPNG_INTERFACE_BYTES))
		return false;
	at = block_begin(p, BLOCK_INTERFACE);
	put16(p, LINKTYPE_ETHERNET);
	put16(p, 0);
	put32(p, 0); /* no limit of length */
	option(p, OPT_IF_NAME, name, strnlen(name, PCAPNG_NAME_MAX_BYTES));
	option(p, OPT_IF_TSRESOL, &resolution, sizeof(resolution));
	option(p, OPT_END, NULL, 0);
	block_end(p, at);
	return true;
}

static size_t frame_bytes(const struct pcapng_packet *packet)
{
	size_t sum = 0;

	for (int i = 0; i < packet->pieces; i++)
		sum += packet->frame[i].iov_len;
	return sum;
}

bool pcapng_packet(struct pcapng *p, const struct pcapng_packet *packet)
{
	size_t comment_bytes = packet->comment ? strnlen(packet->comment, PCAPNG_COMMENT_MAX_BYTES) : 0;
	size_t len = frame_bytes(packet), at;
	uint32_t flags = packet->way;

	if (len > UINT32_MAX / 2 || !has_room(p, PCAPNG_PACKET_BYTES + len + comment_bytes))
		return false;
	at = block_begin(p, BLOCK_PACKET);
	put32(p, packet->interface);
	put32(p, (uint32_t)(packet->stamp_ns >> 32));
	put32(p, (uint32_t)packet->stamp_ns);
	put32(p, (uint32_t)len);
	put32(p, (uint32_t)len);
	for (int i = 0; i < packet->pieces; i++)
		put(p, packet->frame[i].iov_base, packet->frame[i].iov_len);
	pad(p, len);
	if (comment_bytes)
		option(p, OPT_COMMENT, packet->comment, comment_bytes);
	if (flags)
		option(p, OPT_EPB_FLAGS, &flags, sizeof(flags));
	option(p, OPT_END, NULL, 0);
	block_end(p, at);
	return true;
}
