// SPDX-License-Identifier: BSD-2-Clause
/* Which socket gets a datagram, who may share a port, and which port is chosen. */
#include "../socket/sock_world.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/byteorder.h"
#include "ipv4/netns_ipv4.h"
#include "udp/udp.h"

#define IP(a, b, c, d) CONST_BE32((u32)(a) << 24 | (u32)(b) << 16 | (u32)(c) << 8 | (u32)(d))
#define ANY CONST_BE32(0U)
#define HERE IP(10, 0, 0, 1)
#define HERE2 IP(10, 0, 0, 2)
#define PEER IP(10, 0, 0, 9)
#define PORT(p) cpu_to_be16(p)

static int hash_only_init(struct sock *sk)
{
	struct udp_sock *up = udp_sk(sk);

	INIT_LIST_HEAD(&up->port_node);
	INIT_LIST_HEAD(&up->addr_node);
	INIT_LIST_HEAD(&up->conn_node);
	return 0;
}

/* Only what stands in the tables: no options, no routes. */
static const struct proto hash_only_prot = {
	.name = "HASH",
	.obj_bytes = sizeof(struct udp_sock),
	.init = hash_only_init,
	.destroy = udp_unhash,
};

static int hash_only_create(struct net *net, int type, int protocol, const struct proto **out)
{
	(void)net;
	(void)type;
	(void)protocol;
	*out = &hash_only_prot;
	return 0;
}
static const struct net_proto_family hash_only_family = { AF_INET, hash_only_create };
static const struct net_proto_family *const hash_only_families[] = { &hash_only_family };

static const u16 range[2] = { 40000, 40003 };

static void udp_world_init(struct world *w)
{
	world_init(w);
	w->net.ipv4 = calloc(1, sizeof(*w->net.ipv4)); /* no port is reserved */
	assert_non_null(w->net.ipv4);
	sock_register_families(&w->net, hash_only_families, 1);
	assert_int_equal(udp_net_init(&w->net), 0);
}

static void udp_world_fini(struct world *w)
{
	sock_net_close(&w->net);
	udp_net_exit(&w->net);
	free(w->net.ipv4);
	world_fini(w);
}

struct spec {
	__be32 addr;
	u16 port;
	u32 flags;
	int dev;
	u32 uid;
	__be32 peer;
	u16 peer_port;
};

static int spec_bind(struct world *w, const struct spec *s, struct sock **out)
{
	struct inet_sock *inet;
	struct sock *sk;
	int err;

	assert_int_equal(sock_create(&w->net, AF_INET, SOCK_DGRAM, 0, &sk), 0);
	inet = inet_sk(sk);
	sk->flags |= s->flags;
	sk->bound_dev_if = s->dev;
	sk->portid_uid = s->uid;
	inet->rcv_saddr = s->addr;
	err = udp_get_port(sk, s->port, range);
	if (err) {
		sock_release(sk);
		return err;
	}
	if (s->peer_port) {
		inet->daddr = s->peer;
		inet->dport = PORT(s->peer_port);
		assert_int_equal(udp_rehash(sk), 0);
	}
	*out = sk;
	return 0;
}

