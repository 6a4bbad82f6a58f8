// SPDX-License-Identifier: BSD-2-Clause
/* Queueing disciplines: order under every way in which a driver can be busy, quota, limits, bands, life. */
#include "../dev/dev_world.h"

/* ---- order */

static const struct {
	const char *sentence;
	u32 busy_times;  /* BUSY without stopping: the queue tries again by itself */
	u32 room;        /* frames until the ring is full */
	bool stop_first; /* the driver stops its queue in time */
	u32 packets;
	u32 requeues;
} order_rows[] = {
	{ "never busy", 0, UINT32_MAX, false, 5, 0 },
	{ "busy once at the first packet", 1, UINT32_MAX, false, 5, 1 },
	{ "busy several times", 4, UINT32_MAX, false, 3, 4 },
	{ "the ring is full in the middle", 0, 2, false, 6, 1 },
	{ "the ring is full and the driver stops in time", 0, 2, true, 6, 0 },
	{ "the ring is full from the beginning", 0, 0, false, 6, 1 },
	{ "more wait than one run may send", 0, 0, false, 200, 1 },
	{ "one waits", 0, 0, false, 1, 1 },
};

static void busy_never_changes_the_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(order_rows); i++) {
		struct world w;
		struct net_device *dev;
		struct test_dev *t;
		struct Qdisc *q;

		world_init(&w);
		dev = test_dev_up(&w, "a", false);
		q = dev->_tx[0].qdisc;
		t = test_dev(dev);
		t->busy_times = order_rows[i].busy_times;
		t->room = order_rows[i].room;
		t->stop_first = order_rows[i].stop_first;
		for (u32 n = 0; n < order_rows[i].packets; n++)
			assert_int_equal(send_mark(&w, dev, n), NET_XMIT_SUCCESS);
		while (world_poll(&w))
			;
		if (order_rows[i].room != UINT32_MAX) {
			assert_int_equal(t->sent_count, order_rows[i].room);
			assert_int_equal(q->qlen, order_rows[i].packets - order_rows[i].room);
			assert_int_equal(q->backlog_bytes, q->qlen * 54);
			t->room = UINT32_MAX;
			netif_tx_wake_queue(&dev->_tx[0]);
			netif_tx_wake_queue(&dev->_tx[0]); /* awake already */
			while (world_poll(&w))
				;
		}
		if (t->sent_count != order_rows[i].packets || q->requeues != order_rows[i].requeues)
			fail_msg("%s: %u sent, %u requeues", order_rows[i].sentence, t->sent_count, (u32)q->requeues);
		for (u32 n = 0; n < t->sent_count; n++) {
			if (t->sent[n] != n)
				fail_msg("%s: %u at %u", order_rows[i].sentence, (u32)t->sent[n], n);
		}
		assert_int_equal(q->qlen, 0);
		assert_int_equal(q->backlog_bytes, 0);
		assert_int_equal(q->packets, order_rows[i].packets);
		assert_int_equal(q->bytes, order_rows[i].packets * 54);
		world_fini(&w);
	}
}

static void one_run_sends_a_quota(void **state)
{
	struct world w;
	struct net_device *dev;
	struct test_dev *t;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", false);
	t = test_dev(dev);
	t->room = 0;
	for (u32 n = 0; n < 2 * DEV_TX_WEIGHT + 10; n++)
		assert_int_equal(send_mark(&w, dev, n), NET_XMIT_SUCCESS);
	t->room = UINT32_MAX;
	netif_tx_wake_queue(&dev->_tx[0]);
	net_tx_action(&w.net);
	assert_int_equal(t->sent_count, DEV_TX_WEIGHT);
	assert_true(w.net.softnet->pending & NET_TX_SOFTIRQ);
	net_tx_action(&w.net);
	assert_int_equal(t->sent_count, 2 * DEV_TX_WEIGHT);
	net_tx_action(&w.net);
	assert_int_equal(t->sent_count, 2 * DEV_TX_WEIGHT + 10);
	assert_false(world_poll(&w));
	world_fini(&w);
}

