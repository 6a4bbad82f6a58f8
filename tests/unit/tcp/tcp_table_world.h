/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP's tables alone: sockets that have ports and addresses, and no packet. */
#ifndef NETHOOD_TEST_TCP_TABLE_WORLD_H
#define NETHOOD_TEST_TCP_TABLE_WORLD_H

#include "../socket/sock_world.h"

#include <errno.h>

#include "ipv4/netns_ipv4.h"
#include "tcp/tcp_conn.h"

#define IP(a, b, c, d) CONST_BE32((u32)(a) << 24 | (u32)(b) << 16 | (u32)(c) << 8 | (u32)(d))
#define ANY CONST_BE32(0U)

struct table_world {
	struct world w;
	struct netns_ipv4 ipv4;
	struct tcp_net tcp;
};

static int table_init(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->bind_node = (struct hlist_node){ NULL, NULL };
	return 0;
}

static inline void table_unlisten(struct tcp_sock *tp)
{
	if (!tp->listener)
		return;
	tcp_listener_unhash(tp);
	mem_free(tcp_net_of(tp)->mem, tp->listener, sizeof(*tp->listener));
	tp->listener = NULL;
}

static void table_destroy(struct sock *sk)
{
	tcp_unhash(tcp_sk(sk));
	table_unlisten(tcp_sk(sk));
	tcp_put_port(tcp_sk(sk));
}

static const struct proto table_prot = {
	.name = "TABLE",
	.obj_bytes = sizeof(struct tcp_sock),
	.init = table_init,
	.destroy = table_destroy,
};

static int table_create(struct net *net, int type, int protocol, const struct proto **out)
{
	(void)net;
	(void)type;
	(void)protocol;
	*out = &table_prot;
	return 0;
}
static const struct net_proto_family table_family = { AF_INET, table_create };
static const struct net_proto_family *const table_families[] = { &table_family };

static inline void table_world_init(struct table_world *t)
{
	struct net *net = &t->w.net;

	world_init(&t->w);
	memset(&t->ipv4, 0, sizeof(t->ipv4));
	memset(&t->tcp, 0, sizeof(t->tcp));
	t->ipv4.ip_local_port_range[0] = 32768;
	t->ipv4.ip_local_port_range[1] = 60999;
	t->tcp.sysctl.max_tw_buckets = 1 << 20;
	t->tcp.sysctl.timestamps = 1;
	t->tcp.sysctl.tw_reuse = 2;
	t->tcp.sysctl.tw_reuse_delay_ms = 1000;
	net->ipv4 = &t->ipv4;
	net->tcp = &t->tcp;
	sock_register_families(net, table_families, 1);
	assert_int_equal(timer_wheel_create(net->mem, net->now, &net->timers), 0);
	tcp_hash_init(net);
}

static inline void table_world_fini(struct table_world *t)
{
	sock_net_close(&t->w.net);
	tcp_hash_exit(&t->w.net);
	timer_wheel_destroy(t->w.net.timers);
	world_fini(&t->w);
}

static inline struct tcp_sock *table_socket(struct table_world *t, __be32 addr)
{
	struct sock *sk;

	assert_int_equal(sock_create(&t->w.net, AF_INET, SOCK_STREAM, 0, &sk), 0);
	inet_sk(sk)->rcv_saddr = addr;
	tcp_sk(sk)->af = &tcp_ipv4_ops;
	tcp_sk(sk)->conn.family = AF_INET;
	tcp_sk(sk)->conn.rcv_saddr.v4 = addr;
	return tcp_sk(sk);
}

static inline int table_listen(struct tcp_sock *tp)
{
	int err;

	tcp_sock_of(tp)->state = TCP_LISTEN;
	err = tcp_get_port(tp, tp->inet.num);
	if (!err) {
		tp->listener = mem_zalloc(tcp_net_of(tp)->mem, sizeof(*tp->listener));
		err = tp->listener ? tcp_listener_hash(tp) : -ENOMEM;
		if (err && tp->listener) {
			mem_free(tcp_net_of(tp)->mem, tp->listener, sizeof(*tp->listener));
			tp->listener = NULL;
		}
	}
	if (err)
		tcp_sock_of(tp)->state = TCP_CLOSE;
	return err;
}

static inline int table_connect(struct tcp_sock *tp, __be32 from, __be32 to, u16 port)
{
	int err;

	tp->conn.rcv_saddr.v4 = from;
	tp->conn.daddr.v4 = to;
	tp->conn.dport = cpu_to_be16(port);
	err = tcp_hash_connect(tp);
	if (!err) {
		tp->inet.rcv_saddr = from;
		tp->inet.daddr = to;
		tcp_sock_of(tp)->state = TCP_ESTABLISHED;
	}
	return err;
}

/* table_timewait() - the connection ends, and waits */
static inline struct tcp_timewait_sock *table_timewait(struct tcp_sock *tp)
{
	struct tcp_timewait_sock *tw = tcp_timewait_create(tp, TCP_TIME_WAIT);

	sock_release(tcp_sock_of(tp));
	if (tw)
		tcp_timewait_schedule(tw, TCP_TIMEWAIT_LEN);
	return tw;
}

#endif
