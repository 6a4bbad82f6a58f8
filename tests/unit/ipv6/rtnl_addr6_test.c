// SPDX-License-Identifier: BSD-2-Clause
/* rtnetlink about IPv6's addresses, groups, labels and links: answers and refusals as the kernel gave them. */
#include "nd_world.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_addrlabel.h>
#include <linux/rtnetlink.h>

#define SOL_NETLINK_ 270
#define D0 2 /* ifindex of eth0 */

/** struct ask - one request and all that was answered */
struct ask {
	struct nlmsghdr *nlh;
	struct nethood_sock *sk;
	int err; /**< the last word; 1: none came */
	size_t bytes;
	char text[160];
	_Alignas(8) u8 request[1024];
	_Alignas(8) u8 answer[1 << 16];
};

static struct ask a;

static struct nethood_sock *netlink_open(struct world *w, bool strict)
{
	struct nethood_sock *sk;
	int on = 1;

	assert_int_equal(nethood_socket(w->public_net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &sk), 0);
	assert_int_equal(nethood_setsockopt(sk, SOL_NETLINK_, NETLINK_EXT_ACK, &on, sizeof(on)), 0);
	if (strict)
		assert_int_equal(nethood_setsockopt(sk, SOL_NETLINK_, NETLINK_GET_STRICT_CHK, &on, sizeof(on)), 0);
	return sk;
}

static void *begin(u16 type, u16 flags, size_t head_bytes)
{
	a.nlh = mnl_nlmsg_put_header(a.request);
	a.nlh->nlmsg_type = type;
	a.nlh->nlmsg_flags = (u16)(flags | NLM_F_REQUEST | ((flags & NLM_F_DUMP) == NLM_F_DUMP ? 0 : NLM_F_ACK));
	a.err = 1;
	a.bytes = 0;
	a.text[0] = '\0';
	return mnl_nlmsg_put_extra_header(a.nlh, head_bytes);
}

static void read_text(const struct nlmsghdr *m)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);
	size_t quoted = m->nlmsg_type == NLMSG_DONE     ? 0
			: m->nlmsg_flags & NLM_F_CAPPED ? sizeof(*m)
							: ALIGN_UP(e->msg.nlmsg_len, 4U);
	const u8 *at = (const u8 *)m + sizeof(*m) + sizeof(int) + quoted, *end = (const u8 *)m + m->nlmsg_len;

	while ((m->nlmsg_flags & NLM_F_ACK_TLVS) && at + 4 < end) {
		const struct nlattr *attr = (const struct nlattr *)(const void *)at;

		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
			snprintf(a.text, sizeof(a.text), "%s", mnl_attr_get_str(attr));
		at += ALIGN_UP((size_t)attr->nla_len, 4U);
	}
}

static void read_all(void)
{
	ssize_t n;

	while ((n = nethood_recvfrom(a.sk, a.answer + a.bytes, sizeof(a.answer) - a.bytes, 0, NULL, NULL)) > 0) {
		const struct nlmsghdr *m = (const void *)(a.answer + a.bytes);

		for (int left = (int)n; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
			if (m->nlmsg_type != NLMSG_ERROR && m->nlmsg_type != NLMSG_DONE)
				continue;
			memcpy(&a.err, m + 1, sizeof(a.err));
			read_text(m);
		}
		a.bytes += (size_t)n;
	}
}

static int ask(void)
{
	assert_int_equal(nethood_sendto(a.sk, a.nlh, a.nlh->nlmsg_len, 0, NULL, 0), a.nlh->nlmsg_len);
	read_all();
	return a.err;
}

static const struct nlmsghdr *message(u32 nth)
{
	const struct nlmsghdr *m = (const void *)a.answer;

	for (int left = (int)a.bytes; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		if (m->nlmsg_type != NLMSG_ERROR && m->nlmsg_type != NLMSG_DONE && !nth--)
			return m;
	}
	return NULL;
}

static u32 messages(void)
{
	u32 count = 0;

	while (message(count))
		count++;
	return count;
}

