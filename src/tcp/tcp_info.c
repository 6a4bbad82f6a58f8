// SPDX-License-Identifier: BSD-2-Clause
/* TCP_INFO: a connection in numbers, for programs and for ss(8).
 *
 * @linux tcp_get_info   see tcp(7)
 */
#include "tcp/tcp_info.h"

#include <string.h>

#include "net.h"
#include "tcp/tcp.h"

static u32 us_of(ktime_t t)
{
	return (u32)(t / NSEC_PER_USEC);
}

static u32 ms_ago(const struct tcp_sock *tp, ktime_t then)
{
	return (u32)((tcp_net_of(tp)->now - then) / NSEC_PER_MSEC);
}

static void info_options(const struct tcp_sock *tp, struct tcp_info *info)
{
	const struct tcp_options_received *rx = &tp->rx_opt;

	if (rx->tstamp_ok)
		info->tcpi_options |= TCPI_OPT_TIMESTAMPS;
	if (rx->sack_ok)
		info->tcpi_options |= TCPI_OPT_SACK;
	if (rx->wscale_ok) {
		info->tcpi_options |= TCPI_OPT_WSCALE;
		info->tcpi_snd_wscale = rx->snd_wscale & 15U;
		info->tcpi_rcv_wscale = rx->rcv_wscale & 15U;
	}
	if (tp->ecn_flags & TCP_ECN_OK)
		info->tcpi_options |= TCPI_OPT_ECN;
	if (tp->ecn_flags & TCP_ECN_SEEN)
		info->tcpi_options |= TCPI_OPT_ECN_SEEN;
	if (tp->syn_data_acked)
		info->tcpi_options |= TCPI_OPT_SYN_DATA;
}

static void info_state(const struct tcp_sock *tp, struct tcp_info *info)
{
	info->tcpi_ca_state = tp->ca_state;
	info->tcpi_retransmits = tp->retransmits;
	info->tcpi_probes = tp->probes_out;
	info->tcpi_backoff = tp->backoff;
	info_options(tp, info);
	info->tcpi_rto = us_of(tp->rto);
	info->tcpi_ato = us_of(tp->ack.ato < tcp_delack_max(tp) ? tp->ack.ato : tcp_delack_max(tp));
	info->tcpi_snd_mss = tp->mss_cache;
	info->tcpi_rcv_mss = tp->ack.rcv_mss;
	info->tcpi_unacked = tp->packets_out;
	info->tcpi_sacked = tp->sacked_out;
	info->tcpi_lost = tp->lost_out;
	info->tcpi_retrans = tp->retrans_out;
	info->tcpi_last_data_sent = ms_ago(tp, tp->lsndtime);
	info->tcpi_last_data_recv = ms_ago(tp, tp->ack.lrcvtime);
	info->tcpi_last_ack_recv = ms_ago(tp, tp->rcv_tstamp);
	info->tcpi_pmtu = tp->pmtu_cookie;
	info->tcpi_advmss = tp->advmss;
	info->tcpi_snd_wnd = tp->snd_wnd;
	info->tcpi_rcv_wnd = tp->rcv_wnd;
	info->tcpi_rehash = tp->timeout_rehash;
}

static void info_times(const struct tcp_sock *tp, struct tcp_info *info)
{
	info->tcpi_rtt = tp->srtt_us >> 3;
	info->tcpi_rttvar = tp->mdev_us >> 2;
	info->tcpi_min_rtt = tcp_min_rtt_us(tp);
	info->tcpi_snd_ssthresh = tp->snd_ssthresh;
	info->tcpi_rcv_ssthresh = tp->rcv_ssthresh;
	info->tcpi_rcv_rtt = tp->rcv_rtt_est.rtt_us >> 3;
	info->tcpi_rcv_space = tp->rcvq_space.space;
	info->tcpi_total_rto = tp->total_rto;
	info->tcpi_total_rto_recoveries = tp->total_rto_recoveries;
	info->tcpi_total_rto_time = tp->total_rto_time_ms;
	if (tp->rto_stamp)
		info->tcpi_total_rto_time += ms_ago(tp, tp->rto_stamp);
}

static void info_counts(const struct tcp_sock *tp, struct tcp_info *info)
{
	s32 notsent_bytes = (s32)(tp->write_seq - tp->snd_nxt);

	info->tcpi_total_retrans = tp->total_retrans;
	info->tcpi_bytes_acked = tp->bytes_acked;
	info->tcpi_bytes_received = tp->bytes_received;
	info->tcpi_notsent_bytes = notsent_bytes > 0 ? (u32)notsent_bytes : 0;
	info->tcpi_segs_out = tp->segs_out;
	info->tcpi_segs_in = tp->segs_in;
	info->tcpi_data_segs_in = tp->data_segs_in;
	info->tcpi_data_segs_out = tp->data_segs_out;
	info->tcpi_delivered = tp->delivered;
	info->tcpi_delivered_ce = tp->delivered_ce;
	info->tcpi_bytes_sent = tp->bytes_sent;
	info->tcpi_bytes_retrans = tp->bytes_retrans;
	info->tcpi_dsack_dups = tp->dsack_dups;
	info->tcpi_reord_seen = tp->reord_seen;
	info->tcpi_rcv_ooopack = tp->rcv_ooopack;
	info->tcpi_delivery_rate_app_limited = tp->rate_app_limited;
	if (tp->rate_delivered && tp->rate_interval_us)
		info->tcpi_delivery_rate = (u64)tp->rate_delivered * tp->mss_cache * 1000000 / tp->rate_interval_us;
}

/* What held the sender back.  Busy is all of it: with its own data, by the peer's window, by its buffer. */
static void info_chrono(const struct tcp_sock *tp, struct tcp_info *info)
{
	u64 us[ARRAY_SIZE(tp->chrono_ms)] = { 0 }, total_us = 0;

	for (u32 i = 0; i < ARRAY_SIZE(us); i++) {
		u32 ms = tp->chrono_ms[i];

		if (i + 1 == tp->chrono_type)
			ms += tcp_clock_ms(tcp_net_of(tp)) - tp->chrono_start_ms;
		us[i] = ms * 1000ULL;
		total_us += us[i];
	}
	info->tcpi_busy_time = total_us;
	info->tcpi_rwnd_limited = us[1];
	info->tcpi_sndbuf_limited = us[2];
}

void tcp_get_info(const struct tcp_sock *tp, struct tcp_info *info)
{
	memset(info, 0, sizeof(*info));
	info->tcpi_state = tp->inet.sk.state;
	info->tcpi_pacing_rate = tcp_pacing_rate(tp);
	info->tcpi_max_pacing_rate = tp->inet.sk.max_pacing_rate;
	info->tcpi_reordering = tp->reordering;
	info->tcpi_snd_cwnd = tp->snd_cwnd;
	if (info->tcpi_state == TCP_LISTEN) {
		info->tcpi_unacked = tp->listener ? tp->listener->accept_count : 0;
		info->tcpi_sacked = tp->listener ? tp->listener->max_backlog : 0;
		return;
	}
	info_state(tp, info);
	info_times(tp, info);
	info_counts(tp, info);
	info_chrono(tp, info);
}
