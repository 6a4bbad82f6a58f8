/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP: what a connection and a net know.
 *
 * @step S2, S3 of S13   @rfc 9293   @linux include/linux/tcp.h, include/net/tcp.h, include/net/inet_connection_sock.h
 *
 * Files, down: tcp.c (calls of programs), tcp_output.c (segments), tcp_ipv4.c (the only ones that see an IP family are
 * *_ipv4.c).  Up: tcp_ipv4.c, tcp_input.c (states), tcp_data.c (octets in order and out of order), tcp_ack.c (what
 * an ACK says), tcp_sack.c, tcp_recovery.c (what is lost).  Beside: tcp_timer.c, tcp_cong.c and its algorithms,
 * tcp_hash.c (who is who), tcp_minisocks.c (requests, TIME_WAIT), tcp_sockopt.c.
 *
 * Sequence numbers are compared by before() and after().  Times are of net->now; those that end in _us are microseconds,
 * _ms milliseconds, and points in time without a unit are ktime_t.
 */
#ifndef NETHOOD_TCP_TCP_H
#define NETHOOD_TCP_TCP_H

#include <linux/rtnetlink.h> /* RTAX_* */

#include "base/hash.h"
#include "base/htable.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/sysctl.h"
#include "base/timer.h"
#include "base/types.h"
#include "socket/inet_sock.h"
#include "tcp/tcp_mib.h"
#include "tcp/tcp_skb.h"
#include "tcp/tcp_states.h"

struct tcp_sock;
struct tcp_request_sock;
struct tcp_timewait_sock;
struct tcp_congestion_ops;
struct tcp_route_metrics;
struct tcp_reply;
struct net_protocol;

/* ------------------------------------------------------------------ constants of the protocol */

#define TCP_MSS_DEFAULT 536U /**< RFC 9293 3.7.1 */
#define TCP_MIN_SND_MSS 48U  /**< CVE-2019-11479: smaller ones cost more than they carry */
#define TCP_MIN_MSS 88U
#define TCP_INIT_CWND 10U /**< RFC 6928 */
#define TCP_INFINITE_SSTHRESH 0x7fffffffU
#define TCP_MAX_WINDOW 32767U /**< without scaling; what old stacks take for signed */
#define TCP_MAX_QUICKACKS 16U
#define TCP_NUM_SACKS 4U
#define TCP_RETR1 3
#define TCP_SYN_RETRIES 6
#define TCP_RTO_MAX (120 * NSEC_PER_SEC)
#define TCP_RTO_MIN (200 * NSEC_PER_MSEC)
#define TCP_TIMEOUT_INIT (1 * NSEC_PER_SEC) /**< RFC 6298 2.1 */
#define TCP_DELACK_MAX (200 * NSEC_PER_MSEC)
#define TCP_DELACK_MIN (40 * NSEC_PER_MSEC)
#define TCP_ATO_MIN (40 * NSEC_PER_MSEC)
#define TCP_TIMEOUT_MIN (2 * NSEC_PER_MSEC) /**< what a timer may be late */
#define TCP_TIMEWAIT_LEN (60 * NSEC_PER_SEC)
#define TCP_PACING_LATE_MAX (10 * NSEC_PER_MSEC) /**< so much of what was due while nobody polled leaves at once */
#define TCP_RESOURCE_PROBE_INTERVAL (500 * NSEC_PER_MSEC) /**< a device or memory that did not take a segment: again */
#define TCP_PAWS_24DAYS (60 * 60 * 24 * 24 * NSEC_PER_SEC)
#define TCP_PAWS_MSL (60 * NSEC_PER_SEC)
#define TCP_PAWS_WINDOW 1
#define TCP_FASTOPEN_COOKIE_MAX 16U
#define TCP_FASTOPEN_COOKIE_MIN 4U
#define MAX_TCP_HEADER 160U /**< room for TCP with options, IP with options, and the link's */
#define TCP_CA_NAME_MAX 16

/* ------------------------------------------------------------------ sequence numbers, RFC 9293 3.4 */

static inline bool before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}
#define after(a, b) before(b, a)
/** between() - is @low <= @seq <= @high? */
static inline bool between(u32 seq, u32 low, u32 high)
{
	return high - low >= seq - low;
}

/* ------------------------------------------------------------------ who is who */

enum tcp_conn_kind {
	TCP_CONN_SOCK,     /**< struct tcp_sock */
	TCP_CONN_REQUEST,  /**< struct tcp_request_sock */
	TCP_CONN_TIMEWAIT, /**< struct tcp_timewait_sock */
};