static const struct nlattr *attr_of(const struct nlmsghdr *m, size_t head_bytes, u16 type)
{
	const char *end = mnl_nlmsg_get_payload_tail(m);

	for (const struct nlattr *attr = mnl_nlmsg_get_payload_offset(m, head_bytes);
	     mnl_attr_ok(attr, (int)(end - (const char *)attr)); attr = mnl_attr_next(attr)) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

static void put_addr(u16 type, const char *text)
{
	struct in6_addr addr = in6(text);

	mnl_attr_put(a.nlh, type, sizeof(addr), &addr);
}

static void addr_begin(u16 type, u16 flags, u8 plen, int ifindex)
{
	struct ifaddrmsg *ifm = begin(type, flags, sizeof(*ifm));

	ifm->ifa_family = AF_INET6;
	ifm->ifa_prefixlen = plen;
	ifm->ifa_index = (u32)ifindex;
}

static void expect(const char *what, int err, const char *text)
{
	int got = ask();

	if (got != err || strcmp(a.text, text) != 0)
		fail_msg("%s: %d %s", what, got, a.text);
}

/* ------------------------------------------------------------------ addresses */

static void test_newaddr(void **state)
{
	static const struct {
		const char *what, *addr;
		u8 plen;
		int ifindex, err;
		u32 flags, valid_s, prefered_s;
		const char *text;
		u16 nlflags;
	} row[] = {
		{ "no address", NULL, 64, D0, -EINVAL, 0, 0, 0, "", 0 },
		{ "a prefix of 129", "2001:db8::1", 129, D0, -EINVAL, 0, 0, 0, "ipv6: Invalid prefix length", 0 },
		{ "no such device", "2001:db8::1", 64, 99, -ENODEV, 0, 0, 0, "ipv6: Unable to find the interface", 0 },
		{ "a group", "ff02::5", 64, D0, -EADDRNOTAVAIL, 0, 0, 0,
		  "ipv6: Cannot assign multicast address without \"IFA_F_MCAUTOJOIN\" flag", 0 },
		{ "a group that is joined", "ff02::77", 64, D0, 0, IFA_F_MCAUTOJOIN, 0, 0, "", 0 },
		{ "joining no group", "2001:db8::1", 64, D0, -EINVAL, IFA_F_MCAUTOJOIN, 0, 0,
		  "ipv6: Multicast auto join failed", 0 },
		{ "none", "::", 64, D0, -EADDRNOTAVAIL, 0, 0, 0, "ipv6: Invalid address", 0 },
		{ "loopback", "::1", 64, D0, -EADDRNOTAVAIL, 0, 0, 0,
		  "ipv6: Cannot assign loopback address on this device", 0 },
		{ "one", "2001:db8::1", 64, D0, 0, 0, 0, 0, "", NLM_F_CREATE | NLM_F_EXCL },
		{ "the same", "2001:db8::1", 64, D0, -EEXIST, 0, 0, 0, "ipv6: address already assigned",
		  NLM_F_CREATE | NLM_F_EXCL },
		{ "the same, another prefix", "2001:db8::1", 48, D0, -EEXIST, 0, 0, 0, "ipv6: address already assigned",
		  NLM_F_CREATE },
		{ "the same, to replace", "2001:db8::1", 48, D0, 0, 0, 0, 0, "", NLM_F_CREATE | NLM_F_REPLACE },
		{ "new, without being asked to create", "2001:db8::2", 64, D0, 0, 0, 0, 0, "", 0 },
		{ "lifetimes the wrong way round", "2001:db8::3", 64, D0, -EINVAL, 0, 5, 10,
		  "ipv6: address lifetime invalid", 0 },
		{ "managed, of a /65", "2001:db8::3", 65, D0, -EINVAL, IFA_F_MANAGETEMPADDR, 0, 0,
		  "ipv6: address with \"mngtmpaddr\" flag must have a prefix length of 64", 0 },
		{ "on lo", "2001:db8:ee::1", 64, 1, 0, 0, 0, 0, "", 0 },
	};
	struct world *w = world_create();

	(void)state;
	a.sk = netlink_open(w, false);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		const struct ifa_cacheinfo ci = { .ifa_valid = row[i].valid_s, .ifa_prefered = row[i].prefered_s };

		addr_begin(RTM_NEWADDR, row[i].nlflags, row[i].plen, row[i].ifindex);
		if (row[i].addr)
			put_addr(IFA_LOCAL, row[i].addr);
		if (row[i].flags)
			mnl_attr_put_u32(a.nlh, IFA_FLAGS, row[i].flags);
		if (row[i].valid_s)
			mnl_attr_put(a.nlh, IFA_CACHEINFO, sizeof(ci), &ci);
		expect(row[i].what, row[i].err, row[i].text);
	}
	addr_begin(RTM_NEWADDR, 0, 64, D0);
	mnl_attr_put(a.nlh, IFA_LOCAL, 4, "1234");
	expect("a short address", -ERANGE, "Attribute failed policy validation");
	nethood_close(a.sk);
	world_destroy(w);
}

