// SPDX-License-Identifier: BSD-2-Clause
/* rtnetlink: messages of every wrong shape get the kernel's error and text and change nothing; right ones are carried
 * out, dumped and told; a listener that does not read hurts nobody but itself. */
#include "../neigh/neigh_world.h"
#include "api_internal.h"
#include "netlink/netlink_internal.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>

#define SOL_NETLINK_ 270

struct client {
	struct world w;
	struct nethood_sock *sk;
	u32 seq;
	int ifindex;
};

static struct nethood_sock *netlink_socket(struct world *w)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	struct nethood_sock *sk;
	int on = 1;

	assert_int_equal(nethood_socket(w->public_net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &sk), 0);
	assert_int_equal(nethood_bind(sk, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(nethood_setsockopt(sk, SOL_NETLINK_, NETLINK_EXT_ACK, &on, sizeof(on)), 0);
	return sk;
}

static void client_init(struct client *c)
{
	world_init(&c->w);
	c->sk = netlink_socket(&c->w);
	c->ifindex = c->w.dev->ifindex;
	c->seq = 100;
}

static void client_fini(struct client *c)
{
	nethood_close(c->sk);
	world_fini(&c->w);
}

static ssize_t nl_send(struct nethood_sock *sk, const void *buf, size_t len)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };

	return nethood_sendto(sk, buf, len, 0, (struct sockaddr *)&to, sizeof(to));
}

/* Return: the error of the answer; @text: what it says, or "". */
static int nl_answer(struct client *c, char text[static 128])
{
	u8 buf[8192];
	ssize_t len = nethood_recvfrom(c->sk, buf, sizeof(buf), 0, NULL, NULL);
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(void *)buf;
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;
	size_t quoted;

	text[0] = '\0';
	if (len < (ssize_t)sizeof(*nlh))
		return 1; /* nothing came */
	assert_int_equal(nlh->nlmsg_type, NLMSG_ERROR);
	assert_int_equal(nlh->nlmsg_seq, c->seq);
	quoted = nlh->nlmsg_flags & NLM_F_CAPPED ? sizeof(*nlh) : (err->msg.nlmsg_len + 3U) & ~3U;
	for (size_t at = sizeof(*nlh) + sizeof(int) + quoted;
	     (nlh->nlmsg_flags & NLM_F_ACK_TLVS) && at + 4 < (size_t)len; at += (a->nla_len + 3U) & ~3U) {
		a = (const struct nlattr *)(void *)(buf + at);
		if ((a->nla_type & 0x3fff) == NLMSGERR_ATTR_MSG)
			snprintf(text, 128, "%s", mnl_attr_get_str(a));
	}
	return err->error;
}

/* ------------------------------------------------------------------ neighbours */

/* What a row puts into a message about a neighbour. */
enum {
	DST = 1,
	DST_SHORT = 2,
	LLADDR = 4,
	LLADDR_SHORT = 8,
	NO_DEV = 16,
	BAD_DEV = 32,
	FAMILY_NONE = 64,
	FAMILY_ODD = 128,
	MANAGED = 256,
	LOCKED = 512,
	VALIDATED = 1024,
	EXISTS = 2048,
	OTHER_LLADDR = 4096,
	DST_LONG = 8192,
	USE = 16384
};

