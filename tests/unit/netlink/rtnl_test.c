// SPDX-License-Identifier: BSD-2-Clause
/* rtnetlink's answers octet by octet, and requests that are refused late: what a net shows afterwards is what it showed before. */
#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "base/types.h"
#include "nethood/nethood.h"

#define ETH0 2
#define SHOWN_BYTES 32768U

struct client {
	struct nethood_net *net;
	struct nethood_dev *dev;
	struct nethood_sock *sk;
};

/* Memory that was used before. */
static void *dirty_alloc(void *ctx, size_t size_bytes)
{
	void *p = malloc(size_bytes);

	(void)ctx;
	return p ? memset(p, 0xa5, size_bytes) : NULL;
}

static void *clean_alloc(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return calloc(1, size_bytes);
}

static void give_back(void *ctx, void *p, size_t size_bytes)
{
	(void)ctx, (void)size_bytes;
	free(p);
}

static int swallow(void *ctx, const struct iovec *frame, int pieces)
{
	(void)ctx, (void)frame, (void)pieces;
	return 0;
}

static int ask(struct client *c, struct nlmsghdr *nlh)
{
	u8 buf[8192];
	const struct nlmsghdr *answer = (const struct nlmsghdr *)(void *)buf;
	int err;

	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	assert_int_equal(nethood_sendto(c->sk, nlh, nlh->nlmsg_len, 0, NULL, 0), nlh->nlmsg_len);
	assert_true(nethood_recvfrom(c->sk, buf, sizeof(buf), 0, NULL, NULL) >= 20);
	assert_int_equal(answer->nlmsg_type, NLMSG_ERROR);
	memcpy(&err, buf + sizeof(*answer), sizeof(err));
	return err;
}

static struct nlmsghdr *link_request(u8 *buf, int ifindex, u32 flags, u32 change)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	nlh->nlmsg_type = RTM_NEWLINK;
	ifi->ifi_index = ifindex;
	ifi->ifi_flags = flags;
	ifi->ifi_change = change;
	return nlh;
}

static void add_neighbour(struct client *c)
{
	u8 buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	nlh->nlmsg_type = RTM_NEWNEIGH;
	nlh->nlmsg_flags = NLM_F_CREATE;
	ndm->ndm_family = AF_INET;
	ndm->ndm_ifindex = ETH0;
	ndm->ndm_state = NUD_PERMANENT;
	mnl_attr_put(nlh, NDA_DST, 4, "\x0a\0\0\x09");
	mnl_attr_put(nlh, NDA_LLADDR, 6, "\2\0\0\0\0\x09");
	assert_int_equal(ask(c, nlh), 0);
}

static int setup(void **state)
{
	static const struct nethood_allocator memory = { .alloc = dirty_alloc,
							 .zalloc = clean_alloc,
							 .free = give_back };
	const struct nethood_config config = { .memory = &memory, .random_key = { 1 }, .now_ns = 1 };
	const struct nethood_dev_config dev = { .name = "eth0", .driver = "user", .fd = -1, .xmit = swallow };
	struct client *c = calloc(1, sizeof(*c));
	u8 buf[256];

	assert_non_null(c);
	assert_int_equal(nethood_create(&config, &c->net), 0);
	assert_int_equal(nethood_dev_create(c->net, &dev, &c->dev), 0);
	assert_int_equal(nethood_socket(c->net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &c->sk), 0);
	assert_int_equal(ask(c, link_request(buf, 1, IFF_UP, IFF_UP)), 0);
	assert_int_equal(ask(c, link_request(buf, ETH0, IFF_UP, IFF_UP)), 0);
	add_neighbour(c);
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

/* ------------------------------------------------------------------ what a net shows */

struct shown {
	size_t bytes;
	u8 octets[SHOWN_BYTES];
};

static void show(struct client *c, u16 type, struct shown *out)
{
	u8 buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct rtgenmsg));
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	assert_true(nethood_sendto(c->sk, nlh, nlh->nlmsg_len, 0, NULL, 0) > 0);
	for (;;) {
		ssize_t n = nethood_recvfrom(c->sk, out->octets + out->bytes, SHOWN_BYTES - out->bytes, 0, NULL, NULL);

		if (n < 0)
			break;
		out->bytes += (size_t)n;
	}
}