static void test_deladdr_getaddr(void **state)
{
	struct world *w = world_create();
	const struct nlmsghdr *m;

	(void)state;
	a.sk = netlink_open(w, true);
	addr_begin(RTM_DELADDR, 0, 64, D0);
	expect("no address", -EINVAL, "");
	addr_begin(RTM_DELADDR, 0, 63, D0);
	put_addr(IFA_LOCAL, OURS);
	expect("another prefix", -EADDRNOTAVAIL, "ipv6: address not found");
	addr_begin(RTM_DELADDR, 0, 64, 99);
	put_addr(IFA_LOCAL, OURS);
	expect("no device", -ENODEV, "ipv6: Unable to find the interface");

	addr_begin(RTM_GETADDR, 0, 64, D0);
	put_addr(IFA_ADDRESS, OURS);
	expect("values", -EINVAL, "ipv6: Invalid values in header for get address request");
	addr_begin(RTM_GETADDR, 0, 0, D0);
	put_addr(IFA_ADDRESS, OURS);
	mnl_attr_put_u32(a.nlh, IFA_FLAGS, 1);
	expect("flags", -EINVAL, "ipv6: Unsupported attribute in get address request");
	addr_begin(RTM_GETADDR, 0, 0, 1);
	put_addr(IFA_ADDRESS, OURS);
	expect("of another device", -EADDRNOTAVAIL, "");
	addr_begin(RTM_GETADDR, 0, 0, 0);
	put_addr(IFA_ADDRESS, OURS);
	expect("of any device", 0, "");
	m = message(0);
	assert_non_null(m);
	assert_int_equal(m->nlmsg_type, RTM_NEWADDR);
	assert_memory_equal(mnl_nlmsg_get_payload(m), "\x0a\x40\x82\x00\x02\x00\x00\x00", 8);
	assert_int_equal(mnl_attr_get_u32(attr_of(m, sizeof(struct ifaddrmsg), IFA_FLAGS)),
			 IFA_F_PERMANENT | IFA_F_NODAD);
	assert_null(attr_of(m, sizeof(struct ifaddrmsg), IFA_LOCAL)); /* only with a peer */
	addr_begin(RTM_DELADDR, 0, 64, D0);
	put_addr(IFA_LOCAL, OURS);
	expect("delete", 0, "");
	addr_begin(RTM_GETADDR, 0, 0, 0);
	put_addr(IFA_ADDRESS, OURS);
	expect("gone", -EADDRNOTAVAIL, "");
	nethood_close(a.sk);
	world_destroy(w);
}

static void dump(u16 type, u8 family, u8 plen, int ifindex)
{
	struct ifaddrmsg *ifm = begin(type, NLM_F_DUMP, sizeof(*ifm));

	ifm->ifa_family = family;
	ifm->ifa_prefixlen = plen;
	ifm->ifa_index = (u32)ifindex;
}

