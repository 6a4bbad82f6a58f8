// SPDX-License-Identifier: BSD-2-Clause
/* Who gets a segment; numbers that a stranger cannot foresee. */
#include "tcp_table_world.h"

#define HERE IP(10, 0, 0, 1)
#define HERE2 IP(10, 0, 0, 2)
#define PEER IP(10, 0, 0, 9)

static struct tcp_conn key_of(struct table_world *t, __be32 saddr, u16 sport, __be32 daddr, u16 dport, int dif)
{
	struct tcp_conn key = { .family = AF_INET, .num = dport, .dport = cpu_to_be16(sport), .bound_dev_if = dif };

	key.daddr.v4 = saddr;
	key.rcv_saddr.v4 = daddr;
	tcp_conn_hash(&t->w.net, &key);
	return key;
}

static struct tcp_sock *listener(struct table_world *t, __be32 addr, int dev, u32 flags)
{
	struct tcp_sock *tp = table_socket(t, addr);

	tcp_sock_of(tp)->flags |= flags;
	tcp_sock_of(tp)->bound_dev_if = dev;
	assert_int_equal(tcp_get_port(tp, 80), 0);
	assert_int_equal(table_listen(tp), 0);
	return tp;
}

static void the_listener_that_said_most_takes_a_syn(void **state)
{
	static const struct {
		const char *what;
		__be32 daddr;
		u16 dport;
		int dif, winner;
	} cases[] = {
		{ "to another address: who takes any", HERE2, 80, 1, 0 },
		{ "to its address: who is bound to it", HERE, 80, 1, 1 },
		{ "on its device as well: who asked for both", HERE, 80, 4, 2 },
		{ "an address beats a device", HERE, 80, 5, 1 },
		{ "a device beats none", HERE2, 80, 5, 3 },
		{ "another port: nobody", HERE, 81, 1, -1 },
	};
	struct tcp_sock *tp[4];
	struct table_world t;

	(void)state;
	table_world_init(&t);
	/* each of them by SO_REUSEPORT, or they could not be side by side */
	tp[0] = listener(&t, ANY, 0, SOCK_F_REUSEPORT);
	tp[1] = listener(&t, HERE, 0, SOCK_F_REUSEPORT);
	tp[2] = listener(&t, HERE, 4, SOCK_F_REUSEPORT);
	tp[3] = listener(&t, ANY, 5, SOCK_F_REUSEPORT);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tcp_conn key = key_of(&t, PEER, 1000, cases[i].daddr, cases[i].dport, cases[i].dif);

		if (tcp_listener_lookup(&t.w.net, &key) != (cases[i].winner < 0 ? NULL : tp[cases[i].winner]))
			fail_msg("%s", cases[i].what);
	}
	sock_release(tcp_sock_of(tp[1]));
	sock_release(tcp_sock_of(tp[2]));
	{
		struct tcp_conn key = key_of(&t, PEER, 1000, HERE, 80, 1);

		assert_ptr_equal(tcp_listener_lookup(&t.w.net, &key), tp[0]);
	}
	table_world_fini(&t);
}

static void one_listener_on_a_device_takes_no_syn_from_another(void **state)
{
	struct table_world t;
	struct tcp_sock *tp;
	struct tcp_conn key;

	(void)state;
	table_world_init(&t);
	tp = listener(&t, ANY, 4, 0);
	key = key_of(&t, PEER, 1000, HERE, 80, 3);
	assert_null(tcp_listener_lookup(&t.w.net, &key));
	key = key_of(&t, PEER, 1000, HERE, 80, 4);
	assert_ptr_equal(tcp_listener_lookup(&t.w.net, &key), tp);
	table_world_fini(&t);
}

static void reuseport_spreads_evenly_and_each_connection_stays_where_it_is(void **state)
{
	struct tcp_sock *tp[4];
	struct table_world t;
	u32 hits[4] = { 0 };

	(void)state;
	table_world_init(&t);
	for (u32 i = 0; i < 4; i++)
		tp[i] = listener(&t, ANY, 0, SOCK_F_REUSEPORT);
	for (u32 flow = 0; flow < 4000; flow++) {
		struct tcp_conn key = key_of(&t, cpu_to_be32(0x0a000000U + flow), 1000, HERE, 80, 1);
		struct tcp_sock *got = tcp_listener_lookup(&t.w.net, &key);

		assert_ptr_equal(tcp_listener_lookup(&t.w.net, &key), got);
		for (u32 i = 0; i < 4; i++)
			hits[i] += tp[i] == got;
	}
	for (u32 i = 0; i < 4; i++)
		assert_in_range(hits[i], 850, 1150);
	table_world_fini(&t);
}

