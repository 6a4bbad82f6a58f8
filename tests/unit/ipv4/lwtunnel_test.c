// SPDX-License-Identifier: BSD-2-Clause
/* The doors at the end of the way down: a tunnel that takes packets, and a gateway of the other family. */
#include "ip_world.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <netinet/in.h>

#include "api_internal.h"
#include "dev/lwtunnel.h"
#include "ipv4/fib_lookup.h"
#include "../neigh/nd_slot.h"

#define FAR_HOST IP4(10, 99, 0, 1)
#define FAR_NET IP4(10, 99, 0, 0)
#define LABEL_BYTES 4U
#define SHIM LWTUNNEL_ENCAP_MPLS

/* ------------------------------------------------------------------ a tunnel: a label in front of each packet */

/** struct shim - its parameters as RTA_ENCAP carries them */
struct shim {
	u8 label[LABEL_BYTES];
	u16 flags; /**< LWTUNNEL_STATE_* */
	u8 takes;  /**< xmit sends by itself */
	u8 pad;
};

static u32 shim_count[3], shim_live; /* packets at each door; states */
enum { OUTPUT, INPUT, XMIT };

static int shim_build(struct lwtunnel_state *lwt, u8 family, const void *encap, u32 encap_bytes, const char **errmsg)
{
	struct shim *s = (struct shim *)(void *)lwt->private;

	assert_int_equal(family, AF_INET);
	if (encap_bytes != sizeof(*s)) {
		*errmsg = "A shim has a label";
		return -EINVAL;
	}
	memcpy(s, encap, sizeof(*s));
	lwt->flags = s->flags;
	lwt->headroom_bytes = LABEL_BYTES;
	shim_live++;
	return 0;
}

static void shim_destroy(struct lwtunnel_state *lwt)
{
	(void)lwt;
	shim_live--;
}

static const struct shim *shim_of(const struct sk_buff *skb)
{
	return (const struct shim *)(const void *)skb_dst(skb)->lwtstate->private;
}

static void shim_push(struct sk_buff *skb)
{
	const struct shim *s = shim_of(skb);

	memcpy(skb_push(skb, LABEL_BYTES), s->label, LABEL_BYTES);
	skb->protocol = CONST_BE16(ETH_P_MPLS_UC);
}

static int shim_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	shim_count[OUTPUT]++;
	return skb_dst(skb)->orig_output(net, sk, skb);
}

static int shim_input(struct sk_buff *skb)
{
	shim_count[INPUT]++;
	return skb_dst(skb)->orig_input(skb);
}

static int shim_xmit(struct sk_buff *skb)
{
	shim_count[XMIT]++;
	if (!shim_of(skb)->takes)
		return LWTUNNEL_XMIT_CONTINUE;
	skb->dev = skb_dst(skb)->dev;
	if (pskb_expand_head(skb, LABEL_BYTES + LL_RESERVED_SPACE(skb->dev), 0)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return -ENOMEM;
	}
	shim_push(skb);
	assert_true(dev_hard_header(skb, skb->dev, ETH_P_MPLS_UC, MAC_OTHER, NULL, skb->len) > 0);
	return dev_queue_xmit(skb);
}

static int shim_fill(const struct lwtunnel_state *lwt, void *buf, u32 room_bytes)
{
	if (room_bytes < sizeof(struct shim))
		return -EMSGSIZE;
	memcpy(buf, lwt->private, sizeof(struct shim));
	return sizeof(struct shim);
}

static bool shim_same(const struct lwtunnel_state *a, const struct lwtunnel_state *b)
{
	return memcmp(a->private, b->private, sizeof(struct shim)) == 0;
}

static const struct lwtunnel_encap_ops shim_ops = {
	.private_bytes = sizeof(struct shim),
	.build_state = shim_build,
	.destroy_state = shim_destroy,
	.output = shim_output,
	.input = shim_input,
	.xmit = shim_xmit,
	.fill_encap = shim_fill,
	.same_encap = shim_same,
};

static struct world *shim_world(void)
{
	struct world *w = world_create();

	memset(shim_count, 0, sizeof(shim_count));
	assert_int_equal(lwtunnel_encap_add_ops(w->net, SHIM, &shim_ops), 0);
	return w;
}

