// SPDX-License-Identifier: BSD-2-Clause
/* Options of level SOL_TCP, with the answers that Linux gives, and what options of SOL_SOCKET mean to a connection.
 *
 * @rfc 9293 3.9.1   @linux do_tcp_setsockopt, do_tcp_getsockopt, tcp_ioctl; see tcp(7)
 *
 * Reading order: int_options[] (which values and states), set_int(), tcp_setsockopt(), get_int(), tcp_getsockopt().
 * Nobody may repair a connection here, there are no signatures (MD5, AO) and no upper-layer protocols: those options
 * answer as a kernel that does not have them, or to one who may not.
 */
#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "net.h"
#include "socket/inet6_sock.h"
#include "socket/netns_sock.h"
#include "socket/sock_names.h"
#include "tcp/tcp.h"
#include "tcp/tcp_info.h"
#include "wire/tcp.h"

#define TCP_FIN_TIMEOUT_MAX_S 120
#define TCP_MAX_TX_DELAY_US ((1 << 28) - 1)
#define TCP_FASTOPEN_KEY_BYTES 16U
#define TCP_MD5SIG_BYTES 216U
#define TCP_REPAIR_WINDOW_BYTES 20U
#define TFO_CLIENT_ENABLE 1
#define TICK_US 4000 /* timeouts of programs are kept in such steps, as by a kernel with 250 ticks a second */

/* ------------------------------------------------------------------ values of options */

/* Where a flag or a number may be set: which values, in which states.  What is not here has rules of its own. */
static const struct int_option {
	int name;
	int min, max;
	u32 states; /* 0: all */
} int_options[] = {
	{ TCP_KEEPIDLE, 1, 32767, 0 },
	{ TCP_KEEPINTVL, 1, 32767, 0 },
	{ TCP_KEEPCNT, 1, 127, 0 },
	{ TCP_SYNCNT, 1, 127, 0 },
	{ TCP_THIN_LINEAR_TIMEOUTS, 0, 1, 0 },
	{ TCP_THIN_DUPACK, 0, 1, 0 },
	{ TCP_USER_TIMEOUT, 0, INT_MAX, 0 },
	{ TCP_FASTOPEN, 0, INT_MAX, TCPF_CLOSE | TCPF_LISTEN },
	{ TCP_SAVE_SYN, 0, 2, 0 },
	{ TCP_FASTOPEN_NO_COOKIE, 0, 1, TCPF_CLOSE | TCPF_LISTEN },
	{ TCP_INQ, 0, 1, 0 },
	{ TCP_TX_DELAY, 0, TCP_MAX_TX_DELAY_US, 0 },
	{ TCP_RTO_MAX_MS, 1000, 120000, 0 },
	{ TCP_RTO_MIN_US, TICK_US + 1, (int)(TCP_RTO_MIN / NSEC_PER_USEC), 0 },
	{ TCP_DELACK_MAX_US, TICK_US + 1, (int)(TCP_DELACK_MAX / NSEC_PER_USEC), 0 },
};

static bool int_option_allows(const struct tcp_sock *tp, int name, int value)
{
	for (u32 i = 0; i < ARRAY_SIZE(int_options); i++) {
		const struct int_option *o = &int_options[i];

		if (o->name == name)
			return value >= o->min && value <= o->max &&
			       (!o->states || (TCPF(tp->inet.sk.state) & o->states));
	}
	return true;
}

static ktime_t ticks_up(ktime_t t)
{
	ktime_t tick = TICK_US * NSEC_PER_USEC;

	return (t + tick - 1) / tick * tick;
}

/* So many retransmissions of a SYN-ACK last so long, and the other way round.  @linux secs_to_retrans, retrans_to_secs */
static u8 seconds_to_retrans(const struct tcp_sock *tp, int seconds)
{
	int max = (int)(tcp_rto_max(tp) / NSEC_PER_SEC), timeout = 1, period = 1;
	u8 retrans = 1;

	if (seconds <= 0)
		return 0;
	for (; seconds > period && retrans < UINT8_MAX; retrans++) {
		timeout = timeout * 2 < max ? timeout * 2 : max;
		period += timeout;
	}
	return retrans;
}

