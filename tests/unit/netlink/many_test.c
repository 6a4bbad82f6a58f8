// SPDX-License-Identifier: BSD-2-Clause
/* A hundred thousand neighbours by raw rtnetlink: none is lost, doubled or left, and no turn does much of the work. */
#include "../neigh/neigh_world.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#define MANY 100000U
#define BATCH 64U
#define FIRST 0x0b000000U
#define RUN_MAX 2048U /* entries that one turn may touch */

/** struct request - about one neighbour */
struct request {
	struct nlmsghdr nlh;
	struct ndmsg ndm;
	struct rtattr dst_head;
	__be32 dst;
	struct rtattr lladdr_head;
	u8 lladdr[8];
};

static struct nethood_sock *netlink_socket(struct world *w)
{
	struct nethood_sock *sk;
	int on = 1;

	assert_int_equal(nethood_socket(w->public_net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &sk), 0);
	assert_int_equal(nethood_setsockopt(sk, 270, NETLINK_GET_STRICT_CHK, &on, sizeof(on)), 0);
	return sk;
}

static u32 put(struct world *w, struct request *rq, u16 type, u16 flags, u32 i)
{
	*rq = (struct request){
		.nlh = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = i + 1 },
		.ndm = { .ndm_family = AF_INET, .ndm_ifindex = w->dev->ifindex },
		.dst_head = { .rta_len = RTA_LENGTH(4), .rta_type = NDA_DST },
		.dst = cpu_to_be32(FIRST + i),
		.lladdr_head = { .rta_len = RTA_LENGTH(6), .rta_type = NDA_LLADDR },
		.lladdr = { 2, 1, 0, (u8)(i >> 16), (u8)(i >> 8), (u8)i },
	};
	rq->nlh.nlmsg_len = sizeof(*rq);
	rq->ndm.ndm_state = NUD_PERMANENT;
	if (type != RTM_NEWNEIGH) {
		rq->ndm.ndm_state = 0;
		rq->nlh.nlmsg_len = offsetof(struct request, lladdr_head);
	}
	return rq->nlh.nlmsg_len;
}

/* Errors of what is refused are counted. */
static u32 request_all(struct world *w, struct nethood_sock *sk, u16 type, u16 flags, u32 count)
{
	u8 buf[BATCH * sizeof(struct request)], answer[4096];
	struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)answer;
	u32 len = 0, refused = 0;

	for (u32 i = 0; i < count; i++) {
		struct request rq;
		u32 bytes = put(w, &rq, type, flags, i);

		memcpy(buf + len, &rq, bytes);
		len += bytes;
		if ((i + 1) % BATCH && i + 1 < count)
			continue;
		if (nethood_sendto(sk, buf, len, 0, NULL, 0) < 0)
			refused += (i % BATCH) + 1;
		len = 0;
		for (ssize_t n; (n = nethood_recvfrom(sk, answer, sizeof(answer), 0, NULL, NULL)) != -EAGAIN;) {
			assert_true(n == -ENOBUFS || nlh->nlmsg_type == NLMSG_ERROR);
			refused++;
		}
	}
	return refused;
}

static u8 *seen; /* times, by number of the neighbour */

static u32 see(const u8 *buf, size_t len, u16 type, bool *done)
{
	u32 count = 0;

	for (const struct nlmsghdr *nlh = (const void *)buf; len >= sizeof(*nlh) && nlh->nlmsg_len;) {
		const struct request *rq = (const void *)nlh; /* NDA_DST is the first attribute */
		size_t step = NLMSG_ALIGN(nlh->nlmsg_len);

		if (nlh->nlmsg_type == NLMSG_DONE) {
			*done = true;
			break;
		}
		assert_int_equal(nlh->nlmsg_type, type);
		assert_int_equal(rq->dst_head.rta_type, NDA_DST);
		assert_in_range(be32_to_cpu(rq->dst) - FIRST, 0, MANY - 1);
		seen[be32_to_cpu(rq->dst) - FIRST]++;
		count++;
		len -= step;
		nlh = (const void *)((const u8 *)nlh + step);
	}
	return count;
}