static const struct {
	const char *sentence;
	u16 type, flags, state;
	u32 what;
	int err;
	const char *text;
} neigh_rows[] = {
	{ "a new entry needs its address", RTM_NEWNEIGH, NLM_F_CREATE, NUD_PERMANENT, LLADDR, -EINVAL,
	  "Network address not specified" },
	{ "and its device", RTM_NEWNEIGH, NLM_F_CREATE, NUD_PERMANENT, DST | LLADDR | NO_DEV, -EINVAL,
	  "Device not specified" },
	{ "one that exists", RTM_NEWNEIGH, NLM_F_CREATE, NUD_PERMANENT, DST | LLADDR | BAD_DEV, -ENODEV, "" },
	{ "a link address of the device's length", RTM_NEWNEIGH, NLM_F_CREATE, NUD_PERMANENT, DST | LLADDR_SHORT,
	  -EINVAL, "Invalid link address" },
	{ "an address of the family's length", RTM_NEWNEIGH, NLM_F_CREATE, NUD_PERMANENT, DST_SHORT | LLADDR, -EINVAL,
	  "Invalid network address" },
	{ "a longer one is cut", RTM_NEWNEIGH, NLM_F_CREATE, NUD_PERMANENT, DST_LONG | LLADDR, 0, "" },
	{ "a family", RTM_NEWNEIGH, NLM_F_CREATE, NUD_PERMANENT, DST | LLADDR | FAMILY_NONE, -EAFNOSUPPORT, "" },
	{ "that is known", RTM_NEWNEIGH, NLM_F_CREATE, NUD_PERMANENT, DST | LLADDR | FAMILY_ODD, -EAFNOSUPPORT, "" },
	{ "without CREATE nothing is made", RTM_NEWNEIGH, 0, NUD_PERMANENT, DST | LLADDR, -ENOENT, "" },
	{ "with EXCL nothing is replaced", RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, NUD_PERMANENT,
	  DST | LLADDR | EXISTS, -EEXIST, "" },
	{ "a valid state needs a link address", RTM_NEWNEIGH, NLM_F_CREATE, NUD_PERMANENT, DST, -EINVAL,
	  "No link layer address given" },
	{ "no state needs none", RTM_NEWNEIGH, NLM_F_CREATE, NUD_NONE, DST, 0, "" },
	{ "permanent and managed exclude each other", RTM_NEWNEIGH, NLM_F_CREATE, NUD_PERMANENT, DST | LLADDR | MANAGED,
	  -EINVAL, "Invalid NTF_* flag for permanent entry" },
	{ "validated needs a valid state", RTM_NEWNEIGH, NLM_F_CREATE, NUD_NONE, DST | VALIDATED, -EINVAL,
	  "Cannot create externally validated neighbor with an invalid state" },
	{ "bits nobody knows are refused", RTM_NEWNEIGH, NLM_F_CREATE, NUD_PERMANENT, DST | LLADDR | LOCKED, -EINVAL,
	  "reserved bit set" },
	{ "without REPLACE another link address is not taken", RTM_NEWNEIGH, NLM_F_CREATE, NUD_REACHABLE,
	  DST | OTHER_LLADDR | EXISTS, 0, "" },
	{ "deleting needs an address", RTM_DELNEIGH, 0, 0, 0, -EINVAL, "Network address not specified" },
	{ "and a device", RTM_DELNEIGH, 0, 0, DST | NO_DEV, -EINVAL, "" },
	{ "of the right length", RTM_DELNEIGH, 0, 0, DST_SHORT, -EINVAL, "Invalid network address" },
	{ "and an entry", RTM_DELNEIGH, 0, 0, DST, -ENOENT, "" },
	{ "many are not deleted at once", RTM_DELNEIGH, NLM_F_BULK, 0, DST, -EOPNOTSUPP,
	  "Bulk delete is not supported" },
	{ "getting needs an address", RTM_GETNEIGH, 0, 0, 0, -EINVAL, "" },
	{ "a device", RTM_GETNEIGH, 0, 0, DST | NO_DEV, -EINVAL, "No device specified" },
	{ "one that exists", RTM_GETNEIGH, 0, 0, DST | BAD_DEV, -ENODEV, "Unknown device ifindex" },
	{ "the exact length", RTM_GETNEIGH, 0, 0, DST_LONG, -EINVAL,
	  "Invalid network address in neighbor get request" },
	{ "no state in the header", RTM_GETNEIGH, 0, NUD_STALE, DST, -EINVAL,
	  "Invalid values in header for neighbor get request" },
	{ "no other attribute", RTM_GETNEIGH, 0, 0, DST | LLADDR, -EINVAL,
	  "Unsupported attribute in neighbor get request" },
	{ "a known family", RTM_GETNEIGH, 0, 0, DST | FAMILY_ODD, -EAFNOSUPPORT,
	  "Unsupported family in header for neighbor get request" },
	{ "and an entry", RTM_GETNEIGH, 0, 0, DST, -ENOENT, "Neighbour entry not found" },
};