static int retrans_to_seconds(const struct tcp_sock *tp, u8 retrans)
{
	int max = (int)(tcp_rto_max(tp) / NSEC_PER_SEC), timeout = 1, period = retrans ? 1 : 0;

	for (; retrans > 1; retrans--) {
		timeout = timeout * 2 < max ? timeout * 2 : max;
		period += timeout;
	}
	return period;
}

/* ------------------------------------------------------------------ set */

static void tcp_set_nodelay(struct tcp_sock *tp, bool on)
{
	if (!on) {
		tp->nonagle &= (u8)~TCP_NAGLE_OFF;
		return;
	}
	tp->nonagle |= TCP_NAGLE_OFF | TCP_NAGLE_PUSH;
	tcp_push_pending_frames(tp);
}

static void tcp_set_cork(struct tcp_sock *tp, bool on)
{
	if (on) {
		tp->nonagle |= TCP_NAGLE_CORK;
		return;
	}
	tp->nonagle &= (u8)~TCP_NAGLE_CORK;
	if (tp->nonagle & TCP_NAGLE_OFF)
		tp->nonagle |= TCP_NAGLE_PUSH;
	tcp_push_pending_frames(tp);
}

static int set_maxseg(struct tcp_sock *tp, int value)
{
	if (value && (value < (int)TCP_MIN_MSS || value > (int)TCP_MAX_WINDOW))
		return -EINVAL;
	tp->rx_opt.user_mss = (u16)value;
	return 0;
}

static bool is_idle_state(const struct tcp_sock *tp)
{
	return TCPF(tp->inet.sk.state) & (TCPF_CLOSE | TCPF_LISTEN);
}

/* ---- options that few set */

const struct tcp_user_opts tcp_default_opts;

static bool is_rare(int name)
{
	static const u8 names[] = { TCP_KEEPIDLE,     TCP_KEEPINTVL,     TCP_KEEPCNT,  TCP_LINGER2,
				    TCP_USER_TIMEOUT, TCP_NOTSENT_LOWAT, TCP_TX_DELAY, TCP_FASTOPEN,
				    TCP_RTO_MAX_MS,   TCP_DELACK_MAX_US, TCP_SAVE_SYN, TCP_DEFER_ACCEPT };

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i] == name)
			return true;
	}
	return false;
}

static void opts_put(struct tcp_sock *tp)
{
	struct tcp_user_opts *o = tp->opts;

	tcp_opts_none(tp);
	if (o != &tcp_default_opts && !--o->refcnt)
		mem_free(tcp_net_of(tp)->mem, o, sizeof(*o));
}

void tcp_opts_share(struct tcp_sock *child, const struct tcp_sock *parent)
{
	child->opts = parent->opts;
	if (child->opts != &tcp_default_opts)
		child->opts->refcnt++;
}

/* Its own copy.  NULL: no memory */
static struct tcp_user_opts *tcp_opts_change(struct tcp_sock *tp)
{
	struct tcp_user_opts *o = tp->opts;

	if (o->refcnt == 1)
		return o;
	o = mem_alloc(tcp_net_of(tp)->mem, sizeof(*o));
	if (!o)
		return NULL;
	*o = *tp->opts;
	opts_put(tp);
	o->refcnt = 1;
	tp->opts = o;
	return o;
}

/* What is left of the new time counts from the last sign of life. */
static void set_keepidle(struct tcp_sock *tp, struct tcp_user_opts *o, int value)
{
	ktime_t now = tcp_net_of(tp)->now, last = tp->ack.lrcvtime > tp->rcv_tstamp ? tp->ack.lrcvtime : tp->rcv_tstamp;
	ktime_t left;

	o->keepalive_time_s = value;
	if (!sock_flag(&tp->inet.sk, SOCK_F_KEEPALIVE) || is_idle_state(tp))
		return;
	left = last + value * NSEC_PER_SEC - now;
	tcp_reset_keepalive_timer(tp, left > 0 ? left : 0);
}

static void set_linger2(struct tcp_user_opts *o, int value)
{
	o->linger2_s = value < 0 ? -1 : value > TCP_FIN_TIMEOUT_MAX_S ? TCP_FIN_TIMEOUT_MAX_S : value;
}

static void set_defer_accept(struct tcp_sock *tp, struct tcp_user_opts *o, int value)
{
	o->defer_accept = seconds_to_retrans(tp, value);
	if (tp->listener)
		tp->listener->defer_accept = tp->opts->defer_accept;
}

