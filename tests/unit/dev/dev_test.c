// SPDX-License-Identifier: BSD-2-Clause
/* The way of a packet through the device layer, down and up; what is dropped, why, and what the sender hears. */
#include "dev_world.h"

#include "dev/dev_internal.h"
#include "dev/dst.h"

/* ---- down */

static void what_is_sent_reaches_the_driver_in_order(void **state)
{
	(void)state;
	for (u32 noqueue = 0; noqueue < 2; noqueue++) {
		struct world w;
		struct net_device *dev;

		world_init(&w);
		dev = test_dev_up(&w, "a", noqueue);
		assert_string_equal(dev->_tx[0].qdisc->ops->id, noqueue ? "noqueue" : "pfifo_fast");
		for (u32 i = 0; i < 5; i++)
			assert_int_equal(send_mark(&w, dev, i), NET_XMIT_SUCCESS);
		assert_int_equal(test_dev(dev)->sent_count, 5);
		for (u32 i = 0; i < 5; i++)
			assert_int_equal(test_dev(dev)->sent[i], i);
		assert_int_equal(dev->stats.tx_packets, 5);
		assert_int_equal(dev->stats.tx_bytes, 5 * 54);
		assert_int_equal(dev->_tx[0].trans_start, w.net.now);
		world_fini(&w);
	}
}

static void a_device_that_is_down_says_so(void **state)
{
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = test_dev_create(&w, "a");
	assert_int_equal(send_mark(&w, dev, 1), -ENETDOWN);
	assert_int_equal(dev_open(dev), 0);
	dev_close(dev);
	assert_int_equal(send_mark(&w, dev, 1), -ENETDOWN);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_DEV_READY), 2);
	assert_int_equal(dev->stats.tx_dropped, 2);
	world_fini(&w);
}

static void without_a_carrier_packets_die_silently(void **state)
{
	struct world w;
	struct net_device *dev;
	int ret;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", false);
	netif_carrier_off(dev);
	assert_string_equal(dev->_tx[0].qdisc->ops->id, "noop");
	assert_string_equal(dev->_tx[0].qdisc_sleeping->ops->id, "pfifo_fast");
	ret = send_mark(&w, dev, 1);
	assert_int_equal(ret, NET_XMIT_CN);
	assert_int_equal(net_xmit_errno(ret), 0);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_NO_CARRIER), 1);
	netif_carrier_on(dev);
	assert_int_equal(send_mark(&w, dev, 2), NET_XMIT_SUCCESS);
	assert_int_equal(test_dev(dev)->sent[0], 2);
	world_fini(&w);
}

static void a_device_without_queue_cannot_be_busy(void **state)
{
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", true);
	test_dev(dev)->busy_times = 1;
	assert_int_equal(send_mark(&w, dev, 1), -ENETDOWN);
	assert_int_equal(send_mark(&w, dev, 2), NET_XMIT_SUCCESS);
	test_dev(dev)->room = 0;
	assert_int_equal(send_mark(&w, dev, 3), -ENETDOWN); /* BUSY, and now it is stopped */
	assert_int_equal(send_mark(&w, dev, 4), -ENETDOWN); /* not even asked */
	assert_int_equal(test_dev(dev)->calls, 3);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_FULL_RING), 3);
	test_dev(dev)->room = UINT32_MAX;
	netif_tx_wake_queue(&dev->_tx[0]);
	assert_int_equal(w.net.softnet->pending, 0); /* there is nothing to run */
	assert_int_equal(send_mark(&w, dev, 5), NET_XMIT_SUCCESS);
	world_fini(&w);
}

/* The doorbell may wait for the last one; a busy driver gives back what it did not take, in order. */
static void a_list_tells_the_driver_that_more_follows(void **state)
{
	struct net_device *dev;
	struct sk_buff *skb[5], *left;
	struct world w;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "eth0", false);
	for (u32 i = 0; i < 5; i++) {
		skb[i] = frame(&w, dev, i);
		if (i)
			skb[i - 1]->next = skb[i];
	}
	test_dev(dev)->room = 3;
	left = dev_hard_start_xmit(skb[0], dev, &dev->_tx[0]);
	assert_ptr_equal(left, skb[3]);
	assert_ptr_equal(left->next, skb[4]);
	assert_int_equal(test_dev(dev)->more_count, 4); /* once in vain */
	test_dev(dev)->room = UINT32_MAX;
	netif_tx_wake_queue(&dev->_tx[0]);
	assert_null(dev_hard_start_xmit(left, dev, &dev->_tx[0]));
	assert_int_equal(test_dev(dev)->more_count, 5); /* not of the last */
	assert_int_equal(test_dev(dev)->sent_count, 5);
	for (u32 i = 0; i < 5; i++)
		assert_int_equal(test_dev(dev)->sent[i], i);
	world_fini(&w);
}