static void put_neigh(struct client *c, struct nlmsghdr *nlh, u16 state, u32 what)
{
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
	const u8 addr[8] = { 10, 77, 0, 9, 1, 2, 3, 4 };

	ndm->ndm_family = what & FAMILY_NONE ? AF_UNSPEC : what & FAMILY_ODD ? AF_PACKET : AF_INET;
	ndm->ndm_ifindex = what & NO_DEV ? 0 : what & BAD_DEV ? 4711 : c->ifindex;
	ndm->ndm_state = state;
	ndm->ndm_flags = what & USE ? NTF_USE : 0;
	if (what & (DST | DST_SHORT | DST_LONG))
		mnl_attr_put(nlh, NDA_DST, what & DST_SHORT ? 3 : what & DST_LONG ? 8 : 4, addr);
	if (what & (LLADDR | LLADDR_SHORT | OTHER_LLADDR))
		mnl_attr_put(nlh, NDA_LLADDR, what & LLADDR_SHORT ? 5 : 6, what & OTHER_LLADDR ? NEW_MAC : PEER_MAC);
	if (what & (MANAGED | LOCKED | VALIDATED))
		mnl_attr_put_u32(nlh, NDA_FLAGS_EXT, what & MANAGED ? 1 : what & LOCKED ? 2 : 4);
}

static int neigh_request(struct client *c, u16 type, u16 flags, u16 state, u32 what, char text[static 128])
{
	u8 buf[1024];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	nlh->nlmsg_seq = ++c->seq;
	put_neigh(c, nlh, state, what);
	assert_int_equal(nl_send(c->sk, nlh, nlh->nlmsg_len), nlh->nlmsg_len);
	return nl_answer(c, text);
}

static void wrong_requests_about_neighbours_get_the_kernels_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(neigh_rows); i++) {
		struct client c;
		char text[128];
		u32 before;
		int err;

		client_init(&c);
		if (neigh_rows[i].what & EXISTS)
			assert_int_equal(
				neigh_request(&c, RTM_NEWNEIGH, NLM_F_CREATE, NUD_PERMANENT, DST | LLADDR, text), 0);
		before = c.w.arp->hash.live_count;
		c.w.told_count = 0;
		err = neigh_request(&c, neigh_rows[i].type, neigh_rows[i].flags, neigh_rows[i].state,
				    neigh_rows[i].what, text);
		if (err != neigh_rows[i].err || strcmp(text, neigh_rows[i].text) != 0)
			fail_msg("%s: %d \"%s\"", neigh_rows[i].sentence, err, text);
		if (err) { /* nothing has changed, and nobody was told */
			assert_int_equal(c.w.arp->hash.live_count, before);
			assert_int_equal(c.w.told_count, 0);
		}
		check_table(&c.w);
		client_fini(&c);
	}
}

static void requests_without_the_right_are_refused(void **state)
{
	struct client c;
	char text[128];

	(void)state;
	client_init(&c);
	nethood_sock_set_admin(c.sk, false);
	assert_int_equal(neigh_request(&c, RTM_NEWNEIGH, NLM_F_CREATE, NUD_PERMANENT, DST | LLADDR, text), -EPERM);
	assert_int_equal(c.w.arp->hash.live_count, 0);
	client_fini(&c);
}

/* ------------------------------------------------------------------ shapes */