static int set_window_clamp(struct tcp_sock *tp, int value)
{
	u32 old = tp->window_clamp, new_clamp;

	if (!value) {
		if (tp->inet.sk.state != TCP_CLOSE)
			return -EINVAL;
		tp->window_clamp = 0;
		return 0;
	}
	new_clamp = value < (int)(SOCK_MIN_RCVBUF / 2) ? SOCK_MIN_RCVBUF / 2 : (u32)value;
	tp->window_clamp = new_clamp;
	if (new_clamp < old)
		tp->rcv_ssthresh = min_u32(tp->rcv_ssthresh, new_clamp);
	else if (new_clamp > old)
		tp->rcv_ssthresh = max_u32(min_u32(tp->rcv_wnd, new_clamp), tp->rcv_ssthresh);
	return 0;
}

/* An ACK that waits goes now.  An even number: but the next ones wait again. */
static void set_quickack(struct tcp_sock *tp, int value)
{
	u8 pingpong = (u8)tcp_sysctl(tp)->pingpong_thresh;

	if (!value) {
		tp->ack.pingpong = pingpong;
		return;
	}
	tp->ack.pingpong = 0;
	if (!(TCPF(tp->inet.sk.state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)) || !(tp->ack.pending & TCP_ACK_SCHED))
		return;
	tp->ack.pending |= TCP_ACK_PUSHED;
	tcp_cleanup_rbuf(tp, 1);
	if (!(value & 1))
		tp->ack.pingpong = pingpong;
}

static void set_fastopen(struct tcp_sock *tp, struct tcp_user_opts *o, int value)
{
	o->fastopen_max_qlen = min_u32((u32)value, (u32)tp->inet.sk.net->sock->somaxconn);
	if (tp->listener)
		tp->listener->fastopen_max_qlen = tp->opts->fastopen_max_qlen;
}

static int set_fastopen_connect(struct tcp_sock *tp, int value)
{
	if (value < 0 || value > 1)
		return -EINVAL;
	if (!(tcp_sysctl(tp)->fastopen & TFO_CLIENT_ENABLE))
		return -EOPNOTSUPP;
	if (tp->inet.sk.state != TCP_CLOSE)
		return -EINVAL;
	tp->fastopen_connect = value;
	return 0;
}

static void set_notsent_lowat(struct tcp_sock *tp, struct tcp_user_opts *o, int value)
{
	o->notsent_lowat = (u32)value;
	tcp_write_space(tp);
}

/* Who may not repair a connection, and nobody may, hears this. */
static int set_repair(const struct tcp_sock *tp, int name)
{
	if (name == TCP_REPAIR_OPTIONS || (name == TCP_QUEUE_SEQ && tp->inet.sk.state == TCP_CLOSE))
		return -EINVAL;
	return -EPERM;
}

/* A flat switch: those that few set.  @o: of this socket alone */
static void set_rare(struct tcp_sock *tp, struct tcp_user_opts *o, int name, int value)
{
	switch (name) {
	case TCP_KEEPIDLE:
		set_keepidle(tp, o, value);
		break;
	case TCP_KEEPINTVL:
		o->keepalive_intvl_s = value;
		break;
	case TCP_KEEPCNT:
		o->keepalive_probes = (u8)value;
		break;
	case TCP_LINGER2:
		set_linger2(o, value);
		break;
	case TCP_DEFER_ACCEPT:
		set_defer_accept(tp, o, value);
		break;
	case TCP_FASTOPEN:
		set_fastopen(tp, o, value);
		break;
	case TCP_NOTSENT_LOWAT:
		set_notsent_lowat(tp, o, value);
		break;
	case TCP_USER_TIMEOUT:
		o->user_timeout_ms = (u32)value;
		break;
	case TCP_SAVE_SYN:
		o->save_syn = (u8)value;
		break;
	case TCP_TX_DELAY:
		o->tx_delay_us = (u32)value;
		break;
	case TCP_RTO_MAX_MS:
		o->rto_max_set = ticks_up(value * NSEC_PER_MSEC);
		break;
	default: /* TCP_DELACK_MAX_US: is_rare() has no others */
		o->delack_max_set = ticks_up(value * NSEC_PER_USEC);
		break;
	}
}