static void shim_world_destroy(struct world *w)
{
	assert_int_equal(lwtunnel_encap_del_ops(w->net, SHIM), 0);
	world_destroy(w);
	assert_int_equal(shim_live, 0);
}

static struct fib_config far_route(const struct shim *s)
{
	return (struct fib_config){ .dst = FAR_NET,
				    .dst_len = 24,
				    .table = RT_TABLE_MAIN,
				    .type = RTN_UNICAST,
				    .protocol = RTPROT_BOOT,
				    .gw_family = AF_INET,
				    .gw4 = HOST_A,
				    .nlflags = NLM_F_CREATE | NLM_F_EXCL,
				    .encap = { SHIM, s ? sizeof(*s) : 0, s } };
}

static int route_add(struct world *w, const struct fib_config *cfg)
{
	const char *errmsg;

	return fib_route_add(w->net, cfg, &errmsg);
}

/* ------------------------------------------------------------------ packets */

static int udp_send(struct world *w, u32 len_bytes)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_addr.s_addr = (__force u32)FAR_HOST,
					.sin_port = htons(5000) };
	struct nethood_sock *sk;
	u8 *data = calloc(1, len_bytes);
	ssize_t n;

	assert_int_equal(nethood_socket(w->public_net, AF_INET, SOCK_DGRAM, 0, &sk), 0);
	n = nethood_sendto(sk, data, len_bytes, 0, (const struct sockaddr *)&to, sizeof(to));
	world_poll(w);
	nethood_close(sk);
	free(data);
	return (int)n;
}

static void one_that_takes_sends_by_itself(void **state)
{
	const struct shim s = { { 0, 6, 0x41, 64 }, LWTUNNEL_STATE_XMIT_REDIRECT, true, 0 };
	const struct fib_config cfg = far_route(&s);
	struct world *w = shim_world();

	(void)state;
	assert_int_equal(route_add(w, &cfg), 0);
	assert_int_equal(udp_send(w, 5), 5);
	assert_int_equal(shim_count[XMIT], 1);
	assert_int_equal(w->out_count, 1);
	assert_int_equal(w->out[0].ethertype, ETH_P_MPLS_UC);
	assert_memory_equal(w->out[0].dst, MAC_OTHER, ETH_ALEN); /* and no neighbour was asked */
	assert_memory_equal(w->out[0].packet, s.label, LABEL_BYTES);
	assert_int_equal(w->out[0].packet[LABEL_BYTES] >> 4, 4);
	assert_null(neigh_find(w->net->ipv4->arp, &cfg.gw4, w->netdev[0]));
	shim_world_destroy(w);
}

static void one_that_continues_leaves_the_packet_to_the_neighbour(void **state)
{
	const struct shim s = { { 0 }, LWTUNNEL_STATE_XMIT_REDIRECT, false, 0 };
	const struct fib_config cfg = far_route(&s);
	struct world *w = shim_world();

	(void)state;
	assert_int_equal(route_add(w, &cfg), 0);
	assert_int_equal(udp_send(w, 5), 5);
	assert_int_equal(udp_send(w, 5), 5);
	assert_int_equal(shim_count[XMIT], 2);
	assert_int_equal(w->out_count, 2);
	assert_int_equal(w->out[1].ethertype, ETH_P_IP);
	assert_memory_equal(w->out[1].dst, MAC_HOST[0], ETH_ALEN);
	shim_world_destroy(w);
}

static void the_output_is_the_tunnels_and_goes_on_where_it_was(void **state)
{
	const struct shim s = { { 0 }, LWTUNNEL_STATE_OUTPUT_REDIRECT | LWTUNNEL_STATE_INPUT_REDIRECT, false, 0 };
	const struct fib_config cfg = far_route(&s);
	const struct spec transit = { .src = HOST_B, .dst = FAR_HOST };
	struct world *w = shim_world();

	(void)state;
	assert_int_equal(route_add(w, &cfg), 0);
	assert_int_equal(udp_send(w, 5), 5);
	assert_int_equal(shim_count[OUTPUT], 1);
	assert_int_equal(shim_count[INPUT], 0);
	world_one(w, 0);
	world_forget(w);
	world_sysctl(w, "net.ipv4.ip_forward", "1");
	world_send(w, 1, &transit);
	assert_int_equal(shim_count[INPUT], 1);
	assert_int_equal(shim_count[OUTPUT], 2);
	world_one(w, 0);
	assert_int_equal(shim_count[XMIT], 0);
	shim_world_destroy(w);
}

