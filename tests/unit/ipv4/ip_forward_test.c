// SPDX-License-Identifier: BSD-2-Clause
/* A router: what goes on, changed by one hop, and what does not. */
#include "ip_world.h"

#include <netinet/in.h>

#include "netfilter/netfilter.h"

#define FORWARDED 254
#define SILENT 253
#define OK SKB_DROP_REASON_NOT_SPECIFIED
#define D(reason) SKB_DROP_REASON_##reason

static const struct {
	const char *says;
	struct spec in; /* dst 0: HOST_B */
	u32 mtu;        /* of the second link; 0: 1500 */
	u8 answer, code;
	enum skb_drop_reason drop;
	u32 count; /* packets that go on */
} rows[] = {
	{ "an echo request", { .id = 7 }, 0, FORWARDED, 0, OK, 1 },
	{ "with DF", { .frag = IP_DF }, 0, FORWARDED, 0, OK, 1 },
	{ "with the last hop to live", { .ttl = 2 }, 0, FORWARDED, 0, OK, 1 },
	{ "that should be dead already", { .ttl = 1 }, 0, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, D(IP_TTL_EXPIRED), 0 },
	{ "a middle fragment",
	  { .frag = IP_MF | 8, .proto = IPPROTO_UDP, .payload_bytes = 56 },
	  0,
	  FORWARDED,
	  0,
	  OK,
	  1 },
	{ "a later fragment that dies is not told of",
	  { .frag = IP_MF | 8, .proto = IPPROTO_UDP, .payload_bytes = 56, .ttl = 1 },
	  0,
	  SILENT,
	  0,
	  D(IP_TTL_EXPIRED),
	  0 },
	{ "padding stays behind", { .padding_bytes = 20 }, 0, FORWARDED, 0, OK, 1 },
	{ "as large as the next link", { .payload_bytes = 580 }, 600, FORWARDED, 0, OK, 1 },
	{ "larger than the next link", { .payload_bytes = 1200 }, 600, FORWARDED, 0, OK, 3 },
	{ "larger, with DF",
	  { .payload_bytes = 581, .frag = IP_DF },
	  600,
	  ICMP_DEST_UNREACH,
	  ICMP_FRAG_NEEDED,
	  D(PKT_TOO_BIG),
	  0 },
	{ "an error that is too large is not told of",
	  { .payload_bytes = 581, .frag = IP_DF, .icmp_type = ICMP_TIME_EXCEEDED },
	  600,
	  SILENT,
	  0,
	  D(PKT_TOO_BIG),
	  0 },
	{ "a fragment of a fragment",
	  { .payload_bytes = 1200, .proto = 253, .frag = IP_MF | 100 },
	  600,
	  FORWARDED,
	  0,
	  OK,
	  3 },
	{ "in a broadcast frame", { .mac = MAC_BROADCAST }, 0, SILENT, 0, D(UNICAST_IN_L2_MULTICAST), 0 },
	{ "in a multicast frame", { .mac = MAC_MULTICAST }, 0, SILENT, 0, D(UNICAST_IN_L2_MULTICAST), 0 },
	{ "to the far subnet's broadcast address", { .dst = IP4(10, 78, 0, 255) }, 0, SILENT, 0, D(INVALID_PROTO), 0 },
	{ "to a group", { .dst = IP4(239, 1, 2, 3) }, 0, SILENT, 0, D(IP_INADDRERRORS), 0 },
	{ "to nowhere", { .dst = IP4(192, 0, 2, 1) }, 0, ICMP_DEST_UNREACH, ICMP_NET_UNREACH, D(IP_INNOROUTES), 0 },
	{ "to our own far address", { .dst = ROUTER_B }, 0, ICMP_ECHOREPLY, 0, OK, 0 },
};

static struct world *router_create(u32 mtu)
{
	struct world *w = world_create();

	world_no_limits(w);
	world_sysctl(w, "net.ipv4.ip_forward", "1");
	if (mtu)
		assert_int_equal(dev_set_mtu(w->netdev[1], mtu), 0);
	return w;
}

