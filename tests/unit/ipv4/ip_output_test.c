// SPDX-License-Identifier: BSD-2-Clause
/* The way down: headers, identifications, fragments, copies for ourselves, and the neighbour at the end of it. */
#include "ip_world.h"

#include <errno.h>
#include <netinet/in.h>

#include "ipv4/arp.h"
#include "netfilter/netfilter.h"

static struct nethood_sock *udp_socket(struct world *w)
{
	struct nethood_sock *sk;

	assert_int_equal(nethood_socket(w->public_net, AF_INET, SOCK_DGRAM, 0, &sk), 0);
	return sk;
}

static void option(struct nethood_sock *sk, int level, int name, int value)
{
	assert_int_equal(nethood_setsockopt(sk, level, name, &value, sizeof(value)), 0);
}

static struct sockaddr_in address(__be32 addr, u16 port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_addr.s_addr = (__force u32)addr,
				     .sin_port = htons(port) };
}

static ssize_t send_to(struct world *w, struct nethood_sock *sk, __be32 addr, u32 len_bytes)
{
	const struct sockaddr_in to = address(addr, 5000);
	u8 *data = malloc(len_bytes + 1);
	ssize_t n;

	for (u32 i = 0; i < len_bytes; i++)
		data[i] = (u8)(i * 7);
	n = nethood_sendto(sk, data, len_bytes, 0, (const struct sockaddr *)&to, sizeof(to));
	free(data);
	world_poll(w);
	return n;
}

/* ------------------------------------------------------------------ fragments */

static const struct {
	u32 data_bytes;
	u32 mtu;
	u32 count;
	u16 lengths[8]; /* the first ones, and the last */
} sizes[] = {
	{ 1472, 1500, 1, { 1500 } },       { 1473, 1500, 2, { 1500, 21 } },         { 1480, 1500, 2, { 1500, 28 } },
	{ 2952, 1500, 2, { 1500, 1500 } }, { 4000, 1500, 3, { 1500, 1500, 1068 } }, { 100, 68, 3, { 68, 68, 32 } },
	{ 550, 577, 2, { 572, 26 } },      { 65507, 1500, 45, { 1500, 1500 } },
};

/* The payload of all of them, in order; Return: its length */
static u32 collect(const struct world *w, u8 *data)
{
	u32 at = 0;

	for (u32 i = 0; i < w->out_count; i++) {
		const struct frame *f = &w->out[i];
		const struct iphdr *iph = frame_ip(f);
		u32 hlen = ip_hdrlen_bytes(iph);

		assert_true(frame_valid(f));
		assert_int_equal((be16_to_cpu(iph->frag_off) & IP_OFFSET) * 8, at);
		assert_int_equal(iph->id, frame_ip(&w->out[0])->id);
		assert_int_equal(!(iph->frag_off & CONST_BE16(IP_MF)), i == w->out_count - 1);
		memcpy(data + at, f->packet + hlen, f->len_bytes - hlen);
		at += f->len_bytes - hlen;
	}
	return at;
}

static void a_datagram_is_cut_at_the_mtu(void **state)
{
	u8 *data = malloc(FRAME_MAX_BYTES);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct world *w = world_create();
		struct nethood_sock *sk = udp_socket(w);
		u32 len_bytes;

		assert_int_equal(dev_set_mtu(w->netdev[0], sizes[i].mtu), 0);
		assert_int_equal(send_to(w, sk, HOST_A, sizes[i].data_bytes), sizes[i].data_bytes);
		assert_int_equal(w->out_count, sizes[i].count);
		for (u32 k = 0; k < 8 && sizes[i].lengths[k]; k++)
			assert_int_equal(w->out[k].len_bytes, sizes[i].lengths[k]);
		len_bytes = collect(w, data);
		assert_int_equal(len_bytes, sizes[i].data_bytes + 8);
		for (u32 k = 0; k < sizes[i].data_bytes; k++)
			assert_int_equal(data[8 + k], (u8)(k * 7));
		if (sizes[i].count > 1) {
			assert_int_equal(w->net->ipv4->stats.frag_oks, 1);
			assert_int_equal(w->net->ipv4->stats.frag_creates, sizes[i].count);
		}
		nethood_close(sk);
		world_destroy(w);
	}
	free(data);
}

/* As connection tracking will do it: put together on the way in, taken apart on the way out. */
static unsigned int gather(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	u32 *wholes = priv;

	if (!ip_is_fragment(ip_hdr(skb)))
		return NF_ACCEPT;
	skb = ip_defrag(state->net, skb, 77);
	if (skb) {
		++*wholes;
		skb->ignore_df = 1;
		state->okfn(state->net, NULL, skb);
	}
	return NF_STOLEN;
}