/* What is sent with MSG_BATCH waits for what is sent without, or for a poll, or until a run is full. */
static void packets_wait_while_more_follow(void **state)
{
	struct world w;
	struct net_device *dev;
	struct test_dev *t;
	u32 n = 0;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", false);
	t = test_dev(dev);
	w.net.xmit_more = true;
	for (; n < 3; n++)
		assert_int_equal(send_mark(&w, dev, n), NET_XMIT_SUCCESS);
	assert_int_equal(t->sent_count, 0);
	w.net.xmit_more = false;
	assert_int_equal(send_mark(&w, dev, n++), NET_XMIT_SUCCESS);
	assert_int_equal(t->sent_count, 4);
	w.net.xmit_more = true;
	assert_int_equal(send_mark(&w, dev, n++), NET_XMIT_SUCCESS);
	assert_int_equal(t->sent_count, 4);
	w.net.xmit_more = false;
	assert_true(w.net.softnet->pending & NET_TX_SOFTIRQ); /* so a poll is due now */
	while (world_poll(&w))
		;
	assert_int_equal(t->sent_count, 5);
	w.net.xmit_more = true;
	for (u32 k = 0; k < DEV_TX_WEIGHT - 1; k++)
		assert_int_equal(send_mark(&w, dev, n++), NET_XMIT_SUCCESS);
	assert_int_equal(t->sent_count, 5);
	assert_int_equal(send_mark(&w, dev, n++), NET_XMIT_SUCCESS);
	assert_int_equal(t->sent_count, n);
	for (u32 k = 0; k < n; k++)
		assert_int_equal(t->sent[k], k);
	w.net.xmit_more = false;
	world_fini(&w);
}

/* A driver that is busy for ever without stopping its queue is asked again, but does not hold up the loop. */
static void a_driver_that_is_never_ready_does_not_hang(void **state)
{
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", false);
	test_dev(dev)->busy_times = UINT32_MAX;
	assert_int_equal(send_mark(&w, dev, 1), NET_XMIT_SUCCESS);
	assert_true(world_poll(&w));
	assert_true(test_dev(dev)->calls < 100);
	world_fini(&w);
}

/* ---- what a driver does from within */

static void send_more(struct net_device *dev)
{
	struct test_dev *t = test_dev(dev);
	struct world *w = container_of(dev->net, struct world, net);

	t->on_xmit = NULL;
	for (u32 n = 10; n < 13; n++) {
		assert_int_equal(send_mark(w, dev, n), NET_XMIT_SUCCESS);
		assert_int_equal(t->calls, 1); /* it waits: the driver is never inside itself */
	}
}

static void packets_sent_from_within_wait(void **state)
{
	struct world w;
	struct net_device *dev;
	struct test_dev *t;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", false);
	t = test_dev(dev);
	t->on_xmit = send_more;
	assert_int_equal(send_mark(&w, dev, 1), NET_XMIT_SUCCESS);
	assert_int_equal(t->sent_count, 4);
	for (u32 n = 1; n < 4; n++)
		assert_int_equal(t->sent[n], 9 + n);
	world_fini(&w);
}

static void close_self(struct net_device *dev)
{
	test_dev(dev)->on_xmit = NULL;
	dev_close(dev);
}

static void unregister_self(struct net_device *dev)
{
	test_dev(dev)->on_xmit = NULL;
	unregister_netdev(dev);
}

