// SPDX-License-Identifier: BSD-2-Clause
/* Options of a segment, read and written.
 *
 * @rfc 9293 3.1, 3.2, 7323 2.2, 3.2, 2018 2, 7413 4.1.1, 6994   @linux net/ipv4/tcp_input.c: tcp_parse_options
 */
#include <string.h>

#include "base/byteorder.h"
#include "tcp/tcp.h"
#include "wire/tcp.h"

/** struct parser - where the results of one segment go */
struct parser {
	const struct net *net;
	struct tcp_options_received *rx_opt;
	struct tcp_fastopen_cookie *foc;
	bool syn, estab;
};

static void parse_mss(const struct parser *p, const u8 *value, u32 len_bytes)
{
	u16 mss;

	if (len_bytes != TCPOLEN_MSS || !p->syn || p->estab)
		return;
	mss = be16_to_cpu(get_unaligned_be16(value));
	if (!mss)
		return;
	if (p->rx_opt->user_mss && p->rx_opt->user_mss < mss)
		mss = p->rx_opt->user_mss;
	p->rx_opt->mss_clamp = mss;
}

static void parse_window(const struct parser *p, const u8 *value, u32 len_bytes)
{
	if (len_bytes != TCPOLEN_WINDOW || !p->syn || p->estab || !p->net->tcp->sysctl.window_scaling)
		return;
	p->rx_opt->wscale_ok = true;
	p->rx_opt->snd_wscale = value[0] > TCP_MAX_WSCALE ? TCP_MAX_WSCALE : value[0]; /* RFC 7323 2.3 */
}

static void parse_timestamp(const struct parser *p, const u8 *value, u32 len_bytes)
{
	if (len_bytes != TCPOLEN_TIMESTAMP)
		return;
	if (p->estab ? !p->rx_opt->tstamp_ok : !p->net->tcp->sysctl.timestamps)
		return;
	p->rx_opt->saw_tstamp = true;
	p->rx_opt->rcv_tsval = be32_to_cpu(get_unaligned_be32(value));
	p->rx_opt->rcv_tsecr = be32_to_cpu(get_unaligned_be32(value + 4));
}

static void parse_fastopen(const struct parser *p, const u8 *value, u32 value_bytes, bool exp)
{
	if (!p->foc || !p->syn || (value_bytes & 1))
		return;
	if (value_bytes >= TCP_FASTOPEN_COOKIE_MIN && value_bytes <= TCP_FASTOPEN_COOKIE_MAX)
		memcpy(p->foc->val, value, value_bytes);
	else if (value_bytes)
		return;
	p->foc->len = (s8)value_bytes;
	p->foc->exp = exp;
}

static void parse_one(const struct parser *p, u8 kind, const u8 *value, u32 len_bytes)
{
	switch (kind) {
	case TCPOPT_MSS:
		parse_mss(p, value, len_bytes);
		break;
	case TCPOPT_WINDOW:
		parse_window(p, value, len_bytes);
		break;
	case TCPOPT_SACK_PERM:
		if (len_bytes == TCPOLEN_SACK_PERM && p->syn && !p->estab && p->net->tcp->sysctl.sack) {
			p->rx_opt->sack_ok = true;
			p->rx_opt->num_sacks = 0;
		}
		break;
	case TCPOPT_TIMESTAMP:
		parse_timestamp(p, value, len_bytes);
		break;
	case TCPOPT_FASTOPEN:
		parse_fastopen(p, value, len_bytes - 2, false);
		break;
	case TCPOPT_EXP:
		if (len_bytes >= 4 && be16_to_cpu(get_unaligned_be16(value)) == TCPOPT_FASTOPEN_MAGIC)
			parse_fastopen(p, value + 2, len_bytes - 4, true);
		break;
	case TCPOPT_SACK: /* its blocks are read when the ACK is: tcp_sack.c */
		p->rx_opt->saw_sack = true;
		break;
	default:
		break;
	}
}

/* What nearly every segment of a connection has, as RFC 7323 A recommends it.  Return: it was that */
static bool timestamp_alone(const struct parser *p, const u8 *o, const u8 *end)
{
	static const u8 begin[4] = { TCPOPT_NOP, TCPOPT_NOP, TCPOPT_TIMESTAMP, TCPOLEN_TIMESTAMP };

	if (end - o != TCPOLEN_TSTAMP_ALIGNED || memcmp(o, begin, sizeof(begin)) != 0)
		return false;
	parse_timestamp(p, o + sizeof(begin), TCPOLEN_TIMESTAMP);
	return true;
}

