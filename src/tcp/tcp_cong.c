// SPDX-License-Identifier: BSD-2-Clause
/* Congestion control: which algorithms there are, who may choose them, and Reno.
 *
 * @step S3 of S13   @rfc 5681, 3465   @linux net/ipv4/tcp_cong.c, tcp(7) on tcp_congestion_control
 *
 * Reading order: algorithms[], choosing one, the sysctls, slow start and additive increase, tcp_reno.  What calls an
 * algorithm after each ACK is tcp_cwnd.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net.h"
#include "tcp/tcp.h"

/* The order is that of tcp_available_congestion_control; the index is the bit in tcp_net.ca_allowed. */
static const struct tcp_congestion_ops *const algorithms[] = { &tcp_reno, &tcp_cubic, &tcp_bbr };
#define ALGORITHMS_COUNT ((u32)ARRAY_SIZE(algorithms))
static_assert(sizeof(((struct tcp_sock *)NULL)->ca_priv) == 104, "room for every algorithm's state");

static u32 index_of_name(const char *name, size_t len_bytes)
{
	for (u32 i = 0; i < ALGORITHMS_COUNT; i++) {
		if (strlen(algorithms[i]->name) == len_bytes && !memcmp(algorithms[i]->name, name, len_bytes))
			return i;
	}
	return ALGORITHMS_COUNT;
}

static u32 index_of(const struct tcp_congestion_ops *ca)
{
	return index_of_name(ca->name, strlen(ca->name));
}

const struct tcp_congestion_ops *tcp_ca_find(const char *name)
{
	u32 i = index_of_name(name, strlen(name));

	return i < ALGORITHMS_COUNT ? algorithms[i] : NULL;
}

/* ------------------------------------------------------------------ an algorithm for a connection */

void tcp_ca_assign(struct tcp_sock *tp)
{
	if (!tp->ca_setsockopt || !tp->ca_ops)
		tp->ca_ops = tcp_net_of(tp)->tcp->ca_default;
	tp->ca_initialized = false;
	memset(tp->ca_priv, 0, sizeof(tp->ca_priv));
}

void tcp_ca_start(struct tcp_sock *tp)
{
	tp->prior_ssthresh = 0;
	if (tp->ca_ops->init)
		tp->ca_ops->init(tp);
	tp->ca_initialized = true;
}

void tcp_ca_release(struct tcp_sock *tp)
{
	if (tp->ca_initialized && tp->ca_ops->release)
		tp->ca_ops->release(tp);
	tp->ca_initialized = false;
}

int tcp_set_congestion_control(struct tcp_sock *tp, const char *name, bool admin)
{
	const struct tcp_congestion_ops *ca = tcp_ca_find(name);

	if (!ca)
		return -ENOENT;
	if (ca != tp->ca_ops && !admin && !(tcp_net_of(tp)->tcp->ca_allowed >> index_of(ca) & 1))
		return -EPERM;
	tp->ca_setsockopt = true;
	if (ca == tp->ca_ops)
		return 0;
	/* Before the handshake is over tcp_ca_start() is still to come. */
	if (!tp->ca_initialized) {
		tp->ca_ops = ca;
		memset(tp->ca_priv, 0, sizeof(tp->ca_priv));
		return 0;
	}
	tcp_ca_release(tp);
	tp->ca_ops = ca;
	memset(tp->ca_priv, 0, sizeof(tp->ca_priv));
	tcp_ca_start(tp);
	return 0;
}

void tcp_set_ca_state(struct tcp_sock *tp, enum tcp_ca_state state)
{
	if (tp->ca_ops->set_state)
		tp->ca_ops->set_state(tp, state);
	if (unlikely(tp->rto_stamp && state != TCP_CA_Loss)) { /* a period of timeouts is over */
		tp->total_rto_time_ms += (u32)((tcp_net_of(tp)->now - tp->rto_stamp) / NSEC_PER_MSEC);
		tp->rto_stamp = 0;
	}
	tp->ca_state = (u8)state;
}

void tcp_ca_event(struct tcp_sock *tp, enum tcp_ca_event event)
{
	if (tp->ca_ops->cwnd_event)
		tp->ca_ops->cwnd_event(tp, event);
}

/* ------------------------------------------------------------------ net.ipv4.tcp_*congestion_control */

static int names_of(u32 set, char *buf, size_t size_bytes)
{
	size_t used = 0;

	if (!size_bytes)
		return -ENOSPC;
	buf[0] = 0;
	for (u32 i = 0; i < ALGORITHMS_COUNT; i++) {
		int len;

		if (!(set >> i & 1))
			continue;
		len = snprintf(buf + used, size_bytes - used, "%s%s", used ? " " : "", algorithms[i]->name);
		if ((size_t)len >= size_bytes - used)
			return -ENOSPC;
		used += (size_t)len;
	}
	return (int)used;
}

static int available_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	(void)dir;
	(void)e;
	return names_of(UINT32_MAX, buf, size_bytes);
}

