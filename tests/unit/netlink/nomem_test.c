// SPDX-License-Identifier: BSD-2-Clause
/* Scenes all over the stack in which each allocation fails, once and for ever from there on: see nomem.h.
 *
 * A netlink request that is refused has changed nothing: what the net lists before and after it is the same.  After each
 * scene all that a net says of itself holds; with memory the same scene ends as if memory had never failed; and when the
 * net ends nothing is left.  Scenes of a single part are with its tests: docs/FAULTS.md, F1.
 */
#include "../neigh/neigh_world.h"

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>

#include "base/hash.h"

#define SOL_NETLINK_ 270
#define HOST(n) CONST_BE32(0x0a4d0000U + (n))
#define NET(n) CONST_BE32(0x0a630000U + ((n) << 8))
#define MSG_BYTES 1024

/* ------------------------------------------------------------------ memory for the test itself */

static bool pause_failures(struct world *w)
{
	bool on = w->nomem && w->nomem->on;

	if (on)
		w->nomem->on = false;
	return on;
}

static void go_on_failing(struct world *w, bool on)
{
	if (on)
		w->nomem->on = true;
}

/* Can the next allocation fail? */
static bool may_fail(const struct world *w)
{
	const struct nomem *m = w->nomem;

	return m && m->on && m->fail_at && (m->for_ever || !m->failed);
}

/* ------------------------------------------------------------------ requests */

static struct nethood_sock *netlink_socket(struct world *w)
{
	struct nethood_sock *sk;

	return nethood_socket(w->public_net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &sk) ? NULL : sk;
}

static u64 hash_attrs(const struct nlmsghdr *nlh, u32 head_bytes)
{
	static const siphash_key_t key;
	const u8 *end = (const u8 *)nlh + nlh->nlmsg_len;
	u64 hash = siphash(mnl_nlmsg_get_payload(nlh), head_bytes, &key);

	for (const struct nlattr *a = mnl_nlmsg_get_payload_offset(nlh, head_bytes); (const u8 *)a < end;
	     a = mnl_attr_next(a)) {
		bool counter = nlh->nlmsg_type == RTM_NEWLINK &&
			       (mnl_attr_get_type(a) == IFLA_STATS || mnl_attr_get_type(a) == IFLA_STATS64);

		if (!counter)
			hash = hash * 31 + siphash(a, a->nla_len, &key);
	}
	return hash;
}

static u32 head_bytes_of(u16 type)
{
	switch (type) {
	case RTM_NEWLINK:
		return sizeof(struct ifinfomsg);
	case RTM_NEWADDR:
		return sizeof(struct ifaddrmsg);
	case RTM_NEWNEIGH:
		return sizeof(struct ndmsg);
	default:
		return sizeof(struct rtmsg); /* fib_rule_hdr, too */
	}
}

/* Return: true: that was the last one; @hash: of what is listed, @count: how much that is */
static bool list_part(const u8 *buf, ssize_t len, u64 *hash, u32 *count)
{
	const struct nlmsghdr *nlh = (const void *)buf;

	for (int left = (int)len; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
			return true;
		*hash = *hash * 1000003 + hash_attrs(nlh, head_bytes_of(nlh->nlmsg_type));
		++*count;
	}
	return false;
}

/* Return: 0: it came to its end; -errno */
static int list(struct nethood_sock *sk, u16 type, u64 *hash, u32 *count)
{
	static u8 buf[32768];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	ssize_t n;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	*(u8 *)mnl_nlmsg_put_extra_header(nlh, head_bytes_of((u16)(type - 2))) = AF_INET;
	n = nethood_sendto(sk, nlh, nlh->nlmsg_len, 0, NULL, 0);
	for (u32 turns = 0; n >= 0; turns++) {
		assert_true(turns < 1000);
		n = nethood_recvfrom(sk, buf, sizeof(buf), 0, NULL, NULL);
		if (n > 0 && list_part(buf, n, hash, count))
			return 0;
	}
	return (int)n;
}

static const u16 lists[] = { RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETRULE, RTM_GETNEIGH };

