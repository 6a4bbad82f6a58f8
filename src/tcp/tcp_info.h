/* SPDX-License-Identifier: BSD-2-Clause */
/* What programs know of TCP: numbers of options, and struct tcp_info as Linux 6.18 has it.
 *
 * linux/tcp.h and netinet/tcp.h have a struct tcphdr and an enum tcp_ca_state of their own, and older ones end earlier.
 */
#ifndef NETHOOD_TCP_TCP_INFO_H
#define NETHOOD_TCP_TCP_INFO_H

#include "base/types.h"

enum {
	TCP_NODELAY = 1,
	TCP_MAXSEG = 2,
	TCP_CORK = 3,
	TCP_KEEPIDLE = 4,
	TCP_KEEPINTVL = 5,
	TCP_KEEPCNT = 6,
	TCP_SYNCNT = 7,
	TCP_LINGER2 = 8,
	TCP_DEFER_ACCEPT = 9,
	TCP_WINDOW_CLAMP = 10,
	TCP_INFO = 11,
	TCP_QUICKACK = 12,
	TCP_CONGESTION = 13,
	TCP_MD5SIG = 14,
	TCP_THIN_LINEAR_TIMEOUTS = 16,
	TCP_THIN_DUPACK = 17,
	TCP_USER_TIMEOUT = 18,
	TCP_REPAIR = 19,
	TCP_REPAIR_QUEUE = 20,
	TCP_QUEUE_SEQ = 21,
	TCP_REPAIR_OPTIONS = 22,
	TCP_FASTOPEN = 23,
	TCP_TIMESTAMP = 24,
	TCP_NOTSENT_LOWAT = 25,
	TCP_CC_INFO = 26,
	TCP_SAVE_SYN = 27,
	TCP_SAVED_SYN = 28,
	TCP_REPAIR_WINDOW = 29,
	TCP_FASTOPEN_CONNECT = 30,
	TCP_ULP = 31,
	TCP_MD5SIG_EXT = 32,
	TCP_FASTOPEN_KEY = 33,
	TCP_FASTOPEN_NO_COOKIE = 34,
	TCP_ZEROCOPY_RECEIVE = 35,
	TCP_INQ = 36,
	TCP_TX_DELAY = 37,
	TCP_AO_REPAIR = 42,
	TCP_IS_MPTCP = 43,
	TCP_RTO_MAX_MS = 44,
	TCP_RTO_MIN_US = 45,
	TCP_DELACK_MAX_US = 46,
};

enum { /* tcpi_options */
       TCPI_OPT_TIMESTAMPS = 1,
       TCPI_OPT_SACK = 2,
       TCPI_OPT_WSCALE = 4,
       TCPI_OPT_ECN = 8,
       TCPI_OPT_ECN_SEEN = 16,
       TCPI_OPT_SYN_DATA = 32,
};

struct tcp_info {
	u8 tcpi_state, tcpi_ca_state, tcpi_retransmits, tcpi_probes, tcpi_backoff, tcpi_options;
	u8 tcpi_snd_wscale : 4, tcpi_rcv_wscale : 4;
	u8 tcpi_delivery_rate_app_limited : 1, tcpi_fastopen_client_fail : 2;

	u32 tcpi_rto, tcpi_ato; /**< microseconds */
	u32 tcpi_snd_mss, tcpi_rcv_mss;

	u32 tcpi_unacked; /**< of a listener: connections that wait for accept() */
	u32 tcpi_sacked;  /**< of a listener: how many may */
	u32 tcpi_lost, tcpi_retrans, tcpi_fackets;

	u32 tcpi_last_data_sent, tcpi_last_ack_sent, tcpi_last_data_recv, tcpi_last_ack_recv; /**< milliseconds ago */

	u32 tcpi_pmtu, tcpi_rcv_ssthresh, tcpi_rtt, tcpi_rttvar, tcpi_snd_ssthresh, tcpi_snd_cwnd, tcpi_advmss;
	u32 tcpi_reordering;

	u32 tcpi_rcv_rtt, tcpi_rcv_space;
	u32 tcpi_total_retrans;

	u64 tcpi_pacing_rate, tcpi_max_pacing_rate; /**< bytes per second; ~0: no limit */
	u64 tcpi_bytes_acked, tcpi_bytes_received;
	u32 tcpi_segs_out, tcpi_segs_in;

	u32 tcpi_notsent_bytes, tcpi_min_rtt, tcpi_data_segs_in, tcpi_data_segs_out;

	u64 tcpi_delivery_rate;
	u64 tcpi_busy_time, tcpi_rwnd_limited, tcpi_sndbuf_limited; /**< microseconds */

	u32 tcpi_delivered, tcpi_delivered_ce;
	u64 tcpi_bytes_sent, tcpi_bytes_retrans;
	u32 tcpi_dsack_dups, tcpi_reord_seen, tcpi_rcv_ooopack, tcpi_snd_wnd;
	u32 tcpi_rcv_wnd, tcpi_rehash;

	u16 tcpi_total_rto, tcpi_total_rto_recoveries;
	u32 tcpi_total_rto_time; /**< milliseconds */

	/* Accurate ECN: not spoken here, all 0 */
	u32 tcpi_received_ce, tcpi_delivered_e1_bytes, tcpi_delivered_e0_bytes, tcpi_delivered_ce_bytes;
	u32 tcpi_received_e1_bytes, tcpi_received_e0_bytes, tcpi_received_ce_bytes;
	u16 tcpi_accecn_fail_mode, tcpi_accecn_opt_seen;
};
static_assert(sizeof(struct tcp_info) == 280, "Linux 6.18");

#endif
