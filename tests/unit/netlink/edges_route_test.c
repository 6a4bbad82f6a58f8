// SPDX-License-Identifier: BSD-2-Clause
/* The edges of rtnetlink's routes: tunnels that say much of themselves, or cannot; as many next hops as there may be; messages
 * that fit into no piece. */
#include "ask.h"

#include <linux/fib_rules.h>
#include <linux/lwtunnel.h>

#include "dev/lwtunnel.h"

/* ------------------------------------------------------------------ routes; a tunnel that is as long as it likes */

static int say_bytes; /* what the tunnel says of itself in a message; negative: it cannot */

static int tunnel_build(struct lwtunnel_state *lwt, u8 family, const void *encap, u32 encap_bytes, const char **errmsg)
{
	(void)lwt, (void)family, (void)encap, (void)encap_bytes, (void)errmsg;
	return 0;
}

static int tunnel_fill(const struct lwtunnel_state *lwt, void *buf, u32 room_bytes)
{
	(void)lwt;
	assert_true(say_bytes <= (int)room_bytes);
	memset(buf, 0x5a, room_bytes);
	return say_bytes;
}

static bool tunnel_same(const struct lwtunnel_state *a, const struct lwtunnel_state *b)
{
	return a == b;
}

static const struct lwtunnel_encap_ops tunnel_ops = { .build_state = tunnel_build,
						      .fill_encap = tunnel_fill,
						      .same_encap = tunnel_same };
#define TUNNEL LWTUNNEL_ENCAP_MPLS
#define NET_OF(i) cpu_to_be32(0x0a630000U + ((i) << 8))

static struct rtmsg *route_request(struct ask *a, u16 type, u16 flags, __be32 dst, u8 len)
{
	struct rtmsg *rtm = begin(a, type, flags, sizeof(*rtm));

	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = len;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_type = RTN_UNICAST;
	if (dst)
		mnl_attr_put(a->nlh, RTA_DST, 4, &dst);
	return rtm;
}

static void put_gateway(struct nlmsghdr *nlh)
{
	const __be32 gw = PEER_IP;

	mnl_attr_put(nlh, RTA_GATEWAY, 4, &gw);
}

static void put_tunnel(struct nlmsghdr *nlh)
{
	mnl_attr_put_u16(nlh, RTA_ENCAP_TYPE, TUNNEL);
	mnl_attr_put_u32(nlh, RTA_ENCAP, 0);
}

static void put_hops(struct ask *a, u32 count, int ifindex, void (*more)(struct nlmsghdr *nlh))
{
	struct nlattr *nest = mnl_attr_nest_start(a->nlh, RTA_MULTIPATH);

	for (u32 i = 0; i < count; i++) {
		u8 *at = mnl_nlmsg_get_payload_tail(a->nlh);
		struct rtnexthop hop = { .rtnh_ifindex = ifindex };

		a->nlh->nlmsg_len += (u32)sizeof(hop);
		if (more)
			more(a->nlh);
		hop.rtnh_len = (u16)((u8 *)mnl_nlmsg_get_payload_tail(a->nlh) - at);
		memcpy(at, &hop, sizeof(hop));
	}
	mnl_attr_nest_end(a->nlh, nest);
	nest->nla_type = RTA_MULTIPATH;
	assert_true(a->nlh->nlmsg_len <= sizeof(a->request));
}

static void gateway_and_tunnel(struct nlmsghdr *nlh)
{
	put_gateway(nlh);
	put_tunnel(nlh);
}

static void gateway_of_no_family(struct nlmsghdr *nlh)
{
	mnl_attr_put(nlh, RTA_VIA, 6, "\x11\0\0\0\0\0");
}

static void a_gateway_of_the_other_family_is_listed(void **state)
{
	static const u8 via[18] = { AF_INET6, 0, 0xfe, 0x80, [17] = 9 };
	static struct ask a;
	struct nethood_sock *sk;
	const struct nlattr *attr;
	const __be32 dst = NET_OF(1);
	struct world w;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	route_request(&a, RTM_NEWROUTE, NLM_F_CREATE, dst, 24);
	mnl_attr_put(a.nlh, RTA_VIA, sizeof(via), via);
	mnl_attr_put_u32(a.nlh, RTA_OIF, (u32)w.dev->ifindex);
	w.net->neigh->table[NEIGH_ND_TABLE] = w.arp; /* there is IPv6, as far as a route asks */
	assert_int_equal(ask(&a, sk, 32768), 0);
	w.net->neigh->table[NEIGH_ND_TABLE] = NULL;
	route_request(&a, RTM_GETROUTE, 0, dst, 32);
	assert_int_equal(ask(&a, sk, 32768), 0);
	attr = attr_of(message(&a, RTM_NEWROUTE, 0), sizeof(struct rtmsg), RTA_VIA);
	assert_non_null(attr);
	assert_memory_equal(mnl_attr_get_payload(attr), via, sizeof(via));
	nethood_close(sk);
	world_fini(&w);
}