/* All that the net lists. */
static u64 picture(struct world *w)
{
	bool on = pause_failures(w);
	struct nethood_sock *sk = netlink_socket(w);
	u64 hash = 0;
	u32 count = 0;

	for (u32 i = 0; i < ARRAY_SIZE(lists); i++)
		assert_int_equal(list(sk, lists[i], &hash, &count), 0);
	nethood_close(sk);
	go_on_failing(w, on);
	return hash;
}

/* Return: 0, -errno of the answer; 1: the answer was lost, and the asker was told so */
static int answer_of(struct nethood_sock *sk)
{
	u8 buf[4096];
	const struct nlmsghdr *nlh = (const void *)buf;
	ssize_t n = nethood_recvfrom(sk, buf, sizeof(buf), 0, NULL, NULL);

	if (n == -ENOBUFS)
		return 1;
	assert_true(n >= (ssize_t)sizeof(*nlh));
	assert_int_equal(nlh->nlmsg_type, NLMSG_ERROR);
	return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(nlh))->error;
}

/* One request.  Who is told "no" finds everything as it was.  Return: as answer_of() */
static int ask(struct world *w, struct nethood_sock *sk, struct nlmsghdr *nlh)
{
	bool look = may_fail(w);
	u64 before = look ? picture(w) : 0;
	ssize_t n;
	int err;

	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	n = nethood_sendto(sk, nlh, nlh->nlmsg_len, 0, NULL, 0);
	err = n < 0 ? (int)n : answer_of(sk);
	if (err < 0 && look && picture(w) != before)
		fail_msg("request %u was refused (%d), and did something (%s)", nlh->nlmsg_type, err, w->nomem->site);
	assert_string_equal(nethood_check(w->public_net) ?: "", "");
	return err;
}

static struct nlmsghdr *message(void *buf, u16 type, u16 flags, const void *head, size_t head_bytes)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	memcpy(mnl_nlmsg_put_extra_header(nlh, head_bytes), head, head_bytes);
	return nlh;
}

static int ask_neigh(struct world *w, struct nethood_sock *sk, u16 type, u16 flags, u32 host, u16 state, u8 ntf,
		     u32 ext)
{
	const struct ndmsg ndm = {
		.ndm_family = AF_INET, .ndm_ifindex = w->dev->ifindex, .ndm_state = state, .ndm_flags = ntf
	};
	const u8 mac[6] = { 2, 9, 0, 0, 0, (u8)host };
	_Alignas(8) u8 buf[MSG_BYTES];
	struct nlmsghdr *nlh = message(buf, type, flags, &ndm, sizeof(ndm));

	mnl_attr_put_u32(nlh, NDA_DST, (__force u32)HOST(host));
	if (type == RTM_NEWNEIGH && (state & NUD_VALID))
		mnl_attr_put(nlh, NDA_LLADDR, sizeof(mac), mac);
	if (ext)
		mnl_attr_put_u32(nlh, NDA_FLAGS_EXT, ext);
	return ask(w, sk, nlh);
}

static int ask_addr(struct world *w, struct nethood_sock *sk, u16 type, u16 flags, __be32 addr, u8 prefixlen,
		    u32 valid_s)
{
	const struct ifaddrmsg ifm = { .ifa_family = AF_INET,
				       .ifa_prefixlen = prefixlen,
				       .ifa_index = (u32)w->dev->ifindex };
	const struct ifa_cacheinfo life = { .ifa_valid = valid_s, .ifa_prefered = valid_s };
	_Alignas(8) u8 buf[MSG_BYTES];
	struct nlmsghdr *nlh = message(buf, type, flags, &ifm, sizeof(ifm));

	mnl_attr_put_u32(nlh, IFA_LOCAL, (__force u32)addr);
	if (valid_s)
		mnl_attr_put(nlh, IFA_CACHEINFO, sizeof(life), &life);
	return ask(w, sk, nlh);
}

static void put_hops(struct world *w, struct nlmsghdr *nlh, u32 hops)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);

	for (u32 i = 0; i < hops; i++) {
		const struct {
			struct rtnexthop rtnh;
			struct nlattr head;
			__be32 gw;
		} hop = { { .rtnh_len = 16, .rtnh_ifindex = w->dev->ifindex }, { 8, RTA_GATEWAY }, HOST(200 + i) };

		memcpy(mnl_nlmsg_get_payload_tail(nlh), &hop, sizeof(hop));
		nlh->nlmsg_len += (u32)sizeof(hop);
	}
	mnl_attr_nest_end(nlh, nest);
}

