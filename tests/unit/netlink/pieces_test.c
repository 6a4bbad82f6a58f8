// SPDX-License-Identifier: BSD-2-Clause
/* A dump says the same in pieces of every size: whichever attribute a piece ends in, its message begins the next one.
 *
 * Each table has entries with all that an entry can have, and more of them than fit into the smallest piece.
 */
#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/lwtunnel.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "base/types.h"
#include "nethood/nethood.h"

#define DEVS 24
#define ENTRIES 130
#define ETH0 2
#define PIECE_MIN_BYTES 3776U /* no piece is smaller, however small the reader's buffer */
#define STEP_BYTES 4U
#define LARGEST_MESSAGE_BYTES 1400U

struct client {
	struct nethood_net *net;
	struct nethood_sock *sk;
	u32 count; /**< of requests that were granted */
};

static int swallow(void *ctx, const struct iovec *frame, int pieces)
{
	(void)ctx, (void)frame, (void)pieces;
	return 0;
}

struct request {
	_Alignas(struct nlmsghdr) u8 buf[1024];
};

static struct nlmsghdr *begin(struct request *r, u16 type, u16 flags)
{
	struct nlmsghdr *nlh;

	memset(r, 0, sizeof(*r));
	nlh = mnl_nlmsg_put_header(r->buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = (u16)(flags | NLM_F_REQUEST | NLM_F_ACK);
	return nlh;
}

static void ask(struct client *c, const struct nlmsghdr *nlh)
{
	_Alignas(struct nlmsghdr) u8 buf[2048];
	const struct nlmsghdr *answer = (const struct nlmsghdr *)(const void *)buf;
	int err;

	assert_int_equal(nethood_sendto(c->sk, nlh, nlh->nlmsg_len, 0, NULL, 0), nlh->nlmsg_len);
	assert_true(nethood_recvfrom(c->sk, buf, sizeof(buf), 0, NULL, NULL) >= 20);
	memcpy(&err, answer + 1, sizeof(err));
	if (answer->nlmsg_type != NLMSG_ERROR || err)
		fail_msg("type %u, after %u: %d", nlh->nlmsg_type, c->count, err);
	c->count++;
}

static void put_ip(struct nlmsghdr *nlh, u16 type, u32 addr)
{
	mnl_attr_put_u32(nlh, type, __builtin_bswap32(addr));
}

/* ------------------------------------------------------------------ entries with all that they can have */

static void add_devices(struct client *c)
{
	struct request r;

	for (int i = 0; i < DEVS; i++) {
		char name[24];
		const struct nethood_dev_config config = { .name = name, .driver = "user", .fd = -1, .xmit = swallow };
		struct nethood_dev *dev;
		struct ifinfomsg *ifi;
		struct nlmsghdr *nlh;

		snprintf(name, sizeof(name), "a-long-name%d", i);
		assert_int_equal(nethood_dev_create(c->net, &config, &dev), 0);
		nlh = begin(&r, RTM_NEWLINK, 0);
		ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
		ifi->ifi_index = ETH0 + i;
		ifi->ifi_flags = ifi->ifi_change = IFF_UP;
		ask(c, nlh);
	}
}

static void add_addr(struct client *c, u32 i)
{
	const struct ifa_cacheinfo life = { .ifa_prefered = 1000, .ifa_valid = 2000 };
	struct request r;
	struct nlmsghdr *nlh = begin(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = 24;
	ifa->ifa_index = i < ENTRIES / 2 ? ETH0 : ETH0 + 1;
	put_ip(nlh, IFA_LOCAL, 0x0a000001 + (i << 8));
	put_ip(nlh, IFA_ADDRESS, 0x0a000001 + (i << 8));
	put_ip(nlh, IFA_BROADCAST, 0x0a0000ff + (i << 8));
	mnl_attr_put_strz(nlh, IFA_LABEL, "a-long-name0:x");
	mnl_attr_put(nlh, IFA_CACHEINFO, sizeof(life), &life);
	mnl_attr_put_u32(nlh, IFA_RT_PRIORITY, 7 + i);
	mnl_attr_put_u8(nlh, 11 /* IFA_PROTO */, 3);
	ask(c, nlh);
}

static struct rtmsg *begin_route(struct request *r, struct nlmsghdr **nlh, u32 i)
{
	struct rtmsg *rtm;

	*nlh = begin(r, RTM_NEWROUTE, NLM_F_CREATE);
	rtm = mnl_nlmsg_put_extra_header(*nlh, sizeof(*rtm));
	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = i ? 24 : 0;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_type = RTN_UNICAST;
	if (i)
		put_ip(*nlh, RTA_DST, 0xac100000 + (i << 8));
	mnl_attr_put_u32(*nlh, RTA_TABLE, i % 2 ? 1000 : RT_TABLE_MAIN);
	mnl_attr_put_u32(*nlh, RTA_PRIORITY, 5 + i);
	return rtm;
}

static void put_metrics(struct nlmsghdr *nlh)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, RTA_METRICS);

