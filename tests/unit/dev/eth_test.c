// SPDX-License-Identifier: BSD-2-Clause
/* Ethernet: what a received frame means, what headers are made, and the ready header of a neighbour. */
#include "dev_world.h"

static const u8 us[ETH_ALEN] = { 2, 0, 0, 0, 0, 1 };

static const struct {
	const char *sentence;
	u8 to[ETH_ALEN];
	u16 type;
	u8 payload[2];
	u8 pkt_type;
	u16 protocol;
} receive_rows[] = {
	{ "IPv4 to us", { 2, 0, 0, 0, 0, 1 }, ETH_P_IP, { 0x45, 0 }, PACKET_HOST, ETH_P_IP },
	{ "ARP to all", { 255, 255, 255, 255, 255, 255 }, ETH_P_ARP, { 0, 1 }, PACKET_BROADCAST, ETH_P_ARP },
	{ "a multicast group", { 1, 0, 0x5e, 0, 0, 1 }, ETH_P_IP, { 0x45, 0 }, PACKET_MULTICAST, ETH_P_IP },
	{ "somebody else", { 2, 0, 0, 0, 0, 2 }, ETH_P_IP, { 0x45, 0 }, PACKET_OTHERHOST, ETH_P_IP },
	{ "the smallest type", { 2, 0, 0, 0, 0, 1 }, 0x600, { 0, 0 }, PACKET_HOST, 0x600 },
	{ "the largest length: 802.2", { 2, 0, 0, 0, 0, 1 }, 0x5ff, { 0xaa, 0xaa }, PACKET_HOST, ETH_P_802_2 },
	{ "a length and no 802.2 header: old Novell",
	  { 2, 0, 0, 0, 0, 1 },
	  100,
	  { 0xff, 0xff },
	  PACKET_HOST,
	  ETH_P_802_3 },
	{ "a length and half of that mark", { 2, 0, 0, 0, 0, 1 }, 100, { 0xff, 0xfe }, PACKET_HOST, ETH_P_802_2 },
};

static void received_frames_are_told_apart(void **state)
{
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = test_dev_create(&w, "a");
	for (size_t i = 0; i < ARRAY_SIZE(receive_rows); i++) {
		struct sk_buff *skb = alloc_skb(w.net.skb_pool, 64);
		struct ethhdr *eth = skb_put(skb, ETH_HLEN);
		__be16 protocol;

		memcpy(eth->h_dest, receive_rows[i].to, ETH_ALEN);
		eth->h_proto = cpu_to_be16(receive_rows[i].type);
		memcpy(skb_put(skb, 2), receive_rows[i].payload, 2);
		protocol = eth_type_trans(skb, dev);
		if (be16_to_cpu(protocol) != receive_rows[i].protocol || skb->pkt_type != receive_rows[i].pkt_type)
			fail_msg("%s: %04x, %u", receive_rows[i].sentence, be16_to_cpu(protocol), skb->pkt_type);
		assert_int_equal(skb->len, 2);
		assert_ptr_equal(skb_mac_header(skb), eth);
		assert_ptr_equal(skb->dev, dev);
		consume_skb(skb);
	}
	world_fini(&w);
}

static void a_frame_of_a_header_only_is_understood(void **state)
{
	struct world w;
	struct net_device *dev;
	struct sk_buff *skb;

	(void)state;
	world_init(&w);
	dev = test_dev_create(&w, "a");
	skb = alloc_skb(w.net.skb_pool, ETH_HLEN);
	memset(skb_put(skb, ETH_HLEN), 0, ETH_HLEN);
	assert_true(eth_type_trans(skb, dev) == CONST_BE16(ETH_P_802_2));
	assert_int_equal(skb->len, 0);
	consume_skb(skb);
	world_fini(&w);
}

static const struct {
	const char *sentence;
	u32 dev_flags;
	bool daddr, saddr;
	u16 type;
	u32 headroom;
	int ret;
	u8 dest0, source0;
	u16 proto;
} header_rows[] = {
	{ "to a neighbour", 0, true, false, ETH_P_IP, 16, 14, 9, 2, ETH_P_IP },
	{ "with another source (proxies)", 0, true, true, ETH_P_ARP, 16, 14, 9, 7, ETH_P_ARP },
	{ "to an address not known yet", 0, false, false, ETH_P_IP, 16, -14, 0, 2, ETH_P_IP },
	{ "on loopback no address is needed", IFF_LOOPBACK, false, false, ETH_P_IP, 16, 14, 0, 2, ETH_P_IP },
	{ "without ARP neither", IFF_NOARP, false, false, ETH_P_IP, 16, 14, 0, 2, ETH_P_IP },
	{ "802.2 frames carry their length", 0, true, false, ETH_P_802_2, 16, 14, 9, 2, 10 },
	{ "no room before the packet", 0, true, false, ETH_P_IP, 13, -14, 0, 0, 0 },
};

static void headers_are_made(void **state)
{
	static const u8 to[ETH_ALEN] = { 9, 9, 9, 9, 9, 9 }, from[ETH_ALEN] = { 7, 7, 7, 7, 7, 7 };
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = test_dev_create(&w, "a");
	for (size_t i = 0; i < ARRAY_SIZE(header_rows); i++) {
		struct sk_buff *skb = alloc_skb(w.net.skb_pool, 64);
		const struct ethhdr *eth;
		int ret;

		skb_reserve(skb, header_rows[i].headroom);
		memset(skb_put(skb, 10), 0, 10);
		dev->flags = header_rows[i].dev_flags;
		ret = dev_hard_header(skb, dev, header_rows[i].type, header_rows[i].daddr ? to : NULL,
				      header_rows[i].saddr ? from : NULL, skb->len);
		eth = (const struct ethhdr *)(const void *)skb->data;
		if (ret != header_rows[i].ret)
			fail_msg("%s: %d", header_rows[i].sentence, ret);
		if (ret > 0 && (eth->h_dest[0] != header_rows[i].dest0 || eth->h_source[0] != header_rows[i].source0 ||
				be16_to_cpu(eth->h_proto) != header_rows[i].proto))
			fail_msg("%s: wrong header", header_rows[i].sentence);
		consume_skb(skb);
	}
	world_fini(&w);
}

static void a_ready_header_ends_where_the_packet_begins(void **state)
{
	static const u8 to[ETH_ALEN] = { 2, 3, 4, 5, 6, 7 };
	const u8 expected[16] = { 0, 0, 2, 3, 4, 5, 6, 7, us[0], us[1], us[2], us[3], us[4], us[5], 8, 0 };
	u8 hh_data[16], hh_len = 0;
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = test_dev_create(&w, "a");
	assert_int_equal(eth_header_cache(dev, to, CONST_BE16(ETH_P_IP), hh_data, &hh_len), 0);
	assert_int_equal(hh_len, ETH_HLEN);
	assert_memory_equal(hh_data, expected, 16);
	assert_int_equal(eth_header_cache(dev, to, CONST_BE16(ETH_P_802_3), hh_data, &hh_len), -1);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(received_frames_are_told_apart),
		cmocka_unit_test(a_frame_of_a_header_only_is_understood),
		cmocka_unit_test(headers_are_made),
		cmocka_unit_test(a_ready_header_ends_where_the_packet_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
