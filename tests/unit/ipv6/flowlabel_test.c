// SPDX-License-Identifier: BSD-2-Clause
/* Leased flow labels in virtual time: how many, for whom, for how long, and without memory. */
#include "nd_world.h"

#include <errno.h>
#include <linux/in6.h>

#include "api_internal.h"
#include "ipv6/ip6_flowlabel.h"
#include "ipv6/ipv6.h"
#include "ipv6/netns_ipv6.h"

#define SOL_IPV6 41
#define SOCKETS 80

static struct in6_flowlabel_req want(u32 label, u8 share)
{
	struct in6_flowlabel_req req = { .flr_share = share, .flr_flags = IPV6_FL_F_CREATE };

	req.flr_dst.s6_addr[15] = 1;
	req.flr_label = (__force u32)cpu_to_be32(label);
	return req;
}

static int ask(struct nethood_sock *sk, struct in6_flowlabel_req req)
{
	return nethood_setsockopt(sk, SOL_IPV6, IPV6_FLOWLABEL_MGR, &req, sizeof(req));
}

static int lease(struct nethood_sock *sk, u32 label)
{
	return ask(sk, want(label, IPV6_FL_S_ANY));
}

static struct nethood_sock *udp6(struct world *w, bool admin)
{
	struct nethood_sock *sk = NULL;

	assert_int_equal(nethood_socket(w->public_net, AF_INET6, SOCK_DGRAM, 0, &sk), 0);
	nethood_sock_set_admin(sk, admin);
	return sk;
}

/* What the kernel gave a user in a namespace of his own: 32 a socket, half of the table to who has some, a quarter to none. */
static void users_leave_room_for_others(void **state)
{
	struct world *w = world_create();
	struct nethood_sock *sk[SOCKETS], *root = udp6(w, true);
	u32 label = 1, sockets = 0;

	(void)state;
	for (int err = 0; !err; sockets++) {
		u32 got = 0;

		sk[sockets] = udp6(w, false);
		while (!(err = lease(sk[sockets], label)))
			label++, got++;
		assert_int_equal(err, -ENOBUFS);
		err = got == 32 ? 0 : err;
		assert_int_equal(got, sockets < 64 ? 32 : 1);
	}
	assert_int_equal(sockets, 65);
	assert_int_equal(lease(sk[0], 40), 0); /* another's: it needs no room */
	while (!lease(root, label))
		label++;
	assert_int_equal(label, 4096 + 1);
	assert_int_equal(lease(root, 1), 0);
	while (sockets)
		nethood_close(sk[--sockets]);
	nethood_close(root);
	world_destroy(w); /* while all of them linger */
}

static void nobody_gets_the_last_quarter_by_many_sockets(void **state)
{
	struct world *w = world_create();
	struct nethood_sock *root = udp6(w, true), *user = udp6(w, false);

	(void)state;
	for (u32 label = 1; label <= 3072; label++)
		assert_int_equal(lease(root, label), 0);
	assert_int_equal(lease(user, 3073), 0);
	assert_int_equal(ask(user, want(3073, IPV6_FL_S_ANY)), 0);
	nethood_close(user);
	user = udp6(w, false);
	assert_int_equal(lease(user, 3074), -ENOBUFS);
	nethood_close(user);
	nethood_close(root);
	world_destroy(w);
}

static void a_label_is_kept_as_long_as_was_asked(void **state)
{
	static const struct {
		u16 linger_s, expires_s;
		u32 kept_s;
	} rows[] = { { 0, 0, 6 }, { 6, 12, 12 }, { 12, 6, 12 }, { 150, 0, 150 } };
	const __be32 label = CONST_BE32(5);

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		struct nethood_sock *sk = udp6(w, false);
		struct in6_flowlabel_req req = want(5, IPV6_FL_S_ANY);

		req.flr_linger = rows[i].linger_s;
		req.flr_expires = rows[i].expires_s;
		assert_int_equal(ask(sk, req), 0);
		nethood_close(sk);
		assert_null(fl6_find(w->net, label));
		sk = udp6(w, false);
		world_tick(w, (rows[i].kept_s - 1) * NSEC_PER_SEC);
		req.flr_flags = IPV6_FL_F_CREATE | IPV6_FL_F_EXCL;
		assert_int_equal(ask(sk, req), -EEXIST);
		world_tick(w, 2 * NSEC_PER_SEC);
		assert_int_equal(ask(sk, req), 0);
		nethood_close(sk);
		world_destroy(w);
	}
}

