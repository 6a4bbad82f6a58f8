// SPDX-License-Identifier: BSD-2-Clause
/* The edges of rtnetlink: devices of odd kinds, changes that fail when half of them is done, numbers that wrap. */
#include "ask.h"

#include "api_internal.h"
#include "neigh/pneigh.h"
#include "netlink/netlink_internal.h"
#include "netlink/rtnetlink.h"

/* ------------------------------------------------------------------ links of odd kinds */

static bool refuse_carrier;

static netdev_tx_t link_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	(void)dev, (void)more;
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static int link_mac(struct net_device *dev, const u8 *addr)
{
	memcpy(dev->dev_addr, addr, dev->addr_len);
	return 0;
}

static int link_carrier(struct net_device *dev, bool on)
{
	(void)dev, (void)on;
	return refuse_carrier ? -EIO : 0;
}

static const struct net_device_ops fixed_ops = { .ndo_start_xmit = link_xmit };
static const struct net_device_ops full_ops = { .ndo_start_xmit = link_xmit,
						.ndo_set_mac_address = link_mac,
						.ndo_change_carrier = link_carrier };

static struct net_device *add_link(struct world *w, const char *name, const struct net_device_ops *ops, u8 addr_len,
				   u32 mtu, const char *kind)
{
	struct net_device *dev = alloc_netdev(w->net, 0, name, 1);

	assert_non_null(dev);
	ether_setup(dev);
	dev->netdev_ops = ops;
	dev->flags = IFF_BROADCAST;
	dev->priv_flags = IFF_NO_QUEUE;
	dev->addr_len = addr_len;
	dev->min_mtu = 0;
	dev->mtu = mtu;
	dev->kind = kind;
	memcpy(dev->dev_addr, OUR_MAC, ETH_ALEN);
	assert_int_equal(register_netdev(dev), 0);
	return dev;
}

static struct ifinfomsg *link_request(struct ask *a, u16 type, u16 flags, int ifindex)
{
	struct ifinfomsg *ifi = begin(a, type, flags, sizeof(*ifi));

	ifi->ifi_index = ifindex;
	return ifi;
}

static void a_link_says_what_it_has_and_no_more(void **state)
{
	static struct ask a, all;
	struct net_device *bare, *kind;
	struct nethood_sock *sk;
	const struct nlmsghdr *m;
	u32 queues;
	struct world w;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	bare = add_link(&w, "bare0", &fixed_ops, 0, 1500, NULL);
	kind = add_link(&w, "kind0", &full_ops, ETH_ALEN, 1500, "dummy");
	link_request(&a, RTM_GETLINK, 0, bare->ifindex);
	assert_int_equal(ask(&a, sk, sizeof(a.answer)), 0);
	m = message(&a, RTM_NEWLINK, 0);
	assert_null(attr_of(m, sizeof(struct ifinfomsg), IFLA_ADDRESS));
	assert_null(attr_of(m, sizeof(struct ifinfomsg), IFLA_BROADCAST));
	assert_null(attr_of(m, sizeof(struct ifinfomsg), IFLA_LINKINFO));
	assert_string_equal(mnl_attr_get_str(attr_of(m, sizeof(struct ifinfomsg), IFLA_IFNAME)), "bare0");

	link_request(&a, RTM_GETLINK, 0, kind->ifindex);
	assert_int_equal(ask(&a, sk, sizeof(a.answer)), 0);
	m = message(&a, RTM_NEWLINK, 0);
	assert_string_equal(mnl_attr_get_str(mnl_attr_get_payload(attr_of(m, sizeof(struct ifinfomsg), IFLA_LINKINFO))),
			    "dummy");
	assert_int_equal(mnl_attr_get_payload_len(attr_of(m, sizeof(struct ifinfomsg), IFLA_ADDRESS)), ETH_ALEN);

	queues = bare->num_tx_queues; /* a link that cannot send has no queue */
	bare->num_tx_queues = 0;
	link_request(&a, RTM_GETLINK, 0, bare->ifindex);
	assert_int_equal(ask(&a, sk, sizeof(a.answer)), 0);
	bare->num_tx_queues = queues;
	assert_string_equal(
		mnl_attr_get_str(attr_of(message(&a, RTM_NEWLINK, 0), sizeof(struct ifinfomsg), IFLA_QDISC)), "noop");

	for (u32 i = 0; i < 8; i++) { /* whichever attribute a piece ends in */
		char name[IFNAMSIZ];

		snprintf(name, sizeof(name), "kind-%.*u", (int)i + 1, i);
		add_link(&w, name, &full_ops, ETH_ALEN, 1500, "a-kind-of-its-own");
	}
	link_request(&all, RTM_GETLINK, NLM_F_DUMP, 0);
	assert_int_equal(ask(&all, sk, 32768), 0);
	for (size_t piece = PIECE_MIN; piece < PIECE_MIN + 1200; piece += 4) {
		struct nethood_sock *reader = netlink_socket(&w);

		link_request(&a, RTM_GETLINK, NLM_F_DUMP, 0);
		assert_int_equal(ask(&a, reader, piece), 0);
		assert_int_equal(a.answer_bytes, all.answer_bytes);
		nethood_close(reader);
	}
	nethood_close(sk);
	world_fini(&w);
}