/* @hops: 0: on the link, 1: by a gateway, else so many next hops */
static int ask_route(struct world *w, struct nethood_sock *sk, u16 type, u16 flags, __be32 dst, u32 hops, u8 table)
{
	const struct rtmsg rtm = { .rtm_family = AF_INET,
				   .rtm_dst_len = 24,
				   .rtm_table = table,
				   .rtm_protocol = RTPROT_STATIC,
				   .rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE
						: hops               ? RT_SCOPE_UNIVERSE
								     : RT_SCOPE_LINK,
				   .rtm_type = RTN_UNICAST };
	_Alignas(8) u8 buf[MSG_BYTES];
	struct nlmsghdr *nlh = message(buf, type, flags, &rtm, sizeof(rtm));

	mnl_attr_put_u32(nlh, RTA_DST, (__force u32)dst);
	if (type == RTM_DELROUTE)
		return ask(w, sk, nlh);
	if (hops > 1) {
		put_hops(w, nlh, hops);
	} else {
		struct nlattr *metrics;

		if (hops)
			mnl_attr_put_u32(nlh, RTA_GATEWAY, (__force u32)HOST(200));
		mnl_attr_put_u32(nlh, RTA_OIF, (u32)w->dev->ifindex);
		metrics = mnl_attr_nest_start(nlh, RTA_METRICS);
		mnl_attr_put_u32(nlh, RTAX_MTU, 1400);
		mnl_attr_nest_end(nlh, metrics);
	}
	return ask(w, sk, nlh);
}

static int ask_rule(struct world *w, struct nethood_sock *sk, u16 type, u16 flags, u32 priority, u8 table)
{
	const struct fib_rule_hdr frh = { .family = AF_INET, .table = table, .action = FR_ACT_TO_TBL };
	_Alignas(8) u8 buf[MSG_BYTES];
	struct nlmsghdr *nlh = message(buf, type, flags, &frh, sizeof(frh));

	mnl_attr_put_u32(nlh, FRA_PRIORITY, priority);
	mnl_attr_put_u32(nlh, FRA_FWMARK, priority);
	mnl_attr_put_strz(nlh, FRA_IIFNAME, "eth7");
	return ask(w, sk, nlh);
}

static int ask_link(struct world *w, struct nethood_sock *sk, u32 flags, u16 attr, const void *data, u16 bytes)
{
	const struct ifinfomsg ifi = { .ifi_index = w->dev->ifindex,
				       .ifi_change = attr ? 0 : IFF_UP,
				       .ifi_flags = flags };
	_Alignas(8) u8 buf[MSG_BYTES];
	struct nlmsghdr *nlh = message(buf, RTM_NEWLINK, 0, &ifi, sizeof(ifi));

	if (attr)
		mnl_attr_put(nlh, attr, bytes, data);
	return ask(w, sk, nlh);
}

/* ------------------------------------------------------------------ scenes of rtnetlink */

#define SAY(says, err) ((says) = (says)*31 + (u32) - (err))
#define NEW (NLM_F_CREATE | NLM_F_EXCL)
#define PUT (NLM_F_CREATE | NLM_F_REPLACE)

static struct in_ifaddr *another_address(const struct world *w)
{
	struct in_ifaddr *ifa;

	list_for_each_entry(ifa, &in_dev_get_rcu(w->dev)->ifa_list, node) {
		if (ifa->ifa_local != OUR_IP)
			return ifa;
	}
	return NULL;
}

/* Memory is there again: what a scene has made goes. */
static void clean_up(struct world *w, struct nethood_sock *sk)
{
	bool on = pause_failures(w);
	const struct in_ifaddr *ifa;

	if (sk)
		nethood_close(sk);
	neigh_ifdown(w->arp, w->dev);
	while ((ifa = another_address(w)))
		inet_take_addr(w->dev, ifa->ifa_local, ifa->ifa_prefixlen);
	w->busy = false;
	nethood_dev_wake(w->public_dev);
	world_run(w, 2 * NSEC_PER_SEC);
	w->frames_count = w->frames_seen = 0;
	go_on_failing(w, on);
}