	mnl_attr_put_u32(nlh, RTAX_LOCK, 1U << RTAX_MTU);
	mnl_attr_put_u32(nlh, RTAX_MTU, 1400);
	mnl_attr_put_u32(nlh, RTAX_ADVMSS, 1300);
	mnl_attr_nest_end(nlh, nest);
}

static void put_hop(struct nlmsghdr *nlh, u32 gateway)
{
	struct rtnexthop hop = { .rtnh_len = sizeof(hop) + 8, .rtnh_hops = 3, .rtnh_ifindex = ETH0 };
	u8 *at = (u8 *)nlh + nlh->nlmsg_len;

	memcpy(at, &hop, sizeof(hop));
	nlh->nlmsg_len += (u32)sizeof(hop);
	put_ip(nlh, RTA_GATEWAY, gateway);
}

/* By a gateway, on the link, by several gateways, or a way that leads nowhere. */
static void add_route(struct client *c, u32 i)
{
	struct request r;
	struct nlmsghdr *nlh;
	struct rtmsg *rtm = begin_route(&r, &nlh, i);
	struct nlattr *nest;

	put_metrics(nlh);
	switch (i % 4) {
	case 0:
		put_ip(nlh, RTA_PREFSRC, 0x0a000001);
		put_ip(nlh, RTA_GATEWAY, 0x0a000009);
		mnl_attr_put_u32(nlh, RTA_OIF, ETH0);
		break;
	case 1:
		rtm->rtm_scope = RT_SCOPE_LINK;
		mnl_attr_put_u32(nlh, RTA_OIF, ETH0);
		break;
	case 2:
		nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);
		put_hop(nlh, 0x0a000009);
		put_hop(nlh, 0x0a00000a);
		mnl_attr_nest_end(nlh, nest);
		nest->nla_type = RTA_MULTIPATH;
		break;
	default:
		rtm->rtm_type = RTN_BLACKHOLE;
	}
	ask(c, nlh);
}

static void add_rule(struct client *c, u32 i)
{
	const struct fib_rule_port_range ports = { 7, 70 };
	struct request r;
	struct nlmsghdr *nlh = begin(&r, RTM_NEWRULE, NLM_F_CREATE);
	struct fib_rule_hdr *frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));

	frh->family = AF_INET;
	frh->action = i % 3 ? FR_ACT_TO_TBL : FR_ACT_GOTO;
	frh->flags = i % 2 ? FIB_RULE_INVERT : 0;
	frh->src_len = frh->dst_len = 24;
	put_ip(nlh, FRA_SRC, 0x0a010000 + (i << 8));
	put_ip(nlh, FRA_DST, 0x0a020000);
	mnl_attr_put_strz(nlh, FRA_IIFNAME, "a-long-name0");
	mnl_attr_put_strz(nlh, FRA_OIFNAME, "a-long-name1");
	mnl_attr_put_u32(nlh, FRA_PRIORITY, 100 + i);
	if (frh->action == FR_ACT_GOTO)
		mnl_attr_put_u32(nlh, FRA_GOTO, 20000);
	else
		mnl_attr_put_u32(nlh, FRA_TABLE, 1000);
	mnl_attr_put_u32(nlh, FRA_FWMARK, 1 + i);
	mnl_attr_put_u32(nlh, FRA_FWMASK, 0xff);
	mnl_attr_put_u8(nlh, FRA_IP_PROTO, 17);
	mnl_attr_put(nlh, FRA_SPORT_RANGE, sizeof(ports), &ports);
	mnl_attr_put(nlh, FRA_DPORT_RANGE, sizeof(ports), &ports);
	mnl_attr_put_u8(nlh, FRA_PROTOCOL, 4);
	ask(c, nlh);
}