/* A flat switch: options whose value has no rules beyond int_options[]. */
static int set_plain(struct tcp_sock *tp, int name, int value)
{
	switch (name) {
	case TCP_SYNCNT:
		tp->syn_retries = (u8)value;
		return 0;
	case TCP_THIN_LINEAR_TIMEOUTS:
		tp->thin_lto = value;
		return 0;
	case TCP_THIN_DUPACK: /* of old; takes its values, does nothing */
		return 0;
	case TCP_FASTOPEN_NO_COOKIE:
		tp->fastopen_no_cookie = value;
		return 0;
	case TCP_INQ:
		tp->recvmsg_inq = value;
		return 0;
	case TCP_RTO_MIN_US:
		tp->rto_min = ticks_up(value * NSEC_PER_USEC);
		return 0;
	default: /* TCP_INFO, TCP_CC_INFO, signatures, and what is not known */
		return -ENOPROTOOPT;
	}
}

/* A flat switch: those that do something, or have limits of their own. */
static int set_int(struct tcp_sock *tp, int name, int value)
{
	struct tcp_user_opts *o;

	if (!int_option_allows(tp, name, value))
		return -EINVAL;
	if (is_rare(name)) {
		o = tcp_opts_change(tp);
		if (!o)
			return -ENOMEM;
		set_rare(tp, o, name, value);
		return 0;
	}
	switch (name) {
	case TCP_NODELAY:
		tcp_set_nodelay(tp, value);
		return 0;
	case TCP_CORK:
		tcp_set_cork(tp, value);
		return 0;
	case TCP_MAXSEG:
		return set_maxseg(tp, value);
	case TCP_WINDOW_CLAMP:
		return set_window_clamp(tp, value);
	case TCP_QUICKACK:
		set_quickack(tp, value);
		return 0;
	case TCP_FASTOPEN_CONNECT:
		return set_fastopen_connect(tp, value);
	case TCP_REPAIR:
	case TCP_REPAIR_QUEUE:
	case TCP_QUEUE_SEQ:
	case TCP_REPAIR_OPTIONS:
	case TCP_TIMESTAMP: /* of a repaired one */
	case TCP_REPAIR_WINDOW:
	case TCP_AO_REPAIR:
		return set_repair(tp, name);
	default:
		return set_plain(tp, name, value);
	}
}

static int set_congestion(struct tcp_sock *tp, const void *value, socklen_t len_bytes)
{
	char name[TCP_CA_NAME_MAX] = "";

	if (!len_bytes)
		return -EINVAL;
	memcpy(name, value, min_size(len_bytes, sizeof(name) - 1));
	return tcp_set_congestion_control(tp, name, tp->inet.sk.admin);
}

static int set_fastopen_key(struct tcp_sock *tp, const void *value, socklen_t len_bytes)
{
	if (len_bytes != TCP_FASTOPEN_KEY_BYTES && len_bytes != 2 * TCP_FASTOPEN_KEY_BYTES)
		return -EINVAL;
	if (!tp->fastopen_ctx)
		tp->fastopen_ctx = mem_zalloc(tcp_net_of(tp)->mem, sizeof(*tp->fastopen_ctx));
	if (!tp->fastopen_ctx)
		return -ENOMEM;
	memcpy(tp->fastopen_ctx->key, value, len_bytes);
	tp->fastopen_ctx->count = len_bytes / TCP_FASTOPEN_KEY_BYTES;
	return 0;
}

static int set_ipv6(struct tcp_sock *tp, int level, int name, const void *value, socklen_t len_bytes)
{
	struct sock *sk = tcp_sock_of(tp);
	int err = ipv6_setsockopt(sk, level, name, value, len_bytes);

	if (err || sk->family == AF_INET) /* by IPV6_ADDRFORM */
		return err;
	tcp_v6_options_changed(tp);
	tp->reads_header = tp->inet.min_ttl || inet6_sk(sk)->min_hopcount || inet6_sk(sk)->rxopt_flags;
	return 0;
}

static int set_ip(struct tcp_sock *tp, int level, int name, const void *value, socklen_t len_bytes)
{
	int err;

	if (tp->inet.sk.family == AF_INET6 && level == IPPROTO_IPV6)
		return set_ipv6(tp, level, name, value, len_bytes);
	err = ip_setsockopt(tcp_sock_of(tp), level, name, value, len_bytes);
	if (!err && name == IP_OPTIONS)
		tcp_v4_options_changed(tp);
	if (!err && name == IP_MINTTL)
		tp->reads_header = tp->inet.min_ttl ||
				   (inet6_sk(tcp_sock_of(tp)) && inet6_sk(tcp_sock_of(tp))->rxopt_flags);
	return err;
}