static void long_times_are_the_administrators(void **state)
{
	struct world *w = world_create();
	struct nethood_sock *user = udp6(w, false), *root = udp6(w, true);
	struct in6_flowlabel_req req = want(5, IPV6_FL_S_ANY);

	(void)state;
	req.flr_linger = 151;
	assert_int_equal(ask(user, req), -EPERM);
	assert_int_equal(ask(root, req), 0);
	req.flr_action = IPV6_FL_A_RENEW;
	req.flr_share = IPV6_FL_S_NONE;
	assert_int_equal(ask(user, req), -ESRCH);
	nethood_sock_set_admin(user, true); /* also what others have */
	assert_int_equal(ask(user, req), 0);
	req.flr_label = (__force u32)cpu_to_be32(6);
	assert_int_equal(ask(user, req), -ESRCH);
	nethood_close(user);
	nethood_close(root);
	world_destroy(w);
}

static void who_shares_with_whom(void **state)
{
	static const struct {
		u8 share;
		u32 uid, pid;
		int answer;
	} rows[] = {
		{ IPV6_FL_S_EXCL, 1000, 1, -EPERM }, { IPV6_FL_S_PROCESS, 1000, 1, 0 },
		{ IPV6_FL_S_PROCESS, 0, 1, 0 },      { IPV6_FL_S_PROCESS, 1000, 2, -EPERM },
		{ IPV6_FL_S_USER, 1000, 2, 0 },      { IPV6_FL_S_USER, 1001, 1, -EPERM },
		{ IPV6_FL_S_ANY, 1001, 2, 0 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		struct nethood_sock *one = udp6(w, false), *other = udp6(w, false);

		nethood_sock_set_caller(one, 1000, 1);
		nethood_sock_set_caller(other, rows[i].uid, rows[i].pid);
		assert_int_equal(ask(one, want(5, rows[i].share)), 0);
		assert_int_equal(ask(other, want(5, rows[i].share)), rows[i].answer);
		assert_int_equal(ask(other, want(5, rows[i].share == IPV6_FL_S_ANY ? IPV6_FL_S_USER : IPV6_FL_S_ANY)),
				 -EPERM);
		assert_int_equal(fl6_exclusive(w->net), rows[i].share != IPV6_FL_S_ANY);
		nethood_close(one);
		nethood_close(other);
		world_destroy(w);
	}
}

/* A label with headers: once for each allocation that may fail. */
static void use_everything(struct world *w)
{
	struct {
		struct in6_flowlabel_req req;
		struct cmsghdr cmsg;
		u8 hop[8];
	} with = { want(0, IPV6_FL_S_EXCL), { 24, SOL_IPV6, IPV6_HOPOPTS }, { 0, 0, 1, 4 } };
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	struct nethood_sock *sk;
	int one = 1;

	if (nethood_socket(w->public_net, AF_INET6, SOCK_DGRAM, 0, &sk))
		return;
	nethood_sock_set_admin(sk, true);
	(void)nethood_setsockopt(sk, SOL_IPV6, IPV6_FLOWLABEL_MGR, &with, sizeof(with));
	(void)nethood_setsockopt(sk, SOL_IPV6, IPV6_FLOWINFO_SEND, &one, sizeof(one));
	to.sin6_addr = in6(HOST);
	to.sin6_port = (__force u16)cpu_to_be16(7);
	to.sin6_flowinfo = with.req.flr_label;
	(void)nethood_sendto(sk, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	(void)nethood_connect(sk, (struct sockaddr *)&to, sizeof(to));
	world_poll(w);
	nethood_close(sk);
}

static void any_allocation_may_fail(void **state)
{
	(void)state;
	assert_true(world_starve(use_everything) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_leave_room_for_others),
		cmocka_unit_test(nobody_gets_the_last_quarter_by_many_sockets),
		cmocka_unit_test(a_label_is_kept_as_long_as_was_asked),
		cmocka_unit_test(long_times_are_the_administrators),
		cmocka_unit_test(who_shares_with_whom),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