static void a_loop_of_devices_ends(void **state)
{
	struct world w;
	struct net_device *dev[12], *a, *b;
	char name[IFNAMSIZ];

	(void)state;
	world_init(&w);
	a = test_dev_up(&w, "a", true); /* two that send to each other */
	b = test_dev_up(&w, "b", true);
	test_dev(a)->forward_to = b;
	test_dev(b)->forward_to = a;
	assert_int_equal(send_mark(&w, a, 1), NET_XMIT_SUCCESS);
	assert_int_equal(test_dev(a)->sent_count, 1);
	assert_int_equal(test_dev(b)->sent_count, 1);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_XMIT_RECURSION), 1);
	for (u32 i = 0; i < 12; i++) { /* and a long chain */
		snprintf(name, sizeof(name), "chain%u", i);
		dev[i] = test_dev_up(&w, name, true);
		if (i)
			test_dev(dev[i - 1])->forward_to = dev[i];
	}
	assert_int_equal(send_mark(&w, dev[0], 1), NET_XMIT_SUCCESS);
	assert_int_equal(test_dev(dev[XMIT_RECURSION_LIMIT - 1])->sent_count, 1);
	assert_int_equal(test_dev(dev[XMIT_RECURSION_LIMIT])->sent_count, 0);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_XMIT_RECURSION), 2);
	assert_int_equal(w.net.softnet->xmit_recursion, 0);
	test_dev(a)->forward_to = NULL;
	assert_int_equal(send_mark(&w, a, 1), NET_XMIT_SUCCESS);
	world_fini(&w);
}

static void a_flow_keeps_its_queue(void **state)
{
	struct world w;
	struct net_device *dev;
	u32 used = 0;

	(void)state;
	world_init(&w);
	dev = alloc_netdev(&w.net, sizeof(struct test_dev), "m", 4);
	ether_setup(dev);
	dev->netdev_ops = &test_dev_ops;
	test_dev(dev)->room = UINT32_MAX;
	assert_int_equal(register_netdev(dev), 0);
	assert_int_equal(dev_open(dev), 0);
	for (u32 i = 0; i < 64; i++) {
		struct sk_buff *skb = frame(&w, dev, i);

		skb->hash = i * 0x04000000U;
		skb_get(skb);
		assert_int_equal(dev_queue_xmit(skb), NET_XMIT_SUCCESS);
		assert_int_equal(skb->queue_mapping, i / 16);
		used |= 1U << skb->queue_mapping;
		consume_skb(skb);
	}
	assert_int_equal(used, 15);
	world_fini(&w);
}

/* ---- what the device cannot do is done before it */

static struct sk_buff *frame_in_pieces(struct world *w, struct net_device *dev)
{
	struct sk_buff *skb = frame(w, dev, 1);
	struct skb_page *page = skb_page_alloc(w->net.skb_pool, 100);

	assert_non_null(page);
	memset(page->data, 0x33, 100);
	skb_add_frag(skb, page, 0, 100);
	return skb;
}

/* A UDP datagram whose checksum only begins with the pseudo header's: the sum of the rest is to be added at 6. */
static struct sk_buff *frame_with_partial_sum(struct world *w, struct net_device *dev)
{
	struct sk_buff *skb = frame(w, dev, 1);

	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = (u16)(skb->data + ETH_HLEN + 20 - skb->head);
	skb->csum_offset = 6;
	return skb;
}

struct seen {
	u32 len, data_len, ip_summed, pkt_type, count, mac_offset;
	u64 id;
};

static int see(struct sk_buff *skb, struct net_device *dev, void *ctx)
{
	struct seen *s = ctx;

	(void)dev;
	*s = (struct seen){ skb->len,      skb->data_len, skb->ip_summed,
			    skb->pkt_type, s->count + 1,  (u32)(skb->data - skb_mac_header(skb)),
			    skb->id };
	consume_skb(skb);
	return 0;
}