/* Return: false: no memory for the request */
static bool dump_begin(struct nethood_sock *sk, int ifindex)
{
	struct {
		struct nlmsghdr nlh;
		struct ndmsg ndm;
		struct rtattr head;
		int ifindex;
	} rq = { .nlh = { .nlmsg_type = RTM_GETNEIGH, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		 .ndm = { .ndm_family = AF_INET },
		 .head = { .rta_len = RTA_LENGTH(4), .rta_type = NDA_IFINDEX },
		 .ifindex = ifindex };

	rq.nlh.nlmsg_len = ifindex ? sizeof(rq) : offsetof(__typeof__(rq), head);
	return nethood_sendto(sk, &rq, rq.nlh.nlmsg_len, 0, NULL, 0) == (ssize_t)rq.nlh.nlmsg_len;
}

/* Return: messages; @turns: of the loop, until the end came */
static u32 dump_end(struct world *w, struct nethood_sock *sk, u32 *turns)
{
	static u8 buf[32768];
	bool done = false;
	u32 count = 0;

	while (!done) {
		ssize_t n = nethood_recvfrom(sk, buf, sizeof(buf), 0, NULL, NULL);

		if (n > 0) {
			count += see(buf, (size_t)n, RTM_NEWNEIGH, &done);
			continue;
		}
		assert_int_equal(n, -EAGAIN);
		assert_true(nethood_next_deadline(w->public_net) <= (u64)w->now + 1);
		nethood_poll(w->public_net, (u64)++w->now);
		assert_in_range(++*turns, 1, 1000);
	}
	return count;
}

static void all_were_seen_once(u32 count)
{
	for (u32 i = 0; i < count; i++) {
		if (seen[i] != 1)
			fail_msg("neighbour %u was seen %u times", i, seen[i]);
	}
	memset(seen, 0, MANY);
}

static void they_are_added_listed_and_flushed(void **state)
{
	struct nethood_sock *sk;
	struct world w;
	u32 turns = 0;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	assert_int_equal(request_all(&w, sk, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, MANY), 0);
	assert_int_equal(w.arp->hash.live_count, MANY);
	assert_null(nethood_check(w.public_net));
	assert_true(dump_begin(sk, 0));
	assert_int_equal(dump_end(&w, sk, &turns), MANY);
	all_were_seen_once(MANY);
	assert_true(dump_begin(sk, w.dev->ifindex));
	assert_int_equal(dump_end(&w, sk, &turns), MANY);
	all_were_seen_once(MANY);
	assert_int_equal(turns, 0); /* the reader drives it */
	assert_int_equal(request_all(&w, sk, RTM_DELNEIGH, 0, MANY), 0);
	assert_int_equal(w.arp->hash.live_count, 0);
	assert_int_equal(request_all(&w, sk, RTM_DELNEIGH, 0, 10), 10);
	world_run(&w, NSEC_PER_MSEC);
	assert_int_equal(w.arp->entries_count, 0);
	nethood_close(sk);
	world_fini(&w);
}

static void a_dump_that_finds_nothing_takes_many_turns(void **state)
{
	struct nethood_sock *sk, *other;
	struct world w;
	u32 turns = 0;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	other = netlink_socket(&w);
	assert_int_equal(request_all(&w, sk, RTM_NEWNEIGH, NLM_F_CREATE, MANY), 0);
	assert_true(dump_begin(sk, 1)); /* lo */
	assert_true(dump_begin(other, 1));
	assert_int_equal(dump_end(&w, sk, &turns), 0);
	assert_in_range(turns, MANY / RUN_MAX / 4, MANY / 100);
	turns = 0;
	assert_int_equal(dump_end(&w, other, &turns), 0);
	assert_int_equal(turns, 0); /* both went on in the same turns */

	/* a reader that goes away meanwhile, and one that goes with the net */
	assert_true(dump_begin(sk, 1));
	assert_true(dump_begin(other, 1));
	nethood_poll(w.public_net, (u64)++w.now);
	nethood_close(sk);
	nethood_poll(w.public_net, (u64)++w.now);
	world_fini(&w);
}

static void a_listener_hears_of_each_that_goes_with_its_device(void **state)
{
	static u8 buf[32768];
	struct nethood_sock *sk, *ear;
	int group = RTNLGRP_NEIGH, room = 1 << 20;
	u32 heard = 0;
	struct world w;
	bool done;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	ear = netlink_socket(&w);
	assert_int_equal(nethood_setsockopt(ear, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), 0);
	assert_int_equal(request_all(&w, sk, RTM_NEWNEIGH, NLM_F_CREATE, MANY), 0);
	assert_int_equal(nethood_setsockopt(ear, 270, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)), 0);
	dev_close(w.dev);
	for (u32 turns = 0; turns < 1000 && heard < MANY; turns++) {
		u32 before = heard;

		for (ssize_t n; (n = nethood_recvfrom(ear, buf, sizeof(buf), 0, NULL, NULL)) > 0;)
			heard += see(buf, (size_t)n, RTM_DELNEIGH, &done);
		assert_in_range(heard - before, 0, RUN_MAX);
		nethood_poll(w.public_net, (u64)++w.now);
	}
	assert_int_equal(heard, MANY);
	all_were_seen_once(MANY);
	nethood_close(ear);
	nethood_close(sk);
	world_fini(&w);
}