static void a_link_without_memory_for_its_answer_says_so(void **state)
{
	static struct ask a;
	struct nethood_sock *sk;
	struct world w;
	u32 refused = 0;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	for (u32 i = 1; i < 6; i++) {
		w.alloc_count = 0;
		w.fail_at = i;
		link_request(&a, RTM_GETLINK, 0, w.dev->ifindex);
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

static const struct {
	const char *sentence;
	const struct net_device_ops *ops;
	u8 addr_len;
	u16 type, bytes;
	u8 data[MAX_ADDR_LEN + 1];
	int err;
	const char *text;
} set_rows[] = {
	{ "an address that is burnt in stays",
	  &fixed_ops,
	  ETH_ALEN,
	  IFLA_ADDRESS,
	  6,
	  { 2, 1, 1, 1, 1, 1 },
	  -EOPNOTSUPP,
	  "" },
	{ "any eight octets are an address where addresses have eight",
	  &full_ops,
	  8,
	  IFLA_ADDRESS,
	  8,
	  { 1, 1, 1, 1, 1, 1, 1, 1 },
	  0,
	  "" },
	{ "but no group is one of Ethernet",
	  &full_ops,
	  ETH_ALEN,
	  IFLA_ADDRESS,
	  6,
	  { 1, 1, 1, 1, 1, 1 },
	  -EADDRNOTAVAIL,
	  "" },
	{ "no address has 33 octets",
	  &full_ops,
	  ETH_ALEN,
	  IFLA_ADDRESS,
	  33,
	  { 2 },
	  -ERANGE,
	  "Attribute failed policy validation" },
	{ "no MTU is larger than the largest",
	  &full_ops,
	  ETH_ALEN,
	  IFLA_MTU,
	  4,
	  { 0, 0, 1, 0 },
	  -EINVAL,
	  "mtu greater than device maximum" },
};

static void what_a_link_cannot_do_is_refused(void **state)
{
	static struct ask a;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(set_rows); i++) {
		struct nethood_sock *sk;
		struct net_device *dev;
		u8 before[MAX_ADDR_LEN];
		struct world w;
		int err;

		world_init(&w);
		sk = netlink_socket(&w);
		dev = add_link(&w, "odd0", set_rows[i].ops, set_rows[i].addr_len, 1500, NULL);
		memcpy(before, dev->dev_addr, sizeof(before));
		link_request(&a, RTM_NEWLINK, 0, dev->ifindex);
		mnl_attr_put(a.nlh, set_rows[i].type, set_rows[i].bytes, set_rows[i].data);
		err = ask(&a, sk, 32768);
		if (err != set_rows[i].err || strcmp(a.text, set_rows[i].text) != 0)
			fail_msg("%s: %d \"%s\"", set_rows[i].sentence, err, a.text);
		assert_int_equal(memcmp(before, dev->dev_addr, sizeof(before)) == 0, err != 0);
		assert_int_equal(dev->mtu, 1500);
		nethood_close(sk);
		world_fini(&w);
	}
}

/* The last step of a change fails: what came before it is taken back. */
static void a_change_that_fails_at_its_end_is_taken_back(void **state)
{
	static struct ask a;
	struct nethood_sock *sk;
	struct ifinfomsg *ifi;
	struct net_device *dev;
	struct world w;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	dev = add_link(&w, "odd0", &full_ops, ETH_ALEN, 1500, NULL);
	for (u32 turn = 0; turn < 2; turn++) {
		refuse_carrier = !turn;
		ifi = link_request(&a, RTM_NEWLINK, 0, dev->ifindex);
		ifi->ifi_flags = ifi->ifi_change = IFF_UP;
		mnl_attr_put_strz(a.nlh, IFLA_IFNAME, "other0");
		mnl_attr_put(a.nlh, IFLA_ADDRESS, ETH_ALEN, NEW_MAC);
		mnl_attr_put_u32(a.nlh, IFLA_MTU, 1400);
		mnl_attr_put_u32(a.nlh, IFLA_GROUP, 5);
		mnl_attr_put_u32(a.nlh, IFLA_TXQLEN, 77);
		mnl_attr_put_u8(a.nlh, IFLA_CARRIER, 0);
		assert_int_equal(ask(&a, sk, 32768), turn ? 0 : -EIO);
		assert_string_equal(dev->name, turn ? "other0" : "odd0");
		assert_memory_equal(dev->dev_addr, turn ? NEW_MAC : OUR_MAC, ETH_ALEN);
		assert_int_equal(dev->mtu, turn ? 1400 : 1500);
		assert_int_equal(dev->group, turn ? 5 : 0);
		assert_int_equal(dev->tx_queue_len == 77, turn);
		assert_int_equal((dev->flags & IFF_UP) != 0, turn);
	}
	nethood_close(sk);
	world_fini(&w);
}

/* ------------------------------------------------------------------ addresses */

static struct ifaddrmsg *addr_request(struct ask *a, u16 type, u16 flags, int ifindex, __be32 local)
{
	struct ifaddrmsg *ifa = begin(a, type, flags, sizeof(*ifa));

	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = 24;
	ifa->ifa_index = (u32)ifindex;
	if (local)
		mnl_attr_put(a->nlh, IFA_LOCAL, 4, &local);
	return ifa;
}

/* RFC 791: a link must carry 68 octets. */
static void a_link_that_is_too_small_for_ip_has_no_addresses(void **state)
{
	static struct ask a;
	struct nethood_sock *sk;
	struct net_device *dev;
	struct world w;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	dev = add_link(&w, "tiny0", &full_ops, ETH_ALEN, 60, NULL);
	assert_null(dev->ip_ptr);
	addr_request(&a, RTM_NEWADDR, NLM_F_CREATE, dev->ifindex, PEER_IP);
	assert_int_equal(ask(&a, sk, 32768), -ENOBUFS);
	addr_request(&a, RTM_DELADDR, 0, dev->ifindex, PEER_IP);
	assert_int_equal(ask(&a, sk, 32768), -ENODEV);
	assert_string_equal(a.text, "ipv4: Device not found");
	nethood_close(sk);
	world_fini(&w);
}

/* Given through the library, an address has no label, and perhaps no other end. */
static void an_address_says_what_it_has_and_no_more(void **state)
{
	const struct in_ifaddr ifa = { .ifa_local = CONST_BE32(0x0a630001), .ifa_prefixlen = 24 };
	static struct ask a;
	struct nethood_sock *sk;
	const struct nlmsghdr *m = NULL;
	struct net_device *dev;
	struct in_ifaddr *there;
	struct world w;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	dev = add_link(&w, "odd0", &full_ops, ETH_ALEN, 1500, NULL);
	assert_int_equal(inet_insert_ifa(dev, &ifa, 0, NULL), 0);
	there = list_first_entry(&in_dev_get_rcu(dev)->ifa_list, struct in_ifaddr, node);
	there->ifa_address = 0;
	memset(there->ifa_label, 0, sizeof(there->ifa_label));
	addr_request(&a, RTM_GETADDR, NLM_F_DUMP, 0, 0);
	assert_int_equal(ask(&a, sk, 32768), 0);
	for (u32 i = 0; (m = message(&a, RTM_NEWADDR, i)); i++) {
		if (((const struct ifaddrmsg *)mnl_nlmsg_get_payload(m))->ifa_index == (u32)dev->ifindex)
			break;
	}
	assert_non_null(m);
	assert_null(attr_of(m, sizeof(struct ifaddrmsg), IFA_ADDRESS));
	assert_null(attr_of(m, sizeof(struct ifaddrmsg), IFA_LABEL));
	assert_memory_equal(mnl_attr_get_payload(attr_of(m, sizeof(struct ifaddrmsg), IFA_LOCAL)), &ifa.ifa_local, 4);
	there->ifa_address = there->ifa_local;
	nethood_close(sk);
	world_fini(&w);
}

/* ------------------------------------------------------------------ neighbours, tables */

static void a_proxy_of_all_devices_is_not_one_of_a_device(void **state)
{
	const struct pneigh_config plain = { .flags = NTF_PROXY };
	const __be32 ip = PEER_IP, other = OTHER_IP;
	static struct ask a;
	struct nethood_sock *sk;
	struct ndmsg *ndm;
	struct world w;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	assert_int_equal(pneigh_create(w.arp, &ip, NULL, &plain), 0);
	assert_int_equal(pneigh_create(w.arp, &other, w.dev, &plain), 0);
	for (u32 only = 0; only < 2; only++) {
		ndm = begin(&a, RTM_GETNEIGH, NLM_F_DUMP, sizeof(*ndm));
		ndm->ndm_family = AF_INET;
		ndm->ndm_flags = NTF_PROXY;
		if (only)
			mnl_attr_put_u32(a.nlh, NDA_IFINDEX, (u32)w.dev->ifindex);
		assert_int_equal(ask(&a, sk, 32768), 0);
		assert_non_null(message(&a, RTM_NEWNEIGH, 0));
		assert_int_equal(message(&a, RTM_NEWNEIGH, 1) == NULL, only);
	}
	nethood_close(sk);
	world_fini(&w);
}

static void no_table_has_a_name_that_long(void **state)
{
	static struct ask a;
	struct nethood_sock *sk;
	struct ndtmsg *ndt;
	struct world w;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	ndt = begin(&a, RTM_SETNEIGHTBL, 0, sizeof(*ndt));
	ndt->ndtm_family = AF_INET;
	mnl_attr_put_strz(a.nlh, NDTA_NAME, "arp_cache_arp_cache_arp_cache_arp_cache");
	mnl_attr_put_u32(a.nlh, NDTA_THRESH1, 9);
	assert_int_equal(ask(&a, sk, 32768), -ENOENT);
	assert_int_equal(w.arp->gc_thresh1, 128);
	nethood_close(sk);
	world_fini(&w);
}

/* The second table of a list begins wherever the first one ends, in whichever piece that is. */
static void tables_are_listed_in_pieces_of_every_size(void **state)
{
	static struct ask a, all;
	static struct neigh_table second;
	struct nethood_sock *sk;
	struct world w;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	for (u32 i = 0; i < 13; i++) {
		char name[IFNAMSIZ];

		snprintf(name, sizeof(name), "odd%u", i);
		add_link(&w, name, &full_ops, ETH_ALEN, 1500, NULL);
	}
	second = (struct neigh_table){ .family = AF_INET6,
				       .key_len = 16,
				       .index = NEIGH_ND_TABLE,
				       .id = "ndisc_cache",
				       .sysctl_path = "net.ipv6.neigh" };
	neigh_table_init(w.net, &second);
	begin(&all, RTM_GETNEIGHTBL, NLM_F_DUMP, sizeof(struct ndtmsg));
	assert_int_equal(ask(&all, sk, 32768), 0);
	assert_non_null(message(&all, RTM_NEWNEIGHTBL, 16)); /* two tables, and each device on the first */
	assert_null(message(&all, RTM_NEWNEIGHTBL, 17));
	/* so that it begins in the first piece, and ends in it only if that is a large one */
	assert_in_range((const u8 *)message(&all, RTM_NEWNEIGHTBL, 16) - all.answer, PIECE_MIN - 200, PIECE_MIN - 50);
	for (size_t piece = PIECE_MIN; piece < PIECE_MIN + 1600; piece += 4) {
		struct nethood_sock *reader = netlink_socket(&w);

		begin(&a, RTM_GETNEIGHTBL, NLM_F_DUMP, sizeof(struct ndtmsg));
		assert_int_equal(ask(&a, reader, piece), 0);
		assert_int_equal(a.answer_bytes, all.answer_bytes);
		nethood_close(reader);
	}
	neigh_table_clear(&second);
	nethood_close(sk);
	world_fini(&w);
}

/* A new entry that cannot be managed is none. */
static void without_a_slot_nobody_is_born_managed(void **state)
{
	static struct ask a;
	struct nethood_sock *sk;
	struct ndmsg *ndm;
	struct world w;
	u32 managed = 0;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	for (u32 i = 0; i < 100; i++) { /* there is room for entries */
		const __be32 ip = cpu_to_be32(0x0b000000U + i);
		struct neighbour *n;

		assert_int_equal(neigh_create(w.arp, &ip, w.dev, &n), 0);
		neigh_release(n);
	}
	for (u32 i = 0; i < 20; i++) {
		const __be32 ip = cpu_to_be32(0x0a4d0100U + i);
		int err;

		ndm = begin(&a, RTM_NEWNEIGH, NLM_F_CREATE, sizeof(*ndm));
		ndm->ndm_family = AF_INET;
		ndm->ndm_ifindex = w.dev->ifindex;
		mnl_attr_put(a.nlh, NDA_DST, 4, &ip);
		mnl_attr_put_u32(a.nlh, NDA_FLAGS_EXT, NTF_EXT_MANAGED);
		w.told_count = 0;
		err = ask(&a, sk, 32768);
		assert_true(!err || err == -ENOBUFS);
		w.fail_in = "htable.c"; /* there is room for the first ones */
		managed += !err;
		assert_int_equal(state_of(&w, ip) == 0xff, err != 0);
		if (err)
			assert_int_equal(w.told_count, 0);
	}
	w.fail_in = NULL;
	assert_int_equal(managed, 7); /* of eight slots one stays empty */
	assert_int_equal(w.arp->hash.live_count, 107);
	check_table(&w);
	nethood_close(sk);
	world_fini(&w);
}

/* ------------------------------------------------------------------ sockets */

static u32 port_of(struct nethood_sock *sk)
{
	struct sockaddr_nl name;
	socklen_t len = sizeof(name);

	assert_int_equal(nethood_getsockname(sk, (struct sockaddr *)&name, &len), 0);
	return name.nl_pid;
}

static void the_number_of_a_port_wraps_and_is_never_nothing(void **state)
{
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	struct nethood_sock *sk[3];
	struct world w;

	(void)state;
	world_init(&w);
	for (u32 i = 0; i < ARRAY_SIZE(sk); i++) {
		if (i)
			w.net->netlink->next_portid = UINT32_MAX;
		sk[i] = netlink_socket(&w);
		assert_int_equal(nethood_bind(sk[i], (const struct sockaddr *)&any, sizeof(any)), 0);
	}
	assert_int_not_equal(port_of(sk[1]), 0);
	assert_int_not_equal(port_of(sk[2]), 0);
	assert_int_not_equal(port_of(sk[1]), port_of(sk[0]));
	assert_int_not_equal(port_of(sk[2]), port_of(sk[1]));
	for (u32 i = 0; i < ARRAY_SIZE(sk); i++)
		nethood_close(sk[i]);
	world_fini(&w);
}

/* A name has bits for the first 32 groups only. */
static void who_is_told_hears_of_which_group_as_far_as_a_name_can_say(void **state)
{
	static const u32 groups[] = { 32, 33 };
	struct nethood_sock *sk;
	struct world w;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	for (u32 i = 0; i < ARRAY_SIZE(groups); i++) {
		struct sk_buff *skb = nlmsg_new(w.net, 64);
		struct sockaddr_nl from;
		socklen_t len = sizeof(from);
		u8 buf[64];

		assert_int_equal(
			nethood_setsockopt(sk, SOL_NETLINK_, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])), 0);
		nlmsg_end(skb, nlmsg_put(skb, 0, 0, RTM_NEWLINK, 0, 4));
		netlink_broadcast(w.net, skb, groups[i]);
		assert_int_equal(nethood_recvfrom(sk, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 20);
		assert_int_equal(from.nl_groups, i ? 0 : 1U << 31);
	}
	nethood_close(sk);
	world_fini(&w);
}