static struct shown *show_all(struct client *c)
{
	struct shown *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	show(c, RTM_GETLINK, s);
	show(c, RTM_GETADDR, s);
	show(c, RTM_GETNEIGH, s);
	return s;
}

/* ------------------------------------------------------------------ rows */

/* Found by fuzzing: two equal dumps differed, in what lay between their attributes. */
static void no_octet_of_a_dump_is_old_memory(void **state)
{
	struct shown *s = show_all(*state);

	for (size_t i = 0; i + 1 < s->bytes; i++)
		assert_false(s->octets[i] == 0xa5 && s->octets[i + 1] == 0xa5);
	free(s);
}

/* Found by fuzzing: headers lay where the reader's buffer had put them. */
static void a_buffer_of_odd_size_is_read_into_as_any_other(void **state)
{
	struct client *c = *state;
	u8 room[4099];

	for (u32 odd = 0; odd < 4; odd++) {
		(void)nethood_recvfrom(c->sk, room, sizeof(room) - odd, 0, NULL, NULL); /* it learns how large */
		free(show_all(c));
	}
}

/* What is put beside something that is refused. */
static const struct {
	const char *sentence;
	int ifindex;
	u32 flags; /**< with IFF_UP as what changes */
	const char *name, *lladdr;
	u32 mtu;
	bool carrier;
	int err;
} link_rows[] = {
	{ "lo has no carrier: nor is it taken down", 1, 0, NULL, NULL, 0, true, -EOPNOTSUPP },
	{ "nor does it get another MTU", 1, IFF_UP, NULL, NULL, 1400, true, -EOPNOTSUPP },
	{ "an address that is none: the device stays up", ETH0, 0, NULL, "\1\0\0\0\0\1", 0, false, -EADDRNOTAVAIL },
	{ "an MTU that is none: the address stays", ETH0, IFF_UP, NULL, "\2\0\0\0\0\7", 12, false, -EINVAL },
	{ "a name that is taken: the neighbours of the old address stay", ETH0, IFF_UP, "lo", "\2\0\0\0\0\7", 1400,
	  false, -EEXIST },
	{ "a name that is none: no new MTU", ETH0, IFF_UP, "a/b", NULL, 1400, false, -EINVAL },
};

static void a_request_about_a_link_that_is_refused_changes_nothing(void **state)
{
	struct client *c = *state;

	for (size_t i = 0; i < ARRAY_SIZE(link_rows); i++) {
		struct shown *before = show_all(c), *after;
		u8 buf[256];
		struct nlmsghdr *nlh = link_request(buf, link_rows[i].ifindex, link_rows[i].flags, IFF_UP);
		int err;

		if (link_rows[i].name)
			mnl_attr_put_strz(nlh, IFLA_IFNAME, link_rows[i].name);
		if (link_rows[i].lladdr)
			mnl_attr_put(nlh, IFLA_ADDRESS, 6, link_rows[i].lladdr);
		if (link_rows[i].mtu)
			mnl_attr_put_u32(nlh, IFLA_MTU, link_rows[i].mtu);
		if (link_rows[i].carrier)
			mnl_attr_put_u8(nlh, IFLA_CARRIER, 1);
		err = ask(c, nlh);
		after = show_all(c);
		if (err != link_rows[i].err || before->bytes != after->bytes ||
		    memcmp(before->octets, after->octets, before->bytes) != 0)
			fail_msg("%s: %d", link_rows[i].sentence, err);
		free(before);
		free(after);
	}
}

/* ------------------------------------------------------------------ what may be wrong with a request */

struct attr {
	u16 type, bytes;
	u8 data[24];
};

#define IN_DUMP NLM_F_DUMP

