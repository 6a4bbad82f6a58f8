/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP: what its files call of each other, in the order of the path.  Included by tcp/tcp.h */
#ifndef NETHOOD_TCP_TCP_FUNCS_H
#define NETHOOD_TCP_TCP_FUNCS_H

#include "tcp/tcp.h"

struct tcphdr;

/* ------------------------------------------------------------------ tcp.c: calls of programs */

/** tcp_init_sock() - what every new connection begins with, open()ed by a program or by a peer */
void tcp_init_sock(struct tcp_sock *tp);
/** tcp_set_txhash() - another number for the flow */
void tcp_set_txhash(struct tcp_sock *tp);
static inline void tcp_opts_none(struct tcp_sock *tp)
{
	tp->opts = (struct tcp_user_opts *)(uintptr_t)&tcp_default_opts; /* who changes it asks tcp_opts_change() */
}
/** tcp_opts_share() - @child, which has none, has those of @parent */
void tcp_opts_share(struct tcp_sock *child, const struct tcp_sock *parent);
void tcp_set_state(struct tcp_sock *tp, enum tcp_state state);
/** tcp_may_become() - is there an arrow from @old to @state?  @rfc 9293 3.3.2 */
bool tcp_may_become(u8 old, enum tcp_state state);
/** tcp_done() - the connection is over: CLOSE, timers off, out of the table; an orphan is freed */
void tcp_done(struct tcp_sock *tp);
/** tcp_done_with_error() - same, and its program is told @err (positive) */
void tcp_done_with_error(struct tcp_sock *tp, int err);
/** tcp_reset() - the peer reset it.  @linux tcp_reset */
void tcp_reset(struct tcp_sock *tp, struct sk_buff *skb);
u32 tcp_poll(const struct sock *sk);
/** tcp_disconnect() - everything is forgotten but what the program set */
int tcp_disconnect(struct sock *sk);
/** tcp_write_queue_purge() - drop what was to be sent and what was not acked */
void tcp_write_queue_purge(struct tcp_sock *tp);
/** tcp_too_many_orphans() - may a connection that nobody has open not even say goodbye?  @linux tcp_check_oom */
bool tcp_too_many_orphans(struct tcp_sock *tp, u32 shift);
void tcp_write_space(struct tcp_sock *tp);
/** tcp_sndbuf_expand() - room for as many segments as the window may come to hold.  @linux tcp_sndbuf_expand */
void tcp_sndbuf_expand(struct tcp_sock *tp);
/* ---- tcp_recv.c */
ssize_t tcp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len_bytes, int flags);
/** tcp_recv_borrow() - what tcp_recvmsg() would read: where it lies */
ssize_t tcp_recv_borrow(struct sock *sk, struct msghdr *msg);
/** tcp_cleanup_rbuf() - @copied octets were read: tell the peer of the room?  @linux tcp_cleanup_rbuf */
void tcp_cleanup_rbuf(struct tcp_sock *tp, u32 copied);

/* ------------------------------------------------------------------ tcp_mem.c: whose memory */

/** tcp_wmem_charge() - @skb belongs to the write queue's account; its head is made for headers of clones */
void tcp_wmem_charge(struct tcp_sock *tp, struct sk_buff *skb);
void tcp_wmem_grow(struct tcp_sock *tp, struct sk_buff *skb, u32 bytes);
/** tcp_wmem_free_skb() - a segment of either queue was acked, or is dropped; @skb taken, in no queue */
void tcp_wmem_free_skb(struct tcp_sock *tp, struct sk_buff *skb);
void tcp_wmem_shrink(struct tcp_sock *tp, struct sk_buff *skb, u32 bytes);
void tcp_wmem_uncharge(struct tcp_sock *tp, const struct sk_buff *skb);
/** tcp_rmem_schedule() - may @bytes more be received?  @linux sk_rmem_schedule, tcp_try_rmem_schedule */
bool tcp_rmem_schedule(struct tcp_sock *tp, u32 bytes);
/** tcp_set_owner_r() - @skb is in a receive queue of @tp */
void tcp_set_owner_r(struct sk_buff *skb, struct tcp_sock *tp);
bool tcp_under_memory_pressure(const struct tcp_sock *tp);
/** tcp_out_of_memory() - more is in use than net.ipv4.tcp_mem allows at the most */
bool tcp_out_of_memory(const struct net *net);
static inline u32 tcp_wspace_bytes(const struct tcp_sock *tp)
{
	u32 used = tp->wmem_queued_bytes, room = tp->inet.sk.sndbuf_bytes;

	return used < room ? room - used : 0;
}
static inline bool tcp_stream_memory_free(const struct tcp_sock *tp)
{
	u32 unsent = tp->write_seq - tp->snd_nxt;
	u32 lowat = tp->opts->notsent_lowat ? tp->opts->notsent_lowat : (u32)tcp_net_of(tp)->tcp->sysctl.notsent_lowat;

	return tp->wmem_queued_bytes < tp->inet.sk.sndbuf_bytes && (s32)unsent >= 0 && unsent < lowat;
}

/* ------------------------------------------------------------------ tcp_output.c */

int tcp_connect(struct tcp_sock *tp);
/** tcp_write_xmit() - send what the windows allow; @push_one: 0: all, 1: one segment, 2: TLP
 *  Return: true if nothing is in flight and something waits: somebody must probe */
