// SPDX-License-Identifier: BSD-2-Clause
/* What ss(8) asks, where diag_twin_test.c cannot look: TCP in every state at once, answers in pieces of every size, filters
 * that are wrong in every way, those who may not, and no memory.
 */
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "ask.h"

#include "netlink/inet_diag.h"
#include "socket/netns_sock.h"
#include "tcp/tcp_conn.h"

#define LISTEN_PORT 7777
#define ALL_STATES ~0U
#define HEAD sizeof(struct inet_diag_req_v2)
#define TCP_CONGESTION 13 /* linux/tcp.h, which has a tcphdr of its own */

/* ------------------------------------------------------------------ asking */

static struct nethood_sock *diag_socket(struct world *w, bool admin)
{
	struct nethood_sock *sk;

	assert_int_equal(nethood_socket(w->public_net, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG, &sk), 0);
	nethood_sock_set_admin(sk, admin);
	return sk;
}

static struct inet_diag_req_v2 *diag_begin(struct ask *a, u16 type, u16 flags, u8 protocol)
{
	struct inet_diag_req_v2 *req = begin(a, type, flags, HEAD);

	req->sdiag_family = AF_INET;
	req->sdiag_protocol = protocol;
	req->idiag_ext = 0xff;
	req->idiag_states = ALL_STATES;
	req->id.idiag_cookie[0] = req->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	return req;
}

static u32 answers(const struct ask *a)
{
	u32 n = 0;

	while (message(a, SOCK_DIAG_BY_FAMILY, n))
		n++;
	return n;
}

static const struct inet_diag_msg *answer_in_state(const struct ask *a, u8 state)
{
	const struct nlmsghdr *m;

	for (u32 i = 0; (m = message(a, SOCK_DIAG_BY_FAMILY, i)); i++) {
		const struct inet_diag_msg *d = mnl_nlmsg_get_payload(m);

		if (d->idiag_state == state)
			return d;
	}
	return NULL;
}

/* One dump by a program of its own, read in pieces.  Return: the last word */
static int dump(struct world *w, struct ask *a, u8 protocol, bool admin, size_t piece_bytes)
{
	struct nethood_sock *sk = diag_socket(w, admin);
	int err;

	diag_begin(a, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, protocol);
	err = ask(a, sk, piece_bytes);
	nethood_close(sk);
	return err;
}

static void name_it(struct inet_diag_req_v2 *req, const struct inet_diag_msg *m)
{
	req->id = m->id;
}

/* ------------------------------------------------------------------ connections in all states */

struct conns {
	struct nethood_sock *listener, *full, *full_peer, *idle, *idle_peer, *bound;
};

static struct sockaddr_in at(__be32 ip, u16 port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = cpu_to_be16(port), .sin_addr.s_addr = ip };
}

static struct nethood_sock *stream(struct world *w)
{
	struct nethood_sock *sk;

	assert_int_equal(nethood_socket(w->public_net, AF_INET, SOCK_STREAM, 0, &sk), 0);
	return sk;
}

static void connected(struct world *w, struct nethood_sock *listener, struct nethood_sock **sk,
		      struct nethood_sock **peer)
{
	struct sockaddr_in to = at(CONST_BE32(0x7f000001U), LISTEN_PORT);

	*sk = stream(w);
	assert_int_equal(nethood_connect(*sk, (struct sockaddr *)&to, sizeof(to)), -EINPROGRESS);
	world_run(w, NSEC_PER_MSEC);
	assert_int_equal(nethood_accept(listener, peer, NULL, NULL), 0);
}

static void set(struct nethood_sock *sk, int level, int name, int value)
{
	assert_int_equal(nethood_setsockopt(sk, level, name, &value, sizeof(value)), 0);
}