static void test_dumps(void **state)
{
	struct world *w = world_create();
	u32 v6;

	(void)state;
	a.sk = netlink_open(w, true);
	dump(RTM_GETADDR, AF_INET6, 0, 0);
	expect("all", 0, "");
	v6 = messages(); /* ::1, and two of each device */
	assert_int_equal(v6, 5);
	dump(RTM_GETADDR, AF_INET6, 0, D0);
	expect("of one device", 0, "");
	assert_int_equal(messages(), 2);
	assert_true(message(0)->nlmsg_flags & NLM_F_DUMP_FILTERED);
	dump(RTM_GETADDR, AF_UNSPEC, 0, 0);
	expect("of all families", 0, "");
	assert_int_equal(messages(), v6 + 1); /* 127.0.0.1 */
	assert_int_equal(*(const u8 *)mnl_nlmsg_get_payload(message(0)), AF_INET);
	assert_int_equal(*(const u8 *)mnl_nlmsg_get_payload(message(v6)), AF_INET6);
	dump(RTM_GETADDR, AF_INET6, 64, 0);
	expect("values", -EINVAL, "ipv6: Invalid values in header for address dump request");
	dump(RTM_GETADDR, AF_INET6, 0, 99);
	expect("no device", -ENODEV, "");
	dump(RTM_GETADDR, AF_INET6, 0, 0);
	put_addr(IFA_ADDRESS, OURS);
	expect("attribute", -EINVAL, "ipv6: Unsupported attribute in dump request");
	dump(RTM_GETMULTICAST, AF_INET6, 0, 1);
	expect("groups of lo", 0, "");
	assert_int_equal(messages(), 2);
	assert_int_equal(message(0)->nlmsg_type, RTM_GETMULTICAST);
	assert_memory_equal(mnl_nlmsg_get_payload(message(0)), "\x0a\x80\x80\x00\x01\x00\x00\x00", 8);
	dump(RTM_GETANYCAST, AF_INET6, 0, 0);
	expect("anycast addresses", 0, "");
	assert_int_equal(messages(), 0);
	world_sysctl(w, "net.ipv6.conf.eth0.forwarding", "1");
	dump(RTM_GETANYCAST, AF_INET6, 0, 0);
	expect("anycast addresses of a router", 0, "");
	assert_int_equal(messages(), 2);
	nethood_close(a.sk);
	world_destroy(w);
}

/* ------------------------------------------------------------------ what is told */

static void test_news(void **state)
{
	static const u32 groups[] = { RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_PREFIX, RTNLGRP_IPV6_IFINFO };
	const struct ra_prefix p = { .prefix = in6("2001:db8::"),
				     .prefix_len = 64,
				     .onlink = true,
				     .autoconf = true,
				     .valid_lft_s = 100,
				     .prefered_lft_s = 50 };
	struct world *w = world_create();
	struct in6_addr ours = in6(OURS);

	(void)state;
	a.sk = netlink_open(w, false);
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		assert_int_equal(nethood_setsockopt(a.sk, SOL_NETLINK_, NETLINK_ADD_MEMBERSHIP, &groups[i],
						    sizeof(groups[i])),
				 0);
	a.bytes = 0;
	world_address(w, "2001:db8:1::9", 0); /* tentative, then not */
	world_tick(w, NSEC_PER_SEC);
	assert_int_equal(inet6_addr_del(w->netdev[0], &ours, 64, NULL), 0);
	addrconf_prefix_rcv(w->netdev[0], &p, true); /* its address is told when it is ours */
	world_tick(w, NSEC_PER_SEC);
	dev_close(w->netdev[1]);
	read_all();
	assert_int_equal(message(0)->nlmsg_type, RTM_NEWADDR);
	assert_true(mnl_attr_get_u32(attr_of(message(0), sizeof(struct ifaddrmsg), IFA_FLAGS)) & IFA_F_TENTATIVE);
	assert_int_equal(message(1)->nlmsg_type, RTM_NEWADDR);
	assert_int_equal(message(2)->nlmsg_type, RTM_DELADDR);
	assert_int_equal(message(3)->nlmsg_type, RTM_NEWPREFIX);
	assert_int_equal(message(4)->nlmsg_type, RTM_NEWADDR);
	assert_int_equal(message(5)->nlmsg_type, RTM_DELADDR);
	assert_int_equal(message(6)->nlmsg_type, RTM_DELADDR);
	assert_null(message(7));
	nethood_close(a.sk);
	world_destroy(w);
}

/* ------------------------------------------------------------------ labels */