static void fragments_and_sums_are_finished_for_a_simple_device(void **state)
{
	struct seen seen = { 0 };
	const struct packet_type tap = { .type = CONST_BE16(ETH_P_ALL), .func = see, .ctx = &seen };
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", false);
	assert_int_equal(dev_add_pack(&w.net, &tap), 0);
	assert_int_equal(dev_queue_xmit(frame_in_pieces(&w, dev)), 0);
	assert_int_equal(seen.data_len, 100);
	assert_int_equal(dev_queue_xmit(frame_with_partial_sum(&w, dev)), 0);
	assert_int_equal(seen.ip_summed, CHECKSUM_PARTIAL);
	dev->features = 0;
	assert_int_equal(dev_queue_xmit(frame_in_pieces(&w, dev)), 0);
	assert_int_equal(seen.data_len, 0);
	assert_int_equal(seen.len, 140);
	assert_int_equal(dev_queue_xmit(frame_with_partial_sum(&w, dev)), 0);
	assert_int_not_equal(seen.ip_summed, CHECKSUM_PARTIAL);
	assert_int_equal(test_dev(dev)->sent_count, 4);
	dev_remove_pack(&w.net, &tap);
	world_fini(&w);
}

static void a_sum_that_cannot_be_finished_is_dropped(void **state)
{
	struct world w;
	struct net_device *dev;
	struct sk_buff *skb;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", false);
	dev->features = 0;
	skb = frame_with_partial_sum(&w, dev);
	skb->csum_offset = 1000; /* outside the packet */
	assert_int_equal(dev_queue_xmit(skb), NET_XMIT_SUCCESS);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_SKB_CSUM), 1);
	skb = frame_in_pieces(&w, dev);
	skb_shinfo(skb)->gso_size = 10; /* a train for a device that cannot cut it up */
	assert_int_equal(dev_queue_xmit(skb), NET_XMIT_SUCCESS);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_SKB_GSO_SEG), 1);
	assert_int_equal(test_dev(dev)->sent_count, 0);
	assert_int_equal(dev->stats.tx_dropped, 2);
	world_fini(&w);
}

/* ---- taps */

static void taps_see_both_ways_with_headers(void **state)
{
	struct seen seen = { 0 }, other = { 0 };
	const struct packet_type tap = { .type = CONST_BE16(ETH_P_ALL), .func = see, .ctx = &seen };
	const struct packet_type more = { .type = CONST_BE16(ETH_P_ALL), .func = see, .ctx = &other };
	struct world w;
	struct net_device *dev;
	struct sk_buff *skb;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", false);
	assert_int_equal(dev_add_pack(&w.net, &tap), 0);
	assert_int_equal(dev_add_pack(&w.net, &more), 0);
	assert_int_equal(send_mark(&w, dev, 1), 0);
	assert_int_equal(seen.pkt_type, PACKET_OUTGOING);
	assert_int_equal(seen.len, 40);
	assert_int_equal(seen.mac_offset, ETH_HLEN);
	skb = frame(&w, dev, 1);
	skb->protocol = eth_type_trans(skb, dev);
	netif_receive_skb(skb); /* nobody else wants it */
	assert_int_equal(seen.pkt_type, PACKET_OTHERHOST);
	assert_int_equal(seen.mac_offset, ETH_HLEN);
	assert_int_equal(other.count, 2);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_UNHANDLED_PROTO), 1);
	dev_remove_pack(&w.net, &tap);
	assert_int_equal(send_mark(&w, dev, 1), 0);
	assert_int_equal(seen.count, 2);
	assert_int_equal(other.count, 3);
	skb = frame(&w, dev, 3);
	w.fail_at = 1; /* no memory for the clone: the tap misses it, the frame goes */
	assert_int_equal(dev_queue_xmit(skb), 0);
	assert_int_equal(other.count, 3);
	assert_int_equal(test_dev(dev)->sent_count, 3);
	world_fini(&w);
}

static void a_packet_is_shown_once_however_often_it_is_tried(void **state)
{
	struct seen seen = { 0 };
	const struct packet_type tap = { .type = CONST_BE16(ETH_P_ALL), .func = see, .ctx = &seen };
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", false);
	assert_int_equal(dev_add_pack(&w.net, &tap), 0);
	test_dev(dev)->busy_times = 3;
	assert_int_equal(send_mark(&w, dev, 1), 0);
	world_poll(&w);
	assert_int_equal(test_dev(dev)->sent_count, 1);
	assert_int_equal(test_dev(dev)->calls, 4);
	assert_int_equal(seen.count, 1);
	assert_int_equal(send_mark(&w, dev, 2), 0);
	assert_int_equal(seen.count, 2);
	world_fini(&w);
}

/* ---- up */

static struct sk_buff *received(struct world *w, struct net_device *dev, u16 type)
{
	struct sk_buff *skb = frame(w, dev, 1);