union tcp_addr {
	__be32 v4;
	u8 v6[16];
};

/** struct tcp_conn - key of a connection in net->tcp->ehash, embedded in what stands for it */
struct tcp_conn {
	u64 hash;     /**< of the four below; 0: not in the table */
	u8 kind;      /**< enum tcp_conn_kind */
	u8 family;    /**< of its packets */
	u16 num;      /**< local port, host order */
	__be16 dport; /**< the peer's */
	bool v6only;  /**< of AF_INET6: it takes no packet of IPv4 */
	u8 sk_family; /**< of its socket: one of AF_INET6 may have a connection of AF_INET */
	int bound_dev_if;
	union tcp_addr daddr, rcv_saddr;
};

/** struct tcp_bind_bucket - a local port that somebody has */
struct tcp_bind_bucket {
	u16 port;
	u32 bound_count; /**< owners that did not get it by connect(2): while there is one, connect(2) does not choose it */
	struct hlist_head owners;    /**< struct tcp_sock, by bind_node */
	struct hlist_head timewaits; /**< struct tcp_timewait_sock, by bind_node */
};

/* ------------------------------------------------------------------ what was negotiated */

struct tcp_sack_block {
	u32 start_seq, end_seq;
};

struct tcp_fastopen_context {
	u32 key[2][4]; /**< what cookies are made with; the second is the older one, still good */
	u32 count;
};

struct tcp_fastopen_cookie {
	u8 val[TCP_FASTOPEN_COOKIE_MAX];
	s8 len; /**< -1: the option was not there, 0: it asks for one */
	bool exp;
};

/** struct tcp_options_received - options of the last segment, and what both sides agreed on */
struct tcp_options_received {
	ktime_t ts_recent_stamp; /**< when ts_recent was taken, for ageing; 0: there is none */
	u32 ts_recent;           /**< RFC 7323 4.3 */
	u32 rcv_tsval, rcv_tsecr;
	bool saw_tstamp, saw_sack, tstamp_ok, dsack, wscale_ok, sack_ok;
	u8 snd_wscale; /**< the peer's: for windows that it sends */
	u8 rcv_wscale; /**< ours */
	u8 num_sacks;
	u16 user_mss;  /**< TCP_MAXSEG; 0: not set */
	u16 mss_clamp; /**< the peer's MSS option, or the default */
};

/* ------------------------------------------------------------------ congestion control: tcp_cong.c */

enum tcp_ca_state {
	TCP_CA_Open,
	TCP_CA_Disorder,
	TCP_CA_CWR,
	TCP_CA_Recovery,
	TCP_CA_Loss,
};

enum tcp_ca_event {
	CA_EVENT_TX_START,     /**< first segment with nothing in flight */
	CA_EVENT_CWND_RESTART, /**< after idleness */
	CA_EVENT_COMPLETE_CWR,
	CA_EVENT_LOSS,
	CA_EVENT_ECN_NO_CE,
	CA_EVENT_ECN_IS_CE,
};

enum tcp_ca_ack_event_flags {
	CA_ACK_SLOWPATH = 1 << 0,
	CA_ACK_WIN_UPDATE = 1 << 1,
	CA_ACK_ECE = 1 << 2,
};

struct ack_sample {
	u32 pkts_acked;
	s32 rtt_us; /**< -1: none */
	u32 in_flight;
};

/** struct rate_sample - what one ACK tells of the path's rate.  @linux tcp_rate.c */
struct rate_sample {
	ktime_t prior_mstamp; /**< of the delivery before the segment that was acked left; 0: no sample */
	u32 prior_delivered, prior_delivered_ce;
	s32 delivered; /**< segments over interval_us; -1: not known */
	s32 delivered_ce;
	s64 interval_us;
	u32 snd_interval_us, rcv_interval_us;
	s64 rtt_us; /**< of the last segment acked; -1: none */
	u32 losses; /**< segments that were marked lost by this ACK */
	u32 acked_sacked;
	u32 prior_in_flight;
	u32 last_end_seq;
	bool is_app_limited, is_retrans, is_ack_delayed;
};

