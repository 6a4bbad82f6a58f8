// SPDX-License-Identifier: BSD-2-Clause
/* What comes in: taken, dropped under its name, or answered.  Each row was asked of the kernel as well. */
#include "ip_world.h"

#include <errno.h>
#include <netinet/in.h>

#include "ipv4/protocol.h"
#include "netfilter/netfilter.h"

#define NO_ANSWER 255
#define OK SKB_DROP_REASON_NOT_SPECIFIED
#define D(reason) SKB_DROP_REASON_##reason
#define HDR_ERROR 1U
#define CSUM_ERROR 2U
#define TRUNCATED 4U

struct row {
	const char *says;
	struct spec in;
	u8 answer, code;           /* ICMP type; NO_ANSWER */
	enum skb_drop_reason drop; /* OK: none */
	u32 counted;
};

#define ECHOED ICMP_ECHOREPLY, 0, OK, 0
#define DROPPED(reason, counted) NO_ANSWER, 0, SKB_DROP_REASON_##reason, counted
#define MARTIAN(reason) NO_ANSWER, 0, SKB_DROP_REASON_##reason, 0
#define CLOSED .proto = IPPROTO_UDP, .payload_bytes = 4

static const struct row rows[] = {
	/* headers */
	{ "an echo request is answered", { .tos = 0 }, ECHOED },
	{ "padding of the frame stays behind", { .padding_bytes = 30 }, ECHOED },
	{ "with no life left it has still arrived", { .ttl = 1 }, ECHOED },
	{ "DF is no matter", { .frag = IP_DF }, ECHOED },
	{ "neither is the reserved flag", { .frag = IP_CE }, ECHOED },
	{ "no-operations are none either", { .options = "\1\1\1\1", .options_bytes = 4 }, ECHOED },
	{ "less than a header", { .cut_bytes = 17 }, DROPPED(PKT_TOO_SMALL, HDR_ERROR) },
	{ "a frame that lost its end", { .cut_bytes = 1 }, DROPPED(PKT_TOO_SMALL, TRUNCATED) },
	{ "a total length beyond the frame", { .tot_len = 400 }, DROPPED(PKT_TOO_SMALL, TRUNCATED) },
	{ "a total length of 65535", { .tot_len = 65535 }, DROPPED(PKT_TOO_SMALL, TRUNCATED) },
	{ "a total length of 0", { .no_len = true }, DROPPED(IP_INHDR, HDR_ERROR) },
	{ "a total length below the header's", { .tot_len = 19 }, DROPPED(IP_INHDR, HDR_ERROR) },
	{ "a total length that cuts the options",
	  { .tot_len = 22, .options = "\1\1\1\1", .options_bytes = 4 },
	  DROPPED(IP_INHDR, HDR_ERROR) },
	{ "a header length of 4 words", { .ihl = 4 }, DROPPED(IP_INHDR, HDR_ERROR) },
	{ "a header longer than the frame", { .ihl = 15, .payload_bytes = 8 }, DROPPED(PKT_TOO_SMALL, HDR_ERROR) },
	{ "version 6", { .version = 6 }, DROPPED(IP_INHDR, HDR_ERROR) },
	{ "version 5", { .version = 5 }, DROPPED(IP_INHDR, HDR_ERROR) },
	{ "a wrong checksum", { .bad_csum = true }, DROPPED(IP_CSUM, HDR_ERROR | CSUM_ERROR) },
	/* link layer */
	{ "a frame for another station", { .mac = MAC_OTHER }, DROPPED(OTHERHOST, 0) },
	{ "our address in a broadcast frame", { .mac = MAC_BROADCAST }, ECHOED },
	{ "our address in a multicast frame", { .mac = MAC_MULTICAST }, ECHOED },
	/* addresses */
	{ "our address of another device", { .dst = ROUTER_B }, ECHOED },
	{ "from 127.0.0.1", { .src = IP4(127, 0, 0, 1) }, MARTIAN(IP_LOCALNET) },
	{ "to 127.0.0.1", { .dst = IP4(127, 0, 0, 1) }, MARTIAN(IP_LOCALNET) },
	{ "from ourselves (LAND)", { .src = ROUTER_A }, MARTIAN(IP_LOCAL_SOURCE) },
	{ "from the limited broadcast address", { .src = IP4(255, 255, 255, 255) }, MARTIAN(IP_INVALID_SOURCE) },
	{ "from a group", { .src = IP4(224, 0, 0, 5) }, MARTIAN(IP_INVALID_SOURCE) },
	{ "to nobody", { .dst = IP4(10, 77, 0, 50) }, MARTIAN(IP_INADDRERRORS) },
	{ "to a host behind us, who are no router", { .dst = HOST_B }, MARTIAN(IP_INADDRERRORS) },
	{ "to the subnet's broadcast address (SMURF)", { .dst = IP4(10, 77, 0, 255) }, DROPPED(INVALID_PROTO, 0) },
	{ "to the limited broadcast address", { .dst = IP4(255, 255, 255, 255) }, DROPPED(INVALID_PROTO, 0) },
	{ "to a group that we are not in", { .dst = IP4(224, 5, 6, 7) }, MARTIAN(IP_INADDRERRORS) },
	/* protocols */
	{ "a closed port", { CLOSED }, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, D(NO_SOCKET), 0 },
	{ "an unknown protocol",
	  { .proto = 253, .payload_bytes = 20 },
	  ICMP_DEST_UNREACH,
	  ICMP_PROT_UNREACH,
	  D(IP_NOPROTO),
	  0 },
	{ "an unknown protocol without a payload",
	  { .proto = 252 },
	  ICMP_DEST_UNREACH,
	  ICMP_PROT_UNREACH,
	  D(IP_NOPROTO),
	  0 },
	{ "an unknown protocol in a broadcast frame", { .proto = 253, .mac = MAC_BROADCAST }, DROPPED(IP_NOPROTO, 0) },
	{ "a closed port in a broadcast frame", { CLOSED, .mac = MAC_BROADCAST }, DROPPED(NO_SOCKET, 0) },
	{ "a closed port of the broadcast address", { CLOSED, .dst = IP4(10, 77, 0, 255) }, DROPPED(NO_SOCKET, 0) },
	/* options: ip_options_test.c has more */
	{ "loose source routing, which is off",
	  { .options = "\x83\7\4\xc0\0\2\x9", .options_bytes = 7 },
	  DROPPED(IP_OPTIONS, 0) },
	{ "strict source routing, which is off",
	  { .options = "\x89\7\4\xc0\0\2\x9", .options_bytes = 7 },
	  DROPPED(IP_OPTIONS, 0) },
	{ "an option of length 0",
	  { .options = "\7\0\4", .options_bytes = 3 },
	  ICMP_PARAMETERPROB,
	  0,
	  SKB_DROP_REASON_IP_OPTIONS,
	  HDR_ERROR },
	{ "an option past the header",
	  { .options = "\7\x20\4", .options_bytes = 3 },
	  ICMP_PARAMETERPROB,
	  0,
	  SKB_DROP_REASON_IP_OPTIONS,
	  HDR_ERROR },
};