static void what_it_puts_in_front_is_taken_from_the_mtu(void **state)
{
	const struct shim s = { { 0 }, LWTUNNEL_STATE_XMIT_REDIRECT, false, 0 };
	const struct fib_config cfg = far_route(&s);
	struct world *w = shim_world();

	(void)state;
	assert_int_equal(route_add(w, &cfg), 0);
	assert_int_equal(udp_send(w, 1500 - 28 - LABEL_BYTES), 1500 - 28 - LABEL_BYTES);
	assert_int_equal(w->out_count, 1);
	world_forget(w);
	assert_int_equal(udp_send(w, 1500 - 28), 1500 - 28);
	assert_int_equal(w->out_count, 2);
	assert_true(w->out[0].len_bytes <= 1500 - LABEL_BYTES);
	shim_world_destroy(w);
}

/* ------------------------------------------------------------------ routes */

static void routes_differ_by_their_tunnels(void **state)
{
	const struct shim one = { { 1 }, LWTUNNEL_STATE_XMIT_REDIRECT, false, 0 };
	const struct shim two = { { 2 }, LWTUNNEL_STATE_XMIT_REDIRECT, false, 0 };
	struct fib_config first = far_route(&one), second = far_route(&two), plain = far_route(NULL);
	struct world *w = shim_world();
	u32 infos = w->net->ipv4->fib->info_count;
	const char *errmsg;

	(void)state;
	second.dst = IP4(10, 98, 0, 0);
	plain.dst = IP4(10, 97, 0, 0);
	assert_int_equal(route_add(w, &first), 0);
	assert_int_equal(route_add(w, &second), 0);
	assert_int_equal(route_add(w, &plain), 0);
	assert_int_equal(w->net->ipv4->fib->info_count, infos + 3);
	plain.dst = IP4(10, 96, 0, 0);
	plain.encap = first.encap;
	assert_int_equal(route_add(w, &plain), 0);
	assert_int_equal(w->net->ipv4->fib->info_count, infos + 3); /* shared with the first */
	assert_int_equal(shim_live, 2);

	second.encap = first.encap;
	assert_int_equal(fib_route_del(w->net, &second, &errmsg), -ESRCH); /* not that tunnel */
	second.encap.data = NULL;
	assert_int_equal(fib_route_del(w->net, &second, &errmsg), 0);
	assert_int_equal(fib_route_del(w->net, &first, &errmsg), 0);
	world_poll(w);
	assert_int_equal(shim_live, 1);
	shim_world_destroy(w);
}

static void a_route_for_which_there_is_no_tunnel_is_refused(void **state)
{
	static const struct {
		u16 type, bytes;
		int err;
		const char *text;
	} rows[] = {
		{ LWTUNNEL_ENCAP_NONE, sizeof(struct shim), -EINVAL, "Unknown lwt encapsulation type" },
		{ LWTUNNEL_ENCAP_MAX + 1, sizeof(struct shim), -EINVAL, "Unknown lwt encapsulation type" },
		{ UINT16_MAX, sizeof(struct shim), -EINVAL, "Unknown lwt encapsulation type" },
		{ LWTUNNEL_ENCAP_IP, sizeof(struct shim), -EOPNOTSUPP, "lwt encapsulation type not supported" },
		{ SHIM, 3, -EINVAL, "A shim has a label" },
	};
	const struct shim s = { { 0 }, 0, false, 0 };
	struct world *w = shim_world();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fib_config cfg = far_route(&s);
		const char *errmsg = NULL;

		cfg.encap.type = rows[i].type;
		cfg.encap.bytes = rows[i].bytes;
		assert_int_equal(fib_route_add(w->net, &cfg, &errmsg), rows[i].err);
		assert_string_equal(errmsg, rows[i].text);
	}
	assert_int_equal(lwtunnel_encap_add_ops(w->net, SHIM, &shim_ops), -EEXIST);
	assert_int_equal(lwtunnel_encap_add_ops(w->net, LWTUNNEL_ENCAP_NONE, &shim_ops), -ERANGE);
	assert_int_equal(lwtunnel_encap_add_ops(w->net, LWTUNNEL_ENCAP_MAX + 1, &shim_ops), -ERANGE);
	assert_int_equal(lwtunnel_encap_del_ops(w->net, LWTUNNEL_ENCAP_IP), -ENOENT);
	shim_world_destroy(w);
}

