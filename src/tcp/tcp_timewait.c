// SPDX-License-Identifier: BSD-2-Clause
/* TIME_WAIT: what is left of a connection that we closed first; its life.  What it answers is in tcp_minisocks.c.
 *
 * @rfc 9293 3.6.1, 6191   @linux net/ipv4/inet_timewait_sock.c, net/ipv4/tcp_ipv4.c: tcp_twsk_unique
 *
 * It has the connection's place in the table and its port, and a timer; no reference is held by anybody, so that it may go
 * at any time.  FIN_WAIT2 of a connection that nobody has open is kept in this form, too.
 */
#include <string.h>

#include "net.h"
#include "tcp/tcp_conn.h"

#define SHORT_WAIT (4 * NSEC_PER_SEC)

static void timewait_timer(struct timer *t)
{
	tcp_timewait_kill(container_of(t, struct tcp_timewait_sock, timer));
}

void tcp_timewait_kill(struct tcp_timewait_sock *tw)
{
	struct tcp_net *tn = tw->net->tcp;

	timer_delete(tw->net->timers, &tw->timer);
	tcp_ehash_remove(tw->net, &tw->conn);
	tcp_unbind_timewait(tw->net, tw);
	list_del_init(&tw->net_node);
	tn->timewait_count--;
	kmem_cache_free(&tn->timewait_cache, tw);
}

void tcp_timewait_schedule(struct tcp_timewait_sock *tw, ktime_t after)
{
	mod_timer(tw->net->timers, &tw->timer, tw->net->now + after);
}

static void timewait_fill(struct tcp_timewait_sock *tw, const struct tcp_sock *tp, enum tcp_state substate)
{
	const struct sock *sk = tcp_sock_of(tp);

	memset(tw, 0, sizeof(*tw));
	tw->net = tcp_net_of(tp);
	tw->conn = tp->conn;
	tw->conn.kind = TCP_CONN_TIMEWAIT;
	tw->conn.bound_dev_if = sk->bound_dev_if;
	tw->conn.hash = 0;
	tw->substate = (u8)substate;
	tw->reuse = sock_flag(sk, SOCK_F_REUSEADDR);
	tw->reuseport = sock_flag(sk, SOCK_F_REUSEPORT);
	tp->af->timewait_fill(tw, tp);
	tw->rcv_wscale = tp->rx_opt.rcv_wscale;
	tw->tstamp_ok = tp->rx_opt.tstamp_ok;
	tw->rcv_nxt = tp->rcv_nxt;
	tw->snd_nxt = tp->snd_nxt;
	tw->rcv_wnd = tcp_receive_window(tp);
	tw->ts_recent = tp->rx_opt.ts_recent;
	tw->ts_recent_stamp = tp->rx_opt.ts_recent_stamp;
	tw->ts_offset = tp->tsoffset;
	tw->began = tw->net->now;
	tw->mark = sk->mark;
	tw->priority = sk->priority;
}

struct tcp_timewait_sock *tcp_timewait_create(struct tcp_sock *tp, enum tcp_state substate)
{
	struct net *net = tcp_net_of(tp);
	struct tcp_net *tn = net->tcp;
	struct tcp_timewait_sock *tw;

	if (!tp->conn.hash || !tp->bind_bucket || tn->timewait_count >= (u32)tn->sysctl.max_tw_buckets)
		return NULL;
	tw = kmem_cache_alloc(&tn->timewait_cache);
	if (!tw)
		return NULL;
	timewait_fill(tw, tp, substate);
	timer_setup(&tw->timer, timewait_timer);
	INIT_LIST_HEAD(&tw->net_node);
	list_add_tail(&tw->net_node, &tn->timewaits);
	tn->timewait_count++;
	tcp_bind_timewait(tp, tw);
	tcp_ehash_replace(net, &tp->conn, &tw->conn);
	return tw;
}

static bool is_loopback(const struct tcp_conn *c)
{
	static const u8 loopback6[16] = { [15] = 1 };

	if (c->family == AF_INET)
		return be32_to_cpu(c->daddr.v4) >> 24 == 127 || be32_to_cpu(c->rcv_saddr.v4) >> 24 == 127;
	return !memcmp(c->daddr.v6, loopback6, 16) || !memcmp(c->rcv_saddr.v6, loopback6, 16);
}

/* Does net.ipv4.tcp_tw_reuse let connect(2) take it?  2: within this host only */
static bool reuse_allowed(const struct tcp_timewait_sock *tw)
{
	const struct tcp_sysctls *sysctl = &tw->net->tcp->sysctl;
	ktime_t delay = sysctl->tw_reuse_delay_ms * NSEC_PER_MSEC;

	if (!sysctl->tw_reuse || (sysctl->tw_reuse == 2 && !is_loopback(&tw->conn)))
		return false;
	return tw->net->now - tw->began > delay;
}

/* Timestamps tell old segments from new ones; so do sequence numbers that begin beyond all that were used.  One who bound
 * the port by himself knows what he does: he need not wait. */
bool tcp_twsk_unique(struct tcp_sock *tp, struct tcp_timewait_sock *tw)
{
	if (!tw->ts_recent_stamp)
		return false;
	if (!tp->inet.num && !reuse_allowed(tw))
		return false;
	if (tw->substate == TCP_FIN_WAIT2 && !tp->inet.num)
		return false;
	tp->write_seq = tw->snd_nxt + 65535 + 2;
	if (!tp->write_seq)
		tp->write_seq = 1;
	tp->rx_opt.ts_recent = tw->ts_recent;
	tp->rx_opt.ts_recent_stamp = tw->ts_recent_stamp;
	return true;
}
