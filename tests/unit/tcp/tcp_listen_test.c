// SPDX-License-Identifier: BSD-2-Clause
/* From SYN to accept(2), floods, and what stays of a connection: the test is the peer, segment by segment. */
#include "ip_world.h"

#include <netinet/in.h>
#include <sys/epoll.h>

#include "socket/sock.h"
#include "tcp/tcp_conn.h"

#define PORT 80
#define SECOND (1000ULL * 1000 * 1000)
#define OPTIONS_MAX 40U
#define TCP_DEFER_ACCEPT 9 /* netinet/tcp.h, which has a tcphdr of its own */
#define TCP_NODELAY 1
#define TCP_KEEPIDLE 4
#define TCP_FASTOPEN 23
#define TCP_SAVE_SYN 27
#define TCP_SAVED_SYN 28

/* ------------------------------------------------------------------ the peer */

struct seg {
	u16 sport;
	u8 flags;
	u32 seq, ack;
	u16 window;
	const char *options;
	u32 options_bytes;
	const char *data;
	u8 tos;
	bool reserved; /* the bit beside CWR */
};

static void peer_says(struct world *w, const struct seg *s)
{
	u8 segment[20 + OPTIONS_MAX + 1500];
	struct tcphdr *th = (struct tcphdr *)(void *)segment;
	u32 data_bytes = s->data ? (u32)strlen(s->data) : 0, len = 20 + s->options_bytes + data_bytes;
	const struct spec spec = { .proto = IPPROTO_TCP, .tos = s->tos, .payload = segment, .payload_bytes = len };

	memset(segment, 0, sizeof(segment));
	th->source = cpu_to_be16(s->sport);
	th->dest = cpu_to_be16(PORT);
	th->seq = cpu_to_be32(s->seq);
	th->ack_seq = cpu_to_be32(s->ack);
	th->doff_res = (u8)((5 + s->options_bytes / 4) << 4 | s->reserved);
	th->flags = s->flags;
	th->window = cpu_to_be16(s->window ? s->window : 5000);
	if (s->options_bytes)
		memcpy(th + 1, s->options, s->options_bytes);
	if (data_bytes)
		memcpy(segment + 20 + s->options_bytes, s->data, data_bytes);
	th->check = csum_tcpudp_magic(HOST_A, ROUTER_A, len, IPPROTO_TCP, csum_partial(segment, len, 0));
	world_send(w, 0, &spec);
}

static const struct tcphdr *frame_tcp(const struct frame *f)
{
	return (const struct tcphdr *)(const void *)(f->packet + ip_hdrlen_bytes(frame_ip(f)));
}

/* The only segment that the net sent, with @flags; then it is forgotten. */
static struct tcphdr heard(struct world *w, u8 flags, const char *when)
{
	struct tcphdr th;

	if (w->out_count != 1)
		fail_msg("%s: %u segments", when, w->out_count);
	th = *frame_tcp(&w->out[0]);
	if (th.flags != flags)
		fail_msg("%s: flags 0x%x, not 0x%x", when, th.flags, flags);
	world_forget(w);
	return th;
}

/* Was there, among others, a segment with @flags and @seq? */
static bool was_sent(const struct world *w, u8 flags, u32 seq)
{
	for (u32 i = 0; i < w->out_count; i++) {
		if (frame_tcp(&w->out[i])->flags == flags && be32_to_cpu(frame_tcp(&w->out[i])->seq) == seq)
			return true;
	}
	return false;
}

static void silence(struct world *w, const char *when)
{
	if (w->out_count)
		fail_msg("%s: flags 0x%x", when, frame_tcp(&w->out[0])->flags);
}

/* An option of the last segment sent; NULL: it is not there */
static const u8 *option_of(const struct frame *f, u8 kind)
{
	const struct tcphdr *th = frame_tcp(f);
	const u8 *o = (const u8 *)(th + 1), *end = (const u8 *)th + tcp_hdrlen_bytes(th);

	while (o < end && *o) {
		if (*o == kind)
			return o;
		o += *o == TCPOPT_NOP ? 1 : o[1];
	}
	return NULL;
}

/* ------------------------------------------------------------------ our side */

static struct sock *socket_of(struct world *w)
{
	struct sock *sk;

	assert_int_equal(sock_create(w->net, AF_INET, SOCK_STREAM, 0, &sk), 0);
	return sk;
}

static void set(struct sock *sk, int level, int name, int value)
{
	assert_int_equal(sock_setsockopt(sk, level, name, &value, sizeof(value)), 0);
}

