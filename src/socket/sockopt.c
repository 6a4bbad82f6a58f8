// SPDX-License-Identifier: BSD-2-Clause
/* Options of level SOL_SOCKET, with the answers that Linux gives.
 *
 * @linux socket(7), net/core/sock.c: sk_setsockopt, sk_getsockopt
 *
 * Reading order: flag_options[] (options that are one bit), int_setsockopt(), sock_setsockopt(), sock_getsockopt().
 */
#include <errno.h>
#include <limits.h>
#include <linux/net_tstamp.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "socket/filter.h"
#include "socket/netns_sock.h"
#include "socket/sock.h"
#include "socket/sock_names.h"

#define TCP_CLOSE_STATE 7
#define TCP_LISTEN_STATE 10

static bool is_tcp(const struct sock *sk)
{
	return sk->type == SOCK_STREAM && sk->protocol == 6;
}

enum option_class {
	OPTION_ANY,
	OPTION_ADMIN, /* -EPERM without CAP_NET_ADMIN */
	OPTION_DEBUG, /* turning it on: -EACCES without */
	OPTION_INET,  /* -EOPNOTSUPP on other families */
};

/* Options that are one bit of sk->flags. */
static const struct flag_option {
	int name;
	enum option_class class;
	u32 flag;
} flag_options[] = {
	{ SO_DEBUG, OPTION_DEBUG, SOCK_F_DBG },          { SO_REUSEADDR, OPTION_ANY, SOCK_F_REUSEADDR },
	{ SO_REUSEPORT, OPTION_INET, SOCK_F_REUSEPORT }, { SO_DONTROUTE, OPTION_ANY, SOCK_F_DONTROUTE },
	{ SO_BROADCAST, OPTION_ANY, SOCK_F_BROADCAST },  { SO_KEEPALIVE, OPTION_ANY, SOCK_F_KEEPALIVE },
	{ SO_OOBINLINE, OPTION_ANY, SOCK_F_OOBINLINE },  { SO_NO_CHECK, OPTION_ANY, SOCK_F_NO_CHECK },
	{ SO_RXQ_OVFL, OPTION_ANY, SOCK_F_RXQ_OVFL },    { SO_WIFI_STATUS, OPTION_ANY, SOCK_F_WIFI_STATUS },
	{ SO_NOFCS, OPTION_ANY, SOCK_F_NOFCS },          { SO_SELECT_ERR_QUEUE, OPTION_ANY, SOCK_F_SELECT_ERR_QUEUE },
	{ NH_SO_RCVMARK, OPTION_ADMIN, SOCK_F_RCVMARK }, { NH_SO_RCVPRIORITY, OPTION_ADMIN, SOCK_F_RCVPRIORITY },
};

static const struct flag_option *flag_option_find(int name)
{
	for (u32 i = 0; i < ARRAY_SIZE(flag_options); i++) {
		if (flag_options[i].name == name)
			return &flag_options[i];
	}
	return NULL;
}

static void flag_assign(struct sock *sk, u32 flag, bool on)
{
	sk->flags = on ? sk->flags | flag : sk->flags & ~flag;
}

static int flag_option_set(struct sock *sk, const struct flag_option *o, int value)
{
	if (o->class == OPTION_ADMIN && !sk->admin)
		return -EPERM;
	if (o->class == OPTION_DEBUG && value && !sk->admin)
		return -EACCES;
	if (o->class == OPTION_INET && value && sk->family != AF_INET && sk->family != AF_INET6)
		return -EOPNOTSUPP;
	flag_assign(sk, o->flag, value);
	return 0;
}

/* ------------------------------------------------------------------ set */

static int set_sndbuf(struct sock *sk, int value, bool force)
{
	u32 bytes;

	if (force && !sk->admin)
		return -EPERM;
	if (force && value < 0)
		value = 0;
	bytes = force ? (u32)value : min_u32((u32)value, (u32)sk->net->sock->wmem_max);
	bytes = min_u32(bytes, INT_MAX / 2);
	sk->flags |= SOCK_F_SNDBUF_LOCK;
	sk->sndbuf_bytes = max_u32(bytes * 2, SOCK_MIN_SNDBUF);
	sk_wake(sk, EPOLLOUT);
	return 0;
}

