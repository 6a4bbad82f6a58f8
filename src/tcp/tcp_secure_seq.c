// SPDX-License-Identifier: BSD-2-Clause
/* Numbers that a stranger cannot foresee: initial sequence numbers, offsets of timestamps.
 *
 * @rfc 6528 3, 7323 5.4   @linux net/core/secure_seq.c
 */
#include <string.h>

#include "net.h"
#include "tcp/tcp_conn.h"

#define ISN_TICK_SHIFT 6 /* 64 ns: 4 GiB of sequence space in 274 s, more than a segment lives */

u32 tcp_secure_seq(struct net *net, const struct tcp_conn *c)
{
	u32 addr_bytes = tcp_addr_bytes(c->family), len_bytes = 0;
	u8 key[36];

	memcpy(key, &c->rcv_saddr, addr_bytes);
	len_bytes += addr_bytes;
	memcpy(key + len_bytes, &c->daddr, addr_bytes);
	len_bytes += addr_bytes;
	memcpy(key + len_bytes, &c->num, sizeof(c->num));
	len_bytes += (u32)sizeof(c->num);
	memcpy(key + len_bytes, &c->dport, sizeof(c->dport));
	len_bytes += (u32)sizeof(c->dport);
	return (u32)siphash(key, len_bytes, &net->tcp->isn_key) + (u32)((u64)net->now >> ISN_TICK_SHIFT);
}

/* One for each pair of hosts: whatever ports they use, their timestamps grow, which RFC 6191 and PAWS rely on. */
u32 tcp_secure_ts_off(struct net *net, const struct tcp_conn *c)
{
	u32 addr_bytes = tcp_addr_bytes(c->family);
	u8 key[32];

	if (net->tcp->sysctl.timestamps != 1)
		return 0;
	memcpy(key, &c->rcv_saddr, addr_bytes);
	memcpy(key + addr_bytes, &c->daddr, addr_bytes);
	return (u32)siphash(key, 2 * (size_t)addr_bytes, &net->tcp->ts_key);
}