/** struct tcp_congestion_ops - one algorithm; a static const object.  Windows and ssthresh are in segments */
struct tcp_congestion_ops {
	const char *name;
	bool needs_ecn;
	bool non_restricted; /**< an ordinary user may choose it */
	void (*init)(struct tcp_sock *tp);
	void (*release)(struct tcp_sock *tp);
	/** slow start threshold after a loss */
	u32 (*ssthresh)(struct tcp_sock *tp);
	/** window growth; @acked segments were acked */
	void (*cong_avoid)(struct tcp_sock *tp, u32 ack, u32 acked);
	void (*set_state)(struct tcp_sock *tp, enum tcp_ca_state state);
	void (*cwnd_event)(struct tcp_sock *tp, enum tcp_ca_event event);
	void (*in_ack_event)(struct tcp_sock *tp, u32 flags);
	void (*pkts_acked)(struct tcp_sock *tp, const struct ack_sample *sample);
	/** window after a loss that was none */
	u32 (*undo_cwnd)(struct tcp_sock *tp);
	/** replaces cong_avoid() and the window's reduction altogether (BBR) */
	void (*cong_control)(struct tcp_sock *tp, u32 ack, int flag, const struct rate_sample *rs);
	u32 (*min_tso_segs)(struct tcp_sock *tp);
	u32 (*sndbuf_expand)(struct tcp_sock *tp);
	/** TCP_CC_INFO: union tcp_cc_info of linux/inet_diag.h.  Return: its length, *attr: INET_DIAG_* */
	size_t (*get_info)(const struct tcp_sock *tp, int *attr, void *info);
};

#define TCP_CA_PRIV_WORDS 13U

/* ------------------------------------------------------------------ windowed minimum, of RTT: tcp_cong.c has the filter */

struct minmax_sample {
	u32 t_ms, v;
};
struct minmax {
	struct minmax_sample s[3];
};

/* ------------------------------------------------------------------ a connection */

enum { /* tp->ack.pending */
       TCP_ACK_SCHED = 1,
       TCP_ACK_TIMER = 2,
       TCP_ACK_PUSHED = 4,
       TCP_ACK_PUSHED2 = 8,
       TCP_ACK_NOW = 16,
};

/** struct tcp_ack_state - delayed ACKs.  @rfc 1122 4.2.3.2, 5681 4.2 */
struct tcp_ack_state {
	u8 pending;  /**< TCP_ACK_* */
	u8 quick;    /**< so many ACKs without delay */
	u8 pingpong; /**< 3 and more: interactive, ACKs ride on data */
	u8 retry;
	u16 last_seg_size, rcv_mss;
	ktime_t ato;      /**< predicted delay */
	ktime_t timeout;  /**< with TCP_ACK_TIMER: when the ACK is due */
	ktime_t lrcvtime; /**< of the last data */
};

enum { /* tp->nonagle */
       TCP_NAGLE_OFF = 1,
       TCP_NAGLE_CORK = 2,
       TCP_NAGLE_PUSH = 4,
};

enum { /* tp->ecn_flags */
       TCP_ECN_OK = 1,
       TCP_ECN_QUEUE_CWR = 2,
       TCP_ECN_DEMAND_CWR = 4,
       TCP_ECN_SEEN = 8,
};

enum tcp_rtx_kind { /* what rtx_timer is armed for */
		    TCP_RTX_NONE,
		    TCP_RTX_RETRANS,
		    TCP_RTX_PROBE0,
		    TCP_RTX_REO_TIMEOUT,
		    TCP_RTX_LOSS_PROBE,
};

/* tp->urg_data: 0, or one of these with the octet */
#define TCP_URG_VALID 0x0100U
#define TCP_URG_NOTYET 0x0200U
#define TCP_URG_READ 0x0400U

/** struct tcp_rack - @rfc 8985 6.1 */
struct tcp_rack {
	ktime_t mstamp; /**< when the newest segment that arrived was sent */
	u32 rtt_us, end_seq;
	u32 last_delivered;
	u8 reo_wnd_steps, reo_wnd_persist;
	bool dsack_seen, advanced;
};

/** struct tcp_mtup - path MTU discovery by probes.  @rfc 4821 */
struct tcp_mtup {
	u32 search_high, search_low; /**< packet sizes */
	u32 probe_size;              /**< 0: none is on its way */
	u32 probe_seq_start, probe_seq_end;
	ktime_t probe_timestamp;
};