static int set_rcvbuf(struct sock *sk, int value, bool force)
{
	u32 bytes;

	if (force && !sk->admin)
		return -EPERM;
	if (force && value < 0)
		value = 0;
	bytes = force ? (u32)value : min_u32((u32)value, (u32)sk->net->sock->rmem_max);
	bytes = min_u32(bytes, INT_MAX / 2);
	sk->flags |= SOCK_F_RCVBUF_LOCK;
	sk->rcvbuf_bytes = max_u32(bytes * 2, SOCK_MIN_RCVBUF);
	return 0;
}

static int set_priority(struct sock *sk, int value)
{
	if ((value < 0 || value > 6) && !sk->admin)
		return -EPERM;
	sk->priority = (u32)value;
	return 0;
}

static int set_timestamp(struct sock *sk, int name, int value)
{
	bool new = name == NH_SO_TIMESTAMP_NEW || name == NH_SO_TIMESTAMPNS_NEW;
	bool ns = name == SO_TIMESTAMPNS || name == NH_SO_TIMESTAMPNS_NEW;

	flag_assign(sk, SOCK_F_TIMESTAMP, value);
	flag_assign(sk, SOCK_F_TIMESTAMPNS, value && ns);
	if (value)
		flag_assign(sk, SOCK_F_TSTAMP_NEW, new);
	return 0;
}

static int set_timestamping(struct sock *sk, int name, int value)
{
	const u32 known = (1U << 19) - 1; /* SOF_TIMESTAMPING_MASK: up to OPT_RX_FILTER and TX_COMPLETION */
	u32 flags = (u32)value;

	if (flags & ~known)
		return -EINVAL;
	if ((flags & (1U << 16) /* OPT_ID_TCP */) && !(flags & SOF_TIMESTAMPING_OPT_ID))
		return -EINVAL;
	if ((flags & SOF_TIMESTAMPING_OPT_ID) && !(sk->tsflags & SOF_TIMESTAMPING_OPT_ID)) {
		if (is_tcp(sk) && (sk->state == TCP_CLOSE_STATE || sk->state == TCP_LISTEN_STATE))
			return -EINVAL; /* octets are counted from the first one on, and there is none yet */
		sk->tskey = 0;          /* of a stream: tcp_socket_option() */
	}
	if ((flags & SOF_TIMESTAMPING_OPT_STATS) && !(flags & SOF_TIMESTAMPING_OPT_TSONLY))
		return -EINVAL;
	if (flags & (1U << 15) /* BIND_PHC: no device has a clock */)
		return -EOPNOTSUPP;
	sk->tsflags = flags;
	flag_assign(sk, SOCK_F_TSTAMP_NEW, name == NH_SO_TIMESTAMPING_NEW);
	flag_assign(sk, SOCK_F_TIMESTAMPING, flags & SOF_TIMESTAMPING_RX_SOFTWARE);
	if (sk->prot->route_changed)
		sk->prot->route_changed(sk); /* headers that are ready do not ask for the time */
	return 0;
}

static int set_linger(struct sock *sk, const void *value, socklen_t len_bytes)
{
	struct linger l;

	if (len_bytes < sizeof(l))
		return -EINVAL;
	memcpy(&l, value, sizeof(l));
	flag_assign(sk, SOCK_F_LINGER, l.l_onoff);
	if (l.l_onoff)
		sk->linger_s = l.l_linger < 0 ? INT_MAX : l.l_linger;
	return 0;
}

static int set_timeo(ktime_t *timeo, const void *value, socklen_t len_bytes)
{
	struct timeval tv;

	if (len_bytes < sizeof(tv))
		return -EINVAL;
	memcpy(&tv, value, sizeof(tv));
	if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return -EDOM;
	if (tv.tv_sec < 0)
		*timeo = 0;
	else if ((!tv.tv_sec && !tv.tv_usec) || tv.tv_sec >= KTIME_MAX / NSEC_PER_SEC - 1)
		*timeo = KTIME_MAX;
	else
		*timeo = tv.tv_sec * NSEC_PER_SEC + tv.tv_usec * NSEC_PER_USEC;
	return 0;
}

static int bind_device(struct sock *sk, int ifindex)
{
	if (sk->bound_dev_if && !sk->admin)
		return -EPERM;
	if (ifindex < 0)
		return -EINVAL;
	sk->bound_dev_if = ifindex;
	return 0;
}