static void check_counters(const struct ipstats *s, u32 counted)
{
	assert_int_equal(s->in_receives, counted & 0x80 ? 0 : 1);
	assert_int_equal(s->in_hdr_errors, counted & HDR_ERROR ? 1 : 0);
	assert_int_equal(s->in_csum_errors, counted & CSUM_ERROR ? 1 : 0);
	assert_int_equal(s->in_truncated_pkts, counted & TRUNCATED ? 1 : 0);
	assert_int_equal(s->in_addr_errors, 0);
}

static void check_row(const struct row *r)
{
	struct world *w = world_create();
	const struct frame *f;
	struct skb_stats before;
	u64 drops = 0;

	print_message("%s\n", r->says);
	world_no_limits(w);
	memset(&w->net->ipv4->stats, 0, sizeof(w->net->ipv4->stats));
	before = w->net->skb_pool->stats;
	world_send(w, 0, &r->in);
	if (r->drop != D(IP_INADDRERRORS)) /* a host that is no router counts these */
		check_counters(&w->net->ipv4->stats, r->counted | (r->drop == D(OTHERHOST) ? 0x80 : 0));
	for (int i = 0; i < SKB_DROP_REASON_MAX; i++)
		drops += world_drops(w, (enum skb_drop_reason)i) - before.dropped[i];
	assert_int_equal(drops, r->drop ? 1 : 0);
	assert_int_equal(world_drops(w, r->drop) - before.dropped[r->drop], r->drop ? 1 : 0);
	if (r->answer == NO_ANSWER) {
		assert_int_equal(w->out_count, 0);
	} else {
		f = world_one(w, 0);
		assert_true(frame_is_icmp(f, r->answer, r->code));
		assert_int_equal(frame_ip(f)->ttl, 64);
		assert_int_equal(frame_ip(f)->saddr, r->in.dst ? r->in.dst : ROUTER_A);
		assert_int_equal(frame_ip(f)->daddr, HOST_A);
		assert_int_equal(frame_ip(f)->frag_off, 0);
		assert_true(frame_ip(f)->id != 0); /* it may be fragmented */
		assert_memory_equal(f->dst, MAC_HOST[0], ETH_ALEN);
	}
	world_destroy(w);
}

static void each_packet_is_taken_dropped_or_answered(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(&rows[i]);
}

static void a_unicast_packet_in_a_broadcast_frame_can_be_refused(void **state)
{
	const struct spec in = { .mac = MAC_BROADCAST };
	struct world *w = world_create();

	(void)state;
	world_sysctl(w, "net.ipv4.conf.eth0.drop_unicast_in_l2_multicast", "1");
	world_send(w, 0, &in);
	assert_int_equal(w->out_count, 0);
	assert_int_equal(world_drops(w, SKB_DROP_REASON_UNICAST_IN_L2_MULTICAST), 1);
	world_destroy(w);
}