/* A SYN from elsewhere: nobody answers what we answer. */
static void syn(struct world *w, u32 from, u16 port)
{
	struct iphdr ip = { .version = 4,
			    .ihl = 5,
			    .ttl = 64,
			    .protocol = IPPROTO_TCP,
			    .tot_len = CONST_BE16(40),
			    .saddr = cpu_to_be32(from),
			    .daddr = OUR_IP };
	u8 frame[ETH_HLEN + 40], tcp[20] = { (u8)(port >> 8),
					     (u8)port,
					     LISTEN_PORT >> 8,
					     LISTEN_PORT & 255,
					     0,
					     0,
					     0,
					     1,
					     0,
					     0,
					     0,
					     0,
					     5 << 4,
					     TCPHDR_SYN,
					     255,
					     255 };
	__be16 check = csum_tcpudp_magic(ip.saddr, OUR_IP, 20, IPPROTO_TCP, csum_partial(tcp, 20, 0));

	memcpy(tcp + 16, &check, sizeof(check));
	ip_send_check(&ip);
	eth_build((struct ethhdr *)frame, OUR_MAC, PEER_MAC, CONST_BE16(ETH_P_IP));
	memcpy(frame + ETH_HLEN, &ip, sizeof(ip));
	memcpy(frame + ETH_HLEN + sizeof(ip), tcp, sizeof(tcp));
	assert_int_equal(nethood_dev_receive(w->public_dev, frame, sizeof(frame)), 0);
}

/* A world of connections: who listens; one whose peer has no window; one that asks whether its peer lives; one that waits
 * for old segments; one that half is. */
