/* SPDX-License-Identifier: BSD-2-Clause */
/* What a host may say in TCP, judged by somebody who only sees the frames that it sends and those that reach it.
 *
 * Written from the RFCs, and knowing nothing of the stack: it keeps, for each connection, how far each side has come and
 * what was agreed on, and objects to an ACK of octets that never came, data beyond the window, a window that is taken
 * back, segments larger than the peer takes, options that were not agreed on, stamps that run backwards, and selective
 * acknowledgments of nothing.  What reaches a host it may still lose, so this is what it may say at most.
 *
 * @rfc 793, 2018, 2883, 6691, 7323, 9293
 */
#ifndef NETHOOD_SIM_TCP_WITNESS_H
#define NETHOOD_SIM_TCP_WITNESS_H

#include "base/types.h"

struct tcp_witness;

/** tcp_witness_create() - @late: frames may leave some time after they were made; @forgetful: without memory, a
 *  connection may end, and its reset not leave */
struct tcp_witness *tcp_witness_create(bool late, bool forgetful);
void tcp_witness_destroy(struct tcp_witness *tw);
/** tcp_witness_forget() - the host begins anew */
void tcp_witness_forget(struct tcp_witness *tw);
/** tcp_witness_in() - an Ethernet @frame reaches the host, as it was sent or damaged */
void tcp_witness_in(struct tcp_witness *tw, const u8 *frame, u32 len_bytes);
/** tcp_witness_out() - it sends one, at @now_ns.  Return: what it must not say; NULL: all is well, or it is not TCP */
const char *tcp_witness_out(struct tcp_witness *tw, u64 now_ns, const u8 *frame, u32 len_bytes);

#endif