static int set_bindtodevice(struct sock *sk, const void *value, socklen_t len_bytes)
{
	char name[16] = "";
	int ifindex;

	memcpy(name, value, min_size(len_bytes, sizeof(name) - 1));
	if (!name[0])
		return bind_device(sk, 0);
	ifindex = sk->net->sock->dev_ops->ifindex(sk->net, name);
	return ifindex ? bind_device(sk, ifindex) : -ENODEV;
}

static int set_filter(struct sock *sk, const void *value, socklen_t len_bytes)
{
	struct sock_fprog prog;

	if (len_bytes != sizeof(prog))
		return -EINVAL;
	if (sock_flag(sk, SOCK_F_FILTER_LOCKED))
		return -EPERM;
	memcpy(&prog, value, sizeof(prog));
	return sk_filter_attach(sk, &prog);
}

static int del_filter(struct sock *sk)
{
	if (sock_flag(sk, SOCK_F_FILTER_LOCKED))
		return -EPERM;
	if (!sk->filter)
		return -ENOENT;
	sk_filter_detach(sk);
	return 0;
}

static int lock_filter(struct sock *sk, int value)
{
	if (sock_flag(sk, SOCK_F_FILTER_LOCKED) && !value)
		return -EPERM;
	flag_assign(sk, SOCK_F_FILTER_LOCKED, value);
	return 0;
}

static int set_busy_poll(struct sock *sk, int name, int value)
{
	switch (name) {
	case SO_BUSY_POLL:
		if (value < 0)
			return -EINVAL;
		if ((u32)value > sk->busy_poll_us && !sk->admin)
			return -EPERM;
		sk->busy_poll_us = (u32)value;
		return 0;
	case NH_SO_PREFER_BUSY_POLL:
		if (value && !sk->admin)
			return -EPERM;
		flag_assign(sk, SOCK_F_PREFER_BUSY_POLL, value);
		return 0;
	default:
		if (value > sk->busy_poll_budget && !sk->admin)
			return -EPERM;
		if (value < 0 || value > USHRT_MAX)
			return -EINVAL;
		sk->busy_poll_budget = (u16)value;
		return 0;
	}
}

static int set_txtime(struct sock *sk, const void *value, socklen_t len_bytes)
{
	u32 v[2];

	if (len_bytes != sizeof(v))
		return -EINVAL;
	memcpy(v, value, sizeof(v));
	if ((v[1] & ~3U) || (v[0] != 0 && v[0] != 1 && v[0] != 11 /* CLOCK_TAI */))
		return -EINVAL;
	if (v[0] != 1 /* CLOCK_MONOTONIC */ && !sk->admin)
		return -EPERM;
	sk->flags |= SOCK_F_TXTIME;
	sk->txtime_clock = (u8)v[0];
	sk->txtime_flags = (u8)v[1];
	return 0;
}

static int set_peek_off(struct sock *sk, int value)
{
	if (!sk->prot->may_peek_off)
		return -EOPNOTSUPP;
	sk->peek_off = value;
	return 0;
}

static int set_buf_lock(struct sock *sk, int value)
{
	if (value & ~3)
		return -EINVAL;
	flag_assign(sk, SOCK_F_SNDBUF_LOCK, value & 1);
	flag_assign(sk, SOCK_F_RCVBUF_LOCK, value & 2);
	return 0;
}

/* May a connection that loses packets look for another path?  Of datagrams each finds its own. */
static int set_txrehash(struct sock *sk, int value)
{
	if (!is_tcp(sk))
		return -EOPNOTSUPP;
	if (value < -1 || value > 1)
		return -EINVAL;
	flag_assign(sk, SOCK_F_NO_TXREHASH, value == -1 ? !sk->net->sock->txrehash : !value);
	return 0;
}

static int set_max_pacing_rate(struct sock *sk, const void *value, socklen_t len_bytes, int small)
{
	sk->max_pacing_rate = (u32)small == ~0U ? ~0ULL : (u32)small;
	if (len_bytes == sizeof(u64))
		memcpy(&sk->max_pacing_rate, value, sizeof(u64));
	return 0;
}