static void what_is_not_there_is_not_copied(void **state)
{
	static struct ask a;
	struct nethood_sock *sk;
	struct sock *inside;
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct world w;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	inside = sock_of(sk);
	link_request(&a, RTM_GETLINK, 0, w.dev->ifindex);
	iov = (struct iovec){ a.request, 8 };
	assert_int_equal(inside->prot->sendmsg(inside, &msg, a.nlh->nlmsg_len, 0), -EFAULT);
	assert_int_equal(read_all(&a, sk, 32768), 1); /* no answer: it was not asked */
	assert_int_equal(nethood_sendto(sk, a.nlh, a.nlh->nlmsg_len, 0, NULL, 0), a.nlh->nlmsg_len);
	iov = (struct iovec){ a.answer, 8 };
	assert_int_equal(inside->prot->recvmsg(inside, &msg, 64, 0), -EFAULT);
	nethood_close(sk);
	world_fini(&w);
}

static void a_refusal_without_words_points_at_what_is_wrong(void **state)
{
	static struct ask a;
	struct netlink_ext_ack extack = { 0 };
	const struct nlmsghdr *m;
	struct nethood_sock *sk;
	struct world w;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	link_request(&a, RTM_NEWLINK, 0, w.dev->ifindex);
	mnl_attr_put_u32(a.nlh, IFLA_MTU, 1);
	extack.bad_attr = mnl_nlmsg_get_payload_offset(a.nlh, sizeof(struct ifinfomsg));
	netlink_ack(nlk_sk(sock_of(sk)), a.nlh, -EINVAL, &extack);
	assert_int_equal(read_all(&a, sk, 32768), -EINVAL);
	m = message(&a, NLMSG_ERROR, 0);
	assert_true(m->nlmsg_flags & NLM_F_ACK_TLVS);
	m = (const void *)a.answer;
	assert_int_equal(mnl_attr_get_u32(attr_of(m, sizeof(int) + a.nlh->nlmsg_len, NLMSGERR_ATTR_OFFS)),
			 sizeof(*m) + sizeof(struct ifinfomsg));
	netlink_ack(nlk_sk(sock_of(sk)), a.nlh, -EINVAL,
		    &(const struct netlink_ext_ack){ 0 }); /* nor has this one any */
	a.answer_bytes = 0;
	assert_int_equal(read_all(&a, sk, 32768), -EINVAL);
	assert_false(message(&a, NLMSG_ERROR, 0)->nlmsg_flags & NLM_F_ACK_TLVS);
	nethood_close(sk);
	world_fini(&w);
}

