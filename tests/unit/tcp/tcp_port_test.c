// SPDX-License-Identifier: BSD-2-Clause
/* Who may share a port, as the kernel answered; and which port a connection gets. */
#include "tcp_table_world.h"

#define HERE IP(127, 0, 0, 1)
#define HERE2 IP(127, 0, 0, 2)
#define SERVER IP(127, 0, 0, 9)
#define P 40000
#define Q 30000

/* ------------------------------------------------------------------ the kernel's answers */

enum state { BOUND, LISTENING, CONNECTED, ACCEPTED, TIMEWAIT, AUTO_CONNECTED, AUTO_TIMEWAIT };
enum want { BIND, BIND_ANY_PORT, CONNECT_SAME, CONNECT_OTHER };

struct row {
	enum state state;
	__be32 first, second;
	enum want want;
	const char *kernel;
};

static const struct row rows[] = {
#include "port_conflicts.inc"
};

static struct tcp_sock *with_flags(struct table_world *t, __be32 addr, bool reuse, bool reuseport, u32 uid, bool only)
{
	struct tcp_sock *tp = table_socket(t, addr);

	tcp_sock_of(tp)->flags |= (reuse ? SOCK_F_REUSEADDR : 0) | (reuseport ? SOCK_F_REUSEPORT : 0);
	tcp_sock_of(tp)->portid_uid = uid;
	if (only)
		tp->inet.local_port_range[0] = tp->inet.local_port_range[1] = P;
	return tp;
}

static void accepted(struct table_world *t, struct tcp_sock *listener)
{
	struct tcp_sock *child = table_socket(t, ANY);

	tcp_sock_of(child)->flags = tcp_sock_of(listener)->flags;
	child->conn.rcv_saddr.v4 = child->inet.rcv_saddr = HERE;
	child->conn.daddr.v4 = HERE;
	child->conn.dport = cpu_to_be16(50000);
	child->conn.num = child->inet.num = P;
	tcp_sock_of(child)->state = TCP_ESTABLISHED;
	assert_int_equal(tcp_inherit_port(listener, child), 0);
	assert_int_equal(tcp_ehash_insert(&t->w.net, &child->conn), 0);
	sock_release(tcp_sock_of(listener));
}

static void first_of(struct table_world *t, const struct row *row, int bits)
{
	bool automatic = row->state == AUTO_CONNECTED || row->state == AUTO_TIMEWAIT;
	struct tcp_sock *tp = with_flags(t, row->first, bits & 1, bits & 4, 0, automatic);

	if (!automatic)
		assert_int_equal(tcp_get_port(tp, P), 0);
	if (row->state == BOUND)
		return;
	if (row->state == LISTENING || row->state == ACCEPTED) {
		assert_int_equal(table_listen(tp), 0);
		if (row->state == ACCEPTED)
			accepted(t, tp);
		return;
	}
	assert_int_equal(table_connect(tp, HERE, SERVER, Q), 0);
	if (row->state == TIMEWAIT || row->state == AUTO_TIMEWAIT)
		assert_non_null(table_timewait(tp));
}

static char second_of(struct table_world *t, const struct row *row, int bits)
{
	struct tcp_sock *tp = with_flags(t, row->second, bits & 2, bits & 8, bits & 16 ? 1000 : 0, row->want != BIND);
	__be32 from = row->second == ANY ? HERE : row->second;

	switch (row->want) {
	case BIND:
		if (tcp_get_port(tp, P))
			return 'X';
		return table_listen(tp) ? 'L' : '.';
	case BIND_ANY_PORT:
		return tcp_get_port(tp, 0) ? 'X' : '.';
	case CONNECT_SAME:
		return table_connect(tp, from, SERVER, Q) ? 'X' : '.';
	default:
		return table_connect(tp, from, SERVER, Q + 1) ? 'X' : '.';
	}
}

static void ports_are_shared_as_the_kernel_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (int bits = 0; bits < 32; bits++) {
			struct table_world t;
			char answer;

			table_world_init(&t);
			t.tcp.sysctl.tw_reuse = 0;
			first_of(&t, &rows[i], bits);
			answer = second_of(&t, &rows[i], bits);
			if (answer != rows[i].kernel[bits])
				fail_msg("row %zu, case %d: %c, the kernel says %c", i, bits, answer,
					 rows[i].kernel[bits]);
			table_world_fini(&t);
		}
	}
}