static void label(u16 type, u16 flags, u8 plen, int ifindex, const char *addr, int value)
{
	struct ifaddrlblmsg *lm = begin(type, flags, sizeof(*lm));

	lm->ifal_family = AF_INET6;
	lm->ifal_prefixlen = plen;
	lm->ifal_index = (u32)ifindex;
	if (addr)
		put_addr(IFAL_ADDRESS, addr);
	if (value)
		mnl_attr_put_u32(a.nlh, IFAL_LABEL, (u32)value);
}

static void test_labels(void **state)
{
	static const struct {
		const char *what;
		u16 type, flags;
		u8 plen;
		int ifindex;
		const char *addr;
		int value, err;
		const char *text;
	} row[] = {
		{ "no address", RTM_NEWADDRLABEL, 0, 64, 0, NULL, 5, -EINVAL, "" },
		{ "no label", RTM_NEWADDRLABEL, 0, 64, 0, "2001:db8::", 0, -EINVAL, "" },
		{ "a prefix of 129", RTM_NEWADDRLABEL, 0, 129, 0, "2001:db8::", 5, -EINVAL, "" },
		{ "the label of none", RTM_NEWADDRLABEL, 0, 64, 0, "2001:db8::", -1, -EINVAL, "" },
		{ "one", RTM_NEWADDRLABEL, 0, 64, 0, "2001:db8::", 5, 0, "" },
		{ "the same", RTM_NEWADDRLABEL, NLM_F_CREATE, 64, 0, "2001:db8::", 6, -EEXIST, "" },
		{ "replace", RTM_NEWADDRLABEL, NLM_F_REPLACE, 64, 0, "2001:db8::", 7, 0, "" },
		{ "of no device", RTM_NEWADDRLABEL, 0, 64, 99, "2001:db8::", 7, -EINVAL, "" },
		{ "a mapped prefix of 100", RTM_NEWADDRLABEL, 0, 100, 0, "::ffff:1.2.3.4", 7, -EINVAL, "" },
		{ "get", RTM_GETADDRLABEL, 0, 128, 0, "2001:db8::5", 0, 0, "" },
		{ "get of a prefix", RTM_GETADDRLABEL, 0, 64, 0, "2001:db8::5", 0, -EINVAL, "" },
		{ "get with a label", RTM_GETADDRLABEL, 0, 128, 0, "2001:db8::5", 7, -EINVAL,
		  "ipv6: Unsupported attribute in addrlabel get request" },
		{ "delete without label", RTM_DELADDRLABEL, 0, 64, 0, "2001:db8::", 0, -EINVAL, "" },
		{ "delete", RTM_DELADDRLABEL, 0, 64, 0, "2001:db8::", 7, 0, "" },
		{ "delete again", RTM_DELADDRLABEL, 0, 64, 0, "2001:db8::", 7, -ESRCH, "" },
		{ "dump", RTM_GETADDRLABEL, NLM_F_DUMP, 0, 0, NULL, 0, 0, "" },
		{ "dump of a prefix", RTM_GETADDRLABEL, NLM_F_DUMP, 5, 0, NULL, 0, -EINVAL,
		  "ipv6: Invalid values in header for address label dump request" },
		{ "dump with an address", RTM_GETADDRLABEL, NLM_F_DUMP, 0, 0, "::", 0, -EINVAL,
		  "ipv6: Invalid data after header for address label dump request" },
	};
	struct world *w = world_create();

	(void)state;
	a.sk = netlink_open(w, true);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		label(row[i].type, row[i].flags, row[i].plen, row[i].ifindex, row[i].addr, row[i].value);
		expect(row[i].what, row[i].err, row[i].text);
		if (!strcmp(row[i].what, "dump"))
			assert_int_equal(messages(), 10);
		if (!strcmp(row[i].what, "get"))
			assert_int_equal(mnl_attr_get_u32(attr_of(message(0), sizeof(struct ifaddrlblmsg), IFAL_LABEL)),
					 7);
	}
	nethood_close(a.sk);
	world_destroy(w);
}

/* ------------------------------------------------------------------ links */