/* clang-format off */
static const struct {
	const char *sentence;
	u16 type, flags;
	bool strict;
	u8 head_bytes, head[16];
	struct attr attr[4];
	int err;
} rows[] = {
/* addresses: family, prefix, flags, scope, ifindex */
{ "an address lives no longer than it is preferred", RTM_NEWADDR, NLM_F_CREATE, false, 8, { AF_INET, 24, 0, 0, ETH0 },
  { { IFA_LOCAL, 4, { 10, 9, 0, 1 } }, { IFA_CACHEINFO, 16, { 9, 0, 0, 0, 8 } } }, -EINVAL },
{ "an address for the rows below", RTM_NEWADDR, NLM_F_CREATE, false, 8, { AF_INET, 24, 0, 0, ETH0 },
  { { IFA_LOCAL, 4, { 10, 9, 0, 1 } } }, 0 },
{ "its prefix is another one", RTM_DELADDR, 0, false, 8, { AF_INET, 16, 0, 0, ETH0 }, { { IFA_ADDRESS, 4, { 10, 9, 0, 1 } } }, -EADDRNOTAVAIL },
{ "its subnet is another one", RTM_DELADDR, 0, false, 8, { AF_INET, 24, 0, 0, ETH0 }, { { IFA_ADDRESS, 4, { 10, 8, 0, 1 } } }, -EADDRNOTAVAIL },
{ "a dump of addresses has a header", RTM_GETADDR, IN_DUMP, true, 1, { AF_INET }, { { 0 } }, -EINVAL },
/* links: family, pad, type, ifindex, flags, change */
{ "no MTU is larger than a device's largest", RTM_NEWLINK, 0, false, 16, { 0, 0, 0, 0, 1 }, { { IFLA_MTU, 4, { 0, 0, 1, 0x80 } } }, -EINVAL },
{ "an address of five octets is none", RTM_NEWLINK, 0, false, 16, { 0, 0, 0, 0, ETH0 }, { { IFLA_ADDRESS, 5, { 2 } } }, -EINVAL },
{ "nobody has another name", RTM_NEWLINK, 0, false, 16, { 0 }, { { IFLA_ALT_IFNAME, 5, { 'n', 'a', 'm', 'e' } } }, -ENODEV },
{ "a dump of links is of all", RTM_GETLINK, IN_DUMP, true, 16, { 0, 0, 0, 0, ETH0 }, { { 0 } }, -EINVAL },
{ "and has a header", RTM_GETLINK, IN_DUMP, true, 1, { 0 }, { { 0 } }, -EINVAL },
{ "as has a question about one", RTM_GETLINK, 0, true, 1, { 0 }, { { 0 } }, -EINVAL },
{ "which asks for nothing to be changed", RTM_GETLINK, 0, true, 16, { 0, 0, 0, 0, ETH0, 0, 0, 0, 0, 0, 0, 0, 1 }, { { 0 } }, -EINVAL },
/* neighbours: family, pad, pad, ifindex, state, flags, type */
{ "a dump of neighbours has a header", RTM_GETNEIGH, IN_DUMP, true, 1, { AF_INET }, { { 0 } }, -EINVAL },
{ "without strictness attributes are no matter", RTM_GETNEIGH, IN_DUMP, false, 12, { AF_INET }, { { NDA_IFINDEX, 1, { 9 } } }, 0 },
{ "of those with a master there are none", RTM_GETNEIGH, IN_DUMP, true, 12, { AF_INET }, { { NDA_MASTER, 4, { 9 } } }, 0 },
{ "of those without one all", RTM_GETNEIGH, IN_DUMP, true, 12, { AF_INET }, { { NDA_MASTER, 4, { 255, 255, 255, 255 } } }, 0 },
{ "who uses an entry does not validate it", RTM_NEWNEIGH, NLM_F_CREATE, false, 12, { AF_INET, 0, 0, 0, ETH0, 0, 0, 0, NUD_STALE, 0, NTF_USE },
  { { NDA_DST, 4, { 10, 0, 0, 77 } }, { NDA_FLAGS_EXT, 4, { 4 } } }, -EINVAL },
{ "a proxy is not managed", RTM_NEWNEIGH, NLM_F_CREATE, false, 12, { AF_INET, 0, 0, 0, ETH0, 0, 0, 0, 0, 0, NTF_PROXY },
  { { NDA_DST, 4, { 10, 0, 0, 77 } }, { NDA_FLAGS_EXT, 4, { 1 } } }, -EINVAL },
{ "a proxy", RTM_NEWNEIGH, NLM_F_CREATE, false, 12, { AF_INET, 0, 0, 0, ETH0, 0, 0, 0, 0, 0, NTF_PROXY }, { { NDA_DST, 4, { 10, 0, 0, 77 } } }, 0 },
{ "is not on another device", RTM_GETNEIGH, IN_DUMP, true, 12, { AF_INET, 0, 0, 0, 0, 0, 0, 0, 0, 0, NTF_PROXY }, { { NDA_IFINDEX, 4, { 1 } } }, 0 },
{ "a dump of parameters has a header", RTM_GETNEIGHTBL, IN_DUMP, true, 1, { AF_INET }, { { 0 } }, -EINVAL },
{ "a dump of rules has a header", RTM_GETRULE, IN_DUMP, true, 1, { AF_INET }, { { 0 } }, -EINVAL },
{ "and nothing behind it", RTM_GETRULE, IN_DUMP, true, 12, { AF_INET }, { { 1, 4, { 0 } } }, -EINVAL },
{ "a rule for a mark without a mask", RTM_NEWRULE, NLM_F_CREATE, false, 12, { AF_INET, 0, 0, 0, 254, 0, 0, 1 },
  { { 10, 4, { 7 } }, { 16, 4, { 0 } } }, 0 },
/* routes: family, dst_len, src_len, tos, table, protocol, scope, type */
{ "there is no next hop by number", RTM_NEWROUTE, NLM_F_CREATE, false, 12, { AF_INET, 0, 0, 0, 254, 4, 0, 1 }, { { RTA_NH_ID, 4, { 9 } } }, -EINVAL },
{ "a gateway is said once", RTM_NEWROUTE, NLM_F_CREATE, false, 12, { AF_INET, 0, 0, 0, 254, 4, 0, 1 },
  { { RTA_GATEWAY, 4, { 10, 9, 0, 9 } }, { RTA_VIA, 6, { AF_INET, 0, 10, 9, 0, 9 } } }, -EINVAL },
{ "an IPv4 gateway has four octets", RTM_NEWROUTE, NLM_F_CREATE, false, 12, { AF_INET, 0, 0, 0, 254, 4, 0, 1 }, { { RTA_VIA, 7, { AF_INET, 0, 10, 9, 0, 9 } } }, -EINVAL },
{ "an IPv6 one sixteen", RTM_NEWROUTE, NLM_F_CREATE, false, 12, { AF_INET, 0, 0, 0, 254, 4, 0, 1 }, { { RTA_VIA, 6, { AF_INET6 } } }, -EINVAL },
{ "there are no others", RTM_NEWROUTE, NLM_F_CREATE, false, 12, { AF_INET, 0, 0, 0, 254, 4, 0, 1 }, { { RTA_VIA, 6, { AF_PACKET } } }, -EINVAL },
{ "a kind of tunnel has two octets", RTM_NEWROUTE, NLM_F_CREATE, false, 12, { AF_INET, 0, 0, 0, 254, 4, 0, 1 }, { { RTA_ENCAP_TYPE, 1, { 2 } } }, -ERANGE },
{ "also that of one next hop of several", RTM_NEWROUTE, NLM_F_CREATE, false, 12, { AF_INET, 0, 0, 0, 254, 4, 0, 1 },
  { { RTA_MULTIPATH, 16, { 16, 0, 0, 0, ETH0, 0, 0, 0, 5, 0, RTA_ENCAP_TYPE, 0, 2 } } }, -EINVAL },
{ "a next hop that is longer than all", RTM_NEWROUTE, NLM_F_CREATE, false, 12, { AF_INET, 0, 0, 0, 254, 4, 0, 1 },
  { { RTA_MULTIPATH, 8, { 16, 0, 0, 0, ETH0 } } }, -EINVAL },
{ "a next hop with a gateway of one octet", RTM_NEWROUTE, NLM_F_CREATE, false, 12, { AF_INET, 0, 0, 0, 254, 4, 0, 1 },
  { { RTA_MULTIPATH, 16, { 16, 0, 0, 0, ETH0, 0, 0, 0, 5, 0, RTA_GATEWAY, 0, 2 } } }, -ERANGE },
{ "nobody controls congestion by that name", RTM_NEWROUTE, NLM_F_CREATE, false, 12, { AF_INET, 0, 0, 0, 254, 4, 0, 1 },
  { { RTA_METRICS, 8, { 8, 0, RTAX_CC_ALGO, 0, 'x' } } }, -EINVAL },
{ "a gateway of zeros is none", RTM_NEWROUTE, NLM_F_CREATE, false, 12, { AF_INET, 24, 0, 0, 254, 4, 253, 1 },
  { { RTA_DST, 4, { 10, 66, 0, 0 } }, { RTA_GATEWAY, 4, { 0 } }, { RTA_OIF, 4, { ETH0 } } }, 0 },
{ "a dump of routes knows its attributes", RTM_GETROUTE, IN_DUMP, true, 12, { AF_INET }, { { 77, 4, { 0 } } }, -EINVAL },
{ "it may ask for one device", RTM_GETROUTE, IN_DUMP, true, 12, { AF_INET }, { { RTA_OIF, 4, { ETH0 } } }, 0 },
{ "or one table", RTM_GETROUTE, IN_DUMP, true, 12, { AF_INET, 0, 0, 0, 254 }, { { 0 } }, 0 },
{ "the source of a question is one address", RTM_GETROUTE, 0, true, 12, { AF_INET, 32, 24 },
  { { RTA_DST, 4, { 10, 66, 0, 1 } }, { RTA_SRC, 4, { 10, 9, 0, 1 } } }, -EINVAL },
/* others */
{ "a type below rtnetlink's", 0xf, 0, false, 1, { 0 }, { { 0 } }, 0 },
{ "flags that nobody knows are no matter", RTM_NEWLINK, 0xffff, false, 16, { 0 }, { { 0 } }, -EOPNOTSUPP },
{ "what cannot be listed", RTM_GETQDISC, IN_DUMP, false, 4, { AF_INET }, { { 0 } }, -EOPNOTSUPP },
};
/* clang-format on */