static u64 neighbours(struct world *w)
{
	struct nethood_sock *sk = netlink_socket(w);
	u64 says = 0;

	if (!sk)
		return 0;
	for (u32 i = 20; i < 24; i++)
		SAY(says, ask_neigh(w, sk, RTM_NEWNEIGH, NEW, i, NUD_PERMANENT, 0, 0));
	SAY(says, ask_neigh(w, sk, RTM_NEWNEIGH, PUT, 20, NUD_REACHABLE, 0, 0));
	SAY(says, ask_neigh(w, sk, RTM_NEWNEIGH, PUT, 21, NUD_STALE, NTF_EXT_LEARNED, 0));
	SAY(says, ask_neigh(w, sk, RTM_NEWNEIGH, PUT, 22, 0, NTF_USE, 0));
	SAY(says, ask_neigh(w, sk, RTM_NEWNEIGH, NEW, 30, 0, NTF_USE, 0));
	SAY(says, ask_neigh(w, sk, RTM_NEWNEIGH, PUT, 31, 0, 0, NTF_EXT_MANAGED));
	SAY(says, ask_neigh(w, sk, RTM_NEWNEIGH, PUT, 40, 0, NTF_PROXY, 0));
	SAY(says, ask_neigh(w, sk, RTM_DELNEIGH, 0, 20, 0, 0, 0));
	(void)ask_neigh(w, sk, RTM_DELNEIGH, 0, 40, 0, NTF_PROXY, 0);
	clean_up(w, sk);
	return says;
}

static u64 addresses(struct world *w)
{
	struct nethood_sock *sk = netlink_socket(w);
	u64 says = 0;

	w->net->ipv4->devconf_all->data[IPV4_DEVCONF_PROMOTE_SECONDARIES] = 1;
	if (!sk)
		return 0;
	for (u8 i = 1; i < 4; i++)
		SAY(says, ask_addr(w, sk, RTM_NEWADDR, NEW, cpu_to_be32(0x0a630200U + i), 24, i == 3 ? 100 : 0));
	SAY(says, ask_addr(w, sk, RTM_NEWADDR, PUT, CONST_BE32(0x0a630202U), 24, 50));
	SAY(says, ask_addr(w, sk, RTM_NEWADDR, NEW, CONST_BE32(0x0a630201U), 24, 0)); /* it is there */
	SAY(says, ask_addr(w, sk, RTM_DELADDR, 0, CONST_BE32(0x0a630202U), 24, 0));
	SAY(says, ask_addr(w, sk, RTM_DELADDR, 0, CONST_BE32(0x0a630201U), 24, 0));
	clean_up(w, sk);
	return says;
}

static u64 routes(struct world *w)
{
	struct nethood_sock *sk = netlink_socket(w);
	u64 says = 0;
	bool on;

	if (!sk)
		return 0;
	SAY(says, ask_route(w, sk, RTM_NEWROUTE, NEW, NET(1), 0, RT_TABLE_MAIN));
	SAY(says, ask_route(w, sk, RTM_NEWROUTE, NEW, NET(2), 1, RT_TABLE_MAIN));
	SAY(says, ask_route(w, sk, RTM_NEWROUTE, NEW, NET(3), 3, RT_TABLE_MAIN));
	SAY(says, ask_route(w, sk, RTM_NEWROUTE, PUT, NET(2), 2, RT_TABLE_MAIN));
	SAY(says, ask_route(w, sk, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, NET(1), 1, RT_TABLE_MAIN));
	SAY(says, ask_route(w, sk, RTM_NEWROUTE, NEW, NET(4), 1, 77)); /* a new table */
	SAY(says, ask_route(w, sk, RTM_NEWROUTE, NEW, NET(4), 1, 77)); /* it is there */
	SAY(says, ask_route(w, sk, RTM_DELROUTE, 0, NET(3), 0, RT_TABLE_MAIN));
	on = pause_failures(w);
	for (u32 i = 1; i < 5; i++) {
		for (u32 turn = 0; turn < 2; turn++)
			(void)ask_route(w, sk, RTM_DELROUTE, 0, NET(i), 0, i == 4 ? 77 : RT_TABLE_MAIN);
	}
	go_on_failing(w, on);
	clean_up(w, sk);
	return says;
}