static const struct {
	const char *says;
	u32 mtu;
	u16 flags;
	bool backwards, options;
	u32 count;
	u16 first_bytes;
} through[] = {
	{ "fragments leave as they came", 1500, 0, false, false, 3, 596 },
	{ "also if they came backwards", 1500, 0, true, false, 3, 596 },
	{ "smaller ones where the next link is smaller", 400, 0, false, false, 4, 396 },
	{ "with DF, if all had it", 1500, IP_DF, false, false, 3, 596 },
	{ "with options", 1500, 0, false, true, 3, 600 },
	{ "with options, backwards", 1500, 0, true, true, 3, 600 },
};

static void what_was_put_together_is_taken_apart_again(void **state)
{
	u8 payload[1400], data[1500];

	(void)state;
	for (u32 i = 0; i < sizeof(payload); i++)
		payload[i] = (u8)(i * 3);
	for (size_t i = 0; i < ARRAY_SIZE(through); i++) {
		struct world *w = world_create();
		u32 wholes = 0;
		const struct nf_hook_ops ops = { gather, &wholes, NFPROTO_IPV4, NF_INET_PRE_ROUTING, 0 };

		print_message("%s\n", through[i].says);
		world_sysctl(w, "net.ipv4.ip_forward", "1");
		assert_int_equal(nf_register_hook(w->net, &ops), 0);
		assert_int_equal(dev_set_mtu(w->netdev[1], through[i].mtu), 0);
		for (u32 k = 0; k < 3; k++) {
			u32 at = 576 * (through[i].backwards ? 2 - k : k);
			const struct spec in = { .dst = HOST_B,
						 .proto = 253,
						 .payload = payload + at,
						 .id = 5,
						 .payload_bytes = min_u32(576, 1400 - at),
						 .options = "\x07\x07\x04\x00\x00\x00\x00",
						 .options_bytes = through[i].options ? 4 : 0,
						 .frag = (u16)(at / 8 | through[i].flags | (at < 1152 ? IP_MF : 0U)) };
			struct spec plain = in;

			plain.options = "\x94\x04\x00\x00";
			world_send(w, 0, &plain);
		}
		assert_int_equal(wholes, 1);
		assert_int_equal(w->out_count, through[i].count);
		assert_int_equal(w->out[0].len_bytes, through[i].first_bytes);
		assert_int_equal(collect(w, data), 1400);
		assert_memory_equal(data, payload, 1400);
		for (u32 k = 0; k < w->out_count; k++) {
			assert_int_equal(frame_ip(&w->out[k])->ttl, 63);
			assert_int_equal(frame_ip(&w->out[k])->frag_off & CONST_BE16(IP_DF),
					 cpu_to_be16(through[i].flags));
			assert_int_equal(frame_ip(&w->out[k])->ihl, through[i].options ? 6 : 5);
		}
		world_destroy(w);
	}
}

/* ------------------------------------------------------------------ identification */

static u16 sent_id(struct world *w)
{
	u16 id = be16_to_cpu(frame_ip(world_one(w, 0))->id);

	world_forget(w);
	return id;
}