bool tcp_write_xmit(struct tcp_sock *tp, u32 mss_now, int nonagle, int push_one);
/** __tcp_push_pending_frames() - and probe a closed window.  @linux __tcp_push_pending_frames */
void __tcp_push_pending_frames(struct tcp_sock *tp, u32 cur_mss, int nonagle);
void tcp_push_one(struct tcp_sock *tp, u32 mss_now);
static inline void tcp_push_pending_frames(struct tcp_sock *tp);
/** tcp_retransmit_skb() - send @skb of the retransmission queue again.  Return: 0, -EAGAIN, -EBUSY, -ENOMEM, ... */
int tcp_retransmit_skb(struct tcp_sock *tp, struct sk_buff *skb, u32 segs);
void tcp_xmit_retransmit_queue(struct tcp_sock *tp);
/** tcp_fragment() - cut @skb after @len_bytes; the rest stands behind it, in the same queue.  Return: 0, -ENOMEM */
int __must_check tcp_fragment(struct tcp_sock *tp, bool in_rtx_queue, struct sk_buff *skb, u32 len_bytes, u32 mss_now);
/** tcp_trim_head() - the first @len_bytes were acked */
int __must_check tcp_trim_head(struct tcp_sock *tp, struct sk_buff *skb, u32 len_bytes);
void tcp_send_ack(struct tcp_sock *tp);
void tcp_send_delayed_ack(struct tcp_sock *tp);
void tcp_send_fin(struct tcp_sock *tp);
void tcp_send_active_reset(struct tcp_sock *tp);
int tcp_send_synack(struct tcp_sock *tp); /* of a simultaneous open */
void tcp_send_probe0(struct tcp_sock *tp);
/** tcp_write_wakeup() - a segment that makes the peer answer.  Return: 0: sent, positive: lower layers did not take it, -1: nothing */
int tcp_write_wakeup(struct tcp_sock *tp);
void tcp_send_loss_probe(struct tcp_sock *tp);
bool tcp_schedule_loss_probe(struct tcp_sock *tp, bool advancing_rto);
u32 tcp_current_mss(struct tcp_sock *tp);
u32 tcp_sync_mss(struct tcp_sock *tp, u32 pmtu);
u32 tcp_mtu_to_mss(const struct tcp_sock *tp, u32 pmtu);
u32 tcp_mss_to_mtu(const struct tcp_sock *tp, u32 mss);
void tcp_mtup_init(struct tcp_sock *tp);
/** tcp_mtup_start() - it looks for larger sizes from now on, if there is memory for it */
void tcp_mtup_start(struct tcp_sock *tp);
void tcp_mtup_stop(struct tcp_sock *tp);
/** tcp_mtup_probe_size() - of the probe that is on its way; 0: none is */
static inline u32 tcp_mtup_probe_size(const struct tcp_sock *tp)
{
	return unlikely(tp->mtup) ? tp->mtup->probe_size : 0;
}
void tcp_simple_retransmit(struct tcp_sock *tp);
/** tcp_send_mss() - *size_goal: how long an skb may grow */
u32 tcp_send_mss(struct tcp_sock *tp, u32 *size_goal, int flags);
void tcp_select_initial_window(const struct tcp_sock *tp, u32 space, u32 mss, u32 *rcv_wnd, u32 *window_clamp,
			       bool wscale_ok, u8 *rcv_wscale, u32 init_rcv_wnd);
u32 tcp_advertise_mss(struct tcp_sock *tp);
void tcp_pacing_kick(struct timer *t);
/** tcp_init_xmit_timers() - all four, idle */
void tcp_init_xmit_timers(struct tcp_sock *tp);
void tcp_clear_xmit_timers(struct tcp_sock *tp);
/** tcp_options_write() - write them at @p; Return: octets, a multiple of 4 */
struct tcp_out_options {
	u16 mss; /**< 0: no option */
	u8 wscale;
	bool has_wscale, sack_perm, has_ts;
	u8 num_sacks;
	u32 tsval, tsecr;
	const struct tcp_sack_block *dsack, *sacks; /**< @dsack: NULL, or the first of num_sacks */
	const struct tcp_fastopen_cookie *fastopen;
};
u32 tcp_options_write(u8 *p, const struct tcp_out_options *opts);
/** tcp_send_head() - the first segment not sent yet; NULL: there is none */
static inline struct sk_buff *tcp_send_head(const struct tcp_sock *tp)
{
	return skb_peek(&tp->write_queue);
}
static inline void tcp_push_pending_frames(struct tcp_sock *tp)
{
	if (tcp_send_head(tp))
		__tcp_push_pending_frames(tp, tcp_current_mss(tp), tp->nonagle);
}

/* ------------------------------------------------------------------ tcp_window.c: what we let the peer send */

u32 tcp_select_window(struct tcp_sock *tp);
u32 __tcp_select_window(struct tcp_sock *tp);
/** tcp_receive_window() - what is left of the window that we last told */
static inline u32 tcp_receive_window(const struct tcp_sock *tp)
{
	s32 win = (s32)(tp->rcv_wup + tp->rcv_wnd - tp->rcv_nxt);

	return win < 0 ? 0 : (u32)win;
}
static inline u32 tcp_wnd_end(const struct tcp_sock *tp)
{
	return tp->snd_una + tp->snd_wnd;
}
/** tcp_win_from_space() - payload that fits @space of truesize */
static inline u32 tcp_win_from_space(const struct tcp_sock *tp, u32 space)
{
	return (u32)(((u64)space * tp->scaling_ratio) >> 8);
}
static inline u32 tcp_space_from_win(const struct tcp_sock *tp, u32 win)
{
	return (u32)(((u64)win << 8) / tp->scaling_ratio);
}
static inline u32 tcp_full_space(const struct tcp_sock *tp)
{
	return tcp_win_from_space(tp, tp->inet.sk.rcvbuf_bytes);
}
static inline u32 tcp_space(const struct tcp_sock *tp)
{
	u32 used = tp->inet.sk.rmem_alloc_bytes, all = tp->inet.sk.rcvbuf_bytes;

	return used < all ? tcp_win_from_space(tp, all - used) : 0;
}
void tcp_init_buffer_space(struct tcp_sock *tp);
void tcp_initialize_rcv_mss(struct tcp_sock *tp);
void tcp_measure_rcv_mss(struct tcp_sock *tp, const struct sk_buff *skb);
void tcp_grow_window(struct tcp_sock *tp, const struct sk_buff *skb);
void tcp_clamp_window(struct tcp_sock *tp);
void tcp_rcv_space_adjust(struct tcp_sock *tp);
void tcp_rcv_rtt_measure(struct tcp_sock *tp);
void tcp_rcv_rtt_measure_ts(struct tcp_sock *tp, const struct sk_buff *skb);

