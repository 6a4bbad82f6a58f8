/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP headers.  @rfc 9293 3.1, 3168, 7323, 2018, 7413 */
#ifndef NETHOOD_WIRE_TCP_H
#define NETHOOD_WIRE_TCP_H

#include "base/byteorder.h"
#include "base/types.h"

/* Octet 13 of the header, and the lowest bit of octet 12. */
#define TCPHDR_FIN 0x01U
#define TCPHDR_SYN 0x02U
#define TCPHDR_RST 0x04U
#define TCPHDR_PSH 0x08U
#define TCPHDR_ACK 0x10U
#define TCPHDR_URG 0x20U
#define TCPHDR_ECE 0x40U
#define TCPHDR_CWR 0x80U

#define TCP_MAX_HEADER_BYTES 60U
#define TCP_MAX_OPTION_BYTES 40U
#define TCP_MAX_WSCALE 14U

enum {
	TCPOPT_EOL = 0,
	TCPOPT_NOP = 1,
	TCPOPT_MSS = 2,
	TCPOPT_WINDOW = 3,
	TCPOPT_SACK_PERM = 4,
	TCPOPT_SACK = 5,
	TCPOPT_TIMESTAMP = 8,
	TCPOPT_FASTOPEN = 34,
	TCPOPT_EXP = 254, /* RFC 6994 */
};
#define TCPOLEN_MSS 4U
#define TCPOLEN_WINDOW 3U
#define TCPOLEN_SACK_PERM 2U
#define TCPOLEN_TIMESTAMP 10U
#define TCPOLEN_TSTAMP_ALIGNED 12U
#define TCPOLEN_SACK_BASE 2U
#define TCPOLEN_SACK_PERBLOCK 8U
#define TCPOPT_FASTOPEN_MAGIC 0xf989U

/** struct tcphdr - RFC 9293 3.1, without options */
struct tcphdr {
	__be16 source, dest;
	__be32 seq, ack_seq;
	u8 doff_res; /**< high four bits: length of the header in units of 4 octets */
	u8 flags;    /**< TCPHDR_* */
	__be16 window;
	__be16 check;
	__be16 urg_ptr;
};
static_assert(sizeof(struct tcphdr) == 20, "RFC 9293: 20 octets without options");

static inline u32 tcp_hdrlen_bytes(const struct tcphdr *th)
{
	return (u32)(th->doff_res >> 4) * 4;
}

#endif