static u64 rules(struct world *w)
{
	struct nethood_sock *sk = netlink_socket(w);
	u64 says = 0;
	bool on;

	if (!sk)
		return 0;
	SAY(says, ask_rule(w, sk, RTM_NEWRULE, NEW, 100, RT_TABLE_MAIN));
	SAY(says, ask_rule(w, sk, RTM_NEWRULE, NEW, 200, 88)); /* with a table of its own */
	SAY(says, ask_rule(w, sk, RTM_NEWRULE, NEW, 100, RT_TABLE_MAIN));
	SAY(says, ask_rule(w, sk, RTM_DELRULE, 0, 100, RT_TABLE_MAIN));
	SAY(says, ask_rule(w, sk, RTM_NEWRULE, NEW, 100, RT_TABLE_LOCAL));
	on = pause_failures(w);
	(void)ask_rule(w, sk, RTM_DELRULE, 0, 100, RT_TABLE_LOCAL);
	(void)ask_rule(w, sk, RTM_DELRULE, 0, 100, RT_TABLE_MAIN);
	(void)ask_rule(w, sk, RTM_DELRULE, 0, 200, 88);
	go_on_failing(w, on);
	clean_up(w, sk);
	return says;
}

static u64 links(struct world *w)
{
	const u32 mtus[] = { 1400, 10, 1500 }; /* the second is too small */
	struct nethood_sock *sk = netlink_socket(w);
	u64 says = 0;
	bool on;

	if (!sk)
		return 0;
	for (u32 i = 0; i < ARRAY_SIZE(mtus); i++)
		SAY(says, ask_link(w, sk, 0, IFLA_MTU, &mtus[i], sizeof(mtus[i])));
	SAY(says, ask_link(w, sk, 0, IFLA_ADDRESS, NEW_MAC, ETH_ALEN));
	SAY(says, ask_link(w, sk, 0, IFLA_ADDRESS, OUR_MAC, ETH_ALEN));
	SAY(says, ask_link(w, sk, 0, 0, NULL, 0));
	SAY(says, ask_link(w, sk, 0, IFLA_IFNAME, "uplink", 7));
	SAY(says, ask_link(w, sk, 0, IFLA_IFNAME, "eth0", 5));
	SAY(says, ask_link(w, sk, IFF_UP, 0, NULL, 0));
	on = pause_failures(w);
	(void)dev_set_mac_address(w->dev, OUR_MAC);
	(void)dev_set_mtu(w->dev, 1500);
	dev_close(w->dev);
	(void)dev_change_name(w->dev, "eth0");
	assert_int_equal(dev_open(w->dev), 0); /* with all its routes again */
	go_on_failing(w, on);
	clean_up(w, sk);
	return says;
}

/* A list that lacks something says so. */
static u64 dumps_and_news(struct world *w)
{
	int groups[] = { RTNLGRP_NEIGH, RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE };
	struct nethood_sock *sk = netlink_socket(w), *ear = netlink_socket(w);
	u64 says = 0, hash = 0;
	u32 count = 0;
	u8 buf[512];

	for (u32 i = 0; ear && i < ARRAY_SIZE(groups); i++)
		SAY(says, nethood_setsockopt(ear, SOL_NETLINK_, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])));
	for (u32 i = 20; sk && i < 60; i++)
		(void)ask_neigh(w, sk, RTM_NEWNEIGH, NEW, i, NUD_PERMANENT, 0, 0);
	for (u32 i = 0; sk && i < ARRAY_SIZE(lists); i++)
		SAY(says, list(sk, lists[i], &hash, &count));
	if (ear) {
		ssize_t n;

		while ((n = nethood_recvfrom(ear, buf, sizeof(buf), 0, NULL, NULL)) != -EAGAIN)
			SAY(says, (int)(n < 0 ? n : 0));
		nethood_close(ear);
	}
	clean_up(w, sk);
	return says * 1000 + count;
}

/* ------------------------------------------------------------------ scenes of sockets and devices */

static struct sockaddr_in sin_of(__be32 addr, u16 port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = cpu_to_be16(port), .sin_addr.s_addr = addr };
}