static void a_route_through_a_tunnel_is_listed_in_pieces_of_every_size(void **state)
{
	static struct ask a, all;
	struct nethood_sock *sk;
	struct world w;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	say_bytes = 40;
	assert_int_equal(lwtunnel_encap_add_ops(w.net, TUNNEL, &tunnel_ops), 0);
	for (u32 i = 0; i < 60; i++) {
		route_request(&a, RTM_NEWROUTE, NLM_F_CREATE, NET_OF(i), 24);
		if (i % 2) {
			put_hops(&a, 2, w.dev->ifindex, gateway_and_tunnel);
		} else {
			put_gateway(a.nlh);
			put_tunnel(a.nlh);
		}
		assert_int_equal(ask(&a, sk, 32768), 0);
	}
	route_request(&all, RTM_GETROUTE, NLM_F_DUMP, 0, 0);
	assert_int_equal(ask(&all, sk, 32768), 0);
	for (size_t piece = PIECE_MIN; piece < PIECE_MIN + 260; piece += 4) {
		struct nethood_sock *reader = netlink_socket(&w);

		route_request(&a, RTM_GETROUTE, NLM_F_DUMP, 0, 0);
		assert_int_equal(ask(&a, reader, piece), 0);
		assert_int_equal(a.answer_bytes, all.answer_bytes);
		nethood_close(reader);
	}
	say_bytes = -EMSGSIZE; /* one that cannot be said ends the list with an error, and the question as well */
	route_request(&a, RTM_GETROUTE, NLM_F_DUMP, 0, 0);
	assert_int_equal(ask(&a, sk, 32768), -EMSGSIZE);
	route_request(&a, RTM_GETROUTE, 0, NET_OF(2), 32);
	assert_int_equal(ask(&a, sk, 32768), -EMSGSIZE);
	say_bytes = 8;
	route_request(&a, RTM_GETROUTE, 0, NET_OF(2), 32);
	assert_int_equal(ask(&a, sk, 32768), 0);
	assert_non_null(attr_of(message(&a, RTM_NEWROUTE, 0), sizeof(struct rtmsg), RTA_ENCAP));
	for (u32 i = 0; i < 60; i++) {
		route_request(&a, RTM_DELROUTE, 0, NET_OF(i), 24);
		assert_int_equal(ask(&a, sk, 32768), 0);
	}
	world_run(&w, 2 * NSEC_PER_SEC);
	nethood_close(sk);
	world_fini(&w);
}

/* A list with a message that is larger than the reader's pieces ended without a word, and each later one with EBUSY. */
static void a_list_that_cannot_be_told_says_so(void **state)
{
	int group = RTNLGRP_IPV4_ROUTE;
	struct nethood_sock *sk, *small, *ear;
	static struct ask a;
	u8 buf[64];
	struct world w;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	small = netlink_socket(&w);
	ear = netlink_socket(&w);
	assert_int_equal(nethood_setsockopt(ear, SOL_NETLINK_, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)), 0);
	assert_int_equal(lwtunnel_encap_add_ops(w.net, TUNNEL, &tunnel_ops), 0);
	say_bytes = 240; /* with 256 of them no notification is large enough */
	route_request(&a, RTM_NEWROUTE, NLM_F_CREATE, NET_OF(1), 24);
	put_hops(&a, 256, w.dev->ifindex, gateway_and_tunnel);
	assert_int_equal(ask(&a, sk, 32768), 0);
	assert_int_equal(nethood_recvfrom(ear, buf, sizeof(buf), 0, NULL, NULL), -ENOBUFS); /* it must ask */
	for (u32 turn = 0; turn < 2; turn++) {
		route_request(&a, RTM_GETROUTE, NLM_F_DUMP, 0, 0);
		assert_int_equal(ask(&a, sk, 32768), -EMSGSIZE);
	}
	say_bytes = 4;
	for (u32 turn = 0; turn < 2; turn++) {
		route_request(&a, RTM_GETROUTE, NLM_F_DUMP, 0, 0);
		assert_int_equal(ask(&a, small, PIECE_MIN), -EMSGSIZE);
	}
	route_request(&a, RTM_GETROUTE, NLM_F_DUMP, 0, 0);
	assert_int_equal(ask(&a, sk, 32768), 0); /* whose pieces are larger has them all */
	nethood_close(sk);
	nethood_close(small);
	nethood_close(ear);
	world_fini(&w);
}