	((struct ethhdr *)(void *)skb->data)->h_proto = cpu_to_be16(type);
	memcpy(skb->data, dev->dev_addr, ETH_ALEN);
	skb->protocol = eth_type_trans(skb, dev);
	return skb;
}

static void each_type_finds_its_handlers(void **state)
{
	struct seen ip = { 0 }, arp = { 0 }, ip_too = { 0 };
	const struct packet_type ip_type = { .type = CONST_BE16(ETH_P_IP), .func = see, .ctx = &ip };
	const struct packet_type arp_type = { .type = CONST_BE16(ETH_P_ARP), .func = see, .ctx = &arp };
	const struct packet_type ip_too_type = { .type = CONST_BE16(ETH_P_IP), .func = see, .ctx = &ip_too };
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", false);
	assert_int_equal(dev_add_pack(&w.net, &ip_type), 0);
	assert_int_equal(dev_add_pack(&w.net, &arp_type), 0);
	netif_receive_skb(received(&w, dev, ETH_P_IP));
	netif_receive_skb(received(&w, dev, ETH_P_ARP));
	assert_int_equal(netif_receive_skb(received(&w, dev, ETH_P_IPV6)), NET_RX_DROP);
	assert_int_equal(ip.count, 1);
	assert_int_equal(arp.count, 1);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_UNHANDLED_PROTO), 1);
	assert_int_equal(dev->stats.rx_dropped, 1); /* as `ip -s link` of the kernel counts it */
	assert_int_equal(dev->stats.rx_nohandler, 0);
	assert_int_equal(dev_add_pack(&w.net, &ip_too_type), 0); /* two for one type: a clone and the original */
	netif_receive_skb(received(&w, dev, ETH_P_IP));
	assert_int_equal(ip.count, 2);
	assert_int_equal(ip_too.count, 1);
	assert_int_equal(ip.id, ip_too.id);
	dev_remove_pack(&w.net, &ip_type);
	netif_receive_skb(received(&w, dev, ETH_P_IP));
	assert_int_equal(ip.count, 2);
	assert_int_equal(ip_too.count, 2);
	dev_remove_pack(&w.net, &ip_type); /* not there any more */
	world_fini(&w);
}

static void the_registry_has_a_limit(void **state)
{
	struct packet_type pt = { .type = CONST_BE16(ETH_P_IP), .func = see };
	struct world w;

	(void)state;
	world_init(&w);
	for (u32 i = 0; i < MAX_PACKET_TYPES; i++)
		assert_int_equal(dev_add_pack(&w.net, &pt), 0);
	assert_int_equal(dev_add_pack(&w.net, &pt), -ENOSPC);
	pt.type = CONST_BE16(ETH_P_ALL);
	for (u32 i = 0; i < MAX_PACKET_TYPES; i++)
		assert_int_equal(dev_add_pack(&w.net, &pt), 0);
	assert_int_equal(dev_add_pack(&w.net, &pt), -ENOSPC);
	for (u32 i = 0; i < MAX_PACKET_TYPES; i++)
		dev_remove_pack(&w.net, &pt);
	assert_int_equal(w.net.dev->tap_count, 0);
	assert_int_equal(w.net.dev->ptype_count, MAX_PACKET_TYPES);
	world_fini(&w);
}

static void frames_of_a_closed_device_go_nowhere(void **state)
{
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = test_dev_create(&w, "a");
	assert_int_equal(netif_receive_skb(received(&w, dev, ETH_P_IP)), NET_RX_DROP);
	assert_int_equal(netif_rx(received(&w, dev, ETH_P_IP)), NET_RX_DROP);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_DEV_READY), 2);
	world_fini(&w);
}

static void the_backlog_is_bounded_and_in_order(void **state)
{
	struct seen ip = { 0 };
	const struct packet_type ip_type = { .type = CONST_BE16(ETH_P_IP), .func = see, .ctx = &ip };
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", false);
	assert_int_equal(dev_add_pack(&w.net, &ip_type), 0);
	for (u32 i = 0; i < NETDEV_MAX_BACKLOG; i++)
		assert_int_equal(netif_rx(received(&w, dev, ETH_P_IP)), NET_RX_SUCCESS);
	assert_int_equal(netif_rx(received(&w, dev, ETH_P_IP)), NET_RX_DROP);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_CPU_BACKLOG), 1);
	assert_int_equal(w.net.softnet->dropped, 1);
	assert_int_equal(dev->stats.rx_dropped, 1);
	assert_true(world_poll(&w)); /* others of the embedder's loop get a turn between */
	assert_true(ip.count < NETDEV_MAX_BACKLOG);
	while (world_poll(&w))
		;
	assert_int_equal(ip.count, NETDEV_MAX_BACKLOG);
	assert_int_equal(w.net.softnet->processed, NETDEV_MAX_BACKLOG);
	assert_int_equal(sysctl_set(&w.net.sysctl, "net.core.netdev_max_backlog", "1"), 0);
	assert_int_equal(netif_rx(received(&w, dev, ETH_P_IP)), NET_RX_SUCCESS);
	assert_int_equal(netif_rx(received(&w, dev, ETH_P_IP)), NET_RX_DROP);
	world_fini(&w); /* with one waiting */
	assert_int_equal(ip.count, NETDEV_MAX_BACKLOG);
}