/* ------------------------------------------------------------------ devices */

static void a_device_keeps_sockets_apart(void **state)
{
	static const struct {
		const char *what;
		int first, second, err;
	} cases[] = {
		{ "on two devices", 2, 3, 0 },
		{ "on one", 2, 2, -EADDRINUSE },
		{ "on one and on all", 2, 0, -EADDRINUSE },
		{ "on all and on one", 0, 2, -EADDRINUSE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tcp_sock *a, *b;
		struct table_world t;

		table_world_init(&t);
		a = table_socket(&t, ANY);
		b = table_socket(&t, ANY);
		tcp_sock_of(a)->bound_dev_if = cases[i].first;
		tcp_sock_of(b)->bound_dev_if = cases[i].second;
		assert_int_equal(tcp_get_port(a, P), 0);
		if (tcp_get_port(b, P) != cases[i].err)
			fail_msg("%s", cases[i].what);
		table_world_fini(&t);
	}
}

/* ------------------------------------------------------------------ which port */

static void bind_takes_odd_ports_and_connect_even_ones(void **state)
{
	struct table_world t;

	(void)state;
	table_world_init(&t);
	for (u32 i = 0; i < 500; i++) {
		struct tcp_sock *a = table_socket(&t, ANY), *b = table_socket(&t, ANY);

		assert_int_equal(tcp_get_port(a, 0), 0);
		assert_int_equal(a->inet.num & 1, 1);
		assert_int_equal(table_connect(b, HERE, SERVER, 80), 0);
		assert_int_equal(b->inet.num & 1, 0);
		assert_in_range(b->inet.num, 32768, 60999);
		assert_int_equal(be16_to_cpu(b->inet.sport), b->inet.num);
	}
	table_world_fini(&t);
}

/* RFC 6056 3.3.4: steps of 2 to 16 to one peer, and the order of another peer says nothing about it. */
static void ports_to_one_peer_go_on_and_to_another_begin_elsewhere(void **state)
{
	struct table_world t;
	u32 far = 0;
	u16 last = 0;

	(void)state;
	table_world_init(&t);
	for (u32 i = 0; i < 60; i++) {
		struct tcp_sock *tp = table_socket(&t, ANY), *other = table_socket(&t, ANY);
		u32 step;

		assert_int_equal(table_connect(tp, HERE, SERVER, 80), 0);
		step = (u32)(tp->inet.num - last + 28232) % 28232;
		if (i)
			assert_in_range(step, 2, 16);
		last = tp->inet.num;
		assert_int_equal(table_connect(other, HERE, SERVER, (u16)(1000 + i)), 0);
		far += (u32)(other->inet.num - last + 28232) % 28232 > 1000;
	}
	assert_in_range(far, 50, 60);
	table_world_fini(&t);
}

static void all_ports_of_the_range_are_used_and_then_there_is_none(void **state)
{
	struct table_world t;
	u64 seen = 0;

	(void)state;
	table_world_init(&t);
	t.ipv4.ip_local_port_range[1] = 32768 + 39;
	for (u32 i = 0; i < 40; i++) {
		struct tcp_sock *tp = table_socket(&t, ANY);

		assert_int_equal(table_connect(tp, HERE, SERVER, 80), 0);
		assert_in_range(tp->inet.num, 32768, 32768 + 39);
		assert_int_equal(tp->inet.num & 1, i >= 20);
		seen |= 1ULL << (tp->inet.num - 32768);
	}
	assert_int_equal(seen, (1ULL << 40) - 1);
	assert_int_equal(table_connect(table_socket(&t, ANY), HERE, SERVER, 80), -EADDRNOTAVAIL);
	/* to another peer all of them are free */
	assert_int_equal(table_connect(table_socket(&t, ANY), HERE, SERVER, 81), 0);
	/* bound to, they are not */
	assert_int_equal(tcp_get_port(table_socket(&t, ANY), 0), -EADDRINUSE);
	table_world_fini(&t);
}

static void a_sockets_own_range_is_tried_one_by_one(void **state)
{
	struct table_world t;
	u32 odd = 0;

	(void)state;
	table_world_init(&t);
	for (u32 i = 0; i < 10; i++) {
		struct tcp_sock *tp = table_socket(&t, ANY);

		tp->inet.local_port_range[0] = 40001;
		tp->inet.local_port_range[1] = 40010;
		assert_int_equal(table_connect(tp, HERE, SERVER, 80), 0);
		assert_in_range(tp->inet.num, 40001, 40010);
		odd += tp->inet.num & 1;
	}
	assert_int_equal(odd, 5);
	table_world_fini(&t);
}

static void reserved_ports_are_given_to_nobody_who_did_not_ask(void **state)
{
	static u8 reserved[65536 / 8];
	struct table_world t;

	(void)state;
	table_world_init(&t);
	t.ipv4.ip_local_port_range[1] = 32768 + 39;
	reserved[32768 / 8] = 0xff;
	t.ipv4.reserved_ports = reserved;
	for (u32 i = 0; i < 16; i++) {
		struct tcp_sock *a = table_socket(&t, ANY), *b = table_socket(&t, ANY);

		assert_int_equal(tcp_get_port(a, 0), 0);
		assert_int_equal(table_connect(b, HERE, SERVER, 80), 0);
		assert_in_range(a->inet.num, 32776, 32768 + 39);
		assert_in_range(b->inet.num, 32776, 32768 + 39);
	}
	assert_int_equal(table_connect(table_socket(&t, ANY), HERE, SERVER, 80), -EADDRNOTAVAIL);
	assert_int_equal(tcp_get_port(table_socket(&t, ANY), 32768), 0);
	table_world_fini(&t);
}

static void with_reuseaddr_bind_looks_in_the_lower_half(void **state)
{
	struct table_world t;

	(void)state;
	table_world_init(&t);
	for (u32 i = 0; i < 200; i++) {
		struct tcp_sock *tp = with_flags(&t, ANY, true, false, 0, false);

		assert_int_equal(tcp_get_port(tp, 0), 0);
		assert_in_range(tp->inet.num, 32768, 32768 + 28232 / 2);
	}
	table_world_fini(&t);
}

/* ------------------------------------------------------------------ TIME_WAIT and connect(2) */

static void time_waits_make_room_for_connections(void **state)
{
	static const struct {
		const char *what;
		int tw_reuse, after_ms;
		bool timestamps, local, bound;
		enum tcp_state substate;
		int err;
	} cases[] = {
		{ "within this host, after a second", 2, 1001, true, true, false, TCP_TIME_WAIT, 0 },
		{ "too early", 2, 900, true, true, false, TCP_TIME_WAIT, -EADDRNOTAVAIL },
		{ "to another host not by default", 2, 1001, true, false, false, TCP_TIME_WAIT, -EADDRNOTAVAIL },
		{ "but if it is allowed", 1, 1001, true, false, false, TCP_TIME_WAIT, 0 },
		{ "never without timestamps", 1, 1001, false, true, false, TCP_TIME_WAIT, -EADDRNOTAVAIL },
		{ "it is switched off", 0, 1001, true, true, false, TCP_TIME_WAIT, -EADDRNOTAVAIL },
		{ "the peer has not closed yet", 1, 1001, true, true, false, TCP_FIN_WAIT2, -EADDRNOTAVAIL },
		{ "one who bound the port need not wait", 0, 1, true, true, true, TCP_TIME_WAIT, 0 },
		{ "but needs timestamps", 0, 1, false, true, true, TCP_TIME_WAIT, -EADDRNOTAVAIL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__be32 from = cases[i].local ? HERE : IP(10, 0, 0, 1), to = cases[i].local ? SERVER : IP(10, 0, 0, 2);
		struct tcp_sock *a, *b;
		struct tcp_timewait_sock *tw;
		struct table_world t;
		int err;

		table_world_init(&t);
		t.tcp.sysctl.tw_reuse = cases[i].tw_reuse;
		a = with_flags(&t, ANY, true, false, 0, true);
		b = with_flags(&t, ANY, true, false, 0, true);
		if (cases[i].bound)
			assert_int_equal(tcp_get_port(a, P), 0);
		assert_int_equal(table_connect(a, from, to, Q), 0);
		a->snd_nxt = 0xffff0000;
		a->rx_opt.ts_recent = 77;
		a->rx_opt.ts_recent_stamp = cases[i].timestamps ? t.w.net.now : 0;
		tw = table_timewait(a);
		assert_non_null(tw);
		tw->substate = (u8)cases[i].substate;
		t.w.net.now += cases[i].after_ms * NSEC_PER_MSEC;
		if (cases[i].bound)
			assert_int_equal(tcp_get_port(b, P), 0);
		err = table_connect(b, from, to, Q);
		if (err != cases[i].err)
			fail_msg("%s: %d", cases[i].what, err);
		assert_int_equal(t.tcp.timewait_count, err ? 1 : 0);
		assert_int_equal(t.tcp.mib.TWRecycled, err ? 0 : 1);
		if (!err) {
			assert_int_equal(b->write_seq, 0xffff0000 + 65537);
			assert_int_equal(b->rx_opt.ts_recent, 77);
		}
		table_world_fini(&t);
	}
}

static void time_waits_end(void **state)
{
	struct tcp_sock *tp, *held;
	struct table_world t;

	(void)state;
	table_world_init(&t);
	t.tcp.sysctl.max_tw_buckets = 1;
	tp = table_socket(&t, ANY);
	held = table_socket(&t, ANY);
	assert_int_equal(table_connect(tp, HERE, SERVER, 80), 0);
	assert_int_equal(table_connect(held, HERE, SERVER, 80), 0);
	assert_non_null(table_timewait(tp));
	assert_null(table_timewait(held)); /* there may be one only */
	assert_int_equal(t.tcp.ehash.live_count, 1);
	t.w.net.now += TCP_TIMEWAIT_LEN;
	timer_wheel_advance(t.w.net.timers, t.w.net.now, UINT32_MAX);
	assert_int_equal(t.tcp.ehash.live_count, 0);
	assert_int_equal(t.tcp.bhash.live_count, 0);
	assert_int_equal(t.tcp.timewait_count, 0);
	table_world_fini(&t);
}

/* ------------------------------------------------------------------ memory */

static void without_memory_nothing_changes(void **state)
{
	u32 failures = 0;

	(void)state;
	for (u32 n = 1, failed_now = 1; failed_now; n++) {
		struct tcp_sock *a, *b, *c;
		struct table_world t;

		table_world_init(&t);
		a = table_socket(&t, ANY);
		b = table_socket(&t, ANY);
		c = table_socket(&t, ANY);
		t.w.allocations = 0;
		t.w.fail_at = n;
		failed_now = 0;
		if (tcp_get_port(a, 80)) {
			failed_now++;
			assert_int_equal(a->inet.num, 0);
			assert_null(a->bind_bucket);
			assert_int_equal(tcp_get_port(a, 80), 0);
		}
		if (table_listen(a)) {
			failed_now++;
			assert_int_equal(t.tcp.lhash.live_count, 0);
			assert_int_equal(table_listen(a), 0);
		}
		if (table_connect(b, HERE, SERVER, 80)) {
			failed_now++;
			assert_int_equal(b->inet.num, 0);
			assert_int_equal(b->conn.hash, 0);
			assert_int_equal(t.tcp.ehash.live_count, 0);
			assert_int_equal(table_connect(b, HERE, SERVER, 80), 0);
		}
		if (table_connect(c, HERE, SERVER, 80)) {
			failed_now++;
			assert_int_equal(table_connect(c, HERE, SERVER, 80), 0);
		}
		if (!table_timewait(c)) {
			failed_now++;
			assert_int_equal(t.tcp.ehash.live_count, 1);
		}
		failures += failed_now;
		table_world_fini(&t);
	}
	assert_true(failures >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_shared_as_the_kernel_says),
		cmocka_unit_test(a_device_keeps_sockets_apart),
		cmocka_unit_test(bind_takes_odd_ports_and_connect_even_ones),
		cmocka_unit_test(ports_to_one_peer_go_on_and_to_another_begin_elsewhere),
		cmocka_unit_test(all_ports_of_the_range_are_used_and_then_there_is_none),
		cmocka_unit_test(a_sockets_own_range_is_tried_one_by_one),
		cmocka_unit_test(reserved_ports_are_given_to_nobody_who_did_not_ask),
		cmocka_unit_test(with_reuseaddr_bind_looks_in_the_lower_half),
		cmocka_unit_test(time_waits_make_room_for_connections),
		cmocka_unit_test(time_waits_end),
		cmocka_unit_test(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