static void no_memory_leaves_no_route_and_no_tunnel(void **state)
{
	const struct shim s = { { 0 }, LWTUNNEL_STATE_XMIT_REDIRECT, false, 0 };
	const struct fib_config cfg = far_route(&s);
	struct world *w = shim_world();
	int err = -ENOBUFS;

	(void)state;
	for (u32 i = 1; err; i++) {
		w->alloc_calls = 0;
		w->fail_at = i;
		err = route_add(w, &cfg);
		world_poll(w); /* what was made for it goes after a grace period */
		assert_true(err == 0 || err == -ENOBUFS || err == -ENOMEM);
		assert_int_equal(shim_live, !err);
		assert_true(i < 20);
	}
	w->fail_at = 0;
	assert_int_equal(udp_send(w, 5), 5);
	world_one(w, 0);
	shim_world_destroy(w);
}

/* ------------------------------------------------------------------ rtnetlink */

/** struct message - RTM_NEWROUTE of FAR_NET by HOST_A, attribute by attribute */
struct message {
	struct nlmsghdr nlh;
	struct rtmsg rtm;
	u8 attrs[256];
};

static void put_attr(struct message *m, u16 type, const void *data, u16 bytes)
{
	struct nlattr *a = (struct nlattr *)(void *)((u8 *)m + m->nlh.nlmsg_len);

	a->nla_type = type;
	a->nla_len = (u16)(sizeof(*a) + bytes);
	memcpy(a + 1, data, bytes);
	m->nlh.nlmsg_len += NLMSG_ALIGN(a->nla_len);
}

static struct nethood_sock *rtnl_socket(struct world *w)
{
	struct nethood_sock *sk;

	assert_int_equal(nethood_socket(w->public_net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &sk), 0);
	return sk;
}

/* @out: the answer; Return: its length */
static ssize_t rtnl_ask(struct nethood_sock *sk, const struct message *m, void *out, size_t room_bytes)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };

	assert_int_equal(nethood_sendto(sk, m, m->nlh.nlmsg_len, 0, (struct sockaddr *)&to, sizeof(to)),
			 m->nlh.nlmsg_len);
	return nethood_recvfrom(sk, out, room_bytes, 0, NULL, NULL);
}

static struct message new_route(void)
{
	const __be32 dst = FAR_NET, gw = HOST_A;
	struct message m = { .nlh = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
				      .nlmsg_type = RTM_NEWROUTE,
				      .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE },
			     .rtm = { .rtm_family = AF_INET,
				      .rtm_dst_len = 24,
				      .rtm_table = RT_TABLE_MAIN,
				      .rtm_protocol = RTPROT_BOOT,
				      .rtm_type = RTN_UNICAST } };

	put_attr(&m, RTA_DST, &dst, sizeof(dst));
	put_attr(&m, RTA_GATEWAY, &gw, sizeof(gw));
	return m;
}

static bool contains(const u8 *data, ssize_t len, const void *what, size_t what_len)
{
	return memmem(data, (size_t)len, what, what_len) != NULL;
}