static void nothing_of_the_memory_shows_between_attributes(void **state)
{
	struct world w;
	struct sk_buff *skb;
	struct nlmsghdr *nlh;
	u8 *data;

	(void)state;
	world_init(&w);
	for (u32 len = 1; len <= 8; len++) {
		skb = nlmsg_new(w.net, 256);
		assert_non_null(skb);
		memset(skb_tail_pointer(skb), 0xa5, skb_tailroom(skb));
		nlh = nlmsg_put(skb, 0, 0, RTM_NEWNEIGH, 0, 3);
		data = (u8 *)nlh + nlh->nlmsg_len;
		assert_int_equal(data[-1], 0);
		assert_true(nla_put(skb, nlh, NDA_LLADDR, "\1\1\1\1\1\1\1\1", len));
		for (u8 *p = data + 4; p < (u8 *)nlh + nlh->nlmsg_len; p++)
			assert_int_equal(*p, p < data + 4 + len ? 1 : 0);
		kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
	}
	world_fini(&w);
}

static void messages_that_lie_about_their_length_are_ignored(void **state)
{
	struct client c;
	u8 buf[64] = { 0 };
	char text[128];

	(void)state;
	client_init(&c);
	for (u32 len = 0; len < 200; len++) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)buf;

		nlh->nlmsg_len = len;
		nlh->nlmsg_type = RTM_GETNEIGH;
		nlh->nlmsg_flags = NLM_F_REQUEST;
		nlh->nlmsg_seq = c.seq;
		(void)nl_send(c.sk, buf, 40);
		while (nl_answer(&c, text) != 1)
			;
	}
	assert_int_equal(nl_send(c.sk, buf, 0), -ENODATA);
	client_fini(&c);
}

/* Attributes of random octets, to each message type: an answer each time, and a table that holds. */
static void random_octets_never_hurt(void **state)
{
	const u8 key[RNG_KEY_BYTES] = { 42 };
	struct client c;
	struct rng r;

	(void)state;
	rng_init(&r, key);
	client_init(&c);
	for (int i = 0; i < 20000; i++) {
		u8 buf[256], sink[65536];
		struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)buf;
		u32 len = 16 + get_random_u32_below(&r, 200);

		get_random_bytes(&r, buf, sizeof(buf));
		nlh->nlmsg_len = len;
		nlh->nlmsg_type = (u16)(RTM_BASE + get_random_u32_below(&r, RTM_MAX - RTM_BASE + 1));
		nlh->nlmsg_flags = (u16)(NLM_F_REQUEST | (get_random_u32(&r) & 0xf00));
		if (get_random_u32_below(&r, 2))
			buf[16] = AF_INET;
		for (u32 at = 16 + 12; at + 4 < len; at += 8) { /* something like attributes */
			buf[at] = (u8)get_random_u32_below(&r, 12);
			buf[at + 1] = 0;
			buf[at + 2] = (u8)get_random_u32_below(&r, 30);
			buf[at + 3] = 0;
		}
		if (get_random_u32_below(&r, 2))
			memcpy(buf + 20, &c.ifindex, 4);
		(void)nl_send(c.sk, buf, len);
		while (nethood_recvfrom(c.sk, sink, sizeof(sink), 0, NULL, NULL) >= 0)
			;
	}
	check_table(&c.w);
	client_fini(&c);
}

static void several_requests_in_one_datagram_are_all_served(void **state)
{
	struct client c;
	u8 buf[4096];
	size_t len = 0;
	char text[128];

	(void)state;
	client_init(&c);
	for (u32 i = 0; i < 3; i++) {
		struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf + len);

		nlh->nlmsg_type = i == 1 ? RTM_DELNEIGH : RTM_NEWNEIGH;
		nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | (i == 1 ? 0 : NLM_F_CREATE | NLM_F_EXCL);
		nlh->nlmsg_seq = 7 + i;
		put_neigh(&c, nlh, NUD_PERMANENT, DST | LLADDR);
		len += nlh->nlmsg_len;
	}
	assert_int_equal(nl_send(c.sk, buf, len), len);
	for (c.seq = 7; c.seq < 10; c.seq++)
		assert_int_equal(nl_answer(&c, text), 0);
	assert_int_equal(c.w.arp->hash.live_count, 1);
	client_fini(&c);
}