static void what_is_no_request_is_acknowledged_and_not_done(void **state)
{
	static struct ask a;
	struct nethood_sock *sk;
	struct world w;

	(void)state;
	world_init(&w);
	sk = netlink_socket(&w);
	link_request(&a, RTM_NEWLINK, 0, w.dev->ifindex);
	mnl_attr_put_u32(a.nlh, IFLA_MTU, 1400);
	a.nlh->nlmsg_flags = NLM_F_ACK;
	assert_int_equal(ask(&a, sk, 32768), 0);
	assert_int_equal(w.dev->mtu, 1500);
	nethood_close(sk);
	world_fini(&w);
}

static void only_who_asked_is_told_by_the_number_of_its_question(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.net->netlink->current_portid = 5;
	w.net->netlink->current_seq = 99;
	assert_int_equal(netlink_current_seq(w.net, 5), 99);
	assert_int_equal(netlink_current_seq(w.net, 6), 0);
	assert_int_equal(netlink_current_seq(w.net, 0), 0);
	w.net->netlink->current_portid = 0;
	world_fini(&w);
}

static struct ndmsg *neigh_list(struct ask *a, u32 ifindex)
{
	struct ndmsg *ndm = begin(a, RTM_GETNEIGH, NLM_F_DUMP, sizeof(*ndm));