/* Options of AF_UNIX and AF_NETLINK. */
static int set_pass(struct sock *sk, int name, int value)
{
	static const struct {
		int name;
		u32 flag;
		bool netlink;
	} passes[] = {
		{ SO_PASSCRED, SOCK_F_PASSCRED, true },
		{ SO_PASSSEC, SOCK_F_PASSSEC, false },
		{ NH_SO_PASSPIDFD, SOCK_F_PASSPIDFD, true },
	};

	for (u32 i = 0; i < ARRAY_SIZE(passes); i++) {
		if (passes[i].name != name)
			continue;
		if (sk->family != AF_NETLINK)
			return -EOPNOTSUPP;
		flag_assign(sk, passes[i].flag, value);
		return 0;
	}
	return -EOPNOTSUPP;
}

/* A flat switch over names whose value is an int. */
static int int_setsockopt(struct sock *sk, int name, int value)
{
	switch (name) {
	case SO_SNDBUF:
	case SO_SNDBUFFORCE:
		return set_sndbuf(sk, value, name == SO_SNDBUFFORCE);
	case SO_RCVBUF:
	case SO_RCVBUFFORCE:
		return set_rcvbuf(sk, value, name == SO_RCVBUFFORCE);
	case SO_PRIORITY:
		return set_priority(sk, value);
	case SO_TIMESTAMP:
	case SO_TIMESTAMPNS:
	case NH_SO_TIMESTAMP_NEW:
	case NH_SO_TIMESTAMPNS_NEW:
		return set_timestamp(sk, name, value);
	case SO_RCVLOWAT:
		sk->rcvlowat = value < 0 ? INT_MAX : value ? (u32)value : 1;
		return 0;
	case SO_MARK:
		if (!sk->admin)
			return -EPERM;
		sk->mark = (u32)value;
		return 0;
	case SO_BINDTOIFINDEX:
		return bind_device(sk, value); /* it need not be there yet */
	case SO_DETACH_FILTER:                 /* also SO_DETACH_BPF */
		return del_filter(sk);
	case SO_LOCK_FILTER:
		return lock_filter(sk, value);
	case SO_BUSY_POLL:
	case NH_SO_PREFER_BUSY_POLL:
	case NH_SO_BUSY_POLL_BUDGET:
		return set_busy_poll(sk, name, value);
	case SO_INCOMING_CPU:
		sk->incoming_cpu = value;
		return 0;
	case SO_PEEK_OFF:
		return set_peek_off(sk, value);
	case NH_SO_BUF_LOCK:
		return set_buf_lock(sk, value);
	case NH_SO_TXREHASH:
		return set_txrehash(sk, value);
	case NH_SO_RESERVE_MEM:
		return value < 0 ? -EINVAL : -EOPNOTSUPP; /* memory is not counted per group of processes */
	case SO_ZEROCOPY:
		if ((sk->family != AF_INET && sk->family != AF_INET6) || (sk->protocol != 6 && sk->protocol != 17))
			return -EOPNOTSUPP;
		if (value < 0 || value > 1)
			return -EINVAL;
		flag_assign(sk, SOCK_F_ZEROCOPY, value);
		return 0;
	case SO_CNX_ADVICE:
		return value == 1 && sk->prot->confirm ? sk->prot->confirm(sk) : 0;
	case SO_PASSCRED:
	case SO_PASSSEC:
	case NH_SO_PASSPIDFD:
	case NH_SO_PASSRIGHTS:
		return set_pass(sk, name, value);
	case SO_BSDCOMPAT:
		return 0;
	default: /* SO_TYPE, SO_PROTOCOL, SO_DOMAIN, SO_ERROR, SO_SNDLOWAT, and what is not known */
		return -ENOPROTOOPT;
	}
}