/** struct tcp_listener - what only a socket that listens has */
struct tcp_listener {
	struct tcp_sock *sk;
	struct list_head accept_queue;  /**< struct tcp_request_sock whose connection stands, oldest first */
	u32 accept_count;               /**< in accept_queue */
	struct list_head requests;      /**< all SYN_RECV requests */
	u32 request_count, young_count; /**< young: their SYN-ACK was sent once only */
	u32 max_backlog;
	u8 defer_accept; /**< TCP_DEFER_ACCEPT, in retransmissions */
	u32 fastopen_qlen, fastopen_max_qlen;
	struct list_head
		fastopen_rst; /**< requests that ended by a reset, a minute long in fastopen_qlen.  @rfc 7413 5.1 */
	bool synflood_warned;
	ktime_t last_overflow;        /**< last SYN cookie; 0: none */
	struct list_head port_node;   /**< of the listeners on the same address and port */
	struct tcp_listen_slot *slot; /**< NULL: not in the table */
};

/** struct tcp_holes - what only a connection needs that misses something, or whose peer does: made by the first time */
struct tcp_holes {
	struct tcp_skb_tree out_of_order_queue;
	struct tcp_sack_block duplicate_sack[1], selective_acks[TCP_NUM_SACKS]; /**< to be told */
	struct tcp_sack_block recv_sack_cache[TCP_NUM_SACKS];                   /**< were told by the last ACK */
};
extern const struct tcp_holes tcp_no_holes;

/** struct tcp_user_opts - options that few programs set; sockets share one until they differ */
struct tcp_user_opts {
	u32 refcnt;                              /**< 0: tcp_default_opts, which nobody counts */
	int keepalive_time_s, keepalive_intvl_s; /**< 0: the net's */
	int linger2_s;                           /**< TCP_LINGER2; 0: the net's, negative: none */
	u32 user_timeout_ms;
	u32 notsent_lowat;     /**< 0: the net's */
	u32 tx_delay_us;       /**< TCP_TX_DELAY: kept; nothing here delays */
	u32 fastopen_max_qlen; /**< TCP_FASTOPEN of one that does not listen yet: tcp_listen_start() hands it over */
	ktime_t rto_max_set, delack_max_set; /**< TCP_RTO_MAX_MS, TCP_DELACK_MAX_US; 0: not set, see tcp_rto_max() */
	u8 keepalive_probes;
	u8 defer_accept; /**< TCP_DEFER_ACCEPT, in retransmissions: same */
	u8 save_syn;     /**< TCP_SAVE_SYN: 1: from the IP header on, 2: from the link's */
};
extern const struct tcp_user_opts tcp_default_opts;

struct tcp_af_ops;
struct ip_options;

struct tcp_sock {
	struct inet_sock inet;
	struct tcp_conn conn;
	const struct tcp_af_ops *af;

	/* ---- S2, S3: read for each segment sent */
	u32 snd_una, snd_nxt, write_seq, pushed_seq;
	u32 snd_wnd, snd_wl1, max_window, snd_sml;
	u32 snd_cwnd, snd_ssthresh, packets_out, retrans_out, sacked_out, lost_out;
	u32 mss_cache;      /**< payload of a full segment, options taken off */
	u16 tcp_header_len; /**< with the options that every segment has */
	u16 goal_segs;      /**< of these, in the longest train: tcp_send_mss() */
	u32 gso_max_bytes;
	u16 gso_max_segs;
	u8 nonagle; /**< TCP_NAGLE_* */
	u8 ecn_flags;
	u32 snd_up;                      /**< urgent pointer that we send */
	u32 wmem_queued_bytes;           /**< truesize in both queues below */
	struct sk_buff_head write_queue; /**< not sent yet */
	struct tcp_skb_tree rtx_queue;   /**< sent, not acked: in order of sequence numbers */
	struct list_head tsorted_sent;   /**< of these, in order of (re)transmission: RACK walks it */
	ktime_t wstamp;                  /**< earliest departure of the next segment */
	u64 pacing_rate;                 /**< bytes per second; ~0: as fast as it goes.  Read it by tcp_pacing_rate() */
	u8 pacing_status;                /**< 0: off, 1: wanted */
	bool pacing_waits : 1;           /**< a segment would have left, but for wstamp */
	bool pacing_rate_by_srtt : 1;    /**< pacing_rate is still to be divided by srtt_us */
	u8 pacing_shift;                 /**< 10: about a millisecond of pacing_rate in one train */
	bool in_xmit; /**< a segment is being handed down: what ends meanwhile is no news of the queues below */

	/* ---- read for each segment received */
	u32 rcv_nxt, copied_seq, rcv_wup, rcv_wnd;
	u32 window_clamp, rcv_ssthresh;
	u32 urg_seq;
	u16 urg_data;
	u16 advmss;
	u16 saved_syn_bytes;
	u16 timeout_rehash;
	struct tcp_ack_state ack;
	struct tcp_options_received rx_opt;
	u32 tsoffset; /**< added to the clock in our timestamps */
	u32 rcv_rtt_last_tsecr;
	struct tcp_holes *holes; /**< tcp_no_holes: nothing is to be changed in it; tcp_holes_get() */
	ktime_t rcv_tstamp;      /**< of the last ACK */