static void connections_are_found_by_all_four_numbers(void **state)
{
	enum { MANY = 3000 };
	struct tcp_sock *tp[MANY];
	struct table_world t;
	struct tcp_conn key;

	(void)state;
	table_world_init(&t);
	for (u32 i = 0; i < MANY; i++) {
		tp[i] = table_socket(&t, ANY);
		assert_int_equal(table_connect(tp[i], HERE, cpu_to_be32(0x0b000000U + i / 3), (u16)(1 + i % 3)), 0);
	}
	for (u32 i = 0; i < MANY; i++) {
		key = key_of(&t, cpu_to_be32(0x0b000000U + i / 3), (u16)(1 + i % 3), HERE, tp[i]->inet.num, 1);
		assert_ptr_equal(tcp_ehash_lookup(&t.w.net, &key), &tp[i]->conn);
		key = key_of(&t, cpu_to_be32(0x0b000000U + i / 3), (u16)(1 + i % 3), HERE2, tp[i]->inet.num, 1);
		assert_null(tcp_ehash_lookup(&t.w.net, &key));
	}
	/* bound to a device after it was opened, it is found there only */
	tcp_sock_of(tp[7])->bound_dev_if = 4;
	key = key_of(&t, tp[7]->conn.daddr.v4, be16_to_cpu(tp[7]->conn.dport), HERE, tp[7]->inet.num, 1);
	assert_null(tcp_ehash_lookup(&t.w.net, &key));
	key.bound_dev_if = 4;
	assert_ptr_equal(tcp_ehash_lookup(&t.w.net, &key), &tp[7]->conn);
	/* a second one of the same kind is none */
	key = tp[9]->conn;
	key.kind = TCP_CONN_REQUEST;
	assert_int_equal(tcp_ehash_insert(&t.w.net, &key), -EADDRNOTAVAIL);
	table_world_fini(&t);
}

static void isns_are_spread_and_grow_with_time(void **state)
{
	struct tcp_conn a, b;
	struct table_world t;
	u32 near = 0, isn;

	(void)state;
	table_world_init(&t);
	a = key_of(&t, PEER, 1000, HERE, 80, 0);
	isn = tcp_secure_seq(&t.w.net, &a);
	t.w.net.now += 64000;
	assert_int_equal(tcp_secure_seq(&t.w.net, &a) - isn, 1000); /* 64 ns each */
	for (u16 port = 1; port < 2000; port++) {
		b = key_of(&t, PEER, (u16)(1000 + port), HERE, 80, 0);
		near += tcp_secure_seq(&t.w.net, &b) - tcp_secure_seq(&t.w.net, &a) + 0x1000000 < 0x2000000;
	}
	assert_in_range(near, 2, 40); /* of 2000, one in 128 */
	table_world_fini(&t);
}

static void timestamps_have_one_offset_for_two_hosts(void **state)
{
	struct tcp_conn a, b, c;
	struct table_world t;

	(void)state;
	table_world_init(&t);
	a = key_of(&t, PEER, 1000, HERE, 80, 0);
	b = key_of(&t, PEER, 1001, HERE, 81, 0);
	c = key_of(&t, PEER, 1000, HERE2, 80, 0);
	assert_int_equal(tcp_secure_ts_off(&t.w.net, &a), tcp_secure_ts_off(&t.w.net, &b));
	assert_int_not_equal(tcp_secure_ts_off(&t.w.net, &a), tcp_secure_ts_off(&t.w.net, &c));
	t.tcp.sysctl.timestamps = 2;
	assert_int_equal(tcp_secure_ts_off(&t.w.net, &a), 0);
	table_world_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_listener_that_said_most_takes_a_syn),
		cmocka_unit_test(one_listener_on_a_device_takes_no_syn_from_another),
		cmocka_unit_test(reuseport_spreads_evenly_and_each_connection_stays_where_it_is),
		cmocka_unit_test(connections_are_found_by_all_four_numbers),
		cmocka_unit_test(isns_are_spread_and_grow_with_time),
		cmocka_unit_test(timestamps_have_one_offset_for_two_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