/* ------------------------------------------------------------------ tcp_options.c */

/** tcp_parse_options() - options of @skb, whose header is linear; @estab: those of SYNs are not looked for
 *  @foc: NULL: Fast Open is not asked for */
void tcp_parse_options(const struct net *net, const struct sk_buff *skb, struct tcp_options_received *rx_opt,
		       bool estab, struct tcp_fastopen_cookie *foc);

/* ------------------------------------------------------------------ tcp_input.c: a segment for a connection */

/** tcp_rcv_established(), tcp_rcv_state_process() - @skb taken; its options are not parsed yet */
void tcp_rcv_established(struct tcp_sock *tp, struct sk_buff *skb);
/** Return: SKB_NOT_DROPPED_YET, or why a reset must be sent (by the caller, who still has @skb) */
enum skb_drop_reason tcp_rcv_state_process(struct tcp_sock *tp, struct sk_buff *skb);
/** tcp_init_transfer() - what every connection does when it begins */
void tcp_init_transfer(struct tcp_sock *tp);
/** tcp_route_settings() - what the route says of the whole connection */
void tcp_route_settings(struct tcp_sock *tp, const struct tcp_route_metrics *m);
void tcp_fin(struct tcp_sock *tp);
void tcp_send_challenge_ack(struct tcp_sock *tp);
/** tcp_oow_rate_limited() - was a useless segment answered a moment ago?  @rfc 5961 7 */
bool tcp_oow_rate_limited(struct net *net, const struct sk_buff *skb, u64 *counter, ktime_t *last);
/** tcp_segs_in() - @skb, data at the TCP header, is counted.  @rfc 4898 */
void tcp_segs_in(struct tcp_sock *tp, const struct sk_buff *skb);

/* ------------------------------------------------------------------ tcp_data.c: octets from the peer */

void tcp_data_queue(struct tcp_sock *tp, struct sk_buff *skb);
void tcp_data_snd_check(struct tcp_sock *tp);
void tcp_ack_snd_check(struct tcp_sock *tp);
/** tcp_queue_rcv() - @skb (taken) is next in order; its header is pulled */
void tcp_queue_rcv(struct tcp_sock *tp, struct sk_buff *skb);
void tcp_data_ready(struct tcp_sock *tp);
void tcp_urg(struct tcp_sock *tp, struct sk_buff *skb, const struct tcphdr *th);
int tcp_prune_queue(struct tcp_sock *tp, const struct sk_buff *in_skb);
void tcp_ofo_purge(struct tcp_sock *tp);
/** tcp_holes_get() - tp->holes to be changed; borrowed; NULL: no memory */
struct tcp_holes *tcp_holes_get(struct tcp_sock *tp);
/** tcp_holes_put() - nothing is out of order, and never will be again */
void tcp_holes_put(struct tcp_sock *tp);
static inline void tcp_holes_none(struct tcp_sock *tp)
{
	tp->holes = (struct tcp_holes *)(uintptr_t)&tcp_no_holes; /* who changes it asks tcp_holes_get() */
}
/** tcp_ofo_bytes() - truesize of what waits out of order */
u32 tcp_ofo_bytes(const struct sock *sk);
void tcp_enter_quickack_mode(struct tcp_sock *tp, u32 max_quickacks);
void tcp_dsack_set(struct tcp_sock *tp, u32 seq, u32 end_seq);

/* ------------------------------------------------------------------ tcp_ack.c */

#define FLAG_DATA 0x01       /* the segment has data */
#define FLAG_WIN_UPDATE 0x02 /* the window changed */
#define FLAG_DATA_ACKED 0x04 /* new data was acked */
#define FLAG_RETRANS_DATA_ACKED 0x08
#define FLAG_SYN_ACKED 0x10
#define FLAG_DATA_SACKED 0x20 /* new SACK */
#define FLAG_ECE 0x40
#define FLAG_LOST_RETRANS 0x80
#define FLAG_SLOWPATH 0x100
#define FLAG_ORIG_SACK_ACKED 0x200 /* what was never sent again was acked */
#define FLAG_SND_UNA_ADVANCED 0x400
#define FLAG_DSACKING_ACK 0x800
#define FLAG_SET_XMIT_TIMER 0x1000
#define FLAG_SACK_RENEGING 0x2000
#define FLAG_UPDATE_TS_RECENT 0x4000
#define FLAG_NO_CHALLENGE_ACK 0x8000
#define FLAG_ACK_MAYBE_DELAYED 0x10000
#define FLAG_DSACK_TLP 0x20000
#define FLAG_ACKED (FLAG_DATA_ACKED | FLAG_SYN_ACKED)
#define FLAG_NOT_DUP (FLAG_DATA | FLAG_WIN_UPDATE | FLAG_ACKED)
#define FLAG_CA_ALERT (FLAG_DATA_SACKED | FLAG_ECE | FLAG_DSACKING_ACK)
#define FLAG_FORWARD_PROGRESS (FLAG_ACKED | FLAG_DATA_SACKED)