/* All but time to live and checksum stay. */
static void check_forwarded(const struct world *w, const u8 *packet, u32 len_bytes, u32 count)
{
	u32 at = 0;

	assert_int_equal(w->out_count, count);
	for (u32 i = 0; i < count; i++) {
		const struct frame *f = &w->out[i];

		assert_int_equal(f->dev, 1);
		assert_true(frame_valid(f));
		assert_memory_equal(f->dst, MAC_HOST[1], ETH_ALEN);
		assert_int_equal(frame_ip(f)->ttl, packet[8] - 1);
		assert_memory_equal(f->packet + 4, packet + 4, 2);
		assert_memory_equal(f->packet + 12, packet + 12, 8);
		assert_memory_equal(f->packet + 20, packet + 20 + at, f->len_bytes - 20);
		at += f->len_bytes - 20;
	}
	assert_int_equal(at, len_bytes - 20);
}

static void check_answer(struct world *w, const u8 *packet, u8 type, u8 code, u32 mtu)
{
	const struct frame *f = world_one(w, 0);

	assert_true(frame_is_icmp(f, type, code));
	assert_int_equal(frame_ip(f)->daddr, HOST_A);
	if (type == ICMP_ECHOREPLY)
		return;
	assert_int_equal(frame_ip(f)->saddr, ROUTER_A);
	assert_int_equal(frame_ip(f)->tos, 0xc0);                       /* RFC 1812 4.3.2.5 */
	assert_memory_equal(f->packet + 28, packet, f->len_bytes - 28); /* as it came */
	assert_int_equal(be16_to_cpu(frame_icmp(f)->un.frag.mtu),
			 code == ICMP_FRAG_NEEDED && type == ICMP_DEST_UNREACH ? mtu : 0);
}

static void each_packet_goes_on_or_does_not(void **state)
{
	u8 *packet = calloc(1, FRAME_MAX_BYTES);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = router_create(rows[i].mtu);
		struct spec in = rows[i].in;
		u64 dropped;
		u32 len_bytes;

		print_message("%s\n", rows[i].says);
		if (!in.dst)
			in.dst = HOST_B;
		len_bytes = spec_build(&in, packet);
		dropped = world_drops(w, rows[i].drop);
		world_send(w, 0, &in);
		if (rows[i].answer == FORWARDED)
			check_forwarded(w, packet, len_bytes, rows[i].count);
		else if (rows[i].answer == SILENT)
			assert_int_equal(w->out_count, 0);
		else
			check_answer(w, packet, rows[i].answer, rows[i].code, rows[i].mtu);
		if (rows[i].drop)
			assert_int_equal(world_drops(w, rows[i].drop) - dropped, 1);
		world_destroy(w);
	}
	free(packet);
}

/* RFC 1624: the sums that go wrong are those around 0 and 0xffff. */
static void the_checksum_is_right_whatever_it_was(void **state)
{
	struct world *w = router_create(0);

	(void)state;
	for (u32 id = 0; id<0x10000; id += id> 0x500 && id < 0xfa00 ? 0x35 : 1) {
		const struct spec in = { .dst = HOST_B, .id = (u16)id, .ttl = (u8)(2 + id % 7 * 36) };

		world_send(w, 0, &in);
		world_one(w, 1);
		world_forget(w);
	}
	world_destroy(w);
}

static void a_host_does_not_forward(void **state)
{
	const struct spec in = { .dst = HOST_B };
	struct world *w = world_create();

	(void)state;
	world_send(w, 0, &in);
	assert_int_equal(w->out_count, 0);
	assert_int_equal(w->net->ipv4->stats.in_addr_errors, 1);
	assert_int_equal(world_drops(w, SKB_DROP_REASON_IP_INADDRERRORS), 1);
	world_destroy(w);
}

static unsigned int refuse(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	(void)priv, (void)skb;
	assert_non_null(state->in);
	assert_non_null(state->out);
	return NF_DROP;
}