void tcp_parse_options(const struct net *net, const struct sk_buff *skb, struct tcp_options_received *rx_opt,
		       bool estab, struct tcp_fastopen_cookie *foc)
{
	const struct tcphdr *th = (const struct tcphdr *)(const void *)skb_transport_header(skb);
	const struct parser p = {
		.net = net, .rx_opt = rx_opt, .foc = foc, .syn = th->flags & TCPHDR_SYN, .estab = estab
	};
	const u8 *o = (const u8 *)(th + 1), *end = (const u8 *)th + tcp_hdrlen_bytes(th);

	rx_opt->saw_tstamp = rx_opt->saw_sack = false;
	if (likely(estab && timestamp_alone(&p, o, end)))
		return;
	while (o < end && *o != TCPOPT_EOL) {
		if (*o == TCPOPT_NOP) {
			o++;
			continue;
		}
		/* An option that does not fit ends the reading: what came before it counts. */
		if (end - o < 2 || o[1] < 2 || o[1] > end - o)
			return;
		parse_one(&p, o[0], o + 2, o[1]);
		o += o[1];
	}
}

/* ------------------------------------------------------------------ written */

static u8 *put32(u8 *p, u32 x)
{
	put_unaligned_be32(cpu_to_be32(x), p);
	return p + 4;
}

static u8 *put_kinds(u8 *p, u8 a, u8 b, u8 c, u8 d)
{
	memcpy(p, (const u8[]){ a, b, c, d }, 4);
	return p + 4;
}

static u8 *put_sacks(u8 *p, const struct tcp_out_options *opts)
{
	const struct tcp_sack_block *next = opts->sacks;

	p = put_kinds(p, TCPOPT_NOP, TCPOPT_NOP, TCPOPT_SACK,
		      (u8)(TCPOLEN_SACK_BASE + opts->num_sacks * TCPOLEN_SACK_PERBLOCK));
	for (u32 i = 0; i < opts->num_sacks; i++) {
		const struct tcp_sack_block *block = !i && opts->dsack ? opts->dsack : next++;

		p = put32(put32(p, block->start_seq), block->end_seq);
	}
	return p;
}

static u8 *put_fastopen(u8 *p, const struct tcp_fastopen_cookie *foc)
{
	u32 len_bytes = foc->len > 0 ? (u32)foc->len : 0;
	u8 *begin = p;

	if (foc->exp) {
		p = put_kinds(p, TCPOPT_EXP, (u8)(4 + len_bytes), TCPOPT_FASTOPEN_MAGIC >> 8,
			      TCPOPT_FASTOPEN_MAGIC & 0xff);
	} else {
		*p++ = TCPOPT_FASTOPEN;
		*p++ = (u8)(2 + len_bytes);
	}
	memcpy(p, foc->val, len_bytes);
	p += len_bytes;
	while ((p - begin) & 3)
		*p++ = TCPOPT_NOP;
	return p;
}

u32 tcp_options_write(u8 *p, const struct tcp_out_options *opts)
{
	u8 *begin = p;

	if (opts->mss) {
		*p++ = TCPOPT_MSS;
		*p++ = TCPOLEN_MSS;
		put_unaligned_be16(cpu_to_be16(opts->mss), p);
		p += 2;
	}
	if (opts->has_ts) {
		/* the two octets before it are of use if SACK is permitted as well */
		p = opts->sack_perm
			    ? put_kinds(p, TCPOPT_SACK_PERM, TCPOLEN_SACK_PERM, TCPOPT_TIMESTAMP, TCPOLEN_TIMESTAMP)
			    : put_kinds(p, TCPOPT_NOP, TCPOPT_NOP, TCPOPT_TIMESTAMP, TCPOLEN_TIMESTAMP);
		p = put32(put32(p, opts->tsval), opts->tsecr);
	} else if (opts->sack_perm) {
		p = put_kinds(p, TCPOPT_NOP, TCPOPT_NOP, TCPOPT_SACK_PERM, TCPOLEN_SACK_PERM);
	}
	if (opts->has_wscale)
		p = put_kinds(p, TCPOPT_NOP, TCPOPT_WINDOW, TCPOLEN_WINDOW, opts->wscale);
	if (unlikely(opts->num_sacks))
		p = put_sacks(p, opts);
	if (unlikely(opts->fastopen))
		p = put_fastopen(p, opts->fastopen);
	return (u32)(p - begin);
}