static int socket_setsockopt(struct sock *sk, int name, const void *value, socklen_t len_bytes)
{
	const struct flag_option *flag = flag_option_find(name);
	int v;

	if (name == SO_BINDTODEVICE)
		return set_bindtodevice(sk, value, len_bytes);
	if (len_bytes < sizeof(v))
		return -EINVAL;
	memcpy(&v, value, sizeof(v));
	if (flag)
		return flag_option_set(sk, flag, v);
	switch (name) {
	case SO_LINGER:
		return set_linger(sk, value, len_bytes);
	case SO_RCVTIMEO:
	case NH_SO_RCVTIMEO_NEW:
		return set_timeo(&sk->rcvtimeo, value, len_bytes);
	case SO_SNDTIMEO:
	case NH_SO_SNDTIMEO_NEW:
		return set_timeo(&sk->sndtimeo, value, len_bytes);
	case SO_ATTACH_FILTER:
		return set_filter(sk, value, len_bytes);
	case SO_TIMESTAMPING:
	case NH_SO_TIMESTAMPING_NEW:
		return set_timestamping(sk, name, v);
	case SO_MAX_PACING_RATE:
		return set_max_pacing_rate(sk, value, len_bytes, v);
	case SO_TXTIME:
		return set_txtime(sk, value, len_bytes);
	default:
		return int_setsockopt(sk, name, v);
	}
}

/* Options that a route was found by, or that headers depend on. */
static bool option_moves_route(int name)
{
	return name == SO_BINDTODEVICE || name == SO_BINDTOIFINDEX || name == SO_MARK || name == SO_DONTROUTE ||
	       name == SO_NO_CHECK;
}

int sock_setsockopt(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes)
{
	if ((int)len_bytes < 0)
		return -EINVAL;
	if (len_bytes && !value)
		return -EFAULT;
	if (level == SOL_SOCKET) {
		int err = socket_setsockopt(sk, name, value, len_bytes);

		if (!err && sk->prot->route_changed && option_moves_route(name))
			sk->prot->route_changed(sk);
		if (!err && sk->prot->socket_option)
			sk->prot->socket_option(sk, name);
		return err;
	}
	return sk->prot->setsockopt ? sk->prot->setsockopt(sk, level, name, value, len_bytes) : -ENOPROTOOPT;
}

/* ------------------------------------------------------------------ get */

/* option_value - what an option answers, before it is cut to the caller's length */
union option_value {
	int i;
	u32 u[2];
	u64 q;
	struct linger linger;
	struct timeval tv;
	struct ucred ucred;
	u32 meminfo[SK_MEMINFO_VARS];
};

static void get_timeo(ktime_t timeo, struct timeval *tv)
{
	memset(tv, 0, sizeof(*tv));
	if (timeo == KTIME_MAX)
		return;
	tv->tv_sec = timeo / NSEC_PER_SEC;
	tv->tv_usec = timeo % NSEC_PER_SEC / NSEC_PER_USEC;
}

void sock_meminfo(const struct sock *sk, u32 *mem)
{
	memset(mem, 0, SK_MEMINFO_VARS * sizeof(mem[0]));
	mem[SK_MEMINFO_RMEM_ALLOC] = sk->rmem_alloc_bytes;
	mem[SK_MEMINFO_RCVBUF] = sk->rcvbuf_bytes;
	mem[SK_MEMINFO_WMEM_ALLOC] = sk->wmem_alloc_bytes;
	mem[SK_MEMINFO_SNDBUF] = sk->sndbuf_bytes;
	mem[SK_MEMINFO_OPTMEM] = sk->optmem_bytes;
	mem[SK_MEMINFO_DROPS] = (u32)sk->drops;
	if (sk->prot->meminfo)
		sk->prot->meminfo(sk, mem);
}

static int get_bindtodevice(const struct sock *sk, void *value, socklen_t *len_bytes)
{
	char name[16];
	socklen_t name_bytes;

	if (!sk->bound_dev_if) {
		*len_bytes = 0;
		return 0;
	}
	if (*len_bytes < sizeof(name))
		return -EINVAL;
	if (sk->net->sock->dev_ops->ifname(sk->net, sk->bound_dev_if, name))
		return -ENODEV;
	name_bytes = (socklen_t)strlen(name) + 1;
	memcpy(value, name, name_bytes);
	*len_bytes = name_bytes;
	return 0;
}

/* Length is counted in instructions here; 0 asks for it. */
static int get_filter(const struct sock *sk, void *value, socklen_t *len_bytes)
{
	u32 insns = sk->filter ? sk->filter->len : 0;

	if (*len_bytes && insns) {
		if (*len_bytes < insns)
			return -EINVAL;
		memcpy(value, sk->filter->insns, insns * sizeof(struct sock_filter));
	}
	*len_bytes = insns;
	return 0;
}