/* The last word on a request: an acknowledgement, or the end of a dump. */
static int last_word(struct client *c)
{
	_Alignas(struct nlmsghdr) u8 buf[32768];
	int err = 1;

	for (;;) {
		ssize_t left = nethood_recvfrom(c->sk, buf, sizeof(buf), 0, NULL, NULL);
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)buf;
		int bytes = (int)left;

		if (left < 0)
			return err;
		for (; mnl_nlmsg_ok(nlh, bytes); nlh = mnl_nlmsg_next(nlh, &bytes)) {
			if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE)
				memcpy(&err, nlh + 1, sizeof(err));
		}
	}
}

static void a_request_is_refused_for_what_is_wrong_with_it(void **state)
{
	struct client *c = *state;
	u32 failed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int strict = rows[i].strict, err;
		u8 buf[512];
		struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

		memcpy(mnl_nlmsg_put_extra_header(nlh, rows[i].head_bytes), rows[i].head, rows[i].head_bytes);
		if (rows[i].head_bytes < 4)
			nlh->nlmsg_len = (u32)sizeof(*nlh) + rows[i].head_bytes;
		nlh->nlmsg_type = rows[i].type;
		nlh->nlmsg_flags = (u16)(rows[i].flags | NLM_F_REQUEST | (rows[i].flags & NLM_F_DUMP ? 0 : NLM_F_ACK));
		for (u32 k = 0; k < ARRAY_SIZE(rows[i].attr) && rows[i].attr[k].type; k++)
			mnl_attr_put(nlh, rows[i].attr[k].type, rows[i].attr[k].bytes, rows[i].attr[k].data);
		(void)nethood_setsockopt(c->sk, 270, NETLINK_GET_STRICT_CHK, &strict, sizeof(strict));
		assert_int_equal(nethood_sendto(c->sk, nlh, nlh->nlmsg_len, 0, NULL, 0), nlh->nlmsg_len);
		err = last_word(c);
		if (err != rows[i].err)
			print_error("%s: %d, not %d\n", rows[i].sentence, err, rows[i].err);
		failed += err != rows[i].err;
	}
	assert_int_equal(failed, 0);
}