static void rtnetlink_carries_the_tunnel_both_ways(void **state)
{
	const struct shim s = { { 1, 2, 3, 4 }, LWTUNNEL_STATE_XMIT_REDIRECT, true, 0 };
	const u8 type[] = { 6, 0, RTA_ENCAP_TYPE, 0, SHIM, 0 };
	const __be32 to = FAR_HOST;
	const u16 shim = SHIM;
	struct world *w = shim_world();
	struct nethood_sock *sk = rtnl_socket(w);
	struct message m = new_route(), get;
	u8 answer[2048];
	ssize_t len;
	int err;

	(void)state;
	put_attr(&m, RTA_ENCAP | NLA_F_NESTED, &s, sizeof(s));
	put_attr(&m, RTA_ENCAP_TYPE, &shim, sizeof(shim));
	assert_true(rtnl_ask(sk, &m, answer, sizeof(answer)) > 0);
	memcpy(&err, answer + sizeof(struct nlmsghdr), sizeof(err));
	assert_int_equal(err, 0);
	assert_int_equal(udp_send(w, 5), 5);
	assert_int_equal(w->out[0].ethertype, ETH_P_MPLS_UC);

	get = new_route(); /* ip route get, then ip route show */
	get.nlh.nlmsg_type = RTM_GETROUTE;
	get.nlh.nlmsg_flags = NLM_F_REQUEST;
	get.nlh.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg));
	put_attr(&get, RTA_DST, &to, sizeof(to));
	for (u32 i = 0; i < 2; i++) {
		len = rtnl_ask(sk, &get, answer, sizeof(answer));
		assert_true(len > 0);
		assert_true(contains(answer, len, &s, sizeof(s)));
		assert_true(contains(answer, len, type, sizeof(type)));
		get.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	}
	nethood_close(sk);
	shim_world_destroy(w);
}

/* ------------------------------------------------------------------ a gateway of the other family: RFC 8950 */

static const u8 GATEWAY6[16] = { 0xfe, 0x80, [15] = 1 };

/** struct nd - a neighbour table as IPv6 will have one */
struct nd {
	struct neigh_table tbl; /* first */
	struct nd_slot slot;
	struct world *w;
	u32 solicited, reported;
};

static void nd_solicit(struct neighbour *n, struct sk_buff *skb)
{
	struct nd *nd = container_of(n->tbl, struct nd, tbl);

	assert_memory_equal(n->primary_key, GATEWAY6, sizeof(GATEWAY6));
	assert_non_null(skb);
	assert_int_equal(skb->protocol, CONST_BE16(ETH_P_IP));
	nd->solicited++;
}

static void nd_error_report(struct neighbour *n, struct sk_buff *skb)
{
	container_of(n->tbl, struct nd, tbl)->reported++;
	skb_dst(skb)->ops->link_failure(skb);
	kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_FAILED);
}

static const struct neigh_ops nd_ops = { nd_solicit, nd_error_report, neigh_resolve_output, neigh_resolve_output };
static const struct neigh_ops *const nd_ops_list[] = { &nd_ops };

static int nd_constructor(struct neighbour *n)
{
	n->type = RTN_UNICAST;
	n->ops_index = 0;
	n->way = NEIGH_WAY_ASKS;
	return 0;
}

static struct fib_config route_via6(const struct world *w)
{
	struct fib_config cfg = far_route(NULL);

	cfg.gw_family = AF_INET6;
	memcpy(cfg.gw6, GATEWAY6, sizeof(GATEWAY6));
	cfg.oif = w->netdev[0]->ifindex;
	return cfg;
}

static void nd_begin(struct nd *nd, struct world *w)
{
	*nd = (struct nd){ .tbl = { .family = AF_INET6,
				    .index = NEIGH_ND_TABLE,
				    .key_len = 16,
				    .protocol = CONST_BE16(ETH_P_IPV6),
				    .id = "ndisc_cache",
				    .sysctl_path = "net.ipv6.neigh",
				    .ops = nd_ops_list,
				    .constructor = nd_constructor },
			   .w = w };
	nd->slot = nd_slot_take(w->netdev[0]);
	neigh_table_init(w->net, &nd->tbl);
	assert_non_null(neigh_parms_alloc(w->netdev[0], &nd->tbl));
}

static void nd_end(struct nd *nd)
{
	struct net_device *dev = nd->w->netdev[0];

	neigh_ifdown(&nd->tbl, dev);
	neigh_parms_release(&nd->tbl, dev->neigh_parms[NEIGH_ND_TABLE]);
	neigh_table_clear(&nd->tbl);
	nd_slot_give_back(nd->slot, dev);
}