/** tcp_ack() - Return: positive: good, 0: old, negative: -reason of the drop */
int tcp_ack(struct tcp_sock *tp, const struct sk_buff *skb, int flag);
void tcp_synack_rtt_meas(struct tcp_sock *tp, const struct tcp_request_sock *req);
void tcp_set_rto(struct tcp_sock *tp);
void tcp_rearm_rto(struct tcp_sock *tp);

/* ------------------------------------------------------------------ tcp_sack.c: the scoreboard */

struct tcp_sacktag_state {
	ktime_t first_sackt, last_sackt; /**< when what was SACKed now was sent */
	u32 reord;                       /**< lowest sequence that arrived after a higher one */
	u32 sack_delivered;
	int flag;
	u32 mss_now;
	struct rate_sample *rate;
};
int tcp_sacktag_write_queue(struct tcp_sock *tp, const struct sk_buff *ack_skb, u32 prior_snd_una,
			    struct tcp_sacktag_state *state);
void tcp_check_sack_reordering(struct tcp_sock *tp, u32 low_seq, int ts);
/** tcp_sack_cache_clear() - what the peer told before does not count any more */
void tcp_sack_cache_clear(struct tcp_sock *tp);
/** without SACK each duplicate ACK stands for a segment that arrived */
void tcp_add_reno_sack(struct tcp_sock *tp, u32 num_dupack, bool ece_ack);
void tcp_remove_reno_sacks(struct tcp_sock *tp, u32 acked, bool ece_ack);
static inline void tcp_reset_reno_sack(struct tcp_sock *tp)
{
	tp->sacked_out = 0;
}
/** tcp_count_delivered() - @pcount segments arrived, says this ACK */
void tcp_count_delivered(struct tcp_sock *tp, u32 pcount, bool ece_ack);
void tcp_mark_skb_lost(struct tcp_sock *tp, struct sk_buff *skb);
void tcp_verify_left_out(const struct tcp_sock *tp);
static inline bool tcp_is_sack(const struct tcp_sock *tp)
{
	return tp->rx_opt.sack_ok;
}
static inline bool tcp_is_reno(const struct tcp_sock *tp)
{
	return !tcp_is_sack(tp);
}
static inline u32 tcp_left_out(const struct tcp_sock *tp)
{
	return tp->sacked_out + tp->lost_out;
}
/** tcp_packets_in_flight() - RFC 6675's pipe, in segments */
static inline u32 tcp_packets_in_flight(const struct tcp_sock *tp)
{
	return tp->packets_out - tcp_left_out(tp) + tp->retrans_out;
}

/* ------------------------------------------------------------------ tcp_recovery.c: recovery states, RACK, PRR */

void tcp_enter_loss(struct tcp_sock *tp);
void tcp_enter_cwr(struct tcp_sock *tp);
void tcp_enter_recovery(struct tcp_sock *tp, bool ece_ack);
void tcp_cwnd_reduction(struct tcp_sock *tp, u32 newly_acked_sacked, u32 newly_lost, int flag);
void tcp_clear_retrans(struct tcp_sock *tp);
void tcp_fastretrans_alert(struct tcp_sock *tp, u32 prior_snd_una, u32 num_dupack, int *ack_flag, int *rexmit);
void tcp_process_tlp_ack(struct tcp_sock *tp, u32 ack, int flag);
void tcp_rack_advance(struct tcp_sock *tp, u8 sacked, u32 end_seq, ktime_t xmit_time);
void tcp_rack_update_reo_wnd(struct tcp_sock *tp, struct rate_sample *rs);
void tcp_rack_reo_timeout(struct tcp_sock *tp);
void tcp_slow_start_after_idle(struct tcp_sock *tp);
u32 tcp_init_cwnd(const struct tcp_sock *tp);
u32 tcp_route_init_cwnd(const struct tcp_route_metrics *m);
static inline bool tcp_in_cwnd_reduction(const struct tcp_sock *tp)
{
	return (1U << tp->ca_state) & ((1U << TCP_CA_CWR) | (1U << TCP_CA_Recovery));
}
static inline bool tcp_in_slow_start(const struct tcp_sock *tp)
{
	return tp->snd_cwnd < tp->snd_ssthresh;
}
static inline bool tcp_in_initial_slowstart(const struct tcp_sock *tp)
{
	return tp->snd_ssthresh >= TCP_INFINITE_SSTHRESH;
}
/** tcp_current_ssthresh() - @linux tcp_current_ssthresh */
static inline u32 tcp_current_ssthresh(const struct tcp_sock *tp)
{
	if (tcp_in_cwnd_reduction(tp))
		return tp->snd_ssthresh;
	return max_u32(tp->snd_ssthresh, (tp->snd_cwnd >> 1) + (tp->snd_cwnd >> 2));
}
#define REXMIT_NONE 0
#define REXMIT_LOST 1
#define REXMIT_NEW 2

/* ------------------------------------------------------------------ tcp_cong.c, tcp_cwnd.c, tcp_cubic.c, tcp_bbr.c, tcp_rate.c */