int tcp_setsockopt(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int v;

	if (level != IPPROTO_TCP)
		return set_ip(tp, level, name, value, len_bytes);
	switch (name) {
	case TCP_CONGESTION:
		return set_congestion(tp, value, len_bytes);
	case TCP_ULP:
		return len_bytes ? -ENOENT : -EINVAL;
	case TCP_FASTOPEN_KEY:
		return set_fastopen_key(tp, value, len_bytes);
	case TCP_MD5SIG: /* RFC 2385: not spoken here */
	case TCP_MD5SIG_EXT:
		return len_bytes < TCP_MD5SIG_BYTES ? -EINVAL : -ENOPROTOOPT;
	default:
		break;
	}
	if (len_bytes < sizeof(v))
		return -EINVAL;
	memcpy(&v, value, sizeof(v));
	return set_int(tp, name, v);
}

void tcp_sockopt_destroy(struct tcp_sock *tp)
{
	struct mem *mem = tcp_net_of(tp)->mem;

	opts_put(tp);
	if (tp->fastopen_ctx)
		mem_free(mem, tp->fastopen_ctx, sizeof(*tp->fastopen_ctx));
	if (tp->saved_syn)
		mem_free(mem, tp->saved_syn, tp->saved_syn_bytes);
	tp->fastopen_ctx = NULL;
	tp->saved_syn = NULL;
}

/* ------------------------------------------------------------------ get */

static int get_maxseg(const struct tcp_sock *tp)
{
	return (int)(tp->rx_opt.user_mss && is_idle_state(tp) ? tp->rx_opt.user_mss : tp->mss_cache);
}

static int get_linger2(const struct tcp_sock *tp)
{
	return tp->opts->linger2_s ? tp->opts->linger2_s : tcp_sysctl(tp)->fin_timeout_s;
}

/* A flat switch over names.  Return: 0, or what the caller hears. */
static int get_int(const struct tcp_sock *tp, int name, int *v)
{
	const struct tcp_sysctls *ctl = tcp_sysctl(tp);

	switch (name) {
	case TCP_NODELAY:
		*v = !!(tp->nonagle & TCP_NAGLE_OFF);
		return 0;
	case TCP_CORK:
		*v = !!(tp->nonagle & TCP_NAGLE_CORK);
		return 0;
	case TCP_MAXSEG:
		*v = get_maxseg(tp);
		return 0;
	case TCP_KEEPIDLE:
		*v = tp->opts->keepalive_time_s ? tp->opts->keepalive_time_s : ctl->keepalive_time_s;
		return 0;
	case TCP_KEEPINTVL:
		*v = tp->opts->keepalive_intvl_s ? tp->opts->keepalive_intvl_s : ctl->keepalive_intvl_s;
		return 0;
	case TCP_KEEPCNT:
		*v = tp->opts->keepalive_probes ? tp->opts->keepalive_probes : ctl->keepalive_probes;
		return 0;
	case TCP_SYNCNT:
		*v = tp->syn_retries ? tp->syn_retries : ctl->syn_retries;
		return 0;
	case TCP_LINGER2:
		*v = get_linger2(tp);
		return 0;
	case TCP_DEFER_ACCEPT:
		*v = retrans_to_seconds(tp, tp->opts->defer_accept);
		return 0;
	case TCP_WINDOW_CLAMP:
		*v = (int)tp->window_clamp;
		return 0;
	case TCP_QUICKACK:
		*v = !tcp_in_pingpong(tp);
		return 0;
	case TCP_THIN_LINEAR_TIMEOUTS:
		*v = tp->thin_lto;
		return 0;
	case TCP_THIN_DUPACK:
	case TCP_REPAIR:
	case TCP_IS_MPTCP:
		*v = 0;
		return 0;
	case TCP_USER_TIMEOUT:
		*v = (int)tp->opts->user_timeout_ms;
		return 0;
	case TCP_FASTOPEN:
		*v = (int)tp->opts->fastopen_max_qlen;
		return 0;
	case TCP_TIMESTAMP:
		*v = (int)tcp_time_stamp(tp);
		return 0;
	case TCP_NOTSENT_LOWAT:
		*v = (int)tp->opts->notsent_lowat;
		return 0;
	case TCP_SAVE_SYN:
		*v = tp->opts->save_syn;
		return 0;
	case TCP_FASTOPEN_CONNECT:
		*v = tp->fastopen_connect;
		return 0;
	case TCP_FASTOPEN_NO_COOKIE:
		*v = tp->fastopen_no_cookie;
		return 0;
	case TCP_INQ:
		*v = tp->recvmsg_inq;
		return 0;
	case TCP_TX_DELAY:
		*v = (int)tp->opts->tx_delay_us;
		return 0;
	case TCP_RTO_MAX_MS:
		*v = (int)(tcp_rto_max(tp) / NSEC_PER_MSEC);
		return 0;
	case TCP_RTO_MIN_US:
		*v = (int)(tp->rto_min / NSEC_PER_USEC);
		return 0;
	case TCP_DELACK_MAX_US:
		*v = (int)(tcp_delack_max(tp) / NSEC_PER_USEC);
		return 0;
	case TCP_REPAIR_QUEUE:
	case TCP_QUEUE_SEQ:
		return -EINVAL;
	case TCP_AO_REPAIR:
		return -EPERM;
	default:
		return -ENOPROTOOPT;
	}
}