/* ------------------------------------------------------------------ without memory */

/* Add, list, listen, replace, delete; whatever fails, the table is what the answers say. */
static void scenario(struct world *w, struct nethood_sock *sk)
{
	static u8 buf[32768];
	u32 refused, turns = 0;
	bool done;

	refused = request_all(w, sk, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, 40);
	assert_true(refused || w->arp->hash.live_count == 40); /* what is refused is told, or that something was lost */
	assert_null(nethood_check(w->public_net));
	done = !dump_begin(sk, w->dev->ifindex);
	while (!done && turns++ < 100) {
		ssize_t n = nethood_recvfrom(sk, buf, sizeof(buf), 0, NULL, NULL);

		if (n == -EAGAIN || n == -ENOBUFS)
			break; /* no memory for the request, or for its answer: the reader was told */
		assert_true(n > 0);
		if (((struct nlmsghdr *)(void *)buf)->nlmsg_type == NLMSG_ERROR)
			break;
		(void)see(buf, (size_t)n, RTM_NEWNEIGH, &done);
	}
	(void)request_all(w, sk, RTM_DELNEIGH, 0, 20);
	dev_close(w->dev);
	world_run(w, NSEC_PER_MSEC);
	assert_int_equal(w->arp->hash.live_count, 0);
	w->fail_at = 0;
	assert_int_equal(dev_open(w->dev), 0);
}

static void each_allocation_may_fail(void **state)
{
	u32 allocs = 0;

	(void)state;
	for (u32 n = 0; n <= allocs; n++) {
		for (int for_ever = 0; for_ever < 2; for_ever++) {
			int group = RTNLGRP_NEIGH;
			struct nethood_sock *sk, *ear;
			struct world w;

			world_init(&w);
			sk = netlink_socket(&w);
			ear = netlink_socket(&w);
			assert_int_equal(nethood_setsockopt(ear, 270, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)),
					 0);
			w.alloc_count = 0;
			w.fail_at = n;
			w.fail_for_ever = for_ever;
			scenario(&w, sk);
			allocs = n ? allocs : w.alloc_count;
			nethood_close(sk);
			sk = netlink_socket(&w);
			assert_int_equal(request_all(&w, sk, RTM_NEWNEIGH, NLM_F_CREATE, 40), 0);
			assert_int_equal(w.arp->hash.live_count, 40);
			nethood_close(sk);
			nethood_close(ear);
			world_fini(&w);
		}
	}
	assert_true(allocs > 100);
	memset(seen, 0, MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_added_listed_and_flushed),
		cmocka_unit_test(a_dump_that_finds_nothing_takes_many_turns),
		cmocka_unit_test(a_listener_hears_of_each_that_goes_with_its_device),
		cmocka_unit_test(each_allocation_may_fail),
	};
	int failed;

	seen = calloc(MANY, 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(seen);
	return failed;
}