extern const struct tcp_congestion_ops tcp_reno, tcp_cubic, tcp_bbr;
/** tcp_ca_find() - by name; NULL: there is none */
const struct tcp_congestion_ops *tcp_ca_find(const char *name);
/** tcp_ca_assign() - a new connection: the net's default, unless a program chose (a child has its listener's choice) */
void tcp_ca_assign(struct tcp_sock *tp);
void tcp_ca_start(struct tcp_sock *tp); /* the connection begins: ops->init() */
void tcp_ca_release(struct tcp_sock *tp);
/** tcp_set_congestion_control() - TCP_CONGESTION.  Return: 0, -ENOENT, -EPERM */
int tcp_set_congestion_control(struct tcp_sock *tp, const char *name, bool admin);
void tcp_set_ca_state(struct tcp_sock *tp, enum tcp_ca_state state);
void tcp_ca_event(struct tcp_sock *tp, enum tcp_ca_event event);
void tcp_ca_sysctl_init(struct net *net); /* congestion_control, available_, allowed_; CUBIC is the default */
void tcp_ca_sysctl_exit(struct net *net);
u32 tcp_slow_start(struct tcp_sock *tp, u32 acked);
void tcp_cong_avoid_ai(struct tcp_sock *tp, u32 w, u32 acked);
u32 tcp_reno_ssthresh(struct tcp_sock *tp);
u32 tcp_reno_undo_cwnd(struct tcp_sock *tp);
/** tcp_is_cwnd_limited() - does the window hold us back?  @rfc 7661 */
bool tcp_is_cwnd_limited(const struct tcp_sock *tp);
void tcp_cwnd_validate(struct tcp_sock *tp, bool is_cwnd_limited);
void tcp_update_pacing_rate(struct tcp_sock *tp);
/** tcp_pacing_rate() - bytes per second; ~0: as fast as it goes */
u64 tcp_pacing_rate(const struct tcp_sock *tp);
/** tcp_cong_control() - after each ACK: window and pacing */
void tcp_cong_control(struct tcp_sock *tp, u32 ack, u32 acked_sacked, int flag, const struct rate_sample *rs);
void tcp_rate_skb_sent(struct tcp_sock *tp, struct sk_buff *skb);
void tcp_rate_skb_delivered(struct tcp_sock *tp, struct sk_buff *skb, struct rate_sample *rs);
void tcp_rate_gen(struct tcp_sock *tp, u32 delivered, u32 lost, bool is_sack_reneg, struct rate_sample *rs);
void tcp_rate_check_app_limited(struct tcp_sock *tp);
u32 minmax_running_min(struct minmax *m, u32 win_ms, u32 t_ms, u32 meas);
u32 minmax_running_max(struct minmax *m, u32 win, u32 t, u32 meas);
u32 minmax_reset(struct minmax *m, u32 t_ms, u32 meas);
static inline u32 tcp_min_rtt_us(const struct tcp_sock *tp)
{
	return tp->rtt_min.s[0].v;
}

/* ------------------------------------------------------------------ tcp_timer.c */

void tcp_reset_xmit_timer(struct tcp_sock *tp, enum tcp_rtx_kind kind, ktime_t after);
static inline void tcp_clear_rtx_timer(struct tcp_sock *tp)
{
	tp->rtx_kind = TCP_RTX_NONE;
}
/** tcp_set_delack_timer() - an ACK is owed, and due at @when */
void tcp_set_delack_timer(struct tcp_sock *tp, ktime_t when);
/** tcp_reset_delack_timer() - same, @after from now, unless it is due earlier already */
void tcp_reset_delack_timer(struct tcp_sock *tp, ktime_t after);
static inline void tcp_clear_delack_timer(struct tcp_sock *tp)
{
	tp->ack.pending = 0;
	tp->ack.retry = 0;
}
void tcp_reset_keepalive_timer(struct tcp_sock *tp, ktime_t after);
void tcp_set_keepalive(struct tcp_sock *tp, bool on); /* SO_KEEPALIVE */
ktime_t tcp_keepalive_time_when(const struct tcp_sock *tp);
ktime_t tcp_fin_time(const struct tcp_sock *tp);
/** tcp_rto_of_rtt() - RFC 6298 2.3; of a path that was never measured, 2.1 */
static inline ktime_t tcp_rto_of_rtt(const struct tcp_sock *tp)
{
	return tp->srtt_us ? ((ktime_t)(tp->srtt_us >> 3) + tp->rttvar_us) * NSEC_PER_USEC : TCP_TIMEOUT_INIT;
}

/** tcp_rto_max(), tcp_delack_max() - what the program set, or the net */
static inline ktime_t tcp_rto_max(const struct tcp_sock *tp)
{
	return tp->opts->rto_max_set ? tp->opts->rto_max_set : tcp_sysctl(tp)->rto_max_ms * NSEC_PER_MSEC;
}
static inline ktime_t tcp_delack_max(const struct tcp_sock *tp)
{
	return tp->opts->delack_max_set ? tp->opts->delack_max_set : TCP_DELACK_MAX;
}
/** tcp_probe0_when() - next probe of a closed window */
ktime_t tcp_probe0_when(const struct tcp_sock *tp, ktime_t max_when);
static inline void tcp_check_probe_timer(struct tcp_sock *tp)
{
	if (!tp->packets_out && tp->rtx_kind == TCP_RTX_NONE)
		tcp_reset_xmit_timer(tp, TCP_RTX_PROBE0, tp->rto > TCP_RTO_MIN ? tp->rto : TCP_RTO_MIN);
}

/* ------------------------------------------------------------------ tcp_hash.c: who is who, and ports */