static void test_conflicts(void **state)
{
	static const struct {
		const char *what;
		struct spec first, second;
		int err;
	} rows[] = {
		{ "one port twice", { HERE, 53, 0, 0, 0, 0, 0 }, { HERE, 53, 0, 0, 0, 0, 0 }, -EADDRINUSE },
		{ "on two addresses", { HERE, 53, 0, 0, 0, 0, 0 }, { HERE2, 53, 0, 0, 0, 0, 0 }, 0 },
		{ "any address overlaps each", { ANY, 53, 0, 0, 0, 0, 0 }, { HERE, 53, 0, 0, 0, 0, 0 }, -EADDRINUSE },
		{ "each overlaps any", { HERE, 53, 0, 0, 0, 0, 0 }, { ANY, 53, 0, 0, 0, 0, 0 }, -EADDRINUSE },
		{ "two ports", { ANY, 53, 0, 0, 0, 0, 0 }, { ANY, 54, 0, 0, 0, 0, 0 }, 0 },
		{ "both said REUSEADDR",
		  { ANY, 53, SOCK_F_REUSEADDR, 0, 0, 0, 0 },
		  { ANY, 53, SOCK_F_REUSEADDR, 0, 0, 0, 0 },
		  0 },
		{ "one said REUSEADDR",
		  { ANY, 53, SOCK_F_REUSEADDR, 0, 0, 0, 0 },
		  { ANY, 53, 0, 0, 0, 0, 0 },
		  -EADDRINUSE },
		{ "both said REUSEPORT",
		  { ANY, 53, SOCK_F_REUSEPORT, 0, 7, 0, 0 },
		  { ANY, 53, SOCK_F_REUSEPORT, 0, 7, 0, 0 },
		  0 },
		{ "both, but they have two owners",
		  { ANY, 53, SOCK_F_REUSEPORT, 0, 7, 0, 0 },
		  { ANY, 53, SOCK_F_REUSEPORT, 0, 8, 0, 0 },
		  -EADDRINUSE },
		{ "on two devices", { ANY, 53, 0, 1, 0, 0, 0 }, { ANY, 53, 0, 2, 0, 0, 0 }, 0 },
		{ "on one device", { ANY, 53, 0, 1, 0, 0, 0 }, { ANY, 53, 0, 1, 0, 0, 0 }, -EADDRINUSE },
		{ "on a device and on all", { ANY, 53, 0, 1, 0, 0, 0 }, { ANY, 53, 0, 0, 0, 0, 0 }, -EADDRINUSE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sock *a, *b;
		struct world w;
		int err;

		udp_world_init(&w);
		assert_int_equal(spec_bind(&w, &rows[i].first, &a), 0);
		err = spec_bind(&w, &rows[i].second, &b);
		if (err != rows[i].err)
			fail_msg("%s: %d", rows[i].what, err);
		udp_world_fini(&w);
	}
}

static void test_lookup(void **state)
{
	/* all on port 53; their flags let them share it */
	static const struct spec socks[] = {
		{ ANY, 53, SOCK_F_REUSEADDR, 0, 0, 0, 0 },        /* 0: any address */
		{ HERE, 53, SOCK_F_REUSEADDR, 0, 0, 0, 0 },       /* 1: one address */
		{ HERE, 53, SOCK_F_REUSEADDR, 4, 0, 0, 0 },       /* 2: one address, one device */
		{ HERE, 53, SOCK_F_REUSEADDR, 0, 0, PEER, 1000 }, /* 3: connected */
		{ ANY, 53, SOCK_F_REUSEADDR, 5, 0, 0, 0 },        /* 4: one device */
	};
	static const struct {
		const char *what;
		__be32 saddr;
		u16 sport;
		__be32 daddr;
		u16 dport;
		int dif, winner;
	} rows[] = {
		{ "from a stranger to another address: who is bound to any", PEER, 7, HERE2, 53, 1, 0 },
		{ "to the address: who is bound to it", PEER, 7, HERE, 53, 1, 1 },
		{ "on the device: who asked for both", PEER, 7, HERE, 53, 4, 2 },
		{ "from the peer: who is connected to it", PEER, 1000, HERE, 53, 1, 3 },
		{ "from the peer's other port it is not", PEER, 1001, HERE, 53, 1, 1 },
		{ "connected beats a device", PEER, 1000, HERE, 53, 4, 3 },
		{ "an address beats a device", PEER, 7, HERE, 53, 5, 1 },
		{ "a device beats none", PEER, 7, HERE2, 53, 5, 4 },
		{ "another port: nobody", PEER, 7, HERE, 54, 1, -1 },
	};
	struct sock *sk[ARRAY_SIZE(socks)];
	struct world w;

	(void)state;
	udp_world_init(&w);
	for (size_t i = 0; i < ARRAY_SIZE(socks); i++)
		assert_int_equal(spec_bind(&w, &socks[i], &sk[i]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sock *found = udp_lookup(&w.net, rows[i].saddr, PORT(rows[i].sport), rows[i].daddr,
						PORT(rows[i].dport), rows[i].dif);

		if (found != (rows[i].winner < 0 ? NULL : sk[rows[i].winner]))
			fail_msg("%s", rows[i].what);
	}
	sock_release(sk[3]);
	assert_ptr_equal(udp_lookup(&w.net, PEER, PORT(1000), HERE, PORT(53), 1), sk[1]);
	udp_world_fini(&w);
}

static void test_reuseport_spreads(void **state)
{
	static const struct spec spec = { ANY, 53, SOCK_F_REUSEPORT, 0, 0, 0, 0 };
	struct sock *sk[4];
	u32 hits[4] = { 0 };
	struct world w;

	(void)state;
	udp_world_init(&w);
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(spec_bind(&w, &spec, &sk[i]), 0);
	for (u32 flow = 0; flow < 4000; flow++) {
		__be32 saddr = cpu_to_be32(0x0a000000U + flow);
		struct sock *first = udp_lookup(&w.net, saddr, PORT(1000), HERE, PORT(53), 1);

		assert_ptr_equal(udp_lookup(&w.net, saddr, PORT(1000), HERE, PORT(53), 1), first);
		for (u32 i = 0; i < 4; i++)
			hits[i] += sk[i] == first;
	}
	for (u32 i = 0; i < 4; i++)
		assert_in_range(hits[i], 850, 1150);
	udp_world_fini(&w);
}

static void test_ports_run_out(void **state)
{
	static const struct spec spec = { ANY, 0, 0, 0, 0, 0, 0 };
	u32 seen = 0;
	struct sock *sk;
	struct world w;

	(void)state;
	udp_world_init(&w);
	for (u32 i = 0; i < 4; i++) {
		assert_int_equal(spec_bind(&w, &spec, &sk), 0);
		assert_in_range(inet_sk(sk)->num, range[0], range[1]);
		seen |= 1U << (inet_sk(sk)->num - range[0]);
	}
	assert_int_equal(seen, 0xf);
	assert_int_equal(spec_bind(&w, &spec, &sk), -EADDRINUSE);
	udp_world_fini(&w);
}

/* RFC 6056: who sees some ports cannot tell the next one. */
static void test_ports_are_random(void **state)
{
	static const u16 wide[2] = { 32768, 60999 };
	u32 counts[8] = { 0 };
	struct world w;

	(void)state;
	udp_world_init(&w);
	for (u32 i = 0; i < 4000; i++) {
		struct sock *sk;

		assert_int_equal(sock_create(&w.net, AF_INET, SOCK_DGRAM, 0, &sk), 0);
		assert_int_equal(udp_get_port(sk, 0, wide), 0);
		counts[(inet_sk(sk)->num - wide[0]) * 8 / (wide[1] - wide[0] + 1)]++;
		sock_release(sk);
	}
	for (u32 i = 0; i < 8; i++)
		assert_in_range(counts[i], 400, 600);
	udp_world_fini(&w);
}

static void test_no_memory(void **state)
{
	static const struct spec bound = { HERE, 53, 0, 0, 0, 0, 0 };
	u32 failures = 0;

	(void)state;
	for (u32 n = 1;; n++) {
		struct sock *sk = NULL, *found;
		struct world w;
		int err;

		udp_world_init(&w);
		assert_int_equal(sock_create(&w.net, AF_INET, SOCK_DGRAM, 0, &sk), 0);
		inet_sk(sk)->rcv_saddr = HERE;
		w.allocations = 0;
		w.fail_at = n;
		err = udp_get_port(sk, bound.port, range);
		found = udp_lookup(&w.net, PEER, PORT(1), HERE, PORT(53), 1);
		if (err) {
			assert_int_equal(err, -ENOMEM);
			assert_null(found);
			assert_int_equal(inet_sk(sk)->num, 0);
			failures++;
		} else {
			inet_sk(sk)->daddr = PEER;
			inet_sk(sk)->dport = PORT(1);
			err = udp_rehash(sk);
			found = udp_lookup(&w.net, PEER, PORT(1), HERE, PORT(53), 1);
			assert_ptr_equal(found, sk); /* in its new place, or still in its old one */
			failures += err != 0;
		}
		w.fail_at = 0;
		udp_world_fini(&w);
		if (!err)
			break;
	}
	assert_true(failures >= 2);
}

static void test_many(void **state)
{
	enum { MANY = 3000 };
	struct sock *sk[MANY];
	struct world w;

	(void)state;
	udp_world_init(&w);
	for (u32 i = 0; i < MANY; i++) {
		struct spec s = { HERE, 53, SOCK_F_REUSEADDR, 0, 0, cpu_to_be32(0x0b000000U + i), (u16)(1 + i) };

		assert_int_equal(spec_bind(&w, &s, &sk[i]), 0);
	}
	for (u32 i = 0; i < MANY; i++) {
		struct sock *found =
			udp_lookup(&w.net, cpu_to_be32(0x0b000000U + i), PORT((u16)(1 + i)), HERE, PORT(53), 1);

		assert_ptr_equal(found, sk[i]);
	}
	assert_int_equal(w.net.udp->connected_count, MANY);
	udp_world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_reuseport_spreads),
		cmocka_unit_test(test_ports_run_out),
		cmocka_unit_test(test_ports_are_random),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