static u64 sockets(struct world *w)
{
	static const int kinds[][2] = { { SOCK_DGRAM, 0 }, { SOCK_DGRAM, IPPROTO_ICMP }, { SOCK_RAW, IPPROTO_UDP } };
	const struct sockaddr_in lo = sin_of(CONST_BE32(INADDR_LOOPBACK), 5000), nobody = sin_of(HOST(77), 9);
	struct sock_filter accept_all = BPF_STMT(BPF_RET | BPF_K, 0xffff);
	const struct sock_fprog prog = { 1, &accept_all };
	const u8 options[4] = { 7, 4, 4, 0 }; /* a record of the route, without room */
	const u8 echo[8] = { 8 };
	static u8 big[4000];
	u64 says = 0;
	u8 buf[100];
	int on = 1;

	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct nethood_sock *sk;
		int err = nethood_socket(w->public_net, AF_INET, kinds[i][0], kinds[i][1], &sk);

		SAY(says, err);
		if (err)
			continue;
		SAY(says, nethood_bind(sk, (const struct sockaddr *)&lo, sizeof(lo)));
		SAY(says, nethood_setsockopt(sk, SOL_IP, IP_RECVERR, &on, sizeof(on)));
		SAY(says, nethood_setsockopt(sk, SOL_IP, IP_OPTIONS, options, sizeof(options)));
		SAY(says, nethood_setsockopt(sk, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
		SAY(says, nethood_connect(sk, (const struct sockaddr *)&lo, sizeof(lo)));
		for (u32 turn = 0; turn < 3; turn++) {
			(void)nethood_sendto(sk, i ? echo : big, i ? sizeof(echo) : 8, 0, NULL, 0);
			(void)nethood_sendto(sk, big, 300, turn < 2 && !i ? MSG_MORE : 0, NULL, 0);
			world_settle(w);
			(void)nethood_recvfrom(sk, buf, sizeof(buf), 0, NULL, NULL);
			(void)nethood_recvfrom(sk, buf, sizeof(buf), MSG_ERRQUEUE, NULL, NULL);
		}
		(void)nethood_sendto(sk, big, sizeof(big), 0, (const struct sockaddr *)&nobody, sizeof(nobody));
		nethood_close(sk);
	}
	clean_up(w, NULL);
	return says;
}

static u64 what_nobody_answers_comes_back_as_an_error(struct world *w)
{
	const struct sockaddr_in nobody = sin_of(HOST(77), 9);
	struct nethood_sock *sk;
	u64 says = 0;
	u8 buf[100];
	int on = 1;

	if (nethood_socket(w->public_net, AF_INET, SOCK_DGRAM, 0, &sk))
		return 0;
	SAY(says, nethood_setsockopt(sk, SOL_IP, IP_RECVERR, &on, sizeof(on)));
	SAY(says, nethood_connect(sk, (const struct sockaddr *)&nobody, sizeof(nobody)));
	SAY(says, (int)nethood_sendto(sk, "x", 1, 0, NULL, 0));
	world_run(w, 5 * NSEC_PER_SEC);
	SAY(says, (int)nethood_recvfrom(sk, buf, sizeof(buf), 0, NULL, NULL));
	SAY(says, (int)nethood_recvfrom(sk, buf, sizeof(buf), MSG_ERRQUEUE, NULL, NULL));
	clean_up(w, sk);
	return says;
}

static void receive_ip(struct world *w, u8 proto, u16 id, u16 frag, __be32 daddr, const void *payload, u32 bytes)
{
	u8 frame[1514] = { 0 };
	struct iphdr ip = { .version = 4,
			    .ihl = 5,
			    .ttl = 1,
			    .protocol = proto,
			    .id = cpu_to_be16(id),
			    .frag_off = cpu_to_be16(frag),
			    .tot_len = cpu_to_be16((u16)(20 + bytes)),
			    .saddr = PEER_IP,
			    .daddr = daddr };

	ip_send_check(&ip);
	eth_build((struct ethhdr *)frame, OUR_MAC, PEER_MAC, CONST_BE16(ETH_P_IP));
	memcpy(frame + ETH_HLEN, &ip, sizeof(ip));
	memcpy(frame + ETH_HLEN + 20, payload, bytes);
	(void)nethood_dev_receive(w->public_dev, frame, ETH_HLEN + 20 + bytes);
	world_settle(w);
}

/* A datagram of three parts, the last first; then one that never becomes whole. */
static u64 fragments(struct world *w)
{
	static u8 datagram[2408], buf[3000];
	struct udphdr uh = { .source = CONST_BE16(9), .dest = CONST_BE16(5000), .len = CONST_BE16(sizeof(datagram)) };
	const struct sockaddr_in us = sin_of(OUR_IP, 5000);
	struct nethood_sock *sk;
	u64 says = 0;

	memcpy(datagram, &uh, sizeof(uh));
	if (nethood_socket(w->public_net, AF_INET, SOCK_DGRAM, 0, &sk))
		return 0;
	SAY(says, nethood_bind(sk, (const struct sockaddr *)&us, sizeof(us)));
	for (u32 at = 3; at--;)
		receive_ip(w, IPPROTO_UDP, 7, (u16)(at * 100 | (at < 2 ? IP_MF : 0)), OUR_IP, datagram + 800 * at,
			   at < 2 ? 800 : 808);
	SAY(says, (int)nethood_recvfrom(sk, buf, sizeof(buf), 0, NULL, NULL));
	receive_ip(w, IPPROTO_UDP, 8, IP_MF, OUR_IP, datagram, 800);
	world_run(w, 40 * NSEC_PER_SEC); /* its time is over, and its sender is told */
	clean_up(w, sk);
	return says;
}

static u64 multicast(struct world *w)
{
	const struct ip_mreqn group = { .imr_multiaddr.s_addr = CONST_BE32(0xef010203U),
					.imr_ifindex = w->dev->ifindex };
	const struct ip_mreq_source source = { .imr_multiaddr.s_addr = CONST_BE32(0xef010204U),
					       .imr_interface.s_addr = OUR_IP,
					       .imr_sourceaddr.s_addr = PEER_IP };
	u8 query[12] = { 0x11, 10 };
	struct nethood_sock *sk;
	u64 says = 0;
	__be16 check;

	if (nethood_socket(w->public_net, AF_INET, SOCK_DGRAM, 0, &sk))
		return 0;
	SAY(says, nethood_setsockopt(sk, SOL_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)));
	SAY(says, nethood_setsockopt(sk, SOL_IP, IP_ADD_SOURCE_MEMBERSHIP, &source, sizeof(source)));
	world_run(w, 3 * NSEC_PER_SEC);
	check = ip_compute_csum(query, sizeof(query));
	memcpy(query + 2, &check, sizeof(check));
	receive_ip(w, IPPROTO_IGMP, 1, 0, CONST_BE32(0xe0000001U), query, sizeof(query));
	world_run(w, 3 * NSEC_PER_SEC);
	SAY(says, (int)nethood_sendto(sk, "x", 1, 0,
				      (const struct sockaddr *)&(struct sockaddr_in){ .sin_family = AF_INET,
										      .sin_port = CONST_BE16(9),
										      .sin_addr = group.imr_multiaddr },
				      sizeof(struct sockaddr_in)));
	SAY(says, nethood_setsockopt(sk, SOL_IP, IP_DROP_MEMBERSHIP, &group, sizeof(group)));
	clean_up(w, sk);
	return says;
}