void tcp_hash_init(struct net *net);
void tcp_hash_exit(struct net *net);
/** tcp_conn_hash() - fills @c->hash from its key, never 0 */
void tcp_conn_hash(const struct net *net, struct tcp_conn *c);
/** tcp_ehash_lookup() - by @key, whose hash is set; @key->bound_dev_if: where the segment came in; borrowed, NULL */
struct tcp_conn *tcp_ehash_lookup(struct net *net, const struct tcp_conn *key);
/** tcp_ehash_insert() - hashes and inserts.  Return: 0, -ENOMEM, -EADDRNOTAVAIL: the key is taken */
int __must_check tcp_ehash_insert(struct net *net, struct tcp_conn *c);
void tcp_ehash_remove(struct net *net, struct tcp_conn *c);
/** tcp_ehash_replace() - @new_, which has the same key, stands where @old stood; cannot fail */
void tcp_ehash_replace(struct net *net, struct tcp_conn *old, struct tcp_conn *new_);
/** tcp_listener_lookup() - who takes a SYN to key->rcv_saddr, key->num; best match, SO_REUSEPORT by hash; borrowed, NULL */
struct tcp_sock *tcp_listener_lookup(struct net *net, const struct tcp_conn *key);
int __must_check tcp_listener_hash(struct tcp_sock *tp);
void tcp_listener_unhash(struct tcp_sock *tp);
/** tcp_get_port() - bind to @port, 0: any, on inet.rcv_saddr; one that has a port already: may it listen there?
 *  Sets inet.num, inet.sport, conn.num.  Return: 0, -EADDRINUSE, -ENOMEM.  @linux inet_csk_get_port */
int __must_check tcp_get_port(struct tcp_sock *tp, u16 port);
void tcp_put_port(struct tcp_sock *tp);
/** tcp_port_listen() - of several workers, may this one listen there?  Return: 0, -EADDRINUSE */
int __must_check tcp_port_listen(const struct tcp_sock *tp);
/** tcp_port_exit() - by tcp_hash_exit() */
void tcp_port_exit(struct net *net);
/** tcp_port_unlisten() - a listener of @port is gone, or did not come about */
void tcp_port_unlisten(struct net *net, u16 port);
/** tcp_inherit_port() - @child of @parent has the same local port.  Return: 0, -ENOMEM */
int __must_check tcp_inherit_port(struct tcp_sock *parent, struct tcp_sock *child);
/** tcp_hash_connect() - conn.daddr, dport, rcv_saddr are set; finds a port if there is none, reuses a TIME_WAIT if that is
 *  safe, inserts.  Return: 0, -EADDRNOTAVAIL, -EADDRINUSE, -ENOMEM.  @rfc 6056 3.3.4, 6191 */
int __must_check tcp_hash_connect(struct tcp_sock *tp);
/** tcp_unhash() - out of the table of connections or listeners */
void tcp_unhash(struct tcp_sock *tp);
/** tcp_for_each_conn() - every connection, request and TIME_WAIT of the net; @fn may not remove any */
void tcp_for_each_conn(struct net *net, void (*fn)(void *ctx, struct tcp_conn *c), void *ctx);
void tcp_for_each_listener(struct net *net, void (*fn)(void *ctx, struct tcp_sock *tp), void *ctx);
u32 tcp_secure_seq(struct net *net, const struct tcp_conn *c);
u32 tcp_secure_ts_off(struct net *net, const struct tcp_conn *c);

/* ------------------------------------------------------------------ tcp_minisocks.c, tcp_request.c, tcp_syncookies.c */

/** tcp_time_wait() - @tp goes, a small one stays for @after.  @linux tcp_time_wait */
void tcp_time_wait(struct tcp_sock *tp, enum tcp_state substate, ktime_t after);
enum tcp_tw_status {
	TCP_TW_SUCCESS, /**< nothing to say */
	TCP_TW_RST,
	TCP_TW_ACK,
	TCP_TW_SYN, /**< a new connection may begin: *isn */
};
enum tcp_tw_status tcp_timewait_state_process(struct tcp_timewait_sock *tw, struct sk_buff *skb, u32 *isn,
					      enum skb_drop_reason *reason);
void tcp_timewait_kill(struct tcp_timewait_sock *tw);
/** tcp_twsk_unique() - may a new connection of @tp take over from @tw?  Then it got sequence and timestamps from it.
 *  @rfc 6191 */
bool tcp_twsk_unique(struct tcp_sock *tp, struct tcp_timewait_sock *tw);
/** tcp_listen_start(), tcp_listen_stop() - @linux inet_csk_listen_start, inet_csk_listen_stop */
int tcp_listen_start(struct tcp_sock *tp, int backlog);
void tcp_listen_stop(struct tcp_sock *tp);
int tcp_accept(struct sock *sk, struct sock **out);
/** tcp_conn_request() - a SYN for a listener, @skb borrowed; @isn: of a TIME_WAIT that makes room, 0: choose
 *  @opt: IP options for the answer, from ip_options_echo() before TCP took skb->cb; borrowed; NULL: none
 *  Return: SKB_NOT_DROPPED_YET, or why there is no answer */
enum skb_drop_reason tcp_conn_request(struct tcp_sock *listener, struct sk_buff *skb, u32 isn,
				      const struct ip_options *opt);
/** tcp_check_req() - a segment for a request, @skb borrowed; @req may be gone then.
 *  Return: the connection that it belongs to from now on (borrowed): a child, for tcp_child_process(); with @fastopen, the one
 *  that has the request; the listener: the ACK is wrong, reset.  NULL: nothing more to do with @skb; *reason is why */