static const struct {
	const char *sentence;
	u32 hops;
	void (*more)(struct nlmsghdr *nlh);
	int err;
	const char *text;
} hop_rows[] = {
	{ "256 next hops are as many as there may be", 256, put_gateway, 0, "" },
	{ "one more is too many", 257, put_gateway, -EINVAL, "Too many nexthops" },
	{ "a gateway of a family that nobody knows", 2, gateway_of_no_family, -EINVAL,
	  "Unsupported address family in RTA_VIA" },
};

static void next_hops_are_counted_and_looked_at(void **state)
{
	static struct ask a;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(hop_rows); i++) {
		struct nethood_sock *sk;
		struct world w;
		int err;

		world_init(&w);
		sk = netlink_socket(&w);
		route_request(&a, RTM_NEWROUTE, NLM_F_CREATE, NET_OF(1), 24);
		put_hops(&a, hop_rows[i].hops, w.dev->ifindex, hop_rows[i].more);
		err = ask(&a, sk, 32768);
		if (err != hop_rows[i].err || strcmp(a.text, hop_rows[i].text) != 0)
			fail_msg("%s: %d \"%s\"", hop_rows[i].sentence, err, a.text);
		nethood_close(sk);
		world_fini(&w);
	}
}

static void a_question_about_a_route_is_answered_in_full(void **state)
{
	static struct ask a;
	const __be32 src = OUR_IP, dst = NET_OF(1);
	const struct rtmsg *answer;
	struct nethood_sock *sk;
	struct fib_rule_hdr *rule;
	struct rtmsg *rtm;
	struct world w;
	int on = 1, off = 0;
	u32 refused = 0;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	assert_int_equal(nethood_setsockopt(sk, SOL_NETLINK_, NETLINK_GET_STRICT_CHK, &on, sizeof(on)), 0);
	rtm = route_request(&a, RTM_GETROUTE, 0, PEER_IP, 32); /* from an address: all 32 bits of it */
	rtm->rtm_table = rtm->rtm_protocol = rtm->rtm_type = 0;
	rtm->rtm_src_len = 32;
	mnl_attr_put(a.nlh, RTA_SRC, 4, &src);
	assert_int_equal(ask(&a, sk, 32768), 0);
	assert_memory_equal(mnl_attr_get_payload(attr_of(message(&a, RTM_NEWROUTE, 0), sizeof(struct rtmsg), RTA_SRC)),
			    &src, 4);
	rtm = route_request(&a, RTM_GETROUTE, 0, PEER_IP, 32);
	mnl_attr_put_u32(a.nlh, RTA_METRICS, 0); /* a nest must say that it is one */
	assert_int_equal(ask(&a, sk, 32768), -EINVAL);
	assert_string_equal(a.text, "NLA_F_NESTED is missing");
	assert_int_equal(nethood_setsockopt(sk, SOL_NETLINK_, NETLINK_GET_STRICT_CHK, &off, sizeof(off)), 0);

	route_request(&a, RTM_NEWROUTE, NLM_F_CREATE, dst, 24)->rtm_table = 0;
	mnl_attr_put_u32(a.nlh, RTA_TABLE, 1000);
	put_gateway(a.nlh);
	assert_int_equal(ask(&a, sk, 32768), 0);
	rule = begin(&a, RTM_NEWRULE, NLM_F_CREATE, sizeof(*rule));
	rule->family = AF_INET;
	rule->action = FR_ACT_TO_TBL;
	mnl_attr_put_u32(a.nlh, FRA_TABLE, 1000);
	mnl_attr_put_u32(a.nlh, FRA_PRIORITY, 100);
	assert_int_equal(ask(&a, sk, 32768), 0);
	route_request(&a, RTM_GETROUTE, 0, dst, 32)->rtm_flags = RTM_F_LOOKUP_TABLE;
	assert_int_equal(ask(&a, sk, 32768), 0);
	answer = mnl_nlmsg_get_payload(message(&a, RTM_NEWROUTE, 0));
	assert_int_equal(answer->rtm_table, RT_TABLE_COMPAT);
	assert_int_equal(mnl_attr_get_u32(attr_of(message(&a, RTM_NEWROUTE, 0), sizeof(*answer), RTA_TABLE)), 1000);

	for (u32 i = 1; i < 6; i++) { /* as if it had come in, without memory for the packet that is thought of */
		route_request(&a, RTM_GETROUTE, 0, src, 32);
		mnl_attr_put_u32(a.nlh, RTA_IIF, (u32)w.dev->ifindex);
		mnl_attr_put_u32(a.nlh, RTA_SRC, PEER_IP);
		w.alloc_count = 0;
		w.fail_at = i;
		if (nethood_sendto(sk, a.nlh, a.nlh->nlmsg_len, 0, NULL, 0) == a.nlh->nlmsg_len) {
			w.fail_at = 0;
			refused += read_all(&a, sk, 32768) == -ENOBUFS;
		}
		w.fail_at = 0;
	}
	assert_true(refused > 0);
	nethood_close(sk);
	world_fini(&w);
}