static int get_bytes(void *value, socklen_t *len_bytes, const void *from, size_t from_bytes)
{
	*len_bytes = (socklen_t)min_size(*len_bytes, from_bytes);
	if (*len_bytes)
		memcpy(value, from, *len_bytes);
	return 0;
}

static int get_info(const struct tcp_sock *tp, void *value, socklen_t *len_bytes)
{
	struct tcp_info info;

	tcp_get_info(tp, &info);
	return get_bytes(value, len_bytes, &info, sizeof(info));
}

static int get_cc_info(const struct tcp_sock *tp, void *value, socklen_t *len_bytes)
{
	u32 info[8] = { 0 }; /* more than union tcp_cc_info has */
	size_t info_bytes = 0;
	int attr;

	if (tp->ca_ops && tp->ca_ops->get_info)
		info_bytes = tp->ca_ops->get_info(tp, &attr, info);
	return get_bytes(value, len_bytes, info, info_bytes);
}

static int get_congestion(const struct tcp_sock *tp, void *value, socklen_t *len_bytes)
{
	char name[TCP_CA_NAME_MAX] = "";

	if (tp->ca_ops)
		memcpy(name, tp->ca_ops->name, min_size(strlen(tp->ca_ops->name), sizeof(name) - 1));
	return get_bytes(value, len_bytes, name, sizeof(name));
}

/* Told once. */
static int get_saved_syn(struct tcp_sock *tp, void *value, socklen_t *len_bytes)
{
	if (!tp->saved_syn) {
		*len_bytes = 0;
		return 0;
	}
	if (*len_bytes < tp->saved_syn_bytes) {
		*len_bytes = tp->saved_syn_bytes;
		return -EINVAL;
	}
	get_bytes(value, len_bytes, tp->saved_syn, tp->saved_syn_bytes);
	mem_free(tcp_net_of(tp)->mem, tp->saved_syn, tp->saved_syn_bytes);
	tp->saved_syn = NULL;
	return 0;
}

static int get_fastopen_key(const struct tcp_sock *tp, void *value, socklen_t *len_bytes)
{
	const struct tcp_fastopen_context *ctx = tp->fastopen_ctx;

	if (ctx)
		return get_bytes(value, len_bytes, ctx->key, ctx->count * TCP_FASTOPEN_KEY_BYTES);
	*len_bytes = 0;
	return 0;
}

static int get_ip(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes)
{
	if (sk->family == AF_INET6)
		return ipv6_getsockopt(sk, level, name, value, len_bytes);
	return ip_getsockopt(sk, level, name, value, len_bytes);
}

int tcp_getsockopt(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int v, err;

	if (level != IPPROTO_TCP)
		return get_ip(sk, level, name, value, len_bytes);
	switch (name) {
	case TCP_INFO:
		return get_info(tp, value, len_bytes);
	case TCP_CC_INFO:
		return get_cc_info(tp, value, len_bytes);
	case TCP_CONGESTION:
		return get_congestion(tp, value, len_bytes);
	case TCP_ULP:
		*len_bytes = 0;
		return 0;
	case TCP_SAVED_SYN:
		return get_saved_syn(tp, value, len_bytes);
	case TCP_FASTOPEN_KEY:
		return get_fastopen_key(tp, value, len_bytes);
	case TCP_REPAIR_WINDOW:
		return *len_bytes == TCP_REPAIR_WINDOW_BYTES ? -EPERM : -EINVAL;
	default:
		break;
	}
	err = get_int(tp, name, &v);
	return err ? err : get_bytes(value, len_bytes, &v, sizeof(v));
}