/* ------------------------------------------------------------------ what may be wrong with a datagram */

static void set_option(struct client *c, int level, int name, int value)
{
	assert_int_equal(nethood_setsockopt(c->sk, level, name, &value, sizeof(value)), 0);
}

static void a_datagram_is_refused_before_it_is_read(void **state)
{
	static u8 large[(1U << 20) + 4];
	struct client *c = *state;
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	struct sockaddr *addr = (struct sockaddr *)&to;
	u8 buf[256];
	struct nlmsghdr *nlh = link_request(buf, 77, 0, 0);

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	assert_int_equal(nethood_sendto(c->sk, buf, nlh->nlmsg_len, MSG_OOB, NULL, 0), -EOPNOTSUPP);
	assert_int_equal(nethood_recvfrom(c->sk, buf, sizeof(buf), MSG_OOB, NULL, NULL), -EOPNOTSUPP);
	assert_int_equal(nethood_sendto(c->sk, buf, nlh->nlmsg_len, 0, addr, sizeof(to)), -EPERM);
	assert_int_equal(nethood_sendto(c->sk, large, sizeof(large), 0, NULL, 0), -EMSGSIZE);
	set_option(c, SOL_SOCKET, SO_SNDBUFFORCE, 4 << 20);
	assert_int_equal(nethood_sendto(c->sk, large, sizeof(large), 0, NULL, 0), -EMSGSIZE);
	assert_int_equal(nethood_sendto(c->sk, buf, nlh->nlmsg_len, 0, addr, 0), nlh->nlmsg_len);
	set_option(c, 270, NETLINK_CAP_ACK, 1);
	assert_int_equal(last_word(c), -ENODEV);
	assert_int_equal(ask(c, nlh), -ENODEV);
}