	/* ---- round trips and timeouts.  @rfc 6298 */
	u32 srtt_us; /**< times 8 */
	u32 mdev_us, mdev_max_us, rttvar_us, rtt_seq;
	struct minmax rtt_min;
	u32 total_rto_time_ms; /**< sum of those periods that are over */
	ktime_t rto;
	ktime_t rto_min;
	u8 retransmits, backoff, syn_retries, probes_out;
	u8 rtx_kind;      /**< enum tcp_rtx_kind */
	u16 zc_pending;   /**< calls with MSG_ZEROCOPY of which not all is acknowledged: the last before sk.zckey */
	ktime_t rtx_when; /**< unless rtx_kind is none: when it is due */
	struct timer rtx_timer, delack_timer, keepalive_timer, pacing_timer;

	/* ---- congestion, loss and recovery */
	const struct tcp_congestion_ops *ca_ops;
	u8 ca_state; /**< enum tcp_ca_state */
	bool ca_initialized, ca_setsockopt, is_cwnd_limited, frto, is_sack_reneg;
	bool syn_fastopen_ch, syn_fastopen_exp;
	bool syn_data, syn_data_acked, syn_fastopen, fastopen_no_cookie, fastopen_connect, defer_connect;
	bool tlp_retrans, recvmsg_inq, thin_lto, urg_sent;
	bool quickack_always; /**< of the route */
	bool connect_bind;    /**< the port was found by connect(2) */
	bool reads_header;    /**< IP_MINTTL, IPV6_MINHOPCOUNT, IPV6_RECV*: af->too_far is asked */
	bool tsq_throttled, dst_pending_confirm, fin_received, connecting, is_orphan, rate_app_limited;
	bool fin_due;     /**< there was no memory for our FIN: rtx_timer tries again */
	u8 chrono_type;   /**< what the time is spent with */
	u8 scaling_ratio; /**< payload / truesize * 256, of what arrives */
	u16 ext_hdr_len;
	u32 rcv_ooopack; /**< segments that came out of order */
	u32 snd_cwnd_cnt, snd_cwnd_clamp, snd_cwnd_used, max_packets_out, cwnd_usage_seq;
	ktime_t snd_cwnd_stamp;
	ktime_t lsndtime; /**< last data sent */
	u32 prior_cwnd, prior_ssthresh, prr_delivered, prr_out;
	u32 high_seq, tlp_high_seq;
	u32 highest_sack_seq; /**< end of the highest segment that SACK told of; meaningful while sacked_out */
	u32 undo_marker;
	struct sk_buff *retransmit_skb_hint; /**< nothing before it is to be sent again; NULL: not known */
	ktime_t retrans_stamp;               /**< when the first retransmission of this recovery was sent; 0: none */
	s32 undo_retrans;
	u32 reordering, reord_seen;
	u32 total_retrans, lost, dsack_dups;
	u64 bytes_acked, bytes_sent, bytes_retrans, bytes_received;
	u32 segs_in, segs_out, data_segs_in, data_segs_out;
	struct tcp_rack rack;
	struct tcp_mtup *mtup; /**< NULL: no probes */
	u32 pmtu_cookie;       /**< path MTU that mss_cache was made from */

	/* ---- delivery rate.  @linux tcp_rate.c */
	u32 delivered, delivered_ce, app_limited;
	ktime_t first_tx_mstamp, delivered_mstamp;
	u32 rate_delivered, rate_interval_us;

	/* ---- receive buffer that grows with the path.  @linux tcp_rcv_space_adjust */
	struct {
		u32 rtt_us, seq;
		ktime_t time;
	} rcv_rtt_est;
	struct {
		u32 space, seq;
		ktime_t time;
	} rcvq_space;