/* ------------------------------------------------------------------ dumps and listeners */

static u32 dump_neighbours(struct client *c, bool *torn, void (*between)(struct client *c))
{
	u8 buf[32768];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
	u32 seen = 0;

	ndm->ndm_family = AF_INET;
	nlh->nlmsg_type = RTM_GETNEIGH;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++c->seq;
	*torn = false;
	assert_true(nl_send(c->sk, nlh, nlh->nlmsg_len) > 0);
	for (;;) {
		ssize_t got = nethood_recvfrom(c->sk, buf, sizeof(buf), 0, NULL, NULL);
		int left = (int)got;

		assert_true(got > 0);
		for (nlh = (struct nlmsghdr *)(void *)buf; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			*torn |= (nlh->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
			if (nlh->nlmsg_type == NLMSG_DONE)
				return seen;
			assert_int_equal(nlh->nlmsg_type, RTM_NEWNEIGH);
			seen++;
		}
		if (between)
			between(c);
	}
}

static void add_many(struct world *w, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		__be32 ip = cpu_to_be32(0x0a4d1000 + i);
		struct neighbour *n;

		assert_int_equal(neigh_create(w->arp, &ip, w->dev, &n), 0);
		assert_int_equal(neigh_update(n, PEER_MAC, NUD_PERMANENT, NEIGH_UPDATE_F_ADMIN, 0, NULL), 0);
		neigh_release(n);
	}
}

static void one_more(struct client *c)
{
	static u32 next = 0x0a4df000;
	__be32 ip = cpu_to_be32(next++);
	struct neighbour *n;

	assert_int_equal(neigh_create(c->w.arp, &ip, c->w.dev, &n), 0);
	assert_int_equal(neigh_update(n, PEER_MAC, NUD_PERMANENT, NEIGH_UPDATE_F_ADMIN, 0, NULL), 0);
	neigh_release(n);
}

static void a_dump_lists_each_entry_once_and_says_when_it_was_torn(void **state)
{
	struct client c;
	bool torn;
	u32 seen;

	(void)state;
	client_init(&c);
	add_many(&c.w, 3000);
	assert_int_equal(dump_neighbours(&c, &torn, NULL), 3000);
	assert_false(torn);
	seen = dump_neighbours(&c, &torn, one_more);
	assert_true(seen >= 3000);
	assert_true(torn);
	client_fini(&c);
}

static void a_listener_that_does_not_read_gets_enobufs_once(void **state)
{
	struct client c;
	struct nethood_sock *listener;
	int small = 16384, group = RTNLGRP_NEIGH, count = 0;
	u8 buf[4096];
	ssize_t got;

	(void)state;
	client_init(&c);
	listener = netlink_socket(&c.w);
	assert_int_equal(nethood_setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(nethood_setsockopt(listener, SOL_NETLINK_, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)), 0);
	add_many(&c.w, 500);
	assert_int_equal(c.w.arp->hash.live_count, 500); /* the writers did not wait */
	assert_true(nethood_readiness(listener) & EPOLLERR);
	assert_int_equal(nethood_recvfrom(listener, buf, sizeof(buf), 0, NULL, NULL), -ENOBUFS);
	while ((got = nethood_recvfrom(listener, buf, sizeof(buf), 0, NULL, NULL)) > 0)
		count++;
	assert_int_equal(got, -EAGAIN);
	assert_in_range(count, 5, 50);
	add_many(&c.w, 0);
	one_more(&c); /* and then it hears again */
	assert_true(nethood_recvfrom(listener, buf, sizeof(buf), 0, NULL, NULL) > 0);
	nethood_close(listener);
	client_fini(&c);
}

/* ------------------------------------------------------------------ a listener that lags */

static struct nethood_sock *small_listener(struct client *c)
{
	struct nethood_sock *sk = netlink_socket(&c->w);
	int bytes = 16384, group = RTNLGRP_NEIGH;

