// SPDX-License-Identifier: BSD-2-Clause
/* Who may share a port if one of them is of AF_INET6, as the kernel answered. */
#include "tcp_table_world.h"

#define P 40000

enum state { BOUND, LISTENING, ACCEPTED, TIMEWAIT };
enum want { BIND, BIND_ANY_PORT };

/* place - what a socket is bound to */
struct place {
	u16 sk_family;
	u8 family; /* of its packets */
	bool v6only;
	union tcp_addr addr;
	union tcp_addr own; /* of a connection that it accepted */
};

#define V4(a, b, c, d) \
	{ \
		.v4 = IP(a, b, c, d) \
	}
#define OWN4 V4(127, 0, 0, 1)
#define LO6 \
	{ \
		.v6 = { [15] = 1 } \
	}
#define DB8 \
	{ \
		.v6 = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } \
	}

enum place_name { ANY4, HERE4, ANY6, ANY6_ONLY, HERE6, HERE6_ONLY, OTHER6, MAPPED_ANY, MAPPED, MAPPED2 };
static const struct place places[] = {
	[ANY4] = { AF_INET, AF_INET, false, V4(0, 0, 0, 0), OWN4 },
	[HERE4] = { AF_INET, AF_INET, false, OWN4, OWN4 },
	[ANY6] = { AF_INET6, AF_INET6, false, { .v6 = { 0 } }, LO6 },
	[ANY6_ONLY] = { AF_INET6, AF_INET6, true, { .v6 = { 0 } }, LO6 },
	/* bind(2) to an address of IPv6 makes it one of IPv6 only */
	[HERE6] = { AF_INET6, AF_INET6, true, LO6, LO6 },
	[HERE6_ONLY] = { AF_INET6, AF_INET6, true, LO6, LO6 },
	[OTHER6] = { AF_INET6, AF_INET6, true, DB8, DB8 },
	[MAPPED_ANY] = { AF_INET6, AF_INET, false, V4(0, 0, 0, 0), OWN4 },
	[MAPPED] = { AF_INET6, AF_INET, false, OWN4, OWN4 },
	[MAPPED2] = { AF_INET6, AF_INET, false, V4(127, 0, 0, 2), V4(127, 0, 0, 2) },
};

static const struct row {
	enum state state;
	enum place_name first, second;
	enum want want;
	const char *kernel;
} rows[] = {
#include "port_conflicts6.inc"
};

static struct tcp_sock *socket_at(struct table_world *t, const struct place *p, bool reuse, bool reuseport)
{
	struct tcp_sock *tp = table_socket(t, ANY);

	tcp_sock_of(tp)->flags |= (reuse ? SOCK_F_REUSEADDR : 0) | (reuseport ? SOCK_F_REUSEPORT : 0);
	tp->conn.family = p->family;
	tp->conn.sk_family = (u8)p->sk_family;
	tp->conn.v6only = p->v6only;
	tp->conn.rcv_saddr = p->addr;
	if (p->family == AF_INET)
		tp->inet.rcv_saddr = p->addr.v4;
	return tp;
}

/* The listener closes, what it accepted stays: in a table, or in TIME_WAIT. */
static void accepted(struct table_world *t, const struct place *p, struct tcp_sock *listener, bool timewait)
{
	struct tcp_sock *child = socket_at(t, p, false, false);

	tcp_sock_of(child)->flags = tcp_sock_of(listener)->flags;
	child->conn.rcv_saddr = child->conn.daddr = p->own;
	child->conn.dport = cpu_to_be16(50000);
	child->conn.num = child->inet.num = P;
	tcp_sock_of(child)->state = TCP_ESTABLISHED;
	assert_int_equal(tcp_inherit_port(listener, child), 0);
	assert_int_equal(tcp_ehash_insert(&t->w.net, &child->conn), 0);
	sock_release(tcp_sock_of(listener));
	if (timewait)
		assert_non_null(table_timewait(child));
}

static void first_of(struct table_world *t, const struct row *row, u32 bits)
{
	const struct place *p = &places[row->first];
	struct tcp_sock *tp = socket_at(t, p, bits & 1, bits & 4);

	assert_int_equal(tcp_get_port(tp, P), 0);
	if (row->state == BOUND)
		return;
	assert_int_equal(table_listen(tp), 0);
	if (row->state != LISTENING)
		accepted(t, p, tp, row->state == TIMEWAIT);
}

static char second_of(struct table_world *t, const struct row *row, u32 bits)
{
	struct tcp_sock *tp = socket_at(t, &places[row->second], bits & 2, bits & 8);

	if (row->want == BIND_ANY_PORT) {
		tp->inet.local_port_range[0] = tp->inet.local_port_range[1] = P;
		return tcp_get_port(tp, 0) ? 'X' : '.';
	}
	if (tcp_get_port(tp, P))
		return 'X';
	return table_listen(tp) ? 'L' : '.';
}

static void ports_are_shared_across_families_as_the_kernel_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (u32 bits = 0; bits < 16; bits++) {
			struct table_world t;
			char answer;

			table_world_init(&t);
			first_of(&t, &rows[i], bits);
			answer = second_of(&t, &rows[i], bits);
			if (answer != rows[i].kernel[bits])
				fail_msg("row %zu, case %u: %c, the kernel says %c", i, bits, answer,
					 rows[i].kernel[bits]);
			table_world_fini(&t);
		}
	}
}

/* Which of those who listen on a port gets a connection to 10.0.0.1, or to 2001:db8::1. */
static void the_best_listener_is_found(void **state)
{
	static const struct {
		const char *what;
		enum place_name listens[3];
		u32 count;
		enum place_name wanted; /* to whose own address a connection comes */
		int found;              /* which of them; -1: nobody */
	} cases[] = {
		{ "IPv4 before both", { ANY6, ANY4 }, 2, ANY4, 1 },
		{ "IPv6 has one only", { ANY4, ANY6 }, 2, ANY6, 1 },
		{ "both, if nobody is of IPv4", { ANY6 }, 1, ANY4, 0 },
		{ "not who is of IPv6 only", { ANY6_ONLY }, 1, ANY4, -1 },
		{ "an address before any", { ANY6, HERE6 }, 2, HERE6, 1 },
		{ "a mapped address before any", { ANY6, ANY4, MAPPED }, 3, MAPPED, 2 },
		{ "mapped is not for IPv6", { MAPPED_ANY }, 1, HERE6, -1 },
		{ "mapped is for IPv4", { MAPPED_ANY }, 1, HERE4, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct place *p = &places[cases[i].wanted];
		struct tcp_conn key = { .family = p->family, .num = P, .rcv_saddr = p->own };
		struct tcp_sock *sk[3] = { NULL }, *found;
		struct table_world t;

		table_world_init(&t);
		for (u32 n = 0; n < cases[i].count; n++) {
			sk[n] = socket_at(&t, &places[cases[i].listens[n]], false, true);
			assert_int_equal(tcp_get_port(sk[n], P), 0);
			assert_int_equal(table_listen(sk[n]), 0);
		}
		key.daddr = p->own;
		tcp_conn_hash(&t.w.net, &key);
		found = tcp_listener_lookup(&t.w.net, &key);
		if (found != (cases[i].found < 0 ? NULL : sk[cases[i].found]))
			fail_msg("%s", cases[i].what);
		table_world_fini(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_shared_across_families_as_the_kernel_says),
		cmocka_unit_test(the_best_listener_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