	/* ---- options of programs */
	struct tcp_user_opts *opts;                /**< reference; to be changed only by tcp_opts_change() */
	struct tcp_fastopen_context *fastopen_ctx; /**< TCP_FASTOPEN_KEY; owned; NULL: the net's */
	ktime_t last_oow_ack_time;
	ktime_t probes_tstamp;         /**< first probe of a window that is zero */
	struct tcp_listener *listener; /**< NULL: does not listen */
	struct tcp_fastopen_request *fastopen_req;
	struct tcp_request_sock *fastopen_rsk; /**< its SYN-ACK is not acked yet */
	u8 *saved_syn;
	u32 txhash; /**< label of the flow where packets have one, never 0 there; another one when the path seems bad */
	u16 total_rto, total_rto_recoveries; /**< timeouts, and periods of them */
	ktime_t rto_stamp;                   /**< when this one began; 0: there is none */
	u32 chrono_start_ms;
	u32 chrono_ms[3]; /**< busy, rwnd-limited, sndbuf-limited */

	/* ---- where it is found */
	struct tcp_bind_bucket *bind_bucket;
	struct hlist_node bind_node;
	u64 ca_priv[TCP_CA_PRIV_WORDS];
};
#ifndef __CHECKER__ /* sparse counts otherwise */
static_assert(sizeof(struct tcp_sock) <= 1456, "an idle connection takes 1.5 KiB");
#endif

static inline struct tcp_sock *tcp_sk(const struct sock *sk)
{
	return (struct tcp_sock *)(void *)sk;
}
static inline struct sock *tcp_sock_of(const struct tcp_sock *tp)
{
	return (struct sock *)(void *)(uintptr_t)&tp->inet.sk;
}
static inline struct net *tcp_net_of(const struct tcp_sock *tp)
{
	return tp->inet.sk.net;
}

/* ------------------------------------------------------------------ requests and TIME_WAIT */

/** struct tcp_request_sock - a connection that is being opened towards a listener: SYN_RECV without a socket */
struct tcp_request_sock {
	struct tcp_conn conn; /**< first: what the table of connections holds */
	const struct tcp_af_ops *af;
	struct tcp_sock *listener; /**< reference */
	struct tcp_sock *sk;       /**< the connection once it stands (or, with Fast Open, before); reference; NULL */
	struct tcp_sock *fastopen_sk; /**< with Fast Open: the connection while its SYN-ACK is not acked; borrowed */
	struct list_head node;        /**< listener->requests, then listener->accept_queue */
	struct timer timer;           /**< SYN-ACK again */
	u8 num_retrans, num_timeout;
	bool acked; /**< the handshake's ACK came, but nobody could take the connection (or it is deferred) */
	bool sack_ok, tstamp_ok, wscale_ok, ecn_ok, cookie_ts, is_fastopen, in_accept_queue;
	u8 snd_wscale, rcv_wscale;
	u8 syn_tos, syn_hop_limit;
	u16 mss;    /**< the peer's */
	u16 advmss; /**< ours */
	u32 rcv_isn, snt_isn, rcv_nxt;
	u32 rcv_wnd, window_clamp; /**< what we offer */
	u32 ts_recent, ts_off;
	ktime_t snt_synack; /**< first SYN-ACK; 0: a cookie */
	ktime_t last_oow_ack_time;
	u32 snt_tsval_first, snt_tsval_last; /**< what we may be echoed */
	u32 txhash;
	__be32 syn_flow_label;
	struct ip_options *opt; /**< to answer with; owned; NULL: none */
	u32 mark;
	int iif;
	u8 *saved_syn;
	u16 saved_syn_bytes;
};

/** struct tcp_timewait_sock - what is left of a connection that we closed first.  @rfc 9293 3.6.1, 1337, 6191 */
struct tcp_timewait_sock {
	struct tcp_conn conn; /**< first */
	struct net *net;
	struct timer timer;
	u8 substate; /**< TCP_TIME_WAIT, TCP_FIN_WAIT2 */
	u8 tos, rcv_wscale;
	bool tstamp_ok;
	bool reuse, reuseport, connect_bind; /**< of the port: as the socket had it */
	u32 rcv_nxt, snd_nxt, rcv_wnd;
	u32 ts_recent, ts_offset;
	ktime_t ts_recent_stamp;
	ktime_t last_oow_ack_time;
	ktime_t began;
	u32 mark, priority, txhash;
	__be32 flow_label;
	struct tcp_bind_bucket *bind_bucket;
	struct hlist_node bind_node;
	struct list_head net_node; /**< net->tcp->timewaits */
};

/* ------------------------------------------------------------------ a net */

