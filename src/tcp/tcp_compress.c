// SPDX-License-Identifier: BSD-2-Clause
/* Fewer ACKs of what came out of order: one tells what several would have told.
 *
 * The first of a hole go at once, for the sender counts them before it retransmits (RFC 5681 3.2) or may only have sent in another
 * order.  Those behind wait for a twentieth of the round trip, a millisecond at the most, and one ACK is sent for all.  It
 * goes earlier when it is one of many, when anything else is sent, and when a block changes that would no longer be among those
 * that it tells of first.
 *
 * @linux net.ipv4.tcp_comp_sack_delay_ns, _slack_ns, _nr
 */
#include "tcp_funcs.h"

#define DUPTHRESH 3U
#define BLOCKS_TOLD 2U /* at least so many have room beside any other option */
#define RTT_PARTS 20

static bool has_to_go_now(struct tcp_sock *tp)
{
	struct tcp_holes *holes = tp->holes;

	if (!tcp_is_sack(tp) || holes->compressed_ack >= (u32)tcp_sysctl(tp)->comp_sack_nr)
		return true;
	if (holes->compressed_ack_rcv_nxt != tp->rcv_nxt) {
		holes->compressed_ack_rcv_nxt = tp->rcv_nxt;
		holes->dup_ack_counter = 0;
	}
	if (holes->dup_ack_counter == DUPTHRESH)
		return false;
	holes->dup_ack_counter++;
	return true;
}

static ktime_t compress_delay(const struct tcp_sock *tp)
{
	u32 rtt_us = tp->rcv_rtt_est.rtt_us;
	ktime_t delay;

	if (tp->srtt_us && tp->srtt_us < rtt_us)
		rtt_us = tp->srtt_us;
	delay = (ktime_t)rtt_us * NSEC_PER_USEC / 8 / RTT_PARTS;
	if (delay > tcp_sysctl(tp)->comp_sack_delay_ns)
		delay = tcp_sysctl(tp)->comp_sack_delay_ns;
	return delay + tcp_sysctl(tp)->comp_sack_slack_ns;
}

void tcp_send_ofo_ack(struct tcp_sock *tp)
{
	struct tcp_holes *holes = tp->holes;

	if (has_to_go_now(tp)) {
		tcp_send_ack(tp);
		return;
	}
	holes->compressed_ack++;
	if (!timer_pending(&holes->compressed_ack_timer))
		mod_timer(tcp_net_of(tp)->timers, &holes->compressed_ack_timer,
			  tcp_net_of(tp)->now + compress_delay(tp));
}

static void flush_owed(struct tcp_sock *tp)
{
	if (!tp->holes->compressed_ack)
		return;
	tp->holes->compressed_ack--; /* this one */
	tcp_send_ack(tp);
}

static void tcp_compressed_ack_kick(struct timer *t)
{
	flush_owed(container_of(t, struct tcp_holes, compressed_ack_timer)->tp);
}

void tcp_compress_before_change(struct tcp_sock *tp, u32 at)
{
	if (at >= BLOCKS_TOLD)
		flush_owed(tp);
}

void tcp_compress_stop(struct tcp_sock *tp)
{
	struct tcp_holes *holes = tp->holes;

	if (holes == &tcp_no_holes)
		return;
	timer_delete(tcp_net_of(tp)->timers, &holes->compressed_ack_timer);
	holes->compressed_ack = 0;
}

void tcp_compress_init(struct tcp_sock *tp, struct tcp_holes *holes)
{
	holes->tp = tp;
	timer_setup(&holes->compressed_ack_timer, tcp_compressed_ack_kick);
}