/* ------------------------------------------------------------------ options of SOL_SOCKET */

/* Data below the mark wakes nobody, so there must be room for it.  @linux tcp_set_rcvlowat */
static void set_rcvlowat(struct tcp_sock *tp)
{
	struct sock *sk = &tp->inet.sk;
	bool locked = sock_flag(sk, SOCK_F_RCVBUF_LOCK);
	u32 cap = (locked ? sk->rcvbuf_bytes : (u32)tcp_sysctl(tp)->rmem_bytes[2]) / 2, space;

	sk->rcvlowat = min_u32(sk->rcvlowat, cap);
	tcp_data_ready(tp);
	if (locked)
		return;
	space = tcp_space_from_win(tp, sk->rcvlowat);
	if (space > sk->rcvbuf_bytes) {
		sk->rcvbuf_bytes = space;
		tp->window_clamp = max_u32(tp->window_clamp, sk->rcvlowat);
	}
}

void tcp_socket_option(struct sock *sk, int name)
{
	struct tcp_sock *tp = tcp_sk(sk);

	switch (name) {
	case SO_KEEPALIVE:
		tcp_set_keepalive(tp, sock_flag(sk, SOCK_F_KEEPALIVE));
		break;
	case SO_TIMESTAMPING:
	case NH_SO_TIMESTAMPING_NEW:
		tcp_news_begin(tp);
		break;
	case SO_RCVLOWAT:
		set_rcvlowat(tp);
		break;
	case SO_SNDBUF:
	case SO_SNDBUFFORCE:
		tcp_write_space(tp);
		break;
	case SO_MAX_PACING_RATE:
		if (sk->max_pacing_rate != ~0ULL)
			tp->pacing_status = 1;
		if (tp->pacing_rate > sk->max_pacing_rate)
			tp->pacing_rate = sk->max_pacing_rate;
		break;
	default:
		break;
	}
}

void tcp_meminfo(const struct sock *sk, u32 *mem)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	mem[SK_MEMINFO_WMEM_QUEUED] = tp->wmem_queued_bytes;
}

/* ------------------------------------------------------------------ ioctl */

/* Up to an urgent octet that is not to be read in line; a FIN is none. */
u32 tcp_inq_bytes(const struct tcp_sock *tp)
{
	const struct sk_buff *last = skb_peek_tail(&tp->inet.sk.receive_queue);
	u32 end;

	if (!last)
		return 0;
	end = TCP_SKB_CB(last)->end_seq - !!(TCP_SKB_CB(last)->flags & TCPHDR_FIN);
	if (tp->urg_data && !sock_flag(&tp->inet.sk, SOCK_F_OOBINLINE) && !before(tp->urg_seq, tp->copied_seq) &&
	    before(tp->urg_seq, end))
		end = tp->urg_seq;
	return after(end, tp->copied_seq) ? end - tp->copied_seq : 0;
}

static u32 outq_bytes(const struct tcp_sock *tp, u32 from)
{
	return TCPF(tp->inet.sk.state) & (TCPF_SYN_SENT | TCPF_SYN_RECV) ? 0 : tp->write_seq - from;
}

int tcp_ioctl(struct sock *sk, unsigned long request, void *arg, size_t arg_bytes)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	bool listens = sk->state == TCP_LISTEN;
	u32 value;

	switch (request) {
	case SIOCINQ:
		value = tcp_inq_bytes(tp);
		break;
	case SIOCATMARK:
		listens = false;
		value = tp->urg_data && tp->urg_seq == tp->copied_seq;
		break;
	case SIOCOUTQ:
		value = outq_bytes(tp, tp->snd_una);
		break;
	case SIOCOUTQNSD:
		value = outq_bytes(tp, tp->snd_nxt);
		break;
	default:
		return -ENOTTY;
	}
	if (listens)
		return -EINVAL;
	if (arg_bytes < sizeof(value))
		return -EFAULT;
	memcpy(arg, &value, sizeof(value));
	return 0;
}