struct tcp_sock *tcp_check_req(struct tcp_request_sock *req, struct sk_buff *skb, bool fastopen,
			       enum skb_drop_reason *reason);
/** tcp_child_process() - the first segment of a new connection; @skb taken */
void tcp_child_process(struct tcp_sock *child, struct sk_buff *skb);
void tcp_request_free(struct tcp_request_sock *req);
/** tcp_request_drop() - out of the listener and of the table, and freed */
void tcp_request_drop(struct tcp_request_sock *req);
/** tcp_rtx_synack() - the SYN-ACK once more.  Return: 0, -errno */
int tcp_rtx_synack(struct tcp_request_sock *req);
/** tcp_cookie_init_sequence() - an ISN that says all; *mss becomes what it can say.  @rfc 4987 3.6 */
u32 tcp_cookie_init_sequence(struct net *net, const struct sk_buff *skb, const struct tcp_conn *conn, u16 *mss);
/** tcp_cookie_check() - an ACK for a listener: of a SYN-ACK that nobody remembers?  @opt: as of tcp_conn_request().
 *  Return: the new connection, for tcp_child_process(); NULL, and *reason: TCP_LISTEN_OVERFLOW: it was one, but there is no
 *  room, and nothing is said; else it is none: a reset */
struct tcp_sock *tcp_cookie_check(struct tcp_sock *listener, struct sk_buff *skb, const struct ip_options *opt,
				  enum skb_drop_reason *reason);
u32 tcp_cookie_timestamp(const struct tcp_request_sock *req);
/** tcp_syn_recv_sock() - the handshake of @req is over: a child of its own, ready to be accepted; NULL: no room, no
 *  memory, no route.  @skb: borrowed.  Used by tcp_check_req() and tcp_cookie_check() */
struct tcp_sock *tcp_syn_recv_sock(struct tcp_sock *listener, struct sk_buff *skb, struct tcp_request_sock *req);

/* ------------------------------------------------------------------ tcp_fastopen.c.  @rfc 7413 */

/** struct tcp_fastopen_request - data that goes with the SYN; tp->fastopen_req while connect() runs */
struct tcp_fastopen_request {
	struct tcp_fastopen_cookie cookie;
	const struct msghdr *data; /**< NULL: none yet, TCP_FASTOPEN_CONNECT */
	size_t size_bytes;
	u32 copied_bytes; /**< of these, sent */
};

/* ---- server */
/** tcp_try_fastopen() - may @req, whose SYN is @skb (borrowed), be a connection at once?  *foc: what the SYN-ACK says.
 *  Return: the child, NULL: the handshake goes on as usual */
struct tcp_sock *tcp_try_fastopen(struct tcp_sock *listener, struct sk_buff *skb, struct tcp_request_sock *req,
				  struct tcp_fastopen_cookie *foc);
/** tcp_fastopen_remove() - @child's SYN-ACK was acked, or it is over: child->fastopen_rsk goes.  @linux reqsk_fastopen_remove */
void tcp_fastopen_remove(struct tcp_sock *child, bool reset);
/** tcp_fastopen_synack_timer() - rtx_timer of @child, which has fastopen_rsk.  Return: false: it was tried often enough */
bool tcp_fastopen_synack_timer(struct tcp_sock *child);
/** tcp_fastopen_listen_stop() - what is left in fastopen_rst */
void tcp_fastopen_listen_stop(struct tcp_sock *listener);

/* ---- client */
/** tcp_fastopen_cookie_check() - may data go with the SYN?  *cookie: to send; len 0: ask for one, -1: say nothing */
bool tcp_fastopen_cookie_check(struct tcp_sock *tp, u16 *mss, struct tcp_fastopen_cookie *cookie);
/** tcp_fastopen_cache_set() - what a SYN-ACK said; @cookie NULL: nothing; @try_exp 1: try the experimental option, 2: no */
void tcp_fastopen_cache_set(struct tcp_sock *tp, u16 mss, const struct tcp_fastopen_cookie *cookie, u8 try_exp);
/** tcp_fastopen_defer_connect() - connect() with TCP_FASTOPEN_CONNECT: wait for data?  Then *err 0, or -ENOBUFS */
bool tcp_fastopen_defer_connect(struct tcp_sock *tp, int *err);
void tcp_free_fastopen_req(struct tcp_sock *tp);
bool tcp_fastopen_active_should_disable(struct tcp_sock *tp);
/** tcp_fastopen_active_disable_ofo_check() - at the end of a connection: did only a FIN or RST come? */
void tcp_fastopen_active_disable_ofo_check(struct tcp_sock *tp);
void tcp_fastopen_active_detect_blackhole(struct tcp_sock *tp, bool expired);
void tcp_fastopen_init(struct net *net);
void tcp_fastopen_exit(struct net *net);

/* ------------------------------------------------------------------ tcp_request_ipv4.c: tcp_ipv4_ops of requests */

int tcp_v4_request_init(struct tcp_request_sock *req, const struct sk_buff *skb, const struct ip_options *opt,
			struct tcp_route_metrics *out);
void tcp_v4_request_fini(struct tcp_request_sock *req);
int tcp_v4_send_synack(struct tcp_request_sock *req, struct sk_buff *skb);
int tcp_v4_child_route(struct tcp_sock *child, struct tcp_request_sock *req);

/* ------------------------------------------------------------------ tcp_ipv4.c */