static void conns_init(struct world *w, struct conns *c)
{
	struct sockaddr_in any = at((__force __be32)0U, LISTEN_PORT), bound = at(OUR_IP, 8888);
	static u8 much[1 << 20];
	struct nethood_sock *a, *b;

	world_init(w);
	c->listener = stream(w);
	set(c->listener, SOL_SOCKET, SO_RCVBUF, 4096);
	assert_int_equal(nethood_bind(c->listener, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(nethood_listen(c->listener, 4000), 0);
	connected(w, c->listener, &c->full, &c->full_peer);
	assert_int_equal(nethood_setsockopt(c->full, IPPROTO_TCP, TCP_CONGESTION, "bbr", 3), 0);
	assert_true(nethood_sendto(c->full, much, sizeof(much), 0, NULL, 0) > 0);
	connected(w, c->listener, &c->idle, &c->idle_peer);
	set(c->idle, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(c->idle, SOL_SOCKET, SO_MARK, 9);
	connected(w, c->listener, &a, &b);
	nethood_close(a);
	world_run(w, 100 * NSEC_PER_MSEC);
	nethood_close(b);
	world_run(w, 2 * NSEC_PER_SEC);
	c->bound = stream(w);
	assert_int_equal(nethood_bind(c->bound, (struct sockaddr *)&bound, sizeof(bound)), 0);
	syn(w, 0x0a4d0005, 1000);
	world_run(w, NSEC_PER_MSEC);
}

static void conns_fini(struct world *w, const struct conns *c)
{
	nethood_close(c->full);
	nethood_close(c->full_peer);
	nethood_close(c->idle);
	nethood_close(c->idle_peer);
	nethood_close(c->bound);
	nethood_close(c->listener);
	world_fini(w);
}

static void every_state_has_its_line(void **state)
{
	static const struct {
		const char *sentence;
		u8 state, timer;
	} rows[] = {
		{ "who listens", TCP_LISTEN, 0 },
		{ "a SYN that was answered", TCP_SYN_RECV, 1 },
		{ "what waits for old segments to die", TCP_TIME_WAIT, 3 },
		{ "who is only bound", TCP_CLOSE, 0 },
	};
	static struct ask a;
	struct conns c;
	struct world w;
	u32 timers = 0;

	(void)state;
	conns_init(&w, &c);
	assert_int_equal(dump(&w, &a, IPPROTO_TCP, true, 32768), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct inet_diag_msg *m = answer_in_state(&a, rows[i].state);

		if (!m || m->idiag_timer != rows[i].timer)
			fail_msg("%s: %s", rows[i].sentence, m ? "another timer" : "is not told of");
	}
	for (u32 i = 0; i < answers(&a); i++) {
		const struct inet_diag_msg *m = mnl_nlmsg_get_payload(message(&a, SOCK_DIAG_BY_FAMILY, i));

		timers |= m->idiag_state == TCP_ESTABLISHED ? 1U << m->idiag_timer : 0;
	}
	assert_int_equal(timers, 1U << 0 | 1U << 2 | 1U << 4);              /* none, keep-alive, probes of a window */
	nethood_set_time(w.public_net, (u64)(w.now + 3600 * NSEC_PER_SEC)); /* all is due, and nothing has run */
	assert_int_equal(dump(&w, &a, IPPROTO_TCP, true, 32768), 0);
	assert_int_equal(answer_in_state(&a, TCP_TIME_WAIT)->idiag_expires, 0);
	w.now += 3600 * NSEC_PER_SEC;
	conns_fini(&w, &c);
}

static void only_an_administrator_sees_marks(void **state)
{
	static struct ask a;
	struct conns c;
	struct world w;

	(void)state;
	conns_init(&w, &c);
	for (int admin = 0; admin < 2; admin++) {
		assert_int_equal(dump(&w, &a, IPPROTO_TCP, admin, 32768), 0);
		for (u32 i = 0; i < answers(&a); i++)
			assert_int_equal(attr_of(message(&a, SOCK_DIAG_BY_FAMILY, i), sizeof(struct inet_diag_msg),
						 INET_DIAG_MARK) != NULL,
					 admin);
	}
	conns_fini(&w, &c);
}

static void what_was_not_asked_for_is_not_told(void **state)
{
	struct nethood_sock *sk;
	static struct ask a;
	struct conns c;
	struct world w;
	u32 with_info = 0;

	(void)state;
	conns_init(&w, &c);
	sk = diag_socket(&w, true);
	diag_begin(&a, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, IPPROTO_TCP)->idiag_ext = 1U << (INET_DIAG_INFO - 1);
	assert_int_equal(ask(&a, sk, 32768), 0);
	for (u32 i = 0; i < answers(&a); i++) {
		const struct nlmsghdr *m = message(&a, SOCK_DIAG_BY_FAMILY, i);

		with_info += attr_of(m, sizeof(struct inet_diag_msg), INET_DIAG_INFO) != NULL;
		assert_null(attr_of(m, sizeof(struct inet_diag_msg), INET_DIAG_CONG));
		assert_null(attr_of(m, sizeof(struct inet_diag_msg), INET_DIAG_BBRINFO));
	}
	assert_true(with_info >= 4);
	nethood_close(sk);
	conns_fini(&w, &c);
}

/* ------------------------------------------------------------------ pieces */

static struct nethood_sock *raw_socket(struct world *w, int protocol)
{
	struct nethood_sock *sk;

	assert_int_equal(nethood_socket(w->public_net, AF_INET, SOCK_RAW, protocol, &sk), 0);
	return sk;
}

/* Whichever attribute a piece ends in, the whole is the same. */
static void pieces_of_every_size_are_the_same(void **state)
{
	static const u8 protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_RAW };
	struct nethood_sock *sk[3][48];
	static struct ask all, a;
	struct conns c;
	struct world w;

	(void)state;
	conns_init(&w, &c);
	for (u32 i = 0; i < ARRAY_SIZE(sk[0]); i++) {
		struct sockaddr_in bound = at(OUR_IP, (u16)(2000 + i));

		sk[0][i] = stream(&w);
		if (i & 1)
			set(sk[0][i], SOL_SOCKET, SO_REUSEADDR, 1);
		assert_int_equal(nethood_bind(sk[0][i], (struct sockaddr *)&bound, sizeof(bound)), 0);
		if (i & 2)
			assert_int_equal(nethood_listen(sk[0][i], 5), 0);
		sk[1][i] = udp_socket(&w);
		assert_int_equal(nethood_bind(sk[1][i], (struct sockaddr *)&bound, sizeof(bound)), 0);
		sk[2][i] = raw_socket(&w, 200 + (int)i);
		syn(&w, 0x0a4d0010 + i, 1000);
	}
	world_run(&w, NSEC_PER_MSEC);
	for (u32 p = 0; p < ARRAY_SIZE(protocols); p++) {
		assert_int_equal(dump(&w, &all, protocols[p], true, 32768), 0);
		assert_true(answers(&all) >= ARRAY_SIZE(sk[0]));
		for (size_t piece = PIECE_MIN; piece < PIECE_MIN + 1400; piece += 4) {
			assert_int_equal(dump(&w, &a, protocols[p], true, piece), 0);
			assert_int_equal(a.answer_bytes, all.answer_bytes);
			assert_int_equal(answers(&a), answers(&all));
		}
	}
	for (u32 i = 0; i < ARRAY_SIZE(sk[0]); i++) {
		for (u32 p = 0; p < 3; p++)
			nethood_close(sk[p][i]);
	}
	conns_fini(&w, &c);
}

/* Connections alone, in a table so large that one piece of work does not see it all, and finds nothing in it. */
static void a_large_table_takes_many_turns(void **state)
{
	enum { MANY = 9000 };
	struct nethood_sock *sk;
	static struct ask a;
	struct conns c;
	struct world w;
	u32 turns = 0;

	(void)state;
	conns_init(&w, &c);
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.tcp_max_syn_backlog", "20000"), 0);
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.core.somaxconn", "20000"), 0);
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.tcp_syncookies", "0"), 0);
	assert_int_equal(nethood_listen(c.listener, 20000), 0);
	for (u32 i = 0; i < MANY; i++) {
		syn(&w, 0x0a4d0010 + i % 8, (u16)(1024 + i));
		if (i % 64 == 63)
			world_settle(&w);
		w.frames_count = w.frames_seen = 0;
	}
	world_settle(&w);
	sk = diag_socket(&w, true);
	diag_begin(&a, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, IPPROTO_TCP)->idiag_states = 1U << TCP_CLOSE_WAIT;
	ask(&a, sk, 32768);
	for (; a.err == 1 && turns < 100; turns++) {
		nethood_poll(w.public_net, (u64)++w.now);
		read_all(&a, sk, 32768);
	}
	assert_int_equal(a.err, 0);
	assert_in_range(turns, 1, 10);
	assert_int_equal(answers(&a), 0);
	nethood_close(sk);
	w.frames_count = 0;
	nethood_close(c.listener);
	c.listener = stream(&w);
	conns_fini(&w, &c);
}

/* ------------------------------------------------------------------ one of them */

static int about(struct world *w, struct ask *a, u16 type, u8 protocol, const struct inet_diag_msg *m, u8 raw_protocol)
{
	struct nethood_sock *sk = diag_socket(w, true);
	struct inet_diag_req_v2 *req = diag_begin(a, type, 0, protocol);
	int err;

	name_it(req, m);
	req->pad = raw_protocol;
	err = ask(a, sk, 32768);
	nethood_close(sk);
	return err;
}

static void each_can_be_asked_for_and_ended(void **state)
{
	static const u8 states[] = { TCP_SYN_RECV, TCP_TIME_WAIT, TCP_ESTABLISHED, TCP_LISTEN };
	static struct ask all, a;
	struct conns c;
	struct world w;

	(void)state;
	conns_init(&w, &c);
	for (u32 i = 0; i < ARRAY_SIZE(states); i++) {
		struct inet_diag_msg m;

		assert_int_equal(dump(&w, &all, IPPROTO_TCP, true, 32768), 0);
		m = *answer_in_state(&all, states[i]);
		assert_true(about(&w, &a, SOCK_DIAG_BY_FAMILY, IPPROTO_TCP, &m, 0) >= 0);
		assert_non_null(answer_in_state(&a, states[i]));
		m.id.idiag_cookie[0]++;
		assert_int_equal(about(&w, &a, SOCK_DIAG_BY_FAMILY, IPPROTO_TCP, &m, 0), -ENOENT);
		assert_int_equal(about(&w, &a, SOCK_DESTROY, IPPROTO_TCP, &m, 0), -ENOENT);
		m.id.idiag_cookie[0]--;
		m.id.idiag_cookie[1]++;
		assert_int_equal(about(&w, &a, SOCK_DESTROY, IPPROTO_TCP, &m, 0), -ENOENT);
		m.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
		m.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE - 1;
		assert_int_equal(about(&w, &a, SOCK_DESTROY, IPPROTO_TCP, &m, 0), -ENOENT);
		m.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
		m.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE - 1;
		assert_int_equal(about(&w, &a, SOCK_DESTROY, IPPROTO_TCP, &m, 0), -ENOENT);
		m.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
		assert_int_equal(about(&w, &a, SOCK_DESTROY, IPPROTO_TCP, &m, 0), 0);
		world_run(&w, NSEC_PER_MSEC);
		assert_int_equal(dump(&w, &all, IPPROTO_TCP, true, 32768), 0);
		assert_true(states[i] == TCP_ESTABLISHED || !answer_in_state(&all, states[i]));
	}
	conns_fini(&w, &c);
}

static void a_connection_of_another_family_is_not_listed(void **state)
{
	static struct ask a;
	struct conns c;
	struct world w;
	u32 before;

	(void)state;
	conns_init(&w, &c);
	assert_int_equal(dump(&w, &a, IPPROTO_TCP, true, 32768), 0);
	before = answers(&a);
	tcp_sk((struct sock *)c.idle)->conn.sk_family = AF_INET6;
	((struct sock *)c.listener)->family = AF_INET6;
	assert_int_equal(dump(&w, &a, IPPROTO_TCP, true, 32768), 0);
	assert_int_equal(answers(&a), before - 2);
	tcp_sk((struct sock *)c.idle)->conn.sk_family = AF_INET;
	((struct sock *)c.listener)->family = AF_INET;
	conns_fini(&w, &c);
}

static void udp_that_is_not_meant_lives_on(void **state)
{
	const struct sockaddr_in us = at(OUR_IP, 5000);
	struct inet_diag_msg m = { .id = { .idiag_sport = CONST_BE16(5000), .idiag_dst[0] = 0 } };
	struct nethood_sock *sk;
	static struct ask a;
	struct world w;

	(void)state;
	world_init(&w);
	sk = udp_socket(&w);
	assert_int_equal(nethood_bind(sk, (const struct sockaddr *)&us, sizeof(us)), 0);
	m.id.idiag_src[0] = (__force u32)OUR_IP;
	m.id.idiag_dst[0] = (__force u32)PEER_IP;
	assert_int_equal(about(&w, &a, SOCK_DESTROY, IPPROTO_UDP, &m, 0), -ENOENT); /* another cookie */
	m.id.idiag_cookie[0] = m.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	assert_int_equal(about(&w, &a, SOCK_DESTROY, IPPROTO_UDP, &m, 0), 0);
	nethood_close(sk);
	world_fini(&w);
}

/* A raw socket is found by its protocol, and by what it is bound and connected to. */
static void raw_sockets_are_found_by_what_they_are(void **state)
{
	static const struct {
		const char *sentence;
		u8 protocol;
		__be32 src, dst;
		bool dev;
		u64 cookie; /**< 0: any */
		int err;
	} rows[] = {
		{ "all that it is", 200, OUR_IP, PEER_IP, true, 0, 1 },
		{ "another protocol", 201, OUR_IP, PEER_IP, true, 0, -ENOENT },
		{ "another peer", 200, OUR_IP, OTHER_IP, true, 0, -ENOENT },
		{ "another address of ours", 200, OTHER_IP, PEER_IP, true, 0, -ENOENT },
		{ "another device", 200, OUR_IP, PEER_IP, false, 0, -ENOENT },
		{ "another socket", 200, OUR_IP, PEER_IP, true, 12345, -ENOENT },
		{ "one that is bound to nothing", 210, OTHER_IP, OTHER_IP, false, 0, 1 },
	};
	const struct sockaddr_in us = at(OUR_IP, 0), peer = at(PEER_IP, 0);
	struct nethood_sock *bound, *free_one;
	static struct ask a;
	struct world w;

	(void)state;
	world_init(&w);
	bound = raw_socket(&w, 200);
	free_one = raw_socket(&w, 210);
	assert_int_equal(nethood_setsockopt(bound, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5), 0);
	assert_int_equal(nethood_bind(bound, (const struct sockaddr *)&us, sizeof(us)), 0);
	assert_int_equal(nethood_connect(bound, (const struct sockaddr *)&peer, sizeof(peer)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct inet_diag_msg m = { .id = { .idiag_if = rows[i].dev ? (u32)w.dev->ifindex : 0 } };
		int err;

		m.id.idiag_src[0] = (__force u32)rows[i].src;
		m.id.idiag_dst[0] = (__force u32)rows[i].dst;
		m.id.idiag_cookie[0] = rows[i].cookie ? (u32)rows[i].cookie : INET_DIAG_NOCOOKIE;
		m.id.idiag_cookie[1] = rows[i].cookie ? (u32)(rows[i].cookie >> 32) : INET_DIAG_NOCOOKIE;
		err = about(&w, &a, SOCK_DIAG_BY_FAMILY, IPPROTO_RAW, &m, rows[i].protocol);
		if ((err < 0 ? err : 1) != rows[i].err)
			fail_msg("%s: %d", rows[i].sentence, err);
	}
	nethood_close(bound);
	nethood_close(free_one);
	world_fini(&w);
}

/* ------------------------------------------------------------------ filters that are wrong */

#define OP(code, yes, no) (code), (yes), (no)&255, (no) >> 8
#define NOP INET_DIAG_BC_NOP
#define JMP INET_DIAG_BC_JMP
#define AUTO INET_DIAG_BC_AUTO

static void filters_are_audited(void **state)
{
	static const struct {
		const char *sentence;
		u8 len;
		u8 code[24];
		bool user;
		int err;
	} rows[] = {
		{ "two octets too many", 6, { OP(NOP, 4, 8), 0, 0 }, false, -EINVAL },
		{ "on to a place beyond the end", 4, { OP(NOP, 8, 8) }, false, -EINVAL },
		{ "on to an odd place", 8, { OP(NOP, 6, 8), OP(NOP, 4, 8) }, false, -EINVAL },
		{ "a jump to the next condition", 8, { OP(JMP, 4, 4), OP(NOP, 4, 8) }, false, 0 },
		{ "a jump over one that goes nowhere",
		  12,
		  { OP(AUTO, 4, 8), OP(NOP, 0, 8), OP(NOP, 4, 8) },
		  false,
		  -EINVAL },
		{ "a jump over one that goes to an odd place",
		  12,
		  { OP(AUTO, 4, 8), OP(NOP, 6, 8), OP(NOP, 4, 8) },
		  false,
		  -EINVAL },
		{ "a jump over one that goes too far",
		  12,
		  { OP(AUTO, 4, 8), OP(NOP, 16, 8), OP(NOP, 4, 8) },
		  false,
		  -EINVAL },
		{ "an address of which nothing is there",
		  8,
		  { OP(INET_DIAG_BC_S_COND, 8, 12), 0, 0, 0, 0 },
		  false,
		  -EINVAL },
		{ "a mark, of an administrator",
		  12,
		  { OP(INET_DIAG_BC_MARK_COND, 12, 16), 5, 0, 0, 0, 255 },
		  false,
		  0 },
		{ "a mark, of another", 12, { OP(INET_DIAG_BC_MARK_COND, 12, 16), 5, 0, 0, 0, 255 }, true, -EPERM },
		{ "a group of processes", 12, { OP(INET_DIAG_BC_CGROUP_COND, 12, 16) }, false, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int err = inet_diag_bc_audit(rows[i].code, rows[i].len, !rows[i].user);

		if (err != rows[i].err)
			fail_msg("%s: %d", rows[i].sentence, err);
	}
}

/* Whatever the audit let through: it stays within the program. */
static void a_filter_runs_within_its_octets(void **state)
{
	static const struct {
		const char *sentence;
		u8 len;
		u8 code[16];
		bool wants;
	} rows[] = {
		{ "a step of nothing", 4, { OP(NOP, 0, 4) }, false },
		{ "a step beyond the end", 4, { OP(NOP, 8, 4) }, false },
		{ "to a port of another address",
		  12,
		  { OP(INET_DIAG_BC_D_COND, 12, 16), AF_UNSPEC, 0, 0, 0, 80 },
		  true },
		{ "from such a port", 12, { OP(INET_DIAG_BC_S_COND, 12, 16), AF_UNSPEC, 0, 0, 0, 80 }, false },
	};
	const struct diag_entry e = { .family = AF_INET, .sport = 9, .dport = 80 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (inet_diag_bc_run(rows[i].code, rows[i].len, &e) != rows[i].wants)
			fail_msg("%s", rows[i].sentence);
	}
}

/* ------------------------------------------------------------------ requests that are odd */

static int send_odd(struct world *w, struct ask *a, bool admin)
{
	struct nethood_sock *sk = diag_socket(w, admin);
	int err = ask(a, sk, 32768);

	nethood_close(sk);
	return err;
}

static void odd_requests_are_refused(void **state)
{
	struct inet_diag_req *old;
	static struct ask a;
	struct world w;

	(void)state;
	world_init(&w);
	begin(&a, SOCK_DIAG_BY_FAMILY, 0, 0);
	assert_int_equal(send_odd(&w, &a, true), -EINVAL); /* not even a family */
	diag_begin(&a, SOCK_DESTROY, 0, IPPROTO_TCP);
	assert_int_equal(send_odd(&w, &a, false), -EPERM);
	diag_begin(&a, SOCK_DIAG_BY_FAMILY, 0, 77);
	assert_int_equal(send_odd(&w, &a, true), -ENOENT);
	diag_begin(&a, SOCK_DIAG_BY_FAMILY, 0, IPPROTO_TCP)->sdiag_family = AF_INET6;
	assert_int_equal(send_odd(&w, &a, true), -ENOENT);
	diag_begin(&a, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, IPPROTO_UDP); /* a protocol that does not fit in its octet */
	mnl_attr_put_u32(a.nlh, INET_DIAG_REQ_PROTOCOL, 262);
	assert_int_equal(send_odd(&w, &a, true), -ENOENT);
	diag_begin(&a, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, IPPROTO_UDP);
	mnl_attr_put_u16(a.nlh, INET_DIAG_REQ_PROTOCOL, 262); /* too short: not seen */
	assert_int_equal(send_odd(&w, &a, true), 0);
	old = begin(&a, TCPDIAG_GETSOCK, NLM_F_DUMP, sizeof(*old));
	old->idiag_family = AF_INET;
	old->idiag_states = ALL_STATES;
	assert_int_equal(send_odd(&w, &a, true), 0);
	world_fini(&w);
}

static void without_memory_an_answer_says_so(void **state)
{
	static struct ask a;
	struct conns c;
	struct world w;
	u32 refused = 0;

	(void)state;
	conns_init(&w, &c);
	for (u32 i = 1; i < 8; i++) {
		struct nethood_sock *sk = diag_socket(&w, true);
		struct inet_diag_req_v2 *req = diag_begin(&a, SOCK_DIAG_BY_FAMILY, 0, IPPROTO_TCP);

		req->id.idiag_sport = CONST_BE16(LISTEN_PORT);
		w.alloc_count = 0;
		w.fail_at = i;
		if (nethood_sendto(sk, a.nlh, a.nlh->nlmsg_len, 0, NULL, 0) > 0) {
			w.fail_at = 0;
			refused += read_all(&a, sk, 32768) == -ENOBUFS;
		}
		w.fail_at = 0;
		nethood_close(sk);
	}
	assert_true(refused);
	conns_fini(&w, &c);
}

/* ------------------------------------------------------------------ two programs with one number */

static void a_number_is_of_one_protocol(void **state)
{
	const struct sockaddr_nl name = { .nl_family = AF_NETLINK, .nl_pid = 77 };
	struct nethood_sock *route, *diag, *to;
	struct world w;
	ssize_t sent = 0;

	(void)state;
	world_init(&w);
	route = netlink_socket(&w);
	assert_int_equal(nethood_bind(route, (const struct sockaddr *)&name, sizeof(name)), 0);
	diag = diag_socket(&w, true);
	assert_int_equal(nethood_sendto(diag, "x", 1, 0, (const struct sockaddr *)&name, sizeof(name)), -ECONNREFUSED);
	to = diag_socket(&w, true);
	assert_int_equal(nethood_bind(to, (const struct sockaddr *)&name, sizeof(name)), 0);
	for (u32 i = 0; i < 10000 && sent >= 0; i++) /* until it has no room */
		sent = nethood_sendto(diag, "x", 1, 0, (const struct sockaddr *)&name, sizeof(name));
	assert_int_equal(sent, -EAGAIN);
	nethood_close(route);
	nethood_close(diag);
	nethood_close(to);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_has_its_line),
		cmocka_unit_test(only_an_administrator_sees_marks),
		cmocka_unit_test(what_was_not_asked_for_is_not_told),
		cmocka_unit_test(pieces_of_every_size_are_the_same),
		cmocka_unit_test(a_large_table_takes_many_turns),
		cmocka_unit_test(each_can_be_asked_for_and_ended),
		cmocka_unit_test(a_connection_of_another_family_is_not_listed),
		cmocka_unit_test(udp_that_is_not_meant_lives_on),
		cmocka_unit_test(raw_sockets_are_found_by_what_they_are),
		cmocka_unit_test(filters_are_audited),
		cmocka_unit_test(a_filter_runs_within_its_octets),
		cmocka_unit_test(odd_requests_are_refused),
		cmocka_unit_test(without_memory_an_answer_says_so),
		cmocka_unit_test(a_number_is_of_one_protocol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