static void an_ipv4_packet_goes_by_an_ipv6_neighbour(void **state)
{
	struct world *w = world_create();
	struct fib_config cfg = route_via6(w);
	struct neighbour *n;
	struct nd nd;

	(void)state;
	nd_begin(&nd, w);
	assert_int_equal(route_add(w, &cfg), 0);
	assert_int_equal(udp_send(w, 5), 5);
	assert_int_equal(udp_send(w, 6), 6);
	assert_int_equal(nd.solicited, 1);
	assert_int_equal(w->out_count, 0); /* they wait */
	n = neigh_find(&nd.tbl, GATEWAY6, w->netdev[0]);
	assert_non_null(n);
	assert_int_equal(neigh_update(n, MAC_OTHER, NUD_REACHABLE, NEIGH_UPDATE_F_OVERRIDE, 0, NULL), 0);
	world_poll(w);
	assert_int_equal(w->out_count, 2);
	assert_int_equal(udp_send(w, 7), 7);
	assert_int_equal(w->out_count, 3);
	for (u32 i = 0; i < 3; i++) { /* the ready header says IPv6, and is not used */
		assert_int_equal(w->out[i].ethertype, ETH_P_IP);
		assert_memory_equal(w->out[i].dst, MAC_OTHER, ETH_ALEN);
		assert_int_equal(w->out[i].len_bytes, 28 + 5 + i);
	}
	nd_end(&nd);
	world_destroy(w);
}

static void its_silence_is_the_senders_error(void **state)
{
	const struct spec transit = { .src = HOST_B, .dst = FAR_HOST };
	struct world *w = world_create();
	struct fib_config cfg = route_via6(w);
	struct nd nd;

	(void)state;
	nd_begin(&nd, w);
	assert_int_equal(route_add(w, &cfg), 0);
	world_sysctl(w, "net.ipv4.ip_forward", "1");
	world_send(w, 1, &transit);
	world_tick(w, 5 * NSEC_PER_SEC);
	assert_int_equal(nd.solicited, 3);
	assert_int_equal(nd.reported, 1);
	assert_true(frame_is_icmp(world_one(w, 1), ICMP_DEST_UNREACH, ICMP_HOST_UNREACH));
	nd_end(&nd);
	world_destroy(w);
}

static void a_gateway_that_cannot_be_asked_is_refused(void **state)
{
	static const struct {
		u8 addr[16];
		bool no_dev;
		int err;
		const char *text;
	} rows[] = {
		{ { 0 }, false, -EINVAL, "Invalid gateway address" },
		{ { 0xff, 2, [15] = 1 }, false, -EINVAL, "Invalid gateway address" },
		{ { 0xfe, 0x80, [15] = 1 }, true, -EINVAL, "Egress device not specified" },
		{ { 0x20, 1, [15] = 1 }, false, -EHOSTUNREACH, NULL },
		{ { 0xfe, 0x80, [15] = 1 }, false, -EACCES, "IPv6 is disabled on nexthop device" },
	};
	struct world *w = world_create();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fib_config cfg = route_via6(w);
		const char *errmsg = NULL;

		memcpy(cfg.gw6, rows[i].addr, sizeof(cfg.gw6));
		cfg.oif = rows[i].no_dev ? 0 : cfg.oif;
		assert_int_equal(fib_route_add(w->net, &cfg, &errmsg), rows[i].err);
		if (rows[i].text)
			assert_string_equal(errmsg, rows[i].text);
		else
			assert_null(errmsg);
	}
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_takes_sends_by_itself),
		cmocka_unit_test(one_that_continues_leaves_the_packet_to_the_neighbour),
		cmocka_unit_test(the_output_is_the_tunnels_and_goes_on_where_it_was),
		cmocka_unit_test(what_it_puts_in_front_is_taken_from_the_mtu),
		cmocka_unit_test(routes_differ_by_their_tunnels),
		cmocka_unit_test(a_route_for_which_there_is_no_tunnel_is_refused),
		cmocka_unit_test(no_memory_leaves_no_route_and_no_tunnel),
		cmocka_unit_test(rtnetlink_carries_the_tunnel_both_ways),
		cmocka_unit_test(an_ipv4_packet_goes_by_an_ipv6_neighbour),
		cmocka_unit_test(its_silence_is_the_senders_error),
		cmocka_unit_test(a_gateway_that_cannot_be_asked_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