	ndm->ndm_family = AF_INET;
	if (ifindex)
		mnl_attr_put_u32(a->nlh, NDA_IFINDEX, ifindex);
	return ndm;
}

/* One list makes a pause, since it found nothing in many slots; one waits for its reader; one socket has none. */
static void a_pause_is_the_business_of_who_makes_it(void **state)
{
	static struct ask seeks, reads;
	struct nethood_sock *idle, *seeker, *reader;
	struct world w;
	u32 count = 0;

	(void)state;
	world_init(&w);
	w.arp->gc_thresh1 = w.arp->gc_thresh2 = w.arp->gc_thresh3 = 100000;
	for (u32 i = 0; i < 6000; i++) {
		const __be32 ip = cpu_to_be32(0x0b000000U + i);
		struct neighbour *n;

		assert_int_equal(neigh_create(w.arp, &ip, w.dev, &n), 0);
		assert_int_equal(neigh_update(n, PEER_MAC, NUD_PERMANENT, NEIGH_UPDATE_F_ADMIN, 0, NULL), 0);
		neigh_release(n);
	}
	idle = netlink_socket(&w);
	reader = netlink_socket(&w);
	seeker = netlink_socket(&w);
	neigh_list(&reads, 0);
	assert_true(nethood_sendto(reader, reads.nlh, reads.nlh->nlmsg_len, 0, NULL, 0) > 0);
	neigh_list(&seeks, 1); /* on lo there is none */
	assert_true(nethood_sendto(seeker, seeks.nlh, seeks.nlh->nlmsg_len, 0, NULL, 0) > 0);
	assert_int_equal(read_all(&seeks, seeker, 32768), 1); /* nothing yet */
	world_run(&w, NSEC_PER_MSEC);
	assert_int_equal(read_all(&seeks, seeker, 32768), 0);
	assert_null(message(&seeks, RTM_NEWNEIGH, 0));
	while (reads.err == 1) {
		reads.answer_bytes = 0;
		(void)read_all(&reads, reader, 4096);
		count++;
		if (reads.answer_bytes == 0)
			break;
	}
	assert_int_equal(reads.err, 0); /* its reader's pace, and to the end */
	nethood_close(idle);
	nethood_close(seeker);
	nethood_close(reader);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_says_what_it_has_and_no_more),
		cmocka_unit_test(a_link_without_memory_for_its_answer_says_so),
		cmocka_unit_test(what_a_link_cannot_do_is_refused),
		cmocka_unit_test(a_change_that_fails_at_its_end_is_taken_back),
		cmocka_unit_test(a_link_that_is_too_small_for_ip_has_no_addresses),
		cmocka_unit_test(an_address_says_what_it_has_and_no_more),
		cmocka_unit_test(a_proxy_of_all_devices_is_not_one_of_a_device),
		cmocka_unit_test(no_table_has_a_name_that_long),
		cmocka_unit_test(tables_are_listed_in_pieces_of_every_size),
		cmocka_unit_test(without_a_slot_nobody_is_born_managed),
		cmocka_unit_test(the_number_of_a_port_wraps_and_is_never_nothing),
		cmocka_unit_test(who_is_told_hears_of_which_group_as_far_as_a_name_can_say),
		cmocka_unit_test(what_is_not_there_is_not_copied),
		cmocka_unit_test(a_refusal_without_words_points_at_what_is_wrong),
		cmocka_unit_test(what_is_no_request_is_acknowledged_and_not_done),
		cmocka_unit_test(only_who_asked_is_told_by_the_number_of_its_question),
		cmocka_unit_test(a_pause_is_the_business_of_who_makes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