/** struct tcp_sysctls - net.ipv4.tcp_*; see docs/SYSCTL.md */
struct tcp_sysctls {
	int abort_on_overflow, adv_win_scale, app_win, autocorking, base_mss, challenge_ack_limit;
	int dsack, early_retrans, ecn, ecn_fallback, fack, fastopen, fin_timeout_s, frto, fwmark_accept;
	int invalid_ratelimit_ms, keepalive_intvl_s, keepalive_probes, keepalive_time_s, limit_output_bytes;
	int max_orphans, max_reordering, max_syn_backlog, max_tw_buckets, migrate_req, min_rtt_wlen_s, min_snd_mss;
	int min_tso_segs, moderate_rcvbuf, mtu_probe_floor, mtu_probing, no_metrics_save, no_ssthresh_metrics_save;
	int notsent_lowat, orphan_retries, pacing_ca_ratio, pacing_ss_ratio, probe_interval_s, probe_threshold;
	int recovery, reflect_tos, reordering, retrans_collapse, retries1, retries2, rfc1337, rto_min_us, rto_max_ms;
	int sack, shrink_window, slow_start_after_idle, stdurg, syn_linear_timeouts, syn_retries, synack_retries;
	int syncookies, thin_linear_timeouts, timestamps, tso_rtt_log, tso_win_divisor, tw_reuse, tw_reuse_delay_ms;
	int window_scaling, workaround_signed_windows, comp_sack_delay_ns, comp_sack_nr, comp_sack_slack_ns;
	int backlog_ack_defer, pingpong_thresh, tcp_child_ehash_entries;
	int ecn_option, ecn_option_beacon, fastopen_blackhole_timeout_s, early_demux, l3mdev_accept, low_latency;
	int plb_enabled, plb_idle_rehash_rounds, plb_rehash_rounds, plb_suspend_rto_s, plb_cong_thresh;
	int mem_pages[3], rmem_bytes[3], wmem_bytes[3];
};

/** struct tcp_net - net->tcp */
struct tcp_net {
	struct htable ehash; /**< struct tcp_conn by its key */
	struct htable bhash; /**< struct tcp_bind_bucket by port */
	struct htable lhash; /**< struct tcp_listen_slot by port: tcp_hash.c */
	struct kmem_cache bind_cache, request_cache, timewait_cache, listen_slot_cache, fastopen_cache_cache;
	struct kmem_cache holes_cache;
	struct htable fastopen_cache;  /**< struct tcp_fastopen_entry by the two addresses: tcp_fastopen.c */
	struct list_head fastopen_lru; /**< of these, the least recently used first */
	u32 fastopen_disable_times;    /**< RFC 7413 7.2: paths that lose it, in a row */
	ktime_t fastopen_disable_stamp;
	struct list_head timewaits; /**< oldest first */
	struct list_head orphans;   /**< nobody has them open: struct sock, by net_node */
	u32 orphan_count, timewait_count, established_count;
	u64 mem_bytes; /**< truesize in all queues of all connections */
	bool memory_pressure;
	siphash_key_t isn_key, ts_key, port_key;
	u32 syncookie_key[2][4], fastopen_key[2][4];
	bool fastopen_key_set[2];
	u32 *port_perturb;     /**< tcp_port.c; NULL: nobody has asked for a free port to connect from */
	struct skb_page *page; /**< where the next octets of any sender go */
	u32 page_used_bytes;
	ktime_t challenge_window; /**< RFC 5961 7: of the whole net */
	u32 challenge_left;
	const struct tcp_congestion_ops *ca_default;
	u32 ca_allowed; /**< bit n: tcp_cong.c's algorithm n may be chosen by anybody */
	struct ctl_dir ca_sysctl_dir;
	const char *broken; /**< tcp_check.c: the first change of a state that is none; NULL: all were */
	struct tcp_sysctls sysctl;
	struct tcp_mib mib;
	struct ctl_dir sysctl_dir;
};

static inline struct tcp_sysctls *tcp_sysctl(const struct tcp_sock *tp)
{
	return &tcp_net_of(tp)->tcp->sysctl;
}
/** TCP_INC(), TCP_ADD() - a counter of tcp_mib.h */
#define TCP_INC(net_, name) ((net_)->tcp->mib.name++)
#define TCP_ADD(net_, name, count) ((net_)->tcp->mib.name += (u64)(count))

/** tcp_clock_ms() - what timestamps carry, before the connection's offset.  @rfc 7323 5.4 */
static inline u32 tcp_clock_ms(const struct net *net)
{
	return (u32)(net->now / NSEC_PER_MSEC);
}
static inline u32 tcp_time_stamp(const struct tcp_sock *tp)
{
	return tcp_clock_ms(tcp_net_of(tp)) + tp->tsoffset;
}