static void unregistering_drops_what_waits_from_it_only(void **state)
{
	struct seen ip = { 0 };
	const struct packet_type ip_type = { .type = CONST_BE16(ETH_P_IP), .func = see, .ctx = &ip };
	struct world w;
	struct net_device *a, *b;

	(void)state;
	world_init(&w);
	a = test_dev_up(&w, "a", false);
	b = test_dev_up(&w, "b", false);
	assert_int_equal(dev_add_pack(&w.net, &ip_type), 0);
	test_dev(a)->room = 0;
	for (u32 i = 0; i < 10; i++) {
		netif_rx(received(&w, i % 2 ? a : b, ETH_P_IP));
		assert_int_equal(send_mark(&w, a, i), 0); /* and ten wait to be sent */
	}
	unregister_netdev(a);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_DEV_DOWN), 5 + 10);
	world_poll(&w);
	assert_int_equal(ip.count, 5);
	world_fini(&w);
}

/* ---- routes of packets that wait */

struct test_dst {
	struct dst_entry dst;
	u32 destroyed;
};

static void test_dst_destroy(struct dst_entry *dst)
{
	container_of(dst, struct test_dst, dst)->destroyed++;
}

static const struct dst_ops test_dst_ops = { .destroy = test_dst_destroy };

static void a_route_ends_after_its_last_reference_and_a_grace_period(void **state)
{
	struct test_dst t = { .dst = { .ops = &test_dst_ops, .refcnt = 1 } };
	struct world w;
	struct net_device *dev;
	struct sk_buff *skb;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", false);
	t.dst.dev = dev;
	skb = frame(&w, dev, 1);
	skb_dst_set_noref(skb, &t.dst);
	test_dev(dev)->busy_times = 1;
	assert_int_equal(dev_queue_xmit(skb), 0); /* it waits, and the borrowed route is forgotten */
	assert_null(skb->_dst);
	world_poll(&w);
	skb = frame(&w, dev, 2);
	skb_dst_set(skb, dst_get(&t.dst));
	test_dev(dev)->room = 0;
	assert_int_equal(dev_queue_xmit(skb), 0);
	assert_int_equal(t.dst.refcnt, 1);
	skb = frame(&w, dev, 3);
	skb_dst_set(skb, dst_get(&t.dst));
	skb_dst_force(skb);
	assert_int_equal(t.dst.refcnt, 2);
	consume_skb(skb);
	dst_release(&t.dst);
	dst_release(NULL);
	assert_int_equal(t.destroyed, 0);
	rcu_quiescent(&w.net.rcu);
	assert_int_equal(t.destroyed, 1);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sent_reaches_the_driver_in_order),
		cmocka_unit_test(a_device_that_is_down_says_so),
		cmocka_unit_test(without_a_carrier_packets_die_silently),
		cmocka_unit_test(a_device_without_queue_cannot_be_busy),
		cmocka_unit_test(a_list_tells_the_driver_that_more_follows),
		cmocka_unit_test(a_loop_of_devices_ends),
		cmocka_unit_test(a_flow_keeps_its_queue),
		cmocka_unit_test(fragments_and_sums_are_finished_for_a_simple_device),
		cmocka_unit_test(a_sum_that_cannot_be_finished_is_dropped),
		cmocka_unit_test(taps_see_both_ways_with_headers),
		cmocka_unit_test(a_packet_is_shown_once_however_often_it_is_tried),
		cmocka_unit_test(each_type_finds_its_handlers),
		cmocka_unit_test(the_registry_has_a_limit),
		cmocka_unit_test(frames_of_a_closed_device_go_nowhere),
		cmocka_unit_test(the_backlog_is_bounded_and_in_order),
		cmocka_unit_test(unregistering_drops_what_waits_from_it_only),
		cmocka_unit_test(a_route_ends_after_its_last_reference_and_a_grace_period),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