static void a_device_may_go_from_within_its_driver(void **state)
{
	void (*const ways[])(struct net_device *) = { close_self, unregister_self };

	(void)state;
	for (u32 way = 0; way < 2; way++) {
		for (u32 busy = 0; busy < 2; busy++) {
			for (u32 waiting = 0; waiting < 2; waiting++) {
				struct world w;
				struct net_device *dev;
				struct test_dev *t;

				world_init(&w);
				dev = test_dev_up(&w, "a", false);
				t = test_dev(dev);
				if (waiting) {
					t->room = 0;
					for (u32 n = 0; n < 3; n++)
						send_mark(&w, dev, n);
					t->room = UINT32_MAX;
				}
				t->on_xmit = ways[way];
				t->busy_times = busy;
				if (waiting)
					netif_tx_wake_queue(&dev->_tx[0]);
				else
					send_mark(&w, dev, 1);
				world_poll(&w);
				assert_int_equal(dropped(&w, SKB_DROP_REASON_DEV_DOWN), busy + (waiting ? 2 : 0));
				assert_int_equal(w.net.skb_pool->stats.live, 0);
				world_fini(&w);
			}
		}
	}
}

static void going_down_empties_the_queue(void **state)
{
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", false);
	test_dev(dev)->busy_times = 1;
	for (u32 n = 0; n < 3; n++)
		send_mark(&w, dev, n);
	test_dev(dev)->room = 0;
	for (u32 n = 3; n < 6; n++)
		send_mark(&w, dev, n);
	assert_int_not_equal(dev->_tx[0].qdisc->qlen, 0);
	dev_close(dev);
	assert_int_equal(w.net.skb_pool->stats.live, 0);
	assert_int_equal(w.net.softnet->output_queue != NULL, 0);
	test_dev(dev)->room = UINT32_MAX;
	assert_int_equal(dev_open(dev), 0); /* not stopped any more, and the same discipline */
	assert_int_equal(send_mark(&w, dev, 7), NET_XMIT_SUCCESS);
	assert_int_equal(test_dev(dev)->sent[test_dev(dev)->sent_count - 1], 7);
	world_fini(&w);
}

/* ---- pfifo_fast */

static const struct {
	const char *sentence;
	u32 priority;
	u32 band;
} band_rows[] = {
	/* tc-pfifo_fast(8) */
	{ "best effort", 0, 1 },
	{ "filler", 1, 2 },
	{ "bulk", 2, 2 },
	{ "unassigned", 3, 2 },
	{ "interactive bulk", 4, 1 },
	{ "unassigned", 5, 2 },
	{ "interactive", 6, 0 },
	{ "control", 7, 0 },
	{ "above the table", 8, 1 },
	{ "the last", 15, 1 },
	{ "only four bits count", 16 + 6, 0 },
	{ "a class handle of another discipline", 0x10002, 2 },
};

static void priority_chooses_the_band(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(band_rows); i++) {
		static const u32 of_band[3] = { 7, 0, 2 };
		struct world w;
		struct net_device *dev;
		struct test_dev *t;
		u32 before = 0;

		world_init(&w);
		dev = test_dev_up(&w, "a", false);
		t = test_dev(dev);
		t->room = 0;
		send_mark(&w, dev, 100); /* it is requeued, and goes first whatever comes */
		for (u32 band = 0; band < 3; band++) {
			struct sk_buff *skb = frame(&w, dev, band);

			skb->priority = of_band[band];
			dev_queue_xmit(skb);
		}
		{
			struct sk_buff *skb = frame(&w, dev, 99);

			skb->priority = band_rows[i].priority;
			dev_queue_xmit(skb);
		}
		t->room = UINT32_MAX;
		netif_tx_wake_queue(&dev->_tx[0]);
		world_poll(&w);
		assert_int_equal(t->sent_count, 5);
		assert_int_equal(t->sent[0], 100);
		while (t->sent[before + 1] != 99)
			before++;
		if (before != band_rows[i].band + 1)
			fail_msg("%s: after %u others", band_rows[i].sentence, before);
		world_fini(&w);
	}
}