	assert_int_equal(nethood_setsockopt(sk, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
	assert_int_equal(nethood_setsockopt(sk, SOL_NETLINK_, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)), 0);
	return sk;
}

#define PICTURE_ENTRIES 64U

/** struct picture - what a listener believes: the state of each neighbour that it heard of */
struct picture {
	u8 known[PICTURE_ENTRIES], state[PICTURE_ENTRIES];
	u32 message_count, lost_count;
	bool done; /**< the end of a dump was seen */
};

static void picture_message(struct picture *p, const struct nlmsghdr *nlh)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const u8 *key = NULL;
	const char *end = mnl_nlmsg_get_payload_tail(nlh);
	const struct nlattr *a = mnl_nlmsg_get_payload_offset(nlh, sizeof(*ndm));

	for (; mnl_attr_ok(a, (int)(end - (const char *)a)); a = mnl_attr_next(a)) {
		if (mnl_attr_get_type(a) == NDA_DST)
			key = mnl_attr_get_payload(a);
	}
	assert_non_null(key);
	assert_in_range(key[3], 0, PICTURE_ENTRIES - 1);
	p->known[key[3]] = nlh->nlmsg_type == RTM_NEWNEIGH;
	p->state[key[3]] = (u8)ndm->ndm_state;
	p->message_count++;
}

/* All that waits. */
static void picture_read(struct picture *p, struct nethood_sock *sk)
{
	u8 buf[32768];
	ssize_t got;

	while ((got = nethood_recvfrom(sk, buf, sizeof(buf), 0, NULL, NULL)) != -EAGAIN) {
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)(void *)buf;
		int left = (int)got;

		p->lost_count += got == -ENOBUFS;
		for (; got > 0 && mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_type == NLMSG_DONE)
				p->done = true;
			else
				picture_message(p, nlh);
		}
	}
}

static void picture_ask_for_all(struct nethood_sock *sk)
{
	struct {
		struct nlmsghdr nlh;
		struct ndmsg ndm;
	} m = { .nlh = { .nlmsg_len = sizeof(m),
			 .nlmsg_type = RTM_GETNEIGH,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.ndm = { .ndm_family = AF_INET } };

	assert_int_equal(nl_send(sk, &m, sizeof(m)), sizeof(m));
}

static __be32 picture_key(u32 i)
{
	return cpu_to_be32(0x0a4d0100U + i);
}

/* Neighbour @i changes, or goes and comes: @turn says which. */
static void change_one(struct client *c, u32 i, u32 turn)
{
	__be32 key = picture_key(i);
	struct neighbour *n = neigh_lookup(c->w.arp, &key, c->w.dev);

	if (n && turn % 7 == 3) {
		assert_int_equal(neigh_remove(n, 0), 0);
	} else {
		if (!n)
			assert_int_equal(neigh_create(c->w.arp, &key, c->w.dev, &n), 0);
		assert_int_equal(neigh_update(n, turn % 2 ? PEER_MAC : NEW_MAC, turn % 3 ? NUD_STALE : NUD_REACHABLE,
					      NEIGH_UPDATE_F_OVERRIDE, 0, NULL),
				 0);
	}
	neigh_release(n);
}

static void picture_is_true(const struct picture *p, struct client *c, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		__be32 key = picture_key(i);
		const struct neighbour *n = neigh_find(c->w.arp, &key, c->w.dev);

		assert_int_equal(p->known[i], n != NULL);
		if (n)
			assert_int_equal(p->state[i], n->nud_state);
	}
}

static void one_that_keeps_up_hears_each_change(void **state)
{
	struct picture p = { 0 };
	struct client c;
	struct nethood_sock *sk;

	(void)state;
	client_init(&c);
	sk = small_listener(&c);
	for (u32 turn = 0; turn < 300; turn++) {
		change_one(&c, 5, turn % 2 ? 1 : 2); /* another address each time */
		picture_read(&p, sk);
	}
	assert_int_equal(p.message_count, 300);
	nethood_close(sk);
	client_fini(&c);
}

