/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP for the fuzz targets: what a peer learns of connections, and sockets in all states. */
#ifndef NETHOOD_FUZZ_SEGMENTS_H
#define NETHOOD_FUZZ_SEGMENTS_H

#include "base/byteorder.h"
#include "input.h"
#include "nethood/nethood.h"

#define SEGMENTS_SEEN 16U
#define STREAMS 8U

/** struct segment_seen - a connection, as the last segment that we sent on it tells */
struct segment_seen {
	u8 ours[16], peer[16]; /**< of IPv4, the first four */
	__be16 our_port, peer_port;
	u32 seq_next; /**< behind all that we sent */
	u32 ack;      /**< what we expect next; 0 in SYN_SENT */
	u32 tsval, tsecr;
};

struct segments {
	bool six; /**< by IPv6 */
	struct segment_seen seen[SEGMENTS_SEEN];
	u32 count; /**< of all that there were: the oldest gives way */
};

/** segments_learn() - @packet: of their family, from us */
void segments_learn(struct segments *s, const u8 *packet, size_t len_bytes);
/**
 * segments_fix() - a segment becomes one of a live connection
 *
 * Its source port says of which one.  Its numbers are taken as distances: the sequence number from what we expect, the
 * acknowledgement and the edges of SACK blocks from the end of what we sent, timestamps from those of the last segment.
 */
void segments_fix(const struct segments *s, u8 *packet, size_t len_bytes);
/** segments_csum() - @segment: with its checksum put right, by IPv4 */
void segments_csum(__be32 saddr, __be32 daddr, u8 *segment, size_t len_bytes);

/** struct segment_shape - a segment of a peer, of which segments_fix() makes a real one */
struct segment_shape {
	u8 which, flags;
	s16 seq, ack; /**< distances */
	u16 window;
	const u8 *options, *data;
	size_t option_bytes, data_bytes; /**< of options: a multiple of 4 */
};

/** segments_build() - @packet: room for 60 octets and options and data.  Return: its length */
size_t segments_build(const struct segments *s, const struct segment_shape *shape, u8 *packet);

/** streams_step() - what a program does with one of its sockets.  @sk: STREAMS of them, NULL: none */
void streams_step(struct nethood_net *net, struct nethood_sock **sk, struct input *in);

#endif