static void add_neigh(struct client *c, u32 i, bool proxy)
{
	struct request r;
	struct nlmsghdr *nlh = begin(&r, RTM_NEWNEIGH, NLM_F_CREATE);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = AF_INET;
	ndm->ndm_ifindex = ETH0;
	ndm->ndm_state = proxy ? 0 : NUD_STALE;
	ndm->ndm_flags = proxy ? NTF_PROXY : 0;
	put_ip(nlh, NDA_DST, 0x0a000010 + i);
	mnl_attr_put_u8(nlh, NDA_PROTOCOL, 11);
	if (!proxy) {
		mnl_attr_put(nlh, NDA_LLADDR, 6, "\2\0\0\0\0\x09");
		mnl_attr_put_u32(nlh, NDA_FLAGS_EXT, 4 /* NTF_EXT_EXT_VALIDATED */);
	}
	ask(c, nlh);
}

static int setup(void **state)
{
	const struct nethood_config config = { .random_key = { 1 }, .now_ns = 1 };
	struct client *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	assert_int_equal(nethood_create(&config, &c->net), 0);
	assert_int_equal(nethood_socket(c->net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &c->sk), 0);
	add_devices(c);
	for (u32 i = 0; i < ENTRIES; i++) {
		add_addr(c, i);
		add_route(c, i);
		add_rule(c, i);
		add_neigh(c, i, false);
		add_neigh(c, i, true);
	}
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct client *c = *state;

	nethood_free(c->net);
	free(c);
	return 0;
}

/* ------------------------------------------------------------------ pieces */

static const struct {
	const char *name;
	u16 type;
	u8 family, flags;
} tables[] = {
	{ "links", RTM_GETLINK, AF_UNSPEC, 0 },        { "addresses", RTM_GETADDR, AF_INET, 0 },
	{ "routes", RTM_GETROUTE, AF_INET, 0 },        { "rules", RTM_GETRULE, AF_INET, 0 },
	{ "neighbours", RTM_GETNEIGH, AF_INET, 0 },    { "proxies", RTM_GETNEIGH, AF_INET, NTF_PROXY },
	{ "parameters", RTM_GETNEIGHTBL, AF_INET, 0 },
};

struct dump {
	u32 messages, pieces;
	u64 hashes; /**< their sum */
	bool done;
};

static u64 hash_message(const struct nlmsghdr *nlh)
{
	const u8 *p = (const u8 *)nlh + sizeof(*nlh); /* its header names the socket */
	u64 hash = 0xcbf29ce484222325ULL;

	for (u32 i = 0; i + sizeof(*nlh) < nlh->nlmsg_len; i++)
		hash = (hash ^ p[i]) * 0x100000001b3ULL;
	return hash;
}

static void read_piece(struct dump *d, const u8 *buf, int left)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)buf;

	d->pieces++;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		d->done |= nlh->nlmsg_type == NLMSG_DONE;
		if (nlh->nlmsg_type == NLMSG_DONE)
			continue;
		assert_int_equal(nlh->nlmsg_flags, NLM_F_MULTI);
		d->messages++;
		d->hashes += hash_message(nlh);
	}
	assert_int_equal(left, 0);
}

static struct dump dump(struct client *c, size_t table, size_t room)
{
	static _Alignas(struct nlmsghdr) u8 buf[32768]; /* one dump at a time */
	struct {
		struct nlmsghdr nlh;
		struct ndmsg ndm;
	} rq = { { sizeof(rq), tables[table].type, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		 { .ndm_family = tables[table].family, .ndm_flags = tables[table].flags } };
	struct nethood_sock *sk;
	struct dump d = { 0 };

	assert_int_equal(nethood_socket(c->net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &sk), 0);
	(void)nethood_recvfrom(sk, buf, room, 0, NULL, NULL); /* so the net knows how large its buffer is */
	assert_int_equal(nethood_sendto(sk, &rq, sizeof(rq), 0, NULL, 0), sizeof(rq));
	while (!d.done) {
		ssize_t n = nethood_recvfrom(sk, buf, sizeof(buf) < room ? sizeof(buf) : room, 0, NULL, NULL);

		assert_in_range(n, 1, room);
		read_piece(&d, buf, (int)n);
	}
	nethood_close(sk);
	return d;
}

static void a_dump_says_the_same_in_pieces_of_every_size(void **state)
{
	struct client *c = *state;

	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		struct dump whole = dump(c, t, 32768);

		assert_true(whole.messages >= DEVS);
		for (size_t room = PIECE_MIN_BYTES; room < PIECE_MIN_BYTES + LARGEST_MESSAGE_BYTES;
		     room += STEP_BYTES) {
			struct dump d = dump(c, t, room);

			if (d.messages != whole.messages || d.hashes != whole.hashes || d.pieces < 2)
				fail_msg("%s by %zu octets: %u of %u messages", tables[t].name, room, d.messages,
					 whole.messages);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_dump_says_the_same_in_pieces_of_every_size, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