static void one_that_lags_hears_the_last_change_of_each(void **state)
{
	struct picture p = { 0 };
	struct client c;
	struct nethood_sock *sk;

	(void)state;
	client_init(&c);
	sk = small_listener(&c);
	for (u32 turn = 0; turn < 5000; turn++)
		change_one(&c, turn % 3, turn);
	picture_read(&p, sk);
	assert_int_equal(p.lost_count, 0); /* 5000 changes of three neighbours, and none of them is unknown */
	assert_in_range(p.message_count, 3, 40);
	picture_is_true(&p, &c, 3);
	for (u32 turn = 0; turn < 5000; turn++) /* what waits when it ends is forgotten with it */
		change_one(&c, turn % 3, turn);
	nethood_close(sk);
	client_fini(&c);
}

static void one_that_lost_something_gets_all_by_one_dump(void **state)
{
	struct picture p = { 0 };
	struct client c;
	struct nethood_sock *sk;
	u32 dumps = 0;
	u8 buf[64];

	(void)state;
	client_init(&c);
	sk = small_listener(&c);
	for (u32 turn = 0; turn < 500; turn++)
		change_one(&c, turn % PICTURE_ENTRIES, turn);
	assert_int_equal(nethood_recvfrom(sk, buf, sizeof(buf), 0, NULL, NULL), -ENOBUFS);
	for (; !p.done || p.lost_count; dumps++) { /* and again if more was lost meanwhile: it says so */
		p.done = false;
		p.lost_count = 0;
		memset(p.known, 0, sizeof(p.known));
		picture_ask_for_all(sk);
		for (u32 turn = 0; dumps < 3 && turn < 200; turn++) /* the world does not wait for it */
			change_one(&c, (turn * 5) % PICTURE_ENTRIES, turn + dumps);
		picture_read(&p, sk);
		assert_in_range(dumps, 0, 5);
	}
	picture_is_true(&p, &c, PICTURE_ENTRIES);
	change_one(&c, 1, 1);
	picture_read(&p, sk);
	picture_is_true(&p, &c, PICTURE_ENTRIES);
	nethood_close(sk);
	client_fini(&c);
}

static void it_is_told_again_of_what_is_lost_after_it_was_told(void **state)
{
	struct client c;
	struct nethood_sock *sk;
	u8 buf[64];

	(void)state;
	client_init(&c);
	sk = small_listener(&c);
	for (u32 round = 0; round < 3; round++) {
		for (u32 turn = 0; turn < 500; turn++)
			change_one(&c, turn % PICTURE_ENTRIES, turn);
		assert_int_equal(nethood_recvfrom(sk, buf, sizeof(buf), 0, NULL, NULL), -ENOBUFS);
		assert_true(nethood_recvfrom(sk, buf, sizeof(buf), 0, NULL, NULL) > 0);
	}
	nethood_close(sk);
	client_fini(&c);
}

static void an_answer_that_was_lost_is_not_the_last_one(void **state)
{
	char text[128];
	struct client c;

	(void)state;
	for (u32 fail_at = 1; fail_at < 8; fail_at++) {
		struct nlmsghdr ask = { .nlmsg_len = sizeof(ask),
					.nlmsg_type = RTM_GETNEIGH,
					.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK };
		u8 buf[256];

		client_init(&c);
		c.w.alloc_count = 0;
		c.w.fail_at = fail_at;
		c.w.fail_for_ever = true;
		(void)nl_send(c.sk, &ask, sizeof(ask));
		c.w.fail_at = 0;
		(void)nethood_recvfrom(c.sk, buf, sizeof(buf), 0, NULL, NULL); /* ENOBUFS if the answer was lost */
		(void)nethood_recvfrom(c.sk, buf, sizeof(buf), 0, NULL, NULL);
		c.seq = 0;
		assert_int_equal(nl_send(c.sk, &ask, sizeof(ask)), sizeof(ask));
		assert_int_not_equal(nl_answer(&c, text), 1); /* it is answered */
		client_fini(&c);
	}
}