static int get_peername(struct sock *sk, void *value, socklen_t *len_bytes)
{
	struct sockaddr_storage addr;
	int len = sk->prot->getname ? sk->prot->getname(sk, &addr, true) : -EOPNOTSUPP;

	if (len < 0)
		return -ENOTCONN;
	if ((socklen_t)len < *len_bytes)
		return -EINVAL;
	memcpy(value, &addr, *len_bytes);
	return 0;
}

static int get_error(struct sock *sk)
{
	int err = -sock_error(sk);

	if (!err) {
		err = sk->err_soft;
		sk->err_soft = 0;
	}
	return err;
}

static int get_timestamp(const struct sock *sk, int name)
{
	bool new = name == NH_SO_TIMESTAMP_NEW || name == NH_SO_TIMESTAMPNS_NEW;
	bool ns = name == SO_TIMESTAMPNS || name == NH_SO_TIMESTAMPNS_NEW;

	return sock_flag(sk, SOCK_F_TIMESTAMP) && sock_flag(sk, SOCK_F_TIMESTAMPNS) == ns &&
	       sock_flag(sk, SOCK_F_TSTAMP_NEW) == new;
}

/* Options whose answer is not an int.  Return: length, 0: none of these, -errno */
static int wide_getsockopt(struct sock *sk, int name, union option_value *v, socklen_t len_bytes)
{
	switch (name) {
	case SO_LINGER:
		v->linger = (struct linger){ sock_flag(sk, SOCK_F_LINGER), sk->linger_s };
		return sizeof(v->linger);
	case SO_RCVTIMEO:
	case NH_SO_RCVTIMEO_NEW:
		get_timeo(sk->rcvtimeo, &v->tv);
		return sizeof(v->tv);
	case SO_SNDTIMEO:
	case NH_SO_SNDTIMEO_NEW:
		get_timeo(sk->sndtimeo, &v->tv);
		return sizeof(v->tv);
	case SO_TIMESTAMPING:
	case NH_SO_TIMESTAMPING_NEW:
		if (sock_flag(sk, SOCK_F_TSTAMP_NEW) == (name == NH_SO_TIMESTAMPING_NEW) || !sk->tsflags)
			v->u[0] = sk->tsflags;
		return sizeof(v->u);
	case SO_PEERCRED:
		v->ucred.uid = (uid_t)-1;
		v->ucred.gid = (gid_t)-1;
		return sizeof(v->ucred);
	case SO_MAX_PACING_RATE:
		if (len_bytes >= sizeof(v->q)) {
			v->q = sk->max_pacing_rate;
			return sizeof(v->q);
		}
		v->u[0] = sk->max_pacing_rate > ~0U ? ~0U : (u32)sk->max_pacing_rate;
		return sizeof(v->i);
	case SO_MEMINFO:
		sock_meminfo(sk, v->meminfo);
		return sizeof(v->meminfo);
	case SO_COOKIE:
		v->q = sk->cookie;
		return len_bytes < sizeof(v->q) ? -EINVAL : (int)sizeof(v->q);
	case NH_SO_NETNS_COOKIE:
		v->q = sk->net->sock->netns_cookie;
		return len_bytes != sizeof(v->q) ? -EINVAL : (int)sizeof(v->q);
	case SO_TXTIME:
		v->u[0] = sk->txtime_clock;
		v->u[1] = sk->txtime_flags;
		return sizeof(v->u);
	default:
		return 0;
	}
}