static void count_frame(void *ctx, const char *dev, bool out, uint64_t now_ns, const struct iovec *frame, int pieces)
{
	(void)dev, (void)out, (void)now_ns, (void)frame, (void)pieces;
	++*(u32 *)ctx;
}

static void known_peer(struct world *w)
{
	bool on = pause_failures(w);
	__be32 ip = PEER_IP;
	struct neighbour *n;

	assert_int_equal(neigh_create(w->arp, &ip, w->dev, &n), 0);
	assert_int_equal(neigh_update(n, PEER_MAC, NUD_PERMANENT, NEIGH_UPDATE_F_ADMIN, 0, NULL), 0);
	neigh_release(n);
	go_on_failing(w, on);
}

static u64 capture(struct world *w)
{
	struct nethood_sock *sk;
	u32 seen = 0;
	int err = nethood_capture(w->public_net, count_frame, &seen);

	known_peer(w);
	if (!nethood_socket(w->public_net, AF_INET, SOCK_DGRAM, 0, &sk)) {
		for (u32 i = 0; i < 5; i++)
			(void)udp_send(sk, PEER_IP, "x", 1);
		world_settle(w);
		nethood_close(sk);
	}
	arp_reply_from_peer(w, PEER_MAC);
	assert_true(seen <= w->frames_count + 1);
	assert_int_equal(nethood_capture(w->public_net, NULL, NULL), 0);
	clean_up(w, NULL);
	return (u64)-err << 32 | seen;
}