/* Who wants no ENOBUFS hears nothing of what was lost. */
static void what_is_lost_need_not_be_told(void **state)
{
	struct client *c = *state;
	u8 buf[256];

	set_option(c, 270, NETLINK_NO_ENOBUFS, 1);
	set_option(c, 270, NETLINK_ADD_MEMBERSHIP, RTNLGRP_LINK);
	set_option(c, SOL_SOCKET, SO_RCVBUF, 1);
	for (u32 i = 0; i < 40; i++) {
		struct nlmsghdr *nlh = link_request(buf, ETH0, i & 1 ? IFF_UP : 0, IFF_UP);

		nlh->nlmsg_flags = NLM_F_REQUEST;
		assert_int_equal(nethood_sendto(c->sk, nlh, nlh->nlmsg_len, 0, NULL, 0), nlh->nlmsg_len);
	}
	assert_int_equal(last_word(c), 1);
	assert_int_equal(nethood_recvfrom(c->sk, buf, sizeof(buf), 0, NULL, NULL), -EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_octet_of_a_dump_is_old_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(a_buffer_of_odd_size_is_read_into_as_any_other, setup, teardown),
		cmocka_unit_test_setup_teardown(a_request_is_refused_for_what_is_wrong_with_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_datagram_is_refused_before_it_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_lost_need_not_be_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_request_about_a_link_that_is_refused_changes_nothing, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