/* A flat switch over names whose answer is an int. */
static int int_getsockopt(struct sock *sk, int name, int *v)
{
	switch (name) {
	case SO_SNDBUF:
		*v = (int)sk->sndbuf_bytes;
		return 0;
	case SO_RCVBUF:
		*v = (int)sk->rcvbuf_bytes;
		return 0;
	case SO_TYPE:
		*v = sk->type;
		return 0;
	case SO_PROTOCOL:
		*v = sk->protocol;
		return 0;
	case SO_DOMAIN:
		*v = sk->family;
		return 0;
	case SO_ERROR:
		*v = get_error(sk);
		return 0;
	case SO_PRIORITY:
		*v = (int)sk->priority;
		return 0;
	case SO_TIMESTAMP:
	case SO_TIMESTAMPNS:
	case NH_SO_TIMESTAMP_NEW:
	case NH_SO_TIMESTAMPNS_NEW:
		*v = get_timestamp(sk, name);
		return 0;
	case SO_RCVLOWAT:
		*v = (int)sk->rcvlowat;
		return 0;
	case SO_SNDLOWAT:
		*v = 1;
		return 0;
	case SO_ACCEPTCONN:
		*v = sk->state == TCP_LISTEN_STATE;
		return 0;
	case SO_MARK:
		*v = (int)sk->mark;
		return 0;
	case SO_PEEK_OFF:
		*v = sk->peek_off;
		return sk->prot->may_peek_off ? 0 : -EOPNOTSUPP;
	case SO_LOCK_FILTER:
		*v = sock_flag(sk, SOCK_F_FILTER_LOCKED);
		return 0;
	case SO_BPF_EXTENSIONS:
		*v = SKF_AD_MAX;
		return 0;
	case SO_BUSY_POLL:
		*v = (int)sk->busy_poll_us;
		return 0;
	case NH_SO_PREFER_BUSY_POLL:
		*v = sock_flag(sk, SOCK_F_PREFER_BUSY_POLL);
		return 0;
	case SO_INCOMING_CPU:
		*v = sk->incoming_cpu;
		return 0;
	case SO_INCOMING_NAPI_ID:
	case SO_BSDCOMPAT:
	case NH_SO_RESERVE_MEM:
		*v = 0;
		return 0;
	case SO_ZEROCOPY:
		*v = sock_flag(sk, SOCK_F_ZEROCOPY);
		return 0;
	case SO_BINDTOIFINDEX:
		*v = sk->bound_dev_if;
		return 0;
	case NH_SO_BUF_LOCK:
		*v = (sock_flag(sk, SOCK_F_SNDBUF_LOCK) ? 1 : 0) | (sock_flag(sk, SOCK_F_RCVBUF_LOCK) ? 2 : 0);
		return 0;
	case NH_SO_TXREHASH:
		*v = !sock_flag(sk, SOCK_F_NO_TXREHASH);
		return is_tcp(sk) ? 0 : -EOPNOTSUPP;
	case SO_PASSCRED:
		*v = sock_flag(sk, SOCK_F_PASSCRED);
		return sk->family == AF_NETLINK ? 0 : -EOPNOTSUPP;
	case NH_SO_PASSPIDFD:
		*v = sock_flag(sk, SOCK_F_PASSPIDFD);
		return sk->family == AF_NETLINK ? 0 : -EOPNOTSUPP;
	case SO_PASSSEC:
	case NH_SO_PASSRIGHTS:
		return -EOPNOTSUPP;
	case SO_PEERGROUPS:
	case NH_SO_PEERPIDFD:
		return -ENODATA;
	default:
		return -ENOPROTOOPT;
	}
}

static int socket_getsockopt(struct sock *sk, int name, void *value, socklen_t *len_bytes)
{
	const struct flag_option *flag = flag_option_find(name);
	union option_value v;
	int len;

	memset(&v, 0, sizeof(v));
	switch (name) {
	case SO_BINDTODEVICE:
		return get_bindtodevice(sk, value, len_bytes);
	case SO_GET_FILTER: /* also SO_ATTACH_FILTER */
		return get_filter(sk, value, len_bytes);
	case SO_PEERNAME:
		return get_peername(sk, value, len_bytes);
	default:
		break;
	}
	len = wide_getsockopt(sk, name, &v, *len_bytes);
	if (len < 0)
		return len;
	if (!len) {
		int err = 0;

		len = sizeof(v.i);
		if (flag)
			v.i = sock_flag(sk, flag->flag);
		else
			err = int_getsockopt(sk, name, &v.i);
		if (err)
			return err;
	}
	*len_bytes = min_u32(*len_bytes, (u32)len);
	memcpy(value, &v, *len_bytes);
	return 0;
}

int sock_getsockopt(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes)
{
	if (!len_bytes)
		return -EFAULT;
	if ((int)*len_bytes < 0)
		return -EINVAL;
	if (*len_bytes && !value)
		return -EFAULT;
	if (level == SOL_SOCKET)
		return socket_getsockopt(sk, name, value, len_bytes);
	return sk->prot->getsockopt ? sk->prot->getsockopt(sk, level, name, value, len_bytes) : -ENOPROTOOPT;
}
