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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_octet_of_a_dump_is_old_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(a_buffer_of_odd_size_is_read_into_as_any_other, setup, teardown),
		cmocka_unit_test_setup_teardown(a_request_about_a_link_that_is_refused_changes_nothing, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