static void a_band_holds_as_many_as_txqueuelen(void **state)
{
	struct world w;
	struct net_device *dev;
	struct sk_buff *skb;

	(void)state;
	world_init(&w);
	dev = test_dev_create(&w, "a");
	dev->tx_queue_len = 3;
	assert_int_equal(dev_open(dev), 0);
	test_dev(dev)->room = 0;
	assert_int_equal(send_mark(&w, dev, 0), NET_XMIT_SUCCESS); /* in the requeue place */
	for (u32 n = 0; n < 3; n++)
		assert_int_equal(send_mark(&w, dev, n), NET_XMIT_SUCCESS);
	assert_int_equal(send_mark(&w, dev, 3), NET_XMIT_DROP);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_QDISC_DROP), 1);
	assert_int_equal(dev->_tx[0].qdisc->drops, 1);
	skb = frame(&w, dev, 4);
	skb->priority = 7;
	assert_int_equal(dev_queue_xmit(skb), NET_XMIT_SUCCESS); /* another band has room */
	assert_int_equal(dev->_tx[0].qdisc->qlen, 5);
	world_fini(&w);
}

static void disciplines_are_found_by_name(void **state)
{
	(void)state;
	assert_ptr_equal(qdisc_lookup_ops("pfifo_fast"), &pfifo_fast_qdisc_ops);
	assert_ptr_equal(qdisc_lookup_ops("noqueue"), &noqueue_qdisc_ops);
	assert_ptr_equal(qdisc_lookup_ops("noop"), &noop_qdisc_ops);
	assert_null(qdisc_lookup_ops("pfifo"));
	assert_null(qdisc_lookup_ops(""));
}

static void several_devices_share_the_softirq(void **state)
{
	struct world w;
	struct net_device *dev[3];

	(void)state;
	world_init(&w);
	for (u32 i = 0; i < 3; i++) {
		dev[i] = test_dev_up(&w, "a%d", false);
		test_dev(dev[i])->room = 0;
		for (u32 n = 0; n < 5; n++)
			send_mark(&w, dev[i], n);
		test_dev(dev[i])->room = UINT32_MAX;
		netif_tx_wake_queue(&dev[i]->_tx[0]);
	}
	unregister_netdev(dev[1]); /* out of the middle of the list */
	world_poll(&w);
	assert_int_equal(test_dev(dev[0])->sent_count, 5);
	assert_int_equal(test_dev(dev[2])->sent_count, 5);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_DEV_DOWN), 5);
	world_fini(&w);
}

static void the_last_of_the_list_may_go_too(void **state)
{
	struct world w;
	struct net_device *a, *b, *c;

	(void)state;
	world_init(&w);
	a = test_dev_up(&w, "a", false);
	b = test_dev_up(&w, "b", false);
	c = test_dev_up(&w, "c", false);
	__netif_schedule(a->_tx[0].qdisc);
	__netif_schedule(b->_tx[0].qdisc);
	unregister_netdev(b);
	__netif_schedule(c->_tx[0].qdisc);
	unregister_netdev(a);
	assert_ptr_equal(w.net.softnet->output_queue, c->_tx[0].qdisc);
	world_poll(&w);
	assert_null(w.net.softnet->output_queue);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(busy_never_changes_the_order),
		cmocka_unit_test(one_run_sends_a_quota),
		cmocka_unit_test(packets_wait_while_more_follow),
		cmocka_unit_test(a_driver_that_is_never_ready_does_not_hang),
		cmocka_unit_test(packets_sent_from_within_wait),
		cmocka_unit_test(a_device_may_go_from_within_its_driver),
		cmocka_unit_test(going_down_empties_the_queue),
		cmocka_unit_test(priority_chooses_the_band),
		cmocka_unit_test(a_band_holds_as_many_as_txqueuelen),
		cmocka_unit_test(disciplines_are_found_by_name),
		cmocka_unit_test(several_devices_share_the_softirq),
		cmocka_unit_test(the_last_of_the_list_may_go_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
