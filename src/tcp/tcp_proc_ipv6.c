// SPDX-License-Identifier: BSD-2-Clause
/* TCP in /proc/net/tcp6 and sockstat6.  @linux net/ipv6/tcp_ipv6.c: tcp6_seq_show, net/ipv6/proc.c */
#include <string.h>

#include "tcp/tcp.h"
#include "tcp/tcp_proc_ipv4.h"

/* A connection of IPv4 is there as its program sees it, as ::ffff:a.b.c.d. */
static void put_addr6(struct seq_file *m, const struct tcp_conn *c, const union tcp_addr *a)
{
	u32 words[4] = { 0 };

	if (c->family == AF_INET6) {
		memcpy(words, a->v6, sizeof(words));
	} else {
		words[2] = (__force u32)CONST_BE32(0xffffU);
		words[3] = (__force u32)a->v4;
	}
	seq_printf(m, "%08X%08X%08X%08X", words[0], words[1], words[2], words[3]);
}

void tcp6_seq_show(struct seq_file *m, struct net *net)
{
	static const struct tcp_proc_file tcp6_file = {
		AF_INET6, 0,
		"  sl  local_address                         remote_address                        st tx_queue rx_queue "
		"tr tm->when retrnsmt   uid  timeout inode",
		put_addr6
	};

	tcp_seq_show(m, net, &tcp6_file);
}

static void count_conn(void *ctx, struct tcp_conn *c)
{
	*(u32 *)ctx += c->kind == TCP_CONN_SOCK && c->sk_family == AF_INET6;
}

static void count_listener(void *ctx, struct tcp_sock *tp)
{
	*(u32 *)ctx += tp->conn.sk_family == AF_INET6;
}

u32 tcp6_inuse_count(struct net *net)
{
	u32 inuse = 0;

	tcp_for_each_conn(net, count_conn, &inuse);
	tcp_for_each_listener(net, count_listener, &inuse);
	return inuse;
}