static void the_forward_hook_can_refuse(void **state)
{
	const struct nf_hook_ops ops = { refuse, NULL, NFPROTO_IPV4, NF_INET_FORWARD, 0 };
	const struct spec in = { .dst = HOST_B };
	struct world *w = router_create(0);

	(void)state;
	assert_int_equal(nf_register_hook(w->net, &ops), 0);
	world_send(w, 0, &in);
	assert_int_equal(w->out_count, 0);
	assert_int_equal(world_drops(w, SKB_DROP_REASON_NETFILTER_DROP), 1);
	nf_unregister_hook(w->net, &ops);
	world_send(w, 0, &in);
	world_one(w, 1);
	world_destroy(w);
}

static unsigned int see_priority(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	u32 *priority = priv;

	(void)state;
	*priority = skb->priority;
	return NF_ACCEPT;
}

/* tc-prio(8) */
static void the_type_of_service_chooses_the_band(void **state)
{
	static const struct {
		u8 tos;
		u32 priority;
	} bands[] = { { 0, 0 }, { 4, 0 }, { 8, 2 }, { 0x10, 6 }, { 0x18, 4 }, { 0xb8, 4 } };
	struct world *w = router_create(0);
	u32 priority;
	const struct nf_hook_ops ops = { see_priority, &priority, NFPROTO_IPV4, NF_INET_POST_ROUTING, 0 };

	(void)state;
	assert_int_equal(nf_register_hook(w->net, &ops), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bands); i++) {
		const struct spec in = { .dst = HOST_B, .tos = bands[i].tos };

		world_send(w, 0, &in);
		assert_int_equal(priority, bands[i].priority);
	}
	world_sysctl(w, "net.ipv4.ip_forward_update_priority", "0");
	world_send(w, 0, &(struct spec){ .dst = HOST_B, .tos = 0x10 });
	assert_int_equal(priority, 0);
	world_destroy(w);
}

static void a_host_that_does_not_answer_arp_is_unreachable(void **state)
{
	const struct spec in = { .dst = HOST_B, .payload_bytes = 40 };
	struct world *w = router_create(0);

	(void)state;
	w->mute[1] = true;
	world_send(w, 0, &in);
	assert_int_equal(w->out_count, 0);
	world_tick(w, 5 * NSEC_PER_SEC);
	assert_true(frame_is_icmp(world_one(w, 0), ICMP_DEST_UNREACH, ICMP_HOST_UNREACH));
	assert_int_equal(frame_ip(&w->out[0])->saddr, ROUTER_A);
	assert_int_equal(frame_ip(&w->out[0])->daddr, HOST_A);
	assert_int_equal(world_drops(w, SKB_DROP_REASON_NEIGH_FAILED), 1);
	world_destroy(w);
}

static void any_allocation_may_fail(void **state)
{
	u32 n = 0, calls;

	(void)state;
	do {
		struct world *w = router_create(600);

		w->fail_at = ++n;
		world_send(w, 0, &(struct spec){ .dst = HOST_B, .payload_bytes = 1200 });
		world_send(w, 0, &(struct spec){ .dst = HOST_B, .payload_bytes = 1200, .frag = IP_DF });
		world_send(w, 0,
			   &(struct spec){ .dst = HOST_B,
					   .ttl = 1,
					   .options = "\x07\x0b\x04\0\0\0\0\0\0\0\0",
					   .options_bytes = 11 });
		calls = w->alloc_calls;
		w->fail_at = 0;
		world_tick(w, 5 * NSEC_PER_SEC);
		world_forget(w);
		world_send(w, 0, &(struct spec){ .dst = HOST_B, .payload_bytes = 1200 });
		assert_int_equal(w->out_count, 3);
		world_destroy(w);
	} while (calls >= n);
	assert_true(n > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_packet_goes_on_or_does_not),
		cmocka_unit_test(the_checksum_is_right_whatever_it_was),
		cmocka_unit_test(a_host_does_not_forward),
		cmocka_unit_test(the_forward_hook_can_refuse),
		cmocka_unit_test(the_type_of_service_chooses_the_band),
		cmocka_unit_test(a_host_that_does_not_answer_arp_is_unreachable),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