static struct sock *listening(struct world *w, struct sock *sk, int backlog)
{
	const struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	(void)w;
	assert_int_equal(sk->prot->bind(sk, (const struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(sk->prot->listen(sk, backlog), 0);
	return sk;
}

static int accepted(struct sock *listener, struct sock **child)
{
	return listener->prot->accept(listener, child);
}

static struct tcp_listener *queues(struct sock *listener)
{
	return tcp_sk(listener)->listener;
}

/* SYN, SYN-ACK, ACK.  Return: our ISN */
static u32 handshake(struct world *w, u16 sport, u32 seq)
{
	struct tcphdr th;
	u32 isn;

	peer_says(w, &(struct seg){ .sport = sport, .flags = TCPHDR_SYN, .seq = seq });
	th = heard(w, TCPHDR_SYN | TCPHDR_ACK, "to a SYN");
	assert_int_equal(be32_to_cpu(th.ack_seq), seq + 1);
	isn = be32_to_cpu(th.seq);
	peer_says(w, &(struct seg){ .sport = sport, .flags = TCPHDR_ACK, .seq = seq + 1, .ack = isn + 1 });
	silence(w, "to the handshake's ACK");
	return isn;
}

/* ------------------------------------------------------------------ a handshake */

#define OPT_MSS "\x02\x04\x05\xb4"
#define OPT_SACK_TS "\x04\x02\x08\x0a\x00\x00\x10\x00\x00\x00\x00\x00"
#define OPT_WSCALE "\x01\x03\x03\x07"
#define ALL_OPTIONS OPT_MSS OPT_SACK_TS OPT_WSCALE

static void what_was_offered_is_answered(void **state)
{
	static const struct {
		const char *what, *options;
		u32 bytes;
		bool sack, ts, wscale;
		const char *sysctl, *value;
	} rows[] = {
		{ "nothing but a SYN", "", 0, false, false, false, NULL, NULL },
		{ "everything", ALL_OPTIONS, 20, true, true, true, NULL, NULL },
		{ "the MSS only", OPT_MSS, 4, false, false, false, NULL, NULL },
		{ "no SACK here", ALL_OPTIONS, 20, false, true, true, "net.ipv4.tcp_sack", "0" },
		{ "no timestamps here", ALL_OPTIONS, 20, true, false, true, "net.ipv4.tcp_timestamps", "0" },
		{ "no scaling here", ALL_OPTIONS, 20, true, true, false, "net.ipv4.tcp_window_scaling", "0" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		struct sock *listener, *child;
		const struct frame *f = &w->out[0];
		const u8 *mss;

		if (rows[i].sysctl)
			world_sysctl(w, rows[i].sysctl, rows[i].value);
		listener = listening(w, socket_of(w), 5);
		peer_says(w, &(struct seg){ .sport = 1000,
					    .flags = TCPHDR_SYN,
					    .seq = 7,
					    .options = rows[i].options,
					    .options_bytes = rows[i].bytes });
		assert_int_equal(w->out_count, 1);
		mss = option_of(f, TCPOPT_MSS);
		assert_non_null(mss);
		assert_int_equal(mss[2] << 8 | mss[3], 1460);
		if (!option_of(f, TCPOPT_SACK_PERM) == rows[i].sack || !option_of(f, TCPOPT_TIMESTAMP) == rows[i].ts ||
		    !option_of(f, TCPOPT_WINDOW) == rows[i].wscale)
			fail_msg("%s", rows[i].what);
		if (rows[i].ts)
			assert_memory_equal(option_of(f, TCPOPT_TIMESTAMP) + 6, "\x00\x00\x10\x00", 4);
		assert_int_equal(accepted(listener, &child), -EAGAIN);
		assert_int_equal(queues(listener)->request_count, 1);
		sock_release(listener);
		assert_int_equal(w->net->tcp->ehash.live_count, 0);
		world_destroy(w);
	}
}

static void a_child_has_what_its_listener_was_told(void **state)
{
	struct world *w = world_create();
	struct sock *listener = socket_of(w), *child;
	u8 syn[128];
	socklen_t len = sizeof(syn);
	u32 isn;

	(void)state;
	set(listener, SOL_SOCKET, SO_RCVBUF, 30000);
	set(listener, SOL_SOCKET, SO_MARK, 7);
	set(listener, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(listener, IPPROTO_TCP, TCP_NODELAY, 1);
	set(listener, IPPROTO_TCP, TCP_KEEPIDLE, 77);
	set(listener, IPPROTO_TCP, TCP_SAVE_SYN, 1);
	set(listener, IPPROTO_IP, IP_TOS, 0x28);
	listening(w, listener, 5);
	peer_says(w, &(struct seg){ .sport = 1000, .flags = TCPHDR_SYN, .seq = 7 });
	assert_int_equal(frame_ip(&w->out[0])->tos, 0x28);
	isn = be32_to_cpu(heard(w, TCPHDR_SYN | TCPHDR_ACK, "to a SYN").seq);
	peer_says(w, &(struct seg){ .sport = 1000, .flags = TCPHDR_ACK, .seq = 8, .ack = isn + 1 });
	assert_int_equal(tcp_poll(listener), EPOLLIN | EPOLLRDNORM);
	assert_int_equal(accepted(listener, &child), 0);
	assert_int_equal(tcp_poll(listener), 0);
	assert_int_equal(child->state, TCP_ESTABLISHED);
	assert_int_equal(child->rcvbuf_bytes, listener->rcvbuf_bytes);
	assert_int_equal(child->mark, 7);
	assert_int_equal(tcp_sk(child)->nonagle & TCP_NAGLE_OFF, TCP_NAGLE_OFF);
	assert_int_equal(tcp_sk(child)->opts->keepalive_time_s, 77);
	/* shared until one of them says otherwise, and for that one alone */
	assert_ptr_equal(tcp_sk(child)->opts, tcp_sk(listener)->opts);
	set(child, IPPROTO_TCP, TCP_SAVE_SYN, 2);
	set(listener, IPPROTO_TCP, TCP_KEEPIDLE, 99);
	assert_int_equal(tcp_sk(child)->opts->keepalive_time_s, 77);
	assert_int_equal(tcp_sk(child)->opts->save_syn, 2);
	assert_int_equal(tcp_sk(listener)->opts->keepalive_time_s, 99);
	assert_int_equal(tcp_sk(listener)->opts->save_syn, 1);
	assert_int_equal(tcp_default_opts.keepalive_time_s, 0);
	assert_true(timer_pending(&tcp_sk(child)->keepalive_timer));
	assert_int_equal(inet_sk(child)->tos & 0xfc, 0x28);
	assert_int_equal(inet_sk(child)->num, PORT);
	assert_int_equal(sock_getsockopt(child, IPPROTO_TCP, TCP_SAVED_SYN, syn, &len), 0);
	assert_int_equal(len, 40);
	assert_int_equal(syn[0], 0x45);
	sock_release(listener);
	sock_release(child);
	world_destroy(w);
}

/* RFC 6298: 1, 2, 4, 8, 16 seconds, and after 32 more it is forgotten. */
static void a_syn_ack_is_sent_again_and_then_no_more(void **state)
{
	static const u32 at_s[] = { 1, 3, 7, 15, 31 };
	struct world *w = world_create();
	struct sock *listener = listening(w, socket_of(w), 5);
	u32 now_s = 0, isn;

	(void)state;
	peer_says(w, &(struct seg){ .sport = 1000, .flags = TCPHDR_SYN, .seq = 7 });
	isn = be32_to_cpu(heard(w, TCPHDR_SYN | TCPHDR_ACK, "first").seq);
	assert_int_equal(queues(listener)->young_count, 1);
	for (size_t i = 0; i < ARRAY_SIZE(at_s); i++) {
		world_tick(w, (at_s[i] - now_s) * SECOND - SECOND / 100);
		silence(w, "too early");
		world_tick(w, SECOND / 100);
		assert_int_equal(be32_to_cpu(heard(w, TCPHDR_SYN | TCPHDR_ACK, "again").seq), isn);
		now_s = at_s[i];
	}
	assert_int_equal(queues(listener)->young_count, 0);
	world_tick(w, 33 * SECOND);
	silence(w, "at the end");
	assert_int_equal(queues(listener)->request_count, 0);
	assert_int_equal(w->net->tcp->ehash.live_count, 0);
	sock_release(listener);
	world_destroy(w);
}

static void segments_for_a_request(void **state)
{
	static const struct {
		const char *what;
		u8 flags;
		u32 seq;
		s32 ack;
		const char *data;
		u8 answer; /* 0: none */
		bool stays;
	} rows[] = {
		{ "the SYN again: the SYN-ACK again", TCPHDR_SYN, 7, 0, NULL, TCPHDR_SYN | TCPHDR_ACK, true },
		{ "an ACK of what was never sent", TCPHDR_ACK, 8, 5, NULL, TCPHDR_RST, true },
		{ "an ACK of the past", TCPHDR_ACK, 8, -1, NULL, TCPHDR_RST, true },
		{ "a reset where it is expected", TCPHDR_RST, 8, 0, NULL, 0, false },
		{ "RFC 5961 3.2: a reset somewhere in the window", TCPHDR_RST, 1008, 0, NULL, 0, true },
		{ "a reset outside of the window", TCPHDR_RST, 7 + 70000, 0, NULL, 0, true },
		{ "data outside of the window: an ACK", TCPHDR_ACK, 7 + 70000, 1, "x", TCPHDR_ACK, true },
		{ "a SYN in the window: a reset", TCPHDR_SYN, 1008, 0, NULL, TCPHDR_RST | TCPHDR_ACK, false },
		{ "neither ACK nor anything", TCPHDR_PSH, 8, 0, "x", 0, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		struct sock *listener = listening(w, socket_of(w), 5);
		u32 isn;

		peer_says(w, &(struct seg){ .sport = 1000, .flags = TCPHDR_SYN, .seq = 7 });
		isn = be32_to_cpu(heard(w, TCPHDR_SYN | TCPHDR_ACK, "first").seq);
		peer_says(w, &(struct seg){ .sport = 1000,
					    .flags = rows[i].flags,
					    .seq = rows[i].seq,
					    .ack = rows[i].flags & TCPHDR_ACK ? isn + (u32)rows[i].ack : 0,
					    .data = rows[i].data });
		if (rows[i].answer)
			heard(w, rows[i].answer, rows[i].what);
		silence(w, rows[i].what);
		if (queues(listener)->request_count != rows[i].stays)
			fail_msg("%s: it %s", rows[i].what, rows[i].stays ? "is gone" : "is still there");
		sock_release(listener);
		world_destroy(w);
	}
}

static void ecn_is_agreed_upon(void **state)
{
	static const struct {
		const char *what, *sysctl;
		u8 flags, tos;
		bool reserved, ok;
	} rows[] = {
		{ "asked for, and passive is the default", "2", TCPHDR_ECE | TCPHDR_CWR, 0, false, true },
		{ "on", "1", TCPHDR_ECE | TCPHDR_CWR, 0, false, true },
		{ "off", "0", TCPHDR_ECE | TCPHDR_CWR, 0, false, false },
		{ "half asked for", "2", TCPHDR_ECE, 0, false, false },
		{ "not asked for", "1", 0, 0, false, false },
		{ "on a packet that is marked itself", "2", TCPHDR_ECE | TCPHDR_CWR, 2, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		struct sock *listener;

		world_sysctl(w, "net.ipv4.tcp_ecn", rows[i].sysctl);
		listener = listening(w, socket_of(w), 5);
		peer_says(w, &(struct seg){ .sport = 1000,
					    .flags = TCPHDR_SYN | rows[i].flags,
					    .seq = 7,
					    .tos = rows[i].tos,
					    .reserved = rows[i].reserved });
		heard(w, (u8)(TCPHDR_SYN | TCPHDR_ACK | (rows[i].ok ? TCPHDR_ECE : 0)), rows[i].what);
		sock_release(listener);
		world_destroy(w);
	}
}

static void with_defer_accept_a_bare_ack_is_not_enough(void **state)
{
	struct world *w = world_create();
	struct sock *listener = socket_of(w), *child;
	u32 isn;

	(void)state;
	set(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 10);
	listening(w, listener, 5);
	isn = handshake(w, 1000, 7);
	assert_int_equal(accepted(listener, &child), -EAGAIN);
	world_tick(w, 2 * SECOND);
	silence(w, "acked: no SYN-ACK again");
	peer_says(w, &(struct seg){ .sport = 1000, .flags = TCPHDR_ACK, .seq = 8, .ack = isn + 1, .data = "hello" });
	assert_int_equal(accepted(listener, &child), 0);
	assert_int_equal(w->net->tcp->mib.TCPDeferAcceptDrop, 1);
	sock_release(child);
	sock_release(listener);
	world_destroy(w);
}

/* ------------------------------------------------------------------ too many */

static void a_flood_is_answered_with_cookies(void **state)
{
	enum { SYNS = 200, BACKLOG = 16 };
	struct world *w = world_create();
	struct sock *listener = listening(w, socket_of(w), BACKLOG), *child;
	struct tcp_mib *mib = &w->net->tcp->mib;
	u32 isn = 0;
	const u8 *ts;

	(void)state;
	for (u32 i = 0; i < SYNS; i++) {
		peer_says(w, &(struct seg){ .sport = (u16)(2000 + i), .flags = TCPHDR_SYN, .seq = 7 });
		isn = be32_to_cpu(heard(w, TCPHDR_SYN | TCPHDR_ACK, "flood").seq);
	}
	assert_int_equal(queues(listener)->request_count, BACKLOG + 1);
	assert_int_equal(mib->SyncookiesSent, SYNS - BACKLOG - 1);
	assert_int_equal(mib->TCPReqQFullDoCookies, SYNS - BACKLOG - 1);
	/* the last one is honest */
	peer_says(w, &(struct seg){
			     .sport = 2000 + SYNS - 1, .flags = TCPHDR_ACK, .seq = 8, .ack = isn + 1, .data = "hi" });
	assert_int_equal(mib->SyncookiesRecv, 1);
	assert_int_equal(accepted(listener, &child), 0);
	assert_int_equal(tcp_sk(child)->rx_opt.mss_clamp, 536);
	assert_int_equal(tcp_sk(child)->rcv_nxt, 10);
	world_forget(w);
	/* a guess is not */
	peer_says(w, &(struct seg){ .sport = 4000, .flags = TCPHDR_ACK, .seq = 8, .ack = isn + 1 });
	heard(w, TCPHDR_RST, "a guess");
	assert_int_equal(mib->SyncookiesFailed, 1);
	/* with timestamps it has room for the other options */
	peer_says(w,
		  &(struct seg){
			  .sport = 5000, .flags = TCPHDR_SYN, .seq = 7, .options = ALL_OPTIONS, .options_bytes = 20 });
	{
		char echo[12] = "\x01\x01\x08\x0a\x00\x00\x10\x01";

		ts = option_of(&w->out[0], TCPOPT_TIMESTAMP);
		assert_non_null(ts);
		memcpy(echo + 8, ts + 2, 4);
		isn = be32_to_cpu(heard(w, TCPHDR_SYN | TCPHDR_ACK, "with options").seq);
		peer_says(w, &(struct seg){ .sport = 5000,
					    .flags = TCPHDR_ACK,
					    .seq = 8,
					    .ack = isn + 1,
					    .options = echo,
					    .options_bytes = 12 });
	}
	sock_release(child);
	world_forget(w);
	assert_int_equal(accepted(listener, &child), 0);
	assert_int_equal(tcp_sk(child)->rx_opt.mss_clamp, 1460);
	assert_int_equal(tcp_sk(child)->rx_opt.snd_wscale, 7);
	assert_true(tcp_sk(child)->rx_opt.sack_ok && tcp_sk(child)->rx_opt.tstamp_ok);
	sock_release(child);
	sock_release(listener);
	world_destroy(w);
}

static void a_cookie_is_good_for_two_minutes(void **state)
{
	static const struct {
		u32 after_s;
		bool good;
	} rows[] = { { 1, true }, { 60, true }, { 121, false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		struct sock *listener, *child = NULL;
		u32 isn;

		world_sysctl(w, "net.ipv4.tcp_syncookies", "2");
		listener = listening(w, socket_of(w), 5);
		peer_says(w, &(struct seg){ .sport = 1000, .flags = TCPHDR_SYN, .seq = 7 });
		isn = be32_to_cpu(heard(w, TCPHDR_SYN | TCPHDR_ACK, "a cookie").seq);
		assert_int_equal(queues(listener)->request_count, 0);
		world_tick(w, rows[i].after_s * SECOND);
		silence(w, "nobody remembers it");
		peer_says(w, &(struct seg){ .sport = 1000, .flags = TCPHDR_ACK, .seq = 8, .ack = isn + 1 });
		assert_int_equal(accepted(listener, &child), rows[i].good ? 0 : -EAGAIN);
		if (rows[i].good)
			sock_release(child);
		else
			heard(w, TCPHDR_RST, "too old");
		sock_release(listener);
		world_destroy(w);
	}
}

static void without_cookies_the_flood_is_dropped(void **state)
{
	struct world *w = world_create();
	struct sock *listener;

	(void)state;
	world_sysctl(w, "net.ipv4.tcp_syncookies", "0");
	listener = listening(w, socket_of(w), 4);
	for (u32 i = 0; i < 20; i++)
		peer_says(w, &(struct seg){ .sport = (u16)(2000 + i), .flags = TCPHDR_SYN, .seq = 7 });
	assert_int_equal(w->out_count, 5);
	assert_int_equal(w->net->tcp->mib.TCPReqQFullDrop, 15);
	assert_int_equal(w->net->tcp->mib.ListenDrops, 15);
	assert_int_equal(world_drops(w, SKB_DROP_REASON_TCP_LISTEN_OVERFLOW), 15);
	sock_release(listener);
	world_destroy(w);
}

static void a_full_accept_queue(void **state)
{
	(void)state;
	for (int abort_on = 0; abort_on < 2; abort_on++) {
		struct world *w = world_create();
		struct sock *listener, *child;
		u32 isn;

		world_sysctl(w, "net.ipv4.tcp_abort_on_overflow", abort_on ? "1" : "0");
		listener = listening(w, socket_of(w), 1);
		handshake(w, 1000, 7);
		peer_says(w, &(struct seg){ .sport = 1002, .flags = TCPHDR_SYN, .seq = 7 });
		isn = be32_to_cpu(heard(w, TCPHDR_SYN | TCPHDR_ACK, "one that will be late").seq);
		handshake(w, 1001, 7);
		assert_int_equal(queues(listener)->accept_count, 2);
		peer_says(w, &(struct seg){ .sport = 1003, .flags = TCPHDR_SYN, .seq = 7 });
		silence(w, "no room for a SYN");
		assert_int_equal(w->net->tcp->mib.ListenOverflows, 1);
		peer_says(w, &(struct seg){ .sport = 1002, .flags = TCPHDR_ACK, .seq = 8, .ack = isn + 1 });
		assert_int_equal(w->net->tcp->mib.ListenOverflows, 2);
		if (abort_on) {
			heard(w, TCPHDR_RST, "tcp_abort_on_overflow");
			assert_int_equal(queues(listener)->request_count, 0);
		} else {
			silence(w, "the ACK is as if it were lost");
			assert_int_equal(accepted(listener, &child), 0);
			sock_release(child);
			world_forget(w);
			world_tick(w, 2 * SECOND);
			assert_true(was_sent(w, TCPHDR_SYN | TCPHDR_ACK, isn));
			world_forget(w);
			peer_says(w, &(struct seg){ .sport = 1002, .flags = TCPHDR_ACK, .seq = 8, .ack = isn + 1 });
			assert_int_equal(queues(listener)->accept_count, 2);
		}
		sock_release(listener);
		assert_int_equal(w->net->tcp->ehash.live_count, abort_on ? 0 : 1);
		world_destroy(w);
	}
}

static void a_listener_that_closes_resets_who_was_not_accepted(void **state)
{
	struct world *w = world_create();
	struct sock *listener = listening(w, socket_of(w), 5);

	(void)state;
	handshake(w, 1000, 7);
	peer_says(w, &(struct seg){ .sport = 1001, .flags = TCPHDR_SYN, .seq = 7 });
	world_forget(w);
	sock_release(listener);
	world_poll(w);
	heard(w, TCPHDR_RST | TCPHDR_ACK, "the one that stood");
	assert_int_equal(w->net->tcp->ehash.live_count, 0);
	peer_says(w, &(struct seg){ .sport = 1001, .flags = TCPHDR_ACK, .seq = 8, .ack = 9 });
	heard(w, TCPHDR_RST, "the one that did not");
	world_destroy(w);
}

/* ------------------------------------------------------------------ TIME_WAIT */

/* We close, the peer closes.  *rcv_nxt, *snd_nxt: where it ended */
static void into_time_wait(struct world *w, u16 sport, u32 *rcv_nxt, u32 *snd_nxt)
{
	struct sock *listener = listening(w, socket_of(w), 5), *child;
	u32 isn = handshake(w, sport, 7);

	assert_int_equal(accepted(listener, &child), 0);
	sock_release(child);
	world_poll(w);
	heard(w, TCPHDR_FIN | TCPHDR_ACK, "we close");
	peer_says(w, &(struct seg){ .sport = sport, .flags = TCPHDR_ACK, .seq = 8, .ack = isn + 2 });
	silence(w, "to its ACK");
	assert_int_equal(w->net->tcp->timewait_count, 1);
	peer_says(w, &(struct seg){ .sport = sport, .flags = TCPHDR_FIN | TCPHDR_ACK, .seq = 8, .ack = isn + 2 });
	heard(w, TCPHDR_ACK, "it closes");
	*rcv_nxt = 9;
	*snd_nxt = isn + 2;
}

static void segments_for_a_time_wait(void **state)
{
	static const struct {
		const char *what;
		u8 flags;
		s32 seq;
		const char *data, *rfc1337;
		u8 answer;
		bool stays;
	} rows[] = {
		{ "its FIN again: our ACK again", TCPHDR_FIN | TCPHDR_ACK, -1, NULL, "0", TCPHDR_ACK, true },
		{ "an ACK that says nothing", TCPHDR_ACK, 0, NULL, "0", 0, true },
		{ "a reset at the very place ends it", TCPHDR_RST, 0, NULL, "0", 0, false },
		{ "RFC 1337: it does not", TCPHDR_RST, 0, NULL, "1", 0, true },
		{ "a reset somewhere else", TCPHDR_RST, 50, NULL, "0", 0, true },
		{ "data", TCPHDR_ACK, 0, "x", "0", TCPHDR_ACK, true },
		{ "an old SYN: an ACK", TCPHDR_SYN, -100, NULL, "0", TCPHDR_ACK, true },
		{ "a new SYN: a new connection", TCPHDR_SYN, 100, NULL, "0", TCPHDR_SYN | TCPHDR_ACK, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		u32 rcv_nxt, snd_nxt;
		struct tcphdr th;

		world_sysctl(w, "net.ipv4.tcp_rfc1337", rows[i].rfc1337);
		into_time_wait(w, 1000, &rcv_nxt, &snd_nxt);
		world_tick(w, SECOND);
		peer_says(w, &(struct seg){ .sport = 1000,
					    .flags = rows[i].flags,
					    .seq = rcv_nxt + (u32)rows[i].seq,
					    .ack = rows[i].flags & TCPHDR_ACK ? snd_nxt : 0,
					    .data = rows[i].data });
		if (rows[i].answer) {
			th = heard(w, rows[i].answer, rows[i].what);
			if (rows[i].answer & TCPHDR_SYN)
				assert_int_equal(be32_to_cpu(th.seq), snd_nxt + 65537);
			else
				assert_int_equal(be32_to_cpu(th.ack_seq), rcv_nxt);
		}
		silence(w, rows[i].what);
		if (w->net->tcp->timewait_count != rows[i].stays)
			fail_msg("%s: it %s", rows[i].what, rows[i].stays ? "is gone" : "is still there");
		world_tick(w, 130 * SECOND);
		assert_int_equal(w->net->tcp->timewait_count, 0);
		world_destroy(w);
	}
}

static void answers_of_a_time_wait_are_few(void **state)
{
	struct world *w = world_create();
	u32 rcv_nxt, snd_nxt;

	(void)state;
	into_time_wait(w, 1000, &rcv_nxt, &snd_nxt);
	for (u32 i = 0; i < 20; i++)
		peer_says(w, &(struct seg){ .sport = 1000, .flags = TCPHDR_ACK, .seq = rcv_nxt - 50, .ack = snd_nxt });
	assert_int_equal(w->out_count, 1);
	assert_int_equal(w->net->tcp->mib.TCPACKSkippedTimeWait, 19);
	world_destroy(w);
}

/* ------------------------------------------------------------------ Fast Open */

static void fast_open_gives_a_cookie_and_then_a_connection(void **state)
{
	struct world *w = world_create();
	struct sock *listener = socket_of(w), *child;
	char option[12] = "\x22\x0a";
	struct tcphdr th;
	const u8 *cookie;
	char data[8] = { 0 };
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	(void)state;
	world_sysctl(w, "net.ipv4.tcp_fastopen", "3");
	set(listener, IPPROTO_TCP, TCP_FASTOPEN, 5);
	listening(w, listener, 5);
	peer_says(w, &(struct seg){ .sport = 1000,
				    .flags = TCPHDR_SYN,
				    .seq = 7,
				    .options = "\x22\x02\x01\x01",
				    .options_bytes = 4 });
	cookie = option_of(&w->out[0], TCPOPT_FASTOPEN);
	assert_non_null(cookie);
	assert_int_equal(cookie[1], 10);
	memcpy(option + 2, cookie + 2, 8);
	option[10] = option[11] = 1;
	world_forget(w);
	peer_says(w, &(struct seg){ .sport = 1001,
				    .flags = TCPHDR_SYN,
				    .seq = 70,
				    .options = option,
				    .options_bytes = 12,
				    .data = "hello" });
	th = heard(w, TCPHDR_SYN | TCPHDR_ACK, "with data");
	assert_int_equal(be32_to_cpu(th.ack_seq), 70 + 1 + 5);
	assert_int_equal(accepted(listener, &child), 0);
	assert_int_equal(child->state, TCP_SYN_RECV);
	assert_int_equal(sock_recvmsg(child, &msg, MSG_DONTWAIT), 5);
	assert_memory_equal(data, "hello", 5);
	assert_int_equal(queues(listener)->fastopen_qlen, 1);
	/* its SYN-ACK may be lost as any */
	world_tick(w, SECOND + SECOND / 10);
	assert_int_equal(frame_tcp(&w->out[w->out_count - 1])->flags, TCPHDR_SYN | TCPHDR_ACK);
	world_forget(w);
	peer_says(w, &(struct seg){ .sport = 1001, .flags = TCPHDR_ACK, .seq = 76, .ack = be32_to_cpu(th.seq) + 1 });
	assert_int_equal(child->state, TCP_ESTABLISHED);
	assert_int_equal(queues(listener)->fastopen_qlen, 0);
	assert_int_equal(w->net->tcp->mib.TCPFastOpenPassive, 1);
	/* a cookie that is none: as if it were not there */
	option[3] ^= 1;
	peer_says(w, &(struct seg){ .sport = 1002,
				    .flags = TCPHDR_SYN,
				    .seq = 70,
				    .options = option,
				    .options_bytes = 12,
				    .data = "hello" });
	assert_int_equal(be32_to_cpu(frame_tcp(&w->out[w->out_count - 1])->ack_seq), 71);
	assert_int_equal(w->net->tcp->mib.TCPFastOpenPassiveFail, 1);
	sock_release(child);
	sock_release(listener);
	world_destroy(w);
}

/* ------------------------------------------------------------------ memory */

static void each_allocation_may_fail(void **state)
{
	u32 calls = 0;

	(void)state;
	for (u32 n = 1; n == 1 || n <= calls; n++) {
		struct world *w = world_create();
		struct sock *listener = socket_of(w), *child = NULL;
		u32 isn;

		/* the neighbour is known before */
		peer_says(w, &(struct seg){ .sport = 999, .flags = TCPHDR_SYN, .seq = 7 });
		heard(w, TCPHDR_RST | TCPHDR_ACK, "nobody listens");
		set(listener, IPPROTO_TCP, TCP_SAVE_SYN, 1);
		listening(w, listener, 5);
		w->alloc_calls = 0;
		w->fail_at = n;
		peer_says(w, &(struct seg){ .sport = 1000, .flags = TCPHDR_SYN, .seq = 7 });
		isn = w->out_count ? be32_to_cpu(frame_tcp(&w->out[0])->seq) : 0;
		peer_says(w, &(struct seg){ .sport = 1000, .flags = TCPHDR_ACK, .seq = 8, .ack = isn + 1 });
		calls = max_u32(calls, w->alloc_calls);
		w->fail_at = 0;
		if (accepted(listener, &child)) {
			/* what was lost is sent again */
			world_forget(w);
			peer_says(w, &(struct seg){ .sport = 1001, .flags = TCPHDR_SYN, .seq = 7 });
			isn = be32_to_cpu(frame_tcp(&w->out[w->out_count - 1])->seq);
			peer_says(w, &(struct seg){ .sport = 1001, .flags = TCPHDR_ACK, .seq = 8, .ack = isn + 1 });
			assert_int_equal(accepted(listener, &child), 0);
		}
		sock_release(child);
		sock_release(listener);
		world_destroy(w);
	}
	assert_true(calls >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_offered_is_answered),
		cmocka_unit_test(a_child_has_what_its_listener_was_told),
		cmocka_unit_test(a_syn_ack_is_sent_again_and_then_no_more),
		cmocka_unit_test(segments_for_a_request),
		cmocka_unit_test(ecn_is_agreed_upon),
		cmocka_unit_test(with_defer_accept_a_bare_ack_is_not_enough),
		cmocka_unit_test(a_flood_is_answered_with_cookies),
		cmocka_unit_test(a_cookie_is_good_for_two_minutes),
		cmocka_unit_test(without_cookies_the_flood_is_dropped),
		cmocka_unit_test(a_full_accept_queue),
		cmocka_unit_test(a_listener_that_closes_resets_who_was_not_accepted),
		cmocka_unit_test(segments_for_a_time_wait),
		cmocka_unit_test(answers_of_a_time_wait_are_few),
		cmocka_unit_test(fast_open_gives_a_cookie_and_then_a_connection),
		cmocka_unit_test(each_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