static void identifications_follow_the_kernel(void **state)
{
	struct world *w = world_create();
	struct nethood_sock *sk = udp_socket(w);
	const struct sockaddr_in to = address(HOST_A, 5000);
	u16 before, id;

	(void)state;
	option(sk, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	send_to(w, sk, HOST_A, 5);
	assert_int_equal(sent_id(w), 0); /* can never be a fragment, and nobody counts */
	option(sk, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT);
	send_to(w, sk, HOST_A, 5);
	before = sent_id(w);
	for (int i = 0; i < 5; i++) { /* no time passes: steps of one */
		send_to(w, sk, HOST_A, 5);
		id = sent_id(w);
		assert_int_equal((u16)(id - before), 1);
		before = id;
	}
	option(sk, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	assert_int_equal(nethood_connect(sk, (const struct sockaddr *)&to, sizeof(to)), 0);
	send_to(w, sk, HOST_A, 5);
	before = sent_id(w);
	for (int i = 0; i < 5; i++) { /* a connected socket counts for itself */
		world_tick(w, NSEC_PER_SEC);
		send_to(w, sk, HOST_A, 5);
		id = sent_id(w);
		assert_int_equal((u16)(id - before), 1);
		before = id;
	}
	nethood_close(sk);
	world_destroy(w);
}

/* RFC 7739: what one host hears says nothing about what another hears. */
static void identifications_towards_two_hosts_are_unrelated(void **state)
{
	struct world *w = world_create();
	u32 close = 0, jumps = 0;
	u16 before = 0;

	(void)state;
	for (u32 i = 0; i < 200; i++) {
		u16 id = ip_ident_next(w->net, cpu_to_be32(0x0a000001 + i), ROUTER_A, IPPROTO_UDP, 1);

		close += (u16)(id - before) < 256;
		before = id;
	}
	assert_true(close < 8); /* by chance: 200 / 256 */
	for (u32 i = 0; i < 50; i++) {
		u16 id;

		world_tick(w, NSEC_PER_SEC);
		before = ip_ident_next(w->net, HOST_A, ROUTER_A, IPPROTO_UDP, 1);
		world_tick(w, NSEC_PER_SEC);
		id = ip_ident_next(w->net, HOST_A, ROUTER_A, IPPROTO_UDP, 3);
		jumps += (u16)(id - before) > 1;
		assert_int_equal((u16)(ip_ident_next(w->net, HOST_A, ROUTER_A, IPPROTO_UDP, 1) - id),
				 3); /* of three segments */
	}
	assert_true(jumps > 40); /* a pause hides how many went elsewhere */
	world_destroy(w);
}

/* ------------------------------------------------------------------ to many, ourselves among them */

static void a_broadcast_reaches_our_own_sockets_too(void **state)
{
	struct world *w = world_create();
	struct nethood_sock *ear = udp_socket(w), *mouth = udp_socket(w);
	const struct sockaddr_in here = address(CONST_BE32(0), 5000);
	struct sockaddr_in from;
	socklen_t from_bytes = sizeof(from);
	u8 heard[16];

	(void)state;
	assert_int_equal(nethood_bind(ear, (const struct sockaddr *)&here, sizeof(here)), 0);
	option(mouth, SOL_SOCKET, SO_BROADCAST, 1);
	assert_int_equal(send_to(w, mouth, IP4(10, 77, 0, 255), 5), 5);
	assert_memory_equal(world_one(w, 0)->dst, MAC_BROADCAST, ETH_ALEN);
	assert_int_equal(nethood_recvfrom(ear, heard, sizeof(heard), 0, (struct sockaddr *)&from, &from_bytes), 5);
	assert_int_equal(from.sin_addr.s_addr, (__force u32)ROUTER_A);
	assert_int_equal(w->net->ipv4->stats.out_bcast_pkts, 1);
	assert_int_equal(w->net->ipv4->stats.in_bcast_pkts, 1);
	nethood_close(ear);
	nethood_close(mouth);
	world_destroy(w);
}

static u32 heard_by_member(int loop, int ttl, u32 *sent)
{
	struct world *w = world_create();
	struct nethood_sock *ear = udp_socket(w), *mouth = udp_socket(w);
	const struct sockaddr_in here = address(CONST_BE32(0), 5000);
	const struct ip_mreqn group = { .imr_multiaddr.s_addr = htonl(0xef010203),
					.imr_ifindex = w->netdev[0]->ifindex };
	u8 heard[16];
	ssize_t n;

	assert_int_equal(nethood_bind(ear, (const struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(nethood_setsockopt(ear, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)), 0);
	assert_int_equal(nethood_setsockopt(mouth, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof(group)), 0);
	option(mouth, IPPROTO_IP, IP_MULTICAST_LOOP, loop);
	option(mouth, IPPROTO_IP, IP_MULTICAST_TTL, ttl);
	world_poll(w);
	world_forget(w);
	assert_int_equal(send_to(w, mouth, IP4(239, 1, 2, 3), 5), 5);
	*sent = 0;
	for (u32 i = 0; i < w->out_count; i++)
		*sent += frame_ip(&w->out[i])->protocol == IPPROTO_UDP && frame_ip(&w->out[i])->ttl == ttl;
	n = nethood_recvfrom(ear, heard, sizeof(heard), 0, NULL, NULL);
	nethood_close(ear);
	nethood_close(mouth);
	world_destroy(w);
	return n == 5 ? 1 : 0;
}

static void a_multicast_comes_back_unless_its_sender_does_not_want_it(void **state)
{
	u32 sent;

	(void)state;
	assert_int_equal(heard_by_member(1, 5, &sent), 1);
	assert_int_equal(sent, 1);
	assert_int_equal(heard_by_member(1, 0, &sent), 1); /* RFC 1112 6.1: for this host only */
	assert_int_equal(sent, 0);
	assert_int_equal(heard_by_member(0, 5, &sent), 0);
	assert_int_equal(sent, 1);
}

/* ------------------------------------------------------------------ the end of the way */

static void a_full_neighbour_table_is_the_senders_error(void **state)
{
	struct world *w = world_create();
	struct nethood_sock *sk = udp_socket(w);
	const struct sockaddr_in to = address(HOST_A, 5000);

	(void)state;
	option(sk, IPPROTO_IP, IP_RECVERR, 1);
	assert_int_equal(nethood_connect(sk, (const struct sockaddr *)&to, sizeof(to)), 0);
	w->fail_at = 1;
	w->fail_on = true; /* skbs come from caches that were filled: what fails first is the neighbour */
	assert_true(send_to(w, sk, HOST_A, 5) < 0);
	w->fail_at = 0;
	w->fail_on = false;
	assert_true(world_drops(w, SKB_DROP_REASON_NEIGH_CREATEFAIL) + world_drops(w, SKB_DROP_REASON_NOMEM) <= 1);
	assert_int_equal(send_to(w, sk, HOST_A, 5), 5);
	world_one(w, 0);
	nethood_close(sk);
	world_destroy(w);
}

static void progress_above_confirms_the_neighbour_below(void **state)
{
	struct world *w = world_create();
	struct nethood_sock *sk = udp_socket(w);
	const struct sockaddr_in to = address(HOST_A, 5000);
	struct neighbour *n;

	(void)state;
	assert_int_equal(send_to(w, sk, HOST_A, 5), 5);
	assert_int_equal(ipv4_neigh_find_create(w->netdev[0], HOST_A, &n), 0);
	world_tick(w, 3 * NSEC_PER_SEC);
	assert_true(n->confirmed < (ktime_t)w->now);
	assert_int_equal(nethood_sendto(sk, "hello", 5, MSG_CONFIRM, (const struct sockaddr *)&to, sizeof(to)), 5);
	assert_int_equal(n->confirmed, w->now);
	nethood_close(sk);
	world_destroy(w);
}

/* A raw socket's header leaves no room in front: it is made. */
static void room_for_the_link_layer_is_made_where_it_is_missing(void **state)
{
	struct world *w = world_create();
	struct flowi4 fl4 = { .daddr = HOST_A };
	struct sk_buff *skb = alloc_skb(w->net->skb_pool, 40);
	struct rtable *rt;
	struct iphdr *iph;

	(void)state;
	assert_int_equal(ip_route_output_flow(w->net, &fl4, &rt), 0);
	iph = skb_put(skb, sizeof(*iph) + 4);
	*iph = (struct iphdr){ .version = 4, .ihl = 5, .ttl = 9, .protocol = 253, .saddr = fl4.saddr, .daddr = HOST_A };
	memcpy(iph + 1, "data", 4);
	skb_reset_network_header(skb);
	assert_int_equal(skb_headroom(skb), 0);
	skb_dst_set(skb, &rt->dst);
	assert_int_equal(ip_local_out(w->net, NULL, skb), 0);
	world_poll(w);
	assert_memory_equal(world_one(w, 0)->packet + 20, "data", 4);
	assert_int_equal(frame_ip(&w->out[0])->ttl, 9);
	world_destroy(w);
}

static u32 trace_count;

static void count_hops(void *ctx, const struct nethood_hop *hop)
{
	(void)ctx;
	trace_count += hop->step == 4;
}

static void each_step_can_be_watched(void **state)
{
	struct world *w = world_create();
	struct nethood_sock *sk = udp_socket(w);

	(void)state;
	trace_count = 0;
	nethood_trace(w->public_net, count_hops, NULL);
	assert_int_equal(send_to(w, sk, HOST_A, 5), 5);
	assert_int_equal(trace_count, 3); /* ip_local_out(), ip_output(), ip_finish_output2() */
	nethood_close(sk);
	world_destroy(w);
}

/* ------------------------------------------------------------------ no memory */

static void any_allocation_may_fail(void **state)
{
	u32 n = 0, calls;

	(void)state;
	do {
		struct world *w = world_create();
		struct nethood_sock *sk = udp_socket(w);

		option(sk, SOL_SOCKET, SO_BROADCAST, 1);
		w->fail_at = ++n;
		send_to(w, sk, HOST_A, 4000);
		send_to(w, sk, IP4(10, 77, 0, 255), 3000);
		calls = w->alloc_calls;
		w->fail_at = 0;
		world_tick(w, 5 * NSEC_PER_SEC);
		world_forget(w);
		assert_int_equal(send_to(w, sk, HOST_A, 4000), 4000);
		assert_int_equal(w->out_count, 3);
		nethood_close(sk);
		world_destroy(w);
	} while (calls >= n);
	assert_true(n > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_datagram_is_cut_at_the_mtu),
		cmocka_unit_test(what_was_put_together_is_taken_apart_again),
		cmocka_unit_test(identifications_follow_the_kernel),
		cmocka_unit_test(identifications_towards_two_hosts_are_unrelated),
		cmocka_unit_test(a_broadcast_reaches_our_own_sockets_too),
		cmocka_unit_test(a_multicast_comes_back_unless_its_sender_does_not_want_it),
		cmocka_unit_test(a_full_neighbour_table_is_the_senders_error),
		cmocka_unit_test(progress_above_confirms_the_neighbour_below),
		cmocka_unit_test(room_for_the_link_layer_is_made_where_it_is_missing),
		cmocka_unit_test(each_step_can_be_watched),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