static void no_memory_for_that_costs_only_messages(void **state)
{
	(void)state;
	for (u32 fail_at = 1; fail_at < 40; fail_at++) {
		struct picture p = { 0 };
		struct nethood_sock *sk;
		struct client c;

		client_init(&c);
		sk = small_listener(&c);
		change_one(&c, 0, 1);
		c.w.alloc_count = 0;
		c.w.fail_at = fail_at;
		c.w.fail_for_ever = fail_at & 1;
		for (u32 turn = 0; turn < 200; turn++)
			change_one(&c, 0, turn % 2 ? 1 : 2);
		c.w.fail_at = 0;
		picture_read(&p, sk);
		if (!p.lost_count)
			picture_is_true(&p, &c, 1);
		nethood_close(sk);
		client_fini(&c);
	}
}

static u32 news_slots(struct nethood_sock *sk)
{
	return nlk_sk(sock_of(sk))->news.cur.mask + 1;
}

/* The table of what waits cannot be made, or cannot grow: all waits as it comes, and what is too much is said to be lost. */
static void no_table_of_what_waits_costs_only_messages(void **state)
{
	(void)state;
	for (u32 made = 0; made < 2; made++) {
		struct picture p = { 0 };
		struct nethood_sock *sk;
		struct client c;
		int bytes = 131072;
		u32 turn = 0;

		client_init(&c);
		sk = small_listener(&c);
		assert_int_equal(nethood_setsockopt(sk, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
		for (u32 i = 0; i < PICTURE_ENTRIES; i++) {
			change_one(&c, i, 1);
			picture_read(&p, sk); /* it keeps up */
		}
		for (; made && !nlk_sk(sock_of(sk))->news.live_count; turn++) /* until it lags */
			change_one(&c, turn % 3, 3 * turn + 1);
		c.w.fail_in = "htable.c";
		for (u32 i = 0; i < 1000; i++, turn++)
			change_one(&c, turn % PICTURE_ENTRIES, 3 * turn + 1);
		c.w.fail_in = NULL;
		assert_int_equal(news_slots(sk) >= nlk_sk(sock_of(sk))->news.min_slots, made);
		picture_read(&p, sk);
		assert_true(p.lost_count > 0);
		while (!p.done || p.lost_count) {
			p.done = false;
			p.lost_count = 0;
			memset(p.known, 0, sizeof(p.known));
			picture_ask_for_all(sk);
			picture_read(&p, sk);
		}
		picture_is_true(&p, &c, PICTURE_ENTRIES);
		nethood_close(sk);
		client_fini(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_requests_about_neighbours_get_the_kernels_words),
		cmocka_unit_test(requests_without_the_right_are_refused),
		cmocka_unit_test(nothing_of_the_memory_shows_between_attributes),
		cmocka_unit_test(messages_that_lie_about_their_length_are_ignored),
		cmocka_unit_test(random_octets_never_hurt),
		cmocka_unit_test(several_requests_in_one_datagram_are_all_served),
		cmocka_unit_test(a_dump_lists_each_entry_once_and_says_when_it_was_torn),
		cmocka_unit_test(a_listener_that_does_not_read_gets_enobufs_once),
		cmocka_unit_test(one_that_keeps_up_hears_each_change),
		cmocka_unit_test(one_that_lags_hears_the_last_change_of_each),
		cmocka_unit_test(one_that_lost_something_gets_all_by_one_dump),
		cmocka_unit_test(it_is_told_again_of_what_is_lost_after_it_was_told),
		cmocka_unit_test(an_answer_that_was_lost_is_not_the_last_one),
		cmocka_unit_test(no_memory_for_that_costs_only_messages),
		cmocka_unit_test(no_table_of_what_waits_costs_only_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