extern const struct proto tcp_prot;
extern const struct net_protocol tcp_protocol; /* IPv4 */

int tcp_net_init(struct net *net);
/** tcp_net_close() - every program is gone: connections that still say goodbye end here, without a word */
void tcp_net_close(struct net *net);
void tcp_net_exit(struct net *net);

/* ------------------------------------------------------------------ tcp_af: what differs between IP families */

struct tcp_af_ops {
	u16 net_header_bytes;
	u16 mss_default; /**< of a peer that names none.  @rfc 9293 3.7.1 */
	u16 gso_type;    /**< SKB_GSO_TCPV4, SKB_GSO_TCPV6 */
	/** put an IP header on a segment and send it; @skb taken, data at the TCP header.  Return: 0, -errno */
	int (*queue_xmit)(struct tcp_sock *tp, struct sk_buff *skb);
	/** checksum of a segment to be sent: CHECKSUM_PARTIAL */
	void (*send_check)(struct tcp_sock *tp, struct sk_buff *skb);
	/** is there (still) a route?  Return: 0, -errno */
	int (*rebuild_header)(struct tcp_sock *tp);
	/** path MTU of the route, IP header and all */
	u32 (*mtu)(const struct tcp_sock *tp);
	/** device's largest train, ~0 checksum etc.: fills gso_max_*; metrics of the route; TCP_MSS and initial windows */
	void (*route_metrics)(struct tcp_sock *tp, struct tcp_route_metrics *out);
	/** the path seems dead: the route and the neighbour are told (D15).  @linux tcp_write_timeout -> dst_negative_advice */
	void (*negative_advice)(struct tcp_sock *tp);

	/** what a TIME_WAIT of @tp answers with: tos, label */
	void (*timewait_fill)(struct tcp_timewait_sock *tw, const struct tcp_sock *tp);

	/** @req has its key: a route for it, and IP options to answer with.  @skb: the SYN, borrowed
	 *  Return: 0, -errno: no SYN-ACK could leave */
	int (*request_init)(struct tcp_request_sock *req, const struct sk_buff *skb, const struct ip_options *opt,
			    struct tcp_route_metrics *out);
	/** what request_init() gave */
	void (*request_fini)(struct tcp_request_sock *req);
	/** SYN-ACK of @req; @skb taken, data at the TCP header */
	int (*send_synack)(struct tcp_request_sock *req, struct sk_buff *skb);
	/** addresses, a route and IP options of @req, into @child->inet.  Return: 0, -errno */
	int (*child_route)(struct tcp_sock *child, struct tcp_request_sock *req);
	/** addresses of @skb: key->daddr is its source; dif, ports as well */
	void (*conn_of)(const struct sk_buff *skb, struct tcp_conn *key);
	/** does @skb come from farther away than @tp wants to hear?  If not, it is what IPV6_2292PKTOPTIONS tells of.
	 *  Asked when tp->reads_header */
	bool (*too_far)(struct tcp_sock *tp, const struct sk_buff *skb);
	/** was @skb sent to us alone?  Else nothing is said */
	bool (*is_unicast)(const struct sk_buff *skb);
	/** a segment without a socket: @flags, @seq ... of the answer to @skb, which is borrowed */
	void (*send_reply)(struct net *net, struct sk_buff *skb, const struct tcp_reply *reply);
};

/** struct tcp_route_metrics - what a route says of connections */
struct tcp_route_metrics {
	const u32 *metrics; /**< borrowed, as the route is; NULL: it says nothing.  tcp_route_metric() */
	u32 advmss;
	u32 gso_max_bytes, gso_max_segs; /**< of the device; 0 segments: no trains */
};

/** tcp_route_metric() - RTAX_*; 0: the route says nothing of it */
static inline u32 tcp_route_metric(const struct tcp_route_metrics *m, u32 rtax)
{
	return m->metrics ? m->metrics[rtax - 1] : 0;
}

/** struct tcp_reply - a segment that belongs to no socket */
struct tcp_reply {
	u8 flags;
	u32 seq, ack, window;
	bool has_ts;
	u32 tsval, tsecr;
	u8 tos;
	u32 mark;
	const struct tcp_timewait_sock *tw; /**< who says it; NULL */
};

extern const struct tcp_af_ops tcp_ipv4_ops;
struct inet6_protocol;
extern const struct tcp_af_ops tcp_ipv6_ops;
extern const struct proto tcpv6_prot;
extern const struct inet6_protocol tcpv6_protocol;

#include "tcp/tcp_funcs.h"

#endif