/* ------------------------------------------------------------------ protocols and raw listeners */

struct seen {
	u32 handled, errors, raw, raw_errors, len_bytes, info;
	int ret;
	bool listens;
};

static struct seen seen; /* handlers get an skb and no context */

static int count_handler(struct sk_buff *skb)
{
	seen.handled++;
	seen.len_bytes = skb->len;
	if (seen.ret) {
		int ret = seen.ret;

		seen.ret = 0;
		return ret;
	}
	consume_skb(skb);
	return 0;
}

static int count_error(struct sk_buff *skb, u32 info)
{
	(void)skb;
	seen.errors++;
	seen.info = info;
	return seen.ret;
}

static bool count_raw(struct sk_buff *skb, u8 protocol)
{
	(void)skb, (void)protocol;
	seen.raw++;
	return seen.listens;
}

static void count_raw_error(struct sk_buff *skb, u8 protocol, u32 info)
{
	(void)skb, (void)protocol, (void)info;
	seen.raw_errors++;
}

static const struct net_protocol counter = { count_handler, count_error, true };
static const struct raw_ops raw_counter = { count_raw, count_raw_error };

static struct world *world_with_protocols(void)
{
	struct world *w = world_create();

	memset(&seen, 0, sizeof(seen));
	world_no_limits(w);
	assert_int_equal(inet_add_protocol(w->net, &counter, 253), 0);
	inet_set_raw_ops(w->net, &raw_counter);
	return w;
}

static void a_protocol_gets_what_is_behind_the_header(void **state)
{
	const struct spec in = {
		.proto = 253, .payload_bytes = 33, .options = "\1\1\1\1", .options_bytes = 4, .padding_bytes = 7
	};
	struct world *w = world_with_protocols();

	(void)state;
	assert_int_equal(inet_add_protocol(w->net, &counter, 253), -EEXIST);
	world_send(w, 0, &in);
	assert_int_equal(seen.handled, 1);
	assert_int_equal(seen.raw, 1);
	assert_int_equal(seen.len_bytes, 33);
	assert_int_equal(w->net->ipv4->stats.in_delivers, 1);
	inet_del_protocol(w->net, 253);
	world_send(w, 0, &in);
	assert_int_equal(seen.handled, 1);
	assert_true(frame_is_icmp(world_one(w, 0), ICMP_DEST_UNREACH, ICMP_PROT_UNREACH));
	world_destroy(w);
}

static void a_protocol_can_hand_on_to_another(void **state)
{
	const struct spec in = { .proto = 253, .payload_bytes = 16 };
	struct world *w = world_with_protocols();

	(void)state;
	seen.ret = -251; /* which nobody handles */
	world_send(w, 0, &in);
	assert_int_equal(seen.handled, 1);
	assert_int_equal(seen.raw, 2);
	assert_true(frame_is_icmp(world_one(w, 0), ICMP_DEST_UNREACH, ICMP_PROT_UNREACH));
	world_destroy(w);
}

static void a_raw_listener_keeps_protocol_unreachable_away(void **state)
{
	const struct spec in = { .proto = 200, .payload_bytes = 16 };
	struct world *w = world_with_protocols();

	(void)state;
	seen.listens = true;
	world_send(w, 0, &in);
	assert_int_equal(w->out_count, 0);
	assert_int_equal(world_drops(w, SKB_DROP_REASON_IP_NOPROTO), 0);
	assert_int_equal(w->net->ipv4->stats.in_delivers, 1);
	world_destroy(w);
}

/* ------------------------------------------------------------------ hooks */

static unsigned int refuse(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	u32 *calls = priv;

	(void)skb, (void)state;
	++*calls;
	return NF_DROP;
}

static void each_place_on_the_way_in_can_refuse(void **state)
{
	static const u8 places[] = { NF_INET_PRE_ROUTING, NF_INET_LOCAL_IN, NF_INET_LOCAL_OUT, NF_INET_POST_ROUTING };
	const struct spec in = { .ttl = 9 };
	u32 calls;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct world *w = world_create();
		const struct nf_hook_ops ops = { refuse, &calls, NFPROTO_IPV4, places[i], 0 };

		calls = 0;
		assert_int_equal(nf_register_hook(w->net, &ops), 0);
		world_send(w, 0, &in);
		assert_int_equal(calls, 1);
		assert_int_equal(w->out_count, 0);
		assert_int_equal(world_drops(w, SKB_DROP_REASON_NETFILTER_DROP), 1);
		nf_unregister_hook(w->net, &ops);
		world_send(w, 0, &in);
		world_one(w, 0);
		world_destroy(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_packet_is_taken_dropped_or_answered),
		cmocka_unit_test(a_unicast_packet_in_a_broadcast_frame_can_be_refused),
		cmocka_unit_test(a_protocol_gets_what_is_behind_the_header),
		cmocka_unit_test(a_protocol_can_hand_on_to_another),
		cmocka_unit_test(a_raw_listener_keeps_protocol_unreachable_away),
		cmocka_unit_test(each_place_on_the_way_in_can_refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