/* Found by its row: the packet that is thought of had no header, and rules looked at what lay beside it. */
static void a_question_about_what_comes_in_goes_by_its_protocol(void **state)
{
	static const u8 protocols[] = { IPPROTO_UDP, IPPROTO_TCP, 0 };
	static struct ask a;
	const __be32 from = PEER_IP, to = OTHER_IP;
	struct nethood_sock *sk;
	struct fib_rule_hdr *rule;
	struct world w;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.conf.eth0.forwarding", "1"), 0);
	rule = begin(&a, RTM_NEWRULE, NLM_F_CREATE, sizeof(*rule));
	rule->family = AF_INET;
	rule->action = FR_ACT_PROHIBIT;
	mnl_attr_put_u8(a.nlh, FRA_IP_PROTO, IPPROTO_UDP);
	mnl_attr_put_u32(a.nlh, FRA_PRIORITY, 50);
	assert_int_equal(ask(&a, sk, 32768), 0);
	for (u32 i = 0; i < ARRAY_SIZE(protocols); i++) {
		route_request(&a, RTM_GETROUTE, 0, to, 32);
		mnl_attr_put(a.nlh, RTA_SRC, 4, &from);
		mnl_attr_put_u32(a.nlh, RTA_IIF, (u32)w.dev->ifindex);
		mnl_attr_put_u8(a.nlh, RTA_IP_PROTO, protocols[i]);
		assert_int_equal(ask(&a, sk, 32768), i ? 0 : -EACCES);
	}
	nethood_close(sk);
	world_fini(&w);
}

static void a_rule_for_a_mark_and_no_mask_is_listed_with_both(void **state)
{
	static struct ask a;
	struct nethood_sock *sk;
	struct fib_rule_hdr *rule;
	const struct nlattr *mark = NULL, *mask = NULL;
	const struct nlmsghdr *m;
	struct world w;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	rule = begin(&a, RTM_NEWRULE, NLM_F_CREATE, sizeof(*rule));
	rule->family = AF_INET;
	rule->action = FR_ACT_TO_TBL;
	rule->table = RT_TABLE_MAIN;
	mnl_attr_put_u32(a.nlh, FRA_FWMARK, 7);
	mnl_attr_put_u32(a.nlh, FRA_FWMASK, 0);
	assert_int_equal(ask(&a, sk, 32768), 0);
	rule = begin(&a, RTM_GETRULE, NLM_F_DUMP, sizeof(*rule));
	rule->family = AF_INET;
	assert_int_equal(ask(&a, sk, 32768), 0);
	for (u32 i = 0; !mark && (m = message(&a, RTM_NEWRULE, i)); i++) {
		mark = attr_of(m, sizeof(*rule), FRA_FWMARK);
		mask = attr_of(m, sizeof(*rule), FRA_FWMASK);
	}
	assert_int_equal(mnl_attr_get_u32(mark), 7);
	assert_int_equal(mnl_attr_get_u32(mask), 0);
	nethood_close(sk);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gateway_of_the_other_family_is_listed),
		cmocka_unit_test(a_route_through_a_tunnel_is_listed_in_pieces_of_every_size),
		cmocka_unit_test(a_list_that_cannot_be_told_says_so),
		cmocka_unit_test(next_hops_are_counted_and_looked_at),
		cmocka_unit_test(a_question_about_a_route_is_answered_in_full),
		cmocka_unit_test(a_question_about_what_comes_in_goes_by_its_protocol),
		cmocka_unit_test(a_rule_for_a_mark_and_no_mask_is_listed_with_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