/* The driver is busy; what waits goes in its order, when it is not. */
static u64 a_queue_before_a_busy_driver(struct world *w)
{
	struct nethood_sock *sk;
	u32 sent = 0;
	u8 last = 0;

	known_peer(w);
	if (nethood_socket(w->public_net, AF_INET, SOCK_DGRAM, 0, &sk))
		return 0;
	w->frames_count = w->frames_seen = 0;
	w->busy = true;
	for (u8 i = 1; i <= 20; i++)
		sent += udp_send(sk, PEER_IP, &i, 1) == 1;
	world_settle(w);
	assert_int_equal(w->frames_count, 0);
	w->busy = false;
	nethood_dev_wake(w->public_dev);
	world_settle(w);
	assert_true(w->frames_count <= sent);
	for (u32 i = 0; i < w->frames_count; i++) {
		assert_true(w->frames[i].data[ETH_HLEN + 28] > last);
		last = w->frames[i].data[ETH_HLEN + 28];
	}
	sent = sent << 16 | w->frames_count;
	clean_up(w, sk);
	return sent;
}

static int no_wire(void *ctx, const struct iovec *frame, int pieces)
{
	(void)ctx, (void)frame, (void)pieces;
	return 0;
}

static u64 a_device_comes_and_goes(struct world *w)
{
	const struct nethood_dev_config config = { .name = "eth1", .driver = "user", .fd = -1, .xmit = no_wire };
	const struct in_ifaddr ifa = { .ifa_local = CONST_BE32(0x0a4e0001U), .ifa_prefixlen = 24 };
	struct nethood_dev *dev;
	struct net_device *eth1;
	u64 says = 0;
	int err = nethood_dev_create(w->public_net, &config, &dev);

	SAY(says, err);
	if (err)
		return says;
	eth1 = dev_find_by_name(w->net, "eth1");
	SAY(says, dev_open(eth1));
	SAY(says, inet_insert_ifa(eth1, &ifa, 0, NULL));
	SAY(says, nethood_sysctl_set(w->public_net, "net.ipv4.conf.eth1.forwarding", "1"));
	world_run(w, 2 * NSEC_PER_SEC);
	nethood_dev_destroy(dev);
	clean_up(w, NULL);
	return says;
}

/* ------------------------------------------------------------------ all of them */

static const struct world_scene scenes[] = {
	{ "neighbours by rtnetlink", NETHOOD_PROFILE_LINUX, neighbours },
	{ "addresses by rtnetlink", NETHOOD_PROFILE_LINUX, addresses },
	{ "addresses by rtnetlink, probed for", NETHOOD_PROFILE_STRICT, addresses },
	{ "routes by rtnetlink", NETHOOD_PROFILE_LINUX, routes },
	{ "rules by rtnetlink", NETHOOD_PROFILE_LINUX, rules },
	{ "a link by rtnetlink", NETHOOD_PROFILE_LINUX, links },
	{ "dumps, and a listener", NETHOOD_PROFILE_LINUX, dumps_and_news },
	{ "sockets of each kind", NETHOOD_PROFILE_LINUX, sockets },
	{ "an error that comes back", NETHOOD_PROFILE_LINUX, what_nobody_answers_comes_back_as_an_error },
	{ "fragments", NETHOOD_PROFILE_LINUX, fragments },
	{ "multicast", NETHOOD_PROFILE_LINUX, multicast },
	{ "capture", NETHOOD_PROFILE_LINUX, capture },
	{ "a queue before a busy driver", NETHOOD_PROFILE_LINUX, a_queue_before_a_busy_driver },
	{ "a device comes and goes", NETHOOD_PROFILE_LINUX, a_device_comes_and_goes },
};

static void each_allocation_of_each_scene_may_fail(void **state)
{
	u32 failed = 0;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(scenes); i++)
		failed += world_without_memory(&scenes[i]);
	print_message("%u allocations failed\n", failed);
	assert_true(failed > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_allocation_of_each_scene_may_fail) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