static void link_spec(int ifindex, u16 type, const void *data, size_t bytes)
{
	struct ifinfomsg *ifm = begin(RTM_SETLINK, 0, sizeof(*ifm));
	struct nlattr *spec, *inet6;

	ifm->ifi_index = ifindex;
	spec = mnl_attr_nest_start(a.nlh, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(a.nlh, AF_INET6);
	mnl_attr_put(a.nlh, type, bytes, data);
	mnl_attr_nest_end(a.nlh, inet6);
	mnl_attr_nest_end(a.nlh, spec);
}

static void test_links(void **state)
{
	struct world *w = world_create();
	struct in6_addr token = in6("::1234"), made = in6("2001:db8::1234");
	const struct ra_prefix p = { .prefix = in6("2001:db8::"),
				     .prefix_len = 64,
				     .autoconf = true,
				     .valid_lft_s = 10000,
				     .prefered_lft_s = 5000 };
	struct ifinfomsg *ifm;

	(void)state;
	a.sk = netlink_open(w, false);
	link_spec(1, IFLA_INET6_TOKEN, &token, sizeof(token));
	expect("token of lo", -EINVAL, "ipv6: Device is loopback");
	link_spec(D0, IFLA_INET6_TOKEN, &token, sizeof(token));
	expect("who asks no router", -EINVAL, "ipv6: Router solicitation is disabled on device");
	world_sysctl(w, "net.ipv6.conf.eth0.router_solicitations", "3");
	world_sysctl(w, "net.ipv6.conf.eth0.accept_ra", "0");
	link_spec(D0, IFLA_INET6_TOKEN, &token, sizeof(token));
	expect("who hears none", -EINVAL, "ipv6: Router advertisement is disabled on device");
	world_sysctl(w, "net.ipv6.conf.eth0.accept_ra", "1");
	link_spec(D0, IFLA_INET6_TOKEN, &token, sizeof(token));
	expect("token", 0, "");
	addrconf_prefix_rcv(w->netdev[0], &p, true);
	world_tick(w, NSEC_PER_SEC);
	assert_true(ipv6_chk_addr(w->net, &made, w->netdev[0]));
	token = in6("::");
	link_spec(D0, IFLA_INET6_TOKEN, &token, sizeof(token));
	expect("no token", 0, "");
	world_tick(w, NSEC_PER_SEC);
	assert_false(ipv6_chk_addr(w->net, &made, w->netdev[0]));
	link_spec(D0, IFLA_INET6_ADDR_GEN_MODE, "\x07", 1);
	expect("mode 7", -EINVAL, "");
	link_spec(D0, IFLA_INET6_ADDR_GEN_MODE, "\x02", 1);
	expect("a stable one without a secret", -EINVAL, "");
	link_spec(D0, IFLA_INET6_ADDR_GEN_MODE, "\x01", 1);
	expect("none", 0, "");
	assert_int_equal(in6_dev_get_rcu(w->netdev[0])->cnf.data[IPV6_DEVCONF_ADDR_GEN_MODE], 1);
	link_spec(D0, 9, "1234", 4);
	expect("the MTU of routers", -EINVAL, "IFLA_INET6_RA_MTU can not be set");
	link_spec(D0, IFLA_INET6_CONF, "1234", 4);
	expect("nothing that can be set", -EINVAL, "");

	ifm = begin(RTM_GETLINK, NLM_F_DUMP, sizeof(*ifm));
	ifm->ifi_family = AF_INET6;
	expect("links of IPv6", 0, "");
	assert_int_equal(messages(), 3);
	assert_int_equal(mnl_attr_get_payload_len(attr_of(message(1), sizeof(*ifm), IFLA_PROTINFO)), 668);
	ifm = begin(RTM_GETLINK, 0, sizeof(*ifm));
	ifm->ifi_index = D0;
	expect("a link", 0, "");
	assert_non_null(attr_of(message(0), sizeof(*ifm), IFLA_AF_SPEC));
	nethood_close(a.sk);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_newaddr), cmocka_unit_test(test_deladdr_getaddr), cmocka_unit_test(test_dumps),
		cmocka_unit_test(test_news),    cmocka_unit_test(test_labels),          cmocka_unit_test(test_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