/** tcp_v4_connect() - connect(2).  Return: -EINPROGRESS, or an error */
int tcp_v4_connect(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes);
/** tcp_v4_options_changed() - IP_OPTIONS was set: segments leave room for them */
void tcp_v4_options_changed(struct tcp_sock *tp);
/** tcp_port_is_privileged() - may not everybody bind to @port? */
bool tcp_port_is_privileged(const struct sock *sk, u16 port);
int tcp_v4_bind(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes);

/* ------------------------------------------------------------------ tcp_connect_ipv6.c: AF_INET6, only with IPv6 */

int tcp_v6_connect(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes);
int tcp_v6_bind(struct sock *sk, const struct sockaddr *addr, socklen_t len_bytes);
/** tcp_v6_map_addresses() - the connection is one of IPv4: its program sees ::ffff:a.b.c.d */
void tcp_v6_map_addresses(struct tcp_sock *tp);
/** tcp_v6_map_child() - the same of one that was accepted, and what IPV6_2292PKTOPTIONS tells of the peer's @req */
void tcp_v6_map_child(struct tcp_sock *child, const struct tcp_request_sock *req);
/** tcp_v6_forget_peer() - it is not connected any more: what it was bound to is all that is left */
void tcp_v6_forget_peer(struct tcp_sock *tp);
/** tcp_v6_options_changed() - extension headers, IPV6_V6ONLY: an option of SOL_IPV6 was set */
void tcp_v6_options_changed(struct tcp_sock *tp);

/* ------------------------------------------------------------------ tcp_err.c */

/** tcp_ld_rto_revert() - an ICMP that says that there is no way quotes @seq */
void tcp_ld_rto_revert(struct tcp_sock *tp, u32 seq);
/** tcp_request_err() - an ICMP error quotes a SYN-ACK of number @seq: @req may be gone then */
void tcp_request_err(struct tcp_request_sock *req, u32 seq);

/* ------------------------------------------------------------------ tcp_deliver.c */

/** tcp_send_reset() - the answer to @skb (borrowed), which nobody wants */
void tcp_send_reset(struct net *net, struct sk_buff *skb);

/* ------------------------------------------------------------------ tcp_sockopt.c, tcp_sysctl.c */

int tcp_setsockopt(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes);
int tcp_getsockopt(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes);
int tcp_ioctl(struct sock *sk, unsigned long request, void *arg, size_t arg_bytes);
struct tcp_info;
void tcp_get_info(const struct tcp_sock *tp, struct tcp_info *info);
void tcp_sysctl_init(struct net *net);
void tcp_sysctl_exit(struct net *net);
/** tcp_sockopt_destroy() - what options hold: Fast Open key, saved SYN */
void tcp_sockopt_destroy(struct tcp_sock *tp);
/** tcp_socket_option() - proto.socket_option: an option of SOL_SOCKET was set that means more to TCP than a value */
void tcp_socket_option(struct sock *sk, int name);
/** tcp_meminfo() - proto.meminfo: SK_MEMINFO_* that only TCP has */
void tcp_meminfo(const struct sock *sk, u32 *mem);
/** tcp_inq_bytes() - SIOCINQ: what could be read now */
u32 tcp_inq_bytes(const struct tcp_sock *tp);
static inline bool tcp_in_pingpong(const struct tcp_sock *tp)
{
	return tp->ack.pingpong >= tcp_sysctl(tp)->pingpong_thresh;
}

/* ------------------------------------------------------------------ tcp_check.c: what must hold, for the simulator */

/** tcp_check() - of a connection: T1 to T8.  Return: NULL, or the sentence that does not hold */
const char *tcp_check(const struct tcp_sock *tp);
/** tcp_net_check() - of those that nobody has open, and of all counts; the others are reached by proto.check */
const char *tcp_net_check(const struct net *net);

/* ---- tcp_news.c: what goes to the error queue besides errors */
/** struct tcp_news - what the program wants to hear of the octets of one call */
struct tcp_news {
	u32 tsflags;   /**< SOF_TIMESTAMPING_* */
	bool zerocopy; /**< MSG_ZEROCOPY, and SO_ZEROCOPY allows it */
};
static inline bool tcp_news_wanted(const struct tcp_news *news)
{
	return (news->tsflags & SOCK_TX_RECORD_MASK) || news->zerocopy;
}
/** tcp_news_asked() - by control messages and flags of a call.  Return: 0, -EINVAL, -EPERM, -ENOBUFS: too many calls wait */
int tcp_news_asked(struct tcp_sock *tp, const struct msghdr *msg, size_t len_bytes, int flags, struct tcp_news *news);
/** tcp_news_note() - the call's last octet is the last that was written.  @linux tcp_tx_timestamp */
void tcp_news_note(struct tcp_sock *tp, const struct tcp_news *news);
/** tcp_news_acked() - octets up to snd_una are acked, some of them of @skb, whose txstamp_ack is set.  @linux tcp_ack_tstamp */
void tcp_news_acked(struct tcp_sock *tp, const struct sk_buff *skb, u32 prior_snd_una);
/** tcp_news_begin() - SO_TIMESTAMPING was set: from where on octets are counted, if they are from now on */
void tcp_news_begin(struct tcp_sock *tp);
/** tcp_zerocopy_ended() - nothing of the oldest @count calls with MSG_ZEROCOPY is in the queues any more */
void tcp_zerocopy_ended(struct tcp_sock *tp, u32 count);
/** tcp_opt_stats() - proto.opt_stats.  @linux tcp_get_timestamping_opt_stats, but for the TTL of who acknowledged */
u32 tcp_opt_stats(const struct sock *sk, const struct sk_buff *skb, u8 *to);

#endif