static int allowed_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	const struct tcp_net *tn = dir->base;

	(void)e;
	return names_of(tn->ca_allowed, buf, size_bytes);
}

/* Names, each with one blank before the next; an empty one ends the list, as it does in Linux.  One that does not exist:
 * nothing changes. */
static int allowed_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	struct tcp_net *tn = dir->base;
	u32 set = 0;

	(void)e;
	for (;;) {
		size_t len = strcspn(value, " \n");
		u32 i = index_of_name(value, len);

		if (!len)
			break;
		if (i == ALGORITHMS_COUNT)
			return -ENOENT;
		set |= 1U << i;
		if (value[len] != ' ')
			break;
		value += len + 1;
	}
	tn->ca_allowed = set;
	return 0;
}

static int default_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	const struct tcp_net *tn = dir->base;

	(void)e;
	return names_of(1U << index_of(tn->ca_default), buf, size_bytes);
}

/* What everybody gets, everybody may choose. */
static int default_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	struct tcp_net *tn = dir->base;
	u32 i = index_of_name(value, strcspn(value, "\n"));

	(void)e;
	if (i == ALGORITHMS_COUNT)
		return -ENOENT;
	tn->ca_default = algorithms[i];
	tn->ca_allowed |= 1U << i;
	return 0;
}

static const struct ctl_table ca_table[] = {
	{ .name = "tcp_allowed_congestion_control", .type = SYSCTL_FN, .get = allowed_get, .set = allowed_set },
	{ .name = "tcp_available_congestion_control", .type = SYSCTL_FN, .get = available_get, .read_only = true },
	{ .name = "tcp_congestion_control", .type = SYSCTL_FN, .get = default_get, .set = default_set },
	{ 0 },
};

void tcp_ca_sysctl_init(struct net *net)
{
	struct tcp_net *tn = net->tcp;

	tn->ca_default = &tcp_cubic;
	tn->ca_allowed = 0;
	for (u32 i = 0; i < ALGORITHMS_COUNT; i++)
		tn->ca_allowed |= (u32)algorithms[i]->non_restricted << i;
	tn->ca_allowed |= 1U << index_of(tn->ca_default);
	snprintf(tn->ca_sysctl_dir.path, sizeof(tn->ca_sysctl_dir.path), "net.ipv4");
	tn->ca_sysctl_dir.table = ca_table;
	tn->ca_sysctl_dir.base = tn;
	register_sysctl(&net->sysctl, &tn->ca_sysctl_dir);
}

void tcp_ca_sysctl_exit(struct net *net)
{
	unregister_sysctl(&net->sysctl, &net->tcp->ca_sysctl_dir);
}

/* ------------------------------------------------------------------ what algorithms share */

/* Return: what of @acked lies beyond the slow start threshold. */
u32 tcp_slow_start(struct tcp_sock *tp, u32 acked)
{
	u32 room = tp->snd_ssthresh > tp->snd_cwnd ? tp->snd_ssthresh - tp->snd_cwnd : 0;
	u32 grow = min_u32(acked, room);

	tp->snd_cwnd = min_u32(tp->snd_cwnd + grow, tp->snd_cwnd_clamp);
	return acked - grow;
}

/* One segment more for every @w that were acked. */
void tcp_cong_avoid_ai(struct tcp_sock *tp, u32 w, u32 acked)
{
	u64 count = (u64)tp->snd_cwnd_cnt + acked, cwnd = tp->snd_cwnd;

	w = max_u32(w, 1);
	if (tp->snd_cwnd_cnt >= w) { /* @w has shrunk: what was counted for a larger one is one segment, no more */
		cwnd++;
		count = acked;
	}
	cwnd += count / w;
	tp->snd_cwnd_cnt = (u32)(count % w);
	tp->snd_cwnd = cwnd < tp->snd_cwnd_clamp ? (u32)cwnd : tp->snd_cwnd_clamp;
}

/* ------------------------------------------------------------------ Reno.  @rfc 5681 3.1 */

u32 tcp_reno_ssthresh(struct tcp_sock *tp)
{
	return max_u32(tp->snd_cwnd >> 1, 2);
}

static void tcp_reno_cong_avoid(struct tcp_sock *tp, u32 ack, u32 acked)
{
	(void)ack;
	if (!tcp_is_cwnd_limited(tp))
		return;
	if (tcp_in_slow_start(tp)) {
		acked = tcp_slow_start(tp, acked);
		if (!acked)
			return;
	}
	tcp_cong_avoid_ai(tp, tp->snd_cwnd, acked);
}

u32 tcp_reno_undo_cwnd(struct tcp_sock *tp)
{
	return max_u32(tp->snd_cwnd, tp->prior_cwnd);
}

const struct tcp_congestion_ops tcp_reno = {
	.name = "reno",
	.non_restricted = true,
	.ssthresh = tcp_reno_ssthresh,
	.cong_avoid = tcp_reno_cong_avoid,
	.undo_cwnd = tcp_reno_undo_cwnd,
};
